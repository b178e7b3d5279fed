"""Sealed segments: older pieces of the log under `events/`, each moved there in one rename and never written again.

A segment keeps the inode the log had, so whoever was in the middle of it reads on there. Its name says which ids it
spans and what it holds: two clones that seal the same lines make the same file, and any others lie side by side.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from gastown_tui.core.world.disk import make_private, sync, write_whole

SEGMENT_BYTES = 8 * 1024 * 1024
"""A log that has grown this long is sealed."""
FOLDER = "events"
_EVENT, _OURS = b'{"event_id":"', b'{"event_id":"evt-'
_ID_CHARS = 26
_NAME = r"([0-9a-z]{14})-([0-9a-z]{14})-[0-9a-f]{12}\.jsonl"
_STEM = 14
"""How much of an id goes into a name: when it was issued, without the part that is chance."""


def span_of(name: str) -> tuple[str, str]:
    """The first and the last moment of the ids in a segment; of one that was put there by hand, all of time."""
    match = re.fullmatch(_NAME, name)
    return (match[1], match[2]) if match else ("", "~")


def runs(names: Iterable[str]) -> list[list[str]]:
    """Segments in the order of their ids; those that overlap share a run."""
    found: list[list[str]] = []
    reached = ""
    for (first, last), name in sorted((span_of(name), name) for name in names):
        if found and first <= reached:
            found[-1].append(name)
        else:
            found.append([name])
        reached = max(reached, last)
    return found


def find_segment(beads: Path, device: int, inode: int) -> Path | None:
    """The segment that the log with this identity became."""
    for path, status in _segments(beads):
        if (status.st_dev, status.st_ino) == (device, inode):
            return path
    return None


def has_sealed(beads: Path, inode: int, size: int) -> bool:
    """Whether the first bytes of what was the log stand in a segment."""
    return any(status.st_ino == inode and status.st_size >= size for _, status in _segments(beads))


def seal(log: Path) -> Path | None:
    """Make a segment of the log. Under the ledger's lock, with everything in the log on the disk.

    One rename does it; a process that dies before or after it leaves a ledger that needs no repair. Lines that came in
    with somebody else's segment are dropped first, and the log is left as it is when that makes it short.

    Returns:
        The segment; None when there is nothing of ours to seal.

    Raises:
        OSError: it could not be done; the log is where it was.
    """
    from hashlib import sha256

    data = log.read_bytes()
    lines = data.split(b"\n")
    ids = [name for line in lines if line.startswith(_OURS) and (name := line[len(_OURS) :][:_ID_CHARS]).isalnum()]
    if not ids or not data.endswith(b"\n") or _is_shared(lines):
        return None
    first, last = min(ids).decode()[:_STEM], max(ids).decode()[:_STEM]
    known = _known_lines(log.parent, first, last)
    fresh = [line for line in data.splitlines(keepends=True) if line not in known] if known else []
    if known and sum(map(len, fresh)) < len(data):
        write_whole(log, b"".join(fresh), mode=log.stat().st_mode & 0o777)
        return seal(log) if sum(map(len, fresh)) >= SEGMENT_BYTES else None
    folder = log.parent / FOLDER
    if not folder.is_dir():
        make_private(folder)
        sync(log.parent)
    segment = folder / f"{first}-{last}-{sha256(data).hexdigest()[:12]}.jsonl"
    mode = log.stat().st_mode & 0o777
    log.rename(segment)
    sync(folder)
    sync(log.parent)
    os.close(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, mode))
    return segment


def _is_shared(lines: list[bytes]) -> bool:
    """Whether another program keeps records of its own in the file. It would look for them where they were."""
    for line in lines:
        if line.startswith(b"{") and not line.startswith(_EVENT):
            with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                if isinstance(record := msgspec.json.decode(line), dict) and "event_id" not in record:
                    return True
    return False


def _known_lines(beads: Path, first: str, last: str) -> set[bytes]:
    """Lines of segments that reach into a span."""
    known: set[bytes] = set()
    for path, _ in _segments(beads):
        low, high = span_of(path.name)
        if low <= last and first <= high:
            # What git brought is not on the disk for certain, and our own copy of the lines is about to go.
            sync(path)
            known.update(path.read_bytes().splitlines(keepends=True))
    return known


def _segments(beads: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in sorted((beads / FOLDER).glob("*.jsonl")):
        with suppress(OSError):
            yield path, path.stat()
