"""Lines of parts: the header, the status line, the key line."""

from __future__ import annotations

import pytest

from gastown_tui.core.views.home import StatusView
from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.cost_line import CostLine, RoomCost
from gastown_tui.widgets.key_line import KeyHint, KeyLine
from gastown_tui.widgets.one_line import OneLine, Part, arrange
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.section import Section
from gastown_tui.widgets.status_line import StatusLine
from gastown_tui.widgets.strip_header import StripHeader
from tests.tui.stage import Stage, count_lines_drawn, heard, strips_of, text_of

WORDS = [". next", "s sling", "p peek", "n nudge", "a attach", "m mail", "/ filter"]
KEYS = [KeyHint(*words.split()) for words in WORDS]
PLACES = [KeyHint(str(nth + 1), word) for nth, word in enumerate(["home", "wall", "convoys", "beads"])]


def a_part(text: str, rank: int = 0) -> Part:
    return Part((Piece(text),), rank=rank)


def arranged(left: list[Part], right: list[Part], width: int) -> str:
    pieces = arrange(left, right, width)
    text = "".join(piece.text for piece in pieces)
    assert len(text) == width
    return text


def test_parts_stand_at_their_sides() -> None:
    assert arranged([a_part("town"), a_part("21 working")], [a_part("14:02")], 30) == "town  21 working         14:02"


@pytest.mark.parametrize(
    ("width", "left"),
    [
        (40, "need  mail  queue  forks"),
        (20, "need  mail  queue   "),
        (12, "need  mail  "),
        (9, "need     "),
        (3, "ne…"),
    ],
)
def test_the_least_important_part_gives_way_first(width: int, left: str) -> None:
    parts = [a_part("need"), a_part("mail", 1), a_part("queue", 2), a_part("forks", 3)]
    assert arranged(parts, [], width).startswith(left)


def test_the_right_side_gives_way_by_the_same_ranks() -> None:
    left, right = [a_part("need you"), a_part("queue 4", 1)], [a_part("cpu", 3), a_part("14:02", 2)]
    assert arranged(left, right, 24) == "need you  queue 4  14:02"
    assert arranged(left, right, 18) == "need you  queue 4 "


async def test_a_header_lights_up_while_its_section_has_the_focus() -> None:
    first = Section("Convoys", RowList([Column()]), note="5 rolling")
    second = Section("Agents", RowList([Column()]), note="29")
    async with Stage(first, second).run_test(size=(40, 10)) as pilot:
        second.body.focus()
        await pilot.pause()
        assert (first.header.lit, second.header.lit) == (False, True)
        assert text_of(second.header) == [" Agents" + " " * 30 + "29"]
        first.body.focus()
        await pilot.pause()
        assert (first.header.lit, second.header.lit) == (True, False)


async def test_a_narrow_header_keeps_its_title() -> None:
    header = StripHeader("Agents", "29 · sorted by who needs you")
    async with Stage(header).run_test(size=(24, 3)) as pilot:
        await pilot.pause()
        assert text_of(header) == [" Agents"]
        header.note = "29"
        await pilot.pause()
        assert text_of(header) == [" Agents              29"]


async def test_the_key_line_shows_as_many_keys_as_fit_and_where_we_are() -> None:
    line = KeyLine()
    async with Stage(line).run_test(size=(110, 3)) as pilot:
        line.show_keys(KEYS, PLACES, here="wall")
        await pilot.pause()
        shown = text_of(line)[0]
        assert shown.startswith(" . next  s sling  p peek  n nudge  a attach  m mail  / filter")
        assert shown.endswith("1 home 2 wall 3 convoys 4 beads")
        bold = [segment.text for segment in strips_of(line)[0] if segment.style and segment.style.bold]
        assert bold == [" wall"]
        await pilot.resize_terminal(60, 3)
        await pilot.pause()
        assert text_of(line)[0].startswith(" . next  s sling  p peek  n nudge  a attach")
        assert "2 wall" in text_of(line)[0]


async def test_keys_and_places_can_be_clicked() -> None:
    line = KeyLine()
    async with Stage(line).run_test(size=(110, 3)) as pilot:
        line.show_keys([KeyHint("s", "sling", "verb:sling"), KeyHint("?", "help")], PLACES, here="home")
        await pilot.pause()
        shown = text_of(line)[0]
        for word in ("sling", "help", "3"):
            await pilot.click(line, offset=(shown.index(word), 0))
        await pilot.click(line, offset=(60, 0))
        assert [said.act for said in heard(pilot, OneLine.Pressed)] == ["verb:sling", "?", "3"]


async def test_the_status_line_tells_the_town_at_a_glance() -> None:
    line = StatusLine()
    view = StatusView(name="gastown", path="~/gt", working=21, idle=6, need=2, queue=4, mail=3, ready=17)
    async with Stage(line).run_test(size=(120, 3)) as pilot:
        line.show_status(view)
        await pilot.pause()
        assert text_of(line) == [
            " gastown ~/gt    ● 21 working  ○ 6 idle  ! 2 need you      queue 4   mail 3   ready 17"
        ]


async def test_the_room_says_what_it_costs() -> None:
    line = CostLine()
    async with Stage(line).run_test(size=(34, 3)) as pilot:
        line.show_cost(RoomCost(cpu_percent=0.31, forks=0, lag_ms=9))
        await pilot.pause()
        assert text_of(line)[0].endswith("cpu 0.3%  forks 0  lag 9 ms")


async def test_a_lone_ledger_has_nobody_to_count() -> None:
    line = StatusLine()
    async with Stage(line).run_test(size=(80, 3)) as pilot:
        line.show_status(StatusView(name="beads", path="~/project", ready=2, is_town=False))
        await pilot.pause()
        assert text_of(line)[0] == " beads ~/project    ready 2"


@pytest.mark.parametrize("width", [40, 60, 80, 120])
async def test_who_needs_you_is_said_however_narrow_the_terminal(width: int) -> None:
    line = StatusLine()
    view = StatusView(name="gastown", path="~/gt", working=21, idle=6, need=2, queue=4, mail=3)
    async with Stage(line).run_test(size=(width, 3)) as pilot:
        line.show_status(view)
        await pilot.pause()
        assert "! 2 need you" in text_of(line)[0]


async def test_a_source_that_failed_is_never_an_all_clear() -> None:
    line = StatusLine()
    async with Stage(line).run_test(size=(120, 3)) as pilot:
        line.show_status(StatusView(name="gastown", path="~/gt", working=2))
        await pilot.pause()
        assert "nobody needs you" in text_of(line)[0]
        line.show_status(StatusView(name="gastown", path="~/gt", trouble="sessions unknown since 14:02"))
        await pilot.pause()
        assert "nobody" not in text_of(line)[0]
        assert "~ sessions unknown since 14:02" in text_of(line)[0]


async def test_an_unchanged_line_is_not_drawn_again() -> None:
    line = OneLine()
    async with Stage(line, RowList([Column()])).run_test(size=(40, 5)) as pilot:
        line.show([a_part("same")])
        await pilot.pause()
        drawn = count_lines_drawn(line)
        line.show([a_part("same")])
        await pilot.pause()
        assert drawn == []
        line.show([a_part("other")])
        await pilot.pause()
        assert drawn == [0]
