"""Reading an `issues.jsonl` somebody else wrote: its beads, the lines that are none, and those that are damaged."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.events import BeadImported, Fact, LedgerAdopted, LedgerCreated, LineKept, LinesQuarantined
from gastown_tui.core.fold import LedgerState
from gastown_tui.core.model.bead import Bead, prefix_of
from gastown_tui.core.model.bead_line import DEEPEST, decode_bead, encode_bead, is_deep, rewrite_line
from gastown_tui.core.model.ids import BeadId, numbered_child
from gastown_tui.core.model.times import epoch_ns
from gastown_tui.core.world.joining import MARKERS
from gastown_tui.core.world.regular import read_regular

_BOM = b"\xef\xbb\xbf"
_decode_any = msgspec.json.Decoder().decode
_PREFIX_KEY = re.compile(r"""^\s*["']?issue[-_]prefix["']?\s*:\s*["']?([A-Za-z][A-Za-z0-9-]*)""", re.MULTILINE)
_INFIX = re.compile(r"-(?:mol|wisp|eph)$")
"""What molecules and wisps put between the prefix and the rest."""
_PATH = re.compile(rb"(?:~|\.{0,2})/[^\0-\x1f{}\"]{1,4095}\r?")
_SMALL_BYTES = 64 * 1024
_MOST_TRIES = 1000
"""How often the start of a record is looked for in a broken line: each look may read to its end."""
_VOTERS = 400
"""Ids that are asked for the prefix of a large file."""


class BadLine(msgspec.Struct, frozen=True):
    """A line that is neither a bead nor anybody's record."""

    number: int
    """Counted from 1, as editors do."""
    line: bytes
    kind: str
    """What is wrong, in words that fit many lines."""
    reason: str
    bead_id: str = ""
    """The bead whose older version it is; empty for damage."""


class Scan(msgspec.Struct):
    """A foreign file taken apart.

    Attributes:
        beads: The winning line of each bead, with the number its place has, in file order.
        kept: Lines that are valid but no bead, with their numbers.
        bad: Everything else: damaged lines, conflict markers, older versions of a bead that is there twice.
        is_sorted: Whether beads stand sorted by id and nothing but headers stands among them.
        moved: The number of the line a bead's winner stands on, where that is not its place.
    """

    beads: dict[str, tuple[int, str, Bead]]
    kept: list[tuple[int, str]]
    bad: list[BadLine]
    is_sorted: bool = True
    moved: dict[str, int] = {}


def scan(data: bytes) -> Scan:
    """Take a file apart, line by line."""
    found = Scan({}, [], [])
    lines = data.removeprefix(_BOM).split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    for number, line in enumerate(lines, 1):
        if line.strip():
            _sort_in(found, number, line)
    names = list(found.beads)
    first = min((number for number, _, _ in found.beads.values()), default=0)
    found.is_sorted = names == sorted(names) and all(number < first for number, _ in found.kept)
    return found


def _sort_in(found: Scan, number: int, line: bytes) -> None:
    try:
        bead, text = decode_bead(line), line.decode()
    except (BadInput, UnicodeDecodeError):
        _sort_other(found, number, line)
        return
    known = found.beads.get(bead.id)
    if known is not None:
        ours, theirs = epoch_ns(known[2].updated_at) or 0, epoch_ns(bead.updated_at) or 0
        loser = (number, line) if theirs < ours else (found.moved.get(bead.id, known[0]), known[1].encode())
        why = f"an older version of {bead.id}"
        found.bad.append(BadLine(loser[0], loser[1], "older versions of a bead", why, bead.id))
        if theirs < ours:
            return
        # The winner keeps the place where the bead first stood, so that the file stays in order.
        found.moved[bead.id], number = number, known[0]
    found.beads[bead.id] = (number, text, bead)


def _sort_other(found: Scan, number: int, line: bytes) -> None:
    if line.startswith(MARKERS):
        found.bad.append(BadLine(number, line, "merge conflict markers", "a merge conflict marker"))
        return
    if _PATH.fullmatch(line):
        found.bad.append(BadLine(number, line, "a path", "a path to another place; --db PATH opens what lies there"))
        return
    if is_deep(line):
        found.bad.append(BadLine(number, line, "nested too deep", f"nested deeper than {DEEPEST} levels"))
        return
    try:
        record, text = _decode_any(line), line.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        pieces = [piece for piece in _unglued(line) if len(piece) < len(line)]
        kind = "several records on one line" if pieces else "not JSON"
        found.bad.append(BadLine(number, line, kind, f"{kind}: {error}"))
        for piece in pieces:
            _sort_in(found, number, piece)
        return
    if isinstance(record, dict):
        found.kept.append((number, text))
    else:
        found.bad.append(BadLine(number, line, "not a record", "not a record"))


