"""Beads from a file of lines: what of them is taken up, under which ids, and what is said about the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict
from gastown_tui.core.fold import LedgerState
from gastown_tui.core.model.bead import Bead, prefix_of
from gastown_tui.core.model.bead_line import decode_bead
from gastown_tui.core.model.ids import BeadId, parse_bead_id, shown
from gastown_tui.core.model.times import epoch_ns

ORPHANS = ("strict", "resurrect", "skip", "allow")
"""What may become of a child `P.1` whose parent `P` is nowhere."""
_MARKERS = ("<<<<<<< ", "=======", ">>>>>>> ")
_TEXTS = ("title", "description", "design", "acceptance_criteria", "notes")
_CHILD = re.compile(r"(.+)\.\d+")
_ESCAPES = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"))


class Incoming(msgspec.Struct, frozen=True):
    """A bead of a file, and its line."""

    line: str
    bead: Bead


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How beads are to be taken up."""

    skip_existing: bool = False
    orphans: str = "allow"
    own_prefix: str = ""
    """Given when beads of other prefixes are to get this one."""
    clear_references: bool = False
    """An `external_ref` that another bead has already is dropped."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken up."""

    facts: tuple[e.BeadImported, ...]
    counts: Mapping[str, int]
    """`created`, `updated`, `unchanged`, `skipped` and `remapped`."""
    told: tuple[str, ...] = ()


def read_lines(text: str) -> tuple[list[Incoming], list[str]]:
    """The beads of a file, a line each or as one JSON array, and what could not be read."""
    if text.lstrip()[:1] == "[":
        text = _array_as_lines(text)
    found: list[Incoming] = []
    problems: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip("\r\ufeff")
        if not line.strip():
            continue
        if line.startswith(_MARKERS):
            problems.append(f"parsing line {number}: a git conflict marker")
            continue
        try:
            bead = decode_bead(line)
            parse_bead_id(bead.id)
        except BadInput as error:
            problems.append(f"parsing line {number}: {error.message}")
        else:
            found.append(Incoming(line, bead))
    return found, problems


