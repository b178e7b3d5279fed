"""Who may start and who must wait: blocking, readiness and their order.

Two generations of rules are spoken: 0.49 (the JSONL generation, the default) and 1.0, which lets any unfinished status
block, forgets why a conditional blocker closed, and puts newer beads first (reference/beads.md sections 3.1 to 3.3).
Everything works on outlines and in few passes, for a ledger may hold a hundred thousand beads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Any, Generic

import msgspec

from gastown_tui.core.model.bead import OPEN_LIKE, Bead, Dependency
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.outline import Outline, OutlineEdge
from gastown_tui.core.model.times import epoch_ns, stamp
from gastown_tui.core.rules.ready_order import OVER, AnyBead, Compat, Policy, age, in_order

BLOCKING = frozenset({"blocks", "parent-child", "conditional-blocks", "waits-for"})
"""Edge types that readiness looks at."""
NOT_WORK = frozenset({"merge-request", "gate", "molecule", "message", "agent", "role", "rig"})
"""Types that are never handed out unless they are asked for by name."""
NOT_WORK_IDS = ("-mol-", "-wisp-")
"""Parts of ids that mark steps of workflows, never handed out unless their type is asked for."""
FAILURE_WORDS = (
    "failed", "rejected", "wontfix", "won't fix", "canceled", "cancelled", "abandoned", "blocked", "error", "timeout",
    "aborted",
)  # fmt: skip
_DEPTH_LIMIT = 50


class Standing(Generic[AnyBead]):
    """One reading of who blocks whom over a set of beads.

    Attributes:
        beads: Every bead that can block or be blocked.
        compat: Whose rules apply.
        blocked: Ids of beads that wait, for a blocker of their own or for one of their parents'. In 0.49 what is closed
            may still count as waiting and hold its children back; in 1.0 it never does.
    """

    def __init__(self, beads: Iterable[AnyBead], *, compat: Compat = Compat.JSONL) -> None:
        self.beads: Sequence[AnyBead] = beads if isinstance(beads, list) else list(beads)
        self.compat = compat
        self._by_id: dict[BeadId, AnyBead] | None = None
        self._unbegun: list[AnyBead] = []
        self._unfinished: set[BeadId] = set()
        self._children: defaultdict[BeadId, list[BeadId]] = defaultdict(list)
        plain, rare = self._sort()
        direct = {bead_id for bead_id, target in plain if target in self._unfinished}
        direct.update(bead_id for bead_id, edge in rare if self._holds(edge))
        self.blocked = self._spread(direct)

    def _sort(self) -> tuple[list[tuple[BeadId, BeadId]], list[tuple[BeadId, Dependency | OutlineEdge]]]:
        """Note who is unbegun, unfinished, and whose child; return plain blockers, and edges that need a closer look.

        One pass for all of it: at a hundred thousand beads, going to each of them again is what takes the time.
        """
        plain: list[tuple[BeadId, BeadId]] = []
        rare: list[tuple[BeadId, Dependency | OutlineEdge]] = []
        children, unfinished = self._children, self._unfinished
        is_later = self.compat is Compat.LATER
        for bead in self.beads:
            status = bead.status
            if status == "open" or not status:
                self._unbegun.append(bead)
                unfinished.add(bead.id)
            elif (status not in OVER) if is_later else (status in OPEN_LIKE):
                unfinished.add(bead.id)
            for edge in bead.dependencies or ():
                type_, target = edge.type, edge.depends_on_id
                if type_ == "parent-child":
                    children[target].append(bead.id)
                elif type_ == "blocks" and not target.startswith("external:"):
                    plain.append((bead.id, target))
                elif type_ in BLOCKING:
                    rare.append((bead.id, edge))
        return plain, rare

    def unbegun(self, among: Iterable[AnyBead] | None = None) -> list[AnyBead]:
        """Beads that are open, of all or of some."""
        if among is None or among is self.beads:
            return self._unbegun
        return [each for each in among if each.status == "open" or not each.status]

    @property
    def by_id(self) -> Mapping[BeadId, AnyBead]:
        """Every bead by its id."""
        if self._by_id is None:
            self._by_id = {bead.id: bead for bead in self.beads}
        return self._by_id

    def children(self, bead_id: BeadId) -> tuple[BeadId, ...]:
        """The beads that belong to one by a parent-child edge."""
        return tuple(self._children.get(bead_id, ()))

    def not_directly_below(self, found: list[AnyBead], parents: Set[BeadId]) -> list[AnyBead]:
        """Those that are no child of any of these parents."""
        below = {child for parent in parents for child in self._children.get(parent, ())}
        return [each for each in found if each.id not in below] if below else found

    def descendants(self, bead_id: BeadId) -> set[BeadId]:
        """Everything below a bead, however deep; itself apart."""
        return self._below({bead_id}) - {bead_id}

    def blockers(self, bead: Bead | Outline) -> tuple[BeadId, ...]:
        """Its open `blocks` targets and unsatisfied outside ones, in the order of its edges."""
        edges = (edge for edge in bead.dependencies or () if edge.type == "blocks")
        return tuple(dict.fromkeys(edge.depends_on_id for edge in edges if self._holds(edge)))

    def _holds(self, edge: Dependency | OutlineEdge) -> bool:
        """Whether an edge keeps its bead waiting; parentage apart, which only passes blockage on."""
        match edge.type:
            case "blocks" if edge.depends_on_id.startswith("external:"):
                return not self._is_satisfied(edge.depends_on_id)
            case "blocks":
                return edge.depends_on_id in self._unfinished
            case "conditional-blocks":
                return self._holds_conditionally(edge.depends_on_id)
            case "waits-for":
                return self._holds_for_children(edge)
        return False

    def _is_satisfied(self, reference: str) -> bool:
        """An outside need is met by a closed bead that provides the capability, or that is named by it."""
        capability = reference.rpartition(":")[2]
        named = self.by_id.get(BeadId(capability))
        if named is not None:
            return named.is_closed
        label = f"provides:{capability}"
        return any(each.status == "closed" and label in (each.labels or ()) for each in self.beads)

    def _holds_conditionally(self, target_id: BeadId) -> bool:
        target = self.by_id.get(target_id)
        if target is None:
            return False
        if self.compat is Compat.JSONL and target.status == "closed":
            reason = (target.close_reason or "").lower()
            return not any(word in reason for word in FAILURE_WORDS)
        if self.compat is Compat.JSONL and target.status == "hooked":
            return False
        return target_id in self._unfinished

    def _holds_for_children(self, edge: Dependency | OutlineEdge) -> bool:
        told = _metadata(edge)
        parents = {edge.depends_on_id}
        if self.compat is Compat.JSONL and isinstance(told.get("spawner_id"), str):
            parents.add(BeadId(told["spawner_id"]))
        children = [self.by_id[child] for parent in parents for child in self._children.get(parent, ())]
        if told.get("gate") == "any-children":
            if not children:
                return self.compat is Compat.JSONL
            return not any(child.is_closed for child in children)
        return any(not child.is_closed for child in children)

    def _spread(self, seeds: set[BeadId]) -> set[BeadId]:
        if self.compat is Compat.JSONL:
            return self._below(seeds, depth=_DEPTH_LIMIT)
        over = {bead.id for bead in self.beads if bead.status in OVER}
        return self._below(seeds - over, without=over)

    def _below(self, seeds: set[BeadId], *, depth: int = 1_000_000, without: Set[BeadId] = frozenset()) -> set[BeadId]:
        found, front = set(seeds), seeds
        children = self._children
        while front and depth:
            front = {child for parent in children.keys() & front for child in children[parent]} - found - without
            found |= front
            depth -= 1
        return found


def _metadata(edge: Dependency | OutlineEdge) -> Mapping[str, Any]:
    told: Any = edge.metadata
    if isinstance(told, str) and told:
        try:
            told = msgspec.json.decode(told)
        except (msgspec.DecodeError, RecursionError):
            return {}
    return told if isinstance(told, dict) else {}


class ReadyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which ready work is wanted."""

    limit: int = 10
    """0: all of it."""
    policy: Policy = Policy.HYBRID
    priority: int | None = None
    assignee: str = ""
    unassigned: bool = False
    labels: tuple[str, ...] = ()
    """All of these."""
    labels_any: tuple[str, ...] = ()
    """At least one of these."""
    kind: str = ""
    """A type; the ones that are no work are handed out only when asked for here."""
    under: BeadId | None = None
    """Only descendants of this bead."""
    mol_type: str = ""
    include_deferred: bool = False
    excluded_ids: tuple[str, ...] = NOT_WORK_IDS
    """Parts of ids that are left out; the 1.0 rules know none."""
    without_labels: tuple[str, ...] = ()
    """None of these."""
    without_kinds: tuple[str, ...] = ()
    include_ephemeral: bool = False
    further_statuses: tuple[str, ...] = ()
    """Statuses the configuration calls active; the 1.0 rules hand them out like open ones."""
    admitted: tuple[str, ...] = ()
    """Beginnings of ids that are handed out all the same: the steps of molecules nobody else works on."""


