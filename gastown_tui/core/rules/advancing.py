"""Going on: what follows when a step of a molecule is closed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead, parent_of
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.rules import hooks
from gastown_tui.core.rules.edges import open_blockers
from gastown_tui.core.rules.formula_conditions import Situation, StepState, is_so
from gastown_tui.core.rules.molecules import ORDERING, Anatomy, is_root, root_of, step_name
from gastown_tui.core.rules.readiness import FAILURE_WORDS

ALL_DONE = "all steps complete"


def advance(town: Town, bead: Bead, *, reason: str = "", along_with: Set[BeadId] = frozenset()) -> tuple[Entry, ...]:
    """What follows from a step being closed: holders and the molecule close with their last step.

    Rounds of a loop that has come to its end are skipped, and so are steps and molecules meant for a failure that did
    not come; gates whose condition has come true open. What hangs on a hook or waits to be merged is left open: its
    worker still has to hand it in. A molecule that closes is itself a step of the one it hangs in, as far as that is in
    the same ledger.

    Args:
        town: Before the step is closed.
        bead: The step.
        reason: Why it is closed.
        along_with: Beads closed in the same transaction. What follows is told once, with the greatest id of them.
    """
    return (*_spared(town, bead.id, reason), *_advance(town, bead, reason, along_with))


def _advance(town: Town, bead: Bead, reason: str, along_with: Set[BeadId]) -> tuple[Entry, ...]:
    root = molecule_of(town, bead)
    if root is None or bead.kind == "gate" or town.ledger_of(root.id) != town.ledger_of(bead.id):
        return ()
    others = {each for each in along_with if _closes(town, root, each, along_with | {bead.id})}
    if any(each > bead.id for each in others):
        done = e.MolStepCompleted(mol_id=root.id, step_id=bead.id)
        return (Entry(done, town.ledger_of(root.id)),)
    return tuple(_onwards(town, root, bead.id, dict.fromkeys((*others, bead.id), reason)))


def molecule_of(town: Town, bead: Bead) -> Bead | None:
    """The molecule a bead is a step of; for the root of one, the molecule that one hangs in."""
    above = parent_of(bead)
    holder = None if above is None or above == bead.id else town.find(above)
    return None if holder is None else root_of(town, holder)


def _onwards(town: Town, root: Bead, step_id: BeadId, closing: dict[BeadId, str]) -> Iterator[Entry]:
    seen: set[BeadId] = set()
    at: Bead | None = root
    ledger = town.ledger_of(root.id)
    while at is not None and at.id not in seen and town.ledger_of(at.id) == ledger:
        seen.add(at.id)
        aftermath = _Aftermath(Anatomy(town, at), closing)
        aftermath.settle()
        yield Entry(e.MolStepCompleted(mol_id=at.id, step_id=step_id), ledger)
        yield from (Entry(fact, ledger) for fact in aftermath.facts)
        if not aftermath.closes_root:
            return
        yield from _spared(town, at.id, ALL_DONE)
        closing = aftermath.closed | {at.id: ALL_DONE}
        step_id, at = at.id, molecule_of(town, at)


def _spared(town: Town, bead_id: BeadId, reason: str) -> Iterator[Entry]:
    """The molecules bonded for the case that something fails, skipped now that it did not."""
    ledger = town.ledger_of(bead_id)
    for name, type_ in town.dependents(bead_id) if not _is_failure(reason) else ():
        bead = town.find(name)
        if type_ != "conditional-blocks" or bead is None or bead.is_closed or not is_root(town, bead):
            continue
        if molecule_of(town, bead) is not None:
            continue
        anatomy = Anatomy(town, bead)
        if town.ledger_of(name) == ledger and all(town.holder(each) is None for each in (name, *anatomy.steps)):
            why = f"skipped: {bead_id} did not fail"
            undone = [each for each in reversed(anatomy.steps.values()) if not each.is_closed]
            yield from (Entry(e.BeadClosed(bead_id=each.id, reason=why), ledger) for each in (*undone, bead))
            yield Entry(e.MolAbandoned(mol_id=bead.id, reason=why), ledger)


def _closes(town: Town, root: Bead, bead_id: BeadId, closing: Set[BeadId]) -> bool:
    """Whether a bead named together with a step is of its molecule and will not be refused."""
    other = town.find(bead_id)
    if other is None or other.pinned or other.is_template:
        return False
    home = molecule_of(town, other)
    return home is not None and home.id == root.id and all(each in closing for each in open_blockers(town, other))


class _Aftermath:
    """What follows from some steps being closed, until nothing follows any more."""

    def __init__(self, anatomy: Anatomy, closing: Mapping[BeadId, str]) -> None:
        self.anatomy = anatomy
        self.town = anatomy.town
        self.facts: list[e.Fact] = []
        self.closes_root = False
        before = {each.id: each.close_reason or "" for each in anatomy.steps.values() if each.is_closed}
        self.closed: dict[BeadId, str] = before | dict(closing)

    def settle(self) -> None:
        """Note everything that follows."""
        known = -1
        while known != len(self.closed):
            known = len(self.closed)
            self._skip_rounds()
            self._skip_unneeded()
            self._close_holders()
        self._open_gates()
        root = self.anatomy.root
        if not root.is_closed and all(each in self.closed for each in self.anatomy.steps):
            if self._is_free(root.id):
                self.facts.append(e.BeadClosed(bead_id=root.id, reason=ALL_DONE))
                self.closes_root = True
            self.facts.append(e.MolCompleted(mol_id=root.id))

    def _is_free(self, bead_id: BeadId) -> bool:
        return self.town.holder(bead_id) is None and hooks.in_review(self.town, bead_id) is None

    def _close(self, bead_id: BeadId, reason: str, status: str = "closed") -> None:
        if bead_id not in self.closed:
            self.closed[bead_id] = reason
            self.facts.append(e.BeadClosed(bead_id=bead_id, reason=reason))
            self.facts.append(e.MolStepCompleted(mol_id=self.anatomy.root.id, step_id=bead_id, status=status))

    def _skip(self, bead_id: BeadId, why: str) -> None:
        for each in self.anatomy.below(bead_id):
            self._skip(each, why)
        self._close(bead_id, f"skipped: {why}", "skipped")

    def _skip_rounds(self) -> None:
        """What is left of loops whose end has come."""
        for loop, rounds in _loops(self.anatomy).items():
            for number in sorted(rounds):
                steps, until = rounds[number]
                if not all(each in self.closed for each in steps):
                    break
                if self._holds(until, steps[-1]):
                    for each in (each for other in rounds if other > number for each in rounds[other][0]):
                        self._skip(each, f"{loop} ended after round {number}")
                    break

    def _skip_unneeded(self) -> None:
        """Steps meant for the case that another fails, which did not."""
        for bead in self.anatomy.steps.values():
            for edge in bead.needs if bead.id not in self.closed else ():
                reason = self.closed.get(edge.depends_on_id)
                if edge.type == "conditional-blocks" and reason is not None and not _is_failure(reason):
                    self._skip(bead.id, f"{edge.depends_on_id} did not fail")

    def _close_holders(self) -> None:
        for bead_id in reversed(self.anatomy.steps):
            is_done = bead_id in self.anatomy.holders and all(
                each in self.closed for each in self.anatomy.below(bead_id)
            )
            if is_done and self._is_free(bead_id):
                self._close(bead_id, ALL_DONE)

    def _open_gates(self) -> None:
        for gate in self.anatomy.gates():
            if gate.await_type == "condition" and not gate.is_closed:
                held = (each for each, type_ in self.town.dependents(gate.id) if type_ in ORDERING)
                if self._holds(gate.await_id or "", next(held, BeadId(""))):
                    self.facts.append(e.BeadClosed(bead_id=gate.id, reason=f"{gate.await_id} is so"))

    def _holds(self, condition: str, current: BeadId) -> bool:
        try:
            return bool(condition) and is_so(condition, situation(self.anatomy, self.closed, current))
        except BadInput:
            return False


def _loops(anatomy: Anatomy) -> dict[str, dict[int, tuple[list[BeadId], str]]]:
    """Steps by open-ended loop and round, in order, and when the loop ends."""
    found: dict[str, dict[int, tuple[list[BeadId], str]]] = {}
    for bead in anatomy.leaves:
        rounds = bead.setting("rounds")
        for each in rounds if isinstance(rounds, list) else ():
            if isinstance(each, Mapping) and isinstance(number := each.get("number"), int):
                loop = found.setdefault(str(each.get("loop")), {})
                loop.setdefault(number, ([], str(each.get("until", ""))))[0].append(bead.id)
    return found


def gate_is_open(town: Town, gate: Bead) -> bool:
    """Whether the condition a gate waits for has come true.

    Raises:
        BadInput: it waits for no condition that can be read.
    """
    root = root_of(town, gate)
    if root is None:
        return False
    anatomy = Anatomy(town, root)
    held = (each for each, type_ in town.dependents(gate.id) if type_ in ORDERING)
    closed = {each.id: each.close_reason or "" for each in anatomy.steps.values() if each.is_closed}
    return is_so(gate.await_id or "", situation(anatomy, closed, next(held, BeadId(""))))


def situation(anatomy: Anatomy, closed: Mapping[BeadId, str], current: BeadId) -> Situation:
    """A molecule as conditions see it.

    Args:
        anatomy: The molecule.
        closed: The steps that count as closed, and why they were.
        current: The step that `step` means. Steps go by the ids of their formula.
    """
    steps = {each.id: each for each in _step_states(anatomy, closed)}
    bead = anatomy.steps.get(current)
    return Situation(steps, step_name(bead) if bead is not None else "")


def _step_states(anatomy: Anatomy, closed: Mapping[BeadId, str]) -> Iterable[StepState]:
    for bead in anatomy.steps.values():
        above = parent_of(bead)
        holder = anatomy.steps.get(above) if above is not None else None
        output = bead.setting("output")
        reason = closed.get(bead.id)
        yield StepState(
            id=step_name(bead),
            status=bead.state if reason is None else "failed" if _is_failure(reason) else "complete",
            output=output if isinstance(output, Mapping) else {},
            parent=step_name(holder) if holder is not None else "",
        )


def _is_failure(reason: str) -> bool:
    return any(word in reason.lower() for word in FAILURE_WORDS)
