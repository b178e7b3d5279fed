"""The few inks of the room, named for what they mean; their colours live in the styles."""

from __future__ import annotations

from rich.style import Style
from textual.widget import Widget

INKS = (
    "ink",
    "strong",
    "dim",
    "dim-strong",
    "faint",
    "rule",
    "brass",
    "brass-strong",
    "on-brass",
    "need",
    "need-strong",
    "motion",
    "bar",
    "caution",
    "note",
    "live",
    "on-cursor",
)
"""`ink` and `strong` for names, `dim` for the rest, `faint` and `rule` for dots and lines, `brass` for what can be
pressed (`on-brass` stands on it), `need` for who needs a person, `motion` and `bar` for what moves, `caution` for what
ages, `note` for references; `live` and `on-cursor` on an agent's own screen."""

INK_CLASSES = frozenset(f"ink--{ink}" for ink in INKS)
"""The component classes a widget takes on to draw with them."""


class Inks:
    """Rich styles for the inks of one widget on its grounds, looked up in the styles once.

    The widget calls `clear` from `notify_style_update`, which Textual calls when a theme, a class or the focus changed.
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
        style = self._widget.get_component_rich_style(f"ink--{ink}")
        if ground:
            under = self._widget.get_component_rich_style(ground)
            lit = Style(bold=under.bold or None, underline=under.underline or None, reverse=under.reverse or None)
            style += Style.from_color(None, under.bgcolor) + lit
        if act:
            style += Style(meta={"act": act})
        return style
