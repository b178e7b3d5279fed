"""Where formulas are found: the project before the town, the town before the home directory, the package last."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gastown_tui.core.errors import NotFound
from gastown_tui.core.verbs.bd_formula import cook, list_
from gastown_tui.core.verbs.cookbook import Cookbook
from gastown_tui.core.verbs.rigs import rig_add
from tests.places import a_real_town, a_repository, hands_at
from tests.verbs.bd import Bd


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    hands = a_real_town(tmp_path / "gt")
    rig_add(hands, "api", str(a_repository(tmp_path / "project", {"README.md": "x"})), prefix="ap", gate="true")
    return tmp_path


def put(place: Path, name: str, about: str, suffix: str = "toml") -> None:
    place.mkdir(parents=True, exist_ok=True)
    text = f'formula = "{name}"\ndescription = "{about}"\n[[steps]]\nid = "a"\n'
    if suffix == "json":
        text = f'{{"formula": "{name}", "description": "{about}", "steps": [{{"id": "a"}}]}}'
    (place / f"{name}.formula.{suffix}").write_text(text)


def found(folder: Path, name: str = "shiny") -> tuple[str, str]:
    """What somebody in a rig finds under a name: where, and what it is."""
    page = Cookbook(hands_at(folder / "gt" / "api", HOME=str(folder / "home"))).find(name)
    return page.tier, page.read().description


def test_the_nearest_formula_of_a_name_counts(folder: Path) -> None:
    assert found(folder)[0] == "built-in"
    put(folder / "home" / ".beads" / "formulas", "shiny", "at home")
    assert found(folder) == ("home", "at home")
    put(folder / "gt" / ".beads" / "formulas", "shiny", "of the town")
    assert found(folder) == ("town", "of the town")
    put(folder / "gt" / "api" / "mayor" / "rig" / ".beads" / "formulas", "shiny", "of the repository")
    assert found(folder) == ("project", "of the repository")
    put(folder / "gt" / "api" / ".beads" / "formulas", "shiny", "of the rig")
    assert found(folder) == ("project", "of the rig")
    in_town = Cookbook(hands_at(folder / "gt", HOME=str(folder / "home"))).find("shiny")
    assert (in_town.tier, in_town.read().description) == ("town", "of the town")


def test_toml_comes_before_json_and_a_molecules_prefix_may_be_left_out(folder: Path) -> None:
    place = folder / "gt" / ".beads" / "formulas"
    put(place, "mol-tidy", "in json", "json")
    assert found(folder, "tidy") == ("town", "in json")
    put(place, "mol-tidy", "in toml")
    assert found(folder, "tidy") == found(folder, "mol-tidy") == ("town", "in toml")
    put(place, "tidy", "by its whole name", "json")
    assert found(folder, "tidy") == ("town", "by its whole name")


def test_a_parent_is_looked_for_like_any_other_formula(folder: Path) -> None:
    put(folder / "gt" / ".beads" / "formulas", "shiny", "of the town")
    (folder / "gt" / "api" / ".beads" / "formulas").mkdir()
    child = folder / "gt" / "api" / ".beads" / "formulas" / "child.formula.toml"
    child.write_text('formula = "child"\nextends = ["shiny", "verified"]\n[[steps]]\nid = "implement"\n')
    cooked = cook(hands_at(folder / "gt" / "api"), "child")
    assert [step.id for step in cooked.proto.steps][:3] == ["a", "criteria", "implement"]
    assert set(cooked.proto.made_of) == {"child.formula.toml", "shiny.formula.toml", "verified.formula.toml"}
    assert (folder / "gt" / "api" / ".beads" / "protos" / "child.json").exists()


def test_another_place_to_search_replaces_all_others(folder: Path) -> None:
    put(folder / "elsewhere", "mine", "mine alone")
    hands = hands_at(folder / "gt")
    rows = list_(hands, search=(folder / "elsewhere",)).data()
    assert [row["name"] for row in rows] == ["mine"]
    with pytest.raises(NotFound, match="there is no formula 'shiny'"):
        Cookbook(hands, search=(folder / "elsewhere",)).find("shiny")


@pytest.mark.parametrize(
    "name", ["formulas/f.formula.toml", "config.yaml", "metadata.json", "issues.jsonl", "events.jsonl"]
)
def test_a_pipe_where_a_file_is_looked_for_is_told_and_not_waited_for(bd: Bd, name: str) -> None:
    place = bd.home / ".beads" / name
    place.parent.mkdir(exist_ok=True)
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    assert bd.tries("formula", "list").code in {0, 1, 2}
    assert bd.tries("formula", "validate", "f").code != 0
    assert bd.tries("list").code in {0, 1, 2}
