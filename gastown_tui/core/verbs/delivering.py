"""Taking nudges to their sessions, step by recorded step, by whoever comes: a command or the daemon."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import NotFound, ToolFailed
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import session_name
from gastown_tui.core.model.ids import Address, NudgeId, shown
from gastown_tui.core.model.outside import Runtime
from gastown_tui.core.model.times import moment
from gastown_tui.core.model.town import Nudge
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import nudges
from gastown_tui.core.rules.nudges import Look, Place, Step
from gastown_tui.core.rules.screens import ScreenKind, classify
from gastown_tui.core.verbs.waking import lock_file, runtime_of

SETTLE_S = 0.12
"""Between two looks that must agree, and after keys before looking again."""
ECHO_WAIT_S = 3.0
"""How long typed text may take to appear, and a sent line to go."""
SUBMIT_TRIES = 3
"""Keys that send a line get lost in programs under load."""
WATCHED_S = 15.0
"""How long after a nudge a screen that turns busy is taken for its effect."""
_STEPS_LIMIT = 40


def deliver(hands: Hands, nudge_id: NudgeId, *, patience_s: float = 0.0) -> Nudge:
    """Take a nudge as far as it gets now and record every step; the nudge as it stands then.

    Whoever holds the session's lock types; a second deliverer leaves it alone. Called by the daemon too.

    Args:
        hands: The town.
        nudge_id: Which.
        patience_s: How long to wait for the session to become idle.

    Raises:
        NotFound: there is no such nudge.
    """
    known = known_nudge(hands.ledger.read(), nudge_id)
    deadline = hands.clock.monotonic() + patience_s
    while True:
        with hands.processes.alone(lock_file(hands, "nudge", known.agent)) as mine:
            known = _deliver(hands, nudge_id) if mine else known_nudge(hands.ledger.read(), nudge_id)
        if known.state != "queued" or hands.clock.monotonic() >= deadline:
            return known
        hands.clock.sleep(SETTLE_S * 2)


def deliver_pending(hands: Hands, agent: Address, *, patience_s: float = 0.0) -> tuple[Nudge, ...]:
    """Take every nudge of an agent on, oldest first, until one has to wait. Called by the daemon."""
    done: list[Nudge] = []
    for each in nudges.pending(hands.ledger.read(), (agent,)):
        done.append(deliver(hands, each.id, patience_s=patience_s))
        if done[-1].state in {"queued", "typed"}:
            break
    return tuple(done)


def known_nudge(town: Town, nudge_id: NudgeId) -> Nudge:
    """A nudge by its id.

    Raises:
        NotFound: there is none.
    """
    known = town.own.registers.nudges.get(nudge_id)
    if known is None:
        raise NotFound(f"there is no nudge {shown(nudge_id)}")
    return known


def _deliver(hands: Hands, nudge_id: NudgeId) -> Nudge:
    """Look, decide, act and record, until there is nothing to do but wait. The session's lock is held."""
    tries = 0
    for _ in range(_STEPS_LIMIT):
        town = hands.ledger.read()
        known = known_nudge(town, nudge_id)
        if not known.is_pending or _other_on_line(town, known):
            return known
        seen = _Seen(hands, town, known)
        move = nudges.decide(known, seen.look(pressed=tries > 0), hands.clock.now(), town.settings.health)
        match move.step:
            case Step.TYPE if seen.is_still_idle():
                seen.type()
            case Step.SUBMIT if tries < SUBMIT_TRIES:
                _record(hands, known, "typed")
                seen.submit()
                tries += 1
            case Step.SENT:
                _record(hands, known, "submitted")
            case Step.SEEN | Step.STRAND:
                _record(hands, known, move.step, move.reason)
            case _:
                return msgspec.structs.replace(known, reason=move.reason or "its screen is changing")
    return known_nudge(hands.ledger.read(), nudge_id)


def _other_on_line(town: Town, known: Nudge) -> bool:
    """Whether an earlier nudge of the same agent is still on its way to the line or on it."""
    earlier = nudges.pending(town, (known.agent,))
    return any(each.id != known.id and each.state == "typed" for each in earlier)


