"""Setting up a ledger where there is none."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from gastown_tui.core import events as e
from gastown_tui.core.errors import Conflict
from gastown_tui.core.events import Entry
from gastown_tui.core.model.ids import shown
from gastown_tui.core.ports import Clock
from gastown_tui.core.world.disk import make_private, write_whole
from gastown_tui.core.world.jsonl import JsonlLedger
from gastown_tui.core.world.locate import Home, HomeKind
from gastown_tui.core.world.log import in_words
from gastown_tui.core.world.tracked import tell_git

_FILES = {
    "metadata.json": '{{\n  "database": "beads.db",\n  "jsonl_export": "issues.jsonl"\n}}\n',
    "config.yaml": "issue-prefix: {prefix}\n",
}


def create_ledger(directory: Path, prefix: str, *, actor: str = "", clock: Clock | None = None) -> JsonlLedger:
    """Set up a `.beads` in a directory that has none, and say so in its log.

    Raises:
        Conflict: there is one already.
    """
    beads = directory / ".beads"
    if beads.exists() and any(beads.iterdir()):
        raise Conflict(f"{shown(str(beads), 200)} is there already", hint="it can be used as it is")
    make_private(beads)
    try:
        tell_git(beads)
        for name, text in _FILES.items():
            write_whole(beads / name, text.format(prefix=prefix).encode())
    except OSError as error:
        with suppress(OSError):
            beads.rmdir()
        raise in_words(error, beads) from error
    ledger = JsonlLedger(Home(HomeKind.LONE, directory, "", beads), clock=clock)
    ledger.record(lambda town: [Entry(e.LedgerCreated(prefix=prefix))], actor=actor)
    return ledger
