"""The four exits, row by row of their table."""

from __future__ import annotations

from typing import Any

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, NotFound, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId, EscalationId, MailId
from gastown_tui.core.model.town import MergeRequest
from gastown_tui.core.rules.exits import Exit, Leaving, check, leave, left_already, parse_exit
from tests.towns import a_bead, a_hook, a_town, after, ago, an_agent

SLOT0 = Address("api/polecats/slot0")
COMMIT = "c" * 40


def a_town_at_work(**bead: Any) -> Town:
    return a_town(
        rigs={"api": "ap"},
        agents=[an_agent(SLOT0, "working", bead_id="ap-1")],
        beads=[a_bead("ap-1", "Fix login", status="hooked", assignee=SLOT0, priority=1, **bead), "ap-2", "hq-1"],
        hooks=[a_hook(SLOT0, "ap-1", dispatcher="mayor")],
    )


def leaving(exit_: Exit, **options: Any) -> Leaving:
    settings: dict[str, Any] = {
        "exit": exit_,
        "agent": SLOT0,
        "assignment_id": "asg-ap-1",
        "mail_id": MailId("msg-1"),
        "escalation_id": EscalationId("esc-1"),
        "nonce": 7,
    }
    return Leaving(**settings | options)


def completed(**options: Any) -> Leaving:
    return leaving(Exit.COMPLETED, **{"branch": "polecat/slot0/ap-1", "commit": COMMIT, "target": "main"} | options)


# ---------------------------------------------------------------------------------------------- completed


def test_completed_work_is_in_review_until_it_is_merged() -> None:
    town = a_town_at_work()
    now = after(town, leave(town, completed()))
    assert now.hook(SLOT0) is None
    assert now.bead("ap-1").status == "in_progress"
    assert now.bead("ap-1").assignee == SLOT0
    merge = now.merge_for("ap-1")
    assert merge is not None
    assert (merge.state, merge.commit, merge.branch, merge.target) == ("queued", COMMIT, "polecat/slot0/ap-1", "main")
    assert (merge.worker, merge.assignment_id, merge.priority) == (SLOT0, "asg-ap-1", 1)


def test_a_merge_request_is_a_bead_too() -> None:
    town = a_town_at_work()
    now = after(town, leave(town, completed()))
    merge = now.merge_for("ap-1")
    assert merge is not None
    paper = now.bead(merge.id)
    assert paper.kind == "merge-request"
    assert paper.id.startswith("ap-")
    assert paper.assignee == "api/refinery"
    assert "polecat/slot0/ap-1" in (paper.description or "")


def test_work_sent_back_keeps_its_place_in_the_queue_with_the_new_commit() -> None:
    first = after(a_town_at_work(), leave(a_town_at_work(), completed()))
    merge = first.merge_for("ap-1")
    assert merge is not None
    town = after(
        first,
        [
            e.Entry(e.MergeFailed(mr_id=merge.id, kind="gate", detail="red", retry=False), "api"),
            e.Entry(e.HookSet(agent=SLOT0, ref_id=BeadId("ap-1"), assignment_id=AssignmentId("asg-2")), "api"),
        ],
    )
    now = after(town, leave(town, completed(assignment_id="asg-2", commit="d" * 40)))
    assert [each.id for each in now.merges()] == [merge.id]
    again = now.merge_for("ap-1")
    assert again is not None
    assert (again.state, again.commit) == ("queued", "d" * 40)


def test_another_workers_branch_supersedes_the_older_request() -> None:
    first = after(a_town_at_work(), leave(a_town_at_work(), completed()))
    older = first.merge_for("ap-1")
    assert older is not None
    slot1 = Address("api/polecats/slot1")
    town = after(
        first,
        [
            e.Entry(e.MergeFailed(mr_id=older.id, kind="gate", detail="red", retry=False), "api"),
            e.Entry(e.HookSet(agent=slot1, ref_id=BeadId("ap-1"), assignment_id=AssignmentId("asg-2")), "api"),
        ],
    )
    wish = completed(agent=slot1, assignment_id="asg-2", branch="polecat/slot1/ap-1", nonce=8)
    now = after(town, leave(town, wish))
    states = {each.branch: each.state for each in now.merges()}
    assert states == {"polecat/slot0/ap-1": "rejected", "polecat/slot1/ap-1": "queued"}
    assert now.bead(older.id).is_closed


def test_work_with_nothing_to_merge_is_closed() -> None:
    town = a_town(agents=["mayor"], beads=[a_bead("hq-1", status="hooked")], hooks=[a_hook("mayor", "hq-1")])
    wish = leaving(Exit.COMPLETED, agent=Address("mayor"), assignment_id="", note="Looked into it")
    now = after(town, leave(town, wish))
    assert now.bead("hq-1").status == "closed"
    assert now.bead("hq-1").close_reason == "Looked into it"
    assert now.merges() == []


