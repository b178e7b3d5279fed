"""A window on very many lines: what is drawn, where the cursor is, and what holds still while the lines change."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from gastown_tui.widgets.columns import Column, Places, heading_strip, row_strip, spread
from gastown_tui.widgets.inks import Inks
from gastown_tui.widgets.lines import Line, Row, index_of, nearest_row, row_from
from gastown_tui.widgets.pieces import Piece, fit_pieces

LOOK_AROUND = 256
"""How far a moved row is searched before the view gives up holding still around it."""

_GROUNDS = ("", "row-list--cursor", "row-list--marked")


class RowWindow(ScrollView, inherit_bindings=False):
    """Rows in columns under group headings, with a cursor that stays on its row however the rows move.

    It only shows; keys, the mouse and marks are `RowList`'s.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"row-list--cursor", "row-list--marked"}
    """
    | Class | Description |
    | :- | :- |
    | `row-list--cursor` | The ground of the row under the cursor. |
    | `row-list--marked` | The ground of a marked row. |
    """

    ALLOW_SELECT = False
    LEAD = 2
    """Cells in front of every row: the cursor's sign and the mark's."""

    empty: reactive[tuple[Piece, ...]] = reactive((), init=False)
    """What stands in a list with no rows; a piece with an act is a command, posted on Enter."""
    keeps_cursor: reactive[bool] = reactive(False, init=False)
    """Whether the cursor shows while the focus is elsewhere."""
    follows: reactive[bool] = reactive(False, init=False)
    """Whether a cursor on the first row stays there when newer rows come in above it."""

    def __init__(
        self, columns: Sequence[Column], *, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._columns = tuple(columns)
        self._places_for: tuple[int, Places] = (-1, [])
        self._rows: Sequence[Line] = ()
        self._drawn: dict[int, Line | None] = {}
        self._cursor = -1
        self._cursor_key = ""
        self._inks = Inks(self)
        self._paints = {ground: partial(self._inks.style, ground=ground) for ground in _GROUNDS}
        self._set_height(1)

    def notify_style_update(self) -> None:
        """Look the colours up again."""
        self._inks.clear()
        super().notify_style_update()

    def watch_empty(self) -> None:
        """Show the new text where there are no rows."""
        if not self._rows:
            self.refresh()

    # -------------------------------------------------------------------------------------------------- drawing

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        index = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if not self._rows:
            self._drawn[y] = None
            return self._empty_strip(y, width)
        line = self._rows[index] if index < len(self._rows) else None
        self._drawn[y] = line
        if line is None:
            return Strip.blank(width, self._inks.style())
        if not isinstance(line, Row):
            return heading_strip(line, 1, width, self._paints[""])
        return self._row_strip(line, index, width)

    def lead(self, row: Row, *, under_cursor: bool, marked: bool) -> tuple[Piece, ...]:
        """The signs in front of a row, `LEAD` cells in all."""
        return (Piece("▸" if under_cursor else " ", "brass"), Piece("✓" if marked else " ", "brass"))

    def is_marked(self, key: str) -> bool:
        """Whether a row is drawn as marked."""
        return False

    def _row_strip(self, row: Row, index: int, width: int) -> Strip:
        under_cursor = index == self._cursor and (self.has_focus or self.keeps_cursor)
        marked = self.is_marked(row.key)
        ground = "row-list--cursor" if under_cursor else "row-list--marked" if marked else ""
        if self._places_for[0] != width:
            self._places_for = (width, spread(self._columns, max(width - self.LEAD, 0)))
        lead = self.lead(row, under_cursor=under_cursor, marked=marked)
        return row_strip(row, self._places_for[1], lead, width, self._paints[ground])

    def _empty_strip(self, y: int, width: int) -> Strip:
        if y or not self.empty:
            return Strip.blank(width, self._inks.style())
        pieces = fit_pieces((Piece(" " * self.LEAD), *self.empty), width)
        return row_strip(Row("", ()), [], tuple(pieces), width, self._paints[""])

    def _repaint(self, index: int) -> None:
        y = index - self.scroll_offset.y
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    # -------------------------------------------------------------------------------------------------- public

    @property
    def cursor_key(self) -> str:
        """The key of the row under the cursor; empty when there is none."""
        return self._cursor_key

    @property
    def rows(self) -> Sequence[Line]:
        """What is shown, headings included."""
        return self._rows

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Stand the cells of every row in other columns from now on."""
        if tuple(columns) != self._columns:
            self._columns, self._places_for = tuple(columns), (-1, [])
            self.refresh()

    def set_rows(self, rows: Sequence[Line]) -> None:
        """Show other rows; only visible lines that differ are painted again.

        The sequence is kept, not copied, and only the lines in the window are ever asked for, so it may make them as
        they are needed.
        """
        before, self._rows = self._rows, rows
        was_at, top = self._cursor, self.scroll_offset.y
        height = self.size.height
        anchor = self._anchor(before, top, height)
        self._cursor = self._find_cursor(was_at)
        if len(rows) != len(before):
            self._resize(max(len(rows), 1))
        if top > 0 and anchor is not None:
            self._hold_still(anchor, top)
        if self._cursor != was_at:
            self._repaint(was_at)
            self._repaint(self._cursor)
            if top <= was_at < top + height:
                self._reveal()
        self._repaint_changed()
        self._notice_cursor()

    def move_to(self, key: str) -> bool:
        """Put the cursor on the row with this key; False when there is none."""
        index = index_of(self._rows, key, self._cursor)
        if index >= 0:
            self._go(index)
        return index >= 0

    def cursor_moved(self, key: str) -> None:
        """The cursor rests on another row."""

    # -------------------------------------------------------------------------------------------------- the cursor

    def _leap(self, lines: int) -> None:
        self._go(nearest_row(self._rows, self._cursor + lines, 1 if lines > 0 else -1))

    def _go(self, index: int) -> None:
        if index < 0 or index == self._cursor:
            self._reveal()
            return
        self._repaint(self._cursor)
        self._cursor = index
        self._repaint(index)
        self._reveal()
        self._notice_cursor()

    def _reveal(self) -> None:
        """Scroll until the cursor, and the heading right above it, can be seen."""
        height = self.size.height
        if self._cursor < 0 or not height:
            return
        first = self._cursor
        while first > 0 and self._cursor - first < height - 1 and not isinstance(self._rows[first - 1], Row):
            first -= 1
        top = self.scroll_offset.y
        if first < top:
            self.scroll_to(y=first, animate=False, force=True)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False, force=True)

    def _notice_cursor(self) -> None:
        line = self._rows[self._cursor] if self._cursor >= 0 else None
        key = line.key if isinstance(line, Row) else ""
        if key != self._cursor_key:
            self._cursor_key = key
            self.cursor_moved(key)

    def _find_cursor(self, was_at: int) -> int:
        """Where the cursor belongs in rows that have just changed."""
        if not self._rows:
            return -1
        first = row_from(self._rows, 0, 1)
        if not self._cursor_key or (self.follows and was_at == first and self.scroll_offset.y == 0):
            return first
        index = index_of(self._rows, self._cursor_key, was_at)
        return index if index >= 0 else nearest_row(self._rows, was_at)

    # -------------------------------------------------------------------------------------------------- changes

    def _anchor(self, before: Sequence[Line], top: int, height: int) -> tuple[str, int] | None:
        """The row the eye rests on: the cursor's when it can be seen, else the topmost."""
        if top <= self._cursor < top + height:
            return self._cursor_key, self._cursor
        for index in range(top, min(top + height, len(before))):
            line = before[index]
            if isinstance(line, Row):
                return line.key, index
        return None

    def _resize(self, count: int) -> None:
        """Tell how many lines there are, without a layout of the whole screen unless it would come out differently."""
        scrolls = count > self.size.height
        if self.styles.is_auto_height or scrolls != self.show_vertical_scrollbar:
            self.virtual_size = Size(0, count)
            return
        self._set_height(count)
        if scrolls:
            self.vertical_scrollbar.window_virtual_size = count
        if self.scroll_y > self.max_scroll_y:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    def _set_height(self, count: int) -> None:
        # Pyright takes Textual's own descriptor for its value here.
        self.set_reactive(Widget.virtual_size, Size(0, count))  # pyright: ignore[reportArgumentType]

    def _hold_still(self, anchor: tuple[str, int], top: int) -> None:
        key, was_at = anchor
        index = self._cursor if key == self._cursor_key else index_of(self._rows, key, was_at, LOOK_AROUND)
        if index >= 0 and index != was_at:
            self.scroll_to(y=top + index - was_at, animate=False, force=True)

    def _repaint_changed(self) -> None:
        top = self.scroll_offset.y
        count = len(self._rows)
        for y, drawn in self._drawn.items():
            index = y + top
            line = self._rows[index] if index < count else None
            if line is not drawn and line != drawn:
                self.refresh(Region(0, y, self.size.width, 1))
        if not count:
            self.refresh()
