"""Convoys as they are listed, one by one and as a tree."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.text import cut, one_line
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.rules import convoys as rules
from gastown_tui.core.rules.progress import Card, Tracked, Traffic, convoy_card
from gastown_tui.core.views.feed import short
from gastown_tui.core.views.tones import Tone

_GLYPHS = {"closed": "✓", "tombstone": "✓", "in_progress": "▶", "hooked": "▶", "unknown": "?", "blocked": "◌"}
_INDICATORS = {
    "complete": ("✓", Tone.GOOD),
    "active": ("●", Tone.GOOD),
    "stale": ("◐", Tone.AMBER),
    "stuck": ("!", Tone.WARM),
    "waiting": ("○", Tone.DIM),
    "empty": ("∅", Tone.DIM),
    "unknown": ("?", Tone.AMBER),
    "closed": ("×", Tone.DIM),
}
"""Glyph and tone of each word for how a convoy fares."""


class ConvoyView(msgspec.Struct, frozen=True, kw_only=True):
    """One convoy, ready to be shown."""

    number: int
    """Its place among the open ones, the oldest 1; 0 when it is closed."""
    id: str
    title: str
    status: str
    """Of its bead: `open` or `closed`."""
    card: Card
    owner: str = ""
    notify: tuple[str, ...] = ()
    created_at: str = ""
    closed_at: str = ""
    age: str = ""
    """Of the newest activity, or of the convoy itself when nobody works on it."""
    tones: tuple[str, Tone] = ("○", Tone.DIM)

    def line(self) -> str:
        """One line: how it fares, how far it is, what it is called."""
        number = f"{self.number:>2}" if self.number else "  "
        glyph, word = self.tones[0], self.card.indicator
        far = f"{self.card.done}/{self.card.total}"
        return f"{number} {glyph} {word:<8} {bar(self.card)} {far:>5}  {self.age:>4}  {self.id}  {self.title}"

    def tree(self) -> str:
        """The convoy with what it tracks, one line a bead."""
        lines = [f"{self.tones[0]} {self.title} ({self.card.done}/{self.card.total}) {self.card.indicator}  {self.id}"]
        last = len(self.card.tracked) - 1
        for number, each in enumerate(self.card.tracked):
            lines.append(f"{'└─' if number == last else '├─'} {tracked_line(each)}")
        return "\n".join(lines)

    def data(self) -> dict[str, Any]:
        """The shape programs read: `completed` and `done` are the same number."""
        tracked = [
            {
                "id": each.id,
                "title": each.title,
                "status": each.status,
                "assignee": each.assignee,
                "worker": each.worker,
                "review": each.review,
                "active_at": each.active_at,
            }
            for each in self.card.tracked
        ]
        return {
            "id": self.id,
            "title": self.title,
            "status": self.status,
            "indicator": self.card.indicator,
            "tracked": tracked,
            "completed": self.card.done,
            "done": self.card.done,
            "total": self.card.total,
            "unknown": self.card.unknown,
            "owner": self.owner,
            "notify": list(self.notify),
            "created_at": self.created_at,
            "closed_at": self.closed_at or None,
            "active_at": self.card.since or None,
        }


def convoy_view(
    town: Town, convoy: Bead, now: datetime, *, number: int = 0, traffic: Traffic | None = None
) -> ConvoyView:
    """One convoy as it is shown."""
    card = convoy_card(town, convoy, now, traffic)
    newest = moment(card.since or convoy.closed_at or convoy.created_at)
    return ConvoyView(
        number=number,
        id=convoy.id,
        title=one_line(convoy.title, 120),
        status="closed" if convoy.is_closed else convoy.state,
        card=card,
        owner=one_line(convoy.owner or ""),
        notify=rules.notified(convoy),
        created_at=convoy.created_at,
        closed_at=convoy.closed_at or "",
        age=age_text(now - newest if newest else None),
        tones=_INDICATORS[card.indicator],
    )


def convoy_views(town: Town, now: datetime, *, closed: bool = False) -> tuple[ConvoyView, ...]:
    """The open convoys with their numbers, oldest first; then the closed ones, when wanted, newest first."""
    rolling, traffic = rules.in_order(town), Traffic(town)
    views = [convoy_view(town, convoy, now, number=number, traffic=traffic) for number, convoy in enumerate(rolling, 1)]
    if closed:
        over = [convoy for convoy in rules.in_order(town, closed=True) if convoy.is_closed]
        over.sort(key=lambda convoy: (convoy.closed_at or "", convoy.id), reverse=True)
        views += [convoy_view(town, convoy, now, traffic=traffic) for convoy in over]
    return tuple(views)


def bar(card: Card, width: int = 10) -> str:
    """How far a convoy is, as a bar; full only when everything is done."""
    if not card.total:
        return "▁" * width
    full = width if card.is_complete else min(width * card.done // card.total, width - 1)
    return "▇" * full + "▁" * (width - full)


def tracked_line(each: Tracked) -> str:
    """One tracked bead: how it stands, what it is, whose it is."""
    whose = f"  @{one_line(short(each.worker), 40)}" if each.worker and not each.is_done else ""
    review = f"  in review ({each.review})" if each.review and not each.is_done else ""
    title = "no ledger here has it" if each.is_unknown else cut(one_line(each.title), 80)
    glyph = _GLYPHS.get(each.status, "○")
    return f"{glyph} {one_line(each.id)}  {title}{review}{whose}"
