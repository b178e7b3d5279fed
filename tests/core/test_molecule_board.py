"""Molecules as they run: the one word for each, and for each of their steps."""

from __future__ import annotations

from typing import Any

import pytest

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.rules.health import Seen
from gastown_tui.core.rules.molecules import Anatomy
from gastown_tui.core.views.ages import Ages
from gastown_tui.core.views.molecule_board import LOOKS, Holders, MoleculeRow, board, molecule_meant
from gastown_tui.core.views.molecule_ends import gate_before, what_goes
from gastown_tui.core.views.molecule_steps import StepRow, StepRows, step_page, words_of
from tests.towns import NOW, a_bead, a_convoy, a_hook, a_town, ago, an_agent

ROOT, WORKER = "ap-mol-1", "api/polecats/nux"
UNSEEN = Seen(sessions=None, trouble="nobody looked")


def a_molecule(*steps: Bead, **fields: Any) -> list[Bead]:
    record: dict[str, Any] = {"metadata": {"formula": "shiny"}, "updated_at": ago(seconds=10)} | fields
    return [a_bead(ROOT, "shiny: Sign in", kind="molecule", **record), *steps]


def step(number: int, *needs: int, **fields: Any) -> Bead:
    record: dict[str, Any] = {"metadata": {"step": f"step{number}"}, "updated_at": ago(seconds=10)} | fields
    return a_bead(f"{ROOT}.{number}", f"Step {number}", needs=[f"{ROOT}.{n}" for n in needs], parent=ROOT, **record)


def over(number: int, *needs: int, reason: str = "done", **fields: Any) -> Bead:
    record = {"started_at": ago(minutes=9), "closed_at": ago(minutes=5)} | fields
    return step(number, *needs, status="closed", close_reason=reason, **record)


def running(number: int, *needs: int, **fields: Any) -> Bead:
    return step(number, *needs, status="in_progress", started_at=ago(minutes=3), **fields)


def a_gate(kind: str = "human", **fields: Any) -> Bead:
    return a_bead(f"{ROOT}.gate", "Gate", kind="gate", await_type=kind, **fields)


def at_gate(number: int) -> Bead:
    return a_bead(f"{ROOT}.{number}", f"Step {number}", parent=ROOT, needs=[f"{ROOT}.gate"])


def town_of(beads: list[Bead], *, held: bool = False, state: str = "working") -> Town:
    return a_town(
        rigs={"api": "ap"},
        agents=[an_agent(WORKER, state, session="polecat-api-nux")],
        beads=beads,
        hooks=[a_hook(WORKER, ROOT)] if held else [],
    )


def row_of(town: Town) -> MoleculeRow:
    ages = Ages(NOW)
    [row] = board(town, Holders(town, UNSEEN, ages), ages)
    return row


def steps_of(town: Town) -> list[StepRow]:
    anatomy = Anatomy(town, town.bead(ROOT))
    return list(StepRows(town, anatomy, words_of(town, anatomy), Ages(NOW), lambda each: each.assignee or ""))


@pytest.mark.parametrize(
    ("beads", "held", "agent", "state"),
    [
        (a_molecule(step(1), step(2, 1)), False, "working", "waiting"),
        (a_molecule(running(1), step(2, 1)), True, "working", "moving"),
        (a_molecule(running(1, updated_at=ago(minutes=2)), updated_at=ago(hours=1)), True, "working", "stale"),
        (a_molecule(running(1, updated_at=ago(hours=1)), updated_at=ago(hours=1)), True, "working", "stuck"),
        (a_molecule(running(1)), True, "asking", "asks"),
        (a_molecule(over(1), a_gate(), at_gate(2)), False, "working", "at a gate"),
        (a_molecule(over(1), a_gate(status="closed"), at_gate(2)), False, "working", "waiting"),
        (a_molecule(a_bead(f"{ROOT}.1", parent=ROOT, needs=["ap-9"]), a_bead("ap-9")), True, "working", "blocked"),
        (a_molecule(over(1), over(2)), False, "working", "complete"),
        (a_molecule(over(1), status="closed", closed_at=ago(hours=2)), False, "working", "done"),
        (a_molecule(), False, "working", "empty"),
        (a_molecule(ephemeral=True), False, "working", "wisp"),
    ],
    ids=["nobody has it", "moves", "stale", "stuck", "asks", "at a gate", "gate open", "outside", "complete", "done",
         "no steps", "wisp"],
)  # fmt: skip
def test_every_molecule_has_one_word(beads: list[Bead], held: bool, agent: str, state: str) -> None:
    row = row_of(town_of(beads, held=held, state=agent))
    assert row.state == state
    assert (row.glyph, row.state in LOOKS) == (LOOKS[state][1], True)


