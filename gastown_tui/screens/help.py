"""Every key and every verb; a verb can be run from here."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from gastown_tui import keys
from gastown_tui.core.verbs.declare import Verb
from gastown_tui.core.views import filtering
from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.lines import Heading, Line, Row
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList
from gastown_tui.widgets.strip_header import StripHeader


class HelpScreen(ModalScreen[str | None]):
    """Gives back the name of the verb to run, or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", show=False),
        Binding("question_mark", "leave", "Back", show=False),
        Binding("slash", "search", "Search", show=False),
    ]

    def __init__(self, every: list[Verb]) -> None:
        super().__init__()
        self._every = every

    def compose(self) -> ComposeResult:
        """The list over a line that narrows it."""
        with Vertical(classes="sheet"):
            yield StripHeader("Keys and verbs", "Enter runs a verb · / narrows · esc back")
            yield RowList((Column(16), Column()), id="help")
            yield Input(placeholder="narrow to", id="narrow")

    def on_mount(self) -> None:
        """Start on the list."""
        self.query_one("#narrow", Input).display = False
        self._fill("")
        self.query_one("#help", RowList).focus()

    def _fill(self, text: str) -> None:
        terms = filtering.parse(text)
        lines: list[Line] = [Heading("keys")]
        for each in keys.key_rows():
            about = each.about if each.place == "everywhere" else f"{each.about} ({each.place})"
            if filtering.matches(terms, {"key": each.key, "about": about}):
                lines.append(Row(f"key:{each.id}", (Piece(each.key, "brass"), about)))
        for group in dict.fromkeys(verb.group for verb in self._every):
            lines.append(Heading(group))
            lines.extend(
                Row(f"verb:{verb.name}", (Piece(verb.name, "brass"), verb.about))
                for verb in self._every
                if verb.group == group and filtering.matches(terms, {"verb": verb.name, "about": verb.about})
            )
        self.query_one("#help", RowList).set_rows(lines)

    def action_search(self) -> None:
        """Narrow the list."""
        entry = self.query_one("#narrow", Input)
        entry.display = True
        entry.focus()

    def action_leave(self) -> None:
        """Back; out of the search first."""
        entry = self.query_one("#narrow", Input)
        if entry.display:
            entry.display = False
            entry.value = ""
            self.query_one("#help", RowList).focus()
        else:
            self.dismiss(None)

    @on(Input.Changed, "#narrow")
    def _narrowed(self, message: Input.Changed) -> None:
        message.stop()
        self._fill(message.value)

    @on(Input.Submitted, "#narrow")
    def _submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.query_one("#help", RowList).focus()

    @on(RowList.Chosen, "#help")
    def _chosen(self, message: RowList.Chosen) -> None:
        message.stop()
        kind, _, name = message.key.partition(":")
        if kind == "verb":
            self.dismiss(name)