def is_free(bead: Bead | Outline, standing: Standing[Any], now: datetime, *, include_deferred: bool = False) -> bool:
    """Whether one bead is open work that waits for nothing: the rule alone, no filters."""
    if bead.state != "open" or bead.pinned or bead.ephemeral or bead.is_template or bead.id in standing.blocked:
        return False
    return include_deferred or not bead.defer_until or not _is_later(bead.defer_until, now)


def _is_later(text: str, now: datetime) -> bool:
    return (epoch_ns(text) or 0) > (epoch_ns(stamp(now)) or 0)


def free(
    standing: Standing[AnyBead],
    now: datetime,
    among: Iterable[AnyBead] | None = None,
    *,
    include_deferred: bool = False,
    include_ephemeral: bool = False,
    further_statuses: tuple[str, ...] = (),
) -> list[AnyBead]:
    """Open work that waits for nothing: the rule alone, no filters, in no particular order."""
    blocked = standing.blocked
    is_later = standing.compat is Compat.LATER
    pool: list[AnyBead] = standing.unbegun(among)
    if further_statuses and is_later:
        every: Iterable[AnyBead] = standing.beads if among is None else among
        pool = pool + [each for each in every if each.status in further_statuses]
    found = [
        each
        for each in pool
        if each.id not in blocked
        and not (each.pinned or (each.ephemeral and not include_ephemeral) or each.is_template)
    ]
    if include_deferred:
        return found
    found = [each for each in found if each.defer_until is None or not _is_later(each.defer_until, now)]
    if not is_later:
        return found
    put_off = {each.id for each in standing.beads if each.defer_until is not None and _is_later(each.defer_until, now)}
    return standing.not_directly_below(found, put_off)


