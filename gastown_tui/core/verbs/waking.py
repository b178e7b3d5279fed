"""Bringing an agent's surroundings to what the ledger wants: worktree, session, and their end.

Each function may be called by anybody at any time, and again after a crash at any line: it looks, does what is missing
and records it. Everybody who wakes or rests the same agent waits for nobody: whoever comes second finds it done.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, NotFound, Refused, ToolFailed
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER, AddressParts, Role, parts, session_name
from gastown_tui.core.model.ids import Address, RigName
from gastown_tui.core.model.outside import RunOutcome, Runtime, SessionFact, SessionSpec
from gastown_tui.core.model.town import Hook
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import dispatch
from gastown_tui.core.verbs import start_prompt

BUSY = "somebody else is waking it right now"
_LOCK_POLL_S = 0.05


class Woken(msgspec.Struct, frozen=True, kw_only=True):
    """What stands after waking an agent."""

    address: Address
    session: str = ""
    """Its session's name; empty when it has none."""
    incarnation: str = ""
    started: bool = False
    """The session was started just now."""
    worktree: str = ""
    branch: str = ""
    reason: str = ""
    """Why there is no session, or what went wrong on the way, in plain words; empty when all is well."""


def wake(hands: Hands, address: Address, *, resume: bool = False, patience_s: float = 0.0) -> Woken:
    """Give an agent that has work, or a standing role, its worktree and its session. Doing it twice does it once.

    What could not be had is in `reason`, and the work stays on the hook; only the ledger's own errors are raised.

    Args:
        hands: The town.
        address: Who is to wake.
        resume: Continue the last conversation of its program instead of beginning a new one.
        patience_s: How long to wait for somebody else who is waking it.
    """
    if address == OVERSEER:
        return Woken(address=address, reason="the overseer is a person")
    deadline = hands.clock.monotonic() + patience_s
    while True:
        with hands.processes.alone(lock_file(hands, "wake", address)) as mine:
            if mine:
                return _wake_alone(hands, address, resume=resume)
        if hands.clock.monotonic() >= deadline:
            return Woken(address=address, reason=BUSY)
        hands.clock.sleep(_LOCK_POLL_S)


def _wake_alone(hands: Hands, address: Address, *, resume: bool) -> Woken:
    town = hands.ledger.read()
    hook = town.hook(address)
    if parts(address).role is Role.POLECAT and hook is None:
        return Woken(address=address, reason="nothing hangs on its hook")
    try:
        return _wake(hands, town, address, hook, resume=resume)
    except (ToolFailed, Refused, NotFound, BadInput, Conflict) as error:
        return Woken(address=address, reason=error.message)


def _wake(hands: Hands, town: Town, address: Address, hook: Hook | None, *, resume: bool) -> Woken:
    who = parts(address)
    branch = dispatch.branch_of(address, hook.bead_id) if hook and who.role is Role.POLECAT else ""
    place = _worktree(hands, town, address, branch) if branch else home_of(hands, address)
    woken = Woken(address=address, worktree=str(place), branch=branch)
    if trouble := hands.sessions.unavailable():
        return msgspec.structs.replace(woken, reason=trouble)
    name = session_name(address)
    living = hands.sessions.find(name)
    if living is not None and not living.dead:
        if _serves(living, who, hook):
            _record_start(hands, address, living, hook, str(place))
            return msgspec.structs.replace(woken, session=name, incarnation=living.incarnation)
        if not living.incarnation:
            reason = f"the session {name} was not started by the town; end it first"
            return msgspec.structs.replace(woken, reason=reason)
        hands.sessions.stop(name, incarnation=living.incarnation)
    if branch:
        _catch_up(hands, town, address, place, branch)
    runtime = hands.runtimes.find(runtime_name(town, address, hook))
    fact = hands.sessions.start(_spec(hands, town, address, hook, place, runtime, resume=resume))
    if not _record_start(hands, address, fact, hook, str(place)):
        hands.sessions.stop(name, incarnation=fact.incarnation)
        return msgspec.structs.replace(woken, reason="its work was taken off the hook meanwhile")
    if runtime.needs_model and not runtime.prompt_args:
        _prompt_by_bell(hands, town, address, hook)
    return msgspec.structs.replace(woken, session=name, incarnation=fact.incarnation, started=True)


