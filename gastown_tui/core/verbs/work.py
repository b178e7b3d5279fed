"""Giving work to workers: sling, spawn, unsling, and what waits for room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, NotFound, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER, Role, parts, session_name
from gastown_tui.core.model.ids import Address, BeadId
from gastown_tui.core.ports import Decide, Hands, Recorded
from gastown_tui.core.rules import addresses, dispatch, hooks
from gastown_tui.core.verbs.declare import Arg, Receipt, Suggest, verb
from gastown_tui.core.verbs.waking import Woken, rest, wake

WAKE_PATIENCE_S = 20.0
"""How long a sling waits for somebody else who is waking the same worker."""


class SlungBead(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one bead."""

    bead_id: BeadId
    state: str
    """`hooked`, `queued`, `unchanged` or, in a dry run, `would hook` and `would queue`."""
    agent: str = ""
    """Who has it; for one that waits, whom it waits for."""
    assignment_id: str = ""
    convoy_id: str = ""
    """The convoy made for it; empty when it was tracked already."""
    session: str = ""
    started: bool = False
    is_worker: bool = False
    reason: str = ""
    """Why it waits, or why no session runs."""
    worktree: str = ""
    branch: str = ""
    molecule_id: str = ""
    """The molecule poured for it."""
    formula: str = ""


class Slung(Receipt, frozen=True, kw_only=True):
    """What a sling did."""

    beads: tuple[SlungBead, ...]

    def text(self) -> str:
        """A line for each bead, and one for each convoy made."""
        lines: list[str] = []
        for each in self.beads:
            lines.append(_line(each))
            if each.molecule_id:
                lines.append(f"  molecule {each.molecule_id} of {each.formula} poured")
            if each.reason and each.state == "hooked":
                lines.append(f"  no session: {each.reason}; the hook is set")
            if each.convoy_id:
                lines.append(f"  convoy {each.convoy_id} tracks it")
        return "\n".join(lines)


def _line(each: SlungBead) -> str:
    match each.state:
        case "queued" | "would queue":
            return f"{each.state.capitalize()} {each.bead_id} for {each.agent}: {each.reason}"
        case "unchanged":
            again = f"; {each.session} goes on with it" if each.started else ""
            return f"{each.bead_id} was slung to {each.agent} already{again}"
        case "would hook":
            return f"Would hook {each.bead_id} on {each.agent}"
    if each.is_worker and (each.started or each.session):
        return f"Spawned {each.session or session_name(Address(each.agent))}, hooked {each.bead_id}"
    return f"Hooked {each.bead_id} on {each.agent}"


@verb(keys="s", group="work")
def sling(
    hands: Hands,
    words: Annotated[
        tuple[str, ...],
        Arg("beads or a formula, then whom they are for: a rig, an agent, `.`", suggest=Suggest.READY, metavar="BEAD"),
    ],
    *,
    to: Annotated[str, Arg("whom they are for", flags=("--to",), suggest=Suggest.TARGET)] = "",
    args: Annotated[str, Arg("what to say about how to do it", flags=("--args", "-a"), long_text=True)] = "",
    on: Annotated[str, Arg("the bead a formula is poured onto", suggest=Suggest.BEAD)] = "",
    var: Annotated[tuple[str, ...], Arg("a formula's variable, key=value", flags=("--var",), metavar="K=V")] = (),
    runtime: Annotated[str, Arg("the program that does it", suggest=Suggest.RUNTIME)] = "",
    force: Annotated[bool, Arg("though it is blocked or somebody else has it", flags=("--force", "-f"))] = False,
    no_convoy: Annotated[bool, Arg("track it with no convoy of its own")] = False,
    no_queue: Annotated[bool, Arg("refuse what is blocked instead of letting it wait in line")] = False,
    dry_run: Annotated[bool, Arg("only say what would be done", flags=("--dry-run", "-n"))] = False,
) -> Slung:
    """Hang a bead on a worker's hook and wake the worker.

    A rig takes one of its idle workers or makes one; beyond its capacity, or while something blocks it, the bead waits
    in line and begins by itself. An agent takes one bead. With no target, or `.`, you take it yourself. Slinging to the
    same target again only wakes a worker whose session is gone. A formula is poured first: onto the bead of `--on`,
    else as work of its own.

    Raises:
        NotFound: no such bead, rig or agent.
        Refused: the bead is closed or deferred, blocked and may not wait, or of another rig.
        Conflict: somebody holds it, or the hook holds something else.
    """
    town = hands.ledger.read()
    beads, target = dispatch.split_target(town, words) if not to else (words, to)
    word = _formula_word(town, beads, on, var)
    if runtime:
        hands.runtimes.find(runtime)
    request = dispatch.Request(
        bead_ids=beads,
        target=target,
        asker=addresses.speaker(hands.actor),
        here=addresses.rig_around(town, actor=hands.actor, env=hands.env, home=hands.ledger.home, cwd=hands.cwd),
        args=args,
        runtime=runtime,
        force=force,
        with_convoy=not no_convoy,
        with_line=not no_queue,
    )
    if word:
        from gastown_tui.core.verbs import formula_sling

        proto = formula_sling.proto_meant(hands, request, word, on, var)
        if proto is not None:
            return formula_sling.sling_formula(hands, request, proto, on, var, dry_run=dry_run)
    draws = draw(hands, max(1, dispatch.beads_meant(town, request)))
    if dry_run:
        facts = [entry.fact for entry in dispatch.sling(town, request, draws)]
        return Slung(beads=told(town, request, facts, {}, is_dry=True))
    return perform(hands, request, draws)


