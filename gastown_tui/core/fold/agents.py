"""Events about agents, onto the registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.fold.state import LedgerState
from gastown_tui.core.model.ids import Address
from gastown_tui.core.model.town import Agent


def change_agent(state: LedgerState, address: Address, event: e.Event, /, **changes: Any) -> None:
    """Set fields of an agent, known or not; a change of state begins anew."""
    agents = state.registers.agents
    agent = agents.get(address) or Agent(address=address, since=event.timestamp)
    if changes.get("state", agent.state) != agent.state:
        changes.setdefault("since", event.timestamp)
    agents[address] = replace(agent, **changes)


def agent_registered(state: LedgerState, fact: e.AgentRegistered, event: e.Event) -> None:
    """Registering again changes the runtime, nothing else."""
    known = state.registers.agents.get(fact.agent)
    change_agent(
        state,
        fact.agent,
        event,
        state="registered" if known is None or known.state == "retired" else known.state,
        runtime=fact.runtime or (known.runtime if known else ""),
        worktree=fact.worktree or (known.worktree if known else ""),
    )


def agent_started(state: LedgerState, fact: e.AgentStarted, event: e.Event) -> None:
    """A fresh session; starts are counted per hooked bead."""
    known = state.registers.agents.get(fact.agent)
    same = known is not None and known.bead_id == fact.hooked_bead
    change_agent(
        state,
        fact.agent,
        event,
        state="started",
        since=event.timestamp,
        session=fact.session_name,
        incarnation=fact.incarnation,
        runtime=fact.runtime or (known.runtime if known else ""),
        worktree=fact.worktree or (known.worktree if known else ""),
        bead_id=fact.hooked_bead,
        starts=(known.starts if known and same else 0) + 1,
        note="",
        question="",
        choices=(),
        exit_code=None,
    )


def agent_working(state: LedgerState, fact: e.AgentWorking, event: e.Event) -> None:
    """Busy, and with what."""
    known = state.registers.agents.get(fact.agent)
    bead_id = fact.bead_id or (known.bead_id if known else "")
    change_agent(state, fact.agent, event, state="working", note=fact.note, question="", choices=(), bead_id=bead_id)


def agent_idle(state: LedgerState, fact: e.AgentIdle, event: e.Event) -> None:
    """Free."""
    change_agent(state, fact.agent, event, state="idle", note=fact.note, question="", choices=())


def agent_asked(state: LedgerState, fact: e.AgentAsked, event: e.Event) -> None:
    """Waits for a person."""
    change_agent(state, fact.agent, event, state="asking", question=fact.question, choices=fact.choices)


def agent_answered(state: LedgerState, fact: e.AgentAnswered, event: e.Event) -> None:
    """The question is no longer open."""
    agent = state.registers.agents.get(fact.agent)
    if agent is not None and agent.state == "asking":
        change_agent(
            state, fact.agent, event, state="working", question="", choices=(), note=f"answered: {fact.answer}"
        )


def agent_stuck(state: LedgerState, fact: e.AgentStuck, event: e.Event) -> None:
    """Does not get on."""
    change_agent(state, fact.agent, event, state="stuck", note=fact.reason)


def agent_stopped(state: LedgerState, fact: e.AgentStopped, event: e.Event) -> None:
    """Fenced: the end of an older session does not touch a newer one."""
    agent = state.registers.agents.get(fact.agent)
    if agent is None or (fact.incarnation and agent.incarnation and fact.incarnation != agent.incarnation):
        return
    changes: dict[str, Any] = {"note": fact.reason, "exit_code": fact.exit_code, "question": "", "choices": ()}
    change_agent(state, fact.agent, event, state="stopped", session="", **changes)


def agent_retired(state: LedgerState, fact: e.AgentRetired, event: e.Event) -> None:
    """No more."""
    change_agent(state, fact.agent, event, state="retired", session="", note=fact.reason, bead_id="")


def agent_handed_off(state: LedgerState, fact: e.AgentHandedOff, event: e.Event) -> None:
    """The note waits for the next session; a hand-off is no crash, so it does not count as a restart."""
    change_agent(state, fact.agent, event, note=fact.note, starts=0)


HANDLERS: dict[type[e.Fact], Callable[[LedgerState, Any, e.Event], None]] = {
    e.AgentRegistered: agent_registered,
    e.AgentStarted: agent_started,
    e.AgentWorking: agent_working,
    e.AgentIdle: agent_idle,
    e.AgentAsked: agent_asked,
    e.AgentAnswered: agent_answered,
    e.AgentStuck: agent_stuck,
    e.AgentStopped: agent_stopped,
    e.AgentRetired: agent_retired,
    e.AgentHandedOff: agent_handed_off,
}
