"""How much work could be started now, counted no oftener than it is worth."""

from __future__ import annotations

from datetime import datetime, timedelta

from gastown_tui.core.events import Event
from gastown_tui.core.fold import Town
from gastown_tui.core.ports import Hands
from gastown_tui.core.views.shelf import ready_count

SHELF_AGE = timedelta(minutes=1)
"""How old the count of ready beads may grow."""
SHELF_SHARE = 0.05
"""The part of the time that may go into counting them."""


class ReadyCount:
    """How many beads could be started; counted again when beads changed, yet never for more than a part of the time."""

    def __init__(self) -> None:
        self.count: int | None = None
        self._read_at: datetime | None = None
        self._next_at: datetime | None = None
        self._stale = True

    def update(self, town: Town, hands: Hands, events: tuple[Event, ...]) -> None:
        """Count if there is a reason to and it is time."""
        now = hands.clock.now()
        self._stale = self._stale or any(not event.event_type.startswith(("mail.", "nudge.")) for event in events)
        self._stale = self._stale or self._read_at is None or now - self._read_at > SHELF_AGE
        if not self._stale or (self._next_at is not None and now < self._next_at):
            return
        began = hands.clock.monotonic()
        self.count = ready_count(town, now)
        cost = timedelta(seconds=hands.clock.monotonic() - began)
        self._stale, self._read_at, self._next_at = False, now, now + cost / SHELF_SHARE

    def forget(self) -> None:
        """Count anew at once: these are other beads."""
        self._stale, self._next_at = True, None

    @property
    def due(self) -> datetime | None:
        """When it should be looked at again at the latest."""
        return self._next_at if self._stale else None
