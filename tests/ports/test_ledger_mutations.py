"""Every ledger opens, whatever happened to its file: what can be read is counted, and what nobody touched stays.

Runs over real ledgers when they lie beside the project (see `tests.ledgers.corpus`) and over our own in every dialect.
Every file is damaged in every way below. `pytest -s` prints the counts.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.model.ids import BeadId
from tests.dialects import DIALECTS, content
from tests.ledgers import LONG, corpus, projected, put, reopened, with_issues

SEED = 20260106
_LARGE = 400_000
FILES: dict[str, Callable[[], bytes]] = {
    **{name: partial(content, name) for name in DIALECTS},
    **{path.name.removesuffix(".issues.jsonl"): path.read_bytes for path in corpus()},
}


class Counts(NamedTuple):
    """What a file holds, counted without the product."""

    readable: set[str]
    kept: int
    quarantined: list[int]
    duplicates: int


def counted(data: bytes) -> Counts:
    """Count by the definition: a record with a textual id is a bead, other records are kept, the rest is damage.

    What nests too deep to be read by a plain parser is damage too.
    """
    beads: list[str] = []
    kept, damage = 0, list[int]()
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        found = records(line)
        if len(found) == 1 and found[0][1]:
            record = found[0][0]
            if isinstance(record.get("id"), str) and record["id"]:
                beads.append(record["id"])
            else:
                kept += 1
        else:
            damage.append(number)
            beads += [record["id"] for record, _ in found if isinstance(record.get("id"), str) and "title" in record]
    return Counts(set(beads), kept, damage, len(beads) - len(set(beads)))


def records(line: bytes) -> list[tuple[dict[str, Any], bool]]:
    """Whole records in a line, and whether each is all there is."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return []
    try:
        whole = json.loads(text)
    except RecursionError:
        return []
    except ValueError:
        decoder, found, at = json.JSONDecoder(), list[tuple[dict[str, Any], bool]](), 0
        for match in re.finditer(r'\{"', text):
            if match.start() >= at:
                try:
                    record, at = decoder.raw_decode(text, match.start())
                except ValueError:
                    continue
                found.append((record, False))
        return found
    return [(whole, True)] if isinstance(whole, dict) else []


# ------------------------------------------------------------------------------------------------- mutations


def at_random(insert: bytes) -> Callable[[list[bytes], random.Random], list[bytes]]:
    """Put a line somewhere."""

    def mutate(lines: list[bytes], chance: random.Random) -> list[bytes]:
        place = chance.randrange(len(lines) + 1)
        return [*lines[:place], insert, *lines[place:]]

    return mutate


