"""Rigs and crew on a real disk with real git."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, GastownError, NotFound, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.crews import crew_add, crew_list
from gastown_tui.core.verbs.rigs import rig_add, rig_list, rig_pause, rig_remove, rig_resume
from tests.places import a_real_town, a_repository, git, hands_at

PROJECT = {"README.md": "a project\n", "Makefile": "test:\n\ttrue\n"}


@pytest.fixture
def town(tmp_path: Path) -> Hands:
    return a_real_town(tmp_path / "gt")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return a_repository(tmp_path / "project", PROJECT)


def added(town: Hands, project: Path, name: str = "api", **options: Any) -> Path:
    rig_add(town, name, str(project), **options)
    return town.ledger.home / name


def events_of(hands: Hands) -> bytes:
    return (hands.ledger.home / ".beads" / "events.jsonl").read_bytes()


# ---------------------------------------------------------------------------------------------- adding


def test_a_rig_has_its_repository_its_places_and_its_ledger(town: Hands, project: Path) -> None:
    folder = added(town, project, prefix="ap")
    read = town.ledger.read()
    assert {each.name for each in folder.iterdir()} == {
        ".beads", ".repo.git", "crew", "mayor", "polecats", "refinery", "settings.toml", "witness"
    }  # fmt: skip
    assert (folder / "mayor" / "rig" / "README.md").read_text() == "a project\n"
    assert read.rig("api").default_branch == "main"
    assert read.prefixes() == {"hq": "", "ap": "api"}
    assert read.ledgers["api"].registers.prefix == "ap"
    assert {"api/witness", "api/refinery"} <= {agent.address for agent in read.agents()}
    routes = [json.loads(line) for line in (town.ledger.home / ".beads" / "routes.jsonl").read_text().splitlines()]
    assert {"prefix": "ap-", "path": "api"} in routes


def test_an_adding_killed_at_its_very_beginning_can_be_repeated(town: Hands, project: Path) -> None:
    half = town.ledger.home / "api" / "..repo.git.half-k1ll3d"
    half.mkdir(parents=True)
    (half.parent / "mayor").mkdir()
    added(town, project)
    assert "api" in town.ledger.read().rigs()
    assert not half.exists()


def test_an_adding_killed_at_its_very_end_is_finished_by_whoever_repeats_it(town: Hands, project: Path) -> None:
    added(town, project)
    routes = town.ledger.home / ".beads" / "routes.jsonl"
    told = routes.read_bytes()
    routes.unlink()
    with pytest.raises(Conflict, match="has a rig api already"):
        rig_add(town, "api", str(project))
    assert routes.read_bytes() == told


def test_the_projects_own_tree_is_left_untouched(town: Hands, project: Path) -> None:
    before = git(project, "rev-parse", "HEAD")
    folder = added(town, project)
    assert git(folder / "mayor" / "rig", "status", "--porcelain") == ""
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "rev-parse", "HEAD") == before


def test_the_towns_own_folders_are_private(town: Hands, project: Path) -> None:
    folder = added(town, project)
    for each in (folder, folder / "mayor", folder / "crew", folder / ".beads"):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700, each


def test_the_repository_may_be_given_as_an_option_or_relative_to_where_one_stands(
    tmp_path: Path, project: Path
) -> None:
    town = a_real_town(tmp_path / "gt")
    assert rig_add(town, "one", remote=str(project)).url == str(project)
    assert rig_add(town, "two", "../project").url == str(project)


def test_a_prefix_is_made_from_the_name_and_never_shared(town: Hands, project: Path) -> None:
    prefixes = [rig_add(town, name, str(project)).prefix for name in ("frontend", "frontdesk", "my_api")]
    assert prefixes == ["fr", "fro", "ma"]


def test_an_evident_gate_is_set_and_said_to_be_a_guess(town: Hands, project: Path) -> None:
    receipt = rig_add(town, "api", str(project))
    assert (receipt.gate, bool(receipt.guessed)) == ("make test", True)
    assert "guessed" in receipt.text()
    assert town.ledger.read().settings.rig(town.ledger.read().rig("api").name).gate == "make test"


def test_a_gate_that_is_named_is_no_guess(town: Hands, project: Path) -> None:
    receipt = rig_add(town, "api", str(project), gate='./check "all of it"')
    assert (receipt.gate, receipt.guessed) == ('./check "all of it"', "")


def test_a_rig_nobody_gates_says_so(town: Hands, tmp_path: Path) -> None:
    receipt = rig_add(town, "api", str(a_repository(tmp_path / "bare", {"README.md": "x"})))
    assert receipt.gate == ""
    assert "nothing is checked" in receipt.warnings()[0]


def test_another_branch_can_be_the_one_work_lands_on(town: Hands, project: Path) -> None:
    git(project, "branch", "next")
    assert rig_add(town, "api", str(project), branch="next").default_branch == "next"


def test_a_password_in_a_url_stays_out_of_the_ledger(town: Hands, project: Path) -> None:
    with pytest.raises(GastownError) as refused:
        rig_add(town, "api", f"https://me:secret@127.0.0.1:9{project}")
    assert "secret" not in refused.value.message
    assert b"secret" not in events_of(town)


def test_the_beads_a_project_tracks_come_along_with_their_prefix(town: Hands, tmp_path: Path) -> None:
    lines = (
        '{"id":"px-a1","title":"Old work","priority":1,'
        '"created_at":"2025-01-01T00:00:00Z","updated_at":"2025-01-01T00:00:00Z"}\n'
        '{"id":"px-b2","title":"Done work","status":"closed","priority":2,'
        '"created_at":"2025-01-01T00:00:00Z","updated_at":"2025-01-02T00:00:00Z"}\n'
    )
    project = a_repository(tmp_path / "tracked", {"README.md": "x", ".beads/issues.jsonl": lines})
    receipt = rig_add(town, "api", str(project))
    assert (receipt.prefix, receipt.beads) == ("px", 2)
    assert town.ledger.read().bead("px-a1").title == "Old work"
    with pytest.raises(BadInput, match="px-"):
        rig_add(town, "other", str(project), prefix="zz")
    assert not (town.ledger.home / "other").exists()


# ---------------------------------------------------------------------------------------------- refusing


@pytest.mark.parametrize(
    ("name", "url", "options", "error"),
    [
        ("my-rig", "../project", {}, BadInput),
        ("../x", "../project", {}, BadInput),
        ("mayor", "../project", {}, BadInput),
        ("witness", "../project", {}, BadInput),
        ("api", "", {}, BadInput),
        ("api", "../project", {"remote": "../other"}, BadInput),
        ("api", "../nothing", {}, NotFound),
        ("api", "../empty", {}, BadInput),
        ("api", "../plain", {}, BadInput),
        ("api", "--upload-pack=touch /tmp/x", {}, BadInput),
        ("api", "ext::sh -c true", {}, BadInput),
        ("api", "../project", {"prefix": "hq"}, Conflict),
        ("api", "../project", {"prefix": "../"}, BadInput),
        ("api", "../project", {"branch": "nope"}, NotFound),
        ("api", "../project", {"branch": "--force"}, BadInput),
    ],
)
def test_a_rig_that_cannot_be_added_leaves_nothing_behind(
    town: Hands, project: Path, name: str, url: str, options: dict[str, str], error: type[GastownError]
) -> None:
    a_repository(project.parent / "empty")
    (project.parent / "plain").mkdir()
    before, names = events_of(town), sorted(each.name for each in town.ledger.home.iterdir())
    with pytest.raises(error):
        rig_add(town, name, url, **options)
    assert events_of(town) == before
    assert sorted(each.name for each in town.ledger.home.iterdir()) == names


def test_a_folder_that_is_in_the_way_is_never_touched(town: Hands, project: Path) -> None:
    (town.ledger.home / "api").mkdir()
    (town.ledger.home / "api" / "notes.txt").write_text("mine")
    with pytest.raises(Conflict, match="in the way"):
        rig_add(town, "api", str(project))
    assert [each.name for each in (town.ledger.home / "api").iterdir()] == ["notes.txt"]


def test_two_at_once_cannot_add_a_rig(town: Hands, project: Path) -> None:
    lock = town.ledger.home / ".beads" / "local" / "locks" / "rigs"
    with town.processes.alone(lock), pytest.raises(Conflict, match="right now"):
        rig_add(town, "api", str(project))
    assert not (town.ledger.home / "api").exists()


# ---------------------------------------------------------------------------------------------- leaving and pausing


def test_a_rig_that_leaves_keeps_its_folder_and_comes_back_as_it_was(town: Hands, project: Path) -> None:
    folder = added(town, project, prefix="ap", gate="make check")
    bead = e.BeadCreated(bead_id=BeadId("ap-1"), title="Work")
    town.ledger.record(lambda _: [Entry(bead, "api")], actor="overseer", ledgers=("", "api"))
    receipt = rig_remove(town, "api")
    assert str(folder) in receipt.text()
    assert rig_list(town).rows == ()
    assert (folder / ".beads" / "issues.jsonl").read_text()
    again = rig_add(town, "api", str(project))
    assert (again.prefix, again.gate, again.beads) == ("ap", "make check", 1)
    assert town.ledger.read().bead("ap-1").title == "Work"


def test_a_rig_at_work_stays(town: Hands, project: Path) -> None:
    added(town, project, prefix="ap")
    hook = e.HookSet(agent=Address("api/polecats/slot0"), ref_id=BeadId("ap-1"), assignment_id=AssignmentId("asg-1"))
    filed = e.BeadCreated(bead_id=BeadId("ap-1"), title="Work")
    town.ledger.record(lambda _: [Entry(filed, "api"), Entry(hook, "api")], actor="overseer", ledgers=("", "api"))
    with pytest.raises(Refused, match="ap-1"):
        rig_remove(town, "api")
    assert [row.name for row in rig_list(town).rows] == ["api"]
    assert rig_remove(town, "api", force=True).changed


def test_pausing_is_shown_and_undone(town: Hands, project: Path) -> None:
    added(town, project)
    assert rig_pause(town, "api", reason="release").changed
    assert not rig_pause(town, "api").changed
    assert "paused: release" in rig_list(town).text()
    assert rig_resume(town, "api").changed
    assert not rig_resume(town, "api").changed


# ---------------------------------------------------------------------------------------------- crew


def test_a_crew_member_gets_a_clone_of_their_own(town: Hands, project: Path) -> None:
    added(town, project)
    receipt = crew_add(town, "max", rig="api")
    place = Path(receipt.path)
    assert place == town.ledger.home / "api" / "crew" / "max"
    assert git(place, "rev-parse", "--abbrev-ref", "HEAD") == "main"
    assert git(place, "config", "remote.origin.url") == str(project)
    assert [row["address"] for row in crew_list(town).rows] == ["api/crew/max"]


def test_the_rig_one_stands_in_is_the_one_that_is_meant(town: Hands, project: Path) -> None:
    added(town, project)
    added(town, project, "web")
    with pytest.raises(BadInput, match="which rig"):
        crew_add(town, "max")
    inside = hands_at(town.ledger.home / "web" / "mayor" / "rig")
    assert crew_add(inside, "max").address == "web/crew/max"


@pytest.mark.parametrize(
    ("name", "options", "error"),
    [
        ("max", {}, Conflict),
        ("slot1", {}, BadInput),
        ("../x", {}, BadInput),
        ("ann", {"rig": "nope"}, NotFound),
        ("ann", {"branch": "nope"}, NotFound),
    ],
)
def test_a_crew_member_who_cannot_join_leaves_nothing_behind(
    town: Hands, project: Path, name: str, options: dict[str, str], error: type[GastownError]
) -> None:
    folder = added(town, project)
    crew_add(town, "max", rig="api")
    before = events_of(town)
    with pytest.raises(error):
        crew_add(town, name, **options)
    assert events_of(town) == before
    assert [each.name for each in (folder / "crew").iterdir()] == ["max"]
