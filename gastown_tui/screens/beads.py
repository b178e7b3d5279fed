"""The place of beads: all of them as a list or on a board, and the one under the cursor to read beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, cast

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message

from gastown_tui import keys
from gastown_tui.core.fold import Town
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.declare import Suggest
from gastown_tui.core.views.bead_board import GROUPINGS
from gastown_tui.core.views.bead_detail import BeadDetail
from gastown_tui.core.views.bead_history import Happened
from gastown_tui.core.views.bead_list import ORDER_WORDS, ORDERS, after
from gastown_tui.core.views.bead_reading import BeadReader, BeadsView, Wish
from gastown_tui.screens.place import Place, Question
from gastown_tui.widgets.bead_board import BeadBoard
from gastown_tui.widgets.bead_heads import BeadHeads
from gastown_tui.widgets.bead_page import BeadPage
from gastown_tui.widgets.bead_rows import BeadRows, bead_columns
from gastown_tui.widgets.bead_shelf import BeadShelf
from gastown_tui.widgets.one_line import OneLine, Part
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.section import Section

AGES_S = 30.0
"""How often the ages are drawn anew while nothing happens."""
PATIENCE_S = 1.0
"""How long the cursor waits for a bead that a reading did not have."""
FILLS = (Piece("No beads yet. ", "dim"), Piece("bd create ⏎", "brass", "bd create"))


class BeadsScreen(Place):
    """Every bead, windowed; it stands as it was left."""

    NAME = "beads"
    CSS_PATH = "../styles/beads.tcss"
    PANES: ClassVar[tuple[str, ...]] = ("beads", "bead")
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings_of(NAME)

    class BeadWanted(Message):
        """A bead is to be read."""

        def __init__(self, bead_id: str) -> None:
            super().__init__()
            self.bead_id = bead_id

        def can_replace(self, message: Message) -> bool:
            """Only the last of several moves is news."""
            return isinstance(message, BeadsScreen.BeadWanted)

    def __init__(self) -> None:
        super().__init__()
        self.reader = BeadReader()
        """Used on the town's thread alone."""
        self.view: BeadsView | None = None
        self.detail: BeadDetail | None = None
        self.trail: list[str] = []
        """The beads one came along, from the row under the cursor on; the last one is shown."""
        self._wish = Wish()
        self._by = next(iter(GROUPINGS))
        self._version = 0
        self._drawn_version = -1
        self._guest = ""
        """The bead that was asked for elsewhere; leaving it leads back there."""
        self._cursor_wanted = ""
        """The bead the cursor goes to with the next reading."""
        self._heads = BeadHeads(id="heads")
        self._problem = OneLine(id="problem")
        self.board = BeadBoard(id="board")
        rows = RowList(bead_columns(8), empty=(Piece("…", "dim"),), keeps_cursor=True)
        self.sections = {
            "beads": BeadShelf("Beads", rows, self._heads, self.board, self._problem, id="beads"),
            "bead": Section("", BeadPage(), id="bead"),
        }

    def body(self) -> ComposeResult:
        """The list or the board, and the bead beside it."""
        with Horizontal(id="body"):
            yield self.sections["beads"]
            yield self.sections["bead"]

    def on_mount(self) -> None:
        """Start in the list; ages grow while nothing happens."""
        self.set_interval(AGES_S, self._draw_ages)
        self._show_mode()
        self.go_to("beads")

    # -------------------------------------------------------------------------------------------------- the town

    def question(self) -> Question | None:
        """The beads as they are wished for."""
        wish, version = self._wish, self._version

        def read(hands: Hands, town: Town) -> tuple[BeadsView, int]:
            return self.reader.read(town, hands.clock.now(), wish, version), version

        return read

    def read_again(self, *, at_once: bool = True) -> None:
        """Ask anew; unless a person waits for it, the town may be another one by now."""
        if not at_once:
            self._version += 1
        super().read_again(at_once=at_once)

    def on_screen_resume(self) -> None:
        """The town has moved on in between."""
        self._version += 1

    def show_answer(self, answer: tuple[BeadsView, int]) -> None:
        """Draw another reading."""
        view, version = answer
        self.view = view
        self._draw(view.now)
        shown = self.board if self.is_board else self.list_of("beads")
        if self._cursor_wanted and view.wish == self._wish:
            if shown.move_to(self._cursor_wanted):
                self._cursor_wanted = ""
            else:
                self.set_timer(PATIENCE_S, self._give_up)
        if version != self._drawn_version:
            self._drawn_version = version
            self.want_bead()

    def _draw(self, now: datetime) -> None:
        view = self.view
        assert view is not None
        columns = bead_columns(view.id_cells)
        rows = self.list_of("beads")
        rows.set_columns(columns)
        rows.empty = FILLS if not view.total else (Piece(f"No bead passes /{view.wish.filter}", "dim"),)
        if not view.wish.by:
            rows.set_rows(BeadRows(view.items, now))
        self._heads.show_heads(columns, view.wish.order, backwards=view.wish.backwards)
        if view.wish.by:
            self.board.show_columns(view.columns, now)
        self._problem.display = bool(view.problem)
        self._problem.show((Part((Piece("! ", "caution"), Piece(view.problem, "caution"))),))
        self.section("beads").header.note = self._note(view)

    def _draw_ages(self) -> None:
        if self.view is not None and self.is_current:
            self.read_again()

    def _note(self, view: BeadsView) -> str:
        wish = view.wish
        count = f"{len(view.items)} of {view.total} · /{wish.filter}" if wish.filter else str(view.total)
        order = f"by {wish.by} · " if wish.by else ""
        return f"{count} · {order}{ORDER_WORDS[wish.order]}{', backwards' if wish.backwards else ''}"

    # -------------------------------------------------------------------------------------------------- wishes

    @property
    def is_board(self) -> bool:
        """Whether the board stands where the list would."""
        return bool(self._wish.by)

    def filter_changed(self, pane: str) -> None:
        """Narrow the beads, wherever they are shown."""
        self._wish_for(filter=self.filters.get("beads", ""))

    def filtered_pane(self) -> str:
        """There is but one list to narrow."""
        return "beads"

    def drop_filter(self) -> bool:
        """Show every bead again; whether there was a filter to drop."""
        if not self.filters.get("beads"):
            return False
        self.set_filter("beads", "")
        return True

    def _wish_for(self, **changes: object) -> None:
        self._wish = msgspec.structs.replace(self._wish, **changes)
        self.read_again()

    def next_order(self) -> None:
        """The next order of the list, or the next thing the columns of the board stand for."""
        if self.is_board:
            self._by = after(GROUPINGS, self._by)
            self._wish_for(by=self._by)
        else:
            self._wish_for(order=after(ORDERS, self._wish.order), backwards=False)

    def move_to(self, bead_id: str) -> None:
        """Put the cursor on a bead, if it turns up soon."""
        self._cursor_wanted = bead_id
        self.read_again()

    def _give_up(self) -> None:
        self._cursor_wanted = ""

    def open_bead(self, bead_id: str) -> None:
        """Read a bead that was asked for elsewhere; the list goes along where it has it."""
        self._guest = bead_id
        self.trail = [] if bead_id == self.row_key else [bead_id]
        if self.trail:
            self.move_to(bead_id)
        self.read_bead()

    def turn_round(self) -> None:
        """The same order the other way round."""
        self._wish_for(backwards=not self._wish.backwards)

    @on(BeadHeads.Ordered)
    def _ordered(self, message: BeadHeads.Ordered) -> None:
        message.stop()
        same = message.order == self._wish.order
        self._wish_for(order=message.order, backwards=same and not self._wish.backwards)

    def toggle_board(self) -> None:
        """The board for the list, or the list for the board, on the same bead."""
        self._cursor_wanted = self.row_key
        self._wish_for(by="" if self.is_board else self._by)
        self.remove_class("-reading")
        self._show_mode()
        self.go_to("beads")

    def _show_mode(self) -> None:
        self.set_class(self.is_board, "-board")

    # -------------------------------------------------------------------------------------------------- reading one

    @property
    def row_key(self) -> str:
        """The bead under the cursor of the list or the board."""
        return self.board.cursor_key if self.is_board else self.list_of("beads").cursor_key

    @property
    def shown_id(self) -> str:
        """The bead that is, or would be, read."""
        return self.trail[-1] if self.trail else self.row_key

    @property
    def page(self) -> BeadPage:
        """Where one bead is read."""
        return cast(BeadPage, self.section("bead").body)

    def want_bead(self) -> None:
        """Read the bead that is meant, if it can be seen."""
        if self.has_class("-reading") or not self._hides_page:
            self.post_message(self.BeadWanted(self.shown_id))

    @property
    def _hides_page(self) -> bool:
        return self.is_board or self.has_class("-narrow")

    def show_bead(self, bead_id: str, detail: BeadDetail | None, why_not: str = "") -> None:
        """Draw one bead, unless another one is meant by now."""
        if bead_id != self.shown_id:
            return
        if detail is not None and self.detail is not None and self.detail.bead.id == detail.bead.id:
            # Until it is read again, what was known of its past stays.
            detail = msgspec.structs.replace(detail, history=self.detail.history)
        self.detail = detail
        self.page.show_bead(detail, why_not)
        header = self.section("bead").header
        header.title = " ‹ ".join(reversed([self.row_key, *self.trail][-3:])) if self.trail else bead_id
        header.note = "⌫ back" if self.trail else ""

    def show_history(self, bead_id: str, history: tuple[Happened, ...]) -> None:
        """Draw what happened to the bead that is shown."""
        if self.detail is not None and self.detail.bead.id == bead_id == self.shown_id:
            self.detail = msgspec.structs.replace(self.detail, history=history)
            self.page.show_bead(self.detail)

    def read_bead(self) -> None:
        """Go to the page of the bead under the cursor."""
        self.add_class("-reading")
        self.want_bead()
        self.call_after_refresh(self.go_to, "bead")

    def follow(self, bead_id: str) -> None:
        """Read a neighbour; the way back is kept."""
        if bead_id != self.shown_id:
            self.trail.append(bead_id)
            self.want_bead()

    def step_back(self) -> bool:
        """Back along the trail; whether there was a step to take."""
        if not self.trail:
            return False
        self.trail.pop()
        self.want_bead()
        return True

    def go_back(self) -> None:
        """Out of the filter line, back along the trail, from the page to the list; then as in any place."""
        if not self._filter_line.display and self.focused_pane == "bead":
            if self._guest == self.shown_id or not self.step_back():
                self._close_page()
            return
        super().go_back()

    def _close_page(self) -> None:
        is_guest = self._guest == self.shown_id
        self._guest = ""
        self.trail.clear()
        self.remove_class("-reading")
        self.zoom("")
        self.go_to("beads")
        if is_guest:
            self.leave()

    def leave(self) -> None:
        """A ledger without a town has no other place to go back to."""
        if self.view is None or self.view.is_town:
            super().leave()

    # -------------------------------------------------------------------------------------------------- asking

    @property
    def focused_key(self) -> str:
        """The bead that keys are about."""
        return self.shown_id if self.focused_pane == "bead" else self.row_key

    @property
    def chosen(self) -> tuple[str, ...]:
        """The marked beads, else the one under the cursor; on a page the one that is read."""
        if self.focused_pane == "bead":
            return (self.shown_id,) if self.shown_id else ()
        if self.is_board:
            return self.board.chosen
        return self.list_of("beads").marked or ((self.row_key,) if self.row_key else ())

    def clear_marks(self) -> None:
        """What was marked has been acted on."""
        self.list_of("beads").clear_marks()
        self.board.clear_marks()

    def agent_meant(self) -> str:
        """The agent that holds the bead."""
        shown = self.detail
        return str(shown.holder or "") if shown is not None and shown.bead.id == self.focused_key else ""

    def what_is_selected(self) -> dict[str, tuple[str, ...]]:
        """The chosen beads, and who holds the one that is read."""
        known: dict[str, tuple[str, ...]] = {Suggest.BEAD: self.chosen, Suggest.READY: self.chosen}
        if agent := self.agent_meant():
            known[Suggest.AGENT] = (agent,)
        return known

    def hint_names(self) -> Sequence[str]:
        """Other keys matter on a board than in a list."""
        return ("beads board",) if self.is_board and self.focused_pane == "beads" else super().hint_names()

    def go_to(self, pane: str) -> None:
        """Focus a pane, showing the page where it is hidden."""
        if pane == "bead" and self._hides_page and not self.has_class("-reading"):
            self.read_bead()
            return
        if pane == "beads" and self.has_class("-narrow"):
            self.remove_class("-reading")
        self.set_focus(self.board if pane == "beads" and self.is_board else self.list_of(pane))

    # -------------------------------------------------------------------------------------------------- messages

    @on(RowList.Highlighted, "#beads RowList")
    @on(BeadBoard.Highlighted)
    def _highlighted(self, message: RowList.Highlighted | BeadBoard.Highlighted) -> None:
        message.stop()
        if self._cursor_wanted and message.key != self._cursor_wanted:
            # The rows moved under the cursor, not the person.
            return
        self._cursor_wanted = ""
        self.trail.clear()
        self.want_bead()

    @on(BeadBoard.Chosen)
    def _card_chosen(self, message: BeadBoard.Chosen) -> None:
        message.stop()
        self.post_message(self.Wanted("open:beads", message.key))

    @on(BeadPage.Followed)
    def _followed(self, message: BeadPage.Followed) -> None:
        message.stop()
        kind, _, target = message.target.partition(":")
        if kind == "bead":
            self.follow(target)
        else:
            self.post_message(self.Wanted("agent", target))
