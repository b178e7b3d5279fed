"""The rigs' repositories with real git: shared repository, clones, worktrees, publishing, merging, landing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gastown_tui.core.errors import BadInput, Conflict, GastownError, NotFound, Refused, ToolFailed
from gastown_tui.core.ports import TrialOutcome, Worktrees
from gastown_tui.core.world.git import GitWorktrees
from gastown_tui.core.world.git_names import check_ref
from gastown_tui.core.world.git_places import administration
from gastown_tui.core.world.git_run import YOUNG_S
from tests.ports.git_repository import BRANCH, Rig, a_repository, bare_machine, commit, git, tree_files, write

NASTY = ("line\nbreak.txt", "-rf", "naïve ☂.txt", 'quo"te', "tab\there", "back\\slash", " leading space")


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def merged(rig: Rig, commit_id: str, target: str = "main") -> tuple[str, str]:
    """Build a merged commit and return it with its base."""
    trial = rig.worktrees.trial(
        rig.bare, rig.refinery, commit=commit_id, target=target, message="Merge gt-1: work", author="api/refinery"
    )
    assert trial.outcome is TrialOutcome.MERGED
    return trial.commit, trial.base


def work_of(rig: Rig, name: str, files: dict[str, str | bytes]) -> str:
    """A worker's published commit."""
    path = rig.worker(name)
    write(path, files)
    rig.worktrees.commit_all(path, f"Work of {name}", author=f"api/polecats/{name}", expect_top=path)
    return rig.worktrees.push(path, branch=f"polecat/{name}/gt-1")


# ------------------------------------------------------------------------------------------ the program


def test_the_adapter_is_what_the_port_asks_for(rig: Rig) -> None:
    port: Worktrees = rig.worktrees
    assert port.unavailable() == ""


def test_a_machine_without_git_is_told_so_in_one_line(tmp_path: Path) -> None:
    worktrees = GitWorktrees({"PATH": str(tmp_path)})
    assert worktrees.unavailable() == "git is not installed"


def test_an_old_git_is_named_with_the_version_needed(tmp_path: Path) -> None:
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\necho git version 2.17.1\n")
    fake.chmod(0o755)
    assert "2.17" in GitWorktrees({"PATH": str(tmp_path)}).unavailable()
    fake.write_text("#!/bin/sh\necho git version 2.25.0.windows.1\n")
    assert GitWorktrees({"PATH": str(tmp_path)}).unavailable() == ""


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.text(alphabet="ab/.-@{}~^:?*[\\ \x7f\n\tlock", min_size=1, max_size=12))
def test_names_are_judged_as_git_judges_them(name: str) -> None:
    done = subprocess.run(("git", "check-ref-format", "--allow-onelevel", name), capture_output=True)
    try:
        check_ref(name)
    except BadInput:
        ours = False
    else:
        ours = True
    assert ours == (done.returncode == 0 and not name.startswith("-"))


# ------------------------------------------------------------------------------------------ the shared repository


def test_a_rig_tracks_its_origin(rig: Rig) -> None:
    fact = rig.worktrees.repository(rig.bare, "")
    assert (fact.default_branch, fact.head) == ("main", rig.origin_head())
    assert git(rig.bare, "for-each-ref", "--format=%(refname)", "refs/heads") == ""


def test_adding_the_same_rig_again_is_fine_and_another_origin_is_a_conflict(rig: Rig, tmp_path: Path) -> None:
    other = a_repository(tmp_path / "other")
    assert rig.worktrees.add_repository(str(rig.origin), rig.bare).head == rig.origin_head()
    with pytest.raises(Conflict, match="already belongs to"):
        rig.worktrees.add_repository(str(other), rig.bare)
    git(rig.bare, "config", "remote.origin.url", "https://me:secret@example.invalid/x.git")
    with pytest.raises(Conflict) as refused:
        rig.worktrees.add_repository(str(other), rig.bare)
    assert "secret" not in refused.value.message


def test_the_branch_asked_for_becomes_the_default(tmp_path: Path) -> None:
    origin = a_repository(tmp_path / "origin")
    git(origin, "branch", "release")
    worktrees = GitWorktrees(bare_machine())
    assert worktrees.add_repository(str(origin), tmp_path / "b.git", branch="release").default_branch == "release"
    with pytest.raises(NotFound, match="no branch 'nope'"):
        worktrees.add_repository(str(origin), tmp_path / "c.git", branch="nope")
    assert not (tmp_path / "c.git").exists()


def test_an_origin_whose_head_is_detached_still_gives_a_branch(tmp_path: Path) -> None:
    origin = a_repository(tmp_path / "origin", branch="trunk")
    git(origin, "checkout", "--quiet", "--detach")
    worktrees = GitWorktrees(bare_machine())
    assert worktrees.add_repository(str(origin), tmp_path / "b.git").default_branch == "trunk"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("--upload-pack=touch x", "is an option"),
        ("-oProxyCommand=id", "is an option"),
        ("ext::sh -c id", "runs programs"),
        ("fd::3", "runs programs"),
        ("ssh://-oProxyCommand=id/x", "option for a host"),
        ("gopher://example.org/x", "unknown transport"),
        ("", "is not a repository"),
        ("a\nb", "is not a repository"),
    ],
)
def test_urls_that_could_run_something_are_refused(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        GitWorktrees().add_repository(url, tmp_path / "rig" / ".repo.git")
    assert not (tmp_path / "rig").exists()


def test_a_path_without_a_repository_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(BadInput, match="is not a git repository"):
        GitWorktrees().add_repository(str(tmp_path / "plain"), tmp_path / "rig" / ".repo.git")
    with pytest.raises(NotFound, match="there is no repository at"):
        GitWorktrees().add_repository(str(tmp_path / "missing"), tmp_path / "rig" / ".repo.git")
    assert not (tmp_path / "rig").exists()


def test_a_repository_without_commits_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "--quiet")
    with pytest.raises(BadInput, match="has no commits yet"):
        GitWorktrees().add_repository(str(empty), tmp_path / "rig" / ".repo.git")
    assert list((tmp_path / "rig").iterdir()) == []


