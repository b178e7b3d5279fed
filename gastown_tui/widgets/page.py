"""Text to read: as long as it likes, scrolled by the keys of every list."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from gastown_tui.core.model.text import plain


class Page(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Plain text with nothing in it that could act on a terminal."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "by(1)", "Down", id="page.down", show=False, tooltip="A line down"),
        Binding("k,up", "by(-1)", "Up", id="page.up", show=False, tooltip="A line up"),
        Binding(
            "ctrl+d", "by_screens(0.5)", "Half down", id="page.half_down", show=False, tooltip="Half a screen down"
        ),
        Binding("ctrl+u", "by_screens(-0.5)", "Half up", id="page.half_up", show=False, tooltip="Half a screen up"),
        Binding(
            "pagedown,space", "by_screens(1)", "Page down", id="page.page_down", show=False, tooltip="A screen down"
        ),
        Binding("pageup", "by_screens(-1)", "Page up", id="page.page_up", show=False, tooltip="A screen up"),
        Binding("g,home", "to_top", "Top", id="page.top", show=False, tooltip="The beginning"),
        Binding("G,end", "to_bottom", "Bottom", id="page.bottom", show=False, tooltip="The end"),
    ]
    """
    | Key(s) | Description |
    | :- | :- |
    | j,down / k,up | Scroll by a line. |
    | ctrl+d / ctrl+u, pagedown / pageup | Scroll by half a screen or a whole one. |
    | g,home / G,end | The beginning, the end. |
    """

    def __init__(self, text: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._words = Static(plain(text), markup=False)

    def compose(self) -> ComposeResult:
        """The text, wrapped to the width there is."""
        yield self._words

    def action_by(self, lines: int) -> None:
        """Scroll by lines."""
        self.scroll_relative(y=lines, animate=False)

    def action_by_screens(self, screens: float) -> None:
        """Scroll by screens."""
        self.scroll_relative(y=int(screens * self.size.height) or (1 if screens > 0 else -1), animate=False)

    def action_to_top(self) -> None:
        """Scroll to the beginning."""
        self.scroll_home(animate=False)

    def action_to_bottom(self) -> None:
        """Scroll to the end."""
        self.scroll_end(animate=False)

    def show(self, text: str) -> None:
        """Read something else."""
        self._words.update(plain(text))
        self.scroll_home(animate=False)
