"""The ledger and git: commit, pull, push, and projections made anew."""

from __future__ import annotations

from typing import Annotated, Any

from gastown_tui.core.errors import Conflict, GastownError, Refused
from gastown_tui.core.ports import Carrier, Hands, Standing
from gastown_tui.core.verbs.beads import Said, beads_dir, beads_here, config
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, verb

_MOST_TRIES = 12
"""How often others may be faster before it is said."""
_RIG_BRANCH = "beads-sync"
"""Where a rig's ledger travels unless its configuration says otherwise: a project's history stays its own."""
_PAUSE_S = 0.2
Old = Annotated[bool, Arg("Accepted", hidden=True)]


@verb("bd sync", group="beads", needs=Needs.LEDGER, compact_errors=True)
def sync(
    hands: Hands,
    *,
    message: Annotated[str, Arg("The commit's message", flags=("--message", "-m"))] = "",
    dry_run: Annotated[bool, Arg("Only say what would be done")] = False,
    no_push: Annotated[bool, Arg("Do not push")] = False,
    no_pull: Annotated[bool, Arg("Do not pull")] = False,
    flush_only: Annotated[bool, Arg("Only bring the files up to date")] = False,
    import_only: Annotated[bool, Arg("Only take up what the files say", flags=("--import-only", "--import"))] = False,
    status: Annotated[bool, Arg("Only say how things stand")] = False,
    merge: Annotated[bool, Arg("Commit the ledger to the branch checked out, too")] = False,
    full: Old = False,
    force: Old = False,
    squash: Old = False,
    from_main: Old = False,
    accept_rebase: Old = False,
    no_git_history: Old = False,
    rename_on_import: Old = False,
) -> Receipt:
    """Commit the ledger, pull, push.

    With `sync.branch` set (and for a rig of a town, always) the ledger travels on a branch apart: neither the
    checkout nor the index is touched, so a dirty tree, a rebase under way or a detached head do not matter. Logs of
    different clones merge by union; every clone that holds the same events shows the same beads.
    """
    del full, force, squash, from_main, accept_rebase, no_git_history, rename_on_import
    if flush_only or import_only:
        hands.ledger.settle()
        return Said() if flush_only else Said(steps=("→ Importing from JSONL...",), plain="✓ Import complete")
    carrier = hands.carrier
    if carrier is None:
        raise Refused("there is no git here to sync with")
    beads, branch = beads_dir(hands), "" if merge else _branch(hands)
    standing = carrier.standing(beads, branch)
    if status:
        return _told(standing)
    if not standing.is_apart and standing.operation:
        raise Refused("unmerged paths or merge in progress", hint=f"finish or abort the {standing.operation} first")
    steps = _steps(standing, no_pull=no_pull or merge, no_push=no_push or merge)
    if dry_run:
        return Said(plain="\n".join([*steps, "✓ Dry run complete (no changes made)"]), value={"dry_run": True})
    run = _Run(
        hands, carrier, standing, message or "bd sync", pulls=not (no_pull or merge), pushes=not (no_push or merge)
    )
    return run.all(steps)


