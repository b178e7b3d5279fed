"""Shortening the texts of beads closed long ago."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, GastownError, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.times import epoch_ns, stamp
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.bd_history import git_lines
from gastown_tui.core.verbs.beads import Said, act_on, beads_here, one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_json, bead_text

_TIERS = ((1, 30, 2), (2, 90, 5))
"""Tier, days closed, and how many levels of dependents must be closed too."""


@verb("bd compact", group="beads", needs=Needs.LEDGER, aliases=("bd admin compact",), compact_errors=True)
def compact(
    hands: Hands,
    *,
    stats: Annotated[bool, Arg("Count what could be shortened")] = False,
    analyze: Annotated[bool, Arg("List what could be shortened, with its text")] = False,
    apply: Annotated[bool, Arg("Put a summary in place of a bead's text")] = False,
    id: Annotated[str, Arg("Which bead", metavar="ID", suggest=Suggest.BEAD)] = "",
    summary: Annotated[str, Arg("The summary, or - for standard input", long_text=True)] = "",
    tier: Annotated[int, Arg("1: closed for 30 days; 2: for 90")] = 1,
    force: Annotated[bool, Arg("Whatever its age")] = False,
    limit: Annotated[int, Arg("At most so many; 0: all")] = 0,
    older_than: Annotated[int, Arg("Only what was closed so many days ago", metavar="DAYS")] = 0,
    dry_run: Annotated[bool, Arg("With --apply: only say what would be saved")] = False,
    auto: Annotated[bool, Arg("Let a model write the summaries: there is none here", hidden=True)] = False,
    prune: Annotated[bool, Arg("Forget tombstones that ran out: here they never do", hidden=True)] = False,
    purge_tombstones: Annotated[bool, Arg("Forget tombstones: here they stay", hidden=True)] = False,
    dolt: Annotated[bool, Arg("Accepted to be refused: there is no such backend", hidden=True)] = False,
    all: Annotated[bool, Arg("Accepted", hidden=True)] = False,
    batch_size: Annotated[int, Arg("Accepted", hidden=True)] = 10,
    workers: Annotated[int, Arg("Accepted", hidden=True)] = 5,
) -> Receipt:
    """Shorten the text of beads closed long ago, to a summary somebody writes.

    The log keeps every word; `bd restore` reads the old text from git.
    """
    del all, batch_size, workers
    if auto or dolt:
        what = "a model over the network" if auto else "the Dolt backend"
        raise GastownError(f"compact {'--auto' if auto else '--dolt'} needs {what}", hint="--analyze, then --apply")
    if prune or purge_tombstones:
        kept = sum(1 for bead in beads_here(hands, hands.ledger.read()) if bead.status == "tombstone")
        said = f"Nothing pruned: {kept} tombstones stay, so that what was deleted stays deleted in every clone"
        return Said(plain=said, value={"pruned_count": 0, "tombstones": kept})
    if not (stats or analyze or apply):
        raise BadInput("must specify one mode: --prune, --purge-tombstones, --analyze, --apply, or --auto")
    town = hands.ledger.read()
    beads = beads_here(hands, town)
    if stats:
        tiers = {f"tier{number}": _candidates(hands, town, beads, number) for number, _, _ in _TIERS}
        value = {
            name: {"candidates": len(found), "total_size": sum(map(_size, found))} for name, found in tiers.items()
        }
        lines = [
            f"{name}: {told['candidates']} candidates, {told['total_size']} characters" for name, told in value.items()
        ]
        return Said(plain="\n".join(lines), value=value)
    if analyze:
        found = [one(hands, town, id)] if id else _candidates(hands, town, beads, tier)
        found = [bead for bead in found if _closed_before(hands, bead, older_than)]
        found = found[:limit] if limit > 0 else found
        rows = [bead_json.issue(bead) | {"size": _size(bead)} for bead in found]
        return Said(
            plain="\n".join(f"{bead.id}: {bead_text.title(bead)} ({_size(bead)})" for bead in found), value=rows
        )
    if not id or not summary:
        raise BadInput("--apply needs --id and --summary")
    bead = one(hands, town, id)
    if bead.state != "closed" or not (force or bead in _candidates(hands, town, beads, tier)):
        raise Refused(f"{bead.id} is not closed long enough to compact", hint="--force compacts any closed bead")
    if dry_run:
        saved = _size(bead) - len(summary)
        told = {"dry_run": True, "id": bead.id, "original_size": _size(bead), "saved": saved}
        return Said(plain=f"Would compact {bead.id}: {saved} characters saved", value=told)
    return _shorten(hands, bead, summary, tier)


def _closed_before(hands: Hands, bead: Bead, days: int) -> bool:
    limit = epoch_ns(stamp(hands.clock.now() - timedelta(days=max(days, 0)))) or 0
    return not days or (epoch_ns(bead.closed_at) or limit + 1) <= limit


def _size(bead: Bead) -> int:
    return sum(len(text or "") for text in (bead.description, bead.design, bead.notes, bead.acceptance_criteria))


def _candidates(hands: Hands, town: Town, beads: list[Bead], tier: int) -> list[Bead]:
    number, days, levels = next((each for each in _TIERS if each[0] == tier), (0, 0, 0))
    if not number:
        raise BadInput("--tier must be 1 or 2")
    limit = epoch_ns(stamp(hands.clock.now() - timedelta(days=days))) or 0
    return [
        bead
        for bead in beads
        if bead.state == "closed"
        and (bead.compaction_level or 0) < number
        and _size(bead)
        and (at := epoch_ns(bead.closed_at)) is not None
        and at <= limit
        and not _has_open_dependents(town, bead, levels)
    ]


def _has_open_dependents(town: Town, bead: Bead, levels: int) -> bool:
    front, seen = {bead.id}, {bead.id}
    for _ in range(levels):
        front = {other for each in front for other, _ in town.dependents(each)} - seen
        if any((other := town.find(each)) is not None and not other.is_closed for each in front):
            return True
        seen |= front
    return False


def _shorten(hands: Hands, bead: Bead, summary: str, tier: int) -> Said:
    commits = git_lines(hands, "git rev-parse HEAD 2>/dev/null || true")
    changes: dict[str, Any] = {
        "description": summary,
        "design": None,
        "notes": None,
        "acceptance_criteria": None,
        "compaction_level": tier,
        "compacted_at": stamp(hands.clock.now()),
        "compacted_at_commit": commits[0] if commits else None,
        "original_size": _size(bead),
    }
    acted = act_on(
        hands,
        (bead.id,),
        lambda town, each: (Entry(e.BeadUpdated(bead_id=each.id, changes=changes), town.ledger_of(each.id)),),
    )
    saved = _size(bead) - len(summary)
    value = {
        "success": True,
        "id": bead.id,
        "original_size": _size(bead),
        "compacted_size": len(summary),
        "saved": saved,
    }
    return Said(plain=f"✓ Compacted {acted.beads[0].id}: {saved} characters saved", value=value)
