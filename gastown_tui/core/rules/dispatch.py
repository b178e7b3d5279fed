"""Dispatch: whom a sling means, which worker of a rig takes it, and what waits for room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, NotFound, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import Role, parts, polecat
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import NAME, Address, AssignmentId, BeadId, RigName, shown
from gastown_tui.core.model.town import Agent, Dispatch
from gastown_tui.core.rules import addresses, convoys, hooks


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A sling as somebody asked for it."""

    bead_ids: tuple[str, ...]
    target: str = ""
    """A rig, an agent, or empty or `.` for the asker."""
    asker: Address
    here: RigName | None = None
    """The rig the asker stands in."""
    args: str = ""
    runtime: str = ""
    force: bool = False
    with_convoy: bool = True
    with_line: bool = True
    """A blocked bead bound for a worker waits in line until nothing blocks it; False: it is refused."""


class Draws(msgspec.Struct, frozen=True, kw_only=True):
    """Chance drawn beforehand, one for each bead: rules draw none."""

    assignments: tuple[AssignmentId, ...]
    nonces: tuple[int, ...]


class Aim(msgspec.Struct, frozen=True):
    """Whom a sling means: a rig, whichever worker it has, or one agent."""

    rig: RigName | None = None
    agent: Address | None = None


def sling(town: Town, request: Request, draws: Draws) -> tuple[e.Entry, ...]:
    """Everything a sling records, all beads in one go; nothing when it was slung there already.

    Raises:
        BadInput: several beads for one hook, or a target that cannot be named.
        NotFound: no such bead or target.
        Refused: a bead cannot be slung, or belongs elsewhere.
        Conflict: somebody else holds it.
    """
    aim = aimed(town, request.target, asker=request.asker, here=request.here)
    beads = [bead for each in dict.fromkeys(request.bead_ids) for bead in _pieces(town, each, aim, request)]
    beads = list({bead.id: bead for bead in beads}.values())
    if aim.agent is not None and len(beads) > 1:
        raise BadInput(f"the hook of {aim.agent} holds one bead", hint="sling several to a rig")
    room = _Room(town)
    entries: list[e.Entry] = []
    for bead, assignment_id, nonce in zip(beads, draws.assignments, draws.nonces, strict=False):
        hung = _one(town, request, aim, bead, assignment_id, room)
        entries += hung
        if hung and request.with_convoy:
            filed = {entry.fact.bead_id for entry in entries if isinstance(entry.fact, e.BeadCreated)}
            convoy_id = convoys.convoy_id(town, nonce, filed)
            entries += convoys.auto_convoy(town, bead.id, convoy_id=convoy_id, owner=request.asker)
    return tuple(entries)


def beads_meant(town: Town, request: Request) -> int:
    """How many beads a request comes to once epics are taken apart; that many draws are needed."""
    aim = aimed(town, request.target, asker=request.asker, here=request.here)
    return sum(len(_pieces(town, each, aim, request)) for each in dict.fromkeys(request.bead_ids))


def ledgers_of(town: Town, bead_ids: Sequence[str]) -> tuple[str, ...]:
    """The ledgers a sling of those beads locks, the town's own first.

    Raises:
        NotFound: no ledger of this town has a bead's prefix.
    """
    return tuple(dict.fromkeys(["", *(town.ledger_of(bead_id) for bead_id in bead_ids)]))


# ---------------------------------------------------------------------------------------------- aiming


def aimed(town: Town, target: str, *, asker: Address, here: RigName | None = None) -> Aim:
    """Whom a target means. A worker spelled in full (`RIG/polecats/NAME`) need not exist yet.

    Raises:
        BadInput: it cannot be named so.
        NotFound: there is no such rig or agent.
    """
    word = target.strip().rstrip("/")
    if word in {"", "."}:
        return Aim(agent=asker)
    if word in town.rigs():
        return Aim(rig=RigName(word))
    pieces = word.split("/")
    if len(pieces) == 3 and pieces[1] == "polecats" and NAME.fullmatch(pieces[2]):
        return Aim(agent=polecat(town.rig(pieces[0]).name, pieces[2]))
    if len(pieces) == 2 and pieces[0] in town.rigs() and pieces[1] in set(_pool(town, RigName(pieces[0]))):
        candidate = polecat(RigName(pieces[0]), pieces[1])
        if town.agent(candidate) is None and town.agent(Address(f"{pieces[0]}/crew/{pieces[1]}")) is None:
            return Aim(agent=candidate)
    try:
        return Aim(agent=addresses.resolve(town, word, here=here))
    except NotFound as error:
        if "/" in word or not town.rigs():
            raise
        raise NotFound(
            f"{shown(word)} is neither a bead nor a rig nor an agent", hint=f"rigs: {', '.join(town.rigs())}"
        ) from error


