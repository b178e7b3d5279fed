"""Many beads written as JSON: an array, an object that holds one, or a bead a line."""

from __future__ import annotations

from typing import Any

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.rules.bead_values import kind_meant, parse_priority
from gastown_tui.core.rules.beads import NewBead
from gastown_tui.core.rules.edges import WantedEdge, parse_wanted

LIMIT = 10_000
"""Beads in one file."""
_TEXTS = ("design", "acceptance_criteria", "notes", "external_ref", "spec_id", "due_at", "defer_until", "owner")
_OTHER = ("estimated_minutes", "metadata", "ephemeral", "mol_type", "wisp_type")
_HINT = 'an array such as [{"title": "…", "type": "bug", "priority": 1, "labels": ["ui"], "dependencies": ["ID"]}]'


class _Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: str
    description: str = ""
    body: str = ""
    type: str = ""
    issue_type: str = ""
    priority: int | str = 2
    status: str = "open"
    assignee: str = ""
    labels: tuple[str, ...] | str = ()
    deps: tuple[str | dict[str, Any], ...] = ()
    dependencies: tuple[str | dict[str, Any], ...] = ()
    parent: str = ""
    id: str = ""
    acceptance: str = ""
    acceptance_criteria: str = ""
    design: str = ""
    notes: str = ""
    external_ref: str = ""
    spec_id: str = ""
    owner: str = ""
    due_at: str = ""
    defer_until: str = ""
    estimate: int | None = None
    estimated_minutes: int | None = None
    metadata: dict[str, Any] | None = None
    ephemeral: bool = False
    mol_type: str = ""
    wisp_type: str = ""


def read_json(text: str) -> list[NewBead]:
    """Beads from JSON.

    Raises:
        BadInput: it is none, or a bead in it cannot be; the message says which.
    """
    records = _records(text)
    if not 0 < len(records) <= LIMIT:
        raise BadInput(f"the file holds {len(records)} issues", hint=f"1 to {LIMIT} can be filed at once")
    return [_bead(number, record) for number, record in enumerate(records, 1)]


def _records(text: str) -> list[Any]:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return _lines(text)
    if isinstance(found, dict) and "nodes" in found:
        raise BadInput("the file holds a plan of beads and edges", hint="bd create --graph FILE files it")
    if isinstance(found, dict):
        found = found.get("issues", [found])
    if not isinstance(found, list):
        raise BadInput("the JSON holds no issues", hint=_HINT)
    return found


def _lines(text: str) -> list[Any]:
    found: list[Any] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(msgspec.json.decode(line))
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadInput(f"line {number} is not JSON: {error}", hint=_HINT) from error
    return found


def _bead(number: int, record: Any) -> NewBead:
    try:
        found = msgspec.convert(record, _Written)
        labels = found.labels.split(",") if isinstance(found.labels, str) else found.labels
        return NewBead(
            title=found.title,
            description=found.description or found.body,
            kind=kind_meant(found.type or found.issue_type or "task"),
            priority=parse_priority(str(found.priority)),
            status=found.status,
            assignee=found.assignee,
            labels=tuple(each.strip() for each in labels if each.strip()),
            edges=tuple(map(_edge, (*found.deps, *found.dependencies))),
            parent=found.parent,
            explicit_id=found.id,
            fields=_fields(found),
        )
    except (msgspec.ValidationError, BadInput) as error:
        raise BadInput(f"issue {number} cannot be read: {error}") from error


def _edge(written: str | dict[str, Any]) -> WantedEdge:
    if isinstance(written, str):
        return parse_wanted(written)
    target = written.get("depends_on_id") or written.get("id")
    if not isinstance(target, str) or not target:
        raise BadInput("a dependency names no depends_on_id")
    return parse_wanted(f"{written['type']}:{target}" if written.get("type") else target)


def _fields(found: _Written) -> dict[str, Any]:
    fields = {name: getattr(found, name) for name in (*_TEXTS, *_OTHER)}
    fields["acceptance_criteria"] = found.acceptance_criteria or found.acceptance
    fields["estimated_minutes"] = found.estimate if found.estimated_minutes is None else found.estimated_minutes
    if (minutes := fields["estimated_minutes"]) is not None and not 0 <= minutes < 2**31:
        raise BadInput("estimate must be a non-negative number of minutes")
    return fields
