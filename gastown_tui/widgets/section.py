"""A header with the list it belongs to."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from gastown_tui.widgets.strip_header import StripHeader


class Section(Vertical):
    """A titled part of a screen; its header lights up while anything in it has the focus."""

    def __init__(
        self, title: str, body: Widget, *, note: str = "", id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.header = StripHeader(title, note)
        self.body = body

    def compose(self) -> ComposeResult:
        """The header over the body."""
        yield self.header
        yield self.body

    def _on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self.header.lit = True

    def _on_descendant_blur(self, event: events.DescendantBlur) -> None:
        self.header.lit = False
