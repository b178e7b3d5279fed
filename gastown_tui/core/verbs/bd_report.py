"""Reports over all beads: statistics, the forgotten, and questions in the query language."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from gastown_tui.core.errors import BadInput
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import epoch_ns, stamp
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.queries import epics, ordered, stale
from gastown_tui.core.rules.readiness import Standing, is_free
from gastown_tui.core.verbs.bead_filters import LIMIT, Reverse, Sort, limit_of
from gastown_tui.core.verbs.beads import Said, beads_here, generation, local_now
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, verb
from gastown_tui.core.views import bead_json, bead_text

_STALE_STATUSES = ("open", "in_progress", "blocked", "deferred")
_DAY_NS = 86_400 * 1_000_000_000
_HOUR_NS = 3_600 * 1_000_000_000


@verb("bd status", group="beads", needs=Needs.LEDGER, mutates=False, aliases=("bd stats",), compact_errors=True)
def status(
    hands: Hands,
    *,
    assigned: Annotated[bool, Arg("Only your own")] = False,
    no_activity: Annotated[bool, Arg("Leave out the last day")] = False,
    all: Annotated[bool, Arg("Accepted", hidden=True)] = False,
) -> Receipt:
    """Count what there is: by status, ready, blocked, and what happened in the last day."""
    del all
    town = hands.ledger.read()
    beads = beads_here(hands, town)
    if assigned:
        beads = [bead for bead in beads if bead.assignee == hands.actor]
    summary = _summary(hands, town, beads)
    value: dict[str, Any] = {"summary": summary}
    if not no_activity:
        value["recent_activity"] = _activity(hands, beads)
    return Said(plain=_statistics(summary, value.get("recent_activity")), value=value)


def _summary(hands: Hands, town: Town, beads: list[Bead]) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for bead in beads:
        counts[bead.state] = counts.get(bead.state, 0) + 1
    every = [each for state in town.ledgers.values() for each in state.beads.all()]
    standing = Standing(every, compat=generation(hands))
    now = hands.clock.now()
    blocked = [bead for bead in beads if not bead.is_closed and not bead.pinned and standing.blockers(bead)]
    ready = [bead for bead in beads if is_free(bead, standing, now)]
    spans = [
        closed - created
        for bead in beads
        if bead.state == "closed"
        and (closed := epoch_ns(bead.closed_at)) is not None
        and (created := epoch_ns(bead.created_at)) is not None
    ]
    return {
        "total_issues": len(beads) - counts.get("tombstone", 0),
        "open_issues": counts.get("open", 0),
        "in_progress_issues": counts.get("in_progress", 0),
        "closed_issues": counts.get("closed", 0),
        "blocked_issues": len(blocked),
        "deferred_issues": counts.get("deferred", 0),
        "ready_issues": len(ready),
        "tombstone_issues": counts.get("tombstone", 0),
        "pinned_issues": sum(1 for bead in beads if bead.pinned or bead.state == "pinned"),
        "epics_eligible_for_closure": sum(each.is_eligible for each in epics(town, beads)),
        "average_lead_time_hours": float(sum(spans) / len(spans) / _HOUR_NS) if spans else 0.0,
    }


def _activity(hands: Hands, beads: list[Bead]) -> dict[str, int]:
    """What the beads' own times say happened in the last day."""
    since = (epoch_ns(stamp(hands.clock.now())) or 0) - _DAY_NS

    def late(text: str | None) -> bool:
        return (epoch_ns(text) or 0) >= since

    created = sum(late(bead.created_at) for bead in beads)
    closed = sum(late(bead.closed_at) for bead in beads if bead.state == "closed")
    touched = [b for b in beads if late(b.updated_at) and not late(b.created_at) and not late(b.closed_at)]
    return {
        "hours_tracked": 24,
        "commit_count": 0,
        "issues_created": created,
        "issues_closed": closed,
        "issues_updated": len(touched),
        "issues_reopened": 0,
        "total_changes": created + closed + len(touched),
    }


