"""The one-line header over a section, on a slightly lighter strip."""

from __future__ import annotations

from textual.reactive import reactive

from gastown_tui.widgets.one_line import OneLine, Part
from gastown_tui.widgets.pieces import Piece


class StripHeader(OneLine):
    """What a section is on the left, a word about it on the right; lit while the section has the focus."""

    title: reactive[str] = reactive("", init=False)
    """What stands under it."""
    note: reactive[str] = reactive("", init=False)
    """How much there is, or how it is sorted; gives way first."""
    lit: reactive[bool] = reactive(False, init=False, toggle_class="-lit")
    """Whether its section has the focus."""

    def __init__(self, title: str = "", note: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(StripHeader.title, title)
        self.set_reactive(StripHeader.note, note)
        self._lay_out()

    def watch_title(self) -> None:
        """Draw the new title."""
        self._lay_out()

    def watch_note(self) -> None:
        """Draw the new note."""
        self._lay_out()

    def watch_lit(self) -> None:
        """The title of the section that listens is bold, so colour is not its only sign."""
        self._lay_out()

    def _lay_out(self) -> None:
        title = Piece(self.title, "brass-strong" if self.lit else "brass")
        self.show((Part((title,)),), (Part((Piece(self.note, "dim"),), rank=1),) if self.note else ())
