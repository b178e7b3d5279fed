"""What the room remembers from one time to the next: towns that were open, lines that were typed. Losing it is fine."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

RECENT = 20
LINES = 200


def folder() -> Path:
    """Where it is kept."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "gastown"


def at_home(path: Path) -> str:
    """A folder as a person writes it."""
    try:
        return f"~/{path.relative_to(Path.home())}".removesuffix("/.")
    except ValueError:
        return str(path)


def recent() -> list[Path]:
    """Towns and ledgers that were open before and are still there, the last one first."""
    return [Path(line) for line in _read("recent") if (Path(line) / ".beads").is_dir()]


def open_next_time(home: Path | None) -> None:
    """Remember a town."""
    if home is not None:
        _write("recent", [str(home), *(line for line in _read("recent") if line != str(home))][:RECENT])


def lines() -> list[str]:
    """Lines typed before, the oldest first."""
    return _read("lines")


def remember_lines(typed: list[str]) -> None:
    """Keep typed lines."""
    _write("lines", typed[-LINES:])


def theme() -> str:
    """The theme that was chosen last; empty when none ever was."""
    return next(iter(_read("theme")), "")


def remember_theme(name: str) -> None:
    """Keep the chosen theme."""
    _write("theme", [name])


def _read(name: str) -> list[str]:
    try:
        text = (folder() / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    return [line for line in text.splitlines() if line.strip() and line.isprintable()]


def _write(name: str, kept: list[str]) -> None:
    if _read(name) == kept:
        return
    file = folder() / name
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = file.with_name(f".{name}.{os.getpid()}")
        fresh.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        fresh.replace(file)
