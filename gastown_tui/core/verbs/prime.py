"""`gt prime`: what a session reads first. Who you are, what hangs there, what is new, how to finish, and begin."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER, Role, parts
from gastown_tui.core.model.ids import Address
from gastown_tui.core.model.text import quoted
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import addresses, mailing, priming
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, verb
from gastown_tui.core.verbs.start_prompt import role_words
from gastown_tui.core.views import hook_card, inbox


class Primed(Receipt, frozen=True, kw_only=True):
    """What a session starts with."""

    agent: str = ""
    role: str = ""
    state: str = ""
    """`normal handoff crash-recovery autonomous`; empty outside a town."""
    bead_id: str = ""
    next: str = ""
    starts: int = 0
    """Sessions so far for this assignment."""
    unread: int = 0
    briefing: str = ""
    only_state: bool = False

    def text(self) -> str:
        """The briefing, or the state alone."""
        return self.state if self.only_state else self.briefing

    def data(self) -> Any:
        """Everything; the briefing only where it was asked for."""
        record: dict[str, Any] = msgspec.to_builtins(self)
        del record["only_state"]
        if self.only_state:
            del record["briefing"]
        return record


@verb(group="work", needs=Needs.NOTHING)
def prime(
    hands: Hands,
    *,
    hook: Annotated[bool, Arg("called by a program's own start hook", flags=("--hook",))] = False,
    state: Annotated[bool, Arg("only say in what state you wake")] = False,
) -> Primed:
    """Tell a session who it is, what hangs on its hook and what is new.

    Outside a town it says nothing and succeeds.
    """
    try:
        town = hands.ledger.read()
    except NotFound:
        return Primed()
    if not town.is_town:
        return Primed()
    agent = addresses.speaker(hands.actor)
    try:
        role = parts(agent).role
    except BadInput:
        return Primed()
    primed, shown = _briefing(hands, town, agent, role)
    if state:
        return msgspec.structs.replace(primed, only_state=True)
    if agent != OVERSEER:
        _remember(hands, agent, shown)
    return primed


def _remember(hands: Hands, agent: Address, shown: tuple[Any, ...]) -> None:
    town = hands.ledger.read()
    work = town.hook(agent)
    ledger = town.ledger_of(work.bead_id) if work else ""
    ledgers = ("", ledger) if ledger else ("",)

    def decide(now: Town) -> tuple[e.Entry, ...]:
        return tuple(each for each in priming.remember(now, agent, shown) if each.ledger in ledgers)

    hands.ledger.record(decide, actor=hands.actor, ledgers=ledgers)


def _briefing(hands: Hands, town: Town, agent: Address, role: Role) -> tuple[Primed, tuple[Any, ...]]:
    woke = priming.waking(town, agent)
    card = hook_card.card(town, agent)
    note = priming.handoff_note(town, agent)
    fresh = [mail for mail in mailing.to_inject(town, agent) if note is None or mail.id != note.id]
    mail_text, shown = inbox.injection(fresh, hands.clock.now())
    unread = len(mailing.in_box(town, agent, unread=True))
    known = town.agent(agent)
    sections = [priming.who_line(town, agent), role_words(role)]
    if card is not None:
        sections.append("\n".join(["## Your hook", "", *hook_card.long_lines(card)]))
    if note is not None:
        sections.append(f"## Note of the session before you ({note.id})\n\n{quoted(note.body).strip()}")
    if mail_text:
        sections.append(f"## Mail\n\n{mail_text}")
    closing = priming.closing_lines(woke, agent, has_work=card is not None)
    if card is not None:
        closing.append(f"Next: {hook_card.next_words(card)}")
    sections.append("\n".join(["## Now", "", *closing]))
    primed = Primed(
        agent=agent,
        role=role.value,
        state=woke.value,
        bead_id=card.bead_id if card else "",
        next=hook_card.next_words(card) if card else "",
        starts=known.starts if known else 0,
        unread=unread,
        briefing="\n\n".join(sections),
    )
    return primed, (*shown, *([note] if note is not None else []))
