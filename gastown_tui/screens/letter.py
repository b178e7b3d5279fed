"""One message with its thread, and a place to answer it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from gastown_tui.screens.sheet import Sheet
from gastown_tui.widgets.key_line import KeyHint
from gastown_tui.widgets.page import Page


class LetterScreen(Sheet[tuple[str, str] | None]):
    """Gives back what to do: `("reply", text)`, `("archive", "")`, or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,enter", "leave", "Back", show=False),
        Binding("r", "answer", "Reply", show=False),
        Binding("e", "archive", "Archive", show=False),
    ]

    def __init__(self, subject: str, text: str, *, answering: bool = False) -> None:
        super().__init__(subject, "mail")
        self._text = text
        self._answering = answering

    def body(self) -> Iterable[Widget]:
        """The thread over the line for an answer."""
        yield Page(self._text, id="page")
        yield Input(placeholder="your answer; Enter sends it", id="answer")

    def on_mount(self) -> None:
        """Read first, unless asked to answer."""
        super().on_mount()
        self._show_answer(self._answering)

    def hints(self) -> list[KeyHint]:
        """What can be done with a letter."""
        return [KeyHint("r", "reply", "screen.answer"), KeyHint("e", "archive", "screen.archive")]

    def _show_answer(self, shown: bool) -> None:
        answer = self.query_one("#answer", Input)
        answer.display = shown
        self.set_focus(answer if shown else self.query_one(Page))

    def action_answer(self) -> None:
        """Open the line for an answer."""
        self._show_answer(True)

    def action_archive(self) -> None:
        """Put the message away."""
        self.dismiss(("archive", ""))

    def action_leave(self) -> None:
        """Back; out of the answer first."""
        if self.query_one("#answer", Input).has_focus and not self._answering:
            self._show_answer(False)
        else:
            self.dismiss(None)

    @on(Input.Submitted, "#answer")
    def _submitted(self, message: Input.Submitted) -> None:
        message.stop()
        if message.value.strip():
            self.dismiss(("reply", message.value.strip()))
