"""A bead in outline: the few fields that decide what is ready or listed, read without all the others."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, cast

import msgspec

from gastown_tui.core.model.bead import STATUSES, TOWN_TYPES, TYPES, Bead
from gastown_tui.core.model.ids import BeadId

_EDGE_TYPES = (
    "", "blocks", "parent-child", "conditional-blocks", "waits-for", "related", "relates-to", "discovered-from",
    "tracks", "replies-to", "duplicates", "supersedes", "until", "caused-by", "validates",
)  # fmt: skip


class OutlineEdge(msgspec.Struct, gc=False):
    """An edge, as far as readiness looks at it."""

    depends_on_id: BeadId
    type: str = ""
    metadata: Any = None


class Outline(msgspec.Struct, gc=False):
    """What readiness looks at. Absent fields have the values a bead without them has."""

    id: BeadId
    status: str | None = None
    priority: int = 0
    issue_type: str | None = None
    assignee: str | None = None
    created_at: str | None = None
    defer_until: str | None = None
    close_reason: str | None = None
    labels: tuple[str, ...] | None = None
    dependencies: tuple[OutlineEdge, ...] | None = None
    pinned: bool | None = None
    ephemeral: bool | None = None
    is_template: bool | None = None
    mol_type: str | None = None

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
    def needs(self) -> tuple[OutlineEdge, ...]:
        """The edges to other beads, none when the field is absent."""
        return self.dependencies or ()


def decode_outlines(lines: bytes) -> list[Outline]:
    """The outlines of many lines at once.

    Raises:
        msgspec.DecodeError: a line is no bead, or spells a field in a way only the careful reader understands.
    """
    found: list[Outline]
    try:
        found = msgspec.json.Decoder(_usual()).decode_lines(lines)
    except msgspec.ValidationError:
        found = msgspec.json.Decoder(Outline).decode_lines(lines)
    return found


@cache
def _usual() -> type[Outline]:
    """An outline that knows the usual words alone: each is one string then, however many beads have it."""
    words: Any = Literal
    edge = msgspec.defstruct("OutlineEdge", [("type", words[_EDGE_TYPES], "")], bases=(OutlineEdge,), gc=False)
    fields = [
        ("status", words[(None, *STATUSES, "tombstone")], None),
        ("issue_type", words[(None, *TYPES, *TOWN_TYPES)], None),
        ("dependencies", tuple[edge, ...] | None, None),  # type: ignore[valid-type]
    ]
    return cast(type[Outline], msgspec.defstruct("Outline", fields, bases=(Outline,), gc=False))


def outline_of(bead: Bead) -> Outline:
    """A bead in outline."""
    edges = tuple(OutlineEdge(each.depends_on_id, each.type, each.metadata) for each in bead.needs)
    return Outline(
        id=bead.id,
        status=bead.status,
        priority=bead.priority,
        issue_type=bead.issue_type,
        assignee=bead.assignee,
        created_at=bead.created_at,
        defer_until=bead.defer_until,
        close_reason=bead.close_reason,
        labels=bead.labels,
        dependencies=edges or None,
        pinned=bead.pinned,
        ephemeral=bead.ephemeral,
        is_template=bead.is_template,
        mol_type=bead.mol_type,
    )
