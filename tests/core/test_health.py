"""How an agent fares: one table of truths, and the promises behind it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gastown_tui.core.model.ids import Address, AssignmentId, BeadId
from gastown_tui.core.model.outside import SessionFact
from gastown_tui.core.model.settings import HealthSettings
from gastown_tui.core.model.times import stamp
from gastown_tui.core.model.town import Agent, Hook, MergeRequest
from gastown_tui.core.rules.health import Health, Signals, verdict

NOW = datetime(2026, 1, 6, 12, 0, tzinfo=UTC)
NUX = Address("api/polecats/nux")
SETTINGS = HealthSettings(quiet_s=300, stuck_s=900)
ACTIVE_STATES = ("started", "working", "idle", "asking", "stuck")


def ago(seconds: float) -> str:
    return stamp(NOW - timedelta(seconds=seconds))


def agent(state: str = "working", since_s: float = 10, **more: Any) -> Agent:
    values: dict[str, Any] = {"bead_id": "gt-4f2", "starts": 1, **more}
    return Agent(address=NUX, state=state, since=ago(since_s), **values)


def hook(since_s: float = 3600) -> Hook:
    return Hook(agent=NUX, bead_id=BeadId("gt-4f2"), assignment_id=AssignmentId("asg-1"), since=ago(since_s))


def session(still_s: float = 1, **more: Any) -> SessionFact:
    values: dict[str, Any] = {"pid": 77, "dead": False, **more}
    return SessionFact(
        name="polecat-api-nux", pane_id="%1", created=NOW, activity=NOW - timedelta(seconds=still_s), **values
    )


def merge(state: str) -> MergeRequest:
    return MergeRequest(
        id=BeadId("gt-mr1"), bead_id=BeadId("gt-4f2"), branch="b", target="main", commit="c", worker=NUX,
        assignment_id=AssignmentId("asg-1"), state=state, queued_at=ago(5), since=ago(5),
    )  # fmt: skip


def observed(still_s: float = 1, event_s: float = 10, **more: Any) -> Signals:
    return Signals(session=session(still_s), last_event=ago(event_s), **more)


TABLE: list[tuple[str, Agent, Hook | None, Signals, Health]] = [
    ("events and output are fresh", agent(), hook(), observed(), Health.WORKING),
    ("a long compile: silent, but the pane moves", agent(since_s=2000), hook(), observed(1, 2000), Health.WORKING),
    ("a long think: still pane, but events come", agent(since_s=2000), hook(), observed(2000, 5), Health.WORKING),
    (
        "a long compile with redirected output uses the processor",
        agent(since_s=2000), hook(), observed(2000, 2000, cpu_used=NOW - timedelta(seconds=3)), Health.WORKING,
    ),
    ("both signals are old enough to ask", agent(since_s=400), hook(), observed(400, 400), Health.IDLE),
    ("two signals are stale", agent(since_s=1000), hook(), observed(1000, 1000), Health.STUCK),
    ("two signals are stale at a prompt", agent("idle", 1000), hook(), observed(1000, 1000), Health.STUCK),
    ("one signal is stale, one merely quiet", agent(since_s=1000), hook(), observed(500, 1000), Health.IDLE),
    ("it says that it is stuck", agent("stuck", note="no key"), hook(), observed(), Health.STUCK),
    ("it says that it idles with work on its hook", agent("idle"), hook(), observed(), Health.IDLE),
    ("it asks", agent("asking", question="Run it?"), hook(), observed(), Health.ASKING),
    ("it asked long ago", agent("asking", 5000, question="Run it?"), hook(), observed(5000, 5000), Health.ASKING),
    ("a permission prompt is up", agent(since_s=2000), hook(), observed(2000, 2000, screen="dialog"), Health.ASKING),
    (
        "its provider makes it wait",
        agent(since_s=2000), hook(), observed(2000, 2000, screen="rate-limited"), Health.RATE_LIMITED,
    ),
    ("its session has just begun", agent("started", 5), hook(6), observed(), Health.SPAWNING),
    ("it began and its prompt is there", agent("started", 5), hook(6), observed(screen="idle"), Health.WORKING),
    ("a huge clone: began long ago, but prints", agent("started", 800), hook(), observed(1, 800), Health.WORKING),
    ("hooked a moment ago, no session yet", agent("registered", 5, bead_id=""), hook(5), Signals(), Health.SPAWNING),
    ("hooked long ago, no session ever", agent("registered", 9000, bead_id=""), hook(), Signals(), Health.STOPPED),
    ("its session vanished", agent(since_s=5), hook(), Signals(), Health.CRASHED),
    (
        "its program died",
        agent(since_s=5), hook(), Signals(session=session(dead=True, exit_status=137)), Health.CRASHED,
    ),
    ("a patrol noted its end and it will be restarted", agent("stopped", 2), hook(), Signals(), Health.CRASHED),
    ("it was restarted too often", agent("stuck", note="3 restarts"), hook(), Signals(), Health.STUCK),
    ("the town rests", agent("stopped", 2), hook(), Signals(town_runs=False), Health.STOPPED),
    ("rehooked after its old session ended", agent("stopped", 50), hook(3), Signals(), Health.SPAWNING),
    (
        "its work is in the queue",
        agent("stopped"), None, Signals(exit="COMPLETED", merge=merge("queued")), Health.REVIEW,
    ),
    ("its work was merged", agent("stopped"), None, Signals(exit="COMPLETED", merge=merge("merged")), Health.DONE),
    ("it ended blocked", agent("stopped"), None, Signals(exit="BLOCKED"), Health.DONE),
    ("a worker between assignments", agent("registered", bead_id=""), None, Signals(), Health.IDLE),
    ("a person's own agent at its prompt", agent("idle", bead_id=""), None, observed(screen="idle"), Health.IDLE),
    ("busy without a hook", agent("started", bead_id=""), None, observed(screen="busy"), Health.WORKING),
    ("retired", agent("retired"), None, Signals(), Health.STOPPED),
    ("tmux gave no answer", agent(), hook(), Signals(observer="tmux timed out"), Health.UNKNOWN),
    (
        "tmux gave no answer and a question is open",
        agent("asking", question="Run it?"), hook(), Signals(observer="tmux timed out"), Health.ASKING,
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("who", "hooked", "signals", "expected"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_an_agent_is_judged(who: Agent, hooked: Hook | None, signals: Signals, expected: Health) -> None:
    assert verdict(who, hooked, signals, SETTINGS, NOW).state == expected


def test_the_table_knows_every_verdict() -> None:
    assert {row[4] for row in TABLE} == set(Health)


def test_a_mayor_without_a_session_is_stopped() -> None:
    mayor = Agent(address=Address("mayor"), state="stopped", since=ago(5))
    assert verdict(mayor, None, Signals(), SETTINGS, NOW).state == Health.STOPPED


def test_every_verdict_shows_each_signal_with_its_age() -> None:
    found = verdict(agent(since_s=1000, note="tests"), hook(2000), observed(1000, 960), SETTINGS, NOW)
    assert found.evidence == (
        "says working: tests, 16m ago",
        "gt-4f2 on its hook for 33m",
        "last event 16m ago",
        "pane changed 16m ago",
        "process 77 up",
    )
    assert found.reason == "gt-4f2: no event for 16m and a still pane for 16m"
    assert found.needs_person


def test_its_own_words_go_before_what_its_screen_looks_like() -> None:
    found = verdict(agent("asking", question="Run it?"), hook(), observed(screen="dialog"), SETTINGS, NOW)
    assert found.reason == "Run it?"


seconds = st.floats(0, 100_000)


@given(st.sampled_from(ACTIVE_STATES), seconds, seconds, seconds, st.sampled_from(["", "idle", "busy", "dialog"]))
def test_a_failed_observer_never_reports_a_death(state: str, a: float, b: float, c: float, screen: str) -> None:
    seen = replace(observed(a, b, screen=screen), observer="tmux timed out", session=None)
    found = verdict(agent(state, c), hook(), seen, SETTINGS, NOW)
    assert found.state in {Health.UNKNOWN, Health.ASKING}
    assert any("tmux timed out" in line for line in found.evidence)


@given(st.sampled_from(["started", "working", "idle"]), seconds, seconds, seconds, st.booleans())
def test_one_fresh_signal_is_enough_not_to_be_stuck(state: str, a: float, b: float, c: float, has_cpu: bool) -> None:
    cpu = NOW - timedelta(seconds=c) if has_cpu else None
    found = verdict(agent(state, b), hook(200_000), observed(a, b, cpu_used=cpu), SETTINGS, NOW)
    ages = [a, b, *([c] if has_cpu else [])]
    assert (found.state == Health.STUCK) == (min(ages) >= SETTINGS.stuck_s)


@given(st.floats(1, 1e6))
def test_a_clock_that_jumped_back_accuses_nobody(ahead: float) -> None:
    found = verdict(agent(since_s=-ahead), hook(), observed(-ahead, -ahead), SETTINGS, NOW)
    assert found.state in {Health.WORKING, Health.SPAWNING}
