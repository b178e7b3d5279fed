"""Variables as given to verbs: nobody's is a mistake, and commands keep the part that was chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verbs.bd import Bd

TEXT = """
formula = "f"
[vars.comp]
default = "ab"
[[steps]]
id = "one"
title = "Do {{comp}}{{if loud}} loudly{{end}}"
condition = "{{wanted}} != no"
run = 'echo {{#if loud}}LOUD{{else}}quiet{{/if}} {{if loud}}{{if comp}}{{comp}}{{end}}{{end}}'
"""


@pytest.fixture
def formula(bd: Bd) -> Path:
    place = bd.home / ".beads" / "formulas"
    place.mkdir(parents=True, exist_ok=True)
    (place / "f.formula.toml").write_text(TEXT)
    return place


@pytest.mark.parametrize("words", [("mol", "pour"), ("mol", "wisp"), ("cook",), ("mol", "seed")])
def test_a_variable_nobody_knows_is_refused_with_those_there_are(bd: Bd, formula: Path, words: tuple[str, ...]) -> None:
    answer = bd.tries(*words, "f", "--var", "comp=ab", "--var", "bogus=1")
    assert answer.code == 2
    assert "f has no variable 'bogus'" in answer.err
    assert "comp, loud, wanted" in answer.err
    assert bd("list", "--all", "--json").value == []


def test_a_variable_that_only_chooses_or_only_names_the_molecule_is_known(bd: Bd, formula: Path) -> None:
    bd("mol", "pour", "f", "--var", "loud=1", "--var", "wanted=yes", "--var", "title=Mine")
    assert any(bead["title"] == "Mine" for bead in bd("list", "--all", "--json").value)


@pytest.mark.parametrize(("loud", "ran"), [("1", "echo LOUD ${GT_VAR_comp}"), ("no", "echo quiet ")])
def test_a_command_keeps_the_part_that_was_chosen(bd: Bd, formula: Path, loud: str, ran: str) -> None:
    bd("mol", "pour", "f", "--var", f"loud={loud}")
    (run,) = [
        bead["metadata"]["run"] for bead in bd("list", "--all", "--json").value if bead.get("metadata", {}).get("run")
    ]
    assert run.splitlines()[-1] == ran
