"""The neighbourhood of a bead: what must come before it, what waits for it, what it holds and belongs to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead, Dependency
from gastown_tui.core.model.ids import BeadId, natural
from gastown_tui.core.rules import hooks
from gastown_tui.core.rules.edges import cycles
from gastown_tui.core.views.ages import Ages
from gastown_tui.core.views.bead_list import look_of
from gastown_tui.core.views.graph_drawing import HOLDS, OTHER, OVER, PART
from gastown_tui.core.views.graph_layout import Edge
from gastown_tui.core.views.graph_why import Why, is_put_off, why
from gastown_tui.core.views.tones import Tone

MOST_NODES = 120
"""Beads in one drawing; what lies beyond is counted and not drawn."""
FAN = 12
"""Neighbours of one bead on one side that are drawn at first."""
DEEPEST = 9
_BEFORE = frozenset({"blocks", "conditional-blocks", "waits-for"})


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be drawn."""

    centre: str
    depth: int = 1
    """How many edges away from the centre one goes."""
    fan: int = FAN
    only_why: bool = False
    """Only what keeps the centre from being begun, all of it."""


class GraphNode(msgspec.Struct, frozen=True, kw_only=True):
    """One bead, or what stands for several that are not drawn."""

    key: str
    """The bead's id; `more:<id>:<side>` for those that are not drawn."""
    title: str
    state: str
    glyph: str
    tone: Tone
    note: str = ""
    """Who has it and since when it was last changed."""
    kind: str = ""
    priority: int = 0
    agent: str = ""
    """Whose hook it hangs on, or whose it is."""
    on_path: bool = False
    """On the longest way of open work that leads to the centre."""
    in_circle: bool = False
    """It waits for itself, by way of others."""


