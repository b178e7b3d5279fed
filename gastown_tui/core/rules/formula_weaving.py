"""What is done to steps once they are there: expansions by rule, branches, gates, and the advice of aspects."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from msgspec.structs import replace

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.formula import Advice, Branch, Compose, Expand, Formula, Gate, Pointcut, ProtoStep, Step
from gastown_tui.core.model.ids import shown
from gastown_tui.core.rules.formula_parts import Flattening, after_all, cooked, filled_step, repointed, sinks
from gastown_tui.core.rules.formula_texts import fits, is_glob


def expanded(steps: Sequence[ProtoStep], compose: Compose, walk: Flattening, file: str) -> list[ProtoStep]:
    """Steps after `compose.expand` and `compose.map`.

    Raises:
        BadInput: a target is not there, or what is named is no expansion.
        NotFound: an expansion does not exist.
    """
    found = list(steps)
    for rule in compose.expand:
        found = _replaced(found, rule, [_target(found, rule.target, file, "compose.expand")], walk)
    for rule in compose.map:
        pattern = rule.select or rule.target
        targets = [step for step in found if fits(pattern, step.id)]
        if not targets:
            raise BadInput(f"{file}: compose.map: no step fits {shown(pattern)}")
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


def _target(steps: Sequence[ProtoStep], name: str, file: str, what: str) -> ProtoStep:
    for step in steps:
        if step.id == name:
            return step
    close = get_close_matches(name, [step.id for step in steps], n=1)
    raise BadInput(f"{file}: {what}: there is no step {shown(name)}", hint=f"is {close[0]} meant?" if close else "")


def branched(steps: Sequence[ProtoStep], rules: Sequence[Branch], file: str) -> list[ProtoStep]:
    """Steps that run side by side: each waits for the first, the last waits for each.

    Raises:
        BadInput: one of them is not there.
    """
    found = list(steps)
    for rule in rules:
        for name in (rule.from_, *rule.steps, rule.join):
            _target(found, name, file, "compose.branch")
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


def gated(steps: Sequence[ProtoStep], compose: Compose, file: str) -> list[ProtoStep]:
    """Steps held back by `compose.gate`.

    Raises:
        BadInput: one of them is not there.
    """
    found = list(steps)
    for rule in compose.gate:
        held = _target(found, rule.before, file, "compose.gate")
        gate = Gate(type="condition", id=rule.condition)
        found = [replace(step, gates=(*step.gates, gate)) if step is held else step for step in found]
    return found


# ---------------------------------------------------------------------------------------------- advice


def advised(steps: Sequence[ProtoStep], formula: Formula, *, is_own: bool = False) -> list[ProtoStep]:
    """Steps with the advice of a formula woven in. Advice never applies to steps it brought itself.

    Args:
        steps: The steps so far.
        formula: Whose advice.
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
            _target(before, advice.target, formula.source, "advice")
        if targets:
            fitted = True
            found = _woven(found, {step.id for step in targets}, advice, formula)
    if formula.advice and not fitted:
        wanted = ", ".join(shown(each.target) for each in formula.advice if each.target) or "its pointcuts"
        raise BadInput(f"{formula.source}: no step fits the advice of {formula.formula} ({wanted})")
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


def _woven(steps: Sequence[ProtoStep], meant: set[str], advice: Advice, formula: Formula) -> list[ProtoStep]:
    """The steps before take over what the target waited for; what waited for the target waits for those after it."""
    around = advice.around
    before = (*_listed(advice.before), *(around.before if around else ()))
    behind = (*_listed(advice.after), *(around.after if around else ()))
    if not before and not behind:
        raise BadInput(f"{formula.source}: the advice about {shown(advice.target)} adds no step")
    found: list[ProtoStep] = []
    ends: dict[str, tuple[str, ...]] = {}
    added: set[str] = set()
    for step in steps:
        if step.id not in meant:
            found.append(step)
            continue
        first = after_all(_brought(before, step, formula), step.needs)
        last = after_all(_brought(behind, step, formula), (step.id,))
        found += [*first, replace(step, needs=(first[-1].id,)) if first else step, *last]
        if last:
            ends[step.id] = (last[-1].id,)
            added |= {each.id for each in last}
    if not ends:
        return found
    others = iter(repointed([step for step in found if step.id not in added], ends))
    return [step if step.id in added else next(others) for step in found]


def _listed(steps: Step | tuple[Step, ...]) -> tuple[Step, ...]:
    return (steps,) if isinstance(steps, Step) else steps


def _brought(steps: Sequence[Step], target: ProtoStep, formula: Formula) -> list[ProtoStep]:
    """The steps of an advice for one target, one after the other."""
    found: list[ProtoStep] = []
    for step in steps:
        if not step.id:
            raise BadInput(f"{formula.source}: a step of the advice of {formula.formula} has no id")
        made = cooked(filled_step(step, target), target.parent, target.rounds)
        made = replace(made, conditions=(*target.conditions, *made.conditions), presets=target.presets)
        found.append(after(made, (found[-1].id,)) if found else made)
    return found
