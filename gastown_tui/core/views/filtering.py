"""The one small filter language of every list: words, `field:value`, `age>10m`, each inverted by a leading `!`.

What holds spaces stands in quotation marks: `"two words"`, `title:"two words"`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt

import msgspec

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_WORD = re.compile(r'(?:[^\s"]|"[^"]*(?:"|$))+')
_COMPARED = re.compile(r"([a-z_]+)(<=|>=|<|>)(.*)")
_AMOUNT = re.compile(r"p?(\d{1,9})([smhdw]?)")
COMPARE: Mapping[str, Callable[[int, int], bool]] = {"<": lt, ">": gt, "<=": le, ">=": ge}
"""What the signs between a field and a number mean."""


class Term(msgspec.Struct, frozen=True):
    """One condition; a row passes when every term holds."""

    inverted: bool
    field: str
    """Empty: the word may stand anywhere in the row."""
    value: str
    relation: str = ":"
    """`:` contains; `<`, `>`, `<=` and `>=` compare numbers and ages."""


def parse(text: str) -> tuple[Term, ...]:
    """Read a filter; every text is one, so nothing is ever refused."""
    return tuple(_term(word) for word in _WORD.findall(text))


def _term(word: str) -> Term:
    inverted = word.startswith("!") and len(word) > 1
    bare = word[1:] if inverted else word
    plain = bare.replace('"', "").lower()
    if bare.startswith('"'):
        return Term(inverted, "", plain)
    if (compared := _COMPARED.fullmatch(plain)) is not None:
        return Term(inverted, compared[1], compared[3], compared[2])
    if ":" in bare.strip(":"):
        field, _, value = plain.partition(":")
        return Term(inverted, field, value)
    return Term(inverted, "", plain)


def matches(terms: tuple[Term, ...], row: Mapping[str, str]) -> bool:
    """Whether a row, given as its fields in words, passes every term.

    A field the row does not have never matches, so `!rig:api` keeps rows without a rig.
    """
    return all(_holds(term, row) is not term.inverted for term in terms)


def _holds(term: Term, row: Mapping[str, str]) -> bool:
    if term.relation != ":":
        value, limit = number(row.get(term.field, "")), number(term.value)
        return value is not None and limit is not None and COMPARE[term.relation](value, limit)
    if term.field:
        return term.value in row.get(term.field, "\0").lower()
    return any(term.value in value.lower() for value in row.values())


def number(text: str) -> int | None:
    """A count, or an age such as `10m` in seconds; None when it is neither."""
    found = _AMOUNT.fullmatch(text)
    return int(found[1]) * _UNITS.get(found[2], 1) if found else None
