"""Commands and processes, and the terminal a worker without a model lives in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from gastown_tui.core.model.outside import ProcessFact, Run


class Commands(Protocol):
    """Runs the commands people wrote for gates and steps, each in its own process group with a deadline."""

    def run(
        self,
        command: str,
        *,
        cwd: Path,
        timeout_s: float,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> Run:
        """Run `command` with `sh -c`, as its author wrote it; nothing is ever interpolated into it.

        `env` is added to this process's own. Each line it prints goes, as it comes and without control sequences, to
        `on_line`, and everything to `log`.
        """
        ...


class Terminal(Protocol):
    """The terminal a worker without a model lives in."""

    def say(self, line: str) -> None:
        """Print a line."""
        ...

    def prompt(self, text: str) -> None:
        """Put text at the start of a line and leave the cursor behind it."""
        ...

    def read_line(self, wait_s: float) -> str | None:
        """A whole line somebody typed, without its end; None when none came in time.

        Raises:
            EOFError: nobody can type any more.
        """
        ...


class Processes(Protocol):
    """Processes the town starts apart from sessions, and facts about those it finds."""

    def spawn_detached(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> int:
        """Start a process that outlives this one, output to `log`; return its pid.

        `env` is added to this process's environment without what tells an agent's session who it is.
        """
        ...

    def find(self, pid: int) -> ProcessFact | None:
        """A living process; None when there is none (a zombie counts as none)."""
        ...

    def terminate(self, pid: int, *, incarnation: str, grace_s: float = 5.0) -> bool:
        """TERM, wait, KILL, only if the process still carries that incarnation. True when it is gone."""
        ...

    def interruptible(self) -> AbstractContextManager[None]:
        """Inside the `with`, being told to end (TERM, HUP) raises KeyboardInterrupt, so that what was begun is undone.

        A second time ends the process as it would have without.
        """
        ...

    def alone(self, lock: Path) -> AbstractContextManager[bool]:
        """Be the only holder of a lock file inside the `with`; False when somebody else is.

        The system lets go of it when the process dies, however it dies. Programs started inside do not inherit it.
        """
        ...
