"""The options that lists, searches, counts and exports share, and how they are read."""

from __future__ import annotations

from typing import Annotated

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import STATUSES
from gastown_tui.core.model.ids import BeadId, shown
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.bead_config import words_in
from gastown_tui.core.rules.queries import Span
from gastown_tui.core.verbs.beads import config, local_now, one, outlines_here
from gastown_tui.core.verbs.declare import Arg, Suggest

LIMIT = 50

Status = Annotated[str, Arg("Only this status, several with commas, or all", flags=("--status", "-s"))]
Type = Annotated[str, Arg("Only this type", flags=("--type", "-t"))]
Assignee = Annotated[str, Arg("Only work of this one", flags=("--assignee", "-a"), suggest=Suggest.AGENT)]
Labels = Annotated[tuple[str, ...], Arg("With all of these labels", flags=("--label", "-l"), split=True)]
LabelsAny = Annotated[tuple[str, ...], Arg("With one of these labels", flags=("--label-any",), split=True)]
LeastPriority = Annotated[str, Arg("Not more urgent than this: 0-4", flags=("--priority-min",))]
MostPriority = Annotated[str, Arg("Not less urgent than this: 0-4", flags=("--priority-max",))]
NoAssignee = Annotated[bool, Arg("Only what is nobody's")]
NoLabels = Annotated[bool, Arg("Only without labels")]
EmptyDescription = Annotated[bool, Arg("Only without a description")]
DescContains = Annotated[str, Arg("Words in the description")]
NotesContains = Annotated[str, Arg("Words in the notes")]
CreatedAfter = Annotated[str, Arg("Filed after: -7d, yesterday, 2025-01-15")]
CreatedBefore = Annotated[str, Arg("Filed before")]
UpdatedAfter = Annotated[str, Arg("Changed after")]
UpdatedBefore = Annotated[str, Arg("Changed before")]
ClosedAfter = Annotated[str, Arg("Closed after")]
ClosedBefore = Annotated[str, Arg("Closed before")]
Sort = Annotated[str, Arg("priority, created, updated, closed, status, id, title, type or assignee")]
Reverse = Annotated[bool, Arg("The other way round", flags=("--reverse", "-r"))]


def limit_of(given: int | None, *, default: int) -> int:
    """How many rows to show; 0: all.

    Raises:
        BadInput: a negative number was asked for.
    """
    if given is not None and given < 0:
        raise BadInput("--limit must not be negative; 0 shows all")
    return default if given is None else given


def is_agent(hands: Hands) -> bool:
    """Whether the reader is a program that pays for every character."""
    return hands.env.get("BD_AGENT_MODE") == "1" or bool(hands.env.get("CLAUDE_CODE"))


def span(hands: Hands, name: str, after: str, before: str) -> Span:
    """The moments of a pair of date options.

    Raises:
        BadInput: one is not a time; the message names the option.
    """
    return Span(_moment(hands, f"{name}-after", after), _moment(hands, f"{name}-before", before))


def _moment(hands: Hands, flag: str, text: str) -> str:
    if not text:
        return ""
    from gastown_tui.core.rules.typed_times import parse_time

    try:
        return parse_time(text, local_now(hands))
    except BadInput as error:
        raise BadInput(f"parsing --{flag}: {error.message}") from error


def priority_of(text: str) -> int | None:
    """A priority as typed; None for none."""
    if not text:
        return None
    from gastown_tui.core.rules.bead_values import parse_priority

    return parse_priority(text)


def kind_of(text: str) -> str:
    """A type with its aliases read; empty for none."""
    if not text:
        return ""
    from gastown_tui.core.rules.bead_values import kind_meant

    return kind_meant(text)


def whole_id(hands: Hands, town: Town, text: str) -> BeadId:
    """The id of the bead somebody means, or the text itself: a filter that fits nothing is no error."""
    try:
        return one(hands, town, text).id
    except NotFound:
        return BeadId(text)


def strange_statuses(hands: Hands, town: Town, text: str) -> tuple[str, ...]:
    """What to say of a status nothing can have: neither known, nor added by the ledger, nor in use there."""
    wanted = [each.strip() for each in text.split(",")]
    strange = [each for each in wanted if each and each not in {*STATUSES, "tombstone", "all"}]
    if strange:
        known = {*words_in(config(hands), "status.custom"), *(each.status for each in outlines_here(hands, town))}
        strange = [each for each in strange if each not in known]
    if not strange:
        return ()
    return (f"no bead has the status {', '.join(map(shown, strange))}; the statuses are {', '.join(STATUSES)}",)
