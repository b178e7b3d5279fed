"""Who may start and who must wait: blocking, readiness and their order.

Two generations of rules are spoken: 0.49 (the JSONL generation, the default) and 1.0, which lets any unfinished status
block, forgets why a conditional blocker closed, and puts newer beads first (reference/beads.md sections 3.1 to 3.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import datetime, timedelta
from enum import StrEnum
from heapq import nsmallest
from typing import Any

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.bead import OPEN_LIKE, Bead, Dependency
from gastown_tui.core.model.ids import BeadId, shown
from gastown_tui.core.model.times import epoch_ns, stamp

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
_HYBRID_RECENT = timedelta(hours=48)
_FAR_PAST = -(2**62)


class Compat(StrEnum):
    """Which generation's rules apply."""

    JSONL = "0.49"
    LATER = "1.0"


class Policy(StrEnum):
    """In what order ready work is handed out."""

    HYBRID = "hybrid"
    """What was filed in the last two days by priority, then the rest by age."""
    PRIORITY = "priority"
    OLDEST = "oldest"


def parse_policy(text: str) -> Policy:
    """A policy by its name.

    Raises:
        BadInput: there is none of that name.
    """
    if text not in tuple(Policy):
        raise BadInput(f"invalid sort policy {shown(text)}. Valid values: hybrid, priority, oldest")
    return Policy(text)


class Standing:
    """One reading of who blocks whom over a set of beads.

    Attributes:
        beads: Every bead, by id.
        blocked: Ids of beads that wait, for a blocker of their own or for one of their parents'. In 0.49 what is closed
            may still count as waiting and hold its children back; in 1.0 it never does.
    """

    def __init__(self, beads: Iterable[Bead], *, compat: Compat = Compat.JSONL) -> None:
        self.beads: Mapping[BeadId, Bead] = {bead.id: bead for bead in beads}
        self.compat = compat
        self._children: dict[BeadId, list[BeadId]] = {}
        waiting: list[Bead] = []
        for bead in self.beads.values():
            if bead.dependencies is None:
                continue
            waiting.append(bead)
            for edge in bead.dependencies:
                if edge.type == "parent-child":
                    self._children.setdefault(edge.depends_on_id, []).append(bead.id)
        self.blocked = self._spread({bead.id for bead in waiting if self._waits(bead)})

    def children(self, bead_id: BeadId) -> tuple[BeadId, ...]:
        """The beads that belong to one by a parent-child edge."""
        return tuple(self._children.get(bead_id, ()))

    def descendants(self, bead_id: BeadId) -> set[BeadId]:
        """Everything below a bead, however deep; itself apart."""
        return self._below({bead_id}) - {bead_id}

    def blockers(self, bead: Bead) -> tuple[BeadId, ...]:
        """Its open `blocks` targets and unsatisfied outside ones, in the order of its edges."""
        return tuple(
            dict.fromkeys(edge.depends_on_id for edge in bead.needs if edge.type == "blocks" and self._blocks(edge))
        )

    def _waits(self, bead: Bead) -> bool:
        return any(self._holds(edge) for edge in bead.needs if edge.type in BLOCKING)

    def _holds(self, edge: Dependency) -> bool:
        match edge.type:
            case "blocks":
                return self._blocks(edge)
            case "conditional-blocks":
                return self._holds_conditionally(edge.depends_on_id)
            case "waits-for":
                return self._holds_for_children(edge)
        return False

    def _blocks(self, edge: Dependency) -> bool:
        if edge.depends_on_id.startswith("external:"):
            return not self._is_satisfied(edge.depends_on_id)
        target = self.beads.get(edge.depends_on_id)
        return target is not None and self._is_unfinished(target)

    def _is_unfinished(self, target: Bead) -> bool:
        if self.compat is Compat.LATER:
            return target.state not in {"closed", "pinned", "tombstone"}
        return target.state in OPEN_LIKE

    def _is_satisfied(self, reference: str) -> bool:
        """An outside need is met by a closed bead that provides the capability, or that is named by it."""
        capability = reference.rpartition(":")[2]
        named = self.beads.get(BeadId(capability))
        if named is not None:
            return named.is_closed
        label = f"provides:{capability}"
        return any(bead.status == "closed" and label in (bead.labels or ()) for bead in self.beads.values())

    def _holds_conditionally(self, target_id: BeadId) -> bool:
        target = self.beads.get(target_id)
        if target is None:
            return False
        if self.compat is Compat.LATER:
            return self._is_unfinished(target)
        if target.state == "closed":
            reason = (target.close_reason or "").lower()
            return not any(word in reason for word in FAILURE_WORDS)
        return target.state in OPEN_LIKE and target.state != "hooked"

    def _holds_for_children(self, edge: Dependency) -> bool:
        told = _metadata(edge)
        parents = {edge.depends_on_id}
        if self.compat is Compat.JSONL and isinstance(told.get("spawner_id"), str):
            parents.add(BeadId(told["spawner_id"]))
        children = [self.beads[child] for parent in parents for child in self._children.get(parent, ())]
        if told.get("gate") == "any-children":
            if not children:
                return self.compat is Compat.JSONL
            return not any(child.is_closed for child in children)
        return any(not child.is_closed for child in children)

    def _spread(self, seeds: set[BeadId]) -> set[BeadId]:
        if self.compat is Compat.JSONL:
            return self._below(seeds, depth=_DEPTH_LIMIT)
        over = {bead_id for bead_id, bead in self.beads.items() if bead.state in {"closed", "pinned", "tombstone"}}
        return self._below(seeds - over, without=over)

    def _below(self, seeds: set[BeadId], *, depth: int = 1_000_000, without: Set[BeadId] = frozenset()) -> set[BeadId]:
        found, front = set(seeds), seeds
        while front and depth:
            front = {child for each in front for child in self._children.get(each, ())} - found - without
            found |= front
            depth -= 1
        return found


