"""Epics and how far they are; swarms: epics worked on by many at once."""

from __future__ import annotations

from typing import Annotated, Any

from gastown_tui.core.errors import BadInput, Conflict, NotFound
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import beads as rules
from gastown_tui.core.rules import swarms
from gastown_tui.core.rules.edges import WantedEdge
from gastown_tui.core.rules.queries import EpicProgress, epics
from gastown_tui.core.verbs.beads import Said, act_on, beads_here, one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_json, bead_text

_CONFLICT = 5
Epic = Annotated[str, Arg("An epic", metavar="ID", suggest=Suggest.BEAD)]


@verb("bd epic status", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def epic_status(
    hands: Hands, *, eligible_only: Annotated[bool, Arg("Only those whose children are all closed")] = False
) -> Receipt:
    """Show how far each open epic is."""
    town = hands.ledger.read()
    found = [each for each in epics(town, beads_here(hands, town)) if each.is_eligible or not eligible_only]
    if not found:
        return Said(plain="No open epics found", value=[])
    lines: list[str] = []
    for each in found:
        share = each.closed * 100 // each.total if each.total else 0
        lines.append(f"{'✓' if each.is_eligible else '○'} {each.epic.id} {bead_text.title(each.epic)}")
        lines.append(f"   Progress: {each.closed}/{each.total} children closed ({share}%)")
        lines += ["   Eligible for closure"] if each.is_eligible else []
        lines.append("")
    return Said(plain="\n".join(lines), value=[bead_json.epic_status(each) for each in found])


@verb("bd epic close-eligible", group="beads", needs=Needs.LEDGER, compact_errors=True)
def close_eligible(hands: Hands, *, dry_run: Annotated[bool, Arg("Only say which")] = False) -> Receipt:
    """Close the epics whose children are all closed."""
    town = hands.ledger.read()
    found: list[EpicProgress] = [each for each in epics(town, beads_here(hands, town)) if each.is_eligible]
    if not found:
        return Said(plain="No epics eligible for closure", value=[])
    if dry_run:
        lines = [f"Would close {len(found)} epic(s):"]
        lines += [f"  - {each.epic.id}: {bead_text.title(each.epic)}" for each in found]
        return Said(plain="\n".join(lines), value=[bead_json.epic_status(each) for each in found])

    def rule(now: Town, bead: Bead) -> tuple[Entry, ...]:
        if any(not child.is_closed for child in rules.children(now, bead.id)):
            raise Conflict(f"{bead.id} got an open child meanwhile")
        return rules.close(now, bead, reason="All children completed", force=True)

    acted = act_on(hands, tuple(each.epic.id for each in found), rule)
    ids = [bead.id for bead in acted.beads]
    return Said(
        plain="\n".join([f"✓ Closed {len(ids)} epic(s)", *(f"  - {each}" for each in ids)]),
        value={"closed": ids, "count": len(ids)},
        complaints=acted.complaints,
    )


# ---------------------------------------------------------------------------------------------- swarms


@verb("bd swarm validate", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def swarm_validate(hands: Hands, epic: Epic, *, verbose: Annotated[bool, Arg("Name every bead")] = False) -> Receipt:
    """See whether an epic can be worked on by many: in which waves, by how many at once."""
    town = hands.ledger.read()
    analysis = swarms.analyse(town, _epic(hands, town, epic))
    value = analysis.told(verbose=verbose)
    lines = ["", f"🐝 Swarm Analysis: {bead_text.title(analysis.epic)}", f"   Epic ID: {analysis.epic.id}"]
    lines.append(f"   Total issues: {len(analysis.steps)} ({analysis.closed} closed)")
    for number, wave in enumerate(analysis.waves, 1):
        lines.append(f"   Wave {number}: {len(wave)} issue(s)")
        lines += [f"      • {bead.id}: {bead_text.title(bead)}" for bead in wave]
    lines.append(f"   Max parallelism: {analysis.widest}")
    lines += [f"   ⚠ {each}" for each in analysis.warnings] + [f"   ✗ {each}" for each in analysis.errors]
    verdict = "✗ Swarmable: NO (fix errors first)" if analysis.errors else "✓ Swarmable: YES"
    return Said(plain="\n".join([*lines, "", verdict]), value=value)


@verb("bd swarm status", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def swarm_status(hands: Hands, epic: Annotated[str, Arg("An epic or a swarm", metavar="ID")]) -> Receipt:
    """Show what of an epic is done, moving, ready and blocked."""
    town = hands.ledger.read()
    progress = swarms.progress(town, swarms.epic_of(town, one(hands, town, epic)))
    lines = ["", f"🐝 Swarm Status: {bead_text.title(progress.epic)}", f"   Progress: {progress.percent:.0f}%"]
    for name, beads in progress.groups.items():
        lines += ["", f"{name.capitalize()} ({len(beads)}):"]
        lines += [f"  {bead_text.icon(bead)} {bead.id}: {bead_text.title(bead)}" for bead in beads]
    return Said(plain="\n".join(lines), value=progress.told(town))


@verb("bd swarm create", group="beads", needs=Needs.LEDGER, compact_errors=True)
def swarm_create(
    hands: Hands,
    epic: Epic,
    *,
    coordinator: Annotated[str, Arg("Who keeps an eye on it", suggest=Suggest.AGENT)] = "",
    force: Annotated[bool, Arg("Even when there is one already")] = False,
) -> Receipt:
    """Make a swarm of an epic: a molecule that stands for many working on it."""
    town = hands.ledger.read()
    bead = _epic(hands, town, epic)
    analysis = swarms.analyse(town, bead)
    if analysis.errors:
        raise BadInput(f"{bead.id} cannot be swarmed: {analysis.errors[0]}", hint=f"bd swarm validate {bead.id}")
    existing = swarms.swarm_of(town, bead)
    if existing is not None and not force:
        said = f"swarm already exists: {existing.id} {bead_text.title(existing)}"
        told = {"error": "swarm already exists", "existing_id": existing.id, "existing_title": existing.title}
        return Said(value=told, complaints=(f"Error: {said}", "Hint: --force makes another"), exit_code=_CONFLICT)
    nonce = hands.mint.nonce()
    made: list[str] = []

    def decide(now: Town) -> tuple[Entry, ...]:
        wanted = rules.NewBead(
            title=f"Swarm: {bead.title}"[:200],
            kind="molecule",
            priority=bead.priority,
            assignee=coordinator,
            edges=(WantedEdge(bead.id, "relates-to"),),
            fields={"mol_type": "swarm"},
        )
        swarm_id, entries = rules.create(now, now.ledger_of(bead.id), wanted, actor=hands.actor, nonce=nonce)
        made[:] = [swarm_id]
        return entries

    hands.ledger.record(decide, actor=hands.actor, ledgers=(town.ledger_of(bead.id),))
    value: dict[str, Any] = {
        "swarm_id": made[0],
        "epic_id": bead.id,
        "coordinator": coordinator,
        "analysis": analysis.told(verbose=False),
    }
    return Said(plain=f"✓ Created swarm: {made[0]}\n  Epic: {bead.id} ({bead_text.title(bead)})", value=value)


@verb("bd swarm list", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def swarm_list(hands: Hands) -> Receipt:
    """List swarms and how far they are."""
    town = hands.ledger.read()
    found = [b for b in beads_here(hands, town) if b.mol_type == "swarm" and b.kind == "molecule" and not b.is_closed]
    if not found:
        return Said(plain="No swarm molecules found.", value={"swarms": []})
    rows: list[dict[str, Any]] = []
    for bead in sorted(found, key=lambda each: each.id):
        progress = swarms.progress(town, swarms.epic_of(town, bead))
        rows.append(
            {
                "id": bead.id,
                "title": bead.title,
                "epic_id": progress.epic.id,
                "epic_title": progress.epic.title,
                "status": bead.state,
                "coordinator": bead.assignee or "",
                "total_issues": progress.total,
                "completed_issues": len(progress.groups["completed"]),
                "active_issues": len(progress.groups["active"]),
                "progress_percent": progress.percent,
            }
        )
    lines = ["", f"🐝 Swarms ({len(rows)}):", ""]
    lines += [f"  {row['id']}: {row['epic_title']} [{row['completed_issues']}/{row['total_issues']}]" for row in rows]
    return Said(plain="\n".join(lines), value={"swarms": rows})


def _epic(hands: Hands, town: Town, text: str) -> Bead:
    try:
        bead = one(hands, town, text)
    except NotFound as error:
        raise NotFound(f"epic '{text[:80]}' not found: {error.message}") from error
    if bead.kind not in {"epic", "molecule"}:
        raise BadInput(f"'{bead.id}' is not an epic or molecule (type: {bead.kind})")
    return bead
