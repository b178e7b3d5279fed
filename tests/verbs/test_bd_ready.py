"""What may be started: by whose rules, why, of which molecule, with which metadata."""

from __future__ import annotations

import pytest

from tests.verbs.bd import Bd


def _titles(bd: Bd, *words: str) -> list[str]:
    return [bead["title"] for bead in bd.json("ready", *words)]


@pytest.fixture
def held(bd: Bd) -> Bd:
    """A ledger where B waits for A, which has a status of its own: 0.49 lets B go, 1.0 does not."""
    bd("config", "set", "status.custom", "in_review,triage:active")
    one = bd.files("A")
    bd("update", one, "--status", "in_review")
    bd.files("B", "--deps", one)
    return bd


def test_whose_rules_hold_is_said_by_flag_environment_or_configuration(
    held: Bd, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _titles(held) == ["B"] and _titles(held, "--compat", "1.0") == []
    monkeypatch.setenv("BD_COMPAT", "1.0")
    assert _titles(held) == [] and _titles(held, "--compat", "0.49") == ["B"]
    monkeypatch.delenv("BD_COMPAT")
    held("config", "set", "compat", "1.0")
    assert _titles(held) == [] and _titles(held, "--compat", "0.49") == ["B"]
    assert "no rules of generation '2'" in held.refuses("ready", "--compat", "2").err


def test_every_question_about_blocking_takes_the_same_rules(held: Bd) -> None:
    two = held.json("list", "--title", "B")[0]["id"]
    assert held.json("blocked") == [] and held.json("status")["summary"]["blocked_issues"] == 0
    held("config", "set", "compat", "1.0")
    assert [each["id"] for each in held.json("blocked")] == [two]
    assert held.json("status")["summary"]["blocked_issues"] == 1
    assert "blocked by open issues" in held.refuses("close", two).err
    held("config", "set", "compat", "0.49")
    assert held("close", two).code == 0


def test_the_newer_rules_keep_an_epic_open_while_a_child_is(bd: Bd) -> None:
    epic = bd.files("E", "-t", "epic")
    child = bd.files("C", "--parent", epic)
    bd("config", "set", "compat", "1.0")
    assert f"1 of its children are open [{child}]" in bd.refuses("close", epic).err
    assert bd("close", child, epic).lines == [f"✓ Closed {child}: Closed", f"✓ Closed {epic}: Closed"]


def test_the_newer_rules_hand_out_statuses_called_active(held: Bd) -> None:
    third = held.files("C")
    held("update", third, "--status", "triage")
    assert _titles(held) == ["B"] and _titles(held, "--compat", "1.0") == ["C"]


def test_what_is_left_out_on_request(bd: Bd) -> None:
    bd.files("A", "-l", "later")
    bd.files("B", "-t", "bug")
    bd.files("C", "--ephemeral")
    assert sorted(_titles(bd)) == ["A", "B"]
    assert _titles(bd, "--exclude-label", "later") == ["B"] and _titles(bd, "--exclude-type", "bug") == ["A"]
    assert sorted(_titles(bd, "--include-ephemeral")) == ["A", "B", "C"]


def test_metadata_chooses(bd: Bd) -> None:
    bd.files("A", "--metadata", '{"team": "red", "points": 3}')
    bd.files("B", "--metadata", '{"team": "blue"}')
    assert _titles(bd, "--metadata-field", "team=red") == ["A"] and _titles(bd, "--has-metadata-key", "points") == ["A"]
    assert _titles(bd, "--metadata-field", "team=red", "--metadata-field", "points=4") == []
    assert "is not KEY=VALUE" in bd.refuses("ready", "--metadata-field", "team").err


def test_why_each_is_ready_or_not(bd: Bd) -> None:
    one, two = bd.files("A"), bd.files("B")
    three = bd.files("C", "--deps", f"{one},{two}")
    bd("close", one)
    told = bd.json("ready", "--explain")
    assert [each["reason"] for each in told["ready"]] == ["no blocking dependencies"]
    assert [(each["id"], each["blocked_by"]) for each in told["blocked"]] == [
        (three, [{"id": two, "title": "B", "status": "open", "priority": 2}])
    ]
    assert told["summary"] == {"total_ready": 1, "total_blocked": 1, "cycle_count": 0}
    bd("close", two)
    assert bd.json("ready", "--explain")["ready"][0]["resolved_blockers"] == [one, two]
    assert f"everything it waited for is done: {one}, {two}" in bd("ready", "--explain").out


def test_steps_of_one_molecule(bd: Bd) -> None:
    root = bd.files("Release", "-t", "epic")
    one, two = bd.files("A", "--parent", root), bd.files("B", "--parent", root)
    bd.files("C", "--parent", root, "--deps", one)
    told = bd.json("ready", "--mol", root)
    assert (told["molecule_id"], told["total_steps"], told["ready_steps"]) == (root, 3, 2)
    assert [step["issue"]["id"] for step in told["steps"]] == [one, two]
    assert list(told["parallel_groups"].values()) == [[one, two]]
    assert "molecule 'gt-none' not found" in bd.refuses("ready", "--mol", "gt-none").err
    assert bd.json("ready", "--gated") == {"molecules": [], "count": 0}


def test_closing_takes_one_reason_for_all_or_one_for_each(bd: Bd) -> None:
    one, two, three = (bd.files(name) for name in "ABC")
    assert bd("close", one, two, "-r", "first", "-r", "second").lines == [
        f"✓ Closed {one}: first",
        f"✓ Closed {two}: second",
    ]
    four = bd.files("D")
    assert "3 reasons for 2 beads" in bd.refuses("close", three, four, "-r", "a", "-r", "b", "-r", "c").err
    assert bd("close", four, "-r", "a", "-r", "b").lines == [f"✓ Closed {four}: a b"]
    (bd.home / "why").write_text("from a file\n")
    assert bd("close", three, "--reason-file", "why").lines == [f"✓ Closed {three}: from a file"]
