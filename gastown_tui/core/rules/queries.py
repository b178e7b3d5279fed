"""Choosing and ordering beads: the filters of `list`, `search`, `count` and `export`, and their sort keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead, Dependency, parent_of
from gastown_tui.core.model.ids import BeadId, natural, shown
from gastown_tui.core.model.outline import OutlineEdge
from gastown_tui.core.model.times import epoch_ns, stamp
from gastown_tui.core.rules.expressions import reach
from gastown_tui.core.rules.ready_order import AnyBead

Claim: TypeAlias = Callable[[Any], bool]
"""Something that is true of a bead or not; of its outline too, where `can_outline` says so."""

HIDDEN = frozenset({"closed", "tombstone"})
"""Statuses a plain list leaves out."""
_PATTERN_LIMIT = 200
_LONG_AGO = -1e18


class Span(msgspec.Struct, frozen=True):
    """After one moment and before another; either may be missing. Stamps."""

    after: str = ""
    before: str = ""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which beads are wanted. Everything given must hold."""

    status: str = ""
    """One status, several with commas, or `all`; empty: what `hidden` leaves over."""
    hidden: frozenset[str] = frozenset()
    kind: str = ""
    priority: int | None = None
    priority_min: int | None = None
    priority_max: int | None = None
    assignee: str = ""
    no_assignee: bool = False
    labels: tuple[str, ...] = ()
    labels_any: tuple[str, ...] = ()
    without_labels: tuple[str, ...] = ()
    no_labels: bool = False
    label_pattern: str = ""
    label_regex: str = ""
    words: str = ""
    """In title, description or id."""
    title: str = ""
    description: str = ""
    notes: str = ""
    ids: tuple[str, ...] = ()
    spec: str = ""
    created: Span = Span()
    updated: Span = Span()
    closed: Span = Span()
    due: Span = Span()
    deferred: Span = Span()
    only_deferred: bool = False
    overdue: bool = False
    empty_description: bool = False
    pinned: bool | None = None
    parent: BeadId | None = None
    no_parent: bool = False
    mol_type: str = ""
    wisp_type: str = ""
    templates: bool = False
    gates: bool = False


def chosen(beads: Iterable[AnyBead], wanted: Filter, now: datetime) -> list[AnyBead]:
    """The beads a filter lets through, in the order they came.

    Raises:
        BadInput: the label expression is not one.
    """
    found = list(beads)
    for claim in _claims(wanted, now):
        found = [bead for bead in found if claim(bead)]
    return found


_OUTLINED = frozenset(
    {
        "status", "hidden", "kind", "priority", "priority_min", "priority_max", "assignee", "no_assignee", "labels",
        "labels_any", "without_labels", "no_labels", "label_pattern", "label_regex", "ids", "created", "deferred",
        "only_deferred", "pinned", "parent", "no_parent", "mol_type", "templates", "gates",
    }
)  # fmt: skip
"""What an outline can be asked."""
_OUTLINED_SORTS = ("", "priority", "status", "id", "type", "assignee", "created")


def can_outline(wanted: Filter, by: str) -> bool:
    """Whether outlines are enough to choose beads by a filter and to put them in an order."""
    anything = Filter()
    return by in _OUTLINED_SORTS and all(
        name in _OUTLINED or getattr(wanted, name) == getattr(anything, name) for name in Filter.__struct_fields__
    )


def _claims(wanted: Filter, now: datetime) -> list[Claim]:
    return [
        *_state_claims(wanted),
        *_people_claims(wanted),
        *_label_claims(wanted),
        *_text_claims(wanted),
        *_time_claims(wanted, now),
    ]


