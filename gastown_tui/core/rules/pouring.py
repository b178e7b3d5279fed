"""Pouring: from a proto to a molecule whose every step is a bead, or to a wisp with its steps written out in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, Refused
from gastown_tui.core.events import Edge, Entry
from gastown_tui.core.fold import LedgerState, Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.formula import Gate, Proto, ProtoStep
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.text import one_line, with_article
from gastown_tui.core.rules import hooks, molecules
from gastown_tui.core.rules.bead_ids import MAX_DEPTH, depth_of, fresh_id, prefix_of_ledger
from gastown_tui.core.rules.bead_values import parse_title
from gastown_tui.core.rules.formula_texts import texts_in, variables_in
from gastown_tui.core.rules.formula_vars import known_filled, rendered, values_for
from gastown_tui.core.rules.gates import parse_timeout

LIQUID, VAPOR = "liquid", "vapor"
_INFIX = {LIQUID: "mol", VAPOR: "wisp"}
_PRIORITY = 2


class Pouring(msgspec.Struct, frozen=True, kw_only=True):
    """A molecule somebody wants."""

    proto: Proto
    given: dict[str, str] = {}
    """Variables, as said."""
    ledger: str = ""
    phase: str = LIQUID
    with_steps: bool = True
    """False: the root alone, its steps in its text."""
    bead_id: str = ""
    """The bead it is poured onto."""
    assignee: str = ""
    root_id: str = ""
    """An id for the root, its steps going by their own ids below it; empty: a fresh one, and numbers."""
    edges: tuple[Edge, ...] = ()
    """Further edges of the root."""


class Poured(msgspec.Struct, frozen=True):
    """A molecule about to be recorded.

    Attributes:
        root_id: Its root.
        mapping: Bead ids by the ids steps have in the formula; the formula's own name stands for the root.
        entries: What to record.
    """

    root_id: BeadId
    mapping: dict[str, BeadId]
    entries: tuple[Entry, ...]


def pour(town: Town, wish: Pouring, *, actor: str, nonce: int) -> Poured:
    """Make a molecule: the root, every step with what it waits for, gates where steps wait for more than steps.

    Raises:
        BadInput: a variable is missing or wrong, or a step's title is not usable.
        NotFound: there is no such bead to pour onto.
        Refused: that bead is closed or no work.
        Conflict: it carries a molecule that is not done, or an id is taken.
    """
    host = attachable(town, wish.bead_id) if wish.bead_id else None
    values = values_for(wish.proto, told_by(host, wish.proto) | wish.given if host is not None else wish.given)
    steps = rendered(wish.proto, values)
    ledger = town.ledger_of(host.id) if host is not None else wish.ledger
    state = town.ledgers[ledger]
    title = title_of(wish.proto, values, host)
    root_id = _root_id(state, wish, title, actor, nonce)
    vessel = _Vessel(wish, state, root_id, host)
    facts: list[e.Fact] = [_root(wish, root_id, title, host, values, steps)]
    if wish.with_steps:
        facts += vessel.beads(steps)
    facts.append(e.MolCreated(mol_id=root_id, formula=wish.proto.name, bead_id=host.id if host else ""))
    if host is not None:
        facts.append(_onto(host, root_id, wish.proto))
    return Poured(root_id, {wish.proto.name: root_id} | vessel.names, tuple(Entry(fact, ledger) for fact in facts))


def attachable(town: Town, bead_id: str) -> Bead:
    """A bead a molecule may be poured onto.

    Raises:
        NotFound: there is none.
        Refused: it is closed or no work.
        Conflict: it carries a molecule that is not done.
    """
    bead = town.bead(bead_id)
    if bead.is_closed:
        raise Refused(f"{bead.id} is closed", hint=f"bd reopen {bead.id} first")
    if bead.kind in hooks.UNHOOKABLE:
        raise Refused(f"{bead.id} is {with_article(bead.kind)}, not work", hint="pour onto a bead that is to be done")
    there = molecules.attached(town, bead)
    if there is not None and not there.is_closed:
        raise Conflict(
            f"{bead.id} carries the molecule {there.id} already", hint=f"bd mol burn {there.id} --force takes it away"
        )
    if bead.metadata is not None and not isinstance(bead.metadata, dict):
        raise Refused(f"the metadata of {bead.id} is no object", hint="bd update --metadata '{}' makes it one")
    return bead


def told_by(host: Bead, proto: Proto) -> dict[str, str]:
    """What a bead says for variables a formula asks for: `feature`, `issue` and `work_command`."""
    asked = {name for text in texts_in(msgspec.to_builtins(proto.steps)) for name in variables_in(text)}
    run = host.setting("run")
    known = {"feature": host.title, "issue": str(host.id), "bead": str(host.id)}
    known |= {"work_command": run} if isinstance(run, str) and run.strip() else {}
    return {name: value for name, value in known.items() if name in asked | set(proto.vars)}


def title_of(proto: Proto, values: Mapping[str, str], host: Bead | None) -> str:
    """What a molecule is called: its `title` variable, else the formula and what it is about."""
    if values.get("title"):
        return one_line(values["title"], 500)
    about = host.title if host is not None else values.get("feature") or values.get("name") or ""
    return one_line(f"{proto.name}: {about}" if about else proto.name, 500)


def _root_id(state: LedgerState, wish: Pouring, title: str, actor: str, nonce: int) -> BeadId:
    if not wish.root_id:
        prefix = f"{prefix_of_ledger(state)}-{_INFIX[wish.phase]}"
        return fresh_id(state, prefix, (wish.proto.name, title, actor), nonce)
    if wish.root_id in state.beads:
        raise Conflict(f"issue {wish.root_id} already exists", hint="another --ref is needed")
    return BeadId(wish.root_id)


def _root(
    wish: Pouring, root_id: BeadId, title: str, host: Bead | None, values: Mapping[str, str], steps: Sequence[ProtoStep]
) -> e.BeadCreated:
    edges = (Edge(depends_on_id=host.id, dependency_type="parent-child"),) if host is not None else ()
    about = known_filled(wish.proto.description, values)
    text = about if wish.with_steps else checklist(about, steps)
    patrols = wish.proto.name.endswith("-patrol")
    return e.BeadCreated(
        bead_id=root_id,
        title=title,
        description=values.get("desc") or text or None,
        issue_type=molecules.KIND,
        priority=host.priority if host is not None else _PRIORITY,
        assignee=wish.assignee or None,
        dependencies=(*edges, *wish.edges),
        fields={
            "metadata": {"formula": wish.proto.name} | ({"vars": dict(sorted(values.items()))} if values else {}),
            "source_formula": wish.proto.name,
        }
        | ({"mol_type": "patrol"} if patrols else {})
        | ({"ephemeral": True} if wish.phase == VAPOR else {})
        | ({"bonded_from": list(wish.proto.bonded_from)} if wish.proto.bonded_from else {}),
    )


def checklist(about: str, steps: Sequence[ProtoStep]) -> str:
    """A wisp's steps as text, to be read by whoever walks through them."""
    parts = [about] if about else []
    for number, step in enumerate(steps, 1):
        after = f" (after {', '.join(step.needs)})" if step.needs else ""
        run = step.metadata.get("run")
        body = [step.description, f"Run: {run}" if isinstance(run, str) else ""]
        parts.append("\n".join(line for line in (f"{number}. {step.id}: {step.title}{after}", *body) if line))
    return "\n\n".join(parts)