def test_an_origin_that_cannot_be_fetched_leaves_nothing(tmp_path: Path) -> None:
    broken = a_repository(tmp_path / "broken")
    (broken / ".git" / "HEAD").write_text("nonsense\n")
    with pytest.raises(ToolFailed, match="could not be fetched"):
        GitWorktrees().add_repository(str(broken), tmp_path / "rig" / ".repo.git")
    assert list((tmp_path / "rig").iterdir()) == []


def test_passwords_in_urls_never_reach_a_message(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed) as caught:
        GitWorktrees().add_repository("http://ada:hunter2@127.0.0.1:9/x.git", tmp_path / "rig" / ".repo.git")
    assert "hunter2" not in f"{caught.value} {caught.value.argv} {caught.value.stderr} {caught.value.hint}"
    assert list((tmp_path / "rig").iterdir()) == []


def test_hostile_variables_do_not_point_git_elsewhere(rig: Rig, tmp_path: Path) -> None:
    trap = a_repository(tmp_path / "trap")
    env = bare_machine() | {"GIT_DIR": str(trap / ".git"), "GIT_INDEX_FILE": "/nonexistent"}
    path = rig.home / "polecats" / "slot0"
    GitWorktrees(env).open(rig.bare, path, branch=BRANCH, start="origin/main")
    assert (path / "a.txt").exists()
    assert "polecat" not in git(trap, "branch", "--list")


def test_fetch_brings_new_commits_and_drops_deleted_branches(rig: Rig) -> None:
    git(rig.origin, "branch", "side")
    rig.worktrees.fetch(rig.bare)
    assert rig.worktrees.resolve(rig.bare, "origin/side")
    git(rig.origin, "branch", "-D", "side")
    new = commit(rig.origin, {"b.txt": "b\n"})
    rig.worktrees.fetch(rig.bare)
    assert rig.worktrees.resolve(rig.bare, "origin/main") == new
    assert rig.worktrees.resolve(rig.bare, "origin/side") == ""


def test_a_vanished_origin_is_an_error_and_not_an_empty_one(rig: Rig) -> None:
    before = rig.worktrees.resolve(rig.bare, "origin/main")
    rig.origin.rename(rig.origin.with_name("moved"))
    with pytest.raises(ToolFailed, match="could not be fetched"):
        rig.worktrees.fetch(rig.bare)
    assert rig.worktrees.resolve(rig.bare, "origin/main") == before


# ------------------------------------------------------------------------------------------ clones


def test_a_clone_is_a_persons_own_repository_with_the_rigs_origin(rig: Rig) -> None:
    path = rig.home / "crew" / "max"
    rig.worktrees.clone(rig.bare, path, branch="main")
    rig.worktrees.clone(rig.bare, path, branch="main")
    assert git(path, "config", "remote.origin.url") == str(rig.origin)
    assert git(path, "rev-parse", "--abbrev-ref", "main@{upstream}") == "origin/main"
    assert (path / "a.txt").read_text() == "one\ntwo\nthree\n"
    assert rig.worktrees.look(path) == rig.worktrees.look(path, target="origin/main")
    assert [entry.name for entry in path.parent.iterdir()] == ["max"]


def test_a_clone_never_overwrites_what_is_there(rig: Rig) -> None:
    path = rig.home / "crew" / "max"
    write(path, {"notes.txt": "mine\n"})
    with pytest.raises(Conflict, match="is in the way"):
        rig.worktrees.clone(rig.bare, path, branch="main")
    assert (path / "notes.txt").read_text() == "mine\n"


def test_a_person_publishes_from_a_clone_into_the_shared_repository(rig: Rig) -> None:
    path = rig.home / "crew" / "max"
    rig.worktrees.clone(rig.bare, path, branch="main")
    head = commit(path, {"c.txt": "c\n"})
    assert rig.worktrees.push(path, branch="crew/max/gt-9") == head
    assert rig.worktrees.resolve(rig.bare, "crew/max/gt-9") == head
    git(path, "reset", "--quiet", "--hard", "HEAD~1")
    commit(path, {"d.txt": "d\n"})
    with pytest.raises(Refused, match="holds commits"):
        rig.worktrees.push(path, branch="crew/max/gt-9")


# ------------------------------------------------------------------------------------------ worktrees


def test_a_worktree_opens_on_its_own_branch_at_the_fetched_target(rig: Rig) -> None:
    path = rig.worker()
    fact = rig.worktrees.look(path, target="origin/main")
    assert (fact.exists, fact.branch, fact.head) == (True, BRANCH, rig.origin_head())
    assert (fact.ahead, fact.changed, fact.operation) == (0, (), "")


def test_opening_again_keeps_the_work_as_it_is(rig: Rig) -> None:
    path = rig.worker()
    write(path, {"a.txt": "mine\n", "new.txt": "new\n"})
    rig.worker()
    assert (path / "a.txt").read_text() == "mine\n"
    assert rig.worktrees.look(path).changed == ("a.txt", "new.txt")


