"""The first screen: who needs you, what is moving, what changed, and one agent's live screen beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message

from gastown_tui.core.model.outside import Screen as AgentScreen
from gastown_tui.core.verbs.declare import Suggest
from gastown_tui.core.views.home import AgentRow, HomeView, NeedRow
from gastown_tui.screens.home_layout import HomeLayout
from gastown_tui.screens.panes import LISTS, Pane
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList

PATIENCE_S = 0.5
"""How long the first frame waits for the town: painting empty panes would only keep the full ones waiting."""


class HomeScreen(HomeLayout):
    """Everything at a glance; every list keeps its place while the town moves under it."""

    AUTO_FOCUS = "#agents RowList"

    class AgentSelected(Message):
        """Another agent is the one that is looked at."""

        def __init__(self, address: str) -> None:
            super().__init__()
            self.address = address

        def can_replace(self, message: Message) -> bool:
            """Only the last of several moves is news."""
            return isinstance(message, HomeScreen.AgentSelected)

    def __init__(self, zone: tzinfo | None = None) -> None:
        super().__init__()
        self.selected = ""
        """Address of the agent whose screen is shown."""
        self._zone = zone
        self._is_held = True

    def body(self) -> ComposeResult:
        """The panes, in the order tab visits them."""
        yield self.needs
        yield self._tabs
        with Horizontal(id="body"):
            with Vertical(id="left"):
                for name in ("convoys", "mail", "feed"):
                    yield self.sections[name]
            yield self.sections["agents"]
            yield self.live

    def on_mount(self) -> None:
        """Start on the agents; the rest fills as the town is read."""
        self.show_tabs()
        self.set_timer(PATIENCE_S, self._let_go)

    def _let_go(self) -> None:
        self._is_held = False
        self.refresh(layout=True)

    def _compositor_refresh(self) -> None:
        if not self._is_held:
            super()._compositor_refresh()

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
        if before is None:
            self.set_class(not view.is_town, "-lone")
            self._let_go()

    def show_look(self, address: str, look: AgentScreen | None, why_not: str = "") -> None:
        """Draw the selected agent's screen, or say why there is none."""
        if address != self.selected:
            return
        pane = self.live
        if look is not None:
            pane.show_screen(look)
            return
        pane.show_nothing(Piece(f"{why_not} · ", "dim"), Piece("a", "brass", "attach"), Piece(" starts it", "dim"))

    def _show_needs(self) -> None:
        shown = bool(self.view and self.view.needs)
        needs = self.list_of("needs")
        if needs.has_focus and not shown:
            self.go_to("agents")
        needs.display = shown

    def _show_rows(self, pane: Pane) -> None:
        assert self.view is not None
        text = self.filters.get(pane.name, "")
        kept = pane.kept(self.view, text)
        self.list_of(pane.name).set_rows(pane.lines(kept, self._zone))
        note = f"{len(kept)} of {len(pane.rows(self.view))} · /{text}" if text else pane.note(self.view)
        self.section(pane.name).header.note = note

    def _title_live(self) -> None:
        pane = self.live
        row = self.agent(self.selected)
        pane.title = _spoken(row) if row else self.selected
        pane.note = row.note if row else ""

    def filtered_pane(self) -> str:
        """The list a filter typed now is for."""
        pane = self.focused_pane
        return pane if pane in LISTS else "agents"

    def filter_changed(self, pane: str) -> None:
        """Show the rows that pass."""
        if self.view is not None:
            self._show_rows(LISTS[pane])

    def hint_names(self) -> Sequence[str]:
        """Hints go by the pane; while somebody types into an agent there is but one."""
        if self.live.typing:
            return ("typing",)
        return (self.focused_pane,)

    # -------------------------------------------------------------------------------------------------- asking

    def agent(self, address: str) -> AgentRow | None:
        """An agent's row."""
        agents = self.view.agents if self.view else ()
        return next((row for row in agents if row.address == address), None)

    def need(self, key: str) -> NeedRow | None:
        """A row of Needs you."""
        needs = self.view.needs if self.view else ()
        return next((row for row in needs if row.key == key), None)

    @property
    def focused_key(self) -> str:
        """Key of the row under the cursor of the focused pane."""
        pane = self.focused_pane
        return self.selected if pane == "live" else self.list_of(pane).cursor_key

    def agent_meant(self) -> str:
        """The agent that keys are about: the one under the cursor, though its screen may not be shown yet."""
        if self.focused_pane == "agents":
            self._look_at(self.list_of("agents").cursor_key)
        elif self.focused_pane == "needs" and (need := self.need(self.focused_key)) is not None and need.address:
            self.select(need.address)
        return self.selected

    def what_is_selected(self) -> dict[str, tuple[str, ...]]:
        """What the focused rows say about a form's fields, by the kind of value (`verbs.declare.Suggest`)."""
        pane = self.focused_pane
        chosen = self.list_of(pane).marked if pane != "live" else ()
        chosen = chosen or ((self.focused_key,) if self.focused_key else ())
        match pane:
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

    # -------------------------------------------------------------------------------------------------- selecting

    def select(self, address: str) -> None:
        """Look at an agent, wherever it was asked for."""
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

    @on(RowList.Highlighted)
    def _highlighted(self, message: RowList.Highlighted) -> None:
        message.stop()
        pane = self.pane_of(message.row_list)
        if pane == "agents":
            self._look_at(message.key)
        elif pane == "needs" and message.row_list.has_focus and (need := self.need(message.key)) and need.address:
            self.select(need.address)


def _spoken(row: AgentRow) -> str:
    return row.name if row.group == "town" else f"{row.group}/{row.name}"
