"""The merge queue: whose turn it is, and what each outcome does to the request, its bead and its worker. Pure.

Three outcomes of a gate are told apart: it passed, it failed, or it never got to judge. The third merges nothing and
blames nobody.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import Conflict, NotFound, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId, EscalationId, MailId, RigName, shown
from gastown_tui.core.model.outside import MergeTrial, Run, RunOutcome
from gastown_tui.core.model.settings import RigSettings
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.model.town import MergeRequest
from gastown_tui.core.rules.advancing import advance

AGEING = timedelta(minutes=30)
"""Each such wait lifts a request by one priority, so nothing starves."""
FIRST_PAUSE_S = 10.0
"""Wait after trouble outside; doubles with each try."""
LONGEST_PAUSE_S = 300.0
UNGATED = "ungated"
PASSED = frozenset({RunOutcome.PASS.value, UNGATED})


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Whose turn it is in a rig's queue."""

    request: MergeRequest | None = None
    reason: str = ""
    """Why nothing is taken up, or what is special about the one that is."""


class Ids(msgspec.Struct, frozen=True, kw_only=True):
    """Fresh ids an outcome may need."""

    assignment: AssignmentId
    mail: MailId
    escalation: EscalationId


def refinery(rig: RigName) -> Address:
    """The address of a rig's refinery."""
    return Address(f"{rig}/refinery")


# ---------------------------------------------------------------------------------------------- whose turn


def place(request: MergeRequest, now: datetime) -> tuple[int, int, str, str]:
    """The order of the queue: one under way, then by aged priority, then by arrival."""
    queued = moment(request.queued_at)
    lift = 0 if queued is None else max(0, (now - queued) // AGEING)
    return (request.state != "running", max(0, request.priority - lift), request.queued_at, request.id)


def queue(town: Town, rig: RigName, now: datetime) -> list[MergeRequest]:
    """Every open request of a rig in the order it will be taken up; held and returned ones keep their places."""
    merges = town.ledgers[rig].registers.merges.values() if rig in town.ledgers else ()
    return sorted((each for each in merges if each.is_open), key=lambda each: place(each, now))


def next_turn(town: Town, rig: RigName, now: datetime) -> Turn:
    """The request to take up now.

    A request found running was left by a refinery that died: it goes first. One that met trouble outside waits a
    little longer after each try, and lets others pass meanwhile.
    """
    paused = town.rig(rig).paused
    waiting = [each for each in queue(town, rig, now) if each.state in {"queued", "running"}]
    if not waiting:
        return Turn(reason="nothing waits")
    if paused:
        return Turn(reason=f"rig paused: {paused}")
    soonest = min(pause(each, now) for each in waiting)
    for each in waiting:
        if pause(each, now) <= 0:
            left = "a refinery left it unfinished" if each.state == "running" else ""
            return Turn(request=each, reason=left)
    return Turn(reason=f"next try in {age_text(timedelta(seconds=soonest + 1))}: {waiting[0].detail}")


def pause(request: MergeRequest, now: datetime) -> float:
    """Seconds until a request that met trouble outside may be tried again; 0 for any other."""
    last = moment(request.since)
    if request.state != "queued" or not request.detail.startswith("infrastructure") or last is None:
        return 0.0
    wait = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * float(2 ** min(20, max(0, request.attempts - 1))))
    return max(0.0, wait - (now - last).total_seconds())


# ---------------------------------------------------------------------------------------------- one request


def find(town: Town, mr_id: str) -> tuple[RigName, MergeRequest]:
    """A request by its id, by its bead's id or by its branch, and its rig.

    Raises:
        NotFound: there is none.
    """
    for name, ledger in town.ledgers.items():
        for request in reversed(ledger.registers.merges.values()):
            if mr_id in {request.id, request.bead_id, request.branch}:
                return RigName(name), request
    raise NotFound(f"there is no merge request {shown(mr_id)}", hint="gt mq list shows what waits")


def started(town: Town, mr_id: BeadId, base: str) -> tuple[Entry, ...]:
    """A request is taken up.

    Raises:
        Conflict: somebody held, rejected or merged it meanwhile.
    """
    rig, request = find(town, mr_id)
    if request.state not in {"queued", "running"}:
        raise Conflict(f"{mr_id} is {request.state} now")
    return (Entry(e.MergeStarted(mr_id=mr_id, base=base), rig),)


def gated(
    town: Town, taken: MergeRequest, trial: MergeTrial, run: Run | None, command: str, settings: RigSettings, ids: Ids
) -> tuple[Entry, ...]:
    """What the gate said of a merged result, and what follows. `run` is None for a rig without a gate.

    Raises:
        Conflict: the request is not the one that was taken up any more; nothing may land.
    """
    rig, request = _still(town, taken)
    outcome = UNGATED if run is None else run.outcome.value
    judged = e.MergeGated(
        mr_id=request.id,
        outcome=outcome,
        command=command,
        commit=trial.commit,
        tree=trial.tree,
        duration_s=0.0 if run is None else round(run.duration_s, 3),
        tail="" if run is None else run.tail[-2000:],
    )
    entries = (Entry(judged, rig),)
    if run is None or run.outcome is RunOutcome.PASS:
        return entries
    if run.outcome is RunOutcome.FAIL:
        detail = f"the gate failed with code {run.code} on the merged result: {_last_line(run.tail)}"
        return (*entries, *returned(town, taken, "gate", detail, settings, ids))
    return (*entries, *troubled(town, taken, "infrastructure", run.reason or f"code {run.code}", settings, ids))


