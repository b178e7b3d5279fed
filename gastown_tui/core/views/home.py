"""The home screen's readings: who needs you, what moves, what changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER, Role, parts
from gastown_tui.core.model.bead import parent_of
from gastown_tui.core.model.ids import Address, BeadId, MailId
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.model.town import Agent, Hook
from gastown_tui.core.rules.health import Health, Seen, Verdict, judge
from gastown_tui.core.rules.progress import convoy_card
from gastown_tui.core.views.feed import FeedRow, short
from gastown_tui.core.views.shelf import BeadRow
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


class NeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing only the overseer can settle, most urgent first."""

    key: str
    """What to snooze it by."""
    kind: str
    """`asks stuck crashed escalation stranded held`."""
    who: str
    text: str
    age: str
    glyph: str
    address: str = ""
    bead_id: str = ""
    choices: tuple[str, ...] = ()
    escalation_id: str = ""


class ConvoyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One convoy and how far it is."""

    convoy_id: BeadId
    title: str
    done: int
    total: int
    state: str
    """`complete active stale stuck waiting empty unknown landed`."""
    tone: Tone
    age: str


class MailRow(msgspec.Struct, frozen=True, kw_only=True):
    """One message in the overseer's box."""

    message_id: MailId
    sender: str
    subject: str
    age: str
    unread: bool
    priority: str


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """The top line."""

    name: str
    path: str
    working: int = 0
    idle: int = 0
    need: int = 0
    queue: int = 0
    waiting: int = 0
    """Slings that wait for room."""
    mail: int = 0
    trouble: str = ""
    """What cannot be seen right now, in words; never a false all-clear."""
    rests: bool = False
    """The town is stopped."""