def _serves(living: SessionFact, who: AddressParts, hook: Hook | None) -> bool:
    """Whether a living session is for the work that hangs on the hook now; standing roles serve whatever comes."""
    if not living.incarnation:
        return False
    if who.role is not Role.POLECAT or hook is None:
        return True
    return living.incarnation.startswith(f"{hook.assignment_id}_")


def _record_start(hands: Hands, address: Address, fact: SessionFact, hook: Hook | None, worktree: str) -> bool:
    """Record a session unless the ledger knows it; False when the work it was for is no longer on the hook."""
    still = True

    def decide(town: Town) -> list[e.Entry]:
        nonlocal still
        now, known = town.hook(address), town.agent(address)
        still = (now.assignment_id if now else "") == (hook.assignment_id if hook else "")
        is_known = known is not None and known.incarnation == fact.incarnation and known.session == fact.name
        if is_known or (not still and parts(address).role is Role.POLECAT):
            return []
        started = e.AgentStarted(
            agent=address,
            session_name=fact.name,
            incarnation=fact.incarnation,
            runtime=runtime_name(town, address, now),
            worktree=worktree,
            hooked_bead=now.bead_id if now else "",
        )
        return [e.Entry(started)]

    hands.ledger.record(decide, actor=hands.actor)
    return still or parts(address).role is not Role.POLECAT


def _prompt_by_bell(hands: Hands, town: Town, address: Address, hook: Hook | None) -> None:
    """The start prompt of a program that takes none on its command line: rung once it waits for input."""
    text = start_prompt.compose(town, address, hook)
    bell = e.NudgeQueued(nudge_id=hands.mint.nudge_id(), agent=address, text=text, sender=hands.actor)
    hands.ledger.record(lambda _: [e.Entry(bell)], actor=hands.actor)


# ---------------------------------------------------------------------------------------------- places


def home_of(hands: Hands, address: Address) -> Path:
    """The folder an agent works in."""
    who, town = parts(address), hands.ledger.home
    match who.role:
        case Role.POLECAT:
            return town / who.rig / "polecats" / who.name
        case Role.CREW:
            return town / who.rig / "crew" / who.name
        case Role.REFINERY:
            return town / who.rig / "refinery"
        case Role.WITNESS:
            return town / who.rig / "witness"
        case Role.DEACON:
            return town / "deacon"
        case Role.MAYOR:
            return town / "mayor"
    return town


def bare_of(hands: Hands, rig: str) -> Path:
    """A rig's shared repository."""
    return hands.ledger.home / rig / ".repo.git"


def target_of(town: Town, rig: str) -> str:
    """The branch a rig's work lands on."""
    known = town.rig(rig)
    return town.settings.rig(known.name).target or known.default_branch


def lock_file(hands: Hands, what: str, address: Address) -> Path:
    """The lock that keeps two from doing the same to one agent."""
    return hands.ledger.home / ".beads" / "local" / "locks" / f"{what}-{session_name(address)}"


def rescue_ref(address: Address, bead_id: str, now: datetime) -> str:
    """Where everything in a worktree is kept before it is touched."""
    who = parts(address)
    return f"refs/rescue/{who.role.value}/{who.name or who.role.value}/{bead_id or 'none'}/{now:%Y%m%dT%H%M%S%f}"


def _worktree(hands: Hands, town: Town, address: Address, branch: str) -> Path:
    """The worktree for this very branch. One that was made for other work is rescued and makes way."""
    who, place = parts(address), home_of(hands, address)
    known = town.agent(address)
    there = hands.worktrees.look(place)
    if there.exists and ((known is not None and known.branch == branch) or there.branch == branch):
        _record_worktree(hands, town, address, place, branch, there.head)
        return place
    bare = bare_of(hands, who.rig)
    if there.exists:
        _remove(hands, address, place, reason=f"making way for {branch}")
    with suppress(ToolFailed):  # The last fetched state is a good enough start; merging brings in what is newer.
        hands.worktrees.fetch(bare)
    opened = hands.worktrees.open(bare, place, branch=branch, start=_start_of(hands, town, who.rig, branch))
    _record_worktree(hands, town, address, place, branch, opened.head)
    return place


def _start_of(hands: Hands, town: Town, rig: RigName, branch: str) -> str:
    """Where a worker's branch begins: where others left off with the same bead, else at the target."""
    target = f"origin/{target_of(town, rig)}"
    left = _left_off(hands, town, rig, branch, "")
    is_in = left and hands.worktrees.contains(bare_of(hands, rig), left, f"refs/remotes/{target}")
    return target if not left or is_in else left


