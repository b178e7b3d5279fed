"""Where the cursor of a board is, and how far each of its columns is scrolled."""

from __future__ import annotations

from collections.abc import Sequence

from gastown_tui.core.views.bead_list import BeadItem


class BoardPlaces:
    """A cursor over columns of cards.

    Attributes:
        column: The column the cursor is in.
        row: The card of that column; 0 in an empty one.
        key: The id of the card under the cursor; empty when there is none.
        first: The first column that can be seen.
        tops: The first card of each column that can be seen.
    """

    def __init__(self) -> None:
        self._columns: Sequence[Sequence[BeadItem]] = ()
        self.column = 0
        self.row = 0
        self.key = ""
        self.first = 0
        self.tops: list[int] = []

    def deal(self, columns: Sequence[Sequence[BeadItem]]) -> None:
        """Take other cards; the cursor stays on its card, or near where it was."""
        self._columns = columns
        self.tops = [min(top, max(len(cards) - 1, 0)) for top, cards in zip(self.tops, columns, strict=False)]
        self.tops += [0] * (len(columns) - len(self.tops))
        self.first = min(self.first, max(len(columns) - 1, 0))
        if not columns:
            self.column, self.row, self.key = 0, 0, ""
        elif not (self.key and self._find_near(self.key)):
            self._put(min(self.column, len(columns) - 1), self.row)
            if not self.key:
                self._put(next((nth for nth, cards in enumerate(columns) if cards), 0), 0)

    def _find_near(self, key: str) -> bool:
        cards = self._columns[self.column] if self.column < len(self._columns) else ()
        if self.row < len(cards) and cards[self.row].bead.id == key:
            return True
        was = self.row
        if not self.find(key):
            return False
        # What the eye rests on stays where it is.
        self.tops[self.column] = max(self.tops[self.column] + self.row - was, 0)
        return True

    def find(self, key: str) -> bool:
        """Go to a card by its id."""
        for column, cards in enumerate(self._columns):
            for row, item in enumerate(cards):
                if item.bead.id == key:
                    self._put(column, row)
                    return True
        return False

    def _put(self, column: int, row: int) -> None:
        cards = self._columns[column]
        self.column, self.row = column, min(max(row, 0), max(len(cards) - 1, 0))
        self.key = cards[self.row].bead.id if cards else ""

    def go(self, column: int, row: int) -> bool:
        """Go to a place; whether that is another one."""
        before = (self.column, self.row)
        if 0 <= column < len(self._columns):
            self._put(column, row)
        return (self.column, self.row) != before

    def move(self, cards: int) -> bool:
        """Go up or down in the column."""
        return self.go(self.column, self.row + cards)

    def side(self, step: int) -> bool:
        """Go to the next column that has cards, at about the same height on the screen; else to the next one."""
        height = self.row - self.tops[self.column] if self._columns else 0
        wanted = self.column + step
        while 0 <= wanted < len(self._columns) and not self._columns[wanted]:
            wanted += step
        if not 0 <= wanted < len(self._columns):
            return False
        return self.go(wanted, self.tops[wanted] + height)

    def reveal(self, seen: int) -> None:
        """Scroll the column until the cursor can be seen, when so many cards can."""
        if self._columns:
            top = self.tops[self.column]
            self.tops[self.column] = max(min(top, self.row), self.row - seen + 1)

    def scroll(self, column: int, cards: int, seen: int) -> None:
        """Scroll a column without moving the cursor."""
        most = max(len(self._columns[column]) - seen, 0)
        self.tops[column] = min(max(self.tops[column] + cards, 0), most)

    def show_columns(self, seen: int) -> None:
        """Bring the cursor's column among the `seen` that are shown."""
        self.first = max(min(self.first, self.column), self.column - seen + 1)
        self.first = max(min(self.first, len(self._columns) - seen), 0)
