"""Values people type for the fields of beads: priorities, types, statuses, times, labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from gastown_tui.core.errors import BadInput, Refused
from gastown_tui.core.model.bead import STATUSES, TOWN_TYPES, TYPES, Bead
from gastown_tui.core.model.ids import shown
from gastown_tui.core.model.times import moment, stamp

TYPE_ALIASES = {"enhancement": "feature", "feat": "feature", "mr": "merge-request", "mol": "molecule"}
TITLE_LIMIT = 500
EDGE_TYPE_LIMIT = 50
MOL_TYPES = ("swarm", "patrol", "work")
WISP_TYPES = ("heartbeat", "ping", "patrol", "gc_report", "recovery", "error", "escalation")
_PRIORITY = r"\s*[Pp]?([0-4])\s*"
_COMPACT = r"([+-]?)(\d{1,6})([hdwmy])"
_DAY = r"\d{4}-\d\d-\d\d"
_LOCAL = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?"
_IN = r"in (\d{1,6}) (hour|day|week|month|year)s?"
_AGO = r"(\d{1,6}) (hour|day|week|month|year)s? ago"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LABEL_LIMIT = 100
_LINE_LIMIT = 500
_LINE_FIELDS = ("assignee", "owner", "external_ref", "spec_id", "await_id", "rig", "event_kind", "actor", "target")


def parse_priority(text: str) -> int:
    """A priority, 0 to 4, with or without a P.

    Raises:
        BadInput: it is neither.
    """
    match = re.fullmatch(_PRIORITY, text)
    if match is None:
        raise BadInput(f'invalid priority "{text[:60]}" (expected 0-4 or P0-P4, not words like high/medium/low)')
    return int(match[1])


def parse_title(text: str) -> str:
    """A title: something, on one line, not too long.

    Raises:
        BadInput: it is not.
    """
    if not text.strip():
        raise BadInput("validation failed: title is required")
    if len(text.encode()) > TITLE_LIMIT:
        raise BadInput(f"validation failed: title must be {TITLE_LIMIT} characters or less (got {len(text.encode())})")
    if not is_line(text):
        raise BadInput(
            "validation failed: title must be one line without control characters",
            hint="put further lines into the description",
        )
    return text


def is_line(text: str) -> bool:
    """Whether text stays on one line and holds nothing a terminal acts on; other characters are people's own matter."""
    return not re.search("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text)


def check_lines(fields: Mapping[str, Any]) -> None:
    """Refuse fields that hold one short line and were given something else; missing ones are fine.

    Raises:
        BadInput: one is too long or holds control characters.
    """
    for key in _LINE_FIELDS:
        value = fields.get(key)
        if isinstance(value, str) and (len(value) > _LINE_LIMIT or not is_line(value)):
            name = key.replace("_", "-")
            raise BadInput(
                f"validation failed: {name} {shown(value)} is not usable",
                hint=f"one line of at most {_LINE_LIMIT} characters, without control characters",
            )


def kind_meant(text: str) -> str:
    """A type with its aliases read; the case of real types is left alone."""
    return TYPE_ALIASES.get(text.lower(), text)


def parse_kind(text: str, further: Iterable[str] = ()) -> str:
    """A type for a bead.

    Args:
        text: As typed.
        further: Types that are known besides those every ledger has: configured ones, and ones in use.

    Raises:
        BadInput: nobody knows such a type.
    """
    kind = kind_meant(text)
    if kind in TYPES or kind in TOWN_TYPES or kind in set(further):
        return kind
    raise BadInput(
        f"validation failed: invalid issue type: {text[:60]}",
        hint=f"Valid types: {', '.join(TYPES)}; bd config set types.custom NAME,NAME adds more",
    )


def parse_status(text: str, further: Iterable[str] = ()) -> str:
    """A status to set.

    Raises:
        Refused: it is the status of deleted beads.
        BadInput: nobody knows such a status.
    """
    if text == "tombstone":
        raise Refused("cannot set status to tombstone directly; use 'bd delete' instead")
    if text in STATUSES or text in set(further):
        return text
    raise BadInput(
        f"invalid status: {text[:60]}",
        hint=f"one of {', '.join(STATUSES)}; bd config set status.custom NAME,NAME adds more",
    )


def parse_label(text: str) -> str:
    """A label: one word or several, on one line.

    Raises:
        BadInput: it is empty, too long or holds control characters.
    """
    label = text.strip()
    if not label or len(label) > _LABEL_LIMIT or not is_line(label):
        raise BadInput(f"{shown(text)} cannot be a label", hint=f"use 1 to {_LABEL_LIMIT} printable characters")
    return label


def parse_edge_type(text: str) -> str:
    """The type of a dependency: any word up to fifty characters.

    Raises:
        BadInput: it is empty, too long or holds control characters.
    """
    if not text.strip() or len(text) > EDGE_TYPE_LIMIT or not text.isprintable():
        raise BadInput(f'invalid dependency type: "{text[:60]}" (must be non-empty string, max 50 chars)')
    return text


def parse_external(text: str) -> str:
    """A reference to another project: `external:<project>:<capability>`.

    Raises:
        BadInput: a part is missing.
    """
    pieces = text.split(":", 2)
    if len(pieces) != 3 or pieces[0] != "external" or not text.isprintable():
        raise BadInput(
            f"invalid external reference format: expected 'external:<project>:<capability>', got '{text[:80]}'"
        )
    if not pieces[1]:
        raise BadInput("external reference missing project name")
    if not pieces[2]:
        raise BadInput("external reference missing capability name")
    return text


def parse_time(text: str, now: datetime) -> str:
    """A moment, as the ledger writes it.

    Args:
        text: `+6h`, `-2d`, `tomorrow`, `next monday`, `in 3 days`, a date (midnight), or a date and time.
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
        return shifted(now, int(match[1]), match[2][0])
    if match := re.fullmatch(_AGO, words):
        return shifted(now, -int(match[1]), match[2][0])
    if re.fullmatch(_DAY, text) or re.fullmatch(_LOCAL, text):
        try:
            return datetime.fromisoformat(text).replace(tzinfo=now.tzinfo)
        except ValueError:
            return None
    return _named_day(words, now) or moment(text)


def _named_day(words: str, now: datetime) -> datetime | None:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if words == "now":
        return now
    if words in {"today", "tomorrow", "yesterday"}:
        return midnight + timedelta(days={"today": 0, "tomorrow": 1, "yesterday": -1}[words])
    if words in {"next week", "next month", "next year"}:
        return shifted(midnight, 1, words.split()[1][0])
    day = words.removeprefix("next ").removeprefix("on ")
    if day in _WEEKDAYS:
        ahead = (_WEEKDAYS.index(day) - midnight.weekday() - 1) % 7 + 1
        return midnight + timedelta(days=ahead)
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


def plain_setting(bead: Bead, key: str) -> str:
    """A metadata value as one would type it; empty when there is none."""
    value: Any = bead.setting(key)
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
