"""A line of parts: what gives way first when the terminal is narrow."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from gastown_tui.widgets.inks import Inks
from gastown_tui.widgets.pieces import Piece, fit_pieces, printable, width_of


class Part(msgspec.Struct, frozen=True):
    """Pieces that stay or go together."""

    pieces: tuple[Piece, ...]
    rank: int = 0
    """Parts of the highest rank give way first; rank 0 never does, it is cut."""
    gap: int = 2
    """Empty cells between it and the part before it on its side."""

    @property
    def width(self) -> int:
        """Cells it takes, its gap not counted."""
        return sum(width_of(printable(piece.text)) for piece in self.pieces)


def arrange(left: Sequence[Part], right: Sequence[Part], width: int) -> list[Piece]:
    """Both sides in exactly `width` cells, the least important parts left out until they fit."""
    kept = [(part, side) for side, parts in enumerate((left, right)) for part in parts if part.pieces]
    while _needed(kept) > width and (ranks := [part.rank for part, _ in kept if part.rank > 0]):
        worst = max(ranks)
        last = max(index for index, (part, _) in enumerate(kept) if part.rank == worst)
        del kept[last]
    left_pieces = _joined([part for part, side in kept if side == 0])
    right_pieces = _joined([part for part, side in kept if side == 1])
    taken = sum(width_of(printable(piece.text)) for piece in right_pieces)
    return fit_pieces(tuple(left_pieces), max(width - taken, 0)) + fit_pieces(tuple(right_pieces), min(taken, width))


def _needed(kept: list[tuple[Part, int]]) -> int:
    sides = {side for _, side in kept}
    gaps = sum(part.gap for part, _ in kept) - sum(next(p.gap for p, s in kept if s == side) for side in sides)
    return sum(part.width for part, _ in kept) + gaps + (2 if len(sides) == 2 else 0)


def _joined(parts: list[Part]) -> list[Piece]:
    pieces: list[Piece] = []
    for nth, part in enumerate(parts):
        if nth and part.gap:
            pieces.append(Piece(" " * part.gap))
        pieces.extend(part.pieces)
    return pieces


class OneLine(Widget):
    """One line of parts, some of which can be pressed with the mouse."""

    ALLOW_SELECT = False

    class Pressed(Message):
        """A piece that asks for something was clicked."""

        def __init__(self, line: OneLine, act: str) -> None:
            super().__init__()
            self.line = line
            self.act = act

        @property
        def control(self) -> OneLine:
            """The line it happened in."""
            return self.line

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._inks = Inks(self)
        self._sides: tuple[tuple[Part, ...], tuple[Part, ...]] = ((), ())

    def notify_style_update(self) -> None:
        """Look the colours up again."""
        self._inks.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """The line; what lies under it is empty."""
        width = self.size.width
        if y:
            return Strip.blank(width, self._inks.style())
        margin = Piece(" " if width > 2 else "")
        pieces = [margin, *arrange(*self._sides, max(width - 2, 0)), margin]
        return Strip([Segment(p.text, self._inks.style(p.ink, p.act)) for p in pieces if p.text], width)

    async def _on_click(self, event: events.Click) -> None:
        if act := str(event.style.meta.get("act", "")):
            event.stop()
            self.post_message(self.Pressed(self, act))

    def show(self, left: Sequence[Part], right: Sequence[Part] = ()) -> None:
        """Draw other parts; nothing is painted when they are the same."""
        sides = (tuple(left), tuple(right))
        if sides != self._sides:
            self._sides = sides
            self.refresh()
