"""The merge lane: what waits in which order, what is being judged, and what each request waits for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import BeadId, RigName
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.model.town import MergeRequest
from gastown_tui.core.rules import merging

GLYPHS = {"running": "●", "queued": "○", "held": "‖", "returned": "↩", "merged": "✓", "rejected": "✗"}


class LaneRow(msgspec.Struct, frozen=True, kw_only=True):
    """One request as a person looks at it."""

    id: BeadId
    rig: RigName
    place: int
    """1 is next; 0 for what is not in line."""
    state: str
    bead_id: BeadId
    title: str = ""
    worker: str
    branch: str
    target: str
    priority: int
    commit: str
    gate: str = ""
    """The last gate outcome."""
    attempts: int = 0
    strikes: int = 0
    queued_at: str
    since: str
    detail: str = ""
    """What it waits for, or how it ended."""
    merge_commit: str = ""
    merge_tree: str = ""

    @property
    def glyph(self) -> str:
        """The state as one character."""
        return GLYPHS.get(self.state, "?")


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """The queue of one rig."""

    rig: RigName
    gate: str
    """The command that judges; empty: nothing is gated."""
    note: str
    """Why nothing is taken up now; empty when something is or will be."""
    rows: tuple[LaneRow, ...]


def lane(town: Town, rig: RigName, now: datetime, *, closed: bool = False) -> Lane:
    """The queue of a rig: in line first, then held and returned ones, then, if asked for, what is over, newest first.

    Args:
        town: Where to look.
        rig: Whose queue.
        now: The moment of looking; requests age.
        closed: Show merged and rejected requests too.
    """
    waiting = merging.queue(town, rig, now)
    in_line = [each for each in waiting if each.state in {"queued", "running"}]
    aside = [each for each in waiting if each not in in_line]
    rows = [_row(town, rig, each, place) for place, each in enumerate(in_line, 1)]
    rows += [_row(town, rig, each, 0) for each in aside]
    if closed:
        merges = town.ledgers[rig].registers.merges.values()
        over = sorted((each for each in merges if not each.is_open), key=lambda each: each.since, reverse=True)
        rows += [_row(town, rig, each, 0) for each in over]
    turn = merging.next_turn(town, rig, now)
    note = turn.reason if turn.request is None else ""
    return Lane(rig=rig, gate=town.settings.rig(rig).gate, note=note, rows=tuple(rows))


def row(town: Town, mr_id: str, now: datetime) -> LaneRow:
    """One request by its id, its bead's id or its branch.

    Raises:
        NotFound: there is none.
    """
    rig, request = merging.find(town, mr_id)
    in_line = [each.id for each in merging.queue(town, rig, now) if each.state in {"queued", "running"}]
    return _row(town, rig, request, in_line.index(request.id) + 1 if request.id in in_line else 0)


def _row(town: Town, rig: RigName, request: MergeRequest, place: int) -> LaneRow:
    bead = town.find(request.bead_id)
    return LaneRow(
        id=request.id,
        rig=rig,
        place=place,
        state=request.state,
        bead_id=request.bead_id,
        title=one_line(bead.title) if bead is not None else "",
        worker=request.worker,
        branch=request.branch,
        target=request.target,
        priority=request.priority,
        commit=request.commit,
        gate=request.gate,
        attempts=request.attempts,
        strikes=request.strikes,
        queued_at=request.queued_at,
        since=request.since,
        detail=one_line(request.detail),
        merge_commit=request.merge_commit,
        merge_tree=request.merge_tree,
    )


# ---------------------------------------------------------------------------------------------- as text


def lane_text(lanes: Sequence[Lane], now: datetime) -> str:
    """Queues in aligned columns: place, id, state, priority, bead, worker, age, and what each waits for."""
    if not lanes:
        return "no rigs; gt rig add NAME URL makes one"
    return "\n".join(line for each in lanes for line in _lane_lines(each, now))


def _lane_lines(each: Lane, now: datetime) -> list[str]:
    gate = f"gate: {each.gate}" if each.gate else "no gate: results land unjudged"
    head = f"{each.rig}  {gate}" + (f"  ({each.note})" if each.note else "")
    cells = [_cells(row, now) for row in each.rows]
    widths = [max(len(row[at]) for row in cells) for at in range(len(cells[0]))] if cells else []
    return [head, *("  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)]


def _cells(row: LaneRow, now: datetime) -> list[str]:
    age = moment(row.queued_at)
    return [
        str(row.place) if row.place else "",
        f"{row.glyph} {row.state}",
        row.id,
        f"P{row.priority}",
        row.bead_id,
        row.worker,
        age_text(now - age if age else None),
        row.detail or (row.merge_commit[:12] if row.state == "merged" else row.title),
    ]


def row_text(row: LaneRow, now: datetime) -> str:
    """One request in full, a fact a line."""
    queued = moment(row.queued_at)
    facts = [
        ("state", f"{row.glyph} {row.state}" + (f", place {row.place}" if row.place else "")),
        ("bead", f"{row.bead_id} {row.title}".rstrip()),
        ("worker", row.worker),
        ("branch", f"{row.branch} → {row.target}"),
        ("commit", row.commit[:12]),
        ("priority", f"P{row.priority}"),
        ("queued", f"{age_text(now - queued if queued else None)} ago"),
        ("gate", row.gate),
        ("returned", f"{row.strikes}×" if row.strikes else ""),
        ("merged as", f"{row.merge_commit[:12]} (tree {row.merge_tree[:12]})" if row.state == "merged" else ""),
        ("because", row.detail),
    ]
    return "\n".join([row.id, *(f"  {name:<9} {value}" for name, value in facts if value)])
