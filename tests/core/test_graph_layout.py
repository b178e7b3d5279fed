"""Layers, rows and lines of a drawing: told by tables, for any shape of graph."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gastown_tui.core.views.graph_drawing import HOLDS, OTHER, OVER, PART, drawn
from gastown_tui.core.views.graph_layout import Edge, back_edges, laid_out, layered, spaced

NAMES = [f"n{number}" for number in range(12)]


def edges(text: str, kind: str = HOLDS) -> list[Edge]:
    """`ab bc`: a leads to b, b to c."""
    return [Edge(pair[0], pair[1], kind) for pair in text.split()]


def picture(nodes: str, found: list[Edge], *, pitch: int = 1, column: int = 5) -> str:
    layout = laid_out(list(nodes), found, pitch=pitch)
    drawing = drawn(layout, dict.fromkeys(nodes, 1), column)
    rows = [[" "] * (drawing.width + 1) for _ in range(drawing.height)]
    for y, row in enumerate(rows):
        for x, mark in drawing.line(y).items():
            row[x] = mark.glyph
    for key, box in drawing.boxes.items():
        rows[box.y][box.x] = key
    return "\n".join("".join(row).rstrip() for row in rows)


@pytest.mark.parametrize(
    ("nodes", "found", "expected"),
    [
        ("a", "", {"a": 0}),
        ("ab", "ab", {"a": 0, "b": 1}),
        ("abc", "ab bc ac", {"a": 0, "b": 1, "c": 2}),
        ("abcd", "ab bc dc", {"a": 0, "b": 1, "c": 2, "d": 1}),
        ("abc", "", {"a": 0, "b": 0, "c": 0}),
        ("ab", "aa ab", {"a": 0, "b": 1}),
        ("ab", "ab zb az", {"a": 0, "b": 1}),
    ],
    ids=["one", "pair", "long edge", "near its only follower", "nothing leads anywhere", "to itself", "strangers"],
)
def test_each_thing_stands_right_of_what_leads_to_it(nodes: str, found: str, expected: dict[str, int]) -> None:
    layout = laid_out(list(nodes), edges(found))
    assert {key: spot.layer for key, spot in layout.spots.items()} == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [("ab bc", set()), ("ab ba", {1}), ("ab bc ca", {2}), ("ca ab bc", {0}), ("ab bc cb", {2})],
)
def test_a_circle_is_laid_against_the_lines_of_one_edge(found: str, expected: set[int]) -> None:
    assert back_edges("abc", enumerate(edges(found))) == expected
    assert laid_out(list("abc"), edges(found)).back == expected


@pytest.mark.parametrize(
    ("wanted", "room", "expected"),
    [
        ([], [], []),
        ([3], [1], [3]),
        ([0, 0], [1, 1], [0, 1]),
        ([5, 5, 5], [1, 1, 1], [4, 5, 6]),
        ([0, 9], [3, 3], [0, 9]),
        ([4, 0], [2, 2], [1, 3]),
    ],
)
def test_things_stand_as_near_as_may_be_to_where_they_belong(
    wanted: list[float], room: list[int], expected: list[int]
) -> None:
    assert spaced(wanted, room) == expected


def test_a_chain_is_one_straight_line() -> None:
    assert picture("abc", edges("ab bc")) == "a ━━━━━━▶ b ━━━━━━▶ c"


def test_lines_to_the_same_thing_share_a_track() -> None:
    assert picture("cab", edges("ac bc")).splitlines() == ["a ━━━━┳━▶ c", "b ━━━━┛"]


def test_every_kind_of_line_has_a_pen_of_its_own() -> None:
    pens = {kind: set(picture("ab", edges("ab", kind)) + picture("abc", edges("ab ac", kind))) for kind in
            (HOLDS, OVER, PART, OTHER)}  # fmt: skip
    assert {"━", "┃", "▶"} & pens[HOLDS] and {"─", "▷"} & pens[OVER]
    assert "╌" in pens[PART] and "┈" in pens[OTHER]
    assert not pens[PART] & {"▶", "▷", "━"}


def test_an_edge_that_leads_back_points_to_the_left() -> None:
    drawing = picture("ab", edges("ab ba"))
    assert "◀" in drawing and "▶" in drawing


def test_a_faint_line_past_a_layer_is_left_out_when_both_ends_are_told_of_otherwise() -> None:
    found = [*edges("ab bc"), Edge("a", "c", PART)]
    assert laid_out(list("abc"), found, weak=frozenset({PART})).lanes == ()
    assert laid_out(list("abc"), found).lanes != ()


def test_where_lines_meet_the_lit_one_is_drawn() -> None:
    found = [*edges("ac bc ad bd"), Edge("e", "d", OVER)]
    layout = laid_out(list("abcde"), found)
    drawing = drawn(layout, {}, 5)
    for number in range(len(found)):
        lit = frozenset({number})
        shown = [mark for y in range(drawing.height) for mark in drawing.line(y, lit).values()]
        assert any(mark.edges & lit for mark in shown)


@settings(max_examples=60, deadline=None)
@given(
    found=st.lists(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from([HOLDS, PART])), max_size=40
    ),
    pitch=st.sampled_from([1, 3]),
)
def test_any_graph_can_be_drawn(found: list[tuple[str, str, str]], pitch: int) -> None:
    every = [Edge(*each) for each in found]
    layout = laid_out(NAMES, every, pitch=pitch)
    assert set(layout.spots) == set(NAMES)
    for number, edge in enumerate(every):
        if edge.source != edge.target:
            ends = layout.spots[edge.source].layer, layout.spots[edge.target].layer
            assert ends[0] > ends[1] if number in layout.back else ends[0] < ends[1]
    for layer in layout.layers:
        rows = [layout.spots[key].row for key in layer]
        assert all(below - above >= pitch for above, below in pairwise(rows))
    drawing = drawn(layout, {}, 8)
    for box in drawing.boxes.values():
        assert all(not (box.x <= x < box.x + 1) for x in drawing.line(box.y))


def test_layers_are_counted_by_the_longest_way() -> None:
    names = [str(number) for number in range(3000)]
    chain = [Edge(one, other) for one, other in pairwise(names)]
    assert layered(names, chain)[names[-1]] == 2999


def test_an_arrow_is_seen_whichever_line_is_lit() -> None:
    found = edges("ab bc ca")
    drawing = drawn(laid_out(list("abc"), found), {}, 5)
    for lit in (frozenset[int](), frozenset({2}), frozenset({0})):
        glyphs = [mark.glyph for y in range(drawing.height) for mark in drawing.line(y, lit).values()]
        assert glyphs.count("▶") == 2 and glyphs.count("◀") == 1
