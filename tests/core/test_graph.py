"""What stands around a bead, and why it cannot be begun."""

from __future__ import annotations

import pytest

from gastown_tui.core.events import Edge as Wanted
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.views.ages import Ages
from gastown_tui.core.views.graph import FAN, MOST_NODES, GraphView, Wish, graph
from gastown_tui.core.views.graph_picture import picture
from tests.towns import NOW, a_bead, a_convoy, a_hook, a_town


def a_ledger(*beads: object) -> Town:
    return a_town(is_town=False, beads=beads)  # type: ignore[arg-type]


def seen(town: Town, centre: str, depth: int = 1, *, only_why: bool = False) -> GraphView:
    return graph(town, Wish(centre=centre, depth=depth, only_why=only_why), Ages(NOW))


def lines(view: GraphView) -> set[tuple[str, str, str]]:
    return {(edge.source, edge.target, edge.kind) for edge in view.edges}


EPIC = (
    a_bead("hq-1", "Epic", kind="epic"),
    a_bead("hq-2", "Design", parent="hq-1", status="closed"),
    a_bead("hq-3", "Build", parent="hq-1", needs=["hq-2"]),
    a_bead("hq-4", "Test", parent="hq-1", needs=["hq-3"]),
    a_bead("hq-5", "Ship", parent="hq-1", needs=["hq-4", "hq-6"]),
    a_bead("hq-6", "Elsewhere"),
)


def test_what_a_bead_needs_and_holds_back_is_drawn_around_it() -> None:
    view = seen(a_ledger(*EPIC), "hq-4")
    assert {node.key for node in view.nodes} == {"hq-1", "hq-3", "hq-4", "hq-5"}
    assert ("hq-3", "hq-4", "holds") in lines(view)
    assert ("hq-1", "hq-4", "part") in lines(view)


@pytest.mark.parametrize(
    ("edge", "expected"),
    [
        (Wanted(depends_on_id=BeadId("hq-2")), ("hq-2", "hq-1", "holds")),
        (Wanted(depends_on_id=BeadId("hq-3")), ("hq-3", "hq-1", "over")),
        (Wanted(depends_on_id=BeadId("hq-2"), dependency_type="parent-child"), ("hq-2", "hq-1", "part")),
        (Wanted(depends_on_id=BeadId("hq-2"), dependency_type="related"), ("hq-2", "hq-1", "other")),
        (Wanted(depends_on_id=BeadId("hq-2"), dependency_type="tracks"), ("hq-1", "hq-2", "part")),
    ],
    ids=["open blocker", "closed blocker", "parent", "link", "convoy"],
)
def test_an_edge_is_drawn_as_what_it_means(edge: Wanted, expected: tuple[str, str, str]) -> None:
    town = a_ledger(a_bead("hq-1", needs=[edge]), "hq-2", a_bead("hq-3", status="closed"))
    assert lines(seen(town, "hq-1")) == {expected}


@pytest.mark.parametrize(
    ("bead", "state"),
    [
        (a_bead("hq-1"), "ready"),
        (a_bead("hq-1", needs=["hq-2"]), "waiting"),
        (a_bead("hq-1", status="in_progress"), "in progress"),
        (a_bead("hq-1", defer_until="2030-01-01T00:00:00Z"), "deferred"),
        (a_bead("hq-1", status="closed"), "closed"),
    ],
)
def test_a_bead_says_its_state_by_glyph_and_word(bead: object, state: str) -> None:
    node = seen(a_ledger(bead, "hq-2"), "hq-1").node("hq-1")
    assert node is not None
    assert (node.state, bool(node.glyph)) == (state, True)


def test_of_many_neighbours_the_open_and_urgent_come_first_and_the_rest_is_counted() -> None:
    many = [
        a_bead(f"hq-{n}", priority=0 if n == 450 else 2, status="closed" if n < 100 else "open") for n in range(500)
    ]
    town = a_ledger(*many, a_bead("hq-star", needs=[bead.id for bead in many]))
    view = seen(town, "hq-star")
    assert len(view.nodes) == FAN + 2
    assert view.node("hq-450") is not None
    assert view.hidden == 500 - FAN
    more = next(node for node in view.nodes if node.key.startswith("more:"))
    assert more.state == "… and 488 more"
    assert (more.key, "hq-star", "other") in lines(view)


