"""Variables that must not stand on a command line, which everybody can read: handed over in a private file."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from gastown_tui.core.errors import ToolFailed

TAKE_UP = 'taken=$1; shift; . "$taken"; rm -f "$taken"; unset taken; cd "$0" && exec "$@"'
"""What sh does with such a file, named by its first argument, before it becomes the program."""
_STEM = "env-"
_OLD_S = 60


def lay_down(directory: Path, variables: Mapping[str, str]) -> Path:
    """Write variables where only their owner and the session about to start can read them; it takes them away.

    Raises:
        ToolFailed: there is no room for them.
    """
    _sweep(directory)
    path = directory / f"{_STEM}{os.urandom(8).hex()}"
    text = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        path.unlink(missing_ok=True)
        raise ToolFailed(f"a session's variables cannot be written to {directory}: {error.strerror}") from error
    return path


def _sweep(directory: Path) -> None:
    """Take away what sessions left behind that were killed before they read it."""
    for path in directory.glob(f"{_STEM}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _OLD_S:
                path.unlink()
