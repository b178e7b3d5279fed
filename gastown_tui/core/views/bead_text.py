"""Beads as plain lines for people and for programs that read bd's own wording (reference/bd-cli.md sections 6 to 8)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.text import one_line, plain
from gastown_tui.core.rules.readiness import BLOCKING
from gastown_tui.core.views.branches import branches

ICONS = {"open": "○", "in_progress": "◐", "blocked": "●", "closed": "✓", "deferred": "❄", "pinned": "📌", "hooked": "◇"}
_RULE = "─" * 60
_LEGEND = "Status: ○ open  ◐ in_progress  ● blocked  ✓ closed  ❄ deferred"


def icon(bead: Bead) -> str:
    """The glyph of a bead's status."""
    return ICONS.get(bead.state, "?")


def title(bead: Bead) -> str:
    """A title fit for one line."""
    return one_line(bead.title)


def bracketed(words: Iterable[str]) -> str:
    """A list as `[a b c]`."""
    return f"[{' '.join(one_line(word) for word in words)}]"


# ---------------------------------------------------------------------------------------------- one line each


def compact(town: Town, bead: Bead) -> str:
    """A row of `list`."""
    priority = f"[P{bead.priority}]" if bead.is_closed else f"[● P{bead.priority}]"
    pin = "📌 " if bead.pinned else ""
    who = f" @{one_line(bead.assignee)}" if bead.assignee else ""
    labels = f" {bracketed(bead.labels)}" if bead.labels else ""
    return f"{icon(bead)} {pin}{bead.id} {priority} [{bead.kind}]{who}{labels} - {title(bead)}{around(town, bead)}"


def for_agents(town: Town, bead: Bead) -> str:
    """A row of `list` where every character costs."""
    return f"{bead.id}: {title(bead)}{around(town, bead)}"


def around(town: Town, bead: Bead) -> str:
    """What a bead waits for and what waits for it, in brackets; empty when neither."""
    before = [edge.depends_on_id for edge in bead.needs if edge.type in BLOCKING]
    after = [each for each, type_ in town.dependents(bead.id) if type_ in BLOCKING and type_ != "parent-child"]
    parts = [f"blocked by: {', '.join(before)}"] if before else []
    parts += [f"blocks: {', '.join(after)}"] if after else []
    return f" ({', '.join(parts)})" if parts else ""


def found(bead: Bead) -> str:
    """A row of `search`."""
    who = f" @{one_line(bead.assignee)}" if bead.assignee else ""
    labels = f" {bracketed(bead.labels)}" if bead.labels else ""
    return f"{bead.id} [P{bead.priority}] [{bead.kind}] {bead.state}{who}{labels} - {title(bead)}"


def short(bead: Bead) -> str:
    """A row of `show --short` and of trees."""
    if bead.is_closed:
        return f"{icon(bead)} {bead.id} ● P{bead.priority} {bead.kind} {title(bead)}"
    mark = f"[{bead.kind}] " if bead.kind in {"epic", "bug"} else ""
    return f"{icon(bead)} {bead.id} ● P{bead.priority} {mark}{title(bead)}"


def long(beads: Sequence[Bead]) -> str:
    """`list --long`."""
    lines = ["", f"Found {len(beads)} issues:", ""]
    for bead in beads:
        lines += [f"{bead.id} [● P{bead.priority}] [{bead.kind}] {bead.state}", f"  {title(bead)}"]
        if bead.assignee:
            lines.append(f"  Assignee: {one_line(bead.assignee)}")
        if bead.labels:
            lines.append(f"  Labels: {bracketed(bead.labels)}")
        lines.append("")
    return "\n".join(lines)


def edges(beads: Sequence[Bead], *, dot: bool) -> str:
    """Edges among beads, one a line, or as a graph for Graphviz."""
    shown = {bead.id for bead in beads}
    pairs = [(bead.id, edge) for bead in beads for edge in bead.needs if edge.depends_on_id in shown]
    if not dot:
        return "\n".join(f"{bead_id} {edge.depends_on_id}" for bead_id, edge in pairs)
    lines = ["digraph dependencies {", "  rankdir=TB;", "  node [shape=box];"]
    lines += [f"  {_dot(bead.id)} [label={_dot(f'{bead.id}: {title(bead)}')}];" for bead in beads]
    lines += [f"  {_dot(bead_id)} -> {_dot(edge.depends_on_id)} [label={_dot(edge.type)}];" for bead_id, edge in pairs]
    return "\n".join([*lines, "}"])


