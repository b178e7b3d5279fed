"""A form for any verb, made from its declaration: what is known is filled in, real ids are offered for the rest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from gastown_tui.core.verbs.declare import Parameter, Suggest, Verb
from gastown_tui.core.views.suggestions import Suggestion
from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.key_line import KeyHint, KeyLine
from gastown_tui.widgets.lines import Row
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.strip_header import StripHeader

Offer = Callable[[Suggest, str], Awaitable[tuple[Suggestion, ...]]]
"""What is offered for a kind of value, given what was typed so far."""

FEW = 6
"""With no more parameters than this, options are shown from the start."""


class VerbForm(ModalScreen[dict[str, Any] | None]):
    """Gives back the verb's arguments, or nothing when the person changed their mind."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False),
        Binding("ctrl+s", "submit", "Submit", show=False, priority=True),
        Binding("ctrl+o", "options", "More", show=False, priority=True),
        Binding("down", "offer(1)", "Next offer", show=False, priority=True),
        Binding("up", "offer(-1)", "Offer before", show=False, priority=True),
    ]

    def __init__(
        self,
        verb: Verb,
        preset: dict[str, Any],
        offer: Offer,
        spell: Callable[[Verb, dict[str, Any]], str],
    ) -> None:
        super().__init__()
        self.verb = verb
        self._preset = preset
        self._offer = offer
        self._spell = spell
        self._all = False
        self._shown = [each for each in verb.parameters if not each.arg.hidden and not each.arg.raw]

    # -------------------------------------------------------------------------------------------------- layout

    def compose(self) -> ComposeResult:
        """A line per field over the offers for the one that is being filled."""
        with Vertical(classes="sheet form"):
            yield StripHeader(self.verb.name, self.verb.about)
            with Vertical(id="fields"):
                for each in self._shown:
                    with Horizontal(classes="field", id=f"row-{each.name}"):
                        yield Label(_label(each), classes="field-name", markup=False)
                        yield Input(value=self._text(each), placeholder=each.arg.about, id=f"field-{each.name}")
            yield RowList((Column(24), Column()), id="offers")
            yield Static("", id="spelled", markup=False)
            yield Static("", id="complaint", markup=False)
            yield KeyLine(id="sheet-keys")

    def on_mount(self) -> None:
        """Start at the first field that has nothing in it yet."""
        self._all = len(self._shown) <= FEW
        self._show_fields()
        fields = self._fields()
        empty = [entry for each, entry in fields if not entry.value and (each.is_required or not each.is_option)]
        start = empty[0] if empty else next((entry for _each, entry in fields if not entry.value), None)
        (start or fields[-1][1] if fields else self).focus()
        hints = [
            KeyHint("⏎", "next", "screen.next"),
            KeyHint("↑↓", "choose", "screen.offer(1)"),
            KeyHint("ctrl-s", "do it", "screen.submit"),
            KeyHint("esc", "leave", "screen.leave"),
        ]
        if not self._all:
            hints.insert(3, KeyHint("ctrl-o", "options", "screen.options"))
        self.query_one("#sheet-keys", KeyLine).show_keys(hints)
        self._respell()

    def _text(self, each: Parameter) -> str:
        value = self._preset.get(each.name)
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else ""
        return " ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)

    def _fields(self) -> list[tuple[Parameter, Input]]:
        pairs = [(each, self.query_one(f"#field-{each.name}", Input)) for each in self._shown]
        return [(each, entry) for each, entry in pairs if self.query_one(f"#row-{each.name}").display]

    def _show_fields(self) -> None:
        for each in self._shown:
            wanted = self._all or each.is_required or not each.is_option or each.arg.long_text
            wanted = wanted or bool(self._preset.get(each.name))
            self.query_one(f"#row-{each.name}").display = wanted

    # -------------------------------------------------------------------------------------------------- offers

    def _current(self) -> tuple[Parameter, Input] | None:
        return next(((each, entry) for each, entry in self._fields() if entry.has_focus), None)

    async def _offer_for_current(self) -> None:
        current = self._current()
        offers = self.query_one("#offers", RowList)
        if current is None:
            offers.set_rows(())
            return
        each, entry = current
        typed = entry.value.split(" ")[-1] if each.is_many else entry.value
        found: tuple[Suggestion, ...]
        if each.kind == "bool":
            found = (Suggestion("yes", each.arg.about), Suggestion("", "no"))
        elif each.arg.choices:
            found = tuple(Suggestion(choice) for choice in each.arg.choices if typed.lower() in choice.lower())
        elif each.arg.suggest is not Suggest.NOTHING:
            found = await self._offer(each.arg.suggest, typed)
        else:
            found = ()
        offers.set_rows([Row(offer.value, (Piece(offer.value, "brass"), Piece(offer.about, "dim"))) for offer in found])
        offers.display = bool(found)

    def action_offer(self, step: int) -> None:
        """Move among the offers without leaving the field."""
        offers = self.query_one("#offers", RowList)
        offers.keeps_cursor = True
        offers.action_down() if step > 0 else offers.action_up()

    def _take(self, value: str) -> None:
        current = self._current()
        if current is None:
            return
        each, entry = current
        if each.is_many:
            entry.value = " ".join([*entry.value.split(" ")[:-1], value]).strip() + " "
        else:
            entry.value = value
        entry.cursor_position = len(entry.value)

    # -------------------------------------------------------------------------------------------------- messages

    @on(Input.Changed)
    async def _changed(self, message: Input.Changed) -> None:
        message.stop()
        self.query_one("#offers", RowList).keeps_cursor = False
        await self._offer_for_current()
        self._respell()

    def on_descendant_focus(self) -> None:
        """Another field: other offers."""
        self.query_one("#offers", RowList).keeps_cursor = False
        self.run_worker(self._offer_for_current(), exclusive=True, group="offers")

    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.action_next()

    @on(RowList.Chosen, "#offers")
    def _chosen(self, message: RowList.Chosen) -> None:
        message.stop()
        self._take(message.key)

    # -------------------------------------------------------------------------------------------------- actions

    def action_next(self) -> None:
        """Take the highlighted offer; go to the next field, or submit on the last."""
        current = self._current()
        offers = self.query_one("#offers", RowList)
        if (
            current
            and offers.display
            and offers.cursor_key
            and (offers.keeps_cursor or self._completes(current, offers))
        ):
            self._take(offers.cursor_key)
        fields = [entry for _each, entry in self._fields()]
        at = fields.index(current[1]) if current else -1
        if at + 1 < len(fields):
            fields[at + 1].focus()
        else:
            self.action_submit()

    def _completes(self, current: tuple[Parameter, Input], offers: RowList) -> bool:
        """A half-typed id with one offer left means that one."""
        each, entry = current
        return bool(entry.value.strip()) and len(offers.rows) == 1 and not each.is_many and each.kind == "str"

    def action_options(self) -> None:
        """Show every option."""
        self._all = True
        self._show_fields()

    def action_leave(self) -> None:
        """Do nothing."""
        self.dismiss(None)

    def action_submit(self) -> None:
        """Hand the arguments over, unless one is missing."""
        arguments = self._arguments()
        missing = [each for each, _entry in self._fields() if each.is_required and not arguments.get(each.name)]
        if missing:
            self.query_one("#complaint", Static).update(f"{_label(missing[0])} is missing")
            self.query_one(f"#field-{missing[0].name}", Input).focus()
            return
        self.dismiss(arguments)

    def _arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for each in self.verb.parameters:
            if each not in self._shown:
                found[each.name] = each.default
                continue
            text = self.query_one(f"#field-{each.name}", Input).value.strip()
            found[each.name] = _value(each, text)
        return found

    def _respell(self) -> None:
        try:
            line = self._spell(self.verb, self._arguments())
        except ValueError:
            line = ""
        self.query_one("#spelled", Static).update(line)
        self.query_one("#complaint", Static).update("")


def _label(each: Parameter) -> str:
    name = each.flags[0].lstrip("-") if each.is_option else each.name.rstrip("_")
    return name.replace("_", " ")


def _value(each: Parameter, text: str) -> Any:
    if each.is_many:
        return tuple(text.split())
    if not text:
        return each.default if not each.is_required else ""
    match each.kind:
        case "bool":
            return text.lower() in {"yes", "y", "true", "1"}
        case "int":
            return int(text) if text.lstrip("-").isdigit() else text
        case "float":
            return float(text) if text.replace(".", "", 1).lstrip("-").isdigit() else text
        case _:
            return text
