"""What every event has in common: the payload's base, the envelope around it, and where it is bound for."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from gastown_tui.core.model.ids import EventId


class Fact(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The payload of one event."""

    wire: ClassVar[str] = ""
    """The event's frozen name."""
    vapor: ClassVar[bool] = False
    """Kept in `vapor.jsonl` beside the log instead of in it: worth folding, not worth keeping."""


class Unknown(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An event this version does not know: kept, carried and skipped."""

    name: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the ledger, read."""

    event_id: EventId
    event_type: str
    timestamp: str
    """UTC, milliseconds, `Z`."""
    actor: str
    correlation_id: str | None = None
    caused_by: EventId | None = None
    tx: str = ""
    """The id of the first event of the transaction it was part of."""
    fact: Fact


class Entry(msgspec.Struct, frozen=True):
    """One fact bound for one ledger of the town."""

    fact: Fact
    ledger: str = ""
    """The rig whose ledger it belongs to; empty for the town's own (or a lone `.beads`)."""
