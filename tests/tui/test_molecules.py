"""Molecules as they run, on the screen: found, followed, acted on, and ended only when somebody says yes."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from gastown_tui.app import GastownApp
from gastown_tui.core import events as e
from gastown_tui.core.events import Entry
from gastown_tui.core.model.ids import BeadId
from gastown_tui.screens.ask import AskScreen
from gastown_tui.screens.graph import GraphPlace
from gastown_tui.screens.molecules import MoleculePlace
from gastown_tui.screens.verb_form import VerbForm
from gastown_tui.widgets.row_list import RowList
from tests.fakes import FakeTown, fake_town
from tests.rooms import a_pane, open_room, until
from tests.towns import a_bead, a_hook, a_town, an_agent
from tests.tui.stage import text_of

WORKER, ROOT, OTHER = "api/polecats/nux", "ap-mol-1", "ap-mol-2"


@pytest.fixture(name="fake")
def town_at_work() -> FakeTown:
    meta = {"step": "build", "run": "make all"}
    beads = [
        a_bead(ROOT, "shiny: Sign in", kind="molecule", source_formula="shiny"),
        a_bead(f"{ROOT}.1", "Design it", parent=ROOT, status="closed"),
        a_bead(f"{ROOT}.2", "Build it", parent=ROOT, needs=[f"{ROOT}.1"], status="in_progress", metadata=meta),
        a_bead(f"{ROOT}.3", "Test it", parent=ROOT, needs=[f"{ROOT}.2"]),
        a_bead(OTHER, "release: 1.0", kind="molecule", source_formula="release"),
        a_bead(f"{OTHER}.gate", "Gate", kind="gate", await_type="human"),
        a_bead(f"{OTHER}.1", "Publish", parent=OTHER, needs=[f"{OTHER}.gate"]),
    ]
    agents = [an_agent(WORKER, "working", session="polecat-api-nux", bead_id=ROOT)]
    fake = fake_town(a_town(rigs={"api": "ap"}, agents=agents, beads=beads, hooks=[a_hook(WORKER, ROOT)]))
    a_pane(fake, WORKER, "building …")
    return fake


def place_of(room: Pilot[int]) -> MoleculePlace:
    assert isinstance(room.app.screen, MoleculePlace)
    return room.app.screen


def shown(room: Pilot[int], pane: str) -> str:
    return "\n".join(text_of(place_of(room).list_of(pane)))


async def look(room: Pilot[int], molecule: str = ROOT) -> MoleculePlace:
    await room.press("M")
    await until(room, lambda: isinstance(room.app.screen, MoleculePlace) and place_of(room).answer)
    place_of(room).list_of("molecules").move_to(molecule)
    await until(room, lambda: place_of(room).row and place_of(room).answer.shown == molecule)  # type: ignore[union-attr]
    await until(room, lambda: place_of(room).step.startswith(molecule))
    return place_of(room)


async def test_every_molecule_is_listed_with_its_steps_beside_it(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await look(room)
        assert "1/3" in shown(room, "molecules") and "at a gate" in shown(room, "molecules")
        steps = shown(room, "steps")
        assert "✓ done" in steps and "◐ running" in steps and "· waits" in steps and "for build" in steps
        assert place.step == f"{ROOT}.2"
        await until(room, lambda: "make all" in place._written.text)


async def test_the_molecule_of_the_selected_agent_is_the_one_shown(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        app = room.app
        assert isinstance(app, GastownApp)
        app.home.select(WORKER)
        app.home.go_to("agents")
        await room.press("M")
        await until(room, lambda: isinstance(app.screen, MoleculePlace) and place_of(room).molecule == ROOT)
        await room.press("M")
        assert app.screen is app.home


async def test_steps_move_on_the_screen_as_they_move_in_the_ledger(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room)
        done = Entry(e.BeadClosed(bead_id=BeadId(f"{ROOT}.2"), reason="done"), "api")
        fake.ledger.record(lambda _town: (done,), actor=WORKER, ledgers=("", "api"))
        await until(room, lambda: "2/3" in shown(room, "molecules") and "○ ready" in shown(room, "steps"))
        await until(room, lambda: place_of(room).step == f"{ROOT}.3")


async def test_a_step_somebody_looks_at_stays_under_the_cursor(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room)
        await room.press("enter")
        done = Entry(e.BeadClosed(bead_id=BeadId(f"{ROOT}.2"), reason="done"), "api")
        fake.ledger.record(lambda _town: (done,), actor=WORKER, ledgers=("", "api"))
        await until(room, lambda: "2/3" in shown(room, "molecules"))
        assert place_of(room).step == f"{ROOT}.2"


async def test_enter_leads_from_the_molecule_to_its_steps_and_to_the_bead(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await look(room)
        await room.press("enter")
        assert place.focused_pane == "steps"
        await room.press("escape")
        assert place.focused_pane == "molecules"
        await room.press("enter", "D")
        await until(room, lambda: isinstance(room.app.screen, GraphPlace) and room.app.screen.canvas.cursor_key)
        assert room.app.screen.canvas.cursor_key == f"{ROOT}.2"  # type: ignore[attr-defined]
        await room.press("escape")
        assert room.app.screen is place


async def test_a_step_is_closed_and_the_next_begun_through_the_form(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room)
        await room.press("enter", "c")
        await until(room, lambda: isinstance(room.app.screen, VerbForm))
        assert room.app.screen.query_one("#field-ids", Input).value == f"{ROOT}.2"
        await room.press("ctrl+s")
        await until(room, lambda: fake.ledger.read().bead(f"{ROOT}.3").state == "in_progress")
        assert fake.ledger.read().bead(f"{ROOT}.2").is_closed


async def test_a_gate_is_opened_from_the_molecule_that_stands_at_it(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room, OTHER)
        await room.press("o")
        await until(room, lambda: isinstance(room.app.screen, VerbForm))
        await room.press("ctrl+s")
        await until(room, lambda: fake.ledger.read().bead(f"{OTHER}.gate").is_closed)
        await until(
            room, lambda: isinstance(room.app.screen, MoleculePlace) and "at a gate" not in shown(room, "molecules")
        )


async def test_burning_shows_what_is_lost_and_needs_a_yes(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room, OTHER)
        await room.press("X")
        await until(room, lambda: isinstance(room.app.screen, AskScreen))
        told = str(room.app.screen.query_one("#rehearsed").render())
        assert "3 beads are deleted for good" in told and "Publish" in told
        await room.press("n")
        await until(room, lambda: isinstance(room.app.screen, MoleculePlace))
        assert fake.ledger.read().find(OTHER) is not None


async def test_what_hangs_on_a_hook_is_not_burned(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room)
        await room.press("X")
        await until(room, lambda: any(WORKER in note.message for note in room.app._notifications))
        assert isinstance(room.app.screen, MoleculePlace)


async def test_burning_with_a_yes_takes_it_away(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room, OTHER)
        await room.press("X")
        await until(room, lambda: isinstance(room.app.screen, AskScreen))
        await room.press("Y")
        await until(room, lambda: fake.ledger.read().find(OTHER) is None)
        await until(
            room, lambda: isinstance(room.app.screen, MoleculePlace) and "release" not in shown(room, "molecules")
        )


async def test_squashing_asks_too(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room)
        await room.press("S")
        await until(room, lambda: isinstance(room.app.screen, AskScreen))
        assert "3 steps become one digest" in str(room.app.screen.query_one("#rehearsed").render())


async def test_the_agent_at_work_is_peeked_at_from_its_molecule(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await look(room)
        assert place.agent_meant() == WORKER
        await room.press("p")
        app = room.app
        assert isinstance(app, GastownApp)
        await until(room, lambda: app.screen is app.home and app.home.selected == WORKER)


async def test_a_bond_and_a_sling_start_from_the_molecule(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room, OTHER)
        await room.press("B")
        await until(room, lambda: isinstance(room.app.screen, VerbForm))
        assert room.app.screen.query_one("#field-first", Input).value == OTHER
        await room.press("escape", "s")
        await until(room, lambda: isinstance(room.app.screen, VerbForm))
        assert room.app.screen.query_one("#field-words", Input).value == OTHER


async def test_lists_are_narrowed_by_words_and_fields(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room)
        await room.press("slash", *"state:gate", "enter")
        assert "release" in shown(room, "molecules")
        await room.press("slash", *[*(["backspace"] * 10), *"state:moving", "enter"])
        await until(room, lambda: "1.0" not in shown(room, "molecules"))


async def test_an_empty_ledger_offers_the_verb_that_fills_it() -> None:
    async with open_room(fake_town(a_town(is_town=False, beads=["hq-1"]))) as room:
        await room.press("M")
        await until(room, lambda: isinstance(room.app.screen, MoleculePlace) and place_of(room).answer)
        assert "mol pour" in shown(room, "molecules")
        await room.press("enter")
        await until(room, lambda: isinstance(room.app.screen, VerbForm))


async def test_thousands_of_steps_cost_no_more_lines_than_the_window_has() -> None:
    steps = [
        a_bead(f"hq-mol-1.{n}", parent="hq-mol-1", needs=[f"hq-mol-1.{n - 1}"] if n > 1 else []) for n in range(1, 3001)
    ]
    town = a_town(is_town=False, beads=[a_bead("hq-mol-1", "hanoi", kind="molecule"), *steps])
    async with open_room(fake_town(town), (80, 24)) as room:
        place = await look(room, "hq-mol-1")
        rows = place.list_of("steps")
        assert isinstance(rows, RowList) and len(rows.rows) == 3000
        await room.press("enter", "G")
        await until(room, lambda: place.step == "hq-mol-1.3000")
        assert "hq-mol-1.3000" in place._step.header.title or await _told(room, place, "hq-mol-1.3000")


async def _told(room: Pilot[int], place: MoleculePlace, step: str) -> bool:
    await until(room, lambda: place._step.header.title == step)
    return True


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (30, 8)])
async def test_it_stands_in_any_window(fake: FakeTown, size: tuple[int, int]) -> None:
    async with open_room(fake, size) as room:
        await look(room)
        await room.press("tab", "tab", "plus", "plus", "escape")
        assert room.app.screen
