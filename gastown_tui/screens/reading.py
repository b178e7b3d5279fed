"""A page of text over the room: what a verb answered, or the evidence behind a status."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from gastown_tui.screens.sheet import Sheet
from gastown_tui.widgets.key_line import KeyHint
from gastown_tui.widgets.page import Page


class ReadingScreen(Sheet[None]):
    """Text to read and leave."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,enter", "leave", "Back", show=False),
        Binding("y", "copy", "Copy", show=False),
    ]

    def __init__(self, title: str, text: str, note: str = "") -> None:
        super().__init__(title, note)
        self._text = text

    def body(self) -> Iterable[Widget]:
        """The page."""
        yield Page(self._text, id="page")

    def hints(self) -> list[KeyHint]:
        """How to move and to copy."""
        return [KeyHint("j k", "scroll", "screen.scroll(1)"), KeyHint("y", "copy", "screen.copy")]

    def action_scroll(self, lines: int) -> None:
        """Scroll the page."""
        self.query_one(Page).action_by(lines)

    def action_copy(self) -> None:
        """The whole text to the clipboard."""
        self.app.copy_to_clipboard(self._text)
        self.notify("copied", markup=False)
