"""The reading side of one ledger directory: last good projection, the log after it, and what others changed meanwhile.

Reading never writes a byte. Where there is no log of ours the issues file is the starting state, in memory.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from gastown_tui.core import events as e
from gastown_tui.core.errors import GastownError, Refused
from gastown_tui.core.events import Event, Fact
from gastown_tui.core.fold import LedgerState, Registers, apply
from gastown_tui.core.model.ids import BeadId, EventId, MailId
from gastown_tui.core.model.town import Mail
from gastown_tui.core.world.event_lines import Damage, order_of
from gastown_tui.core.world.event_log import Disorder, EventLog
from gastown_tui.core.world.files import ProjectedFiles, database_of, status_of
from gastown_tui.core.world.lazy_shelf import LazyShelf
from gastown_tui.core.world.lines import Lines, shape_of
from gastown_tui.core.world.mail_box import LazyMail, read_mail
from gastown_tui.core.world.on_disk import OnDisk
from gastown_tui.core.world.regular import read_regular
from gastown_tui.core.world.snapshot import Header, Snapshot
from gastown_tui.core.world.sums import is_of

if TYPE_CHECKING:
    from gastown_tui.core.world.adopt import Scan

Key = tuple[int, int, int]
"""Inode, size and modification time: whether a file is still the one that was looked at."""


class Reader:
    """One ledger, folded as far as it was read.

    Attributes:
        files: Where its projections lie.
        state: The folded state.
        log: The events, read as far as the state goes.
        is_complete: Folded from the beginning, so that every origin is known.
        needs_rebuild: The projections cannot be brought up by what changed since.
        outside: What others changed in the issues file and the log does not know yet.
        scan: The issues file taken apart, when it had to be.
        news: Events folded since somebody took them; None while nobody collects them.
        is_rewound: The state was folded anew since somebody last looked.
    """

    def __init__(self, beads: Path) -> None:
        self.beads = beads
        self.files = ProjectedFiles(beads)
        self.log = EventLog(beads)
        self.state = LedgerState()
        self.is_complete = False
        self.needs_rebuild = False
        self.outside: list[Fact] = []
        self.scan: Scan | None = None
        self.news: list[Event] | None = None
        self.is_rewound = False
        self._is_loaded = False
        self._issues_key: Key | None = None

    def read(self) -> LedgerState:
        """The state as of now."""
        if not self._is_loaded or not self._agrees():
            self._load()
            return self.state
        was_empty = self.log.position.count == 0
        events = self.log.fresh()
        if events is None or (events and was_empty):
            self.refold()
            self._look_outside()
        else:
            self.apply(events)
        return self.state

    def is_stale(self) -> bool:
        """Whether `read` would bring something new, judged by the files' status alone."""
        return self.log.is_stale() or self.issues_key() != self._issues_key

    def forget(self) -> None:
        """Begin again at the next read."""
        self._is_loaded = False

    def apply(self, events: Iterable[Event]) -> None:
        """Fold events that follow."""
        for event in events:
            apply(self.state, event)
            if self.news is not None:
                self.news.append(event)

    def begin(self) -> None:
        """Start from nothing; whatever there is has to be folded next."""
        self.is_complete = self.needs_rebuild = self.is_rewound = self._is_loaded = True
        self.outside, self.scan = [], None
        self.state = LedgerState()

    def refold(self) -> None:
        """Fold everything from the beginning."""
        self.begin()
        known = self.log.position.last
        with no_collecting():
            try:
                self._fold(self.log.replay(), known)
            except Disorder:
                self._fold(self.log.replay_sorted(), known)

    def replay(self, until: str, wanted: Callable[[bytes], bool] | None = None) -> Iterator[tuple[Event, bytes]]:
        """Every event up to and including one, or those of wanted lines, in order; read from the files again."""
        return _replay(self.beads, until, wanted)

    def issues_key(self) -> Key | None:
        """The issues file as it is now."""
        return _key(self.files.issues)

    def agree(self) -> None:
        """The issues file was just written from this state."""
        self.needs_rebuild, self.scan = False, None
        self._issues_key = self.issues_key()
        self.state.touched_beads.clear()
        self.state.touched_mail.clear()
        self._let_go()

    def has_seen_all(self) -> bool:
        """Whether the issues file holds nothing unknown to the log: it was compared, and is the same still."""
        return not self.outside and self.issues_key() == self._issues_key

    def starting_facts(self, facts: Iterable[Fact]) -> list[Fact]:
        """What has to go into an empty log before `facts` do."""
        from hashlib import sha256

        from gastown_tui.core.world import adopt

        issues = self.files.issues
        data = issues.read_bytes() if issues.is_file() else b""
        prefix = self.state.registers.prefix
        if not data.strip():
            is_founded = any(isinstance(fact, e.LedgerCreated) for fact in facts)
            return [] if is_founded else [e.LedgerCreated(prefix=prefix)]
        self.scan = self.scan or adopt.scan(data)
        digest = sha256(data).hexdigest()
        return adopt.starting_facts(self.scan, file=issues.name, prefix=prefix, digest=digest)

    def warnings(self) -> list[str]:
        """What reading had to leave out, in words."""
        said: list[str] = []
        issues = self.files.issues
        if self.scan is not None and self.scan.bad:
            numbers = sorted(each.number for each in self.scan.bad)
            listed = ", ".join(str(number) for number in numbers[:5]) + (", …" if len(numbers) > 5 else "")
            reasons = ", ".join(dict.fromkeys(each.kind for each in self.scan.bad))
            said.append(f"{issues}: {_lines(len(numbers))} left out ({reasons}): line {listed}")
        if isinstance(self.state.beads, LazyShelf) and self.state.beads.unreadable:
            said.append(f"{issues}: {_lines(len(self.state.beads.unreadable))} could not be read")
        if damaged := self._unkept():
            where = f"the first at byte {damaged[0].offset}: {damaged[0].reason}"
            said.append(f"{self.beads / damaged[0].file}: {_lines(len(damaged))} could not be read, {where}")
        return said

    def _unkept(self) -> list[Damage]:
        if not self.log.damaged:
            return []
        from gastown_tui.core.world.quarantine import not_kept

        return not_kept(self.beads / "local", self.log.damaged)

    def _let_go(self) -> None:
        """Look beads up in the file as it is now: the one they came from is gone and need not stay open."""
        shelf = self.state.beads
        if not isinstance(shelf, LazyShelf) or shelf.inode == (self._issues_key or (0,))[0]:
            return
        snapshot = self.files.snapshot()
        file = None if snapshot is None else self._content(snapshot)
        if snapshot is not None and file is not None and snapshot.header.position == self.log.position:
            shelf.follow(self._lines(file, snapshot.header, self.state.registers))

    @staticmethod
    def _lines(file: OnDisk, header: Header, registers: Registers) -> Lines:
        lead, count = (header.issues.lead, header.issues.count) if header.issues else (b"", None)
        return Lines(file, lead, is_sorted=registers.is_in_id_order, count=count)

    def _agrees(self) -> bool:
        """Whether the issues file is as it was, or was projected anew by one of us."""
        key = self.issues_key()
        if key == self._issues_key:
            return True
        if self.outside or self.files.snapshot() is None:
            return False
        self._issues_key = key
        return True

    def _load(self) -> None:
        """Start from the last good projection, or from the beginning."""
        self._is_loaded = self.is_rewound = True
        self.outside, self.scan = [], None
        if not self.beads.is_dir():
            raise GastownError(f"{self.beads} is gone", hint="nothing was read or written")
        follows = self.news is not None and self.log.position.count > 0
        while not follows and (snapshot := self.files.snapshot()) is not None:
            file = self._content(snapshot)
            if file is None:
                continue
            header = snapshot.header
            self.log = EventLog(self.beads, header.position)
            registers = snapshot.registers()
            lines = self._lines(file, header, registers)
            self.state = LedgerState(LazyShelf(lines), LazyMail(partial(_mail, self.files, header)), registers)
            self.is_complete = self.needs_rebuild = False
            events = self.log.fresh()
            if events is not None:
                self.apply(events)
                return
            break
        self.refold()
        self._look_outside()

    def _content(self, snapshot: Snapshot) -> OnDisk | None:
        """The issues file a snapshot belongs to; None when it was replaced while we looked."""
        stamp = snapshot.header.issues
        try:
            file = OnDisk(self.files.issues)
        except FileNotFoundError:
            return None
        key = (file.status.st_ino, file.status.st_size, file.status.st_mtime_ns)
        if stamp is None or key != self.issues_key():
            return None
        if key != (stamp.inode, stamp.size, stamp.mtime_ns) and not is_of(stamp.sums, file.whole()):
            return None
        self._issues_key = key
        return file

    def _fold(self, found: Iterator[tuple[Event, bytes]], known: str) -> None:
        """Fold from the beginning.

        Args:
            found: Every event.
            known: The newest event folded before; later ones are news.
        """
        state = self.state = LedgerState()
        if self.news is None:
            for event, _ in found:
                apply(state, event)
            return
        news: list[Event] = []
        for event, _ in found:
            apply(state, event)
            if order_of(event) > known:
                news.append(event)
        self.news += news

    def _look_outside(self) -> None:
        """Compare the issues file with what the log says, and lay what others changed over the state."""
        from gastown_tui.core.world import adopt

        self._issues_key = self.issues_key()
        if self.log.position.count == 0:
            self._start()
        elif self._issues_key is not None and self.files.snapshot() is None:
            self.scan = adopt.scan(read_regular(self.files.issues))
            changed = adopt.changed_lines(self.scan, self.state)
            known = self._echoes(changed, self.scan)
            self.scan.bad = [each for each in self.scan.bad if not each.bead_id or each.line.decode() not in known]
            self.outside = [
                e.BeadImported(bead_id=name, line=line) for name, line in changed.items() if line not in known
            ]
            self.outside += adopt.kept_facts(self.scan, self.state)
            for fact in self.outside:
                apply(self.state, Event(event_id=EventId(""), event_type=fact.wire, timestamp="", actor="", fact=fact))

    def _echoes(self, changed: dict[BeadId, str], scan: Scan) -> set[str]:
        """Lines that are nobody's edit: the log itself has led one of us to write them."""
        lines = {bead_id: [line] for bead_id, line in changed.items()}
        for each in scan.bad:
            if each.bead_id:
                lines.setdefault(BeadId(each.bead_id), []).append(each.line.decode())
        if not lines:
            return set()
        from gastown_tui.core.world.echoes import echoes

        return echoes(lines, (event for event, _ in self.replay(self.log.position.last)))

    def _start(self) -> None:
        """The issues file is the starting state: decoded line by line as needed when its outline shows no damage."""
        from gastown_tui.core.world import adopt

        data = b"" if self._issues_key is None else read_regular(self.files.issues)
        if not data.strip() and (elsewhere := database_of(self.beads)):
            raise Refused(
                f"the beads of {self.beads} are in {elsewhere}, which is not read here",
                hint=f"export them with the program that keeps them: bd export -o {self.files.issues}",
            )
        shape = shape_of(data)
        names: Sequence[str] = shape.names
        self.is_complete = False
        if not data or (shape.is_whole and len(set(names)) == len(names)):
            is_sorted = names == tuple(sorted(names))
            self.state = LedgerState(LazyShelf(Lines(data, shape.lead, is_sorted=is_sorted)))
        else:
            self.scan = adopt.scan(data)
            names = list(self.scan.beads)
            self.state = LedgerState()
            for name, (_, _, bead) in self.scan.beads.items():
                self.state.beads[BeadId(name)] = bead
        self.state.registers.prefix = adopt.guess_prefix(self.beads, names)
        self.state.registers.children = adopt.highest_children(names)


@contextmanager
def no_collecting() -> Iterator[None]:
    """No garbage collection during a bulk load: what it makes is kept anyway."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _mail(files: ProjectedFiles, header: Header) -> dict[MailId, Mail]:
    """The messages as of a snapshot.

    A later state of the file will do as well: folding what follows once more changes nothing. No reader is held for
    this: a state would keep the one that holds it, and with it an open file, until garbage is collected.
    """
    messages = files.messages
    latest = files.snapshot()
    for stamp in (header.messages, latest.header.messages if latest else None):
        status = status_of(messages)
        if stamp is None and status is None:
            return {}
        if stamp is not None and status is not None and stamp.fits(status):
            return read_mail(read_regular(messages))
    state = LedgerState()
    for event, _ in _replay(files.beads, header.position.last):
        apply(state, event)
    return dict(state.mail)


def _replay(beads: Path, until: str, wanted: Callable[[bytes], bool] | None = None) -> Iterator[tuple[Event, bytes]]:
    return takewhile(lambda each: order_of(each[0]) <= until, EventLog(beads, wanted=wanted).everything())


def _key(path: Path) -> Key | None:
    status = status_of(path)
    return None if status is None else (status.st_ino, status.st_size, status.st_mtime_ns)


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"
