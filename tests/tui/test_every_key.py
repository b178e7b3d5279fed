"""Every key of the room's table, pressed: what it is said to do is what happens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input

from gastown_tui import keys
from gastown_tui.app import GastownApp
from gastown_tui.core import events as e
from gastown_tui.keys import ROOM_KEYS, RoomKey
from gastown_tui.screens.command_line import CommandLine
from gastown_tui.screens.help import HelpScreen
from gastown_tui.screens.home import HomeScreen
from gastown_tui.screens.reading import ReadingScreen
from gastown_tui.screens.verb_form import VerbForm
from gastown_tui.widgets.lines import Row
from tests.fakes import FakeTown, fake_town
from tests.rooms import a_pane, open_room, until
from tests.towns import a_bead, a_convoy, a_hook, a_mail, a_town, an_agent

NUX, SLIT = "api/polecats/nux", "api/polecats/slit"

Check = Callable[[Pilot[int], FakeTown], Awaitable[None]]


@pytest.fixture(name="fake")
def working_town() -> FakeTown:
    """One worker who asks, one who idles, a letter, a convoy, two beads."""
    asking = an_agent(
        NUX, "asking", bead_id="ap-1", session="polecat-api-nux", question="Which way?", choices=("left", "right")
    )
    town = a_town(
        rigs={"api": "ap"},
        agents=[asking, an_agent(SLIT, session="polecat-api-slit", runtime="shell")],
        beads=[a_bead("ap-1", status="hooked", assignee=NUX), "ap-2", a_convoy("hq-cv-1", "ap-1", title="Auth")],
        hooks=[a_hook(NUX, "ap-1")],
        mail=[a_mail("msg-1", "overseer", "The plan", sender="mayor")],
    )
    fake = fake_town(town)
    a_pane(fake, NUX, "? Which way?", mode="dialog")
    a_pane(fake, SLIT, "ready")
    return fake


def app_of(room: Pilot[int]) -> GastownApp:
    assert isinstance(room.app, GastownApp)
    return room.app


def home_of(room: Pilot[int]) -> HomeScreen:
    return app_of(room).home


def told(room: Pilot[int]) -> str:
    return "\n".join(note.message for note in room.app._notifications)


async def look_at(room: Pilot[int], address: str) -> None:
    home_of(room).select(address)
    await room.pause()


async def _next(room: Pilot[int], fake: FakeTown) -> None:
    await room.press("full_stop")
    assert (home_of(room).focused_pane, home_of(room).selected) == ("needs", NUX)


async def _peek(room: Pilot[int], fake: FakeTown) -> None:
    await look_at(room, SLIT)
    await room.press("p")
    assert (home_of(room).focused_pane, home_of(room).has_class("-zoom-live")) == ("live", True)
    await room.press("p")
    assert (home_of(room).focused_pane, home_of(room).has_class("-zoomed")) == ("agents", False)


async def _attach(room: Pilot[int], fake: FakeTown) -> None:
    await look_at(room, SLIT)
    await room.press("a")
    await until(room, lambda: app_of(room).typing_into == SLIT)
    await room.press(*"hi")
    await until(room, lambda: fake.sessions.panes["polecat-api-slit"].draft == "hi")


async def _attach_full(room: Pilot[int], fake: FakeTown) -> None:
    handed: list[str] = []
    app_of(room).hand_over = lambda argv, session: handed.append(session)  # type: ignore[method-assign]
    await look_at(room, SLIT)
    await room.press("A")
    await until(room, lambda: handed == ["polecat-api-slit"])


async def _reply(room: Pilot[int], fake: FakeTown) -> None:
    await look_at(room, NUX)
    await room.press("r")
    await until(room, lambda: isinstance(room.app.screen, VerbForm))
    assert room.app.screen.verb.name == "answer"  # type: ignore[attr-defined]


async def _archive(room: Pilot[int], fake: FakeTown) -> None:
    await room.press("3", "e")
    await until(room, lambda: fake.ledger.facts(e.MailArchived))


async def _why(room: Pilot[int], fake: FakeTown) -> None:
    await look_at(room, NUX)
    await room.press("w")
    await until(room, lambda: isinstance(room.app.screen, ReadingScreen))


async def _snooze(room: Pilot[int], fake: FakeTown) -> None:
    await room.press("full_stop", "z")
    await until(room, lambda: fake.ledger.facts(e.Snoozed))


async def _filter(room: Pilot[int], fake: FakeTown) -> None:
    await room.press("slash", *"slit")
    assert [line.key for line in home_of(room).list_of("agents").rows if isinstance(line, Row)] == [SLIT]


async def _command(room: Pilot[int], fake: FakeTown) -> None:
    await room.press("colon")
    assert isinstance(room.app.screen, CommandLine)


async def _palette(room: Pilot[int], fake: FakeTown) -> None:
    await room.press("ctrl+p")
    await until(room, lambda: isinstance(room.app.screen, CommandPalette))
    await room.press(*"convoy create", "enter", "enter")
    await until(room, lambda: isinstance(room.app.screen, VerbForm))
    assert room.app.screen.verb.name == "convoy create"  # type: ignore[attr-defined]


async def _help(room: Pilot[int], fake: FakeTown) -> None:
    await room.press("question_mark")
    assert isinstance(room.app.screen, HelpScreen)
    await room.press("slash", *"snooze", "enter", "G", "enter")
    await until(room, lambda: isinstance(room.app.screen, VerbForm))
    assert room.app.screen.verb.name == "snooze"  # type: ignore[attr-defined]


async def _copy(room: Pilot[int], fake: FakeTown) -> None:
    await look_at(room, SLIT)
    await room.press("y")
    assert room.app.clipboard == SLIT


async def _zoom(room: Pilot[int], fake: FakeTown) -> None:
    for pane in ("2", "3", "4", "5", "6"):
        await room.press(pane, "plus")
        assert home_of(room).has_class(f"-zoom-{home_of(room).focused_pane}")
        await room.press("plus")
        assert not home_of(room).has_class("-zoomed")


async def _pane(room: Pilot[int], fake: FakeTown) -> None:
    digits = {str(nth): pane for nth, pane in enumerate(home_of(room).PANES, 1)}
    # Last who needs you: there, digits are answers.
    for digit, pane in sorted(digits.items(), reverse=True):
        await room.press(digit)
        assert home_of(room).focused_pane == pane


async def _tab(room: Pilot[int], fake: FakeTown) -> None:
    seen = [home_of(room).focused_pane]
    for _ in range(5):
        await room.press("tab")
        seen.append(home_of(room).focused_pane)
    assert sorted(seen) == sorted({"needs", "convoys", "mail", "feed", "agents", "live"})


async def _back_tab(room: Pilot[int], fake: FakeTown) -> None:
    await room.press("tab", "shift+tab")
    assert home_of(room).focused_pane == "agents"


async def _back(room: Pilot[int], fake: FakeTown) -> None:
    await room.press("slash", *"slit", "enter", "6", "plus", "escape")
    assert not home_of(room).has_class("-zoomed")
    await room.press("escape")
    assert home_of(room).focused_pane == "agents"
    assert home_of(room).filters["agents"] == "slit"
    await room.press("escape")
    assert home_of(room).filters["agents"] == ""


async def _theme(room: Pilot[int], fake: FakeTown) -> None:
    before = room.app.theme
    await room.press("ctrl+t")
    await until(room, lambda: isinstance(room.app.screen, CommandPalette))
    await room.press(*"gastown-light", "enter", "enter")
    await until(room, lambda: room.app.theme == "gastown-light")
    assert before != "gastown-light"


async def _quit(room: Pilot[int], fake: FakeTown) -> None:
    await room.press("q")
    assert room.app.return_value == 0


async def _graph(room: Pilot[int], fake: FakeTown) -> None:
    await look_at(room, NUX)
    await room.press("D")
    await until(room, lambda: room.app.screen is not home_of(room))


async def _home(room: Pilot[int], fake: FakeTown) -> None:
    await room.press("0")
    assert room.app.screen is home_of(room)


CHECKS: dict[str, Check] = {
    "room.next": _next,
    "room.peek": _peek,
    "room.attach": _attach,
    "room.attach_full": _attach_full,
    "room.reply": _reply,
    "room.archive": _archive,
    "room.graph": _graph,
    "room.why": _why,
    "room.snooze": _snooze,
    "room.filter": _filter,
    "room.command": _command,
    "room.palette": _palette,
    "room.help": _help,
    "room.copy": _copy,
    "room.zoom": _zoom,
    "room.pane": _pane,
    "room.tab": _tab,
    "room.back_tab": _back_tab,
    "room.back": _back,
    "room.theme": _theme,
    "room.quit": _quit,
    "place.home": _home,
}

PLACES = [each for each in ROOM_KEYS if each.action.startswith("place(") and each.id != "place.home"]


def test_no_key_of_the_table_goes_unpressed() -> None:
    assert {each.id for each in ROOM_KEYS} - {each.id for each in PLACES} == set(CHECKS)


@pytest.mark.parametrize("name", sorted(CHECKS))
async def test_a_key_does_what_it_is_said_to_do(name: str, fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await CHECKS[name](room, fake)
        assert "failed" not in told(room)


@pytest.mark.parametrize("key", PLACES, ids=lambda key: key.id)
async def test_a_place_opens_by_its_key_and_escape_leads_home(key: RoomKey, fake: FakeTown) -> None:
    async with open_room(fake) as room:
        app = app_of(room)
        await room.press(key.keys.split(",")[0])
        await room.pause()
        assert f"place('{app.place.NAME}')" == key.action
        assert app.screen is app.place
        await room.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await room.press("escape", "colon")
        assert isinstance(app.screen, CommandLine)
        await room.press("escape", "0")
        assert app.screen is app.home
        await room.press(key.keys.split(",")[0])
        await room.pause()
        await room.press(*["escape"] * 4)
        assert app.screen is app.home


@pytest.mark.parametrize("key", keys.verb_keys(), ids=lambda key: key.id)
async def test_a_verbs_key_opens_its_form(key: RoomKey, fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press(key.keys)
        await until(room, lambda: isinstance(room.app.screen, VerbForm))
        form = room.app.screen
        assert isinstance(form, VerbForm)
        assert f"verb.{form.verb.name}" == key.id
        assert isinstance(form.focused, Input) or form.focused is not None
        await room.press("escape")
        assert isinstance(room.app.screen, HomeScreen)
        assert fake.ledger.events == []


@pytest.mark.parametrize("key", [*ROOM_KEYS, *keys.verb_keys()], ids=lambda key: key.id)
async def test_no_key_troubles_an_empty_town(key: RoomKey) -> None:
    async with open_room(fake_town()) as room:
        for name in key.keys.split(","):
            await room.press(name)
            await room.pause()
        assert "failed" not in told(room)
