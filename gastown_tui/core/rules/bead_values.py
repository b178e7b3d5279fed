"""Values people type for the fields of beads: priorities, types, statuses, labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from gastown_tui.core.errors import BadInput, Refused
from gastown_tui.core.model.bead import STATUSES, TOWN_TYPES, TYPES, Bead
from gastown_tui.core.model.ids import shown

TYPE_ALIASES = {"enhancement": "feature", "feat": "feature", "mr": "merge-request", "mol": "molecule"}
TITLE_LIMIT = 500
EDGE_TYPE_LIMIT = 50
MOL_TYPES = ("swarm", "patrol", "work")
WISP_TYPES = ("heartbeat", "ping", "patrol", "gc_report", "recovery", "error", "escalation")
_PRIORITY = r"\s*[Pp]?([0-4])\s*"
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


def plain_setting(bead: Bead, key: str) -> str:
    """A metadata value as one would type it; empty when there is none."""
    value: Any = bead.setting(key)
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
