"""Text with a meaning: the small change every widget draws with."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from rich.cells import cell_len, set_cell_size

from gastown_tui.core.model.text import plain


class Piece(NamedTuple):
    """A run of text in one ink."""

    text: str
    ink: str = "ink"
    """A role of `inks.INKS`."""
    act: str = ""
    """What a click on it asks for; empty when it is only to be read."""


class Bar(NamedTuple):
    """Progress, drawn as wide as its column is."""

    done: int
    total: int
    ink: str = "bar"


Cell: TypeAlias = str | Piece | Bar | tuple[Piece, ...]
"""One field of a row: plain ink, one ink, a bar, or several pieces."""


def pieces_of(cell: Cell, width: int) -> tuple[Piece, ...]:
    """A cell in its long form, for a column of `width` cells."""
    if isinstance(cell, Bar):
        return bar(cell.done, cell.total, width, ink=cell.ink)
    if isinstance(cell, Piece):
        return (cell,)
    if isinstance(cell, str):
        return (Piece(cell),)
    return cell


def printable(text: str) -> str:
    """The text without what a bead title must never do to a terminal; lines and tabs become spaces."""
    if text.isprintable():
        return text
    return plain(text).replace("\n", " ").replace("\t", " ")


def width_of(text: str) -> int:
    """How many terminal cells a printable text takes."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, width: int) -> str:
    """The printable text in at most `width` cells, an ellipsis where it was cut."""
    if width_of(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    return set_cell_size(text, width - 1).rstrip(" ·") + "…"


def fit(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly `width` cells: cut or padded."""
    text = cut(printable(text), width)
    padding = " " * (width - width_of(text))
    return padding + text if right else text + padding


def fit_pieces(pieces: tuple[Piece, ...], width: int, *, right: bool = False) -> list[Piece]:
    """Several pieces in exactly `width` cells: the one that does not fit is cut, those after it are dropped."""
    fitted: list[Piece] = []
    room = width
    for nth, piece in enumerate(pieces):
        text = printable(piece.text)
        if width_of(text) == room and any(later.text.strip() for later in pieces[nth + 1 :]):
            text += "…"
        text = cut(text, room)
        if text:
            fitted.append(piece._replace(text=text))
            room -= width_of(text)
        if room <= 0:
            break
    if room > 0:
        padding = Piece(" " * room)
        fitted.insert(0, padding) if right else fitted.append(padding)
    return fitted


def bar(done: int, total: int, width: int, *, ink: str = "bar") -> tuple[Piece, ...]:
    """Progress as a cell: eighth blocks for what is done, dots for the rest."""
    share = min(max(done / total, 0.0), 1.0) if total > 0 else 0.0
    eighths = int(share * width * 8)
    if done > 0 and total > 0:
        eighths = min(max(eighths, 1), width * 8)
    whole, part = divmod(eighths, 8)
    blocks = "█" * whole + (" ▏▎▍▌▋▊▉"[part] if part else "")
    return (Piece(blocks, ink), Piece("·" * (width - len(blocks)), "faint"))
