"""From nested steps to a flat list: loops unrolled, expansions filled in, needs kept pointing at what stands there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

from msgspec import to_builtins
from msgspec.structs import replace

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.formula import Formula, ProtoStep, Round, Step
from gastown_tui.core.model.ids import shown
from gastown_tui.core.rules.formula_parents import Formulas, named, with_parents
from gastown_tui.core.rules.formula_reading import titled
from gastown_tui.core.rules.formula_texts import check_condition, fill_struct, span

T = TypeVar("T")

STEP_LIMIT = 10_000
EXPANSION_DEPTH = 5

# ---------------------------------------------------------------------------------------------- flattening


class Flattening:
    """One walk from nested steps to a flat list.

    Attributes:
        used: Variables that ranges and counts took up, with the values they had.
        variables: Those that expansions brought along.
        ends: The last steps of what stands in the place of loops and expanded steps.
    """

    def __init__(self, formulas: Formulas, values: Mapping[str, str]) -> None:
        self.formulas = formulas
        self.values = values
        self.used: dict[str, str] = {}
        self.variables: dict[str, Any] = {}
        self.ends: dict[str, tuple[str, ...]] = {}
        self._count = 0

    def flat(
        self, steps: Sequence[Step], *, parent: str = "", rounds: tuple[Round, ...] = (), path: tuple[str, ...] = ()
    ) -> list[ProtoStep]:
        """Steps in the order they are written, loops unrolled and expansions filled in.

        Needs on a step that was unrolled or expanded become needs on its last steps.

        Raises:
            BadInput: a loop or an expansion is wrong or runs away.
            NotFound: an expansion does not exist.
        """
        found: list[ProtoStep] = []
        ends: dict[str, tuple[str, ...]] = {}
        for step in steps:
            pieces = self._pieces(step, parent, rounds, path)
            if step.loop is not None or step.expand:
                ends[step.id] = sinks(pieces)
            found += pieces
        self.ends |= ends
        return repointed(found, ends) if ends else found

    def _pieces(self, step: Step, parent: str, rounds: tuple[Round, ...], path: tuple[str, ...]) -> list[ProtoStep]:
        if step.loop is not None:
            return self._unrolled(step, parent, rounds, path)
        plain = self._one(step, parent, rounds)
        if step.expand:
            return self.expanded(plain, step.expand, step.expand_vars, path)
        return [plain, *self.flat(step.children, parent=step.id, rounds=rounds, path=path)]

    def _one(self, step: Step, parent: str, rounds: tuple[Round, ...]) -> ProtoStep:
        self._count += 1
        if self._count > STEP_LIMIT:
            raise BadInput(
                f"{step.origin}: step {shown(step.id)} is one of more than {STEP_LIMIT} steps",
                hint="a loop or an expansion runs away",
            )
        if step.condition:
            _located(step, lambda: check_condition(step.condition))
        return cooked(step, parent, rounds)

    # ------------------------------------------------------------------------------------------ loops

    def _unrolled(self, step: Step, parent: str, rounds: tuple[Round, ...], path: tuple[str, ...]) -> list[ProtoStep]:
        loop = step.loop
        assert loop is not None
        outer = self._one(step, parent, rounds)
        found: list[ProtoStep] = []
        before: tuple[str, ...] = outer.needs
        for number, value in enumerate(self._values(step), 1):
            names = {"iteration": str(number)} | ({loop.var: str(value)} if loop.var else {})
            filled = tuple(fill_struct(each, names) for each in loop.body)
            body = tuple(_in_round(each, step.id, number, filled) for each in filled)
            mark = (*rounds, Round(loop=step.id, number=number, until=loop.until)) if loop.until else rounds
            turn = self.flat(body, parent=parent, rounds=mark, path=path)
            turn = [_guarded(each, outer) for each in after_all(turn, before)]
            before = sinks(turn)
            found += turn
        return found

    def _values(self, step: Step) -> range:
        loop = step.loop
        assert loop is not None
        if loop.range:
            found, names = _located(step, lambda: span(loop.range, self.values))
            self.used |= {name: self.values[name] for name in names}
        elif loop.until:
            found = range(1, (loop.max or 1) + 1)
        else:
            found, names = _located(step, lambda: _times(str(loop.count), self.values))
            self.used |= {name: self.values[name] for name in names}
        if len(found) > STEP_LIMIT:
            raise BadInput(f"{step.origin}: the loop {shown(step.id)} makes more than {STEP_LIMIT} steps")
        return found

    # ------------------------------------------------------------------------------------------ expansions

    def expanded(
        self, target: ProtoStep, name: str, given: Mapping[str, Any], path: tuple[str, ...] = ()
    ) -> list[ProtoStep]:
        """The steps of an expansion in the place of one step.

        Raises:
            BadInput: it is no expansion, lacks a value, or expands more than five deep.
            NotFound: there is none.
        """
        path = (*path, name)
        if len(path) > EXPANSION_DEPTH:
            raise BadInput(
                f"{target.origin}: step {shown(target.id)} expands more than {EXPANSION_DEPTH} deep: "
                f"{' -> '.join(path)}"
            )
        by = f"{target.origin}: step {shown(target.id)}"
        formula = with_parents(named(self.formulas, name, by, kind="expansion"), self.formulas)
        values = _placeholders(target) | self._arguments(formula, given, target)
        body = self.flat(
            [fill_struct(titled(each), values) for each in formula.template], parent=target.parent, path=path
        )
        if not body:
            raise BadInput(f"{target.origin}: step {shown(target.id)}: the expansion {name} has no template")
        return [_inherits(each, target, body) for each in after_all(body, target.needs)]

    def _arguments(self, formula: Formula, given: Mapping[str, Any], target: ProtoStep) -> dict[str, str]:
        values: dict[str, str] = {}
        for name, var in formula.variables.items():
            if name in given:
                values[name] = spelled(given[name])
            elif var.default is not None:
                values[name] = spelled(var.default)
            elif var.required:
                raise BadInput(
                    f"{target.origin}: step {shown(target.id)}: {formula.formula} needs the variable {name}",
                    hint="expand_vars gives it",
                )
        self.variables = dict(formula.variables) | self.variables
        return values | {name: spelled(each) for name, each in given.items()}


def _times(count: str, values: Mapping[str, str]) -> tuple[range, frozenset[str]]:
    rounds, names = span(f"({count})..({count})", values)
    if rounds.start < 1:
        raise BadInput(
            f"the loop goes round {rounds.start} times", hint="count is 1 or more; a condition leaves it out"
        )
    return range(1, rounds.start + 1), names


def spelled(value: Any) -> str:
    """A plain value as it stands in texts."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _located(step: Step, act: Callable[[], T]) -> T:
    try:
        return act()
    except BadInput as error:
        raise BadInput(f"{step.origin}: step {shown(step.id)}: {error.message}", hint=error.hint) from error


