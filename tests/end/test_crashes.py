"""Kill -9 at every point where something is left behind; whoever comes next finishes the work, and nothing twice."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.events import Entry
from gastown_tui.core.model.ids import AssignmentId, BeadId
from gastown_tui.core.model.town import Hook
from gastown_tui.core.patrols import refinery
from gastown_tui.core.patrols.refinery import Outcome
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import merging
from gastown_tui.core.verbs.worker import Worker
from tests.end.hasty import Hasty
from tests.end.mortal import Killed, mortal
from tests.end.rig_at_work import RIG, WORKER, RigAtWork
from tests.places import git, hands_at
from tests.verbs.scripted_terminal import ScriptedTerminal

POINTS_LIMIT = 200

pytestmark = pytest.mark.slow


@pytest.fixture
def rig(tmp_path: Path) -> RigAtWork:
    return RigAtWork(tmp_path)


def until_nothing_waits(rig: RigAtWork) -> None:
    hands = rig.hands.elsewhere(rig.home)
    for _ in range(5):
        if refinery.turn(hands, RIG).outcome is Outcome.NOTHING:
            return
    raise AssertionError("the queue never emptied")


def test_a_refinery_killed_anywhere_merges_every_request_exactly_once(rig: RigAtWork) -> None:
    places: list[str] = []
    for at in itertools.count():
        assert at < POINTS_LIMIT
        mr_id = rig.asks_to_merge({f"file{at}.txt": "x\n"})
        bead_id = mr_id.removesuffix("mr")
        hands, death = mortal(rig.hands, at)
        try:
            refinery.turn(hands, RIG)
            killed = False
        except Killed:
            killed = True
            places.append(death.where)
        until_nothing_waits(rig)
        town = rig.hands.ledger.read()
        assert merging.find(town, mr_id)[1].state == "merged", death.where
        assert town.bead(bead_id).is_closed and town.bead(mr_id).is_closed, death.where
        assert rig.merges_at_origin(bead_id) == 1, death.where
        assert f"file{at}.txt" in rig.files_at_origin(), death.where
        merges = [fact for fact in rig.events(e.MergeMerged) if isinstance(fact, e.MergeMerged) and fact.mr_id == mr_id]
        assert len(merges) == 1, death.where
        assert git(rig.origin, "rev-parse", f"{merges[0].commit}^{{tree}}") == merges[0].tree
        if not killed:
            break
    assert {"after run", "after land", "before land", "after trial", "before record", "after record"} <= set(places)


def test_a_refinery_killed_anywhere_returns_bad_work_exactly_once(rig: RigAtWork) -> None:
    before = rig.at_origin()
    for at in itertools.count():
        assert at < POINTS_LIMIT
        rig.setting("merge_retries", "100")
        mr_id = rig.asks_to_merge({"bad": f"{at}\n"})
        hands, death = mortal(rig.hands, at)
        try:
            refinery.turn(hands, RIG)
            killed = False
        except Killed:
            killed = True
        until_nothing_waits(rig)
        town = rig.hands.ledger.read()
        request = merging.find(town, mr_id)[1]
        assert (request.state, request.strikes) == ("returned", 1), death.where
        hook = town.hook(WORKER)
        assert hook is not None and hook.bead_id == request.bead_id, death.where
        assert rig.at_origin() == before, death.where
        take_off(rig, hook)
        if not killed:
            break


def take_off(rig: RigAtWork, hook: Hook) -> None:
    let_go = e.HookCleared(agent=WORKER, previous_ref=hook.bead_id, assignment_id=hook.assignment_id)
    rig.hands.ledger.record(lambda _: [Entry(let_go, "api")], actor="overseer", ledgers=("", "api"))


# ---------------------------------------------------------------------------------------------- workers


def hang(rig: RigAtWork, number: int) -> tuple[BeadId, AssignmentId]:
    """Work of two steps on the worker's hook, its worktree open."""
    bead_id, assignment_id = BeadId(f"ap-w{number}"), AssignmentId(f"asg-w{number:025d}")
    run = {"metadata": {"run": "echo one > one.txt", "mail": {"to": "overseer", "subject": f"Half of {bead_id}"}}}
    facts: list[e.Fact] = [
        e.BeadCreated(bead_id=bead_id, title="Two steps"),
        e.BeadCreated(bead_id=BeadId(f"{bead_id}.1"), title="First", dependencies=(child_of(bead_id),), fields=run),
        e.BeadCreated(
            bead_id=BeadId(f"{bead_id}.2"),
            title="Second",
            dependencies=(child_of(bead_id), e.Edge(depends_on_id=BeadId(f"{bead_id}.1"))),
            fields={"metadata": {"run": "test -e one.txt && echo two > two.txt"}},
        ),
        e.HookSet(agent=WORKER, ref_id=bead_id, assignment_id=assignment_id),
    ]
    registered = Entry(e.AgentRegistered(agent=WORKER))
    rig.hands.ledger.record(
        lambda _: [registered, *(Entry(fact, "api") for fact in facts)], actor="mayor", ledgers=("", "api")
    )
    place = rig.home / "api" / "polecats" / "slot0"
    rig.hands.worktrees.open(rig.bare, place, branch=f"polecat/slot0/{bead_id}", start="origin/main")
    return bead_id, assignment_id


def child_of(bead_id: BeadId) -> e.Edge:
    return e.Edge(depends_on_id=bead_id, dependency_type="parent-child")


def as_worker(rig: RigAtWork, bead_id: BeadId, assignment_id: AssignmentId) -> Hands:
    env = {"GT_ROLE": WORKER, "BD_ACTOR": WORKER, "GT_BEAD": bead_id, "GT_ASSIGNMENT": assignment_id}
    return replace(hands_at(rig.home, **env), clock=Hasty())


def test_a_worker_killed_anywhere_does_everything_exactly_once(rig: RigAtWork) -> None:
    places: list[str] = []
    for at in itertools.count():
        assert at < POINTS_LIMIT
        bead_id, assignment_id = hang(rig, at)
        hands, death = mortal(as_worker(rig, bead_id, assignment_id), at)
        try:
            Worker(hands, WORKER, ScriptedTerminal()).live()
            killed = False
        except Killed:
            killed = True
            places.append(death.where)
            Worker(as_worker(rig, bead_id, assignment_id), WORKER, ScriptedTerminal()).live()
        town = rig.hands.ledger.read()
        assert town.hook(WORKER) is None, death.where
        requests = [each for each in town.merges() if each.bead_id == bead_id]
        assert [each.state for each in requests] == ["queued"], death.where
        subjects = git(rig.bare, "log", "--format=%s", f"origin/main..polecat/slot0/{bead_id}").splitlines()
        assert subjects == [f"{bead_id}.2: Second", f"{bead_id}.1: First"], death.where
        letters = [mail for mail in town.own.mail.values() if mail.subject == f"Half of {bead_id}"]
        assert len(letters) == 1, death.where
        assert town.bead(f"{bead_id}.1").is_closed and town.bead(f"{bead_id}.2").is_closed, death.where
        clear(rig, bead_id)
        if not killed:
            break
    assert {"after run", "before commit_all", "after commit_all", "after push", "after record"} <= set(places)


def clear(rig: RigAtWork, bead_id: BeadId) -> None:
    place = rig.home / "api" / "polecats" / "slot0"
    rig.hands.worktrees.remove(rig.bare, place, rescue_ref=f"refs/rescue/test/{bead_id}")
