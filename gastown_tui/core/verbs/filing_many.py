"""Filing many beads at once: from Markdown, from JSON, from a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from gastown_tui.core.errors import BadInput
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.bead_batches import read_json
from gastown_tui.core.rules.bead_config import words_in
from gastown_tui.core.rules.bead_sections import read_markdown
from gastown_tui.core.rules.bead_values import parse_status
from gastown_tui.core.rules.beads import NewBead
from gastown_tui.core.rules.typed_times import parse_field_time
from gastown_tui.core.verbs.beads import Said, config, local_now
from gastown_tui.core.verbs.declare import Receipt
from gastown_tui.core.verbs.filing import file_beads, known_kind
from gastown_tui.core.views import bead_json

_FILE_LIMIT_BYTES = 4_000_000


def from_plan(hands: Hands, file: Path, *, dry_run: bool) -> Receipt:
    """File the beads and edges of a plan, whole or not at all."""
    from gastown_tui.core.rules.plans import file_plan, read_plan

    place = Path("/dev/stdin") if str(file) == "-" else hands.cwd / file
    plan = read_plan(hands.files.read_text(place, limit_bytes=_FILE_LIMIT_BYTES))
    settings = config(hands)
    nonces = [hands.mint.nonce() for _ in plan.nodes]
    ids: dict[str, BeadId] = {}

    def decide(town: Town) -> tuple[Entry, ...]:
        kinds = {node.type: known_kind(hands, node.type, settings) for node in plan.nodes}
        found, entries = file_plan(
            town, hands.ledger.here, plan, actor=hands.actor, nonces=nonces, kind=kinds.__getitem__
        )
        ids.update(found)
        return entries

    if dry_run:
        decide(hands.ledger.read())
        lines = [f"  {node.key}: {one_line(node.title)} [P{node.priority}, {node.type}]" for node in plan.nodes]
        return Said(plain="\n".join([f"⚠ [DRY RUN] Would create {len(lines)} issues:", *lines]), value={"ids": {}})
    hands.ledger.record(decide, actor=hands.actor, ledgers=(hands.ledger.here,))
    lines = [f"  {key}: {bead_id}" for key, bead_id in ids.items()]
    return Said(plain="\n".join([f"✓ Created {len(ids)} issues:", *lines]), value={"ids": ids})


def from_file(hands: Hands, file: Path) -> Receipt:
    """File every bead of a Markdown or JSON file in one transaction."""
    read = _READERS.get(file.suffix.lower())
    if read is None and str(file) != "-":
        raise BadInput(
            f"invalid file type: {file.name[:60]}: only .md and .markdown files are supported, and .json and .jsonl"
        )
    if ".." in file.parts:
        raise BadInput("invalid file path: it may not contain '..'")
    place = Path("/dev/stdin") if str(file) == "-" else hands.cwd / file
    text = hands.files.read_text(place, limit_bytes=_FILE_LIMIT_BYTES)
    if read is None:
        read = read_json if text.lstrip()[:1] in {"[", "{"} else read_markdown
    settings, now = config(hands), local_now(hands)
    wanted = [_checked(hands, each, settings, now) for each in read(text)]
    filed = file_beads(hands, hands.ledger.here, wanted)
    rows = [f"  {bead.id}: {one_line(bead.title)} [P{bead.priority}, {bead.kind}]" for bead in filed]
    return Said(
        plain="\n".join([f"✓ Created {len(filed)} issues from {file}:", *rows]),
        value=[bead_json.issue(bead) for bead in filed],
    )


_READERS: dict[str, Callable[[str], list[NewBead]]] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".json": read_json,
    ".jsonl": read_json,
}


def _checked(hands: Hands, wanted: NewBead, settings: Mapping[str, str], now: datetime) -> NewBead:
    """A bead of a file with its type, status and times read as the options of `create` are."""
    fields = dict(wanted.fields)
    for name, flag in (("due_at", "--due"), ("defer_until", "--defer")):
        if fields.get(name):
            fields[name] = parse_field_time(fields[name], flag, now)
    status = parse_status(wanted.status, words_in(settings, "status.custom"))
    if status == "closed":
        raise BadInput(f"{one_line(wanted.title, 60)!r} cannot be filed closed", hint="bd import takes closed beads")
    return replace(wanted, kind=known_kind(hands, wanted.kind, settings), status=status, fields=fields)
