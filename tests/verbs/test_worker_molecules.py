"""The worker without a model and molecules: steps in their order, gates, loops, and work that another began."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.events import Entry
from gastown_tui.core.model.ids import Address, BeadId
from gastown_tui.core.model.outside import Run, RunOutcome
from gastown_tui.core.rules import beads
from gastown_tui.core.verbs.work import dispatch_waiting, sling
from gastown_tui.core.verbs.worker import Worker
from tests.fakes import HOME, FakeTown
from tests.towns import a_bead
from tests.verbs.scripted_terminal import ScriptedTerminal
from tests.verbs.towns_at_work import a_rig_with

SLOT0 = Address("api/polecats/slot0")
PLACE = HOME / "api" / "polecats" / "slot0"


class AtWork:
    """A worker of a rig with a formula on its hook; every command changes something and is remembered."""

    def __init__(self, formula: str, *, on: str = "ap-1") -> None:
        self.fake: FakeTown = a_rig_with(a_bead("ap-1", "Add login"))
        self.fake.files.write_text(
            HOME / "api" / ".beads" / "formulas" / "x.formula.toml", f'formula = "x"\n{formula}\n'
        )
        [slung] = sling(self.fake.hands(), ("x", "api"), on=on).beads
        self.bead_id, self.root = slung.bead_id, BeadId(slung.molecule_id)
        self.ran: list[str] = []
        self.fails: set[str] = set()
        self.fake.commands.run = self._run  # type: ignore[method-assign]

    def _run(self, command: str, *, cwd: Path, timeout_s: float, **more: Any) -> Run:
        self.ran.append(command)
        self.fake.worktrees.trees[PLACE].changed.append("changed")
        outcome = RunOutcome.FAIL if command in self.fails else RunOutcome.PASS
        return Run(outcome=outcome, code=int(command in self.fails), duration_s=0.0, tail="", reason="")

    def live(self) -> str:
        session = self.fake.sessions.panes["polecat-api-slot0"]
        hands = self.fake.hands(SLOT0, cwd=PLACE, **dict(session.spec.env))
        return Worker(hands, SLOT0, ScriptedTerminal()).live()

    def close(self, bead_id: str, reason: str = "Closed") -> None:
        self.fake.ledger.record(
            lambda town: beads.close(town, town.bead(bead_id), reason=reason, force=True),
            actor="overseer",
            ledgers=("", "api"),
        )

    def status(self, bead_id: str) -> str:
        return self.fake.town.bead(bead_id).state


STEPS = """
[[steps]]
id = "last"
run = "last"
needs = ["outer"]
[[steps]]
id = "outer"
needs = ["first"]
[[steps.children]]
id = "inner1"
run = "inner1"
[[steps.children]]
id = "inner2"
run = "inner2"
[[steps]]
id = "first"
run = "first"
"""


@pytest.mark.parametrize("on", ["ap-1", ""])
def test_steps_are_done_in_the_order_they_wait_for_one_another(on: str) -> None:
    at = AtWork(STEPS, on=on)
    assert at.live().startswith("COMPLETED")
    assert at.ran == ["first", "inner1", "inner2", "last"]
    town = at.fake.town
    [request] = town.merges()
    assert request.bead_id == at.bead_id
    finished = at.fake.ledger.facts(e.MolCompleted)
    assert finished == [e.MolCompleted(mol_id=at.root)]
    if on:
        assert at.status(at.root) == "closed" and at.status("ap-1") == "in_progress", "the bead waits to be merged"
    else:
        assert at.status(at.root) == "in_progress", "the molecule itself waits to be merged"


def test_what_is_done_is_not_done_again() -> None:
    at = AtWork(STEPS)
    at.close(f"{at.root}.3")
    at.close(f"{at.root}.2.1")
    at.live()
    assert at.ran == ["inner2", "last"]


def test_a_worker_stands_aside_at_a_gate_and_the_work_comes_back_when_it_opens() -> None:
    at = AtWork(
        '[[steps]]\nid = "a"\nrun = "a"\n[[steps]]\nid = "b"\nrun = "b"\nneeds = ["a"]\n[steps.gate]\ntype = "human"'
    )
    gate = f"{at.root}.gate-b"
    assert at.live().startswith("BLOCKED")
    assert at.ran == ["a"] and at.fake.town.hook(SLOT0) is None
    [waiting] = at.fake.town.dispatches()
    assert (waiting.bead_id, waiting.target, waiting.reason) == ("ap-1", "api", f"it waits for {gate}")
    assert dispatch_waiting(at.fake.hands("deacon")) == ()
    at.close(gate)
    [again] = dispatch_waiting(at.fake.hands("deacon"))
    assert (again.bead_id, again.agent) == ("ap-1", SLOT0)
    assert at.live().startswith("COMPLETED")
    assert at.ran == ["a", "b"]


def test_rounds_that_are_not_needed_any_more_are_left_out() -> None:
    at = AtWork(
        '[[steps]]\nid = "r"\n[steps.loop]\nmax = 3\nuntil = "steps(r.iter1.t).all(status == \'complete\')"\n'
        '[[steps.loop.body]]\nid = "t"\nrun = "try {iteration}"\n[[steps]]\nid = "end"\nrun = "end"\nneeds = ["r"]'
    )
    at.live()
    assert at.ran == ["try 1", "end"]
    assert at.fake.town.bead(f"{at.root}.3").close_reason == "skipped: r ended after round 1"


def test_a_step_that_fails_is_a_matter_for_a_person_and_the_rest_stays_undone() -> None:
    at = AtWork(STEPS)
    at.fails.add("inner2")
    assert at.live().startswith("ESCALATE")
    assert at.ran == ["first", "inner1", "inner2"]
    assert at.status(f"{at.root}.1") == "open"


def test_steps_that_wait_for_one_another_are_a_matter_for_a_person() -> None:
    at = AtWork(STEPS)
    edge = e.DependencyAdded(bead_id=BeadId(f"{at.root}.3"), depends_on_id=BeadId(f"{at.root}.1"))
    at.fake.ledger.record(lambda _: [Entry(edge, "api")], actor="overseer", ledgers=("", "api"))
    assert at.live().startswith("ESCALATE")
    assert at.ran == []


WORDS_ONLY = """
[[steps]]
id = "look"
run = "look"
[[steps]]
id = "think"
description = "Think about it."
needs = ["look"]
"""


def test_a_step_that_needs_a_mind_goes_to_the_overseer_and_is_not_called_done() -> None:
    work = AtWork(WORDS_ONLY)
    assert "ESCALATE" in work.live()
    assert work.ran == ["look"]
    assert [work.status(f"{work.root}.{n}") for n in (1, 2)] == ["closed", "open"]
    assert work.status(work.bead_id) != "closed"
    [escalation] = work.fake.town.own.registers.escalations.values()
    assert f"{work.root}.2" in escalation.text
