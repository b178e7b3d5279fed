"""Beads and git's history: what commits name, and what a bead was at a commit."""

from __future__ import annotations

import re
from typing import Annotated

from gastown_tui.core.errors import NotFound, ToolFailed
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.bead_line import decode_bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.outside import RunOutcome
from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import beads as rules
from gastown_tui.core.verbs.beads import Said, act_on, beads_here
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, verb
from gastown_tui.core.views import bead_text

_GIT_TIMEOUT_S = 60.0


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
