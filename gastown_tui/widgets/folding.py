"""Text folded to a width, by the cells its letters take."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import set_cell_size

from gastown_tui.widgets.pieces import width_of


def folded(text: str, width: int) -> list[str]:
    """The lines of a text, long ones folded at spaces; what is indented stays so. At least one line."""
    return [piece for line in text.expandtabs(4).split("\n") for piece in _pieces(line.rstrip(), max(width, 1))]


def _pieces(line: str, width: int) -> Iterator[str]:
    if width_of(line) <= width:
        yield line
        return
    indent = line[: len(line) - len(line.lstrip())][: width // 2]
    row = ""
    for word in line.strip().split(" "):
        begun = f"{row} {word}" if row else indent + word
        if width_of(begun) <= width:
            row = begun
            continue
        if row:
            yield row
        row = indent + word
        while width_of(row) > width:
            head = set_cell_size(row, width).rstrip()
            yield head
            row = indent + row[len(head) :]
    yield row
