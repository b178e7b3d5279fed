"""A log that has grown long is sealed into segments, and nobody notices but those who count files."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gastown_tui.core import events as e
from gastown_tui.core.world import segments
from gastown_tui.core.world.envelope import decode_event
from gastown_tui.core.world.event_log import EventLog
from gastown_tui.core.world.jsonl import JsonlLedger
from gastown_tui.core.world.wish import stamped
from tests.ledgers import LONG, SteppingClock, created, facts, lone, projected, put, reopened, temporary


@pytest.fixture(autouse=True)
def _short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 900)


def sealed(directory: Path) -> list[Path]:
    return sorted((directory / ".beads/events").glob("*.jsonl"))


def every_line(directory: Path) -> list[bytes]:
    files = [*sealed(directory), directory / ".beads/events.jsonl"]
    return [line for file in files if file.exists() for line in file.read_bytes().splitlines()]


def ids(ledger: JsonlLedger) -> list[str]:
    return sorted(bead.id for bead in ledger.read().beads())


def assert_a_function_of_the_log(directory: Path) -> None:
    before = projected(directory / ".beads")
    reopened(directory).rebuild_projections()
    assert projected(directory / ".beads") == before


def test_a_long_log_is_sealed_and_reads_as_before(tmp_path: Path) -> None:
    ledger, names = lone(tmp_path), [f"gt-{number:02}" for number in range(20)]
    follower = reopened(tmp_path)
    follower.follow()
    seen: list[str] = []
    for name in names:
        put(ledger, created(name))
        seen += [event.fact.bead_id for event in follower.follow()[0] if isinstance(event.fact, e.BeadCreated)]
    assert len(sealed(tmp_path)) > 3
    assert (tmp_path / ".beads/events.jsonl").stat().st_size < 900 + 400
    assert seen == names
    assert ids(ledger) == ids(follower) == ids(reopened(tmp_path)) == names
    assert [event.fact.bead_id for event in ledger.history() if isinstance(event.fact, e.BeadCreated)] == names
    assert_a_function_of_the_log(tmp_path)


def test_whoever_follows_reads_on_in_the_segment_without_folding_anew(tmp_path: Path) -> None:
    writer, follower = lone(tmp_path), reopened(tmp_path)
    follower.read()
    for store in (follower._own,):
        store.reader.is_rewound = False
    for number in range(12):
        put(writer, created(f"gt-{number}"))
    assert len(sealed(tmp_path)) > 1
    assert len(ids(follower)) == 12
    assert not follower._own.reader.is_rewound


def test_a_snapshot_from_before_the_sealing_is_still_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 1 << 30)
    put(lone(tmp_path), *(created(f"gt-{number}") for number in range(12)))
    assert segments.seal(tmp_path / ".beads/events.jsonl") is not None
    reader = reopened(tmp_path)
    assert len(ids(reader)) == 12
    assert not reader._own.reader.is_complete, "everything was folded anew"
    put(reader, created("gt-more"))
    assert len(ids(reopened(tmp_path))) == 13
    assert_a_function_of_the_log(tmp_path)


def test_a_missing_log_beside_its_segments_is_an_empty_one(tmp_path: Path) -> None:
    put(lone(tmp_path), *(created(f"gt-{number}") for number in range(12)))
    (tmp_path / ".beads/events.jsonl").unlink()
    assert len(ids(reopened(tmp_path))) == 12
    put(reopened(tmp_path), created("gt-more"))
    assert len(ids(reopened(tmp_path))) == 13
    assert_a_function_of_the_log(tmp_path)


def test_a_log_that_another_program_writes_to_as_well_is_never_sealed(tmp_path: Path) -> None:
    log = tmp_path / ".beads/events.jsonl"
    put(lone(tmp_path), created("gt-1"))
    with log.open("a") as file:
        file.write('{"ts":"2026-01-06","op":"create"}\n' * 100)
    put(reopened(tmp_path), created("gt-2"))
    assert log.stat().st_size > 900
    assert sealed(tmp_path) == []
    assert ids(reopened(tmp_path)) == ["gt-1", "gt-2"]


def test_damage_goes_into_the_segment_and_is_still_reported(tmp_path: Path) -> None:
    log = tmp_path / ".beads/events.jsonl"
    put(lone(tmp_path), created("gt-1"))
    with log.open("a") as file:
        file.write('{"event_id":"evt-torn' + "x" * 900 + "\n{torn again\n")
    put(reopened(tmp_path), created("gt-2"))
    assert len(sealed(tmp_path)) == 1
    shutil.rmtree(tmp_path / ".beads/local")
    ledger = reopened(tmp_path)
    assert ids(ledger) == ["gt-1", "gt-2"]
    assert any("2 lines could not be read" in warning for warning in ledger.warnings())


def test_what_was_written_before_a_sealing_is_not_written_again_behind_it(tmp_path: Path) -> None:
    ledger = lone(tmp_path)
    store = ledger._own
    with store.writing(1.0):
        ledger._town()
        ledger._mint.see(store.last_event)
        late = stamped([e.Entry(created("gt-late"))], "mayor", SteppingClock().now(), ledger._mint)
        written = store.append([event for _, event in late])
    assert written is not None
    segments.seal(tmp_path / ".beads/events.jsonl")
    put(reopened(tmp_path), created("gt-other"))
    store.make_durable(written)
    assert Counter(every_line(tmp_path)).most_common(1)[0][1] == 1
    assert ids(reopened(tmp_path)) == ["gt-late", "gt-other"]


def test_a_reader_that_is_overtaken_by_a_sealing_misses_nothing(tmp_path: Path) -> None:
    put(lone(tmp_path), *(created(f"gt-{number}") for number in range(3)))
    beads = tmp_path / ".beads"
    log = EventLog(beads)
    found = log.replay_sorted()
    streams = log._streams

    def overtaken(read: Any) -> object:
        made = streams(read)
        if not sealed(tmp_path):
            segments.seal(beads / "events.jsonl")
        return made

    log._streams = overtaken  # type: ignore[method-assign,assignment]
    assert len([event for event, _ in found if isinstance(event.fact, e.BeadCreated)]) == 3


def test_two_clones_that_seal_apart_end_in_the_same_projections(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    put(lone(ours), *(created(f"gt-base{number}") for number in range(8)))
    shutil.copytree(ours, theirs)
    shutil.rmtree(theirs / ".beads/local")
    for directory in (ours, theirs):
        for number in range(8):
            put(reopened(directory), created(f"gt-{directory.name}{number}"))
    lines = {directory: every_line(directory) for directory in (ours, theirs)}
    for mine, other in ((ours, theirs), (theirs, ours)):
        log = mine / ".beads/events.jsonl"
        own = log.read_bytes().splitlines() if log.exists() else []
        unsealed = [line for line in lines[other] if line not in own]
        log.write_bytes(b"".join(line + b"\n" for line in [*own, *unsealed]))
        for segment in sealed(other):
            if not (mine / ".beads/events" / segment.name).exists():
                shutil.copy2(segment, mine / ".beads/events")
    for directory in (ours, theirs):
        assert len(ids(reopened(directory))) == 24
        reopened(directory).rebuild_projections()
    assert projected(ours / ".beads") == projected(theirs / ".beads")


@given(st.lists(facts, min_size=1, max_size=12), st.data())
@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    max_examples=100 if LONG else 25,
)
def test_any_cut_into_segments_folds_to_the_same(history: list[e.Fact], data: st.DataObject) -> None:
    for directory in temporary():
        ledger = lone(directory, clock=SteppingClock())
        for fact in history:
            put(ledger, fact)
        reopened(directory).rebuild_projections()
        wanted, lines = projected(directory / ".beads"), every_line(directory)
        for file in sealed(directory):
            file.unlink()
        log = directory / ".beads/events.jsonl"
        for _ in range(data.draw(st.integers(0, 3))):
            log.write_bytes(b"".join(line + b"\n" for line in data.draw(st.lists(st.sampled_from(lines), unique=True))))
            segments.seal(log)
        log.write_bytes(b"".join(line + b"\n" for line in data.draw(st.permutations(lines))))
        reopened(directory).rebuild_projections()
        assert projected(directory / ".beads") == wanted


KILLED = """
import os, signal, sys
from pathlib import Path
from gastown_tui.core.events import BeadCreated, Entry
from gastown_tui.core.wiring import find_home, open_ledger
from gastown_tui.core.world import durable, segments
segments.SEGMENT_BYTES = 900
directory, call, after = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ledger = open_ledger(find_home(directory, env={}, cwd=directory))
real, count = getattr(os, call), 0
def dying(*arguments, **more):
    global count
    count += 1
    if count > after:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **more)
