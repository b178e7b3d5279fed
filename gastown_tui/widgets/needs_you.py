"""Who waits for a person: at most a handful of rows, each with what can be done about it at once."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from gastown_tui.core.views.home import NeedRow
from gastown_tui.widgets.lines import Row
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.rows import NEED_COLUMNS, answer_keys, need_lines


class NeedsYou(RowList):
    """The list with the red bar; an inline action posts `Acted`, whether it is clicked or its key pressed.

    Keys of answers are heard by the question under the cursor alone.
    """

    def __init__(self, *, empty: tuple[Piece, ...] = (), id: str | None = None, classes: str | None = None) -> None:
        super().__init__(NEED_COLUMNS, empty=empty, id=id, classes=classes)
        self._answers: dict[str, dict[str, str]] = {}

    def show_needs(self, needs: Sequence[NeedRow]) -> None:
        """Draw other needs, most urgent first."""
        self._answers = {row.key: answer_keys(row) for row in needs if row.choices}
        self.set_rows(need_lines(needs))

    def lead(self, row: Row, *, under_cursor: bool, marked: bool) -> tuple[Piece, ...]:
        """The bar, and the cursor or the mark beside it."""
        return (Piece("▌", "need"), Piece("▸" if under_cursor else "✓" if marked else " ", "brass"))

    async def _on_key(self, event: events.Key) -> None:
        act = self._answers.get(self.cursor_key, {}).get(event.character or "")
        if act is None:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        self.post_message(self.Acted(self, self.cursor_key, act))
