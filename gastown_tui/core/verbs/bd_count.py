"""How many beads there are, whole and in groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Annotated

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.queries import Filter, chosen
from gastown_tui.core.verbs.bead_filters import (
    Assignee,
    ClosedAfter,
    ClosedBefore,
    CreatedAfter,
    CreatedBefore,
    DescContains,
    EmptyDescription,
    Labels,
    LabelsAny,
    NoAssignee,
    NoLabels,
    NotesContains,
    Status,
    Type,
    UpdatedAfter,
    UpdatedBefore,
    kind_of,
    span,
    whole_id,
)
from gastown_tui.core.verbs.beads import Said, beads_here
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, verb


@verb("bd count", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def count(
    hands: Hands,
    *,
    status: Status = "",
    assignee: Assignee = "",
    type_: Type = "",
    label: Labels = (),
    label_any: LabelsAny = (),
    title: Annotated[str, Arg("Words in the title", flags=("--title", "--title-contains"))] = "",
    id: Annotated[tuple[str, ...], Arg("These ids", metavar="ID", split=True)] = (),
    desc_contains: DescContains = "",
    notes_contains: NotesContains = "",
    priority: Annotated[int | None, Arg("Only this priority", flags=("--priority", "-p"))] = None,
    priority_min: Annotated[int | None, Arg("Not more urgent than this")] = None,
    priority_max: Annotated[int | None, Arg("Not less urgent than this")] = None,
    created_after: CreatedAfter = "",
    created_before: CreatedBefore = "",
    updated_after: UpdatedAfter = "",
    updated_before: UpdatedBefore = "",
    closed_after: ClosedAfter = "",
    closed_before: ClosedBefore = "",
    empty_description: EmptyDescription = False,
    no_assignee: NoAssignee = False,
    no_labels: NoLabels = False,
    by_status: Annotated[bool, Arg("One number for each status")] = False,
    by_priority: Annotated[bool, Arg("One number for each priority")] = False,
    by_type: Annotated[bool, Arg("One number for each type")] = False,
    by_assignee: Annotated[bool, Arg("One number for each assignee")] = False,
    by_label: Annotated[bool, Arg("One number for each label")] = False,
) -> Receipt:
    """Count beads, closed ones too, whole or in groups."""
    groups = [by_status, by_priority, by_type, by_assignee, by_label]
    if sum(groups) > 1:
        raise BadInput("only one --by-* flag can be specified")
    town = hands.ledger.read()
    wanted = Filter(
        status=status,
        hidden=frozenset({"tombstone"}),
        kind=kind_of(type_),
        priority=priority,
        priority_min=priority_min,
        priority_max=priority_max,
        assignee=assignee,
        no_assignee=no_assignee,
        labels=label,
        labels_any=label_any,
        no_labels=no_labels,
        title=title,
        description=desc_contains,
        notes=notes_contains,
        ids=tuple(whole_id(hands, town, each) for each in id),
        created=span(hands, "created", created_after, created_before),
        updated=span(hands, "updated", updated_after, updated_before),
        closed=span(hands, "closed", closed_after, closed_before),
        empty_description=empty_description,
        templates=True,
        gates=True,
    )
    found = chosen(beads_here(hands, town), wanted, hands.clock.now())
    if not any(groups):
        return Said(plain=str(len(found)), value={"count": len(found)})
    return _grouped(found, _GROUPINGS[groups.index(True)])


_GROUPINGS: tuple[Callable[[Bead], Iterable[str]], ...] = (
    lambda bead: (bead.state,),
    lambda bead: (f"P{bead.priority}",),
    lambda bead: (bead.kind,),
    lambda bead: (bead.assignee or "(unassigned)",),
    lambda bead: bead.labels or ("(no labels)",),
)


def _grouped(found: list[Bead], grouping: Callable[[Bead], Iterable[str]]) -> Said:
    counts = sorted(Counter(group for bead in found for group in grouping(bead)).items())
    lines = [f"Total: {len(found)}", "", *(f"{one_line(group)}: {number}" for group, number in counts)]
    rows = [{"group": group, "count": number} for group, number in counts]
    return Said(plain="\n".join(lines), value={"total": len(found), "groups": rows})
