"""What is not as it should be is answered in one line with the right exit code, and writes nothing."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tui.cli.build import hand_over
from gastown_tui.core.errors import GastownError
from gastown_tui.core.verbs.declare import Handover
from tests.verbs.bd import Bd, bd_at

LINE = (
    '{"id":"x-1","title":"ok","status":"open","priority":2,"issue_type":"task",'
    '"created_at":"2025-01-01T00:00:00Z","updated_at":"2025-01-01T00:00:00Z"%s}'
)
DEEP = '{"a":' * 100_000 + "1" + "}" * 100_000


@pytest.fixture
def bd(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Bd]:
    """`bd` in a directory without a ledger, with mistakes of ours in plain sight."""
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("GT_TRACEBACK", "1")
    yield bd_at(tmp_path / "project", capsysbinary, monkeypatch)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(LINE.replace("x-1", "x-2") % f',"metadata":{DEEP}', id="a deep value"),
        pytest.param(LINE.replace("x-1", "x-2") % f',"unheard_of":{DEEP}', id="a deep value of an unknown field"),
        pytest.param(LINE.replace("x-1", "x-2") % ',"created_by":"\\ud800"', id="half a character"),
        pytest.param("[" * 100_000, id="brackets only"),
        pytest.param('{"a":[' * 20_000, id="starts of records only"),
    ],
)
def test_a_line_made_to_break_readers_is_left_out_and_reported(bd: Bd, broken: str) -> None:
    (bd.home / ".beads").mkdir()
    issues = bd.home / ".beads" / "issues.jsonl"
    issues.write_text(f"{LINE % ''}\n{broken}\n")
    listed = bd("list", "--json")
    assert [bead["id"] for bead in listed.value] == ["x-1"]
    assert "issues.jsonl: 1 line" in listed.err
    bd("update", "x-1", "--title", "new")
    assert (
        issues.read_text()
        == LINE.replace('"ok"', '"new"').replace(
            '"updated_at":"2025-01-01T00:00:00Z"', f'"updated_at":"{bd.json("show", "x-1")[0]["updated_at"]}"'
        )
        % ""
        + "\n"
    )
    kept = [json.loads(line) for line in (bd.home / ".beads/local/quarantine/issues.jsonl").read_text().splitlines()]
    assert [each["text"] for each in kept] == [broken]


@pytest.mark.parametrize("metadata", ["[" * 5000, DEEP, "{", "NaN", '{"a":"\\ud800"}'])
def test_metadata_that_is_no_sound_json_is_refused(bd: Bd, metadata: str) -> None:
    bd("init", "--prefix", "x")
    assert bd.refuses("create", "work", "--metadata", metadata).code == 2


@pytest.mark.parametrize("value", ["a\nb", "\x1b]0;title\x07", "x\u009b31m", "a\u202eb", "x" * 501])
@pytest.mark.parametrize("option", ["--assignee", "--external-ref", "--spec-id", "--title"])
def test_a_field_of_one_line_takes_one_short_line(bd: Bd, option: str, value: str) -> None:
    bd("init", "--prefix", "x")
    bead_id = bd.files("work")
    assert bd.refuses("update", bead_id, option, value).code == 2
    assert bd.refuses("create", *(() if option == "--title" else ("more",)), option, value).code == 2


@pytest.mark.parametrize("text", ["x" * 1_000_000, "a-" * 500_000, "." * 1_000_000])
def test_long_texts_are_examined_in_no_time(bd: Bd, text: str) -> None:
    """Nothing here grows with the square of a text's length, or this would take minutes."""
    bd("init", "--prefix", "x")
    (bd.home / "body").write_text(text)
    for _ in range(2):
        bd.files_without("twin", "--body-file", "body")
    assert "1 groups" in bd.tries("doctor").out


@pytest.mark.parametrize(
    "name",
    ["events.jsonl", "issues.jsonl", "vapor.jsonl", "config.yaml", "redirect", "local/lock", "local/synced", "local"],
)
def test_a_ledger_file_that_cannot_be_used_is_named_and_nothing_is_written(bd: Bd, name: str) -> None:
    bd("init", "--prefix", "x")
    bd.files("work")
    place = bd.home / ".beads" / name
    if place.is_dir():
        shutil.rmtree(place)
        place.write_text("in the way")
    else:
        place.unlink(missing_ok=True)
        place.mkdir()
    assert bd.refuses("create", "more").code in (1, 2)
    assert bd.tries("list").code in (0, 1, 2)


def test_a_directory_among_the_sealed_segments_is_passed_over(bd: Bd) -> None:
    bd("init", "--prefix", "x")
    (bd.home / ".beads" / "events" / "odd.jsonl").mkdir(parents=True)
    bead = bd.files("work")
    assert bead in bd("list").out and "1 beads" in bd("doctor").out


@pytest.mark.parametrize("number", ["²", "Ⅷ", "9" * 5000], ids=["raised", "roman", "long"])
@pytest.mark.parametrize(
    "words",
    [
        ("wisp", "gc", "--age", "{}h"),
        ("events", "list", "--since", "{}h"),
        ("activity", "--since", "{}d"),
        ("list", "--lock-timeout", "{}s"),
        ("mol", "pour", "shiny@{}"),
    ],
)
def test_what_only_looks_like_a_number_is_refused(bd: Bd, words: tuple[str, ...], number: str) -> None:
    bd("init", "--prefix", "x")
    assert bd.refuses(*(word.format(number) for word in words)).code == 2


@pytest.mark.parametrize("words", [("agent", "show"), ("graph",), ("mol", "show"), ("import",), ("events", "replay")])
def test_a_name_of_two_lines_is_refused_in_one(bd: Bd, words: tuple[str, ...]) -> None:
    bd("init", "--prefix", "x")
    said, *hint = bd.refuses(*words, "no\nbody").err.splitlines()
    assert said.startswith("Error: ") and "no body" in said
    assert len(hint) <= 1 and all(line.startswith("Hint: ") for line in hint)


@pytest.mark.parametrize(("terminal", "is_tty"), [("xterm", False), ("dumb", True), ("", True)])
def test_a_terminal_that_cannot_be_handed_over_is_said_in_a_line(
    monkeypatch: pytest.MonkeyPatch, terminal: str, is_tty: bool
) -> None:
    monkeypatch.setenv("TERM", terminal)
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: is_tty)
    with pytest.raises(GastownError) as told:
        hand_over(Handover(argv=("false",)))
    assert "gt peek" in told.value.hint


@pytest.mark.parametrize("words", [("ready", "--claim"), ("create", "more"), ("rebuild-projections",)])
def test_read_only_is_kept_by_verbs_that_only_sometimes_write(bd: Bd, words: tuple[str, ...]) -> None:
    bd("init", "--prefix", "x")
    bd.files("work")
    assert bd.refuses("--readonly", *words).code == 4
    assert bd("--readonly", "ready").lines
