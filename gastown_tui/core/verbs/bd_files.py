"""Beads in and out of files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.bead_line import decode_bead
from gastown_tui.core.model.ids import parse_bead_id
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import epoch_ns
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.bead_values import kind_meant, parse_priority
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
_MARKERS = ("<<<<<<< ", "=======", ">>>>>>> ")


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
) -> Receipt:
    """Print beads as the lines every beads program reads, sorted by id; deleted ones too, passing ones not."""
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
    there = {bead.id for _, bead in _read_lines(hands.files.read_text(place, limit_bytes=_IMPORT_LIMIT_BYTES))[0]}
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
    force: Annotated[bool, Arg("Accepted", hidden=True)] = False,
    orphan_handling: Annotated[str, Arg("Accepted", hidden=True)] = "",
    rename_on_import: Annotated[bool, Arg("Accepted", hidden=True)] = False,
    dedupe_after: Annotated[bool, Arg("Accepted", hidden=True)] = False,
) -> Receipt:
    """Take beads up from a file of lines. Of two versions of a bead the one changed later stays."""
    del force, orphan_handling, rename_on_import, dedupe_after
    if words:
        raise BadInput(f"Unexpected argument(s): [{' '.join(words)[:80]}]", hint=f"bd import -i {words[0][:80]}")
    place = Path("/dev/stdin") if input is None or str(input) == "-" else hands.cwd / input
    text = hands.files.read_text(place, limit_bytes=_IMPORT_LIMIT_BYTES)
    if not text.strip():
        raise BadInput("No input specified.", hint="bd import -i FILE, or lines on standard input")
    lines, problems = _read_lines(text)
    if problems and (strict or not lines):
        raise BadInput(problems[0])
    counts = {"created": 0, "updated": 0, "unchanged": 0, "skipped": 0}

    def decide(town: Town) -> tuple[Entry, ...]:
        counts.update(dict.fromkeys(counts, 0))
        state = town.ledgers[hands.ledger.here]
        entries: list[Entry] = []
        for line, bead in lines:
            word = _fate(state.beads.get(bead.id), bead, skip_existing=skip_existing)
            counts[word] += 1
            if word in {"created", "updated"}:
                entries.append(Entry(e.BeadImported(bead_id=bead.id, line=line), hands.ledger.here))
        return tuple(entries)

    if dry_run:
        decide(hands.ledger.read())
    else:
        hands.ledger.record(decide, actor=hands.actor, ledgers=(hands.ledger.here,))
    parts = [f"{counts['created']} created", f"{counts['updated']} updated"]
    parts += [f"{counts[word]} {word}" for word in ("unchanged", "skipped") if counts[word]]
    said = [f"Warning: {problem}" for problem in problems] + [f"Import complete: {', '.join(parts)}"]
    said += ["Dry-run mode: no changes made"] if dry_run else []
    return Said(value={**counts, "unreadable": len(problems)}, complaints=tuple(said))


def _fate(ours: Bead | None, theirs: Bead, *, skip_existing: bool) -> str:
    if ours is None:
        return "created"
    if skip_existing:
        return "skipped"
    if ours.status == "tombstone" or (epoch_ns(ours.updated_at) or 0) > (epoch_ns(theirs.updated_at) or 0):
        return "unchanged"
    return "unchanged" if ours == theirs else "updated"


def _read_lines(text: str) -> tuple[list[tuple[str, Bead]], list[str]]:
    """The beads of a file with their lines, and what could not be read."""
    found: list[tuple[str, Bead]] = []
    problems: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip("\r\ufeff")
        if not line.strip():
            continue
        if line.startswith(_MARKERS):
            problems.append(f"parsing line {number}: a git conflict marker")
            continue
        try:
            bead = decode_bead(line)
            parse_bead_id(bead.id)
        except BadInput as error:
            problems.append(f"parsing line {number}: {error.message}")
        else:
            found.append((line, bead))
    return found, problems
