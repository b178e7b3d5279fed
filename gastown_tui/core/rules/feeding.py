"""Feeding: stranded work of convoys given to rigs that have room, where the town wants that done by itself."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gastown_tui.core.errors import NotFound, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import polecat
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import Address, BeadId, RigName
from gastown_tui.core.model.times import moment
from gastown_tui.core.rules import convoys, dispatch, hooks
from gastown_tui.core.rules.progress import tracked_ids

_WORKERS = "/polecats/"


class Stray(msgspec.Struct, frozen=True):
    """Work of a convoy that could begin at once, and the rig that has room for it."""

    convoy_id: BeadId
    bead_id: BeadId
    rig: RigName


def strays(town: Town, now: datetime) -> list[Stray]:
    """Stranded work to be given away, oldest convoy first; none where feeding is off.

    What waits in line comes before it. What is assigned to somebody who is no worker is theirs to begin.
    """
    if not town.settings.convoys.feed:
        return []
    taken = {hook.bead_id for hook in town.hooks().values()} | {each.bead_id for each in town.dispatches()}
    given = _places_promised(town)
    found: list[Stray] = []
    for convoy in convoys.in_order(town):
        for bead in _tracked(town, convoy):
            rig = town.rig_of(bead.id)
            if rig is None or bead.id in taken or not _has_room(town, rig, given) or not _may_begin(town, bead, now):
                continue
            given.add(polecat(rig, f"fed{len(found)}"))
            taken.add(bead.id)
            found.append(Stray(convoy.id, bead.id, rig))
    return found


def _tracked(town: Town, convoy: Bead) -> list[Bead]:
    return [bead for each in tracked_ids(convoy) if (bead := _known(town, each)) is not None]


def _known(town: Town, bead_id: str) -> Bead | None:
    try:
        return town.find(bead_id)
    except NotFound:
        return None


def _places_promised(town: Town) -> set[Address]:
    rigs = [RigName(waiting.target.partition("/")[0]) for waiting in dispatch.due(town)]
    return {polecat(rig, f"waiting{number}") for number, rig in enumerate(rigs)}


def _has_room(town: Town, rig: RigName, given: set[Address]) -> bool:
    return not town.rig(rig).paused and dispatch.busy(town, rig, given) < town.settings.rig(rig).capacity


def _may_begin(town: Town, bead: Bead, now: datetime) -> bool:
    later = moment(bead.defer_until) if bead.defer_until else None
    is_theirs = bool(bead.assignee) and _WORKERS not in (bead.assignee or "")
    if bead.state != "open" or bead.kind == "epic" or bead.pinned or is_theirs or (later is not None and later > now):
        return False
    try:
        hooks.hookable(town, bead.id)
    except Refused:
        return False
    return hooks.in_review(town, bead.id) is None
