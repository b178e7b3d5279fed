"""What happened to one bead: who did what when, and which fields went from what to what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.text import one_line
from gastown_tui.core.views.feed import short
from gastown_tui.core.views.tones import Tone

_ABOUT = ("bead_id", "ref_id", "previous_ref", "depends_on_id", "mr_id", "mol_id", "step_id", "convoy_id")
_TEXTS = frozenset({"description", "design", "acceptance_criteria", "notes", "metadata"})
_NAMES = {"issue_type": "type", "acceptance_criteria": "acceptance", "due_at": "due", "defer_until": "put off until"}
_LONGEST = 60
_UNSEEN = object()


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened."""

    at: str
    """The event's stamp."""
    who: str
    word: str
    tone: Tone = Tone.DIM
    text: str = ""
    bead_id: str = ""
    """Another bead it names."""


_Told = tuple[str, Tone, str, str]
"""Word, tone, text, another bead."""


def is_about(event: e.Event, bead_id: str) -> bool:
    """Whether an event names a bead."""
    return any(getattr(event.fact, name, "") == bead_id for name in _ABOUT)


def history(events: Iterable[e.Event], bead_id: str) -> tuple[Happened, ...]:
    """What the log says about a bead, the newest first.

    A change carries only the new value; the old one is what the events before it said, and is left out where they
    said nothing.
    """
    known: dict[str, Any] = {}
    told: list[Happened] = []
    for event in events:
        if is_about(event, bead_id):
            for word, tone, text, other in _told(event.fact, bead_id, known):
                told.append(
                    Happened(
                        at=event.timestamp,
                        who=short(event.actor),
                        word=word,
                        tone=tone,
                        text=one_line(text, 200),
                        bead_id=other,
                    )
                )
    return tuple(reversed(told))


def beginnings(bead: Bead) -> tuple[Happened, ...]:
    """What a bead itself says about its past, the newest first: all there is where the log begins later."""
    told = []
    if bead.closed_at:
        told.append(Happened(at=bead.closed_at, who="", word="closed", tone=Tone.GOOD, text=bead.close_reason or ""))
    if bead.started_at:
        told.append(Happened(at=bead.started_at, who="", word="started"))
    filed = Happened(at=bead.created_at, who=short(bead.created_by or ""), word="filed", tone=Tone.BRASS)
    return (*told, filed)


def _told(fact: e.Fact, bead_id: str, known: dict[str, Any]) -> Iterable[_Told]:
    if isinstance(fact, e.BeadCreated):
        known |= {"title": fact.title, "priority": fact.priority, "issue_type": fact.issue_type}
        known |= {"assignee": fact.assignee, "status": fact.status, "description": fact.description, **fact.fields}
        return [("filed", Tone.BRASS, fact.title, "")]
    if isinstance(fact, e.BeadUpdated):
        return [_changed(field, value, known) for field, value in fact.changes.items()]
    if isinstance(fact, e.BeadImported):
        return _taken_in(fact, known)
    if isinstance(fact, e.BeadAssigned):
        return [_changed("assignee", fact.assignee, known)]
    if isinstance(fact, e.BeadStatusChanged):
        known["status"] = fact.to_status
    if isinstance(fact, e.BeadClosed):
        known["status"] = "closed"
    if isinstance(fact, e.BeadReopened):
        known["status"] = "open"
    if isinstance(fact, e.DependencyAdded | e.DependencyRemoved):
        return [_edge(fact, bead_id)]
    say = _SAY.get(type(fact))
    return [say(fact)] if say is not None else []


_IMPORTED = ("title", "status", "priority", "issue_type", "assignee", "description", "design", "notes")


def _taken_in(fact: e.BeadImported, known: dict[str, Any]) -> list[_Told]:
    """What another program changed in the file; the first time, all it says is news."""
    try:
        line = msgspec.json.decode(fact.line)
    except msgspec.DecodeError:
        line = {}
    said = {field: line.get(field) for field in _IMPORTED} if isinstance(line, dict) else {}
    changed = [field for field, value in said.items() if field in known and (known[field] or None) != (value or None)]
    told = [("taken in", Tone.DIM, "as another program wrote it", "")] if not changed else []
    told += [_changed(field, said[field], known) for field in changed]
    known |= said
    return told


