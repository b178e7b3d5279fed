"""The town's own records: agents, hooks, mail, nudges, merge requests, rigs. All frozen; the fold replaces them."""

from __future__ import annotations

import msgspec

from gastown_tui.core.model.ids import (
    Address,
    AssignmentId,
    BeadId,
    EscalationId,
    MailId,
    NudgeId,
    RigName,
)


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """Where one agent's work hangs."""

    agent: Address
    bead_id: BeadId
    ref_type: str = "bead"
    assignment_id: AssignmentId
    since: str
    dispatcher: str = ""
    args: str = ""
    runtime: str = ""


class Dispatch(msgspec.Struct, frozen=True, kw_only=True):
    """A sling that waits for room."""

    bead_id: BeadId
    target: str
    dispatcher: str = ""
    args: str = ""
    runtime: str = ""
    reason: str = ""
    queued_at: str


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger knows of one agent. What tmux shows is a fact of the moment, not of the ledger."""

    address: Address
    state: str = "registered"
    """`registered started working idle asking stuck done stopped retired`: the last thing said."""
    since: str = ""
    runtime: str = ""
    session: str = ""
    incarnation: str = ""
    worktree: str = ""
    branch: str = ""
    note: str = ""
    """What it does, why it is stuck, or why it stopped."""
    question: str = ""
    choices: tuple[str, ...] = ()
    bead_id: str = ""
    starts: int = 0
    """How many sessions it has had for its current assignment."""
    exit_code: int | None = None


class Mail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message; also the shape of a line of `messages.jsonl`."""

    id: MailId
    sender: str = msgspec.field(name="from")
    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    to_text: str = ""
    subject: str
    body: str = ""
    type: str = "notification"
    priority: str = "normal"
    thread_id: MailId
    reply_to: MailId | None = None
    bead_id: str = ""
    timestamp: str
    delivered_to: tuple[Address, ...] = ()
    read_by: tuple[Address, ...] = ()
    archived_by: tuple[Address, ...] = ()

    @property
    def recipients(self) -> tuple[Address, ...]:
        """Everybody whose box it lies in."""
        return (*self.to, *self.cc)


class Nudge(msgspec.Struct, frozen=True, kw_only=True):
    """One ring of an agent's doorbell and how far it got."""

    id: NudgeId
    agent: Address
    text: str
    sender: str
    state: str = "queued"
    """`queued typed submitted seen stranded`."""
    mode: str = "queue"
    queued_at: str
    since: str
    reason: str = ""

    @property
    def is_pending(self) -> bool:
        """Still on its way."""
        return self.state in {"queued", "typed", "submitted"}


class MergeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One branch in the merge queue."""

    id: BeadId
    bead_id: BeadId
    branch: str
    target: str
    commit: str
    worker: Address
    assignment_id: AssignmentId
    priority: int = 2
    state: str = "queued"
    """`queued running held returned merged rejected`; `returned`: the worker has to change something."""
    attempts: int = 0
    """Tries in a row that said nothing about the work: trouble outside, a target that moved."""
    strikes: int = 0
    """How often it went back to its worker."""
    queued_at: str
    since: str
    detail: str = ""
    gate: str = ""
    """The last gate outcome."""
    merge_commit: str = ""
    merge_tree: str = ""

    @property
    def is_open(self) -> bool:
        """Neither merged nor rejected."""
        return self.state not in {"merged", "rejected"}


class Rig(msgspec.Struct, frozen=True, kw_only=True):
    """A project of the town."""

    name: RigName
    prefix: str
    url: str
    default_branch: str
    added_at: str = ""
    paused: str = ""
    """Why nothing is dispatched to it; empty when it takes work."""


class Escalation(msgspec.Struct, frozen=True, kw_only=True):
    """Something that needs a person."""

    id: EscalationId
    severity: str
    text: str
    agent: str = ""
    bead_id: str = ""
    key: str = ""
    raised_at: str
    state: str = "open"
    """`open acknowledged resolved`."""
