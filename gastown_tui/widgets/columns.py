"""The columns rows stand in; turning one line of a list into one strip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from gastown_tui.widgets.lines import Heading, Row
from gastown_tui.widgets.pieces import Cell, Piece, fit, fit_pieces, pieces_of, printable, width_of

Paint: TypeAlias = Callable[[str, str], Style]
"""From an ink and what a click on it asks for (or nothing) to a style."""


class Column(msgspec.Struct, frozen=True):
    """Where one cell of every row stands."""

    width: int = 0
    """In cells; 0 shares what the fixed columns leave."""
    share: int = 1
    """How many parts of it a sharing column takes."""
    right: bool = False
    """Pushed to the right edge, for numbers and ages."""
    gap: int = 1
    """Empty cells after it."""
    needs: int = 0
    """Left out when the list is narrower than this."""
    at_most: int = 0
    """The most a sharing column takes; 0 is no limit."""


Places: TypeAlias = list[tuple[int, Column, int]]
"""The columns that are shown: which cell, its column, how wide it is here."""


def spread(columns: Sequence[Column], width: int) -> Places:
    """The columns that fit in `width` cells."""
    shown = [(index, column) for index, column in enumerate(columns) if width >= column.needs]
    fixed = sum(column.width + column.gap for _, column in shown) - (shown[-1][1].gap if shown else 0)
    sharing = [(index, column) for index, column in shown if not column.width]
    room = max(width - fixed, 0)
    widths: dict[int, int] = {}
    # Limited columns first: what they do not take is left to the others.
    parts = sum(column.share for _, column in sharing)
    for index, column in sorted(sharing, key=lambda place: place[1].at_most or width):
        share = room * column.share // parts
        widths[index] = taken = min(share, column.at_most or share)
        room -= taken
        parts -= column.share
    return [(index, column, column.width or widths[index]) for index, column in shown]


def row_strip(row: Row, places: Places, lead: tuple[Piece, ...], width: int, paint: Paint) -> Strip:
    """One row, `lead` in front of its cells, in exactly `width` cells.

    Args:
        row: What to draw.
        places: From `spread`, for the width without the lead.
        lead: Marks in front of the row, already as wide as they should be.
        width: Cells in all.
        paint: The inks, on the ground this row has.
    """
    segments = [Segment(piece.text, paint(piece.ink, piece.act)) for piece in lead]
    used = sum(width_of(piece.text) for piece in lead)
    cells = row.cells
    for index, column, cell_width in places:
        if used >= width:
            break
        room = min(cell_width, width - used)
        gap = min(column.gap, width - used - room)
        segments += _cell_segments(cells[index] if index < len(cells) else "", column, room, " " * gap, paint)
        used += room + gap
    if used < width:
        segments.append(Segment(" " * (width - used), paint("ink", "")))
    return Strip(segments, width)


def _cell_segments(cell: Cell, column: Column, width: int, gap: str, paint: Paint) -> list[Segment]:
    if isinstance(cell, str):
        return [Segment(fit(cell, width, right=column.right) + gap, paint("ink", ""))]
    if isinstance(cell, Piece) and not cell.act:
        return [Segment(fit(cell.text, width, right=column.right) + gap, paint(cell.ink, ""))]
    fitted = fit_pieces(pieces_of(cell, width), width, right=column.right)
    return [Segment(piece.text, paint(piece.ink, piece.act)) for piece in (*fitted, Piece(gap)) if piece.text]


def heading_strip(heading: Heading, indent: int, width: int, paint: Paint) -> Strip:
    """A heading: its title, then a rule to the right edge."""
    title = fit(" " * indent + printable(heading.title), min(width, indent + width_of(printable(heading.title))))
    rule = "─" * max(width - width_of(title) - 1, 0)
    segments = [Segment(title, paint("dim-strong", ""))]
    if width > width_of(title):
        segments.append(Segment(" " + rule, paint("rule", "")))
    return Strip(segments, width)
