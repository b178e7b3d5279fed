"""The line that takes any verb as typed after `gt`, with its history."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input


class CommandLine(ModalScreen[str | None]):
    """Gives back the line, or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False),
        Binding("up", "past(-1)", "Earlier", show=False, priority=True),
        Binding("down", "past(1)", "Later", show=False, priority=True),
    ]

    def __init__(self, names: list[str], past: list[str]) -> None:
        super().__init__()
        self._names = names
        self._past = past
        self._at = len(past)

    def compose(self) -> ComposeResult:
        """One line at the bottom."""
        with Vertical(id="command"):
            suggester = SuggestFromList([*reversed(self._past), *self._names], case_sensitive=False)
            yield Input(placeholder="any verb, as after gt; → completes, ↑ recalls", suggester=suggester, id="line")

    def action_leave(self) -> None:
        """Run nothing."""
        self.dismiss(None)

    def action_past(self, step: int) -> None:
        """Recall an earlier line."""
        self._at = min(max(self._at + step, 0), len(self._past))
        entry = self.query_one("#line", Input)
        entry.value = self._past[self._at] if self._at < len(self._past) else ""
        entry.cursor_position = len(entry.value)

    @on(Input.Submitted, "#line")
    def _submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.dismiss(message.value.strip() or None)
