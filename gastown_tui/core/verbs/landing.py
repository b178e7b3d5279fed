"""Landing convoys where no daemon does it: called by whatever closes beads."""

from __future__ import annotations

from gastown_tui.core.events import ConvoyLanded
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import convoys
from gastown_tui.core.rules.addresses import speaker


def land_finished(hands: Hands, town: Town) -> tuple[BeadId, ...]:
    """Land every convoy that is finished and tell those who wait for it; return which.

    Args:
        hands: The town.
        town: It as just read: the ledger's lock is asked for only when there is something to land.
    """
    now, sender = hands.clock.now(), speaker(hands.actor)
    if not town.is_town or not convoys.landings(town, now, sender=sender):
        return ()
    recorded = hands.ledger.record(lambda read: convoys.landings(read, now, sender=sender), actor=hands.actor)
    return tuple(event.fact.convoy_id for event in recorded.events if isinstance(event.fact, ConvoyLanded))