# ---------------------------------------------------------------------------------------------- blocked


def test_blocked_work_waits_for_its_blocker_and_comes_back_by_itself() -> None:
    from gastown_tui.core.rules.hooks import waits_for

    town = a_town_at_work()
    now = after(town, leave(town, leaving(Exit.BLOCKED, blocker="ap-2", note="needs the schema")))
    assert now.hook(SLOT0) is None
    bead = now.bead("ap-1")
    assert (bead.status, bead.assignee) == ("open", None)
    assert waits_for(now, bead) == ("ap-2",)
    assert "needs the schema" in (bead.notes or "")
    freed = after(now, [e.Entry(e.BeadClosed(bead_id=BeadId("ap-2")), "api")])
    assert waits_for(freed, freed.bead("ap-1")) == ()


def test_a_blocker_in_words_is_filed() -> None:
    town = a_town_at_work()
    now = after(town, leave(town, leaving(Exit.BLOCKED, blocker="Migration 12 is missing")))
    filed = [bead for bead in now.beads() if bead.title == "Migration 12 is missing"]
    assert len(filed) == 1
    assert filed[0].id.startswith("ap-")
    assert filed[0].id in {edge.depends_on_id for edge in now.bead("ap-1").needs}


def test_the_dispatcher_is_told_of_blocked_work() -> None:
    town = a_town_at_work()
    now = after(town, leave(town, leaving(Exit.BLOCKED, blocker="ap-2")))
    mail = now.mail("msg-1")
    assert mail.to == ("mayor",)
    assert "ap-1" in mail.subject
    assert "ap-2" in mail.subject


def test_a_bead_of_the_town_may_block_one_of_a_rig() -> None:
    town = a_town_at_work()
    assert leave(town, leaving(Exit.BLOCKED, blocker="hq-1"))


@pytest.mark.parametrize(
    ("blocker", "kind"),
    [("ap-1", Refused), ("ap-9", NotFound), ("zz-1", NotFound), ("ap-closed", Refused), ("ap-waits", Refused)],
)
def test_what_cannot_block_is_refused(blocker: str, kind: type[Exception]) -> None:
    town = a_town_at_work()
    ledger = town.ledgers["api"]
    for bead in (a_bead("ap-closed", status="closed"), a_bead("ap-waits", needs=["ap-1"])):
        ledger.beads[bead.id] = bead
    with pytest.raises(kind):
        leave(town, leaving(Exit.BLOCKED, blocker=blocker))


# ---------------------------------------------------------------------------------------------- refactor, escalate


def test_refactored_work_becomes_the_epic_of_its_pieces() -> None:
    town = a_town_at_work()
    now = after(town, leave(town, leaving(Exit.REFACTOR, pieces=("Form", " ", "Endpoint"))))
    assert now.bead("ap-1").kind == "epic"
    assert now.hook(SLOT0) is None
    pieces = [now.bead(bead_id) for bead_id, kind in now.dependents(BeadId("ap-1")) if kind == "parent-child"]
    assert [(piece.id, piece.title, piece.status) for piece in pieces] == [
        ("ap-1.1", "Form", "open"),
        ("ap-1.2", "Endpoint", "open"),
    ]
    assert now.mail("msg-1").to == ("mayor",)


def test_escalated_work_waits_for_the_overseer() -> None:
    town = a_town_at_work()
    now = after(town, leave(town, leaving(Exit.ESCALATE, note="Which of two schemas?", severity="critical")))
    bead = now.bead("ap-1")
    assert (bead.status, bead.assignee) == ("blocked", "overseer")
    raised = now.own.registers.escalations[EscalationId("esc-1")]
    assert (raised.severity, raised.bead_id, raised.agent) == ("critical", "ap-1", SLOT0)
    mail = now.mail("msg-1")
    assert (mail.to, mail.priority, mail.type) == (("overseer",), "urgent", "escalation")


# ---------------------------------------------------------------------------------------------- all four


ALL = [
    completed(),
    leaving(Exit.BLOCKED, blocker="ap-2"),
    leaving(Exit.REFACTOR, pieces=("One",)),
    leaving(Exit.ESCALATE, note="Decide"),
]


@pytest.mark.parametrize("wish", ALL, ids=lambda wish: wish.exit.value)
def test_every_exit_is_recorded_lets_go_of_the_hook_and_leaves_the_worker_free(wish: Leaving) -> None:
    town = a_town_at_work()
    now = after(town, leave(town, wish))
    assert now.hook(SLOT0) is None
    assert now.ledgers["api"].registers.exits[BeadId("ap-1")] == wish.exit.value
    agent = now.agent(SLOT0)
    assert agent is not None
    assert (agent.state, agent.note) == ("idle", f"ap-1 {wish.exit.value}")


