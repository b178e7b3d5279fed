"""What happened to beads lately, in the words and the shape programs written for `bd activity` read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput
from gastown_tui.core.events import Event
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import BeadId, shown
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import epoch_ns, moment
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.bd_events import Since, moment_of
from gastown_tui.core.verbs.beads import local_now, one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_json, bead_text

_DEPTH = 20_000
_REST_S = 0.25
_KINDS = ("create", "update", "delete", "comment", "status", "close")
_SYMBOLS = {"create": "+", "update": "~", "status": "→", "close": "✓", "delete": "⊘", "comment": "💬"}


class Activity(Receipt, kw_only=True, frozen=True):
    """What happened, oldest first, and what happens next when it is followed."""

    rows: tuple[dict[str, Any], ...]
    more: Callable[[], list[dict[str, Any]]] | None = None

    def text(self) -> str:
        """A line each."""
        if self.more is not None:
            return ""
        return "\n".join(map(_line, self.rows)) or "No recent activity"

    def data(self) -> Any:
        """An array; nothing but what follows when it is followed."""
        return msgspec.UNSET if self.more is not None else list(self.rows)

    def follow(self, *, json: bool) -> Iterator[str]:
        """What there is, then each as it comes."""
        fresh = list(self.rows)
        while self.more is not None:
            yield from (msgspec.json.encode(row).decode() if json else _line(row) for row in fresh)
            fresh = self.more()


@verb("bd activity", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def activity(
    hands: Hands,
    *,
    limit: Annotated[int, Arg("At most so many", flags=("--limit", "-n"))] = 100,
    follow: Annotated[bool, Arg("Go on as things happen; ctrl-c ends", flags=("--follow", "-f"))] = False,
    since: Since = "",
    type_: Annotated[
        tuple[str, ...], Arg("Only these: create, update, delete, comment", flags=("--type", "-t"), split=True)
    ] = (),
    mol: Annotated[str, Arg("Only about this bead and what is below it", metavar="ID", suggest=Suggest.BEAD)] = "",
    details: Annotated[bool, Arg("With the beads themselves", flags=("--details", "-d"))] = False,
    interval: Annotated[str, Arg("Accepted; news is looked for all the time", hidden=True)] = "",
    town: Annotated[bool, Arg("Accepted; all ledgers of a town are told of", hidden=True)] = False,
) -> Receipt:
    """Show what happened to beads lately."""
    del interval, town
    if limit < 1:
        raise BadInput("--limit must be at least 1")
    if wrong := next((each for each in type_ if each not in _KINDS), None):
        raise BadInput(f"invalid --type {shown(wrong)}", hint=f"one of {', '.join(_KINDS)}")
    since_ns = moment_of(since, local_now(hands)) if since else 0
    root = one(hands, hands.ledger.read(), mol).id if mol else ""

    def rows(events: tuple[Event, ...]) -> list[dict[str, Any]]:
        now = hands.ledger.read()
        found = [row for event in events if (row := _row(now, event, details=details)) is not None]
        kept = (row for row in found if (not type_ or row["type"] in type_ or _broadly(row["type"]) in type_))
        return [row for row in kept if not root or _is_below(now, row["issue_id"], BeadId(root))]

    known = hands.ledger.recent(_DEPTH)
    first = rows(tuple(each for each in known if (epoch_ns(each.timestamp) or 0) >= since_ns))[-limit:]
    last = [known[-1].event_id if known else ""]

    def more() -> list[dict[str, Any]]:
        hands.clock.sleep(_REST_S)
        fresh = tuple(each for each in hands.ledger.recent(_DEPTH) if each.event_id > last[0])
        last[0] = fresh[-1].event_id if fresh else last[0]
        return rows(fresh)

    return Activity(rows=tuple(first), more=more if follow else None)


def _broadly(kind: str) -> str:
    return "update" if kind in {"status", "close"} else kind


def _row(town: Town, event: Event, *, details: bool) -> dict[str, Any] | None:
    fact = event.fact
    told = _told(fact)
    bead_id = getattr(fact, "bead_id", "")
    if told is None or not bead_id:
        return None
    kind, said, more = told
    bead = town.find(bead_id)
    title = f" · {bead_text.title(bead)}" if bead is not None else ""
    row: dict[str, Any] = {
        "timestamp": event.timestamp,
        "type": kind,
        "issue_id": bead_id,
        "symbol": _SYMBOLS[kind],
        "message": f"{bead_id} {said}{title}",
        **more,
    }
    if event.actor:
        row["actor"] = event.actor
    if details and bead is not None:
        row["issue"] = bead_json.issue(bead)
    return row


def _told(fact: object) -> tuple[str, str, dict[str, Any]] | None:
    """What kind of change a fact is, in words, and the statuses it led between."""
    match fact:
        case e.BeadCreated():
            return "create", "created", {}
        case e.BeadClosed(reason=reason):
            return "close", f"closed: {one_line(reason, 60)}", {"new_status": "closed"}
        case e.BeadReopened():
            return "status", "reopened", {"old_status": "closed", "new_status": "open"}
        case e.BeadStatusChanged(from_status=old, to_status=new):
            return "status", f"{old} → {new}", {"old_status": old, "new_status": new}
        case e.BeadDeleted():
            return "delete", "deleted", {}
        case e.BeadCommented():
            return "comment", "commented on", {}
        case e.BeadAssigned(assignee=who):
            return "update", f"assigned to {one_line(who)}" if who else "unassigned", {}
        case e.BeadUpdated(changes=changes):
            return "update", f"changed: {', '.join(changes)}", {}
        case e.LabelAdded(label=label) | e.LabelRemoved(label=label):
            return "update", f"{'+' if isinstance(fact, e.LabelAdded) else '-'}{one_line(label)}", {}
        case e.DependencyAdded(depends_on_id=target) | e.DependencyRemoved(depends_on_id=target):
            word = "needs" if isinstance(fact, e.DependencyAdded) else "no longer needs"
            return "update", f"{word} {target}", {}
        case e.BeadNoted() | e.BeadImported():
            return "update", "noted" if isinstance(fact, e.BeadNoted) else "taken up", {}
    return None


def _is_below(town: Town, bead_id: str, root: BeadId) -> bool:
    if bead_id == root or bead_id.startswith(f"{root}."):
        return True
    from gastown_tui.core.model.bead import parent_of

    seen: set[str] = set()
    while bead_id not in seen and (bead := town.find(bead_id)) is not None:
        seen.add(bead_id)
        above = parent_of(bead)
        if above == root:
            return True
        bead_id = above or bead_id
    return False


def _line(row: dict[str, Any]) -> str:
    at = moment(row["timestamp"])
    when = f"{at.astimezone():%H:%M:%S}" if at is not None else row["timestamp"]
    return f"[{when}] {row['symbol']} {row['message']}"