def test_opening_again_does_not_disturb_a_worker_on_another_branch_or_in_a_rebase(rig: Rig) -> None:
    path = rig.worker()
    git(path, "checkout", "--quiet", "-b", "experiment")
    rig.worker()
    assert rig.worktrees.look(path).branch == "experiment"


def test_a_worktree_that_holds_other_work_is_a_conflict(rig: Rig) -> None:
    path = rig.worker()
    with pytest.raises(Conflict, match="still holds polecat/slot0/gt-1"):
        rig.worktrees.open(rig.bare, path, branch="polecat/slot0/gt-2", start="origin/main")


def test_an_existing_branch_is_taken_up_where_it_stands(rig: Rig) -> None:
    head = work_of(rig, "slot0", {"a.txt": "done\n"})
    path = rig.home / "polecats" / "slot0"
    rig.worktrees.remove(rig.bare, path, rescue_ref="refs/rescue/api/slot0/1")
    assert not path.exists()
    assert rig.worktrees.open(rig.bare, path, branch=BRANCH, start="origin/main").head == head


def test_a_branch_held_elsewhere_is_a_conflict_that_says_where(rig: Rig) -> None:
    held = rig.worker()
    other = rig.home / "polecats" / "slot1"
    with pytest.raises(Conflict, match=str(held)):
        rig.worktrees.open(rig.bare, other, branch=BRANCH, start="origin/main")
    assert not other.exists()


def test_a_directory_of_somebody_elses_is_never_taken_over(rig: Rig) -> None:
    path = rig.home / "polecats" / "slot0"
    write(path, {"precious.txt": "mine\n"})
    with pytest.raises(Conflict, match="is in the way"):
        rig.worktrees.open(rig.bare, path, branch=BRANCH, start="origin/main")
    assert (path / "precious.txt").read_text() == "mine\n"
    assert rig.worktrees.resolve(rig.bare, BRANCH) == ""


@pytest.mark.parametrize(
    ("branch", "start"),
    [
        ("--force", "origin/main"),
        ("a..b", "origin/main"),
        ("a.lock", "origin/main"),
        ("HEAD", "origin/main"),
        ("refs/heads/x", "origin/main"),
        ("good", "--upload-pack=x"),
        ("good", "origin/main^{tree}"),
        ("good", ""),
    ],
)
def test_names_git_would_misread_are_refused_before_anything_is_made(rig: Rig, branch: str, start: str) -> None:
    path = rig.home / "polecats" / "slot0"
    with pytest.raises(BadInput):
        rig.worktrees.open(rig.bare, path, branch=branch, start=start)
    assert not path.exists()


def test_an_unknown_start_leaves_neither_directory_nor_branch(rig: Rig) -> None:
    path = rig.home / "polecats" / "slot0"
    with pytest.raises(NotFound, match="no commit or branch 'origin/nope'"):
        rig.worktrees.open(rig.bare, path, branch=BRANCH, start="origin/nope")
    assert not path.exists()
    assert rig.worktrees.resolve(rig.bare, BRANCH) == ""


def test_a_branch_below_another_branch_is_refused_at_once(rig: Rig) -> None:
    git(rig.bare, "branch", "polecat/slot0", "origin/main")
    path = rig.home / "polecats" / "slot0"
    with pytest.raises(ToolFailed, match="cannot lock ref"):
        rig.worktrees.open(rig.bare, path, branch=BRANCH, start="origin/main")
    assert not path.exists()


def test_the_towns_own_files_are_hidden_without_touching_the_project(rig: Rig) -> None:
    path = rig.worker()
    write(path, {".gastown/prompt.md": "go\n", ".claude/settings.local.json": "{}\n"})
    assert rig.worktrees.look(path).changed == ()
    assert not (path / ".gitignore").exists()


def test_ahead_counts_the_commits_the_target_lacks(rig: Rig) -> None:
    path = rig.worker()
    commit(path, {"x": "1"})
    commit(path, {"x": "2"})
    assert rig.worktrees.look(path, target="origin/main").ahead == 2
    assert rig.worktrees.look(path, target="main").ahead == 2
    with pytest.raises(NotFound):
        rig.worktrees.look(path, target="origin/nope")


def test_a_local_branch_named_like_the_target_does_not_deceive(rig: Rig) -> None:
    path = rig.worker()
    commit(path, {"x": "1"})
    git(path, "branch", "main")
    git(path, "branch", "origin/main")
    assert rig.worktrees.look(path, target="main").ahead == 1
    assert rig.worktrees.look(path, target="origin/main").ahead == 1


def test_a_look_names_every_kind_of_change(rig: Rig) -> None:
    path = rig.worker()
    write(path, {"a.txt": "edited\n", "staged.txt": "s\n", **dict.fromkeys(NASTY, "n\n")})
    git(path, "add", "staged.txt")
    (path / "README.md").unlink()
    assert set(rig.worktrees.look(path).changed) == {"a.txt", "staged.txt", "README.md", *NASTY}


def test_a_look_shows_the_operation_under_way(rig: Rig) -> None:
    path = rig.worker()
    commit(path, {"a.txt": "mine\n"})
    git(path, "branch", "other", "origin/main")
    git(path, "checkout", "--quiet", "other")
    commit(path, {"a.txt": "theirs\n"})
    git(path, "rebase", BRANCH, ok=(1,))
    fact = rig.worktrees.look(path)
    assert (fact.operation, fact.branch, fact.changed) == ("rebase", "", ("a.txt",))
    git(path, "rebase", "--abort")
    git(path, "merge", BRANCH, ok=(1,))
    assert rig.worktrees.look(path).operation == "merge"


