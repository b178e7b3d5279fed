"""Whether a line of the issues file is somebody's edit, or what the log itself has once led some clone to write.

A clone writes its file from the events it has. When git brings such a line to another clone, the merged log may hold
events in between that its writer did not know, and no moment of the merged log reads like the line. It is an echo all
the same: it is what the log leads to without those events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import msgspec
from msgspec.structs import astuple, replace

from gastown_tui.core.errors import BadInput
from gastown_tui.core.events import BeadImported, Event
from gastown_tui.core.fold import LedgerState, apply
from gastown_tui.core.model.bead import FIELDS, Bead
from gastown_tui.core.model.bead_line import decode_bead
from gastown_tui.core.model.ids import BeadId

_MOST_MISSING = 1000
"""How many events about one bead a writer may have lacked; looking on would take long."""
_KNOWN = frozenset(FIELDS)
_BORN = ("created_at", None)
_decode_any = msgspec.json.Decoder().decode

Atoms = dict[tuple[str, Any], Any]
"""A bead taken apart into what single events set: a field, or one member of a field that grows by members."""


def echoes(lines: Mapping[BeadId, Iterable[str]], history: Iterable[Event]) -> set[str]:
    """Those of some lines, by bead, that the log leads to: with all its events, at a moment, or without some."""
    about: dict[BeadId, list[Event]] = {bead_id: [] for bead_id in lines}
    for event in history:
        for value in set(_texts(event)):
            if value in about:
                about[BeadId(value)].append(event)
    return {line for bead_id, found in lines.items() for line in found if _is_echo(bead_id, line, about[bead_id])}


def _texts(event: Event) -> Iterable[str]:
    return (value for value in astuple(event.fact) if isinstance(value, str))


def _dates(event: Event) -> tuple[str, ...]:
    """What `updated_at` may say after an event."""
    if isinstance(event.fact, BeadImported):
        with suppress(BadInput):
            return event.timestamp, decode_bead(event.fact.line).updated_at
    return (event.timestamp,)


def _is_echo(bead_id: BeadId, line: str, events: list[Event]) -> bool:
    try:
        theirs, record = decode_bead(line), _decode_any(line)
    except (BadInput, msgspec.DecodeError):
        return False
    wanted, unknown = _atoms(theirs), {key: value for key, value in record.items() if key not in _KNOWN}
    # Its writer folded nothing of weight after the event that dated it.
    last = max((number for number, event in enumerate(events) if theirs.updated_at in _dates(event)), default=-1)
    events = events[: last + 1]
    for _ in range(_MOST_MISSING):
        state, writers = _folded(bead_id, events)
        ours = state.beads.get(bead_id)
        if ours is None:
            return False
        atoms = _atoms(ours)
        differing = [key for key in atoms.keys() | wanted.keys() if atoms.get(key) != wanted.get(key)]
        if not differing:
            return _plain(ours) == _plain(theirs) and unknown == _unknown(state, bead_id)
        # Whoever wrote the line did not know the event that decided an atom otherwise: had they, it would have decided.
        # Which of two creations came first rules how all others are read, so that one is settled before them.
        decisive = [_BORN] if _BORN in differing else differing
        at = max(writers.get(key, -1) for key in decisive)
        if at < 0:
            return False
        events = events[:at] + events[at + 1 :]
    return False


def _folded(bead_id: BeadId, events: list[Event]) -> tuple[LedgerState, dict[tuple[str, Any], int]]:
    """The state after some events, and which of them last changed each atom."""
    state, before = LedgerState(), Atoms()
    writers: dict[tuple[str, Any], int] = {}
    for number, event in enumerate(events):
        apply(state, event)
        bead = state.beads.get(bead_id)
        if bead is None:
            continue
        after = _atoms(bead)
        for key in after.keys() | before.keys():
            if after.get(key) != before.get(key):
                writers[key] = number
        before = after
    return state, writers


def _atoms(bead: Bead) -> Atoms:
    atoms: Atoms = {}
    for name, value in zip(FIELDS, astuple(bead), strict=True):
        if value is None or name in {"id", "updated_at"}:
            continue
        if name == "notes":
            atoms |= {(name, each): True for each in value.split("\n")}
        elif name == "labels":
            atoms |= {(name, each): True for each in value}
        elif name == "dependencies":
            atoms |= {(name, each.depends_on_id): each for each in value}
        elif name == "comments":
            atoms |= {(name, (each.author, each.text, each.created_at)): True for each in value}
        else:
            atoms[(name, None)] = value
    return atoms


def _plain(bead: Bead) -> Bead:
    """A bead without what depends on events its writer may have lacked: when it last changed, numbers of comments."""
    comments = bead.comments and tuple(replace(each, id=0) for each in bead.comments)
    return replace(bead, updated_at="", comments=comments)


def _unknown(state: LedgerState, bead_id: BeadId) -> dict[str, Any]:
    origin = state.beads.origins.get(bead_id)
    record = _decode_any(origin) if origin else {}
    return {key: value for key, value in record.items() if key not in _KNOWN}
