"""Doorbells: what may be rung, and what to do next with one, judged from the screen it is meant for.

A nudge goes only into an input line that is recognised as idle and empty, and counts as sent only when its text stood
on that line and left it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import Address, NudgeId
from gastown_tui.core.model.outside import Screen
from gastown_tui.core.model.settings import HealthSettings
from gastown_tui.core.model.text import one_line, plain
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.model.town import Nudge
from gastown_tui.core.rules.screens import ScreenKind, ScreenState

LIMIT_CHARS = 500
"""Longer words go by mail, and the bell says that there is some."""

_TEASER_CHARS = 160
_NOT_TEXT = re.compile(r"[\s\u2500-\u257f|]+")
"""Spaces and the lines of boxes: what wrapping and framing add to a text on a screen."""


class Step(StrEnum):
    """What to do next with a nudge."""

    TYPE = "type"
    """Type it: the line is idle and empty."""
    SUBMIT = "submit"
    """It stands on the line: send it."""
    SENT = "sent"
    """It left the line: record that."""
    SEEN = "seen"
    """The agent acted upon it: record that."""
    WAIT = "wait"
    STRAND = "strand"
    """Give up, in plain sight."""


class Place(StrEnum):
    """Where a text is on a screen."""

    LINE = "on the input line"
    ABOVE = "above it"
    NOWHERE = "nowhere"


class Move(msgspec.Struct, frozen=True):
    """A step and the reason for it."""

    step: Step
    reason: str = ""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the session a nudge is meant for."""

    kind: ScreenKind
    place: Place = Place.NOWHERE
    began: datetime | None = None
    """When the session began; a text typed before that died with the older one."""
    trouble: str = ""
    """Why there was nothing to look at."""
    acted: bool = False
    """The agent made an event of its own since the nudge's last step."""
    pressed: bool = False
    """This very look follows the keys that send the line."""


_WHY = {
    ScreenKind.BUSY: "it is busy",
    ScreenKind.DIALOG: "a question is on its screen",
    ScreenKind.HALF_TYPED: "somebody is typing there",
    ScreenKind.COPY_MODE: "somebody scrolls in it",
    ScreenKind.DEAD: "its program has ended",
    ScreenKind.UNKNOWN: "its screen is not recognised",
}
_DEAF = frozenset({ScreenKind.DIALOG, ScreenKind.COPY_MODE, ScreenKind.DEAD})
"""Keys pressed now would not reach the input line."""


def decide(nudge: Nudge, look: Look, now: datetime, settings: HealthSettings) -> Move:
    """What to do next with a nudge that is on its way."""
    move = _next(nudge, look)
    first = moment(nudge.queued_at)
    waited = timedelta() if first is None else now - first
    if move.step is not Step.WAIT or waited.total_seconds() <= settings.nudge_strand_s:
        return move
    if nudge.state == "submitted":
        return Move(Step.STRAND, f"it was sent, and nothing followed for {age_text(waited)}")
    return Move(Step.STRAND, f"not delivered within {age_text(waited)}: {move.reason}")


def _next(nudge: Nudge, look: Look) -> Move:
    why = look.trouble or _WHY.get(look.kind, "it is not idle")
    if nudge.state == "submitted":
        return _after_sending(look)
    if nudge.state == "typed" and not _died_with_session(nudge, look):
        return _typed(look, why)
    if look.trouble:
        return Move(Step.WAIT, why)
    if look.place is Place.LINE and look.kind not in _DEAF:
        return Move(Step.SUBMIT, "it stands on the line already")
    if look.kind is ScreenKind.IDLE:
        return Move(Step.TYPE)
    return Move(Step.WAIT, why)


def _typed(look: Look, why: str) -> Move:
    if look.trouble or look.kind in {ScreenKind.DEAD, ScreenKind.COPY_MODE}:
        return Move(Step.WAIT, why)
    if look.place is Place.LINE:
        return Move(Step.WAIT, why) if look.kind in _DEAF else Move(Step.SUBMIT)
    if look.kind is ScreenKind.UNKNOWN:
        return Move(Step.WAIT, why)
    if look.place is Place.ABOVE or (look.pressed and look.kind is not ScreenKind.HALF_TYPED):
        return Move(Step.SENT)
    if look.kind is ScreenKind.IDLE:
        return Move(Step.TYPE, "it was typed before, but is not to be seen")
    return Move(Step.WAIT, f"it was typed, but is not to be seen: {why}")


def _after_sending(look: Look) -> Move:
    if look.acted:
        return Move(Step.SEEN, "an event of its own followed")
    if look.kind is ScreenKind.BUSY:
        return Move(Step.SEEN, "its screen turned busy")
    return Move(Step.WAIT, "it was sent, and nothing followed")


def _died_with_session(nudge: Nudge, look: Look) -> bool:
    typed = moment(nudge.since)
    return look.began is not None and typed is not None and look.began > typed


# ---------------------------------------------------------------------------------------------- texts


def bell(text: str) -> str:
    """What may be rung: one line, no control characters.

    Raises:
        BadInput: nothing is left of it.
    """
    line = one_line(text)
    if not line:
        raise BadInput("a nudge needs words", hint='gt nudge AGENT "what to say"')
    return line


def teaser(text: str) -> str:
    """What the bell says of words too long for it, which went by mail."""
    return f"You have mail, gt mail inbox shows it: {one_line(text, _TEASER_CHARS)}"


def spoken(nudge: Nudge, *, to_model: bool) -> str:
    """A nudge as it is typed. A worker without a model runs what it reads, so it gets a comment."""
    return f"[{nudge.sender}] {nudge.text}" if to_model else f"# {nudge.sender}: {nudge.text}"


def place(screen: Screen, text: str, state: ScreenState) -> Place:
    """Where a text is on a screen, through wrapping and frames. The newest occurrence counts.

    It stands on the input line when the draft recognised there is part of it, or when it ends where the cursor is. A
    text that somebody wrote on after is nowhere: nobody can say what it will become.
    """
    wanted = _bare(text)
    bare = [_bare(plain(line)) for line in screen.lines]
    at = "".join(bare).rfind(wanted) if wanted else -1
    if at < 0:
        return Place.NOWHERE
    row, length = 0, len(bare[0])
    while length < at + len(wanted):
        row += 1
        length += len(bare[row])
    if length > at + len(wanted):
        return Place.NOWHERE
    if state.kind is ScreenKind.HALF_TYPED:
        return Place.LINE if _bare(state.draft) in wanted else Place.ABOVE
    at_cursor = row == screen.cursor_y or (row < screen.cursor_y and not any(bare[row + 1 : screen.cursor_y + 1]))
    return Place.LINE if at_cursor and state.kind is not ScreenKind.IDLE else Place.ABOVE


def _bare(text: str) -> str:
    return _NOT_TEXT.sub("", text)


# ---------------------------------------------------------------------------------------------- recording


def queued(agent: Address, text: str, *, nudge_id: NudgeId, sender: str, mode: str = "queue") -> e.Entry:
    """A bell that waits to be rung."""
    return e.Entry(e.NudgeQueued(nudge_id=nudge_id, agent=agent, text=text, sender=sender, mode=mode))


def pending(town: Town, agents: Iterable[Address] = ()) -> list[Nudge]:
    """Nudges on their way, oldest first; of some agents only when those are named."""
    wanted = set(agents)
    found = [each for each in town.own.registers.nudges.values() if each.is_pending]
    return sorted(
        (each for each in found if not wanted or each.agent in wanted), key=lambda each: (each.queued_at, each.id)
    )
