"""The ends of molecules and wisps: condensed to a digest, or burned."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Refused
from gastown_tui.core.events import Edge, Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead, parent_of
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.text import one_line, with_article
from gastown_tui.core.rules import bead_deletion, beads, molecules
from gastown_tui.core.rules.bead_ids import fresh_id, prefix_of_ledger
from gastown_tui.core.rules.molecules import Anatomy

_EXCERPT_CHARS = 200
_TITLE_CHARS = 500


class Squashing(msgspec.Struct, frozen=True, kw_only=True):
    """A molecule somebody wants condensed."""

    root_id: BeadId
    summary: str = ""
    keep_children: bool = False
    force: bool = False
    """Though steps are not done."""


class Squashed(msgspec.Struct, frozen=True):
    """What condensing a molecule comes to.

    Attributes:
        digest_id: The bead that keeps what was done.
        steps: The steps it tells of.
        deleted: Those that go: the ephemeral ones.
        entries: What to record.
    """

    digest_id: BeadId
    steps: tuple[BeadId, ...]
    deleted: tuple[BeadId, ...]
    entries: tuple[Entry, ...]


def squash(town: Town, wish: Squashing, *, actor: str, nonce: int) -> Squashed:
    """Condense a molecule or a wisp to one closed bead, its digest. Ephemeral steps go, the others stay as they are.

    Raises:
        NotFound: there is no such bead.
        BadInput: it is no molecule.
        Refused: steps of a molecule that is kept are not done.
    """
    root = _root(town, wish.root_id)
    ledger = town.ledger_of(root.id)
    anatomy = Anatomy(town, root)
    steps = anatomy.leaves
    undone = [step for step in steps if not step.is_closed]
    if undone and not root.ephemeral and not wish.force:
        raise Refused(
            f"{len(undone)} of {len(steps)} steps of {root.id} are not done",
            hint="--force condenses it all the same; bd mol burn leaves nothing",
        )
    state = town.ledgers[ledger]
    digest_id = fresh_id(state, prefix_of_ledger(state), ("digest", root.id, actor), nonce)
    title = one_line(f"Digest: {root.title}", _TITLE_CHARS)
    filed = e.BeadCreated(
        bead_id=digest_id,
        title=title,
        description=wish.summary.strip() or _told(root, steps),
        priority=root.priority,
        dependencies=(Edge(depends_on_id=root.id, dependency_type="parent-child"),),
        fields={"source_formula": root.source_formula} if root.source_formula else {},
    )
    closed = e.BeadClosed(bead_id=digest_id, reason=f"Squashed from {len(steps)} steps of {root.id}")
    entries = [Entry(filed, ledger), Entry(closed, ledger)]
    gone = [] if wish.keep_children else [*anatomy.steps.values(), *anatomy.gates()]
    deleted = tuple(bead.id for bead in gone if bead.ephemeral)
    entries += bead_deletion.delete(
        town, bead_deletion.plan_deletion(town, deleted), reason=f"squashed into {digest_id}"
    )
    entries += _left_undone(town, [step for step in undone if step.id not in deleted])
    entries += beads.close(town, root, reason=f"Squashed: {len(steps)} steps → {digest_id}", force=True)
    if root.ephemeral:
        entries.append(Entry(e.BeadUpdated(bead_id=root.id, changes={"ephemeral": None}), ledger))
    entries.append(Entry(e.MolCompleted(mol_id=root.id, summary=one_line(filed.description or title, 300)), ledger))
    return Squashed(digest_id, tuple(step.id for step in steps), deleted, tuple(entries))


def _root(town: Town, bead_id: str) -> Bead:
    root = town.bead(bead_id)
    if not molecules.is_root(town, root) and not Anatomy(town, root).steps:
        raise BadInput(f"{root.id} is {with_article(root.kind)}, not a molecule", hint="bd mol list shows them")
    return root


def _left_undone(town: Town, steps: Sequence[Bead]) -> list[Entry]:
    return [
        Entry(e.BeadClosed(bead_id=step.id, reason="abandoned: its molecule was squashed"), town.ledger_of(step.id))
        for step in steps
    ]


def _told(root: Bead, steps: Sequence[Bead]) -> str:
    """What was done, a line or two for each step."""
    lines = [f"{root.title}: {sum(step.is_closed for step in steps)} of {len(steps)} steps were done."]
    for step in steps:
        said = step.notes or step.description or ""
        excerpt = f"\n    {one_line(said, _EXCERPT_CHARS)}" if said.strip() else ""
        outcome = one_line(step.close_reason or step.state, 80)
        lines.append(f"- {one_line(step.title, 120)} ({outcome}){excerpt}")
    if not steps and root.description:
        lines.append(one_line(root.description, _EXCERPT_CHARS))
    return "\n".join(lines)


# ---------------------------------------------------------------------------------------------- burning


class Burned(msgspec.Struct, frozen=True):
    """What burning a molecule comes to.

    Attributes:
        root_id: Its root.
        deleted: The beads that go, the root too.
        entries: What to record.
    """

    root_id: BeadId
    deleted: tuple[BeadId, ...]
    entries: tuple[Entry, ...]


def burn(town: Town, bead_id: str) -> Burned:
    """Discard a molecule or a wisp with everything in it; nothing is left but tombstones.

    Raises:
        NotFound: there is no such bead.
        BadInput: it is no molecule.
        Refused: it, or one of its steps, hangs on somebody's hook.
    """
    root = _root(town, bead_id)
    anatomy = Anatomy(town, root)
    doomed = [root.id, *anatomy.steps, *(gate.id for gate in anatomy.gates())]
    deleted = bead_deletion.delete(town, bead_deletion.plan_deletion(town, doomed), reason="burned")
    ledger = town.ledger_of(root.id)
    entries = [*_detached(town, root), *deleted, Entry(e.MolAbandoned(mol_id=root.id, reason="burned"), ledger)]
    return Burned(root.id, tuple(doomed), tuple(entries))


def _detached(town: Town, root: Bead) -> list[Entry]:
    """The bead a molecule was poured onto carries it no more."""
    above = parent_of(root)
    host = None if above is None else town.find(above)
    if host is None or host.setting("attached_molecule") != root.id or not isinstance(host.metadata, dict):
        return []
    left = {key: value for key, value in host.metadata.items() if key not in {"attached_molecule", "attached_formula"}}
    changed = e.BeadUpdated(bead_id=host.id, changes={"metadata": left or None})
    return [Entry(changed, town.ledger_of(host.id))]
