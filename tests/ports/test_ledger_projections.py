"""The files beside the log follow from the log alone, by whatever path they came about."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.core import events as e
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId, MailId
from gastown_tui.core.world.envelope import decode_event
from gastown_tui.core.world.feed import is_shown, may_show
from tests.ledgers import (
    SteppingClock,
    created,
    examples,
    facts,
    foreign_lines,
    histories,
    lone,
    projected,
    put,
    reopened,
    temporary,
    with_issues,
)

place = contextmanager(temporary)
TOWN = Address("api/polecats/slot0")


@examples()
@given(history=histories, reopens=st.lists(st.booleans(), min_size=8, max_size=8))
def test_rebuilding_gives_the_same_bytes_as_every_step_on_the_way(
    history: list[list[e.Fact]], reopens: list[bool]
) -> None:
    with place() as directory:
        ledger = lone(directory, clock=SteppingClock())
        for transaction, reopen in zip(history, reopens, strict=False):
            if reopen:
                ledger = reopened(directory, clock=SteppingClock())
            put(ledger, *transaction)
        before = projected(directory / ".beads")
        reopened(directory).rebuild_projections()
        assert projected(directory / ".beads") == before


@examples()
@given(
    lines=st.lists(foreign_lines() | st.sampled_from(['{"_schema":"beads-jsonl/1"}', "<<<<<<< HEAD", ""]), max_size=6),
    transactions=st.lists(st.lists(facts, min_size=1, max_size=3), min_size=1, max_size=4),
)
def test_rebuilding_an_adopted_file_gives_the_same_bytes(lines: list[str], transactions: list[list[e.Fact]]) -> None:
    with place() as directory:
        beads = with_issues(directory, "".join(line + "\n" for line in lines).encode())
        for transaction in transactions:
            put(reopened(directory, clock=SteppingClock()), *transaction)
        before = projected(beads)
        reopened(directory).rebuild_projections()
        assert projected(beads) == before


@examples()
@given(history=histories)
def test_what_one_process_folds_step_by_step_another_reads_from_the_snapshot(history: list[list[e.Fact]]) -> None:
    with place() as directory:
        ledger = lone(directory, clock=SteppingClock())
        for transaction in history:
            put(ledger, *transaction)
        ours, theirs = ledger.read().own, reopened(directory).read().own
        assert {bead.id: bead for bead in theirs.beads.all()} == {bead.id: bead for bead in ours.beads.all()}
        assert dict(theirs.mail) == dict(ours.mail)
        assert theirs.registers == ours.registers
        shutil.rmtree(directory / ".beads" / "local")
        clone = reopened(directory).read().own
        assert clone.registers == ours.registers
        assert {bead.id: bead for bead in clone.beads.all()} == {bead.id: bead for bead in ours.beads.all()}


@examples()
@given(
    shared=histories,
    left=st.lists(st.lists(facts, min_size=1, max_size=3), max_size=4),
    right=st.lists(st.lists(facts, min_size=1, max_size=3), max_size=4),
    swapped=st.booleans(),
)
def test_two_clones_that_hold_the_same_events_have_the_same_projections(
    shared: list[list[e.Fact]], left: list[list[e.Fact]], right: list[list[e.Fact]], swapped: bool
) -> None:
    with place() as directory:
        one, two = directory / "one", directory / "two"
        one.mkdir()
        ledger = lone(one, clock=SteppingClock())
        for transaction in shared:
            put(ledger, *transaction)
        shutil.copytree(one, two, ignore=shutil.ignore_patterns("local"))
        for clone, transactions, step in ((one, left, 3), (two, right, 5)):
            clock = SteppingClock(step)
            for transaction in transactions:
                put(reopened(clone, clock=clock), *transaction)
        logs = [(clone / ".beads/events.jsonl").read_bytes() for clone in (one, two)]
        merged = b"".join(reversed(logs) if swapped else logs)
        for clone, log in ((one, logs[0] + logs[1]), (two, merged)):
            (clone / ".beads/events.jsonl").write_bytes(log)
            reopened(clone).rebuild_projections()
        assert projected(one / ".beads") == projected(two / ".beads")


def test_a_new_bead_goes_to_its_place_among_the_sorted_lines(tmp_path: Path) -> None:
    ledger = lone(tmp_path)
    put(ledger, created("gt-5"), created("gt-1"))
    put(reopened(tmp_path), created("gt-3"), created("gt-9"), created("gt-0"), created("gt-4"))
    lines = (tmp_path / ".beads/issues.jsonl").read_text().splitlines()
    assert [line[7:11] for line in lines] == ["gt-0", "gt-1", "gt-3", "gt-4", "gt-5", "gt-9"]


def test_a_line_nobody_touched_keeps_its_bytes_when_another_changes(tmp_path: Path) -> None:
    odd = '{"title":"odd  one","id":"gt-2","extra":[1,  2],"priority":1,"created_at":"x","updated_at":"y"}'
    plain = '{"id":"gt-1","title":"<raw>","priority":1,"created_at":"x","updated_at":"y"}'
    beads = with_issues(tmp_path, f"{plain}\n{odd}\n".encode())
    put(reopened(tmp_path), e.BeadClosed(bead_id=BeadId("gt-1")))
    first, second = (beads / "issues.jsonl").read_text().splitlines()
    assert second == odd
    assert '"title":"<raw>"' in first and '"status":"closed"' in first


def test_a_changed_line_goes_back_to_its_first_bytes_when_the_change_is_taken_back(tmp_path: Path) -> None:
    line = '{"priority": 1, "assignee": "me", "title": "\\u00e4", "id": "gt-1", "created_at": "x", "updated_at": "y"}'
    beads = with_issues(tmp_path, f"{line}\n".encode())
    put(reopened(tmp_path), e.BeadUpdated(bead_id=BeadId("gt-1"), changes={"assignee": None, "title": "b"}))
    assert b'"assignee"' not in (beads / "issues.jsonl").read_bytes()
    put(reopened(tmp_path), e.BeadUpdated(bead_id=BeadId("gt-1"), changes={"assignee": "me", "title": "ä"}))
    after = (beads / "issues.jsonl").read_text().rstrip("\n")
    assert after.partition('"updated_at"')[0] == line.partition('"updated_at"')[0]


def test_the_feed_shows_events_in_order_and_leaves_out_the_machinery(tmp_path: Path) -> None:
    ledger = lone(tmp_path)
    put(ledger, created("gt-1"), e.HookChecked(agent=TOWN, found=True))
    put(ledger, e.BeadClosed(bead_id=BeadId("gt-1")))
    names = [event.event_type for event in reopened(tmp_path).recent(10)]
    assert names == ["ledger.created", "bead.created", "bead.closed"]
    assert [event.event_type for event in ledger.recent(1)] == ["bead.closed"]
    assert ledger.recent(0) == ()
    assert b'"crc"' not in (tmp_path / ".beads/feed.jsonl").read_bytes()


def test_what_is_not_in_the_feed_yet_is_recent_all_the_same(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"), e.HookChecked(agent=TOWN, found=True))
    (tmp_path / ".beads/feed.jsonl").unlink()
    assert [event.event_type for event in reopened(tmp_path).recent(10)] == ["ledger.created", "bead.created"]
    assert [event.event_type for event in reopened(tmp_path).recent(1)] == ["bead.created"]


def test_adopting_a_file_is_one_line_of_the_feed(tmp_path: Path) -> None:
    line = '{{"id":"gt-{0}","title":"t","priority":1,"created_at":"x","updated_at":"y"}}\n'
    with_issues(tmp_path, "".join(line.format(n) for n in range(9)).encode())
    put(reopened(tmp_path), created("gt-99"))
    names = [event.event_type for event in reopened(tmp_path).recent(99)]
    assert names == ["ledger.created", "ledger.adopted", "bead.created"]


def test_a_feed_cut_short_by_a_crash_is_made_whole_again(tmp_path: Path) -> None:
    ledger = lone(tmp_path)
    put(ledger, created("gt-1"))
    feed = tmp_path / ".beads/feed.jsonl"
    whole = feed.read_bytes()
    for damaged in (whole + b'{"event_id":"evt-torn', whole[:-20], b""):
        feed.write_bytes(damaged)
        put(reopened(tmp_path), e.BeadNoted(bead_id=BeadId("gt-1"), text="n"))
        got = projected(tmp_path / ".beads")["feed.jsonl"]
        reopened(tmp_path).rebuild_projections()
        assert projected(tmp_path / ".beads")["feed.jsonl"] == got


def test_a_hook_file_stands_while_work_hangs_and_goes_with_it(tmp_path: Path) -> None:
    ledger = lone(tmp_path)
    fence = AssignmentId("asg-1")
    put(ledger, created("gt-1"), e.HookSet(agent=TOWN, ref_id=BeadId("gt-1"), assignment_id=fence))
    hook = tmp_path / ".beads/.hook-api--polecats--slot0"
    assert hook.read_text() == "bead:gt-1\n"
    put(reopened(tmp_path), e.HookCleared(agent=TOWN, previous_ref=BeadId("gt-1"), assignment_id=fence))
    assert not hook.exists()


def test_mail_is_kept_in_the_order_it_was_sent_and_read_only_when_asked_for(tmp_path: Path) -> None:
    ledger = lone(tmp_path, clock=SteppingClock())
    for number in (3, 1, 2):
        mail_id = MailId(f"msg-{number}")
        put(ledger, e.MailSent(message_id=mail_id, sender="me", to=(TOWN,), subject="s", thread_id=mail_id))
    put(reopened(tmp_path), e.MailRead(message_id=MailId("msg-1"), reader=TOWN))
    other = reopened(tmp_path).read()
    assert [mail.id for mail in other.own.mail.values()] == ["msg-3", "msg-1", "msg-2"]
    assert other.mail("msg-1").read_by == (TOWN,)


@pytest.mark.parametrize("lost", ["issues.jsonl", "messages.jsonl", "feed.jsonl", "local/snapshot"])
def test_a_lost_projection_is_made_anew(tmp_path: Path, lost: str) -> None:
    ledger = lone(tmp_path, clock=SteppingClock())
    mail_id = MailId("msg-1")
    put(ledger, created("gt-1"), e.MailSent(message_id=mail_id, sender="a", to=(TOWN,), subject="s", thread_id=mail_id))
    before = projected(tmp_path / ".beads")
    (tmp_path / ".beads" / lost).unlink()
    assert reopened(tmp_path).read().bead("gt-1").title == "A thing to do"
    assert reopened(tmp_path).read().mail("msg-1").subject == "s"
    reopened(tmp_path).rebuild_projections()
    assert projected(tmp_path / ".beads") == before


def test_a_projector_killed_between_the_files_and_the_snapshot_is_no_outside_edit(tmp_path: Path) -> None:
    beads = tmp_path / ".beads"
    put(lone(tmp_path), created("gt-1"))
    older = (beads / "local/snapshot").read_bytes()
    put(reopened(tmp_path), e.BeadClosed(bead_id=BeadId("gt-1")))
    (beads / "local/snapshot.next").write_bytes((beads / "local/snapshot").read_bytes())
    (beads / "local/snapshot").write_bytes(older)
    assert reopened(tmp_path).read().bead("gt-1").status == "closed"
    put(reopened(tmp_path), created("gt-2"))
    log = (beads / "events.jsonl").read_text()
    assert "bead.imported" not in log
    assert log.count("\n") == 4


def test_leftovers_of_killed_projectors_are_swept_by_a_rebuild(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"))
    stale = tmp_path / ".beads" / ".issues.jsonl.7fffffff-00000000.tmp"
    ours = tmp_path / ".beads" / f".issues.jsonl.{os.getpid():x}-00000000.tmp"
    stale.write_text("x")
    ours.write_text("x")
    reopened(tmp_path).rebuild_projections()
    assert not stale.exists()
    assert ours.exists()


def test_lines_the_feed_passes_over_unread_are_lines_it_does_not_show(tmp_path: Path) -> None:
    beads = tmp_path / ".beads"
    beads.mkdir()
    (beads / "issues.jsonl").write_text('{"id":"gt-1","title":"One"}\n{"id":"gt-2","title":"Two"}\n')
    put(reopened(tmp_path), created("gt-3", 'says "correlation_id":"adoption", and "event_type":"bead.imported"'))
    lines = (beads / "events.jsonl").read_bytes().splitlines()
    shown = [line for line in lines if (event := decode_event(line)) is not None and is_shown(event)]
    assert [line for line in lines if may_show(line)] == shown
    assert may_show(lines[2] + lines[-1])
    assert len(shown) < len(lines)
