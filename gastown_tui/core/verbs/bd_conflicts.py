"""Files of beads that git could not merge, and edges that lead nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from gastown_tui.core.errors import BadInput, Conflict, NotFound
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import care
from gastown_tui.core.rules.line_merge import as_text, merge_files, sides
from gastown_tui.core.verbs.beads import Said, beads_dir, beads_here
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb

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
    file: Annotated[Path | None, Arg("The file; otherwise .beads/issues.jsonl", suggest=Suggest.PATH)] = None,
    *,
    mode: Annotated[str, Arg("How; there is one way", choices=("mechanical",))] = "mechanical",
    dry_run: Annotated[bool, Arg("Only say what would be done")] = False,
    path: Annotated[Path | None, Arg("The directory that holds .beads", suggest=Suggest.PATH)] = None,
) -> Receipt:
    """Take git's conflict markers out of a file of beads by merging both sides, bead by bead."""
    del mode
    place = hands.cwd / file if file else (hands.cwd / path if path else _home(hands)) / ".beads" / "issues.jsonl"
    base, left, right, count = sides(_read(hands, place))
    if not count:
        return Said(plain=f"✓ No conflicts in {place}", value={"conflicts": 0, "resolved": 0, "file": str(place)})
    merged = merge_files(base, left, right)
    if merged.clashes:
        raise Conflict(f"both sides filed different beads as {', '.join(merged.clashes[:5])}")
    value = {"conflicts": count, "resolved": count, "file": str(place), "changed_by_both": list(merged.both)}
    if dry_run:
        return Said(plain=f"Would resolve {count} conflict(s) in {place}", value=value | {"dry_run": True})
    hands.files.write_text(place, as_text(merged.lines))
    return Said(plain=f"✓ Resolved {count} conflict(s) in {place}", value=value)


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
