"""Where the projected files of a ledger lie, and which snapshot fits them. Reading only."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from gastown_tui.core.world.disk import write_whole
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

    def append_missing(self, theirs: bytes) -> bool:
        """Put those lines of another clone's issues file behind ours that ours lacks, as a union merge would."""
        ours = self.issues.read_bytes() if self.issues.is_file() else b""
        known = {b"", *ours.split(b"\n")}
        missing = [line for line in dict.fromkeys(theirs.split(b"\n")) if line not in known]
        if missing:
            end = b"" if not ours or ours.endswith(b"\n") else b"\n"
            mode = self.issues.stat().st_mode & 0o777 if ours else 0o600
            write_whole(self.issues, ours + end + b"".join(line + b"\n" for line in missing), mode=mode)
        return bool(missing)

    def _same_content(self, snapshot: Snapshot | None, status: os.stat_result | None) -> Snapshot | None:
        """The snapshot when the file was touched or copied but holds the very same bytes."""
        if snapshot is None or status is None or snapshot.header.issues is None:
            return None
        issues = snapshot.header.issues
        if status.st_size != issues.size or not is_of(issues.sums, self.issues.read_bytes()):
            return None
        return snapshot


def issues_file(beads: Path) -> Path:
    """The file other programs keep their beads in: what `metadata.json` says, else the names they use."""
    said = ""
    try:
        record = msgspec.json.decode((beads / "metadata.json").read_bytes()[:_SMALL_BYTES])
        said = record.get("jsonl_export", "") if isinstance(record, dict) else ""
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    own = {"events.jsonl", "messages.jsonl", "feed.jsonl", "vapor.jsonl", "routes.jsonl", "interactions.jsonl"}
    names = ["issues.jsonl", "beads.jsonl"]
    if isinstance(said, str) and said.endswith(".jsonl") and Path(said).name == said and said not in own:
        names.insert(0, said)
    found = next((beads / name for name in names if (beads / name).is_file()), beads / "issues.jsonl")
    # A link keeps its place when the file is replaced: what it points to is.
    return found.resolve() if found.is_symlink() else found


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
