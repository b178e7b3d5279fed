"""Events about beads, onto the shelf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput
from gastown_tui.core.fold.state import LedgerState
from gastown_tui.core.model.bead import FIELDS, Bead, Comment, Dependency
from gastown_tui.core.model.bead_line import culprit, decode_bead
from gastown_tui.core.model.ids import BeadId, numbered_child
from gastown_tui.core.model.times import epoch_ns

_KNOWN = frozenset(FIELDS)
_BARE: dict[str, Any] = {"id": "-", "title": "", "priority": 0, "created_at": "", "updated_at": ""}
_PLAIN = {
    key: kind
    for key, name in Bead.__annotations__.items()
    if (kind := {"str": str, "int": int, "bool": bool}.get(name.partition(" |")[0])) is not None
}
"""Fields whose values need no conversion when they are of this type."""
_REQUIRED = frozenset({"title", "priority", "created_at", "updated_at"})
_OF_CREATION = frozenset(
    {
        "id", "title", "description", "status", "priority", "issue_type", "assignee",
        "labels", "dependencies", "created_at", "updated_at",
    }
)  # fmt: skip
"""Fields the fact of creation names itself."""


def _put(state: LedgerState, bead: Bead) -> None:
    state.beads[bead.id] = bead
    state.touched_beads.add(bead.id)


def change(state: LedgerState, bead_id: BeadId, event: e.Event, /, **changes: Any) -> None:
    """Replace fields of a living bead; a tombstone beats every later edit."""
    bead = state.beads.get(bead_id)
    if bead is None or bead.status == "tombstone":
        return
    if "updated_at" not in changes:
        changes["updated_at"] = event.timestamp
    state.beads[bead_id] = replace(bead, **changes)
    state.touched_beads.add(bead_id)


def _count_child(state: LedgerState, bead_id: str) -> None:
    if child := numbered_child(bead_id):
        parent_id, number = child
        children = state.registers.children
        children[parent_id] = max(children.get(parent_id, 0), number)


def created(state: LedgerState, fact: e.BeadCreated, event: e.Event) -> None:
    """A new bead; creating one that is there already changes nothing.

    Two clones may give the same child number to different work. The first to come keeps the id, and what the second
    said is kept as a remark.
    """
    if fact.bead_id in state.beads:
        if fact.title != state.beads[fact.bead_id].title:
            also = f"Filed under this id elsewhere too: {fact.title}"
            text = f"{also}\n\n{fact.description}" if fact.description else also
            commented(state, e.BeadCommented(bead_id=fact.bead_id, text=text), event)
        return
    edges = tuple(
        Dependency(
            issue_id=fact.bead_id,
            depends_on_id=edge.depends_on_id,
            type=edge.dependency_type,
            created_at=event.timestamp,
            created_by=event.actor or None,
            metadata=edge.metadata,
        )
        for edge in {edge.depends_on_id: edge for edge in fact.dependencies}.values()
    )
    bead = Bead(
        id=fact.bead_id,
        title=fact.title,
        description=fact.description,
        status=fact.status,
        priority=fact.priority,
        issue_type=fact.issue_type,
        assignee=fact.assignee,
        created_at=event.timestamp,
        created_by=event.actor or None,
        updated_at=event.timestamp,
        labels=tuple(sorted(set(fact.labels))) or None,
        dependencies=edges or None,
    )
    if fact.fields:
        further = {key: value for key, value in fact.fields.items() if key in _KNOWN and key not in _OF_CREATION}
        bead = replace(bead, **_of_their_types(further))
    _put(state, bead)
    _count_child(state, fact.bead_id)


def _of_their_types(values: dict[str, Any]) -> dict[str, Any]:
    """Field values as a bead holds them; those that cannot be are left out."""
    for key, value in values.items():
        if value is not None and type(value) is not _PLAIN.get(key):
            break
    else:
        return values
    values = dict(values)
    while values:
        try:
            coerced = msgspec.convert(_BARE | values, Bead, strict=False)
        except msgspec.ValidationError as error:
            del values[culprit(str(error), values)]
        else:
            return {key: getattr(coerced, key) for key in values}
    return {}


def updated(state: LedgerState, fact: e.BeadUpdated, event: e.Event) -> None:
    """Fields are last-writer-wins by event order; required ones cannot be cleared."""
    changes = {
        key: value
        for key, value in fact.changes.items()
        if key in _KNOWN and key != "id" and (value is not None or key not in _REQUIRED)
    }
    change(state, fact.bead_id, event, **_of_their_types(changes))


def status_changed(state: LedgerState, fact: e.BeadStatusChanged, event: e.Event) -> None:
    """Leaving `closed` clears what closing set; the first move to in_progress is remembered."""
    bead = state.beads.get(fact.bead_id)
    if bead is None:
        return
    changes: dict[str, Any] = {"status": fact.to_status}
    if fact.to_status == "closed":
        changes["closed_at"] = event.timestamp
    elif bead.status == "closed":
        changes |= {"closed_at": None, "close_reason": None}
    if fact.to_status == "in_progress" and bead.started_at is None:
        changes["started_at"] = event.timestamp
    change(state, fact.bead_id, event, **changes)


def assigned(state: LedgerState, fact: e.BeadAssigned, event: e.Event) -> None:
    """Given to somebody or nobody."""
    change(state, fact.bead_id, event, assignee=fact.assignee or None)


def closed(state: LedgerState, fact: e.BeadClosed, event: e.Event) -> None:
    """Over, with a reason."""
    change(
        state,
        fact.bead_id,
        event,
        status="closed",
        closed_at=event.timestamp,
        close_reason=fact.reason,
        closed_by_session=fact.session,
    )


def reopened(state: LedgerState, fact: e.BeadReopened, event: e.Event) -> None:
    """Open again."""
    change(state, fact.bead_id, event, status="open", closed_at=None, close_reason=None)


def deleted(state: LedgerState, fact: e.BeadDeleted, event: e.Event) -> None:
    """A permanent tombstone."""
    bead = state.beads.get(fact.bead_id)
    if bead is not None:
        change(
            state,
            fact.bead_id,
            event,
            status="tombstone",
            deleted_at=event.timestamp,
            deleted_by=event.actor,
            delete_reason=fact.reason,
            original_type=bead.kind,
        )


def noted(state: LedgerState, fact: e.BeadNoted, event: e.Event) -> None:
    """Appended, so that two writers keep both notes."""
    bead = state.beads.get(fact.bead_id)
    if bead is not None:
        change(state, fact.bead_id, event, notes=f"{bead.notes}\n{fact.text}" if bead.notes else fact.text)


def commented(state: LedgerState, fact: e.BeadCommented, event: e.Event) -> None:
    """Appended; numbers go on from the highest there is."""
    bead = state.beads.get(fact.bead_id)
    if bead is None:
        return
    comments = bead.comments or ()
    number = 1 + max((c.id for c in comments if isinstance(c.id, int)), default=0)
    comment = Comment(
        id=number,
        issue_id=fact.bead_id,
        author=fact.author or event.actor,
        text=fact.text,
        created_at=event.timestamp,
    )
    change(state, fact.bead_id, event, comments=(*comments, comment))


def label_added(state: LedgerState, fact: e.LabelAdded, event: e.Event) -> None:
    """Labels are a set, written sorted."""
    bead = state.beads.get(fact.bead_id)
    if bead is not None and fact.label not in (bead.labels or ()):
        change(state, fact.bead_id, event, labels=tuple(sorted({*(bead.labels or ()), fact.label})))


def label_removed(state: LedgerState, fact: e.LabelRemoved, event: e.Event) -> None:
    """Taking away what is not there changes nothing."""
    bead = state.beads.get(fact.bead_id)
    if bead is not None and fact.label in (bead.labels or ()):
        left = tuple(label for label in bead.labels or () if label != fact.label)
        change(state, fact.bead_id, event, labels=left or None)


def dependency_added(state: LedgerState, fact: e.DependencyAdded, event: e.Event) -> None:
    """One edge between two beads; the newest type wins."""
    bead = state.beads.get(fact.bead_id)
    if bead is None:
        return
    kept = tuple(edge for edge in bead.needs if edge.depends_on_id != fact.depends_on_id)
    edge = Dependency(
        issue_id=fact.bead_id,
        depends_on_id=fact.depends_on_id,
        type=fact.dependency_type,
        created_at=event.timestamp,
        created_by=event.actor or None,
        metadata=fact.metadata,
    )
    change(state, fact.bead_id, event, dependencies=(*kept, edge))


def dependency_removed(state: LedgerState, fact: e.DependencyRemoved, event: e.Event) -> None:
    """The edge goes, whatever its type."""
    bead = state.beads.get(fact.bead_id)
    if bead is None:
        return
    kept = tuple(edge for edge in bead.needs if edge.depends_on_id != fact.depends_on_id)
    if len(kept) != len(bead.needs):
        change(state, fact.bead_id, event, dependencies=kept or None)


def imported(state: LedgerState, fact: e.BeadImported, event: e.Event) -> None:
    """A foreign line becomes the bead unless ours was updated later; a tombstone beats it."""
    try:
        bead = decode_bead(fact.line)
    except BadInput:
        return
    ours = state.beads.get(fact.bead_id)
    if ours is not None:
        if ours.status == "tombstone" and bead.status != "tombstone":
            return
        if (epoch_ns(ours.updated_at) or 0) > (epoch_ns(bead.updated_at) or 0):
            return
    state.beads.origins[bead.id] = fact.line
    _put(state, bead)
    _count_child(state, bead.id)
    if fact.position is not None:
        state.registers.positions.setdefault(bead.id, fact.position)


def ledger_created(state: LedgerState, fact: e.LedgerCreated, event: e.Event) -> None:
    """The prefix of new beads."""
    state.registers.prefix = fact.prefix


def ledger_adopted(state: LedgerState, fact: e.LedgerAdopted, event: e.Event) -> None:
    """The file's own line order rules from now on."""
    if not state.registers.is_adopted:
        state.registers.is_adopted = True
        state.registers.sorted_by_id = fact.sorted_by_id


