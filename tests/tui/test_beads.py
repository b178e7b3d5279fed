"""The place of beads: list and board, filter and order, one bead to read, and what is done to those that are marked."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from gastown_tui.app import GastownApp
from gastown_tui.core import events as e
from gastown_tui.screens.ask import AskScreen
from gastown_tui.screens.bead_form import BeadForm
from gastown_tui.screens.beads import BeadsScreen
from gastown_tui.screens.form_row import LongText
from gastown_tui.screens.home import HomeScreen
from tests.fakes import FakeTown, fake_town
from tests.rooms import a_pane, open_room, until
from tests.towns import a_bead, a_hook, a_town, ago
from tests.tui.stage import text_of

NUX = "api/polecats/nux"


@pytest.fixture(name="fake")
def beads_of_all_kinds() -> FakeTown:
    """Six beads: two ready, one held by an agent, one waiting, one part of it, one over."""
    beads = [
        a_bead("ap-1", "Crash on start", kind="bug", priority=0, labels=("core",), description="It\nfalls over."),
        a_bead("ap-2", "Dark mode", priority=3, updated_at=ago(days=3)),
        a_bead("ap-3", "Follow the crash", needs=["ap-1"], priority=1),
        a_bead("ap-4", "Rate limiter", status="hooked", assignee=NUX),
        a_bead("ap-4.1", "First step", status="closed", parent="ap-4", closed_at=ago(days=1)),
        a_bead("ap-5", "Over", status="closed", closed_at=ago(days=2)),
    ]
    town = a_town(rigs={"api": "ap"}, agents=[NUX], beads=beads, hooks=[a_hook(NUX, "ap-4")])
    fake = fake_town(town)
    a_pane(fake, NUX, "ready")
    return fake


def place_of(room: Pilot[int]) -> BeadsScreen:
    assert isinstance(room.app, GastownApp)
    place = room.app.place
    assert isinstance(place, BeadsScreen)
    return place


async def go_there(room: Pilot[int]) -> BeadsScreen:
    await room.press("b")
    await until(room, lambda: isinstance(room.app.screen, BeadsScreen) and place_of(room).view is not None)
    return place_of(room)


def ids(place: BeadsScreen) -> list[str]:
    return [item.bead.id for item in place.view.items] if place.view is not None else []


def page_text(place: BeadsScreen) -> str:
    return "\n".join(text_of(place.page))


async def filter_by(room: Pilot[int], text: str) -> None:
    await room.press("slash")
    room.app.screen.query_one("#filter", Input).value = text
    await room.press("enter")


async def form(room: Pilot[int]) -> BeadForm:
    await until(room, lambda: isinstance(room.app.screen, BeadForm))
    assert isinstance(room.app.screen, BeadForm)
    return room.app.screen


async def gone(room: Pilot[int]) -> None:
    """Until the form has been taken."""
    await until(room, lambda: isinstance(room.app.screen, BeadsScreen))


# ---------------------------------------------------------------------------------------------- the list


async def test_b_opens_every_bead_with_what_can_be_begun_first(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        assert ids(place) == ["ap-1", "ap-2", "ap-4", "ap-3", "ap-4.1", "ap-5"]
        first = text_of(place.list_of("beads"))[0]
        assert all(word in first for word in ("ap-1", "P0", "○ ready", "bug", "Crash on start"))
        await room.press("escape")
        assert isinstance(room.app.screen, HomeScreen)


async def test_the_place_stands_as_it_was_left(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        await filter_by(room, "!state:closed")
        await room.press("o", "j")
        await until(room, lambda: place.view is not None and place.view.wish.order == "priority")
        before = (ids(place), place.list_of("beads").cursor_key)
        await room.press("0", "b")
        await until(room, lambda: isinstance(room.app.screen, BeadsScreen))
        await room.pause()
        assert (ids(place), place.list_of("beads").cursor_key) == before
        assert place.section("beads").header.note == "4 of 6 · /!state:closed · urgent first"


async def test_orders_cycle_turn_round_and_are_said(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        await room.press("o", "o")
        await until(room, lambda: place.view is not None and place.view.wish.order == "updated")
        newest = ids(place)
        await room.press("O")
        await until(room, lambda: ids(place) == newest[::-1])
        assert "changed last first, backwards" in place.section("beads").header.note
        assert "age" in text_of(room.app.screen.query_one("#heads"))[0]


async def test_what_is_wrong_with_a_filter_is_said_while_it_is_typed(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        await room.press("slash", *"crash", "space", *"stat")
        await room.press("colon", "x")
        await until(room, lambda: place.query_one("#problem").display)
        assert "no field is called 'stat'; state?" in text_of(place.query_one("#problem"))[0]
        assert ids(place) == ["ap-1", "ap-3"]
        await room.press("escape")
        await until(room, lambda: len(ids(place)) == 6)
        assert not place.query_one("#problem").display


async def test_a_filter_nothing_passes_says_so(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        await filter_by(room, "nothing-like-it")
        await until(room, lambda: ids(place) == [])
        assert "No bead passes /nothing-like-it" in text_of(place.list_of("beads"))[0]


async def test_an_empty_ledger_offers_to_file_a_bead() -> None:
    async with open_room(fake_town(a_town(is_town=False))) as room:
        await until(room, lambda: isinstance(room.app.screen, BeadsScreen) and place_of(room).view is not None)
        assert "bd create ⏎" in text_of(place_of(room).list_of("beads"))[0]
        await room.press("enter")
        await form(room)


async def test_a_ledger_without_a_town_opens_on_its_beads_and_stays_there() -> None:
    async with open_room(fake_town(a_town(is_town=False, beads=["hq-1", "hq-2"]))) as room:
        await until(room, lambda: isinstance(room.app.screen, BeadsScreen) and place_of(room).view is not None)
        await room.press("escape", "0")
        assert isinstance(room.app.screen, BeadsScreen)


async def test_the_list_keeps_its_place_while_the_town_moves(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        place.list_of("beads").move_to("ap-3")
        fake.ledger.record(
            lambda _town: [e.Entry(e.BeadCreated(bead_id="ap-0", title="Urgent", priority=0), "api")],  # type: ignore[arg-type]
            actor="mayor",
            ledgers=("", "api"),
        )
        await until(room, lambda: "ap-0" in ids(place))
        assert place.list_of("beads").cursor_key == "ap-3"


async def test_a_change_that_shows_nowhere_at_home_is_seen_here(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        fact = e.BeadUpdated(bead_id="ap-2", changes={"title": "Darker mode"})  # type: ignore[arg-type]
        fake.ledger.record(lambda _town: [e.Entry(fact, "api")], actor="mayor", ledgers=("", "api"))
        await until(room, lambda: "Darker mode" in "\n".join(text_of(place.list_of("beads"))))


# ---------------------------------------------------------------------------------------------- one bead


async def test_the_bead_under_the_cursor_is_read_beside_the_list(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        await until(room, lambda: "falls over." in page_text(place))
        assert "Holds up 1" in page_text(place)
        place.list_of("beads").move_to("ap-4")
        await until(room, lambda: "held by api/nux" in page_text(place))
        assert "Parts 1/1" in page_text(place)


async def test_links_lead_on_and_backspace_and_escape_lead_back(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        await until(room, lambda: "Holds up" in page_text(place))
        await room.press("enter", "right_square_bracket", "enter")
        await until(room, lambda: place.detail is not None and place.detail.bead.id == "ap-3")
        assert place.list_of("beads").cursor_key == "ap-1"
        await room.press("right_square_bracket", "enter")
        await until(room, lambda: place.trail == ["ap-3", "ap-1"])
        await room.press("backspace")
        await until(room, lambda: place.detail is not None and place.detail.bead.id == "ap-3")
        await room.press("escape")
        await until(room, lambda: place.detail is not None and place.detail.bead.id == "ap-1")
        await room.press("escape")
        assert place.focused_pane == "beads"


async def test_the_agent_that_holds_a_bead_is_a_step_away(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        place.list_of("beads").move_to("ap-4")
        await until(room, lambda: "held by" in page_text(place))
        await room.press("enter", "right_square_bracket", "enter")
        await until(room, lambda: isinstance(room.app.screen, HomeScreen))
        assert room.app.home.selected == NUX  # type: ignore[attr-defined]


async def test_from_an_event_to_its_bead(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        fact = e.BeadClosed(bead_id="ap-2", reason="done")  # type: ignore[arg-type]
        fake.ledger.record(lambda _town: [e.Entry(fact, "api")], actor="overseer", ledgers=("", "api"))
        await until(room, lambda: room.app.home.list_of("feed").rows)  # type: ignore[attr-defined]
        await room.press("4", "enter")
        await until(room, lambda: isinstance(room.app.screen, BeadsScreen))
        place = place_of(room)
        await until(room, lambda: place.detail is not None and place.detail.bead.id == "ap-2")
        await until(room, lambda: place.row_key == "ap-2" and not place.trail)
        await until(room, lambda: place.focused_pane == "bead")
        await room.press("escape")
        await until(room, lambda: isinstance(room.app.screen, HomeScreen))


async def test_the_past_of_a_bead_tells_what_went_from_what_to_what(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        for priority in (1, 2):
            fact = e.BeadUpdated(bead_id="ap-1", changes={"priority": priority})  # type: ignore[arg-type]
            fake.ledger.record(lambda _town, fact=fact: [e.Entry(fact, "api")], actor="mayor", ledgers=("", "api"))  # type: ignore[misc]
        await until(room, lambda: "P1 → P2" in page_text(place))
        assert "mayor" in page_text(place)


async def test_a_bead_that_is_deleted_under_the_cursor_gives_way_to_the_next(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        await room.press("enter")
        fact = e.BeadDeleted(bead_id="ap-1")  # type: ignore[arg-type]
        fake.ledger.record(lambda _town: [e.Entry(fact, "api")], actor="mayor", ledgers=("", "api"))
        await until(room, lambda: "ap-1" not in ids(place))
        await until(room, lambda: place.detail is not None and place.detail.bead.id == place.row_key)


async def test_what_a_title_should_never_do_to_a_terminal_it_does_not_do() -> None:
    title = "a\x00b \x1b[31mred\x1b[0m \u202eright to left\u202c 日本語"
    async with open_room(fake_town(a_town(is_town=False, beads=[a_bead("hq-1", title)]))) as room:
        await until(room, lambda: isinstance(room.app.screen, BeadsScreen) and place_of(room).view is not None)
        await until(room, lambda: "right to left" in page_text(place_of(room)))
        drawn = "\n".join([*text_of(place_of(room).list_of("beads")), page_text(place_of(room))])
        assert not any(bad in drawn for bad in "\x00\x1b\u202e\u202c")
        assert "日本語" in drawn


async def test_on_a_small_screen_the_page_takes_the_place_of_the_list(fake: FakeTown) -> None:
    async with open_room(fake, (80, 24)) as room:
        place = await go_there(room)
        assert not place.section("bead").display
        await room.press("enter")
        await until(room, lambda: "Crash on start" in page_text(place))
        assert not place.section("beads").display
        await room.press("escape")
        assert place.section("beads").display
        assert place.list_of("beads").has_focus


# ---------------------------------------------------------------------------------------------- the board


async def test_one_key_trades_the_list_for_the_board_on_the_same_bead(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        place.list_of("beads").move_to("ap-3")
        await room.press("b")
        await until(room, lambda: place.board.cursor_key == "ap-3")
        head = text_of(place.board)[0]
        assert all(word in head for word in ("Ready", "In progress", "Waiting", "Closed"))
        await room.press("h")
        assert place.board.cursor_key == "ap-4"
        await room.press("b")
        await until(room, lambda: place.list_of("beads").cursor_key == "ap-4")
        assert place.list_of("beads").has_focus


async def test_the_columns_of_the_board_can_stand_for_other_things(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        await room.press("b", "o")
        await until(room, lambda: "nobody" in text_of(place.board)[0])
        await room.press("o")
        await until(room, lambda: "P0 critical" in text_of(place.board)[0])


async def test_a_card_is_read_beside_the_board_and_escape_closes_it(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        await room.press("b")
        await until(room, lambda: place.board.cursor_key)
        await room.press("enter")
        await until(room, lambda: "Crash on start" in page_text(place))
        await room.press("escape")
        assert not place.section("bead").display
        assert place.board.has_focus


async def test_the_mouse_finds_cards(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        await room.press("b")
        await until(room, lambda: place.board.cursor_key == "ap-1")
        lines = text_of(place.board)
        y = next(y for y, line in enumerate(lines) if "ap-3" in line)
        await room.click("#board", offset=(lines[y].index("ap-3"), y))
        assert place.board.cursor_key == "ap-3"


# ---------------------------------------------------------------------------------------------- acts


async def test_an_edit_sends_only_what_was_changed(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await go_there(room)
        await room.press("e")
        sheet = await form(room)
        sheet.query_one("#field-priority", Input).value = "2"
        sheet.query_one("#field-set_labels", Input).value = "ui"
        area = sheet.query_one("#field-description", LongText)
        area.text = "First line.\nSecond line.\n"
        await room.press("ctrl+s")
        await gone(room)
        (updated,) = fake.ledger.facts(e.BeadUpdated)
        assert updated.changes == {"priority": 2, "description": "First line.\nSecond line."}  # type: ignore[attr-defined]
        assert [fact.label for fact in fake.ledger.facts(e.LabelAdded)] == ["ui"]  # type: ignore[attr-defined]
        assert [fact.label for fact in fake.ledger.facts(e.LabelRemoved)] == ["core"]  # type: ignore[attr-defined]


async def test_enter_in_a_text_is_a_new_line_and_elsewhere_does_it(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await go_there(room)
        await room.press("e")
        sheet = await form(room)
        sheet.set_focus(sheet.query_one("#field-notes"))
        await room.press("a", "enter", "b")
        assert sheet.query_one("#field-notes", LongText).text == "a\nb"
        sheet.set_focus(sheet.query_one("#field-title"))
        await room.press("end", "exclamation_mark", "enter")
        await gone(room)
        (updated,) = fake.ledger.facts(e.BeadUpdated)
        assert updated.changes == {"title": "Crash on start!", "notes": "a\nb"}  # type: ignore[attr-defined]


async def test_emptied_fields_are_emptied(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        place.list_of("beads").move_to("ap-1")
        await room.press("e")
        sheet = await form(room)
        sheet.query_one("#field-set_labels", Input).value = ""
        sheet.query_one("#field-description", LongText).text = ""
        await room.press("ctrl+s")
        await gone(room)
        await until(room, lambda: place.detail is not None and place.detail.bead.labels in (None, ()))
        assert fake.ledger.read().bead("ap-1").description is None


async def test_a_bead_is_filed_with_a_form(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        await room.press("c")
        sheet = await form(room)
        await room.press(*"New")
        sheet.query_one("#field-deps", Input).value = "ap-1"
        await room.press("ctrl+s")
        await until(room, lambda: any(item.bead.title == "New" for item in place.view.items))  # type: ignore[union-attr]
        await until(room, lambda: place.list_of("beads").cursor_key not in ("ap-1", ""))
        assert isinstance(room.app.screen, BeadsScreen)
        (created,) = fake.ledger.facts(e.BeadCreated)
        assert place.row_key == created.bead_id  # type: ignore[attr-defined]
        assert created.dependencies[0].depends_on_id == "ap-1"  # type: ignore[attr-defined]


async def test_marked_beads_are_closed_in_one_transaction_and_the_refused_are_named(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        place.list_of("beads").move_to("ap-2")
        await room.press("space")
        place.list_of("beads").move_to("ap-3")
        await room.press("space", "x")
        sheet = await form(room)
        assert "Close 2 beads" in " ".join(text_of(sheet.query_one("#sheet-header")))
        await room.press(*"all done", "enter")
        await gone(room)
        said = [note.message for note in room.app._notifications]
        assert "closed ap-2 · 1 refused" in said
        assert any("ap-3" in line and "ap-1" in line for line in said)
        assert fake.ledger.facts(e.BeadClosed)[0].reason == "all done"  # type: ignore[attr-defined]
        assert place.chosen == (place.row_key,)


async def test_a_priority_is_two_keys_away_and_can_be_taken_back(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        await room.press("space", "space", "P")
        await form(room)
        await room.press("4", "enter")
        await gone(room)
        await until(room, lambda: fake.ledger.read().bead("ap-1").priority == 4)
        assert fake.ledger.read().bead("ap-2").priority == 4
        await room.press("z")
        await until(room, lambda: fake.ledger.read().bead("ap-1").priority == 0)
        await until(room, lambda: fake.ledger.read().bead("ap-2").priority == 3)
        await room.press("z")
        await until(room, lambda: "there is nothing to take back" in [n.message for n in room.app._notifications])
        assert place.view is not None


async def test_a_closed_bead_that_is_taken_back_is_open_again(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await go_there(room)
        await room.press("x")
        await form(room)
        await room.press("enter")
        await gone(room)
        await until(room, lambda: fake.ledger.read().bead("ap-1").state == "closed")
        await room.press("z")
        await until(room, lambda: fake.ledger.read().bead("ap-1").state == "open")


async def test_claim_defer_label_and_assign_act_on_all_marked(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        await room.press("space", "space", "number_sign")
        await form(room)
        await room.press(*"soon", "ctrl+s")
        await gone(room)
        assert len(fake.ledger.facts(e.LabelAdded)) == 2
        await room.press("at")
        await form(room)
        await room.press(*"api/crew/max", "ctrl+s")
        await gone(room)
        await until(room, lambda: fake.ledger.facts(e.BeadAssigned))
        await until(room, lambda: place.view is not None)
        place.list_of("beads").move_to("ap-2")
        await room.press("i")
        await until(room, lambda: fake.ledger.read().bead("ap-2").state == "in_progress")
        place.list_of("beads").move_to("ap-1")
        await room.press("d")
        await form(room)
        await room.press("ctrl+s")
        await gone(room)
        await until(room, lambda: fake.ledger.read().bead("ap-1").state == "deferred")
        await room.press("d")
        await until(room, lambda: fake.ledger.read().bead("ap-1").state == "open")


async def test_a_dependency_is_added_and_taken_away_with_real_ids(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        place.list_of("beads").move_to("ap-2")
        await room.press("greater_than_sign")
        sheet = await form(room)
        await room.press(*"crash on")
        await until(room, lambda: "ap-1" in "\n".join(text_of(sheet.query_one("#offers"))))
        await room.press("down", "enter")
        await gone(room)
        await until(room, lambda: fake.ledger.facts(e.DependencyAdded))
        await room.press("less_than_sign")
        sheet = await form(room)
        await until(room, lambda: "Crash on start" in "\n".join(text_of(sheet.query_one("#offers"))))
        await room.press("down", "enter")
        await gone(room)
        await until(room, lambda: fake.ledger.facts(e.DependencyRemoved))


async def test_deleting_asks_shows_what_is_lost_and_only_a_capital_y_does_it(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        await room.press("X")
        await until(room, lambda: isinstance(room.app.screen, AskScreen))
        told = " ".join(text_of(room.app.screen.query_one("#rehearsed")))
        assert "ap-1" in told
        await room.press("n")
        assert fake.ledger.facts(e.BeadDeleted) == []
        await room.press("X")
        await until(room, lambda: isinstance(room.app.screen, AskScreen))
        await room.press("Y")
        await until(room, lambda: "ap-1" not in ids(place))


async def test_a_comment_is_written_from_the_list(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await go_there(room)
        await room.press("C")
        await form(room)
        await room.press(*"looks right", "enter")
        await gone(room)
        await until(room, lambda: "looks right" in page_text(place))


async def test_the_keys_of_other_places_work_here(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await go_there(room)
        await room.press("y")
        assert room.app.clipboard == "ap-1"
        await room.press("colon")
        await until(room, lambda: not isinstance(room.app.screen, BeadsScreen))
