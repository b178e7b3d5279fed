"""One act on several beads: done where it can be, and said where it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from gastown_tui.core.errors import GastownError
from gastown_tui.core.events import Entry
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId


class Outcome(msgspec.Struct, frozen=True):
    """What became of an act on several beads.

    Attributes:
        done: Beads the act was done on.
        failed: What kept it from the others.
        entries: What to record.
    """

    done: tuple[BeadId, ...]
    failed: tuple[GastownError, ...]
    entries: tuple[Entry, ...]


def on_each(beads: Sequence[Bead], act: Callable[[Bead], Iterable[Entry]]) -> Outcome:
    """Do an act on each bead; one refusal does not keep it from the others, unless it is the only one.

    Raises:
        GastownError: it could be done on none; the first reason is raised.
    """
    done: list[BeadId] = []
    failed: list[GastownError] = []
    entries: list[Entry] = []
    for bead in beads:
        try:
            entries += act(bead)
        except GastownError as error:
            failed.append(error)
        else:
            done.append(bead.id)
    if failed and not done:
        raise failed[0]
    return Outcome(tuple(done), tuple(failed), tuple(entries))
