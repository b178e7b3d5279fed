"""Deleting beads, and reading back what was shortened."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from gastown_tui.core.errors import BadInput, NotFound, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import bead_deletion
from gastown_tui.core.verbs.beads import Said, ledgers_for, one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_json


@verb("bd delete", group="beads", needs=Needs.LEDGER, compact_errors=True)
def delete(
    hands: Hands,
    ids: Annotated[tuple[str, ...], Arg("Beads, by their whole ids", metavar="ID", suggest=Suggest.BEAD)] = (),
    *,
    force: Annotated[bool, Arg("Do it; without this it is only shown", flags=("--force", "-f"))] = False,
    dry_run: Annotated[bool, Arg("Only show it")] = False,
    cascade: Annotated[bool, Arg("Everything that depends on them too")] = False,
    hard: Annotated[bool, Arg("Accepted; a tombstone always stays", hidden=True)] = False,
    reason: Annotated[str, Arg("Why")] = "delete",
    from_file: Annotated[Path | None, Arg("A file with an id a line", suggest=Suggest.PATH)] = None,
) -> Receipt:
    """Delete beads for good: a tombstone stays, their edges go, texts of neighbours say they are gone."""
    del hard
    wanted = [*ids, *(_ids_in(hands.files.read_text(hands.cwd / from_file)) if from_file else ())]
    if not wanted:
        raise BadInput("no issue IDs provided", hint="bd delete ID --force")
    exact = [BeadId(each) for each in wanted]
    town = hands.ledger.read()
    plan = bead_deletion.plan_deletion(town, exact, cascade=cascade)
    if len(plan.beads) > 1 and plan.incoming and not force and not cascade and not dry_run:
        first = plan.incoming[0][1]
        raise Refused(
            f"issue {first} has dependents not in deletion set; use --cascade to delete them or --force to orphan them"
        )
    if dry_run or not force:
        return Said(plain=preview(plan, town))
    plans: list[bead_deletion.Deletion] = []

    def decide(now: Town) -> tuple[Any, ...]:
        plans[:] = [bead_deletion.plan_deletion(now, exact, cascade=cascade)]
        return bead_deletion.delete(now, plans[0], reason=reason)

    touched = [*(bead.id for bead in plan.beads), *plan.orphans, *(each[0] for each in plan.mentions)]
    hands.ledger.record(decide, actor=hands.actor, ledgers=ledgers_for(town, touched))
    return deleted(plans[0], is_one=len(exact) == 1 and not cascade)


def _ids_in(text: str) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def preview(plan: bead_deletion.Deletion, town: Town) -> str:
    """What a deletion would take with it."""
    links = [f"  {a} → {b} ({type_})" for a, b, type_ in plan.outgoing]
    links += [f"  {a} → {b} (inbound)" for a, b, _ in plan.incoming]
    if len(plan.beads) == 1:
        bead = plan.beads[0]
        lines = ["", "⚠️  DELETE PREVIEW", "", "Issue to delete:", f"  {bead.id}: {bead.title}"]
        if links:
            lines += ["", f"Dependency links to remove: {len(links)}", *links]
        if plan.mentions:
            lines += ["", "Connected issues where text references will be updated:"]
            lines += [f"  {each}: {town.bead(each).title}" for each, _ in plan.mentions]
        return "\n".join(
            [*lines, "", "This operation cannot be undone!", f"To proceed, run: bd delete {bead.id} --force"]
        )
    labels = sum(len(bead.labels or ()) for bead in plan.beads)
    return "\n".join(
        [
            "",
            f"Issues to delete ({len(plan.beads)}):",
            *(f"  {bead.id}: {bead.title}" for bead in plan.beads),
            "",
            f"Would delete: {len(plan.beads)} issues",
            f"Would remove: {len(links)} dependencies, {labels} labels, 0 events",
            "(Dry-run mode - no changes made)",
            "To proceed, run the same with --force",
        ]
    )


def deleted(plan: bead_deletion.Deletion, *, is_one: bool) -> Said:
    """What a deletion took with it."""
    links, texts = len(plan.outgoing) + len(plan.incoming), len(plan.mentions)
    if is_one:
        name = plan.beads[0].id
        return Said(
            plain=f"✓ Deleted {name}\n  Removed {links} dependency link(s)\n"
            f"  Updated text references in {texts} issue(s)",
            value={"deleted": name, "dependencies_removed": links, "references_updated": texts},
        )
    labels = sum(len(bead.labels or ()) for bead in plan.beads)
    lines = [
        f"✓ Deleted {len(plan.beads)} issue(s)",
        f"  Removed {links} dependency link(s)",
        f"  Removed {labels} label(s)",
        f"  Updated text references in {texts} issue(s)",
    ]
    lines += [f"  ⚠ Orphaned {len(plan.orphans)} issue(s): {', '.join(plan.orphans)}"] if plan.orphans else []
    value = {
        "deleted": [bead.id for bead in plan.beads],
        "deleted_count": len(plan.beads),
        "dependencies_removed": links,
        "labels_removed": labels,
        "events_removed": 0,
        "references_updated": texts,
        "orphaned_issues": list(plan.orphans) or None,
    }
    return Said(plain="\n".join(lines), value=value)


@verb("bd restore", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def restore(hands: Hands, id: Annotated[str, Arg("A compacted bead", metavar="ID", suggest=Suggest.BEAD)]) -> Receipt:
    """Show the text a bead had before it was compacted, from git's history."""
    town = hands.ledger.read()
    bead = one(hands, town, id)
    if not bead.compacted_at_commit:
        raise NotFound(f"issue {bead.id} is not compacted (no git commit saved)")
    from gastown_tui.core.verbs.bd_history import line_at_commit

    old = line_at_commit(hands, bead)
    return Said(plain=f"{old.id}: {old.title}\n\n{old.description or ''}", value=bead_json.issue(old))
