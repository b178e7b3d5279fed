"""Deleting beads: what goes with them, and what the beads that stay must forget."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import NotFound, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId

_TEXT_FIELDS = ("title", "description", "design", "acceptance_criteria", "notes")


class Deletion(msgspec.Struct, frozen=True, kw_only=True):
    """What deleting some beads takes with it."""

    beads: tuple[Bead, ...]
    outgoing: tuple[tuple[BeadId, BeadId, str], ...]
    """Edges of the deleted beads, as (from, to, type)."""
    incoming: tuple[tuple[BeadId, BeadId, str], ...]
    """Edges of others to them."""
    mentions: tuple[tuple[BeadId, dict[str, Any]], ...]
    """Neighbours whose text names a deleted bead, and the text without the name."""
    orphans: tuple[BeadId, ...]
    """Beads that stay and depended on one of them."""


def plan_deletion(town: Town, ids: Iterable[BeadId], *, cascade: bool = False) -> Deletion:
    """What would go if these beads were deleted.

    Args:
        town: The town.
        ids: Exact ids.
        cascade: Take everything that depends on them too.

    Raises:
        NotFound: some do not exist; the message names them.
    """
    wanted = list(dict.fromkeys(ids))
    missing = [each for each in wanted if town.find(each) is None]
    if missing:
        one = len(wanted) == 1
        raise NotFound(f"issue {missing[0]} not found" if one else f"issues not found: {', '.join(missing)}")
    doomed = {each: town.bead(each) for each in wanted}
    front = list(doomed) if cascade else []
    while front:
        for dependent, _ in town.dependents(front.pop()):
            if dependent not in doomed and (bead := town.find(dependent)) is not None:
                doomed[dependent] = bead
                front.append(dependent)
    outgoing = tuple((bead.id, edge.depends_on_id, edge.type) for bead in doomed.values() for edge in bead.needs)
    incoming = tuple(
        (dependent, each, type_)
        for each in doomed
        for dependent, type_ in town.dependents(each)
        if dependent not in doomed and town.find(dependent) is not None
    )
    neighbours = dict.fromkeys([*(each[0] for each in incoming), *(each[1] for each in outgoing)])
    mentions = []
    for neighbour in neighbours:
        bead = town.find(neighbour)
        if bead is not None and neighbour not in doomed and (texts := _without_mentions(bead, doomed)):
            mentions.append((neighbour, texts))
    return Deletion(
        beads=tuple(doomed.values()),
        outgoing=outgoing,
        incoming=incoming,
        mentions=tuple(mentions),
        orphans=tuple(dict.fromkeys(each[0] for each in incoming)),
    )


def _without_mentions(bead: Bead, doomed: Iterable[BeadId]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for field in _TEXT_FIELDS:
        before = after = getattr(bead, field) or ""
        for each in doomed:
            if each in after:
                after = re.sub(rf"(?<![\w.-]){re.escape(each)}(?![\w-]|\.\d)", f"[deleted:{each}]", after)
        if after != before:
            changed[field] = after
    return changed


def delete(town: Town, plan: Deletion, *, reason: str = "delete") -> tuple[Entry, ...]:
    """Turn beads into tombstones, for good, and take them out of their neighbours' edges and texts.

    Raises:
        Refused: one hangs on a worker's hook.
    """
    entries: list[Entry] = []
    for dependent, target, _ in dict.fromkeys(plan.incoming):
        entries.append(Entry(e.DependencyRemoved(bead_id=dependent, depends_on_id=target), town.ledger_of(dependent)))
    for neighbour, texts in plan.mentions:
        entries.append(Entry(e.BeadUpdated(bead_id=neighbour, changes=texts), town.ledger_of(neighbour)))
    for bead in plan.beads:
        hook = town.holder(bead.id)
        if hook is not None:
            raise Refused(
                f"cannot delete {bead.id}: it hangs on the hook of {hook.agent}",
                hint=f"gt unsling {bead.id} takes it off",
            )
        ledger = town.ledger_of(bead.id)
        entries += (
            Entry(e.DependencyRemoved(bead_id=bead.id, depends_on_id=edge.depends_on_id), ledger) for edge in bead.needs
        )
        entries.append(Entry(e.BeadDeleted(bead_id=bead.id, reason=reason), ledger))
    return tuple(entries)
