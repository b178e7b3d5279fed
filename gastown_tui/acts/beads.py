"""Acts on beads: file one, edit one, one thing done to all that are marked, and the last of it taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from textual import work

from gastown_tui.acts.bead_reading import BeadReadingActs
from gastown_tui.acts.bead_undo import STEPS, Undo, watched
from gastown_tui.acts.verbs import Failed, Then, filled
from gastown_tui.core import verbs
from gastown_tui.core.errors import GastownError
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.declare import Receipt, Verb
from gastown_tui.core.views.suggestions import Suggestion

if TYPE_CHECKING:
    from gastown_tui.screens.bead_form import BeadForm, Desk

MOST_NAMED = 3
"""Refused beads named in one line."""


class Ask(NamedTuple):
    """One thing that is done to all chosen beads."""

    verb: str
    heading: str
    asks: tuple[str, ...]


ASKS = {
    "close": Ask("bd close", "Close", ("reason",)),
    "reopen": Ask("bd reopen", "Open again", ("reason",)),
    "priority": Ask("bd update", "Priority of", ("priority",)),
    "status": Ask("bd update", "Status of", ("status",)),
    "assign": Ask("bd update", "Assign", ("assignee",)),
    "label": Ask("bd update", "Labels of", ("add_label", "remove_label")),
    "defer": Ask("bd defer", "Put off", ("until",)),
}
DONE = {
    "bd close": "closed",
    "bd reopen": "opened again",
    "bd update": "changed",
    "bd defer": "put off",
    "bd undefer": "taken back",
    "bd delete": "deleted",
    "bd create": "filed",
}
"""What is said of beads when a verb has done its work."""


class BeadActs(BeadReadingActs):
    """What keys do to beads."""

    undone: list[Undo]
    """What can be taken back, the last act last."""
    _asked: dict[str, Any] = {}  # noqa: RUF012 - replaced, never changed
    """The arguments of the last verb, for what is said of its outcome."""

    # -------------------------------------------------------------------------------------------------- one bead

    async def action_verb(self, name: str) -> None:
        """Open a verb's form; a bead is filed with the same form everywhere."""
        if name == "bd create":
            await self.action_bead_create()
        else:
            await super().action_verb(name)

    async def action_bead_create(self) -> None:
        """File a bead."""
        from gastown_tui.screens.bead_form import FILED, BeadForm

        if (verb := verbs.find("bd create")) is not None:
            offers = {"labels": await self._labels(), "deps": await self._ids()}
            await self.push_screen(BeadForm(verb, "File a bead", FILED, self._desk(), offers=offers))

    async def action_bead_edit(self) -> None:
        """Edit the bead under the cursor."""
        from gastown_tui.screens.bead_form import EDITED, BeadForm, as_edited

        bead, verb = await self._chosen_bead(), verbs.find("bd update")
        if bead is not None and verb is not None:
            form = BeadForm(
                verb,
                f"Edit {bead.id}",
                EDITED,
                self._desk(),
                given={"ids": (bead.id,)},
                preset=as_edited(bead),
                offers={"set_labels": await self._labels()},
            )
            await self.push_screen(form)

    async def action_bead_comment(self) -> None:
        """Say something about the bead under the cursor."""
        await self._ask_about_one("bd comments add", "Comment on", "id", ("words",))

    async def action_bead_needs(self, verb: str) -> None:
        """Let the bead under the cursor wait for another one, or no longer."""
        bead = await self._chosen_bead()
        if bead is None:
            return
        heading = "waits for" if verb == "add" else "no longer waits for"
        offers = {}
        if verb == "remove":
            found = await self._titles([edge.depends_on_id for edge in bead.needs])
            offers["depends_on"] = found
            if not found:
                self.say(f"{bead.id} waits for nothing")
                return
        await self._ask_about_one(f"bd dep {verb}", "", "issue", ("depends_on",), offers, f"{bead.id} {heading}")

    async def _ask_about_one(
        self,
        name: str,
        word: str,
        parameter: str,
        asks: tuple[str, ...],
        offers: dict[str, tuple[Suggestion, ...]] | None = None,
        heading: str = "",
    ) -> None:
        from gastown_tui.screens.bead_form import BeadForm

        place, verb = self.beads_place, verbs.find(name)
        if place is None or verb is None or not place.focused_key:
            return
        bead_id = place.focused_key
        form = BeadForm(
            verb, heading or f"{word} {bead_id}", asks, self._desk(), given={parameter: bead_id}, offers=offers
        )
        await self.push_screen(form)

    async def _chosen_bead(self) -> Bead | None:
        place = self.beads_place
        bead_id = place.focused_key if place is not None else ""
        if not bead_id:
            self.say("no bead is selected")
            return None
        try:
            return await self.watch_town.ask(lambda _hands, town: town.bead(bead_id))
        except GastownError as error:
            self.complain(error)
            return None

    # -------------------------------------------------------------------------------------------------- many beads

    async def action_bead_ask(self, what: str) -> None:
        """Ask for what is needed to do one thing to all chosen beads."""
        from gastown_tui.screens.bead_form import BeadForm

        ask, ids = ASKS[what], self._ids_chosen()
        verb = verbs.find(ask.verb)
        if not ids or verb is None:
            return
        offers = {"add_label": await self._labels()} if what == "label" else {}
        if what == "label":
            offers["remove_label"] = await self._labels(ids)
        heading = f"{ask.heading} {named(ids)}"
        await self.push_screen(BeadForm(verb, heading, ask.asks, self._desk(), given={"ids": ids}, offers=offers))

    def action_bead_claim(self) -> None:
        """Take the chosen beads: ours, in progress."""
        if ids := self._ids_chosen():
            self.run_named("bd update", {"ids": ids, "claim": True})

    async def action_bead_defer(self) -> None:
        """Put the chosen beads off; those that are put off are taken back."""
        ids = self._ids_chosen()
        found = await self.watch_town.ask(lambda _hands, town: [town.find(each) for each in ids])
        if found and all(bead is not None and bead.state == "deferred" for bead in found):
            self.run_named("bd undefer", {"ids": ids})
        else:
            await self.action_bead_ask("defer")

    def action_bead_delete(self) -> None:
        """Delete the chosen beads, once the person has seen what that means."""
        ids, verb = self._ids_chosen(), verbs.find("bd delete")
        if ids and verb is not None:
            self._delete(verb, ids)

    @work(group="asking")
    async def _delete(self, verb: Verb, ids: tuple[str, ...]) -> None:
        from gastown_tui.cli.line import write_line
        from gastown_tui.screens.ask import AskScreen

        arguments = filled(verb, {"ids": ids, "force": True})
        losses = await self.rehearsed(verb, {**arguments, "force": False})
        question = f"Delete {named(ids)} for good? It cannot be taken back."
        if await self.push_screen_wait(AskScreen(question, write_line(verb, arguments), losses)):
            self.run_verb(verb, arguments)

    def _ids_chosen(self) -> tuple[str, ...]:
        ids = self.beads_place.chosen if self.beads_place is not None else ()
        if not ids:
            self.say("no bead is selected")
        return ids

    # -------------------------------------------------------------------------------------------------- answers

    def run_verb(
        self, verb: Verb, arguments: dict[str, Any], *, then: Then | None = None, failed: Failed | None = None
    ) -> None:
        """Run a verb; what it does to beads can be taken back."""
        self._asked = arguments
        is_kept = verb.name in DONE and verb.name not in {"bd create", "bd delete"}
        super().run_verb(watched(verb, self._keep) if is_kept else verb, arguments, then=then, failed=failed)

    def _keep(self, undo: Undo) -> None:
        self.undone[:] = [*self.undone, undo][-STEPS:]

    def show_receipt(self, verb: Verb, receipt: Receipt | None) -> None:
        """What was done to beads in one line; who was refused is named with the reason."""
        place = self.beads_place
        if place is not None and verb.mutates:
            place.clear_marks()
        if receipt is None or place is None or verb.name not in DONE:
            super().show_receipt(verb, receipt)
            return
        if (filed := getattr(receipt, "bead", None)) is not None:
            place.move_to(filed.id)
        complaints = [each.removeprefix("Error: ") for each in receipt.warnings()]
        self.say(_said(verb, receipt, self._asked) + (f" · {len(complaints)} refused" if complaints else ""))
        if complaints:
            more = f"\n… and {len(complaints) - MOST_NAMED} more" if len(complaints) > MOST_NAMED else ""
            self.warn("\n".join(complaints[:MOST_NAMED]) + more)

    def action_bead_undo(self) -> None:
        """Take the last act back."""
        if not self.undone:
            self.say("there is nothing to take back")
            return
        undo, verb = self.undone.pop(), verbs.find("bd update")
        if verb is not None:
            self._take_back(verb, undo)

    @work(thread=True, exit_on_error=False, group="verbs")
    def _take_back(self, verb: Verb, undo: Undo) -> None:
        try:
            for step in undo.steps:
                verb.run(self.watch_town.hands_for_verbs(), **filled(verb, {"ids": step.ids, **step.arguments}))
        except GastownError as error:
            self.call_from_thread(self.complain, error)
        else:
            self.call_from_thread(self.say, f"taken back: {undo.name} of {counted(undo.count)}")

    # -------------------------------------------------------------------------------------------------- the editor

    async def on_bead_form_editor_wanted(self, message: BeadForm.EditorWanted) -> None:
        """Edit a text in the person's own editor."""
        from gastown_tui.acts.editor import edited

        try:
            text = await edited(self, message.row.value)
        except GastownError as error:
            self.complain(error)
            return
        if text is not None:
            message.row.write(text)

    # -------------------------------------------------------------------------------------------------- offers

    def _desk(self) -> Desk:
        from gastown_tui.cli.line import write_line

        return self._offer, write_line, self.rehearsed

    async def _labels(self, ids: Sequence[str] = ()) -> tuple[Suggestion, ...]:
        """The labels there are, or those some beads have, the most frequent first."""

        def count(_hands: Hands, town: Town) -> tuple[Suggestion, ...]:
            from collections import Counter

            beads = filter(None, map(town.find, ids)) if ids else town.beads()
            found = Counter(label for bead in beads for label in bead.labels or ())
            return tuple(Suggestion(label, counted(number)) for label, number in found.most_common(200))

        return await self.watch_town.ask(count)

    async def _ids(self) -> tuple[Suggestion, ...]:
        from gastown_tui.core.views.suggestions import suggestions

        return await self.watch_town.ask(lambda _hands, town: suggestions(town, "bead"))

    async def _titles(self, ids: Sequence[str]) -> tuple[Suggestion, ...]:
        def read(_hands: Hands, town: Town) -> tuple[Suggestion, ...]:
            found = ((each, town.find(each)) for each in ids)
            return tuple(Suggestion(each, bead.title if bead is not None else "not here") for each, bead in found)

        return await self.watch_town.ask(read)


