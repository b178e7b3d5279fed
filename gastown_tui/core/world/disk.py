"""The town's own folders and files: private modes, whole writes, nothing removed outside its place."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from gastown_tui.core.errors import BadInput, GastownError, NotFound, Refused
from gastown_tui.core.model.ids import shown
from gastown_tui.core.world.on_disk import OnDisk
from gastown_tui.core.world.regular import read_regular
from gastown_tui.core.world.sums import Edit

_NO_COPYING = {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF}
"""The system does not copy between files here; we do it then."""


def make_private(path: Path) -> None:
    """A directory and its missing parents, readable by their owner alone; there already is fine.

    Raises:
        GastownError: it cannot be made.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()]
    try:
        for each in reversed(missing):
            each.mkdir(mode=0o700, exist_ok=True)
        if not path.is_dir():
            raise GastownError(f"{shown(str(path), 200)} is in the way: a directory is wanted there")
    except OSError as error:
        raise GastownError(f"cannot make {shown(str(path), 200)}: {error.strerror}") from error


class Staged:
    """A file's new content, written under a unique name beside it and waiting to take its place.

    Attributes:
        status: What will stand there; a rename changes none of it but the change time.
    """

    def __init__(self, path: Path, temporary: Path, status: os.stat_result) -> None:
        self._path = path
        self._temporary = temporary
        self.status = status

    def commit(self) -> None:
        """Take the file's place in one step."""
        self._temporary.replace(self._path)

    def discard(self) -> None:
        """Leave nothing behind; harmless after `commit`."""
        self._temporary.unlink(missing_ok=True)


def stage(path: Path, data: bytes, *, mode: int = 0o600, sync: bool = True) -> Staged:
    """Write a file's new content beside it.

    Raises:
        OSError: it could not be written; nothing is left behind.
    """
    return stage_by(path, partial(_write_all, data=data), mode=mode, sync=sync)


def stage_by(path: Path, write: Callable[[int], None], *, mode: int = 0o600, sync: bool = True) -> Staged:
    """Let somebody write a file's new content beside it, through the descriptor they are given.

    Raises:
        OSError: it could not be written; nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid():x}-{os.urandom(4).hex()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        try:
            write(descriptor)
            os.fchmod(descriptor, mode)
            if sync:
                os.fsync(descriptor)
            return Staged(path, temporary, os.fstat(descriptor))
        finally:
            os.close(descriptor)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_edited(descriptor: int, source: OnDisk, edits: Iterable[Edit]) -> None:
    """Write a file as it is after some edits; what stays is copied by the system, not by us."""
    at = 0
    for start, end, new in edits:
        _copy(source, descriptor, at, start)
        _write_all(descriptor, new)
        at = end
    _copy(source, descriptor, at, len(source))


def _copy(source: OnDisk, descriptor: int, start: int, end: int) -> None:
    while start < end:
        try:
            copied = os.copy_file_range(source.descriptor, descriptor, end - start, offset_src=start)
        except OSError as error:
            if error.errno not in _NO_COPYING:
                raise
            copied = 0
        if copied == 0:
            _write_all(descriptor, source[start:end])
            return
        start += copied


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def write_whole(path: Path, data: bytes, *, mode: int = 0o600, sync: bool = True) -> None:
    """Replace a file in one step: unique temporary name beside it, sync, rename.

    Raises:
        OSError: it could not be written; the old file is untouched and nothing is left behind.
    """
    staged = stage(path, data, mode=mode, sync=sync)
    try:
        staged.commit()
    except BaseException:
        staged.discard()
        raise


def sync(path: Path) -> None:
    """Put a file on the disk, or the names in a directory."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class DiskFiles:
    """The `Files` port on the local disk."""

    def make_directory(self, path: Path) -> None:
        """A private directory and its parents; there already is fine."""
        make_private(path)

    def temporary(self, stem: str) -> Path:
        """A fresh private directory where the system keeps temporary ones."""
        import tempfile

        return Path(tempfile.mkdtemp(prefix=stem))

    def exists(self, path: Path) -> bool:
        """Whether something is there."""
        return path.exists() or path.is_symlink()

    def names(self, path: Path) -> tuple[str, ...]:
        """What a directory holds, sorted; empty when there is none."""
        try:
            return tuple(sorted(each.name for each in path.iterdir()))
        except (FileNotFoundError, NotADirectoryError):
            return ()

    def read_text(self, path: Path, *, limit_bytes: int = 1_000_000) -> str:
        """A file's text.

        Raises:
            NotFound: there is none.
            BadInput: it is longer than the limit, not text, or no regular file.
        """
        try:
            data = read_regular(path, limit_bytes + 1)
        except FileNotFoundError as error:
            raise NotFound(f"there is no file {shown(str(path), 200)}") from error
        except OSError as error:
            raise BadInput(f"{shown(str(path), 200)} cannot be read: {error.strerror}") from error
        if len(data) > limit_bytes:
            raise BadInput(f"{shown(str(path), 200)} is longer than {limit_bytes} bytes")
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise BadInput(f"{shown(str(path), 200)} is not UTF-8 text") from error

    def write_text(self, path: Path, text: str, *, executable: bool = False) -> None:
        """Write a file whole: temporary name, sync, rename."""
        make_private(path.parent)
        try:
            write_whole(path, text.encode(), mode=0o700 if executable else 0o600)
        except OSError as error:
            raise GastownError(f"cannot write {shown(str(path), 200)}: {error.strerror}") from error

    def append_line(self, path: Path, line: str) -> None:
        """Add one line at a file's end; one that was left unfinished there is ended first."""
        make_private(path.parent)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                size = os.fstat(descriptor).st_size
                is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                data = ("\n" if is_torn else "").encode() + line.encode() + b"\n"
                if os.write(descriptor, data) != len(data):
                    raise GastownError(f"{shown(str(path), 200)} could not be written whole: no space is left")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise GastownError(f"cannot write {shown(str(path), 200)}: {error.strerror}") from error

    def remove_tree(self, path: Path, *, inside: Path) -> None:
        """Remove a directory the town made; refused unless it lies strictly inside `inside`.

        Links are removed, never followed.
        """
        import shutil

        real, fence = path.parent.resolve() / path.name, inside.resolve()
        if fence not in real.parents or ".." in path.parts:
            raise Refused(f"{shown(str(path), 200)} does not lie inside {shown(str(inside), 200)}")
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.exists():
            shutil.rmtree(path)

    def create_ledger(self, directory: Path, *, prefix: str) -> None:
        """Set up a `.beads` in a directory that has none."""
        from gastown_tui.core.world.founding import create_ledger

        create_ledger(directory, prefix)

    def set_setting(self, file: Path, key: str, value: str) -> None:
        """Change one dotted key of a settings file, keeping what people wrote around it.

        Raises:
            BadInput: the key is unknown or the value not of its type; nothing is written.
        """
        from gastown_tui.core.world.settings_file import set_setting

        self.write_text(file, set_setting(file, key, value))
