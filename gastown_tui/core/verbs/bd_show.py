"""Looking at single beads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from gastown_tui.core.errors import BadInput, GastownError, NotFound
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.times import moment
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.beads import Said, one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_json

_GROUP_ICONS = {"blocks": "🚫", "parent-child": "↳", "discovered-from": "◊", "related": "↔", "relates-to": "↔"}


class Shown(Receipt, kw_only=True, frozen=True):
    """Beads with their surroundings."""

    town: Town
    beads: tuple[Bead, ...]
    short: bool = False
    local_time: bool = False
    missing: tuple[str, ...] = ()

    def text(self) -> str:
        """Each whole, or a line each."""
        from gastown_tui.core.views import bead_text

        if self.short:
            return "\n".join(bead_text.short(bead) for bead in self.beads)
        time = stamp_shower(local=self.local_time)
        pages = [bead_text.whole(self.town, bead, time=time) for bead in self.beads]
        return f"{bead_text.separator()}\n".join(pages)

    def data(self) -> Any:
        """An array, however many."""
        return [bead_json.details(self.town, bead) for bead in self.beads]

    def warnings(self) -> tuple[str, ...]:
        """What was not found."""
        return self.missing

    def code(self) -> int:
        """3 when something was not found."""
        return 3 if self.missing else 0


def stamp_shower(*, local: bool) -> Callable[[str], str]:
    """How stamps are shown to the minute: as written, or in the time zone here."""

    def shown(text: str) -> str:
        at = moment(text) if local else None
        return f"{at.astimezone():%Y-%m-%d %H:%M}" if at is not None else text[:16].replace("T", " ")

    return shown


@verb("bd show", group="beads", needs=Needs.LEDGER, mutates=False, aliases=("bd view",), compact_errors=True)
def show(
    hands: Hands,
    ids: Annotated[tuple[str, ...], Arg("Beads", metavar="ID", suggest=Suggest.BEAD)] = (),
    *,
    id: Annotated[tuple[str, ...], Arg("A bead whose id looks like an option", metavar="ID")] = (),
    short: Annotated[bool, Arg("A line each")] = False,
    refs: Annotated[bool, Arg("What refers to them")] = False,
    children_: Annotated[bool, Arg("Their children", flags=("--children",))] = False,
    thread: Annotated[bool, Arg("The conversation they belong to")] = False,
    local_time: Annotated[bool, Arg("Times in the zone here")] = False,
    as_of: Annotated[str, Arg("As they were then: a time, or a commit of git", metavar="WHEN")] = "",
) -> Receipt:
    """Show everything about beads: fields, texts, neighbours, comments."""
    asked = (*ids, *id)
    if not asked:
        raise BadInput("at least one issue ID is required (use positional args or --id flag)")
    town = hands.ledger.read()
    found: list[Bead] = []
    problems: list[GastownError] = []
    for text in asked:
        try:
            found.append(one(hands, town, text))
        except (NotFound, BadInput) as error:
            problems.append(error)
    if problems and not found:
        raise problems[0]
    missing = tuple(f"Error: {error.message}" for error in problems)
    if as_of:
        from gastown_tui.core.verbs.bd_history import as_they_were

        found = as_they_were(hands, [bead.id for bead in found], as_of)
    if thread:
        return _thread(town, found[0])
    if refs or children_:
        return _related(town, found, missing, refs=refs)
    return Shown(town=town, beads=tuple(found), short=short, local_time=local_time, missing=missing)


def _related(town: Town, beads: list[Bead], missing: tuple[str, ...], *, refs: bool) -> Said:
    from gastown_tui.core.rules.beads import children
    from gastown_tui.core.views import bead_text

    lines: list[str] = []
    groups: dict[str, list[dict[str, Any]] | None] = {}
    for bead in beads:
        edges = [(town.find(other), type_) for other, type_ in town.dependents(bead.id)]
        known = [(other, type_) for other, type_ in edges if other is not None]
        if not refs:
            below = children(town, bead.id)
            groups[bead.id] = [bead_json.linked(other, "parent-child") for other in below]
            lines += [f"↳ Children of {bead.id} ({len(below)}):"] if below else [f"{bead.id}: No children found"]
            lines += [bead_text.edge_line("↳", other) for other in below]
            continue
        groups[bead.id] = [bead_json.linked(other, type_) for other, type_ in known] or None
        lines += ["", f"📎 References to {bead.id}:"] if known else [f"{bead.id}: No references found"]
        for type_ in dict.fromkeys(type_ for _, type_ in known):
            members = [other for other, each in known if each == type_]
            lines += ["", f"  {_GROUP_ICONS.get(type_, '•')} {type_} ({len(members)}):"]
            lines += [
                f"    {other.id}: {bead_text.title(other)} [P{other.priority} - {other.state}]" for other in members
            ]
    return Said(plain="\n".join(lines), value=groups, complaints=missing, exit_code=3 if missing else 0)


def _thread(town: Town, bead: Bead) -> Said:
    from gastown_tui.core.views import bead_text

    root, seen = bead, {bead.id}
    while True:
        above = next((edge.depends_on_id for edge in root.needs if edge.type == "replies-to"), None)
        other = None if above is None or above in seen else town.find(above)
        if other is None:
            break
        root = other
        seen.add(root.id)
    members: dict[str, Bead] = {}
    front = [root]
    while front:
        each = front.pop(0)
        if each.id in members:
            continue
        members[each.id] = each
        replies = (town.find(other) for other, type_ in town.dependents(each.id) if type_ == "replies-to")
        front += [reply for reply in replies if reply is not None]
    ordered = sorted(members.values(), key=lambda each: (each.created_at, each.id))
    lines = [f"{each.created_at[:16].replace('T', ' ')} {bead_text.short(each)}" for each in ordered]
    return Said(plain="\n".join(lines), value=[bead_json.issue(each) for each in ordered])


@verb("bd children", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def children_of(
    hands: Hands, parent: Annotated[str, Arg("Whose children", metavar="ID", suggest=Suggest.BEAD)]
) -> Receipt:
    """List the children of a bead."""
    from gastown_tui.core.rules.beads import children
    from gastown_tui.core.views import bead_text

    town = hands.ledger.read()
    bead = one(hands, town, parent)
    below = [each for each in children(town, bead.id) if not each.is_closed]
    return Said(
        plain="\n".join(bead_text.compact(town, each) for each in below),
        value=[bead_json.with_counts(town, each) for each in below],
    )
