"""A page of text over the room: what a verb answered, or the evidence behind a status."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from gastown_tui.widgets.key_line import KeyHint, KeyLine
from gastown_tui.widgets.strip_header import StripHeader


class ReadingScreen(ModalScreen[None]):
    """Text to read and leave."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Back", show=False),
        Binding("j,down", "scroll_down", "Down", show=False),
        Binding("k,up", "scroll_up", "Up", show=False),
        Binding("y", "copy", "Copy", show=False),
    ]

    def __init__(self, title: str, text: str, note: str = "") -> None:
        super().__init__()
        self._heading = title
        self._text = text
        self._note = note

    def compose(self) -> ComposeResult:
        """The page in a sheet."""
        with Vertical(classes="sheet"):
            yield StripHeader(self._heading, self._note)
            with VerticalScroll(id="page"):
                yield Static(self._text, markup=False)
            yield KeyLine(id="sheet-keys")

    def on_mount(self) -> None:
        """The page takes the keys."""
        self.query_one("#page").focus()
        hints = [
            KeyHint("esc", "back", "screen.dismiss"),
            KeyHint("j k", "scroll", "noop"),
            KeyHint("y", "copy", "screen.copy"),
        ]
        self.query_one("#sheet-keys", KeyLine).show_keys(hints)

    def action_scroll_down(self) -> None:
        """A line down."""
        self.query_one("#page").scroll_relative(y=1, animate=False)

    def action_scroll_up(self) -> None:
        """A line up."""
        self.query_one("#page").scroll_relative(y=-1, animate=False)

    def action_copy(self) -> None:
        """The whole text to the clipboard."""
        self.app.copy_to_clipboard(self._text)
        self.notify("copied", markup=False)
