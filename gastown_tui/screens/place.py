"""What every place of the room has: the status line, the filter line, the key hints, and the way back.

A place is a screen of its own. To make one:

- subclass `Place`, name it (`NAME`), name its panes (`PANES`, ids of widgets the focus can be in) and lay them out in
  `body`; titled lists go into `sections` by the name of their pane, so that cursor, filter and marks are found;
- give `question` what the town is to be asked, which runs on the town's thread, and draw its answer in `show_answer`;
  it is asked when the place opens, when the town changes, and after `read_again`;
- say what the selection means to forms in `what_is_selected`, and to the keys of agents in `agent_meant`;
- put its keys into `keys.PLACE_KEYS` with `place` as its name, bind them with `BINDINGS = keys.bindings_of(NAME)`,
  and give them actions in a mixin of the app (`acts/`); name the hints in `keys.PANE_HINTS`;
- name its style sheet in `CSS_PATH`, and let acts import the place for type checkers only: they ask `self.here(NAME)`
  instead of `isinstance` and name handlers as Textual does (`on_beads_screen_bead_wanted`). What nobody looks at is not
  loaded, so the first frame does not wait for it;
- give it a key in `keys.ROOM_KEYS` (`place('name')`) and a line in `acts/places.make`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, TypeAlias, cast

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from gastown_tui import keys
from gastown_tui.core.fold import Town
from gastown_tui.core.ports import Hands
from gastown_tui.core.views.home import StatusView
from gastown_tui.keys import RoomKey
from gastown_tui.widgets.cost_line import CostLine, RoomCost
from gastown_tui.widgets.filter_line import FilterLine
from gastown_tui.widgets.key_line import KeyHint, KeyLine
from gastown_tui.widgets.one_line import OneLine, Part
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.section import Section
from gastown_tui.widgets.status_line import StatusLine

SMALLEST = (20, 5)
"""Columns and rows below which nothing but a word about it is shown."""

Question: TypeAlias = Callable[[Hands, Town], Any]
"""What a place asks the town; frozen values come back, for they cross a thread."""


class Place(Screen[object]):
    """A screen of the room in its frame."""

    NAME: ClassVar[str] = ""
    """What the place is called: in `place('…')`, in the table of keys and in the line of hints."""
    PANES: ClassVar[tuple[str, ...]] = ()
    """Ids of what the keys can go to, by the digit that goes there; the first is where one starts."""
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual declares it per instance
        (0, "-narrow"),
        (100, "-medium"),
        (140, "-wide"),
        (190, "-broad"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - as above

    class Wanted(Message):
        """The person asked for an act on a row: what, and the row's key."""

        def __init__(self, act: str, subject: str) -> None:
            super().__init__()
            self.act = act
            """`open:<pane>`, `verb`, or what a piece of a row asks for."""
            self.subject = subject

    class Stale(Message):
        """The place should be read again."""

        def __init__(self, place: Place, *, at_once: bool) -> None:
            super().__init__()
            self.place = place
            self.at_once = at_once
            """A person waits for it."""

    class Opened(Message):
        """The place is on the screen, for the first time or again."""

        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    class Left(Message):
        """The person is done with the place."""

    def __init__(self) -> None:
        super().__init__()
        # Held, not looked up: a reading may come before they are mounted, or after they are gone.
        self.status = StatusLine(id="status")
        self.sections: dict[str, Section] = {}
        """The titled lists, by pane."""
        self.filters: dict[str, str] = {}
        """What each list is narrowed to."""
        self._cost = CostLine(id="cost")
        self._clock = OneLine(id="clock")
        self._hints = KeyLine(id="keys")
        self._filter_line = FilterLine(id="filter")
        self._keys: tuple[RoomKey, ...] = keys.ROOM_KEYS

    def compose(self) -> ComposeResult:
        """The frame around the body."""
        with Horizontal(id="top"):
            yield self.status
            yield self._cost
            yield self._clock
        yield from self.body()
        with Vertical(id="foot"):
            yield self._filter_line
            yield self._hints
        yield Static("the room needs more room", id="tiny", markup=False)

    def body(self) -> ComposeResult:
        """What stands between the status line and the hints, in the order tab visits it."""
        raise NotImplementedError

    def on_resize(self, event: events.Resize) -> None:
        """Say so when there is no room for a room."""
        tiny = event.size.width < SMALLEST[0] or event.size.height < SMALLEST[1]
        self.set_class(tiny, "-tiny")

    # -------------------------------------------------------------------------------------------------- the town

    def question(self) -> Question | None:
        """What the town is to be asked for what is shown now; None when nothing."""
        return None

    def show_answer(self, answer: Any) -> None:
        """Draw what the town answered."""

    def read_again(self, *, at_once: bool = True) -> None:
        """Ask the town anew; `at_once` when a person waits for it, else as soon as it costs little."""
        self.post_message(self.Stale(self, at_once=at_once))

    def on_screen_resume(self) -> None:
        """What was left some time ago is read again."""
        self.post_message(self.Opened(self))
        self.read_again()

    # -------------------------------------------------------------------------------------------------- the frame

    def show_status(self, status: StatusView, *, clock: str, cost: RoomCost) -> None:
        """Draw the top line."""
        self.status.show_status(status)
        self._cost.show_cost(cost)
        self.show_clock(clock)

    def show_clock(self, clock: str) -> None:
        """Draw the time of day, in a widget of its own: once a second nothing but these few cells is painted."""
        self._clock.show((), (Part((Piece(clock, "dim"),)),))

    def show_keys(self, table: Iterable[RoomKey]) -> None:
        """Draw the bottom line from this table from now on."""
        self._keys = tuple(table)
        self.show_hints()

    def show_hints(self) -> None:
        """Draw the keys that matter where the focus is, and the ways to other places."""
        shown = keys.hints(self._keys, *self.hint_names(), place=self.NAME)
        places = [KeyHint(each.key, each.label, each.action) for each in keys.places(self._keys)]
        self._hints.show_keys([KeyHint(each.key, each.label, each.action) for each in shown], places, here=self.NAME)

    def hint_names(self) -> Sequence[str]:
        """Which hints to draw, the most particular first (`keys.PANE_HINTS`)."""
        return (f"{self.NAME} {self.focused_pane}", self.NAME)

    def on_descendant_focus(self) -> None:
        """Other keys matter in another pane."""
        self.show_hints()

    # -------------------------------------------------------------------------------------------------- asking

    def section(self, pane: str) -> Section:
        """One titled list."""
        return self.sections[pane]

    def list_of(self, pane: str) -> RowList:
        """The list of a pane."""
        return cast(RowList, self.section(pane).body)

    @property
    def focused_pane(self) -> str:
        """The pane the keys go to."""
        widget: Widget | None = self.focused
        while widget is not None:
            if widget.id in self.PANES:
                return widget.id
            widget = widget.parent if isinstance(widget.parent, Widget) else None
        return self.PANES[0] if self.PANES else ""

    @property
    def focused_key(self) -> str:
        """Key of the row under the cursor of the focused pane."""
        pane = self.focused_pane
        return self.list_of(pane).cursor_key if pane in self.sections else ""

    @property
    def chosen(self) -> tuple[str, ...]:
        """The marked rows of the focused pane, else the one under the cursor."""
        pane = self.focused_pane
        marked = self.list_of(pane).marked if pane in self.sections else ()
        return marked or ((self.focused_key,) if self.focused_key else ())

    def what_is_selected(self) -> dict[str, tuple[str, ...]]:
        """What the focused rows say about a form's fields, by the kind of value (`verbs.declare.Suggest`)."""
        return {}

    def agent_meant(self) -> str:
        """The agent that keys are about; empty when none is."""
        return ""

    # -------------------------------------------------------------------------------------------------- going

    def go_to(self, pane: str) -> None:
        """Focus a pane."""
        self.set_focus(self.list_of(pane) if pane in self.sections else self.query_one(f"#{pane}"))

    def go_to_nth(self, number: int) -> None:
        """Focus a pane by its digit, where there is one."""
        if 0 < number <= len(self.PANES):
            self.go_to(self.PANES[number - 1])

    def toggle_zoom(self) -> None:
        """Give the focused pane the whole screen, or give it back."""
        self.zoom("" if self.has_class("-zoomed") else self.focused_pane)

    def zoom(self, pane: str) -> None:
        """Show one pane alone, or all of them again; the place's styles say how (`-zoomed`, `-zoom-<pane>`)."""
        for each in self.PANES:
            self.set_class(each == pane, f"-zoom-{each}")
        self.set_class(bool(pane), "-zoomed")

    def go_back(self) -> None:
        """Close the filter, else the zoom, else drop the focused list's filter, else leave."""
        if self._filter_line.display:
            self._filter_line.close(keep=False)
        elif self.has_class("-zoomed"):
            self.zoom("")
        elif not self.drop_filter():
            self.leave()

    def leave(self) -> None:
        """Ask to be taken back to where the person came from."""
        self.post_message(self.Left())

    # -------------------------------------------------------------------------------------------------- rows

    @on(RowList.Chosen)
    def _row_chosen(self, message: RowList.Chosen) -> None:
        message.stop()
        self.post_message(self.Wanted(f"open:{self.pane_of(message.row_list)}", message.key))

    @on(RowList.Acted)
    def _row_acted(self, message: RowList.Acted) -> None:
        message.stop()
        self.post_message(self.Wanted(message.act, message.key))

    @on(RowList.EmptyChosen)
    def _offer_taken(self, message: RowList.EmptyChosen) -> None:
        message.stop()
        self.post_message(self.Wanted("verb", message.command))

    def pane_of(self, row_list: RowList) -> str:
        """The pane a list stands in."""
        return next((pane for pane, section in self.sections.items() if section.body is row_list), row_list.id or "")

    # -------------------------------------------------------------------------------------------------- the filter

    def filtered_pane(self) -> str:
        """The list a filter typed now is for; empty when there is none."""
        pane = self.focused_pane
        return pane if pane in self.sections else next(iter(self.sections), "")

    def open_filter(self) -> None:
        """Ask for a filter of the focused list."""
        if pane := self.filtered_pane():
            self._filter_line.open(pane, self.filters.get(pane, ""))

    def drop_filter(self) -> bool:
        """Show every row of the focused list again; whether there was a filter to drop."""
        pane = self.focused_pane
        if not self.filters.get(pane):
            return False
        self.set_filter(pane, "")
        return True

    def set_filter(self, pane: str, text: str) -> None:
        """Narrow a list to what passes a filter."""
        self.filters[pane] = text
        self.filter_changed(pane)

    def filter_changed(self, pane: str) -> None:
        """Show the rows that pass `filters[pane]`; as it stands, the town is asked again."""
        self.read_again()

    @on(FilterLine.Filtered)
    def _filter_typed(self, message: FilterLine.Filtered) -> None:
        message.stop()
        self.set_filter(message.subject, message.text)
        if message.closed:
            self.go_to(message.subject)
