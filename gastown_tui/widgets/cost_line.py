"""What keeping the room open costs, beside the status line."""

from __future__ import annotations

import msgspec

from gastown_tui.widgets.one_line import OneLine, Part
from gastown_tui.widgets.pieces import Piece


class RoomCost(msgspec.Struct, frozen=True):
    """What keeping the room open costs."""

    cpu_percent: float = 0.0
    forks: int = 0
    """Processes started since the room opened."""
    lag_ms: float = 0.0
    """How late the newest event came on the screen."""


class CostLine(OneLine):
    """Our own use of the machine; the least important part of the first line, and the first to give way."""

    def show_cost(self, cost: RoomCost) -> None:
        """Draw other figures."""
        self.show(
            (),
            (
                Part((Piece(f"cpu {cost.cpu_percent:.1f}%", "dim"),), rank=2),
                Part((Piece(f"forks {cost.forks}", "dim"),), rank=3),
                Part((Piece(f"lag {cost.lag_ms:.0f} ms", "dim"),), rank=1),
            ),
        )
