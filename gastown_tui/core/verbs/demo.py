"""`demo`: a whole town played to its end without a screen, and held against what it claims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from gastown_tui.core.errors import Conflict, GastownError, NotFound, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER, session_name
from gastown_tui.core.model.ids import Address, BeadId, shown
from gastown_tui.core.model.outside import RunOutcome
from gastown_tui.core.model.town import MergeRequest
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import convoys, progress
from gastown_tui.core.verbs import demo_plan, exits, running, talk
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, verb
from gastown_tui.core.verbs.demo_town import OWNER, STEM, DemoTown, as_, clear_away, demo_town
from gastown_tui.core.verbs.waking import bare_of

DEADLINE_S = 85.0
"""How long the headless demo may take; it says so when it does not finish."""
KILL_DAEMON_AFTER_S = 6.0
_LOOK_S = 0.1
_GUARD_LOOK_S = 0.5


class Guarded(Receipt, frozen=True, kw_only=True):
    """What became of a demo's folder."""

    cleared: bool

    def text(self) -> str:
        """One line."""
        return "cleared away" if self.cleared else "gone already"


@verb("demo guard", group="town", needs=Needs.NOTHING, hidden=True)
def guard(hands: Hands, folder: Annotated[str, Arg("the demo's temporary folder")]) -> Guarded:
    """Wait for the owner of a demo to end, and clear away what it left.

    Raises:
        Refused: the folder is no demo's.
    """
    place = Path(folder)
    if not place.is_absolute() or not place.name.startswith(STEM) or not hands.files.exists(place / OWNER):
        raise Refused(f"{shown(folder)} is no demo's folder")
    while hands.files.exists(place / OWNER):
        with hands.processes.alone(place / OWNER) as is_mine:
            if is_mine:
                clear_away(hands, DemoTown(folder=place, root=place / "town"))
                return Guarded(cleared=True)
        hands.clock.sleep(_GUARD_LOOK_S)
    return Guarded(cleared=False)


# ---------------------------------------------------------------------------------------------- playing


class Played(Receipt, frozen=True, kw_only=True):
    """How the headless demo went."""

    ok: bool
    convoys: tuple[dict[str, Any], ...]
    merged: tuple[dict[str, Any], ...]
    agents: tuple[dict[str, Any], ...]
    mail: tuple[dict[str, Any], ...]
    duration_s: float
    kills: dict[str, Any] = msgspec.field(default_factory=dict)
    troubles: tuple[str, ...] = ()
    """What is not as it should be; empty when all went well."""
    path: str = ""
    """Where the town still stands, when it was to be kept."""

    def text(self) -> str:
        """Convoys and merges, one a line."""
        lines = [f"{each['title']}: {each['done']} of {each['total']}, {each['status']}" for each in self.convoys]
        lines += [f"  {each['bead']} merged as {each['commit'][:12]}, gate {each['gate']}" for each in self.merged]
        lines.append(f"{'all went well' if self.ok else 'it went wrong'} in {self.duration_s:.1f} s")
        return "\n".join(lines + ([f"the town stands at {self.path}"] if self.path else []))

    def warnings(self) -> tuple[str, ...]:
        """What went wrong."""
        return self.troubles

    def code(self) -> int:
        """Failure unless all went well."""
        return int(not self.ok)


@verb(group="town", needs=Needs.NOTHING)
def demo(
    hands: Hands,
    *,
    kill_workers: Annotated[bool, Arg("kill every worker once, and see it come back")] = False,
    kill_daemon: Annotated[bool, Arg("kill the daemon once, and start it again")] = False,
    keep: Annotated[bool, Arg("leave the town running at the end")] = False,
) -> Played:
    """Play a whole town without a screen: two convoys from plan to merge, in a folder that vanishes.

    Raises:
        ToolFailed: git or tmux is missing or too old.
    """
    began = hands.clock.monotonic()
    with demo_town(hands, keep=keep) as town:
        return _Play(as_(hands, town, OVERSEER), town, began, kill_workers, kill_daemon).to_the_end(keep)


