"""How an agent fares, judged from several signals that each carry their age, with the evidence for it.

An observer that failed makes a verdict `unknown`, never a death. Nobody is called stuck on one stale signal.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import Role, parts, session_name
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.outside import SessionFact
from gastown_tui.core.model.settings import HealthSettings
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.model.town import Agent, Hook, MergeRequest

SPAWN_S = 60.0
"""A session that has not said a word for this long after its start is no longer merely starting."""


class Health(StrEnum):
    """What an agent is shown as."""

    WORKING = "working"
    SPAWNING = "spawning"
    IDLE = "idle"
    ASKING = "asking"
    STUCK = "stuck"
    RATE_LIMITED = "rate-limited"
    CRASHED = "crashed"
    REVIEW = "review"
    DONE = "done"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """What was observed of one agent."""

    observer: str = ""
    """Why sessions could not be looked at; empty when they could."""
    session: SessionFact | None = None
    """Its session; None when it has none."""
    screen: str = ""
    """What its screen was recognised as: `idle busy typing dialog rate-limited`; empty when nobody looked."""
    notice: str = ""
    """The question on its screen, or what it says about a limit."""
    pane_changed: datetime | None = None
    """When the pane last changed apart from spinners and clocks; None: the session's own activity counts."""
    cpu_used: datetime | None = None
    """When its processes were last seen using the processor; None when nobody looked."""
    last_event: str = ""
    """When it last made an event."""
    exit: str = ""
    """How its last assignment ended, when nothing hangs on its hook."""
    merge: MergeRequest | None = None
    """The newest merge request of its last assignment."""
    town_runs: bool = True


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How an agent fares and why that is believed."""

    state: Health
    reason: str
    """One line for a person."""
    evidence: tuple[str, ...] = ()
    """Every signal with its age, in the words `why` shows."""
    since: str = ""
    """When it came to be so, as far as the signals tell."""

    @property
    def needs_person(self) -> bool:
        """Nobody but a person gets it further."""
        return self.state in {Health.ASKING, Health.STUCK, Health.CRASHED, Health.RATE_LIMITED}


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One look at everything outside the ledger."""

    sessions: Mapping[str, SessionFact] | None
    """By session name; None when tmux gave no usable answer."""
    trouble: str = ""
    """Why there is no answer."""
    screens: Mapping[str, str] = {}
    """By session name: what the screen was recognised as."""
    notices: Mapping[str, str] = {}
    """By session name: the question on the screen, or what it says about a limit."""
    daemon_alive: bool | None = None
    """Whether the daemon's process runs; None when nobody looked."""
    cpu_used: Mapping[str, datetime] = {}


def judge(town: Town, agent: Agent, seen: Seen, now: datetime) -> Verdict:
    """The verdict on an agent of a town, from one look at its surroundings."""
    hook = town.hook(agent.address)
    signals = signals_of(town, agent, hook, seen)
    if hook is None and signals.session is None and seen.daemon_alive is not None and _is_mechanic(agent):
        return _mechanic(town, agent, alive=seen.daemon_alive)
    return verdict(agent, hook, signals, town.settings.health, now)


def _is_mechanic(agent: Agent) -> bool:
    """Deacon, witness and refinery need no session: the daemon does their work."""
    try:
        return parts(agent.address).role in {Role.DEACON, Role.WITNESS, Role.REFINERY}
    except BadInput:
        return False


def _mechanic(town: Town, agent: Agent, *, alive: bool) -> Verdict:
    who = parts(agent.address)
    pid = town.own.registers.daemon_pid
    evidence = (f"the daemon is process {pid}" if alive else "no daemon runs",)
    if not alive:
        rests = not town.own.registers.is_running
        reason = "the town rests" if rests else "the daemon does not run: gt start"
        return Verdict(state=Health.STOPPED, reason=reason, evidence=evidence, since=agent.since)
    if who.role is not Role.REFINERY:
        watched = sum(hook.agent.startswith(f"{who.rig}/") for hook in town.hooks().values())
        reason = "keeps the town going" if who.role is Role.DEACON else f"watches {watched}"
        return Verdict(state=Health.IDLE, reason=reason, evidence=evidence, since=agent.since)
    merges = [merge for merge in town.merges() if merge.is_open and town.rig_of(merge.id) == who.rig]
    running = next((merge for merge in merges if merge.state == "running"), None)
    if running is not None:
        reason = f"merges {running.bead_id}"
        return Verdict(state=Health.WORKING, reason=reason, evidence=evidence, since=running.since)
    reason = f"{len(merges)} in the queue" if merges else "queue empty"
    return Verdict(state=Health.IDLE, reason=reason, evidence=evidence, since=agent.since)


