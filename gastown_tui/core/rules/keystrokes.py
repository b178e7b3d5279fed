"""Keys as a terminal program understands them: which names are safe to press, and what a key of the room becomes.

tmux types an unknown key name as text, so only names listed here are ever sent.
"""

from __future__ import annotations

import re
import unicodedata

import msgspec

_FUNCTION_KEYS = frozenset(f"F{number}" for number in range(1, 13))
_SHIFTED = frozenset({"Up", "Down", "Left", "Right", "Home", "End", "PPage", "NPage", "IC", "DC"}) | _FUNCTION_KEYS
NAMED_KEYS = frozenset({"Enter", "Escape", "Tab", "BTab", "BSpace", "Space"}) | _SHIFTED
"""Keys that go by a name, without modifiers."""

_CONTROLLED = _SHIFTED | {"Space"}
_WITH_ALT = NAMED_KEYS - {"BTab", "Escape"}
_KEY_NAME = re.compile(r"(?P<modifiers>(?:[CMS]-)*)(?P<base>.+)", re.DOTALL)
_CONTROL_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz\\]^_")


class KeyPress(msgspec.Struct, frozen=True, kw_only=True):
    """One key on its way into a pane. Exactly one field is filled."""

    text: str = ""
    """Characters to type as they are."""
    name: str = ""
    """A key name `is_key_name` accepts."""
    codes: tuple[int, ...] = ()
    """Bytes to send, for keys that have no name."""


def is_key_name(name: str) -> bool:
    """Whether a name is a key that exists, such as `Enter`, `C-c`, `M-b`, `C-S-Up`; plain characters are text."""
    found = _KEY_NAME.fullmatch(name)
    if found is None:
        return False
    modifiers, base = found["modifiers"].replace("-", ""), found["base"]
    if len(set(modifiers)) != len(modifiers):
        return False
    if base in NAMED_KEYS:
        return (
            ("S" not in modifiers or base in _SHIFTED)
            and ("C" not in modifiers or base in _CONTROLLED)
            and ("M" not in modifiers or base in _WITH_ALT)
        )
    if not modifiers or "S" in modifiers or len(base) != 1:
        return False
    return base in _CONTROL_CHARACTERS if "C" in modifiers else "!" <= base <= "~"


_ROOM_NAMES = {
    "enter": "Enter",
    "return": "Enter",
    "escape": "Escape",
    "tab": "Tab",
    "backspace": "BSpace",
    "space": "Space",
    "delete": "DC",
    "insert": "IC",
    "pageup": "PPage",
    "pagedown": "NPage",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "home": "Home",
    "end": "End",
} | {f"f{number}": f"F{number}" for number in range(1, 13)}

_ROOM_PUNCTUATION = {
    "slash": "/",
    "backslash": "\\",
    "at": "@",
    "minus": "-",
    "plus": "+",
    "underscore": "_",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "circumflex_accent": "^",
}
_CONTROL_BYTES = {"[": 0x1B, "@": 0x00, "/": 0x1F, "?": 0x7F}
"""Control combinations a terminal knows as one byte but tmux has no reliable name for."""


def tmux_key(key: str, character: str | None) -> KeyPress | None:
    """What a key of the room becomes in an agent's pane; None for keys no terminal program would understand.

    Printable characters are typed. Shift and Alt with Enter become a new line (escape, return), as agents expect.

    Args:
        key: The room's name, such as `ctrl+shift+left` or `full_stop`.
        character: What it prints, when it prints anything.
    """
    *held, base = ["+"] if key == "+" else key.split("+")
    modifiers = set(held)
    if not modifiers <= {"ctrl", "alt", "shift"}:
        return None
    if character and character.isprintable() and not modifiers & {"ctrl", "alt"}:
        return KeyPress(text=character)
    if base in _ROOM_NAMES:
        return _named(_ROOM_NAMES[base], modifiers)
    return _lettered(base, modifiers)


def _named(base: str, modifiers: set[str]) -> KeyPress | None:
    if base == "Enter":
        return KeyPress(name="M-Enter" if modifiers & {"alt", "shift"} else "C-j" if modifiers else "Enter")
    if base == "Tab":
        return KeyPress(name="BTab") if modifiers == {"shift"} else _pressable("Tab", modifiers)
    if base == "BSpace" and "ctrl" in modifiers:
        return KeyPress(codes=(0x08,))
    if base not in _SHIFTED:
        modifiers = modifiers - {"shift"}
    return _pressable(base, modifiers)


def _lettered(base: str, modifiers: set[str]) -> KeyPress | None:
    letter = base if len(base) == 1 else _character(base)
    if not letter:
        return None
    if "ctrl" not in modifiers:
        return _pressable(letter, modifiers & {"alt"}) if modifiers else None
    if letter == "@" or letter == " ":
        return _pressable("Space", modifiers - {"shift"})
    if letter in _CONTROL_BYTES:
        escape = (0x1B,) if "alt" in modifiers else ()
        return KeyPress(codes=(*escape, _CONTROL_BYTES[letter]))
    return _pressable(letter.lower(), modifiers - {"shift"})


def _pressable(base: str, modifiers: set[str]) -> KeyPress | None:
    prefix = "".join(mark for word, mark in (("ctrl", "C-"), ("alt", "M-"), ("shift", "S-")) if word in modifiers)
    return KeyPress(name=prefix + base) if is_key_name(prefix + base) else None


def _character(name: str) -> str:
    """The character a room's key name stands for, `full_stop` being the Unicode name; empty when it is none."""
    if name in _ROOM_PUNCTUATION:
        return _ROOM_PUNCTUATION[name]
    for spelled in (name.replace("_", " "), name.replace("_", "-")):
        try:
            return unicodedata.lookup(spelled.upper())
        except KeyError:
            continue
    return ""
