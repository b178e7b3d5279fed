"""Decisions about beads: filing, changing, closing. Each returns the facts to record, or refuses."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, NotFound, Refused
from gastown_tui.core.events import Edge, Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.rules import edges
from gastown_tui.core.rules.bead_ids import (
    MAX_DEPTH,
    fresh_id,
    next_child,
    parse_explicit_id,
    prefix_of_ledger,
    resolve,
)
from gastown_tui.core.rules.bead_values import check_lines, parse_external, parse_label, parse_title
from gastown_tui.core.rules.edges import WantedEdge
from gastown_tui.core.rules.ready_order import Compat

_NEXT_NONCE = 1_000_003


class NewBead(msgspec.Struct, frozen=True, kw_only=True):
    """A bead somebody wants filed. Values have passed `bead_values`."""

    title: str
    description: str = ""
    kind: str = "task"
    priority: int = 2
    status: str = "open"
    assignee: str = ""
    labels: tuple[str, ...] = ()
    edges: tuple[WantedEdge, ...] = ()
    parent: str = ""
    explicit_id: str = ""
    allowed_prefixes: tuple[str, ...] = ()
    force: bool = False
    max_depth: int = MAX_DEPTH
    prefix: str = ""
    """Empty: the ledger's own."""
    fields: dict[str, Any] = {}
    """Further fields by their names in `issues.jsonl`; empty ones are dropped."""


def create(
    town: Town, ledger: str, wanted: NewBead, *, actor: str, nonce: int, taken: Set[str] = frozenset()
) -> tuple[BeadId, tuple[Entry, ...]]:
    """File a bead; its id is picked here, under the lock, and is none of those `taken` in the same breath.

    Raises:
        BadInput: the title, an id or a label is not usable.
        NotFound: the parent or a dependency does not exist.
        Conflict: the id asked for is taken.
        Refused: the dependencies would form a cycle.
    """
    title = parse_title(wanted.title)
    check_lines({**wanted.fields, "assignee": wanted.assignee})
    if wanted.parent and wanted.explicit_id:
        raise BadInput("cannot specify both --id and --parent flags")
    parent = None
    if wanted.parent:
        parent = town.find(wanted.parent)
        if parent is None:
            raise NotFound(f"parent issue {wanted.parent[:80]} not found")
        ledger = town.ledger_of(parent.id)
    bead_id = _id_for(town, ledger, wanted, parent, actor=actor, nonce=nonce, taken=taken)
    fact = e.BeadCreated(
        bead_id=bead_id,
        title=title,
        description=wanted.description or None,
        issue_type=wanted.kind,
        status=wanted.status,
        priority=wanted.priority,
        assignee=wanted.assignee or None,
        labels=tuple(sorted({parse_label(each) for each in wanted.labels})),
        dependencies=_edges_for(town, ledger, bead_id, wanted, parent),
        fields={key: value for key, value in wanted.fields.items() if _says_something(value)},
    )
    return bead_id, (Entry(fact, ledger),)


def _says_something(value: Any) -> bool:
    """Zero does; nothing, no text and no do not, and are not written."""
    return value is not None and value is not False and value not in ("", (), [])


def _id_for(
    town: Town, ledger: str, wanted: NewBead, parent: Bead | None, *, actor: str, nonce: int, taken: Set[str]
) -> BeadId:
    state = town.ledgers[ledger]
    prefix = wanted.prefix or prefix_of_ledger(state)
    if wanted.explicit_id:
        allowed = (prefix, *wanted.allowed_prefixes)
        bead_id = parse_explicit_id(wanted.explicit_id, allowed, force=wanted.force)
        if bead_id in taken:
            raise Conflict(f"issue {bead_id} is to be filed twice", hint="ids are never reused")
        for name, each in town.ledgers.items():
            if bead_id in each.beads:
                there = each.beads[bead_id].status == "tombstone"
                where = f" in {name}" if name else ""
                raise Conflict(
                    f"issue {bead_id} already exists{where}" if not there else f"issue {bead_id} was deleted{where}",
                    hint="ids are never reused",
                )
        return bead_id
    if parent is not None:
        return next_child(state, parent.id, max_depth=wanted.max_depth, taken=taken)
    while (bead_id := fresh_id(state, prefix, (wanted.title, wanted.description, actor), nonce)) in taken:
        nonce += _NEXT_NONCE
    return bead_id


