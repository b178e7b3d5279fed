"""One ledger directory as the ledger of a town uses it: read, lock, append, make durable, project."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import GastownError, LedgerDamaged
from gastown_tui.core.events import Event, Fact
from gastown_tui.core.fold import LedgerState
from gastown_tui.core.model.ids import EventId
from gastown_tui.core.world import segments
from gastown_tui.core.world.disk import make_private
from gastown_tui.core.world.durable import Durable
from gastown_tui.core.world.envelope import decode_event, encode_event
from gastown_tui.core.world.event_lines import Damage, order_of
from gastown_tui.core.world.event_log import EventLog
from gastown_tui.core.world.files import status_of
from gastown_tui.core.world.joining import missing_lines
from gastown_tui.core.world.lock import FileLock, Presence, probe
from gastown_tui.core.world.log import Appender, in_words
from gastown_tui.core.world.reader import Reader, no_collecting

if TYPE_CHECKING:
    from gastown_tui.core.ports import Mend
    from gastown_tui.core.world.projector import Projector

_SEAL_WAIT_S = 0.5
_LAG_S = 1.0
"""While others write too, projections may grow this old before somebody refreshes them all the same."""


class Written(msgspec.Struct, frozen=True):
    """Records that stand in the log and are not known to be on the disk yet."""

    inode: int
    offset: int
    """The log's size with them."""
    records: bytes


