"""The one small filter language of every list: words, `field:value`, `age>10m`, each inverted by a leading `!`."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_AGE = re.compile(r"age([<>])(\d+)([smhd])")
_AGE_TEXT = re.compile(r"(\d+)([smhd])")


class Term(msgspec.Struct, frozen=True):
    """One condition; a row passes when every term holds."""

    inverted: bool
    field: str
    """Empty: the word may stand anywhere in the row."""
    value: str
    relation: str = ":"
    """`:` contains, `<` or `>` for ages in seconds."""


def parse(text: str) -> tuple[Term, ...]:
    """Read a filter; every text is one, so nothing is ever refused."""
    terms = []
    for word in text.split():
        inverted = word.startswith("!") and len(word) > 1
        bare = word[1:] if inverted else word
        if (age := _AGE.fullmatch(bare)) is not None:
            seconds = int(age[2]) * _UNITS[age[3]]
            terms.append(Term(inverted, "age", str(seconds), age[1]))
        elif ":" in bare.strip(":"):
            field, _, value = bare.partition(":")
            terms.append(Term(inverted, field.lower(), value.lower()))
        else:
            terms.append(Term(inverted, "", bare.lower()))
    return tuple(terms)


def matches(terms: tuple[Term, ...], row: Mapping[str, str]) -> bool:
    """Whether a row, given as its fields in words, passes every term.

    A field the row does not have never matches, so `!rig:api` keeps rows without a rig.
    """
    return all(_holds(term, row) is not term.inverted for term in terms)


def _holds(term: Term, row: Mapping[str, str]) -> bool:
    if term.relation in "<>":
        age = _seconds(row.get("age", ""))
        if age is None:
            return False
        return age > int(term.value) if term.relation == ">" else age < int(term.value)
    if term.field:
        return term.value in row.get(term.field, "\0").lower()
    return any(term.value in value.lower() for value in row.values())


def _seconds(age: str) -> int | None:
    found = _AGE_TEXT.fullmatch(age)
    return int(found[1]) * _UNITS[found[2]] if found else None