def test_no_drawing_outgrows_its_limit() -> None:
    beads = [a_bead(f"hq-{n}", needs=[f"hq-{n // 3}"] if n else []) for n in range(2000)]
    view = seen(a_ledger(*beads), "hq-700", depth=9)
    assert len([node for node in view.nodes if node.glyph]) <= MOST_NODES


def test_beads_that_wait_for_one_another_are_told_and_drawn() -> None:
    town = a_ledger(a_bead("hq-1", needs=["hq-2"]), a_bead("hq-2", needs=["hq-3"]), a_bead("hq-3", needs=["hq-1"]))
    view = seen(town, "hq-1", depth=3)
    assert view.circles == (("hq-1", "hq-2", "hq-3"),)
    assert all(node.in_circle for node in view.nodes)
    assert picture(view, 80, 20).layout.back
    assert "wait for one another" in view.why.lines[-1]


def test_a_bead_that_needs_itself_is_a_circle_of_one() -> None:
    assert seen(a_ledger(a_bead("hq-1", needs=["hq-1"])), "hq-1").circles == (("hq-1",),)


def test_what_no_ledger_has_is_drawn_as_unknown() -> None:
    node = seen(a_ledger(a_bead("hq-1", needs=["hq-9"])), "hq-1").node("hq-9")
    assert node is not None and node.state == "unknown"


def test_a_bead_that_is_gone_has_no_drawing() -> None:
    view = seen(a_ledger(), "hq-1")
    assert view.trouble == "there is no bead hq-1" and view.nodes == ()
    assert picture(view, 80, 20).drawing.height == 0


def test_a_convoy_stands_left_of_what_it_tracks() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-1", a_convoy("hq-cv", "ap-1")])
    assert lines(seen(town, "hq-cv")) == {("hq-cv", "ap-1", "part")}
    assert lines(seen(town, "ap-1")) == {("hq-cv", "ap-1", "part")}
    assert seen(town, "hq-cv").why.lines == ("0 of 1 it tracks are closed",)


def test_whoever_has_it_on_the_hook_is_named() -> None:
    town = a_town(
        rigs={"api": "ap"},
        agents=["api/polecats/nux"],
        beads=[a_bead("ap-1", status="hooked")],
        hooks=[a_hook("api/polecats/nux", "ap-1")],
    )
    node = seen(town, "ap-1").node("ap-1")
    assert node is not None and node.agent == "api/polecats/nux"


# ---------------------------------------------------------------------------------------------- why


def test_why_names_the_longest_way_and_where_to_begin() -> None:
    why = seen(a_ledger(*EPIC), "hq-5").why
    assert why.path == ("hq-3", "hq-4", "hq-5")
    assert set(why.before) == {"hq-3", "hq-4", "hq-6"}
    assert set(why.begin) == {"hq-3", "hq-6"}
    assert why.lines[0] == "waits for 3 open beads"
    assert "hq-3 can be begun: Build" in why.lines


def test_only_what_holds_it_back_is_drawn_when_that_is_asked() -> None:
    view = seen(a_ledger(*EPIC), "hq-5", only_why=True)
    assert {node.key for node in view.nodes} == {"hq-3", "hq-4", "hq-5", "hq-6"}
    assert {(view.edges[each].source, view.edges[each].target) for each in view.path_edges} == {
        ("hq-3", "hq-4"),
        ("hq-4", "hq-5"),
    }


def test_what_holds_a_parent_back_holds_its_children_back() -> None:
    town = a_ledger(a_bead("hq-1", kind="epic", needs=["hq-9"]), a_bead("hq-2", parent="hq-1"), "hq-9")
    assert seen(town, "hq-2").why.path == ("hq-9", "hq-1", "hq-2")


@pytest.mark.parametrize(
    ("bead", "words"),
    [
        (a_bead("hq-1"), "nothing holds it: it can be begun"),
        (a_bead("hq-1", status="in_progress", assignee="mayor"), "in progress, mayor has it, last changed 1h ago"),
        (a_bead("hq-1", defer_until="2030-01-01T00:00:00Z"), "deferred until 2030-01-01"),
        (a_bead("hq-1", status="closed", closed_at="2026-01-06T11:00:00Z"), "closed 1h ago"),
    ],
)
def test_why_says_so_when_nothing_holds_it(bead: object, words: str) -> None:
    why = seen(a_ledger(bead), "hq-1").why
    assert why.lines == (words,) and why.path == ()
