"""The few inks of the room, named for what they mean; their colours are roles of the theme (`themes.py`)."""

from __future__ import annotations

from rich.style import Style
from textual.color import Color
from textual.widget import Widget

INKS: dict[str, tuple[str, str]] = {
    "ink": ("ink", ""),
    "strong": ("ink", "bold"),
    "dim": ("ink-dim", "$dim-style"),
    "dim-strong": ("ink-dim", "bold"),
    "faint": ("ink-faint", ""),
    "rule": ("rule", ""),
    "brass": ("brass", ""),
    "brass-strong": ("brass", "bold"),
    "on-brass": ("on-brass", "bold"),
    "need": ("need", ""),
    "need-strong": ("need", "bold"),
    "motion": ("motion", ""),
    "bar": ("bar", ""),
    "caution": ("caution", ""),
    "note": ("note", ""),
    "live": ("live-ink", ""),
    "on-cursor": ("live-ground", ""),
}
"""Every ink with its role and its weight, which may be a role too: `ink` and `strong` for names, `dim` for the rest,
`faint` and `rule` for dots and lines, `brass` for what can be pressed (`on-brass` stands on it), `need` for who needs a
person, `motion` and `bar` for what moves, `caution` for what ages, `note` for references; `live` and `on-cursor` on an
agent's own screen."""


class Inks:
    """Rich styles for the inks of one widget on its grounds, each worked out once.

    The widget calls `clear` from `notify_style_update`, which Textual calls when a theme, a class or the focus changed.
    Inks are looked up in the theme and not among component classes: twenty lists and lines with seventeen classes each
    would be styled anew, four hundred nodes of them, whenever any class on the screen changes.
    """

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._styles: dict[tuple[str, str, str], Style] = {}

    def clear(self) -> None:
        """Forget every style."""
        self._styles.clear()

    def style(self, ink: str = "ink", act: str = "", ground: str = "") -> Style:
        """An ink on a ground.

        Args:
            ink: One of `INKS`.
            act: What a click on it asks for; found again in the style's meta as `act`.
            ground: A component class whose background and text style apply; empty is the widget's own background.
        """
        key = (ink, ground, act)
        style = self._styles.get(key)
        if style is None:
            style = self._styles[key] = self._look_up(ink, ground, act)
        return style

    def _look_up(self, ink: str, ground: str, act: str) -> Style:
        roles = self._widget.app.theme_variables
        role, weight = INKS[ink]
        weight = roles.get(weight[1:], "none") if weight.startswith("$") else weight
        colour = Color.parse(roles[role]).rich_color
        style = Style(color=colour, bold="bold" in weight or None, dim="dim" in weight or None)
        if ground:
            under = self._widget.get_component_rich_style(ground)
            lit = Style(bold=under.bold or None, underline=under.underline or None, reverse=under.reverse or None)
            style += Style.from_color(None, under.bgcolor) + lit
        else:
            style += Style.from_color(None, self._widget.background_colors[1].rich_color)
        return style + Style(meta={"act": act}) if act else style
