"""The room's colours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from gastown_tui import themes
from gastown_tui.core.model.outside import Screen as PaneLook
from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.inks import INKS
from gastown_tui.widgets.lines import Heading, Row
from gastown_tui.widgets.live_pane import LivePane
from gastown_tui.widgets.pieces import Bar, Piece
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.section import Section
from tests.tui.stage import STYLES, Stage, strips_of

OURS = list(themes.THEMES)
EVERY = [*OURS, *BUILTIN_THEMES.values()]
TINTED = [theme for theme in EVERY if not theme.ansi]
TERMINAL = [theme for theme in EVERY if theme.ansi]


def roles_of(theme: Theme) -> dict[str, str]:
    return {**themes.room_variables(theme), **theme.variables}


def name_of(theme: Theme) -> str:
    return theme.name


def test_the_contrast_of_black_on_white_is_21() -> None:
    assert themes.contrast(Color.parse("black"), Color.parse("white")) == pytest.approx(21)
    assert themes.contrast(Color.parse("#777777"), Color.parse("white")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", TINTED, ids=name_of)
def test_every_word_can_be_read_on_every_ground(theme: Theme) -> None:
    roles = roles_of(theme)
    poor = {
        (role, ground): round(ratio, 2)
        for role in themes.TEXT_ROLES
        for ground in themes.GROUNDS
        if (ratio := themes.contrast(Color.parse(roles[role]), Color.parse(roles[ground]))) < themes.TEXT_CONTRAST
    }
    assert not poor


@pytest.mark.parametrize("theme", TINTED, ids=name_of)
def test_what_stands_on_brass_and_on_agents_screens_can_be_read(theme: Theme) -> None:
    roles = roles_of(theme)
    pairs = [("on-brass", "brass"), ("live-ink", "live-ground"), ("live-ground", "live-cursor")]
    ratios = {pair: themes.contrast(Color.parse(roles[pair[0]]), Color.parse(roles[pair[1]])) for pair in pairs}
    assert not {pair: ratio for pair, ratio in ratios.items() if ratio < themes.TEXT_CONTRAST}


def test_the_high_contrast_theme_reaches_seven() -> None:
    roles = roles_of(themes.CONTRAST)
    words = [Color.parse(roles[role]) for role in themes.TEXT_ROLES]
    grounds = [Color.parse(roles[ground]) for ground in themes.GROUNDS]
    assert min(themes.contrast(word, ground) for word in words for ground in grounds) >= 7


@pytest.mark.parametrize("theme", OURS, ids=name_of)
def test_the_live_pane_has_the_darkest_ground(theme: Theme) -> None:
    roles = roles_of(theme)
    grounds = [Color.parse(roles[ground]).brightness for ground in themes.GROUNDS]
    assert Color.parse(roles["live-ground"]).brightness <= min(grounds)


@pytest.mark.parametrize("theme", OURS, ids=name_of)
def test_terminal_colours_can_be_read_on_agents_screens(theme: Theme) -> None:
    ground = Color.parse(theme.variables["live-ground"])
    readable = [*range(1, 8), *range(8, 16)]
    palette = [Color(*themes.LIVE_PALETTE.ansi_colors[index]) for index in readable]
    assert min(themes.contrast(colour, ground) for colour in palette) >= themes.TEXT_CONTRAST


@pytest.mark.parametrize("theme", [themes.DARK, themes.LIGHT, themes.CONTRAST], ids=name_of)
def test_with_sixteen_colours_no_word_disappears(theme: Theme) -> None:
    roles = roles_of(theme)

    def reduced(role: str) -> int | None:
        return RichColor.parse(roles[role]).downgrade(ColorSystem.STANDARD).number

    lost = [
        (word, ground) for word in themes.TEXT_ROLES for ground in themes.GROUNDS if reduced(word) == reduced(ground)
    ]
    assert not lost


@pytest.mark.parametrize("theme", EVERY, ids=name_of)
def test_every_theme_has_every_role(theme: Theme) -> None:
    assert set(themes.room_variables(themes.DARK)) == set(themes.room_variables(theme))


@pytest.mark.parametrize("theme", OURS, ids=name_of)
def test_our_own_themes_leave_no_role_to_chance(theme: Theme) -> None:
    assert set(themes.room_variables(theme)) <= set(theme.variables)


@pytest.mark.parametrize("sheet", sorted(STYLES.glob("*.tcss")), ids=lambda path: path.name)
def test_styles_name_roles_and_no_colour(sheet: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.S)
    for name, value in re.findall(r"^\s*([\w-]+)\s*:\s*([^;]+);", text, flags=re.M):
        if "color" in name or name == "background":
            assert value.startswith("$"), f"{name}: {value}"
    assert not re.search(r"#[0-9a-fA-F]{3,8}\s*;|rgba?\(|hsla?\(|\bansi_", text)
    assert set(re.findall(r"\$([\w-]+)", text)) <= set(themes.room_variables(themes.DARK))


def test_widgets_know_no_colour() -> None:
    for source in (Path(themes.__file__).parent / "widgets").glob("*.py"):
        text = source.read_text()
        assert not re.search(r"""["']#[0-9a-fA-F]{6}["']|DEFAULT_CSS""", text), source.name


def a_room() -> list[Section | LivePane]:
    cells = tuple(Piece(ink, ink) for ink in INKS)
    rows = RowList([Column(8)] * len(cells), keeps_cursor=True)
    rows.set_rows([Heading("inks"), Row("a", cells), Row("b", (Bar(3, 8), Bar(0, 4)))])
    live = LivePane("api/nux", "at work")
    live.show_screen(PaneLook(lines=("plain \x1b[31mred\x1b[0m \x1b[2mdim\x1b[0m \x1b[1;97mwhite\x1b[0m",), cursor_x=3))
    return [Section("Agents", rows), live]


@pytest.mark.parametrize("theme", EVERY, ids=name_of)
async def test_the_room_can_be_drawn_under_every_theme(theme: Theme) -> None:
    async with Stage(*a_room(), theme=theme.name).run_test(size=(140, 20)) as pilot:
        await pilot.pause()
        assert "at work" in pilot.app.export_screenshot().replace("&#160;", " ")


async def test_agents_screens_can_be_read_under_a_light_theme() -> None:
    section, live = a_room()
    async with Stage(section, live, theme="gastown-light").run_test(size=(140, 20)) as pilot:
        await pilot.pause()
        style = strips_of(live)[1]._segments[0].style
        assert style and style.color and style.bgcolor
        ratio = themes.contrast(Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor))
        assert ratio >= themes.TEXT_CONTRAST


async def test_another_theme_repaints_everything_at_once() -> None:
    section, live = a_room()
    async with Stage(section, live).run_test(size=(140, 20)) as pilot:
        await pilot.pause()
        assert isinstance(section, Section)
        before = [strip for widget in (section.header, section.body, live) for strip in strips_of(widget)[:2]]
        pilot.app.theme = "gastown-light"
        await pilot.pause()
        after = [strip for widget in (section.header, section.body, live) for strip in strips_of(widget)[:2]]
        for was, now in zip(before, after, strict=True):
            assert was.text == now.text
            assert [s.style for s in was] != [s.style for s in now]


async def test_without_colours_the_cursor_and_the_states_still_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    rows = RowList([Column(1), Column(8)])
    async with Stage(rows).run_test(size=(40, 6)) as pilot:
        rows.set_rows([Row("a", (Piece("?", "need"), Piece("asks", "need")))])
        await pilot.pause()
        assert pilot.app.no_color
        strip = strips_of(rows)[0]
        assert strip.text.startswith("▸ ? asks")
        colours = [s.style.color.triplet for s in strip if s.style and s.style.color and s.style.color.triplet]
        assert colours and all(red == green == blue for red, green, blue in colours)
