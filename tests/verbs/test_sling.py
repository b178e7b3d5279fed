"""Slinging: the hook first, then worktree and session; and everything that may be missing on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, NotFound, Refused, ToolFailed
from gastown_tui.core.model.ids import Address, BeadId
from gastown_tui.core.verbs.waking import BUSY, rescue_and_remove, rest, wake
from gastown_tui.core.verbs.work import dispatch_waiting, sling, spawn, unsling
from tests.fakes import HOME, FakeTown
from tests.towns import a_bead
from tests.verbs.towns_at_work import a_rig_with

SLOT0 = Address("api/polecats/slot0")
TREE = HOME / "api" / "polecats" / "slot0"


def test_a_bead_slung_to_a_rig_spawns_a_worker_with_worktree_and_session() -> None:
    at = a_rig_with("ap-1")
    slung = sling(at.hands(), ("ap-1", "api"))
    assert slung.text().splitlines()[0] == "Spawned polecat-api-slot0, hooked ap-1"
    assert at.town.bead("ap-1").assignee == SLOT0
    assert at.worktrees.trees[TREE].branch == "polecat/slot0/ap-1"
    assert at.worktrees.fetches == [HOME / "api" / ".repo.git"]
    agent = at.town.agent(SLOT0)
    assert agent is not None
    assert (agent.session, agent.worktree, agent.branch) == ("polecat-api-slot0", str(TREE), "polecat/slot0/ap-1")


def test_a_session_knows_who_it_is_and_what_it_is_for() -> None:
    at = a_rig_with("ap-1")
    sling(at.hands(PATH="/opt/bin"), ("ap-1", "api"))
    spec = at.sessions.panes["polecat-api-slot0"].spec
    hook = at.town.hook(SLOT0)
    assert hook is not None
    expected = {
        "GT_ROLE": SLOT0,
        "GT_RIG": "api",
        "GT_ROOT": str(HOME),
        "GT_BEAD": "ap-1",
        "GT_ASSIGNMENT": hook.assignment_id,
        "BD_ACTOR": SLOT0,
        "BEADS_DIR": str(HOME / "api" / ".beads"),
        "GIT_AUTHOR_NAME": SLOT0,
        "GIT_COMMITTER_NAME": SLOT0,
        "PATH": f"{HOME / 'bin'}:/opt/bin",
    }
    assert {key: spec.env[key] for key in expected} == expected
    assert spec.cwd == TREE
    assert spec.env["GT_SESSION"].startswith(hook.assignment_id)


def test_the_hook_is_set_and_recorded_before_anything_is_started() -> None:
    at = a_rig_with("ap-1")
    sling(at.hands(), ("ap-1", "api"))
    kinds = [event.event_type for event in at.ledger.events]
    assert kinds.index("hook.set") < kinds.index("worktree.opened") < kinds.index("agent.started")
    first = at.ledger.events[0]
    assert {event.tx for event in at.ledger.events if event.event_type in {"hook.set", "bead.created"}} == {first.tx}


def test_slinging_it_again_changes_nothing_and_succeeds() -> None:
    at = a_rig_with("ap-1")
    sling(at.hands(), ("ap-1", "api"))
    before = len(at.ledger.events)
    again = sling(at.hands(), ("ap-1", "api"))
    assert again.beads[0].state == "unchanged"
    assert "already" in again.text()
    assert len(at.ledger.events) == before
    assert at.sessions.log == ["start polecat-api-slot0"]


def test_without_tmux_the_hook_is_set_and_the_reason_said() -> None:
    at = a_rig_with("ap-1")
    at.sessions.trouble = "tmux is not installed"
    slung = sling(at.hands(), ("ap-1", "api"))
    assert slung.code() == 0
    assert "Hooked ap-1 on api/polecats/slot0" in slung.text()
    assert "no session: tmux is not installed; the hook is set" in slung.text()
    assert at.town.hook(SLOT0) is not None
    assert TREE in at.worktrees.trees


def test_a_program_that_is_not_installed_leaves_the_work_on_the_hook() -> None:
    at = a_rig_with("ap-1", runtime="claude")
    at.runtimes.missing.add("claude")
    slung = sling(at.hands(), ("ap-1", "api"))
    assert "claude is not installed" in slung.text()
    assert at.town.hook(SLOT0) is not None
    assert not at.ledger.facts(e.AgentStarted)


def test_an_origin_out_of_reach_does_not_stop_the_work() -> None:
    at = a_rig_with("ap-1")
    at.worktrees.offline = ToolFailed("no network")
    assert sling(at.hands(), ("ap-1", "api")).beads[0].started


def test_an_unknown_runtime_is_refused_before_anything_is_written() -> None:
    at = a_rig_with("ap-1")
    with pytest.raises(NotFound, match="no runtime 'gpt'"):
        sling(at.hands(), ("ap-1", "api"), runtime="gpt")
    assert at.ledger.events == []


@pytest.mark.parametrize(
    ("said", "rig", "role", "used"),
    [
        ("typed", "claude", "claude", "typed"),
        ("", "typed", "claude", "typed"),
        ("", "", "typed", "typed"),
        ("", "", "", "shell"),
    ],
)
def test_the_runtime_is_the_slings_then_the_rigs_then_the_roles_then_the_towns(
    said: str, rig: str, role: str, used: str
) -> None:
    from msgspec.structs import replace

    from gastown_tui.core.model.ids import RigName
    from gastown_tui.core.model.settings import RigSettings

    at = a_rig_with("ap-1")
    at.town.settings = replace(
        at.town.settings,
        roles={"polecat": role} if role else {},
        rigs={RigName("api"): RigSettings(runtime=rig)},
    )
    sling(at.hands(), ("ap-1", "api"), runtime=said)
    agent = at.town.agent(SLOT0)
    assert agent is not None
    assert agent.runtime == used


def test_a_model_is_told_who_it_is_and_to_begin() -> None:
    at = a_rig_with("ap-1", runtime="claude")
    sling(at.hands("mayor"), ("ap-1", "api"))
    argv = at.sessions.panes["polecat-api-slot0"].spec.argv
    assert "polecat slot0 (rig: api)" in argv[-1]
    assert "ap-1" in argv[-1]
    assert "gt prime" in argv[-1]


def test_claudes_hooks_lie_outside_every_project_and_run_the_towns_own_gt() -> None:
    at = a_rig_with("ap-1", runtime="claude")
    sling(at.hands(), ("ap-1", "api"))
    argv = at.sessions.panes["polecat-api-slot0"].spec.argv
    path = Path(argv[argv.index("--settings") + 1])
    assert path.parent == HOME / "deacon"
    text = at.files.texts[path]
    assert f"{HOME}/bin/gt prime --hook" in text
    assert f"{HOME}/bin/gt mail check --inject" in text


def test_a_program_that_takes_no_prompt_gets_it_by_its_bell() -> None:
    at = a_rig_with("ap-1", runtime="typed")
    sling(at.hands(), ("ap-1", "api"))
    bells = [fact for fact in at.ledger.facts(e.NudgeQueued) if isinstance(fact, e.NudgeQueued)]
    assert len(bells) == 1
    assert "gt prime" in bells[0].text


def test_several_beads_go_to_several_workers_at_once() -> None:
    at = a_rig_with("ap-1", "ap-2", "ap-3")
    slung = sling(at.hands(), ("ap-1", "ap-2", "ap-3", "api"))
    assert [each.agent for each in slung.beads] == [f"api/polecats/slot{number}" for number in range(3)]
    assert sorted(at.sessions.panes) == [f"polecat-api-slot{number}" for number in range(3)]


def test_beyond_capacity_the_work_waits_and_is_taken_up_when_there_is_room() -> None:
    at = a_rig_with("ap-1", "ap-2", capacity=1)
    slung = sling(at.hands(), ("ap-1", "ap-2", "api"), args="be quick")
    assert [each.state for each in slung.beads] == ["hooked", "queued"]
    assert "Queued ap-2 for api: all 1 places of api are taken" in slung.text()
    assert dispatch_waiting(at.hands("deacon")) == ()
    unsling(at.hands(), "ap-1", force=True)
    begun = dispatch_waiting(at.hands("deacon"))
    assert [each.bead_id for each in begun] == ["ap-2"]
    hook = at.town.holder("ap-2")
    assert hook is not None
    assert (hook.args, hook.dispatcher) == ("be quick", "overseer")


def test_waiting_work_that_was_closed_is_dropped() -> None:
    at = a_rig_with("ap-1", "ap-2", capacity=1)
    sling(at.hands(), ("ap-1", "ap-2", "api"))
    closed = [e.Entry(e.BeadClosed(bead_id=BeadId("ap-2")), "api")]
    at.ledger.record(lambda _: closed, actor="overseer", ledgers=("api",))
    dispatch_waiting(at.hands("deacon"))
    assert at.town.dispatches() == []


def test_taking_it_oneself_needs_no_worker() -> None:
    at = a_rig_with("ap-1")
    slung = sling(at.hands(), ("ap-1",))
    assert slung.text().splitlines()[0] == "Hooked ap-1 on overseer"
    assert at.sessions.panes == {}


def test_the_mayor_is_woken_for_work_and_rung_when_awake() -> None:
    at = a_rig_with("hq-1", "hq-2")
    assert sling(at.hands(), ("hq-1", "mayor")).beads[0].started
    assert "mayor" in at.sessions.panes
    unsling(at.hands(), "hq-1", force=True)
    assert "mayor" in at.sessions.panes
    slung = sling(at.hands(), ("hq-2", "mayor"))
    assert not slung.beads[0].started
    assert at.sessions.panes["mayor"].sent == ["# overseer: Work hangs on your hook: hq-2. gt hook shows it."]


def test_force_moves_held_work_and_ends_the_session_that_had_it() -> None:
    at = a_rig_with("ap-1", agents=["api/polecats/slot1"])
    sling(at.hands(), ("ap-1", "api"))
    with pytest.raises(Conflict, match="api/polecats/slot0"):
        sling(at.hands(), ("ap-1", "api/polecats/slot1"))
    sling(at.hands(), ("ap-1", "api/polecats/slot1"), force=True)
    assert at.town.hook(SLOT0) is None
    assert at.town.bead("ap-1").assignee == "api/polecats/slot1"
    assert sorted(at.sessions.panes) == ["polecat-api-slot1"]
    assert TREE in at.worktrees.trees


def test_of_two_rivals_for_one_bead_one_wins_and_the_other_is_told_who() -> None:
    at = a_rig_with("ap-1", agents=["api/polecats/slot1"])

    def rival() -> None:
        sling(at.hands("mayor"), ("ap-1", "api/polecats/slot1"))

    at.ledger.before_record = rival
    with pytest.raises(Conflict, match="api/polecats/slot1"):
        sling(at.hands(), ("ap-1", "api/polecats/slot0"))
    assert len(at.ledger.facts(e.HookSet)) == 1


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        ((), BadInput, "sling what"),
        (("ap-9",), NotFound, "ap-9"),
        (("ap-9", "api"), NotFound, "ap-9"),
        (("ap-1", "nowhere"), NotFound, "neither a bead nor a rig nor an agent"),
        (("ap-1", "ap-9", "api"), NotFound, "ap-9"),
        (("nonsense",), NotFound, "there is no bead 'nonsense'"),
        (("--help", "api"), NotFound, "--help"),
        (("../x", "api"), NotFound, "x"),
        (("ap-1", "api/polecats/.."), (BadInput, NotFound), "polecats"),
        (("hq-1", "api"), Refused, "belongs to the town"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_written(
    words: tuple[str, ...], kind: type[Exception], said: str
) -> None:
    at = a_rig_with("ap-1", "hq-1")
    with pytest.raises(kind, match=said):
        sling(at.hands(), words)
    assert at.ledger.events == []
    assert at.sessions.panes == {}


FORMULA = 'formula = "shiny"\n[[steps]]\nid = "design"\n[[steps]]\nid = "build"\ntitle = "Build {{feature}}"\n'


def a_rig_with_a_formula() -> FakeTown:
    at = a_rig_with(a_bead("ap-1", "Add login"))
    at.files.write_text(HOME / "api" / ".beads" / "formulas" / "shiny.formula.toml", FORMULA)
    return at


def test_a_formula_of_the_target_rig_is_poured_and_slung_as_work_of_its_own() -> None:
    at = a_rig_with_a_formula()
    slung = sling(at.hands(), ("shiny", "api"), var=("feature=search",))
    [one] = slung.beads
    assert one.bead_id == one.molecule_id and one.bead_id.startswith("ap-mol-") and one.formula == "shiny"
    assert at.town.bead(f"{one.bead_id}.2").title == "Build search"
    assert slung.text().splitlines()[:2] == [
        f"Spawned polecat-api-slot0, hooked {one.bead_id}",
        f"  molecule {one.bead_id} of shiny poured",
    ]
    assert len({event.tx for event in at.ledger.events[:6]}) == 1, "poured and hooked in one transaction"


def test_a_formula_is_poured_onto_a_bead_which_is_slung() -> None:
    at = a_rig_with_a_formula()
    [one] = sling(at.hands(), ("shiny", "api"), on="ap-1").beads
    assert one.bead_id == "ap-1" and at.town.bead(f"{one.molecule_id}.2").title == "Build Add login"
    before = len(at.ledger.events)
    [again] = sling(at.hands(), ("shiny", "api"), on="ap-1").beads
    assert again.state == "unchanged" and len(at.ledger.events) == before


def test_a_rehearsed_sling_of_a_formula_records_nothing() -> None:
    at = a_rig_with_a_formula()
    plan = sling(at.hands(), ("shiny", "api"), on="ap-1", dry_run=True)
    assert plan.text().splitlines()[0] == "Would hook ap-1 on api/polecats/slot0"
    assert at.ledger.events == []


@pytest.mark.parametrize(
    ("words", "options", "kind", "said"),
    [
        (("ap-1", "api"), {"var": ("a=b",)}, BadInput, "--var belongs to a formula"),
        (("shiny", "api"), {}, BadInput, "the variable feature has no value"),
        (("shiny", "api"), {"on": "ap-9"}, NotFound, "there is no bead 'ap-9'"),
        (("shy", "api"), {"on": "ap-1"}, NotFound, "there is no formula 'shy'"),
        (("shy", "api"), {}, NotFound, "there is no bead 'shy'"),
        (("ap-1", "shiny"), {"on": "ap-1", "to": "api"}, BadInput, "one formula at a time"),
    ],
)
def test_formulas_that_cannot_be_slung_are_refused_and_nothing_is_written(
    words: tuple[str, ...], options: dict[str, Any], kind: type[Exception], said: str
) -> None:
    at = a_rig_with_a_formula()
    with pytest.raises(kind, match=said):
        sling(at.hands(), words, **options)
    assert at.ledger.events == []


def test_a_dry_run_says_what_would_be_done_and_does_nothing() -> None:
    at = a_rig_with("ap-1", "ap-2", capacity=1)
    plan = sling(at.hands(), ("ap-1", "ap-2", "api"), dry_run=True)
    assert plan.text().splitlines()[0] == "Would hook ap-1 on api/polecats/slot0"
    assert [each.state for each in plan.beads] == ["would hook", "would queue"]
    assert at.ledger.events == []


def test_spawn_is_another_word_for_slinging_to_the_beads_rig() -> None:
    at = a_rig_with("ap-1")
    assert spawn(at.hands(), issue="ap-1").beads[0].agent == SLOT0


# ---------------------------------------------------------------------------------------------- waking and rest


def slung_town() -> FakeTown:
    at = a_rig_with("ap-1", "ap-2")
    sling(at.hands(), ("ap-1", "api"))
    return at


def test_waking_twice_wakes_once() -> None:
    at = slung_town()
    events = len(at.ledger.events)
    woken = wake(at.hands("deacon"), SLOT0)
    assert (woken.session, woken.started, woken.reason) == ("polecat-api-slot0", False, "")
    assert len(at.ledger.events) == events


def test_a_worker_whose_program_ended_gets_a_fresh_session() -> None:
    at = slung_town()
    first = at.sessions.panes["polecat-api-slot0"].incarnation
    at.sessions.panes["polecat-api-slot0"].mode = "dead"
    woken = wake(at.hands("deacon"), SLOT0)
    assert woken.started
    assert woken.incarnation != first
    agent = at.town.agent(SLOT0)
    assert agent is not None
    assert agent.starts == 2


def test_a_start_that_was_never_recorded_is_recorded_by_whoever_comes_next() -> None:
    at = slung_town()
    agent = at.town.agent(SLOT0)
    assert agent is not None
    del at.town.own.registers.agents[SLOT0]
    wake(at.hands("deacon"), SLOT0)
    known = at.town.agent(SLOT0)
    assert known is not None
    assert known.incarnation == agent.incarnation
    assert at.sessions.log == ["start polecat-api-slot0"]


def test_a_session_left_from_older_work_makes_way() -> None:
    at = slung_town()
    old = at.sessions.panes["polecat-api-slot0"]
    done = [
        e.Entry(
            e.HookCleared(
                agent=SLOT0,
                previous_ref=BeadId("ap-1"),
                assignment_id=at.town.hooks()[SLOT0].assignment_id,
                to_status="closed",
            ),
            "api",
        )
    ]
    at.ledger.record(lambda _: done, actor="overseer", ledgers=("api",))
    sling(at.hands(), ("ap-2", "api/polecats/slot0"))
    assert at.sessions.panes["polecat-api-slot0"] is not old
    assert at.sessions.log == ["start polecat-api-slot0", "stop polecat-api-slot0", "start polecat-api-slot0"]
    assert at.worktrees.trees[TREE].branch == "polecat/slot0/ap-2"
    assert [path for path, _ in at.worktrees.rescued] == [TREE]


def test_a_session_the_town_did_not_start_is_never_touched() -> None:
    at = a_rig_with("ap-1")
    foreign = at.sessions.run_foreign("polecat-api-slot0")
    slung = sling(at.hands(), ("ap-1", "api"))
    assert "was not started by the town" in slung.text()
    assert at.sessions.panes["polecat-api-slot0"] is foreign


def test_the_worktree_of_the_same_work_is_kept_with_all_that_is_in_it() -> None:
    at = slung_town()
    at.worktrees.trees[TREE].changed.append("half.py")
    at.worktrees.trees[TREE].branch = ""
    at.sessions.panes.clear()
    wake(at.hands("deacon"), SLOT0)
    assert at.worktrees.trees[TREE].changed == ["half.py"]
    assert at.worktrees.rescued == []


def test_work_that_cannot_be_rescued_keeps_its_worktree() -> None:
    at = slung_town()
    unsling(at.hands(), "ap-1", force=True)
    at.worktrees.trees[TREE].changed.append("half.py")
    at.worktrees.full = ToolFailed("no space left")
    with pytest.raises(ToolFailed):
        rescue_and_remove(at.hands(), SLOT0, "test")
    slung = sling(at.hands(), ("ap-2", "api/polecats/slot0"))
    assert "no space left" in slung.text()
    assert at.worktrees.trees[TREE].changed == ["half.py"]


def test_who_wakes_second_leaves_it_to_the_first() -> None:
    at = slung_town()
    from gastown_tui.core.verbs.waking import lock_file

    at.processes.locked.add(lock_file(at.hands(), "wake", SLOT0))
    assert wake(at.hands("deacon"), SLOT0).reason == BUSY
    at.clock.on_sleep = at.processes.locked.clear
    assert wake(at.hands("deacon"), SLOT0, patience_s=5).reason == ""


def test_work_taken_off_while_its_session_starts_leaves_no_session_behind() -> None:
    at = a_rig_with("ap-1")
    sling(at.hands(), ("ap-1",), to="api")
    at.sessions.panes.clear()
    hook = at.town.hook(SLOT0)
    assert hook is not None
    freed = [e.Entry(e.HookCleared(agent=SLOT0, previous_ref=BeadId("ap-1"), assignment_id=hook.assignment_id), "api")]

    def rival() -> None:
        at.ledger.record(lambda _: freed, actor="overseer", ledgers=("api",))

    at.ledger.before_record = rival
    woken = wake(at.hands("deacon"), SLOT0)
    assert "taken off the hook" in woken.reason
    assert at.sessions.panes == {}


def test_rest_ends_only_the_session_it_means() -> None:
    at = slung_town()
    incarnation = at.sessions.panes["polecat-api-slot0"].incarnation
    assert not rest(at.hands(), SLOT0, "test", incarnation="older").ended
    assert "polecat-api-slot0" in at.sessions.panes
    assert rest(at.hands(), SLOT0, "test", incarnation=incarnation).ended
    assert at.sessions.panes == {}
    agent = at.town.agent(SLOT0)
    assert agent is not None
    assert (agent.state, agent.note, agent.session) == ("stopped", "test", "")
    assert at.town.hook(SLOT0) is not None


# ---------------------------------------------------------------------------------------------- unsling


def test_unsling_frees_bead_and_worker_and_keeps_the_work() -> None:
    at = slung_town()
    with pytest.raises(Refused, match="at work"):
        unsling(at.hands(), "api/slot0")
    freed = unsling(at.hands(), "ap-1", force=True)
    assert freed.text() == "Unslung ap-1 from api/polecats/slot0; it is open again"
    assert at.town.bead("ap-1").status == "open"
    assert at.sessions.panes == {}
    assert TREE in at.worktrees.trees


def test_unsling_with_nothing_named_is_about_ones_own_hook() -> None:
    at = a_rig_with("ap-1")
    sling(at.hands(), ("ap-1",))
    assert unsling(at.hands()).agent == "overseer"
    with pytest.raises(NotFound, match="hook of overseer"):
        unsling(at.hands())


def test_the_same_work_goes_back_to_where_it_was_begun() -> None:
    at = a_rig_with(a_bead("ap-1"), "ap-2")
    sling(at.hands(), ("ap-1", "ap-2", "api"))
    at.worktrees.trees[HOME / "api" / "polecats" / "slot1"].changed.append("half.py")
    unsling(at.hands(), "ap-2", force=True)
    unsling(at.hands(), "ap-1", force=True)
    slung = sling(at.hands(), ("ap-2", "api"))
    assert slung.beads[0].agent == "api/polecats/slot1"
    assert at.worktrees.trees[HOME / "api" / "polecats" / "slot1"].changed == ["half.py"]
