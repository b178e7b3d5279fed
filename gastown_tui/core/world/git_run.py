"""Running git: argument lists, an environment of our own, deadlines, and patience with other people's locks."""

from __future__ import annotations

import copy
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from gastown_tui.core.errors import BadInput, TimedOut, ToolFailed

LOCAL_S = 600.0
"""How long one act on the local disk may take; checking out a very large tree is the slowest."""
NETWORK_S = 900.0
"""How long one exchange with an origin may take."""
YOUNG_S = 2.0
"""Age from which a lock is a killed process's leftover if no git is left that could hold it."""
STALE_LOCK_S = 120.0
"""Age at which a lock on a shared ref is a leftover whatever else runs; git holds these for moments."""

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.safecrlf=false",
    "core.untrackedCache=false",
    "core.quotePath=false",
    "core.pager=cat",
    "core.fsync=loose-object,pack,pack-metadata,reference",
    "core.fsyncMethod=batch",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "push.gpgSign=false",
    "push.followTags=false",
    "push.recurseSubmodules=no",
    "fetch.recurseSubmodules=no",
    "submodule.recurse=false",
    "merge.ff=true",
    "merge.verifySignatures=false",
    "merge.autoStash=false",
    "merge.log=false",
    "commit.cleanup=whitespace",
    "rerere.enabled=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "color.ui=false",
    "advice.addEmbeddedRepo=false",
    "protocol.ext.allow=never",
)
_KEPT = frozenset(
    {
        *("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_PROXY_COMMAND", "GIT_PROXY_SSL_CAINFO"),
        *("GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSL_CERT", "GIT_SSL_KEY", "GIT_SSL_NO_VERIFY", "GIT_EXEC_PATH"),
        *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"),
        *("GIT_HTTP_LOW_SPEED_LIMIT", "GIT_HTTP_LOW_SPEED_TIME"),
    }
)
"""The GIT_* variables that say how to reach an origin; every other one would point git at another repository."""
_CONTENDED = re.compile(
    r"\.lock': File exists|could not lock config file|Another git process seems to be running"
    r"|failed to read .*/commondir|Unable to create .*\.lock|bad object worktrees/[^/\s]+/HEAD"
)
_HEADLESS = re.compile(r"bad object (worktrees/[^/\s]+)/HEAD")
_LOCK_FILE = re.compile(r"'([^'\n]+\.lock)'")
_SECRET = re.compile(r"(://)[^/@\s]+@")
_VERSION = re.compile(r"(\d+)\.(\d+)")


class Place(msgspec.Struct, frozen=True):
    """A repository as git is pointed at it, so that nothing is ever discovered by walking up."""

    git_dir: Path
    tree: Path | None = None
    """The checked-out files; None for a bare repository or a worktree whose directory is gone."""
    common: Path = Path()
    """Where refs and objects live: the shared bare repository of a linked worktree, else `git_dir`."""


class Done(msgspec.Struct, frozen=True):
    """One finished git process."""

    argv: tuple[str, ...]
    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """What it printed, stripped; bytes that are no text are shown escaped."""
        return self.out.decode("utf-8", "backslashreplace").strip()

    def failed(self, what: str, *, hint: str = "") -> ToolFailed:
        """The error that says `what` could not be done, with git's own last word."""
        return ToolFailed(
            f"{what}: {_last_word(self.err) or f'git ended with {self.code}'}",
            hint=hint or _hint(self.err),
            argv=self.argv,
            code=self.code,
            stderr=self.err[-2000:],
        )


