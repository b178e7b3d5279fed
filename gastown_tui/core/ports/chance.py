"""Time and chance: what the rules are never given but as values."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from gastown_tui.core.model.ids import AssignmentId, EscalationId, MailId, NudgeId


class Clock(Protocol):
    """The only source of the time."""

    def now(self) -> datetime:
        """The current moment, aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never go back; for durations and deadlines."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Mint(Protocol):
    """The only source of randomness: ids nobody else has."""

    def mail_id(self) -> MailId:
        """A fresh mail id."""
        ...

    def nudge_id(self) -> NudgeId:
        """A fresh nudge id."""
        ...

    def assignment_id(self) -> AssignmentId:
        """A fresh assignment id; sorts after every earlier one."""
        ...

    def escalation_id(self) -> EscalationId:
        """A fresh escalation id."""
        ...

    def nonce(self) -> int:
        """A random 64-bit number, for bead ids and tokens."""
        ...
