"""Beads on a board: the same rows, dealt out into columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from gastown_tui.core.views.bead_list import BeadItem, look_of
from gastown_tui.core.views.feed import short
from gastown_tui.core.views.tones import Tone


class BoardColumn(msgspec.Struct, frozen=True, kw_only=True):
    """One column."""

    key: str
    title: str
    glyph: str = ""
    tone: Tone = Tone.BRASS
    items: Sequence[BeadItem] = ()


_STATES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("ready", "Ready", ("ready",)),
    ("in_progress", "In progress", ("in_progress", "hooked")),
    ("waiting", "Waiting", ("waiting", "blocked")),
    ("deferred", "Put off", ("deferred", "pinned", "open")),
    ("closed", "Closed", ("closed",)),
)
_ALWAYS = frozenset({"ready", "in_progress", "waiting", "closed"})
_PRIORITIES = {0: "P0 critical", 1: "P1 high", 2: "P2 normal", 3: "P3 low", 4: "P4 backlog"}


def columns(items: Iterable[BeadItem], by: str) -> tuple[BoardColumn, ...]:
    """The rows dealt out by one of `GROUPINGS`, each column in the order of the rows."""
    return GROUPINGS[by](items)


def _dealt(items: Iterable[BeadItem], key: Callable[[BeadItem], str]) -> dict[str, list[BeadItem]]:
    dealt: dict[str, list[BeadItem]] = {}
    for item in items:
        dealt.setdefault(key(item), []).append(item)
    return dealt


def _by_state(items: Iterable[BeadItem]) -> tuple[BoardColumn, ...]:
    dealt = _dealt(items, lambda item: item.state)
    found: list[BoardColumn] = []
    for key, title, states in _STATES:
        own = [item for state in states for item in dealt.pop(state, ())]
        if own or key in _ALWAYS:
            look = look_of(key)
            found.append(BoardColumn(key=key, title=title, glyph=look.glyph, tone=look.tone, items=own))
    # Statuses of people's own stand before what is over.
    others = [BoardColumn(key=key, title=key, glyph="·", items=dealt[key]) for key in sorted(dealt)]
    return (*found[:-1], *others, found[-1])


def _by_assignee(items: Iterable[BeadItem]) -> tuple[BoardColumn, ...]:
    dealt = _dealt(items, lambda item: item.bead.assignee or "")
    nobody = BoardColumn(key="", title="nobody", glyph="○", items=dealt.pop("", []))
    # Whoever has most to do first; what is over counts for less than anything open.
    names = sorted(dealt, key=lambda name: (-sum(item.state != "closed" for item in dealt[name]), name))
    return (nobody, *(BoardColumn(key=name, title=short(name), glyph="●", items=dealt[name]) for name in names))


def _by_kind(items: Iterable[BeadItem]) -> tuple[BoardColumn, ...]:
    dealt = _dealt(items, lambda item: item.bead.kind)
    names = sorted(dealt, key=lambda name: (-len(dealt[name]), name))
    return tuple(BoardColumn(key=name, title=name, items=dealt[name]) for name in names)


def _by_priority(items: Iterable[BeadItem]) -> tuple[BoardColumn, ...]:
    dealt = _dealt(items, lambda item: str(item.bead.priority))
    names = sorted({*dealt, *map(str, _PRIORITIES)}, key=int)
    title = {str(number): word for number, word in _PRIORITIES.items()}
    return tuple(BoardColumn(key=each, title=title.get(each, f"P{each}"), items=dealt.get(each, [])) for each in names)


GROUPINGS: Mapping[str, Callable[[Iterable[BeadItem]], tuple[BoardColumn, ...]]] = {
    "state": _by_state,
    "assignee": _by_assignee,
    "priority": _by_priority,
    "type": _by_kind,
}
"""What columns can stand for, in the order a key goes through them."""
