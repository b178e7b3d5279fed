"""Waking up: in what state an agent wakes, and what its waking leaves in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from gastown_tui.core import events as e
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import Role, parts
from gastown_tui.core.model.ids import Address
from gastown_tui.core.model.town import Mail
from gastown_tui.core.rules import mailing


class Waking(StrEnum):
    """In what state an agent wakes."""

    NORMAL = "normal"
    """Nothing hangs on its hook."""
    HANDOFF = "handoff"
    """A session before it left a note."""
    CRASH_RECOVERY = "crash-recovery"
    """A session before it ended in the middle of this very work."""
    AUTONOMOUS = "autonomous"
    """Work hangs on its hook: it begins without asking."""


def waking(town: Town, agent: Address) -> Waking:
    """In what state an agent wakes. A note left behind comes before a crash, a crash before fresh work."""
    note = handoff_note(town, agent)
    if note is not None and agent not in (*note.delivered_to, *note.read_by):
        return Waking.HANDOFF
    hook = town.hook(agent)
    if hook is None:
        return Waking.NORMAL
    known = town.agent(agent)
    if known is not None and known.bead_id == hook.bead_id and known.starts > 1:
        return Waking.CRASH_RECOVERY
    return Waking.AUTONOMOUS


def handoff_note(town: Town, agent: Address) -> Mail | None:
    """The newest note of an earlier session: one nobody was shown yet, or one about the work on the hook."""
    hook = town.hook(agent)
    work = hook.bead_id if hook else ""
    notes = (
        mail
        for mail in mailing.in_box(town, agent)
        if mail.type == "handoff"
        and mail.bead_id in {"", work}
        and (mail.bead_id or agent not in (*mail.delivered_to, *mail.read_by))
    )
    return max(notes, key=lambda mail: (mail.timestamp, mail.id), default=None)


def remember(town: Town, agent: Address, shown: Sequence[Mail]) -> tuple[e.Entry, ...]:
    """What an agent's own waking leaves behind: it looked at its hook, was shown that mail, and is at work."""
    hook, known = town.hook(agent), town.agent(agent)
    ledger = "" if hook is None else town.ledger_of(hook.bead_id)
    entries = [e.Entry(e.HookChecked(agent=agent, found=hook is not None), ledger), *mailing.delivered(shown, agent)]
    at_work = known is not None and hook is not None and known.state == "working" and known.bead_id == hook.bead_id
    if hook is not None and not at_work and parts(agent).role is not Role.OVERSEER:
        entries.append(e.Entry(e.AgentWorking(agent=agent, bead_id=hook.bead_id)))
    return tuple(entries)


# ---------------------------------------------------------------------------------------------- as text


def who_line(town: Town, agent: Address) -> str:
    """Who an agent is, in one line."""
    who = parts(agent)
    where = f" of rig {who.rig}" if who.rig else ""
    name = f" {who.name}" if who.name else ""
    return f"You are {agent}: {who.role.value}{name}{where} in {town.name or 'this town'}."


def closing_lines(state: Waking, agent: Address, *, has_work: bool) -> list[str]:
    """The last words of a wake-up: begin, or what to wait for."""
    lines: list[str] = []
    if state is Waking.HANDOFF:
        lines.append("The session before you handed off and left the note above. Do not hand off again for it.")
    if state is Waking.CRASH_RECOVERY:
        lines.append("The session before you ended in the middle of this work. Look at git status and git log first.")
    if not has_work:
        lines.append("Nothing hangs on your hook. Read your mail, then wait for work.")
    elif parts(agent).role is not Role.OVERSEER:
        lines.append("Work hangs on your hook: begin now. Ask nobody, wait for nothing.")
    return lines
