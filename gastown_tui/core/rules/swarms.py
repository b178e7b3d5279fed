"""Epics worked on by many at once: in which waves, how far along, and what stands in the way."""

from __future__ import annotations

from typing import Any

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.rules.beads import children
from gastown_tui.core.rules.edges import cycles

_NEEDS = frozenset({"blocks", "conditional-blocks", "waits-for"})


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """An epic seen as work for many."""

    epic: Bead
    steps: tuple[Bead, ...]
    waves: tuple[tuple[Bead, ...], ...]
    """Open work that can go on at the same time, first wave first."""
    warnings: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def closed(self) -> int:
        """How many of its children are closed."""
        return sum(step.is_closed for step in self.steps)

    @property
    def widest(self) -> int:
        """How many can work at once at most."""
        return max((len(wave) for wave in self.waves), default=0)

    def told(self, *, verbose: bool) -> dict[str, Any]:
        """As JSON clients read it."""
        fronts = [
            {"wave": number, "issues": [bead.id for bead in wave], "titles": [bead.title for bead in wave]}
            for number, wave in enumerate(self.waves)
        ]
        value: dict[str, Any] = {
            "epic_id": self.epic.id,
            "epic_title": self.epic.title,
            "total_issues": len(self.steps),
            "closed_issues": self.closed,
            "ready_fronts": fronts or None,
            "max_parallelism": self.widest,
            "estimated_sessions": sum(len(wave) for wave in self.waves),
            "warnings": list(self.warnings),
            "errors": list(self.errors),
            "swarmable": not self.errors,
        }
        if verbose:
            value["issues"] = {
                step.id: {"title": step.title, "status": step.state, "depends_on": _within(step, self.steps)}
                for step in self.steps
            }
        return value


def analyse(town: Town, epic: Bead) -> Analysis:
    """Put the open children of an epic into waves by their dependencies on one another."""
    steps = tuple(children(town, epic.id))
    loops = cycles({step.id: step for step in steps})
    errors = [f"dependency cycle: {' → '.join(bead.id for bead in loop)}" for loop in loops]
    warnings = [] if steps else ["the epic has no children"]
    for step in steps:
        outside = [
            edge.depends_on_id
            for edge in step.needs
            if edge.type == "blocks" and _is_outside(town, edge.depends_on_id, steps)
        ]
        warnings += [f"{step.id} depends on {other} outside the epic" for other in outside]
    return Analysis(
        epic=epic,
        steps=steps,
        waves=() if errors else _waves(steps),
        warnings=tuple(warnings),
        errors=tuple(errors),
    )


def _is_outside(town: Town, other: BeadId, steps: tuple[Bead, ...]) -> bool:
    bead = town.find(other)
    return bead is not None and not bead.is_closed and all(step.id != other for step in steps)


def _within(step: Bead, steps: tuple[Bead, ...]) -> list[BeadId]:
    ids = {each.id for each in steps}
    return [edge.depends_on_id for edge in step.needs if edge.type in _NEEDS and edge.depends_on_id in ids]


def _waves(steps: tuple[Bead, ...]) -> tuple[tuple[Bead, ...], ...]:
    left = {step.id: step for step in steps if not step.is_closed}
    waves: list[tuple[Bead, ...]] = []
    while left:
        wave = tuple(step for step in left.values() if all(each not in left for each in _within(step, steps)))
        if not wave:
            break
        waves.append(tuple(sorted(wave, key=lambda bead: (bead.priority, bead.id))))
        for step in wave:
            del left[step.id]
    return tuple(waves)


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an epic is, bead by bead."""

    epic: Bead
    groups: dict[str, tuple[Bead, ...]]
    """`completed active ready blocked`."""

    @property
    def total(self) -> int:
        """How many children it has."""
        return sum(len(group) for group in self.groups.values())

    @property
    def percent(self) -> float:
        """How much of it is done."""
        return len(self.groups["completed"]) * 100 / self.total if self.total else 0.0

    def told(self, town: Town) -> dict[str, Any]:
        """As JSON clients read it."""
        groups = {name: [_row(town, bead) for bead in beads] for name, beads in self.groups.items()}
        return {
            "epic_id": self.epic.id,
            "epic_title": self.epic.title,
            "total_issues": self.total,
            **groups,
            "progress_percent": self.percent,
            "active_count": len(groups["active"]),
            "ready_count": len(groups["ready"]),
            "blocked_count": len(groups["blocked"]),
        }


def progress(town: Town, epic: Bead) -> Progress:
    """Sort an epic's children by how far each is."""
    groups: dict[str, list[Bead]] = {"completed": [], "active": [], "ready": [], "blocked": []}
    for step in children(town, epic.id):
        if step.is_closed:
            groups["completed"].append(step)
        elif step.state in {"in_progress", "hooked"}:
            groups["active"].append(step)
        else:
            groups["blocked" if _open_needs(town, step) or step.state == "blocked" else "ready"].append(step)
    return Progress(epic=epic, groups={name: tuple(beads) for name, beads in groups.items()})


def _open_needs(town: Town, step: Bead) -> list[BeadId]:
    found = [(edge.depends_on_id, town.find(edge.depends_on_id)) for edge in step.needs if edge.type in _NEEDS]
    return [other for other, bead in found if bead is not None and not bead.is_closed]


def _row(town: Town, bead: Bead) -> dict[str, Any]:
    row: dict[str, Any] = {"id": bead.id, "title": bead.title}
    if bead.assignee:
        row["assignee"] = bead.assignee
    if blockers := _open_needs(town, bead):
        row["blocked_by"] = blockers
    if bead.closed_at:
        row["closed_at"] = bead.closed_at
    return row


def swarm_of(town: Town, epic: Bead) -> Bead | None:
    """The open swarm of an epic; None when there is none."""
    for other, type_ in town.dependents(epic.id):
        bead = town.find(other)
        if type_ == "relates-to" and bead is not None and bead.mol_type == "swarm" and not bead.is_closed:
            return bead
    return None


def epic_of(town: Town, bead: Bead) -> Bead:
    """The epic a swarm stands for; any other bead itself."""
    if bead.mol_type == "swarm" and bead.kind == "molecule":
        for edge in bead.needs:
            if edge.type == "relates-to" and (epic := town.find(edge.depends_on_id)) is not None:
                return epic
    return bead
