"""Editing a bead's text in one's own editor."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

from gastown_tui.core.errors import BadInput, Conflict, NotFound, ToolFailed
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.outside import RunOutcome
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import beads as rules
from gastown_tui.core.rules.bead_values import parse_title
from gastown_tui.core.verbs.beads import Said, act_on, one
from gastown_tui.core.verbs.declare import Arg, Handover, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_json

_FIELDS = {"acceptance": "acceptance_criteria"}
_LIMIT_BYTES = 4_000_000
_PATIENCE_S = 24 * 3600.0
_BEFORE = "before"
_EDIT_AND_TAKE = 'editor=$1 file=$2; shift 2; sh -c "$editor"\' "$1"\' editor "$file" && exec "$@"'
"""The editor's command is its owner's own and is run as git runs it: by sh, with the file as an argument."""


@verb("bd edit", group="beads", needs=Needs.LEDGER, compact_errors=True)
def edit(
    hands: Hands,
    id: Annotated[str, Arg("A bead", metavar="ID", suggest=Suggest.BEAD)],
    *,
    title: Annotated[bool, Arg("Its title")] = False,
    description: Annotated[bool, Arg("Its description, as without options")] = False,
    design: Annotated[bool, Arg("Its design")] = False,
    notes: Annotated[bool, Arg("Its notes")] = False,
    acceptance: Annotated[bool, Arg("Its acceptance criteria")] = False,
    take: Annotated[Path | None, Arg("What the editor left behind", hidden=True)] = None,
) -> Receipt:
    """Edit a text of a bead with $EDITOR."""
    given = {"title": title, "description": description, "design": design, "notes": notes, "acceptance": acceptance}
    named = [name for name, wanted in given.items() if wanted] or ["description"]
    if len(named) > 1:
        raise BadInput(f"one text at a time: --{named[0]} or --{named[1]}")
    bead = one(hands, hands.ledger.read(), id)
    if take is not None:
        return _taken(hands, bead, named[0], hands.cwd / take)
    rules.refuse_template(bead)
    editor = hands.env.get("EDITOR") or hands.env.get("VISUAL")
    if not editor or not editor.strip():
        raise NotFound("no editor found. Set $EDITOR or $VISUAL environment variable")
    place = hands.files.temporary("bd-edit-")
    file = place / f"{named[0]}.md"
    text = getattr(bead, _FIELDS.get(named[0], named[0])) or ""
    hands.files.write_text(place / _BEFORE, text)
    hands.files.write_text(file, f"{text}\n" if text else "")
    if sys.stdin.isatty() and sys.stdout.isatty():
        again = (sys.executable, "-P", "-m", "gastown_tui", "--batch", "bd", "edit", bead.id)
        more = (f"--{named[0]}", "--take", str(file), "--town", str(hands.ledger.home), "--actor", hands.actor)
        return Handover(argv=("sh", "-c", _EDIT_AND_TAKE, "bd", editor, str(file), *again, *more))
    done = hands.commands.run(f"{editor} {shlex.quote(str(file))}", cwd=hands.cwd, timeout_s=_PATIENCE_S)
    if done.outcome is not RunOutcome.PASS:
        raise ToolFailed(f"the editor failed: {done.reason or done.tail[-200:]}", code=done.code, stderr=done.tail)
    return _taken(hands, bead, named[0], file)


def _taken(hands: Hands, bead: Bead, name: str, file: Path) -> Said:
    """Record what the editor left, unless nothing was changed or somebody else was quicker."""
    field = _FIELDS.get(name, name)
    before = hands.files.read_text(file.parent / _BEFORE, limit_bytes=_LIMIT_BYTES)
    text = hands.files.read_text(file, limit_bytes=_LIMIT_BYTES).rstrip("\n")
    if text == before.rstrip("\n"):
        hands.files.remove_tree(file.parent, inside=file.parent.parent)
        return Said(plain="No changes made")
    if name == "title":
        if not text.strip():
            raise BadInput("title cannot be empty")
        text = parse_title(text.strip())

    wanted = rules.Change(fields={field: text or None})

    def rule(town: Town, current: Bead) -> tuple[Entry, ...]:
        if (getattr(current, field) or "") != before:
            raise Conflict(f"the {name} of {bead.id} was changed meanwhile", hint=f"your text is kept in {file}")
        return rules.change(town, current, wanted, actor=hands.actor)

    acted = act_on(hands, (bead.id,), rule)
    hands.files.remove_tree(file.parent, inside=file.parent.parent)
    return Said(plain=f"✓ Updated {name} for issue: {bead.id}", value=bead_json.issue(acted.beads[0]))
