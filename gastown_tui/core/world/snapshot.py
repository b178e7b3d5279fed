"""The last good projection's address: how far the log was read, which files came of it, and the registers.

A snapshot is a cache. Whatever is wrong with it (missing, damaged, from another version, of other files) costs a full
fold and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from zlib import crc32

import msgspec
from msgspec.structs import replace

from gastown_tui.core.fold import Registers
from gastown_tui.core.model.ids import BeadId
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


class LatePlaces(MutableMapping[BeadId, int]):
    """The line numbers of an adopted file, one for each of its beads; read when somebody asks for one.

    Attributes:
        text: What they are read from, as long as it says the same.
    """

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._places: dict[BeadId, int] | None = None

    def __bool__(self) -> bool:
        return bool(self.text or self._places)

    def __getitem__(self, bead_id: BeadId) -> int:
        return self._read()[bead_id]

    def __contains__(self, bead_id: object) -> bool:
        return bead_id in self._read()

    def __setitem__(self, bead_id: BeadId, place: int) -> None:
        self._read()[bead_id] = place
        self.text = b""

    def __delitem__(self, bead_id: BeadId) -> None:
        del self._read()[bead_id]
        self.text = b""

    def __iter__(self) -> Iterator[BeadId]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def _read(self) -> dict[BeadId, int]:
        if self._places is None:
            self._places = msgspec.json.decode(self.text, type=dict[BeadId, int])
        return self._places


class Snapshot(msgspec.Struct, frozen=True):
    """A snapshot as read; the registers stay text until somebody wants them."""

    header: Header
    text: bytes
    places: bytes = b""

    def registers(self) -> Registers:
        """The registers, fresh for the caller to change."""
        registers = msgspec.json.decode(self.text, type=Registers)
        if self.places:
            registers.positions = LatePlaces(self.places)
        return registers


def load_snapshot(path: Path) -> Snapshot | None:
    """Read a snapshot; None when there is none worth using."""
    try:
        crc, header, text, places = path.read_bytes().split(b"\n", 3)
        if crc != b"%08x" % crc32(places, crc32(text, crc32(header))):
            return None
        snapshot = Snapshot(msgspec.json.decode(header, type=Header), text, places)
    except (OSError, ValueError, msgspec.DecodeError):
        return None
    return snapshot if snapshot.header.version == VERSION else None


def stage_snapshot(path: Path, header: Header, registers: Registers) -> Staged:
    """Write a snapshot beside its place. Not synced: after a power cut the checksum tells."""
    positions = registers.positions
    places = positions.text if isinstance(positions, LatePlaces) else b""
    if positions and not places:
        places = msgspec.json.encode(dict(positions))
    head, text = msgspec.json.encode(header), msgspec.json.encode(replace(registers, positions={}))
    crc = crc32(places, crc32(text, crc32(head)))
    return stage(path, b"%08x\n%b\n%b\n%b" % (crc, head, text, places), sync=False)
