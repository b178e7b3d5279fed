"""A bead: one record of work, with the fields every beads program knows, in the order they are written.

Field order, omission rules and dialects follow reference measurements of public ledgers (see docs/decisions).
Timestamps stay the text they were written as; `model.times` compares them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gastown_tui.core.model.ids import BeadId


class Dependency(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """An edge: `issue_id` needs, belongs to or refers to `depends_on_id`."""

    issue_id: BeadId
    depends_on_id: BeadId
    type: str = msgspec.field(default="")
    created_at: str = ""
    created_by: str | None = None
    metadata: str | None = None
    thread_id: str | None = None


class Comment(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One remark on a bead. `id` is a number in older files and a string in newer ones."""

    id: int | str = 0
    issue_id: BeadId = BeadId("")
    author: str = ""
    text: str = ""
    created_at: str = ""


class Bead(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One bead. Encoding it yields the keys and the order other beads programs write."""

    id: BeadId
    title: str
    description: str | None = None
    design: str | None = None
    acceptance_criteria: str | None = None
    notes: str | None = None
    spec_id: str | None = None
    status: str | None = None
    """None reads as `open`; see `state`."""
    priority: int
    """0 critical … 4 backlog."""
    issue_type: str | None = None
    """None reads as `task`; see `kind`."""
    assignee: str | None = None
    owner: str | None = None
    estimated_minutes: int | None = None
    created_at: str
    created_by: str | None = None
    updated_at: str
    started_at: str | None = None
    closed_at: str | None = None
    close_reason: str | None = None
    closed_by_session: str | None = None
    due_at: str | None = None
    defer_until: str | None = None
    external_ref: str | None = None
    source_system: str | None = None
    metadata: Any = None
    compaction_level: int | None = None
    compacted_at: str | None = None
    compacted_at_commit: str | None = None
    original_size: int | None = None
    labels: tuple[str, ...] | None = None
    dependencies: tuple[Dependency, ...] | None = None
    comments: tuple[Comment, ...] | None = None
    deleted_at: str | None = None
    deleted_by: str | None = None
    delete_reason: str | None = None
    original_type: str | None = None
    sender: str | None = None
    ephemeral: bool | None = None
    no_history: bool | None = None
    wisp_type: str | None = None
    pinned: bool | None = None
    is_template: bool | None = None
    bonded_from: Any = None
    creator: Any = None
    validations: Any = None
    quality_score: float | None = None
    crystallizes: bool | None = None
    await_type: str | None = None
    await_id: str | None = None
    timeout: int | None = None
    """Nanoseconds."""
    waiters: Any = None
    holder: str | None = None
    source_formula: str | None = None
    source_location: str | None = None
    hook_bead: str | None = None
    role_bead: str | None = None
    agent_state: str | None = None
    last_activity: str | None = None
    role_type: str | None = None
    rig: str | None = None
    mol_type: str | None = None
    work_type: str | None = None
    event_kind: str | None = None
    actor: str | None = None
    target: str | None = None
    payload: str | None = None

    @property
    def state(self) -> str:
        """The status, with the default older files leave out."""
        return self.status or "open"

    @property
    def kind(self) -> str:
        """The type, with the default older files leave out."""
        return self.issue_type or "task"

    @property
    def is_closed(self) -> bool:
        """Work on it is over: closed, or deleted for good."""
        return self.status == "closed" or self.status == "tombstone"

    @property
    def needs(self) -> tuple[Dependency, ...]:
        """Its outgoing edges; empty when it has none."""
        return self.dependencies or ()

    def setting(self, key: str) -> Any:
        """A value of its `metadata` object; None when there is none."""
        return self.metadata.get(key) if isinstance(self.metadata, dict) else None


FIELDS: tuple[str, ...] = Bead.__struct_fields__
"""Every known key, in the order it is written."""

OPEN_LIKE = frozenset({"open", "in_progress", "blocked", "deferred", "hooked"})
"""Statuses that block others and count as unfinished (bd 0.49)."""

STATUSES = ("open", "in_progress", "hooked", "blocked", "deferred", "pinned", "closed")
"""Statuses a person may set."""

TYPES = ("bug", "feature", "task", "epic", "chore")
"""Types a person chooses from; any other the file already has is kept."""

TOWN_TYPES = (
    "message", "molecule", "merge-request", "convoy", "gate", "agent", "event", "role", "rig", "slot", "queue",
)  # fmt: skip
"""Types the town itself uses."""


def parent_of(bead: Bead) -> BeadId | None:
    """The bead it belongs to by a parent-child edge."""
    for edge in bead.needs:
        if edge.type == "parent-child":
            return edge.depends_on_id
    return None


def prefix_of(bead_id: str) -> str:
    """The prefix of an id as older programs read it (reference/beads.md section 2); no trailing dash."""
    head, dash, tail = bead_id.rpartition("-")
    if not dash:
        return bead_id
    suffix = tail.split(".", 1)[0]
    looks_hashed = 3 <= len(suffix) <= 8 and suffix.isalnum() and suffix == suffix.lower()
    if suffix.isdecimal() or (looks_hashed and (len(suffix) == 3 or any(c.isdecimal() for c in suffix))):
        return head
    return bead_id.split("-", 1)[0]
