"""Who needs you: what only the overseer can settle, most urgent first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import Address
from gastown_tui.core.model.times import moment
from gastown_tui.core.model.town import Agent, Nudge
from gastown_tui.core.rules.escalations import why_over
from gastown_tui.core.rules.health import Verdict
from gastown_tui.core.views.agent_rows import LOOK, URGENCY
from gastown_tui.core.views.ages import Ages
from gastown_tui.core.views.feed import short


class NeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing only the overseer can settle, most urgent first."""

    key: str
    """What to snooze it by."""
    kind: str
    """`asks stuck crashed limited escalation stranded held`."""
    who: str
    text: str
    age: str
    glyph: str
    address: str = ""
    bead_id: str = ""
    choices: tuple[str, ...] = ()
    escalation_id: str = ""


def needs_you(
    town: Town, verdicts: Mapping[Address, Verdict], now: datetime, ages: Ages | None = None
) -> tuple[NeedRow, ...]:
    """What only a person can settle, most urgent first; snoozed rows stay away until their time."""
    ages = ages or Ages(now)
    rows: list[tuple[tuple[int, str], NeedRow]] = []
    for agent in town.agents():
        verdict = verdicts[agent.address]
        if verdict.needs_person:
            rows.append(((URGENCY[verdict.state], verdict.since), _agent_need(town, agent, verdict, ages)))
    for escalation in town.own.registers.escalations.values():
        if escalation.state == "open" and not why_over(town, escalation):
            row = NeedRow(
                key=f"escalation:{escalation.key or escalation.id}",
                kind="escalation",
                who=short(escalation.agent) or "town",
                text=escalation.text,
                age=ages.text(escalation.raised_at),
                glyph="!",
                address=escalation.agent,
                bead_id=escalation.bead_id,
                escalation_id=escalation.id,
            )
            rows.append(((0 if escalation.severity == "critical" else 4, escalation.raised_at), row))
    for nudge in _stranded(town):
        row = NeedRow(
            key=f"nudge:{nudge.id}",
            kind="stranded",
            who=short(nudge.agent),
            text=f"nudge “{nudge.text}” was not delivered: {nudge.reason}",
            age=ages.text(nudge.since),
            glyph="!",
            address=nudge.agent,
        )
        rows.append(((5, nudge.since), row))
    awake = [pair for pair in rows if not _is_snoozed(town, pair[1].key, now)]
    return tuple(row for _order, row in sorted(awake, key=lambda pair: pair[0]))


def _stranded(town: Town) -> list[Nudge]:
    """The last nudge to each agent, where it was not delivered; one that got through makes those before it good."""
    newest = {nudge.agent: nudge for nudge in sorted(town.own.registers.nudges.values(), key=lambda each: each.since)}
    return [nudge for nudge in newest.values() if nudge.state == "stranded"]


def _agent_need(town: Town, agent: Agent, verdict: Verdict, ages: Ages) -> NeedRow:
    hook = town.hook(agent.address)
    glyph, word, _tone = LOOK[verdict.state]
    return NeedRow(
        key=f"{verdict.state.value}:{agent.address}",
        kind=word,
        who=short(agent.address),
        text=verdict.reason,
        age=ages.text(verdict.since or agent.since),
        glyph=glyph,
        address=agent.address,
        bead_id=hook.bead_id if hook else agent.bead_id,
        choices=agent.choices,
    )


def _is_snoozed(town: Town, key: str, now: datetime) -> bool:
    until = moment(town.own.registers.snoozed.get(key))
    return until is not None and until > now
