"""Workers' worktrees: opened, looked at, committed, published and removed."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from gastown_tui.core.errors import BadInput, Conflict, Refused, ToolFailed
from gastown_tui.core.model.ids import shown
from gastown_tui.core.ports import WorktreeFact
from gastown_tui.core.world import git_rescue
from gastown_tui.core.world.git_names import check_branch, check_ref, identity, ref_part
from gastown_tui.core.world.git_places import (
    administration,
    alone_with,
    find_commit,
    find_place,
    half_made,
    hide_private_files,
    is_ancestor,
    mark_opened,
    move_aside,
    need_bare,
    need_commit,
    need_place,
    opened_for,
    operation,
)
from gastown_tui.core.world.git_run import Git, Place

TOWN_REMOTE = "town"
"""What a person's clone calls the rig's shared repository."""
_DIFF_LIMIT_BYTES = 200_000
_STILL = 3
"""How many rescues are tried while somebody keeps writing into a worktree about to be removed."""


def open_worktree(git: Git, bare: Path, path: Path, branch: str, start: str) -> WorktreeFact:
    """Make the worktree at `path`; see `ports.Worktrees.open`."""
    bare = need_bare(bare)
    check_branch(branch)
    check_ref(start)
    with alone_with(bare, path) as lock:
        git = git.holding(lock)
        place = find_place(path)
        if place is None or place.common.resolve() != bare or half_made(place.git_dir):
            _clear(git, bare, path)
            _add(git, bare, path, branch, start)
            return look(git, path, "")
        fact = look(git, path, "")
        held = opened_for(place.git_dir) or fact.branch
        if held != branch:
            raise Conflict(f"{path} still holds {held or 'other work'}", hint="it must be finished or removed first")
        mark_opened(place.git_dir, branch)
        return fact


def _clear(git: Git, bare: Path, path: Path) -> None:
    """Make room: what a killed process left half-made goes, rescued; what is somebody else's stays and is refused."""
    record = administration(bare, path)
    there = os.path.lexists(path)
    if record is None:
        if there and not (path.is_dir() and not path.is_symlink() and not any(path.iterdir())):
            raise Conflict(f"{path} is in the way: it is not a worktree of this rig", hint="move it somewhere else")
        return
    ref = f"refs/rescue/{ref_part(bare.parent.name)}/{ref_part(path.name)}/reopened"
    if there and find_place(path) is None:
        move_aside(bare, path, f"{path.name}-reopened")
        there = False
    rescued = git_rescue.rescue(git, path, ref) if there else git_rescue.rescue_missing(git, bare, path, ref)
    place = find_place(path)
    if place is not None and git_rescue.embedded(git, place):
        move_aside(bare, path, f"{path.name}-reopened")
    _drop(git, bare, path, rescued)


def _add(git: Git, bare: Path, path: Path, branch: str, start: str) -> None:
    """Check the branch out at `path`, made from `start` if it is new; on failure nothing of ours remains."""
    ref = f"refs/heads/{branch}"
    commit = "" if find_commit(git, bare, ref) else need_commit(git, bare, start, origin_first=True)
    created_at = ""
    hide_private_files(bare)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if commit:
            made = git.run("update-ref", "-m", f"open {path.name}", ref, commit, "0" * len(commit), at=bare)
            if made.code:
                raise made.failed(f"the branch {branch} could not be made")
            created_at = commit
        done = git.run("worktree", "add", "--quiet", str(path), branch, at=bare)
        if done.code:
            if holder := find_holder(git, bare, branch):
                raise Conflict(f"{branch} is checked out at {holder}", hint="one branch, one worktree: remove that one")
            raise done.failed(f"the worktree {path} could not be made")
        record = administration(bare, path)
        if record is None:
            raise ToolFailed(f"git made no worktree at {path}")
        mark_opened(record, branch)
    except BaseException as failure:
        _undo(git, bare, path, branch, created_at)
        if isinstance(failure, OSError):
            raise ToolFailed(f"the worktree {path} could not be made: {failure.strerror}") from failure
        raise


def _undo(git: Git, bare: Path, path: Path, branch: str, created_at: str) -> None:
    """Take back a worktree that could not be completed, and the branch if it was made for it and never moved."""
    with suppress(ToolFailed):
        if administration(bare, path) is not None:
            git.run("worktree", "remove", "--force", "--force", str(path), at=bare)
        if created_at:
            git.run("update-ref", "-d", f"refs/heads/{branch}", created_at, at=bare)
    with suppress(OSError):
        path.rmdir()


def find_holder(git: Git, bare: Path, branch: str) -> str:
    """Where a branch is checked out; empty when nowhere."""
    where = ""
    for line in git.run("worktree", "list", "--porcelain", at=bare).text.splitlines():
        where = line.removeprefix("worktree ") if line.startswith("worktree ") else where
        if line == f"branch refs/heads/{branch}":
            return where
    return ""


