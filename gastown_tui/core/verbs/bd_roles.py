"""Beads that stand for agents, and the things they hold: slots, the merge slot, small tasks."""

from __future__ import annotations

from typing import Annotated, Any

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, NotFound
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import stamp
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import beads as rules
from gastown_tui.core.rules.bead_ids import prefix_of_ledger
from gastown_tui.core.verbs.beads import Said, act_on, beads_here, ledgers_for, one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.verbs.filing import file_bead
from gastown_tui.core.views import bead_json, bead_text

STATES = ("idle", "spawning", "running", "working", "stuck", "done", "stopped", "dead")
_SLOTS = {"hook": "hook_bead", "role": "role_bead"}
_AGENT_LABEL = "gt:agent"
Agent = Annotated[str, Arg("An agent's bead", metavar="ID", suggest=Suggest.BEAD)]
Slot = Annotated[str, Arg("hook or role")]

# ---------------------------------------------------------------------------------------------- small tasks


@verb("bd todo", group="beads", needs=Needs.LEDGER, mutates=False, aliases=("bd todo list",), compact_errors=True)
def todo(hands: Hands, *, all: Annotated[bool, Arg("Done ones too")] = False) -> Receipt:
    """List tasks, plainly."""
    town = hands.ledger.read()
    found = [b for b in beads_here(hands, town) if b.kind == "task" and (all or not b.is_closed)]
    found = sorted((b for b in found if b.status != "tombstone"), key=lambda b: (b.priority, b.created_at, b.id))
    if not found:
        return Said(plain="No TODOs found", value=[])
    rows = [f"  {bead.id}  P{bead.priority}  {bead.state:<12}  {bead_text.title(bead)}" for bead in found]
    return Said(
        plain="\n".join([*rows, "", f"Total: {len(found)} TODOs"]), value=[bead_json.issue(bead) for bead in found]
    )


@verb("bd todo add", group="beads", needs=Needs.LEDGER, compact_errors=True)
def todo_add(
    hands: Hands,
    words: Annotated[tuple[str, ...], Arg("What is to be done")],
    *,
    priority: Annotated[int, Arg("0-4", flags=("--priority", "-p"))] = 2,
    description: Annotated[str, Arg("More about it", flags=("--description", "-d"), long_text=True)] = "",
) -> Receipt:
    """File a task."""
    if not 0 <= priority <= 4:
        raise BadInput(f"priority must be between 0 and 4 (got {priority})")
    wanted = rules.NewBead(title=" ".join(words), priority=priority, description=description)
    bead = file_bead(hands, hands.ledger.here, wanted)
    return Said(plain=f"Created {bead.id}: {bead_text.title(bead)}", value=bead_json.issue(bead))


@verb("bd todo done", group="beads", needs=Needs.LEDGER, compact_errors=True)
def todo_done(
    hands: Hands,
    ids: Annotated[tuple[str, ...], Arg("Tasks", metavar="ID", suggest=Suggest.BEAD)],
    *,
    reason: Annotated[str, Arg("Why")] = "Completed",
) -> Receipt:
    """Close tasks."""
    acted = act_on(hands, ids, lambda town, bead: rules.close(town, bead, reason=reason))
    closed = [bead.id for bead in acted.beads]
    return Said(
        plain="\n".join(f"Closed {each}" for each in closed),
        value={"closed": closed, "reason": reason},
        complaints=acted.complaints,
        exit_code=4 if acted.failed else 0,
    )


# ---------------------------------------------------------------------------------------------- agents


@verb("bd agent state", group="beads", needs=Needs.LEDGER, compact_errors=True)
def agent_state(hands: Hands, agent: Agent, state: Annotated[str, Arg("idle, working, stuck, …")]) -> Receipt:
    """Say what an agent does; its bead is filed when there is none."""
    if state not in STATES:
        raise BadInput(f'invalid state "{one_line(state, 40)}"; valid states: {", ".join(STATES)}')
    now = stamp(hands.clock.now())
    bead = _touch(hands, agent, {"agent_state": state, "last_activity": now}, files=True)
    return Said(
        plain=f"✓ {bead.id} state={state}", value={"agent": bead.id, "agent_state": state, "last_activity": now}
    )


@verb("bd agent heartbeat", group="beads", needs=Needs.LEDGER, compact_errors=True)
def agent_heartbeat(hands: Hands, agent: Agent) -> Receipt:
    """Say that an agent lives."""
    now = stamp(hands.clock.now())
    bead = _touch(hands, agent, {"last_activity": now})
    return Said(plain=f"✓ {bead.id} heartbeat", value={"agent": bead.id, "last_activity": now})


