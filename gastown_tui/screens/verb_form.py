"""A form for any verb, made from its declaration: what is known is filled in, real ids are offered for the rest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from gastown_tui.core.verbs.declare import Suggest, Verb
from gastown_tui.core.views.suggestions import Suggestion
from gastown_tui.screens.fields import Field, Unreadable
from gastown_tui.screens.sheet import Sheet, caught_up
from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.key_line import KeyHint
from gastown_tui.widgets.lines import Row
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList

Offer = Callable[[Suggest, str], Awaitable[tuple[Suggestion, ...]]]
"""What is offered for a kind of value, given what was typed so far."""


class VerbForm(Sheet[None]):
    """Asks for a verb's arguments and stays until they were taken; `Submitted` carries them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next", "Next", show=False, priority=True),
        Binding("ctrl+s", "submit", "Submit", show=False, priority=True),
        Binding("ctrl+o", "options", "More", show=False, priority=True),
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
        self, verb: Verb, preset: dict[str, Any], offer: Offer, spell: Callable[[Verb, dict[str, Any]], str]
    ) -> None:
        super().__init__(verb.name, verb.about)
        self.verb = verb
        self._offer = offer
        self._spell = spell
        self._waits = False
        self._chose = False
        """Whether an offer was chosen with the arrow keys."""
        self._fields = [Field(each, preset.get(each.name)) for each in verb.parameters if not each.arg.raw]
        self._shown = [each for each in self._fields if not each.parameter.arg.hidden]
        self._all = all(each.is_wanted for each in self._shown)

    # -------------------------------------------------------------------------------------------------- layout

    def body(self) -> Iterable[Widget]:
        """A line per field over the offers for the one that is being filled."""
        fields = VerticalScroll(id="fields", can_focus=False)
        with fields:
            for each in self._shown:
                with Horizontal(classes="field", id=f"row-{each.name}"):
                    yield Label(each.label, classes="field-name", markup=False)
                    yield Input(value=each.text, placeholder=each.parameter.arg.about, id=f"field-{each.name}")
        yield RowList((Column(28, share=1), Column()), id="offers")
        yield Static("", id="spelled", markup=False)
        yield Static("", id="complaint", markup=False)

    def on_mount(self) -> None:
        """Start at the first field that has nothing in it yet."""
        super().on_mount()
        self._show_fields()
        pairs = self._inputs()
        wanted = [entry for each, entry in pairs if not entry.value and each.is_asked]
        empty = [entry for _each, entry in pairs if not entry.value]
        first = next(iter([*wanted, *empty, *(entry for _each, entry in pairs[-1:])]), None)
        if first is not None:
            self.set_focus(first)
        self._respell()

    def hints(self) -> list[KeyHint]:
        """How to get through it."""
        hints = [
            KeyHint("⏎", "next", "screen.next"),
            KeyHint("↑↓", "choose", "screen.offer(1)"),
            KeyHint("ctrl-s", "do it", "screen.submit"),
        ]
        return hints if self._all else [*hints, KeyHint("ctrl-o", "options", "screen.options")]

    def _input(self, field: Field) -> Input:
        return self.query_one(f"#field-{field.name}", Input)

    def _inputs(self) -> list[tuple[Field, Input]]:
        """The fields that can be seen."""
        return [(each, self._input(each)) for each in self._shown if self.query_one(f"#row-{each.name}").display]

    def _show_fields(self) -> None:
        for each in self._shown:
            self.query_one(f"#row-{each.name}").display = self._all or each.is_wanted

    # -------------------------------------------------------------------------------------------------- offers

    def _current(self) -> tuple[Field, Input] | None:
        return next(((each, entry) for each, entry in self._inputs() if entry is self.focused), None)

    @property
    def _offers(self) -> RowList:
        return self.query_one("#offers", RowList)

    @work(exclusive=True, group="offers")
    async def _offer_anew(self) -> None:
        await self._offer_for_current()

    async def _offer_for_current(self) -> None:
        current = self._current()
        found = await self._found_for(*current) if current else ()
        # What is offered is for the word under way; a later keystroke has asked again.
        if current == self._current():
            rows = [Row(each.value, (Piece(each.value, "brass"), Piece(each.about, "dim"))) for each in found]
            self._offers.set_rows(rows)
            self._offers.action_top()
            self._offers.display = bool(found)
            self._offers.keeps_cursor = bool(current and found and self._means_offer(*current))
            self._offers.refresh()

    async def _found_for(self, field: Field, entry: Input) -> tuple[Suggestion, ...]:
        typed = field.word_under_way(entry.value)
        if (choices := field.choices()) is not None:
            return tuple(each for each in choices if typed.lower() in each.value.lower())
        kind = field.parameter.arg.suggest
        return await self._offer(kind, typed) if kind is not Suggest.NOTHING else ()

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

    def _take(self, value: str) -> None:
        if (current := self._current()) is not None:
            field, entry = current
            entry.value = field.with_word(entry.value, value)
            entry.cursor_position = len(entry.value)

    # -------------------------------------------------------------------------------------------------- messages

    @on(Input.Changed)
    def _changed(self, message: Input.Changed) -> None:
        message.stop()
        self._chose = False
        self._offer_anew()
        self._respell()

    def on_descendant_focus(self) -> None:
        """Another field: other offers."""
        self._chose = False
        self._offer_anew()

    @on(RowList.Chosen, "#offers")
    def _chosen(self, message: RowList.Chosen) -> None:
        message.stop()

    @on(RowList.Clicked, "#offers")
    def _clicked(self, message: RowList.Clicked) -> None:
        message.stop()
        self._take(message.key)

    # -------------------------------------------------------------------------------------------------- actions

    async def action_next(self) -> None:
        """Take the highlighted offer; go to the next field, or submit on the last."""
        current = await self._settled()
        if current is not None and self._offers.display and self._offers.cursor_key and self._means_offer(*current):
            self._take(self._offers.cursor_key)
        inputs = [entry for _each, entry in self._inputs()]
        at = inputs.index(current[1]) if current else -1
        if at + 1 < len(inputs):
            self.set_focus(inputs[at + 1])
        else:
            await self.action_submit()

    async def _settled(self) -> tuple[Field, Input] | None:
        """The field that is being filled, with all that was typed into it and what is offered for that."""
        current = self._current()
        if current is not None:
            await caught_up(current[1])
            if not self._chose:
                await self._offer_for_current()
        return current

    def _means_offer(self, field: Field, entry: Input) -> bool:
        """An offer was chosen, or what was typed is the beginning of one and not a whole one."""
        typed = field.word_under_way(entry.value).lower()
        values = [line.key.lower() for line in self._offers.rows if isinstance(line, Row)]
        return self._chose or (bool(typed) and typed not in values and values[0].startswith(typed))

    def action_options(self) -> None:
        """Show every option."""
        self._all = True
        self._show_fields()
        self.show_keys()

    async def action_submit(self) -> None:
        """Hand the arguments over, unless one is missing or cannot be read."""
        if self._waits:
            return
        if (current := self._current()) is not None:
            await caught_up(current[1])
        try:
            arguments = self._arguments()
        except Unreadable as error:
            self.complain(str(error))
            self.set_focus(self._input(error.field))
            return
        for each in self._shown:
            if each.parameter.is_required and not arguments[each.name]:
                self.complain(f"{each.label} is missing")
                self.query_one(f"#row-{each.name}").display = True
                self.set_focus(self._input(each))
                return
        self.post_message(self.Submitted(self, arguments))

    def _arguments(self) -> dict[str, Any]:
        defaults = {each.name: each.default for each in self.verb.parameters}
        return defaults | {each.name: each.value(self._input(each).value) for each in self._shown}

    def _respell(self) -> None:
        try:
            line = self._spell(self.verb, self._arguments())
        except Unreadable:
            line = ""
        self.query_one("#spelled", Static).update(line)
        self.query_one("#complaint", Static).update("")

    # -------------------------------------------------------------------------------------------------- public

    def wait(self) -> None:
        """The arguments are being acted on."""
        self._waits = True
        self.query_one("#complaint", Static).update("…")

    def complain(self, text: str) -> None:
        """Say what is wrong; the person can put it right."""
        self._waits = False
        if self.is_attached:
            self.query_one("#complaint", Static).update(text)

    def close(self) -> None:
        """It is done; gone already is fine."""
        self._waits = False
        if self.is_current:
            self.dismiss(None)