def _changed(field: str, value: Any, known: dict[str, Any]) -> _Told:
    before = known.get(field, _UNSEEN)
    known[field] = value
    name = _NAMES.get(field, field.replace("_", " "))
    if field in _TEXTS:
        was_empty = before is None or before == ""
        return name, Tone.DIM, "taken away" if not value else "written" if was_empty else "rewritten", ""
    now = _shown(field, value)
    return name, Tone.INK, now and f"→ {now}" if before is _UNSEEN else f"{_shown(field, before)} → {now}", ""


def _shown(field: str, value: Any) -> str:
    if value is None or value == "":
        return "none"
    if field == "assignee":
        return short(str(value))
    return f"P{value}" if field == "priority" else one_line(str(value), _LONGEST)


def _edge(fact: e.DependencyAdded | e.DependencyRemoved, bead_id: str) -> _Told:
    added = isinstance(fact, e.DependencyAdded)
    kind = fact.dependency_type if isinstance(fact, e.DependencyAdded) else ""
    outward = fact.bead_id == bead_id
    other = fact.depends_on_id if outward else fact.bead_id
    words = _EDGE_WORDS.get(kind, (kind, kind)) if added else ("freed of", "frees")
    return words[not outward], Tone.DIM, other, other


_EDGE_WORDS = {
    "": ("needs", "needed by"),
    "blocks": ("needs", "needed by"),
    "parent-child": ("part of", "has part"),
    "tracks": ("tracks", "tracked by"),
}

_SAY: dict[type[e.Fact], Callable[[Any], _Told]] = {
    e.BeadStatusChanged: lambda fact: (
        "status",
        Tone.INK,
        f"{fact.from_status} → {fact.to_status}" + (f" · {fact.reason}" if fact.reason else ""),
        "",
    ),
    e.BeadClosed: lambda fact: ("closed", Tone.GOOD, fact.reason, ""),
    e.BeadReopened: lambda fact: ("reopened", Tone.AMBER, fact.reason or "", ""),
    e.BeadDeleted: lambda fact: ("deleted", Tone.AMBER, fact.reason, ""),
    e.BeadNoted: lambda fact: ("noted", Tone.DIM, fact.text, ""),
    e.BeadCommented: lambda fact: ("said", Tone.DIM, fact.text, ""),
    e.LabelAdded: lambda fact: ("label", Tone.DIM, f"+ {fact.label}", ""),
    e.LabelRemoved: lambda fact: ("label", Tone.DIM, f"- {fact.label}", ""),
    e.HookSet: lambda fact: ("slung", Tone.BRASS, f"to {short(fact.agent)}", ""),
    e.HookCleared: lambda fact: ("unhooked", Tone.DIM, f"{short(fact.agent)} {fact.reason}".rstrip(), ""),
    e.DispatchQueued: lambda fact: ("queued", Tone.AMBER, f"for {fact.target} {fact.reason}".rstrip(), ""),
    e.DispatchDropped: lambda fact: ("unqueued", Tone.DIM, fact.reason, ""),
    e.WorkExited: lambda fact: ("work done", Tone.GOOD, f"{short(fact.agent)} {fact.exit} {fact.note}".rstrip(), ""),
    e.AgentStarted: lambda fact: ("begun", Tone.GOOD, f"by {short(fact.agent)}", ""),
    e.AgentAsked: lambda fact: ("asked", Tone.WARM, fact.question, ""),
    e.AgentAnswered: lambda fact: ("answered", Tone.DIM, fact.answer, ""),
    e.MergeRequested: lambda fact: ("review", Tone.BRASS, f"→ {fact.target}", fact.mr_id),
    e.MergeMerged: lambda fact: ("merged", Tone.GOOD, f"→ {fact.target} {fact.commit[:8]}", fact.mr_id),
    e.MergeRejected: lambda fact: ("rejected", Tone.AMBER, fact.reason, fact.mr_id),
    e.MolStepStarted: lambda fact: ("step", Tone.GOOD, f"begun: {fact.step_id}", fact.step_id),
    e.MolStepCompleted: lambda fact: ("step", Tone.GOOD, f"done: {fact.step_id}", fact.step_id),
    e.MolCompleted: lambda fact: ("finished", Tone.GOOD, fact.summary, ""),
}
