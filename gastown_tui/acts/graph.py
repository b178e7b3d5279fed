"""Acts of the dependency graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from gastown_tui.acts.places import PlaceActs
from gastown_tui.core.verbs.declare import Suggest

if TYPE_CHECKING:
    from gastown_tui.screens.graph import GraphPlace


class GraphActs(PlaceActs):
    """What keys do to the drawing of how beads hang together."""

    @property
    def _graph(self) -> GraphPlace | None:
        return cast("GraphPlace", self.place) if self.here("graph") else None

    def action_graph(self) -> None:
        """Draw what stands around the selected bead, convoy or the work of the selected agent."""
        bead_id = self.bead_meant()
        if bead_id:
            self.draw_graph(bead_id)
        else:
            self.say("no bead is selected")

    def bead_meant(self) -> str:
        """The bead that keys are about; of an agent, what hangs on its hook."""
        known = self.place.what_is_selected()
        for kind in (Suggest.BEAD, Suggest.CONVOY):
            if found := known.get(kind):
                return found[0]
        row = self.home.agent(self.place.agent_meant())
        return row.bead_id if row is not None else ""

    def draw_graph(self, bead_id: str) -> None:
        """Go to the drawing of a bead; leaving it leads back here."""
        self.visit("graph")
        if (place := self._graph) is not None:
            place.begin_with(bead_id)

    def action_graph_depth(self, by: int) -> None:
        """Draw more of what is around, or less."""
        if (place := self._graph) is not None:
            place.go_deeper(by)

    def action_graph_why(self) -> None:
        """Draw only what keeps the bead under the cursor from being begun."""
        if (place := self._graph) is not None:
            place.toggle_why()

    def action_graph_open(self) -> None:
        """See the bead under the cursor itself."""
        if (place := self._graph) is not None and place.focused_key:
            self.open_bead(place.focused_key)

    def on_graph_place_bead_wanted(self, message: GraphPlace.BeadWanted) -> None:
        """See the bead that was chosen itself."""
        self.open_bead(message.bead_id)
