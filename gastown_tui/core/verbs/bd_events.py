"""What happened to beads: the log, read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.events import BY_WIRE, Event
from gastown_tui.core.fold import LedgerState, apply, fold
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId, shown
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import epoch_ns
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.typed_times import parse_time
from gastown_tui.core.verbs.beads import Said, local_now
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.verbs.status import Feed, Filter, event_data, feed
from gastown_tui.core.views import bead_text

Since = Annotated[str, Arg("Not older: a span such as 30m, or a time", metavar="WHEN")]
Types = Annotated[tuple[str, ...], Arg("Only these: bead.closed, mail, …", flags=("--type", "-t"), split=True)]
Actor = Annotated[str, Arg("Only what this one did", suggest=Suggest.AGENT)]
Jsonl = Annotated[bool, Arg("One JSON value a line")]
_ABOUT = ("bead_id", "ref_id", "previous_ref", "depends_on_id", "mr_id", "mol_id", "step_id", "convoy_id")
_DEPTH = 100_000
"""How many events a filtered list looks back over."""
_WATCHED = ("status", "assignee", "priority", "title", "issue_type", "labels", "close_reason")


@verb("bd events list", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def list_(
    hands: Hands,
    *,
    limit: Annotated[int, Arg("At most so many", flags=("--limit", "-n"))] = 50,
    since: Since = "",
    type_: Types = (),
    actor: Actor = "",
    bead: Annotated[str, Arg("Only about this bead", metavar="ID", suggest=Suggest.BEAD)] = "",
    jsonl: Jsonl = False,
) -> Receipt:
    """List what happened, the newest last."""
    if limit < 1:
        raise BadInput("--limit must be at least 1")
    since_ns = moment_of(since, local_now(hands)) if since else 0
    wanted = Filter(kinds=tuple(_kind(each) for each in type_), actor=actor, since_ns=since_ns)
    if bead:
        pool: Iterable[Event] = (event for event in hands.ledger.history(hands.ledger.here) if is_about(event, bead))
    else:
        pool = hands.ledger.recent(_DEPTH if wanted.is_narrow else limit)
    events = tuple(event for event in pool if wanted.wants(event))[-limit:]
    return _lines(events) if jsonl else Feed(events=events, now=hands.clock.now(), named_kinds=True)


def _kind(text: str) -> str:
    word = text.strip().removesuffix("*").rstrip(".")
    families = sorted({wire.partition(".")[0] for wire in BY_WIRE})
    if word not in BY_WIRE and word not in families:
        raise BadInput(f"{shown(text)} is no type of event", hint=f"types begin with {', '.join(families)}")
    return word


def is_about(event: Event, bead_id: str) -> bool:
    """Whether an event names a bead."""
    return any(getattr(event.fact, name, "") == bead_id for name in _ABOUT)


@verb("bd events tail", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def tail(
    hands: Hands,
    *,
    limit: Annotated[int, Arg("Begin with so many", flags=("--limit", "-n"))] = 10,
    follow: Annotated[bool, Arg("Go on as things happen; ctrl-c ends", flags=("--follow", "-f"))] = False,
    type_: Types = (),
    actor: Actor = "",
) -> Receipt:
    """Show the newest events, and with -f those to come."""
    return feed(hands, limit=limit, follow=follow, type_=type_, actor=actor)


@verb("bd events stats", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def stats(hands: Hands, *, since: Since = "") -> Receipt:
    """Count events by type and by who made them."""
    events = list(events_since(hands, since, hands.ledger.here))
    kinds = Counter(event.event_type for event in events).most_common()
    actors = Counter(event.actor or "(nobody)" for event in events).most_common()
    width = max((len(name) for name, _ in (*kinds, *actors)), default=0)
    lines = [f"Total: {len(events)}", "", "By type:", *(f"  {name:<{width}}  {count}" for name, count in kinds)]
    lines += ["", "By actor:", *(f"  {one_line(name):<{width}}  {count}" for name, count in actors)]
    return Said(plain="\n".join(lines), value={"total": len(events), "by_type": dict(kinds), "by_actor": dict(actors)})


@verb("bd events export", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def export(
    hands: Hands,
    *,
    since: Since = "",
    output: Annotated[Path | None, Arg("Write to a file", flags=("--output", "-o"), suggest=Suggest.PATH)] = None,
) -> Receipt:
    """Print every event of the log, one JSON value a line."""
    found = _lines(events_since(hands, since, hands.ledger.here))
    if output is None:
        return found
    hands.files.write_text(hands.cwd / output, f"{found.plain}\n" if found.plain else "")
    count = found.plain.count("\n") + 1 if found.plain else 0
    return Said(plain=f"✓ Exported {count} events to {output}", value={"exported": count, "output_file": str(output)})


@verb("bd events replay", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def replay(
    hands: Hands,
    bead: Annotated[str, Arg("Step by step for this bead", metavar="ID", suggest=Suggest.BEAD)] = "",
    *,
    at: Annotated[str, Arg("The moment: a time, or a span such as -2h", metavar="WHEN")] = "",
) -> Receipt:
    """Fold the log anew: how things stood at a moment, or how one bead came to be what it is."""
    limit = moment_of(at, local_now(hands)) if at else None
    history = hands.ledger.history(hands.ledger.here)
    events = [event for event in history if limit is None or (epoch_ns(event.timestamp) or 0) <= limit]
    if bead:
        return _story(events, BeadId(bead))
    state = fold(events)
    beads = sorted((each for each in state.beads.all() if each.status != "tombstone"), key=lambda each: each.id)
    counts: dict[str, Any] = dict(sorted(Counter(each.state for each in beads).items()))
    lines = [f"{len(events)} events, {len(beads)} beads", *(f"  {name}: {count}" for name, count in counts.items())]
    lines += ["", *(bead_text.short(each) for each in beads if not each.is_closed)]
    return Said(plain="\n".join(lines), value={"events": len(events), "beads": len(beads), "by_status": counts})


def _story(events: list[Event], bead_id: BeadId) -> Said:
    """Each event that changed a bead, and what it changed."""
    state = LedgerState()
    before: Bead | None = None
    steps: list[dict[str, Any]] = []
    lines: list[str] = []
    for event in events:
        apply(state, event)
        after = state.beads.get(bead_id)
        if after is None or after == before:
            continue
        changes = {name: [getattr(before, name, None), getattr(after, name)] for name in _WATCHED}
        changed = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
        steps.append(event_data(event) | {"changes": changed})
        said = ", ".join(f"{name}: {_shown(old)} → {_shown(new)}" for name, (old, new) in changed.items())
        lines.append(f"{event.timestamp[:19].replace('T', ' ')}  {event.event_type}  {one_line(event.actor)}  {said}")
        before = after
    if not steps:
        raise BadInput(f"nothing in the log is about {bead_id[:80]}", hint="give the whole id")
    return Said(plain="\n".join(line.rstrip() for line in lines), value=steps)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return one_line(", ".join(value) if isinstance(value, tuple) else str(value), 60)


def events_since(hands: Hands, text: str, ledger: str) -> Iterator[Event]:
    """Every event of a ledger not older than a span or a time; all without one."""
    limit = moment_of(text, local_now(hands)) if text else 0
    for event in hands.ledger.history(ledger):
        if (epoch_ns(event.timestamp) or 0) >= limit:
            yield event


def moment_of(text: str, now: datetime) -> int:
    """Nanoseconds of a time; a bare span such as 2h lies in the past, and `m` there means minutes."""
    span = text.strip().removeprefix("-")
    if span[:-1].isdecimal() and span[-1:] in "mhd" and len(span) < 8:
        from datetime import timedelta

        number = int(span[:-1])
        unit = {"m": timedelta(minutes=number), "h": timedelta(hours=number), "d": timedelta(days=number)}[span[-1]]
        return int((now - unit).timestamp() * 1_000_000_000)
    return epoch_ns(parse_time(text, now)) or 0


def _lines(events: Any) -> Said:
    return Said(plain="\n".join(msgspec.json.encode(event_data(event)).decode() for event in events))
