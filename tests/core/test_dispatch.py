"""Whom a sling means, which worker takes it, and what waits for room."""

from __future__ import annotations

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, NotFound, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId, RigName
from gastown_tui.core.model.settings import RigSettings, Settings
from gastown_tui.core.model.town import MergeRequest
from gastown_tui.core.rules import dispatch
from tests.towns import a_bead, a_convoy, a_hook, a_rig, a_town, after, ago, an_agent

API = RigName("api")


def request(*bead_ids: str, target: str = "", asker: str = "mayor", **options: object) -> dispatch.Request:
    settings: dict[str, object] = {"bead_ids": bead_ids, "target": target, "asker": Address(asker), **options}
    return dispatch.Request(**settings)  # type: ignore[arg-type]


def draws(count: int = 9) -> dispatch.Draws:
    return dispatch.Draws(
        assignments=tuple(AssignmentId(f"asg-{number}") for number in range(count)), nonces=tuple(range(count))
    )


def slung(town: Town, asked: dispatch.Request) -> dict[str, str]:
    """Who got which bead."""
    entries = dispatch.sling(town, asked, draws())
    return {entry.fact.ref_id: entry.fact.agent for entry in entries if isinstance(entry.fact, e.HookSet)}


def waiting(town: Town, asked: dispatch.Request) -> dict[str, str]:
    """What waits, and why."""
    entries = dispatch.sling(town, asked, draws())
    return {entry.fact.bead_id: entry.fact.reason for entry in entries if isinstance(entry.fact, e.DispatchQueued)}


def with_capacity(count: int, names: tuple[str, ...] = ()) -> Settings:
    return Settings(rigs={API: RigSettings(capacity=count, names=names)})


def a_merge(worker: str, bead_id: str, state: str = "queued") -> MergeRequest:
    return MergeRequest(
        id=BeadId(f"ap-mr{bead_id[-1]}"),
        bead_id=BeadId(bead_id),
        branch=f"polecat/{worker.rpartition('/')[2]}/{bead_id}",
        target="main",
        commit="c" * 40,
        worker=Address(worker),
        assignment_id=AssignmentId("asg-old"),
        state=state,
        queued_at=ago(minutes=5),
        since=ago(minutes=5),
    )


# ---------------------------------------------------------------------------------------------- aiming


@pytest.mark.parametrize(
    ("typed", "rig", "agent"),
    [
        ("api", "api", None),
        ("api/", "api", None),
        ("", None, "mayor"),
        (".", None, "mayor"),
        ("mayor", None, "mayor"),
        ("api/crew/max", None, "api/crew/max"),
        ("api/max", None, "api/crew/max"),
        ("max", None, "api/crew/max"),
        ("api/polecats/slot7", None, "api/polecats/slot7"),
        ("api/polecats/frontend", None, "api/polecats/frontend"),
        ("api/slot0", None, "api/polecats/slot0"),
        ("api/witness", None, "api/witness"),
        ("overseer", None, "overseer"),
    ],
)
def test_a_target_means_a_rig_or_one_agent(typed: str, rig: str | None, agent: str | None) -> None:
    town = a_town(rigs={"api": "ap", "web": "we"}, agents=["api/crew/max"])
    aim = dispatch.aimed(town, typed, asker=Address("mayor"))
    assert (aim.rig, aim.agent) == (rig, agent)


@pytest.mark.parametrize("typed", ["nobody", "api/nobody", "none/polecats/slot0", "api/crew/nobody"])
def test_a_target_nobody_answers_to_is_not_found(typed: str) -> None:
    with pytest.raises(NotFound):
        dispatch.aimed(a_town(rigs={"api": "ap"}), typed, asker=Address("mayor"))


@pytest.mark.parametrize("typed", ["api/polecats/../x", "api/polecats/-x", "a:b", "-x"])
def test_a_target_that_could_be_a_path_or_an_option_is_no_target(typed: str) -> None:
    with pytest.raises((BadInput, NotFound)):
        dispatch.aimed(a_town(rigs={"api": "ap"}), typed, asker=Address("mayor"))


@pytest.mark.parametrize(
    ("words", "beads", "target"),
    [
        (("ap-1",), ("ap-1",), ""),
        (("ap-1", "api"), ("ap-1",), "api"),
        (("ap-1", "ap-2"), ("ap-1", "ap-2"), ""),
        (("ap-1", "ap-2", "api"), ("ap-1", "ap-2"), "api"),
        (("ap-1", "."), ("ap-1",), "."),
        (("nothing",), ("nothing",), ""),
    ],
)
def test_the_last_of_several_words_is_the_target_unless_it_is_a_bead(
    words: tuple[str, ...], beads: tuple[str, ...], target: str
) -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-1", "ap-2"])
    assert dispatch.split_target(town, words) == (beads, target)


