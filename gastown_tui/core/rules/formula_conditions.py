"""Conditions about a molecule under way: what opens its gates and ends its open-ended loops.

`step.status == 'complete'`, `review.output.verdict == 'ok'`, `children(review).all(status == 'complete')`,
`steps.complete > 3`, `env.CI == 'true'` and `file.exists('x')`, joined by `and`, `or`, `not` and parentheses. What
cannot be told from the ledger (files, the environment) counts as not so.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.ids import shown

_TOKEN = re.compile(r"""\s*('[^']*'|"[^"]*"|==|!=|>=|<=|&&|\|\||[()!<>.,]|[A-Za-z0-9_-]+)""")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
}  # fmt: skip
_COMPLETE = frozenset({"complete", "completed", "closed", "done"})
_LENGTH_LIMIT = 1000
_DEPTH_LIMIT = 30


class StepState(msgspec.Struct, frozen=True, kw_only=True):
    """How far one step is, as conditions see it."""

    id: str
    status: str
    """`complete`, `failed`, or the bead's own status."""
    output: Mapping[str, Any] = {}
    """What the step put out: the `output` table of its bead's metadata."""
    parent: str = ""


class Situation(msgspec.Struct, frozen=True):
    """Everything a condition may ask about."""

    steps: Mapping[str, StepState]
    current: str = ""
    """The step `step` means."""


def is_so(text: str, now: Situation) -> bool:
    """Whether a condition holds.

    Raises:
        BadInput: it is no condition.
    """
    reader = _Reader(text, now)
    found = reader.any_of()
    reader.end()
    return bool(found)


def check(text: str, known: Collection[str] | None = None) -> None:
    """Check that a text is a condition.

    Args:
        text: What may be one.
        known: The steps there are; None when that does not matter.

    Raises:
        BadInput: it is none, or it is about a step that is not there.
    """
    reader = _Reader(text, Situation({}))
    reader.any_of()
    reader.end()
    unknown = [name for name in reader.named if known is not None and name not in known]
    if unknown:
        raise BadInput(f"the condition {shown(text)} is about {shown(unknown[0])}, and no step is called so")


