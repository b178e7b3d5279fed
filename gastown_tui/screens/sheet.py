"""What lies over the room: a framed sheet with a header and its own keys, closed by Escape or a click beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget

from gastown_tui.widgets.key_line import KeyHint, KeyLine
from gastown_tui.widgets.strip_header import StripHeader

R = TypeVar("R")

PATIENCE_S = 1.0


async def caught_up(widget: Widget) -> None:
    """Wait until a widget has heard every key that was pressed before.

    Keys go to the widget that has the focus and are heard by it in its own time; who acts on what was typed must not
    be faster than what was typed.
    """
    heard = asyncio.Event()
    if widget.call_later(heard.set):
        async with asyncio.timeout(PATIENCE_S):
            await heard.wait()


class Sheet(ModalScreen[R]):
    """A header, a body, and the keys that work here."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back", show=False)]
    CLASSES_ON_SHEET: ClassVar[str] = "sheet"

    def __init__(self, heading: str, note: str = "") -> None:
        super().__init__()
        self._heading = heading
        self._note = note

    def compose(self) -> ComposeResult:
        """The header over the body over the keys."""
        with Vertical(classes=self.CLASSES_ON_SHEET):
            yield StripHeader(self._heading, self._note, id="sheet-header")
            yield from self.body()
            yield KeyLine(id="sheet-keys")

    def on_mount(self) -> None:
        """Say which keys work here."""
        self.show_keys()

    def body(self) -> Iterable[Widget]:
        """What stands between the header and the keys."""
        return ()

    def hints(self) -> list[KeyHint]:
        """The keys that work here."""
        return []

    def show_keys(self) -> None:
        """Draw the line of keys."""
        self.query_one("#sheet-keys", KeyLine).show_keys([*self.hints(), KeyHint("esc", "back", "screen.leave")])

    def action_leave(self) -> None:
        """Close it; nothing is done."""
        self.dismiss(None)

    async def _on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.action_leave()
