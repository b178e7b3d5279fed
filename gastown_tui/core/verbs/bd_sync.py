"""The ledger and git: commit, pull, push, and projections made anew."""

from __future__ import annotations

from typing import Annotated

from gastown_tui.core.errors import GastownError, Refused, ToolFailed
from gastown_tui.core.model.outside import RunOutcome
from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.beads import Said, beads_dir, beads_here
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, verb

_GIT_TIMEOUT_S = 300.0


@verb("bd sync", group="beads", needs=Needs.LEDGER, compact_errors=True)
def sync(
    hands: Hands,
    *,
    message: Annotated[str, Arg("The commit's message", flags=("--message", "-m"))] = "",
    dry_run: Annotated[bool, Arg("Only say what would be done")] = False,
    no_push: Annotated[bool, Arg("Do not push")] = False,
    no_pull: Annotated[bool, Arg("Do not pull")] = False,
    flush_only: Annotated[bool, Arg("Only bring the projections up to date")] = False,
    import_only: Annotated[bool, Arg("Only take up what the files say", flags=("--import-only", "--import"))] = False,
    status: Annotated[bool, Arg("Only say how things stand")] = False,
    full: Annotated[bool, Arg("Accepted; a sync is always whole", hidden=True)] = False,
    force: Annotated[bool, Arg("Accepted", hidden=True)] = False,
) -> Receipt:
    """Commit the ledger, pull, push.

    Logs of different clones merge by union; every clone that holds the same events shows the same beads.
    """
    del full, force
    if flush_only or import_only:
        hands.ledger.read()
        return Said(plain="" if flush_only else "→ Importing from JSONL...\n✓ Import complete")
    if _git(hands, "git rev-parse --is-inside-work-tree")[0]:
        raise Refused("not in a git repository", hint="run 'git init' to initialize a repository")
    if _git(hands, 'test -z "$(git ls-files --unmerged)"')[0]:
        raise Refused("unmerged paths or merge in progress", hint="finish or abort the merge first")
    pending = [line for line in _git(hands, "git status --porcelain -- .beads")[1] if line.strip()]
    has_remote = not _git(hands, "git rev-parse --abbrev-ref --symbolic-full-name '@{upstream}'")[0]
    if status:
        return _standing(pending, has_remote=has_remote)
    steps: list[str] = []
    if pending:
        steps.append(f"→ Committing {len(pending)} changed file(s)...")
    if has_remote and not no_pull:
        steps.append("→ Pulling...")
    if has_remote and not no_push:
        steps.append("→ Pushing...")
    if dry_run:
        return Said(plain="\n".join([*steps, "✓ Dry run complete (no changes made)"]), value={"dry_run": True})
    if pending:
        _must(hands, 'git add -- .beads && git commit -q -m "$BD_SYNC_MESSAGE" -- .beads', message or "bd sync")
    if has_remote and not no_pull:
        _pull(hands)
    if has_remote and not no_push:
        _must(hands, "git push -q")
    value = {"committed": bool(pending), "pulled": has_remote and not no_pull, "pushed": has_remote and not no_push}
    return Said(plain="\n".join([*steps, "✓ Sync complete"]), value=value)


def _standing(pending: list[str], *, has_remote: bool) -> Said:
    lines = [
        "Sync mode: git",
        "Conflict strategy: union",
        f"Pending changes: {f'{len(pending)} files modified' if pending else 'none'}",
        f"Upstream: {'set' if has_remote else 'none'}",
        "Conflicts: none",
    ]
    return Said(plain="\n".join(lines), value={"pending": len(pending), "upstream": has_remote, "conflicts": 0})


def _pull(hands: Hands) -> None:
    """Merge what others pushed. Projections that clash are ours to rebuild: the merged log decides what they say."""
    code, lines = _git(hands, "git pull -q --no-rebase --no-edit")
    if not code:
        hands.ledger.read()
        return
    clashing = [line for line in _git(hands, "git diff --name-only --diff-filter=U")[1] if line.strip()]
    ours = ("issues.jsonl", "messages.jsonl")
    if not clashing or any(not line.endswith(tuple(f".beads/{name}" for name in ours)) for line in clashing):
        _git(hands, "git merge --abort")
        raise ToolFailed(
            f"git pull failed: {one_line(' '.join(lines), 200)}", hint="pull by hand, then bd sync", code=code
        )
    for name in ours:
        _git(hands, 'git checkout -q --ours -- ".beads/$BD_SYNC_MESSAGE"', name)
    hands.ledger.read()
    rebuild(hands)
    _must(hands, "git add -- .beads && git commit -q --no-edit")


def _git(hands: Hands, command: str, message: str = "") -> tuple[int, list[str]]:
    lines: list[str] = []
    env = {"GIT_TERMINAL_PROMPT": "0", "BD_SYNC_MESSAGE": message}
    for name in ("NAME", "EMAIL"):
        if who := hands.env.get(f"GIT_AUTHOR_{name}"):
            env |= {f"GIT_AUTHOR_{name}": who, f"GIT_COMMITTER_{name}": who}
    place = beads_dir(hands).parent
    done = hands.commands.run(command, cwd=place, timeout_s=_GIT_TIMEOUT_S, env=env, on_line=lines.append)
    return (0 if done.outcome is RunOutcome.PASS else done.code or 1), lines


def _must(hands: Hands, command: str, message: str = "") -> None:
    code, lines = _git(hands, command, message)
    if code:
        raise ToolFailed(f"git failed: {one_line(' '.join(lines), 200) or f'exit code {code}'}", code=code)


@verb("bd rebuild-projections", group="beads", needs=Needs.LEDGER, compact_errors=True)
def rebuild(hands: Hands) -> Receipt:
    """Write the projections anew from the log alone."""
    try:
        hands.ledger.rebuild_projections()
    except GastownError as error:
        raise type(error)(f"projections could not be rebuilt: {error.message}", hint=error.hint) from error
    count = len(beads_here(hands, hands.ledger.read()))
    return Said(plain=f"✓ Rebuilt the projections of {count} beads", value={"rebuilt": True, "beads": count})
