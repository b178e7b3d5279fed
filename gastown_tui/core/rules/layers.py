"""Beads in layers by what must come first."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId

_BEFORE = frozenset({"blocks", "conditional-blocks", "waits-for"})


class Layering(msgspec.Struct, frozen=True, kw_only=True):
    """A group of beads that hang together."""

    root: Bead
    beads: dict[BeadId, Bead]
    layer: dict[BeadId, int]
    """0: nothing in the group must come first."""
    needs: dict[BeadId, list[BeadId]]
    """What must come first, within the group."""

    @property
    def rows(self) -> list[list[BeadId]]:
        """Ids by layer, most urgent first."""
        rows: list[list[BeadId]] = [[] for _ in range(max(self.layer.values(), default=-1) + 1)]
        for bead_id, layer in self.layer.items():
            rows[layer].append(bead_id)
        return [sorted(row, key=lambda each: (self.beads[each].priority, each)) for row in rows]


def around(town: Town, root: Bead) -> Layering:
    """Everything connected with a bead by blocking edges and parentage, either way."""
    beads = {root.id: root}
    front = [root]
    while front:
        bead = front.pop()
        near = [edge.depends_on_id for edge in bead.needs if edge.type in _BEFORE or edge.type == "parent-child"]
        near += [other for other, type_ in town.dependents(bead.id) if type_ in _BEFORE or type_ == "parent-child"]
        for other_id in near:
            other = town.find(other_id)
            if other is not None and other_id not in beads:
                beads[other_id] = other
                front.append(other)
    return layered(root, beads)


def layered(root: Bead, beads: dict[BeadId, Bead]) -> Layering:
    """Layers of a group: one more than the deepest thing that must come first. Loops end in the layer they reach."""
    needs = {
        bead.id: [e.depends_on_id for e in bead.needs if e.type in _BEFORE and e.depends_on_id in beads]
        for bead in beads.values()
    }
    layer: dict[BeadId, int] = {}
    left = dict(needs)
    depth = 0
    while left:
        free = [bead_id for bead_id, before in left.items() if all(each not in left for each in before)]
        for bead_id in free or list(left):
            layer[bead_id] = depth
            del left[bead_id]
        depth += 1
    return Layering(root=root, beads=beads, layer=layer, needs=needs)


def groups(town: Town, beads: Iterable[Bead]) -> list[Layering]:
    """Open beads in the groups they form; each group's root is what everything in it leads to."""
    open_beads = {bead.id: bead for bead in beads if not bead.is_closed}
    found: list[Layering] = []
    seen: set[BeadId] = set()
    for bead in sorted(open_beads.values(), key=lambda each: (each.kind != "epic", each.priority, each.id)):
        if bead.id in seen:
            continue
        whole = around(town, bead)
        members = {each: other for each, other in whole.beads.items() if each in open_beads}
        seen |= members.keys()
        found.append(layered(bead, members))
    return found
