"""The town, its rigs and its daemon, and what waits for its overseer."""

from __future__ import annotations

from gastown_tui.core.events.envelope import Fact
from gastown_tui.core.model.ids import EscalationId, RigName


class EscalationRaised(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Something needs a person."""

    wire = "escalation.raised"
    escalation_id: EscalationId
    severity: str
    """`critical high medium low`."""
    text: str
    agent: str = ""
    bead_id: str = ""
    key: str = ""
    """The condition; an open escalation with the same key is not raised twice."""


class EscalationAcknowledged(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A person has seen it."""

    wire = "escalation.acknowledged"
    escalation_id: EscalationId


class EscalationResolved(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """It is over."""

    wire = "escalation.resolved"
    escalation_id: EscalationId
    note: str = ""


class Snoozed(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """The overseer does not want to hear of something until later."""

    wire = "overseer.snoozed"
    subject: str
    """The key of the row in `Needs you`."""
    until: str


class TownInstalled(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A town was founded."""

    wire = "town.installed"
    name: str
    owner: str = ""


class TownStarted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """The town is meant to run: the reconciler keeps what should live alive."""

    wire = "town.started"


class TownStopped(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """The town is meant to rest: nothing is started until it is started again."""

    wire = "town.stopped"
    reason: str = ""


class DaemonStarted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """The deacon's mechanics run."""

    wire = "daemon.started"
    pid: int
    incarnation: str


class DaemonStopped(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """The deacon's mechanics ended."""

    wire = "daemon.stopped"
    incarnation: str
    reason: str = ""


class RigAdded(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A project joined the town."""

    wire = "rig.added"
    rig: RigName
    prefix: str
    url: str
    default_branch: str


class RigPaused(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Nothing is dispatched to a rig until it is resumed."""

    wire = "rig.paused"
    rig: RigName
    reason: str = ""


class RigResumed(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A rig takes work again."""

    wire = "rig.resumed"
    rig: RigName


class RigRemoved(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A project left the town; its folder and refs stay."""

    wire = "rig.removed"
    rig: RigName


class PatrolWarned(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A patrol saw something wrong that nobody else reports."""

    wire = "patrol.warned"
    subject: str
    text: str
