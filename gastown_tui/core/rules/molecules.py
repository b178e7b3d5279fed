"""Molecules under way: who belongs to whom, their steps in order, what is next and how far they are."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead, parent_of
from gastown_tui.core.model.ids import BeadId, natural
from gastown_tui.core.model.outline import Outline
from gastown_tui.core.rules import hooks
from gastown_tui.core.rules.readiness import BLOCKING

KIND = "molecule"
ORDERING = BLOCKING - {"parent-child"}
"""Edges that say what comes before what."""
_DEPTH_LIMIT = 64
_FEW = 6


# ---------------------------------------------------------------------------------------------- who belongs to whom


def is_root(town: Town, bead: Bead) -> bool:
    """Whether a bead is the root of a molecule."""
    if bead.kind == KIND:
        return True
    return bead.id in town.ledgers[town.ledger_of(bead.id)].registers.molecules


def root_of(town: Town, bead: Bead) -> Bead | None:
    """The molecule a bead is part of, itself if it is one; the nearest, where one hangs in another."""
    at, seen = bead, {bead.id}
    while not is_root(town, at):
        above = parent_of(at)
        found = None if above is None or above in seen else town.find(above)
        if found is None:
            return _of_gate(town, bead)
        at = found
        seen.add(at.id)
    return at


def _of_gate(town: Town, bead: Bead) -> Bead | None:
    name = bead.setting("molecule")
    return town.find(name) if isinstance(name, str) else None


def attached(town: Town, bead: Bead) -> Bead | None:
    """The molecule poured onto a bead; None when there is none, or it was burned."""
    name = bead.setting("attached_molecule")
    return town.find(name) if isinstance(name, str) else None


def roots(town: Town) -> list[Bead]:
    """Every molecule of every ledger, by id."""
    found: dict[str, Bead] = {}
    for state in town.ledgers.values():
        found |= {bead.id: bead for bead in state.beads.of_kind(KIND)}
        for name in state.registers.molecules:
            if (bead := town.find(name)) is not None:
                found[name] = bead
    return [found[name] for name in sorted(found, key=natural)]


def open_to(town: Town, agent: str, among: Iterable[Outline]) -> list[BeadId]:
    """The molecules whose steps an agent may take: those it has, and those nobody has."""
    names = {name for state in town.ledgers.values() for name in state.registers.molecules}
    holders = {hook.bead_id: hook.agent for hook in town.hooks().values()}
    found: list[BeadId] = []
    for each in among:
        if each.id not in names or each.is_closed or each.assignee not in {None, "", agent}:
            continue
        hosts = [edge.depends_on_id for edge in each.dependencies or () if edge.type == "parent-child"]
        if all(holders.get(name, agent) == agent for name in (each.id, *hosts)):
            found.append(each.id)
    return found


def children(town: Town, bead_id: BeadId) -> list[Bead]:
    """What belongs to a bead as work: its gates, letters and other records apart."""
    return _work_among(town, town.dependents(bead_id))


def _work_among(town: Town, dependents: Sequence[tuple[BeadId, str]]) -> list[Bead]:
    below = (town.find(each) for each, type_ in dependents if type_ == "parent-child")
    found = [bead for bead in below if bead is not None and bead.kind not in hooks.UNHOOKABLE]
    return sorted(found, key=lambda bead: natural(bead.id))


def _prepare(town: Town, root: Bead, below: Sequence[tuple[BeadId, str]]) -> None:
    """Where much hangs below a bead, have the ledger read whole: seeking each bead in its file takes far longer."""
    if len(below) > _FEW:
        for name in {town.ledger_of(root.id), *(town.ledger_of(each) for each, _ in below)}:
            town.ledgers[name].beads.all()


class Anatomy:
    """One reading of everything below a bead.

    Attributes:
        root: The bead.
        steps: What is below it, holders before what they hold, in the order they were filed.
        holders: Ids of the steps that hold others.
    """

    def __init__(self, town: Town, root: Bead) -> None:
        self.town = town
        self.root = root
        self.steps: dict[BeadId, Bead] = {}
        self._below: dict[BeadId, list[BeadId]] = {}
        below = town.dependents(root.id)
        _prepare(town, root, below)
        self._add(root.id, _work_among(town, below), 0)
        self.holders = {bead_id for bead_id, below in self._below.items() if below} - {root.id}

    def _add(self, bead_id: BeadId, below: Sequence[Bead], depth: int) -> None:
        fresh = [bead for bead in below if bead.id not in self.steps and bead.id != self.root.id]
        self._below[bead_id] = [bead.id for bead in fresh]
        for bead in fresh:
            self.steps[bead.id] = bead
            self._add(bead.id, children(self.town, bead.id) if depth < _DEPTH_LIMIT else (), depth + 1)

    def below(self, bead_id: BeadId) -> Sequence[BeadId]:
        """What a step holds, directly."""
        return self._below.get(bead_id, ())

    @property
    def leaves(self) -> list[Bead]:
        """The steps that are work themselves."""
        return [bead for bead in self.steps.values() if bead.id not in self.holders]

    def gates(self) -> list[Bead]:
        """The gates its steps wait at."""
        found: dict[BeadId, Bead] = {}
        for bead in self.steps.values():
            for edge in bead.needs:
                gate = self.town.find(edge.depends_on_id) if edge.type in ORDERING else None
                if gate is not None and gate.kind == "gate":
                    found[gate.id] = gate
        return list(found.values())

    def in_order(self) -> list[Bead]:
        """The leaves, each after all it waits for; steps that wait for one another come last."""
        leaves = {bead.id: bead for bead in self.leaves}
        waits = {bead_id: self._waits(leaves[bead_id]) & leaves.keys() for bead_id in leaves}
        followers: dict[BeadId, list[BeadId]] = {}
        for bead_id, targets in waits.items():
            for target in targets:
                followers.setdefault(target, []).append(bead_id)
        place = {bead_id: number for number, bead_id in enumerate(leaves)}
        left = {bead_id: len(targets) for bead_id, targets in waits.items()}
        free = [(place[bead_id], bead_id) for bead_id, count in left.items() if not count]
        heapq.heapify(free)
        found: list[Bead] = []
        while free:
            _, bead_id = heapq.heappop(free)
            found.append(leaves[bead_id])
            for follower in followers.get(bead_id, ()):
                left[follower] -= 1
                if not left[follower]:
                    heapq.heappush(free, (place[follower], follower))
        done = {bead.id for bead in found}
        return [*found, *(bead for bead_id, bead in leaves.items() if bead_id not in done)]

    def _waits(self, bead: Bead) -> set[BeadId]:
        found: set[BeadId] = set()
        at: Bead | None = bead
        seen: set[BeadId] = set()
        while at is not None and at.id not in seen and at.id != self.root.id:
            seen.add(at.id)
            for edge in at.needs:
                if edge.type in ORDERING:
                    found |= self._leaves_of(edge.depends_on_id)
            above = parent_of(at)
            at = self.steps.get(above) if above is not None else None
        return found - {bead.id}

    def _leaves_of(self, bead_id: BeadId) -> set[BeadId]:
        if not self._below.get(bead_id):
            return {bead_id}
        found: set[BeadId] = set()
        front = [bead_id]
        while front:
            at = front.pop()
            found |= set() if self._below.get(at) else {at}
            front += self._below.get(at, ())
        return found


def worklist(town: Town, bead: Bead) -> list[Bead]:
    """The pieces of a bead's work, children and the steps of molecules alike, in an order they can be done in."""
    return Anatomy(town, bead).in_order()


