"""Processes the town starts apart from sessions, and facts about those it finds.

A pid is no identity: the system gives it to somebody else. What tells processes apart is the pid together with the
`GT_SESSION` they were started with, read again right before every signal.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from gastown_tui.core.errors import BadInput, GastownError, ToolFailed
from gastown_tui.core.model.ids import shown
from gastown_tui.core.model.outside import ProcessFact
from gastown_tui.core.world.disk import make_private
from gastown_tui.core.world.lock import FileLock

if TYPE_CHECKING:
    import subprocess

    import psutil

_POLL_S = 0.02
_KILL_WAIT_S = 5.0
_LOG_LIMIT_BYTES = 5_000_000
_PERSONAL = ("GT_", "BD_", "BEADS_", "GIT_AUTHOR_", "GIT_COMMITTER_", "TMUX")


class OsProcesses:
    """The `Processes` port on the system's own process table."""

    def spawn_detached(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> int:
        """Start a process that outlives this one, in a session of its own, output appended to `log`.

        Args:
            argv: The program and its arguments; never passed through a shell.
            cwd: Where it runs.
            env: Added to this process's own environment, from which everything that tells an agent's session who it is
                (`GT_*`, `BD_*`, `BEADS_*`, git's author and committer, `TMUX*`) has been taken out.
            log: Where its output goes; begun anew once it is longer than 5 MB.

        Raises:
            BadInput: there is no program in `argv`.
            ToolFailed: it could not be started.
        """
        import subprocess

        if not argv or not argv[0]:
            raise BadInput("no program to start")
        make_private(log.parent)
        try:
            descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise GastownError(f"cannot write {log}: {error.strerror}") from error
        try:
            if os.fstat(descriptor).st_size > _LOG_LIMIT_BYTES:
                os.ftruncate(descriptor, 0)
            child = subprocess.Popen(
                list(argv),
                cwd=cwd,
                env=_inherited() | dict(env),
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,
                close_fds=True,
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ToolFailed(f"cannot start {shown(argv[0])}: {reason}", argv=tuple(argv)) from error
        finally:
            os.close(descriptor)
        _let_go(child)
        return child.pid

    def find(self, pid: int) -> ProcessFact | None:
        """A living process; None when there is none (a zombie counts as none)."""
        process = _alive(pid)
        return None if process is None else _fact(process)

    def terminate(self, pid: int, *, incarnation: str, grace_s: float = 5.0) -> bool:
        """TERM, wait, KILL, only if the process still carries that incarnation. True when it is gone.

        With no grace at all it is killed outright. A process that never carried it, or whose environment cannot be
        read, is left alone; False then means that somebody else lives under that pid.

        Raises:
            BadInput: no incarnation was named.
        """
        if not incarnation:
            raise BadInput("a process is ended by pid and incarnation, and no incarnation was named")
        polite = ((signal.SIGTERM, grace_s),) if grace_s > 0 else ()
        for name, wait_s in (*polite, (signal.SIGKILL, _KILL_WAIT_S)):
            process = _alive(pid)
            if process is None:
                return True
            if _incarnation(process) != incarnation:
                return False
            try:
                process.send_signal(name)
            except Exception as error:
                if _alive(pid) is None:
                    return True
                raise ToolFailed(f"cannot end process {pid}: {error}") from error
            if _wait_gone(lambda: _alive(pid) is None, wait_s):
                return True
        return False

    def interruptible(self) -> AbstractContextManager[None]:
        """Inside the `with`, TERM and HUP raise KeyboardInterrupt, once. Other threads than the main one are let be."""
        return _interruptible()

    def alone(self, lock: Path) -> AbstractContextManager[bool]:
        """Be the only holder of a lock file inside the `with`; False when somebody else is."""
        return _alone(lock)


@contextmanager
def _interruptible() -> Iterator[None]:
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told = (signal.SIGTERM, signal.SIGHUP)

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    known = {number: signal.signal(number, interrupt) for number in told}
    try:
        yield
    finally:
        for number, handler in known.items():
            signal.signal(number, handler)


@contextmanager
def _alone(lock: Path) -> Iterator[bool]:
    make_private(lock.parent)
    with FileLock(lock).attempt() as is_held:
        yield is_held


def _inherited() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith(_PERSONAL)}


def _let_go(child: subprocess.Popen[bytes]) -> None:
    """Reap the child whenever it ends, so that no zombie of it lingers in a long-lived parent."""
    import threading

    threading.Thread(target=child.wait, name="reap", daemon=True).start()


def _alive(pid: int) -> psutil.Process | None:
    import psutil

    if pid <= 0:
        return None
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process
    except (psutil.NoSuchProcess, psutil.AccessDenied, OverflowError):
        return None


def _fact(process: psutil.Process) -> ProcessFact | None:
    import psutil

    try:
        with process.oneshot():
            times = process.cpu_times()
            command = " ".join(process.cmdline()) or process.name()
            rss = process.memory_info().rss
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        return ProcessFact(pid=process.pid, command="")
    return ProcessFact(
        pid=process.pid,
        command=command,
        incarnation=_incarnation(process),
        cpu_s=times.user + times.system,
        rss_bytes=rss,
    )


def _incarnation(process: psutil.Process) -> str:
    import psutil

    with suppress(psutil.Error, OSError):
        return str(process.environ().get("GT_SESSION", ""))
    return ""


def _wait_gone(is_gone: Callable[[], bool], wait_s: float) -> bool:
    deadline = time.monotonic() + wait_s
    while not is_gone():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
