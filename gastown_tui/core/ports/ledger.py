"""Where the town's facts are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from gastown_tui.core.events import Entry, Event
from gastown_tui.core.fold import Town

Decide = Callable[[Town], Sequence[Entry]]
"""A rule closed over its request: reads the caught-up town, returns what to record, or raises."""


Mend = Callable[[str, str], str | None]
"""A rule for the files of a ledger: given a name and a text, what to hold instead; None leaves it as it is.

What is no UTF-8 comes as lone surrogates and goes back as it was.
"""


class Recorded(msgspec.Struct, frozen=True):
    """What a transaction left behind: the events as written, and the town after them."""

    events: tuple[Event, ...]
    town: Town


class Verified(msgspec.Struct, frozen=True):
    """What reading every log again found."""

    events: int
    damaged: tuple[str, ...] = ()
    """One line of words for each line that could not be read and is not kept elsewhere, or can be mended."""
    ahead: int = 0
    """Ledgers whose newest event is dated in the future."""
    kept: int = 0
    """Further lines that could not be read, and of which a copy lies in the quarantine."""
    behind: tuple[str, ...] = ()
    """The projected files that lack what the log holds, while nobody is about to bring them up."""


class LineNote(msgspec.Struct, frozen=True):
    """A line of a file, and what is to be said about it."""

    number: int
    """Counted from 1, as editors do."""
    reason: str


class LinesFound(msgspec.Struct, frozen=True):
    """What the issues file of a ledger holds, line by line.

    Attributes:
        file: The file.
        lines: How many lines it has, blank ones apart.
        readable: How many beads were read.
        kept: How many lines are records but no beads; they stay where they are.
        quarantined: Lines that cannot be read. Whole records glued into one are counted as readable all the same.
        duplicates: Lines that hold an older version of a bead that is there twice.
        put_aside: Lines of either kind that an earlier write has moved to the quarantine.
        database: What another program's database lies beside the file, in words; empty when none does.
    """

    file: Path
    lines: int
    readable: int
    kept: int
    quarantined: tuple[LineNote, ...] = ()
    duplicates: tuple[LineNote, ...] = ()
    put_aside: tuple[LineNote, ...] = ()
    database: str = ""


class Ledger(Protocol):
    """Where the town's facts are kept."""

    @property
    def home(self) -> Path:
        """The directory that holds `.beads`: the town's root, or a plain repository."""
        ...

    @property
    def here(self) -> str:
        """The ledger plain bead commands mean: a rig's name when given inside that rig, else the town's own."""
        ...

    def read(self) -> Town:
        """The town as of now: last good projection and everything appended since. Writes nothing."""
        ...

    def recent(self, limit: int) -> tuple[Event, ...]:
        """The newest events of all ledgers, oldest first, from the feed; at most `limit`."""
        ...

    def history(self, ledger: str = "", *, naming: str = "") -> Iterator[Event]:
        """Every event of one ledger from its beginning, in order, read from the log itself.

        Args:
            ledger: Which.
            naming: Only events that hold this text somewhere; all others are passed over unread.
        """
        ...

    def record(self, decide: Decide, *, actor: str, ledgers: Sequence[str] = ("",)) -> Recorded:
        """Decide under the lock of the named ledgers and append the outcome durably as one transaction.

        Locks are taken in a fixed order (the town's own first, then rigs by name). `decide` runs on a town caught
        up with every locked ledger; what it raises is passed on and nothing is written.

        Raises:
            Conflict: the lock was not to be had in time; the message names the holder.
            LedgerDamaged: an earlier write could not be made durable and `doctor` has not cleared it.
        """
        ...

    def warnings(self) -> tuple[str, ...]:
        """What reading had to leave out (damaged lines, conflict markers), one line of words each."""
        ...

    def inspect(self, ledger: str = "") -> LinesFound:
        """Count the lines of a ledger's issues file by what can be made of them. Reads all of it, writes nothing."""
        ...

    def settle(self) -> None:
        """Record what others changed in the files, and bring every projection up to the log."""
        ...

    def take_up(self, log: bytes, ledger: str = "", *, issues: bytes = b"") -> int:
        """Append the lines of another clone's log that this one lacks, durably; return how many those are.

        Lines of its issues file are taken up too when they are somebody's edit.
        """
        ...

    def mend(self, rule: Mend, ledger: str = "") -> None:
        """Give a rule every file of lines a ledger has, under its lock, and put what it says in their place.

        Each is replaced in one step, and only once the rule has passed them all; what it raises leaves all as they
        were. Afterwards the projections are those of the log, where there is one.
        """
        ...

    def rebuild_projections(self) -> None:
        """Write every projection of every ledger anew, from the events alone."""
        ...

    def verify(self) -> Verified:
        """Read every log again, sync it, and let writing go on after a failed sync.

        Raises:
            LedgerDamaged: a log still cannot be made durable.
        """
        ...
