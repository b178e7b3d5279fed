"""One bead to read: fields, texts, neighbours one can go to, remarks and history, as lines with a cursor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from gastown_tui.core.model.text import one_line, plain
from gastown_tui.core.model.times import moment
from gastown_tui.core.views.bead_detail import BeadDetail, Neighbour, Neighbours, Remark
from gastown_tui.core.views.bead_history import Happened
from gastown_tui.core.views.bead_list import look_of
from gastown_tui.core.views.feed import short
from gastown_tui.widgets.bead_rows import glyph_piece, priority_piece
from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.folding import folded
from gastown_tui.widgets.lines import Heading, Line, Row
from gastown_tui.widgets.pieces import Piece, bar, cut, width_of
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.rows import INK_OF

NAME_CELLS = 14
"""What the names of fields take."""
BAR_CELLS = 12


class BeadPage(RowList):
    """Lines of one bead; those that name another bead or an agent lead there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_square_bracket", "link(1)", "Next link", id="page.next", show=False, tooltip="The next link"),
        Binding(
            "left_square_bracket", "link(-1)", "Link before", id="page.before", show=False, tooltip="The one before"
        ),
    ]
    """
    | Key(s) | Description |
    | :- | :- |
    | ] / [ | Go to the next line that leads somewhere, or the one before. |
    """

    class Followed(Message):
        """The person wants to go where a line leads: `bead:<id>` or `agent:<address>`."""

        def __init__(self, target: str) -> None:
            super().__init__()
            self.target = target

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__((Column(gap=0),), id=id)
        self.zone: tzinfo | None = None
        """Where the clock on the wall hangs; None is this machine's zone."""
        self._detail: BeadDetail | None = None
        self._targets: dict[str, str] = {}
        self._laid_for = 0

    def show_bead(self, detail: BeadDetail | None, why_not: str = "") -> None:
        """Read another bead, or the same one anew; the cursor stays on its line as long as it is the same bead."""
        before, self._detail = self._detail, detail
        self.empty = (Piece(why_not, "dim"),) if why_not else ()
        is_other = before is None or detail is None or before.bead.id != detail.bead.id
        self._lay_out()
        if is_other:
            self.action_top()
            self.scroll_to(y=0, animate=False, force=True)

    def _lay_out(self) -> None:
        width = max(self.scrollable_content_region.width - self.LEAD - 1, 10)
        self._laid_for = self.size.width
        self._targets = {}
        self.set_rows(list(self._lines(self._detail, width)) if self._detail is not None else ())

    def on_resize(self, event: events.Resize) -> None:
        """Fold the texts anew."""
        if self._detail is not None and event.size.width != self._laid_for:
            self._lay_out()

    def _lines(self, detail: BeadDetail, width: int) -> Iterator[Line]:
        for key, pieces, target in page_lines(detail, width, self.zone):
            if target:
                self._targets[key] = target
            yield Row(key, (tuple(pieces),)) if pieces is not None else Heading(key)

    # -------------------------------------------------------------------------------------------------- going

    @property
    def target(self) -> str:
        """Where the line under the cursor leads; empty when nowhere."""
        return self._targets.get(self.cursor_key, "")

    def action_choose(self) -> None:
        """Go where the line leads."""
        if self.target:
            self.post_message(self.Followed(self.target))

    async def _on_click(self, event: events.Click) -> None:
        if act := str(event.style.meta.get("act", "")):
            event.stop()
            event.prevent_default()
            self.post_message(self.Followed(act))

    def action_link(self, step: int) -> None:
        """Go to the next line that leads somewhere."""
        keys = [line.key for line in self.rows if isinstance(line, Row)]
        at = keys.index(self.cursor_key) if self.cursor_key in keys else -1
        ahead = keys[at + 1 :] if step > 0 else keys[:at][::-1]
        if (key := next((key for key in ahead if key in self._targets), "")) or (
            key := next((key for key in (keys if step > 0 else keys[::-1]) if key in self._targets), "")
        ):
            self.move_to(key)

    def action_mark(self) -> None:
        """A page has nothing to mark; the space bar goes a screen down."""
        self.action_page_down()

    def action_range(self) -> None:
        """Nothing to mark."""


# ---------------------------------------------------------------------------------------------- lines

_PageLine = tuple[str, "list[Piece] | None", str]
"""Key or heading, pieces (None for a heading), and where it leads."""


def page_lines(detail: BeadDetail, width: int, zone: tzinfo | None) -> Iterator[_PageLine]:
    """All lines of a bead for a page of `width` cells."""
    yield from _head(detail, width)
    yield from _fields(detail, width, zone)
    for heading, text in detail.texts:
        yield from _section(heading)
        for nth, line in enumerate(folded(plain(text).rstrip(), width)):
            yield f"{heading}#{nth}", [Piece(line)], ""
    for group in detail.neighbours:
        yield from _neighbours(group, width)
    if detail.remarks:
        yield from _section(f"Comments {len(detail.remarks)}")
        yield from _remarks(detail.remarks, width)
    if detail.history is not None:
        yield from _section("History")
        for nth, each in enumerate(detail.history):
            yield f"history#{nth}", _happened(each, width, zone), f"bead:{each.bead_id}" if each.bead_id else ""


