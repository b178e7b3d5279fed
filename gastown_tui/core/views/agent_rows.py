"""Agents as rows of the home screen: how each fares, what it is on, and since when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER, Role, parts
from gastown_tui.core.model.bead import parent_of
from gastown_tui.core.model.ids import Address, BeadId
from gastown_tui.core.model.times import moment
from gastown_tui.core.model.town import Agent, Hook
from gastown_tui.core.rules.health import Health, Verdict
from gastown_tui.core.views.ages import Ages
from gastown_tui.core.views.tones import Tone


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One agent in the roster."""

    address: Address
    group: str
    """`town`, or the rig's name."""
    name: str
    """What it is called inside its group."""
    glyph: str
    state: str
    tone: Tone
    note: str
    """What it is on, or why it is as it is."""
    age: str
    needs_you: bool
    bead_id: str = ""
    session: str = ""
    """Name of its session; empty when it has none."""
    receipt: str = ""
    """How far the newest nudge to it got, while that is news."""


LOOK: dict[Health, tuple[str, str, Tone]] = {
    Health.WORKING: ("●", "working", Tone.GOOD),
    Health.SPAWNING: ("◌", "starting", Tone.GOOD),
    Health.IDLE: ("○", "idle", Tone.DIM),
    Health.ASKING: ("?", "asks", Tone.WARM),
    Health.STUCK: ("!", "stuck", Tone.WARM),
    Health.RATE_LIMITED: ("◷", "limited", Tone.AMBER),
    Health.CRASHED: ("✗", "crashed", Tone.WARM),
    Health.REVIEW: ("◐", "review", Tone.BLUE),
    Health.DONE: ("✓", "done", Tone.DIM),
    Health.STOPPED: ("·", "stopped", Tone.DIM),
    Health.UNKNOWN: ("~", "unknown", Tone.AMBER),
}
"""Glyph, word and tone of every verdict; words take eight cells at most, so that they stand in one column."""
URGENCY = {Health.ASKING: 0, Health.CRASHED: 1, Health.STUCK: 2, Health.RATE_LIMITED: 3}
"""Who comes first when several need a person."""

_MECHANICS = {Role.WITNESS, Role.REFINERY, Role.DEACON}
_TOWN_ORDER = {Role.MAYOR: 0, Role.DEACON: 1, Role.WITNESS: 0, Role.REFINERY: 1, Role.CREW: 3}
_RECEIPT_NEWS = timedelta(minutes=2)


def roster(town: Town, verdicts: Mapping[Address, Verdict], ages: Ages) -> tuple[AgentRow, ...]:
    """Every agent, grouped by rig; inside a group the mechanics first, then whoever needs you."""
    hooks = town.hooks()
    receipts = _receipts(town, ages)
    rows: list[tuple[tuple[object, ...], AgentRow]] = []
    for agent in town.agents():
        if agent.address == OVERSEER:
            continue
        who = parts(agent.address)
        verdict = verdicts[agent.address]
        row = _agent_row(town, agent, verdict, hooks.get(agent.address), ages)
        if agent.address in receipts:
            row = msgspec.structs.replace(row, receipt=receipts[agent.address])
        rank = _TOWN_ORDER.get(who.role, 2)
        rows.append(((who.rig, rank, URGENCY.get(verdict.state, 9), who.name), row))
    return tuple(row for _order, row in sorted(rows, key=lambda pair: pair[0]))


def _agent_row(town: Town, agent: Agent, verdict: Verdict, hook: Hook | None, ages: Ages) -> AgentRow:
    who = parts(agent.address)
    glyph, state, tone = LOOK[verdict.state]
    note = _note(town, agent, verdict, hook)
    since = verdict.since or agent.since
    if who.role in _MECHANICS and not agent.session:
        note = verdict.reason
    elif who.role in {Role.CREW, Role.MAYOR} and verdict.state is Health.STOPPED and hook is None:
        state, note = "away", "no session"
    return AgentRow(
        address=agent.address,
        group=who.rig or "town",
        name=who.name or who.role.value,
        glyph=glyph,
        state=state,
        tone=tone,
        note=note,
        age=ages.text(since if verdict.needs_person else max(since, town.last_event(agent.address))),
        needs_you=verdict.needs_person,
        bead_id=hook.bead_id if hook else agent.bead_id if verdict.state is Health.REVIEW else "",
        session=agent.session,
    )


def _note(town: Town, agent: Agent, verdict: Verdict, hook: Hook | None) -> str:
    if verdict.state is Health.REVIEW:
        merge = town.merge_for(agent.bead_id)
        return f"{agent.bead_id} {merge.state if merge else ''} in the merge queue".strip()
    if hook is None:
        return verdict.reason if verdict.state not in {Health.IDLE, Health.DONE} else agent.note
    bead = town.find(hook.bead_id)
    title = bead.title if bead else "?"
    steps = _steps(town, hook.bead_id)
    return f"{hook.bead_id} {title}{steps}"


def _steps(town: Town, bead_id: BeadId) -> str:
    """How many of its numbered children are done; looking for others would read the whole shelf for every agent."""
    highest = max((ledger.registers.children.get(bead_id, 0) for ledger in town.ledgers.values()), default=0)
    children = (town.find(f"{bead_id}.{number}") for number in range(1, highest + 1))
    steps = [child for child in children if child is not None and parent_of(child) == bead_id]
    return f" {sum(step.is_closed for step in steps)}/{len(steps)}" if steps else ""


def _receipts(town: Town, ages: Ages) -> dict[str, str]:
    """How far the newest nudge to each agent got, while that is news."""
    newest: dict[str, str] = {}
    for nudge in sorted(town.own.registers.nudges.values(), key=lambda each: each.queued_at):
        then = moment(nudge.since)
        if nudge.is_pending or (then is not None and ages.now - then < _RECEIPT_NEWS):
            newest[nudge.agent] = nudge.state
    return newest
