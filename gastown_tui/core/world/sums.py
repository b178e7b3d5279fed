"""Checksums of a file piece by piece, so that changing a line does not mean reading all the others again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias
from zlib import crc32

from gastown_tui.core.world.on_disk import OnDisk

_PIECE = 1 << 20

Sums: TypeAlias = tuple[tuple[int, int], ...]
"""Size and CRC-32 of each piece, in the order of the file. Pieces are as long as it came about."""
Edit: TypeAlias = tuple[int, int, bytes]
"""Which bytes of a file are replaced, and by what. Several stand in order and do not overlap."""


def sums_of(data: bytes) -> Sums:
    """The sums of a file's bytes."""
    if len(data) <= 2 * _PIECE:
        return ((len(data), crc32(data)),) if data else ()
    view = memoryview(data)
    pieces = (view[at : at + _PIECE] for at in range(0, len(data), _PIECE))
    return tuple((len(piece), crc32(piece)) for piece in pieces)


def is_of(sums: Sums, data: bytes) -> bool:
    """Whether these are the sums of a file's bytes."""
    view, at = memoryview(data), 0
    for size, crc in sums:
        if crc32(view[at : at + size]) != crc:
            return False
        at += size
    return at == len(data)


def sums_after(sums: Sums, edits: Iterable[Edit], file: bytes | OnDisk) -> Sums:
    """The sums of a file after some edits.

    Args:
        sums: Those before.
        edits: What is replaced.
        file: The file as it was; only the pieces that change are read.
    """
    waiting = list(edits)
    made: list[tuple[int, int]] = []
    start = at = 0
    """Where the pieces begin that are not yet accounted for, and where the current one does."""
    for number, (size, crc) in enumerate(sums):
        end, is_last = at + size, number == len(sums) - 1
        mine = [edit for edit in waiting if edit[0] < end or is_last]
        if not mine and start == at:
            made.append((size, crc))
            start = end
        elif is_last or (max(edit[1] for edit in mine) if mine else 0) <= end:
            made += sums_of(spliced(file[start:end], [(low - start, high - start, new) for low, high, new in mine]))
            start, waiting = end, waiting[len(mine) :]
        at = end
    if not sums:
        return sums_of(spliced(b"", waiting))
    return tuple(made)


def spliced(data: bytes, edits: Iterable[Edit]) -> bytes:
    """Bytes after some edits."""
    view, at = memoryview(data), 0
    pieces: list[bytes | memoryview] = []
    for start, end, new in edits:
        pieces += (view[at:start], new)
        at = end
    pieces.append(view[at:])
    return b"".join(pieces)
