"""Beads as a list: what can be started first, then what moves, what waits, and what is over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import TOWN_TYPES, Bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.rules.readiness import Standing, is_free
from gastown_tui.core.views.tones import Tone


class BeadRow(msgspec.Struct, frozen=True, kw_only=True):
    """One bead in a list."""

    bead_id: BeadId
    title: str
    state: str
    """Its status, but `ready` when it is open and waits for nothing, `waits` when something holds it."""
    glyph: str
    tone: Tone
    kind: str
    priority: int
    assignee: str
    age: str
    """Since it was last changed."""


_LOOK: dict[str, tuple[int, str, Tone]] = {
    "ready": (0, "○", Tone.BRASS),
    "in_progress": (1, "◐", Tone.GOOD),
    "hooked": (1, "◐", Tone.GOOD),
    "waits": (2, "●", Tone.DIM),
    "blocked": (2, "●", Tone.AMBER),
    "deferred": (3, "❄", Tone.DIM),
    "closed": (5, "✓", Tone.DIM),
}


def bead_rows(town: Town, now: datetime) -> tuple[BeadRow, ...]:
    """Every living bead: ready, moving, waiting, closed; by priority and age inside each.

    What a town files for itself (convoys, merge requests, mail) has panes of its own and is left out there.
    """
    every = list(town.beads())
    standing = Standing(every)
    beads = [bead for bead in every if bead.kind not in TOWN_TYPES] if town.is_town else every
    ranked = []
    for bead in beads:
        state = _state(bead, standing, now)
        order, glyph, tone = _LOOK.get(state, (4, "·", Tone.DIM))
        ranked.append(((order, bead.priority, bead.created_at, bead.id), _row(bead, state, glyph, tone, now)))
    ranked.sort(key=lambda pair: pair[0])
    return tuple(row for _rank, row in ranked)


def ready_count(rows: Iterable[BeadRow]) -> int:
    """How many of the rows could be started."""
    return sum(row.state == "ready" for row in rows)


def _state(bead: Bead, standing: Standing[Bead], now: datetime) -> str:
    if bead.state != "open":
        return bead.state
    if is_free(bead, standing, now):
        return "ready"
    return "waits" if bead.id in standing.blocked else "deferred"


def _row(bead: Bead, state: str, glyph: str, tone: Tone, now: datetime) -> BeadRow:
    at = moment(bead.updated_at)
    return BeadRow(
        bead_id=bead.id,
        title=bead.title,
        state=state,
        glyph=glyph,
        tone=tone,
        kind=bead.kind,
        priority=bead.priority,
        assignee=bead.assignee or "",
        age=age_text(None if at is None else now - at),
    )
