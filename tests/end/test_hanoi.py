"""The Towers of Hanoi as a molecule: workers are killed and replaced at random, and every move is made exactly once."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.model.address import session_name
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.patrols import refinery
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.molecules import worklist
from gastown_tui.core.verbs import running, work
from gastown_tui.core.verbs.worker import Worker
from tests.end.hasty import Hasty
from tests.end.mortal import Killed, mortal
from tests.end.rig_at_work import RIG, RigAtWork
from tests.fakes import FakeSessions, TestClock
from tests.ledgers import LONG
from tests.places import git, hands_at
from tests.ports.tmux_server import eventually, processes_in
from tests.verbs.scripted_terminal import ScriptedTerminal

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("GASTOWN_SEED", "20260106"))
SLOTS = ("slot0", "slot1", "slot2")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[RigAtWork]:
    at_work = RigAtWork(tmp_path)
    settings = at_work.home / "settings.toml"
    for key, value in (
        ("runtime", "shell"),
        ("daemon.beat_s", "0.2"),
        ("health.restart_limit", "10000"),
        ("health.restart_backoff_s", "0"),
    ):
        at_work.hands.files.set_setting(settings, key, value)
    yield at_work
    running.shutdown(at_work.hands, now=True)
    eventually(lambda: not processes_in(at_work.home))


# ---------------------------------------------------------------------------------------------- what must have happened


def pegs(rig: RigAtWork, commit: str) -> list[set[int]]:
    """Which disks are on which peg after a commit."""
    found: list[set[int]] = [set(), set(), set()]
    for name in git(rig.origin, "ls-tree", "-r", "--name-only", commit, "--", "hanoi").splitlines():
        _, peg, disk = name.split("/")
        found[int(peg)].add(int(disk))
    return found


def check_history(rig: RigAtWork, root: BeadId, disks: int) -> None:
    """On the origin's main: each move once and in order, one disk a commit, never onto a smaller one."""
    log = git(rig.origin, "log", "--reverse", "--format=%H %s", "main^1..main^2").splitlines()
    commits = [line.split(" ", 1) for line in log]
    titles = [subject.split(": ", 1)[1] for _, subject in commits]
    assert titles == [f"Put {disks} disks on the first peg", *(f"Move {number}" for number in range(1, 2**disks))]
    states = [pegs(rig, commit) for commit, _ in commits]
    assert states[0] == [set(range(1, disks + 1)), set(), set()]
    for before, after in pairwise(states):
        [(source, disk)] = [(peg, each) for peg in range(3) for each in before[peg] - after[peg]]
        [target] = [peg for peg in range(3) if after[peg] - before[peg]]
        assert after[target] - before[target] == {disk} and source != target
        assert disk == min(before[source]) and disk == min(after[target])
    assert states[-1][0] == set() and set(range(1, disks + 1)) in states[-1]
    assert rig.merges_at_origin(root) == 1


def check_ledger(rig: RigAtWork, root: BeadId, steps: list[BeadId]) -> None:
    """Each step was closed once, the molecule completed once, and all is closed."""
    town = rig.hands.ledger.read()
    assert town.bead(root).is_closed and all(town.bead(step).is_closed for step in steps)
    closed = [fact.bead_id for fact in rig.events(e.BeadClosed) if isinstance(fact, e.BeadClosed)]
    assert sorted(each for each in closed if each in steps) == sorted(steps)
    done = [fact.step_id for fact in rig.events(e.MolStepCompleted) if isinstance(fact, e.MolStepCompleted)]
    assert sorted(done) == sorted(steps)
    assert rig.events(e.MolCompleted) == [e.MolCompleted(mol_id=root)]


# ---------------------------------------------------------------------------------------------- dying at any line


def worker_of(rig: RigAtWork, sessions: FakeSessions, root: BeadId) -> Hands:
    """Hands of the worker that has the work, with what its session was told."""
    hook = rig.hands.ledger.read().holder(root)
    assert hook is not None
    env = dict(sessions.panes[session_name(hook.agent)].spec.env)
    return replace(hands_at(rig.home, **env), clock=Hasty())