def _metadata(edge: Dependency) -> Mapping[str, Any]:
    if not edge.metadata:
        return {}
    try:
        told = msgspec.json.decode(edge.metadata)
    except msgspec.DecodeError:
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


def is_free(bead: Bead, standing: Standing, now: datetime, *, include_deferred: bool = False) -> bool:
    """Whether a bead is open work that waits for nothing: the rule alone, no filters."""
    if bead.state != "open" or bead.pinned or bead.ephemeral or bead.is_template or bead.id in standing.blocked:
        return False
    return include_deferred or not _is_deferred(bead, now)


def ready(standing: Standing, request: ReadyRequest, now: datetime, among: Iterable[Bead] | None = None) -> list[Bead]:
    """Ready work in the order it should be taken.

    Args:
        standing: Who blocks whom, over everything that can block.
        request: What is wanted.
        now: The moment deferrals and recency are judged at.
        among: Only these beads; all of `standing` when not given.
    """
    under = None if request.under is None else standing.descendants(request.under)
    found = [
        bead
        for bead in (standing.beads.values() if among is None else among)
        if bead.state == "open"
        and _is_wanted(bead, request)
        and (under is None or bead.id in under)
        and is_free(bead, standing, now, include_deferred=request.include_deferred)
    ]
    return in_order(found, request.policy, now, compat=standing.compat, limit=request.limit)


def _is_wanted(bead: Bead, request: ReadyRequest) -> bool:
    if request.kind:
        if bead.kind != request.kind:
            return False
    elif bead.kind in NOT_WORK or any(part in bead.id for part in request.excluded_ids):
        return False
    if request.priority is not None and bead.priority != request.priority:
        return False
    if request.unassigned:
        if bead.assignee:
            return False
    elif request.assignee and bead.assignee != request.assignee:
        return False
    if request.mol_type and bead.mol_type != request.mol_type:
        return False
    labels = bead.labels or ()
    if any(label not in labels for label in request.labels):
        return False
    return not request.labels_any or any(label in labels for label in request.labels_any)


def _is_deferred(bead: Bead, now: datetime) -> bool:
    until = epoch_ns(bead.defer_until)
    return until is not None and until > (epoch_ns(stamp(now)) or 0)


def in_order(
    beads: list[Bead], policy: Policy, now: datetime, *, compat: Compat = Compat.JSONL, limit: int = 0
) -> list[Bead]:
    """Beads in the order of a policy, at most `limit` of them; 0: all. Ties are broken by id."""

    def filed(bead: Bead) -> int:
        at = epoch_ns(bead.created_at)
        return _FAR_PAST if at is None else at

    def by_age(bead: Bead) -> tuple[Any, ...]:
        return (filed(bead), bead.id)

    def by_priority(bead: Bead) -> tuple[Any, ...]:
        return (bead.priority, -filed(bead) if compat is Compat.LATER else filed(bead), bead.id)

    recent = epoch_ns(stamp(now - _HYBRID_RECENT)) or 0

    def by_both(bead: Bead) -> tuple[Any, ...]:
        at = filed(bead)
        return (0, bead.priority, at, bead.id) if at >= recent else (1, 0, at, bead.id)

    key = {Policy.HYBRID: by_both, Policy.PRIORITY: by_priority, Policy.OLDEST: by_age}[policy]
    return nsmallest(limit, beads, key=key) if limit > 0 else sorted(beads, key=key)


def waiting(standing: Standing, among: Iterable[Bead] | None = None) -> list[tuple[Bead, tuple[BeadId, ...]]]:
    """What waits and the open beads it waits for, by priority then age: direct blockers, and what says so itself."""
    found: list[tuple[Bead, tuple[BeadId, ...]]] = []
    for bead in standing.beads.values() if among is None else among:
        if bead.state not in OPEN_LIKE or bead.pinned:
            continue
        blockers = standing.blockers(bead)
        if blockers or bead.state in {"blocked", "deferred"}:
            found.append((bead, blockers))
    return sorted(found, key=lambda pair: (pair[0].priority, epoch_ns(pair[0].created_at) or 0, pair[0].id))
