"""Every event of one ledger in the order of their ids: sealed segments, the log, and vapor beside it.

Lines may stand in any order (two clones merged by union) and more than once; ids decide. What was read once is not
read again unless a file was replaced, or brought an event that belongs before one already folded.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from heapq import merge
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from gastown_tui.core.events import Event
from gastown_tui.core.world.event_lines import ID_CHARS, SPLIT, Damage, Decoded, EventLines, order_of, orders
from gastown_tui.core.world.log import Cursor, LogFile
from gastown_tui.core.world.segments import find_segment, runs, span_of

ADOPTION = "adoption"
"""The correlation id of everything recorded when a file is first adopted."""
_SETTLE_TRIES = 8
_ORDER = itemgetter(0)
_SETTLED_NS = 100_000_000
"""A folder changed so recently may change again without its time telling."""

Item = TypeVar("Item", Decoded, tuple[str])
Read: TypeAlias = Callable[[LogFile, bool], Iterator[Item]]
"""How the events of a file are read, whole or only their orders; and whether it is sealed."""
Segments = tuple[tuple[str, int, int], ...]
"""Name, size and modification time of each sealed segment."""


class Position(msgspec.Struct, frozen=True):
    """How far a ledger was read."""

    log: Cursor = Cursor()
    vapor: Cursor = Cursor()
    segments: Segments = ()
    last: str = ""
    """The order of the newest event read; see `order_of`."""
    count: int = 0
    """How many events that were."""


class Disorder(Exception):
    """The lines are not in the order of their ids; the ledger has to be sorted before it is folded."""


class EventLog:
    """The events of one `.beads` directory; with `wanted` only those of some lines, see `EventLines`."""

    def __init__(
        self, beads: Path, position: Position | None = None, *, wanted: Callable[[bytes], bool] | None = None
    ) -> None:
        self.position = position or Position()
        self._lines = EventLines(wanted)
        self._sealed = beads / "events"
        self._folder: int | None = None
        self._scanned: Segments = ()
        self.log = LogFile(beads / "events.jsonl", self.position.log)
        self._vapor = LogFile(beads / "vapor.jsonl", self.position.vapor)

    @property
    def damaged(self) -> list[Damage]:
        """Lines that could not be read so far."""
        return self._lines.damaged

    def is_stale(self) -> bool:
        """Whether any file changed since the last read. Costs three looks at the directory."""
        return self.log.is_stale() or self._vapor.is_stale() or self._segments() != self.position.segments

    def fresh(self) -> list[Event] | None:
        """Events since the last read, in order; None when everything has to be folded anew (`replay`)."""
        if not self.is_stale():
            return []
        events: list[Event] = []
        for _ in range(_SETTLE_TRIES):
            if self._segments() != self.position.segments and not self._follow_into_segments(events):
                return None
            before, log = self.log.cursor, self.log.fresh()
            if log.is_replaced and self._segments() != self.position.segments:
                # Sealed between two looks: what it became has to be read to its end first.
                self.log.cursor = before
                continue
            if log.is_replaced:
                return None
            events += [event for _, event, _ in self._lines.decoded(self.log.path.name, log.start, log.data)]
            vapor = self._vapor.fresh()
            # Vapor that was condensed holds less of what was folded, and what came after that.
            known = self.position.last if vapor.is_replaced else ""
            decoded = self._lines.decoded(self._vapor.path.name, vapor.start, vapor.data)
            events += [event for order, event, _ in decoded if order > known]
            if not vapor.data:
                # Vapor is read after the log; had it brought something, the log may lack what came before that.
                break
        return self._in_order(events)

    def replay(self) -> Iterator[tuple[Event, bytes]]:
        """Every event from the beginning, once, with its line. Afterwards `fresh` goes on from there.

        Raises:
            Disorder: the lines are not in order; `replay_sorted` is slower and takes memory for all of them.
        """
        last, count = "", 0
        for order, event, line in self._merged(self._events_of):
            if order > last:
                last = order
                count += 1
                yield event, line
            elif order < last:
                raise Disorder
        if self._was_sealed_meanwhile():
            raise Disorder
        self._arrive(last, count)

    def replay_sorted(self) -> Iterator[tuple[Event, bytes]]:
        """Every event from the beginning, once, whatever the order of the lines."""
        found: dict[str, tuple[Event, bytes]] = {}
        for _ in range(_SETTLE_TRIES):
            for stream in self._streams(self._events_of):
                for order, event, line in stream:
                    found.setdefault(order, (event, line))
            if not self._was_sealed_meanwhile():
                break
        for order in sorted(found):
            yield found[order]
        self._arrive(max(found, default=""), len(found))

    def everything(self) -> Iterator[tuple[Event, bytes]]:
        """Every event from the beginning, once, with its line, for whoever does not fold while reading."""
        last = ""
        if self._is_orderly():
            with suppress(Disorder):
                for event, line in self.replay():
                    last = order_of(event)
                    yield event, line
                return
        for event, line in self.replay_sorted():
            if order_of(event) > last:
                yield event, line

    def advance(self, records: bytes, events: list[Event], *, vapor: bool = False) -> None:
        """Step over records this process has just appended, under the lock and caught up."""
        file = self._vapor if vapor else self.log
        file.step(records)
        self._arrive(max(self.position.last, events[-1].event_id), self.position.count + len(events))

    def after(self, base: Position) -> list[tuple[Event, bytes]] | None:
        """The events between an older position and this one, vapor apart, in order and once, with their lines.

        None when the older position was not on the way to this one.
        """
        ours, start = self.position, base.log
        if not set(base.segments) <= set(ours.segments):
            return None
        added = {name for name, *_ in set(ours.segments) - set(base.segments)}
        pieces: list[tuple[str, int, bytes]] = []
        if added and start.offset:
            rest = self._rest_of(start)
            if rest is None or rest[0] not in added:
                return None
            pieces.append(rest)
            added.remove(rest[0])
            start = Cursor()
        pieces += [(name, 0, (self._sealed / name).read_bytes()) for name in sorted(added)]
        last = self._between(start, ours.log)
        if last is None:
            return None
        known = len(self.damaged)
        found = {
            order: (event, line)
            for piece in (*pieces, (self.log.path.name, start.offset, last))
            for order, event, line in self._lines.decoded(*piece)
        }
        del self.damaged[known:]
        return [found[order] for order in sorted(found)]

    def _between(self, start: Cursor, end: Cursor) -> bytes | None:
        """The bytes of the log between two places of it, sealed since or not."""
        if start.offset > end.offset or (start.offset and (start.device, start.inode) != (end.device, end.inode)):
            return None
        if start.offset == end.offset:
            return b""
        path: Path | None = self.log.path
        try:
            status = self.log.path.stat()
        except FileNotFoundError:
            status = None
        if status is None or (status.st_dev, status.st_ino) != (end.device, end.inode):
            path = find_segment(self._sealed.parent, end.device, end.inode)
        chunk = None if path is None else LogFile(path, start).fresh()
        return None if chunk is None or chunk.is_replaced else chunk.data[: end.offset - start.offset]

    def _rest_of(self, cursor: Cursor) -> tuple[str, int, bytes] | None:
        """What follows a place in a log that was sealed since: the segment's name, and where the rest begins in it."""
        path = find_segment(self._sealed.parent, cursor.device, cursor.inode)
        if path is None:
            return None
        file = LogFile(path, cursor)
        chunk = file.fresh()
        return None if chunk.is_replaced or file.has_stump else (path.name, chunk.start, chunk.data)

    def _follow_into_segments(self, events: list[Event]) -> bool:
        """Read on in what the log became, and in whatever segments came besides; False when it has to be anew."""
        now, known = self._segments(), set(self.position.segments)
        added = {name for name, *_ in set(now) - known}
        if not known <= set(now):
            return False
        if self.log.cursor.offset:
            rest = self._rest_of(self.log.cursor)
            if rest is None or rest[0] not in added:
                return False
            events += [event for _, event, _ in self._lines.decoded(*rest)]
            added.remove(rest[0])
            self.log.rewind()
        for name in sorted(added):
            for start, data in LogFile(self._sealed / name).blocks(sealed=True):
                events += [event for _, event, _ in self._lines.decoded(name, start, data)]
        self.position = replace(self.position, segments=now)
        return True

    def follow_condensed(self) -> None:
        """Vapor was just condensed, under the lock and caught up: nothing in it is new."""
        self._vapor.rewind()
        self._vapor.fresh()
        self._arrive(self.position.last, self.position.count)

    def _in_order(self, events: list[Event]) -> list[Event] | None:
        last = self.position.last
        for event in events:
            order = order_of(event)
            if order <= last:
                return self._sorted(events)
            last = order
        self._arrive(last, self.position.count + len(events))
        return events

    def _sorted(self, events: list[Event]) -> list[Event] | None:
        found = {order_of(event): event for event in events}
        if min(found) <= self.position.last:
            return None
        self._arrive(max(found), self.position.count + len(found))
        return [found[order] for order in sorted(found)]

    def _arrive(self, last: str, count: int) -> None:
        self.position = Position(
            log=self.log.cursor,
            vapor=self._vapor.cursor,
            segments=self.position.segments,
            last=last,
            count=count,
        )

    def _was_sealed_meanwhile(self) -> bool:
        """Whether the log became a segment while everything was read, so that neither was seen."""
        self._folder = None
        return self._segments() != self.position.segments

    def _is_orderly(self) -> bool:
        last = ""
        for (order,) in self._merged(_orders_of):
            if order < last:
                return False
            last = order
        return True

    def _merged(self, read: Read[Item]) -> Iterator[Item]:
        """All streams as one, in order where each of them is."""
        log, vapor = self._streams(read)
        return merge(log, vapor, key=_ORDER) if self._vapor.path.exists() else log

    def _streams(self, read: Read[Item]) -> list[Iterator[Item]]:
        """One stream of events for the segments and the log, one for vapor."""
        self.damaged.clear()
        self._folder = None
        self.position = Position(segments=self._segments())
        self.log.rewind()
        self._vapor.rewind()
        return [self._log_stream(read), read(self._vapor, False)]

    def _log_stream(self, read: Read[Item]) -> Iterator[Item]:
        """Segments and log behind each other, or merged where clones have sealed the same time in different ways."""
        ordered = runs(name for name, *_ in self.position.segments)
        streams = [self._run_stream(names, read) for names in ordered]
        log = read(self.log, False)
        reached = max((span_of(name)[1] for names in ordered for name in names), default="")
        if self._starts_before(reached):
            return merge(chain.from_iterable(streams), log, key=_ORDER)
        return chain(*streams, log)

    def _run_stream(self, names: list[str], read: Read[Item]) -> Iterator[Item]:
        streams = [read(LogFile(self._sealed / name), True) for name in names]
        return streams[0] if len(streams) == 1 else merge(*streams, key=_ORDER)

    def _starts_before(self, reached: str) -> bool:
        """Whether the log's first event may belong before the end of the segments."""
        if not reached:
            return False
        try:
            with self.log.path.open("rb") as file:
                start = file.read(len(SPLIT) + ID_CHARS)
        except OSError:
            return False
        return not start or start[len(SPLIT) + 4 :].decode(errors="replace") <= reached + "~"

    def _events_of(self, file: LogFile, is_sealed: bool) -> Iterator[Decoded]:
        for start, data in file.blocks(sealed=is_sealed):
            yield from self._lines.decoded(file.path.name, start, data)

    def _segments(self) -> Segments:
        """The sealed segments. They never change, only their number does, so the folder's own time tells."""
        try:
            folder = os.stat(self._sealed).st_mtime_ns  # noqa: PTH116  called with every read
        except OSError:
            return ()
        if folder != self._folder:
            self._scanned = self._scan_segments()
            self._folder = folder if time.time_ns() - folder > _SETTLED_NS else None
        return self._scanned

    def _scan_segments(self) -> Segments:
        try:
            with os.scandir(self._sealed) as entries:
                found = [
                    (each.name, each.stat()) for each in entries if each.name.endswith(".jsonl") and each.is_file()
                ]
        except OSError:
            return ()
        return tuple(sorted((name, status.st_size, status.st_mtime_ns) for name, status in found))


def _orders_of(file: LogFile, is_sealed: bool) -> Iterator[tuple[str]]:
    for _, data in file.blocks(sealed=is_sealed):
        yield from orders(data)
