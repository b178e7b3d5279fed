"""The reconciler at work on a town in memory: what is missing is made, what fails is told once, the rest goes on."""

from __future__ import annotations

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import ToolFailed
from gastown_tui.core.events import Entry
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId, NudgeId
from gastown_tui.core.model.settings import HealthSettings
from gastown_tui.core.patrols.reconciler import Reconciler
from gastown_tui.core.rules.reconcile import Deed
from gastown_tui.core.verbs import exits, waking, work
from tests.fakes import FakeTown
from tests.towns import a_bead, a_convoy
from tests.verbs.towns_at_work import a_rig_with

SLOT0 = Address("api/polecats/slot0")
SESSION = "polecat-api-slot0"


@pytest.fixture
def fake() -> FakeTown:
    return a_rig_with("ap-1", "ap-2", capacity=2)


def beat(fake: FakeTown) -> Reconciler:
    reconciler = Reconciler(fake.hands("deacon"))
    reconciler.beat()
    return reconciler


def hang(fake: FakeTown, bead_id: str = "ap-1", agent: Address = SLOT0) -> None:
    """A hook set by somebody who died before anything else was done."""
    hook = e.HookSet(agent=agent, ref_id=BeadId(bead_id), assignment_id=AssignmentId(f"asg-{bead_id}"))
    record(fake, Entry(e.AgentRegistered(agent=agent)), Entry(hook, "api"))


def record(fake: FakeTown, *entries: Entry) -> None:
    fake.ledger.record(lambda _: list(entries), actor="overseer", ledgers=("", "api"))


def warnings(fake: FakeTown) -> list[str]:
    return [fact.text for fact in fake.ledger.facts(e.PatrolWarned) if isinstance(fact, e.PatrolWarned)]


def test_stranded_work_is_fed_to_a_rig_with_room_where_the_town_wants_it() -> None:
    beads = ("ap-1", "ap-2", "ap-3", a_convoy("hq-cv-1", "ap-1", "ap-2", "ap-3"))
    left_alone = a_rig_with(*beads, capacity=2)
    beat(left_alone)
    assert left_alone.town.hooks() == {}
    fake = a_rig_with(*beads, capacity=2, feed=True)
    actions = Reconciler(fake.hands("deacon")).beat()
    assert {each.subject for each in actions if each.kind is Deed.FEED} == {"ap-1", "ap-2"}
    assert {hook.bead_id for hook in fake.town.hooks().values()} == {"ap-1", "ap-2"}
    assert len(fake.town.convoys()) == 1 and SESSION in fake.sessions.panes
    exits.done(fake.hands(SLOT0, GT_ASSIGNMENT=fake.town.hooks()[SLOT0].assignment_id), exit_="ESCALATE", note="?")
    beat(fake)
    assert {hook.bead_id for hook in fake.town.hooks().values()} == {"ap-2", "ap-3"}, "each once, as room is there"


# ---------------------------------------------------------------------------------------------- sessions


def test_a_hook_without_a_session_gets_one_and_no_second(fake: FakeTown) -> None:
    hang(fake)
    reconciler = beat(fake)
    assert SESSION in fake.sessions.panes
    reconciler.beat()
    assert fake.sessions.log == [f"start {SESSION}"]


def test_an_end_is_noted_and_the_work_gets_another_session_after_a_while(fake: FakeTown) -> None:
    hang(fake)
    reconciler = beat(fake)
    fake.sessions.panes[SESSION].mode = "dead"
    fake.sessions.panes[SESSION].exit_status = 137
    reconciler.beat()
    agent = fake.town.agent(SLOT0)
    assert agent is not None and (agent.state, agent.exit_code) == ("stopped", 137)
    reconciler.beat()
    assert fake.sessions.log.count(f"start {SESSION}") == 1
    fake.clock.advance(5)
    reconciler.beat()
    assert fake.sessions.log.count(f"start {SESSION}") == 2


def test_a_session_that_ends_again_and_again_is_left_for_a_person(fake: FakeTown) -> None:
    hang(fake)
    reconciler = beat(fake)
    for _ in range(20):
        if SESSION in fake.sessions.panes:
            fake.sessions.panes[SESSION].mode = "dead"
        reconciler.beat()
        fake.clock.advance(400)
    limit = HealthSettings().restart_limit
    assert fake.sessions.log.count(f"start {SESSION}") == limit
    (raised,) = fake.town.own.registers.escalations.values()
    assert f"{limit} sessions ended" in raised.text
    agent = fake.town.agent(SLOT0)
    assert agent is not None and agent.state == "stuck"


def test_nobody_is_touched_while_tmux_gives_no_answer(fake: FakeTown) -> None:
    hang(fake)
    reconciler = beat(fake)
    before = len(fake.ledger.events)
    fake.sessions.mute = ToolFailed("tmux timed out")
    actions = reconciler.beat()
    assert {action.kind for action in actions} == {Deed.WAIT}
    assert len(fake.ledger.events) == before


@pytest.mark.parametrize(("exit_code", "comes_back"), [(137, True), (1, True), (0, False)])
def test_a_mayor_that_crashes_comes_back_and_one_that_was_sent_home_does_not(
    fake: FakeTown, exit_code: int, comes_back: bool
) -> None:
    waking.wake(fake.hands(), Address("mayor"))
    fake.sessions.panes["mayor"].mode = "dead"
    fake.sessions.panes["mayor"].exit_status = exit_code
    reconciler = beat(fake)
    fake.clock.advance(10)
    reconciler.beat()
    assert (fake.sessions.log.count("start mayor") == 2) is comes_back


