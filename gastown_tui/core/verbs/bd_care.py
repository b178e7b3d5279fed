"""What lacks text and what is there twice."""

from __future__ import annotations

from typing import Annotated, Any

from gastown_tui.core.errors import BadInput, GastownError
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import beads as rules
from gastown_tui.core.rules import care, edges
from gastown_tui.core.verbs.beads import Said, act_on, beads_here, one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_text


@verb("bd lint", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def lint(
    hands: Hands,
    ids: Annotated[tuple[str, ...], Arg("Only these beads", metavar="ID", suggest=Suggest.BEAD)] = (),
    *,
    type_: Annotated[str, Arg("Only this type", flags=("--type", "-t"))] = "",
    status: Annotated[str, Arg("Only this status, or all", flags=("--status", "-s"))] = "open",
) -> Receipt:
    """Find beads that lack sections their type should have."""
    town = hands.ledger.read()
    pool = [one(hands, town, each) for each in ids] if ids else beads_here(hands, town)
    looked = [
        bead
        for bead in pool
        if bead.status != "tombstone"
        and (not type_ or bead.kind == type_)
        and (bool(ids) or status == "all" or bead.state == status)
    ]
    found = care.lint(looked)
    warnings = sum(len(missing) for _, missing in found)
    rows = [
        {"id": b.id, "title": b.title, "type": b.kind, "missing": missing, "warnings": len(missing)}
        for b, missing in found
    ]
    value = {"total": warnings, "issues": len(found), "results": rows or None}
    if not found:
        return Said(plain=f"✓ No template warnings found ({len(looked)} issues checked)", value=value)
    lines = [f"Template warnings ({len(found)} issues, {warnings} warnings):", ""]
    for bead, missing in found:
        lines.append(f"{bead.id} [{bead.kind}]: {bead_text.title(bead)}")
        lines += [*(f"  ⚠ Missing: {heading}" for heading in missing), ""]
    # Warnings fail a script that reads words, and not one that reads JSON: clients of both exist.
    return Said(plain="\n".join(lines), value=value, exit_code=0 if hands.env.get("BD_JSON") == "true" else 1)


@verb("bd duplicates", group="beads", needs=Needs.LEDGER, compact_errors=True)
def duplicates(
    hands: Hands,
    *,
    auto_merge: Annotated[bool, Arg("Close all but one of each group")] = False,
    dry_run: Annotated[bool, Arg("Only say what would be closed")] = False,
) -> Receipt:
    """Find open beads that say the same, word for word."""
    town = hands.ledger.read()
    found = care.duplicates(town, beads_here(hands, town))
    groups = [_group(each) for each in found]
    value: dict[str, Any] = {"duplicate_groups": len(groups), "groups": groups}
    if not found:
        return Said(plain="No duplicates found!", value=value)
    lines = [f"🔍 Found {len(found)} duplicate group(s):", ""]
    for number, twins in enumerate(found, 1):
        lines.append(f"━━ Group {number}: {one_line(twins.title)}")
        for bead in twins.beads:
            mark = "→ keep" if bead.id == twins.keep.id else "  close"
            lines.append(f"{mark} {bead.id} ({bead.state}, P{bead.priority}, {sum(twins.weights[bead.id][:2])} refs)")
        lines.append("")
    if auto_merge and not dry_run:
        merged = [_merge(hands, twins) for twins in found]
        value["merge_results"] = merged
        lines += [f"✓ Merged into {each['target']}: {', '.join(each['closed'])}" for each in merged]
    else:
        value["merge_commands"] = [group["suggested_action"] for group in groups]
    return Said(plain="\n".join(lines), value=value)


def _group(twins: care.Twins) -> dict[str, Any]:
    sources = [bead.id for bead in twins.beads if bead.id != twins.keep.id]
    return {
        "title": twins.title,
        "issues": [_twin(bead, twins) for bead in twins.beads],
        "suggested_target": twins.keep.id,
        "suggested_sources": sources,
        "suggested_action": f"bd close {' '.join(sources)} && bd dep add {sources[0]} {twins.keep.id} --type related",
        "note": f"Duplicate: {', '.join(sources)} of {twins.keep.id}",
    }


def _twin(bead: Bead, twins: care.Twins) -> dict[str, Any]:
    references, dependents, dependencies = twins.weights[bead.id]
    return {
        "id": bead.id,
        "title": bead.title,
        "status": bead.state,
        "priority": bead.priority,
        "references": references,
        "dependents": dependents,
        "dependencies": dependencies,
        "weight": references + dependents,
        "is_merge_target": bead.id == twins.keep.id,
    }


def _merge(hands: Hands, twins: care.Twins) -> dict[str, Any]:
    keep = twins.keep
    others = tuple(bead.id for bead in twins.beads if bead.id != keep.id)

    def rule(town: Town, bead: Bead) -> tuple[Entry, ...]:
        entries: list[Entry] = []
        for dependent, type_ in town.dependents(bead.id):
            other = town.find(dependent)
            if other is None or other.id == keep.id or other.is_closed:
                continue
            entries += edges.remove(town, other, bead.id)
            if edges.edge_between(other, keep.id) is None and not edges.cycle_path(town, other.id, keep.id):
                entries += edges.add(town, other, keep.id, type_ or "blocks")
        return (*entries, *rules.close(town, bead, reason=f"Duplicate of {keep.id}", force=True))

    acted = act_on(hands, others, rule, further=(keep.id,))
    return {"target": keep.id, "closed": [bead.id for bead in acted.beads]}


@verb("bd merge", group="beads", needs=Needs.NOTHING, compact_errors=True)
def merge(
    hands: Hands,
    sources: Annotated[
        tuple[str, ...],
        Arg(
            "Beads to close; or, for git's merge driver: result, ancestor, ours, theirs",
            metavar="ID",
            suggest=Suggest.BEAD,
        ),
    ],
    *,
    into: Annotated[str, Arg("The bead that stays", metavar="ID", suggest=Suggest.BEAD)] = "",
) -> Receipt:
    """Close beads as duplicates of one, and move what depends on them to it.

    Without --into and with four paths it merges three versions of a file of beads, as git's merge drivers do.
    """
    if not into:
        if len(sources) != 4:
            raise BadInput('required flag(s) "into" not set', hint="bd merge ID… --into ID")
        from gastown_tui.core.verbs.bd_conflicts import merge_driver

        return merge_driver(hands, *sources)
    town = hands.ledger.read()
    keep = one(hands, town, into)
    beads = [one(hands, town, each) for each in sources]
    if keep.id in {bead.id for bead in beads}:
        raise BadInput("cannot merge an issue into itself")
    weights = {bead.id: (0, 0, 0) for bead in (keep, *beads)}
    told = _merge(hands, care.Twins(title=keep.title, beads=(keep, *beads), keep=keep, weights=weights))
    return Said(plain=f"✓ Merged into {keep.id}: {', '.join(told['closed'])}", value=told)


@verb(
    "bd find-duplicates",
    group="beads",
    needs=Needs.LEDGER,
    mutates=False,
    aliases=("bd find-dups",),
    compact_errors=True,
)
def find_duplicates(
    hands: Hands,
    *,
    method: Annotated[str, Arg("How to compare", choices=("mechanical", "ai"))] = "mechanical",
    model: Annotated[str, Arg("Which model would compare", hidden=True)] = "",
    threshold: Annotated[float, Arg("How alike, 0 to 1")] = 0.5,
    status: Annotated[str, Arg("Only this status", flags=("--status", "-s"))] = "",
    limit: Annotated[int, Arg("At most so many", flags=("--limit", "-n"))] = 50,
) -> Receipt:
    """Find open beads that say nearly the same."""
    del model
    if method == "ai":
        raise GastownError(
            "find-duplicates --method ai needs a model over the network, and this program calls none",
            hint="--method mechanical compares words",
        )
    if not 0 < threshold <= 1:
        raise BadInput("--threshold must be above 0 and at most 1")
    beads = [b for b in beads_here(hands, hands.ledger.read()) if not status or b.state == status]
    found = care.alike(beads, threshold=threshold, limit=max(limit, 0))
    rows = [
        {
            "issue_a_id": each.one.id,
            "issue_b_id": each.other.id,
            "issue_a_title": each.one.title,
            "issue_b_title": each.other.title,
            "similarity": round(each.similarity, 4),
            "method": method,
        }
        for each in found
    ]
    value = {"count": len(rows), "method": method, "pairs": rows, "threshold": threshold}
    if not found:
        return Said(plain=f"No similar issues found (threshold: {threshold:.0%})", value=value)
    lines = [f"Found {len(found)} potential duplicate pair(s):", ""]
    for each in found:
        lines.append(f"{each.similarity:.0%}  {each.one.id}: {bead_text.title(each.one)}")
        lines += [f"     {each.other.id}: {bead_text.title(each.other)}", ""]
    return Said(plain="\n".join(lines), value=value)