def is_free(town: Town, step: Bead) -> bool:
    """Whether a step may be begun: open, and nothing unfinished stands before it or what holds it.

    A step that waits for what another brings forth waits for that other, too.
    """
    if step.state != "open" or hooks.waits_for(town, step):
        return False
    spawners = [town.find(edge.depends_on_id) for edge in step.needs if edge.type == "waits-for"]
    return all(each is None or each.is_closed for each in spawners)


def next_steps(town: Town, root: Bead) -> list[Bead]:
    """The steps of a molecule that may be begun now, first come first."""
    return [step for step in worklist(town, root) if is_free(town, step)]


# ---------------------------------------------------------------------------------------------- how far


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a molecule is."""

    total: int
    completed: int
    in_progress: int
    ready: int
    current: BeadId | None = None
    next: BeadId | None = None

    @property
    def is_done(self) -> bool:
        """Every step is done; a molecule without steps never is."""
        return self.total > 0 and self.completed == self.total


def states(town: Town, anatomy: Anatomy) -> dict[BeadId, str]:
    """A word for each step: `done current ready blocked pending`; blocked ones wait for something outside."""
    return {step.id: _state(town, anatomy, step) for step in anatomy.in_order()}


def _state(town: Town, anatomy: Anatomy, step: Bead) -> str:
    if step.is_closed:
        return "done"
    if step.state in {"in_progress", "hooked"}:
        return "current"
    if step.state in {"blocked", "deferred"}:
        return "blocked"
    if is_free(town, step):
        return "ready"
    waits = hooks.waits_for(town, step)
    return "pending" if not waits or any(each in anatomy.steps for each in waits) else "blocked"


def progress(town: Town, anatomy: Anatomy) -> Progress:
    """How far a molecule is, in numbers."""
    found = states(town, anatomy)
    by_word: dict[str, list[BeadId]] = {}
    for bead_id, word in found.items():
        by_word.setdefault(word, []).append(bead_id)
    current, ready = by_word.get("current", []), by_word.get("ready", [])
    return Progress(
        total=len(found),
        completed=len(by_word.get("done", [])),
        in_progress=len(current),
        ready=len(ready),
        current=current[0] if current else None,
        next=ready[0] if ready else None,
    )


def step_name(bead: Bead) -> str:
    """The id a step has in its formula; its bead's id when it comes from none."""
    name = bead.setting("step")
    return name if isinstance(name, str) and name else bead.id
