"""Validating a formula says everything that is wrong with it, of whatever kind."""

from __future__ import annotations

from tests.verbs.bd import Bd

TEXT = """
formula = "f"
[vars.x]
pattern = "(a+)+"
[[steps]]
id = "one"
priority = 9
needs = ["nowhere"]
[[steps]]
id = "two"
needs = ["three", "elsewhere"]
[[steps]]
id = "three"
needs = ["two"]
"""


def test_mistakes_of_every_kind_are_told_at_once(bd: Bd) -> None:
    place = bd.home / ".beads" / "formulas"
    place.mkdir(parents=True)
    (place / "f.formula.toml").write_text(TEXT)
    answer = bd.tries("formula", "validate", "f")
    assert answer.code == 2
    for told in (
        "f.formula.toml:3: variable 'x': the pattern repeats", "f.formula.toml:6: step 'one': priority must be",
        "step 'one' needs 'nowhere'", "step 'two' needs 'elsewhere'", "steps wait for one another",
    ):  # fmt: skip
        assert told in answer.out + answer.err
    assert "f has 5 problem(s)" in answer.out + answer.err
