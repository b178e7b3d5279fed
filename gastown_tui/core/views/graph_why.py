"""Why a bead cannot be begun: all open work before it, the longest way through that work, and where to begin."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead, parent_of
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import moment
from gastown_tui.core.rules import hooks
from gastown_tui.core.rules.progress import tracked_ids
from gastown_tui.core.views.ages import Ages
from gastown_tui.core.views.bead_list import look_of
from gastown_tui.core.views.graph_layout import Edge, back_edges, layered

MOST_BEFORE = 400
"""How much work before a bead is looked at."""
_NAMED = 5


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps a bead from being begun."""

    lines: tuple[str, ...] = ()
    """In words, what matters most first."""
    path: tuple[BeadId, ...] = ()
    """The longest way of open work that leads to it, itself last; empty when it waits for nothing."""
    before: tuple[BeadId, ...] = ()
    """All open work it waits for, the nearest first."""
    begin: tuple[BeadId, ...] = ()
    """What of that could be begun now."""


def why(town: Town, bead: Bead, ages: Ages) -> Why:
    """What keeps a bead from being begun."""
    if bead.is_closed:
        return Why(lines=(f"closed {ages.text(bead.closed_at)} ago",))
    links = _links(town, bead)
    before = tuple(dict.fromkeys(BeadId(link.source) for link in links if link.source != bead.id))
    if not before:
        return Why(lines=(_nothing_before(town, bead, ages),))
    path = _longest(bead.id, (bead.id, *before), links)
    waiting = {link.target for link in links}
    begin = tuple(each for each in before if each not in waiting and _is_free(town, each))
    return Why(lines=tuple(_told(town, ages, before, path, begin)), path=path, before=before, begin=begin)


def is_put_off(bead: Bead, ages: Ages) -> bool:
    """Whether a bead was deferred beyond now."""
    until = moment(bead.defer_until)
    return until is not None and until > ages.now


def _nothing_before(town: Town, bead: Bead, ages: Ages) -> str:
    if bead.kind == "convoy":
        tracked = [town.find(each) for each in tracked_ids(bead)]
        return f"{sum(each is None or each.is_closed for each in tracked)} of {len(tracked)} it tracks are closed"
    if bead.state == "open":
        return (
            f"deferred until {str(bead.defer_until)[:10]}"
            if is_put_off(bead, ages)
            else "nothing holds it: it can be begun"
        )
    holder = town.holder(bead.id)
    who = holder.agent if holder is not None else bead.assignee
    word = look_of(bead.state).word
    return f"{word}{f', {who} has it' if who else ''}, last changed {ages.text(bead.updated_at)} ago"


def _links(town: Town, bead: Bead) -> list[Edge]:
    """From each open bead that comes first to the one that waits for it; a blocked parent counts as such a bead."""
    found: list[Edge] = []
    seen = {bead.id}
    front = deque([bead])
    while front and len(seen) < MOST_BEFORE:
        at = front.popleft()
        for each in _waits(town, at):
            found.append(Edge(each, at.id))
            other = None if each in seen else town.find(each)
            seen.add(each)
            if other is not None:
                front.append(other)
    return found


def _waits(town: Town, bead: Bead) -> Iterator[BeadId]:
    waits = set(hooks.waits_for(town, bead))
    direct = dict.fromkeys(edge.depends_on_id for edge in bead.needs if edge.depends_on_id in waits)
    yield from direct
    above = parent_of(bead)
    if waits - direct.keys():
        if above is not None and above not in direct and hooks.waits_for(town, town.bead(above)):
            yield above
        else:
            yield from sorted(waits - direct.keys())


def _longest(end: BeadId, nodes: tuple[BeadId, ...], links: list[Edge]) -> tuple[BeadId, ...]:
    # Gone through against the edges, so that circles are cut where they lead away from the bead.
    turned = [(number, Edge(link.target, link.source)) for number, link in enumerate(links)]
    back = back_edges(nodes, turned)
    kept = [link for number, link in enumerate(links) if number not in back]
    into: dict[str, list[str]] = {}
    for link in kept:
        into.setdefault(link.target, []).append(link.source)
    depth = layered(nodes, kept)
    path = [end]
    while into.get(path[-1]):
        path.append(BeadId(max(into[path[-1]], key=lambda each: depth[each])))
    return tuple(reversed(path))


def _is_free(town: Town, bead_id: str) -> bool:
    bead = town.find(bead_id)
    return bead is not None and bead.state == "open" and not hooks.waits_for(town, bead)


def _told(
    town: Town, ages: Ages, before: tuple[BeadId, ...], path: tuple[BeadId, ...], begin: tuple[BeadId, ...]
) -> Iterator[str]:
    more = f" or more, {MOST_BEFORE} were looked at" if len(before) >= MOST_BEFORE - 1 else ""
    yield f"waits for {len(before)} open bead{'s' if len(before) != 1 else ''}{more}"
    shown = [*path[: _NAMED - 1], "…", path[-1]] if len(path) > _NAMED + 1 else list(path)
    yield f"longest way ({len(path) - 1}): {' → '.join(shown)}"
    moving = [town.find(each) for each in before]
    for bead in [each for each in moving if each is not None and each.state in {"in_progress", "hooked"}][:_NAMED]:
        who = bead.assignee or "somebody"
        yield f"{bead.id} is being done by {who}, last changed {ages.text(bead.updated_at)} ago"
    for each in begin[:_NAMED]:
        yield f"{each} can be begun: {one_line(town.bead(each).title, 60)}"
    if not begin and all(each is None or each.state == "open" for each in moving):
        yield "nothing of it can be begun: they wait for one another"
