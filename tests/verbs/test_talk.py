"""Saying a word: bells that are never rung into a dialog, receipts that never claim too much."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, NotFound, ToolFailed
from gastown_tui.core.model.ids import Address
from gastown_tui.core.model.outside import ProcessFact
from gastown_tui.core.verbs.delivering import deliver, deliver_pending
from gastown_tui.core.verbs.talk import broadcast, escalate, nudge, parse_duration, snooze
from gastown_tui.core.verbs.waking import lock_file
from gastown_tui.core.verbs.work import sling
from tests.fakes import FakePane, FakeTown
from tests.verbs.towns_at_work import a_rig_with

SLOT0 = Address("api/polecats/slot0")
SESSION = "polecat-api-slot0"


@pytest.fixture
def at() -> FakeTown:
    at = a_rig_with("ap-1", "ap-2")
    sling(at.hands("mayor"), ("ap-1", "api"))
    return at


def pane(at: FakeTown) -> FakePane:
    return at.sessions.panes[SESSION]


def steps(at: FakeTown) -> list[str]:
    return [event.event_type for event in at.ledger.events if event.event_type.startswith("nudge.")]


def test_a_word_to_an_idle_worker_is_typed_and_sent(at: FakeTown) -> None:
    told = nudge(at.hands(), "slot0", "look at the gate")
    assert pane(at).sent == ["# overseer: look at the gate"]
    assert steps(at) == ["nudge.queued", "nudge.typed", "nudge.submitted"]
    assert told.nudges[0].state == "submitted"
    assert "submitted to api/polecats/slot0" in told.text()


@pytest.mark.parametrize("mode", ["busy", "dialog", "copy"])
def test_a_worker_that_is_not_idle_is_not_typed_into(at: FakeTown, mode: str) -> None:
    pane(at).mode = mode
    told = nudge(at.hands(), "slot0", "look at the gate")
    assert told.nudges[0].state == "queued"
    assert told.nudges[0].reason
    assert pane(at).draft == ""
    assert pane(at).sent == []
    assert "queued for api/polecats/slot0" in told.text()


def test_a_half_written_line_is_left_as_it_is(at: FakeTown) -> None:
    pane(at).draft = "git sta"
    told = nudge(at.hands(), "slot0", "look at the gate")
    assert told.nudges[0].state == "queued"
    assert pane(at).draft == "git sta"


def test_what_waited_is_delivered_once_the_worker_is_idle(at: FakeTown) -> None:
    pane(at).mode = "busy"
    told = nudge(at.hands(), "slot0", "look at the gate")
    assert deliver(at.hands("deacon"), told.nudges[0].id).state == "queued"
    pane(at).mode = "idle"
    assert deliver(at.hands("deacon"), told.nudges[0].id).state == "submitted"
    assert pane(at).sent == ["# overseer: look at the gate"]


def test_waiting_for_idle_takes_as_long_as_was_given(at: FakeTown) -> None:
    pane(at).mode = "busy"
    assert nudge(at.hands(), "slot0", "one", wait_idle=5).nudges[0].state == "queued"

    def becomes_idle() -> None:
        pane(at).mode = "idle"

    at.clock.on_sleep = becomes_idle
    assert nudge(at.hands(), "slot0", "two", wait_idle=5).nudges[0].state == "submitted"


def test_enter_that_got_lost_is_pressed_again(at: FakeTown) -> None:
    pane(at).loses_keys = 2
    assert nudge(at.hands(), "slot0", "look").nudges[0].state == "submitted"
    assert pane(at).sent == ["# overseer: look"]


def test_a_line_that_will_not_go_is_never_called_sent(at: FakeTown) -> None:
    pane(at).loses_keys = 1000
    told = nudge(at.hands(), "slot0", "look")
    assert told.nudges[0].state == "typed"
    assert "not sent yet" in told.text()
    pane(at).loses_keys = 0
    assert deliver(at.hands("deacon"), told.nudges[0].id).state == "submitted"
    assert pane(at).sent == ["# overseer: look"]


def test_a_dialog_that_opens_after_the_first_look_is_not_typed_into(at: FakeTown) -> None:
    def opens() -> None:
        pane(at).mode = "dialog"

    at.clock.on_sleep = opens
    assert nudge(at.hands(), "slot0", "look").nudges[0].state == "queued"
    assert pane(at).draft == ""


def test_a_deliverer_that_died_after_typing_is_succeeded_by_the_next(at: FakeTown) -> None:
    pane(at).mode = "busy"
    told = nudge(at.hands(), "slot0", "look")
    pane(at).mode = "idle"
    pane(at).draft = "# overseer: look"
    assert deliver(at.hands("deacon"), told.nudges[0].id).state == "submitted"
    assert pane(at).sent == ["# overseer: look"]


def test_a_second_deliverer_leaves_it_to_the_first(at: FakeTown) -> None:
    pane(at).mode = "busy"
    told = nudge(at.hands(), "slot0", "look")
    pane(at).mode = "idle"
    at.processes.locked.add(lock_file(at.hands(), "nudge", SLOT0))
    assert deliver(at.hands("deacon"), told.nudges[0].id).state == "queued"
    assert pane(at).draft == ""


def test_several_bells_are_rung_one_after_the_other(at: FakeTown) -> None:
    pane(at).mode = "busy"
    for words in ("one", "two", "three"):
        nudge(at.hands(), "slot0", words)
        at.clock.advance(1)
    pane(at).mode = "idle"
    delivered = deliver_pending(at.hands("deacon"), SLOT0)
    assert [each.state for each in delivered] == ["submitted"] * 3
    assert pane(at).sent == [f"# overseer: {words}" for words in ("one", "two", "three")]


def test_an_earlier_bell_is_never_overtaken(at: FakeTown) -> None:
    pane(at).mode = "busy"
    nudge(at.hands(), "slot0", "one")
    at.clock.advance(1)
    assert nudge(at.hands(), "slot0", "two").nudges[0].reason == "it is busy"
    at.clock.advance(1)
    pane(at).mode = "idle"
    nudge(at.hands(), "slot0", "three")
    assert pane(at).sent == [f"# overseer: {words}" for words in ("one", "two", "three")]


def test_a_bell_that_stands_on_the_line_keeps_others_off_it(at: FakeTown) -> None:
    pane(at).loses_keys = 1000
    nudge(at.hands(), "slot0", "one")
    nudge(at.hands(), "slot0", "two")
    assert pane(at).draft == "# overseer: one"


def test_what_the_agent_does_next_shows_that_it_saw_it(at: FakeTown) -> None:
    told = nudge(at.hands(), "slot0", "look")
    at.clock.advance(2)
    acted = [e.Entry(e.AgentWorking(agent=SLOT0, note="looking"))]
    at.ledger.record(lambda _: acted, actor=SLOT0)
    seen = deliver(at.hands("deacon"), told.nudges[0].id)
    assert (seen.state, seen.reason) == ("seen", "an event of its own followed")


def test_a_screen_that_turns_busy_shows_it_too(at: FakeTown) -> None:
    def begins(pane: FakePane, line: str) -> None:
        pane.mode = "busy"

    pane(at).on_line = begins
    assert nudge(at.hands(), "slot0", "look").nudges[0].state == "seen"


def test_a_screen_that_turns_busy_much_later_shows_nothing(at: FakeTown) -> None:
    told = nudge(at.hands(), "slot0", "look")
    at.clock.advance(600)
    pane(at).mode = "busy"
    assert deliver(at.hands("deacon"), told.nudges[0].id).state == "submitted"
    at.clock.advance(at.town.settings.health.nudge_strand_s)
    stranded = deliver(at.hands("deacon"), told.nudges[0].id)
    assert (stranded.state, stranded.reason) == ("stranded", "it was sent, and nothing followed for 40m")


def test_what_nobody_could_deliver_is_stranded_with_the_reason(at: FakeTown) -> None:
    pane(at).mode = "busy"
    told = nudge(at.hands(), "slot0", "look")
    at.clock.advance(at.town.settings.health.nudge_strand_s + 1)
    stranded = deliver(at.hands("deacon"), told.nudges[0].id)
    assert stranded.state == "stranded"
    assert "busy" in stranded.reason
    assert "stranded" in at.town.own.registers.nudges[stranded.id].state


def test_without_a_session_the_bell_waits_and_says_why(at: FakeTown) -> None:
    told = nudge(at.hands(), "mayor", "look")
    assert (told.nudges[0].state, told.nudges[0].reason) == ("queued", "it has no session")
    at.sessions.trouble = "tmux is not installed"
    assert nudge(at.hands(), "mayor", "look").nudges[0].reason == "tmux is not installed"


def test_a_server_that_answers_nothing_usable_makes_the_bell_wait(at: FakeTown) -> None:
    at.sessions.mute = ToolFailed("tmux does not answer")
    assert nudge(at.hands(), "slot0", "look").nudges[0].reason == "tmux does not answer"


def test_while_the_daemon_runs_it_delivers_unless_now_was_said(at: FakeTown) -> None:
    at.town.own.registers.daemon_pid = 77
    at.town.own.registers.daemon_incarnation = "daemon_1"
    at.processes.running[77] = ProcessFact(pid=77, command="gt", incarnation="daemon_1")
    assert nudge(at.hands(), "slot0", "later").nudges[0].state == "queued"
    assert pane(at).sent == []
    assert nudge(at.hands(), "slot0", "at once", now=True).nudges[0].state == "submitted"


def test_words_too_long_for_a_bell_go_by_mail(at: FakeTown) -> None:
    words = "a long story " * 100
    told = nudge(at.hands(), "slot0", words)
    assert at.town.mail(told.mailed).body == words
    assert at.town.mail(told.mailed).to == (SLOT0,)
    (line,) = pane(at).sent
    assert len(line) < 300
    assert "You have mail" in line
    assert told.mailed in told.text()


def test_several_lines_become_one(at: FakeTown) -> None:
    nudge(at.hands(), "slot0", "one\ntwo\x1b[31m\x07 three\r")
    assert pane(at).sent == ["# overseer: one two three"]


def test_a_model_hears_who_speaks() -> None:
    at = a_rig_with("ap-1", runtime="claude")
    sling(at.hands("mayor"), ("ap-1", "api"))
    nudge(at.hands("mayor"), "slot0", "/clear")
    assert pane(at).sent == ["[mayor] /clear"]


def test_a_nudge_without_words_points_to_the_hook(at: FakeTown) -> None:
    nudge(at.hands(), "slot0")
    assert pane(at).sent == ["# overseer: Look at your hook, and go on with what hangs there: gt hook"]


@pytest.mark.parametrize(
    ("who", "words", "kind"),
    [("slot0", "\n \x00", BadInput), ("nobody", "x", NotFound), ("overseer", "x", BadInput)],
)
def test_what_cannot_be_rung_is_refused(at: FakeTown, who: str, words: str, kind: type[Exception]) -> None:
    events = len(at.ledger.events)
    with pytest.raises(kind):
        nudge(at.hands(), who, words)
    assert len(at.ledger.events) == events


def test_a_group_is_rung_all_at_once(at: FakeTown) -> None:
    sling(at.hands("mayor"), ("ap-2", "api"))
    told = nudge(at.hands(), "@polecats/api", "release at noon")
    assert [each.state for each in told.nudges] == ["submitted", "submitted"]


def test_a_broadcast_reaches_everybody_who_runs_but_oneself(at: FakeTown) -> None:
    sling(at.hands(), ("ap-2", "api"))
    told = broadcast(at.hands_in(SESSION), "the gate is red")
    assert [each.agent for each in told.nudges] == ["api/polecats/slot1"]
    everybody = broadcast(at.hands(), "lunch", all_=True)
    assert {"mayor", "deacon", "api/witness", SLOT0} < {each.agent for each in everybody.nudges}


def test_a_broadcast_nobody_hears_is_said_so() -> None:
    with pytest.raises(NotFound, match="no agent runs"):
        broadcast(a_rig_with("ap-1").hands(), "hello")


# ---------------------------------------------------------------------------------------------- escalate, snooze


def test_an_escalation_is_raised_and_mailed_in_one_breath(at: FakeTown) -> None:
    told = escalate(at.hands_in(SESSION), "The database is gone", severity="critical", bead="ap-1")
    raised, mail = at.ledger.events[-2:]
    assert raised.tx == mail.tx
    assert isinstance(raised.fact, e.EscalationRaised)
    assert (raised.fact.severity, raised.fact.bead_id, raised.fact.agent) == ("critical", "ap-1", SLOT0)
    assert isinstance(mail.fact, e.MailSent)
    assert (mail.fact.to, mail.fact.priority) == (("overseer",), "urgent")
    assert told.escalation_id in told.text()


def test_the_same_escalation_is_raised_once_while_it_is_open(at: FakeTown) -> None:
    hands = at.hands_in(SESSION)
    first = escalate(hands, "The database is gone")
    second = escalate(hands, "The database is gone")
    assert second.was_open
    assert second.escalation_id == first.escalation_id
    assert len(at.ledger.facts(e.EscalationRaised)) == 1


@pytest.mark.parametrize(("text", "severity"), [("", "high"), ("  ", "high"), ("x", "awful")])
def test_an_escalation_needs_words_and_a_severity_there_is(at: FakeTown, text: str, severity: str) -> None:
    with pytest.raises(BadInput):
        escalate(at.hands(), text, severity=severity)


def test_snoozing_lasts_as_long_as_was_said(at: FakeTown) -> None:
    told = snooze(at.hands(), "api/polecats/slot0", "15m")
    assert at.town.own.registers.snoozed["api/polecats/slot0"] == told.until
    assert told.until > at.clock.now().isoformat()[:19]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("30s", 30), ("15m", 900), ("2h", 7200), ("1d", 86_400), ("1h30m", 5400), ("0", 0)],
)
def test_durations_are_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "-5m", "5 m", "5x", "9999999d", "1.5h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_duration(text)
