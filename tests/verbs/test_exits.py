"""Leaving work: what `done` checks, pushes and records; hand-off; questions and answers."""

from __future__ import annotations

from typing import Any

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, Refused, TimedOut, ToolFailed
from gastown_tui.core.model.ids import Address
from gastown_tui.core.verbs.agents import respawn
from gastown_tui.core.verbs.exits import answer, ask, done
from gastown_tui.core.verbs.handoff import handoff
from gastown_tui.core.verbs.work import sling, unsling
from tests.fakes import HOME, FakeTown
from tests.verbs.towns_at_work import a_rig_with

SLOT0 = Address("api/polecats/slot0")
SESSION = "polecat-api-slot0"
TREE = HOME / "api" / "polecats" / "slot0"
BARE = HOME / "api" / ".repo.git"


@pytest.fixture
def at() -> FakeTown:
    at = a_rig_with("ap-1", "ap-2")
    sling(at.hands("mayor"), ("ap-1", "api"))
    return at


def test_finished_work_is_pushed_first_and_then_waits_to_be_merged(at: FakeTown) -> None:
    head = at.worktrees.commit(TREE)
    left = done(at.hands_in(SESSION))
    assert at.worktrees.refs[BARE]["polecat/slot0/ap-1"] == head
    merge = at.town.merge_for("ap-1")
    assert merge is not None
    assert (merge.commit, merge.state, merge.target) == (head, "queued", "main")
    assert left.merge_request == merge.id
    assert left.text().startswith("COMPLETED ap-1: pushed polecat/slot0/ap-1")
    assert at.town.hook(SLOT0) is None
    assert at.town.bead("ap-1").status == "in_progress"
    assert TREE in at.worktrees.trees


def test_an_exit_is_one_transaction(at: FakeTown) -> None:
    at.worktrees.commit(TREE)
    done(at.hands_in(SESSION))
    kinds = {"work.exited", "hook.cleared", "merge.requested", "agent.idle"}
    transactions = {event.tx for event in at.ledger.events if event.event_type in kinds}
    assert len(transactions) == 1


def test_finishing_twice_is_fine_and_changes_nothing(at: FakeTown) -> None:
    at.worktrees.commit(TREE)
    hands = at.hands_in(SESSION)
    done(hands)
    events = len(at.ledger.events)
    again = done(hands)
    assert again.again
    assert "already" in again.text()
    assert len(at.ledger.events) == events


def test_a_crash_between_push_and_record_is_made_good_by_saying_done_again(at: FakeTown) -> None:
    at.worktrees.commit(TREE)
    at.ledger.broken = ToolFailed("the disk is full")
    with pytest.raises(ToolFailed):
        done(at.hands_in(SESSION))
    assert at.town.merges() == []
    assert at.town.hook(SLOT0) is not None
    at.ledger.broken = None
    assert done(at.hands_in(SESSION)).merge_request
    assert len(at.town.merges()) == 1


def test_nothing_committed_is_not_finished(at: FakeTown) -> None:
    with pytest.raises(Refused, match="nothing is committed beyond main"):
        done(at.hands_in(SESSION))
    assert at.town.hook(SLOT0) is not None


def test_looking_alone_may_be_the_work(at: FakeTown) -> None:
    left = done(at.hands_in(SESSION), review_only=True, note="Reviewed, all fine")
    assert at.town.bead("ap-1").status == "closed"
    assert left.text() == "COMPLETED ap-1: closed, nothing to merge"


def test_commits_are_not_left_behind_by_calling_the_work_looking(at: FakeTown) -> None:
    at.worktrees.commit(TREE, 2)
    with pytest.raises(Refused, match="2 commits would be left behind"):
        done(at.hands_in(SESSION), review_only=True)


def test_uncommitted_work_is_named_and_refused_or_committed_on_request(at: FakeTown) -> None:
    at.worktrees.trees[TREE].changed += ["login.py", "notes.txt"]
    with pytest.raises(Refused, match=r"not committed: login\.py, notes\.txt"):
        done(at.hands_in(SESSION))
    assert at.worktrees.refs[BARE].get("polecat/slot0/ap-1") is None
    assert done(at.hands_in(SESSION), commit="Fix login").merge_request


def test_a_rebase_under_way_is_not_finished(at: FakeTown) -> None:
    at.worktrees.commit(TREE)
    at.worktrees.trees[TREE].operation = "rebase"
    with pytest.raises(Refused, match="a rebase is under way"):
        done(at.hands_in(SESSION))


