"""Small real repositories: an origin, the rig made from it, and a git that no machine's configuration reaches."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from gastown_tui.core.world.git import GitWorktrees

BRANCH = "polecat/slot0/gt-1"


def bare_machine() -> dict[str, str]:
    """The environment of a machine on which nobody ever told git a name."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}


def git(path: Path, *args: str, stdin: str | None = None, ok: tuple[int, ...] = (0,)) -> str:
    """Run git in a directory as a developer would, with a name of her own; what it printed, stripped."""
    env = bare_machine() | {
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "GIT_EDITOR": ":",
    }
    done = subprocess.run(
        ("git", *args), cwd=path, env=env, input=stdin, capture_output=True, text=True, errors="surrogateescape"
    )
    assert done.returncode in ok, f"git {' '.join(args)}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def write(path: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files below a directory."""
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


def commit(path: Path, files: Mapping[str, str | bytes], message: str = "Change") -> str:
    """Write files, commit everything, and return the commit."""
    write(path, files)
    git(path, "add", "-A")
    git(path, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(path, "rev-parse", "HEAD")


def a_repository(path: Path, files: Mapping[str, str | bytes] | None = None, *, branch: str = "main") -> Path:
    """A repository with one commit, its branch not checked out by anybody who minds a push."""
    path.mkdir(parents=True)
    git(path, "init", "--quiet")
    git(path, "symbolic-ref", "HEAD", f"refs/heads/{branch}")
    git(path, "config", "receive.denyCurrentBranch", "updateInstead")
    commit(path, files if files is not None else {"README.md": "hello\n", "a.txt": "one\ntwo\nthree\n"}, "First")
    return path


class Rig:
    """A rig on disk: its origin, its shared repository and where its worktrees go."""

    def __init__(self, root: Path, files: Mapping[str, str | bytes] | None = None) -> None:
        self.worktrees = GitWorktrees(bare_machine())
        self.origin = a_repository(root / "origin", files)
        self.home = root / "api"
        self.bare = self.home / ".repo.git"
        self.refinery = self.home / "refinery" / "rig"
        self.worktrees.add_repository(str(self.origin), self.bare)

    def worker(self, name: str = "slot0", branch: str = "", *, start: str = "origin/main") -> Path:
        """The worktree of a worker, opened."""
        path = self.home / "polecats" / name
        self.worktrees.open(self.bare, path, branch=branch or f"polecat/{name}/gt-1", start=start)
        return path

    def origin_head(self, branch: str = "main") -> str:
        """Where the origin's branch stands."""
        return git(self.origin, "rev-parse", f"refs/heads/{branch}")

    def tracked_in(self, commit_id: str) -> dict[str, bytes]:
        """Every file of a commit's tree in the shared repository."""
        return tree_files(self.bare, commit_id)


def tree_files(repository: Path, commit_id: str) -> dict[str, bytes]:
    """Every file of a commit's tree with its bytes, exactly."""
    listed = subprocess.run(
        ("git", "ls-tree", "-r", "-z", commit_id), cwd=repository, capture_output=True, check=True
    ).stdout
    files: dict[str, bytes] = {}
    for entry in filter(None, listed.split(b"\0")):
        facts, _, name = entry.partition(b"\t")
        blob = facts.split()[2].decode()
        show = ("git", "cat-file", "blob", blob)
        files[os.fsdecode(name)] = subprocess.run(show, cwd=repository, capture_output=True, check=True).stdout
    return files


def reachable_blobs(repository: Path) -> set[bytes]:
    """The bytes of every file that any ref of a repository reaches."""
    listed = git(repository, "rev-list", "--objects", "--all").splitlines()
    ids = "".join(line.split()[0] + "\n" for line in listed)
    out = subprocess.run(
        ("git", "cat-file", "--batch"), cwd=repository, input=ids.encode(), capture_output=True, check=True
    ).stdout
    blobs: set[bytes] = set()
    at = 0
    while at < len(out):
        head, _, _ = out[at:].partition(b"\n")
        _, kind, size = head.split()
        start = at + len(head) + 1
        if kind == b"blob":
            blobs.add(out[start : start + int(size)])
        at = start + int(size) + 1
    return blobs
