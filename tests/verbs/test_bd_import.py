"""Beads taken up from files: other prefixes, lost parents, references, twins, and forms of files."""

from __future__ import annotations

import json
from typing import Any

from tests.verbs.bd import Bd

AT = "2026-01-01T00:00:00Z"


def record(bead_id: str, **fields: Any) -> dict[str, Any]:
    whole = {"id": bead_id, "title": bead_id, "status": "open", "priority": 2, "issue_type": "task", "created_at": AT}
    return whole | {"updated_at": AT} | fields


def given(bd: Bd, *records: dict[str, Any], name: str = "in.jsonl") -> str:
    (bd.home / name).write_text("".join(f"{json.dumps(each)}\n" for each in records))
    return name


def ids(bd: Bd) -> list[str]:
    return sorted(bead["id"] for bead in bd.json("list", "--status", "all"))


def test_an_array_is_a_file_of_beads_too(bd: Bd) -> None:
    (bd.home / "in.json").write_text(json.dumps([record("gt-1"), record("gt-2", odd=1)], indent=2))
    assert "2 created" in bd("import", "-i", "in.json").err and ids(bd) == ["gt-1", "gt-2"]
    assert '"odd":1' in (bd.home / ".beads" / "issues.jsonl").read_text()


def test_other_prefixes_become_this_ledgers_where_that_is_wanted(bd: Bd) -> None:
    edge = {"issue_id": "lib-2", "depends_on_id": "lib-1", "type": "blocks", "created_at": AT}
    said = [{"id": 1, "issue_id": "lib-2", "author": "x", "text": "y", "created_at": AT}]
    second = record("lib-2", description="after lib-1, not lib-11", dependencies=[edge], comments=said)
    file = given(bd, record("lib-1"), second, record("gt-9"))
    answer = bd("import", "-i", file, "--rename-on-import")
    assert answer.err.splitlines()[-1] == "Import complete: 3 created, 0 updated, 2 issues remapped"
    assert ids(bd) == ["gt-1", "gt-2", "gt-9"]
    two = bd.json("show", "gt-2")[0]
    assert two["description"] == "after gt-1, not lib-11" and two["dependencies"][0]["id"] == "gt-1"
    assert "lib-1 would become gt-1, which is taken" in bd.refuses("import", "-i", file, "--rename-on-import").err


def test_other_prefixes_stay_as_they_are_otherwise(bd: Bd) -> None:
    bd("import", "-i", given(bd, record("lib-1")))
    assert ids(bd) == ["lib-1"]


def test_children_without_a_parent(bd: Bd) -> None:
    file = given(bd, record("gt-p.1"), record("gt-q"), record("gt-q.1"))
    assert (
        "parent issue gt-p of gt-p.1 does not exist"
        in bd.refuses("import", "-i", file, "--orphan-handling", "strict").err
    )
    answer = bd("import", "-i", file, "--orphan-handling", "skip")
    assert "skipped gt-p.1: its parent gt-p does not exist" in answer.err and ids(bd) == ["gt-q", "gt-q.1"]
    answer = bd("import", "-i", file, "--orphan-handling", "resurrect")
    assert "gt-p was filed again, closed: gt-p.1 belongs to it" in answer.err
    assert bd.json("show", "gt-p")[0]["status"] == "closed" and "gt-p.1" in ids(bd)
    assert bd.refuses("import", "-i", file, "--orphan-handling", "odd").code == 2
    assert bd("import", "-i", given(bd, record("gt-z.1"), name="more.jsonl")).code == 0 and "gt-z.1" in ids(bd)


def test_a_reference_belongs_to_one_bead(bd: Bd) -> None:
    file = given(bd, record("gt-1", external_ref="gh-9"), record("gt-2", external_ref="gh-9"))
    answer = bd("import", "-i", file, "--clear-duplicate-external-refs")
    assert "gt-2 lost its reference 'gh-9': gt-1 has it" in answer.err
    assert "external_ref" not in bd.json("show", "gt-2")[0] and bd.json("show", "gt-1")[0]["external_ref"] == "gh-9"


def test_twins_are_named_afterwards(bd: Bd) -> None:
    file = given(bd, record("gt-1", title="Same"), record("gt-2", title="Same"))
    answer = bd("import", "-i", file, "--dedupe-after")
    assert "Found 1 duplicate group(s)" in answer.err and "gt-1, gt-2: Same" in answer.err


def test_nothing_is_changed_by_a_rehearsal(bd: Bd) -> None:
    before = bd.bytes()
    bd(
        "import",
        "-i",
        given(bd, record("lib-1"), record("gt-p.1")),
        "--dry-run",
        "--rename-on-import",
        "--dedupe-after",
    )
    assert bd.bytes() == before


def test_what_happened_is_exported_too(bd: Bd) -> None:
    one = bd.files("A")
    events = [json.loads(line) for line in bd("export", "--events").lines]
    assert [event["event_type"] for event in events] == ["ledger.created", "bead.created"]
    bd("export", "--events", "-o", "log.jsonl")
    assert one in (bd.home / "log.jsonl").read_text()
