"""What the room does when the ground gives way: ledgers vanish, tmux goes, agents end under the cursor."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec import structs
from textual.pilot import Pilot

from gastown_tui.app import GastownApp
from gastown_tui.core.errors import ToolFailed
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.bd_create import create
from gastown_tui.screens.command_line import CommandLine
from gastown_tui.screens.first_run import FirstRunScreen
from gastown_tui.screens.home import HomeScreen
from gastown_tui.screens.verb_form import VerbForm
from gastown_tui.watch import Sources
from gastown_tui.widgets.lines import Row
from gastown_tui.widgets.row_list import RowList
from tests.fakes import FakeTown, fake_town
from tests.places import a_real_town, hands_at, surroundings
from tests.rooms import a_pane, open_room, until
from tests.towns import a_bead, a_convoy, a_hook, a_mail, a_town, an_agent
from tests.tui.stage import text_of

NUX, SLIT = "api/polecats/nux", "api/polecats/slit"
SIZES = ((80, 24), (120, 40), (200, 60), (100, 20), (40, 10), (160, 42))


def busy_town() -> FakeTown:
    agents = [
        an_agent(f"api/polecats/slot{nth}", session=f"polecat-api-slot{nth}", runtime="shell") for nth in range(6)
    ]
    town = a_town(
        rigs={"api": "ap"},
        agents=agents,
        beads=[a_bead("ap-1"), a_convoy("hq-cv-1", "ap-1", title="Auth")],
        hooks=[a_hook("api/polecats/slot2", "ap-1")],
        mail=[a_mail("msg-1", "overseer", "The plan", sender="mayor")],
    )
    fake = fake_town(town)
    for agent in agents:
        a_pane(fake, agent.address, "ready")
    return fake


def home_of(room: Pilot[int]) -> HomeScreen:
    assert isinstance(room.app, GastownApp)
    return room.app.home


def keys_of(rows: RowList) -> list[str]:
    return [line.key for line in rows.rows if isinstance(line, Row)]


def top_line(room: Pilot[int]) -> str:
    return text_of(home_of(room).status)[0]


class RealSources(Sources):
    """Everything from real files, seen by nobody in particular."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def hands(self, path: Path | None) -> Hands:
        return hands_at(path or self._home)

    def here(self) -> Path:
        return self._home


@asynccontextmanager
async def real_room(path: Path, size: tuple[int, int] = (160, 42)) -> AsyncIterator[Pilot[int]]:
    app = GastownApp(path, sources=RealSources(path))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.screen is not app.home or app.home.view is not None)
        yield pilot


# ---------------------------------------------------------------------------------------------- sizes


async def test_any_change_of_size_keeps_cursor_and_focus() -> None:
    async with open_room(busy_town()) as room:
        home = home_of(room)
        home.list_of("agents").move_to("api/polecats/slot4")
        for pane in ("5", "3", "2", "4", "6"):
            await room.press(pane)
            focused, cursor = home.focused, home.list_of("agents").cursor_key
            for size in SIZES:
                await room.resize_terminal(*size)
                await room.pause()
                assert (home.focused, home.list_of("agents").cursor_key) == (focused, cursor)
                assert home.selected == "api/polecats/slot4"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_whatever_has_the_focus_can_be_seen(size: tuple[int, int]) -> None:
    async with open_room(busy_town(), size) as room:
        home = home_of(room)
        for pane in ("2", "3", "4", "5", "6"):
            await room.press(pane)
            await room.pause()
            assert home.focused is not None
            assert home.focused.region.height > 0
            assert home.region.contains_region(home.focused.region)


# ---------------------------------------------------------------------------------------------- agents


async def test_an_agent_that_ends_under_the_cursor_takes_nobody_along() -> None:
    fake = busy_town()
    async with open_room(fake) as room:
        home = home_of(room)
        agents = home.list_of("agents")
        agents.move_to("api/polecats/slot3")
        registers = fake.town.own.registers
        del registers.agents[next(address for address in registers.agents if address == "api/polecats/slot3")]
        fake.sessions.stop("polecat-api-slot3")
        assert isinstance(room.app, GastownApp)
        room.app.watch_town._changed_outside()
        await until(room, lambda: "api/polecats/slot3" not in keys_of(agents))
        assert agents.cursor_key in keys_of(agents)
        await until(room, lambda: home.selected == agents.cursor_key)
        await room.press("j", "p", "p", "w", "escape")
        assert room.app.screen is home


