"""Beads and git's history: what commits name, and texts shortened and read back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, NotFound, Refused, ToolFailed
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.bead_line import decode_bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.outside import RunOutcome
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import epoch_ns, stamp
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import beads as rules
from gastown_tui.core.verbs.beads import Said, act_on, beads_here, one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_json, bead_text

_GIT_TIMEOUT_S = 60.0
_TIERS = ((1, 30, 2), (2, 90, 5))
"""Tier, days closed, and how many levels of dependents must be closed too."""


@verb("bd orphans", group="beads", needs=Needs.LEDGER, compact_errors=True)
def orphans(
    hands: Hands,
    *,
    fix: Annotated[bool, Arg("Close them", flags=("--fix", "-f"))] = False,
    details: Annotated[bool, Arg("Show the commits")] = False,
) -> Receipt:
    """Find open beads that commits already name: done and never closed, perhaps."""
    town = hands.ledger.read()
    commits = _commits_naming(hands)
    found = sorted(
        (bead for bead in beads_here(hands, town) if bead.id in commits and not bead.is_closed), key=lambda b: b.id
    )
    rows = [
        {
            "issue_id": bead.id,
            "title": bead.title,
            "status": bead.state,
            "latest_commit": commits[bead.id][0],
            "latest_commit_message": commits[bead.id][1],
        }
        for bead in found
    ]
    if not found:
        return Said(plain="✓ No orphaned issues found", value=None)
    if fix:
        reason = "Named by a commit"
        act_on(
            hands, tuple(bead.id for bead in found), lambda now, each: rules.close(now, each, reason=reason, force=True)
        )
    lines = ["", f"⚠ Found {len(found)} orphaned issue(s):", ""]
    for number, bead in enumerate(found, 1):
        lines += [f"{number}. {bead.id}: {bead_text.title(bead)}", f"   Status: {bead.state}"]
        lines += [f"   Commit: {commits[bead.id][0]} {one_line(commits[bead.id][1], 80)}"] if details else []
    lines += ["", f"✓ Closed {len(found)} issue(s)"] if fix else []
    return Said(plain="\n".join(lines), value=rows)


def _commits_naming(hands: Hands) -> dict[BeadId, tuple[str, str]]:
    """The newest commit that names each id in brackets, as commit conventions have it."""
    lines = git_lines(hands, "git log --format='%h %s' -n 5000 2>/dev/null || true")
    found: dict[BeadId, tuple[str, str]] = {}
    for line in lines:
        commit, _, subject = line.partition(" ")
        for named in re.findall(r"\(([A-Za-z][\w.-]*-[\w.]+)\)", subject):
            found.setdefault(BeadId(named), (commit, subject))
    return found


def git_lines(hands: Hands, command: str, env: dict[str, str] | None = None) -> list[str]:
    """What a git command printed, run where the ledger lies; the command is fixed text, values go by environment."""
    lines: list[str] = []
    done = hands.commands.run(
        command, cwd=hands.ledger.home / hands.ledger.here, timeout_s=_GIT_TIMEOUT_S, env=env, on_line=lines.append
    )
    if done.outcome is not RunOutcome.PASS:
        raise ToolFailed(f"git failed: {one_line(done.tail, 200) or done.reason}", code=done.code, stderr=done.tail)
    return lines


def line_at_commit(hands: Hands, bead: Bead) -> Bead:
    """A bead as a commit had it.

    Raises:
        NotFound: the commit has no such bead.
    """
    command = 'git show "$BD_COMMIT:./.beads/issues.jsonl"'
    for line in git_lines(hands, command, {"BD_COMMIT": bead.compacted_at_commit or "HEAD"}):
        if f'"id":"{bead.id}"' in line:
            return decode_bead(line)
    raise NotFound(f"commit {bead.compacted_at_commit} has no bead {bead.id}")


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
) -> Receipt:
    """Shorten the text of beads closed long ago, to a summary somebody writes.

    The log keeps every word; `bd restore` reads the old text from git.
    """
    if not (stats or analyze or apply):
        raise BadInput("must specify one mode: --stats, --analyze or --apply")
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
    return _shorten(hands, bead, summary, tier)


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