# ---------------------------------------------------------------------------------------------- workers of a rig


def test_a_rig_without_workers_makes_its_first_slot() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-1"])
    assert slung(town, request("ap-1", target="api")) == {"ap-1": "api/polecats/slot0"}


def test_several_beads_go_to_as_many_workers() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-1", "ap-2", "ap-3"])
    assert slung(town, request("ap-1", "ap-2", "ap-3", target="api")) == {
        "ap-1": "api/polecats/slot0",
        "ap-2": "api/polecats/slot1",
        "ap-3": "api/polecats/slot2",
    }


def test_the_same_bead_twice_is_slung_once() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-1"])
    assert len(slung(town, request("ap-1", "ap-1", target="api"))) == 1


def test_an_idle_worker_is_taken_before_a_new_one_is_made() -> None:
    town = a_town(
        rigs={"api": "ap"},
        beads=[a_bead("ap-1", status="hooked"), "ap-2"],
        agents=["api/polecats/slot0", "api/polecats/slot1"],
        hooks=[a_hook("api/polecats/slot0", "ap-1")],
    )
    assert slung(town, request("ap-2", target="api")) == {"ap-2": "api/polecats/slot1"}


def test_a_worker_whose_branch_waits_to_be_merged_keeps_its_worktree() -> None:
    town = a_town(
        rigs={"api": "ap"},
        beads=[a_bead("ap-1", status="in_progress", assignee="api/polecats/slot0"), "ap-2"],
        agents=[an_agent("api/polecats/slot0", worktree="/w", branch="polecat/slot0/ap-1")],
        merges=[a_merge("api/polecats/slot0", "ap-1")],
    )
    assert slung(town, request("ap-2", target="api")) == {"ap-2": "api/polecats/slot1"}


def test_a_worker_whose_work_is_merged_takes_new_work() -> None:
    town = a_town(
        rigs={"api": "ap"},
        beads=[a_bead("ap-1", status="closed"), "ap-2"],
        agents=[an_agent("api/polecats/slot0", worktree="/w", branch="polecat/slot0/ap-1")],
        merges=[a_merge("api/polecats/slot0", "ap-1", "merged")],
    )
    assert slung(town, request("ap-2", target="api")) == {"ap-2": "api/polecats/slot0"}


def test_unfinished_work_in_a_worktree_is_not_pushed_aside_for_other_work() -> None:
    town = a_town(
        rigs={"api": "ap"},
        beads=["ap-1", "ap-2"],
        agents=[an_agent("api/polecats/slot0", worktree="/w", branch="polecat/slot0/ap-1")],
    )
    assert slung(town, request("ap-2", target="api")) == {"ap-2": "api/polecats/slot1"}
    assert slung(town, request("ap-1", target="api")) == {"ap-1": "api/polecats/slot0"}


def test_a_pool_of_names_is_used_in_its_order_and_slots_come_after_it() -> None:
    town = a_town(
        rigs={"api": "ap"}, beads=["ap-1", "ap-2", "ap-3"], settings=with_capacity(5, ("frontend", "testing"))
    )
    assert slung(town, request("ap-1", "ap-2", "ap-3", target="api")) == {
        "ap-1": "api/polecats/frontend",
        "ap-2": "api/polecats/testing",
        "ap-3": "api/polecats/slot0",
    }


def test_slinging_to_the_rig_that_has_it_changes_nothing() -> None:
    town = a_town(
        rigs={"api": "ap"},
        beads=[a_bead("ap-1", status="hooked")],
        agents=["api/polecats/slot3"],
        hooks=[a_hook("api/polecats/slot3", "ap-1")],
    )
    assert dispatch.sling(town, request("ap-1", target="api"), draws()) == ()
    with pytest.raises(Conflict):
        dispatch.sling(town, request("ap-1", target="api/polecats/slot0"), draws())


def test_several_beads_for_one_hook_are_refused() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-1", "ap-2"])
    with pytest.raises(BadInput, match="holds one bead"):
        dispatch.sling(town, request("ap-1", "ap-2", target="api/polecats/slot0"), draws())


