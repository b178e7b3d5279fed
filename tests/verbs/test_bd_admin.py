"""Sweeping a ledger, and beginning anew."""

from __future__ import annotations

import json
from typing import Any

from tests.verbs.bd import Bd


def test_closed_beads_are_deleted_when_forced(bd: Bd) -> None:
    assert bd.json("admin", "cleanup")["message"] == "No closed issues to delete"
    one, two, three = bd.files("A"), bd.files("B"), bd.files("C", "--ephemeral")
    bd("close", one)
    bd("close", three)
    assert bd.refuses("cleanup").code == 4
    assert bd.json("admin", "cleanup", "--dry-run")["issue_count"] == 2
    assert bd.json("admin", "cleanup", "--ephemeral", "--force")["deleted"] == [three]
    assert bd.json("admin", "cleanup", "--older-than", "3", "--force")["deleted_count"] == 0
    assert bd.json("cleanup", "-f")["deleted"] == [one]
    assert [bead["id"] for bead in bd.json("list", "--status", "all")] == [two]


def test_a_pinned_bead_is_never_swept_away(bd: Bd) -> None:
    one = bd.files("A")
    bd("close", one)
    bd("pin", one)
    assert bd.json("admin", "cleanup", "--force")["deleted_count"] == 0


def test_resetting_keeps_a_copy_and_begins_anew(bd: Bd) -> None:
    one = bd.files("A")
    assert bd.json("admin", "reset")["items"][0]["path"] == str(bd.home / ".beads")
    assert bd.json("show", one)[0]["id"] == one
    told = bd.json("admin", "reset", "--force")
    assert told["success"] is True and not (bd.home / ".beads").exists()
    [kept] = bd.home.glob(".beads-reset-*")
    assert one in (kept / "events.jsonl").read_text() and one in (kept / "issues.jsonl").read_text()
    assert bd.json("reset") == {"message": "beads not initialized", "reset": False}
    bd("init", "-p", "gt")
    assert bd.json("list", "--all") == []


def test_compacting_shows_first_and_says_what_cannot_be(bd: Bd) -> None:
    one = bd.files("A", "--design", "x" * 500)
    bd("close", one)
    told = bd.json("admin", "compact", "--apply", "--id", one, "--summary", "s", "--force", "--dry-run")
    assert told["dry_run"] is True and bd.json("show", one)[0]["design"] == "x" * 500
    assert bd.json("admin", "compact", "--analyze", "--id", one, "--older-than", "5") == []
    assert bd.json("admin", "compact", "--prune")["pruned_count"] == 0
    for flag in ("--auto", "--dolt"):
        assert bd.refuses("admin", "compact", flag).code == 1


def test_the_doctor_reads_every_log_again_and_mends_what_can_be_mended(bare_bd: Bd) -> None:
    bd = bare_bd
    at = "2026-01-01T00:00:00Z"
    rows = [
        {"issue_id": "gt-2", "depends_on_id": "gt-1", "type": "parent_child", "created_at": at},
        {"issue_id": "gt-2", "depends_on_id": "gt-gone", "type": "blocks", "created_at": at},
    ]
    beads: list[dict[str, Any]] = [{"id": "gt-1", "issue_type": "epic"}, {"id": "gt-2", "dependencies": rows}]
    common = {"title": "T", "status": "open", "priority": 2, "created_at": at, "updated_at": at}
    (bd.home / ".beads").mkdir()
    (bd.home / ".beads" / "issues.jsonl").write_text("".join(f"{json.dumps(common | bead)}\n" for bead in beads))
    found = {check["name"]: check for check in bd.json("doctor", "-o", "report.json")["checks"]}
    assert found["Dependency Types"]["detail"] == "gt-2 → gt-1: parent_child means parent-child"
    assert found["Orphaned Dependencies"]["status"] == "warning"
    assert "read again and synced" in found["Log"]["message"]
    assert json.loads((bd.home / "report.json").read_text())["overall_ok"] is True
    bd("doctor", "--fix")
    assert bd("doctor", "--check-health").out == ""
    assert {check["status"] for check in bd.json("doctor")["checks"]} == {"ok"}
    assert bd.json("children", "gt-1")[0]["id"] == "gt-2"
    assert 'unknown check "odd"' in bd.refuses("doctor", "--check", "odd").err
    assert bd.refuses("doctor", "--server").code == 2


def test_nothing_needs_migrating_and_nowhere_to(bd: Bd) -> None:
    assert bd.json("migrate")["status"] == bd.json("migrate", "hash-ids", "--dry-run")["status"] == "current"
    assert bd.json("migrate", "--inspect")["registered_migrations"] == []
    for words in (["--to-dolt"], ["--to-sqlite"], ["dolt"]):
        assert bd.refuses("migrate", *words).code == 1
