"""From what people type to whom they mean: shorthands, groups, and the rig somebody stands in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import DEACON, MAYOR, OVERSEER, AddressParts, Role, canonical, parts, session_name
from gastown_tui.core.model.ids import NAME, Address, RigName, shown

_RIG_WIDE = ("witness", "refinery")
_NAMED = ("crew", "polecats")
_SHOWN_NAMES = 8


def resolve(town: Town, text: str, *, here: RigName | None = None) -> Address:
    """The one agent somebody means.

    Accepts a full address with or without a trailing slash, `--human`, `RIG/NAME`, a bare name that only one agent
    has, `witness` and `refinery` of the rig one stands in (or of the only rig), and a session's name.

    Args:
        town: Where to look.
        text: What was typed.
        here: The rig the speaker stands in.

    Raises:
        NotFound: nobody answers to it.
        BadInput: several do, or it is no address at all.
    """
    word = text.strip().rstrip("/")
    if word in {"--human", "human", "@overseer", OVERSEER}:
        return OVERSEER
    pieces = word.split("/")
    if not word or len(pieces) > 3 or word.startswith("@") or not all(_is_spelled(piece) for piece in pieces):
        return canonical(word)
    match pieces:
        case ["mayor" | "deacon"]:
            return Address(word)
        case [role] if role in _RIG_WIDE:
            return Address(f"{_rig_meant(town, here, role)}/{role}")
        case [name]:
            return _named(town, name, here)
        case [rig, role] if role in _RIG_WIDE:
            return Address(f"{town.rig(rig).name}/{role}")
        case [group, name] if group in _NAMED and RigName(group) not in town.rigs():
            return _registered(town, Address(f"{_rig_meant(town, here, group)}/{group}/{name}"))
        case [rig, name]:
            return _in_rig(town, town.rig(rig).name, name)
    return _registered(town, canonical(word))


def resolve_many(
    town: Town, text: str, *, here: RigName | None = None, but: Address | None = None
) -> tuple[Address, ...]:
    """Everybody a group, an address or a comma-separated list of them names; nobody twice.

    Groups: `@town` (every agent), `@witnesses`, `@refineries`, `@crew`, `@polecats`, `@rig/RIG`, `@crew/RIG`,
    `@polecats/RIG`.

    Args:
        town: Where to look.
        text: What was typed.
        here: The rig the speaker stands in.
        but: Left out of groups: nobody hears their own announcement. Named singly they are kept.

    Raises:
        NotFound: a name is unknown, or a group has nobody in it.
        BadInput: the text is no address and no group.
    """
    found: dict[Address, None] = {}
    for word in (piece.strip() for piece in text.split(",")):
        if word.startswith("@") and word != "@overseer":
            found.update(dict.fromkeys(each for each in _group(town, word) if each != but))
        else:
            found[resolve(town, word, here=here)] = None
    if not found:
        raise NotFound(f"there is nobody but you in {shown(text)}")
    return tuple(found)


def rig_around(town: Town, *, actor: str, env: Mapping[str, str], home: PurePath, cwd: PurePath) -> RigName | None:
    """The rig somebody stands in: by session, by who they are, by the folder they are in."""
    rigs = town.rigs()
    candidates = [env.get("GT_RIG", ""), actor.split("/")[0] if "/" in actor else ""]
    if cwd.is_relative_to(home) and (inside := cwd.relative_to(home).parts):
        candidates.append(inside[0])
    return next((RigName(name) for name in candidates if name in rigs), None)


def speaker(actor: str) -> Address:
    """Whose mailbox an actor reads: its own, and the overseer's for a person with no address."""
    try:
        return canonical(actor)
    except BadInput:
        return OVERSEER


def everybody(town: Town) -> tuple[Address, ...]:
    """Every agent there is, the standing ones of town and rigs first."""
    standing = [MAYOR, DEACON, *(Address(f"{rig}/{role}") for rig in town.rigs() for role in _RIG_WIDE)]
    return tuple(dict.fromkeys([*standing, *(agent.address for agent in town.agents() if agent.address != OVERSEER)]))


# ---------------------------------------------------------------------------------------------- one


def _is_spelled(piece: str) -> bool:
    return bool(NAME.fullmatch(piece.replace("-", "_")))


def _rig_meant(town: Town, here: RigName | None, role: str) -> RigName:
    rigs = list(town.rigs())
    if here is not None:
        return here
    if len(rigs) == 1:
        return rigs[0]
    if not rigs:
        raise NotFound(f"there is no {role}: this town has no rig yet", hint="gt rig add NAME URL adds one")
    spelled = ", ".join(f"{rig}/{role}" for rig in rigs)
    raise BadInput(f"{shown(role)} of which rig?", hint=f"one of {spelled}")


def _named(town: Town, name: str, here: RigName | None) -> Address:
    people = everybody(town)
    if "-" in name:
        for address in people:
            if session_name(address) == name:
                return address
    namesakes = [address for address in people if parts(address).name == name]
    nearby = [address for address in namesakes if parts(address).rig == here]
    return _the_only(town, name, nearby or namesakes)


def _in_rig(town: Town, rig: RigName, name: str) -> Address:
    candidates = [Address(f"{rig}/{kind}/{name}") for kind in _NAMED]
    return _the_only(town, f"{rig}/{name}", [each for each in candidates if town.agent(each) is not None], rig)


def _the_only(town: Town, text: str, found: list[Address], rig: RigName | None = None) -> Address:
    if len(found) > 1:
        raise BadInput(f"{shown(text)} may be any of {len(found)} agents", hint="say " + " or ".join(found))
    if not found:
        raise NotFound(f"nobody here is called {shown(text)}", hint=_known(town, rig))
    return found[0]


def _registered(town: Town, address: Address) -> Address:
    who = parts(address)
    town.rig(who.rig)
    if town.agent(address) is None:
        raise NotFound(f"there is no agent {shown(address)}", hint=_known(town, who.rig))
    return address


def _known(town: Town, rig: RigName | None) -> str:
    names = [address for address in everybody(town) if rig is None or parts(address).rig == rig]
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return f"agents: {', '.join(names[:_SHOWN_NAMES])}{more}"


# ---------------------------------------------------------------------------------------------- many

_GROUPS: dict[str, Callable[[AddressParts], bool]] = {
    "@town": lambda who: True,
    "@witnesses": lambda who: who.role is Role.WITNESS,
    "@refineries": lambda who: who.role is Role.REFINERY,
    "@crew": lambda who: who.role is Role.CREW,
    "@polecats": lambda who: who.role is Role.POLECAT,
    "@rig": lambda who: bool(who.rig),
}
_BY_RIG = ("@rig", "@crew", "@polecats")


def _group(town: Town, word: str) -> tuple[Address, ...]:
    name, slash, rig = word.rstrip("/").partition("/")
    belongs = _GROUPS.get(name)
    if belongs is None or (slash and name not in _BY_RIG) or (name == "@rig" and not rig):
        spelled = ", ".join([each for each in _GROUPS if each != "@rig"] + [f"{each}/RIG" for each in _BY_RIG])
        raise BadInput(f"{shown(word)} is not a group", hint=f"groups: {spelled}")
    if rig:
        town.rig(rig)
    members = tuple(
        address for address in everybody(town) if belongs(parts(address)) and (not rig or parts(address).rig == rig)
    )
    if not members:
        raise NotFound(f"there is nobody in {shown(word)}")
    return members
