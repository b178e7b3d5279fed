"""What the town needs from outside, named for the need and not for the tool; bundled as `Hands`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec

from gastown_tui.core.events import Entry, Event
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import AssignmentId, EscalationId, MailId, NudgeId
from gastown_tui.core.model.outside import (
    MergeTrial,
    ProcessFact,
    RepositoryFact,
    Run,
    RunOutcome,
    Runtime,
    Screen,
    SessionFact,
    SessionSpec,
    TrialOutcome,
    WorktreeFact,
)

__all__ = [
    "Clock", "Commands", "Decide", "Entry", "Files", "Hands", "Ledger", "MergeTrial", "Mint", "ProcessFact",
    "Processes", "Recorded", "RepositoryFact", "Run", "RunOutcome", "Runtime", "Runtimes", "Screen", "SessionFact",
    "SessionSpec", "Sessions", "Terminal", "TrialOutcome", "Verified", "WorktreeFact", "Worktrees",
]  # fmt: skip

# ---------------------------------------------------------------------------------------------- time and chance


class Clock(Protocol):
    """The only source of the time."""

    def now(self) -> datetime:
        """The current moment, aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never go back; for durations and deadlines."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Mint(Protocol):
    """The only source of randomness: ids nobody else has."""

    def mail_id(self) -> MailId:
        """A fresh mail id."""
        ...

    def nudge_id(self) -> NudgeId:
        """A fresh nudge id."""
        ...

    def assignment_id(self) -> AssignmentId:
        """A fresh assignment id; sorts after every earlier one."""
        ...

    def escalation_id(self) -> EscalationId:
        """A fresh escalation id."""
        ...

    def nonce(self) -> int:
        """A random 64-bit number, for bead ids and tokens."""
        ...


# ---------------------------------------------------------------------------------------------- the ledger


Decide = Callable[[Town], Sequence[Entry]]
"""A rule closed over its request: reads the caught-up town, returns what to record, or raises."""


class Recorded(msgspec.Struct, frozen=True):
    """What a transaction left behind: the events as written, and the town after them."""

    events: tuple[Event, ...]
    town: Town


class Verified(msgspec.Struct, frozen=True):
    """What reading every log again found."""

    events: int
    damaged: tuple[str, ...] = ()
    """One line of words for each line that could not be read."""
    ahead: int = 0
    """Ledgers whose newest event is dated in the future."""


class Ledger(Protocol):
    """Where the town's facts are kept."""

    @property
    def home(self) -> Path:
        """The directory that holds `.beads`: the town's root, or a plain repository."""
        ...

    @property
    def here(self) -> str:
        """The ledger plain bead commands mean: a rig's name when given inside that rig, else the town's own."""
        ...

    def read(self) -> Town:
        """The town as of now: last good projection and everything appended since. Writes nothing."""
        ...

    def recent(self, limit: int) -> tuple[Event, ...]:
        """The newest events of all ledgers, oldest first, from the feed; at most `limit`."""
        ...

    def history(self, ledger: str = "") -> Iterator[Event]:
        """Every event of one ledger from its beginning, in order, read from the log itself."""
        ...

    def record(self, decide: Decide, *, actor: str, ledgers: Sequence[str] = ("",)) -> Recorded:
        """Decide under the lock of the named ledgers and append the outcome durably as one transaction.

        Locks are taken in a fixed order (the town's own first, then rigs by name). `decide` runs on a town caught
        up with every locked ledger; what it raises is passed on and nothing is written.

        Raises:
            Conflict: the lock was not to be had in time; the message names the holder.
            LedgerDamaged: an earlier write could not be made durable and `doctor` has not cleared it.
        """
        ...

    def warnings(self) -> tuple[str, ...]:
        """What reading had to leave out (damaged lines, conflict markers), one line of words each."""
        ...

    def rebuild_projections(self) -> None:
        """Write every projection of every ledger anew, from the events alone."""
        ...

    def verify(self) -> Verified:
        """Read every log again, sync it, and let writing go on after a failed sync.

        Raises:
            LedgerDamaged: a log still cannot be made durable.
        """
        ...


# ---------------------------------------------------------------------------------------------- sessions


