"""What the reconciler decides, as a table from facts to deeds and reasons; doing nothing has a reason too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.core import events as e
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import Address, BeadId, EscalationId, NudgeId, RigName
from gastown_tui.core.model.outside import SessionFact
from gastown_tui.core.model.settings import DaemonSettings, HealthSettings, RigSettings, Settings
from gastown_tui.core.model.town import Agent, MergeRequest
from gastown_tui.core.rules.health import Seen, judge
from gastown_tui.core.rules.reconcile import WAKES_AT_ONCE, Action, Deed, backoff, decide
from gastown_tui.core.views.needs import needs_you
from tests.towns import NOW, a_bead, a_convoy, a_hook, a_rig, a_town, after, ago, an_agent

NUX = "api/polecats/nux"
OURS = "asg-ap-1.1"
SETTINGS = Settings(
    health=HealthSettings(quiet_s=300, stuck_s=900, restart_limit=3, restart_backoff_s=2.0),
    rigs={RigName("api"): RigSettings(capacity=2)},
)


def session(still_s: float = 1, incarnation: str = OURS, name: str = "polecat-api-nux", **more: Any) -> SessionFact:
    values: dict[str, Any] = {"pid": 7, "dead": False, **more}
    return SessionFact(
        name=name, pane_id="%1", created=NOW, activity=NOW - timedelta(seconds=still_s), incarnation=incarnation,
        **values,
    )  # fmt: skip


def seen(*sessions: SessionFact) -> Seen:
    return Seen(sessions={each.name: each for each in sessions})


UNKNOWN = Seen(sessions=None, trouble="tmux timed out")


def worker(state: str = "working", since_s: float = 5, **more: Any) -> Agent:
    values: dict[str, Any] = {"bead_id": "ap-1", "starts": 1, "session": "polecat-api-nux", "incarnation": OURS}
    return an_agent(NUX, state, since=ago(seconds=since_s), **(values | more))


def ended(since_s: float = 600, starts: int = 1, state: str = "stopped") -> Agent:
    return worker(state, since_s, session="", starts=starts, note="its session is gone")


def merge(state: str) -> MergeRequest:
    hook = a_hook(NUX, "ap-1")
    return MergeRequest(
        id=BeadId("ap-mr1"), bead_id=BeadId("ap-1"), branch="polecat/nux/ap-1", target="main", commit="c",
        worker=Address(NUX), assignment_id=hook.assignment_id, state=state, queued_at=ago(minutes=1),
        since=ago(minutes=1),
    )  # fmt: skip


def a_case(
    agent: Agent | None = None,
    *,
    hooked: bool = True,
    status: str = "hooked",
    closed_s: float = 1,
    running: bool = True,
    paused: str = "",
    merges: tuple[MergeRequest, ...] = (),
    settings: Settings = SETTINGS,
    hooked_s: float = 1200,
    spoke_s: float | None = 1,
) -> Town:
    closed_at = ago(seconds=closed_s) if status == "closed" else None
    town = a_town(
        rigs=[a_rig("api", "ap", paused=paused)],
        beads=[a_bead("ap-1", status=status, closed_at=closed_at, assignee=NUX)],
        agents=[agent] if agent else [],
        hooks=[a_hook(NUX, "ap-1", since=ago(seconds=hooked_s))] if hooked else [],
        merges=merges,
        settings=settings,
        is_running=running,
    )
    if spoke_s is not None:
        town.own.registers.seen[NUX] = ago(seconds=spoke_s)
    return town


def about(town: Town, look: Seen, subject: str = NUX) -> Action | None:
    found = [action for action in decide(town, look, NOW) if action.subject == subject]
    assert len(found) <= 1, found
    return found[0] if found else None


DONE: dict[str, Any] = {"hooked": False, "status": "closed"}
AT_REST = worker("idle", 60, worktree="/town/api/polecats/nux", branch="polecat/nux/ap-1")
GONE = worker("stopped", 60, worktree="/town/api/polecats/nux", branch="polecat/nux/ap-1", session="")

TABLE: list[tuple[str, Town, Seen, Deed | None, str]] = [
    ("at work", a_case(worker()), seen(session()), None, ""),
    ("hooked and never started", a_case(worker(bead_id="", session="")), seen(), Deed.WAKE, "ap-1 hangs on its hook"),
    ("hooked before it was registered", a_case(), seen(), Deed.WAKE, "ap-1 hangs on its hook"),
    ("its session vanished", a_case(worker()), seen(), Deed.NOTE_END, "its session is gone"),
    (
        "its program died",
        a_case(worker()), seen(session(dead=True, exit_status=137)), Deed.NOTE_END, "its program ended with code 137",
    ),
    ("ended a moment ago", a_case(ended(1)), seen(), Deed.WAIT, "restarts in 2s: its session is gone"),
    ("ended long enough ago", a_case(ended(3)), seen(), Deed.WAKE, "restart 1: its session is gone"),
    ("ended twice", a_case(ended(3, starts=2)), seen(), Deed.WAIT, "restarts in 2s: its session is gone"),
    (
        "ended three times",
        a_case(ended(starts=3)), seen(), Deed.GIVE_UP,
        "3 sessions ended with ap-1 on the hook, the last: its session is gone",
    ),
    ("given up", a_case(ended(5, 3, "stuck")), seen(), Deed.WAIT, "left for a person: its session is gone"),
    (
        "given up before, hooked anew",
        a_case(worker("stuck", 600, bead_id="ap-9", session=""), hooked_s=1), seen(), Deed.WAKE,
        "ap-1 hangs on its hook",
    ),
    ("tmux gave no answer", a_case(worker()), UNKNOWN, Deed.WAIT, "its session is unknown: tmux timed out"),
    ("the rig is paused", a_case(ended(), paused="release"), seen(), Deed.WAIT, "api is paused: release"),
    (
        "a session the ledger missed",
        a_case(worker()), seen(session(incarnation="asg-ap-1.2")), Deed.WAKE, "its session runs but is not on record",
    ),
    (
        "its session of an earlier assignment lingers",
        a_case(worker(incarnation="asg-ap-0.1")), seen(session(incarnation="asg-ap-0.1")), Deed.WAKE,
        "its session was for earlier work",
    ),
    (
        "a stranger's session of its name",
        a_case(worker()), seen(session(incarnation="")), Deed.WAIT,
        "a session of its name runs that the town did not start",
    ),
    ("its bead was deleted", a_case(worker(), status="tombstone"), seen(session()), Deed.CLEAR_HOOK, "ap-1 is gone"),
    ("its bead was just closed", a_case(worker(), status="closed"), seen(session()), None, ""),
    (
        "its bead was closed long ago",
        a_case(worker(), status="closed", closed_s=90), seen(session()), Deed.CLEAR_HOOK, "ap-1 is closed",
    ),
    ("it was retired", a_case(worker("retired", session="")), seen(), Deed.CLEAR_HOOK, f"{NUX} is retired"),
    ("quiet, not for long", a_case(worker(since_s=200), spoke_s=200), seen(session(200)), None, ""),
    (
        "quiet",
        a_case(worker(since_s=400), spoke_s=400), seen(session(400)), Deed.RING, "quiet for 6m with ap-1 hooked",
    ),
    (
        "stuck",
        a_case(worker(since_s=1000), spoke_s=1000), seen(session(1000)), Deed.ESCALATE,
        "ap-1: no event for 16m and a still pane for 16m",
    ),
    (
        "stuck in a town without a witness",
        a_case(
            worker(since_s=1000), spoke_s=1000,
            settings=Settings(daemon=DaemonSettings(witness=False), health=SETTINGS.health),
        ),
        seen(session(1000)), None, "",
    ),
    (
        "just left",
        a_case(worker("idle", 2), spoke_s=2, **DONE), seen(session()), Deed.WAIT,
        "its hook is empty; it has 3s to end by itself",
    ),
    (
        "left, yet lingers",
        a_case(AT_REST, spoke_s=60, **DONE), seen(session()), Deed.END_SESSION, "nothing on its hook",
    ),
    ("a person's session", a_case(worker(bead_id=""), **DONE), seen(session()), None, ""),
    ("merged", a_case(GONE, merges=(merge("merged"),), **DONE), seen(), Deed.REMOVE_WORKTREE, "ap-mr1 is merged"),
    (
        "in the queue",
        a_case(GONE, merges=(merge("queued"),), hooked=False, status="in_progress"), seen(), Deed.WAIT,
        "its worktree stays: ap-mr1 is queued",
    ),
    (
        "blocked on the way",
        a_case(GONE, hooked=False, status="blocked"), seen(), Deed.WAIT, "its worktree stays: ap-1 is not finished",
    ),
    (
        "merged, but tmux gives no answer",
        a_case(GONE, merges=(merge("merged"),), **DONE), UNKNOWN, Deed.WAIT, "its worktree stays: tmux timed out",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("town", "look", "deed", "reason"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_an_agent_gets_what_it_lacks(town: Town, look: Seen, deed: Deed | None, reason: str) -> None:
    action = about(town, look)
    assert (action.kind if action else None) == deed
    assert (action.reason if action else "") == reason


def test_a_town_at_rest_is_left_alone() -> None:
    assert [(each.kind, each.reason) for each in decide(a_case(running=False), seen(), NOW)] == [
        (Deed.WAIT, "the town rests")
    ]


def test_every_decision_has_a_reason() -> None:
    actions = [action for _, town, look, _, _ in TABLE for action in decide(town, look, NOW)]
    assert actions and all(action.reason for action in actions)


def test_only_so_many_sessions_start_at_once() -> None:
    names = [f"api/polecats/slot{n}" for n in range(WAKES_AT_ONCE + 2)]
    town = a_town(
        rigs={"api": "ap"},
        beads=[a_bead(f"ap-{n}", status="hooked") for n in range(len(names))],
        hooks=[a_hook(name, f"ap-{n}") for n, name in enumerate(names)],
    )
    kinds = [action.kind for action in decide(town, seen(), NOW)]
    assert kinds.count(Deed.WAKE) == WAKES_AT_ONCE
    assert kinds.count(Deed.WAIT) == 2


@given(st.integers(1, 100), st.floats(0.1, 10))
def test_restarts_slow_down_and_have_a_ceiling(starts: int, first: float) -> None:
    assert first <= backoff(starts, first) <= backoff(starts + 1, first) <= 300


# ---------------------------------------------------------------------------------------------- the witness


def test_a_person_is_told_once_of_a_stuck_worker_and_told_when_it_moves() -> None:
    town = a_case(worker(since_s=1000), spoke_s=1000)
    key = "stuck:api/polecats/nux:asg-ap-1"
    raised = e.EscalationRaised(escalation_id="esc-1", severity="high", text="stuck", key=key)  # type: ignore[arg-type]
    told = after(town, [Entry(raised)], actor="deacon")
    again = about(told, seen(session(1000)))
    assert again is not None and again.kind is Deed.WAIT
    moving = about(told, seen(session(1)), key)
    assert moving is not None and moving.kind is Deed.SETTLE


def escalated(town: Town, key: str, *, at: str) -> Town:
    raised = e.EscalationRaised(
        escalation_id=EscalationId("esc-1"), severity="high", text="3 sessions ended with ap-1", bead_id="ap-1", key=key
    )
    return after(town, [Entry(raised)], actor="deacon", at=at)


def waiting_for_a_person(town: Town) -> list[str]:
    """What still stands in Needs you of what was escalated."""
    verdicts = {agent.address: judge(town, agent, seen(), NOW) for agent in town.agents()}
    return [row.text for row in needs_you(town, verdicts, NOW) if row.kind == "escalation"]


RESTARTS = f"restarts:{NUX}:asg-ap-1"


@pytest.mark.parametrize("key", [RESTARTS, "exit:ap-1", "", "merge:ap-mr9"])
def test_an_escalation_is_over_once_its_bead_is_closed(key: str) -> None:
    town = escalated(a_case(hooked=False, status="closed", closed_s=10), key, at=ago(seconds=60))
    (settled,) = [action for action in decide(town, seen(), NOW) if action.kind is Deed.SETTLE]
    assert settled.subject == (key or "esc-1")
    assert settled.reason == "ap-1 is closed"
    assert waiting_for_a_person(town) == []


def test_an_escalation_about_a_bead_closed_before_stays() -> None:
    town = escalated(a_case(hooked=False, status="closed", closed_s=60), "exit:ap-1", at=ago(seconds=10))
    assert about(town, seen(), "exit:ap-1") is None
    assert waiting_for_a_person(town) == ["3 sessions ended with ap-1"]


@pytest.mark.parametrize(("raised_s", "is_over"), [(120, True), (10, False)])
def test_work_handed_in_settles_what_was_wrong_with_its_worker(raised_s: int, is_over: bool) -> None:
    town = escalated(a_case(hooked=False, status="open", merges=(merge("queued"),)), RESTARTS, at=ago(seconds=raised_s))
    assert (about(town, seen(), RESTARTS) is not None) is is_over
    assert (waiting_for_a_person(town) == []) is is_over


def test_what_a_worker_asked_a_person_is_not_settled_by_handing_in() -> None:
    town = escalated(a_case(hooked=False, status="open", merges=(merge("queued"),)), "exit:ap-1", at=ago(seconds=120))
    assert about(town, seen(), "exit:ap-1") is None
    assert len(waiting_for_a_person(town)) == 1


def test_a_bell_rings_once_in_a_while() -> None:
    quiet = a_case(worker(since_s=400), spoke_s=400)
    rung = e.NudgeQueued(nudge_id=NudgeId("ndg-1"), agent=Address(NUX), text="?", sender="deacon")
    seen_it = e.NudgeSeen(nudge_id=NudgeId("ndg-1"))
    told = after(quiet, [Entry(rung), Entry(seen_it)], actor="deacon", at=ago(seconds=100))
    action = about(told, seen(session(400)))
    assert action is not None and action.kind is Deed.WAIT
    assert "the bell rings in 200s" in action.reason


def test_nobody_is_rung_while_a_nudge_is_on_its_way() -> None:
    quiet = a_case(worker(since_s=400), spoke_s=400)
    rung = e.NudgeQueued(nudge_id=NudgeId("ndg-1"), agent=Address(NUX), text="?", sender="deacon")
    told = after(quiet, [Entry(rung)], actor="deacon")
    kinds = {action.kind for action in decide(told, seen(session(400)), NOW)}
    assert Deed.RING not in kinds
    assert Deed.DELIVER in kinds


# ---------------------------------------------------------------------------------------------- convoys and slings


def test_a_finished_convoy_lands_and_others_do_not() -> None:
    town = a_town(
        rigs={"api": "ap"},
        beads=[
            a_bead("ap-1", status="closed"),
            a_bead("ap-2"),
            a_convoy("hq-cv-1", "ap-1"),
            a_convoy("hq-cv-2", "ap-1", "ap-2"),
            a_convoy("hq-cv-3"),
        ],
    )
    assert [action.subject for action in decide(town, seen(), NOW) if action.kind is Deed.LAND] == ["hq-cv-1"]


def waiting(*beads: str) -> list[Entry]:
    return [
        Entry(
            e.DispatchQueued(bead_id=BeadId(each), target="api", dispatcher="mayor", reason="all places taken"), "api"
        )
        for each in beads
    ]


def test_waiting_slings_go_in_order_as_far_as_there_is_room() -> None:
    empty = a_town(rigs={"api": "ap"}, beads=["ap-1", "ap-2", "ap-3"], settings=SETTINGS)
    town = after(empty, waiting("ap-2", "ap-1", "ap-3"))
    found = [(each.kind, each.subject) for each in decide(town, seen(), NOW) if each.subject.startswith("ap-")]
    assert found == [(Deed.DISPATCH, "ap-1"), (Deed.DISPATCH, "ap-2"), (Deed.WAIT, "ap-3")]


def test_a_waiting_sling_of_a_blocked_bead_waits_on() -> None:
    empty = a_town(rigs={"api": "ap"}, beads=["ap-1", a_bead("ap-2", needs=["ap-1"])], settings=SETTINGS)
    town = after(empty, waiting("ap-2"))
    assert [(each.kind, each.subject) for each in decide(town, seen(), NOW)] == [(Deed.WAIT, "ap-2")]


def test_a_waiting_sling_of_a_closed_bead_is_dropped() -> None:
    empty = a_town(rigs={"api": "ap"}, beads=[a_bead("ap-1", status="closed")], settings=SETTINGS)
    assert [(each.kind, each.subject) for each in decide(after(empty, waiting("ap-1")), seen(), NOW)] == [
        (Deed.DROP, "ap-1")
    ]


def test_bells_wait_while_nobody_can_look_at_screens() -> None:
    rung = e.NudgeQueued(nudge_id=NudgeId("ndg-1"), agent=Address("mayor"), text="?", sender="overseer")
    action = about(after(a_case(worker()), [Entry(rung)]), UNKNOWN, "mayor")
    assert action is not None and action.kind is Deed.WAIT
    assert "tmux timed out" in action.reason