def _left_off(hands: Hands, town: Town, rig: RigName, branch: str, head: str) -> str:
    """The furthest commit that workers of the same bead reached beyond `head`; `head` itself when none did."""
    bare, bead_id, furthest = bare_of(hands, rig), dispatch.branch_bead(branch), head
    for agent in town.agents():
        if agent.branch in {"", branch} or dispatch.branch_bead(agent.branch) != bead_id:
            continue
        ref = f"refs/heads/{agent.branch}"
        there = hands.worktrees.resolve(bare, ref)
        if there and (not furthest or hands.worktrees.contains(bare, furthest, ref)):
            furthest = there
    return furthest


def _catch_up(hands: Hands, town: Town, address: Address, place: Path, branch: str) -> None:
    """Bring a worktree nobody works in to where another worker got with its bead; what it held is rescued."""
    head = hands.worktrees.resolve(bare_of(hands, parts(address).rig), f"refs/heads/{branch}")
    left = _left_off(hands, town, parts(address).rig, branch, head)
    if left == head:
        return
    ref = rescue_ref(address, dispatch.branch_bead(branch), hands.clock.now())
    saved = hands.worktrees.rescue(place, ref)
    command = 'git reset --hard --quiet "$GT_LEFT" && git clean -d --force --quiet'
    run = hands.commands.run(command, cwd=place, timeout_s=300.0, env={"GT_LEFT": left})
    if run.outcome is not RunOutcome.PASS:
        raise ToolFailed(f"{place} could not be brought to {left[:12]}", stderr=run.tail[-500:])
    fact = e.WorktreeRescued(agent=address, path=str(place), ref=ref, commit=saved, reason="another worker went on")
    hands.ledger.record(lambda _: [e.Entry(fact)], actor=hands.actor)


def _record_worktree(hands: Hands, town: Town, address: Address, place: Path, branch: str, base: str) -> None:
    known = town.agent(address)
    if known is None or known.branch != branch or known.worktree != str(place):
        fact = e.WorktreeOpened(agent=address, path=str(place), branch=branch, base=base)
        hands.ledger.record(lambda _: [e.Entry(fact)], actor=hands.actor)


# ---------------------------------------------------------------------------------------------- sessions


def runtime_name(town: Town, address: Address, hook: Hook | None = None) -> str:
    """Which runtime an agent's program is: as slung, else by rig, by role, by town."""
    who = parts(address)
    return (
        (hook.runtime if hook else "")
        or (town.settings.rig(who.rig).runtime if who.rig else "")
        or town.settings.roles.get(who.role.value, "")
        or town.settings.runtime
    )


def _spec(
    hands: Hands, town: Town, address: Address, hook: Hook | None, place: Path, runtime: Runtime, *, resume: bool
) -> SessionSpec:
    hands.files.make_directory(place)
    prompt = start_prompt.compose(town, address, hook) if runtime.needs_model else ""
    argv = hands.runtimes.argv(runtime, prompt=prompt, resume=resume)
    if runtime.hooks == "claude":
        argv = (argv[0], "--settings", str(_claude_settings(hands)), *argv[1:])
    incarnation = f"{hook.assignment_id if hook else session_name(address)}_{hands.mint.nonce():016x}"
    known = environment(hands, address, hook, incarnation)
    # A preset is where people put the keys of a program's service.
    secrets = {variable: value for variable, value in runtime.env.items() if variable not in known}
    return SessionSpec(name=session_name(address), cwd=place, argv=argv, env=known, secrets=secrets)


def environment(hands: Hands, address: Address, hook: Hook | None, incarnation: str) -> Mapping[str, str]:
    """What an agent's session knows of itself."""
    who, home = parts(address), hands.ledger.home
    ledger = home / who.rig / ".beads" if who.rig else home / ".beads"
    email = f"{address.replace('/', '.')}@gastown.invalid"
    first, path = str(home / "bin"), hands.env.get("PATH") or "/usr/local/bin:/usr/bin:/bin"
    return {
        "GT_ROLE": address,
        "GT_RIG": who.rig,
        "GT_ROOT": str(home),
        "GT_SESSION": incarnation,
        "GT_ASSIGNMENT": hook.assignment_id if hook and who.role is Role.POLECAT else "",
        "GT_BEAD": hook.bead_id if hook and who.role is Role.POLECAT else "",
        "BD_ACTOR": address,
        "BEADS_DIR": str(ledger),
        "GIT_AUTHOR_NAME": address,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_COMMITTER_NAME": address,
        "GIT_COMMITTER_EMAIL": email,
        "PATH": path if path.split(":")[0] == first else f"{first}:{path}",
    }


