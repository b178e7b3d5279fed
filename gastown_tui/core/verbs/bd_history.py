"""Beads and git's history: what commits name, and what a bead was at a commit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from gastown_tui.core.errors import BadInput, NotFound, ToolFailed
from gastown_tui.core.fold import fold
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.bead_line import decode_bead
from gastown_tui.core.model.ids import BeadId, shown
from gastown_tui.core.model.outside import RunOutcome
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import epoch_ns
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import beads as rules
from gastown_tui.core.rules.typed_times import parse_time
from gastown_tui.core.verbs.beads import Said, act_on, beads_here, local_now
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
    """A compacted bead as the commit before had it.

    Raises:
        NotFound: the commit has no such bead.
    """
    return _at_commit(hands, [bead.id], bead.compacted_at_commit or "HEAD")[0]


def as_they_were(hands: Hands, ids: Sequence[BeadId], when: str) -> list[Bead]:
    """Beads as the log had them at a time, or a commit of git in the ledger's file.

    Raises:
        BadInput: it is neither a time nor a commit.
        NotFound: a bead was not filed yet.
    """
    try:
        limit = epoch_ns(parse_time(when, local_now(hands))) or 0
    except BadInput:
        return _at_commit(hands, ids, when)
    events = hands.ledger.history(hands.ledger.here)
    beads = fold([each for each in events if (epoch_ns(each.timestamp) or 0) <= limit]).beads
    missing = [each for each in ids if beads.get(each) is None]
    if missing:
        said = f"{missing[0]} was not there yet at {one_line(when, 60)}"
        raise NotFound(said, hint="bd events replay ID tells its story")
    return [bead for each in ids if (bead := beads.get(each)) is not None]


def _at_commit(hands: Hands, ids: Sequence[BeadId], commit: str) -> list[Bead]:
    if commit.startswith("-") or not commit.isprintable():
        raise BadInput(f"{shown(commit)} is neither a time nor a commit")
    try:
        lines = git_lines(hands, 'git show "$BD_COMMIT:./.beads/issues.jsonl"', {"BD_COMMIT": commit})
    except ToolFailed as error:
        raise BadInput(f"{shown(commit)} is neither a time nor a commit that holds this ledger") from error
    found = {bead.id: bead for line in lines if line.startswith("{") and (bead := decode_bead(line)).id in ids}
    for each in ids:
        if each not in found:
            raise NotFound(f"commit {one_line(commit, 60)} has no bead {each}")
    return [found[each] for each in ids]
