"""Reading and writing one line of `issues.jsonl`, in every dialect, byte for byte where nothing changed."""

from __future__ import annotations

from typing import Any

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.bead import FIELDS, Bead

_STRICT = msgspec.json.Decoder(Bead)
_LOOSE = msgspec.json.Decoder()
_KNOWN = frozenset(FIELDS)
_ESCAPES = (
    (b"<", b"\\u003c"),
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
)


def decode_bead(line: bytes | str) -> Bead:
    """Read one line, leniently where older or foreign writers differ.

    Raises:
        BadInput: the line is not a JSON object with a textual `id`.
    """
    try:
        return _STRICT.decode(line)
    except msgspec.DecodeError:
        pass
    try:
        record = _LOOSE.decode(line)
    except msgspec.DecodeError as error:
        raise BadInput(f"not JSON: {error}") from error
    if not isinstance(record, dict) or not isinstance(record.get("id"), str) or not record["id"]:
        raise BadInput("not a bead: no id")
    return _lenient(record)


def encode_bead(bead: Bead) -> bytes:
    """A bead as other beads programs write it: their key order, compact, `<>&` and line separators escaped."""
    line = msgspec.json.encode(bead)
    for raw, escaped in _ESCAPES:
        if raw in line:
            line = line.replace(raw, escaped)
    return line


def _lenient(record: dict[str, Any]) -> Bead:
    known = {key: value for key, value in record.items() if key in _KNOWN and value is not None}
    known.setdefault("title", "")
    known.setdefault("priority", 0)
    known.setdefault("created_at", "")
    known.setdefault("updated_at", known["created_at"])
    while True:
        try:
            return msgspec.convert(known, Bead, strict=False)
        except msgspec.ValidationError as error:
            known.pop(_culprit(str(error), known))


def _culprit(message: str, known: dict[str, Any]) -> str:
    path = message.rpartition("`$.")[2].rstrip("`")
    name = path.split(".", 1)[0].split("[", 1)[0]
    return name if name in known else next(reversed(known))
