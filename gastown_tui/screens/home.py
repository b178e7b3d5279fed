"""The first screen: who needs you, what is moving, what changed, and one agent's live screen beside it."""

from __future__ import annotations

from typing import TypeVar, cast

from msgspec import to_builtins
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from gastown_tui import keys
from gastown_tui.core.model.outside import Screen as Page
from gastown_tui.core.views import filtering
from gastown_tui.core.views.home import AgentRow, HomeView, NeedRow
from gastown_tui.widgets import rows
from gastown_tui.widgets.key_line import KeyHint, KeyLine
from gastown_tui.widgets.live_pane import LivePane
from gastown_tui.widgets.needs_you import NeedsYou
from gastown_tui.widgets.one_line import OneLine, Part
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.section import Section
from gastown_tui.widgets.status_line import StatusLine

_Shown = TypeVar("_Shown")

PANES = ("needs", "convoys", "mail", "feed", "agents", "live", "beads")
"""The panes by the digit that goes to them."""


class HomeScreen(Screen[None]):
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

    class BeadSelected(Message):
        """Another bead is the one that is read."""

        def __init__(self, bead_id: str) -> None:
            super().__init__()
            self.bead_id = bead_id

        def can_replace(self, message: Message) -> bool:
            """Only the last of several moves is news."""
            return isinstance(message, HomeScreen.BeadSelected)

    class Wanted(Message):
        """The person asked for an act on a row: a verb of the app's actions, and what it is about."""

        def __init__(self, act: str, subject: str) -> None:
            super().__init__()
            self.act = act
            self.subject = subject

    def __init__(self) -> None:
        super().__init__()
        self.view: HomeView | None = None
        self.selected = ""
        """Address of the agent whose screen is shown."""
        self._filters: dict[str, str] = {}
        self._filtering = ""
        self._pane = "agents"

    def compose(self) -> ComposeResult:
        """The panes, in the order tab visits them."""
        yield StatusLine(id="status")
        yield KeyLine(id="tabs")
        yield NeedsYou(id="needs")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield Section(
                    "Convoys",
                    RowList(rows.CONVOY_COLUMNS, empty=_offer("No convoys yet.", "convoy create")),
                    id="convoys",
                )
                yield Section("Mail", RowList(rows.MAIL_COLUMNS, empty=_offer("No mail.", "mail send")), id="mail")
                yield Section("Feed", RowList(rows.FEED_COLUMNS, follows=True), note="live", id="feed")
            yield Section(
                "Agents",
                RowList(rows.AGENT_COLUMNS, empty=_offer("Nobody works here yet.", "rig add"), keeps_cursor=True),
                id="agents",
            )
            yield Section("Beads", RowList(rows.BEAD_COLUMNS, empty=_offer("No beads.", "bd create")), id="beads")
            yield LivePane(id="live")
        yield Input(id="filter", placeholder="filter: words, state:stuck, rig:api, age>10m, !not")
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        """Start on the agents; the rest fills as the town is read."""
        self.query_one("#filter", Input).display = False
        self.query_one("#status", StatusLine).show((Part((Piece("gastown", "brass-strong"),)),))
        self.add_class("-pane-agents")
        self._show_tabs()

    def show_hints(self) -> None:
        """Draw the bottom line."""
        hints = [KeyHint(each.key, each.label, each.action) for each in keys.hints()]
        self.query_one("#keys", KeyLine).show_keys(hints)

    # -------------------------------------------------------------------------------------------------- showing

    def show(self, view: HomeView) -> None:
        """Draw another reading of the town; lists change only where it differs."""
        before, self.view = self.view, view
        if before is None or view.needs != before.needs:
            self.list_of("needs").set_rows(rows.need_lines(view.needs))
            self.query_one("#needs").display = bool(view.needs)
        if before is None or view.agents != before.agents:
            self._show_agents()
        if before is None or view.convoys != before.convoys:
            self._show_rows("convoys")
            rolling = sum(row.state != "landed" for row in view.convoys)
            self.section("convoys").header.note = f"{rolling} rolling · {view.landed_today} landed today"
        if before is None or view.mail != before.mail:
            self._show_rows("mail")
            self.section("mail").header.note = f"{view.status.mail} unread"
        if before is None or view.feed != before.feed:
            self._show_rows("feed")
        if before is None or view.beads != before.beads:
            self._show_rows("beads")
        if before is None and not view.is_town:
            self.add_class("-lone")
            self.go_to("beads")

    def show_status(self, left: list[Part], right: list[Part]) -> None:
        """Draw the top line."""
        self.query_one("#status", StatusLine).show(left, right)

    def show_look(self, address: str, look: Page | None, why_not: str = "") -> None:
        """Draw the selected agent's screen, or say why there is none."""
        if address != self.selected:
            return
        pane = self.query_one("#live", LivePane)
        if look is None:
            pane.show_nothing(Piece(why_not, "dim"))
        else:
            pane.show_screen(look)

    def show_bead(self, bead_id: str, title: str, page: str) -> None:
        """Read a bead where an agent's screen would be."""
        if not self.shows_beads or self.list_of("beads").cursor_key != bead_id:
            return
        pane = self.query_one("#live", LivePane)
        pane.title, pane.note = bead_id, title
        pane.show_screen(Page(lines=tuple(page.splitlines()), cursor_visible=False))

    def _show_agents(self) -> None:
        assert self.view is not None
        kept = self._kept("agents", self.view.agents)
        self.list_of("agents").set_rows(rows.agent_lines(kept))
        shown = f"{len(kept)} of {len(self.view.agents)}" if len(kept) < len(self.view.agents) else str(len(kept))
        note = self._filters.get("agents", "")
        self.section("agents").header.note = f"{shown} · /{note}" if note else f"{shown} · who needs you first"
        self._title_live()

    def _show_rows(self, pane: str) -> None:
        assert self.view is not None
        lines = self.list_of(pane)
        match pane:
            case "convoys":
                lines.set_rows(rows.convoy_lines(self._kept(pane, self.view.convoys)))
            case "mail":
                lines.set_rows(rows.mail_lines(self._kept(pane, self.view.mail)))
            case "feed":
                lines.set_rows(rows.FeedLines(self._kept(pane, self.view.feed)))
                self.section("feed").header.note = f"/{self._filters['feed']}" if self._filters.get("feed") else "live"
            case "beads":
                kept = self._kept(pane, self.view.beads)
                lines.set_rows(rows.BeadLines(kept))
                note = self._filters.get("beads", "")
                self.section("beads").header.note = f"{len(kept)} · /{note}" if note else f"{len(kept)} · ready first"
            case _:
                self._show_agents()

    def _kept(self, pane: str, shown: tuple[_Shown, ...]) -> tuple[_Shown, ...]:
        terms = filtering.parse(self._filters.get(pane, ""))
        if not terms:
            return shown
        return tuple(row for row in shown if filtering.matches(terms, _words(row)))

    def _title_live(self) -> None:
        pane = self.query_one("#live", LivePane)
        row = self.agent(self.selected)
        pane.title = _spoken(row) if row else self.selected
        pane.note = row.note if row else ""

    # -------------------------------------------------------------------------------------------------- asking

    def section(self, pane: str) -> Section:
        """One titled pane."""
        return self.query_one(f"#{pane}", Section)

    def list_of(self, pane: str) -> RowList:
        """The list of a pane."""
        if pane == "needs":
            return self.query_one("#needs", NeedsYou)
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
            if widget.id in PANES:
                return widget.id
            widget = cast("Widget | None", widget.parent) if isinstance(widget.parent, Widget) else None
        return self._pane

    @property
    def focused_key(self) -> str:
        """Key of the row under the cursor of the focused pane."""
        pane = self.focused_pane
        return self.selected if pane == "live" else self.list_of(pane).cursor_key

    # -------------------------------------------------------------------------------------------------- going

    @property
    def shows_beads(self) -> bool:
        """Whether the beads stand where the agents would."""
        return self.has_class("-beads")

    def go_to(self, pane: str) -> None:
        """Focus a pane, and on a narrow screen show it."""
        if pane in {"beads", "agents"}:
            self.set_class(pane == "beads", "-beads")
            self.selected = "" if pane == "beads" else self.selected
        if pane == "needs":
            if self.view and self.view.needs:
                self.list_of("needs").focus()
            return
        self._show_pane(pane)
        (self.query_one("#live", LivePane) if pane == "live" else self.list_of(pane)).focus()

    def toggle_zoom(self) -> None:
        """Give the focused pane the whole screen, or give it back."""
        pane = self.focused_pane
        zoomed = not self.has_class("-zoomed")
        for each in PANES:
            self.set_class(zoomed and each == pane, f"-zoom-{each}")
        self.set_class(zoomed, "-zoomed")

    def go_back(self) -> None:
        """Close the filter, else the zoom, else drop the focused list's filter."""
        if self.query_one("#filter", Input).display:
            self.close_filter(keep=False)
        elif self.has_class("-zoomed"):
            self.toggle_zoom()
            self.go_to("agents")
        elif not self.drop_filter() and self.focused_pane == "live":
            self.go_to("agents")

    def came_back(self) -> None:
        """The person stopped typing into an agent: back to where they were."""
        if self.query_one("#live", LivePane).has_focus:
            self.go_to("agents")

    def select(self, address: str) -> None:
        """Look at an agent, wherever it was asked for."""
        self.list_of("agents").move_to(address)
        self._look_at(address)

    def _look_at(self, address: str) -> None:
        if address and address != self.selected:
            self.selected = address
            self._title_live()
            self.query_one("#live", LivePane).show_nothing(Piece("…", "dim"))
            self.post_message(self.AgentSelected(address))

    def _show_pane(self, pane: str) -> None:
        for each in PANES:
            self.set_class(each == pane, f"-pane-{each}")
        self._pane = pane
        self._show_tabs()

    def _show_tabs(self) -> None:
        tabs = [KeyHint(str(nth + 1), pane, f"pane({nth + 1})") for nth, pane in enumerate(PANES) if pane != "needs"]
        self.query_one("#tabs", KeyLine).show_keys(tabs, here=self._pane)

    # -------------------------------------------------------------------------------------------------- messages

    @on(RowList.Highlighted)
    def _highlighted(self, message: RowList.Highlighted) -> None:
        pane = self._pane_of(message.row_list)
        if pane == "agents":
            self._look_at(message.key)
        elif pane == "beads" and message.key:
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

    @on(OneLine.Pressed)
    async def _pressed(self, message: OneLine.Pressed) -> None:
        message.stop()
        await self.app.run_action(message.act)

    def _pane_of(self, row_list: RowList) -> str:
        return next(pane for pane in PANES if pane != "live" and self.list_of(pane) is row_list)

    # -------------------------------------------------------------------------------------------------- the filter

    def open_filter(self) -> None:
        """Ask for a filter of the focused list."""
        pane = self.focused_pane
        if pane in {"needs", "live"}:
            pane = "agents"
        self._filtering = pane
        entry = self.query_one("#filter", Input)
        entry.value = self._filters.get(pane, "")
        entry.display = True
        entry.focus()

    def close_filter(self, *, keep: bool) -> None:
        """Go back to the list, with or without the filter."""
        entry = self.query_one("#filter", Input)
        if not entry.display:
            return
        entry.display = False
        if not keep:
            self._set_filter(self._filtering, "")
        self.list_of(self._filtering).focus()

    def drop_filter(self) -> bool:
        """Drop the focused list's filter; False when it had none."""
        pane = self.focused_pane
        if not self._filters.get(pane):
            return False
        self._set_filter(pane, "")
        return True

    def _set_filter(self, pane: str, text: str) -> None:
        self._filters[pane] = text
        if self.view is not None:
            self._show_rows(pane)

    @on(Input.Changed, "#filter")
    def _filter_changed(self, message: Input.Changed) -> None:
        message.stop()
        if self._filtering and message.input.display:
            self._set_filter(self._filtering, message.value)

    @on(Input.Submitted, "#filter")
    def _filter_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.close_filter(keep=True)


def _words(row: object) -> dict[str, str]:
    fields = {name: str(value) for name, value in to_builtins(row).items()}
    if "group" in fields:
        fields["rig"] = fields["group"]
    return fields


def _spoken(row: AgentRow) -> str:
    return row.name if row.group == "town" else f"{row.group}/{row.name}"


def _offer(text: str, command: str) -> tuple[Piece, ...]:
    """An empty list's words and the verb that fills it."""
    return (Piece(text + " ", "dim"), Piece(f"{command} ⏎", "brass", command))
