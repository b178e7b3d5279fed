"""An agent's own screen."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from textual import events
from textual.app import App
from textual.widgets import Input

from gastown_tui.core.model.outside import Screen as PaneLook
from gastown_tui.widgets.live_pane import LivePane
from gastown_tui.widgets.pane_window import HISTORY_PAGE
from gastown_tui.widgets.pieces import Piece
from tests.tui.stage import Stage, count_lines_drawn, heard, press, strips_of, text_of, turn_wheel


def a_look(lines: Sequence[str], cursor: tuple[int, int] | None = None) -> PaneLook:
    x, y = cursor or (0, 0)
    return PaneLook(lines=tuple(lines), cursor_x=x, cursor_y=y, cursor_visible=cursor is not None)


def numbered(first: int, last: int) -> list[str]:
    return [f"line {number}" for number in range(first, last + 1)]


@pytest.fixture
def pane() -> LivePane:
    return LivePane("api/nux", "gt-4f2 migrate users")


async def test_the_header_says_whose_screen_it_is_and_what_they_are_at(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 6)) as pilot:
        pane.show_screen(a_look(["hello"]))
        await pilot.pause()
        assert text_of(pane)[:2] == [" api/nux live · gt-4f2 migrate users", "hello"]


async def test_a_screen_higher_than_the_pane_shows_its_written_end(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 6)) as pilot:
        pane.show_screen(a_look([*numbered(1, 20), "", "", ""]))
        await pilot.pause()
        assert text_of(pane)[1:] == numbered(16, 20)


async def test_the_cursor_is_always_in_sight(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(20, 6)) as pilot:
        pane.show_screen(a_look(numbered(1, 20), cursor=(2, 3)))
        await pilot.pause()
        assert text_of(pane)[1] == "line 4"
        pane.show_screen(a_look(["x" * 60], cursor=(55, 0)))
        pane.typing = True
        await pilot.pause()
        assert pane._left == 36


async def test_wide_lines_are_cropped_to_the_pane(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(20, 4)) as pilot:
        pane.show_screen(a_look(["日本" * 30, "x" * 100, "e\u0301" * 50]))
        await pilot.pause()
        assert [strip.cell_length for strip in strips_of(pane)] == [20] * 4


async def test_only_rows_that_changed_are_drawn_again(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 12)) as pilot:
        pane.show_screen(a_look(numbered(1, 8), cursor=(0, 7)))
        await pilot.pause()
        drawn = count_lines_drawn(pane)
        pane.show_screen(a_look([*numbered(1, 4), "\x1b[31mchanged\x1b[0m", *numbered(6, 8)], cursor=(0, 7)))
        await pilot.pause()
        assert drawn == [5]
        drawn.clear()
        pane.show_screen(a_look([*numbered(1, 4), "\x1b[31mchanged\x1b[0m", *numbered(6, 8)], cursor=(0, 7)))
        await pilot.pause()
        assert drawn == []


async def test_a_cursor_that_moves_repaints_where_it_was_and_where_it_is(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 12)) as pilot:
        pane.show_screen(a_look(numbered(1, 8), cursor=(0, 7)))
        await pilot.pause()
        drawn = count_lines_drawn(pane)
        pane.show_screen(a_look(numbered(1, 8), cursor=(0, 2)))
        await pilot.pause()
        assert sorted(drawn) == [3, 8]


async def test_colours_reach_the_screen(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 4)) as pilot:
        pane.show_screen(a_look(["\x1b[38;2;1;2;3mrgb\x1b[0m plain"]))
        await pilot.pause()
        first, second = strips_of(pane)[1]._segments[:2]
        assert first.style and first.style.color and first.style.color.triplet == (1, 2, 3)
        assert second.style and second.style.color and second.style.color.triplet != (1, 2, 3)


# ------------------------------------------------------------------------------------------------ typing


async def test_typed_keys_go_out_and_leave_the_room_alone(pane: LivePane) -> None:
    async with Stage(pane, Input()).run_test(size=(60, 12)) as pilot:
        pane.show_screen(a_look(["$ "], cursor=(2, 0)))
        pane.typing = True
        keys = ["l", "s", "enter", "escape", "ctrl+c", "tab", "up", "pageup", "G", "exclamation_mark"]
        await press(pilot, keys)
        said = heard(pilot, LivePane.Typed)
        assert [each.key for each in said] == keys
        assert [each.character for each in said if each.key in {"l", "G", "exclamation_mark"}] == ["l", "G", "!"]
        assert pane.has_focus


async def test_keys_reach_nobody_while_nobody_types(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 12)) as pilot:
        pane.show_screen(a_look(["$ "]))
        pane.focus()
        await press(pilot, ["l", "escape", "enter"])
        assert not heard(pilot, LivePane.Typed)


@pytest.mark.parametrize("key", ["ctrl+right_square_bracket", "f12"])
async def test_two_keys_leave_and_neither_reaches_the_agent(pane: LivePane, key: str) -> None:
    async with Stage(pane).run_test(size=(80, 12)) as pilot:
        pane.show_screen(a_look(["$ "]))
        pane.typing = True
        await press(pilot, [key])
        assert not pane.typing
        assert len(heard(pilot, LivePane.Left)) == 1
        assert not heard(pilot, LivePane.Typed)


async def test_a_click_on_the_header_leaves_too(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(80, 12)) as pilot:
        pane.show_screen(a_look(["$ "]))
        pane.typing = True
        await pilot.pause()
        await pilot.click(pane, offset=(10, 4))
        assert pane.typing
        await pilot.click(pane, offset=(10, 0))
        assert not pane.typing


@pytest.mark.parametrize("width", [50, 80, 160])
async def test_while_typing_the_header_says_how_to_leave(pane: LivePane, width: int) -> None:
    async with Stage(pane).run_test(size=(width, 12)) as pilot:
        pane.show_screen(a_look(["$ "]))
        pane.typing = True
        await pilot.pause()
        assert text_of(pane)[0].endswith("ctrl-] or F12 leaves")
        assert text_of(pane)[0].startswith(" typing into")


async def test_typing_shows_where_the_next_character_goes(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 12)) as pilot:
        pane.show_screen(a_look(["$ ls"], cursor=(4, 0)))
        pane.typing = True
        await pilot.pause()
        cell = strips_of(pane)[1].crop(4, 5)._segments[0]
        beside = strips_of(pane)[1].crop(5, 6)._segments[0]
        assert cell.style and beside.style and cell.style.bgcolor != beside.style.bgcolor


async def test_a_paste_goes_out_whole(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 12)) as pilot:
        pane.show_screen(a_look(["$ "]))
        pane.typing = True
        await pilot.pause()
        pilot.app.post_message(events.Paste("two\nlines"))
        await pilot.pause()
        assert [said.text for said in heard(pilot, LivePane.Pasted)] == ["two\nlines"]


async def test_a_paste_reaches_nobody_while_nobody_types(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 12)) as pilot:
        pane.focus()
        pilot.app.post_message(events.Paste("text"))
        await pilot.pause()
        assert not heard(pilot, LivePane.Pasted)


async def test_the_focus_going_elsewhere_ends_typing(pane: LivePane) -> None:
    other = Input()
    async with Stage(pane, other).run_test(size=(60, 12)) as pilot:
        pane.show_screen(a_look(["$ "]))
        pane.typing = True
        await pilot.pause()
        other.focus()
        await pilot.pause()
        assert not pane.typing


async def test_a_terminal_that_loses_the_focus_and_gets_it_back_types_on(pane: LivePane) -> None:
    async with Stage(pane, Input()).run_test(size=(60, 12)) as pilot:
        pane.show_screen(a_look(["$ "]))
        pane.typing = True
        await pilot.pause()
        pilot.app.post_message(events.AppBlur())
        await pilot.pause()
        pilot.app.post_message(events.AppFocus())
        await pilot.pause()
        await press(pilot, ["q"])
        assert pane.typing
        assert [said.key for said in heard(pilot, LivePane.Typed)] == ["q"]


async def test_the_mouse_goes_to_the_agent_only_when_asked_to(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 6)) as pilot:
        pane.show_screen(a_look(numbered(1, 20)))
        pane.typing = True
        await pilot.pause()
        await pilot.click(pane, offset=(3, 2))
        assert not heard(pilot, LivePane.Moused)
        pane.forwards_mouse = True
        await pilot.click(pane, offset=(3, 2))
        await turn_wheel(pilot, -1, at=(3, 2))
        assert [(said.kind, said.x, said.y) for said in heard(pilot, LivePane.Moused)] == [
            ("down", 3, 16),
            ("up", 3, 16),
            ("wheel_up", 3, 16),
        ]


# ------------------------------------------------------------------------------------------------ looking back


async def test_the_wheel_asks_for_history_and_shows_it(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 6)) as pilot:
        pane.show_screen(a_look(numbered(21, 30)))
        await turn_wheel(pilot, -2, at=(5, 3))
        assert [said.lines for said in heard(pilot, LivePane.HistoryWanted)] == [HISTORY_PAGE]
        pane.show_history(numbered(1, 30))
        await pilot.pause()
        assert text_of(pane) == [" api/nux 6 lines back · gt-4f2 migrate users", *numbered(20, 24)]


async def test_the_window_holds_still_while_the_agent_goes_on(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 6)) as pilot:
        pane.show_screen(a_look(numbered(21, 30)))
        await turn_wheel(pilot, -1, at=(5, 3))
        pane.show_history(numbered(1, 30))
        pane.show_screen(a_look(numbered(41, 50)))
        await pilot.pause()
        assert text_of(pane)[1:] == numbered(23, 27)


@pytest.mark.parametrize("key", ["escape", "G", "end"])
async def test_a_key_returns_to_the_live_screen(pane: LivePane, key: str) -> None:
    async with Stage(pane).run_test(size=(60, 6)) as pilot:
        pane.focus()
        pane.show_screen(a_look(numbered(21, 30)))
        await press(pilot, ["k", "k"])
        pane.show_history(numbered(1, 30))
        pane.show_screen(a_look(numbered(41, 50)))
        await press(pilot, [key])
        assert text_of(pane) == [" api/nux live · gt-4f2 migrate users", *numbered(46, 50)]


async def test_scrolling_down_to_the_end_is_live_again(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 6)) as pilot:
        pane.focus()
        pane.show_screen(a_look(numbered(21, 30)))
        await press(pilot, ["k", "k"])
        pane.show_history(numbered(1, 30))
        await press(pilot, ["j", "j"])
        pane.show_screen(a_look(numbered(41, 50)))
        await pilot.pause()
        assert text_of(pane)[1:] == numbered(46, 50)


async def test_history_is_asked_for_page_by_page_and_ends_where_it_ends(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 6)) as pilot:
        pane.focus()
        known = numbered(1, 2 * HISTORY_PAGE)
        pane.show_screen(a_look(known[-10:]))
        wanted = 0
        for _ in range(400):
            await pilot.press("pageup")
            asked = [said.lines for said in heard(pilot, LivePane.HistoryWanted)]
            if asked and asked[-1] != wanted:
                wanted = asked[-1]
                pane.show_history(known[-wanted - 10 :])
            elif wanted >= len(known):
                break
        assert [said.lines for said in heard(pilot, LivePane.HistoryWanted)] == [HISTORY_PAGE, 2 * HISTORY_PAGE]


async def test_without_an_answer_nothing_is_lost(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 6)) as pilot:
        pane.focus()
        pane.show_screen(a_look(numbered(1, 3)))
        await press(pilot, ["pageup"] * 5)
        assert text_of(pane)[1:4] == numbered(1, 3)
        await press(pilot, ["G"])
        assert text_of(pane)[0] == " api/nux live · gt-4f2 migrate users"


async def test_another_agent_is_shown_live(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 6)) as pilot:
        pane.focus()
        pane.show_screen(a_look(numbered(1, 30)))
        await press(pilot, ["k"])
        pane.title = "web/slit"
        pane.show_screen(a_look(["other"]))
        await pilot.pause()
        assert text_of(pane)[:2] == [" web/slit live · gt-4f2 migrate users", "other"]


async def test_a_pane_with_no_session_says_so_and_recovers(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 6)) as pilot:
        pane.show_nothing(Piece("no session  ", "dim"), Piece("start", "brass", "start"))
        await pilot.pause()
        assert text_of(pane)[2] == " no session  start"
        assert "live" not in text_of(pane)[0]
        pane.show_screen(a_look(["hello"]))
        await pilot.pause()
        assert text_of(pane)[1] == "hello"


async def test_text_of_the_screen_can_be_selected(pane: LivePane) -> None:
    async with Stage(pane).run_test(size=(60, 6)) as pilot:
        pane.show_screen(a_look(["first line", "second \x1b[31mline\x1b[0m", "third"]))
        await pilot.pause()
        await pilot.mouse_down(pane, offset=(6, 1))
        await pilot.hover(pane, offset=(6, 2))
        await pilot.mouse_up(pane, offset=(6, 2))
        assert pilot.app.screen.get_selected_text() in {"line\nsecond", "line\nsecond "}


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5, 3)])
async def test_a_tiny_pane_is_no_reason_to_fail(pane: LivePane, size: tuple[int, int]) -> None:
    async with Stage(pane).run_test(size=size) as pilot:
        pane.show_screen(a_look(numbered(1, 30), cursor=(20, 29)))
        pane.typing = True
        await press(pilot, ["a", "f12", "pageup"])
        assert all(strip.cell_length == size[0] for strip in strips_of(pane))


async def test_a_room_with_priority_keys_lets_them_go_to_the_agent(pane: LivePane) -> None:
    class Room(Stage):
        def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
            return not pane.typing and super().check_action(action, parameters)

    async with Room(pane).run_test(size=(60, 6)) as pilot:
        pane.show_screen(a_look(["$ "]))
        pane.typing = True
        await press(pilot, ["ctrl+q", "ctrl+p"])
        assert [said.key for said in heard(pilot, LivePane.Typed)] == ["ctrl+q", "ctrl+p"]
        assert isinstance(pilot.app, App) and pilot.app.is_running
