"""Every key and every verb; a verb can be run from here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from gastown_tui.core.verbs.declare import Verb
from gastown_tui.core.views import filtering
from gastown_tui.keys import RoomKey
from gastown_tui.screens.sheet import Sheet
from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.key_line import KeyHint
from gastown_tui.widgets.lines import Heading, Line, Row
from gastown_tui.widgets.pieces import Piece
from gastown_tui.widgets.row_list import RowList


class HelpScreen(Sheet[str | None]):
    """Gives back the name of the verb to run, or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,q", "leave", "Back", show=False),
        Binding("slash", "search", "Search", show=False),
    ]
    CLASSES_ON_SHEET = "sheet tall"

    def __init__(self, every: list[Verb], keys: tuple[RoomKey, ...]) -> None:
        super().__init__("Keys and verbs")
        self._every = every
        self._keys = keys

    def body(self) -> Iterable[Widget]:
        """The list over a line that narrows it."""
        yield RowList((Column(18), Column()), id="help")
        yield Input(placeholder="narrow to", id="narrow")

    def on_mount(self) -> None:
        """Start on the list."""
        super().on_mount()
        self.query_one("#narrow", Input).display = False
        self._fill("")
        self.set_focus(self.query_one("#help", RowList))

    def hints(self) -> list[KeyHint]:
        """What can be done here."""
        return [KeyHint("⏎", "run the verb", "screen.choose"), KeyHint("/", "narrow", "screen.search")]

    def _fill(self, text: str) -> None:
        terms = filtering.parse(text)
        lines: list[Line] = []
        keys = [each for each in self._keys if filtering.matches(terms, {"key": each.key, "about": _about(each)})]
        for place in dict.fromkeys(each.place for each in keys):
            lines.append(Heading("keys" if place == "everywhere" else f"keys · {place}"))
            lines += [
                Row(f"key:{each.id}", (Piece(each.key, "brass"), each.about)) for each in keys if each.place == place
            ]
        verbs = [each for each in self._every if filtering.matches(terms, {"verb": each.name, "about": each.about})]
        for group in dict.fromkeys(each.group for each in verbs):
            lines.append(Heading(f"verbs · {group}"))
            lines += [
                Row(f"verb:{each.name}", (Piece(each.name, "brass", f"verb:{each.name}"), each.about))
                for each in verbs
                if each.group == group
            ]
        self.query_one("#help", RowList).set_rows(lines)

    def action_search(self) -> None:
        """Narrow the list."""
        entry = self.query_one("#narrow", Input)
        entry.display = True
        self.set_focus(entry)

    def action_choose(self) -> None:
        """Run what is under the cursor."""
        self.query_one("#help", RowList).action_choose()

    def action_leave(self) -> None:
        """Back; out of the search first."""
        entry = self.query_one("#narrow", Input)
        if entry.display:
            entry.display = False
            entry.value = ""
            self.set_focus(self.query_one("#help", RowList))
        else:
            self.dismiss(None)

    @on(Input.Changed, "#narrow")
    def _narrowed(self, message: Input.Changed) -> None:
        message.stop()
        self._fill(message.value)

    @on(Input.Submitted, "#narrow")
    def _submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.set_focus(self.query_one("#help", RowList))

    @on(RowList.Chosen, "#help")
    @on(RowList.Acted, "#help")
    def _chosen(self, message: RowList.Chosen | RowList.Acted) -> None:
        message.stop()
        kind, _, name = message.key.partition(":")
        if kind == "verb":
            self.dismiss(name)


def _about(each: RoomKey) -> str:
    return each.about if each.place == "everywhere" else f"{each.about} {each.place}"
