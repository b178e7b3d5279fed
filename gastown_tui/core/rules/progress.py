"""How far convoys are: what they track, who moved last, and the one word for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from gastown_tui.core.errors import NotFound
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import Address, BeadId
from gastown_tui.core.model.settings import ConvoySettings
from gastown_tui.core.model.times import moment
from gastown_tui.core.model.town import Hook, MergeRequest

KIND = "convoy"
TRACKS = "tracks"


class Tracked(msgspec.Struct, frozen=True, kw_only=True):
    """One bead a convoy tracks."""

    id: BeadId
    title: str = ""
    status: str = "unknown"
    """The bead's status; `unknown` when no ledger of the town has it."""
    assignee: str = ""
    worker: str = ""
    """Who holds it, or whose it is."""
    review: str = ""
    """State of its open merge request."""
    active_at: str = ""
    """When its own worker, or its merge request, last moved."""

    @property
    def is_done(self) -> bool:
        """Nothing is left to do: closed, or deleted for good."""
        return self.status in {"closed", "tombstone"}

    @property
    def is_unknown(self) -> bool:
        """It keeps the convoy from landing until somebody takes it out."""
        return self.status == "unknown"


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """How far one convoy is."""

    indicator: str
    """`complete active stale stuck waiting`, or `empty`, `closed`, `unknown`: only ids no ledger has are left."""
    tracked: tuple[Tracked, ...] = ()
    since: str = ""
    """The newest activity of the workers of its unfinished beads; empty when nobody works."""

    @property
    def total(self) -> int:
        """How many beads it tracks."""
        return len(self.tracked)

    @property
    def done(self) -> int:
        """How many of them are closed."""
        return sum(each.is_done for each in self.tracked)

    @property
    def unknown(self) -> int:
        """How many of them no ledger has."""
        return sum(each.is_unknown for each in self.tracked)

    @property
    def is_complete(self) -> bool:
        """Everything is done, and there was something to do."""
        return bool(self.tracked) and self.done == self.total


class Traffic:
    """What moves in a town, by bead: one reading serves many convoys.

    Attributes:
        hooks: Hooks by the bead that hangs there.
        merges: Open merge requests by the bead they are for.
    """

    def __init__(self, town: Town) -> None:
        self.hooks: Mapping[BeadId, Hook] = {hook.bead_id: hook for hook in town.hooks().values()}
        every = (merge for ledger in town.ledgers.values() for merge in ledger.registers.merges.values())
        self.merges: Mapping[BeadId, MergeRequest] = {merge.bead_id: merge for merge in every if merge.is_open}


def convoy_card(town: Town, convoy: Bead, now: datetime, traffic: Traffic | None = None) -> Card:
    """Read how far a convoy is; `traffic` spares looking for it again when many are read."""
    beads = {bead_id: _any_bead(town, bead_id) for bead_id in tracked_ids(convoy)}
    if traffic is None and any(bead is not None and not bead.is_closed for bead in beads.values()):
        traffic = Traffic(town)
    tracked = tuple(_tracked(town, bead_id, bead, traffic) for bead_id, bead in beads.items())
    since = max((each.active_at for each in tracked if not each.is_done), default="")
    card = Card(indicator="", tracked=tracked, since=since)
    return msgspec.structs.replace(card, indicator=_indicator(convoy, card, town.settings.convoys, now))


def tracked_ids(convoy: Bead) -> tuple[BeadId, ...]:
    """What a convoy tracks, in the order it was added. `external:RIG:ID` of older files reads as the id."""
    ids = (BeadId(edge.depends_on_id.rpartition(":")[2]) for edge in convoy.needs if edge.type == TRACKS)
    return tuple(dict.fromkeys(ids))


def is_finished(town: Town, convoy: Bead) -> bool:
    """Whether everything a convoy tracks is closed, and it tracks something."""
    beads = [_any_bead(town, bead_id) for bead_id in tracked_ids(convoy)]
    return bool(beads) and all(bead is not None and bead.is_closed for bead in beads)


def _tracked(town: Town, bead_id: BeadId, bead: Bead | None, traffic: Traffic | None) -> Tracked:
    if bead is None:
        return Tracked(id=bead_id)
    if bead.is_closed or traffic is None:
        whose = bead.assignee or ""
        return Tracked(id=bead_id, title=bead.title, status=bead.state, assignee=whose, worker=whose)
    hook, merge = traffic.hooks.get(bead_id), traffic.merges.get(bead_id)
    worker = hook.agent if hook else bead.assignee or ""
    seen = [hook.since if hook else "", merge.since if merge else ""]
    if worker:
        agent = town.agent(Address(worker))
        seen += [town.last_event(worker), agent.since if agent and agent.bead_id == bead_id else ""]
    return Tracked(
        id=bead_id,
        title=bead.title,
        status=bead.state,
        assignee=bead.assignee or "",
        worker=worker,
        review=merge.state if merge else "",
        active_at=max(seen),
    )


def _any_bead(town: Town, bead_id: BeadId) -> Bead | None:
    """A bead, deleted ones too; None when no ledger has it."""
    try:
        return town.ledgers[town.ledger_of(bead_id)].beads.get(bead_id)
    except (NotFound, KeyError):
        return None


def _indicator(convoy: Bead, card: Card, settings: ConvoySettings, now: datetime) -> str:
    if card.is_complete:
        return "complete"
    if convoy.is_closed:
        return "closed"
    if not card.tracked:
        return "empty"
    newest = moment(card.since)
    if newest is None:
        return "unknown" if card.done + card.unknown == card.total else "waiting"
    age_s = max(0.0, (now - newest).total_seconds())
    if age_s < settings.active_s:
        return "active"
    return "stale" if age_s < settings.stale_s else "stuck"
