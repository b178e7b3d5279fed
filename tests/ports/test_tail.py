"""Following a ledger: every event once, in order, whoever wrote it and however the file moved."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.core import events as e
from gastown_tui.core.errors import NotFound
from gastown_tui.core.model.ids import BeadId, RigName
from gastown_tui.core.wiring import create_ledger, open_hands
from gastown_tui.core.world.tail import LedgerTail
from tests.ledgers import created, examples, facts, lone, put, reopened, temporary

place = contextmanager(temporary)


def names(events: tuple[e.Event, ...]) -> list[str]:
    return [event.event_type for event in events]


def test_a_tail_starts_with_nothing_and_then_tells_each_event_once(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"))
    tail = LedgerTail(reopened(tmp_path))
    events, town = tail.poll()
    assert events == () and town.bead("gt-1")
    put(reopened(tmp_path), created("gt-2"), e.BeadClosed(bead_id=BeadId("gt-1")))
    events, town = tail.poll()
    assert names(events) == ["bead.created", "bead.closed"]
    assert town.bead("gt-1").is_closed
    assert tail.poll()[0] == ()


def test_events_read_by_somebody_else_through_the_same_ledger_are_told_all_the_same(tmp_path: Path) -> None:
    ledger = lone(tmp_path)
    tail = LedgerTail(ledger)
    tail.poll()
    put(reopened(tmp_path), created("gt-1"))
    assert ledger.read().bead("gt-1")
    put(ledger, created("gt-2"))
    assert names(tail.poll()[0]) == ["bead.created", "bead.created"]


@examples()
@given(transactions=st.lists(st.lists(facts, min_size=1, max_size=3), max_size=6), seen=st.sets(st.integers(0, 5)))
def test_a_tail_tells_everything_that_was_recorded_in_order(transactions: list[list[e.Fact]], seen: set[int]) -> None:
    with place() as directory:
        lone(directory)
        tail = LedgerTail(reopened(directory))
        tail.poll()
        told: list[str] = []
        written: list[str] = []
        for number, transaction in enumerate(transactions):
            written += [event.event_id for event in put(reopened(directory), *transaction).events]
            if number in seen:
                told += [event.event_id for event in tail.poll()[0]]
        events, town = tail.poll()
        told += [event.event_id for event in events]
        assert told == written
        fresh = reopened(directory).read()
        assert {bead.id: bead for bead in town.beads()} == {bead.id: bead for bead in fresh.beads()}


def test_events_that_git_brought_in_before_ours_are_told_with_the_rest(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"))
    log = tmp_path / ".beads/events.jsonl"
    tail = LedgerTail(reopened(tmp_path))
    tail.poll()
    older = log.read_bytes()
    put(reopened(tmp_path), created("gt-2"))
    ours = log.read_bytes()[len(older) :]
    theirs = json.loads(ours)
    assert names(tail.poll()[0]) == ["bead.created"]
    line = ours.replace(b"gt-2", b"gt-3")
    body = line[: line.rindex(b',"crc"')].replace(theirs["event_id"][-6:].encode(), b"zzzzzz")
    log.write_bytes(older + body + b',"crc":"%08x"}\n' % crc32(body) + ours)
    events, town = tail.poll()
    assert town.bead("gt-3") and town.bead("gt-2")
    assert names(events) == ["bead.created"]


def test_rigs_that_join_are_followed(tmp_path: Path) -> None:
    create_ledger(tmp_path, "hq")
    (tmp_path / "mayor").mkdir()
    (tmp_path / "settings.toml").touch()
    tail = LedgerTail(reopened(tmp_path))
    tail.poll()
    create_ledger(tmp_path / "api", "ap")
    put(reopened(tmp_path), e.RigAdded(rig=RigName("api"), prefix="ap", url="u", default_branch="main"))
    assert "rig.added" in names(tail.poll()[0])
    reopened(tmp_path).record(lambda _: [e.Entry(created("ap-1"), "api")], actor="x", ledgers=("api",))
    events, town = tail.poll()
    assert names(events) == ["bead.created"] and town.bead("ap-1")


def test_the_bell_rings_for_a_write_of_another_process_and_no_more_once_stopped(tmp_path: Path) -> None:
    lone(tmp_path)
    tail = LedgerTail(reopened(tmp_path))
    tail.poll()
    rung = threading.Event()
    stop = tail.wake_on_change(rung.set)
    try:
        put(reopened(tmp_path), created("gt-1"))
        assert rung.wait(20)
    finally:
        stop()
    rung.clear()
    put(reopened(tmp_path), created("gt-2"))
    assert not rung.wait(0.3)
    assert len(tail.poll()[0]) == 2


def test_without_watches_the_files_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lone(tmp_path)
    tail = LedgerTail(reopened(tmp_path))
    tail.poll()

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("watchdog.observers.api.BaseObserver.schedule", refuse)
    rung = threading.Event()
    stop = tail.wake_on_change(rung.set)
    try:
        put(reopened(tmp_path), created("gt-1"))
        assert rung.wait(20)
    finally:
        stop()


def test_following_what_is_not_there_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no \.beads directory"):
        LedgerTail(open_hands(None, env={}, cwd=tmp_path).ledger)
