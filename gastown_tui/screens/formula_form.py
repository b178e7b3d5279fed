"""A form made of a formula's own variables: choices offered, values checked while they are typed, the outcome shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias

from textual import work
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from gastown_tui.core.model.formula import Proto
from gastown_tui.core.verbs.declare import Arg, Needs, Parameter, Suggest, Verb
from gastown_tui.core.views.formula_pages import Preview, VarLine, asked_for, wrong_values
from gastown_tui.screens.fields import Unreadable
from gastown_tui.screens.verb_form import REST_S, Offer, Rehearse, Spell, VerbForm
from gastown_tui.widgets.formula_rows import part_lines
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.written import Written

MOLECULE, WISP = "molecule", "wisp"
_VARIABLE = "var_"

Foresee: TypeAlias = Callable[[dict[str, str]], Awaitable[Preview]]
"""What the formula would come to with these values."""


def recipe(proto: Proto, word: str, run: Callable[..., Any]) -> Verb:
    """A formula as something that can be asked for: its variables, and for pouring what becomes of it and whose it is.

    Args:
        proto: The formula, cooked.
        word: `pour` or `cook`.
        run: What does it.
    """
    parameters = [_parameter(line) for line in asked_for(proto)]
    if word == "pour":
        parameters += _OUTCOME
    return Verb(
        name=f"{word} {proto.name}",
        run=run,
        about=f"{proto.type}, {len(proto.steps)} steps",
        group="molecules",
        needs=Needs.LEDGER,
        mutates=True,
        parameters=tuple(parameters),
    )


def _parameter(line: VarLine) -> Parameter:
    said = [line.about, line.rule, f"default: {line.default}" if line.default else ""]
    return Parameter(
        name=f"{_VARIABLE}{line.name}",
        kind="str",
        is_option=not line.is_required,
        is_many=False,
        is_required=line.is_required,
        default="",
        arg=Arg(" · ".join(filter(None, said)), flags=(f"--{line.name}",), metavar=line.name, choices=line.choices),
    )


def _option(name: str, about: str, flag: str, suggest: Suggest, choices: tuple[str, ...] = ()) -> Parameter:
    arg = Arg(about, flags=(f"--{flag}",), suggest=suggest, choices=choices)
    return Parameter(name=name, kind="str", is_option=True, is_many=False, is_required=False, default="", arg=arg)


_OUTCOME = [
    _option("phase", "a molecule, every step a bead; or a passing wisp", "as", Suggest.NOTHING, (MOLECULE, WISP)),
    _option("on", "the bead it is about; empty: it is work of its own", "onto", Suggest.BEAD),
    _option("to", "an agent or a rig that does it straight away; empty: nobody yet", "sling-to", Suggest.TARGET),
]


def values_in(arguments: dict[str, Any]) -> dict[str, str]:
    """The variables among a form's arguments; what was left empty has its default."""
    return {
        name.removeprefix(_VARIABLE): str(value)
        for name, value in arguments.items()
        if name.startswith(_VARIABLE) and value
    }


class FormulaForm(VerbForm):
    """The fields on the left, what would come of them on the right."""

    CSS_PATH = "../styles/formulas.tcss"
    CLASSES_ON_SHEET = "sheet form formula-form"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-roomy")]  # noqa: RUF012 - Textual declares it per instance

    def __init__(
        self, proto: Proto, verb: Verb, preset: dict[str, Any], offer: Offer, spell: Spell, rehearse: Rehearse,
        foresee: Foresee,
    ) -> None:  # fmt: skip
        names = [each.name for each in verb.parameters]
        labels = {
            each.name: f"{each.arg.metavar} *" if each.is_required else each.arg.metavar
            for each in verb.parameters
            if each.arg.metavar
        }
        super().__init__(verb, preset, offer, spell, rehearse, asks=names, labels=labels)
        self._proto = proto
        self._foresee = foresee
        self._written = Written(id="preview")

    def body(self) -> Iterable[Widget]:
        """The fields beside the preview."""
        yield Horizontal(Vertical(*super().body(), id="asked"), self._written, id="halves")

    def _respell(self) -> None:
        super()._respell()
        try:
            values = values_in(self._arguments())
        except Unreadable:
            return
        wrong = wrong_values(self._proto, values)
        for row in self._rows:
            name = row.field.name.removeprefix(_VARIABLE)
            if row.value.strip() and row.field.name.startswith(_VARIABLE):
                row.complain(wrong.get(name, ""))
        self._preview_anew(values)

    @work(exclusive=True, group="preview")
    async def _preview_anew(self, values: dict[str, str]) -> None:
        await asyncio.sleep(REST_S)
        found = await self._foresee(values)
        if not self.is_attached:
            return
        head = f"makes {found.beads} beads" if found.beads else found.trouble
        lines = [(Piece(head, "strong" if found.beads else "caution"),), (), *part_lines(found.parts)]
        self._written.write(lines, stay=True)
