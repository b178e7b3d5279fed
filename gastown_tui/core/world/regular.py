"""Reading files that others may have put there: a pipe would have us wait for ever, a device would never end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_HANDED = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")
"""What whoever calls us holds open for us; that may be a pipe."""


def read_regular(path: Path, limit: int = -1) -> bytes:
    """The bytes of a regular file, at most `limit` of them; of a pipe only when the caller handed it over.

    Raises:
        OSError: it cannot be read, or is something else.
    """
    is_handed = str(path).startswith(_HANDED)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | (0 if is_handed else os.O_NONBLOCK))
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not (is_handed or stat.S_ISREG(mode)):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(limit)
    finally:
        os.close(descriptor)