def _state_claims(wanted: Filter) -> list[Claim]:
    claims: list[Claim] = []
    if wanted.status == "all":
        claims.append(lambda bead: bead.state != "tombstone")
    elif wanted.status:
        statuses = {each.strip() for each in wanted.status.split(",")}
        claims.append(lambda bead: bead.state in statuses)
    elif wanted.hidden:
        claims.append(lambda bead: bead.state not in wanted.hidden)
    if wanted.kind:
        claims.append(lambda bead: bead.kind == wanted.kind)
    elif not wanted.gates:
        claims.append(lambda bead: bead.kind != "gate")
    if not wanted.templates:
        claims.append(lambda bead: not bead.is_template)
    if wanted.priority is not None:
        claims.append(lambda bead: bead.priority == wanted.priority)
    if (least := wanted.priority_min) is not None:
        claims.append(lambda bead: bead.priority >= least)
    if (most := wanted.priority_max) is not None:
        claims.append(lambda bead: bead.priority <= most)
    if wanted.pinned is not None:
        claims.append(lambda bead: bool(bead.pinned or bead.state == "pinned") is wanted.pinned)
    if wanted.mol_type:
        claims.append(lambda bead: bead.mol_type == wanted.mol_type)
    if wanted.wisp_type:
        claims.append(lambda bead: bead.wisp_type == wanted.wisp_type)
    if wanted.ids:
        claims.append(lambda bead: bead.id in wanted.ids)
    if wanted.no_parent:
        claims.append(lambda bead: all(edge.type != "parent-child" for edge in bead.needs))
    if wanted.parent is not None:
        claims.append(lambda bead: any(_is_under(edge, wanted.parent) for edge in bead.needs))
    return claims


def _is_under(edge: Dependency | OutlineEdge, parent: BeadId | None) -> bool:
    return edge.type == "parent-child" and edge.depends_on_id == parent


def _people_claims(wanted: Filter) -> list[Claim]:
    if wanted.no_assignee:
        return [lambda bead: not bead.assignee]
    return [lambda bead: bead.assignee == wanted.assignee] if wanted.assignee else []


def _label_claims(wanted: Filter) -> list[Claim]:
    claims: list[Claim] = []
    if wanted.labels:
        claims.append(lambda bead: all(each in (bead.labels or ()) for each in wanted.labels))
    if wanted.labels_any:
        claims.append(lambda bead: any(each in (bead.labels or ()) for each in wanted.labels_any))
    if wanted.without_labels:
        claims.append(lambda bead: not any(each in (bead.labels or ()) for each in wanted.without_labels))
    if wanted.no_labels:
        claims.append(lambda bead: not bead.labels)
    if wanted.label_pattern:
        claims.append(lambda bead: any(fnmatchcase(each, wanted.label_pattern) for each in bead.labels or ()))
    if wanted.label_regex:
        expression = _expression(wanted.label_regex)
        claims.append(lambda bead: any(expression(each) for each in bead.labels or ()))
    return claims


def _expression(text: str) -> Callable[[str], bool]:
    if len(text) > _PATTERN_LIMIT:
        raise BadInput(f"--label-regex is longer than {_PATTERN_LIMIT} characters")
    try:
        longest = reach(text).longest
    except BadInput as error:
        raise BadInput(f"--label-regex {shown(text)} {error.message}") from error
    expression = re.compile(text)

    def is_found(label: str) -> bool:
        if len(label) > longest:
            raise BadInput(f"the label {shown(label)} is too long for --label-regex: at most {longest} characters")
        return expression.search(label) is not None

    return is_found


def _text_claims(wanted: Filter) -> list[Claim]:
    claims: list[Claim] = []
    words = wanted.words.lower()
    if words:
        claims.append(
            lambda bead: (
                words in bead.title.lower() or words in (bead.description or "").lower() or words in bead.id.lower()
            )
        )
    for name, sought in (("title", wanted.title), ("description", wanted.description), ("notes", wanted.notes)):
        if sought:
            claims.append(_contains(name, sought.lower()))
    if wanted.empty_description:
        claims.append(lambda bead: not bead.description)
    if wanted.spec:
        claims.append(lambda bead: (bead.spec_id or "").startswith(wanted.spec))
    return claims


def _contains(name: str, sought: str) -> Claim:
    return lambda bead: sought in (getattr(bead, name) or "").lower()


def _time_claims(wanted: Filter, now: datetime) -> list[Claim]:
    claims: list[Claim] = []
    spans = (
        ("created_at", wanted.created),
        ("updated_at", wanted.updated),
        ("closed_at", wanted.closed),
        ("due_at", wanted.due),
        ("defer_until", wanted.deferred),
    )
    for name, span in spans:
        if span.after or span.before:
            claims.append(_within(name, epoch_ns(span.after), epoch_ns(span.before)))
    if wanted.only_deferred:
        claims.append(lambda bead: bool(bead.defer_until))
    if wanted.overdue:
        present = epoch_ns(stamp(now)) or 0
        claims.append(lambda bead: not bead.is_closed and (due := epoch_ns(bead.due_at)) is not None and due < present)
    return claims