def _record(hands: Hands, known: Nudge, step: str, reason: str = "") -> None:
    """Record a step, unless another deliverer took the nudge further meanwhile."""
    facts: dict[str, Callable[[], e.Fact]] = {
        "typed": lambda: e.NudgeTyped(nudge_id=known.id),
        "submitted": lambda: e.NudgeSubmitted(nudge_id=known.id),
        Step.SEEN: lambda: e.NudgeSeen(nudge_id=known.id, evidence=reason),
        Step.STRAND: lambda: e.NudgeStranded(nudge_id=known.id, reason=reason),
    }

    def decide(town: Town) -> list[e.Entry]:
        there = town.own.registers.nudges.get(known.id)
        return [] if there is None or there.state in {step, "seen"} else [e.Entry(facts[step]())]

    hands.ledger.record(decide, actor=hands.actor)


class _Seen:
    """One nudge before its agent's session: looking, typing, sending."""

    def __init__(self, hands: Hands, town: Town, known: Nudge) -> None:
        self._hands = hands
        self._town = town
        self._nudge = known
        self._session = session_name(known.agent)
        self._runtime: Runtime = runtime_of(hands, town, known.agent)
        self._text = nudges.spoken(known, to_model=self._runtime.needs_model)

    def look(self, *, pressed: bool = False) -> Look:
        """The session as it is now; why there is nothing to look at, if there is not."""
        acted = self._town.last_event(self._nudge.agent) > self._nudge.since
        if self._nudge.state == "submitted" and (acted or self._is_long_sent()):
            return Look(kind=ScreenKind.UNKNOWN, acted=acted)
        if trouble := self._hands.sessions.unavailable():
            return Look(kind=ScreenKind.UNKNOWN, trouble=trouble)
        try:
            fact = self._hands.sessions.find(self._session)
            if fact is None:
                return Look(kind=ScreenKind.DEAD, trouble="it has no session")
            screen = self._hands.sessions.capture(self._session, colours=True)
        except (ToolFailed, NotFound) as error:
            return Look(kind=ScreenKind.UNKNOWN, trouble=error.message)
        state = classify(screen, self._runtime, dead=fact.dead)
        where = nudges.place(screen, self._text, state)
        if where is Place.ABOVE and not pressed and self._said_before():
            where = Place.NOWHERE
        return Look(kind=state.kind, place=where, began=fact.created, acted=acted, pressed=pressed)

    def _is_long_sent(self) -> bool:
        """Sent long enough ago that only an event of the agent's own can still tell; the screen shows other work."""
        sent = moment(self._nudge.since)
        return sent is not None and (self._hands.clock.now() - sent).total_seconds() > WATCHED_S

    def _said_before(self) -> bool:
        """Whether the very same words went there before: seeing them above the line then proves nothing."""
        return any(
            each.id != self._nudge.id and each.agent == self._nudge.agent and each.text == self._nudge.text
            for each in self._town.own.registers.nudges.values()
        )

    def is_still_idle(self) -> bool:
        """A second look that agrees with the first."""
        self._hands.clock.sleep(SETTLE_S)
        return self.look().kind is ScreenKind.IDLE

    def type(self) -> None:
        """Put the text on the line and wait until it stands there."""
        self._hands.sessions.type_text(self._session, self._text)
        self._until(lambda look: look.place is Place.LINE)
        _record(self._hands, self._nudge, "typed")

    def submit(self) -> None:
        """Send the line and wait until it is gone from it."""
        self._hands.sessions.press(self._session, self._runtime.submit_keys)
        self._until(lambda look: look.place is not Place.LINE)

    def _until(self, holds: Callable[[Look], bool]) -> None:
        deadline = self._hands.clock.monotonic() + ECHO_WAIT_S
        while not holds(self.look(pressed=True)) and self._hands.clock.monotonic() < deadline:
            self._hands.clock.sleep(SETTLE_S / 3)
