"""State is a function of the events: of their order, and of nothing else."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.core import events as e
from gastown_tui.core.fold import BeadShelf, LedgerState, Registers, apply, fold
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.bead_line import encode_bead
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId, EventId
from gastown_tui.core.world.envelope import decode_event, encode_event
from gastown_tui.core.world.lazy_shelf import LazyShelf
from gastown_tui.core.world.lines import Lines, find_lead
from tests.ledgers import created, examples, facts

ONE = BeadId("gt-1")
WORKER = Address("api/polecats/slot0")


def events_of(history: list[e.Fact], actor: str = "mayor") -> list[e.Event]:
    """Facts as events, a millisecond apart."""
    return [
        e.Event(
            event_id=EventId(f"evt-{number:026}"),
            event_type=fact.wire,
            timestamp=f"2026-01-06T12:00:{number // 1000:02}.{number % 1000:03}Z",
            actor=actor,
            fact=fact,
        )
        for number, fact in enumerate(history, 1)
    ]


def folded(*history: e.Fact) -> LedgerState:
    return fold(events_of(list(history)))


def everything(state: LedgerState) -> Any:
    return {bead.id: bead for bead in state.beads.all()}, dict(state.mail), state.registers, state.beads.origins


# ------------------------------------------------------------------------------------------------------ laws


@examples(3)
@given(history=st.lists(facts, max_size=15), cut=st.integers(0, 15))
def test_folding_a_beginning_and_then_the_rest_is_folding_it_all(history: list[e.Fact], cut: int) -> None:
    events = events_of(history)
    assert everything(fold(events[cut:], fold(events[:cut]))) == everything(fold(events))


@examples(3)
@given(history=st.lists(facts, max_size=15))
def test_what_was_written_and_read_again_folds_to_the_same(history: list[e.Fact]) -> None:
    events = events_of(history)
    again = [event for each in events if (event := decode_event(encode_event(each)[:-1])) is not None]
    assert [event.fact for event in again] == [event.fact for event in events]
    assert everything(fold(again)) == everything(fold(events))


@examples(3)
@given(history=st.lists(facts, max_size=15))
def test_registers_come_back_from_a_snapshot_as_they_went_in(history: list[e.Fact]) -> None:
    registers = fold(events_of(history)).registers
    assert msgspec.json.decode(msgspec.json.encode(registers), type=Registers) == registers


@examples(3)
@given(history=st.lists(facts, max_size=12), more=st.lists(facts, max_size=6))
def test_a_lazy_shelf_folds_and_answers_like_a_plain_one(history: list[e.Fact], more: list[e.Fact]) -> None:
    events = events_of(history + more)
    plain = fold(events[: len(history)])
    rows = sorted(plain.beads.all(), key=lambda bead: bead.id)
    data = b"".join(encode_bead(bead) + b"\n" for bead in rows)
    lazy = LedgerState(LazyShelf(Lines(data, find_lead(data))), dict(plain.mail), copy.deepcopy(plain.registers))
    for event in events[len(history) :]:
        apply(plain, event)
        apply(lazy, event)
    ids = [BeadId(each) for each in ("gt-1", "gt-2", "gt-2.1", "nobody")]
    assert [lazy.beads.get(each) for each in ids] == [plain.beads.get(each) for each in ids]
    assert [each in lazy.beads for each in ids] == [each in plain.beads for each in ids]
    assert [lazy.beads.dependents(each) for each in ids] == [plain.beads.dependents(each) for each in ids]
    assert [lazy.beads.of_kind(kind) for kind in ("task", "convoy", "bug")] == [
        plain.beads.of_kind(kind) for kind in ("task", "convoy", "bug")
    ]
    assert sorted(lazy.beads) == sorted(plain.beads)
    assert len(lazy.beads) == len(plain.beads)
    assert {bead.id: bead for bead in lazy.beads.all()} == {bead.id: bead for bead in plain.beads.all()}
    assert [lazy.beads.dependents(each) for each in ids] == [plain.beads.dependents(each) for each in ids]


@examples(3)
@given(history=st.lists(facts, max_size=12))
def test_the_indexes_of_a_shelf_are_kept_up(history: list[e.Fact]) -> None:
    state = LedgerState()
    state.beads.dependents(ONE)
    state.beads.of_kind("task")
    fresh = BeadShelf()
    for event in events_of(history):
        apply(state, event)
    for bead in state.beads.all():
        fresh[bead.id] = bead
    for bead_id in state.beads:
        assert state.beads.dependents(bead_id) == fresh.dependents(bead_id)
    for kind in ("task", "convoy"):
        assert state.beads.of_kind(kind) == fresh.of_kind(kind)


# ----------------------------------------------------------------------------------------------------- beads


def test_creating_a_bead_again_changes_nothing() -> None:
    assert folded(created("gt-1", "first"), created("gt-1", "second")).beads[ONE].title == "first"


def test_a_tombstone_beats_every_later_edit() -> None:
    state = folded(
        created("gt-1"),
        e.BeadDeleted(bead_id=ONE, reason="gone"),
        e.BeadUpdated(bead_id=ONE, changes={"title": "back"}),
        e.BeadReopened(bead_id=ONE),
        e.BeadImported(
            bead_id=ONE, line='{"id":"gt-1","title":"back","priority":1,"updated_at":"2999-01-01T00:00:00Z"}'
        ),
    )
    bead = state.beads[ONE]
    assert (bead.status, bead.title, bead.delete_reason) == ("tombstone", "A thing to do", "gone")


def test_closing_sets_what_reopening_clears() -> None:
    closed = folded(created("gt-1"), e.BeadClosed(bead_id=ONE, reason="done")).beads[ONE]
    assert (closed.status, closed.close_reason, closed.closed_at) == ("closed", "done", closed.updated_at)
    opened = folded(created("gt-1"), e.BeadClosed(bead_id=ONE), e.BeadReopened(bead_id=ONE)).beads[ONE]
    assert (opened.status, opened.close_reason, opened.closed_at) == ("open", None, None)


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"title": None}, "title", "A thing to do"),
        ({"id": "gt-2"}, "id", "gt-1"),
        ({"priority": "3"}, "priority", 3),
        ({"priority": "high"}, "priority", 2),
        ({"labels": ["b"]}, "labels", ("b",)),
        ({"labels": 7, "notes": "kept"}, "notes", "kept"),
        ({"metadata": {"run": "make"}}, "metadata", {"run": "make"}),
        ({"nonsense": 1}, "title", "A thing to do"),
    ],
)
def test_an_update_sets_what_can_be_set(changes: dict[str, Any], field: str, value: Any) -> None:
    bead = folded(created("gt-1"), e.BeadUpdated(bead_id=ONE, changes=changes)).beads[ONE]
    assert getattr(bead, field) == value


def test_further_fields_of_a_new_bead_are_taken_and_its_own_are_not_overruled() -> None:
    fields = {"notes": "n", "priority": 4, "created_by": "ada", "estimated_minutes": "5", "ephemeral": True}
    bead = folded(created("gt-1", priority=1, fields=fields)).beads[ONE]
    assert (bead.notes, bead.priority, bead.created_by, bead.estimated_minutes, bead.ephemeral) == (
        "n", 1, "ada", 5, True,
    )  # fmt: skip


def test_labels_and_edges_are_sets_and_notes_append() -> None:
    bead = folded(
        created("gt-1", labels=("b", "a", "b")),
        e.LabelAdded(bead_id=ONE, label="c"),
        e.LabelAdded(bead_id=ONE, label="a"),
        e.LabelRemoved(bead_id=ONE, label="b"),
        e.DependencyAdded(bead_id=ONE, depends_on_id=BeadId("gt-2")),
        e.DependencyAdded(bead_id=ONE, depends_on_id=BeadId("gt-2"), dependency_type="related"),
        e.BeadNoted(bead_id=ONE, text="one"),
        e.BeadNoted(bead_id=ONE, text="two"),
    ).beads[ONE]
    assert bead.labels == ("a", "c")
    assert [(edge.depends_on_id, edge.type) for edge in bead.needs] == [("gt-2", "related")]
    assert bead.notes == "one\ntwo"


def test_child_numbers_are_remembered_for_ever() -> None:
    state = folded(created("gt-1"), created("gt-1.2"), e.BeadDeleted(bead_id=BeadId("gt-1.2")), created("gt-1.1"))
    assert state.registers.children == {"gt-1": 2}


def test_an_imported_line_wins_unless_ours_is_newer() -> None:
    line = '{{"id":"gt-1","title":"theirs","priority":1,"created_at":"x","updated_at":"{at}"}}'
    for at, title in (("2020-01-01T00:00:00Z", "A thing to do"), ("2030-01-01T00:00:00Z", "theirs")):
        state = folded(created("gt-1"), e.BeadImported(bead_id=ONE, line=line.format(at=at)))
        assert state.beads[ONE].title == title
    assert state.beads.origins == {"gt-1": line.format(at=at)}


def test_a_line_that_is_no_bead_is_not_imported() -> None:
    assert folded(e.BeadImported(bead_id=ONE, line="<<<<<<<")).beads.all() == []


# ----------------------------------------------------------------------------------------------------- hooks


def test_a_clearing_that_names_an_older_assignment_changes_nothing() -> None:
    old, new = AssignmentId("asg-1"), AssignmentId("asg-2")
    state = folded(
        created("gt-1"),
        e.HookSet(agent=WORKER, ref_id=ONE, assignment_id=old),
        e.HookSet(agent=WORKER, ref_id=ONE, assignment_id=new),
        e.HookCleared(agent=WORKER, previous_ref=ONE, assignment_id=old),
    )
    assert state.registers.hooks[WORKER].assignment_id == new
    assert (state.beads[ONE].status, state.beads[ONE].assignee) == ("hooked", WORKER)


def test_the_end_of_an_older_session_does_not_touch_a_newer_one() -> None:
    state = folded(
        e.AgentStarted(agent=WORKER, session_name="s", incarnation="two"),
        e.AgentStopped(agent=WORKER, reason="late", incarnation="one"),
    )
    assert state.registers.agents[WORKER].state == "started"


def test_facts_about_beads_that_are_not_there_change_nothing() -> None:
    edits: list[e.Fact] = [
        e.BeadUpdated(bead_id=ONE, changes={"title": "x"}), e.BeadClosed(bead_id=ONE), e.BeadReopened(bead_id=ONE),
        e.BeadStatusChanged(bead_id=ONE, from_status="open", to_status="closed"), e.BeadDeleted(bead_id=ONE),
        e.BeadNoted(bead_id=ONE, text="x"), e.BeadCommented(bead_id=ONE, text="x"), e.ConvoyLanded(convoy_id=ONE),
        e.LabelAdded(bead_id=ONE, label="x"), e.DependencyAdded(bead_id=ONE, depends_on_id=ONE),
        e.DependencyRemoved(bead_id=ONE, depends_on_id=ONE), e.BeadAssigned(bead_id=ONE, assignee="x"),
    ]  # fmt: skip
    assert folded(*edits).beads.all() == []


def test_every_fact_there_is_can_be_folded() -> None:
    """Total: whatever a log holds, folding it raises nothing."""
    for kind in e.FACTS:
        fact = msgspec.convert({name: _filler(name) for name in _required(kind)}, kind)
        state = folded(created("gt-1"), fact)
        assert state.registers.unknown_events == 0


def _required(kind: type[e.Fact]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(kind) if field.required]


def _filler(name: str) -> Any:
    fillers: dict[str, Any] = {
        "changes": {}, "to": ["mayor"], "lines": 1, "position": 0, "count": 1, "found": True, "pid": 1,
        "duration_s": 1.0,
    }  # fmt: skip
    return fillers.get(name, "gt-1")


def test_beads_on_a_shelf_can_be_taken_away_again() -> None:
    shelf = BeadShelf()
    bead = Bead(id=ONE, title="t", priority=1, created_at="x", updated_at="y")
    shelf[ONE] = bead
    assert (shelf.of_kind("task"), ONE in shelf, len(shelf)) == ([bead], True, 1)
    del shelf[ONE]
    assert (shelf.of_kind("task"), ONE in shelf, shelf.get(ONE)) == ([], False, None)