def _within(name: str, after: int | None, before: int | None) -> Claim:
    def holds(bead: Bead) -> bool:
        at = epoch_ns(getattr(bead, name))
        return at is not None and (after is None or at > after) and (before is None or at < before)

    return holds


_DATES = {"created": "created_at", "updated": "updated_at", "closed": "closed_at"}
_PLAIN: dict[str, Callable[[Any], Any]] = {
    "priority": lambda bead: bead.priority,
    "status": lambda bead: bead.state,
    "id": lambda bead: natural(bead.id),
    "title": lambda bead: bead.title.lower(),
    "type": lambda bead: bead.kind,
    "assignee": lambda bead: (not bead.assignee, bead.assignee or ""),
}
SORTS = (*_PLAIN, *_DATES)


def ordered(beads: Sequence[AnyBead], by: str = "", *, reverse: bool = False, room: int = 0) -> list[AnyBead]:
    """Beads by a sort key, dates newest first; without one by priority, then newest first. Ties are broken by id.

    Where only the first few are wanted, `room` says how many; at least so many come back.

    Raises:
        BadInput: nothing is sorted by that.
    """
    if by and by not in SORTS:
        raise BadInput(f"invalid sort field {shown(by)}", hint=f"one of {', '.join(SORTS)}")
    if by in _DATES:
        name = _DATES[by]
        settled = sorted(beads, key=lambda bead: (-_seconds(getattr(bead, name)), bead.id))
    elif by:
        settled = sorted(beads, key=lambda bead: (_PLAIN[by](bead), bead.id))
    else:
        urgent = _most_urgent(beads, room) if room and not reverse else beads
        settled = sorted(urgent, key=lambda bead: (bead.priority, -_seconds(bead.created_at), bead.id))
    return settled[::-1] if reverse else settled


def _most_urgent(beads: Sequence[AnyBead], room: int) -> list[AnyBead]:
    """The beads of the highest priorities that fill the room; to read a priority is cheaper than to read a date."""
    by_priority: dict[int, list[AnyBead]] = {}
    for bead in beads:
        by_priority.setdefault(bead.priority, []).append(bead)
    found: list[AnyBead] = []
    for priority in sorted(by_priority):
        found += by_priority[priority]
        if len(found) >= room:
            break
    return found


def _seconds(text: str | None) -> float:
    """When a stamp was, to the quarter of a microsecond; long ago when it says nothing."""
    try:
        at = datetime.fromisoformat(text or "")
        if at.tzinfo is not None:
            return at.timestamp()
    except ValueError:
        pass
    nanoseconds = epoch_ns(text)
    return _LONG_AGO if nanoseconds is None else nanoseconds / 1e9


def stale(beads: Iterable[Bead], *, before: str, status: str = "") -> list[Bead]:
    """Unfinished beads nobody changed since a moment, the longest forgotten first."""
    limit = epoch_ns(before) or 0
    found = [
        (at, bead)
        for bead in beads
        if not bead.is_closed
        and not bead.ephemeral
        and (not status or bead.state == status)
        and (at := epoch_ns(bead.updated_at)) is not None
        and at < limit
    ]
    return [bead for _, bead in sorted(found, key=lambda pair: (pair[0], pair[1].id))]


class EpicProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an epic is."""

    epic: Bead
    total: int
    closed: int

    @property
    def is_eligible(self) -> bool:
        """It has children and all of them are closed."""
        return 0 < self.total == self.closed


def epics(town: Town, beads: Sequence[Bead]) -> list[EpicProgress]:
    """Every unclosed epic among the beads and how many of its children are closed, by priority and id."""
    totals: dict[BeadId, list[int]] = {bead.id: [0, 0] for bead in beads if bead.kind == "epic" and not bead.is_closed}
    for bead in town.beads():
        parent = parent_of(bead)
        if parent is not None and parent in totals:
            totals[parent][0] += 1
            totals[parent][1] += bead.is_closed
    known = {bead.id: bead for bead in beads}
    found = [EpicProgress(epic=known[each], total=total, closed=closed) for each, (total, closed) in totals.items()]
    return sorted(found, key=lambda progress: (progress.epic.priority, progress.epic.id))
