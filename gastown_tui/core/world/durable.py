"""Group commit: one `fdatasync` makes everything written before it durable, for everyone who waits."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from gastown_tui.core.errors import LedgerDamaged
from gastown_tui.core.world.lock import FileLock

_sync = getattr(os, "fdatasync", os.fsync)
_SYNC_WAIT_S = 60.0
_RECORD = 40


class Durable:
    """What is known to be on the disk of one log file.

    `local/synced` holds inode and offset of the last sync. Writers queue on `local/sync.lock`; whoever gets in
    first syncs for all that were written by then, and the others find it done.
    """

    def __init__(self, local: Path) -> None:
        self._lock = FileLock(local / "sync.lock")
        self._mark = local / "synced"
        self._failure = local / "sync-failed"

    def refuse_after_failure(self) -> None:
        """Refuse to write to a log whose last sync failed.

        Raises:
            LedgerDamaged: it did, and nobody has verified the file since.
        """
        if self._failure.exists():
            raise LedgerDamaged(
                f"{self._mark.parent.parent}: an earlier write could not be made durable",
                hint="gt doctor verifies the file and lets writing go on",
            )

    def clear_failure(self) -> None:
        """Writing may go on; the file was verified."""
        self._failure.unlink(missing_ok=True)

    def forget_beyond(self, inode: int, size: int) -> None:
        """Drop a mark that claims more than the file holds: it is left from a file that had the same inode once.

        Called under the ledger's lock, where no honest mark can lie beyond the end.
        """
        marked_inode, marked = self._read()
        if marked_inode == inode and marked > size:
            self._write(0, 0)

    def reach(self, path: Path, *, inode: int, offset: int) -> None:
        """Return once the first `offset` bytes of the file are on disk.

        Args:
            path: The log file.
            inode: The file that was written to.
            offset: Its size after the write.

        Raises:
            LedgerDamaged: the disk did not take it. Remembered: retrying a failed sync may lie.
        """
        with self._lock.hold(_SYNC_WAIT_S):
            marked_inode, marked = self._read()
            if marked_inode != inode or marked < offset:
                self._sync_now(path)

    def _sync_now(self, path: Path) -> None:
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
        self._write(status.st_ino, status.st_size)

    def _failed(self, path: Path, error: OSError) -> LedgerDamaged:
        with suppress(OSError):
            self._failure.write_text(f"{path.name}: {error}\n")
        return LedgerDamaged(
            f"{path} could not be made durable: {error.strerror}",
            hint="the disk may be failing; gt doctor verifies the file and lets writing go on",
        )

    def _read(self) -> tuple[int, int]:
        try:
            inode, offset = self._mark.read_bytes().split()
            return int(inode), int(offset)
        except (OSError, ValueError):
            return 0, 0

    def _write(self, inode: int, offset: int) -> None:
        descriptor = os.open(self._mark, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(descriptor, b"%-*d %-*d\n" % (_RECORD // 2, inode, _RECORD // 2, offset), 0)
        finally:
            os.close(descriptor)