class _Reader:
    def __init__(self, text: str, now: Situation) -> None:
        self._text = text
        self._now = now
        self._tokens: list[str] = []
        self._depth = 0
        self.named: list[str] = []
        """Steps it asks about by name."""
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None or len(text) > _LENGTH_LIMIT:
                raise self._wrong()
            self._tokens.append(match[1])
            at = match.end()

    def end(self) -> None:
        if self._tokens:
            raise self._wrong()

    def any_of(self) -> bool:
        self._depth += 1
        if self._depth > _DEPTH_LIMIT:
            raise self._wrong()
        found = self._all_of()
        while self._take("or", "||"):
            found = self._all_of() or found
        self._depth -= 1
        return found

    def _all_of(self) -> bool:
        found = self._one()
        while self._take("and", "&&"):
            found = self._one() and found
        return found

    def _one(self) -> bool:
        is_negated = False
        while self._take("not", "!"):
            is_negated = not is_negated
        if self._take("("):
            found = self.any_of()
            self._need(")")
        else:
            found = self._comparison()
        return found is not is_negated

    def _comparison(self) -> bool:
        left = self._value()
        sign = self._tokens[0] if self._tokens and self._tokens[0] in _COMPARE else ""
        if not sign:
            return bool(left)
        self._tokens.pop(0)
        return compared(left, sign, self._value())

    def _value(self) -> Any:
        token = self._word()
        if token[0] in "'\"":
            return token[1:-1]
        if re.fullmatch(r"-?\d{1,18}", token):
            return int(token)
        if token in {"children", "descendants", "steps"}:
            return self._group(token)
        if token == "file":
            return self._file()
        return self._path(token)

    def _path(self, first: str) -> Any:
        words = [first]
        while self._take("."):
            words.append(self._word())
        step, words = self._meant(words)
        match words:
            case ["status"]:
                return step.status if step else None
            case ["output", *keys]:
                return _inside(step.output if step else {}, keys)
            case ["env", _]:
                return None
        return first if len(words) == 1 else None

    def _meant(self, words: list[str]) -> tuple[StepState | None, list[str]]:
        """The step a path begins with, by its id, which may have dots; else the current one. And the rest."""
        at = next((at for at, word in enumerate(words) if at and word in {"status", "output"}), 0)
        if at and words[0] not in {"step", "output", "env"}:
            self.named.append(".".join(words[:at]))
        for end in range(len(words) - 1, 0, -1):
            if (named := ".".join(words[:end])) in self._now.steps and words[end] in {"status", "output"}:
                return self._now.steps[named], words[end:]
        here = self._now.steps.get(self._now.current)
        return here, words[1:] if words[0] == "step" else words

    def _file(self) -> bool:
        self._need(".")
        if self._word() != "exists":
            raise self._wrong()
        self._need("(")
        self._word()
        self._need(")")
        return False

    def _group(self, which: str) -> Any:
        about = ""
        if self._take("("):
            about = self._word().strip("'\"")
            while self._take("."):
                about += f".{self._word()}"
            self._need(")")
        if about not in {"", "step"}:
            self.named.append(about)
        self._need(".")
        verb = self._word()
        chosen = list(self._chosen(which, about))
        if verb in {"complete", "failed", "total"}:
            return len(chosen) if verb == "total" else sum(each.status == verb for each in chosen)
        if verb not in {"all", "any", "count"}:
            raise self._wrong()
        return self._each(verb, chosen)

    def _each(self, verb: str, chosen: list[StepState]) -> Any:
        self._need("(")
        rest, before = list(self._tokens), self._now
        answers: list[bool] = []
        left = rest
        for each in chosen or [StepState(id="", status="")]:
            self._tokens = list(rest)
            self._now = Situation(before.steps, each.id)
            answers.append(self.any_of())
            left = self._tokens
        self._now, self._tokens = before, left
        self._need(")")
        answers = answers if chosen else []
        return {"all": all(answers) and bool(answers), "any": any(answers), "count": sum(answers)}[verb]

    def _chosen(self, which: str, about: str) -> Iterable[StepState]:
        steps = self._now.steps
        if which == "steps":
            about = self._now.current if about == "step" else about
            return [steps[about]] if about in steps else [] if about else steps.values()
        around = self._now.current if about in {"", "step"} else about
        near = [each for each in steps.values() if each.parent == around]
        if which == "children":
            return near
        found: list[StepState] = []
        while near:
            each = near.pop(0)
            found.append(each)
            near += [other for other in steps.values() if other.parent == each.id and other not in found]
        return found

    def _take(self, *words: str) -> bool:
        if self._tokens and self._tokens[0] in words:
            self._tokens.pop(0)
            return True
        return False

    def _need(self, word: str) -> None:
        if not self._take(word):
            raise self._wrong()

    def _word(self) -> str:
        if not self._tokens or not (self._tokens[0][0].isalnum() or self._tokens[0][0] in "'\"_-"):
            raise self._wrong()
        return self._tokens.pop(0)

    def _wrong(self) -> BadInput:
        return BadInput(
            f"{shown(self._text)} is no condition", hint="such as step.status == 'complete' or steps.complete > 3"
        )


def compared(left: Any, sign: str, right: Any) -> bool:
    """Two values set side by side; unlike ones by their texts, and every word for done is the same."""
    if left is None or right is None:
        return sign == "!=" and left is not right
    if isinstance(left, bool) or isinstance(right, bool) or type(left) is not type(right):
        left, right = str(left).lower(), str(right).lower()
    if left in _COMPLETE and right in _COMPLETE:
        left = right
    return _COMPARE[sign](left, right)


def _inside(value: Any, keys: Iterable[str]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
