"""What the place of beads shows: one reading for its list and its board, of as many beads as there may be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.views.bead_board import BoardColumn, columns
from gastown_tui.core.views.bead_filter import read_filter
from gastown_tui.core.views.bead_list import BeadItem, BeadItems, in_order

ID_CELLS = (6, 20)
"""The least and the most cells the column of ids takes."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants to see of the beads."""

    filter: str = ""
    order: str = "state"
    backwards: bool = False
    by: str = ""
    """What the columns of the board stand for; empty for a list."""


class BeadsView(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The beads as wished for."""

    wish: Wish
    items: Sequence[BeadItem]
    columns: tuple[BoardColumn, ...]
    total: int
    """How many there are without a filter."""
    problem: str
    """What is wrong with the filter."""
    id_cells: int
    is_town: bool
    now: datetime


class BeadReader:
    """Reads beads again and again; what did not change in between is not worked out a second time."""

    def __init__(self) -> None:
        self.beads = BeadItems()
        self._version = -1
        self._ordered: Sequence[BeadItem] = ()
        self._order = ("", False)
        self._id_cells = ID_CELLS[0]
        self._total = 0

    def read(self, town: Town, now: datetime, wish: Wish, version: int) -> BeadsView:
        """The beads as wished for.

        Args:
            town: The ledgers.
            now: The moment of reading.
            wish: What is wanted.
            version: Changes whenever the town may have.
        """
        if version != self._version:
            items = self.beads.read(town, now)
            self._version, self._order = version, ("", False)
            shown = [item for item in items if not item.is_town_work] if town.is_town else items
            self._total = len(shown)
            least, most = ID_CELLS
            self._id_cells = max(min(max((len(item.bead.id) for item in shown), default=0), most), least)
        if self._order != (wish.order, wish.backwards):
            self._ordered = in_order(self.beads.items, wish.order, backwards=wish.backwards)
            self._order = (wish.order, wish.backwards)
        found = read_filter(wish.filter, now)
        kept = found.kept(self._ordered, with_town_work=not town.is_town)
        return BeadsView(
            wish=wish,
            items=kept,
            columns=columns(kept, wish.by) if wish.by else (),
            total=self._total,
            problem=found.problem,
            id_cells=self._id_cells,
            is_town=town.is_town,
            now=now,
        )
