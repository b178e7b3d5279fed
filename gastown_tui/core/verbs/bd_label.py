"""Labels, comments, and states kept in labels."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.text import one_line, plain
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import beads as rules
from gastown_tui.core.rules.bead_values import parse_label
from gastown_tui.core.verbs.bd_show import stamp_shower
from gastown_tui.core.verbs.beads import Said, act_on, beads_here, ledgers_for, one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_json

Ids = Annotated[tuple[str, ...], Arg("Beads", metavar="ID", suggest=Suggest.BEAD)]
Id = Annotated[str, Arg("A bead", metavar="ID", suggest=Suggest.BEAD)]
Label = Annotated[str, Arg("The label")]
_TEXT_LIMIT_BYTES = 1_000_000


@verb("bd label add", group="beads", needs=Needs.LEDGER, compact_errors=True)
def label_add(hands: Hands, ids: Ids, label: Label) -> Receipt:
    """Give beads a label."""
    if label.startswith("provides:"):
        raise BadInput(
            "'provides:' labels are reserved for cross-project capabilities. "
            f"Hint: use 'bd ship {label.removeprefix('provides:')}' instead"
        )
    return _labelled(hands, ids, rules.Change(add_labels=(parse_label(label),)), label, "added")


@verb("bd label remove", group="beads", needs=Needs.LEDGER, aliases=("bd label rm",), compact_errors=True)
def label_remove(hands: Hands, ids: Ids, label: Label) -> Receipt:
    """Take a label from beads."""
    return _labelled(hands, ids, rules.Change(remove_labels=(label,)), label, "removed")


def _labelled(hands: Hands, ids: tuple[str, ...], wanted: rules.Change, label: str, status: str) -> Said:
    acted = act_on(hands, ids, lambda town, bead: rules.change(town, bead, wanted, actor=hands.actor))
    word = "✓ Added label '{}' to {}" if status == "added" else "✓ Removed label '{}' from {}"
    return Said(
        plain="\n".join(word.format(label, bead.id) for bead in acted.beads),
        value=[{"issue_id": bead.id, "label": label, "status": status} for bead in acted.beads],
        complaints=acted.complaints,
        exit_code=4 if acted.failed else 0,
    )


@verb("bd label list", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def label_list(hands: Hands, id: Id) -> Receipt:
    """List the labels of a bead."""
    bead = _resolved(hands, hands.ledger.read(), id)
    labels = sorted(bead.labels or ())
    lines = ["", f"🏷 Labels for {bead.id}:", *(f"  - {one_line(label)}" for label in labels), ""]
    return Said(plain="\n".join(lines) if labels else f"\n{bead.id} has no labels", value=labels)


@verb("bd label list-all", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def label_list_all(hands: Hands) -> Receipt:
    """List every label and how many beads have it."""
    beads = beads_here(hands, hands.ledger.read())
    counts = sorted(
        Counter(label for bead in beads if bead.status != "tombstone" for label in bead.labels or ()).items()
    )
    if not counts:
        return Said(plain="\nNo labels found in database", value=[])
    width = max(len(label) for label, _ in counts)
    lines = [f"  {one_line(label):<{width}}  ({count} issues)" for label, count in counts]
    return Said(
        plain="\n".join(["", f"🏷 All labels ({len(counts)} unique):", *lines]),
        value=[{"label": label, "count": count} for label, count in counts],
    )


# ---------------------------------------------------------------------------------------------- comments


@verb("bd comments", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def comments(hands: Hands, id: Id, *, local_time: Annotated[bool, Arg("Times in the zone here")] = False) -> Receipt:
    """Read what was said about a bead, oldest first."""
    bead = _resolved(hands, hands.ledger.read(), id)
    found = bead_json.comments(bead, text_ids=True)
    if not found:
        return Said(plain=f"No comments on {bead.id}", value=[])
    time = stamp_shower(local=local_time)
    lines = ["", f"Comments on {bead.id}:", ""]
    for each in found:
        lines.append(f"[{one_line(each['author'])}] at {time(each['created_at'])}")
        lines += [*(f"  {line}" for line in plain(each["text"]).splitlines()), ""]
    return Said(plain="\n".join(lines), value=found)


@verb("bd comments add", group="beads", needs=Needs.LEDGER, compact_errors=True)
def comments_add(
    hands: Hands,
    id: Id,
    words: Annotated[tuple[str, ...], Arg("What to say; - reads standard input")] = (),
    *,
    file: Annotated[Path | None, Arg("File to read it from", flags=("--file", "-f"), suggest=Suggest.PATH)] = None,
    author: Annotated[str, Arg("Who says it", flags=("--author", "-a"))] = "",
) -> Receipt:
    """Say something about a bead."""
    text = " ".join(words)
    if file is not None or text == "-":
        place = hands.cwd / file if file is not None and str(file) != "-" else Path("/dev/stdin")
        try:
            text = hands.files.read_text(place, limit_bytes=_TEXT_LIMIT_BYTES).rstrip("\n")
        except NotFound as error:
            raise BadInput(f"reading file: {error.message}") from error
    if not text.strip():
        raise BadInput("comment text required (use -f to read from file)")
    town = hands.ledger.read()
    bead = _resolved(hands, town, id)
    fact = e.BeadCommented(bead_id=bead.id, text=text, author=author or hands.actor)
    recorded = hands.ledger.record(
        lambda now: (Entry(fact, now.ledger_of(now.bead(bead.id).id)),),
        actor=hands.actor,
        ledgers=(town.ledger_of(bead.id),),
    )
    newest = bead_json.comments(recorded.town.bead(bead.id), text_ids=True)[-1]
    return Said(plain=f"Comment added to {bead.id}", value=newest)


@verb("bd comment", group="beads", needs=Needs.LEDGER, hidden=True, compact_errors=True)
def comment(hands: Hands, id: Id, words: Annotated[tuple[str, ...], Arg("What to say")] = ()) -> Receipt:
    """Say something about a bead; the older spelling of `bd comments add`."""
    return comments_add(hands, id, words)


@verb("bd note", group="beads", needs=Needs.LEDGER, compact_errors=True)
def note(
    hands: Hands, id: Id, words: Annotated[tuple[str, ...], Arg("What to add; - reads standard input")] = ()
) -> Receipt:
    """Add a line to a bead's notes."""
    text = " ".join(words)
    if text == "-":
        text = hands.files.read_text(Path("/dev/stdin"), limit_bytes=_TEXT_LIMIT_BYTES).rstrip("\n")
    if not text.strip():
        raise BadInput("note text required")
    wanted = rules.Change(append_notes=text)
    acted = act_on(hands, (id,), lambda town, bead: rules.change(town, bead, wanted, actor=hands.actor))
    bead = acted.beads[0]
    return Said(plain=f"✓ Note added to {bead.id}", value=bead_json.issue(bead))


