"""Slinging a formula: pouring it and hanging the work on a hook, in one transaction."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.errors import Conflict
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import Role, parts
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.formula import Proto
from gastown_tui.core.rules import dispatch, molecules
from gastown_tui.core.rules.foresight import foreseen
from gastown_tui.core.rules.pouring import Pouring, pour


class FormulaSling(msgspec.Struct, frozen=True, kw_only=True):
    """A formula somebody wants done.

    Attributes:
        proto: What is poured.
        given: Variables, as said.
        on: The bead it is about; empty: it is work of its own.
        request: Whom it is for; its beads are filled in here.
        nonce: A random number for the molecule's id.
    """

    proto: Proto
    given: dict[str, str] = {}
    on: str = ""
    request: dispatch.Request
    nonce: int


def sling_formula(town: Town, wish: FormulaSling, draws: dispatch.Draws) -> tuple[Entry, ...]:
    """Pour a formula and sling it, onto a bead or as work of its own. On a bead that carries it already, only sling.

    Raises:
        BadInput: a variable is missing, or the target cannot be named.
        NotFound: no such bead or target.
        Refused: the bead cannot be slung, or belongs elsewhere.
        Conflict: somebody else holds it, or it carries another molecule.
    """
    actor = str(wish.request.asker)
    if wish.on:
        host = town.bead(wish.on)
        slung = dispatch.sling(town, replace(wish.request, bead_ids=(host.id,)), draws)
        there = molecules.attached(town, host)
        if there is not None and not there.is_closed:
            _check_same(there, host, wish.proto)
            return slung
        poured = pour(town, Pouring(proto=wish.proto, given=wish.given, bead_id=host.id), actor=actor, nonce=wish.nonce)
        return (*poured.entries, *slung)
    ledger = ledger_for(town, wish.request)
    poured = pour(town, Pouring(proto=wish.proto, given=wish.given, ledger=ledger), actor=actor, nonce=wish.nonce)
    root = next(entry.fact for entry in poured.entries if isinstance(entry.fact, e.BeadCreated))
    request = replace(wish.request, bead_ids=(poured.root_id,))
    return (*poured.entries, *dispatch.sling(foreseen(town, root, ledger), request, draws))


def ledger_for(town: Town, request: dispatch.Request) -> str:
    """The ledger work of its own is filed in: that of the rig whose worker does it."""
    aim = dispatch.aimed(town, request.target, asker=request.asker, here=request.here)
    if aim.rig is not None:
        return aim.rig
    assert aim.agent is not None
    who = parts(aim.agent)
    return who.rig if who.role in {Role.POLECAT, Role.CREW} else ""


def _check_same(there: Bead, host: Bead, proto: Proto) -> None:
    if there.setting("formula") != proto.name:
        raise Conflict(
            f"{host.id} carries the molecule {there.id} of {there.setting('formula') or 'another formula'}",
            hint=f"bd mol burn {there.id} --force takes it away",
        )
