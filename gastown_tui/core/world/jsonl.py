"""The `Ledger` port over JSONL files: a town's ledger and its rigs', or a lone `.beads`."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from gastown_tui.core.errors import GastownError, NotFound
from gastown_tui.core.events import Event
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import RigName, shown
from gastown_tui.core.ports import Clock, Decide, LinesFound, Mend, Recorded, Verified
from gastown_tui.core.world.clock import SystemClock
from gastown_tui.core.world.event_lines import order_of
from gastown_tui.core.world.event_log import EventLog
from gastown_tui.core.world.joining import append_missing, missing_lines
from gastown_tui.core.world.locate import Home, follow_redirect
from gastown_tui.core.world.log import in_words
from gastown_tui.core.world.mint import EventMint
from gastown_tui.core.world.settings_file import SettingsFiles
from gastown_tui.core.world.store import Store
from gastown_tui.core.world.wish import Wish, transact

LOCK_WAIT_S = 10.0
_AHEAD_S = 3600
"""Events dated further ahead than this are worth a word."""


class JsonlLedger:
    """One town's ledgers, or a lone one. A `Town` it hands out is live: the next read or record moves it on."""

    def __init__(
        self,
        home: Home,
        *,
        clock: Clock | None = None,
        lock_wait_s: float = LOCK_WAIT_S,
        unsafe_fs: bool = False,
    ) -> None:
        self._home = home
        self._clock = clock or SystemClock()
        self._lock_wait_s = lock_wait_s
        self._mutex = threading.RLock()
        self._wishes: list[Wish] = []
        self._mint = EventMint()
        self._unsafe_fs = unsafe_fs
        self._own = Store(home.beads_dir, "", unsafe_fs=unsafe_fs)
        self._rigs: dict[str, Store] = {}
        self._known_rigs: set[RigName] = set()
        self._follows = False
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
        return tuple(sorted(found, key=order_of)[-limit:]) if limit > 0 else ()

    def history(self, ledger: str = "", *, naming: str = "") -> Iterator[Event]:
        """Every event of one ledger from its beginning, in order, read from the log itself.

        Args:
            ledger: Which.
            naming: Only events that hold this text somewhere; all others are passed over unread.
        """
        with self._mutex:
            self._town()
            beads = self._store(ledger).beads
        token = naming.encode()
        log = EventLog(beads, wanted=(lambda line: token in line) if token else None)
        return (event for event, _ in log.everything())

    def follow(self) -> tuple[tuple[Event, ...], Town]:
        """Events since the last call, in order, and the town after them; the first call starts with none."""
        with self._mutex:
            self._follows = True
            town = self._town()
            news: list[Event] = []
            for store in self._stores().values():
                news += store.reader.news or ()
                store.reader.news = []
        return tuple(sorted(news, key=order_of)), town

    def directories(self) -> tuple[Path, ...]:
        """The `.beads` directory of every ledger read so far."""
        with self._mutex:
            return tuple(store.beads for store in self._stores().values())

    def is_stale(self) -> bool:
        """Whether `read` would bring something new, judged by the files' status alone."""
        with self._mutex:
            return any(store.reader.is_stale() for store in self._stores().values())

    def record(self, decide: Decide, *, actor: str, ledgers: Sequence[str] = ("",)) -> Recorded:
        """Decide under the lock of the named ledgers and append the outcome durably as one transaction.

        Rigs' ledgers are written before the town's: they hold what fences (hooks, merges), the town's holds what
        follows from it (agents, mail, convoys). So a crash between two files leaves work that is recorded and not yet
        announced, which repeating the verb or the reconciler makes good, and never an announcement without its cause.
        """
        if not set(ledgers) <= self._stores().keys():
            with self._mutex:
                self._town()
        stores = tuple(self._store(name) for name in sorted(set(ledgers)))
        with self._present(stores) as due:
            wish = self._carried_out(Wish(decide, actor, stores))
            for store, each in wish.written:
                store.make_durable(each)
        if due:
            with self._mutex:
                for store in due:
                    store.project()
        return Recorded(events=tuple(wish.events), town=self._as_read())

    def warnings(self) -> tuple[str, ...]:
        """What reading had to leave out, in words."""
        with self._mutex:
            stores = self._stores().values()
            return tuple(text for store in stores for text in (*store.reader.warnings(), store.trouble) if text)

    def inspect(self, ledger: str = "") -> LinesFound:
        """Count the lines of a ledger's issues file by what can be made of them. Reads all of it, writes nothing."""
        from gastown_tui.core.world.inspect import inspect

        with self._mutex:
            self._town()
            return inspect(self._store(ledger).reader.files)

    def settle(self) -> None:
        """Record what others changed in the files, and bring every projection up to the log."""
        with self._mutex:
            self._town()
            stores = tuple(self._stores().values())
        with self._present(stores) as due:
            wish = self._carried_out(Wish(lambda _: (), "", stores, adopts=True))
            for store, each in wish.written:
                store.make_durable(each)
        with self._mutex:
            for store in due:
                store.project()

    def take_up(self, log: bytes, ledger: str = "", *, issues: bytes = b"") -> int:
        """Append the lines of another clone's log that this one lacks, durably; return how many those are.

        Lines of its issues file are taken up too when they are somebody's edit.
        """
        with self._mutex:
            self._town()
            store = self._store(ledger)
        with self._present((store,)) as due:
            with self._mutex, store.writing(self._lock_wait_s):
                store.read()
                store.seal()
                records = missing_lines(log, store.beads)
                written = store.join(records) if records else None
            if written is not None:
                store.make_durable(written)
        with self._mutex:
            for each in due:
                each.project()
            is_edited = append_missing(store.reader.files.issues, issues)
        if is_edited:
            self.settle()
        return records.count(b"\n")

    def mend(self, rule: Mend, ledger: str = "") -> None:
        """Give a rule every file of lines a ledger has, under its lock, and put what it says in their place."""
        with self._mutex:
            self._town()
            store = self._store(ledger)
            with store.writing(self._lock_wait_s):
                is_changed = store.mend(rule)
            if is_changed and self._town() and store.last_event:
                self._carried_out(Wish(lambda _: (), "", (store,), adopts=True))
                store.rebuild()

    def rebuild_projections(self) -> None:
        """Write every projection of every ledger anew, from the events alone.

        What others changed in the issues file since it was last written is recorded first.
        """
        with self._mutex:
            self._town()
            for store in self._stores().values():
                self._carried_out(Wish(lambda _: (), "", (store,), adopts=True))
                store.rebuild()

    def verify(self) -> Verified:
        """Read every log again, sync it, and let writing go on after a failed sync.

        Raises:
            LedgerDamaged: a log still cannot be made durable.
        """
        with self._mutex:
            self._town()
            logs = [(store, store.verify()) for store in self._stores().values()]
        from gastown_tui.core.world.quarantine import not_kept

        damaged = [
            f"{store.beads / each.file}, byte {each.offset}: {each.reason}"
            for store, log in logs
            for each in not_kept(store.local, log.damaged)
        ]
        behind = tuple(str(store.reader.files.issues) for store, _ in logs if store.is_behind())
        kept = sum(len(log.damaged) for _, log in logs) - len(damaged)
        limit = int((self._clock.now().timestamp() + _AHEAD_S) * 1000)
        ahead = sum(EventMint.ms_of(log.position.last) > limit for _, log in logs)
        return Verified(
            events=sum(log.position.count for _, log in logs),
            damaged=tuple(damaged),
            ahead=ahead,
            kept=kept,
            behind=behind,
        )

    @contextmanager
    def _present(self, stores: Sequence[Store]) -> Iterator[list[Store]]:
        """Be counted among the writers of some ledgers; afterwards yields those whose projections fall to us.

        Whoever leaves last projects for everybody. That holds for a failed write too: others may have left it to us.
        """
        due: list[Store] = []
        present: list[Store] = []
        try:
            try:
                for store in stores:
                    store.enter()
                    present.append(store)
                yield due
            finally:
                due += [store for store in present if store.leave()]
        except BaseException:
            with self._mutex, suppress(GastownError, OSError):
                for store in due:
                    store.project()
            raise

    def _carried_out(self, wish: Wish) -> Wish:
        """A wish once it was carried out, by this thread or by another that was faster at the lock."""
        self._wishes.append(wish)
        with self._mutex:
            try:
                if wish.is_open:
                    self._carry_out_all(wish.stores)
            finally:
                self._wishes.remove(wish)
        wish.answer()
        return wish

    def _carry_out_all(self, stores: tuple[Store, ...]) -> None:
        with ExitStack() as held:
            for store in stores:
                held.enter_context(store.writing(self._lock_wait_s))
            town = self._town()
            sealed = [store for store in stores if store.seal()]
            if sealed:
                town = self._town()
            for wish in [each for each in self._wishes if each.is_open and each.stores == stores]:
                is_done = wish.carry_out(partial(self._transact, town=town))
                town = self._as_left() if is_done else self._town()

    def _as_left(self) -> Town:
        """The town after what was just recorded under the lock."""
        if self._home.is_town and set(self._own.reader.state.registers.rigs) != self._known_rigs:
            return self._town()
        return self._as_read()

    def _transact(self, wish: Wish, town: Town) -> None:
        for store in self._stores().values():
            self._mint.see(store.last_event)
        try:
            transact(wish, town, self._mint, self._clock)
        except OSError as error:
            raise in_words(error, wish.stores[0].beads) from error

    def _store(self, name: str) -> Store:
        store = self._stores().get(name)
        if store is None:
            raise NotFound(f"this town has no ledger {shown(name)}")
        return store

    def _stores(self) -> dict[str, Store]:
        return {"": self._own, **self._rigs}

    def _town(self) -> Town:
        try:
            own = self._own.read()
            if self._home.is_town:
                self._follow_rigs(set(own.registers.rigs))
                for store in self._rigs.values():
                    store.read()
        except OSError as error:
            raise GastownError(f"cannot read {error.filename or self.home}: {error.strerror}") from error
        return self._as_read()

    def _as_read(self) -> Town:
        states = {name: store.reader.state for name, store in self._stores().items()}
        settings = partial(self._settings.read, tuple(self._rigs)) if self._home.is_town else None
        return Town(states, settings, is_town=self._home.is_town)

    def _follow_rigs(self, named: set[RigName]) -> None:
        """Open the ledgers of rigs that joined, and let go of those that left."""
        if named == self._known_rigs:
            return
        found = {name: follow_redirect(self.home / name / ".beads") for name in sorted(named)}
        present = {name: beads for name, beads in found.items() if beads.is_dir()}
        self._rigs = {
            name: self._rigs.get(name) or Store(beads, name, unsafe_fs=self._unsafe_fs)
            for name, beads in present.items()
        }
        for name in present:
            if self._follows and self._rigs[name].reader.news is None:
                self._rigs[name].reader.news = []
        self._known_rigs = named if len(present) == len(named) else set()
