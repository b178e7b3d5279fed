"""Where things stand on the home screen: which pane is shown, which fills it, and how one comes back."""

from __future__ import annotations

from typing import ClassVar

from textual.widget import Widget

from gastown_tui.core.views.home import HomeView
from gastown_tui.screens.panes import LISTS, PANE_NAMES, Pane
from gastown_tui.screens.place import Place
from gastown_tui.widgets.key_line import KeyHint, KeyLine
from gastown_tui.widgets.live_pane import LivePane
from gastown_tui.widgets.needs_you import NeedsYou
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.section import Section


class HomeLayout(Place):
    """The panes of the home screen, and the ways between them."""

    NAME = "home"
    PANES: ClassVar[tuple[str, ...]] = PANE_NAMES

    def __init__(self) -> None:
        super().__init__()
        self.view: HomeView | None = None
        self.add_class("-pane-agents")
        self.needs = NeedsYou(id="needs")
        self.needs.display = False
        self.live = LivePane(id="live")
        self.sections = {name: _section(pane) for name, pane in LISTS.items()}
        self._tabs = KeyLine(id="tabs")
        self._pane = "agents"
        self._visits: list[tuple[str, bool]] = []
        """Where we were before each visit to the live screen: the pane, and whether the screen filled the room."""

    # -------------------------------------------------------------------------------------------------- asking

    @property
    def is_town(self) -> bool:
        """Whether there are agents at all."""
        return self.view is None or self.view.is_town

    @property
    def focused_pane(self) -> str:
        """The pane the keys go to."""
        widget: Widget | None = self.focused
        while widget is not None:
            if widget.id in PANE_NAMES:
                return widget.id
            widget = widget.parent if isinstance(widget.parent, Widget) else None
        return self._pane

    def list_of(self, pane: str) -> RowList:
        """The list of a pane."""
        return self.needs if pane == "needs" else super().list_of(pane)

    def pane_of(self, row_list: RowList) -> str:
        """The pane a list stands in."""
        return "needs" if row_list is self.needs else super().pane_of(row_list)

    # -------------------------------------------------------------------------------------------------- panes

    def go_to(self, pane: str) -> None:
        """Focus a pane, and on a narrow screen show it."""
        if pane == "needs" and not (self.view and self.view.needs):
            self.app.notify("nobody needs you", markup=False)
            return
        if self.has_class("-zoomed") and not self.has_class(f"-zoom-{pane}"):
            self.zoom("")
        if pane != "needs":
            self._show_pane(pane)
        self.set_focus(self.live if pane == "live" else self.list_of(pane))

    def _show_pane(self, pane: str) -> None:
        for each in PANE_NAMES:
            self.set_class(each == pane, f"-pane-{each}")
        self._pane = pane
        self.show_tabs()

    def show_tabs(self) -> None:
        """Draw the tabs of a narrow screen."""
        tabs = [KeyHint(str(nth), pane, f"pane({nth})") for nth, pane in enumerate(PANE_NAMES, 1) if pane != "needs"]
        self._tabs.show_keys(tabs, here=self._pane)

    # -------------------------------------------------------------------------------------------------- there and back

    def toggle_peek(self) -> None:
        """The selected agent's screen alone, or everything again as it was."""
        if self.has_class("-zoom-live"):
            self.come_back()
            return
        self.come_to_live()
        self.zoom("live")

    def toggle_zoom(self) -> None:
        """Give the focused pane the whole screen, or give it back."""
        pane = self.focused_pane
        self.zoom("" if self.has_class("-zoomed") or pane == "needs" else pane)

    def come_to_live(self) -> None:
        """Go to the live screen, remembering from where."""
        zoomed = self.has_class("-zoom-live")
        self._visits.append((self.focused_pane, zoomed))
        self.go_to("live")
        self.zoom("live" if zoomed else "")

    def come_back(self) -> None:
        """Back to where we were before the live screen, unless the person has gone elsewhere by now."""
        pane, zoomed = self._visits.pop() if self._visits else ("agents", False)
        if self.focused_pane != "live":
            self._visits.clear()
            return
        self.zoom("live" if zoomed else "")
        self.go_to(pane)

    def go_back(self) -> None:
        """Close the filter, else the zoom, else drop the focused list's filter, else leave the live screen."""
        if self.has_class("-zoom-live") and self._visits and not self._filter_line.display:
            self.come_back()
        else:
            super().go_back()

    def leave(self) -> None:
        """There is nowhere to go back to but from the live screen."""
        if self.focused_pane in {"live", "needs"}:
            self._visits.clear()
            self.go_to("agents")


def _section(pane: Pane) -> Section:
    body = RowList(pane.columns, empty=pane.offer(), keeps_cursor=pane.keeps_cursor, follows=pane.follows)
    return Section(pane.title, body, id=pane.name)
