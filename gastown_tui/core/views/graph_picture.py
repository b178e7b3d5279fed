"""A neighbourhood drawn for a window of some size: how wide and how airy things may be, and what their lines say."""

from __future__ import annotations

import msgspec

from gastown_tui.core.model.text import one_line
from gastown_tui.core.views.graph import GraphNode, GraphView
from gastown_tui.core.views.graph_drawing import OTHER, PART, Drawing, drawn
from gastown_tui.core.views.graph_layout import Layout, laid_out

NARROWEST, WIDEST = 20, 42
"""Cells a thing may take."""
_AIRY, _DENSE = 3, 1
"""Lines from one thing to the next: two and one to breathe, or one alone."""
_LAYER = 30
"""Cells a layer and the lines to the next should have, about."""
_HEAD = 30
"""Cells of an id and a state that are never cut to have more layers in the window."""
_SCREENS = 2
"""How many windows high an airy drawing may be."""


class Picture(msgspec.Struct, frozen=True):
    """What a window shows of a neighbourhood."""

    view: GraphView
    layout: Layout
    drawing: Drawing
    lines: int
    """Lines of each thing: its id and state, and below them its title; or all of it in one."""


def picture(view: GraphView, width: int, height: int) -> Picture:
    """Draw a neighbourhood for a window of so many cells and lines."""
    keys = [node.key for node in view.nodes]
    weak = frozenset({PART, OTHER})
    pitch = _AIRY
    layout = laid_out(keys, view.edges, pitch=pitch, weak=weak)
    if layout.height > _SCREENS * height:
        pitch = _DENSE
        layout = laid_out(keys, view.edges, pitch=pitch, weak=weak)
    column = _column(view, layout, width)
    lines = 2 if pitch == _AIRY else 1
    widths = {node.key: min(head_width(node) if lines == 2 else column, column) for node in view.nodes}
    return Picture(view, layout, drawn(layout, widths, column), lines)


def head(node: GraphNode) -> str:
    """The first line of a thing, behind the cell kept for signs."""
    return f"{node.glyph} {one_line(node.key)} {node.state}" if node.glyph else node.state


def head_width(node: GraphNode) -> int:
    """Cells of the first line, the one for signs too."""
    return 1 + len(head(node))


def _column(view: GraphView, layout: Layout, width: int) -> int:
    """As wide as the widest thing, but so that a few layers are seen at once."""
    seen = min(max(len(layout.layers), 1), max(2, round(width / _LAYER)))
    between = sum(tracks + 4 for tracks in layout.tracks[: seen - 1])
    heads = max((head_width(node) for node in view.nodes), default=0) + 1
    wanted = max(heads, max((len(node.title) + 4 for node in view.nodes), default=0))
    return max(NARROWEST, min(heads, _HEAD), min(WIDEST, wanted, (width - between - 1) // seen))
