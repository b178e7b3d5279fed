"""`local/quarantine/`: lines that could not be read, put aside with the reason and the place they stood at."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from zlib import crc32

import msgspec

from gastown_tui.core.world.adopt import BadLine
from gastown_tui.core.world.disk import make_private
from gastown_tui.core.world.event_lines import Damage
from gastown_tui.core.world.joining import MARKERS


class PutAside(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of `local/quarantine/<file>`."""

    seen: str
    reason: str
    number: int = 0
    """Which line of the file it was, counted from 1."""
    offset: int = 0
    crc: int = 0
    text: str = ""
    base64: str = ""
    """The bytes, when they are no text."""


def put_aside(local: Path, file: str, bad: Iterable[BadLine], seen: str) -> None:
    """Keep lines that are about to vanish from a projected file."""
    _write(local, file, [_record(each.line, seen, each.reason, number=each.number) for each in bad])


def put_aside_damage(local: Path, damaged: list[Damage], seen: str) -> list[Damage]:
    """Keep a copy of damaged lines of the log, which itself is never rewritten; return those not kept before."""
    fresh: list[Damage] = []
    for file in dict.fromkeys(each.file for each in damaged):
        known = {(each.offset, each.crc) for each in _read(local / "quarantine" / file)}
        new = [each for each in damaged if each.file == file and (each.offset, crc32(each.line)) not in known]
        _write(local, file, [_record(each.line, seen, each.reason, offset=each.offset) for each in new])
        fresh += new
    return fresh


def not_kept(local: Path, damaged: Iterable[Damage]) -> list[Damage]:
    """Damaged lines of the log of which no copy was put aside, and those that can be mended all the same."""
    found = list(damaged)
    folder = local / "quarantine"
    known = {each.crc for path in folder.glob("*.jsonl") for each in _read(path)} if found else set[int]()
    return [each for each in found if crc32(each.line) not in known or each.line.startswith(MARKERS)]


def numbered(local: Path, file: str) -> list[tuple[int, str]]:
    """Which lines of a projected file were put aside so far, and why."""
    return [(each.number, each.reason) for each in _read(local / "quarantine" / file)]


def _record(line: bytes, seen: str, reason: str, **place: int) -> PutAside:
    try:
        text, raw = line.decode(), ""
    except UnicodeDecodeError:
        text, raw = "", b64encode(line).decode()
    return PutAside(seen=seen, reason=reason, crc=crc32(line), text=text, base64=raw, **place)


def _read(path: Path) -> list[PutAside]:
    try:
        return msgspec.json.Decoder(PutAside).decode_lines(path.read_bytes())
    except (OSError, msgspec.DecodeError):
        return []


def _write(local: Path, file: str, records: list[PutAside]) -> None:
    if records:
        make_private(local / "quarantine")
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        with os.fdopen(os.open(local / "quarantine" / file, flags, 0o600), "ab") as kept:
            kept.write(b"".join(msgspec.json.encode(each) + b"\n" for each in records))
