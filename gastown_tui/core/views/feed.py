"""The feed: what each event says to a person, in one word and a subject."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.model.ids import EventId
from gastown_tui.core.views.tones import Tone


class FeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the feed."""

    event_id: EventId
    at: str
    """The event's stamp; fronts show local time of day."""
    who: str
    """Short name of who did it."""
    word: str
    tone: Tone
    subject: str
    bead_id: str = ""
    agent: str = ""
    kind: str = ""
    """The event type, for filters."""


def short(address: str) -> str:
    """An address as people say it: `api/nux` for workers and crew, the rest as spelled."""
    pieces = address.split("/")
    return f"{pieces[0]}/{pieces[2]}" if len(pieces) == 3 else address


_Words = tuple[str, Tone, str, str, str]
"""Word, tone, subject, bead, agent."""

_Say = Callable[[Any], _Words | None]


def _bead(word: str, tone: Tone, more: Callable[[Any], str] = lambda fact: "") -> _Say:
    return lambda fact: (word, tone, f"{fact.bead_id} {more(fact)}".rstrip(), fact.bead_id, "")


def _agent(word: str, tone: Tone, more: Callable[[Any], str] = lambda fact: "") -> _Say:
    def say(fact: Any) -> _Words:
        bead = str(getattr(fact, "bead_id", "") or getattr(fact, "hooked_bead", ""))
        return word, tone, f"{short(fact.agent)} {more(fact)}".rstrip(), bead, fact.agent

    return say


def _merge(word: str, tone: Tone, more: Callable[[Any], str]) -> _Say:
    return lambda fact: (word, tone, more(fact), str(getattr(fact, "bead_id", "") or fact.mr_id), "")


def _exit(fact: e.WorkExited) -> _Words:
    words = {"COMPLETED": ("done", Tone.GOOD), "ESCALATE": ("escalated", Tone.WARM)}
    word, tone = words.get(fact.exit, (fact.exit.lower(), Tone.AMBER))
    return word, tone, f"{fact.bead_id} {fact.note}".rstrip(), fact.bead_id, fact.agent


def _gate(fact: e.MergeGated) -> _Words:
    tone = Tone.GOOD if fact.outcome == "pass" else Tone.AMBER
    return f"gate {fact.outcome}", tone, f"{fact.mr_id} in {fact.duration_s:.0f}s", str(fact.mr_id), ""


def _hooked(fact: e.HookSet) -> _Words:
    return "slung", Tone.BRASS, f"{fact.ref_id} → {short(fact.agent)}", fact.ref_id, fact.agent


def _unhooked(fact: e.HookCleared) -> _Words | None:
    if fact.to_status in {"closed", "in_progress"}:
        return None
    return "unhooked", Tone.DIM, f"{fact.previous_ref} {fact.reason}".rstrip(), fact.previous_ref, fact.agent


def _mail(fact: e.MailSent) -> _Words:
    to = fact.to_text or ", ".join(short(each) for each in fact.to)
    return "mail", Tone.BLUE, f"→ {to}: {fact.subject}", fact.bead_id, ""


def _status(fact: e.BeadStatusChanged) -> _Words:
    return fact.to_status, Tone.DIM, fact.bead_id, fact.bead_id, ""


def _working(fact: e.AgentWorking) -> _Words | None:
    if not fact.note:
        return None
    return "works", Tone.GOOD, f"{short(fact.agent)} {fact.note}", fact.bead_id, fact.agent


