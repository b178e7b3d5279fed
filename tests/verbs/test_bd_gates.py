"""Gates that GitHub decides, with a program `gh` that answers as the real one does."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gastown_tui.core.errors import BadInput
from gastown_tui.core.rules import gates
from tests.places import git
from tests.verbs.bd import Bd

_GH = """#!/bin/sh
cat "{answers}/$1-$2-$3" 2>/dev/null || {{ echo "no such thing: $*" >&2; exit 1; }}
"""


class GitHub:
    """What `gh` says, by its first three words."""

    def __init__(self, place: Path) -> None:
        self._answers = place

    def says(self, *words: str, answer: Any) -> None:
        (self._answers / "-".join(words)).write_text(json.dumps(answer))


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitHub:
    answers, programs = tmp_path / "answers", tmp_path / "bin"
    answers.mkdir()
    programs.mkdir()
    (programs / "gh").write_text(_GH.format(answers=answers))
    (programs / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return GitHub(answers)


def _gate(bd: Bd, kind: str, await_id: str) -> str:
    held = bd.files("Held")
    gate: str = bd.json("gate", "create", "--type", kind, "--await-id", await_id, "--blocks", held)["id"]
    return gate


def test_a_run_or_a_pull_request_that_went_well_opens_its_gate(bd: Bd, github: GitHub) -> None:
    run, pull = _gate(bd, "gh:run", "77"), _gate(bd, "gh:pr", "#12")
    github.says("run", "view", "77", answer={"status": "in_progress", "conclusion": "", "name": "CI"})
    github.says("pr", "view", "12", answer={"state": "OPEN", "title": "Add"})
    lines = bd("gate", "check").lines
    assert f"… {run}: pending - workflow 'CI' is in_progress" in lines
    assert f"… {pull}: pending - PR 'Add' is open" in lines
    github.says("run", "view", "77", answer={"status": "completed", "conclusion": "success", "name": "CI"})
    github.says("pr", "view", "12", answer={"state": "MERGED", "title": "Add"})
    assert bd.json("gate", "check", "--dry-run")["resolved"] == 2
    assert bd.json("gate", "check", "-t", "gh:pr")["resolved"] == 1
    assert bd.json("gate", "check")["resolved"] == 1
    assert bd.json("show", run)[0]["close_reason"] == "workflow 'CI' succeeded"
    assert len(bd.json("ready")) == 2


def test_what_went_wrong_keeps_its_gate_shut_and_is_told_once(bd: Bd, github: GitHub) -> None:
    run, pull = _gate(bd, "gh:run", "77"), _gate(bd, "gh:pr", "12")
    github.says("run", "view", "77", answer={"status": "completed", "conclusion": "failure", "name": "CI"})
    github.says("pr", "view", "12", answer={"state": "CLOSED", "title": "Add"})
    assert bd.json("gate", "check")["escalated"] == 0
    for _ in range(2):
        assert bd.json("gate", "check", "--escalate")["escalated"] == 2
    assert [each["text"] for each in bd.json("comments", run)] == [
        f"gate {run} will not open by itself: workflow 'CI' ended in failure"
    ]
    assert len(bd.json("gate", "list")) == 2 and "closed without merging" in bd.json("comments", pull)[0]["text"]


def test_what_github_cannot_tell_is_an_error_and_nothing_opens(bd: Bd, github: GitHub) -> None:
    gate = _gate(bd, "gh:run", "77")
    answer = bd("gate", "check")
    assert f"✗ {gate}: error - gh failed: no such thing: run view 77" in answer.out
    assert answer.lines[-1] == "Checked 1 gates: 0 resolved, 0 escalated, 1 errors"
    for text in ("[]", "nothing", "3"):
        with pytest.raises(BadInput, match="gh answered something else"):
            gates.judge_run(text)


def test_without_gh_the_gate_says_so(bd: Bd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = _gate(bd, "gh:pr", "3")
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(bare))
    assert f"✗ {gate}: error - the program gh is not installed" in bd("gate", "check").out


def test_runs_are_found_by_their_workflows_name(bd: Bd, github: GitHub) -> None:
    git(bd.home, "init", "-q", "-b", "main")
    git(bd.home, "commit", "-q", "--allow-empty", "-m", "First")
    named, any_ = _gate(bd, "gh:run", "release.yml"), _gate(bd, "gh:run", "")
    assert f"… {named}: pending - no run of release.yml is known yet: bd gate discover" in bd("gate", "check").out
    now = datetime.now(UTC)
    runs = [
        {"databaseId": number, "workflowName": name, "createdAt": (now - timedelta(minutes=age)).isoformat()}
        for number, name, age in ((1, "release", 90), (2, "Release", 5), (3, "CI", 2))
    ]
    github.says("run", "list", "--branch", answer=runs)
    assert bd.json("gate", "discover", "--dry-run")["discovered"] == 2
    told = bd.json("gate", "discover")
    assert {each["gate_id"]: each["run_id"] for each in told["matches"]} == {named: "2", any_: "3"}
    assert bd.json("gate", "show", named)["await_id"] == "2"
    assert bd.json("gate", "discover") == {"discovered": 0, "matches": []}


def test_no_run_is_taken_twice_and_old_ones_are_left_alone(bd: Bd, github: GitHub) -> None:
    _gate(bd, "gh:run", "CI")
    _gate(bd, "gh:run", "CI")
    old = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    github.says("run", "list", "--branch", answer=[{"databaseId": 1, "workflowName": "CI", "createdAt": old}])
    assert bd.json("gate", "discover", "-b", "main")["discovered"] == 0
    assert bd.json("gate", "discover", "-b", "main", "--max-age", "2h")["discovered"] == 1
    assert bd.json("gate", "discover", "-b", "main", "-a", "2h")["discovered"] == 0
    assert bd.refuses("gate", "discover", "--branch=-x").code == 2
