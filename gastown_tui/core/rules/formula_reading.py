"""From the text of a formula file to a `Formula`, and what is wrong with it, by file, line and step."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec.structs import replace

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model import formula as f
from gastown_tui.core.model.formula import Formula, Step
from gastown_tui.core.model.ids import shown
from gastown_tui.core.rules.expressions import reach
from gastown_tui.core.rules.formula_lines import Lines, place

LIMIT_BYTES = 1_000_000
DEPTH_LIMIT = 40
"""Tables and arrays inside each other."""
SUFFIXES = (".formula.toml", ".formula.json")
"""In the order they are looked for."""

_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_WAITS_FOR = re.compile(r"all-children|any-children|children-of\([^()]+\)")
_PATH = re.compile(r" - at `\$(.*)`$")
_PIECE = re.compile(r"\.?([A-Za-z_]+)|\[(\d+|\.\.\.)\]")


def read_formula(text: str, file: str) -> Formula:
    """Read a formula.

    Args:
        text: What the file holds.
        file: Its name, for messages; one that ends in `.json` is read as JSON.

    Raises:
        BadInput: it is no formula; the message names the file, and the line and step where they are known.
    """
    if len(text.encode()) > LIMIT_BYTES:
        raise BadInput(f"{file} is longer than {LIMIT_BYTES} bytes", hint="split it: extends takes several parents")
    raw = _json(text, file) if file.endswith(".json") else _toml(text, file)
    if not isinstance(raw, dict):
        raise BadInput(f"{file}: a formula is a table of keys", hint='begin with formula = "its-name"')
    if "formula" not in raw:
        raise BadInput(f"{file}: the key formula is missing", hint='begin with formula = "its-name"')
    _check_depth(raw, file)
    place(raw, file, Lines(text, is_json=file.endswith(".json")))
    try:
        found = msgspec.convert(raw | {"source": file}, Formula)
    except msgspec.ValidationError as error:
        raise _misfit(str(error), raw, file) from error
    if not f.NAME.fullmatch(found.formula):
        raise BadInput(f"{file}: {shown(found.formula)} cannot name a formula", hint="use letters, digits, - _ and .")
    return found


def _toml(text: str, file: str) -> Any:
    import tomllib

    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        at = _AT.search(said)
        where = f"{file}:{at[1] or len(text.splitlines()) or 1}" if at else file
        raise BadInput(f"{where}: not TOML: {_AT.sub('', said)}") from error
    except RecursionError as error:
        raise BadInput(f"{file}: nested too deep", hint=f"at most {DEPTH_LIMIT} levels") from error


def _json(text: str, file: str) -> Any:
    import json

    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"{file}:{error.lineno}: not JSON: {error.msg}") from error
    except RecursionError as error:
        raise BadInput(f"{file}: nested too deep", hint=f"at most {DEPTH_LIMIT} levels") from error
    except ValueError as error:
        raise BadInput(f"{file}: not JSON: {str(error)[:80]}") from error


def _check_depth(raw: Any, file: str) -> None:
    front, depth = [raw], 0
    while front:
        depth += 1
        if depth > DEPTH_LIMIT:
            raise BadInput(f"{file}: nested too deep", hint=f"at most {DEPTH_LIMIT} levels")
        front = [
            inner
            for each in front
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]


# ---------------------------------------------------------------------------------------------- words for misfits


def _misfit(said: str, raw: dict[str, Any], file: str) -> BadInput:
    match = _PATH.search(said)
    words = _PATH.sub("", said).replace("`", "")
    place, step, where = raw, "", file
    spelled: list[str] = []
    at: Any = place
    for piece in _PIECE.finditer(match[1] if match else ""):
        key, index = piece.group(1), piece.group(2)
        if key:
            spelled.append(key)
            at = at.get(key) if isinstance(at, dict) else None
        elif index and index.isdecimal() and isinstance(at, list) and int(index) < len(at):
            at = at[int(index)]
        else:
            at = None
        if isinstance(at, dict) and "origin" in at:
            step, where, spelled = str(at.get("id", "")), str(at["origin"]), []
    key = ".".join(spelled)
    about = " ".join(part for part in (f"step {shown(step)}" if step else "", f"key {key}" if key else "") if part)
    return BadInput(f"{where}: {about + ': ' if about else ''}{words[0].lower()}{words[1:]}")


def unknown_keys(raw: Mapping[str, Any], file: str) -> tuple[str, ...]:
    """Keys no formula has, one line of words each; they are read over, and are mostly misspelt."""
    return tuple(_unknown(raw, Formula, file))


_INSIDE: dict[str, type[msgspec.Struct]] = {
    "steps": Step, "template": Step, "legs": Step, "aspects": Step, "children": Step, "body": Step, "before": Step,
    "after": Step, "gate": f.Gate, "loop": f.Loop, "on_complete": f.OnComplete, "advice": f.Advice,
    "around": f.Around, "pointcuts": f.Pointcut, "compose": f.Compose, "synthesis": f.Synthesis,
}  # fmt: skip


def _unknown(raw: Mapping[str, Any], kind: type[msgspec.Struct], where: str) -> Iterator[str]:
    known = set(kind.__struct_encode_fields__)
    where = str(raw.get("origin", where))
    for key, value in raw.items():
        if key not in known:
            close = get_close_matches(key, known, n=1)
            yield f"{where}: nobody reads the key {shown(key)}" + (f"; is {close[0]} meant?" if close else "")
        elif key in _INSIDE and not (kind is f.Compose and key == "gate"):
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, dict):
                    yield from _unknown(each, _INSIDE[key], where)


def read_raw(text: str, file: str) -> dict[str, Any]:
    """The file's keys as they stand, with every step's place; for `unknown_keys`."""
    raw = _json(text, file) if file.endswith(".json") else _toml(text, file)
    found: dict[str, Any] = raw if isinstance(raw, dict) else {}
    place(found, file, Lines(text, is_json=file.endswith(".json")))
    return found


# ---------------------------------------------------------------------------------------------- problems of one file


def problems(formula: Formula) -> tuple[str, ...]:
    """What can be told to be wrong with a formula by itself, one line of words each, in the order of the file."""
    return tuple(_problems(formula))


def _problems(formula: Formula) -> Iterator[str]:
    file = formula.source
    if formula.type and formula.type not in f.KINDS:
        yield f"{file}: type {shown(formula.type)} is none of {', '.join(f.KINDS)}"
    if formula.phase not in f.PHASES:
        yield f"{file}: phase {shown(formula.phase)} is neither liquid nor vapor"
    if formula.version < 0:
        yield f"{file}: version {formula.version} is below 1"
    if not (formula.steps or formula.legs or formula.template or formula.advice or formula.aspects or formula.parents):
        yield f"{file}: it has no steps, legs, template, advice or parents"
    yield from _bad_variables(formula)
    yield from _bad_rules(formula.compose or f.Compose())
    seen: dict[str, str] = {}
    for step in each_step(formula):
        yield from _bad_step(step)
        if step.id and step.id in seen:
            yield f"{step.origin}: step {shown(step.id)} is there already, at {seen[step.id]}"
        seen.setdefault(step.id, step.origin)
    for step in advice_steps(formula):
        yield from _bad_step(step)


def each_step(formula: Formula) -> Iterator[Step]:
    """Every step of the formula's own body, however deep."""
    front = [*formula.steps, *formula.template, *formula.legs, *formula.aspects]
    while front:
        step = front.pop(0)
        yield step
        front = [*step.children, *(step.loop.body if step.loop else ()), *front]


