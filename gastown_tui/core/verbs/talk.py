"""Saying a word to agents and to the overseer: doorbells, announcements, escalations, and peace for a while."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Annotated

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, NotFound, ToolFailed
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER, session_name
from gastown_tui.core.model.ids import Address, NudgeId, shown
from gastown_tui.core.model.outside import Runtime
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import moment, stamp
from gastown_tui.core.model.town import Nudge
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import addresses, mailing, nudges
from gastown_tui.core.rules.exits import SEVERITIES
from gastown_tui.core.rules.nudges import Look, Place, Step
from gastown_tui.core.rules.screens import ScreenKind, classify
from gastown_tui.core.verbs.declare import Arg, Receipt, Suggest, verb
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


class Nudged(Receipt, frozen=True, kw_only=True):
    """How far some doorbells got."""

    nudges: tuple[Nudge, ...]
    mailed: str = ""
    """The message that carries words too long for a bell."""
    daemon_runs: bool = False

    def text(self) -> str:
        """A line for each bell, never claiming more than is known."""
        lines = [_line(each, self.daemon_runs) for each in self.nudges]
        return "\n".join([*lines, *([f"too long for a bell: sent as {self.mailed}"] if self.mailed else [])])


def _line(nudge: Nudge, daemon_runs: bool) -> str:
    why = f" ({nudge.reason})" if nudge.reason else ""
    match nudge.state:
        case "queued":
            then = "the daemon delivers it" if daemon_runs else "gt start starts the daemon that delivers it"
            return f"{nudge.id} queued for {nudge.agent}{why}; {then} once it is idle"
        case "typed":
            return f"{nudge.id} stands on the input line of {nudge.agent}, not sent yet{why}"
        case "submitted":
            return f"{nudge.id} submitted to {nudge.agent}"
        case "seen":
            return f"{nudge.id} seen by {nudge.agent}{why}"
    return f"{nudge.id} stranded: {nudge.reason}"


@verb(keys="n", group="talk")
def nudge(
    hands: Hands,
    agent: Annotated[str, Arg("whom, or a group such as @rig/api", suggest=Suggest.AGENT)],
    text: Annotated[str, Arg("what to say; `-` reads it from standard input", long_text=True)] = "",
    *,
    message: Annotated[str, Arg("what to say", flags=("--message", "-m"), long_text=True, hidden=True)] = "",
    now: Annotated[bool, Arg("try at once, also while the daemon runs")] = False,
    wait_idle: Annotated[float, Arg("seconds to wait for it to become idle", metavar="SECONDS")] = 0.0,
    stdin: Annotated[str, Arg("read what to say from standard input", long_text=True, optional_value="-")] = "",
) -> Nudged:
    """Ring an agent's doorbell with a few words.

    They are typed only into a session that is recognised as idle, and otherwise wait. Words too long for a bell go by
    mail, and the bell says so.

    Raises:
        BadInput: there is nothing to say.
        NotFound: nobody answers to that name.
    """
    words = text or message or stdin
    town = hands.ledger.read()
    me = addresses.speaker(hands.actor)
    here = addresses.rig_around(town, actor=hands.actor, env=hands.env, home=hands.ledger.home, cwd=hands.cwd)
    people = tuple(each for each in addresses.resolve_many(town, agent, here=here, but=me) if each != OVERSEER)
    if not people:
        raise BadInput("the overseer is a person and has no doorbell", hint="gt mail send overseer -s ... -m ...")
    return _send(hands, people, words, at_once=now, patience_s=wait_idle)


@verb(group="talk")
def broadcast(
    hands: Hands,
    text: Annotated[str, Arg("what to say; `-` reads it from standard input", long_text=True)],
    *,
    rig: Annotated[str, Arg("only to this rig's agents", suggest=Suggest.RIG)] = "",
    all_: Annotated[bool, Arg("also to agents with no session", flags=("--all",))] = False,
) -> Nudged:
    """Ring the doorbell of every running agent but your own.

    Raises:
        NotFound: nobody runs.
    """
    town = hands.ledger.read()
    me = addresses.speaker(hands.actor)
    people = addresses.resolve_many(town, f"@rig/{rig}" if rig else "@town", but=me)
    running = [each for each in people if all_ or ((known := town.agent(each)) is not None and known.session)]
    if not running:
        raise NotFound("no agent runs that could hear it", hint="--all leaves it for those who start later")
    return _send(hands, running, text, at_once=False, patience_s=0.0)


def _send(hands: Hands, people: Sequence[Address], words: str, *, at_once: bool, patience_s: float) -> Nudged:
    line = nudges.bell(words)
    me = addresses.speaker(hands.actor)
    mailed: tuple[e.Entry, ...] = ()
    if len(line) > nudges.LIMIT_CHARS:
        mail = _mail(hands, people, words)
        mailed, line = (e.Entry(mail),), nudges.teaser(words)
    mode = "now" if at_once or patience_s else "queue"
    bells = [nudges.queued(each, line, nudge_id=hands.mint.nudge_id(), sender=me, mode=mode) for each in people]
    recorded = hands.ledger.record(lambda _: [*mailed, *bells], actor=hands.actor)
    ids = [event.fact.nudge_id for event in recorded.events if isinstance(event.fact, e.NudgeQueued)]
    runs = daemon_runs(hands, recorded.town)
    if at_once or patience_s or not runs:
        found = [_in_turn(hands, each, patience_s) for each in ids]
    else:
        found = [recorded.town.own.registers.nudges[each] for each in ids]
    sent = [fact.message_id for entry in mailed if isinstance(fact := entry.fact, e.MailSent)]
    return Nudged(nudges=tuple(found), mailed=sent[0] if sent else "", daemon_runs=runs)


def _in_turn(hands: Hands, nudge_id: NudgeId, patience_s: float) -> Nudge:
    """Deliver a bell after those that were rung before it."""
    agent = _nudge(hands.ledger.read(), nudge_id).agent
    done = deliver_pending(hands, agent, patience_s=patience_s)
    mine = next((each for each in done if each.id == nudge_id), None)
    return mine or msgspec.structs.replace(
        _nudge(hands.ledger.read(), nudge_id), reason=done[-1].reason if done else ""
    )


def _mail(hands: Hands, people: Sequence[Address], words: str) -> e.MailSent:
    message_id = hands.mint.mail_id()
    return e.MailSent(
        message_id=message_id,
        sender=addresses.speaker(hands.actor),
        to=tuple(people),
        subject=one_line(words, 80),
        body=words,
        thread_id=message_id,
    )


def ring(hands: Hands, agent: Address, text: str) -> Nudge:
    """Ring one bell: queued, and tried once when no daemon would do it."""
    return _send(hands, (agent,), text, at_once=False, patience_s=0.0).nudges[0]


def daemon_runs(hands: Hands, town: Town) -> bool:
    """Whether the daemon that delivers what is queued is alive."""
    pid = town.own.registers.daemon_pid
    found = hands.processes.find(pid) if pid else None
    return found is not None and found.incarnation == town.own.registers.daemon_incarnation


# ---------------------------------------------------------------------------------------------- delivering


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
    known = _nudge(hands.ledger.read(), nudge_id)
    deadline = hands.clock.monotonic() + patience_s
    while True:
        with hands.processes.alone(lock_file(hands, "nudge", known.agent)) as mine:
            known = _deliver(hands, nudge_id) if mine else _nudge(hands.ledger.read(), nudge_id)
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


def _nudge(town: Town, nudge_id: NudgeId) -> Nudge:
    known = town.own.registers.nudges.get(nudge_id)
    if known is None:
        raise NotFound(f"there is no nudge {shown(nudge_id)}")
    return known


def _deliver(hands: Hands, nudge_id: NudgeId) -> Nudge:
    """Look, decide, act and record, until there is nothing to do but wait. The session's lock is held."""
    tries = 0
    for _ in range(_STEPS_LIMIT):
        town = hands.ledger.read()
        known = _nudge(town, nudge_id)
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
    return _nudge(hands.ledger.read(), nudge_id)


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


