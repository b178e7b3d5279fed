"""Formulas to be read: a line in a list, the page of one, and what pouring it would make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.formula import Advice, Formula, Gate, Loop, Proto, ProtoStep, Step, Var
from gastown_tui.core.model.text import one_line, plain
from gastown_tui.core.rules.formula_parts import spelled
from gastown_tui.core.rules.formula_vars import PRESET, check_value, known_filled, rendered, values_for

_ABOUT = 160


class FormulaRow(msgspec.Struct, frozen=True, kw_only=True):
    """One formula in a list."""

    name: str
    kind: str
    source: str
    """Where it comes from: `project town home built-in`."""
    steps: int = 0
    """How many it cooks to; 0 when it cannot be cooked by itself."""
    vars: int = 0
    about: str = ""
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    file: str = ""

    @property
    def state(self) -> str:
        """`sound` or `broken`."""
        return "broken" if self.problems else "sound"

    @property
    def key(self) -> str:
        """Its name."""
        return self.name


class VarLine(msgspec.Struct, frozen=True, kw_only=True):
    """One variable."""

    name: str
    about: str = ""
    default: str = ""
    is_required: bool = False
    choices: tuple[str, ...] = ()
    rule: str = ""
    """What a value has to be, in words."""


class PartLine(msgspec.Struct, frozen=True, kw_only=True):
    """One step as it is written, or a part of one."""

    depth: int
    name: str
    title: str = ""
    notes: tuple[str, ...] = ()
    """What else is said of it: `after design`, `gate: human`, `loop: 1..7`, `if {{deploy}}`, `runs`."""


class FormulaPage(msgspec.Struct, frozen=True, kw_only=True):
    """One formula in full."""

    row: FormulaRow
    version: int = 1
    about: str = ""
    draws_in: tuple[str, ...] = ()
    """The formulas it is made with."""
    variables: tuple[VarLine, ...] = ()
    parts: tuple[tuple[str, tuple[PartLine, ...]], ...] = ()
    """Its steps, legs, template, advice and aspects, each under what they are called."""


def formula_page(row: FormulaRow, formula: Formula | None, draws_in: Iterable[str] = ()) -> FormulaPage:
    """One formula in full; of one that cannot be read, what is wrong with it."""
    if formula is None:
        return FormulaPage(row=row)
    groups = (
        ("steps", formula.steps),
        ("legs", formula.legs),
        ("template", formula.template),
        ("aspects", formula.aspects),
    )
    parts = [(name, tuple(_parts(steps))) for name, steps in groups if steps]
    if formula.advice:
        parts.append(("advice", tuple(line for each in formula.advice for line in _advice(each))))
    if formula.synthesis is not None:
        parts.append(("brought together", (PartLine(depth=0, name="synthesis", title=formula.synthesis.title),)))
    return FormulaPage(
        row=row,
        version=formula.version,
        about=plain(formula.description).strip(),
        draws_in=tuple(draws_in),
        variables=tuple(var_line(name, var) for name, var in formula.variables.items()),
        parts=tuple(parts),
    )


def var_line(name: str, var: Var) -> VarLine:
    """One variable."""
    rules = [f"matches {var.pattern}"] if var.pattern else []
    rules += {"int": ["a whole number"], "integer": ["a whole number"], "bool": ["true or false"]}.get(var.type, [])
    rules += [f"not needed with {', '.join(var.required_unless)}"] if var.required_unless else []
    return VarLine(
        name=name,
        about=one_line(var.description),
        default="" if var.default is None else spelled(var.default),
        is_required=var.required,
        choices=tuple(spelled(each) for each in var.enum),
        rule=", ".join(rules),
    )


def _parts(steps: Sequence[Step], depth: int = 0) -> Iterator[PartLine]:
    for step in steps:
        title = one_line(step.title or step.focus or step.description, _ABOUT)
        yield PartLine(depth=depth, name=step.id, title=title, notes=tuple(_notes(step)))
        yield from _parts(step.children, depth + 1)
        if step.loop is not None:
            yield from _parts(step.loop.body, depth + 1)


def _notes(step: Step) -> Iterator[str]:
    if before := (*step.needs, *step.depends_on):
        yield f"after {', '.join(before)}"
    if step.waits_for:
        yield f"waits for {step.waits_for}"
    if step.gate is not None:
        yield f"gate: {_gate(step.gate)}"
    if step.loop is not None:
        yield f"loop: {_loop(step.loop)}"
    if step.condition:
        yield f"if {one_line(step.condition)}"
    if step.expand:
        yield f"expands to {step.expand}"
    if step.on_complete is not None:
        yield f"for each of what it puts out: {step.on_complete.bond}"
    if step.assignee:
        yield f"by {step.assignee}"
    if step.run:
        yield "runs by itself"
    if step.ask:
        yield "asks"


def _gate(gate: Gate) -> str:
    return " ".join(filter(None, (gate.type, gate.await_id or gate.id, gate.timeout)))


def _loop(loop: Loop) -> str:
    if loop.count is not None:
        return f"{loop.count} times"
    return loop.range or f"until {loop.until}"


def _advice(advice: Advice) -> Iterator[PartLine]:
    yield PartLine(depth=0, name=advice.target or "what its pointcuts mean")
    around = advice.around
    for word, steps in (
        ("before", (*_several(advice.before), *(around.before if around else ()))),
        ("after", (*_several(advice.after), *(around.after if around else ()))),
    ):
        for step in steps:
            yield PartLine(depth=1, name=step.id, title=one_line(step.title), notes=(word, *_notes(step)))


def _several(steps: Step | tuple[Step, ...]) -> tuple[Step, ...]:
    return (steps,) if isinstance(steps, Step) else steps


# ---------------------------------------------------------------------------------------------- what it would make


def asked_for(proto: Proto) -> tuple[VarLine, ...]:
    """What a form asks for: the variables in the order they are needed, and the choice among the legs of a convoy."""
    lines = [var_line(name, var) for name, var in proto.vars.items()]
    if proto.presets and PRESET not in proto.vars:
        lines.append(VarLine(name=PRESET, about="which legs; all of them when left out", choices=proto.presets))
    return tuple(sorted(lines, key=lambda line: not line.is_required))


def wrong_values(proto: Proto, given: Mapping[str, str]) -> dict[str, str]:
    """By variable, why its value will not do."""
    found: dict[str, str] = {}
    for name, value in given.items():
        try:
            if (var := proto.vars.get(name)) is not None:
                check_value(name, var, value, proto.name)
            elif name == PRESET and value not in proto.presets:
                found[name] = f"one of {', '.join(proto.presets)}"
        except BadInput as error:
            found[name] = error.hint or error.message
    for name, var in proto.vars.items():
        is_spared = any(each in given for each in var.required_unless)
        if var.required and var.default is None and name not in given and not is_spared:
            found[name] = "needed"
    return found


def made_of(steps: Sequence[ProtoStep]) -> tuple[PartLine, ...]:
    """The steps of a proto as they would be poured."""
    depth: dict[str, int] = {}
    lines = []
    for step in steps:
        depth[step.id] = depth.get(step.parent, -1) + 1
        lines.append(
            PartLine(
                depth=depth[step.id],
                name=step.id,
                title=one_line(step.title, _ABOUT),
                notes=tuple(_cooked_notes(step)),
            )
        )
    return tuple(lines)


def _cooked_notes(step: ProtoStep) -> Iterator[str]:
    if step.needs:
        yield f"after {', '.join(step.needs[:3])}{' …' if len(step.needs) > 3 else ''}"
    for gate in step.gates:
        yield f"gate: {_gate(gate)}"
    for condition in step.conditions:
        yield f"if {one_line(condition)}"
    if step.metadata.get("run"):
        yield "runs by itself"


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a formula would come to with the values given so far."""

    beads: int
    """How many beads pouring would make, the root and its gates too; 0 while it cannot be poured."""
    parts: tuple[PartLine, ...]
    trouble: str = ""
    """Why it cannot be poured like this."""


def preview(proto: Proto, given: Mapping[str, str]) -> Preview:
    """What a proto would come to; what no value was given for stays open."""
    try:
        steps = rendered(proto, values_for(proto, given))
    except BadInput as error:
        filled = tuple(msgspec.structs.replace(step, title=known_filled(step.title, given)) for step in proto.steps)
        return Preview(beads=0, parts=made_of(filled), trouble=error.message)
    return Preview(beads=1 + len(steps) + sum(len(step.gates) for step in steps), parts=made_of(steps))
