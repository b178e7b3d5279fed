"""Commands of gates and steps: run as written, ended on time, and judged without blaming anybody wrongly."""

from __future__ import annotations

import os
import re
import select
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from gastown_tui.core.errors import BadInput, ToolFailed
from gastown_tui.core.model.text import plain
from gastown_tui.core.ports import Run, RunOutcome

if TYPE_CHECKING:
    import subprocess

    import psutil

TAIL_CHARACTERS = 4000
LOG_LIMIT_BYTES = 10 * 1024 * 1024
_KEPT_BYTES = 64 * 1024
_GRACE_S = 2.0
"""How long a command has to end by itself once it was asked to."""
_DRAIN_S = 0.5
"""How long output is still read from processes a finished command left running."""
_POLL_S = 0.05
_FIRST_POLL_S = 0.0005

_PASSED_ON = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
        *("VIRTUAL_ENV", "CONDA_PREFIX"),
        *("CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "GOPATH", "GOROOT", "GOPROXY", "GOFLAGS", "GOCACHE"),
        *("JAVA_HOME", "ANDROID_HOME", "GRADLE_USER_HOME", "DOTNET_ROOT", "NVM_DIR", "NODE_PATH", "PNPM_HOME"),
        *("PYENV_ROOT", "RBENV_ROOT", "GEM_HOME", "BUNDLE_PATH", "SDKROOT", "DEVELOPER_DIR", "DOCKER_HOST"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSH_AUTH_SOCK"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"),
        *("PIP_INDEX_URL", "PIP_CONFIG_FILE", "PIP_CACHE_DIR", "UV_INDEX_URL", "UV_CACHE_DIR", "NPM_CONFIG_REGISTRY"),
    }
)
"""Where tools find themselves and the network; what is not here (tokens, GIT_*, GT_*, LD_*) must be given."""
_PASSED_ON_PREFIXES = ("LC_", "XDG_")

_SELF_INFLICTED = frozenset(
    {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS}
)
"""Signals a program earns by its own fault; any other was sent by somebody else."""
_NOT_FOUND = re.compile(
    r"^(?:\S*/)?(?:sh|bash|dash|ash|zsh|ksh|busybox|env|make(?:\[\d+\])?|-?\S+\.sh): "
    r"(?:(?:line )?\d+: )?\S[^:\n]*: (?:command not found|not found|No such file or directory|Permission denied)$"
    r"|^make(?:\[\d+\])?: \*\*\* .* Error 12[67]$"
    r"|^\S*python[\d.]*(?:\.exe)?: No module named \S+$",
    re.MULTILINE,
)
"""A shell, make or interpreter saying that the tool itself is missing; as tests of programs print other things."""
_NO_TESTS = re.compile(r"^(?:=+ )?no tests ran\b.*$|^Ran 0 tests in \S+$|^NO TESTS RAN\b.*$", re.MULTILINE)
"""The summaries of pytest and unittest; looked for in the last lines only, so that a later suite may still judge."""
_NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded|\bENOSPC\b")
_LAST_LINES = 30
_SUMMARY_LINES = 5
"""How far from its end a command's output is searched for such signs."""


