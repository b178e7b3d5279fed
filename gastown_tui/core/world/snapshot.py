"""The last good projection's address: how far the log was read, which files came of it, and the registers.

A snapshot is a cache. Whatever is wrong with it (missing, damaged, from another version, of other files) costs a full
fold and nothing else.
"""

from __future__ import annotations

import os
from pathlib import Path
from zlib import crc32

import msgspec

from gastown_tui.core.fold import Registers
from gastown_tui.core.world.disk import Staged, stage
from gastown_tui.core.world.event_log import Position
from gastown_tui.core.world.sums import Sums

VERSION = 2


class Stamp(msgspec.Struct, frozen=True):
    """A projected file as it was left: by the first three it is recognised without being read."""

    inode: int
    size: int
    mtime_ns: int
    sums: Sums
    lead: bytes = b""
    """See `lines.find_lead`."""
    count: int = 0
    """How many lines it has."""

    def fits(self, status: os.stat_result) -> bool:
        """Whether a file with this status is the one."""
        return (self.inode, self.size, self.mtime_ns) == (status.st_ino, status.st_size, status.st_mtime_ns)


class Header(msgspec.Struct, frozen=True):
    """Everything but the registers."""

    version: int
    position: Position
    issues: Stamp | None = None
    messages: Stamp | None = None
    feed_size: int = 0


class Snapshot(msgspec.Struct, frozen=True):
    """A snapshot as read; the registers stay text until somebody wants them."""

    header: Header
    text: bytes

    def registers(self) -> Registers:
        """The registers, fresh for the caller to change."""
        return msgspec.json.decode(self.text, type=Registers)


def load_snapshot(path: Path) -> Snapshot | None:
    """Read a snapshot; None when there is none worth using."""
    try:
        crc, header, text = path.read_bytes().split(b"\n", 2)
        if crc != b"%08x" % crc32(text, crc32(header)):
            return None
        snapshot = Snapshot(msgspec.json.decode(header, type=Header), text)
    except (OSError, ValueError, msgspec.DecodeError):
        return None
    return snapshot if snapshot.header.version == VERSION else None


def stage_snapshot(path: Path, header: Header, registers: Registers) -> Staged:
    """Write a snapshot beside its place. Not synced: after a power cut the checksum tells."""
    head, text = msgspec.json.encode(header), msgspec.json.encode(registers)
    return stage(path, b"%08x\n%b\n%b" % (crc32(text, crc32(head)), head, text), sync=False)
