"""Merging: a merged commit built and judged in the refinery's worktree, then pushed only where it was built."""

from __future__ import annotations

from pathlib import Path

from gastown_tui.core.errors import BadInput, Conflict, Refused, ToolFailed
from gastown_tui.core.model.ids import shown
from gastown_tui.core.ports import MergeTrial, TrialOutcome
from gastown_tui.core.world import git_rescue
from gastown_tui.core.world.git_names import Identity, check_branch, check_ref, identity, ref_part
from gastown_tui.core.world.git_places import (
    administration,
    alone_with,
    find_place,
    is_ancestor,
    move_aside,
    need_bare,
    need_commit,
    operation,
)
from gastown_tui.core.world.git_rigs import fetch_origin
from gastown_tui.core.world.git_run import NETWORK_S, Done, Git, Place

_DENIED = "branch is currently checked out"
_UNCLEAN = ("Working directory has unstaged changes", "Working directory has staged changes")


def trial(git: Git, bare: Path, path: Path, commit: str, target: str, message: str, author: str) -> MergeTrial:
    """Build the merged commit; see `ports.Worktrees.trial`.

    Raises:
        NotFound: the commit or the target branch does not exist.
        Refused: the two share no history.
        ToolFailed: the origin could not be fetched, or git could not merge for another reason than conflicts.
    """
    bare = need_bare(bare)
    check_ref(commit)
    check_branch(target)
    who = identity(author)
    if not message.strip():
        raise BadInput("a merge needs a message", hint="say in one line what is merged")
    with alone_with(bare, path) as lock:
        fetched = fetch_origin(git, bare)
        if fetched.code:
            raise fetched.failed(f"the origin of {bare.parent.name} could not be fetched")
        git = git.holding(lock)
        base = need_commit(git, bare, f"refs/remotes/origin/{target}")
        wanted = need_commit(git, bare, commit)
        place = _clean_at(git, bare, path, base)
        if is_ancestor(git, bare, wanted, base):
            landed = _landing(git, bare, wanted, base)
            _check_out(git, place, landed)
            return _trial(git, place, TrialOutcome.ALREADY_IN, landed, base)
        return _merge(git, place, base, wanted, message, who)


def _clean_at(git: Git, bare: Path, path: Path, base: str) -> Place:
    """The refinery's worktree, detached and clean at a commit; made when missing, swept when not clean.

    Changes are rescued before they are swept; repositories that a gate made inside go unrescued. Ignored files
    (dependencies, caches) stay, so that gates need not fetch them anew.
    """
    place = find_place(path)
    record = administration(bare, path)
    if place is None or place.git_dir != record:
        swept = git_rescue.rescue_missing(git, bare, path, _sweepings(bare, path))
        if path.exists() and any(path.iterdir()):
            move_aside(bare, path, f"{path.parent.name}-{path.name}")
        if record is not None:
            done = git.run("worktree", "remove", "--force", "--force", str(path), at=bare)
            if done.code and swept:
                raise done.failed(f"the leftovers of {path} could not be cleared away")
        made = git.run("worktree", "add", "--quiet", "--force", "--detach", str(path), base, at=bare)
        place = find_place(path)
        if made.code or place is None:
            raise made.failed(f"the worktree {path} could not be made")
    if operation(place.git_dir) or _dirt(git, place):
        git_rescue.rescue_place(git, place, _sweepings(bare, path))
    _check_out(git, place, base)
    return place


def _sweepings(bare: Path, path: Path) -> str:
    """The one ref that keeps what was found in the refinery's worktree, each finding a parent of the next."""
    return f"refs/rescue/{ref_part(bare.parent.name)}/{ref_part(path.parent.name)}/swept"


def _check_out(git: Git, place: Place, commit: str) -> None:
    """Make a worktree exactly a commit, apart from ignored files, and verify that it is."""
    for lock in place.git_dir.glob("*.lock"):
        # Nobody else works here, and git processes of a killed merge would hold the lock we hold.
        lock.unlink(missing_ok=True)
    doing = f"{place.tree} could not be made clean"
    unfinished = operation(place.git_dir)
    if unfinished in ("rebase", "cherry-pick", "revert"):
        git.run(unfinished, "--quit", at=place)
    if unfinished == "bisect":
        git.run("bisect", "reset", at=place)
    git.text("reset", "--quiet", "--hard", at=place, doing=doing)
    git.text("checkout", "--quiet", "--force", "--detach", commit, at=place, doing=doing)
    git.text("clean", "--quiet", "-ffd", at=place, doing=doing)
    if _dirt(git, place):
        # A swept .gitignore may have hidden more.
        git.text("clean", "--quiet", "-ffd", at=place, doing=doing)
    if dirt := _dirt(git, place):
        raise ToolFailed(f"{place.tree} is not clean at {commit[:10]}: {dirt}", hint="remove it: it is made anew")


