"""Taking back what was done to beads: their fields before and after, and the verbs that lead back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from gastown_tui.core.errors import GastownError
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.declare import Receipt, Verb

STEPS = 50
"""How many acts can be taken back."""
_FIELDS = {
    "status": "status",
    "priority": "priority",
    "title": "title",
    "issue_type": "type_",
    "assignee": "assignee",
    "description": "description",
    "design": "design",
    "acceptance_criteria": "acceptance",
    "notes": "notes",
    "defer_until": "defer",
}
"""Fields that can be set back, and the parameter of `bd update` that does it."""


class Step(msgspec.Struct, frozen=True):
    """One way back: `bd update` on some beads."""

    ids: tuple[str, ...]
    arguments: dict[str, Any]


class Undo(msgspec.Struct, frozen=True):
    """What takes one act back."""

    name: str
    """The verb that is taken back."""
    steps: tuple[Step, ...]

    @property
    def count(self) -> int:
        """How many beads it is about."""
        return len({bead_id for step in self.steps for bead_id in step.ids})


def watched(verb: Verb, keep: Callable[[Undo], object]) -> Verb:
    """The verb, which also tells how to take back what it did to the beads it was given."""

    def run(hands: Hands, **arguments: Any) -> Receipt:
        ids = arguments.get("ids") or ()
        before = _beads(hands.ledger.read(), ids)
        receipt: Receipt = verb.run(hands, **arguments)
        undo = Undo(verb.name, steps_back(before, _beads(hands.ledger.read(), ids)))
        if undo.steps:
            keep(undo)
        return receipt

    return msgspec.structs.replace(verb, run=run)


def _beads(town: Town, ids: Sequence[str]) -> dict[str, Bead]:
    try:
        return {bead_id: bead for bead_id in ids if (bead := town.find(bead_id)) is not None}
    except GastownError:
        return {}


def steps_back(before: dict[str, Bead], after: dict[str, Bead]) -> tuple[Step, ...]:
    """The updates that give beads back what they had; those that need the same one share it."""
    groups: dict[bytes, tuple[dict[str, Any], list[str]]] = {}
    for bead_id, was in before.items():
        now = after.get(bead_id)
        changes = _back(was, now) if now is not None else {}
        if changes:
            groups.setdefault(msgspec.json.encode(changes), (changes, []))[1].append(bead_id)
    return tuple(Step(tuple(ids), changes) for changes, ids in groups.values())


def _back(was: Bead, now: Bead) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for field, parameter in _FIELDS.items():
        value = was.state if field == "status" else getattr(was, field)
        if value != (now.state if field == "status" else getattr(now, field)):
            changes[parameter] = "" if value is None else str(value)
    had, have = set(was.labels or ()), set(now.labels or ())
    if had - have:
        changes["add_label"] = tuple(sorted(had - have))
    if have - had:
        changes["remove_label"] = tuple(sorted(have - had))
    return changes
