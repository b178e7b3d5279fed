"""The merge queue as a table: whose turn it is, and what every outcome does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.errors import Conflict, NotFound, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId, EscalationId, MailId, RigName
from gastown_tui.core.model.outside import MergeTrial, Run, RunOutcome, TrialOutcome
from gastown_tui.core.model.settings import RigSettings
from gastown_tui.core.model.times import stamp
from gastown_tui.core.model.town import MergeRequest
from gastown_tui.core.rules import merging
from tests.towns import NOW, a_bead, a_hook, a_rig, a_town, after, ago, an_agent, facts

API = RigName("api")
NUX = Address("api/polecats/nux")
IDS = merging.Ids(assignment=AssignmentId("asg-9"), mail=MailId("msg-9"), escalation=EscalationId("esc-9"))
RULES = RigSettings(gate="make test", merge_retries=3)
BUILT = MergeTrial(outcome=TrialOutcome.MERGED, commit="m" * 40, tree="t" * 40, base="b" * 40)


def request(number: int = 1, state: str = "queued", **more: Any) -> MergeRequest:
    record: dict[str, Any] = {"queued_at": ago(minutes=10 - number), "since": ago(minutes=10 - number)} | more
    return MergeRequest(
        id=BeadId(f"ap-mr{number}"),
        bead_id=BeadId(f"ap-{number}"),
        branch=f"polecat/nux/ap-{number}",
        target="main",
        commit="c" * 40,
        worker=NUX,
        assignment_id=AssignmentId("asg-1"),
        state=state,
        **record,
    )


def a_queue(*requests: MergeRequest, hooked: str = "", paused: str = "", bead_status: str = "in_progress") -> Town:
    beads = [a_bead(each.bead_id, status=bead_status, assignee=NUX) for each in requests]
    papers = [a_bead(each.id, kind="merge-request") for each in requests]
    return a_town(
        rigs=[a_rig("api", "ap", paused=paused)],
        beads=[*beads, *papers, a_bead("ap-other", status="hooked")],
        agents=[an_agent(NUX, "stopped", bead_id="ap-1", starts=2)],
        merges=requests,
        hooks=[a_hook(NUX, hooked)] if hooked else [],
    )


def ran(outcome: RunOutcome, code: int, tail: str = "", reason: str = "") -> Run:
    return Run(outcome=outcome, code=code, duration_s=1.5, tail=tail, reason=reason)


# ---------------------------------------------------------------------------------------------- whose turn


TURNS: list[tuple[str, list[MergeRequest], str]] = [
    ("nothing waits", [], ""),
    ("first come, first served", [request(2), request(1)], "ap-mr1"),
    ("a higher priority goes first", [request(1), request(2, priority=0)], "ap-mr2"),
    ("what a dead refinery left goes first of all", [request(1, priority=0), request(2, "running")], "ap-mr2"),
    ("held ones are passed over", [request(1, "held"), request(2)], "ap-mr2"),
    ("returned ones wait for their worker", [request(1, "returned"), request(2)], "ap-mr2"),
    ("merged ones are over", [request(1, "merged"), request(2, "rejected")], ""),
    (
        "long waiting lifts",
        [request(1, priority=1, queued_at=ago(minutes=5)), request(2, priority=3, queued_at=ago(hours=2))],
        "ap-mr2",
    ),
    (
        "trouble a moment ago lets others pass",
        [request(1, detail="infrastructure: no make", attempts=1, since=ago(seconds=1)), request(2)],
        "ap-mr2",
    ),
    ("trouble long ago is tried again", [request(1, detail="infrastructure: no make", attempts=1)], "ap-mr1"),
    ("a moved target is tried again at once", [request(1, detail="moved: main", since=ago(seconds=0))], "ap-mr1"),
]


@pytest.mark.parametrize(("requests", "taken"), [row[1:] for row in TURNS], ids=[row[0] for row in TURNS])
def test_the_next_turn(requests: list[MergeRequest], taken: str) -> None:
    turn = merging.next_turn(a_queue(*requests), API, NOW)
    assert (turn.request.id if turn.request else "") == taken
    assert turn.request is not None or turn.reason


def test_a_paused_rig_merges_nothing_and_says_why() -> None:
    turn = merging.next_turn(a_queue(request(), paused="release day"), API, NOW)
    assert turn.request is None
    assert turn.reason == "rig paused: release day"


def test_after_trouble_the_reason_and_the_wait_are_told() -> None:
    waits = request(1, detail="infrastructure: no make", attempts=3, since=ago(seconds=1))
    turn = merging.next_turn(a_queue(waits), API, NOW)
    assert turn.request is None
    assert turn.reason == "next try in 40s: infrastructure: no make"


@given(st.integers(0, 4), st.integers(0, 60))
def test_nothing_waits_for_ever(priority: int, rivals_after: int) -> None:
    old = request(1, priority=priority, queued_at=ago(minutes=30 * priority + 2))
    rivals = [request(2 + n, priority=0, queued_at=stamp(NOW - timedelta(seconds=n))) for n in range(rivals_after)]
    assert merging.next_turn(a_queue(old, *rivals), API, NOW).request == old


# ---------------------------------------------------------------------------------------------- the gate


def states(town: Town, *entries: e.Entry) -> tuple[str, str, str]:
    """State of the request, of its bead, and what hangs on the worker's hook, once recorded."""
    later = after(town, entries)
    hook = later.hook(NUX)
    return merging.find(later, "ap-mr1")[1].state, later.bead("ap-1").state, hook.bead_id if hook else ""


