"""Changing beads: fields, status, deferral, pins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import beads as rules
from gastown_tui.core.rules.bead_config import words_in
from gastown_tui.core.rules.bead_values import parse_priority, parse_status, parse_title
from gastown_tui.core.rules.typed_times import parse_field_time
from gastown_tui.core.verbs.beads import Said, act_on, config, local_now
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.verbs.filing import known_kind, read_metadata
from gastown_tui.core.views import bead_json

Ids = Annotated[
    tuple[str, ...], Arg("Beads; without any, the one you changed last", metavar="ID", suggest=Suggest.BEAD)
]
_FILE_LIMIT_BYTES = 4_000_000


class Changed(Receipt, kw_only=True, frozen=True):
    """Beads after a change, a line each."""

    lines: tuple[str, ...]
    beads: tuple[Bead, ...]
    complaints: tuple[str, ...] = ()
    exit_code: int = 0

    def text(self) -> str:
        """What was done to each."""
        return "\n".join(self.lines)

    def data(self) -> Any:
        """The beads as they are now."""
        return [bead_json.issue(bead) for bead in self.beads]

    def warnings(self) -> tuple[str, ...]:
        """What went wrong with the others."""
        return self.complaints

    def code(self) -> int:
        """Not 0 when something was left undone."""
        return self.exit_code


@verb("bd update", group="beads", needs=Needs.LEDGER, compact_errors=True)
def update(
    hands: Hands,
    ids: Ids = (),
    *,
    status: Annotated[str | None, Arg("open, in_progress, blocked, …", flags=("--status", "-s"))] = None,
    priority: Annotated[str | None, Arg("0-4 or P0-P4", flags=("--priority", "-p"))] = None,
    title: Annotated[str | None, Arg("The title")] = None,
    type_: Annotated[str | None, Arg("The type", flags=("--type", "-t"))] = None,
    assignee: Annotated[
        str | None, Arg("Whose work it is; empty: nobody's", flags=("--assignee", "-a"), suggest=Suggest.AGENT)
    ] = None,
    description: Annotated[
        str | None,
        Arg(
            "What and why; - reads standard input",
            flags=("--description", "-d", "--body", "-m", "--message"),
            long_text=True,
        ),
    ] = None,
    body_file: Annotated[
        Path | None,
        Arg("File with the description; - reads standard input", flags=("--body-file", "--description-file")),
    ] = None,
    design: Annotated[str | None, Arg("How it should be done", long_text=True)] = None,
    acceptance: Annotated[
        str | None, Arg("When it is done", flags=("--acceptance", "--acceptance-criteria"), long_text=True)
    ] = None,
    notes: Annotated[str | None, Arg("Anything else", long_text=True)] = None,
    append_notes: Annotated[str, Arg("A line after the notes there are", long_text=True)] = "",
    external_ref: Annotated[str | None, Arg("Where it is tracked elsewhere")] = None,
    spec_id: Annotated[str | None, Arg("The specification it follows")] = None,
    estimate: Annotated[int | None, Arg("Minutes it should take", flags=("--estimate", "-e"))] = None,
    add_label: Annotated[tuple[str, ...], Arg("Labels to add", split=True)] = (),
    remove_label: Annotated[tuple[str, ...], Arg("Labels to take away", split=True)] = (),
    set_labels: Annotated[tuple[str, ...] | None, Arg("These labels and no others", split=True)] = None,
    parent: Annotated[str | None, Arg("Its parent; empty: none", metavar="ID", suggest=Suggest.BEAD)] = None,
    claim: Annotated[bool, Arg("Take it: yours, in progress; refused when it is somebody's")] = False,
    session: Annotated[str, Arg("The session that closed it")] = "",
    due: Annotated[str | None, Arg("When it is due; empty: never")] = None,
    defer: Annotated[str | None, Arg("Not ready before this moment; empty: at once")] = None,
    await_id: Annotated[str | None, Arg("What a gate waits for")] = None,
    metadata: Annotated[str, Arg("A JSON object, or @file")] = "",
    ephemeral: Annotated[bool, Arg("Not kept for long")] = False,
    persistent: Annotated[bool, Arg("Kept")] = False,
) -> Receipt:
    """Change fields of beads, their status, labels or parent; or claim them."""
    if ephemeral and persistent:
        raise BadInput("cannot specify both --ephemeral and --persistent flags")
    if notes is not None and append_notes:
        raise BadInput("cannot specify both --notes and --append-notes")
    if estimate is not None and not 0 <= estimate < 2**31:
        raise BadInput("estimate must be a non-negative number of minutes")
    now = local_now(hands)
    given: dict[str, Any] = {
        "title": None if title is None else parse_title(title),
        "priority": None if priority is None else parse_priority(priority),
        "issue_type": None if type_ is None else known_kind(hands, type_, config(hands)),
        "assignee": assignee,
        "description": _text(hands, description, body_file),
        "design": design,
        "acceptance_criteria": acceptance,
        "notes": notes,
        "external_ref": external_ref,
        "spec_id": spec_id,
        "estimated_minutes": estimate,
        "due_at": parse_field_time(due, "--due", now) if due else due,
        "defer_until": parse_field_time(defer, "--defer", now, "+1h") if defer else defer,
        "await_id": await_id,
        "metadata": read_metadata(hands, metadata),
        "ephemeral": True if ephemeral else "" if persistent else None,
    }
    wanted = rules.Change(
        fields={key: None if value == "" else value for key, value in given.items() if value is not None},
        status=None if status is None else _status(hands, status),
        session=session or hands.env.get("CLAUDE_SESSION_ID", ""),
        append_notes=append_notes,
        add_labels=add_label,
        remove_labels=remove_label,
        set_labels=set_labels or None,
        parent=parent,
        claim=claim,
    )
    if wanted == rules.Change(session=wanted.session):
        return Said(plain="No updates specified")
    acted = act_on(
        hands,
        ids,
        lambda town, bead: rules.change(town, bead, wanted, actor=hands.actor),
        further=(parent,) if parent else (),
    )
    return Changed(
        lines=tuple(f"✓ Updated issue: {bead.id}" for bead in acted.beads),
        beads=acted.beads,
        complaints=acted.complaints,
        exit_code=_code(acted.failed),
    )


def _text(hands: Hands, text: str | None, file: Path | None) -> str | None:
    if file is None:
        return text
    if text is not None:
        raise BadInput("cannot specify both --body-file and --description/--body/--message")
    place = Path("/dev/stdin") if str(file) == "-" else hands.cwd / file
    return hands.files.read_text(place, limit_bytes=_FILE_LIMIT_BYTES).rstrip("\n")


def _status(hands: Hands, text: str) -> str:
    """A status everybody knows, one the configuration adds, or one the ledger already has."""
    try:
        return parse_status(text)
    except BadInput:
        here = hands.ledger.read().ledgers[hands.ledger.here].beads
        in_use = {bead.state for bead in here.all()} - {"tombstone"}
        return parse_status(text, (*words_in(config(hands), "status.custom"), *in_use))


def _code(failed: tuple[Exception, ...]) -> int:
    """What an act that succeeded in part exits with: 4, some of it was not allowed."""
    return 4 if failed else 0


@verb("bd reopen", group="beads", needs=Needs.LEDGER, compact_errors=True)
def reopen(
    hands: Hands,
    ids: Annotated[tuple[str, ...], Arg("Beads", metavar="ID", suggest=Suggest.BEAD)],
    *,
    reason: Annotated[str, Arg("Why; becomes a comment", flags=("--reason", "-r"))] = "",
) -> Receipt:
    """Open closed beads again."""
    acted = act_on(hands, ids, lambda town, bead: rules.reopen(town, bead, reason=reason, actor=hands.actor))
    more = f": {reason}" if reason else ""
    lines = tuple(f"↻ Reopened {bead.id}{more}" for bead in acted.beads)
    return Changed(lines=lines, beads=acted.beads, complaints=acted.complaints, exit_code=_code(acted.failed))


@verb("bd defer", group="beads", needs=Needs.LEDGER, compact_errors=True)
def defer(
    hands: Hands,
    ids: Annotated[tuple[str, ...], Arg("Beads", metavar="ID", suggest=Suggest.BEAD)],
    *,
    until: Annotated[str, Arg("When they come back: +1h, tomorrow, 2025-01-15")] = "",
) -> Receipt:
    """Put beads off, until a moment or until they are taken back."""
    moment = parse_field_time(until, "--until", local_now(hands), "+1h") if until else ""
    acted = act_on(hands, ids, lambda town, bead: rules.defer(town, bead, until=moment))
    lines = tuple(f"* Deferred {bead.id}" for bead in acted.beads)
    return Changed(lines=lines, beads=acted.beads, complaints=acted.complaints, exit_code=_code(acted.failed))


@verb("bd undefer", group="beads", needs=Needs.LEDGER, compact_errors=True)
def undefer(hands: Hands, ids: Annotated[tuple[str, ...], Arg("Beads", metavar="ID", suggest=Suggest.BEAD)]) -> Receipt:
    """Take deferred beads back: open, and ready when nothing blocks them."""
    acted = act_on(hands, ids, rules.undefer)
    lines = tuple(f"* Undeferred {bead.id} (now open)" for bead in acted.beads)
    return Changed(lines=lines, beads=acted.beads, complaints=acted.complaints, exit_code=_code(acted.failed))


@verb("bd pin", group="beads", needs=Needs.LEDGER, compact_errors=True)
def pin(hands: Hands, ids: Annotated[tuple[str, ...], Arg("Beads", metavar="ID", suggest=Suggest.BEAD)]) -> Receipt:
    """Pin beads: kept in sight, never handed out, closed only by force."""
    return _pinned(hands, ids, value=True)


@verb("bd unpin", group="beads", needs=Needs.LEDGER, compact_errors=True)
def unpin(hands: Hands, ids: Annotated[tuple[str, ...], Arg("Beads", metavar="ID", suggest=Suggest.BEAD)]) -> Receipt:
    """Take the pin off beads."""
    return _pinned(hands, ids, value=False)


def _pinned(hands: Hands, ids: tuple[str, ...], *, value: bool) -> Receipt:
    wanted = rules.Change(fields={"pinned": True if value else None})
    acted = act_on(hands, ids, lambda town, bead: rules.change(town, bead, wanted, actor=hands.actor))
    word = "📌 Pinned" if value else "Unpinned"
    lines = tuple(f"{word} {bead.id}" for bead in acted.beads)
    return Changed(lines=lines, beads=acted.beads, complaints=acted.complaints, exit_code=_code(acted.failed))