def test_one_bad_bead_among_several_means_that_none_is_slung() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-1", a_bead("ap-2", status="closed")])
    with pytest.raises(Refused, match="ap-2 is closed"):
        dispatch.sling(town, request("ap-1", "ap-2", target="api"), draws())


def test_a_bead_of_another_rig_is_refused_before_a_worker_is_made() -> None:
    town = a_town(rigs={"api": "ap", "web": "we"}, beads=["we-1"])
    with pytest.raises(Refused, match="belongs to rig web"):
        dispatch.sling(town, request("we-1", target="api"), draws())


def test_an_epic_for_a_rig_means_its_pieces_and_those_that_wait_for_others_stand_in_line() -> None:
    town = a_town(
        rigs={"api": "ap"},
        beads=[
            a_bead("ap-e", kind="epic"),
            a_bead("ap-e.1", parent="ap-e"),
            a_bead("ap-e.2", parent="ap-e", needs=["ap-e.1"]),
            a_bead("ap-e.3", parent="ap-e", status="closed"),
            a_bead("ap-e.4", parent="ap-e"),
        ],
    )
    assert set(slung(town, request("ap-e", target="api"))) == {"ap-e.1", "ap-e.4"}
    assert waiting(town, request("ap-e", target="api")) == {"ap-e.2": "it waits for ap-e.1"}
    assert dispatch.beads_meant(town, request("ap-e", target="api")) == 3
    assert dispatch.beads_meant(town, request("ap-e", target="api", with_line=False)) == 2


# ---------------------------------------------------------------------------------------------- convoys


def test_untracked_work_gets_a_convoy_of_its_own() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-1", "ap-2"])
    now = after(town, dispatch.sling(town, request("ap-1", "ap-2", target="api"), draws()))
    tracked = [edge.depends_on_id for convoy in now.convoys() for edge in convoy.needs]
    assert sorted(tracked) == ["ap-1", "ap-2"]


def test_tracked_work_gets_none() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-1", a_convoy("hq-cv-1", "ap-1")])
    now = after(town, dispatch.sling(town, request("ap-1", target="api"), draws()))
    assert [convoy.id for convoy in now.convoys()] == ["hq-cv-1"]


def test_no_convoy_means_none() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-1"])
    now = after(town, dispatch.sling(town, request("ap-1", target="api", with_convoy=False), draws()))
    assert now.convoys() == []


# ---------------------------------------------------------------------------------------------- waiting


def full_town(capacity: int = 1) -> Town:
    return a_town(
        rigs={"api": "ap"},
        settings=with_capacity(capacity),
        beads=[a_bead("ap-1", status="hooked"), "ap-2", "ap-3"],
        agents=["api/polecats/slot0"],
        hooks=[a_hook("api/polecats/slot0", "ap-1")],
    )


def test_beyond_its_capacity_a_rig_lets_work_wait_and_says_so() -> None:
    assert waiting(full_town(), request("ap-2", target="api")) == {"ap-2": "all 1 places of api are taken"}


def test_capacity_counts_work_given_in_the_same_breath() -> None:
    town, asked = full_town(2), request("ap-2", "ap-3", target="api")
    assert list(slung(town, asked)) == ["ap-2"]
    assert list(waiting(town, asked)) == ["ap-3"]


def test_a_paused_rig_lets_work_wait() -> None:
    town = a_town(rigs=[a_rig("api", "ap", paused="release day")], beads=["ap-1"])
    assert waiting(town, request("ap-1", target="api")) == {"ap-1": "api is paused: release day"}


def test_crew_and_the_mayor_need_no_room() -> None:
    town = full_town()
    assert slung(town, request("ap-2", target="mayor")) == {"ap-2": "mayor"}


def test_asking_twice_for_room_keeps_the_place_in_line() -> None:
    town = full_town()
    now = after(town, dispatch.sling(town, request("ap-2", target="api"), draws()))
    assert dispatch.sling(now, request("ap-2", target="api"), draws()) == ()


def test_waiting_work_is_due_once_there_is_room_first_come_first_served() -> None:
    town = full_town()
    for number, bead_id in enumerate(("ap-2", "ap-3")):
        entries = dispatch.sling(town, request(bead_id, target="api"), draws())
        town = after(town, entries, at=ago(minutes=5 - number))
    assert dispatch.due(town) == []
    done = e.HookCleared(
        agent=Address("api/polecats/slot0"), previous_ref=BeadId("ap-1"), assignment_id=AssignmentId("asg-ap-1")
    )
    town = after(town, [e.Entry(done, "api")])
    assert [each.bead_id for each in dispatch.due(town)] == ["ap-2"]


