"""The refinery on real repositories, and the verbs people steer it with."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import Conflict, NotFound, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.patrols import refinery
from gastown_tui.core.patrols.refinery import Outcome, Turned
from gastown_tui.core.verbs import merging
from tests.end.rig_at_work import RIG, WORKER, RigAtWork
from tests.places import git


@pytest.fixture
def rig(tmp_path: Path) -> RigAtWork:
    return RigAtWork(tmp_path)


def turn(rig: RigAtWork) -> Turned:
    return refinery.turn(rig.hands, RIG)


def state(rig: RigAtWork, mr_id: BeadId) -> str:
    return merging.status(rig.hands, mr_id).row.state


# ---------------------------------------------------------------------------------------------- in


def test_a_request_lands_as_the_very_tree_its_gate_judged(rig: RigAtWork) -> None:
    mr_id = rig.asks_to_merge({"new.txt": "new\n"})
    rig.moves_on()
    landed = turn(rig)
    assert landed.outcome is Outcome.MERGED
    assert rig.at_origin() == landed.commit
    assert {"new.txt", "elsewhere.txt"} <= rig.files_at_origin()
    (judged,) = rig.events(e.MergeGated)
    assert isinstance(judged, e.MergeGated)
    assert (judged.outcome, judged.commit) == ("pass", landed.commit)
    assert git(rig.origin, "rev-parse", "main^{tree}") == judged.tree
    town = rig.hands.ledger.read()
    assert town.bead("ap-1").is_closed and town.bead(mr_id).is_closed


def test_an_empty_queue_says_so(rig: RigAtWork) -> None:
    assert turn(rig) == Turned(outcome=Outcome.NOTHING, reason="nothing waits")


def test_requests_land_one_after_the_other(rig: RigAtWork) -> None:
    rig.asks_to_merge({"one.txt": "1\n"})
    rig.asks_to_merge({"two.txt": "2\n"}, priority=0)
    done = refinery.run(rig.hands, "api", once=True).turns["api"]
    assert [each.bead_id for each in done] == ["ap-2", "ap-1"]
    assert {"one.txt", "two.txt"} <= rig.files_at_origin()


def test_a_rig_without_a_gate_lands_what_nobody_judged_and_says_so(tmp_path: Path) -> None:
    rig = RigAtWork(tmp_path, gate="")
    mr_id = rig.asks_to_merge({"new.txt": "new\n"})
    assert turn(rig).outcome is Outcome.MERGED
    assert merging.status(rig.hands, mr_id).row.gate == "ungated"
    assert "no gate: results land unjudged" in merging.list_(rig.hands).text()


def test_what_somebody_merged_by_hand_is_recorded_and_not_merged_again(rig: RigAtWork) -> None:
    mr_id = rig.asks_to_merge({"new.txt": "new\n"})
    git(rig.bare, "push", "--quiet", str(rig.origin), "polecat/slot0/ap-1:main")
    before = rig.at_origin()
    assert turn(rig).outcome is Outcome.MERGED
    assert rig.at_origin() == before
    assert state(rig, mr_id) == "merged"


def test_a_convoy_lands_with_its_last_merge(rig: RigAtWork) -> None:
    rig.asks_to_merge({"new.txt": "new\n"})
    edge = e.Edge(depends_on_id=BeadId("ap-1"), dependency_type="tracks")
    convoy = e.BeadCreated(bead_id=BeadId("hq-cv-1"), title="All of it", issue_type="convoy", dependencies=(edge,))
    rig.hands.ledger.record(lambda _: [Entry(convoy)], actor="mayor")
    turn(rig)
    assert rig.hands.ledger.read().bead("hq-cv-1").is_closed


# ---------------------------------------------------------------------------------------------- not in


def test_a_gate_that_fails_lands_nothing_and_hangs_the_bead_on_its_worker_again(rig: RigAtWork) -> None:
    before = rig.at_origin()
    mr_id = rig.asks_to_merge({"bad": "bad\n"})
    assert turn(rig).outcome is Outcome.RETURNED
    assert rig.at_origin() == before
    hook = rig.hands.ledger.read().hook(WORKER)
    assert hook is not None and hook.bead_id == "ap-1"
    assert mr_id in hook.args
    assert state(rig, mr_id) == "returned"


def test_the_gate_judges_the_merged_result_and_not_the_branch(rig: RigAtWork) -> None:
    mr_id = rig.asks_to_merge({"new.txt": "new\n"})
    rig.moves_on("bad")
    assert turn(rig).outcome is Outcome.RETURNED
    assert state(rig, mr_id) == "returned"


def test_a_conflict_names_its_files_and_leaves_the_origin_alone(rig: RigAtWork) -> None:
    rig.asks_to_merge({"shared.txt": "mine\n"})
    second = rig.asks_to_merge({"shared.txt": "theirs\n"})
    assert turn(rig).outcome is Outcome.MERGED
    before = rig.at_origin()
    conflict = turn(rig)
    assert (conflict.outcome, conflict.reason) == (Outcome.RETURNED, "conflict: shared.txt")
    assert rig.at_origin() == before
    assert state(rig, second) == "returned"


def test_a_returned_request_keeps_its_branch(rig: RigAtWork) -> None:
    rig.asks_to_merge({"bad": "bad\n"})
    turn(rig)
    assert rig.hands.worktrees.resolve(rig.bare, "refs/heads/polecat/slot0/ap-1")


@pytest.mark.parametrize("gate", ["no_such_program_at_all", f"{sys.executable} -c 'import time; time.sleep(60)'"])
def test_a_gate_that_cannot_judge_merges_nothing_and_blames_nobody(rig: RigAtWork, gate: str) -> None:
    rig.setting("gate", gate)
    rig.setting("gate_timeout_s", "0.3")
    before = rig.at_origin()
    mr_id = rig.asks_to_merge({"new.txt": "new\n"})
    assert turn(rig).outcome is Outcome.TROUBLE
    assert rig.at_origin() == before
    row = merging.status(rig.hands, mr_id).row
    assert (row.state, row.gate, row.strikes) == ("queued", "infrastructure", 0)
    town = rig.hands.ledger.read()
    assert town.hook(WORKER) is None
    assert not town.own.mail
    assert turn(rig).outcome is Outcome.NOTHING


def test_trouble_that_goes_on_asks_a_person(rig: RigAtWork) -> None:
    rig.setting("gate", "no_such_program_at_all")
    rig.setting("merge_retries", "1")
    mr_id = rig.asks_to_merge({"new.txt": "new\n"})
    turn(rig)
    assert state(rig, mr_id) == "held"
    (raised,) = rig.hands.ledger.read().own.registers.escalations.values()
    assert raised.key == f"merge:{mr_id}"


def test_an_origin_that_is_gone_is_trouble_outside(rig: RigAtWork, tmp_path: Path) -> None:
    mr_id = rig.asks_to_merge({"new.txt": "new\n"})
    rig.origin.rename(tmp_path / "moved.git")
    assert turn(rig).outcome is Outcome.TROUBLE
    assert state(rig, mr_id) == "queued"


def test_a_target_that_moves_while_the_gate_runs_is_built_anew(rig: RigAtWork, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(rig.origin), str(clone))
    once = tmp_path / "once"
    push = f"git -C {clone} commit --quiet --allow-empty -m Theirs && git -C {clone} push --quiet origin main"
    identity = "GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b"
    rig.setting("gate", f"test -e {once} || {{ touch {once} && export {identity} && {push}; }}")
    mr_id = rig.asks_to_merge({"new.txt": "new\n"})
    moved = turn(rig)
    assert moved.outcome is Outcome.TROUBLE
    assert moved.reason.startswith("moved: ")
    assert "new.txt" not in rig.files_at_origin()
    assert turn(rig).outcome is Outcome.MERGED
    assert state(rig, mr_id) == "merged"
    assert git(rig.origin, "log", "--format=%s", "main").splitlines().count("Theirs") == 1


def test_two_refineries_never_work_on_one_rig(rig: RigAtWork) -> None:
    rig.asks_to_merge({"new.txt": "new\n"})
    with rig.hands.processes.alone(rig.home / "api" / ".beads" / "local" / "refinery.lock") as mine:
        assert mine
        assert turn(rig).reason == "another refinery is at work on this rig"


# ---------------------------------------------------------------------------------------------- by hand


def test_a_held_request_waits_until_it_is_released(rig: RigAtWork) -> None:
    mr_id = rig.asks_to_merge({"new.txt": "new\n"})
    assert "is held" in merging.hold(rig.hands, mr_id, reason="release day").text()
    assert turn(rig).outcome is Outcome.NOTHING
    assert "release day" in merging.list_(rig.hands).text()
    merging.release(rig.hands, "ap-1")
    assert turn(rig).outcome is Outcome.MERGED


def test_a_returned_request_can_be_tried_again_as_it_is(rig: RigAtWork) -> None:
    mr_id = rig.asks_to_merge({"bad": "bad\n"})
    turn(rig)
    rig.setting("gate", "true")
    merging.retry(rig.hands, mr_id)
    assert turn(rig).outcome is Outcome.MERGED
    town = rig.hands.ledger.read()
    assert town.hook(WORKER) is None
    assert town.bead("ap-1").is_closed


def test_a_rejected_request_gives_its_bead_back_and_tells_its_worker(rig: RigAtWork) -> None:
    mr_id = rig.asks_to_merge({"new.txt": "new\n"})
    merging.reject(rig.hands, mr_id, reason="not wanted")
    town = rig.hands.ledger.read()
    assert town.bead("ap-1").state == "open"
    assert [mail.to for mail in town.own.mail.values()] == [(WORKER,)]
    assert turn(rig).outcome is Outcome.NOTHING
    with pytest.raises(Refused):
        merging.hold(rig.hands, mr_id)


def test_what_was_decided_settles_what_was_escalated(rig: RigAtWork) -> None:
    rig.setting("gate", "no_such_program_at_all")
    rig.setting("merge_retries", "1")
    mr_id = rig.asks_to_merge({"new.txt": "new\n"})
    turn(rig)
    merging.release(rig.hands, mr_id)
    (raised,) = rig.hands.ledger.read().own.registers.escalations.values()
    assert raised.state == "resolved"


def test_a_request_that_passed_its_gate_is_not_stopped_in_mid_air(rig: RigAtWork) -> None:
    mr_id = rig.asks_to_merge({"new.txt": "new\n"})
    started = e.MergeStarted(mr_id=mr_id)
    judged = e.MergeGated(mr_id=mr_id, outcome="pass", command="true", commit="c" * 40, tree="t" * 40, duration_s=0.1)
    rig.hands.ledger.record(
        lambda _: [Entry(started, "api"), Entry(judged, "api")], actor="api/refinery", ledgers=("", "api")
    )
    with pytest.raises(Conflict):
        merging.hold(rig.hands, mr_id)
    with pytest.raises(Conflict):
        merging.reject(rig.hands, mr_id, reason="too late")


@pytest.mark.parametrize("word", ["ap-9", "--help", "", "../x"])
def test_an_unknown_request_is_not_found(rig: RigAtWork, word: str) -> None:
    for act in (merging.status, merging.retry, merging.hold, merging.release):
        with pytest.raises(NotFound):
            act(rig.hands, word)


def test_the_list_shows_what_is_over_only_when_asked(rig: RigAtWork) -> None:
    mr_id = rig.asks_to_merge({"new.txt": "new\n"})
    assert f"1  ○ queued  {mr_id}" in merging.list_(rig.hands).text()
    turn(rig)
    assert mr_id not in merging.list_(rig.hands).text()
    (lane,) = merging.list_(rig.hands, all_=True).data()
    assert [(row["id"], row["state"]) for row in lane["rows"]] == [(mr_id, "merged")]