def _dirt(git: Git, place: Place) -> str:
    """The first change a worktree holds; empty when it is clean."""
    done = git.run("status", "--porcelain", "--untracked-files=normal", at=place)
    if done.code:
        raise done.failed(f"{place.tree} could not be looked at")
    return done.text.partition("\n")[0]


def _landing(git: Git, bare: Path, commit: str, base: str) -> str:
    """The commit of the target's own line that brought a contained commit in: its merge, or itself."""
    doing = f"the history of {base[:10]} could not be read"
    if commit == base:
        return commit
    line = git.text("rev-list", "--first-parent", "--parents", f"{commit}..{base}", at=bare, doing=doing).splitlines()
    if not line or line[-1].split()[1:2] == [commit]:
        return commit
    carrying = set(git.text("rev-list", "--ancestry-path", f"{commit}..{base}", at=bare, doing=doing).split())
    return next((entry.split()[0] for entry in reversed(line) if entry.split()[0] in carrying), commit)


def _merge(git: Git, place: Place, base: str, commit: str, message: str, who: Identity) -> MergeTrial:
    """Merge into the clean worktree; on conflicts list them and leave it clean at the base."""
    words = ("merge", "--quiet", "--no-ff", "--no-edit", "--no-verify", "-m", message, commit)
    done = git.run(*words, at=place, env=who.env, settings=("merge.conflictStyle=merge",))
    if done.code == 0:
        return _trial(git, place, TrialOutcome.MERGED, _read(git, place, "HEAD"), base)
    listed = git.run("diff", "--name-only", "--diff-filter=U", "-z", at=place)
    conflicts = [name for name in listed.out.decode("utf-8", "backslashreplace").split("\0") if name]
    _check_out(git, place, base)
    if conflicts:
        return MergeTrial(outcome=TrialOutcome.CONFLICT, base=base, conflicts=tuple(sorted(set(conflicts))))
    if "unrelated histories" in done.err:
        raise Refused(f"{commit[:10]} shares no history with the target", hint="make the branch anew from the target")
    raise done.failed(f"{commit[:10]} could not be merged")


def _trial(git: Git, place: Place, outcome: TrialOutcome, commit: str, base: str) -> MergeTrial:
    return MergeTrial(outcome=outcome, commit=commit, tree=_read(git, place, f"{commit}^{{tree}}"), base=base)


def _read(git: Git, place: Place, name: str) -> str:
    return git.text("rev-parse", name, at=place, doing=f"{place.tree} could not be read")


def land(git: Git, bare: Path, commit: str, target: str, expected: str) -> bool:
    """Compare-and-swap push; see `ports.Worktrees.land`. Landing again what landed already is a success.

    Raises:
        NotFound: one of the commits does not exist.
        Refused: `commit` does not contain `expected`, so that the push would drop commits.
        Conflict: the origin did not answer what happened; it may or may not have landed.
    """
    bare = need_bare(bare)
    check_branch(target)
    ref = f"refs/heads/{target}"
    new = need_commit(git, bare, check_ref(commit))
    old = need_commit(git, bare, check_ref(expected))
    if not is_ancestor(git, bare, old, new):
        raise Refused(f"{new[:10]} does not contain {old[:10]}", hint="merge the target again and run the gate anew")
    done = git.run(
        *("push", "--porcelain", "--no-verify", f"--force-with-lease={ref}:{old}", "origin", f"{new}:{ref}"),
        at=bare,
        timeout_s=NETWORK_S,
    )
    if done.code == 0:
        return True
    stands = _at_origin(git, bare, ref, done)
    if stands == new:
        return True
    if stands != old:
        return False
    raise _refusal(git, bare, done, target)


def _at_origin(git: Git, bare: Path, ref: str, push: Done) -> str:
    """Where the origin's branch stands after a push that failed; empty when it is gone."""
    done = git.run("ls-remote", "origin", ref, at=bare, timeout_s=NETWORK_S)
    if done.code and ("rejected" in push.text or "rejected" in push.err):
        raise Conflict(f"the origin refused {ref} and then did not answer", hint="try again")
    if done.code:
        raise push.failed("the merged commit could not be pushed")
    return next((line.split()[0] for line in done.text.splitlines() if line.split()[1:] == [ref]), "")


def _refusal(git: Git, bare: Path, done: Done, target: str) -> ToolFailed:
    """Why the origin refused a push although its branch stands where it should, with the cure if we know one."""
    told = done.err + done.text
    where = git.run("config", "--get", "remote.origin.url", at=bare).text
    what = f"the origin refused the merged commit on {shown(target)}"
    if _DENIED in told:
        return done.failed(
            f"{what}, which is checked out in {where}",
            hint=f"git -C {where} config receive.denyCurrentBranch updateInstead",
        )
    if any(sign in told for sign in _UNCLEAN):
        return done.failed(
            f"{what}, because {where} has uncommitted changes", hint=f"commit or stash them in {where}, then repeat"
        )
    return done.failed(what)
