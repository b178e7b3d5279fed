"""Outside text made fit for a screen, a line or a prompt. What is stored stays as it was written."""

from __future__ import annotations

import re

_SEQUENCE = (
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
    from unicodedata import category

    text = re.sub(_SEQUENCE, "", text.replace("\r\n", "\n"))
    return "".join(c for c in text if c in "\n\t" or c in _JOINERS or category(c) not in _UNSEEN)


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_COLOUR = r"(\x1b\[[0-9;:]*m)"
_ACTING = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
"""What a terminal acts on, or cannot be sent at all."""


def coloured(text: str) -> str:
    """Text in which a terminal finds nothing to act on but lines, tabs and colours."""
    if _is_harmless(text) or not re.search(_ACTING, text):
        return text
    return "".join(part if place % 2 else plain(part) for place, part in enumerate(re.split(_COLOUR, text)))


def inert(json: str) -> str:
    """JSON text that says the same, with what a terminal would act on spelled as escapes."""
    return json if _is_harmless(json) else re.sub(_ACTING, lambda found: f"\\u{ord(found[0]):04x}", json)


def _is_harmless(text: str) -> bool:
    """Whether text is ASCII with nothing but lines and tabs between its letters: told without a pattern."""
    return text.isascii() and text.replace("\n", "").replace("\t", "").isprintable()


def one_line(text: str, limit: int = 0) -> str:
    """Plain text on a single line, runs of space made one; cut with an ellipsis beyond `limit` characters."""
    return cut(" ".join(plain(text.replace("\r", "\n")).split()), limit)


def with_article(noun: str) -> str:
    """A noun after `a` or `an`, as its first letter sounds."""
    return f"{'an' if noun[:1].lower() in set('aeio') else 'a'} {noun}"


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, an ellipsis for what is left out; 0 means no limit."""
    return text if not limit or len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def quoted(text: str) -> str:
    """Plain text that cannot open or close a tag of the prompt it is put into: `<` and `>` become look-alikes."""
    return plain(text).translate({ord("<"): "‹", ord(">"): "›"})
