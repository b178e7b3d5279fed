"""Formulas to be read, and what pouring them would make."""

from __future__ import annotations

import pytest

from gastown_tui.core.model.formula import Formula, Proto, Var
from gastown_tui.core.rules.formula_cooking import cook
from gastown_tui.core.rules.formula_reading import read_formula
from gastown_tui.core.views.formula_pages import FormulaRow, asked_for, formula_page, preview, wrong_values

FILE = "release.formula.toml"
TEXT = """
formula = "release"
description = "Ship it."
version = 2

[vars.version]
description = "which one"
required = true
pattern = '^v[0-9]+$'

[vars.where]
enum = ["staging", "production"]
default = "staging"

[[steps]]
id = "build"
title = "Build {{version}}"
run = "make"

[[steps]]
id = "ask"
title = "Ask"
needs = ["build"]
[steps.gate]
type = "human"

[[steps]]
id = "rounds"
needs = ["ask"]
[steps.loop]
count = 2
[[steps.loop.body]]
id = "try"
title = "Try {{where}}"

[[steps]]
id = "tell"
title = "Tell"
condition = "{{where}} == production"
"""
ROW = FormulaRow(name="release", kind="workflow", source="project", file=FILE)


def a_formula(text: str = TEXT) -> Formula:
    return read_formula(text, FILE)


def a_proto() -> Proto:
    return cook("release", {"release": a_formula()})


def test_a_page_tells_variables_and_steps_as_they_are_written() -> None:
    page = formula_page(ROW, a_formula(), ("shiny",))
    assert (page.version, page.about, page.draws_in) == (2, "Ship it.", ("shiny",))
    version, where = page.variables
    assert (version.is_required, version.rule) == (True, "matches ^v[0-9]+$")
    assert (where.default, where.choices) == ("staging", ("staging", "production"))
    [(heading, parts)] = page.parts
    assert heading == "steps"
    assert [(part.depth, part.name, part.notes) for part in parts] == [
        (0, "build", ("runs by itself",)),
        (0, "ask", ("after build", "gate: human")),
        (0, "rounds", ("after ask", "loop: 2 times")),
        (1, "try", ()),
        (0, "tell", ("if {{where}} == production",)),
    ]


@pytest.mark.parametrize(
    ("text", "heading", "names"),
    [
        ('formula = "a"\ntype = "convoy"\n[[legs]]\nid = "one"\nfocus = "Look"\n', "legs", ["one"]),
        (
            'formula = "a"\ntype = "expansion"\n[[template]]\nid = "{target}.x"\ntitle = "X"\n',
            "template",
            ["{target}.x"],
        ),
        ('formula = "a"\ntype = "aspect"\n[[aspects]]\nid = "safe"\nfocus = "Safe"\n', "aspects", ["safe"]),
        (
            'formula = "a"\ntype = "aspect"\n[[advice]]\ntarget = "build"\n[advice.before]\nid = "check"\n',
            "advice",
            ["build", "check"],
        ),
    ],
)
def test_every_kind_of_formula_shows_its_parts(text: str, heading: str, names: list[str]) -> None:
    page = formula_page(ROW, a_formula(text))
    assert [(each, [part.name for part in parts]) for each, parts in page.parts] == [(heading, names)]


def test_a_formula_that_cannot_be_read_is_only_what_is_wrong_with_it() -> None:
    broken = FormulaRow(name="x", kind="?", source="town", problems=("x.formula.toml:3: no",))
    page = formula_page(broken, None)
    assert (page.row.state, page.parts, page.variables) == ("broken", (), ())


# ---------------------------------------------------------------------------------------------- values


def test_what_is_needed_is_asked_for_first() -> None:
    assert [line.name for line in asked_for(a_proto())] == ["version", "where"]


def test_the_legs_of_a_convoy_are_chosen_by_a_preset() -> None:
    proto = Proto(name="audit", presets=("fast", "whole"), vars={"depth": Var(required=True)})
    assert [(line.name, line.choices) for line in asked_for(proto)] == [("depth", ()), ("preset", ("fast", "whole"))]
    assert wrong_values(proto, {"depth": "1", "preset": "slow"}) == {"preset": "one of fast, whole"}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"version": "v1"}, {}),
        ({}, {"version": "needed"}),
        ({"version": "1"}, {"version": "it has to match ^v[0-9]+$"}),
        ({"version": "v1", "where": "moon"}, {"where": "one of staging, production"}),
        ({"version": "v1", "other": "x"}, {}),
    ],
)
def test_each_value_is_judged_by_itself(given: dict[str, str], wrong: dict[str, str]) -> None:
    assert wrong_values(a_proto(), given) == wrong


@pytest.mark.parametrize(
    ("given", "beads", "titles"),
    [
        ({"version": "v1"}, 6, ["Build v1", "Ask", "Try staging", "Try staging"]),
        ({"version": "v1", "where": "production"}, 7, ["Build v1", "Ask", *["Try production"] * 2, "Tell"]),
        ({}, 0, ["Build {{version}}", "Ask", "Try {{where}}", "Try {{where}}", "Tell"]),
    ],
    ids=["a step left out", "every step", "not yet"],
)
def test_a_preview_counts_the_beads_and_fills_in_what_is_known(
    given: dict[str, str], beads: int, titles: list[str]
) -> None:
    found = preview(a_proto(), given)
    assert (found.beads, bool(found.trouble)) == (beads, not beads)
    assert [part.title for part in found.parts] == titles