def advice_steps(formula: Formula) -> Iterator[Step]:
    """Every step its advice brings, however deep."""
    for advice in formula.advice:
        around = advice.around
        sides = (advice.before, advice.after, *((around.before, around.after) if around else ()))
        front = [step for side in sides for step in ((side,) if isinstance(side, Step) else side)]
        while front:
            step = front.pop(0)
            yield step
            front = [*step.children, *(step.loop.body if step.loop else ()), *front]


def is_cookable(formula: Formula) -> bool:
    """Whether cooking can find more, whatever `problems` says: every step has a name, and every loop says how often."""
    steps = (*each_step(formula), *advice_steps(formula))
    return all(step.id and not (step.loop and [*_bad_loop("", step)]) for step in steps)


def _bad_variables(formula: Formula) -> Iterator[str]:
    for name, var in formula.variables.items():
        at = f"{var.origin or formula.source}: variable {shown(name)}"
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            yield f"{at} is not a word of letters, digits and underscores"
        if var.required and var.default is not None:
            yield f"{at} is required and has a default; it can be one of them"
        if var.type not in {"", "string", "str", "int", "integer", "bool", "boolean", "number"}:
            yield f"{at}: type {shown(var.type)} is none of string, int, bool"
        if var.default is not None and var.enum and str(var.default) not in {str(each) for each in var.enum}:
            yield f"{at}: the default {shown(str(var.default))} is not one of its enum"
        if var.pattern:
            try:
                reach(var.pattern)
            except BadInput as error:
                yield f"{at}: the pattern {error.message}"


