"""Sweeping a ledger: closed beads deleted, passing ones swept away, everything begun anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from gastown_tui.core.errors import Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.times import epoch_ns, stamp
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import bead_deletion
from gastown_tui.core.verbs import bd_admin_compact
from gastown_tui.core.verbs.bd_delete import deleted, preview
from gastown_tui.core.verbs.beads import Said, beads_dir, beads_here, ledgers_for
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, verb

compact = bd_admin_compact.compact
_KEPT = ("events.jsonl", "issues.jsonl", "messages.jsonl", "vapor.jsonl", "interactions.jsonl", "config.yaml")
_LIMIT_BYTES = 512 * 1024 * 1024


@verb("bd admin cleanup", group="beads", needs=Needs.LEDGER, aliases=("bd cleanup",), compact_errors=True)
def cleanup(
    hands: Hands,
    *,
    force: Annotated[bool, Arg("Do it; without this it is only shown", flags=("--force", "-f"))] = False,
    dry_run: Annotated[bool, Arg("Only show it")] = False,
    cascade: Annotated[bool, Arg("Everything that depends on them too")] = False,
    older_than: Annotated[int, Arg("Only what was closed so many days ago", metavar="DAYS")] = 0,
    hard: Annotated[bool, Arg("Accepted; a tombstone always stays", hidden=True)] = False,
    ephemeral: Annotated[bool, Arg("Only passing beads")] = False,
) -> Receipt:
    """Delete closed beads: a tombstone of each stays, and the log keeps every word."""
    del hard
    town = hands.ledger.read()
    found = _closed(hands, town, older_than, only_ephemeral=ephemeral)
    if not found:
        value = {"deleted_count": 0, "message": "No closed issues to delete", "older_than_days": older_than}
        return Said(plain="No closed issues to delete", value=value)
    ids = [bead.id for bead in found]
    plan = bead_deletion.plan_deletion(town, ids, cascade=cascade)
    if dry_run:
        value = {"dry_run": True, "issue_count": len(plan.beads), "issues": [bead.id for bead in plan.beads]}
        return Said(plain=preview(plan, town), value=value)
    if not force:
        raise Refused(f"would delete {len(plan.beads)} closed issue(s)", hint="--force does it, --dry-run lists them")
    plans: list[bead_deletion.Deletion] = []

    def decide(now: Town) -> tuple[Any, ...]:
        plans[:] = [bead_deletion.plan_deletion(now, ids, cascade=cascade)]
        return bead_deletion.delete(now, plans[0], reason="cleanup")

    touched = [*(bead.id for bead in plan.beads), *plan.orphans, *(each[0] for each in plan.mentions)]
    hands.ledger.record(decide, actor=hands.actor, ledgers=ledgers_for(town, touched))
    return deleted(plans[0], is_one=False)


def _closed(hands: Hands, town: Town, days: int, *, only_ephemeral: bool) -> list[Bead]:
    limit = epoch_ns(stamp(hands.clock.now() - timedelta(days=max(days, 0)))) or 0
    return [
        bead
        for bead in beads_here(hands, town)
        if bead.state == "closed"
        and not bead.pinned
        and (bead.ephemeral or not only_ephemeral)
        and (not days or (epoch_ns(bead.closed_at) or limit + 1) <= limit)
    ]


@verb("bd admin reset", group="beads", needs=Needs.NOTHING, aliases=("bd reset",), compact_errors=True)
def reset(
    hands: Hands,
    *,
    force: Annotated[bool, Arg("Do it; without this it is only shown", flags=("--force", "-f"))] = False,
) -> Receipt:
    """Take the `.beads` here away, to begin anew; its files are kept beside it first."""
    place = hands.cwd / ".beads"
    if not hands.files.names(place):
        return Said(plain="beads not initialized", value={"message": "beads not initialized", "reset": False})
    kept = hands.cwd / f".beads-reset-{stamp(hands.clock.now())[:19].replace(':', '')}"
    if not force:
        item = {"type": "directory", "path": str(place), "description": "the ledger: log, beads, settings"}
        lines = ["Would remove:", f"  {place}", "", f"Its files would be kept in {kept}", "--force does it"]
        return Said(plain="\n".join(lines), value={"dry_run": True, "items": [item]})
    if beads_dir(hands) != place:
        raise Refused(f"{place} is not the ledger in use here: {beads_dir(hands)} is")
    if hands.ledger.read().is_town:
        raise Refused("this is a town: its agents and rigs live in it", hint="gt shutdown, then remove it by hand")
    there = [name for name in hands.files.names(place) if name in _KEPT]
    for name in there:
        hands.files.write_text(kept / name, hands.files.read_text(place / name, limit_bytes=_LIMIT_BYTES))
    hands.files.remove_tree(place, inside=hands.cwd)
    plain = f"✓ Reset complete\n  Kept in {kept}: {', '.join(there)}"
    return Said(plain=plain, value={"reset": True, "success": True, "kept": str(kept)})
