"""A rig's shared bare repository and the full clones made from it."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gastown_tui.core.errors import BadInput, Conflict, NotFound, ToolFailed
from gastown_tui.core.model.ids import shown
from gastown_tui.core.ports import RepositoryFact
from gastown_tui.core.world.git_names import check_branch, check_url
from gastown_tui.core.world.git_places import alone_with, find_commit, find_place, hide_private_files, need_bare
from gastown_tui.core.world.git_run import NETWORK_S, Done, Git
from gastown_tui.core.world.git_trees import TOWN_REMOTE

TRACKED = "+refs/heads/*:refs/remotes/origin/*"
_MOVED = re.compile(r"is at [0-9a-f]+ but expected [0-9a-f]+|unable to update local ref")
_USUAL = ("main", "master", "trunk", "develop")
_FETCHES = 5
"""How often a fetch is repeated that ran into another one."""


def add_repository(git: Git, url: str, bare: Path, branch: str) -> RepositoryFact:
    """Make the shared repository; see `ports.Worktrees.add_repository`.

    Raises:
        Conflict: there already is one of another origin.
    """
    source = check_url(url)
    if branch:
        check_branch(branch)
    if bare.exists():
        known = git.run("config", "--get", "remote.origin.url", at=need_bare(bare)).text
        if known != source:
            raise Conflict(f"{bare} already belongs to {shown(_masked(known))}", hint="give the rig another name")
        return repository(git, bare, branch)
    with _workshop(bare) as half_made:
        _initialise(git, half_made, source)
        default = _fetch_first(git, half_made, source, url, branch)
        for ref, target in (("HEAD", "refs/heads/"), ("refs/remotes/origin/HEAD", "refs/remotes/origin/")):
            git.text("symbolic-ref", ref, target + default, at=half_made, doing=f"{bare} could not be made")
        fact = repository(git, half_made, default)
        half_made.rename(bare)
    return fact


def _initialise(git: Git, bare: Path, source: str) -> None:
    doing = "the rig's repository could not be made"
    git.text("init", "--quiet", "--bare", "--template=", str(bare), doing=doing)
    for key, value in (("remote.origin.url", source), ("remote.origin.fetch", TRACKED)):
        git.text("config", key, value, at=bare, doing=doing)
    hide_private_files(bare)


def _fetch_first(git: Git, bare: Path, source: str, url: str, branch: str) -> str:
    """Fetch everything, and name the branch work starts from.

    Raises:
        BadInput: the repository has no commits.
        NotFound: it has no such branch.
    """
    doing = f"{shown(_masked(url))} could not be fetched"
    answer = git.text("ls-remote", "--symref", "origin", "HEAD", at=bare, doing=doing, timeout_s=NETWORK_S)
    fetched = git.run("fetch", "--quiet", "--no-recurse-submodules", "origin", at=bare, timeout_s=NETWORK_S)
    if fetched.code:
        raise fetched.failed(doing)
    listed = git.text("for-each-ref", "--format=%(refname)", "refs/remotes/origin", at=bare, doing=doing)
    branches = [name.removeprefix("refs/remotes/origin/") for name in listed.splitlines()]
    branches = [name for name in branches if name != "HEAD"]
    if not branches:
        raise BadInput(f"{shown(_masked(url))} has no commits yet", hint="make a first commit there, then add the rig")
    if branch:
        if branch not in branches:
            raise NotFound(
                f"{shown(_masked(url))} has no branch {shown(branch)}", hint=f"it has {', '.join(branches[:8])}"
            )
        return branch
    named = re.search(r"^ref: refs/heads/(\S+)\tHEAD$", answer, re.MULTILINE)
    wanted = [named[1] if named else "", *_USUAL]
    return next((name for name in wanted if name in branches), branches[0])


def repository(git: Git, bare: Path, branch: str) -> RepositoryFact:
    """The facts of a shared repository; see `ports.Worktrees.repository`.

    Raises:
        NotFound: there is no such repository or branch.
    """
    bare = need_bare(bare)
    if not branch:
        done = git.run("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD", at=bare)
        branch = done.text.removeprefix("refs/remotes/origin/")
    head = find_commit(git, bare, f"refs/remotes/origin/{check_branch(branch)}") if branch else ""
    if not head:
        raise NotFound(f"the origin of {bare} has no branch {shown(branch)}", hint="check the rig's branch")
    return RepositoryFact(default_branch=branch, head=head)


def fetch(git: Git, bare: Path) -> None:
    """Bring the origin's branches up to date; see `ports.Worktrees.fetch`.

    Raises:
        ToolFailed: the origin could not be reached.
    """
    done = fetch_origin(git, need_bare(bare))
    if done.code:
        raise done.failed(f"the origin of {bare.parent.name} could not be fetched")


def fetch_origin(git: Git, bare: Path) -> Done:
    """Fetch, and fetch again when another process fetched at the same moment."""
    words = ("fetch", "--quiet", "--prune", "--no-recurse-submodules", "origin")
    done = git.run(*words, at=bare, timeout_s=NETWORK_S)
    for _ in range(_FETCHES):
        if done.code == 0 or not _MOVED.search(done.err):
            break
        done = git.run(*words, at=bare, timeout_s=NETWORK_S)
    return done


def clone(git: Git, bare: Path, path: Path, branch: str) -> None:
    """Make a full clone; see `ports.Worktrees.clone`.

    Raises:
        Conflict: something else is at `path`.
        NotFound: the origin has no such branch.
    """
    bare = need_bare(bare)
    check_branch(branch)
    with alone_with(bare, path):
        place = find_place(path)
        if place is not None and place.git_dir == place.common:
            return
        if os.path.lexists(path) and not (path.is_dir() and not path.is_symlink() and not any(path.iterdir())):
            raise Conflict(f"{path} is in the way", hint="move it somewhere else, then repeat")
        repository(git, bare, branch)
        with _workshop(path) as half_made:
            _fill_clone(git, bare, half_made, branch)
            half_made.rename(path)


def _fill_clone(git: Git, bare: Path, path: Path, branch: str) -> None:
    """A repository with the origin's branches, taken from the shared one, checked out at one of them."""
    doing = "the clone could not be made"
    source = git.text("config", "--get", "remote.origin.url", at=bare, doing=doing)
    git.text("init", "--quiet", str(path), doing=doing)
    place = find_place(path)
    if place is None:
        raise ToolFailed(f"{doing}: git made nothing at {path}")
    for key, value in (
        ("remote.origin.url", source),
        ("remote.origin.fetch", TRACKED),
        (f"remote.{TOWN_REMOTE}.url", str(bare)),
        (f"remote.{TOWN_REMOTE}.fetch", f"+refs/heads/*:refs/remotes/{TOWN_REMOTE}/*"),
        (f"branch.{branch}.remote", "origin"),
        (f"branch.{branch}.merge", f"refs/heads/{branch}"),
    ):
        git.text("config", key, value, at=place, doing=doing)
    hide_private_files(place.common)
    copied = "+refs/remotes/origin/*:refs/remotes/origin/*"
    git.text("fetch", "--quiet", "--tags", str(bare), copied, at=place, doing=doing)
    git.text("checkout", "--quiet", "--no-track", "-B", branch, f"refs/remotes/origin/{branch}", at=place, doing=doing)


@contextmanager
def _workshop(path: Path) -> Iterator[Path]:
    """A directory beside `path` to make something in before it gets that name; gone when the making fails.

    Locked while in use, so what killed makers left behind can be told apart and swept.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for leftover in path.parent.glob(f".{path.name}.half-*"):
            _sweep(leftover)
        room = Path(tempfile.mkdtemp(prefix=f".{path.name}.half-", dir=path.parent))
    except OSError as broken:
        raise ToolFailed(f"{path} could not be made: {broken.strerror}", hint=f"check {path.parent}") from broken
    held = os.open(room, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield room
    except OSError as broken:
        if path.exists():
            raise Conflict(f"{path} was made by somebody else meanwhile", hint="try again") from broken
        raise ToolFailed(f"{path} could not be made: {broken.strerror}", hint=f"check {path.parent}") from broken
    finally:
        if room.exists():
            shutil.rmtree(room, ignore_errors=True)
        os.close(held)


def _sweep(leftover: Path) -> None:
    with suppress(OSError):
        held = os.open(leftover, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(leftover, ignore_errors=True)
        finally:
            os.close(held)


def _masked(url: str) -> str:
    """A URL without the password in it."""
    return re.sub(r"(://)[^/@\s]+@", r"\1***@", url)
