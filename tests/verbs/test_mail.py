"""Mail through the verbs, on a real ledger."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.mail import (
    Message,
    mail_archive,
    mail_check,
    mail_inbox,
    mail_peek,
    mail_read,
    mail_reply,
    mail_search,
    mail_send,
    mail_thread,
)
from tests.places import a_real_town, hands_at


@pytest.fixture
def overseer(tmp_path: Path) -> Hands:
    return a_real_town(tmp_path / "gt")


@pytest.fixture
def mayor(overseer: Hands) -> Hands:
    return hands_at(overseer.ledger.home / "mayor", actor="mayor")


def log_of(hands: Hands) -> bytes:
    return (hands.ledger.home / ".beads" / "events.jsonl").read_bytes()


def test_a_message_is_sent_read_and_answered(overseer: Hands, mayor: Hands) -> None:
    sent = mail_send(overseer, ("mayor/",), subject="🤝 HANDOFF: login", body="Tests still fail.\nSee ci.log").mail
    assert "1 unread" in mail_inbox(mayor).text()
    read = mail_read(mayor, "1")
    assert "Tests still fail.\nSee ci.log" in read.text()
    assert read.data()["type"] == "handoff"
    assert mail_check(mayor).code() == 1
    answer = mail_reply(mayor, sent.id, "I take over.").mail
    assert (answer.to, answer.subject) == (("overseer",), "Re: 🤝 HANDOFF: login")
    assert [mail["id"] for mail in mail_thread(overseer, "1").data()] == [sent.id, answer.id]


def test_what_one_reads_of_others_leaves_no_mark(overseer: Hands, mayor: Hands) -> None:
    sent = mail_send(overseer, ("mayor",), subject="Plan").mail
    mail_read(overseer, sent.id)
    assert mail_inbox(overseer, "mayor").data()[0]["read"] is False
    assert isinstance(mail_peek(mayor), Message)
    assert mail_check(mayor).code() == 0


def test_reading_twice_is_recorded_once(overseer: Hands, mayor: Hands) -> None:
    mail_send(overseer, ("mayor",), subject="Plan")
    mail_read(mayor, "1")
    before = log_of(mayor)
    mail_read(mayor, "1")
    assert log_of(mayor) == before


def test_putting_away_empties_the_box_and_loses_nothing(overseer: Hands, mayor: Hands) -> None:
    ids = [mail_send(overseer, ("mayor",), subject=f"Plan {n}").mail.id for n in range(3)]
    mail_archive(mayor, ("1", ids[2], ids[2]))
    assert [mail["id"] for mail in mail_inbox(mayor).data()] == [ids[1]]
    assert {mail["id"] for mail in mail_inbox(mayor, all_=True).data()} == set(ids)
    assert {mail["id"] for mail in mail_inbox(mayor, archived=True).data()} == {ids[0], ids[2]}
    assert mail_search(mayor, "plan 0").data()[0]["id"] == ids[0]


def test_a_prompt_is_given_each_message_once(overseer: Hands, mayor: Hands) -> None:
    mail_send(overseer, ("mayor",), subject="One")
    assert "One" in mail_check(mayor, inject=True).text()
    before = log_of(mayor)
    again = mail_check(mayor, inject=True)
    assert (again.text(), again.code()) == ("", 0)
    assert log_of(mayor) == before
    assert mail_check(mayor).code() == 0


def test_the_text_may_come_from_a_file(overseer: Hands, mayor: Hands, tmp_path: Path) -> None:
    (overseer.cwd / "note.md").write_text("line one\nline two\n")
    mail_send(overseer, ("mayor",), subject="Note", body_file="note.md")
    assert mail_inbox(mayor).data()[0]["body"] == "line one\nline two\n"


def test_the_text_may_come_from_standard_input(overseer: Hands, mayor: Hands) -> None:
    kept, (reader, writer) = os.dup(0), os.pipe()
    try:
        os.write(writer, b"from a pipe")
        os.close(writer)
        os.dup2(reader, 0)
        mail_send(overseer, ("mayor",), subject="Note", stdin=True)
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(reader)
    assert mail_inbox(mayor).data()[0]["body"] == "from a pipe"


def test_a_letter_that_cannot_be_sent_writes_nothing(overseer: Hands) -> None:
    before = log_of(overseer)
    for wrong in (
        lambda: mail_send(overseer, ("nobody",), subject="x"),
        lambda: mail_send(overseer, ("mayor", "nobody"), subject="x"),
        lambda: mail_send(overseer, (), subject="x"),
        lambda: mail_send(overseer, ("mayor",), subject="x", body="a", body_file="b"),
        lambda: mail_send(overseer, ("mayor",), subject="x", body_file="missing"),
        lambda: mail_send(overseer, ("mayor",), subject="x", bead="hq-9"),
        lambda: mail_reply(overseer, "msg-none", "x"),
        lambda: mail_archive(overseer, ("msg-none",)),
    ):
        with pytest.raises((BadInput, NotFound)):
            wrong()
    assert log_of(overseer) == before


def test_a_persons_messages_are_found_by_sender(overseer: Hands, mayor: Hands) -> None:
    mail_send(mayor, ("overseer",), subject="From the mayor")
    mail_send(overseer, ("mayor",), subject="From the overseer")
    assert [mail["subject"] for mail in mail_search(overseer, sender="mayor").data()] == ["From the mayor"]


def test_a_long_box_is_listed_in_part_and_says_so(overseer: Hands, mayor: Hands) -> None:
    for number in range(4):
        mail_send(overseer, ("mayor",), subject=f"Plan {number}")
    listed = mail_inbox(mayor, limit=2)
    assert "and 2 older" in listed.text()
    assert [mail["subject"] for mail in listed.data()] == ["Plan 3", "Plan 2"]
