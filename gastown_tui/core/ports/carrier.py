"""Carrying a ledger from clone to clone, by git."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec


class Standing(msgspec.Struct, frozen=True):
    """How a ledger and the repository around it stand to each other.

    Attributes:
        branch: The branch that carries the ledger; empty on a detached head.
        is_apart: That branch is not the one checked out: nothing of the checkout is ever touched.
        remote: Where it is pulled from and pushed to; empty when there is no such place.
        pending: Files that differ from what was last committed.
        operation: What git is in the middle of in the checkout: a merge, a rebase; empty when nothing.
        ahead: Commits the remote lacks, as far as is known here.
        behind: Commits of the remote that are not merged here.
    """

    branch: str
    is_apart: bool
    remote: str = ""
    pending: tuple[str, ...] = ()
    operation: str = ""
    ahead: int = 0
    behind: int = 0


class Theirs(msgspec.Struct, frozen=True):
    """What others pushed and this clone lacks.

    Attributes:
        commit: Where their branch stands.
        log: Their log, without the sealed segments that only need to be brought.
        issues: Their issues file.
    """

    commit: str
    log: bytes = b""
    issues: bytes = b""


class Carrier(Protocol):
    """Commits, fetches, merges and pushes a ledger's files, on the branch checked out or apart from it.

    Whatever is killed on the way leaves commits that nobody points at, or a step done that needs no repeating. A branch
    apart is made and merged in git's own store: no worktree, no index, no hooks.
    """

    def standing(self, beads: Path, branch: str = "") -> Standing:
        """How things stand. `branch` is the one to carry on; empty means the one checked out.

        Raises:
            Refused: there is no repository around the ledger.
        """
        ...

    def hooks(self, beads: Path) -> tuple[Path, str]:
        """Where the repository's hooks lie, and where the ledger lies in the repository.

        Raises:
            Refused: there is no repository around the ledger.
        """
        ...

    def commit(self, beads: Path, standing: Standing, *, message: str, author: str, onto: str = "") -> str:
        """Commit the ledger's files alone; with `onto`, merge that commit. Returns the commit, or "" for no change.

        Raises:
            Conflict: the branch moved meanwhile; do it again.
            ToolFailed: git refused; the message says why.
        """
        ...

    def held(self, beads: Path, standing: Standing) -> Theirs | None:
        """What the branch itself holds here, when that may be more than the ledger does: somebody moved it.

        None when it holds no more.
        """
        ...

    def fetch(self, beads: Path, standing: Standing) -> Theirs | None:
        """What the branch holds at the remote and this clone does not; None when that is nothing."""
        ...

    def bring(self, beads: Path, standing: Standing, theirs: Theirs) -> tuple[str, ...]:
        """Write the sealed segments others made, and what they changed in files that are neither log nor projection.

        Returns the names of those files where both sides changed something and ours was kept.
        """
        ...

    def pull(self, beads: Path, standing: Standing) -> None:
        """Merge the remote's branch into the one checked out. Files of the ledger never stop it.

        Raises:
            ToolFailed: something else did; the merge was taken back.
        """
        ...

    def push(self, beads: Path, standing: Standing) -> bool:
        """Publish the branch; False when others were faster.

        Raises:
            ToolFailed: the remote refused for another reason.
        """
        ...