class ShellCommands:
    """`ports.Commands` with `sh -c`.

    Each command leads a session of its own; whatever of it is left when it ends, or is stopped, is killed.

    Args:
        env: The environment to choose from; the process's own when None.
    """

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        source = os.environ if env is None else env
        self._env = {
            key: value for key, value in source.items() if key in _PASSED_ON or key.startswith(_PASSED_ON_PREFIXES)
        }

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
        """Run a command and judge how it ended; `log` receives all output up to 10 MB, `on_line` each line as it comes.

        The command sees of this process's environment what tools need to find themselves and the network, and `env`.
        What `on_line` raises ends the command and is passed on.

        Raises:
            BadInput: the command is empty or holds a NUL character.
            ToolFailed: the log cannot be written.
        """
        import subprocess

        if not command.strip() or "\0" in command:
            raise BadInput("there is no command to run", hint="write what sh should run")
        began = time.monotonic()
        with _Output(log, on_line) as output:
            try:
                process = subprocess.Popen(
                    ("sh", "-c", command),
                    cwd=cwd,
                    env={**self._env, "TERM": "dumb", **(env or {})},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except (OSError, ValueError) as broken:
                why = f"{cwd} is not a directory" if not cwd.is_dir() else f"sh could not be started: {broken}"
                return Run(outcome=RunOutcome.INFRASTRUCTURE, code=-1, duration_s=0.0, tail="", reason=why)
            with process:
                late = _Watch(process, output, began + timeout_s).until_ended()
            output.finish()
            text = output.text()
        outcome, reason = judge(command, process.returncode, text)
        if late:
            outcome, reason = RunOutcome.INFRASTRUCTURE, f"it took longer than {timeout_s:g} s and was stopped"
        return Run(
            outcome=outcome,
            code=124 if late else process.returncode,
            duration_s=time.monotonic() - began,
            tail=text[-TAIL_CHARACTERS:],
            reason=reason,
        )


def judge(command: str, code: int, text: str) -> tuple[RunOutcome, str]:
    """Whether an exit code and the end of the output mean pass, fail, or that nothing was judged, and why not."""
    lines = text.rstrip().split("\n")
    last = "\n".join(lines[-_LAST_LINES:])
    if none := _NO_TESTS.search("\n".join(lines[-_SUMMARY_LINES:])):
        return RunOutcome.INFRASTRUCTURE, f"no test was run: {none[0].strip('= ')}"
    if code == 0:
        return RunOutcome.PASS, ""
    if code in (126, 127):
        return RunOutcome.INFRASTRUCTURE, _missing(last) or f"a program could not be run (exit {code})"
    if code == 5 and re.search(r"\bpytest\b|\bpy\.test\b|\bunittest\b", f"{command} {last}"):
        return RunOutcome.INFRASTRUCTURE, "no test was collected (exit 5)"
    if sent := _sent_signal(code):
        return RunOutcome.INFRASTRUCTURE, f"it was stopped from outside by {sent}"
    if space := _NO_SPACE.search(last):
        return RunOutcome.INFRASTRUCTURE, f"the machine ran out of room: {space[0]}"
    if missing := _missing(last):
        return RunOutcome.INFRASTRUCTURE, missing
    return RunOutcome.FAIL, ""


def _missing(last: str) -> str:
    found = _NOT_FOUND.search(last)
    return f"a program is missing: {found[0][:200]}" if found else ""


def _sent_signal(code: int) -> str:
    """The signal somebody else sent, from a code as Python or as a shell reports it; empty when none."""
    number = -code if code < 0 else code - 128
    try:
        sent = signal.Signals(number)
    except ValueError:
        return ""
    return "" if sent in _SELF_INFLICTED or (code > 0 and sent not in _TOLD_BY_SHELLS) else sent.name


_TOLD_BY_SHELLS = frozenset(
    {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL, signal.SIGTERM, signal.SIGXCPU}
)
"""Signals read out of a positive exit code; other codes above 128 are programs' own."""


class _Output:
    """The end of what a command prints; all of it in a log, and line by line to a listener, when asked."""

    def __init__(self, log: Path | None, on_line: Callable[[str], None] | None) -> None:
        self._on_line = on_line
        self._begun = b""
        self._chunks: deque[bytes] = deque()
        self._held_bytes = 0
        self._room_bytes = LOG_LIMIT_BYTES
        self._log = log
        self._file: BinaryIO | None = None

    def __enter__(self) -> _Output:
        if self._log is not None:
            try:
                self._log.parent.mkdir(parents=True, exist_ok=True)
                self._file = os.fdopen(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb", 0)
            except OSError as broken:
                raise ToolFailed(f"the log {self._log} cannot be written: {broken.strerror}") from broken
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def take(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._held_bytes += len(chunk)
        while self._held_bytes - len(self._chunks[0]) >= _KEPT_BYTES:
            self._held_bytes -= len(self._chunks.popleft())
        self._write(chunk)
        if self._on_line is not None:
            *lines, self._begun = re.split(rb"\r\n|\n|\r(?!\Z)", self._begun + chunk)
            for line in lines:
                self._on_line(_readable(line))
            if len(self._begun) > _KEPT_BYTES:
                self.finish()

    def finish(self) -> None:
        """Pass on the last line, which no newline ended."""
        line, self._begun = self._begun, b""
        if line and self._on_line is not None:
            self._on_line(_readable(line))

    def _write(self, chunk: bytes) -> None:
        if self._file is None or self._room_bytes <= 0:
            return
        part = chunk[: self._room_bytes]
        self._room_bytes -= len(part)
        # A log that cannot be written to its end is no verdict on the command.
        with suppress(OSError):
            self._file.write(part)
            if self._room_bytes <= 0:
                self._file.write(b"\n[the log ends here: it reached 10 MB]\n")

    def text(self) -> str:
        """The end of the output: colours and control sequences removed, every redrawn line on its own."""
        return _readable(b"".join(self._chunks)[-_KEPT_BYTES:])


def _readable(output: bytes) -> str:
    return plain(output.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n"))


class _Watch:
    """Reads a command's output until it has ended, and sees to it that it ends."""

    def __init__(self, process: subprocess.Popen[bytes], output: _Output, deadline: float) -> None:
        self._process = process
        self._output = output
        self._deadline = deadline
        self._pipe = process.stdout.fileno() if process.stdout else -1
        os.set_blocking(self._pipe, False)

    def until_ended(self) -> bool:
        """Wait for the end; True when the deadline came first. Nothing of the command runs afterwards."""
        try:
            late = not self._read_until(self._deadline)
            if late:
                strays = self._strays()
                self._signal(signal.SIGTERM)
                self._read_until(time.monotonic() + _GRACE_S)
                _kill(strays)
            else:
                self._read_until(time.monotonic() + _DRAIN_S, to_the_end=True)
            return late
        finally:
            # The leader is not reaped yet, so its number, which is the group's, cannot be anybody else's.
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._drain()

    def _read_until(self, deadline: float, *, to_the_end: bool = False) -> bool:
        """Read until the command has ended, or its last descendant closed the output; False when late."""
        open_pipe, pause = True, _FIRST_POLL_S
        while True:
            if not to_the_end and self._ended():
                return True
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return False
            if open_pipe:
                open_pipe = self._read(min(left_s, _POLL_S))
            elif to_the_end:
                return True
            else:
                # Whoever closes the output mostly ends at once.
                time.sleep(min(left_s, pause))
                pause = min(pause * 2, _POLL_S)

    def _read(self, wait_s: float) -> bool:
        """Take what there is; False once the output is closed."""
        waiting = select.poll()  # `select` refuses descriptors beyond 1,023, and a room open all day may have them.
        waiting.register(self._pipe, select.POLLIN)
        if not waiting.poll(wait_s * 1000):
            return True
        try:
            chunk = os.read(self._pipe, 65_536)
        except BlockingIOError:
            return True
        if chunk:
            self._output.take(chunk)
        return bool(chunk)

    def _drain(self) -> None:
        """Take what is left in the pipe of a command that is gone."""
        for _ in range(64):
            with suppress(OSError):
                chunk = os.read(self._pipe, 65_536)
                if chunk:
                    self._output.take(chunk)
                    continue
            return

    def _ended(self) -> bool:
        """Whether the command has ended; it is left unreaped where the system allows."""
        if not hasattr(os, "waitid"):
            return self._process.poll() is not None
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
        except ChildProcessError:
            return True

    def _signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _strays(self) -> list[psutil.Process]:
        """Descendants, also those that left the group; found before their parents end."""
        import psutil

        with suppress(psutil.Error):
            return list(psutil.Process(self._process.pid).children(recursive=True))
        return []


def _kill(strays: list[psutil.Process]) -> None:
    import psutil

    for stray in strays:
        with suppress(psutil.Error):
            stray.kill()
