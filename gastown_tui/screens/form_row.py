"""One field on a form: its name, the line or lines to write in, what its value stands for, what is wrong with it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Label, Static, TextArea

from gastown_tui.core.model.text import plain
from gastown_tui.screens.fields import Field


class LongText(TextArea):
    """Several lines of words; Enter is the form's, so a line ends with ctrl-j."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+j", "new_line", "New line", show=False)]

    @property
    def value(self) -> str:
        """The text, as a line is asked for its own."""
        return self.text

    def action_new_line(self) -> None:
        """End the line here."""
        self.insert("\n")


class FieldRow(Vertical):
    """A field and what is said about it."""

    def __init__(self, field: Field, label: str = "") -> None:
        super().__init__(classes="field", id=f"row-{field.name}")
        self.field = field
        self.label = label or field.label
        self.was_seen = not field.is_guessed
        """Whether the person has had a look at what was guessed."""
        about, name = field.parameter.arg.about, f"field-{field.name}"
        self.entry: Input | LongText
        if field.is_long:
            self.entry = LongText(field.text, id=name, compact=True, tab_behavior="focus", placeholder=about)
        else:
            self.entry = Input(value=field.text, placeholder=about, id=name)
        self._means = Label("", classes="means", markup=False)
        self._wrong = Static("", classes="wrong", markup=False)
        self._wrong.display = False

    def compose(self) -> ComposeResult:
        """The name before the entry, what it means behind it, a complaint below."""
        with Horizontal(classes="field-line"):
            yield Label(self.label, classes="field-name", markup=False)
            yield self.entry
            yield self._means
        yield self._wrong

    @property
    def value(self) -> str:
        """What stands in it."""
        return self.entry.value

    def write(self, text: str) -> None:
        """Put other words in, the cursor behind them."""
        if isinstance(self.entry, LongText):
            self.entry.text = text
            self.entry.move_cursor(self.entry.document.end)
        else:
            self.entry.value = text
            self.entry.cursor_position = len(text)

    @property
    def word(self) -> str:
        """The value under way."""
        return self.field.word_under_way(self.value)

    @property
    def is_open(self) -> bool:
        """Whether the person has yet to say something here."""
        return (self.field.is_asked and not self.value.strip()) or not self.was_seen

    @property
    def missing(self) -> bool:
        """Whether nothing can be done without it."""
        return self.field.parameter.is_required and not self.value.strip()

    def means(self, text: str) -> None:
        """Say what the value stands for."""
        self._means.update(plain(text).replace("\n", " "))

    def complain(self, text: str) -> None:
        """Say what is wrong with the value; nothing takes it back."""
        self._wrong.update(plain(text))
        self._wrong.display = bool(text)
        self.set_class(bool(text), "-wrong")
