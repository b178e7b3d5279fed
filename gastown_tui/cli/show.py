"""Results on standard output, everything else on standard error; text for people, JSON for programs."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from gastown_tui.cli.exits import code_of
from gastown_tui.core.errors import GastownError
from gastown_tui.core.verbs.declare import Receipt

_ESCAPES = ((b"<", b"\\u003c"), (b">", b"\\u003e"), (b"&", b"\\u0026"))
_PERHAPS_ACTING = (b"\x7f", b"\xc2", b"\xe2\x80", b"\xe2\x81")
"""How what a terminal acts on begins in JSON; looking for these costs next to nothing."""
_LONGEST_MESSAGE = 1000


def as_json(value: Any) -> bytes:
    """A value as the documents' clients read it: two spaces of indent, `<>&` and what a terminal acts on escaped."""
    data = msgspec.json.format(msgspec.json.encode(value), indent=2)
    for raw, escaped in _ESCAPES:
        if raw in data:
            data = data.replace(raw, escaped)
    return _inert(data) + b"\n"


def _inert(json: bytes) -> bytes:
    """The same JSON with what a terminal acts on escaped."""
    if any(lead in json for lead in _PERHAPS_ACTING):
        from gastown_tui.core.model.text import inert

        return inert(json.decode()).encode()
    return json


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
    elif text := receipt.brief() if quiet else receipt.text():
        show_text(text)
    for line in receipt.follow(json=json):
        _write(_inert(line.encode()) + b"\n" if json else _fit(line))
    return receipt.code()


def show_error(error: GastownError, *, json: bool) -> int:
    """Say what went wrong in one line, and what to do about it in another; return the exit code."""
    from gastown_tui.core.model.text import cut, plain

    lines = (" ".join(plain(text).splitlines()) for text in (error.message, error.hint))
    message, hint = (cut(line, _LONGEST_MESSAGE) for line in lines)
    complain(f"Error: {message}")
    if hint:
        complain(f"Hint: {hint}")
    if json:
        said = {"error": message} | ({"hint": hint} if hint else {})
        _write(as_json(said))
    return code_of(error)


def show_text(text: str) -> None:
    """Print a page."""
    _write(_fit(text))


def complain(line: str) -> None:
    """One line on standard error."""
    try:
        sys.stderr.buffer.write(_fit(line))
        sys.stderr.buffer.flush()
    except (OSError, AttributeError, ValueError):
        pass


def _fit(text: str) -> bytes:
    """Text as a terminal may have it: from whomever it comes, nothing in it but lines, tabs and colours acts."""
    if not (text.isascii() and text.replace("\n", "").isprintable()):
        from gastown_tui.core.model.text import coloured

        text = coloured(text)
    return f"{text}\n".encode()


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
