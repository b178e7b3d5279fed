"""What is missing between what the ledger wants and what tmux, git and the process table show. Pure.

Every decision keeps its reason, the ones to do nothing too: a person who asks why gets the answer the patrol acted on.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.events import ConvoyLanded
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import Role, parts, session_name
from gastown_tui.core.model.outside import SessionFact
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.model.town import Agent, Hook
from gastown_tui.core.rules import convoys, dispatch, escalations, feeding, nudges
from gastown_tui.core.rules.health import Health, Seen, Verdict, judge

LEAVE_S = 5.0
"""A worker whose hook is empty has this long to end by itself."""
CLOSED_HOOK_S = 60.0
"""A closed bead hangs this long before it is taken off: its worker may be about to say `gt done`."""
LONGEST_BACKOFF_S = 300.0
WAKES_AT_ONCE = 4
"""Sessions started in one go; the rest follow with the next beat."""


class Deed(StrEnum):
    """What a patrol may have to do."""

    NOTE_END = "note end"
    CLEAR_HOOK = "clear hook"
    LAND = "land"
    DROP = "drop dispatch"
    REMOVE_WORKTREE = "remove worktree"
    END_SESSION = "end session"
    WAKE = "wake"
    GIVE_UP = "give up"
    DISPATCH = "dispatch"
    FEED = "feed"
    DELIVER = "deliver"
    RING = "ring"
    ESCALATE = "escalate"
    SETTLE = "settle"
    WAIT = "wait"
    """Nothing, for the reason given."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One decision."""

    kind: Deed
    subject: str
    """An address, a bead, a convoy, or an escalation: its key, or its id when it has none."""
    reason: str
    incarnation: str = ""
    """The session it is about; another one of that name is left alone."""
    exit_code: int | None = None


def decide(town: Town, seen: Seen, now: datetime) -> tuple[Action, ...]:
    """Everything to be done now, and why nothing is done where nothing is.

    Args:
        town: What the ledgers want. Read it before looking around, or a session begun meanwhile would look ended.
        seen: One look at sessions; unknown ones are left alone.
        now: The moment of deciding.
    """
    if not town.own.registers.is_running:
        return (_wait("town", "the town rests"),)
    found: list[Action] = []
    woken = 0
    for agent in _everybody(town):
        for action in _about(town, agent, seen, now):
            if action.kind is Deed.WAKE:
                woken += 1
                if woken > WAKES_AT_ONCE:
                    action = _wait(agent.address, f"starts with the next beat, after {WAKES_AT_ONCE} others")
            found.append(action)
    found += _work(town, now)
    found += _bells(town, seen)
    order = list(Deed)
    return tuple(sorted(found, key=lambda action: order.index(action.kind)))


def _wait(subject: str, reason: str) -> Action:
    return Action(kind=Deed.WAIT, subject=subject, reason=reason)


def _everybody(town: Town) -> list[Agent]:
    """Every agent, and those whose hook was set before they were registered."""
    known = {agent.address: agent for agent in town.agents()}
    for address, hook in town.hooks().items():
        known.setdefault(address, town.own.registers.agents.get(address) or Agent(address=address, since=hook.since))
    return [known[address] for address in sorted(known)]


# ---------------------------------------------------------------------------------------------- one agent


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    """One agent with all that is known of it."""

    town: Town
    agent: Agent
    role: Role
    hook: Hook | None
    session: SessionFact | None
    trouble: str
    """Why its session is unknown."""
    verdict: Verdict
    now: datetime

    @property
    def is_alive(self) -> bool:
        return self.session is not None and not self.session.dead

    @property
    def is_ours(self) -> bool:
        """The living session is the very one the ledger speaks of."""
        return self.session is not None and self.session.incarnation == self.agent.incarnation != ""

    def seconds_since(self, stamp: str) -> float:
        then = moment(stamp)
        return 0.0 if then is None else max(0.0, (self.now - then).total_seconds())


def _about(town: Town, agent: Agent, seen: Seen, now: datetime) -> Iterator[Action]:
    try:
        who = parts(agent.address)
    except BadInput:
        return
    case = _Case(
        town=town,
        agent=agent,
        role=who.role,
        hook=town.hook(agent.address),
        session=(seen.sessions or {}).get(session_name(agent.address)),
        trouble="" if seen.sessions is not None else seen.trouble or "tmux gave no answer",
        verdict=judge(town, agent, seen, now),
        now=now,
    )
    if ended := _ended(case):
        yield ended
    elif case.hook is None:
        yield from _unhooked(case)
    else:
        yield from _hooked(case, case.hook)


