"""The town, its rigs and its daemon, and what waits for its overseer, onto the registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.fold.state import LedgerState
from gastown_tui.core.model.town import Escalation, Rig


def escalation_raised(state: LedgerState, fact: e.EscalationRaised, event: e.Event) -> None:
    """Open, unless the same condition already is."""
    for known in state.registers.escalations.values():
        if fact.key and known.key == fact.key and known.state != "resolved":
            return
    state.registers.escalations[fact.escalation_id] = Escalation(
        id=fact.escalation_id,
        severity=fact.severity,
        text=fact.text,
        agent=fact.agent,
        bead_id=fact.bead_id,
        key=fact.key,
        raised_at=event.timestamp,
    )


def escalation_acknowledged(state: LedgerState, fact: e.EscalationAcknowledged, event: e.Event) -> None:
    """Seen by a person."""
    known = state.registers.escalations.get(fact.escalation_id)
    if known is not None and known.state == "open":
        state.registers.escalations[fact.escalation_id] = replace(known, state="acknowledged")


def escalation_resolved(state: LedgerState, fact: e.EscalationResolved, event: e.Event) -> None:
    """Over."""
    known = state.registers.escalations.get(fact.escalation_id)
    if known is not None:
        state.registers.escalations[fact.escalation_id] = replace(known, state="resolved")


def snoozed(state: LedgerState, fact: e.Snoozed, event: e.Event) -> None:
    """Hidden until later."""
    state.registers.snoozed[fact.subject] = fact.until


def town_installed(state: LedgerState, fact: e.TownInstalled, event: e.Event) -> None:
    """Named."""
    state.registers.town_name = fact.name


def town_started(state: LedgerState, fact: e.TownStarted, event: e.Event) -> None:
    """Meant to run."""
    state.registers.is_running = True


def town_stopped(state: LedgerState, fact: e.TownStopped, event: e.Event) -> None:
    """Meant to rest."""
    state.registers.is_running = False


def daemon_started(state: LedgerState, fact: e.DaemonStarted, event: e.Event) -> None:
    """Known by pid and incarnation."""
    state.registers.daemon_pid = fact.pid
    state.registers.daemon_incarnation = fact.incarnation


def daemon_stopped(state: LedgerState, fact: e.DaemonStopped, event: e.Event) -> None:
    """Fenced by incarnation."""
    if state.registers.daemon_incarnation == fact.incarnation:
        state.registers.daemon_pid = 0


def rig_added(state: LedgerState, fact: e.RigAdded, event: e.Event) -> None:
    """Joined."""
    state.registers.rigs[fact.rig] = Rig(
        name=fact.rig,
        prefix=fact.prefix,
        url=fact.url,
        default_branch=fact.default_branch,
        added_at=event.timestamp,
    )


def rig_paused(state: LedgerState, fact: e.RigPaused, event: e.Event) -> None:
    """Takes no work."""
    rig = state.registers.rigs.get(fact.rig)
    if rig is not None:
        state.registers.rigs[fact.rig] = replace(rig, paused=fact.reason or "paused")


def rig_resumed(state: LedgerState, fact: e.RigResumed, event: e.Event) -> None:
    """Takes work again."""
    rig = state.registers.rigs.get(fact.rig)
    if rig is not None:
        state.registers.rigs[fact.rig] = replace(rig, paused="")


def rig_removed(state: LedgerState, fact: e.RigRemoved, event: e.Event) -> None:
    """Left."""
    state.registers.rigs.pop(fact.rig, None)


HANDLERS: dict[type[e.Fact], Callable[[LedgerState, Any, e.Event], None]] = {
    e.EscalationRaised: escalation_raised,
    e.EscalationAcknowledged: escalation_acknowledged,
    e.EscalationResolved: escalation_resolved,
    e.Snoozed: snoozed,
    e.TownInstalled: town_installed,
    e.TownStarted: town_started,
    e.TownStopped: town_stopped,
    e.DaemonStarted: daemon_started,
    e.DaemonStopped: daemon_stopped,
    e.RigAdded: rig_added,
    e.RigPaused: rig_paused,
    e.RigResumed: rig_resumed,
    e.RigRemoved: rig_removed,
}