setattr(*((durable, "_sync") if call == "fdatasync" else (os, call)), dying)
for number in range(3):
    ledger.record(lambda town: [Entry(BeadCreated(bead_id=f"gt-dying{number}", title="t" * 500))], actor="x")
    print(f"gt-dying{number}", flush=True)
"""


_STEPS = {"open": 11, "close": 11, "write": 3, "fsync": 2}
"""Not every call of these kinds in the short form."""


@pytest.mark.parametrize("call", ["open", "write", "rename", "fsync", "fdatasync", "replace", "mkdir", "close"])
def test_a_process_killed_at_any_step_of_a_sealing_leaves_a_whole_ledger(tmp_path: Path, call: str) -> None:
    """It dies at its first, second, … call of each kind, in the middle of writes that seal and of sealings."""
    has_died = False
    for after in range(0, 400, 1 if LONG else _STEPS.get(call, 1)):
        directory = tmp_path / str(after)
        directory.mkdir()
        put(lone(directory), created("gt-before"))
        command = [sys.executable, "-c", KILLED, str(directory), call, str(after)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        has_died |= done.returncode != 0
        put(reopened(directory), created("gt-after"))
        events = [event for line in every_line(directory) if (event := decode_event(line)) is not None]
        found = Counter(str(event.fact.bead_id) for event in events if isinstance(event.fact, e.BeadCreated))
        for name in ("gt-before", "gt-after", *done.stdout.split()):
            assert found[name] == 1
        assert max(found.values()) == 1
        assert ids(reopened(directory)) == sorted(found)
        assert_a_function_of_the_log(directory)
        shutil.rmtree(directory)
        if done.returncode == 0:
            break
    assert has_died


WRITING = """
import sys
from pathlib import Path
from gastown_tui.core.events import BeadCreated, Entry
from gastown_tui.core.wiring import find_home, open_ledger
from gastown_tui.core.world import segments, store
segments.SEGMENT_BYTES = 4000
store._LAG_S = 0.0
directory, name = Path(sys.argv[1]), sys.argv[2]
ledger = open_ledger(find_home(directory, env={}, cwd=directory))
ledger._lock_wait_s = 120
for number in range(int(sys.argv[3])):
    bead = f"gt-{name}x{number}"
    ledger.record(lambda town: [Entry(BeadCreated(bead_id=bead, title="t"))], actor=name)
    print(bead)
