"""Filing beads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import stamp
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import beads as rules
from gastown_tui.core.rules.bead_config import words_in
from gastown_tui.core.rules.bead_ids import MAX_DEPTH
from gastown_tui.core.rules.bead_values import MOL_TYPES, WISP_TYPES, parse_priority, parse_title
from gastown_tui.core.rules.edges import WantedEdge, parse_wanted
from gastown_tui.core.rules.typed_times import parse_field_time
from gastown_tui.core.verbs.beads import Said, config, local_now
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.verbs.filing import file_bead, known_kind, owner, read_metadata
from gastown_tui.core.verbs.filing_complaints import complaints_of, past
from gastown_tui.core.views import bead_json

_GATES = ("all-children", "any-children")
_FILE_LIMIT_BYTES = 4_000_000


class Filed(Receipt, kw_only=True, frozen=True):
    """A bead that was filed, or would be."""

    bead: Bead
    rig: str = ""
    silent: bool = False
    is_rehearsal: bool = False
    edges: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()

    def text(self) -> str:
        """The wording scripts look for."""
        bead = self.bead
        if self.silent:
            return bead.id
        title = one_line(bead.title)
        if self.is_rehearsal:
            return self._rehearsed(title)
        head = f'✓ Created issue in rig "{self.rig}": {bead.id}' if self.rig else f"✓ Created issue: {bead.id}"
        return f"{head}\n  Title: {title}\n  Priority: P{bead.priority}\n  Status: {bead.state}"

    def _rehearsed(self, title: str) -> str:
        bead = self.bead
        rows = [
            ("ID", bead.id or "(will be generated)"),
            ("Title", title),
            ("Type", bead.kind),
            ("Priority", f"P{bead.priority}"),
            ("Status", bead.state),
            ("Assignee", bead.assignee or ""),
            ("Description", one_line(bead.description or "", 200)),
            ("Labels", ", ".join(bead.labels or ())),
            ("Dependencies", ", ".join(self.edges)),
            ("Target rig", self.rig),
            ("Event category", bead.event_kind or ""),
        ]
        lines = [f"  {name}: {value}" for name, value in rows if value]
        return "\n".join(["⚠ [DRY RUN] Would create issue:", *lines])

    def data(self) -> Any:
        """The bead, its edges apart."""
        return bead_json.issue(self.bead)

    def warnings(self) -> tuple[str, ...]:
        """What is missing."""
        return () if self.silent else self.complaints


@verb("bd create", group="beads", needs=Needs.LEDGER, aliases=("bd new",), compact_errors=True)
def create(
    hands: Hands,
    title: Annotated[str, Arg("What is to be done, in one line")] = "",
    *,
    title_: Annotated[str | None, Arg("The title, as an option", flags=("--title",))] = None,
    description: Annotated[
        str,
        Arg(
            "What and why; - reads standard input",
            flags=("--description", "-d", "--body", "-m", "--message"),
            long_text=True,
        ),
    ] = "",
    body_file: Annotated[
        Path | None,
        Arg(
            "File with the description; - reads standard input",
            flags=("--body-file", "--description-file"),
            suggest=Suggest.PATH,
        ),
    ] = None,
    stdin: Annotated[bool, Arg("Read the description from standard input")] = False,
    priority: Annotated[str, Arg("0-4 or P0-P4, 0 is most urgent", flags=("--priority", "-p"))] = "2",
    type_: Annotated[str, Arg("bug, feature, task, epic, chore, …", flags=("--type", "-t"))] = "task",
    assignee: Annotated[str, Arg("Whose work it is", flags=("--assignee", "-a"), suggest=Suggest.AGENT)] = "",
    labels: Annotated[tuple[str, ...], Arg("Labels", flags=("--labels", "-l", "--label"), split=True)] = (),
    design: Annotated[str, Arg("How it should be done", long_text=True)] = "",
    acceptance: Annotated[
        str, Arg("When it is done", flags=("--acceptance", "--acceptance-criteria"), long_text=True)
    ] = "",
    notes: Annotated[str, Arg("Anything else", long_text=True)] = "",
    append_notes: Annotated[str, Arg("Without effect here", flags=("--append-notes",), hidden=True)] = "",
    external_ref: Annotated[str, Arg("Where it is tracked elsewhere, such as gh-9")] = "",
    spec_id: Annotated[str, Arg("The specification it follows")] = "",
    id: Annotated[str, Arg("The id it shall have", metavar="ID")] = "",
    parent: Annotated[str, Arg("Make it a child of this bead", metavar="ID", suggest=Suggest.BEAD)] = "",
    deps: Annotated[tuple[str, ...], Arg("What it depends on: ID or type:ID", metavar="ID", split=True)] = (),
    waits_for: Annotated[str, Arg("Wait for this bead's children", metavar="ID", suggest=Suggest.BEAD)] = "",
    waits_for_gate: Annotated[str, Arg("all-children or any-children")] = "all-children",
    estimate: Annotated[int | None, Arg("Minutes it should take", flags=("--estimate", "-e"))] = None,
    due: Annotated[str, Arg("When it is due: +6h, tomorrow, 2025-01-15")] = "",
    defer: Annotated[str, Arg("Not ready before this moment")] = "",
    metadata: Annotated[str, Arg("A JSON object, or @file")] = "",
    ephemeral: Annotated[bool, Arg("Not kept for long")] = False,
    mol_type: Annotated[str, Arg("swarm, patrol or work")] = "",
    wisp_type: Annotated[str, Arg("What kind of passing thing it is")] = "",
    force: Annotated[bool, Arg("Accept an id with another prefix")] = False,
    validate: Annotated[bool, Arg("Refuse a description without the sections its type should have")] = False,
    agent_rig: Annotated[str, Arg("Rig of an agent bead")] = "",
    event_category: Annotated[str, Arg("Kind of an event bead")] = "",
    event_actor: Annotated[str, Arg("Who caused an event")] = "",
    event_target: Annotated[str, Arg("What an event is about")] = "",
    event_payload: Annotated[str, Arg("JSON an event carries")] = "",
    rig: Annotated[str, Arg("File it in this rig", suggest=Suggest.RIG)] = "",
    prefix: Annotated[str, Arg("File it where this prefix belongs")] = "",
    repo: Annotated[Path | None, Arg("File it in the .beads of this directory")] = None,
    file: Annotated[
        Path | None,
        Arg("File many, from Markdown or JSON; - reads standard input", flags=("--file", "-f"), suggest=Suggest.PATH),
    ] = None,
    graph: Annotated[Path | None, Arg("File a plan of beads and edges, from JSON", suggest=Suggest.PATH)] = None,
    dry_run: Annotated[bool, Arg("Say what would be filed")] = False,
    silent: Annotated[bool, Arg("Print the id alone")] = False,
) -> Receipt:
    """File a bead.

    The id is picked under the ledger's lock, so many may file at once. A dependency on an epic makes the bead a
    child of it unless a type is given.
    """
    del append_notes
    if repo is not None:
        hands = hands.elsewhere(repo)
    if file is not None or graph is not None:
        return _many(hands, file, graph, title=title or title_ or "", dry_run=dry_run)
    settings = config(hands)
    wanted = rules.NewBead(
        title=_title(title, title_),
        description=_description(hands, description, body_file, stdin=stdin),
        kind=known_kind(hands, type_, settings),
        priority=parse_priority(priority),
        assignee=assignee.strip(),
        labels=labels,
        edges=_edges(deps, waits_for, waits_for_gate),
        parent=parent,
        explicit_id=id,
        allowed_prefixes=words_in(settings, "allowed_prefixes"),
        force=force,
        max_depth=_max_depth(settings),
        fields={
            "design": design,
            "acceptance_criteria": acceptance,
            "notes": notes,
            "external_ref": external_ref,
            "spec_id": spec_id,
            "owner": owner(hands),
            "estimated_minutes": _estimate(estimate),
            "due_at": parse_field_time(due, "--due", local_now(hands)) if due else "",
            "defer_until": parse_field_time(defer, "--defer", local_now(hands), "+1h") if defer else "",
            "metadata": read_metadata(hands, metadata),
            "ephemeral": ephemeral or bool(wisp_type),
            "mol_type": _one_of(mol_type, MOL_TYPES, "mol-type", "swarm, patrol, or work"),
            "wisp_type": _one_of(wisp_type, WISP_TYPES, "wisp-type", ", ".join(WISP_TYPES[:-1]) + ", or escalation"),
            **_typed(
                type_,
                ("agent", "--agent-rig", "rig", agent_rig),
                ("event", "--event-category", "event_kind", event_category),
                ("event", "--event-actor", "actor", event_actor),
                ("event", "--event-target", "target", event_target),
                ("event", "--event-payload", "payload", event_payload),
            ),
        },
    )
    complaints = complaints_of(wanted, settings, validate=validate) + past(hands, wanted, defer)
    ledger, rig_name = _destination(hands, rig, prefix)
    if dry_run:
        parse_title(wanted.title)
        return Filed(
            bead=_rehearsal(wanted, stamp(hands.clock.now())),
            rig=rig_name,
            is_rehearsal=True,
            edges=(*deps, *([parent] if parent else [])),
        )
    wanted = _with_prefix(hands, wanted, settings, ledger)
    bead = file_bead(hands, ledger, wanted)
    return Filed(bead=bead, rig=rig_name, silent=silent, complaints=complaints)


def _many(hands: Hands, file: Path | None, graph: Path | None, *, title: str, dry_run: bool) -> Receipt:
    """Every bead of a file or of a plan."""
    from gastown_tui.core.verbs.filing_many import from_file, from_plan

    if title:
        raise BadInput(f"cannot specify both title and {'--file' if file is not None else '--graph'} flag")
    if graph is not None and file is None:
        return from_plan(hands, graph, dry_run=dry_run)
    if dry_run or file is None:
        raise BadInput("--dry-run is not supported with --file flag")
    return from_file(hands, file)


@verb("bd q", group="beads", needs=Needs.LEDGER, compact_errors=True)
def q(
    hands: Hands,
    words: Annotated[tuple[str, ...], Arg("The title")],
    *,
    priority: Annotated[str, Arg("0-4 or P0-P4", flags=("--priority", "-p"))] = "2",
    type_: Annotated[str, Arg("bug, feature, task, epic, chore, …", flags=("--type", "-t"))] = "task",
    labels: Annotated[tuple[str, ...], Arg("Labels", flags=("--labels", "-l"), split=True)] = (),
) -> Receipt:
    """File a bead and print only its id."""
    wanted = rules.NewBead(
        title=" ".join(words),
        kind=known_kind(hands, type_, config(hands)),
        priority=parse_priority(priority),
        labels=labels,
    )
    return Said(plain=file_bead(hands, hands.ledger.here, wanted).id)


def _title(word: str, option: str | None) -> str:
    if word and option and word != option:
        raise BadInput(
            "cannot specify different titles as both positional argument and --title flag: "
            f'"{one_line(word, 60)}" and "{one_line(option, 60)}"'
        )
    title = word or option or ""
    if not title:
        raise BadInput("title required (or use --file to create from markdown)")
    return title


def _description(hands: Hands, text: str, file: Path | None, *, stdin: bool) -> str:
    if file is None and not stdin:
        return text
    if text:
        raise BadInput("cannot specify both --body-file and --description/--body/--message")
    place = Path("/dev/stdin") if file is None or str(file) == "-" else hands.cwd / file
    try:
        return hands.files.read_text(place, limit_bytes=_FILE_LIMIT_BYTES).rstrip("\n")
    except NotFound as error:
        raise BadInput(f"reading body file: failed to open file: {error.message}") from error


def _edges(deps: tuple[str, ...], waits_for: str, gate: str) -> tuple[WantedEdge, ...]:
    if gate not in _GATES:
        raise BadInput(f"invalid --waits-for-gate value '{gate[:60]}' (valid: all-children, any-children)")
    found = [parse_wanted(each) for each in deps]
    if waits_for:
        found.append(WantedEdge(waits_for, "waits-for", f'{{"gate":"{gate}"}}'))
    return tuple(found)


def _estimate(minutes: int | None) -> int | None:
    if minutes is not None and not 0 <= minutes < 2**31:
        raise BadInput("estimate must be a non-negative number of minutes")
    return minutes


def _one_of(text: str, choices: tuple[str, ...], what: str, listed: str) -> str:
    if text and text not in choices:
        raise BadInput(f'invalid {what} "{text[:60]}" (must be {listed})')
    return text


def _typed(kind: str, *needs: tuple[str, str, str, str]) -> dict[str, str]:
    for wanted, flag, _, value in needs:
        if value and kind != wanted:
            raise BadInput(f"{flag} flag requires --type={wanted}")
    return {field: value for _, _, field, value in needs if value}


def _max_depth(settings: Mapping[str, str]) -> int:
    text = settings.get("hierarchy.max-depth", "")
    return int(text) if text.isdecimal() and 0 < int(text) < 20 else MAX_DEPTH


def _with_prefix(hands: Hands, wanted: rules.NewBead, settings: Mapping[str, str], ledger: str) -> rules.NewBead:
    """A lone ledger's `config.yaml` may name another prefix; a town's prefixes are its rigs'."""
    prefix = (settings.get("issue-prefix") or settings.get("issue_prefix") or "").rstrip("-")
    town = hands.ledger.read()
    registered = town.ledgers[ledger].registers.prefix
    if town.is_town or not prefix or prefix == registered:
        return wanted
    return replace(
        wanted, prefix=prefix, allowed_prefixes=(*wanted.allowed_prefixes, *([registered] if registered else []))
    )


