"""The filter language on beads: what its fields mean, and what is wrong with a filter while it is being typed.

A filter that begins with `=` is an expression of `bd query` instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.bead import Bead, parent_of
from gastown_tui.core.model.ids import shown
from gastown_tui.core.model.times import stamp
from gastown_tui.core.views import filtering
from gastown_tui.core.views.bead_list import BeadItem, comparable
from gastown_tui.core.views.filtering import COMPARE, Term

Keep = Callable[[BeadItem], bool]
_Step = Callable[[Sequence[BeadItem]], Sequence[BeadItem]]

_ALIASES = {
    "p": "priority",
    "who": "assignee",
    "labels": "label",
    "tag": "label",
    "kind": "type",
    "age": "updated",
    "desc": "text",
    "under": "parent",
    "waits": "needs",
}
_TIMES: dict[str, Callable[[BeadItem], str]] = {
    "updated": lambda item: item.updated,
    "created": lambda item: item.created,
    "closed": lambda item: comparable(item.bead.closed_at),
    "due": lambda item: comparable(item.bead.due_at),
}
_WORDS: dict[str, Callable[[BeadItem], str]] = {
    "id": lambda item: item.bead.id,
    "title": lambda item: item.bead.title,
    "state": lambda item: f"{item.state} {item.bead.state}",
    "status": lambda item: item.bead.state,
    "type": lambda item: item.bead.kind,
    "assignee": lambda item: item.bead.assignee or "",
    "label": lambda item: "\n".join(item.bead.labels or ()),
    "rig": lambda item: item.ledger,
    "parent": lambda item: parent_of(item.bead) or "",
    "needs": lambda item: "\n".join(edge.depends_on_id for edge in item.bead.needs),
    "text": lambda item: _texts(item.bead),
    "by": lambda item: item.bead.created_by or "",
}
FIELDS = (
    "state",
    "type",
    "assignee",
    "priority",
    "label",
    "rig",
    "parent",
    "needs",
    "text",
    "title",
    "id",
    "status",
    "by",
)
"""What may stand before a colon."""


class BeadFilter(msgspec.Struct, frozen=True):
    """A filter, read."""

    steps: tuple[_Step, ...] = ()
    problem: str = ""
    """What is wrong with it, in words; what can be read of it holds all the same."""
    names_type: bool = False
    """It asks for a type, so what a town files for itself is not left out."""

    def kept(self, items: Sequence[BeadItem], *, with_town_work: bool) -> Sequence[BeadItem]:
        """The rows that pass."""
        if not (with_town_work or self.names_type):
            items = [item for item in items if not item.is_town_work]
        for step in self.steps:
            items = step(items)
        return items


def read_filter(text: str, now: datetime) -> BeadFilter:
    """Read a filter; what is wrong with it is told, never raised."""
    if text.lstrip().startswith("="):
        return _query(text.lstrip()[1:], now)
    steps: list[_Step] = []
    problems: list[str] = []
    terms = filtering.parse(text)
    for term in terms:
        try:
            step = _step(term, now)
        except BadInput as error:
            problems.append(error.message)
        else:
            steps += [step] if step is not None else []
    names_type = any(_ALIASES.get(term.field, term.field) == "type" for term in terms)
    return BeadFilter(tuple(steps), problems[0] if problems else "", names_type)


def _query(text: str, now: datetime) -> BeadFilter:
    from gastown_tui.core.rules import query_language

    if not text.strip():
        return BeadFilter()
    try:
        tree = query_language.parse(text)
        holds = query_language.claim(tree, now)
    except BadInput as error:
        return BeadFilter(problem=error.message.partition("query: ")[2] or error.message)
    return BeadFilter(
        (lambda items: [item for item in items if holds(item.bead)],), names_type=query_language.mentions(tree, "type")
    )


def _step(term: Term, now: datetime) -> _Step | None:
    """What a term leaves of the rows; None while it is still being typed.

    Raises:
        BadInput: it cannot be read.
    """
    if not term.field:
        word = term.value
        if _is_begun(word):
            return None
        if term.inverted:
            return lambda items: [item for item in items if word not in item.words]
        return lambda items: [item for item in items if word in item.words]
    field = _ALIASES.get(term.field, term.field)
    keep = _comparison(field, term, now) if term.relation != ":" else _containing(field, term)
    if term.inverted:
        return lambda items: [item for item in items if not keep(item)]
    return lambda items: [item for item in items if keep(item)]


def _is_begun(word: str) -> bool:
    """Whether a word is a field with nothing behind it yet."""
    return word in {"", "!"} or (word[-1] == ":" and _ALIASES.get(word[:-1], word[:-1]) in {*_WORDS, "priority"})


def _containing(field: str, term: Term) -> Keep:
    value = term.value
    if field == "priority":
        wanted = filtering.number(value)
        if wanted is None:
            raise BadInput(f"priority is a number from 0 to 4, not {shown(value)}")
        return lambda item: item.bead.priority == wanted
    read = _WORDS.get(field)
    if read is None:
        raise BadInput(_no_such(term.field))
    if value == "none":
        return lambda item: not read(item)
    if field in {"title", "text", "assignee", "label", "by"}:
        return lambda item: value in read(item).lower()
    return lambda item: value in read(item)


def _comparison(field: str, term: Term, now: datetime) -> Keep:
    compare, amount = COMPARE[term.relation], filtering.number(term.value)
    if field == "priority":
        if amount is None:
            raise BadInput(f"priority is compared with a number, as in p{term.relation}2")
        return lambda item: compare(item.bead.priority, amount)
    read = _TIMES.get(field)
    if read is None:
        raise BadInput(
            f"{term.field} cannot be compared; age, created, closed, due and priority can"
            if field in _WORDS
            else _no_such(term.field)
        )
    if amount is None or not term.value[-1].isalpha():
        raise BadInput(f"{term.field} is compared with a span, as in {term.field}{term.relation}3d")
    span = timedelta(seconds=amount)
    if field == "due":
        # What is due lies ahead: `due<3d` is what has to be done within three days.
        until = stamp(now + span)[:19]
        return (lambda item: read(item) > until) if term.relation[0] == ">" else (lambda item: "" < read(item) <= until)
    since = stamp(now - span)[:19]
    return (lambda item: "" < read(item) < since) if term.relation[0] == ">" else (lambda item: read(item) >= since)


def _no_such(field: str) -> str:
    from difflib import get_close_matches

    known = (*FIELDS, *_ALIASES, *_TIMES)
    near = get_close_matches(field, known, 1)
    return f"no field is called {shown(field)}; " + (f"{near[0]}?" if near else f"fields: {', '.join(FIELDS[:8])} …")


def _texts(bead: Bead) -> str:
    said = (comment.text for comment in bead.comments or ())
    return "\n".join(filter(None, (bead.description, bead.design, bead.acceptance_criteria, bead.notes, *said)))
