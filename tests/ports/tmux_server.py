"""A private tmux server for a test: its own socket in a short temporary directory, nothing of it left afterwards."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from gastown_tui.core.model.outside import SessionFact, SessionSpec
from gastown_tui.core.world.clock import SystemClock
from gastown_tui.core.world.tmux import TmuxSessions

Seen = TypeVar("Seen")

DEADLINE_S = 20.0


def eventually(look: Callable[[], Seen], *, within_s: float = DEADLINE_S) -> Seen:
    """The first true answer of `look`, asked again and again until the deadline."""
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < deadline, "it did not come to be in time"
        time.sleep(0.01)
    return seen


def ended(pid: int) -> bool:
    """Whether a process has ended; its parent may not have collected it yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Town:
    """Sessions on a private server, and the directory they run in."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.sessions = TmuxSessions(directory / "tmux.sock", SystemClock())

    def start(self, name: str, *argv: str, cwd: Path | None = None, **env: str) -> SessionFact:
        """Start a session; without a program one that only waits."""
        program = argv or (sys.executable, "-c", "import time; print('waiting', flush=True); time.sleep(600)")
        return self.sessions.start(
            SessionSpec(name=name, cwd=cwd or self.directory, argv=program, env=env, width_cells=100, height_cells=30)
        )

    def script(self, name: str, source: str) -> tuple[str, ...]:
        """A Python program to run in a session."""
        path = self.directory / f"{name}.py"
        path.write_text(source, encoding="utf-8")
        return sys.executable, str(path)

    def shows(self, name: str, text: str) -> str:
        """Wait until a session's screen shows some text; the whole screen."""

        def look() -> str:
            whole = "\n".join(self.sessions.capture(name).lines)
            return whole if text in whole else ""

        return eventually(look)

    def tmux(self, *command: str) -> list[str]:
        """Ask the server as an onlooker would."""
        return self.sessions._tmux.run(command)

    def close(self) -> None:
        """End it all."""
        self.sessions.close_server()
        shutil.rmtree(self.directory)


def processes_in(directory: Path) -> Sequence[psutil.Process]:
    """Living processes whose command line names a directory."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(str(directory) in part for part in process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture(name="town")
def private_town(monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """A private server that has not started yet; afterwards no process of it is left."""
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.delenv("TMUX_PANE", raising=False)
    directory = Path(tempfile.mkdtemp(prefix="gt-"))
    town = Town(directory)
    yield town
    town.close()
    eventually(lambda: not processes_in(directory))


RAW_READER = """
import os, sys, termios, tty
target = sys.argv[1]
settings = termios.tcgetattr(0)
tty.setraw(0)
if "brackets" in sys.argv:
    os.write(1, b"\\x1b[?2004h")
os.write(1, b"reading")
with open(target, "ab", buffering=0) as file:
    while True:
        file.write(os.read(0, 65536))
"""
"""A program that writes every byte it is sent to a file."""


OLD_TMUX = """#!/bin/sh
for word in "$@"; do
  case "$word" in
    -V) echo "tmux 3.1c"; exit 0 ;;
    -e) echo "usage: new-session [-AdDEPX] ..." >&2; exit 1 ;;
    *ignore-size*) echo "usage: attach-session [-dErx] ..." >&2; exit 1 ;;
  esac
done
exec REAL "$@"
"""


def make_tmux_old(directory: Path) -> str:
    """A PATH on which tmux can do no more than 3.1 could."""
    real = shutil.which("tmux")
    assert real is not None
    directory.mkdir()
    (directory / "tmux").write_text(OLD_TMUX.replace("REAL", real))
    (directory / "tmux").chmod(0o755)
    return f"{directory}:{os.environ['PATH']}"
