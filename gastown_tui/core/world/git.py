"""The rigs' repositories, by the real git."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gastown_tui.core.ports import MergeTrial, RepositoryFact, WorktreeFact
from gastown_tui.core.world import git_merges, git_names, git_places, git_rescue, git_rigs, git_trees
from gastown_tui.core.world.git_run import Git


class GitWorktrees:
    """`ports.Worktrees` with git; what each act promises is said there.

    Safe to use from several threads and processes at once: acts on one worktree take turns, and locks that git
    processes hold for moments are waited for.

    Args:
        env: The environment git inherits; the process's own when None.
        lock_patience_s: How long an act is repeated while another git process holds a lock it needs.
    """

    def __init__(self, env: Mapping[str, str] | None = None, *, lock_patience_s: float = 10.0) -> None:
        self._git = Git(env, lock_patience_s)

    def unavailable(self) -> str:
        """Why git cannot be used; empty when it can."""
        return self._git.unavailable()

    def add_repository(self, url: str, bare: Path, *, branch: str = "") -> RepositoryFact:
        """Make the rig's shared bare repository. The same URL again is fine."""
        return git_rigs.add_repository(self._git, url, bare, branch)

    def repository(self, bare: Path, branch: str) -> RepositoryFact:
        """The facts of a repository already made; an empty `branch` means the origin's own default."""
        return git_rigs.repository(self._git, bare, branch)

    def fetch(self, bare: Path) -> None:
        """Bring the origin's branches up to date."""
        git_rigs.fetch(self._git, bare)

    def clone(self, bare: Path, path: Path, *, branch: str) -> None:
        """A full clone; besides the origin it knows the shared repository as the remote `town`."""
        git_rigs.clone(self._git, bare, path, branch)

    def open(self, bare: Path, path: Path, *, branch: str, start: str) -> WorktreeFact:
        """A worktree on its own branch; one left half-made by a killed process is rescued and made anew.

        Raises:
            Conflict: it still holds another branch, or something else is at `path`.
            NotFound: there is no such start.
        """
        return git_trees.open_worktree(self._git, bare, path, branch, start)

    def look(self, path: Path, *, target: str = "") -> WorktreeFact:
        """The facts of a worktree. Takes no lock; an untracked directory is one path.

        Raises:
            NotFound: there is no such target.
            ToolFailed: git could not tell, so that nothing is known.
        """
        return git_trees.look(self._git, path, target)

    def rescue(self, path: Path, ref: str) -> str:
        """Every non-ignored byte of a worktree under a ref; what the ref held before stays reachable from it."""
        return git_rescue.rescue(self._git, path, ref)

    def remove(self, bare: Path, path: Path, *, rescue_ref: str) -> str:
        """Rescue, then remove; what is no worktree of the rig is moved into `.rescue` beside `bare`, never deleted."""
        return git_trees.remove_worktree(self._git, bare, path, rescue_ref)

    def commit_all(self, path: Path, message: str, *, author: str, expect_top: Path) -> str:
        """Commit everything in a worktree; refused in the middle of a merge or rebase."""
        return git_trees.commit_all(self._git, path, message, author, expect_top)

    def push(self, path: Path, *, branch: str) -> str:
        """Publish a worktree's head as a branch in the rig's shared repository; never drops commits of the branch."""
        return git_trees.push(self._git, path, branch)

    def trial(self, bare: Path, path: Path, *, commit: str, target: str, message: str, author: str) -> MergeTrial:
        """Build a merged commit. `ALREADY_IN` names the commit of the target's own line that brought it in."""
        return git_merges.trial(self._git, bare, path, commit, target, message, author)

    def land(self, bare: Path, *, commit: str, target: str, expected: str) -> bool:
        """Push only if the origin's branch still stands at `expected`, or already at `commit`."""
        return git_merges.land(self._git, bare, commit, target, expected)

    def resolve(self, bare: Path, ref: str) -> str:
        """The commit a ref stands at; a short name is a branch of the shared repository, else of the origin."""
        return git_places.find_commit(self._git, git_places.need_bare(bare), git_names.check_ref(ref))

    def contains(self, bare: Path, commit: str, ref: str) -> bool:
        """Whether `ref` reaches `commit`; False when either is missing."""
        bare = git_places.need_bare(bare)
        old = git_places.find_commit(self._git, bare, git_names.check_ref(commit))
        new = git_places.find_commit(self._git, bare, git_names.check_ref(ref))
        return bool(old and new) and git_places.is_ancestor(self._git, bare, old, new)

    def subjects(self, bare: Path, *, since: str, until: str) -> tuple[str, ...]:
        """Subjects of the commits in `until` that `since` does not have, newest first.

        Raises:
            NotFound: one of them does not exist.
        """
        bare = git_places.need_bare(bare)
        old = git_places.need_commit(self._git, bare, git_names.check_ref(since), origin_first=True)
        new = git_places.need_commit(self._git, bare, git_names.check_ref(until))
        done = self._git.run("log", "--format=%s", "-z", f"{old}..{new}", at=bare)
        if done.code:
            raise done.failed("the commits could not be listed")
        return tuple(line for line in done.out.decode("utf-8", "backslashreplace").split("\0") if line)

    def diff(self, path: Path, *, target: str) -> str:
        """What a worktree changes since it left the target, untracked files included."""
        return git_trees.diff(self._git, path, target)
