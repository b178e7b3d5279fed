"""The room's colours: three themes of our own, and the room's roles worked out for every other theme.

Widgets know roles (ink, brass, need, motion), never colours. A role is a theme variable; a theme may name its own
value, and for themes that do not, `room_variables` derives one that can be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.terminal_theme import TerminalTheme
from textual.color import Color
from textual.theme import Theme

TEXT_CONTRAST = 4.5
"""What WCAG 2.1 asks between text and its ground (success criterion 1.4.3, level AA)."""

TEXT_ROLES = ("ink", "ink-dim", "brass", "need", "motion", "caution", "note")
"""Roles that carry words or the glyph of a state."""

GROUNDS = ("ground", "strip", "strip-lit", "row-lit", "row-still")
"""Everything words of the room stand on; agents' own screens have `live-ground`."""


def _room_theme(
    name: str, *, dark: bool, roles: dict[str, str], lit: tuple[str, str], panel: str, surface: str
) -> Theme:
    """A Textual theme whose own variables follow the room's roles, so stock widgets match ours.

    `lit` is the ground and ink of the highlighted row in stock lists and of selected text.
    """
    lit_ground, lit_ink = lit
    return Theme(
        name=name,
        dark=dark,
        primary=roles["brass"],
        secondary=roles["note"],
        accent=roles["brass"],
        warning=roles["caution"],
        error=roles["need"],
        success=roles["motion"],
        foreground=roles["ink"],
        background=roles["ground"],
        surface=surface,
        panel=panel,
        variables={
            **roles,
            "text": roles["ink"],
            "text-muted": roles["ink-dim"],
            "foreground-muted": roles["ink-dim"],
            "text-primary": roles["brass"],
            "text-secondary": roles["note"],
            "text-accent": roles["brass"],
            "text-warning": roles["caution"],
            "text-error": roles["need"],
            "text-success": roles["motion"],
            "border": roles["brass"],
            "border-blurred": roles["rule"],
            "block-cursor-background": lit_ground,
            "block-cursor-foreground": lit_ink,
            "block-cursor-text-style": "bold",
            "block-cursor-blurred-background": roles["row-still"],
            "block-hover-background": roles["row-still"],
            "input-cursor-background": roles["brass"],
            "input-cursor-foreground": roles["ground"],
            "input-selection-background": lit_ground,
            "input-selection-foreground": lit_ink,
            "screen-selection-background": lit_ground,
            "screen-selection-foreground": lit_ink,
            "footer-background": roles["strip"],
            "footer-foreground": roles["ink-dim"],
            "footer-key-foreground": roles["brass"],
            "footer-description-foreground": roles["ink-dim"],
            "link-color": roles["brass"],
            "button-color-foreground": roles["ground"],
            "scrollbar": roles["thumb"],
            "scrollbar-hover": roles["ink-faint"],
            "scrollbar-active": roles["brass"],
            "scrollbar-background": roles["ground"],
            "scrollbar-background-hover": roles["ground"],
            "scrollbar-background-active": roles["ground"],
            "scrollbar-corner-color": roles["ground"],
        },
    )


DARK = _room_theme(
    "gastown-dark",
    dark=True,
    surface="#211d18",
    panel="#2a241d",
    lit=("#5a4424", "#f3e9d6"),
    roles={
        "ground": "#171411",
        "strip": "#211d18",
        "strip-lit": "#30261a",
        "row-lit": "#30261a",
        "row-still": "#241f19",
        "ink": "#d2ccbf",
        "ink-dim": "#968d7f",
        "ink-faint": "#5f584e",
        "rule": "#423c34",
        "thumb": "#3a342c",
        "brass": "#dba45f",
        "on-brass": "#171411",
        "need": "#ee7048",
        "motion": "#93b977",
        "bar": "#7d9f64",
        "caution": "#d9b75c",
        "note": "#82a9c2",
        "live-ground": "#0f0d0b",
        "live-ink": "#cfc9bd",
        "live-lit": "#3a342c",
        "live-cursor": "#dba45f",
        "dim-style": "none",
        "lit-style": "none",
    },
)
"""Ink and brass on dark brown; the default."""

LIGHT = _room_theme(
    "gastown-light",
    dark=False,
    surface="#ebe4d7",
    panel="#e3dac9",
    lit=("#e0c48c", "#241d12"),
    roles={
        "ground": "#f6f1e7",
        "strip": "#ebe4d7",
        "strip-lit": "#ead9b6",
        "row-lit": "#eee0c4",
        "row-still": "#efe8da",
        "ink": "#2a251e",
        "ink-dim": "#635b4e",
        "ink-faint": "#a59b8a",
        "rule": "#cfc5b3",
        "thumb": "#cfc5b3",
        "brass": "#7d4f0a",
        "on-brass": "#f6f1e7",
        "need": "#a62f12",
        "motion": "#3d6321",
        "bar": "#5f8a3c",
        "caution": "#6f5400",
        "note": "#2c5876",
        "live-ground": "#1b1714",
        "live-ink": "#d2ccbf",
        "live-lit": "#453e36",
        "live-cursor": "#dba45f",
        "dim-style": "none",
        "lit-style": "none",
    },
)
"""The same room on paper. Agents paint for dark terminals, so their screens keep a dark ground here too."""

