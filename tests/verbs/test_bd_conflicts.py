"""git merges a file of beads with our help, and what it could not merge is mended afterwards."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.places import a_repository, git
from tests.verbs.bd import Bd

FILE = ".beads/issues.jsonl"


def _line(bead_id: str, **fields: object) -> str:
    at = "2026-01-01T00:00:00Z"
    record = {"id": bead_id, "title": "T", "status": "open", "priority": 2, "issue_type": "task", "created_at": at}
    return json.dumps(record | {"updated_at": at} | fields, separators=(",", ":"))


def _commit(place: Path, *lines: str) -> None:
    (place / ".beads").mkdir(exist_ok=True)
    (place / FILE).write_text("".join(f"{line}\n" for line in lines))
    git(place, "add", FILE)
    git(place, "commit", "-q", "-m", "Beads")


@pytest.fixture
def parted(tmp_path: Path) -> Path:
    """A repository whose two branches changed the same bead and each filed one."""
    place = a_repository(tmp_path / "shared", {"README": "x\n"})
    _commit(place, _line("gt-1"))
    git(place, "checkout", "-q", "-b", "topic")
    _commit(place, _line("gt-1", labels=["ui"], updated_at="2026-01-02T00:00:00Z"), _line("gt-3"))
    git(place, "checkout", "-q", "main")
    _commit(place, _line("gt-1", priority=0, updated_at="2026-01-03T00:00:00Z"), _line("gt-2"))
    return place


def _beads(place: Path) -> dict[str, dict[str, object]]:
    return {bead["id"]: bead for bead in map(json.loads, (place / FILE).read_text().splitlines())}


def test_git_calls_the_merge_driver(parted: Path) -> None:
    git(parted, "config", "merge.beads.driver", f"{sys.executable} -P -m gastown_tui --batch bd merge %A %O %A %B")
    (parted / ".gitattributes").write_text(f"{FILE} merge=beads\n")
    git(parted, "merge", "-q", "topic", "-m", "Merge")
    found = _beads(parted)
    assert list(found) == ["gt-1", "gt-2", "gt-3"]
    assert found["gt-1"]["priority"] == 0 and found["gt-1"]["labels"] == ["ui"]


def test_markers_git_left_behind_are_taken_out(bd: Bd, parted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Exception, match="merge"):
        git(parted, "merge", "-q", "topic")
    assert "<<<<<<<" in (parted / FILE).read_text()
    monkeypatch.chdir(parted)
    before = (parted / FILE).read_bytes()
    assert "Would resolve 1 conflict(s)" in bd("resolve-conflicts", FILE, "--dry-run").out
    assert (parted / FILE).read_bytes() == before
    told = bd.json("resolve-conflicts", FILE)
    assert (told["conflicts"], told["changed_by_both"]) == (1, ["gt-1"])
    assert sorted(_beads(parted)) == ["gt-1", "gt-2", "gt-3"]
    assert bd("resolve-conflicts", "--path", str(parted)).out.startswith("✓ No conflicts in ")
    assert bd.tries("resolve-conflicts", "nowhere.jsonl").code == 2


def test_two_beads_of_one_id_are_told_and_nothing_is_written(bd: Bd) -> None:
    for name, at in (("base", ""), ("left", "2026-01-01T00:00:00Z"), ("right", "2026-01-02T00:00:00Z")):
        (bd.home / name).write_text(_line("gt-1", created_at=at) + "\n" if at else "")
    answer = bd.refuses("merge", "left", "base", "left", "right")
    assert answer.code == 5 and "both sides filed different beads as gt-1" in answer.err
    assert (bd.home / "left").read_text().count("2026-01-01") > 0


def test_merging_beads_still_needs_to_know_into_which(bd: Bd) -> None:
    one, two = bd.files("A"), bd.files("A")
    assert 'required flag(s) "into" not set' in bd.refuses("merge", one).err
    assert bd("merge", one, "--into", two).out == f"✓ Merged into {two}: {one}\n"


def test_edges_that_lead_nowhere_are_taken_away(bare_bd: Bd) -> None:
    bd = bare_bd
    (bd.home / ".beads").mkdir()
    edge = {"issue_id": "gt-1", "depends_on_id": "gt-gone", "type": "blocks", "created_at": "2026-01-01T00:00:00Z"}
    (bd.home / FILE).write_text(_line("gt-1", dependencies=[edge]) + "\n")
    assert bd.json("repair", "--dry-run")["status"] == "dry_run"
    told = bd.json("repair")
    assert (told["status"], told["orphan_counts"]["total"]) == ("success", 1)
    assert told["orphan_details"] == [{"issue_id": "gt-1", "depends_on_id": "gt-gone"}]
    assert bd.json("repair")["status"] == "no_orphans"


def test_without_a_name_every_file_of_the_ledger_is_looked_at_its_log_too(bd: Bd) -> None:
    one, two = bd.files("One", "--notes", "a\u2028b"), bd.files("Two")
    beads = bd.home / ".beads"
    for name in ("events.jsonl", "issues.jsonl"):
        *rest, ours, theirs = (beads / name).read_text().split("\n")[:-1]
        conflict = ["<<<<<<< HEAD", ours, "=======", theirs, ">>>>>>> theirs", ""]
        (beads / name).write_text("\n".join([*rest, *conflict]))
    before = bd.bytes()
    assert bd.json("resolve-conflicts", "--dry-run")["conflicts"] == 2 and bd.bytes() == before
    told = bd.json("resolve-conflicts")
    assert told["files"] == {"events.jsonl": 1, "issues.jsonl": 1}
    assert not [name for name, data in bd.bytes().items() if b"<<<<<<<" in data]
    assert {bead["id"]: bead.get("notes") for bead in bd.json("list")} == {one: "a\u2028b", two: None}
    assert bd("resolve-conflicts").out == f"✓ No conflicts in {beads}\n"
