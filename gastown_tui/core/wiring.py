"""The only place that builds adapters: from a path to the hands that verbs act with.

Adapters that drive programs are made when first touched, so that a command that only reads the ledger loads none of
them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from gastown_tui.core.errors import NotFound, Refused
from gastown_tui.core.events import Event
from gastown_tui.core.fold import Town
from gastown_tui.core.ports import (
    Carrier,
    Clock,
    Commands,
    Decide,
    Files,
    Hands,
    Ledger,
    LinesFound,
    Mend,
    Processes,
    Recorded,
    Runtimes,
    Sessions,
    Terminal,
    Verified,
    Worktrees,
)
from gastown_tui.core.world.clock import SystemClock
from gastown_tui.core.world.founding import create_ledger
from gastown_tui.core.world.jsonl import LOCK_WAIT_S, JsonlLedger
from gastown_tui.core.world.locate import Home, HomeKind, find_home
from gastown_tui.core.world.mint import RandomMint

__all__ = ["Home", "HomeKind", "create_ledger", "find_home", "open_hands", "open_ledger", "tmux_socket"]

_SOCKET_LIMIT_BYTES = 90
"""A unix socket's path may take about 104 bytes; tmux wants room of its own."""
_ENV_PREFIXES = ("GT_", "BD_", "BEADS_", "GASTOWN_", "GIT_AUTHOR_", "TMUX")
_ENV_NAMES = frozenset(
    {"PATH", "HOME", "USER", "PWD", "SHELL", "TERM", "LANG", "NO_COLOR", "EDITOR", "VISUAL"}
    | {"CLAUDE_CODE", "CLAUDE_SESSION_ID"}
)


def open_ledger(
    home: Home, *, clock: Clock | None = None, unsafe_fs: bool = False, lock_wait_s: float = LOCK_WAIT_S
) -> JsonlLedger:
    """The ledger of a home. Nothing is read or written yet."""
    return JsonlLedger(home, clock=clock, unsafe_fs=unsafe_fs, lock_wait_s=lock_wait_s)


def open_hands(
    path: Path | None = None,
    *,
    actor: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    db: Path | None = None,
    is_readonly: bool = False,
    unsafe_fs: bool = False,
    lock_wait_s: float = LOCK_WAIT_S,
) -> Hands:
    """Everything a verb may act with, for the home around `path` or `cwd`.

    Without a home the hands still open: verbs that need no ledger work, and touching the ledger raises the `NotFound`
    that says what was looked for. With `is_readonly` whatever would change the ledger is refused; with `unsafe_fs`
    it is changed even where file locks cannot be trusted.
    """
    env = os.environ if env is None else env
    cwd = Path.cwd() if cwd is None else cwd
    unsafe_fs = unsafe_fs or env.get("GASTOWN_UNSAFE_FS", "") not in {"", "0"}
    clock = SystemClock()
    ledger: Ledger
    home: Home | None = None
    try:
        home = find_home(path, env=env, cwd=cwd, db=db)
        ledger = open_ledger(home, clock=clock, unsafe_fs=unsafe_fs, lock_wait_s=lock_wait_s)
    except NotFound as error:
        ledger = _NoLedger(error)
    if is_readonly:
        ledger = cast(Ledger, _ReadOnly(ledger))
    return Hands(
        ledger=ledger,
        sessions=cast(Sessions, _Later(lambda: _sessions(home, clock, ledger))),
        worktrees=cast(Worktrees, _Later(lambda: _load("git", "GitWorktrees")())),
        commands=cast(Commands, _Later(lambda: _load("commands", "ShellCommands")())),
        processes=cast(Processes, _Later(lambda: _load("processes", "OsProcesses")())),
        files=cast(Files, _Later(lambda: _load("disk", "DiskFiles")())),
        runtimes=cast(Runtimes, _Later(lambda: _load("runtimes", "TomlRuntimes")(_runtime_dirs(home)))),
        carrier=cast(Carrier, _Later(lambda: _load("git_carry", "GitCarrier")())),
        terminal=cast(Terminal, _Later(lambda: _load("terminal", "OwnTerminal")())),
        clock=clock,
        mint=RandomMint(clock),
        actor=actor_name(actor, env=env, cwd=cwd, is_town=home is not None and home.is_town),
        env={key: value for key, value in env.items() if key in _ENV_NAMES or key.startswith(_ENV_PREFIXES)},
        cwd=cwd,
        elsewhere=lambda place: open_hands(
            place,
            actor=actor,
            env=env,
            cwd=cwd,
            is_readonly=is_readonly,
            unsafe_fs=unsafe_fs,
            lock_wait_s=lock_wait_s,
        ),
    )


