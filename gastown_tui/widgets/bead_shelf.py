"""The section of the beads: their list or their board, and what is wrong with the filter."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widget import Widget

from gastown_tui.widgets.bead_board import BeadBoard
from gastown_tui.widgets.bead_heads import BeadHeads
from gastown_tui.widgets.one_line import OneLine
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.section import Section


class BeadShelf(Section):
    """The list under the heads of its columns, or the board; and what is wrong with the filter."""

    def __init__(
        self, title: str, rows: RowList, heads: BeadHeads, board: BeadBoard, problem: OneLine, *, id: str
    ) -> None:
        super().__init__(title, rows, id=id)
        self._more: tuple[Widget, ...] = (heads, rows, board, problem)
        problem.display = False

    def compose(self) -> ComposeResult:
        """All of it; the styles show what is wanted."""
        yield self.header
        yield from self._more
