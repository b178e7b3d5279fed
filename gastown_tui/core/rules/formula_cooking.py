"""Cooking: from a formula and those it names to a proto.

The order is extends, loops and expansions, branches and gates, advice and aspects, then the checks. Variables stay open
until a molecule is poured, but for those that say how often a loop goes round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from msgspec.structs import replace

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.formula import STEP_ID, Compose, Formula, Proto, ProtoStep, Step, Var
from gastown_tui.core.model.ids import shown
from gastown_tui.core.rules.formula_parents import Formulas, named, with_parents
from gastown_tui.core.rules.formula_parts import (
    STEP_LIMIT,
    Flattening,
    repointed,
    spelled,
)
from gastown_tui.core.rules.formula_reading import advice_steps, each_step, problems, refuse_problems
from gastown_tui.core.rules.formula_texts import deep, fill_struct
from gastown_tui.core.rules.formula_vars import check_conditions, check_value
from gastown_tui.core.rules.formula_weaving import advised, branched, expanded, gated

STANDALONE = "main"
"""What an expansion that is poured by itself expands."""
_TITLE_LIMIT = 500


def names_used(formula: Formula) -> tuple[str, ...]:
    """The other formulas one names: parents, expansions and aspects."""
    return tuple(dict.fromkeys(name for name, _ in _named(formula)))


def place_of(formula: Formula, name: str) -> str:
    """Where a formula names another: file and line, and the step that does."""
    return next((where for each, where in _named(formula) if each == name), formula.source)


def _named(formula: Formula) -> Iterator[tuple[str, str]]:
    compose = formula.compose or Compose()
    yield from ((name, formula.place("extends")) for name in formula.parents)
    yield from ((name, formula.place("compose.aspects")) for name in compose.aspects)
    yield from ((rule.with_, rule.origin) for rule in (*compose.expand, *compose.map))
    for step in (*each_step(formula), *advice_steps(formula)):
        if step.expand:
            yield step.expand, f"{step.origin}: step {shown(step.id)}"


def cook(
    name: str,
    formulas: Formulas,
    *,
    values: Mapping[str, str] | None = None,
    made_of: Mapping[str, str] | None = None,
    faults: list[BadInput] | None = None,
) -> Proto:
    """Cook a formula.

    Args:
        name: Which.
        formulas: It and every formula it names, directly or not, by name.
        values: Variables known already; only loops look at them.
        made_of: Digests of the files it comes from, kept with the proto.
        faults: Takes up all that is wrong with the cooked steps instead of the first of it being raised; what can be
            told of the formula by itself is then left to `problems`.

    Raises:
        BadInput: it is wrong in itself: unknown needs, clashing ids, circles, loops that run away. The message names
            file, line and step.
        NotFound: it names a formula that does not exist.
    """
    for each in formulas.values():
        if faults is None or each.formula != name:
            refuse_problems(each.formula, problems(each))
    formula = with_parents(named(formulas, name, name), formulas)
    walk = Flattening(formulas, _loop_values(formula, values or {}))
    compose = formula.compose or Compose()
    steps = walk.flat(_body(formula))
    steps = expanded(repointed(steps, walk.ends), compose, walk)
    steps = branched(steps, compose.branch)
    steps = gated(steps, compose)
    if formula.kind != "aspect" and formula.advice:
        steps = advised(steps, formula, walk, is_own=True)
    aspects = [_aspect(each, formula, formulas) for each in compose.aspects]
    for aspect in aspects:
        steps = advised(steps, aspect, walk)
    variables: dict[str, Var] = dict(walk.variables)
    for source in (*aspects, formula):
        variables |= source.variables
    steps = _with_presets(steps, formula)
    if faults is None:
        checked(steps, formula.source)
    else:
        faults += faults_in(steps, formula.source)
    return Proto(
        name=formula.formula,
        description=formula.description.strip(),
        version=max(formula.version, 1),
        type=formula.kind,
        phase=formula.phase,
        pour=formula.pour,
        vars=variables,
        fixed=dict(sorted(walk.used.items())),
        steps=tuple(steps),
        presets=tuple(formula.presets),
        made_of=dict(sorted((made_of or {}).items())),
    )


def _aspect(name: str, formula: Formula, formulas: Formulas) -> Formula:
    by = formula.place("compose.aspects")
    aspect = with_parents(named(formulas, name, by, kind="aspect"), formulas)
    if not aspect.advice:
        raise BadInput(f"{by}: the aspect {name} advises nothing", hint="it needs [[advice]]")
    return aspect


def _loop_values(formula: Formula, given: Mapping[str, str]) -> dict[str, str]:
    values = {name: text for name, text in given.items() if text}
    for name, var in formula.variables.items():
        if name in values:
            check_value(name, var, values[name], formula.formula)
    return defaults(formula.variables) | values


def defaults(variables: Mapping[str, Var]) -> dict[str, str]:
    """The values variables have when nobody gives them one."""
    return {name: spelled(var.default) for name, var in variables.items() if var.default is not None}


def _body(formula: Formula) -> list[Step]:
    """The steps of a formula that is cooked by itself.

    Raises:
        BadInput: it has none, being made to be woven into others.
    """
    match formula.kind:
        case "convoy":
            return _legs(formula)
        case "expansion":
            values = {"target": STANDALONE, "target.id": STANDALONE, "target.title": formula.formula}
            values |= {"target.description": formula.description} | defaults(formula.variables)
            return [fill_struct(each, values) for each in formula.template]
        case "aspect" if not formula.aspects:
            raise BadInput(
                f"{formula.source}: {formula.formula} is an aspect, made to be woven into other formulas",
                hint=f'compose.aspects = ["{formula.formula}"] in another formula does',
            )
        case "aspect":
            return list(formula.aspects)
    if not formula.steps:
        raise BadInput(f"{formula.place('formula')}: {formula.formula} has no steps")
    return list(formula.steps)


def _legs(formula: Formula) -> list[Step]:
    """A convoy's legs side by side, each with the common prompt, and what brings them together."""
    prompt = formula.prompts.get("base", "")
    common = {f"{{{{.output.{key}}}}}": text for key, text in formula.output.items()}
    common["{{.formula_name}}"] = formula.formula
    path = "/".join(each for key in ("directory", "leg_pattern") if (each := formula.output.get(key, "")))
    found = [_leg(leg, prompt, {"{{.output_path}}": path, **common}) for leg in formula.legs]
    last = formula.synthesis
    if last is not None:
        known = {leg.id for leg in formula.legs}
        for name in last.depends_on:
            if name not in known:
                raise BadInput(
                    f"{formula.place('synthesis')}: synthesis depends on {shown(name)}, and no leg is called so"
                )
        step = Step(
            id="synthesis",
            title=last.title or "Bring the legs together",
            description=last.description,
            needs=last.depends_on or tuple(leg.id for leg in formula.legs),
            origin=formula.place("synthesis"),
        )
        found.append(_replaced(step, common))
    return found