async def test_a_session_that_ends_while_typed_into_gives_the_keys_back() -> None:
    fake = busy_town()
    async with open_room(fake) as room:
        home = home_of(room)
        home.select("api/polecats/slot1")
        await room.press("a")
        await until(room, lambda: home.live.typing)
        del fake.sessions.panes["polecat-api-slot1"]
        await room.press("x")
        await until(room, lambda: not home.live.typing)
        await room.press("question_mark")
        assert room.app.screen is not home


async def test_a_tmux_that_gives_no_answer_makes_states_unknown_and_not_dead() -> None:
    fake = busy_town()
    async with open_room(fake) as room:
        home = home_of(room)
        fake.sessions.mute = ToolFailed("tmux gave no answer within 2 s")
        await until(room, lambda: "~ tmux gave no answer" in top_line(room))
        assert "nobody needs you" not in top_line(room)
        assert {row.state for row in home.view.agents if row.session} == {"unknown"}  # type: ignore[union-attr]
        fake.sessions.mute = None
        await until(room, lambda: "tmux" not in top_line(room))


# ---------------------------------------------------------------------------------------------- ledgers


async def test_a_ledger_that_cannot_be_read_is_unknown_since_then_and_what_was_known_stays() -> None:
    fake = busy_town()
    async with open_room(fake) as room:
        home = home_of(room)
        read = fake.ledger.read

        def broken() -> object:
            raise ToolFailed("events.jsonl: permission denied")

        fake.ledger.read = broken  # type: ignore[method-assign,assignment]
        assert isinstance(room.app, GastownApp)
        room.app.watch_town._changed_outside()
        await until(room, lambda: "unknown since" in top_line(room))
        assert "permission denied" in top_line(room)
        assert len(keys_of(home.list_of("agents"))) >= 6
        since = top_line(room).partition("unknown since ")[2][:5]
        assert since.replace(":", "").isdigit()
        await room.press("j", "slash", *"slot", "enter", "escape")
        fake.ledger.read = read  # type: ignore[method-assign]
        await until(room, lambda: "unknown since" not in top_line(room))


async def test_a_town_that_vanishes_is_told_and_the_room_stays(tmp_path: Path) -> None:
    root = tmp_path / "town"
    a_real_town(root)
    async with real_room(root) as room:
        assert home_of(room).view is not None
        shutil.rmtree(root)
        await until(room, lambda: "unknown since" in top_line(room))
        await room.press("m", "escape", "colon", "escape", "q")
        assert room.app.return_value == 0


async def test_a_town_nobody_may_write_to_can_be_read(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    root = tmp_path / "town"
    a_real_town(root)
    subprocess.run(["chmod", "-R", "a-w", str(root)], check=True)
    try:
        async with real_room(root) as room:
            await room.press("m", *"mayor", "enter", *"hello", "enter", *"body", "ctrl+s")
            sheet = room.app.screen
            assert isinstance(sheet, VerbForm)
            await until(room, lambda: any(line.strip() for line in text_of(sheet.query_one("#complaint"))))
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(root)], check=True)


async def test_a_lone_ledger_opens_as_its_beads(tmp_path: Path) -> None:
    (tmp_path / "project" / ".beads").mkdir(parents=True)
    line = '{"id":"pr-1","title":"One thing","status":"open","priority":2,"issue_type":"task"}\n'
    (tmp_path / "project" / ".beads" / "issues.jsonl").write_text(line)
    async with real_room(tmp_path / "project") as room:
        assert isinstance(room.app, GastownApp)
        app = room.app
        await until(room, lambda: "One thing" in "\n".join(text_of(app.place.list_of("beads"))))
        create(hands_at(tmp_path / "project"), "Another thing", description="x")
        await until(room, lambda: "Another thing" in "\n".join(text_of(app.place.list_of("beads"))))


