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


class Recorded(msgspec.Struct, frozen=True):
    """What a transaction left behind: the events as written, and the town after them."""

    events: tuple[Event, ...]
    town: Town


class Verified(msgspec.Struct, frozen=True):
    """What reading every log again found."""

    events: int
    damaged: tuple[str, ...] = ()
    """One line of words for each line that could not be read."""
    ahead: int = 0
    """Ledgers whose newest event is dated in the future."""


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

    def history(self, ledger: str = "") -> Iterator[Event]:
        """Every event of one ledger from its beginning, in order, read from the log itself."""
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

    def rebuild_projections(self) -> None:
        """Write every projection of every ledger anew, from the events alone."""
        ...

    def verify(self) -> Verified:
        """Read every log again, sync it, and let writing go on after a failed sync.

        Raises:
            LedgerDamaged: a log still cannot be made durable.
        """
        ...
