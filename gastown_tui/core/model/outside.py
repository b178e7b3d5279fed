"""What was seen or is wanted outside the ledger: sessions, screens, worktrees, commands, processes, runtimes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec


class SessionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How to start one agent's session."""

    name: str
    """Exact session name, from `model.address.session_name`."""
    cwd: Path
    argv: tuple[str, ...]
    """The program; never passed through a shell."""
    env: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Variables that anybody may read, as on a command line."""
    secrets: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Variables only the program gets to see."""
    width_cells: int = 200
    height_cells: int = 50


class SessionFact(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of one session right now."""

    name: str
    pane_id: str
    pid: int
    """The pane's first process."""
    dead: bool
    """The program has ended but its pane remains."""
    exit_status: int | None = None
    created: datetime
    activity: datetime
    """When the pane last printed or was typed into."""
    command: str = ""
    """The foreground program's name."""
    width_cells: int = 0
    height_cells: int = 0
    attached: int = 0
    """How many terminals show it."""
    incarnation: str = ""
    """The `GT_SESSION` it was started with; empty for a session the town did not start."""


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """One look at a pane."""

    lines: tuple[str, ...]
    """Top to bottom; SGR colour sequences included when asked for, every other control sequence removed."""
    cursor_x: int = 0
    cursor_y: int = 0
    """Which of `lines` it is in."""
    cursor_visible: bool = True
    in_mode: bool = False
    """Somebody scrolls in copy mode; typed text would go astray."""
    width_cells: int = 0
    height_cells: int = 0


class RepositoryFact(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of a rig's shared repository."""

    default_branch: str
    head: str
    """Commit of the default branch at the origin, as last fetched."""


class WorktreeFact(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of one worktree or clone."""

    exists: bool
    branch: str = ""
    """Empty when detached."""
    head: str = ""
    ahead: int = 0
    """Commits the target does not have."""
    changed: tuple[str, ...] = ()
    """Paths edited, staged or untracked (ignored ones not)."""
    operation: str = ""
    """`rebase`, `merge`, `cherry-pick` when one is under way."""


class TrialOutcome(StrEnum):
    """How building a merged commit ended."""

    MERGED = "merged"
    ALREADY_IN = "already in"
    CONFLICT = "conflict"


class MergeTrial(msgspec.Struct, frozen=True, kw_only=True):
    """A merged commit built in a clean worktree, not yet pushed."""

    outcome: TrialOutcome
    commit: str = ""
    tree: str = ""
    base: str = ""
    """The target commit it was built on; the push must still find it there."""
    conflicts: tuple[str, ...] = ()


class RunOutcome(StrEnum):
    """How a command of a gate or a step ended."""

    PASS = "pass"
    FAIL = "fail"
    INFRASTRUCTURE = "infrastructure"
    """It never got to judge: missing program (126, 127), timeout, no tests collected, killed from outside."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One finished command."""

    outcome: RunOutcome
    code: int
    duration_s: float
    tail: str
    """The last 4,000 characters it printed, control sequences removed."""
    reason: str = ""
    """Why it counts as infrastructure, in words."""


class ProcessFact(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of one process."""

    pid: int
    command: str
    incarnation: str = ""
    """Its `GT_SESSION`, when readable."""
    cpu_s: float = 0.0
    rss_bytes: int = 0


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of agent program is started, spoken to and recognised (`runtimes/*.toml`)."""

    name: str
    title: str = ""
    command: str
    """The program; looked up on PATH. `{python}` stands for the interpreter the town runs on."""
    args: tuple[str, ...] = ()
    prompt_args: tuple[str, ...] = ()
    """Arguments that carry the start prompt; `{prompt}` stands for it. Empty: the prompt is typed when ready."""
    resume_args: tuple[str, ...] = ()
    """Arguments that continue the last conversation."""
    env: Mapping[str, str] = msgspec.field(default_factory=dict)
    ready_patterns: tuple[str, ...] = ()
    """Regular expressions; a line near the cursor matching one means it waits for input."""
    busy_patterns: tuple[str, ...] = ()
    dialog_patterns: tuple[str, ...] = ()
    """A question only a person may answer is on the screen."""
    limit_patterns: tuple[str, ...] = ()
    """Its provider makes it wait, as the program says right above its input line."""
    submit_keys: tuple[str, ...] = ("Enter",)
    clear_keys: tuple[str, ...] = ()
    """Keys that empty a half-written line."""
    start_timeout_s: float = 60.0
    hooks: str = ""
    """Which hooks file to write: `claude` or nothing."""
    needs_model: bool = True
