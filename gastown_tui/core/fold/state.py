"""The folded state of one ledger: its beads, its mail, and the registers for everything else."""

from __future__ import annotations

from collections.abc import MutableMapping

import msgspec

from gastown_tui.core.fold.shelf import BeadShelf
from gastown_tui.core.model.ids import Address, BeadId, EscalationId, EventId, MailId, NudgeId, RigName
from gastown_tui.core.model.town import Agent, Dispatch, Escalation, Hook, Mail, MergeRequest, Nudge, Rig


class Registers(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is neither a bead nor a message. Small; kept whole in the ledger's snapshot."""

    last_event: EventId = EventId("")
    prefix: str = ""
    is_adopted: bool = False
    sorted_by_id: bool = True
    positions: MutableMapping[BeadId, int] = {}
    """Line numbers of an adopted file that was not sorted by id."""
    kept_lines: dict[int, str] = {}
    """Lines of an adopted file that are no beads, by line number."""
    quarantined: int = 0
    children: dict[BeadId, int] = {}
    """Highest child number ever given under a parent; numbers are never reused."""
    agents: dict[Address, Agent] = {}
    hooks: dict[Address, Hook] = {}
    dispatches: dict[BeadId, Dispatch] = {}
    """Slings that wait for room, oldest first."""
    nudges: dict[NudgeId, Nudge] = {}
    merges: dict[BeadId, MergeRequest] = {}
    rigs: dict[RigName, Rig] = {}
    escalations: dict[EscalationId, Escalation] = {}
    snoozed: dict[str, str] = {}
    """Rows of `Needs you` by key, and until when."""
    seen: dict[str, str] = {}
    """When each actor last made an event."""
    exits: dict[BeadId, str] = {}
    """The last exit recorded for a bead."""
    landed: dict[BeadId, str] = {}
    """Convoys and when they landed."""
    molecules: dict[BeadId, str] = {}
    """Molecule roots and the formula they came from."""
    town_name: str = ""
    is_running: bool = False
    daemon_pid: int = 0
    daemon_incarnation: str = ""
    unknown_events: int = 0

    @property
    def is_in_id_order(self) -> bool:
        """Whether the issues file is sorted by id from its first line to its last."""
        return self.sorted_by_id and not self.positions and not self.kept_lines


class LedgerState:
    """One ledger, folded.

    Attributes:
        beads: The shelf.
        mail: Messages by id.
        registers: Everything else.
        touched_beads: Beads changed since a projector last cleared the set.
        touched_mail: Messages changed likewise.
    """

    __slots__ = ("beads", "mail", "registers", "touched_beads", "touched_mail")

    def __init__(
        self,
        beads: BeadShelf | None = None,
        mail: MutableMapping[MailId, Mail] | None = None,
        registers: Registers | None = None,
    ) -> None:
        self.beads = BeadShelf() if beads is None else beads
        self.mail: MutableMapping[MailId, Mail] = {} if mail is None else mail
        self.registers = registers or Registers()
        self.touched_beads: set[BeadId] = set()
        self.touched_mail: set[MailId] = set()
