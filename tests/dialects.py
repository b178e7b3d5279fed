"""Small ledgers of our own in every dialect programs have written: versions, other writers, backups, exports."""

from __future__ import annotations

import json
from typing import Any

_DAY = "2025-11-0{n}T10:0{n}:00"


def _row(number: int, prefix: str = "bd", at: str = "-08:00", **more: Any) -> dict[str, Any]:
    stamp = _DAY.format(n=number) + at
    head = {"id": f"{prefix}-{number}", "title": f"Work <{number}> & more", "status": "open", "priority": number % 5}
    return head | {"issue_type": "task", "created_at": stamp, "updated_at": stamp} | more


def escaped(record: dict[str, Any]) -> str:
    """As bd writes a line: compact, `<>&` and the two line separators escaped."""
    text = raw(record)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def raw(record: dict[str, Any]) -> str:
    """As programs with another encoder write it."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _edge(number: int, target: str, kind: str = "blocks", prefix: str = "bd", **more: Any) -> dict[str, Any]:
    at = "2025-11-09T00:00:00.123456789-08:00"
    return {"issue_id": f"{prefix}-{number}", "depends_on_id": target, "type": kind, "created_at": at} | more


def _first_schema() -> list[str]:
    """v0.9: sequential ids, several prefixes, empty texts written out, closed without `closed_at`."""
    rows = [
        _row(1, description="", design="d", acceptance_criteria="a", notes="n", assignee="x", estimated_minutes=30),
        _row(2, "vc", description="", status="closed", dependencies=[_edge(2, "bd-1", prefix="vc")]),
        _row(3, "other-project", description="x", external_ref="gh-9", closed_at=None),
    ]
    return [escaped(row) for row in rows]


def _hashes() -> list[str]:
    """v0.20 to v0.24: content hashes, compaction, numbered comments, a repository each."""
    comment = {"id": 7, "issue_id": "bd-1", "author": "a", "text": "<t>", "created_at": "2025-11-02T00:00:00.1-08:00"}
    row = _row(1, description="", labels=["b", "a"], comments=[comment], compaction_level=1, original_size=900)
    rows = [{"id": "bd-1", "content_hash": "ab" * 32} | row, _row(2, description="", source_repo=".")]
    return [escaped(each) for each in rows]


def _links() -> list[str]:
    """v0.30 to v0.33: links as fields, tombstones with and without a reason, `wisp`, a priority of 0 left out."""
    gone = {"deleted_at": "2025-12-01T00:00:00Z", "deleted_by": "x", "delete_reason": "r", "original_type": "bug"}
    urgent = _row(5)
    del urgent["priority"]
    rows = [
        _row(1, sender="mayor", replies_to="bd-2", relates_to=["bd-3"], issue_type="message"),
        _row(2, status="tombstone", **gone),
        _row(3, status="tombstone", closed_at="2025-12-01T00:00:00Z"),
        _row(4, wisp=True, duplicate_of="bd-1", superseded_by="bd-2"),
        urgent,
        _row(6, deleted_at="2025-12-01T00:00:00Z", dependencies=[_edge(6, "bd-2", metadata="{}", thread_id="")]),
    ]
    return [escaped(row) for row in rows]


def _town_types() -> list[str]:
    """v0.36 to v0.48: gates, agents, events, bonds, slots, and `created_by` where those put it."""
    rows = [
        _row(1, issue_type="gate", await_type="timer", await_id="x", timeout=3_600_000_000_000, waiters=["a"]),
        _row(
            2, issue_type="agent", hook_bead="bd-1", role_bead="bd-3", agent_state="idle", role_type="witness", rig="r"
        ),
        _row(3, issue_type="event", event_kind="k", actor="a", target="t", payload='{"a":1}'),
        _row(4, issue_type="molecule", bonded_from=[{"source_id": "p", "bond_type": "sequential"}], mol_type="work"),
        _row(5, status="hooked", assignee="r/polecats/n", close_reason="", created_by="late", holder="h"),
        _row(6, creator={"name": "n", "platform": "p"}, validations=[{"validator": "v", "outcome": "accepted"}]),
        _row(7, quality_score=0.75, crystallizes=True, is_template=True, pinned=True, proto_id="p"),
    ]
    return [escaped(row) for row in rows]


def _last_of_files() -> list[str]:
    """v0.49: owners, specs, metadata, wisps, due dates, every field in its newest place."""
    row = _row(1, spec_id="s.md", owner="me@example.org", created_by="me", source_system="jira", ephemeral=True)
    row |= {"metadata": {"b": [1, 2.50, 1e3], "a": None}, "wisp_type": "patrol", "due_at": "2026-01-01T00:00:00Z"}
    row |= {"defer_until": "2999-01-01T00:00:00Z", "closed_by_session": "s", "work_type": "mutex"}
    edges = [_edge(2, "bd-1", "waits-for", metadata='{"gate":"any-children"}'), _edge(2, "external:p:cap", "blocks")]
    return [escaped(row), escaped(_row(2, dependencies=edges))]


def _exports() -> list[str]:
    """v1.0: a header, `_type` first, counts at the end, comments with text ids, memories among the lines."""
    comment = {"id": "0190-uuid", "issue_id": "bd-1", "author": "a", "text": "t", "created_at": "2026-01-01T00:00:00Z"}
    counts: dict[str, Any] = {"dependency_count": 0, "dependent_count": 1, "comment_count": 1}
    rows = [{"_type": "issue"} | _row(n, at="Z", **counts) for n in (1, 2)]
    rows[0] |= {"started_at": "2026-01-01T00:00:00Z", "no_history": True, "comments": [comment]}
    header = '{"_schema":"beads-jsonl/1","_dolt_branch":"main","_sort":"stable-v1"}'
    memory = '{"_type":"memory","key":"build","value":"use make <all>"}'
    return [header, *(escaped(row) for row in rows), memory]


def _backup() -> list[str]:
    """A backup of database rows: keys by alphabet, nulls kept, 0 and 1 for no and yes, objects as text."""
    row = _row(1, closed_at=None, assignee=None, pinned=0, ephemeral=1, is_template=0, metadata="{}", waiters="[]")
    row |= {"timeout_ns": 0, "design": "", "no_history": 0, "crystallizes": 1, "estimated_minutes": None}
    return [
        raw(dict(sorted(each.items()))) for each in (row, row | {"id": "bd-2", "updated_at": "2026-01-01 00:00:00"})
    ]


def _unescaped() -> list[str]:
    """Another program: raw `<>&`, its own fields always there, statuses and types of its own."""
    rows = [
        _row(1, at=".5Z", status="frozen", issue_type="perf", source_repo=".", compaction_level=0, original_size=0),
        _row(2, at=".000000001Z", status="pending_review", source_repo_path="/x", closed_at=None),
        _row(3, at="Z", status="done", dependencies=[_edge(3, "bd-1", "parent_child", metadata="{}", thread_id="")]),
    ]
    return [raw(row) for row in rows]


def _by_hand() -> list[str]:
    """Written by people and scripts: spaces, missing fields, numbers as text, lists of ids, unknown keys nested."""
    return [
        '{"id": "ag-1", "title": "By hand", "blocked_by": ["ag-2"], "priority": "P1"}',
        '{"title": "Id comes late", "id": "ag-2", "labels": "not a list", "x": {"deep": [[], {"y": 1.0}]}}',
        ' {"id":"ag-3","title":"Spaces around","priority":null,"created_at":"2025","updated_at":"yesterday"} ',
        '{"id":"ag-4","title":"Escapes \\u00e9\\/\\ud83d\\ude00","status":"","issue_type":"question"}',
        '{"id":"ag-5","title":"Edges","dependencies":[{"type":"blocks"},"bd-1",null],"comments":[1]}',
        '{"id":"ag-6","title":"Big","estimated_minutes":1e2,"number":123456789012345678901234567890}',
    ]


DIALECTS: dict[str, list[str]] = {
    "v0.9": _first_schema(),
    "v0.20": _hashes(),
    "v0.30": _links(),
    "v0.40": _town_types(),
    "v0.49": _last_of_files(),
    "v1.0 export": _exports(),
    "backup": _backup(),
    "another writer": _unescaped(),
    "by hand": _by_hand(),
    "windows": [line + "\r" for line in _first_schema()],
}
"""The lines of a file, by what wrote it."""


def content(name: str) -> bytes:
    """A file in a dialect."""
    return "".join(line + "\n" for line in DIALECTS[name]).encode()
