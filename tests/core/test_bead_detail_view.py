"""One bead whole: who holds it, what stands around it, and what became of it."""

from __future__ import annotations

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import NotFound
from gastown_tui.core.events import Edge
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId
from gastown_tui.core.views.bead_detail import BeadDetail, bead_detail
from gastown_tui.core.views.bead_history import beginnings, history
from tests.towns import NOW, a_bead, a_hook, a_town, ago, an_event

NUX = "api/polecats/nux"
ONE = BeadId("ap-1")


def detail_of(*beads: Bead, hook: str = "") -> BeadDetail:
    hooks = [a_hook(NUX, hook, since=ago(minutes=5))] if hook else []
    town = a_town(rigs={"api": "ap"}, agents=[NUX], beads=beads, hooks=hooks)
    return bead_detail(town, "ap-1", NOW, lambda bead: bead.state)


def groups(detail: BeadDetail) -> dict[str, list[str]]:
    return {group.name: [each.bead_id for each in group.beads] for group in detail.neighbours}


def told(*facts: e.Fact) -> list[str]:
    events = [an_event(fact, actor="mayor", at=ago(minutes=9 - nth)) for nth, fact in enumerate(facts)]
    return [f"{each.word} {each.text}".rstrip() for each in history(events, ONE)][::-1]


# ---------------------------------------------------------------------------------------------- what stands around it


def test_neighbours_stand_under_what_they_are_to_it() -> None:
    related = Edge(depends_on_id=BeadId("ap-7"), dependency_type="discovered-from")
    detail = detail_of(
        a_bead("ap-1", needs=["ap-2", "ap-3", related], parent="ap-0"),
        a_bead("ap-0", kind="epic"),
        a_bead("ap-2", status="closed"),
        a_bead("ap-3"),
        a_bead("ap-4", needs=["ap-1"]),
        a_bead("ap-1.10", parent="ap-1"),
        a_bead("ap-1.9", parent="ap-1"),
        a_bead("ap-7"),
    )
    assert groups(detail) == {
        "Part of": ["ap-0"],
        "Waits for": ["ap-3", "ap-2"],
        "Holds up": ["ap-4"],
        "Parts": ["ap-1.9", "ap-1.10"],
        "Related": ["ap-7"],
    }
    assert detail.neighbours[1].over == 1
    assert detail.neighbours[4].beads[0].note == "discovered-from"


def test_a_neighbour_no_ledger_has_is_named_without_a_state() -> None:
    detail = detail_of(a_bead("ap-1", needs=["other-9"]))
    assert [(each.bead_id, each.state) for each in detail.neighbours[0].beads] == [("other-9", "")]


def test_the_agent_on_whose_hook_it_hangs_is_named_with_its_time() -> None:
    detail = detail_of(a_bead("ap-1", status="hooked", assignee=NUX), hook="ap-1")
    assert (detail.holder, detail.held_for) == (NUX, "5m")


def test_a_bead_that_is_gone_is_not_found() -> None:
    with pytest.raises(NotFound):
        detail_of(a_bead("ap-2"))


def test_long_values_are_texts_and_short_ones_fields() -> None:
    detail = detail_of(a_bead("ap-1", metadata={"run": "one\ntwo", "tries": 3}, notes="Mind the gap.\n"))
    assert ("run", "one\ntwo") in detail.texts
    assert ("Notes", "Mind the gap.\n") in detail.texts
    assert ("tries", "3") in detail.fields


# ---------------------------------------------------------------------------------------------- what became of it


def test_changes_say_from_what_to_what() -> None:
    assert told(
        e.BeadCreated(bead_id=ONE, title="Crash", priority=2),
        e.BeadUpdated(bead_id=ONE, changes={"priority": 0, "description": "why"}),
        e.BeadUpdated(bead_id=ONE, changes={"description": "because", "title": "Crash on start"}),
        e.BeadAssigned(bead_id=ONE, assignee=NUX),
        e.BeadAssigned(bead_id=ONE),
        e.BeadStatusChanged(bead_id=ONE, from_status="open", to_status="in_progress"),
        e.BeadClosed(bead_id=ONE, reason="done"),
    ) == [
        "filed Crash",
        "priority P2 → P0",
        "description written",
        "description rewritten",
        "title Crash → Crash on start",
        "assignee none → api/nux",
        "assignee api/nux → none",
        "status open → in_progress",
        "closed done",
    ]


def test_what_was_before_the_log_is_left_out_rather_than_guessed() -> None:
    assert told(e.BeadUpdated(bead_id=ONE, changes={"priority": 1})) == ["priority → P1"]


def test_what_another_program_changed_in_the_file_is_told_by_field() -> None:
    line = '{"id":"ap-1","title":"Crash","status":"%s","priority":2}'
    first, later = (e.BeadImported(bead_id=ONE, line=line % status) for status in ("open", "closed"))
    assert told(first, later) == ["taken in as another program wrote it", "status open → closed"]
    assert told(e.BeadImported(bead_id=ONE, line="no json")) == ["taken in as another program wrote it"]


def test_edges_are_told_from_the_side_of_the_bead() -> None:
    other = BeadId("ap-2")
    assert told(
        e.DependencyAdded(bead_id=ONE, depends_on_id=other),
        e.DependencyAdded(bead_id=other, depends_on_id=ONE),
        e.DependencyRemoved(bead_id=ONE, depends_on_id=other),
        e.DependencyAdded(bead_id=ONE, depends_on_id=other, dependency_type="parent-child"),
    ) == ["needs ap-2", "needed by ap-2", "freed of ap-2", "part of ap-2"]


def test_only_what_names_the_bead_is_told() -> None:
    hooked = e.HookSet(agent=Address(NUX), ref_id=ONE, assignment_id=AssignmentId("asg-1"))
    assert told(e.BeadClosed(bead_id=BeadId("ap-12")), hooked) == ["slung to api/nux"]


def test_a_bead_tells_its_own_beginnings() -> None:
    bead = a_bead("ap-1", status="closed", closed_at=ago(hours=1), close_reason="done", created_by="mayor")
    assert [(each.word, each.who) for each in beginnings(bead)] == [("closed", ""), ("filed", "mayor")]
