"""Formulas on the screen: read, found broken, cooked, and poured through a form of their own variables."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from gastown_tui.core.verbs.cookbook import BUILT_IN
from gastown_tui.screens.formula_form import FormulaForm
from gastown_tui.screens.formulas import FormulaPlace
from gastown_tui.screens.molecules import MoleculePlace
from gastown_tui.screens.verb_form import VerbForm
from gastown_tui.widgets.written import Written
from tests.fakes import FakeTown, fake_town
from tests.rooms import open_room, until
from tests.towns import a_bead, a_town
from tests.tui.stage import text_of

HOTFIX = """
formula = "hotfix"
description = "Mend it."

[vars.what]
required = true
description = "what hurts"

[vars.severity]
enum = ["low", "high"]
default = "high"

[vars.release]
pattern = '^v[0-9]+$'
default = "v1"

[[steps]]
id = "mend"
title = "Mend {{what}} ({{severity}}) in {{release}}"

[[steps]]
id = "tell"
title = "Tell"
needs = ["mend"]
"""
BROKEN = '\nformula = "broken"\n[[steps]]\nid = "a"\ntitle = "A"\nneeds = ["nothing"]\n'


@pytest.fixture(name="fake")
def town_with_formulas() -> FakeTown:
    fake = fake_town(a_town(rigs={"api": "ap"}, beads=[a_bead("hq-1", "The login"), "ap-1"]))
    place = fake.ledger.home / ".beads" / "formulas"
    fake.files.texts[place / "hotfix.formula.toml"] = HOTFIX
    fake.files.texts[place / "broken.formula.toml"] = BROKEN
    fake.files.texts[place / "torn.formula.toml"] = "formula = "
    fake.files.texts[place / "endless.formula.toml"] = "#" * 5_000_000
    fake.files.texts[BUILT_IN / "shiny.formula.toml"] = (BUILT_IN / "shiny.formula.toml").read_text()
    return fake


def place_of(room: Pilot[int]) -> FormulaPlace:
    assert isinstance(room.app.screen, FormulaPlace)
    return room.app.screen


def page(room: Pilot[int]) -> str:
    return room.app.screen.query_one(Written).text


async def look(room: Pilot[int], formula: str = "hotfix") -> FormulaPlace:
    await room.press("F")
    await until(room, lambda: isinstance(room.app.screen, FormulaPlace) and place_of(room).shelf)
    place_of(room).list_of("formulas").move_to(formula)
    await until(room, lambda: page(room).startswith(formula))
    return place_of(room)


async def ask(room: Pilot[int], key: str = "p") -> FormulaForm:
    await room.press(key)
    await until(room, lambda: isinstance(room.app.screen, FormulaForm))
    form = room.app.screen
    assert isinstance(form, FormulaForm)
    return form


async def test_every_formula_is_listed_under_where_it_comes_from(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await look(room)
        shown = "\n".join(text_of(place.list_of("formulas")))
        assert "hotfix" in shown and "2 steps" in shown and "built-in" in shown and "shiny" in shown
        assert shown.count("✗") == 3 and "broken" in shown
        assert "required" in page(room) and "one of low, high" in page(room) and "after mend" in page(room)


@pytest.mark.parametrize(
    ("name", "told"), [("broken", "nothing"), ("torn", "torn.formula.toml"), ("endless", "longer")]
)
async def test_a_broken_formula_says_what_is_wrong_and_where(fake: FakeTown, name: str, told: str) -> None:
    async with open_room(fake) as room:
        await look(room, name)
        await until(room, lambda: "✗" in page(room))
        assert told in page(room)
        await room.press("p")
        await until(room, lambda: room.app._notifications)
        assert isinstance(room.app.screen, FormulaPlace)


async def test_a_formula_written_meanwhile_appears(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        place = await look(room)
        fake.files.texts[fake.ledger.home / ".beads" / "formulas" / "fresh.formula.toml"] = HOTFIX
        place.read_again()
        await until(room, lambda: "fresh" in "\n".join(text_of(place.list_of("formulas"))))


async def test_a_form_has_a_field_for_every_variable_and_marks_what_is_needed(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room)
        form = await ask(room)
        assert [row.label for row in form._rows] == ["what *", "severity", "release", "as", "onto", "sling to"]
        await room.press("ctrl+s")
        assert isinstance(room.app.screen, FormulaForm)
        assert "is missing" in str(form._rows[0]._wrong.render())


async def test_values_are_checked_while_they_are_typed(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room)
        form = await ask(room)
        release = form.query_one("#field-var_release", Input)
        form.set_focus(release)
        await room.press("7")
        await until(room, lambda: form._rows[2].has_class("-wrong"))
        await room.press("backspace", "v", "7")
        await until(room, lambda: not form._rows[2].has_class("-wrong"))


async def test_choices_are_offered_and_the_beads_shown_before_they_are_made(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room)
        form = await ask(room)
        await room.press(*"login")
        await until(room, lambda: "makes 3 beads" in page(room) and "Mend login (high) in v1" in page(room))
        form.set_focus(form.query_one("#field-var_severity", Input))
        await until(room, lambda: "low" in "\n".join(text_of(form._offers)))
        await room.press("l", "o", "w")
        await until(room, lambda: "Mend login (low) in v1" in page(room))
        await until(room, lambda: "3 issues" in str(form.query_one("#rehearsed").render()))
        assert form._line == "gt bd mol pour hotfix --var what=login --var severity=low"
        assert not [bead for bead in fake.ledger.read().beads() if bead.kind == "molecule"]


async def test_pouring_makes_the_molecule_and_goes_there(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room)
        await ask(room)
        await room.press(*"login", "ctrl+s")
        await until(room, lambda: isinstance(room.app.screen, MoleculePlace) and room.app.screen.row)
        [root] = [bead for bead in fake.ledger.read().beads() if bead.kind == "molecule"]
        assert root.id == room.app.screen.molecule  # type: ignore[attr-defined]
        assert not root.ephemeral


async def test_a_wisp_is_poured_when_that_is_asked(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room)
        form = await ask(room)
        await room.press(*"login")
        form.set_focus(form.query_one("#field-phase", Input))
        await room.press(*"wisp")
        await until(room, lambda: "bd wisp hotfix" in form._line)
        await room.press("ctrl+s")
        await until(room, lambda: [b for b in fake.ledger.read().beads() if b.kind == "molecule" and b.ephemeral])


async def test_a_wisp_that_cannot_be_slung_there_is_not_made(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room)
        form = await ask(room)
        for field, value in (("var_what", "login"), ("phase", "wisp"), ("to", "api")):
            form.query_one(f"#field-{field}", Input).value = value
        await until(room, lambda: "would be refused" in str(form.query_one("#rehearsed").render()))
        await room.press("ctrl+s")
        phase = next(row for row in form._rows if row.field.name == "phase")
        await until(room, lambda: "stays with the town" in str(phase._wrong.render()))
        assert not [bead for bead in fake.ledger.read().beads() if bead.kind == "molecule"]


async def test_it_is_poured_onto_a_bead_and_slung_in_one_go(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room)
        form = await ask(room, "s")
        assert form.focused is form.query_one("#field-to")
        for field, value in (("to", "api"), ("on", "ap-1"), ("var_what", "login")):
            form.query_one(f"#field-{field}", Input).value = value
        await until(room, lambda: "sling hotfix" in form._line and "--on ap-1" in form._line)
        await room.press("ctrl+s")
        await until(room, lambda: fake.ledger.read().holder("ap-1"))
        assert fake.ledger.read().bead("ap-1").setting("attached_formula") == "hotfix"


async def test_cooking_freezes_the_proto_and_makes_no_bead(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room)
        form = await ask(room, "c")
        assert [row.label for row in form._rows] == ["what *", "severity", "release"]
        await room.press(*"login", "ctrl+s")
        await until(room, lambda: any("protos" in str(file) for file in fake.files.texts))
        assert not [bead for bead in fake.ledger.read().beads() if bead.kind == "molecule"]


async def test_forms_of_other_verbs_offer_formulas(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await look(room)
        app = room.app
        await app.action_verb("bd mol pour")  # type: ignore[attr-defined]
        await until(room, lambda: isinstance(app.screen, VerbForm))
        assert app.screen.query_one("#field-proto", Input).value == "hotfix"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (30, 8)])
async def test_it_stands_in_any_window(fake: FakeTown, size: tuple[int, int]) -> None:
    async with open_room(fake, size) as room:
        await look(room)
        form = await ask(room)
        await room.press(*"x")
        assert form.query_one("#sheet-keys").region.bottom <= size[1] or size[1] < 24
        await room.press("escape", "tab", "plus", "plus", "escape")
