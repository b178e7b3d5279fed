"""A layout in characters: boxes where things stand, and between them lines that say by their weight what they mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from gastown_tui.core.views.graph_layout import Bus, Layout

HOLDS, OVER, PART, OTHER = "holds", "over", "part", "other"
"""What a line means: it keeps what it leads to from beginning; it once did; what is on the left has it as a part."""

_UP, _RIGHT, _DOWN, _LEFT = 1, 2, 4, 8
_BITS = (_LEFT | _RIGHT, _UP | _DOWN, _RIGHT | _DOWN, _LEFT | _DOWN, _UP | _RIGHT, _UP | _LEFT,
         _UP | _RIGHT | _DOWN, _UP | _DOWN | _LEFT, _RIGHT | _DOWN | _LEFT, _UP | _RIGHT | _LEFT, 15,
         _LEFT, _RIGHT, _UP, _DOWN)  # fmt: skip
_PENS = {
    HOLDS: "━┃┏┓┗┛┣┫┳┻╋━━┃┃",
    OVER: "─│┌┐└┘├┤┬┴┼──││",
    PART: "╌╎╭╮╰╯├┤┬┴┼╌╌╎╎",
    OTHER: "┈┊╭╮╰╯├┤┬┴┼┈┈┊┊",
}
_GLYPHS: dict[str, dict[int, str]] = {kind: dict(zip(_BITS, pen, strict=True)) for kind, pen in _PENS.items()}
_ARROWS = {HOLDS: ("▶", "◀"), OVER: ("▷", "◁")}
_HEADS = frozenset("▶◀▷◁")
_WEIGHT = {HOLDS: 3, OVER: 2, PART: 1, OTHER: 0}
_ENTRY = 3
"""Cells between the last track and what the line leads to: a piece of line, the arrow, and air."""


class Box(NamedTuple):
    """Where one thing is drawn: its first cell and line, and how wide it may be."""

    x: int
    y: int
    width: int


class Mark(NamedTuple):
    """One character of a line."""

    glyph: str
    kind: str
    edges: frozenset[int]


class Drawing(msgspec.Struct, frozen=True):
    """A layout in characters.

    Attributes:
        boxes: Where the things stand.
        marks: By line and cell, every line that passes there, the weightiest first.
        width: Cells.
        height: Lines.
    """

    boxes: dict[str, Box]
    marks: dict[int, dict[int, tuple[Mark, ...]]]
    width: int
    height: int

    def line(self, y: int, lit: frozenset[int] = frozenset()) -> dict[int, Mark]:
        """What lines leave in one line of text, by cell; where several meet, one of the edges in `lit` wins."""
        return {x: _foremost(marks, lit) for x, marks in self.marks.get(y, {}).items()}

    def at(self, x: int, y: int, lines: int) -> str:
        """The thing drawn in a cell, each being so many lines high; empty when there is none."""
        for key, box in self.boxes.items():
            if box.x <= x < box.x + box.width and box.y <= y < box.y + lines:
                return key
        return ""


def _foremost(marks: tuple[Mark, ...], lit: frozenset[int]) -> Mark:
    """What is seen of the lines through a cell: an arrow always, else one that is lit, else the weightiest."""
    if marks[0].glyph in _HEADS:
        return marks[0]._replace(edges=frozenset().union(*(mark.edges for mark in marks)))
    return next((mark for mark in marks if mark.edges & lit), marks[0])


def drawn(layout: Layout, widths: Mapping[str, int], column: int) -> Drawing:
    """Draw a layout.

    Args:
        layout: Where things stand.
        widths: How many cells of a thing's first line are taken; lines begin behind them.
        column: How wide a thing may be.
    """
    starts = _starts(layout, column)
    boxes = {key: Box(starts[spot.layer], spot.row, column) for key, spot in layout.spots.items()}
    plate = _Plate(layout, {(spot.layer, spot.row): key for key, spot in layout.spots.items()})
    for number, bus in enumerate(layout.buses):
        plate.bus(number, bus, starts, widths, column)
    for number, lane in enumerate(layout.lanes, len(layout.buses)):
        left = starts[lane.layer]
        plate.across(number, lane.kind, lane.row, left - _ENTRY, left + column - 1, lane.edges)
    return Drawing(
        boxes=boxes,
        marks=plate.marks(),
        width=starts[-1] + column if starts else 0,
        height=layout.height,
    )


def _starts(layout: Layout, column: int) -> list[int]:
    starts = [0] if layout.layers else []
    for tracks in layout.tracks:
        starts.append(starts[-1] + column + 1 + tracks + _ENTRY)
    return starts


class _Plate:
    """Lines being engraved: per cell and group of lines the directions taken so far."""

    def __init__(self, layout: Layout, standing: Mapping[tuple[int, int], str]) -> None:
        self._back = layout.back
        self._standing = standing
        self._cells: dict[int, dict[int, dict[int, tuple[int, str, frozenset[int]]]]] = defaultdict(dict)
        self._arrows: dict[int, dict[int, list[Mark]]] = defaultdict(dict)

    def bus(self, number: int, bus: Bus, starts: Sequence[int], widths: Mapping[str, int], column: int) -> None:
        """Every line of a bus: out of the left, along the track, into the right."""
        track = starts[bus.gap] + column + 1 + bus.track
        right_end = starts[bus.gap + 1] - 2
        for left_row, right_row, edges in bus.legs:
            source = self._standing.get((bus.gap, left_row))
            left_end = starts[bus.gap] + (min(widths.get(source, column) + 1, column) if source else column)
            self.across(number, bus.kind, left_row, left_end, track, edges)
            self.down(number, bus.kind, track, left_row, right_row, edges)
            self.across(number, bus.kind, right_row, track, right_end, edges)
            if left_row == right_row:
                self._add(number, bus.kind, track, left_row, _LEFT | _RIGHT, edges)
            self._point(bus, left_row, left_end, right_row, right_end, edges)

    def _point(
        self, bus: Bus, left_row: int, left_end: int, right_row: int, right_end: int, edges: frozenset[int]
    ) -> None:
        heads = _ARROWS.get(bus.kind)
        if heads is None:
            return
        if edges - self._back and (bus.gap + 1, right_row) in self._standing:
            self._arrows[right_row].setdefault(right_end, []).append(Mark(heads[0], bus.kind, edges))
        if edges & self._back and (bus.gap, left_row) in self._standing:
            self._arrows[left_row].setdefault(left_end, []).append(Mark(heads[1], bus.kind, edges))

    def across(self, number: int, kind: str, y: int, start: int, end: int, edges: frozenset[int]) -> None:
        """A line from left to right."""
        if start == end:
            return
        self._add(number, kind, start, y, _RIGHT, edges)
        for x in range(start + 1, end):
            self._add(number, kind, x, y, _LEFT | _RIGHT, edges)
        self._add(number, kind, end, y, _LEFT, edges)

    def down(self, number: int, kind: str, x: int, start: int, end: int, edges: frozenset[int]) -> None:
        """A line along a track, either way."""
        if start == end:
            return
        top, bottom = sorted((start, end))
        self._add(number, kind, x, top, _DOWN, edges)
        for y in range(top + 1, bottom):
            self._add(number, kind, x, y, _UP | _DOWN, edges)
        self._add(number, kind, x, bottom, _UP, edges)

    def _add(self, number: int, kind: str, x: int, y: int, bits: int, edges: frozenset[int]) -> None:
        cell = self._cells[y].setdefault(x, {})
        before = cell.get(number)
        cell[number] = (bits, kind, edges) if before is None else (before[0] | bits, kind, before[2] | edges)

    def marks(self) -> dict[int, dict[int, tuple[Mark, ...]]]:
        """What is engraved, the weightiest of a cell first; of equals the one that runs up or down."""
        found: dict[int, dict[int, tuple[Mark, ...]]] = {}
        for y, cells in self._cells.items():
            found[y] = {x: tuple(_sorted(cell.values())) for x, cell in cells.items()}
        for y, arrows in self._arrows.items():
            for x, heads in arrows.items():
                heads.sort(key=lambda mark: -_WEIGHT[mark.kind])
                found[y][x] = (*heads, *found[y].get(x, ()))
        return found


def _sorted(passing: Iterable[tuple[int, str, frozenset[int]]]) -> list[Mark]:
    order = sorted(passing, key=lambda each: (-_WEIGHT[each[1]], -(each[0] & (_UP | _DOWN))))
    return [Mark(_GLYPHS[kind][bits], kind, edges) for bits, kind, edges in order]
