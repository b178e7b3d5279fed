"""Going from place to place, and asking the town what the place we are in shows."""

from __future__ import annotations

import asyncio

from textual import on, work
from textual.worker import Worker

from gastown_tui.acts.verbs import VerbActs
from gastown_tui.core.errors import GastownError
from gastown_tui.screens.place import Place
from gastown_tui.watch import WatchFailed

READING_SHARE = 0.05
"""The part of the time that may go into reading a place because the town changed; a person never waits for this."""


def make(name: str) -> Place:
    """A place by its name; its module is loaded now.

    Raises:
        LookupError: there is no such place.
    """
    match name:
        case "beads":
            from gastown_tui.screens.beads import BeadsScreen

            return BeadsScreen()
        case "formulas":
            from gastown_tui.screens.formulas import FormulaPlace

            return FormulaPlace()
        case "graph":
            from gastown_tui.screens.graph import GraphPlace

            return GraphPlace()
        case "molecules":
            from gastown_tui.screens.molecules import MoleculePlace

            return MoleculePlace()
    raise LookupError(name)


class PlaceActs(VerbActs):
    """The ways between places."""

    _places: dict[str, Place]
    _reader: Worker[None] | None = None
    _is_stale = False
    _hurry: asyncio.Event

    def action_place(self, name: str) -> None:
        """Go to a place, or from there back home; it stands as it was left."""
        wanted = "home" if name == self.place.NAME else name
        self.come_home()
        if not self.home.is_town:
            # A ledger without a town has its beads for a first screen.
            self.visit("beads")
        if wanted != "home":
            self.visit(wanted)

    def visit(self, name: str) -> Place:
        """Go to a place from the one we are in; leaving it leads back here."""
        if name not in self._places:
            self._places[name] = make(name)
            self.install_screen(self._places[name], f"place-{name}")
        place = self._places[name]
        if place in self.screen_stack:
            while self.screen is not place:
                self.pop_screen()
        else:
            self.push_screen(place)
        return place

    def open_bead(self, bead_id: str) -> None:
        """Read a bead among all of them, from wherever we are."""
        from gastown_tui.screens.beads import BeadsScreen

        place = self.visit("beads")
        if isinstance(place, BeadsScreen):
            place.open_bead(bead_id)

    def forget_places(self) -> None:
        """Another town is looked at: what places showed of this one is gone."""
        for name in self._places:
            self.uninstall_screen(f"place-{name}")
        self._places.clear()

    @on(Place.Left)
    def _place_left(self) -> None:
        if not self.is_home:
            self.pop_screen()

    # -------------------------------------------------------------------------------------------------- reading

    @on(Place.Stale)
    def _place_stale(self, message: Place.Stale) -> None:
        if message.place is not self.place or message.place.question() is None:
            return
        self._is_stale = True
        if message.at_once:
            self._hurry.set()
        if self._reader is None or self._reader.is_finished:
            self._reader = self._read_place()

    @work(group="place")
    async def _read_place(self) -> None:
        """Read until nothing is stale, resting after each reading in proportion to what it took."""
        loop = asyncio.get_running_loop()
        while self._is_stale:
            self._is_stale = False
            self._hurry.clear()
            began = loop.time()
            await self._answer(self.place)
            rest = (loop.time() - began) / READING_SHARE
            try:
                await asyncio.wait_for(self._hurry.wait(), rest)
            except TimeoutError:
                continue

    async def _answer(self, place: Place) -> None:
        question = place.question()
        if question is None:
            return
        try:
            answer = await self.watch_town.ask(question)
        except GastownError as error:
            self.post_message(WatchFailed(error, opening=False))
            return
        if place is self.place:
            place.show_answer(answer)
