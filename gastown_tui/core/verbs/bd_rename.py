"""Beads under other ids and in other ledgers."""

from __future__ import annotations

import re
from typing import Annotated, Any

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, NotFound, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import BeadId, natural, parse_bead_id
from gastown_tui.core.model.times import stamp
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import renaming
from gastown_tui.core.rules.bead_ids import fresh_id, prefix_of_ledger
from gastown_tui.core.verbs.beads import Said, beads_here, config, ledgers_for, one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb

_PREFIX = re.compile(r"[a-z][a-z0-9-]*")


@verb("bd rename", group="beads", needs=Needs.LEDGER, compact_errors=True)
def rename(
    hands: Hands,
    old: Annotated[str, Arg("A bead", metavar="ID", suggest=Suggest.BEAD)],
    new: Annotated[str, Arg("Its new id", metavar="NEW-ID")],
) -> Receipt:
    """Give a bead another id; what points at it follows."""
    if old == new:
        raise BadInput("old and new IDs are the same")
    if "-" not in new:
        raise BadInput(f'invalid new ID format "{new[:60]}": must be prefix-suffix (e.g., bd-dolt)')
    new_id = parse_bead_id(new)
    town = hands.ledger.read()
    bead = town.find(old)
    if bead is None:
        raise NotFound(f"issue {old[:80]} not found")
    _rename_all(hands, town, {bead.id: new_id})
    return Said(plain=f"Renamed {bead.id} -> {new_id}", value={"old_id": bead.id, "new_id": new_id})


@verb("bd rename-prefix", group="beads", needs=Needs.LEDGER, compact_errors=True)
def rename_prefix(
    hands: Hands,
    prefix: Annotated[str, Arg("The new prefix")],
    *,
    dry_run: Annotated[bool, Arg("Only say what would be renamed")] = False,
    repair: Annotated[bool, Arg("Also ids with other prefixes")] = False,
) -> Receipt:
    """Give every bead of the ledger another prefix."""
    new = prefix.rstrip("-")
    if not new:
        raise BadInput("prefix cannot be empty")
    if not _PREFIX.fullmatch(new) or len(new) > 20:
        raise BadInput(
            "prefix must start with a lowercase letter and contain only lowercase letters, numbers, and hyphens: "
            f"{prefix[:60]}"
        )
    town = hands.ledger.read()
    if town.is_town:
        raise Refused("a town's prefixes are its rigs' routes and cannot be renamed", hint="add a rig with --prefix")
    state = town.ledgers[hands.ledger.here]
    old = config(hands).get("issue-prefix") or prefix_of_ledger(state)
    if old == new:
        raise BadInput(f"new prefix is the same as current prefix: {new}")
    living = [bead for bead in beads_here(hands, town) if bead.status != "tombstone"]
    foreign = [bead for bead in living if not bead.id.startswith(f"{old}-")]
    if foreign and not repair:
        raise BadInput("cannot rename with multiple prefixes. Use --repair to consolidate.")
    names = {bead.id: renaming.renamed_in(bead, old, new) for bead in living if bead not in foreign}
    names |= {bead.id: BeadId(f"{new}-{bead.id.rpartition('-')[2]}") for bead in foreign}
    if len(set(names.values())) < len(names):
        raise BadInput("two beads would get the same id", hint="bd rename one of them first")
    value = {"issues_count": len(names), "new_prefix": new, "old_prefix": old}
    lines = [f"Renaming {len(names)} issues from prefix '{old}' to '{new}'..."]
    if dry_run:
        shown = sorted(names.items(), key=lambda pair: natural(pair[0]))[:20]
        return Said(plain="\n".join([*lines, *(f"  {a} -> {b}" for a, b in shown)]), value=value)
    _rename_all(hands, town, names, Entry(e.LedgerCreated(prefix=new), hands.ledger.here))
    from gastown_tui.core.verbs.bd_setup import write_setting

    write_setting(hands, "issue-prefix", new)
    lines.append(f"✓ Successfully renamed prefix from {old} to {new}")
    return Said(plain="\n".join(lines), value=value)


def _rename_all(hands: Hands, town: Town, names: dict[BeadId, BeadId], *further: Entry) -> None:
    now = stamp(hands.clock.now())
    touched = [*names, *(other for each in names for other, _ in town.dependents(each) if town.find(other))]
    hands.ledger.record(
        lambda current: (*further, *renaming.rename(current, names, now=now)),
        actor=hands.actor,
        ledgers=ledgers_for(town, touched),
    )


@verb("bd move", group="beads", needs=Needs.LEDGER, compact_errors=True)
def move(
    hands: Hands,
    id: Annotated[str, Arg("A bead", metavar="ID", suggest=Suggest.BEAD)],
    *,
    to: Annotated[str, Arg("The rig or prefix it goes to", suggest=Suggest.RIG)] = "",
    keep_open: Annotated[bool, Arg("Leave the old one open")] = False,
    skip_deps: Annotated[bool, Arg("Accepted", hidden=True)] = False,
) -> Receipt:
    """Move a bead to another ledger of the town; it gets a new id there."""
    del skip_deps
    if not to:
        raise BadInput("--to flag is required. Specify target rig (e.g., --to beads, --to gt-)")
    source, target, remapped = _moved(hands, id, to, keep_open=keep_open)
    value: dict[str, Any] = {"source": source, "target": target, "closed": not keep_open}
    return Said(plain=f"✓ Moved {source} → {target}", value=value | {"deps_remapped": remapped})


@verb("bd refile", group="beads", needs=Needs.LEDGER, compact_errors=True)
def refile(
    hands: Hands,
    id: Annotated[str, Arg("A bead", metavar="ID", suggest=Suggest.BEAD)],
    rig: Annotated[str, Arg("The rig it goes to", suggest=Suggest.RIG)],
    *,
    keep_open: Annotated[bool, Arg("Leave the old one open")] = False,
) -> Receipt:
    """Move a bead to another rig; it gets a new id there."""
    source, target, _ = _moved(hands, id, rig, keep_open=keep_open)
    return Said(
        plain=f"✓ Refiled {source} → {target}", value={"source": source, "target": target, "closed": not keep_open}
    )


def _moved(hands: Hands, text: str, to: str, *, keep_open: bool) -> tuple[BeadId, BeadId, int]:
    town = hands.ledger.read()
    if not town.is_town:
        raise NotFound("cannot move: no routes.jsonl found in any parent .beads directory", hint="this is no town")
    try:
        bead = one(hands, town, text)
    except NotFound as error:
        raise NotFound(f"source issue {text[:80]} not found") from error
    routes = town.prefixes()
    ledger = to if to in town.ledgers else routes.get(to.rstrip("-"))
    if ledger is None:
        raise NotFound(
            f"this town has no rig or prefix '{to[:60]}'", hint=f"prefixes here: {', '.join(sorted(routes))}"
        )
    nonce, now = hands.mint.nonce(), stamp(hands.clock.now())
    made: list[BeadId] = []

    def decide(current: Town) -> tuple[Entry, ...]:
        state = current.ledgers[ledger]
        new = fresh_id(state, prefix_of_ledger(state), (bead.id, bead.title), nonce)
        made[:] = [new]
        return renaming.move(current, current.bead(bead.id), new, ledger, now=now, keep_open=keep_open)

    pointing = [other for other, _ in town.dependents(bead.id) if town.find(other) is not None]
    ledgers = dict.fromkeys((*ledgers_for(town, [bead.id, *pointing]), ledger))
    hands.ledger.record(decide, actor=hands.actor, ledgers=tuple(ledgers))
    return bead.id, made[0], len(pointing)