def line_kept(state: LedgerState, fact: e.LineKept, event: e.Event) -> None:
    """A line that is no bead keeps its place."""
    state.registers.kept_lines.setdefault(fact.position, fact.line)


def lines_quarantined(state: LedgerState, fact: e.LinesQuarantined, event: e.Event) -> None:
    """Counted for doctor and the feed."""
    state.registers.quarantined += fact.count


def hook_set(state: LedgerState, fact: e.HookSet, event: e.Event) -> None:
    """The bead's side of a hook; the agent's side is in `work`."""
    change(state, fact.ref_id, event, status="hooked", assignee=fact.agent)


def hook_cleared(state: LedgerState, fact: e.HookCleared, event: e.Event) -> None:
    """The bead's side of letting go. A bead already closed stays closed."""
    bead = state.beads.get(fact.previous_ref)
    if bead is None or bead.is_closed or not fact.to_status:
        return
    changes: dict[str, Any] = {"status": fact.to_status}
    if not fact.keep_assignee:
        changes["assignee"] = None
    change(state, fact.previous_ref, event, **changes)


def mol_created(state: LedgerState, fact: e.MolCreated, event: e.Event) -> None:
    """Remembered by its root."""
    state.registers.molecules[fact.mol_id] = fact.formula


HANDLERS: dict[type[e.Fact], Callable[[LedgerState, Any, e.Event], None]] = {
    e.BeadCreated: created,
    e.BeadUpdated: updated,
    e.BeadStatusChanged: status_changed,
    e.BeadAssigned: assigned,
    e.BeadClosed: closed,
    e.BeadReopened: reopened,
    e.BeadDeleted: deleted,
    e.BeadNoted: noted,
    e.BeadCommented: commented,
    e.LabelAdded: label_added,
    e.LabelRemoved: label_removed,
    e.DependencyAdded: dependency_added,
    e.DependencyRemoved: dependency_removed,
    e.BeadImported: imported,
    e.LedgerCreated: ledger_created,
    e.LedgerAdopted: ledger_adopted,
    e.LineKept: line_kept,
    e.LinesQuarantined: lines_quarantined,
    e.MolCreated: mol_created,
}