@verb("bd agent show", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def agent_show(hands: Hands, agent: Agent) -> Receipt:
    """Show an agent's bead."""
    bead = _agent(hands, hands.ledger.read(), agent)
    names = ("agent_state", "last_activity", "hook_bead", "role_bead", "role_type", "rig")
    value = {"id": bead.id, "title": bead.title} | {name: getattr(bead, name) for name in names}
    lines = [f"{bead.id}: {bead_text.title(bead)}"]
    lines += [f"  {name.replace('_', ' ')}: {one_line(str(value[name]))}" for name in names if value[name]]
    return Said(plain="\n".join(lines), value=value)


@verb("bd agent backfill-labels", group="beads", needs=Needs.LEDGER, compact_errors=True)
def agent_backfill_labels(
    hands: Hands, *, dry_run: Annotated[bool, Arg("Only say what would be done")] = False
) -> Receipt:
    """Give agents' beads the labels that say their role and rig."""
    town = hands.ledger.read()
    wanted: dict[BeadId, tuple[str, ...]] = {}
    for bead in beads_here(hands, town):
        if bead.kind != "agent" or bead.is_closed:
            continue
        labels = [_AGENT_LABEL]
        labels += [f"role_type:{bead.role_type}"] if bead.role_type else []
        labels += [f"rig:{bead.rig}"] if bead.rig else []
        if missing := tuple(each for each in labels if each not in (bead.labels or ())):
            wanted[bead.id] = missing
    if wanted and not dry_run:
        act_on(
            hands,
            tuple(wanted),
            lambda now, bead: rules.change(now, bead, rules.Change(add_labels=wanted[bead.id]), actor=hands.actor),
        )
    word = "Would label" if dry_run else "✓ Labelled"
    lines = [f"{word} {bead_id}: {', '.join(labels)}" for bead_id, labels in wanted.items()]
    value = {"updated": 0 if dry_run else len(wanted), "dry_run": dry_run, "beads": sorted(wanted)}
    return Said(plain="\n".join(lines) or "✓ Every agent has its labels", value=value)


def _touch(hands: Hands, text: str, changes: dict[str, Any], *, files: bool = False) -> Bead:
    town = hands.ledger.read()
    try:
        bead = _agent(hands, town, text)
    except NotFound:
        if not files:
            raise
        wanted = rules.NewBead(
            title=f"Agent: {text}", kind="agent", labels=(_AGENT_LABEL,), explicit_id=text, force=True
        )
        bead = file_bead(hands, hands.ledger.here, wanted)
    fact = e.BeadUpdated(bead_id=bead.id, changes=changes)
    recorded = hands.ledger.record(
        lambda now: (Entry(fact, now.ledger_of(bead.id)),), actor=hands.actor, ledgers=ledgers_for(town, [bead])
    )
    return recorded.town.bead(bead.id)


def _agent(hands: Hands, town: Town, text: str) -> Bead:
    try:
        bead = one(hands, town, text)
    except NotFound as error:
        raise NotFound(f"failed to resolve agent {text[:80]}: {error.message}") from error
    if bead.kind != "agent" and _AGENT_LABEL not in (bead.labels or ()):
        raise BadInput(f"{bead.id} is not an agent bead (type={bead.kind})")
    return bead


# ---------------------------------------------------------------------------------------------- slots


@verb("bd slot show", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def slot_show(hands: Hands, agent: Agent) -> Receipt:
    """Show what an agent's slots hold."""
    bead = _agent(hands, hands.ledger.read(), agent)
    slots = {name: getattr(bead, field) for name, field in _SLOTS.items()}
    lines = [f"{bead.id}:", *(f"  {name}: {value or '(empty)'}" for name, value in slots.items())]
    return Said(plain="\n".join(lines), value={"agent": bead.id, "slots": slots})


@verb("bd slot set", group="beads", needs=Needs.LEDGER, compact_errors=True)
def slot_set(
    hands: Hands, agent: Agent, slot: Slot, bead: Annotated[str, Arg("A bead", metavar="ID", suggest=Suggest.BEAD)]
) -> Receipt:
    """Put a bead into an agent's slot."""
    field = _slot(slot)
    held = one(hands, hands.ledger.read(), bead)

    def rule(town: Town, each: Bead) -> tuple[Entry, ...]:
        there = getattr(each, field)
        if slot == "hook" and there and there != held.id:
            raise Conflict(f"hook slot already occupied by {there}; use 'bd slot clear {each.id} hook' first")
        return (Entry(e.BeadUpdated(bead_id=each.id, changes={field: held.id}), town.ledger_of(each.id)),)

    holder = _agent(hands, hands.ledger.read(), agent)
    act_on(hands, (holder.id,), rule)
    return Said(
        plain=f"✓ Set {holder.id}.{slot} = {held.id}", value={"agent": holder.id, "bead": held.id, "slot": slot}
    )


@verb("bd slot clear", group="beads", needs=Needs.LEDGER, compact_errors=True)
def slot_clear(hands: Hands, agent: Agent, slot: Slot) -> Receipt:
    """Empty an agent's slot."""
    field = _slot(slot)
    holder = _agent(hands, hands.ledger.read(), agent)
    change = e.BeadUpdated(bead_id=holder.id, changes={field: None})
    act_on(hands, (holder.id,), lambda town, each: (Entry(change, town.ledger_of(each.id)),))
    return Said(plain=f"✓ Cleared {holder.id}.{slot}", value={"agent": holder.id, "bead": None, "slot": slot})


def _slot(name: str) -> str:
    if name not in _SLOTS:
        raise BadInput(f'invalid slot name "{one_line(name, 40)}"; valid slots: hook, role')
    return _SLOTS[name]


# ---------------------------------------------------------------------------------------------- the merge slot


@verb("bd merge-slot create", group="beads", needs=Needs.LEDGER, compact_errors=True)
def merge_slot_create(hands: Hands) -> Receipt:
    """File the bead that one merger at a time may hold."""
    town = hands.ledger.read()
    bead_id = _merge_slot_id(hands, town)
    if town.find(bead_id) is None:
        wanted = rules.NewBead(title="Merge slot", kind="slot", labels=("gt:slot",), explicit_id=bead_id, force=True)
        file_bead(hands, hands.ledger.here, wanted)
    return Said(plain=f"✓ Merge slot: {bead_id}", value={"id": bead_id, "status": "open"})


@verb("bd merge-slot check", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def merge_slot_check(hands: Hands) -> Receipt:
    """Say whether the merge slot is free."""
    bead = _merge_slot(hands, hands.ledger.read())
    value: dict[str, Any] = {"id": bead.id, "available": not bead.holder}
    if bead.holder:
        value |= {"status": bead.state, "holder": bead.holder, "waiters": list(bead.waiters or ())}
    return Said(plain=f"{bead.id}: {f'held by {one_line(bead.holder)}' if bead.holder else 'available'}", value=value)


@verb("bd merge-slot acquire", group="beads", needs=Needs.LEDGER, compact_errors=True)
def merge_slot_acquire(
    hands: Hands,
    *,
    holder: Annotated[str, Arg("Who holds it; otherwise who acts", suggest=Suggest.AGENT)] = "",
    wait: Annotated[bool, Arg("Stand in line when it is held")] = False,
) -> Receipt:
    """Take the merge slot; one winner."""
    who = holder or hands.actor
    bead = _merge_slot(hands, hands.ledger.read())
    place: list[int] = []

    def rule(town: Town, each: Bead) -> tuple[Entry, ...]:
        place.clear()
        if not each.holder or each.holder == who:
            changes: dict[str, Any] = {"holder": who, "status": "in_progress"}
            changes["waiters"] = [waiter for waiter in each.waiters or () if waiter != who] or None
            return (Entry(e.BeadUpdated(bead_id=each.id, changes=changes), town.ledger_of(each.id)),)
        if not wait:
            raise Conflict(f"the merge slot is held by {each.holder}", hint="--wait stands in line")
        line = [*(each.waiters or ()), *([] if who in (each.waiters or ()) else [who])]
        place.append(line.index(who) + 1)
        return (Entry(e.BeadUpdated(bead_id=each.id, changes={"waiters": line}), town.ledger_of(each.id)),)

    after = act_on(hands, (bead.id,), rule).beads[0]
    value: dict[str, Any] = {"id": bead.id, "acquired": not place, "holder": after.holder}
    if place:
        return Said(
            plain=f"{bead.id} is held by {one_line(after.holder or '')}; {one_line(who)} is number {place[0]} in line",
            value=value | {"waiting": True, "position": place[0]},
            exit_code=1,
        )
    return Said(plain=f"✓ {one_line(who)} holds {bead.id}", value=value)


@verb("bd merge-slot release", group="beads", needs=Needs.LEDGER, compact_errors=True)
def merge_slot_release(
    hands: Hands, *, holder: Annotated[str, Arg("Only if held by this one", suggest=Suggest.AGENT)] = ""
) -> Receipt:
    """Give the merge slot back."""
    bead = _merge_slot(hands, hands.ledger.read())
    previous: list[str] = []

    def rule(town: Town, each: Bead) -> tuple[Entry, ...]:
        previous[:] = [each.holder or ""]
        if holder and each.holder != holder:
            raise Conflict(f"the merge slot is not held by {holder}")
        change = e.BeadUpdated(bead_id=each.id, changes={"holder": None, "status": "open"})
        return (Entry(change, town.ledger_of(each.id)),)

    after = act_on(hands, (bead.id,), rule).beads[0]
    value = {"id": bead.id, "released": True, "previous_holder": previous[0], "waiters": list(after.waiters or ())}
    return Said(plain=f"✓ Released {bead.id}", value=value)


def _merge_slot_id(hands: Hands, town: Town) -> BeadId:
    return BeadId(f"{prefix_of_ledger(town.ledgers[hands.ledger.here])}-merge-slot")


def _merge_slot(hands: Hands, town: Town) -> Bead:
    bead = town.find(_merge_slot_id(hands, town))
    if bead is None:
        raise NotFound("there is no merge slot", hint="bd merge-slot create")
    return bead
