"""One bead whole, for the page beside the list: its fields and texts, who holds it, and its neighbours by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from gastown_tui.core.errors import NotFound
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import Address, BeadId, natural
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.rules.readiness import BLOCKING
from gastown_tui.core.views.bead_history import Happened
from gastown_tui.core.views.feed import short

LONG = 80
"""Values of more characters are texts of their own."""
StateOf = Callable[[Bead], str]
"""The state people see of a bead (`views.bead_list`)."""


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """Another bead, as seen from one."""

    bead_id: BeadId
    title: str = ""
    state: str = ""
    """Empty when no ledger here has it."""
    priority: int = 0
    note: str = ""
    """The kind of edge, where that is not plain from where it stands."""

    @property
    def is_over(self) -> bool:
        """Nothing is left to do about it."""
        return self.state == "closed"


class Neighbours(msgspec.Struct, frozen=True, kw_only=True):
    """The neighbours of one kind."""

    name: str
    beads: tuple[Neighbour, ...]

    @property
    def over(self) -> int:
        """How many of them are closed."""
        return sum(each.is_over for each in self.beads)


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """Something said about the bead."""

    who: str
    age: str
    text: str


class When(msgspec.Struct, frozen=True, kw_only=True):
    """When something about the bead was, or will be."""

    name: str
    at: str
    """The stamp; fronts show local time."""
    note: str
    """How long ago or how soon that is, and by whom."""


class BeadDetail(msgspec.Struct, frozen=True, kw_only=True):
    """All there is about one bead."""

    bead: Bead
    state: str
    ledger: str
    holder: Address | None = None
    """The agent on whose hook it hangs."""
    held_for: str = ""
    times: tuple[When, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    """Name and value of what else is set."""
    texts: tuple[tuple[str, str], ...] = ()
    """Heading and text of what is written."""
    neighbours: tuple[Neighbours, ...] = ()
    remarks: tuple[Remark, ...] = ()
    history: tuple[Happened, ...] | None = None
    """None while it has not been read."""


def bead_detail(town: Town, bead_id: str, now: datetime, state_of: StateOf) -> BeadDetail:
    """Read one bead.

    Args:
        town: The ledgers.
        bead_id: Which.
        now: The moment ages are told at.
        state_of: How the list names a bead's state.

    Raises:
        NotFound: it is not there, or no longer.
    """
    bead = town.bead(bead_id)
    hook = town.holder(bead_id)
    return BeadDetail(
        bead=bead,
        state=state_of(bead),
        ledger=_ledger(town, bead_id),
        holder=hook.agent if hook is not None else None,
        held_for=_age(hook.since, now) if hook is not None else "",
        times=tuple(_times(bead, now)),
        fields=tuple(_fields(bead)),
        texts=tuple(_texts(bead)),
        neighbours=tuple(_neighbours(town, bead, state_of)),
        remarks=tuple(
            Remark(who=short(each.author), age=_age(each.created_at, now), text=each.text)
            for each in bead.comments or ()
        ),
    )


def _ledger(town: Town, bead_id: str) -> str:
    try:
        return town.ledger_of(bead_id)
    except NotFound:
        return ""


def _age(text: str | None, now: datetime) -> str:
    at = moment(text)
    return age_text(None if at is None else now - at)


def _times(bead: Bead, now: datetime) -> Iterable[When]:
    by = f" by {short(bead.created_by)}" if bead.created_by else ""
    for name, text, more in (
        ("filed", bead.created_at, by),
        ("changed", bead.updated_at, ""),
        ("started", bead.started_at, ""),
        ("closed", bead.closed_at, ""),
        ("due", bead.due_at, ""),
        ("put off until", bead.defer_until, ""),
    ):
        at = moment(text)
        if text:
            age = "" if at is None else f"in {age_text(at - now)}" if at > now else f"{age_text(now - at)} ago"
            yield When(name=name, at=text, note=age + more)


def _fields(bead: Bead) -> Iterable[tuple[str, str]]:
    if bead.assignee:
        yield "assignee", short(bead.assignee)
    if bead.close_reason and bead.is_closed:
        yield "because", bead.close_reason
    if bead.estimated_minutes:
        yield "estimate", f"{bead.estimated_minutes} min"
    for name, text in (
        ("owner", bead.owner),
        ("outside", bead.external_ref),
        ("spec", bead.spec_id),
        ("formula", bead.source_formula),
        ("waits on", " ".join(filter(None, (bead.await_type, bead.await_id)))),
    ):
        if text:
            yield name, text
    flags = [name for name in ("pinned", "ephemeral", "is_template") if getattr(bead, name)]
    if flags:
        yield "is", ", ".join(flag.removeprefix("is_") for flag in flags)
    yield from ((key, value) for key, value in _metadata(bead) if not _is_long(value))


def _metadata(bead: Bead) -> Iterable[tuple[str, str]]:
    told = bead.metadata if isinstance(bead.metadata, dict) else {}
    for key, value in told.items():
        yield str(key), value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _is_long(value: str) -> bool:
    return len(value) > LONG or "\n" in value


def _texts(bead: Bead) -> Iterable[tuple[str, str]]:
    for heading, text in (
        ("Description", bead.description),
        ("Design", bead.design),
        ("Acceptance", bead.acceptance_criteria),
        ("Notes", bead.notes),
    ):
        if text and text.strip():
            yield heading, text
    yield from ((key, value) for key, value in _metadata(bead) if _is_long(value))


_OUT = {"parent-child": "Part of", "tracks": "Tracks"}
_IN = {"parent-child": "Parts", "tracks": "Tracked by"}
_ORDER = ("Part of", "Waits for", "Holds up", "Parts", "Tracks", "Tracked by", "Related")


def _neighbours(town: Town, bead: Bead, state_of: StateOf) -> Iterable[Neighbours]:
    groups: dict[str, dict[BeadId, Neighbour]] = {name: {} for name in _ORDER}
    for edge in bead.needs:
        name = _OUT.get(edge.type, "Waits for" if edge.type in BLOCKING or not edge.type else "Related")
        _put(groups[name], town, edge.depends_on_id, edge.type, state_of)
    for other, kind in town.dependents(bead.id):
        name = _IN.get(kind, "Holds up" if kind in BLOCKING or not kind else "Related")
        _put(groups[name], town, other, kind, state_of)
    for name, beads in groups.items():
        if beads:
            yield Neighbours(name=name, beads=tuple(sorted(beads.values(), key=_open_first)))


_PLAIN = frozenset({"", "blocks", "parent-child", "tracks"})


def _put(group: dict[BeadId, Neighbour], town: Town, other: BeadId, kind: str, state_of: StateOf) -> None:
    if other in group:
        return
    note = "" if kind in _PLAIN else kind
    bead = town.find(other)
    if bead is None:
        group[other] = Neighbour(bead_id=other, note=note)
        return
    group[other] = Neighbour(bead_id=other, title=bead.title, state=state_of(bead), priority=bead.priority, note=note)


def _open_first(neighbour: Neighbour) -> tuple[bool, tuple[tuple[int, int, str], ...]]:
    return neighbour.is_over, natural(neighbour.bead_id)