# ---------------------------------------------------------------------------------------------- states


@verb("bd state", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def state(hands: Hands, id: Id, dimension: Annotated[str, Arg("What about it, such as health")]) -> Receipt:
    """Read a state kept in a label `dimension:value`."""
    if id == "list":
        return state_list(hands, dimension)
    bead = _resolved(hands, hands.ledger.read(), id)
    value = _states(bead).get(dimension)
    return Said(
        plain=f"(no {one_line(dimension)} state set)" if value is None else value,
        value={"dimension": dimension, "issue_id": bead.id, "value": value},
    )


@verb("bd state list", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def state_list(hands: Hands, id: Id) -> Receipt:
    """List the states of a bead."""
    bead = _resolved(hands, hands.ledger.read(), id)
    states = dict(sorted(_states(bead).items()))
    lines = ["", f"📊 State for {bead.id}:", *(f"  {key}: {value}" for key, value in states.items())]
    plain_ = "\n".join(lines) if states else f"\n{bead.id} has no state labels"
    return Said(plain=plain_, value={"issue_id": bead.id, "states": states})


@verb("bd set-state", group="beads", needs=Needs.LEDGER, compact_errors=True)
def set_state(
    hands: Hands,
    id: Id,
    setting: Annotated[str, Arg("dimension=value")],
    *,
    reason: Annotated[str, Arg("Why")] = "",
) -> Receipt:
    """Set a state kept in a label, and file an event that says so."""
    dimension, equals, value = setting.partition("=")
    if not equals or not dimension.strip() or not value.strip():
        raise BadInput(f'invalid state format "{setting[:60]}", expected <dimension>=<value>')
    label = parse_label(f"{dimension.strip()}:{value.strip()}")
    town = hands.ledger.read()
    bead = _resolved(hands, town, id)
    old = _states(bead).get(dimension)
    if old == value:
        told: dict[str, Any] = {"changed": False, "dimension": dimension, "issue_id": bead.id, "value": value}
        return Said(plain=f"(no change: {dimension} already set to {value})", value=told)
    nonce = hands.mint.nonce()
    event_ids: list[BeadId] = []

    def decide(now: Town) -> tuple[Entry, ...]:
        current = now.bead(bead.id)
        gone = tuple(each for each in current.labels or () if each.startswith(f"{dimension}:"))
        wanted = rules.NewBead(
            title=f"State change: {dimension} → {value}",
            description=reason,
            kind="event",
            status="closed",
            priority=4,
            parent=bead.id,
            fields={"event_kind": f"{dimension}.{value}", "actor": hands.actor, "target": bead.id},
            max_depth=20,
        )
        event_id, entries = rules.create(now, now.ledger_of(bead.id), wanted, actor=hands.actor, nonce=nonce)
        event_ids[:] = [event_id]
        change = rules.Change(add_labels=(label,), remove_labels=gone)
        return (*entries, *rules.change(now, current, change, actor=hands.actor))

    hands.ledger.record(decide, actor=hands.actor, ledgers=ledgers_for(town, [bead]))
    lines = [
        f"✓ Set {dimension} = {value} on {bead.id}",
        *([f"  Previous: {old}"] if old else []),
        f"  Event: {event_ids[0]}",
    ]
    told = {
        "changed": True,
        "dimension": dimension,
        "event_id": event_ids[0],
        "issue_id": bead.id,
        "new_value": value,
        "old_value": old,
    }
    return Said(plain="\n".join(lines), value=told | ({"reason": reason} if reason else {}))


def _states(bead: Bead) -> dict[str, str]:
    pairs = (label.partition(":") for label in bead.labels or ())
    return {key: value for key, colon, value in pairs if colon and key and value}


@verb("bd ship", group="beads", needs=Needs.LEDGER, compact_errors=True)
def ship(
    hands: Hands,
    capability: Annotated[str, Arg("What is provided")],
    *,
    force: Annotated[bool, Arg("Even while it is not closed")] = False,
    dry_run: Annotated[bool, Arg("Only say what would be done")] = False,
) -> Receipt:
    """Say that a capability is provided: the bead labelled `export:CAPABILITY` gets `provides:CAPABILITY`."""
    town = hands.ledger.read()
    found = [bead for bead in beads_here(hands, town) if f"export:{capability}" in (bead.labels or ())]
    if not found:
        raise NotFound(f"no issue found with label 'export:{capability[:80]}'")
    if len(found) > 1:
        raise BadInput(f"multiple issues found with label 'export:{capability[:80]}': {', '.join(b.id for b in found)}")
    bead, label = found[0], parse_label(f"provides:{capability}")
    if bead.state != "closed" and not force:
        raise BadInput(f"issue {bead.id} is not closed (status: {bead.state})", hint="--force ships it anyway")
    told = {"capability": capability, "issue_id": bead.id, "label": label}
    if label in (bead.labels or ()):
        return Said(plain=f"{capability} is shipped already ({bead.id})", value=told | {"status": "already_shipped"})
    if dry_run:
        return Said(plain=f"Would add {label} to {bead.id}", value=told | {"status": "dry_run", "would_add": label})
    act_on(
        hands,
        (bead.id,),
        lambda now, each: (Entry(e.LabelAdded(bead_id=each.id, label=label), now.ledger_of(each.id)),),
    )
    return Said(plain=f"✓ Shipped {capability} ({bead.id})\n  Added label: {label}", value=told | {"status": "shipped"})


def _resolved(hands: Hands, town: Town, text: str) -> Bead:
    try:
        return one(hands, town, text)
    except (NotFound, BadInput) as error:
        raise type(error)(f"resolving {text[:80]}: {error.message}", hint=error.hint) from error
