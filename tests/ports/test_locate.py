"""Which town or `.beads` a command is about, from wherever it is given."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.world.locate import Home, HomeKind, find_home


def a_town(root: Path, *rigs: str) -> Path:
    (root / ".beads").mkdir(parents=True)
    (root / "mayor").mkdir()
    (root / "settings.toml").touch()
    for rig in rigs:
        (root / rig / ".beads").mkdir(parents=True)
    return root


def found(cwd: Path, path: Path | None = None, **env: str) -> Home:
    return find_home(path, env=env, cwd=cwd)


def test_the_nearest_directory_with_a_ledger_is_home(tmp_path: Path) -> None:
    (tmp_path / "a/.beads").mkdir(parents=True)
    deep = tmp_path / "a/b/c"
    deep.mkdir(parents=True)
    home = found(deep)
    assert (home.kind, home.root, home.ledger) == (HomeKind.LONE, tmp_path / "a", "")


@pytest.mark.parametrize(
    ("where", "ledger"),
    [("", ""), ("mayor", ""), ("api", "api"), ("api/polecats/slot0", "api"), ("api/crew/max/src", "api")],
)
def test_anywhere_in_a_town_the_town_is_home_and_the_rig_is_known(tmp_path: Path, where: str, ledger: str) -> None:
    town = a_town(tmp_path / "town", "api")
    (town / where).mkdir(parents=True, exist_ok=True)
    home = found(town / where)
    assert (home.kind, home.root, home.ledger) == (HomeKind.TOWN, town, ledger)
    assert home.beads_dir == town / ".beads"


def test_a_ledger_tracked_by_the_project_does_not_hide_the_rig_from_its_workers(tmp_path: Path) -> None:
    town = a_town(tmp_path / "town", "api")
    worktree = town / "api/polecats/slot0"
    (worktree / ".beads").mkdir(parents=True)
    assert found(worktree).ledger == "api"
    assert found(tmp_path, worktree).kind is HomeKind.LONE


def test_a_town_inside_a_town_is_its_own(tmp_path: Path) -> None:
    outer = a_town(tmp_path / "outer")
    inner = a_town(outer / "inner")
    assert found(inner / "mayor").root == inner


@pytest.mark.parametrize("name", ["BEADS_DIR", "BEADS_DB", "GT_ROOT", "GT_TOWN_ROOT"])
def test_the_environment_names_the_home(tmp_path: Path, name: str) -> None:
    town = a_town(tmp_path / "town", "api")
    (tmp_path / "other/.beads").mkdir(parents=True)
    for said, ledger in ((town, ""), (town / "api/.beads", "api")):
        home = find_home(None, env={name: str(said)}, cwd=tmp_path / "other")
        assert (home.root, home.ledger) == (town, ledger)


def test_what_is_asked_for_goes_before_the_environment_and_that_before_the_place(tmp_path: Path) -> None:
    for name in ("asked", "said", "here"):
        (tmp_path / name / ".beads").mkdir(parents=True)
    here, said = tmp_path / "here", str(tmp_path / "said")
    assert found(here, Path("../asked"), BEADS_DIR=said).root == tmp_path / "asked"
    (tmp_path / "asked/.beads/x.db").touch()
    by_db = find_home(None, env={"BEADS_DIR": said}, cwd=here, db=tmp_path / "asked/.beads/x.db")
    assert by_db.root == tmp_path / "asked"
    assert found(here, BEADS_DIR=said).root == tmp_path / "said"
    assert found(here).root == here


def test_a_redirect_is_followed_once(tmp_path: Path) -> None:
    (tmp_path / "real/.beads").mkdir(parents=True)
    (tmp_path / "clone/.beads").mkdir(parents=True)
    (tmp_path / "clone/.beads/redirect").write_text("../real/.beads\n")
    (tmp_path / "real/.beads/redirect").write_text("../nowhere\n")
    home = found(tmp_path / "clone")
    assert (home.root, home.beads_dir) == (tmp_path / "real", tmp_path / "real/.beads")


def test_a_redirect_into_a_rig_leads_to_its_town(tmp_path: Path) -> None:
    town = a_town(tmp_path / "town", "api")
    (tmp_path / "clone/.beads").mkdir(parents=True)
    (tmp_path / "clone/.beads/redirect").write_text(str(town / "api/.beads"))
    home = found(tmp_path / "clone")
    assert (home.root, home.ledger) == (town, "api")


@pytest.mark.parametrize(
    ("text", "error"), [("../gone\n", NotFound), ("\xff", BadInput), ("a\0b", BadInput), ("x" * 999, BadInput)]
)
def test_a_redirect_that_leads_nowhere_is_said_so(tmp_path: Path, text: str, error: type[Exception]) -> None:
    (tmp_path / ".beads").mkdir()
    (tmp_path / ".beads/redirect").write_bytes(text.encode("latin-1"))
    with pytest.raises(error, match="redirect"):
        found(tmp_path)


def test_from_a_git_worktree_the_main_checkouts_ledger_is_home(tmp_path: Path) -> None:
    main = tmp_path / "main"

    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(main), *words], check=True, capture_output=True)

    main.mkdir()
    git("init", "-q")
    git("-c", "user.name=x", "-c", "user.email=x@y", "commit", "-q", "--allow-empty", "-m", "first")
    git("worktree", "add", "-q", str(tmp_path / "tree"))
    (main / ".beads").mkdir()
    (tmp_path / "tree/src").mkdir()
    assert found(tmp_path / "tree/src").root == main
    (tmp_path / "tree/.beads").mkdir()
    assert found(tmp_path / "tree/src").root == tmp_path / "tree"


def test_a_link_into_a_town_stays_in_the_town_the_shell_shows(tmp_path: Path) -> None:
    town = a_town(tmp_path / "town")
    (tmp_path / "elsewhere").mkdir()
    (town / "mayor/link").symlink_to(tmp_path / "elsewhere")
    assert found(tmp_path / "elsewhere", PWD=str(town / "mayor/link")).root == town


def test_a_bare_ledger_directory_or_a_file_in_it_will_do(tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup/issues.jsonl").touch()
    for asked in (tmp_path / "backup", tmp_path / "backup/issues.jsonl"):
        home = found(tmp_path, asked)
        assert (home.kind, home.beads_dir) == (HomeKind.LONE, tmp_path / "backup")


def test_nothing_there_says_what_was_looked_for_and_where(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=rf"no \.beads directory in '{tmp_path}' or any directory above") as caught:
        found(tmp_path)
    assert "bd init" in caught.value.hint
    with pytest.raises(NotFound, match=r"there is nothing at .*gone' \(BEADS_DIR\)"):
        found(tmp_path, BEADS_DIR=str(tmp_path / "gone"))
    with pytest.raises(NotFound, match="there is nothing at"):
        found(tmp_path, Path("gone"))
    (tmp_path / "plain").mkdir()
    with pytest.raises(NotFound, match=r"no \.beads directory in .*plain"):
        found(tmp_path, Path("plain"))


def test_another_store_is_never_guessed(tmp_path: Path) -> None:
    (tmp_path / ".beads").mkdir()
    (tmp_path / "plain").mkdir()
    with pytest.raises(NotFound):
        found(tmp_path, Path("plain"))
    with pytest.raises(NotFound):
        found(tmp_path, BEADS_DIR=str(tmp_path / "plain"))
