"""The event log of one ledger as bytes: read what is new, append whole records, cut back what did not fit."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gastown_tui.core.errors import GastownError
from gastown_tui.core.world.disk import make_private, sync

_TAIL_BYTES = 256
_BLOCK_BYTES = 4 * 1024 * 1024
_WORDS = {
    errno.ENOSPC: ("the disk is full", "free some space; nothing was written"),
    errno.EDQUOT: ("the disk quota is used up", "free some space; nothing was written"),
    errno.EFBIG: ("the file would grow beyond its size limit", "see ulimit -f; nothing was written"),
    errno.EROFS: ("the file system is read-only", "nothing was written"),
    errno.EACCES: ("permission denied", "nothing was written"),
    errno.EPERM: ("permission denied", "nothing was written"),
}


def in_words(error: OSError, path: Path) -> GastownError:
    """A failed write as something a person can be told."""
    what, hint = _WORDS.get(error.errno or 0, (error.strerror or str(error), "nothing was written"))
    return GastownError(f"cannot write {path}: {what}", hint=hint)


class Cursor(msgspec.Struct, frozen=True):
    """How far a file was read, and enough of it to notice that another took its place."""

    device: int = 0
    inode: int = 0
    offset: int = 0
    tail: bytes = b""
    """The last bytes before `offset`."""


class Chunk(msgspec.Struct, frozen=True):
    """What a read brought.

    Attributes:
        data: Whole lines, each with its newline.
        start: Where in the file they begin.
        is_replaced: The file is not the one read before; what was folded from it must be folded anew.
    """

    data: bytes
    start: int
    is_replaced: bool


class LogFile:
    """One append-only file of lines, followed by its path."""

    def __init__(self, path: Path, cursor: Cursor | None = None) -> None:
        self.path = path
        self.cursor = cursor or Cursor()
        self.has_stump = False
        """The last read found an unfinished line at the end."""
        self._seen: tuple[int, int, int] | None = None
        """Size and identity of the file when it was last read to its end."""

    def fresh(self) -> Chunk:
        """Read whole lines appended since the last call. An unfinished last line is left for later.

        Raises:
            GastownError: the file is there but cannot be read.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            replaced = self.cursor.offset > 0
            self.rewind()
            return Chunk(b"", 0, replaced)
        except OSError as error:
            raise GastownError(f"cannot read {self.path}: {error.strerror}") from error
        try:
            return self._read(descriptor)
        finally:
            os.close(descriptor)

    def rewind(self) -> None:
        """Forget everything read."""
        self.cursor = Cursor()
        self._seen = None

    def step(self, records: bytes) -> None:
        """Step over records just appended to a file that was read to its end."""
        at = self.cursor
        if at.inode == 0:
            status = self.path.stat()
            at = Cursor(device=status.st_dev, inode=status.st_ino)
        tail = (at.tail + records)[-_TAIL_BYTES:]
        self.cursor = Cursor(device=at.device, inode=at.inode, offset=at.offset + len(records), tail=tail)
        self._seen = (self.cursor.offset, at.inode, at.device)

    def blocks(self, *, sealed: bool = False) -> Iterator[tuple[int, bytes]]:
        """The rest of the file in blocks of whole lines, each with its offset; the cursor follows.

        A sealed file's last line counts even without a newline: nobody will finish it.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return
        except OSError as error:
            raise GastownError(f"cannot read {self.path}: {error.strerror}") from error
        try:
            status = os.fstat(descriptor)
            size = _BLOCK_BYTES
            self.has_stump = False
            while data := _read_all(descriptor, self.cursor.offset, size):
                start = self.cursor.offset
                end = data.rfind(b"\n") + 1
                if sealed and start + len(data) >= status.st_size:
                    end = len(data)
                self.has_stump = end < len(data) < size
                self._seen = (start + len(data), status.st_ino, status.st_dev)
                if end == 0:
                    if self.has_stump:
                        return
                    size *= 2
                    continue
                tail = (self.cursor.tail + data[max(0, end - _TAIL_BYTES) : end])[-_TAIL_BYTES:]
                self.cursor = Cursor(device=status.st_dev, inode=status.st_ino, offset=start + end, tail=tail)
                yield start, data[:end]
        finally:
            os.close(descriptor)

    def is_stale(self) -> bool:
        """Whether the file has changed since the last read, by its size and identity alone."""
        try:
            status = os.stat(self.path)  # noqa: PTH116  called many times a second
        except OSError:
            return self.cursor.offset > 0
        at = self.cursor
        seen = self._seen or (at.offset, at.inode, at.device)
        return (status.st_size, status.st_ino, status.st_dev) != seen

    def _read(self, descriptor: int) -> Chunk:
        status = os.fstat(descriptor)
        at = self.cursor
        known = (status.st_dev, status.st_ino) == (at.device, at.inode) and status.st_size >= at.offset
        start = max(0, at.offset - len(at.tail)) if known else 0
        data = _read_all(descriptor, start, status.st_size - start)
        if known and data[: at.offset - start] != at.tail:
            known, start = False, 0
            data = _read_all(descriptor, 0, status.st_size)
        skip = at.offset - start if known else 0
        end = data.rfind(b"\n") + 1
        end = max(end, skip)
        self.has_stump = end < len(data)
        self._seen = (start + len(data), status.st_ino, status.st_dev)
        self.cursor = Cursor(
            device=status.st_dev,
            inode=status.st_ino,
            offset=start + end,
            tail=data[max(0, end - _TAIL_BYTES) : end] if end else at.tail,
        )
        return Chunk(data[skip:end], start + skip, not known and at.offset > 0)


class Appender:
    """The writing side of a log file; used under the ledger's lock only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def seal(self) -> bool:
        """Finish an unfinished last line, so that the next record begins on its own. True when there was one."""
        try:
            with self.path.open("rb") as file:
                if file.seek(0, os.SEEK_END) == 0:
                    return False
                file.seek(-1, os.SEEK_END)
                if file.read(1) == b"\n":
                    return False
        except FileNotFoundError:
            return False
        self.append(b"\n")
        return True

    def append(self, records: bytes) -> tuple[int, int, int]:
        """Append whole records in one write.

        Returns:
            The file's inode, its size before and its size after.

        Raises:
            GastownError: there was no room; the file is as it was.
        """
        try:
            descriptor, is_new = self._open()
        except OSError as error:
            raise in_words(error, self.path) from error
        try:
            status = os.fstat(descriptor)
            try:
                written = os.write(descriptor, records)
                if written != len(records):
                    # The rest would fail; asking again turns the short count into the reason.
                    os.write(descriptor, records[written:])
                    raise OSError(errno.ENOSPC, "short write")
                if is_new:
                    sync(self.path.parent)
            except OSError as error:
                os.ftruncate(descriptor, status.st_size)
                raise in_words(error, self.path) from error
            return status.st_ino, status.st_size, status.st_size + len(records)
        finally:
            os.close(descriptor)

    def cut_back(self, size: int) -> None:
        """Take back records just appended, because the transaction they belong to could not be finished."""
        os.truncate(self.path, size)

    def _open(self) -> tuple[int, bool]:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        try:
            return os.open(self.path, flags), False
        except FileNotFoundError:
            make_private(self.path.parent)
            return os.open(self.path, flags | os.O_CREAT, 0o600), True


def _read_all(descriptor: int, start: int, size: int) -> bytes:
    pieces: list[bytes] = []
    while size > 0:
        piece = os.pread(descriptor, min(size, 1 << 30), start)
        if not piece:
            break
        pieces.append(piece)
        start += len(piece)
        size -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
