"""Keys typed faster than the room can follow go where the keys before them led."""

from __future__ import annotations

from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from gastown_tui.app import GastownApp
from gastown_tui.screens.command_line import CommandLine
from gastown_tui.screens.verb_form import VerbForm
from tests.fakes import FakeTown, fake_town
from tests.rooms import open_room, until
from tests.towns import a_mail, a_town


def a_small_town() -> FakeTown:
    letters = [a_mail("msg-1", "overseer", "The plan", sender="mayor")]
    return fake_town(a_town(rigs={"api": "ap"}, agents=["api/polecats/slit"], beads=["ap-1"], mail=letters))


async def burst(room: Pilot[int], *keys: str) -> None:
    """All at once, as a terminal hands over what was typed while the room was busy."""
    for key in keys:
        room.app.post_message(events.Key(key, key if len(key) == 1 else None))
    await room.pause()


async def test_letters_behind_the_filters_key_are_the_filter() -> None:
    async with open_room(a_small_town()) as room:
        app = room.app
        assert isinstance(app, GastownApp)
        await burst(room, "slash", *"slit", "enter")
        await until(room, lambda: app.home.filters.get("agents") == "slit")
        assert app.screen is app.home


async def test_a_line_behind_the_colon_is_the_line() -> None:
    async with open_room(a_small_town()) as room:
        await burst(room, "colon", *"agents")
        await until(room, lambda: isinstance(room.app.screen, CommandLine))
        await until(room, lambda: room.app.screen.query_one("#line", Input).value == "agents")


async def test_words_behind_a_verbs_key_are_its_form() -> None:
    async with open_room(a_small_town()) as room:
        await burst(room, "s", *"ap-1")
        await until(room, lambda: isinstance(room.app.screen, VerbForm))
        await until(room, lambda: room.app.screen.query_one("#field-words", Input).value == "ap-1")


async def test_an_answer_typed_right_away_is_the_answer() -> None:
    fake = a_small_town()
    async with open_room(fake) as room:
        await room.press("3", "enter")
        await burst(room, "r", *"so be it", "enter")
        await until(room, lambda: any(mail.body == "so be it" for mail in fake.town.own.mail.values()))