def cooked(step: Step, parent: str, rounds: tuple[Round, ...] = ()) -> ProtoStep:
    """A step as a proto has it, by itself."""
    step = titled(step)
    waits_for, spawner = step.waits_for, ""
    needs = tuple(dict.fromkeys((*step.depends_on, *step.needs)))
    if waits_for.startswith("children-of("):
        waits_for, spawner = "all-children", waits_for[len("children-of(") : -1].strip()
    elif waits_for:
        spawner = needs[0] if needs else ""
    return ProtoStep(
        id=step.id,
        title=step.title,
        description="\n\n".join(each.strip() for each in (step.focus, step.description) if each.strip()),
        notes=step.notes,
        design=step.design,
        acceptance=step.acceptance,
        type=step.type or ("epic" if step.children else "task"),
        priority=step.priority,
        labels=step.labels,
        metadata=_metadata(step),
        needs=needs,
        waits_for=waits_for,
        spawner=spawner,
        assignee=step.assignee,
        conditions=(step.condition,) if step.condition else (),
        gates=(step.gate,) if step.gate is not None else (),
        parent=parent,
        rounds=rounds,
        origin=step.origin,
    )


def _metadata(step: Step) -> dict[str, Any]:
    work: dict[str, Any] = {
        "run": step.run.strip(),
        "ask": step.ask,
        "choices": list(step.choices),
        "wait_for_nudge": step.wait_for_nudge,
        "mail": dict(step.mail),
        "on_complete": to_builtins(step.on_complete) if step.on_complete else None,
    }
    return dict(step.metadata) | {key: value for key, value in work.items() if value}


