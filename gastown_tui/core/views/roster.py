"""Agents as a list: who there is, how each fares, what it holds. Text and JSON of `gt agents` and `gt polecat list`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import Role, parts, session_name
from gastown_tui.core.model.ids import Address, RigName
from gastown_tui.core.model.text import cut, one_line
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.model.town import Agent
from gastown_tui.core.rules.dispatch import branch_bead
from gastown_tui.core.rules.health import Health, Seen, judge

_NOTE_CHARS = 60
_HEALTHY_WORDS = {Health.WORKING: "working", Health.SPAWNING: "starting"}


class RosterLine(msgspec.Struct, frozen=True, kw_only=True):
    """One agent."""

    address: Address
    role: str
    rig: str
    name: str
    state: str
    """How it fares (`rules.health`)."""
    reason: str
    """Why that is believed."""
    bead_id: str = ""
    """What hangs on its hook."""
    title: str = ""
    reviewing: str = ""
    """The bead its worktree waits to be merged for."""
    session: str = ""
    """Name of its session; empty when none runs."""
    attached: int = 0
    runtime: str = ""
    worktree: str = ""
    branch: str = ""
    since: str = ""
    """When it was last heard of."""
    age: str = "-"
    unread: int = 0


def roster(town: Town, seen: Seen, now: datetime, *, everybody: bool = True, rig: str = "") -> list[RosterLine]:
    """Every agent of a town, or of a rig.

    Args:
        town: The ledgers.
        seen: One look at sessions.
        now: The moment of looking.
        everybody: Idle workers without a session too.
        rig: Only this rig's; empty: all.
    """
    unread = Counter(
        box
        for mail in town.own.mail.values()
        for box in set(mail.recipients).difference(mail.read_by, mail.archived_by)
    )
    lines = [_line(town, agent, seen, now, unread[agent.address]) for agent in town.agents()]
    wanted = (line for line in lines if (not rig or line.rig == rig) and (everybody or _is_news(line)))
    return sorted(wanted, key=lambda line: (line.rig, _RANK[Role(line.role)], line.name))


_RANK = {role: number for number, role in enumerate(Role)}


def _is_news(line: RosterLine) -> bool:
    return line.role != Role.POLECAT or bool(line.session or line.bead_id or line.reviewing)


def _line(town: Town, agent: Agent, seen: Seen, now: datetime, unread: int) -> RosterLine:
    who, hook = parts(agent.address), town.hook(agent.address)
    verdict = judge(town, agent, seen, now)
    bead = town.find(hook.bead_id) if hook else None
    session = (seen.sessions or {}).get(session_name(agent.address))
    since = max(agent.since, town.last_event(agent.address), hook.since if hook else "")
    heard = moment(since)
    merge = town.merge_for(branch_bead(agent.branch)) if agent.branch else None
    return RosterLine(
        address=agent.address,
        role=who.role.value,
        rig=who.rig,
        name=who.name or who.role.value,
        state=verdict.state.value,
        reason=verdict.reason,
        bead_id=hook.bead_id if hook else "",
        title=bead.title if bead else "",
        reviewing=merge.bead_id if merge is not None and merge.is_open and merge.worker == agent.address else "",
        session=session.name if session is not None and not session.dead else "",
        attached=session.attached if session is not None else 0,
        runtime=agent.runtime,
        worktree=agent.worktree,
        branch=agent.branch,
        since=since,
        age=age_text(None if heard is None else now - heard),
        unread=unread,
    )


def roster_text(lines: Sequence[RosterLine]) -> str:
    """The list for a terminal, columns aligned."""
    if not lines:
        return "no agents"
    addresses = max(len(line.address) for line in lines)
    states = max(len(line.state) for line in lines)
    beads = max((len(line.bead_id or line.reviewing) for line in lines), default=0)
    rows = []
    for line in lines:
        work = line.bead_id or line.reviewing
        mail = f"  {line.unread} unread" if line.unread else ""
        about = cut(one_line(line.title if line.bead_id else line.reason), _NOTE_CHARS)
        row = f"{line.address:<{addresses}}  {line.state:<{states}}  {line.age:>4}  {work:<{beads}}  {about}{mail}"
        rows.append(row.rstrip())
    return "\n".join(rows)


# ---------------------------------------------------------------------------------------------- workers


def polecat_text(line: RosterLine) -> str:
    """One worker in the documents' words: `slot0: ACTIVE (idle 15m)`."""
    if line.bead_id:
        how = _HEALTHY_WORDS.get(Health(line.state), f"{line.state} {line.age}")
        return f"{line.name}: ACTIVE ({how})  {line.bead_id}  {one_line(line.title, _NOTE_CHARS)}".rstrip()
    if line.reviewing:
        return f"{line.name}: REVIEW ({line.reviewing} waits to be merged)"
    return f"{line.name}: IDLE ({line.age})"


def polecats(town: Town, seen: Seen, now: datetime, rig: RigName) -> list[RosterLine]:
    """The workers of a rig."""
    return [line for line in roster(town, seen, now, rig=rig) if line.role == Role.POLECAT]
