"""A transaction somebody waits for. Whoever gets the lock carries out all that wait, so that it serves many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from gastown_tui.core.events import Entry, Event
from gastown_tui.core.model.times import stamp
from gastown_tui.core.ports import Clock, Decide
from gastown_tui.core.world.event_log import ADOPTION
from gastown_tui.core.world.mint import EventMint

if TYPE_CHECKING:
    from gastown_tui.core.fold import Town
    from gastown_tui.core.world.store import Store, Written


class Wish:
    """One transaction.

    Attributes:
        decide: What is to be recorded.
        actor: Who wishes it.
        stores: The ledgers it locks.
        adopts: Whether others' edits are recorded even when nothing else is.
        events: What was recorded.
        written: Where that stands, not yet on the disk for certain.
        is_open: Nobody has begun it.
    """

    def __init__(self, decide: Decide, actor: str, stores: tuple[Store, ...], *, adopts: bool = False) -> None:
        self.decide, self.actor, self.stores, self.adopts = decide, actor, stores, adopts
        self.events: list[Event] = []
        self.written: list[tuple[Store, Written]] = []
        self.is_open = True
        self._error: Exception | None = None

    def carry_out(self, transact: Callable[[Wish], None]) -> bool:
        """Try it; False when it failed, for its owner alone to hear of."""
        self.is_open = False
        try:
            transact(self)
        except Exception as error:
            self._error = error
            return False
        return True

    def answer(self) -> None:
        """Raise what it failed with."""
        if self._error is not None:
            raise self._error


def transact(wish: Wish, town: Town, mint: EventMint, clock: Clock) -> None:
    """Decide, and append what was decided: to all ledgers or to none. Their locks are held, and they are caught up.

    Args:
        wish: What is wished; learns what was recorded and where it stands.
        town: The town it is decided on.
        mint: Has seen the newest event of every ledger.
        clock: Asked once it is decided.
    """
    entries, stores = wish.decide(town), wish.stores
    locked = {store.name for store in stores}
    for entry in entries:
        if entry.ledger not in locked:
            raise ValueError(f"{entry.fact.wire} is for ledger {entry.ledger!r}, which is not locked: {locked}")
    moment = clock.now()
    first: list[tuple[str, Event]] = []
    for store in stores:
        facts = [entry.fact for entry in entries if entry.ledger == store.name]
        if facts or wish.adopts:
            found = [Entry(fact, store.name) for fact in store.unrecorded(facts, stamp(moment))]
            first += stamped(found, wish.actor, moment, mint, ADOPTION if not store.last_event else None)
    events = stamped(entries, wish.actor, moment, mint)
    wish.written = _appended(stores, [*first, *events])
    wish.events = [event for _, event in events]


def stamped(
    entries: Sequence[Entry], actor: str, moment: datetime, mint: EventMint, correlation: str | None = None
) -> list[tuple[str, Event]]:
    """Facts as the events of one transaction, each with the ledger it is bound for."""
    ms, when = int(moment.timestamp() * 1000), stamp(moment)
    events: list[tuple[str, Event]] = []
    tx = ""
    for entry in entries:
        event_id = mint.event_id(ms)
        tx = tx or event_id
        event = Event(
            event_id=event_id,
            event_type=entry.fact.wire,
            timestamp=when,
            actor=actor,
            correlation_id=correlation,
            tx=tx,
            fact=entry.fact,
        )
        events.append((entry.ledger, event))
    return events


def _appended(stores: Sequence[Store], events: list[tuple[str, Event]]) -> list[tuple[Store, Written]]:
    done: list[tuple[Store, Written]] = []
    try:
        for store in reversed(stores):
            own = [event for name, event in events if name == store.name]
            if own and (written := store.append(own)) is not None:
                done.append((store, written))
    except BaseException:
        for store, written in done:
            store.cut_back(written)
        raise
    return done
