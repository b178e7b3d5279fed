"""A variable inside a command that is read anew is warned of; data handed to one is not."""

from __future__ import annotations

import pytest

from tests.verbs.bd import Bd


def validated(bd: Bd, name: str, run: str = "") -> str:
    if run:
        place = bd.home / ".beads" / "formulas"
        place.mkdir(parents=True, exist_ok=True)
        text = f"formula = \"{name}\"\n[vars.x]\ndefault = \"a\"\n[[steps]]\nid = \"one\"\nrun = '''{run}'''\n"
        (place / f"{name}.formula.toml").write_text(text)
    return bd("formula", "validate", name).err


@pytest.mark.parametrize(
    "run",
    [
        'sh -c "echo {{x}}"', "bash -e -c 'echo {{x}}'", "true && bash -lc 'echo {{x}}'", "sh -c {{x}}",
        "eval echo {{x}}", "python3 -c \"print('{{x}}')\"", "ls | xargs sh -c 'echo {{x}}'",
    ],
)  # fmt: skip
def test_a_variable_in_a_command_that_is_read_anew_is_warned_of(bd: Bd, run: str) -> None:
    assert "f.formula.toml:5: step 'one': run puts {{x}} into a command that is read anew" in validated(bd, "f", run)


@pytest.mark.parametrize(
    "run",
    ['sh -c \'echo "$1"\' sh "{{x}}"', "echo {{x}}", "sh script.sh {{x}}", "sh -c 'date'; echo {{x}}", 'sh -c "{{x}}"'],
)
def test_a_variable_handed_over_as_data_is_not(bd: Bd, run: str) -> None:
    assert "read anew" not in validated(bd, "f", run)


def test_no_formula_of_the_package_does_it(bd: Bd) -> None:
    rows = bd("formula", "list", "--json").value
    checked = [row["name"] for row in rows if row["source"] == "built-in"]
    assert len(checked) >= 10
    for name in checked:
        assert "read anew" not in validated(bd, name)
