"""Two workers change the same lines: one gets in, the other begins again on the result, and both changes stand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.events import Entry
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.verbs import running, work
from tests.end.rig_at_work import RigAtWork
from tests.places import git
from tests.ports.tmux_server import eventually, processes_in

pytestmark = [pytest.mark.tmux, pytest.mark.slow]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[RigAtWork]:
    at_work = RigAtWork(tmp_path)
    settings = at_work.home / "settings.toml"
    for key, value in (("runtime", "shell"), ("daemon.beat_s", "0.2")):
        at_work.hands.files.set_setting(settings, key, value)
    yield at_work
    running.shutdown(at_work.hands, now=True)
    eventually(lambda: not processes_in(at_work.home))


def a_signature(bead_id: BeadId) -> e.BeadCreated:
    fields = {"metadata": {"run": f"echo {bead_id} >> shared.txt"}}
    return e.BeadCreated(bead_id=bead_id, title=f"Sign as {bead_id}", fields=fields)


def test_a_conflict_is_put_right_by_its_worker_and_lands(rig: RigAtWork) -> None:
    beads = [BeadId("ap-left"), BeadId("ap-right")]
    rig.setting("gate", "sleep 1")  # Long enough for both to be handed in from the same start.
    filed = [Entry(a_signature(each), "api") for each in beads]
    rig.hands.ledger.record(lambda _: filed, actor="mayor", ledgers=("", "api"))
    work.sling(rig.hands, (*beads, "api"))
    running.start(rig.hands, no_mayor=True)
    eventually(lambda: all(rig.hands.ledger.read().bead(each).is_closed for each in beads), within_s=90)
    assert set(git(rig.origin, "show", "main:shared.txt").splitlines()) == {"one", *beads}
    returned = [fact for fact in rig.events(e.MergeFailed) if isinstance(fact, e.MergeFailed)]
    assert [(fact.kind, fact.retry) for fact in returned] == [("conflict", False)]
    assert [rig.merges_at_origin(each) for each in beads] == [1, 1]
    rescued = git(rig.bare, "for-each-ref", "--format=%(refname)", "refs/rescue/polecat").splitlines()
    assert rescued, "the first try is kept"