@verb(group="work", hidden=True)
def spawn(
    hands: Hands,
    rig: Annotated[str, Arg("the rig whose worker takes it", suggest=Suggest.RIG)] = "",
    *,
    issue: Annotated[str, Arg("the bead", suggest=Suggest.READY)],
    to_rig: Annotated[str, Arg("the rig, as an option", flags=("--rig",), suggest=Suggest.RIG)] = "",
    args: Annotated[str, Arg("what to say about how to do it", flags=("--args", "-a"))] = "",
    runtime: Annotated[str, Arg("the program that does it", suggest=Suggest.RUNTIME)] = "",
) -> Slung:
    """Give a bead to a worker of its rig; another word for sling."""
    where = rig or to_rig or hands.ledger.read().rig_of(issue) or ""
    return sling(hands, (issue,), to=where, args=args, runtime=runtime)


def perform(hands: Hands, request: dispatch.Request, draws: dispatch.Draws) -> Slung:
    """Record a sling in one transaction, then wake who got work and rest who lost it."""
    before = hands.ledger.read()
    return performed(
        hands, request, lambda town: dispatch.sling(town, request, draws), ledgers_to_lock(before, request)
    )


def performed(hands: Hands, request: dispatch.Request, decide: Decide, ledgers: Sequence[str]) -> Slung:
    """Record what was decided about a sling, then wake who has the work and rest who lost it."""
    before = hands.ledger.read()
    holders = [hook.agent for each in request.bead_ids if (hook := before.holder(each)) is not None]
    recorded = hands.ledger.record(decide, actor=hands.actor, ledgers=ledgers)
    facts = [event.fact for event in recorded.events]
    hung = {fact.agent for fact in facts if isinstance(fact, e.HookSet)}
    for agent in holders:
        if agent not in hung and recorded.town.hook(agent) is None and parts(agent).role is Role.POLECAT:
            rest(hands, agent, "its work was slung to somebody else")
    woken = {fact.ref_id: _roused(hands, recorded.town, fact) for fact in facts if isinstance(fact, e.HookSet)}
    for bead_id in request.bead_ids:
        hook = recorded.town.holder(bead_id)
        if hook is not None and hook.bead_id not in woken and parts(hook.agent).role is Role.POLECAT:
            woken[hook.bead_id] = wake(hands, hook.agent, patience_s=WAKE_PATIENCE_S)
    return Slung(beads=told(recorded.town, request, facts, woken, is_dry=False))


def _roused(hands: Hands, town: Town, fact: e.HookSet) -> Woken:
    """Wake who got work; a standing agent that runs already hears its bell instead."""
    woken = wake(hands, fact.agent, patience_s=WAKE_PATIENCE_S)
    is_other = fact.agent not in {OVERSEER, addresses.speaker(hands.actor)}
    if is_other and woken.session and not woken.started and parts(fact.agent).role is not Role.POLECAT:
        from gastown_tui.core.verbs import talk

        talk.ring(hands, fact.agent, f"Work hangs on your hook: {fact.ref_id}. gt hook shows it.")
    return woken


