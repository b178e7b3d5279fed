"""A file that is searched where it lies: of a large one most of its bytes are never read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from gastown_tui.core.errors import GastownError

_PAGE = 8 * 1024
_PATIENCE = 200
"""Whoever reads more pieces than this does better with all of it at once, up to the next size."""
_LARGE = 64 * 1024 * 1024


class OnDisk:
    """An open file with the methods of `bytes` that searching needs.

    It keeps the file it opened, whatever takes its place later.

    Attributes:
        status: The file as it was when it was opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._whole: bytes | None = None
        self._asked = 0
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        self.status = os.fstat(self.descriptor)

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        # The module's own names may be gone by the time a program ends.
        try:
            close(self.descriptor)
        except (AttributeError, OSError):
            return

    def __len__(self) -> int:
        return self.status.st_size

    def whole(self) -> bytes:
        """Everything; kept from then on."""
        if self._whole is None:
            self._whole = self[:]
        return self._whole

    def __getitem__(self, place: slice) -> bytes:
        """The bytes of a slice without steps.

        Raises:
            GastownError: somebody cut the file meanwhile.
        """
        if self._whole is not None:
            return self._whole[place]
        start, end, _ = place.indices(len(self))
        self._asked += 1
        if self._asked > _PATIENCE and start + len(self) - end and len(self) <= _LARGE:
            return self.whole()[place]
        pieces: list[bytes] = []
        while start < end:
            piece = os.pread(self.descriptor, min(end - start, 1 << 30), start)
            if not piece:
                raise GastownError(f"{self._path} was cut while it was read", hint="nothing was written; try again")
            pieces.append(piece)
            start += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def find(self, token: bytes, start: int = 0) -> int:
        """Where a token first stands at or behind a place; -1 when nowhere."""
        if self._whole is not None:
            return self._whole.find(token, start)
        size, end = _PAGE, len(self)
        while start < end:
            found = self[start : min(end, start + size)].find(token)
            if found >= 0:
                return start + found
            start += max(1, size - len(token) + 1)
            size *= 4
        return -1

    def rfind(self, token: bytes, low: int, high: int) -> int:
        """Where a token last stands between two places; -1 when nowhere."""
        if self._whole is not None:
            return self._whole.rfind(token, low, high)
        size = _PAGE
        while low < high:
            begin = max(low, high - size)
            found = self[begin:high].rfind(token)
            if found >= 0:
                return begin + found
            if begin == low:
                return -1
            high = begin + len(token) - 1
            size *= 4
        return -1
