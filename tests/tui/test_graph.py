"""The dependency graph: walked along its lines, drawn around another bead, asked why, and left again."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from gastown_tui.app import GastownApp
from gastown_tui.core import events as e
from gastown_tui.core.events import Entry
from gastown_tui.core.model.ids import BeadId
from gastown_tui.screens.beads import BeadsScreen
from gastown_tui.screens.graph import GraphPlace
from gastown_tui.screens.verb_form import VerbForm
from gastown_tui.widgets.graph_canvas import GraphCanvas
from tests.fakes import FakeTown, fake_town
from tests.rooms import open_room, until
from tests.towns import a_bead, a_convoy, a_hook, a_town
from tests.tui.stage import text_of, turn_wheel

WORKER = "api/polecats/nux"


@pytest.fixture(name="fake")
def town_of_needs() -> FakeTown:
    beads = [
        a_bead("ap-1", "Design", status="closed"),
        a_bead("ap-2", "Build", needs=["ap-1"]),
        a_bead("ap-3", "Test", needs=["ap-2"]),
        a_bead("ap-4", "Ship", needs=["ap-3", "ap-5"]),
        a_bead("ap-5", "Announce", status="hooked", assignee=WORKER),
        a_convoy("hq-cv", "ap-4", title="Release"),
    ]
    hooks = [a_hook(WORKER, "ap-5")]
    return fake_town(a_town(rigs={"api": "ap"}, agents=[WORKER], beads=beads, hooks=hooks))


def graph_of(room: Pilot[int]) -> GraphPlace:
    assert isinstance(room.app.screen, GraphPlace)
    return room.app.screen


async def draw(room: Pilot[int], bead_id: str) -> GraphPlace:
    app = room.app
    assert isinstance(app, GastownApp)
    app.draw_graph(bead_id)
    await until(room, lambda: isinstance(app.screen, GraphPlace) and app.screen.canvas.cursor_key == bead_id)
    return graph_of(room)


async def test_the_selected_bead_is_drawn_with_what_it_needs_and_holds_back(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        graph = await draw(room, "ap-3")
        shown = "\n".join(text_of(graph.canvas))
        assert "ap-2 ready" in shown and "ap-3 waiting" in shown and "ap-4 waiting" in shown
        assert "━" in shown and "▶" in shown
        assert "ap-1" not in shown
        await room.press("plus")
        await until(room, lambda: "ap-1 closed" in "\n".join(text_of(graph.canvas)))
        await room.press("minus")
        await until(room, lambda: "ap-1" not in "\n".join(text_of(graph.canvas)))


async def test_the_key_draws_the_work_of_the_selected_agent(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        app = room.app
        assert isinstance(app, GastownApp)
        app.home.select(WORKER)
        await room.press("D")
        await until(room, lambda: isinstance(app.screen, GraphPlace) and app.screen.canvas.cursor_key == "ap-5")
        assert graph_of(room).agent_meant() == WORKER
        await room.press("escape")
        assert app.screen is app.home


async def test_a_convoy_is_drawn_with_what_it_tracks(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("2", "D")
        await until(room, lambda: isinstance(room.app.screen, GraphPlace) and graph_of(room).canvas.cursor_key)
        assert graph_of(room).wish.centre == "hq-cv"
        assert "ap-4" in "\n".join(text_of(graph_of(room).canvas))


async def test_without_a_selection_there_is_a_word_and_no_graph() -> None:
    async with open_room(fake_town(a_town())) as room:
        await room.press("D")
        assert not isinstance(room.app.screen, GraphPlace)
        assert any("no bead is selected" in note.message for note in room.app._notifications)


async def test_the_cursor_walks_along_lines_and_enter_draws_around_it(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        graph = await draw(room, "ap-4")
        await room.press("h")
        assert graph.canvas.cursor_key in {"ap-3", "ap-5"}
        await room.press("k", "k")
        first = graph.canvas.cursor_key
        await room.press("j")
        assert {first, graph.canvas.cursor_key} == {"ap-3", "ap-5"}
        graph.canvas.move_to("ap-3")
        await room.press("enter")
        await until(room, lambda: graph.canvas.picture and graph.canvas.picture.view.wish.centre == "ap-3")
        await room.press("escape")
        await until(room, lambda: graph.canvas.picture and graph.canvas.picture.view.wish.centre == "ap-4")
        await room.press("escape")
        assert not isinstance(room.app.screen, GraphPlace)


async def test_enter_on_the_middle_shows_the_bead(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await draw(room, "ap-4")
        await room.press("enter")
        await until(room, lambda: isinstance(room.app.screen, BeadsScreen) and room.app.screen.focused_pane == "bead")
        await room.press("escape")
        await until(room, lambda: isinstance(room.app.screen, GraphPlace))


async def test_why_draws_all_that_holds_the_bead_back(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        graph = await draw(room, "ap-4")
        assert "longest way (2): ap-2 → ap-3 → ap-4" in graph._about.text
        await room.press("c")
        await until(room, lambda: graph.canvas.picture and graph.canvas.picture.view.wish.only_why)
        shown = "\n".join(text_of(graph.canvas))
        assert "»" in shown and "ap-2" in shown and "hq-cv" not in shown
        await room.press("escape")
        await until(room, lambda: graph.canvas.picture and not graph.canvas.picture.view.wish.only_why)


async def test_the_drawing_follows_the_ledger(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        graph = await draw(room, "ap-3")
        closed = Entry(e.BeadClosed(bead_id=BeadId("ap-2"), reason="done"), "api")
        fake.ledger.record(lambda _town: (closed,), actor="overseer", ledgers=("", "api"))
        await until(room, lambda: "ap-3 ready" in "\n".join(text_of(graph.canvas)))
        assert graph.canvas.cursor_key == "ap-3"


async def test_the_mouse_selects_opens_and_scrolls(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        graph = await draw(room, "ap-4")
        picture = graph.canvas.picture
        assert picture is not None
        box = picture.drawing.boxes["ap-3"]
        at = (box.x + 3 - graph.canvas.scroll_offset.x, box.y + graph.canvas._top)
        await room.click(GraphCanvas, offset=at)
        assert graph.canvas.cursor_key == "ap-3"
        await room.click(GraphCanvas, offset=at, times=2)
        await until(room, lambda: graph.wish.centre == "ap-3")
        await turn_wheel(room, 1, at=(40, 10))  # type: ignore[arg-type]


async def test_forms_know_the_bead_under_the_cursor(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await draw(room, "ap-2")
        await room.press("s")
        await until(room, lambda: isinstance(room.app.screen, VerbForm))
        assert room.app.screen.query_one("#field-words").value == "ap-2"  # type: ignore[attr-defined]


async def test_many_neighbours_are_drawn_when_they_are_asked_for() -> None:
    many = [a_bead(f"hq-{number}") for number in range(60)]
    town = a_town(is_town=False, beads=[*many, a_bead("hq-star", needs=[bead.id for bead in many])])
    async with open_room(fake_town(town), (80, 24)) as room:
        graph = await draw(room, "hq-star")
        assert "… and 48 more" in "\n".join(text_of(graph.canvas))
        graph.canvas.move_to("more:hq-star:left")
        await room.press("enter")
        await until(room, lambda: graph.canvas.picture and len(graph.canvas.picture.view.nodes) == 61)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (30, 8)])
async def test_a_circle_is_drawn_in_any_window(size: tuple[int, int]) -> None:
    beads = [a_bead(f"hq-{n}", needs=[f"hq-{(n + 1) % 5}"]) for n in range(5)]
    async with open_room(fake_town(a_town(is_town=False, beads=beads)), size) as room:
        graph = await draw(room, "hq-0")
        await room.press("plus", "plus")
        await until(room, lambda: graph.canvas.picture and graph.canvas.picture.view.circles)
        assert "↻" in "\n".join(text_of(graph.canvas))