"""


def test_many_processes_write_and_seal_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    lone(tmp_path)
    count = 200 if LONG else 40
    command = [sys.executable, "-c", WRITING, str(tmp_path)]
    processes = [
        subprocess.Popen([*command, str(number), str(count)], stdout=subprocess.PIPE, text=True) for number in range(4)
    ]
    acknowledged = [line for process in processes for line in process.communicate()[0].split()]
    assert [process.returncode for process in processes] == [0] * 4
    assert len(acknowledged) == 4 * count
    assert len(sealed(tmp_path)) > 2
    assert Counter(every_line(tmp_path)).most_common(1)[0][1] == 1
    assert ids(reopened(tmp_path)) == sorted(acknowledged)
    assert_a_function_of_the_log(tmp_path)


def test_a_full_disk_leaves_the_log_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(lone(tmp_path), created("gt-1"))
    with monkeypatch.context() as broken:
        broken.setattr(Path, "rename", _no_room)
        put(reopened(tmp_path), *(created(f"gt-x{number}") for number in range(12)))
    assert sealed(tmp_path) == []
    put(reopened(tmp_path), created("gt-2"))
    assert len(sealed(tmp_path)) == 1
    assert len(ids(reopened(tmp_path))) == 14


def _no_room(path: Path, target: Path) -> Path:
    raise OSError(28, os.strerror(28), str(path))
