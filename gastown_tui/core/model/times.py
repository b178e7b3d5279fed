"""Time as the ledger writes it: RFC 3339 text with up to nine digits, kept as written and compared as numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_STAMP = r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:([Zz])|([+-])(\d\d):?(\d\d))?"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stamp(moment: datetime) -> str:
    """A moment as the town writes it: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


@lru_cache(maxsize=65_536)
def epoch_ns(text: str | None) -> int | None:
    """Nanoseconds since 1970 of a stamp in any dialect; None for empty or unreadable text."""
    if not text or (match := re.fullmatch(_STAMP, text)) is None:
        return None
    year, month, day, hour, minute, second, fraction, _zulu, sign, off_h, off_m = match.groups()
    try:
        base = datetime(int(year), int(month), int(day), int(hour), int(minute), min(int(second), 59), tzinfo=UTC)
    except ValueError:
        return None
    delta = base - _EPOCH
    seconds = delta.days * 86_400 + delta.seconds
    if sign:
        offset = int(off_h) * 3600 + int(off_m) * 60
        seconds -= offset if sign == "+" else -offset
    return seconds * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))


@lru_cache(maxsize=16_384)
def moment(text: str | None) -> datetime | None:
    """The aware UTC time of a stamp, to the microsecond; None for empty or unreadable text."""
    nanoseconds = epoch_ns(text)
    return None if nanoseconds is None else _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def age_text(age: timedelta | None) -> str:
    """An age in one short word: `12s`, `3m`, `2h`, `5d`; a dash when unknown."""
    if age is None:
        return "-"
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
