"""Where things lie: git directories, unfinished operations, the town's marks and locks inside a rig's repository."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gastown_tui.core.errors import Conflict, NotFound, ToolFailed
from gastown_tui.core.model.ids import shown
from gastown_tui.core.world.git_names import is_commit
from gastown_tui.core.world.git_run import Git, Place
from gastown_tui.core.world.lock import holder

PRIVATE = ("/.gastown/", "/.claude/settings.local.json")
"""What the town itself may put into a worktree; hidden by exclude files no project tracks."""
_MARK = "gastown-branch"
"""A file in a worktree's administration that says for which branch it was opened."""
_LOCK_WAIT_S = 60.0
_OPERATIONS = (
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_LOG", "bisect"),
)


def find_place(path: Path) -> Place | None:
    """The repository checked out exactly at `path`; None when there is none, or its administration is gone."""
    dot = path / ".git"
    if dot.is_dir():
        return Place(dot, path, dot) if (dot / "HEAD").is_file() else None
    pointed = _pointer(dot, "gitdir:")
    if pointed is None or not (pointed / "HEAD").is_file():
        return None
    return Place(pointed, path, _pointer(pointed / "commondir", "") or pointed)


def need_place(path: Path) -> Place:
    """The repository checked out at `path`.

    Raises:
        NotFound: there is none.
    """
    place = find_place(path)
    if place is None:
        raise NotFound(f"{path} is not a git worktree", hint="sling the work again to have one made")
    return place


def need_bare(bare: Path) -> Path:
    """A rig's shared repository, absolute.

    Raises:
        NotFound: it was never made, or is gone.
    """
    if not (bare / "HEAD").is_file() or not (bare / "objects").is_dir():
        raise NotFound(f"the rig has no repository at {bare}", hint="add the rig again")
    return bare.resolve()


def administration(bare: Path, path: Path) -> Path | None:
    """The directory in which the shared repository keeps a worktree's head and index, even if its files are gone."""
    wanted = _real(path)
    for record in sorted(bare.glob("worktrees/*/gitdir")):
        with suppress(OSError):
            noted = Path(record.read_text("utf-8", "surrogateescape").rstrip("\n"))
            noted = noted if noted.is_absolute() else record.parent / noted
            if _real(noted.parent) == wanted:
                return record.parent
    return None


def operation(git_dir: Path) -> str:
    """The git operation a worktree stands in the middle of; empty when none."""
    return next((word for name, word in _OPERATIONS if (git_dir / name).exists()), "")


def half_made(git_dir: Path) -> bool:
    """Whether git was killed, or is still at work, while it made this worktree."""
    try:
        return (git_dir / "locked").read_text("utf-8", "replace").strip() == "initializing"
    except OSError:
        return False


def opened_for(git_dir: Path) -> str:
    """The branch a worktree was opened for, whatever is checked out there now; empty when nobody noted one."""
    try:
        return (git_dir / _MARK).read_text("utf-8").strip()
    except OSError:
        return ""


def mark_opened(git_dir: Path, branch: str) -> None:
    """Note for which branch a worktree was opened."""
    partial = git_dir / f"{_MARK}.part"
    partial.write_text(branch + "\n", "utf-8")
    partial.replace(git_dir / _MARK)


def hide_private_files(common: Path) -> None:
    """Make git overlook the town's own files in every worktree of a repository."""
    exclude = common / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    known = exclude.read_text("utf-8", "surrogateescape") if exclude.exists() else ""
    missing = [line for line in PRIVATE if line not in known.splitlines()]
    if missing:
        gap = "" if not known or known.endswith("\n") else "\n"
        with exclude.open("a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(gap + "\n".join(missing) + "\n")


@contextmanager
def alone_with(bare: Path, path: Path) -> Iterator[int]:
    """Hold the right to make, merge in or remove the worktree at `path`; yields the locked descriptor.

    Shared with the git processes started meanwhile, so that a killed town still keeps others out until git has ended.

    Raises:
        Conflict: another process had it for a minute.
    """
    locks = bare / "gastown" / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(os.fsencode(_real(path))).hexdigest()[:16]
    held = os.open(locks / f"{path.name[:40]}-{key}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        give_up = time.monotonic() + _LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up:
                    raise Conflict(
                        f"{holder(held)} has been working on {path} for a minute", hint="try again when it is done"
                    ) from None
                time.sleep(0.02)
        os.pwrite(held, b"%-12d\n" % os.getpid(), 0)
        yield held
    finally:
        os.close(held)


def move_aside(bare: Path, path: Path, label: str) -> Path:
    """Move a directory out of the way, into `.rescue` beside the shared repository; nothing in it is lost.

    Raises:
        ToolFailed: it cannot be moved; it is still where it was.
    """
    shelf = bare.parent / ".rescue"
    try:
        shelf.mkdir(mode=0o700, exist_ok=True)
        for number in range(1, 1000):
            kept = shelf / (f"{label}-{number}" if number > 1 else label)
            if not os.path.lexists(kept):
                path.rename(kept)
                return kept
    except OSError as broken:
        raise ToolFailed(
            f"{path} could not be moved aside: {broken.strerror}", hint=f"move it away by hand, then repeat; {shelf}"
        ) from broken
    raise ToolFailed(f"{path} could not be moved aside: {shelf} is full of earlier ones", hint=f"tidy {shelf}")


def find_commit(git: Git, at: Place | Path, name: str, *, origin_first: bool = False) -> str:
    """The commit a checked name stands at; empty when there is none.

    Short names mean a branch of the shared repository and then one of the origin's; the other way round for targets.
    """
    places = [f"refs/heads/{name}", f"refs/remotes/origin/{name}"]
    if origin_first:
        places.reverse()
    if name.startswith("origin/"):
        places = [f"refs/remotes/{name}"]
    elif name.startswith("refs/") or name == "HEAD" or is_commit(name):
        places = []
    asked = "".join(f"{ref}^{{commit}}\n" for ref in [*places, name])
    done = git.run("cat-file", "--batch-check=%(objecttype) %(objectname)", at=at, stdin=os.fsencode(asked))
    if done.code:
        raise done.failed(f"{shown(name)} could not be looked up")
    for answer in done.out.decode("ascii", "replace").splitlines():
        if answer.startswith("commit "):
            return answer.split()[1]
    return ""


def need_commit(git: Git, at: Place | Path, name: str, *, origin_first: bool = False) -> str:
    """The commit a checked name stands at.

    Raises:
        NotFound: there is none.
    """
    commit = find_commit(git, at, name, origin_first=origin_first)
    if not commit:
        raise NotFound(f"the repository has no commit or branch {shown(name)}", hint="fetch first, or check the name")
    return commit


def is_ancestor(git: Git, at: Place | Path, old: str, new: str) -> bool:
    """Whether commit `new` reaches commit `old`; both are full ids.

    Raises:
        ToolFailed: git could not tell.
    """
    done = git.run("merge-base", "--is-ancestor", old, new, at=at)
    if done.code not in (0, 1):
        raise done.failed(f"{old[:10]} and {new[:10]} could not be compared")
    return done.code == 0


def _pointer(file: Path, prefix: str) -> Path | None:
    """The directory a one-line git pointer file names."""
    try:
        line = file.read_text("utf-8", "surrogateescape").rstrip("\n")
    except OSError:
        return None
    if not line.startswith(prefix):
        return None
    target = Path(line.removeprefix(prefix).strip())
    return target if target.is_absolute() else (file.parent / target).resolve()


def _real(path: Path) -> str:
    """A path whose parents are free of links; the last part need not exist."""
    return str(path.parent.resolve() / path.name)
