"""Three versions of a file of beads made into one, as git asks a merge driver to; and conflict markers taken apart.

A line that only one side changed is taken as it stands, byte for byte. Where both changed a bead, fields are merged
one by one: what only one side changed comes from there; the later side's text wins; closed beats open and a tombstone
everything; the more urgent priority wins; labels, dependencies and comments are sets; later moments win. A bead that
one side lacks and the other changed stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from gastown_tui.core.model.times import epoch_ns

Record = dict[str, Any]

_OURS, _BASE, _MIDDLE, _THEIRS = "<<<<<<< ", "||||||| ", "=======", ">>>>>>> "
_LATER = ("updated_at", "due_at", "defer_until", "last_activity", "compacted_at")
_LATEST_TEXT = ("title", "description", "metadata")
_EITHER = ("pinned", "is_template", "ephemeral", "crystallizes")
_CLOSING = ("closed_at", "close_reason", "closed_by_session")
_RANK = {"tombstone": 2, "closed": 1}
_ESCAPES = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029"))


class Merged(msgspec.Struct, frozen=True):
    """What became of three versions.

    Attributes:
        lines: The merged file.
        both: Ids of beads both sides changed, whose fields were merged.
        clashes: Ids under which each side filed a bead of its own; they cannot be merged.
    """

    lines: tuple[str, ...]
    both: tuple[str, ...]
    clashes: tuple[str, ...]


def merge_files(base: str, left: str, right: str) -> Merged:
    """Merge two versions of a file of beads that come from a third, by id; lines that are no beads all stay."""
    before, ours, theirs = _read(base), _read(left), _read(right)
    lines: dict[str, str] = {}
    both: list[str] = []
    clashes: list[str] = []
    for key in sorted({*ours.beads, *theirs.beads}):
        old, one, other = before.beads.get(key), ours.beads.get(key), theirs.beads.get(key)
        if one is None or other is None:
            only = one or other
            if only is not None and (old is None or only.line != old.line):
                lines[key] = only.line
        elif one.line == other.line or (old is not None and other.line == old.line):
            lines[key] = one.line
        elif old is not None and one.line == old.line:
            lines[key] = other.line
        elif old is None and one.born != other.born:
            clashes.append(key)
        else:
            both.append(key)
            lines[key] = _written(merge_records(old.record if old else None, one.record, other.record))
    apart = dict.fromkeys([*ours.others, *theirs.others])
    return Merged((*lines.values(), *apart), tuple(both), tuple(clashes))


def union(left: str, right: str) -> tuple[str, ...]:
    """The lines of both versions of a file whose lines stand for themselves, each once."""
    return tuple(line for line in dict.fromkeys([*left.split("\n"), *right.split("\n")]) if line)


def sides(text: str) -> tuple[str, str, str, int]:
    """A file with conflict markers as the two files and their common ancestor, and how many conflicts it had."""
    versions: tuple[list[str], list[str], list[str]] = ([], [], [])
    writes: tuple[int, ...] = (0, 1, 2)
    count = 0
    for line in text.split("\n"):
        if line.startswith(_OURS):
            writes, count = (1,), count + 1
        elif line.startswith(_BASE) and writes == (1,):
            writes = (0,)
        elif line.rstrip() == _MIDDLE and writes in {(0,), (1,)}:
            writes = (2,)
        elif line.startswith(_THEIRS) and writes == (2,):
            writes = (0, 1, 2)
        else:
            for each in writes:
                versions[each].append(line)
    base, left, right = ("\n".join(each) for each in versions)
    return base, left, right, count


class _Line(msgspec.Struct, frozen=True):
    line: str
    record: Record

    @property
    def born(self) -> tuple[Any, Any]:
        return self.record.get("created_at"), self.record.get("created_by")


class _Version(msgspec.Struct, frozen=True):
    beads: dict[str, _Line]
    others: tuple[str, ...]


def _read(text: str) -> _Version:
    beads: dict[str, _Line] = {}
    others: list[str] = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        try:
            record = msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            others.append(line)
            continue
        key = record.get("id")
        if not isinstance(key, str) or not key or record.get("_type", "issue") != "issue":
            others.append(line)
            continue
        known = beads.get(key)
        if known is None or _at(record, "updated_at") >= _at(known.record, "updated_at"):
            beads[key] = _Line(line, record)
    return _Version(beads, tuple(others))


def merge_records(base: Record | None, left: Record, right: Record) -> Record:
    """One bead from two changed versions of it, and the one both come from when there was one."""
    old = base or {}
    late, early = (right, left) if _at(right, "updated_at") > _at(left, "updated_at") else (left, right)
    merged: Record = {}
    for key in (*left, *(key for key in right if key not in left)):
        one, other, was = left.get(key), right.get(key), old.get(key)
        if one == other or other == was:
            value = one
        elif one == was and base is not None:
            value = other
        else:
            value = _clash(key, (left, right, old), late, early)
        if value is not None:
            merged[key] = value
    if (merged.get("status") or "open") not in _RANK:
        for key in _CLOSING:
            merged.pop(key, None)
    return merged


def _clash(key: str, versions: tuple[Record, Record, Record], late: Record, early: Record) -> Any:
    left, right, old = versions
    one, other = left.get(key), right.get(key)
    if key in _SETS:
        return _SETS[key](one, other, old.get(key))
    if key in _LATER:
        return one if _at(left, key) >= _at(right, key) else other
    if key in _EITHER:
        return bool(one or other or old.get(key)) or None
    if key == "status":
        return max((one, other), key=lambda each: _RANK.get(str(each), 0)) if {one, other} & set(_RANK) else late[key]
    if key == "priority" and isinstance(one, int) and isinstance(other, int):
        return min(one, other)
    if key == "notes" and one and other and old:
        return f"{one}\n\n---\n\n{other}"
    if key in _CLOSING:
        return (left if _at(left, "closed_at") >= _at(right, "closed_at") else right).get(key)
    if key in _LATEST_TEXT or not old:
        return late.get(key, early.get(key))
    return one if one is not None else other


def _labels(one: Any, other: Any, was: Any) -> Any:
    before = set(was or ())
    found = {*(one or ()), *(other or ())}
    gone = (before - set(one or ())) | (before - set(other or ()))
    return sorted(found - gone) or None


def _dependencies(one: Any, other: Any, was: Any) -> Any:
    versions = [
        {(each.get("depends_on_id"), each.get("type")): each for each in side or () if isinstance(each, dict)}
        for side in (one, other, was)
    ]
    gone = {key for key in versions[2] if key not in versions[0] or key not in versions[1]}
    found = {key: each for key, each in {**versions[1], **versions[0]}.items() if key not in gone}
    return [found[key] for key in sorted(found, key=str)] or None


def _comments(one: Any, other: Any, was: Any) -> Any:
    del was
    found: dict[tuple[Any, ...], Record] = {}
    for each in (*(one or ()), *(other or ())):
        if isinstance(each, dict):
            found.setdefault((each.get("author"), each.get("text"), each.get("created_at")), each)
    return sorted(found.values(), key=lambda each: _at(each, "created_at")) or None


_SETS: Mapping[str, Callable[[Any, Any, Any], Any]] = {
    "labels": _labels,
    "waiters": _labels,
    "dependencies": _dependencies,
    "comments": _comments,
}


def _at(record: Record, key: str) -> int:
    value = record.get(key)
    return (epoch_ns(value) or 0) if isinstance(value, str) else 0


def _written(record: Record) -> str:
    line = msgspec.json.encode(record).decode()
    for raw, escaped in _ESCAPES:
        line = line.replace(raw, escaped)
    return line


def as_text(lines: Iterable[str]) -> str:
    """Lines as a file."""
    return "".join(f"{line}\n" for line in lines)
