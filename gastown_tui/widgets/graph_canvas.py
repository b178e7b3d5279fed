"""The drawing of how beads hang together, with a cursor that walks along its lines."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from gastown_tui.core.views.graph import GraphNode
from gastown_tui.core.views.graph_drawing import HOLDS, OTHER, OVER, PART, Box, Mark
from gastown_tui.core.views.graph_picture import Picture
from gastown_tui.widgets.inks import Inks
from gastown_tui.widgets.pieces import Piece, fit_pieces
from gastown_tui.widgets.rows import INK_OF

WHEEL_LINES = 3
WHEEL_CELLS = 8
_INKS = {HOLDS: "dim", OVER: "faint", PART: "faint", OTHER: "rule"}


class GraphCanvas(ScrollView, can_focus=True, inherit_bindings=False):
    """Things in layers and the lines between them; only what is in the window is drawn."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h,left", "walk(-1)", "Left", id="graph.left", show=False, tooltip="Along a line to the left"),
        Binding("l,right", "walk(1)", "Right", id="graph.right", show=False, tooltip="Along a line to the right"),
        Binding("j,down", "climb(1)", "Down", id="graph.down", show=False, tooltip="To the next below"),
        Binding("k,up", "climb(-1)", "Up", id="graph.up", show=False, tooltip="To the next above"),
        Binding("g,home", "centre", "Centre", id="graph.home", show=False, tooltip="To the middle of the drawing"),
        Binding("enter", "choose", "Open", id="graph.choose", show=False, tooltip="Draw what is around this one"),
    ]
    """
    | Key(s) | Description |
    | :- | :- |
    | h,left / l,right | Go along a line to what comes before or after. |
    | j,down / k,up | Go to the next below or above. |
    | g,home | Go to the middle of the drawing. |
    | enter | Choose. |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"graph-canvas--cursor"}
    """
    | Class | Description |
    | :- | :- |
    | `graph-canvas--cursor` | The ground of what is under the cursor. |
    """

    ALLOW_SELECT = False

    class Highlighted(Message):
        """The cursor is on something else."""

        def __init__(self, canvas: GraphCanvas, key: str) -> None:
            super().__init__()
            self.canvas = canvas
            self.key = key

        def can_replace(self, message: Message) -> bool:
            """Only the last of several moves is news."""
            return isinstance(message, GraphCanvas.Highlighted)

    class Chosen(Message):
        """Something was opened, by Enter or a double click."""

        def __init__(self, canvas: GraphCanvas, key: str) -> None:
            super().__init__()
            self.canvas = canvas
            self.key = key

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.picture: Picture | None = None
        self.cursor_key = ""
        """What the cursor is on."""
        self.marked: tuple[str, ...] = ()
        """Nothing can be marked in a drawing."""
        self._things: dict[str, GraphNode] = {}
        self._on_line: dict[int, list[tuple[Box, str, int]]] = {}
        self._lit: frozenset[int] = frozenset()
        self._path: frozenset[int] = frozenset()
        self._words: tuple[Piece, ...] = ()
        self._inks = Inks(self)

    def notify_style_update(self) -> None:
        """Look the colours up again."""
        self._inks.clear()
        super().notify_style_update()

    # -------------------------------------------------------------------------------------------------- drawing

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        width = self.scrollable_content_region.width
        if self.picture is None or not self._things:
            pieces = fit_pieces((Piece("  "), *self._words), width) if y == 0 else [Piece(" " * width)]
            return Strip([Segment(p.text, self._inks.style(p.ink, p.act)) for p in pieces], width)
        scroll_x, scroll_y = self.scroll_offset
        strip = self._line(y + scroll_y - self._top)
        return strip.crop(scroll_x, scroll_x + width).extend_cell_length(width, self._inks.style())

    def _line(self, y: int) -> Strip:
        assert self.picture is not None
        drawing = self.picture.drawing
        segments: list[Segment] = []
        marks = drawing.line(y, self._lit or self._path)
        at = 0
        for box, key, nth in self._on_line.get(y, []):
            pieces = self._pieces(self._things[key], nth, box.width)
            taken = sum(piece.cell_length for piece in pieces)
            segments += self._strokes(marks, at, box.x)
            segments += pieces
            at = box.x + taken
        segments += self._strokes(marks, at, drawing.width)
        return Strip(segments)

    def _strokes(self, marks: dict[int, Mark], start: int, end: int) -> Iterable[Segment]:
        return [
            Segment(marks[x].glyph, self._inks.style(self._ink(marks[x]))) if x in marks else self._blank
            for x in range(start, end)
        ]

    @property
    def _top(self) -> int:
        """Lines above a drawing that is lower than the window."""
        height = self.picture.drawing.height if self.picture else 0
        return max(0, (self.size.height - height) // 3)

    @property
    def _blank(self) -> Segment:
        return Segment(" ", self._inks.style())

    def _ink(self, mark: Mark) -> str:
        if mark.edges & self._path:
            return "caution"
        return "strong" if mark.edges & self._lit else _INKS[mark.kind]

    def _pieces(self, node: GraphNode, nth: int, width: int) -> list[Segment]:
        assert self.picture is not None
        under = node.key == self.cursor_key
        ground = "graph-canvas--cursor" if under else ""
        ink = INK_OF[node.tone]
        is_centre = node.key == self.picture.view.wish.centre
        title = Piece(node.title, "strong" if is_centre else "dim" if node.state == "closed" else "ink")
        head = (
            _sign(node, under=under),
            *((Piece(f"{node.glyph} ", ink), Piece(node.key, "note")) if node.glyph else ()),
            Piece(f" {node.state}" if node.glyph else node.state, ink),
        )
        if self.picture.lines == 1:
            pieces = fit_pieces((*head, Piece(" "), title), width)
        else:
            pieces = fit_pieces(head if nth == 0 else (Piece("   "), title), width)
            # Lines begin where words end; the cursor's ground must not lie over them.
            pieces = [piece for piece in pieces if piece.text.strip() or piece is pieces[0]]
        paint = partial(self._inks.style, ground=ground)
        return [Segment(piece.text, paint(piece.ink)) for piece in pieces]

    # -------------------------------------------------------------------------------------------------- events

    async def _on_click(self, event: events.Click) -> None:
        event.stop()
        if self.picture is None:
            return
        at = event.offset + self.scroll_offset
        key = self.picture.drawing.at(at.x, at.y - self._top, self.picture.lines)
        if key:
            self.move_to(key)
            if event.chain == 2 or key.startswith("more:"):
                self.action_choose()

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, WHEEL_LINES, WHEEL_CELLS)

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -WHEEL_LINES, -WHEEL_CELLS)

    def _wheel(self, event: events.MouseEvent, lines: int, cells: int) -> None:
        event.stop()
        event.prevent_default()
        if event.shift or event.ctrl:
            self.scroll_to(x=self.scroll_offset.x + cells, animate=False, force=True)
        else:
            self.scroll_to(y=self.scroll_offset.y + lines, animate=False, force=True)

    # -------------------------------------------------------------------------------------------------- actions

    def action_walk(self, way: int) -> None:
        """Along a line, to the nearest thing it leads to."""
        if self.picture is None or self.cursor_key not in self._things:
            return
        spots = self.picture.layout.spots
        at = spots[self.cursor_key]
        ends = [(e.source, e.target) for e in self.picture.view.edges if self.cursor_key in (e.source, e.target)]
        near = {end for pair in ends for end in pair if end in spots and (spots[end].layer - at.layer) * way > 0}
        if near:
            self.move_to(
                min(near, key=lambda key: (abs(spots[key].layer - at.layer), abs(spots[key].row - at.row), key))
            )

    def action_climb(self, way: int) -> None:
        """To the next above or below: in the same layer, else the nearest."""
        if self.picture is None or self.cursor_key not in self._things:
            return
        spots = self.picture.layout.spots
        at = spots[self.cursor_key]
        beyond = [key for key, spot in spots.items() if (spot.row - at.row) * way > 0]
        same = [key for key in beyond if spots[key].layer == at.layer]
        if found := same or beyond:
            self.move_to(min(found, key=lambda key: (abs(spots[key].row - at.row), abs(spots[key].layer - at.layer))))

    def action_centre(self) -> None:
        """To the middle of the drawing."""
        if self.picture is not None:
            self.move_to(self.picture.view.wish.centre)

    def action_choose(self) -> None:
        """Open what is under the cursor."""
        if self.cursor_key:
            self.post_message(self.Chosen(self, self.cursor_key))

    # -------------------------------------------------------------------------------------------------- public

    def show(self, picture: Picture, words: tuple[Piece, ...] = ()) -> None:
        """Draw another picture; the cursor stays on its thing.

        Args:
            picture: What to draw.
            words: What stands there when it is empty.
        """
        before = self.picture
        self.picture, self._words = picture, words
        self._things = {node.key: node for node in picture.view.nodes}
        self._on_line = {}
        for key, box in sorted(picture.drawing.boxes.items(), key=lambda pair: pair[1].x):
            for nth in range(picture.lines):
                self._on_line.setdefault(box.y + nth, []).append((box, key, nth))
        is_path = picture.view.wish.only_why
        self._path = picture.view.path_edges if is_path else frozenset()
        self.virtual_size = Size(picture.drawing.width, picture.drawing.height)
        centre = picture.view.wish.centre
        is_elsewhere = before is None or before.view.wish.centre != centre
        if is_elsewhere or self.cursor_key not in self._things:
            self.cursor_key = ""
            self.move_to(centre)
            self.call_after_refresh(self._centre_on, centre)
        else:
            self._light()
        self.refresh()

    def move_to(self, key: str) -> bool:
        """Put the cursor on a thing; False when it is not drawn."""
        if key not in self._things:
            return False
        if key != self.cursor_key:
            self.cursor_key = key
            self.post_message(self.Highlighted(self, key))
        self._light()
        self._reveal()
        self.refresh()
        return True

    def _light(self) -> None:
        edges = self.picture.view.edges if self.picture else ()
        self._lit = frozenset(
            number for number, edge in enumerate(edges) if self.cursor_key in (edge.source, edge.target)
        )

    def _centre_on(self, key: str) -> None:
        """Have a thing in the middle of the window, as far as there is something around it."""
        if self.picture is not None and (box := self.picture.drawing.boxes.get(key)) is not None:
            width, height = self.size
            self.scroll_to(box.x - (width - box.width) // 2, box.y - height // 2, animate=False, force=True)

    def _reveal(self) -> None:
        if self.picture is None or not self.size.width:
            return
        box = self.picture.drawing.boxes[self.cursor_key]
        room = Region(box.x - 4, box.y - 1, box.width + 8, self.picture.lines + 2)
        self.scroll_to_region(room, animate=False, force=True)


def _sign(node: GraphNode, *, under: bool) -> Piece:
    if under:
        return Piece("▸", "brass")
    if node.in_circle:
        return Piece("↻", "caution")
    return Piece("»" if node.on_path else " ", "caution")
