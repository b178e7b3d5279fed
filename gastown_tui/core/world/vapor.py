"""Vapor kept small: of what only tells that somebody was there, the last word of each is enough."""

from __future__ import annotations

from pathlib import Path

from gastown_tui.core.world.disk import stage
from gastown_tui.core.world.envelope import Damaged, decode_event
from gastown_tui.core.world.files import status_of

LIMIT_BYTES = 1 << 20
"""A file up to this size is left alone: whoever follows it has to read a new one from its beginning."""


def condense(path: Path) -> bool:
    """Put a file in the place of one grown large that has the last event of each kind by each actor; whether it did.

    Called under the ledger's lock. A crash leaves the one file or the other.

    Raises:
        OSError: there was no room; the file is as it was.
    """
    status = status_of(path)
    if status is None or status.st_size <= LIMIT_BYTES:
        return False
    last: dict[tuple[str, str], tuple[str, bytes]] = {}
    for line in path.read_bytes().split(b"\n"):
        try:
            event = decode_event(line) if line else None
        except Damaged:
            continue
        if event is not None:
            key = (event.event_type, event.actor)
            last[key] = max(last.get(key, ("", b"")), (event.event_id, line))
    kept = b"".join(line + b"\n" for _, line in sorted(last.values()))
    if len(kept) * 2 > status.st_size:
        return False
    stage(path, kept).commit()
    return True
