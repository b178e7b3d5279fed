"""A list chosen from outlines is the list chosen from whole beads."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gastown_tui.core.model.bead import Bead, Dependency
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.outline import outline_of
from gastown_tui.core.rules.queries import HIDDEN, Filter, Span, can_outline, chosen, ordered

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def bead(number: int) -> Bead:
    """One of many beads that differ in everything a filter asks for."""
    bead_id = BeadId(f"gt-{number}")
    kind = "parent-child" if number % 2 else "blocks"
    edge = Dependency(issue_id=bead_id, depends_on_id=BeadId("gt-0"), type=kind)
    return Bead(
        id=bead_id,
        title=f"Title {number % 7}",
        status=("open", "closed", "in_progress", "tombstone", "pinned", "deferred")[number % 6],
        priority=number % 5,
        issue_type=("task", "bug", "gate", None)[number % 4],
        assignee=("", "max", None)[number % 3],
        created_at=f"2026-01-{number % 28 + 1:02}T00:00:00Z",
        updated_at="2026-02-01T00:00:00Z",
        defer_until="2026-03-01T00:00:00Z" if number % 9 == 0 else None,
        labels=(("a",), ("a", "b"), None)[number % 3],
        dependencies=(edge,) if number % 3 else None,
        pinned=number % 11 == 0 or None,
        is_template=number % 13 == 0 or None,
        mol_type="swarm" if number % 5 == 0 else None,
    )


BEADS = [bead(number) for number in range(120)]
ASKED = (
    Filter(),
    Filter(hidden=HIDDEN),
    Filter(status="open,closed"),
    Filter(status="all"),
    Filter(kind="bug"),
    Filter(priority=2),
    Filter(priority_min=1, priority_max=3),
    Filter(assignee="max"),
    Filter(no_assignee=True),
    Filter(labels=("a",), without_labels=("b",)),
    Filter(labels_any=("b",)),
    Filter(no_labels=True),
    Filter(label_pattern="[ab]", label_regex="^b"),
    Filter(ids=("gt-7", "gt-14")),
    Filter(created=Span(after="2026-01-10T00:00:00Z", before="2026-01-20T00:00:00Z")),
    Filter(deferred=Span(after="2026-01-10T00:00:00Z")),
    Filter(only_deferred=True),
    Filter(pinned=True),
    Filter(pinned=False),
    Filter(parent=BeadId("gt-0")),
    Filter(no_parent=True),
    Filter(mol_type="swarm"),
    Filter(templates=True, gates=True),
)
BEYOND = (
    Filter(words="title"),
    Filter(title="3"),
    Filter(description="x"),
    Filter(notes="x"),
    Filter(spec="x"),
    Filter(updated=Span(after="2026-01-10T00:00:00Z")),
    Filter(closed=Span(after="2026-01-10T00:00:00Z")),
    Filter(due=Span(after="2026-01-10T00:00:00Z")),
    Filter(overdue=True),
    Filter(empty_description=True),
    Filter(wisp_type="heartbeat"),
)


@pytest.mark.parametrize("wanted", ASKED, ids=str)
@pytest.mark.parametrize("by", ["", "priority", "status", "id", "type", "assignee", "created"])
def test_outlines_are_chosen_and_ordered_as_their_beads_are(wanted: Filter, by: str) -> None:
    assert can_outline(wanted, by)
    found = ordered(chosen(BEADS, wanted, NOW), by)
    assert found
    assert [each.id for each in ordered(chosen(map(outline_of, BEADS), wanted, NOW), by)] == [each.id for each in found]


@pytest.mark.parametrize("wanted", BEYOND, ids=str)
def test_what_outlines_do_not_hold_is_asked_of_whole_beads(wanted: Filter) -> None:
    assert not can_outline(wanted, "")


@pytest.mark.parametrize("by", ["title", "updated", "closed"])
def test_orders_that_outlines_do_not_know_need_whole_beads(by: str) -> None:
    assert not can_outline(Filter(), by)


def test_every_filter_is_asked_once() -> None:
    asked = {name for each in (*ASKED, *BEYOND) for name in Filter.__struct_fields__ if getattr(each, name)}
    asked |= {"priority", "pinned"}
    assert asked == set(Filter.__struct_fields__)
