"""Outside text made fit for a screen, a line or a prompt. What is stored stays as it was written."""

from __future__ import annotations

import re
import unicodedata

_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC and their text
    r"|\x9b[0-?]*[ -/]*[@-~]|[\x90\x98\x9d-\x9f][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # the same in C1
    r"|\x1b[ -/]*[0-~]"
)
_JOINERS = "\u200c\u200d"
"""Format characters that scripts and emoji need."""


def plain(text: str) -> str:
    """Text without terminal sequences, control and direction-changing characters; lines and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    text = _SEQUENCE.sub("", text.replace("\r\n", "\n"))
    return "".join(c for c in text if c in "\n\t" or c in _JOINERS or unicodedata.category(c) not in _UNSEEN)


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def one_line(text: str, limit: int = 0) -> str:
    """Plain text on a single line, runs of space made one; cut with an ellipsis beyond `limit` characters."""
    return cut(" ".join(plain(text.replace("\r", "\n")).split()), limit)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, an ellipsis for what is left out; 0 means no limit."""
    return text if not limit or len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def quoted(text: str) -> str:
    """Plain text that cannot open or close a tag of the prompt it is put into: `<` and `>` become look-alikes."""
    return plain(text).translate({ord("<"): "‹", ord(">"): "›"})
