"""Trees drawn with lines."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

Node = TypeVar("Node")


def branches(
    roots: Iterable[Node],
    below: Callable[[Node], Sequence[Node]],
    say: Callable[[Node], str],
    key: Callable[[Node], Hashable],
) -> list[str]:
    """Lines of a forest. A node met again is not drawn a second time, so loops end."""
    lines: list[str] = []
    drawn: set[Hashable] = set()
    stack = [(root, "", "") for root in reversed(list(roots))]
    while stack:
        node, lead, indent = stack.pop()
        if key(node) in drawn:
            continue
        drawn.add(key(node))
        lines.append(lead + say(node))
        fresh = [child for child in below(node) if key(child) not in drawn]
        for place, child in enumerate(reversed(fresh)):
            is_last = place == 0
            stack.append((child, indent + ("└── " if is_last else "├── "), indent + ("    " if is_last else "│   ")))
    return lines
