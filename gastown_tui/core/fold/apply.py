"""One event at a time onto a ledger's state. Total: what it does not know it counts and skips."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gastown_tui.core import events as e
from gastown_tui.core.fold import agents, beads, mail, merges, rigs, work
from gastown_tui.core.fold.state import LedgerState

_HANDLERS: dict[type[e.Fact], Callable[[LedgerState, Any, e.Event], None]] = {
    **beads.HANDLERS,
    **work.HANDLERS,
    **agents.HANDLERS,
    **mail.HANDLERS,
    **merges.HANDLERS,
    **rigs.HANDLERS,
}


def fold(events: Iterable[e.Event], state: LedgerState | None = None) -> LedgerState:
    """Fold events, in the order of their ids, onto a state; onto an empty one when none is given."""
    state = LedgerState() if state is None else state
    for event in events:
        apply(state, event)
    return state


def apply(state: LedgerState, event: e.Event) -> None:
    """Fold one event. The caller has put events in order and dropped repeats."""
    registers = state.registers
    if event.event_id > registers.last_event:
        registers.last_event = event.event_id
    if event.actor:
        registers.seen[event.actor] = event.timestamp
    handler = _HANDLERS.get(type(event.fact))
    if handler is None:
        registers.unknown_events += isinstance(event.fact, e.Unknown)
        return
    handler(state, event.fact, event)
