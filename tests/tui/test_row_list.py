"""The one list of the room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import pytest
from textual.containers import Vertical

from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.lines import Heading, Line, Row
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList
from tests.tui.stage import Stage, count_lines_drawn, heard, press, strips_of, text_of, turn_wheel

COLUMNS = (Column(6), Column(), Column(4, right=True, gap=0))


def a_row(key: str, note: str = "", age: str = "1m") -> Row:
    return Row(key, (key, Piece(note, "dim"), Piece(age, "dim")))


def rows(*keys: str) -> list[Line]:
    return [a_row(key) for key in keys]


def numbered(count: int) -> list[Line]:
    return [a_row(f"r{number}") for number in range(count)]


@pytest.fixture
def lines() -> RowList:
    return RowList(COLUMNS)


async def test_the_first_row_is_highlighted_and_said(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        lines.set_rows(rows("a", "b"))
        await pilot.pause()
        assert lines.cursor_key == "a"
        assert [said.key for said in heard(pilot, RowList.Highlighted)] == ["a"]


async def test_columns_line_up_and_ages_stand_at_the_right(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(31, 4)) as pilot:
        lines.set_rows([a_row("nux", "asks", "2m"), a_row("slit-the-long", "stuck", "17m")])
        await pilot.pause()
        assert text_of(lines)[:2] == [
            "▸ nux    asks               2m",
            "  slit-… stuck             17m",
        ]


async def test_headings_are_ruled_and_passed_over(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(31, 8)) as pilot:
        lines.set_rows([Heading("town"), a_row("mayor"), Heading("api"), a_row("nux"), a_row("rust")])
        await pilot.pause()
        assert text_of(lines)[0] == " town ────────────────────────"
        await press(pilot, "j")
        assert lines.cursor_key == "nux"
        await press(pilot, "kk")
        assert lines.cursor_key == "mayor"


@pytest.mark.parametrize(
    ("keys", "lands_on"),
    [
        (["down", "down", "up"], "r1"),
        (["j", "j", "j", "k"], "r2"),
        (["G"], "r99"),
        (["end"], "r99"),
        (["G", "g", "g"], "r0"),
        (["G", "home"], "r0"),
        (["G", "g"], "r99"),
        (["G", "g", "k", "g"], "r98"),
        (["ctrl+d"], "r5"),
        (["ctrl+d", "ctrl+d", "ctrl+u"], "r5"),
        (["pagedown"], "r9"),
        (["pagedown", "pagedown", "pageup"], "r9"),
        (["k"], "r0"),
        (["G", "j"], "r99"),
    ],
)
async def test_keys_move_the_cursor(lines: RowList, keys: list[str], lands_on: str) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        lines.set_rows(numbered(100))
        await press(pilot, keys)
        assert lines.cursor_key == lands_on
        assert any(line.startswith("▸ " + lands_on[:6]) for line in text_of(lines))


async def test_going_up_to_the_first_row_shows_its_heading_too(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 5)) as pilot:
        lines.set_rows([Heading("town"), *numbered(50)])
        await press(pilot, ["G", "home"])
        assert text_of(lines)[0].startswith(" town")


async def test_the_cursor_stays_on_its_row_when_rows_move(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        lines.set_rows(rows("a", "b", "c"))
        await press(pilot, "j")
        lines.set_rows(rows("c", "a", "x", "b"))
        await pilot.pause()
        assert lines.cursor_key == "b"
        assert text_of(lines)[3].startswith("▸ b")
        assert sum(line.startswith("▸") for line in text_of(lines)) == 1


async def test_a_row_that_goes_hands_the_cursor_to_its_neighbour(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        lines.set_rows(rows("a", "b", "c"))
        await press(pilot, "jj")
        lines.set_rows(rows("a", "b"))
        await pilot.pause()
        assert lines.cursor_key == "b"
        lines.set_rows([])
        await pilot.pause()
        assert lines.cursor_key == ""
        said = heard(pilot, RowList.Highlighted)
        assert [each.key for each in said] == ["a", "b", "c", "b", ""]


async def test_the_view_holds_still_when_rows_come_in_above_it(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        lines.set_rows(numbered(100))
        await press(pilot, ["pagedown"] * 4)
        before = text_of(lines)
        lines.set_rows([*rows("new1", "new2", "new3"), *numbered(100)])
        await pilot.pause()
        assert text_of(lines) == before


async def test_a_following_list_stays_at_the_top(lines: RowList) -> None:
    lines.follows = True
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        lines.set_rows(numbered(50))
        await pilot.pause()
        lines.set_rows([*rows("new"), *numbered(50)])
        await pilot.pause()
        assert lines.cursor_key == "new"
        await press(pilot, "j")
        lines.set_rows([*rows("newer", "new"), *numbered(50)])
        await pilot.pause()
        assert lines.cursor_key == "r0"


async def test_only_the_changed_line_is_drawn_again(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        many = numbered(1000)
        lines.set_rows(many)
        await pilot.pause()
        drawn = count_lines_drawn(lines)
        lines.set_rows([*many[:4], a_row("r4", "changed"), *many[5:]])
        await pilot.pause()
        assert drawn == [4]
        assert "changed" in text_of(lines)[4]


async def test_a_change_out_of_sight_draws_nothing(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        many = numbered(1000)
        lines.set_rows(many)
        await pilot.pause()
        drawn = count_lines_drawn(lines)
        lines.set_rows([*many[:500], a_row("r500", "changed"), *many[501:]])
        await pilot.pause()
        assert drawn == []


async def test_a_step_of_the_cursor_draws_two_lines(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        lines.set_rows(numbered(1000))
        await pilot.pause()
        drawn = count_lines_drawn(lines)
        await press(pilot, "j")
        assert sorted(drawn) == [0, 1]


class Asked(Sequence[Line]):
    """A hundred thousand rows made on demand, remembering which were asked for."""

    def __init__(self) -> None:
        self.indices: set[int] = set()

    def __len__(self) -> int:
        return 100_000

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | Sequence[Line]:
        assert isinstance(index, int)
        self.indices.add(index)
        return a_row(f"r{index}")


async def test_only_rows_in_the_window_are_ever_asked_for(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        asked = Asked()
        lines.set_rows(asked)
        await press(pilot, ["j", "pagedown", "G"])
        assert lines.cursor_key == "r99999"
        assert len(asked.indices) < 100


async def test_enter_chooses_the_row_under_the_cursor(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        lines.set_rows(rows("a", "b"))
        await press(pilot, ["j", "enter"])
        chosen = heard(pilot, RowList.Chosen)
        assert [(said.key, said.control) for said in chosen] == [("b", lines)]


async def test_a_click_moves_and_a_second_one_chooses(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        lines.set_rows([Heading("town"), *rows("a", "b", "c")])
        await pilot.pause()
        await pilot.click(lines, offset=(5, 3))
        assert lines.cursor_key == "c"
        assert not heard(pilot, RowList.Chosen)
        await pilot.click(lines, offset=(5, 0))
        assert lines.cursor_key == "c"
        await pilot.click(lines, offset=(5, 2), times=2)
        assert [said.key for said in heard(pilot, RowList.Chosen)] == ["b"]


async def test_the_wheel_scrolls_and_leaves_the_cursor(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        lines.set_rows(numbered(100))
        await pilot.pause()
        await turn_wheel(pilot, 1, at=(5, 5))
        assert text_of(lines)[0].startswith("  r3")
        assert lines.cursor_key == "r0"
        await press(pilot, "j")
        assert text_of(lines)[0].startswith("▸ r1")


async def test_a_piece_that_asks_for_something_can_be_clicked(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        buttons = (Piece("y", "brass", "yes"), Piece(" yes  "), Piece("n", "brass", "no"))
        lines.set_rows([a_row("a"), Row("b", ("b", buttons, ""))])
        await pilot.pause()
        await pilot.click(lines, offset=(2 + 7 + 7, 1))
        acted = heard(pilot, RowList.Acted)
        assert [(said.key, said.act) for said in acted] == [("b", "no")]


async def test_space_marks_and_moves_on(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        lines.set_rows(rows("a", "b", "c"))
        await press(pilot, ["space", "j", "space"])
        assert list(lines.marked) == ["a", "c"]
        assert [line[:3] for line in text_of(lines)[:3]] == [" ✓a", "  b", "▸✓c"]
        await press(pilot, ["escape"])
        assert not lines.marked
        said = heard(pilot, RowList.MarksChanged)
        assert said[-1].keys == frozenset()


async def test_a_range_follows_the_cursor_and_passes_over_headings(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        lines.set_rows([*rows("a", "b"), Heading("api"), *rows("c", "d")])
        await press(pilot, ["j", "v", "j", "j"])
        assert list(lines.marked) == ["b", "c", "d"]
        await press(pilot, ["k"])
        assert list(lines.marked) == ["b", "c"]
        await press(pilot, ["v", "j"])
        assert list(lines.marked) == ["b", "c"]


async def test_escape_drops_the_range_first_and_the_marks_then(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        lines.set_rows(rows("a", "b", "c"))
        await press(pilot, ["space", "v", "j", "escape"])
        assert list(lines.marked) == ["a"]
        await press(pilot, ["escape"])
        assert not lines.marked


async def test_marks_of_rows_that_went_are_not_reported(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        lines.set_rows(rows("a", "b"))
        await press(pilot, ["space", "space"])
        lines.set_rows(rows("b"))
        assert list(lines.marked) == ["b"]


async def test_an_empty_list_names_the_command_that_fills_it(lines: RowList) -> None:
    lines.empty = (Piece("No convoys yet  ", "dim"), Piece("convoy create", "brass", "convoy create"))
    async with Stage(lines).run_test(size=(40, 10)) as pilot:
        lines.focus()
        await pilot.pause()
        assert text_of(lines)[0] == "  No convoys yet  convoy create"
        await press(pilot, ["enter"])
        await pilot.click(lines, offset=(20, 0))
        said = heard(pilot, RowList.EmptyChosen)
        assert [each.command for each in said] == ["convoy create"] * 2
        lines.set_rows(rows("a"))
        await pilot.pause()
        assert text_of(lines)[0].startswith("▸ a")


async def test_the_cursor_shows_without_the_focus_only_where_it_is_kept() -> None:
    kept, other, elsewhere = RowList(COLUMNS, keeps_cursor=True), RowList(COLUMNS), RowList(COLUMNS)
    async with Stage(kept, other, elsewhere).run_test(size=(40, 12)) as pilot:
        kept.set_rows(rows("a"))
        other.set_rows(rows("b"))
        elsewhere.focus()
        await pilot.pause()
        assert text_of(kept)[0].startswith("▸ a")
        assert text_of(other)[0].startswith("  b")


async def test_the_row_under_the_cursor_stands_on_another_ground_while_focused(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(40, 6)) as pilot:
        lines.set_rows(rows("a", "b"))
        await pilot.pause()
        shown = [strip.crop(0, 30) for strip in strips_of(lines)]
        grounds = [{str(segment.style.bgcolor) for segment in strip if segment.style} for strip in shown]
        assert len(grounds[0]) == 1
        assert grounds[0] != grounds[1]


async def test_a_list_of_its_own_height_grows_with_its_rows() -> None:
    tall = RowList(COLUMNS)
    tall.styles.height = "auto"
    async with Stage(Vertical(tall)).run_test(size=(40, 12)) as pilot:
        tall.set_rows(rows("a", "b", "c"))
        await pilot.pause()
        assert tall.size.height == 3
        tall.set_rows(rows("a"))
        await pilot.pause()
        assert tall.size.height == 1


async def test_text_from_outside_cannot_draw_outside_its_cell(lines: RowList) -> None:
    async with Stage(lines).run_test(size=(31, 4)) as pilot:
        lines.set_rows([Row("a", ("a", "\x1b[2Jwiped\nlog\t\u202etxt", "日本語の題"))])
        await pilot.pause()
        strip = strips_of(lines)[0]
        assert strip.text.startswith("▸ a      wiped log txt")
        assert strip.cell_length == 31
        assert strip.text.isprintable()


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (8, 3), (20, 5)])
async def test_a_tiny_terminal_is_no_reason_to_fail(lines: RowList, size: tuple[int, int]) -> None:
    async with Stage(lines).run_test(size=size) as pilot:
        lines.set_rows([Heading("town"), *numbered(30)])
        await press(pilot, ["G", "g", "g", "pagedown", "space"])
        assert all(strip.cell_length == lines.size.width for strip in strips_of(lines))