def remove_worktree(git: Git, bare: Path, path: Path, rescue_ref: str) -> str:
    """Rescue, then remove; see `ports.Worktrees.remove`.

    A directory that is no worktree of this rig, or holds repositories of its own, is moved into `.rescue` beside the
    shared repository and never deleted.
    """
    check_ref(rescue_ref)
    bare = need_bare(bare)
    label = f"{path.name}-{ref_part(rescue_ref.rpartition('/')[2])}"
    with alone_with(bare, path) as lock:
        git = git.holding(lock)
        record = administration(bare, path)
        if record is None:
            _check_removable(bare, path)
        if not os.path.lexists(path):
            commit = git_rescue.rescue_missing(git, bare, path, rescue_ref)
            _drop(git, bare, path, commit)
            return commit
        place = find_place(path)
        if place is None or place.git_dir != record:
            return _set_aside(git, bare, path, place, record, rescue_ref, label)
        commit = _rescue_when_still(git, place, rescue_ref)
        if git_rescue.embedded(git, place):
            move_aside(bare, path, label)
        _drop(git, bare, path, commit)
        return commit


def _check_removable(bare: Path, path: Path) -> None:
    """Refuse to touch what no worktree could be: anything outside the rig, its repository, its shelf of rescues."""
    real = path.parent.resolve() / path.name
    kept = {bare, bare.parent / ".rescue"}
    if bare.parent not in real.parents or real in kept or kept & set(real.parents):
        raise Refused(f"{path} is not inside the rig at {bare.parent}", hint="only a rig's own worktrees go")


def _rescue_when_still(git: Git, place: Place, ref: str) -> str:
    """Rescue until nothing changed meanwhile.

    Raises:
        ToolFailed: somebody keeps writing there.
    """
    for _ in range(_STILL):
        commit = git_rescue.rescue_place(git, place, ref)
        if git_rescue.rescue_place(git, place, ref) == commit:
            return commit
    raise ToolFailed(f"somebody is still writing in {place.tree}", hint="stop the session there, then repeat")


def _set_aside(
    git: Git, bare: Path, path: Path, place: Place | None, record: Path | None, rescue_ref: str, label: str
) -> str:
    """Move away a directory that is not a worktree of this rig, its commits copied first when it is a clone."""
    commit = ""
    if place is not None:
        commit = git_rescue.rescue_place(git, place, rescue_ref)
        fetch = git.run("fetch", "--quiet", "--no-tags", str(path), f"+{rescue_ref}:{rescue_ref}", at=bare)
        if fetch.code or find_commit(git, bare, rescue_ref) != commit:
            raise fetch.failed(f"the rescue of {path} could not be copied", hint="nothing was removed")
    move_aside(bare, path, label)
    if record is not None:
        _drop(git, bare, path, commit or git_rescue.rescue_missing(git, bare, path, rescue_ref))
    return commit


def _drop(git: Git, bare: Path, path: Path, rescued: str) -> None:
    """Remove a worktree and its administration. Only ever called with the rescue in hand."""
    record = administration(bare, path)
    if record is None:
        return
    whole = (record / "HEAD").is_file() and (record / "commondir").is_file()
    if whole and not rescued:
        raise ToolFailed(f"{path} was not removed: its rescue is missing")
    done = git.run("worktree", "remove", "--force", "--force", str(path), at=bare)
    if done.code == 0 or administration(bare, path) is None:
        return
    if os.path.lexists(path):
        raise done.failed(f"{path} could not be removed", hint="its work is safe; check permissions and repeat")
    # Git keeps the administration of a worktree it cannot make sense of; everything in it was rescued above.
    shutil.rmtree(record, ignore_errors=True)


def look(git: Git, path: Path, target: str) -> WorktreeFact:
    """The facts of a worktree; see `ports.Worktrees.look`."""
    if target:
        check_ref(target)
    place = find_place(path)
    if place is None or half_made(place.git_dir):
        return WorktreeFact(exists=False)
    done = git.run("status", "--porcelain=v2", "--branch", "--untracked-files=normal", "--renames", "-z", at=place)
    if done.code:
        raise done.failed(f"{path} could not be looked at")
    head, branch, changed = _read_status(done.out)
    ahead = 0
    if target and head:
        base = need_commit(git, place, target, origin_first=True)
        ahead = int(git.text("rev-list", "--count", f"{base}..{head}", at=place, doing=f"{path} could not be compared"))
    return WorktreeFact(
        exists=True, branch=branch, head=head, ahead=ahead, changed=changed, operation=operation(place.git_dir)
    )


def _read_status(out: bytes) -> tuple[str, str, tuple[str, ...]]:
    """Head, branch and changed paths from a version 2 status."""
    head = branch = ""
    changed: list[str] = []
    entries = iter(out.decode("utf-8", "backslashreplace").split("\0"))
    for entry in entries:
        match entry[:2]:
            case "# ":
                _, key, *value = entry.split(" ", 2)
                if key == "branch.oid" and value[0] != "(initial)":
                    head = value[0]
                elif key == "branch.head" and value[0] != "(detached)":
                    branch = value[0]
            case "1 ":
                changed.append(entry.split(" ", 8)[8])
            case "2 ":
                changed += [entry.split(" ", 9)[9], next(entries, "")]
            case "u ":
                changed.append(entry.split(" ", 10)[10])
            case "? ":
                changed.append(entry[2:])
    return head, branch, tuple(sorted(filter(None, changed)))


