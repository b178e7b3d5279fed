"""The lines of a list: rows under headings, and finding one among very many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from gastown_tui.widgets.pieces import Cell


class Row(NamedTuple):
    """One thing that can be chosen."""

    key: str
    """What it is, for ever: the cursor, the marks and the messages go by it."""
    cells: tuple[Cell, ...]


class Heading(NamedTuple):
    """A line between groups of rows; the cursor passes over it."""

    title: str


Line: TypeAlias = Row | Heading


class LateLines(Sequence[Line]):
    """Rows that are made only when they come into the window, of things whose keys are known before."""

    def key_at(self, index: int) -> str:
        """The key the row will have."""
        raise NotImplementedError


def key_at(lines: Sequence[Line], index: int) -> str:
    """The key of a line; empty for a heading. No row is made for it where the key can be had without."""
    if isinstance(lines, LateLines):
        return lines.key_at(index)
    line = lines[index]
    return line.key if isinstance(line, Row) else ""


def row_from(lines: Sequence[Line], index: int, step: int) -> int:
    """The first row at `index` or beyond it in the direction of `step`; -1 when there is none."""
    while 0 <= index < len(lines):
        if isinstance(lines[index], Row):
            return index
        index += step
    return -1


def nearest_row(lines: Sequence[Line], index: int, step: int = 1) -> int:
    """The row at `index`, else the next in the direction of `step`, else the last before it; -1 without rows."""
    index = min(max(index, 0), len(lines) - 1)
    found = row_from(lines, index, step)
    return found if found >= 0 else row_from(lines, index, -step)


def index_of(lines: Sequence[Line], key: str, near: int, reach: int | None = None) -> int:
    """The index of the row with this key, looked for outwards from `near`; -1 when it is not within `reach`.

    Rows seldom move far, so this is cheap without any index to keep.
    """
    count = len(lines)
    near = min(max(near, 0), max(count - 1, 0))
    furthest = max(near, count - 1 - near)
    for distance in range(min(furthest, furthest if reach is None else reach) + 1):
        for index in (near + distance, near - distance) if distance else (near,):
            if 0 <= index < count and key_at(lines, index) == key:
                return index
    return -1