class Git:
    """The git program, called with argument lists only.

    Args:
        env: The environment git inherits; the process's own when None. Of its GIT_* variables only those that say
            how to reach an origin are kept.
        patience_s: How long an act is repeated while another git process holds a lock it needs.
    """

    def __init__(self, env: Mapping[str, str] | None = None, patience_s: float = 10.0) -> None:
        self._patience_s = patience_s
        self._keep_fd = -1
        source = os.environ if env is None else env
        self._env = {key: value for key, value in source.items() if not key.startswith("GIT_") or key in _KEPT}
        self._env |= {
            "LC_ALL": "C",
            "LANGUAGE": "",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
            "GIT_EDITOR": ":",
            "GIT_MERGE_AUTOEDIT": "no",
            "SSH_ASKPASS_REQUIRE": "never",
        }

    def holding(self, descriptor: int) -> Git:
        """The same git, whose processes share a locked descriptor: the lock outlives us if we are killed before them.

        Not for exchanges with an origin, which may leave helpers running.
        """
        held = copy.copy(self)
        held._keep_fd = descriptor
        return held

    def unavailable(self) -> str:
        """Why git cannot be used; empty when it can. The floor is 2.25 (push and worktree options we rely on)."""
        try:
            said = self.run("version").text
        except ToolFailed as missing:
            return missing.message
        found = _VERSION.search(said)
        if found is None:
            return f"git did not say its version but {said[:80]!r}"
        version = (int(found[1]), int(found[2]))
        return "" if version >= (2, 25) else f"git is {found[0]}; the town needs 2.25 or newer"

    def run(
        self,
        *args: str,
        at: Place | Path | None = None,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        settings: Collection[str] = (),
        timeout_s: float = LOCAL_S,
        limit_bytes: int = 0,
    ) -> Done:
        """Run git and return how it ended, whatever its exit code.

        Args:
            args: Subcommand and arguments.
            at: The repository: a bare one's path or a place. None runs outside any.
            stdin: What it reads.
            env: More environment.
            settings: `key=value` configuration on top of the town's own.
            timeout_s: Deadline; its whole process group is killed after that.
            limit_bytes: Stop reading (and git) after so much output; 0 reads all.

        Raises:
            ToolFailed: git could not be started.
            TimedOut: the deadline passed.
            BadInput: an argument holds a NUL character.
        """
        argv, cwd = _command(args, at, (*_SETTINGS, *settings))
        give_up = time.monotonic() + self._patience_s
        pause_s = 0.01
        while True:
            done = self._once(args, argv, cwd, stdin, {**self._env, **(env or {})}, timeout_s, limit_bytes)
            if done.code == 0 or not _CONTENDED.search(done.err):
                return done
            if _heal(done.err, at):
                continue
            if time.monotonic() >= give_up:
                return done
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.7, 0.5)

    def text(self, *args: str, at: Place | Path | None = None, doing: str, timeout_s: float = LOCAL_S) -> str:
        """What git printed, stripped.

        Raises:
            ToolFailed: it did not succeed; the message begins with `doing`.
        """
        done = self.run(*args, at=at, timeout_s=timeout_s)
        if done.code:
            raise done.failed(doing)
        return done.text

    def _once(
        self,
        args: tuple[str, ...],
        argv: tuple[str, ...],
        cwd: Path | None,
        stdin: bytes,
        env: dict[str, str],
        timeout_s: float,
        limit_bytes: int,
    ) -> Done:
        shown = tuple(_SECRET.sub(r"\1***@", word) for word in ("git", *args))
        try:
            process = subprocess.Popen(
                argv,
                cwd=cwd,
                env=env,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL if limit_bytes else subprocess.PIPE,
                start_new_session=True,
                pass_fds=(self._keep_fd,) if self._keep_fd >= 0 else (),
            )
        except FileNotFoundError as missing:
            if cwd is not None and not cwd.is_dir():
                raise ToolFailed(f"the directory {cwd} is gone", argv=shown) from missing
            raise ToolFailed(
                "git is not installed", hint="install git 2.25 or newer with your system's package manager", argv=shown
            ) from missing
        except OSError as broken:
            raise ToolFailed(f"git could not be started: {broken.strerror}", argv=shown) from broken
        except ValueError as nul:
            raise BadInput("a NUL character cannot be part of a name or a message for git") from nul
        with process:
            try:
                if limit_bytes:
                    out, err = _read_some(process, limit_bytes, timeout_s), b""
                else:
                    out, err = process.communicate(stdin or None, timeout=timeout_s)
            except subprocess.TimeoutExpired as late:
                end_group(process)
                raise TimedOut(
                    f"git {shown[1]} took longer than {timeout_s:.0f} s and was stopped", argv=shown
                ) from late
            except BaseException:
                end_group(process)
                raise
        return Done(shown, process.returncode, out, _SECRET.sub(r"\1***@", err.decode("utf-8", "backslashreplace")))


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a child that leads its own process group, and everything it started there."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    process.wait()


