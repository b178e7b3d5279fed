"""How well work goes, judged from events alone."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.events import Event
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.times import epoch_ns
from gastown_tui.core.rules.readiness import FAILURE_WORDS

_HOUR_NS = 3_600_000_000_000
_SECOND_NS = 1_000_000_000
RESPONSE_LIMIT_S = 30.0
"""An agent that lets work hang longer than this before it moves has broken propulsion."""


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """What became of work."""

    created: int = 0
    done: int = 0
    failed: int = 0
    """Closed with a reason that says so."""
    abandoned: int = 0
    """Deleted."""
    reopened: int = 0

    @property
    def rate(self) -> float:
        """The part of what ended that was done; 1 when nothing ended."""
        ended = self.done + self.failed + self.abandoned
        return self.done / ended if ended else 1.0


def completion(events: Iterable[Event]) -> Completion:
    """Count how beads ended; of one closed several times the last closing counts."""
    created = abandoned = reopened = 0
    closed: dict[BeadId, bool] = {}
    for event in events:
        match event.fact:
            case e.BeadCreated():
                created += 1
            case e.BeadClosed(bead_id=bead_id, reason=reason):
                closed[bead_id] = not any(word in reason.lower() for word in FAILURE_WORDS)
            case e.BeadReopened(bead_id=bead_id):
                reopened += 1
                closed.pop(bead_id, None)
            case e.BeadDeleted(bead_id=bead_id):
                abandoned += 1
                closed.pop(bead_id, None)
    done = sum(closed.values())
    return Completion(created=created, done=done, failed=len(closed) - done, abandoned=abandoned, reopened=reopened)


class Throughput(msgspec.Struct, frozen=True, kw_only=True):
    """How fast work goes."""

    closed: int
    merged: int
    hours: float
    """Between the first and the last event looked at."""
    lead_hours: float
    """Median time from filing to closing; 0 when nothing was both filed and closed."""

    @property
    def per_hour(self) -> float:
        """Beads closed an hour."""
        return self.closed / self.hours if self.hours else 0.0


def throughput(events: Iterable[Event]) -> Throughput:
    """Measure how many beads were closed and how long each took."""
    filed: dict[BeadId, int] = {}
    lead: dict[BeadId, int] = {}
    closed = merged = 0
    first = last = 0
    for event in events:
        at = epoch_ns(event.timestamp) or 0
        first, last = first or at, max(last, at)
        match event.fact:
            case e.BeadCreated(bead_id=bead_id):
                filed[bead_id] = at
            case e.BeadClosed(bead_id=bead_id):
                closed += 1
                if bead_id in filed:
                    lead[bead_id] = at - filed[bead_id]
            case e.MergeMerged():
                merged += 1
    middle = median(lead.values()) / _HOUR_NS if lead else 0.0
    return Throughput(closed=closed, merged=merged, hours=(last - first) / _HOUR_NS, lead_hours=middle)


class Propulsion(msgspec.Struct, frozen=True, kw_only=True):
    """Whether agents run what hangs on their hooks."""

    hooked: int
    answered: int
    """Hooks whose agent did something of its own before they were cleared."""
    median_s: float
    slow: tuple[str, ...]
    """Agents and beads that took longer than the limit, or never moved."""


def propulsion(events: Iterable[Event]) -> Propulsion:
    """Measure the time from work being hung on a hook to its agent's first act."""
    waiting: dict[str, tuple[BeadId, int]] = {}
    times: list[float] = []
    slow: list[str] = []
    hooked = 0
    for event in events:
        at = epoch_ns(event.timestamp) or 0
        if event.actor in waiting and not isinstance(event.fact, e.HookSet):
            bead_id, since = waiting.pop(event.actor)
            seconds = (at - since) / _SECOND_NS
            times.append(seconds)
            if seconds > RESPONSE_LIMIT_S:
                slow.append(f"{event.actor}: {bead_id} waited {seconds:.0f}s")
        if isinstance(event.fact, e.HookSet):
            hooked += 1
            waiting[event.fact.agent] = (event.fact.ref_id, at)
        elif isinstance(event.fact, e.HookCleared):
            waiting.pop(event.fact.agent, None)
    slow += [f"{agent}: {bead_id} has not been touched" for agent, (bead_id, _) in sorted(waiting.items())]
    return Propulsion(hooked=hooked, answered=len(times), median_s=median(times) if times else 0.0, slow=tuple(slow))