def troubled(
    town: Town, taken: MergeRequest, kind: str, detail: str, settings: RigSettings, ids: Ids
) -> tuple[Entry, ...]:
    """Something outside the work went wrong: the request stays in line, and after enough tries a person is asked.

    Raises:
        Conflict: the request is not the one that was taken up any more.
    """
    rig, request = _still(town, taken)
    failed = Entry(e.MergeFailed(mr_id=request.id, kind=kind, detail=detail, retry=True), rig)
    if request.attempts + 1 < settings.merge_retries:
        return (failed,)
    reason = f"{kind}, {request.attempts + 1} times: {detail}"
    return (failed, Entry(e.MergeHeld(mr_id=request.id, reason=reason), rig), _escalation(request, reason, ids))


def returned(
    town: Town, taken: MergeRequest, kind: str, detail: str, settings: RigSettings, ids: Ids
) -> tuple[Entry, ...]:
    """The work has to change: the bead hangs on its worker's hook again, with what to do.

    A worker that is busy or gone gets it later, through the line of waiting slings. After `merge_retries` such returns
    a person is asked instead.

    Raises:
        Conflict: the request is not the one that was taken up any more.
    """
    rig, request = _still(town, taken)
    failed = Entry(e.MergeFailed(mr_id=request.id, kind=kind, detail=detail, retry=False), rig)
    if request.strikes + 1 >= settings.merge_retries:
        reason = f"sent back {request.strikes + 1} times, last for {kind}: {detail}"
        return (failed, Entry(e.MergeHeld(mr_id=request.id, reason=reason), rig), _escalation(request, reason, ids))
    bead = town.find(request.bead_id)
    if bead is None or bead.is_closed:
        reason = f"{kind}: {detail} (its bead is closed)"
        return (failed, Entry(e.MergeHeld(mr_id=request.id, reason=reason), rig), _escalation(request, reason, ids))
    advice = rework(request, kind, detail)
    return (failed, *_hang_again(town, rig, request, advice, ids), _rework_mail(rig, request, bead.title, advice, ids))


def rework(request: MergeRequest, kind: str, detail: str) -> str:
    """What the worker is told."""
    todo = "rebase onto" if kind == "conflict" else "bring in"
    return (
        f"merge request {request.id} came back ({kind}): {detail}. In your worktree on {request.branch}, {todo} "
        f"origin/{request.target}, put it right, commit, and run gt done again."
    )


def _hang_again(town: Town, rig: RigName, request: MergeRequest, advice: str, ids: Ids) -> tuple[Entry, ...]:
    worker, mine = request.worker, refinery(rig)
    holder = town.holder(request.bead_id)
    if holder is not None:
        return ()
    if town.agent(worker) is None or town.hook(worker) is not None:
        target = str(worker if town.agent(worker) else rig)
        waits = e.DispatchQueued(
            bead_id=request.bead_id, target=target, dispatcher=mine, args=advice, reason="its worker is busy"
        )
        return (Entry(waits, rig),)
    hook = e.HookSet(agent=worker, ref_id=request.bead_id, assignment_id=ids.assignment, dispatcher=mine, args=advice)
    fresh = e.AgentHandedOff(agent=worker, note=f"rework of {request.bead_id}")
    return (Entry(fresh), Entry(hook, rig))


def _rework_mail(rig: RigName, request: MergeRequest, title: str, advice: str, ids: Ids) -> Entry:
    return Entry(
        e.MailSent(
            message_id=ids.mail,
            sender=refinery(rig),
            to=(request.worker,),
            subject=f"Rework: {title}",
            body=advice,
            message_type="task",
            priority="high",
            thread_id=ids.mail,
            bead_id=request.bead_id,
        )
    )


def merged(town: Town, mr_id: BeadId, commit: str, tree: str) -> tuple[Entry, ...]:
    """The branch is on the target: the request is over and its bead is done, in one transaction.

    Recording it again records nothing.
    """
    rig, request = find(town, mr_id)
    if request.state == "merged":
        return ()
    landed = e.MergeMerged(mr_id=request.id, bead_id=request.bead_id, commit=commit, tree=tree, target=request.target)
    entries = [Entry(landed, rig)]
    holder = town.holder(request.bead_id)
    if holder is not None:
        let_go = e.HookCleared(
            agent=holder.agent,
            previous_ref=request.bead_id,
            assignment_id=holder.assignment_id,
            reason="merged",
            to_status="",
        )
        entries.append(Entry(let_go, rig))
    for bead_id, reason in (
        (request.bead_id, f"Merged as {commit[:12]} ({mr_id})"),
        (mr_id, f"Merged as {commit[:12]}"),
    ):
        bead = town.find(bead_id)
        if bead is not None and not bead.is_closed:
            entries.append(Entry(e.BeadClosed(bead_id=bead_id, reason=reason), town.ledger_of(bead_id)))
            entries += advance(town, bead, reason=reason)
    return tuple(entries)


