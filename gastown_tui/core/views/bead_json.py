"""Beads as JSON clients read them: key order, omissions and shapes of reference/bd-cli.md section 4."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins
from msgspec.structs import replace

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead, Dependency, parent_of
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.outline import Outline
from gastown_tui.core.model.times import epoch_ns

if TYPE_CHECKING:
    from gastown_tui.core.rules.queries import EpicProgress

Record = dict[str, Any]

_ALWAYS = frozenset({"id", "title", "priority", "created_at", "updated_at"})
_APART = ("labels", "dependencies", "comments")
_BASIC = (
    "id", "title", "description", "design", "acceptance_criteria", "notes", "status", "priority", "issue_type",
    "assignee", "owner", "estimated_minutes", "created_at", "created_by", "updated_at", "closed_at", "due_at",
    "defer_until", "external_ref",
)  # fmt: skip
_NO_TIME = "0001-01-01T00:00:00Z"


def issue(bead: Bead, *, labels: bool = True) -> Record:
    """A bead's own fields, its edges and comments apart."""
    record = _whole(bead)
    for key in _APART if not labels else _APART[1:]:
        record.pop(key, None)
    return record


def exported(bead: Bead) -> Record:
    """A bead with everything, as a line of an export."""
    record = _whole(bead)
    if bead.dependencies:
        record["dependencies"] = [edge(each) for each in bead.dependencies]
    if bead.comments:
        record["comments"] = comments(bead)
    return record


def _whole(bead: Bead) -> Record:
    if not bead.status or not bead.issue_type or not bead.created_at or not bead.updated_at:
        created = bead.created_at or _NO_TIME
        bead = replace(
            bead,
            status=bead.state,
            issue_type=bead.kind,
            created_at=created,
            updated_at=bead.updated_at or created,
        )
    fields: Record = to_builtins(bead)
    return {key: value for key, value in fields.items() if value or key in _ALWAYS}


def edge(each: Dependency) -> Record:
    """One edge as it is kept."""
    record: Record = {
        "issue_id": each.issue_id,
        "depends_on_id": each.depends_on_id,
        "type": each.type or "blocks",
        "created_at": each.created_at or _NO_TIME,
    }
    return record | {
        key: value
        for key, value in (
            ("created_by", each.created_by),
            ("metadata", each.metadata),
            ("thread_id", each.thread_id),
        )
        if value
    }


def comments(bead: Bead, *, text_ids: bool = False) -> list[Record]:
    """A bead's comments, oldest first.

    Args:
        bead: The bead.
        text_ids: Numbers as text: newer clients read the ids of a list of comments so.
    """
    return [
        {
            "id": str(each.id) if text_ids else each.id,
            "issue_id": each.issue_id or bead.id,
            "author": each.author,
            "text": each.text,
            "created_at": each.created_at or _NO_TIME,
        }
        for each in sorted(bead.comments or (), key=lambda each: epoch_ns(each.created_at) or 0)
    ]


def with_counts(town: Town, bead: Bead, *, edges: bool = True, dependents: int | None = None) -> Record:
    """A row of `list`, `search`, `query` and `ready`.

    Edges also carry the fields of the bead they lead to, for readers that take them for beads. `dependents` spares
    looking for them.
    """
    record = issue(bead)
    if edges and bead.dependencies:
        record["dependencies"] = [_edge_and_target(town, each) for each in bead.dependencies]
    record["dependency_count"] = len(bead.needs)
    record["dependent_count"] = len(town.dependents(bead.id)) if dependents is None else dependents
    record["comment_count"] = len(bead.comments or ())
    return record


def rows(town: Town, beads: Sequence[Bead], *, edges: bool = True, outlines: Iterable[Outline] = ()) -> list[Record]:
    """Many rows, their dependents counted in one pass over all beads.

    Args:
        town: All ledgers.
        beads: The beads of the rows.
        edges: With the beads they lead to.
        outlines: All beads, when they are at hand in outline.
    """
    counts = dict.fromkeys((bead.id for bead in beads), 0)
    everything: Iterable[Bead | Outline] = outlines or chain.from_iterable(
        state.beads.all() for state in town.ledgers.values()
    )
    for other in everything:
        for each in other.dependencies or ():
            if each.depends_on_id in counts:
                counts[each.depends_on_id] += 1
    return [with_counts(town, bead, edges=edges, dependents=counts[bead.id]) for bead in beads]


def _edge_and_target(town: Town, each: Dependency) -> Record:
    target = town.find(each.depends_on_id)
    record = edge(each)
    return record | {
        "id": each.depends_on_id,
        "title": "" if target is None else target.title,
        "status": "tombstone" if target is None else target.state,
        "priority": 0 if target is None else target.priority,
        "issue_type": "task" if target is None else target.kind,
        "updated_at": record["created_at"] if target is None else target.updated_at or record["created_at"],
        "dependency_type": each.type or "blocks",
    }


def linked(bead: Bead, type_: str) -> Record:
    """A bead at the other end of an edge."""
    return issue(bead) | {"dependency_type": type_ or "blocks"}


def details(town: Town, bead: Bead) -> Record:
    """A bead with the beads around it, as `show` gives it."""
    record = issue(bead, labels=False)
    if bead.labels:
        record["labels"] = list(bead.labels)
    down = [linked(other, each.type) for each in bead.needs if (other := town.find(each.depends_on_id)) is not None]
    up = [linked(other, type_) for each, type_ in town.dependents(bead.id) if (other := town.find(each)) is not None]
    if down:
        record["dependencies"] = down
    if up:
        record["dependents"] = up
    if bead.comments:
        record["comments"] = comments(bead)
    if parent := parent_of(bead):
        record["parent"] = parent
    return record


def blocked(bead: Bead, blockers: Iterable[BeadId]) -> Record:
    """A row of `blocked`."""
    whole = _whole(bead)
    ids = list(blockers)
    return {key: whole[key] for key in _BASIC if key in whole} | {"blocked_by_count": len(ids), "blocked_by": ids}


def tree_node(bead: Bead, *, depth: int, parent: str, truncated: bool) -> Record:
    """A node of `dep tree`."""
    return issue(bead) | {"depth": depth, "parent_id": parent, "truncated": truncated}


def epic_status(progress: EpicProgress) -> Record:
    """A row of `epic status`."""
    return {
        "epic": issue(progress.epic),
        "total_children": progress.total,
        "closed_children": progress.closed,
        "eligible_for_close": progress.is_eligible,
    }
