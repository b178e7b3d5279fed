"""Regular expressions people write end soon, or are refused."""

from __future__ import annotations

import re

import pytest

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.formula import Var
from gastown_tui.core.rules.expressions import LONGEST, reach
from gastown_tui.core.rules.formula_reading import problems, read_formula
from gastown_tui.core.rules.formula_vars import check_value
from gastown_tui.core.rules.queries import Filter, chosen
from tests.core.test_queries import NOW

ENDLESS = (
    r"^(a+)+$", r"(a|aa)*b", r"(a*)*b", r"(\w+\s?)*$", r"(-[a-z]?[a-z]?)*$", r"(a?){30}a{30}", r"(a{1,50}){1,50}$",
    r"(.*a){20}", r"(?i)(a|Ab?|b)+(x+x+)+y", r"^(?=(a+)+$)", r"(?:é+é*)+x", "a*a*a*a*b", "a?" * 30 + "a" * 30,
)  # fmt: skip
SOUND = (
    r"^[a-z]+(-[a-z]+)*$", r"^\d+\.\d+\.\d+$", r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$", r"^(foo|far|bar)*$",
    r"^[^@\s]+@[^@\s]+\.[^@\s]+$", r"^\s*\w+\s*=\s*\w+\s*$", r"^[0-9a-f]{8}-[0-9a-f]{4}$", r"([0-9]{12})*", ".",
    r"^https?://\S+$", r"^/?([^/]+/)*[^/]+$", r"^(?!x)[a-z]+$", r"(\w+) \1", r"^[a-z]{1,63}(,[a-z]{1,63})*$",
)  # fmt: skip


@pytest.mark.parametrize("pattern", ENDLESS)
def test_an_expression_that_may_never_end_is_refused(pattern: str) -> None:
    with pytest.raises(BadInput, match="may never end"):
        reach(pattern)


@pytest.mark.parametrize("pattern", SOUND)
def test_an_expression_people_use_every_day_is_taken(pattern: str) -> None:
    longest = reach(pattern).longest
    assert longest in LONGEST
    for letter in "a0-/ ,@":
        re.search(pattern, letter * (longest - 1) + "!")


def test_one_that_is_too_intricate_to_judge_is_refused_and_not_guessed_about() -> None:
    with pytest.raises(BadInput, match="too intricate"):
        reach("[a-z]x" * 150)


def test_a_formula_with_an_endless_pattern_is_told_by_file_and_line() -> None:
    text = 'formula = "f"\n\n[vars.x]\npattern = "^(a+)+$"\n\n[[steps]]\nid = "one"\n'
    found = problems(read_formula(text, "f.formula.toml"))
    assert [each for each in found if each.startswith("f.formula.toml:3: variable 'x': the pattern repeats")]


def test_a_frozen_proto_with_an_endless_pattern_does_not_try_it() -> None:
    with pytest.raises(BadInput, match=r"f\.toml:3: x: the pattern repeats what can be read in several ways"):
        check_value("x", Var(pattern="^(a+)+$", origin="f.toml:3"), "a" * 40 + "b", "f")


def test_a_value_too_long_for_its_pattern_is_refused_before_it_is_tried() -> None:
    with pytest.raises(BadInput, match="it has 201 characters") as caught:
        check_value("x", Var(pattern="a*a*a*b"), "a" * 201, "f")
    assert "at most 200" in caught.value.hint
    with pytest.raises(BadInput, match="cannot be"):
        check_value("x", Var(pattern="a*a*a*b"), "a" * 200, "f")


def test_a_list_by_an_endless_label_expression_is_refused() -> None:
    with pytest.raises(BadInput, match=r"--label-regex .* may never end"):
        chosen([], Filter(label_regex="^(a+)+$"), NOW)