class Sessions(Protocol):
    """Places where agents run, on the town's own tmux socket."""

    @property
    def socket(self) -> Path:
        """The town's tmux socket."""
        ...

    def unavailable(self) -> str:
        """Why sessions cannot be had (no tmux, too old); empty when they can."""
        ...

    def start(self, spec: SessionSpec) -> SessionFact:
        """Start a session, or return the living one of that name. A dead pane of that name is replaced.

        Raises:
            ToolFailed: tmux is missing or refused, or the program died at once.
        """
        ...

    def all(self) -> tuple[SessionFact, ...]:
        """Every session on the socket, in one look; empty when no server runs.

        Raises:
            ToolFailed: tmux answered nothing usable; the caller must treat every session as unknown.
        """
        ...

    def find(self, name: str) -> SessionFact | None:
        """One session by its exact name."""
        ...

    def capture(self, name: str, *, history_lines: int = 0, colours: bool = False) -> Screen:
        """The visible screen, with `history_lines` of scrollback above it.

        Raises:
            NotFound: there is no such session.
        """
        ...

    def type_text(self, name: str, text: str) -> None:
        """Type literal text, as if by hand. No Enter is added.

        Raises:
            NotFound: there is no such session.
        """
        ...

    def press(self, name: str, keys: Sequence[str]) -> None:
        """Press named keys (`Enter`, `C-c`, `Up`); unknown names are refused, never typed as text."""
        ...

    def paste(self, name: str, text: str) -> None:
        """Paste text through a buffer, bracketed when the program asked for brackets."""
        ...

    def stop(self, name: str, *, incarnation: str = "", grace_s: float = 5.0) -> None:
        """End a session and everything it started: TERM, `grace_s`, KILL. Gone already is fine.

        Args:
            name: Exact session name.
            incarnation: When given, a session started with another `GT_SESSION` is left alone.
            grace_s: How long processes have to end by themselves.
        """
        ...

    def close_server(self) -> None:
        """End the town's tmux server; only ever this town's own."""
        ...

    def attach_argv(self, name: str) -> tuple[str, ...]:
        """The command that hands a terminal to the session, from inside another tmux too."""
        ...

    def switch_argv(self, name: str) -> tuple[str, ...]:
        """The command that moves a terminal already inside the town's own server to the session."""
        ...


# ---------------------------------------------------------------------------------------------- git


class Worktrees(Protocol):
    """The rigs' repositories: clones, worktrees, rescue refs, merges. Real git, argument lists, no shell."""

    def unavailable(self) -> str:
        """Why git cannot be used (missing, too old); empty when it can."""
        ...

    def add_repository(self, url: str, bare: Path, *, branch: str = "") -> RepositoryFact:
        """Make the rig's shared bare repository from a URL or a local path, tracking its branches.

        Raises:
            BadInput: the URL is an option, or the repository has no commits.
            ToolFailed: git could not fetch it; nothing is left behind.
        """
        ...

    def repository(self, bare: Path, branch: str) -> RepositoryFact:
        """The facts of a repository already made, without touching the network."""
        ...

    def fetch(self, bare: Path) -> None:
        """Bring the origin's branches up to date."""
        ...

    def clone(self, bare: Path, path: Path, *, branch: str) -> None:
        """A full clone for a person or a reference, its origin set to the rig's origin. There already is fine."""
        ...

    def open(self, bare: Path, path: Path, *, branch: str, start: str) -> WorktreeFact:
        """A worktree on its own branch, made from `start` (a commit or `origin/<branch>`) unless it exists.

        The town's own files are hidden by the worktree's private exclude file, never by a tracked one.
        """
        ...

    def look(self, path: Path, *, target: str = "") -> WorktreeFact:
        """The facts of a worktree. `ahead` counts commits not in `target` (a ref) when given."""
        ...

    def rescue(self, path: Path, ref: str) -> str:
        """Put every non-ignored byte of a worktree under a ref without disturbing it; return the commit.

        Works mid-rebase, with a stale index lock, on a detached head. A tree with nothing to save still gets its
        head recorded. Returns "" when the directory holds no git worktree.

        Raises:
            ToolFailed: the bytes could not be saved; the caller must not remove anything.
        """
        ...

    def remove(self, bare: Path, path: Path, *, rescue_ref: str) -> str:
        """The only way a worktree is ever removed: rescue first, then remove. Returns the rescued commit."""
        ...

    def commit_all(self, path: Path, message: str, *, author: str, expect_top: Path) -> str:
        """Commit everything in a worktree; return the commit, or "" when nothing changed.

        Raises:
            Refused: `path` does not belong to the worktree at `expect_top`.
        """
        ...

    def push(self, path: Path, *, branch: str) -> str:
        """Publish a worktree's head as a branch in the rig's shared repository; return the commit, verified there."""
        ...

    def trial(self, bare: Path, path: Path, *, commit: str, target: str, message: str, author: str) -> MergeTrial:
        """Build `commit` onto the freshly fetched `target` branch in the clean worktree at `path`.

        Fast-forwards become merge-less when the commit already sits on the target; otherwise a merge commit
        whose message is `message`. Leaves the worktree checked out at the result for the gate to run in.
        """
        ...

    def land(self, bare: Path, *, commit: str, target: str, expected: str) -> bool:
        """Push `commit` to the origin's `target` only if it still stands at `expected`; False when it moved.

        Raises:
            ToolFailed: the origin refused for another reason.
        """
        ...

    def resolve(self, bare: Path, ref: str) -> str:
        """The commit a ref stands at; empty when there is none."""
        ...

    def contains(self, bare: Path, commit: str, ref: str) -> bool:
        """Whether `ref` reaches `commit`."""
        ...

    def subjects(self, bare: Path, *, since: str, until: str) -> tuple[str, ...]:
        """Subjects of the commits in `until` that `since` does not have, newest first."""
        ...

    def diff(self, path: Path, *, target: str) -> str:
        """What a worktree changes against the target, committed or not, as a patch of at most 200 kB."""
        ...


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