def _statistics(summary: dict[str, Any], recent: dict[str, int] | None) -> str:
    def row(name: str, value: object) -> str:
        return f"  {name + ':':<24}{value}"

    lines = ["", "📊 Issue Database Status", "", "Summary:"]
    for name, key in (
        ("Total Issues", "total_issues"),
        ("Open", "open_issues"),
        ("In Progress", "in_progress_issues"),
        ("Blocked", "blocked_issues"),
        ("Closed", "closed_issues"),
        ("Ready to Work", "ready_issues"),
    ):
        lines.append(row(name, summary[key]))
    extended = []
    if summary["tombstone_issues"]:
        extended.append(row("Deleted", f"{summary['tombstone_issues']} (tombstones)"))
    for name, key in (("Pinned", "pinned_issues"), ("Epics Ready to Close", "epics_eligible_for_closure")):
        if summary[key]:
            extended.append(row(name, summary[key]))
    if summary["average_lead_time_hours"]:
        extended.append(row("Avg Lead Time", f"{summary['average_lead_time_hours']:.1f} hours"))
    if extended:
        lines += ["", "Extended:", *extended]
    if recent is not None and recent["total_changes"]:
        lines += ["", "Recent Activity (last 24 hours):"]
        lines += [row(name, recent[f"issues_{name.lower()}"]) for name in ("Created", "Closed", "Updated")]
    return "\n".join([*lines, "", "For more details, use 'bd list' to see individual issues.", ""])


@verb("bd stale", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def stale_(
    hands: Hands,
    *,
    days: Annotated[int, Arg("Untouched for so many days", flags=("--days", "-d"))] = 30,
    status: Annotated[str, Arg("Only this status", flags=("--status", "-s"))] = "",
    limit: Annotated[int | None, Arg("At most so many; 0: all", flags=("--limit", "-n"))] = None,
) -> Receipt:
    """List unfinished beads nobody touched for long, the longest forgotten first."""
    if status and status not in _STALE_STATUSES:
        raise BadInput(f"invalid status '{status[:40]}'. Valid values: {', '.join(_STALE_STATUSES)}")
    if not 0 <= days <= 100_000:
        raise BadInput("--days must be between 0 and 100000")
    now = hands.clock.now()
    found = stale(beads_here(hands, hands.ledger.read()), before=stamp(now - timedelta(days=days)), status=status)
    room = limit_of(limit, default=LIMIT)
    found = found[:room] if room else found
    if not found:
        return Said(plain="\n✨ No stale issues found (all active)\n", value=[])
    lines = ["", f"⏰ Stale issues ({len(found)} not updated in {days}+ days):", ""]
    present = epoch_ns(stamp(now)) or 0
    for number, bead in enumerate(found, 1):
        old = (present - (epoch_ns(bead.updated_at) or present)) // _DAY_NS
        lines.append(f"{number}. [● P{bead.priority}] {bead.id}: {bead_text.title(bead)}")
        lines.append(f"   Status: {bead.state}, Last updated: {old} days ago")
        lines += [f"   Assignee: {one_line(bead.assignee)}"] if bead.assignee else []
        lines.append("")
    return Said(plain="\n".join(lines), value=[bead_json.issue(bead) for bead in found])


@verb("bd query", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def query(
    hands: Hands,
    words: Annotated[tuple[str, ...], Arg("Such as: status=open AND priority<=1 AND updated>7d")] = (),
    *,
    limit: Annotated[int | None, Arg("At most so many; 0: all", flags=("--limit", "-n"))] = None,
    all: Annotated[bool, Arg("Closed ones too", flags=("--all", "-a"))] = False,
    long: Annotated[bool, Arg("Several lines each")] = False,
    sort: Sort = "",
    reverse: Reverse = False,
    parse_only: Annotated[bool, Arg("Only say how it is understood")] = False,
) -> Receipt:
    """Find beads by an expression.

    Fields: status priority type assignee owner label title description notes created updated closed started id spec
    pinned ephemeral template parent mol_type metadata.KEY. Operators: = != > >= < <=, AND OR NOT and parentheses. A
    duration such as 7d means that long ago; `none` is emptiness; ids take *.
    """
    from gastown_tui.core.rules import query_language

    text = " ".join(words)
    if not text.strip():
        raise BadInput("query expression is required", hint="bd query 'status=open AND priority<=1'")
    tree = query_language.parse(text)
    if parse_only:
        return Said(
            plain=f"Parsed query: {query_language.spelled(tree)}", value={"query": query_language.spelled(tree)}
        )
    town = hands.ledger.read()
    claim = query_language.claim(tree, local_now(hands))
    closed_too = all or query_language.mentions(tree, "status") or query_language.mentions(tree, "closed")
    found = [
        bead
        for bead in beads_here(hands, town)
        if bead.state != "tombstone" and (closed_too or bead.state != "closed") and claim(bead)
    ]
    found = ordered(found, sort, reverse=reverse)
    room = limit_of(limit, default=LIMIT)
    found = found[:room] if room else found
    if not found:
        return Said(plain=f"No issues found matching query: {one_line(text, 120)}", value=[])
    rows = [bead_text.compact(town, bead) for bead in found]
    plain = bead_text.long(found) if long else "\n".join([f"Found {len(found)} issues:", *rows])
    return Said(plain=plain, value=bead_json.rows(town, found, edges=False))
