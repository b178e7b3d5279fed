"""Running verbs: from a key, the palette, the command line or a click, all through the same form and the same door."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual import work

from gastown_tui import remembered
from gastown_tui.acts.room import Room
from gastown_tui.core import verbs
from gastown_tui.core.errors import BadInput, GastownError
from gastown_tui.core.verbs.declare import Receipt, Suggest, Verb
from gastown_tui.core.views.suggestions import Suggestion, suggestions
from gastown_tui.keys import RoomKey

if TYPE_CHECKING:
    from gastown_tui.screens.verb_form import VerbForm

Then = Callable[[Receipt | None], object]
Failed = Callable[[GastownError], object]

LONGEST_REHEARSAL = 6
"""Lines of what would happen; the rest is only hinted at."""
LONGEST_TOAST = 3
"""Lines; longer answers become a page."""


class VerbActs(Room):
    """Acts on the town itself."""

    past: list[str]
    """Lines typed before, oldest first."""

    # -------------------------------------------------------------------------------------------------- running

    def run_verb(
        self, verb: Verb, arguments: dict[str, Any], *, then: Then | None = None, failed: Failed | None = None
    ) -> None:
        """Run a verb on a thread; its answer becomes a toast, or a page when it is long."""
        self._run(verb, arguments, then or (lambda receipt: self.show_receipt(verb, receipt)), failed or self.complain)

    def run_named(self, name: str, arguments: dict[str, Any], *, then: Then | None = None) -> None:
        """Run a verb by name, parameters that are not given at their defaults."""
        verb = verbs.find(name)
        if verb is None:
            self.warn(f"there is no verb {name}")
            return
        self.run_verb(verb, filled(verb, arguments), then=then)

    @work(thread=True, exit_on_error=False, group="verbs")
    def _run(self, verb: Verb, arguments: dict[str, Any], then: Then, failed: Failed) -> None:
        try:
            receipt = verb.run(self.watch_town.hands_for_verbs(), **arguments)
        except GastownError as error:
            self.call_from_thread(failed, error)
        except Exception as error:
            # A verb that stumbles must not take the room along.
            self.call_from_thread(failed, GastownError(f"{verb.name} failed: {error}", hint=type(error).__name__))
        else:
            self.call_from_thread(then, receipt)

    def show_receipt(self, verb: Verb, receipt: Receipt | None) -> None:
        """What a verb answered: the terminal to hand over, a toast, or a page."""
        from gastown_tui.core.verbs.declare import Handover

        if receipt is None:
            return
        if isinstance(receipt, Handover):
            self.hand_over(receipt.argv, receipt.session)
            return
        for warning in receipt.warnings():
            self.warn(warning)
        text = receipt.text().strip("\n")
        if text.count("\n") >= LONGEST_TOAST or (not verb.mutates and text):
            self.read(verb.name, text)
        elif text:
            self.say(text)

    def hand_over(self, argv: tuple[str, ...], session: str) -> None:
        """Give the terminal away until the person comes back."""
        raise NotImplementedError

    # -------------------------------------------------------------------------------------------------- forms

    async def action_verb(self, name: str) -> None:
        """Open a verb's form with what the room already knows filled in."""
        verb = verbs.find(name)
        if verb is None:
            self.warn(f"there is no verb {name}")
            return
        await self.open_form(verb, self.known_for(verb))

    async def open_form(self, verb: Verb, preset: dict[str, Any]) -> None:
        """Ask for what is missing; a verb that asks for nothing runs at once."""
        if not any(not each.arg.hidden for each in verb.parameters):
            self._ask_first(verb, {}, lambda: self.run_verb(verb, {}))
            return
        from gastown_tui.cli.line import write_line
        from gastown_tui.screens.verb_form import VerbForm

        # Waited for, so that keys pressed right after this one find the form.
        await self.push_screen(VerbForm(verb, preset, self._offer, write_line, self.rehearsed))

    def on_verb_form_submitted(self, message: VerbForm.Submitted) -> None:
        """Do what the form is about; it closes once that is done."""
        form, verb, arguments = message.form, message.form.verb, message.arguments

        def done(receipt: Receipt | None) -> None:
            form.close()
            self.show_receipt(verb, receipt)

        def failed(error: GastownError) -> None:
            if form.is_current:
                form.complain(error.message, error.hint)
            else:
                self.complain(error)

        def go() -> None:
            form.wait()
            self.run_verb(verb, arguments, then=done, failed=failed)

        self._ask_first(verb, arguments, go)

    def _ask_first(self, verb: Verb, arguments: dict[str, Any], go: Callable[[], object]) -> None:
        if verb.confirm:
            self._ask(verb, arguments, go)
        else:
            go()

    @work(group="asking")
    async def _ask(self, verb: Verb, arguments: dict[str, Any], go: Callable[[], object]) -> None:
        from gastown_tui.cli.line import write_line
        from gastown_tui.screens.ask import AskScreen

        losses = await self.rehearsed(verb, arguments)
        if await self.push_screen_wait(AskScreen(verb.confirm, write_line(verb, arguments), losses)):
            go()

    async def rehearsed(self, verb: Verb, arguments: dict[str, Any]) -> str:
        """What a verb would do, in its own words; empty where it cannot be tried out, or not about anything yet."""
        first = next(iter(verb.parameters), None)
        if first is None or first.is_option or not arguments.get(first.name):
            return ""
        if not verb.mutates or not any(each.name == "dry_run" and not each.arg.hidden for each in verb.parameters):
            return ""

        def run() -> str:
            receipt = verb.run(self.watch_town.hands_for_verbs(), **{**arguments, "dry_run": True})
            return str(receipt.text())

        try:
            text = await asyncio.get_running_loop().run_in_executor(None, run)
        except BadInput:
            return ""
        except GastownError as error:
            return f"would be refused: {error.message}"
        lines = text.strip("\n").split("\n")
        return "\n".join([*lines[:LONGEST_REHEARSAL], *(["…"] if len(lines) > LONGEST_REHEARSAL else [])])

    async def _offer(self, kind: Suggest, typed: str) -> tuple[Suggestion, ...]:
        """What there is of a kind; nothing while the ledger cannot be read, which the status line tells."""
        try:
            return await self._found(kind, typed)
        except GastownError:
            return ()

    async def _found(self, kind: Suggest, typed: str) -> tuple[Suggestion, ...]:
        if kind is Suggest.RUNTIME:
            return await self.watch_town.ask(
                lambda hands, _town: tuple(Suggestion(name) for name in hands.runtimes.names() if typed in name)
            )
        return await self.watch_town.ask(lambda _hands, town: suggestions(town, kind.value, typed))

    def known_for(self, verb: Verb) -> dict[str, Any]:
        """What the selection says about a verb's parameters; marked rows stand for all of them."""
        known = self.place.what_is_selected()
        preset: dict[str, Any] = {}
        for each in verb.parameters:
            is_asked = not each.is_option or each.arg.suggest is Suggest.TARGET
            values = known.pop(each.arg.suggest.value, ()) if is_asked else ()
            if values:
                preset[each.name] = values if each.is_many else values[0]
        return preset

    # -------------------------------------------------------------------------------------------------- typed, found

    async def action_command(self) -> None:
        """Type any verb."""
        from gastown_tui.screens.command_line import CommandLine

        await self.push_screen(CommandLine(self.past, self._complete), self._typed)

    def _typed(self, line: str | None) -> None:
        if line is None:
            return
        self.remember(line)
        from gastown_tui.cli.line import read_line

        try:
            verb, arguments = read_line(line)
        except GastownError as error:
            self.complain(error)
            return
        self._ask_first(verb, arguments, lambda: self.run_verb(verb, arguments))

    def remember(self, line: str) -> None:
        """Keep a typed line for the next time."""
        self.past[:] = [*(each for each in self.past if each != line), line]
        remembered.remember_lines(self.past)

    async def _complete(self, line: str) -> tuple[Suggestion, ...]:
        """What the word at the end of a line could be: an id, a name, an option."""
        from gastown_tui.cli.line import word_at_end

        wanted = word_at_end(line)
        if wanted.parameter is None:
            return tuple(Suggestion(word, about) for word, about in wanted.words)
        if wanted.parameter.arg.choices:
            found = (Suggestion(each) for each in wanted.parameter.arg.choices if each.startswith(wanted.typed))
            return tuple(found)
        kinds = [wanted.parameter.arg.suggest]
        if kinds == [Suggest.READY] and wanted.given:
            kinds.append(Suggest.TARGET)
        try:
            return tuple([each for kind in kinds for each in await self._offer(kind, wanted.typed)])
        except GastownError:
            return ()

    def action_palette(self) -> None:
        """Find a verb."""
        self.action_command_palette()

    async def action_help(self) -> None:
        """Every key and verb."""
        from gastown_tui.screens.help import HelpScreen

        async def chosen(name: str | None) -> None:
            if name:
                await self.action_verb(name)

        every = [verb for verb in verbs.records() if not verb.hidden]
        await self.push_screen(HelpScreen(every, self.key_table()), chosen)

    def key_table(self) -> tuple[RoomKey, ...]:
        """Every key as it stands."""
        raise NotImplementedError


def filled(verb: Verb, given: dict[str, Any]) -> dict[str, Any]:
    """All arguments of a verb: those given, the rest at their defaults.

    Raises:
        BadInput: the verb has no such parameter.
    """
    arguments = {each.name: each.default for each in verb.parameters}
    if unknown := sorted(set(given) - set(arguments)):
        raise BadInput(f"{verb.name} has no parameter {', '.join(unknown)}")
    return arguments | given