class GraphView(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing's beads and edges."""

    wish: Wish
    nodes: tuple[GraphNode, ...]
    edges: tuple[Edge, ...]
    hidden: int = 0
    """Neighbours that are not drawn."""
    circles: tuple[tuple[BeadId, ...], ...] = ()
    why: Why
    trouble: str = ""
    """Why there is nothing to draw."""

    def node(self, key: str) -> GraphNode | None:
        """A bead of the drawing."""
        return next((each for each in self.nodes if each.key == key), None)

    @property
    def path_edges(self) -> frozenset[int]:
        """Numbers of the edges along the longest way of open work."""
        steps = set(zip(self.why.path, self.why.path[1:], strict=False))
        return frozenset(number for number, edge in enumerate(self.edges) if (edge.source, edge.target) in steps)


def graph(town: Town, wish: Wish, ages: Ages) -> GraphView:
    """Draw a bead's neighbourhood, or only what keeps it from being begun.

    What a bead needs and what holds it stand on its left, what waits for it and what it holds on its right. Of many
    neighbours the open and urgent ones are drawn, and the rest is counted.
    """
    centre = town.find(wish.centre)
    if centre is None:
        return GraphView(wish=wish, nodes=(), edges=(), why=Why(), trouble=f"there is no bead {wish.centre}")
    reasons = why(town, centre, ages)
    shown = _Shown(town)
    if wish.only_why:
        shown.take([centre.id, *reasons.before])
    else:
        shown.spread(centre, wish)
    circles = tuple(tuple(bead.id for bead in loop) for loop in cycles(shown.beads, types=_BEFORE))
    turning = {bead_id for loop in circles for bead_id in loop}
    on_path = set(reasons.path)
    nodes = [_node(town, each, ages, on_path, turning) for each in shown.order]
    return GraphView(
        wish=wish,
        nodes=(*nodes, *shown.rests()),
        edges=(*shown.edges(), *shown.rest_edges()),
        hidden=shown.hidden,
        circles=circles,
        why=reasons,
    )


def _node(town: Town, bead_id: BeadId, ages: Ages, on_path: set[BeadId], turning: set[BeadId]) -> GraphNode:
    bead = town.find(bead_id)
    if bead is None:
        return GraphNode(key=bead_id, title="no ledger here has it", state="unknown", glyph="?", tone=Tone.AMBER)
    look = look_of(state_of(town, bead, ages))
    hook = town.holder(bead_id)
    agent = hook.agent if hook is not None else bead.assignee or ""
    who = f"{agent} · " if agent else ""
    return GraphNode(
        key=bead_id,
        title=bead.title,
        state=look.word,
        glyph=look.glyph,
        tone=look.tone,
        note=f"{who}{ages.text(bead.updated_at)}",
        kind=bead.kind,
        priority=bead.priority,
        agent=agent,
        on_path=bead_id in on_path,
        in_circle=bead_id in turning,
    )


def state_of(town: Town, bead: Bead, ages: Ages) -> str:
    """A bead's status; for an open one `ready`, `waiting` or `deferred`. For a few beads: it looks around each."""
    if bead.state != "open" or bead.kind == "convoy":
        return bead.state
    if hooks.waits_for(town, bead):
        return "waiting"
    return "deferred" if is_put_off(bead, ages) else "ready"


# ---------------------------------------------------------------------------------------------- who is drawn


_LEFT, _RIGHT = "left", "right"


class _Shown:
    """The beads that are drawn, and how many beside each are not.

    Attributes:
        order: Ids of beads, also of those no ledger has, what matters most first.
        beads: Those there are.
        hidden: Neighbours left out.
    """

    def __init__(self, town: Town) -> None:
        self._town = town
        self.order: list[BeadId] = []
        self.beads: dict[BeadId, Bead] = {}
        self.hidden = 0
        self._left_out: dict[tuple[BeadId, str], list[BeadId]] = {}

    def take(self, ids: Iterable[BeadId]) -> None:
        """Draw these, as far as there is room."""
        for each in ids:
            if len(self.order) >= MOST_NODES:
                self.hidden += 1
            elif each not in self.order:
                self.order.append(each)
                if (bead := self._town.find(each)) is not None:
                    self.beads[each] = bead

    def spread(self, centre: Bead, wish: Wish) -> None:
        """Draw a bead and what is around it, nearest first."""
        self.take([centre.id])
        front = deque([(centre, 0)])
        while front:
            bead, depth = front.popleft()
            if depth >= wish.depth:
                continue
            for side, near in neighbours(self._town, bead).items():
                fresh = [each for each in near if each not in self.beads and each not in self.order]
                room = max(wish.fan if bead is centre else wish.fan // 2, 1)
                room = min(room, MOST_NODES - len(self.order))
                # One more costs no more lines than saying that there is one more.
                room += len(fresh) == room + 1
                self.take(fresh[:room])
                if len(fresh) > room:
                    self._left_out[bead.id, side] = fresh[room:]
                front.extend((self.beads[each], depth + 1) for each in fresh[:room] if each in self.beads)
        self._left_out = {
            place: left for place, ids in self._left_out.items() if (left := [e for e in ids if e not in self.beads])
        }
        self.hidden = len({each for ids in self._left_out.values() for each in ids})

    def edges(self) -> list[Edge]:
        """The edges between drawn beads."""
        drawn = set(self.order)
        found = [
            _edge(self._town, edge)
            for bead in self.beads.values()
            for edge in bead.needs
            if edge.depends_on_id in drawn and edge.depends_on_id != bead.id
        ]
        return list(dict.fromkeys(found))

    def rests(self) -> list[GraphNode]:
        """What stands for neighbours that are not drawn."""
        return [
            GraphNode(key=f"more:{bead_id}:{side}", title="", state=f"… and {len(ids)} more", glyph="", tone=Tone.BRASS)
            for (bead_id, side), ids in self._left_out.items()
        ]

    def rest_edges(self) -> list[Edge]:
        """What those hang on."""
        return [
            Edge(key, bead_id, OTHER) if side == _LEFT else Edge(bead_id, key, OTHER)
            for bead_id, side in self._left_out
            for key in (f"more:{bead_id}:{side}",)
        ]


def neighbours(town: Town, bead: Bead) -> dict[str, list[BeadId]]:
    """What stands beside a bead, on its `left` and on its `right`; open and urgent beads first."""
    beside: dict[str, dict[BeadId, int]] = {_LEFT: {}, _RIGHT: {}}
    for edge in bead.needs:
        beside[_RIGHT if edge.type == "tracks" else _LEFT].setdefault(edge.depends_on_id, _RANK.get(edge.type, 2))
    for other, type_ in town.dependents(bead.id):
        beside[_LEFT if type_ == "tracks" else _RIGHT].setdefault(other, _RANK.get(type_, 2))
    return {side: [each for each in _urgent_first(town, found) if each != bead.id] for side, found in beside.items()}


_RANK = dict.fromkeys(_BEFORE, 0) | {"parent-child": 1, "tracks": 1}


def _urgent_first(town: Town, found: dict[BeadId, int]) -> list[BeadId]:
    def rank(bead_id: BeadId) -> tuple[object, ...]:
        bead = town.find(bead_id)
        return (bead is None or bead.is_closed, found[bead_id], bead.priority if bead else 9, natural(bead_id))

    return sorted(found, key=rank)


def _edge(town: Town, edge: Dependency) -> Edge:
    if edge.type == "tracks":
        return Edge(edge.issue_id, edge.depends_on_id, PART)
    if edge.type not in _BEFORE:
        return Edge(edge.depends_on_id, edge.issue_id, PART if edge.type == "parent-child" else OTHER)
    before, bead = town.find(edge.depends_on_id), town.find(edge.issue_id)
    is_over = before is None or before.is_closed or bead is None or bead.is_closed
    return Edge(edge.depends_on_id, edge.issue_id, OVER if is_over else HOLDS)
