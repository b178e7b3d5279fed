"""Beads as rows and as cards: in which columns and inks one is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import overload

from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.views.bead_list import BeadItem, look_of
from gastown_tui.core.views.feed import short
from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.lines import LateLines, Line, Row
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.rows import INK_OF

HEADS = (
    ("id", "id"),
    ("p", "priority"),
    ("", ""),
    ("state", "state"),
    ("type", ""),
    ("title", ""),
    ("labels", ""),
    ("assignee", "assignee"),
    ("age", "updated"),
    ("", ""),
)
"""What stands over each column, and the order a click on it asks for."""


def bead_columns(id_cells: int) -> tuple[Column, ...]:
    """Id, priority, glyph, state, type, title, labels, assignee, age and a little air; what matters less needs room."""
    return (
        Column(id_cells, gap=2),
        Column(2, gap=2),
        Column(1),
        Column(11, gap=2),
        Column(8, gap=2, needs=76),
        Column(share=3, gap=2),
        Column(share=1, at_most=24, gap=2, needs=112),
        Column(14, gap=2, needs=88),
        Column(4, right=True, gap=0),
        Column(1, gap=0),
    )


def age_of(stamp: str | None, now: datetime) -> str:
    """How long ago a stamp was, in one short word."""
    at = moment(stamp)
    return age_text(None if at is None else now - at)


def title_ink(item: BeadItem) -> str:
    """What is over steps back."""
    return "dim" if item.state == "closed" else "ink"


def priority_piece(priority: int, *, over: bool) -> Piece:
    """Critical and high stand out by weight; colour is kept for states."""
    return Piece(f"P{priority}", "dim" if over or priority > 1 else "strong")


def glyph_piece(state: str) -> Piece:
    """The sign of a state; what can be begun is what can be pressed."""
    look = look_of(state)
    return Piece(look.glyph, "brass" if state == "ready" else INK_OF[look.tone])


class BeadRows(LateLines):
    """Rows of beads, made only when they come into the window; the key is the bead's id."""

    def __init__(self, items: Sequence[BeadItem], now: datetime) -> None:
        self._items = items
        self._now = now

    def __len__(self) -> int:
        return len(self._items)

    def key_at(self, index: int) -> str:
        """The id of a bead."""
        return self._items[index].bead.id

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | Sequence[Line]:
        if isinstance(index, slice):
            return BeadRows(self._items[index], self._now)
        return _row(self._items[index], self._now)


def _row(item: BeadItem, now: datetime) -> Row:
    bead, look = item.bead, look_of(item.state)
    ink, over = INK_OF[look.tone], item.state == "closed"
    return Row(
        bead.id,
        (
            Piece(bead.id, "dim" if over else "note"),
            priority_piece(bead.priority, over=over),
            glyph_piece(item.state),
            Piece(one_line(look.word), ink),
            Piece(one_line(bead.kind), "dim"),
            Piece(one_line(bead.title), title_ink(item)),
            Piece(" ".join(one_line(label) for label in bead.labels or ()), "dim"),
            Piece(short(one_line(bead.assignee or "")), "dim"),
            Piece(age_of(bead.updated_at, now), "dim"),
        ),
    )