def test_a_look_takes_no_lock_from_the_worker(rig: Rig) -> None:
    path = rig.worker()
    record = administration(rig.bare, path)
    assert record is not None
    (record / "index.lock").touch()
    write(path, {"a.txt": "edited\n"})
    assert rig.worktrees.look(path).changed == ("a.txt",)


def test_nothing_is_there_where_no_worktree_is(rig: Rig, tmp_path: Path) -> None:
    inside = rig.worker() / "sub"
    inside.mkdir()
    assert not rig.worktrees.look(tmp_path / "nowhere").exists
    assert not rig.worktrees.look(inside).exists


def test_two_processes_opening_worktrees_at_once_both_succeed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {f"dir{n % 20}/file{n}.txt": f"{n}\n" for n in range(1000)})
    script = (
        "import sys; from pathlib import Path; from gastown_tui.core.world.git import GitWorktrees\n"
        "bare, home, names = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]\n"
        "for name in names:\n"
        "    path = home / 'polecats' / name\n"
        "    fact = GitWorktrees().open(bare, path, branch=f'polecat/{name}/gt-1', start='origin/main')\n"
        "    assert fact.exists and not fact.changed, fact\n"
    )
    shared = ["both0", "both1", "both2"]
    teams = [[*shared, "left0", "left1"], ["right0", *shared, "right1"], ["third0", "third1", *shared]]
    env = bare_machine()
    processes = [
        subprocess.Popen(
            (sys.executable, "-c", script, str(rig.bare), str(rig.home), *team), env=env, stderr=subprocess.PIPE
        )
        for team in teams
    ]
    for process in processes:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err.decode()
    names = sorted({name for team in teams for name in team})
    assert sorted(path.name for path in (rig.home / "polecats").iterdir()) == names


def test_an_opening_killed_in_the_middle_is_completed_by_whoever_comes_next(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {f"dir{n % 20}/file{n}.txt": f"content {n}\n" * 20 for n in range(2000)})
    path = rig.home / "polecats" / "slot0"
    script = (
        "import sys; from pathlib import Path; from gastown_tui.core.world.git import GitWorktrees\n"
        "GitWorktrees().open(Path(sys.argv[1]), Path(sys.argv[2]), branch=sys.argv[3], start='origin/main')\n"
    )
    killed = subprocess.Popen((sys.executable, "-c", script, str(rig.bare), str(path), BRANCH), env=bare_machine())
    give_up = time.monotonic() + 60
    while not (path / "dir3").exists():
        assert time.monotonic() < give_up
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    fact = rig.worktrees.open(rig.bare, path, branch=BRANCH, start="origin/main")
    assert (fact.branch, fact.changed, fact.head) == (BRANCH, (), rig.origin_head())
    assert len(list(path.glob("*/*.txt"))) == 2000


def test_a_complete_worktree_is_taken_as_it_is_even_if_its_maker_never_said_so(rig: Rig) -> None:
    path = rig.worker()
    record = administration(rig.bare, path)
    assert record is not None
    (record / "gastown-branch").unlink()
    write(path, {"a.txt": "work under way\n"})
    assert rig.worktrees.open(rig.bare, path, branch=BRANCH, start="origin/main").changed == ("a.txt",)
    (record / "gastown-branch").unlink()
    with pytest.raises(Conflict, match="still holds"):
        rig.worktrees.open(rig.bare, path, branch="polecat/slot0/gt-2", start="origin/main")


@pytest.mark.parametrize("remains", ["everything", "no files", "no head", "half the files", "no index"])
def test_whatever_a_killed_opening_leaves_is_made_good(rig: Rig, remains: str) -> None:
    path = rig.worker()
    record = administration(rig.bare, path)
    assert record is not None
    (record / "gastown-branch").unlink()
    (record / "locked").write_text("initializing")
    (record / "index.lock").touch()
    assert not rig.worktrees.look(path).exists
    if remains == "no files":
        for file in sorted(path.iterdir()):
            file.unlink()
        path.rmdir()
    elif remains == "no head":
        (record / "HEAD").unlink()
    elif remains == "half the files":
        (path / "a.txt").write_text("on")
    elif remains == "no index":
        (record / "index").unlink()
    fact = rig.worktrees.open(rig.bare, path, branch=BRANCH, start="origin/main")
    assert (fact.branch, fact.changed) == (BRANCH, ())
    assert (path / "a.txt").read_text() == "one\ntwo\nthree\n"


def test_a_worktree_whose_directory_was_deleted_comes_back_with_its_commits(rig: Rig) -> None:
    path = rig.worker()
    head = commit(path, {"a.txt": "committed\n"})
    git(path, "checkout", "--quiet", "--detach")
    write(path, {"a.txt": "staged\n"})
    git(path, "add", "a.txt")
    subprocess.run(("rm", "-r", str(path)), check=True)
    assert rig.worktrees.open(rig.bare, path, branch=BRANCH, start="origin/main").head == head
    kept = rig.worktrees.resolve(rig.bare, "refs/rescue/api/slot0/reopened")
    assert rig.tracked_in(kept)["a.txt"] == b"staged\n"


def test_a_place_that_cannot_be_written_is_one_clear_error(rig: Rig) -> None:
    closed = rig.home / "polecats"
    closed.write_text("a file where a directory should be")
    with pytest.raises(ToolFailed, match="could not be made"):
        rig.worktrees.open(rig.bare, closed / "slot0", branch=BRANCH, start="origin/main")
    assert rig.worktrees.resolve(rig.bare, BRANCH) == ""


def test_a_read_only_directory_is_one_clear_error(rig: Rig) -> None:
    closed = rig.home / "polecats"
    closed.mkdir(mode=0o500)
    if os.access(closed, os.W_OK):
        pytest.skip("nothing is closed to this user")
    with pytest.raises(ToolFailed, match="could not be made"):
        rig.worktrees.open(rig.bare, closed / "slot0", branch=BRANCH, start="origin/main")


