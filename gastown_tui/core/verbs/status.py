"""`gt status` and `gt feed`: the town now, and what happened in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any

import msgspec

from gastown_tui.core.errors import BadInput, GastownError, NotFound
from gastown_tui.core.events import BY_WIRE, Event
from gastown_tui.core.model.ids import EventId, shown
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import epoch_ns, moment, stamp
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import addresses
from gastown_tui.core.rules.health import Seen
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views.feed import feed_row, short
from gastown_tui.core.views.overview import Overview, overview, overview_data, overview_text

_FILTERED_DEPTH = 20_000
"""How many events a filtered feed looks back over."""
_FOLLOW_S = 0.25
_FOLLOW_DEPTH = 2_000


class Status(Receipt, frozen=True, kw_only=True):
    """The town on one page."""

    page: Overview

    def text(self) -> str:
        """The page."""
        return overview_text(self.page)

    def data(self) -> Any:
        """The page's record."""
        return overview_data(self.page)


@verb(group="town", mutates=False)
def status(
    hands: Hands,
    *,
    all_: Annotated[bool, Arg("idle workers without a session too", flags=("--all", "-a"))] = False,
    fast: Annotated[bool, Arg("do not look at sessions")] = False,
) -> Status:
    """Show the town on one page: who needs you, rigs, agents, convoys, mail."""
    from gastown_tui.core.verbs.agents import look

    town = hands.ledger.read()
    seen = Seen(sessions=None, trouble="not looked at (--fast)") if fast else look(hands)
    page = overview(
        town, seen, hands.clock.now(), path=str(hands.ledger.home), daemon_pid=_daemon_pid(hands), everybody=all_
    )
    return Status(page=page)


def _daemon_pid(hands: Hands) -> int | None:
    """The daemon's process, 0 when none runs; None when its lock may not even be looked at."""
    from gastown_tui.core.verbs.running import find_daemon

    try:
        daemon = find_daemon(hands)
    except (OSError, GastownError):
        return None
    return daemon.pid if daemon.runs else 0


# ---------------------------------------------------------------------------------------------- feed


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are wanted."""

    kinds: tuple[str, ...] = ()
    """Event types, or the part before the dot."""
    actor: str = ""
    since_ns: int = 0

    def wants(self, event: Event) -> bool:
        """Whether an event is one of them."""
        if self.kinds and not any(
            event.event_type == kind or event.event_type.startswith(f"{kind}.") for kind in self.kinds
        ):
            return False
        if self.actor and event.actor != self.actor:
            return False
        return not self.since_ns or (epoch_ns(event.timestamp) or 0) >= self.since_ns

    @property
    def is_narrow(self) -> bool:
        """Something was asked for."""
        return bool(self.kinds or self.actor or self.since_ns)


class Feed(Receipt, frozen=True, kw_only=True):
    """What happened, oldest first, and what happens next when it is followed."""

    events: tuple[Event, ...]
    now: datetime
    named_kinds: bool = False
    """Types were asked for: events without words of their own are shown by their type."""
    more: Callable[[EventId], tuple[Event, ...]] | None = None
    """Events after one, when the feed is followed; waits a little."""

    def text(self) -> str:
        """A line an event."""
        if self.more is not None:
            return ""
        lines = [line for event in self.events if (line := self._line(event))]
        return "\n".join(lines) or "Nothing happened yet that matches."

    def data(self) -> Any:
        """The events with their payloads; nothing but what follows when the feed is followed."""
        return msgspec.UNSET if self.more is not None else [event_data(event) for event in self.events]

    def follow(self, *, json: bool) -> Iterator[str]:
        """The events there are, then each as it comes."""
        if self.more is None:
            return
        last, fresh = EventId(""), self.events
        while True:
            for event in fresh:
                if line := msgspec.json.encode(event_data(event)).decode() if json else self._line(event):
                    yield line
                last = max(last, event.event_id)
            fresh = self.more(last)

    def _line(self, event: Event) -> str:
        row = feed_row(event)
        if row is None and not self.named_kinds:
            return ""
        word, subject = (row.word, row.subject) if row else (event.event_type, "")
        who = one_line(short(event.actor), 16)
        return f"{self._at(event)}  {who:<16}  {one_line(word):<10}  {one_line(subject, 100)}".rstrip()

    def _at(self, event: Event) -> str:
        at = moment(event.timestamp)
        if at is None:
            return f"{one_line(event.timestamp, 20):<8}"
        local = at.astimezone()
        return local.strftime("%H:%M:%S" if local.date() == self.now.astimezone().date() else "%Y-%m-%d %H:%M")


def event_data(event: Event) -> dict[str, Any]:
    """An event in the documents' envelope."""
    return {
        "event_id": event.event_id,
        "event_type": event.event_type,
        "timestamp": event.timestamp,
        "actor": event.actor,
        "tx": event.tx,
        "data": msgspec.to_builtins(event.fact),
    }


