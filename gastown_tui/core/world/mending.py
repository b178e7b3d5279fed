"""Putting files of lines in order where somebody else has left them in none."""

from __future__ import annotations

from pathlib import Path

from gastown_tui.core.ports import Mend
from gastown_tui.core.world.disk import write_whole


def mend(beads: Path, rule: Mend) -> bool:
    """Replace what a rule changes of a ledger's files, all of it read before the first is written.

    Under the ledger's lock and the projector's.
    """
    changed: list[tuple[Path, str]] = []
    for path in (*sorted(beads.glob("*.jsonl")), *sorted((beads / "events").glob("*.jsonl"))):
        if path.is_file():
            text = rule(str(path.relative_to(beads)), path.read_bytes().decode(errors="surrogateescape"))
            if text is not None:
                changed.append((path.resolve(), text))
    for path, text in changed:
        write_whole(path, text.encode(errors="surrogateescape"), mode=path.stat().st_mode & 0o777)
    return bool(changed)
