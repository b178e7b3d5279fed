"""Molecules poured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import bonding, pouring
from gastown_tui.core.rules.formula_vars import check_known, parse_values
from gastown_tui.core.rules.pouring import VAPOR, Poured, Pouring
from gastown_tui.core.verbs.bd_formula import Vars
from gastown_tui.core.verbs.bd_mol_change import attached
from gastown_tui.core.verbs.beads import one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.verbs.molecule_names import ProtoName, proto_named


class PouredOut(Receipt, frozen=True, kw_only=True):
    """A molecule that was poured, or would be."""

    root_id: str
    name: str
    phase: str
    created: int
    mapping: dict[str, str] = msgspec.field(default_factory=dict)
    attached: int = 0
    is_rehearsal: bool = False
    remarks: tuple[str, ...] = ()
    bead_id: str = ""

    def text(self) -> str:
        """What was made, its root, and what to do with it."""
        if self.is_rehearsal:
            return f"Would pour {self.name}: {self.created} issues ({self.phase})"
        if self.phase == VAPOR:
            return f"✓ Created wisp: {self.created} issues\n  Root issue: {self.root_id}\n  Phase: vapor (ephemeral)"
        lines = [f"✓ Poured mol: created {self.created} issues", f"  Root issue: {self.root_id}"]
        lines.append("  Phase: liquid (persistent in .beads/)")
        if self.bead_id:
            lines.append(f"  Poured onto: {self.bead_id}")
        return "\n".join(lines)

    def data(self) -> Any:
        """The shape clients read."""
        record: dict[str, Any] = {"attached": self.attached, "created": self.created, "id_mapping": self.mapping}
        record |= {"new_epic_id": self.root_id, "phase": self.phase}
        return record | ({"dry_run": True} if self.is_rehearsal else {})

    def warnings(self) -> tuple[str, ...]:
        """What is odd about it."""
        return self.remarks


@verb("bd mol pour", group="molecules", needs=Needs.LEDGER, aliases=("mol pour",), compact_errors=True)
def pour(
    hands: Hands,
    proto: ProtoName,
    bead: Annotated[str, Arg("The bead it is poured onto", metavar="ID", suggest=Suggest.BEAD)] = "",
    *,
    var: Vars = (),
    assignee: Annotated[str, Arg("Whose molecule it is", flags=("--assignee", "-a"), suggest=Suggest.AGENT)] = "",
    attach: Annotated[tuple[str, ...], Arg("Another proto to put to it", suggest=Suggest.FORMULA, metavar="NAME")] = (),
    attach_type: Annotated[str, Arg("How", choices=tuple(bonding.BondType))] = "sequential",
    dry_run: Annotated[bool, Arg("Only say what would be made", flags=("--dry-run", "-n"))] = False,
) -> PouredOut:
    """Pour a proto or a formula: a molecule whose every step is a bead.

    Steps wait for one another as the formula says. A worker takes them in turn, any worker goes on where another
    stopped, and the molecule closes with its last step.
    """
    town = hands.ledger.read()
    found, remarks = proto_named(hands, town, proto, parse_values(var))
    others = [proto_named(hands, town, each, parse_values(var))[0] for each in attach]
    check_known(parse_values(var), found, *others)
    host = one(hands, town, bead) if bead else None
    if found.phase == VAPOR:
        remarks = (*remarks, f"{found.name} is made for wisps: bd mol wisp {found.name} leaves no trail of beads")
    wish = Pouring(
        proto=found,
        given=parse_values(var),
        ledger=hands.ledger.here,
        bead_id=host.id if host else "",
        assignee=assignee,
    )
    receipt = poured_out(hands, wish, remarks=remarks, dry_run=dry_run)
    if dry_run or not others:
        return receipt
    bond = bonding.Bond(type=bonding.parse_bond_type(attach_type), given=wish.given)
    made = [attached(hands, other, receipt.root_id, bond) for other in others]
    return msgspec.structs.replace(
        receipt, attached=len(made), created=receipt.created + sum(len(each.mapping) for each in made)
    )


def poured_out(hands: Hands, wish: Pouring, *, remarks: Sequence[str] = (), dry_run: bool = False) -> PouredOut:
    """Record a pouring, or say what it would come to."""
    town = hands.ledger.read()
    nonce = hands.mint.nonce()
    made: list[Poured] = []

    def decide(now: Town) -> Iterable[Any]:
        made[:] = [pouring.pour(now, wish, actor=hands.actor, nonce=nonce)]
        return made[0].entries

    if dry_run:
        decide(town)
    else:
        ledger = town.ledger_of(wish.bead_id) if wish.bead_id else wish.ledger
        ledgers = tuple(dict.fromkeys(("", ledger)))
        hands.ledger.record(lambda now: tuple(decide(now)), actor=hands.actor, ledgers=ledgers)
    poured, name = made[0], wish.proto.name
    return PouredOut(
        root_id="" if dry_run else poured.root_id,
        name=name,
        phase=wish.phase,
        created=len(poured.mapping),
        mapping={key if key == name else f"{name}.{key}": each for key, each in poured.mapping.items()},
        is_rehearsal=dry_run,
        remarks=tuple(remarks),
        bead_id=wish.bead_id,
    )
