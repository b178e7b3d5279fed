"""Bonding: two protos, molecules or wisps put together, whatever each of them is.

|            | proto          | molecule       | wisp           |
|------------|----------------|----------------|----------------|
| proto      | compound proto | pour, attach   | wisp, attach   |
| molecule   | pour, attach   | link           | link           |
| wisp       | wisp, attach   | link           | link           |
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, Refused
from gastown_tui.core.events import Edge, Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.formula import Proto, ProtoStep
from gastown_tui.core.model.ids import BeadId, shown
from gastown_tui.core.rules import edges
from gastown_tui.core.rules.formula_cooking import checked
from gastown_tui.core.rules.formula_vars import values_for
from gastown_tui.core.rules.pouring import LIQUID, VAPOR, Poured, Pouring, pour

_REF = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,59}")


class BondType(StrEnum):
    """How the second stands to the first."""

    SEQUENTIAL = "sequential"
    """It comes after."""
    PARALLEL = "parallel"
    """It is part of it, side by side with the rest."""
    CONDITIONAL = "conditional"
    """It comes only when the first has failed."""


EDGE = {
    BondType.SEQUENTIAL: "blocks",
    BondType.PARALLEL: "parent-child",
    BondType.CONDITIONAL: "conditional-blocks",
}


class Bond(msgspec.Struct, frozen=True, kw_only=True):
    """How two things are to be put together."""

    type: BondType = BondType.SEQUENTIAL
    given: dict[str, str] = {}
    phase: str = ""
    """`liquid` or `vapor` for what is poured; empty: that of what it is attached to."""
    ref: str = ""
    """A name for what is poured, below what it is attached to: `arm-{{name}}`."""
    with_steps: bool = True


def parse_bond_type(text: str) -> BondType:
    """A bond type by its name.

    Raises:
        BadInput: there is none of that name.
    """
    if text not in tuple(BondType):
        raise BadInput(f"invalid bond type {shown(text)}", hint=f"one of {', '.join(BondType)}")
    return BondType(text)


# ---------------------------------------------------------------------------------------------- proto and proto


def compound(first: Proto, second: Proto, bond: Bond, name: str = "") -> Proto:
    """One proto that holds two, each under a step of its own name.

    Raises:
        BadInput: their steps cannot stand beside each other.
    """
    called = name or f"{first.name}-{second.name}"
    heads = (first.name, second.name if second.name != first.name else f"{second.name}-2")
    needs = (heads[0],) if bond.type is BondType.SEQUENTIAL else ()
    failed = (heads[0],) if bond.type is BondType.CONDITIONAL else ()
    steps = (*_part(first, heads[0], (), ()), *_part(second, heads[1], needs, failed))
    checked(steps, called)
    return Proto(
        name=called,
        description=f"{first.name} and {second.name}, {bond.type}",
        phase=VAPOR if first.phase == second.phase == VAPOR else "",
        pour=first.pour or second.pour,
        vars=dict(second.vars) | dict(first.vars),
        fixed=dict(second.fixed) | dict(first.fixed),
        steps=steps,
        bonded_from=tuple(
            {"source_id": each.name, "bond_type": bond.type.value, "bond_point": ""} for each in (first, second)
        ),
        made_of=dict(first.made_of) | dict(second.made_of),
    )


def _part(proto: Proto, head: str, needs: tuple[str, ...], failed: tuple[str, ...]) -> list[ProtoStep]:
    def name(step_id: str) -> str:
        return f"{head}.{step_id}"

    holder = ProtoStep(
        id=head,
        title=proto.name,
        description=proto.description,
        type="epic",
        needs=needs,
        needs_failed=failed,
        origin=proto.name,
    )
    below = [
        replace(
            step,
            id=name(step.id),
            needs=tuple(map(name, step.needs)),
            needs_failed=tuple(map(name, step.needs_failed)),
            spawner=name(step.spawner) if step.spawner else "",
            parent=name(step.parent) if step.parent else head,
        )
        for step in proto.steps
    ]
    return [holder, *below]


# ---------------------------------------------------------------------------------------------- with a molecule


def attach(town: Town, proto: Proto, target: Bead, bond: Bond, *, actor: str, nonce: int) -> Poured:
    """Pour a proto and put it to a molecule or a wisp; its phase is the target's unless one was asked for.

    Raises:
        BadInput: a variable is missing, or the name for it is none.
        Refused: the target is closed.
        Conflict: the name is taken.
    """
    if target.is_closed:
        raise Refused(f"{target.id} is closed", hint=f"bd reopen {target.id} first")
    phase = bond.phase or (VAPOR if target.ephemeral else LIQUID)
    wish = Pouring(
        proto=proto,
        given=bond.given,
        ledger=town.ledger_of(target.id),
        phase=phase,
        with_steps=bond.with_steps,
        root_id=f"{target.id}.{_ref(proto, bond)}" if bond.ref else "",
        edges=(Edge(depends_on_id=target.id, dependency_type=EDGE[bond.type]),),
    )
    poured = pour(town, wish, actor=actor, nonce=nonce)
    fields = {"bonded_from": [{"source_id": proto.name, "bond_type": bond.type.value, "bond_point": target.id}]}
    marked = tuple(
        Entry(replace(entry.fact, fields=entry.fact.fields | fields), entry.ledger)
        if isinstance(entry.fact, e.BeadCreated) and entry.fact.bead_id == poured.root_id
        else entry
        for entry in poured.entries
    )
    return Poured(poured.root_id, poured.mapping, marked)


def _ref(proto: Proto, bond: Bond) -> str:
    values = values_for(proto, bond.given)
    ref = bond.ref
    for name, value in values.items():
        ref = ref.replace(f"{{{{{name}}}}}", value)
    if not _REF.fullmatch(ref):
        raise BadInput(f"{shown(ref)} cannot be a --ref", hint="use letters, digits, - _ and .")
    return ref


def link(town: Town, first: Bead, second: Bead, bond: Bond) -> tuple[Entry, ...]:
    """Put the second of two molecules or wisps to the first.

    Raises:
        BadInput: they are the same.
        Refused: one is closed, or each would wait for the other.
        Conflict: they are linked already.
    """
    for each in (first, second):
        if each.is_closed:
            raise Refused(f"{each.id} is closed", hint=f"bd reopen {each.id} first")
    if first.id == second.id:
        raise BadInput(f"{first.id} cannot be bonded to itself")
    if bond.phase:
        raise BadInput("--pour and --ephemeral say how a proto is poured; both of these are poured already")
    ledger = town.ledger_of(second.id)
    if edges.edge_between(second, first.id) is not None:
        raise Conflict(f"{second.id} is bonded to {first.id} already", hint=f"bd dep remove {second.id} {first.id}")
    known = second.bonded_from if isinstance(second.bonded_from, list | tuple) else ()
    mark = {"source_id": first.id, "bond_type": bond.type.value, "bond_point": ""}
    noted = e.BeadUpdated(bead_id=second.id, changes={"bonded_from": [*known, mark]})
    return (*edges.add(town, second, BeadId(first.id), EDGE[bond.type]), Entry(noted, ledger))
