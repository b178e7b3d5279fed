"""A bare room to put widgets on: our themes, our styles, and an ear for what the widgets say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from textual.app import App, ComposeResult
from textual.events import MouseScrollDown, MouseScrollUp
from textual.geometry import Region
from textual.message import Message
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from gastown_tui import themes

STYLES = Path(themes.__file__).parent / "styles"
Said = TypeVar("Said", bound=Message)


class Stage(App[None]):
    """The widgets given, from top to bottom."""

    CSS_PATH = [STYLES / "widgets.tcss", STYLES / "town.tcss"]  # noqa: RUF012

    def __init__(self, *widgets: Widget, theme: str = "gastown-dark") -> None:
        super().__init__()
        self.widgets = widgets
        self.heard: list[Message] = []
        for room_theme in themes.THEMES:
            self.register_theme(room_theme)
        self.theme = theme

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.room_variables(self.current_theme)

    def compose(self) -> ComposeResult:
        yield from self.widgets

    async def _on_message(self, message: Message) -> None:
        if type(message).__module__.startswith("gastown_tui"):
            self.heard.append(message)
        await super()._on_message(message)


def heard(pilot: Pilot[None], kind: type[Said]) -> list[Said]:
    """Every message of a kind the widgets have said, in order."""
    assert isinstance(pilot.app, Stage)
    return [message for message in pilot.app.heard if isinstance(message, kind)]


def strips_of(widget: Widget) -> list[Strip]:
    """What stands on the screen where the widget is."""
    return widget.render_lines(Region(0, 0, widget.size.width, widget.size.height))


def text_of(widget: Widget) -> list[str]:
    """The same as plain lines, without trailing blanks."""
    return [strip.text.rstrip() for strip in strips_of(widget)]


def count_lines_drawn(widget: Widget) -> list[int]:
    """From now on, the number of every line the widget draws is added to the list."""
    drawn: list[int] = []
    draw: Callable[[int], Strip] = widget.render_line

    def drawing(y: int) -> Strip:
        drawn.append(y)
        return draw(y)

    widget.render_line = drawing  # type: ignore[method-assign]
    return drawn


async def press(pilot: Pilot[None], keys: Iterable[str]) -> None:
    """Press keys one after the other and let the room settle."""
    await pilot.press(*keys)
    await pilot.pause()


async def turn_wheel(pilot: Pilot[None], notches: int, *, at: tuple[int, int]) -> None:
    """Turn the mouse wheel over a place on the screen, down when positive."""
    kind = MouseScrollDown if notches > 0 else MouseScrollUp
    for _ in range(abs(notches)):
        x, y = at
        pilot.app.post_message(kind(None, x, y, 0, 0, 0, False, False, False, x, y))
    await pilot.pause()
