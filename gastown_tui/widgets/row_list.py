"""The one list of the room: windowed, keyed, and as cheap with a hundred thousand rows as with ten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from gastown_tui.widgets.columns import Column, Places, heading_strip, row_strip, spread
from gastown_tui.widgets.inks import Inks
from gastown_tui.widgets.lines import Line, Row, index_of, nearest_row, row_from
from gastown_tui.widgets.marks import Marks
from gastown_tui.widgets.pieces import Piece, fit_pieces

WHEEL_LINES = 3
"""How far one notch of the mouse wheel goes."""

LOOK_AROUND = 256
"""How far a moved row is searched before the view gives up holding still around it."""

_GROUNDS = ("", "row-list--cursor", "row-list--marked")


class _Said(Message):
    """Something a list says about one of its rows."""

    def __init__(self, row_list: RowList, key: str = "") -> None:
        super().__init__()
        self.row_list = row_list
        self.key = key
        """The row it is about; empty when there is none."""

    @property
    def control(self) -> RowList:
        """The list it happened in."""
        return self.row_list


class RowList(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows in columns under group headings, with a cursor that stays on its row however the rows move."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "down", "Down", id="list.down", show=False, tooltip="Move to the next row"),
        Binding("k,up", "up", "Up", id="list.up", show=False, tooltip="Move to the row before"),
        Binding("g", "jump", "gg: top", id="list.jump", show=False, tooltip="Twice: move to the first row"),
        Binding("home", "top", "Top", id="list.top", show=False, tooltip="Move to the first row"),
        Binding("G,end", "bottom", "Bottom", id="list.bottom", show=False, tooltip="Move to the last row"),
        Binding("ctrl+d", "half_down", "Half down", id="list.half_down", show=False, tooltip="Move half a screen down"),
        Binding("ctrl+u", "half_up", "Half up", id="list.half_up", show=False, tooltip="Move half a screen up"),
        Binding("pagedown,ctrl+f", "page_down", "Page down", id="list.page_down", show=False, tooltip="A screen down"),
        Binding("pageup,ctrl+b", "page_up", "Page up", id="list.page_up", show=False, tooltip="A screen up"),
        Binding("enter", "choose", "Open", id="list.choose", show=False, tooltip="Open the row under the cursor"),
        Binding("space", "mark", "Mark", id="list.mark", show=False, tooltip="Mark or unmark the row, and go on"),
        Binding("v", "range", "Range", id="list.range", show=False, tooltip="Start or end marking a range"),
        Binding("escape", "let_go", "Unmark", id="list.let_go", show=False, tooltip="Drop the range, then the marks"),
    ]
    """
    | Key(s) | Description |
    | :- | :- |
    | j,down / k,up | Move by one row; headings are passed over. |
    | gg,home / G,end | Move to the first or last row. |
    | ctrl+d / ctrl+u | Move by half a screen. |
    | pagedown / pageup | Move by a screen. |
    | enter | Choose the row, or run what the empty list offers. |
    | space / v / escape | Mark one, mark a range, let go. |
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

    class Highlighted(_Said):
        """The cursor rests on another row, moved by a key, the mouse or the rows themselves."""

        def can_replace(self, message: Message) -> bool:
            """Only the last of several moves is news."""
            return isinstance(message, RowList.Highlighted) and message.row_list is self.row_list

    class Chosen(_Said):
        """A row was opened, by Enter or a double click."""

    class Clicked(_Said):
        """A row was clicked once."""

    class Acted(_Said):
        """A piece that asks for something was clicked."""

        def __init__(self, row_list: RowList, key: str, act: str) -> None:
            super().__init__(row_list, key)
            self.act = act

    class EmptyChosen(_Said):
        """The person wants the command an empty list offers."""

        def __init__(self, row_list: RowList, command: str) -> None:
            super().__init__(row_list)
            self.command = command

    class MarksChanged(_Said):
        """Rows were marked or unmarked."""

        def __init__(self, row_list: RowList, keys: frozenset[str]) -> None:
            super().__init__(row_list)
            self.keys = keys

        def can_replace(self, message: Message) -> bool:
            """Only the last of several changes is news."""
            return isinstance(message, RowList.MarksChanged) and message.row_list is self.row_list

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        empty: tuple[Piece, ...] = (),
        keeps_cursor: bool = False,
        follows: bool = False,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._columns = tuple(columns)
        self._places_for: tuple[int, Places] = (-1, [])
        self._rows: Sequence[Line] = ()
        self._drawn: dict[int, Line | None] = {}
        self._cursor = -1
        self._cursor_key = ""
        self._marks = Marks()
        self._last_keys = ("", "")
        self._inks = Inks(self)
        self._paints = {ground: partial(self._inks.style, ground=ground) for ground in _GROUNDS}
        self._set_height(1)
        self.set_reactive(RowList.empty, empty)
        self.set_reactive(RowList.keeps_cursor, keeps_cursor)
        self.set_reactive(RowList.follows, follows)

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

    def _row_strip(self, row: Row, index: int, width: int) -> Strip:
        under_cursor = index == self._cursor and (self.has_focus or self.keeps_cursor)
        marked = row.key in self._marks.keys
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

    # -------------------------------------------------------------------------------------------------- events

    async def _on_key(self, event: events.Key) -> None:
        self._last_keys = (self._last_keys[1], event.key)
        await super()._on_key(event)

    async def _on_click(self, event: events.Click) -> None:
        event.stop()
        index = event.y + self.scroll_offset.y
        act = str(event.style.meta.get("act", ""))
        if not self._rows:
            if act:
                self.post_message(self.EmptyChosen(self, act))
            return
        line = self._rows[index] if 0 <= index < len(self._rows) else None
        if not isinstance(line, Row):
            return
        self._go(index)
        if act:
            self.post_message(self.Acted(self, line.key, act))
        else:
            self.post_message(self.Chosen(self, line.key) if event.chain == 2 else self.Clicked(self, line.key))

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, WHEEL_LINES)

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -WHEEL_LINES)

    def _wheel(self, event: events.MouseEvent, lines: int) -> None:
        if self.max_scroll_y > 0:
            event.stop()
            event.prevent_default()
            self.scroll_to(y=self.scroll_offset.y + lines, animate=False, force=True)

    # -------------------------------------------------------------------------------------------------- actions

    def action_down(self) -> None:
        """Move to the next row."""
        self._go(row_from(self._rows, self._cursor + 1, 1))

    def action_up(self) -> None:
        """Move to the row before."""
        self._go(row_from(self._rows, self._cursor - 1, -1))

    def action_jump(self) -> None:
        """Move to the first row when this is the second press in a row."""
        if self._last_keys[0] == self._last_keys[1]:
            self.action_top()

    def action_top(self) -> None:
        """Move to the first row."""
        self._go(row_from(self._rows, 0, 1))

    def action_bottom(self) -> None:
        """Move to the last row."""
        self._go(row_from(self._rows, len(self._rows) - 1, -1))

    def action_half_down(self) -> None:
        """Move half a screen down."""
        self._leap(max(self.size.height // 2, 1))

    def action_half_up(self) -> None:
        """Move half a screen up."""
        self._leap(-max(self.size.height // 2, 1))

    def action_page_down(self) -> None:
        """Move a screen down."""
        self._leap(max(self.size.height - 1, 1))

    def action_page_up(self) -> None:
        """Move a screen up."""
        self._leap(-max(self.size.height - 1, 1))

    def action_choose(self) -> None:
        """Open the row under the cursor, or take what the empty list offers."""
        if self._cursor_key:
            self.post_message(self.Chosen(self, self._cursor_key))
        elif command := next((piece.act for piece in self.empty if piece.act), ""):
            self.post_message(self.EmptyChosen(self, command))

    def action_mark(self) -> None:
        """Mark or unmark the row under the cursor and move on; a running range ends here."""
        if self._marks.range_from:
            self._marks.end_range()
        elif self._cursor_key:
            self._mark(lambda marks: marks.toggle(self._cursor_key))
            self.action_down()

    def action_range(self) -> None:
        """Start a range at the cursor, or end it, keeping its marks."""
        if self._marks.range_from:
            self._marks.end_range()
        elif self._cursor_key:
            self._mark(lambda marks: marks.start_range(self._cursor_key))

    def action_let_go(self) -> None:
        """Drop the range that is being marked, else all marks."""
        self._mark(Marks.let_go)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape is ours only while there is something to let go; otherwise it goes on to the screen."""
        return bool(self._marks) if action == "let_go" else True

    # -------------------------------------------------------------------------------------------------- public

    @property
    def cursor_key(self) -> str:
        """The key of the row under the cursor; empty when there is none."""
        return self._cursor_key

    @property
    def rows(self) -> Sequence[Line]:
        """What is shown, headings included."""
        return self._rows

    @property
    def marked(self) -> tuple[str, ...]:
        """The keys of the marked rows that still exist, in the order of the list."""
        if not self._marks.keys:
            return ()
        return tuple(line.key for line in self._rows if isinstance(line, Row) and line.key in self._marks.keys)

    def clear_marks(self) -> None:
        """Unmark everything."""
        self._mark(Marks.clear)

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
        self._tell_highlight()

    def move_to(self, key: str) -> bool:
        """Put the cursor on the row with this key; False when there is none."""
        index = index_of(self._rows, key, self._cursor)
        if index >= 0:
            self._go(index)
        return index >= 0

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
        self._tell_highlight()

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

    def _tell_highlight(self) -> None:
        line = self._rows[self._cursor] if self._cursor >= 0 else None
        key = line.key if isinstance(line, Row) else ""
        if key != self._cursor_key:
            self._cursor_key = key
            self._stretch_range()
            self.post_message(self.Highlighted(self, key))

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

    def _mark(self, change: Callable[[Marks], None]) -> None:
        before = self._marks.keys
        change(self._marks)
        if changed := before ^ self._marks.keys:
            for y, line in self._drawn.items():
                if isinstance(line, Row) and line.key in changed:
                    self.refresh(Region(0, y, self.size.width, 1))
            self.post_message(self.MarksChanged(self, self._marks.keys))

    def _stretch_range(self) -> None:
        """While a range is being marked, everything between its start and the cursor is."""
        start = self._marks.range_from
        index = index_of(self._rows, start, self._cursor) if start else -1
        if index >= 0:
            low, high = sorted((index, self._cursor))
            between = (self._rows[at] for at in range(low, high + 1))
            self._mark(lambda marks: marks.stretch(line.key for line in between if isinstance(line, Row)))
