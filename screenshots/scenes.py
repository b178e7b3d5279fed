"""Scenes of the room, from fixed data under a clock that stands still: what screenshots and snapshot tests show."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC
from pathlib import Path

import msgspec
from textual.pilot import Pilot

from gastown_tui.app import GastownApp
from gastown_tui.core.errors import NotFound
from gastown_tui.core.ports import Hands
from gastown_tui.screens.bead_form import BeadForm
from gastown_tui.screens.beads import BeadsScreen
from gastown_tui.widgets.bead_board import BeadBoard
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.written import Written
from screenshots.backlog import READ, a_town_with_a_backlog
from screenshots.places import HOME, a_fresh_town, a_lone_ledger, a_working_town
from screenshots.workflows import EPIC, a_town_with_workflows
from tests.fakes import FakeTown, fake_town
from tests.rooms import FakeSources, until

Room = Pilot[int]
WIDE = 100
"""From so many columns on a bead is read beside the list."""


class Scene(msgspec.Struct, frozen=True):
    """One picture."""

    name: str
    size: tuple[int, int]
    act: Callable[[Room], Awaitable[None]]
    fake: Callable[[], FakeTown]

    @property
    def file(self) -> str:
        """What it is called on disk, without the ending."""
        return f"{self.name}-{self.size[0]}x{self.size[1]}"


class _Nowhere(FakeSources):
    """Where there is no town at all."""

    def hands(self, path: Path | None) -> Hands:
        raise NotFound("there is no town and no .beads in ~/projects or above it", hint="gt install makes one")


# ---------------------------------------------------------------------------------------------- acts


def _app(room: Room) -> GastownApp:
    assert isinstance(room.app, GastownApp)
    return room.app


def _rows(room: Room, selector: str) -> int:
    """How many lines a list on the top screen has."""
    found = room.app.screen.query(selector).results(RowList)
    return sum(len(each.rows) for each in found)


async def _home(room: Room) -> None:
    await room.press("full_stop")


async def _typing(room: Room) -> None:
    await room.press("full_stop", "a")
    await until(room, lambda: _app(room).live.typing)


async def _sling(room: Room) -> None:
    await room.press("s", *"ap-9")
    await until(room, lambda: _rows(room, "#offers"))
    await room.press("down")


async def _letter(room: Room) -> None:
    await room.press("3", "enter")
    await until(room, lambda: room.app.screen.query("Page"))


async def _help(room: Room) -> None:
    await room.press("question_mark")
    await until(room, lambda: _rows(room, "#help"))


async def _beads(room: Room) -> None:
    await room.press("b")
    await until(room, lambda: _rows(room, "#beads RowList"))
    place = _app(room).place
    assert isinstance(place, BeadsScreen)
    await until(room, lambda: place.list_of("beads").move_to(READ) and place.focused_key == READ)
    if room.app.size.width >= WIDE:
        await until(room, lambda: place.detail and place.detail.bead.id == READ and place.detail.history is not None)


async def _bead(room: Room) -> None:
    await _beads(room)
    await room.press("enter")
    await _alone(room)


async def _alone(room: Room) -> None:
    await until(room, lambda: isinstance(_app(room).place, BeadsScreen))
    place = _app(room).place
    assert isinstance(place, BeadsScreen)
    await until(room, lambda: place.detail and place.detail.history is not None)


async def _board(room: Room) -> None:
    await _beads(room)
    await room.press("b")
    await until(room, lambda: room.app.screen.query_one(BeadBoard).cursor_key == READ)


async def _edit(room: Room) -> None:
    await _beads(room)
    await room.press("e")
    await until(room, lambda: isinstance(room.app.screen, BeadForm))
    await room.press("tab", "tab")
    await until(room, lambda: _rows(room, "#offers"))


async def _graph(room: Room) -> None:
    app = _app(room)
    app.draw_graph(f"{EPIC}.4")
    app.action_graph_depth(1)
    await until(room, lambda: app.screen.query("GraphCanvas") and app.screen.query_one("GraphCanvas").cursor_key)


async def _molecules(room: Room) -> None:
    await room.press("M")
    await until(room, lambda: _rows(room, "#steps RowList"))
    await room.press("j", "enter")
    await until(room, lambda: "pytest" in room.app.screen.query_one(Written).text)


async def _formulas(room: Room) -> None:
    await room.press("F")
    await until(room, lambda: _rows(room, "#formulas RowList"))
    await until(room, lambda: room.app.screen.query_one(Written).text)


async def _pour(room: Room) -> None:
    await _formulas(room)
    await room.press("p", *"the login", "enter", *"1.2")
    await until(room, lambda: "'1.2'" in room.app.screen.query_one(Written).text)


async def _nothing(room: Room) -> None:
    await room.pause()


SCENES: tuple[Scene, ...] = (
    Scene("home", (80, 24), _home, a_working_town),
    Scene("home", (120, 40), _home, a_working_town),
    Scene("home", (160, 42), _home, a_working_town),
    Scene("home", (200, 60), _home, a_working_town),
    Scene("typing", (160, 42), _typing, a_working_town),
    Scene("sling", (120, 40), _sling, a_working_town),
    Scene("letter", (120, 40), _letter, a_working_town),
    Scene("help", (120, 40), _help, a_working_town),
    Scene("beads", (80, 24), _beads, a_town_with_a_backlog),
    Scene("beads", (120, 40), _beads, a_town_with_a_backlog),
    Scene("beads", (200, 60), _beads, a_town_with_a_backlog),
    Scene("beads-board", (80, 24), _board, a_town_with_a_backlog),
    Scene("beads-board", (120, 40), _board, a_town_with_a_backlog),
    Scene("beads-board", (200, 60), _board, a_town_with_a_backlog),
    Scene("beads-edit", (80, 24), _edit, a_town_with_a_backlog),
    Scene("beads-edit", (120, 40), _edit, a_town_with_a_backlog),
    Scene("beads-edit", (200, 60), _edit, a_town_with_a_backlog),
    Scene("bead", (80, 24), _bead, a_town_with_a_backlog),
    Scene("graph", (80, 24), _graph, a_town_with_workflows),
    Scene("graph", (120, 40), _graph, a_town_with_workflows),
    Scene("graph", (200, 60), _graph, a_town_with_workflows),
    Scene("formulas", (80, 24), _formulas, a_town_with_workflows),
    Scene("formulas", (120, 40), _formulas, a_town_with_workflows),
    Scene("formulas", (200, 60), _formulas, a_town_with_workflows),
    Scene("pour", (80, 24), _pour, a_town_with_workflows),
    Scene("pour", (120, 40), _pour, a_town_with_workflows),
    Scene("pour", (200, 60), _pour, a_town_with_workflows),
    Scene("molecules", (80, 24), _molecules, a_town_with_workflows),
    Scene("molecules", (120, 40), _molecules, a_town_with_workflows),
    Scene("molecules", (200, 60), _molecules, a_town_with_workflows),
    Scene("fresh", (120, 40), _nothing, a_fresh_town),
    Scene("lone-ledger", (120, 30), _alone, a_lone_ledger),
    Scene("first-run", (100, 30), _nothing, lambda: fake_town()),
)


def app_of(scene: Scene) -> GastownApp:
    """The room of a scene, not running yet."""
    fake = scene.fake()
    sources = _Nowhere(fake) if scene.name == "first-run" else FakeSources(fake)
    return GastownApp(HOME, sources=sources, zone=UTC)


async def set_scene(room: Room, scene: Scene) -> None:
    """Bring the room to where the picture is taken."""
    app = _app(room)
    if scene.name == "first-run":
        await until(room, lambda: app.screen.query("#choices"))
    else:
        await until(room, lambda: app.home.view is not None and app.home.view.status.ready is not None)
    await scene.act(room)
    await room.pause()
    app.clear_notifications()
    await room.pause()