# ------------------------------------------------------------------------------------------ committing and publishing


def test_commits_carry_the_agent_on_a_machine_without_a_name(rig: Rig) -> None:
    path = rig.worker()
    write(path, {"a.txt": "edited\n", **dict.fromkeys(NASTY, "n\n")})
    (path / "README.md").unlink()
    made = rig.worktrees.commit_all(path, "Do it\n\n# not a comment", author="api/polecats/slot0", expect_top=path)
    assert git(path, "log", "-1", "--format=%an <%ae> %cn") == (
        "api/polecats/slot0 <api.polecats.slot0@gastown.invalid> api/polecats/slot0"
    )
    assert git(path, "log", "-1", "--format=%b") == "# not a comment"
    assert set(tree_files(path, made)) == {"a.txt", *NASTY}
    assert rig.worktrees.commit_all(path, "Again", author="slot0", expect_top=path) == ""


def test_an_author_may_be_given_in_full(rig: Rig) -> None:
    path = rig.worker()
    write(path, {"a.txt": "edited\n"})
    rig.worktrees.commit_all(path, "Do it", author="Ada Lovelace <ada@example.org>", expect_top=path)
    assert git(path, "log", "-1", "--format=%an|%ae") == "Ada Lovelace|ada@example.org"


def test_users_hooks_and_signing_stay_out_of_the_towns_commits(rig: Rig, tmp_path: Path) -> None:
    hooks = tmp_path / "hooks"
    write(hooks, {"pre-commit": "#!/bin/sh\nexit 1\n", "post-checkout": "#!/bin/sh\nexit 1\n"})
    for hook in hooks.iterdir():
        hook.chmod(0o755)
    home = tmp_path / "home"
    write(home, {".gitconfig": f"[core]\nhooksPath={hooks}\n[commit]\ngpgSign=true\n[gpg]\nprogram=/bin/false\n"})
    strict = GitWorktrees(bare_machine() | {"HOME": str(home)})
    path = rig.home / "polecats" / "slot0"
    strict.open(rig.bare, path, branch=BRANCH, start="origin/main")
    write(path, {"a.txt": "edited\n"})
    assert strict.commit_all(path, "Do it", author="slot0", expect_top=path)


def test_a_commit_outside_its_worktree_is_refused(rig: Rig, tmp_path: Path) -> None:
    path = rig.worker()
    other = rig.worker("slot1")
    stray = a_repository(tmp_path / "stray")
    nested = a_repository(path / "nested")
    for wrong in (other, stray, tmp_path, nested):
        write(wrong, {"x.txt": "x\n"})
        with pytest.raises(Refused, match="does not belong to the worktree"):
            rig.worktrees.commit_all(wrong, "Do it", author="slot0", expect_top=path)
    (path / ".git").unlink()
    with pytest.raises(Refused, match="does not belong to the worktree"):
        rig.worktrees.commit_all(path, "Do it", author="slot0", expect_top=path)


def test_a_commit_that_would_leave_a_repository_out_is_refused(rig: Rig) -> None:
    path = rig.worker()
    a_repository(path / "app")
    with pytest.raises(Refused, match="holds a repository of its own"):
        rig.worktrees.commit_all(path, "Do it", author="slot0", expect_top=path)


def test_a_half_resolved_merge_is_never_committed_as_it_lies(rig: Rig) -> None:
    path = rig.worker()
    commit(path, {"a.txt": "mine\n"})
    git(path, "checkout", "--quiet", "-b", "other", "origin/main")
    commit(path, {"a.txt": "theirs\n"})
    git(path, "merge", BRANCH, ok=(1,))
    with pytest.raises(Refused, match="a merge is under way"):
        rig.worktrees.commit_all(path, "Do it", author="slot0", expect_top=path)
    with pytest.raises(Refused, match="a merge is under way"):
        rig.worktrees.push(path, branch=BRANCH)


def test_a_push_publishes_the_head_even_when_detached(rig: Rig) -> None:
    path = rig.worker()
    git(path, "checkout", "--quiet", "--detach")
    head = commit(path, {"a.txt": "detached\n"})
    assert rig.worktrees.push(path, branch=BRANCH) == head
    assert rig.worktrees.resolve(rig.bare, BRANCH) == head


def test_a_push_never_drops_published_commits(rig: Rig) -> None:
    path = rig.worker()
    published = commit(path, {"a.txt": "published\n"})
    git(path, "checkout", "--quiet", "--detach", "origin/main")
    commit(path, {"b.txt": "b\n"})
    with pytest.raises(Refused, match="holds commits that the head"):
        rig.worktrees.push(path, branch=BRANCH)
    assert rig.worktrees.resolve(rig.bare, BRANCH) == published


def test_a_patch_shows_committed_edited_and_untracked_work(rig: Rig) -> None:
    path = rig.worker()
    commit(path, {"committed.txt": "1\n"})
    write(path, {"a.txt": "edited\n", "untracked.txt": "2\n"})
    commit(rig.origin, {"not-mine.txt": "3\n"})
    rig.worktrees.fetch(rig.bare)
    patch = rig.worktrees.diff(path, target="origin/main")
    assert all(name in patch for name in ("committed.txt", "+edited", "untracked.txt"))
    assert "not-mine" not in patch
    assert rig.worktrees.look(path).changed == ("a.txt", "untracked.txt")
    assert git(path, "diff", "--cached", "--name-only") == ""


