"""Three versions of a file of beads become one, and conflict markers come out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gastown_tui.core.rules.line_merge import merge_files, merge_records, sides
from tests.ledgers import corpus

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def line(bead_id: str = "gt-1", **fields: Any) -> str:
    record = {"id": bead_id, "title": "T", "status": "open", "priority": 2, "created_at": EARLY, "updated_at": EARLY}
    return json.dumps(record | fields, separators=(",", ":"), ensure_ascii=False)


def merged(base: dict[str, Any], left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    [found] = merge_files(line(**base), line(**left), line(**right)).lines
    value: dict[str, Any] = json.loads(found)
    return value


def test_a_line_one_side_left_alone_is_taken_from_the_other_byte_for_byte() -> None:
    old, new = line(), line(title="a<b", odd={"x": 1.50})
    assert merge_files(old, old, new).lines == merge_files(old, new, old).lines == (new,)
    assert merge_files(old, new, new).lines == (new,) and merge_files(old, old, old).lines == (old,)


def test_what_each_side_filed_is_there_in_order_of_ids() -> None:
    one, two, three = (line(f"gt-{n}") for n in (1, 2, 3))
    assert merge_files(two, f"{three}\n{two}", f"{two}\n{one}\n").lines == (one, two, three)


def test_a_bead_one_side_lacks_is_gone_unless_the_other_changed_it() -> None:
    old, new = line(), line(title="New")
    assert merge_files(old, "", old).lines == () and merge_files(old, old, "").lines == ()
    assert merge_files(old, "", new).lines == (new,)


@pytest.mark.parametrize(
    ("base", "left", "right", "expected"),
    [
        ({}, {"title": "L"}, {"priority": 0}, {"title": "L", "priority": 0}),
        ({}, {"title": "L", "updated_at": LATE}, {"title": "R"}, {"title": "L", "updated_at": LATE}),
        ({}, {"title": "L"}, {"title": "R", "updated_at": LATE}, {"title": "R", "updated_at": LATE}),
        ({}, {"priority": 1}, {"priority": 3}, {"priority": 1}),
        ({}, {"status": "closed", "closed_at": EARLY}, {"status": "in_progress"}, {"status": "closed"}),
        ({}, {"status": "closed", "closed_at": EARLY}, {"status": "tombstone"}, {"status": "tombstone"}),
        (
            {"status": "closed", "closed_at": EARLY, "close_reason": "x"},
            {"status": "open", "closed_at": None, "close_reason": None, "notes": "n"},
            {"status": "closed", "closed_at": EARLY, "close_reason": "x", "title": "R"},
            {"status": "open", "title": "R", "notes": "n", "closed_at": None, "close_reason": None},
        ),
        ({"notes": "o"}, {"notes": "l"}, {"notes": "r"}, {"notes": "l\n\n---\n\nr"}),
        ({"labels": ["a", "b"]}, {"labels": ["a", "b", "c"]}, {"labels": ["a", "d"]}, {"labels": ["a", "c", "d"]}),
        ({}, {"pinned": True, "assignee": "l"}, {"assignee": "r"}, {"pinned": True, "assignee": "l"}),
        ({"own": 1}, {"own": 2}, {"own": 3}, {"own": 2}),
        ({}, {"due_at": EARLY}, {"due_at": LATE}, {"due_at": LATE}),
    ],
)
def test_fields_both_sides_changed(
    base: dict[str, Any], left: dict[str, Any], right: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = merged(base, left, right)
    assert {key: found.get(key) for key in expected} == expected


def test_dependencies_and_comments_are_sets() -> None:
    def needs(*targets: str) -> dict[str, Any]:
        return {"dependencies": [{"issue_id": "gt-1", "depends_on_id": each, "type": "blocks"} for each in targets]}

    found = merged(needs("a", "b"), needs("a", "b", "c"), needs("b", "d"))
    assert [each["depends_on_id"] for each in found["dependencies"]] == ["b", "c", "d"]
    said = [{"id": 1, "author": "x", "text": text, "created_at": at} for text, at in (("one", EARLY), ("two", LATE))]
    assert merged({}, {"comments": said[1:]}, {"comments": said[:1]})["comments"] == said


def test_without_an_ancestor_the_later_side_wins_and_sets_are_joined() -> None:
    left = {"id": "gt-1", "title": "L", "labels": ["a"], "updated_at": EARLY, "design": "D"}
    right = {"id": "gt-1", "title": "R", "labels": ["b"], "updated_at": LATE}
    assert merge_records(None, left, right) == right | {"labels": ["a", "b"], "design": "D"}


def test_different_beads_under_one_id_are_no_merge() -> None:
    found = merge_files("", line(created_at=EARLY), line(created_at=LATE))
    assert found.clashes == ("gt-1",) and found.lines == ()


def test_lines_that_are_no_beads_all_stay() -> None:
    header, memory = '{"_schema":"beads-jsonl/1"}', '{"_type":"memory","key":"k","value":"v"}'
    assert merge_files("", f"{header}\n{line()}", f"broken {{\n{line()}\n{memory}").lines == (
        *(line(), header, "broken {", memory),
    )


def test_a_file_with_markers_is_taken_apart() -> None:
    text = "\n".join(["a", "<<<<<<< HEAD", "b", "||||||| base", "o", "=======", "c", ">>>>>>> topic", "d"])
    assert sides(text) == ("a\no\nd", "a\nb\nd", "a\nc\nd", 1)
    assert sides("a\n=======\nb") == ("a\n=======\nb",) * 3 + (0,)


@pytest.mark.skipif(not corpus(), reason="no real ledgers beside the project")
def test_a_real_file_with_markers_comes_out_whole() -> None:
    [file] = [each for each in corpus() if "conflict" in each.name]
    text = file.read_text(encoding="utf-8")
    base, left, right, count = sides(text)
    assert count > 0
    found = merge_files(base, left, right)
    ids = {json.loads(each)["id"] for version in (left, right) for each in version.splitlines() if each.strip()}
    assert not found.clashes and {json.loads(each)["id"] for each in found.lines} == ids
    assert not any(each.startswith(("<<<<<<<", "=======", ">>>>>>>")) for each in found.lines)
