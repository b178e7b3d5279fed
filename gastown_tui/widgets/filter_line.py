"""The line that narrows a list while it is typed."""

from __future__ import annotations

from textual import on
from textual.message import Message
from textual.widgets import Input


class FilterLine(Input):
    """Hidden until it is opened for a list; says what the list is to be narrowed to."""

    class Filtered(Message):
        """A list is to show other rows."""

        def __init__(self, subject: str, text: str, *, closed: bool = False) -> None:
            super().__init__()
            self.subject = subject
            """What `open` was called with."""
            self.text = text
            self.closed = closed
            """The person is done with the line."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(placeholder="words, state:stuck, rig:api, age>10m, !not", id=id)
        self._subject = ""
        self.display = False

    def open(self, subject: str, text: str) -> None:
        """Ask for a filter.

        Args:
            subject: What it is for.
            text: What it is now.
        """
        self._subject = subject
        with self.prevent(Input.Changed):
            self.value = text
        self.display = True
        self.screen.set_focus(self)

    def close(self, *, keep: bool) -> None:
        """Go away, leaving the filter on or not."""
        if self.display:
            self.display = False
            self.post_message(self.Filtered(self._subject, self.value if keep else "", closed=True))

    @on(Input.Changed)
    def _narrow(self, message: Input.Changed) -> None:
        message.stop()
        if self.display:
            self.post_message(self.Filtered(self._subject, message.value))

    @on(Input.Submitted)
    def _keep(self, message: Input.Submitted) -> None:
        message.stop()
        self.close(keep=True)
