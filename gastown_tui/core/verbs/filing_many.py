"""Filing many beads at once: from Markdown, from JSON, from a plan."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from gastown_tui.core.errors import BadInput
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.bead_sections import read_markdown
from gastown_tui.core.verbs.beads import Said, config
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
    """File every bead of a Markdown file in one transaction."""
    if file.suffix.lower() not in {".md", ".markdown"}:
        raise BadInput(f"invalid file type: {file.name[:60]}: only .md and .markdown files are supported")
    if ".." in file.parts:
        raise BadInput("invalid file path: it may not contain '..'")
    settings = config(hands)
    text = hands.files.read_text(hands.cwd / file, limit_bytes=_FILE_LIMIT_BYTES)
    wanted = [replace(each, kind=known_kind(hands, each.kind, settings)) for each in read_markdown(text)]
    filed = file_beads(hands, hands.ledger.here, wanted)
    rows = [f"  {bead.id}: {one_line(bead.title)} [P{bead.priority}, {bead.kind}]" for bead in filed]
    return Said(
        plain="\n".join([f"✓ Created {len(filed)} issues from {file}:", *rows]),
        value=[bead_json.issue(bead) for bead in filed],
    )