# ---------------------------------------------------------------------------------------------- escalations


class Escalated(Receipt, frozen=True, kw_only=True):
    """Something a person was told."""

    escalation_id: str
    severity: str
    was_open: bool = False

    def text(self) -> str:
        """One line."""
        if self.was_open:
            return f"{self.escalation_id} says so already and is still open"
        return f"Escalated {self.escalation_id} ({self.severity}); the overseer has mail"


@verb(group="talk")
def escalate(
    hands: Hands,
    text: Annotated[str, Arg("what needs a person, and why", long_text=True)],
    *,
    severity: Annotated[str, Arg("how bad it is", flags=("--severity", "-s"), choices=SEVERITIES)] = "medium",
    bead: Annotated[str, Arg("the bead it is about", suggest=Suggest.BEAD)] = "",
) -> Escalated:
    """Tell the overseer of something only a person can settle.

    Raises:
        BadInput: no words, or no such severity.
        NotFound: there is no such bead.
    """
    words = text.strip()
    if not words:
        raise BadInput("what needs a person?", hint='gt escalate "what and why" --severity high')
    if severity not in SEVERITIES:
        raise BadInput(f"{shown(severity)} is not a severity", hint=f"use one of {' '.join(SEVERITIES)}")
    me, escalation_id, mail_id = addresses.speaker(hands.actor), hands.mint.escalation_id(), hands.mint.mail_id()
    priority = {"critical": "urgent", "high": "high", "medium": "normal", "low": "low"}[severity]

    def decide(town: Town) -> list[e.Entry]:
        bead_id = town.bead(bead).id if bead else ""
        key = f"said:{me}:{bead_id}:{one_line(words, 120)}"
        if any(each.key == key and each.state != "resolved" for each in town.own.registers.escalations.values()):
            return []
        raised = e.EscalationRaised(
            escalation_id=escalation_id, severity=severity, text=one_line(words), agent=me, bead_id=bead_id, key=key
        )
        letter = mailing.Letter(
            message_id=mail_id,
            sender=me,
            to=(OVERSEER,),
            subject=f"Escalation ({severity}): {one_line(words, 120)}",
            body=words,
            type="escalation",
            priority=priority,
            bead_id=bead_id,
        )
        return [e.Entry(raised), *mailing.send(town, letter)]

    recorded = hands.ledger.record(decide, actor=hands.actor)
    if recorded.events:
        return Escalated(escalation_id=escalation_id, severity=severity)
    known = [each for each in recorded.town.own.registers.escalations.values() if each.text == one_line(words)]
    return Escalated(escalation_id=known[-1].id if known else "", severity=severity, was_open=True)


