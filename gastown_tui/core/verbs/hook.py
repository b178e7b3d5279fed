"""`gt hook`: what hangs there. Agents ask all the time, so this room is small and reads only."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from gastown_tui.core.model.ids import Address
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import addresses
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import hook_card


class Hooked(Receipt, frozen=True, kw_only=True):
    """What hangs on one hook."""

    agent: Address
    card: hook_card.HookCard | None = None

    def text(self) -> str:
        """The documents' wording, then the work in a few lines."""
        if self.card is None:
            return f"Nothing hangs on the hook of {self.agent}."
        return "\n".join(hook_card.short_lines(self.card))

    def data(self) -> Any:
        """The card, or the bare agent with null."""
        if self.card is None:
            return {"agent": self.agent, "bead_id": None}
        record: dict[str, Any] = msgspec.to_builtins(self.card)
        step = self.card.next_step
        return record | {"next_step": None if step is None else step.bead_id, "next": hook_card.next_words(self.card)}


@verb(group="work", needs=Needs.LEDGER, mutates=False)
def hook(
    hands: Hands,
    subject: Annotated[str, Arg("an agent, or a bead to hang on your own hook", suggest=Suggest.AGENT)] = "",
    extra: Annotated[str, Arg("the bead, after `set`", hidden=True)] = "",
    *,
    clear: Annotated[bool, Arg("let go of what hangs there", hidden=True)] = False,
) -> Receipt:
    """Show what hangs on a hook, yours unless an agent is named; a bead's id hangs it on yours."""
    town = hands.ledger.read()
    me = addresses.speaker(hands.actor)
    if subject in {"set", "show", "status"}:
        subject, extra = extra, ""
    if clear or (subject and town.find(subject) is not None):
        from gastown_tui.core.verbs import work

        return work.unsling(hands, subject) if clear else work.sling(hands, (subject,))
    here = addresses.rig_around(town, actor=hands.actor, env=hands.env, home=hands.ledger.home, cwd=hands.cwd)
    agent = addresses.resolve(town, subject, here=here) if subject else me
    return Hooked(agent=agent, card=hook_card.card(town, agent))