async def test_an_empty_town_names_the_commands_that_fill_it(tmp_path: Path) -> None:
    root = tmp_path / "town"
    a_real_town(root)
    async with real_room(root) as room:
        home = home_of(room)
        assert "convoy create" in text_of(home.list_of("convoys"))[0]
        assert "mail send" in text_of(home.list_of("mail"))[0]
        await room.press("2", "enter")
        await until(room, lambda: isinstance(room.app.screen, VerbForm))


async def test_no_ledger_at_all_leads_to_the_first_screen(tmp_path: Path) -> None:
    async with real_room(tmp_path) as room:
        await until(room, lambda: isinstance(room.app.screen, FirstRunScreen))
        await room.press("j", "enter")
        await room.press("ctrl+u", *str(tmp_path / "gt"), "enter")
        await until(room, lambda: isinstance(room.app.screen, HomeScreen) and home_of(room).view is not None)
        assert (tmp_path / "gt" / ".beads").is_dir()
        await room.press("colon")
        assert isinstance(room.app.screen, CommandLine)


# ---------------------------------------------------------------------------------------------- colours


async def test_a_theme_can_change_while_everything_is_on_the_screen() -> None:
    async with open_room(busy_town()) as room:
        for theme in ("gastown-light", "gastown-contrast", "nord", "ansi-dark", "gastown-dark"):
            room.app.theme = theme
            await room.pause()
            assert "slot3" in "\n".join(text_of(home_of(room).list_of("agents")))


def test_without_colours_nothing_is_lost() -> None:
    told = (
        "import asyncio\n"
        "from tests.tui.test_room_troubles import busy_town, home_of, text_of\n"
        "from tests.rooms import open_room\n"
        "async def main():\n"
        "    async with open_room(busy_town()) as room:\n"
        "        assert room.app.no_color\n"
        "        print('\\n'.join(text_of(home_of(room).list_of('agents'))))\n"
        "asyncio.run(main())\n"
    )
    env = surroundings(NO_COLOR="1", TEXTUAL_ANIMATIONS="none")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", told], env=env, cwd=root, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "○ slot3" in done.stdout
    assert "idle" in done.stdout


# ---------------------------------------------------------------------------------------------- filters and marks


@pytest.mark.parametrize(
    ("pane", "typed", "kept"),
    [
        ("5", "slot3", ["api/polecats/slot3"]),
        ("5", "!rig:api", ["mayor", "deacon"]),
        ("5", "state:idle slot1", ["api/polecats/slot1"]),
        ("3", "!plan", []),
        ("3", "sender:mayor", ["msg-1"]),
        ("2", "auth", ["hq-cv-1"]),
        ("2", "state:landed", []),
    ],
)
async def test_one_small_language_filters_every_list(pane: str, typed: str, kept: list[str]) -> None:
    async with open_room(busy_town()) as room:
        home = home_of(room)
        await room.press(pane)
        name = home.focused_pane
        await room.press("slash", *typed, "enter")
        await room.pause()
        found = keys_of(home.list_of(name))
        assert [key for key in found if "witness" not in key and "refinery" not in key] == kept
        assert home.focused_pane == name
        await room.press("escape")
        assert len(keys_of(home.list_of(name))) >= 1


async def test_several_agents_are_marked_and_spoken_to_at_once() -> None:
    fake = busy_town()
    registers = fake.town.own.registers
    for address, agent in list(registers.agents.items()):
        registers.agents[address] = structs.replace(agent)
    async with open_room(fake) as room:
        home = home_of(room)
        home.list_of("agents").move_to("api/polecats/slot0")
        await room.press("v", "j", "j", "v", "m")
        await until(room, lambda: isinstance(room.app.screen, VerbForm))
        assert room.app.screen.query_one("#field-to").value.split() == [  # type: ignore[attr-defined]
            f"api/polecats/slot{nth}" for nth in range(3)
        ]