def pass_on(hands: Hands, root: BeadId, chance: random.Random) -> None:
    """Give the work to another worker of the rig, whether it has worked on it before or not."""
    hook = hands.ledger.read().holder(root)
    assert hook is not None
    slot = chance.choice([each for each in SLOTS if not hook.agent.endswith(each)])
    work.sling(hands, (root, f"api/polecats/{slot}"), force=True, no_convoy=True)


def test_seven_disks_are_moved_though_workers_die_at_any_line_and_are_replaced(rig: RigAtWork) -> None:
    disks, chance = 7, random.Random(SEED)
    sessions = FakeSessions(TestClock())
    hands = replace(rig.hands, sessions=sessions)
    [slung] = work.sling(hands, ("hanoi", "api"), var=(f"disks={disks}",)).beads
    root = BeadId(slung.molecule_id)
    town = hands.ledger.read()
    steps = [step.id for step in worklist(town, town.bead(root))]
    assert len(steps) == 127 + 2
    deaths: list[str] = []
    changes = 0
    while (hook := hands.ledger.read().holder(root)) is not None:
        if deaths and chance.random() < 0.35:
            pass_on(hands, root, chance)
            changes += 1
            continue
        mine, death = mortal(worker_of(rig, sessions, root), chance.randrange(80))
        try:
            Worker(mine, hook.agent, ScriptedTerminal()).live()
        except Killed:
            deaths.append(death.where)
        assert len(deaths) < 1000, "it does not get on"
    print(f"seed {SEED}: {len(deaths)} deaths, {changes} changes of worker")
    assert len(deaths) >= 10 and changes >= 2 and len(set(deaths)) >= 5
    while refinery.turn(hands, RIG).outcome is not refinery.Outcome.NOTHING:
        pass
    check_history(rig, root, disks)
    check_ledger(rig, root, steps)


# ---------------------------------------------------------------------------------------------- real processes


@pytest.mark.tmux
def test_a_tower_is_moved_though_the_workers_processes_are_killed(rig: RigAtWork) -> None:
    disks, chance = 7 if LONG else 3, random.Random(SEED)
    [slung] = work.sling(rig.hands, ("hanoi", "api"), var=(f"disks={disks}",)).beads
    root = BeadId(slung.molecule_id)
    town = rig.hands.ledger.read()
    steps = [step.id for step in worklist(town, town.bead(root))]
    running.start(rig.hands, no_mayor=True)
    goals = sorted(chance.sample(range(1, len(steps) - 1), 40 if LONG else 4))
    deaths = sum(killed_at(rig, root, steps, goal, chance) for goal in goals)
    eventually(lambda: rig.hands.ledger.read().bead(root).is_closed, within_s=300)
    print(f"seed {SEED}: {deaths} processes killed")
    assert deaths >= 2
    check_history(rig, root, disks)
    check_ledger(rig, root, steps)


def killed_at(rig: RigAtWork, root: BeadId, steps: list[BeadId], goal: int, chance: random.Random) -> bool:
    """Wait until so many steps are done and a little longer, then kill the worker, unless all was handed in."""

    def is_reached() -> bool:
        town = rig.hands.ledger.read()
        return sum(town.bead(step).is_closed for step in steps) >= goal

    eventually(is_reached, within_s=120)
    time.sleep(chance.uniform(0, 0.3))
    return eventually(lambda: "killed" if kill_worker(rig, root) else is_handed_in(rig, root), within_s=60) == "killed"


def is_handed_in(rig: RigAtWork, root: BeadId) -> str:
    return "" if rig.hands.ledger.read().holder(root) else "handed in"


def kill_worker(rig: RigAtWork, root: BeadId) -> bool:
    """Kill the process that has the work, if one runs; whether one did."""
    hook = rig.hands.ledger.read().holder(root)
    session = None if hook is None else rig.hands.sessions.find(session_name(hook.agent))
    if session is None or session.dead or not session.pid:
        return False
    try:
        os.kill(session.pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
