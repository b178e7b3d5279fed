"""Hooks: what may hang where, who holds what, and how work is let go again."""

from __future__ import annotations

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import Conflict, NotFound, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER, Role, parts
from gastown_tui.core.model.bead import Bead, parent_of
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId
from gastown_tui.core.model.text import with_article
from gastown_tui.core.model.town import Hook, MergeRequest
from gastown_tui.core.rules.readiness import BLOCKING, Standing

UNHOOKABLE = frozenset({"convoy", "merge-request", "message", "event", "agent", "role", "rig", "slot", "queue", "gate"})
"""Types that are records of the town rather than work."""

_AT_WORK = frozenset({"started", "working", "asking", "stuck"})


class Hanging(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to hang one bead on one agent's hook."""

    bead_id: BeadId
    agent: Address
    assignment_id: AssignmentId
    dispatcher: str = ""
    args: str = ""
    runtime: str = ""
    force: bool = False


def hang(town: Town, wish: Hanging) -> tuple[e.Entry, ...]:
    """Hang a bead on a hook. Nothing to do when it hangs there already.

    Forcing takes the bead from whoever holds it; it never drops what else hangs on the target's hook.

    Raises:
        NotFound: there is no such bead.
        Refused: the bead is closed, blocked, or no work.
        Conflict: somebody else holds it, or the hook holds something else.
    """
    bead = hookable(town, wish.bead_id, force=wish.force)
    held = town.hook(wish.agent)
    if held is not None and held.bead_id == bead.id:
        return ()
    check_rig(town, bead, wish.agent)
    taken = _take_over(town, bead, wish)
    if held is not None:
        raise Conflict(
            f"the hook of {wish.agent} holds {held.bead_id}",
            hint=f"gt unsling {held.bead_id} lets it go",
        )
    hung = e.HookSet(
        agent=wish.agent,
        ref_type="mol" if bead.kind == "molecule" else "bead",
        ref_id=bead.id,
        assignment_id=wish.assignment_id,
        dispatcher=wish.dispatcher,
        args=wish.args,
        runtime=wish.runtime,
    )
    known = town.agent(wish.agent) is not None or wish.agent == OVERSEER
    registered = () if known else (e.Entry(e.AgentRegistered(agent=wish.agent)),)
    return (*registered, *taken, e.Entry(hung, town.ledger_of(bead.id)))


def hookable(town: Town, bead_id: str, *, force: bool = False) -> Bead:
    """A bead that may hang on a hook.

    Raises:
        NotFound: there is no such bead.
        Refused: it is closed, blocked, deferred, or no work.
    """
    bead = town.bead(bead_id)
    if bead.is_closed:
        raise Refused(f"{bead.id} is closed", hint=f"bd reopen {bead.id} first")
    if bead.kind in UNHOOKABLE:
        raise Refused(f"{bead.id} is {with_article(bead.kind)}, not work", hint="sling a bead it speaks of")
    if force:
        return bead
    if blockers := waits_for(town, bead):
        names = ", ".join(blockers)
        raise Refused(f"{bead.id} is blocked by {names}", hint="--force slings it all the same")
    if bead.state in {"blocked", "deferred"}:
        raise Refused(f"{bead.id} is {bead.state}", hint="--force slings it all the same")
    return bead


def check_rig(town: Town, bead: Bead, agent: Address) -> None:
    """Refuse work that belongs to another project than the worker.

    Raises:
        Refused: it does.
    """
    who = parts(agent)
    home = town.rig_of(bead.id)
    if not who.rig or home == who.rig or (home is None and who.role is not Role.POLECAT):
        return
    where = f"rig {home}" if home else "the town itself"
    hint = f"sling it to {home}" if home else f"file it in the rig: bd create --rig {who.rig}"
    raise Refused(f"{bead.id} belongs to {where}, {agent} works for {who.rig}", hint=hint)


def _take_over(town: Town, bead: Bead, wish: Hanging) -> tuple[e.Entry, ...]:
    """The facts that free a bead from its present holder; refuses without `force`."""
    holder = town.holder(bead.id)
    merge = in_review(town, bead.id)
    if wish.force:
        return () if holder is None else (_cleared(town, holder, f"slung to {wish.agent}"),)
    if holder is not None:
        raise Conflict(
            f"{bead.id} hangs on the hook of {holder.agent}", hint="--force takes it away; the work so far is kept"
        )
    if merge is not None:
        raise Conflict(f"{bead.id} is in review: {merge.id} is {merge.state}", hint="gt mq list shows the queue")
    if bead.state == "in_progress" and bead.assignee and bead.assignee != wish.agent and not returned(town, bead.id):
        raise Conflict(f"{bead.id} is in progress by {bead.assignee}", hint="--force takes it away")
    return ()


# ---------------------------------------------------------------------------------------------- reading


def waits_for(town: Town, bead: Bead) -> tuple[BeadId, ...]:
    """The open beads a bead waits for, its own or one of its parents'; empty when it may start."""
    line = _with_ancestors(town, bead)
    near: dict[BeadId, Bead] = {each.id: each for each in line}
    for edge in (edge for each in line for edge in each.needs if edge.type in BLOCKING):
        targets = [edge.depends_on_id]
        if edge.type == "waits-for":
            targets += [child for child, kind in town.dependents(edge.depends_on_id) if kind == "parent-child"]
        near |= {found.id: found for target in targets if (found := town.find(target)) is not None}
    standing = Standing(near.values())
    if bead.id not in standing.blocked:
        return ()
    named = dict.fromkeys(blocker for each in line for blocker in standing.blockers(each))
    return tuple(named) or tuple(each.id for each in line if each.id in standing.blocked)[-1:]


def _with_ancestors(town: Town, bead: Bead) -> list[Bead]:
    line, seen = [bead], {bead.id}
    while (parent_id := parent_of(line[-1])) is not None and parent_id not in seen:
        parent = town.find(parent_id)
        if parent is None:
            break
        line.append(parent)
        seen.add(parent.id)
    return line


def interrupted(town: Town, agent: Address) -> Bead | None:
    """Work an agent has in progress though nothing hangs on its hook: begun, never exited, not in review."""
    mine = (bead for bead in town.beads() if bead.state == "in_progress" and bead.assignee == agent)
    found = sorted(
        (bead for bead in mine if not exit_of(town, bead.id) and town.holder(bead.id) is None),
        key=lambda bead: (bead.priority, bead.id),
    )
    return found[0] if found else None


def in_review(town: Town, bead_id: str) -> MergeRequest | None:
    """The merge request a bead waits on; one returned to its worker is not waiting."""
    merge = town.merge_for(bead_id)
    return merge if merge is not None and merge.is_open and merge.state != "returned" else None


def returned(town: Town, bead_id: str) -> MergeRequest | None:
    """The merge request whose worker has to change something before it can get in."""
    merge = town.merge_for(bead_id)
    return merge if merge is not None and merge.state == "returned" else None


def exit_of(town: Town, bead_id: str) -> str:
    """The last exit recorded for a bead since it was hooked; empty when there is none."""
    state = town.ledgers.get(town.ledger_of(bead_id))
    return "" if state is None else state.registers.exits.get(BeadId(bead_id), "")


# ---------------------------------------------------------------------------------------------- letting go


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to take work off a hook."""

    subject: str
    """A bead's id; or empty, and `agent` says whose hook is meant."""
    agent: Address = Address("")
    force: bool = False
    reason: str = "unslung"


def release(town: Town, wish: Release) -> tuple[e.Entry, ...]:
    """Take work off a hook, or out of the line of waiting slings: bead and agent let go in one fact.

    Raises:
        NotFound: nothing hangs there.
        Refused: its worker is at work and `force` was not said.
    """
    if wish.subject and any(each.bead_id == wish.subject for each in town.dispatches()):
        bead_id = BeadId(wish.subject)
        return (e.Entry(e.DispatchDropped(bead_id=bead_id, reason=wish.reason), town.ledger_of(bead_id)),)
    hook = town.holder(wish.subject) if wish.subject else town.hook(wish.agent)
    if hook is None:
        if wish.subject:
            raise NotFound(f"{town.bead(wish.subject).id} hangs on no hook", hint="gt agents shows who holds what")
        raise NotFound(f"nothing hangs on the hook of {wish.agent}", hint="gt agents shows who holds what")
    if not wish.force and is_at_work(town, hook):
        raise Refused(
            f"{hook.agent} is at work on {hook.bead_id}",
            hint="--force takes it off and ends the session; the work so far is kept",
        )
    return (_cleared(town, hook, wish.reason),)


def is_at_work(town: Town, hook: Hook) -> bool:
    """Whether a worker took up what hangs on its hook."""
    agent = town.agent(hook.agent)
    return agent is not None and agent.bead_id == hook.bead_id and agent.state in _AT_WORK


def _cleared(town: Town, hook: Hook, reason: str) -> e.Entry:
    fact = e.HookCleared(agent=hook.agent, previous_ref=hook.bead_id, assignment_id=hook.assignment_id, reason=reason)
    return e.Entry(fact, town.ledger_of(hook.bead_id))


def current(town: Town, agent: Address, assignment_id: str) -> Hook:
    """The hook of an agent, if the assignment it speaks for is still the current one.

    Args:
        town: Where to look.
        agent: Who speaks.
        assignment_id: The assignment its session was started for; empty: whatever hangs there now.

    Raises:
        Refused: nothing hangs there.
        Conflict: the assignment is no longer current.
    """
    hook = town.hook(agent)
    if hook is not None and assignment_id in {"", hook.assignment_id}:
        return hook
    if assignment_id:
        now = f"{hook.bead_id} hangs there now" if hook else "nothing hangs there now"
        raise Conflict(
            f"assignment {assignment_id} of {agent} is no longer current: {now}",
            hint="stop here; nothing was changed",
        )
    raise Refused(f"nothing hangs on the hook of {agent}", hint="gt sling BEAD puts work there")
