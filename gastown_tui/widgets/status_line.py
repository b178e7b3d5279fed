"""The first line of the room: where we are, how many work, and what waits."""

from __future__ import annotations

from gastown_tui.core.views.home import StatusView
from gastown_tui.widgets.one_line import OneLine, Part
from gastown_tui.widgets.pieces import Piece


class StatusLine(OneLine):
    """Counts of the town; what needs a person is never left out."""

    def show_status(self, view: StatusView) -> None:
        """Draw a reading of the town."""
        self.show(_town_parts(view))


def _town_parts(view: StatusView) -> list[Part]:
    path = (Piece(view.path, "dim"),) if view.path else ()
    parts = [Part((Piece(view.name, "brass-strong"),)), Part(path, rank=6, gap=1)]
    ready = () if view.ready is None else (Piece("ready ", "dim"), Piece(str(view.ready)))
    if not view.is_town:
        return [*parts, Part(ready, gap=4), Part((Piece(f"~ {view.trouble}", "caution"),) if view.trouble else ())]
    if view.rests:
        parts.append(Part((Piece("· the town rests, ", "dim"), Piece("start", "brass", "verb('start')")), gap=4))
    parts += [
        Part((Piece("● ", "motion" if view.working else "dim"), *_count(view.working, "working")), gap=4),
        Part((Piece("○ ", "dim"), *_count(view.idle, "idle")), rank=1),
    ]
    if view.need:
        parts.append(Part((Piece(f"! {view.need} need{'s' if view.need == 1 else ''} you", "need-strong"),)))
    elif not view.trouble:
        parts.append(Part((Piece("nobody needs you", "dim"),), rank=2))
    if view.trouble:
        parts.append(Part((Piece(f"~ {view.trouble}", "caution"),)))
    waiting = (Piece("waiting ", "dim"), Piece(str(view.waiting))) if view.waiting else ()
    return [
        *parts,
        Part((Piece("queue ", "dim"), Piece(str(view.queue))), rank=3, gap=6),
        Part((Piece("mail ", "dim"), Piece(str(view.mail), "strong" if view.mail else "ink")), rank=2, gap=3),
        Part(waiting, rank=4, gap=3),
        Part(ready, rank=4, gap=3),
    ]


def _count(number: int, word: str) -> tuple[Piece, ...]:
    return (Piece(str(number)), Piece(f" {word}", "dim"))
