"""The last line of the room: the keys that do something here, and the places one can go."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gastown_tui.widgets.one_line import OneLine, Part
from gastown_tui.widgets.pieces import Piece


class KeyHint(msgspec.Struct, frozen=True):
    """A key and what it does, both of which can be clicked."""

    key: str
    label: str
    act: str = ""
    """What `OneLine.Pressed` carries; the key itself when empty."""


class KeyLine(OneLine):
    """Hints on the left, the most useful first; places on the right. Where we are stands in strong ink."""

    def show_keys(self, hints: Sequence[KeyHint], places: Sequence[KeyHint] = (), here: str = "") -> None:
        """Draw other hints.

        Args:
            hints: The first five give way last; of the others the last two stay longest, which lead to all the rest.
            places: They give way before those.
            here: The label of the place or tab we are in.
        """
        left = [
            Part(_pieces(hint, here), rank=0 if hint.label == here else _rank(nth, len(hints)))
            for nth, hint in enumerate(hints)
        ]
        right = [
            Part(_pieces(place, here), rank=6 if place.label == here else 10 + nth, gap=1)
            for nth, place in enumerate(places)
        ]
        self.show(left, right)


def _rank(nth: int, count: int) -> int:
    if nth < 5:
        return nth
    return 6 + count - nth if nth >= count - 2 else 20 + nth


def _pieces(hint: KeyHint, here: str) -> tuple[Piece, ...]:
    act = hint.act or hint.key
    ink = "strong" if hint.label == here else "dim"
    return (Piece(hint.key, "brass", act), Piece(" " + hint.label, ink, act))
