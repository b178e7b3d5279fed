"""A ledger on the branch that is checked out: committed beside people's own work, without disturbing it."""

from __future__ import annotations

from pathlib import Path

from gastown_tui.core.ports import Standing
from gastown_tui.core.world.git_run import NETWORK_S, Git, Place

_CLASHING = "the ledger's files were settled; something else clashes"


def pending(git: Git, place: Place, prefix: str) -> tuple[str, ...]:
    """Files of the ledger that differ from the last commit."""
    listed = git.run("status", "--porcelain", "-z", "--untracked-files=all", "--", prefix, at=place).out
    entries = listed.decode("utf-8", "backslashreplace").split("\0")
    return tuple(sorted(entry[3:] for entry in entries if len(entry) > 3 and entry[2] == " "))


def commit(git: Git, place: Place, prefix: str, message: str, who: dict[str, str]) -> str:
    """Commit the ledger's files alone; what else is staged stays staged. Returns the commit, or "" for no change.

    No hooks run: they are about the project's own files.
    """
    if not pending(git, place, prefix):
        return ""
    added = git.run("add", "--", prefix, at=place)
    if added.code:
        raise added.failed("the ledger could not be committed")
    words = ("commit", "--quiet", "--no-verify", "--file=-", "--only", "--", prefix)
    done = git.run(*words, at=place, stdin=message.encode(), env=who)
    if done.code:
        raise done.failed("the ledger could not be committed")
    return git.text("rev-parse", "HEAD", at=place, doing="the commit could not be read")


def pull(git: Git, place: Place, prefix: str, standing: Standing, who: dict[str, str]) -> None:
    """Merge the branch's upstream. Clashing files of the ledger keep our side: the log, which never clashes, rules.

    Raises:
        ToolFailed: the remote is out of reach, or something else clashes; nothing is left half-merged.
    """
    fetched = git.run("fetch", "--quiet", standing.remote, at=place, timeout_s=NETWORK_S)
    if fetched.code:
        raise fetched.failed("git pull failed", hint="what is here is committed; sync again")
    upstream = git.run("rev-parse", "--verify", "--quiet", "@{upstream}", at=place).text
    if not upstream:
        return
    words = ("merge", "--quiet", "--no-edit", "--no-verify", upstream)
    merged = git.run(*words, at=place, env=who)
    if not merged.code:
        return
    listed = git.run("diff", "--name-only", "--diff-filter=U", "-z", at=place).out.decode("utf-8", "backslashreplace")
    clashing = [name for name in listed.split("\0") if name]
    strangers = [name for name in clashing if not name.startswith(f"{prefix}/") or name.endswith("/events.jsonl")]
    if not clashing or strangers:
        git.run("merge", "--abort", at=place)
        raise merged.failed("git pull failed", hint="pull by hand, then bd sync")
    git.text("checkout", "--quiet", "--ours", "--", *clashing, at=place, doing=_CLASHING)
    git.text("add", "--", *clashing, at=place, doing=_CLASHING)
    done = git.run("commit", "--quiet", "--no-verify", "--no-edit", at=place, env=who)
    if done.code:
        git.run("merge", "--abort", at=place)
        raise done.failed("git pull failed", hint="pull by hand, then bd sync")


def hooks(git: Git, place: Place) -> Path:
    """Where the repository's own hooks lie."""
    # The last answer is our own setting.
    said = git.run("config", "--type=path", "--get-all", "core.hooksPath", at=place).text.splitlines()[:-1]
    return (place.tree or place.git_dir) / said[-1] if said else place.common / "hooks"
