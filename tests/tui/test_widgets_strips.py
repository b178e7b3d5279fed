"""Terminal text to strips."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color
from rich.style import Style

from gastown_tui.widgets.strips import PLAIN, Pen, line_strip, screen_strips, style_of


def painted(line: str, pen: Pen = PLAIN) -> list[tuple[str, Style]]:
    return [(segment.text, segment.style or Style()) for segment in line_strip(line, pen)[0]]


@pytest.mark.parametrize(
    ("code", "style"),
    [
        ("1", Style(bold=True)),
        ("2", Style(dim=True)),
        ("3", Style(italic=True)),
        ("4", Style(underline=True)),
        ("4:3", Style(underline=True)),
        ("21", Style(underline=True)),
        ("7", Style(reverse=True)),
        ("9", Style(strike=True)),
        ("1;3;31", Style(bold=True, italic=True, color=Color.from_ansi(1))),
        ("97", Style(color=Color.from_ansi(15))),
        ("44", Style(bgcolor=Color.from_ansi(4))),
        ("104", Style(bgcolor=Color.from_ansi(12))),
        ("38;5;208", Style(color=Color.from_ansi(208))),
        ("38:5:208", Style(color=Color.from_ansi(208))),
        ("48;2;10;20;30", Style(bgcolor=Color.from_rgb(10, 20, 30))),
        ("38:2:10:20:30", Style(color=Color.from_rgb(10, 20, 30))),
        ("38:2::10:20:30", Style(color=Color.from_rgb(10, 20, 30))),
        ("38;2;999;0;0", Style(color=Color.from_rgb(255, 0, 0))),
        ("58;5;3;1", Style(bold=True)),
        ("58:2::1:2:3;1", Style(bold=True)),
        ("38;5", Style()),
        ("38;2;1;2", Style()),
        ("38", Style()),
        ("999", Style()),
        ("", Style()),
    ],
)
def test_colours_and_attributes_are_kept(code: str, style: Style) -> None:
    assert painted(f"\x1b[{code}mtext") == [("text", style)]


@pytest.mark.parametrize("off", ["0", "", "22;23;24;27;29;39;49", "4:0;22;23;27;29;39;49"])
def test_what_was_switched_on_can_be_switched_off(off: str) -> None:
    assert painted(f"\x1b[1;2;3;4;7;9;31;42mon\x1b[{off}moff")[1] == ("off", Style())


@pytest.mark.parametrize(
    "unwanted",
    [
        "\x1b[2J",
        "\x1b[10;20H",
        "\x1b[?1049h",
        "\x1b[>4;2m",
        "\x1b[?25l",
        "\x1b]0;a title\x07",
        "\x1b]52;c;c3RlYWw=\x1b\\",
        "\x1b]8;;http://example.org\x1b\\",
        "\x1bP1$r0m\x1b\\",
        "\x1b_payload\x1b\\",
        "\x1b(B",
        "\x1b7",
        "\x1bc",
        "\x0e",
        "\x0f",
        "\x07",
        "\x08",
        "\r",
        "\x9b2J",
        "\x9d0;title\x9c",
        "\u202e",
        "\x7f",
    ],
)
def test_every_other_control_sequence_is_dropped(unwanted: str) -> None:
    strip, pen = line_strip(f"before{unwanted}after")
    assert strip.text == "beforeafter"
    assert pen == PLAIN


@pytest.mark.parametrize("cut_off", ["\x1b", "\x1b[", "\x1b[38;5", "\x1b]0;half a title", "\x1bPhalf"])
def test_a_sequence_cut_off_by_the_end_of_the_line_is_dropped(cut_off: str) -> None:
    assert line_strip(f"text{cut_off}")[0].text == "text"


def test_colours_are_carried_over_line_ends() -> None:
    first, second, third = screen_strips(["\x1b[31mred", "still red\x1b[0m", "plain"])
    red = Style(color=Color.from_ansi(1))
    assert [strip._segments[0].style for strip in (first, second, third)] == [red, red, Style()]


def test_a_line_seen_before_is_the_same_strip() -> None:
    lines = ["\x1b[32mgreen\x1b[0m", "plain"]
    for before, after in zip(screen_strips(lines), screen_strips([*lines]), strict=True):
        assert before is after


def test_the_same_line_after_another_colour_is_another_strip() -> None:
    assert line_strip("text")[0] is not line_strip("text", Pen(ink=1))[0]


def test_wide_and_combining_characters_take_the_cells_they_take() -> None:
    strip, _ = line_strip("日\x1b[31m本\x1b[0me\u0301 ok")
    assert strip.cell_length == 2 + 2 + 1 + 3
    assert strip.crop(0, 3).cell_length == 3
    assert strip.crop(0, 3).text == "日 "


def test_tabs_reach_the_next_stop_whatever_stands_before_them() -> None:
    assert line_strip("ab\tc")[0].text == "ab      c"
    assert line_strip("日\x1b[1m\tc")[0].text == "日      c"


def test_a_line_without_end_is_cut() -> None:
    assert line_strip("x" * 1_000_000)[0].cell_length == 4_000


def test_styles_of_one_pen_are_one_object() -> None:
    assert style_of(Pen(ink=3, attributes=1)) is style_of(Pen(ink=3, attributes=1))


@given(
    st.lists(st.text(alphabet="\x1b[]0123456789;:mHJ?>\\\x07\x9b\x9d\x9c\t ab日é\u0301\u202e", max_size=60), max_size=4)
)
def test_nothing_that_is_not_text_survives_whatever_comes(lines: list[str]) -> None:
    for strip in screen_strips(lines):
        assert all(character.isprintable() or character == "\u0301" for character in strip.text)