@pytest.mark.parametrize(
    "options",
    [
        {"exit_": "BLOCKED", "blocker": "ap-2"},
        {"exit_": "REFACTOR", "piece": ("One", "Two")},
        {"exit_": "ESCALATE", "note": "Decide"},
    ],
)
def test_unfinished_work_is_kept_commits_on_the_branch_and_the_rest_under_a_ref(
    at: FakeTown, options: dict[str, Any]
) -> None:
    head = at.worktrees.commit(TREE)
    at.worktrees.trees[TREE].changed.append("half.py")
    left = done(at.hands_in(SESSION), **options)
    assert left.commit == head
    assert at.worktrees.refs[BARE]["polecat/slot0/ap-1"] == head
    (path, ref), *_ = at.worktrees.rescued
    assert path == TREE
    assert ref.startswith("refs/rescue/polecat/slot0/ap-1/")
    assert at.ledger.facts(e.WorktreeRescued)
    assert ref in (at.town.bead("ap-1").notes or "")
    assert at.town.merges() == []


def test_work_that_cannot_be_kept_is_not_left(at: FakeTown) -> None:
    at.worktrees.trees[TREE].changed.append("half.py")
    at.worktrees.full = ToolFailed("no space left")
    with pytest.raises(ToolFailed):
        done(at.hands_in(SESSION), exit_="BLOCKED", blocker="ap-2")
    assert at.town.hook(SLOT0) is not None


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ({"exit_": "BLOCKED", "blocker": "ap-2"}, "BLOCKED ap-1: it waits for ap-2"),
        ({"exit_": "REFACTOR", "piece": ("One", "Two")}, "REFACTOR ap-1: split into ap-1.1, ap-1.2"),
        ({"exit_": "ESCALATE", "note": "Decide"}, "ESCALATE ap-1: the overseer was told"),
    ],
)
def test_each_exit_says_what_became_of_the_work(at: FakeTown, options: dict[str, Any], outcome: str) -> None:
    assert done(at.hands_in(SESSION), **options).text() == outcome


def test_a_session_whose_work_was_given_away_can_finish_nothing(at: FakeTown) -> None:
    late = at.hands_in(SESSION)
    at.worktrees.commit(TREE)
    unsling(at.hands(), "ap-1", force=True)
    sling(at.hands(), ("ap-1", "api/polecats/slot0"))
    with pytest.raises(Conflict, match="no longer current"):
        done(late)
    assert at.town.merges() == []
    assert at.worktrees.refs[BARE].get("polecat/slot0/ap-1") is None


def test_work_given_away_while_it_is_pushed_is_not_submitted(at: FakeTown) -> None:
    at.worktrees.commit(TREE)
    hands = at.hands_in(SESSION)

    def rival() -> None:
        unsling(at.hands(), "ap-1", force=True)

    at.ledger.before_record = rival
    with pytest.raises(Conflict):
        done(hands)
    assert at.town.merges() == []


def test_nobody_finishes_with_an_empty_hook() -> None:
    at = a_rig_with("ap-1")
    with pytest.raises(Refused, match="nothing hangs on the hook of overseer"):
        done(at.hands())


def test_the_mayors_own_work_has_nothing_to_merge() -> None:
    at = a_rig_with("hq-1")
    sling(at.hands(), ("hq-1", "mayor"))
    done(at.hands_in("mayor"))
    assert at.town.bead("hq-1").status == "closed"


def test_a_missing_exit_word_touches_nothing(at: FakeTown) -> None:
    for exit_ in ("BLOCKED", "REFACTOR", "ESCALATE", "LATER"):
        with pytest.raises(BadInput):
            done(at.hands_in(SESSION), exit_=exit_)
    assert at.town.hook(SLOT0) is not None


# ---------------------------------------------------------------------------------------------- hand-off


def test_a_hand_off_leaves_a_note_and_has_a_process_outside_start_afresh(at: FakeTown) -> None:
    hands = at.hands_in(SESSION)
    told = handoff(hands, message="half of the form is done")
    assert told.respawns
    mail = at.town.mail(told.message_id)
    assert (mail.to, mail.type, mail.bead_id) == ((SLOT0,), "handoff", "ap-1")
    assert mail.body == "half of the form is done"
    assert at.town.hook(SLOT0) is not None
    (argv,) = at.processes.spawned
    incarnation = at.sessions.panes[SESSION].incarnation
    assert argv == (str(HOME / "bin" / "gt"), "respawn", SLOT0, "--incarnation", incarnation)
    assert "GT_SESSION" not in at.processes.environments[0]


