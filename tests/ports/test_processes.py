"""Processes apart from sessions: started to stay, known by more than their number, never mistaken."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gastown_tui.core.errors import BadInput, ToolFailed
from gastown_tui.core.world.processes import OsProcesses

HANDS = OsProcesses()
DEADLINE_S = 20.0


def until(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.01)


def env(incarnation: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "GT_SESSION": incarnation}


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., int]]:
    """Start Python programs; whatever still lives at the end is killed by its pid."""
    pids: list[int] = []

    def start(program: str, incarnation: str = "inc-1") -> int:
        argv = (sys.executable, "-c", program)
        pid = HANDS.spawn_detached(argv, cwd=tmp_path, env=env(incarnation), log=tmp_path / "logs" / "child.log")
        pids.append(pid)
        return pid

    yield start
    for pid in pids:
        if HANDS.find(pid) is not None:
            os.kill(pid, signal.SIGKILL)


SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)


def test_a_detached_process_writes_to_its_log_and_leads_its_own_session(
    started: Callable[..., int], tmp_path: Path
) -> None:
    pid = started(SLEEPER)
    until(lambda: "up" in (tmp_path / "logs" / "child.log").read_text(), "output in the log")
    assert os.getsid(pid) == pid
    assert (tmp_path / "logs" / "child.log").stat().st_mode & 0o077 == 0


def test_a_detached_process_does_not_take_itself_for_the_agent_that_started_it(
    started: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GT_ROLE", "api/polecats/nux")
    monkeypatch.setenv("TMUX", "/tmp/somebody,1,0")
    monkeypatch.setenv("TOWN_TEST_KEPT", "yes")
    started("import os; print(sorted(k for k in os.environ if k.startswith(('GT_', 'TMUX', 'TOWN_'))), flush=True)")
    until(lambda: (tmp_path / "logs" / "child.log").read_text().endswith("\n"), "its environment")
    assert (tmp_path / "logs" / "child.log").read_text() == "['GT_SESSION', 'TOWN_TEST_KEPT']\n"


def test_a_detached_process_outlives_the_one_that_started_it(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from gastown_tui.core.world.processes import OsProcesses as P;"
        "here = pathlib.Path(sys.argv[1]);"
        "print(P().spawn_detached((sys.executable, '-c', sys.argv[2]), cwd=here,"
        " env={'GT_SESSION': 'inc-9'}, log=here / 'log'))"
    )
    parent = subprocess.run(
        (sys.executable, "-c", program, str(tmp_path), SLEEPER), capture_output=True, text=True, check=True, timeout=60
    )
    pid = int(parent.stdout)
    try:
        until(lambda: "up" in (tmp_path / "log").read_text(), "output after the parent ended")
        found = HANDS.find(pid)
        assert found is not None
        assert found.incarnation == "inc-9"
    finally:
        assert HANDS.terminate(pid, incarnation="inc-9")


def test_a_living_process_is_found_with_its_incarnation(started: Callable[..., int]) -> None:
    pid = started(SLEEPER, "inc-7")
    until(lambda: (fact := HANDS.find(pid)) and fact.incarnation == "inc-7", "the program took over")
    found = HANDS.find(pid)
    assert found is not None
    assert sys.executable in found.command
    assert found.rss_bytes > 0


def test_an_ended_process_is_not_found_even_as_a_zombie() -> None:
    child = subprocess.Popen((sys.executable, "-c", ""))
    until(lambda: HANDS.find(child.pid) is None, "the zombie counts as none")
    child.wait()


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 17, 10**20])
def test_a_number_nobody_has_is_nobody(pid: int) -> None:
    assert HANDS.find(pid) is None


def test_a_process_is_ended_by_pid_and_incarnation(started: Callable[..., int]) -> None:
    pid = started(SLEEPER)
    until(lambda: (fact := HANDS.find(pid)) and fact.incarnation, "the program took over")
    assert HANDS.terminate(pid, incarnation="inc-1", grace_s=DEADLINE_S)
    assert HANDS.find(pid) is None
    assert HANDS.terminate(pid, incarnation="inc-1")


def test_one_that_ignores_the_polite_signal_is_killed(started: Callable[..., int], tmp_path: Path) -> None:
    pid = started(STUBBORN)
    until(lambda: "up" in (tmp_path / "logs" / "child.log").read_text(), "its signal handler is set")
    assert HANDS.terminate(pid, incarnation="inc-1", grace_s=0.1)
    assert HANDS.find(pid) is None


def test_a_stranger_under_a_known_pid_is_left_alone(started: Callable[..., int], tmp_path: Path) -> None:
    pid = started(SLEEPER, "inc-other")
    until(lambda: "up" in (tmp_path / "logs" / "child.log").read_text(), "it runs")
    assert not HANDS.terminate(pid, incarnation="inc-1", grace_s=0.1)
    assert HANDS.find(pid) is not None


def test_nothing_is_ended_without_naming_its_incarnation(started: Callable[..., int]) -> None:
    pid = started(SLEEPER)
    with pytest.raises(BadInput):
        HANDS.terminate(pid, incarnation="")
    assert HANDS.find(pid) is not None


@pytest.mark.parametrize("argv", [(), ("",)])
def test_starting_nothing_is_bad_input(argv: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        HANDS.spawn_detached(argv, cwd=tmp_path, env={}, log=tmp_path / "log")


@pytest.mark.parametrize("program", ["/no/such/program", "nul\0byte"])
def test_a_program_that_cannot_start_is_named(program: str, tmp_path: Path) -> None:
    with pytest.raises(ToolFailed) as failed:
        HANDS.spawn_detached((program,), cwd=tmp_path, env={}, log=tmp_path / "log")
    assert "cannot start" in failed.value.message
    assert failed.value.message.isprintable()


def test_only_one_is_alone_at_a_time_and_death_lets_go(tmp_path: Path) -> None:
    lock = tmp_path / "local" / "daemon.lock"
    program = (
        "import sys, pathlib, time; from gastown_tui.core.world.processes import OsProcesses as P\n"
        "with P().alone(pathlib.Path(sys.argv[1])) as mine:\n    print(mine, flush=True); time.sleep(600)"
    )
    holder = subprocess.Popen((sys.executable, "-c", program, str(lock)), stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == "True\n"
        with HANDS.alone(lock) as mine:
            assert not mine
        holder.kill()
        holder.wait()
    with HANDS.alone(lock) as mine:
        assert mine
        with HANDS.alone(lock) as again:
            assert not again
