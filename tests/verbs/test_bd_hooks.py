"""Git hooks of a ledger, run by git itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ledgers import projected, reopened
from tests.places import a_repository, git
from tests.verbs.bd import Bd

HOOKS = ["pre-commit", "post-merge", "post-checkout", "post-rewrite"]


@pytest.fixture
def repo(bd: Bd) -> Bd:
    """The ledger's directory as a repository that tracks it."""
    git(bd.home, "init", "--quiet", "--initial-branch=main")
    bd.files("First")
    git(bd.home, "add", "--all")
    git(bd.home, "commit", "--quiet", "--message", "Begin")
    return bd


def a_hook(repo: Bd, name: str, text: str) -> Path:
    hook = repo.home / ".git/hooks" / name
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{text}\n")
    hook.chmod(0o755)
    return hook


def test_hooks_are_installed_listed_and_taken_away(repo: Bd) -> None:
    assert [row["Installed"] for row in repo.json("hooks", "list")["hooks"]] == [False] * 4
    assert repo("hooks", "install").lines[0] == "✓ Git hooks installed successfully"
    rows = repo.json("hooks", "list")["hooks"]
    assert [(row["Name"], row["Installed"], row["Outdated"]) for row in rows] == [(name, True, False) for name in HOOKS]
    hook = repo.home / ".git/hooks/post-merge"
    hook.write_text(hook.read_text() + "# more\n")
    assert [row["Outdated"] for row in repo.json("hooks", "list")["hooks"]] == [False, True, False, False]
    assert repo.json("hooks", "uninstall") == {"message": "Git hooks uninstalled", "success": True}
    assert not any((repo.home / ".git/hooks" / name).exists() for name in HOOKS)
    assert repo.json("hooks", "uninstall")["message"] == "no hooks were installed"


def test_the_projects_own_hook_runs_first_and_comes_back(repo: Bd) -> None:
    own = a_hook(repo, "pre-commit", "test ! -e refuse")
    text = own.read_text()
    assert repo.json("hooks", "install")["chained"] is True
    repo.files("Second")
    (repo.home / "refuse").touch()
    with pytest.raises(Exception, match="commit"):
        git(repo.home, "commit", "--quiet", "--all", "--message", "Refused")
    (repo.home / "refuse").unlink()
    git(repo.home, "commit", "--quiet", "--all", "--message", "Taken")
    repo("hooks", "uninstall")
    assert own.read_text() == text and not own.with_name("pre-commit.old").exists()


def test_a_commit_of_code_carries_the_ledger_as_it_is(repo: Bd) -> None:
    repo("hooks", "install")
    bead = repo.files("With the code")
    (repo.home / "code.py").write_text("x = 1\n")
    git(repo.home, "add", "code.py")
    git(repo.home, "commit", "--quiet", "--message", "Code")
    assert bead in git(repo.home, "show", "HEAD:.beads/issues.jsonl")
    assert git(repo.home, "status", "--porcelain") == ""


def test_after_a_merge_the_projections_say_what_the_log_says(repo: Bd) -> None:
    other = repo.home.parent / "other"
    git(repo.home.parent, "clone", "--quiet", str(repo.home), str(other))
    repo.files("Here")
    git(repo.home, "commit", "--quiet", "--all", "--message", "Here")
    repo("--town", str(other), "create", "There", "-d", "x", "--silent")
    repo("--town", str(other), "hooks", "install")
    git(other, "commit", "--quiet", "--all", "--message", "There")
    git(other, "pull", "--quiet", "--no-rebase", "--no-edit")
    after = projected(other / ".beads")
    assert after["issues.jsonl"].count(b"\n") == 3
    reopened(other).rebuild_projections()
    assert projected(other / ".beads") == after


def test_a_hook_whose_program_is_gone_lets_git_go_on(repo: Bd) -> None:
    repo("hooks", "install")
    for name in HOOKS:
        hook = repo.home / ".git/hooks" / name
        hook.write_text(hook.read_text().replace("bin/python", "bin/gone"))
    repo.files("More")
    git(repo.home, "commit", "--quiet", "--all", "--message", "More")


def test_where_hooks_live_elsewhere_they_are_put_there(repo: Bd) -> None:
    git(repo.home, "config", "core.hooksPath", ".husky")
    (repo.home / ".husky").mkdir()
    repo("hooks", "install")
    assert sorted(path.name for path in (repo.home / ".husky").iterdir()) == sorted(HOOKS)


def test_hooks_need_a_repository_and_a_clone_of_their_own(bd: Bd) -> None:
    assert bd.refuses("hooks", "install").err.startswith("Error: not in a git repository")
    a_repository(bd.home.parent / "elsewhere", {"a": "b"})
    assert bd.refuses("hooks", "install", "--shared").code == 2
