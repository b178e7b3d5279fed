"""Formulas written out in tests, and the two ways they are cooked there."""

from __future__ import annotations

from textwrap import dedent

from gastown_tui.core.model.formula import Formula, Proto
from gastown_tui.core.rules.formula_cooking import cook
from gastown_tui.core.rules.formula_reading import read_formula

SHINY = """
formula = "shiny"
description = "Design before code"

[[steps]]
id = "design"
description = "Think about architecture"

[[steps]]
id = "implement"
needs = ["design"]

[[steps]]
id = "test"
needs = ["implement"]

[[steps]]
id = "submit"
needs = ["test"]
"""
AUDIT = """
formula = "security-audit"
type = "aspect"

[[advice]]
target = "implement"
[[advice.around.before]]
id = "{step.id}-prescan"
title = "Scan before {step.title}"
[[advice.around.after]]
id = "{step.id}-postscan"

[[advice]]
target = "submit"
[advice.before]
id = "{step.id}-prescan"
"""


def read(text: str, name: str = "") -> Formula:
    """A formula from its text, the file being called after it."""
    text = dedent(text).strip() + "\n"
    found = name or text.split('formula = "', 1)[1].split('"', 1)[0]
    return read_formula(text, f"{found}.formula.toml")


def cooked(*texts: str, **values: str) -> Proto:
    """The first of some formulas, cooked with the others at hand."""
    found = [read(text) for text in texts]
    return cook(found[0].formula, {each.formula: each for each in found}, values=values)


def shape(proto: Proto) -> dict[str, tuple[str, ...]]:
    """What each step waits for, by step, in order."""
    return {step.id: step.needs for step in proto.steps}