def _array_as_lines(text: str) -> str:
    try:
        records = msgspec.json.decode(text, type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return text
    return "\n".join(_compact(bytes(record)) for record in records)


def _compact(record: bytes) -> str:
    return msgspec.json.format(record, indent=-1).decode()


def take_up(state: LedgerState, incoming: Sequence[Incoming], wish: Wish) -> Taken:
    """Decide what of a file is taken up. Of two versions of a bead the one changed later stays.

    Raises:
        BadInput: children without a parent are not wanted, and there are some.
        Conflict: an id that a bead would get is taken.
    """
    told: list[str] = []
    incoming, remapped = _renamed(state, incoming, wish)
    incoming, skipped = _with_parents(state, incoming, wish, told)
    incoming = _with_own_references(state, incoming, told) if wish.clear_references else incoming
    counts = {"created": 0, "updated": 0, "unchanged": 0, "skipped": skipped, "remapped": remapped}
    facts: list[e.BeadImported] = []
    for each in incoming:
        word = _fate(state.beads.get(each.bead.id), each.bead, skip_existing=wish.skip_existing)
        counts[word] += 1
        if word in {"created", "updated"}:
            facts.append(e.BeadImported(bead_id=each.bead.id, line=each.line))
    return Taken(facts=tuple(facts), counts=counts, told=tuple(told))


def _fate(ours: Bead | None, theirs: Bead, *, skip_existing: bool) -> str:
    if ours is None:
        return "created"
    if skip_existing:
        return "skipped"
    if ours.status == "tombstone" or (epoch_ns(ours.updated_at) or 0) > (epoch_ns(theirs.updated_at) or 0):
        return "unchanged"
    return "unchanged" if ours == theirs else "updated"


def _renamed(state: LedgerState, incoming: Sequence[Incoming], wish: Wish) -> tuple[Sequence[Incoming], int]:
    own = wish.own_prefix
    if not own:
        return incoming, 0
    foreign = [each.bead.id for each in incoming if prefix_of(each.bead.id) != own]
    names = {each: BeadId(f"{own}-{each[len(prefix_of(each)) + 1 :]}") for each in foreign}
    stay = {each.bead.id for each in incoming} - set(foreign)
    for old, new in names.items():
        if new in state.beads or new in stay or list(names.values()).count(new) > 1:
            raise Conflict(f"{old} would become {new}, which is taken", hint="bd rename gives one of them another id")
    return [_under(each, names) for each in incoming], len(names)


def _under(each: Incoming, names: Mapping[BeadId, BeadId]) -> Incoming:
    record = msgspec.json.decode(each.line, type=dict[str, Any])
    pattern = re.compile(rf"(?<![\w.-])({'|'.join(map(re.escape, names))})(?![\w-]|\.\d)") if names else None
    record["id"] = names.get(each.bead.id, each.bead.id)
    for edge in record.get("dependencies") or ():
        for key in ("issue_id", "depends_on_id"):
            edge[key] = names.get(edge.get(key), edge.get(key))
    for comment in record.get("comments") or ():
        comment["issue_id"] = record["id"]
    for key in _TEXTS:
        if pattern is not None and isinstance(record.get(key), str):
            record[key] = pattern.sub(lambda found: names[BeadId(found[0])], record[key])
    return _written(record)


def _with_parents(
    state: LedgerState, incoming: Sequence[Incoming], wish: Wish, told: list[str]
) -> tuple[Sequence[Incoming], int]:
    """Those whose parents are there, by what is wanted of the others; how many were left out."""
    if wish.orphans == "allow":
        return incoming, 0
    known = {each.bead.id for each in incoming}
    lost = {
        each.bead.id: match[1]
        for each in incoming
        if (match := _CHILD.fullmatch(each.bead.id)) and match[1] not in known and BeadId(match[1]) not in state.beads
    }
    if not lost:
        return incoming, 0
    if wish.orphans == "strict":
        child, parent = next(iter(lost.items()))
        raise BadInput(f"parent issue {parent} of {child} does not exist", hint="--orphan-handling skip, or allow")
    if wish.orphans == "skip":
        told += (f"skipped {child}: its parent {parent} does not exist" for child, parent in lost.items())
        kept = [each for each in incoming if each.bead.id not in lost]
        return kept, len(incoming) - len(kept)
    first = {lost[each.bead.id]: each.bead for each in reversed(incoming) if each.bead.id in lost}
    told += (f"{parent} was filed again, closed: {child.id} belongs to it" for parent, child in first.items())
    return [*(_stand_in(parent, child) for parent, child in first.items()), *incoming], 0


def _stand_in(parent: str, child: Bead) -> Incoming:
    """A closed bead in the place of a parent that is nowhere."""
    at = child.created_at
    record = {"id": parent, "title": f"[restored] parent of {child.id}", "status": "closed", "priority": 4}
    times = {"created_at": at, "updated_at": at, "closed_at": at, "close_reason": "Restored for its children"}
    return _written(record | {"issue_type": "epic"} | times)


def _with_own_references(state: LedgerState, incoming: Sequence[Incoming], told: list[str]) -> Sequence[Incoming]:
    taken = {bead.external_ref: bead.id for bead in state.beads.all() if bead.external_ref}
    found: list[Incoming] = []
    for each in incoming:
        reference = each.bead.external_ref
        holder = taken.setdefault(reference, each.bead.id) if reference else each.bead.id
        if holder != each.bead.id:
            told.append(f"{each.bead.id} lost its reference {shown(reference or '')}: {holder} has it")
            record = msgspec.json.decode(each.line, type=dict[str, Any])
            del record["external_ref"]
            each = _written(record)
        found.append(each)
    return found


def _written(record: dict[str, Any]) -> Incoming:
    line = msgspec.json.encode(record).decode()
    for raw, escaped in _ESCAPES:
        line = line.replace(raw, escaped)
    return Incoming(line, decode_bead(line))
