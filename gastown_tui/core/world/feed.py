"""`feed.jsonl`: what is worth showing of the log, one event a line, in order, without checksums.

Left out are facts about the machinery itself (`SILENT`) and the beads of a file when it is first adopted: one line says
that it was.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from gastown_tui.core import events as e
from gastown_tui.core.world.disk import write_whole
from gastown_tui.core.world.envelope import Damaged, decode_event, without_crc
from gastown_tui.core.world.event_lines import ID_CHARS, SPLIT, order_of
from gastown_tui.core.world.event_log import ADOPTION

SILENT: frozenset[type[e.Fact]] = frozenset({e.LineKept, e.MailDelivered, e.NudgeTyped, e.NudgeSubmitted})
"""Facts the feed does not show; vapor is not shown either."""
_TAIL_BYTES = 16 * 1024
_TYPE_AT = len(SPLIT) + ID_CHARS
_IMPORTED = b'","event_type":"bead.imported","'
_ADOPTED = b',"correlation_id":"%b",' % ADOPTION.encode()


def is_shown(event: e.Event) -> bool:
    """Whether the feed shows an event. Depends on the event alone."""
    fact = event.fact
    if fact.vapor or type(fact) in SILENT:
        return False
    return not (isinstance(fact, e.BeadImported) and event.correlation_id == ADOPTION)


def may_show(line: bytes) -> bool:
    """Whether a line may be an event the feed shows: the beads of an adopted file are known without decoding them."""
    return not (line.startswith(_IMPORTED, _TYPE_AT) and _ADOPTED in line and line.find(SPLIT, 1) < 0)


class Feed:
    """The feed of one ledger."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def size(self) -> int:
        """How long it is; 0 when there is none."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def append(self, found: Iterable[tuple[e.Event, bytes]], size: int) -> int:
        """Add events to a feed that was `size` bytes long when it was last seen whole; return its size now.

        A projector that was killed may have left more behind: what is whole of it stays, the rest is cut.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            last = ""
            more = os.pread(descriptor, max(0, os.fstat(descriptor).st_size - size), size)
            if more:
                end = more.rfind(b"\n") + 1
                size += end
                os.ftruncate(descriptor, size)
                last = max((order_of(event) for event in _events(more[:end])), default="")
            data = _lines((event, line) for event, line in found if order_of(event) > last)
            while data:
                written = os.write(descriptor, data)
                size, data = size + written, data[written:]
            return size
        finally:
            os.close(descriptor)

    def replace(self, found: Iterable[tuple[e.Event, bytes]]) -> int:
        """Write the feed anew; return its size."""
        data = _lines(found)
        write_whole(self.path, data)
        return len(data)

    def newest(self, limit: int) -> list[e.Event]:
        """Its last events, oldest first; at most `limit`."""
        if limit <= 0:
            return []
        try:
            with self.path.open("rb") as file:
                end, take = file.seek(0, os.SEEK_END), _TAIL_BYTES
                while True:
                    start = max(0, end - take)
                    file.seek(start)
                    data = file.read(end - start)
                    if start == 0 or data.count(b"\n") > limit:
                        break
                    take *= 4
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        lines = whole.split(b"\n")[:-1]
        return _events(b"\n".join(lines[-limit:]))


def _lines(found: Iterable[tuple[e.Event, bytes]]) -> bytes:
    return b"".join(without_crc(line.rstrip(b"\r")) + b"\n" for event, line in found if is_shown(event))


def _events(data: bytes) -> list[e.Event]:
    events: list[e.Event] = []
    for line in data.split(b"\n"):
        if line:
            try:
                event = decode_event(line, needs_crc=False)
            except Damaged:
                continue
            if event is not None:
                events.append(event)
    return events
