"""Where things stand in a drawing of what must come before what: layers from left to right, rows from top to bottom.

Each edge leads from a thing on the left to one further right. What lies more than one layer apart goes through lanes:
rows kept free in the layers between, one for all edges of a kind that lead to the same thing. Between two layers the
lines run along tracks, and lines that begin or end at the same thing share one (`Bus`). Edges that would lead back are
laid the other way round and told apart (`Layout.back`), so circles are drawn and never followed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple, TypeAlias

import msgspec

SWEEPS = 4
"""How often the layers are put in order by what they are connected with."""
TRACKS_LIMIT = 12
"""Tracks between two layers; where more are needed, lines share them."""


class Edge(NamedTuple):
    """A line from one thing to another further right."""

    source: str
    target: str
    kind: str = ""


class Spot(NamedTuple):
    """Where one thing stands."""

    layer: int
    row: int


class Bus(NamedTuple):
    """Lines between two neighbouring layers that share a track.

    Attributes:
        gap: The layer on its left.
        track: Which of the gap's tracks, from the left.
        kind: What kind of edges these are.
        legs: Row on the left, row on the right and the edges meant, for each line.
    """

    gap: int
    track: int
    kind: str
    legs: tuple[tuple[int, int, frozenset[int]], ...]


class Lane(NamedTuple):
    """A row kept free for lines that pass a layer by."""

    layer: int
    row: int
    kind: str
    edges: frozenset[int]


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing without its ink.

    Attributes:
        spots: Where each thing stands.
        layers: The things of each layer, from top to bottom.
        buses: The lines between layers.
        lanes: The lines past layers.
        tracks: How many tracks each gap has.
        height: Rows in all.
        back: Edges, by their number, that lead back and are laid the other way round.
    """

    spots: dict[str, Spot]
    layers: tuple[tuple[str, ...], ...]
    buses: tuple[Bus, ...]
    lanes: tuple[Lane, ...]
    tracks: tuple[int, ...]
    height: int
    back: frozenset[int]


_Key: TypeAlias = str | tuple[str, str, int]
"""A thing, or a lane: the target, the kind and the layer."""
_Segments: TypeAlias = dict[tuple[_Key, _Key, str], set[int]]


def laid_out(nodes: Sequence[str], edges: Sequence[Edge], *, pitch: int = 1, weak: Set[str] = frozenset()) -> Layout:
    """Put things in layers.

    Args:
        nodes: What there is, what matters most first; of equals the earlier stands higher.
        edges: What leads where; ends that are no nodes are passed over, and so is what leads to itself.
        pitch: Rows from one thing to the next below it.
        weak: Kinds of edges that are left out where they would pass a layer by, and other lines lead to both ends.
    """
    known = {key: place for place, key in enumerate(nodes)}
    real = [
        (number, edge)
        for number, edge in enumerate(edges)
        if edge.source in known and edge.target in known and edge.source != edge.target
    ]
    back = back_edges(nodes, real)
    forward = [(number, Edge(edge.target, edge.source, edge.kind) if number in back else edge) for number, edge in real]
    layer_of = layered(nodes, [edge for _number, edge in forward])
    segments = _split(_worth_drawing(forward, layer_of, weak), layer_of)
    order = _ordered(known, layer_of, segments)
    rows = _rows(order, segments, pitch)
    buses, tracks = _buses(segments, layer_of, rows, len(order))
    lanes = _lanes(segments, rows)
    return Layout(
        spots={key: Spot(layer_of[key], rows[key]) for key in nodes},
        layers=tuple(tuple(key for key in layer if isinstance(key, str)) for layer in order),
        buses=tuple(buses),
        lanes=tuple(lanes),
        tracks=tracks,
        height=max((row + pitch for row in rows.values()), default=0),
        back=frozenset(back),
    )


# ---------------------------------------------------------------------------------------------- layers


def back_edges(nodes: Sequence[str], edges: Iterable[tuple[int, Edge]]) -> set[int]:
    """Numbers of the edges that close a circle, when things are gone through in their order."""
    out: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, edge in edges:
        out[edge.source].append((number, edge.target))
    found: set[int] = set()
    state: dict[str, int] = {}
    for root in nodes:
        stack = [] if root in state else [(root, iter(out[root]))]
        if stack:
            state[root] = 1
        while stack:
            key, left = stack[-1]
            step = next(left, None)
            if step is None:
                state[key] = 2
                stack.pop()
            elif state.get(step[1]) == 1:
                found.add(step[0])
            elif step[1] not in state:
                state[step[1]] = 1
                stack.append((step[1], iter(out[step[1]])))
    return found


