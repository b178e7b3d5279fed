"""Messages, and the doorbells that announce them."""

from __future__ import annotations

import msgspec

from gastown_tui.core.events.envelope import Fact
from gastown_tui.core.model.ids import Address, MailId, NudgeId


class MailSent(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A message is in its recipients' boxes. The ledger is the delivery."""

    wire = "mail.sent"
    message_id: MailId
    sender: str = msgspec.field(name="from")
    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    to_text: str = ""
    """How the sender spelled the recipients, for groups."""
    subject: str
    body: str = ""
    message_type: str = "notification"
    """`notification task reply handoff protocol question answer escalation`; what programs look at."""
    priority: str = "normal"
    """`urgent high normal low`."""
    thread_id: MailId
    reply_to: MailId | None = None
    bead_id: str = ""


class MailDelivered(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A message was put before its reader (injected into a prompt, or shown by `prime`)."""

    wire = "mail.delivered"
    message_id: MailId
    recipient: Address


class MailRead(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A recipient opened a message."""

    wire = "mail.read"
    message_id: MailId
    reader: Address


class MailArchived(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A recipient put a message away."""

    wire = "mail.archived"
    message_id: MailId
    reader: Address


class NudgeQueued(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A doorbell waits to be rung."""

    wire = "nudge.queued"
    nudge_id: NudgeId
    agent: Address
    text: str
    sender: str = msgspec.field(name="from")
    mode: str = "queue"
    """`queue`: when idle; `now`: one try at once, then queue."""


class NudgeTyped(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """The text stands on the agent's input line."""

    wire = "nudge.typed"
    nudge_id: NudgeId


class NudgeSubmitted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """The input line was sent and is empty again."""

    wire = "nudge.submitted"
    nudge_id: NudgeId


class NudgeSeen(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """The agent acted after it: an event of its own, or its screen turned busy."""

    wire = "nudge.seen"
    nudge_id: NudgeId
    evidence: str = ""


class NudgeStranded(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """It could not be delivered and nobody will try again."""

    wire = "nudge.stranded"
    nudge_id: NudgeId
    reason: str
