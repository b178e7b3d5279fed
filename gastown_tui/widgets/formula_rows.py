"""Formulas as lines of a list, and the page of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gastown_tui.core.views.formula_pages import FormulaPage, FormulaRow, PartLine, VarLine
from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.lines import Heading, Line, Row
from gastown_tui.widgets.pieces import Piece

FORMULA_COLUMNS = (
    Column(1),
    Column(share=3),
    Column(9, gap=2),
    Column(9, right=True),
    Column(7, right=True, needs=56, gap=0),
)
"""Glyph, name, kind, steps, variables."""

_LINES = tuple[Piece, ...]


def formula_lines(rows: Sequence[FormulaRow]) -> tuple[Line, ...]:
    """Formulas under where they come from; a broken one says so by glyph and word."""
    lines: list[Line] = []
    for source in dict.fromkeys(row.source for row in rows):
        lines.append(Heading(source))
        lines += [_formula_line(row) for row in rows if row.source == source]
    return tuple(lines)


def _formula_line(row: FormulaRow) -> Row:
    broken = bool(row.problems)
    return Row(
        row.key,
        (
            Piece("✗" if broken else "·", "caution" if broken else "dim"),
            Piece(row.name),
            Piece(row.kind, "dim"),
            Piece("broken" if broken else f"{row.steps} steps" if row.steps else "", "caution" if broken else "dim"),
            Piece(f"{row.vars} var{'s' if row.vars > 1 else ''}" if row.vars else "", "dim"),
        ),
    )


def page_lines(page: FormulaPage) -> list[_LINES]:
    """A formula in full."""
    row = page.row
    lines: list[_LINES] = [
        (Piece(row.name, "strong"), Piece(f"  {row.kind}, version {page.version}, {row.source}", "dim")),
        *_troubles(row),
    ]
    if page.about:
        lines += [(), *((Piece(line),) for line in page.about.splitlines())]
    if page.draws_in:
        lines += [(), (Piece("made with ", "dim"), Piece(", ".join(page.draws_in), "note"))]
    if page.variables:
        lines += [(), (Piece("variables", "dim-strong"),), *(line for each in page.variables for line in _var(each))]
    for heading, parts in page.parts:
        lines += [(), (Piece(heading, "dim-strong"),), *part_lines(parts)]
    return [*lines, (), (Piece("from ", "dim"), Piece(row.file, "dim"))]


def _troubles(row: FormulaRow) -> Iterable[_LINES]:
    if row.problems:
        yield ()
    for problem in row.problems:
        yield (Piece("✗ ", "caution"), Piece(problem))
    for remark in row.remarks:
        yield (Piece("· ", "caution"), Piece(remark, "dim"))


def _var(var: VarLine) -> Iterable[_LINES]:
    told = [f"default {var.default}"] if var.default else []
    told += [f"one of {', '.join(var.choices)}"] if var.choices else []
    told += [var.rule] if var.rule else []
    need = Piece(" required" if var.is_required else "", "caution")
    yield (Piece(f"  {var.name}", "note"), need, Piece(f"  {' · '.join(told)}" if told else "", "dim"))
    if var.about:
        yield (Piece(f"    {var.about}"),)


def part_lines(parts: Iterable[PartLine]) -> list[_LINES]:
    """Steps as a tree."""
    return [
        (
            Piece("  " * (part.depth + 1)),
            Piece(part.name, "note"),
            Piece(f"  {part.title}" if part.title else ""),
            Piece(f"  {' · '.join(part.notes)}" if part.notes else "", "dim"),
        )
        for part in parts
    ]
