"""Are you sure: what would be done, and yes or no."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from gastown_tui.widgets.key_line import KeyHint, KeyLine
from gastown_tui.widgets.strip_header import StripHeader


class AskScreen(ModalScreen[bool]):
    """Gives back whether the person said yes; only `Y` says it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("Y", "answer(True)", "Yes", show=False),
        Binding("n,escape,q", "answer(False)", "No", show=False),
    ]

    def __init__(self, question: str, line: str) -> None:
        super().__init__()
        self._question = question
        self._line = line

    def compose(self) -> ComposeResult:
        """The question over the exact command."""
        with Vertical(classes="sheet"):
            yield StripHeader("Sure?")
            yield Static(f"\n{self._question}\n\n{self._line}", markup=False)
            yield KeyLine(id="sheet-keys")

    def on_mount(self) -> None:
        """Say how to answer."""
        hints = [KeyHint("Y", "yes", "screen.answer(True)"), KeyHint("n", "no", "screen.answer(False)")]
        self.query_one("#sheet-keys", KeyLine).show_keys(hints)

    def action_answer(self, yes: bool) -> None:
        """Give the answer back."""
        self.dismiss(yes)
