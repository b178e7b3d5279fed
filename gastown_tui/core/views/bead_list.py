"""Every bead as a row of a list: what state it is in for people, and what a filter and an order look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import TOWN_TYPES, Bead
from gastown_tui.core.model.ids import BeadId, natural
from gastown_tui.core.model.times import moment, stamp
from gastown_tui.core.rules.readiness import Standing, free
from gastown_tui.core.views.tones import Tone


class Look(NamedTuple):
    """How a state is shown."""

    rank: int
    glyph: str
    tone: Tone
    word: str


LOOKS: Mapping[str, Look] = {
    "ready": Look(0, "○", Tone.INK, "ready"),
    "in_progress": Look(1, "◐", Tone.GOOD, "in progress"),
    "hooked": Look(1, "◐", Tone.GOOD, "hooked"),
    "waiting": Look(2, "●", Tone.DIM, "waiting"),
    "blocked": Look(2, "●", Tone.AMBER, "blocked"),
    "deferred": Look(3, "◌", Tone.DIM, "deferred"),
    "pinned": Look(4, "◆", Tone.DIM, "pinned"),
    "open": Look(4, "○", Tone.DIM, "open"),
    "closed": Look(6, "✓", Tone.DIM, "closed"),
}
"""The states people see, in the order of the list: what can be begun, what moves, what waits, what is over."""


def look_of(state: str) -> Look:
    """How a state is shown; one nobody knows keeps its own word."""
    return LOOKS.get(state) or Look(5, "·", Tone.DIM, state)


class BeadItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One bead in a list."""

    bead: Bead
    state: str
    """Its status, but for an open one whether it is `ready` or `waiting`."""
    ledger: str
    """The rig it belongs to; empty for the town's own."""
    created: str
    updated: str
    """Both in UTC to the second, so that they compare as text."""
    urgency: tuple[int, str, BeadId]
    """Its place among those of the same state."""
    words: str
    """What a plain word of a filter may stand in, in small letters."""

    @property
    def key(self) -> BeadId:
        """Its id."""
        return self.bead.id

    @property
    def is_town_work(self) -> bool:
        """Whether a town files it for itself: mail, convoys, merge requests have places of their own."""
        return self.bead.issue_type in TOWN_TYPES


class BeadItems:
    """Every bead as a row. Rows are made anew only for beads that changed, so reading again is cheap.

    Attributes:
        items: What the last reading gave, in no particular order.
    """

    def __init__(self) -> None:
        self.items: tuple[BeadItem, ...] = ()
        self._made: dict[BeadId, BeadItem] = {}
        self._ready = 0

    def read(self, town: Town, now: datetime) -> tuple[BeadItem, ...]:
        """Take in what changed."""
        shelves = [(name, ledger.beads.all()) for name, ledger in town.ledgers.items()]
        living = [bead for _, beads in shelves for bead in beads if bead.status != "tombstone"]
        standing = Standing(living)
        ready = {bead.id for bead in free(standing, now)}
        before, made = self._made, {}
        for name, beads in shelves:
            for bead in beads:
                if bead.status == "tombstone":
                    continue
                state = bead.status or "open"
                if state == "open":
                    state = "ready" if bead.id in ready else _held(bead, standing.blocked)
                item = before.get(bead.id)
                if item is None or item.bead is not bead or item.state != state:
                    item = _item(bead, state, name)
                made[bead.id] = item
        self._made, self.items = made, tuple(made.values())
        return self.items

    def state_of(self, bead: Bead) -> str:
        """The state people see of a bead."""
        item = self._made.get(bead.id)
        return item.state if item is not None else bead.state


def _held(bead: Bead, blocked: set[BeadId]) -> str:
    if bead.id in blocked:
        return "waiting"
    if bead.pinned:
        return "pinned"
    return "deferred" if bead.defer_until else "open"


def _item(bead: Bead, state: str, ledger: str) -> BeadItem:
    who = bead.assignee or ""
    labels = " ".join(bead.labels or ())
    words = f"{bead.id} {bead.title} {who} {labels} {bead.kind} {state} p{bead.priority} {ledger}".lower()
    created = comparable(bead.created_at)
    return BeadItem(
        bead=bead,
        state=state,
        ledger=ledger,
        created=created,
        updated=comparable(bead.updated_at),
        urgency=(bead.priority, created, bead.id),
        words=words,
    )


def comparable(text: str | None) -> str:
    """A stamp as UTC text to the second; empty when there is none that can be read."""
    if not text:
        return ""
    if text[-1] == "Z" and len(text) >= 20 and text[10] == "T":
        return text[:19]
    at = moment(text)
    return "" if at is None else stamp(at)[:19]


# ---------------------------------------------------------------------------------------------- order


def in_order(items: Iterable[BeadItem], order: str, *, backwards: bool = False) -> list[BeadItem]:
    """The rows in one of `ORDERS`."""
    found = ORDERS[order](items)
    return found[::-1] if backwards else found


def _by_state(items: Iterable[BeadItem]) -> list[BeadItem]:
    """What can be begun first; what is over last, the newest of it first."""
    living: dict[int, list[BeadItem]] = {}
    for item in items:
        living.setdefault(look_of(item.state).rank, []).append(item)
    over = living.pop(LOOKS["closed"].rank, [])
    ordered = [item for rank in sorted(living) for item in sorted(living[rank], key=attrgetter("urgency"))]
    return ordered + _newest(over)


def _newest(items: Iterable[BeadItem]) -> list[BeadItem]:
    return sorted(items, key=attrgetter("updated"), reverse=True)


def _by_priority(items: Iterable[BeadItem]) -> list[BeadItem]:
    return sorted(_by_state(items), key=lambda item: item.bead.priority)


def _youngest(items: Iterable[BeadItem]) -> list[BeadItem]:
    return sorted(items, key=attrgetter("created"), reverse=True)


def _by_id(items: Iterable[BeadItem]) -> list[BeadItem]:
    return sorted(items, key=lambda item: natural(item.bead.id))


def _by_assignee(items: Iterable[BeadItem]) -> list[BeadItem]:
    return sorted(_by_state(items), key=lambda item: (not item.bead.assignee, item.bead.assignee or ""))


ORDERS: Mapping[str, Callable[[Iterable[BeadItem]], list[BeadItem]]] = {
    "state": _by_state,
    "priority": _by_priority,
    "updated": _newest,
    "created": _youngest,
    "id": _by_id,
    "assignee": _by_assignee,
}
"""The orders of the list, in the order a key goes through them."""
ORDER_WORDS: Mapping[str, str] = {
    "state": "ready first",
    "priority": "urgent first",
    "updated": "changed last first",
    "created": "newest first",
    "id": "by id",
    "assignee": "by assignee",
}
"""What each is called."""


def after(names: Iterable[str], one: str) -> str:
    """The name behind one, and the first behind the last."""
    every = tuple(names)
    return every[(every.index(one) + 1) % len(every)]
