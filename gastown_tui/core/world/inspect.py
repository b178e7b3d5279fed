"""Counting the lines of an issues file by what can be made of them."""

from __future__ import annotations

from collections.abc import Iterable

from gastown_tui.core.ports import LineNote, LinesFound
from gastown_tui.core.world.adopt import BadLine, scan
from gastown_tui.core.world.files import ProjectedFiles, database_of
from gastown_tui.core.world.quarantine import numbered


def inspect(files: ProjectedFiles) -> LinesFound:
    """Read all of a ledger's issues file, and the notes about what was put aside from it before."""
    issues = files.issues
    data = issues.read_bytes() if issues.is_file() else b""
    found = scan(data)
    return LinesFound(
        file=issues,
        lines=sum(1 for line in data.split(b"\n") if line.strip()),
        readable=len(found.beads),
        kept=len(found.kept),
        quarantined=_notes(each for each in found.bad if not each.bead_id),
        duplicates=_notes(each for each in found.bad if each.bead_id),
        put_aside=tuple(LineNote(number, reason) for number, reason in numbered(files.beads / "local", issues.name)),
        database=database_of(files.beads),
    )


def _notes(bad: Iterable[BadLine]) -> tuple[LineNote, ...]:
    return tuple(LineNote(each.number, each.reason) for each in sorted(bad, key=lambda each: each.number))