def test_a_molecule_says_how_far_it_is_and_who_has_it() -> None:
    row = row_of(town_of(a_molecule(over(1), running(2, 1), step(3, 2)), held=True))
    assert (row.title, row.formula, row.done, row.total) == ("Sign in", "shiny", 1, 3)
    assert (row.agent, row.age) == (WORKER, "10s")


def test_a_molecule_poured_onto_a_bead_is_held_by_whoever_has_that_bead() -> None:
    town = a_town(
        rigs={"api": "ap"},
        agents=[WORKER],
        beads=[a_bead("ap-1", metadata={"attached_molecule": ROOT}), *a_molecule(step(1), needs=[])],
        hooks=[a_hook(WORKER, "ap-1")],
    )
    root = a_bead(ROOT, kind="molecule", parent="ap-1", updated_at=ago(seconds=10))
    town.ledgers["api"].beads[root.id] = root
    assert row_of(town).agent == WORKER
    assert molecule_meant(town, ("ap-1",)) == ROOT
    assert molecule_meant(town, (f"{ROOT}.1",)) == ROOT
    assert molecule_meant(town, ("ap-2",)) is None


@pytest.mark.parametrize(("exit_", "state"), [("ESCALATE", "failed"), ("BLOCKED", "blocked"), ("", "blocked")])
def test_what_a_worker_let_go_of_does_not_move(exit_: str, state: str) -> None:
    why = {"status": "blocked", "assignee": "overseer", "notes": "the command ended with code 3"}
    town = town_of(a_molecule(over(1), running(2, 1), **why))
    town.ledgers["api"].registers.exits = {BeadId(ROOT): exit_}
    row = row_of(town)
    assert (row.state, row.agent) == (state, "overseer")
    assert [each.state for each in steps_of(town)] == ["done", "stopped"]
    page = step_page(town, town.bead(f"{ROOT}.2"), Ages(NOW), "", root=town.bead(ROOT))
    assert dict(page.texts)["why it stopped"] == "the command ended with code 3"


def test_the_molecule_of_a_convoy_is_one_it_tracks() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-9", *a_molecule(step(1)), a_convoy("hq-cv", "ap-9", ROOT)])
    assert molecule_meant(town, ("hq-cv",)) == ROOT


def test_who_needs_a_person_comes_first_and_what_is_done_last_until_it_is_old() -> None:
    beads = [
        a_bead("ap-mol-a", kind="molecule", status="closed", closed_at=ago(days=3)),
        a_bead("ap-mol-b", kind="molecule", status="closed", closed_at=ago(hours=3)),
        a_bead("ap-mol-c", kind="molecule"),
        a_bead("ap-mol-c.1", parent="ap-mol-c"),
        *a_molecule(a_gate(), at_gate(1)),
    ]
    town, ages = town_of(beads), Ages(NOW)
    assert [row.key for row in board(town, Holders(town, UNSEEN, ages), ages)] == [ROOT, "ap-mol-c", "ap-mol-b"]


@pytest.mark.parametrize(
    ("session", "whose"),
    [("asg-1_a", WORKER), ("asg-1_b", WORKER), ("asg-2_a", ""), ("", ""), ("asg-ap-mol-1_z", WORKER)],
    ids=["its last session", "an earlier one for the same work", "somebody's", "nobody's", "for what is on its hook"],
)
def test_whoever_closed_a_step_is_known_by_the_session(session: str, whose: str) -> None:
    agent = an_agent(WORKER, "working", incarnation="asg-1_a")
    town = a_town(rigs={"api": "ap"}, agents=[agent], beads=a_molecule(), hooks=[a_hook(WORKER, ROOT)])
    assert Holders(town, UNSEEN, Ages(NOW)).of_session(session) == whose


# ---------------------------------------------------------------------------------------------- steps


