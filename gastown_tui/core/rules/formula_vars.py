"""Variables: what a proto asks for, whether the values given will do, and steps with them filled in."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec.structs import replace

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.formula import PLACEHOLDER, Gate, Proto, ProtoStep, Var
from gastown_tui.core.model.ids import shown
from gastown_tui.core.rules.expressions import reach
from gastown_tui.core.rules.formula_conditions import check
from gastown_tui.core.rules.formula_parts import spelled
from gastown_tui.core.rules.formula_texts import FALSY, chosen, deep, holds, names_in, texts_in, variables_in

PRESET = "preset"
"""The variable that chooses among the legs of a convoy."""
VALUE_LIMIT = 20_000
_TEXTS = ("title", "description", "notes", "design", "acceptance", "assignee")
_TITLES = frozenset({"title", "desc", "feature", "name"})
"""What any molecule is called by, whatever its formula asks for."""
_TRUE = frozenset({"true", "1", "yes", "on"})


def parse_values(pairs: Iterable[str]) -> dict[str, str]:
    """Variables as typed: `key=value`; the last one of a name counts.

    Raises:
        BadInput: one has no `=`, or its name is no name.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise BadInput(f"invalid variable format {shown(pair)}, expected 'key=value'")
        if len(value) > VALUE_LIMIT:
            raise BadInput(f"the value of {name} is longer than {VALUE_LIMIT} characters")
        found[name] = value
    return found


def check_known(given: Mapping[str, str], *protos: Proto, further: Collection[str] = ()) -> None:
    """Check that somebody looks at every variable given.

    Args:
        given: The values.
        protos: What they are for; one of them has to know each.
        further: Names that are known besides.

    Raises:
        BadInput: nobody knows one.
    """
    known: set[str] = set()
    for proto in protos:
        known |= {*proto.vars, *proto.fixed, *({PRESET} if proto.presets else ())}
        known |= {name for text in texts_in(msgspec.to_builtins(proto)) for name in names_in(text)}
    strange = [name for name in given if name not in known and name not in _TITLES and name not in further]
    if strange:
        whose = " and ".join(proto.name for proto in protos)
        plural = "s" if len(strange) > 1 else ""
        close = get_close_matches(strange[0], known, n=1)
        meant = f"is {close[0]} meant? " if close else ""
        raise BadInput(
            f"{whose} has no variable{plural} {', '.join(map(shown, strange))}",
            hint=meant + (f"its variables are {', '.join(sorted(known))}" if known else "it has no variables"),
        )


def values_for(proto: Proto, given: Mapping[str, str]) -> dict[str, str]:
    """The values a pouring has: those given, else the defaults.

    Raises:
        BadInput: a required one is missing, or a value is not one the formula takes.
    """
    found = dict(given)
    missing: list[str] = []
    for name, var in proto.vars.items():
        if name not in found and var.default is not None:
            found[name] = spelled(var.default)
        if name not in found and var.required and not any(each in given for each in var.required_unless):
            missing.append(name)
        if name in found:
            check_value(name, var, found[name], proto.name)
    if missing:
        named = (f"{name} ({var.origin})" if (var := proto.vars[name]).origin else name for name in missing)
        raise BadInput(
            f"missing required variables: {', '.join(named)}",
            hint=" ".join(f"--var {name}={_example(proto.vars[name])}" for name in missing),
        )
    for name, value in proto.fixed.items():
        if name in given and given[name] != value:
            raise BadInput(
                f"{name} was {shown(value)} when {proto.name} was cooked, and its steps depend on it",
                hint=f"bd cook {proto.name} --var {name}={given[name][:40]} cooks it anew",
            )
    if (preset := given.get(PRESET)) and proto.presets and preset not in proto.presets:
        raise BadInput(f"{proto.name} has no preset {shown(preset)}", hint=f"presets: {', '.join(proto.presets)}")
    return found


def _example(var: Var) -> str:
    return spelled(var.enum[0]) if var.enum else "…"