def _leg(leg: Step, prompt: str, common: Mapping[str, str]) -> Step:
    own = {"{{.leg.id}}": leg.id, "{{.leg.title}}": leg.title, "{{.leg.focus}}": leg.focus}
    own["{{.leg.description}}"] = leg.description
    parts = (prompt,) if "{{.leg.description}}" in prompt else (prompt, leg.description)
    text = "\n\n".join(each.strip() for each in parts if each.strip())
    return _replaced(replace(leg, description=text), {**common, **own})


def _replaced(step: Step, words: Mapping[str, str]) -> Step:
    def change(text: str) -> str:
        for word, instead in words.items():
            text = text.replace(word, instead)
        return text

    return replace(step, title=deep(step.title, change), description=deep(step.description, change))


def _with_presets(steps: Sequence[ProtoStep], formula: Formula) -> list[ProtoStep]:
    member: dict[str, list[str]] = {}
    for name, preset in formula.presets.items():
        for leg in preset.legs:
            member.setdefault(leg, []).append(name)
    if not formula.presets:
        return list(steps)
    legs = {leg.id for leg in formula.legs}
    return [replace(step, presets=(*member.get(step.id, ["-"]),)) if step.id in legs else step for step in steps]


# ---------------------------------------------------------------------------------------------- checks


