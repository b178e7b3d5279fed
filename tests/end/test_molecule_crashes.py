"""A worker with a molecule killed between any two writes to the ledger; another worker goes on at the next step."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.model.address import session_name
from gastown_tui.core.model.ids import Address, BeadId
from gastown_tui.core.rules.molecules import worklist
from gastown_tui.core.verbs import work
from gastown_tui.core.verbs.worker import Worker
from tests.end.hasty import Hasty
from tests.end.rig_at_work import RigAtWork
from tests.fakes import FakeSessions, TestClock
from tests.places import git, hands_at
from tests.verbs.scripted_terminal import ScriptedTerminal

POINTS_LIMIT = 100
FIRST, SECOND = Address("api/polecats/slot0"), Address("api/polecats/slot1")
SIGKILLED = -9

pytestmark = pytest.mark.slow


class Flow:
    """A town with a formula of three steps, each of which notes outside of everything that it was run."""

    def __init__(self, folder: Path) -> None:
        self.rig = RigAtWork(folder)
        self.rig.setting("capacity", "1000")
        self.rig.hands.files.set_setting(self.rig.home / "settings.toml", "runtime", "shell")
        self.journal = folder / "journal"
        self.journal.touch()
        place = self.rig.home / "api" / ".beads" / "formulas"
        place.mkdir(exist_ok=True)
        steps = "".join(
            f'[[steps]]\nid = "{name}"\nneeds = {json.dumps(needs)}\n'
            f"run = 'echo {name} >> {self.journal} && echo {name} > {name}.txt'\n"
            for name, needs in (("one", []), ("two", ["one"]), ("three", ["two"]))
        )
        (place / "flow.formula.toml").write_text(f'formula = "flow"\n{steps}')
        self.sessions = FakeSessions(TestClock())
        self.hands = replace(self.rig.hands, sessions=self.sessions)

    def slung(self) -> BeadId:
        """A molecule of it on the hook of the first worker."""
        self.journal.write_text("")
        [slung] = work.sling(self.hands, ("flow", FIRST), no_convoy=True).beads
        return BeadId(slung.molecule_id)

    def env(self, agent: Address) -> dict[str, str]:
        """What the session of a worker was told."""
        return dict(self.sessions.panes[session_name(agent)].spec.env)

    def killed(self, at: int) -> str:
        """Have the first worker work until it is killed at a point; where that was, or nothing when it got through."""
        told = json.dumps({"home": str(self.rig.home), "env": self.env(FIRST), "at": at})
        root = Path(__file__).parents[2]
        done = subprocess.run(
            [sys.executable, "-m", "tests.end.mortal", told], cwd=root, capture_output=True, text=True, check=False
        )
        assert done.returncode in {0, SIGKILLED}, done.stderr
        return done.stderr if done.returncode == SIGKILLED else ""

    def closed(self, root: BeadId) -> set[str]:
        """The steps that are done, by their names."""
        town = self.hands.ledger.read()
        return {str(step.setting("step")) for step in worklist(town, town.bead(root)) if step.is_closed}

    def runs(self) -> Counter[str]:
        """How often each step was run."""
        return Counter(self.journal.read_text().split())

    def passed_on(self, root: BeadId) -> None:
        """Give the work to the second worker, who lives."""
        work.sling(self.hands, (root, SECOND), force=True, no_convoy=True)
        hands = replace(hands_at(self.rig.home, **self.env(SECOND)), clock=Hasty())
        Worker(hands, SECOND, ScriptedTerminal()).live()


def test_another_worker_continues_at_the_next_step_wherever_the_first_was_killed(tmp_path: Path) -> None:
    flow = Flow(tmp_path)
    places: list[tuple[str, int]] = []
    for at in itertools.count():
        assert at < POINTS_LIMIT
        root = flow.slung()
        where = flow.killed(at)
        done, before = flow.closed(root), flow.runs()
        hook = flow.hands.ledger.read().holder(root)
        if where and hook is not None:
            flow.passed_on(root)
            places.append((where, len(done)))
        check(flow, root, done, before, where)
        if not where:
            break
    assert {count for _, count in places} == {0, 1, 2, 3}, "it was killed before, between and after the steps"
    assert len(places) >= 12


def check(flow: Flow, root: BeadId, done: set[str], before: Counter[str], where: str) -> None:
    """Everything once: no step that was done is run again, no other is left out, and all is handed in."""
    town = flow.hands.ledger.read()
    after = flow.runs()
    assert all(after[name] == before[name] for name in done), where
    assert set(after) == {"one", "two", "three"}, where
    assert flow.closed(root) == {"one", "two", "three"} and town.holder(root) is None, where
    [request] = [each for each in town.merges() if each.bead_id == root]
    subjects = git(flow.rig.bare, "log", "--reverse", "--format=%s", f"origin/main..{request.commit}").splitlines()
    assert [subject.partition(": ")[2] for subject in subjects] == ["One", "Two", "Three"], where
    steps = [step.id for step in worklist(town, town.bead(root))]
    told = [fact.step_id for fact in flow.rig.events(e.MolStepCompleted) if isinstance(fact, e.MolStepCompleted)]
    assert [each for each in told if each in steps] == steps, where
