"""The four exits: what each does to the bead, the hook and whoever waits for the work."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BEAD_ID, Address, BeadId, EscalationId, MailId, shown
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.town import Hook, MergeRequest
from gastown_tui.core.rules import bead_ids, hooks
from gastown_tui.core.rules.advancing import advance

SEVERITIES = ("critical", "high", "medium", "low")
_MAIL_PRIORITY = {"critical": "urgent", "high": "high", "medium": "normal", "low": "low"}
_TITLE_CHARS = 200


class Exit(StrEnum):
    """How a worker may leave its assignment."""

    COMPLETED = "COMPLETED"
    BLOCKED = "BLOCKED"
    REFACTOR = "REFACTOR"
    ESCALATE = "ESCALATE"


_ALIASES = {"ESCALATED": Exit.ESCALATE, "DONE": Exit.COMPLETED, "COMPLETE": Exit.COMPLETED}


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to leave an assignment, with all that is known of the work."""

    exit: Exit
    agent: Address
    assignment_id: str = ""
    """The assignment the speaker was started for; empty: whatever hangs on its hook."""
    note: str = ""
    blocker: str = ""
    """For BLOCKED: a bead's id, or the title of one to file."""
    pieces: tuple[str, ...] = ()
    """For REFACTOR: titles of the beads to file."""
    severity: str = "high"
    branch: str = ""
    commit: str = ""
    """What was pushed on it; empty: nothing is to be merged."""
    target: str = ""
    nonce: int = 0
    mail_id: MailId = MailId("")
    escalation_id: EscalationId = EscalationId("")


def parse_exit(text: str) -> Exit:
    """An exit by its name, however spelled.

    Raises:
        BadInput: there is none of that name.
    """
    word = text.strip().upper()
    if word in _ALIASES:
        return _ALIASES[word]
    if word not in tuple(Exit):
        raise BadInput(f"{shown(text)} is not an exit", hint=f"use one of {' '.join(Exit)}")
    return Exit(word)


def check(leaving: Leaving) -> None:
    """Refuse a wish that lacks what its exit needs, before anything is touched.

    Raises:
        BadInput: it does.
    """
    match leaving.exit:
        case Exit.BLOCKED if not leaving.blocker.strip():
            raise BadInput("BLOCKED needs the blocker", hint="--blocker with a bead's id, or words for one to file")
        case Exit.REFACTOR if not any(piece.strip() for piece in leaving.pieces):
            raise BadInput("REFACTOR needs the pieces the work falls into", hint='--piece "title", once for each')
        case Exit.ESCALATE if not leaving.note.strip():
            raise BadInput("ESCALATE needs words for the person who reads it", hint='--note "what is to be decided"')
    if leaving.severity not in SEVERITIES:
        raise BadInput(f"{shown(leaving.severity)} is not a severity", hint=f"use one of {' '.join(SEVERITIES)}")


def leave(town: Town, leaving: Leaving) -> tuple[e.Entry, ...]:
    """Everything an exit records, in one transaction.

    Raises:
        Refused: nothing hangs on the hook.
        Conflict: the assignment is no longer current.
        BadInput: the wish lacks what its exit needs.
    """
    check(leaving)
    hook = hooks.current(town, leaving.agent, leaving.assignment_id)
    bead = town.bead(hook.bead_id)
    exited = e.WorkExited(
        agent=leaving.agent,
        bead_id=bead.id,
        assignment_id=hook.assignment_id,
        exit=leaving.exit.value,
        note=leaving.note,
        branch=leaving.branch,
        commit=leaving.commit,
    )
    effects = _EFFECTS[leaving.exit](town, leaving, hook, bead)
    idle = e.AgentIdle(agent=leaving.agent, note=f"{bead.id} {leaving.exit.value}")
    noted = (_in(town, bead, e.BeadNoted(bead_id=bead.id, text=leaving.note)),) if leaving.note.strip() else ()
    return (_in(town, bead, exited), *noted, *effects, e.Entry(idle))


def left_already(town: Town, agent: Address, bead_id: str, assignment_id: str, exit_: Exit) -> bool:
    """Whether that very assignment was left by that exit before: saying so again is fine.

    Args:
        town: Where to look.
        agent: Who speaks.
        bead_id: The bead its session was started for.
        assignment_id: The assignment its session was started for.
        exit_: How it wants to leave.
    """
    hook = town.hook(agent)
    if not bead_id or not assignment_id or (hook is not None and hook.assignment_id == assignment_id):
        return False
    bead = town.find(bead_id)
    return bead is not None and hooks.exit_of(town, bead_id) == exit_.value and town.holder(bead_id) is None


# ---------------------------------------------------------------------------------------------- one exit each