def _formula_word(town: Town, words: Sequence[str], on: str, var: Sequence[str]) -> str:
    """The word that names a formula rather than a bead; empty when beads are meant."""
    if not words:
        raise BadInput("sling what?", hint="gt sling BEAD RIG; bd ready lists what could be slung")
    if len(words) > 1 and on:
        raise BadInput("one formula at a time", hint="gt sling FORMULA RIG --on BEAD")
    if on:
        town.bead(on)
    elif town.find(words[0]) is not None or len(words) > 1:
        if var:
            raise BadInput("--var belongs to a formula", hint="gt sling FORMULA --on BEAD --var key=value")
        return ""
    return words[0]


def draw(hands: Hands, count: int) -> dispatch.Draws:
    """Chance for so many beads."""
    return dispatch.Draws(
        assignments=tuple(hands.mint.assignment_id() for _ in range(count)),
        nonces=tuple(hands.mint.nonce() for _ in range(count)),
    )


def ledgers_to_lock(town: Town, request: dispatch.Request) -> tuple[str, ...]:
    """What a sling locks. An agent of the whole town may hold work of any rig, so all of them are caught up for it."""
    aim = dispatch.aimed(town, request.target, asker=request.asker, here=request.here)
    if aim.agent is not None and not parts(aim.agent).rig:
        return tuple(town.ledgers)
    return dispatch.ledgers_of(town, request.bead_ids)


def told(
    town: Town, request: dispatch.Request, facts: Sequence[e.Fact], woken: dict[BeadId, Woken], *, is_dry: bool
) -> tuple[SlungBead, ...]:
    """What became of each bead, read from what was recorded."""
    convoys = {
        fact.dependencies[0].depends_on_id: fact.bead_id
        for fact in facts
        if isinstance(fact, e.BeadCreated) and fact.issue_type == "convoy" and fact.dependencies
    }
    poured = {BeadId(fact.bead_id or fact.mol_id): fact for fact in facts if isinstance(fact, e.MolCreated)}
    found: dict[BeadId, SlungBead] = {}
    for fact in facts:
        if isinstance(fact, e.HookSet):
            found[fact.ref_id] = _hooked(fact, woken.get(fact.ref_id), convoys, is_dry)
        elif isinstance(fact, e.DispatchQueued):
            found[fact.bead_id] = SlungBead(
                bead_id=fact.bead_id,
                state="would queue" if is_dry else "queued",
                agent=fact.target,
                reason=fact.reason,
                convoy_id=convoys.get(fact.bead_id, ""),
            )
    for bead_id in request.bead_ids:
        if bead_id not in found and town.bead(bead_id).kind != "epic":
            found[BeadId(bead_id)] = _unchanged(town, BeadId(bead_id), woken.get(BeadId(bead_id)))
    for bead_id, fact in poured.items():
        if bead_id in found:
            found[bead_id] = msgspec.structs.replace(found[bead_id], molecule_id=fact.mol_id, formula=fact.formula)
    return tuple(found.values())


def _hooked(fact: e.HookSet, woken: Woken | None, convoys: dict[BeadId, BeadId], is_dry: bool) -> SlungBead:
    is_person = fact.agent == OVERSEER
    return SlungBead(
        bead_id=fact.ref_id,
        state="would hook" if is_dry else "hooked",
        agent=fact.agent,
        assignment_id="" if is_dry else fact.assignment_id,
        convoy_id=convoys.get(fact.ref_id, ""),
        session=woken.session if woken else "",
        started=woken.started if woken else False,
        is_worker=parts(fact.agent).role is Role.POLECAT,
        reason=woken.reason if woken and not is_person else "",
        worktree=woken.worktree if woken else "",
        branch=woken.branch if woken else "",
    )


def _unchanged(town: Town, bead_id: BeadId, woken: Woken | None) -> SlungBead:
    hook = town.holder(bead_id)
    if hook is not None:
        return SlungBead(
            bead_id=bead_id,
            state="unchanged",
            agent=hook.agent,
            assignment_id=hook.assignment_id,
            session=woken.session if woken else "",
            started=woken.started if woken else False,
        )
    waiting = next((each for each in town.dispatches() if each.bead_id == bead_id), None)
    if waiting is not None:
        why = dispatch.why_waits(town, waiting)
        return SlungBead(bead_id=bead_id, state="queued", agent=waiting.target, reason=why)
    return SlungBead(bead_id=bead_id, state="unchanged")