@verb(group="town", needs=Needs.LEDGER, mutates=False)
def feed(
    hands: Hands,
    *,
    limit: Annotated[int, Arg("at most this many", flags=("--limit", "-n"))] = 30,
    follow: Annotated[bool, Arg("go on as things happen; ctrl-c ends", flags=("--follow", "-f"))] = False,
    since: Annotated[str, Arg("not older: a span such as 30m, or a time", metavar="WHEN")] = "",
    type_: Annotated[
        tuple[str, ...], Arg("only these: mail, bead.closed, …", flags=("--type", "-t"), split=True, metavar="TYPE")
    ] = (),
    actor: Annotated[str, Arg("only what this one did", suggest=Suggest.AGENT)] = "",
) -> Feed:
    """Show what happened, the newest last.

    Raises:
        BadInput: an event type there is not, or a time that is none.
    """
    if not 0 < limit <= _FILTERED_DEPTH:
        raise BadInput(f"--limit must be from 1 to {_FILTERED_DEPTH}")
    now = hands.clock.now()
    wanted = Filter(kinds=tuple(_kind(each) for each in type_), actor=_actor(hands, actor), since_ns=_since(since, now))
    found = hands.ledger.recent(_FILTERED_DEPTH if wanted.is_narrow else limit * 4)
    events = tuple(event for event in found if wanted.wants(event) and (wanted.kinds or feed_row(event) is not None))[
        -limit:
    ]

    def more(last: EventId) -> tuple[Event, ...]:
        hands.clock.sleep(_FOLLOW_S)
        last = last or (found[-1].event_id if found else EventId(""))
        return tuple(each for each in hands.ledger.recent(_FOLLOW_DEPTH) if each.event_id > last and wanted.wants(each))

    return Feed(events=events, now=now, named_kinds=bool(wanted.kinds), more=more if follow else None)


def _kind(text: str) -> str:
    word = text.strip().rstrip(".*")
    families = {wire.split(".")[0] for wire in BY_WIRE}
    if word not in BY_WIRE and word not in families:
        raise BadInput(f"{shown(text)} is no type of event", hint=f"types begin with {', '.join(sorted(families))}")
    return word


def _actor(hands: Hands, text: str) -> str:
    if not text:
        return ""
    town = hands.ledger.read()
    if not town.is_town:
        return text
    here = addresses.rig_around(town, actor=hands.actor, env=hands.env, home=hands.ledger.home, cwd=hands.cwd)
    try:
        return addresses.resolve(town, text, here=here)
    except NotFound:
        return text.strip()  # Whoever left the town still has a history.


def _since(text: str, now: datetime) -> int:
    if not text:
        return 0
    if (at := epoch_ns(text)) is not None:
        return at
    from gastown_tui.core.verbs.talk import parse_duration

    return epoch_ns(stamp(now - parse_duration(text))) or 0
