"""The refinery: takes one merge request at a time, judges the merged result, and lands exactly what was judged.

It keeps no list of its own. Each turn is derived from the ledger and git, so it may die at any line: a request found
running is taken up first, and a merge that reached the origin is recognised there and recorded, never merged twice.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec

from gastown_tui.core.errors import Conflict, GastownError
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import RigName
from gastown_tui.core.model.outside import MergeTrial, TrialOutcome
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.town import MergeRequest
from gastown_tui.core.ports import Decide, Hands
from gastown_tui.core.rules import convoys, merging
from gastown_tui.core.verbs.declare import Arg, Receipt, Suggest, verb

TURNS_AT_ONCE = 1000
"""A bound for `refinery run --once`; a queue that never empties is worked off by the daemon."""


class Outcome(StrEnum):
    """How a turn ended."""

    NOTHING = "nothing"
    MERGED = "merged"
    RETURNED = "returned"
    TROUBLE = "trouble"
    CHANGED = "changed"
    """Somebody decided about the request while it was being merged."""


class Turned(msgspec.Struct, frozen=True, kw_only=True):
    """One turn of a refinery."""

    outcome: Outcome
    mr_id: str = ""
    bead_id: str = ""
    commit: str = ""
    reason: str = ""


def turn(hands: Hands, rig: RigName) -> Turned:
    """Take up the next request of a rig and bring it to an outcome. One refinery works on a rig at a time."""
    lock = hands.ledger.home / rig / ".beads" / "local" / "refinery.lock"
    with hands.processes.alone(lock) as is_alone:
        if not is_alone:
            return Turned(outcome=Outcome.NOTHING, reason="another refinery is at work on this rig")
        town = hands.ledger.read()
        next_up = merging.next_turn(town, rig, hands.clock.now())
        if next_up.request is None:
            return Turned(outcome=Outcome.NOTHING, reason=next_up.reason)
        return _Turn(hands, rig, next_up.request).take()


class _Turn:
    """One request on its way in."""

    def __init__(self, hands: Hands, rig: RigName, request: MergeRequest) -> None:
        self.hands = hands
        self.rig = rig
        self.request = request
        home = hands.ledger.home / rig
        self.bare = home / ".repo.git"
        self.place = home / "refinery" / "rig"

    def take(self) -> Turned:
        try:
            if self.request.state == "running":
                end_gate(self.hands, self.rig, self.request)
            if self._landed_before():
                return self._merged(self.request.merge_commit, self.request.merge_tree)
            base = self.hands.worktrees.resolve(self.bare, f"refs/remotes/origin/{self.request.target}")
            town = self._record(lambda town: merging.started(town, self.request.id, base))
            self.request = merging.find(town, self.request.id)[1]
        except Conflict as error:
            return self._said(Outcome.CHANGED, error.message)
        try:
            return self._build()
        except Conflict as error:
            return self._said(Outcome.CHANGED, error.message)
        except GastownError as error:
            return self._trouble("infrastructure", error.message)

    def _landed_before(self) -> bool:
        """A refinery died between the push and its record."""
        if not merging.has_judged_commit(self.request):
            return False
        try:
            self.hands.worktrees.fetch(self.bare)
            target = f"refs/remotes/origin/{self.request.target}"
            return self.hands.worktrees.contains(self.bare, self.request.merge_commit, target)
        except GastownError:
            return False

    def _build(self) -> Turned:
        trial = self.hands.worktrees.trial(
            self.bare,
            self.place,
            commit=self.request.commit,
            target=self.request.target,
            message=self._message(),
            author=merging.refinery(self.rig),
        )
        if trial.outcome is TrialOutcome.CONFLICT:
            return self._returned("conflict", ", ".join(trial.conflicts[:10]))
        if trial.outcome is TrialOutcome.ALREADY_IN:
            return self._merged(trial.commit, trial.tree)
        return self._gate(trial)

    def _gate(self, trial: MergeTrial) -> Turned:
        settings = self.hands.ledger.read().settings.rig(self.rig)
        run = None
        if settings.gate:
            run = self.hands.commands.run(
                settings.gate,
                cwd=self.place,
                timeout_s=settings.gate_timeout_s,
                env={"GT_SESSION": _gate_mark(self.request)},
                log=self._log(),
            )
        town = self._record(
            lambda town: merging.gated(town, self.request, trial, run, settings.gate, settings, self._ids())
        )
        judged = merging.find(town, self.request.id)[1]
        if not merging.has_judged_commit(judged):
            outcome = Outcome.TROUBLE if judged.state == "queued" else Outcome.RETURNED
            return self._said(outcome, judged.detail)
        self.request = judged
        return self._land(trial)

    def _land(self, trial: MergeTrial) -> Turned:
        landed = self.hands.worktrees.land(
            self.bare, commit=trial.commit, target=self.request.target, expected=trial.base
        )
        if not landed:
            return self._trouble("moved", f"{self.request.target} moved on at the origin while the gate ran")
        return self._merged(trial.commit, trial.tree)

    def _merged(self, commit: str, tree: str) -> Turned:
        self._record(lambda town: merging.merged(town, self.request.id, commit, tree))
        now = self.hands.clock.now()
        self.hands.ledger.record(
            lambda town: convoys.landings(town, now, sender=merging.refinery(self.rig)), actor=self._actor()
        )
        return msgspec.structs.replace(self._said(Outcome.MERGED, ""), commit=commit)

    def _returned(self, kind: str, detail: str) -> Turned:
        settings = self.hands.ledger.read().settings.rig(self.rig)
        self._record(lambda town: merging.returned(town, self.request, kind, detail, settings, self._ids()))
        return self._said(Outcome.RETURNED, f"{kind}: {detail}")

    def _trouble(self, kind: str, detail: str) -> Turned:
        settings = self.hands.ledger.read().settings.rig(self.rig)
        try:
            self._record(lambda town: merging.troubled(town, self.request, kind, detail, settings, self._ids()))
        except Conflict as error:
            return self._said(Outcome.CHANGED, error.message)
        return self._said(Outcome.TROUBLE, f"{kind}: {detail}")

    # ------------------------------------------------------------------------------------------ pieces

    def _record(self, decide: Decide) -> Town:
        return self.hands.ledger.record(decide, actor=self._actor(), ledgers=("", self.rig)).town

    def _actor(self) -> str:
        return merging.refinery(self.rig)

    def _ids(self) -> merging.Ids:
        mint = self.hands.mint
        return merging.Ids(assignment=mint.assignment_id(), mail=mint.mail_id(), escalation=mint.escalation_id())

    def _message(self) -> str:
        bead = self.hands.ledger.read().find(self.request.bead_id)
        title = one_line(bead.title, 60) if bead is not None else self.request.branch
        return f"Merge {self.request.bead_id}: {title}\n\nRequest {self.request.id} by {self.request.worker}."

    def _log(self) -> Path:
        return self.hands.ledger.home / "logs" / f"gate-{self.request.id}.log"

    def _said(self, outcome: Outcome, reason: str) -> Turned:
        return Turned(outcome=outcome, mr_id=self.request.id, bead_id=self.request.bead_id, reason=reason)


def _gate_mark(request: MergeRequest) -> str:
    """What a gate's processes carry, so that whoever takes the request up again can find them."""
    return f"gate.{request.assignment_id}"


