"""Looking at agents, going to them, and taking workers away."""

from __future__ import annotations

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, NotFound, Refused, ToolFailed
from gastown_tui.core.model.ids import Address
from gastown_tui.core.verbs.agents import agents, attach, mayor_attach, peek, respawn, witness_attach
from gastown_tui.core.verbs.exits import done
from gastown_tui.core.verbs.polecats import polecat_list, polecat_nuke
from gastown_tui.core.verbs.prime import prime
from gastown_tui.core.verbs.work import sling, unsling
from tests.fakes import HOME, FakeTown
from tests.verbs.towns_at_work import a_rig_with

SLOT0 = Address("api/polecats/slot0")
SESSION = "polecat-api-slot0"
TREE = HOME / "api" / "polecats" / "slot0"


@pytest.fixture
def at() -> FakeTown:
    at = a_rig_with("ap-1", "ap-2", agents=["api/crew/max"])
    sling(at.hands("mayor"), ("ap-1", "api"))
    return at


# ---------------------------------------------------------------------------------------------- lists


def test_the_list_shows_who_holds_what_and_how_they_fare(at: FakeTown) -> None:
    prime(at.hands_in(SESSION))
    shown = agents(at.hands())
    mine = next(line for line in shown.agents if line.address == SLOT0)
    assert (mine.state, mine.bead_id, mine.session, mine.rig) == ("working", "ap-1", SESSION, "api")
    assert {line.address for line in shown.agents} >= {"mayor", "deacon", "api/witness", "api/crew/max"}
    row = next(row for row in shown.text().splitlines() if row.startswith(SLOT0))
    assert "working" in row
    assert "ap-1" in row


def test_the_lists_columns_line_up(at: FakeTown) -> None:
    rows = agents(at.hands()).text().splitlines()
    lines = agents(at.hands()).agents
    assert len({row.index(line.state, len(line.address)) for row, line in zip(rows, lines, strict=True)}) == 1


def test_idle_workers_without_a_session_are_left_out_unless_asked_for(at: FakeTown) -> None:
    unsling(at.hands(), "ap-1", force=True)
    assert SLOT0 not in [line.address for line in agents(at.hands()).agents]
    assert SLOT0 in [line.address for line in agents(at.hands(), all_=True).agents]


def test_what_cannot_be_seen_is_unknown_and_said_so(at: FakeTown) -> None:
    at.sessions.mute = ToolFailed("tmux does not answer")
    shown = agents(at.hands())
    assert shown.warnings() == ("tmux does not answer",)
    assert next(line for line in shown.agents if line.address == SLOT0).state == "unknown"


def test_a_rig_nobody_has_is_not_found(at: FakeTown) -> None:
    with pytest.raises(NotFound, match="no rig 'web'"):
        agents(at.hands(), "web")


def test_workers_are_listed_in_the_documents_words(at: FakeTown) -> None:
    prime(at.hands_in(SESSION))
    assert polecat_list(at.hands()).text().startswith("slot0: ACTIVE (working)")
    at.clock.advance(900)
    assert polecat_list(at.hands(), "api").text().startswith("slot0: ACTIVE (")
    assert "15m" in polecat_list(at.hands(), "api").text()


def test_a_worker_whose_work_waits_to_be_merged_is_in_review(at: FakeTown) -> None:
    at.worktrees.commit(TREE)
    done(at.hands_in(SESSION))
    assert polecat_list(at.hands()).text() == "slot0: REVIEW (ap-1 waits to be merged)"
    assert polecat_list(at.hands()).data()[0]["reviewing"] == "ap-1"


def test_a_rig_without_workers_says_how_to_get_one() -> None:
    assert "gt sling" in polecat_list(a_rig_with("ap-1").hands()).text()


# ---------------------------------------------------------------------------------------------- peek


def test_a_peek_shows_the_last_lines_of_the_screen(at: FakeTown) -> None:
    at.sessions.panes[SESSION].shown += [f"line {number}" for number in range(200)]
    shown = peek(at.hands(), "slot0", 5)
    assert shown.lines == ("line 196", "line 197", "line 198", "line 199", "gastown worker ▸ ")
    assert len(peek(at.hands(), "slot0", lines=50).lines) == 50


def test_what_a_program_left_behind_can_still_be_read(at: FakeTown) -> None:
    pane = at.sessions.panes[SESSION]
    pane.shown += ["the last words", "", "", "Pane is dead (status 3, Sat Nov 21 08:34:51 2026)"]
    pane.mode, pane.exit_status = "dead", 3
    shown = peek(at.hands(), "slot0")
    assert shown.lines == ("the last words",)
    assert shown.warnings() == ("the program of api/polecats/slot0 has ended with status 3",)


def test_nobody_without_a_session_can_be_peeked_at(at: FakeTown) -> None:
    with pytest.raises(NotFound, match="mayor has no session"):
        peek(at.hands(), "mayor")
    at.sessions.trouble = "tmux is not installed"
    with pytest.raises(ToolFailed, match="tmux is not installed"):
        peek(at.hands(), "slot0")


# ---------------------------------------------------------------------------------------------- attach


def test_attaching_hands_the_terminal_over(at: FakeTown) -> None:
    gone = attach(at.hands(), "slot0")
    assert gone.argv == ("tmux", "attach-session", "-t", f"={SESSION}")
    assert not gone.started


