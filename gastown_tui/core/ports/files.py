"""The town's own folders and files outside the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Files(Protocol):
    """The town's own folders and files outside the ledger."""

    def make_directory(self, path: Path) -> None:
        """A private directory and its parents; there already is fine."""
        ...

    def temporary(self, stem: str) -> Path:
        """A fresh private directory where the system keeps temporary ones; its name begins with `stem`."""
        ...

    def exists(self, path: Path) -> bool:
        """Whether something is there."""
        ...

    def names(self, path: Path) -> tuple[str, ...]:
        """What a directory holds, sorted; empty when there is none."""
        ...

    def read_text(self, path: Path, *, limit_bytes: int = 1_000_000) -> str:
        """A file's text.

        Raises:
            NotFound: there is none.
            BadInput: it is longer than the limit, not text, or no regular file.
        """
        ...

    def write_text(self, path: Path, text: str, *, executable: bool = False) -> None:
        """Write a file whole: temporary name, sync, rename."""
        ...

    def append_line(self, path: Path, line: str) -> None:
        """Add one line at a file's end, in one write and synced; the file is made when it is not there."""
        ...

    def remove_tree(self, path: Path, *, inside: Path) -> None:
        """Remove a directory the town made; refused unless it lies strictly inside `inside`."""
        ...

    def create_ledger(self, directory: Path, *, prefix: str) -> None:
        """Set up a `.beads` in a directory that has none."""
        ...

    def set_setting(self, file: Path, key: str, value: str) -> None:
        """Change one dotted key of a settings file, keeping what people wrote around it.

        Raises:
            BadInput: the key is unknown or the value not of its type; nothing is written.
        """
        ...
