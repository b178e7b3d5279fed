"""Why work is ready, and what of a molecule may be begun."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gastown_tui.core.errors import NotFound
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead, parent_of
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.outline import Outline
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import edges, molecules
from gastown_tui.core.rules.readiness import BLOCKING
from gastown_tui.core.verbs.beads import Said, beads_here, one
from gastown_tui.core.views import bead_json, bead_text

_GROUP = "group-1"
"""Steps that may be begun now wait for nothing, so not for one another either."""


def of_molecule(hands: Hands, text: str) -> Said:
    """The steps of a molecule that may be begun, all of them side by side."""
    town = hands.ledger.read()
    try:
        root = one(hands, town, text)
    except NotFound as error:
        raise NotFound(f"molecule '{text[:80]}' not found", hint=error.hint) from error
    steps = molecules.next_steps(town, root)
    total = len(molecules.worklist(town, root))
    ids = [step.id for step in steps]
    rows = [
        {
            "issue": bead_json.issue(step),
            "parallel_info": {
                "step_id": step.id,
                "status": "ready",
                "is_ready": True,
                "parallel_group": _GROUP,
                "blocked_by": [],
                "blocks": [other for other, type_ in town.dependents(step.id) if type_ == "blocks"],
                "can_parallel": [other for other in ids if other != step.id],
            },
            "parallel_group": _GROUP,
        }
        for step in steps
    ]
    value = {
        "molecule_id": root.id,
        "molecule_title": root.title,
        "total_steps": total,
        "ready_steps": len(steps),
        "steps": rows or None,
        "parallel_groups": {_GROUP: ids} if len(ids) > 1 else {},
    }
    lines = ["", f"🧬 Ready steps of {root.id}: {bead_text.title(root)} ({len(steps)} of {total})", ""]
    lines += [f"  {bead_text.short(step)}" for step in steps] or ["  none: its steps are done, under way, or wait"]
    return Said(plain="\n".join([*lines, ""]), value=value)


def explained(
    hands: Hands,
    town: Town,
    ready: Sequence[Bead],
    waiting: Sequence[tuple[Outline, tuple[BeadId, ...]]],
) -> Said:
    """Why each is ready, what holds the others, and how many rings of beads wait for one another."""
    free = [_reason(town, bead) for bead in ready]
    held = [_held(town, town.bead(each.id), blockers) for each, blockers in waiting]
    living = {bead.id: bead for bead in beads_here(hands, town) if bead.status != "tombstone"}
    rings = edges.cycles(living)
    lines = ["", f"📋 Ready ({len(free)}):", ""]
    lines += [f"  {bead_text.short(bead)}\n      {row['reason']}" for bead, row in zip(ready, free, strict=True)]
    lines += ["", f"🚫 Blocked ({len(held)}):", ""]
    for row in held:
        lines.append(f"  {row['id']}: {bead_text.title(town.bead(row['id']))}")
        lines += [f"      ← {each['id']}: {each['title']} ({each['status']})" for each in row["blocked_by"]]
    value: dict[str, Any] = {
        "ready": free,
        "blocked": held,
        "summary": {"total_ready": len(free), "total_blocked": len(held), "cycle_count": len(rings)},
    }
    if rings:
        value["cycles"] = [[bead.id for bead in ring] for ring in rings]
        lines += ["", *(f"⚠ wait for one another: {' → '.join(bead.id for bead in ring)}" for ring in rings)]
    return Said(plain="\n".join([*lines, ""]), value=value)


def _reason(town: Town, bead: Bead) -> dict[str, Any]:
    met = [edge.depends_on_id for edge in bead.needs if edge.type in BLOCKING and edge.type != "parent-child"]
    record = bead_json.with_counts(town, bead, edges=False)
    record["reason"] = f"everything it waited for is done: {', '.join(met)}" if met else "no blocking dependencies"
    record["resolved_blockers"] = met
    parent = parent_of(bead)
    return record | ({"parent": parent} if parent else {})


def _held(town: Town, bead: Bead, blockers: Sequence[BeadId]) -> dict[str, Any]:
    record = bead_json.blocked(bead, blockers)
    found = ((each, town.find(each)) for each in blockers)
    record["blocked_by"] = [
        {
            "id": each,
            "title": each if other is None else other.title,
            "status": "external" if other is None else other.state,
            "priority": 0 if other is None else other.priority,
        }
        for each, other in found
    ]
    return record
