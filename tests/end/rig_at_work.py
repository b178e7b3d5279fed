"""A real town with one rig and real repositories, and branches that wait to be merged. No sessions."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from gastown_tui.core import events as e
from gastown_tui.core.events import Entry
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId, RigName
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.rigs import rig_add
from tests.places import a_real_town, a_repository, git

RIG = RigName("api")
WORKER = Address("api/polecats/slot0")
GATE = f"{shlex.quote(sys.executable)} gate.py"
PASSES_UNLESS_BAD = "import pathlib, sys\nsys.exit(1 if pathlib.Path('bad').exists() else 0)\n"


class RigAtWork:
    """The town, its origin, and what tests do to them."""

    def __init__(self, root: Path, *, gate: str = GATE) -> None:
        source = a_repository(root / "source", {"gate.py": PASSES_UNLESS_BAD, "shared.txt": "one\n"})
        self.origin = root / "origin.git"
        git(root, "clone", "--quiet", "--bare", str(source), str(self.origin))
        self.hands: Hands = a_real_town(root / "town")
        rig_add(self.hands, "api", str(self.origin), prefix="ap", gate=gate)
        if not gate:
            self.setting("gate", "")
        self._numbers = 0

    @property
    def home(self) -> Path:
        return self.hands.ledger.home

    @property
    def bare(self) -> Path:
        return self.home / "api" / ".repo.git"

    def setting(self, key: str, value: str) -> None:
        """Change a setting of the rig."""
        self.hands.files.set_setting(self.home / "api" / "settings.toml", key, value)

    def asks_to_merge(self, files: Mapping[str, str], *, base: str = "origin/main", priority: int = 2) -> BeadId:
        """A bead whose work waits in the queue; returns the request's id. The bead is the same without `-mr`."""
        self._numbers += 1
        bead_id, mr_id = BeadId(f"ap-{self._numbers}"), BeadId(f"ap-{self._numbers}mr")
        branch = f"polecat/slot0/{bead_id}"
        commit = self.commits(branch, files, base=base)
        facts: list[e.Fact] = [
            e.BeadCreated(bead_id=bead_id, title=f"Work {self._numbers}", status="in_progress", assignee=WORKER),
            e.BeadCreated(bead_id=mr_id, title=f"Merge: {bead_id}", issue_type="merge-request"),
            e.MergeRequested(
                mr_id=mr_id,
                bead_id=bead_id,
                branch=branch,
                target="main",
                commit=commit,
                worker=WORKER,
                assignment_id=AssignmentId(f"asg-{self._numbers:026d}"),
                priority=priority,
            ),
        ]
        registered = Entry(e.AgentRegistered(agent=WORKER))
        self.hands.ledger.record(
            lambda _: [registered, *(Entry(fact, "api") for fact in facts)], actor=WORKER, ledgers=("", "api")
        )
        return mr_id

    def commits(self, branch: str, files: Mapping[str, str], *, base: str = "origin/main") -> str:
        """A commit on a branch of the shared repository, made in a worktree that is gone again afterwards."""
        place = self.home / "scratch"
        self.hands.worktrees.fetch(self.bare)
        self.hands.worktrees.open(self.bare, place, branch=branch, start=base)
        for name, text in files.items():
            (place / name).write_text(text)
        self.hands.worktrees.commit_all(place, f"Change {' '.join(files)}", author=WORKER, expect_top=place)
        commit = self.hands.worktrees.push(place, branch=branch)
        self.hands.worktrees.remove(self.bare, place, rescue_ref=f"refs/rescue/scratch/{branch}")
        return commit

    def moves_on(self, name: str = "elsewhere.txt") -> str:
        """Somebody else pushes to the origin; returns their commit."""
        clone = self.home.parent / f"clone-{name}"
        git(self.home.parent, "clone", "--quiet", str(self.origin), str(clone))
        (clone / name).write_text("theirs\n")
        git(clone, "add", "--all")
        git(clone, "commit", "--quiet", "--message", f"Add {name}")
        git(clone, "push", "--quiet", "origin", "main")
        return git(clone, "rev-parse", "HEAD")

    def at_origin(self) -> str:
        """Where the origin's main stands."""
        return git(self.origin, "rev-parse", "main")

    def files_at_origin(self) -> set[str]:
        """What the origin's main holds."""
        return set(git(self.origin, "ls-tree", "--name-only", "main").splitlines())

    def merges_at_origin(self, bead_id: str) -> int:
        """How often a bead's work was merged into the origin's main."""
        subjects = git(self.origin, "log", "--format=%s", "main").splitlines()
        return sum(subject.startswith(f"Merge {bead_id}:") for subject in subjects)

    def events(self, kind: type[e.Fact]) -> list[e.Fact]:
        """Every recorded fact of a kind, oldest first."""
        return [event.fact for event in self.hands.ledger.recent(10_000) if type(event.fact) is kind]
