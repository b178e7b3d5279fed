"""Bad days, in short form; GASTOWN_LONG=1 runs them long. Every random choice comes from a printed seed."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import GastownError
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.world.envelope import Damaged, decode_event
from tests.ledgers import LONG, created, lone, projected, put, reopened

WRITERS = 30
KILLS = int(os.environ.get("GASTOWN_KILLS", "0")) or (1_000 if LONG else 10)
"""How many writers are killed; GASTOWN_KILLS says otherwise."""
KILLING_S = 60 * float(os.environ.get("GASTOWN_KILL_MINUTES", "60"))
"""How long writers are killed; what was done by then is judged."""
SEED = int(os.environ.get("GASTOWN_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)

WRITE = """
import sys
from pathlib import Path
from gastown_tui.core.events import BeadCreated, Entry
from gastown_tui.core.wiring import find_home, open_ledger
directory, name, count, size = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
ledger = open_ledger(find_home(directory, env={}, cwd=directory))
ledger._lock_wait_s = 120
ledger.read()
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    bead = f"gt-{name}x{number}"
    ledger.record(lambda town: [Entry(BeadCreated(bead_id=bead, title="t" * size))], actor=name)
    print(bead, flush=True)
"""

CLAIM = """
import sys
from pathlib import Path
from gastown_tui.core.errors import Conflict
from gastown_tui.core.events import BeadAssigned, Entry
from gastown_tui.core.wiring import find_home, open_ledger
directory, name, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ledger = open_ledger(find_home(directory, env={}, cwd=directory))
ledger._lock_wait_s = 120
ledger.read()
print("ready", flush=True)
sys.stdin.readline()
for number in range(rounds):
    def claim(town):
        bead = town.bead(f"gt-{number}")
        if bead.assignee:
            raise Conflict(f"held by {bead.assignee}")
        return [Entry(BeadAssigned(bead_id=bead.id, assignee=name))]
    try:
        ledger.record(claim, actor=name)
    except Conflict:
        continue
    print(f"gt-{number}", flush=True)
"""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    """A process that waits for `go`."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process


def go(processes: list[subprocess.Popen[str]]) -> None:
    """Let them all begin at once."""
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def log_and_segments(directory: Path) -> bytes:
    """The whole log, as many files as it has become."""
    files = [*sorted((directory / ".beads/events").glob("*.jsonl")), directory / ".beads/events.jsonl"]
    return b"".join(file.read_bytes() for file in files)


def logged(directory: Path) -> list[e.Event]:
    """Every whole event of the log; fails on a line that is torn."""
    lines = log_and_segments(directory).split(b"\n")
    assert lines.pop() == b""
    events = [decode_event(line) for line in lines]
    return [event for event in events if event is not None]


def created_in(events: list[e.Event]) -> list[str]:
    return [event.fact.bead_id for event in events if isinstance(event.fact, e.BeadCreated)]


def assert_projections_follow(directory: Path) -> None:
    before = projected(directory / ".beads")
    reopened(directory).rebuild_projections()
    assert projected(directory / ".beads") == before


# ------------------------------------------------------------------------------------------------ many at once


def test_thirty_processes_that_create_fifty_beads_each_make_fifteen_hundred_whole_lines(tmp_path: Path) -> None:
    lone(tmp_path)
    processes = [start(WRITE, tmp_path, n, 50, 10) for n in range(WRITERS)]
    go(processes)
    acknowledged = [line for process in processes for line in process.communicate()[0].split()]
    assert [process.returncode for process in processes] == [0] * WRITERS
    assert len(acknowledged) == 1500
    events = logged(tmp_path)
    assert Counter(created_in(events)) == Counter(acknowledged)
    assert len({event.event_id for event in events}) == len(events)
    rows = [json.loads(line)["id"] for line in (tmp_path / ".beads/issues.jsonl").read_text().splitlines()]
    assert rows == sorted(acknowledged)
    assert_projections_follow(tmp_path)


@pytest.mark.parametrize("size", [200, 8 * 1024, 64 * 1024])
def test_records_of_many_writers_never_mix(tmp_path: Path, size: int) -> None:
    lone(tmp_path)
    processes = [start(WRITE, tmp_path, n, 200 if LONG else 5, size) for n in range(WRITERS if LONG else 8)]
    go(processes)
    acknowledged = [line for process in processes for line in process.communicate()[0].split()]
    assert sorted(created_in(logged(tmp_path))) == sorted(acknowledged)


