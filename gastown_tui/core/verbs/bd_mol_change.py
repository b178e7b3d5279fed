"""Molecules put together, condensed, discarded, and made formulas of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from gastown_tui.core.errors import BadInput, GastownError, NotFound, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.formula import Proto
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import bonding, ending
from gastown_tui.core.rules.bonding import Bond
from gastown_tui.core.rules.distilling import formula_text, proto_of, with_variables
from gastown_tui.core.rules.ending import Burned, Squashed, Squashing
from gastown_tui.core.rules.formula_texts import names_in
from gastown_tui.core.rules.formula_vars import check_known, parse_values
from gastown_tui.core.rules.formulas import parse_formula_name
from gastown_tui.core.rules.pouring import LIQUID, VAPOR, Poured
from gastown_tui.core.verbs.bd_formula import Vars
from gastown_tui.core.verbs.beads import Said, ledgers_for, one
from gastown_tui.core.verbs.cookbook import Cookbook
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.verbs.molecule_names import Molecule, is_template, molecule, proto_named

Operand = Annotated[str, Arg("A proto, a formula, a molecule or a wisp", metavar="A", suggest=Suggest.FORMULA)]


# ---------------------------------------------------------------------------------------------- bond


class Bonded(Receipt, frozen=True, kw_only=True):
    """Two things put together."""

    result_id: str
    result_type: str
    """`compound_proto`, `compound_molecule` or `compound_wisp`."""
    bond_type: str
    spawned: int = 0
    mapping: dict[str, str] = msgspec.field(default_factory=dict)
    is_rehearsal: bool = False

    def text(self) -> str:
        """What came of it."""
        word = "Would bond" if self.is_rehearsal else "✓ Bonded"
        made = f", {self.spawned} issues poured" if self.spawned else ""
        return f"{word}: {self.result_id} ({self.result_type.replace('_', ' ')}, {self.bond_type}{made})"

    def data(self) -> Any:
        """The shape clients read."""
        record: dict[str, Any] = {
            "result_id": self.result_id,
            "result_type": self.result_type,
            "bond_type": self.bond_type,
        }
        return record | ({"spawned": self.spawned, "id_mapping": self.mapping} if self.spawned else {})


@verb("bd mol bond", group="molecules", needs=Needs.LEDGER, aliases=("mol bond",), compact_errors=True)
def bond(
    hands: Hands,
    first: Operand,
    second: Operand,
    *,
    type_: Annotated[
        str, Arg("How the second stands to the first", flags=("--type",), choices=tuple(bonding.BondType))
    ] = "sequential",
    as_: Annotated[str, Arg("What a compound proto is called", flags=("--as",), metavar="NAME")] = "",
    var: Vars = (),
    ref: Annotated[str, Arg("A name for what is poured, below what it is put to", metavar="NAME")] = "",
    pour: Annotated[bool, Arg("Pour it as a molecule, whatever it is put to")] = False,
    ephemeral: Annotated[bool, Arg("Pour it as a wisp, whatever it is put to")] = False,
    dry_run: Annotated[bool, Arg("Only say what would be done", flags=("--dry-run", "-n"))] = False,
) -> Bonded:
    """Put two protos, molecules or wisps together.

    Two protos make a compound proto. A proto put to a molecule or a wisp is poured and attached. Two molecules are
    linked. The second comes after the first, beside it, or only when it has failed.
    """
    if pour and ephemeral:
        raise BadInput("--pour and --ephemeral exclude each other")
    town = hands.ledger.read()
    wish = Bond(
        type=bonding.parse_bond_type(type_),
        given=parse_values(var),
        phase=LIQUID if pour else VAPOR if ephemeral else "",
        ref=ref,
    )
    one_, other = _operand(hands, town, first, wish), _operand(hands, town, second, wish)
    if protos := [each for each in (one_, other) if isinstance(each, Proto)]:
        check_known(wish.given, *protos, further=names_in(ref))
    if isinstance(one_, Proto) and isinstance(other, Proto):
        return _compound(hands, one_, other, wish, as_, dry_run=dry_run)
    if as_:
        raise BadInput("--as names a compound proto; these do not make one")
    if isinstance(one_, Bead) and isinstance(other, Bead):
        return _linked(hands, town, one_, other, wish, dry_run=dry_run)
    proto, target = (one_, other) if isinstance(one_, Proto) else (other, one_)
    assert isinstance(proto, Proto) and isinstance(target, Bead)
    kind = "compound_wisp" if target.ephemeral else "compound_molecule"
    made = attached(hands, proto, target.id, wish, dry_run=dry_run)
    if dry_run:
        return Bonded(result_id=target.id, result_type=kind, bond_type=type_, is_rehearsal=True)
    mapping = {key if key == proto.name else f"{proto.name}.{key}": str(each) for key, each in made.mapping.items()}
    return Bonded(result_id=target.id, result_type=kind, bond_type=type_, spawned=len(mapping), mapping=mapping)


def _operand(hands: Hands, town: Town, text: str, wish: Bond) -> Proto | Bead:
    try:
        bead = one(hands, town, text)
    except NotFound:
        try:
            return proto_named(hands, town, text, wish.given)[0]
        except NotFound as error:
            raise NotFound(f"{text[:80]} not found as formula or proto ID", hint=error.hint) from error
    return proto_of(town, bead) if is_template(bead) else bead


def _compound(hands: Hands, first: Proto, second: Proto, wish: Bond, name: str, *, dry_run: bool) -> Bonded:
    made = bonding.compound(first, second, wish, parse_formula_name(name)[0] if name else "")
    if not dry_run:
        Cookbook(hands).freeze(made)
    return Bonded(result_id=made.name, result_type="compound_proto", bond_type=wish.type.value, is_rehearsal=dry_run)


def _linked(hands: Hands, town: Town, first: Bead, second: Bead, wish: Bond, *, dry_run: bool) -> Bonded:
    def decide(now: Town) -> tuple[Entry, ...]:
        return bonding.link(now, now.bead(first.id), now.bead(second.id), wish)

    if dry_run:
        decide(town)
    else:
        hands.ledger.record(decide, actor=hands.actor, ledgers=ledgers_for(town, [first, second]))
    kind = "compound_wisp" if first.ephemeral and second.ephemeral else "compound_molecule"
    return Bonded(result_id=first.id, result_type=kind, bond_type=wish.type.value, is_rehearsal=dry_run)


def attached(hands: Hands, proto: Proto, target_id: str, wish: Bond, *, dry_run: bool = False) -> Poured:
    """Pour a proto and put it to a bead, or see whether that could be done.

    A wisp is its root alone unless its formula says otherwise.
    """
    nonce = hands.mint.nonce()
    made: list[Poured] = []

    def decide(now: Town) -> tuple[Entry, ...]:
        target = now.bead(target_id)
        is_vapor = (wish.phase or (VAPOR if target.ephemeral else LIQUID)) == VAPOR
        bond_ = msgspec.structs.replace(wish, with_steps=proto.pour or not is_vapor)
        made[:] = [bonding.attach(now, proto, target, bond_, actor=hands.actor, nonce=nonce)]
        return made[0].entries

    town = hands.ledger.read()
    if dry_run:
        decide(town)
    else:
        hands.ledger.record(decide, actor=hands.actor, ledgers=ledgers_for(town, [town.bead(target_id)]))
    return made[0]


# ---------------------------------------------------------------------------------------------- squash, burn


class Condensed(Receipt, frozen=True, kw_only=True):
    """A molecule condensed to its digest."""

    molecule_id: str
    digest_id: str = ""
    squashed_ids: tuple[str, ...] = ()
    deleted_count: int = 0
    kept_children: bool = False
    is_rehearsal: bool = False

    def text(self) -> str:
        """What became of it."""
        count = len(self.squashed_ids)
        if self.is_rehearsal:
            return f"Would squash {self.molecule_id}: {count} steps, {self.deleted_count} deleted"
        return f"✓ Squashed {self.molecule_id}: {count} steps → {self.digest_id}"

    def data(self) -> Any:
        """The shape clients read."""
        record = {"molecule_id": self.molecule_id, "digest_id": self.digest_id, "squashed_ids": list(self.squashed_ids)}
        counts = {"squashed_count": len(self.squashed_ids), "deleted_count": self.deleted_count}
        return record | counts | {"kept_children": self.kept_children}


@verb("bd mol squash", group="molecules", needs=Needs.LEDGER, aliases=("mol squash",), compact_errors=True)
def squash(
    hands: Hands,
    id: Molecule,
    *,
    summary: Annotated[str, Arg("What the digest says; a list of the steps when left out", long_text=True)] = "",
    keep_children: Annotated[bool, Arg("Keep ephemeral steps, too")] = False,
    force: Annotated[bool, Arg("Though steps are not done", flags=("--force", "-f"))] = False,
    dry_run: Annotated[bool, Arg("Only say what would be done", flags=("--dry-run", "-n"))] = False,
) -> Condensed:
    """Condense a molecule or a wisp to a digest: one closed bead that tells what was done."""
    town = hands.ledger.read()
    root = molecule(hands, town, id)
    nonce = hands.mint.nonce()
    made: list[Squashed] = []
    wish = Squashing(root_id=root.id, summary=summary, keep_children=keep_children, force=force)

    def decide(now: Town) -> tuple[Entry, ...]:
        made[:] = [ending.squash(now, wish, actor=hands.actor, nonce=nonce)]
        return made[0].entries

    if dry_run:
        decide(town)
    else:
        hands.ledger.record(decide, actor=hands.actor, ledgers=ledgers_for(town, [root]))
    found = made[0]
    return Condensed(
        molecule_id=root.id,
        digest_id="" if dry_run else found.digest_id,
        squashed_ids=found.steps,
        deleted_count=len(found.deleted),
        kept_children=keep_children,
        is_rehearsal=dry_run,
    )


class BurnedAll(Receipt, frozen=True, kw_only=True):
    """Molecules discarded."""

    burned: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Each root and the beads that went with it."""
    failed: tuple[str, ...] = ()
    is_rehearsal: bool = False

    def text(self) -> str:
        """A line for each."""
        word = "Would burn" if self.is_rehearsal else "✓ Burned"
        return "\n".join(f"{word} {root_id}: {len(ids)} issues deleted" for root_id, ids in self.burned)

    def data(self) -> Any:
        """The shape clients read."""
        rows = [
            {"molecule_id": root_id, "deleted_ids": list(ids), "deleted_count": len(ids)}
            for root_id, ids in self.burned
        ]
        if len(rows) == 1 and not self.failed:
            return rows[0]
        return {
            "results": rows,
            "total_deleted": sum(len(ids) for _, ids in self.burned),
            "failed_count": len(self.failed),
        }

    def warnings(self) -> tuple[str, ...]:
        """What was not burned, and why."""
        return self.failed

    def code(self) -> int:
        """4 when some were not."""
        return 4 if self.failed else 0


