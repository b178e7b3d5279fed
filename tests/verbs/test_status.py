"""The town on one page, and its feed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput
from gastown_tui.core.events import Entry
from gastown_tui.core.model.ids import Address, BeadId
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.config import config_agent, config_get, config_list, config_set
from gastown_tui.core.verbs.convoys import convoy_create
from gastown_tui.core.verbs.mail import mail_send
from gastown_tui.core.verbs.rigs import rig_add
from gastown_tui.core.verbs.status import feed, status
from tests.places import a_real_town, a_repository, hands_at


@pytest.fixture
def town(tmp_path: Path) -> Hands:
    hands = a_real_town(tmp_path / "gt")
    rig_add(hands, "api", str(a_repository(tmp_path / "project", {"README.md": "x"})), prefix="ap")
    filed = Entry(e.BeadCreated(bead_id=BeadId("ap-1"), title="Fix login"), "api")
    hands.ledger.record(lambda _: [filed], actor="mayor", ledgers=("", "api"))
    return hands


# ---------------------------------------------------------------------------------------------- status


def test_the_page_names_rigs_agents_convoys_and_mail(town: Hands) -> None:
    convoy_create(town, ("Feature X", "ap-1"))
    mail_send(town, ("overseer",), subject="Note to self")
    page = status(town, fast=True)
    text = page.text()
    for expected in ("rests: gt start", "api  0/5 working", "api/witness", "Feature X", "1 unread for you", "no gate"):
        assert expected in text
    data = page.data()
    assert data["summary"]["rig_count"] == 1
    assert data["overseer"] == {"unread_mail": 1, "first_subject": "Note to self"}
    assert data["daemon"] == {"running": False, "pid": 0}
    assert data["convoys"][0]["title"] == "Feature X"


def test_a_town_meant_to_run_without_a_daemon_says_so(town: Hands) -> None:
    town.ledger.record(lambda _: [Entry(e.TownStarted())], actor="overseer")
    assert "no daemon does: gt start" in status(town, fast=True).text()


def test_a_question_stands_at_the_top(town: Hands) -> None:
    asked = e.AgentAsked(agent=Address("mayor"), question="Deploy now?\x1b[2J")
    town.ledger.record(lambda _: [Entry(asked)], actor="mayor")
    text = status(town, fast=True).text()
    assert "Deploy now?" in text
    assert "\x1b" not in text


def test_what_was_not_looked_at_is_unknown_and_not_dead(town: Hands) -> None:
    page = status(town, fast=True)
    assert "not looked at" in page.text()
    assert {agent["state"] for agent in page.data()["agents"]} == {"unknown"}


# ---------------------------------------------------------------------------------------------- feed


def test_the_feed_tells_what_happened_the_newest_last(town: Hands) -> None:
    lines = feed(town).text().splitlines()
    assert lines[-1].endswith("filed       ap-1 Fix login")
    assert any("rig" in line and "api (ap-)" in line for line in lines)
    assert len(feed(town, limit=1).text().splitlines()) == 1


def test_the_feed_as_data_is_the_documents_envelope(town: Hands) -> None:
    event = feed(town, type_=("bead.created",)).data()[-1]
    assert (event["event_type"], event["actor"], event["data"]["bead_id"]) == ("bead.created", "mayor", "ap-1")
    assert set(event) == {"event_id", "event_type", "timestamp", "actor", "tx", "data"}


def test_the_feed_is_filtered_by_type_actor_and_time(town: Hands) -> None:
    assert [event["event_type"] for event in feed(town, actor="mayor").data()] == ["bead.created"]
    kinds = {event["event_type"] for event in feed(town, type_=("agent", "rig.added")).data()}
    assert kinds == {"agent.registered", "rig.added"}
    assert feed(town, since="1h").data() != []
    assert feed(town, since="2999-01-01T00:00:00Z").data() == []


def test_nothing_in_the_feed_can_touch_the_terminal(town: Hands) -> None:
    filed = e.BeadCreated(bead_id=BeadId("ap-2"), title="a\x1b]0;owned\x07b\x1b[2J")
    town.ledger.record(lambda _: [Entry(filed, "api")], actor="ev\x1b[31mil", ledgers=("", "api"))
    text = feed(town).text()
    assert "ap-2 ab" in text
    assert all(line.isprintable() for line in text.splitlines())


@pytest.mark.parametrize("wrong", [{"type_": ("nope",)}, {"since": "yesterdayish"}, {"limit": 0}, {"limit": -5}])
def test_a_feed_of_nothing_there_is_is_refused(town: Hands, wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        feed(town, **wrong)  # type: ignore[arg-type]


def test_a_followed_feed_goes_on_as_things_happen(town: Hands) -> None:
    other = hands_at(town.ledger.home)
    lines = feed(town, type_=("mail",), follow=True).follow(json=True)
    mail_send(other, ("mayor",), subject="One")
    assert json.loads(next(lines))["data"]["subject"] == "One"
    mail_send(other, ("mayor",), subject="Two")
    assert json.loads(next(lines))["data"]["subject"] == "Two"


# ---------------------------------------------------------------------------------------------- settings


def test_a_setting_is_shown_changed_and_kept_with_its_comments(town: Hands) -> None:
    file = town.ledger.home / "settings.toml"
    file.write_text(file.read_text() + "# mine\n")
    config_set(town, "health.quiet_s", "12")
    assert config_get(town, "health.quiet_s").data() == 12
    assert config_list(town).data()["health.quiet_s"] == 12
    assert "# mine" in file.read_text()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("health.quiet_s", "soon"),
        ("nope", "1"),
        ("health.nope", "1"),
        ("prefix", "zz"),
        ("roles.king", "claude"),
        ("", "1"),
    ],
)
def test_a_setting_there_is_not_or_of_the_wrong_kind_is_not_written(town: Hands, key: str, value: str) -> None:
    file = town.ledger.home / "settings.toml"
    before = file.read_bytes()
    with pytest.raises(BadInput):
        config_set(town, key, value)
    assert file.read_bytes() == before


def test_a_rigs_settings_are_its_own(town: Hands) -> None:
    config_set(town, "gate", "make check", rig="api")
    assert config_get(town, "gate", rig="api").text() == "make check"
    with pytest.raises(BadInput):
        config_get(town, "gate")


def test_each_role_may_run_a_program_of_its_own(town: Hands) -> None:
    config_agent(town, "default", "shell")
    config_agent(town, "mayor", "codex")
    config_agent(town, "polecat", "gemini", rig="api")
    assert config_agent(town).data()["witness"] == "shell"
    assert config_agent(town, "mayor").text() == "codex"
    assert config_agent(town, rig="api").data() == {"default": "gemini", "polecat": "gemini"}
