"""Wisps: passing work that leaves a digest or nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead, parent_of
from gastown_tui.core.model.times import moment
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import ending, molecules
from gastown_tui.core.rules.formula_vars import check_known, parse_values
from gastown_tui.core.rules.gates import parse_timeout
from gastown_tui.core.rules.molecules import Anatomy
from gastown_tui.core.rules.pouring import VAPOR, Pouring
from gastown_tui.core.verbs.bd_formula import Vars
from gastown_tui.core.verbs.bd_mol_pour import poured_out
from gastown_tui.core.verbs.beads import Said, act_on, ledgers_for, one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.verbs.molecule_names import ProtoName, proto_named
from gastown_tui.core.views import bead_json
from gastown_tui.core.views import molecules as shown

_OLD = timedelta(hours=24)
"""A wisp untouched for longer is marked."""


@verb(
    "bd wisp",
    group="molecules",
    needs=Needs.LEDGER,
    aliases=("bd mol wisp", "bd mol wisp create", "bd wisp create", "mol wisp"),
    compact_errors=True,
)
def wisp(
    hands: Hands,
    proto: ProtoName,
    *,
    var: Vars = (),
    assignee: Annotated[str, Arg("Whose wisp it is", flags=("--assignee", "-a"), suggest=Suggest.AGENT)] = "",
    full: Annotated[bool, Arg("Every step as a bead, too")] = False,
    root_only: Annotated[bool, Arg("The root alone, though the formula wants its steps as beads")] = False,
    dry_run: Annotated[bool, Arg("Only say what would be made", flags=("--dry-run", "-n"))] = False,
) -> Receipt:
    """Make a wisp of a proto or a formula: one passing bead with the steps written out in it.

    Squash it when it was worth telling of, burn it when it was not.
    """
    if full and root_only:
        raise BadInput("--full and --root-only exclude each other")
    town = hands.ledger.read()
    values = parse_values(var)
    found, remarks = proto_named(hands, town, proto, values)
    check_known(values, found)
    wish = Pouring(
        proto=found,
        given=values,
        ledger=hands.ledger.here,
        phase=VAPOR,
        with_steps=full or (found.pour and not root_only),
        assignee=assignee,
    )
    return poured_out(hands, wish, remarks=remarks, dry_run=dry_run)


def wisps(town: Town) -> list[Bead]:
    """Every wisp: passing beads that no other passing bead holds, newest change first."""
    found: list[Bead] = []
    for state in town.ledgers.values():
        for outline in state.beads.outlines():
            if outline.ephemeral and outline.status != "tombstone" and (bead := town.find(outline.id)) is not None:
                above = parent_of(bead)
                holder = None if above is None else town.find(above)
                if holder is None or not holder.ephemeral:
                    found.append(bead)
    return sorted(found, key=lambda bead: (bead.updated_at, bead.id), reverse=True)


@verb(
    "bd wisp list",
    group="molecules",
    needs=Needs.LEDGER,
    mutates=False,
    aliases=("bd mol wisp list",),
    compact_errors=True,
)
def list_(hands: Hands, *, all: Annotated[bool, Arg("Closed ones too", flags=("--all", "-a"))] = False) -> Receipt:
    """List wisps, those nobody touched for a day marked."""
    town, now = hands.ledger.read(), hands.clock.now()
    found = [bead for bead in wisps(town) if all or not bead.is_closed]
    old = {bead.id for bead in found if _is_untouched(bead, now - _OLD)}
    rows: list[dict[str, Any]] = [
        {
            "id": bead.id,
            "title": bead.title,
            "status": bead.state,
            "priority": bead.priority,
            "created_at": bead.created_at,
            "updated_at": bead.updated_at,
        }
        | ({"old": True} if bead.id in old else {})
        for bead in found
    ]
    lines = [shown.wisp_line(bead, now, is_old=bead.id in old) for bead in found]
    value: dict[str, Any] = {"wisps": rows, "count": len(rows)} | ({"old_count": len(old)} if old else {})
    return Said(plain="\n".join(lines) or "No wisps.", value=value)


def _is_untouched(bead: Bead, since: Any) -> bool:
    at = moment(bead.updated_at)
    return at is not None and at < since


@verb("bd wisp gc", group="molecules", needs=Needs.LEDGER, aliases=("bd mol wisp gc",), compact_errors=True)
def gc(
    hands: Hands,
    *,
    age: Annotated[str, Arg("Untouched for so long: 30m, 1h, 2d")] = "1h",
    all: Annotated[bool, Arg("Closed ones too", flags=("--all", "-a", "--closed"))] = False,
    force: Annotated[bool, Arg("Accepted", flags=("--force", "-f"), hidden=True)] = False,
    dry_run: Annotated[bool, Arg("Only list them", flags=("--dry-run", "-n"))] = False,
) -> Receipt:
    """Burn wisps that were left lying. One on a hook is never touched."""
    del force
    town = hands.ledger.read()
    since = hands.clock.now() - timedelta(microseconds=parse_timeout(age) // 1000)
    found = [bead for bead in wisps(town) if (all or not bead.is_closed) and _is_abandoned(town, bead, since)]
    ids = [bead.id for bead in found]
    if dry_run:
        lines = [shown.wisp_line(bead, hands.clock.now(), is_old=False) for bead in found]
        rows = {"cleaned_ids": ids, "cleaned_count": len(ids), "candidates": len(ids), "dry_run": True}
        return Said(plain="\n".join(lines) or "No abandoned wisps.", value=rows)
    if found:

        def decide(now: Town) -> tuple[Entry, ...]:
            there = [each for each in ids if now.find(each) is not None]
            return tuple(entry for each in there for entry in ending.burn(now, each).entries)

        hands.ledger.record(decide, actor=hands.actor, ledgers=ledgers_for(town, found))
    plain = f"✓ Cleaned {len(ids)} wisps" if ids else "No abandoned wisps."
    return Said(plain=plain, value={"cleaned_ids": ids, "cleaned_count": len(ids)})


def _is_abandoned(town: Town, bead: Bead, since: Any) -> bool:
    if not molecules.is_root(town, bead) and not Anatomy(town, bead).steps:
        return False
    everything = [bead, *Anatomy(town, bead).steps.values()]
    return all(_is_untouched(each, since) and town.holder(each.id) is None for each in everything)


@verb("bd promote", group="molecules", needs=Needs.LEDGER, compact_errors=True)
def promote(
    hands: Hands,
    id: Annotated[str, Arg("A wisp", metavar="ID", suggest=Suggest.BEAD)],
    *,
    reason: Annotated[str, Arg("Why it is worth keeping", flags=("--reason", "-r"))] = "",
) -> Receipt:
    """Keep a wisp: it becomes a bead like any other."""
    town = hands.ledger.read()
    bead = one(hands, town, id)
    if not bead.ephemeral:
        raise BadInput(f"{bead.id} is not a wisp (already persistent)")
    kept = [bead.id, *(each.id for each in Anatomy(town, bead).steps.values() if each.ephemeral)]

    def rule(now: Town, each: Bead) -> tuple[Entry, ...]:
        ledger = now.ledger_of(each.id)
        facts: list[e.Fact] = [e.BeadUpdated(bead_id=each.id, changes={"ephemeral": None, "wisp_type": None})]
        if reason and each.id == bead.id:
            facts.append(e.BeadCommented(bead_id=each.id, text=f"Promoted: {reason}", author=hands.actor))
        return tuple(Entry(fact, ledger) for fact in facts)

    acted = act_on(hands, tuple(kept), rule)
    return Said(plain=f"✓ Promoted {bead.id} to permanent bead", value=bead_json.issue(acted.beads[0]))