def signals_of(town: Town, agent: Agent, hook: Hook | None, seen: Seen) -> Signals:
    """Gather what the ledgers and one look outside tell of an agent."""
    try:
        name = session_name(agent.address)
    except BadInput:
        name = ""
    exit_ = "" if hook or not agent.bead_id else _exit_of(town, agent.bead_id)
    merge = None if hook or not agent.bead_id else town.merge_for(agent.bead_id)
    return Signals(
        observer="" if seen.sessions is not None else seen.trouble or "tmux gave no answer",
        session=(seen.sessions or {}).get(name),
        screen=seen.screens.get(name, ""),
        notice=seen.notices.get(name, ""),
        cpu_used=seen.cpu_used.get(name),
        last_event=town.last_event(agent.address),
        exit=exit_,
        merge=merge if merge is None or merge.worker == agent.address else None,
        town_runs=town.own.registers.is_running,
    )


def verdict(agent: Agent, hook: Hook | None, signals: Signals, settings: HealthSettings, now: datetime) -> Verdict:
    """Judge one agent.

    Args:
        agent: What the ledger knows of it.
        hook: What hangs on its hook.
        signals: What was observed.
        settings: How long silence is normal.
        now: The moment of judging.
    """
    state, reason, since = _judge(agent, hook, signals, settings, now)
    return Verdict(state=state, reason=reason, evidence=_evidence(agent, hook, signals, now), since=since)


def _exit_of(town: Town, bead_id: str) -> str:
    exits = (ledger.registers.exits.get(BeadId(bead_id), "") for ledger in town.ledgers.values())
    return next(filter(None, exits), "")


_Judged = tuple[Health, str, str]


def _judge(agent: Agent, hook: Hook | None, signals: Signals, settings: HealthSettings, now: datetime) -> _Judged:
    if agent.state == "retired":
        return Health.STOPPED, "retired", agent.since
    if signals.observer:
        if agent.state == "asking":
            return Health.ASKING, agent.question, agent.since
        return Health.UNKNOWN, signals.observer, agent.since
    if signals.session is None or signals.session.dead:
        return _without_session(agent, hook, signals, now)
    if agent.state == "asking":
        return Health.ASKING, agent.question, agent.since
    if signals.screen == "dialog":
        return Health.ASKING, signals.notice or "a question only a person may answer is on its screen", agent.since
    if signals.screen == "rate-limited":
        return Health.RATE_LIMITED, signals.notice or "its provider makes it wait", agent.since
    if hook is None:
        return _unhooked(agent, signals)
    if agent.state == "stuck":
        return Health.STUCK, agent.note or "says it does not get on", agent.since
    return _hooked(agent, hook, signals, settings, now)


def _without_session(agent: Agent, hook: Hook | None, signals: Signals, now: datetime) -> _Judged:
    if hook is None:
        if agent.state == "stuck":
            return Health.STUCK, agent.note, agent.since
        return _unhooked(agent, signals)
    if agent.state == "stuck":
        return Health.STUCK, agent.note or "no session, and no more restarts", agent.since
    if not signals.town_runs:
        return Health.STOPPED, f"{hook.bead_id} hangs on its hook; the town rests", agent.since
    if agent.bead_id == hook.bead_id and agent.starts and agent.since >= hook.since:
        return Health.CRASHED, _ending(agent, signals.session), agent.since
    waited = _age(now, moment(hook.since))
    if waited is not None and waited.total_seconds() < SPAWN_S:
        return Health.SPAWNING, f"{hook.bead_id} was hooked {age_text(waited)} ago, its session comes", hook.since
    return Health.STOPPED, f"{hook.bead_id} hangs on its hook, but no session runs", hook.since


def _ending(agent: Agent, session: SessionFact | None) -> str:
    code = session.exit_status if session and session.exit_status is not None else agent.exit_code
    ended = "its session is gone" if code is None else f"its program ended with code {code}"
    return f"{ended} with work on its hook" + (f" ({agent.starts} sessions so far)" if agent.starts > 1 else "")


def _unhooked(agent: Agent, signals: Signals) -> _Judged:
    if signals.merge is not None and signals.merge.is_open:
        return Health.REVIEW, f"{signals.merge.bead_id} is in the merge queue ({signals.merge.state})", agent.since
    runs = signals.session is not None and not signals.session.dead
    if signals.exit and not (runs and agent.state == "working"):
        return Health.DONE, f"{agent.bead_id} ended {signals.exit}", agent.since
    if runs and (agent.state == "working" or signals.screen == "busy"):
        return Health.WORKING, agent.note or "busy with nothing on its hook", agent.since
    if runs or _is_slot(agent):
        return Health.IDLE, agent.note or "nothing on its hook", agent.since
    return Health.STOPPED, agent.note or "no session", agent.since