@pytest.mark.parametrize(
    ("beads", "state", "note"),
    [
        ([step(1)], "ready", ""),
        ([over(1)], "done", ""),
        ([over(1, reason="skipped: loop over")], "skipped", ""),
        ([over(1, reason="failed: the tests")], "failed", ""),
        ([running(1)], "running", ""),
        ([step(1, 2), step(2)], "waits", "for step2"),
        ([a_gate(), at_gate(1)], "gate", "for a person"),
        ([a_gate("timer", await_id="30m"), at_gate(1)], "gate", "for a timer 30m"),
        ([a_bead(f"{ROOT}.1", parent=ROOT, needs=["ap-9"]), a_bead("ap-9")], "blocked", "for ap-9"),
        ([step(1, status="deferred")], "blocked", ""),
    ],
)
def test_every_step_has_one_word(beads: list[Bead], state: str, note: str) -> None:
    found = next(row for row in steps_of(town_of(a_molecule(*beads))) if row.key == f"{ROOT}.1")
    assert (found.state, found.note) == (state, note)


def test_steps_stand_in_the_order_of_their_doing_below_what_holds_them() -> None:
    inner = [
        a_bead(f"{ROOT}.1.{n}", parent=f"{ROOT}.1", needs=[f"{ROOT}.1.{n + 1}"] if n < 3 else []) for n in (1, 2, 3)
    ]
    town = town_of(a_molecule(step(2), step(1, 2), *inner))
    assert [(row.key, row.depth, row.note) for row in steps_of(town)] == [
        (f"{ROOT}.2", 0, ""),
        (f"{ROOT}.1", 0, "0/3"),
        (f"{ROOT}.1.3", 1, ""),
        (f"{ROOT}.1.2", 1, f"for {ROOT}.1.3"),
        (f"{ROOT}.1.1", 1, f"for {ROOT}.1.2"),
    ]


def test_a_step_says_how_long_it_took_or_has_been_running() -> None:
    rows = steps_of(town_of(a_molecule(over(1), running(2, 1), step(3, 2))))
    assert [row.took for row in rows] == ["4m", "3m", ""]


def test_steps_that_wait_for_one_another_are_all_shown() -> None:
    rows = steps_of(town_of(a_molecule(step(1, 2), step(2, 1))))
    assert [row.state for row in rows] == ["waits", "waits"]


def test_a_step_is_read_with_its_command_and_how_it_ended() -> None:
    done = over(1, description="Do it well.", metadata={"step": "build", "run": "make"}, source_location="shiny:3")
    page = step_page(town_of(a_molecule(done)), done, Ages(NOW), WORKER)
    assert dict(page.facts) == {
        "status": "closed", "step": "build", "from": "shiny:3", "by": WORKER, "began": "9m ago", "ended": "5m ago",
        "took": "4m",
    }  # fmt: skip
    assert dict(page.texts) == {"how it ended": "done", "instructions": "Do it well.", "run": "make"}


# ---------------------------------------------------------------------------------------------- ends


def test_what_would_be_lost_is_told_by_number_and_name() -> None:
    town = town_of(a_molecule(*(step(n) for n in range(1, 12))))
    told = what_goes(town, {"deleted_ids": [ROOT, *(f"{ROOT}.{n}" for n in range(1, 12))]})
    assert told.splitlines()[0] == "12 beads are deleted for good:"
    assert told.splitlines()[-1] == "  … and 4 more"
    assert "shiny: Sign in" in told


def test_squashing_tells_what_is_not_done() -> None:
    town = town_of(a_molecule(over(1), step(2)))
    told = what_goes(town, {"squashed_ids": [f"{ROOT}.1", f"{ROOT}.2"], "deleted_count": 0})
    assert told.splitlines()[:2] == ["2 steps become one digest, 0 of them are deleted", "1 are not done:"]
    assert f"{ROOT}.2" in told and f"{ROOT}.1 " not in told


def test_the_gate_in_the_way_is_found_from_the_step_and_from_the_molecule() -> None:
    town = town_of(a_molecule(over(1), a_gate(), at_gate(2)))
    assert gate_before(town, (f"{ROOT}.2",)) == gate_before(town, (ROOT,)) == BeadId(f"{ROOT}.gate")
    assert gate_before(town, (f"{ROOT}.1", "ap-nothing")) is None