def check_value(name: str, var: Var, value: str, formula: str) -> None:
    """Check that a variable may have a value.

    Raises:
        BadInput: it may not.
    """
    where = f"{var.origin or formula}: {name}"
    allowed = [spelled(each) for each in var.enum]
    if allowed and value not in allowed:
        raise BadInput(f"{where} cannot be {shown(value)}", hint=f"one of {', '.join(allowed)}")
    # `$` also matches before a newline at the very end, but with one more there only after what was given.
    tried = value + "\n" if value.endswith("\n") else value
    if var.pattern and not _is_matched(where, var.pattern, value, tried):
        raise BadInput(f"{where} cannot be {shown(value)}", hint=f"it has to match {var.pattern}")
    if var.type in {"int", "integer", "number"} and re.fullmatch(r"[+-]?\d{1,18}", value) is None:
        raise BadInput(f"{where} cannot be {shown(value)}", hint="it has to be a whole number")
    if var.type in {"bool", "boolean"} and value.lower() not in _TRUE | FALSY - {""}:
        raise BadInput(f"{where} cannot be {shown(value)}", hint="it has to be true or false")


def _is_matched(where: str, pattern: str, value: str, tried: str) -> bool:
    try:
        longest = reach(pattern).longest
    except BadInput as error:
        raise BadInput(f"{where}: the pattern {error.message}") from error
    if len(tried) > longest:
        raise BadInput(
            f"{where} cannot be {shown(value)}: it has {len(value)} characters",
            hint=f"at most {longest} can be tried on {pattern}",
        )
    return re.search(pattern, tried) is not None


# ---------------------------------------------------------------------------------------------- filling in


def rendered(proto: Proto, values: Mapping[str, str]) -> tuple[ProtoStep, ...]:
    """The steps of a pouring: those whose conditions hold, every variable filled in.

    Raises:
        BadInput: a text names a variable that has no value, or what opens a gate is no condition with it; the message
            says where.
    """
    kept = _kept(proto, values)
    known = {step.id for step in kept}
    found = tuple(_filled(step, values) for step in kept)
    for step in found:
        check_conditions(step, known)
    return found


def check_conditions(step: ProtoStep, known: Collection[str]) -> None:
    """Check what opens a step's gates or ends its loops; what has a variable is checked once that is filled in.

    Args:
        step: The step.
        known: The steps there are.

    Raises:
        BadInput: it is no condition, or about a step that is not there.
    """
    texts = [gate.await_id or gate.id for gate in step.gates if gate.type == "condition"]
    for text in (*texts, *(each.until for each in step.rounds)):
        if not variables_in(text):
            try:
                check(text, known)
            except BadInput as error:
                raise BadInput(f"{step.origin}: step {shown(step.id)}: {error.message}", hint=error.hint) from error


def _kept(proto: Proto, values: Mapping[str, str]) -> Sequence[ProtoStep]:
    """Steps that are not left out; what waited for one that is waits for what that one waited for."""
    preset = values.get(PRESET, "") if proto.presets else ""
    dropped: dict[str, tuple[str, ...]] = {}
    for step in proto.steps:
        is_chosen = not preset or not step.presets or preset in step.presets
        if step.parent in dropped or not is_chosen or not all(holds(each, values) for each in step.conditions):
            dropped[step.id] = step.needs
    if not dropped:
        return proto.steps
    return [
        replace(
            step,
            needs=tuple(dict.fromkeys(_bridged(step.needs, dropped))),
            needs_failed=tuple(need for need in step.needs_failed if need not in dropped),
            waits_for="" if step.spawner in dropped else step.waits_for,
            spawner="" if step.spawner in dropped else step.spawner,
        )
        for step in proto.steps
        if step.id not in dropped
    ]


def _bridged(needs: Iterable[str], dropped: Mapping[str, tuple[str, ...]]) -> list[str]:
    found: list[str] = []
    seen: set[str] = set()
    front = list(needs)
    while front:
        need = front.pop(0)
        if need in seen:
            continue
        seen.add(need)
        if need in dropped:
            front = [*dropped[need], *front]
        else:
            found.append(need)
    return found


def _filled(step: ProtoStep, values: Mapping[str, str]) -> ProtoStep:
    def put(text: str) -> str:
        return filled(text, values, step.origin, step.id)

    work = {key: each for key, each in step.metadata.items() if key != "run"}
    metadata: dict[str, Any] = deep(work, put)
    if isinstance(step.metadata.get("run"), str):
        metadata["run"] = command(step.metadata["run"], values, step)
    texts = {name: put(getattr(step, name)) for name in _TEXTS}
    gates = tuple(
        Gate(type=put(g.type), id=put(g.id), await_id=put(g.await_id), timeout=put(g.timeout)) for g in step.gates
    )
    return replace(step, **texts, labels=tuple(map(put, step.labels)), metadata=metadata, gates=gates)