def test_work_for_one_worker_waits_until_that_worker_is_free() -> None:
    town = full_town(2)
    queued = e.DispatchQueued(bead_id=BeadId("ap-2"), target="api/polecats/slot0")
    town = after(town, [e.Entry(queued, "api")])
    assert dispatch.due(town) == []


def test_waiting_work_that_became_blocked_stays_in_line_and_lets_others_pass() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-0", a_bead("ap-1", needs=["ap-0"]), "ap-2"])
    for bead_id in ("ap-1", "ap-2"):
        town = after(town, [e.Entry(e.DispatchQueued(bead_id=BeadId(bead_id), target="api"), "api")])
    assert [each.bead_id for each in dispatch.due(town)] == ["ap-2"]


def blocked_town() -> Town:
    return a_town(rigs={"api": "ap", "web": "we"}, beads=["ap-0", a_bead("ap-1", needs=["ap-0"])])


@pytest.mark.parametrize("target", ["api", "api/polecats/nux"])
def test_blocked_work_waits_in_line_and_begins_once_nothing_blocks_it(target: str) -> None:
    town = blocked_town()
    entries = dispatch.sling(town, request("ap-1", target=target), draws())
    assert waiting(town, request("ap-1", target=target)) == {"ap-1": "it waits for ap-0"}
    town = after(town, entries)
    assert [convoy.title for convoy in town.convoys()] == ["Work: Bead ap-1"] and dispatch.due(town) == []
    assert dispatch.sling(town, request("ap-1", target=target), draws()) == (), "it keeps its place"
    town = after(town, [e.Entry(e.BeadClosed(bead_id=BeadId("ap-0")), "api")])
    assert [each.target for each in dispatch.due(town)] == [target]


def test_why_work_waits_is_told_as_things_are_now() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-0", a_bead("ap-1", needs=["ap-0"])], settings=with_capacity(1))
    town = after(town, dispatch.sling(town, request("ap-1", target="api"), draws()))
    [waits] = town.dispatches()
    assert dispatch.why_waits(town, waits) == "it waits for ap-0"
    town = after(town, dispatch.sling(town, request("ap-0", target="api"), draws()))
    town = after(town, [e.Entry(e.BeadClosed(bead_id=BeadId("ap-0")), "api")])
    assert dispatch.why_waits(town, waits) == "all 1 places of api are taken"


def test_blocked_work_is_refused_where_it_may_not_wait() -> None:
    town = blocked_town()
    for more in ({"target": "api", "with_line": False}, {"target": "mayor"}, {"target": "api/crew/max"}):
        with pytest.raises((Refused, NotFound)):
            dispatch.sling(town, request("ap-1", **more), draws())
    with pytest.raises(Refused, match="belongs to rig api"):
        dispatch.sling(town, request("ap-1", target="web"), draws())
    assert slung(town, request("ap-1", target="api", force=True)) == {"ap-1": "api/polecats/slot0"}


@pytest.mark.parametrize("status", ["deferred", "blocked", "closed"])
def test_what_somebody_put_off_does_not_wait_in_line(status: str) -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-0", a_bead("ap-1", needs=["ap-0"], status=status)])
    with pytest.raises(Refused):
        dispatch.sling(town, request("ap-1", target="api"), draws())


def test_waiting_work_that_was_closed_is_hopeless() -> None:
    town = a_town(rigs={"api": "ap"}, beads=[a_bead("ap-1", status="closed")])
    town = after(town, [e.Entry(e.DispatchQueued(bead_id=BeadId("ap-1"), target="api"), "api")])
    assert [(each.bead_id, why) for each, why in dispatch.hopeless(town)] == [("ap-1", "the bead is closed")]


def test_taking_work_up_takes_it_out_of_the_line() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-1"])
    town = after(town, [e.Entry(e.DispatchQueued(bead_id=BeadId("ap-1"), target="api"), "api")])
    town = after(town, dispatch.sling(town, request("ap-1", target="api"), draws()))
    assert town.dispatches() == []


def test_a_branch_tells_its_bead_and_no_two_agents_share_one() -> None:
    one = dispatch.branch_of(Address("api/polecats/max"), "ap-1")
    other = dispatch.branch_of(Address("api/crew/max"), "ap-1")
    assert one == "polecat/max/ap-1"
    assert one != other
    assert dispatch.branch_bead(one) == dispatch.branch_bead(other) == "ap-1"