def test_a_worker_that_left_and_lingers_is_ended(fake: FakeTown) -> None:
    work.sling(fake.hands(), ("ap-1", "api"))
    fake.worktrees.commit(fake.sessions.panes[SESSION].spec.cwd)
    exits.done(fake.hands_in(SESSION))
    reconciler = beat(fake)
    assert SESSION in fake.sessions.panes
    fake.clock.advance(10)
    reconciler.beat()
    assert SESSION not in fake.sessions.panes


# ---------------------------------------------------------------------------------------------- trouble


def test_what_fails_is_told_once_and_tried_ever_less_often(fake: FakeTown) -> None:
    hang(fake)
    fake.sessions.fails_to_start = ToolFailed("tmux refused")
    reconciler = beat(fake)
    for _ in range(30):
        fake.clock.advance(1)
        reconciler.beat()
    assert warnings(fake) == ["wake: tmux refused"]
    fake.sessions.fails_to_start = None
    fake.clock.advance(120)
    reconciler.beat()
    assert SESSION in fake.sessions.panes


def test_one_failure_does_not_keep_others_from_their_due() -> None:
    fake = a_rig_with("ap-1", a_bead("ap-3", status="closed"), a_convoy("hq-cv-1", "ap-3"))
    hang(fake)
    mayor = fake.sessions.run_foreign("mayor")
    record(
        fake, Entry(e.NudgeQueued(nudge_id=NudgeId("ndg-1"), agent=Address("mayor"), text="hear", sender="overseer"))
    )
    fake.sessions.fails_to_start = ToolFailed("tmux refused")
    beat(fake)
    assert warnings(fake) == ["wake: tmux refused"]
    assert fake.town.bead("hq-cv-1").is_closed
    assert len(mayor.sent) == 1


def test_a_bug_in_one_deed_is_told_like_any_failure(fake: FakeTown, monkeypatch: pytest.MonkeyPatch) -> None:
    hang(fake)
    monkeypatch.setattr(fake.sessions, "find", lambda name: 1 / 0)
    beat(fake)
    assert warnings(fake) == ["wake: ZeroDivisionError: division by zero"]


# ---------------------------------------------------------------------------------------------- work


def test_waiting_slings_begin_as_far_as_there_is_room(fake: FakeTown) -> None:
    waits = [
        Entry(e.DispatchQueued(bead_id=BeadId(each), target="api", dispatcher="mayor"), "api")
        for each in ("ap-1", "ap-2")
    ]
    record(fake, *waits)
    beat(fake)
    assert {hook.bead_id for hook in fake.town.hooks().values()} == {"ap-1", "ap-2"}
    assert not fake.town.dispatches()
    assert {hook.dispatcher for hook in fake.town.hooks().values()} == {"mayor"}


def test_a_merged_worktree_is_rescued_and_removed(fake: FakeTown) -> None:
    work.sling(fake.hands(), ("ap-1", "api"))
    place = fake.sessions.panes[SESSION].spec.cwd
    fake.worktrees.commit(place)
    exits.done(fake.hands_in(SESSION))
    del fake.sessions.panes[SESSION]
    reconciler = beat(fake)
    reconciler.beat()
    assert place in fake.worktrees.trees
    (request,) = fake.town.merges()
    merged = e.MergeMerged(mr_id=request.id, bead_id=BeadId("ap-1"), commit="c", tree="t", target="main")
    record(fake, Entry(merged, "api"), Entry(e.BeadClosed(bead_id=BeadId("ap-1")), "api"))
    reconciler.beat()
    assert place not in fake.worktrees.trees
    assert [path for path, _ in fake.worktrees.rescued] == [place]


def test_a_worktree_is_left_alone_while_somebody_is_waking_its_worker(fake: FakeTown) -> None:
    test_a_merged_worktree_is_rescued_and_removed(fake)
    work.sling(fake.hands(), ("ap-2", "api"))
    assert beat(fake) is not None
    assert fake.sessions.panes[SESSION].spec.cwd in fake.worktrees.trees


def test_the_hook_of_a_deleted_bead_is_cleared(fake: FakeTown) -> None:
    hang(fake)
    record(fake, Entry(e.BeadDeleted(bead_id=BeadId("ap-1")), "api"))
    beat(fake)
    assert fake.town.hook(SLOT0) is None


def test_nudges_on_their_way_are_delivered(fake: FakeTown) -> None:
    hang(fake)
    reconciler = beat(fake)
    rung = e.NudgeQueued(nudge_id=NudgeId("ndg-1"), agent=SLOT0, text="go on", sender="overseer")
    record(fake, Entry(rung))
    reconciler.beat()
    assert fake.sessions.panes[SESSION].sent == ["# overseer: go on"]


def test_a_worker_that_fell_silent_hears_its_bell(fake: FakeTown) -> None:
    hang(fake)
    reconciler = beat(fake)
    fake.clock.advance(HealthSettings().quiet_s + 10)
    reconciler.beat()
    reconciler.beat()
    assert len(fake.sessions.panes[SESSION].sent) == 1
    assert len(fake.ledger.facts(e.AgentNudged)) == 1


def test_a_worker_that_stays_silent_is_shown_to_a_person_once_and_killed_never(fake: FakeTown) -> None:
    hang(fake)
    reconciler = beat(fake)
    for _ in range(20):
        fake.clock.advance(HealthSettings().stuck_s)
        reconciler.beat()
    assert len(fake.town.own.registers.escalations) == 1
    assert fake.sessions.log == [f"start {SESSION}"]
