"""Setting a real town going and putting it to rest: real daemon, real sessions, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.errors import Conflict, NotFound, ToolFailed
from gastown_tui.core.events import Entry
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.outside import SessionSpec
from gastown_tui.core.patrols import daemon
from gastown_tui.core.verbs import running, work
from tests.end.rig_at_work import WORKER, RigAtWork
from tests.places import git, surroundings
from tests.ports.tmux_server import eventually, processes_in

pytestmark = pytest.mark.tmux
SESSION = "polecat-api-slot0"


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RigAtWork]:
    """A town that may be started; afterwards nothing of it runs."""
    for name in [each for each in os.environ if each.startswith(("GT_", "BD_", "BEADS_", "TMUX"))]:
        monkeypatch.delenv(name)
    at_work = RigAtWork(tmp_path)
    settings = at_work.home / "settings.toml"
    for key, value in (("runtime", "shell"), ("daemon.beat_s", "0.2"), ("health.restart_backoff_s", "0.1")):
        at_work.hands.files.set_setting(settings, key, value)
    yield at_work
    running.shutdown(at_work.hands, now=True)
    eventually(lambda: not processes_in(at_work.home))
    assert not at_work.hands.sessions.socket.exists()


def command(rig: RigAtWork, *words: str) -> subprocess.Popen[str]:
    """`gt` as a process of its own."""
    return subprocess.Popen(
        (sys.executable, "-m", "gastown_tui", "--batch", *words),
        cwd=rig.home, env=surroundings(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def a_silent_worker(rig: RigAtWork) -> BeadId:
    """A bead on the hook of a worker that waits for a word; the session stands."""
    bead_id = BeadId("ap-quiet")
    metadata = {"wait_for_nudge": True, "run": "echo done > done.txt"}
    filed = e.BeadCreated(bead_id=bead_id, title="Wait", fields={"metadata": metadata})
    rig.hands.ledger.record(lambda _: [Entry(filed, "api")], actor="mayor", ledgers=("", "api"))
    work.sling(rig.hands, (bead_id, "api"))
    shows(rig, "gastown worker ▸")
    return bead_id


def shows(rig: RigAtWork, text: str) -> None:
    def look() -> bool:
        try:
            return any(text in line for line in rig.hands.sessions.capture(SESSION).lines)
        except NotFound:
            return False

    eventually(look)


# ---------------------------------------------------------------------------------------------- start


def test_a_started_town_has_one_daemon_that_beats(rig: RigAtWork) -> None:
    started = running.start(rig.hands, no_mayor=True)
    assert started.daemon.beats > 0
    found = rig.hands.processes.find(started.daemon.pid)
    assert found is not None and found.incarnation == started.daemon.incarnation
    status = running.daemon_status(rig.hands)
    assert f"process {started.daemon.pid} runs" in status.text()
    assert rig.hands.ledger.read().own.registers.is_running


def test_starting_again_changes_nothing(rig: RigAtWork) -> None:
    first = running.start(rig.hands, no_mayor=True)
    again = running.start(rig.hands, no_mayor=True)
    assert again.daemon.pid == first.daemon.pid
    assert "runs already" in again.text()
    assert len(rig.events(e.TownStarted)) == 1


def test_two_who_start_at_once_start_one_daemon(rig: RigAtWork) -> None:
    both = [command(rig, "start", "--no-mayor", "--json") for _ in range(2)]
    said = [each.communicate(timeout=60) for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    pids = {json.loads(out)["daemon"]["pid"] for out, _ in said}
    assert len(pids) == 1


def test_a_second_daemon_is_refused(rig: RigAtWork) -> None:
    running.start(rig.hands, no_mayor=True)
    with pytest.raises(Conflict):
        daemon.run(rig.hands)


def test_the_mayor_gets_a_session_when_its_program_is_there(rig: RigAtWork) -> None:
    assert running.start(rig.hands).mayor == "mayor"
    assert rig.hands.sessions.find("mayor") is not None


def test_a_missing_program_for_the_mayor_is_one_plain_line(rig: RigAtWork) -> None:
    rig.hands.files.set_setting(rig.home / "settings.toml", "roles.mayor", "claude")
    bare = replace(rig.hands, runtimes=Without(rig.hands.runtimes))
    started = running.start(bare)
    assert started.mayor == ""
    assert "\n" not in started.mayor_reason and "claude" in started.mayor_reason


class Without:
    """Runtimes none of whose programs is installed."""

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def argv(self, runtime: object, **more: object) -> tuple[str, ...]:
        raise ToolFailed("claude is not installed")


def test_a_daemon_that_was_killed_is_missed_and_made_good(rig: RigAtWork) -> None:
    first = running.start(rig.hands, no_mayor=True)
    os.kill(first.daemon.pid, signal.SIGKILL)
    eventually(lambda: not running.find_daemon(rig.hands).runs)
    assert "ended without a word" in running.daemon_status(rig.hands).text()
    again = running.start(rig.hands, no_mayor=True)
    assert again.daemon.pid != first.daemon.pid


def test_a_daemon_told_to_end_ends_and_says_so(rig: RigAtWork) -> None:
    first = running.start(rig.hands, no_mayor=True)
    os.kill(first.daemon.pid, signal.SIGTERM)
    eventually(lambda: not running.find_daemon(rig.hands).runs)
    stopped = eventually(lambda: rig.events(e.DaemonStopped))
    assert [fact.reason for fact in stopped if isinstance(fact, e.DaemonStopped)] == ["SIGTERM"]


def test_a_daemon_in_a_town_at_rest_ends_by_itself(rig: RigAtWork) -> None:
    assert daemon.run(rig.hands).reason == "the town rests"


# ---------------------------------------------------------------------------------------------- workers


def test_a_killed_worker_gets_a_new_session_and_goes_on(rig: RigAtWork) -> None:
    bead_id = a_silent_worker(rig)
    running.start(rig.hands, no_mayor=True)
    first = rig.hands.sessions.find(SESSION)
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)

    def is_new() -> bool:
        now = rig.hands.sessions.find(SESSION)
        return now is not None and not now.dead and now.incarnation != first.incarnation

    eventually(is_new)
    hook = rig.hands.ledger.read().hook(WORKER)
    assert hook is not None and hook.bead_id == bead_id
    shows(rig, "gastown worker ▸")


def test_a_town_at_rest_restarts_nobody(rig: RigAtWork) -> None:
    a_silent_worker(rig)
    running.start(rig.hands, no_mayor=True)
    running.shutdown(rig.hands)
    assert rig.hands.sessions.all() == ()
    assert rig.hands.ledger.read().hook(WORKER) is not None


def test_what_a_shutdown_interrupted_goes_on_with_the_next_start(rig: RigAtWork) -> None:
    a_silent_worker(rig)
    running.start(rig.hands, no_mayor=True)
    running.shutdown(rig.hands)
    running.start(rig.hands, no_mayor=True)
    eventually(lambda: rig.hands.sessions.find(SESSION) is not None)


# ---------------------------------------------------------------------------------------------- merging


def test_a_gate_whose_daemon_was_killed_is_ended_before_the_next_one_judges(rig: RigAtWork, tmp_path: Path) -> None:
    told = tmp_path / "gate.pid"
    rig.setting("gate", f"echo $$ > {told} && sleep 600")
    mr_id = rig.asks_to_merge({"new.txt": "new\n"})
    first = running.start(rig.hands, no_mayor=True)
    orphan = int(eventually(lambda: told.exists() and told.read_text().strip()))
    os.kill(first.daemon.pid, signal.SIGKILL)
    eventually(lambda: not running.find_daemon(rig.hands).runs)
    assert rig.hands.processes.find(orphan) is not None
    rig.setting("gate", "true")
    running.start(rig.hands, no_mayor=True)
    eventually(lambda: rig.hands.ledger.read().bead(mr_id).is_closed)
    assert rig.hands.processes.find(orphan) is None
    assert "new.txt" in rig.files_at_origin()


def test_a_shutdown_does_not_wait_for_a_long_gate_and_loses_no_request(rig: RigAtWork, tmp_path: Path) -> None:
    told = tmp_path / "gate.pid"
    rig.setting("gate", f"echo $$ > {told} && sleep 600")
    mr_id = rig.asks_to_merge({"new.txt": "new\n"})
    running.start(rig.hands, no_mayor=True)
    gate = int(eventually(lambda: told.exists() and told.read_text().strip()))
    running.shutdown(rig.hands, now=True)
    assert rig.hands.processes.find(gate) is None
    rig.setting("gate", "true")
    running.start(rig.hands, no_mayor=True)
    eventually(lambda: rig.hands.ledger.read().bead(mr_id).is_closed, within_s=60)


# ---------------------------------------------------------------------------------------------- shutdown


def test_uncommitted_work_is_under_a_rescue_ref_and_still_in_its_place(rig: RigAtWork) -> None:
    a_silent_worker(rig)
    place = rig.home / "api" / "polecats" / "slot0"
    (place / "half.txt").write_text("half done\n")
    down = running.shutdown(rig.hands)
    assert (place / "half.txt").read_text() == "half done\n"
    ref = down.rescued[WORKER]
    assert git(rig.bare, "show", f"{ref}:half.txt") == "half done"
    assert down.code() == 0


def test_a_clean_worktree_needs_no_rescue(rig: RigAtWork) -> None:
    a_silent_worker(rig)
    assert running.shutdown(rig.hands).rescued == {}


def test_a_strangers_session_on_the_same_server_is_left_alone(rig: RigAtWork) -> None:
    running.start(rig.hands, no_mayor=True)
    program = (sys.executable, "-c", "import time; time.sleep(600)")
    stranger = rig.hands.sessions.start(SessionSpec(name="mine", cwd=rig.home, argv=program))
    down = running.shutdown(rig.hands, now=True)
    assert "tmux stays for mine" in down.text()
    assert rig.hands.processes.find(stranger.pid) is not None
    rig.hands.sessions.stop("mine")


def test_shutting_down_twice_is_fine(rig: RigAtWork) -> None:
    running.start(rig.hands, no_mayor=True)
    assert running.shutdown(rig.hands).code() == 0
    again = running.shutdown(rig.hands)
    assert "no daemon ran" in again.text()
    assert len(rig.events(e.TownStopped)) == 1


def test_a_daemon_that_hangs_is_ended_by_its_pid(rig: RigAtWork) -> None:
    first = running.start(rig.hands, no_mayor=True)
    os.kill(first.daemon.pid, signal.SIGSTOP)
    down = running.shutdown(rig.hands, now=True)
    assert down.daemon == "daemon ended"
    assert rig.hands.processes.find(first.daemon.pid) is None


def test_without_tmux_a_shutdown_says_which_sessions_it_could_not_end(
    rig: RigAtWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.start(rig.hands, no_mayor=True)
    a_silent_worker(rig)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("PATH", str(tmp_path / "nothing"))
        down = running.shutdown(rig.hands.elsewhere(rig.home), now=True)
    assert down.code() == 1
    assert [line.split(":")[0] for line in down.kept][-1] == "the session of api/polecats/slot0 may still run"
    assert rig.hands.sessions.find(SESSION) is not None
