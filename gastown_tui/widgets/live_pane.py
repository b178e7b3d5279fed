"""An agent's own screen, live, scrolled back, or typed into in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from gastown_tui.widgets.live_view import LiveView
from gastown_tui.widgets.one_line import Part
from gastown_tui.widgets.pieces import Piece

WHEEL_LINES = 3
"""How far one notch of the mouse wheel goes."""

_WHEEL = {"wheel_up": -WHEEL_LINES, "wheel_down": WHEEL_LINES}


class LivePane(LiveView, can_focus=True):
    """The view with a person at it: they scroll back in it and type into it.

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

    def watch_typing(self, typing: bool) -> None:
        """Typing is always into the live screen."""
        if typing:
            self.follow()
            self.screen.set_focus(self)
        self.refresh()

    # -------------------------------------------------------------------------------------------------- drawing

    @property
    def header_ground(self) -> str:
        """The header says by its ground who has the keys."""
        return "live-pane--typing" if self.typing else super().header_ground

    @property
    def cursor_look(self) -> tuple[str, str, str]:
        """The cursor shines only for who types."""
        return ("on-cursor", "", "live-pane--cursor") if self.typing else super().cursor_look

    @property
    def _left(self) -> int:
        """The first column shown; moves only to keep the cursor of somebody who types in sight."""
        cursor = self._window.cursor
        return max(cursor[0] - self.size.width + 1, 0) if self.typing and cursor else 0

    def header_sides(self) -> tuple[list[Part], list[Part]]:
        """Whose screen it is; while typing, how to leave."""
        if not self.typing:
            return super().header_sides()
        keys = " or ".join(_spoken(key) for key in self.leave_keys)
        left = [Part((Piece(f"typing into {self.title}", "on-brass"),)), Part((Piece(self.note, "on-brass"),), rank=3)]
        right = [
            Part((Piece("a click here or", "on-brass"),), rank=2),
            Part((Piece(f"{keys} leaves", "on-brass"),), gap=1),
        ]
        return left, right

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
            self.follow()
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
        self.follow()

    # -------------------------------------------------------------------------------------------------- public

    def show_history(self, lines: Sequence[str]) -> None:
        """Take in the answer to `HistoryWanted`: the scrollback with the screen at its end, oldest line first."""
        self._window.take_history(lines, self._height)
        self.refresh()

    def leave(self) -> None:
        """Stop typing."""
        if self.typing:
            self.typing = False
            self.post_message(self.Left(self))


def _spoken(key: str) -> str:
    """A key as people write it."""
    spoken = key.replace("right_square_bracket", "]").replace("left_square_bracket", "[").replace("ctrl+", "ctrl-")
    return spoken.upper() if spoken[:1] == "f" and spoken[1:].isdecimal() else spoken
