"""`gt convoy`: beads that travel together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import MAYOR, OVERSEER
from gastown_tui.core.model.ids import Address
from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Hands, Recorded
from gastown_tui.core.rules import addresses
from gastown_tui.core.rules import convoys as rules
from gastown_tui.core.verbs.declare import Arg, Receipt, Suggest, verb
from gastown_tui.core.views.convoys import ConvoyView, convoy_view, convoy_views, tracked_line

_NOTIFY_MAYOR = "-"
"""`--notify` that stands alone."""
_CONVOY = Arg("the convoy: id, number in the list, or title", suggest=Suggest.CONVOY)
_BEADS = Arg("beads", suggest=Suggest.BEAD)


class Convoy(Receipt, frozen=True, kw_only=True):
    """One convoy after the act."""

    view: ConvoyView
    said: str = ""
    changed: bool = True

    def text(self) -> str:
        """What was done, or the whole convoy."""
        if self.said:
            return self.said
        lines = [f"{self.view.title}  {self.view.id}"]
        far = f"{self.view.card.done} of {self.view.card.total} done"
        lines.append(f"  {self.view.card.indicator}, {far}, last activity {self.view.age} ago, {self.view.status}")
        lines += [f"  owner {self.view.owner}"] if self.view.owner else []
        lines += [f"  tells {one_line(', '.join(self.view.notify))} when it lands"] if self.view.notify else []
        return "\n".join([*lines, *(f"  {tracked_line(each)}" for each in self.view.card.tracked)])

    def data(self) -> Any:
        """The convoy's record."""
        return self.view.data() | ({"changed": self.changed} if self.said else {})

    def warnings(self) -> tuple[str, ...]:
        """What would keep it from landing."""
        if not self.view.card.unknown or self.view.status == "closed":
            return ()
        missing = ", ".join(each.id for each in self.view.card.tracked if each.is_unknown)
        return (f"it cannot land: no ledger here has {missing}; gt convoy remove {self.view.id} ID takes one out",)


class Convoys(Receipt, frozen=True, kw_only=True):
    """Several convoys."""

    views: tuple[ConvoyView, ...]
    as_tree: bool = False

    def text(self) -> str:
        """One line each, or a tree each."""
        if not self.views:
            return 'No convoys: gt convoy create "Title" ID ... makes one.'
        if self.as_tree:
            return "\n".join(view.tree() for view in self.views)
        return "\n".join(view.line() for view in self.views)

    def data(self) -> Any:
        """A list of records."""
        return [view.data() for view in self.views]


@verb("convoy create", group="convoys")
def convoy_create(
    hands: Hands,
    words: Annotated[
        tuple[str, ...], Arg("a title, then the beads to track", suggest=Suggest.BEAD, metavar="TITLE ID")
    ] = (),
    *,
    notify: Annotated[
        str,
        Arg(
            "whom to tell when it lands; the mayor when it stands alone",
            optional_value=_NOTIFY_MAYOR,
            suggest=Suggest.AGENT,
            metavar="ADDRESS",
        ),
    ] = "",
    human: Annotated[bool, Arg("tell the overseer when it lands")] = False,
    owner: Annotated[str, Arg("whose convoy it is; told when it lands", suggest=Suggest.AGENT)] = "",
    from_epic: Annotated[str, Arg("track what this epic comes down to", suggest=Suggest.BEAD, metavar="ID")] = "",
) -> Convoy:
    """Make a convoy of beads, from any rigs.

    Without a title the first bead's is taken.

    Raises:
        BadInput: no title, or a word that is neither title nor id.
        NotFound: a bead or an address does not exist.
    """  # fmt: skip
    nonce, now = hands.mint.nonce(), hands.clock.now()

    def decide(town: Town) -> Any:
        owned = str(_address(hands, town, owner)) if owner else ""
        told = _told(hands, town, notify, human=human, owner=owned)
        wish = rules.NewConvoy(
            words=words,
            convoy_id=rules.convoy_id(town, nonce),
            owner=owned or hands.actor,
            notify=told,
            from_epic=from_epic,
        )
        return rules.create(town, wish)

    recorded = hands.ledger.record(decide, actor=hands.actor)
    created: Any = recorded.events[0].fact
    view = convoy_view(recorded.town, recorded.town.bead(created.bead_id), now)
    tells = f", tells {', '.join(view.notify)}" if view.notify else ""
    return Convoy(view=view, said=f"Created convoy {view.id}: {view.title} ({_beads(view.card.total)}{tells})")


