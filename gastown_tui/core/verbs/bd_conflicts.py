"""Files of beads that git could not merge, and edges that lead nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from gastown_tui.core.errors import BadInput, Conflict, NotFound
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import care
from gastown_tui.core.rules.line_merge import as_text, merge_files, sides, union
from gastown_tui.core.verbs.beads import Said, beads_dir, beads_here
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb

_LINES_APART = {"events.jsonl", "vapor.jsonl", "feed.jsonl", "interactions.jsonl", "routes.jsonl"}
"""Files whose lines are no versions of each other."""
_LIMIT_BYTES = 512 * 1024 * 1024


def merge_driver(hands: Hands, out: str, base: str, left: str, right: str) -> Said:
    """What git's merge driver calls: two versions of a file and their ancestor, made into one.

    Raises:
        Conflict: both sides filed different beads under one id; nothing is written.
    """
    texts = [_read(hands, hands.cwd / each) for each in (base, left, right)]
    merged = merge_files(*texts)
    if merged.clashes:
        raise Conflict(
            f"both sides filed different beads as {', '.join(merged.clashes[:5])}",
            hint="bd rename gives one of them another id",
        )
    hands.files.write_text(hands.cwd / out, as_text(merged.lines))
    value = {"merged": len(merged.lines), "changed_by_both": list(merged.both)}
    return Said(value=value)


@verb("bd resolve-conflicts", group="beads", needs=Needs.NOTHING, compact_errors=True)
def resolve_conflicts(
    hands: Hands,
    file: Annotated[
        Path | None, Arg("The file; otherwise all of the ledger, its log too", suggest=Suggest.PATH)
    ] = None,
    *,
    mode: Annotated[str, Arg("How; there is one way", choices=("mechanical",))] = "mechanical",
    dry_run: Annotated[bool, Arg("Only say what would be done")] = False,
    path: Annotated[Path | None, Arg("The directory that holds .beads", suggest=Suggest.PATH)] = None,
) -> Receipt:
    """Take git's conflict markers out of a ledger: beads are merged one by one, events all stay."""
    del mode
    place = hands.cwd / file if file else None
    home = place.parent.parent if place else hands.cwd / path if path else _home(hands)
    there = _ledger_at(hands, home, place)
    found = _Found(only=place.name if place and there else "", writes=not dry_run)
    if there is not None:
        if place is not None:
            _read(hands, place)
        there.ledger.mend(found.rule, there.ledger.here)
        where = place or beads_dir(there)
    else:
        where = place or home / ".beads" / "issues.jsonl"
        text = found.rule(where.name, _read(hands, where))
        if text is not None:
            hands.files.write_text(where, text)
    value: dict[str, Any] = {"conflicts": found.count, "resolved": found.count, "file": str(where)}
    if not found.count:
        return Said(plain=f"✓ No conflicts in {where}", value=value)
    value |= {"files": found.files, "changed_by_both": list(dict.fromkeys(found.both))}
    done = "Would resolve" if dry_run else "✓ Resolved"
    lines = [f"{done} {count} conflict(s) in {name}" for name, count in found.files.items()]
    return Said(plain="\n".join(lines), value=value | ({"dry_run": True} if dry_run else {}))


class _Found:
    """What was found in the files of a ledger, and the rule that finds it."""

    def __init__(self, only: str, *, writes: bool) -> None:
        self.files: dict[str, int] = {}
        self.both: list[str] = []
        self._only = only
        self._writes = writes

    @property
    def count(self) -> int:
        """How many conflicts."""
        return sum(self.files.values())

    def rule(self, name: str, text: str) -> str | None:
        """A file without markers; None when it has none.

        Raises:
            Conflict: both sides filed different beads under one id.
        """
        if self._only and name != self._only:
            return None
        base, left, right, count = sides(text)
        if not count:
            return None
        self.files[name] = count
        if name in _LINES_APART or "/" in name:
            return as_text(union(left, right)) if self._writes else None
        merged = merge_files(base, left, right)
        if merged.clashes:
            raise Conflict(f"both sides filed different beads as {', '.join(merged.clashes[:5])}")
        self.both += merged.both
        return as_text(merged.lines) if self._writes else None


def _ledger_at(hands: Hands, home: Path, place: Path | None) -> Hands | None:
    """The ledger of a directory; None when there is none, or a file is not among its own."""
    try:
        there = hands.elsewhere(home)
        beads = beads_dir(there).resolve()
    except (NotFound, BadInput):
        return None
    return there if place is None or (place.parent.resolve() == beads and place.suffix == ".jsonl") else None


@verb("bd repair", group="beads", needs=Needs.LEDGER, compact_errors=True)
def repair(
    hands: Hands,
    *,
    path: Annotated[Path | None, Arg("The directory that holds .beads", suggest=Suggest.PATH)] = None,
    dry_run: Annotated[bool, Arg("Only say what would be done")] = False,
) -> Receipt:
    """Take away dependencies that lead nowhere."""
    from gastown_tui.core.verbs.bd_doctor import take_away_bad_edges

    hands = hands.elsewhere(hands.cwd / path) if path else hands
    town = hands.ledger.read()
    found = care.dangling(town, [bead for bead in beads_here(hands, town) if bead.status != "tombstone"])
    status = "no_orphans" if not found else "dry_run" if dry_run else "success"
    if status == "success":
        take_away_bad_edges(hands)
    value: dict[str, Any] = {
        "database_path": str(beads_dir(hands) / "events.jsonl"),
        "dry_run": dry_run,
        "orphan_counts": {"dependencies": len(found), "labels": 0, "comments": 0, "events": 0, "total": len(found)},
        "orphan_details": [{"issue_id": bead_id, "depends_on_id": target} for bead_id, target in found],
        "status": status,
    }
    done = "Would take away" if dry_run else "✓ Took away"
    lines = [f"{done} {len(found)} orphaned dependencies", *(f"  {a} → {b}" for a, b in found)]
    return Said(plain="\n".join(lines) if found else "✓ No orphaned references found", value=value)


def _home(hands: Hands) -> Path:
    try:
        return beads_dir(hands).parent
    except NotFound:
        return hands.cwd


def _read(hands: Hands, place: Path) -> str:
    try:
        return hands.files.read_text(place, limit_bytes=_LIMIT_BYTES)
    except NotFound as error:
        raise BadInput(error.message, hint=error.hint) from error