def test_a_huge_patch_is_cut(rig: Rig) -> None:
    path = rig.worker()
    write(path, {"big.txt": "0123456789\n" * 100_000})
    patch = rig.worktrees.diff(path, target="origin/main")
    assert 150_000 < len(patch.encode()) <= 200_000
    assert patch.endswith("was cut\n")


# ------------------------------------------------------------------------------------------ merging and landing


def test_a_trial_is_a_real_merge_and_lands_on_the_origin(rig: Rig) -> None:
    work = work_of(rig, "slot0", {"b.txt": "work\n"})
    made, base = merged(rig, work)
    assert git(rig.bare, "log", "-1", "--format=%P|%s|%an", made) == f"{base} {work}|Merge gt-1: work|api/refinery"
    assert git(rig.refinery, "rev-parse", "HEAD") == made
    assert rig.worktrees.look(rig.refinery).changed == ()
    assert rig.worktrees.land(rig.bare, commit=made, target="main", expected=base)
    assert rig.origin_head() == made
    assert (rig.origin / "b.txt").read_text() == "work\n"
    assert rig.worktrees.contains(rig.bare, work, "origin/main")


def test_landing_twice_is_one_landing(rig: Rig) -> None:
    made, base = merged(rig, work_of(rig, "slot0", {"b.txt": "work\n"}))
    assert rig.worktrees.land(rig.bare, commit=made, target="main", expected=base)
    assert rig.worktrees.land(rig.bare, commit=made, target="main", expected=base)


def test_an_origin_that_moved_since_the_trial_is_left_alone(rig: Rig) -> None:
    made, base = merged(rig, work_of(rig, "slot0", {"b.txt": "work\n"}))
    moved = commit(rig.origin, {"c.txt": "somebody else\n"})
    assert not rig.worktrees.land(rig.bare, commit=made, target="main", expected=base)
    assert rig.origin_head() == moved
    again, base = merged(rig, rig.worktrees.resolve(rig.bare, BRANCH))
    assert base == moved
    assert rig.worktrees.land(rig.bare, commit=again, target="main", expected=base)


def test_a_rewound_or_deleted_target_counts_as_moved(rig: Rig) -> None:
    commit(rig.origin, {"c.txt": "c\n"})
    made, base = merged(rig, work_of(rig, "slot0", {"b.txt": "work\n"}))
    git(rig.origin, "reset", "--quiet", "--hard", "HEAD~1")
    assert not rig.worktrees.land(rig.bare, commit=made, target="main", expected=base)
    git(rig.origin, "checkout", "--quiet", "--detach")
    git(rig.origin, "branch", "-D", "main")
    assert not rig.worktrees.land(rig.bare, commit=made, target="main", expected=base)


def test_a_landing_that_would_drop_commits_is_refused(rig: Rig) -> None:
    work = work_of(rig, "slot0", {"b.txt": "work\n"})
    ahead = commit(rig.origin, {"c.txt": "c\n"})
    rig.worktrees.fetch(rig.bare)
    with pytest.raises(Refused, match="does not contain"):
        rig.worktrees.land(rig.bare, commit=work, target="main", expected=ahead)
    assert rig.origin_head() == ahead


def test_an_origin_with_the_branch_checked_out_gets_the_exact_cure(rig: Rig) -> None:
    git(rig.origin, "config", "receive.denyCurrentBranch", "refuse")
    made, base = merged(rig, work_of(rig, "slot0", {"b.txt": "work\n"}))
    with pytest.raises(ToolFailed, match="is checked out in") as caught:
        rig.worktrees.land(rig.bare, commit=made, target="main", expected=base)
    assert caught.value.hint == f"git -C {rig.origin} config receive.denyCurrentBranch updateInstead"
    subprocess.run(caught.value.hint.split(), check=True)
    assert rig.worktrees.land(rig.bare, commit=made, target="main", expected=base)


def test_uncommitted_changes_at_the_origin_are_named_and_kept(rig: Rig) -> None:
    made, base = merged(rig, work_of(rig, "slot0", {"b.txt": "work\n"}))
    write(rig.origin, {"a.txt": "being edited\n"})
    with pytest.raises(ToolFailed, match="uncommitted changes"):
        rig.worktrees.land(rig.bare, commit=made, target="main", expected=base)
    assert (rig.origin / "a.txt").read_text() == "being edited\n"


def test_an_origin_whose_hook_says_no_is_an_error(rig: Rig) -> None:
    hook = rig.origin / ".git" / "hooks" / "pre-receive"
    write(hook.parent, {"pre-receive": "#!/bin/sh\necho protected branch >&2\nexit 1\n"})
    hook.chmod(0o755)
    made, base = merged(rig, work_of(rig, "slot0", {"b.txt": "work\n"}))
    with pytest.raises(ToolFailed, match="the origin refused") as caught:
        rig.worktrees.land(rig.bare, commit=made, target="main", expected=base)
    assert "protected branch" in caught.value.stderr


def test_conflicts_are_listed_and_the_worktree_is_clean_again(rig: Rig) -> None:
    work = work_of(rig, "slot0", {"a.txt": "mine\n", "line\nbreak": "mine\n", "ok.txt": "fine\n"})
    base = commit(rig.origin, {"a.txt": "theirs\n", "line\nbreak": "theirs\n"})
    trial = rig.worktrees.trial(
        rig.bare, rig.refinery, commit=work, target="main", message="Merge", author="api/refinery"
    )
    assert (trial.outcome, trial.conflicts, trial.base) == (TrialOutcome.CONFLICT, ("a.txt", "line\nbreak"), base)
    assert trial.commit == ""
    fact = rig.worktrees.look(rig.refinery)
    assert (fact.head, fact.changed, fact.operation) == (base, (), "")
    merged(rig, work_of(rig, "slot1", {"z.txt": "z\n"}))


