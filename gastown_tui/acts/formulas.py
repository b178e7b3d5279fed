"""Acts on formulas: cook them, pour them by a form, sling them straight away."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual import on

from gastown_tui.acts.molecules import MoleculeActs
from gastown_tui.acts.verbs import LONGEST_REHEARSAL, filled
from gastown_tui.core import verbs
from gastown_tui.core.errors import BadInput, GastownError, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.declare import Receipt, Suggest, Verb
from gastown_tui.core.views.suggestions import Suggestion
from gastown_tui.screens.place import Place

if TYPE_CHECKING:
    from gastown_tui.core.views.formula_pages import Preview
    from gastown_tui.screens.formulas import FormulaPlace


class Made(Receipt, frozen=True, kw_only=True):
    """What became of a formula."""

    said: tuple[str, ...]
    root_id: str = ""
    """The molecule; empty when none was made."""
    remarks: tuple[str, ...] = ()

    def text(self) -> str:
        """What the verbs said."""
        return "\n".join(self.said)

    def warnings(self) -> tuple[str, ...]:
        """What they warned of."""
        return self.remarks


class FormulaActs(MoleculeActs):
    """What keys do to the formula under the cursor."""

    @on(Place.Wanted)
    def _formula_wanted(self, message: Place.Wanted) -> None:
        if self.here("formulas") and message.act == "open:formulas":
            self.place.go_to("page")

    async def action_pour(self) -> None:
        """Pour the formula under the cursor, as its own form says."""
        await self._formula_form("pour")

    async def action_pour_and_sling(self) -> None:
        """The same, with the agent or rig it is for as the first thing to fill."""
        await self._formula_form("pour", focus="to")

    async def action_cook(self) -> None:
        """Cook the formula under the cursor to a proto, as its own form says."""
        await self._formula_form("cook")

    async def _formula_form(self, word: str, *, focus: str = "") -> None:
        from gastown_tui.screens.formula_form import WISP, FormulaForm, recipe

        name = cast("FormulaPlace", self.place).formula if self.here("formulas") else ""
        if not name:
            return
        try:
            proto, _remarks = await self.watch_town.ask(partial(_proto, name, {}))
        except GastownError as error:
            self.complain(error)
            return
        verb = recipe(proto, word, partial(_carry_out, word, name))
        preset = {"phase": WISP} if proto.phase == "vapor" and word == "pour" else {}
        form = FormulaForm(
            proto,
            verb,
            preset,
            self._offer,
            lambda _verb, arguments: " && ".join(_spelled(word, name, arguments)),
            partial(self._rehearse_formula, word, name),
            partial(self._foresee, name),
        )
        await self.push_screen(form)
        if focus:
            form.query_one(f"#field-{focus}").focus()

    async def _foresee(self, name: str, values: dict[str, str]) -> Preview:
        from gastown_tui.core.views.formula_pages import Preview, preview

        def ask(hands: Hands, town: Town) -> Preview:
            # Loops may depend on values; with values that will not do, it is shown as it is without them.
            for known in (values, {}):
                with suppress(GastownError):
                    return preview(_proto(name, known, hands, town)[0], values)
            return Preview(beads=0, parts=(), trouble=f"{name} cannot be cooked any more")

        return await self.watch_town.ask(ask)

    async def _rehearse_formula(self, word: str, name: str, _verb: Verb, arguments: dict[str, Any]) -> str:
        verb, known = _plan(word, name, arguments)[0]

        def run() -> str:
            hands = self.watch_town.hands_for_verbs()
            _check_wisp(hands, arguments)
            return str(verb.run(hands, **known | {"dry_run": True}).text())

        if word == "cook":
            return ""
        try:
            text = await asyncio.get_running_loop().run_in_executor(None, run)
        except BadInput:
            return ""
        except GastownError as error:
            return f"would be refused: {error.message}"
        return "\n".join(text.strip().split("\n")[:LONGEST_REHEARSAL])

    def show_receipt(self, verb: Verb, receipt: Receipt | None) -> None:
        """What a verb answered; a molecule that was made is shown among the molecules."""
        super().show_receipt(verb, receipt)
        if isinstance(receipt, Made) and receipt.root_id:
            self.show_molecule(receipt.root_id)

    async def _offer(self, kind: Suggest, typed: str) -> tuple[Suggestion, ...]:
        if kind is not Suggest.FORMULA:
            return await super()._offer(kind, typed)

        def ask(hands: Hands, _town: Town) -> tuple[Suggestion, ...]:
            from gastown_tui.core.verbs.cookbook import Cookbook

            return tuple(Suggestion(page.name, page.tier) for page in Cookbook(hands).every() if typed in page.name)

        return await self.watch_town.ask(ask)


def _proto(name: str, values: dict[str, str], hands: Hands, town: Town) -> Any:
    from gastown_tui.core.verbs.molecule_names import proto_named

    return proto_named(hands, town, name, values)


def _plan(word: str, name: str, arguments: dict[str, Any]) -> list[tuple[Verb, dict[str, Any]]]:
    """The declared verbs that do what a form says, in their order; a wisp's id is known once it is made."""
    from gastown_tui.screens.formula_form import WISP, values_in

    pairs = tuple(f"{key}={value}" for key, value in values_in(arguments).items())
    target, host = arguments.get("to", ""), arguments.get("on", "")
    if word == "cook":
        return [_with("bd cook", name=name, var=pairs)]
    if arguments.get("phase") == WISP:
        then = [_with("sling", words=("WISP",), to=target)] if target else []
        return [_with("mol wisp", proto=name, var=pairs), *then]
    if target:
        return [_with("sling", words=(name,), to=target, on=host, var=pairs)]
    return [_with("mol pour", proto=name, bead=host, var=pairs)]