def _bad_rules(compose: f.Compose) -> Iterator[str]:
    for name, rules in (("expand", compose.expand), ("map", compose.map)):
        for rule in rules:
            if not (rule.target or rule.select) or not rule.with_:
                yield f"{rule.origin}: compose.{name} needs a target, and with names the expansion"
    for branch in compose.branch:
        if not (branch.from_ and branch.steps and branch.join):
            yield f"{branch.origin}: compose.branch needs from, steps and join"


def _bad_step(step: Step) -> Iterator[str]:
    at = f"{step.origin}: step {shown(step.id)}"
    if not step.id:
        yield f"{step.origin}: a step has no id"
    if step.priority is not None and not 0 <= step.priority <= 4:
        yield f"{at}: priority must be between 0 and 4 (got {step.priority})"
    if len(step.title) > 500:
        yield f"{at}: the title must be 500 characters or less (got {len(step.title)})"
    if step.gate is not None and step.gate.type not in f.GATE_KINDS:
        yield f"{at}: gate type {shown(step.gate.type)} is none of {', '.join(f.GATE_KINDS)}"
    if step.waits_for and not _WAITS_FOR.fullmatch(step.waits_for):
        yield f"{at}: waits_for is all-children, any-children or children-of(STEP)"
    if step.expand and step.children:
        yield f"{at} has both expand and children"
    if step.loop is not None:
        yield from _bad_loop(at, step)
    if step.on_complete is not None:
        yield from _bad_outcome(at, step.on_complete)


def _bad_loop(at: str, step: Step) -> Iterator[str]:
    loop = step.loop
    assert loop is not None
    kinds = [
        name
        for name, given in (("count", loop.count is not None), ("range", loop.range), ("until", loop.until))
        if given
    ]
    if len(kinds) != 1:
        yield f"{at}: a loop has one of count, range and until (this one has {', '.join(kinds) or 'none'})"
    if loop.until and (loop.max is None or loop.max < 1):
        yield f"{at}: a loop with until needs max, 1 or more"
    if not loop.body:
        yield f"{at}: the loop has no body"


def _bad_outcome(at: str, outcome: f.OnComplete) -> Iterator[str]:
    if bool(outcome.for_each) != bool(outcome.bond):
        yield f"{at}: on_complete needs both for_each and bond"
    if outcome.for_each and not outcome.for_each.startswith("output."):
        yield f"{at}: on_complete.for_each begins with output."
    if outcome.parallel and outcome.sequential:
        yield f"{at}: on_complete is either parallel or sequential"


def refuse_problems(name: str, found: tuple[str, ...]) -> None:
    """Stop at what is wrong with a formula.

    Raises:
        BadInput: something is; the first problem is the message.
    """
    for first in found[:1]:
        more = f"; {len(found) - 1} more: bd formula validate {name} lists them" if len(found) > 1 else ""
        raise BadInput(first + more)


def titled(step: Step) -> Step:
    """A step with a title: its own, or its id in words."""
    if step.title:
        return step
    words = step.id.rpartition(".")[2].replace("-", " ").replace("_", " ").strip()
    return replace(step, title=words[:1].upper() + words[1:] or step.id)
