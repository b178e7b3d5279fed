"""Saying a word to agents and to the overseer: doorbells, announcements, escalations, and peace for a while."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER
from gastown_tui.core.model.ids import Address, EscalationId, NudgeId, shown
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import stamp
from gastown_tui.core.model.town import Nudge
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import addresses, mailing, nudges
from gastown_tui.core.rules.exits import SEVERITIES
from gastown_tui.core.verbs.declare import Arg, Receipt, Suggest, verb
from gastown_tui.core.verbs.delivering import deliver_pending, known_nudge


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


_WAKE_UP = "Look at your hook, and go on with what hangs there: gt hook"
"""What a nudge without words says."""


@verb(keys="n", group="talk")
def nudge(
    hands: Hands,
    agent: Annotated[str, Arg("whom, or a group such as @rig/api", suggest=Suggest.AGENT)],
    text: Annotated[
        str, Arg("what to say; `-` reads it from standard input, nothing at all points to the hook", long_text=True)
    ] = "",
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
    words = text or message or stdin or _WAKE_UP
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
    agent = known_nudge(hands.ledger.read(), nudge_id).agent
    done = deliver_pending(hands, agent, patience_s=patience_s)
    mine = next((each for each in done if each.id == nudge_id), None)
    return mine or msgspec.structs.replace(
        known_nudge(hands.ledger.read(), nudge_id), reason=done[-1].reason if done else ""
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


class Acknowledged(Receipt, frozen=True, kw_only=True):
    """An escalation somebody has seen."""

    escalation_id: EscalationId

    def text(self) -> str:
        """One line."""
        return f"{self.escalation_id} is seen to"


@verb("escalate ack", group="talk")
def escalate_ack(hands: Hands, escalation: Annotated[str, Arg("its id", metavar="ID")]) -> Acknowledged:
    """Say that you see to an escalation; it no longer waits for you.

    Raises:
        NotFound: there is no such escalation.
    """
    escalation_id = EscalationId(escalation)

    def decide(town: Town) -> list[e.Entry]:
        known = town.own.registers.escalations.get(escalation_id)
        if known is None:
            raise NotFound(f"there is no escalation {shown(escalation)}", hint="gt status lists what needs you")
        return [e.Entry(e.EscalationAcknowledged(escalation_id=escalation_id))] if known.state == "open" else []

    hands.ledger.record(decide, actor=hands.actor)
    return Acknowledged(escalation_id=escalation_id)


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
