"""Facts: everything the ledger may hold. Wire names are frozen for ever; class names may move.

A `Fact` is the payload of one event. The ledger wraps it in an envelope (`Event`) when it is recorded. Names from the
user's documents keep their spelling; what those leave out has a type of its own. Aliases seen in the wild are read
(`ALIASES`), never written.

The classes of a room are made when somebody asks for one of its names: a command that reads meets few events.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from gastown_tui.core.events.envelope import Entry, Event, Fact, Unknown

if TYPE_CHECKING:
    from gastown_tui.core.events.agents import (
        AgentAnswered,
        AgentAsked,
        AgentHandedOff,
        AgentIdle,
        AgentNudged,
        AgentRegistered,
        AgentRetired,
        AgentStarted,
        AgentStopped,
        AgentStuck,
        AgentWorking,
    )
    from gastown_tui.core.events.beads import (
        BeadAssigned,
        BeadClosed,
        BeadCommented,
        BeadCreated,
        BeadDeleted,
        BeadImported,
        BeadNoted,
        BeadReopened,
        BeadStatusChanged,
        BeadUpdated,
        DependencyAdded,
        DependencyRemoved,
        Edge,
        LabelAdded,
        LabelRemoved,
    )
    from gastown_tui.core.events.ledgers import LedgerAdopted, LedgerCreated, LineKept, LinesQuarantined
    from gastown_tui.core.events.mail import (
        MailArchived,
        MailDelivered,
        MailRead,
        MailSent,
        NudgeQueued,
        NudgeSeen,
        NudgeStranded,
        NudgeSubmitted,
        NudgeTyped,
    )
    from gastown_tui.core.events.merges import (
        ConvoyLanded,
        MergeFailed,
        MergeGated,
        MergeHeld,
        MergeMerged,
        MergeRejected,
        MergeRequested,
        MergeRequeued,
        MergeStarted,
    )
    from gastown_tui.core.events.molecules import (
        MolAbandoned,
        MolCompleted,
        MolCreated,
        MolStepCompleted,
        MolStepStarted,
    )
    from gastown_tui.core.events.town import (
        DaemonStarted,
        DaemonStopped,
        EscalationAcknowledged,
        EscalationRaised,
        EscalationResolved,
        PatrolWarned,
        RigAdded,
        RigPaused,
        RigRemoved,
        RigResumed,
        Snoozed,
        TownInstalled,
        TownStarted,
        TownStopped,
    )
    from gastown_tui.core.events.work import (
        DispatchDropped,
        DispatchQueued,
        HookChecked,
        HookCleared,
        HookSet,
        WorkExited,
        WorktreeOpened,
        WorktreeRemoved,
        WorktreeRescued,
    )

    FACTS: tuple[type[Fact], ...]
    """Every fact, in the order `docs/events.md` lists them."""
    BY_WIRE: dict[str, type[Fact]]
    """From frozen name to payload."""

__all__ = [
    "ALIASES",
    "BY_WIRE",
    "FACTS",
    "AgentAnswered",
    "AgentAsked",
    "AgentHandedOff",
    "AgentIdle",
    "AgentNudged",
    "AgentRegistered",
    "AgentRetired",
    "AgentStarted",
    "AgentStopped",
    "AgentStuck",
    "AgentWorking",
    "BeadAssigned",
    "BeadClosed",
    "BeadCommented",
    "BeadCreated",
    "BeadDeleted",
    "BeadImported",
    "BeadNoted",
    "BeadReopened",
    "BeadStatusChanged",
    "BeadUpdated",
    "ConvoyLanded",
    "DaemonStarted",
    "DaemonStopped",
    "DependencyAdded",
    "DependencyRemoved",
    "DispatchDropped",
    "DispatchQueued",
    "Edge",
    "Entry",
    "EscalationAcknowledged",
    "EscalationRaised",
    "EscalationResolved",
    "Event",
    "Fact",
    "HookChecked",
    "HookCleared",
    "HookSet",
    "LabelAdded",
    "LabelRemoved",
    "LedgerAdopted",
    "LedgerCreated",
    "LineKept",
    "LinesQuarantined",
    "MailArchived",
    "MailDelivered",
    "MailRead",
    "MailSent",
    "MergeFailed",
    "MergeGated",
    "MergeHeld",
    "MergeMerged",
    "MergeRejected",
    "MergeRequested",
    "MergeRequeued",
    "MergeStarted",
    "MolAbandoned",
    "MolCompleted",
    "MolCreated",
    "MolStepCompleted",
    "MolStepStarted",
    "NudgeQueued",
    "NudgeSeen",
    "NudgeStranded",
    "NudgeSubmitted",
    "NudgeTyped",
    "PatrolWarned",
    "RigAdded",
    "RigPaused",
    "RigRemoved",
    "RigResumed",
    "Snoozed",
    "TownInstalled",
    "TownStarted",
    "TownStopped",
    "Unknown",
    "WorkExited",
    "WorktreeOpened",
    "WorktreeRemoved",
    "WorktreeRescued",
]  # fmt: skip

_ROOMS = (
    ("ledgers", "LedgerCreated LedgerAdopted LineKept LinesQuarantined"),
    (
        "beads",
        "BeadCreated BeadUpdated BeadStatusChanged BeadAssigned BeadClosed BeadReopened BeadDeleted BeadNoted "
        "BeadCommented LabelAdded LabelRemoved DependencyAdded DependencyRemoved BeadImported",
    ),
    (
        "work",
        "HookSet HookChecked HookCleared DispatchQueued DispatchDropped WorkExited WorktreeOpened "
        "WorktreeRescued WorktreeRemoved",
    ),
    (
        "agents",
        "AgentRegistered AgentStarted AgentWorking AgentIdle AgentAsked AgentAnswered AgentStuck "
        "AgentHandedOff AgentNudged AgentStopped AgentRetired",
    ),
    (
        "mail",
        "MailSent MailDelivered MailRead MailArchived NudgeQueued NudgeTyped NudgeSubmitted NudgeSeen NudgeStranded",
    ),
    ("town", "EscalationRaised EscalationAcknowledged EscalationResolved Snoozed"),
    (
        "merges",
        "ConvoyLanded MergeRequested MergeStarted MergeGated MergeFailed MergeMerged MergeRequeued MergeHeld "
        "MergeRejected",
    ),
    ("molecules", "MolCreated MolStepStarted MolStepCompleted MolCompleted MolAbandoned"),
    (
        "town",
        "TownInstalled TownStarted TownStopped DaemonStarted DaemonStopped RigAdded RigPaused RigResumed "
        "RigRemoved PatrolWarned",
    ),
)
"""Every fact by the room it is in, in the order `docs/events.md` lists them."""
_WHERE = {name: room for room, names in _ROOMS for name in names.split()} | {"Edge": "beads"}

ALIASES: dict[str, str] = {
    "agent.hook_checked": "hook.checked",
    "agent.gupp_check": "hook.checked",
}
"""Names other writers used for the same fact; read, never written."""


def _facts() -> tuple[type[Fact], ...]:
    return tuple(getattr(import_module(f"{__name__}.{room}"), name) for room, names in _ROOMS for name in names.split())


def __getattr__(name: str) -> object:
    found: object
    if name == "FACTS":
        found = _facts()
    elif name == "BY_WIRE":
        found = {fact.wire: fact for fact in _facts()}
    elif name in _WHERE:
        found = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found