def _claude_settings(hands: Hands) -> Path:
    """The hooks that keep a Claude session primed; in the town's own folder, so no project tree is touched."""
    path = hands.ledger.home / "deacon" / "claude-settings.json"
    text = start_prompt.claude_settings(hands.ledger.home / "bin" / "gt")
    if not hands.files.exists(path) or hands.files.read_text(path) != text:
        hands.files.write_text(path, text)
    return path


# ---------------------------------------------------------------------------------------------- ending


class Rested(msgspec.Struct, frozen=True, kw_only=True):
    """What ended when an agent was put to rest."""

    address: Address
    ended: bool = False
    """There was a session and it is gone."""
    reason: str = ""
    """Why nothing ended."""


def rest(hands: Hands, address: Address, reason: str, *, incarnation: str = "", grace_s: float = 5.0) -> Rested:
    """End an agent's session; its hook and worktree stay as they are.

    Args:
        hands: The town.
        address: Whose session.
        reason: Why, for the ledger.
        incarnation: Only a session started as this one is ended; empty: the one the ledger knows.
        grace_s: How long its programs have to end by themselves.
    """
    if address == OVERSEER:
        return Rested(address=address, reason="the overseer is a person")
    name = session_name(address)
    known = hands.ledger.read().agent(address)
    meant = incarnation or (known.incarnation if known else "")
    if trouble := hands.sessions.unavailable():
        return Rested(address=address, reason=trouble)
    there = hands.sessions.find(name)
    if there is not None and meant and there.incarnation != meant:
        return Rested(address=address, reason=f"the session {name} is a newer one")
    if there is not None:
        hands.sessions.stop(name, incarnation=there.incarnation, grace_s=grace_s)
    if known is not None and known.session and known.incarnation == meant:
        code = there.exit_status if there is not None and there.dead else None
        stopped = e.AgentStopped(agent=address, reason=reason, incarnation=meant, exit_code=code)
        hands.ledger.record(lambda _: [e.Entry(stopped)], actor=hands.actor)
    return Rested(address=address, ended=there is not None, reason="" if there else "no session ran")


def rescue_and_remove(hands: Hands, address: Address, reason: str) -> str:
    """Remove an agent's worktree once every byte in it is under a rescue ref; return the commit that holds them.

    Returns "" when there is no worktree.

    Raises:
        ToolFailed: the bytes could not be saved; nothing was removed.
    """
    place = home_of(hands, address)
    there = hands.worktrees.look(place)
    known = hands.ledger.read().agent(address)
    if there.exists:
        return _remove(hands, address, place, reason=reason)
    if known is not None and known.worktree:
        gone = e.WorktreeRemoved(agent=address, path=known.worktree)
        hands.ledger.record(lambda _: [e.Entry(gone)], actor=hands.actor)
    return ""


def _remove(hands: Hands, address: Address, place: Path, *, reason: str) -> str:
    known = hands.ledger.read().own.registers.agents.get(address)
    ref = rescue_ref(address, dispatch.branch_bead(known.branch) if known else "", hands.clock.now())
    commit = hands.worktrees.remove(bare_of(hands, parts(address).rig), place, rescue_ref=ref)
    facts = [
        e.Entry(e.WorktreeRescued(agent=address, path=str(place), ref=ref, commit=commit, reason=reason)),
        e.Entry(e.WorktreeRemoved(agent=address, path=str(place))),
    ]
    hands.ledger.record(lambda _: facts, actor=hands.actor)
    return commit


def speaks_model(hands: Hands, town: Town, address: Address) -> bool:
    """Whether a model reads what is typed into an agent's session."""
    return runtime_of(hands, town, address).needs_model


def runtime_of(hands: Hands, town: Town, address: Address) -> Runtime:
    """The runtime an agent's session runs, or would."""
    known = town.agent(address)
    running = known.runtime if known is not None and known.session else ""
    return hands.runtimes.find(running or runtime_name(town, address, town.hook(address)))
