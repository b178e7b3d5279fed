"""What a bead depends on and what depends on it, as a tree."""

from __future__ import annotations

from collections import deque

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.rules.edges import open_blockers
from gastown_tui.core.views.bead_text import title

_PATH_LIMIT = 5000
_HEADS = {"down": "Dependency tree for", "up": "Dependent tree for", "both": "Full dependency graph for"}
_BOXES = {"open": "☐", "in_progress": "◧", "blocked": "⚠", "closed": "☑"}


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """Which edges to follow and how far."""

    direction: str = "down"
    max_depth: int = 50
    status: str = ""
    type: str = ""
    all_paths: bool = False


class Node(msgspec.Struct, frozen=True):
    """One bead in the tree."""

    bead: Bead
    depth: int
    parent: str
    """Empty for the root."""
    truncated: bool = False
    """Its own edges lie beyond the depth asked for."""


def nodes(town: Town, root: Bead, walk: Walk) -> list[Node]:
    """Beads by distance from the root, each at its nearest place unless all paths are wanted."""
    found = [Node(root, 0, "")]
    queue = deque([(root, 0, frozenset({root.id}))])
    seen = {root.id}
    while queue and len(found) < _PATH_LIMIT:
        bead, depth, path = queue.popleft()
        for other_id in _around(town, bead, walk):
            if other_id in path or (other_id in seen and not walk.all_paths):
                continue
            other = town.find(other_id)
            if other is None or (walk.status and other.state != walk.status):
                continue
            seen.add(other_id)
            is_end = depth + 1 >= walk.max_depth
            found.append(Node(other, depth + 1, bead.id, is_end and bool(_around(town, other, walk))))
            if not is_end:
                queue.append((other, depth + 1, path | {other_id}))
    return found


def _around(town: Town, bead: Bead, walk: Walk) -> list[BeadId]:
    down = [edge.depends_on_id for edge in bead.needs if not walk.type or edge.type == walk.type]
    up = [other for other, type_ in town.dependents(bead.id) if not walk.type or type_ == walk.type]
    return {"down": down, "up": up}.get(walk.direction, [*down, *up])


def drawn(town: Town, root: Bead, found: list[Node], direction: str) -> str:
    """The tree with lines; a bead met again is named and not followed."""
    below: dict[str, list[Node]] = {}
    for node in found[1:]:
        below.setdefault(node.parent, []).append(node)
    lines = ["", f"🌲 {_HEADS[direction]} {root.id}:", ""]
    shown: set[str] = set()
    stack: list[tuple[Node, str, str]] = [(found[0], "", "")]
    while stack:
        node, lead, indent = stack.pop()
        bead = node.bead
        if bead.id in shown:
            lines.append(f"{lead}{bead.id} (shown above)")
            continue
        shown.add(bead.id)
        is_ready = node.depth == 0 and bead.state == "open" and not open_blockers(town, bead)
        more = (" [READY]" if is_ready else "") + (" …" if node.truncated else "")
        lines.append(f"{lead}{bead.id}: {title(bead)} [P{bead.priority}] ({bead.state}){more}")
        children = below.get(bead.id, [])
        for place, child in enumerate(reversed(children)):
            is_last = place == 0
            stack.append((child, indent + ("└── " if is_last else "├── "), indent + ("    " if is_last else "│   ")))
    return "\n".join([*lines, ""])


def mermaid(found: list[Node]) -> str:
    """The tree as a Mermaid flowchart."""
    beads = {node.bead.id: node.bead for node in found}
    lines = ["flowchart TD"]
    for bead in beads.values():
        label = f"{_BOXES.get(bead.state, '☐')} {bead.id}: {title(bead)}".replace('"', "&quot;")
        lines.append(f'  {bead.id}["{label}"]')
    lines.append("")
    lines += [f"  {node.parent} --> {node.bead.id}" for node in found if node.parent]
    return "\n".join(lines)
