"""The screen outside any town: make one, open one, or watch the demo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, Static

from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.key_line import KeyHint, KeyLine
from gastown_tui.widgets.lines import Heading, Line, Row
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.strip_header import StripHeader

WHAT = "A town of coding agents, and the room from which one person watches and steers it."
_PLACES = {"install": "a folder that is not there yet, or an empty one", "open": "a town, or any folder with .beads"}


class FirstRunScreen(Screen[object]):
    """What can be done where there is nothing yet."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,ctrl+q", "app.quit", "Leave", show=False),
        Binding("escape", "step_back", "Back", show=False),
    ]

    class Wanted(Message):
        """The person chose: `install`, `open` (both with a path) or `demo`."""

        def __init__(self, act: str, path: str = "") -> None:
            super().__init__()
            self.act = act
            self.path = path

    def __init__(self, why: str, here: str, recent: Sequence[tuple[str, str, str]]) -> None:
        """Say why nothing is open.

        Args:
            why: What was looked for and not found.
            here: The folder we are in, as a person writes it.
            recent: What was open before: where it is, what it is called, and where as a person writes it.
        """
        super().__init__()
        self._why = why
        self._here = here
        self._recent = recent
        self._asking = ""

    def compose(self) -> ComposeResult:
        """What is missing, over what can be done about it."""
        yield StripHeader("gastown", "no town is open")
        with Vertical(id="first"):
            yield Static(
                "A town of coding agents, and the room from which one person watches and steers it.", id="what"
            )
            yield Static(self._why, id="why", markup=False)
            yield RowList((Column(30), Column()), id="choices", keeps_cursor=True)
            yield Input(id="place")
            yield Static("", id="complaint", markup=False)
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        """Start on the first choice."""
        self.query_one("#place", Input).display = False
        choices = self.query_one("#choices", RowList)
        choices.set_rows(self._lines())
        self.set_focus(choices)
        hints = [KeyHint("⏎", "choose", "screen.choose"), KeyHint("j k", "move", ""), KeyHint("q", "leave", "quit")]
        self.query_one("#keys", KeyLine).show_keys(hints)

    def _lines(self) -> list[Line]:
        lines: list[Line] = [
            Heading("begin"),
            Row("demo", (Piece("See the demo", "brass"), Piece("a town that plays itself and leaves nothing", "dim"))),
            Row("install", (Piece("Create a town", "brass"), Piece(f"here: {self._here}", "dim"))),
            Row("open", (Piece("Open any .beads", "brass"), Piece("a town, or a project with beads in it", "dim"))),
        ]
        if self._recent:
            lines.append(Heading("open before"))
            for at, name, said in self._recent:
                lines.append(Row(f"recent:{at}", (Piece(name, "brass"), Piece(said, "dim"))))
        return lines

    # -------------------------------------------------------------------------------------------------- choosing

    @on(RowList.Chosen, "#choices")
    @on(RowList.Clicked, "#choices")
    def _chosen(self, message: RowList.Chosen | RowList.Clicked) -> None:
        message.stop()
        act, _, path = message.key.partition(":")
        if act in _PLACES:
            self._ask(act)
        else:
            self.post_message(self.Wanted("open" if act == "recent" else act, path))

    def action_choose(self) -> None:
        """Take the choice under the cursor."""
        self.query_one("#choices", RowList).action_choose()

    def _ask(self, act: str) -> None:
        self._asking = act
        place = self.query_one("#place", Input)
        place.placeholder = _PLACES[act]
        place.value = self._here if act == "open" else f"{self._here}/gt"
        place.display = True
        self.set_focus(place)

    def action_step_back(self) -> None:
        """Away from the line for a path."""
        place = self.query_one("#place", Input)
        place.display = False
        self.set_focus(self.query_one("#choices", RowList))

    @on(Input.Submitted, "#place")
    def _submitted(self, message: Input.Submitted) -> None:
        message.stop()
        if message.value.strip():
            self.post_message(self.Wanted(self._asking, message.value.strip()))

    # -------------------------------------------------------------------------------------------------- public

    def complain(self, text: str) -> None:
        """Say what went wrong."""
        self.query_one("#complaint", Static).update(text)

    def wait(self, text: str) -> None:
        """Say what is being done."""
        self.query_one("#why", Static).update(text)
        self.query_one("#complaint", Static).update("")
        self.query_one("#choices", RowList).display = False
        self.query_one("#place", Input).display = False

    def choose_again(self) -> None:
        """Offer the choices again."""
        self.query_one("#why", Static).update(self._why)
        choices = self.query_one("#choices", RowList)
        choices.display = True
        self.set_focus(choices)