# ---------------------------------------------------------------------------------------------- waiting slings


def dispatch_waiting(hands: Hands) -> tuple[SlungBead, ...]:
    """Take up slings that waited for room and drop those nobody can take up any more. Called by the daemon."""
    town = hands.ledger.read()
    for waiting, reason in dispatch.hopeless(town):
        _drop(hands, town, waiting.bead_id, reason)
    begun: list[SlungBead] = []
    for waiting in dispatch.due(town):
        request = dispatch.Request(
            bead_ids=(waiting.bead_id,),
            target=waiting.target,
            asker=Address(waiting.dispatcher) if waiting.dispatcher else addresses.speaker(hands.actor),
            args=waiting.args,
            runtime=waiting.runtime,
            with_convoy=False,
        )
        try:
            begun += perform(hands, request, draw(hands, 1)).beads
        except (Conflict, Refused, NotFound, BadInput):
            continue  # Somebody was faster, or the bead changed; it keeps its place until it can be taken or dropped.
    return tuple(each for each in begun if each.state == "hooked")


def feed(hands: Hands, bead_id: BeadId) -> tuple[SlungBead, ...]:
    """Give stranded work of a convoy to its rig, unless somebody has it by now. Called by the daemon."""
    town = hands.ledger.read()
    if town.holder(bead_id) is not None or not (rig := town.rig_of(bead_id)):
        return ()
    request = dispatch.Request(
        bead_ids=(bead_id,),
        target=rig,
        asker=addresses.speaker(hands.actor),
        with_convoy=False,
        with_line=False,
    )
    return perform(hands, request, draw(hands, 1)).beads


def _drop(hands: Hands, town: Town, bead_id: BeadId, reason: str) -> None:
    ledger = town.ledger_of(bead_id)
    dropped = e.Entry(e.DispatchDropped(bead_id=bead_id, reason=reason), ledger)
    hands.ledger.record(lambda _: [dropped], actor=hands.actor, ledgers=("", ledger))


# ---------------------------------------------------------------------------------------------- taking back


class Unslung(Receipt, frozen=True, kw_only=True):
    """What was let go."""

    bead_id: str
    agent: str = ""
    was_waiting: bool = False

    def text(self) -> str:
        """One line."""
        if self.was_waiting:
            return f"{self.bead_id} waits no more"
        return f"Unslung {self.bead_id} from {self.agent}; it is open again"


@verb(group="work")
def unsling(
    hands: Hands,
    subject: Annotated[str, Arg("a bead, or whose hook; yours when left out", suggest=Suggest.AGENT)] = "",
    *,
    force: Annotated[bool, Arg("though its worker is at work; ends the session", flags=("--force", "-f"))] = False,
) -> Unslung:
    """Take work off a hook, or out of the line of waiting slings.

    The bead is open again. What its worker did so far stays in its worktree.

    Raises:
        NotFound: nothing hangs there.
        Refused: the worker is at work.
    """
    town = hands.ledger.read()
    me = addresses.speaker(hands.actor)
    is_bead = bool(subject) and town.find(subject) is not None
    here = addresses.rig_around(town, actor=hands.actor, env=hands.env, home=hands.ledger.home, cwd=hands.cwd)
    agent = me if not subject or is_bead else addresses.resolve(town, subject, here=here)
    held = town.holder(subject) if is_bead else town.hook(agent)
    wish = hooks.Release(
        subject=subject if is_bead else "",
        agent=agent,
        force=force or (held is not None and held.agent == me),
        reason=f"unslung by {me}",
    )
    ledger = town.ledger_of(subject) if is_bead else town.ledger_of(held.bead_id) if held else ""
    recorded = hands.ledger.record(
        lambda now: hooks.release(now, wish), actor=hands.actor, ledgers=tuple(dict.fromkeys(("", ledger)))
    )
    return _let_go(hands, recorded, me)


def _let_go(hands: Hands, recorded: Recorded, me: Address) -> Unslung:
    fact = recorded.events[-1].fact
    if isinstance(fact, e.DispatchDropped):
        return Unslung(bead_id=fact.bead_id, was_waiting=True)
    assert isinstance(fact, e.HookCleared)
    if fact.agent != me and parts(fact.agent).role is Role.POLECAT:
        rest(hands, fact.agent, "its work was taken off the hook")
    return Unslung(bead_id=fact.previous_ref, agent=fact.agent)
