"""Forms about beads: one bead whole, or one thing about several. Only what was changed is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import structs
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from gastown_tui.core.model.bead import STATUSES, TYPES, Bead
from gastown_tui.core.verbs.declare import Verb
from gastown_tui.core.views.suggestions import Suggestion
from gastown_tui.screens.form_row import FieldRow, LongText
from gastown_tui.screens.verb_form import Offer, Rehearse, Spell, VerbForm
from gastown_tui.widgets.key_line import KeyHint

_PRIORITIES = ("critical", "high", "normal", "low", "backlog")
OFFERS: Mapping[str, tuple[Suggestion, ...]] = {
    "priority": tuple(Suggestion(str(number), word) for number, word in enumerate(_PRIORITIES)),
    "status": tuple(Suggestion(each) for each in STATUSES if each != "hooked"),
    "type_": tuple(Suggestion(each) for each in TYPES),
    "until": tuple(Suggestion(each) for each in ("+1h", "tomorrow", "monday", "+1w", "+1m")),
}
"""What is offered for values that are no ids."""

LABELS = {
    "type_": "type",
    "set_labels": "labels",
    "add_label": "add",
    "remove_label": "take away",
    "depends_on": "waits for",
    "until": "until",
    "deps": "waits for",
}
"""What fields are called where that differs from the option's name."""

SENTENCES = frozenset({"reason", "words"})
"""Fields whose words belong together, however many the verb takes."""

EDITED = (
    "title", "status", "priority", "type_", "assignee", "set_labels", "description", "design", "acceptance", "notes",
)  # fmt: skip
"""What can be edited of a bead, in the order of the form."""
FILED = ("title", "priority", "type_", "assignee", "labels", "deps", "parent", "description", "design", "acceptance")
"""What is asked for a new one."""


Desk = tuple[Offer, Spell, Rehearse]
"""What a form asks of the room."""


class BeadForm(VerbForm):
    """A verb's form with a fixed set of fields, about beads that are given; Enter in a text is a new line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+e", "editor", "Editor", show=False, priority=True),
    ]
    CSS_PATH = "../styles/beads.tcss"
    CLASSES_ON_SHEET = "sheet form bead-form"

    class EditorWanted(Message):
        """A text is to be edited in the person's own editor."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    def __init__(
        self,
        verb: Verb,
        heading: str,
        asks: tuple[str, ...],
        desk: Desk,
        *,
        given: Mapping[str, Any] | None = None,
        preset: Mapping[str, Any] | None = None,
        offers: Mapping[str, tuple[Suggestion, ...]] | None = None,
    ) -> None:
        """Ask for some parameters.

        Args:
            verb: What is to be done.
            heading: The same in words.
            asks: The parameters that are asked for, in that order.
            desk: What a form asks of the room.
            given: Parameters that are known and not asked for.
            preset: What stands in the fields; it is sent only where it was changed.
            offers: What else is offered, by parameter.
        """
        super().__init__(_for_a_form(verb), dict(preset or {}), *desk, asks=asks, labels=LABELS)
        self._heading, self._note = heading, ""
        self._given = dict(given or {})
        self._edits = preset is not None
        for row in self._rows:
            row.was_seen = True
            if isinstance(row.entry, LongText):
                row.add_class("long")
            else:
                # What is typed first goes behind what is there, not in its place.
                row.entry.select_on_focus = False
        self._offered = {**OFFERS, **(offers or {})}

    def on_mount(self, event: events.Mount) -> None:  # type: ignore[override]
        """Start in the first field."""
        event.prevent_default()
        super().on_mount()
        if self._rows:
            self.set_focus(self._rows[0].entry)

    def hints(self) -> list[KeyHint]:
        """How to get through it."""
        row = self._current()
        in_text = row is not None and isinstance(row.entry, LongText)
        hints = [KeyHint("⏎", "new line", "")] if in_text else [KeyHint("⏎", "do it", "screen.next")]
        if len(self._rows) > 1:
            hints.append(KeyHint("tab", "next", "app.focus_next"))
        hints += [] if in_text else [KeyHint("↑↓", "choose", "screen.offer(1)")]
        hints += [KeyHint("ctrl-s", "do it", "screen.submit")]
        return [*hints, KeyHint("ctrl-e", "editor", "screen.editor")] if self._texts() else hints

    def _texts(self) -> list[FieldRow]:
        return [row for row in self._rows if isinstance(row.entry, LongText)]

    async def _found_for(self, row: FieldRow, word: str) -> tuple[Suggestion, ...]:
        known = self._offered.get(row.field.name)
        if known is None:
            return await super()._found_for(row, word)
        typed = word.lower()
        is_whole = any(each.value.lower() == typed for each in known)
        return tuple(each for each in known if is_whole or typed in f"{each.value} {each.about}".lower())

    # -------------------------------------------------------------------------------------------------- keys

    async def action_next(self) -> None:
        """In a text Enter is a new line; elsewhere it goes on."""
        if isinstance(self.focused, LongText):
            self.focused.action_new_line()
        else:
            await super().action_next()

    def action_editor(self) -> None:
        """Edit the text that has the focus, or the first there is, in the person's own editor."""
        row = self._current()
        if row is None or not isinstance(row.entry, LongText):
            row = next(iter(self._texts()), None)
        if row is not None:
            self.set_focus(row.entry)
            self.post_message(self.EditorWanted(row))

    async def _on_click(self, event: events.Click) -> None:
        """A click beside the form does not throw away what was typed into it."""
        if any(row.value != row.field.text for row in self._rows):
            event.prevent_default()

    # -------------------------------------------------------------------------------------------------- arguments

    def _arguments(self) -> dict[str, Any]:
        arguments = {each.name: each.default for each in self.verb.parameters} | self._given
        for row in self._rows:
            if not self._edits or row.value != row.field.text:
                arguments |= self._said(row)
        return arguments

    def _said(self, row: FieldRow) -> dict[str, Any]:
        field, text = row.field, row.value
        if field.is_long:
            # Editors end a file with an empty line; a bead's text does not.
            return {field.name: text.rstrip("\n") if text.strip() else field.value("") if not self._edits else ""}
        if field.name in SENTENCES and field.parameter.is_many:
            return {field.name: (text.strip(),) if text.strip() else ()}
        if not self._edits:
            return {field.name: field.value(text)}
        if field.name == "set_labels":
            had, have = set(field.value(field.text)), set(field.value(text))
            return {"add_label": tuple(sorted(have - had)), "remove_label": tuple(sorted(had - have))}
        return {field.name: field.value(text) if text.strip() else ""}


def _for_a_form(verb: Verb) -> Verb:
    """The verb without what is said of its parameters for command lines alone, behind a semicolon."""
    told = (
        structs.replace(each, arg=structs.replace(each.arg, about=each.arg.about.partition("; -")[0]))
        for each in verb.parameters
    )
    return structs.replace(verb, parameters=tuple(told))


def as_edited(bead: Bead) -> dict[str, Any]:
    """What stands in the form of a bead."""
    return {
        "title": bead.title,
        "status": bead.state,
        "priority": str(bead.priority),
        "type_": bead.kind,
        "assignee": bead.assignee or "",
        "set_labels": bead.labels or (),
        "description": bead.description or "",
        "design": bead.design or "",
        "acceptance": bead.acceptance_criteria or "",
        "notes": bead.notes or "",
    }