def _destination(hands: Hands, rig: str, prefix: str) -> tuple[str, str]:
    """The ledger a bead goes to, and the rig's name when somebody asked for one."""
    if rig and prefix:
        raise BadInput("cannot specify both --rig and --prefix flags")
    if not rig and not prefix:
        return hands.ledger.here, ""
    town = hands.ledger.read()
    routes = town.prefixes()
    named = rig if rig in town.ledgers else routes.get((rig or prefix).rstrip("-"))
    if named is None:
        flag = "--rig" if rig else "--prefix"
        raise NotFound(
            f"cannot use {flag}: this town has no rig or prefix '{(rig or prefix)[:60]}'",
            hint=f"prefixes here: {', '.join(sorted(routes))}",
        )
    return named, named


def _rehearsal(wanted: rules.NewBead, now: str) -> Bead:
    record = {key: value for key, value in wanted.fields.items() if value not in (None, "", False)}
    return msgspec.convert(
        record
        | {
            "id": wanted.explicit_id,
            "title": wanted.title,
            "description": wanted.description or None,
            "status": wanted.status,
            "priority": wanted.priority,
            "issue_type": wanted.kind,
            "assignee": wanted.assignee or None,
            "labels": list(wanted.labels) or None,
            "created_at": now,
            "updated_at": now,
        },
        Bead,
        strict=False,
    )
