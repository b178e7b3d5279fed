"""One message with its thread, and a place to answer it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from gastown_tui.widgets.key_line import KeyHint, KeyLine
from gastown_tui.widgets.strip_header import StripHeader


class LetterScreen(ModalScreen[tuple[str, str] | None]):
    """Gives back what to do: `("reply", text)`, `("archive", "")`, or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", show=False),
        Binding("r", "answer", "Reply", show=False),
        Binding("e", "archive", "Archive", show=False),
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, subject: str, text: str, *, answering: bool = False) -> None:
        super().__init__()
        self._subject = subject
        self._text = text
        self._answering = answering

    def compose(self) -> ComposeResult:
        """The thread over the line for an answer."""
        with Vertical(classes="sheet"):
            yield StripHeader(self._subject, "mail")
            with VerticalScroll(id="page"):
                yield Static(self._text, markup=False)
            yield Input(placeholder="your answer; Enter sends it", id="answer")
            yield KeyLine(id="sheet-keys")

    def on_mount(self) -> None:
        """Read first, unless asked to answer."""
        hints = [
            KeyHint("r", "reply", "screen.answer"),
            KeyHint("e", "archive", "screen.archive"),
            KeyHint("esc", "back", "screen.leave"),
        ]
        self.query_one("#sheet-keys", KeyLine).show_keys(hints)
        answer = self.query_one("#answer", Input)
        answer.display = self._answering
        (answer if self._answering else self.query_one("#page")).focus()

    def action_answer(self) -> None:
        """Open the line for an answer."""
        answer = self.query_one("#answer", Input)
        answer.display = True
        answer.focus()

    def action_archive(self) -> None:
        """Put the message away."""
        self.dismiss(("archive", ""))

    def action_leave(self) -> None:
        """Back; out of the answer first."""
        answer = self.query_one("#answer", Input)
        if answer.has_focus and not self._answering:
            answer.display = False
            self.query_one("#page").focus()
        else:
            self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        """Scroll the thread."""
        self.query_one("#page").scroll_relative(y=lines, animate=False)

    @on(Input.Submitted, "#answer")
    def _submitted(self, message: Input.Submitted) -> None:
        message.stop()
        if message.value.strip():
            self.dismiss(("reply", message.value.strip()))
