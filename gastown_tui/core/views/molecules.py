"""Formulas, protos and molecules as people and programs read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.formula import Formula, Proto, ProtoStep, Var
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.text import one_line, plain
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.rules.formula_cooking import waiting_lists
from gastown_tui.core.rules.molecules import Anatomy, Progress, progress, states
from gastown_tui.core.views import bead_json

MARKS = {"done": "✓", "current": "◐", "ready": "○", "blocked": "●", "pending": "·"}
_BAR_CELLS = 20
_ABOUT_CHARS = 72


# ---------------------------------------------------------------------------------------------- formulas


class FormulaLine(msgspec.Struct, frozen=True, kw_only=True):
    """One formula in a list."""

    name: str
    type: str
    description: str
    source: str
    """Where it comes from: `project town home built-in`."""
    steps: int
    vars: int
    trouble: str = ""
    """Why it cannot be read; empty when it can."""


def formula_line(formula: Formula, source: str) -> FormulaLine:
    """A formula in a list. Steps are those of its own file, before parents and expansions."""
    return FormulaLine(
        name=formula.formula,
        type=formula.kind,
        description=one_line(formula.description, _ABOUT_CHARS),
        source=source,
        steps=len(formula.steps or formula.legs or formula.template or formula.aspects or formula.advice),
        vars=len(formula.variables),
    )


def formula_list(lines: Sequence[FormulaLine]) -> str:
    """A line for each formula."""
    if not lines:
        return "No formulas found."
    width = max(len(line.name) for line in lines)
    rows = [f"📜 Formulas ({len(lines)} found)", ""]
    for line in lines:
        about = line.trouble or line.description
        rows.append(f"  {line.name:<{width}}  {line.type:<9}  {line.source:<8}  {about}".rstrip())
    return "\n".join(rows)


def proto_text(proto: Proto) -> str:
    """A proto in full: what it asks for, and its steps as a tree."""
    lines = [f"{proto.name} ({proto.type}, version {proto.version})"]
    if proto.description:
        lines += ["", plain(proto.description).strip()]
    if proto.vars:
        lines += ["", "Variables:", *(f"  {name}{_var(var)}" for name, var in proto.vars.items())]
    if proto.fixed:
        lines += ["", f"Cooked with {', '.join(f'{name}={value}' for name, value in proto.fixed.items())}"]
    lines += ["", f"Steps ({len(proto.steps)}):", *step_lines(proto.steps)]
    return "\n".join(lines)


def _var(var: Var) -> str:
    parts = ["required"] if var.required else []
    parts += [f"default {var.default}"] if var.default is not None else []
    parts += [f"one of {', '.join(map(str, var.enum))}"] if var.enum else []
    parts += [f"matches {var.pattern}"] if var.pattern else []
    told = f" ({', '.join(parts)})" if parts else ""
    return told + (f": {one_line(var.description)}" if var.description else "")


def step_lines(steps: Sequence[ProtoStep]) -> list[str]:
    """A line for each step, indented below what holds it."""
    depth: dict[str, int] = {}
    lines: list[str] = []
    for step in steps:
        depth[step.id] = depth.get(step.parent, -1) + 1
        after = f"  after {', '.join(step.needs)}" if step.needs else ""
        gate = f"  gate: {', '.join(gate.type for gate in step.gates)}" if step.gates else ""
        run = "  ⚙" if step.metadata.get("run") else ""
        lines.append(f"  {'  ' * depth[step.id]}{step.id}: {one_line(step.title)}{after}{gate}{run}")
    return lines


def waves(steps: Sequence[ProtoStep]) -> list[list[str]]:
    """Steps by the turn they can begin in, each with all that can run beside it."""
    waits = waiting_lists(steps)
    turn: dict[str, int] = {}
    left = [step.id for step in steps]
    number = 0
    found: list[list[str]] = []
    while left:
        free = [name for name in left if all(need in turn for need in waits[name])]
        if not free:
            break
        found.append(free)
        turn |= dict.fromkeys(free, number)
        left = [name for name in left if name not in turn]
        number += 1
    return found


# ---------------------------------------------------------------------------------------------- molecules


class MoleculeCard(msgspec.Struct, frozen=True, kw_only=True):
    """One molecule and how far it is."""

    molecule_id: BeadId
    molecule_title: str
    formula: str = ""
    status: str = ""
    assignee: str = ""
    total: int = 0
    completed: int = 0
    in_progress: int = 0
    ready: int = 0
    current_step_id: str = ""
    next_step_id: str = ""
    is_wisp: bool = False
    updated_at: str = ""

    @property
    def is_stale(self) -> bool:
        """Every step is done and the molecule is still open."""
        return self.total > 0 and self.completed == self.total and self.status != "closed"


def card(town: Town, root: Bead) -> MoleculeCard:
    """One molecule and how far it is."""
    return card_of(root, progress(town, Anatomy(town, root)))


def card_of(root: Bead, found: Progress) -> MoleculeCard:
    """A molecule whose progress is known."""
    formula = root.source_formula or root.setting("formula")
    return MoleculeCard(
        molecule_id=root.id,
        molecule_title=root.title,
        formula=formula if isinstance(formula, str) else "",
        status=root.state,
        assignee=root.assignee or "",
        total=found.total,
        completed=found.completed,
        in_progress=found.in_progress,
        ready=found.ready,
        current_step_id=found.current or "",
        next_step_id=found.next or "",
        is_wisp=bool(root.ephemeral),
        updated_at=root.updated_at,
    )


def bar(done: int, total: int) -> str:
    """Progress in cells."""
    filled = _BAR_CELLS * done // total if total else 0
    return "█" * filled + "░" * (_BAR_CELLS - filled)


def card_lines(cards: Sequence[MoleculeCard]) -> list[str]:
    """A line for each molecule."""
    width = max((len(each.molecule_id) for each in cards), default=0)
    rows: list[str] = []
    for each in cards:
        who = f"  @{one_line(each.assignee)}" if each.assignee else ""
        kind = "wisp" if each.is_wisp else f"{each.completed}/{each.total}"
        rows.append(
            f"  {each.molecule_id:<{width}}  {bar(each.completed, each.total)} {kind:>7}  {each.status:<11} "
            f"{one_line(each.molecule_title, _ABOUT_CHARS)}{who}"
        )
    return rows


class CurrentStep(msgspec.Struct, frozen=True):
    """One step where a molecule stands."""

    bead: Bead
    status: str
    """`done current ready blocked pending`."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a molecule stands, step by step."""

    root: Bead
    steps: tuple[CurrentStep, ...]

    @property
    def completed(self) -> int:
        """How many steps are done."""
        return sum(step.status == "done" for step in self.steps)

    def first(self, status: str) -> Bead | None:
        """The first step of a status."""
        return next((step.bead for step in self.steps if step.status == status), None)