# ---------------------------------------------------------------------------------------------- peace


class SnoozedFor(Receipt, frozen=True, kw_only=True):
    """What will not be shown until when."""

    subject: str
    until: str

    def text(self) -> str:
        """One line."""
        return f"Snoozed {self.subject} until {self.until}"


@verb(group="talk")
def snooze(
    hands: Hands,
    subject: Annotated[str, Arg("the row's key: an agent, a bead or an escalation")],
    duration: Annotated[str, Arg("for how long: 30s 15m 2h 1d; 0 brings it back")] = "1h",
) -> SnoozedFor:
    """Hear nothing of something for a while.

    Raises:
        BadInput: the subject is empty or the duration unreadable.
    """
    key = one_line(subject)
    if not key:
        raise BadInput("snooze what?", hint="gt snooze api/polecats/slot0 30m")
    until = stamp(hands.clock.now() + parse_duration(duration))
    hands.ledger.record(lambda _: [e.Entry(e.Snoozed(subject=key, until=until))], actor=hands.actor)
    return SnoozedFor(subject=key, until=until)


def parse_duration(text: str) -> timedelta:
    """A span such as `90`, `30s`, `15m`, `2h`, `1d` or `1h30m`; a bare number is seconds.

    Raises:
        BadInput: it is none, or longer than a year.
    """
    word = text.strip().lower()
    sizes = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "": 1}
    pieces = re.findall(r"(\d{1,9})([smhdw]?)", word)
    if not pieces or "".join(number + unit for number, unit in pieces) != word:
        raise BadInput(f"{shown(text)} is not a duration", hint="such as 30s, 15m, 2h, 1d")
    span = timedelta(seconds=sum(int(number) * sizes[unit] for number, unit in pieces))
    if span > timedelta(days=366):
        raise BadInput(f"{shown(text)} is longer than a year")
    return span
