"""Lines of another clone's issues file that this one does not hold."""

from __future__ import annotations

from pathlib import Path

from gastown_tui.core.world.disk import write_whole


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
