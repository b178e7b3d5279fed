"""How far molecules are, what of them can be begun, and which were left open."""

from __future__ import annotations

from typing import Annotated, Any

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import molecules
from gastown_tui.core.rules.formula_vars import check_known, parse_values
from gastown_tui.core.rules.molecules import Anatomy
from gastown_tui.core.verbs.bd_formula import Vars
from gastown_tui.core.verbs.beads import Said
from gastown_tui.core.verbs.cookbook import Cookbook
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.verbs.molecule_names import OptionalMolecule, at_work, molecule, roots_here
from gastown_tui.core.views import bead_json
from gastown_tui.core.views import molecules as shown


@verb(
    "bd mol progress",
    group="molecules",
    needs=Needs.LEDGER,
    mutates=False,
    aliases=("mol progress",),
    compact_errors=True,
)
def progress(hands: Hands, id: OptionalMolecule = "") -> Receipt:
    """Say how far a molecule is, how fast it goes, and how long the rest would take."""
    town = hands.ledger.read()
    roots = [molecule(hands, town, id)] if id else at_work(hands, town, "")
    if not roots:
        return Said(plain="No molecules in progress.", value=[])
    lines: list[str] = []
    values: list[dict[str, Any]] = []
    for root in roots:
        anatomy = Anatomy(town, root)
        found = molecules.progress(town, anatomy)
        record: dict[str, Any] = {
            "molecule_id": root.id,
            "molecule_title": root.title,
            "total": found.total,
            "completed": found.completed,
            "in_progress": found.in_progress,
            "current_step_id": found.current or "",
            "percent": round(100 * found.completed / found.total, 1) if found.total else 0.0,
        }
        pace = shown.pace(anatomy.leaves)
        if pace is not None:
            record |= {"rate_per_hour": round(pace[0], 2), "eta_hours": round(pace[1], 2)}
        values.append(record)
        lines.append(f"{root.id} {one_line(root.title)}")
        lines.append(f"  {shown.bar(found.completed, found.total)} {found.completed}/{found.total}")
        lines += [f"  at {found.current}"] if found.current else []
        lines += [f"  {pace[0]:.1f} steps an hour, {pace[1]:.1f} hours to go"] if pace and pace[1] else []
    return Said(plain="\n".join(lines), value=values[0] if id else values)


@verb(
    "bd mol ready",
    group="molecules",
    needs=Needs.LEDGER,
    mutates=False,
    aliases=("mol ready",),
    compact_errors=True,
)
def ready(
    hands: Hands,
    id: OptionalMolecule = "",
    *,
    gated: Annotated[bool, Arg("Only molecules whose gate has opened and that nobody has on the hook")] = False,
) -> Receipt:
    """List the steps that may be begun now, molecule by molecule."""
    town = hands.ledger.read()
    roots = [molecule(hands, town, id)] if id else [root for root in roots_here(hands, town) if not root.is_closed]
    if gated:
        rows = [row for root in roots if (row := _gated(town, root)) is not None]
        lines = [f"  {row['molecule_id']}: {row['ready_step']['id']} after {row['closed_gate']['id']}" for row in rows]
        return Said(
            plain="\n".join(lines) or "No gated molecules are ready.", value={"molecules": rows, "count": len(rows)}
        )
    rows = []
    lines = []
    for root in roots:
        steps = molecules.next_steps(town, root)
        if steps:
            found = [bead_json.issue(step) for step in steps]
            rows.append({"molecule_id": root.id, "molecule_title": root.title, "ready_steps": found})
            lines.append(f"{root.id} {one_line(root.title)}")
            lines += [f"  ○ {step.id}  {one_line(step.title)}" for step in steps]
    return Said(plain="\n".join(lines) or "No step is ready.", value={"molecules": rows, "count": len(rows)})


def _gated(town: Town, root: Bead) -> dict[str, Any] | None:
    held = next((hook for hook in town.hooks().values() if hook.bead_id in {root.id, *_hosts(root)}), None)
    if held is not None:
        return None
    for step in molecules.next_steps(town, root):
        for edge in step.needs:
            gate = town.find(edge.depends_on_id)
            if gate is not None and gate.kind == "gate" and gate.is_closed:
                return {
                    "molecule_id": root.id,
                    "molecule_title": root.title,
                    "closed_gate": bead_json.issue(gate),
                    "ready_step": bead_json.issue(step),
                }
    return None


