"""In what order ready work is handed out, and whose rules say so."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import shown
from gastown_tui.core.model.outline import Outline
from gastown_tui.core.model.times import epoch_ns, stamp

OVER = frozenset({"closed", "pinned", "tombstone"})
"""Statuses that block nothing by the 1.0 rules."""
_LAST = 2**31
_HYBRID_RECENT = timedelta(hours=48)
_ZONES = timedelta(days=2)
"""Further apart than this, two stamps are in the order of their days, whatever their time zones."""
_FAR_PAST, _FAR_FUTURE = -1e18, 1e18
_NEVER = "~"
"""After every day."""

AnyBead = TypeVar("AnyBead", Bead, Outline)
"""Readiness is judged of whole beads and of outlines alike."""


class Compat(StrEnum):
    """Which generation's rules apply."""

    JSONL = "0.49"
    LATER = "1.0"


def parse_compat(text: str) -> Compat:
    """A generation by its number.

    Raises:
        BadInput: no rules of that generation are known.
    """
    if text not in tuple(Compat):
        raise BadInput(f"no rules of generation {shown(text)} are known", hint=f"one of {', '.join(Compat)}")
    return Compat(text)


class Policy(StrEnum):
    """In what order ready work is handed out."""

    HYBRID = "hybrid"
    """What was filed in the last two days by priority, then the rest by age."""
    PRIORITY = "priority"
    OLDEST = "oldest"


def parse_policy(text: str) -> Policy:
    """A policy by its name.

    Raises:
        BadInput: there is none of that name.
    """
    if text not in tuple(Policy):
        raise BadInput(f"invalid sort policy {shown(text)}. Valid values: hybrid, priority, oldest")
    return Policy(text)


def in_order(
    beads: list[AnyBead], policy: Policy, now: datetime, *, compat: Compat = Compat.JSONL, limit: int = 0
) -> list[AnyBead]:
    """Beads in the order of a policy, at most `limit` of them; 0: all. Ties are broken by id."""
    if policy is Policy.PRIORITY:
        backwards = compat is Compat.LATER
        keyed = [((each.priority, age(each, backwards=backwards), each.id), each) for each in beads]
    elif policy is Policy.OLDEST:
        keyed = [((0, age(each), each.id), each) for each in _oldest(beads, limit)]
    else:
        recent = (now - _HYBRID_RECENT).timestamp()
        early = stamp(now - _HYBRID_RECENT - _ZONES)[:10]
        aged = [(age(each), each) for each in _oldest(beads, limit, early)]
        keyed = [((each.priority if age[0] >= recent else _LAST, age, each.id), each) for age, each in aged]
    keyed.sort(key=_first)
    return [each for _, each in (keyed[:limit] if limit > 0 else keyed)]


def _first(keyed: tuple[Any, Any]) -> Any:
    return keyed[0]


def _oldest(beads: list[AnyBead], limit: int, recent: str = _NEVER) -> list[AnyBead]:
    """All of the `limit` oldest beads, all of a recent day or later, and some more.

    Told by the day alone, which costs little to read.
    """
    if not 0 < limit < len(beads):
        return beads
    days: dict[str, list[AnyBead]] = defaultdict(list)
    for each in beads:
        days[(each.created_at or "")[:10]].append(each)
    place, left = "", limit
    for place in sorted(days):
        left -= len(days[place])
        if left <= 0:
            break
    try:
        last = (datetime.fromisoformat(place) + _ZONES).isoformat()[:10]
    except (ValueError, OverflowError):
        return beads
    return [each for day, filed in days.items() if day <= last or day >= recent for each in filed]


def age(each: Bead | Outline, *, backwards: bool = False) -> tuple[float, str]:
    """When a bead was filed, as something that sorts: seconds, then the digits a float does not hold."""
    text = each.created_at or ""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError(text)
        seconds = at.timestamp()
    except (ValueError, OverflowError):
        nanoseconds = epoch_ns(text)
        seconds = nanoseconds / 1e9 if nanoseconds is not None else _FAR_FUTURE if text else _FAR_PAST
    return (-seconds, text[19:]) if backwards else (seconds, text[19:])
