"""When what was escalated is over by itself: the bead it is about went on to its end afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from gastown_tui.core.fold import Town
from gastown_tui.core.model.times import moment
from gastown_tui.core.model.town import Escalation

_ABOUT_WORKERS = ("restarts:", "stuck:")
"""Keys of what is wrong with whoever does a bead; work handed in settles that."""


def why_over(town: Town, known: Escalation) -> str:
    """Why an escalation is over though nobody answered it; empty while it is not.

    One raised about a bead that was closed already is not over: it is about something else.
    """
    bead = town.find(known.bead_id) if known.bead_id else None
    if bead is not None and bead.is_closed and _is_after(bead.closed_at or bead.updated_at, known.raised_at):
        return f"{bead.id} is closed"
    if known.key.startswith(_ABOUT_WORKERS):
        for request in town.merges():
            if request.bead_id == known.bead_id and _is_after(request.queued_at, known.raised_at):
                return f"{request.bead_id} was handed in as {request.id}"
    return ""


def overtaken(town: Town) -> Iterator[tuple[Escalation, str]]:
    """Escalations not resolved that are over, and why each is."""
    for known in town.own.registers.escalations.values():
        if known.state != "resolved" and (why := why_over(town, known)):
            yield known, why


def _is_after(stamp: str | None, other: str) -> bool:
    late, early = moment(stamp), moment(other)
    return late is not None and early is not None and late > early
