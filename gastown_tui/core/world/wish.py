"""A transaction somebody waits for. Whoever gets the lock carries out all that wait, so that it serves many."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gastown_tui.core.events import Event
from gastown_tui.core.ports import Decide

if TYPE_CHECKING:
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
