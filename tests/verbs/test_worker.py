"""The worker without a model: what it does with its hook, at its prompt, and when somebody speaks to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.errors import Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId, NudgeId
from gastown_tui.core.model.outside import Run, RunOutcome
from gastown_tui.core.verbs import assignment, exits, worker
from gastown_tui.core.verbs.worker import Worker
from tests.fakes import HOME, FakeTown
from tests.towns import a_bead
from tests.verbs.scripted_terminal import ScriptedTerminal, Turn
from tests.verbs.towns_at_work import a_rig_with

NUX = Address("api/polecats/nux")
PLACE = HOME / "api" / "polecats" / "nux"


def work(bead_id: str = "ap-1", **metadata: Any) -> Bead:
    return a_bead(bead_id, "Paint the fence", metadata=metadata or None)


class AtWork:
    """A worker with something on its hook, in a town in memory."""

    def __init__(self, *beads: Bead, args: str = "") -> None:
        self.fake: FakeTown = a_rig_with(*beads)
        self.bead_id = beads[0].id
        self.terminal = ScriptedTerminal()
        facts = e.HookSet(agent=NUX, ref_id=self.bead_id, assignment_id=AssignmentId("asg-1"), args=args)
        self.record(Entry(e.AgentRegistered(agent=NUX)), Entry(facts, "api"))
        self.fake.worktrees.open(
            HOME / "api" / ".repo.git", PLACE, branch=f"polecat/nux/{self.bead_id}", start="origin/main"
        )
        self.changes_something = True
        run = self.fake.commands.run

        def running(command: str, **more: Any) -> Run:
            done = run(command, **more)
            if self.changes_something:
                self.fake.worktrees.trees[PLACE].changed.append("fence.py")
            return done

        self.fake.commands.run = running  # type: ignore[method-assign]

    def record(self, *entries: Entry, actor: str = "overseer") -> None:
        self.fake.ledger.record(lambda _: list(entries), actor=actor, ledgers=("", "api"))

    def live(self, *script: Turn, patience: int = 50) -> str:
        self.terminal = ScriptedTerminal(script, patience=patience)
        hands = self.fake.hands(NUX, GT_ROLE=NUX, GT_BEAD=self.bead_id, GT_ASSIGNMENT="asg-1")
        return Worker(hands, NUX, self.terminal).live()

    @property
    def commands(self) -> list[str]:
        return [command for command, _ in self.fake.commands.ran]

    def bead(self, bead_id: str = "") -> Bead:
        return self.fake.town.bead(bead_id or self.bead_id)


# ---------------------------------------------------------------------------------------------- plain work


def test_a_command_is_run_in_the_worktree_committed_and_handed_in() -> None:
    at_work = AtWork(work(run="make fence"))
    at_work.live()
    assert at_work.fake.commands.ran == [("make fence", PLACE)]
    (request,) = at_work.fake.town.merges()
    assert request.commit == at_work.fake.worktrees.trees[PLACE].head
    assert at_work.fake.town.hook(NUX) is None
    assert at_work.bead().state == "in_progress"


def test_what_a_command_prints_is_on_the_terminal_as_work_under_way() -> None:
    at_work = AtWork(work(run="make fence"))
    at_work.fake.commands.outcomes["make fence"] = Run(
        outcome=RunOutcome.PASS, code=0, duration_s=1, tail="sanding\npainting"
    )
    at_work.live()
    said = at_work.terminal.shown
    assert said.index("working: Paint the fence") < said.index("· sanding") < said.index("· painting")


def test_work_that_changes_nothing_ends_with_nothing_to_merge() -> None:
    at_work = AtWork(work(run="make look"))
    at_work.changes_something = False
    at_work.live()
    assert not at_work.fake.town.merges()
    assert at_work.bead().is_closed


def test_a_command_that_fails_is_escalated_with_its_last_words_and_nothing_is_handed_in() -> None:
    at_work = AtWork(work(run="make fence"))
    at_work.fake.commands.outcomes["make fence"] = Run(
        outcome=RunOutcome.FAIL, code=2, duration_s=1, tail="no paint left"
    )
    at_work.live()
    (raised,) = at_work.fake.town.own.registers.escalations.values()
    assert "no paint left" in raised.text
    assert at_work.bead().state == "blocked"
    assert not at_work.fake.town.merges()


def test_steps_are_done_in_the_order_their_dependencies_allow_and_closed_one_by_one() -> None:
    at_work = AtWork(
        work(),
        a_bead("ap-1.1", "Paint", parent="ap-1", needs=["ap-1.2"], metadata={"run": "paint"}),
        a_bead("ap-1.2", "Sand", parent="ap-1", metadata={"run": "sand"}),
        a_bead("ap-1.3", "Swept already", parent="ap-1", status="closed", metadata={"run": "sweep"}),
    )
    at_work.live()
    assert at_work.commands == ["sand", "paint"]
    closed = [fact.bead_id for fact in at_work.fake.ledger.facts(e.BeadClosed) if isinstance(fact, e.BeadClosed)]
    assert closed == ["ap-1.2", "ap-1.1"]
    assert len(at_work.fake.town.merges()) == 1


def test_steps_that_wait_for_each_other_are_a_persons_matter() -> None:
    at_work = AtWork(
        work(),
        a_bead("ap-1.1", parent="ap-1", needs=["ap-1.2"]),
        a_bead("ap-1.2", parent="ap-1", needs=["ap-1.1"]),
    )
    at_work.live()
    (raised,) = at_work.fake.town.own.registers.escalations.values()
    assert "wait for each other" in raised.text


def test_what_is_committed_already_is_not_run_again() -> None:
    at_work = AtWork(work(run="make fence"))
    at_work.fake.worktrees.commit(PLACE)
    at_work.fake.worktrees.push(PLACE, branch="refs/heads/polecat/nux/ap-1")
    at_work.fake.worktrees.subjects = lambda bare, *, since, until: ("ap-1: Paint the fence",)  # type: ignore[method-assign]
    at_work.live()
    assert at_work.commands == []
    assert len(at_work.fake.town.merges()) == 1


def test_a_letter_is_written_once() -> None:
    letter = {"to": "mayor", "subject": "Painted", "body": "It is blue."}
    at_work = AtWork(work(run="make fence", mail=letter))
    at_work.live()
    (mail,) = at_work.fake.town.own.mail.values()
    assert (mail.sender, mail.to, mail.subject, mail.body) == (NUX, ("mayor",), "Painted", "It is blue.")


# ---------------------------------------------------------------------------------------------- questions


def answers(at_work: AtWork, words: str) -> Callable[[], object]:
    return lambda: exits.answer(at_work.fake.hands("overseer"), NUX, words)


def test_a_question_waits_for_the_overseer_and_the_command_is_told() -> None:
    at_work = AtWork(work(ask="Which colour?", choices=["red", "blue"], run="make fence"))
    told: list[dict[str, str]] = []
    run = at_work.fake.commands.run

    def watched(command: str, **more: Any) -> Run:
        told.append(dict(more["env"]))
        return run(command, **more)

    at_work.fake.commands.run = watched  # type: ignore[method-assign]
    at_work.live(None, answers(at_work, "2"))
    assert told[0]["GT_ANSWER"] == "blue"
    assert "? Which colour? (red / blue)" in at_work.terminal.shown
    assert assignment.ANSWER_PROMPT in at_work.terminal.shown


def test_an_answer_may_be_typed_where_the_question_stands() -> None:
    at_work = AtWork(work(ask="Which colour?", run="make fence"))
    at_work.live("green")
    agent = at_work.fake.town.agent(NUX)
    assert agent is not None and agent.state == "idle"
    assert "· the answer is: green" in at_work.terminal.shown


def test_a_question_the_ledger_forgot_is_asked_again() -> None:
    at_work = AtWork(work(ask="Which colour?", run="make fence"))
    started = e.AgentStarted(agent=NUX, session_name="polecat-api-nux", incarnation="asg-1_7", hooked_bead="ap-1")
    at_work.live(None, lambda: at_work.record(Entry(started), actor="deacon"), None, lambda: answers(at_work, "red")())
    assert len(at_work.fake.ledger.facts(e.AgentAsked)) == 2
    assert at_work.commands == ["make fence"]


def test_a_session_says_nothing_before_it_is_on_record() -> None:
    at_work = AtWork(work(run="make fence"))
    started = e.AgentStarted(agent=NUX, session_name="polecat-api-nux", incarnation="asg-1_7", hooked_bead="ap-1")
    said: list[int] = []

    def record_late() -> None:
        if not said:
            said.append(len(at_work.fake.ledger.facts(e.AgentWorking)))
            at_work.record(Entry(started), actor="deacon")

    at_work.fake.clock.on_sleep = record_late
    hands = at_work.fake.hands(NUX, GT_ROLE=NUX, GT_BEAD="ap-1", GT_ASSIGNMENT="asg-1", GT_SESSION="asg-1_7")
    Worker(hands, NUX, at_work.terminal).live()
    assert said == [0]
    agent = at_work.fake.town.agent(NUX)
    assert agent is not None and agent.state == "idle"


def test_an_answer_given_before_a_crash_still_counts() -> None:
    at_work = AtWork(work(ask="Which colour?", run="make fence"))
    exits.ask(at_work.fake.hands(NUX), "Which colour?")
    answers(at_work, "red")()
    at_work.live()
    assert len(at_work.fake.ledger.facts(e.AgentAsked)) == 1
    assert at_work.commands == ["make fence"]


# ---------------------------------------------------------------------------------------------- silence and words


def test_a_silent_worker_begins_when_it_is_nudged() -> None:
    at_work = AtWork(work(wait_for_nudge=True, run="make fence"))
    at_work.live(None, None, "# overseer: go on")
    assert at_work.commands == ["make fence"]
    assert "· heard: overseer: go on" in at_work.terminal.shown


def test_a_nudge_is_heard_and_never_run() -> None:
    at_work = AtWork(work(wait_for_nudge=True, run="make fence"))
    at_work.live("# overseer: rm -rf fence")
    assert at_work.commands == ["make fence"]


def test_what_is_typed_at_its_prompt_is_run_in_its_worktree_and_shown() -> None:
    at_work = AtWork(work(wait_for_nudge=True))
    at_work.changes_something = False
    at_work.fake.commands.outcomes["echo hello"] = Run(outcome=RunOutcome.PASS, code=0, duration_s=0, tail="hello")
    at_work.live("", "echo hello")
    assert at_work.fake.commands.ran == [("echo hello", PLACE)]
    assert "hello" in at_work.terminal.shown


def test_a_nudge_from_before_a_crash_still_counts() -> None:
    at_work = AtWork(work(wait_for_nudge=True, run="make fence"))
    rung = e.NudgeQueued(nudge_id=NudgeId("ndg-1"), agent=NUX, text="go on", sender="overseer")
    at_work.record(Entry(rung), Entry(e.NudgeSubmitted(nudge_id=NudgeId("ndg-1"))))
    at_work.live()
    assert at_work.commands == ["make fence"]


def test_work_taken_off_the_hook_is_left_as_it_is() -> None:
    at_work = AtWork(work(ask="Which colour?", run="make fence"))
    cleared = e.HookCleared(agent=NUX, previous_ref=BeadId("ap-1"), assignment_id=AssignmentId("asg-1"))
    outcome = at_work.live(None, lambda: at_work.record(Entry(cleared, "api")))
    assert outcome == "its work was taken off the hook"
    assert at_work.commands == []
    assert at_work.bead().state == "open"


def test_a_worker_with_an_empty_hook_ends() -> None:
    fake = a_rig_with(work())
    terminal = ScriptedTerminal()
    assert Worker(fake.hands(NUX), NUX, terminal).live() == "nothing on the hook"


def test_a_role_that_stands_by_takes_up_what_comes() -> None:
    fake = a_rig_with(work(run="make fence"), a_bead("hq-1", "Look around", metadata={"run": "look"}))
    mayor = Address("mayor")

    def hang() -> None:
        hook = e.HookSet(agent=mayor, ref_id=BeadId("hq-1"), assignment_id=AssignmentId("asg-2"))
        fake.ledger.record(lambda _: [Entry(hook)], actor="overseer")

    terminal = ScriptedTerminal([None, hang, None, None], hangs_up=True)
    assert Worker(fake.hands(mayor), mayor, terminal).live() == "its terminal is gone"
    assert ("look", HOME / "mayor") in fake.commands.ran
    assert fake.town.hook(mayor) is None


# ---------------------------------------------------------------------------------------------- rework


def test_returned_work_is_rescued_and_done_again_on_what_the_target_is_now() -> None:
    at_work = AtWork(work(run="make fence"))
    at_work.live()
    (request,) = at_work.fake.town.merges()
    failed = e.MergeFailed(mr_id=request.id, kind="conflict", detail="fence.py", retry=False)
    hook = e.HookSet(agent=NUX, ref_id=BeadId("ap-1"), assignment_id=AssignmentId("asg-1"))
    at_work.record(Entry(failed, "api"), Entry(hook, "api"))
    at_work.live()
    assert at_work.commands[-2:] == ['git reset --hard --quiet "$GT_BASE"', "make fence"]
    assert len(at_work.fake.worktrees.rescued) == 1
    (again,) = at_work.fake.town.merges()
    assert (again.id, again.state) == (request.id, "queued")
    assert again.commit != request.commit


# ---------------------------------------------------------------------------------------------- the door


def test_a_person_is_no_worker() -> None:
    fake = a_rig_with(work())
    with pytest.raises(Refused):
        worker.run(fake.hands("overseer"))
    with pytest.raises(Refused):
        worker.run(replace(fake.hands("overseer"), terminal=ScriptedTerminal()))
