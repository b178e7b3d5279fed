"""What `issues.jsonl` must hold, as a function of the folded state: every line, and their order.

A line is a function of two things: the bead, and the line another program last wrote for it (its origin), if any. So it
does not matter in how many steps, or by which processes, the file came about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.fold import LedgerState, Registers
from gastown_tui.core.model.bead_line import decode_bead, encode_bead, rewrite_line
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.world.lines import Lines
from gastown_tui.core.world.sums import Edit

_LEAD = b'{"id":"'


class Origin(msgspec.Struct, frozen=True):
    """One line of `local/origins.jsonl`: how another program spelled a bead that was changed here since."""

    id: BeadId
    line: str


class Origins:
    """Remembered spellings. Newer lines of the file go before older ones."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data: bytes | None = None

    def find(self, bead_id: BeadId) -> str | None:
        """The remembered line of a bead."""
        if self._data is None:
            try:
                self._data = self._path.read_bytes()
            except FileNotFoundError:
                self._data = b""
        token = _LEAD + msgspec.json.encode(bead_id)[1:] + b","
        at = self._data.rfind(b"\n" + token) + 1
        if at == 0 and not self._data.startswith(token):
            return None
        try:
            return msgspec.json.decode(self._data[at : self._data.index(b"\n", at)], type=Origin).line
        except (msgspec.DecodeError, ValueError):
            return None

    def add(self, found: Mapping[BeadId, str]) -> None:
        """Remember more. Written before the file that depends on it."""
        if found:
            with self._path.open("ab") as file:
                file.write(self._encoded(found))
            self._data = None

    def replace(self, found: Mapping[BeadId, str]) -> None:
        """Remember these and nothing else."""
        from gastown_tui.core.world.disk import write_whole

        write_whole(self._path, self._encoded(found))
        self._data = None

    @staticmethod
    def _encoded(found: Mapping[BeadId, str]) -> bytes:
        return b"".join(msgspec.json.encode(Origin(bead_id, line)) + b"\n" for bead_id, line in found.items())


def is_canonical(line: bytes) -> bool:
    """Whether a line is spelled exactly as this program would spell it."""
    try:
        return encode_bead(decode_bead(line)) == line
    except BadInput:
        return False


def whole_file(state: LedgerState) -> tuple[bytes, dict[BeadId, str]]:
    """Every line, and the origins worth remembering: those spelled otherwise than this program would.

    The state must have been folded from the beginning, so that it knows all origins.
    """
    lines: dict[BeadId, bytes] = {}
    odd: dict[BeadId, str] = {}
    for bead in state.beads.all():
        line = encode_bead(bead)
        origin = state.beads.origins.get(bead.id)
        if origin is not None and (spelled := origin.encode()) != line:
            line = rewrite_line(spelled, bead)
            if not is_canonical(spelled):
                odd[bead.id] = origin
        lines[bead.id] = line
    return assemble(lines, state.registers), odd


def assemble(lines: Mapping[BeadId, bytes], registers: Registers) -> bytes:
    """Lines in their order: as adopted where the file had an order of its own, and by id."""
    placed: list[tuple[int, bytes]] = [(place, line.encode()) for place, line in registers.kept_lines.items()]
    rest: list[BeadId] = []
    for bead_id in sorted(lines):
        place = registers.positions.get(bead_id)
        if place is None:
            rest.append(bead_id)
        else:
            placed.append((place, lines[bead_id]))
    placed.sort(key=lambda each: each[0])
    ordered = [line for _, line in placed] + [lines[bead_id] for bead_id in rest]
    return b"\n".join(ordered) + b"\n" if ordered else b""


def changed_lines(lines: Lines, state: LedgerState, touched: Iterable[BeadId], origins: Origins) -> dict[BeadId, bytes]:
    """Lines that are other than they were.

    Args:
        lines: The file this program wrote last.
        state: The folded state.
        touched: At least every bead that changed since.
        origins: Remembered spellings; new ones are added.
    """
    fresh: dict[BeadId, bytes] = {}
    remember: dict[BeadId, str] = {}
    for bead_id in touched:
        span = lines.find(bead_id)
        text = lines.text(span) if span else None
        stored = origins.find(bead_id)
        origin = state.beads.origins.get(bead_id) or stored
        if origin is None and text is not None and not is_canonical(text):
            origin = text.decode()
        if origin is not None and origin != stored and (stored or not is_canonical(origin.encode())):
            remember[bead_id] = origin
        bead = state.beads[bead_id]
        line = rewrite_line(origin.encode(), bead) if origin else encode_bead(bead)
        if line != text:
            fresh[bead_id] = line
    origins.add(remember)
    return fresh


def edits_for(lines: Lines, fresh: Mapping[BeadId, bytes], registers: Registers) -> list[Edit] | None:
    """What to replace in the file so that it holds changed lines; None when it has to be assembled anew."""
    lead = lines.lead
    if not lead or not (lines.is_sorted or (registers.positions and not registers.kept_lines)):
        return None
    if not all(line.startswith(lead + bead_id.encode() + b'"') for bead_id, line in fresh.items()):
        return None
    edits: list[tuple[int, BeadId, Edit]] = []
    for bead_id, line in fresh.items():
        span = lines.find(bead_id)
        if span is None:
            place = lines.place_for(bead_id) if lines.is_sorted else _place_behind(lines, bead_id, registers)
            edits.append((place, bead_id, (place, place, line + b"\n")))
        else:
            edits.append((span[0], bead_id, (*span, line)))
    return [edit for _, _, edit in sorted(edits)]


def _place_behind(lines: Lines, bead_id: BeadId, registers: Registers) -> int:
    """Where a new line belongs behind lines that keep an order of their own: beads filed since stand by their id."""
    name = bead_id.encode()
    at = len(lines.source)
    while at > 0:
        start = lines.source.rfind(b"\n", 0, at - 1) + 1
        other = lines.name_at(start)
        if other < name or other.decode() in registers.positions:
            break
        at = start
    return at


def assembled(lines: Lines, fresh: Mapping[BeadId, bytes], registers: Registers) -> bytes:
    """The whole file with changed lines."""
    whole = {BeadId(name): lines.text(span) for name, span in lines.index().items()}
    return assemble({**whole, **fresh}, registers)
