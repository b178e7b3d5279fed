"""What git is told about the files of a ledger: which are this machine's own, and how two clones' files merge."""

from __future__ import annotations

from pathlib import Path

from gastown_tui.core.world.disk import write_whole

IGNORED = ("local/", "feed.jsonl", "vapor.jsonl", ".hook-*", ".*.tmp", "*.db", "*.db-*")
MERGED = ("*.jsonl merge=union",)
"""Lines of both sides stay. In a log their order does not matter; what that leaves double in a projection, the next
write mends from the log."""


def tell_git(beads: Path) -> None:
    """Make sure that git knows, keeping what others have told it."""
    for name, wanted in ((".gitignore", IGNORED), (".gitattributes", MERGED)):
        path = beads / name
        data = path.read_bytes() if path.is_file() else b""
        known = {line.strip() for line in data.splitlines()}
        missing = [line.encode() for line in wanted if line.encode() not in known]
        if missing:
            end = b"" if not data or data.endswith(b"\n") else b"\n"
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
            write_whole(path, data + end + b"".join(line + b"\n" for line in missing), mode=mode)
