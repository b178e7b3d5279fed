"""Founding a town, on a real disk."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gastown_tui.core.errors import BadInput, Conflict, GastownError, Refused
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs import shims
from gastown_tui.core.verbs.town import install
from tests.places import a_real_town, a_repository, git, hands_at, surroundings

is_root = os.geteuid() == 0


def contents(folder: Path) -> set[str]:
    return {str(each.relative_to(folder)) for each in folder.rglob("*")}


def test_a_town_has_its_folders_its_ledger_and_its_launchers(tmp_path: Path) -> None:
    receipt = install(hands_at(tmp_path), "gt")
    root = tmp_path / "gt"
    town = hands_at(root).ledger.read()
    assert {"mayor", "deacon", "bin", "logs", ".beads", "settings.toml"} == {each.name for each in root.iterdir()}
    assert (town.name, town.is_town, town.own.registers.prefix) == ("gt", True, "hq")
    assert [agent.address for agent in town.agents()] == ["deacon", "mayor"]
    assert (receipt.path, receipt.name) == (str(root), "gt")
    routes = [json.loads(line) for line in (root / ".beads" / "routes.jsonl").read_text().splitlines()]
    assert {"prefix": "hq-", "path": "."} in routes


def test_everything_is_private_and_the_launchers_run(tmp_path: Path) -> None:
    root = a_real_town(tmp_path / "gt").ledger.home
    for each in (root, *root.rglob("*")):
        mode = stat.S_IMODE(each.stat().st_mode)
        assert mode & 0o077 == 0, each
        assert bool(mode & 0o100) == (each.is_dir() or each.parent.name == "bin"), each
    assert {each.name for each in (root / "bin").iterdir()} == {"gt", "bd"}


def test_the_current_directory_is_the_default_place(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    install(hands_at(here))
    assert hands_at(here).ledger.read().name == "here"


def test_name_prefix_and_owner_are_as_asked(tmp_path: Path) -> None:
    install(hands_at(tmp_path), "gt", name='The "Citadel"', prefix="gm-", owner="me@example.invalid")
    town = hands_at(tmp_path / "gt").ledger.read()
    assert (town.name, town.settings.name, town.settings.prefix) == ('The "Citadel"', 'The "Citadel"', "gm")
    assert list(town.prefixes()) == ["gm"]


def test_a_town_that_stands_is_left_alone_unless_it_is_to_be_repaired(tmp_path: Path) -> None:
    root = a_real_town(tmp_path / "gt").ledger.home
    before = (root / ".beads" / "events.jsonl").read_bytes()
    with pytest.raises(Conflict):
        install(hands_at(tmp_path), "gt")
    (root / "bin" / "gt").unlink()
    (root / "deacon").rmdir()
    receipt = install(hands_at(tmp_path), "gt", name="Another", force=True)
    assert receipt.repaired
    assert receipt.name == "gt"
    assert (root / "bin" / "gt").exists()
    assert (root / "deacon").is_dir()
    assert (root / ".beads" / "events.jsonl").read_bytes() == before


_DIES_HALFWAY = """
import os, sys
from gastown_tui.core.verbs import shims
shims.write_launchers = lambda hands, directory: os._exit(9)
from gastown_tui.__main__ import main
main(["--batch", "install", "gt"])
"""


def test_a_founding_that_broke_off_can_be_taken_up_again(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", _DIES_HALFWAY], cwd=tmp_path, env=surroundings(), check=False)
    assert killed.returncode == 9
    assert not (tmp_path / "gt" / ".beads").exists()
    with pytest.raises(Conflict) as refused:
        install(hands_at(tmp_path), "gt")
    assert "--force" in refused.value.hint
    install(hands_at(tmp_path), "gt", force=True)
    assert hands_at(tmp_path / "gt").ledger.read().name == "gt"


def test_a_founding_killed_at_its_very_beginning_is_nothing_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "gt" / "logs").mkdir(parents=True)
    (tmp_path / "gt" / "logs" / "founding.lock").touch()
    install(hands_at(tmp_path), "gt")
    assert hands_at(tmp_path / "gt").ledger.read().name == "gt"


def test_a_founding_killed_at_its_very_end_is_finished_with_force(tmp_path: Path) -> None:
    home = a_real_town(tmp_path / "gt").ledger.home
    routes = home / ".beads" / "routes.jsonl"
    told = routes.read_bytes()
    routes.unlink()
    install(hands_at(home), force=True)
    assert routes.read_bytes() == told


def test_of_many_founders_at_once_one_wins_and_the_town_stands(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "gastown_tui", "--batch", "--quiet", "install", str(tmp_path / "gt")]
    founders = [
        subprocess.Popen(argv, env=surroundings(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(6)
    ]
    assert sorted(founder.wait() for founder in founders) == [0, 5, 5, 5, 5, 5]
    town = hands_at(tmp_path / "gt").ledger.read()
    assert (town.name, len(town.agents())) == ("gt", 2)


def test_a_failed_founding_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(hands: Hands, directory: Path) -> tuple[Path, ...]:
        raise GastownError("no launcher today")

    monkeypatch.setattr(shims, "write_launchers", broken)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "note").write_text("mine")
    for place in ("fresh/and/deep", "kept"):
        with pytest.raises(GastownError, match="no launcher"):
            install(hands_at(tmp_path), place)
    assert contents(tmp_path) == {"kept", "kept/note"}


@pytest.mark.parametrize("inside", ["sub", "mayor", "deep/er"])
def test_towns_do_not_nest(tmp_path: Path, inside: str) -> None:
    root = a_real_town(tmp_path / "gt").ledger.home
    before = contents(root)
    with pytest.raises(Refused, match="inside the town"):
        install(hands_at(root), inside, force=True)
    assert contents(root) == before


def test_a_town_is_not_founded_around_another(tmp_path: Path) -> None:
    a_real_town(tmp_path / "gt")
    with pytest.raises(Refused, match="town inside"):
        install(hands_at(tmp_path))


def test_a_link_into_a_town_is_inside_it(tmp_path: Path) -> None:
    root = a_real_town(tmp_path / "gt").ledger.home
    (tmp_path / "link").symlink_to(root / "mayor")
    with pytest.raises(Refused):
        install(hands_at(tmp_path), "link/x")


def test_what_is_in_the_way_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "busy" / "bin").mkdir(parents=True)
    (tmp_path / "beads" / ".beads").mkdir(parents=True)
    (tmp_path / "file").write_text("x")
    before = contents(tmp_path)
    for place in ("busy", "beads", "file"):
        with pytest.raises(GastownError):
            install(hands_at(tmp_path), place)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "options",
    [
        {"name": "two\nlines"},
        {"name": "x" * 61},
        {"name": "\x1b[2J"},
        {"prefix": ""},
        {"prefix": "../x"},
        {"prefix": "9"},
    ],
)
def test_a_bad_name_or_prefix_writes_nothing(tmp_path: Path, options: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        install(hands_at(tmp_path), "gt", **options)  # type: ignore[arg-type]
    assert contents(tmp_path) == set()


@pytest.mark.skipif(is_root, reason="root may write anywhere")
def test_a_read_only_place_is_refused_plainly(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(GastownError, match="cannot make"):
            install(hands_at(tmp_path), "gt")
    finally:
        tmp_path.chmod(0o700)


def test_the_folder_goes_under_git_when_asked_and_keeps_the_projects_out(tmp_path: Path) -> None:
    install(hands_at(tmp_path), "gt", git=True)
    root = tmp_path / "gt"
    (root / "api" / "crew" / "max").mkdir(parents=True)
    (root / "api" / "crew" / "max" / "code").write_text("x")
    seen = git(root, "status", "--porcelain", "--untracked-files=all")
    assert ".beads/events.jsonl" in seen
    assert "settings.toml" in seen
    assert "crew/max" not in seen
    assert "bin/" not in seen


def test_a_town_may_stand_in_a_repository_of_ones_own(tmp_path: Path) -> None:
    place = a_repository(tmp_path / "dotfiles", {"README.md": "mine\n"})
    install(hands_at(place), git=True)
    assert git(place, "log", "--format=%s") == "Begin"
    assert hands_at(place).ledger.read().is_town
