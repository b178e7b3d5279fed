"""Are you sure: what would be done, and yes or no."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from gastown_tui.screens.sheet import Sheet
from gastown_tui.widgets.key_line import KeyHint


class AskScreen(Sheet[bool | None]):
    """Gives back whether the person said yes; only `Y` says it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("Y", "answer(True)", "Yes", show=False),
        Binding("n,q", "answer(False)", "No", show=False),
    ]

    def __init__(self, question: str, line: str) -> None:
        super().__init__("Sure?")
        self._question = question
        self._line = line

    def body(self) -> Iterable[Widget]:
        """The question over the exact command."""
        yield Static(self._question, id="question", markup=False)
        yield Static(self._line, id="spelled", markup=False)

    def hints(self) -> list[KeyHint]:
        """How to answer."""
        return [KeyHint("Y", "yes", "screen.answer(True)"), KeyHint("n", "no", "screen.answer(False)")]

    def action_answer(self, yes: bool) -> None:
        """Give the answer back."""
        self.dismiss(yes)
