"""Beads as they were: at a moment of the log, and at a commit of git."""

from __future__ import annotations

import json

import pytest

from tests.places import git
from tests.verbs.bd import Bd


def test_a_bead_as_the_log_had_it(bd: Bd) -> None:
    one = bd.files("First title")
    [filed] = [row["timestamp"] for row in bd.json("activity")]
    bd("update", one, "--title", "Second title", "--status", "in_progress")
    bd("close", one)
    then = bd.json("show", one, "--as-of", filed)[0]
    assert (then["title"], then["status"]) == ("First title", "open")
    assert bd.json("show", one)[0]["status"] == "closed"
    assert "First title" in bd("show", one, "--as-of", filed, "--short").out
    assert "was not there yet at yesterday" in bd.refuses("show", one, "--as-of", "yesterday").err


def test_a_bead_as_a_commit_had_it(bd: Bd) -> None:
    git(bd.home, "init", "-q", "-b", "main")
    one = bd.files("First title")
    git(bd.home, "add", "--force", ".beads/issues.jsonl")
    git(bd.home, "commit", "-q", "-m", "Beads")
    two = bd.files("Later")
    bd("update", one, "--title", "Second title")
    assert bd.json("show", one, "--as-of", "HEAD")[0]["title"] == "First title"
    assert f"commit HEAD has no bead {two}" in bd.refuses("show", two, "--as-of", "HEAD").err
    for odd in ("nonsense", "-x"):
        assert "neither a time nor a commit" in bd.refuses("show", one, f"--as-of={odd}").err


def test_a_second_swarm_is_refused_in_the_known_shape(bd: Bd) -> None:
    epic = bd.files("E", "-t", "epic")
    bd.files("C", "--parent", epic)
    swarm = bd.json("swarm", "create", epic)["swarm_id"]
    answer = bd.tries("swarm", "create", epic, "--json")
    assert answer.code == 5 and json.loads(answer.out) == {
        "error": "swarm already exists",
        "existing_id": swarm,
        "existing_title": "Swarm: E",
    }
    assert f"Error: swarm already exists: {swarm} Swarm: E" in bd.tries("swarm", "create", epic).err


def test_where_names_the_signpost_it_followed(bd: Bd, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "redirected_from" not in bd.json("where")
    side = bd.home / "side"
    (side / ".beads").mkdir(parents=True)
    (side / ".beads" / "redirect").write_text("../.beads\n")
    monkeypatch.chdir(side)
    monkeypatch.setenv("PWD", str(side))
    told = bd.json("where")
    assert (told["path"], told["redirected_from"]) == (str(bd.home / ".beads"), str(side / ".beads"))
    assert f"  (via redirect from {side / '.beads'})" in bd("where").out
