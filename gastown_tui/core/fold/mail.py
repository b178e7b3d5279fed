"""Messages and nudges, onto the box and the registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.fold.state import LedgerState
from gastown_tui.core.model.ids import Address, MailId, NudgeId
from gastown_tui.core.model.town import Mail, Nudge


def mail_sent(state: LedgerState, fact: e.MailSent, event: e.Event) -> None:
    """In the box."""
    state.mail[fact.message_id] = Mail(
        id=fact.message_id,
        sender=fact.sender,
        to=fact.to,
        cc=fact.cc,
        to_text=fact.to_text,
        subject=fact.subject,
        body=fact.body,
        type=fact.message_type,
        priority=fact.priority,
        thread_id=fact.thread_id,
        reply_to=fact.reply_to,
        bead_id=fact.bead_id,
        timestamp=event.timestamp,
    )
    state.touched_mail.add(fact.message_id)


def _mark(state: LedgerState, message_id: MailId, field: str, reader: Address) -> None:
    mail = state.mail.get(message_id)
    if mail is None:
        return
    marked: tuple[Address, ...] = getattr(mail, field)
    if reader not in marked:
        changes: dict[str, Any] = {field: (*marked, reader)}
        state.mail[message_id] = replace(mail, **changes)
        state.touched_mail.add(message_id)


def mail_delivered(state: LedgerState, fact: e.MailDelivered, event: e.Event) -> None:
    """Put before its reader."""
    _mark(state, fact.message_id, "delivered_to", fact.recipient)


def mail_read(state: LedgerState, fact: e.MailRead, event: e.Event) -> None:
    """Opened."""
    _mark(state, fact.message_id, "read_by", fact.reader)


def mail_archived(state: LedgerState, fact: e.MailArchived, event: e.Event) -> None:
    """Put away."""
    _mark(state, fact.message_id, "archived_by", fact.reader)


def nudge_queued(state: LedgerState, fact: e.NudgeQueued, event: e.Event) -> None:
    """On its way."""
    state.registers.nudges[fact.nudge_id] = Nudge(
        id=fact.nudge_id,
        agent=fact.agent,
        text=fact.text,
        sender=fact.sender,
        mode=fact.mode,
        queued_at=event.timestamp,
        since=event.timestamp,
    )


def _nudge(state: LedgerState, nudge_id: NudgeId, event: e.Event, new: str, reason: str = "") -> None:
    nudge = state.registers.nudges.get(nudge_id)
    if nudge is not None and nudge.state != "seen":
        state.registers.nudges[nudge_id] = replace(nudge, state=new, since=event.timestamp, reason=reason)


def nudge_typed(state: LedgerState, fact: e.NudgeTyped, event: e.Event) -> None:
    """On the input line."""
    _nudge(state, fact.nudge_id, event, "typed")


def nudge_submitted(state: LedgerState, fact: e.NudgeSubmitted, event: e.Event) -> None:
    """Sent."""
    _nudge(state, fact.nudge_id, event, "submitted")


def nudge_seen(state: LedgerState, fact: e.NudgeSeen, event: e.Event) -> None:
    """Acted upon."""
    _nudge(state, fact.nudge_id, event, "seen", fact.evidence)


def nudge_stranded(state: LedgerState, fact: e.NudgeStranded, event: e.Event) -> None:
    """Given up, in plain sight."""
    _nudge(state, fact.nudge_id, event, "stranded", fact.reason)


HANDLERS: dict[type[e.Fact], Callable[[LedgerState, Any, e.Event], None]] = {
    e.MailSent: mail_sent,
    e.MailDelivered: mail_delivered,
    e.MailRead: mail_read,
    e.MailArchived: mail_archived,
    e.NudgeQueued: nudge_queued,
    e.NudgeTyped: nudge_typed,
    e.NudgeSubmitted: nudge_submitted,
    e.NudgeSeen: nudge_seen,
    e.NudgeStranded: nudge_stranded,
}