EDGE_FIELDS = (
    ".IssueID", ".DependsOnID", ".Type", ".Issue.Title", ".Issue.Status", ".Dependency.Title", ".Dependency.Status",
)  # fmt: skip
"""What a line for an edge may name."""


def edge_lines(town: Town, beads: Sequence[Bead], line: str) -> str:
    """A line for each edge of these beads, its `{{fields}}` filled in."""
    lines: list[str] = []
    for bead in beads:
        for edge in bead.needs:
            other = town.find(edge.depends_on_id)
            values = {
                ".IssueID": bead.id,
                ".DependsOnID": edge.depends_on_id,
                ".Type": edge.type,
                ".Issue.Title": title(bead),
                ".Issue.Status": bead.state,
                ".Dependency.Title": "" if other is None else title(other),
                ".Dependency.Status": "" if other is None else other.state,
            }
            pieces = re.split(r"{{\s*(.*?)\s*}}", line)
            lines.append("".join(values[piece] if place % 2 else piece for place, piece in enumerate(pieces)))
    return "\n".join(lines)


def _dot(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def tree(beads: Sequence[Bead]) -> str:
    """`list --tree`: beads under their parents, as far as those are listed too."""
    if not beads:
        return "No issues found."
    shown = {bead.id: bead for bead in beads}
    below: dict[BeadId, list[Bead]] = {}
    roots: list[Bead] = []
    for bead in beads:
        parents = [edge.depends_on_id for edge in bead.needs if edge.type == "parent-child"]
        parent = next((each for each in parents if each in shown and each != bead.id), None)
        if parent is None:
            roots.append(bead)
        else:
            below.setdefault(parent, []).append(bead)
    lines = branches([*roots, *beads], lambda bead: below.get(bead.id, []), short, lambda bead: bead.id)
    opened = sum(bead.state == "open" for bead in beads)
    moving = sum(bead.state == "in_progress" for bead in beads)
    lines += ["", "-" * 80, f"Total: {len(beads)} issues ({opened} open, {moving} in progress)", "", _LEGEND]
    return "\n".join(lines)


# ---------------------------------------------------------------------------------------------- one bead whole


def whole(town: Town, bead: Bead, *, time: Callable[[str], str]) -> str:
    """`show`: everything about one bead and its neighbours.

    Args:
        town: Where its neighbours are.
        bead: The bead.
        time: How a comment's stamp is shown.
    """
    lines = ["", *_head(bead), *_texts(bead)]
    if bead.labels:
        lines += ["", f"LABELS: {', '.join(one_line(label) for label in bead.labels)}"]
    lines += _neighbours(town, bead)
    if bead.comments:
        lines += ["", "COMMENTS"]
        for each in bead.comments:
            lines.append(f"  {time(each.created_at)} {one_line(each.author)}")
            lines += [f"    {line}" for line in plain(each.text).splitlines()]
    return "\n".join([*lines, ""])


def separator() -> str:
    """Between two beads shown whole."""
    return f"\n{_RULE}"


def _head(bead: Bead) -> list[str]:
    mark = {"epic": " [EPIC]", "bug": " [BUG]"}.get(bead.kind, "")
    lines = [f"{icon(bead)} {bead.id}{mark} · {title(bead)}   [● P{bead.priority} · {bead.state.upper()}]"]
    people = [f"Owner: {one_line(bead.created_by)}"] if bead.created_by else []
    people += [f"Assignee: {one_line(bead.assignee)}"] if bead.assignee else []
    lines.append(" · ".join([*people, f"Type: {one_line(bead.kind)}"]))
    times = [f"Created: {bead.created_at[:10]}", f"Updated: {bead.updated_at[:10]}"]
    times += [f"Due: {bead.due_at[:10]}"] if bead.due_at else []
    times += [f"Deferred: {bead.defer_until[:10]}"] if bead.defer_until else []
    lines.append(" · ".join(times))
    for label, text in (
        ("Close reason", bead.close_reason if bead.is_closed else None),
        ("External", bead.external_ref),
        ("Spec", bead.spec_id),
        ("Wisp type", bead.wisp_type),
    ):
        if text:
            lines.append(f"{label}: {one_line(text)}")
    return lines


def _texts(bead: Bead) -> list[str]:
    lines: list[str] = []
    for heading, text in (
        ("DESCRIPTION", bead.description),
        ("DESIGN", bead.design),
        ("NOTES", bead.notes),
        ("ACCEPTANCE CRITERIA", bead.acceptance_criteria),
    ):
        if text:
            lines += ["", heading, *plain(text).rstrip("\n").split("\n")]
    return lines


def edge_line(arrow: str, bead: Bead) -> str:
    """A neighbour."""
    mark = {"epic": "(EPIC) ", "bug": "(BUG) "}.get(bead.kind, "") if not bead.is_closed else ""
    return f"  {arrow} {icon(bead)} {bead.id}: {mark}{title(bead)} ● P{bead.priority}"


_DOWN = {"parent-child": "PARENT", "discovered-from": "DISCOVERED FROM", "related": "RELATED", "relates-to": "RELATED"}
_UP = {"parent-child": "CHILDREN", "discovered-from": "DISCOVERED", "related": "RELATED", "relates-to": "RELATED"}
_ARROWS = {
    "PARENT": "↑",
    "DEPENDS ON": "→",
    "DISCOVERED FROM": "◊",
    "CHILDREN": "↳",
    "BLOCKS": "←",
    "DISCOVERED": "◊",
    "RELATED": "↔",
}


def _neighbours(town: Town, bead: Bead) -> list[str]:
    groups: dict[str, dict[BeadId, str]] = {heading: {} for heading in _ARROWS}
    for edge in bead.needs:
        groups[_DOWN.get(edge.type, "DEPENDS ON")].setdefault(edge.depends_on_id, edge.type)
    for other, type_ in town.dependents(bead.id):
        groups[_UP.get(type_, "BLOCKS")].setdefault(other, type_)
    lines: list[str] = []
    for heading, others in groups.items():
        if others:
            lines += ["", heading]
            lines += [_neighbour(town, _ARROWS[heading], other) for other in others]
    return lines


def _neighbour(town: Town, arrow: str, other: BeadId) -> str:
    bead = town.find(other)
    return f"  {arrow} {one_line(other)}" if bead is None else edge_line(arrow, bead)


# ---------------------------------------------------------------------------------------------- ready and blocked


def ready(beads: Sequence[Bead]) -> str:
    """`ready`, when there is some."""
    lines = ["", f"📋 Ready work ({len(beads)} issues with no blockers):", ""]
    for number, bead in enumerate(beads, 1):
        lines.append(f"{number}. [● P{bead.priority}] [{bead.kind}] {bead.id}: {title(bead)}")
        if bead.estimated_minutes:
            lines.append(f"   Estimate: {bead.estimated_minutes} min")
        if bead.assignee:
            lines.append(f"   Assignee: {one_line(bead.assignee)}")
    return "\n".join([*lines, ""])


def nothing_ready(*, any_open: bool) -> str:
    """`ready`, when there is none."""
    if any_open:
        return "\n✨ No ready work found (all issues have blocking dependencies)\n"
    return "\n✨ No open issues\n"


def blocked(rows: Sequence[tuple[Bead, tuple[BeadId, ...]]]) -> str:
    """`blocked`."""
    if not rows:
        return "\n✨ No blocked issues\n"
    lines = ["", f"🚫 Blocked issues ({len(rows)}):", ""]
    for bead, blockers in rows:
        lines.append(f"[● P{bead.priority}] {bead.id}: {title(bead)}")
        lines.append(f"  Blocked by {len(blockers)} open dependencies: {bracketed(blockers)}")
        lines.append("")
    return "\n".join(lines)