def test_a_file_against_a_directory_is_a_conflict_too(rig: Rig) -> None:
    work = work_of(rig, "slot0", {"thing": "a file\n"})
    commit(rig.origin, {"thing/inside.txt": "a directory\n"})
    trial = rig.worktrees.trial(rig.bare, rig.refinery, commit=work, target="main", message="Merge", author="r")
    assert trial.outcome is TrialOutcome.CONFLICT
    assert trial.conflicts
    assert rig.worktrees.look(rig.refinery).changed == ()


def test_work_that_is_in_already_names_the_commit_that_brought_it(rig: Rig) -> None:
    work = work_of(rig, "slot0", {"b.txt": "work\n"})
    made, base = merged(rig, work)
    rig.worktrees.land(rig.bare, commit=made, target="main", expected=base)
    later = commit(rig.origin, {"c.txt": "later\n"})
    trial = rig.worktrees.trial(rig.bare, rig.refinery, commit=work, target="main", message="Merge", author="r")
    assert (trial.outcome, trial.commit, trial.base) == (TrialOutcome.ALREADY_IN, made, later)
    assert git(rig.refinery, "rev-parse", "HEAD") == made


def test_a_branch_without_commits_of_its_own_is_in_already(rig: Rig) -> None:
    rig.worker()
    trial = rig.worktrees.trial(rig.bare, rig.refinery, commit=BRANCH, target="main", message="Merge", author="r")
    assert (trial.outcome, trial.commit) == (TrialOutcome.ALREADY_IN, rig.origin_head())


def test_unrelated_histories_are_refused(rig: Rig) -> None:
    path = rig.worker()
    git(path, "checkout", "--quiet", "--orphan", "alien")
    head = commit(path, {"alien.txt": "x\n"})
    with pytest.raises(Refused, match="shares no history"):
        rig.worktrees.trial(rig.bare, rig.refinery, commit=head, target="main", message="Merge", author="r")
    assert rig.worktrees.look(rig.refinery).changed == ()


def test_what_lies_in_the_refinery_is_rescued_before_it_is_swept(rig: Rig) -> None:
    merged(rig, work_of(rig, "slot0", {"b.txt": "work\n"}))
    write(rig.refinery, {"a.txt": "somebody's edit\n", "report.xml": "left by a gate\n", ".gitignore": "cache/\n"})
    write(rig.refinery, {"cache/dependency": "kept\n"})
    made, _ = merged(rig, work_of(rig, "slot1", {"c.txt": "work\n"}))
    assert git(rig.refinery, "rev-parse", "HEAD") == made
    kept = rig.tracked_in(rig.worktrees.resolve(rig.bare, "refs/rescue/api/refinery/swept"))
    assert (kept["a.txt"], kept["report.xml"]) == (b"somebody's edit\n", b"left by a gate\n")


def test_a_trial_killed_in_the_middle_of_a_merge_is_made_good(rig: Rig) -> None:
    work = work_of(rig, "slot0", {"b.txt": "work\n"})
    clash = work_of(rig, "slot1", {"a.txt": "mine\n"})
    merged(rig, work)
    git(rig.refinery, "checkout", "--quiet", "--detach", "origin/main")
    commit(rig.refinery, {"a.txt": "other\n"})
    git(rig.refinery, "merge", clash, ok=(1,))
    record = administration(rig.bare, rig.refinery)
    assert record is not None
    (record / "index.lock").touch()
    made, base = merged(rig, work)
    assert rig.worktrees.land(rig.bare, commit=made, target="main", expected=base)


def test_a_refinery_directory_that_lost_its_git_is_made_anew_and_kept_aside(rig: Rig) -> None:
    merged(rig, work_of(rig, "slot0", {"b.txt": "work\n"}))
    (rig.refinery / ".git").unlink()
    write(rig.refinery, {"notes.txt": "kept\n"})
    merged(rig, work_of(rig, "slot1", {"c.txt": "work\n"}))
    assert [path.read_text() for path in (rig.home / ".rescue").glob("*/notes.txt")] == ["kept\n"]


def test_a_missing_target_or_commit_is_not_found(rig: Rig) -> None:
    for commit_id, target in (("0" * 40, "main"), ("origin/main", "nope")):
        with pytest.raises(NotFound):
            rig.worktrees.trial(rig.bare, rig.refinery, commit=commit_id, target=target, message="M", author="r")


# ------------------------------------------------------------------------------------------ reading


def test_subjects_and_containment_read_the_shared_repository(rig: Rig) -> None:
    path = rig.worker()
    commit(path, {"x": "1"}, "One")
    head = commit(path, {"x": "2"}, "Two\n\nbody")
    assert rig.worktrees.subjects(rig.bare, since="origin/main", until=BRANCH) == ("Two", "One")
    assert rig.worktrees.contains(rig.bare, rig.origin_head(), BRANCH)
    assert not rig.worktrees.contains(rig.bare, head, "origin/main")
    assert not rig.worktrees.contains(rig.bare, "1" * 40, "origin/main")
    assert rig.worktrees.resolve(rig.bare, "nope") == ""
    with pytest.raises(NotFound):
        rig.worktrees.subjects(rig.bare, since="origin/nope", until=BRANCH)


def test_a_broken_repository_is_an_error_and_never_nothing_there(rig: Rig) -> None:
    with pytest.raises(NotFound, match="the rig has no repository"):
        rig.worktrees.resolve(rig.home / "nope.git", "main")
    (rig.bare / "HEAD").write_text("nonsense\n")
    with pytest.raises(GastownError):
        rig.worktrees.resolve(rig.bare, "origin/main")


