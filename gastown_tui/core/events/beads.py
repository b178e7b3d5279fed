"""What happens to beads."""

from __future__ import annotations

from typing import Any

import msgspec

from gastown_tui.core.events.envelope import Fact
from gastown_tui.core.model.ids import BeadId


class Edge(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A dependency asked for at creation."""

    depends_on_id: BeadId
    dependency_type: str = "blocks"
    metadata: str | None = None


class BeadCreated(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A bead was filed."""

    wire = "bead.created"
    bead_id: BeadId
    title: str
    description: str | None = None
    issue_type: str = "task"
    status: str = "open"
    priority: int = 2
    assignee: str | None = None
    labels: tuple[str, ...] = ()
    dependencies: tuple[Edge, ...] = ()
    fields: dict[str, Any] = msgspec.field(default_factory=dict)
    """Any further bead field by its name in `issues.jsonl`."""


class BeadUpdated(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Fields of a bead were set; null clears one."""

    wire = "bead.updated"
    bead_id: BeadId
    changes: dict[str, Any]


class BeadStatusChanged(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A bead moved from one status to another, closing and reopening apart."""

    wire = "bead.status_changed"
    bead_id: BeadId
    from_status: str
    to_status: str
    reason: str | None = None


class BeadAssigned(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A bead was given to somebody, or to nobody."""

    wire = "bead.assigned"
    bead_id: BeadId
    assignee: str | None = None


class BeadClosed(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A bead's work is over."""

    wire = "bead.closed"
    bead_id: BeadId
    reason: str = "Closed"
    session: str | None = None


class BeadReopened(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A closed bead is open again."""

    wire = "bead.reopened"
    bead_id: BeadId
    reason: str | None = None


class BeadDeleted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A bead became a tombstone, for good."""

    wire = "bead.deleted"
    bead_id: BeadId
    reason: str = "deleted"


class BeadNoted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Text was added at the end of a bead's notes."""

    wire = "bead.noted"
    bead_id: BeadId
    text: str


class BeadCommented(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Somebody remarked on a bead."""

    wire = "bead.commented"
    bead_id: BeadId
    text: str
    author: str = ""


class LabelAdded(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A bead got a label."""

    wire = "bead.label_added"
    bead_id: BeadId
    label: str


class LabelRemoved(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A bead lost a label."""

    wire = "bead.label_removed"
    bead_id: BeadId
    label: str


class DependencyAdded(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """`bead_id` depends on, belongs to or refers to `depends_on_id`."""

    wire = "bead.dependency_added"
    bead_id: BeadId
    depends_on_id: BeadId
    dependency_type: str = "blocks"
    metadata: str | None = None


class DependencyRemoved(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An edge is gone. One edge stands between two beads, whatever its type."""

    wire = "bead.dependency_removed"
    bead_id: BeadId
    depends_on_id: BeadId


class BeadImported(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A line of `issues.jsonl` written by somebody else became the bead, unless ours is newer."""

    wire = "bead.imported"
    bead_id: BeadId
    line: str
    """The line as it stood, without its newline."""
    position: int | None = None
    """Its place in a file that was not sorted by id."""
