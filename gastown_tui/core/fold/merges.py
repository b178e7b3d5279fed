"""Convoys and merge requests, onto the registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.fold import beads
from gastown_tui.core.fold.state import LedgerState
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.town import MergeRequest


def convoy_landed(state: LedgerState, fact: e.ConvoyLanded, event: e.Event) -> None:
    """The convoy's bead closes with it."""
    state.registers.landed.setdefault(fact.convoy_id, event.timestamp)
    reason = "landed by hand" if fact.forced else "everything it tracks is closed"
    beads.change(state, fact.convoy_id, event, status="closed", closed_at=event.timestamp, close_reason=reason)


def merge_requested(state: LedgerState, fact: e.MergeRequested, event: e.Event) -> None:
    """In line."""
    state.registers.merges[fact.mr_id] = MergeRequest(
        id=fact.mr_id,
        bead_id=fact.bead_id,
        branch=fact.branch,
        target=fact.target,
        commit=fact.commit,
        worker=fact.worker,
        assignment_id=fact.assignment_id,
        priority=fact.priority,
        queued_at=event.timestamp,
        since=event.timestamp,
    )


def _merge(state: LedgerState, mr_id: BeadId, event: e.Event, /, **changes: Any) -> None:
    merge = state.registers.merges.get(mr_id)
    if merge is not None and merge.is_open:
        state.registers.merges[mr_id] = replace(merge, since=event.timestamp, **changes)


def merge_started(state: LedgerState, fact: e.MergeStarted, event: e.Event) -> None:
    """Taken up."""
    _merge(state, fact.mr_id, event, state="running", detail="", gate="")


def merge_gated(state: LedgerState, fact: e.MergeGated, event: e.Event) -> None:
    """Judged."""
    _merge(state, fact.mr_id, event, gate=fact.outcome, merge_commit=fact.commit, merge_tree=fact.tree)


def merge_failed(state: LedgerState, fact: e.MergeFailed, event: e.Event) -> None:
    """Back in line, or back to the worker."""
    merge = state.registers.merges.get(fact.mr_id)
    if merge is not None:
        detail = f"{fact.kind}: {fact.detail}"
        if fact.retry:
            _merge(state, fact.mr_id, event, state="queued", detail=detail, attempts=merge.attempts + 1)
        else:
            _merge(state, fact.mr_id, event, state="returned", detail=detail, attempts=0, strikes=merge.strikes + 1)


def merge_merged(state: LedgerState, fact: e.MergeMerged, event: e.Event) -> None:
    """In."""
    _merge(state, fact.mr_id, event, state="merged", merge_commit=fact.commit, merge_tree=fact.tree, detail="")


def merge_requeued(state: LedgerState, fact: e.MergeRequeued, event: e.Event) -> None:
    """In line again, with a new commit when one is given."""
    changes: dict[str, Any] = {"commit": fact.commit} if fact.commit else {}
    _merge(state, fact.mr_id, event, state="queued", detail=fact.reason, **changes)


def merge_held(state: LedgerState, fact: e.MergeHeld, event: e.Event) -> None:
    """Not taken up for now."""
    _merge(state, fact.mr_id, event, state="held", detail=fact.reason)


def merge_rejected(state: LedgerState, fact: e.MergeRejected, event: e.Event) -> None:
    """Out."""
    _merge(state, fact.mr_id, event, state="rejected", detail=fact.reason)


HANDLERS: dict[type[e.Fact], Callable[[LedgerState, Any, e.Event], None]] = {
    e.ConvoyLanded: convoy_landed,
    e.MergeRequested: merge_requested,
    e.MergeStarted: merge_started,
    e.MergeGated: merge_gated,
    e.MergeFailed: merge_failed,
    e.MergeMerged: merge_merged,
    e.MergeRequeued: merge_requeued,
    e.MergeHeld: merge_held,
    e.MergeRejected: merge_rejected,
}
