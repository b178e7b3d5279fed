"""Screens from what tmux captured: colours kept, everything else that could act on a terminal taken out. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gastown_tui.core.errors import ToolFailed
from gastown_tui.core.model.ids import shown
from gastown_tui.core.model.outside import Screen
from gastown_tui.core.model.text import plain

LOOK = "#{cursor_x} #{cursor_y} #{cursor_flag} #{pane_in_mode} #{pane_width} #{pane_height}"
"""The `display-message` format `screen` reads."""


def screen(look: str, lines: Sequence[str], *, colours: bool) -> Screen:
    """A screen from an answer to `LOOK` and the rows `capture-pane -e` gave.

    Raises:
        ToolFailed: the look is not of the form asked for.
    """
    try:
        x, y, visible, in_mode, width, height = map(int, look.split())
    except ValueError as error:
        raise ToolFailed(f"tmux answered {shown(look)}, which is no description of a screen") from error
    return Screen(
        lines=tuple(map(coloured if colours else plain, _drawn(lines))),
        cursor_x=x,
        cursor_y=max(len(lines) - height, 0) + y,
        cursor_visible=bool(visible),
        in_mode=bool(in_mode),
        width_cells=width,
        height_cells=height,
    )


_HARMFUL = re.compile(r"[\x00-\x1a\x1c-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]|\x1b(?!\[[0-9;:]{0,60}m)")
_TOKEN = re.compile(
    r"(?P<sgr>\x1b\[[0-9;:]{0,60}m)|\x1b\[[0-?]*[ -/]*[@-~]?"
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-Z\\^-~]?"
    r"|[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
_LINE_DRAWING = re.compile(r"\x0e([^\x0f]*)(?:\x0f|\Z)")
_DRAWN = str.maketrans("`afgijklmnopqrstuvwxyz{|}~", "◆▒°±␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")
_SEQUENCE = re.compile(r"(\x1b\[[0-9;:]*m)")


def coloured(row: str) -> str:
    """A row with its colours and nothing else that could act on a terminal."""
    if not _HARMFUL.search(row):
        return row
    return _TOKEN.sub(lambda found: found["sgr"] or "", row)


def _drawn(rows: Sequence[str]) -> Iterable[str]:
    """Rows with the line-drawing set, which may run on over rows, written as the characters it shows."""
    shifted = False
    for row in rows:
        if not shifted and "\x0e" not in row:
            yield row
            continue
        yield _LINE_DRAWING.sub(lambda found: _translated(found[1]), "\x0e" + row if shifted else row)
        shifted = row.rfind("\x0e") > row.rfind("\x0f") or (shifted and "\x0f" not in row)


def _translated(text: str) -> str:
    return "".join(part if part.startswith("\x1b") else part.translate(_DRAWN) for part in _SEQUENCE.split(text))