def layered(nodes: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """The layer of each thing: right of all that lead to it, and what nothing leads to as far right as may be."""
    out: dict[str, list[str]] = {key: [] for key in nodes}
    into: dict[str, int] = dict.fromkeys(nodes, 0)
    for edge in edges:
        out[edge.source].append(edge.target)
        into[edge.target] += 1
    found = dict.fromkeys(nodes, 0)
    front = [key for key in nodes if not into[key]]
    first = list(front)
    order: list[str] = []
    while front:
        order.append(key := front.pop())
        for target in out[key]:
            found[target] = max(found[target], found[key] + 1)
            into[target] -= 1
            if not into[target]:
                front.append(target)
    for key in first:
        if out[key]:
            found[key] = min(found[target] for target in out[key]) - 1
    return found


def _worth_drawing(
    edges: Sequence[tuple[int, Edge]], layer_of: Mapping[str, int], weak: Set[str]
) -> list[tuple[int, Edge]]:
    def is_short(edge: Edge) -> bool:
        return edge.kind not in weak or layer_of[edge.target] - layer_of[edge.source] == 1

    joined = {end for _number, edge in edges if is_short(edge) for end in (edge.source, edge.target)}
    return [(number, edge) for number, edge in edges if is_short(edge) or not {edge.source, edge.target} <= joined]


def _split(edges: Sequence[tuple[int, Edge]], layer_of: Mapping[str, int]) -> _Segments:
    """The edges as pieces from one layer to the next."""
    segments: _Segments = defaultdict(set)
    for number, edge in edges:
        at: _Key = edge.source
        for layer in range(layer_of[edge.source] + 1, layer_of[edge.target] + 1):
            onward: _Key = edge.target if layer == layer_of[edge.target] else (edge.target, edge.kind, layer)
            segments[at, onward, edge.kind].add(number)
            at = onward
    return segments


def _ordered(known: Mapping[str, int], layer_of: Mapping[str, int], segments: _Segments) -> list[list[_Key]]:
    """The layers from top to bottom, so that few lines cross."""
    layers: list[list[_Key]] = [[] for _ in range(max(layer_of.values(), default=-1) + 1)]
    for key in known:
        layers[layer_of[key]].append(key)
    lanes = {key for left, right, _kind in segments for key in (left, right) if isinstance(key, tuple)}
    for lane in sorted(lanes, key=lambda key: (key[2], known[key[0]], key[1])):
        layers[lane[2]].append(lane)
    before, after = _neighbours(segments)
    place = {key: float(nth) for layer in layers for nth, key in enumerate(layer)}
    for sweep in range(SWEEPS):
        rightwards = sweep % 2 == 0
        near = before if rightwards else after
        for layer in layers if rightwards else reversed(layers):
            layer.sort(key=lambda key: _mean([place[each] for each in near.get(key, ())], place[key]))
            place.update((key, float(nth)) for nth, key in enumerate(layer))
    return layers


def _neighbours(segments: _Segments) -> tuple[dict[_Key, list[_Key]], dict[_Key, list[_Key]]]:
    before: dict[_Key, list[_Key]] = defaultdict(list)
    after: dict[_Key, list[_Key]] = defaultdict(list)
    for left, right, _kind in segments:
        before[right].append(left)
        after[left].append(right)
    return before, after


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


# ---------------------------------------------------------------------------------------------- rows


def _rows(layers: Sequence[Sequence[_Key]], segments: _Segments, pitch: int) -> dict[_Key, int]:
    """The row of everything: near what it is connected with, in the order of its layer."""
    before, after = _neighbours(segments)
    room = {key: pitch if isinstance(key, str) else min(pitch, 2) for layer in layers for key in layer}
    rows: dict[_Key, float] = {}
    for layer in layers:
        at = 0
        for key in layer:
            rows[key] = at
            at += room[key]
    for sweep in range(SWEEPS):
        rightwards = sweep % 2 == 0
        near = before if rightwards else after
        for layer in layers if rightwards else reversed(layers):
            wanted = [_mean([rows[each] for each in near.get(key, ())], rows[key]) for key in layer]
            rows.update(zip(layer, spaced(wanted, [room[key] for key in layer]), strict=True))
    top = min(rows.values(), default=0)
    return {key: int(row - top) for key, row in rows.items()}


def spaced(wanted: Sequence[float], room: Sequence[int]) -> list[int]:
    """Rows as near as may be to those wanted, in the same order, each leaving the one before it its room."""
    offsets = [sum(room[:nth]) for nth in range(len(room))]
    blocks: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        total, count = want - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            above = blocks.pop()
            total, count = total + above[0], count + above[1]
        blocks.append((total, count))
    levels = [round(total / count) for total, count in blocks for _ in range(count)]
    return [level + offset for level, offset in zip(levels, offsets, strict=True)]


# ---------------------------------------------------------------------------------------------- lines


def _buses(
    segments: _Segments, layer_of: Mapping[str, int], rows: Mapping[_Key, int], count: int
) -> tuple[list[Bus], tuple[int, ...]]:
    """The lines of every gap on their tracks, and how many tracks each gap has."""
    gaps: list[_Segments] = [defaultdict(set) for _ in range(max(count - 1, 0))]
    for (left, right, kind), numbers in segments.items():
        gaps[left[2] if isinstance(left, tuple) else layer_of[left]][left, right, kind] = numbers
    found: list[Bus] = []
    tracks: list[int] = []
    for gap, pieces in enumerate(gaps):
        groups = _grouped(pieces, rows)
        placed = _on_tracks([(_ends(legs, 0), _ends(legs, 1)) for _kind, legs in groups])
        found += [Bus(gap, track, kind, tuple(legs)) for track, (kind, legs) in zip(placed, groups, strict=True)]
        tracks.append(max(placed, default=-1) + 1)
    return found, tuple(tracks)


_Leg: TypeAlias = tuple[int, int, frozenset[int]]


def _ends(legs: Sequence[_Leg], side: int) -> frozenset[int]:
    return frozenset(leg[0] if side == 0 else leg[1] for leg in legs)


def _grouped(pieces: _Segments, rows: Mapping[_Key, int]) -> list[tuple[str, list[_Leg]]]:
    """Lines that share a track: those to the same thing, or from it, whichever are more."""
    into: dict[tuple[_Key, str], int] = defaultdict(int)
    out: dict[tuple[_Key, str], int] = defaultdict(int)
    for left, right, kind in pieces:
        out[left, kind] += 1
        into[right, kind] += 1
    groups: dict[tuple[str, _Key, str], list[_Leg]] = defaultdict(list)
    for (left, right, kind), numbers in pieces.items():
        name = ("from", left, kind) if out[left, kind] > into[right, kind] else ("to", right, kind)
        groups[name].append((rows[left], rows[right], frozenset(numbers)))
    return [(name[2], legs) for name, legs in groups.items()]


def _on_tracks(groups: Sequence[tuple[frozenset[int], frozenset[int]]]) -> list[int]:
    """A track for each group of lines, given its rows on the left and on the right.

    A line that leaves a row turns off before another one enters that row, wherever circles of such wishes allow it;
    lines side by side on a track never touch.
    """
    spans = [(min(left | right), max(left | right)) for left, right in groups]
    after: list[set[int]] = [
        {other for other, (lefts, _rights) in enumerate(groups) if other != each and lefts & rights}
        for each, (_lefts, rights) in enumerate(groups)
    ]
    placed: dict[int, int] = {}
    waiting = sorted(range(len(groups)), key=lambda each: (spans[each][0], spans[each][1]))
    while waiting:
        free = next((each for each in waiting if after[each] <= placed.keys()), waiting[0])
        waiting.remove(free)
        track = max((placed[each] + 1 for each in after[free] if each in placed), default=0)
        while any(at == track and _touch(spans[other], spans[free]) for other, at in placed.items()):
            track += 1
        placed[free] = min(track, TRACKS_LIMIT - 1)
    return [placed[each] for each in range(len(groups))]


def _touch(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _lanes(segments: _Segments, rows: Mapping[_Key, int]) -> list[Lane]:
    found: dict[tuple[str, str, int], set[int]] = defaultdict(set)
    for (_left, right, _kind), numbers in segments.items():
        if isinstance(right, tuple):
            found[right] |= numbers
    return [Lane(key[2], rows[key], key[1], frozenset(numbers)) for key, numbers in found.items()]