def _said(verb: Verb, receipt: Receipt, asked: dict[str, Any]) -> str:
    acted = getattr(receipt, "acted", receipt)
    beads = getattr(acted, "beads", ()) or tuple(filter(None, [getattr(acted, "bead", None)]))
    if not beads:
        return receipt.text().strip("\n").partition("\n")[0]
    changes = ", ".join(_changes(verb, asked)) if verb.name == "bd update" else ""
    return f"{DONE[verb.name]} {named([bead.id for bead in beads])}" + (f": {changes}" if changes else "")


def _changes(verb: Verb, asked: dict[str, Any]) -> Iterator[str]:
    """What an update changed, in a few words."""
    for each in verb.parameters:
        value = asked.get(each.name, each.default)
        if value == each.default or not each.is_option:
            continue
        name = each.flags[0].lstrip("-").replace("-", " ")
        if each.kind == "bool" or each.arg.long_text:
            yield name
        else:
            said = " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
            yield f"{name} {one_line(said, 40) or 'none'}"


def named(ids: Sequence[str]) -> str:
    """One bead by its id, several by their number."""
    return ids[0] if len(ids) == 1 else counted(len(ids))


def counted(number: int) -> str:
    """So many beads."""
    return f"{number} bead" if number == 1 else f"{number} beads"
