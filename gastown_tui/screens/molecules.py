"""Molecules as they run: which there are, the steps of one of them, and what a step says."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from gastown_tui import keys
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.health import Seen
from gastown_tui.core.rules.molecules import Anatomy
from gastown_tui.core.verbs.declare import Suggest
from gastown_tui.core.views import filtering
from gastown_tui.core.views.ages import Ages
from gastown_tui.core.views.feed import short
from gastown_tui.core.views.molecule_board import Holders, MoleculeRow, board, molecule_meant
from gastown_tui.core.views.molecule_steps import StepPage, StepRows, halted, step_page, words_of
from gastown_tui.screens.place import Place, Question
from gastown_tui.widgets.molecule_rows import (
    MOLECULE_COLUMNS,
    STEP_COLUMNS,
    StepLines,
    molecule_lines,
    step_lines,
)
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.section import Section
from gastown_tui.widgets.written import Written

AGES_S = 5.0
"""How old the ages that are shown may grow."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the town says about its molecules."""

    rows: tuple[MoleculeRow, ...]
    version: int = 0
    """Of the town, as far as the room counts its changes."""
    shown: str
    """The molecule whose steps these are."""
    steps: StepRows | None
    text: str = ""
    """What a wisp without steps says."""
    step: StepPage | None = None


class MoleculePlace(Place):
    """Molecules on the left, the steps of one on the right, and the step under the cursor below them."""

    NAME = "molecules"
    CSS_PATH = "../styles/molecules.tcss"
    PANES: ClassVar[tuple[str, ...]] = ("molecules", "steps", "step")
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings_of("molecules")
    AUTO_FOCUS = "#molecules RowList"

    def __init__(self) -> None:
        super().__init__()
        self.seen: Callable[[], Seen] = lambda: Seen(sessions=None)
        """One look at sessions and screens, for how those fare who have the molecules."""
        self._meant: tuple[str, ...] = ()
        self.answer: Answer | None = None
        self._version = 0
        offer = (Piece("No molecules yet. ", "dim"), Piece("mol pour ⏎", "brass", "mol pour"))
        self._list = RowList(MOLECULE_COLUMNS, empty=offer, keeps_cursor=True)
        self._steps = RowList(STEP_COLUMNS, keeps_cursor=True)
        self._written = Written()
        self.sections = {
            "molecules": Section("Molecules", self._list, id="molecules"),
            "steps": Section("Steps", self._steps, id="steps"),
        }
        self._step = Section("", self._written, id="step")

    def body(self) -> ComposeResult:
        """The list beside the steps."""
        with Horizontal(id="body"):
            yield self.sections["molecules"]
            with Vertical(id="right"):
                yield self.sections["steps"]
                yield self._step

    def on_mount(self) -> None:
        """Ages grow while nothing happens."""
        self.set_interval(AGES_S, partial(self.read_again, at_once=False))

    # -------------------------------------------------------------------------------------------------- the town

    def begin_with(self, bead_ids: tuple[str, ...]) -> None:
        """Show the molecule these beads belong to, where there is one."""
        self._meant = bead_ids
        self._version += 1
        self.read_again()

    def question(self) -> Question:
        """The list, and the steps of the molecule under the cursor."""
        at, step, meant, seen = self._list.cursor_key, self._steps.cursor_key, self._meant, self.seen()
        version = self._version
        # Going from row to row does not change the list; only the town does.
        known = self.answer.rows if self.answer is not None and self.answer.version == version else None

        def ask(hands: Hands, town: Town) -> Answer:
            ages = Ages(hands.clock.now())
            holders = Holders(town, seen, ages)
            rows = board(town, holders, ages) if known is None else known
            wanted = molecule_meant(town, meant) or at
            shown = wanted if any(row.key == wanted for row in rows) else rows[0].key if rows else ""
            return msgspec.structs.replace(_answer(town, rows, shown, step, holders, ages), version=version)

        return ask

    def read_again(self, *, at_once: bool = True) -> None:
        """Ask anew; unless a person waits for it, the town may be another one by now."""
        self._version += not at_once
        super().read_again(at_once=at_once)

    def on_screen_resume(self) -> None:
        """The town has moved on in between."""
        self._version += 1
        self.read_again()

    def show_answer(self, answer: Any) -> None:
        """Draw it; every list keeps its place."""
        found: Answer = answer
        fresh = self.answer is None or self.answer.shown != found.shown or self._has_moved_on(found)
        self.answer = found
        self._show_rows()
        if self._meant:
            self._meant = ()
            self._list.move_to(found.shown)
        if self._list.cursor_key and self._list.cursor_key != found.shown:
            self.read_again()
            return
        self._show_steps(fresh=fresh)
        self._show_step()
        if found.steps is not None and self._steps.cursor_key != (found.step.step_id if found.step else ""):
            self.read_again()

    def _has_moved_on(self, found: Answer) -> bool:
        """Whether the step that ran is over: unless somebody looks at it, the cursor goes on with the work."""
        before = self.answer.steps.words.get(BeadId(self.step)) if self.answer and self.answer.steps else None
        after = found.steps.words.get(BeadId(self.step)) if found.steps else None
        return before == "running" != after and self.focused_pane == "molecules"

    def _show_rows(self) -> None:
        assert self.answer is not None
        text = self.filters.get("molecules", "")
        terms = filtering.parse(text)
        every = self.answer.rows
        kept = [row for row in every if filtering.matches(terms, _words(row))] if terms else every
        self._list.set_rows(molecule_lines(kept))
        moving = sum(row.state == "moving" for row in every)
        note = f"{len(kept)} of {len(every)} · /{text}" if text else f"{len(every)} · {moving} moving"
        self.sections["molecules"].header.note = note

    def _show_steps(self, *, fresh: bool) -> None:
        assert self.answer is not None
        row, steps = self.row, self.answer.steps
        terms = filtering.parse(self.filters.get("steps", ""))
        ids: tuple[BeadId, ...] = steps.order if steps is not None else ()
        if terms and steps is not None:
            ids = tuple(each for each in ids if filtering.matches(terms, _words(steps.row(each))))
        self._steps.set_rows(StepLines(steps, ids) if steps is not None else ())
        header = self.sections["steps"].header
        header.title = _title(row) if row is not None else "Steps"
        header.note = _note(row) if row is not None else ""
        if fresh and steps is not None:
            at = next((each for each in ids if steps.words.get(each) in {"running", "stopped", "ready", "gate"}), "")
            self._steps.move_to(at) if at else self._steps.action_top()

    def _show_step(self) -> None:
        assert self.answer is not None
        step, row = self.answer.step, self.row
        if step is not None:
            self._step.header.title = step.step_id
            self._written.write(step_lines(step), stay=True)
        else:
            self._step.header.title = row.key if row is not None and self.answer.text else ""
            self._written.write([(Piece(line),) for line in self.answer.text.splitlines()], stay=True)

    # -------------------------------------------------------------------------------------------------- asking

    @property
    def row(self) -> MoleculeRow | None:
        """The molecule whose steps are shown."""
        rows = self.answer.rows if self.answer else ()
        return next((row for row in rows if self.answer and row.key == self.answer.shown), None)

    @property
    def molecule(self) -> str:
        """Its id."""
        return self._list.cursor_key

    @property
    def step(self) -> str:
        """The step under the cursor."""
        return self._steps.cursor_key

    @property
    def focused_key(self) -> str:
        """The molecule under the cursor, or the step."""
        return self.molecule if self.focused_pane == "molecules" else self.step or self.molecule

    def what_is_selected(self) -> dict[str, tuple[str, ...]]:
        """The molecule, or the step."""
        ids = (self.focused_key,) if self.focused_key else ()
        return {Suggest.BEAD: ids, Suggest.READY: ids} if ids else {}

    def agent_meant(self) -> str:
        """Who does the step, or has the molecule."""
        row, steps = self.row, self.answer.steps if self.answer else None
        doer = ""
        if self.focused_pane != "molecules" and steps is not None and (found := steps.find(self.step)) is not None:
            doer = found.agent
        return doer or (row.agent if row is not None else "")

    def filter_changed(self, pane: str) -> None:
        """Show what passes."""
        if self.answer is not None:
            self._show_rows() if pane == "molecules" else self._show_steps(fresh=False)

    def go_to(self, pane: str) -> None:
        """Focus the list, the steps or the page."""
        if pane == "step":
            self.set_focus(self._written)
        else:
            super().go_to(pane)

    def go_back(self) -> None:
        """From the steps to the list, then out."""
        if self.focused_pane != "molecules" and not self.has_class("-zoomed") and not self.filters.get("steps"):
            self.go_to("molecules")
        else:
            super().go_back()

    @on(RowList.Highlighted)
    def _highlighted(self, message: RowList.Highlighted) -> None:
        message.stop()
        self.read_again()


