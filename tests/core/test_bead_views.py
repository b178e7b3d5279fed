"""Beads in lists and on boards: states, orders, filters and groups say what people mean by them."""

from __future__ import annotations

import pytest

from gastown_tui.core.fold import Town
from gastown_tui.core.views.bead_board import GROUPINGS, columns
from gastown_tui.core.views.bead_filter import read_filter
from gastown_tui.core.views.bead_list import ORDERS, BeadItems, in_order
from tests.towns import NOW, a_bead, a_town, ago


def a_shelf() -> Town:
    return a_town(
        beads=[
            a_bead(
                "ap-2", "Crash on start", kind="bug", priority=0, updated_at=ago(minutes=5), assignee="api/crew/max"
            ),
            a_bead("ap-10", "Dark mode", priority=3, labels=("ui", "soon"), updated_at=ago(hours=3)),
            a_bead("ap-3", "Follow the crash", needs=["ap-2"], updated_at=ago(days=2), description="See the LOG first"),
            a_bead("ap-4", "Being done", status="in_progress", updated_at=ago(seconds=10)),
            a_bead("ap-5", "Over", status="closed", updated_at=ago(days=9), closed_at=ago(days=9)),
            a_bead("ap-6", "Over lately", status="closed", updated_at=ago(days=1), closed_at=ago(days=1)),
            a_bead("hq-9", "A convoy", kind="convoy"),
        ],
        rigs={"api": "ap"},
    )


def kept(text: str) -> list[str]:
    items = BeadItems().read(a_shelf(), NOW)
    return sorted(item.bead.id for item in read_filter(text, NOW).kept(items, with_town_work=False))


# ---------------------------------------------------------------------------------------------- rows


def test_an_open_bead_is_ready_or_waiting() -> None:
    states = {str(item.bead.id): item.state for item in BeadItems().read(a_shelf(), NOW)}
    assert (states["ap-2"], states["ap-3"], states["ap-4"]) == ("ready", "waiting", "in_progress")


def test_a_row_is_made_anew_only_where_a_bead_changed() -> None:
    town, items = a_shelf(), BeadItems()
    before = {str(item.bead.id): item for item in items.read(town, NOW)}
    shelf = town.ledgers["api"].beads
    shelf[before["ap-2"].bead.id] = a_bead("ap-2", "Crash on start", status="closed")
    after = {str(item.bead.id): item for item in items.read(town, NOW)}
    changed = {bead_id for bead_id, item in after.items() if item is not before[bead_id]}
    assert changed == {"ap-2", "ap-3"}
    assert after["ap-3"].state == "ready"


def test_a_deleted_bead_is_in_no_list() -> None:
    town = a_town(beads=[a_bead("hq-1", status="tombstone"), a_bead("hq-2")])
    assert [item.bead.id for item in BeadItems().read(town, NOW)] == ["hq-2"]


# ---------------------------------------------------------------------------------------------- orders


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_keeps_every_row(order: str) -> None:
    items = BeadItems().read(a_shelf(), NOW)
    ordered = in_order(items, order)
    assert sorted(item.bead.id for item in ordered) == sorted(item.bead.id for item in items)
    assert in_order(items, order, backwards=True) == ordered[::-1]


def test_what_can_be_begun_comes_first_and_what_is_over_last() -> None:
    items = [item for item in BeadItems().read(a_shelf(), NOW) if not item.is_town_work]
    ids = [item.bead.id for item in in_order(items, "state")]
    assert ids == ["ap-2", "ap-10", "ap-4", "ap-3", "ap-6", "ap-5"]


def test_ids_are_ordered_as_people_count() -> None:
    ids = [str(item.bead.id) for item in in_order(BeadItems().read(a_shelf(), NOW), "id")]
    assert ids.index("ap-2") < ids.index("ap-3") < ids.index("ap-10")


# ---------------------------------------------------------------------------------------------- filters


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", ["ap-10", "ap-2", "ap-3", "ap-4", "ap-5", "ap-6"]),
        ("crash", ["ap-2", "ap-3"]),
        ("crash !follow", ["ap-2"]),
        ('"on start"', ["ap-2"]),
        ('title:"dark mode"', ["ap-10"]),
        ("state:ready", ["ap-10", "ap-2"]),
        ("state:open", ["ap-10", "ap-2", "ap-3"]),
        ("state:waiting rig:api age>10m", ["ap-3"]),
        ("!state:closed p<2", ["ap-2"]),
        ("priority:3", ["ap-10"]),
        ("p>=P3", ["ap-10"]),
        ("label:ui", ["ap-10"]),
        ("label:none type:task !state:closed", ["ap-3", "ap-4"]),
        ("who:max", ["ap-2"]),
        ("!who:none", ["ap-2"]),
        ("text:log", ["ap-3"]),
        ("needs:ap-2", ["ap-3"]),
        ("closed<3d", ["ap-6"]),
        ("closed>3d", ["ap-5"]),
        ("type:convoy", ["hq-9"]),
        ("=status=closed AND updated>2d", ["ap-6"]),
        ("= ", ["ap-10", "ap-2", "ap-3", "ap-4", "ap-5", "ap-6"]),
    ],
)
def test_a_filter_keeps_what_it_says(text: str, ids: list[str]) -> None:
    assert kept(text) == ids
    assert read_filter(text, NOW).problem == ""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("stat:open", "no field is called 'stat'; state?"),
        ("zzz:1", "no field is called 'zzz'; fields: state"),
        ("age>10", "age is compared with a span, as in age>3d"),
        ("age>soon", "age is compared with a span"),
        ("p<urgent", "priority is compared with a number, as in p<2"),
        ("p:high", "priority is a number from 0 to 4, not 'high'"),
        ("title>3", "title cannot be compared"),
        ("=status=", "expected a value after status= at position 8"),
        ("=colour=red", "unknown field 'colour' at position 1"),
    ],
)
def test_what_is_wrong_with_a_filter_is_told_and_the_rest_of_it_holds(text: str, problem: str) -> None:
    assert problem in read_filter(text, NOW).problem
    if not text.startswith("="):
        assert kept(f"crash {text} !follow") == ["ap-2"]


@pytest.mark.parametrize("text", ["state:", "!", "!state:", '"', "p:", "age", 'title:"'])
def test_a_filter_that_is_still_being_typed_is_no_mistake(text: str) -> None:
    assert read_filter(text, NOW).problem == ""


# ---------------------------------------------------------------------------------------------- boards


@pytest.mark.parametrize("by", GROUPINGS)
def test_a_board_deals_out_every_row_once(by: str) -> None:
    items = BeadItems().read(a_shelf(), NOW)
    dealt = [item.bead.id for column in columns(items, by) for item in column.items]
    assert sorted(dealt) == sorted(item.bead.id for item in items)


def test_the_columns_of_states_stand_even_when_they_are_empty() -> None:
    assert [column.key for column in columns((), "state")] == ["ready", "in_progress", "waiting", "closed"]


def test_a_status_of_peoples_own_has_a_column_before_what_is_over() -> None:
    items = BeadItems().read(a_town(beads=[a_bead("hq-1", status="on hold")]), NOW)
    assert [column.key for column in columns(items, "state")][-2:] == ["on hold", "closed"]


def test_whoever_has_most_to_do_stands_first() -> None:
    beads = [a_bead(f"hq-{n}", assignee=who) for n, who in enumerate(["a", "b", "b"])]
    items = BeadItems().read(a_town(beads=beads), NOW)
    assert [column.title for column in columns(items, "assignee")] == ["nobody", "b", "a"]
