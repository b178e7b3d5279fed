"""Regular expressions people write: whether trying one on a text is sure to end soon.

An expression is taken apart into its letters and which may follow which. Where a loop can read one text in two ways,
each further round doubles the ways to try: such an expression is refused. Where repeats merely stand side by side, the
tries grow as a power of the text's length, and so the text may only be so long.
"""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from gastown_tui.core.errors import BadInput

LONGEST = (20_000, 4_000, 800, 200)
"""Characters a text may have, by how many repeats beside one another can take the same letters."""

_AMBIGUOUS = "repeats what can be read in several ways, such as (a+)+, and may never end"
_INTRICATE = "is too intricate to be sure that it ends"
_SIDE_BY_SIDE = f"has more than {len(LONGEST) - 1} repeats side by side that take the same letters, and may never end"
_MAY_BE_EMPTY = "repeats what may be empty, and may never end"
_POSITIONS = 200
_FEW = 3
"""Rounds that are written out; more count as any number."""
_CATEGORY = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}
_LETTERS = frozenset({*map(chr, range(128)), "é", "ß", "中", "\u00a0", "٣", "😀"})

Letters = frozenset[str]


class Reach(msgspec.Struct, frozen=True):
    """What is known of an expression that may be tried."""

    longest: int
    """Characters a text may have."""


@lru_cache(maxsize=256)
def reach(pattern: str) -> Reach:
    """How long a text may be for an expression to be tried on it.

    Raises:
        BadInput: it is no regular expression, or one that may not end; the message is a sentence
            without its subject.
    """
    try:
        tree: Any = importlib.import_module("re._parser").parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise BadInput(f"is no regular expression: {error}") from error
    taken = _Taken(bool(tree.state.flags & re.IGNORECASE))
    try:
        taken.sequence(tree)
    except RecursionError as error:
        raise BadInput(_INTRICATE) from error
    if taken.is_ambiguous():
        raise BadInput(_AMBIGUOUS)
    beside = taken.side_by_side(tree)
    if beside >= len(LONGEST):
        raise BadInput(_SIDE_BY_SIDE)
    return Reach(LONGEST[beside])


class _Part(msgspec.Struct):
    """A piece of an expression: in how many ways it reads nothing, and the places it begins and ends with."""

    empty: int
    first: Counter[int]
    last: Counter[int]


