"""What can be started, and what waits for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from gastown_tui.core.errors import BadInput, Conflict
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId, shown
from gastown_tui.core.model.outline import Outline
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.bead_config import active_statuses, words_in
from gastown_tui.core.rules.readiness import NOT_WORK_IDS, ReadyRequest, Standing, ready, waiting
from gastown_tui.core.rules.ready_order import Compat, Policy, parse_policy
from gastown_tui.core.verbs.bead_filters import kind_of, limit_of
from gastown_tui.core.verbs.beads import config, generation, ledgers_for, one, outlines_here, outlines_of
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_json

Rules = Annotated[str, Arg("Whose rules: 0.49 or 1.0; BD_COMPAT and the setting `compat` say so too")]
_LATER_LIMIT = 100
_CLAIM_TRIES = 20


class ReadyWork(Receipt, kw_only=True, frozen=True):
    """Work in the order it should be taken."""

    town: Town
    beads: tuple[Bead, ...]
    outlines: Sequence[Outline]
    """What they were chosen from."""
    any_open: bool
    pretty: bool = False

    def text(self) -> str:
        """A numbered list, or that there is nothing."""
        from gastown_tui.core.views import bead_text

        if not self.beads:
            return bead_text.nothing_ready(any_open=self.any_open)
        return bead_text.tree(self.beads) if self.pretty else bead_text.ready(self.beads)

    def data(self) -> Any:
        """An array, even when empty."""
        wanted = {bead.id for bead in self.beads}
        edges = (edge for each in self.outlines if each.dependencies for edge in each.dependencies)
        counts = Counter([edge.depends_on_id for edge in edges if edge.depends_on_id in wanted])
        return [bead_json.with_counts(self.town, bead, edges=False, dependents=counts[bead.id]) for bead in self.beads]


class Waiting(Receipt, kw_only=True, frozen=True):
    """What waits and for what."""

    rows: tuple[tuple[Bead, tuple[BeadId, ...]], ...]

    def text(self) -> str:
        """Two lines each."""
        from gastown_tui.core.views import bead_text

        return bead_text.blocked(self.rows)

    def data(self) -> Any:
        """An array, even when empty."""
        return [bead_json.blocked(bead, blockers) for bead, blockers in self.rows]


@verb("bd ready", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def ready_(
    hands: Hands,
    *,
    limit: Annotated[int | None, Arg("At most so many; 0: all", flags=("--limit", "-n"))] = None,
    priority: Annotated[int | None, Arg("Only this priority", flags=("--priority", "-p"))] = None,
    assignee: Annotated[str, Arg("Only work of this one", flags=("--assignee", "-a"), suggest=Suggest.AGENT)] = "",
    unassigned: Annotated[bool, Arg("Only what is nobody's", flags=("--unassigned", "-u"))] = False,
    sort: Annotated[str, Arg("hybrid, priority or oldest", flags=("--sort", "-s"))] = "",
    label: Annotated[tuple[str, ...], Arg("With all of these labels", flags=("--label", "-l"), split=True)] = (),
    label_any: Annotated[tuple[str, ...], Arg("With one of these labels", split=True)] = (),
    type_: Annotated[str, Arg("Only this type", flags=("--type", "-t"))] = "",
    parent: Annotated[str, Arg("Only below this bead", metavar="ID", suggest=Suggest.BEAD)] = "",
    mol_type: Annotated[str, Arg("Only molecules of this kind")] = "",
    include_deferred: Annotated[bool, Arg("Also what is put off until later")] = False,
    pretty: Annotated[bool, Arg("As a tree")] = False,
    claim: Annotated[bool, Arg("Take the first one: yours, in progress")] = False,
    mol: Annotated[str, Arg("The steps of this molecule that may be begun", metavar="ID", suggest=Suggest.BEAD)] = "",
    gated: Annotated[bool, Arg("Molecules whose gate has opened and that nobody has")] = False,
    explain: Annotated[bool, Arg("Say why each is ready, and what holds the others")] = False,
    exclude_label: Annotated[tuple[str, ...], Arg("Without any of these labels", split=True)] = (),
    exclude_type: Annotated[tuple[str, ...], Arg("Not these types", split=True)] = (),
    include_ephemeral: Annotated[bool, Arg("Passing things too")] = False,
    metadata_field: Annotated[tuple[str, ...], Arg("With this in its metadata", metavar="KEY=VALUE")] = (),
    has_metadata_key: Annotated[str, Arg("With this key in its metadata", metavar="KEY")] = "",
    compat: Rules = "",
) -> Receipt:
    """Show work that nothing blocks, in the order it should be taken.

    Open, not deferred, no open blocker of its own or of a parent. What was filed in the last two days comes first by
    priority, then the rest by age. Steps of a molecule are shown to whoever has it, and to all while nobody does.
    `--compat 1.0` takes the newer rules: any unfinished status blocks, priority orders, the newest first.
    """
    if gated or mol:
        return _of_molecules(hands, mol)
    settings = config(hands)
    rules_of = generation(hands, compat, settings)
    is_later = rules_of is Compat.LATER
    town = hands.ledger.read()
    request = ReadyRequest(
        limit=limit_of(limit, default=_LATER_LIMIT if is_later else 10),
        policy=parse_policy(sort) if sort else Policy.PRIORITY if is_later else Policy.HYBRID,
        priority=priority,
        assignee=assignee,
        unassigned=unassigned or claim,
        labels=label,
        labels_any=label_any,
        kind=kind_of(type_),
        under=one(hands, town, parent).id if parent else None,
        mol_type=mol_type,
        include_deferred=include_deferred,
        excluded_ids=words_in(settings, "ready.exclude_id_patterns") or NOT_WORK_IDS,
        without_labels=exclude_label,
        without_kinds=tuple(map(kind_of, exclude_type)),
        include_ephemeral=include_ephemeral,
        further_statuses=active_statuses(settings) if is_later else (),
    )
    if claim:
        return _claimed(hands, request, rules_of)
    if metadata_field or has_metadata_key:
        found = _ready(hands, town, msgspec.structs.replace(request, limit=0), rules_of, pretty=pretty)
        return _with_metadata(found, metadata_field, has_metadata_key, request.limit)
    found = _ready(hands, town, request, rules_of, pretty=pretty)
    return _explained(hands, found, rules_of) if explain else found


def _of_molecules(hands: Hands, mol: str) -> Receipt:
    from gastown_tui.core.verbs.bd_mol_progress import ready as gated_molecules
    from gastown_tui.core.verbs.bd_ready_more import of_molecule

    return of_molecule(hands, mol) if mol else gated_molecules(hands, gated=True)


def _with_metadata(found: ReadyWork, fields: tuple[str, ...], key: str, limit: int) -> ReadyWork:
    from gastown_tui.core.rules.bead_values import plain_setting

    pairs = [each.partition("=") for each in fields]
    for each, (name, equals, _) in zip(fields, pairs, strict=True):
        if not equals or not name:
            raise BadInput(f"--metadata-field {shown(each)} is not KEY=VALUE")
    beads = [
        bead
        for bead in found.beads
        if all(plain_setting(bead, name) == value for name, _, value in pairs)
        and (not key or bead.setting(key) is not None)
    ]
    return msgspec.structs.replace(found, beads=tuple(beads[:limit] if limit else beads))


def _explained(hands: Hands, found: ReadyWork, compat: Compat) -> Receipt:
    from gastown_tui.core.verbs.bd_ready_more import explained

    standing = Standing(_everything(found.town, list(found.outlines)), compat=compat)
    return explained(hands, found.town, found.beads, waiting(standing, found.outlines))


def _ready(hands: Hands, town: Town, request: ReadyRequest, compat: Compat, *, pretty: bool = False) -> ReadyWork:
    outlines = outlines_here(hands, town)
    request = msgspec.structs.replace(request, admitted=_admitted(hands, town, outlines))
    found = ready(Standing(_everything(town, outlines), compat=compat), request, hands.clock.now(), outlines)
    any_open = bool(found) or any(each.state in {"open", "in_progress"} for each in outlines)
    return ReadyWork(
        town=town,
        beads=tuple(town.bead(each.id) for each in found),
        outlines=outlines,
        any_open=any_open,
        pretty=pretty,
    )


def _admitted(hands: Hands, town: Town, outlines: list[Outline]) -> tuple[str, ...]:
    if not any(state.registers.molecules for state in town.ledgers.values()):
        return ()
    from gastown_tui.core.rules.molecules import open_to

    return tuple(f"{root}." for root in open_to(town, hands.actor, outlines))


def _everything(town: Town, here: list[Outline]) -> list[Outline]:
    """What may block: with several ledgers, beads of the others too."""
    return here if len(town.ledgers) == 1 else outlines_of(town)


def _claimed(hands: Hands, request: ReadyRequest, compat: Compat) -> ReadyWork:
    """Take the first ready bead; when another is quicker, the next one."""
    from gastown_tui.core.rules import beads as rules

    for _ in range(_CLAIM_TRIES):
        town = hands.ledger.read()
        first = _ready(hands, town, msgspec.structs.replace(request, limit=1), compat)
        if not first.beads:
            return first
        bead = first.beads[0]

        def take(now: Town, bead_id: BeadId = bead.id) -> tuple[Any, ...]:
            return rules.change(now, now.bead(bead_id), rules.Change(claim=True), actor=hands.actor)

        try:
            recorded = hands.ledger.record(take, actor=hands.actor, ledgers=ledgers_for(town, [bead]))
        except Conflict:
            continue
        taken = recorded.town.bead(bead.id)
        return ReadyWork(town=recorded.town, beads=(taken,), outlines=first.outlines, any_open=True)
    raise Conflict("others were quicker every time", hint="try again")


@verb("bd blocked", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def blocked(
    hands: Hands,
    *,
    parent: Annotated[str, Arg("Only below this bead", metavar="ID", suggest=Suggest.BEAD)] = "",
    compat: Rules = "",
) -> Receipt:
    """Show beads that wait, and the open beads they wait for."""
    town = hands.ledger.read()
    among = outlines_here(hands, town)
    standing = Standing(_everything(town, among), compat=generation(hands, compat))
    if parent:
        below = standing.descendants(one(hands, town, parent).id)
        among = [each for each in among if each.id in below]
    rows = waiting(standing, among)
    return Waiting(rows=tuple((town.bead(each.id), blockers) for each, blockers in rows))
