"""Convoys that land, and requests to merge."""

from __future__ import annotations

from gastown_tui.core.events.envelope import Fact
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId


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
