"""Where the projected files of a ledger lie, and which snapshot fits them. Reading only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from gastown_tui.core.world.regular import read_regular
from gastown_tui.core.world.snapshot import Snapshot, load_snapshot
from gastown_tui.core.world.sums import is_of

_SMALL_BYTES = 64 * 1024


class ProjectedFiles:
    """The projected files of one ledger.

    Attributes:
        issues: `issues.jsonl`, or what this directory calls it.
        messages: `messages.jsonl`.
        feed: `feed.jsonl`.
        state: `local/snapshot`.
        announced: `local/snapshot.next`, there while the files are being replaced.
    """

    def __init__(self, beads: Path) -> None:
        self.beads = beads
        self.issues = issues_file(beads)
        self.messages = beads / "messages.jsonl"
        self.feed = beads / "feed.jsonl"
        self.state = beads / "local" / "snapshot"
        self.announced = beads / "local" / "snapshot.next"

    def snapshot(self) -> Snapshot | None:
        """The snapshot that fits the files as they stand; None when none does.

        Whoever was killed between putting the files in place and the snapshot has announced it; a projector at work
        may have moved both on while we looked, so a misfit is looked at again before it counts.
        """
        seen: bytes | None = None
        while True:
            snapshot = load_snapshot(self.state)
            status = status_of(self.issues)
            for candidate in (snapshot, None if _fits(snapshot, status) else load_snapshot(self.announced)):
                if candidate is not None and _fits(candidate, status):
                    return candidate
            text = b"" if snapshot is None else snapshot.text + repr(snapshot.header).encode()
            if text == seen:
                return self._same_content(snapshot, status)
            seen = text

    def _same_content(self, snapshot: Snapshot | None, status: os.stat_result | None) -> Snapshot | None:
        """The snapshot when the file was touched or copied but holds the very same bytes."""
        if snapshot is None or status is None or snapshot.header.issues is None:
            return None
        issues = snapshot.header.issues
        if status.st_size != issues.size or not is_of(issues.sums, read_regular(self.issues)):
            return None
        return snapshot


def issues_file(beads: Path) -> Path:
    """The file other programs keep their beads in: what `metadata.json` says, else the names they use."""
    said = _metadata(beads).get("jsonl_export", "")
    own = {"events.jsonl", "messages.jsonl", "feed.jsonl", "vapor.jsonl", "routes.jsonl", "interactions.jsonl"}
    names = ["issues.jsonl", "beads.jsonl"]
    if isinstance(said, str) and said.endswith(".jsonl") and Path(said).name == said and said not in own:
        names.insert(0, said)
    found = next((beads / name for name in names if (beads / name).is_file()), beads / "issues.jsonl")
    # A link keeps its place when the file is replaced: what it points to is.
    return found.resolve() if found.is_symlink() else found


def database_of(beads: Path) -> str:
    """What of another program's database a directory holds, in words; empty when there is none."""
    for name in ("dolt", "embeddeddolt"):
        if (beads / name).is_dir():
            return f"a Dolt database ({name}/)"
    found = next((path.name for path in sorted(beads.glob("*.db")) if path.is_file() and path.stat().st_size), "")
    if found:
        return f"an SQLite database ({found})"
    return "a Dolt database on a server" if _metadata(beads).get("backend") == "dolt" else ""


def _metadata(beads: Path) -> dict[str, Any]:
    try:
        record = msgspec.json.decode(read_regular(beads / "metadata.json", _SMALL_BYTES))
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def status_of(path: Path) -> os.stat_result | None:
    """The status of a file; None when there is none."""
    try:
        return path.stat()
    except OSError:
        return None


def _fits(snapshot: Snapshot | None, status: os.stat_result | None) -> bool:
    return (
        snapshot is not None
        and status is not None
        and snapshot.header.issues is not None
        and snapshot.header.issues.fits(status)
    )
