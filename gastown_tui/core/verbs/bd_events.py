"""What happened to beads: the log, read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.events import Event
from gastown_tui.core.fold import fold
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import epoch_ns
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.bead_values import parse_time
from gastown_tui.core.verbs.beads import Said, local_now
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.verbs.status import Feed, event_data, feed
from gastown_tui.core.views import bead_text

_EVERYTHING = 1_000_000

Since = Annotated[str, Arg("Not older: a span such as 30m, or a time", metavar="WHEN")]
Types = Annotated[tuple[str, ...], Arg("Only these: bead.closed, mail, …", flags=("--type", "-t"), split=True)]
Actor = Annotated[str, Arg("Only what this one did", suggest=Suggest.AGENT)]


@verb("bd events list", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def list_(
    hands: Hands,
    *,
    limit: Annotated[int, Arg("At most so many", flags=("--limit", "-n"))] = 50,
    since: Since = "",
    type_: Types = (),
    actor: Actor = "",
    bead: Annotated[str, Arg("Only about this bead", metavar="ID", suggest=Suggest.BEAD)] = "",
) -> Receipt:
    """List what happened, the newest last."""
    found = feed(hands, limit=_EVERYTHING_SHOWN if bead else limit, since=since, type_=type_, actor=actor)
    if not bead:
        return found
    about = tuple(each for each in found.events if _is_about(each, bead))[-limit:]
    return Feed(events=about, now=found.now, named_kinds=True)


_EVERYTHING_SHOWN = 20_000


def _is_about(event: Event, bead_id: str) -> bool:
    fact = event.fact
    names = ("bead_id", "ref_id", "previous_ref", "depends_on_id", "mr_id", "mol_id", "step_id", "convoy_id")
    return any(getattr(fact, name, "") == bead_id for name in names)


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


@verb("bd activity", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def activity(
    hands: Hands,
    *,
    limit: Annotated[int, Arg("At most so many", flags=("--limit", "-n"))] = 100,
    follow: Annotated[bool, Arg("Go on as things happen; ctrl-c ends", flags=("--follow", "-f"))] = False,
    since: Since = "",
) -> Receipt:
    """Show what happened to beads lately."""
    return feed(hands, limit=limit, follow=follow, since=since, type_=("bead",))


@verb("bd events stats", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def stats(hands: Hands) -> Receipt:
    """Count events by type and by who made them."""
    events = _all(hands)
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
    output: Annotated[Path | None, Arg("Write to a file", flags=("--output", "-o"), suggest=Suggest.PATH)] = None,
) -> Receipt:
    """Print every event, one JSON value a line."""
    lines = [msgspec.json.encode(event_data(event)).decode() for event in _all(hands)]
    if output is None:
        return Said(plain="\n".join(lines))
    hands.files.write_text(hands.cwd / output, "".join(f"{line}\n" for line in lines))
    value = {"exported": len(lines), "output_file": str(output)}
    return Said(plain=f"✓ Exported {len(lines)} events to {output}", value=value)


@verb("bd events replay", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def replay(
    hands: Hands,
    *,
    at: Annotated[str, Arg("The moment: a time, or a span such as -2h", metavar="WHEN")] = "",
) -> Receipt:
    """Show how many beads there were of each status at a moment, folded anew from the log."""
    limit = epoch_ns(parse_time(at, local_now(hands))) if at else None
    if at and limit is None:
        raise BadInput(f"--at {at[:40]} is not a time")
    events = [event for event in _all(hands) if limit is None or (epoch_ns(event.timestamp) or 0) <= limit]
    state = fold(events)
    beads = sorted((bead for bead in state.beads.all() if bead.status != "tombstone"), key=lambda bead: bead.id)
    counts: dict[str, Any] = dict(sorted(Counter(bead.state for bead in beads).items()))
    lines = [f"{len(events)} events, {len(beads)} beads", *(f"  {name}: {count}" for name, count in counts.items())]
    lines += ["", *(bead_text.short(bead) for bead in beads if not bead.is_closed)]
    return Said(plain="\n".join(lines), value={"events": len(events), "beads": len(beads), "by_status": counts})


def _all(hands: Hands) -> tuple[Event, ...]:
    return hands.ledger.recent(_EVERYTHING)