def has_judged_commit(request: MergeRequest) -> bool:
    """A gate let a merged result through whose landing was never recorded."""
    return request.state == "running" and bool(request.merge_commit) and request.gate in PASSED


def _still(town: Town, taken: MergeRequest) -> tuple[RigName, MergeRequest]:
    rig, request = find(town, taken.id)
    if request.state != "running" or request.commit != taken.commit:
        raise Conflict(f"{taken.id} changed while it was being merged; it is {request.state} now")
    return rig, request


def _escalation(request: MergeRequest, reason: str, ids: Ids) -> Entry:
    text = f"{request.id} ({request.bead_id}) does not get in: {reason}"
    return Entry(
        e.EscalationRaised(
            escalation_id=ids.escalation,
            severity="high",
            text=text,
            agent=request.worker,
            bead_id=request.bead_id,
            key=f"merge:{request.id}",
        )
    )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it printed nothing"


# ---------------------------------------------------------------------------------------------- people's acts


def retry(town: Town, mr_id: str, reason: str = "") -> tuple[Entry, ...]:
    """Put a request that was held or returned back in line.

    Raises:
        Refused: it is over, or in line already.
    """
    rig, request = _open(town, mr_id)
    if request.state not in {"held", "returned"} and not request.detail:
        raise Refused(f"{request.id} is {request.state} already")
    return (Entry(e.MergeRequeued(mr_id=request.id, reason=reason), rig), *_settled(town, request))


def hold(town: Town, mr_id: str, reason: str) -> tuple[Entry, ...]:
    """Keep a request from being taken up.

    Raises:
        Conflict: it passed its gate and is landing right now.
        Refused: it is over, or held already.
    """
    rig, request = _open(town, mr_id)
    _not_landing(request)
    if request.state == "held":
        raise Refused(f"{request.id} is held already: {request.detail}")
    return (Entry(e.MergeHeld(mr_id=request.id, reason=reason or "held by hand"), rig),)


def release(town: Town, mr_id: str) -> tuple[Entry, ...]:
    """Let a held request be taken up again.

    Raises:
        Refused: it is not held.
    """
    rig, request = _open(town, mr_id)
    if request.state != "held":
        raise Refused(f"{request.id} is not held; it is {request.state}")
    return (Entry(e.MergeRequeued(mr_id=request.id, reason="released"), rig), *_settled(town, request))


def reject(town: Town, mr_id: str, reason: str, mail_id: MailId, actor: str) -> tuple[Entry, ...]:
    """Take a request out for good. Its bead is open again; the branch and its commits stay.

    Raises:
        Conflict: it passed its gate and is landing right now.
        Refused: it is over.
    """
    rig, request = _open(town, mr_id)
    _not_landing(request)
    entries = [Entry(e.MergeRejected(mr_id=request.id, reason=reason), rig)]
    paper, bead = town.find(request.id), town.find(request.bead_id)
    if paper is not None and not paper.is_closed:
        entries.append(Entry(e.BeadClosed(bead_id=request.id, reason=f"Rejected: {reason}"), rig))
    if bead is not None and not bead.is_closed and town.holder(request.bead_id) is None:
        back = e.BeadStatusChanged(
            bead_id=request.bead_id, from_status=bead.state, to_status="open", reason=f"merge rejected: {reason}"
        )
        entries.append(Entry(back, rig))
    body = f"{request.branch} will not be merged: {reason}. The branch stays; {request.bead_id} is open again."
    mail = e.MailSent(
        message_id=mail_id,
        sender=actor,
        to=(request.worker,),
        subject=f"Rejected: {request.id}",
        body=body,
        thread_id=mail_id,
        bead_id=request.bead_id,
    )
    return (*entries, Entry(mail), *_settled(town, request))


def _open(town: Town, mr_id: str) -> tuple[RigName, MergeRequest]:
    rig, request = find(town, mr_id)
    if not request.is_open:
        raise Refused(f"{request.id} is {request.state}")
    return rig, request


def _not_landing(request: MergeRequest) -> None:
    if has_judged_commit(request):
        raise Conflict(f"{request.id} passed its gate and is landing right now", hint="look again in a moment")


def _settled(town: Town, request: MergeRequest) -> tuple[Entry, ...]:
    """What was escalated about a request is over once somebody decided about it."""
    return tuple(
        Entry(e.EscalationResolved(escalation_id=known.id, note="decided"))
        for known in town.own.registers.escalations.values()
        if known.key == f"merge:{request.id}" and known.state != "resolved"
    )
