"""Dependencies between beads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from gastown_tui.core.errors import BadInput, NotFound, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import beads as rules
from gastown_tui.core.rules import edges
from gastown_tui.core.rules.bead_values import parse_external
from gastown_tui.core.verbs.beads import Said, act_on, beads_here, ledgers_for, one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_json, bead_text, bead_trees

Issue = Annotated[str, Arg("A bead", metavar="ID", suggest=Suggest.BEAD)]
_FILE_LIMIT_BYTES = 4_000_000
_EDGE_LINE = '{"issue_id": "A", "depends_on_id": "B", "type": "blocks"}'
_DIRECTIONS = ("down", "up", "both")


@verb("bd dep", group="beads", needs=Needs.LEDGER, compact_errors=True)
def dep(
    hands: Hands,
    blocker: Annotated[str, Arg("The bead that blocks", metavar="ID", suggest=Suggest.BEAD)],
    *,
    blocks: Annotated[
        str, Arg("The bead it blocks", flags=("--blocks", "-b"), metavar="ID", suggest=Suggest.BEAD)
    ] = "",
) -> Receipt:
    """Say that a bead blocks another; the commands below do the rest."""
    if not blocks:
        raise BadInput(f'unknown command "{blocker[:60]}" for "bd dep"', hint="bd dep A --blocks B, or bd dep --help")
    town = hands.ledger.read()
    first, second = _first(hands, town, blocker), _second(hands, town, blocks)
    _record(hands, town, second.id, first.id, "blocks")
    return Said(
        plain=f"✓ Added dependency: {first.id} blocks {second.id}",
        value={"blocked_id": second.id, "blocker_id": first.id, "status": "added", "type": "blocks"},
    )


@verb("bd dep add", group="beads", needs=Needs.LEDGER, compact_errors=True)
def add(
    hands: Hands,
    issue: Annotated[str, Arg("A bead", metavar="ID", suggest=Suggest.BEAD)] = "",
    depends_on: Annotated[str, Arg("What it depends on", metavar="ID", suggest=Suggest.BEAD)] = "",
    *,
    blocked_by: Annotated[str, Arg("The same, as an option", metavar="ID")] = "",
    depends_on_: Annotated[str, Arg("The same, as an option", flags=("--depends-on",), metavar="ID")] = "",
    type_: Annotated[str, Arg("blocks, parent-child, discovered-from, related, …", flags=("--type", "-t"))] = "",
    file: Annotated[
        Path | None, Arg("Many at once, an edge a line as JSON; - reads standard input", suggest=Suggest.PATH)
    ] = None,
    no_cycle_check: Annotated[bool, Arg("Accepted; cycles are always refused", hidden=True)] = False,
) -> Receipt:
    """Make a bead depend on another.

    Without a type, an epic becomes its parent; anything else blocks it.
    """
    del no_cycle_check
    if file is not None:
        return _many(hands, file, type_)
    if not issue:
        raise BadInput("requires at least 1 arg(s), only received 0")
    option = blocked_by or depends_on_
    if depends_on and option:
        raise BadInput("cannot use both positional depends-on-id and --blocked-by/--depends-on flag")
    target = depends_on or option
    if not target:
        raise BadInput("requires 2 arg(s), only received 1 (or use --blocked-by/--depends-on flag)")
    town = hands.ledger.read()
    bead = _first(hands, town, issue)
    if target.startswith("external:"):
        target_id, kind = BeadId(parse_external(target)), type_ or "blocks"
    else:
        other = _second(hands, town, target)
        target_id, kind = other.id, edges.type_meant(edges.WantedEdge(other.id, type_), other)
    after = _record(hands, town, bead.id, target_id, kind)
    return Said(
        plain=f"✓ Added dependency: {bead.id} depends on {target_id} ({kind})",
        value={"depends_on_id": target_id, "issue_id": bead.id, "status": "added", "type": kind},
        complaints=_cycle_warning(after, bead.id, target_id) if kind == edges.SYMMETRIC else (),
    )


class _Line(msgspec.Struct, frozen=True):
    depends_on_id: str = ""
    issue_id: str = ""
    id: str = ""
    blocked_by: str = ""
    type: str = ""


def _many(hands: Hands, file: Path, type_: str) -> Said:
    """Every edge of a file, in one transaction: all of them or none."""
    place = Path("/dev/stdin") if str(file) == "-" else hands.cwd / file
    town = hands.ledger.read()
    pairs: list[tuple[BeadId, BeadId, str]] = []
    for number, text in enumerate(hands.files.read_text(place, limit_bytes=_FILE_LIMIT_BYTES).splitlines(), 1):
        if not text.strip():
            continue
        try:
            line = msgspec.json.decode(text, type=_Line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadInput(
                f"line {number} is no edge: {error}", hint='{"issue_id": "A", "depends_on_id": "B"}'
            ) from error
        bead = _first(hands, town, line.issue_id or line.id)
        other = _second(hands, town, line.depends_on_id or line.blocked_by)
        pairs.append((bead.id, other.id, edges.type_meant(edges.WantedEdge(other.id, line.type or type_), other)))

    def decide(now: Town) -> tuple[Entry, ...]:
        return tuple(entry for a, b, kind in pairs for entry in edges.add(now, now.bead(a), b, kind))

    if loop := edges.loop_among(town, [(a, b) for a, b, kind in pairs if kind != edges.SYMMETRIC]):
        raise Refused(f"cannot add dependencies: they would create a cycle ({' → '.join(loop)})")
    if len({pair[:2] for pair in pairs}) < len(pairs):
        raise BadInput("the file names an edge twice")
    hands.ledger.record(decide, actor=hands.actor, ledgers=ledgers_for(town, [a for a, _, _ in pairs]))
    rows = [{"issue_id": a, "depends_on_id": b, "type": kind, "status": "added"} for a, b, kind in pairs]
    lines = [f"✓ Added dependency: {a} depends on {b} ({kind})" for a, b, kind in pairs]
    return Said(plain="\n".join(lines), value=rows)


def _cycle_warning(town: Town, bead: BeadId, target: BeadId) -> tuple[str, ...]:
    path = edges.cycle_path(town, bead, target)
    if not path:
        return ()
    return ("", "⚠ Warning: Dependency cycle detected!", "Cycle path:", f"  {' → '.join((bead, *path))}")


@verb("bd dep remove", group="beads", needs=Needs.LEDGER, aliases=("bd dep rm",), compact_errors=True)
def remove(hands: Hands, issue: Issue, depends_on: Issue) -> Receipt:
    """Take the dependency of a bead on another away, whatever its type."""
    town = hands.ledger.read()
    bead = _first(hands, town, issue)
    known = {edge.depends_on_id for edge in bead.needs}
    target = BeadId(depends_on) if depends_on in known else _second(hands, town, depends_on).id
    hands.ledger.record(
        lambda now: edges.remove(now, now.bead(bead.id), target),
        actor=hands.actor,
        ledgers=ledgers_for(town, [bead]),
    )
    return Said(
        plain=f"✓ Removed dependency: {bead.id} no longer depends on {target}",
        value={"depends_on_id": target, "issue_id": bead.id, "status": "removed"},
    )


@verb("bd dep list", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def list_(
    hands: Hands,
    issue: Issue,
    *,
    direction: Annotated[str, Arg("down: what it depends on; up: what depends on it")] = "down",
    type_: Annotated[str, Arg("Only edges of this type", flags=("--type", "-t"))] = "",
) -> Receipt:
    """List what a bead depends on, or what depends on it."""
    if direction not in {"down", "up"}:
        raise BadInput("--direction must be 'down' or 'up'")
    town = hands.ledger.read()
    bead = _resolved(hands, town, issue)
    pairs = [(edge.depends_on_id, edge.type) for edge in bead.needs] if direction == "down" else []
    pairs += town.dependents(bead.id) if direction == "up" else ()
    rows = [
        (other, kind or "blocks")
        for other_id, kind in pairs
        if (not type_ or kind == type_) and (other := town.find(other_id)) is not None
    ]
    if not rows:
        what = f" of type '{type_}'" if type_ else ""
        with_ = f" with type '{type_}'" if type_ else ""
        down = direction == "down"
        plain = f"\n{bead.id} has no dependencies{what}" if down else f"\nNo issues depend on {bead.id}{with_}"
        return Said(plain=plain, value=[])
    head = f"{bead.id} depends on:" if direction == "down" else f"Issues that depend on {bead.id}:"
    lines = [
        f"  {other.id}: {bead_text.title(other)} [P{other.priority}] ({other.state}) via {kind}" for other, kind in rows
    ]
    return Said(
        plain="\n".join(["", f"📋 {head}", "", *lines]),
        value=[bead_json.linked(other, kind) for other, kind in rows],
    )


@verb("bd dep tree", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def tree(
    hands: Hands,
    issue: Issue,
    *,
    max_depth: Annotated[int, Arg("How deep to go", flags=("--max-depth", "-d"))] = 50,
    direction: Annotated[str, Arg("down, up or both")] = "down",
    reverse: Annotated[bool, Arg("The same as --direction up")] = False,
    status: Annotated[str, Arg("Only beads of this status")] = "",
    type_: Annotated[str, Arg("Only edges of this type", flags=("--type", "-t"))] = "",
    show_all_paths: Annotated[bool, Arg("Show a bead again wherever it occurs")] = False,
    format: Annotated[str, Arg("Another form", choices=("", "mermaid"))] = "",
) -> Receipt:
    """Draw what a bead depends on, all the way down; or what depends on it."""
    if direction not in _DIRECTIONS:
        raise BadInput("--direction must be 'down', 'up', or 'both'")
    if max_depth < 1:
        raise BadInput("--max-depth must be >= 1")
    town = hands.ledger.read()
    bead = _resolved(hands, town, issue)
    walk = bead_trees.Walk(
        direction="up" if reverse else direction,
        max_depth=max_depth,
        status=status,
        type=type_,
        all_paths=show_all_paths,
    )
    nodes = bead_trees.nodes(town, bead, walk)
    if format == "mermaid":
        return Said(plain=bead_trees.mermaid(nodes))
    value = [bead_json.tree_node(n.bead, depth=n.depth, parent=n.parent, truncated=n.truncated) for n in nodes]
    return Said(plain=bead_trees.drawn(town, bead, nodes, walk.direction), value=value)


@verb("bd dep cycles", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def cycles(hands: Hands) -> Receipt:
    """Find beads that wait for one another."""
    town = hands.ledger.read()
    found = edges.cycles({bead.id: bead for bead in beads_here(hands, town) if bead.status != "tombstone"})
    if not found:
        return Said(plain="\n✓ No dependency cycles detected\n", value=[])
    lines = ["", f"⚠ Found {len(found)} dependency cycles:", ""]
    for number, group in enumerate(found, 1):
        lines.append(f"{number}. Cycle involving:")
        lines += [f"   - {bead.id}: {bead_text.title(bead)}" for bead in group]
    return Said(plain="\n".join([*lines, ""]), value=[[bead_json.issue(bead) for bead in group] for group in found])


@verb("bd dep relate", group="beads", needs=Needs.LEDGER, aliases=("bd relate",), compact_errors=True)
def relate(hands: Hands, a: Issue, b: Issue) -> Receipt:
    """Link two beads, both ways, without either waiting for the other."""
    town = hands.ledger.read()
    one_, other = _pair(hands, town, a, b)
    hands.ledger.record(
        lambda now: edges.relate(now, now.bead(one_.id), now.bead(other.id)),
        actor=hands.actor,
        ledgers=ledgers_for(town, [one_, other]),
    )
    return Said(plain=f"✓ Linked {one_.id} ↔ {other.id}", value={"id1": one_.id, "id2": other.id, "related": True})


@verb("bd dep unrelate", group="beads", needs=Needs.LEDGER, aliases=("bd unrelate",), compact_errors=True)
def unrelate(hands: Hands, a: Issue, b: Issue) -> Receipt:
    """Take the link between two beads away."""
    town = hands.ledger.read()
    one_, other = _pair(hands, town, a, b)
    hands.ledger.record(
        lambda now: edges.unrelate(now, now.bead(one_.id), now.bead(other.id)),
        actor=hands.actor,
        ledgers=ledgers_for(town, [one_, other]),
    )
    return Said(plain=f"✓ Unlinked {one_.id} ↔ {other.id}", value={"id1": one_.id, "id2": other.id, "unrelated": True})


@verb("bd duplicate", group="beads", needs=Needs.LEDGER, compact_errors=True)
def duplicate(
    hands: Hands,
    issue: Issue,
    *,
    of: Annotated[str, Arg("The one that stays", metavar="ID", suggest=Suggest.BEAD)],
) -> Receipt:
    """Close a bead as a duplicate of another."""
    bead, stays = _replaced(hands, issue, of, "duplicates", "canonical", "a duplicate of itself")
    return Said(
        plain=f"✓ Marked {bead.id} as duplicate of {stays.id} (closed)",
        value={"canonical": stays.id, "duplicate": bead.id, "status": "closed"},
    )


@verb("bd supersede", group="beads", needs=Needs.LEDGER, compact_errors=True)
def supersede(
    hands: Hands,
    issue: Issue,
    *,
    with_: Annotated[str, Arg("The one that takes its place", flags=("--with",), metavar="ID", suggest=Suggest.BEAD)],
) -> Receipt:
    """Close a bead because another takes its place."""
    bead, new = _replaced(hands, issue, with_, "supersedes", "replacement", "superseded by itself")
    return Said(
        plain=f"✓ Marked {bead.id} as superseded by {new.id} (closed)",
        value={"replacement": new.id, "status": "closed", "superseded": bead.id},
    )


def _replaced(hands: Hands, text: str, other_text: str, type_: str, word: str, itself: str) -> tuple[Bead, Bead]:
    town = hands.ledger.read()
    bead = _first(hands, town, text)
    try:
        other = one(hands, town, other_text)
    except NotFound as error:
        raise NotFound(f"{word} issue not found: {other_text[:80]}") from error
    if bead.id == other.id:
        raise BadInput(f"cannot mark an issue as {itself}")
    reason = f"Duplicate of {other.id}" if type_ == "duplicates" else f"Superseded by {other.id}"

    def rule(now: Town, each: Bead) -> tuple[Any, ...]:
        source, target = (each, other.id) if type_ == "duplicates" else (now.bead(other.id), each.id)
        linked = edges.edge_between(source, target) is not None
        entries = () if linked else edges.add(now, source, target, type_)
        return (*entries, *rules.close(now, each, reason=reason, force=True))

    act_on(hands, (bead.id,), rule, further=(other.id,))
    return bead, other


def _record(hands: Hands, town: Town, bead: BeadId, target: BeadId, type_: str) -> Town:
    return hands.ledger.record(
        lambda now: edges.add(now, now.bead(bead), target, type_),
        actor=hands.actor,
        ledgers=ledgers_for(town, [bead]),
    ).town


def _first(hands: Hands, town: Town, text: str) -> Bead:
    return _prefixed(hands, town, text, f"resolving issue ID {text[:80]}")


def _second(hands: Hands, town: Town, text: str) -> Bead:
    return _prefixed(hands, town, text, f"resolving dependency ID {text[:80]}")


def _resolved(hands: Hands, town: Town, text: str) -> Bead:
    return _prefixed(hands, town, text, f"resolving {text[:80]}")


def _prefixed(hands: Hands, town: Town, text: str, saying: str) -> Bead:
    try:
        return one(hands, town, text)
    except (NotFound, BadInput) as error:
        raise type(error)(f"{saying}: {error.message}", hint=error.hint) from error


def _pair(hands: Hands, town: Town, a: str, b: str) -> tuple[Bead, Bead]:
    pair = (
        _prefixed(hands, town, a, f"failed to resolve {a[:80]}"),
        _prefixed(hands, town, b, f"failed to resolve {b[:80]}"),
    )
    if pair[0].id == pair[1].id:
        raise BadInput("cannot relate an issue to itself")
    return pair
