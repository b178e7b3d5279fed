"""What a clone once projected comes back by git: it is told from an edit by folding the log without some events."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.core import events as e
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.world.echoes import echoes
from tests.ledgers import SteppingClock, created, examples, facts, lone, put, reopened, temporary

place = contextmanager(temporary)
BEAD = BeadId("gt-1")


def two_clones(root: Path, left: Sequence[e.Fact], right: Sequence[e.Fact]) -> tuple[Path, list[str]]:
    """Two clones that each did something to one bead; the first with both logs, and the lines they projected."""
    one, two = root / "one", root / "two"
    one.mkdir()
    put(lone(one, clock=SteppingClock(7)), created(BEAD, "First", labels=("red",)))
    shutil.copytree(one, two, ignore=shutil.ignore_patterns("local"))
    for clone, done, step in ((one, left, 11), (two, right, 13)):
        for fact in done:
            put(reopened(clone, clock=SteppingClock(step)), fact)
    lines = [(clone / ".beads/issues.jsonl").read_text() for clone in (one, two)]
    with (one / ".beads/events.jsonl").open("ab") as log:
        log.write((two / ".beads/events.jsonl").read_bytes())
    return one, lines


def events_of(directory: Path) -> list[str]:
    return [event.event_type for event in reopened(directory).history()]


CHANGES: dict[str, tuple[list[e.Fact], list[e.Fact]]] = {
    "a title and a status": (
        [e.BeadUpdated(bead_id=BEAD, changes={"title": "Second"})],
        [e.BeadStatusChanged(bead_id=BEAD, from_status="open", to_status="in_progress")],
    ),
    "the same label": ([e.LabelAdded(bead_id=BEAD, label="x")] * 2, [e.LabelAdded(bead_id=BEAD, label="x")]),
    "labels and notes": (
        [e.LabelRemoved(bead_id=BEAD, label="red"), e.BeadNoted(bead_id=BEAD, text="one\ntwo")],
        [e.BeadNoted(bead_id=BEAD, text="three"), e.LabelAdded(bead_id=BEAD, label="blue")],
    ),
    "remarks": (
        [e.BeadCommented(bead_id=BEAD, text="a")],
        [e.BeadCommented(bead_id=BEAD, text="b"), e.BeadCommented(bead_id=BEAD, text="c")],
    ),
    "a deletion and a claim": ([e.BeadDeleted(bead_id=BEAD)], [e.BeadAssigned(bead_id=BEAD, assignee="x")]),
    "a closing and a reopening": (
        [e.BeadClosed(bead_id=BEAD, reason="done")],
        [e.BeadClosed(bead_id=BEAD, reason="too"), e.BeadReopened(bead_id=BEAD)],
    ),
}


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("how", CHANGES)
def test_whichever_side_a_merge_took_nothing_is_recorded_and_both_changes_hold(
    tmp_path: Path, how: str, side: int
) -> None:
    clone, lines = two_clones(tmp_path, *CHANGES[how])
    shutil.rmtree(clone / ".beads/local")
    (clone / ".beads/issues.jsonl").write_text(lines[side])
    before = events_of(clone)
    reopened(clone).settle()
    assert events_of(clone) == before
    settled = (clone / ".beads/issues.jsonl").read_bytes()
    (clone / ".beads/issues.jsonl").write_text(lines[0] + lines[1])
    reopened(clone).settle()
    assert events_of(clone) == before
    assert (clone / ".beads/issues.jsonl").read_bytes() == settled


EDITS: dict[str, dict[str, Any]] = {
    "another title": {"title": "By hand"},
    "a status nobody set": {"status": "blocked"},
    "a label nobody gave": {"labels": ["green"]},
    "a field nobody here knows": {"theirs": 1},
    "a priority, dated": {"priority": 0, "updated_at": "2999-01-01T00:00:00Z"},
    "back to the first title, dated": {"title": "First", "updated_at": "2999-01-01T00:00:00Z"},
}


@pytest.mark.parametrize("how", EDITS)
def test_an_edit_beside_a_merge_is_recorded_all_the_same(tmp_path: Path, how: str) -> None:
    clone, _ = two_clones(tmp_path, *CHANGES["a title and a status"])
    reopened(clone).settle()
    file = clone / ".beads/issues.jsonl"
    edited = json.loads(file.read_text()) | EDITS[how]
    file.write_text(json.dumps(edited) + "\n")
    reopened(clone).settle()
    assert events_of(clone)[-1] == "bead.imported"
    assert json.loads(file.read_text()) == edited


@examples()
@given(history=st.lists(facts, min_size=1, max_size=12), seed=st.integers(0, 999))
def test_what_any_part_of_a_history_leads_to_is_an_echo_of_the_whole(history: list[e.Fact], seed: int) -> None:
    """Whoever had only some of the events, but all their causes, projected a line of each bead."""
    with place() as root:
        clone, _ = two_clones(root, history, [])
        whole = list(reopened(clone).history())
        chance = Random(seed)
        part = root / "part"
        shutil.copytree(clone, part, ignore=shutil.ignore_patterns("local", "issues.jsonl"))
        rows = list(dict.fromkeys((clone / ".beads/events.jsonl").read_bytes().splitlines(keepends=True)))
        cut = chance.randrange(2, len(rows) + 1)
        (part / ".beads/events.jsonl").write_bytes(b"".join(rows[:cut]))
        reopened(part).rebuild_projections()
        lines = {
            BeadId(json.loads(line)["id"]): [line]
            for line in (part / ".beads/issues.jsonl").read_text().split("\n")
            if line.startswith("{") and "id" in json.loads(line)
        }
        found = echoes(lines, whole)
        assert {line for (line,) in lines.values()} == found
