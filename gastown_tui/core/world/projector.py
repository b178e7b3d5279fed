"""Keeping the projections up by flat combining: whoever holds the projector lock does it for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gastown_tui.core.world.feed import may_show
from gastown_tui.core.world.lock import FileLock, Presence
from gastown_tui.core.world.projections import Projections
from gastown_tui.core.world.reader import Reader, no_collecting

_WAIT_S = 30.0


class Projector:
    """Brings one ledger's projections up to what its reader has folded."""

    def __init__(self, reader: Reader, local: Path, presence: Presence) -> None:
        self._reader = reader
        self._presence = presence
        self._projections = Projections(reader.files)
        self._lock = FileLock(local / "projector")

    def refresh(self) -> None:
        """Bring the projections up, unless somebody else is at it."""
        while True:
            with self._lock.attempt() as is_ours:
                if not is_ours:
                    return
                self._refresh_once()
            # Whoever wrote while we held the lock and was the last has left the work to us. While somebody writes
            # still, it will be theirs.
            if not self._reader.log.log.is_stale() or not self._presence.is_nobody():
                return

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep others from projecting meanwhile."""
        with self._lock.hold(_WAIT_S):
            yield

    def rebuild(self) -> None:
        """Write every projection anew from the events alone."""
        with self._lock.hold(_WAIT_S):
            self._reader.read()
            self._reader.refold()
            self._write_all()

    def _refresh_once(self) -> None:
        reader = self._reader
        reader.read()
        if reader.log.position.count == 0:
            return
        base = reader.files.snapshot()
        if base is not None and base.header.position == reader.log.position and not reader.needs_rebuild:
            reader.agree()
            return
        if base is None and reader.files.issues.exists() and not reader.has_seen_all():
            # Somebody has just changed the file. The next write takes that up; overwriting it now would lose it.
            return
        found = None if base is None or reader.needs_rebuild else reader.log.after(base.header.position)
        if found is not None:
            try:
                self._projections.refresh(reader.state, reader.log.position, found)
            except LookupError:
                found = None
        if found is None:
            if not reader.is_complete:
                reader.refold()
            self._write_all()
        reader.agree()

    def _write_all(self) -> None:
        reader, position = self._reader, self._reader.log.position
        with no_collecting():
            self._projections.rebuild(reader.state, position, lambda: reader.replay(position.last, may_show))
        reader.agree()