def _edges_for(town: Town, ledger: str, bead_id: BeadId, wanted: NewBead, parent: Bead | None) -> tuple[Edge, ...]:
    found: dict[BeadId, Edge] = {}
    for each in wanted.edges:
        target = None if each.target.startswith("external:") else resolve(town, each.target, ledger=ledger)
        if target is None:
            parse_external(each.target)
        elif target.id == bead_id:
            raise BadInput("issue cannot depend on itself")
        target_id = BeadId(each.target) if target is None else target.id
        type_ = edges.type_meant(each, target)
        if type_ == "parent-child" and wanted.kind == "epic" and target is not None and target.kind != "epic":
            raise BadInput(
                f"invalid parent-child dependency: parent ({bead_id}) cannot depend on child ({target_id}). "
                f"Use: bd dep add {target_id} {bead_id} --type parent-child"
            )
        found[target_id] = Edge(depends_on_id=target_id, dependency_type=type_, metadata=each.metadata)
    if parent is not None:
        found[parent.id] = Edge(depends_on_id=parent.id, dependency_type="parent-child")
    return tuple(found.values())


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants different about a bead. None and empty tuples leave things as they are."""

    fields: dict[str, Any] = {}
    """By their names in `issues.jsonl`; None clears."""
    status: str | None = None
    session: str = ""
    append_notes: str = ""
    add_labels: tuple[str, ...] = ()
    remove_labels: tuple[str, ...] = ()
    set_labels: tuple[str, ...] | None = None
    parent: str | None = None
    """Empty: below nothing."""
    claim: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing was asked for."""
        return self == Change()


def change(town: Town, bead: Bead, wanted: Change, *, actor: str) -> tuple[Entry, ...]:
    """Change a bead; what already is as wanted makes no fact.

    Raises:
        Conflict: it is claimed by somebody.
        Refused: it is a template, or the change would form a cycle.
        NotFound: the parent asked for does not exist.
    """
    refuse_template(bead)
    check_lines(wanted.fields)
    ledger = town.ledger_of(bead.id)
    facts: list[e.Fact] = []
    if wanted.claim:
        facts += _claim(bead, actor)
    fields = {key: value for key, value in wanted.fields.items() if (getattr(bead, key) or None) != value}
    if "assignee" in fields:
        facts.append(e.BeadAssigned(bead_id=bead.id, assignee=fields.pop("assignee")))
    if fields:
        facts.append(e.BeadUpdated(bead_id=bead.id, changes=fields))
    if wanted.append_notes:
        facts.append(e.BeadNoted(bead_id=bead.id, text=wanted.append_notes))
    facts += _labels(bead, wanted)
    entries = [Entry(fact, ledger) for fact in facts]
    if wanted.parent is not None:
        entries += edges.reparent(town, bead, _parent(town, wanted.parent, ledger))
    if wanted.status is not None:
        entries += move(town, bead, wanted.status, session=wanted.session)
    return tuple(entries)


def _parent(town: Town, text: str, ledger: str) -> Bead | None:
    if not text:
        return None
    try:
        return resolve(town, text, ledger=ledger)
    except NotFound as error:
        raise NotFound(f"parent issue {text[:80]} not found") from error


def _claim(bead: Bead, actor: str) -> list[e.Fact]:
    if bead.assignee:
        raise Conflict(
            f"claiming {bead.id}: issue already claimed by {bead.assignee}",
            hint="bd ready --unassigned shows what is free",
        )
    if bead.is_closed:
        raise Refused(f"claiming {bead.id}: it is closed", hint=f"bd reopen {bead.id} opens it again")
    facts: list[e.Fact] = [e.BeadAssigned(bead_id=bead.id, assignee=actor)]
    if bead.state != "in_progress":
        facts.append(e.BeadStatusChanged(bead_id=bead.id, from_status=bead.state, to_status="in_progress"))
    return facts


def _labels(bead: Bead, wanted: Change) -> list[e.Fact]:
    has = set(bead.labels or ())
    goal = set(has) if wanted.set_labels is None else {parse_label(each) for each in wanted.set_labels}
    goal |= {parse_label(each) for each in wanted.add_labels}
    goal -= {each.strip() for each in wanted.remove_labels}
    return [
        *(e.LabelAdded(bead_id=bead.id, label=each) for each in sorted(goal - has)),
        *(e.LabelRemoved(bead_id=bead.id, label=each) for each in sorted(has - goal)),
    ]


def move(town: Town, bead: Bead, status: str, *, session: str = "") -> tuple[Entry, ...]:
    """Set a bead's status by hand; closing lets go of the hook it hangs on."""
    if status == bead.state:
        return ()
    ledger = town.ledger_of(bead.id)
    if status == "closed":
        return (*_closing(town, bead, "Closed", session), *_advanced(town, bead, "Closed"))
    if status == "open" and bead.state == "closed":
        return (Entry(e.BeadReopened(bead_id=bead.id), ledger),)
    return (Entry(e.BeadStatusChanged(bead_id=bead.id, from_status=bead.state, to_status=status), ledger),)


def close(
    town: Town,
    bead: Bead,
    *,
    reason: str = "Closed",
    force: bool = False,
    session: str = "",
    along_with: Set[BeadId] = frozenset(),
    compat: Compat = Compat.JSONL,
) -> tuple[Entry, ...]:
    """Close a bead; closing what is closed does nothing.

    What follows for the molecule it is a step of is recorded with it. Beads closed in the same breath (`along_with`)
    block nothing. By the 1.0 rules an epic stays open as long as a child of it does.

    Raises:
        Refused: it is a template, pinned, or blocked by open beads; `force` overrides the latter two.
    """
    refuse_template(bead)
    if bead.is_closed:
        return ()
    if not force:
        if bead.pinned or bead.state == "pinned":
            raise Refused(f"cannot modify pinned issue {bead.id} (use --force to override)")
        if blockers := [each for each in edges.open_blockers(town, bead, compat) if each not in along_with]:
            raise Refused(
                f"cannot close {bead.id}: blocked by open issues [{' '.join(blockers)}] (use --force to override)"
            )
        if compat is Compat.LATER and bead.kind == "epic":
            _refuse_unfinished(town, bead, along_with)
    why = reason or "Closed"
    return (*_closing(town, bead, why, session), *_advanced(town, bead, why, along_with))


