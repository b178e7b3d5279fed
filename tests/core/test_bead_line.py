"""One line of `issues.jsonl`: every dialect is read, and what nobody changed keeps its bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.bead import Bead, Comment, Dependency
from gastown_tui.core.model.bead_line import decode_bead, decode_beads, encode_bead, rewrite_line
from gastown_tui.core.model.ids import BeadId
from tests.ledgers import corpus, examples, foreign_lines

AT = "2026-01-06T12:00:00.123456789-08:00"


def a_line(**fields: Any) -> bytes:
    record = {"id": "gt-1", "title": "t", "priority": 1, "created_at": AT, "updated_at": AT} | fields
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


changes = st.fixed_dictionaries(
    {},
    optional={
        "title": st.text(max_size=5),
        "status": st.sampled_from(["open", "closed", "frozen"]),
        "assignee": st.none() | st.text(max_size=5),
        "notes": st.none() | st.text(max_size=5),
        "closed_at": st.none() | st.just(AT),
        "labels": st.none() | st.just(("a", "b")),
        "metadata": st.none() | st.just({"k": [1, {"x": None}]}),
        "comments": st.none()
        | st.just((Comment(id=3, issue_id=BeadId("gt-1"), author="a", text="<b>", created_at=AT),)),
        "dependencies": st.none()
        | st.just((Dependency(issue_id=BeadId("gt-1"), depends_on_id=BeadId("gt-2"), type="blocks", created_at=AT),)),
    },
)
"""What may happen to a bead."""


# --------------------------------------------------------------------------------------------------- reading


def test_a_plain_line_is_read_as_it_stands() -> None:
    bead = decode_bead(a_line(status="open", assignee="max", labels=["x"]))
    assert (bead.id, bead.title, bead.status, bead.assignee, bead.labels) == ("gt-1", "t", "open", "max", ("x",))
    assert bead.created_at == AT


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"pinned": 1, "is_template": 0}, {"pinned": True, "is_template": False}),
        ({"closed_at": None, "assignee": None}, {"closed_at": None, "assignee": None}),
        ({"status": "frozen", "issue_type": "perf"}, {"status": "frozen", "issue_type": "perf"}),
        ({"priority": "2"}, {"priority": 2}),
        ({"estimated_minutes": "soon"}, {"estimated_minutes": None}),
        ({"labels": "oops", "assignee": "max"}, {"labels": None, "assignee": "max"}),
        ({"title": None}, {"title": ""}),
        ({"title": 7}, {"title": ""}),
        ({"quality_score": 1}, {"quality_score": 1.0}),
        ({"dependencies": [{"depends_on_id": "x"}]}, {"dependencies": None}),
    ],
)
def test_what_other_programs_write_is_read_with_leniency(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    bead = decode_bead(a_line(**fields))
    assert {key: getattr(bead, key) for key in expected} == expected


def test_missing_fields_have_the_values_older_programs_meant() -> None:
    bead = decode_bead(b'{"id":"bd-1"}')
    assert (bead.state, bead.kind, bead.priority, bead.title) == ("open", "task", 0, "")


@pytest.mark.parametrize("comment_id", [7, "7", "0198-uuid"])
def test_comment_ids_are_numbers_or_text(comment_id: int | str) -> None:
    comment = {"id": comment_id, "issue_id": "gt-1", "author": "a", "text": "t", "created_at": AT}
    read = decode_bead(a_line(comments=[comment])).comments
    assert read is not None and [each.id for each in read] == [comment_id]


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"17", b'{"id":7}', b'{"id":""}', b'{"title":"no id"}', b"<<<<<<< HEAD", b"\xff", b"[" * 5000],
)
def test_what_is_no_bead_is_bad_input(line: bytes) -> None:
    with pytest.raises(BadInput):
        decode_bead(line)


def test_many_lines_at_once_are_the_same_beads() -> None:
    lines = [a_line(id=f"gt-{number}") for number in range(5)]
    assert decode_beads(b"\n".join(lines)) == [decode_bead(line) for line in lines]


# --------------------------------------------------------------------------------------------------- writing


def test_a_bead_is_written_as_bd_writes_it() -> None:
    line = encode_bead(decode_bead(a_line(title="a <b> & c \u2028 ü", description="")))
    assert line == (
        rb'{"id":"gt-1","title":"a \u003cb\u003e \u0026 c \u2028 ' + "ü".encode() + b'","description":"",'
        b'"priority":1,"created_at":"' + AT.encode() + b'","updated_at":"' + AT.encode() + b'"}'
    )


@examples(5)
@given(line=foreign_lines(), change=changes)
def test_a_rewritten_line_says_what_the_bead_is_and_keeps_what_nobody_knows(line: str, change: dict[str, Any]) -> None:
    origin = line.encode()
    bead = replace(decode_bead(origin), **change)
    written = rewrite_line(origin, bead)
    assert decode_bead(written) == bead
    before, after = json.loads(line), json.loads(written)
    unknown = {key for key in before if key not in Bead.__struct_fields__}
    assert {key: after[key] for key in unknown} == {key: before[key] for key in unknown}
    assert [key for key in after if key in before] == [key for key in before if key in after]
    assert written.endswith(b"\r") == origin.endswith(b"\r")


@examples(5)
@given(line=foreign_lines(), first=changes, second=changes)
def test_it_does_not_matter_in_how_many_steps_a_line_changed(
    line: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    origin = line.encode()
    start = decode_bead(origin)
    back = replace(replace(start, **first), **second)
    again = replace(back, **{key: getattr(start, key) for key in first | second})
    assert rewrite_line(origin, again) == origin
    assert rewrite_line(origin, back) == rewrite_line(origin, decode_bead(rewrite_line(origin, back)))


@examples(5)
@given(first=changes, second=changes)
def test_a_line_of_our_own_is_rewritten_as_if_it_were_new(first: dict[str, Any], second: dict[str, Any]) -> None:
    bead = replace(decode_bead(a_line()), **first)
    changed = replace(bead, **second)
    assert rewrite_line(encode_bead(bead), changed) == encode_bead(changed)


def test_a_new_key_goes_where_the_line_would_have_it() -> None:
    typical = rewrite_line(a_line(), replace(decode_bead(a_line()), assignee="x", closed_at=AT))
    assert list(json.loads(typical)) == [
        "id", "title", "priority", "assignee", "created_at", "updated_at", "closed_at",
    ]  # fmt: skip
    sorted_keys = b'{"created_at":"x","id":"gt-1","priority":1,"title":"t","updated_at":"y"}'
    alphabetical = rewrite_line(sorted_keys, replace(decode_bead(sorted_keys), closed_at=AT, status="closed"))
    assert list(json.loads(alphabetical)) == sorted(json.loads(alphabetical))


def test_a_dialect_with_nulls_keeps_them() -> None:
    line = b'{"assignee":"x","closed_at":null,"created_at":"x","id":"gt-1","priority":1,"title":"t","updated_at":"y"}'
    freed = rewrite_line(line, replace(decode_bead(line), assignee=None))
    assert freed == line.replace(b'"assignee":"x"', b'"assignee":null')


def test_a_dialect_without_escapes_gets_none() -> None:
    line = a_line(title="<raw>")
    assert b"<also raw>" in rewrite_line(line, replace(decode_bead(line), notes="<also raw>"))
    assert rb"\u003cnot\u003e" in rewrite_line(a_line(), replace(decode_bead(a_line()), notes="<not>"))


def test_what_is_known_of_an_edge_stays_when_another_is_added() -> None:
    edge = {"issue_id": "gt-1", "depends_on_id": "gt-2", "type": "blocks", "created_at": AT, "weight": [1]}
    line = a_line(dependencies=[edge])
    bead = decode_bead(line)
    more = Dependency(issue_id=bead.id, depends_on_id=BeadId("gt-3"), type="related", created_at=AT)
    written = json.loads(rewrite_line(line, replace(bead, dependencies=(*bead.needs, more))))
    assert written["dependencies"][0] == edge
    assert written["dependencies"][1]["depends_on_id"] == "gt-3"


# ------------------------------------------------------------------------------------------------ real files


@pytest.mark.parametrize(
    "file",
    corpus() or [pytest.param(None, marks=pytest.mark.skip("no real ledgers beside the project"))],
    ids=lambda file: getattr(file, "name", "none"),
)
def test_every_line_of_a_real_file_can_be_changed_and_changed_back(file: Any) -> None:
    lines = [line for line in file.read_bytes().splitlines() if line.startswith(b"{")]
    assert lines
    for line in lines:
        bead = decode_bead(line)
        changed = replace(bead, status="closed", closed_at=AT, close_reason="<done>", updated_at=AT)
        written = rewrite_line(line, changed)
        assert decode_bead(written) == changed
        assert rewrite_line(line, bead) == line