GATES: list[tuple[str, Run | None, dict[str, Any], tuple[str, str, str]]] = [
    ("passed", ran(RunOutcome.PASS, 0), {}, ("running", "in_progress", "")),
    ("no gate at all", None, {}, ("running", "in_progress", "")),
    ("failed", ran(RunOutcome.FAIL, 1, "2 failed"), {}, ("returned", "hooked", "ap-1")),
    ("failed a third time", ran(RunOutcome.FAIL, 1), {"strikes": 2}, ("held", "in_progress", "")),
    ("never judged", ran(RunOutcome.INFRASTRUCTURE, 127, reason="make is missing"), {}, ("queued", "in_progress", "")),
    (
        "never judged for the third time",
        ran(RunOutcome.INFRASTRUCTURE, 124), {"attempts": 2}, ("held", "in_progress", ""),
    ),
    (
        "never judged after two strikes",
        ran(RunOutcome.INFRASTRUCTURE, 124), {"strikes": 2}, ("queued", "in_progress", ""),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("run", "before", "expected"), [row[1:] for row in GATES], ids=[row[0] for row in GATES])
def test_what_a_gate_leads_to(run: Run | None, before: dict[str, Any], expected: tuple[str, str, str]) -> None:
    taken = request(1, "running", **before)
    town = a_queue(taken)
    entries = merging.gated(town, taken, BUILT, run, "make test", RULES, IDS)
    assert states(town, *entries) == expected
    first = entries[0].fact
    assert isinstance(first, e.MergeGated)
    assert (first.commit, first.tree) == (BUILT.commit, BUILT.tree)
    assert first.outcome == ("ungated" if run is None else run.outcome)


@pytest.mark.parametrize("run", [row[1] for row in GATES if row[0] != "passed" and row[1] is not None])
def test_only_a_passed_or_absent_gate_lets_anything_land(run: Run) -> None:
    taken = request(1, "running")
    town = a_queue(taken)
    later = after(town, merging.gated(town, taken, BUILT, run, "make test", RULES, IDS))
    assert not merging.has_judged_commit(merging.find(later, "ap-mr1")[1])


def test_an_infrastructure_failure_blames_nobody() -> None:
    taken = request(1, "running")
    town = a_queue(taken)
    run = ran(RunOutcome.INFRASTRUCTURE, 127, reason="make is missing")
    kinds = {type(fact) for fact in facts(merging.gated(town, taken, BUILT, run, "make test", RULES, IDS))}
    assert kinds == {e.MergeGated, e.MergeFailed}


# ---------------------------------------------------------------------------------------------- back to the worker


def test_a_conflict_hangs_the_same_bead_on_the_same_worker_with_what_to_do() -> None:
    taken = request(1, "running")
    town = a_queue(taken)
    entries = merging.returned(town, taken, "conflict", "a.py, b.py", RULES, IDS)
    hook = after(town, entries).hook(NUX)
    assert hook is not None
    assert (hook.bead_id, hook.assignment_id, hook.dispatcher) == ("ap-1", "asg-9", "api/refinery")
    assert "a.py, b.py" in hook.args and "origin/main" in hook.args
    mail = next(fact for fact in facts(entries) if isinstance(fact, e.MailSent))
    assert (mail.to, mail.message_type, mail.bead_id) == ((NUX,), "task", "ap-1")


def test_rework_is_no_restart() -> None:
    taken = request(1, "running")
    town = a_queue(taken)
    later = after(town, merging.returned(town, taken, "conflict", "a.py", RULES, IDS))
    agent = later.agent(NUX)
    assert agent is not None and agent.starts == 0


def test_a_busy_worker_gets_its_rework_in_turn() -> None:
    taken = request(1, "running")
    town = a_queue(taken, hooked="ap-other")
    later = after(town, merging.returned(town, taken, "conflict", "a.py", RULES, IDS))
    hook = later.hook(NUX)
    assert hook is not None and hook.bead_id == "ap-other"
    assert [(each.bead_id, each.target) for each in later.dispatches()] == [("ap-1", NUX)]


def test_a_third_return_asks_a_person_instead() -> None:
    taken = request(1, "running", strikes=2)
    town = a_queue(taken)
    later = after(town, merging.returned(town, taken, "conflict", "a.py", RULES, IDS))
    assert merging.find(later, "ap-mr1")[1].state == "held"
    assert later.hook(NUX) is None
    assert [each.key for each in later.own.registers.escalations.values()] == ["merge:ap-mr1"]


def test_a_closed_bead_is_not_hung_again() -> None:
    taken = request(1, "running")
    town = a_queue(taken, bead_status="closed")
    later = after(town, merging.returned(town, taken, "conflict", "a.py", RULES, IDS))
    assert later.hook(NUX) is None
    assert merging.find(later, "ap-mr1")[1].state == "held"


@pytest.mark.parametrize(
    "change", [{"state": "held"}, {"state": "rejected"}, {"state": "merged"}, {"commit": "d" * 40}]
)
def test_a_request_that_changed_meanwhile_is_left_alone(change: dict[str, str]) -> None:
    taken = request(1, "running")
    town = a_queue(replace(taken, **change))
    with pytest.raises(Conflict):
        merging.gated(town, taken, BUILT, ran(RunOutcome.PASS, 0), "make test", RULES, IDS)
    with pytest.raises(Conflict):
        merging.returned(town, taken, "conflict", "a.py", RULES, IDS)


# ---------------------------------------------------------------------------------------------- in


def test_a_merge_closes_request_and_bead_in_one_transaction() -> None:
    town = a_queue(request(1, "running"))
    entries = merging.merged(town, BeadId("ap-mr1"), BUILT.commit, BUILT.tree)
    later = after(town, entries)
    assert [type(fact) for fact in facts(entries)] == [e.MergeMerged, e.BeadClosed, e.BeadClosed]
    assert later.bead("ap-1").is_closed and later.bead("ap-mr1").is_closed
    assert {entry.ledger for entry in entries} == {"api"}


def test_recording_a_merge_twice_records_it_once() -> None:
    town = a_queue(request(1, "running"))
    later = after(town, merging.merged(town, BeadId("ap-mr1"), BUILT.commit, BUILT.tree))
    assert merging.merged(later, BeadId("ap-mr1"), BUILT.commit, BUILT.tree) == ()


def test_whoever_holds_the_bead_of_a_merge_is_let_go() -> None:
    town = a_queue(request(1, "running"), hooked="ap-1")
    later = after(town, merging.merged(town, BeadId("ap-mr1"), BUILT.commit, BUILT.tree))
    assert later.hook(NUX) is None
    assert later.bead("ap-1").is_closed


def test_a_judged_commit_is_remembered_until_it_is_recorded_as_landed() -> None:
    taken = request(1, "running")
    town = a_queue(taken)
    later = after(town, merging.gated(town, taken, BUILT, ran(RunOutcome.PASS, 0), "make test", RULES, IDS))
    assert merging.has_judged_commit(merging.find(later, "ap-mr1")[1])
    again = after(later, merging.started(later, BeadId("ap-mr1"), "b"))
    assert not merging.has_judged_commit(merging.find(again, "ap-mr1")[1])


# ---------------------------------------------------------------------------------------------- people's acts


ACTS = {
    "retry": lambda town: merging.retry(town, "ap-mr1"),
    "hold": lambda town: merging.hold(town, "ap-mr1", "wait"),
    "release": lambda town: merging.release(town, "ap-mr1"),
    "reject": lambda town: merging.reject(town, "ap-mr1", "no", MailId("msg-1"), "overseer"),
}
LANDING: dict[str, Any] = {"gate": "pass", "merge_commit": "m" * 40}
DEEDS: list[tuple[str, str, dict[str, Any], str | type[Exception]]] = [
    ("retry", "queued", {}, Refused),
    ("retry", "queued", {"detail": "infrastructure: x"}, "queued"),
    ("retry", "held", {}, "queued"),
    ("retry", "returned", {}, "queued"),
    ("retry", "merged", {}, Refused),
    ("hold", "queued", {}, "held"),
    ("hold", "returned", {}, "held"),
    ("hold", "held", {}, Refused),
    ("hold", "running", {}, "held"),
    ("hold", "running", LANDING, Conflict),
    ("hold", "rejected", {}, Refused),
    ("release", "held", {}, "queued"),
    ("release", "queued", {}, Refused),
    ("reject", "queued", {}, "rejected"),
    ("reject", "held", {}, "rejected"),
    ("reject", "running", LANDING, Conflict),
    ("reject", "rejected", {}, Refused),
]


@pytest.mark.parametrize(
    ("act", "state", "more", "expected"), DEEDS, ids=[f"{row[0]} when {row[1]} {row[2]}" for row in DEEDS]
)
def test_what_people_may_do(act: str, state: str, more: dict[str, Any], expected: str | type[Exception]) -> None:
    town = a_queue(request(1, state, **more))
    if isinstance(expected, str):
        assert merging.find(after(town, ACTS[act](town)), "ap-mr1")[1].state == expected
        return
    with pytest.raises(expected):
        ACTS[act](town)


def test_a_rejected_request_gives_its_bead_back() -> None:
    town = a_queue(request(1))
    later = after(town, merging.reject(town, "ap-mr1", "not wanted", MailId("msg-1"), "overseer"))
    assert later.bead("ap-1").state == "open"
    assert later.bead("ap-mr1").is_closed
    assert later.mail("msg-1").to == (NUX,)


@pytest.mark.parametrize("word", ["ap-mr1", "ap-1", "polecat/nux/ap-1"])
def test_a_request_is_found_by_its_id_its_bead_or_its_branch(word: str) -> None:
    assert merging.find(a_queue(request(1)), word)[1].id == "ap-mr1"


def test_an_unknown_request_is_not_found() -> None:
    with pytest.raises(NotFound):
        merging.find(a_queue(request(1)), "ap-mr2")
