"""A form for any verb, made from its declaration: what is known is filled in, real ids are offered for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, TypeAlias

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from gastown_tui.core.model.text import plain
from gastown_tui.core.verbs.declare import Suggest, Verb
from gastown_tui.core.views.suggestions import Suggestion
from gastown_tui.screens.fields import Field, Unreadable
from gastown_tui.screens.form_row import FieldRow, LongText
from gastown_tui.screens.sheet import Sheet, caught_up
from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.key_line import KeyHint
from gastown_tui.widgets.lines import Row
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList

ELSEWHERE = frozenset({"stdin", "dry_run"})
"""Parameters no form asks for: there is no standard input in the room, and it tries everything out by itself."""
REST_S = 0.2
"""How long nobody types before it is tried out what would happen."""


Offer: TypeAlias = Callable[[Suggest, str], Awaitable[tuple[Suggestion, ...]]]
"""What is offered for a kind of value, given what was typed so far."""
Spell: TypeAlias = Callable[[Verb, dict[str, Any]], str]
"""The command line that does the same."""
Rehearse: TypeAlias = Callable[[Verb, dict[str, Any]], Awaitable[str]]
"""What would happen, in words; empty when nobody can tell."""


class VerbForm(Sheet[None]):
    """Asks for a verb's arguments and stays until they were taken; `Submitted` carries them.

    Enter goes to the next field that still has to be filled, and where there is none it submits.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next", "Next", show=False, priority=True),
        Binding("ctrl+s", "submit", "Submit", show=False, priority=True),
        Binding("ctrl+o", "options", "More", show=False, priority=True),
        Binding("ctrl+y", "copy", "Copy", show=False, priority=True),
        Binding("down", "offer(1)", "Next offer", show=False, priority=True),
        Binding("up", "offer(-1)", "Offer before", show=False, priority=True),
    ]
    CLASSES_ON_SHEET = "sheet form"

    class Submitted(Message):
        """The person is done with a form."""

        def __init__(self, form: VerbForm, arguments: dict[str, Any]) -> None:
            super().__init__()
            self.form = form
            self.arguments = arguments

    def __init__(
        self,
        verb: Verb,
        preset: dict[str, Any],
        offer: Offer,
        spell: Spell,
        rehearse: Rehearse | None = None,
        *,
        asks: Sequence[str] = (),
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Ask for a verb's arguments.

        Args:
            verb: What is to be done.
            preset: What is known, by parameter.
            offer: Real ids for what is being typed.
            spell: The command line of the verb.
            rehearse: Says what would happen.
            asks: The only parameters that are asked for, in that order; left out, all are, the likely ones first.
            labels: What fields are called where that differs from the option's name.
        """
        super().__init__(verb.name, verb.about)
        self.verb = verb
        self._offer = offer
        self._spell = spell
        self._rehearsal = rehearse
        self._waits = False
        self._chose = False
        """Whether an offer was chosen with the arrow keys."""
        usable = (each for each in verb.parameters if not each.arg.raw and each.name not in ELSEWHERE)
        fields = [Field(each, preset.get(each.name)) for each in usable]
        known = {each.name: each for each in fields if not each.parameter.arg.hidden}
        wanted = (known[name] for name in asks if name in known) if asks else known.values()
        self._rows = [FieldRow(each, (labels or {}).get(each.name, each.label)) for each in wanted]
        self._all = bool(asks) or all(each.field.is_wanted for each in self._rows)
        self._line = ""
        """The command line that would do it; empty while it cannot be written."""

    # -------------------------------------------------------------------------------------------------- layout

    def body(self) -> Iterable[Widget]:
        """A line per field over the offers for the one that is being filled, over what would happen."""
        yield VerticalScroll(*self._rows, id="fields", can_focus=False)
        yield RowList((Column(28, share=1), Column()), id="offers")
        yield Static("", id="rehearsed", markup=False)
        yield Static("", id="spelled", markup=False)
        yield Static("", id="complaint", markup=False)

    def on_mount(self) -> None:
        """Start at the first field that has yet to be filled."""
        super().on_mount()
        self._show_fields()
        shown = self._shown()
        first = next((each for each in shown if each.field.is_asked and not each.value), None)
        first = first or next((each for each in shown if each.is_open), None) or (shown[-1] if shown else None)
        if first is not None:
            self.set_focus(first.entry)
        self._respell()
        self._say_meanings()

    def hints(self) -> list[KeyHint]:
        """How to get through it."""
        row = self._current()
        hints = [KeyHint("⏎", "next" if row is not None and self._next_open(row) else "do it", "screen.next")]
        if row is not None and isinstance(row.entry, LongText):
            hints.append(KeyHint("ctrl-j", "new line", ""))
        else:
            hints.append(KeyHint("↑↓", "choose", "screen.offer(1)"))
        hints += [KeyHint("ctrl-s", "do it", "screen.submit"), KeyHint("ctrl-y", "copy", "screen.copy")]
        return hints if self._all else [*hints, KeyHint("ctrl-o", "options", "screen.options")]

    def _shown(self) -> list[FieldRow]:
        return [each for each in self._rows if each.display]

    def _show_fields(self) -> None:
        for each in self._rows:
            each.display = self._all or each.field.is_wanted

    def _current(self) -> FieldRow | None:
        return next((each for each in self._rows if each.entry is self.focused), None)

    def _next_open(self, row: FieldRow) -> FieldRow | None:
        """The next field that has yet to be filled."""
        shown = self._shown()
        after = shown[shown.index(row) + 1 :] if row in shown else shown
        return next((each for each in after if each.is_open), None)

    # -------------------------------------------------------------------------------------------------- offers

    @property
    def _offers(self) -> RowList:
        return self.query_one("#offers", RowList)

    @work(exclusive=True, group="offers")
    async def _offer_anew(self) -> None:
        await self._offer_for_current()

    async def _offer_for_current(self) -> None:
        row = self._current()
        word = row.word if row is not None else ""
        found = await self._found_for(row, word) if row is not None else ()
        # What is offered is for the word under way; a later keystroke has asked again.
        if row is not self._current() or (row is not None and row.word != word):
            return
        lines = [Row(each.value, (Piece(each.value, "brass"), Piece(each.about, "dim"))) for each in found]
        self._offers.set_rows(lines)
        self._offers.action_top()
        self._offers.display = bool(found)
        self._offers.keeps_cursor = bool(row is not None and found and self._means_offer(row))
        self._offers.refresh()
        if row is not None and row.field.parameter.arg.suggest is not Suggest.NOTHING:
            row.means(next((each.about for each in found if each.value == word), ""))

    async def _found_for(self, row: FieldRow, word: str) -> tuple[Suggestion, ...]:
        if (choices := row.field.choices()) is not None:
            return tuple(each for each in choices if word.lower() in each.value.lower())
        kind = row.field.parameter.arg.suggest
        return await self._offer(kind, word) if kind is not Suggest.NOTHING else ()

    @work(exclusive=True, group="meanings")
    async def _say_meanings(self) -> None:
        """What the values stand for that were there before anybody typed."""
        for row in self._rows:
            kind, value = row.field.parameter.arg.suggest, row.field.text
            if value and kind is not Suggest.NOTHING:
                found = await self._offer(kind, value)
                row.means(next((each.about for each in found if each.value == value), ""))

    def action_offer(self, step: int) -> None:
        """Move among the offers without leaving the field."""
        if not self._offers.keeps_cursor:
            self._offers.keeps_cursor = True
            self._offers.refresh()
        elif step > 0:
            self._offers.action_down()
        else:
            self._offers.action_up()
        self._chose = True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In several lines of words the arrows move the cursor."""
        return not isinstance(self.focused, LongText) if action == "offer" else True

    def _take(self, value: str) -> None:
        if (row := self._current()) is not None:
            row.write(row.field.with_word(row.value, value))

    def _means_offer(self, row: FieldRow) -> bool:
        """An offer was chosen, or what was typed is the beginning of one and not a whole one."""
        typed = row.word.lower()
        values = [line.key.lower() for line in self._offers.rows if isinstance(line, Row)]
        return self._chose or (bool(typed) and typed not in values and "".join(values[:1]).startswith(typed))

    # -------------------------------------------------------------------------------------------------- messages

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _changed(self, message: Input.Changed | TextArea.Changed) -> None:
        message.stop()
        self._chose = False
        if (row := self._current()) is not None:
            row.complain("")
        self._offer_anew()
        self._respell()

    def on_descendant_focus(self) -> None:
        """Another field: other offers, other keys."""
        self._chose = False
        if (row := self._current()) is not None:
            row.was_seen = True
        self._offer_anew()
        self.show_keys()

    @on(RowList.Chosen, "#offers")
    def _chosen(self, message: RowList.Chosen) -> None:
        message.stop()

    @on(RowList.Clicked, "#offers")
    def _clicked(self, message: RowList.Clicked) -> None:
        message.stop()
        self._take(message.key)

    # -------------------------------------------------------------------------------------------------- actions

    async def action_next(self) -> None:
        """Take the highlighted offer; go to the next field that has yet to be filled, or submit."""
        row = await self._settled()
        if row is None:
            await self.action_submit()
            return
        if self._offers.display and self._offers.cursor_key and self._means_offer(row):
            self._take(self._offers.cursor_key)
        elif row.missing:
            row.complain(f"{row.label} is missing")
            return
        following = self._next_open(row)
        if following is not None:
            self.set_focus(following.entry)
        else:
            await self.action_submit()

    async def _settled(self) -> FieldRow | None:
        """The field that is being filled, with all that was typed into it and what is offered for that."""
        row = self._current()
        if row is not None:
            await caught_up(row.entry)
            if not self._chose:
                await self._offer_for_current()
        return row

    def action_options(self) -> None:
        """Show every option."""
        self._all = True
        self._show_fields()
        self.show_keys()

    def action_copy(self) -> None:
        """The exact command line to the clipboard."""
        if self._line:
            self.app.copy_to_clipboard(self._line)
            self.notify(f"copied {self._line}", markup=False)

    async def action_submit(self) -> None:
        """Hand the arguments over, unless one is missing or cannot be read."""
        if self._waits:
            return
        if (row := self._current()) is not None:
            await caught_up(row.entry)
        try:
            arguments = self._arguments()
        except Unreadable as error:
            self._complain_at(next(each for each in self._rows if each.field is error.field), str(error))
            return
        missing = next((each for each in self._rows if each.missing), None)
        if missing is not None:
            self._complain_at(missing, f"{missing.label} is missing")
            return
        self.post_message(self.Submitted(self, arguments))

    def _complain_at(self, row: FieldRow, text: str) -> None:
        row.display = True
        row.complain(text)
        self.set_focus(row.entry)
        row.scroll_visible(animate=False)

    def _arguments(self) -> dict[str, Any]:
        defaults = {each.name: each.default for each in self.verb.parameters}
        return defaults | {each.field.name: each.field.value(each.value) for each in self._rows}

    # -------------------------------------------------------------------------------------------------- the dry run

    def _respell(self) -> None:
        arguments: dict[str, Any] | None = None
        self._line = ""
        with suppress(Unreadable):
            arguments = self._arguments()
            self._line = self._spell(self.verb, arguments)
        self.query_one("#spelled", Static).update(self._line)
        self.query_one("#complaint", Static).update("")
        self._rehearse(arguments)

    @work(exclusive=True, group="rehearsal")
    async def _rehearse(self, arguments: dict[str, Any] | None) -> None:
        """Say what would happen, once nobody types any more and nothing is missing."""
        words = ""
        if self._rehearsal and arguments is not None and not any(each.missing for each in self._rows):
            await asyncio.sleep(REST_S)
            row = self._current()
            is_whole = row is None or not self._offers.display or not self._means_offer(row)
            words = await self._rehearsal(self.verb, arguments) if is_whole else ""
        # The form may be on its way out by now.
        for said in self.query("#rehearsed").results(Static):
            said.update(plain(words))

    # -------------------------------------------------------------------------------------------------- public

    def wait(self) -> None:
        """The arguments are being acted on."""
        self._waits = True
        self.query_one("#complaint", Static).update("…")

    def complain(self, text: str, hint: str = "") -> None:
        """Say what is wrong, at the field it is about when it names its value; the person can put it right."""
        self._waits = False
        if not self.is_attached:
            return
        said = f"{text}\n{hint}" if hint else text
        row = next((each for each in self._shown() if _is_about(text, each.value)), None)
        self.query_one("#complaint", Static).update("" if row is not None else plain(said))
        if row is not None:
            self._complain_at(row, said)

    def close(self) -> None:
        """It is done; gone already is fine."""
        self._waits = False
        if self.is_current:
            self.dismiss(None)


def _is_about(text: str, value: str) -> bool:
    """Whether a complaint names one of the values that stand in a field."""
    return any(len(word) > 1 and word in text for word in value.split())
