"""The dependency graph: what stands around one bead, what keeps it from being begun, and a way from bead to bead."""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec.structs import replace
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message

from gastown_tui import keys
from gastown_tui.core.fold import Town
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.declare import Suggest
from gastown_tui.core.views.ages import Ages
from gastown_tui.core.views.graph import DEEPEST, FAN, GraphNode, GraphView, Wish, graph
from gastown_tui.core.views.graph_picture import Picture, picture
from gastown_tui.screens.place import Place, Question
from gastown_tui.widgets.graph_canvas import GraphCanvas
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.rows import INK_OF
from gastown_tui.widgets.section import Section
from gastown_tui.widgets.written import Written

_LEGEND = "━▶ holds back · ─▷ did · ╌ part of · ┈ other"
_MANY_LINES = 5


class GraphPlace(Place):
    """A drawing over a few words about what the cursor is on."""

    NAME = "graph"
    CSS_PATH = "../styles/graph.tcss"
    PANES: ClassVar[tuple[str, ...]] = ("drawing", "about")
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings_of("graph")
    AUTO_FOCUS = "GraphCanvas"

    class BeadWanted(Message):
        """The person wants to see a bead itself."""

        def __init__(self, bead_id: str) -> None:
            super().__init__()
            self.bead_id = bead_id

    def __init__(self) -> None:
        super().__init__()
        self.wish = Wish(centre="")
        self.canvas = GraphCanvas()
        self._about = Written()
        self._drawing = Section("Graph", self.canvas, id="drawing")
        self._words = Section("", self._about, id="about")
        self._before: list[Wish] = []
        self.picture: Picture | None = None

    def body(self) -> ComposeResult:
        """The drawing over the words."""
        with Vertical(id="body"):
            yield self._drawing
            yield self._words

    def on_resize(self, event: events.Resize) -> None:
        """Another window has another drawing."""
        super().on_resize(event)
        self.call_after_refresh(self.read_again)

    # -------------------------------------------------------------------------------------------------- the town

    def question(self) -> Question | None:
        """The neighbourhood, drawn for the window there is."""
        wish, size = self.wish, self.canvas.size
        if not wish.centre:
            return None

        def ask(hands: Hands, town: Town) -> Picture:
            return picture(graph(town, wish, Ages(hands.clock.now())), size.width, size.height)

        return ask

    def show_answer(self, answer: Any) -> None:
        """Draw the neighbourhood."""
        shown: Picture = answer
        if shown.view.wish != self.wish:
            return
        self.picture = shown
        self.canvas.show(shown, (Piece(shown.view.trouble, "dim"),))
        self._drawing.header.title = f"Graph of {self.wish.centre}"
        self._drawing.header.note = _note(shown.view)
        self._tell()

    @property
    def node(self) -> GraphNode | None:
        """What the cursor is on."""
        return self.picture.view.node(self.canvas.cursor_key) if self.picture else None

    def _tell(self) -> None:
        node = self.node
        if self.picture is None or node is None:
            self._words.header.title = ""
            self._about.write(())
            return
        self._words.header.title = node.key if node.glyph else node.state
        self._words.header.note = _LEGEND
        self._about.write(_words(self.picture.view, node))

    # -------------------------------------------------------------------------------------------------- asking

    @property
    def focused_key(self) -> str:
        """The bead the cursor is on."""
        node = self.node
        return node.key if node is not None and node.glyph else ""

    @property
    def chosen(self) -> tuple[str, ...]:
        """The same."""
        return (self.focused_key,) if self.focused_key else ()

    def what_is_selected(self) -> dict[str, tuple[str, ...]]:
        """The bead the cursor is on."""
        node = self.node
        if node is None or not node.glyph:
            return {}
        return {Suggest.BEAD: (node.key,), Suggest.CONVOY if node.kind == "convoy" else Suggest.READY: (node.key,)}

    def agent_meant(self) -> str:
        """Who has that bead."""
        return self.node.agent if self.node is not None else ""

    def filtered_pane(self) -> str:
        """A drawing is not narrowed."""
        return ""

    # -------------------------------------------------------------------------------------------------- going

    def go_to(self, pane: str) -> None:
        """Focus the drawing or the words about it."""
        self.set_focus(self.canvas if pane == "drawing" else self._about)

    def draw_around(self, bead_id: str) -> None:
        """Make a bead the middle, remembering the one before."""
        if self.wish.centre and self.wish.centre != bead_id:
            self._before.append(self.wish)
        self._draw(Wish(centre=bead_id, depth=self.wish.depth))

    def begin_with(self, bead_id: str) -> None:
        """Draw a bead for somebody who comes from elsewhere."""
        self._before.clear()
        self.wish = Wish(centre="")
        self.draw_around(bead_id)

    def _draw(self, wish: Wish) -> None:
        self.wish = wish
        self.read_again()

    def go_deeper(self, by: int) -> None:
        """Draw what is further away, or less of it."""
        self._draw(replace(self.wish, depth=max(1, min(DEEPEST, self.wish.depth + by)), only_why=False))

    def toggle_why(self) -> None:
        """Only what keeps the bead under the cursor from being begun; again for all that is around it."""
        if self.wish.only_why:
            self._draw(replace(self.wish, only_why=False))
        elif self.focused_key:
            self.draw_around(self.focused_key)
            self._draw(replace(self.wish, only_why=True))

    def go_back(self) -> None:
        """Leave the large view, then go back from bead to bead, then leave."""
        if self.has_class("-zoomed"):
            self.zoom("")
        elif self.wish.only_why:
            self.toggle_why()
        elif self._before:
            self._draw(self._before.pop())
        else:
            self.leave()

    # -------------------------------------------------------------------------------------------------- messages

    @on(GraphCanvas.Highlighted)
    def _highlighted(self, message: GraphCanvas.Highlighted) -> None:
        message.stop()
        self._tell()

    @on(GraphCanvas.Chosen)
    def _chosen(self, message: GraphCanvas.Chosen) -> None:
        message.stop()
        if message.key.startswith("more:"):
            self._draw(replace(self.wish, fan=self.wish.fan + 4 * FAN))
        elif message.key == self.wish.centre:
            self.post_message(self.BeadWanted(message.key))
        else:
            self.draw_around(message.key)


