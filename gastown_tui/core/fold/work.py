"""Hooks, waiting slings, exits and worktrees, onto the registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gastown_tui.core import events as e
from gastown_tui.core.fold import beads
from gastown_tui.core.fold.agents import change_agent
from gastown_tui.core.fold.state import LedgerState
from gastown_tui.core.model.town import Dispatch, Hook


def hook_set(state: LedgerState, fact: e.HookSet, event: e.Event) -> None:
    """Both sides of a hook in one fact. A bead hangs in one place: of two clones' hooks the later one holds."""
    beads.hook_set(state, fact, event)
    for agent in [each for each, hook in state.registers.hooks.items() if hook.bead_id == fact.ref_id]:
        del state.registers.hooks[agent]
    state.registers.hooks[fact.agent] = Hook(
        agent=fact.agent,
        bead_id=fact.ref_id,
        ref_type=fact.ref_type,
        assignment_id=fact.assignment_id,
        since=event.timestamp,
        dispatcher=fact.dispatcher,
        args=fact.args,
        runtime=fact.runtime,
    )
    state.registers.exits.pop(fact.ref_id, None)
    state.registers.dispatches.pop(fact.ref_id, None)


def hook_cleared(state: LedgerState, fact: e.HookCleared, event: e.Event) -> None:
    """Fenced: a clearing that names an assignment which is no longer current changes nothing."""
    hook = state.registers.hooks.get(fact.agent)
    if hook is None or hook.assignment_id != fact.assignment_id:
        return
    del state.registers.hooks[fact.agent]
    beads.hook_cleared(state, fact, event)


def dispatch_queued(state: LedgerState, fact: e.DispatchQueued, event: e.Event) -> None:
    """Waits; asking again keeps its place."""
    known = state.registers.dispatches.get(fact.bead_id)
    state.registers.dispatches[fact.bead_id] = Dispatch(
        bead_id=fact.bead_id,
        target=fact.target,
        dispatcher=fact.dispatcher,
        args=fact.args,
        runtime=fact.runtime,
        reason=fact.reason,
        queued_at=known.queued_at if known else event.timestamp,
    )


def dispatch_dropped(state: LedgerState, fact: e.DispatchDropped, event: e.Event) -> None:
    """Waits no more."""
    state.registers.dispatches.pop(fact.bead_id, None)


def work_exited(state: LedgerState, fact: e.WorkExited, event: e.Event) -> None:
    """The exit is remembered by bead."""
    state.registers.exits[fact.bead_id] = fact.exit


def worktree_opened(state: LedgerState, fact: e.WorktreeOpened, event: e.Event) -> None:
    """Where the agent works."""
    change_agent(state, fact.agent, event, worktree=fact.path, branch=fact.branch)


def worktree_removed(state: LedgerState, fact: e.WorktreeRemoved, event: e.Event) -> None:
    """It works nowhere now."""
    change_agent(state, fact.agent, event, worktree="", branch="")


HANDLERS: dict[type[e.Fact], Callable[[LedgerState, Any, e.Event], None]] = {
    e.HookSet: hook_set,
    e.HookCleared: hook_cleared,
    e.DispatchQueued: dispatch_queued,
    e.DispatchDropped: dispatch_dropped,
    e.WorkExited: work_exited,
    e.WorktreeOpened: worktree_opened,
    e.WorktreeRemoved: worktree_removed,
}
