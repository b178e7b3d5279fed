"""Results on standard output, everything else on standard error; text for people, JSON for programs."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from gastown_tui.cli.exits import code_of
from gastown_tui.core.errors import GastownError
from gastown_tui.core.verbs.declare import Receipt

_ESCAPES = (
    (b"<", b"\\u003c"),
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
)


def as_json(value: Any) -> bytes:
    """A value as the documents' clients read it: two spaces of indent, `<>&` and line separators escaped."""
    data = msgspec.json.format(msgspec.json.encode(value), indent=2)
    for raw, escaped in _ESCAPES:
        if raw in data:
            data = data.replace(raw, escaped)
    return data + b"\n"


def show(receipt: Receipt | None, *, json: bool, quiet: bool) -> int:
    """Print what a verb gave back and return its exit code."""
    if receipt is None:
        return 0
    if not quiet:
        for line in receipt.warnings():
            complain(line)
    value = receipt.data() if json else msgspec.UNSET
    if value is not msgspec.UNSET:
        _write(as_json(value))
    elif text := receipt.text():
        _write(f"{text}\n".encode(errors="replace"))
    for line in receipt.follow(json=json):
        _write(f"{line}\n".encode(errors="replace"))
    return receipt.code()


def show_error(error: GastownError, *, json: bool) -> int:
    """Say what went wrong in one line, and what to do about it in another; return the exit code."""
    complain(f"Error: {error.message}")
    if error.hint:
        complain(f"Hint: {error.hint}")
    if json:
        said = {"error": error.message} | ({"hint": error.hint} if error.hint else {})
        _write(as_json(said))
    return code_of(error)


def show_text(text: str) -> None:
    """Print a page."""
    _write(f"{text}\n".encode(errors="replace"))


def complain(line: str) -> None:
    """One line on standard error."""
    try:
        sys.stderr.buffer.write(f"{line}\n".encode(errors="replace"))
        sys.stderr.buffer.flush()
    except (BrokenPipeError, AttributeError, ValueError):
        pass


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
