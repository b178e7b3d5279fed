"""Who waits for a person: at most a handful of rows, each with what can be done about it at once."""

from __future__ import annotations

from gastown_tui.widgets.lines import Row
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.rows import NEED_COLUMNS


class NeedsYou(RowList):
    """The list with the red bar; clicking an inline action posts `Acted`, as in every list."""

    def __init__(self, *, empty: tuple[Piece, ...] = (), id: str | None = None, classes: str | None = None) -> None:
        super().__init__(NEED_COLUMNS, empty=empty, id=id, classes=classes)

    def lead(self, row: Row, *, under_cursor: bool, marked: bool) -> tuple[Piece, ...]:
        """The bar, and the cursor or the mark beside it."""
        return (Piece("▌", "need"), Piece("▸" if under_cursor else "✓" if marked else " ", "brass"))
