"""Molecules and their steps as lines of a list, and a step as a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from gastown_tui.core.views.feed import short
from gastown_tui.core.views.molecule_board import MoleculeRow
from gastown_tui.core.views.molecule_steps import StepPage, StepRows
from gastown_tui.core.views.tones import Tone
from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.lines import Line, Row
from gastown_tui.widgets.pieces import Bar, Piece
from gastown_tui.widgets.rows import INK_OF

MOLECULE_COLUMNS = (
    Column(1),
    Column(9),
    Column(share=2),
    Column(at_most=12),
    Column(6, right=True, gap=2),
    Column(10, needs=56),
    Column(4, right=True, gap=0),
)
"""Glyph, state, title, bar, steps done of all, who has it, age."""

STEP_COLUMNS = (
    Column(1),
    Column(8),
    Column(share=2, gap=2),
    Column(at_most=24, needs=64, gap=2),
    Column(10),
    Column(4, right=True, gap=0),
)
"""Glyph, state, title, what it waits for, who does it, how long."""


def molecule_lines(rows: Sequence[MoleculeRow]) -> tuple[Line, ...]:
    """Molecules in the order given; a bar is green only while it moves."""
    return tuple(_molecule_line(row) for row in rows)


def _molecule_line(row: MoleculeRow) -> Row:
    ink = INK_OF[row.tone]
    loud = row.tone is Tone.WARM
    what = Piece(f" {row.formula}", "dim") if row.formula and row.formula != row.title else Piece("")
    return Row(
        row.key,
        (
            Piece(row.glyph, f"{ink}-strong" if ink == "need" else ink),
            Piece(row.state, ink),
            (Piece(row.title, "strong" if loud else "dim" if row.state == "done" else "ink"), what),
            Bar(row.done, row.total, "bar" if row.state in {"moving", "complete"} else "faint") if row.total else "",
            Piece(f"{row.done}/{row.total}" if row.total else "", "dim"),
            Piece(short(row.agent), "ink"),
            Piece(row.age, "dim"),
        ),
    )


class StepLines(Sequence[Line]):
    """Steps as a tree, each line made only when it comes into the window; the key is the bead's id."""

    def __init__(self, rows: StepRows, ids: Sequence[str]) -> None:
        self._rows = rows
        self._ids = ids

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | Sequence[Line]:
        if isinstance(index, slice):
            return StepLines(self._rows, self._ids[index])
        row = self._rows.row(self._ids[index])
        ink = INK_OF[row.tone]
        over = row.state in {"done", "skipped"}
        title = Piece(row.title, "strong" if row.state == "running" else "dim" if over else "ink")
        return Row(
            row.key,
            (
                Piece(row.glyph, ink),
                Piece("" if row.state == "part" else row.state, ink),
                (Piece("  " * row.depth), title),
                Piece(row.note, "dim"),
                Piece(short(row.agent), "dim" if over else "ink"),
                Piece(row.took, "dim"),
            ),
        )


def step_lines(page: StepPage) -> list[tuple[Piece, ...]]:
    """A step as a page: what is known in one line, then what it says."""
    facts: list[Piece] = []
    for word, value in page.facts:
        facts += [Piece("  " if facts else ""), Piece(f"{word} ", "dim"), Piece(value)]
    lines = [(Piece(page.title, "strong"),), tuple(facts)]
    for heading, text in page.texts:
        lines += [(), (Piece(heading, "dim-strong"),)]
        lines += [(Piece(line, "note" if heading == "run" else "ink"),) for line in text.splitlines()]
    return lines
