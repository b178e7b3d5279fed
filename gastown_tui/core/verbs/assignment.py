"""One assignment of a worker without a model: from the hook to its exit, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gastown_tui.core import events as e
from gastown_tui.core.errors import Conflict, GastownError, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import Role, parts
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import Address, BeadId
from gastown_tui.core.model.outside import Run, RunOutcome
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.town import Hook, Mail
from gastown_tui.core.rules import beads, dispatch, hooks, machine_work, mailing
from gastown_tui.core.rules.molecules import Anatomy, worklist
from gastown_tui.core.verbs import exits
from gastown_tui.core.verbs.waking import bare_of, rescue_ref, target_of

if TYPE_CHECKING:
    from gastown_tui.core.verbs.worker import Worker

ANSWER_PROMPT = "answer ▸ "
LOOK_S = 0.25
"""Between two looks at the ledger while waiting."""
_TITLE_CHARS = 72


class Failed(Exception):
    """A step could not be done; the words are for a person."""


class Gone(Exception):
    """The work was taken off the hook."""


class Waits(Exception):
    """The next step waits for something that is no step of this work."""

    def __init__(self, blocker: BeadId) -> None:
        super().__init__(blocker)
        self.blocker = blocker


class Assignment:
    """One bead from the hook to its exit."""

    def __init__(self, worker: Worker, hook: Hook) -> None:
        self.worker = worker
        self.hands = worker.hands
        self.terminal = worker.terminal
        self.agent = worker.agent
        self.hook = hook
        self.answer = ""
        self.is_rework = False
        self._subjects: set[str] | None = None

    def carry_out(self) -> str:
        """Do what is left to do and leave by an exit; returns how it went, in words.

        Raises:
            Gone: the work was taken off the hook.
            Conflict: the assignment is no longer current.
        """
        town = self.hands.ledger.read()
        bead = town.bead(self.hook.bead_id)
        self.terminal.say(f"{bead.id} {one_line(bead.title)}")
        if self.hook.args:
            self.terminal.say(f"  {one_line(self.hook.args, 160)}")
        try:
            self._make_way(town, bead)
            pieces = worklist(town, bead)
            for piece in pieces or [bead]:
                self._check_still_mine()
                self._piece(piece.id, bead)
        except Failed as failure:
            return self._leave("ESCALATE", str(failure))
        except Waits as waiting:
            return self._stand_aside(bead, waiting.blocker)
        return self._leave("COMPLETED", "")

    def _piece(self, piece_id: BeadId, bead: Bead) -> None:
        """One piece of the work as it is now: done, unless somebody did it, a loop left it out, or it has to wait."""
        town = self.hands.ledger.read()
        piece = town.find(piece_id)
        if piece is None or (piece.is_closed and not self.is_rework):
            return
        is_whole = piece.id == bead.id
        if not is_whole and not piece.is_closed:
            held = set(hooks.waits_for(town, bead))
            blockers = [each for each in hooks.waits_for(town, piece) if each not in held]
            if any(each in Anatomy(town, bead).steps for each in blockers):
                raise Failed(f"the steps of {bead.id} wait for each other: {', '.join((piece.id, *blockers))}")
            if blockers:
                raise Waits(blockers[0])
        self._step(piece, is_whole=is_whole)

    def _stand_aside(self, bead: Bead, blocker: BeadId) -> str:
        """Let go of work that waits for something else, to be slung again by itself once that is over."""
        rig = parts(self.agent).rig
        if rig:
            again = e.DispatchQueued(
                bead_id=bead.id,
                target=rig,
                dispatcher=self.hook.dispatcher,
                args=self.hook.args,
                runtime=self.hook.runtime,
                reason=f"it waits for {blocker}",
            )
            self._record_in_rig(lambda town: [again])
        return self._leave("BLOCKED", f"the next step waits for {blocker}", blocker=blocker)

    def _check_still_mine(self) -> None:
        hook = self.hands.ledger.read().hook(self.agent)
        if hook is None or hook.assignment_id != self.hook.assignment_id:
            raise Gone

    # ------------------------------------------------------------------------------------------ one step

    def _step(self, step: Bead, *, is_whole: bool) -> None:
        if not machine_work.is_any(step):
            raise Failed(machine_work.wanting(step))
        self._begun(step, is_whole=is_whole)
        if not self._is_committed(step):
            self._ask(step)
            self._fall_silent(step)
            self._run(step)
        self._write(step)
        if not is_whole:
            self._closed(step)

    def _begun(self, step: Bead, *, is_whole: bool) -> None:
        """Say what is being done, and that a step of the work is."""
        ledger = self.hands.ledger.read().ledger_of(self.hook.bead_id)
        note = e.AgentWorking(agent=self.agent, bead_id=self.hook.bead_id, note=one_line(step.title, 80))
        begun = e.BeadStatusChanged(bead_id=step.id, from_status="open", to_status="in_progress")

        def decide(town: Town) -> list[Entry]:
            is_open = not is_whole and town.bead(step.id).state == "open"
            return [Entry(note), *([Entry(begun, ledger)] if is_open else [])]

        self.hands.ledger.record(decide, actor=self.hands.actor, ledgers=tuple(dict.fromkeys(("", ledger))))

    def _closed(self, step: Bead) -> None:
        session = self.hands.env.get("GT_SESSION", "")
        ledger = self.hands.ledger.read().ledger_of(self.hook.bead_id)
        self.hands.ledger.record(
            lambda town: beads.close(town, town.bead(step.id), reason="done", force=True, session=session),
            actor=self.hands.actor,
            ledgers=tuple(dict.fromkeys(("", ledger))),
        )

    def _record_in_rig(self, decide: Callable[[Town], list[Any]]) -> None:
        ledger = self.hands.ledger.read().ledger_of(self.hook.bead_id)
        self.hands.ledger.record(
            lambda town: [Entry(fact, ledger) for fact in decide(town)], actor=self.hands.actor, ledgers=(ledger,)
        )

    def _run(self, step: Bead) -> None:
        command = step.setting("run")
        if not isinstance(command, str) or not command.strip():
            return
        env = {"GT_ANSWER": self.answer, "GT_STEP": step.id}
        while True:
            self.terminal.say(f"working: {one_line(step.title, _TITLE_CHARS)}")
            try:
                self._judge(step, self.worker.command(command, prefix="· ", env=env))
            except KeyboardInterrupt:
                self.terminal.say("interrupted; say anything to begin this step again")
                self.worker.wait_for_word()
                continue
            return self._commit(step)

    def _judge(self, step: Bead, run: Run) -> None:
        if run.outcome is not RunOutcome.PASS:
            why = run.reason or f"code {run.code}"
            raise Failed(f"{step.id} {one_line(step.title, 60)}: the command ended with {why}\n{run.tail[-1500:]}")

    def _commit(self, step: Bead) -> None:
        place = self.worker.place
        if parts(self.agent).role in {Role.POLECAT, Role.CREW}:
            self.terminal.say(f"working: committing {step.id}")
            self.hands.worktrees.commit_all(place, _subject(step), author=self.agent, expect_top=place)

    def _is_committed(self, step: Bead) -> bool:
        """Whether an earlier session did a step and was gone before it could close it."""
        if self._subjects is None:
            self._subjects = self._subjects_on_branch()
        return _subject(step) in self._subjects

    def _subjects_on_branch(self) -> set[str]:
        rig, town = parts(self.agent).rig, self.hands.ledger.read()
        if not rig:
            return set()
        branch = dispatch.branch_of(self.agent, self.hook.bead_id)
        bare = bare_of(self.hands, rig)
        if not self.hands.worktrees.resolve(bare, f"refs/heads/{branch}"):
            return set()
        since = f"refs/remotes/origin/{target_of(town, rig)}"
        return set(self.hands.worktrees.subjects(bare, since=since, until=f"refs/heads/{branch}"))

    # ------------------------------------------------------------------------------------------ questions and silence

    def _ask(self, step: Bead) -> None:
        question = step.setting("ask")
        if not isinstance(question, str) or not question.strip():
            return
        known = self._answered(question)
        if known is None:
            choices = step.setting("choices")
            words = tuple(str(each) for each in choices) if isinstance(choices, list | tuple) else ()
            self.terminal.say(f"? {one_line(question)}" + (f" ({' / '.join(words)})" if words else ""))
            known = self._await_answer(question, words)
        self.answer = known
        self.terminal.say(f"· the answer is: {one_line(known, 160)}")

    def _await_answer(self, question: str, choices: tuple[str, ...]) -> str:
        """Ask, and ask again should the ledger no longer say so, until there is an answer."""
        self.terminal.prompt(ANSWER_PROMPT)
        while (known := self._answered(question)) is None:
            self._check_still_mine()
            agent = self.hands.ledger.read().agent(self.agent)
            if agent is None or agent.state != "asking":
                exits.ask(self.hands, question, choice=choices)
            try:
                line = self.terminal.read_line(LOOK_S)
            except KeyboardInterrupt:
                line = ""
            if line and not line.startswith("#"):
                return self._typed_answer(line)
            if line is not None:
                self.terminal.prompt(ANSWER_PROMPT)
        return known

    def _typed_answer(self, line: str) -> str:
        try:
            return exits.answer(self.hands, self.agent, line).answer
        except Conflict:
            return line

    def _answered(self, question: str) -> str | None:
        """The overseer's answer to that very question in this assignment."""
        about = f"Answer: {one_line(question, 500)}"[:60]
        for mail in reversed(self._letters(self.agent)):
            if mail.type == "answer" and mail.subject.startswith(about[:60]):
                return mail.body
        return None

    def _letters(self, box: Address | None = None) -> list[Mail]:
        """Letters since the assignment began, oldest first: those in a box, else those this worker wrote."""
        mail = self.hands.ledger.read().own.mail.values()
        found = [
            each
            for each in mail
            if each.timestamp >= self.hook.since and (box in each.recipients if box else each.sender == self.agent)
        ]
        return sorted(found, key=lambda each: (each.timestamp, each.id))

    def _fall_silent(self, step: Bead) -> None:
        if step.setting("wait_for_nudge") is not True or self._was_nudged():
            return
        self.worker.wait_for_word()
        self._check_still_mine()

    def _was_nudged(self) -> bool:
        rung = self.hands.ledger.read().own.registers.nudges.values()
        return any(
            each.agent == self.agent and each.state in {"submitted", "seen"} and each.since >= self.hook.since
            for each in rung
        )

    def _write(self, step: Bead) -> None:
        letter = step.setting("mail")
        if not isinstance(letter, dict) or not letter.get("to"):
            return
        subject = one_line(str(letter.get("subject") or step.title), mailing.SUBJECT_LIMIT)
        if any(each.subject == subject for each in self._letters()):
            return
        sent = mailing.Letter(
            message_id=self.hands.mint.mail_id(),
            sender=self.agent,
            to=(str(letter["to"]),),
            subject=subject,
            body=str(letter.get("body") or ""),
            bead_id=self.hook.bead_id,
        )
        self.hands.ledger.record(lambda town: mailing.send(town, sent), actor=self.hands.actor)
        self.terminal.say(f"· mail to {letter['to']}: {subject}")

    # ------------------------------------------------------------------------------------------ beginning and end

    def _make_way(self, town: Town, bead: Bead) -> None:
        """Work that came back from the merge queue is done again on what the target is now; the old is rescued."""
        returned = hooks.returned(town, bead.id)
        rig = parts(self.agent).rig
        if returned is None or not rig:
            return
        there = self.hands.worktrees.look(self.worker.place)
        self.is_rework = True
        if there.head != returned.commit:
            return
        ref = rescue_ref(self.agent, bead.id, self.hands.clock.now())
        saved = self.hands.worktrees.rescue(self.worker.place, ref)
        self.worker.record(
            e.WorktreeRescued(
                agent=self.agent, path=str(self.worker.place), ref=ref, commit=saved, reason=returned.detail
            )
        )
        self.terminal.say(f"working: beginning again on {returned.target}; the first try is kept under {ref}")
        base = self.hands.worktrees.resolve(bare_of(self.hands, rig), f"refs/remotes/origin/{returned.target}")
        run = self.worker.command('git reset --hard --quiet "$GT_BASE"', prefix="· ", env={"GT_BASE": base})
        if run.outcome is not RunOutcome.PASS:
            raise Failed(f"the worktree could not be set back to {returned.target}: {run.tail[-300:]}")

    def _leave(self, exit_: str, note: str, *, blocker: str = "") -> str:
        self.terminal.say("working: saying how it went")
        try:
            left = exits.done(self.hands, exit_=exit_, note=note, blocker=blocker)
        except Refused as refusal:
            if exit_ != "COMPLETED" or "nothing is committed" not in refusal.message:
                raise
            left = exits.done(self.hands, review_only=True, note="nothing had to be changed")
        except GastownError as error:
            self.terminal.say(f"· {error.message}")
            raise
        self.terminal.say(f"done: {left.text()}")
        return left.text()


def _subject(step: Bead) -> str:
    return f"{step.id}: {one_line(step.title, _TITLE_CHARS)}"
