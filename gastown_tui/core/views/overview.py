"""The town on one page: what `gt status` shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER, Role
from gastown_tui.core.model.ids import RigName
from gastown_tui.core.model.text import cut, one_line
from gastown_tui.core.rules.health import Seen, judge
from gastown_tui.core.rules.mailing import in_box
from gastown_tui.core.views.convoys import ConvoyView, convoy_views
from gastown_tui.core.views.home import NeedRow, needs_you
from gastown_tui.core.views.roster import RosterLine, roster, roster_text

_LISTED = 8


class RigLine(msgspec.Struct, frozen=True, kw_only=True):
    """One rig and how busy it is."""

    name: str
    prefix: str
    paused: str = ""
    gate: str = ""
    working: int = 0
    capacity: int = 0
    waiting: int = 0
    """Slings that wait for room."""
    pending: int = 0
    """Merge requests in line."""
    in_flight: int = 0
    """Merge requests being tried."""
    blocked: int = 0
    """Merge requests held or returned to their workers."""
    people: tuple[RosterLine, ...] = ()


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The town on one page."""

    name: str
    path: str
    is_running: bool
    daemon_pid: int | None
    """0 when no daemon runs, None when that could not be told."""
    trouble: str
    """What could not be seen, in words; never a false all-clear."""
    needs: tuple[NeedRow, ...]
    rigs: tuple[RigLine, ...]
    people: tuple[RosterLine, ...]
    """Everybody, town agents first."""
    convoys: tuple[ConvoyView, ...]
    unread: int
    """In the overseer's box."""
    newest: str = ""
    """The subject of the newest unread message there."""


def overview(
    town: Town, seen: Seen, now: datetime, *, path: str = "", daemon_pid: int | None = 0, everybody: bool = False
) -> Overview:
    """Read the whole page.

    Args:
        town: The ledgers.
        seen: One look at sessions.
        now: The moment of looking.
        path: The town's folder.
        daemon_pid: The daemon's process; 0 when none runs, None when that could not be told.
        everybody: Idle workers without a session too.
    """
    people = roster(town, seen, now, everybody=True)
    verdicts = {agent.address: judge(town, agent, seen, now) for agent in town.agents()}
    unread = in_box(town, OVERSEER, unread=True)
    shown = people if everybody else roster(town, seen, now, everybody=False)
    return Overview(
        name=town.name,
        path=path,
        is_running=town.own.registers.is_running,
        daemon_pid=daemon_pid,
        trouble=seen.trouble,
        needs=needs_you(town, verdicts, now),
        rigs=tuple(_rig(town, name, people) for name in town.rigs()),
        people=tuple(shown),
        convoys=convoy_views(town, now),
        unread=len(unread),
        newest=one_line(unread[-1].subject, 80) if unread else "",
    )


def _rig(town: Town, name: RigName, people: Sequence[RosterLine]) -> RigLine:
    rig, settings = town.rig(name), town.settings.rig(name)
    state = town.ledgers.get(name)
    states = [merge.state for merge in state.registers.merges.values() if merge.is_open] if state else []
    own = tuple(line for line in people if line.rig == name)
    return RigLine(
        name=name,
        prefix=rig.prefix,
        paused=rig.paused,
        gate=settings.gate,
        working=sum(line.role == Role.POLECAT and bool(line.bead_id) for line in own),
        capacity=settings.capacity,
        waiting=sum(each.target.split("/")[0] == name for each in town.dispatches()),
        pending=states.count("queued"),
        in_flight=states.count("running"),
        blocked=sum(state in {"held", "returned"} for state in states),
        people=own,
    )


# ---------------------------------------------------------------------------------------------- text


def overview_text(page: Overview) -> str:
    """The page for a terminal; empty parts are left out."""
    parts = [_head(page)]
    if page.needs:
        parts.append(_part(f"needs you ({len(page.needs)})", [_need(row) for row in page.needs[:_LISTED]]))
    parts.append(_part("rigs", [_rig_text(rig, page.rigs) for rig in page.rigs] or ["none: gt rig add NAME URL"]))
    parts.append(_part("agents", roster_text(page.people).splitlines()))
    if page.convoys:
        parts.append(_part("convoys", [view.line() for view in page.convoys]))
    if page.unread:
        parts.append(_part("mail", [f"{page.unread} unread for you, the newest: {page.newest}"]))
    return "\n".join(parts)


