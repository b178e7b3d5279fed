"""Terminal text to strips: colours are kept, every other control sequence is dropped.

Terminals carry colours over line ends, so each line is read from the state the one before it left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from gastown_tui.widgets.pieces import width_of

LONGEST_LINE = 4_000
"""Characters of a line that are looked at; no terminal is wider."""

_CONTROL = re.compile(
    r"(?:\x1b\[|\x9b)([0-9;:]*)m"  # colours and the like: the one thing kept
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*(?:[@-~]|$)"  # cursor, modes, and a sequence cut off at the end
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$|(?=\x1b))"  # titles, links, clipboard
    r"|\x1b[ -/]*[0-~]?"  # character sets and the rest
    "|[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)

_DEFAULT = -1
_TRUE_COLOUR = 1 << 24

_ATTRIBUTES = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_BITS = {code: 1 << nth for nth, code in enumerate(_ATTRIBUTES)}
_ENDS = {22: _BITS[1] | _BITS[2], 23: _BITS[3], 24: _BITS[4], 27: _BITS[7], 29: _BITS[9]}


class Pen(NamedTuple):
    """What a terminal paints with at some point of its text."""

    ink: int = _DEFAULT
    """A palette index, or red, green and blue above bit 24; -1 is the default."""
    ground: int = _DEFAULT
    attributes: int = 0


PLAIN = Pen()
"""A terminal after a reset."""


def screen_strips(lines: Iterable[str], pen: Pen = PLAIN) -> list[Strip]:
    """The lines of a screen, top to bottom; lines seen before cost one look-up each."""
    strips = []
    for line in lines:
        strip, pen = line_strip(line, pen)
        strips.append(strip)
    return strips


@lru_cache(maxsize=2048)
def line_strip(line: str, pen: Pen = PLAIN) -> tuple[Strip, Pen]:
    """One line as a strip of its own width, and the pen the next line starts with.

    Colours of the terminal's palette stay palette colours; defaults stay open, for the widget to fill in.
    """
    segments: list[Segment] = []
    column = 0
    # The pattern has one group, so texts stand at even places and colour codes (or None) between them.
    for nth, part in enumerate(_CONTROL.split(line[:LONGEST_LINE])):
        if nth % 2:
            if part is not None:
                pen = _turn(pen, part)
        elif part:
            text = _untabbed(part, column) if "\t" in part else part
            segments.append(Segment(text, style_of(pen)))
            column += width_of(text)
    return Strip(segments), pen


@lru_cache(maxsize=4096)
def style_of(pen: Pen) -> Style:
    """A pen as a Rich style."""
    set_bits = {name: True for code, name in _ATTRIBUTES.items() if pen.attributes & _BITS[code]}
    return Style(color=_colour(pen.ink), bgcolor=_colour(pen.ground), **set_bits)  # type: ignore[arg-type]


def _colour(value: int) -> Color | None:
    if value == _DEFAULT:
        return None
    if value >= _TRUE_COLOUR:
        return Color.from_rgb(value >> 16 & 255, value >> 8 & 255, value & 255)
    return Color.from_ansi(value)


def _untabbed(text: str, column: int) -> str:
    parts = []
    for nth, part in enumerate(text.split("\t")):
        if nth:
            spaces = 8 - column % 8
            parts.append(" " * spaces)
            column += spaces
        parts.append(part)
        column += width_of(part)
    return "".join(parts)


@lru_cache(maxsize=4096)
def _turn(pen: Pen, parameters: str) -> Pen:
    """The pen after one SGR sequence (ECMA-48 8.3.117; colours as in ISO 8613-6, with `;` or `:`)."""
    ink, ground, attributes = pen
    fields = parameters.split(";")
    while fields:
        code, *parts = _numbers(fields.pop(0))
        if code == 0:
            ink, ground, attributes = PLAIN
        elif code == 4 and parts[:1] == [0]:
            attributes &= ~_BITS[4]
        elif code in _BITS:
            attributes |= _BITS[code]
        elif code == 21:
            attributes |= _BITS[4]
        elif code in _ENDS:
            attributes &= ~_ENDS[code]
        elif code in (38, 48, 58):
            colour = _extended(parts) if parts else _extended_from(fields)
            if colour is not None and code == 38:
                ink = colour
            elif colour is not None and code == 48:
                ground = colour
        elif 30 <= code <= 37 or 90 <= code <= 97:
            ink = code - 30 if code < 40 else code - 82
        elif 40 <= code <= 47 or 100 <= code <= 107:
            ground = code - 40 if code < 50 else code - 92
        elif code == 39:
            ink = _DEFAULT
        elif code == 49:
            ground = _DEFAULT
    return Pen(ink, ground, attributes)


def _numbers(field: str) -> list[int]:
    return [int(part[:4]) if part else 0 for part in field.split(":")]


def _extended(parts: list[int]) -> int | None:
    """A colour written with colons: `5:n`, `2:r:g:b` or `2:space:r:g:b`."""
    if parts[0] == 5 and len(parts) > 1:
        return parts[1] & 255
    if parts[0] == 2 and len(parts) >= 4:
        return _true_colour(parts[-3:] if len(parts) == 4 else parts[2:5])
    return None


def _extended_from(fields: list[str]) -> int | None:
    """A colour written with semicolons; takes its fields off the front."""
    kind = _numbers(fields.pop(0))[0] if fields else 0
    wanted = {5: 1, 2: 3}.get(kind, 0)
    values = [_numbers(field)[0] for field in fields[:wanted]]
    del fields[:wanted]
    if not wanted or len(values) < wanted:
        return None
    return values[0] & 255 if kind == 5 else _true_colour(values)


def _true_colour(values: list[int]) -> int:
    red, green, blue = (min(value, 255) for value in values)
    return _TRUE_COLOUR | red << 16 | green << 8 | blue