def commit_all(git: Git, path: Path, message: str, author: str, expect_top: Path) -> str:
    """Commit everything in a worktree; see `ports.Worktrees.commit_all`."""
    who = identity(author)
    if not message.strip():
        raise BadInput("a commit needs a message", hint="say in one line what was done")
    place = find_place(expect_top)
    top = expect_top.resolve()
    inside = path.resolve()
    if place is None or (inside != top and top not in inside.parents) or _nearest_top(inside) != top:
        raise Refused(
            f"{path} does not belong to the worktree at {expect_top}", hint="commit only in the worktree you were given"
        )
    if unfinished := operation(place.git_dir):
        raise Refused(f"a {unfinished} is under way in {expect_top}", hint=f"finish or abort the {unfinished} first")
    if git_rescue.embedded(git, place):
        raise Refused(
            f"{expect_top} holds a repository of its own, which a commit would leave out",
            hint="remove the .git inside it, or ignore it",
        )
    added = git.run("add", "-A", at=place)
    if added.code:
        raise added.failed(f"the changes in {expect_top} could not be staged")
    if git.run("diff", "--cached", "--quiet", at=place).code == 0:
        return ""
    done = git.run("commit", "--quiet", "--no-verify", "-F", "-", at=place, stdin=_text(message), env=who.env)
    if done.code:
        raise done.failed(f"the changes in {expect_top} could not be committed")
    return find_commit(git, place, "HEAD")


def _nearest_top(path: Path) -> Path | None:
    """The directory that git would take for the top of the worktree around a path."""
    return next((folder for folder in (path, *path.parents) if (folder / ".git").exists()), None)


def push(git: Git, path: Path, branch: str) -> str:
    """Publish a worktree's head in the shared repository; see `ports.Worktrees.push`.

    Raises:
        Refused: an operation is under way, nothing was ever committed, or the branch holds commits the head lacks.
    """
    check_branch(branch)
    place = need_place(path)
    if unfinished := operation(place.git_dir):
        raise Refused(f"a {unfinished} is under way in {path}", hint=f"finish or abort the {unfinished} first")
    head = find_commit(git, place, "HEAD")
    if not head:
        raise Refused(f"nothing was committed in {path} yet", hint="commit, then repeat")
    ref = f"refs/heads/{branch}"
    if place.git_dir == place.common:
        _push_clone(git, place, ref)
        return head
    known = find_commit(git, place, ref)
    if known != head:
        if known and not is_ancestor(git, place, known, head):
            raise Refused(
                f"{branch} holds commits that the head of {path} lacks", hint=f"merge or rebase onto {branch} first"
            )
        done = git.run("update-ref", "--create-reflog", "-m", "push", ref, head, known or "0" * len(head), at=place)
        if done.code:
            raise done.failed(f"{branch} could not be published")
    published = find_commit(git, Place(place.common, None, place.common), ref)
    if published != head:
        raise ToolFailed(f"{branch} stands at {published[:10] or 'nothing'} after the push, not at {head[:10]}")
    return head


def _push_clone(git: Git, place: Place, ref: str) -> None:
    """Publish from a person's clone, which is a repository of its own."""
    done = git.run("push", "--quiet", "--no-verify", TOWN_REMOTE, f"HEAD:{ref}", at=place)
    if "non-fast-forward" in done.err or "fetch first" in done.err:
        raise Refused(f"{shown(ref)} holds commits that {place.tree} lacks", hint="pull them from the town first")
    if done.code:
        raise done.failed(f"{place.tree} could not be published")


def diff(git: Git, path: Path, target: str) -> str:
    """What a worktree changes against a target, untracked files included; see `ports.Worktrees.diff`."""
    check_ref(target)
    place = need_place(path)
    base = need_commit(git, place, target, origin_first=True)
    head = find_commit(git, place, "HEAD")
    if head:
        base = git.run("merge-base", base, head, at=place).text or base
    with git_rescue.index_copy(place) as env:
        git.run("add", "-A", "-N", at=place, env=env)
        done = git.run(
            *("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short", base),
            at=place,
            env=env,
            limit_bytes=_DIFF_LIMIT_BYTES,
        )
    if done.code > 0:
        raise done.failed(f"{path} could not be compared with {shown(target)}")
    patch = done.out.decode("utf-8", "backslashreplace")
    if len(done.out) < _DIFF_LIMIT_BYTES:
        return patch
    return patch[: _DIFF_LIMIT_BYTES - 100].rpartition("\n")[0] + "\n… the patch is longer than 200 kB and was cut\n"


def _text(message: str) -> bytes:
    return (message.rstrip() + "\n").encode("utf-8", "replace")
