"""A page in several inks: what is read, with what matters standing out."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from gastown_tui.widgets.inks import INKS
from gastown_tui.widgets.page import Page
from gastown_tui.widgets.pieces import Piece, printable


class Written(Page):
    """Lines of pieces, wrapped to the width there is; scrolled by the keys of every page."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[tuple[Piece, ...], ...] = ()

    @property
    def text(self) -> str:
        """What is written, without its inks."""
        return "\n".join("".join(piece.text for piece in line) for line in self._lines)

    def write(self, lines: Sequence[tuple[Piece, ...]], *, stay: bool = False) -> None:
        """Read something else; nothing is painted when it is the same.

        Args:
            lines: What is written.
            stay: Keep the place one has scrolled to.
        """
        if tuple(lines) == self._lines:
            return
        self._lines = tuple(lines)
        parts = [Content("\n").join([Content.assemble(*map(_inked, line)) for line in self._lines])]
        self._words.update(parts[0])
        if not stay:
            self.scroll_home(animate=False)


def _inked(piece: Piece) -> tuple[str, str]:
    role, weight = INKS[piece.ink]
    bold = " bold" if weight == "bold" else ""
    return (printable(piece.text), f"${role}{bold}")