def test_inside_the_towns_own_tmux_attaching_switches_over(at: FakeTown) -> None:
    inside = at.hands(TMUX=f"{at.sessions.socket},123,0")
    assert attach(inside, "slot0").argv[1] == "switch-client"
    elsewhere = at.hands(TMUX="/tmp/tmux-1000/default,123,0")
    assert attach(elsewhere, "slot0").argv[1] == "attach-session"


def test_attaching_starts_a_session_that_does_not_run(at: FakeTown) -> None:
    assert mayor_attach(at.hands()).started
    assert "mayor" in at.sessions.panes
    assert witness_attach(at.hands()).session == "witness-api"
    assert not mayor_attach(at.hands()).started


def test_a_worker_without_work_has_nowhere_to_go_to(at: FakeTown) -> None:
    unsling(at.hands(), "ap-1", force=True)
    with pytest.raises(Refused, match="nothing hangs on its hook"):
        attach(at.hands(), "slot0")
    with pytest.raises(Refused, match="overseer is a person"):
        attach(at.hands(), "overseer")


def test_without_tmux_attaching_says_so(at: FakeTown) -> None:
    at.sessions.trouble = "tmux is not installed"
    with pytest.raises(ToolFailed, match="tmux is not installed"):
        attach(at.hands(), "mayor")


def test_respawning_gives_a_fresh_session_for_the_same_work(at: FakeTown) -> None:
    before = at.sessions.panes[SESSION].incarnation
    assert respawn(at.hands(), "slot0").text() == f"Respawned {SESSION}"
    assert at.sessions.panes[SESSION].incarnation != before
    with pytest.raises(Conflict):
        respawn(at.hands(), "slot0", incarnation=before)


# ---------------------------------------------------------------------------------------------- nuke


def test_a_worker_that_holds_work_is_not_taken_away_lightly(at: FakeTown) -> None:
    with pytest.raises(Refused, match="holds ap-1"):
        polecat_nuke(at.hands(), "slot0")
    assert SESSION in at.sessions.panes


def test_taking_a_worker_away_frees_its_work_and_keeps_every_byte(at: FakeTown) -> None:
    at.worktrees.trees[TREE].changed.append("half.py")
    gone = polecat_nuke(at.hands(), "slot0", force=True)
    assert gone.bead_id == "ap-1"
    assert at.town.bead("ap-1").status == "open"
    assert at.sessions.panes == {}
    assert TREE not in at.worktrees.trees
    (path, ref), *_ = at.worktrees.rescued
    assert path == TREE
    assert at.worktrees.refs[HOME / "api" / ".repo.git"][ref] == gone.rescued
    assert at.town.agent(SLOT0) is None


def test_nothing_is_removed_that_could_not_be_rescued(at: FakeTown) -> None:
    at.worktrees.full = ToolFailed("no space left")
    with pytest.raises(ToolFailed):
        polecat_nuke(at.hands(), "slot0", force=True)
    assert TREE in at.worktrees.trees


def test_a_removal_that_was_interrupted_is_finished_by_saying_it_again(at: FakeTown) -> None:
    at.worktrees.full = ToolFailed("no space left")
    with pytest.raises(ToolFailed):
        polecat_nuke(at.hands(), "slot0", force=True)
    at.worktrees.full = None
    assert polecat_nuke(at.hands(), "slot0", force=True).rescued
    assert TREE not in at.worktrees.trees


@pytest.mark.parametrize("what", ["uncommitted", "unmerged"])
def test_a_worktree_with_something_in_it_is_not_removed_unless_forced(at: FakeTown, what: str) -> None:
    unsling(at.hands(), "ap-1", force=True)
    if what == "uncommitted":
        at.worktrees.trees[TREE].changed.append("half.py")
    else:
        at.worktrees.commit(TREE)
    with pytest.raises(Refused, match=r"not committed|nobody merged"):
        polecat_nuke(at.hands(), "slot0")
    assert polecat_nuke(at.hands(), "slot0", force=True).rescued


def test_a_worker_in_review_may_go_its_branch_is_in_the_queue(at: FakeTown) -> None:
    at.worktrees.commit(TREE)
    done(at.hands_in(SESSION))
    polecat_nuke(at.hands(), "slot0")
    merge = at.town.merge_for("ap-1")
    assert merge is not None
    assert merge.is_open


def test_a_worker_that_took_work_meanwhile_is_left_alone(at: FakeTown) -> None:
    unsling(at.hands(), "ap-1", force=True)

    def rival() -> None:
        sling(at.hands("mayor"), ("ap-2", "api/polecats/slot0"))

    at.ledger.before_record = rival
    with pytest.raises(Refused, match="took ap-2 meanwhile"):
        polecat_nuke(at.hands(), "slot0")
    assert SESSION in at.sessions.panes
    assert at.town.agent(SLOT0) is not None


def test_only_workers_are_taken_away(at: FakeTown) -> None:
    for name in ("mayor", "api/crew/max"):
        with pytest.raises(BadInput, match="is not a worker"):
            polecat_nuke(at.hands(), name)
    assert not at.ledger.facts(e.AgentRetired)


def test_a_worker_taken_away_can_be_made_again(at: FakeTown) -> None:
    polecat_nuke(at.hands(), "slot0", force=True)
    slung = sling(at.hands(), ("ap-1", "api"))
    assert slung.beads[0].agent == SLOT0
    assert slung.beads[0].started