# ---------------------------------------------------------------------------------------------- processes and files


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


class Files(Protocol):
    """The town's own folders and files outside the ledger."""

    def make_directory(self, path: Path) -> None:
        """A private directory and its parents; there already is fine."""
        ...

    def temporary(self, stem: str) -> Path:
        """A fresh private directory where the system keeps temporary ones; its name begins with `stem`."""
        ...

    def exists(self, path: Path) -> bool:
        """Whether something is there."""
        ...

    def names(self, path: Path) -> tuple[str, ...]:
        """What a directory holds, sorted; empty when there is none."""
        ...

    def read_text(self, path: Path, *, limit_bytes: int = 1_000_000) -> str:
        """A file's text.

        Raises:
            NotFound: there is none.
            BadInput: it is longer than the limit, or not text.
        """
        ...

    def write_text(self, path: Path, text: str, *, executable: bool = False) -> None:
        """Write a file whole: temporary name, sync, rename."""
        ...

    def remove_tree(self, path: Path, *, inside: Path) -> None:
        """Remove a directory the town made; refused unless it lies strictly inside `inside`."""
        ...

    def create_ledger(self, directory: Path, *, prefix: str) -> None:
        """Set up a `.beads` in a directory that has none."""
        ...

    def set_setting(self, file: Path, key: str, value: str) -> None:
        """Change one dotted key of a settings file, keeping what people wrote around it.

        Raises:
            BadInput: the key is unknown or the value not of its type; nothing is written.
        """
        ...


# ---------------------------------------------------------------------------------------------- runtimes


class Runtimes(Protocol):
    """The agent programs this town knows."""

    def names(self) -> tuple[str, ...]:
        """All presets, shipped and the town's own, sorted."""
        ...

    def find(self, name: str) -> Runtime:
        """One preset by name.

        Raises:
            NotFound: there is none; the hint lists those there are.
        """
        ...

    def argv(self, runtime: Runtime, *, prompt: str = "", resume: bool = False) -> tuple[str, ...]:
        """The command line to start it.

        Raises:
            ToolFailed: the program is not installed; one line says which and where it was looked for.
        """
        ...


# ---------------------------------------------------------------------------------------------- the bundle


def _nowhere(home: Path) -> Hands:
    raise NotImplementedError(f"these hands reach nowhere else, {home} included")


class Hands(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a verb may act with."""

    ledger: Ledger
    sessions: Sessions
    worktrees: Worktrees
    commands: Commands
    processes: Processes
    files: Files
    runtimes: Runtimes
    clock: Clock
    mint: Mint
    actor: str
    """Who acts: an address, or a plain name in a ledger without a town."""
    env: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The part of the environment verbs may read (GT_*, BD_*, BEADS_*, TMUX)."""
    cwd: Path = Path()
    terminal: Terminal | None = None
    """None where nobody sits before one."""
    elsewhere: Callable[[Path], Hands] = _nowhere
    """Hands on the town or ledger at another place, or fresh ones on this one for another thread."""
