"""Reading beads: the one under the cursor with its past, the trail to the next, and how all of them are seen."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import tzinfo
from typing import TYPE_CHECKING, cast

from textual import on, work

from gastown_tui.acts.places import PlaceActs
from gastown_tui.core.errors import GastownError
from gastown_tui.core.fold import Town
from gastown_tui.core.ports import Hands
from gastown_tui.screens.place import Place

if TYPE_CHECKING:
    from gastown_tui.core.views.bead_detail import BeadDetail
    from gastown_tui.core.views.bead_history import Happened
    from gastown_tui.screens.beads import BeadsScreen

REST_S = 0.12
"""How long the cursor rests on a bead before its past is read."""


class BeadReadingActs(PlaceActs):
    """What keys show in the place of beads."""

    zone: tzinfo | None
    """Where the clock on the wall hangs."""

    @property
    def beads_place(self) -> BeadsScreen | None:
        """The place of beads, when we are in it."""
        return cast("BeadsScreen", self.place) if self.here("beads") else None

    # -------------------------------------------------------------------------------------------------- reading

    @on(Place.Opened)
    def _beads_opened(self, message: Place.Opened) -> None:
        if (place := self.beads_place) is not None and message.place is place:
            place.page.zone = self.zone

    def on_beads_screen_bead_wanted(self, message: BeadsScreen.BeadWanted) -> None:
        """Read the bead the cursor came to."""
        if (place := self.beads_place) is not None:
            self._read_bead(place, message.bead_id)

    @work(exclusive=True, group="bead")
    async def _read_bead(self, place: BeadsScreen, bead_id: str) -> None:
        from gastown_tui.core.views.bead_detail import bead_detail

        def read(hands: Hands, town: Town) -> BeadDetail:
            return bead_detail(town, bead_id, hands.clock.now(), place.reader.beads.state_of)

        if not bead_id:
            place.show_bead(bead_id, None)
            return
        try:
            detail = await self.watch_town.ask(read)
        except GastownError as error:
            place.show_bead(bead_id, None, error.message)
            return
        place.show_bead(bead_id, detail)
        await asyncio.sleep(REST_S)
        # The log is read on a thread of its own: the town goes on being read meanwhile.
        past = await asyncio.get_running_loop().run_in_executor(None, self._past_of, detail)
        place.show_history(bead_id, past)

    def _past_of(self, detail: BeadDetail) -> tuple[Happened, ...]:
        from gastown_tui.core.views.bead_history import beginnings, history

        bead, hands = detail.bead, self.watch_town.hands
        told: tuple[Happened, ...] = ()
        if hands is not None:
            with suppress(GastownError):
                told = history(hands.ledger.history(detail.ledger, naming=bead.id), bead.id)
        # What was there before the log began is told by the bead itself.
        known = {each.word for each in told}
        return (*told, *(each for each in beginnings(bead) if each.word not in known))

    @on(Place.Wanted)
    def _wanted_of_bead(self, message: Place.Wanted) -> None:
        place = self.beads_place
        if place is None:
            return
        if message.act == "open:beads":
            place.read_bead()
        elif message.act == "agent":
            home = self.come_home()
            home.select(message.subject)
            home.go_to("agents")

    def action_bead_back(self) -> None:
        """Back along the trail of beads."""
        if (place := self.beads_place) is not None:
            place.step_back()

    # -------------------------------------------------------------------------------------------------- how it is seen

    def action_bead_board(self) -> None:
        """The board for the list; again for the list."""
        if (place := self.beads_place) is not None:
            place.toggle_board()

    def action_bead_order(self) -> None:
        """Another order of the list, or other columns of the board."""
        if (place := self.beads_place) is not None:
            place.next_order()

    def action_bead_backwards(self) -> None:
        """The same order the other way round."""
        if (place := self.beads_place) is not None:
            place.turn_round()
