"""Lists of beads: everything, and what matches."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import shown
from gastown_tui.core.model.outline import Outline
from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.queries import HIDDEN, Filter, can_outline, chosen, ordered
from gastown_tui.core.verbs.bead_filters import (
    LIMIT,
    Assignee,
    ClosedAfter,
    ClosedBefore,
    CreatedAfter,
    CreatedBefore,
    DescContains,
    EmptyDescription,
    Labels,
    LabelsAny,
    LeastPriority,
    MostPriority,
    NoAssignee,
    NoLabels,
    NotesContains,
    Reverse,
    Sort,
    Status,
    Type,
    UpdatedAfter,
    UpdatedBefore,
    is_agent,
    kind_of,
    limit_of,
    priority_of,
    span,
    strange_statuses,
    whole_id,
)
from gastown_tui.core.verbs.beads import beads_here, one, outlines_here, outlines_of
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_json

AGENT_LIMIT = 20
_WATCH_S = 0.5
"""How long a watched list rests between two looks."""


class Listed(Receipt, kw_only=True, frozen=True):
    """Beads in order."""

    town: Town
    beads: tuple[Bead, ...]
    how: str = "compact"
    """`compact`, `agent`, `long`, `tree`, `digraph`, `dot` or a line for each edge with `{{fields}}`."""
    cut: bool = False
    outlines: Sequence[Outline] = ()
    """Every bead there is, when they were chosen from those."""
    remarks: tuple[str, ...] = ()
    """What is odd about what was asked for."""
    again: Callable[[], Listed] | None = None
    """Given when the list is watched: looks once more."""

    def text(self) -> str:
        """A line each, unless asked for otherwise."""
        from gastown_tui.core.views import bead_text

        match self.how:
            case "long":
                return bead_text.long(self.beads)
            case "tree":
                return bead_text.tree(self.beads)
            case "digraph" | "dot":
                return bead_text.edges(self.beads, dot=self.how == "dot")
            case "agent":
                return "\n".join(bead_text.for_agents(self.town, bead) for bead in self.beads)
            case "compact":
                return "\n".join(bead_text.compact(self.town, bead) for bead in self.beads)
        return bead_text.edge_lines(self.town, self.beads, self.how)

    def data(self) -> Any:
        """An array, even when empty; drawings have no JSON form."""
        if self.how not in {"compact", "agent", "long"}:
            return UNSET
        return bead_json.rows(self.town, self.beads, outlines=self.outlines)

    def follow(self, *, json: bool) -> Iterator[str]:
        """The list again, each time it has become another."""
        if self.again is None:
            return
        shown = self._page(json=json)
        while True:
            page = self.again()._page(json=json)
            if page != shown:
                shown = page
                yield page if json else f"\n{'─' * 60}\n{page or 'nothing'}"

    def _page(self, *, json: bool) -> str:
        value = self.data() if json else UNSET
        return self.text() if value is UNSET else msgspec.json.encode(value).decode()

    def warnings(self) -> tuple[str, ...]:
        """That there is more, and what was odd about the question."""
        more = (f"\nShowing {len(self.beads)} issues (use --limit 0 for all)",) if self.cut else ()
        return (*self.remarks, *more)


@verb("bd list", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def list_(
    hands: Hands,
    *,
    status: Status = "",
    priority: Annotated[str, Arg("Only this priority: 0-4 or P0-P4", flags=("--priority", "-p"))] = "",
    priority_min: LeastPriority = "",
    priority_max: MostPriority = "",
    assignee: Assignee = "",
    no_assignee: NoAssignee = False,
    type_: Type = "",
    label: Labels = (),
    label_any: LabelsAny = (),
    no_labels: NoLabels = False,
    label_pattern: Annotated[str, Arg("A label like this, with * and ?")] = "",
    label_regex: Annotated[str, Arg("A label matching this expression")] = "",
    title: Annotated[str, Arg("Words in the title", flags=("--title", "--title-contains"))] = "",
    desc_contains: DescContains = "",
    notes_contains: NotesContains = "",
    id: Annotated[tuple[str, ...], Arg("These ids", metavar="ID", split=True)] = (),
    spec: Annotated[str, Arg("Following specifications whose id begins so")] = "",
    created_after: CreatedAfter = "",
    created_before: CreatedBefore = "",
    updated_after: UpdatedAfter = "",
    updated_before: UpdatedBefore = "",
    closed_after: ClosedAfter = "",
    closed_before: ClosedBefore = "",
    due_after: Annotated[str, Arg("Due after")] = "",
    due_before: Annotated[str, Arg("Due before")] = "",
    defer_after: Annotated[str, Arg("Deferred until after")] = "",
    defer_before: Annotated[str, Arg("Deferred until before")] = "",
    deferred: Annotated[bool, Arg("Only what is put off until a moment")] = False,
    overdue: Annotated[bool, Arg("Only what is late")] = False,
    empty_description: EmptyDescription = False,
    pinned: Annotated[bool, Arg("Only pinned")] = False,
    no_pinned: Annotated[bool, Arg("Only not pinned")] = False,
    parent: Annotated[
        str, Arg("Children of this bead", flags=("--parent", "--filter-parent"), metavar="ID", suggest=Suggest.BEAD)
    ] = "",
    no_parent: Annotated[bool, Arg("Only what is below nothing")] = False,
    exclude_label: Annotated[tuple[str, ...], Arg("Without any of these labels", split=True)] = (),
    mol_type: Annotated[str, Arg("Only molecules of this kind")] = "",
    wisp_type: Annotated[str, Arg("Only passing things of this kind")] = "",
    include_templates: Annotated[bool, Arg("Templates too")] = False,
    include_gates: Annotated[bool, Arg("Gates too")] = False,
    ready: Annotated[bool, Arg("Only status open")] = False,
    all: Annotated[bool, Arg("Everything the ledger holds, closed and deleted too, without limit")] = False,
    limit: Annotated[int | None, Arg("At most so many; 0: all", flags=("--limit", "-n"))] = None,
    sort: Sort = "",
    reverse: Reverse = False,
    long: Annotated[bool, Arg("Several lines each")] = False,
    pretty: Annotated[bool, Arg("As a tree", flags=("--pretty", "--tree"))] = False,
    format: Annotated[
        str, Arg("Edges instead of beads: digraph, dot, or a line such as '{{.IssueID}} {{.DependsOnID}} {{.Type}}'")
    ] = "",
    watch: Annotated[
        bool, Arg("Go on and list again whenever something changes; ctrl-c ends", flags=("--watch", "-w"))
    ] = False,
    flat: Annotated[bool, Arg("A line each, as without options", hidden=True)] = False,
    no_pager: Annotated[bool, Arg("Accepted; there is no pager", hidden=True)] = False,
) -> Receipt:
    """List beads, most urgent first and newest first among those.

    Closed and deleted beads, templates and gates are left out unless asked for; `--all` leaves out nothing.
    """
    del flat, no_pager
    if pinned and no_pinned:
        raise BadInput("--pinned and --no-pinned are mutually exclusive")
    town = hands.ledger.read()
    above = _parent(hands, town, parent)
    wanted = Filter(
        status="open" if ready else status,
        hidden=frozenset() if all else HIDDEN,
        kind=kind_of(type_),
        priority=priority_of(priority),
        priority_min=priority_of(priority_min),
        priority_max=priority_of(priority_max),
        assignee=assignee,
        no_assignee=no_assignee,
        labels=label,
        labels_any=label_any,
        no_labels=no_labels,
        label_pattern=label_pattern,
        label_regex=label_regex,
        title=title,
        description=desc_contains,
        notes=notes_contains,
        ids=tuple(whole_id(hands, town, each) for each in id),
        spec=spec,
        created=span(hands, "created", created_after, created_before),
        updated=span(hands, "updated", updated_after, updated_before),
        closed=span(hands, "closed", closed_after, closed_before),
        due=span(hands, "due", due_after, due_before),
        deferred=span(hands, "defer", defer_after, defer_before),
        only_deferred=deferred,
        overdue=overdue,
        empty_description=empty_description,
        pinned=True if pinned else False if no_pinned else None,
        parent=None if pretty or above is None else above.id,
        no_parent=no_parent,
        without_labels=exclude_label,
        mol_type=mol_type,
        wisp_type=wisp_type,
        templates=include_templates or all,
        gates=include_gates or all,
    )
    how = edge_format(format) or ("tree" if pretty else "long" if long else "agent" if is_agent(hands) else "compact")
    room = limit_of(limit, default=0 if all or (pretty and above is not None) else _default_limit(hands))

    def look(town: Town) -> Listed:
        family = _family(town, town.bead(above.id)) if pretty and above is not None else None
        if room and family is None and can_outline(wanted, sort):
            here = outlines_here(hands, town)
            few = ordered(chosen(here, wanted, hands.clock.now()), sort, reverse=reverse, room=room)
            beads = tuple(bead for each in few[:room] if (bead := town.find(each.id)) is not None)
            outlines = here if len(town.ledgers) == 1 else outlines_of(town)
            return Listed(town=town, beads=beads, how=how, cut=room <= len(few), outlines=outlines)
        pool = beads_here(hands, town) if family is None else family
        found = ordered(chosen(pool, wanted, hands.clock.now()), sort, reverse=reverse, room=room)
        return Listed(town=town, beads=tuple(found[:room] if room else found), how=how, cut=0 < room <= len(found))

    listed = replace(look(town), remarks=strange_statuses(hands, town, status))
    return replace(listed, again=lambda: _when_it_changes(hands, look)) if watch else listed


def _when_it_changes(hands: Hands, look: Callable[[Town], Listed]) -> Listed:
    """The list once more; a short wait lies between two looks."""
    hands.clock.sleep(_WATCH_S)
    return look(hands.ledger.read())


@verb("bd search", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def search(
    hands: Hands,
    words: Annotated[tuple[str, ...], Arg("What to look for")] = (),
    *,
    query: Annotated[str, Arg("The same, as an option")] = "",
    status: Status = "",
    assignee: Assignee = "",
    type_: Type = "",
    label: Labels = (),
    label_any: LabelsAny = (),
    limit: Annotated[int | None, Arg("At most so many; 0: all", flags=("--limit", "-n"))] = None,
    long: Annotated[bool, Arg("Several lines each")] = False,
    sort: Sort = "",
    reverse: Reverse = False,
    created_after: CreatedAfter = "",
    created_before: CreatedBefore = "",
    updated_after: UpdatedAfter = "",
    updated_before: UpdatedBefore = "",
    closed_after: ClosedAfter = "",
    closed_before: ClosedBefore = "",
    priority_min: LeastPriority = "",
    priority_max: MostPriority = "",
    desc_contains: DescContains = "",
    notes_contains: NotesContains = "",
    empty_description: EmptyDescription = False,
    no_assignee: NoAssignee = False,
    no_labels: NoLabels = False,
) -> Receipt:
    """Find beads by words in title, description or id; closed ones too."""
    sought = " ".join(words) or query
    if not sought.strip():
        raise BadInput("search query is required", hint="bd search WORDS")
    town = hands.ledger.read()
    wanted = Filter(
        words=sought,
        status=status,
        hidden=frozenset({"tombstone"}),
        kind=kind_of(type_),
        priority_min=priority_of(priority_min),
        priority_max=priority_of(priority_max),
        assignee=assignee,
        no_assignee=no_assignee,
        labels=label,
        labels_any=label_any,
        no_labels=no_labels,
        description=desc_contains,
        notes=notes_contains,
        created=span(hands, "created", created_after, created_before),
        updated=span(hands, "updated", updated_after, updated_before),
        closed=span(hands, "closed", closed_after, closed_before),
        empty_description=empty_description,
        gates=True,
    )
    found = ordered(chosen(beads_here(hands, town), wanted, hands.clock.now()), sort, reverse=reverse)
    room = limit_of(limit, default=LIMIT)
    return Found(
        town=town,
        beads=tuple(found[:room] if room else found),
        sought=sought,
        long=long,
        remarks=strange_statuses(hands, town, status),
    )


class Found(Receipt, kw_only=True, frozen=True):
    """What a search found."""

    town: Town
    beads: tuple[Bead, ...]
    sought: str
    long: bool = False
    remarks: tuple[str, ...] = ()

    def text(self) -> str:
        """A line each under a heading."""
        from gastown_tui.core.views import bead_text

        sought = one_line(self.sought, 80)
        if not self.beads:
            return f"No issues found matching '{sought}'"
        if self.long:
            return bead_text.long(self.beads)
        rows = [bead_text.found(bead) for bead in self.beads]
        return "\n".join([f"Found {len(self.beads)} issues matching '{sought}':", *rows])

    def data(self) -> Any:
        """An array, even when empty."""
        return bead_json.rows(self.town, self.beads, edges=False)

    def warnings(self) -> tuple[str, ...]:
        """What was odd about the question."""
        return self.remarks


def edge_format(text: str) -> str:
    """How edges are to be shown; empty: not at all.

    Raises:
        BadInput: the line has a field that edges do not have.
    """
    if not text or text in {"digraph", "dot"}:
        return text
    from gastown_tui.core.views.bead_text import EDGE_FIELDS

    unknown = [each for each in re.findall(r"{{\s*(.*?)\s*}}", text) if each not in EDGE_FIELDS]
    if unknown or "{{" not in text:
        raise BadInput(
            f"--format {shown(text)} is neither digraph, nor dot, nor a line with fields of edges",
            hint=f"fields: {', '.join('{{' + each + '}}' for each in EDGE_FIELDS)}",
        )
    return text


def _family(town: Town, above: Bead) -> list[Bead]:
    from gastown_tui.core.rules.beads import descendants

    return [above, *descendants(town, above.id)]


def _default_limit(hands: Hands) -> int:
    return AGENT_LIMIT if is_agent(hands) else LIMIT


def _parent(hands: Hands, town: Town, text: str) -> Bead | None:
    if not text:
        return None
    try:
        return one(hands, town, text)
    except NotFound as error:
        raise NotFound(f"parent issue '{text[:80]}' not found", hint=error.hint) from error
