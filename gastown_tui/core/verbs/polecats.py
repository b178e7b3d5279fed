"""The workers of a rig: list them, and take one away for good."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, NotFound, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import Role, parts
from gastown_tui.core.model.ids import Address
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import addresses, hooks
from gastown_tui.core.verbs.agents import look
from gastown_tui.core.verbs.declare import Arg, Receipt, Suggest, verb
from gastown_tui.core.verbs.waking import home_of, rescue_and_remove, rest, target_of
from gastown_tui.core.views.roster import RosterLine, polecat_text, polecats


class Polecats(Receipt, frozen=True, kw_only=True):
    """The workers of some rigs."""

    workers: tuple[RosterLine, ...]
    several_rigs: bool = False
    trouble: str = ""

    def text(self) -> str:
        """A line for each."""
        if not self.workers:
            return "no workers; gt sling BEAD RIG makes one"
        return "\n".join(
            f"{line.rig}/{polecat_text(line)}" if self.several_rigs else polecat_text(line) for line in self.workers
        )

    def data(self) -> Any:
        """The lines alone."""
        return msgspec.to_builtins(self.workers)

    def warnings(self) -> tuple[str, ...]:
        """Why states are unknown, when they are."""
        return (self.trouble,) if self.trouble else ()


@verb("polecat list", group="agents", mutates=False)
def polecat_list(hands: Hands, rig: Annotated[str, Arg("only this rig's", suggest=Suggest.RIG)] = "") -> Polecats:
    """List a rig's workers, what each does and since when."""
    town = hands.ledger.read()
    here = addresses.rig_around(town, actor=hands.actor, env=hands.env, home=hands.ledger.home, cwd=hands.cwd)
    rigs = [town.rig(rig).name] if rig else [here] if here is not None else list(town.rigs())
    seen, now = look(hands), hands.clock.now()
    workers = tuple(line for each in rigs for line in polecats(town, seen, now, each))
    return Polecats(workers=workers, several_rigs=len(rigs) > 1, trouble=seen.trouble)


class Nuked(Receipt, frozen=True, kw_only=True):
    """A worker taken away, and where its work is kept."""

    agent: Address
    bead_id: str = ""
    """What hung on its hook and is open again."""
    rescued: str = ""
    """The commit that holds everything its worktree held."""

    def text(self) -> str:
        """One line, and where the work is."""
        lines = [f"{self.agent} is gone" + (f"; {self.bead_id} is open again" if self.bead_id else "")]
        if self.rescued:
            lines.append(f"  what its worktree held is kept: git branch NAME {self.rescued[:12]} brings it back")
        return "\n".join(lines)


@verb("polecat nuke", group="agents", confirm="End the worker's session and remove its worktree?")
def polecat_nuke(
    hands: Hands,
    name: Annotated[str, Arg("the worker", suggest=Suggest.AGENT)],
    *,
    rig: Annotated[str, Arg("of which rig", suggest=Suggest.RIG)] = "",
    force: Annotated[bool, Arg("though it holds work or something uncommitted", flags=("--force", "-f"))] = False,
) -> Nuked:
    """Take a worker away: its session ends and its worktree is removed.

    Every byte of the worktree that git does not ignore is put under a rescue ref first, forced or not.

    Raises:
        NotFound: there is no such worker.
        Refused: it holds work, or its worktree something uncommitted or unmerged.
        ToolFailed: its work could not be rescued; nothing was removed.
    """
    town = hands.ledger.read()
    who = _worker(hands, town, f"{rig}/polecats/{name}" if rig and "/" not in name else name)
    hook = town.hook(who)
    if not force:
        _check_spare(hands, town, who)
    retired = _retired(hands, who, hook.assignment_id if hook else "")
    rest(hands, who, "taken away")
    rescued = rescue_and_remove(hands, who, "taken away")
    return Nuked(agent=who, bead_id=retired, rescued=rescued)


def _worker(hands: Hands, town: Town, text: str) -> Address:
    """A worker by name; one retired already too, so that an interrupted removal can be finished."""
    retired = [address for address, agent in town.own.registers.agents.items() if agent.state == "retired"]
    for address in retired:
        spellings = {address, parts(address).name, f"{parts(address).rig}/{parts(address).name}"}
        if text in spellings and hands.worktrees.look(home_of(hands, address)).exists:
            return address
    here = addresses.rig_around(town, actor=hands.actor, env=hands.env, home=hands.ledger.home, cwd=hands.cwd)
    who = addresses.resolve(town, text, here=here)
    if parts(who).role is not Role.POLECAT:
        raise BadInput(f"{who} is not a worker", hint="crew leaves by gt crew remove")
    if town.agent(who) is None:
        raise NotFound(f"there is no worker {who}")
    return who


def _check_spare(hands: Hands, town: Town, who: Address) -> None:
    """Refuse to take away what still holds something."""
    hook = town.hook(who)
    if hook is not None:
        raise Refused(f"{who} holds {hook.bead_id}", hint="gt unsling it first, or --force")
    target = target_of(town, parts(who).rig)
    looked = hands.worktrees.look(home_of(hands, who), target=f"origin/{target}")
    if looked.exists and looked.changed:
        first, *others = looked.changed
        more = f" and {len(others)} more" if others else ""
        raise Refused(f"{who} has not committed {first}{more}", hint="--force rescues it first")
    merging = next((each for each in town.merges() if each.worker == who and each.is_open), None)
    if looked.exists and looked.ahead and merging is None:
        raise Refused(f"{who} has {looked.ahead} commits nobody merged", hint="--force keeps them under a rescue ref")


def _retired(hands: Hands, who: Address, assignment_id: str) -> str:
    """Record that a worker is no more, its hook let go with it; the bead that is open again.

    Fenced: a worker that took other work since it was looked at is left alone.
    """
    freed: list[str] = []

    def decide(town: Town) -> list[e.Entry]:
        hook = town.hook(who)
        if (hook.assignment_id if hook else "") != assignment_id:
            raise Refused(f"{who} took {hook.bead_id if hook else 'nothing'} meanwhile", hint="look again")
        entries: list[e.Entry] = []
        if hook is not None:
            freed.append(hook.bead_id)
            entries += hooks.release(town, hooks.Release(subject="", agent=who, force=True, reason="worker taken away"))
        if town.agent(who) is not None:
            entries.append(e.Entry(e.AgentRetired(agent=who, reason="taken away")))
        return entries

    rig = parts(who).rig
    hands.ledger.record(decide, actor=hands.actor, ledgers=("", rig))
    return freed[-1] if freed else ""
