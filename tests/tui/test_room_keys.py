"""Keys do what they are said to do, where they are said to do it, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.binding import BindingsMap
from textual.pilot import Pilot

from gastown_tui import keys
from gastown_tui.app import OWN_ACTIONS, GastownApp
from gastown_tui.keys import PANE_HINTS, PLACE_KEYS, ROOM_KEYS, WIDGET_KEYS, RoomKey
from gastown_tui.screens.command_line import CommandLine
from gastown_tui.screens.help import HelpScreen
from gastown_tui.screens.home import HomeScreen
from gastown_tui.screens.reading import ReadingScreen
from gastown_tui.screens.verb_form import VerbForm
from gastown_tui.widgets.graph_canvas import GraphCanvas
from gastown_tui.widgets.live_pane import LivePane
from gastown_tui.widgets.row_list import RowList
from tests.fakes import FakeTown, fake_town
from tests.rooms import a_pane, open_room, room_on, until
from tests.towns import a_town
from tests.tui.stage import text_of

WORKER = "api/polecats/nux"


@pytest.fixture(name="fake")
def small_town() -> FakeTown:
    fake = fake_town(a_town(rigs={"api": "ap"}, agents=[WORKER], beads=["ap-1", "ap-2"]))
    a_pane(fake, WORKER, "ready")
    return fake


def app_of(room: Pilot[int]) -> GastownApp:
    assert isinstance(room.app, GastownApp)
    return room.app


async def type_into(room: Pilot[int]) -> None:
    app_of(room).home.select(WORKER)
    await room.press("a")
    await until(room, lambda: app_of(room).live.typing)


@pytest.mark.parametrize("key", (*ROOM_KEYS, *PLACE_KEYS), ids=lambda key: key.id)
def test_every_key_of_the_room_has_a_handler(key: RoomKey, fake: FakeTown) -> None:
    app = room_on(fake)
    name = key.action.partition("(")[0].removeprefix("app.")
    assert callable(getattr(app, f"action_{name}", None))


@pytest.mark.parametrize("key", keys.verb_keys(), ids=lambda key: key.id)
def test_every_verb_that_brings_a_key_is_found_by_it(key: RoomKey) -> None:
    from gastown_tui.core import verbs

    assert verbs.find(key.id.removeprefix("verb.")) is not None


def test_no_key_means_two_things() -> None:
    taken = [each for key in (*ROOM_KEYS, *keys.verb_keys()) for each in key.keys.split(",")]
    assert len(taken) == len(set(taken))


@pytest.mark.parametrize(
    ("key", "widget"),
    [
        *((each, RowList) for each in WIDGET_KEYS if each.place == "lists"),
        *((each, LivePane) for each in WIDGET_KEYS if each.place == "live screen"),
        *((each, VerbForm) for each in WIDGET_KEYS if each.place == "forms"),
        *((each, CommandLine) for each in WIDGET_KEYS if each.place == "command line"),
        *((each, GraphCanvas) for each in WIDGET_KEYS if each.place == "graph"),
    ],
    ids=lambda value: getattr(value, "id", None) or value.__name__,
)
def test_every_key_told_of_a_widget_is_bound_there(key: RoomKey, widget: type) -> None:
    bound = BindingsMap(widget.BINDINGS).key_to_bindings  # type: ignore[attr-defined]
    assert [each for each in key.keys.split(",") if each not in bound] == []


def test_the_keys_that_leave_an_agent_are_those_told() -> None:
    told = next(each for each in WIDGET_KEYS if each.id == "live.leave")
    assert told.keys.split(",") == list(LivePane().leave_keys)


@pytest.mark.parametrize("pane", PANE_HINTS)
def test_every_hint_is_a_key_there_is(pane: str) -> None:
    shown = keys.hints(keys.key_rows(), pane, place=pane.partition(" ")[0])
    assert len(shown) == len(PANE_HINTS[pane])
    assert all(each.label for each in shown)


async def test_the_hint_line_follows_the_pane(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("3")
        line = " ".join(text_of(room.app.screen.query_one("#keys")))
        assert "archive" in line


# ---------------------------------------------------------------------------------------------- sheets


async def test_no_key_of_the_room_fires_from_under_a_sheet(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        app = app_of(room)
        for opener in ("s", "question_mark", "colon"):
            await room.press(opener)
            sheet = app.screen
            assert not isinstance(sheet, HomeScreen)
            assert [action for action in OWN_ACTIONS if app.check_action(action, ())] == []
            await room.press("ctrl+t", "ctrl+p", "ctrl+q")
            assert app.screen is sheet
            await room.press("escape")
            assert isinstance(app.screen, HomeScreen)


async def test_letters_typed_into_the_filter_are_no_keys(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("slash", *"qsab")
        assert isinstance(room.app.screen, HomeScreen)
        assert room.app.screen.query_one("#filter").value == "qsab"  # type: ignore[attr-defined]


# ---------------------------------------------------------------------------------------------- typing into an agent


async def test_while_typing_every_key_goes_to_the_agent(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        app = app_of(room)
        heard: list[str] = []
        await type_into(room)
        assert app.watch_town.mirror is not None
        app.watch_town.mirror.type_key = lambda session, key, character: heard.append(key)  # type: ignore[method-assign]
        pressed = ["q", "s", "question_mark", "ctrl+p", "ctrl+q", "ctrl+t", "tab", "1", "f1", "ctrl+c", "colon"]
        await room.press(*pressed)
        assert heard == pressed
        assert app.live.typing
        assert isinstance(app.screen, HomeScreen)


async def test_both_ways_out_lead_back_to_where_typing_began(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        app = app_of(room)
        for key in ("ctrl+right_square_bracket", "f12"):
            await type_into(room)
            await room.press(key)
            await until(room, lambda: not app.typing_into)
            assert app.home.focused_pane == "agents"
        assert fake.sessions.panes["polecat-api-nux"].draft == ""


async def test_one_escape_never_reaches_an_agent(fake: FakeTown) -> None:
    pressed: list[str] = []
    fake.sessions.panes["polecat-api-nux"].press = pressed.append  # type: ignore[method-assign,assignment]
    async with open_room(fake) as room:
        await room.press("escape")
        await type_into(room)
        await room.press("escape")
        await room.press("left")
        await until(room, lambda: pressed)
        assert pressed == ["Left"]
        await room.press("escape", "escape")
        await until(room, lambda: "Escape" in pressed)
        assert pressed == ["Left", "Escape"]


# ---------------------------------------------------------------------------------------------- one's own keys


async def test_people_change_keys_in_a_file(fake: FakeTown) -> None:
    _write_keys('"room.help" = "f1"\n"verb.sling" = "L"\n')
    async with open_room(fake) as room:
        await room.pause()
        await room.press("f1")
        assert isinstance(room.app.screen, HelpScreen)
        shown = {each.id: each.key for each in room.app.screen._keys}
        assert (shown["room.help"], shown["verb.sling"]) == ("f1", "L")
        await room.press("escape", "L")
        await until(room, lambda: isinstance(room.app.screen, VerbForm))


async def test_a_key_that_does_not_exist_is_told(fake: FakeTown) -> None:
    _write_keys('"room.dance" = "d"\n')
    async with open_room(fake) as room:
        await until(room, lambda: any("room.dance" in note.message for note in room.app._notifications))


def test_a_file_that_is_no_toml_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text("room.next = ")
    changed, wrong = keys.load(file)
    assert changed == {}
    assert str(file) in wrong
    assert keys.load(tmp_path / "none.toml") == ({}, "")


def _write_keys(text: str) -> None:
    keys.keys_file().parent.mkdir(parents=True)
    keys.keys_file().write_text(text)


# ---------------------------------------------------------------------------------------------- no room for a room


async def test_a_tiny_terminal_gets_a_word_and_never_a_crash(fake: FakeTown) -> None:
    async with open_room(fake, (19, 10)) as room:
        tiny = room.app.screen.query_one("#tiny")
        for size in ((19, 10), (40, 4), (1, 1), (20, 5), (30, 8)):
            await room.resize_terminal(*size)
            await room.pause()
            assert tiny.display is (size[0] < 20 or size[1] < 5)
            await room.press("question_mark", "escape", "s", "escape", "colon", "escape", "p", "p", "6", "3")
        await room.resize_terminal(100, 30)
        await room.pause()
        assert not tiny.display


async def test_reading_pages_scroll_and_close(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        app = app_of(room)
        app.home.select(WORKER)
        await room.press("w")
        await until(room, lambda: isinstance(app.screen, ReadingScreen))
        await room.press("j", "k", "G", "g", "q")
        assert isinstance(app.screen, HomeScreen)