class HomeView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the home screen but the live pane."""

    status: StatusView
    needs: tuple[NeedRow, ...]
    convoys: tuple[ConvoyRow, ...]
    landed_today: int
    agents: tuple[AgentRow, ...]
    mail: tuple[MailRow, ...]
    feed: tuple[FeedRow, ...]
    beads: tuple[BeadRow, ...] = ()
    """The shelf, when somebody looks at it."""
    is_town: bool = True
    """False for a lone ledger: beads are all there is."""


_LOOK: dict[Health, tuple[str, str, Tone]] = {
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
_URGENCY = {Health.ASKING: 0, Health.CRASHED: 1, Health.STUCK: 2, Health.RATE_LIMITED: 3}
_MECHANICS = {Role.WITNESS, Role.REFINERY, Role.DEACON}
_TOWN_ORDER = {Role.MAYOR: 0, Role.DEACON: 1, Role.WITNESS: 0, Role.REFINERY: 1, Role.CREW: 3}
_RECEIPT_NEWS = timedelta(minutes=2)


def home(
    town: Town,
    seen: Seen,
    feed: tuple[FeedRow, ...],
    now: datetime,
    *,
    path: str = "",
    daemon_alive: bool | None = None,
    beads: tuple[BeadRow, ...] = (),
) -> HomeView:
    """Read the whole home screen.

    Args:
        town: The ledgers.
        seen: One look at sessions and screens.
        feed: Lines already read, newest first (`views.feed`).
        now: The moment of reading.
        path: The town's folder as the person knows it.
        daemon_alive: Whether the deacon's process runs; None when that could not be told.
        beads: Rows already read (`views.shelf`); they cost with the size of the shelf, so not every look makes them.
    """
    verdicts = {agent.address: judge(town, agent, seen, now) for agent in town.agents()}
    agents = roster(town, verdicts, now, daemon_alive=daemon_alive)
    needs = needs_you(town, verdicts, now)
    mail = inbox(town, now)
    convoys, landed = convoy_rows(town, now)
    states = [verdicts[row.address].state for row in agents]
    status = StatusView(
        name=town.name or "gastown",
        path=path,
        working=sum(state in {Health.WORKING, Health.SPAWNING} for state in states),
        idle=sum(state is Health.IDLE for state in states),
        need=len(needs),
        queue=sum(merge.is_open for merge in town.merges()),
        waiting=len(town.dispatches()),
        mail=sum(row.unread for row in mail),
        trouble=_trouble(town, seen, daemon_alive),
        rests=town.is_town and not town.own.registers.is_running,
    )
    return HomeView(
        status=status,
        needs=needs,
        convoys=convoys,
        landed_today=landed,
        agents=agents,
        mail=mail,
        feed=feed,
        beads=beads,
        is_town=town.is_town,
    )


def _trouble(town: Town, seen: Seen, daemon_alive: bool | None) -> str:
    if seen.sessions is None:
        return seen.trouble or "sessions unknown"
    if town.is_town and town.own.registers.is_running and daemon_alive is False:
        return "no daemon: gt start"
    return ""


# ---------------------------------------------------------------------------------------------- agents


def roster(
    town: Town, verdicts: Mapping[Address, Verdict], now: datetime, *, daemon_alive: bool | None = None
) -> tuple[AgentRow, ...]:
    """Every agent, grouped by rig; inside a group the mechanics first, then whoever needs you."""
    hooks = town.hooks()
    receipts = _receipts(town, now)
    rows: list[tuple[tuple[object, ...], AgentRow]] = []
    for agent in town.agents():
        if agent.address == OVERSEER:
            continue
        who = parts(agent.address)
        verdict = verdicts[agent.address]
        row = _agent_row(town, agent, who.role, verdict, hooks.get(agent.address), now, daemon_alive)
        if agent.address in receipts:
            row = msgspec.structs.replace(row, receipt=receipts[agent.address])
        rank = _TOWN_ORDER.get(who.role, 2)
        order = (who.rig, rank, _URGENCY.get(verdict.state, 9), who.name)
        rows.append((order, row))
    return tuple(row for _order, row in sorted(rows, key=lambda pair: pair[0]))


def _agent_row(
    town: Town,
    agent: Agent,
    role: Role,
    verdict: Verdict,
    hook: Hook | None,
    now: datetime,
    daemon_alive: bool | None,
) -> AgentRow:
    who = parts(agent.address)
    glyph, state, tone = _LOOK[verdict.state]
    note = _note(town, agent, verdict, hook)
    since = verdict.since or agent.since
    if role in _MECHANICS and not agent.session:
        glyph, state, tone, note, since = _mechanics(town, role, who.rig, daemon_alive, agent)
    elif role in {Role.CREW, Role.MAYOR} and not agent.session and hook is None:
        glyph, state, tone, note = "·", "no session", Tone.DIM, ""
    last = max(since, town.last_event(agent.address))
    return AgentRow(
        address=agent.address,
        group=who.rig or "town",
        name=who.name or role.value,
        glyph=glyph,
        state=state,
        tone=tone,
        note=note,
        age=_age(now, since if verdict.needs_person else last),
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
    children = [town.find(child) for child, kind in town.dependents(bead_id) if kind == "parent-child"]
    steps = [child for child in children if child is not None and parent_of(child) == bead_id]
    return f" {sum(step.is_closed for step in steps)}/{len(steps)}" if steps else ""


def _mechanics(
    town: Town, role: Role, rig: str, daemon_alive: bool | None, agent: Agent
) -> tuple[str, str, Tone, str, str]:
    if not town.own.registers.is_running:
        return "·", "resting", Tone.DIM, "the town rests", agent.since
    if daemon_alive is False:
        return "✗", "stopped", Tone.AMBER, "the daemon does not run", agent.since
    if role is Role.REFINERY:
        merges = [merge for merge in town.merges() if merge.is_open and (town.rig_of(merge.id) or "") == rig]
        running = next((merge for merge in merges if merge.state == "running"), None)
        if running:
            return "●", "working", Tone.GOOD, f"merges {running.bead_id}", running.since
        held = sum(merge.state in {"held", "returned"} for merge in merges)
        queued = len(merges) - held
        note = f"{queued} in line" if queued else "queue empty"
        return "○", "idle", Tone.DIM, note + (f", {held} held" if held else ""), agent.since
    if role is Role.WITNESS:
        watched = sum(hook.agent.startswith(f"{rig}/") for hook in town.hooks().values())
        return "○", "idle", Tone.DIM, f"watches {watched}" if watched else "", agent.since
    return "●" if daemon_alive else "○", "keeps watch", Tone.DIM, "", agent.since


def _receipts(town: Town, now: datetime) -> dict[str, str]:
    newest: dict[str, str] = {}
    for nudge in sorted(town.own.registers.nudges.values(), key=lambda each: each.queued_at):
        then = moment(nudge.since)
        if nudge.is_pending or (then is not None and now - then < _RECEIPT_NEWS):
            newest[nudge.agent] = nudge.state
    return newest


# ---------------------------------------------------------------------------------------------- who needs you


def needs_you(town: Town, verdicts: Mapping[Address, Verdict], now: datetime) -> tuple[NeedRow, ...]:
    """What only a person can settle, most urgent first; snoozed rows stay away until their time."""
    rows: list[tuple[tuple[int, str], NeedRow]] = []
    for agent in town.agents():
        verdict = verdicts[agent.address]
        if verdict.needs_person:
            rows.append(((_URGENCY[verdict.state], verdict.since), _agent_need(town, agent, verdict, now)))
    for escalation in town.own.registers.escalations.values():
        if escalation.state == "open":
            row = NeedRow(
                key=f"escalation:{escalation.key or escalation.id}",
                kind="escalation",
                who=short(escalation.agent) or "town",
                text=escalation.text,
                age=_age(now, escalation.raised_at),
                glyph="!",
                address=escalation.agent,
                bead_id=escalation.bead_id,
                escalation_id=escalation.id,
            )
            rows.append(((0 if escalation.severity == "critical" else 4, escalation.raised_at), row))
    for nudge in town.own.registers.nudges.values():
        if nudge.state == "stranded":
            text = f"nudge “{nudge.text}” was not delivered: {nudge.reason}"
            row = NeedRow(
                key=f"nudge:{nudge.id}",
                kind="stranded",
                who=short(nudge.agent),
                text=text,
                age=_age(now, nudge.since),
                glyph="!",
                address=nudge.agent,
            )
            rows.append(((5, nudge.since), row))
    awake = [pair for pair in rows if not _is_snoozed(town, pair[1].key, now)]
    return tuple(row for _order, row in sorted(awake, key=lambda pair: pair[0]))


def _agent_need(town: Town, agent: Agent, verdict: Verdict, now: datetime) -> NeedRow:
    hook = town.hook(agent.address)
    glyph, word, _tone = _LOOK[verdict.state]
    return NeedRow(
        key=f"{verdict.state.value}:{agent.address}",
        kind=word,
        who=short(agent.address),
        text=verdict.reason,
        age=_age(now, verdict.since or agent.since),
        glyph=glyph,
        address=agent.address,
        bead_id=hook.bead_id if hook else agent.bead_id,
        choices=agent.choices,
    )


def _is_snoozed(town: Town, key: str, now: datetime) -> bool:
    until = moment(town.own.registers.snoozed.get(key))
    return until is not None and until > now


# ---------------------------------------------------------------------------------------------- convoys and mail


_CONVOY_TONES = {
    "complete": Tone.GOOD,
    "active": Tone.GOOD,
    "stale": Tone.AMBER,
    "stuck": Tone.WARM,
    "unknown": Tone.AMBER,
}


def convoy_rows(town: Town, now: datetime) -> tuple[tuple[ConvoyRow, ...], int]:
    """Open convoys, newest first, then those that landed within a day; and how many of those there are."""
    rolling: list[ConvoyRow] = []
    landed: list[ConvoyRow] = []
    for convoy in sorted(town.convoys(), key=lambda bead: bead.created_at, reverse=True):
        card = convoy_card(town, convoy, now)
        row = ConvoyRow(
            convoy_id=convoy.id,
            title=convoy.title,
            done=card.done,
            total=card.total,
            state="landed" if convoy.is_closed else card.indicator,
            tone=Tone.DIM if convoy.is_closed else _CONVOY_TONES.get(card.indicator, Tone.DIM),
            age=_age(now, convoy.closed_at or card.since),
        )
        if not convoy.is_closed:
            rolling.append(row)
        elif (closed := moment(convoy.closed_at)) is not None and now - closed < timedelta(days=1):
            landed.append(row)
    return (*rolling, *landed), len(landed)


def inbox(town: Town, now: datetime, box: Address = OVERSEER) -> tuple[MailRow, ...]:
    """A box as listed: unread first, then newest first; archived messages stay away."""
    mails = [mail for mail in town.own.mail.values() if box in mail.recipients and box not in mail.archived_by]
    mails.sort(key=lambda mail: mail.timestamp, reverse=True)
    mails.sort(key=lambda mail: box in mail.read_by)
    return tuple(
        MailRow(
            message_id=mail.id,
            sender=short(mail.sender),
            subject=mail.subject,
            age=_age(now, mail.timestamp),
            unread=box not in mail.read_by,
            priority=mail.priority,
        )
        for mail in mails
    )


def _age(now: datetime, then: str | None) -> str:
    at = moment(then)
    return age_text(None if at is None else now - at)
