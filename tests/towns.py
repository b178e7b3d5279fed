"""Towns made by hand for tests of rules and views: pure, with a clock that stands still."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from gastown_tui.core.events import Edge, Entry, Event, Fact
from gastown_tui.core.fold import LedgerState, Town, apply
from gastown_tui.core.model.bead import Bead, Dependency
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId, EventId, MailId, RigName
from gastown_tui.core.model.settings import Settings
from gastown_tui.core.model.times import stamp
from gastown_tui.core.model.town import Agent, Hook, Mail, MergeRequest, Rig

NOW = datetime(2026, 1, 6, 12, 0, tzinfo=UTC)
"""The moment every such town is looked at."""

_numbers = itertools.count(1)


def ago(**span: float) -> str:
    """A stamp that far before `NOW`: `ago(minutes=3)`."""
    return stamp(NOW - timedelta(**span))


def a_bead(
    bead_id: str,
    title: str = "",
    *,
    status: str = "open",
    kind: str = "task",
    needs: Iterable[str | Edge] = (),
    parent: str = "",
    **fields: Any,
) -> Bead:
    """A bead; `needs` are ids it is blocked by, or edges of any type."""
    edges = [each if isinstance(each, Edge) else Edge(depends_on_id=BeadId(each)) for each in needs]
    if parent:
        edges.append(Edge(depends_on_id=BeadId(parent), dependency_type="parent-child"))
    dependencies = tuple(
        Dependency(
            issue_id=BeadId(bead_id),
            depends_on_id=edge.depends_on_id,
            type=edge.dependency_type,
            created_at=ago(hours=1),
            metadata=edge.metadata,
        )
        for edge in edges
    )
    record: dict[str, Any] = {"priority": 2, "created_at": ago(hours=1), "updated_at": ago(hours=1)} | fields
    return Bead(
        id=BeadId(bead_id),
        title=title or f"Bead {bead_id}",
        status=status,
        issue_type=kind,
        dependencies=dependencies or None,
        **record,
    )


def a_convoy(bead_id: str, *tracked: str, title: str = "", status: str = "open", **fields: Any) -> Bead:
    """A convoy of those beads."""
    edges = [Edge(depends_on_id=BeadId(each), dependency_type="tracks") for each in tracked]
    return a_bead(bead_id, title or f"Convoy {bead_id}", status=status, kind="convoy", needs=edges, **fields)


def an_agent(address: str, state: str = "idle", **fields: Any) -> Agent:
    """An agent of the town."""
    return Agent(address=Address(address), state=state, since=fields.pop("since", ago(minutes=10)), **fields)


def a_rig(name: str, prefix: str, **fields: Any) -> Rig:
    """A project of the town."""
    url = f"/repositories/{name}.git"
    record: dict[str, Any] = {"url": url, "default_branch": "main", "added_at": ago(hours=2)} | fields
    return Rig(name=RigName(name), prefix=prefix, **record)


def a_hook(agent: str, bead_id: str, **fields: Any) -> Hook:
    """Work on an agent's hook."""
    record: dict[str, Any] = {"assignment_id": AssignmentId(f"asg-{bead_id}"), "since": ago(minutes=10)} | fields
    return Hook(agent=Address(agent), bead_id=BeadId(bead_id), **record)


def a_mail(message_id: str, to: str | tuple[str, ...], subject: str = "", **fields: Any) -> Mail:
    """A message in somebody's box."""
    boxes = (to,) if isinstance(to, str) else to
    thread_id = MailId(message_id)
    record: dict[str, Any] = {"sender": "overseer", "timestamp": ago(minutes=30), "thread_id": thread_id} | fields
    to_all = tuple(Address(box) for box in boxes)
    return Mail(id=MailId(message_id), to=to_all, subject=subject or f"Message {message_id}", **record)


def a_town(
    *,
    beads: Iterable[Bead | str] = (),
    agents: Iterable[Agent | str] = (),
    rigs: Iterable[Rig] | Mapping[str, str] = (),
    hooks: Iterable[Hook] = (),
    mail: Iterable[Mail] = (),
    merges: Iterable[MergeRequest] = (),
    settings: Settings | None = None,
    prefix: str = "hq",
    name: str = "test town",
    is_running: bool = True,
    is_town: bool = True,
) -> Town:
    """A town of one's own making.

    Args:
        beads: Beads, or ids of plain open tasks; each goes to the ledger its prefix routes to.
        agents: Agents, or addresses of idle ones. The mayor, the deacon and each rig's witness and refinery are
            always there unless `is_town` is false.
        rigs: Rigs, or prefixes by rig name: `{"api": "ap"}`.
        hooks: What hangs where. The bead's own status and assignee are the caller's to set.
        mail: Messages.
        merges: Merge requests, each in the ledger of its bead.
        settings: What people set.
        prefix: Prefix of the town's own beads.
        name: What the town is called.
        is_running: Whether the town was started.
        is_town: False for a lone `.beads`.
    """
    listed: list[Rig]
    if isinstance(rigs, Mapping):
        listed = [a_rig(each, key) for each, key in cast("Mapping[str, str]", rigs).items()]
    else:
        listed = list(rigs)
    ledgers = {"": LedgerState(), **{str(rig.name): LedgerState() for rig in listed}}
    town = Town(ledgers, settings or Settings(), is_town=is_town)
    own = town.own.registers
    own.prefix, own.town_name, own.is_running = prefix, name if is_town else "", is_running
    for rig in listed:
        own.rigs[rig.name] = rig
        ledgers[rig.name].registers.prefix = rig.prefix
    if is_town:
        standing = ["mayor", "deacon", *(f"{rig.name}/{role}" for rig in listed for role in ("witness", "refinery"))]
        agents = [*standing, *agents]
    for agent in agents:
        known = an_agent(agent) if isinstance(agent, str) else agent
        own.agents[known.address] = known
    for bead in beads:
        filed = a_bead(bead) if isinstance(bead, str) else bead
        ledgers[town.ledger_of(filed.id)].beads[filed.id] = filed
    for hook in hooks:
        ledgers[town.ledger_of(hook.bead_id)].registers.hooks[hook.agent] = hook
    for merge in merges:
        ledgers[town.ledger_of(merge.bead_id)].registers.merges[merge.id] = merge
    for message in mail:
        town.own.mail[message.id] = message
    return town


def an_event(fact: Fact, *, actor: str = "overseer", at: str = "") -> Event:
    """A fact in its envelope, as a ledger would have stamped it."""
    event_id = EventId(f"evt-{next(_numbers):026d}")
    return Event(
        event_id=event_id, event_type=fact.wire, timestamp=at or stamp(NOW), actor=actor, tx=event_id, fact=fact
    )


def after(town: Town, entries: Iterable[Entry], *, actor: str = "overseer", at: str = "") -> Town:
    """The town once those entries are recorded; the town given stays as it was."""
    changed = copy.deepcopy(town)
    for entry in entries:
        apply(changed.ledgers[entry.ledger], an_event(entry.fact, actor=actor, at=at))
    return changed


def facts(entries: Iterable[Entry]) -> list[Fact]:
    """The facts alone, for comparing."""
    return [entry.fact for entry in entries]
