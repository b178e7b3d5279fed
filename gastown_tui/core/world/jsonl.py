"""The `Ledger` port over JSONL files: a town's ledger and its rigs', or a lone `.beads`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from gastown_tui.core.errors import Conflict, NotFound
from gastown_tui.core.events import Entry, Event, Fact, LedgerCreated
from gastown_tui.core.fold import LedgerState, Town
from gastown_tui.core.model.ids import EventId, shown
from gastown_tui.core.model.times import stamp
from gastown_tui.core.ports import Clock, Decide, Recorded
from gastown_tui.core.world.clock import SystemClock
from gastown_tui.core.world.disk import make_private, write_whole
from gastown_tui.core.world.locate import Home, HomeKind, follow_redirect
from gastown_tui.core.world.mint import EventMint
from gastown_tui.core.world.settings_file import SettingsFiles
from gastown_tui.core.world.store import Store

LOCK_WAIT_S = 10.0


class JsonlLedger:
    """One town's ledgers, or a lone one. A `Town` it hands out is live: the next read or record moves it on."""

    def __init__(self, home: Home, *, clock: Clock | None = None, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self._home = home
        self._clock = clock or SystemClock()
        self._lock_wait_s = lock_wait_s
        self._mutex = threading.RLock()
        self._mint = EventMint()
        self._own = Store(home.beads_dir, "")
        self._rigs: dict[str, Store] = {}
        self._settings = SettingsFiles(home.root)

    @property
    def home(self) -> Path:
        """The directory that holds `.beads`: the town's root, or a plain repository."""
        return self._home.root

    @property
    def here(self) -> str:
        """The ledger plain bead commands mean: a rig's name when the command was given inside that rig."""
        return self._home.ledger

    def read(self) -> Town:
        """The town as of now. Writes nothing."""
        with self._mutex:
            return self._town()

    def recent(self, limit: int) -> tuple[Event, ...]:
        """The newest events of all ledgers, oldest first, from the feed; at most `limit`."""
        with self._mutex:
            self._town()
            found = [event for store in self._stores().values() for event in store.recent(limit)]
        return tuple(sorted(found, key=lambda event: event.event_id)[-limit:] if limit > 0 else ())

    def record(self, decide: Decide, *, actor: str, ledgers: Sequence[str] = ("",)) -> Recorded:
        """Decide under the lock of the named ledgers and append the outcome durably as one transaction."""
        with self._mutex, ExitStack() as held:
            self._town()
            stores = [self._store(name) for name in sorted(set(ledgers))]
            for store in stores:
                held.enter_context(store.writing(self._lock_wait_s))
            town = self._town()
            for store in stores:
                store.adopt(self._stamped, self._mint)
            events = self._stamped(decide(town), actor)
            for store in reversed(stores):
                store.append([event for name, event in events if name == store.name])
        for store in stores:
            store.settle()
        return Recorded(events=tuple(event for _, event in events), town=self._town())

    def _stamped(self, entries: Sequence[Entry], actor: str) -> list[tuple[str, Event]]:
        moment = self._clock.now()
        events: list[tuple[str, Event]] = []
        for store in (self._own, *self._rigs.values()):
            self._mint.see(store.last_event)
        tx = ""
        for entry in entries:
            event_id = self._mint.event_id(int(moment.timestamp() * 1000))
            tx = tx or event_id
            events.append((entry.ledger, _event(event_id, entry.fact, stamp(moment), actor, tx)))
        return events

    def _store(self, name: str) -> Store:
        store = self._stores().get(name)
        if store is None:
            raise NotFound(f"this town has no ledger {shown(name)}")
        return store

    def _stores(self) -> dict[str, Store]:
        return {"": self._own, **self._rigs}

    def _town(self) -> Town:
        states: dict[str, LedgerState] = {"": self._own.read()}
        if self._home.is_town:
            for name in self._own.state.registers.rigs:
                beads = self.home / name / ".beads"
                if name not in self._rigs and beads.is_dir():
                    self._rigs[name] = Store(follow_redirect(beads), name)
            for gone in set(self._rigs) - set(self._own.state.registers.rigs):
                del self._rigs[gone]
            states |= {name: store.read() for name, store in sorted(self._rigs.items())}
        settings = self._settings.read(tuple(self._rigs)) if self._home.is_town else None
        return Town(states, settings, is_town=self._home.is_town)


def _event(event_id: EventId, fact: Fact, timestamp: str, actor: str, tx: str) -> Event:
    return Event(event_id=event_id, event_type=fact.wire, timestamp=timestamp, actor=actor, tx=tx, fact=fact)


def create_ledger(directory: Path, prefix: str, *, actor: str = "", clock: Clock | None = None) -> JsonlLedger:
    """Set up a `.beads` in a directory that has none, and say so in its log.

    Raises:
        Conflict: there is one already.
    """
    beads = directory / ".beads"
    if beads.exists() and any(beads.iterdir()):
        raise Conflict(f"{shown(str(beads), 200)} is there already", hint="it can be used as it is")
    make_private(beads)
    for name, text in _FILES.items():
        write_whole(beads / name, text.format(prefix=prefix).encode())
    ledger = JsonlLedger(Home(HomeKind.LONE, directory, "", beads), clock=clock)
    ledger.record(lambda town: [Entry(LedgerCreated(prefix=prefix))], actor=actor)
    return ledger


_FILES = {
    ".gitignore": "local/\nfeed.jsonl\nvapor.jsonl\n.hook-*\n.*.tmp\n*.db\n*.db-*\n",
    ".gitattributes": "events.jsonl merge=union\n",
    "metadata.json": '{{\n  "database": "beads.db",\n  "jsonl_export": "issues.jsonl"\n}}\n',
    "config.yaml": "issue-prefix: {prefix}\n",
}