def _hosts(root: Bead) -> list[str]:
    return [edge.depends_on_id for edge in root.needs if edge.type == "parent-child"]


@verb(
    "bd mol stale",
    group="molecules",
    needs=Needs.LEDGER,
    mutates=False,
    aliases=("mol stale",),
    compact_errors=True,
)
def stale(
    hands: Hands,
    *,
    blocking: Annotated[bool, Arg("Only those something waits for")] = False,
    unassigned: Annotated[bool, Arg("Only those that are nobody's")] = False,
    all: Annotated[bool, Arg("Those without any step too")] = False,
) -> Receipt:
    """List molecules whose steps are all done and that are still open."""
    town = hands.ledger.read()
    rows: list[dict[str, Any]] = []
    for root in roots_here(hands, town):
        card = shown.card(town, root)
        is_empty = all and not card.total and not root.is_closed and not root.ephemeral
        if not (card.is_stale or is_empty) or (unassigned and root.assignee):
            continue
        waiting = [each for each, type_ in town.dependents(root.id) if type_ == "blocks" and _is_open(town, each)]
        if waiting or not blocking:
            record = {
                "id": root.id,
                "title": root.title,
                "total_children": card.total,
                "closed_children": card.completed,
            }
            rows.append(
                record | {"assignee": root.assignee or "", "blocking_issues": waiting, "blocking_count": len(waiting)}
            )
    count = sum(bool(row["blocking_count"]) for row in rows)
    lines = [f"  {row['id']}  {one_line(row['title'])}  bd close {row['id']}" for row in rows]
    value = {"stale_molecules": rows, "total_count": len(rows), "blocking_count": count}
    return Said(plain="\n".join(lines) or "No stale molecules.", value=value)


def _is_open(town: Town, bead_id: str) -> bool:
    bead = town.find(bead_id)
    return bead is not None and not bead.is_closed


@verb("bd mol last-activity", group="molecules", needs=Needs.LEDGER, mutates=False, hidden=True, compact_errors=True)
def last_activity(hands: Hands, id: OptionalMolecule = "") -> Receipt:
    """Say when something last happened in a molecule."""
    town = hands.ledger.read()
    root = molecule(hands, town, id)
    beads = [root, *Anatomy(town, root).steps.values()]
    last = max(beads, key=lambda bead: bead.updated_at)
    at = moment(last.updated_at)
    age = age_text(hands.clock.now() - at) if at else "-"
    value = {"molecule_id": root.id, "last_activity": last.updated_at, "source": last.id}
    return Said(plain=f"{root.id}: {age} ago, {last.id} {one_line(last.title)}", value=value)


@verb("bd mol seed", group="molecules", needs=Needs.LEDGER, mutates=False, hidden=True, compact_errors=True)
def seed(
    hands: Hands,
    name: Annotated[str, Arg("A formula", suggest=Suggest.FORMULA)] = "",
    *,
    patrol: Annotated[bool, Arg("Every patrol's formula")] = False,
    var: Vars = (),
) -> Receipt:
    """Check that formulas are there and cook."""
    book = Cookbook(hands)
    names = [page.name for page in book.every() if page.name.endswith("-patrol")] if patrol or not name else [name]
    values = parse_values(var)
    protos = [book.cooked(book.find(each), values) for each in names]
    check_known(values, *protos)
    rows = [{"formula": each, "status": "ok"} for each in names]
    plain = "\n".join(f"✓ {each}" for each in names)
    return Said(plain=plain, value=rows[0] if name and not patrol else rows)


@verb("mol step done", group="molecules", needs=Needs.LEDGER, hidden=True)
def step_done(hands: Hands, id: Annotated[str, Arg("The step", metavar="ID", suggest=Suggest.BEAD)]) -> Receipt:
    """Close a step and begin the next; another word for bd close --continue."""
    from gastown_tui.core.verbs.bd_close import close

    return close(hands, (id,), continue_=True)
