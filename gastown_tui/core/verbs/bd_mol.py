"""Molecules looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.fold import Town
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.distilling import proto_of
from gastown_tui.core.verbs import bd_mol_change, bd_mol_pour, bd_mol_progress, bd_wisp
from gastown_tui.core.verbs.beads import Said, one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.verbs.molecule_names import OptionalMolecule, at_work, molecule, proto_named, roots_here
from gastown_tui.core.views import molecules as shown

FAMILY = (bd_mol_change, bd_mol_pour, bd_mol_progress, bd_wisp)
"""Further modules that declare verbs of this family."""
_SUMMARY_STEPS = 100
"""Longer molecules are shown around where they stand."""


@verb(
    "bd mol show",
    group="molecules",
    needs=Needs.LEDGER,
    mutates=False,
    aliases=("mol show",),
    compact_errors=True,
)
def show(
    hands: Hands,
    id: Annotated[str, Arg("A molecule or a proto", metavar="ID", suggest=Suggest.BEAD)],
    *,
    parallel: Annotated[bool, Arg("Which steps can be done side by side", flags=("--parallel", "-p"))] = False,
) -> Receipt:
    """Show a molecule with all its steps, or a proto."""
    town = hands.ledger.read()
    try:
        root = one(hands, town, id)
    except NotFound:
        return _shown_proto(hands, town, id, parallel=parallel)
    found = shown.standing(town, root)
    value = shown.anatomy_json(town, root)
    plain = shown.standing_text(found, found.steps)
    if parallel:
        waves = shown.waves(proto_of(town, root).steps)
        value["parallel"] = waves
        plain += _wave_text(waves)
    return Said(plain=plain, value=value)


def _shown_proto(hands: Hands, town: Town, name: str, *, parallel: bool) -> Receipt:
    try:
        proto = proto_named(hands, town, name, {})[0]
    except (NotFound, BadInput) as error:
        raise NotFound(f"molecule '{name[:80]}' not found", hint=error.hint or "bd mol list shows them") from error
    waves = shown.waves(proto.steps) if parallel else []
    value = msgspec.to_builtins(proto) | ({"parallel": waves} if parallel else {})
    return Said(plain=shown.proto_text(proto) + _wave_text(waves), value=value)


def _wave_text(waves: Sequence[Sequence[str]]) -> str:
    if not waves:
        return ""
    return "\n\nSide by side:\n" + "\n".join(f"  {number}. {', '.join(wave)}" for number, wave in enumerate(waves, 1))


@verb(
    "bd mol list",
    group="molecules",
    needs=Needs.LEDGER,
    mutates=False,
    aliases=("mol list",),
    compact_errors=True,
)
def list_(hands: Hands, *, all: Annotated[bool, Arg("Closed ones too", flags=("--all", "-a"))] = False) -> Receipt:
    """List the molecules under way and how far each is."""
    town = hands.ledger.read()
    cards = [shown.card(town, root) for root in roots_here(hands, town) if all or not root.is_closed]
    lines = shown.card_lines(cards) if cards else ["No molecules."]
    return Said(plain="\n".join(lines), value=[msgspec.to_builtins(each) for each in cards])


@verb(
    "bd mol current",
    group="molecules",
    needs=Needs.LEDGER,
    mutates=False,
    aliases=("mol current", "mol status"),
    compact_errors=True,
)
def current(
    hands: Hands,
    id: OptionalMolecule = "",
    *,
    for_: Annotated[str, Arg("Whose", flags=("--for",), suggest=Suggest.AGENT)] = "",
    limit: Annotated[int | None, Arg("At most so many steps; 0: all", flags=("--limit", "-n"))] = None,
    range_: Annotated[str, Arg("Steps from-to, counted from 1", flags=("--range",), metavar="A-B")] = "",
) -> Receipt:
    """Show where a molecule stands; yours when none is named."""
    town = hands.ledger.read()
    roots = [molecule(hands, town, id)] if id else at_work(hands, town, for_)
    if not roots:
        return Said(plain="No molecules in progress.", value=[])
    found = [shown.standing(town, root) for root in roots]
    parts = [_part(each, limit, range_) for each in found]
    return Said(
        plain="\n\n".join(shown.standing_text(each, part) for each, part in zip(found, parts, strict=True)),
        value=[shown.standing_json(each, part) for each, part in zip(found, parts, strict=True)],
    )


def _part(found: shown.Standing, limit: int | None, range_: str) -> Sequence[shown.CurrentStep]:
    steps = found.steps
    if range_:
        first, _, last = range_.partition("-")
        is_span = first.isdecimal() and last.isdecimal() and len(range_) < 20
        if not is_span or int(first) < 1 or int(last) < int(first):
            raise BadInput(f"invalid --range '{range_[:40]}'", hint="such as 10-20")
        return steps[int(first) - 1 : int(last)]
    if limit is None and len(steps) > _SUMMARY_STEPS:
        at = next((number for number, each in enumerate(steps) if each.status != "done"), len(steps))
        return steps[max(0, at - 5) : at + 10]
    return steps[:limit] if limit else steps
