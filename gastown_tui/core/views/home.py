"""The home screen's readings: who needs you, what moves, what changed."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER
from gastown_tui.core.model.ids import Address, BeadId, MailId
from gastown_tui.core.model.times import moment
from gastown_tui.core.rules.health import Health, Seen, judge
from gastown_tui.core.rules.progress import convoy_card
from gastown_tui.core.views.agent_rows import AgentRow, roster
from gastown_tui.core.views.ages import Ages
from gastown_tui.core.views.feed import FeedRow, short
from gastown_tui.core.views.needs import NeedRow, needs_you
from gastown_tui.core.views.tones import Tone

__all__ = ["AgentRow", "ConvoyRow", "HomeView", "MailRow", "NeedRow", "StatusView", "home", "home_until", "needs_you"]


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
    ready: int | None = None
    """Beads that could be started now; None while they are not counted."""
    mail: int = 0
    trouble: str = ""
    """What cannot be seen right now, in words; never a false all-clear."""
    rests: bool = False
    """The town is stopped."""
    is_town: bool = True
    """False for a lone ledger, which has nobody to count."""


class HomeView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the home screen but the live pane."""

    status: StatusView
    needs: tuple[NeedRow, ...]
    convoys: tuple[ConvoyRow, ...]
    landed_today: int
    agents: tuple[AgentRow, ...]
    mail: tuple[MailRow, ...]
    feed: tuple[FeedRow, ...]
    is_town: bool = True
    """False for a lone ledger: beads are all there is."""


def home(
    town: Town,
    seen: Seen,
    feed: tuple[FeedRow, ...],
    now: datetime,
    *,
    path: str = "",
    ready: int | None = None,
) -> HomeView:
    """Read the whole home screen.

    Args:
        town: The ledgers.
        seen: One look at sessions and screens.
        feed: Lines already read, newest first (`views.feed`).
        now: The moment of reading.
        path: The town's folder as the person knows it.
        ready: How many beads could be started, when that was counted.
    """
    return home_until(town, seen, feed, Ages(now), path=path, ready=ready)


def home_until(
    town: Town,
    seen: Seen,
    feed: tuple[FeedRow, ...],
    ages: Ages,
    *,
    path: str = "",
    ready: int | None = None,
) -> HomeView:
    """The same; `ages` learns until when what is shown holds if nothing happens."""
    verdicts = {agent.address: judge(town, agent, seen, ages.now) for agent in town.agents()}
    agents = roster(town, verdicts, ages)
    needs = needs_you(town, verdicts, ages.now, ages)
    mail = inbox(town, ages)
    convoys, landed = convoy_rows(town, ages)
    states = [verdicts[row.address].state for row in agents]
    status = StatusView(
        name=town.name or ("gastown" if town.is_town else "beads"),
        path=path,
        working=sum(state in {Health.WORKING, Health.SPAWNING} for state in states),
        idle=sum(state is Health.IDLE for state in states),
        need=len(needs),
        queue=sum(merge.is_open for merge in town.merges()),
        waiting=len(town.dispatches()),
        ready=ready,
        mail=sum(row.unread for row in mail),
        trouble=_trouble(town, seen),
        rests=town.is_town and not town.own.registers.is_running,
        is_town=town.is_town,
    )
    return HomeView(
        status=status,
        needs=needs,
        convoys=convoys,
        landed_today=landed,
        agents=agents,
        mail=mail,
        feed=feed,
        is_town=town.is_town,
    )


def _trouble(town: Town, seen: Seen) -> str:
    if not town.is_town:
        return ""
    if seen.trouble or seen.sessions is None:
        return seen.trouble or "sessions cannot be seen"
    if town.own.registers.is_running and seen.daemon_alive is False:
        return "no daemon: gt start"
    return ""


_CONVOY_TONES = {
    "complete": Tone.GOOD,
    "active": Tone.GOOD,
    "stale": Tone.AMBER,
    "stuck": Tone.WARM,
    "unknown": Tone.AMBER,
}


def convoy_rows(town: Town, ages: Ages) -> tuple[tuple[ConvoyRow, ...], int]:
    """Open convoys, newest first, then those that landed within a day; and how many of those there are."""
    rolling: list[ConvoyRow] = []
    landed: list[ConvoyRow] = []
    for convoy in sorted(town.convoys(), key=lambda bead: bead.created_at, reverse=True):
        card = convoy_card(town, convoy, ages.now)
        row = ConvoyRow(
            convoy_id=convoy.id,
            title=convoy.title,
            done=card.done,
            total=card.total,
            state="landed" if convoy.is_closed else card.indicator,
            tone=Tone.DIM if convoy.is_closed else _CONVOY_TONES.get(card.indicator, Tone.DIM),
            age=ages.text(convoy.closed_at or card.since),
        )
        if not convoy.is_closed:
            rolling.append(row)
        elif (closed := moment(convoy.closed_at)) is not None and ages.now - closed < timedelta(days=1):
            landed.append(row)
    return (*rolling, *landed), len(landed)


def inbox(town: Town, ages: Ages, box: Address = OVERSEER) -> tuple[MailRow, ...]:
    """A box as listed: unread first, then newest first; archived messages stay away."""
    mails = [mail for mail in town.own.mail.values() if box in mail.recipients and box not in mail.archived_by]
    mails.sort(key=lambda mail: mail.timestamp, reverse=True)
    mails.sort(key=lambda mail: box in mail.read_by)
    return tuple(
        MailRow(
            message_id=mail.id,
            sender=short(mail.sender),
            subject=mail.subject,
            age=ages.text(mail.timestamp),
            unread=box not in mail.read_by,
            priority=mail.priority,
        )
        for mail in mails
    )
