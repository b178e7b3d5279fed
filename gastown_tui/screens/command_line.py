"""The line that takes any verb as typed after `gt`, with completion and its history."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from gastown_tui.core.views.suggestions import Suggestion
from gastown_tui.screens.sheet import caught_up
from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.lines import Row
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList

Complete = Callable[[str], Awaitable[tuple[Suggestion, ...]]]
"""What the last word of a line could become."""


class CommandLine(ModalScreen[str | None]):
    """Gives back the line, or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False),
        Binding("enter", "run", "Run", show=False, priority=True),
        Binding("up", "past(-1)", "Earlier", show=False, priority=True),
        Binding("down", "past(1)", "Later", show=False, priority=True),
        Binding("tab", "complete(1)", "Complete", show=False, priority=True),
        Binding("shift+tab", "complete(-1)", "Complete backwards", show=False, priority=True),
    ]

    def __init__(self, past: list[str], complete: Complete) -> None:
        super().__init__()
        self._past = past
        self._at = len(past)
        self._complete = complete
        self._stem: str | None = None
        """The line as it was before tab went through the offers."""

    def compose(self) -> ComposeResult:
        """The offers over one line at the bottom."""
        with Vertical(id="command"):
            yield RowList((Column(28), Column()), id="offers")
            yield Input(placeholder="any verb, as after gt; tab completes, ↑ recalls", id="line")

    def on_mount(self) -> None:
        """Offer verbs from the start."""
        self.set_focus(self._line)
        self._ask()

    @property
    def _line(self) -> Input:
        return self.query_one("#line", Input)

    @property
    def _offers(self) -> RowList:
        return self.query_one("#offers", RowList)

    # -------------------------------------------------------------------------------------------------- offers

    def _ask(self) -> None:
        self._show_offers(self._line.value)

    @work(exclusive=True, group="offers")
    async def _show_offers(self, line: str) -> None:
        found = await self._complete(line)
        self._offers.keeps_cursor = False
        self._offers.set_rows(
            [Row(each.value, (Piece(each.value, "brass"), Piece(each.about, "dim"))) for each in found]
        )
        self._offers.display = bool(found)
        self._offers.action_top()

    def action_complete(self, step: int) -> None:
        """Put the next offer in place of the word under way."""
        offers = self._offers
        if not offers.display:
            return
        if self._stem is None:
            self._stem = self._line.value
            offers.keeps_cursor = True
        else:
            offers.action_down() if step > 0 else offers.action_up()
        self._take(offers.cursor_key)

    def _take(self, word: str) -> None:
        stem = self._stem if self._stem is not None else self._line.value
        before = stem.rsplit(" ", 1)[0] + " " if " " in stem else ""
        with self.prevent(Input.Changed):
            self._line.value = f"{before}{word} "
        self._line.cursor_position = len(self._line.value)

    @on(RowList.Clicked, "#offers")
    def _clicked(self, message: RowList.Clicked) -> None:
        message.stop()
        self._take(message.key)
        self._stem = None
        self.set_focus(self._line)
        self._ask()

    # -------------------------------------------------------------------------------------------------- the line

    def action_leave(self) -> None:
        """Run nothing."""
        self.dismiss(None)

    def action_past(self, step: int) -> None:
        """Recall an earlier line."""
        self._at = min(max(self._at + step, 0), len(self._past))
        self._line.value = self._past[self._at] if self._at < len(self._past) else ""
        self._line.cursor_position = len(self._line.value)

    async def _on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.action_leave()

    @on(Input.Changed, "#line")
    def _changed(self, message: Input.Changed) -> None:
        message.stop()
        self._stem = None
        self._ask()

    async def action_run(self) -> None:
        """Give the line back."""
        await caught_up(self._line)
        self.dismiss(self._line.value.strip() or None)