def _with(verb_name: str, **known: Any) -> tuple[Verb, dict[str, Any]]:
    verb = verbs.find(verb_name)
    assert verb is not None
    return verb, filled(verb, known)


def _check_wisp(hands: Hands, arguments: dict[str, Any]) -> None:
    """Check that a wisp is wanted nowhere it cannot be: it belongs to the ledger it is made in, and to no bead.

    Raises:
        Refused: it is to be poured onto a bead, or slung to a rig's worker.
    """
    from gastown_tui.screens.formula_form import WISP

    if arguments.get("phase") != WISP:
        return
    if arguments.get("on"):
        raise Refused("a wisp is poured onto no bead", hint="as a molecule it can be")
    if str(arguments.get("to", "")).partition("/")[0] in hands.ledger.read().rigs():
        raise Refused("a wisp stays with the town; a rig's workers get molecules", hint="as a molecule it can be slung")


def _spelled(word: str, name: str, arguments: dict[str, Any]) -> list[str]:
    from gastown_tui.cli.line import write_line

    return [write_line(verb, known) for verb, known in _plan(word, name, arguments)]


def _carry_out(word: str, name: str, hands: Hands, **arguments: Any) -> Made:
    """Run the verbs one after the other."""
    _check_wisp(hands, arguments)
    said: list[str] = []
    remarks: list[str] = []
    root_id = ""
    for verb, known in _plan(word, name, arguments):
        if known.get("words") == ("WISP",):
            known["words"] = (root_id,)
        receipt: Receipt = verb.run(hands, **known)
        said.append(receipt.text())
        remarks += receipt.warnings()
        root_id = root_id or _root_of(receipt)
    return Made(said=tuple(said), root_id=root_id, remarks=tuple(remarks))


def _root_of(receipt: Receipt) -> str:
    beads = getattr(receipt, "beads", ())
    slung = next((each.molecule_id or each.bead_id for each in beads), "") if beads else ""
    return str(getattr(receipt, "root_id", "") or slung)