def _unglued(line: bytes) -> list[bytes]:
    """Whole beads of a line whose newlines were lost; empty when there is none."""
    import json

    try:
        text = line.decode()
    except UnicodeDecodeError:
        return []
    decoder, pieces = json.JSONDecoder(), []
    at, tries = text.find('{"'), 0
    while at >= 0 and tries < _MOST_TRIES:
        try:
            record, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at, tries = text.find('{"', at + 1), tries + 1
            continue
        if isinstance(record, dict) and isinstance(record.get("id"), str) and "title" in record:
            pieces.append(text[at:end].encode())
        at = text.find('{"', end)
    return pieces


def starting_facts(found: Scan, *, file: str, prefix: str, digest: str) -> list[Fact]:
    """What adopting a file records: its beads become the starting state of the log."""
    in_order = found.is_sorted
    facts: list[Fact] = [
        LedgerCreated(prefix=prefix),
        LedgerAdopted(lines=len(found.beads) + len(found.kept), sorted_by_id=in_order, sha256=digest),
    ]
    facts += [LineKept(line=text, position=number) for number, text in found.kept]
    facts += [
        BeadImported(bead_id=bead.id, line=text, position=None if in_order else number)
        for number, text, bead in found.beads.values()
    ]
    if found.bad:
        facts.append(quarantined_fact(file, found.bad))
    return facts


def quarantined_fact(file: str, bad: list[BadLine]) -> LinesQuarantined:
    """How many lines were put aside, and where the first stood."""
    return LinesQuarantined(file=file, count=len(bad), first_line=min(each.number for each in bad))


def changed_lines(found: Scan, state: LedgerState) -> dict[BeadId, str]:
    """Lines of the issues file that say something else than the beads do, and are not older than them.

    A bead that is missing was not deleted: it comes back. A line older than the bead is left from somewhere else and
    says nothing new.
    """
    changed: dict[BeadId, str] = {}
    for _, text, theirs in found.beads.values():
        ours = state.beads.get(theirs.id)
        if ours is None:
            changed[theirs.id] = text
        elif (epoch_ns(theirs.updated_at) or 0) < (epoch_ns(ours.updated_at) or 0):
            continue
        elif not says_the_same(text, ours, state.beads.origins.get(ours.id)):
            changed[theirs.id] = text
    return changed


def kept_facts(found: Scan, state: LedgerState) -> list[Fact]:
    """Lines that are no beads and were not there before."""
    taken, facts = dict(state.registers.kept_lines), list[Fact]()
    for number, text in found.kept:
        if text not in taken.values():
            place = number if number not in taken else max(taken) + 1
            taken[place] = text
            facts.append(LineKept(line=text, position=place))
    return facts


def says_the_same(text: str, ours: Bead, origin: str | None) -> bool:
    """Whether a line holds what ours would, whatever its spelling; keys nobody here knows count too."""
    line = rewrite_line(origin.encode(), ours) if origin else encode_bead(ours)
    return text.encode() == line or _decode_any(text) == _decode_any(line)


def guess_prefix(beads: Path, names: Sequence[str]) -> str:
    """The prefix of new beads: what `config.yaml` says, else that of most beads, else the directory's name."""
    try:
        text = read_regular(beads / "config.yaml", _SMALL_BYTES).decode()
    except (OSError, UnicodeDecodeError):
        text = ""
    if match := _PREFIX_KEY.search(text):
        return match.group(1)
    asked = names[:: max(1, len(names) // _VOTERS)]
    votes = Counter(_INFIX.sub("", prefix_of(name)) for name in asked)
    if votes:
        most = max(votes.values())
        return min(prefix for prefix, count in votes.items() if count == most)
    folder = re.sub(r"[^a-z0-9-]", "", beads.resolve().parent.name.lower()).strip("-0123456789")[:20].strip("-")
    return folder or "bd"


def highest_children(names: Iterable[str]) -> dict[BeadId, int]:
    """The highest child number under each parent."""
    highest: dict[BeadId, int] = {}
    for name in names:
        if child := numbered_child(name):
            parent_id, number = child
            highest[parent_id] = max(highest.get(parent_id, 0), number)
    return highest