def _head(page: Overview) -> str:
    if page.daemon_pid is None:
        how = "may run or rest: its daemon's lock cannot be read"
    elif page.daemon_pid:
        how = f"runs, daemon is process {page.daemon_pid}"
    elif page.is_running:
        how = "is meant to run, but no daemon does: gt start"
    else:
        how = "rests: gt start sets it going"
    trouble = f"\n  sessions: {page.trouble}" if page.trouble else ""
    return f"{page.name}  {page.path}  {how}{trouble}"


def _part(title: str, lines: Sequence[str]) -> str:
    return "\n".join([title, *(f"  {line}" for line in lines)])


def _need(row: NeedRow) -> str:
    return f"{row.glyph} {row.who}  {row.kind}  {cut(one_line(row.text), 90)}  {row.age}  {row.bead_id}".rstrip()


def _rig_text(rig: RigLine, among: Sequence[RigLine]) -> str:
    width = max(len(each.name) for each in among)
    text = f"{rig.name:<{width}}  {rig.working}/{rig.capacity} working"
    text += f", {rig.waiting} waiting for room" if rig.waiting else ""
    merging = rig.pending + rig.in_flight
    text += f", {merging} merging" if merging else ""
    text += f", {rig.blocked} held or returned" if rig.blocked else ""
    text += f"  paused: {rig.paused}" if rig.paused else ""
    return text + ("" if rig.gate else "  no gate")


# ---------------------------------------------------------------------------------------------- data


def overview_data(page: Overview) -> dict[str, Any]:
    """The page as programs read it."""
    return {
        "name": page.name,
        "location": page.path,
        "running": page.is_running,
        "daemon": {"running": None if page.daemon_pid is None else bool(page.daemon_pid), "pid": page.daemon_pid or 0},
        "trouble": page.trouble,
        "overseer": {"unread_mail": page.unread, "first_subject": page.newest},
        "needs_you": msgspec.to_builtins(page.needs),
        "agents": [_person(line) for line in page.people],
        "rigs": [_rig_data(rig) for rig in page.rigs],
        "convoys": [view.data() for view in page.convoys],
        "summary": {
            "rig_count": len(page.rigs),
            "polecat_count": _count(page, Role.POLECAT),
            "crew_count": _count(page, Role.CREW),
            "witness_count": _count(page, Role.WITNESS),
            "refinery_count": _count(page, Role.REFINERY),
            "active_hooks": sum(bool(line.bead_id) for line in page.people),
            "queue": sum(rig.pending + rig.in_flight for rig in page.rigs),
            "needs_you": len(page.needs),
            "open_convoys": len(page.convoys),
        },
    }


def _count(page: Overview, role: Role) -> int:
    return sum(line.role == role for rig in page.rigs for line in rig.people)


def _person(line: RosterLine) -> dict[str, Any]:
    return {
        "name": line.name,
        "address": line.address,
        "role": line.role,
        "rig": line.rig,
        "session": line.session,
        "running": bool(line.session),
        "state": line.state,
        "reason": line.reason,
        "has_work": bool(line.bead_id),
        "hook_bead": line.bead_id,
        "work_title": line.title,
        "runtime": line.runtime,
        "unread_mail": line.unread,
        "since": line.since,
    }


def _rig_data(rig: RigLine) -> dict[str, Any]:
    names = {role: [line.name for line in rig.people if line.role == role] for role in (Role.POLECAT, Role.CREW)}
    roles = {line.role for line in rig.people}
    return {
        "name": rig.name,
        "prefix": rig.prefix,
        "paused": rig.paused,
        "gate": rig.gate,
        "polecats": names[Role.POLECAT],
        "polecat_count": len(names[Role.POLECAT]),
        "crews": names[Role.CREW],
        "crew_count": len(names[Role.CREW]),
        "has_witness": Role.WITNESS in roles,
        "has_refinery": Role.REFINERY in roles,
        "hooks": [
            {"agent": line.address, "role": line.role, "bead": line.bead_id, "title": line.title}
            for line in rig.people
            if line.bead_id
        ],
        "capacity": rig.capacity,
        "working": rig.working,
        "waiting": rig.waiting,
        "mq": {
            "pending": rig.pending,
            "in_flight": rig.in_flight,
            "blocked": rig.blocked,
            "state": "processing" if rig.in_flight else "blocked" if rig.blocked and not rig.pending else "idle",
        },
    }
