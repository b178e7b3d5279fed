"""Hooks, waiting slings, exits and worktrees."""

from __future__ import annotations

from gastown_tui.core.events.envelope import Fact
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId


class HookSet(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Work hangs on an agent's hook: the bead becomes hooked and the agent's."""

    wire = "hook.set"
    agent: Address
    ref_type: str = "bead"
    """`bead`, `mol` or `mail`."""
    ref_id: BeadId
    assignment_id: AssignmentId
    dispatcher: str = ""
    args: str = ""
    """What the dispatcher said about how to do it."""
    runtime: str = ""


class HookChecked(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent looked at its hook."""

    wire = "hook.checked"
    vapor = True
    agent: Address
    found: bool


class HookCleared(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A hook is empty again; agent and bead are let go in one fact."""

    wire = "hook.cleared"
    agent: Address
    previous_ref: BeadId
    assignment_id: AssignmentId
    reason: str = ""
    to_status: str = "open"
    """What the bead becomes; `closed` is left to `bead.closed`."""
    keep_assignee: bool = False


class DispatchQueued(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A sling waits for room: the rig is at capacity or paused. The deacon takes it up in order."""

    wire = "dispatch.queued"
    bead_id: BeadId
    target: str
    dispatcher: str = ""
    args: str = ""
    runtime: str = ""
    reason: str = ""


class DispatchDropped(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A waiting sling was taken back."""

    wire = "dispatch.dropped"
    bead_id: BeadId
    reason: str = ""


class WorkExited(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A worker finished its assignment by one of the four exits."""

    wire = "work.exited"
    agent: Address
    bead_id: BeadId
    assignment_id: AssignmentId
    exit: str
    """COMPLETED, BLOCKED, REFACTOR or ESCALATE."""
    note: str = ""
    branch: str = ""
    commit: str = ""


class WorktreeOpened(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent's worktree stands."""

    wire = "worktree.opened"
    agent: Address
    path: str
    branch: str
    base: str = ""


class WorktreeRescued(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Everything in a worktree is reachable from a ref."""

    wire = "worktree.rescued"
    agent: Address
    path: str
    ref: str
    commit: str
    reason: str = ""


class WorktreeRemoved(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent's worktree is gone; its rescue ref holds what it held."""

    wire = "worktree.removed"
    agent: Address
    path: str
