"""One event at a time onto a ledger's state. Total: what it does not know it counts and skips."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from gastown_tui.core.events import Event, Fact, Unknown
from gastown_tui.core.fold.state import LedgerState

Handler: TypeAlias = Callable[[LedgerState, Any, Event], None]
_HANDLERS: dict[type[Fact], Handler] = {}
"""Empty until the first event: a command that reads mostly finds everything folded already."""


def fold(events: Iterable[Event], state: LedgerState | None = None) -> LedgerState:
    """Fold events, in the order of their ids, onto a state; onto an empty one when none is given."""
    state = LedgerState() if state is None else state
    for event in events:
        apply(state, event)
    return state


def apply(state: LedgerState, event: Event) -> None:
    """Fold one event. The caller has put events in order and dropped repeats."""
    registers = state.registers
    if event.event_id > registers.last_event:
        registers.last_event = event.event_id
    if event.actor:
        registers.seen[event.actor] = event.timestamp
    handler = (_HANDLERS or _load()).get(type(event.fact))
    if handler is None:
        registers.unknown_events += isinstance(event.fact, Unknown)
        return
    handler(state, event.fact, event)


def _load() -> dict[type[Fact], Handler]:
    from gastown_tui.core.fold import agents, beads, mail, merges, rigs, work

    rooms = (beads, work, agents, mail, merges, rigs)
    # At once: another thread must not find half of them.
    _HANDLERS.update({kind: handler for room in rooms for kind, handler in room.HANDLERS.items()})
    return _HANDLERS
