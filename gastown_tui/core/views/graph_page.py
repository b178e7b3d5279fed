"""A dependency graph as one page for a browser: layers side by side, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.text import one_line
from gastown_tui.core.rules.layers import Layering

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 230, 54, 70, 18, 20
_TITLE_CHARACTERS = 30
_STYLE = """
body { font: 14px system-ui, sans-serif; margin: 1.5rem; color-scheme: light dark; }
svg { display: block; margin-bottom: 2rem; } rect { fill: Canvas; stroke: CanvasText; }
text { fill: CanvasText; } .id { opacity: .7; font-size: 12px; } .closed { opacity: .45; }
path { fill: none; stroke: CanvasText; opacity: .5; }
.in_progress rect { stroke-width: 3; } .blocked rect { stroke-dasharray: 5 3; }
"""


def page(found: Sequence[Layering]) -> str:
    """The page."""
    bodies = "\n".join(_drawing(each) for each in found)
    head = f'<meta charset="utf-8"><title>Beads</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en">{head}\n<body>\n{bodies}\n</body></html>'


def _drawing(layering: Layering) -> str:
    rows = layering.rows
    places = {
        bead_id: (_MARGIN + column * (_WIDTH + _GAP_X), _MARGIN + number * (_HEIGHT + _GAP_Y))
        for column, row in enumerate(rows)
        for number, bead_id in enumerate(row)
    }
    width = 2 * _MARGIN + len(rows) * (_WIDTH + _GAP_X) - _GAP_X
    height = 2 * _MARGIN + max(map(len, rows), default=1) * (_HEIGHT + _GAP_Y) - _GAP_Y
    lines = [
        _line(places[before], places[bead_id])
        for bead_id, needs in layering.needs.items()
        for before in needs
        if before in places and bead_id in places
    ]
    boxes = [_box(layering.beads[bead_id], place) for bead_id, place in places.items()]
    title = escape(f"{layering.root.id}: {one_line(layering.root.title)}")
    return f'<h2>{title}</h2>\n<svg width="{width}" height="{height}">\n' + "\n".join([*lines, *boxes]) + "\n</svg>"


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    x, y = start[0] + _WIDTH, start[1] + _HEIGHT // 2
    to_x, to_y = end[0], end[1] + _HEIGHT // 2
    return f'<path d="M{x} {y} C{x + _GAP_X // 2} {y} {to_x - _GAP_X // 2} {to_y} {to_x} {to_y}"/>'


def _box(bead: Bead, place: tuple[int, int]) -> str:
    x, y = place
    title = escape(one_line(bead.title, _TITLE_CHARACTERS))
    foot = escape(f"{bead.id} · P{bead.priority} · {bead.state}")
    return (
        f'<g class="{escape(bead.state)}"><title>{escape(one_line(bead.title))}</title>'
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text x="{x + 10}" y="{y + 22}">{title}</text>'
        f'<text class="id" x="{x + 10}" y="{y + 42}">{foot}</text></g>'
    )