def _refuse_unfinished(town: Town, epic: Bead, along_with: Set[BeadId]) -> None:
    left = [each.id for each in children(town, epic.id) if not each.is_closed and each.id not in along_with]
    if left:
        raise Refused(
            f"cannot close epic {epic.id}: {len(left)} of its children are open [{' '.join(left[:5])}] "
            "(use --force to override)"
        )


def _advanced(town: Town, bead: Bead, reason: str, along_with: Set[BeadId] = frozenset()) -> tuple[Entry, ...]:
    """What closing a step means for its molecule. Workflows are loaded only where something closes."""
    from gastown_tui.core.rules.advancing import advance

    return tuple(advance(town, bead, reason=reason, along_with=along_with))


def _closing(town: Town, bead: Bead, reason: str, session: str) -> tuple[Entry, ...]:
    ledger = town.ledger_of(bead.id)
    entries = [Entry(e.BeadClosed(bead_id=bead.id, reason=reason, session=session or None), ledger)]
    hook = town.holder(bead.id)
    if hook is not None:
        fact = e.HookCleared(
            agent=hook.agent,
            previous_ref=bead.id,
            assignment_id=hook.assignment_id,
            reason="the bead was closed",
            to_status="",
        )
        entries.append(Entry(fact, ledger))
    return tuple(entries)


def children(town: Town, bead_id: BeadId) -> list[Bead]:
    """The beads that belong to one by a parent-child edge, by id."""
    found = (town.find(each) for each, type_ in town.dependents(bead_id) if type_ == "parent-child")
    return [each for each in found if each is not None]


def descendants(town: Town, bead_id: BeadId) -> list[Bead]:
    """Everything below a bead, however deep, nearest first."""
    found: dict[BeadId, Bead] = {}
    front = children(town, bead_id)
    while front:
        fresh = [each for each in front if each.id not in found and each.id != bead_id]
        found |= {each.id: each for each in fresh}
        front = [child for each in fresh for child in children(town, each.id)]
    return list(found.values())


def reopen(town: Town, bead: Bead, *, reason: str = "", actor: str) -> tuple[Entry, ...]:
    """Open a bead again; the reason becomes a comment. An open bead stays as it is.

    Raises:
        Refused: it is a template.
    """
    refuse_template(bead)
    ledger = town.ledger_of(bead.id)
    facts: list[e.Fact] = []
    if bead.state == "closed":
        facts.append(e.BeadReopened(bead_id=bead.id, reason=reason or None))
    elif bead.state not in {"open", "in_progress", "hooked"}:
        facts.append(e.BeadStatusChanged(bead_id=bead.id, from_status=bead.state, to_status="open"))
    if bead.defer_until:
        facts.append(e.BeadUpdated(bead_id=bead.id, changes={"defer_until": None}))
    if reason:
        facts.append(e.BeadCommented(bead_id=bead.id, text=reason, author=actor))
    return tuple(Entry(fact, ledger) for fact in facts)


def defer(town: Town, bead: Bead, *, until: str = "") -> tuple[Entry, ...]:
    """Put a bead off, until a moment or until somebody takes it back.

    Raises:
        Refused: it is closed, or a template.
    """
    refuse_template(bead)
    if bead.is_closed:
        raise Refused(f"cannot defer {bead.id}: it is closed")
    ledger = town.ledger_of(bead.id)
    facts: list[e.Fact] = []
    if until and bead.defer_until != until:
        facts.append(e.BeadUpdated(bead_id=bead.id, changes={"defer_until": until}))
    if bead.state != "deferred":
        facts.append(e.BeadStatusChanged(bead_id=bead.id, from_status=bead.state, to_status="deferred"))
    return tuple(Entry(fact, ledger) for fact in facts)


def undefer(town: Town, bead: Bead) -> tuple[Entry, ...]:
    """Take a deferral back."""
    ledger = town.ledger_of(bead.id)
    facts: list[e.Fact] = []
    if bead.defer_until:
        facts.append(e.BeadUpdated(bead_id=bead.id, changes={"defer_until": None}))
    if bead.state == "deferred":
        facts.append(e.BeadStatusChanged(bead_id=bead.id, from_status="deferred", to_status="open"))
    return tuple(Entry(fact, ledger) for fact in facts)


def refuse_template(bead: Bead) -> None:
    """Templates are for pouring.

    Raises:
        Refused: the bead is one.
    """
    if bead.is_template:
        raise Refused(
            f"cannot modify template {bead.id}: templates are read-only; use 'bd mol pour' to create a work item"
        )
