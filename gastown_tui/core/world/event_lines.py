"""Lines of a log as events, one by one; of those that are damaged, what can be saved."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise

import msgspec

from gastown_tui.core.events import Event
from gastown_tui.core.model.times import epoch_ns
from gastown_tui.core.world.envelope import Damaged, decode_event
from gastown_tui.core.world.mint import SORTABLE_CHARS, sortable

SPLIT = b'{"event_id":"'
"""How the line of an event begins."""
ID_CHARS = 4 + SORTABLE_CHARS
_OURS = SPLIT + b"evt-"
_ID_ENDS = len(SPLIT) + ID_CHARS
_CLOSE = rb',"crc":"[0-9a-f]{8}"\}'

Decoded = tuple[str, Event, bytes]
"""An event with its order and its line."""


class Damage(msgspec.Struct, frozen=True):
    """A line that could not be read."""

    file: str
    offset: int
    line: bytes
    reason: str


def order_of(event: Event) -> str:
    """What the fold sorts by: the id, or for ids of another shape the time of the event and then the id."""
    if len(event.event_id) == ID_CHARS:
        return event.event_id
    ms = (epoch_ns(event.timestamp) or 0) // 1_000_000
    return "evt-" + sortable(max(0, ms), 0)[:14] + event.event_id


class EventLines:
    """Reads lines.

    Attributes:
        wanted: Judges lines before they are decoded; for whoever looks for some of them, and does not fold.
        damaged: Those that could not be read.
    """

    def __init__(self, wanted: Callable[[bytes], bool] | None = None) -> None:
        self.wanted = wanted
        self.damaged: list[Damage] = []

    def decoded(self, name: str, start: int, data: bytes) -> Iterator[Decoded]:
        """The events in some whole lines. The innermost loop of every fold.

        Args:
            name: The file they are in.
            start: Where in it they begin.
            data: The lines.
        """
        wanted = self.wanted
        for line in data.split(b"\n"):
            if not line or (wanted is not None and not wanted(line)):
                start += len(line) + 1
                continue
            try:
                event = decode_event(line)
            except Damaged as error:
                self.damaged.append(Damage(name, start, line, str(error)))
                for saved, piece in _salvaged(line):
                    yield order_of(saved), saved, piece
            else:
                if event is not None:
                    event_id = event.event_id
                    yield event_id if len(event_id) == ID_CHARS else order_of(event), event, line
            start += len(line) + 1


def orders(data: bytes) -> Iterator[tuple[str]]:
    """Enough of the orders of the events in some whole lines to tell whether they rise: all, or the first and the last.

    Many times faster than with the events. Those of lines that turn out to be damaged may be among them.
    """
    lines = data.removesuffix(b"\n").split(b"\n")
    names = [line[len(SPLIT) : _ID_ENDS + 1] for line in lines]
    are_plain = data.count(SPLIT) == len(lines) and False not in [line.startswith(_OURS) for line in lines]
    if are_plain and False not in [name[4:-1].isalnum() and name.endswith(b'"') for name in names]:
        ends = (names[0], names[-1]) if names == sorted(names) else (max(names), min(names))
        yield from ((name[:-1].decode(),) for name in ends)
        return
    for order, _, _ in EventLines().decoded("", 0, data):
        yield (order,)


def _salvaged(line: bytes) -> Iterator[tuple[Event, bytes]]:
    """Whole records inside a damaged line: two glued together, or one behind the stump of another."""
    starts: list[int] = []
    at = line.find(SPLIT)
    while at >= 0:
        starts.append(at)
        at = line.find(SPLIT, at + 1)
    for start, end in pairwise([*starts, len(line)]):
        for close in re.compile(_CLOSE).finditer(line, start, end):
            piece = line[start : close.end()]
            with suppress(Damaged):
                event = decode_event(piece)
                if event is not None:
                    yield event, piece
                    break