def _answer(
    town: Town, rows: tuple[MoleculeRow, ...], shown: str, step_id: str, holders: Holders, ages: Ages
) -> Answer:
    root = town.find(shown) if shown else None
    if root is None:
        return Answer(rows=rows, shown="", steps=None)
    anatomy = Anatomy(town, root)
    agent = "" if halted(town, root) else next((row.agent for row in rows if row.key == shown), "")

    def whose(step: Bead) -> str:
        if step.is_closed:
            return holders.of_session(step.closed_by_session or "") or step.assignee or ""
        return step.assignee or holders.of(step.id) or agent

    if not anatomy.steps:
        return Answer(rows=rows, shown=shown, steps=None, text=root.description or "")
    steps = StepRows(town, anatomy, words_of(town, anatomy), ages, whose)
    found = anatomy.steps.get(BeadId(step_id))
    page = step_page(town, found, ages, whose(found), root=root) if found is not None else None
    return Answer(rows=rows, shown=shown, steps=steps, step=page)


def _title(row: MoleculeRow) -> str:
    return f"{row.formula}: {row.title}" if row.formula not in {"", row.title} else row.title


def _note(row: MoleculeRow) -> str:
    parts = [f"{row.done}/{row.total}" if row.total else "", row.state, f"for {row.waits_for}" if row.waits_for else ""]
    return " · ".join(filter(None, [*parts, short(row.agent), row.key]))


def _words(row: msgspec.Struct) -> dict[str, str]:
    return {name: str(getattr(row, name)) for name in row.__struct_fields__}
