"""The one list of the room: windowed, keyed, and as cheap with a hundred thousand rows as with ten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.lines import Row, index_of, key_at, row_from
from gastown_tui.widgets.marks import Marks
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_window import RowWindow

WHEEL_LINES = 3
"""How far one notch of the mouse wheel goes."""


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


class RowList(RowWindow, can_focus=True, inherit_bindings=False):
    """The window with a person in it: keys and the mouse move the cursor, open rows and mark them."""

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
        super().__init__(columns, name=name, id=id, classes=classes)
        self._marks = Marks()
        self._last_keys = ("", "")
        self.set_reactive(RowList.empty, empty)
        self.set_reactive(RowList.keeps_cursor, keeps_cursor)
        self.set_reactive(RowList.follows, follows)

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
    def marked(self) -> tuple[str, ...]:
        """The keys of the marked rows that still exist, in the order of the list."""
        if not self._marks.keys:
            return ()
        keys = (key_at(self._rows, index) for index in range(len(self._rows)))
        return tuple(key for key in keys if key in self._marks.keys)

    def clear_marks(self) -> None:
        """Unmark everything."""
        self._mark(Marks.clear)

    def is_marked(self, key: str) -> bool:
        """Whether a row is marked."""
        return key in self._marks.keys

    def cursor_moved(self, key: str) -> None:
        """Stretch the range that is being marked, and tell."""
        self._stretch_range()
        self.post_message(self.Highlighted(self, key))

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
            between = (key_at(self._rows, at) for at in range(low, high + 1))
            self._mark(lambda marks: marks.stretch(key for key in between if key))
