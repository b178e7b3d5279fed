"""What people mean by the name of a molecule or a proto."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.formula import Proto
from gastown_tui.core.model.ids import Address
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import molecules
from gastown_tui.core.rules.distilling import proto_of
from gastown_tui.core.rules.formulas import is_formula_name
from gastown_tui.core.rules.molecules import Anatomy
from gastown_tui.core.verbs.beads import one
from gastown_tui.core.verbs.cookbook import Cookbook
from gastown_tui.core.verbs.declare import Arg, Suggest

ProtoName = Annotated[str, Arg("A proto, a formula, or the path of its file", metavar="NAME", suggest=Suggest.FORMULA)]
Molecule = Annotated[str, Arg("A molecule", metavar="ID", suggest=Suggest.BEAD)]
OptionalMolecule = Annotated[str, Arg("A molecule; yours when left out", metavar="ID", suggest=Suggest.BEAD)]


def molecule(hands: Hands, town: Town, text: str) -> Bead:
    """The molecule somebody means.

    Raises:
        NotFound: there is none.
        BadInput: several fit.
    """
    try:
        return one(hands, town, text)
    except NotFound as error:
        raise NotFound(f"molecule '{text[:80]}' not found", hint="bd mol list shows them") from error


def is_template(bead: Bead) -> bool:
    """Whether a bead is a proto as other beads programs keep them."""
    return bool(bead.is_template) or "template" in (bead.labels or ())


def template_meant(hands: Hands, town: Town, text: str) -> Bead | None:
    """The template bead somebody means; None when the text names no bead.

    Raises:
        BadInput: it names a bead that is no template.
    """
    if "/" in text or "@" in text:
        return None
    bead = town.find(text)
    if bead is not None and not is_template(bead):
        raise BadInput(f"{bead.id} is not a proto (missing 'template' label)", hint="bd mol distill makes one of it")
    return bead


def proto_named(
    hands: Hands, town: Town, text: str, values: Mapping[str, str], *, ledger: str | None = None
) -> tuple[Proto, tuple[str, ...]]:
    """The proto somebody means: a template bead, a frozen proto, or a formula cooked now; and what to warn of.

    Raises:
        NotFound: there is none.
        BadInput: it is wrong, or names a bead that is no template.
    """
    bead = template_meant(hands, town, text)
    if bead is not None:
        return proto_of(town, bead), ()
    if not is_formula_name(text) and "/" not in text:
        raise BadInput(f"{text[:80]} not found as formula or proto ID", hint="bd formula list shows what there is")
    return Cookbook(hands, ledger=ledger).proto(text, values)


def roots_here(hands: Hands, town: Town) -> list[Bead]:
    """Molecules of the ledger one stands in; in a town's own folder, of all."""
    here = hands.ledger.here
    return [root for root in molecules.roots(town) if not here or town.ledger_of(root.id) == here]


def at_work(hands: Hands, town: Town, agent: str) -> list[Bead]:
    """The molecules of somebody: on the hook, theirs, or with a step of theirs begun; else all that were begun."""
    who = agent or hands.actor
    open_roots = [root for root in molecules.roots(town) if not root.is_closed]
    mine = [root for root in open_roots if _is_of(town, root, who)]
    if mine or agent:
        return mine
    return [root for root in open_roots if any(step.state != "open" for step in Anatomy(town, root).leaves)]


def _is_of(town: Town, root: Bead, who: str) -> bool:
    hook = town.hook(Address(who)) if town.is_town else None
    if hook is not None:
        held = town.find(hook.bead_id)
        there = None if held is None else molecules.attached(town, held)
        if hook.bead_id == root.id or (there is not None and there.id == root.id):
            return True
    if root.assignee == who:
        return True
    return any(step.assignee == who and step.state == "in_progress" for step in Anatomy(town, root).leaves)
