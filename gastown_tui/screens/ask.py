"""Are you sure: what would be done, and yes or no."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from gastown_tui.core.model.text import plain
from gastown_tui.screens.sheet import Sheet
from gastown_tui.widgets.key_line import KeyHint


class AskScreen(Sheet[bool | None]):
    """Gives back whether the person said yes; only `Y` says it.

    Args:
        question: What is asked.
        line: The exact command.
        losses: What would become of what, as far as that can be told.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("Y", "answer(True)", "Yes", show=False),
        Binding("n,q", "answer(False)", "No", show=False),
        Binding("y", "copy", "Copy", show=False),
    ]

    def __init__(self, question: str, line: str, losses: str = "") -> None:
        super().__init__("Sure?")
        self._question = question
        self._line = line
        self._losses = losses

    def body(self) -> Iterable[Widget]:
        """The question over what would be lost, over the exact command."""
        yield Static(self._question, id="question", markup=False)
        if self._losses:
            yield Static(plain(self._losses), id="rehearsed", markup=False)
        yield Static(self._line, id="spelled", markup=False)

    def hints(self) -> list[KeyHint]:
        """How to answer."""
        return [
            KeyHint("Y", "yes", "screen.answer(True)"),
            KeyHint("n", "no", "screen.answer(False)"),
            KeyHint("y", "copy", "screen.copy"),
        ]

    def action_copy(self) -> None:
        """The exact command to the clipboard."""
        self.app.copy_to_clipboard(self._line)
        self.notify(f"copied {self._line}", markup=False)

    def action_answer(self, yes: bool) -> None:
        """Give the answer back."""
        self.dismiss(yes)
