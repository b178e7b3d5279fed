"""Beads as cards in columns: each column scrolls by itself, and only the cards that can be seen are ever drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from gastown_tui.core.model.text import one_line
from gastown_tui.core.views.bead_board import BoardColumn
from gastown_tui.core.views.bead_list import BeadItem, look_of
from gastown_tui.widgets.bead_rows import age_of, priority_piece, title_ink
from gastown_tui.widgets.board_places import BoardPlaces
from gastown_tui.widgets.folding import folded
from gastown_tui.widgets.inks import Inks
from gastown_tui.widgets.pieces import Piece, fit, fit_pieces, width_of
from gastown_tui.widgets.rows import INK_OF

LEAST_CELLS = 24
"""The narrowest a column gets; what does not fit beside it is a step to the side away."""
MOST_CELLS = 64
GAP = 2
TITLE_MARGIN = 3
HEAD_LINES = 1
SHORT_LINES, TALL_LINES = 14, 24
"""How high a board must be for air between cards, and for titles of two lines."""
LOOKED_AT = 40
"""Cards of each column whose titles decide how many lines a title gets."""
WHEEL_CARDS = 1


class BeadBoard(Widget, can_focus=True, inherit_bindings=False):
    """Columns of cards with one cursor, which stays on its card however the cards are dealt."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", id="board.down", show=False, tooltip="The next card"),
        Binding("k,up", "move(-1)", "Up", id="board.up", show=False, tooltip="The card before"),
        Binding("l,right", "side(1)", "Right", id="board.right", show=False, tooltip="The next column"),
        Binding("h,left", "side(-1)", "Left", id="board.left", show=False, tooltip="The column before"),
        Binding("g", "jump", "gg: top", id="board.jump", show=False, tooltip="Twice: the first card of the column"),
        Binding("home", "end(-1)", "Top", id="board.top", show=False, tooltip="The first card of the column"),
        Binding("G,end", "end(1)", "Bottom", id="board.bottom", show=False, tooltip="The last card of the column"),
        Binding("ctrl+d,pagedown", "page(1)", "Page down", id="board.page_down", show=False, tooltip="A screen down"),
        Binding("ctrl+u,pageup", "page(-1)", "Page up", id="board.page_up", show=False, tooltip="A screen up"),
        Binding("enter", "choose", "Open", id="board.choose", show=False, tooltip="Read the bead"),
        Binding("space", "mark", "Mark", id="board.mark", show=False, tooltip="Mark or unmark the card, and go on"),
        Binding("escape", "let_go", "Unmark", id="board.let_go", show=False, tooltip="Drop the marks"),
    ]
    """
    | Key(s) | Description |
    | :- | :- |
    | j,down / k,up | Move in the column. |
    | h,left / l,right | Move to the column beside. |
    | gg,home / G,end | The first or last card of the column. |
    | pagedown / pageup | A screen down or up. |
    | enter / space / escape | Read the bead, mark it, unmark all. |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"board--head", "board--head-lit", "board--cursor", "board--marked"}
    """
    | Class | Description |
    | :- | :- |
    | `board--head`, `board--head-lit` | The ground of a column's name; lit where the cursor is. |
    | `board--cursor`, `board--marked` | The ground of the card under the cursor, and of marked ones. |
    """
    ALLOW_SELECT = False

    class Highlighted(Message):
        """The cursor rests on another card."""

        def __init__(self, board: BeadBoard, key: str) -> None:
            super().__init__()
            self.board = board
            self.key = key

        def can_replace(self, message: Message) -> bool:
            """Only the last of several moves is news."""
            return isinstance(message, BeadBoard.Highlighted)

    class Chosen(Message):
        """A card was opened, by Enter or a double click."""

        def __init__(self, board: BeadBoard, key: str) -> None:
            super().__init__()
            self.board = board
            self.key = key

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._places = BoardPlaces()
        self._columns: tuple[BoardColumn, ...] = ()
        self._now: datetime | None = None
        self._marks: frozenset[str] = frozenset()
        self._inks = Inks(self)
        self._last_keys = ("", "")
        self._told = ""
        self._usual_title = 0
        """Two thirds of the titles are no longer."""

    def notify_style_update(self) -> None:
        """Look the colours up again."""
        self._inks.clear()
        super().notify_style_update()

    # -------------------------------------------------------------------------------------------------- public

    @property
    def cursor_key(self) -> str:
        """The id under the cursor; empty when there is none."""
        return self._places.key

    @property
    def chosen(self) -> tuple[str, ...]:
        """The marked beads in the order of the board, else the one under the cursor."""
        if not self._marks:
            return (self.cursor_key,) if self.cursor_key else ()
        keys = (item.bead.id for column in self._columns for item in column.items)
        return tuple(key for key in keys if key in self._marks)

    def show_columns(self, columns: Sequence[BoardColumn], now: datetime) -> None:
        """Deal other cards; the cursor goes along with its card."""
        self._columns, self._now = tuple(columns), now
        self._places.deal([column.items for column in self._columns])
        self._tell()
        lengths = sorted(len(item.bead.title) for column in self._columns for item in column.items[:LOOKED_AT])
        self._usual_title = lengths[len(lengths) * 2 // 3] if lengths else 0
        self.refresh()

    def move_to(self, key: str) -> bool:
        """Put the cursor on a bead; False when it is not on the board."""
        return self._went(self._places.find(key))

    def clear_marks(self) -> None:
        """Unmark everything."""
        self._marks = frozenset()
        self.refresh()

    # -------------------------------------------------------------------------------------------------- drawing

    @property
    def card_lines(self) -> int:
        """How many lines a card takes: a line about it, its title in one or two, and one of air where there is room."""
        if self.size.height < SHORT_LINES:
            return 2
        is_long = self._usual_title > self._width - TITLE_MARGIN
        return 4 if is_long and self.size.height >= TALL_LINES else 3

    def _cards(self) -> int:
        """How many cards of a column can be seen."""
        return max((self.size.height - HEAD_LINES) // self.card_lines, 1)

    def _shown(self) -> list[tuple[int, int, int]]:
        """The columns that can be seen: which, from which cell on, how wide."""
        if not self._columns:
            return []
        self._places.show_columns(self._seen)
        first, width = self._places.first, self._width
        return [(first + nth, nth * (width + GAP), width) for nth in range(self._seen)]

    @property
    def _seen(self) -> int:
        """How many columns can be seen side by side."""
        return max(min((self.size.width + GAP) // (LEAST_CELLS + GAP), len(self._columns)), 1)

    @property
    def _width(self) -> int:
        """How wide a column is."""
        return min((self.size.width + GAP) // self._seen - GAP, MOST_CELLS)

    def render_line(self, y: int) -> Strip:
        """One line across all columns."""
        segments: list[Segment] = []
        used = 0
        if not self._columns and y == HEAD_LINES:
            segments, used = [Segment(fit(" nothing here", self.size.width), self._inks.style("dim"))], self.size.width
        for index, left, width in self._shown():
            segments.append(Segment(" " * (left - used), self._inks.style()))
            segments += self._head(index, width) if y < HEAD_LINES else self._line(index, y - HEAD_LINES, width)
            used = left + width
        segments.append(Segment(" " * max(self.size.width - used, 0), self._inks.style()))
        return Strip([each for each in segments if each.text], self.size.width)

    def _head(self, index: int, width: int) -> list[Segment]:
        column = self._columns[index]
        is_here = index == self._places.column
        top, count = self._places.tops[index], len(column.items)
        where = (
            f"{min(top + 1, count)}-{min(top + self._cards(), count)} of {count}"
            if count > self._cards()
            else str(count)
        )
        edges = (
            index == self._places.first and index > 0,
            index == self._shown_last() and index + 1 < len(self._columns),
        )
        note = f" {'‹ ' if edges[0] else ''}{where}{' ›' if edges[1] else ''} "
        title = Piece(
            f" {column.glyph} {one_line(column.title)}" if column.glyph else f" {one_line(column.title)}",
            "brass-strong" if is_here else "brass",
        )
        pieces = [*fit_pieces((title,), max(width - len(note), 0)), Piece(note[-width:], "dim")]
        ground = "board--head-lit" if is_here and self.has_focus else "board--head"
        return [Segment(each.text, self._inks.style(each.ink, f"column:{index}", ground)) for each in pieces]

    def _shown_last(self) -> int:
        return self._shown()[-1][0]

    def _line(self, index: int, y: int, width: int) -> list[Segment]:
        nth, row = divmod(y, self.card_lines)
        items = self._columns[index].items
        at = self._places.tops[index] + nth
        if at >= len(items) or nth >= self._cards():
            word = "nothing here" if not items and y == 0 else ""
            return [Segment(fit(f" {word}", width), self._inks.style("dim"))]
        if row == self.card_lines - 1 and self.card_lines > 2:
            return [Segment(" " * width, self._inks.style())]
        item, under_cursor = items[at], (index, at) == (self._places.column, self._places.row)
        ground = "board--cursor" if under_cursor else "board--marked" if item.bead.id in self._marks else ""
        pieces = self._about(item, width, under_cursor) if row == 0 else self._title(item, row - 1, width)
        return [Segment(each.text, self._inks.style(each.ink, each.act, ground)) for each in pieces]

    def _about(self, item: BeadItem, width: int, under_cursor: bool) -> list[Piece]:
        bead, over = item.bead, item.state == "closed"
        mark = "✓" if bead.id in self._marks else " "
        age = f" {age_of(bead.updated_at, self._now)} " if self._now is not None else " "
        room = max(width - len(age), 0)
        about = [
            Piece("▸" if under_cursor else " ", "brass"),
            Piece(mark, "brass"),
            Piece(bead.id, "dim" if over else "note"),
            Piece("  "),
            priority_piece(bead.priority, over=over),
        ]
        used = sum(width_of(piece.text) for piece in about)
        for piece in _more_about(item):
            # Half a word says nothing; what does not fit is left out.
            if used + width_of(piece.text) <= room:
                about.append(piece)
                used += width_of(piece.text)
        return [*fit_pieces(tuple(about), room), Piece(age[-width:], "dim")]

    def _title(self, item: BeadItem, row: int, width: int) -> list[Piece]:
        lines = max(self.card_lines - 2, 1)
        room = max(width - TITLE_MARGIN, 4)
        rows = folded(one_line(item.bead.title) or "(no title)", room)
        text = rows[row] if row < len(rows) else ""
        if row == lines - 1 and len(rows) > lines:
            text = " ".join(rows[row:])
        return [Piece("  "), *fit_pieces((Piece(text, title_ink(item)),), max(width - 2, 0))]

    # -------------------------------------------------------------------------------------------------- going

    def _went(self, has_moved: bool) -> bool:
        self._places.reveal(self._cards())
        self.refresh()
        self._tell()
        return has_moved

    def _tell(self) -> None:
        if self._places.key != self._told:
            self._told = self._places.key
            self.post_message(self.Highlighted(self, self._told))

    async def _on_key(self, event: events.Key) -> None:
        self._last_keys = (self._last_keys[1], event.key)

    def action_move(self, step: int) -> None:
        """Move in the column."""
        self._went(self._places.move(step))

    def action_page(self, step: int) -> None:
        """A screen down or up."""
        self._went(self._places.move(step * max(self._cards() - 1, 1)))

    def action_side(self, step: int) -> None:
        """Move to the column beside."""
        self._went(self._places.side(step))

    def action_jump(self) -> None:
        """The first card when this is the second press in a row."""
        if self._last_keys[0] == self._last_keys[1]:
            self.action_end(-1)

    def action_end(self, step: int) -> None:
        """The first or last card of the column."""
        self._went(self._places.move(step * len(self._columns[self._places.column].items) if self._columns else 0))

    def action_choose(self) -> None:
        """Read the bead under the cursor."""
        if self.cursor_key:
            self.post_message(self.Chosen(self, self.cursor_key))

    def action_mark(self) -> None:
        """Mark or unmark the card and go on."""
        if self.cursor_key:
            self._marks ^= {self.cursor_key}
            self.action_move(1)

    def action_let_go(self) -> None:
        """Drop the marks."""
        self.clear_marks()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape is ours only while something is marked."""
        return bool(self._marks) if action == "let_go" else True

    # -------------------------------------------------------------------------------------------------- the mouse

    def _at(self, x: int, y: int) -> tuple[int, int] | None:
        """The column and the card under the pointer; card -1 over the name of a column."""
        for index, left, width in self._shown():
            if left <= x < left + width:
                return index, -1 if y < HEAD_LINES else self._places.tops[index] + (y - HEAD_LINES) // self.card_lines
        return None

    async def _on_click(self, event: events.Click) -> None:
        event.stop()
        spot = self._at(event.x, event.y)
        if spot is None:
            return
        index, row = spot
        if row >= len(self._columns[index].items):
            return
        self._went(self._places.go(index, max(row, 0)))
        if event.chain == 2 and row >= 0:
            self.action_choose()

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, WHEEL_CARDS)

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -WHEEL_CARDS)

    def _wheel(self, event: events.MouseEvent, cards: int) -> None:
        spot = self._at(event.x, event.y)
        if spot is not None:
            event.stop()
            self._places.scroll(spot[0], cards, self._cards())
            self.refresh()


def _more_about(item: BeadItem) -> list[Piece]:
    """What else stands in the first line of a card, the most important first."""
    bead, found = item.bead, []
    if item.state == "blocked":
        found.append(Piece("  blocked", INK_OF[look_of(item.state).tone]))
    if bead.assignee:
        found.append(Piece(f"  {one_line(bead.assignee).rpartition('/')[2]}", "dim"))
    return [*found, Piece(f"  {one_line(bead.kind)}", "dim")]
