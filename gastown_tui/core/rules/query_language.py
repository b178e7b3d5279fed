"""The query language of `bd query`: comparisons joined by AND, OR, NOT and parentheses."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from fnmatch import fnmatchcase
from typing import NoReturn

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.bead import Bead, parent_of
from gastown_tui.core.model.ids import shown
from gastown_tui.core.model.times import epoch_ns, stamp
from gastown_tui.core.rules.bead_values import kind_meant, parse_priority, plain_setting
from gastown_tui.core.rules.queries import Claim
from gastown_tui.core.rules.typed_times import parse_time, shifted

_TOKEN = re.compile(
    r"\s*(?:(?P<paren>[()])|(?P<op>!=|>=|<=|=|>|<)|(?P<quoted>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')"
    r"|(?P<word>[^\s()=<>!\"']+))"
)
_DURATION = re.compile(r"(\d{1,6})([hdwmy])")
_ESCAPES = {"n": "\n", "t": "\t"}
_LENGTH_LIMIT = 4000
_DEPTH_LIMIT = 100

_TEXTS = {"title": "title", "description": "description", "desc": "description", "notes": "notes"}
_TIMES = {
    "created": "created_at",
    "created_at": "created_at",
    "updated": "updated_at",
    "updated_at": "updated_at",
    "started": "started_at",
    "closed": "closed_at",
    "closed_at": "closed_at",
    "due": "due_at",
    "defer": "defer_until",
}
_FLAGS = {"pinned": "pinned", "ephemeral": "ephemeral", "template": "is_template"}
_EXACT = {"assignee": "assignee", "owner": "owner", "mol_type": "mol_type"}
_PATTERNS = {"id": "id", "spec": "spec_id"}
_FURTHER = ("status", "priority", "type", "label", "labels", "parent", "has_metadata_key")
FIELDS = tuple(dict.fromkeys((*_FURTHER, *_TEXTS, *_TIMES, *_FLAGS, *_EXACT, *_PATTERNS)))


class Term(msgspec.Struct, frozen=True):
    """A comparison of one field."""

    field: str
    op: str
    value: str


class Not(msgspec.Struct, frozen=True):
    """The opposite."""

    of: Tree


class Both(msgspec.Struct, frozen=True):
    """All of these."""

    of: tuple[Tree, ...]


class Either(msgspec.Struct, frozen=True):
    """At least one of these."""

    of: tuple[Tree, ...]


Tree = Term | Not | Both | Either


def parse(text: str) -> Tree:
    """Read an expression. NOT binds closer than AND, AND closer than OR.

    Raises:
        BadInput: it cannot be read; the message names the place.
    """
    if len(text) > _LENGTH_LIMIT:
        raise BadInput(f"parsing query: longer than {_LENGTH_LIMIT} characters")
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str, int]] = []
        self._at = 0
        self._depth = 0
        place = 0
        text = text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None or match.lastgroup is None:
                raise BadInput(f"parsing query: unexpected {shown(text[place : place + 10])} at position {place + 1}")
            kind = match.lastgroup
            self._tokens.append((kind, match[kind], match.start(kind)))
            place = match.end()
        self._end = len(text)

    def whole(self) -> Tree:
        tree = self._either()
        if self._at < len(self._tokens):
            self._fail(f"unexpected {shown(self._tokens[self._at][1])}")
        return tree

    def _either(self) -> Tree:
        parts = [self._both()]
        while self._word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Tree:
        parts = [self._single()]
        while self._word("and"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _single(self) -> Tree:
        self._depth += 1
        if self._depth > _DEPTH_LIMIT:
            self._fail("nested too deeply")
        try:
            if self._word("not"):
                return Not(self._single())
            if self._take("paren", "("):
                tree = self._either()
                if not self._take("paren", ")"):
                    self._fail("expected ')'")
                return tree
            return self._term()
        finally:
            self._depth -= 1

    def _term(self) -> Term:
        field = (self._next("word", "a field name") or "").lower()
        if field not in FIELDS and not field.startswith("metadata."):
            self._at -= 1
            self._fail(f"unknown field {shown(field)}")
        op = self._next("op", "an operator (=, !=, <, <=, >, >=)")
        if self._at >= len(self._tokens) or self._tokens[self._at][0] not in {"word", "quoted"}:
            self._fail(f"expected a value after {field}{op}")
        kind, value, _ = self._tokens[self._at]
        self._at += 1
        return Term(field, op, _unquoted(value) if kind == "quoted" else value)

    def _word(self, word: str) -> bool:
        if self._at < len(self._tokens):
            kind, value, _ = self._tokens[self._at]
            if kind == "word" and value.lower() == word:
                self._at += 1
                return True
        return False

    def _take(self, kind: str, value: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at][:2] == (kind, value):
            self._at += 1
            return True
        return False

    def _next(self, kind: str, what: str) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != kind:
            self._fail(f"expected {what}")
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _fail(self, what: str) -> NoReturn:
        place = self._tokens[self._at][2] if self._at < len(self._tokens) else self._end
        raise BadInput(f"parsing query: {what} at position {place + 1}", hint=f"fields: {', '.join(FIELDS)}")


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text[1:-1])


def spelled(tree: Tree) -> str:
    """The expression with every grouping written out."""
    match tree:
        case Term(field, op, value):
            return f"{field}{op}{value}" if re.fullmatch(r"[\w.*@/:+-]+", value) else f'{field}{op}"{value}"'
        case Not(of):
            return f"NOT {spelled(of)}"
        case Both(of):
            return f"({' AND '.join(spelled(each) for each in of)})"
        case Either(of):
            return f"({' OR '.join(spelled(each) for each in of)})"


def mentions(tree: Tree, field: str) -> bool:
    """Whether a field occurs anywhere in the expression."""
    match tree:
        case Term(name, _, _):
            return name == field
        case Not(of):
            return mentions(of, field)
        case Both(of) | Either(of):
            return any(mentions(each, field) for each in of)


def claim(tree: Tree, now: datetime) -> Claim:
    """The expression as something true of a bead or not.

    Raises:
        BadInput: a value does not fit its field.
    """
    match tree:
        case Term():
            return _term_claim(tree, now)
        case Not(of):
            inner = claim(of, now)
            return lambda bead: not inner(bead)
        case Both(of):
            all_of = [claim(each, now) for each in of]
            return lambda bead: all(each(bead) for each in all_of)
        case Either(of):
            any_of = [claim(each, now) for each in of]
            return lambda bead: any(each(bead) for each in any_of)


def _term_claim(term: Term, now: datetime) -> Claim:
    field = term.field
    if field in _TIMES:
        return _time_claim(term, _TIMES[field], now)
    if field == "priority":
        return _compared(term, lambda bead: bead.priority, parse_priority(term.value))
    _only_equality(term)
    positive = _equality(term)
    return positive if term.op == "=" else lambda bead: not positive(bead)


def _only_equality(term: Term) -> None:
    if term.op not in {"=", "!="}:
        raise BadInput(f"evaluating query: {term.field} can only be compared with = and !=")


def _equality(term: Term) -> Claim:
    field, value = term.field, term.value
    lowered = value.lower()
    if field in _TEXTS:
        name = _TEXTS[field]
        if lowered == "none":
            return lambda bead: not getattr(bead, name)
        return lambda bead: lowered in (getattr(bead, name) or "").lower()
    if field in _FLAGS:
        wanted = _flag(term)
        return lambda bead: bool(getattr(bead, _FLAGS[field])) is wanted
    if field in _EXACT:
        name = _EXACT[field]
        return lambda bead: (getattr(bead, name) or "") == ("" if lowered == "none" else value)
    if field in _PATTERNS:
        name = _PATTERNS[field]
        return lambda bead: fnmatchcase(getattr(bead, name) or "", value.replace("[", "[[]"))
    return _further(field, value, lowered)


def _further(field: str, value: str, lowered: str) -> Claim:
    if field == "status":
        return lambda bead: bead.state == lowered
    if field == "type":
        kind = kind_meant(value)
        return lambda bead: bead.kind == kind
    if field in {"label", "labels"}:
        return lambda bead: not bead.labels if lowered == "none" else value in (bead.labels or ())
    if field == "parent":
        return lambda bead: (parent_of(bead) or "") == ("" if lowered == "none" else value)
    if field == "has_metadata_key":
        return lambda bead: isinstance(bead.metadata, dict) and value in bead.metadata
    key = field.removeprefix("metadata.")
    return lambda bead: plain_setting(bead, key) == value


def _flag(term: Term) -> bool:
    if term.value.lower() not in {"true", "false", "yes", "no", "1", "0"}:
        raise BadInput(f"evaluating query: {term.field} is true or false, not {shown(term.value)}")
    return term.value.lower() in {"true", "yes", "1"}


def _time_claim(term: Term, name: str, now: datetime) -> Claim:
    if term.value.lower() == "none":
        _only_equality(term)
        return lambda bead: bool(getattr(bead, name)) is (term.op == "!=")
    duration = _DURATION.fullmatch(term.value)
    then = shifted(now, -int(duration[1]), duration[2]) if duration else None
    try:
        text = stamp(then) if then is not None else parse_time(term.value, now)
    except BadInput as error:
        raise BadInput(f"evaluating query: {term.field}: {error.message}") from error
    limit = epoch_ns(text) or 0
    if term.op in {"=", "!="}:
        day = text[:10]
        wanted = term.op == "="
        return lambda bead: ((getattr(bead, name) or "")[:10] == day) is wanted
    return _compared(term, lambda bead: epoch_ns(getattr(bead, name)), limit)


_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


def _compared(term: Term, read: Callable[[Bead], int | None], limit: int) -> Claim:
    compare = _COMPARE[term.op]

    def holds(bead: Bead) -> bool:
        value = read(bead)
        return value is not None and compare(value, limit)

    return holds