def test_thirty_processes_that_claim_the_same_beads_have_one_winner_each(tmp_path: Path) -> None:
    rounds = 100 if LONG else 10
    put(lone(tmp_path), *(created(f"gt-{number}") for number in range(rounds)))
    processes = [start(CLAIM, tmp_path, f"worker{n}", rounds) for n in range(WRITERS)]
    go(processes)
    won = {f"worker{n}": process.communicate()[0].split() for n, process in enumerate(processes)}
    winners = {bead: name for name, beads in won.items() for bead in beads}
    assert sum(map(len, won.values())) == len(winners) == rounds
    town = reopened(tmp_path).read()
    assert {bead: town.bead(bead).assignee for bead in winners} == winners


# ---------------------------------------------------------------------------------------------------- kill -9


class Writer:
    """A process that creates beads until it is killed, and what it has acknowledged so far."""

    def __init__(self, directory: Path, name: str, size: int) -> None:
        self.process = start(WRITE, directory, name, 1_000_000, size)
        go([self.process])
        self.acknowledged: list[str] = []
        self._reader = threading.Thread(target=self._listen)
        self._reader.start()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def has_written(self, count: int) -> bool:
        """Wait until it has acknowledged that many; False when it does not get there in time."""
        deadline, pause = time.monotonic() + 60, threading.Event()
        while len(self.acknowledged) < count and time.monotonic() < deadline:
            pause.wait(0.001)
        return len(self.acknowledged) >= count

    def _listen(self) -> None:
        assert self.process.stdout is not None
        self.acknowledged.extend(line.strip() for line in self.process.stdout if line.endswith("\n"))


def test_an_acknowledged_bead_survives_the_death_of_any_writer(tmp_path: Path) -> None:
    """Writers are killed at random moments and replaced; what they acknowledged must be there, once."""
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    lone(tmp_path)
    dead: list[Writer] = []
    living = [Writer(tmp_path, f"w{number}", 10) for number in range(WRITERS if LONG else 4)]
    deadline = time.monotonic() + KILLING_S
    for kill in range(KILLS):
        if time.monotonic() > deadline:
            break
        victim = living.pop(chance.randrange(len(living)))
        assert victim.has_written(chance.randrange(1, 8))
        victim.kill()
        dead.append(victim)
        living.append(Writer(tmp_path, f"v{kill}", chance.choice((10, 3_000))))
    for writer in living:
        writer.kill()
    acknowledged = [bead for writer in dead + living for bead in writer.acknowledged]
    assert len(acknowledged) >= len(dead) > 0
    put(reopened(tmp_path), created("gt-after"))
    found = Counter(created_in(whole_events(tmp_path)))
    assert [bead for bead in acknowledged if found[bead] != 1] == []
    assert max(found.values()) == 1
    print(f"{len(dead)} kills, {len(acknowledged)} acknowledged, 0 lost, 0 doubled")
    assert_projections_follow(tmp_path)


KILLED_INSIDE = """
import os, signal, sys
from pathlib import Path
from gastown_tui.core.events import BeadCreated, Entry
from gastown_tui.core.wiring import find_home, open_ledger
directory, call, after = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ledger = open_ledger(find_home(directory, env={}, cwd=directory))
real, count = getattr(os, call), 0
def dying(*arguments, **more):
    global count
    count += 1
    if count > after:
        os.kill(os.getpid(), signal.SIGKILL)
    if call == "write" and count == after:
        return real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
    return real(*arguments, **more)
setattr(os, call, dying)
ledger.record(lambda town: [Entry(BeadCreated(bead_id="gt-dying", title="t" * 300))], actor="x")
print("acknowledged", flush=True)
"""


