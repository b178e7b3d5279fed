"""How tmux is spoken to: names, targets and quoting, so that outside text stays text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.ids import shown
from gastown_tui.core.rules.keystrokes import is_key_name

_SESSION_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,119}")
_INCARNATION = re.compile(r"[A-Za-z0-9_-]{0,80}")
_UNTYPABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UNPASTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


# ---------------------------------------------------------------------------------------------- names and arguments


def session_target(name: str) -> str:
    """The target that means this session and no other; without `=` a longer name would do as well.

    Raises:
        BadInput: the name could mean something else to tmux, or would be silently changed by it.
    """
    if not _SESSION_NAME.fullmatch(name):
        raise BadInput(f"{shown(name)} cannot name a session", hint="use letters, digits, dashes and underscores")
    return f"={name}:"


def pane_target(name: str) -> str:
    """The target of the pane the agent runs in: the first of its session, whichever a person has made active."""
    return session_target(name) + "0.0"


def incarnation(text: str) -> str:
    """Check a `GT_SESSION` value.

    Raises:
        BadInput: it is not letters, digits, dashes and underscores.
    """
    if not _INCARNATION.fullmatch(text):
        raise BadInput(f"{shown(text)} cannot be a GT_SESSION", hint="use letters, digits, dashes and underscores")
    return text


def argument(text: str) -> str:
    """An argument of a tmux command line; tmux takes a last `;` for the end of the command."""
    return text[:-1] + "\\;" if text.endswith(";") else text


def joined(commands: Iterable[Sequence[str]]) -> list[str]:
    """Several commands as one command line."""
    line: list[str] = []
    for command in commands:
        line += [";"] if line else []
        line += map(argument, command)
    return line


_ESCAPES = {
    **{code: f"\\{code:03o}" for code in (*range(32), 0x7F)},
    **{ord(character): f"\\{letter}" for character, letter in zip("\n\r\t\x1b", "nrte", strict=True)},
    **{ord(character): f"\\{character}" for character in '\\"$~'},
}
"""What tmux's parser would see something in between double quotes; a leading tilde is a home directory even there."""


def wire_line(command: Sequence[str]) -> str:
    """A command as one line of control mode, every argument quoted."""
    return " ".join([f'"{part.translate(_ESCAPES)}"' for part in command]) + "\n"


def key_names(keys: Sequence[str]) -> tuple[str, ...]:
    """Check names of keys.

    Raises:
        BadInput: one is no key; tmux would type it as text.
    """
    for key in keys:
        if not is_key_name(key):
            raise BadInput(
                f"{shown(key)} is no key", hint="use names such as Enter, C-c or Up; text is typed, not pressed"
            )
    return tuple(keys)


def typable(text: str) -> str:
    """Check text that is to be typed.

    Raises:
        BadInput: it has control characters, which would act as keys.
    """
    if found := _UNTYPABLE.search(text):
        raise BadInput(
            f"text to type has the control character {shown(found[0])}", hint="paste several lines, press keys by name"
        )
    return text


def pastable(text: str) -> str:
    """Text as it may be pasted: line feeds and tabs stay, whatever could end a bracketed paste goes."""
    return _UNPASTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def inside(variable: str, socket: str) -> bool:
    """Whether `$TMUX` says that its terminal is in the server on this socket."""
    return variable.split(",", 1)[0] == socket