def _completed(town: Town, leaving: Leaving, hook: Hook, bead: Bead) -> tuple[e.Entry, ...]:
    if not leaving.commit:
        closed = e.BeadClosed(bead_id=bead.id, reason=one_line(leaving.note, _TITLE_CHARS) or "Completed")
        older = hooks.returned(town, bead.id)
        dropped = () if older is None else _superseded(town, older, "an exit with nothing to merge")
        cleared = _cleared(town, hook, "completed", to_status="", keep=True)
        return (cleared, *dropped, _in(town, bead, closed), *advance(town, bead, reason=closed.reason))
    in_review = _cleared(town, hook, "submitted for merging", to_status="in_progress", keep=True)
    return (in_review, *_merge_request(town, leaving, hook, bead))


def _merge_request(town: Town, leaving: Leaving, hook: Hook, bead: Bead) -> tuple[e.Entry, ...]:
    """A place in the merge queue: the one the bead has already when it is the same branch, else a new one."""
    known = town.merge_for(bead.id)
    superseded: tuple[e.Entry, ...] = ()
    if known is not None and known.is_open:
        if known.branch == leaving.branch:
            again = e.MergeRequeued(mr_id=known.id, reason="submitted again", commit=leaving.commit)
            return (_in(town, bead, again),)
        superseded = _superseded(town, known, leaving.branch)
    ledger = town.ledger_of(bead.id)
    state = town.ledgers[ledger]
    mr_id = bead_ids.fresh_id(
        state,
        bead_ids.prefix_of_ledger(state, town.settings.prefix),
        ("merge-request", bead.id, leaving.commit),
        leaving.nonce,
    )
    paper = e.BeadCreated(
        bead_id=mr_id,
        title=one_line(f"Merge: {bead.title}", _TITLE_CHARS),
        description=f"branch: {leaving.branch}\ntarget: {leaving.target}\nbead: {bead.id}\nworker: {leaving.agent}",
        issue_type="merge-request",
        priority=bead.priority,
        assignee=f"{town.rig_of(bead.id)}/refinery",
        dependencies=(e.Edge(depends_on_id=bead.id, dependency_type="relates-to"),),
    )
    request = e.MergeRequested(
        mr_id=mr_id,
        bead_id=bead.id,
        branch=leaving.branch,
        target=leaving.target,
        commit=leaving.commit,
        worker=leaving.agent,
        assignment_id=hook.assignment_id,
        priority=bead.priority,
    )
    return (*superseded, e.Entry(paper, ledger), e.Entry(request, ledger))


def _superseded(town: Town, known: MergeRequest, branch: str) -> tuple[e.Entry, ...]:
    reason = f"superseded by {branch}"
    ledger = town.ledger_of(known.id)
    rejected = e.Entry(e.MergeRejected(mr_id=known.id, reason=reason), ledger)
    paper = town.find(known.id)
    if paper is None or paper.is_closed:
        return (rejected,)
    return (rejected, e.Entry(e.BeadClosed(bead_id=known.id, reason=reason), ledger))


def _blocked(town: Town, leaving: Leaving, hook: Hook, bead: Bead) -> tuple[e.Entry, ...]:
    """The bead is open again and waits for its blocker, so it comes back by itself once that is closed."""
    blocker_id, filed = _blocker(town, leaving, bead)
    edge = e.DependencyAdded(bead_id=bead.id, depends_on_id=blocker_id)
    told = _tell(
        hook, leaving, f"Blocked: {bead.id} by {blocker_id}", _words(bead, leaving, f"It waits for {blocker_id}.")
    )
    return (*filed, _in(town, bead, edge), _cleared(town, hook, f"blocked by {blocker_id}"), *told)


def _blocker(town: Town, leaving: Leaving, bead: Bead) -> tuple[BeadId, tuple[e.Entry, ...]]:
    words = leaving.blocker.strip()
    known = town.find(words) if BEAD_ID.fullmatch(words) else None
    if known is not None:
        if known.is_closed:
            raise Refused(f"{known.id} is closed and blocks nothing", hint="name what is still open")
        if known.id == bead.id or _needs(town, known, bead.id):
            raise Refused(f"{known.id} itself waits for {bead.id}", hint="name something that can be done first")
        return known.id, ()
    if BEAD_ID.fullmatch(words):
        town.bead(words)
    ledger = town.ledger_of(bead.id)
    state = town.ledgers[ledger]
    prefix = bead_ids.prefix_of_ledger(state, town.settings.prefix)
    blocker_id = bead_ids.fresh_id(state, prefix, ("blocker", words, bead.id), leaving.nonce)
    filed = e.BeadCreated(
        bead_id=blocker_id,
        title=one_line(words, _TITLE_CHARS),
        description=leaving.note or None,
        issue_type="bug",
        priority=bead.priority,
        dependencies=(e.Edge(depends_on_id=bead.id, dependency_type="discovered-from"),),
    )
    return blocker_id, (e.Entry(filed, ledger),)