@verb("bd mol burn", group="molecules", needs=Needs.LEDGER, aliases=("mol burn",), compact_errors=True)
def burn(
    hands: Hands,
    ids: Annotated[tuple[str, ...], Arg("Molecules or wisps", metavar="ID", suggest=Suggest.BEAD)],
    *,
    force: Annotated[bool, Arg("Molecules too, with all their steps", flags=("--force", "-f"))] = False,
    dry_run: Annotated[bool, Arg("Only say what would go", flags=("--dry-run", "-n"))] = False,
) -> BurnedAll:
    """Discard wisps, or with --force molecules, without a record."""
    done: list[tuple[str, tuple[str, ...]]] = []
    failed: list[str] = []
    for each in ids:
        try:
            found = _burned(hands, each, force=force, dry_run=dry_run)
        except GastownError as error:
            if len(ids) == 1:
                raise
            failed.append(f"Error: {error.message}")
        else:
            done.append((found.root_id, found.deleted))
    return BurnedAll(burned=tuple(done), failed=tuple(failed), is_rehearsal=dry_run)


def _burned(hands: Hands, text: str, *, force: bool, dry_run: bool) -> Burned:
    town = hands.ledger.read()
    root = molecule(hands, town, text)
    found = ending.burn(town, root.id)
    if not root.ephemeral and not force and not dry_run:
        raise Refused(
            f"burning {root.id} deletes {len(found.deleted)} issues for good",
            hint="--force does it; --dry-run lists them",
        )
    if not dry_run:
        hands.ledger.record(
            lambda now: ending.burn(now, root.id).entries, actor=hands.actor, ledgers=ledgers_for(town, found.deleted)
        )
    return found


