"""Group commit: one `fdatasync` makes everything written before it durable, for everyone who waits."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from itertools import chain, repeat
from pathlib import Path
from zlib import crc32

from gastown_tui.core.errors import Conflict, LedgerDamaged
from gastown_tui.core.world.lock import FileLock, try_lock, unlock

_sync = getattr(os, "fdatasync", os.fsync)
_SYNC_WAIT_S = 60.0
_POLLS_S = (0.0005, 0.001, 0.002, 0.004)
"""Between looks at a sync under way: soon at first, then no oftener than a slow disk deserves."""
_RECORD = b"%d %d"
_LENGTH = 64


class Durable:
    """What is known to be on the disk of one log file.

    `local/synced` is lock and mark in one: it holds inode and offset of the last sync. Whoever gets the lock syncs for
    all that were written by then; the others watch the mark and find it done. Threads of one process send one of them.
    """

    def __init__(self, local: Path) -> None:
        self._path = local / "synced"
        self._failure = local / "sync-failed"
        self._turn = threading.Condition()
        self._is_at_it = False
        self._known = (0, 0)
        self._trusted = (0, 0)
        self._has_failed = False

    def refuse_after_failure(self) -> None:
        """Refuse to write to a log whose last sync failed.

        Raises:
            LedgerDamaged: it did, and nobody has verified the file since.
        """
        if self._has_failed or self._failure.exists():
            raise LedgerDamaged(
                f"{self._failure.parents[1]}: an earlier write could not be made durable",
                hint="gt doctor verifies the file and lets writing go on",
            )

    def clear_failure(self) -> None:
        """Writing may go on; the file was verified."""
        # Only when it is there: a file system that is read-only refuses even to look for it.
        if self._failure.exists():
            self._failure.unlink(missing_ok=True)
        self._has_failed = False

    def forget_beyond(self, inode: int, size: int) -> None:
        """Drop a mark that claims more than the file holds: it is left from a file that had the same inode once.

        Called under the ledger's lock, where no honest mark can lie beyond the end. A file that only grew since it was
        last asked about needs no second look.
        """
        known_inode, known_size = self._trusted
        self._trusted = (inode, size)
        if inode == known_inode and size >= known_size:
            return
        with FileLock(self._path, names_holder=False).hold(_SYNC_WAIT_S) as lock:
            marked_inode, marked = _read(lock)
            if marked_inode == inode and marked > size:
                _write(lock, 0, 0)
        self._known = (0, 0)

    def reach(self, path: Path, *, inode: int, offset: int) -> None:
        """Return once the first `offset` bytes of the file are on disk.

        Args:
            path: The log file.
            inode: The file that was written to.
            offset: Its size after the write.

        Raises:
            LedgerDamaged: the disk did not take it. Remembered: retrying a failed sync may lie.
        """
        with self._turn:
            while self._known[0] != inode or self._known[1] < offset:
                if not self._is_at_it:
                    self._is_at_it = True
                    break
                # Not a plain lock: whoever is covered by the sync just done must not queue behind the next one.
                self._turn.wait()
            else:
                return
        reached: tuple[int, int] | None = None
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                reached = self._reach(path, descriptor, inode, offset)
            finally:
                os.close(descriptor)
        finally:
            with self._turn:
                self._known, self._is_at_it = reached or self._known, False
                self._turn.notify_all()

    def _reach(self, path: Path, descriptor: int, inode: int, offset: int) -> tuple[int, int]:
        deadline = time.monotonic() + _SYNC_WAIT_S
        for pause in chain(_POLLS_S, repeat(_POLLS_S[-1])):
            marked = _read(descriptor)
            if marked[0] == inode and marked[1] >= offset:
                return marked
            if try_lock(descriptor):
                break
            if time.monotonic() > deadline:
                raise Conflict(f"{self._path} has been locked for {_SYNC_WAIT_S:g} s", hint="another process hangs")
            time.sleep(pause)
        try:
            marked = _read(descriptor)
            if marked[0] != inode or marked[1] < offset:
                # A sync that failed for somebody else failed for us: asking again may only seem to succeed.
                self.refuse_after_failure()
                marked = self._sync_now(path)
                _write(descriptor, *marked)
            return marked
        finally:
            unlock(descriptor)

    def _sync_now(self, path: Path) -> tuple[int, int]:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise self._failed(path, error) from error
        try:
            status = os.fstat(descriptor)
            _sync(descriptor)
        except OSError as error:
            raise self._failed(path, error) from error
        finally:
            os.close(descriptor)
        return status.st_ino, status.st_size

    def _failed(self, path: Path, error: OSError) -> LedgerDamaged:
        self._has_failed = True
        with suppress(OSError):
            self._failure.write_text(f"{path.name}: {error}\n")
        return LedgerDamaged(
            f"{path} could not be made durable: {error.strerror}",
            hint="the disk may be failing; gt doctor verifies the file and lets writing go on",
        )


def _read(descriptor: int) -> tuple[int, int]:
    """The mark. It is read without the lock too, so it carries a checksum against a half-written one."""
    data = os.pread(descriptor, _LENGTH, 0)
    record, _, crc = data.rstrip().rpartition(b" ")
    if crc != b"%08x" % crc32(record):
        return 0, 0
    inode, offset = record.split()
    return int(inode), int(offset)


def _write(descriptor: int, inode: int, offset: int) -> None:
    record = _RECORD % (inode, offset)
    os.pwrite(descriptor, (b"%b %08x" % (record, crc32(record))).ljust(_LENGTH - 1) + b"\n", 0)
