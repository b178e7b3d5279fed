"""Events about agents, hooks, mail, nudges, merges, rigs and the town, onto the registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.fold import beads
from gastown_tui.core.fold.state import LedgerState
from gastown_tui.core.model.ids import Address, BeadId, MailId, NudgeId
from gastown_tui.core.model.town import Agent, Dispatch, Escalation, Hook, Mail, MergeRequest, Nudge, Rig


def _agent(state: LedgerState, address: Address, event: e.Event, /, **changes: Any) -> None:
    agents = state.registers.agents
    agent = agents.get(address) or Agent(address=address, since=event.timestamp)
    if changes.get("state", agent.state) != agent.state:
        changes.setdefault("since", event.timestamp)
    agents[address] = replace(agent, **changes)


def hook_set(state: LedgerState, fact: e.HookSet, event: e.Event) -> None:
    """Both sides of a hook in one fact."""
    beads.hook_set(state, fact, event)
    state.registers.hooks[fact.agent] = Hook(
        agent=fact.agent,
        bead_id=fact.ref_id,
        ref_type=fact.ref_type,
        assignment_id=fact.assignment_id,
        since=event.timestamp,
        dispatcher=fact.dispatcher,
        args=fact.args,
        runtime=fact.runtime,
    )
    state.registers.exits.pop(fact.ref_id, None)
    state.registers.dispatches.pop(fact.ref_id, None)


def hook_cleared(state: LedgerState, fact: e.HookCleared, event: e.Event) -> None:
    """Fenced: a clearing that names an assignment which is no longer current changes nothing."""
    hook = state.registers.hooks.get(fact.agent)
    if hook is None or hook.assignment_id != fact.assignment_id:
        return
    del state.registers.hooks[fact.agent]
    beads.hook_cleared(state, fact, event)


def dispatch_queued(state: LedgerState, fact: e.DispatchQueued, event: e.Event) -> None:
    """Waits; asking again keeps its place."""
    known = state.registers.dispatches.get(fact.bead_id)
    state.registers.dispatches[fact.bead_id] = Dispatch(
        bead_id=fact.bead_id,
        target=fact.target,
        dispatcher=fact.dispatcher,
        args=fact.args,
        runtime=fact.runtime,
        reason=fact.reason,
        queued_at=known.queued_at if known else event.timestamp,
    )


def dispatch_dropped(state: LedgerState, fact: e.DispatchDropped, event: e.Event) -> None:
    """Waits no more."""
    state.registers.dispatches.pop(fact.bead_id, None)


def work_exited(state: LedgerState, fact: e.WorkExited, event: e.Event) -> None:
    """The exit is remembered by bead."""
    state.registers.exits[fact.bead_id] = fact.exit


def worktree_opened(state: LedgerState, fact: e.WorktreeOpened, event: e.Event) -> None:
    """Where the agent works."""
    _agent(state, fact.agent, event, worktree=fact.path, branch=fact.branch)


def worktree_removed(state: LedgerState, fact: e.WorktreeRemoved, event: e.Event) -> None:
    """It works nowhere now."""
    _agent(state, fact.agent, event, worktree="", branch="")


def agent_registered(state: LedgerState, fact: e.AgentRegistered, event: e.Event) -> None:
    """Registering again changes the runtime, nothing else."""
    known = state.registers.agents.get(fact.agent)
    _agent(
        state,
        fact.agent,
        event,
        state="registered" if known is None or known.state == "retired" else known.state,
        runtime=fact.runtime or (known.runtime if known else ""),
        worktree=fact.worktree or (known.worktree if known else ""),
    )


def agent_started(state: LedgerState, fact: e.AgentStarted, event: e.Event) -> None:
    """A fresh session; starts are counted per hooked bead."""
    known = state.registers.agents.get(fact.agent)
    same = known is not None and known.bead_id == fact.hooked_bead
    _agent(
        state,
        fact.agent,
        event,
        state="started",
        since=event.timestamp,
        session=fact.session_name,
        incarnation=fact.incarnation,
        runtime=fact.runtime or (known.runtime if known else ""),
        worktree=fact.worktree or (known.worktree if known else ""),
        bead_id=fact.hooked_bead,
        starts=(known.starts if known and same else 0) + 1,
        note="",
        question="",
        choices=(),
        exit_code=None,
    )


def agent_working(state: LedgerState, fact: e.AgentWorking, event: e.Event) -> None:
    """Busy, and with what."""
    known = state.registers.agents.get(fact.agent)
    bead_id = fact.bead_id or (known.bead_id if known else "")
    _agent(state, fact.agent, event, state="working", note=fact.note, question="", choices=(), bead_id=bead_id)


def agent_idle(state: LedgerState, fact: e.AgentIdle, event: e.Event) -> None:
    """Free."""
    _agent(state, fact.agent, event, state="idle", note=fact.note, question="", choices=())


def agent_asked(state: LedgerState, fact: e.AgentAsked, event: e.Event) -> None:
    """Waits for a person."""
    _agent(state, fact.agent, event, state="asking", question=fact.question, choices=fact.choices)


def agent_answered(state: LedgerState, fact: e.AgentAnswered, event: e.Event) -> None:
    """The question is no longer open."""
    agent = state.registers.agents.get(fact.agent)
    if agent is not None and agent.state == "asking":
        _agent(state, fact.agent, event, state="working", question="", choices=(), note=f"answered: {fact.answer}")


def agent_stuck(state: LedgerState, fact: e.AgentStuck, event: e.Event) -> None:
    """Does not get on."""
    _agent(state, fact.agent, event, state="stuck", note=fact.reason)


def agent_stopped(state: LedgerState, fact: e.AgentStopped, event: e.Event) -> None:
    """Fenced: the end of an older session does not touch a newer one."""
    agent = state.registers.agents.get(fact.agent)
    if agent is None or (fact.incarnation and agent.incarnation and fact.incarnation != agent.incarnation):
        return
    changes: dict[str, Any] = {"note": fact.reason, "exit_code": fact.exit_code, "question": "", "choices": ()}
    _agent(state, fact.agent, event, state="stopped", session="", **changes)


def agent_retired(state: LedgerState, fact: e.AgentRetired, event: e.Event) -> None:
    """No more."""
    _agent(state, fact.agent, event, state="retired", session="", note=fact.reason, bead_id="")


def agent_handed_off(state: LedgerState, fact: e.AgentHandedOff, event: e.Event) -> None:
    """The note waits for the next session; a hand-off is no crash, so it does not count as a restart."""
    _agent(state, fact.agent, event, note=fact.note, starts=0)


def mail_sent(state: LedgerState, fact: e.MailSent, event: e.Event) -> None:
    """In the box."""
    state.mail[fact.message_id] = Mail(
        id=fact.message_id,
        sender=fact.sender,
        to=fact.to,
        cc=fact.cc,
        to_text=fact.to_text,
        subject=fact.subject,
        body=fact.body,
        type=fact.message_type,
        priority=fact.priority,
        thread_id=fact.thread_id,
        reply_to=fact.reply_to,
        bead_id=fact.bead_id,
        timestamp=event.timestamp,
    )
    state.touched_mail.add(fact.message_id)


def _mark(state: LedgerState, message_id: MailId, field: str, reader: Address) -> None:
    mail = state.mail.get(message_id)
    if mail is None:
        return
    marked: tuple[Address, ...] = getattr(mail, field)
    if reader not in marked:
        changes: dict[str, Any] = {field: (*marked, reader)}
        state.mail[message_id] = replace(mail, **changes)
        state.touched_mail.add(message_id)


def mail_delivered(state: LedgerState, fact: e.MailDelivered, event: e.Event) -> None:
    """Put before its reader."""
    _mark(state, fact.message_id, "delivered_to", fact.recipient)


def mail_read(state: LedgerState, fact: e.MailRead, event: e.Event) -> None:
    """Opened."""
    _mark(state, fact.message_id, "read_by", fact.reader)


def mail_archived(state: LedgerState, fact: e.MailArchived, event: e.Event) -> None:
    """Put away."""
    _mark(state, fact.message_id, "archived_by", fact.reader)


def nudge_queued(state: LedgerState, fact: e.NudgeQueued, event: e.Event) -> None:
    """On its way."""
    state.registers.nudges[fact.nudge_id] = Nudge(
        id=fact.nudge_id,
        agent=fact.agent,
        text=fact.text,
        sender=fact.sender,
        mode=fact.mode,
        queued_at=event.timestamp,
        since=event.timestamp,
    )


def _nudge(state: LedgerState, nudge_id: NudgeId, event: e.Event, new: str, reason: str = "") -> None:
    nudge = state.registers.nudges.get(nudge_id)
    if nudge is not None and nudge.state != "seen":
        state.registers.nudges[nudge_id] = replace(nudge, state=new, since=event.timestamp, reason=reason)


def nudge_typed(state: LedgerState, fact: e.NudgeTyped, event: e.Event) -> None:
    """On the input line."""
    _nudge(state, fact.nudge_id, event, "typed")


def nudge_submitted(state: LedgerState, fact: e.NudgeSubmitted, event: e.Event) -> None:
    """Sent."""
    _nudge(state, fact.nudge_id, event, "submitted")


def nudge_seen(state: LedgerState, fact: e.NudgeSeen, event: e.Event) -> None:
    """Acted upon."""
    _nudge(state, fact.nudge_id, event, "seen", fact.evidence)


def nudge_stranded(state: LedgerState, fact: e.NudgeStranded, event: e.Event) -> None:
    """Given up, in plain sight."""
    _nudge(state, fact.nudge_id, event, "stranded", fact.reason)


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
    e.HookSet: hook_set,
    e.HookCleared: hook_cleared,
    e.DispatchQueued: dispatch_queued,
    e.DispatchDropped: dispatch_dropped,
    e.WorkExited: work_exited,
    e.WorktreeOpened: worktree_opened,
    e.WorktreeRemoved: worktree_removed,
    e.AgentRegistered: agent_registered,
    e.AgentStarted: agent_started,
    e.AgentWorking: agent_working,
    e.AgentIdle: agent_idle,
    e.AgentAsked: agent_asked,
    e.AgentAnswered: agent_answered,
    e.AgentStuck: agent_stuck,
    e.AgentHandedOff: agent_handed_off,
    e.AgentStopped: agent_stopped,
    e.AgentRetired: agent_retired,
    e.MailSent: mail_sent,
    e.MailDelivered: mail_delivered,
    e.MailRead: mail_read,
    e.MailArchived: mail_archived,
    e.NudgeQueued: nudge_queued,
    e.NudgeTyped: nudge_typed,
    e.NudgeSubmitted: nudge_submitted,
    e.NudgeSeen: nudge_seen,
    e.NudgeStranded: nudge_stranded,
    e.EscalationRaised: escalation_raised,
    e.EscalationAcknowledged: escalation_acknowledged,
    e.EscalationResolved: escalation_resolved,
    e.Snoozed: snoozed,
    e.MergeRequested: merge_requested,
    e.MergeStarted: merge_started,
    e.MergeGated: merge_gated,
    e.MergeFailed: merge_failed,
    e.MergeMerged: merge_merged,
    e.MergeRequeued: merge_requeued,
    e.MergeHeld: merge_held,
    e.MergeRejected: merge_rejected,
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
