"""Looking at agents and going to them: agents, peek, attach, respawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from gastown_tui.core.errors import Conflict, GastownError, NotFound, Refused, ToolFailed
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import DEACON, MAYOR, OVERSEER, Role, parts, session_name
from gastown_tui.core.model.ids import Address
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import addresses
from gastown_tui.core.rules.health import Seen
from gastown_tui.core.verbs.declare import Arg, Handover, Receipt, Suggest, verb
from gastown_tui.core.verbs.waking import rest, wake
from gastown_tui.core.views.roster import RosterLine, roster, roster_text

PEEK_LINES = 100
"""How much of what scrolled by a peek shows."""
_PEEK_LIMIT = 10_000
WAKE_PATIENCE_S = 20.0


class Roster(Receipt, frozen=True, kw_only=True):
    """Everybody, and how they fare."""

    agents: tuple[RosterLine, ...]
    trouble: str = ""
    """Why sessions could not be looked at."""

    def text(self) -> str:
        """The list."""
        return roster_text(self.agents)

    def data(self) -> Any:
        """The lines alone."""
        return msgspec.to_builtins(self.agents)

    def warnings(self) -> tuple[str, ...]:
        """Why states are unknown, when they are."""
        return (self.trouble,) if self.trouble else ()


@verb(group="agents", mutates=False)
def agents(
    hands: Hands,
    rig: Annotated[str, Arg("only this rig's", suggest=Suggest.RIG)] = "",
    *,
    all_: Annotated[bool, Arg("idle workers without a session too", flags=("--all", "-a"))] = False,
) -> Roster:
    """List the agents, how each fares and what it holds."""
    town = hands.ledger.read()
    if rig:
        town.rig(rig)
    seen = look(hands)
    lines = roster(town, seen, hands.clock.now(), everybody=all_, rig=rig)
    return Roster(agents=tuple(lines), trouble=seen.trouble)


def look(hands: Hands) -> Seen:
    """One look at all sessions and the daemon; what cannot be seen is unknown, not gone."""
    alive = _daemon_alive(hands)
    if trouble := hands.sessions.unavailable():
        return Seen(sessions={}, trouble=trouble, daemon_alive=alive)
    try:
        return Seen(sessions={fact.name: fact for fact in hands.sessions.all()}, daemon_alive=alive)
    except ToolFailed as error:
        return Seen(sessions=None, trouble=error.message, daemon_alive=alive)


def _daemon_alive(hands: Hands) -> bool | None:
    from gastown_tui.core.verbs.running import find_daemon

    try:
        return find_daemon(hands).runs
    except (OSError, GastownError):
        return None


# ---------------------------------------------------------------------------------------------- peek


class Peeked(Receipt, frozen=True, kw_only=True):
    """What an agent's screen shows."""

    agent: Address
    session: str
    lines: tuple[str, ...]
    ended: bool = False
    """Its program has ended; this is what it left behind."""
    exit_status: int | None = None

    def text(self) -> str:
        """The screen, without the empty rows below it."""
        return "\n".join(self.lines)

    def warnings(self) -> tuple[str, ...]:
        """That its program has ended, when it has."""
        if not self.ended:
            return ()
        code = "" if self.exit_status is None else f" with status {self.exit_status}"
        return (f"the program of {self.agent} has ended{code}",)


@verb(group="agents", mutates=False)
def peek(
    hands: Hands,
    agent: Annotated[str, Arg("whose screen", suggest=Suggest.AGENT)],
    count: Annotated[int, Arg("how many lines", metavar="LINES")] = PEEK_LINES,
    *,
    lines: Annotated[int, Arg("how many lines", flags=("--lines", "-n"))] = 0,
    colour: Annotated[bool, Arg("keep colours", flags=("--colour", "--color"))] = False,
) -> Peeked:
    """Show the last lines of an agent's screen.

    Raises:
        NotFound: nobody answers to that name, or it has no session.
    """
    town = hands.ledger.read()
    who = _who(hands, town, agent)
    name = session_name(who)
    wanted = max(1, min(_PEEK_LIMIT, lines or count))
    if trouble := hands.sessions.unavailable():
        raise ToolFailed(f"{who} has no screen to look at: {trouble}")
    fact = hands.sessions.find(name)
    if fact is None:
        raise NotFound(f"{who} has no session", hint=f"gt attach {who} starts it; gt agents shows who runs")
    rows = hands.sessions.capture(name, history_lines=wanted, colours=colour).lines
    shown = _without_end(rows, _DEAD if fact.dead else None)
    return Peeked(
        agent=who,
        session=name,
        lines=shown[-wanted:],
        ended=fact.dead,
        exit_status=fact.exit_status if fact.dead else None,
    )


_DEAD = re.compile(r"(?:\x1b\[[0-9;:]*m)*Pane is dead \(.*")
"""What tmux writes at the foot of a pane whose program has ended."""


def _without_end(rows: Sequence[str], notice: re.Pattern[str] | None) -> tuple[str, ...]:
    """The rows up to the last one a program wrote."""
    shown = list(rows)
    while shown and (not shown[-1].strip() or (notice is not None and notice.match(shown[-1]))):
        shown.pop()
    return tuple(shown)


