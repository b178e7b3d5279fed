"""Beads in and out of files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from gastown_tui.core.errors import BadInput, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.bead_ids import prefix_of_ledger
from gastown_tui.core.rules.bead_values import kind_meant, parse_priority
from gastown_tui.core.rules.importing import ORPHANS, Taken, Wish, read_lines, take_up
from gastown_tui.core.rules.queries import Filter, chosen
from gastown_tui.core.verbs.bead_filters import (
    Assignee,
    CreatedAfter,
    CreatedBefore,
    Labels,
    LabelsAny,
    LeastPriority,
    MostPriority,
    Status,
    Type,
    UpdatedAfter,
    UpdatedBefore,
    span,
)
from gastown_tui.core.verbs.beads import Said, beads_here, one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_json

_IMPORT_LIMIT_BYTES = 512 * 1024 * 1024


@verb("bd export", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def export(
    hands: Hands,
    *,
    format: Annotated[str, Arg("jsonl or obsidian", flags=("--format", "-f"))] = "jsonl",
    output: Annotated[Path | None, Arg("Write to a file", flags=("--output", "-o"), suggest=Suggest.PATH)] = None,
    force: Annotated[bool, Arg("Even when the file holds beads that are not here")] = False,
    status: Status = "",
    assignee: Assignee = "",
    type_: Type = "",
    label: Labels = (),
    label_any: LabelsAny = (),
    priority_min: LeastPriority = "",
    priority_max: MostPriority = "",
    created_after: CreatedAfter = "",
    created_before: CreatedBefore = "",
    updated_after: UpdatedAfter = "",
    updated_before: UpdatedBefore = "",
    id: Annotated[tuple[str, ...], Arg("These ids", metavar="ID", split=True)] = (),
    parent: Annotated[str, Arg("Children of this bead", metavar="ID", suggest=Suggest.BEAD)] = "",
    events: Annotated[bool, Arg("What happened instead of what is: the log, an event a line")] = False,
    events_reset: Annotated[bool, Arg("Accepted; the log is always exported whole", hidden=True)] = False,
) -> Receipt:
    """Print beads as the lines every beads program reads, sorted by id; deleted ones too, passing ones not."""
    del events_reset
    if events:
        from gastown_tui.core.verbs.bd_events import export as export_events

        return export_events(hands, output=output)
    if format not in {"jsonl", "obsidian"}:
        raise BadInput("format must be 'jsonl' or 'obsidian'")
    town = hands.ledger.read()
    wanted = Filter(
        status=status,
        kind=kind_meant(type_) if type_ else "",
        priority_min=parse_priority(priority_min) if priority_min else None,
        priority_max=parse_priority(priority_max) if priority_max else None,
        assignee=assignee,
        labels=label,
        labels_any=label_any,
        created=span(hands, "created", created_after, created_before),
        updated=span(hands, "updated", updated_after, updated_before),
        ids=id,
        parent=one(hands, town, parent).id if parent else None,
        templates=True,
        gates=True,
    )
    everything = beads_here(hands, town)
    found = [bead for bead in chosen(everything, wanted, hands.clock.now()) if not bead.ephemeral]
    found.sort(key=lambda bead: bead.id)
    text = _obsidian(found) if format == "obsidian" else "".join(f"{_line(bead)}\n" for bead in found)
    if output is None:
        return Said(plain=text.rstrip("\n"))
    place = hands.cwd / output
    _guard(hands, place, found, force=force)
    hands.files.write_text(place, text)
    told = {"exported": len(found), "output_file": str(output), "skipped": 0, "success": True}
    lines = msgspec.json.format(msgspec.json.encode(told | {"total_issues": len(everything)}), indent=2).decode()
    return Said(plain=f"Exported {len(found)} issues to {output}", value=msgspec.UNSET, complaints=(lines,))


def _line(bead: Bead) -> str:
    line = msgspec.json.encode(bead_json.exported(bead)).decode()
    for raw, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        line = line.replace(raw, escaped)
    return line


def _guard(hands: Hands, place: Path, found: list[Bead], *, force: bool) -> None:
    """An export never silently shortens a file that holds more."""
    if force or not hands.files.exists(place):
        return
    lines = read_lines(hands.files.read_text(place, limit_bytes=_IMPORT_LIMIT_BYTES))[0]
    there = {each.bead.id for each in lines}
    if there and not found:
        raise Refused("refusing to export empty database over non-empty JSONL file", hint="--force does")
    if there - {bead.id for bead in found}:
        raise Refused("refusing to export stale database that would lose issues", hint="--force does")


def _obsidian(found: list[Bead]) -> str:
    lines = ["# Beads", ""]
    for bead in found:
        if bead.status == "tombstone":
            continue
        mark = {"closed": "x", "in_progress": "/"}.get(bead.state, " ")
        lines.append(f"- [{mark}] {one_line(bead.title)} #{bead.kind} ^{bead.id.replace('.', '-')}")
    return "\n".join(lines) + "\n"


@verb("bd import", group="beads", needs=Needs.LEDGER, compact_errors=True)
def import_(
    hands: Hands,
    words: Annotated[tuple[str, ...], Arg("Nothing", hidden=True)] = (),
    *,
    input: Annotated[Path | None, Arg("A file; - or nothing: standard input", flags=("--input", "-i"))] = None,
    skip_existing: Annotated[
        bool, Arg("Leave beads alone that are here already", flags=("--skip-existing", "-s"))
    ] = False,
    strict: Annotated[bool, Arg("Refuse everything when a line cannot be read")] = False,
    dry_run: Annotated[bool, Arg("Only count")] = False,
    orphan_handling: Annotated[
        str, Arg("Of children whose parent is nowhere: allow, skip, strict or resurrect", choices=ORPHANS)
    ] = "allow",
    rename_on_import: Annotated[bool, Arg("Give beads of other prefixes this ledger's")] = False,
    dedupe_after: Annotated[bool, Arg("Name beads that say the same afterwards")] = False,
    clear_duplicate_external_refs: Annotated[
        bool, Arg("Drop an external reference that another bead has already")
    ] = False,
    force: Annotated[bool, Arg("Accepted", hidden=True)] = False,
    protect_left_snapshot: Annotated[bool, Arg("Accepted", hidden=True)] = False,
    no_git_history: Annotated[bool, Arg("Accepted", hidden=True)] = False,
) -> Receipt:
    """Take beads up from a file: a line each, or one JSON array.

    Of two versions of a bead the one changed later stays.
    """
    del force, protect_left_snapshot, no_git_history
    if words:
        raise BadInput(f"Unexpected argument(s): [{' '.join(words)[:80]}]", hint=f"bd import -i {words[0][:80]}")
    place = Path("/dev/stdin") if input is None or str(input) == "-" else hands.cwd / input
    text = hands.files.read_text(place, limit_bytes=_IMPORT_LIMIT_BYTES)
    if not text.strip():
        raise BadInput("No input specified.", hint="bd import -i FILE, or lines on standard input")
    incoming, problems = read_lines(text)
    if problems and (strict or not incoming):
        raise BadInput(problems[0])
    here = hands.ledger.here
    wish = Wish(
        skip_existing=skip_existing,
        orphans=orphan_handling,
        own_prefix=prefix_of_ledger(hands.ledger.read().ledgers[here]) if rename_on_import else "",
        clear_references=clear_duplicate_external_refs,
    )
    taken: list[Taken] = []

    def decide(town: Town) -> tuple[Entry, ...]:
        taken[:] = [take_up(town.ledgers[here], incoming, wish)]
        return tuple(Entry(fact, here) for fact in taken[0].facts)

    if dry_run:
        decide(hands.ledger.read())
    else:
        hands.ledger.record(decide, actor=hands.actor, ledgers=(here,))
    said = [f"Warning: {problem}" for problem in (*problems, *taken[0].told)]
    said += [f"Import complete: {_counted(taken[0].counts)}"]
    said += ["Dry-run mode: no changes made"] if dry_run else []
    said += _twins(hands) if dedupe_after and not dry_run else []
    return Said(value={**taken[0].counts, "unreadable": len(problems)}, complaints=tuple(said))


def _counted(counts: Mapping[str, int]) -> str:
    parts = [f"{counts['created']} created", f"{counts['updated']} updated"]
    parts += [f"{counts[word]} {word}" for word in ("unchanged", "skipped") if counts[word]]
    return ", ".join(parts + ([f"{counts['remapped']} issues remapped"] if counts["remapped"] else []))


def _twins(hands: Hands) -> list[str]:
    from gastown_tui.core.rules.care import duplicates

    town = hands.ledger.read()
    found = duplicates(town, beads_here(hands, town))
    lines = [f"  {', '.join(bead.id for bead in each.beads)}: {one_line(each.title)}" for each in found]
    return [f"Found {len(found)} duplicate group(s); bd duplicates --auto-merge merges them:", *lines] if found else []
