"""An agent's own screen, live, scrolled back, or typed into in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from gastown_tui.widgets.inks import Inks
from gastown_tui.widgets.one_line import Part, arrange
from gastown_tui.widgets.pane_window import Look, PaneWindow, Shown
from gastown_tui.widgets.pieces import Piece, fit_pieces

WHEEL_LINES = 3
"""How far one notch of the mouse wheel goes."""

_WHEEL = {"wheel_up": -WHEEL_LINES, "wheel_down": WHEEL_LINES}


class LivePane(Widget, can_focus=True):
    """A header line over an agent's screen, on the darkest ground of the room.

    While `typing`, every key goes out as `Typed` except the leaving ones. Bindings with priority on the screen or the
    app would still win over it: they must decline in `check_action` while `typing`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k,up", "scroll_by(-1)", "Back", id="live.up", show=False, tooltip="A line back in history"),
        Binding("j,down", "scroll_by(1)", "Forward", id="live.down", show=False, tooltip="A line towards now"),
        Binding(
            "ctrl+u", "scroll_pages(-0.5)", "Half back", id="live.half_up", show=False, tooltip="Half a screen back"
        ),
        Binding("ctrl+d", "scroll_pages(0.5)", "Half on", id="live.half_down", show=False, tooltip="Half a screen on"),
        Binding(
            "pageup,ctrl+b", "scroll_pages(-1)", "Page back", id="live.page_up", show=False, tooltip="A screen back"
        ),
        Binding(
            "pagedown,ctrl+f", "scroll_pages(1)", "Page on", id="live.page_down", show=False, tooltip="A screen on"
        ),
        Binding("G,end", "follow", "Live", id="live.follow", show=False, tooltip="Back to the live screen"),
        Binding("escape", "follow", "Live", id="live.escape", show=False, tooltip="Back to the live screen"),
    ]
    """
    | Key(s) | Description |
    | :- | :- |
    | k,up / j,down | Scroll by a line. |
    | ctrl+u / ctrl+d, pageup / pagedown | Scroll by half a screen or a whole one. |
    | G,end,escape | Follow the live screen again. |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "live-pane--header",
        "live-pane--nothing",
        "live-pane--typing",
        "live-pane--cursor",
        "live-pane--cursor-still",
        "live-pane--selection",
    }
    """
    | Class | Description |
    | :- | :- |
    | `live-pane--header` | The ground of the header. |
    | `live-pane--nothing` | The ground where there is no screen to show. |
    | `live-pane--typing` | The header while keys go to the agent. |
    | `live-pane--cursor` | The agent's cursor while keys go there. |
    | `live-pane--cursor-still` | The agent's cursor otherwise. |
    | `live-pane--selection` | Text selected with the mouse. |
    """

    title: reactive[str] = reactive("", init=False)
    """Whose screen it is."""
    note: reactive[str] = reactive("", init=False)
    """What they are at; gives way first."""
    typing: reactive[bool] = reactive(False, init=False, toggle_class="-typing")
    """Whether keys and pastes go to the agent."""
    forwards_mouse: reactive[bool] = reactive(False, init=False)
    """Whether, while typing, clicks and the wheel go to the agent too."""
    leave_keys: reactive[tuple[str, ...]] = reactive(("ctrl+right_square_bracket", "f12"), init=False)
    """Keys that end typing; they never reach the agent. The first is what the hint names first."""

    class _Said(Message):
        def __init__(self, pane: LivePane) -> None:
            super().__init__()
            self.pane = pane

        @property
        def control(self) -> LivePane:
            """The pane it happened in."""
            return self.pane

    class Typed(_Said):
        """A key for the agent."""

        def __init__(self, pane: LivePane, key: str, character: str | None) -> None:
            super().__init__(pane)
            self.key = key
            """Textual's name of the key."""
            self.character = character
            """What it prints; None for keys that print nothing."""

    class Pasted(_Said):
        """Text pasted for the agent."""

        def __init__(self, pane: LivePane, text: str) -> None:
            super().__init__(pane)
            self.text = text

    class Moused(_Said):
        """The mouse did something over the agent's screen."""

        def __init__(self, pane: LivePane, kind: str, x: int, y: int, button: int) -> None:
            super().__init__(pane)
            self.kind = kind
            """`down`, `up`, `wheel_up` or `wheel_down`."""
            self.x = x
            """Column of the agent's screen."""
            self.y = y
            """Line of the agent's screen."""
            self.button = button

    class Left(_Said):
        """The person stopped typing."""

    class Resized(_Said):
        """The pane has another size."""

    class Pressed(_Said):
        """A piece that asks for something was clicked where there is no screen to show."""

        def __init__(self, pane: LivePane, act: str) -> None:
            super().__init__(pane)
            self.act = act

    class HistoryWanted(_Said):
        """The person scrolls back further than is known here; answer with `show_history`."""

        def __init__(self, pane: LivePane, lines: int) -> None:
            super().__init__(pane)
            self.lines = lines
            """How many lines above the screen are wanted in all."""

    def __init__(self, title: str = "", note: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(LivePane.title, title)
        self.set_reactive(LivePane.note, note)
        self._inks = Inks(self)
        self._window = PaneWindow()
        self._instead: tuple[Piece, ...] = ()
        self._drawn: dict[int, Shown] = {}

    def notify_style_update(self) -> None:
        """Look the colours up again."""
        self._inks.clear()
        super().notify_style_update()

    def watch_title(self) -> None:
        """Somebody else's screen is always shown live."""
        self.action_follow()
        self._repaint_line(0)

    def watch_note(self) -> None:
        """Draw the header again."""
        self._repaint_line(0)

    def watch_typing(self, typing: bool) -> None:
        """Typing is always into the live screen."""
        if typing:
            self.action_follow()
            self.screen.set_focus(self)
        self.refresh()

    # -------------------------------------------------------------------------------------------------- drawing

    def render_line(self, y: int) -> Strip:
        """The header, or one line of the window on the agent's screen."""
        width = self.size.width
        if y == 0:
            return self._header_strip(width)
        if self._instead:
            return self._instead_strip(y, width)
        line, left, cursor_x = self._drawn[y] = self._shown(y)
        base = self._inks.style("live")
        if line is None:
            strip = Strip.blank(width, base)
        else:
            strip = line.apply_style(base).crop_extend(left, left + width, base)
        if 0 <= cursor_x < width:
            strip = self._with_cursor(strip, cursor_x, width)
        if (selection := self.text_selection) is not None:
            strip = self._with_selection(strip, selection, y, width)
        return strip.apply_offsets(0, y)

    def _header_strip(self, width: int) -> Strip:
        ground = "live-pane--typing" if self.typing else "live-pane--header"
        if self.typing:
            keys = " or ".join(_spoken(key) for key in self.leave_keys)
            left = [
                Part((Piece(f"typing into {self.title}", "on-brass"),)),
                Part((Piece(self.note, "on-brass"),), rank=3),
            ]
            right = [
                Part((Piece("a click here or", "on-brass"),), rank=2),
                Part((Piece(f"{keys} leaves", "on-brass"),), gap=1),
            ]
        else:
            title = Piece(self.title, "brass-strong" if self.has_focus else "brass")
            left = [Part((title, Piece(f" {self._state()}" if self.title and self._state() else "", "dim")))]
            left += [Part((Piece(f"· {self.note}", "dim"),), gap=1)] if self.note else []
            right = []
        margin = Piece(" " if width > 2 else "")
        pieces = (margin, *arrange(left, right, max(width - 2, 0)), margin)
        return Strip([Segment(p.text, self._inks.style(p.ink, ground=ground)) for p in pieces if p.text], width)

    def _state(self) -> str:
        if self._instead:
            return ""
        return f"{self._window.back} lines back" if self._window.back else "live"

    def _instead_strip(self, y: int, width: int) -> Strip:
        pieces = fit_pieces((Piece(" "), *self._instead), width) if y == 2 else [Piece(" " * width)]
        return Strip([Segment(p.text, self._inks.style(p.ink, p.act, "live-pane--nothing")) for p in pieces], width)

    def _with_cursor(self, strip: Strip, x: int, width: int) -> Strip:
        under = strip.crop(x, x + 2)
        span = 2 if under.cell_length == 2 and len(under.text) == 1 else 1
        style = (
            self._inks.style("on-cursor", ground="live-pane--cursor")
            if self.typing
            else self._inks.style("live", ground="live-pane--cursor-still")
        )
        cell = strip.crop(x, x + span)
        return Strip.join([strip.crop(0, x), _painted(cell, style), strip.crop(x + span, width)])

    def _with_selection(self, strip: Strip, selection: Selection, y: int, width: int) -> Strip:
        span = selection.get_span(y)
        if span is None:
            return strip
        start, end = span[0], width if span[1] == -1 else span[1]
        style = self._inks.style("live", ground="live-pane--selection")
        return Strip.join([strip.crop(0, start), _painted(strip.crop(start, end), style), strip.crop(end, width)])

    @property
    def _height(self) -> int:
        return max(self.size.height - 1, 0)

    @property
    def _left(self) -> int:
        """The first column shown; moves only to keep the cursor of somebody who types in sight."""
        cursor = self._window.cursor
        return max(cursor[0] - self.size.width + 1, 0) if self.typing and cursor else 0

    def _shown(self, y: int) -> Shown:
        return self._window.shown(y - 1, self._height, self._left)

    def _repaint_line(self, y: int) -> None:
        self.refresh(Region(0, y, self.size.width, 1))

    def _repaint_changed(self) -> None:
        for y in range(1, self.size.height):
            shown, drawn = self._shown(y), self._drawn.get(y)
            if drawn is None or shown.strip is not drawn.strip or shown[1:] != drawn[1:]:
                self._repaint_line(y)

    # -------------------------------------------------------------------------------------------------- events

    async def _on_key(self, event: events.Key) -> None:
        if not self.typing:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        if event.key in self.leave_keys:
            self.leave()
        else:
            self.action_follow()
            self.post_message(self.Typed(self, event.key, event.character))

    async def _on_paste(self, event: events.Paste) -> None:
        if self.typing:
            event.stop()
            event.prevent_default()
            self.post_message(self.Pasted(self, event.text))

    def _on_blur(self, event: events.Blur) -> None:
        super()._on_blur(event)
        # A terminal window that loses the focus takes ours along and brings it back: that is not leaving.
        if self.app.app_focus:
            self.leave()

    def _on_resize(self, event: events.Resize) -> None:
        self.post_message(self.Resized(self))

    async def _on_click(self, event: events.Click) -> None:
        if self.typing and event.y == 0:
            event.stop()
            self.leave()
        elif act := str(event.style.meta.get("act", "")):
            event.stop()
            self.post_message(self.Pressed(self, act))

    async def _on_mouse_down(self, event: events.MouseDown) -> None:
        if not self._mouse("down", event):
            await super()._on_mouse_down(event)

    async def _on_mouse_up(self, event: events.MouseUp) -> None:
        if not self._mouse("up", event):
            await super()._on_mouse_up(event)

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel("wheel_up", event)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel("wheel_down", event)

    def _wheel(self, kind: str, event: events.MouseEvent) -> None:
        event.stop()
        event.prevent_default()
        if not self._mouse(kind, event):
            self.action_scroll_by(_WHEEL[kind])

    def _mouse(self, kind: str, event: events.MouseEvent) -> bool:
        if not (self.typing and self.forwards_mouse and event.y > 0):
            return False
        x, y = event.x + self._left, event.y - 1 + self._window.first(self._height)
        self.post_message(self.Moused(self, kind, x, y, event.button))
        return True

    # -------------------------------------------------------------------------------------------------- actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape and friends are ours only while there is something to come back from."""
        return bool(self._window.back) if action == "follow" else True

    def action_scroll_by(self, lines: int) -> None:
        """Scroll towards the past (negative) or towards now."""
        if wanted := self._window.scroll(lines, self._height):
            self.post_message(self.HistoryWanted(self, wanted))
        self.refresh()

    def action_scroll_pages(self, pages: float) -> None:
        """Scroll by screens."""
        self.action_scroll_by(int(pages * self._height) or (1 if pages > 0 else -1))

    def action_follow(self) -> None:
        """Show the live screen again."""
        if self._window.back:
            self._window.follow()
            self.refresh()

    # -------------------------------------------------------------------------------------------------- public

    def show_screen(self, look: Look) -> None:
        """Show another look at the pane; only lines that differ are painted again.

        While scrolled back, the window holds still and the new look waits.
        """
        self._window.take(look)
        if self._instead:
            self._instead = ()
            self.refresh()
        elif not self._window.back:
            self._repaint_changed()

    def show_nothing(self, *instead: Piece) -> None:
        """Say why there is no screen, and what would make one."""
        self._window.clear()
        self._instead = instead or (Piece(" "),)
        self.refresh()

    def show_history(self, lines: Sequence[str]) -> None:
        """Take in the answer to `HistoryWanted`: the scrollback with the screen at its end, oldest line first."""
        self._window.take_history(lines, self._height)
        self.refresh()

    def leave(self) -> None:
        """Stop typing."""
        if self.typing:
            self.typing = False
            self.post_message(self.Left(self))

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text as it is shown."""
        shown = [self._shown(y).strip for y in range(1, self.size.height)]
        text = "\n".join(["", *((line.text if line is not None else "").rstrip() for line in shown)])
        return selection.extract(text), "\n"


def _painted(strip: Strip, style: Style) -> Strip:
    """The text of a strip in another style."""
    return Strip([Segment(strip.text, style)], strip.cell_length)


def _spoken(key: str) -> str:
    """A key as people write it."""
    spoken = key.replace("right_square_bracket", "]").replace("left_square_bracket", "[").replace("ctrl+", "ctrl-")
    return spoken.upper() if spoken[:1] == "f" and spoken[1:].isdigit() else spoken
