"""What may hang on a hook, who holds it, and how it is let go."""

from __future__ import annotations

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import Conflict, GastownError, NotFound, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId
from gastown_tui.core.model.town import MergeRequest
from gastown_tui.core.rules import hooks
from tests.towns import a_bead, a_hook, a_town, after, ago, an_agent, facts

SLOT0, SLOT1 = Address("api/polecats/slot0"), Address("api/polecats/slot1")


def wish(bead_id: str, agent: Address = SLOT0, *, force: bool = False) -> hooks.Hanging:
    return hooks.Hanging(
        bead_id=BeadId(bead_id), agent=agent, assignment_id=AssignmentId("asg-new"), dispatcher="mayor", force=force
    )


def a_merge(bead_id: str, state: str = "queued", worker: Address = SLOT0) -> MergeRequest:
    return MergeRequest(
        id=BeadId("ap-mr1"),
        bead_id=BeadId(bead_id),
        branch=f"polecat/slot0/{bead_id}",
        target="main",
        commit="c" * 40,
        worker=worker,
        assignment_id=AssignmentId("asg-old"),
        state=state,
        queued_at=ago(minutes=5),
        since=ago(minutes=5),
    )


def test_a_bead_hangs_on_a_free_hook_and_both_sides_know_it() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-1"], agents=[str(SLOT0)])
    now = after(town, hooks.hang(town, wish("ap-1")))
    assert now.bead("ap-1").status == "hooked"
    assert now.bead("ap-1").assignee == SLOT0
    hook = now.hook(SLOT0)
    assert hook is not None
    assert (hook.bead_id, hook.assignment_id, hook.dispatcher) == ("ap-1", "asg-new", "mayor")


def test_a_worker_nobody_knows_is_registered_with_its_first_work() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-1"])
    registered, hung = facts(hooks.hang(town, wish("ap-1")))
    assert registered == e.AgentRegistered(agent=SLOT0)
    assert isinstance(hung, e.HookSet)


def test_the_hook_fact_goes_to_the_ledger_of_the_bead() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-1", "hq-1"], agents=[str(SLOT0)])
    assert [entry.ledger for entry in hooks.hang(town, wish("ap-1"))] == ["api"]
    assert [entry.ledger for entry in hooks.hang(town, wish("hq-1", Address("mayor")))] == [""]


def test_hanging_it_where_it_hangs_changes_nothing() -> None:
    town = a_town(
        rigs={"api": "ap"}, beads=[a_bead("ap-1", status="hooked")], agents=[str(SLOT0)], hooks=[a_hook(SLOT0, "ap-1")]
    )
    assert hooks.hang(town, wish("ap-1")) == ()
    assert hooks.hang(town, wish("ap-1", force=True)) == ()


REFUSALS = [
    ("ap-none", NotFound, "ap-none"),
    ("ap-closed", Refused, "closed"),
    ("ap-blocked", Refused, "blocked by ap-open"),
    ("ap-child", Refused, "blocked by ap-open"),
    ("ap-said", Refused, "ap-said is blocked"),
    ("ap-later", Refused, "deferred"),
    ("ap-convoy", Refused, "convoy"),
    ("ap-mine", Conflict, "in progress by api/crew/max"),
    ("ap-held", Conflict, "api/polecats/slot1"),
    ("ap-review", Conflict, "in review"),
]


def troubled_town() -> Town:
    return a_town(
        rigs={"api": "ap", "web": "we"},
        agents=[str(SLOT0), str(SLOT1), "api/crew/max"],
        beads=[
            a_bead("ap-closed", status="closed"),
            "ap-open",
            a_bead("ap-blocked", needs=["ap-open"]),
            a_bead("ap-epic", kind="epic", needs=["ap-open"]),
            a_bead("ap-child", parent="ap-epic"),
            a_bead("ap-said", status="blocked"),
            a_bead("ap-later", status="deferred"),
            a_bead("ap-convoy", kind="convoy"),
            a_bead("ap-mine", status="in_progress", assignee="api/crew/max"),
            a_bead("ap-held", status="hooked", assignee=str(SLOT1)),
            a_bead("ap-review", status="in_progress", assignee=str(SLOT1)),
            "we-1",
            "hq-1",
        ],
        hooks=[a_hook(SLOT1, "ap-held")],
        merges=[a_merge("ap-review")],
    )


@pytest.mark.parametrize(("bead_id", "kind", "words"), REFUSALS)
def test_what_cannot_be_slung_is_refused_with_the_reason(bead_id: str, kind: type[GastownError], words: str) -> None:
    with pytest.raises(kind, match=words):
        hooks.hang(troubled_town(), wish(bead_id))


@pytest.mark.parametrize(
    "bead_id", ["ap-blocked", "ap-child", "ap-said", "ap-later", "ap-mine", "ap-held", "ap-review"]
)
def test_force_overrules_what_a_person_may_overrule(bead_id: str) -> None:
    town = troubled_town()
    now = after(town, hooks.hang(town, wish(bead_id, force=True)))
    hook = now.hook(SLOT0)
    assert hook is not None
    assert hook.bead_id == bead_id


@pytest.mark.parametrize(("bead_id", "kind"), [("ap-none", NotFound), ("ap-closed", Refused), ("ap-convoy", Refused)])
def test_force_does_not_overrule_what_makes_no_sense(bead_id: str, kind: type[GastownError]) -> None:
    with pytest.raises(kind):
        hooks.hang(troubled_town(), wish(bead_id, force=True))


