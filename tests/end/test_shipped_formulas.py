"""The shipped formulas done from the first step to the last by workers without a model, in a real town."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.outside import RunOutcome
from gastown_tui.core.rules.molecules import roots, worklist
from gastown_tui.core.verbs import running, work
from gastown_tui.core.verbs.bd_create import create
from gastown_tui.core.verbs.bd_wisp import wisp
from gastown_tui.core.verbs.shims import write_launchers
from tests.end.rig_at_work import RigAtWork
from tests.places import git
from tests.ports.tmux_server import eventually, processes_in

pytestmark = [pytest.mark.slow, pytest.mark.tmux]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[RigAtWork]:
    at_work = RigAtWork(tmp_path)
    write_launchers(at_work.hands, at_work.home / "bin")
    for key, value in (("runtime", "shell"), ("daemon.beat_s", "0.2")):
        at_work.hands.files.set_setting(at_work.home / "settings.toml", key, value)
    at_work.setting("capacity", "10")
    yield at_work
    running.shutdown(at_work.hands, now=True)
    eventually(lambda: not processes_in(at_work.home))


def is_over(rig: RigAtWork, root: BeadId) -> bool:
    """Whether the work is done; one a worker could not do fails the test at once."""
    town = rig.hands.ledger.read()
    left = [fact for fact in rig.events(e.WorkExited) if isinstance(fact, e.WorkExited) and fact.bead_id == root]
    assert all(fact.exit == "COMPLETED" for fact in left), left
    return town.bead(root).is_closed


def test_a_polecat_does_its_workflow_from_the_hook_to_the_merge(rig: RigAtWork) -> None:
    made = create(rig.hands.elsewhere(rig.home / "api"), "Add a login", metadata='{"run": "echo login > login.txt"}')
    bead = BeadId(made.data()["id"])
    [slung] = work.sling(rig.hands, ("mol-polecat-work", "api"), on=bead, var=("test_command=test -e login.txt",)).beads
    town = rig.hands.ledger.read()
    steps = [step.id for step in worklist(town, town.bead(bead))]
    assert len(steps) == 7 and slung.molecule_id
    running.start(rig.hands, no_mayor=True)
    eventually(lambda: is_over(rig, bead), within_s=60)
    town = rig.hands.ledger.read()
    assert all(town.bead(step).is_closed for step in (*steps, slung.molecule_id))
    done = [fact.step_id for fact in rig.events(e.MolStepCompleted) if isinstance(fact, e.MolStepCompleted)]
    assert done == steps, "each once, and in order"
    assert rig.merges_at_origin(bead) == 1 and git(rig.origin, "show", "main:login.txt") == "login"


RELEASE = {
    "version": "1.2.3",
    "bump_command": "echo 1.2.3 > VERSION",
    "update_command": "echo pinned > requirements.txt",
    "test_command": "grep --quiet 1.2.3 VERSION",
    "build_command": "mkdir -p build && cp VERSION build",
    "publish_command": "git rev-parse --verify --quiet refs/tags/v1.2.3",
}


def test_a_release_is_made_with_the_commands_it_is_given(rig: RigAtWork) -> None:
    given = tuple(f"{name}={value}" for name, value in RELEASE.items())
    root = BeadId(work.sling(rig.hands, ("beads-release", "api"), var=given).beads[0].molecule_id)
    running.start(rig.hands, no_mayor=True)
    eventually(lambda: is_over(rig, root), within_s=60)
    town = rig.hands.ledger.read()
    assert len(worklist(town, town.bead(root))) == 6
    assert all(step.is_closed for step in worklist(town, town.bead(root)))
    assert git(rig.origin, "show", "main:build/VERSION") == "1.2.3" and git(rig.bare, "tag") == "v1.2.3"


@pytest.mark.parametrize("name", ["mol-witness-patrol", "mol-refinery-patrol", "mol-deacon-patrol"])
def test_what_a_machine_does_on_a_patrol_can_be_done(rig: RigAtWork, name: str) -> None:
    wisp(rig.hands, name, full=True, var=("rig=api",) * (name == "mol-witness-patrol"))
    town = rig.hands.ledger.read()
    [root] = roots(town)
    runs = [run for step in worklist(town, root) if isinstance(run := step.setting("run"), str)]
    env = {"PATH": f"{rig.home / 'bin'}{os.pathsep}{os.environ['PATH']}", "BD_ACTOR": "deacon"}
    assert runs
    for run in runs:
        done = rig.hands.commands.run(run, cwd=rig.home, timeout_s=60, env=env)
        assert done.outcome is RunOutcome.PASS, f"{run}\n{done.tail}"
