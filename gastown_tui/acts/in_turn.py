"""Keys one after the other: what is typed ahead goes where the key before it led."""

from __future__ import annotations

import asyncio
from collections import deque

from textual import events
from textual.app import App
from textual.message import Message

PATIENCE_S = 1.0
"""How long a key may take before the next one is no longer held back for it."""


class KeysInTurn(App[int]):
    """An app that hears a key only when the one before it has been heard by everybody.

    Textual hands keys to whoever has the focus and goes on at once. A key that opens a line or a sheet is acted upon a
    moment later, so that keys typed right behind it would still go to the list before it, and be lost or mean
    something else there.
    """

    class Heard(Message):
        """Follows a key along its way; where it ends, the key has been heard."""

    _under_way_since: float | None = None
    _typed_ahead: deque[events.Key]

    def __init__(self) -> None:
        super().__init__()
        self._typed_ahead = deque()

    async def on_event(self, event: events.Event) -> None:
        """Hold a key back while another is under way."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        now = asyncio.get_running_loop().time()
        if self._under_way_since is not None and now - self._under_way_since < PATIENCE_S:
            if not self._typed_ahead:
                self.set_timer(PATIENCE_S, self._next_key)
            self._typed_ahead.append(event)
            return
        self._typed_ahead.append(event)
        await self._next_key()

    async def _next_key(self) -> None:
        self._under_way_since = None
        while self._typed_ahead and self._under_way_since is None:
            self._under_way_since = asyncio.get_running_loop().time()
            target = self.focused or self.screen
            await super().on_event(self._typed_ahead.popleft())
            heard = self.Heard()
            # Sent by nobody, for a message does not go up to who sent it.
            heard._sender = None
            if not target.post_message(heard):
                self._under_way_since = None

    async def on_keys_in_turn_heard(self) -> None:
        """The key has been heard; the next one's turn."""
        await self._next_key()
