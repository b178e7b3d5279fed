"""Drawing how beads hang together."""

from __future__ import annotations

from typing import Annotated, Any

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.model.text import cut
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.layers import Layering, around, groups
from gastown_tui.core.verbs.beads import Said, beads_here, one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_json, bead_text

_BOX_WIDTH = 44


@verb("bd graph", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def graph(
    hands: Hands,
    id: Annotated[str, Arg("A bead", metavar="ID", suggest=Suggest.BEAD)] = "",
    *,
    all: Annotated[bool, Arg("Every open bead")] = False,
    compact: Annotated[bool, Arg("A line each")] = False,
    box: Annotated[bool, Arg("Boxes, as without options")] = False,
    dot: Annotated[bool, Arg("For Graphviz")] = False,
    html: Annotated[bool, Arg("As a page for a browser, whole in itself")] = False,
) -> Receipt:
    """Draw a bead and all it hangs together with, in layers: what can go on at once stands side by side."""
    del box
    if id and all:
        raise BadInput("cannot specify issue ID with --all flag")
    if not id and not all:
        raise BadInput("issue ID required (or use --all for all open issues)")
    town = hands.ledger.read()
    if all:
        found = groups(town, beads_here(hands, town))
        if not found:
            return Said(plain="No open issues found")
    else:
        try:
            found = [around(town, one(hands, town, id))]
        except NotFound as error:
            raise NotFound(f"issue '{id[:80]}' not found") from error
    if dot:
        return Said(plain=bead_text.edges([bead for each in found for bead in each.beads.values()], dot=True))
    if html:
        from gastown_tui.core.views.graph_page import page

        return Said(plain=page(found))
    drawn = "\n".join(_compact(each) if compact else _boxes(each) for each in found)
    values = [_value(each) for each in found]
    return Said(plain=drawn, value=values if all else values[0])


def _compact(layering: Layering) -> str:
    lines = ["", f"📊 Dependency graph for {layering.root.id}:", ""]
    for number, row in enumerate(layering.rows):
        lines.append(f"LAYER {number}{' (ready)' if number == 0 else ''}")
        for bead_id in row:
            before = layering.needs[bead_id]
            more = f" ← {', '.join(before)}" if before else ""
            lines.append(f"  {bead_text.short(layering.beads[bead_id])}{more}")
    return "\n".join(lines)


def _boxes(layering: Layering) -> str:
    lines = [
        "",
        f"📊 Dependency graph for {layering.root.id}:",
        "",
        "  Status: ○ open  ◐ in_progress  ● blocked  ✓ closed",
        "",
    ]
    for number, row in enumerate(layering.rows):
        lines.append(f"  Layer {number}{' (ready)' if number == 0 else ''}")
        for bead_id in row:
            bead = layering.beads[bead_id]
            head = cut(f"{bead_text.icon(bead)} {bead_text.title(bead)}", _BOX_WIDTH - 4)
            foot = cut(f"{bead.id} P{bead.priority} {bead.kind}", _BOX_WIDTH - 4)
            lines += [
                f"  ┌{'─' * (_BOX_WIDTH - 2)}┐",
                f"  │ {head:<{_BOX_WIDTH - 4}} │",
                f"  │ {foot:<{_BOX_WIDTH - 4}} │",
                f"  └{'─' * (_BOX_WIDTH - 2)}┘",
            ]
            lines += [f"      ← {each}" for each in layering.needs[bead_id]]
        lines.append("")
    return "\n".join(lines)


def _value(layering: Layering) -> dict[str, Any]:
    rows = layering.rows
    nodes = {
        bead_id: {
            "Issue": bead_json.issue(bead),
            "Layer": layering.layer[bead_id],
            "Position": rows[layering.layer[bead_id]].index(bead_id),
            "DependsOn": layering.needs[bead_id] or None,
        }
        for bead_id, bead in sorted(layering.beads.items())
    }
    layout = {"Nodes": nodes, "Layers": rows, "MaxLayer": len(rows) - 1, "RootID": layering.root.id}
    return {
        "issues": [bead_json.issue(bead) for bead in layering.beads.values()],
        "layout": layout,
        "root": bead_json.issue(layering.root),
    }
