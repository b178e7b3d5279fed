"""Every dialect of `.beads` that programs have written: what is read from it, and where it is looked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import NotFound, Refused
from gastown_tui.core.model.times import epoch_ns
from gastown_tui.core.world.jsonl import JsonlLedger
from gastown_tui.core.world.locate import find_home
from tests.dialects import DIALECTS, content
from tests.ledgers import created, everything, put, reopened, with_issues

READ: dict[str, dict[str, dict[str, Any]]] = {
    "v0.9": {
        "bd-1": {"state": "open", "kind": "task", "estimated_minutes": 30, "description": ""},
        "vc-2": {"state": "closed", "closed_at": None},
        "other-project-3": {"external_ref": "gh-9"},
    },
    "v0.20": {"bd-1": {"labels": ("b", "a"), "compaction_level": 1, "original_size": 900}, "bd-2": {"priority": 2}},
    "v0.30": {
        "bd-1": {"kind": "message", "sender": "mayor"},
        "bd-2": {"status": "tombstone", "delete_reason": "r", "original_type": "bug"},
        "bd-3": {"status": "tombstone", "delete_reason": None},
        "bd-5": {"priority": 0},
        "bd-6": {"state": "open", "deleted_at": "2025-12-01T00:00:00Z"},
    },
    "v0.40": {
        "bd-1": {"await_type": "timer", "timeout": 3_600_000_000_000},
        "bd-2": {"kind": "agent", "role_type": "witness", "hook_bead": "bd-1"},
        "bd-3": {"event_kind": "k", "payload": '{"a":1}'},
        "bd-5": {"state": "hooked", "created_by": "late", "holder": "h"},
        "bd-7": {"quality_score": 0.75, "pinned": True, "is_template": True},
    },
    "v0.49": {
        "bd-1": {
            "spec_id": "s.md",
            "ephemeral": True,
            "wisp_type": "patrol",
            "metadata": {"b": [1, 2.5, 1e3], "a": None},
        },
    },
    "v1.0 export": {"bd-1": {"no_history": True, "started_at": "2026-01-01T00:00:00Z"}, "bd-2": {"state": "open"}},
    "backup": {"bd-1": {"closed_at": None, "pinned": False, "ephemeral": True, "crystallizes": True}},
    "another writer": {
        "bd-1": {"state": "frozen", "kind": "perf", "created_at": "2025-11-01T10:01:00.5Z"},
        "bd-2": {"state": "pending_review"},
        "bd-3": {"state": "done"},
    },
    "by hand": {
        "ag-1": {"title": "By hand", "priority": 0, "state": "open", "kind": "task"},
        "ag-2": {"labels": None, "title": "Id comes late"},
        "ag-3": {"created_at": "2025", "updated_at": "yesterday"},
        "ag-4": {"title": "Escapes é/😀", "kind": "question", "state": "open"},
        "ag-6": {"estimated_minutes": 100},
    },
    "windows": {"bd-1": {"design": "d"}, "other-project-3": {"external_ref": "gh-9"}},
}
"""What beads of each dialect say, by id."""


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_is_read_as_it_was_meant(tmp_path: Path, name: str) -> None:
    with_issues(tmp_path, content(name))
    town = reopened(tmp_path).read()
    for bead_id, fields in READ[name].items():
        bead = town.own.beads[bead_id]  # type: ignore[index]
        assert {field: getattr(bead, field) for field in fields} == fields
    counts = reopened(tmp_path).inspect()
    assert counts.readable + counts.kept == len(DIALECTS[name])
    assert not counts.quarantined and not counts.duplicates and not reopened(tmp_path).warnings()


@pytest.mark.parametrize("name", DIALECTS)
def test_a_change_to_every_bead_of_a_dialect_keeps_what_this_program_does_not_know(tmp_path: Path, name: str) -> None:
    beads = with_issues(tmp_path, content(name))
    ledger = reopened(tmp_path)
    living = list(ledger.read().beads())
    put(ledger, *(e.BeadUpdated(bead_id=bead.id, changes={"title": "Changed"}) for bead in living))
    old = {record["id"]: record for record in map(json.loads, DIALECTS[name]) if "id" in record}
    new = {
        record["id"]: record
        for record in map(json.loads, (beads / "issues.jsonl").read_text().splitlines())
        if "id" in record
    }
    changed = {bead.id for bead in living}
    for bead_id, record in old.items():
        fields = {"title": "Changed", "updated_at": new[bead_id]["updated_at"]} if bead_id in changed else {}
        assert new[bead_id] == record | fields
        assert [key for key in new[bead_id] if key in record] == list(record)


ODD = {"raised": "bd-a.²", "between": "bd-1²2", "other digits": "bd-a.٣", "long child": "bd-a." + "9" * 5000}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_id_with_numbers_no_program_counts_with_keeps_no_bead_from_being_read(tmp_path: Path, odd: str) -> None:
    with_issues(tmp_path, "".join(json.dumps({"id": each, "title": "t"}) + "\n" for each in ("bd-a", odd)).encode())
    assert "bd-a" in reopened(tmp_path).read().own.beads
    ledger = reopened(tmp_path)
    put(ledger, created("bd-b", "new"))
    assert {"bd-a", "bd-b"} <= set(reopened(tmp_path).read().own.beads)


def test_stamps_are_compared_across_offsets_and_fractions_of_any_length() -> None:
    same = ["2025-11-01T10:00:00-08:00", "2025-11-01T18:00:00Z", "2025-11-01T18:00:00.000000000+00:00"]
    assert len({epoch_ns(each) for each in same}) == 1
    rising = ["2025-11-01T18:00:00Z", "2025-11-01T18:00:00.000000001Z", "2025-11-01T10:00:00.00000001-08:00"]
    moments = [epoch_ns(each) or 0 for each in rising]
    assert moments == sorted(set(moments))


# ---------------------------------------------------------------------------------------------- directories


def dolt(beads: Path) -> None:
    (beads / "dolt").mkdir()


def embedded(beads: Path) -> None:
    (beads / "embeddeddolt").mkdir()
    (beads / "issues.jsonl").write_text("\n")


def served(beads: Path) -> None:
    (beads / "metadata.json").write_text('{"database":"dolt","backend":"dolt","dolt_mode":"server"}')


def sqlite(beads: Path) -> None:
    (beads / "beads.db").write_bytes(b"SQLite format 3\0")


@pytest.mark.parametrize("database", [dolt, embedded, served, sqlite], ids=lambda each: each.__name__)
def test_where_only_a_database_holds_the_beads_one_line_says_what_to_do_and_nothing_is_written(
    tmp_path: Path, database: Callable[[Path], None]
) -> None:
    beads = tmp_path / ".beads"
    beads.mkdir()
    database(beads)
    before = everything(tmp_path)
    for act in (lambda ledger: ledger.read(), lambda ledger: put(ledger, created("gt-1"))):
        with pytest.raises(Refused, match="database") as refused:
            act(reopened(tmp_path))
        assert f"bd export -o {beads / 'issues.jsonl'}" in refused.value.hint
    assert {name: data for name, data in everything(tmp_path).items() if "/local/" not in name} == before


@pytest.mark.parametrize("database", [dolt, served, sqlite], ids=lambda each: each.__name__)
def test_beside_a_database_the_lines_are_read(tmp_path: Path, database: Callable[[Path], None]) -> None:
    beads = with_issues(tmp_path, content("v0.49"))
    database(beads)
    assert len(reopened(tmp_path).read().own.beads) == 2


def test_rows_of_another_programs_log_stay_what_they_are(tmp_path: Path) -> None:
    beads = with_issues(tmp_path, content("v0.49"))
    rows = b'{"id":1,"issue_id":"bd-1","event_type":"created","actor":"x","created_at":"2025-11-01T10:00:00Z"}\n' * 3
    (beads / "events.jsonl").write_bytes(rows)
    put(reopened(tmp_path), created("bd-9"))
    assert (beads / "events.jsonl").read_bytes().startswith(rows)
    assert len(reopened(tmp_path).read().own.beads) == 3


@pytest.mark.parametrize("path", ["/home/me/project/.beads", "~/work/.beads", "../elsewhere/issues.jsonl"])
def test_a_file_that_only_points_elsewhere_is_said_and_not_followed(tmp_path: Path, path: str) -> None:
    with_issues(tmp_path, path.encode())
    (note,) = reopened(tmp_path).inspect().quarantined
    assert note.number == 1 and "a path to another place" in note.reason
    assert not reopened(tmp_path).read().own.beads


def test_records_that_are_no_beads_are_kept_where_they_stand(tmp_path: Path) -> None:
    lines = ['{"data":{"id":"x-1"},"timestamp":"2025-01-01T00:00:00Z","type":"created"}'] * 2
    beads = with_issues(tmp_path, "".join(line + "\n" for line in lines).encode(), "beads.jsonl")
    put(reopened(tmp_path), created("gt-1"))
    assert (beads / "beads.jsonl").read_text().splitlines()[:2] == lines


FOUND: dict[str, tuple[dict[str, str], str]] = {
    "the nearest above": ({}, "repo/deep/er"),
    "BEADS_DIR": ({"BEADS_DIR": "repo/.beads"}, "."),
    "BEADS_DB": ({"BEADS_DB": "repo/.beads/beads.db"}, "."),
    "a folder with BEADS_DIR": ({"BEADS_DIR": "repo"}, "."),
    "a redirect": ({}, "redirected"),
}


@pytest.mark.parametrize("how", FOUND)
def test_a_ledger_is_found(tmp_path: Path, how: str) -> None:
    env, cwd = FOUND[how]
    beads = with_issues(tmp_path / "repo", content("v0.9"))
    sqlite(beads)
    (tmp_path / "repo/deep/er").mkdir(parents=True)
    (tmp_path / "redirected/.beads").mkdir(parents=True)
    (tmp_path / "redirected/.beads/redirect").write_text("../repo/.beads\n")
    home = find_home(env={name: str(tmp_path / place) for name, place in env.items()}, cwd=tmp_path / cwd)
    assert len(JsonlLedger(home).read().own.beads) == 3


@pytest.mark.parametrize("name", ["BEADS_DIR", "BEADS_DB"])
def test_a_ledger_that_is_named_and_not_there_is_never_replaced_by_another(tmp_path: Path, name: str) -> None:
    with_issues(tmp_path, content("v0.9"))
    with pytest.raises(NotFound, match=name):
        find_home(env={name: str(tmp_path / "gone/.beads/beads.db")}, cwd=tmp_path)


def test_of_two_files_the_configured_one_is_the_ledger(tmp_path: Path) -> None:
    beads = with_issues(tmp_path, content("v0.9"))
    (beads / "beads.jsonl").write_bytes(content("v0.49"))
    assert "other-project-3" in reopened(tmp_path).read().own.beads
    (beads / "metadata.json").write_text('{"database":"beads.db","jsonl_export":"beads.jsonl"}')
    assert "other-project-3" not in reopened(tmp_path).read().own.beads


def test_a_ledger_that_is_taken_up_tells_git_what_to_leave_out_and_keeps_what_it_was_told(tmp_path: Path) -> None:
    beads = with_issues(tmp_path, content("v0.49"))
    (beads / ".gitignore").write_text("*.db\nbd.sock")
    put(reopened(tmp_path), created("bd-9"))
    ignored = (beads / ".gitignore").read_text().splitlines()
    assert ignored[:2] == ["*.db", "bd.sock"] and {"local/", "feed.jsonl", "vapor.jsonl", ".hook-*"} <= set(ignored)
    assert ignored.count("*.db") == 1
    assert (beads / ".gitattributes").read_text() == "*.jsonl merge=union\n"