def _ended(case: _Case) -> Action | None:
    """The end of a session the ledger still believes in; all else follows once it is on record."""
    if case.trouble or case.is_alive or not case.agent.session:
        return None
    code = case.session.exit_status if case.session is not None and case.is_ours else None
    return Action(
        kind=Deed.NOTE_END,
        subject=case.agent.address,
        reason="its session is gone" if code is None else f"its program ended with code {code}",
        incarnation=case.agent.incarnation,
        exit_code=code,
    )


def _unhooked(case: _Case) -> Iterator[Action]:
    agent = case.agent
    if case.role is Role.MAYOR:
        yield from _standing(case)
    if case.role is not Role.POLECAT:
        return
    if case.trouble:
        if agent.worktree:
            yield _wait(agent.address, f"its worktree stays: {case.trouble}")
        return
    if case.is_alive:
        yield from _leaving(case)
    elif agent.worktree:
        yield _worktree(case)


def _standing(case: _Case) -> Iterator[Action]:
    """The mayor's session comes back when its program crashed; one that somebody ended stays ended."""
    agent, rules = case.agent, case.town.settings.health
    if case.trouble or case.is_alive or agent.state != "stopped" or not agent.exit_code:
        return
    if not case.town.settings.start_mayor:
        return
    left = backoff(agent.starts, rules.restart_backoff_s) - case.seconds_since(agent.since)
    if left > 0:
        yield _wait(agent.address, f"restarts in {age_text(timedelta(seconds=left + 1))}: {agent.note}")
    else:
        yield Action(kind=Deed.WAKE, subject=agent.address, reason=agent.note)


def _leaving(case: _Case) -> Iterator[Action]:
    agent = case.agent
    if not case.is_ours or not agent.bead_id:
        return
    silent = case.seconds_since(max(agent.since, case.town.last_event(agent.address)))
    if silent < LEAVE_S:
        yield _wait(agent.address, f"its hook is empty; it has {LEAVE_S - silent:.0f}s to end by itself")
        return
    yield Action(
        kind=Deed.END_SESSION,
        subject=agent.address,
        reason="nothing on its hook",
        incarnation=agent.incarnation,
    )


def _worktree(case: _Case) -> Action:
    """Whether a worktree nobody works in may go."""
    agent, town = case.agent, case.town
    bead_id = dispatch.branch_bead(agent.branch)
    bead, merge = town.find(bead_id), town.merge_for(bead_id)
    if merge is not None and merge.is_open:
        return _wait(agent.address, f"its worktree stays: {merge.id} is {merge.state}")
    if bead is None or not bead.is_closed:
        return _wait(agent.address, f"its worktree stays: {bead_id or agent.branch} is not finished")
    reason = f"{bead_id} is closed" if merge is None else f"{merge.id} is {merge.state}"
    return Action(kind=Deed.REMOVE_WORKTREE, subject=agent.address, reason=reason)


def _hooked(case: _Case, hook: Hook) -> Iterator[Action]:
    if stale := _stale(case, hook):
        yield Action(kind=Deed.CLEAR_HOOK, subject=case.agent.address, reason=stale)
        return
    if case.trouble:
        yield _wait(case.agent.address, f"its session is unknown: {case.trouble}")
    elif not case.is_alive:
        yield _missing(case, hook)
    elif case.session is not None and not case.session.incarnation:
        yield _wait(case.agent.address, "a session of its name runs that the town did not start")
    elif not case.is_ours:
        yield Action(kind=Deed.WAKE, subject=case.agent.address, reason="its session runs but is not on record")
    elif case.role is Role.POLECAT and not case.agent.incarnation.startswith(hook.assignment_id):
        yield Action(kind=Deed.WAKE, subject=case.agent.address, reason="its session was for earlier work")
    else:
        yield from _watched(case, hook)


def _stale(case: _Case, hook: Hook) -> str:
    """Why what hangs there should not; empty when it should."""
    bead = case.town.find(hook.bead_id)
    if bead is None:
        return f"{hook.bead_id} is gone"
    if bead.is_closed and case.seconds_since(bead.closed_at or "") > CLOSED_HOOK_S:
        return f"{hook.bead_id} is closed"
    if case.agent.state == "retired":
        return f"{case.agent.address} is retired"
    return ""


