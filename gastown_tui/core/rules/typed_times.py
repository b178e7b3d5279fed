"""Moments as people type them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.times import moment, stamp

_COMPACT = r"([+-]?)(\d{1,6})([hdwmy])"
_DAY = r"\d{4}-\d\d-\d\d"
_LOCAL = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?"
_COUNT = r"(\d{1,6}|an?|one|two|three|four|five|six)"
_UNIT = r"(minute|min|hour|day|week|month|year)s?"
_IN = rf"in {_COUNT} {_UNIT}|{_COUNT} {_UNIT} from now"
_AGO = rf"{_COUNT} {_UNIT} ago"
_CLOCK = r"(.*?)\s*\b(?:at )?(?:(\d{1,2})(?::(\d\d))? ?([ap]m)|(\d{1,2}):(\d\d)|(noon|midnight))"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_PARTS = {"morning": 9, "afternoon": 15, "evening": 18, "night": 21}


def parse_time(text: str, now: datetime) -> str:
    """A moment, as the ledger writes it.

    Args:
        text: `+6h`, `-2d`, `tomorrow`, `next monday at 9am`, `in 3 days`, a date (midnight), or a date and time.
        now: The present, in the time zone that dates without one are meant in.

    Raises:
        BadInput: it is none of these.
    """
    found = _time(text.strip(), now)
    if found is None:
        raise BadInput(f'cannot parse time expression: "{text[:60]}" (examples: +6h, tomorrow, 2025-01-15)')
    return stamp(found)


def parse_field_time(text: str, flag: str, now: datetime, example: str = "+6h") -> str:
    """A moment for an option; the message names the option.

    Raises:
        BadInput: it is not a time.
    """
    try:
        return parse_time(text, now)
    except BadInput as error:
        raise BadInput(
            f'invalid {flag} format "{text[:60]}". Examples: {example}, tomorrow, next monday, 2025-01-15'
        ) from error


def _time(text: str, now: datetime) -> datetime | None:
    words = " ".join(text.lower().split())
    if match := re.fullmatch(_COMPACT, words):
        sign, count, unit = match.groups()
        return shifted(now, -int(count) if sign == "-" else int(count), unit)
    if match := re.fullmatch(_IN, words):
        return _moved(now, match[1] or match[3], match[2] or match[4], 1)
    if match := re.fullmatch(_AGO, words):
        return _moved(now, match[1], match[2], -1)
    if re.fullmatch(_DAY, text) or re.fullmatch(_LOCAL, text):
        try:
            return datetime.fromisoformat(text).replace(tzinfo=now.tzinfo)
        except ValueError:
            return None
    return _named_day(words, now) or _at_clock(words, now) or moment(text)


def _moved(now: datetime, count: str, unit: str, direction: int) -> datetime | None:
    number = direction * _NUMBERS.get(count, 0) or direction * int(count)
    return now + timedelta(minutes=number) if unit.startswith("min") else shifted(now, number, unit[0])


def _at_clock(words: str, now: datetime) -> datetime | None:
    """A day and a time of it: `tomorrow at 9am`, `friday 17:30`, `5pm`, `noon`."""
    match = re.fullmatch(_CLOCK, words)
    if match is None:
        return None
    day, hour12, minute12, half, hour24, minute24, named = match.groups()
    if named:
        hour, minute = (12 if named == "noon" else 0), 0
    elif half:
        if not 1 <= int(hour12) <= 12:
            return None
        hour, minute = int(hour12) % 12 + (12 if half == "pm" else 0), int(minute12 or 0)
    else:
        hour, minute = int(hour24), int(minute24)
    midnight = _named_day(day or "today", now)
    if midnight is None or hour > 23 or minute > 59 or (day == "now"):
        return None
    return midnight.replace(hour=hour, minute=minute, second=0, microsecond=0)


def _named_day(words: str, now: datetime) -> datetime | None:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if words == "now":
        return now
    if words in {"today", "tomorrow", "yesterday"}:
        return midnight + timedelta(days={"today": 0, "tomorrow": 1, "yesterday": -1}[words])
    if words in {"next week", "next month", "next year"}:
        return shifted(midnight, 1, words.split()[1][0])
    if words in {"last week", "last month", "last year"}:
        return shifted(midnight, -1, words.split()[1][0])
    day, _, part = words.rpartition(" ")
    if words == "tonight" or (part in _PARTS and day in {"this", "tomorrow", "yesterday"}):
        start = midnight if day in {"", "this"} else _named_day(day, now)
        return None if start is None else start.replace(hour=_PARTS.get(part, _PARTS["night"]))
    if words.startswith("last ") and words[5:] in _WEEKDAYS:
        return midnight - timedelta(days=(midnight.weekday() - _WEEKDAYS.index(words[5:]) - 1) % 7 + 1)
    for lead in ("next ", "on ", "this "):
        words = words.removeprefix(lead)
    if words in _WEEKDAYS:
        return midnight + timedelta(days=(_WEEKDAYS.index(words) - midnight.weekday() - 1) % 7 + 1)
    return None


def shifted(now: datetime, count: int, unit: str) -> datetime | None:
    """A moment so many hours, days, weeks, months or years away; None when it leaves the calendar."""
    try:
        if unit in "hdw":
            return now + timedelta(hours=count * {"h": 1, "d": 24, "w": 168}[unit])
        months = now.month - 1 + count * (12 if unit == "y" else 1)
        year, month = now.year + months // 12, months % 12 + 1
        for day in (now.day, 30, 29, 28):
            try:
                return now.replace(year=year, month=month, day=min(day, now.day))
            except ValueError:
                continue
    except (OverflowError, ValueError):
        pass
    return None
