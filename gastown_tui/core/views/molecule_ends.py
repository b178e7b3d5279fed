"""What would be lost with a molecule, told before it is ended; and the gate in the way of a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.text import one_line
from gastown_tui.core.rules.molecules import Anatomy
from gastown_tui.core.views.bead_list import look_of
from gastown_tui.core.views.molecule_steps import gates_of

_NAMED = 8


def what_goes(town: Town, rehearsal: Mapping[str, Any]) -> str:
    """What a rehearsal of a burning or a squashing says would go, in lines."""
    if "squashed_ids" in rehearsal:
        steps = list(map(str, rehearsal["squashed_ids"]))
        undone = [each for each in steps if (bead := town.find(each)) is not None and not bead.is_closed]
        lines = [f"{len(steps)} steps become one digest, {rehearsal.get('deleted_count', 0)} of them are deleted"]
        return "\n".join([*lines, *([f"{len(undone)} are not done:", *_listed(town, undone)] if undone else [])])
    gone = list(map(str, rehearsal.get("deleted_ids", ())))
    return "\n".join([f"{len(gone)} beads are deleted for good:", *_listed(town, gone)])


def _listed(town: Town, ids: Sequence[str]) -> list[str]:
    lines = []
    for each in ids[:_NAMED]:
        bead = town.find(each)
        lines.append(f"  {look_of(bead.state).glyph} {each}  {one_line(bead.title, 60)}" if bead else f"  {each}")
    return [*lines, *([f"  … and {len(ids) - _NAMED} more"] if len(ids) > _NAMED else [])]


def gate_before(town: Town, ids: Iterable[str]) -> BeadId | None:
    """The first gate in the way of one of these steps, or of a step of these molecules; None when there is none."""
    for each in ids:
        bead = town.find(each)
        if bead is None:
            continue
        steps = [bead, *(step for step in Anatomy(town, bead).leaves if not step.is_closed)]
        gate = next((gate for step in steps for gate in gates_of(town, step)), None)
        if gate is not None:
            return gate.id
    return None
