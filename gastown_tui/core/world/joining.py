"""Lines of another clone's files that these do not hold."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from gastown_tui.core.world.disk import write_whole

MARKERS = (b"<<<<<<< ", b"=======", b">>>>>>> ", b"||||||| ")
"""What git leaves in a file whose merge it gave up."""


def append_missing(issues: Path, theirs: bytes) -> bool:
    """Put those lines of another clone's issues file behind ours that ours lacks, as a union merge would."""
    ours = issues.read_bytes() if issues.is_file() else b""
    known = {b"", *ours.split(b"\n")}
    missing = [line for line in dict.fromkeys(theirs.split(b"\n")) if line not in known]
    if missing:
        end = b"" if not ours or ours.endswith(b"\n") else b"\n"
        mode = issues.stat().st_mode & 0o777 if ours else 0o600
        write_whole(issues, ours + end + b"".join(line + b"\n" for line in missing), mode=mode)
    return bool(missing)


def missing_lines(theirs: bytes, beads: Path) -> bytes:
    """The lines of another clone's log that stand neither in ours nor in its segments, each once."""
    known: set[bytes] = {b""}
    for path in (beads / "events.jsonl", *sorted((beads / "events").glob("*.jsonl"))):
        with suppress(FileNotFoundError):
            known.update(path.read_bytes().split(b"\n"))
    fresh = [line for line in dict.fromkeys(theirs.split(b"\n")) if line not in known]
    return b"".join(line + b"\n" for line in fresh if not line.startswith(MARKERS))