class _Taken:
    """An expression taken apart."""

    def __init__(self, folds: bool) -> None:
        self._folds = folds
        self._letters: list[Letters] = []
        self._follow: dict[int, Counter[int]] = {}

    # -------------------------------------------------------------------------------------- which letter follows

    def sequence(self, tree: Iterable[Any]) -> _Part:
        """The places of a sequence, each with what may follow it."""
        found = _Part(1, Counter(), Counter())
        for operation, given in tree:
            found = self._joined(found, self._one(str(operation), given))
        return found

    def _one(self, operation: str, given: Any) -> _Part:
        if operation in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            return self._repeat(*given)
        if (bodies := _bodies(operation, given)) is not None:
            return self._either([self.sequence(body) for body in bodies])
        if operation in {"ASSERT", "ASSERT_NOT"}:
            self.sequence(given[1])
        if operation in {"ASSERT", "ASSERT_NOT", "AT"}:
            return _Part(1, Counter(), Counter())
        place = self._place(_letters(operation, given, folds=self._folds))
        if operation == "GROUPREF":
            self._follow[place][place] = 1
        return _Part(int(operation == "GROUPREF"), Counter({place: 1}), Counter({place: 1}))

    def _place(self, letters: Letters) -> int:
        if len(self._letters) >= _POSITIONS:
            raise BadInput(_INTRICATE)
        self._letters.append(letters)
        self._follow[len(self._letters) - 1] = Counter()
        return len(self._letters) - 1

    def _joined(self, left: _Part, right: _Part) -> _Part:
        for place, ways in left.last.items():
            for following, more in right.first.items():
                self._follow[place][following] += ways * more
        return _Part(
            min(2, left.empty * right.empty),
            left.first + _times(right.first, left.empty),
            right.last + _times(left.last, right.empty),
        )

    @staticmethod
    def _either(parts: Sequence[_Part]) -> _Part:
        found = _Part(0, Counter(), Counter())
        for part in parts:
            found = _Part(min(2, found.empty + part.empty), found.first + part.first, found.last + part.last)
        return found

    def _repeat(self, least: int, most: int, body: Any) -> _Part:
        narrow, wide = body.getwidth()
        is_fixed = least == most and narrow == wide and least * max(1, len(body)) <= 64
        nothing = _Part(1, Counter(), Counter())
        if is_fixed or most <= _FEW:
            found = nothing
            for _ in range(most - least):
                found = self._either([nothing, self._joined(self.sequence(body), found)])
            for _ in range(least):
                found = self._joined(self.sequence(body), found)
            return found
        found = self.sequence(body)
        if found.empty:
            raise BadInput(_MAY_BE_EMPTY)
        self._joined(found, found)
        return found if least else self._either([nothing, found])

    # -------------------------------------------------------------------------------------- two ways round

    def is_ambiguous(self) -> bool:
        """Whether a loop can read one text in two ways."""
        circles = {place: self._reached(place) for place in self._follow}
        done: set[int] = set()
        for start in self._follow:
            if start in done or start not in circles[start]:
                continue
            circle = {place for place in circles[start] if start in circles[place]}
            done |= circle
            if self._has_two_ways(start, circle):
                return True
        return False

    def _reached(self, start: int) -> set[int]:
        found: set[int] = set()
        front = [start]
        while front:
            for following in self._follow[front.pop()]:
                if following not in found and self._letters[following]:
                    found.add(following)
                    front.append(following)
        return found

    def _has_two_ways(self, start: int, circle: set[int]) -> bool:
        if any(self._follow[place][other] > 1 for place in circle for other in circle):
            return True
        before: dict[tuple[int, int], set[tuple[int, int]]] = {}
        front, seen = [(start, start)], {(start, start)}
        while front:
            pair = front.pop()
            for following in self._next(pair, circle):
                before.setdefault(following, set()).add(pair)
                if following not in seen:
                    seen.add(following)
                    front.append(following)
        front, back = [(start, start)], {(start, start)}
        while front:
            for pair in before.get(front.pop(), ()):
                if pair not in back:
                    back.add(pair)
                    front.append(pair)
        return any(left != right for left, right in back)

    def _next(self, pair: tuple[int, int], circle: set[int]) -> Iterator[tuple[int, int]]:
        for left in self._follow[pair[0]]:
            for right in self._follow[pair[1]]:
                if left in circle and right in circle and self._letters[left] & self._letters[right]:
                    yield left, right

    # -------------------------------------------------------------------------------------- repeats side by side

    def side_by_side(self, tree: Any) -> int:
        """How many repeats beside one another can take the same letters, at most."""
        deepest = 0
        open_: list[Letters] = []
        for letters, least, varies in self._items(tree):
            if varies:
                deepest = max(deepest, 1 + sum(bool(each & letters) for each in open_))
            if least:
                open_ = [each for each in open_ if each & letters]
            if varies:
                open_.append(letters)
        return max([deepest, *(self.side_by_side(body) for body in _inner(tree))])

    def _items(self, tree: Iterable[Any]) -> Iterator[tuple[Letters, int, bool]]:
        for operation, given in tree:
            name = str(operation)
            if name in {"SUBPATTERN", "ATOMIC_GROUP"}:
                yield from self._items(given[-1] if name == "SUBPATTERN" else given)
            elif name.endswith("_REPEAT"):
                narrow, wide = given[2].getwidth()
                least = given[0] * narrow
                yield self._all(given[2]), least, least != given[1] * wide
            elif (bodies := _bodies(name, given)) is not None:
                widths = [body.getwidth() for body in bodies]
                narrow = min(each[0] for each in widths)
                every = frozenset[str]().union(*map(self._all, bodies))
                yield every, narrow, any(each != (narrow, narrow) for each in widths)
            elif name not in {"ASSERT", "ASSERT_NOT", "AT"}:
                is_back = name == "GROUPREF"
                yield _letters(name, given, folds=self._folds), int(not is_back), is_back

    def _all(self, tree: Iterable[Any]) -> Letters:
        return frozenset[str]().union(*(letters for letters, _, _ in self._items(tree)))


def _times(counted: Counter[int], ways: int) -> Counter[int]:
    return Counter({place: min(2, count * ways) for place, count in counted.items() if ways})


def _bodies(operation: str, given: Any) -> list[Any] | None:
    """What stands for one another; None when an operation has no sequences inside, or repeats or only looks at them."""
    match operation:
        case "SUBPATTERN":
            return [given[-1]]
        case "ATOMIC_GROUP":
            return [given]
        case "BRANCH":
            return list(given[1])
        case "GROUPREF_EXISTS":
            return [given[1], given[2]] if given[2] is not None else [given[1], given[1][:0]]
    return None


def _inner(tree: Iterable[Any]) -> Iterator[Any]:
    """The sequences one level down."""
    for operation, given in tree:
        name = str(operation)
        if name.endswith("_REPEAT"):
            yield given[2]
        elif name in {"ASSERT", "ASSERT_NOT"}:
            yield given[1]
        else:
            yield from _bodies(name, given) or ()


def _letters(operation: str, given: Any, *, folds: bool) -> Letters:
    found = _plain_letters(operation, given)
    if not folds:
        return found
    return frozenset(each for letter in found for each in (letter, *letter.lower(), *letter.upper()))


def _plain_letters(operation: str, given: Any) -> Letters:
    match operation:
        case "LITERAL":
            return frozenset({chr(given)})
        case "NOT_LITERAL":
            return _LETTERS - {chr(given)}
        case "RANGE":
            low, high = given
            return frozenset({each for each in _LETTERS if low <= ord(each) <= high} | {chr(low), chr(high)})
        case "CATEGORY":
            _, _, name = str(given).partition("_")
            sign = _CATEGORY.get(name.removeprefix("NOT_"), r"[\s\S]")
            sign = sign.upper() if "NOT_" in name else sign
            return frozenset(each for each in _LETTERS if re.fullmatch(sign, each))
        case "IN":
            parts = [_plain_letters(str(each), what) for each, what in given if str(each) != "NEGATE"]
            every = frozenset[str]().union(*parts)
            return _LETTERS - every if str(given[0][0]) == "NEGATE" else every
        case "FAILURE":
            return frozenset()
    return _LETTERS
