"""Acts of the dependency graph."""

from __future__ import annotations

from textual import on

from gastown_tui.acts.places import PlaceActs
from gastown_tui.core.verbs.declare import Suggest
from gastown_tui.screens.graph import GraphPlace


class GraphActs(PlaceActs):
    """What keys do to the drawing of how beads hang together."""

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
        place = self.visit("graph")
        if isinstance(place, GraphPlace):
            place.begin_with(bead_id)

    def action_graph_depth(self, by: int) -> None:
        """Draw more of what is around, or less."""
        if isinstance(self.place, GraphPlace):
            self.place.go_deeper(by)

    def action_graph_why(self) -> None:
        """Draw only what keeps the bead under the cursor from being begun."""
        if isinstance(self.place, GraphPlace):
            self.place.toggle_why()

    def action_graph_open(self) -> None:
        """See the bead under the cursor itself."""
        if isinstance(self.place, GraphPlace) and self.place.focused_key:
            self.run_named("bd show", {"ids": (self.place.focused_key,)})

    @on(GraphPlace.BeadWanted)
    def _graph_opened(self, message: GraphPlace.BeadWanted) -> None:
        self.run_named("bd show", {"ids": (message.bead_id,)})