def _in_round(step: Step, loop: str, number: int, body: Sequence[Step]) -> Step:
    """A step of a loop's body under the name it has in one round; its needs within the body follow."""
    inside = {each.id for each in _all(body)}

    def name(text: str) -> str:
        return f"{loop}.iter{number}.{text}" if text in inside else text

    def linked(each: Step) -> Step:
        waits = each.waits_for
        if waits.startswith("children-of("):
            waits = f"children-of({name(waits[len('children-of(') : -1].strip())})"
        inner = each.loop
        if inner is not None:
            inner = replace(inner, body=tuple(map(linked, inner.body)))
        needs, depends_on = tuple(map(name, each.needs)), tuple(map(name, each.depends_on))
        return replace(each, needs=needs, depends_on=depends_on, waits_for=waits, loop=inner)

    def renamed(each: Step) -> Step:
        children = tuple(map(renamed, each.children))
        return replace(linked(titled(each)), id=f"{loop}.iter{number}.{each.id}", children=children)

    return renamed(step)


def _all(steps: Sequence[Step]) -> list[Step]:
    return [found for step in steps for found in (step, *_all(step.children))]


def _guarded(step: ProtoStep, outer: ProtoStep) -> ProtoStep:
    """A step of a loop with what was said of the loop itself."""
    return replace(
        step,
        conditions=(*outer.conditions, *step.conditions),
        labels=tuple(dict.fromkeys((*outer.labels, *step.labels))),
        assignee=step.assignee or outer.assignee,
        priority=outer.priority if step.priority is None else step.priority,
    )


def _placeholders(target: ProtoStep) -> dict[str, str]:
    return {
        "target": target.id,
        "target.id": target.id,
        "target.title": target.title,
        "target.description": target.description,
    }


def _inherits(step: ProtoStep, target: ProtoStep, body: Sequence[ProtoStep]) -> ProtoStep:
    """A step of an expansion with what was said of the step it stands for."""
    inside = {each.id for each in body}
    is_first = not any(need in inside for need in step.needs)
    step = _guarded(step, target)
    return replace(
        step,
        rounds=(*target.rounds, *step.rounds),
        presets=target.presets,
        gates=(*target.gates, *step.gates) if is_first else step.gates,
    )


# ---------------------------------------------------------------------------------------------- arrows


def sinks(steps: Sequence[ProtoStep]) -> tuple[str, ...]:
    """The outermost steps no other of them waits for: when they are done, all are."""
    inside = {step.id for step in steps}
    waited_for = {need for step in steps for need in step.needs}
    return tuple(step.id for step in steps if step.id not in waited_for and step.parent not in inside)


def after_all(steps: Sequence[ProtoStep], needs: Sequence[str]) -> list[ProtoStep]:
    """Steps whose first ones also wait for `needs`."""
    if not needs:
        return list(steps)
    inside = {step.id for step in steps}

    def is_first(step: ProtoStep) -> bool:
        return step.parent not in inside and not any(need in inside for need in step.needs)

    return [
        replace(step, needs=tuple(dict.fromkeys((*needs, *step.needs)))) if is_first(step) else step for step in steps
    ]


def repointed(steps: Sequence[ProtoStep], ends: Mapping[str, Sequence[str]]) -> list[ProtoStep]:
    """Steps whose needs on what is gone became needs on what stands in its place."""

    def moved(needs: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(chain.from_iterable(ends.get(need, (need,)) for need in needs)))

    return [
        replace(step, needs=moved(step.needs), spawner=next(iter(ends.get(step.spawner, (step.spawner,)))))
        if any(need in ends for need in (*step.needs, step.spawner))
        else step
        for step in steps
    ]


def filled_step(step: Step, target: ProtoStep) -> Step:
    """Advice about one step: `{step.id}`, `{step.title}` and `{step.description}` filled in."""
    values = {"step.id": target.id, "step.title": target.title, "step.description": target.description}
    return fill_struct(step, values)
