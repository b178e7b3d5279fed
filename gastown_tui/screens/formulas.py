"""Formulas: which there are, what each says, and what is wrong with it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from gastown_tui import keys
from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.fold import Town
from gastown_tui.core.model.formula import Formula
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.declare import Suggest
from gastown_tui.core.views import filtering
from gastown_tui.core.views.formula_pages import FormulaPage, FormulaRow, formula_page
from gastown_tui.core.views.molecules import formula_line
from gastown_tui.screens.place import Place, Question
from gastown_tui.widgets.formula_rows import FORMULA_COLUMNS, formula_lines, page_lines
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.section import Section
from gastown_tui.widgets.written import Written

_SOURCES = ("project", "town", "home", "built-in")


FILES_S = 10.0
"""How often the files of formulas are looked at."""


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What there is, and the page of one."""

    rows: tuple[FormulaRow, ...]
    page: FormulaPage | None = None


class FormulaPlace(Place):
    """The list beside the page of the formula under the cursor."""

    NAME = "formulas"
    CSS_PATH = "../styles/formulas.tcss"
    PANES: ClassVar[tuple[str, ...]] = ("formulas", "page")
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings_of("formulas")
    AUTO_FOCUS = "#formulas RowList"

    def __init__(self) -> None:
        super().__init__()
        self.shelf: Shelf | None = None
        self._list = RowList(FORMULA_COLUMNS, keeps_cursor=True)
        self._written = Written()
        self.sections = {"formulas": Section("Formulas", self._list, id="formulas")}
        self._page = Section("", self._written, id="page")

    def body(self) -> ComposeResult:
        """The list beside the page."""
        with Horizontal(id="body"):
            yield self.sections["formulas"]
            yield self._page

    def on_mount(self) -> None:
        """Files change without the ledger knowing."""
        self.set_interval(FILES_S, partial(self.read_again, at_once=False))

    # -------------------------------------------------------------------------------------------------- the town

    def question(self) -> Question:
        """Every formula that is found from here, and the page of the one under the cursor."""
        at = self.formula

        def ask(hands: Hands, town: Town) -> Shelf:
            return read_shelf(hands, at)

        return ask

    def show_answer(self, answer: Any) -> None:
        """Draw it; the list keeps its place."""
        found: Shelf = answer
        self.shelf = found
        self._show_rows()
        page = found.page
        if page is None or page.row.name != self.formula:
            if self.formula:
                self.read_again()
            return
        self._page.header.title = page.row.name
        broken, remarks = len(page.row.problems), len(page.row.remarks)
        self._page.header.note = f"{broken} wrong" if broken else f"{remarks} remarks" if remarks else "sound"
        self._written.write(page_lines(page), stay=True)

    def _show_rows(self) -> None:
        assert self.shelf is not None
        text = self.filters.get("formulas", "")
        terms = filtering.parse(text)
        every = self.shelf.rows
        kept = [row for row in every if filtering.matches(terms, _words(row))] if terms else every
        self._list.set_rows(formula_lines(kept))
        broken = sum(bool(row.problems) for row in every)
        said = f"{len(every)}{f' · {broken} broken' if broken else ''}"
        self.sections["formulas"].header.note = f"{len(kept)} of {len(every)} · /{text}" if text else said

    # -------------------------------------------------------------------------------------------------- asking

    @property
    def formula(self) -> str:
        """The formula under the cursor."""
        return self._list.cursor_key

    @property
    def focused_key(self) -> str:
        """The same, wherever the focus is."""
        return self.formula

    def what_is_selected(self) -> dict[str, tuple[str, ...]]:
        """The formula."""
        return {Suggest.FORMULA: (self.formula,)} if self.formula else {}

    def filter_changed(self, pane: str) -> None:
        """Show what passes."""
        if self.shelf is not None:
            self._show_rows()

    def go_to(self, pane: str) -> None:
        """Focus the list or the page."""
        self.set_focus(self._written if pane == "page" else self._list)

    def go_back(self) -> None:
        """From the page to the list, then out."""
        if self.focused_pane == "page" and not self.has_class("-zoomed"):
            self.go_to("formulas")
        else:
            super().go_back()

    @on(RowList.Highlighted)
    def _highlighted(self, message: RowList.Highlighted) -> None:
        message.stop()
        self._written.action_to_top()
        self.read_again()


def read_shelf(hands: Hands, at: str) -> Shelf:
    """Every formula found from here, the nearest of each name, with what is wrong with it."""
    from gastown_tui.core.verbs.cookbook import Cookbook, Page

    book = Cookbook(hands)
    read: dict[str, tuple[FormulaRow, Formula | None, Page]] = {}
    for page in book.every():
        row, formula = _checked(hands, page)
        read[page.name] = (row, formula, page)
    rows = sorted((each[0] for each in read.values()), key=lambda row: (_SOURCES.index(row.source), row.name))
    name = at if at in read else rows[0].name if rows else ""
    if not name:
        return Shelf(rows=())
    row, formula, found = read[name]
    draws_in: tuple[str, ...] = ()
    if formula is not None:
        try:
            draws_in = tuple(book.closure(found)[0])[1:]
        except (BadInput, NotFound):
            draws_in = ()
    return Shelf(rows=tuple(rows), page=formula_page(row, formula, draws_in))


def _told(hands: Hands, file: Path) -> str:
    """Where a file lies, as short as it can be said."""
    from gastown_tui.core.verbs.cookbook import BUILT_IN

    if file.parent == BUILT_IN:
        return f"{BUILT_IN.parent.name}/{BUILT_IN.name}/{file.name}"
    home = hands.ledger.home
    return str(file.relative_to(home)) if home in file.parents else str(file)


def _checked(hands: Hands, page: Any) -> tuple[FormulaRow, Formula | None]:
    from gastown_tui.core.verbs.bd_formula import validate

    try:
        formula: Formula = page.read()
        checked = validate(hands, page.name)
    except (BadInput, NotFound) as error:
        problem = f"{error.message} ({error.hint})" if error.hint else error.message
        broken = FormulaRow(
            name=page.name, kind="?", source=page.tier, problems=(problem,), file=_told(hands, page.file)
        )
        return broken, None
    line = formula_line(formula, page.tier)
    row = FormulaRow(
        name=page.name,
        kind=line.type,
        source=page.tier,
        steps=checked.steps,
        vars=line.vars,
        about=line.description,
        problems=checked.problems,
        remarks=checked.remarks,
        file=_told(hands, page.file),
    )
    return row, formula


def _words(row: FormulaRow) -> dict[str, str]:
    return {name: str(getattr(row, name)) for name in row.__struct_fields__} | {"state": row.state}
