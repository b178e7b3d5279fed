"""Following a town: new events as they come, and a bell that rings when there may be some.

The bell (watchdog, or a stat sweep where that cannot be had) is a hint only. What counts is the reading, which always
goes to the end of every file from where it left off.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from gastown_tui.core.events import Event
from gastown_tui.core.fold import Town
from gastown_tui.core.ports import Ledger
from gastown_tui.core.world.jsonl import JsonlLedger

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

_NAMES = frozenset({"events.jsonl", "vapor.jsonl", "issues.jsonl"})
_SWEEP_S = 0.1


class LedgerTail:
    """The events of one ledger as they come. Used from one thread."""

    def __init__(self, ledger: Ledger) -> None:
        if not hasattr(ledger, "follow"):
            # Where no home was found, this says so in the ledger's own words.
            ledger.read()
            raise TypeError(f"cannot follow a {type(ledger).__name__}")
        self._ledger = cast(JsonlLedger, ledger)
        self._town: Town | None = None
        self._bell: _Bell | None = None

    def poll(self) -> tuple[tuple[Event, ...], Town]:
        """Events since the last poll, in order, and the town after them. The first poll starts with none."""
        events, self._town = self._ledger.follow()
        if self._bell is not None:
            self._bell.watch(self._ledger.directories())
        return events, self._town

    def wake_on_change(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back, from another thread, whenever a ledger's files change; return what ends it.

        Rigs that join later are watched from the next `poll` on.
        """
        if self._bell is not None:
            self._bell.stop()
        self._bell = bell = _Bell(callback, self._ledger.is_stale)
        bell.watch(self._ledger.directories())
        return bell.stop


class _Bell:
    """Watches directories with watchdog; sweeps them ten times a second where the system gives no watches."""

    def __init__(self, callback: Callable[[], object], is_stale: Callable[[], bool]) -> None:
        self._callback = callback
        self._is_stale = is_stale
        self._watched: set[Path] = set()
        self._ended = threading.Event()
        self._sweeper: threading.Thread | None = None
        self._observer = self._start()

    def watch(self, directories: tuple[Path, ...]) -> None:
        """Watch these too."""
        for directory in directories:
            if directory in self._watched or self._ended.is_set():
                continue
            self._watched.add(directory)
            if self._observer is None:
                self._sweep_instead()
                continue
            try:
                self._schedule(directory)
            except OSError:
                self._sweep_instead()

    def stop(self) -> None:
        """Ring no more."""
        self._ended.set()
        if self._observer is not None:
            observer, self._observer = self._observer, None
            observer.stop()
            observer.join()
        if self._sweeper is not None:
            self._sweeper.join()

    @staticmethod
    def _start() -> BaseObserver | None:
        from watchdog.observers import Observer

        observer = Observer()
        observer.daemon = True
        try:
            observer.start()
        except (OSError, RuntimeError):
            return None
        return observer

    def _schedule(self, directory: Path) -> None:
        from watchdog.events import FileCreatedEvent, FileModifiedEvent, FileMovedEvent, FileSystemEventHandler

        ring = self._callback

        class Ring(FileSystemEventHandler):
            def on_any_event(self, event: object) -> None:
                for path in (getattr(event, "src_path", ""), getattr(event, "dest_path", "")):
                    if str(path).rpartition("/")[2] in _NAMES:
                        with suppress(RuntimeError):
                            ring()
                        return

        kinds = [FileCreatedEvent, FileModifiedEvent, FileMovedEvent]
        assert self._observer is not None
        self._observer.schedule(Ring(), str(directory), recursive=False, event_filter=kinds)

    def _sweep_instead(self) -> None:
        if self._sweeper is None:
            self._sweeper = threading.Thread(target=self._sweep, name="ledger-sweep", daemon=True)
            self._sweeper.start()

    def _sweep(self) -> None:
        while not self._ended.wait(_SWEEP_S):
            if self._is_stale():
                with suppress(RuntimeError):
                    self._callback()
