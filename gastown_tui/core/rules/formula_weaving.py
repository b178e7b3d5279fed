"""What is done to steps once they are there: expansions by rule, branches, gates, and the advice of aspects."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from msgspec.structs import replace

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.formula import Advice, Branch, Compose, Expand, Formula, Gate, Pointcut, ProtoStep, Step
from gastown_tui.core.model.ids import shown
from gastown_tui.core.rules.formula_conditions import check
from gastown_tui.core.rules.formula_parts import Flattening, after_all, filled_step, repointed, sinks
from gastown_tui.core.rules.formula_texts import fits, is_glob, variables_in


def expanded(steps: Sequence[ProtoStep], compose: Compose, walk: Flattening) -> list[ProtoStep]:
    """Steps after `compose.expand` and `compose.map`.

    Raises:
        BadInput: a target is not there, or what is named is no expansion.
        NotFound: an expansion does not exist.
    """
    found = list(steps)
    for rule in compose.expand:
        found = _replaced(found, rule, [_target(found, rule.target, rule.origin, "compose.expand")], walk)
    for rule in compose.map:
        pattern = rule.select or rule.target
        targets = [step for step in found if fits(pattern, step.id)]
        if not targets:
            raise BadInput(f"{rule.origin}: compose.map: no step fits {shown(pattern)}")
        found = _replaced(found, rule, targets, walk)
    return found


def _replaced(
    steps: Sequence[ProtoStep], rule: Expand, targets: Sequence[ProtoStep], walk: Flattening
) -> list[ProtoStep]:
    ends: dict[str, tuple[str, ...]] = {}
    found: list[ProtoStep] = []
    meant = {step.id for step in targets}
    for step in steps:
        if step.id not in meant:
            found.append(step)
            continue
        if any(other.parent == step.id for other in steps):
            raise BadInput(f"{step.origin}: step {shown(step.id)} has children and cannot be expanded")
        pieces = walk.expanded(step, rule.with_, rule.vars)
        ends[step.id] = sinks(pieces)
        found += pieces
    return repointed(found, ends)


def _target(steps: Sequence[ProtoStep], name: str, where: str, what: str) -> ProtoStep:
    for step in steps:
        if step.id == name:
            return step
    close = get_close_matches(name, [step.id for step in steps], n=1)
    raise BadInput(f"{where}: {what}: there is no step {shown(name)}", hint=f"is {close[0]} meant?" if close else "")


def branched(steps: Sequence[ProtoStep], rules: Sequence[Branch]) -> list[ProtoStep]:
    """Steps that run side by side: each waits for the first, the last waits for each.

    Raises:
        BadInput: one of them is not there.
    """
    found = list(steps)
    for rule in rules:
        for name in (rule.from_, *rule.steps, rule.join):
            _target(found, name, rule.origin, "compose.branch")
        found = [
            after(step, (rule.from_,))
            if step.id in rule.steps
            else after(step, rule.steps)
            if step.id == rule.join
            else step
            for step in found
        ]
    return found


def after(step: ProtoStep, needs: Sequence[str]) -> ProtoStep:
    """A step that also waits for others."""
    return replace(step, needs=tuple(dict.fromkeys((*step.needs, *needs))))


def gated(steps: Sequence[ProtoStep], compose: Compose) -> list[ProtoStep]:
    """Steps held back by `compose.gate`.

    Raises:
        BadInput: one of them is not there, or a condition is none.
    """
    found = list(steps)
    for rule in compose.gate:
        held = _target(found, rule.before, rule.origin, "compose.gate")
        if not variables_in(rule.condition):
            try:
                check(rule.condition)
            except BadInput as error:
                raise BadInput(f"{rule.origin}: compose.gate: {error.message}", hint=error.hint) from error
        gate = Gate(type="condition", id=rule.condition)
        found = [replace(step, gates=(*step.gates, gate)) if step is held else step for step in found]
    return found


# ---------------------------------------------------------------------------------------------- advice


def advised(steps: Sequence[ProtoStep], formula: Formula, walk: Flattening, *, is_own: bool = False) -> list[ProtoStep]:
    """Steps with the advice of a formula woven in. Advice never applies to steps it brought itself.

    Args:
        steps: The steps so far.
        formula: Whose advice.
        walk: Unrolls and expands the steps it brings.
        is_own: It is about the formula's own steps; a target that is not there is then a mistake.

    Raises:
        BadInput: the advice fits nowhere, or has no step to add.
    """
    found = list(steps)
    before = list(steps)
    fitted = False
    for advice in formula.advice:
        targets = [step for step in before if _is_meant(step, advice, formula.pointcuts)]
        if not targets and is_own and advice.target and not is_glob(advice.target):
            _target(before, advice.target, advice.origin, "advice")
        if targets:
            fitted = True
            found = _woven(found, {step.id for step in targets}, advice, walk)
    if formula.advice and not fitted:
        wanted = ", ".join(shown(each.target) for each in formula.advice if each.target) or "its pointcuts"
        raise BadInput(f"{formula.advice[0].origin}: no step fits the advice of {formula.formula} ({wanted})")
    return found


def _is_meant(step: ProtoStep, advice: Advice, pointcuts: Sequence[Pointcut]) -> bool:
    if advice.target:
        return fits(advice.target, step.id)
    return any(
        (not each.glob or fits(each.glob, step.id))
        and (not each.type or each.type == step.type)
        and (not each.label or each.label in step.labels)
        for each in pointcuts
        if each.glob or each.type or each.label
    )


def _woven(steps: Sequence[ProtoStep], meant: set[str], advice: Advice, walk: Flattening) -> list[ProtoStep]:
    """The steps before take over what the target waited for; what waited for the target waits for those after it."""
    around = advice.around
    before = (*_listed(advice.before), *(around.before if around else ()))
    behind = (*_listed(advice.after), *(around.after if around else ()))
    if not before and not behind:
        raise BadInput(f"{advice.origin}: the advice about {shown(advice.target)} adds no step")
    found: list[ProtoStep] = []
    ends: dict[str, tuple[str, ...]] = {}
    added: set[str] = set()
    for step in steps:
        if step.id not in meant:
            found.append(step)
            continue
        first = after_all(_brought(before, step, walk), step.needs)
        last = after_all(_brought(behind, step, walk), (step.id,))
        found += [*first, replace(step, needs=sinks(first)) if first else step, *last]
        if last:
            ends[step.id] = sinks(last)
            added |= {each.id for each in last}
    if not ends:
        return found
    others = iter(repointed([step for step in found if step.id not in added], ends))
    return [step if step.id in added else next(others) for step in found]


def _listed(steps: Step | tuple[Step, ...]) -> tuple[Step, ...]:
    return (steps,) if isinstance(steps, Step) else steps


def _brought(steps: Sequence[Step], target: ProtoStep, walk: Flattening) -> list[ProtoStep]:
    """The steps of an advice for one target, one after the other, with all that is in them."""
    found: list[ProtoStep] = []
    before: tuple[str, ...] = ()
    for step in steps:
        if not step.id:
            raise BadInput(f"{step.origin}: a step of the advice about {shown(target.id)} has no id")
        pieces = walk.flat([filled_step(step, target)], parent=target.parent, rounds=target.rounds)
        pieces = [
            replace(each, conditions=(*target.conditions, *each.conditions), presets=target.presets)
            for each in after_all(pieces, before)
        ]
        before = sinks(pieces)
        found += pieces
    return found
