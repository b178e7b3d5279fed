"""Beads under other ids: renamed within a ledger, or moved to another.

The log knows no renaming: a bead becomes a new one with everything it had, what pointed at the old one points at the
new one, and the old one becomes a tombstone or is closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead, Dependency
from gastown_tui.core.model.bead_line import encode_bead
from gastown_tui.core.model.ids import BeadId

_TEXT_FIELDS = ("title", "description", "design", "acceptance_criteria", "notes")


def rename(town: Town, names: Mapping[BeadId, BeadId], *, now: str) -> tuple[Entry, ...]:
    """Give beads new ids within their ledgers.

    Args:
        town: The town.
        names: New ids by old ones.
        now: The stamp the renamed beads carry.

    Raises:
        Conflict: a new id is taken.
        Refused: a bead hangs on a hook.
    """
    for old, new in names.items():
        if any(new in state.beads for state in town.ledgers.values()):
            raise Conflict(f"issue {new} already exists")
        _refuse_hooked(town, old, "renamed")
    entries: list[Entry] = []
    for old, new in names.items():
        entries += _as(town, town.bead(old), new, names, ledger=town.ledger_of(old), now=now)
    entries += _pointing(town, names)
    entries += (
        Entry(e.BeadDeleted(bead_id=old, reason=f"renamed to {new}"), town.ledger_of(old)) for old, new in names.items()
    )
    return tuple(entries)


def move(town: Town, bead: Bead, new: BeadId, ledger: str, *, now: str, keep_open: bool) -> tuple[Entry, ...]:
    """Put a bead into another ledger under a new id; the old one is closed and says where it went.

    Raises:
        BadInput: it is there already.
        Refused: it hangs on a hook.
    """
    source = town.ledger_of(bead.id)
    if source == ledger:
        raise BadInput(f"{bead.id} is there already")
    _refuse_hooked(town, bead.id, "moved")
    names = {bead.id: new}
    entries = [*_as(town, bead, new, names, ledger=ledger, now=now), *_pointing(town, names)]
    if not keep_open and not bead.is_closed:
        entries.append(Entry(e.BeadClosed(bead_id=bead.id, reason=f"Moved to {new}"), source))
    return tuple(entries)


def renamed_in(bead: Bead, old: str, new: str) -> BeadId:
    """The id of a bead with another prefix."""
    return BeadId(new + bead.id[len(old) :])


def _refuse_hooked(town: Town, bead_id: BeadId, word: str) -> None:
    hook = town.holder(bead_id)
    if hook is not None:
        raise Refused(
            f"{bead_id} cannot be {word}: it hangs on the hook of {hook.agent}",
            hint=f"gt unsling {bead_id} takes it off",
        )


def _as(
    town: Town, bead: Bead, new: BeadId, names: Mapping[BeadId, BeadId], *, ledger: str, now: str
) -> Iterator[Entry]:
    del town
    edges = tuple(_moved(edge, new, names) for edge in bead.needs) or None
    comments = tuple(replace(each, issue_id=new) for each in bead.comments or ()) or None
    texts = _texts(bead, names)
    fresh = replace(bead, id=new, dependencies=edges, comments=comments, updated_at=now, **texts)
    yield Entry(e.BeadImported(bead_id=new, line=encode_bead(fresh).decode()), ledger)


def _moved(edge: Dependency, new: BeadId, names: Mapping[BeadId, BeadId]) -> Dependency:
    return replace(edge, issue_id=new, depends_on_id=names.get(edge.depends_on_id, edge.depends_on_id))


def _pointing(town: Town, names: Mapping[BeadId, BeadId]) -> Iterator[Entry]:
    """Edges and texts of beads that keep their names."""
    mentioned: set[BeadId] = set()
    for old, new in names.items():
        for other, type_ in town.dependents(old):
            if other in names or town.find(other) is None:
                continue
            ledger = town.ledger_of(other)
            yield Entry(e.DependencyRemoved(bead_id=other, depends_on_id=old), ledger)
            yield Entry(e.DependencyAdded(bead_id=other, depends_on_id=new, dependency_type=type_ or "blocks"), ledger)
            mentioned.add(other)
    for other in sorted(mentioned):
        if texts := _texts(town.bead(other), names):
            yield Entry(e.BeadUpdated(bead_id=other, changes=texts), town.ledger_of(other))


def _texts(bead: Bead, names: Mapping[BeadId, BeadId]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for field in _TEXT_FIELDS:
        before = getattr(bead, field) or ""
        after = re.sub(r"[A-Za-z][\w.-]*-[\w.]*\w", lambda match: names.get(BeadId(match[0]), BeadId(match[0])), before)
        if after != before:
            changed[field] = after
    return changed
