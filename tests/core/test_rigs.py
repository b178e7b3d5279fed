"""Rigs: their names, prefixes and gates, and who comes and goes with them."""

from __future__ import annotations

import json

import pytest

from gastown_tui.core.errors import BadInput, Conflict, GastownError, NotFound, Refused
from gastown_tui.core.model.ids import RigName
from gastown_tui.core.rules import rigs
from gastown_tui.core.rules.rigs import NewRig
from tests.towns import a_bead, a_hook, a_town, after

API = NewRig(name="api", prefix="ap", url="/r/api.git", default_branch="main")


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("gastown", "gt"),
        ("my_project", "mp"),
        ("one_two_three", "ott"),
        ("api", "api"),
        ("web", "web"),
        ("frontend", "fr"),
        ("thing_py", "th"),
        ("Widgets", "wi"),
        ("x", "x"),
        ("port", "po"),
    ],
)
def test_a_prefix_is_short_and_made_from_the_name(name: str, prefix: str) -> None:
    assert rigs.derive_prefix(name, ()) == prefix


def test_a_derived_prefix_is_never_one_that_is_taken() -> None:
    taken = {"hq"}
    for name in ("frontend", "frontdesk", "fridge", "api", "apis", "x", "x_x", "gastown", "gatown"):
        prefix = rigs.derive_prefix(name, taken)
        assert prefix not in taken
        taken.add(prefix)


def test_joining_brings_a_witness_and_a_refinery() -> None:
    town = after(a_town(), rigs.join(a_town(), API))
    assert town.rig("api").prefix == "ap"
    assert {"api/witness", "api/refinery"} <= {agent.address for agent in town.agents()}


@pytest.mark.parametrize("name", ["my-rig", "../x", "-x", "a b", "", "mayor", "crew", "Witness", "é", "x" * 41, "a/b"])
def test_a_name_that_is_a_path_an_option_or_a_word_of_the_town_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        rigs.check_new_name(a_town(), name)


@pytest.mark.parametrize("name", ["api", "API"])
def test_a_rig_joins_once(name: str) -> None:
    with pytest.raises(Conflict):
        rigs.check_new_name(a_town(rigs={"api": "ap"}), name)


@pytest.mark.parametrize("prefix", ["hq", "HQ-", "ap", "AP"])
def test_two_ledgers_never_share_a_prefix(prefix: str) -> None:
    with pytest.raises(Conflict):
        rigs.check_prefix(a_town(rigs={"api": "ap"}), prefix)


@pytest.mark.parametrize("prefix", ["hq-cv", "", "9x", "a b", "-", "x" * 21, "a--", "../"])
def test_a_prefix_that_cannot_be_routed_is_refused(prefix: str) -> None:
    with pytest.raises(BadInput):
        rigs.check_prefix(a_town(), prefix)


@pytest.mark.parametrize(
    ("config", "issues", "prefix"),
    [
        ("issue-prefix: abc\n", '{"id":"zz-1"}', "abc"),
        ("# issue-prefix: no\nissue_prefix: 'my-app'\n", "", "my-app"),
        ("", '{"id":"ap-1"}\n{"id":"ap-a1b2"}\n{"id":"zz-1"}\nnot json\n', "ap"),
        ("", "", ""),
    ],
)
def test_a_projects_own_ledger_gives_the_prefix(config: str, issues: str, prefix: str) -> None:
    assert rigs.tracked_prefix(config, issues) == prefix


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"Makefile": "all:\n\ntest: build\n\tgo test\n", "go.mod": ""}, "make test"),
        ({"Makefile": "TEST := 1\ntest := no\nbuild:\n"}, ""),
        ({"package.json": json.dumps({"scripts": {"test": "vitest"}})}, "npm test"),
        ({"package.json": json.dumps({"scripts": {"test": 'echo "Error: no test specified" && exit 1'}})}, ""),
        ({"package.json": "[[[["}, ""),
        ({"Cargo.toml": ""}, "cargo test"),
        ({"go.mod": ""}, "go test ./..."),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, "pytest -q"),
        ({"conftest.py": ""}, "pytest -q"),
        ({"pyproject.toml": "[project]\n"}, ""),
        ({}, ""),
    ],
)
def test_a_gate_is_guessed_only_when_it_is_evident(files: dict[str, str], command: str) -> None:
    guess = rigs.guess_gate(files)
    assert guess.command == command
    assert bool(guess.because) == bool(command)


def test_leaving_retires_the_agents_and_keeps_the_beads() -> None:
    town = a_town(rigs={"api": "ap"}, agents=["api/crew/max"], beads=["ap-1"])
    gone = after(town, rigs.leave(town, "api"))
    assert list(gone.rigs()) == []
    assert {agent.address for agent in gone.agents()} == {"mayor", "deacon"}
    assert "ap-1" in gone.ledgers["api"].beads


def test_a_rig_at_work_leaves_only_by_force() -> None:
    worker = "api/polecats/slot0"
    town = a_town(
        rigs={"api": "ap"}, agents=[worker], beads=[a_bead("ap-1", status="hooked")], hooks=[a_hook(worker, "ap-1")]
    )
    with pytest.raises(Refused, match="ap-1 hangs"):
        rigs.leave(town, "api")
    assert rigs.leave(town, "api", force=True)


def test_pausing_and_resuming_are_done_once() -> None:
    town = a_town(rigs={"api": "ap"})
    paused = after(town, rigs.pause(town, "api", "release\nfreeze"))
    assert paused.rig("api").paused == "release freeze"
    assert rigs.pause(paused, "api") == ()
    resumed = after(paused, rigs.resume(paused, "api"))
    assert resumed.rig("api").paused == ""
    assert rigs.resume(resumed, "api") == ()


@pytest.mark.parametrize("act", [rigs.leave, rigs.pause, rigs.resume])
def test_a_rig_there_is_not_is_named(act: object) -> None:
    with pytest.raises(NotFound, match="nope"):
        act(a_town(), "nope")  # type: ignore[operator]


@pytest.mark.parametrize("name", ["slot0", "crew", "mayor", "../x", "a-b", ""])
def test_a_crew_member_has_a_name_of_their_own(name: str) -> None:
    with pytest.raises(BadInput):
        rigs.check_crew_name(a_town(rigs={"api": "ap"}), RigName("api"), name)


@pytest.mark.parametrize("taken", ["api/crew/max", "api/polecats/Max"])
def test_nobody_of_a_rig_shares_a_name(taken: str) -> None:
    with pytest.raises(Conflict):
        rigs.check_crew_name(a_town(rigs={"api": "ap"}, agents=[taken]), RigName("api"), "max")


def test_a_crew_member_joins_with_a_place_to_work() -> None:
    town = a_town(rigs={"api": "ap", "web": "we"}, agents=["web/crew/max"])
    address = rigs.check_crew_name(town, RigName("api"), "max")
    enlisted = after(town, rigs.enlist(town, address, "/gt/api/crew/max")).agent(address)
    assert enlisted is not None
    assert enlisted.worktree == "/gt/api/crew/max"


def test_a_refusal_says_what_to_do() -> None:
    with pytest.raises(GastownError) as refused:
        rigs.check_prefix(a_town(), "hq")
    assert "--prefix" in refused.value.hint