def actor_name(said: str | None, *, env: Mapping[str, str], cwd: Path, is_town: bool) -> str:
    """Who acts: `--actor`, BD_ACTOR, BEADS_ACTOR, GT_ROLE; then the overseer in a town, else git's user, else $USER."""
    for name in (said, env.get("BD_ACTOR"), env.get("BEADS_ACTOR"), env.get("GT_ROLE")):
        if name and name.strip():
            return name.strip()
    if is_town:
        return "overseer"
    return env.get("GIT_AUTHOR_NAME") or _git_user(cwd, env) or env.get("USER") or "unknown"


def tmux_socket(root: Path, beads_dir: Path | None = None) -> Path:
    """Where a town's tmux server listens: inside the town, or under /tmp when that path is too long for a socket."""
    inside = (beads_dir or root / ".beads") / "local" / "tmux.sock"
    if len(os.fsencode(inside)) <= _SOCKET_LIMIT_BYTES:
        return inside
    from zlib import crc32

    real = os.fsencode(root.resolve())
    return Path(f"/tmp/gastown-{os.getuid()}") / f"{crc32(real):08x}{crc32(real[::-1]):08x}.sock"


def _sessions(home: Home | None, clock: Clock, ledger: Ledger) -> Any:
    root = ledger.home if home is None else home.root
    socket = tmux_socket(root, home.beads_dir if home else None)
    return _load("tmux", "TmuxSessions")(socket, clock)


def _runtime_dirs(home: Home | None) -> tuple[Path, ...]:
    shipped = Path(__file__).parents[1] / "runtimes"
    return (shipped, home.root / "runtimes") if home is not None and home.is_town else (shipped,)


def _load(module: str, name: str) -> Any:
    return getattr(import_module(f"gastown_tui.core.world.{module}"), name)


def _git_user(cwd: Path, env: Mapping[str, str]) -> str:
    """`user.name` as git would say it, from its files; running git would cost more than the command itself."""
    config = Path(env.get("HOME", "/nonexistent"))
    files = [config / ".config/git/config", config / ".gitconfig"]
    files += [each / ".git" / "config" for each in reversed((cwd, *cwd.parents)) if (each / ".git").is_dir()]
    from gastown_tui.core.model.git_config import user_setting

    name = ""
    for file in files:
        try:
            name = user_setting(file.read_text(encoding="utf-8"), "name") or name
        except (OSError, UnicodeDecodeError):
            continue
    return name


class _Later:
    """An adapter made when first touched."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        made = self.__dict__.get("_made")
        if made is None:
            made = self.__dict__["_made"] = self._make()
        return getattr(made, name)


class _ReadOnly:
    """A ledger that only tells."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:
        if name in {"record", "rebuild_projections", "settle", "take_up", "verify"}:
            raise Refused("the ledger may only be read here", hint="it was opened with --readonly or BD_READONLY")
        return getattr(self._ledger, name)


class _NoLedger:
    """Stands where no home was found, and says so to whoever needs one."""

    def __init__(self, error: NotFound) -> None:
        self._error = error

    @property
    def home(self) -> Path:
        """There is none."""
        raise self._error

    @property
    def here(self) -> str:
        """There is none."""
        raise self._error

    def read(self) -> Town:
        """There is none."""
        raise self._error

    def recent(self, limit: int) -> tuple[Event, ...]:
        """There is none."""
        raise self._error

    def history(self, ledger: str = "", *, naming: str = "") -> Iterator[Event]:
        """There is none."""
        raise self._error

    def record(self, decide: Decide, *, actor: str, ledgers: Sequence[str] = ("",)) -> Recorded:
        """There is none."""
        raise self._error

    def warnings(self) -> tuple[str, ...]:
        """Nothing was read."""
        return ()

    def inspect(self, ledger: str = "") -> LinesFound:
        """There is none."""
        raise self._error

    def settle(self) -> None:
        """There is none."""
        raise self._error

    def take_up(self, log: bytes, ledger: str = "", *, issues: bytes = b"") -> int:
        """There is none."""
        raise self._error

    def mend(self, rule: Mend, ledger: str = "") -> None:
        """There is none."""
        raise self._error

    def rebuild_projections(self) -> None:
        """There is none."""
        raise self._error

    def verify(self) -> Verified:
        """There is none."""
        raise self._error