def checked(steps: Sequence[ProtoStep], file: str) -> None:
    """Check that steps can be poured.

    Raises:
        BadInput: ids clash or are none, a step needs what is not there, or steps wait for one another in a circle.
    """
    for fault in faults_in(steps, file):
        raise fault


def faults_in(steps: Sequence[ProtoStep], file: str) -> Iterator[BadInput]:
    """Everything that keeps steps from being poured, told one after the other."""
    if len(steps) > STEP_LIMIT:
        yield BadInput(f"{file}: more than {STEP_LIMIT} steps", hint="a loop or an expansion runs away")
        return
    known: dict[str, ProtoStep] = {}
    for step in steps:
        yield from _bad_name(step, known)
        known.setdefault(step.id, step)
    for step in steps:
        try:
            check_conditions(step, known)
        except BadInput as error:
            yield error
        if step.waits_for and not step.spawner:
            yield BadInput(
                f"{step.origin}: step {shown(step.id)} waits for children, and nothing says whose",
                hint='waits_for = "children-of(STEP)", or needs names the step first',
            )
        for need in (*step.needs, *step.needs_failed, *((step.spawner,) if step.spawner else ())):
            if need not in known:
                yield _unknown_need(step, need, known)
    circle = circle_in([step for step in steps if known[step.id] is step])
    if circle and all(each in known for each in circle):
        yield BadInput(f"{known[circle[0]].origin}: steps wait for one another: {' -> '.join((*circle, circle[0]))}")


def _bad_name(step: ProtoStep, known: Mapping[str, ProtoStep]) -> Iterator[BadInput]:
    if not STEP_ID.fullmatch(step.id):
        yield BadInput(f"{step.origin}: {shown(step.id)} cannot be a step's id", hint="use letters, digits, - _ and .")
    if step.id in known:
        is_same = known[step.id].origin == step.origin
        yield BadInput(
            f"{step.origin}: step {shown(step.id)} clashes with the one at {known[step.id].origin}",
            hint="ids in templates and advice hold {target} or {step.id}" if is_same else "",
        )
    if len(step.title) > _TITLE_LIMIT:
        yield BadInput(f"{step.origin}: step {shown(step.id)}: the title must be {_TITLE_LIMIT} characters or less")


def _unknown_need(step: ProtoStep, need: str, known: Iterable[str]) -> BadInput:
    close = get_close_matches(need, list(known), n=1)
    meant = f", is {close[0]} meant?" if close else ""
    return BadInput(f"{step.origin}: step {shown(step.id)} needs {shown(need)}, and no step is called so{meant}")


def circle_in(steps: Sequence[ProtoStep]) -> tuple[str, ...]:
    """Steps that wait for one another, in order; empty when every step gets its turn.

    A step that holds others waits for them, and they for what it needs.
    """
    waits = waiting_lists(steps)
    done: set[str] = set()
    for start in waits:
        if start in done:
            continue
        path, on_path = [start], {start}
        work = [(start, iter(waits[start]))]
        while work:
            name, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                done.add(path.pop())
                on_path.discard(name)
            elif following in on_path:
                return tuple(path[path.index(following) :])
            elif following not in done:
                work.append((following, iter(waits.get(following, ()))))
                path.append(following)
                on_path.add(following)
    return ()


def waiting_lists(steps: Sequence[ProtoStep]) -> dict[str, tuple[str, ...]]:
    """What each step waits for before it can be done, its holders' needs included."""
    by_id = {step.id: step for step in steps}
    found: dict[str, list[str]] = {step.id: [*step.needs, *step.needs_failed] for step in steps}
    for step in steps:
        above, seen = step.parent, {step.id}
        while above in by_id and above not in seen:
            seen.add(above)
            found[step.id] += by_id[above].needs
            above = by_id[above].parent
        if step.parent in by_id:
            found[step.parent].append(step.id)
    return {name: tuple(dict.fromkeys(needs)) for name, needs in found.items()}