@verb("convoy add", group="convoys")
def convoy_add(hands: Hands, convoy: Annotated[str, _CONVOY], ids: Annotated[tuple[str, ...], _BEADS]) -> Convoy:
    """Track more beads with a convoy; one that was closed rolls again.

    Raises:
        NotFound: the convoy or a bead does not exist.
    """
    recorded = _change(hands, lambda town: rules.add(town, rules.find(town, convoy), ids))
    view = _after(hands, recorded, convoy)
    count = sum(event.event_type == "bead.dependency_added" for event in recorded.events)
    said = f"Added {_beads(count)} to {view.id}: {view.card.done} of {view.card.total} done"
    return Convoy(view=view, said=said if count else f"{view.id} tracks that already", changed=bool(count))


@verb("convoy remove", group="convoys")
def convoy_remove(hands: Hands, convoy: Annotated[str, _CONVOY], ids: Annotated[tuple[str, ...], _BEADS]) -> Convoy:
    """Track beads with a convoy no longer.

    Raises:
        NotFound: the convoy does not exist or does not track one of them.
    """
    recorded = _change(hands, lambda town: rules.remove(town, rules.find(town, convoy), ids))
    view = _after(hands, recorded, convoy)
    return Convoy(view=view, said=f"Took {', '.join(ids)} out of {view.id}")


@verb("convoy list", group="convoys", mutates=False)
def convoy_list(
    hands: Hands,
    *,
    all_: Annotated[bool, Arg("closed ones too", flags=("--all", "-a"))] = False,
    tree: Annotated[bool, Arg("with what each tracks")] = False,
    status: Annotated[str, Arg("only these", choices=("open", "closed", "all"))] = "",
) -> Convoys:
    """List convoys and how far each is."""
    views = convoy_views(hands.ledger.read(), hands.clock.now(), closed=all_ or status in {"closed", "all"})
    if status in {"open", "closed"}:
        views = tuple(view for view in views if (view.status == "closed") is (status == "closed"))
    return Convoys(views=views, as_tree=tree)


@verb("convoy status", group="convoys", mutates=False, aliases=("convoy show",))
def convoy_status(hands: Hands, convoy: Annotated[str, _CONVOY] = "") -> Receipt:
    """Show a convoy and everything it tracks; without a name, every open one.

    Raises:
        NotFound: there is no such convoy.
    """
    town, now = hands.ledger.read(), hands.clock.now()
    if not convoy:
        return Convoys(views=convoy_views(town, now), as_tree=True)
    return Convoy(view=convoy_view(town, rules.find(town, convoy), now))


@verb("convoy close", group="convoys")
def convoy_close(
    hands: Hands,
    convoy: Annotated[str, _CONVOY],
    *,
    force: Annotated[bool, Arg("although something it tracks is not closed", flags=("--force", "-f"))] = False,
    reason: Annotated[str, Arg("why", flags=("--reason", "-r"))] = "",
) -> Convoy:
    """Close a convoy: it tracks no more. The beads stay as they are.

    Raises:
        Refused: something it tracks is not closed.
    """
    now = hands.clock.now()
    recorded = _change(
        hands, lambda town: rules.close(town, rules.find(town, convoy), now, force=force, reason=one_line(reason))
    )
    view = _after(hands, recorded, convoy)
    said = f"Closed {view.id}" if recorded.events else f"{view.id} was closed already"
    return Convoy(view=view, said=said, changed=bool(recorded.events))


@verb("convoy land", group="convoys")
def convoy_land(
    hands: Hands,
    convoy: Annotated[str, _CONVOY],
    *,
    force: Annotated[bool, Arg("although something it tracks is not closed", flags=("--force", "-f"))] = False,
) -> Convoy:
    """Land a convoy now and tell those who wait for it.

    Finished convoys land by themselves when the last bead closes.

    Raises:
        Refused: something it tracks is not closed.
    """
    now, sender = hands.clock.now(), addresses.speaker(hands.actor)
    recorded = _change(hands, lambda town: rules.land(town, rules.find(town, convoy), now, force=force, sender=sender))
    view = _after(hands, recorded, convoy)
    told = f", told {', '.join(view.notify)}" if view.notify and recorded.events else ""
    said = f"Landed {view.id}{told}" if recorded.events else f"{view.id} was closed already"
    return Convoy(view=view, said=said, changed=bool(recorded.events))


# ---------------------------------------------------------------------------------------------- watching