# ---------------------------------------------------------------------------------------------- distill


@verb("bd mol distill", group="molecules", needs=Needs.LEDGER, aliases=("mol distill",), compact_errors=True)
def distill(
    hands: Hands,
    id: Molecule,
    name: Annotated[str, Arg("What the formula is called; made from the title when left out")] = "",
    *,
    var: Annotated[
        tuple[str, ...], Arg("A text that becomes a variable, name=text", flags=("--var",), metavar="K=V")
    ] = (),
    output: Annotated[
        Path | None, Arg("The directory it is written to", flags=("--output", "-o"), suggest=Suggest.PATH)
    ] = None,
    force: Annotated[bool, Arg("Replace a formula of that name", flags=("--force", "-f"))] = False,
    dry_run: Annotated[bool, Arg("Print it, write nothing", flags=("--dry-run", "-n"))] = False,
) -> Receipt:
    """Make a formula of a molecule or an epic, to be poured again."""
    town = hands.ledger.read()
    root = molecule(hands, town, id)
    proto = with_variables(proto_of(town, root, name=parse_formula_name(name)[0] if name else ""), parse_values(var))
    text = formula_text(proto)
    book = Cookbook(hands)
    file = (hands.cwd / output if output else book.own_formulas) / f"{proto.name}.formula.toml"
    if dry_run:
        return Said(plain=text.rstrip("\n"))
    hidden = book.file_of(proto.name)
    if not force and (hands.files.exists(file) or (hidden and not output)):
        there = file if hands.files.exists(file) else hidden
        raise Refused(f"{there} is there already", hint="--force takes its place; a second word gives another name")
    hands.files.make_directory(file.parent)
    hands.files.write_text(file, text)
    value = {"formula_name": proto.name, "formula_path": str(file), "steps": len(proto.steps)}
    plain = f"✓ Distilled {root.id} to {proto.name}: {len(proto.steps)} steps\n  {file}\n  bd mol pour {proto.name}"
    return Said(plain=plain, value=value | {"variables": list(proto.vars)})
