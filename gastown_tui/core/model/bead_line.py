"""Reading and writing one line of `issues.jsonl`, in every dialect, byte for byte where nothing changed.

Where key orders, escapes and omissions differ between programs is recorded in `docs/decisions`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.bead import FIELDS, Bead, Comment, Dependency

_LOOSE = msgspec.json.Decoder()
_encode = msgspec.json.Encoder().encode
_KNOWN = frozenset(FIELDS)
_RANK = {key: rank for rank, key in enumerate(FIELDS)}
_NESTED: dict[str, type[msgspec.Struct]] = {"dependencies": Dependency, "comments": Comment}
_ESCAPES = (
    (b"<", b"\\u003c"),
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
)
DEEPEST = 100
"""How deep a bead's values may nest. What reads them must not depend on how much stack is left."""
_MARKS = rb'"(?:[^"\\]|\\.)*"|[{}\[\]]'
_SPACED = rb'\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s'


@cache
def _strict() -> msgspec.json.Decoder[Bead]:
    """Made when first wanted: it takes as long as reading a thousand beads."""
    return msgspec.json.Decoder(Bead)


def decode_beads(lines: bytes) -> list[Bead]:
    """Read many lines at once.

    Raises:
        msgspec.DecodeError: one of them needs `decode_bead` and its leniency.
    """
    return _strict().decode_lines(lines)


def decode_bead(line: bytes | str) -> Bead:
    """Read one line, leniently where older or foreign writers differ.

    Raises:
        BadInput: the line is not a JSON object with a textual `id`, or nests too deep.
    """
    if is_deep(line):
        raise BadInput(f"nested deeper than {DEEPEST} levels")
    try:
        bead = _strict().decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    else:
        if bead.id:
            return bead
    try:
        record = _LOOSE.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"not JSON: {error}") from error
    if not isinstance(record, dict) or not isinstance(record.get("id"), str) or not record["id"]:
        raise BadInput("not a bead: no id")
    return _lenient(record)


def is_deep(json: bytes | str) -> bool:
    """Whether JSON text nests deeper than beads may."""
    text = json.encode(errors="replace") if isinstance(json, str) else json
    if text.count(b"{") + text.count(b"[") <= DEEPEST:
        return False
    depth = 0
    for mark in re.findall(_MARKS, text):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(mark, 0)
        if depth > DEEPEST:
            return True
    return False


def encode_bead(bead: Bead) -> bytes:
    """A bead as other beads programs write it: their key order, compact, `<>&` and line separators escaped."""
    return _escaped(_encode(bead))


def rewrite_line(origin: bytes, bead: Bead) -> bytes:
    """The line of a bead that came from another program, after it changed here.

    Everything that is as it was keeps its bytes: keys this program does not know, their order, the spelling of values,
    white space at both ends. Depends on the two arguments alone, so it does not matter how many steps led from one to
    the other.

    Args:
        origin: The line as it was read, without its newline.
        bead: What the bead is now.
    """
    before = decode_bead(origin)
    if before == bead:
        return origin
    parts = msgspec.json.decode(origin, type=dict[str, msgspec.Raw])
    style = _Style(origin, parts)
    written: dict[str, bytes] = {}
    for key, raw in parts.items():
        if key not in _KNOWN or getattr(before, key) == getattr(bead, key):
            written[key] = bytes(raw)
        elif (text := style.value(key, getattr(bead, key), raw)) is not None:
            written[key] = text
    for key in FIELDS:
        if key not in parts and (value := getattr(bead, key)) is not None and value != getattr(before, key):
            text = style.value(key, value, None)
            written = _inserted(written, key, text or b"null", is_alphabetical=style.is_alphabetical)
    return style.join(written)


class _Style:
    """How one line was written."""

    def __init__(self, origin: bytes, parts: dict[str, msgspec.Raw]) -> None:
        start, end = origin.index(b"{"), origin.rindex(b"}")
        self._edges = origin[:start] + b"{", origin[end:]
        self._comma, self._colon = (b", ", b": ") if re.match(_SPACED, origin) else (b",", b":")
        self._escape = not any(raw in origin for raw in (b"<", b">", b"&"))
        self._keeps_nulls = any(bytes(raw) == b"null" for raw in parts.values())
        keys = list(parts)
        self.is_alphabetical = len(keys) > 2 and keys == sorted(keys)

    def value(self, key: str, value: Any, raw: msgspec.Raw | None) -> bytes | None:
        """A changed value; None when its key is left out."""
        if value is None:
            return b"null" if self._keeps_nulls else None
        if key in _NESTED and value:
            return b"[" + self._comma.join(self._items(value, raw, _NESTED[key])) + b"]"
        return self._encoded(value)

    def join(self, written: dict[str, bytes]) -> bytes:
        """The whole line."""
        pairs = (_encode(key) + self._colon + value for key, value in written.items())
        return self._edges[0] + self._comma.join(pairs) + self._edges[1]

    def _items(self, values: tuple[Any, ...], raw: msgspec.Raw | None, kind: type[msgspec.Struct]) -> list[bytes]:
        known: list[tuple[Any, bytes]] = []
        for item in _each(raw):
            try:
                known.append((msgspec.convert(_LOOSE.decode(item), kind, strict=False), item))
            except (msgspec.ValidationError, msgspec.DecodeError):
                continue
        return [next((text for item, text in known if item == value), None) or self._encoded(value) for value in values]

    def _encoded(self, value: Any) -> bytes:
        text = _encode(value)
        return _escaped(text) if self._escape else text


def _each(raw: msgspec.Raw | None) -> list[bytes]:
    if raw is None:
        return []
    try:
        return [bytes(item) for item in msgspec.json.decode(raw, type=list[msgspec.Raw])]
    except msgspec.DecodeError:
        return []


def _inserted(written: dict[str, bytes], key: str, value: bytes, *, is_alphabetical: bool) -> dict[str, bytes]:
    """The same pairs with one more: behind the last key that comes before it in the order the line follows."""
    is_before: Callable[[str], bool]
    if is_alphabetical:
        is_before = key.__gt__
    else:
        rank = _RANK[key]
        nearest = max((_RANK[each] for each in written if _RANK.get(each, rank) < rank), default=-1)
        is_before = lambda each: _RANK.get(each) == nearest  # noqa: E731
    keys = list(written)
    at = max((place for place, each in enumerate(keys) if is_before(each)), default=-1) + 1
    if at == 0 and not is_alphabetical:
        at = min((place for place, each in enumerate(keys) if each in _RANK), default=len(keys))
    keys.insert(at, key)
    return {each: value if each == key else written[each] for each in keys}


def _escaped(line: bytes) -> bytes:
    for raw, escape in _ESCAPES:
        if raw in line:
            line = line.replace(raw, escape)
    return line


def _lenient(record: dict[str, Any]) -> Bead:
    known = {key: value for key, value in record.items() if key in _KNOWN and value is not None}
    while True:
        for key, default in (("title", ""), ("priority", 0), ("created_at", ""), ("updated_at", "")):
            known.setdefault(key, default)
        try:
            return msgspec.convert(known, Bead, strict=False)
        except msgspec.ValidationError as error:
            del known[culprit(str(error), known)]


def culprit(message: str, known: dict[str, Any]) -> str:
    """The key a failed conversion complains about; some key when it does not say."""
    path = message.rpartition("`$.")[2].rstrip("`")
    name = path.split(".", 1)[0].split("[", 1)[0]
    return name if name in known else next(reversed(known))