def end_gate(hands: Hands, rig: RigName, request: MergeRequest) -> None:
    """End what a gate left running whose refinery is gone; it would judge a worktree that has moved on."""
    if not hands.sessions.unavailable():
        hands.sessions.stop(f"gate-{rig}", incarnation=_gate_mark(request), grace_s=1.0)


# ---------------------------------------------------------------------------------------------- as a verb


class Refined(Receipt, frozen=True, kw_only=True):
    """What a refinery did."""

    turns: dict[str, tuple[Turned, ...]]
    """By rig."""

    def text(self) -> str:
        """One line for each request, and one for each rig with none."""
        return "\n".join(_line(rig, each) for rig, turns in self.turns.items() for each in turns)

    def code(self) -> int:
        """Failure when a request met trouble outside."""
        return int(any(each.outcome is Outcome.TROUBLE for turns in self.turns.values() for each in turns))


def _line(rig: str, turned: Turned) -> str:
    if turned.outcome is Outcome.NOTHING:
        return f"{rig}  {turned.reason}"
    return (
        f"{rig}  {turned.outcome:<8}  {turned.mr_id}  {turned.bead_id}  {turned.reason or turned.commit[:12]}".rstrip()
    )


@verb("refinery run", group="merge", hidden=True)
def run(
    hands: Hands,
    rig: Annotated[str, Arg("rig; all of them when none is named", suggest=Suggest.RIG)] = "",
    *,
    once: Annotated[bool, Arg("take up what waits now, then stop; otherwise go on until interrupted")] = False,
) -> Refined:
    """Work off the merge queue in the foreground.

    Raises:
        NotFound: there is no such rig.
    """
    town = hands.ledger.read()
    rigs = [town.rig(rig).name] if rig else list(town.rigs())
    while not once:
        for name in rigs:
            _until_empty(hands, name)
        hands.clock.sleep(hands.ledger.read().settings.daemon.beat_s)
    return Refined(turns={name: _until_empty(hands, name) for name in rigs})


def _until_empty(hands: Hands, rig: RigName) -> tuple[Turned, ...]:
    turns: list[Turned] = []
    while len(turns) < TURNS_AT_ONCE:
        turned = turn(hands, rig)
        if turned.outcome is Outcome.NOTHING:
            return (*turns, turned) if not turns else tuple(turns)
        turns.append(turned)
    return tuple(turns)