def ready(
    standing: Standing[AnyBead], request: ReadyRequest, now: datetime, among: Iterable[AnyBead] | None = None
) -> list[AnyBead]:
    """Ready work in the order it should be taken.

    Args:
        standing: Who blocks whom, over everything that can block.
        request: What is wanted.
        now: The moment deferrals and recency are judged at.
        among: Only these beads; all of `standing` when not given.
    """
    found = free(
        standing,
        now,
        among,
        include_deferred=request.include_deferred,
        include_ephemeral=request.include_ephemeral,
        further_statuses=request.further_statuses,
    )
    found = _of_kind(found, request, standing.compat)
    if request.under is not None:
        under = standing.descendants(request.under)
        dotted = f"{request.under}." if standing.compat is Compat.LATER else None
        found = [each for each in found if each.id in under or (dotted and each.id.startswith(dotted))]
    found = _filtered(found, request)
    return in_order(found, request.policy, now, compat=standing.compat, limit=request.limit)


def _of_kind(found: list[AnyBead], request: ReadyRequest, compat: Compat) -> list[AnyBead]:
    """What is work at all, unless a type is asked for by name."""
    if request.kind:
        return [each for each in found if each.kind == request.kind]
    apart = NOT_WORK.union(request.without_kinds)
    found = [each for each in found if each.issue_type not in apart]
    if "task" in request.without_kinds:
        found = [each for each in found if each.issue_type]
    if compat is Compat.LATER:
        return found
    names = "\n".join([each.id for each in found])
    for part in request.excluded_ids:
        if part in names:
            found = [each for each in found if part not in each.id or each.id.startswith(request.admitted)]
    return found


def _filtered(found: list[AnyBead], request: ReadyRequest) -> list[AnyBead]:
    if request.priority is not None:
        found = [each for each in found if each.priority == request.priority]
    if request.unassigned:
        found = [each for each in found if not each.assignee]
    elif request.assignee:
        found = [each for each in found if each.assignee == request.assignee]
    if request.mol_type:
        found = [each for each in found if each.mol_type == request.mol_type]
    for label in request.labels:
        found = [each for each in found if label in (each.labels or ())]
    if request.without_labels:
        unwanted = set(request.without_labels)
        found = [each for each in found if not unwanted.intersection(each.labels or ())]
    if request.labels_any:
        wanted = set(request.labels_any)
        found = [each for each in found if wanted.intersection(each.labels or ())]
    return found


def waiting(
    standing: Standing[AnyBead], among: Iterable[AnyBead] | None = None
) -> list[tuple[AnyBead, tuple[BeadId, ...]]]:
    """What waits and the open beads it waits for, by priority then age: direct blockers, and what says so itself."""
    found: list[tuple[AnyBead, tuple[BeadId, ...]]] = []
    for each in standing.beads if among is None else among:
        if (each.status or "open") not in OPEN_LIKE or each.pinned:
            continue
        blockers = standing.blockers(each)
        if blockers or each.status in {"blocked", "deferred"}:
            found.append((each, blockers))
    return sorted(found, key=lambda pair: (pair[0].priority, age(pair[0]), pair[0].id))
