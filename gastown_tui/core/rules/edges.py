"""Dependencies: what may depend on what, and what a new edge means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, NotFound, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import OPEN_LIKE, Bead, Dependency
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.rules.bead_ids import is_below_by_id
from gastown_tui.core.rules.bead_values import parse_edge_type, parse_external
from gastown_tui.core.rules.ready_order import OVER, Compat

SYMMETRIC = "relates-to"
"""The one type that is stored both ways and may form cycles."""
_WALK_LIMIT = 100_000


class WantedEdge(msgspec.Struct, frozen=True):
    """A dependency asked for.

    Attributes:
        target: The bead depended on; or `external:project:capability`.
        type: Empty when nobody said: an epic then becomes the parent, anything else blocks.
        metadata: JSON text, for types that carry some.
    """

    target: str
    type: str = ""
    metadata: str | None = None


def parse_wanted(text: str) -> WantedEdge:
    """An edge as `--deps` spells it: `id` or `type:id`.

    Raises:
        BadInput: there is no id.
    """
    if text.startswith("external:"):
        return WantedEdge(parse_external(text))
    type_, colon, target = text.rpartition(":")
    if not target.strip() or (colon and not type_.strip()):
        raise BadInput(f"invalid dependency format '{text[:80]}', expected 'type:id' or 'id'")
    return WantedEdge(target.strip(), parse_edge_type(type_.strip()) if colon else "")


def type_meant(wanted: WantedEdge, target: Bead | None) -> str:
    """The type of an edge: as asked for, else parent-child below an epic, else blocks."""
    return wanted.type or ("parent-child" if target is not None and target.kind == "epic" else "blocks")


def add(town: Town, bead: Bead, target: BeadId, type_: str, *, metadata: str | None = None) -> tuple[Entry, ...]:
    """Make a bead depend on another.

    Raises:
        BadInput: the edge makes no sense: on itself, an epic below a task, a child on its own parent.
        Refused: it would close a cycle.
        Conflict: an edge between the two is there already.
    """
    parse_edge_type(type_)
    _check_pair(town, bead, target, type_)
    if type_ != SYMMETRIC and (path := cycle_path(town, bead.id, target)):
        raise Refused(
            f"cannot add dependency: would create a cycle ({bead.id} → {target} → ... → {bead.id})",
            hint=f"the way back: {' → '.join(path)}",
        )
    ledger = town.ledger_of(bead.id)
    fact = e.DependencyAdded(bead_id=bead.id, depends_on_id=target, dependency_type=type_, metadata=metadata)
    return (Entry(fact, ledger),)


def _check_pair(town: Town, bead: Bead, target: BeadId, type_: str) -> None:
    if target == bead.id:
        raise BadInput("issue cannot depend on itself")
    if (there := edge_between(bead, target)) is not None:
        raise Conflict(
            f"failed to add dependency: {bead.id} already depends on {target} ({there.type or 'blocks'})",
            hint="" if there.type == type_ else f"bd dep remove {bead.id} {target} takes that away first",
        )
    if type_ != "parent-child" and is_below_by_id(bead.id, target):
        raise Refused(
            f"cannot add dependency: {bead.id} is already a child of {target}. Children inherit dependency on parent "
            "completion via hierarchy. Adding an explicit dependency would create a deadlock"
        )
    other = town.find(target)
    if type_ == "parent-child" and bead.kind == "epic" and other is not None and other.kind != "epic":
        raise BadInput(
            f"invalid parent-child dependency: parent ({bead.id}) cannot depend on child ({target}). "
            f"Use: bd dep add {target} {bead.id} --type parent-child"
        )


def remove(town: Town, bead: Bead, target: BeadId) -> tuple[Entry, ...]:
    """Take an edge away, whatever its type.

    Raises:
        NotFound: there is none.
    """
    if edge_between(bead, target) is None:
        raise NotFound(f"dependency from {bead.id} to {target} does not exist")
    return (Entry(e.DependencyRemoved(bead_id=bead.id, depends_on_id=target), town.ledger_of(bead.id)),)


def relate(town: Town, one: Bead, other: Bead) -> tuple[Entry, ...]:
    """Link two beads both ways; what is linked already stays as it is.

    Raises:
        BadInput: they are the same.
    """
    if one.id == other.id:
        raise BadInput("cannot relate an issue to itself")
    return tuple(
        entry
        for bead, target in ((one, other), (other, one))
        if edge_between(bead, target.id) is None
        for entry in add(town, bead, target.id, SYMMETRIC)
    )


def unrelate(town: Town, one: Bead, other: Bead) -> tuple[Entry, ...]:
    """Take the link between two beads away, both ways; other edges between them stay."""
    entries: list[Entry] = []
    for bead, target in ((one, other), (other, one)):
        edge = edge_between(bead, target.id)
        if edge is not None and edge.type == SYMMETRIC:
            entries += remove(town, bead, target.id)
    return tuple(entries)


def reparent(town: Town, bead: Bead, parent: Bead | None) -> tuple[Entry, ...]:
    """Put a bead below another parent, or below none."""
    entries: list[Entry] = []
    for edge in bead.needs:
        if edge.type == "parent-child" and (parent is None or edge.depends_on_id != parent.id):
            entries += remove(town, bead, edge.depends_on_id)
    if parent is not None and all(
        edge.depends_on_id != parent.id or edge.type != "parent-child" for edge in bead.needs
    ):
        entries += add(town, bead, parent.id, "parent-child")
    return tuple(entries)


def edge_between(bead: Bead, target: str) -> Dependency | None:
    """The edge from a bead to another; None when there is none."""
    return next((edge for edge in bead.needs if edge.depends_on_id == target), None)


def cycle_path(town: Town, start: BeadId, target: BeadId) -> tuple[BeadId, ...]:
    """The way from `target` back to `start` over edges of every type but relates-to; empty when there is none."""
    came_from: dict[BeadId, BeadId] = {target: target}
    front = [target]
    while front and len(came_from) < _WALK_LIMIT:
        at = front.pop()
        if at == start:
            path = [at]
            while path[-1] != target:
                path.append(came_from[path[-1]])
            return tuple(reversed(path))
        for following in _targets(town, at):
            if following not in came_from:
                came_from[following] = at
                front.append(following)
    return ()


def loop_among(town: Town, pairs: Iterable[tuple[BeadId, BeadId]]) -> tuple[BeadId, ...]:
    """A ring that edges about to be added would close together with those there are; empty when there is none."""
    fresh: dict[BeadId, list[BeadId]] = {}
    for source, target in pairs:
        fresh.setdefault(source, []).append(target)
    for start in fresh:
        came_from: dict[BeadId, BeadId] = {}
        front = [start]
        while front:
            at = front.pop()
            for following in (*_targets(town, at), *fresh.get(at, ())):
                if following == start:
                    path = [start, at]
                    while path[-1] != start:
                        path.append(came_from[path[-1]])
                    return tuple(reversed(path))
                if following not in came_from:
                    came_from[following] = at
                    front.append(following)
    return ()


def _targets(town: Town, bead_id: BeadId) -> Iterator[BeadId]:
    bead = town.find(bead_id)
    if bead is not None:
        for edge in bead.needs:
            if edge.type != SYMMETRIC:
                yield edge.depends_on_id


def open_blockers(town: Town, bead: Bead, compat: Compat = Compat.JSONL) -> tuple[BeadId, ...]:
    """The unfinished beads that block one directly; cheap, for one bead at a time."""
    found = [
        edge.depends_on_id
        for edge in bead.needs
        if edge.type == "blocks"
        and (other := town.find(edge.depends_on_id)) is not None
        and (other.state not in OVER if compat is Compat.LATER else other.state in OPEN_LIKE)
    ]
    return tuple(dict.fromkeys(found))


def cycles(beads: dict[BeadId, Bead], *, types: Set[str] | None = None) -> list[list[Bead]]:
    """Every group of beads that wait for one another, each once, by id; by edges of `types`, else by all but links."""
    graph = {
        bead.id: [
            edge.depends_on_id
            for edge in bead.needs
            if edge.depends_on_id in beads and (edge.type != SYMMETRIC if types is None else edge.type in types)
        ]
        for bead in beads.values()
        if bead.needs
    }
    return [[beads[each] for each in loop] for loop in sorted(_loops(graph))]


def _loops(graph: dict[BeadId, list[BeadId]]) -> list[list[BeadId]]:
    """Strongly connected groups of two or more, and self-loops: Tarjan's walk without recursion."""
    order: dict[BeadId, int] = {}
    low: dict[BeadId, int] = {}
    stack: list[BeadId] = []
    on_stack: set[BeadId] = set()
    found: list[list[BeadId]] = []
    for root in graph:
        if root in order:
            continue
        work: list[tuple[BeadId, Iterator[BeadId]]] = []
        _enter(root, graph, order, low, stack, on_stack, work)
        while work:
            node, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    found += _leave(node, graph, stack, on_stack)
            elif following not in order:
                _enter(following, graph, order, low, stack, on_stack, work)
            elif following in on_stack:
                low[node] = min(low[node], order[following])
    return found


def _enter(
    node: BeadId,
    graph: dict[BeadId, list[BeadId]],
    order: dict[BeadId, int],
    low: dict[BeadId, int],
    stack: list[BeadId],
    on_stack: set[BeadId],
    work: list[tuple[BeadId, Iterator[BeadId]]],
) -> None:
    order[node] = low[node] = len(order)
    stack.append(node)
    on_stack.add(node)
    work.append((node, iter(graph.get(node, ()))))


def _leave(
    node: BeadId, graph: dict[BeadId, list[BeadId]], stack: list[BeadId], on_stack: set[BeadId]
) -> list[list[BeadId]]:
    group: list[BeadId] = []
    while True:
        each = stack.pop()
        on_stack.discard(each)
        group.append(each)
        if each == node:
            break
    return [sorted(group)] if len(group) > 1 or node in graph.get(node, ()) else []
