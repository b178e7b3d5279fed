"""The first screen: who needs you, what is moving, what changed, and one agent's live screen beside it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from typing import cast

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from gastown_tui import keys
from gastown_tui.core.model.outside import Screen as AgentScreen
from gastown_tui.core.verbs.declare import Suggest
from gastown_tui.core.views.home import AgentRow, HomeView, NeedRow, StatusView
from gastown_tui.keys import RoomKey
from gastown_tui.screens.panes import LISTS, PANE_NAMES, Pane
from gastown_tui.widgets.cost_line import CostLine, RoomCost
from gastown_tui.widgets.filter_line import FilterLine
from gastown_tui.widgets.key_line import KeyHint, KeyLine
from gastown_tui.widgets.live_pane import LivePane
from gastown_tui.widgets.needs_you import NeedsYou
from gastown_tui.widgets.one_line import OneLine, Part
from gastown_tui.widgets.page import Page
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.section import Section
from gastown_tui.widgets.status_line import StatusLine

SMALLEST = (20, 5)
"""Columns and rows below which nothing but a word about it is shown."""


class HomeScreen(Screen[object]):
    """Everything at a glance; every list keeps its place while the town moves under it."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual declares it per instance
        (0, "-narrow"),
        (100, "-medium"),
        (140, "-wide"),
        (190, "-broad"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - as above
    AUTO_FOCUS = "#agents RowList"

    class AgentSelected(Message):
        """Another agent is the one that is looked at."""

        def __init__(self, address: str) -> None:
            super().__init__()
            self.address = address

        def can_replace(self, message: Message) -> bool:
            """Only the last of several moves is news."""
            return isinstance(message, HomeScreen.AgentSelected)

    class BeadSelected(Message):
        """Another bead is the one that is read."""

        def __init__(self, bead_id: str) -> None:
            super().__init__()
            self.bead_id = bead_id

        def can_replace(self, message: Message) -> bool:
            """Only the last of several moves is news."""
            return isinstance(message, HomeScreen.BeadSelected)

    class Wanted(Message):
        """The person asked for an act on a row: what, and the row's key."""

        def __init__(self, act: str, subject: str) -> None:
            super().__init__()
            self.act = act
            """`open:<pane>`, `answer:<choice>`, `verb`, or the name of an act on a row of Needs you."""
            self.subject = subject

    def __init__(self, zone: tzinfo | None = None) -> None:
        super().__init__()
        self.view: HomeView | None = None
        self.add_class("-pane-agents")
        self.selected = ""
        """Address of the agent whose screen is shown."""
        self._zone = zone
        self._keys: tuple[RoomKey, ...] = keys.ROOM_KEYS
        self._filters: dict[str, str] = {}
        self._filtering = ""
        self._pane = "agents"
        self._places: list[tuple[str, bool]] = []
        """Where we were before each visit to the live screen: the pane, and whether the screen filled the room."""

        # Held, not looked up: a reading may come before they are mounted, or after they are gone.
        self.status = StatusLine(id="status")
        self._cost = CostLine(id="cost")
        self._clock = OneLine(id="clock")
        self.needs = NeedsYou(id="needs")
        self.needs.display = False
        self.live = LivePane(id="live")
        self.page = Section("", Page(), id="page")
        self.sections = {name: _section(pane) for name, pane in LISTS.items()}
        self._tabs = KeyLine(id="tabs")
        self._hints = KeyLine(id="keys")
        self._filter_line = FilterLine(id="filter")

    def compose(self) -> ComposeResult:
        """The panes, in the order tab visits them."""
        with Horizontal(id="top"):
            yield self.status
            yield self._cost
            yield self._clock
        yield self.needs
        yield self._tabs
        with Horizontal(id="body"):
            with Vertical(id="left"):
                for name in ("convoys", "mail", "feed"):
                    yield self.sections[name]
            yield self.sections["agents"]
            yield self.sections["beads"]
            yield self.live
            yield self.page
        with Vertical(id="foot"):
            yield self._filter_line
            yield self._hints
        yield Static("the room needs more room", id="tiny", markup=False)

    def on_mount(self) -> None:
        """Start on the agents; the rest fills as the town is read."""
        self._show_tabs()

    def on_resize(self, event: events.Resize) -> None:
        """Say so when there is no room for a room."""
        tiny = event.size.width < SMALLEST[0] or event.size.height < SMALLEST[1]
        self.set_class(tiny, "-tiny")

    # -------------------------------------------------------------------------------------------------- showing

    def show(self, view: HomeView) -> None:
        """Draw another reading of the town; lists change only where it differs."""
        before, self.view = self.view, view
        if before is None or view.needs != before.needs:
            self.needs.show_needs(view.needs)
            self._show_needs()
        for pane in LISTS.values():
            if before is None or pane.rows(view) != pane.rows(before) or pane.note(view) != pane.note(before):
                self._show_rows(pane)
        if before is None or view.agents != before.agents:
            self._title_live()
        if before is None and not view.is_town:
            self.add_class("-lone")
            self.go_to("beads")

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
        self._show_hints()

    def show_look(self, address: str, look: AgentScreen | None, why_not: str = "") -> None:
        """Draw the selected agent's screen, or say why there is none."""
        if address != self.selected:
            return
        pane = self.live
        if look is not None:
            pane.show_screen(look)
            return
        pane.show_nothing(Piece(f"{why_not} · ", "dim"), Piece("a", "brass", "attach"), Piece(" starts it", "dim"))

    def show_bead(self, bead_id: str, title: str, page: str) -> None:
        """Read a bead where an agent's screen would be."""
        if not self.shows_beads or self.list_of("beads").cursor_key != bead_id:
            return
        self.page.header.title = title or bead_id
        cast(Page, self.page.body).show(page.strip("\n"))

    def _show_needs(self) -> None:
        shown = bool(self.view and self.view.needs)
        needs = self.list_of("needs")
        if needs.has_focus and not shown:
            self.go_to("agents")
        needs.display = shown

    def _show_rows(self, pane: Pane) -> None:
        assert self.view is not None
        text = self._filters.get(pane.name, "")
        kept = pane.kept(self.view, text)
        self.list_of(pane.name).set_rows(pane.lines(kept, self._zone))
        note = f"{len(kept)} of {len(pane.rows(self.view))} · /{text}" if text else pane.note(self.view)
        self.section(pane.name).header.note = note

    def _title_live(self) -> None:
        pane = self.live
        row = self.agent(self.selected)
        pane.title = _spoken(row) if row else self.selected
        pane.note = row.note if row else ""

    # -------------------------------------------------------------------------------------------------- asking

    @property
    def is_town(self) -> bool:
        """Whether there are agents at all."""
        return self.view is None or self.view.is_town

    def section(self, pane: str) -> Section:
        """One titled pane."""
        return self.sections[pane]

    def list_of(self, pane: str) -> RowList:
        """The list of a pane."""
        if pane == "needs":
            return self.needs
        return cast(RowList, self.section(pane).body)

    def agent(self, address: str) -> AgentRow | None:
        """An agent's row."""
        agents = self.view.agents if self.view else ()
        return next((row for row in agents if row.address == address), None)

    def need(self, key: str) -> NeedRow | None:
        """A row of Needs you."""
        needs = self.view.needs if self.view else ()
        return next((row for row in needs if row.key == key), None)

    @property
    def focused_pane(self) -> str:
        """The pane the keys go to."""
        widget: Widget | None = self.focused
        while widget is not None:
            if widget.id in PANE_NAMES:
                return widget.id
            if widget.id == "page":
                return "live"
            widget = widget.parent if isinstance(widget.parent, Widget) else None
        return self._pane

    @property
    def focused_key(self) -> str:
        """Key of the row under the cursor of the focused pane."""
        pane = self.focused_pane
        if pane == "live":
            return self.list_of("beads").cursor_key if self.shows_beads else self.selected
        return self.list_of(pane).cursor_key

    def agent_meant(self) -> str:
        """The agent that keys are about: the one under the cursor, though its screen may not be shown yet."""
        if self.focused_pane == "agents":
            self._look_at(self.list_of("agents").cursor_key)
        elif self.focused_pane == "needs" and (need := self.need(self.focused_key)) is not None and need.address:
            self.select(need.address)
        return self.selected

    def what_is_selected(self) -> dict[str, tuple[str, ...]]:
        """What the focused rows say about a form's fields, by the kind of value (`verbs.declare.Suggest`)."""
        pane = "beads" if self.shows_beads and self.focused_pane == "live" else self.focused_pane
        chosen = self.list_of(pane).marked if pane != "live" else ()
        chosen = chosen or ((self.focused_key,) if self.focused_key else ())
        match pane:
            case "beads":
                return {Suggest.BEAD: chosen, Suggest.READY: chosen}
            case "convoys":
                return {Suggest.CONVOY: chosen}
            case "mail":
                return {Suggest.MAIL: chosen}
        if pane == "needs" and (need := self.need(self.focused_key)) is not None:
            return self._about_agent(need.address)
        if pane == "agents" and len(chosen) > 1:
            return {Suggest.AGENT: chosen}
        return self._about_agent(self.agent_meant())

    def _about_agent(self, address: str) -> dict[str, tuple[str, ...]]:
        row = self.agent(address)
        if row is None:
            return {}
        known: dict[str, tuple[str, ...]] = {Suggest.AGENT: (row.address,)}
        if row.group != "town":
            known |= {Suggest.RIG: (row.group,), Suggest.TARGET: (row.group if row.bead_id else row.address,)}
        return known

    # -------------------------------------------------------------------------------------------------- going

    @property
    def shows_beads(self) -> bool:
        """Whether the beads stand where the agents would."""
        return self.has_class("-beads")

    def go_to(self, pane: str) -> None:
        """Focus a pane, and on a narrow screen show it."""
        if pane == "needs" and not (self.view and self.view.needs):
            self.app.notify("nobody needs you", markup=False)
            return
        if not self.is_town and pane not in {"beads", "live"}:
            return
        if pane in {"beads", "agents"}:
            self._trade(beads=pane == "beads")
        if self.has_class("-zoomed") and not self.has_class(f"-zoom-{pane}"):
            self._zoom("")
        if pane != "needs":
            self._show_pane(pane)
        self.set_focus(self._body_of(pane))

    def _body_of(self, pane: str) -> Widget:
        if pane != "live":
            return self.list_of(pane)
        return self.page.body if self.shows_beads else self.live

    def _trade(self, *, beads: bool) -> None:
        """Beads where the agents stand, or the other way round; the screen beside them follows."""
        if beads == self.shows_beads:
            return
        self.set_class(beads, "-beads")
        if beads:
            self.post_message(self.BeadSelected(self.list_of("beads").cursor_key))

    def toggle_peek(self) -> None:
        """The selected agent's screen alone, or everything again as it was."""
        if self.has_class("-zoom-live"):
            self.come_back()
            return
        self.come_to_live()
        self._zoom("live")

    def toggle_zoom(self) -> None:
        """Give the focused pane the whole screen, or give it back."""
        pane = self.focused_pane
        self._zoom("" if self.has_class("-zoomed") or pane == "needs" else pane)

    def _zoom(self, pane: str) -> None:
        for each in PANE_NAMES:
            self.set_class(each == pane, f"-zoom-{each}")
        self.set_class(bool(pane), "-zoomed")

    def come_to_live(self) -> None:
        """Go to the live screen, remembering from where."""
        zoomed = self.has_class("-zoom-live")
        self._places.append((self.focused_pane, zoomed))
        self.go_to("live")
        self._zoom("live" if zoomed else "")

    def come_back(self) -> None:
        """Back to where we were before the live screen, unless the person has gone elsewhere by now."""
        pane, zoomed = self._places.pop() if self._places else ("agents", False)
        if self.focused_pane != "live":
            self._places.clear()
            return
        self._zoom("live" if zoomed else "")
        self.go_to(pane)

    def go_back(self) -> None:
        """Close the filter, else the zoom, else drop the focused list's filter, else leave the live screen."""
        if self._filter_line.display:
            self._filter_line.close(keep=False)
        elif self.has_class("-zoom-live"):
            self.come_back()
        elif self.has_class("-zoomed"):
            self._zoom("")
        elif not self._drop_filter() and self.focused_pane in {"live", "needs"}:
            self._places.clear()
            self.go_to("agents" if self.is_town and not self.shows_beads else "beads")

    def select(self, address: str) -> None:
        """Look at an agent, wherever it was asked for."""
        if self.shows_beads:
            self._trade(beads=False)
        self.list_of("agents").move_to(address)
        self._look_at(address)

    def _look_at(self, address: str) -> None:
        pane = self.live
        if not address or address == self.selected or pane.typing:
            return
        self.selected = address
        self._title_live()
        pane.show_nothing()
        self.post_message(self.AgentSelected(address))

    def _show_pane(self, pane: str) -> None:
        for each in PANE_NAMES:
            self.set_class(each == pane, f"-pane-{each}")
        self._pane = pane
        self._show_tabs()

    def _show_tabs(self) -> None:
        tabs = [KeyHint(str(nth), pane, f"pane({nth})") for nth, pane in enumerate(PANE_NAMES, 1) if pane != "needs"]
        self._tabs.show_keys(tabs, here=self._pane)

    def _show_hints(self) -> None:
        pane = "typing" if self.live.typing else self.focused_pane
        shown = keys.hints(self._keys, pane if self.is_town else "alone")
        self._hints.show_keys([KeyHint(each.key, each.label, each.action) for each in shown])

    # -------------------------------------------------------------------------------------------------- messages

    def on_descendant_focus(self) -> None:
        """Other keys matter in another pane."""
        self._show_hints()

    def typing_changed(self) -> None:
        """Other keys matter while somebody types into an agent."""
        self._show_hints()

    @on(RowList.Highlighted)
    def _highlighted(self, message: RowList.Highlighted) -> None:
        message.stop()
        pane = self._pane_of(message.row_list)
        if pane == "agents":
            self._look_at(message.key)
        elif pane == "beads" and self.shows_beads:
            self.post_message(self.BeadSelected(message.key))
        elif pane == "needs" and message.row_list.has_focus and (need := self.need(message.key)) and need.address:
            self.select(need.address)

    @on(RowList.Chosen)
    def _chosen(self, message: RowList.Chosen) -> None:
        message.stop()
        self.post_message(self.Wanted(f"open:{self._pane_of(message.row_list)}", message.key))

    @on(RowList.Acted)
    def _acted(self, message: RowList.Acted) -> None:
        message.stop()
        self.post_message(self.Wanted(message.act, message.key))

    @on(RowList.EmptyChosen)
    def _empty_chosen(self, message: RowList.EmptyChosen) -> None:
        message.stop()
        self.post_message(self.Wanted("verb", message.command))

    def _pane_of(self, row_list: RowList) -> str:
        return next(pane for pane in PANE_NAMES if pane != "live" and self.list_of(pane) is row_list)

    # -------------------------------------------------------------------------------------------------- the filter

    def open_filter(self) -> None:
        """Ask for a filter of the focused list."""
        pane = self.focused_pane
        if pane not in LISTS:
            pane = "beads" if self.shows_beads else "agents"
        self._filter_line.open(pane, self._filters.get(pane, ""))

    def _drop_filter(self) -> bool:
        pane = self.focused_pane
        if not self._filters.get(pane):
            return False
        self._set_filter(pane, "")
        return True

    def _set_filter(self, pane: str, text: str) -> None:
        self._filters[pane] = text
        if self.view is not None:
            self._show_rows(LISTS[pane])

    @on(FilterLine.Filtered)
    def _filtered(self, message: FilterLine.Filtered) -> None:
        message.stop()
        self._set_filter(message.subject, message.text)
        if message.closed:
            self.set_focus(self.list_of(message.subject))


def _section(pane: Pane) -> Section:
    body = RowList(pane.columns, empty=pane.offer(), keeps_cursor=pane.keeps_cursor, follows=pane.follows)
    return Section(pane.title, body, id=pane.name)


def _spoken(row: AgentRow) -> str:
    return row.name if row.group == "town" else f"{row.group}/{row.name}"
