"""The evidence behind an agent's status, as a page."""

from __future__ import annotations

from datetime import datetime

from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import Address
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.rules.dispatch import why_waits
from gastown_tui.core.rules.health import Seen, judge


def why_text(town: Town, address: str, seen: Seen, now: datetime) -> str:
    """Everything the verdict on an agent rests on, newest nudges included."""
    agent = town.agent(Address(address))
    if agent is None:
        return f"{address} is not an agent of this town"
    verdict = judge(town, agent, seen, now)
    lines = [f"{verdict.state.value}: {verdict.reason}", "", *(f"- {line}" for line in verdict.evidence)]
    dispatches = [each for each in town.dispatches() if address.startswith(f"{each.target}/")]
    lines += [f"- waits in line: {each.bead_id} ({why_waits(town, each)})" for each in dispatches]
    nudges = [nudge for nudge in town.own.registers.nudges.values() if nudge.agent == address]
    if nudges:
        lines += ["", "nudges"]
    for nudge in sorted(nudges, key=lambda each: each.queued_at, reverse=True)[:5]:
        at = moment(nudge.since)
        age = age_text(None if at is None else now - at)
        lines.append(f"- {nudge.state} {age} ago: {nudge.text}" + (f" ({nudge.reason})" if nudge.reason else ""))
    return "\n".join(lines)
