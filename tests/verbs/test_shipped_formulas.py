"""The formulas that come with the package: each is sound, cooks, pours, and names only commands that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gastown_tui.core import verbs
from gastown_tui.core.rules.formula_reading import read_formula
from tests.verbs.bd import Bd

PLACE = Path(__file__).parents[2] / "gastown_tui" / "formulas"
NAMES = sorted(file.name.removesuffix(".formula.toml") for file in PLACE.glob("*.formula.toml"))
GIVEN = {"beads-release": ("--var", "version=1.2.3")}
_COMMAND = re.compile(r"""(?:^|["`(\s])(gt|bd) ([a-z][a-z -]*)""", re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_formula_is_validated_cooked_and_poured(bd: Bd, name: str) -> None:
    formula = read_formula((PLACE / f"{name}.formula.toml").read_text(), f"{name}.formula.toml")
    answer = bd("formula", "validate", name)
    assert answer.out.startswith(f"✓ {name} is sound") and answer.err == ""
    assert formula.description.split()[0] in bd("formula", "show", name).out
    if formula.kind == "aspect":
        assert f"{name} is an aspect, made to be woven into other formulas" in bd.refuses("mol", "pour", name).err
        return
    cooked = bd.json("cook", name)
    assert bd("cook", name).out.startswith(f"✓ Cooked proto: {name} (as it was)")
    verb = ("mol", "wisp", "--full") if formula.phase == "vapor" else ("mol", "pour")
    poured = bd.json(*verb, name, *GIVEN.get(name, ()))
    assert poured["created"] == len(cooked["steps"]) + 1
    assert poured["phase"] == (formula.phase or "liquid")
    [root] = bd.json("show", poured["new_epic_id"])
    assert "{{" not in str(root)
    assert bd.json("mol", "ready", poured["new_epic_id"])["count"] == 1, "somebody can begin"


@pytest.mark.parametrize("name", NAMES)
def test_every_command_a_shipped_formula_speaks_of_exists(name: str) -> None:
    known = {spelling for verb in verbs.every() for spelling in (verb.name, *verb.aliases)}
    text = (PLACE / f"{name}.formula.toml").read_text()
    for program, words in _COMMAND.findall(text):
        spoken = words.split()
        spelled = spoken if program == "gt" else ["bd", *spoken]
        assert any(" ".join(spelled[:end]) in known for end in range(len(spelled), 0, -1)), f"{program} {words}"


def test_what_a_bead_says_is_filled_in_when_a_formula_is_poured_onto_it(bd: Bd) -> None:
    bead = bd.files("Add login", "--metadata", '{"run": "touch login"}')
    root = bd.json("mol", "pour", "mol-polecat-work", bead)["new_epic_id"]
    steps = {step["metadata"]["step"]: step for step in bd.json("mol", "show", root)["issues"][1:]}
    assert f"bd show {bead}" in steps["load-context"]["description"]
    assert steps["implement"]["metadata"]["run"].startswith("GT_VAR_work_command='touch login'\n")
    other = bd.json("mol", "pour", "shiny", bd.files("Paint"), "--var", "feature=the fence")["new_epic_id"]
    assert bd.json("show", f"{other}.1")[0]["title"] == "Design the fence"
