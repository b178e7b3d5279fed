"""A plan: many beads and the edges among them, filed whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import BeadId, shown
from gastown_tui.core.rules import beads
from gastown_tui.core.rules.bead_ids import resolve
from gastown_tui.core.rules.bead_values import parse_edge_type

LIMIT = 10_000
"""Beads in one plan."""


class Node(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One bead of a plan. `key` is its name within the plan."""

    key: str
    title: str
    type: str = "task"
    description: str = ""
    design: str = ""
    acceptance_criteria: str = ""
    notes: str = ""
    priority: int = 2
    assignee: str = ""
    labels: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}
    parent_key: str = ""
    parent_id: str = ""


class Edge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One edge of a plan: `from` depends on `to`. Each end is a key of the plan or the id of a bead."""

    from_key: str = ""
    from_id: str = ""
    to_key: str = ""
    to_id: str = ""
    type: str = "blocks"


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Beads and edges."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    commit_message: str = ""


def read_plan(text: str) -> Plan:
    """Read a plan from JSON.

    Raises:
        BadInput: it is not one: the message names the place.
    """
    try:
        plan = msgspec.json.decode(text, type=Plan)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(
            f"the plan cannot be read: {error}", hint='{"nodes":[{"key":…,"title":…}],"edges":[…]}'
        ) from error
    if not 0 < len(plan.nodes) <= LIMIT:
        raise BadInput(f"a plan has 1 to {LIMIT} nodes, not {len(plan.nodes)}")
    keys = [node.key for node in plan.nodes]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadInput(f"the plan names {shown(twice)} twice")
    for node in plan.nodes:
        if not 0 <= node.priority <= 4:
            raise BadInput(f"node {shown(node.key)}: priority must be between 0 and 4 (got {node.priority})")
    _check_order(plan)
    return plan


def _check_order(plan: Plan) -> None:
    """Every key is known and nothing in the plan waits for itself."""
    keys = {node.key for node in plan.nodes}
    needs: dict[str, list[str]] = {key: [] for key in keys}
    for edge in plan.edges:
        parse_edge_type(edge.type)
        for key, bead_id in ((edge.from_key, edge.from_id), (edge.to_key, edge.to_id)):
            if bool(key) == bool(bead_id) or (key and key not in keys):
                raise BadInput(f"an edge of the plan names {shown(key or bead_id)}, which is no node of it")
        if edge.from_key and edge.to_key and edge.type != "relates-to":
            needs[edge.from_key].append(edge.to_key)
    for node in plan.nodes:
        if node.parent_key:
            if node.parent_key not in keys:
                raise BadInput(f"node {shown(node.key)}: its parent {shown(node.parent_key)} is no node of the plan")
            needs[node.key].append(node.parent_key)
    left = dict(needs)
    while left:
        free = [key for key, before in left.items() if all(each not in left for each in before)]
        if not free:
            raise BadInput(f"the plan has a cycle among {', '.join(sorted(left)[:5])}")
        for key in free:
            del left[key]


def file_plan(
    town: Town, ledger: str, plan: Plan, *, actor: str, nonces: Sequence[int], kind: Callable[[str], str]
) -> tuple[Mapping[str, BeadId], tuple[Entry, ...]]:
    """File every bead of a plan and connect them; ids by key, and what to record.

    Raises:
        BadInput: a type or a title cannot be.
        NotFound: an edge leads to a bead that is not there.
    """
    ids: dict[str, BeadId] = {}
    taken: set[str] = set()
    entries: list[Entry] = []
    for node, nonce in zip(plan.nodes, nonces, strict=True):
        wanted = beads.NewBead(
            title=node.title,
            description=node.description,
            kind=kind(node.type),
            priority=node.priority,
            assignee=node.assignee,
            labels=node.labels,
            fields={
                "design": node.design,
                "acceptance_criteria": node.acceptance_criteria,
                "notes": node.notes,
                "metadata": node.metadata or None,
            },
        )
        bead_id, more = beads.create(town, ledger, wanted, actor=actor, nonce=nonce, taken=taken)
        taken.add(bead_id)
        ids[node.key] = bead_id
        entries += more
    return ids, (*entries, *_edges(town, ledger, plan, ids))


def _edges(town: Town, ledger: str, plan: Plan, ids: Mapping[str, BeadId]) -> list[Entry]:
    pairs: dict[tuple[BeadId, BeadId], str] = {}
    for edge in plan.edges:
        source = ids[edge.from_key] if edge.from_key else resolve(town, edge.from_id, ledger=ledger).id
        target = ids[edge.to_key] if edge.to_key else resolve(town, edge.to_id, ledger=ledger).id
        pairs[source, target] = edge.type
    for node in plan.nodes:
        if node.parent_key or node.parent_id:
            parent = ids[node.parent_key] if node.parent_key else resolve(town, node.parent_id, ledger=ledger).id
            pairs[ids[node.key], parent] = "parent-child"
    fresh = set(ids.values())
    return [
        Entry(
            e.DependencyAdded(bead_id=source, depends_on_id=target, dependency_type=type_),
            ledger if source in fresh else town.ledger_of(source),
        )
        for (source, target), type_ in pairs.items()
    ]