class _Play:
    """The overseer's part, played by a program."""

    def __init__(self, hands: Hands, demo: DemoTown, began: float, kill_workers: bool, kill_daemon: bool) -> None:
        self.hands = hands
        self.demo = demo
        self.began = began
        self.kill_workers = kill_workers
        self.kill_daemon = kill_daemon
        self.killed: dict[Address, int] = {}
        self.daemon_killed = 0
        self.troubles: list[str] = []

    def to_the_end(self, keep: bool) -> Played:
        while not self._is_over():
            if self._elapsed() > DEADLINE_S:
                self.troubles.append(f"not over after {DEADLINE_S:.0f} s")
                break
            self._part(self.hands.ledger.read())
            self.hands.clock.sleep(_LOOK_S)
        return self._played(keep)

    def _elapsed(self) -> float:
        return self.hands.clock.monotonic() - self.began

    def _is_over(self) -> bool:
        return all(convoy.is_closed for convoy in self.hands.ledger.read().convoys())

    def _part(self, town: Town) -> None:
        for agent in town.agents():
            if agent.state == "asking":
                self._answer(agent.address)
        self._nudge_the_silent(town)
        if self.kill_workers:
            self._kill_one(town)
        if self.kill_daemon and not self.daemon_killed and self._elapsed() > KILL_DAEMON_AFTER_S:
            self._kill_daemon(town)

    def _answer(self, agent: Address) -> None:
        try:
            exits.answer(self.hands, agent, "1")
        except (Conflict, NotFound):
            return  # It was killed, or asks no more.

    def _nudge_the_silent(self, town: Town) -> None:
        for hook in town.hooks().values():
            if town.bead(hook.bead_id).setting("wait_for_nudge") is not True:
                continue
            rung = [each for each in town.own.registers.nudges.values() if each.agent == hook.agent]
            if any(each.queued_at >= hook.since and each.state != "stranded" for each in rung):
                continue
            talk.nudge(self.hands, hook.agent, "Please go on with your bead.")

    # ------------------------------------------------------------------------------------------ kills

    def _kill_one(self, town: Town) -> None:
        """Kill the session of one worker that is in the middle of something, each worker once."""
        for agent in town.agents():
            if agent.address in self.killed or agent.state not in {"working", "asking"} or not agent.session:
                continue
            fact = self.hands.sessions.find(session_name(agent.address))
            if fact is None or fact.dead or not agent.incarnation or fact.incarnation != agent.incarnation:
                continue
            if self.hands.processes.terminate(fact.pid, incarnation=fact.incarnation, grace_s=0):
                self.killed[agent.address] = fact.pid
            return

    def _kill_daemon(self, town: Town) -> None:
        own = town.own.registers
        if self.hands.processes.terminate(own.daemon_pid, incarnation=own.daemon_incarnation, grace_s=0):
            self.daemon_killed = own.daemon_pid
            running.start(self.hands, no_mayor=True)

    # ------------------------------------------------------------------------------------------ the outcome

    def _played(self, keep: bool) -> Played:
        town = self.hands.ledger.read()
        merged = tuple(self._merged(town, each) for each in town.merges() if each.state == "merged")
        self._check(town, merged)
        kills = {"workers": sorted(self.killed), "daemon": self.daemon_killed}
        return Played(
            ok=not self.troubles,
            convoys=tuple(_convoy(town, convoy.id, self.hands) for convoy in convoys.in_order(town, closed=True)),
            merged=merged,
            agents=tuple(
                {"address": each.address, "state": each.state, "runtime": each.runtime, "bead": each.bead_id}
                for each in town.agents()
            ),
            mail=tuple(
                {"from": each.sender, "to": list(each.to), "subject": each.subject}
                for each in sorted(town.own.mail.values(), key=lambda mail: mail.timestamp)
            ),
            duration_s=round(self._elapsed(), 2),
            kills=kills if self.kill_workers or self.kill_daemon else {},
            troubles=tuple(self.troubles),
            path=str(self.demo.root) if keep else "",
        )

    def _merged(self, town: Town, request: MergeRequest) -> dict[str, Any]:
        return {
            "bead": request.bead_id,
            "commit": request.merge_commit,
            "branch": request.target,
            "tree": request.merge_tree,
            "gate": request.gate,
        }

    def _check(self, town: Town, merged: tuple[dict[str, Any], ...]) -> None:
        """What the ledger claims, held against the origin and git."""
        want = self.troubles
        if not all(convoy.is_closed for convoy in town.convoys()):
            want.append("a convoy did not land")
        if len({each["bead"] for each in merged}) != len(demo_plan.PLAN) or len(merged) != len(demo_plan.PLAN):
            want.append(f"{len(merged)} merges for {len(demo_plan.PLAN)} beads")
        if self.kill_workers and len(self.killed) < demo_plan.CAPACITY:
            want.append(f"only {len(self.killed)} workers were killed")
        if self.kill_daemon and not self.daemon_killed:
            want.append("the daemon was not killed")
        try:
            self._check_origin(merged)
        except GastownError as error:
            want.append(error.message)

    def _check_origin(self, merged: tuple[dict[str, Any], ...]) -> None:
        bare = bare_of(self.hands, demo_plan.RIG)
        self.hands.worktrees.fetch(bare)
        for each in merged:
            commit, tree, branch = each["commit"], each["tree"], f"refs/remotes/origin/{each['branch']}"
            if each["gate"] != RunOutcome.PASS:
                self.troubles.append(f"{each['bead']} landed with gate {each['gate'] or 'unknown'}")
            if not self.hands.worktrees.contains(bare, commit, branch):
                self.troubles.append(f"{each['bead']}: {commit[:12]} is not on {each['branch']} of the origin")
            run = self.hands.commands.run(
                'test "$(git rev-parse "$COMMIT^{tree}")" = "$TREE"',
                cwd=bare,
                timeout_s=30,
                env={"COMMIT": commit, "TREE": tree},
            )
            if run.outcome is not RunOutcome.PASS:
                self.troubles.append(f"{each['bead']}: the gate judged another tree than the one that landed")


def _convoy(town: Town, convoy_id: BeadId, hands: Hands) -> dict[str, Any]:
    convoy = town.bead(convoy_id)
    card = progress.convoy_card(town, convoy, hands.clock.now())
    status = "landed" if convoy.is_closed else card.indicator
    return {"id": convoy.id, "title": convoy.title, "done": card.done, "total": card.total, "status": status}