def _onto(host: Bead, root_id: BeadId, proto: Proto) -> e.BeadUpdated:
    there: dict[str, Any] = host.metadata if isinstance(host.metadata, dict) else {}
    return e.BeadUpdated(
        bead_id=host.id,
        changes={"metadata": there | {"attached_molecule": root_id, "attached_formula": proto.name}},
    )


class _Vessel:
    """One pouring's steps: their ids, and the facts that file them.

    Attributes:
        names: Bead ids by step ids.
    """

    def __init__(self, wish: Pouring, state: LedgerState, root_id: BeadId, host: Bead | None) -> None:
        self._wish = wish
        self._state = state
        self._root_id = root_id
        self._priority = host.priority if host is not None else _PRIORITY
        self.names: dict[str, BeadId] = {}
        self._numbers: dict[BeadId, int] = {}

    def beads(self, steps: Sequence[ProtoStep]) -> list[e.Fact]:
        """The facts that file the steps and their gates."""
        for step in steps:
            self.names[step.id] = self._id(step)
        facts: list[e.Fact] = []
        for step in steps:
            gates = [self._gate(step, gate, number) for number, gate in enumerate(step.gates, 1)]
            facts += gates
            facts.append(self._step(step, [gate.bead_id for gate in gates]))
        return facts

    def _id(self, step: ProtoStep) -> BeadId:
        if self._wish.root_id:
            found = BeadId(f"{self._root_id}.{step.id}")
            if found in self._state.beads:
                raise Conflict(f"issue {found} already exists", hint="another --ref is needed")
            return found
        above = self.names.get(step.parent, self._root_id)
        while depth_of(above) >= MAX_DEPTH:
            above = BeadId(above.rpartition(".")[0])
        self._numbers[above] = self._numbers.get(above, 0) + 1
        return BeadId(f"{above}.{self._numbers[above]}")

    def _gate(self, step: ProtoStep, gate: Gate, number: int) -> e.BeadCreated:
        awaited = gate.await_id or gate.id
        try:
            timeout = parse_timeout(gate.timeout) if gate.timeout else None
        except BadInput as error:
            raise BadInput(f"{step.origin}: the gate of step {step.id}: {error.message}", hint=error.hint) from error
        if gate.type == "timer" and timeout is None:
            raise BadInput(f"{step.origin}: the timer gate of step {step.id} has no timeout", hint="such as 2h")
        suffix = f"-{number}" if len(step.gates) > 1 else ""
        fields: dict[str, Any] = {"await_type": gate.type, "await_id": awaited, "timeout": timeout}
        return e.BeadCreated(
            bead_id=BeadId(f"{self._root_id}.gate-{step.id.replace('.', '-')}{suffix}"),
            title=one_line(f"Gate: {gate.type} {awaited or gate.timeout} before {step.title}", 500),
            issue_type="gate",
            priority=self._priority,
            fields={key: value for key, value in fields.items() if value}
            | {"metadata": {"molecule": self._root_id, "step": f"gate-{step.id}"}}
            | self._passing(),
        )

    def _step(self, step: ProtoStep, gates: Sequence[BeadId]) -> e.BeadCreated:
        try:
            title = parse_title(one_line(step.title))
        except BadInput as error:
            raise BadInput(f"{step.origin}: step {step.id}: {error.message}", hint=error.hint) from error
        mark: dict[str, Any] = {"step": step.id}
        if step.rounds:
            mark["rounds"] = [msgspec.to_builtins(each) for each in step.rounds]
        labels = (*step.labels, *((f"gate:{step.waits_for}",) if step.waits_for else ()))
        fields: dict[str, Any] = {
            "notes": step.notes,
            "design": step.design,
            "acceptance_criteria": step.acceptance,
            "metadata": dict(step.metadata) | mark,
            "source_formula": self._wish.proto.name,
            "source_location": step.origin,
        }
        return e.BeadCreated(
            bead_id=self.names[step.id],
            title=title,
            description=step.description or None,
            issue_type=step.type or "task",
            priority=self._priority if step.priority is None else step.priority,
            assignee=step.assignee or None,
            labels=tuple(dict.fromkeys(labels)),
            dependencies=self._edges(step, gates),
            fields={key: value for key, value in fields.items() if value} | self._passing(),
        )

    def _edges(self, step: ProtoStep, gates: Sequence[BeadId]) -> tuple[Edge, ...]:
        edges = [Edge(depends_on_id=self.names.get(step.parent, self._root_id), dependency_type="parent-child")]
        waits = step.waits_for and self.names[step.spawner]
        edges += [Edge(depends_on_id=self.names[need]) for need in step.needs if self.names[need] != waits]
        edges += [Edge(depends_on_id=gate) for gate in gates]
        edges += [
            Edge(depends_on_id=self.names[need], dependency_type="conditional-blocks") for need in step.needs_failed
        ]
        if waits:
            kind = f'{{"gate":"{step.waits_for}"}}'
            edges.append(Edge(depends_on_id=BeadId(waits), dependency_type="waits-for", metadata=kind))
        return tuple(edges)

    def _passing(self) -> dict[str, Any]:
        return {"ephemeral": True} if self._wish.phase == VAPOR else {}
