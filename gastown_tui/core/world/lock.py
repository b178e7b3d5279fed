"""Advisory locks between processes: `flock` on a file that is never replaced, a bounded wait, a named holder."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gastown_tui.core.errors import Conflict, GastownError

_POLLS_S = (0.0002, 0.0005, *(0.001,) * 1)
"""Short waits before a thread is spent on a blocking one: the lock is held for less than a millisecond as a rule."""
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


class FileLock:
    """One lock file. Each `hold` opens it anew, so threads exclude each other as processes do."""

    def __init__(self, path: Path, *, names_holder: bool = True) -> None:
        self.path = path
        self._names_holder = names_holder

    @contextmanager
    def hold(self, timeout_s: float) -> Iterator[int]:
        """Hold the lock; yields the descriptor of its file.

        Raises:
            Conflict: somebody else held it for all of `timeout_s`; the message says who.
            OSError: the file cannot be opened.
        """
        descriptor = self._open()
        try:
            if not try_lock(descriptor) and not _wait(descriptor, timeout_s):
                raise Conflict(
                    f"{self.path.parent.parent} is locked by {self._holder(descriptor)}",
                    hint=f"waited {timeout_s:g} s; try again when it is done, or end that process",
                )
            if self._names_holder:
                os.pwrite(descriptor, b"%-12d\n" % os.getpid(), 0)
            yield descriptor
        finally:
            # Unlock in words: a forked child may hold a copy of the descriptor, and closing ours would not free it.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    @contextmanager
    def attempt(self) -> Iterator[bool]:
        """Hold the lock if it is free right now; yields whether it is held."""
        descriptor = self._open()
        try:
            yield try_lock(descriptor)
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def _holder(self, descriptor: int) -> str:
        return holder(descriptor) if self._names_holder else "another process"

    def _open(self) -> int:
        return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


class Presence:
    """Who is in the middle of a write, so that the last one out can be told from the others.

    Everybody present holds a shared lock; whoever, having let go of theirs, gets the file for themselves alone was
    the last. Of several who leave at once at least one finds it so.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def enter(self) -> int:
        """Be present; returns what `leave` wants."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        for pause in (*_POLLS_S, 0.0):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
                break
            except OSError:
                # Somebody is just finding out whether they are the last. Unseen we do no harm: work done twice.
                time.sleep(pause)
        return descriptor

    def is_nobody(self) -> bool:
        """Whether nobody is present."""
        return self.leave(self.enter())

    def leave(self, descriptor: int) -> bool:
        """Be gone; True when nobody else is present."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        else:
            return True
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)


def holder(descriptor: int) -> str:
    """Who wrote their pid into a lock file last, with the command when the system tells."""
    try:
        pid = int(os.pread(descriptor, 12, 0) or b"0")
    except ValueError:
        return "another process"
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return f"process {pid}"
    command = " ".join(word.decode(errors="replace") for word in words[:6] if word)
    return f"process {pid} ({command[:80]})"


def probe(directory: Path) -> str:
    """Why locks in a directory cannot be trusted; empty when they can.

    A file system is judged by what it does, not by its name: two descriptions of one file must exclude each other.
    """
    path = directory / f".lock-probe-{os.getpid()}-{threading.get_ident()}"
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    descriptors = [os.open(path, flags, 0o600), os.open(path, flags, 0o600)]
    try:
        if not try_lock(descriptors[0]):
            return "a fresh lock was refused"
        return "two holders were let in at once" if try_lock(descriptors[1]) else ""
    except GastownError as error:
        return error.message
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
        path.unlink(missing_ok=True)


def try_lock(descriptor: int) -> bool:
    """Take the lock of an open file if it is free.

    Raises:
        GastownError: the file system has no locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            raise GastownError(
                f"this file system has no file locks ({error.strerror})",
                hint="keep the town on a local disk; --unsafe-fs insists",
            ) from error
        raise
    return True


def unlock(descriptor: int) -> None:
    """Free the lock of an open file, for every copy of the descriptor."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def _wait(descriptor: int, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    for pause in _POLLS_S:
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        if try_lock(descriptor):
            return True
    return _wait_blocked(descriptor, deadline - time.monotonic())


def _wait_blocked(descriptor: int, timeout_s: float) -> bool:
    """Wait in the kernel's queue: fair among many writers and free of polling.

    The wait itself cannot be given a deadline, so a thread waits on a duplicate. A duplicate shares the lock; when
    the deadline passes first, the thread gives the lock back as soon as it gets it.
    """
    duplicate = os.dup(descriptor)
    guard = threading.Lock()
    outcome = {"held": False, "late": False}
    done = threading.Event()

    def block() -> None:
        try:
            fcntl.flock(duplicate, fcntl.LOCK_EX)
            with guard:
                outcome["held"] = not outcome["late"]
                if outcome["late"]:
                    fcntl.flock(duplicate, fcntl.LOCK_UN)
        finally:
            os.close(duplicate)
            done.set()

    threading.Thread(target=block, name="lock-wait", daemon=True).start()
    done.wait(max(0.0, timeout_s))
    with guard:
        outcome["late"] = not outcome["held"]
        return outcome["held"]
