"""The ledger as verbs use it: decide under the lock, append, read back, and say so plainly when it cannot."""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from zlib import crc32

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, GastownError, LedgerDamaged, NotFound, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import Address, BeadId, RigName
from gastown_tui.core.ports import Decide
from gastown_tui.core.wiring import create_ledger, find_home, open_hands, open_ledger
from gastown_tui.core.world.lock import FileLock, probe
from tests.ledgers import SteppingClock, created, everything, lone, put, reopened

WORKER = Address("api/polecats/slot0")


def log_of(directory: Path) -> Path:
    return directory / ".beads/events.jsonl"


def a_town(root: Path, *rigs: str) -> None:
    """A town on disk with an empty ledger for each rig."""
    create_ledger(root, "hq")
    (root / "mayor").mkdir()
    (root / "settings.toml").write_text('name = "Test"\n')
    for rig in rigs:
        create_ledger(root / rig, rig[:2])
    facts = [e.Entry(e.RigAdded(rig=RigName(rig), prefix=rig[:2], url="u", default_branch="main")) for rig in rigs]
    reopened(root).record(lambda _: facts, actor="overseer")


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size`, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# ---------------------------------------------------------------------------------------------- transactions


def test_what_one_process_records_another_reads(tmp_path: Path) -> None:
    recorded = put(lone(tmp_path), created("gt-1", "Fix it"))
    assert recorded.town.bead("gt-1").title == "Fix it"
    assert reopened(tmp_path).read().bead("gt-1").title == "Fix it"


def test_a_line_of_the_log_has_the_documented_shape(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"), created("gt-2"))
    lines = log_of(tmp_path).read_bytes().splitlines()[1:]
    for line in lines:
        record = json.loads(line)
        assert list(record) == [
            "event_id", "event_type", "timestamp", "actor", "correlation_id", "caused_by", "tx", "data", "crc",
        ]  # fmt: skip
        body, _, rest = line.rpartition(b',"crc":"')
        assert rest == b'%08x"}' % crc32(body)
        assert len(record["event_id"]) == 30
    first, second = (json.loads(line) for line in lines)
    assert first["tx"] == second["tx"] == first["event_id"] < second["event_id"]


def test_a_decision_that_is_refused_leaves_every_byte_as_it_was(tmp_path: Path) -> None:
    ledger = lone(tmp_path)
    put(ledger, created("gt-1"))
    before = log_of(tmp_path).read_bytes(), (tmp_path / ".beads/issues.jsonl").read_bytes()

    def refuse(town: Town) -> list[e.Entry]:
        raise Refused("not now")

    with pytest.raises(Refused, match="not now"):
        ledger.record(refuse, actor="mayor")
    assert (log_of(tmp_path).read_bytes(), (tmp_path / ".beads/issues.jsonl").read_bytes()) == before
    assert put(ledger, created("gt-2")).town.bead("gt-2")


def test_a_decision_sees_what_others_wrote_before_it(tmp_path: Path) -> None:
    ours = lone(tmp_path)
    ours.read()
    put(reopened(tmp_path), created("gt-1"))
    seen: list[bool] = []

    def look(town: Town) -> list[e.Entry]:
        seen.append(town.find("gt-1") is not None)
        return []

    ours.record(look, actor="mayor")
    assert seen == [True]


def test_a_fact_for_a_ledger_that_is_not_locked_is_a_mistake_in_the_program(tmp_path: Path) -> None:
    ledger = lone(tmp_path)
    with pytest.raises(ValueError, match="not locked"):
        ledger.record(lambda _: [e.Entry(created("gt-1"), "api")], actor="mayor")
    assert log_of(tmp_path).read_bytes().count(b"\n") == 1


def test_text_that_is_no_unicode_is_bad_input_and_nothing_is_written(tmp_path: Path) -> None:
    ledger = lone(tmp_path)
    before = log_of(tmp_path).read_bytes()
    with pytest.raises(BadInput, match="not Unicode"):
        put(ledger, created("gt-1", "\udcff"))
    with pytest.raises(BadInput, match="too long"):
        put(ledger, created("gt-1", "x" * 5_000_000))
    assert log_of(tmp_path).read_bytes() == before


@pytest.mark.parametrize("size", [200, 8 * 1024, 64 * 1024, 1024 * 1024])
def test_records_of_any_size_come_back_whole(tmp_path: Path, size: int) -> None:
    put(lone(tmp_path), created("gt-1", "é" * (size // 2)))
    assert len(reopened(tmp_path).read().bead("gt-1").title) == size // 2


def test_ids_rise_when_the_clock_goes_back(tmp_path: Path) -> None:
    clock = SteppingClock(step_ms=-60_000)
    for number in range(5):
        put(reopened(tmp_path, clock=clock) if number else lone(tmp_path, clock=clock), created(f"gt-{number}"))
    ids = [json.loads(line)["event_id"] for line in log_of(tmp_path).read_bytes().splitlines()]
    assert ids == sorted(set(ids))


def test_passing_facts_stay_out_of_the_log_and_are_folded_all_the_same(tmp_path: Path) -> None:
    ledger = lone(tmp_path)
    before = log_of(tmp_path).read_bytes()
    put(ledger, e.HookChecked(agent=WORKER, found=False), actor=WORKER)
    assert log_of(tmp_path).read_bytes() == before
    assert reopened(tmp_path).read().last_event(WORKER) != ""


def test_an_event_of_an_unknown_type_is_kept_and_counted(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"))
    line = '{"event_id":"evt-1234abcd5678","event_type":"tool.used","actor":"x","data":{"tool":"ls"}}\n'
    with log_of(tmp_path).open("a") as log:
        log.write(line)
    ledger = reopened(tmp_path)
    assert ledger.read().own.registers.unknown_events == 1
    put(ledger, created("gt-2"))
    assert line in log_of(tmp_path).read_text()
    assert line in (tmp_path / ".beads/feed.jsonl").read_text()


def test_rows_another_program_keeps_in_a_file_of_that_name_are_left_alone(tmp_path: Path) -> None:
    rows = b'{"id":7,"issue_id":"bd-1","event_type":"created","actor":"x","created_at":"2026-01-06T12:00:00Z"}\n' * 3
    beads = tmp_path / ".beads"
    beads.mkdir()
    (beads / "events.jsonl").write_bytes(rows)
    issue = b'{"id":"bd-1","title":"t","priority":1,"created_at":"x","updated_at":"y"}\n'
    (beads / "issues.jsonl").write_bytes(issue)
    ledger = reopened(tmp_path)
    assert ledger.read().bead("bd-1").title == "t"
    assert ledger.warnings() == ()
    put(ledger, created("bd-2"))
    assert log_of(tmp_path).read_bytes().startswith(rows)
    assert {bead.id for bead in reopened(tmp_path).read().beads()} == {"bd-1", "bd-2"}


def test_the_documents_own_aliases_are_read(tmp_path: Path) -> None:
    lone(tmp_path)
    event = {
        "event_id": "evt-abc", "event_type": "agent.hook_checked", "timestamp": "2026-01-06T12:00:00.000Z",
        "actor": WORKER, "data": {"agent": WORKER, "found": True, "response_ms": 3},
    }  # fmt: skip
    with log_of(tmp_path).open("a") as log:
        log.write(json.dumps(event) + "\n")
    town = reopened(tmp_path).read()
    assert town.own.registers.unknown_events == 0
    assert town.last_event(WORKER) == "2026-01-06T12:00:00.000Z"


def test_an_event_of_another_writer_that_is_dated_ahead_does_not_overrule_ours(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"))
    event = {
        "event_id": "evt-zz9999", "event_type": "bead.updated", "timestamp": "2999-01-01T00:00:00.000Z",
        "actor": "x", "data": {"bead_id": "gt-1", "changes": {"title": "theirs"}},
    }  # fmt: skip
    with log_of(tmp_path).open("a") as log:
        log.write(json.dumps(event) + "\n")
    assert reopened(tmp_path).read().bead("gt-1").title == "theirs"
    put(reopened(tmp_path), e.BeadUpdated(bead_id=BeadId("gt-1"), changes={"title": "ours"}))
    assert reopened(tmp_path).read().bead("gt-1").title == "ours"
    reopened(tmp_path).rebuild_projections()
    assert reopened(tmp_path).read().bead("gt-1").title == "ours"


def test_sealed_segments_are_part_of_the_log(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"))
    put(reopened(tmp_path), e.BeadClosed(bead_id=BeadId("gt-1")))
    beads = tmp_path / ".beads"
    (beads / "events").mkdir()
    log_of(tmp_path).rename(beads / "events/2026-01-06.jsonl")
    put(reopened(tmp_path), created("gt-2"))
    town = reopened(tmp_path).read()
    assert town.bead("gt-1").is_closed and not town.bead("gt-2").is_closed
    before = (beads / "issues.jsonl").read_bytes()
    reopened(tmp_path).rebuild_projections()
    assert (beads / "issues.jsonl").read_bytes() == before


def test_a_log_replaced_while_a_process_lives_is_noticed(tmp_path: Path) -> None:
    ledger = lone(tmp_path)
    put(ledger, created("gt-1"))
    older = log_of(tmp_path).read_bytes()
    put(ledger, created("gt-2"))
    newer = log_of(tmp_path).read_bytes()
    other = tmp_path / "other"
    other.write_bytes(older)
    other.replace(log_of(tmp_path))
    assert ledger.read().find("gt-2") is None
    log_of(tmp_path).write_bytes(newer)
    assert ledger.read().find("gt-2") is not None


# ----------------------------------------------------------------------------------------------------- locks


def test_a_held_lock_is_a_conflict_that_names_the_holder(tmp_path: Path) -> None:
    ledger = lone(tmp_path, lock_wait_s=0.05)
    with FileLock(tmp_path / ".beads/local/lock").hold(1), pytest.raises(Conflict) as caught:
        put(ledger, created("gt-1"))
    assert f"process {os.getpid()}" in caught.value.message
    assert "pytest" in caught.value.message
    assert put(ledger, created("gt-1")).town.bead("gt-1")


def test_a_lock_waited_for_is_had_when_the_holder_lets_go(tmp_path: Path) -> None:
    ledger = lone(tmp_path, lock_wait_s=30)
    waiting, done = threading.Event(), threading.Event()

    def write() -> None:
        waiting.set()
        put(ledger, created("gt-1"))
        done.set()

    with FileLock(tmp_path / ".beads/local/lock").hold(1):
        thread = threading.Thread(target=write)
        thread.start()
        assert waiting.wait(10)
        assert not done.wait(0.1)
    thread.join(30)
    assert done.is_set()


def test_a_lock_given_up_on_is_not_kept_by_the_thread_that_waited(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    for _ in range(20):
        with lock.hold(1), pytest.raises(Conflict), lock.hold(0.01):
            pytest.fail("two holders at once")
    with lock.hold(5):
        pass


def test_a_killed_holder_frees_the_lock(tmp_path: Path) -> None:
    lone(tmp_path)
    program = (
        "import sys; from pathlib import Path; from gastown_tui.core.world.lock import FileLock\n"
        "with FileLock(Path(sys.argv[1])).hold(1): print('held', flush=True); sys.stdin.read()"
    )
    lock = tmp_path / ".beads/local/lock"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        with pytest.raises(Conflict, match=f"process {process.pid}"):
            put(reopened(tmp_path, lock_wait_s=0.05), created("gt-1"))
        process.kill()
    assert put(reopened(tmp_path), created("gt-1")).town.bead("gt-1")


def test_locks_work_where_the_tests_run_and_the_probe_leaves_nothing(tmp_path: Path) -> None:
    assert probe(tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


def test_threads_that_share_a_ledger_lose_nothing(tmp_path: Path) -> None:
    ledger = lone(tmp_path, lock_wait_s=60)
    threads = [
        threading.Thread(target=lambda n=n: [put(ledger, created(f"gt-{n}x{i}")) for i in range(10)]) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reopened(tmp_path).read().own.beads.all()) == 80
    assert (tmp_path / ".beads/issues.jsonl").read_bytes().count(b"\n") == 80


# ----------------------------------------------------------------------------------------------- many ledgers


def test_a_town_reads_its_own_ledger_and_its_rigs(tmp_path: Path) -> None:
    a_town(tmp_path, "api", "web")
    ledger = reopened(tmp_path)
    entries = [e.Entry(created("hq-1")), e.Entry(created("ap-1"), "api"), e.Entry(created("we-1"), "web")]
    ledger.record(lambda _: entries, actor="mayor", ledgers=("", "api", "web"))
    town = reopened(tmp_path).read()
    assert {name: [bead.id for bead in state.beads.all()] for name, state in town.ledgers.items()} == {
        "": ["hq-1"],
        "api": ["ap-1"],
        "web": ["we-1"],
    }
    assert town.ledger_of("ap-1") == "api"
    assert town.settings.name == "Test"
    assert [event.event_type for event in ledger.recent(3)] == ["bead.created"] * 3


def test_one_transaction_in_two_ledgers_has_one_tx_and_rising_ids(tmp_path: Path) -> None:
    a_town(tmp_path, "api")
    entries = [e.Entry(created("hq-1")), e.Entry(created("ap-1"), "api")]
    first, second = reopened(tmp_path).record(lambda _: entries, actor="mayor", ledgers=("api", "")).events
    assert first.tx == second.tx == first.event_id < second.event_id


def test_a_ledger_the_town_does_not_have_is_not_found(tmp_path: Path) -> None:
    a_town(tmp_path, "api")
    with pytest.raises(NotFound, match="no ledger 'web'"):
        reopened(tmp_path).record(lambda _: [], actor="mayor", ledgers=("web",))


def test_a_rig_that_joins_while_a_process_lives_is_found(tmp_path: Path) -> None:
    a_town(tmp_path, "api")
    ledger = reopened(tmp_path)
    assert set(ledger.read().ledgers) == {"", "api"}
    create_ledger(tmp_path / "web", "we")
    joined = e.RigAdded(rig=RigName("web"), prefix="we", url="u", default_branch="main")
    put(reopened(tmp_path), joined)
    assert set(ledger.read().ledgers) == {"", "api", "web"}
    put(reopened(tmp_path), e.RigRemoved(rig=RigName("web")))
    assert set(ledger.read().ledgers) == {"", "api"}


def test_a_transaction_that_cannot_be_finished_in_one_ledger_is_taken_back_in_the_others(tmp_path: Path) -> None:
    a_town(tmp_path, "api")
    put(reopened(tmp_path), created("hq-0", "x" * 10_000))
    rig, town = tmp_path / "api/.beads/events.jsonl", log_of(tmp_path)
    before = rig.read_bytes(), town.read_bytes()
    ledger = reopened(tmp_path)
    ledger.read()
    entries = [e.Entry(created("hq-1")), e.Entry(created("ap-1"), "api")]
    with file_size_limit(len(before[1]) + 10), pytest.raises(GastownError, match="size limit"):
        ledger.record(lambda _: entries, actor="mayor", ledgers=("", "api"))
    assert (rig.read_bytes(), town.read_bytes()) == before
    assert ledger.read().find("ap-1") is None
    assert ledger.record(lambda _: entries, actor="mayor", ledgers=("", "api")).town.bead("ap-1")


def test_settings_that_cannot_be_read_name_file_and_key(tmp_path: Path) -> None:
    a_town(tmp_path)
    (tmp_path / "settings.toml").write_text("[health]\nquiet = 3\n")
    with pytest.raises(BadInput, match=r"settings\.toml: health: unknown key 'quiet'"):
        _ = reopened(tmp_path).read().settings
    (tmp_path / "settings.toml").write_text("[health]\nquiet_s = 3\n")
    assert reopened(tmp_path).read().settings.health.quiet_s == 3


# ---------------------------------------------------------------------------------------------------- set-up


def test_a_new_ledger_has_the_files_other_programs_expect(tmp_path: Path) -> None:
    create_ledger(tmp_path, "gt")
    beads = tmp_path / ".beads"
    assert json.loads((beads / "metadata.json").read_text())["jsonl_export"] == "issues.jsonl"
    assert (beads / "config.yaml").read_text() == "issue-prefix: gt\n"
    assert (beads / ".gitattributes").read_text() == "*.jsonl merge=union\n"
    assert "local/" in (beads / ".gitignore").read_text()
    assert beads.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in beads.iterdir() if path.is_file()} == {0o600}
    with pytest.raises(Conflict, match="is there already"):
        create_ledger(tmp_path, "gt")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files cannot be counted here")
def test_a_ledger_nobody_holds_keeps_no_file_open(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"))
    gc.collect()
    gc.disable()
    try:
        ledger = reopened(tmp_path)
        assert ledger.read().bead("gt-1").title
        assert _open_below(tmp_path)
        del ledger
        assert not _open_below(tmp_path)
    finally:
        gc.enable()


def _open_below(folder: Path) -> list[str]:
    """Files of a folder this process has open."""
    found: list[str] = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(str(link.readlink()))
    return [each for each in found if each.startswith(f"{folder}/")]


def test_reading_writes_nothing(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"))
    before = everything(tmp_path)
    ledger = reopened(tmp_path)
    town = ledger.read()
    assert town.bead("gt-1") and town.dependents(BeadId("gt-1")) == () and list(town.beads())
    ledger.recent(5)
    ledger.warnings()
    assert everything(tmp_path) == before


def test_a_ledger_that_vanished_is_said_to_be_gone(tmp_path: Path) -> None:
    lone(tmp_path)
    home = find_home(tmp_path, env={}, cwd=tmp_path)
    (tmp_path / ".beads").rename(tmp_path / "moved")
    with pytest.raises(GastownError, match="is gone"):
        open_ledger(home).read()


# ---------------------------------------------------------------------------------------------------- verify


def test_verifying_counts_events_and_names_damage(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"))
    with log_of(tmp_path).open("ab") as log:
        log.write(b'{"event_id":"evt-broken\n')
    found = reopened(tmp_path).verify()
    assert found.events == 2
    assert len(found.damaged) == 1 and "events.jsonl" in found.damaged[0]
    assert found.ahead == 0


def test_an_event_dated_far_ahead_is_flagged_and_later_ones_still_follow_it(tmp_path: Path) -> None:
    clock = SteppingClock()
    clock.moment = clock.moment.replace(year=2999)
    put(lone(tmp_path, clock=clock), created("gt-1"))
    put(reopened(tmp_path), e.BeadClosed(bead_id=BeadId("gt-1")))
    assert reopened(tmp_path).read().bead("gt-1").is_closed
    assert reopened(tmp_path).verify().ahead == 1


def test_after_a_failed_sync_nothing_is_written_until_the_file_was_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = lone(tmp_path)

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("gastown_tui.core.world.durable._sync", fail)
        with pytest.raises(LedgerDamaged, match="could not be made durable: Input/output error"):
            put(ledger, created("gt-1"))
    with pytest.raises(LedgerDamaged, match="an earlier write"):
        put(ledger, created("gt-2"))
    with pytest.raises(LedgerDamaged, match="an earlier write"):
        put(reopened(tmp_path), created("gt-2"))
    reopened(tmp_path).verify()
    assert put(reopened(tmp_path), created("gt-2")).town.bead("gt-2")


def test_where_locks_do_not_hold_writing_is_refused_unless_insisted_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lone(tmp_path)
    monkeypatch.setattr("gastown_tui.core.world.store.probe", lambda _: "two holders were let in at once")
    with pytest.raises(GastownError, match="file locks do not work: two holders"):
        put(reopened(tmp_path), created("gt-1"))
    insisting = open_hands(tmp_path, env={"GASTOWN_UNSAFE_FS": "1"}, cwd=tmp_path)
    insisting.ledger.record(lambda _: [e.Entry(created("gt-1"))], actor="x")
    assert reopened(tmp_path).read().bead("gt-1")


def test_threads_that_wait_for_the_lock_are_served_by_whoever_has_it(tmp_path: Path) -> None:
    ledger, gate = lone(tmp_path), threading.Event()
    outcomes: dict[str, object] = {}

    taken: list[object] = []
    hold = ledger._own._lock.hold
    ledger._own._lock.hold = lambda timeout_s: taken.append(1) or hold(timeout_s)  # type: ignore[method-assign,func-returns-value]

    def first(town: Town) -> list[e.Entry]:
        gate.set()
        deadline = time.monotonic() + 30
        while len(ledger._wishes) < 4 and time.monotonic() < deadline:
            threading.Event().wait(0.001)
        return [e.Entry(created("gt-first"))]

    def claimed(town: Town) -> list[e.Entry]:
        if town.find("gt-one"):
            raise Conflict("gt-one is there")
        return [e.Entry(created("gt-one"))]

    def write(name: str, decide: Decide) -> None:
        if name != "first":
            gate.wait()
        try:
            outcomes[name] = ledger.record(decide, actor=name).events[0].actor
        except Conflict as error:
            outcomes[name] = error.message

    wishes = {"first": first, "a": claimed, "b": claimed, "c": lambda town: [e.Entry(created("gt-c"))]}
    threads = [threading.Thread(target=write, args=each) for each in wishes.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes["first"] == "first"
    assert outcomes["c"] == "c"
    assert sorted([outcomes["a"] in ("a",), outcomes["b"] in ("b",)]) == [False, True]
    assert "gt-one is there" in (outcomes["a"], outcomes["b"])
    assert sorted(bead.id for bead in reopened(tmp_path).read().beads()) == ["gt-c", "gt-first", "gt-one"]
    assert ledger._wishes == []
    assert len(taken) == 2, "those that waited for the first should have been served at once"


def test_nobody_writes_while_the_files_of_a_ledger_are_put_in_order(tmp_path: Path) -> None:
    ledger = lone(tmp_path)
    put(ledger, created("gt-1", "Kept"))
    other = reopened(tmp_path, lock_wait_s=0.05)

    def rule(name: str, text: str) -> str | None:
        if name != "events.jsonl":
            return None
        with pytest.raises(Conflict):
            put(other, created("gt-2", "Meanwhile"))
        return text + "\n\udc80 torn"

    ledger.mend(rule)
    assert b"\n\x80 torn\n" in log_of(tmp_path).read_bytes()
    put(other, created("gt-3", "Afterwards"))
    assert {bead.title for bead in reopened(tmp_path).read().beads()} == {"Kept", "Afterwards"}
