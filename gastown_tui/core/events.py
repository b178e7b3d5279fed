"""Facts: everything the ledger may hold. Wire names are frozen for ever; class names may move.

A `Fact` is the payload of one event. The ledger wraps it in an envelope (`Event`) when it is recorded. Names from the
user's documents keep their spelling; what those leave out has a type of its own. Aliases seen in the wild are read
(`ALIASES`), never written.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from gastown_tui.core.model.ids import (
    Address,
    AssignmentId,
    BeadId,
    EscalationId,
    EventId,
    MailId,
    NudgeId,
    RigName,
)


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


# ---------------------------------------------------------------------------------------------- beads


class Edge(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A dependency asked for at creation."""

    depends_on_id: BeadId
    dependency_type: str = "blocks"
    metadata: str | None = None


class LedgerCreated(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A ledger was set up."""

    wire = "ledger.created"
    prefix: str


class LedgerAdopted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A directory that held only an `issues.jsonl` became the starting state of this log."""

    wire = "ledger.adopted"
    lines: int
    sorted_by_id: bool = True
    """False: the file's own line order is kept (`BeadImported.position`)."""
    sha256: str = ""


class LineKept(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A line of an adopted file that is valid but no bead (header, memory): written back where it stood."""

    wire = "ledger.line_kept"
    line: str
    position: int


class LinesQuarantined(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Lines that could not be read were put aside."""

    wire = "ledger.lines_quarantined"
    file: str
    count: int
    first_line: int = 0


class BeadCreated(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A bead was filed."""

    wire = "bead.created"
    bead_id: BeadId
    title: str
    description: str | None = None
    issue_type: str = "task"
    status: str = "open"
    priority: int = 2
    assignee: str | None = None
    labels: tuple[str, ...] = ()
    dependencies: tuple[Edge, ...] = ()
    fields: dict[str, Any] = {}
    """Any further bead field by its name in `issues.jsonl`."""


class BeadUpdated(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Fields of a bead were set; null clears one."""

    wire = "bead.updated"
    bead_id: BeadId
    changes: dict[str, Any]


class BeadStatusChanged(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A bead moved from one status to another, closing and reopening apart."""

    wire = "bead.status_changed"
    bead_id: BeadId
    from_status: str
    to_status: str
    reason: str | None = None


class BeadAssigned(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A bead was given to somebody, or to nobody."""

    wire = "bead.assigned"
    bead_id: BeadId
    assignee: str | None = None


class BeadClosed(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A bead's work is over."""

    wire = "bead.closed"
    bead_id: BeadId
    reason: str = "Closed"
    session: str | None = None


class BeadReopened(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A closed bead is open again."""

    wire = "bead.reopened"
    bead_id: BeadId
    reason: str | None = None


class BeadDeleted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A bead became a tombstone, for good."""

    wire = "bead.deleted"
    bead_id: BeadId
    reason: str = "deleted"


class BeadNoted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Text was added at the end of a bead's notes."""

    wire = "bead.noted"
    bead_id: BeadId
    text: str


class BeadCommented(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Somebody remarked on a bead."""

    wire = "bead.commented"
    bead_id: BeadId
    text: str
    author: str = ""


class LabelAdded(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A bead got a label."""

    wire = "bead.label_added"
    bead_id: BeadId
    label: str


class LabelRemoved(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A bead lost a label."""

    wire = "bead.label_removed"
    bead_id: BeadId
    label: str


class DependencyAdded(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """`bead_id` depends on, belongs to or refers to `depends_on_id`."""

    wire = "bead.dependency_added"
    bead_id: BeadId
    depends_on_id: BeadId
    dependency_type: str = "blocks"
    metadata: str | None = None


class DependencyRemoved(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An edge is gone. One edge stands between two beads, whatever its type."""

    wire = "bead.dependency_removed"
    bead_id: BeadId
    depends_on_id: BeadId


class BeadImported(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A line of `issues.jsonl` written by somebody else became the bead, unless ours is newer."""

    wire = "bead.imported"
    bead_id: BeadId
    line: str
    """The line as it stood, without its newline."""
    position: int | None = None
    """Its place in a file that was not sorted by id."""


# ---------------------------------------------------------------------------------------------- hooks and work


class HookSet(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Work hangs on an agent's hook: the bead becomes hooked and the agent's."""

    wire = "hook.set"
    agent: Address
    ref_type: str = "bead"
    """`bead`, `mol` or `mail`."""
    ref_id: BeadId
    assignment_id: AssignmentId
    dispatcher: str = ""
    args: str = ""
    """What the dispatcher said about how to do it."""
    runtime: str = ""


class HookChecked(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent looked at its hook."""

    wire = "hook.checked"
    vapor = True
    agent: Address
    found: bool


class HookCleared(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A hook is empty again; agent and bead are let go in one fact."""

    wire = "hook.cleared"
    agent: Address
    previous_ref: BeadId
    assignment_id: AssignmentId
    reason: str = ""
    to_status: str = "open"
    """What the bead becomes; `closed` is left to `bead.closed`."""
    keep_assignee: bool = False


class DispatchQueued(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A sling waits for room: the rig is at capacity or paused. The deacon takes it up in order."""

    wire = "dispatch.queued"
    bead_id: BeadId
    target: str
    dispatcher: str = ""
    args: str = ""
    runtime: str = ""
    reason: str = ""


class DispatchDropped(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A waiting sling was taken back."""

    wire = "dispatch.dropped"
    bead_id: BeadId
    reason: str = ""


class WorkExited(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A worker finished its assignment by one of the four exits."""

    wire = "work.exited"
    agent: Address
    bead_id: BeadId
    assignment_id: AssignmentId
    exit: str
    """COMPLETED, BLOCKED, REFACTOR or ESCALATE."""
    note: str = ""
    branch: str = ""
    commit: str = ""


class WorktreeOpened(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent's worktree stands."""

    wire = "worktree.opened"
    agent: Address
    path: str
    branch: str
    base: str = ""


class WorktreeRescued(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Everything in a worktree is reachable from a ref."""

    wire = "worktree.rescued"
    agent: Address
    path: str
    ref: str
    commit: str
    reason: str = ""


class WorktreeRemoved(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent's worktree is gone; its rescue ref holds what it held."""

    wire = "worktree.removed"
    agent: Address
    path: str


# ---------------------------------------------------------------------------------------------- agents


class AgentRegistered(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent exists, whether or not it runs."""

    wire = "agent.registered"
    agent: Address
    runtime: str = ""
    worktree: str = ""


class AgentStarted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent's session runs."""

    wire = "agent.started"
    agent: Address
    session_name: str
    incarnation: str
    runtime: str = ""
    worktree: str = ""
    hooked_bead: str = ""


class AgentWorking(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent says what it is doing."""

    wire = "agent.working"
    agent: Address
    bead_id: str = ""
    note: str = ""


class AgentIdle(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent has nothing to do."""

    wire = "agent.idle"
    agent: Address
    note: str = ""


class AgentAsked(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent waits for the overseer's answer."""

    wire = "agent.asked"
    agent: Address
    question: str
    bead_id: str = ""
    choices: tuple[str, ...] = ()


class AgentAnswered(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A question was answered; the answer travels as mail or is typed by whoever answers."""

    wire = "agent.answered"
    agent: Address
    answer: str


class AgentStuck(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A patrol or the agent itself says that it does not get on, and why."""

    wire = "agent.stuck"
    agent: Address
    reason: str
    bead_id: str = ""


class AgentHandedOff(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent asked for a fresh session and left a note for it."""

    wire = "agent.handed_off"
    agent: Address
    note: str = ""


class AgentNudged(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A patrol rang an agent's bell."""

    wire = "agent.nudged"
    agent: Address
    reason: str = ""


class AgentStopped(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent's session ended."""

    wire = "agent.stopped"
    agent: Address
    reason: str = ""
    exit_code: int | None = None
    incarnation: str = ""


class AgentRetired(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent is no more; its history stays."""

    wire = "agent.retired"
    agent: Address
    reason: str = ""


# ---------------------------------------------------------------------------------- mail, nudges, escalations


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


# ---------------------------------------------------------------------------------------------- convoys, merges


class ConvoyLanded(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Everything a convoy tracks is closed; the convoy closes with it."""

    wire = "convoy.landed"
    convoy_id: BeadId
    forced: bool = False


class MergeRequested(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A branch waits to be merged. The merge request is itself a bead of type `merge-request`."""

    wire = "merge.requested"
    mr_id: BeadId
    bead_id: BeadId
    branch: str
    target: str
    commit: str
    worker: Address
    assignment_id: AssignmentId
    priority: int = 2


class MergeStarted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """The refinery took a request up."""

    wire = "merge.started"
    mr_id: BeadId
    base: str = ""


class MergeGated(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """The gate ran on the merged result."""

    wire = "merge.gated"
    mr_id: BeadId
    outcome: str
    """`pass`, `fail` or `infrastructure`; `ungated` when the rig has no gate."""
    command: str
    commit: str
    tree: str
    duration_s: float
    tail: str = ""


class MergeFailed(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A request did not get in this time."""

    wire = "merge.failed"
    mr_id: BeadId
    kind: str
    """`conflict`, `gate`, `infrastructure` or `moved`."""
    detail: str
    retry: bool = True
    """False: the worker has to change something first."""


class MergeMerged(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """The branch is on the target, and so is every byte the gate judged."""

    wire = "merge.merged"
    mr_id: BeadId
    bead_id: BeadId
    commit: str
    tree: str
    target: str


class MergeRequeued(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A request stands in line again."""

    wire = "merge.requeued"
    mr_id: BeadId
    reason: str = ""
    commit: str = ""


class MergeHeld(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A request keeps its place but is not taken up."""

    wire = "merge.held"
    mr_id: BeadId
    reason: str = ""


class MergeRejected(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A request will not be merged."""

    wire = "merge.rejected"
    mr_id: BeadId
    reason: str


# ---------------------------------------------------------------------------------------------- molecules


class MolCreated(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A molecule was poured: its root and every step are beads."""

    wire = "mol.created"
    mol_id: BeadId
    formula: str
    bead_id: str = ""


class MolStepStarted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A step was taken up."""

    wire = "mol.step_started"
    mol_id: BeadId
    step_id: BeadId


class MolStepCompleted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A step is done, and stays done."""

    wire = "mol.step_completed"
    mol_id: BeadId
    step_id: BeadId
    status: str = "closed"


class MolCompleted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Every step is done, or the molecule was condensed."""

    wire = "mol.completed"
    mol_id: BeadId
    summary: str = ""


class MolAbandoned(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A molecule was burned or given up."""

    wire = "mol.abandoned"
    mol_id: BeadId
    reason: str = ""


# ---------------------------------------------------------------------------------------------- the town


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


FACTS: tuple[type[Fact], ...] = (
    LedgerCreated, LedgerAdopted, LineKept, LinesQuarantined,
    BeadCreated, BeadUpdated, BeadStatusChanged, BeadAssigned, BeadClosed, BeadReopened, BeadDeleted,
    BeadNoted, BeadCommented, LabelAdded, LabelRemoved, DependencyAdded, DependencyRemoved, BeadImported,
    HookSet, HookChecked, HookCleared, DispatchQueued, DispatchDropped,
    WorkExited, WorktreeOpened, WorktreeRescued, WorktreeRemoved,
    AgentRegistered, AgentStarted, AgentWorking, AgentIdle, AgentAsked, AgentAnswered, AgentStuck,
    AgentHandedOff, AgentNudged, AgentStopped, AgentRetired,
    MailSent, MailDelivered, MailRead, MailArchived,
    NudgeQueued, NudgeTyped, NudgeSubmitted, NudgeSeen, NudgeStranded,
    EscalationRaised, EscalationAcknowledged, EscalationResolved, Snoozed,
    ConvoyLanded, MergeRequested, MergeStarted, MergeGated, MergeFailed, MergeMerged, MergeRequeued,
    MergeHeld, MergeRejected,
    MolCreated, MolStepStarted, MolStepCompleted, MolCompleted, MolAbandoned,
    TownInstalled, TownStarted, TownStopped, DaemonStarted, DaemonStopped,
    RigAdded, RigPaused, RigResumed, RigRemoved, PatrolWarned,
)  # fmt: skip
"""Every fact, in the order `docs/events.md` lists them."""

BY_WIRE: dict[str, type[Fact]] = {fact.wire: fact for fact in FACTS}
"""From frozen name to payload."""

ALIASES: dict[str, str] = {
    "agent.hook_checked": "hook.checked",
    "agent.gupp_check": "hook.checked",
}
"""Names other writers used for the same fact; read, never written."""