def conflict(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """A merge somebody gave up on: two versions of one line."""
    at = chance.randrange(len(lines))
    theirs = lines[at].replace(b'"status":"open"', b'"status":"in_progress"')
    return [*lines[:at], b"<<<<<<< HEAD", lines[at], b"=======", theirs, b">>>>>>> theirs", *lines[at + 1 :]]


def cut(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """A line whose end is missing."""
    at = chance.randrange(len(lines))
    return [*lines[:at], lines[at][: len(lines[at]) // 2], *lines[at + 1 :]]


def cut_end(lines: list[bytes], _: random.Random) -> list[bytes]:
    """A file whose end is missing."""
    return [*lines[:-1], lines[-1][:-3]]


def broken(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """A line broken in two."""
    at = chance.randrange(len(lines))
    half = len(lines[at]) // 2
    return [*lines[:at], lines[at][:half], lines[at][half:], *lines[at + 1 :]]


def glued(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """Two lines without a newline between them."""
    if len(lines) < 2:
        return lines
    at = chance.randrange(len(lines) - 1)
    return [*lines[:at], lines[at].rstrip(b"\r") + lines[at + 1], *lines[at + 2 :]]


def twice(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """The same line again, and an older version of another."""
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    older = re.sub(rb'"updated_at": ?"[^"]*"', b'"updated_at":"1999-01-01T00:00:00Z"', lines[other])
    return [*lines[: at + 1], lines[at], *lines[at + 1 :], older]


def nul(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """Zero bytes inside a line."""
    at = chance.randrange(len(lines))
    half = len(lines[at]) // 2
    return [*lines[:at], lines[at][:half] + b"\0\0" + lines[at][half:], *lines[at + 1 :]]


def _big(filler: str) -> bytes:
    record = {"id": "big-1", "title": "A very long one", "description": filler * (5 * 1024 * 1024), "priority": 1}
    stamps = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
    return json.dumps(record | stamps, separators=(",", ":")).encode()


Mutation = Callable[[list[bytes], random.Random], list[bytes]]
MUTATIONS: dict[str, Mutation] = {
    "as it is": lambda lines, _: lines,
    "conflict markers": conflict,
    "a cut line": cut,
    "a cut file": cut_end,
    "a broken line": broken,
    "glued lines": glued,
    "duplicates": twice,
    "crlf": lambda lines, _: [line.rstrip(b"\r") + b"\r" for line in lines],
    "bom": lambda lines, _: [b"\xef\xbb\xbf" + lines[0], *lines[1:]],
    "nul bytes": nul,
    "a line of zero bytes": at_random(b"\0" * 4096),
    "no text": at_random(b'{"id":"x-1","title":"\xff\xfe"}'),
    "blank lines": at_random(b"   "),
    "a pointer": at_random(b"/home/me/project/.beads"),
    "deep": at_random(b'{"id":"x-2","title":"t","x":' + b"[" * 99_999 + b"]" * 99_999 + b"}"),
    "a line of 5 MiB": lambda lines, chance: at_random(_big("x"))(lines, chance),
    "5 MiB of no record": lambda lines, chance: at_random(b"x" * (5 * 1024 * 1024))(lines, chance),
}
ENDINGS = {"as it is": b"\n", "crlf": b"\n"}


def combinations() -> list[tuple[str, str]]:
    """Every file damaged in every way; large ones in some of the ways each, unless there is time."""
    chosen: list[tuple[str, str]] = []
    for number, name in enumerate(FILES):
        is_small = LONG or len(FILES[name]()) < _LARGE
        chosen += [(name, how) for turn, how in enumerate(MUTATIONS) if is_small or (turn + number) % 5 == 0]
    return chosen


@pytest.mark.parametrize(("name", "how"), combinations())
def test_a_ledger_opens_whatever_happened_to_its_file(tmp_path: Path, name: str, how: str) -> None:
    data = FILES[name]()
    lines = data.removesuffix(b"\n").split(b"\n")
    mutated = b"\n".join(MUTATIONS[how](lines, random.Random(SEED))) + ENDINGS.get(how, b"")
    expected = counted(mutated)
    with_issues(tmp_path, mutated)
    ledger = reopened(tmp_path)
    assert set(ledger.read().own.beads) >= expected.readable
    assert {bead.id for bead in reopened(tmp_path).read().own.beads.all()} == expected.readable
    found = ledger.inspect()
    print(
        f"{name}, {how}: {found.readable} readable, {found.kept} kept, "
        f"{len(found.quarantined)} quarantined, {len(found.duplicates)} duplicates"
    )
    assert found.readable == len(expected.readable)
    assert found.kept == expected.kept
    assert [note.number for note in found.quarantined] == expected.quarantined
    assert len(found.duplicates) == expected.duplicates
    _write_back(tmp_path, mutated, expected)


def _write_back(directory: Path, before: bytes, expected: Counts) -> None:
    """One bead is edited: every other line that was read is there with its bytes."""
    ledger = reopened(directory)
    edited = next(bead for bead in ledger.read().beads() if not bead.is_closed and not bead.title.startswith("A very"))
    put(ledger, e.BeadNoted(bead_id=edited.id, text="touched"))
    after = (directory / ".beads/issues.jsonl").read_bytes().split(b"\n")
    assert after.pop() == b""
    whole = set(before.removeprefix(b"\xef\xbb\xbf").split(b"\n"))
    changed = [line for line in after if line not in whole]
    salvaged = sum(len(records(line)) for line in whole if len(records(line)) > 1)
    assert len(changed) <= 1 + salvaged
    assert edited.id in {_id(line) for line in changed}
    assert {_id(line) for line in after} - {""} == expected.readable
    assert sum(not _id(line) for line in after) == expected.kept
    again = reopened(directory).inspect()
    assert (again.readable, again.kept) == (len(expected.readable), expected.kept)
    assert not again.quarantined and not again.duplicates
    assert len(again.put_aside) == len(expected.quarantined) + expected.duplicates
    if LONG or len(before) < 1_000_000:
        content = projected(directory / ".beads")
        reopened(directory).rebuild_projections()
        assert projected(directory / ".beads") == content


def _id(line: bytes) -> str:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    return record["id"] if isinstance(record, dict) and isinstance(record.get("id"), str) else ""


def test_a_bead_of_5_mib_is_shown_changed_and_written_back(tmp_path: Path) -> None:
    line = _big("<é>")
    with_issues(tmp_path, line + b"\n")
    put(reopened(tmp_path), e.LabelAdded(bead_id=BeadId("big-1"), label="long"))
    after = (tmp_path / ".beads/issues.jsonl").read_bytes()
    assert after.startswith(line[: line.index(b'"priority"')]) and b'"labels":["long"]' in after
    assert reopened(tmp_path).read().bead("big-1").description == "<é>" * (5 * 1024 * 1024)
