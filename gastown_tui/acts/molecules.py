"""Acts on molecules and their steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from textual import on, work

from gastown_tui.acts.graph import GraphActs
from gastown_tui.core import verbs
from gastown_tui.core.errors import GastownError
from gastown_tui.core.rules.health import Seen
from gastown_tui.core.verbs.declare import Receipt, Verb
from gastown_tui.screens.place import Place

if TYPE_CHECKING:
    from gastown_tui.screens.molecules import MoleculePlace


class MoleculeActs(GraphActs):
    """What keys do to the molecule or the step under the cursor."""

    @property
    def _molecules(self) -> MoleculePlace | None:
        return cast("MoleculePlace", self.place) if self.here("molecules") else None

    def seen(self) -> Seen:
        """One look at sessions and screens."""
        mirror = self.watch_town.mirror
        return mirror.seen if mirror is not None else Seen(sessions={})

    def action_place(self, name: str) -> None:
        """Go to a place; among the molecules to the one that what is selected belongs to."""
        meant = self.bead_meant() if name == "molecules" and not self.here(name) else ""
        super().action_place(name)
        if (place := self._molecules) is not None:
            place.seen = self.seen
            place.begin_with((meant,) if meant else ())

    def show_molecule(self, bead_id: str) -> None:
        """Go to a molecule from the place we are in; leaving it leads back here."""
        self.visit("molecules")
        if (place := self._molecules) is not None:
            place.seen = self.seen
            place.begin_with((bead_id,))

    # -------------------------------------------------------------------------------------------------- steps

    @on(Place.Wanted)
    def _molecule_wanted(self, message: Place.Wanted) -> None:
        """From a molecule to its steps, from a step to its bead."""
        place = self._molecules
        if place is None or not message.act.startswith("open:"):
            return
        if message.act == "open:molecules" and place.step:
            place.go_to("steps")
        else:
            self.open_bead(message.subject)

    async def action_close_step(self) -> None:
        """Close the step under the cursor and go on with the next."""
        if (place := self._molecules) is not None and place.step:
            await self._form("bd close", {"ids": (place.step,), "continue_": True})

    async def action_open_gate(self) -> None:
        """Open the gate the step under the cursor, or the molecule, stands at."""
        from gastown_tui.core.views.molecule_ends import gate_before

        place = self._molecules
        if place is None or not place.molecule:
            return
        wanted = (place.step, place.molecule) if place.focused_pane != "molecules" else (place.molecule,)
        gate = await self.watch_town.ask(lambda _hands, town: gate_before(town, wanted))
        if gate:
            await self._form("bd gate resolve", {"id": gate})
        else:
            self.say("no gate is in the way here")

    # -------------------------------------------------------------------------------------------------- molecules

    async def action_bond(self) -> None:
        """Put something to the molecule."""
        if (place := self._molecules) is not None and place.molecule:
            await self._form("bd mol bond", {"first": place.molecule})

    def action_squash(self) -> None:
        """Condense the molecule to a digest, once the person has seen what goes."""
        self._end("bd mol squash", "Condense it to one digest?")

    def action_burn(self) -> None:
        """Discard the molecule, once the person has seen what is lost."""
        self._end("bd mol burn", "Burn it? Nothing of it is kept.")

    def _end(self, name: str, question: str) -> None:
        place, verb = self._molecules, verbs.find(name)
        if place is not None and place.molecule and verb is not None:
            known = {"ids": (place.molecule,)} if name.endswith("burn") else {"id": place.molecule}
            self._ask_and_end(verb, question, known | {"force": True})

    @work(group="ending", exclusive=True)
    async def _ask_and_end(self, verb: Verb, question: str, arguments: dict[str, Any]) -> None:
        from gastown_tui.acts.verbs import filled
        from gastown_tui.cli.line import write_line
        from gastown_tui.core.views.molecule_ends import what_goes
        from gastown_tui.screens.ask import AskScreen

        full = filled(verb, arguments)
        try:
            told: Receipt = await self.watch_town.ask(lambda hands, _town: verb.run(hands, **full | {"dry_run": True}))
            lost = await self.watch_town.ask(lambda _hands, town: what_goes(town, told.data()))
        except GastownError as error:
            self.complain(error)
            return
        if await self.push_screen_wait(AskScreen(question, write_line(verb, full), lost)):
            self.run_verb(verb, full)

    async def _form(self, name: str, preset: dict[str, Any]) -> None:
        verb = verbs.find(name)
        if verb is not None:
            await self.open_form(verb, preset)