def _is_slot(agent: Agent) -> bool:
    """A worker between assignments needs no session; roles that ought to be there do."""
    try:
        return parts(agent.address).role is Role.POLECAT
    except BadInput:
        return False


def _hooked(agent: Agent, hook: Hook, signals: Signals, settings: HealthSettings, now: datetime) -> _Judged:
    assert signals.session is not None
    silent = _age(now, _spoke(agent, hook, signals))
    still = _age(now, signals.pane_changed or signals.session.activity)
    unused = _age(now, signals.cpu_used)
    ages = [age.total_seconds() for age in (silent, still, unused) if age is not None]
    freshest = min(ages, default=0.0)
    started = _age(now, moment(agent.since)) or timedelta()
    is_new = agent.state in {"started", "registered"} and signals.screen not in {"idle", "busy"}
    if is_new and started.total_seconds() < SPAWN_S:
        return Health.SPAWNING, f"its session began {age_text(started)} ago", agent.since
    stale = sum(age >= settings.stuck_s for age in ages)
    if stale >= 2 and freshest >= settings.stuck_s:
        quiet = f"no event for {age_text(silent)} and a still pane for {age_text(still)}"
        return Health.STUCK, f"{hook.bead_id}: {quiet}", _spoke_text(agent, hook, signals)
    quiet_for = age_text(timedelta(seconds=freshest))
    if agent.state == "idle" and signals.screen != "busy":
        return Health.IDLE, agent.note or f"says it is idle with {hook.bead_id} hooked", agent.since
    if freshest >= settings.quiet_s:
        about = "waits at its prompt" if signals.screen == "idle" else "quiet"
        return Health.IDLE, f"{about} for {quiet_for} with {hook.bead_id} hooked", agent.since
    return Health.WORKING, agent.note or f"on {hook.bead_id}", agent.since


def _spoke_text(agent: Agent, hook: Hook, signals: Signals) -> str:
    return max(signals.last_event, agent.since, hook.since)


def _spoke(agent: Agent, hook: Hook, signals: Signals) -> datetime | None:
    return moment(_spoke_text(agent, hook, signals))


def _age(now: datetime, then: datetime | None) -> timedelta | None:
    """How long ago; a moment in the future counts as now, so a clock that jumped back accuses nobody."""
    return None if then is None else max(timedelta(), now - then)


def _evidence(agent: Agent, hook: Hook | None, signals: Signals, now: datetime) -> tuple[str, ...]:
    said = f"says {agent.state}" + (f": {agent.note}" if agent.note else "")
    lines = [f"{said}, {age_text(_age(now, moment(agent.since)))} ago" if agent.since else said]
    if hook is not None:
        lines.append(f"{hook.bead_id} on its hook for {age_text(_age(now, moment(hook.since)))}")
    else:
        lines.append("nothing on its hook")
    if signals.exit:
        lines.append(f"last exit {signals.exit} ({agent.bead_id})")
    if signals.merge is not None:
        lines.append(f"merge request {signals.merge.id} is {signals.merge.state}")
    spoke = moment(signals.last_event)
    lines.append(f"last event {age_text(_age(now, spoke))} ago" if spoke else "no event of its own yet")
    lines.extend(_session_evidence(signals, now))
    if agent.question:
        lines.append(f"asks: {agent.question}")
    if hook is not None and agent.starts > 1:
        lines.append(f"{agent.starts} sessions for this assignment")
    if not signals.town_runs:
        lines.append("the town rests")
    return tuple(lines)


def _session_evidence(signals: Signals, now: datetime) -> list[str]:
    if signals.observer:
        return [f"session unknown: {signals.observer}"]
    session = signals.session
    if session is None:
        return ["no session"]
    if session.dead:
        code = "" if session.exit_status is None else f" with code {session.exit_status}"
        return [f"its program (process {session.pid}) ended{code}"]
    lines = [
        f"pane changed {age_text(_age(now, signals.pane_changed or session.activity))} ago",
        f"process {session.pid} up" + (f" ({session.command})" if session.command else ""),
    ]
    if signals.screen:
        lines.append(f"screen looks {signals.screen}" + (f": {signals.notice}" if signals.notice else ""))
    if signals.cpu_used is not None:
        lines.append(f"processor used {age_text(_age(now, signals.cpu_used))} ago")
    if session.attached:
        lines.append(f"{session.attached} terminal(s) attached")
    return lines
