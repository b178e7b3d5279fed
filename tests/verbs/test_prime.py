"""`gt prime`: the first thing a session reads."""

from __future__ import annotations

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import NotFound
from gastown_tui.core.model.address import Role
from gastown_tui.core.model.ids import Address, MailId
from gastown_tui.core.verbs.handoff import handoff
from gastown_tui.core.verbs.prime import prime
from gastown_tui.core.verbs.start_prompt import role_words
from gastown_tui.core.verbs.waking import wake
from gastown_tui.core.verbs.work import sling
from tests.fakes import FakeTown, fake_town
from tests.towns import a_bead, a_mail, a_town
from tests.verbs.towns_at_work import a_rig_with

SLOT0 = Address("api/polecats/slot0")
SESSION = "polecat-api-slot0"


@pytest.fixture
def at() -> FakeTown:
    at = a_rig_with(a_bead("ap-1", "Fix login", description="It times out after 3 s."))
    sling(at.hands("mayor"), ("ap-1", "api"), args="mind the cookies")
    return at


def test_a_worker_is_told_who_it_is_what_to_do_how_to_finish_and_to_begin(at: FakeTown) -> None:
    primed = prime(at.hands_in(SESSION))
    text = primed.text()
    assert "You are api/polecats/slot0: polecat slot0 of rig api" in text
    assert "HOOKED: ap-1" in text
    assert "It times out after 3 s." in text
    assert "mind the cookies" in text
    assert "gt done --exit BLOCKED" in text
    assert "begin now" in text.rpartition("## Now")[2]
    assert primed.state == "autonomous"


def test_priming_leaves_that_the_worker_is_at_work(at: FakeTown) -> None:
    prime(at.hands_in(SESSION))
    assert at.ledger.facts(e.HookChecked)
    agent = at.town.agent(SLOT0)
    assert agent is not None
    assert (agent.state, agent.bead_id) == ("working", "ap-1")


def test_the_state_alone_leaves_nothing(at: FakeTown) -> None:
    events = len(at.ledger.events)
    primed = prime(at.hands_in(SESSION), state=True)
    assert primed.text() == "autonomous"
    assert primed.data()["bead_id"] == "ap-1"
    assert "briefing" not in primed.data()
    assert len(at.ledger.events) == events


def test_after_a_crash_the_next_session_is_told(at: FakeTown) -> None:
    at.sessions.panes.clear()
    wake(at.hands("deacon"), SLOT0)
    assert [agent.starts for agent in at.town.agents() if agent.session == SESSION] == [2]
    primed = prime(at.hands_in(SESSION))
    assert primed.state == "crash-recovery"
    assert "ended in the middle" in primed.text()


def test_a_note_of_the_session_before_is_read_once_as_a_hand_off(at: FakeTown) -> None:
    hands = at.hands_in(SESSION)
    prime(hands)
    handoff(hands, message="the form is <b>half</b> done")
    first = prime(hands)
    assert first.state == "handoff"
    assert "half" in first.text()
    assert "<b>" not in first.text()
    assert "Do not hand off again" in first.text()
    assert prime(hands).state == "autonomous"


def test_new_mail_is_put_before_the_agent_once(at: FakeTown) -> None:
    mail = a_mail("msg-7", "api/polecats/slot0", "Use branch X", body="Please do.")
    at.town.own.mail[MailId("msg-7")] = mail
    first = prime(at.hands_in(SESSION))
    assert "Use branch X" in first.text()
    assert at.town.mail("msg-7").delivered_to == ("api/polecats/slot0",)
    second = prime(at.hands_in(SESSION))
    assert "Use branch X" not in second.text()
    assert second.unread == 1


def test_a_flood_of_mail_stays_within_its_budget(at: FakeTown) -> None:
    for number in range(200):
        mail = a_mail(f"msg-{number}", "api/polecats/slot0", "S" * 150, body="x" * 5000)
        at.town.own.mail[MailId(f"msg-{number}")] = mail
    assert len(prime(at.hands_in(SESSION)).text()) < 12_000


def test_without_work_an_agent_waits_for_some() -> None:
    at = a_rig_with("ap-1")
    primed = prime(at.hands("mayor"))
    assert primed.state == "normal"
    assert "Nothing hangs on your hook" in primed.text()
    assert "begin now" not in primed.text()


def test_the_overseer_is_greeted_and_nothing_is_written() -> None:
    at = a_rig_with("ap-1")
    assert "You are overseer" in prime(at.hands()).text()
    assert at.ledger.events == []


def test_outside_a_town_priming_is_silent_and_succeeds() -> None:
    at = fake_town(a_town(beads=["hq-1"], is_town=False))
    primed = prime(at.hands("somebody"))
    assert primed.text() == ""
    assert primed.code() == 0
    assert at.ledger.events == []


def test_where_there_is_no_ledger_at_all_priming_is_silent_too() -> None:
    at = a_rig_with("ap-1")

    def read() -> None:
        raise NotFound("no ledger around here")

    at.ledger.read = read  # type: ignore[method-assign, assignment]
    assert prime(at.hands("mayor")).text() == ""


@pytest.mark.parametrize("role", list(Role))
def test_every_role_has_words_of_its_own(role: Role) -> None:
    words = role_words(role)
    assert words.startswith(f"# {role.value.capitalize()}")
    assert all(len(line) <= 120 for line in words.splitlines())
