"""Finding what is wrong with a set of beads: doubles, loose ends, loops, left-overs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import combinations

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead, parent_of
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.rules.bead_ids import depth_of, is_below_by_id
from gastown_tui.core.rules.bead_sections import missing_in
from gastown_tui.core.rules.edges import cycles

_WORD = re.compile(r"[a-z0-9]{3,}")
_TEST_TITLES = re.compile(r"(?i)^(test|foo|bar|tmp|temp|sample|example|asdf|xxx|benchmark)\b")
_MARKERS = re.compile(r"^(<{7} |={7}$|>{7} )", re.MULTILINE)
_PAIR_LIMIT = 3_000
"""Beads compared with one another for similarity, newest first: the work grows with the square."""
SPELLINGS = {"parent_child": "parent-child", "child-of": "parent-child", "blocked-by": "blocks", "blocked_by": "blocks"}
"""Types of edges as other programs wrote them, and as they are known."""


class Twins(msgspec.Struct, frozen=True, kw_only=True):
    """Beads with equal content, and the one that should stay."""

    title: str
    beads: tuple[Bead, ...]
    keep: Bead
    weights: dict[BeadId, tuple[int, int, int]]
    """References in texts, beads that depend on it, beads it depends on."""


def duplicates(town: Town, beads: Iterable[Bead]) -> list[Twins]:
    """Groups of open beads with equal content. The most referred-to stays, then the smallest id."""
    groups: dict[tuple[str | None, ...], list[Bead]] = {}
    living = [bead for bead in beads if not bead.is_closed and not bead.is_template]
    for bead in living:
        key = (bead.title.strip(), bead.description, bead.design, bead.acceptance_criteria, bead.kind)
        groups.setdefault(key, []).append(bead)
    doubles = [group for group in groups.values() if len(group) > 1]
    if not doubles:
        return []
    mentions = _mentions(living, {bead.id for group in doubles for bead in group})
    return [_twins(town, group, mentions) for group in doubles]


def _mentions(beads: Sequence[Bead], wanted: set[BeadId]) -> dict[BeadId, int]:
    counts = dict.fromkeys(wanted, 0)
    for bead in beads:
        text = "\n".join(t for t in (bead.description, bead.design, bead.notes, bead.acceptance_criteria) if t)
        for word in {each.strip(".-") for each in re.findall(r"[\w.-]+", text)} & counts.keys():
            counts[BeadId(word)] += bead.id != word
    return counts


def _twins(town: Town, group: list[Bead], mentions: dict[BeadId, int]) -> Twins:
    weights = {bead.id: (mentions[bead.id], len(town.dependents(bead.id)), len(bead.needs)) for bead in group}
    ordered = sorted(group, key=lambda bead: (-sum(weights[bead.id][:2]), bead.id))
    return Twins(title=group[0].title, beads=tuple(ordered), keep=ordered[0], weights=weights)


class Alike(msgspec.Struct, frozen=True):
    """Two beads that say nearly the same."""

    one: Bead
    other: Bead
    similarity: float


def alike(beads: Iterable[Bead], *, threshold: float, limit: int) -> list[Alike]:
    """Pairs of open beads whose words overlap, the most alike first."""
    living = sorted((b for b in beads if not b.is_closed), key=lambda b: b.created_at, reverse=True)[:_PAIR_LIMIT]
    words = {bead.id: _words(bead) for bead in living}
    found: list[Alike] = []
    for one, other in combinations(living, 2):
        a, b = words[one.id], words[other.id]
        if not a or not b or min(len(a), len(b)) < threshold * max(len(a), len(b)):
            continue
        similarity = len(a & b) / len(a | b)
        if similarity >= threshold:
            first, second = sorted((one, other), key=lambda bead: bead.id)
            found.append(Alike(first, second, similarity))
    found.sort(key=lambda pair: (-pair.similarity, pair.one.id, pair.other.id))
    return found[:limit] if limit else found


def _words(bead: Bead) -> frozenset[str]:
    return frozenset(_WORD.findall(f"{bead.title} {bead.description or ''}".lower()))


class Suspect(msgspec.Struct, frozen=True):
    """A bead that looks like left over from a test."""

    bead: Bead
    score: float
    reasons: tuple[str, ...]


def pollution(beads: Iterable[Bead]) -> list[Suspect]:
    """Open beads that look like left-overs of tests, the surest first."""
    found: list[Suspect] = []
    for bead in beads:
        if bead.is_closed:
            continue
        reasons: list[str] = []
        score = 0.0
        if _TEST_TITLES.match(bead.title):
            reasons.append("the title begins like a test's")
            score += 0.7
        if not bead.description and reasons:
            reasons.append("no description")
            score += 0.2
        if reasons and not bead.needs and not bead.comments:
            score += 0.1
        if score >= 0.7:
            found.append(Suspect(bead, round(score, 2), tuple(reasons)))
    return sorted(found, key=lambda each: (-each.score, each.bead.id))


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One check of the doctor."""

    name: str
    status: str
    """`ok`, `warning` or `error`."""
    message: str
    detail: tuple[str, ...] = ()
    fix: str = ""


