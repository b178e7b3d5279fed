"""The small languages inside formulas: placeholders, ranges, patterns for steps, and conditions."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.formula import PLACEHOLDER
from gastown_tui.core.model.ids import shown

S = TypeVar("S", bound=msgspec.Struct)

NUMBER_LIMIT = 10**9
FALSY = frozenset({"", "false", "0", "no", "off"})

_FILLED = re.compile(r"(?<![{$])\{([A-Za-z_][A-Za-z0-9_.]*)\}(?!\})")
_SECTION = re.compile(
    r"\{\{#?if \.?([A-Za-z_][A-Za-z0-9_]*)\}\}((?:(?!\{\{#?if |\{\{else\}\}).)*?)"
    r"(?:\{\{else\}\}((?:(?!\{\{#?if |\{\{else\}\}).)*?))?\{\{(?:end|/if)\}\}",
    re.DOTALL,
)
_IF = re.compile(r"\{\{#?if \.?([A-Za-z_][A-Za-z0-9_]*)\}\}")
_DEPTH_LIMIT = 20
"""Sections inside each other."""
_CONDITION = re.compile(
    r"\s*(!?)\s*\{\{\.?([A-Za-z_][A-Za-z0-9_]*)\}\}\s*(?:(==|!=)\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"']\S*)))?\s*"
)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Fill `{name}` placeholders; those without a value, `{{name}}` and a shell's `${name}` stay as they are."""
    return _FILLED.sub(lambda match: values.get(match[1], match[0]), text) if "{" in text else text


def fill_struct(struct: S, values: Mapping[str, str], *, but: frozenset[str] = frozenset({"origin"})) -> S:
    """A record with the placeholders in all of its texts filled, however deep; fields in `but` are left alone."""
    kept = {key: getattr(struct, key) for key in but if hasattr(struct, key)}
    raw = deep(msgspec.to_builtins(struct), lambda text: fill(text, values))
    return msgspec.structs.replace(msgspec.convert(raw, type(struct)), **kept)


def deep(value: Any, change: Callable[[str], str]) -> Any:
    """Plain values with every text in them changed, keys apart."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: deep(each, change) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [deep(each, change) for each in value]
    return value


def texts_in(value: Any) -> Iterator[str]:
    """Every text in plain values, keys apart."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts_in(each)


def variables_in(text: str) -> set[str]:
    """Names of the `{{variables}}` a text asks for; dotted ones, which convoys use inside, apart."""
    found = {match[1] for match in PLACEHOLDER.finditer(text) if not match[0].startswith("{{.")}
    return found - {"else", "end"} if _has_section(text) else found


def names_in(text: str) -> set[str]:
    """Names of all variables a text looks at, those that only choose between its parts and dotted ones too."""
    asked = {match[1] for match in PLACEHOLDER.finditer(text)} | {match[1] for match in _IF.finditer(text)}
    return asked - {"else", "end"} if _has_section(text) else asked


def _has_section(text: str) -> bool:
    return "{{if " in text or "{{#if " in text


def chosen(text: str, values: Mapping[str, str]) -> str:
    """A text of which only those parts are left whose variable says so: `{{if v}}…{{else}}…{{end}}`, also nested."""
    for _ in range(_DEPTH_LIMIT):
        if not _has_section(text):
            break
        text = _SECTION.sub(lambda match: (match[2] if is_true(values.get(match[1], "")) else match[3]) or "", text)
    return text


def is_true(value: str) -> bool:
    """Whether a variable's value counts as yes."""
    return value.strip().lower() not in FALSY


def fits(pattern: str, step_id: str) -> bool:
    """Whether a step is meant by a pattern: its id, or a glob such as `*.draft` or `impl*`."""
    return pattern == step_id or fnmatchcase(step_id, pattern)


def is_glob(pattern: str) -> bool:
    """Whether a pattern may fit several steps."""
    return any(sign in pattern for sign in "*?[")


# ---------------------------------------------------------------------------------------------- ranges


def span(text: str, values: Mapping[str, str]) -> tuple[range, frozenset[str]]:
    """The numbers of `a..b`, both ends included, and the names of the variables they hang on.

    The ends are whole numbers, `{variables}`, `+ - * / ^` and parentheses.

    Raises:
        BadInput: it is not such a range, or its end lies before its beginning.
    """
    names = frozenset(match[1] for match in _FILLED.finditer(text))
    missing = sorted(names - set(values))
    if missing:
        raise BadInput(f"the range {shown(text)} needs a value for {', '.join(missing)}")
    first, dots, last = fill(text, values).partition("..")
    if not dots:
        raise BadInput(f"{shown(text)} is no range", hint="such as 1..10 or 1..2^{disks}-1")
    begin, end = _Sum(first, text).value(), _Sum(last, text).value()
    if end < begin:
        raise BadInput(f"the range {shown(text)} ends before it begins: {begin}..{end}")
    return range(begin, end + 1), names


_BINARY: dict[str, Callable[[int, int], int]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.floordiv, "^": pow,
}  # fmt: skip
_WEIGHT = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 3}
_TOKEN = re.compile(r"\s*(\d{1,10}|[-+*/^()])")


class _Sum:
    """A whole-number expression, read by precedence climbing."""

    def __init__(self, text: str, whole: str) -> None:
        self._whole = whole
        self._tokens: list[str] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None or len(self._tokens) > 100:
                raise self._wrong()
            self._tokens.append(match[1])
            at = match.end()

    def value(self) -> int:
        found = self._climb(1)
        if self._tokens:
            raise self._wrong()
        return found

    def _climb(self, weight: int) -> int:
        left = self._atom()
        while self._tokens and _WEIGHT.get(self._tokens[0], 0) >= weight:
            sign = self._tokens.pop(0)
            right = self._climb(_WEIGHT[sign] + (sign != "^"))
            if (sign == "/" and right == 0) or (sign == "^" and not 0 <= right <= 64):
                raise self._wrong()
            left = _BINARY[sign](left, right)
            if abs(left) > NUMBER_LIMIT:
                raise self._wrong()
        return left

    def _atom(self) -> int:
        token = self._tokens.pop(0) if self._tokens else ""
        if token == "(":
            found = self._climb(1)
            if not self._tokens or self._tokens.pop(0) != ")":
                raise self._wrong()
            return found
        if token == "-":
            return -self._climb(2)
        if token.isdecimal():
            return int(token)
        raise self._wrong()

    def _wrong(self) -> BadInput:
        return BadInput(
            f"{shown(self._whole)} is no range of whole numbers up to {NUMBER_LIMIT}",
            hint="such as 1..10 or 1..2^{disks}-1",
        )


# ---------------------------------------------------------------------------------------------- conditions of steps


def check_condition(text: str) -> None:
    """Check the condition of a step.

    Raises:
        BadInput: it is none.
    """
    if _CONDITION.fullmatch(text) is None:
        raise BadInput(
            f"{shown(text)} is no condition", hint="{{v}}, !{{v}}, {{v}} == x or {{v}} != x, v being a variable"
        )


def holds(text: str, values: Mapping[str, str]) -> bool:
    """Whether a step's condition holds; a variable without a value counts as empty, and so as false.

    Raises:
        BadInput: it is no condition.
    """
    check_condition(text)
    match = _CONDITION.fullmatch(text)
    assert match is not None
    is_negated, name, sign = match[1] == "!", match[2], match[3]
    value = values.get(name, "")
    if not sign:
        return is_true(value) is not is_negated
    wanted = next((each for each in match.groups()[3:] if each is not None), "")
    return ((value == wanted) is (sign == "==")) is not is_negated