def standing(town: Town, root: Bead) -> Standing:
    """Where a molecule stands, its steps in the order they can be done."""
    anatomy = Anatomy(town, root)
    words = states(town, anatomy)
    return Standing(root=root, steps=tuple(CurrentStep(anatomy.steps[each], word) for each, word in words.items()))


def standing_json(found: Standing, shown: Sequence[CurrentStep]) -> dict[str, Any]:
    """Where a molecule stands, as programs read it."""
    current, ready = found.first("current"), found.first("ready")
    record: dict[str, Any] = {"molecule_id": found.root.id, "molecule_title": found.root.title}
    if found.root.assignee:
        record["assignee"] = found.root.assignee
    if current is not None:
        record["current_step"] = bead_json.issue(current)
    if ready is not None:
        record["next_step"] = bead_json.issue(ready)
    record["steps"] = [
        {"issue": bead_json.issue(each.bead), "status": each.status, "is_current": each.bead is current}
        for each in shown
    ]
    return record | {"completed": found.completed, "total": len(found.steps)}


def standing_text(found: Standing, shown: Sequence[CurrentStep]) -> str:
    """Where a molecule stands, for people."""
    total = len(found.steps)
    lines = [
        f"{found.root.id} {one_line(found.root.title)}",
        f"  {bar(found.completed, total)} {found.completed}/{total}",
    ]
    lines += [step_line(each) for each in shown]
    hidden = total - len(shown)
    if hidden:
        lines.append(f"  … {hidden} more steps; --limit 0 shows them")
    return "\n".join(lines)


def step_line(each: CurrentStep) -> str:
    """One step where it stands."""
    who = f"  @{one_line(each.bead.assignee)}" if each.bead.assignee else ""
    return f"  {MARKS[each.status]} {each.bead.id}  {one_line(each.bead.title)}{who}  [{each.status}]"


def anatomy_json(town: Town, root: Bead) -> dict[str, Any]:
    """A molecule whole, as `mol show` gives it."""
    anatomy = Anatomy(town, root)
    beads = [root, *anatomy.steps.values(), *anatomy.gates()]
    inside = {bead.id for bead in beads}
    edges = [edge for bead in beads for edge in bead.needs if edge.depends_on_id in inside]
    values = root.setting("vars")
    bonded = root.bonded_from if isinstance(root.bonded_from, list | tuple) else []
    return {
        "bonded_from": list(bonded),
        "dependencies": [bead_json.edge(edge) for edge in edges],
        "is_compound": len(bonded) > 1,
        "issues": [bead_json.issue(bead) for bead in beads],
        "root": bead_json.issue(root),
        "variables": dict(values) if isinstance(values, Mapping) else {},
    }


def pace(steps: Iterable[Bead]) -> tuple[float, float] | None:
    """Steps closed in an hour between the first and the last, and how many hours the rest would take."""
    found = list(steps)
    times = sorted(at for bead in found if bead.is_closed and (at := moment(bead.closed_at)) is not None)
    if len(times) < 2 or times[-1] == times[0]:
        return None
    rate = (len(times) - 1) / ((times[-1] - times[0]).total_seconds() / 3600)
    return rate, sum(not bead.is_closed for bead in found) / rate


def wisp_line(root: Bead, now: datetime, *, is_old: bool) -> str:
    """One wisp in a list."""
    updated = moment(root.updated_at)
    age = age_text(now - updated) if updated else "-"
    return f"  {root.id}  {root.state:<11} {age:>4}  {one_line(root.title)}{'  ⚠ old' if is_old else ''}"