def _found(name: str, good: str, bad: str, detail: Sequence[str], *, fix: str = "") -> Finding:
    if not detail:
        return Finding(name=name, status="ok", message=good)
    return Finding(name=name, status="warning", message=f"{len(detail)} {bad}", detail=tuple(detail), fix=fix)


def examine(town: Town, beads: Sequence[Bead]) -> list[Finding]:
    """Every check of the records themselves."""
    living = {bead.id: bead for bead in beads if bead.status != "tombstone"}
    loops = [" → ".join(bead.id for bead in loop) for loop in cycles(living)]
    return [
        _found(
            "Orphaned Dependencies",
            "every dependency leads somewhere",
            "dependencies lead to beads that are not there",
            [f"{bead_id} → {target}" for bead_id, target in dangling(town, living.values())],
            fix="bd doctor --fix takes them away",
        ),
        _found("Dependency Cycles", "no cycles", "cycles", loops, fix="bd dep remove one edge of each"),
        _found(
            "Child-Parent Dependencies",
            "no child waits for its parent",
            "children wait for their own parent",
            [f"{bead_id} → {target}" for bead_id, target in deadlocks(living.values())],
            fix="bd doctor --fix takes the dependencies away",
        ),
        _found(
            "Dependency Types",
            "every type is one that is known, or somebody's own",
            "dependencies have a type that is spelled otherwise",
            [f"{each} → {target}: {type_} means {meant}" for each, target, type_, meant in misspelled(living.values())],
            fix="bd doctor --fix spells them as they are meant",
        ),
        _found(
            "Parent Consistency",
            "every child has its parent",
            "children whose parent is not there",
            [bead.id for bead in living.values() if _has_lost_parent(bead, town)],
        ),
        _found(
            "Git Conflicts",
            "no conflict markers",
            "beads with conflict markers in their text",
            [bead.id for bead in living.values() if _MARKERS.search(bead.description or "")],
            fix="bd edit ID takes them out, unless they are what the text is about",
        ),
        _found(
            "Duplicate Issues",
            "no duplicates",
            "groups of beads say the same",
            [" ".join(bead.id for bead in twins.beads) for twins in duplicates(town, living.values())],
            fix="bd duplicates --auto-merge closes all but one of each",
        ),
    ]


def dangling(town: Town, beads: Iterable[Bead]) -> list[tuple[BeadId, BeadId]]:
    """Edges to beads that are not there, deleted ones and other projects apart."""
    return [
        (bead.id, edge.depends_on_id)
        for bead in beads
        for edge in bead.needs
        if not edge.depends_on_id.startswith("external:") and not _is_known(town, edge.depends_on_id)
    ]


def _is_known(town: Town, bead_id: BeadId) -> bool:
    return any(bead_id in state.beads for state in town.ledgers.values())


def deadlocks(beads: Iterable[Bead]) -> list[tuple[BeadId, BeadId]]:
    """Edges by which a child waits for the parent its id names."""
    return [
        (bead.id, edge.depends_on_id)
        for bead in beads
        for edge in bead.needs
        if edge.type in {"blocks", "conditional-blocks", "waits-for"} and is_below_by_id(bead.id, edge.depends_on_id)
    ]


def misspelled(beads: Iterable[Bead]) -> list[tuple[BeadId, BeadId, str, str]]:
    """Edges whose type other programs spell otherwise than is known, and the type that is meant."""
    return [
        (bead.id, edge.depends_on_id, edge.type, SPELLINGS[edge.type])
        for bead in beads
        for edge in bead.needs
        if edge.type in SPELLINGS
    ]


def _has_lost_parent(bead: Bead, town: Town) -> bool:
    if not depth_of(bead.id) or parent_of(bead) is not None:
        return False
    return not _is_known(town, BeadId(bead.id.rpartition(".")[0]))


def lint(beads: Iterable[Bead]) -> list[tuple[Bead, list[str]]]:
    """Beads that lack sections their type should have, and which."""
    return [(bead, missing) for bead in beads if (missing := missing_in(bead))]