_SAY: dict[type[e.Fact], _Say] = {
    e.BeadCreated: _bead("filed", Tone.BRASS, lambda fact: fact.title),
    e.BeadStatusChanged: _status,
    e.BeadClosed: _bead("closed", Tone.GOOD, lambda fact: fact.reason),
    e.BeadReopened: _bead("reopened", Tone.AMBER),
    e.BeadDeleted: _bead("deleted", Tone.DIM),
    e.BeadCommented: _bead("comment", Tone.DIM, lambda fact: fact.text),
    e.BeadImported: _bead("imported", Tone.DIM),
    e.LinesQuarantined: lambda fact: ("damaged", Tone.WARM, f"{fact.count} lines of {fact.file} put aside", "", ""),
    e.HookSet: _hooked,
    e.HookCleared: _unhooked,
    e.DispatchQueued: _bead("waits", Tone.AMBER, lambda fact: f"for {fact.target}: {fact.reason}"),
    e.WorkExited: _exit,
    e.WorktreeRescued: _agent("rescued", Tone.AMBER, lambda fact: fact.ref),
    e.AgentStarted: _agent("started", Tone.GOOD, lambda fact: fact.hooked_bead),
    e.AgentWorking: _working,
    e.AgentAsked: _agent("asks", Tone.WARM, lambda fact: fact.question),
    e.AgentAnswered: _agent("answered", Tone.BRASS, lambda fact: fact.answer),
    e.AgentStuck: _agent("stuck", Tone.WARM, lambda fact: fact.reason),
    e.AgentHandedOff: _agent("hand-off", Tone.AMBER, lambda fact: fact.note),
    e.AgentNudged: _agent("nudged", Tone.AMBER, lambda fact: fact.reason),
    e.AgentStopped: _agent("stopped", Tone.DIM, lambda fact: fact.reason),
    e.MailSent: _mail,
    e.NudgeQueued: _agent("nudge", Tone.AMBER, lambda fact: fact.text),
    e.NudgeStranded: lambda fact: ("stranded", Tone.WARM, f"nudge: {fact.reason}", "", ""),
    e.EscalationRaised: lambda fact: ("escalated", Tone.WARM, fact.text, fact.bead_id, fact.agent),
    e.ConvoyLanded: lambda fact: ("landed", Tone.GOOD, str(fact.convoy_id), str(fact.convoy_id), ""),
    e.MergeRequested: _merge("review", Tone.BRASS, lambda fact: f"{fact.bead_id} → {fact.target}"),
    e.MergeGated: _gate,
    e.MergeFailed: _merge("returned", Tone.AMBER, lambda fact: f"{fact.mr_id} {fact.kind}: {fact.detail}"),
    e.MergeMerged: _merge("merged", Tone.GOOD, lambda fact: f"{fact.bead_id} → {fact.target} {fact.commit[:8]}"),
    e.MergeRejected: _merge("rejected", Tone.AMBER, lambda fact: f"{fact.mr_id} {fact.reason}"),
    e.MolStepCompleted: lambda fact: ("step done", Tone.GOOD, str(fact.step_id), str(fact.step_id), ""),
    e.MolCompleted: lambda fact: ("finished", Tone.GOOD, str(fact.mol_id), str(fact.mol_id), ""),
    e.TownStarted: lambda fact: ("started", Tone.GOOD, "the town", "", ""),
    e.TownStopped: lambda fact: ("stopped", Tone.DIM, f"the town {fact.reason}".rstrip(), "", ""),
    e.RigAdded: lambda fact: ("rig", Tone.BRASS, f"{fact.rig} ({fact.prefix}-)", "", ""),
    e.PatrolWarned: lambda fact: ("warning", Tone.AMBER, f"{fact.subject}: {fact.text}", "", ""),
}


def feed_row(event: e.Event) -> FeedRow | None:
    """One event as a line; None when it says nothing to a person."""
    say = _SAY.get(type(event.fact))
    words = say(event.fact) if say else None
    if words is None:
        return None
    word, tone, subject, bead_id, agent = words
    if agent == event.actor:
        subject = subject.removeprefix(short(agent)).strip()
    return FeedRow(
        event_id=event.event_id,
        at=event.timestamp,
        who=short(event.actor),
        word=word,
        tone=tone,
        subject=" ".join(subject.split()),
        bead_id=bead_id,
        agent=agent,
        kind=event.event_type,
    )


def feed(events: Iterable[e.Event], *, limit: int = 500) -> tuple[FeedRow, ...]:
    """The newest lines of the feed, newest first."""
    rows = [row for event in events if (row := feed_row(event)) is not None]
    return tuple(reversed(rows[-limit:]))