def _section(heading: str) -> Iterator[_PageLine]:
    yield f"{heading}#gap", [Piece("")], ""
    yield heading, None, ""


def _head(detail: BeadDetail, width: int) -> Iterator[_PageLine]:
    bead, look = detail.bead, look_of(detail.state)
    for nth, row in enumerate(folded(one_line(bead.title) or "(no title)", width)):
        yield f"title#{nth}", [Piece(row, "strong")], ""
    ink = INK_OF[look.tone]
    line = [glyph_piece(detail.state), Piece(f" {one_line(look.word)}", ink), Piece("   ")]
    line += [priority_piece(bead.priority, over=detail.state == "closed"), Piece(f"   {one_line(bead.kind)}", "dim")]
    if detail.ledger:
        line.append(Piece(f"   rig {detail.ledger}", "dim"))
    yield "state", line, ""
    if detail.holder:
        target = f"agent:{detail.holder}"
        held = [
            Piece("held by ", "dim"),
            Piece(short(detail.holder), "brass", target),
            Piece(f"  for {detail.held_for}", "dim"),
        ]
        yield "holder", held, target
    if bead.labels:
        words = (one_line(each).replace(" ", "_") for each in bead.labels)
        for nth, row in enumerate(folded(" ".join(f"#{word}" for word in words if word), width)):
            yield f"labels#{nth}", [Piece(row, "note")], ""


def _fields(detail: BeadDetail, width: int, zone: tzinfo | None) -> Iterator[_PageLine]:
    yield "fields#gap", [Piece("")], ""
    for each in detail.times:
        at = moment(each.at)
        when = f"{at.astimezone(zone):%d %b %Y %H:%M}" if at is not None else one_line(each.at)
        yield f"time {each.name}", [_name(each.name), Piece(when), Piece(f"  {one_line(each.note)}", "dim")], ""
    for name, value in detail.fields:
        room = max(width - NAME_CELLS, 10)
        for nth, line in enumerate(folded(one_line(value), room)):
            yield f"field {name}#{nth}", [_name(name if nth == 0 else ""), Piece(line)], ""


def _name(name: str) -> Piece:
    text = cut(one_line(name), NAME_CELLS - 1)
    return Piece(text + " " * (NAME_CELLS - width_of(text)), "dim")


def _neighbours(group: Neighbours, width: int) -> Iterator[_PageLine]:
    total, over = len(group.beads), group.over
    open_ones = total - over
    match group.name:
        case "Part of" | "Related" | "Tracked by":
            yield from _section(group.name)
        case "Parts" | "Tracks":
            yield from _section(f"{group.name} {over}/{total}")
            yield (
                f"{group.name}#bar",
                [*bar(over, total, min(BAR_CELLS, width)), Piece(f"  {over} of {total} done", "dim")],
                "",
            )
        case _:
            yield from _section(f"{group.name} {total}" + (f" · {open_ones} open" if over else ""))
    for each in group.beads:
        yield f"{group.name}#{each.bead_id}", _neighbour(each, width), f"bead:{each.bead_id}"


def _neighbour(each: Neighbour, width: int) -> list[Piece]:
    target = f"bead:{each.bead_id}"
    if not each.state:
        return [Piece("? ", "dim"), Piece(one_line(each.bead_id), "note", target), Piece("  not in this ledger", "dim")]
    look, ink = look_of(each.state), "dim" if each.is_over else "ink"
    word = f"  {one_line(look.word)}" + (f" · {one_line(each.note)}" if each.note else "")
    room = max(width - 4 - width_of(each.bead_id) - width_of(word), 4)
    line = [glyph_piece(each.state), Piece(" "), Piece(each.bead_id, "brass", target)]
    return [*line, Piece(f"  {cut(one_line(each.title), room)}", ink), Piece(word, "dim")]


def _remarks(remarks: Iterable[Remark], width: int) -> Iterator[_PageLine]:
    for nth, each in enumerate(remarks):
        yield f"remark {nth}", [Piece(one_line(each.who) or "somebody", "brass"), Piece(f"  {each.age} ago", "dim")], ""
        for row, line in enumerate(folded(plain(each.text).rstrip(), max(width - 2, 8))):
            yield f"remark {nth}#{row}", [Piece(f"  {line}")], ""


WHEN_CELLS, WHO_CELLS, WORD_CELLS = 12, 11, 10


def _happened(each: Happened, width: int, zone: tzinfo | None) -> list[Piece]:
    at = moment(each.at)
    when = f"{at.astimezone(zone):%d %b %H:%M}" if at is not None else each.at[:WHEN_CELLS]
    who, word = cut(one_line(each.who), WHO_CELLS), cut(one_line(each.word), WORD_CELLS)
    line = [Piece(f"{when:<{WHEN_CELLS}}  ", "dim")]
    if width >= 56:
        line.append(Piece(who + " " * (WHO_CELLS + 1 - width_of(who)), "dim"))
    line.append(Piece(word + " " * (WORD_CELLS + 1 - width_of(word)), INK_OF[each.tone]))
    text = Piece(
        one_line(each.text), "brass" if each.bead_id else "ink", f"bead:{each.bead_id}" if each.bead_id else ""
    )
    return [*line, text]
