"""How much work there is on the shelf."""

from __future__ import annotations

from datetime import datetime

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import TOWN_TYPES
from gastown_tui.core.rules.readiness import Standing, free


def ready_count(town: Town, now: datetime) -> int:
    """How many beads could be started; what a town files for itself (convoys, merge requests, mail) is no work."""
    found = free(Standing(list(town.beads())), now)
    return sum(bead.kind not in TOWN_TYPES for bead in found) if town.is_town else len(found)