def _note(view: GraphView) -> str:
    if view.trouble:
        return ""
    count = sum(bool(node.glyph) for node in view.nodes)
    parts = [f"why it waits · {count} beads" if view.wish.only_why else f"depth {view.wish.depth} · {count} beads"]
    parts += [f"{view.hidden} more"] if view.hidden else []
    parts += [f"↻ {len(view.circles)} in a circle"] if view.circles else []
    return " · ".join(parts)


def _words(view: GraphView, node: GraphNode) -> list[tuple[Piece, ...]]:
    if not node.glyph:
        return [(Piece("⏎", "brass"), Piece(" draws more of them", "dim"))]
    lines = [
        (Piece(node.title, "strong"),),
        (
            Piece(f"{node.glyph} {node.state}", INK_OF[node.tone]),
            Piece(f" · {node.kind} P{node.priority} · {node.note}", "dim"),
        ),
    ]
    circle = next((each for each in view.circles if node.key in each), ())
    if circle:
        lines.append((Piece(f"↻ {' and '.join(circle[:_MANY_LINES])} wait for one another", "caution"),))
    if node.key == view.wish.centre:
        return [*lines, *((Piece(line, "ink" if nth else "strong"),) for nth, line in enumerate(view.why.lines))]
    before = [edge.source for edge in view.edges if edge.target == node.key and edge.kind == "holds"]
    after = [edge.target for edge in view.edges if edge.source == node.key and edge.kind == "holds"]
    for word, found in (("held back by", before), ("holds back", after)):
        if found:
            more = f" and {len(found) - _MANY_LINES} more" if len(found) > _MANY_LINES else ""
            lines.append((Piece(f"{word} ", "dim"), Piece(", ".join(found[:_MANY_LINES]), "note"), Piece(more, "dim")))
    return lines