@pytest.mark.parametrize("wish", ALL, ids=lambda wish: wish.exit.value)
def test_no_exit_closes_work_that_is_not_in(wish: Leaving) -> None:
    town = a_town_at_work()
    assert not after(town, leave(town, wish)).bead("ap-1").is_closed


@pytest.mark.parametrize("wish", ALL, ids=lambda wish: wish.exit.value)
def test_a_worker_that_wakes_up_late_changes_nothing(wish: Leaving) -> None:
    from msgspec.structs import replace

    town = a_town_at_work()
    with pytest.raises(Conflict, match="no longer current"):
        leave(town, replace(wish, assignment_id="asg-older"))


@pytest.mark.parametrize("wish", ALL, ids=lambda wish: wish.exit.value)
def test_the_facts_of_an_exit_lie_in_the_ledger_of_the_bead_those_of_people_in_the_towns(wish: Leaving) -> None:
    town = a_town_at_work()
    for entry in leave(town, wish):
        is_of_people = entry.fact.wire.split(".")[0] in {"agent", "mail", "escalation"}
        assert entry.ledger == ("" if is_of_people else "api"), entry.fact.wire


@pytest.mark.parametrize("wish", ALL, ids=lambda wish: wish.exit.value)
def test_leaving_again_by_the_same_exit_is_recognised(wish: Leaving) -> None:
    town = a_town_at_work()
    assert not left_already(town, SLOT0, "ap-1", "asg-ap-1", wish.exit)
    now = after(town, leave(town, wish))
    assert left_already(now, SLOT0, "ap-1", "asg-ap-1", wish.exit)
    other = Exit.COMPLETED if wish.exit is not Exit.COMPLETED else Exit.BLOCKED
    assert not left_already(now, SLOT0, "ap-1", "asg-ap-1", other)


def test_an_exit_of_work_that_hangs_again_is_not_the_current_ones() -> None:
    town = a_town_at_work()
    now = after(town, leave(town, leaving(Exit.BLOCKED, blocker="ap-2")))
    again = e.HookSet(agent=Address("api/polecats/slot1"), ref_id=BeadId("ap-1"), assignment_id=AssignmentId("asg-2"))
    now = after(now, [e.Entry(again, "api")])
    assert not left_already(now, SLOT0, "ap-1", "asg-ap-1", Exit.BLOCKED)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (leaving(Exit.BLOCKED), "needs the blocker"),
        (leaving(Exit.BLOCKED, blocker="  "), "needs the blocker"),
        (leaving(Exit.REFACTOR), "needs the pieces"),
        (leaving(Exit.REFACTOR, pieces=(" ",)), "needs the pieces"),
        (leaving(Exit.ESCALATE), "needs words"),
        (leaving(Exit.ESCALATE, note="x", severity="awful"), "not a severity"),
    ],
)
def test_an_exit_that_lacks_what_it_needs_is_refused_before_anything_is_touched(wish: Leaving, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        check(wish)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("COMPLETED", Exit.COMPLETED),
        ("blocked", Exit.BLOCKED),
        (" Refactor ", Exit.REFACTOR),
        ("ESCALATED", Exit.ESCALATE),
    ],
)
def test_exits_are_read_however_they_are_spelled(typed: str, meant: Exit) -> None:
    assert parse_exit(typed) is meant


def test_there_are_four_exits_and_no_other() -> None:
    with pytest.raises(BadInput, match="not an exit"):
        parse_exit("FINISHED")


def test_an_exit_is_stamped_with_who_and_which_assignment() -> None:
    town = a_town_at_work()
    exited = leave(town, completed(note="done at last"))[0].fact
    assert exited == e.WorkExited(
        agent=SLOT0,
        bead_id=BeadId("ap-1"),
        assignment_id=AssignmentId("asg-ap-1"),
        exit="COMPLETED",
        note="done at last",
        branch="polecat/slot0/ap-1",
        commit=COMMIT,
    )


def test_a_merge_request_in_line_takes_the_newer_commit_of_its_own_branch() -> None:
    merge = MergeRequest(
        id=BeadId("ap-mr"),
        bead_id=BeadId("ap-1"),
        branch="polecat/slot0/ap-1",
        target="main",
        commit="b" * 40,
        worker=SLOT0,
        assignment_id=AssignmentId("asg-0"),
        queued_at=ago(minutes=1),
        since=ago(minutes=1),
    )
    town = a_town_at_work()
    town.ledgers["api"].registers.merges[merge.id] = merge
    now = after(town, leave(town, completed()))
    assert [(each.id, each.commit) for each in now.merges()] == [("ap-mr", COMMIT)]