CONTRAST = _room_theme(
    "gastown-contrast",
    dark=True,
    surface="#000000",
    panel="#1c1c1c",
    lit=("#ffd75f", "#000000"),
    roles={
        "ground": "#000000",
        "strip": "#262626",
        "strip-lit": "#3a3000",
        "row-lit": "#3a3000",
        "row-still": "#262626",
        "ink": "#ffffff",
        "ink-dim": "#d7d7d7",
        "ink-faint": "#9e9e9e",
        "rule": "#8a8a8a",
        "thumb": "#9e9e9e",
        "brass": "#ffd75f",
        "on-brass": "#000000",
        "need": "#ffaf87",
        "motion": "#87ff87",
        "bar": "#87ff87",
        "caution": "#ffff5f",
        "note": "#87d7ff",
        "live-ground": "#000000",
        "live-ink": "#ffffff",
        "live-lit": "#585858",
        "live-cursor": "#ffd75f",
        "dim-style": "none",
        "lit-style": "bold",
    },
)
"""Every word at 7:1 or more, and the rules visible too."""

THEMES = (DARK, LIGHT, CONTRAST)
"""What the app registers; the first is the default."""

LIVE_PALETTE = TerminalTheme(
    (15, 13, 11),
    (207, 201, 189),
    [
        (74, 68, 60),
        (232, 108, 74),
        (147, 185, 119),
        (219, 175, 92),
        (122, 160, 190),
        (190, 140, 176),
        (124, 178, 170),
        (207, 201, 189),
    ],
    [
        (138, 130, 118),
        (244, 138, 106),
        (172, 208, 144),
        (238, 203, 128),
        (154, 190, 218),
        (214, 170, 202),
        (158, 208, 200),
        (246, 241, 231),
    ],
)
"""The sixteen terminal colours on an agent's screen, unless the theme is one that uses the terminal's own.

The app gives it to Textual as `ansi_theme_dark` and `ansi_theme_light` alike: nothing else in the room is painted in
terminal colours, and agents' screens are dark in both.
"""


def chosen(wanted: str, available: Iterable[str]) -> str:
    """The theme of that name, or the room's own when there is none."""
    return wanted if wanted in set(available) else THEMES[0].name


def room_variables(theme: Theme) -> dict[str, str]:
    """The room's roles under any theme, for `App.get_theme_variable_defaults`.

    What the theme names itself wins. Text roles are moved towards black or white until they can be read on every
    ground of the room.
    """
    if theme.ansi:
        return dict(_TERMINAL_ROLES)
    return dict(_derived(theme.name, tuple(theme.to_color_system().generate().items()), theme.dark))


_TERMINAL_ROLES = {
    "ground": "ansi_default",
    "strip": "ansi_default",
    "strip-lit": "ansi_default",
    "row-lit": "ansi_default",
    "row-still": "ansi_default",
    "ink": "ansi_default",
    "ink-dim": "ansi_default",
    "ink-faint": "ansi_bright_black",
    "rule": "ansi_bright_black",
    "thumb": "ansi_bright_black",
    "brass": "ansi_yellow",
    "on-brass": "ansi_black",
    "need": "ansi_red",
    "motion": "ansi_green",
    "bar": "ansi_green",
    "caution": "ansi_magenta",
    "note": "ansi_cyan",
    "live-ground": "ansi_default",
    "live-ink": "ansi_default",
    "live-lit": "ansi_bright_black",
    "live-cursor": "ansi_yellow",
    "dim-style": "dim",
    "lit-style": "bold",
}
"""For themes that use the terminal's own palette: no grounds to tint, so the lit row is bold and dim is dim."""


@lru_cache(maxsize=32)
def _derived(name: str, variables: tuple[tuple[str, str], ...], dark: bool) -> dict[str, str]:
    named = dict(variables)
    ground = Color.parse(named["background"])
    accent = Color.parse(named["accent"])
    far = Color.parse("white" if dark else "black")
    grounds = {
        "ground": ground,
        "strip": ground.blend(far, 0.05),
        "strip-lit": ground.blend(accent, 0.14),
        "row-lit": ground.blend(accent, 0.14),
        "row-still": ground.blend(far, 0.07),
    }
    ink = Color.parse(named["foreground"]).blend(far, 0.0, alpha=1.0)
    wanted = {
        "ink": ink,
        "ink-dim": ink.blend(ground, 0.35),
        "brass": accent,
        "need": Color.parse(named["error"]),
        "motion": Color.parse(named["success"]),
        "caution": Color.parse(named["warning"]),
        "note": Color.parse(named["secondary"]),
    }
    readable = {role: _readable(colour, tuple(grounds.values()), far) for role, colour in wanted.items()}
    on_brass = _readable(ground, (readable["brass"],), Color.parse("black" if dark else "white"))
    faint = {
        "on-brass": on_brass,
        "ink-faint": ink.blend(ground, 0.62),
        "rule": ink.blend(ground, 0.78),
        "thumb": ink.blend(ground, 0.8),
        "bar": readable["motion"].blend(ground, 0.18),
    }
    live_ground = ground.darken(0.03) if dark else Color.parse(LIGHT.variables["live-ground"])
    live_ink = _readable(ink, (live_ground,), far) if dark else Color.parse(LIGHT.variables["live-ink"])
    live = {
        "live-ground": live_ground,
        "live-ink": live_ink,
        "live-lit": live_ground.blend(live_ink, 0.2),
        "live-cursor": _readable(accent, (live_ground,), Color.parse("white")),
    }
    styles = {"dim-style": "none", "lit-style": "none"}
    return {role: colour.hex6 for role, colour in {**grounds, **readable, **faint, **live}.items()} | styles


def _readable(colour: Color, grounds: tuple[Color, ...], far: Color) -> Color:
    """The nearest blend of `colour` towards `far` that every ground can carry as text."""
    for step in range(20):
        candidate = colour.blend(far, step / 20, alpha=1.0)
        if all(contrast(candidate, ground) >= TEXT_CONTRAST for ground in grounds):
            return candidate
    return far


def contrast(one: Color, other: Color) -> float:
    """The WCAG contrast ratio of two opaque colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