def _needs(town: Town, bead: Bead, wanted: BeadId) -> bool:
    """Whether a bead waits for another, over however many steps."""
    front, seen = [bead], {bead.id}
    while front:
        for edge in front.pop().needs:
            if edge.type not in {"blocks", "parent-child"} or edge.depends_on_id in seen:
                continue
            if edge.depends_on_id == wanted:
                return True
            seen.add(edge.depends_on_id)
            if (found := town.find(edge.depends_on_id)) is not None:
                front.append(found)
    return False


def _refactor(town: Town, leaving: Leaving, hook: Hook, bead: Bead) -> tuple[e.Entry, ...]:
    """The bead becomes the epic of its pieces; what is left of it is done through them."""
    ledger = town.ledger_of(bead.id)
    state = town.ledgers[ledger]
    first = bead_ids.next_child(state, bead.id)
    number = int(first.rpartition(".")[2])
    filed = [
        e.BeadCreated(
            bead_id=BeadId(f"{bead.id}.{number + offset}"),
            title=one_line(title, _TITLE_CHARS),
            priority=bead.priority,
            dependencies=(e.Edge(depends_on_id=bead.id, dependency_type="parent-child"),),
        )
        for offset, title in enumerate(piece for piece in leaving.pieces if piece.strip())
    ]
    epic = e.BeadUpdated(bead_id=bead.id, changes={"issue_type": "epic"})
    listed = "\n".join(f"  {each.bead_id}  {each.title}" for each in filed)
    told = _tell(hook, leaving, f"Split: {bead.id} into {len(filed)}", _words(bead, leaving, f"Its pieces:\n{listed}"))
    pieces = tuple(e.Entry(each, ledger) for each in filed)
    return (_in(town, bead, epic), *pieces, _cleared(town, hook, f"split into {len(filed)} pieces"), *told)


def _escalate(town: Town, leaving: Leaving, hook: Hook, bead: Bead) -> tuple[e.Entry, ...]:
    raised = e.EscalationRaised(
        escalation_id=leaving.escalation_id,
        severity=leaving.severity,
        text=one_line(leaving.note),
        agent=leaving.agent,
        bead_id=bead.id,
        key=f"exit:{bead.id}",
    )
    mail = e.MailSent(
        message_id=leaving.mail_id,
        sender=leaving.agent,
        to=(OVERSEER,),
        subject=one_line(f"Escalation: {bead.id} {bead.title}", _TITLE_CHARS),
        body=leaving.note,
        message_type="escalation",
        priority=_MAIL_PRIORITY[leaving.severity],
        thread_id=leaving.mail_id,
        bead_id=bead.id,
    )
    cleared = _cleared(town, hook, "escalated", to_status="blocked")
    waits_for_person = e.BeadAssigned(bead_id=bead.id, assignee=OVERSEER)
    return (cleared, _in(town, bead, waits_for_person), e.Entry(raised), e.Entry(mail))


_EFFECTS = {
    Exit.COMPLETED: _completed,
    Exit.BLOCKED: _blocked,
    Exit.REFACTOR: _refactor,
    Exit.ESCALATE: _escalate,
}


# ---------------------------------------------------------------------------------------------- pieces


def _in(town: Town, bead: Bead, fact: e.Fact) -> e.Entry:
    return e.Entry(fact, town.ledger_of(bead.id))


def _cleared(town: Town, hook: Hook, reason: str, *, to_status: str = "open", keep: bool = False) -> e.Entry:
    fact = e.HookCleared(
        agent=hook.agent,
        previous_ref=hook.bead_id,
        assignment_id=hook.assignment_id,
        reason=reason,
        to_status=to_status,
        keep_assignee=keep,
    )
    return e.Entry(fact, town.ledger_of(hook.bead_id))


def _tell(hook: Hook, leaving: Leaving, subject: str, body: str) -> tuple[e.Entry, ...]:
    """A letter to whoever dispatched the work, unless that was the worker itself."""
    if not hook.dispatcher or hook.dispatcher == leaving.agent:
        return ()
    mail = e.MailSent(
        message_id=leaving.mail_id,
        sender=leaving.agent,
        to=(Address(hook.dispatcher),),
        subject=subject,
        body=body,
        thread_id=leaving.mail_id,
        bead_id=hook.bead_id,
    )
    return (e.Entry(mail),)


def _words(bead: Bead, leaving: Leaving, outcome: str) -> str:
    kept = f"\nWork so far is on {leaving.branch} at {leaving.commit[:12]}." if leaving.commit else ""
    note = f"\n\n{leaving.note}" if leaving.note.strip() else ""
    return f"{bead.id} {bead.title}\n{outcome}{kept}{note}"
