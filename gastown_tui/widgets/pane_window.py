"""Which part of an agent's screen is to be seen: the live end of it, or somewhere back in its history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from textual.strip import Strip

from gastown_tui.widgets.strips import screen_strips

HISTORY_PAGE = 500
"""Lines of scrollback asked for at once; tmux takes under 4 ms to hand them over."""

_ALL_KNOWN = -1
"""Stands for the lines of history asked for once there are no more."""


class Look(Protocol):
    """One look at a pane; the core's `Screen` is one."""

    @property
    def lines(self) -> tuple[str, ...]:
        """Top to bottom, with their colour sequences."""
        ...

    @property
    def cursor_x(self) -> int:
        """Column of the cursor."""
        ...

    @property
    def cursor_y(self) -> int:
        """Line of the cursor."""
        ...

    @property
    def cursor_visible(self) -> bool:
        """Whether the program shows it."""
        ...


class Shown(NamedTuple):
    """What stands on one line of the window."""

    strip: Strip | None
    left: int
    """The first column that can be seen."""
    cursor_x: int
    """Where the cursor is in the window; -1 on every other line."""


class PaneWindow:
    """A window of some height on a screen that goes on changing."""

    def __init__(self) -> None:
        self.back = 0
        """Lines between the end of the window and the live end; 0 follows."""
        self.cursor: tuple[int, int] | None = None
        self._live: list[Strip] = []
        self._used = 0
        self._past: list[Strip] = []
        self._history = 0
        self._awaits_history = False

    def take(self, look: Look) -> None:
        """Take in another look; a window on the past does not move."""
        self._live = screen_strips(look.lines)
        self._used = len(_written(self._live))
        self.cursor = (look.cursor_x, look.cursor_y) if look.cursor_visible else None

    def clear(self) -> None:
        """There is no screen."""
        self._live, self._used, self.cursor = [], 0, None
        self.follow()

    def follow(self) -> None:
        """Go to the live end."""
        self.back, self._past = 0, []

    def scroll(self, lines: int, height: int) -> int:
        """Go towards the past (negative) or towards now; returns how many lines of history are wanted, or 0."""
        if not self._live or (not self.back and lines >= 0):
            return 0
        if not self.back:
            self._past, self._history, self._awaits_history = _written(self._live), 0, False
        furthest = max(len(self._past) - height, 0)
        more = self._history != _ALL_KNOWN
        # Past what is known the window waits at the top, at most a screen ahead, for the answer to move it.
        self.back = min(max(self.back - lines, 0), furthest + (height if more else 0))
        if not more or self._awaits_history or self.back < furthest:
            return 0
        self._awaits_history = True
        self._history += HISTORY_PAGE
        return self._history

    def take_history(self, lines: Sequence[str], height: int) -> None:
        """Take in scrollback with the screen at its end, oldest line first."""
        if not self.back:
            return
        self._past = _written(screen_strips(lines))
        self._awaits_history = False
        if len(lines) - len(self._live) < self._history:
            self._history = _ALL_KNOWN
        self.back = min(self.back, max(len(self._past) - height, 0))

    def first(self, height: int) -> int:
        """The first line in the window: the end of what is written, and always the cursor."""
        if self.back:
            return max(len(self._past) - height - self.back, 0)
        if self.cursor is None:
            return max(self._used - height, 0)
        cursor_y = self.cursor[1]
        return min(max(max(self._used, cursor_y + 1) - height, 0), cursor_y)

    def shown(self, row: int, height: int, left: int) -> Shown:
        """What stands on a row of the window."""
        lines = self._past if self.back else self._live
        index = self.first(height) + row
        here = not self.back and self.cursor is not None and self.cursor[1] == index
        cursor_x = self.cursor[0] - left if here and self.cursor else -1
        return Shown(lines[index] if 0 <= index < len(lines) else None, left, cursor_x)


def _written(strips: list[Strip]) -> list[Strip]:
    """The strips without the empty ones at the end."""
    used = len(strips)
    while used and not strips[used - 1].text.strip():
        used -= 1
    return strips[:used]
