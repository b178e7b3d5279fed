"""Addresses: one agent, one spelling. Shorthands are read at the edge and normalised here."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.ids import NAME, Address, RigName, shown

OVERSEER = Address("overseer")
MAYOR = Address("mayor")
DEACON = Address("deacon")


class Role(StrEnum):
    """What an agent is for."""

    OVERSEER = "overseer"
    MAYOR = "mayor"
    DEACON = "deacon"
    WITNESS = "witness"
    REFINERY = "refinery"
    CREW = "crew"
    POLECAT = "polecat"


_TOWN_ROLES = {"overseer": Role.OVERSEER, "mayor": Role.MAYOR, "deacon": Role.DEACON}
_RIG_ROLES = {"witness": Role.WITNESS, "refinery": Role.REFINERY}
_NAMED_ROLES = {"crew": Role.CREW, "polecats": Role.POLECAT}


class AddressParts(msgspec.Struct, frozen=True):
    """An address taken apart. `rig` is empty for town agents, `name` for roles that have one holder."""

    role: Role
    rig: RigName = RigName("")
    name: str = ""


def parts(address: Address) -> AddressParts:
    """Take a canonical address apart.

    Raises:
        BadInput: the text is not a canonical address.
    """
    pieces = address.split("/")
    match pieces:
        case [word] if word in _TOWN_ROLES:
            return AddressParts(_TOWN_ROLES[word])
        case [rig, word] if NAME.fullmatch(rig) and word in _RIG_ROLES:
            return AddressParts(_RIG_ROLES[word], RigName(rig))
        case [rig, word, name] if NAME.fullmatch(rig) and word in _NAMED_ROLES and NAME.fullmatch(name):
            return AddressParts(_NAMED_ROLES[word], RigName(rig), name)
    raise BadInput(
        f"{shown(address)} is not an address",
        hint="use overseer, mayor, deacon, RIG/witness, RIG/refinery, RIG/crew/NAME or RIG/polecats/NAME",
    )


def canonical(text: str) -> Address:
    """Normalise a fully spelled address: trailing slash dropped, `--human` and `@overseer` become overseer.

    Raises:
        BadInput: the text is not an address. `RIG/NAME` shorthands need a town to resolve (`rules.addresses`).
    """
    word = text.strip().rstrip("/")
    if word in {"--human", "human", "@overseer"}:
        return OVERSEER
    parts(Address(word))
    return Address(word)


def polecat(rig: RigName, name: str) -> Address:
    """The address of a rig's worker."""
    return Address(f"{rig}/polecats/{name}")


def session_name(address: Address) -> str:
    """The tmux session of an agent: `mayor`, `witness-api`, `crew-api-max`, `polecat-api-slot0`.

    Names hold no dash themselves, so two addresses never share a session.
    """
    who = parts(address)
    return "-".join(piece for piece in (who.role.value, who.rig, who.name) if piece)


def hook_file_name(address: Address) -> str:
    """The `.hook-…` projection of an agent; `/` becomes `--`, reversible because names hold no dash."""
    return ".hook-" + address.replace("/", "--")