# ---------------------------------------------------------------------------------------------- attach


@verb(group="agents")
def attach(
    hands: Hands,
    agent: Annotated[str, Arg("whose session", suggest=Suggest.AGENT)],
) -> Handover:
    """Go into an agent's session, which is started when it does not run.

    From inside the town's own tmux it switches over; anywhere else your terminal goes there until you detach.

    Raises:
        NotFound: nobody answers to that name.
        Refused: a worker without work has no session.
        ToolFailed: no session could be had.
    """
    return _attach(hands, _who(hands, hands.ledger.read(), agent))


@verb("mayor attach", group="agents", aliases=("mayor at",))
def mayor_attach(hands: Hands) -> Handover:
    """Enter the mayor's office."""
    return _attach(hands, MAYOR)


@verb("deacon attach", group="agents", aliases=("deacon at",))
def deacon_attach(hands: Hands) -> Handover:
    """Go into the deacon's session."""
    return _attach(hands, DEACON)


@verb("witness attach", group="agents", aliases=("witness at",))
def witness_attach(
    hands: Hands, rig: Annotated[str, Arg("of which rig; the only one when left out", suggest=Suggest.RIG)] = ""
) -> Handover:
    """Go into the session of a rig's witness."""
    return _attach(hands, _who(hands, hands.ledger.read(), f"{rig}/witness" if rig else "witness"))


@verb("refinery attach", group="agents", aliases=("refinery at",))
def refinery_attach(
    hands: Hands, rig: Annotated[str, Arg("of which rig; the only one when left out", suggest=Suggest.RIG)] = ""
) -> Handover:
    """Go into the session of a rig's refinery."""
    return _attach(hands, _who(hands, hands.ledger.read(), f"{rig}/refinery" if rig else "refinery"))


@verb("crew attach", group="agents", aliases=("crew at",))
def crew_attach(hands: Hands, name: Annotated[str, Arg("which crew member", suggest=Suggest.AGENT)]) -> Handover:
    """Go into a crew member's session."""
    who = _who(hands, hands.ledger.read(), name)
    if parts(who).role is not Role.CREW:
        raise NotFound(f"{who} is not crew", hint=f"gt attach {who}")
    return _attach(hands, who)


def _attach(hands: Hands, who: Address) -> Handover:
    if who == OVERSEER:
        raise Refused("the overseer is a person and has no session", hint="gt mayor attach goes to the mayor")
    name = session_name(who)
    if trouble := hands.sessions.unavailable():
        raise ToolFailed(f"{who} has no session: {trouble}", hint="the town keeps its state without tmux all the same")
    there = hands.sessions.find(name)
    started = False
    if there is None or there.dead:
        woken = wake(hands, who, patience_s=WAKE_PATIENCE_S)
        if not woken.session:
            is_program = woken.reason.startswith("runtime ")
            hint = "gt config set runtime NAME chooses another program" if is_program else "gt sling gives it work"
            raise Refused(f"{who} has no session: {woken.reason}", hint=hint)
        started = woken.started
    argv = hands.sessions.switch_argv(name) if _is_inside(hands) else hands.sessions.attach_argv(name)
    return Handover(argv=argv, session=name, started=started)


def _is_inside(hands: Hands) -> bool:
    """Whether this terminal shows a session of the town's own tmux server."""
    socket = hands.env.get("TMUX", "").rpartition(",")[0].rpartition(",")[0]
    return bool(socket) and socket == str(hands.sessions.socket)


def _who(hands: Hands, town: Town, text: str) -> Address:
    here = addresses.rig_around(town, actor=hands.actor, env=hands.env, home=hands.ledger.home, cwd=hands.cwd)
    return addresses.resolve(town, text, here=here)


# ---------------------------------------------------------------------------------------------- respawn


class Respawned(Receipt, frozen=True, kw_only=True):
    """A session ended and another begun."""

    agent: Address
    session: str = ""
    reason: str = ""

    def text(self) -> str:
        """One line."""
        return f"Respawned {self.session}" if self.session else f"{self.agent} has no session: {self.reason}"

    def code(self) -> int:
        """Failure when nothing runs now."""
        return int(not self.session)


@verb(group="agents")
def respawn(
    hands: Hands,
    agent: Annotated[str, Arg("whose session", suggest=Suggest.AGENT)],
    *,
    incarnation: Annotated[str, Arg("only the session started as this one", hidden=True)] = "",
    resume: Annotated[bool, Arg("continue its last conversation")] = False,
) -> Respawned:
    """End an agent's session and start a fresh one; its hook and its worktree stay.

    Raises:
        NotFound: nobody answers to that name.
        Conflict: the session is a newer one than meant.
    """
    who = _who(hands, hands.ledger.read(), agent)
    rested = rest(hands, who, "respawned", incarnation=incarnation)
    if incarnation and not rested.ended and rested.reason != "no session ran":
        raise Conflict(f"{who} was not respawned: {rested.reason}")
    woken = wake(hands, who, resume=resume, patience_s=WAKE_PATIENCE_S)
    return Respawned(agent=who, session=woken.session, reason=woken.reason)
