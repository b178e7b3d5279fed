"""Keys of the room and the names a pane may be sent."""

from __future__ import annotations

import string

import pytest

from gastown_tui.core.rules.keystrokes import KeyPress, is_key_name, tmux_key


@pytest.mark.parametrize(
    "name",
    ["Enter", "C-c", "M-b", "Up", "S-Up", "C-S-Left", "C-M-S-Right", "F12", "BTab", "C-Space", "C-\\", "M-;", "DC"],
)
def test_keys_that_exist_may_be_pressed(name: str) -> None:
    assert is_key_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "y",
        "hello",
        "Entre",
        "S-Enter",
        "F13",
        "C-",
        "-",
        "C-C-a",
        "C-é",
        "S-a",
        "enter",
        "C-1",
        "M- ",
        "-l",
        "Up\n",
    ],
)
def test_anything_else_would_be_typed_as_text_and_is_refused(name: str) -> None:
    assert not is_key_name(name)


@pytest.mark.parametrize(
    ("key", "character", "expected"),
    [
        ("a", "a", KeyPress(text="a")),
        ("A", "A", KeyPress(text="A")),
        ("plus", "+", KeyPress(text="+")),
        ("space", " ", KeyPress(text=" ")),
        ("é", "é", KeyPress(text="é")),
        ("rocket", "🚀", KeyPress(text="🚀")),
        ("semicolon", ";", KeyPress(text=";")),
        ("enter", "\r", KeyPress(name="Enter")),
        ("tab", "\t", KeyPress(name="Tab")),
        ("shift+tab", None, KeyPress(name="BTab")),
        ("backspace", "\x7f", KeyPress(name="BSpace")),
        ("escape", "\x1b", KeyPress(name="Escape")),
        ("delete", None, KeyPress(name="DC")),
        ("pageup", None, KeyPress(name="PPage")),
        ("f5", None, KeyPress(name="F5")),
        ("ctrl+c", "\x03", KeyPress(name="C-c")),
        ("ctrl+shift+c", None, KeyPress(name="C-c")),
        ("ctrl+@", "\x00", KeyPress(name="C-Space")),
        ("ctrl+space", None, KeyPress(name="C-Space")),
        ("ctrl+backslash", "\x1c", KeyPress(name="C-\\")),
        ("ctrl+right_square_bracket", "\x1d", KeyPress(name="C-]")),
        ("ctrl+underscore", "\x1f", KeyPress(name="C-_")),
        ("ctrl+slash", None, KeyPress(codes=(0x1F,))),
        ("ctrl+alt+left_square_bracket", None, KeyPress(codes=(0x1B, 0x1B))),
        ("ctrl+left", None, KeyPress(name="C-Left")),
        ("ctrl+shift+left", None, KeyPress(name="C-S-Left")),
        ("shift+up", None, KeyPress(name="S-Up")),
        ("alt+x", "x", KeyPress(name="M-x")),
        ("alt+X", "X", KeyPress(name="M-X")),
        ("alt+full_stop", None, KeyPress(name="M-.")),
        ("alt+hyphen_minus", None, KeyPress(name="M--")),
        ("alt+backspace", None, KeyPress(name="M-BSpace")),
        ("alt+enter", None, KeyPress(name="M-Enter")),
        ("shift+enter", None, KeyPress(name="M-Enter")),
        ("ctrl+enter", None, KeyPress(name="C-j")),
        ("ctrl+j", "\n", KeyPress(name="C-j")),
        ("ctrl+backspace", None, KeyPress(codes=(0x08,))),
        ("shift+backspace", None, KeyPress(name="BSpace")),
    ],
)
def test_a_key_of_the_room_becomes_what_a_terminal_would_send(
    key: str, character: str | None, expected: KeyPress
) -> None:
    assert tmux_key(key, character) == expected


@pytest.mark.parametrize("key", ["f20", "super+a", "<scroll-up>", "ctrl+1", "no_such_key", "ctrl+f13", ""])
def test_keys_no_terminal_knows_are_dropped(key: str) -> None:
    assert tmux_key(key, None) is None


def test_every_name_that_is_produced_may_be_pressed() -> None:
    bases = [
        *string.printable.strip(),
        "enter",
        "tab",
        "escape",
        "up",
        "home",
        "delete",
        "f1",
        "space",
        "full_stop",
        "at",
    ]
    held = ["", "shift+", "ctrl+", "alt+", "ctrl+alt+", "ctrl+shift+", "ctrl+alt+shift+"]
    pressed = [tmux_key(prefix + base, None) for prefix in held for base in bases]
    named = [press.name for press in pressed if press and press.name]
    assert len(named) > 200
    assert [name for name in named if not is_key_name(name)] == []
