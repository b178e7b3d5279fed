"""Formulas as people write them, and protos: what cooking makes of them.

A formula is source text: steps that may extend others, repeat, expand and be advised by aspects. A proto is the frozen
outcome: a flat list of steps that only waits for its variables. Field names are the keys of the files.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
"""A formula's name: safe as the stem of a file."""
STEP_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,119}")
"""A step's id once every placeholder is filled in."""
PLACEHOLDER = re.compile(r"\{\{\.?([A-Za-z_][A-Za-z0-9_]*)\}\}")
"""A variable in a text, filled in when a molecule is poured."""
KINDS = ("workflow", "expansion", "aspect", "convoy")
PHASES = ("", "liquid", "vapor")
GATE_KINDS = ("human", "timer", "bead", "mail", "gh:run", "gh:pr", "condition")

Scalar = str | int | float | bool


class Var(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A variable of a formula."""

    description: str = ""
    default: Scalar | None = None
    required: bool = False
    required_unless: tuple[str, ...] = ()
    """Not required when one of these is given."""
    enum: tuple[Scalar, ...] = ()
    pattern: str = ""
    """A regular expression found somewhere in the value."""
    type: str = ""
    """`string`, `int` or `bool`; empty: anything."""
    origin: str = ""
    """File and line, put in by the reader."""


class Gate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a step waits for besides other steps."""

    type: str = "human"
    id: str = ""
    await_id: str = ""
    timeout: str = ""
    """Such as `30m`."""


class Loop(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A body done several times, one after the other. Exactly one of `count`, `range` and `until` is set."""

    count: int | str | None = None
    range: str = ""
    """`1..2^{disks}-1`: whole numbers, both ends included."""
    until: str = ""
    max: int | None = None
    var: str = ""
    """The name under which the body finds the number of the round."""
    body: tuple[Step, ...] = ()


class OnComplete(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What follows for each item a step puts out."""

    for_each: str = ""
    bond: str = ""
    vars: dict[str, str] = {}
    parallel: bool = False
    sequential: bool = False


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step as written."""

    id: str = ""
    title: str = ""
    description: str = ""
    notes: str = ""
    design: str = ""
    acceptance: str = ""
    focus: str = ""
    """Legs and analyses: what to look at."""
    type: str = ""
    priority: int | None = None
    labels: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}
    needs: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    waits_for: str = ""
    """`all-children`, `any-children` or `children-of(step)`."""
    assignee: str = ""
    condition: str = ""
    """`{{v}}`, `!{{v}}`, `{{v}} == x` or `{{v}} != x`; when it does not hold the step and what is in it is left out."""
    expand: str = ""
    expand_vars: dict[str, Scalar] = {}
    children: tuple[Step, ...] = ()
    gate: Gate | None = None
    loop: Loop | None = None
    on_complete: OnComplete | None = None
    run: str = ""
    """The command that does the step without a model."""
    ask: str = ""
    choices: tuple[str, ...] = ()
    wait_for_nudge: bool = False
    mail: dict[str, str] = {}
    origin: str = ""
    """File and line, put in by the reader."""


class Around(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Steps put on both sides of another."""

    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()


class Advice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Steps woven in wherever a target fits; without a target the formula's pointcuts say where."""

    target: str = ""
    before: Step | tuple[Step, ...] = ()
    after: Step | tuple[Step, ...] = ()
    around: Around | None = None
    origin: str = ""
    """File and line, put in by the reader."""


class Pointcut(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Steps meant by their id, type or label; all that are set must fit."""

    glob: str = ""
    type: str = ""
    label: str = ""


class Expand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step replaced by the steps of an expansion; every step that fits, where `select` is set."""

    target: str = ""
    select: str = ""
    with_: str = msgspec.field(name="with", default="")
    vars: dict[str, Scalar] = {}
    origin: str = ""
    """File and line, put in by the reader."""


class Branch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Steps that run side by side between two others."""

    from_: str = msgspec.field(name="from", default="")
    steps: tuple[str, ...] = ()
    join: str = ""
    origin: str = ""
    """File and line, put in by the reader."""


class GateRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step held back until something is true of the molecule."""

    before: str
    condition: str
    origin: str = ""
    """File and line, put in by the reader."""


class Compose(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is done to a formula's steps once they are there."""

    aspects: tuple[str, ...] = ()
    expand: tuple[Expand, ...] = ()
    map: tuple[Expand, ...] = ()
    branch: tuple[Branch, ...] = ()
    gate: tuple[GateRule, ...] = ()
    bond_points: tuple[dict[str, Any], ...] = ()
    hooks: tuple[dict[str, Any], ...] = ()


class Synthesis(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What brings the legs of a convoy together."""

    title: str = ""
    description: str = ""
    depends_on: tuple[str, ...] = ()
    """Empty: every leg."""


class Preset(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A choice among the legs of a convoy."""

    description: str = ""
    legs: tuple[str, ...] = ()


class Formula(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file."""

    formula: str
    description: str = ""
    version: int = 1
    type: str = ""
    extends: str | tuple[str, ...] = ()
    vars: dict[str, Var | Scalar] = {}
    steps: tuple[Step, ...] = ()
    template: tuple[Step, ...] = ()
    compose: Compose | None = None
    advice: tuple[Advice, ...] = ()
    pointcuts: tuple[Pointcut, ...] = ()
    aspects: tuple[Step, ...] = ()
    """Analyses that run side by side; an aspect of the other kind has `advice`."""
    legs: tuple[Step, ...] = ()
    inputs: dict[str, Var] = {}
    prompts: dict[str, str] = {}
    output: dict[str, str] = {}
    synthesis: Synthesis | None = None
    presets: dict[str, Preset] = {}
    phase: str = ""
    pour: bool = False
    """A wisp of it has every step as a bead too."""
    source: str = ""
    """The file's name, put in by the reader."""
    places: dict[str, str] = {}
    """File and line of `extends`, `compose.aspects` and the like, put in by the reader."""

    @property
    def parents(self) -> tuple[str, ...]:
        """The formulas it extends, in order."""
        return (self.extends,) if isinstance(self.extends, str) else self.extends

    def place(self, key: str) -> str:
        """Where one of its keys stands: file and line, as far as they are known."""
        return self.places.get(key, self.source)

    @property
    def kind(self) -> str:
        """Its type, or what its parts say it is."""
        if self.type:
            return self.type
        for kind, has in (("workflow", self.steps), ("convoy", self.legs), ("expansion", self.template)):
            if has:
                return kind
        return "aspect" if self.advice or self.aspects or self.pointcuts else "workflow"

    @property
    def variables(self) -> dict[str, Var]:
        """Its variables, a plain value being a default."""
        written = {name: each if isinstance(each, Var) else Var(default=each) for name, each in self.vars.items()}
        return self.inputs | written


# ---------------------------------------------------------------------------------------------- cooked


class Round(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which round of an open-ended loop a step belongs to."""

    loop: str
    number: int
    until: str
    """Rounds after one at whose end this holds are skipped."""


class ProtoStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step of a proto: flat, its dependencies resolved, its variables still open."""

    id: str
    title: str = ""
    description: str = ""
    notes: str = ""
    design: str = ""
    acceptance: str = ""
    type: str = "task"
    priority: int | None = None
    labels: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}
    """What workers read, too: `run`, `ask`, `choices`, `wait_for_nudge`, `mail`."""
    needs: tuple[str, ...] = ()
    needs_failed: tuple[str, ...] = ()
    """Steps that must have failed for this one to begin."""
    waits_for: str = ""
    """`all-children` or `any-children` of `spawner`."""
    spawner: str = ""
    assignee: str = ""
    conditions: tuple[str, ...] = ()
    gates: tuple[Gate, ...] = ()
    parent: str = ""
    rounds: tuple[Round, ...] = ()
    """Innermost last."""
    presets: tuple[str, ...] = ()
    """The presets it belongs to; empty: all."""
    origin: str = ""
    """Where it was written: `shiny.formula.toml:14`."""


class Proto(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A frozen template: what pouring makes molecules from."""

    name: str = msgspec.field(name="formula")
    description: str = ""
    version: int = 1
    type: str = "workflow"
    phase: str = ""
    pour: bool = False
    vars: dict[str, Var] = {}
    fixed: dict[str, str] = {}
    """Variables that loops already took up, and the values they had."""
    steps: tuple[ProtoStep, ...] = ()
    presets: tuple[str, ...] = ()
    bonded_from: tuple[dict[str, str], ...] = ()
    made_of: dict[str, str] = {}
    """The formulas it was cooked from and a digest of each file."""