def _missing(case: _Case, hook: Hook) -> Action:
    """Work hangs there and nobody runs: start, wait or give up."""
    agent, town, rules = case.agent, case.town, case.town.settings.health
    bead = town.find(hook.bead_id)
    if bead is not None and bead.is_closed:
        return _wait(agent.address, f"{hook.bead_id} is closed")
    rig = town.rigs().get(parts(agent.address).rig)
    if rig is not None and rig.paused:
        return _wait(agent.address, f"{rig.name} is paused: {rig.paused}")
    is_same = agent.bead_id == hook.bead_id
    if is_same and agent.state == "stuck" and agent.since >= hook.since:
        return _wait(agent.address, f"left for a person: {agent.note}")
    if not is_same or agent.starts == 0:
        return Action(kind=Deed.WAKE, subject=agent.address, reason=f"{hook.bead_id} hangs on its hook")
    if agent.starts >= rules.restart_limit:
        reason = f"{agent.starts} sessions ended with {hook.bead_id} on the hook, the last: {agent.note}"
        return Action(kind=Deed.GIVE_UP, subject=agent.address, reason=reason)
    left = backoff(agent.starts, rules.restart_backoff_s) - case.seconds_since(agent.since)
    if left > 0:
        return _wait(agent.address, f"restarts in {age_text(timedelta(seconds=left + 1))}: {agent.note}")
    return Action(kind=Deed.WAKE, subject=agent.address, reason=f"restart {agent.starts}: {agent.note}")


def backoff(starts: int, first_s: float) -> float:
    """Seconds to wait before another session, doubling with each one that ended."""
    return min(LONGEST_BACKOFF_S, first_s * float(2 ** min(20, max(0, starts - 1))))


# ---------------------------------------------------------------------------------------------- the witness


def _watched(case: _Case, hook: Hook) -> Iterator[Action]:
    """A worker at work that has fallen silent: the bell first, then a person. Never a kill."""
    if case.role is not Role.POLECAT or not case.town.settings.daemon.witness:
        return
    key = stuck_key(hook)
    known = [each for each in case.town.own.registers.escalations.values() if each.key == key]
    is_open = any(each.state != "resolved" for each in known)
    if case.verdict.state is Health.STUCK:
        if is_open:
            yield _wait(case.agent.address, f"a person was told: {case.verdict.reason}")
        else:
            yield Action(kind=Deed.ESCALATE, subject=case.agent.address, reason=case.verdict.reason)
        return
    if is_open:
        yield Action(kind=Deed.SETTLE, subject=key, reason=f"{case.agent.address} is {case.verdict.state} again")
    if case.verdict.state is Health.IDLE:
        yield _ring(case, hook)


def stuck_key(hook: Hook) -> str:
    """The condition of being stuck on one assignment, for escalations."""
    return f"stuck:{hook.agent}:{hook.assignment_id}"


def _ring(case: _Case, hook: Hook) -> Action:
    agent, quiet_s = case.agent, case.town.settings.health.quiet_s
    rung = [each for each in case.town.own.registers.nudges.values() if each.agent == agent.address]
    if any(each.is_pending for each in rung):
        return _wait(agent.address, "a nudge is on its way")
    last = max((each.queued_at for each in rung), default="")
    silent = case.seconds_since(max(hook.since, case.town.last_event(agent.address), last))
    if silent < quiet_s:
        return _wait(agent.address, f"{case.verdict.reason}; the bell rings in {quiet_s - silent:.0f}s")
    return Action(kind=Deed.RING, subject=agent.address, reason=case.verdict.reason)


# ---------------------------------------------------------------------------------------------- work and bells


def _work(town: Town, now: datetime) -> Iterator[Action]:
    for entry in convoys.landings(town, now):
        if isinstance(entry.fact, ConvoyLanded):
            yield Action(kind=Deed.LAND, subject=entry.fact.convoy_id, reason="everything it tracks is closed")
    hopeless = dispatch.hopeless(town)
    for waiting, reason in hopeless:
        yield Action(kind=Deed.DROP, subject=waiting.bead_id, reason=reason)
    due = {each.bead_id for each in dispatch.due(town)}
    gone = {waiting.bead_id for waiting, _ in hopeless}
    for waiting in town.dispatches():
        if waiting.bead_id in due:
            yield Action(kind=Deed.DISPATCH, subject=waiting.bead_id, reason=f"{waiting.target} has room")
        elif waiting.bead_id not in gone:
            yield _wait(waiting.bead_id, dispatch.why_waits(town, waiting) or f"waits for room in {waiting.target}")
    for known, why in escalations.overtaken(town):
        yield Action(kind=Deed.SETTLE, subject=known.key or known.id, reason=why)
    for stray in feeding.strays(town, now):
        why = f"{stray.convoy_id} is stranded and {stray.rig} has room"
        yield Action(kind=Deed.FEED, subject=stray.bead_id, reason=why)


def _bells(town: Town, seen: Seen) -> Iterator[Action]:
    waiting = nudges.pending(town)
    for address in dict.fromkeys(each.agent for each in waiting):
        count = sum(each.agent == address for each in waiting)
        if seen.sessions is None:
            yield _wait(address, f"{count} nudges wait: {seen.trouble or 'tmux gave no answer'}")
        else:
            yield Action(kind=Deed.DELIVER, subject=address, reason=f"{count} on the way")
