"""An agent's own screen under a header: drawn as it looks now, only what differs painted again."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.reactive import reactive
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from gastown_tui.widgets.inks import Inks
from gastown_tui.widgets.one_line import Part, arrange
from gastown_tui.widgets.pane_window import Look, PaneWindow, Shown
from gastown_tui.widgets.pieces import Piece, fit_pieces


class LiveView(Widget):
    """A header line over an agent's screen, on the darkest ground of the room.

    It only shows; keys, the mouse and history are `LivePane`'s.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "live-pane--header",
        "live-pane--nothing",
        "live-pane--typing",
        "live-pane--cursor",
        "live-pane--cursor-still",
        "live-pane--selection",
    }
    """
    | Class | Description |
    | :- | :- |
    | `live-pane--header` | The ground of the header. |
    | `live-pane--nothing` | The ground where there is no screen to show. |
    | `live-pane--typing` | The header while keys go to the agent. |
    | `live-pane--cursor` | The agent's cursor while keys go there. |
    | `live-pane--cursor-still` | The agent's cursor otherwise. |
    | `live-pane--selection` | Text selected with the mouse. |
    """

    title: reactive[str] = reactive("", init=False)
    """Whose screen it is."""
    note: reactive[str] = reactive("", init=False)
    """What they are at; gives way first."""

    def __init__(self, title: str = "", note: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(LiveView.title, title)
        self.set_reactive(LiveView.note, note)
        self._inks = Inks(self)
        self._window = PaneWindow()
        self._instead: tuple[Piece, ...] = ()
        self._drawn: dict[int, Shown] = {}

    def notify_style_update(self) -> None:
        """Look the colours up again."""
        self._inks.clear()
        super().notify_style_update()

    def watch_title(self) -> None:
        """Somebody else's screen is always shown live."""
        self.follow()
        self._repaint_line(0)

    def watch_note(self) -> None:
        """Draw the header again."""
        self._repaint_line(0)

    # -------------------------------------------------------------------------------------------------- drawing

    def render_line(self, y: int) -> Strip:
        """The header, or one line of the window on the agent's screen."""
        width = self.size.width
        if y == 0:
            return self._header_strip(width)
        if self._instead:
            return self._instead_strip(y, width)
        line, left, cursor_x = self._drawn[y] = self._shown(y)
        base = self._inks.style("live")
        if line is None:
            strip = Strip.blank(width, base)
        else:
            strip = line.apply_style(base).crop_extend(left, left + width, base)
        if 0 <= cursor_x < width:
            strip = self._with_cursor(strip, cursor_x, width)
        if (selection := self.text_selection) is not None:
            strip = self._with_selection(strip, selection, y, width)
        return strip.apply_offsets(0, y)

    @property
    def header_ground(self) -> str:
        """The component class the header stands on."""
        return "live-pane--header"

    @property
    def cursor_look(self) -> tuple[str, str, str]:
        """Ink, act and ground of the agent's cursor."""
        return ("live", "", "live-pane--cursor-still")

    def header_sides(self) -> tuple[list[Part], list[Part]]:
        """What stands on the left and on the right of the header."""
        title = Piece(self.title, "brass-strong" if self.has_focus else "brass")
        left = [Part((title, Piece(f" {self._state()}" if self.title and self._state() else "", "dim")))]
        if self.note:
            left.append(Part((Piece(f"· {self.note}", "dim"),), gap=1))
        return left, []

    def _header_strip(self, width: int) -> Strip:
        margin = Piece(" " if width > 2 else "")
        pieces = (margin, *arrange(*self.header_sides(), max(width - 2, 0)), margin)
        return Strip(
            [Segment(p.text, self._inks.style(p.ink, ground=self.header_ground)) for p in pieces if p.text], width
        )

    def _state(self) -> str:
        if self._instead:
            return ""
        return f"{self._window.back} lines back" if self._window.back else "live"

    def _instead_strip(self, y: int, width: int) -> Strip:
        pieces = fit_pieces((Piece(" "), *self._instead), width) if y == 2 else [Piece(" " * width)]
        return Strip([Segment(p.text, self._inks.style(p.ink, p.act, "live-pane--nothing")) for p in pieces], width)

    def _with_cursor(self, strip: Strip, x: int, width: int) -> Strip:
        under = strip.crop(x, x + 2)
        span = 2 if under.cell_length == 2 and len(under.text) == 1 else 1
        style = self._inks.style(*self.cursor_look)
        cell = strip.crop(x, x + span)
        return Strip.join([strip.crop(0, x), _painted(cell, style), strip.crop(x + span, width)])

    def _with_selection(self, strip: Strip, selection: Selection, y: int, width: int) -> Strip:
        span = selection.get_span(y)
        if span is None:
            return strip
        start, end = span[0], width if span[1] == -1 else span[1]
        style = self._inks.style("live", ground="live-pane--selection")
        return Strip.join([strip.crop(0, start), _painted(strip.crop(start, end), style), strip.crop(end, width)])

    @property
    def _height(self) -> int:
        return max(self.size.height - 1, 0)

    @property
    def _left(self) -> int:
        """The first column shown."""
        return 0

    def _shown(self, y: int) -> Shown:
        return self._window.shown(y - 1, self._height, self._left)

    def _repaint_line(self, y: int) -> None:
        self.refresh(Region(0, y, self.size.width, 1))

    def _repaint_changed(self) -> None:
        for y in range(1, self.size.height):
            shown, drawn = self._shown(y), self._drawn.get(y)
            if drawn is None or shown.strip is not drawn.strip or shown[1:] != drawn[1:]:
                self._repaint_line(y)

    # -------------------------------------------------------------------------------------------------- public

    def show_screen(self, look: Look) -> None:
        """Show another look at the pane; only lines that differ are painted again.

        While scrolled back, the window holds still and the new look waits.
        """
        self._window.take(look)
        if self._instead:
            self._instead = ()
            self.refresh()
        elif not self._window.back:
            self._repaint_changed()

    def show_nothing(self, *instead: Piece) -> None:
        """Say why there is no screen, and what would make one."""
        self._window.clear()
        self._instead = instead or (Piece(" "),)
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text as it is shown."""
        shown = [self._shown(y).strip for y in range(1, self.size.height)]
        text = "\n".join(["", *((line.text if line is not None else "").rstrip() for line in shown)])
        return selection.extract(text), "\n"

    def follow(self) -> None:
        """Show the live screen again."""
        if self._window.back:
            self._window.follow()
            self.refresh()


def _painted(strip: Strip, style: Style) -> Strip:
    """The text of a strip in another style."""
    return Strip([Segment(strip.text, style)], strip.cell_length)