def test_force_takes_a_held_bead_away_naming_the_assignment_it_takes() -> None:
    town = troubled_town()
    cleared, hung = facts(hooks.hang(town, wish("ap-held", force=True)))
    assert cleared == e.HookCleared(
        agent=SLOT1,
        previous_ref=BeadId("ap-held"),
        assignment_id=AssignmentId("asg-ap-held"),
        reason=f"slung to {SLOT0}",
    )
    assert isinstance(hung, e.HookSet)
    now = after(town, hooks.hang(town, wish("ap-held", force=True)))
    assert now.hook(SLOT1) is None
    assert now.bead("ap-held").assignee == SLOT0


def test_a_hook_that_holds_something_else_is_never_overwritten() -> None:
    for force in (False, True):
        with pytest.raises(Conflict, match="ap-held"):
            hooks.hang(troubled_town(), wish("ap-open", SLOT1, force=force))


@pytest.mark.parametrize(
    ("bead_id", "agent", "may"),
    [
        ("we-1", "api/polecats/slot0", False),
        ("we-1", "api/crew/max", False),
        ("hq-1", "api/polecats/slot0", False),
        ("hq-1", "api/crew/max", True),
        ("hq-1", "api/witness", True),
        ("we-1", "mayor", True),
        ("hq-1", "overseer", True),
    ],
)
def test_workers_take_the_work_of_their_own_rig(bead_id: str, agent: str, may: bool) -> None:
    town = troubled_town()
    if may:
        assert hooks.hang(town, wish(bead_id, Address(agent)))
    else:
        with pytest.raises(Refused, match="works for api"):
            hooks.hang(town, wish(bead_id, Address(agent), force=True))


def test_work_sent_back_by_the_refinery_may_hang_again() -> None:
    town = a_town(
        rigs={"api": "ap"},
        agents=[str(SLOT0), str(SLOT1)],
        beads=[a_bead("ap-1", status="in_progress", assignee=str(SLOT0))],
        merges=[a_merge("ap-1", "returned")],
    )
    assert hooks.hang(town, wish("ap-1", SLOT1))


# ---------------------------------------------------------------------------------------------- letting go


def test_letting_go_clears_the_agent_and_the_bead_in_one_fact() -> None:
    town = troubled_town()
    entries = hooks.release(town, hooks.Release(subject="ap-held"))
    assert len(entries) == 1
    now = after(town, entries)
    assert now.hook(SLOT1) is None
    assert now.bead("ap-held").status == "open"
    assert now.bead("ap-held").assignee is None


def test_a_worker_at_work_is_left_alone_unless_forced() -> None:
    town = a_town(
        rigs={"api": "ap"},
        agents=[an_agent(SLOT0, "working", bead_id="ap-1")],
        beads=[a_bead("ap-1", status="hooked")],
        hooks=[a_hook(SLOT0, "ap-1")],
    )
    with pytest.raises(Refused, match="at work on ap-1"):
        hooks.release(town, hooks.Release(subject="", agent=SLOT0))
    assert hooks.release(town, hooks.Release(subject="", agent=SLOT0, force=True))


def test_nothing_to_let_go_is_said_so() -> None:
    town = troubled_town()
    with pytest.raises(NotFound, match="ap-open hangs on no hook"):
        hooks.release(town, hooks.Release(subject="ap-open"))
    with pytest.raises(NotFound, match="nothing hangs on the hook of api/polecats/slot0"):
        hooks.release(town, hooks.Release(subject="", agent=SLOT0))


def test_a_sling_that_waits_for_room_can_be_taken_back() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-1"])
    queued = after(town, [e.Entry(e.DispatchQueued(bead_id=BeadId("ap-1"), target="api"), "api")])
    assert [each.bead_id for each in queued.dispatches()] == ["ap-1"]
    now = after(queued, hooks.release(queued, hooks.Release(subject="ap-1")))
    assert now.dispatches() == []


# ---------------------------------------------------------------------------------------------- fences and readings


def test_only_the_current_assignment_speaks_for_the_hook() -> None:
    town = troubled_town()
    assert hooks.current(town, SLOT1, "").bead_id == "ap-held"
    assert hooks.current(town, SLOT1, "asg-ap-held").bead_id == "ap-held"
    with pytest.raises(Conflict, match="asg-older of api/polecats/slot1 is no longer current"):
        hooks.current(town, SLOT1, "asg-older")
    with pytest.raises(Conflict, match="nothing hangs there now"):
        hooks.current(town, SLOT0, "asg-older")
    with pytest.raises(Refused, match="nothing hangs on the hook"):
        hooks.current(town, SLOT0, "")


def test_interrupted_work_is_what_is_in_progress_for_an_agent_and_was_never_exited() -> None:
    town = troubled_town()
    assert hooks.interrupted(town, SLOT0) is None
    found = hooks.interrupted(town, Address("api/crew/max"))
    assert found is not None
    assert found.id == "ap-mine"
    exited = e.WorkExited(
        agent=Address("api/crew/max"), bead_id=BeadId("ap-mine"), assignment_id=AssignmentId("a"), exit="COMPLETED"
    )
    assert hooks.interrupted(after(town, [e.Entry(exited, "api")]), Address("api/crew/max")) is None


def test_an_open_epic_blocks_none_of_its_pieces() -> None:
    town = a_town(rigs={"api": "ap"}, beads=[a_bead("ap-e", kind="epic"), a_bead("ap-e.1", parent="ap-e")])
    assert hooks.waits_for(town, town.bead("ap-e.1")) == ()


def test_what_a_parent_waits_for_its_pieces_wait_for_too() -> None:
    town = troubled_town()
    assert hooks.waits_for(town, town.bead("ap-child")) == ("ap-open",)
    assert hooks.waits_for(town, town.bead("ap-open")) == ()
