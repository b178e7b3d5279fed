"""Editors, diaries, further repositories and worktrees around a ledger."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.places import git
from tests.verbs.bd import Bd

# ---------------------------------------------------------------------------------------------- editing


def _editor(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("EDITOR", command)


def test_a_text_is_edited_with_ones_own_editor(bd: Bd, monkeypatch: pytest.MonkeyPatch) -> None:
    one = bd.files("A")
    _editor(monkeypatch, "sed -i s/because/therefore/")
    assert bd("edit", one).out == f"✓ Updated description for issue: {one}\n"
    assert bd.json("show", one)[0]["description"] == "therefore"
    _editor(monkeypatch, "printf 'How' >")
    assert bd.json("edit", one, "--design")["design"] == "How"
    bd("edit", one, "--title")
    assert bd.json("show", one)[0]["title"] == "How"


def test_nothing_is_recorded_when_nothing_was_changed_or_the_editor_failed(
    bd: Bd, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = bd.files("A")
    before = bd.bytes()
    _editor(monkeypatch, "true")
    assert bd("edit", one).out == "No changes made\n" and bd.bytes() == before
    _editor(monkeypatch, "false")
    assert "the editor failed" in bd.refuses("edit", one).err
    _editor(monkeypatch, ": >")
    assert "title cannot be empty" in bd.refuses("edit", one, "--title").err
    assert "one text at a time" in bd.refuses("edit", one, "--title", "--notes").err
    monkeypatch.delenv("EDITOR")
    monkeypatch.delenv("VISUAL", raising=False)
    assert "no editor found. Set $EDITOR or $VISUAL" in bd.refuses("edit", one).err


def test_a_text_somebody_else_changed_meanwhile_is_not_overwritten(bd: Bd, tmp_path: Path) -> None:
    one = bd.files("A")
    place = tmp_path / "bd-edit-x"
    place.mkdir()
    (place / "before").write_text("an older text")
    (place / "description.md").write_text("mine")
    answer = bd.refuses("edit", one, "--take", str(place / "description.md"))
    assert answer.code == 5 and "was changed meanwhile" in answer.err and "is kept in" in answer.err


# ---------------------------------------------------------------------------------------------- the diary


def test_what_models_said_is_noted_and_judged(bd: Bd) -> None:
    one = bd.files("A")
    entry = bd(
        "audit", "record", "--kind", "llm_call", "--model", "m", "--prompt", "why?", "--issue-id", one
    ).out.strip()
    told = bd.json("audit", "label", entry, "--label", "good", "--reason", "it was right")
    assert told["label"] == "good" and told["parent_id"] == entry
    bd.json("audit", "record", "--kind", "tool_call", "--tool-name", "grep", "--exit-code", "1")
    first, second, third = map(json.loads, (bd.home / ".beads" / "interactions.jsonl").read_text().splitlines())
    assert (first["id"], first["actor"], first["issue_id"], first["prompt"]) == (entry, "ada", one, "why?")
    assert (second["parent_id"], second["reason"]) == (entry, "it was right")
    assert (third["tool_name"], third["exit_code"]) == ("grep", 1) and "prompt" not in third
    assert "--kind is required" in bd.refuses("audit", "record").err
    assert "there is no entry 'int-0'" in bd.refuses("audit", "label", "int-0", "--label", "bad").err
    assert 'required flag(s) "label" not set' in bd.refuses("audit", "label", entry).err


# ---------------------------------------------------------------------------------------------- repositories


def test_another_repositorys_beads_are_taken_up(bd: Bd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bd.json("repo", "list") == {"primary": ".", "additional": []}
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    bd("init", "--prefix", "lib")
    monkeypatch.chdir(bd.home)
    theirs = bd("create", "Theirs", "-d", "x", "--silent", "--town", str(other)).out.strip()
    bd("config", "set", "status.custom", "kept")
    assert bd.json("repo", "add", str(other)) == {"added": True, "path": str(other)}
    assert bd.json("repo", "list")["additional"] == [str(other)]
    assert bd.json("config", "get", "status.custom")["value"] == "kept"
    assert bd.json("repo", "sync") == {"synced": True}
    assert bd.json("show", theirs)[0]["source_system"] == str(other)
    bd("update", theirs, "--title", "Theirs, newer", "--town", str(other))
    bd("repo", "sync")
    assert bd.json("show", theirs)[0]["title"] == "Theirs, newer"
    before = bd.bytes()
    bd("repo", "sync")
    assert bd.bytes() == before
    assert "1 of its issues stay here" in bd("repo", "remove", str(other)).out
    assert bd.json("repo", "list")["additional"] == []
    assert bd.refuses("repo", "remove", str(other)).code == 3
    assert "holds no .beads" in bd.refuses("repo", "add", str(tmp_path)).err


def test_a_list_others_wrote_is_read_and_changed(bd: Bd, tmp_path: Path) -> None:
    config = bd.home / ".beads" / "config.yaml"
    config.write_text(
        '# mine\nissue-prefix: gt\nrepos:\n  primary: "."\n  additional:\n    - ~/plans # far\n    - ../x\n'
    )
    assert bd.json("repo", "list") == {"primary": ".", "additional": ["~/plans", "../x"]}
    bd("repo", "remove", "~/plans")
    assert "# mine\nissue-prefix: gt\n" in config.read_text()
    assert bd.json("repo", "list") == {"primary": ".", "additional": ["../x"]}
    answer = bd("repo", "sync", fails=True)
    assert answer.code == 1 and "../x" in answer.err


# ---------------------------------------------------------------------------------------------- worktrees


@pytest.fixture
def repository(bd: Bd) -> Bd:
    """A ledger in a git repository with one commit."""
    git(bd.home, "init", "-q", "-b", "main")
    (bd.home / "file").write_text("text\n")
    git(bd.home, "add", "file")
    git(bd.home, "commit", "-q", "-m", "First")
    return bd


def test_a_worktree_shares_the_ledger(repository: Bd, monkeypatch: pytest.MonkeyPatch) -> None:
    bd = repository
    one = bd.files("A")
    told = bd.json("worktree", "create", "side", "--branch", "work")
    assert told == {"branch": "work", "path": str(bd.home / "side"), "redirect_to": str(bd.home / ".beads")}
    rows = bd.json("worktree", "list")
    assert [(row["name"], row["is_main"], row["beads_state"]) for row in rows] == [
        (bd.home.name, True, "shared"),
        ("side", False, "redirect"),
    ]
    assert bd.json("worktree", "info") == {"is_worktree": False}
    monkeypatch.chdir(bd.home / "side")
    assert [bead["id"] for bead in bd.json("list")] == [one]
    info = bd.json("worktree", "info")
    assert (info["is_worktree"], info["branch"], info["beads_redirected"]) == (True, "work", True)
    assert git(bd.home / "side", "status", "--porcelain") == ""


def test_without_a_repository_there_is_no_worktree(bd: Bd) -> None:
    assert bd.json("worktree", "info") == {"is_worktree": False}
    assert bd.refuses("worktree", "list").code == 1
    told = {row["name"]: row["output"] for row in bd.json("preflight", "--check")["checks"]}
    assert told["Ledger committed"] == "there is no git repository here"


def test_removing_a_worktree_keeps_its_work(repository: Bd) -> None:
    bd = repository
    bd("worktree", "create", "side")
    (bd.home / "side" / "new").write_text("unsaved\n")
    assert bd.refuses("worktree", "remove", "side").code == 4
    assert "Its work is kept in refs/rescue/worktree/side" in bd("worktree", "remove", "side", "--force").out
    assert not (bd.home / "side").exists()
    assert "unsaved" in git(bd.home, "show", "refs/rescue/worktree/side:new")
    assert bd.refuses("worktree", "remove", "side").code == 3
    assert bd.refuses("worktree", "remove", ".", "--force").code == 3
    assert bd.refuses("worktree", "create", "../out").code == 2