class Stranded(Receipt, frozen=True, kw_only=True):
    """Convoys with work nobody has taken up."""

    views: tuple[tuple[ConvoyView, tuple[str, ...]], ...]

    def text(self) -> str:
        """Which, and the command that gets each going."""
        if not self.views:
            return "No stranded work: every ready bead of a convoy has somebody."
        return "\n".join(
            f"{view.id}  {view.title}\n" + "\n".join(f"  gt sling {bead}" for bead in beads)
            for view, beads in self.views
        )

    def data(self) -> Any:
        """A list of records."""
        return [
            {
                "id": view.id,
                "title": view.title,
                "ready_count": len(beads),
                "ready_issues": list(beads),
                "tracked_count": view.card.total,
                "created_at": view.created_at,
            }
            for view, beads in self.views
        ]


@verb("convoy stranded", group="convoys", mutates=False)
def convoy_stranded(hands: Hands) -> Stranded:
    """Show convoys with work that could begin at once and that nobody has.

    With `gt config set convoys.feed true` the deacon gives such work to its rig by itself, as far as the rig has room.
    """
    town, now = hands.ledger.read(), hands.clock.now()
    found = rules.stranded(town, now)
    return Stranded(
        views=tuple((convoy_view(town, convoy, now), tuple(bead.id for bead in beads)) for convoy, beads in found)
    )


class Watching(Receipt, frozen=True, kw_only=True):
    """A convoy looked at again and again."""

    look: Callable[[], ConvoyView]
    wait: Callable[[], None]
    as_tree: bool = False

    def data(self) -> Any:
        """Nothing but what follows."""
        return msgspec.UNSET

    def follow(self, *, json: bool) -> Iterator[str]:
        """The convoy whenever something about it changed, until it is closed."""
        seen = ""
        while True:
            view = self.look()
            tracked = [(each.id, each.status, each.worker, each.review) for each in view.card.tracked]
            now = repr((view.status, view.card.indicator, tracked))
            if now != seen:
                seen = now
                yield (
                    msgspec.json.encode(view.data()).decode() if json else view.tree() if self.as_tree else view.line()
                )
            if view.status == "closed":
                return
            self.wait()


@verb("convoy watch", group="convoys", mutates=False)
def convoy_watch(
    hands: Hands,
    convoy: Annotated[str, _CONVOY],
    *,
    tree: Annotated[bool, Arg("with what it tracks")] = False,
    interval: Annotated[float, Arg("seconds between looks", flags=("--interval", "-n"))] = 1.0,
) -> Watching:
    """Print a convoy whenever it changes, until it lands; ctrl-c ends.

    Raises:
        BadInput: the interval is not of this world.
        NotFound: there is no such convoy.
    """
    if not 0.1 <= interval <= 3600:
        raise BadInput("--interval must be from 0.1 to 3600 seconds")
    bead_id = rules.find(hands.ledger.read(), convoy).id

    def look() -> ConvoyView:
        town = hands.ledger.read()
        return convoy_view(town, town.bead(bead_id), hands.clock.now())

    return Watching(look=look, wait=lambda: hands.clock.sleep(interval), as_tree=tree)


# ---------------------------------------------------------------------------------------------- pieces


def _change(hands: Hands, decide: Any) -> Recorded:
    return hands.ledger.record(decide, actor=hands.actor)


def _after(hands: Hands, recorded: Recorded, convoy: str) -> ConvoyView:
    """The convoy after the act; a number in the list may mean another one by now."""
    ids = (getattr(event.fact, "convoy_id", "") or getattr(event.fact, "bead_id", "") for event in recorded.events)
    bead_id = next((each for each in ids if each), "")
    bead = recorded.town.bead(bead_id) if bead_id else rules.find(recorded.town, convoy)
    return convoy_view(recorded.town, bead, hands.clock.now())


def _address(hands: Hands, town: Town, text: str) -> Address:
    here = addresses.rig_around(town, actor=hands.actor, env=hands.env, home=hands.ledger.home, cwd=hands.cwd)
    return addresses.resolve(town, text, here=here)


def _told(hands: Hands, town: Town, notify: str, *, human: bool, owner: str) -> tuple[Address, ...]:
    """Who hears of the landing: the owner named, whom `--notify` names, and the overseer for `--human`."""
    told = [Address(owner)] if owner else []
    if human:
        told.append(OVERSEER)
    if notify == _NOTIFY_MAYOR:
        told += [] if human else [MAYOR]
    elif notify:
        here = addresses.rig_around(town, actor=hands.actor, env=hands.env, home=hands.ledger.home, cwd=hands.cwd)
        told += addresses.resolve_many(town, notify, here=here)
    return tuple(dict.fromkeys(told))


def _beads(count: int) -> str:
    return "1 bead" if count == 1 else f"{count} beads"