@pytest.mark.parametrize("call", ["open", "write", "pwrite", "fstat", "fsync", "stat", "close"])
def test_a_writer_killed_at_any_call_leaves_its_bead_whole_or_absent(tmp_path: Path, call: str) -> None:
    """The process dies at its first, second, … call of each kind, also inside the lock and half-way through a write."""
    for after in range(0, 60 if LONG else 24, 1 if LONG else 3):
        directory = tmp_path / str(after)
        directory.mkdir()
        put(lone(directory), created("gt-before"))
        done = subprocess.run(
            [sys.executable, "-c", KILLED_INSIDE, str(directory), call, str(after)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, -signal.SIGKILL, 1), done.stderr
        put(reopened(directory), created("gt-after"))
        found = Counter(created_in(whole_events(directory)))
        assert found["gt-before"] == found["gt-after"] == 1
        assert found["gt-dying"] == 1 if "acknowledged" in done.stdout else found["gt-dying"] <= 1
        assert_projections_follow(directory)
        shutil.rmtree(directory)
        if done.returncode == 0:
            break


def whole_events(directory: Path) -> list[e.Event]:
    """The events of a log that may hold stumps of records whose writers were killed."""
    events: list[e.Event] = []
    for line in log_and_segments(directory).split(b"\n"):
        try:
            event = decode_event(line)
        except Damaged:
            continue
        if event is not None:
            events.append(event)
    return events


# ------------------------------------------------------------------------------------------------- torn tails


def test_a_log_cut_at_any_byte_keeps_every_whole_record_and_takes_new_ones(tmp_path: Path) -> None:
    ledger = lone(tmp_path)
    put(ledger, created("gt-1"))
    log = tmp_path / ".beads/events.jsonl"
    whole = log.read_bytes()
    put(ledger, created("gt-2", "tail é"))
    data = log.read_bytes()
    for cut in range(len(whole), len(data), 1 if LONG else 7):
        log.write_bytes(data[:cut])
        assert reopened(tmp_path).read().bead("gt-1")
        town = put(reopened(tmp_path), created("gt-3")).town
        assert town.bead("gt-1") and town.bead("gt-3")
        assert (town.find("gt-2") is not None) == (cut == len(data) - 1)
        assert reopened(tmp_path).read().bead("gt-3")
        if cut not in (len(whole), len(data) - 1):
            assert town.own.registers.quarantined >= 1
        shutil.rmtree(tmp_path / ".beads/local")
        (tmp_path / ".beads/issues.jsonl").unlink()


# -------------------------------------------------------------------------------------------------- no room


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_record_that_does_not_fit_leaves_the_log_as_it_was_wherever_the_room_ends(tmp_path: Path) -> None:
    ledger = lone(tmp_path)
    put(ledger, created("gt-1", "x" * 2_000))
    log = tmp_path / ".beads/events.jsonl"
    before = log.read_bytes()
    ledger.read()
    for room in range(0, 330, 1 if LONG else 11):
        with room_for(len(before) + room), pytest.raises(GastownError, match="beyond its size limit") as caught:
            put(ledger, created("gt-2", "y" * 200))
        assert "nothing was written" in caught.value.hint
        assert log.read_bytes() == before
        assert ledger.read().find("gt-2") is None
    put(ledger, created("gt-2"))
    assert reopened(tmp_path).read().bead("gt-2")
    assert_projections_follow(tmp_path)


IN_A_SMALL_PLACE = """
import os, subprocess, sys
from pathlib import Path
from gastown_tui.core.errors import GastownError
from gastown_tui.core.events import BeadCreated, Entry
from gastown_tui.core.wiring import create_ledger, find_home, open_ledger
place, what = Path(sys.argv[1]), sys.argv[2]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=40", "tmpfs", str(place)], check=True)
create_ledger(place, "gt")
ledger = open_ledger(find_home(place, env={}, cwd=place))
def put(number, size):
    fact = BeadCreated(bead_id=f"gt-{number}", title="t" * size)
    ledger.record(lambda town: [Entry(fact)], actor="x")
done, said = 0, ""
put(done, 10)
filler = place / "filler"
if what == "full":
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096) == 4096:
                pass
        except OSError:
            pass
elif what == "inodes":
    filler.mkdir()
    try:
        for number in range(1000):
            (filler / str(number)).touch()
    except OSError:
        pass
else:
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
log = place / ".beads/events.jsonl"
for number in range(1, 10 if what == "inodes" else 400):
    size = log.stat().st_size
    try:
        put(number, 3000)
    except GastownError as error:
        said = error.message
        break
    done = number
print(said or " ".join(ledger.warnings()))
whole = log.read_bytes()
assert whole.endswith(b"\\n"), whole[-50:]
if what == "read-only":
    assert not open_ledger(find_home(place, env={}, cwd=place)).verify().damaged
    subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)
elif what == "full":
    filler.unlink()
else:
    import shutil
    shutil.rmtree(filler)
put("again", 10)
town = open_ledger(find_home(place, env={}, cwd=place)).read()
assert town.bead("gt-again") and len(list(town.beads())) >= done + 2, (done, len(list(town.beads())))
"""


@pytest.mark.parametrize(
    ("what", "words"), [("full", "disk is full"), ("inodes", "disk is full"), ("read-only", "read-only")]
)
def test_a_full_or_read_only_disk_is_said_plainly_and_writing_goes_on_when_it_is_over(
    tmp_path: Path, what: str, words: str
) -> None:
    unshare = shutil.which("unshare")
    tried = unshare and subprocess.run([unshare, "-m", "true"], capture_output=True, check=False).returncode == 0
    if not tried:
        pytest.skip("mounting needs privileges this run does not have")
    assert unshare is not None
    done = subprocess.run(
        [unshare, "-m", sys.executable, "-c", IN_A_SMALL_PLACE, str(tmp_path), what],
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount" in done.stderr and "permission" in done.stderr.lower():
        pytest.skip("mounting needs privileges this run does not have")
    assert done.returncode == 0, done.stderr
    assert words in done.stdout


# ---------------------------------------------------------------------------------------------- mutated logs


def test_every_damaged_line_is_isolated_and_reported_and_no_intact_event_is_lost(tmp_path: Path) -> None:
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    ledger = lone(tmp_path)
    for number in range(12):
        put(ledger, created(f"gt-{number}", f"title {number} <&> é"))
    log = tmp_path / ".beads/events.jsonl"
    lines = log.read_bytes().splitlines()
    shutil.rmtree(tmp_path / ".beads/local")
    (tmp_path / ".beads/issues.jsonl").unlink()
    for _ in range(100_000 if LONG else 400):
        mutated, lost, reported = mutate(list(lines), chance)
        log.write_bytes(mutated)
        fresh = reopened(tmp_path)
        beads = set(fresh.read().own.beads)
        expected = {f"gt-{number}" for number in range(12) if number + 1 not in lost}
        assert beads >= expected, mutated
        assert bool(fresh.verify().damaged) == reported, mutated
        assert bool(fresh.warnings()) == reported


def mutate(lines: list[bytes], chance: random.Random) -> tuple[bytes, set[int], bool]:
    """A damaged copy of a log, the numbers of the lines whose event may be lost, and whether that must be reported."""
    at = chance.randrange(1, len(lines))
    line = lines[at]
    match chance.choice(["flip", "cut", "glue", "repeat", "marker", "swap", "stump", "noise", "carriage"]):
        case "flip":
            place = chance.randrange(len(line))
            lines[at] = line[:place] + bytes([line[place] ^ (1 << chance.randrange(8))]) + line[place + 1 :]
            if b"\n" in lines[at]:
                return b"\n".join(lines) + b"\n", {at}, True
            return b"\n".join(lines) + b"\n", {at}, True
        case "cut":
            lines[at] = line[: chance.randrange(1, len(line))]
            return b"\n".join(lines) + b"\n", {at}, True
        case "glue" if at + 1 < len(lines):
            lines[at : at + 2] = [line + lines[at + 1]]
            return b"\n".join(lines) + b"\n", set(), True
        case "repeat":
            lines.insert(chance.randrange(1, len(lines)), line)
            return b"\n".join(lines) + b"\n", set(), False
        case "marker":
            lines.insert(at, chance.choice([b"<<<<<<< HEAD", b"=======", b">>>>>>> other"]))
            return b"\n".join(lines) + b"\n", set(), True
        case "swap":
            chance.shuffle(lines)
            return b"\n".join(lines) + b"\n", set(), False
        case "stump":
            lines[at] = lines[at - 1][: chance.randrange(1, len(lines[at - 1]))] + line
            return b"\n".join(lines) + b"\n", set(), True
        case "noise":
            lines.insert(at, bytes(chance.randrange(1, 256) for _ in range(9)).replace(b"\n", b"x"))
            return b"\n".join(lines) + b"\n", set(), True
        case _:
            return b"\r\n".join(lines) + b"\r\n", set(), False


# ----------------------------------------------------------------------------------------------- replaced logs


def test_a_log_replaced_between_append_and_sync_keeps_what_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor or a checkout puts an older file in place just then."""
    ledger = lone(tmp_path)
    put(ledger, created("gt-1"))
    log = tmp_path / ".beads/events.jsonl"
    older = log.read_bytes()
    real, done = os.fdatasync, list[int]()

    def replace_first(descriptor: int) -> None:
        real(descriptor)
        if not done:
            done.append(1)
            other = tmp_path / "other"
            other.write_bytes(older)
            other.replace(log)

    monkeypatch.setattr("gastown_tui.core.world.durable._sync", replace_first)
    put(ledger, created("gt-2"))
    assert done
    assert reopened(tmp_path).read().bead("gt-2")
    put(reopened(tmp_path), e.BeadClosed(bead_id=BeadId("gt-2")))
    assert reopened(tmp_path).read().bead("gt-2").is_closed