def _command(
    args: tuple[str, ...], at: Place | Path | None, settings: Collection[str]
) -> tuple[tuple[str, ...], Path | None]:
    """The full argument list, and the directory to run it in."""
    configured = tuple(word for setting in settings for word in ("-c", setting))
    if at is None:
        return ("git", *configured, *args), None
    place = Place(at) if isinstance(at, Path) else at
    where = [f"--git-dir={place.git_dir}"]
    if place.tree is not None:
        where.append(f"--work-tree={place.tree}")
    return ("git", *configured, *where, *args), place.tree or place.git_dir


def _read_some(process: subprocess.Popen[bytes], limit_bytes: int, timeout_s: float) -> bytes:
    """At most `limit_bytes` of output; a git that still has more, or takes too long, is ended."""
    deadline = threading.Timer(timeout_s, end_group, (process,))
    deadline.start()
    try:
        text = process.stdout.read(limit_bytes) if process.stdout else b""
        if len(text) < limit_bytes:
            process.wait()
        return text
    finally:
        deadline.cancel()
        end_group(process)


def _last_word(err: str) -> str:
    """The line of git's complaint that says most: the first fatal or error line, else the last line."""
    lines = [line.strip() for line in err.splitlines() if line.strip() and not line.startswith("hint:")]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "remote: error:", "remote: fatal:"))]
    chosen = telling[0] if telling else (lines[-1] if lines else "")
    return chosen.removeprefix("remote: ").removeprefix("fatal: ").removeprefix("error: ")[:300]


def _hint(err: str) -> str:
    """What to do about a complaint people meet often; empty when there is nothing special to say."""
    if lock := _LOCK_FILE.search(err):
        return f"another git process is at work there; if none runs any more, remove {lock[1]}"
    for sign, advice in _ADVICE:
        if sign in err:
            return advice
    return ""


_ADVICE = (
    ("dubious ownership", "the repository belongs to another user; see `git help config`, safe.directory"),
    ("could not read Username", "store credentials for git first: nobody can be asked here"),
    ("Permission denied (publickey", "load an SSH key that may read the repository"),
    ("Host key verification failed", "connect once by ssh to accept the host's key"),
    ("No space left on device", "free some disk space and repeat"),
    ("Permission denied", "check who may write there"),
    ("Read-only file system", "the disk is read-only"),
)


def _heal(err: str, at: Place | Path | None) -> bool:
    """Clear away what a killed process left behind and every act would trip over; True when something went."""
    if at is None:
        return False
    common = at if isinstance(at, Path) else (at.common if at.common != Path() else at.git_dir)
    with suppress(OSError):
        if headless := _HEADLESS.search(err):
            head = common / headless[1] / "HEAD"
            if not head.read_text("ascii", "replace").strip("0\n") and _is_leftover(head, common):
                # A branch that does not exist is a head git can live with.
                head.write_text("ref: refs/heads/half-made\n")
                return True
        elif found := _LOCK_FILE.search(err):
            lock = common / found[1]
            if common in lock.parents and _is_leftover(lock, common):
                lock.unlink()
                return True
    return False


def _is_leftover(file: Path, common: Path) -> bool:
    """Whether a file that git keeps for moments was left by a process that is gone.

    Locks of worktrees go only when no git runs there: `git commit` holds one for as long as its editor is open.
    """
    made = file.stat().st_mtime
    age_s = time.time() - made
    shared = file.name in {"packed-refs.lock", "config.lock"} or common / "refs" in file.parents
    if shared and age_s > STALE_LOCK_S:
        return True
    return age_s > YOUNG_S and not _git_at_work(str(common.parent), made + 1)


def _git_at_work(rig: str, since: float) -> bool:
    """Whether a git process that was there at a moment still works somewhere below a directory."""
    import psutil

    for process in psutil.process_iter(["name", "create_time", "cwd", "cmdline"]):
        known = process.info
        if (known["name"] or "").startswith("git") and (known["create_time"] or 0) < since:
            words = (known["cwd"] or rig, *(known["cmdline"] or ()))
            if any(rig in word for word in words):
                return True
    return False
