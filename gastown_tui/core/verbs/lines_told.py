"""What is said about the lines of a ledger's issues file."""

from __future__ import annotations

from typing import Any

from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import LineNote, LinesFound

_MOST_SHOWN = 10
_OLDER = "an older version of "


def as_text(found: LinesFound) -> list[str]:
    """The counts in a line, then the lines that are worth a word, with their numbers."""
    head = (
        f"{found.lines} lines: {found.readable} readable, {found.kept} of other kinds, "
        f"{len(found.quarantined)} quarantined, {len(found.duplicates)} duplicate"
    )
    lines = [head]
    for title, notes in (("quarantined", found.quarantined), ("duplicate", found.duplicates)):
        lines += [f"  line {note.number} {title}: {one_line(note.reason, 100)}" for note in notes[:_MOST_SHOWN]]
        lines += [f"  … and {len(notes) - _MOST_SHOWN} more {title}"] if len(notes) > _MOST_SHOWN else []
    if found.put_aside:
        older = sum(note.reason.startswith(_OLDER) for note in found.put_aside)
        lines.append(
            f"  put aside before: {len(found.put_aside) - older} quarantined, {older} duplicate, "
            f"in {found.file.parent / 'local' / 'quarantine' / found.file.name}"
        )
    return lines


def as_value(found: LinesFound) -> dict[str, Any]:
    """The same for programs: every line with its number."""
    return {
        "file": str(found.file),
        "lines": found.lines,
        "readable": found.readable,
        "kept": found.kept,
        "quarantined": [_row(note) for note in found.quarantined],
        "duplicates": [_row(note) for note in found.duplicates],
        "put_aside": [_row(note) for note in found.put_aside],
    }


def _row(note: LineNote) -> dict[str, Any]:
    return {"line": note.number, "reason": note.reason}