# ------------------------------------------------------------------------------------------ many at once


def test_work_goes_on_while_another_process_holds_a_lock(rig: Rig) -> None:
    path = rig.worker()
    lock = rig.bare / "refs" / "heads" / "polecat" / "slot0" / "other.lock"
    lock.touch()
    git(path, "checkout", "--quiet", "--detach")
    head = commit(path, {"x": "1"})
    holder = threading.Timer(0.3, lock.unlink)
    holder.start()
    assert rig.worktrees.push(path, branch="polecat/slot0/other") == head
    holder.join()


def test_a_ref_lock_left_by_a_killed_process_is_overcome(rig: Rig) -> None:
    hasty = GitWorktrees(bare_machine(), lock_patience_s=0.1)
    path = rig.worker()
    lock = rig.bare / "refs" / "heads" / "polecat" / "slot0" / "other.lock"
    lock.touch()
    git(path, "checkout", "--quiet", "--detach")
    head = commit(path, {"x": "1"})
    with pytest.raises(ToolFailed, match="could not be published") as caught:
        hasty.push(path, branch="polecat/slot0/other")
    assert str(lock) in caught.value.hint
    long_ago = time.time() - 3600
    os.utime(lock, (long_ago, long_ago))
    assert hasty.push(path, branch="polecat/slot0/other") == head


def left_behind(lock: Path) -> Path:
    """A lock file some seconds old, as a killed git leaves it."""
    lock.touch()
    some_seconds_ago = time.time() - 5
    os.utime(lock, (some_seconds_ago, some_seconds_ago))
    return lock


def test_locks_of_a_killed_git_are_overcome_at_once_when_no_git_is_left(rig: Rig) -> None:
    hasty = GitWorktrees(bare_machine(), lock_patience_s=0)
    path = rig.worker()
    record = administration(rig.bare, path)
    assert record is not None
    write(path, {"a.txt": "edited\n"})
    left_behind(record / "index.lock")
    assert hasty.commit_all(path, "Do it", author="slot0", expect_top=path)
    write(path, {"a.txt": "edited again\n"})
    left_behind(rig.bare / "refs" / "heads" / f"{BRANCH}.lock")
    assert hasty.commit_all(path, "Do it", author="slot0", expect_top=path)


def test_the_lock_of_a_commit_whose_editor_is_open_is_respected(rig: Rig) -> None:
    hasty = GitWorktrees(bare_machine(), lock_patience_s=0)
    path = rig.worker()
    record = administration(rig.bare, path)
    assert record is not None
    write(path, {"a.txt": "edited\n"})
    editor = rig.home / "editor"
    write(rig.home, {"editor": "#!/bin/sh\nexec sleep 600\n"})
    editor.chmod(0o755)
    env = bare_machine() | {"GIT_EDITOR": str(editor)}
    names = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    worker = subprocess.Popen(("git", *names, "commit", "-a"), cwd=path, env=env, start_new_session=True)
    try:
        give_up = time.monotonic() + 60
        while not (record / "index.lock").exists() or not (record / "COMMIT_EDITMSG").exists():
            assert time.monotonic() < give_up
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(YOUNG_S + 0.1)
        with pytest.raises(ToolFailed, match="could not be staged") as caught:
            hasty.commit_all(path, "Do it", author="slot0", expect_top=path)
        assert "index.lock" in caught.value.hint
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def test_a_worktree_killed_before_it_had_a_head_does_not_stop_the_rig(rig: Rig) -> None:
    hasty = GitWorktrees(bare_machine(), lock_patience_s=0.1)
    path = rig.worker()
    record = administration(rig.bare, path)
    assert record is not None
    (record / "gastown-branch").unlink()
    (record / "locked").write_text("initializing")
    (record / "index").unlink()
    (record / "HEAD").write_text("0" * 40 + "\n")
    new = commit(rig.origin, {"b.txt": "b\n"})
    with pytest.raises(ToolFailed, match="bad object"):
        hasty.fetch(rig.bare)
    long_ago = time.time() - 60
    os.utime(record / "HEAD", (long_ago, long_ago))
    hasty.fetch(rig.bare)
    assert hasty.resolve(rig.bare, "origin/main") == new
    assert hasty.open(rig.bare, path, branch=BRANCH, start="origin/main").changed == ()


def test_workers_a_fetching_daemon_and_the_refinery_share_one_repository(rig: Rig) -> None:
    works = [work_of(rig, f"slot{n}", {f"file{n}.txt": f"{n}\n"}) for n in range(4)]
    failures: list[BaseException] = []

    def busy(act: str) -> None:
        try:
            for n in range(4):
                if act == "fetch":
                    rig.worktrees.fetch(rig.bare)
                else:
                    path = rig.worker(f"{act}{n}")
                    commit(path, {f"{act}{n}.txt": "x\n"})
                    rig.worktrees.push(path, branch=f"polecat/{act}{n}/gt-1")
                    rig.worktrees.remove(rig.bare, path, rescue_ref=f"refs/rescue/api/{act}{n}/1")
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=busy, args=(act,)) for act in ("fetch", "fetch", "left", "right")]
    for thread in threads:
        thread.start()
    for work in works:
        made, base = merged(rig, work)
        assert rig.worktrees.land(rig.bare, commit=made, target="main", expected=base)
    for thread in threads:
        thread.join(120)
    assert failures == []
    assert {f"file{n}.txt" for n in range(4)} <= set(tree_files(rig.origin, rig.origin_head()))
