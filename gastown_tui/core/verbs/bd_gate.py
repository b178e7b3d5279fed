"""Gates: beads that hold others back until something has happened."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, GastownError, NotFound
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import beads as rules
from gastown_tui.core.rules import gates
from gastown_tui.core.verbs import bd_gate_github
from gastown_tui.core.verbs.beads import Said, act_on, beads_here, ledgers_for, one
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_json, bead_text

Gate = Annotated[str, Arg("A gate", metavar="ID", suggest=Suggest.BEAD)]


@verb("bd gate list", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def list_(
    hands: Hands,
    *,
    all: Annotated[bool, Arg("Closed ones too", flags=("--all", "-a"))] = False,
    limit: Annotated[int, Arg("At most so many; 0: all", flags=("--limit", "-n"))] = 50,
) -> Receipt:
    """List gates and what they hold back."""
    town = hands.ledger.read()
    found = sorted(
        (b for b in beads_here(hands, town) if b.kind == "gate" and (all or not b.is_closed)), key=lambda b: b.id
    )
    found = [bead for bead in found if bead.status != "tombstone"]
    found = found[:limit] if limit > 0 else found
    if not found:
        return Said(plain="No gates found.", value=[])
    lines = ["", f"⏳ Open Gates ({len(found)}):" if not all else f"⏳ Gates ({len(found)}):", ""]
    for bead in found:
        what = " ".join(each for each in (bead.await_type or "human", bead.await_id or "") if each)
        lines.append(f"{'●' if bead.is_closed else '○'} {bead.id} - {one_line(what)}")
        held = [other for other, type_ in town.dependents(bead.id) if type_ == "blocks"]
        lines += [f"  Blocks: {', '.join(held)}"] if held else []
    lines += ["", "To resolve a gate: bd close <gate-id>"]
    return Said(plain="\n".join(lines), value=[bead_json.issue(bead) for bead in found])


@verb("bd gate create", group="beads", needs=Needs.LEDGER, compact_errors=True)
def create(
    hands: Hands,
    title: Annotated[str, Arg("What is waited for, in words")] = "",
    *,
    blocks: Annotated[str, Arg("The bead it holds back", metavar="ID", suggest=Suggest.BEAD)],
    type_: Annotated[str, Arg("human, timer, bead, gh:run, gh:pr or mail", flags=("--type", "-t"))] = "human",
    await_id: Annotated[str, Arg("What exactly: a bead, a run, a pull request")] = "",
    timeout: Annotated[str, Arg("How long a timer runs: 30s, 15m, 2h, 1d")] = "",
) -> Receipt:
    """Hold a bead back until a person, a moment or another bead lets it go."""
    if type_ not in gates.KINDS or type_ in {"all", "gh"}:
        raise BadInput(f"invalid gate type '{type_[:40]}'", hint="human, timer, bead, gh:run, gh:pr or mail")
    if type_ == "timer" and not timeout:
        raise BadInput("a timer gate needs --timeout", hint="such as --timeout 2h")
    length = gates.parse_timeout(timeout) if timeout else None
    town = hands.ledger.read()
    held = one(hands, town, blocks)
    nonce = hands.mint.nonce()
    made: list[Any] = []

    def decide(now: Town) -> tuple[Entry, ...]:
        wanted = rules.NewBead(
            title=title or f"Gate: {type_} {await_id or timeout}".strip(),
            kind="gate",
            fields={
                "await_type": type_,
                "await_id": await_id,
                "timeout": length,
            },
        )
        ledger = now.ledger_of(held.id)
        gate_id, entries = rules.create(now, ledger, wanted, actor=hands.actor, nonce=nonce)
        made[:] = [gate_id]
        return (*entries, Entry(e.DependencyAdded(bead_id=held.id, depends_on_id=gate_id), ledger))

    recorded = hands.ledger.record(decide, actor=hands.actor, ledgers=ledgers_for(town, [held]))
    return Said(
        plain=f"✓ Created gate: {made[0]}\n  Blocks: {held.id}", value=bead_json.issue(recorded.town.bead(made[0]))
    )


@verb("bd gate show", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def show(hands: Hands, id: Gate) -> Receipt:
    """Show one gate."""
    bead = _gate(hands, hands.ledger.read(), id)
    lines = [f"{'●' if bead.is_closed else '○'} {bead.id} - {bead_text.title(bead)}", f"  Status: {bead.state}"]
    waiters = ", ".join(str(each) for each in bead.waiters or ())
    for name, value in (
        ("Await Type", bead.await_type),
        ("Await ID", bead.await_id),
        ("Timeout", f"{bead.timeout // 10**9}s" if bead.timeout else ""),
        ("Waiters", waiters),
        ("Description", bead.description),
    ):
        lines += [f"  {name}: {one_line(value, 200)}"] if value else []
    return Said(plain="\n".join(lines), value=bead_json.issue(bead))


@verb("bd gate resolve", group="beads", needs=Needs.LEDGER, compact_errors=True)
def resolve(hands: Hands, id: Gate, *, reason: Annotated[str, Arg("Why", flags=("--reason", "-r"))] = "") -> Receipt:
    """Let go what a gate holds back."""
    bead = _gate(hands, hands.ledger.read(), id)
    acted = act_on(
        hands, (bead.id,), lambda town, each: rules.close(town, each, reason=reason or "Gate resolved", force=True)
    )
    more = f"\n  Reason: {reason}" if reason else ""
    return Said(plain=f"✓ Gate resolved: {bead.id}{more}", value=bead_json.issue(acted.beads[0]))


@verb("bd gate add-waiter", group="beads", needs=Needs.LEDGER, compact_errors=True)
def add_waiter(
    hands: Hands, id: Gate, waiter: Annotated[str, Arg("Who wants to hear of it", suggest=Suggest.AGENT)]
) -> Receipt:
    """Note who waits at a gate."""
    bead = _gate(hands, hands.ledger.read(), id)
    if waiter in (bead.waiters or ()):
        return Said(plain=f"Waiter already registered on gate {bead.id}", value=bead_json.issue(bead))

    def rule(town: Town, each: Bead) -> tuple[Entry, ...]:
        waiters = [*(each.waiters or ()), waiter]
        return (Entry(e.BeadUpdated(bead_id=each.id, changes={"waiters": waiters}), town.ledger_of(each.id)),)

    acted = act_on(hands, (bead.id,), rule)
    return Said(plain=f"✓ Added waiter to gate {bead.id}: {one_line(waiter)}", value=bead_json.issue(acted.beads[0]))


@verb("bd gate check", group="beads", needs=Needs.LEDGER, compact_errors=True)
def check(
    hands: Hands,
    *,
    type_: Annotated[str, Arg("Only this kind", flags=("--type", "-t"), choices=(*gates.KINDS,))] = "all",
    dry_run: Annotated[bool, Arg("Only say what would be let go")] = False,
    escalate: Annotated[
        bool, Arg("Tell the overseer of gates that will never open by themselves", flags=("--escalate", "-e"))
    ] = False,
    limit: Annotated[int, Arg("At most so many", flags=("--limit", "-l"))] = 100,
) -> Receipt:
    """Close the gates whose moment has come, whose bead is closed, or whose run or pull request is through."""
    town = hands.ledger.read()
    now = hands.clock.now()
    found = sorted((b for b in beads_here(hands, town) if b.kind == "gate" and not b.is_closed), key=lambda b: b.id)
    found = [b for b in found if type_ == "all" or (b.await_type or "human").startswith(type_)][: max(limit, 0)]
    verdicts = [(bead, _verdict(hands, town, bead, now)) for bead in found]
    for bead, verdict in verdicts:
        if dry_run:
            continue
        if verdict.outcome == "resolved":
            act_on(hands, (bead.id,), partial(_let_go, verdict.why))
        elif verdict.outcome == "failed" and escalate:
            _escalate(hands, town, bead, verdict.why)
    marks = {"resolved": "✓", "failed": "⚠", "error": "✗"}
    words = {"failed": "escalated"} if escalate else {}
    lines = [f"{marks.get(v.outcome, '…')} {b.id}: {words.get(v.outcome, v.outcome)} - {v.why}" for b, v in verdicts]
    counts = Counter(verdict.outcome for _, verdict in verdicts)
    resolved, errors, failed = counts["resolved"], counts["error"], counts["failed"] if escalate else 0
    lines.append(f"Checked {len(found)} gates: {resolved} resolved, {failed} escalated, {errors} errors")
    value = {"checked": len(found), "dry_run": dry_run, "errors": errors, "escalated": failed, "resolved": resolved}
    return Said(plain="\n".join(lines), value=value)


def _let_go(why: str, town: Town, bead: Bead) -> tuple[Entry, ...]:
    return rules.close(town, bead, reason=why, force=True)


def _verdict(hands: Hands, town: Town, bead: Bead, now: datetime) -> gates.Verdict:
    verdict = gates.judge(town, bead, now)
    if verdict.outcome != "elsewhere":
        return verdict
    try:
        return bd_gate_github.ask(hands, bead)
    except GastownError as error:
        return gates.Verdict("error", error.message)


def _escalate(hands: Hands, town: Town, bead: Bead, why: str) -> None:
    """Tell the overseer where there is one; elsewhere a comment on the gate says it, once."""
    said = f"gate {bead.id} will not open by itself: {why}"
    if town.is_town:
        from gastown_tui.core.verbs.talk import escalate

        escalate(hands, said, severity="high", bead=bead.id)
    elif all(each.text != said for each in bead.comments or ()):
        fact = e.BeadCommented(bead_id=bead.id, text=said, author=hands.actor)
        act_on(hands, (bead.id,), lambda now, each: (Entry(fact, now.ledger_of(each.id)),))


def _gate(hands: Hands, town: Town, text: str) -> Bead:
    try:
        bead = one(hands, town, text)
    except NotFound as error:
        raise NotFound(f"gate not found: {text[:80]}") from error
    if bead.kind != "gate":
        raise BadInput(f"{bead.id} is not a gate issue (type={bead.kind})")
    return bead
