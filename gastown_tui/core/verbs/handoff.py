"""`gt handoff`: a fresh session for the same work, and a note for it."""

from __future__ import annotations

from typing import Annotated

from gastown_tui.core import events as e
from gastown_tui.core.errors import Refused, ToolFailed
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER
from gastown_tui.core.model.ids import Address
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.town import Agent
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import addresses, mailing
from gastown_tui.core.verbs.declare import Arg, Receipt, Suggest, verb


class HandedOff(Receipt, frozen=True, kw_only=True):
    """A fresh session comes, or has to be started by hand."""

    agent: Address
    message_id: str
    respawns: bool
    reason: str = ""

    def text(self) -> str:
        """What happens next."""
        if self.respawns:
            return f"Handed off: a fresh session of {self.agent} starts and reads {self.message_id}"
        return f"Handed off: {self.message_id} waits for the next session ({self.reason}). End this one now."


@verb(group="work")
def handoff(
    hands: Hands,
    bead: Annotated[str, Arg("a bead to take on the hook first", suggest=Suggest.BEAD)] = "",
    *,
    title: Annotated[str, Arg("what it is about", flags=("--subject", "-s"))] = "",
    message: Annotated[str, Arg("what the next session must know", flags=("--message", "-m"), long_text=True)] = "",
) -> HandedOff:
    """Leave a note and get a fresh session; what hangs on your hook stays there.

    Raises:
        Refused: a person has no session to hand off.
    """
    agent = addresses.speaker(hands.actor)
    if agent == OVERSEER:
        raise Refused("the overseer has no session to hand off", hint="gt respawn AGENT gives an agent a fresh one")
    if bead:
        from gastown_tui.core.verbs import work

        work.sling(hands, (bead,))
    message_id = hands.mint.mail_id()

    def decide(town: Town) -> list[e.Entry]:
        hook = town.hook(agent)
        about = one_line(title or (town.bead(hook.bead_id).title if hook else "") or "fresh session", 150)
        letter = mailing.Letter(
            message_id=message_id,
            sender=agent,
            to=(agent,),
            subject=f"HANDOFF: {about}",
            body=message or f"Handed off at {hook.bead_id if hook else 'no work'}; no note was left.",
            type="handoff",
            priority="high",
            bead_id=hook.bead_id if hook else "",
        )
        gone = e.AgentHandedOff(agent=agent, note=one_line(message, 300))
        return [*mailing.send(town, letter), e.Entry(gone)]

    recorded = hands.ledger.record(decide, actor=hands.actor)
    reason = _respawn_apart(hands, recorded.town.agent(agent))
    return HandedOff(agent=agent, message_id=message_id, respawns=not reason, reason=reason)


def _respawn_apart(hands: Hands, known: Agent | None) -> str:
    """Have a process outside this session end it and start a fresh one; why not, when it cannot be had."""
    if trouble := hands.sessions.unavailable():
        return trouble
    if known is None or not known.session or hands.sessions.find(known.session) is None:
        return "no session of it runs"
    home = hands.ledger.home
    argv = (str(home / "bin" / "gt"), "respawn", known.address, "--incarnation", known.incarnation)
    env = {key: value for key, value in hands.env.items() if not key.startswith(("GT_", "BEADS_", "TMUX"))}
    env |= {"BD_ACTOR": known.address, "GT_ROOT": str(home)}
    try:
        hands.processes.spawn_detached(argv, cwd=home, env=env, log=home / "logs" / "respawn.log")
    except ToolFailed as error:
        return error.message
    return ""