def filled(text: str, values: Mapping[str, str], origin: str, step: str = "") -> str:
    """A text with its variables filled in, in one pass: a value is never looked into.

    Raises:
        BadInput: one has no value.
    """
    if "{{" not in text:
        return text
    text = chosen(text, values)
    for name in sorted(variables_in(text)):
        if name not in values:
            about = f": step {shown(step)}" if step else ""
            raise BadInput(f"{origin}{about}: the variable {name} has no value", hint=f"--var {name}=… gives it one")
    return known_filled(text, values)


def known_filled(text: str, values: Mapping[str, str]) -> str:
    """A text in which the variables that have values are filled in; others stay as they are."""
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


_AS_IT_STANDS = "${GT_VAR_%s}"
_IN_SINGLE = "'\"${GT_VAR_%s}\"'"
"""Single quotes keep a shell from filling in: left for a moment, and double ones keep the value whole."""
_SHELL_PART = re.compile(r"""'[^']*'|"(?:\\.|[^"\\])*"|\\.|(?<!\S)#[^\n]*|[^'"\\#]+|.""", re.DOTALL)
"""What is quoted either way, escaped, a comment, or neither."""


def command(text: str, values: Mapping[str, str], step: ProtoStep) -> str:
    """A command whose variables the shell itself fills in: a value is data there and never becomes part of the command.

    Raises:
        BadInput: a variable has no value.
    """
    text = chosen(text, values)
    names = sorted(variables_in(text))
    filled(text, values, step.origin, step.id)
    given = "".join(f"GT_VAR_{name}={shlex.quote(values[name])}\n" for name in names)

    def put(part: str, form: str) -> str:
        return PLACEHOLDER.sub(lambda match: form % match[1] if match[1] in names else match[0], part)

    def in_its_quotes(match: re.Match[str]) -> str:
        return put(match[0], _IN_SINGLE if match[0].startswith("'") else _AS_IT_STANDS)

    # Quotes mean nothing in the text a `<<` brings.
    return given + (put(text, _AS_IT_STANDS) if "<<" in text else _SHELL_PART.sub(in_its_quotes, text))


_INNER_SHELL = re.compile(
    r"""(?<![\w-])(?:(?:ba|da|k|z)?sh(?:[ \t]+-\w+)*?[ \t]+-\w*c\w*|(?:python|perl|ruby|node)[\d.]*[ \t]+-[ce])[ \t]+"""
    r"""((?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\;|&])+)|(?<![\w-])eval[ \t]+([^\n;]+)""",
    re.DOTALL,
)
"""A command given to another reader of commands: its text, and what `eval` reads again."""
_IS_WHOLE = re.compile(rf"\"{PLACEHOLDER.pattern}\"|'{PLACEHOLDER.pattern}'").fullmatch
"""A variable that is the whole command in its quotes: there it is meant to be one."""


def read_again(proto: Proto) -> tuple[str, ...]:
    """Commands that put a variable into the text of another command, where its value is read as part of that."""
    found: list[str] = []
    for step in proto.steps:
        run = step.metadata.get("run")
        texts = [match[1] or match[2] for match in _INNER_SHELL.finditer(run)] if isinstance(run, str) else []
        names = sorted({name for text in texts if not _IS_WHOLE(text) for name in variables_in(text)})
        found += (
            f"{step.origin}: step {shown(step.id)}: run puts {{{{{name}}}}} into a command that is read anew, and its "
            "value becomes part of that; an argument after it keeps a value data"
            for name in names
        )
    return tuple(found)


def undeclared(proto: Proto) -> tuple[str, ...]:
    """Variables that texts name and nobody declared, with the place of the first use; pouring asks for them."""
    found: dict[str, str] = {}
    for step in proto.steps:
        texts = texts_in([step.metadata, *(getattr(step, name) for name in _TEXTS)])
        for name in sorted({name for text in texts for name in variables_in(text)}):
            if name not in proto.vars:
                found.setdefault(
                    name, f"{step.origin}: step {shown(step.id)}: {{{{{name}}}}} is not declared in [vars]"
                )
    return tuple(found.values())
