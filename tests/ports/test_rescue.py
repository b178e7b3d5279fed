"""Work is never lost: every non-ignored byte of a worktree stays reachable from a ref or on disk."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from gastown_tui.core.errors import BadInput, Refused, ToolFailed
from gastown_tui.core.world.git import GitWorktrees
from gastown_tui.core.world.git_places import administration
from tests.ports.git_repository import BRANCH, Rig, a_repository, commit, git, reachable_blobs, tree_files, write

REF = "refs/rescue/api/slot0/1"
NASTY = ("line\nbreak.txt", "-rf", "naïve ☂.txt", 'quo"te\n', "tab\there", "back\\slash", "bytes\udcff.txt")


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def record_of(rig: Rig, path: Path) -> Path:
    record = administration(rig.bare, path)
    assert record is not None
    return record


def in_a_stopped_rebase(rig: Rig, path: Path) -> str:
    """Leave a worktree in the middle of a rebase that conflicts; return the head it started from."""
    before = commit(path, {"a.txt": "mine\n", "mine.txt": "only here\n"})
    moved = commit(rig.origin, {"a.txt": "theirs\n"})
    rig.worktrees.fetch(rig.bare)
    git(path, "rebase", moved, ok=(1,))
    return before


# ------------------------------------------------------------------------------------------ what is saved


def test_edited_staged_and_untracked_work_is_saved_and_ignored_files_are_not(rig: Rig) -> None:
    path = rig.worker()
    write(path, {".gitignore": "*.log\n", "a.txt": "edited\n", "staged.txt": "staged\n", "sub/new.txt": "new\n"})
    write(path, {"noise.log": "noise\n", **{name: name.encode("utf-8", "surrogateescape") for name in NASTY}})
    git(path, "add", "staged.txt")
    (path / "README.md").unlink()
    saved = rig.worktrees.rescue(path, REF)
    files = rig.tracked_in(saved)
    assert files["a.txt"] == b"edited\n"
    assert set(files) == {".gitignore", "a.txt", "staged.txt", "sub/new.txt", *NASTY}
    assert all(files[name] == name.encode("utf-8", "surrogateescape") for name in NASTY)
    assert git(rig.bare, "rev-parse", f"{saved}^1") == rig.origin_head()


def test_a_rescue_leaves_no_trace_in_the_worktree(rig: Rig) -> None:
    path = rig.worker()
    write(path, {"a.txt": "edited\n", "staged.txt": "staged\n", "new.txt": "new\n"})
    git(path, "add", "staged.txt")
    index = record_of(rig, path) / "index"
    before = (git(path, "status", "--porcelain"), index.read_bytes(), sorted(index.parent.iterdir()))
    rig.worktrees.rescue(path, REF)
    assert (git(path, "status", "--porcelain"), index.read_bytes(), sorted(index.parent.iterdir())) == before


def test_what_was_staged_and_then_edited_again_is_saved_twice(rig: Rig) -> None:
    path = rig.worker()
    write(path, {"a.txt": "staged version\n"})
    git(path, "add", "a.txt")
    write(path, {"a.txt": "later version\n"})
    saved = rig.worktrees.rescue(path, REF)
    assert rig.tracked_in(saved)["a.txt"] == b"later version\n"
    assert b"staged version\n" in reachable_blobs(rig.bare)


def test_a_clean_worktree_has_its_head_recorded(rig: Rig) -> None:
    path = rig.worker()
    head = commit(path, {"a.txt": "done\n"})
    assert rig.worktrees.rescue(path, REF) == head
    assert rig.worktrees.resolve(rig.bare, REF) == head


def test_a_detached_head_is_saved(rig: Rig) -> None:
    path = rig.worker()
    git(path, "checkout", "--quiet", "--detach")
    head = commit(path, {"a.txt": "detached\n"})
    write(path, {"b.txt": "b\n"})
    saved = rig.worktrees.rescue(path, REF)
    assert rig.worktrees.contains(rig.bare, head, REF)
    assert rig.tracked_in(saved)["b.txt"] == b"b\n"


def test_an_unborn_branch_is_saved(rig: Rig) -> None:
    path = rig.worker()
    git(path, "checkout", "--quiet", "--orphan", "fresh")
    git(path, "rm", "-rfq", ".")
    write(path, {"first.txt": "first\n"})
    saved = rig.worktrees.rescue(path, REF)
    assert rig.tracked_in(saved) == {"first.txt": b"first\n"}


def test_a_rebase_stopped_in_the_middle_is_saved_whole(rig: Rig) -> None:
    path = rig.worker()
    before = in_a_stopped_rebase(rig, path)
    write(path, {"a.txt": "half resolved\n"})
    saved = rig.worktrees.rescue(path, REF)
    assert rig.tracked_in(saved)["a.txt"] == b"half resolved\n"
    git(rig.bare, "update-ref", "-d", f"refs/heads/{BRANCH}")
    assert rig.worktrees.contains(rig.bare, before, REF)
    assert {b"mine\n", b"theirs\n"} <= reachable_blobs(rig.bare)
    assert rig.worktrees.look(path).operation == "rebase"


def test_what_a_rebase_set_aside_by_itself_is_saved(rig: Rig) -> None:
    path = rig.worker()
    commit(path, {"a.txt": "mine\n", "b.txt": "b\n"})
    write(path, {"b.txt": "not committed yet\n"})
    moved = commit(rig.origin, {"a.txt": "theirs\n"})
    rig.worktrees.fetch(rig.bare)
    git(path, "rebase", "--autostash", moved, ok=(1,))
    assert (path / "b.txt").read_text() == "b\n"
    rig.worktrees.remove(rig.bare, path, rescue_ref=REF)
    assert b"not committed yet\n" in reachable_blobs(rig.bare)


@pytest.mark.parametrize("act", ["merge", "cherry-pick"])
def test_an_unfinished_merge_keeps_the_other_side(rig: Rig, act: str) -> None:
    path = rig.worker()
    commit(path, {"a.txt": "mine\n"})
    git(path, "checkout", "--quiet", "--detach", "origin/main")
    other = commit(path, {"a.txt": "the other side\n"})
    git(path, "checkout", "--quiet", BRANCH)
    git(path, act, other, ok=(1,))
    rig.worktrees.remove(rig.bare, path, rescue_ref=REF)
    assert rig.worktrees.contains(rig.bare, other, REF)


def test_commits_thrown_away_by_a_reset_are_saved(rig: Rig) -> None:
    path = rig.worker()
    lost = commit(path, {"a.txt": "thrown away\n"})
    git(path, "reset", "--quiet", "--hard", "HEAD~1")
    git(path, "commit", "--quiet", "--allow-empty", "-m", "One")
    git(path, "commit", "--quiet", "--allow-empty", "-m", "Two")
    git(path, "update-ref", "-d", "ORIG_HEAD")
    rig.worktrees.remove(rig.bare, path, rescue_ref=REF)
    assert rig.worktrees.contains(rig.bare, lost, REF)


def test_a_stale_index_lock_is_no_obstacle(rig: Rig) -> None:
    path = rig.worker()
    (record_of(rig, path) / "index.lock").touch()
    write(path, {"a.txt": "edited\n"})
    saved = rig.worktrees.remove(rig.bare, path, rescue_ref=REF)
    assert rig.tracked_in(saved)["a.txt"] == b"edited\n"
    assert not path.exists()


def test_an_unreadable_index_is_no_obstacle(rig: Rig) -> None:
    path = rig.worker()
    write(path, {"a.txt": "edited\n"})
    (record_of(rig, path) / "index").write_bytes(b"garbage")
    assert rig.tracked_in(rig.worktrees.rescue(path, REF))["a.txt"] == b"edited\n"


def test_files_git_was_told_to_overlook_are_saved(rig: Rig) -> None:
    path = rig.worker()
    git(path, "update-index", "--assume-unchanged", "a.txt")
    git(path, "update-index", "--skip-worktree", "README.md")
    write(path, {"a.txt": "edited unseen\n", "README.md": "edited unseen too\n"})
    files = rig.tracked_in(rig.worktrees.rescue(path, REF))
    assert (files["a.txt"], files["README.md"]) == (b"edited unseen\n", b"edited unseen too\n")


def test_bytes_are_saved_as_they_lie_whatever_attributes_and_filters_say(rig: Rig) -> None:
    path = rig.worker()
    git(path, "config", "filter.broken.clean", "false")
    git(path, "config", "filter.broken.required", "true")
    rules = "*.txt text\n*.dat filter=broken\n*.c ident\n*.u working-tree-encoding=UTF-16\n"
    content: dict[str, str | bytes] = {
        "crlf.txt": b"one\r\ntwo\r\n",
        "line\r\nbreak.txt": b"three\r\n",
        "big.dat": b"large\r\n",
        "id.c": b"$Id: 123 $\n",
        "wide.u": "wide\n".encode("utf-16"),
        "-flag.txt": b"flag\r\n",
        "a.txt": b"edited\r\n",
    }
    write(path, content | {".gitattributes": rules})
    files = rig.tracked_in(rig.worktrees.rescue(path, REF))
    assert {name: files[name] for name in content} == content


def test_links_and_modes_are_saved_as_what_they_are(rig: Rig) -> None:
    path = rig.worker()
    (path / "to-nowhere").symlink_to("/nonexistent/secret")
    (path / "to-folder").symlink_to("/etc")
    write(path, {"run.sh": "#!/bin/sh\n"})
    (path / "run.sh").chmod(0o755)
    os.mkfifo(path / "pipe")
    saved = rig.worktrees.rescue(path, REF)
    assert rig.tracked_in(saved)["to-nowhere"] == b"/nonexistent/secret"
    assert git(rig.bare, "ls-tree", saved, "run.sh").startswith("100755")


def test_a_same_sized_edit_in_the_instant_of_staging_is_saved(rig: Rig) -> None:
    path = rig.worker()
    git(path, "config", "core.trustctime", "false")
    instant = (path / "a.txt").stat().st_mtime - 10
    write(path, {"a.txt": "before\n"})
    os.utime(path / "a.txt", (instant, instant))
    git(path, "add", "a.txt")
    write(path, {"a.txt": "after!\n"})
    for file in (path / "a.txt", record_of(rig, path) / "index"):
        os.utime(file, (instant, instant))
    saved = rig.worktrees.rescue(path, REF)
    assert rig.tracked_in(saved)["a.txt"] == b"after!\n"


def test_a_second_rescue_under_the_same_ref_loses_nothing_of_the_first(rig: Rig) -> None:
    path = rig.worker()
    write(path, {"a.txt": "first\n"})
    first = rig.worktrees.rescue(path, REF)
    assert rig.worktrees.rescue(path, REF) == first
    write(path, {"a.txt": "second\n"})
    second = rig.worktrees.rescue(path, REF)
    assert rig.worktrees.contains(rig.bare, first, second)
    git(path, "checkout", "--quiet", "a.txt")
    third = rig.worktrees.rescue(path, REF)
    assert rig.worktrees.contains(rig.bare, second, third)


def test_a_rescue_survives_a_thorough_cleaning(rig: Rig) -> None:
    path = rig.worker()
    write(path, {"a.txt": "staged\n"})
    git(path, "add", "a.txt")
    write(path, {"a.txt": "edited\n"})
    rig.worktrees.remove(rig.bare, path, rescue_ref=REF)
    git(rig.bare, "reflog", "expire", "--expire=now", "--all")
    git(rig.bare, "gc", "--quiet", "--prune=now")
    assert {b"staged\n", b"edited\n"} <= reachable_blobs(rig.bare)


def test_a_persons_clone_is_rescued_into_itself(rig: Rig) -> None:
    path = rig.home / "crew" / "max"
    rig.worktrees.clone(rig.bare, path, branch="main")
    write(path, {"a.txt": "edited\n"})
    saved = rig.worktrees.rescue(path, "refs/rescue/api/max/1")
    assert tree_files(path, saved)["a.txt"] == b"edited\n"


def test_a_tree_of_two_thousand_files_is_saved_in_one_go(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {f"dir{n % 20}/file{n}.txt": f"{n}\n" for n in range(2000)})
    path = rig.worker()
    write(path, {f"dir{n % 20}/file{n}.txt": f"edited {n}\n" for n in range(0, 2000, 2)})
    write(path, {f"new{n % 20}/file{n}.txt": f"new {n}\n" for n in range(2000)})
    saved = rig.worktrees.remove(rig.bare, path, rescue_ref=REF)
    assert len(git(rig.bare, "ls-tree", "-r", "--name-only", saved).splitlines()) == 4000
    assert not path.exists()


# ------------------------------------------------------------------------------------------ what is refused


def test_nothing_is_rescued_where_no_worktree_is(rig: Rig, tmp_path: Path) -> None:
    a_repository(tmp_path / "outer")
    inside = tmp_path / "outer" / "sub"
    write(inside, {"x.txt": "x\n"})
    assert rig.worktrees.rescue(inside, REF) == ""
    assert rig.worktrees.rescue(tmp_path / "nowhere", REF) == ""
    assert git(tmp_path / "outer", "for-each-ref", "refs/rescue") == ""


@pytest.mark.parametrize("ref", ["refs/rescue/a..b", "--force", "", "refs/rescue/x.lock"])
def test_a_ref_git_would_misread_is_refused(rig: Rig, ref: str) -> None:
    path = rig.worker()
    with pytest.raises(BadInput):
        rig.worktrees.remove(rig.bare, path, rescue_ref=ref)
    assert path.exists()


def spoiled_objects(rig: Rig) -> None:
    """Make it impossible to write objects, even for root."""
    objects = rig.bare / "objects"
    for folder in objects.iterdir():
        if len(folder.name) == 2:
            folder.rename(objects / "info" / folder.name)
    for n in range(256):
        (objects / f"{n:02x}").write_text("a file where a directory should be")
    (rig.bare / "objects" / "info" / "alternates").write_text(str(objects / "info") + "\n")


def spoiled_ref(rig: Rig) -> None:
    """Make the rescue ref impossible to create."""
    git(rig.bare, "update-ref", "refs/rescue/api/slot0", "refs/remotes/origin/main")


@pytest.mark.parametrize("spoil", [spoiled_objects, spoiled_ref])
def test_a_rescue_that_fails_removes_nothing(rig: Rig, spoil: Callable[[Rig], None]) -> None:
    path = rig.worker()
    write(path, {"a.txt": "precious\n"})
    spoil(rig)
    with pytest.raises(ToolFailed):
        rig.worktrees.remove(rig.bare, path, rescue_ref=REF)
    assert (path / "a.txt").read_text() == "precious\n"
    assert rig.worktrees.look(path).changed == ("a.txt",)


def test_an_unreadable_file_stops_the_removal(rig: Rig) -> None:
    path = rig.worker()
    write(path, {"secret.txt": "x\n"})
    (path / "secret.txt").chmod(0)
    if os.access(path / "secret.txt", os.R_OK):
        pytest.skip("nothing is closed to this user")
    with pytest.raises(ToolFailed):
        rig.worktrees.remove(rig.bare, path, rescue_ref=REF)
    assert (path / "secret.txt").exists()


def test_a_worktree_somebody_keeps_writing_in_is_not_removed(rig: Rig) -> None:
    path = rig.worker()
    writer = subprocess.Popen(("sh", "-c", "exec 2>&-; while echo more >> busy.txt; do :; done"), cwd=path)
    try:
        while not (path / "busy.txt").exists():
            assert writer.poll() is None
        with pytest.raises(ToolFailed, match=r"still writing|could not be rescued"):
            rig.worktrees.remove(rig.bare, path, rescue_ref=REF)
        assert (path / "busy.txt").exists()
    finally:
        writer.kill()
        writer.wait()


# ------------------------------------------------------------------------------------------ what is removed


def test_a_removed_worktree_leaves_its_branch_and_makes_room(rig: Rig) -> None:
    path = rig.worker()
    head = commit(path, {"a.txt": "done\n"})
    assert rig.worktrees.remove(rig.bare, path, rescue_ref=REF) == head
    assert rig.worktrees.remove(rig.bare, path, rescue_ref=REF) == ""
    assert rig.worktrees.resolve(rig.bare, BRANCH) == head
    assert str(path) not in git(rig.bare, "worktree", "list")
    assert rig.worker() == path


def test_removing_one_worktree_keeps_what_is_known_of_another_whose_files_are_gone(rig: Rig) -> None:
    path, other = rig.worker(), rig.worker("slot1")
    git(other, "checkout", "--quiet", "--detach")
    head = commit(other, {"a.txt": "only in a detached head\n"})
    other.rename(other.with_name("elsewhere"))
    rig.worktrees.remove(rig.bare, path, rescue_ref=REF)
    assert rig.worktrees.remove(rig.bare, other, rescue_ref="refs/rescue/api/slot1/1") == head
    assert rig.worktrees.resolve(rig.bare, "refs/rescue/api/slot1/1") == head


def test_a_directory_that_lost_its_git_is_moved_aside_and_kept(rig: Rig) -> None:
    path = rig.worker()
    write(path, {"a.txt": "precious\n"})
    (path / ".git").unlink()
    rig.worktrees.remove(rig.bare, path, rescue_ref=REF)
    assert not path.exists()
    assert (rig.home / ".rescue" / "slot0-1" / "a.txt").read_text() == "precious\n"
    assert rig.worker() == path


def test_a_plain_directory_is_moved_aside_as_often_as_asked(rig: Rig) -> None:
    path = rig.home / "polecats" / "slot0"
    for n in range(3):
        write(path, {"a.txt": f"{n}\n"})
        assert rig.worktrees.remove(rig.bare, path, rescue_ref=REF) == ""
    assert sorted(file.read_text() for file in (rig.home / ".rescue").glob("*/a.txt")) == ["0\n", "1\n", "2\n"]


def test_a_clone_is_copied_and_then_moved_aside(rig: Rig) -> None:
    path = rig.home / "crew" / "max"
    rig.worktrees.clone(rig.bare, path, branch="main")
    write(path, {"a.txt": "edited\n"})
    saved = rig.worktrees.remove(rig.bare, path, rescue_ref="refs/rescue/api/max/1")
    assert rig.tracked_in(saved)["a.txt"] == b"edited\n"
    assert (rig.home / ".rescue" / "max-1" / ".git").is_dir()


@pytest.mark.parametrize("where", ["new", "sub/deep", "tracked"])
@pytest.mark.parametrize("commits", [0, 1])
def test_a_repository_made_inside_a_worktree_is_kept_on_disk(tmp_path: Path, where: str, commits: int) -> None:
    rig = Rig(tmp_path, {"a.txt": "a\n", "tracked/t.txt": "t\n"})
    path = rig.worker()
    inner = path / where
    write(inner, {"inner.txt": "inner\n"})
    git(inner, "init", "--quiet")
    if commits:
        commit(inner, {"inner.txt": "committed\n"})
        write(inner, {"inner.txt": "edited\n"})
    write(path, {"a.txt": "edited\n"})
    saved = rig.worktrees.remove(rig.bare, path, rescue_ref=REF)
    assert rig.tracked_in(saved)["a.txt"] == b"edited\n"
    assert not path.exists()
    kept = rig.home / ".rescue" / "slot0-1" / where
    assert (kept / "inner.txt").read_text() == ("edited\n" if commits else "inner\n")
    assert (kept / ".git" / "HEAD").is_file()
    assert rig.worker() == path


def test_repositories_among_ignored_files_go_with_them(rig: Rig) -> None:
    path = rig.worker()
    write(path, {".gitignore": "vendor/\n"})
    a_repository(path / "vendor" / "lib")
    rig.worktrees.remove(rig.bare, path, rescue_ref=REF)
    assert not (rig.home / ".rescue").exists()


def test_only_what_lies_inside_the_rig_is_ever_removed(rig: Rig, tmp_path: Path) -> None:
    outside = tmp_path / "home"
    write(outside, {"a.txt": "precious\n"})
    insides = (rig.bare, rig.bare / "refs", rig.home / ".rescue")
    for wrong in (outside, rig.home, rig.origin, Path("/"), rig.home / ".." / "home", *insides):
        with pytest.raises(Refused, match="is not inside the rig"):
            rig.worktrees.remove(rig.bare, wrong, rescue_ref=REF)
    assert (outside / "a.txt").exists()
    assert rig.worktrees.resolve(rig.bare, "origin/main")


def test_a_link_is_moved_aside_and_what_it_points_to_stays(rig: Rig, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", {"a.txt": "precious\n"})
    path = rig.home / "polecats" / "slot0"
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    rig.worktrees.remove(rig.bare, path, rescue_ref=REF)
    assert (tmp_path / "elsewhere" / "a.txt").exists()


def test_a_copied_worktree_never_costs_the_original_its_record(rig: Rig) -> None:
    path = rig.worker()
    copy = path.with_name("copy")
    subprocess.run(("cp", "-r", str(path), str(copy)), check=True)
    write(copy, {"a.txt": "in the copy\n"})
    rig.worktrees.remove(rig.bare, copy, rescue_ref=REF)
    assert (rig.home / ".rescue" / "copy-1" / "a.txt").read_text() == "in the copy\n"
    assert rig.worktrees.look(path).branch == BRANCH


# ------------------------------------------------------------------------------------------ any history


def ours(blobs: set[bytes]) -> set[bytes]:
    """The contents a worker wrote, each unlike any other."""
    return {blob for blob in blobs if blob.startswith(b"content")}


class WorkIsNeverLost(RuleBasedStateMachine):
    """A worker does what workers do; the town rescues and removes; nothing that was alive then may be gone."""

    names = st.sampled_from(["a.txt", "b.txt", "line\nbreak", "-n", "sub/c.txt", "☂"])

    @initialize()
    def start(self) -> None:
        self.room = tempfile.TemporaryDirectory()
        self.rig = Rig(Path(self.room.name))
        self.path = self.rig.worker()
        self.number = 0
        self.committed: set[bytes] = set()

    def teardown(self) -> None:
        if hasattr(self, "room"):
            self.room.cleanup()

    def fresh(self) -> bytes:
        self.number += 1
        return f"content {self.number}\n".encode()

    def busy(self) -> bool:
        return bool(self.rig.worktrees.look(self.path).operation)

    def unlock(self) -> None:
        (record_of(self.rig, self.path) / "index.lock").unlink(missing_ok=True)

    def staged(self) -> set[bytes]:
        entries = [entry.split()[1] for entry in git(self.path, "ls-files", "-s", "-z").split("\0") if entry]
        return {git(self.path, "cat-file", "blob", blob).encode() + b"\n" for blob in set(entries)}

    def alive(self) -> set[bytes]:
        """What lies in files and in the index, and what was ever committed."""
        listed = git(self.path, "ls-files", "-co", "-z", "--exclude-standard").split("\0")
        files = {self.path / name for name in listed if name}
        return ours({file.read_bytes() for file in files if file.is_file()} | self.staged() | self.committed)

    @rule(name=names)
    def edit(self, name: str) -> None:
        write(self.path, {name: self.fresh()})

    @rule(name=names)
    def stage(self, name: str) -> None:
        self.unlock()
        write(self.path, {name: self.fresh()})
        git(self.path, "add", "--", name)

    @rule(name=names, delete=st.booleans())
    def stage_and_change_again(self, name: str, delete: bool) -> None:
        self.stage(name)
        if delete:
            (self.path / name).unlink()
        else:
            self.edit(name)

    @rule(name=names)
    def delete(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)

    @rule(name=names)
    def commit_something(self, name: str) -> None:
        self.unlock()
        if not self.busy():
            content = self.fresh()
            commit(self.path, {name: content})
            self.committed.add(content)

    @rule()
    def throw_a_commit_away(self) -> None:
        self.unlock()
        if not self.busy():
            content = self.fresh()
            commit(self.path, {"a.txt": content})
            self.committed.add(content)
            git(self.path, "reset", "--quiet", "--hard", "HEAD~1")

    @rule()
    def detach(self) -> None:
        self.unlock()
        if not self.busy():
            git(self.path, "checkout", "--quiet", "--detach")

    @rule()
    def stop_in_a_rebase(self) -> None:
        self.unlock()
        if not self.busy():
            mine, theirs = self.fresh(), self.fresh()
            commit(self.path, {"clash.txt": mine})
            moved = commit(self.rig.origin, {"clash.txt": theirs})
            self.committed |= {mine, theirs}
            self.rig.worktrees.fetch(self.rig.bare)
            git(self.path, "rebase", moved, ok=(0, 1))

    @rule()
    def lock_the_index(self) -> None:
        (record_of(self.rig, self.path) / "index.lock").touch()

    @rule()
    def rescue(self) -> None:
        alive = self.alive()
        before = git(self.path, "status", "--porcelain")
        self.rig.worktrees.rescue(self.path, "refs/rescue/api/slot0/same")
        assert git(self.path, "status", "--porcelain") == before
        assert alive <= reachable_blobs(self.rig.bare)

    @rule()
    def remove_and_clean_up(self) -> None:
        alive = self.alive()
        self.rig.worktrees.remove(self.rig.bare, self.path, rescue_ref=f"refs/rescue/api/slot0/{self.number}")
        assert not self.path.exists()
        git(self.rig.bare, "reflog", "expire", "--expire=now", "--all")
        git(self.rig.bare, "gc", "--quiet", "--prune=now")
        assert alive <= reachable_blobs(self.rig.bare)
        self.rig.worker()

    @precondition(lambda self: self.number > 0)
    @rule()
    def lose_the_directory(self) -> None:
        kept = ours(self.staged() | self.committed)
        subprocess.run(("rm", "-r", str(self.path)), check=True)
        self.rig.worker()
        assert kept <= reachable_blobs(self.rig.bare)


TestWorkIsNeverLost = WorkIsNeverLost.TestCase
TestWorkIsNeverLost.settings = settings(
    max_examples=int(os.environ.get("GASTOWN_HISTORIES", "10")),
    stateful_step_count=12,
    deadline=None,
    derandomize="GASTOWN_HISTORIES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def test_the_towns_git_is_the_one_under_test(rig: Rig) -> None:
    assert isinstance(rig.worktrees, GitWorktrees)