def test_what_the_process_outside_does_starts_one_fresh_session(at: FakeTown) -> None:
    first = at.sessions.panes[SESSION].incarnation
    handoff(at.hands_in(SESSION), message="go on")
    respawn(at.hands(SLOT0), SLOT0, incarnation=first)
    second = at.sessions.panes[SESSION].incarnation
    assert second != first
    with pytest.raises(Conflict, match="newer one"):
        respawn(at.hands(SLOT0), SLOT0, incarnation=first)
    assert at.sessions.panes[SESSION].incarnation == second
    agent = at.town.agent(SLOT0)
    assert agent is not None
    assert agent.starts == 1


def test_a_hand_off_never_takes_over_the_hook(at: FakeTown) -> None:
    handoff(at.hands_in(SESSION))
    hook = at.town.hook(SLOT0)
    assert hook is not None
    assert hook.bead_id == "ap-1"


def test_without_tmux_the_note_waits_and_the_agent_is_told_to_end(at: FakeTown) -> None:
    hands = at.hands_in(SESSION)
    at.sessions.trouble = "tmux is not installed"
    told = handoff(hands, message="x")
    assert not told.respawns
    assert "tmux is not installed" in told.text()
    assert "End this one now" in told.text()
    assert at.processes.spawned == []


def test_the_overseer_has_nothing_to_hand_off() -> None:
    with pytest.raises(Refused):
        handoff(a_rig_with("ap-1").hands())


# ---------------------------------------------------------------------------------------------- questions


def test_a_question_reaches_the_overseer_and_the_answer_the_agent(at: FakeTown) -> None:
    ask(at.hands_in(SESSION), "Run the migration?", choice=("yes", "no"))
    agent = at.town.agent(SLOT0)
    assert agent is not None
    assert (agent.state, agent.question, agent.choices) == ("asking", "Run the migration?", ("yes", "no"))
    told = answer(at.hands(), "api/slot0", "2")
    assert told.text() == "Answered api/polecats/slot0: no"
    mail = at.town.mail(told.message_id)
    assert (mail.to, mail.type, mail.body) == ((SLOT0,), "answer", "no")
    agent = at.town.agent(SLOT0)
    assert agent is not None
    assert agent.state == "working"


def test_an_agent_may_wait_for_the_answer_and_gets_it_alone(at: FakeTown) -> None:
    def answers_once() -> None:
        if not at.ledger.facts(e.AgentAnswered):
            answer(at.hands(), "slot0", "use the new one")

    at.clock.on_sleep = answers_once
    asked = ask(at.hands_in(SESSION), "Which schema?", wait=True)
    assert asked.text() == "use the new one"
    (mail,) = at.town.own.mail.values()
    assert mail.read_by == (SLOT0,)


def test_waiting_for_an_answer_has_an_end_when_one_is_given(at: FakeTown) -> None:
    with pytest.raises(TimedOut, match="no answer within 30s"):
        ask(at.hands_in(SESSION), "Which schema?", wait=True, timeout=30)
    agent = at.town.agent(SLOT0)
    assert agent is not None
    assert agent.state == "asking"


def test_an_answer_nobody_waits_for_is_refused(at: FakeTown) -> None:
    with pytest.raises(Conflict, match="asks nothing now"):
        answer(at.hands(), "api/slot0", "yes")
    ask(at.hands_in(SESSION), "Now?")
    answer(at.hands(), "api/slot0", "yes")
    with pytest.raises(Conflict):
        answer(at.hands(), "api/slot0", "no")


def test_a_worker_without_a_model_finds_its_answer_in_the_ledger_not_on_its_line(at: FakeTown) -> None:
    ask(at.hands_in(SESSION), "Now?")
    answer(at.hands(), "api/slot0", "yes")
    assert at.ledger.facts(e.NudgeQueued) == []


def test_a_model_that_asked_is_rung_with_the_answer() -> None:
    at = a_rig_with("ap-1", runtime="claude")
    sling(at.hands("mayor"), ("ap-1", "api"))
    ask(at.hands_in(SESSION), "Now?")
    answer(at.hands(), "api/slot0", "yes")
    assert at.sessions.panes[SESSION].sent == ["[overseer] Answer to your question: yes"]
