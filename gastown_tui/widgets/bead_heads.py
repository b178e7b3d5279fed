"""The names over the columns of beads; the one the list is ordered by is lit, and a click orders by another."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from gastown_tui.widgets.bead_rows import HEADS
from gastown_tui.widgets.columns import Column, spread
from gastown_tui.widgets.inks import Inks
from gastown_tui.widgets.pieces import fit
from gastown_tui.widgets.row_list import RowList


class BeadHeads(Widget):
    """One line over a list of beads, on the very columns of the list."""

    ALLOW_SELECT = False

    class Ordered(Message):
        """The person wants the list in another order."""

        def __init__(self, order: str) -> None:
            super().__init__()
            self.order = order

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._inks = Inks(self)
        self._columns: tuple[Column, ...] = ()
        self._order = ("", False)

    def notify_style_update(self) -> None:
        """Look the colours up again."""
        self._inks.clear()
        super().notify_style_update()

    def show_heads(self, columns: Sequence[Column], order: str, *, backwards: bool) -> None:
        """Draw the heads of a list ordered so."""
        wanted = (tuple(columns), (order, backwards))
        if wanted != (self._columns, self._order):
            self._columns, self._order = wanted
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The names, above their columns."""
        width = self.size.width
        if y:
            return Strip.blank(width, self._inks.style())
        segments = [Segment(" " * min(RowList.LEAD, width), self._inks.style())]
        used = len(segments[0].text)
        for index, column, cells in spread(self._columns, max(width - RowList.LEAD - 1, 0)):
            room = min(cells, max(width - used, 0))
            segments.append(self._head(index, column, room))
            gap = " " * min(column.gap, max(width - used - room, 0))
            segments.append(Segment(gap, self._inks.style()))
            used += room + len(gap)
        segments.append(Segment(" " * max(width - used, 0), self._inks.style()))
        return Strip([each for each in segments if each.text], width)

    def _head(self, index: int, column: Column, cells: int) -> Segment:
        word, order = HEADS[index]
        lit = bool(order) and order == self._order[0]
        if lit and word:
            arrow = "↑" if self._order[1] else "↓"
            word = f"{word}{arrow}" if len(word) < cells else word
        return Segment(fit(word, cells, right=column.right), self._inks.style("brass" if lit else "dim", order))

    async def _on_click(self, event: events.Click) -> None:
        if order := str(event.style.meta.get("act", "")):
            event.stop()
            self.post_message(self.Ordered(order))
