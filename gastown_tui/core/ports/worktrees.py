"""The rigs' repositories."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from gastown_tui.core.model.outside import MergeTrial, RepositoryFact, WorktreeFact


class Worktrees(Protocol):
    """The rigs' repositories: clones, worktrees, rescue refs, merges. Real git, argument lists, no shell."""

    def unavailable(self) -> str:
        """Why git cannot be used (missing, too old); empty when it can."""
        ...

    def add_repository(self, url: str, bare: Path, *, branch: str = "") -> RepositoryFact:
        """Make the rig's shared bare repository from a URL or a local path, tracking its branches.

        Raises:
            BadInput: the URL is an option, or the repository has no commits.
            ToolFailed: git could not fetch it; nothing is left behind.
        """
        ...

    def repository(self, bare: Path, branch: str) -> RepositoryFact:
        """The facts of a repository already made, without touching the network."""
        ...

    def fetch(self, bare: Path) -> None:
        """Bring the origin's branches up to date."""
        ...

    def clone(self, bare: Path, path: Path, *, branch: str) -> None:
        """A full clone for a person or a reference, its origin set to the rig's origin. There already is fine."""
        ...

    def open(self, bare: Path, path: Path, *, branch: str, start: str) -> WorktreeFact:
        """A worktree on its own branch, made from `start` (a commit or `origin/<branch>`) unless it exists.

        The town's own files are hidden by the worktree's private exclude file, never by a tracked one.
        """
        ...

    def look(self, path: Path, *, target: str = "") -> WorktreeFact:
        """The facts of a worktree. `ahead` counts commits not in `target` (a ref) when given."""
        ...

    def rescue(self, path: Path, ref: str) -> str:
        """Put every non-ignored byte of a worktree under a ref without disturbing it; return the commit.

        Works mid-rebase, with a stale index lock, on a detached head. A tree with nothing to save still gets its
        head recorded. Returns "" when the directory holds no git worktree.

        Raises:
            ToolFailed: the bytes could not be saved; the caller must not remove anything.
        """
        ...

    def remove(self, bare: Path, path: Path, *, rescue_ref: str) -> str:
        """The only way a worktree is ever removed: rescue first, then remove. Returns the rescued commit."""
        ...

    def commit_all(self, path: Path, message: str, *, author: str, expect_top: Path) -> str:
        """Commit everything in a worktree; return the commit, or "" when nothing changed.

        Raises:
            Refused: `path` does not belong to the worktree at `expect_top`.
        """
        ...

    def push(self, path: Path, *, branch: str) -> str:
        """Publish a worktree's head as a branch in the rig's shared repository; return the commit, verified there."""
        ...

    def trial(self, bare: Path, path: Path, *, commit: str, target: str, message: str, author: str) -> MergeTrial:
        """Build `commit` onto the freshly fetched `target` branch in the clean worktree at `path`.

        Fast-forwards become merge-less when the commit already sits on the target; otherwise a merge commit
        whose message is `message`. Leaves the worktree checked out at the result for the gate to run in.
        """
        ...

    def land(self, bare: Path, *, commit: str, target: str, expected: str) -> bool:
        """Push `commit` to the origin's `target` only if it still stands at `expected`; False when it moved.

        Raises:
            ToolFailed: the origin refused for another reason.
        """
        ...

    def resolve(self, bare: Path, ref: str) -> str:
        """The commit a ref stands at; empty when there is none."""
        ...

    def contains(self, bare: Path, commit: str, ref: str) -> bool:
        """Whether `ref` reaches `commit`."""
        ...

    def subjects(self, bare: Path, *, since: str, until: str) -> tuple[str, ...]:
        """Subjects of the commits in `until` that `since` does not have, newest first."""
        ...

    def diff(self, path: Path, *, target: str) -> str:
        """What a worktree changes against the target, committed or not, as a patch of at most 200 kB."""
        ...