def split_target(town: Town, words: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Tell beads from the target: the last of several words is the target unless it is a bead."""
    if len(words) > 1 and town.find(words[-1]) is None:
        return tuple(words[:-1]), words[-1]
    return tuple(words), ""


def _pieces(town: Town, bead_id: str, aim: Aim, request: Request) -> list[Bead]:
    """A bead, or the pieces of an epic bound for a rig that can begin now or wait in line."""
    bead = town.bead(bead_id)
    if bead.kind != "epic" or aim.rig is None or bead.is_closed:
        return [bead]
    children = [town.bead(each) for each, kind in town.dependents(bead.id) if kind == "parent-child"]
    if not children:
        return [bead]
    ready = [each for each in children if _is_free(town, each, request)]
    if not ready:
        raise Refused(f"no piece of epic {bead.id} can be slung now", hint=f"bd show {bead.id} lists them")
    return ready


def _is_free(town: Town, bead: Bead, request: Request) -> bool:
    waits = request.with_line and bool(hooks.waits_for(town, bead))
    try:
        hooks.hookable(town, bead.id, force=waits)
    except Refused:
        return False
    return bead.state == "open" and town.holder(bead.id) is None


# ---------------------------------------------------------------------------------------------- one bead


class _Room:
    """Who was given work within one transaction, before the fold knows."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self.given: set[Address] = set()

    def is_full(self, rig: RigName) -> bool:
        return busy(self._town, rig, self.given) >= self._town.settings.rig(rig).capacity


def _one(
    town: Town, request: Request, aim: Aim, bead: Bead, assignment_id: AssignmentId, room: _Room
) -> tuple[e.Entry, ...]:
    waits = _has_to_wait(town, request, aim, bead)
    hooks.hookable(town, bead.id, force=request.force or bool(waits))
    holder = town.holder(bead.id)
    if waits and holder is None:
        return _queued(town, request, aim, bead, f"it waits for {', '.join(waits)}")
    if holder is not None and (aim.agent == holder.agent or _is_worker_of(holder.agent, aim.rig)):
        return ()
    agent = aim.agent or pick(town, _checked_rig(town, aim, bead), bead, room.given)
    wish = hooks.Hanging(
        bead_id=bead.id,
        agent=agent,
        assignment_id=assignment_id,
        dispatcher=request.asker,
        args=request.args,
        runtime=request.runtime,
        force=request.force,
    )
    hung = hooks.hang(town, wish)
    if hung and (reason := _no_room(town, agent, room)):
        return _queued(town, request, aim, bead, reason)
    room.given.add(agent)
    return hung


def _has_to_wait(town: Town, request: Request, aim: Aim, bead: Bead) -> tuple[BeadId, ...]:
    """What a bead has to wait for in line. What hangs on an agent that is no worker of a rig hangs there at once."""
    is_for_worker = aim.rig is not None or (aim.agent is not None and parts(aim.agent).role is Role.POLECAT)
    if request.force or not request.with_line or not is_for_worker or bead.is_closed or bead.state != "open":
        return ()
    waits = hooks.waits_for(town, bead)
    if waits:
        hooks.check_rig(town, bead, aim.agent or polecat(_rig_of(aim), "slot0"))
    return waits


def _rig_of(aim: Aim) -> RigName:
    assert aim.rig is not None
    return aim.rig


def _checked_rig(town: Town, aim: Aim, bead: Bead) -> RigName:
    rig = _rig_of(aim)
    hooks.check_rig(town, bead, polecat(rig, "slot0"))
    return rig


def _no_room(town: Town, agent: Address, room: _Room) -> str:
    """Why a worker cannot begin now; empty when it can. People, crew and standing agents always can."""
    who = parts(agent)
    if who.role is not Role.POLECAT:
        return ""
    if paused := town.rig(who.rig).paused:
        return f"{who.rig} is paused: {paused}" if paused != "paused" else f"{who.rig} is paused"
    if room.is_full(who.rig):
        limit = town.settings.rig(who.rig).capacity
        return f"all {limit} places of {who.rig} are taken"
    return ""


def _queued(town: Town, request: Request, aim: Aim, bead: Bead, reason: str) -> tuple[e.Entry, ...]:
    target = aim.rig or aim.agent or ""
    waiting = next((each for each in town.dispatches() if each.bead_id == bead.id), None)
    if waiting is not None and waiting.target == target and waiting.args == request.args:
        return ()
    fact = e.DispatchQueued(
        bead_id=bead.id,
        target=target,
        dispatcher=request.asker,
        args=request.args,
        runtime=request.runtime,
        reason=reason,
    )
    return (e.Entry(fact, town.ledger_of(bead.id)),)


def _is_worker_of(agent: Address, rig: RigName | None) -> bool:
    who = parts(agent)
    return rig is not None and who.role is Role.POLECAT and who.rig == rig


# ---------------------------------------------------------------------------------------------- workers of a rig


def busy(town: Town, rig: RigName, given: set[Address] | frozenset[Address] = frozenset()) -> int:
    """How many workers of a rig hold work."""
    holding = {agent for agent in town.hooks() if _is_worker_of(agent, rig)}
    return len(holding | {agent for agent in given if _is_worker_of(agent, rig)})


def pick(town: Town, rig: RigName, bead: Bead, given: set[Address]) -> Address:
    """The worker of a rig that takes a bead: the one that already knows it, else the first free one, else a new one."""
    knows = [agent.address for agent in town.agents() if _is_worker_of(agent.address, rig) and _knows(agent, bead)]
    for address in knows:
        if address not in given and town.hook(address) is None and not _awaits_merge(town, address, bead.id):
            return address
    for name in _pool(town, rig):
        address = polecat(rig, name)
        if address not in given and is_free(town, address):
            return address
    raise Refused(f"no worker of {rig} is free")


def is_free(town: Town, address: Address) -> bool:
    """Whether a worker may take new work: an empty hook, and no worktree that still holds somebody's bead."""
    if town.hook(address) is not None or _awaits_merge(town, address):
        return False
    agent = town.agent(address)
    return agent is None or not agent.worktree or not _holds_unfinished(town, agent)


def _knows(agent: Agent, bead: Bead) -> bool:
    return bead.assignee == agent.address or branch_bead(agent.branch) == bead.id


def _awaits_merge(town: Town, address: Address, but: str = "") -> bool:
    return any(merge.is_open and merge.worker == address and merge.bead_id != but for merge in town.merges())


def _holds_unfinished(town: Town, agent: Agent) -> bool:
    bead = town.find(branch_bead(agent.branch))
    return bead is not None and not bead.is_closed


def branch_of(agent: Address, bead_id: str) -> str:
    """The branch an agent works on for a bead: `polecat/slot0/gt-abc`."""
    who = parts(agent)
    return f"{who.role.value}/{who.name or who.role.value}/{bead_id}"


def branch_bead(branch: str) -> str:
    """The bead such a branch was made for."""
    return branch.rpartition("/")[2]


def _pool(town: Town, rig: RigName) -> Iterator[str]:
    """Names of a rig's workers in the order they are given out; slots go on for ever."""
    return chain(town.settings.rig(rig).names, (f"slot{number}" for number in _slots(town)))


def _slots(town: Town) -> Iterator[int]:
    """As many slots as there can be occupied ones, and one more."""
    return iter(range(len(town.own.registers.agents) + len(town.merges()) + 64))


# ---------------------------------------------------------------------------------------------- waiting slings


def due(town: Town) -> list[Dispatch]:
    """Waiting slings that could begin now, in the order they were asked for; one refused keeps its place."""
    room = _Room(town)
    found: list[Dispatch] = []
    for waiting in town.dispatches():
        rig, _, worker = waiting.target.partition("/")
        if RigName(rig) not in town.rigs() or town.rig(rig).paused or room.is_full(RigName(rig)):
            continue
        meant = Address(waiting.target) if worker else polecat(RigName(rig), f"waiting{len(found)}")
        if meant in room.given or town.hook(meant) is not None:
            continue
        try:
            hooks.hookable(town, waiting.bead_id)
        except (Refused, NotFound):
            continue
        room.given.add(meant)
        found.append(waiting)
    return found


def why_waits(town: Town, waiting: Dispatch) -> str:
    """Why a sling still waits, as things are now."""
    bead, (rig, _, worker) = town.find(waiting.bead_id), waiting.target.partition("/")
    if bead is not None and (blockers := hooks.waits_for(town, bead)):
        return f"it waits for {', '.join(blockers)}"
    if RigName(rig) not in town.rigs():
        return waiting.reason
    if worker and (hook := town.hook(Address(waiting.target))) is not None:
        return f"{waiting.target} has {hook.bead_id}"
    return _no_room(town, polecat(RigName(rig), "slot0"), _Room(town)) or waiting.reason


def hopeless(town: Town) -> list[tuple[Dispatch, str]]:
    """Waiting slings nobody will ever take up, and why."""
    found: list[tuple[Dispatch, str]] = []
    for waiting in town.dispatches():
        bead = town.find(waiting.bead_id)
        if bead is None or bead.is_closed:
            found.append((waiting, "the bead is gone" if bead is None else "the bead is closed"))
        elif waiting.target.split("/")[0] not in town.rigs():
            found.append((waiting, f"there is no rig {waiting.target.split('/')[0]} any more"))
    return found