class _Run:
    """One sync."""

    def __init__(
        self, hands: Hands, carrier: Carrier, standing: Standing, message: str, *, pulls: bool, pushes: bool
    ) -> None:
        self._hands = hands
        self._carrier = carrier
        self._standing = standing
        self._message = message
        self._beads = beads_dir(hands)
        self._pulls = pulls and bool(standing.remote)
        self._pushes = pushes and bool(standing.remote)
        self._kept: set[str] = set()
        self._value: dict[str, Any] = {"committed": False, "pulled": False, "pushed": False}

    def all(self, steps: list[str]) -> Said:
        """Commit, pull, push, as often as others are faster.

        Raises:
            Conflict: they were every time; all of it is committed here.
        """
        for turn in range(_MOST_TRIES):
            if turn:
                self._hands.clock.sleep(_PAUSE_S * min(turn, 5))
            try:
                if self._once():
                    break
            except Conflict:
                if turn + 1 == _MOST_TRIES:
                    raise
        else:
            raise Conflict("others pushed each time before us", hint="all of it is committed here; sync again")
        kept = [f"  kept ours: {name}" for name in sorted(self._kept)]
        value = self._value | {"branch": self._standing.branch, "kept": sorted(self._kept)}
        return Said(steps=tuple(steps), plain="\n".join([*kept, "✓ Sync complete"]), value=value)

    def _once(self) -> bool:
        self._hands.ledger.settle()
        held = self._carrier.held(self._beads, self._standing)
        if held is not None:
            self._hands.ledger.take_up(held.log, self._hands.ledger.here, issues=held.issues)
        self._commit()
        if self._pulls:
            self._pull()
            self._value["pulled"] = True
        if not self._pushes:
            return True
        self._value["pushed"] = self._carrier.push(self._beads, self._standing)
        if not self._value["pushed"] and not self._pulls:
            raise Refused("others have pushed what is not here", hint="all of it is committed here; sync with pulling")
        return bool(self._value["pushed"])

    def _commit(self, onto: str = "") -> None:
        author = self._hands.env.get("GIT_AUTHOR_NAME", "")
        if author and (mail := self._hands.env.get("GIT_AUTHOR_EMAIL")):
            author = f"{author} <{mail}>"
        message = f"{self._message}: merge" if onto else self._message
        made = self._carrier.commit(self._beads, self._standing, message=message, author=author, onto=onto)
        self._value["committed"] = bool(made) or self._value["committed"]

    def _pull(self) -> None:
        if not self._standing.is_apart:
            self._carrier.pull(self._beads, self._standing)
            self._hands.ledger.settle()
            self._commit()
            return
        theirs = self._carrier.fetch(self._beads, self._standing)
        if theirs is not None:
            self._kept |= set(self._carrier.bring(self._beads, self._standing, theirs))
            self._hands.ledger.take_up(theirs.log, self._hands.ledger.here, issues=theirs.issues)
            self._commit(theirs.commit)


def _branch(hands: Hands) -> str:
    """The branch apart that the ledger travels on; empty for the one checked out."""
    said = config(hands)
    named = (hands.env.get("BEADS_SYNC_BRANCH"), said.get("sync.branch"), said.get("sync-branch"))
    return next((each for each in named if each), _RIG_BRANCH if hands.ledger.here else "")


def _steps(standing: Standing, *, no_pull: bool, no_push: bool) -> list[str]:
    steps = [f"→ Committing {len(standing.pending)} changed file(s)..."] if standing.pending else []
    steps += ["→ Pulling..."] if standing.remote and not no_pull else []
    return steps + (["→ Pushing..."] if standing.remote and not no_push else [])


def _told(standing: Standing) -> Said:
    lines = [
        f"Sync mode: {'branch ' + standing.branch if standing.is_apart else 'git'}",
        "Conflict strategy: union",
        f"Pending changes: {f'{len(standing.pending)} files modified' if standing.pending else 'none'}",
        f"Upstream: {standing.remote or 'none'}"
        + (f" ({standing.ahead} ahead, {standing.behind} behind)" if standing.remote else ""),
        "Conflicts: none",
    ]
    lines += [f"In progress: {standing.operation}"] if standing.operation else []
    value = {
        "pending": len(standing.pending),
        "files": list(standing.pending),
        "branch": standing.branch,
        "apart": standing.is_apart,
        "upstream": bool(standing.remote),
        "ahead": standing.ahead,
        "behind": standing.behind,
        "operation": standing.operation,
        "conflicts": 0,
    }
    return Said(plain="\n".join(lines), value=value)


@verb("bd rebuild-projections", group="beads", needs=Needs.LEDGER, compact_errors=True)
def rebuild(hands: Hands) -> Receipt:
    """Write the projections anew from the log alone."""
    try:
        hands.ledger.rebuild_projections()
    except GastownError as error:
        raise type(error)(f"projections could not be rebuilt: {error.message}", hint=error.hint) from error
    count = len(beads_here(hands, hands.ledger.read()))
    return Said(plain=f"✓ Rebuilt the projections of {count} beads", value={"rebuilt": True, "beads": count})
