"""Hearing of changes to the ledger's files: begun on one thread, ended on another, whichever comes first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol


class Announcer(Protocol):
    """What can tell of changes (`watch.Tail`)."""

    def wake_on_change(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back, from any thread, when something may have changed; returns what ends it."""
        ...


class Listening:
    """Listens once, until it is ended; what begins after the end is ended at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stop: Callable[[], object] | None = None
        self._has_ended = False

    @property
    def has_begun(self) -> bool:
        """Whether changes are announced."""
        return self._stop is not None

    def begin(self, announcer: Announcer, heard: Callable[[], object]) -> None:
        """Have changes announced."""
        stop = announcer.wake_on_change(heard)
        with self._lock:
            if not self._has_ended:
                self._stop = stop
                return
        stop()

    def end(self) -> None:
        """Hear of no more."""
        with self._lock:
            self._has_ended = True
        if self._stop is not None:
            self._stop()