class Store:
    """One ledger directory."""

    def __init__(self, beads: Path, name: str, *, unsafe_fs: bool = False) -> None:
        self.beads = beads
        self.name = name
        self.local = beads / "local"
        self.reader = Reader(beads)
        self._appender = Appender(beads / "events.jsonl")
        self._vapor = Appender(beads / "vapor.jsonl")
        self._durable = Durable(self.local)
        self._lock = FileLock(self.local / "lock")
        self._presence = Presence(self.local / "writers")
        self._door = threading.Lock()
        self._inside = self._present = 0
        self._is_due = False
        """One of our threads has been told to bring the projections up, and is not done."""
        self._is_probed = unsafe_fs
        self.trouble = ""
        """Why the projections are behind; empty when they are not."""

    @property
    def last_event(self) -> EventId:
        """The newest event folded."""
        return EventId(self.reader.log.position.last)

    def read(self) -> LedgerState:
        """The state as of now. Writes nothing."""
        return self.reader.read()

    def recent(self, limit: int) -> list[Event]:
        """The newest shown events, oldest first: those of the feed, and those of the log it does not have yet."""
        from gastown_tui.core.world.feed import Feed, is_shown

        newest = self.last_event
        found: dict[str, Event] = {}
        for path in (self.reader.files.feed, self._appender.path):
            found |= {order_of(event): event for event in Feed(path).newest(limit) if is_shown(event)}
        return [found[order] for order in sorted(found) if order <= newest][-limit:]

    @contextmanager
    def writing(self, wait_s: float) -> Iterator[None]:
        """Hold the ledger's lock.

        Raises:
            Conflict: it was not to be had in time.
            LedgerDamaged: an earlier sync failed.
        """
        try:
            self._make_ready()
            self._durable.refuse_after_failure()
            with self._lock.hold(wait_s):
                yield
        except OSError as error:
            raise in_words(error, self.beads) from error

    def seal(self) -> bool:
        """Finish a line that a killed writer left unfinished; called under the lock. True when there was one."""
        return self.reader.log.log.has_stump and self._appender.seal()

    def unrecorded(self, facts: Iterable[Fact], seen: str) -> list[Fact]:
        """What has to go into the log before `facts` do: a starting state, others' edits, damage found.

        Called under the lock, and only when something will be written.

        Args:
            facts: What is about to be recorded.
            seen: The time, for the record of what is put aside.
        """
        reader, name = self.reader, self.reader.files.issues.name
        is_start = reader.log.position.count == 0
        if is_start:
            from gastown_tui.core.world.tracked import tell_git

            tell_git(self.beads)
        with no_collecting():
            found = reader.starting_facts(facts) if is_start else list(reader.outside)
        if reader.scan is not None and reader.scan.bad:
            from gastown_tui.core.world.adopt import quarantined_fact
            from gastown_tui.core.world.quarantine import put_aside

            put_aside(self.local, name, reader.scan.bad, seen)
            if not is_start:
                found.append(quarantined_fact(name, reader.scan.bad))
        return found + self._new_damage(seen)

    def append(self, events: list[Event]) -> Written | None:
        """Append events under the lock and fold them, as anybody else would read them.

        Raises:
            GastownError: there was no room; the log is as it was.
        """
        with no_collecting():
            kept = [(event, encode_event(event)) for event in events if not event.fact.vapor]
        passing = [(event, encode_event(event)) for event in events if event.fact.vapor]
        reader = self.reader
        is_start, starts_anew = reader.log.position.count == 0, bool(reader.outside)
        written = self._write(_lines_of(kept)) if kept else None
        try:
            if passing:
                self._condense()
                self._vapor.append(_lines_of(passing))
        except BaseException:
            if written is not None:
                self.cut_back(written)
            raise
        if starts_anew:
            reader.refold()
            return written
        if is_start:
            reader.begin()
        found: list[Event] = []
        with no_collecting():
            for pairs, is_vapor in ((kept, False), (passing, True)):
                read = [back for event, line in pairs if (back := _read_back(event, line)) is not None]
                if read:
                    reader.log.advance(_lines_of(pairs), read, vapor=is_vapor)
                    found += read
            reader.apply(sorted(found, key=order_of))
        return written

    def _condense(self) -> None:
        """Keep vapor small. Where there is no room for that, appending tells."""
        from gastown_tui.core.world.vapor import condense

        with suppress(OSError):
            if condense(self._vapor.path):
                self.reader.log.follow_condensed()

    def _write(self, records: bytes) -> Written:
        inode, before, after = self._appender.append(records)
        try:
            self._durable.forget_beyond(inode, before)
        except BaseException:
            self._appender.cut_back(before)
            raise
        return Written(inode, after, records)

    def join(self, records: bytes) -> Written:
        """Append records of another clone as they are, under the lock; they are folded with the next read.

        Raises:
            GastownError: there was no room; the log is as it was.
        """
        written = self._write(records)
        self.reader.forget()
        return written

    def mend(self, rule: Mend) -> bool:
        """Replace the files of lines that a rule changes, under the lock; True when there were any."""
        from gastown_tui.core.world.mending import mend

        with self._projector().alone():
            is_changed = mend(self.beads, rule)
        self.reader.forget()
        return is_changed

    def cut_back(self, written: Written) -> None:
        """Take back what was just appended, still under the lock: the transaction could not be finished elsewhere."""
        self._appender.cut_back(written.offset - len(written.records))
        self.reader.forget()

    def make_durable(self, written: Written) -> None:
        """Return once appended records are on the disk. The lock is free by now; many wait for one sync.

        Raises:
            LedgerDamaged: the disk did not take them.
        """
        path = self._appender.path
        self._durable.reach(path, inode=written.inode, offset=written.offset)
        status = status_of(path)
        is_there = status is not None and status.st_ino == written.inode
        if not is_there and not segments.has_sealed(self.beads, written.inode, written.offset):
            self._put_back(written)

    def enter(self) -> None:
        """Say that a write is under way; see `Presence`. Threads of one process are present together."""
        try:
            self._make_ready()
            with self._door:
                if self._inside == 0:
                    self._present = self._presence.enter()
                self._inside += 1
        except OSError as error:
            raise in_words(error, self.beads) from error

    def leave(self) -> bool:
        """The write is over; True when the projections fall to us: nobody else writes, or they lag far behind."""
        with self._door:
            self._inside -= 1
            is_last = self._inside == 0 and self._presence.leave(self._present)
            is_due = is_last or (not self._is_due and self._lag_s() > _LAG_S)
            self._is_due |= is_due
        return is_due

    def project(self) -> None:
        """Bring the projections up, unless somebody else is at it.

        They may fail where the log did not: what was recorded stays recorded, and the next write tries again.
        """
        try:
            self._projector().refresh()
            self._archive()
            self.trouble = ""
        except OSError as error:
            self.reader.forget()
            self.trouble = f"{in_words(error, self.reader.files.issues).message}; it is behind the log"
        finally:
            self._is_due = False

    def rebuild(self) -> None:
        """Write every projection anew from the events alone.

        Raises:
            GastownError: there was no room, or no permission.
        """
        try:
            self._projector().rebuild()
        except OSError as error:
            raise in_words(error, self.reader.files.issues) from error

    def verify(self) -> EventLog:
        """Read the whole log again and sync it, so that writing may go on after a failed sync.

        Raises:
            LedgerDamaged: the file still cannot be synced.
        """
        log = EventLog(self.beads)
        for _ in log.everything():
            pass
        path = self._appender.path
        if path.exists():
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            except OSError as error:
                raise LedgerDamaged(f"{path} still cannot be made durable: {error.strerror}") from error
            finally:
                os.close(descriptor)
        self._durable.clear_failure()
        return log

    def is_behind(self) -> bool:
        """Whether the projections lack what the log holds, and nobody is about to bring them up."""
        from gastown_tui.core.world.snapshot import load_snapshot

        if not self.last_event:
            return False
        with suppress(OSError):
            if self.local.is_dir() and not self._presence.is_nobody():
                return False
        if not self.reader.files.issues.exists():
            return True
        snapshot = load_snapshot(self.reader.files.state)
        return snapshot is not None and snapshot.header.position.last < self.last_event

    def _archive(self) -> None:
        """Seal the log when it has grown long, unless others are writing: then one of them will."""
        path = self._appender.path
        status = status_of(path)
        if status is None or status.st_size < segments.SEGMENT_BYTES:
            return
        with suppress(GastownError), self.writing(_SEAL_WAIT_S):
            self._appender.seal()
            status = status_of(path)
            if status is not None and status.st_size >= segments.SEGMENT_BYTES:
                self._durable.reach(path, inode=status.st_ino, offset=status.st_size)
                segments.seal(path)

    def _projector(self) -> Projector:
        from gastown_tui.core.world.projector import Projector

        return Projector(self.reader, self.local, self._presence)

    def _new_damage(self, seen: str) -> list[Fact]:
        if not self.reader.log.damaged:
            return []
        from gastown_tui.core.world.quarantine import put_aside_damage

        by_file: dict[str, list[Damage]] = {}
        for each in put_aside_damage(self.local, self.reader.log.damaged, seen):
            by_file.setdefault(each.file, []).append(each)
        return [
            e.LinesQuarantined(file=file, count=len(each), first_line=self._line_number(each[0]))
            for file, each in by_file.items()
        ]

    def _line_number(self, damage: Damage) -> int:
        for folder in (self.beads, self.beads / "events"):
            if (folder / damage.file).is_file():
                with (folder / damage.file).open("rb") as file:
                    return file.read(damage.offset).count(b"\n") + 1
        return 0

    def _put_back(self, written: Written) -> None:
        """The log was replaced between append and sync: put back what the new file lacks."""
        with self._lock.hold(60.0):
            self._appender.seal()
            path = self._appender.path
            missing = missing_lines(written.records, self.beads)
            if not missing:
                return
            inode, before, after = self._appender.append(missing)
            self._durable.forget_beyond(inode, before)
        self._durable.reach(path, inode=inode, offset=after)
        self.reader.forget()

    def _lag_s(self) -> float:
        status = status_of(self.reader.files.state)
        return _LAG_S * 2 if status is None else time.time() - status.st_mtime

    def _make_ready(self) -> None:
        if not self.local.is_dir():
            make_private(self.local)
        if not self._is_probed:
            reason = probe(self.local)
            if reason:
                raise GastownError(
                    f"{self.beads} lies where file locks do not work: {reason}",
                    hint="keep the town on a local disk; --unsafe-fs or GASTOWN_UNSAFE_FS=1 insists",
                )
            self._is_probed = True


def _lines_of(pairs: list[tuple[Event, bytes]]) -> bytes:
    return b"".join([line for _, line in pairs])


def _read_back(event: Event, line: bytes) -> Event | None:
    """An event as anybody else would read it. What carries somebody's line as it is needs no second look."""
    return event if isinstance(event.fact, e.BeadImported) else decode_event(line[:-1])
