"""Formulas put together with their parents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from msgspec.structs import replace

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.model.formula import Compose, Formula, Step
from gastown_tui.core.model.ids import shown

_PARENT_DEPTH = 32

Formulas = Mapping[str, Formula]
"""Every formula that may be named by another, by name."""


def named(formulas: Formulas, name: str, by: str, *, kind: str = "") -> Formula:
    """A formula another one names.

    Args:
        formulas: All there are.
        name: Which.
        by: Where it is named, for messages.
        kind: The type it has to be of; empty: any.

    Raises:
        NotFound: there is none.
        BadInput: it is of another type than is needed there.
    """
    found = formulas.get(name)
    if found is None:
        raise NotFound(f"{by}: there is no formula {shown(name)}", hint="bd formula list shows what there is")
    if kind and found.kind != kind:
        raise BadInput(f"{by}: {name} is of type {found.kind}, {kind} is needed here")
    return found


def with_parents(formula: Formula, formulas: Formulas, path: tuple[str, ...] = ()) -> Formula:
    """A formula with everything its parents bring: a step of the same id replaces theirs in place, others follow.

    Raises:
        NotFound: a parent does not exist.
        BadInput: parents extend each other in a circle, or two of them have different steps of one id.
    """
    path = (*path, formula.formula)
    if formula.formula in path[:-1]:
        raise BadInput(f"{formula.place('extends')}: circular extends: {' -> '.join(path)}")
    if len(path) > _PARENT_DEPTH:
        raise BadInput(f"{formula.place('extends')}: extends more than {_PARENT_DEPTH} deep")
    if not formula.parents:
        return formula
    by = formula.place("extends")
    parents = [with_parents(named(formulas, each, by), formulas, path) for each in formula.parents]
    steps = {part: _merged(part, parents, formula) for part in ("steps", "template", "legs", "aspects")}
    variables: dict[str, Any] = {}
    inputs: dict[str, Any] = {}
    places: dict[str, str] = {}
    for each in (formula, *parents):
        variables = dict(each.vars) | variables
        inputs = dict(each.inputs) | inputs
        places = dict(each.places) | places
    first = parents[0]
    return replace(
        formula,
        extends=(),
        description=formula.description or first.description,
        type=formula.kind if formula.type or _has_body(formula) else first.kind,
        phase=formula.phase or first.phase,
        pour=formula.pour or first.pour,
        vars=variables,
        inputs=inputs,
        compose=_composed([*(each.compose for each in parents), formula.compose]),
        advice=(*chain.from_iterable(each.advice for each in parents), *formula.advice),
        pointcuts=(*chain.from_iterable(each.pointcuts for each in parents), *formula.pointcuts),
        prompts={**first.prompts, **formula.prompts},
        output={**first.output, **formula.output},
        synthesis=formula.synthesis or first.synthesis,
        presets={**first.presets, **formula.presets},
        places=places,
        **steps,
    )


def _has_body(formula: Formula) -> bool:
    return bool(formula.steps or formula.template or formula.legs or formula.aspects or formula.advice)


def _merged(part: str, parents: Sequence[Formula], child: Formula) -> tuple[Step, ...]:
    own: dict[str, Step] = {step.id: step for step in getattr(child, part)}
    used: set[str] = set()
    inherited: dict[str, Step] = {}
    for parent in parents:
        for step in getattr(parent, part):
            there = inherited.get(step.id)
            if there is not None and there != step and step.id not in own:
                raise BadInput(f"{step.origin}: step {shown(step.id)} clashes with the one at {there.origin}")
            inherited.setdefault(step.id, step)
    kept = tuple(_overridden(step, own, used) for step in inherited.values())
    return (*kept, *(step for name, step in own.items() if name not in used))


def _overridden(step: Step, own: Mapping[str, Step], used: set[str]) -> Step:
    if step.id in own:
        used.add(step.id)
        return own[step.id]
    loop = step.loop
    if loop is not None:
        loop = replace(loop, body=tuple(_overridden(each, own, used) for each in loop.body))
    return replace(step, children=tuple(_overridden(each, own, used) for each in step.children), loop=loop)


def _composed(parts: Sequence[Compose | None]) -> Compose | None:
    given = [each for each in parts if each is not None]
    if not given:
        return None
    points = {str(point.get("id")): point for each in given for point in each.bond_points}
    return Compose(
        aspects=tuple(dict.fromkeys(chain.from_iterable(each.aspects for each in given))),
        expand=tuple(chain.from_iterable(each.expand for each in given)),
        map=tuple(chain.from_iterable(each.map for each in given)),
        branch=tuple(chain.from_iterable(each.branch for each in given)),
        gate=tuple(chain.from_iterable(each.gate for each in given)),
        bond_points=tuple(points.values()),
        hooks=tuple(chain.from_iterable(each.hooks for each in given)),
    )
