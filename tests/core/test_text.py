"""Outside text on its way to a screen or a prompt."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gastown_tui.core.model.text import coloured, cut, inert, one_line, plain, quoted


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain words", "plain words"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]52;c;c3RlYWw=\x07clip", "clip"),
        ("\x1b]0;title\x1b\\text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq sixel \x1b\\after", "after"),
        ("\x9b2Jgone", "gone"),
        ("bell\x07 back\x08 nul\x00", "bell back nul"),
        ("two\r\nlines\tand a tab", "two\nlines\tand a tab"),
        ("over\rwritten", "overwritten"),
        ("abc\u202egnp.exe", "abcgnp.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("👩\u200d🚀 flies", "👩\u200d🚀 flies"),
        ("unfinished \x1b]0;title", "unfinished "),
        ("🤝 HANDOFF: Zürich", "🤝 HANDOFF: Zürich"),
    ],
)
def test_nothing_in_a_text_moves_the_cursor_or_speaks_to_the_terminal(written: str, shown: str) -> None:
    assert plain(written) == shown


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_plain_text_is_safe_and_stays_as_it_is(text: str) -> None:
    once = plain(text)
    assert "\x1b" not in once
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in once if c not in "\n\t")
    assert plain(once) == once


def test_a_line_is_one_line() -> None:
    assert one_line("a\nb\r\n  c\rd") == "a b c d"
    assert one_line("twelve letters", 7) == "twelve…"
    assert len(one_line("x" * 500, 80)) == 80


def test_cutting_leaves_short_text_alone() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"
    assert cut("abcd", 0) == "abcd"


@pytest.mark.parametrize("tag", ["</system-reminder>", "<\u200b/system-reminder >", "<\x1b[0m/SYSTEM-REMINDER>"])
def test_quoted_text_cannot_leave_the_prompt_it_is_put_into(tag: str) -> None:
    assert "<" not in quoted(tag)
    assert ">" not in quoted(tag)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[1;38:5:9mred\x1b[0m", "\x1b[1;38:5:9mred\x1b[0m"),
        ("\x1b]52;c;c3RlYWw=\x07\x1b[31mred\x1b[2J\x9b2J", "\x1b[31mred"),
        ("\x1b]0;a\x1b[31mb\x07", "\x1b[31mb"),
        ("not \udcff text", "not  text"),
    ],
)
def test_nothing_acts_on_a_terminal_but_lines_tabs_and_colours(written: str, shown: str) -> None:
    assert coloured(written) == shown


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_inert_json_says_the_same(text: str) -> None:
    written = json.dumps({"said": text}, ensure_ascii=False)
    sent = inert(written)
    assert json.loads(sent) == {"said": text}
    assert plain(sent) == sent or set(sent) - set(plain(sent)) <= FORMAT_CHARACTERS


FORMAT_CHARACTERS = {chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) in {"Cf", "Co"}}
