"""Does what `rules/reconcile` decided, one guarded deed after another: what fails is recorded and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import GastownError
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import Role, parts, session_name
from gastown_tui.core.model.ids import Address, BeadId
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import convoys, nudges, reconcile
from gastown_tui.core.rules.reconcile import Action, Deed
from gastown_tui.core.verbs import agents, delivering, waking, work

BELL = "Work hangs on your hook: gt hook shows it. Go on, say gt done, or gt ask when you need a person."
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0


class _Failure(msgspec.Struct):
    """A deed that failed: how often in a row, what was said, and when it may be tried again."""

    count: int
    text: str
    not_before: float


class Reconciler:
    """Brings tmux, worktrees and hooks to what the ledger wants. Keeps nothing but its patience with failures."""

    def __init__(self, hands: Hands) -> None:
        self.hands = hands
        self._failures: dict[tuple[Deed, str], _Failure] = {}
        self._deeds: dict[Deed, Callable[[Action], str]] = {
            Deed.NOTE_END: self._note_end,
            Deed.CLEAR_HOOK: self._clear_hook,
            Deed.LAND: self._land,
            Deed.REMOVE_WORKTREE: self._remove_worktree,
            Deed.END_SESSION: self._end_session,
            Deed.WAKE: self._wake,
            Deed.GIVE_UP: self._give_up,
            Deed.DELIVER: self._deliver,
            Deed.RING: self._ring,
            Deed.ESCALATE: self._escalate,
            Deed.SETTLE: self._settle,
            Deed.FEED: self._feed,
        }

    def beat(self) -> tuple[Action, ...]:
        """Look, decide, do; the decisions are returned, those to do nothing too."""
        town = self.hands.ledger.read()
        actions = reconcile.decide(town, agents.look(self.hands), self.hands.clock.now())
        self._forget_settled(actions)
        for action in actions:
            if action.kind in self._deeds:
                self._guarded(action, self._deeds[action.kind])
        waiting = [action for action in actions if action.kind in {Deed.DISPATCH, Deed.DROP}]
        if waiting:
            self._guarded(waiting[0], self._dispatch)
        return actions

    # ------------------------------------------------------------------------------------------ patience

    def _guarded(self, action: Action, deed: Callable[[Action], str]) -> None:
        key = (action.kind, action.subject)
        failure = self._failures.get(key)
        now = self.hands.clock.monotonic()
        if failure is not None and now < failure.not_before:
            return
        try:
            trouble = deed(action)
        except GastownError as error:
            trouble = error.message
        except Exception as error:
            trouble = f"{type(error).__name__}: {error}"
        if not trouble:
            self._failures.pop(key, None)
            return
        count = failure.count + 1 if failure is not None else 1
        pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * float(2 ** min(10, count - 1)))
        self._failures[key] = _Failure(count, trouble, self.hands.clock.monotonic() + pause)
        if failure is None or failure.text != trouble:
            self._warn(action, trouble)

    def _warn(self, action: Action, trouble: str) -> None:
        warned = e.PatrolWarned(subject=action.subject, text=f"{action.kind}: {trouble}")
        try:
            self._record(warned)
        except GastownError:
            # The ledger itself is what fails; whoever reads the log sees it with the next deed that does.
            return

    def _forget_settled(self, actions: tuple[Action, ...]) -> None:
        """A failure whose deed is no longer wanted is no failure any more."""
        wanted = {(action.kind, action.subject) for action in actions}
        self._failures = {key: value for key, value in self._failures.items() if key in wanted}

    def _record(self, *facts: e.Fact) -> Town:
        entries = [Entry(fact) for fact in facts]
        return self.hands.ledger.record(lambda _: entries, actor=self.hands.actor).town

    # ------------------------------------------------------------------------------------------ deeds

    def _note_end(self, action: Action) -> str:
        """What it left running goes first, or its successor would meet it in the worktree."""
        agent = Address(action.subject)
        self.hands.sessions.stop(session_name(agent), incarnation=action.incarnation, grace_s=1.0)

        def decide(town: Town) -> list[Entry]:
            known = town.agent(agent)
            if known is None or known.incarnation != action.incarnation or not known.session:
                return []
            stopped = e.AgentStopped(
                agent=agent, reason=action.reason, exit_code=action.exit_code, incarnation=action.incarnation
            )
            return [Entry(stopped)]

        self.hands.ledger.record(decide, actor=self.hands.actor)
        return ""

    def _clear_hook(self, action: Action) -> str:
        agent = Address(action.subject)
        hook = self.hands.ledger.read().hook(agent)
        if hook is None:
            return ""

        def decide(town: Town) -> list[Entry]:
            now = town.hook(agent)
            if now is None or now.assignment_id != hook.assignment_id:
                return []
            bead = town.find(hook.bead_id)
            cleared = e.HookCleared(
                agent=agent,
                previous_ref=hook.bead_id,
                assignment_id=hook.assignment_id,
                reason=action.reason,
                to_status="" if bead is None or bead.is_closed else "open",
            )
            return [Entry(cleared, ledger)]

        ledger = self.hands.ledger.read().ledger_of(hook.bead_id)
        self.hands.ledger.record(decide, actor=self.hands.actor, ledgers=tuple(dict.fromkeys(("", ledger))))
        return ""

    def _land(self, action: Action) -> str:
        now = self.hands.clock.now()
        self.hands.ledger.record(lambda town: convoys.landings(town, now), actor=self.hands.actor)
        return ""

    def _remove_worktree(self, action: Action) -> str:
        """Under the lock that waking takes, so that nobody is given the worktree while it goes."""
        agent = Address(action.subject)
        with self.hands.processes.alone(waking.lock_file(self.hands, "wake", agent)) as is_alone:
            if not is_alone or self.hands.ledger.read().hook(agent) is not None:
                return ""
            waking.rescue_and_remove(self.hands, agent, action.reason)
        return ""

    def _end_session(self, action: Action) -> str:
        waking.rest(self.hands, Address(action.subject), action.reason, incarnation=action.incarnation)
        return ""

    def _wake(self, action: Action) -> str:
        agent = Address(action.subject)
        woken = waking.wake(self.hands, agent)
        lost_work = parts(agent).role is Role.POLECAT and self.hands.ledger.read().hook(agent) is None
        return "" if woken.session or woken.reason == waking.BUSY or lost_work else woken.reason

    def _give_up(self, action: Action) -> str:
        agent = Address(action.subject)
        hook = self.hands.ledger.read().hook(agent)
        if hook is None:
            return ""
        stuck = e.AgentStuck(agent=agent, reason=action.reason, bead_id=hook.bead_id)
        self._record(stuck, self._raised(action, f"restarts:{agent}:{hook.assignment_id}", hook.bead_id))
        return ""

    def _escalate(self, action: Action) -> str:
        hook = self.hands.ledger.read().hook(Address(action.subject))
        if hook is not None:
            self._record(self._raised(action, reconcile.stuck_key(hook), hook.bead_id))
        return ""

    def _raised(self, action: Action, key: str, bead_id: str) -> e.EscalationRaised:
        return e.EscalationRaised(
            escalation_id=self.hands.mint.escalation_id(),
            severity="high",
            text=action.reason,
            agent=action.subject,
            bead_id=bead_id,
            key=key,
        )

    def _settle(self, action: Action) -> str:
        known = self.hands.ledger.read().own.registers.escalations.values()
        facts = [
            e.EscalationResolved(escalation_id=each.id, note=action.reason)
            for each in known
            if action.subject == (each.key or each.id) and each.state != "resolved"
        ]
        if facts:
            self._record(*facts)
        return ""

    def _feed(self, action: Action) -> str:
        work.feed(self.hands, BeadId(action.subject))
        return ""

    def _dispatch(self, action: Action) -> str:
        work.dispatch_waiting(self.hands)
        return ""

    def _deliver(self, action: Action) -> str:
        delivering.deliver_pending(self.hands, Address(action.subject))
        return ""

    def _ring(self, action: Action) -> str:
        agent = Address(action.subject)
        bell = nudges.queued(agent, BELL, nudge_id=self.hands.mint.nudge_id(), sender=self.hands.actor)
        nudged = Entry(e.AgentNudged(agent=agent, reason=action.reason))
        self.hands.ledger.record(lambda _: [nudged, bell], actor=self.hands.actor)
        return ""
