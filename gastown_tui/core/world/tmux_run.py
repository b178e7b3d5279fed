"""Running the tmux program on one socket: which program, with what environment, and how long it may take."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from gastown_tui.core.errors import TimedOut, ToolFailed
from gastown_tui.core.world.tmux_answers import failure, version
from gastown_tui.core.world.tmux_speech import joined

OLDEST = (3, 0)
"""The first tmux that can do what the town needs."""
SOCKET_BYTES = 100
"""How long a socket's path may be; the systems' own limits are 103 and 107."""
DEADLINE_S = 10.0
"""How long one call may take; a healthy server answers in milliseconds, under a flood of output in tenths."""

_OURS = re.compile(
    r"(?:GT|BD|BEADS|TMUX|CLAUDE_CODE|GIT_AUTHOR|GIT_COMMITTER)_.*|TMUX|CLAUDECODE|COLUMNS|LINES"
    r"|GIT_(?:DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|NAMESPACE|PREFIX)"
)


def clean_environment(env: Mapping[str, str]) -> dict[str, str]:
    """An environment fit to be inherited by something that outlives us: nothing in it says who or where we are.

    A server started by one agent would otherwise hand that agent's identity to every other.
    """
    return {key: value for key, value in env.items() if not _OURS.fullmatch(key)}


class TmuxProgram:
    """The tmux program on one socket, one process a call."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.forks = 0
        """How many processes were started."""
        self._version: tuple[int, int] | None = None
        self._why_not: str | None = None

    def unavailable(self) -> str:
        """Why it cannot be used; empty when it can. Found out once."""
        if self._why_not is None:
            self._why_not = self._look()
        return self._why_not

    def is_since(self, major: int, minor: int) -> bool:
        """Whether it is at least this version; builds without a number are taken for new."""
        return not self.unavailable() and (self._version is None or self._version >= (major, minor))

    def argv(self, *command: str) -> list[str]:
        """The command line of one call; nobody's configuration is read, whatever the locale text is UTF-8."""
        return ["tmux", "-S", str(self.socket), "-f", "/dev/null", "-u", *command]

    def run(self, *commands: Sequence[str], name: str = "", stdin: bytes = b"") -> list[str]:
        """Run commands in one call and return the lines they printed.

        Args:
            commands: Each with its arguments, as plain text.
            name: The session they are about, for messages.
            stdin: What `-` reads.

        Raises:
            NotFound: the session or the server is not there.
            ToolFailed: tmux is missing, too old, or refused.
            TimedOut: it did not answer.
        """
        if why := self.unavailable():
            raise ToolFailed(why, hint="install tmux 3.0 or newer; everything but sessions works without")
        import subprocess

        verb = ("tmux", commands[0][0])
        self.forks += 1
        try:
            done = subprocess.run(
                self.argv(*joined(commands)),
                input=stdin,
                capture_output=True,
                timeout=DEADLINE_S,
                cwd="/",
                env=clean_environment(os.environ),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            message = f"tmux did not answer within {DEADLINE_S:.0f} s"
            raise TimedOut(message, hint=f"the server on {self.socket} may hang", argv=verb) from error
        except OSError as error:
            raise ToolFailed(f"tmux could not be run: {error.strerror}", argv=verb) from error
        if done.returncode != 0:
            raise failure(done.stderr.decode("utf-8", "replace"), name, verb, done.returncode)
        return done.stdout.decode("utf-8", "replace").split("\n")[:-1]

    def _look(self) -> str:
        import subprocess

        if (length := len(os.fsencode(self.socket))) > SOCKET_BYTES:
            return (
                f"the path of the town's tmux socket is {length} bytes long, {SOCKET_BYTES} are possible: "
                f"move the town to a shorter path ({self.socket})"
            )
        if shutil.which("tmux") is None:
            return "tmux is not installed, or not on PATH"
        self.forks += 1
        try:
            done = subprocess.run(["tmux", "-V"], capture_output=True, timeout=DEADLINE_S, check=False)
        except subprocess.TimeoutExpired:
            return f"tmux did not answer within {DEADLINE_S:.0f} s"
        except OSError as error:
            return f"tmux cannot be run: {error.strerror}"
        if done.returncode != 0:
            return f"tmux cannot be used: tmux -V ended with exit code {done.returncode}"
        self._version = version(done.stdout.decode("utf-8", "replace"))
        if self._version and self._version < OLDEST:
            return f"tmux {'.'.join(map(str, self._version))} is too old: 3.0 or newer is needed"
        return ""
