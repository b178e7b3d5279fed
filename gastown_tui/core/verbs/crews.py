"""`gt crew`: the people who work in a rig."""

from __future__ import annotations

from shlex import quote
from typing import Annotated, Any

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import Role, parts
from gastown_tui.core.model.ids import RigName
from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import addresses
from gastown_tui.core.rules import rigs as rules
from gastown_tui.core.verbs.declare import Arg, Receipt, Suggest, verb
from gastown_tui.core.verbs.rigs import clear


class Enlisted(Receipt, frozen=True, kw_only=True):
    """A crew member and their place."""

    address: str
    path: str
    branch: str

    def text(self) -> str:
        """Where to go."""
        return f"Added {self.address}\n  cd {quote(self.path)}"

    def data(self) -> Any:
        """The member's record."""
        return {"address": self.address, "path": self.path, "branch": self.branch}


@verb("crew add", group="town")
def crew_add(
    hands: Hands,
    name: Annotated[str, Arg("what they are called, best by what they do")],
    *,
    rig: Annotated[str, Arg("the rig; the one around the current directory when left out", suggest=Suggest.RIG)] = "",
    branch: Annotated[str, Arg("branch to begin on")] = "",
) -> Enlisted:
    """Add a workspace for a person: a full clone of a rig's repository.

    Raises:
        BadInput: the name is not usable, or it is not clear which rig is meant.
        NotFound: there is no such rig or branch.
        Conflict: somebody of the rig is called so, or a folder is in the way.
    """
    town = hands.ledger.read()
    home = _rig_meant(hands, town, rig)
    address = rules.check_crew_name(town, home, name)
    place = hands.ledger.home / home / "crew" / name
    known = town.rig(home)
    start = branch or town.settings.rig(home).target or known.default_branch
    was_there = hands.files.exists(place)
    bare = hands.ledger.home / home / ".repo.git"
    try:
        hands.files.make_directory(place.parent)
        hands.worktrees.clone(bare, place, branch=start)
        hands.ledger.record(lambda now: rules.enlist(now, address, str(place)), actor=hands.actor)
    except BaseException:
        if not was_there and hands.ledger.read().agent(address) is None:
            clear(hands, place)
        raise
    return Enlisted(address=address, path=str(place), branch=start)


def _rig_meant(hands: Hands, town: Town, said: str) -> RigName:
    if said:
        return town.rig(said).name
    here = addresses.rig_around(town, actor=hands.actor, env=hands.env, home=hands.ledger.home, cwd=hands.cwd)
    rigs = list(town.rigs())
    if here is not None or len(rigs) == 1:
        return here or rigs[0]
    if not rigs:
        raise NotFound("this town has no rig yet", hint="gt rig add NAME URL adds one")
    raise BadInput("of which rig?", hint=f"--rig one of {', '.join(rigs)}")


class Crew(Receipt, frozen=True, kw_only=True):
    """The crew of the town."""

    rows: tuple[dict[str, str], ...]

    def text(self) -> str:
        """One line a member."""
        if not self.rows:
            return "No crew yet: gt crew add NAME --rig RIG adds a workspace."
        width = max(len(row["address"]) for row in self.rows)
        return "\n".join(f"{row['address']:<{width}}  {row['state']:<10}  {row['path']}" for row in self.rows)

    def data(self) -> Any:
        """A list of records."""
        return list(self.rows)


@verb("crew list", group="town", mutates=False)
def crew_list(
    hands: Hands,
    *,
    rig: Annotated[str, Arg("only of this rig", suggest=Suggest.RIG)] = "",
    all_: Annotated[bool, Arg("of every rig; the default", flags=("--all",), hidden=True)] = False,
) -> Crew:
    """List crew members and where they work."""
    town = hands.ledger.read()
    wanted = town.rig(rig).name if rig and not all_ else ""
    members = (agent for agent in town.agents() if parts(agent.address).role is Role.CREW)
    rows = (
        {
            "address": str(agent.address),
            "name": parts(agent.address).name,
            "rig": str(parts(agent.address).rig),
            "state": agent.state,
            "bead": hook.bead_id if (hook := town.hook(agent.address)) else "",
            "path": one_line(agent.worktree),
        }
        for agent in members
        if not wanted or parts(agent.address).rig == wanted
    )
    return Crew(rows=tuple(rows))
