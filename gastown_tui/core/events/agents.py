"""What agents are up to."""

from __future__ import annotations

from gastown_tui.core.events.envelope import Fact
from gastown_tui.core.model.ids import Address


class AgentRegistered(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent exists, whether or not it runs."""

    wire = "agent.registered"
    agent: Address
    runtime: str = ""
    worktree: str = ""


class AgentStarted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent's session runs."""

    wire = "agent.started"
    agent: Address
    session_name: str
    incarnation: str
    runtime: str = ""
    worktree: str = ""
    hooked_bead: str = ""


class AgentWorking(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent says what it is doing."""

    wire = "agent.working"
    agent: Address
    bead_id: str = ""
    note: str = ""


class AgentIdle(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent has nothing to do."""

    wire = "agent.idle"
    agent: Address
    note: str = ""


class AgentAsked(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent waits for the overseer's answer."""

    wire = "agent.asked"
    agent: Address
    question: str
    bead_id: str = ""
    choices: tuple[str, ...] = ()


class AgentAnswered(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A question was answered; the answer travels as mail or is typed by whoever answers."""

    wire = "agent.answered"
    agent: Address
    answer: str


class AgentStuck(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A patrol or the agent itself says that it does not get on, and why."""

    wire = "agent.stuck"
    agent: Address
    reason: str
    bead_id: str = ""


class AgentHandedOff(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent asked for a fresh session and left a note for it."""

    wire = "agent.handed_off"
    agent: Address
    note: str = ""


class AgentNudged(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A patrol rang an agent's bell."""

    wire = "agent.nudged"
    agent: Address
    reason: str = ""


class AgentStopped(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent's session ended."""

    wire = "agent.stopped"
    agent: Address
    reason: str = ""
    exit_code: int | None = None
    incarnation: str = ""


class AgentRetired(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """An agent is no more; its history stays."""

    wire = "agent.retired"
    agent: Address
    reason: str = ""
