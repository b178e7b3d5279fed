"""Values people type: priorities, types, times; settings lines; sections; the query language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gastown_tui.core.errors import BadInput, Refused
from gastown_tui.core.model.ids import natural
from gastown_tui.core.rules import query_language
from gastown_tui.core.rules.bead_config import read_config, set_in_config, unset_in_config, words_in
from gastown_tui.core.rules.bead_sections import missing_in, read_markdown
from gastown_tui.core.rules.bead_values import parse_external, parse_kind, parse_label, parse_priority, parse_status
from gastown_tui.core.rules.queries import Filter, Span, chosen, ordered
from gastown_tui.core.rules.typed_times import parse_field_time, parse_time
from tests.towns import NOW, a_bead, ago


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("4", 4), ("P1", 1), (" p3 ", 3)])
def test_priorities_are_numbers_with_or_without_a_p(text: str, value: int) -> None:
    assert parse_priority(text) == value


@pytest.mark.parametrize("text", ["5", "-1", "high", "", "P", "1.0", "00", "١"])
def test_other_priorities_are_refused(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_priority(text)
    assert caught.value.message == f'invalid priority "{text}" (expected 0-4 or P0-P4, not words like high/medium/low)'


def test_types_have_aliases_and_may_be_added() -> None:
    assert [parse_kind(text) for text in ("bug", "Feat", "MR", "convoy")] == [
        "bug",
        "feature",
        "merge-request",
        "convoy",
    ]
    assert parse_kind("spike", ["spike"]) == "spike"
    with pytest.raises(BadInput, match="validation failed: invalid issue type: tsak"):
        parse_kind("tsak")


def test_the_status_of_the_deleted_cannot_be_set() -> None:
    assert [parse_status("blocked"), parse_status("parked", ["parked"])] == ["blocked", "parked"]
    with pytest.raises(BadInput, match="invalid status: nearly"):
        parse_status("nearly")
    with pytest.raises(Refused, match="cannot set status to tombstone directly; use 'bd delete' instead"):
        parse_status("tombstone")


ZONE = timezone(timedelta(hours=2))
HERE = NOW.astimezone(ZONE)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("+6h", NOW + timedelta(hours=6)),
        ("6h", NOW + timedelta(hours=6)),
        ("-2d", NOW - timedelta(days=2)),
        ("1w", NOW + timedelta(weeks=1)),
        ("+1m", datetime(2026, 2, 6, 12, tzinfo=UTC)),
        ("1y", datetime(2027, 1, 6, 12, tzinfo=UTC)),
        ("in 3 days", NOW + timedelta(days=3)),
        ("2 hours ago", NOW - timedelta(hours=2)),
        ("tomorrow", datetime(2026, 1, 6, 22, tzinfo=UTC)),
        ("2025-01-15", datetime(2025, 1, 14, 22, tzinfo=UTC)),
        ("2025-01-15T10:00:00", datetime(2025, 1, 15, 8, tzinfo=UTC)),
        ("2025-01-15 10:00", datetime(2025, 1, 15, 8, tzinfo=UTC)),
        ("2025-01-15T10:00:00Z", datetime(2025, 1, 15, 10, tzinfo=UTC)),
        ("next monday", datetime(2026, 1, 11, 22, tzinfo=UTC)),
        ("tuesday", datetime(2026, 1, 12, 22, tzinfo=UTC)),
        ("now", NOW),
        ("in 30 minutes", NOW + timedelta(minutes=30)),
        ("in an hour", NOW + timedelta(hours=1)),
        ("two weeks from now", NOW + timedelta(weeks=2)),
        ("tomorrow at 9am", datetime(2026, 1, 7, 7, tzinfo=UTC)),
        ("tomorrow 5:30 pm", datetime(2026, 1, 7, 15, 30, tzinfo=UTC)),
        ("next monday at 17:00", datetime(2026, 1, 12, 15, tzinfo=UTC)),
        ("friday noon", datetime(2026, 1, 9, 10, tzinfo=UTC)),
        ("12am", datetime(2026, 1, 5, 22, tzinfo=UTC)),
        ("tonight", datetime(2026, 1, 6, 19, tzinfo=UTC)),
        ("tomorrow morning", datetime(2026, 1, 7, 7, tzinfo=UTC)),
        ("last week", datetime(2025, 12, 29, 22, tzinfo=UTC)),
        ("last tuesday", datetime(2025, 12, 29, 22, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_the_zone_of_whoever_types(text: str, meant: datetime) -> None:
    assert parse_time(text, HERE) == meant.strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2025-13-01",
        "9999999y",
        "+h",
        "2025-01-15T25:00:00",
        "-",
        "1 2 3",
        "13pm",
        "at",
        "tomorrow at 25:00",
        "now at 5pm",
        "in some days",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="cannot parse time expression: "):
        parse_time(text, HERE)
    with pytest.raises(BadInput, match="invalid --due format "):
        parse_field_time(text, "--due", HERE)


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "x" * 101, "\x1b[31m"])
def test_a_label_is_a_short_printable_line(text: str) -> None:
    with pytest.raises(BadInput, match="cannot be a label"):
        parse_label(text)


def test_an_outside_reference_has_three_parts() -> None:
    assert parse_external("external:lib:search") == "external:lib:search"
    for text in ("external:lib", "external::x", "external:lib:", "else:a:b"):
        with pytest.raises(BadInput, match="external reference"):
            parse_external(text)


# ---------------------------------------------------------------------------------------------- settings lines

CONFIG = """# ours
issue-prefix: gt   # the prefix
sync:
  branch: "beads-sync"
list:
  - a
status.custom: 'parked, waiting:wip'
empty:
"""


def test_settings_are_read_flat_and_nested() -> None:
    found = read_config(CONFIG)
    assert found == {"issue-prefix": "gt", "sync.branch": "beads-sync", "status.custom": "parked, waiting:wip"}
    assert words_in(found, "status.custom") == ("parked", "waiting")


def test_one_setting_changes_and_every_other_line_stays() -> None:
    changed = set_in_config(CONFIG, "sync.branch", "other")
    assert changed == CONFIG.replace('"beads-sync"', "other")
    assert read_config(set_in_config(CONFIG, "new.key", 'a "b" \\ #c'))["new.key"] == 'a "b" \\ #c'
    assert unset_in_config(changed, "issue-prefix") == changed.replace("issue-prefix: gt   # the prefix\n", "")
    with pytest.raises(BadInput):
        set_in_config("", "a", "two\nlines")


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(min_codepoint=32, exclude_characters="\x7f\x85\u2028\u2029"), max_size=40))
def test_any_line_of_text_is_kept_as_it_was(value: str) -> None:
    if value and value.strip() == value and value.isprintable():
        assert read_config(set_in_config("", "kv.x", value))["kv.x"] == value


# ---------------------------------------------------------------------------------------------- sections

MARKDOWN = """intro is left out

## First one
Just words.

### Priority
P1
### Type
bug
### Labels
- a
- b, c
### Dependencies
gt-1, discovered-from:gt-2

## Second
### Acceptance Criteria
it works
"""


def test_markdown_becomes_beads() -> None:
    one, two = read_markdown(MARKDOWN)
    assert (one.title, one.description, one.priority, one.kind, one.labels) == (
        "First one",
        "Just words.",
        1,
        "bug",
        ("a", "b", "c"),
    )
    assert [(edge.target, edge.type) for edge in one.edges] == [("gt-1", ""), ("gt-2", "discovered-from")]
    assert (two.title, two.priority, two.fields["acceptance_criteria"]) == ("Second", 2, "it works")
    with pytest.raises(BadInput, match="no issues found in the markdown"):
        read_markdown("# only a heading")


def test_sections_may_stand_in_the_description_or_in_their_field() -> None:
    assert missing_in(a_bead("gt-a", kind="bug")) == ["## Steps to Reproduce", "## Acceptance Criteria"]
    whole = a_bead("gt-a", kind="bug", description="## steps to reproduce\nx", acceptance_criteria="y")
    assert missing_in(whole) == [] and missing_in(a_bead("gt-a", kind="chore")) == []


# ---------------------------------------------------------------------------------------------- choosing

BEADS = [
    a_bead(
        "gt-1", "Fix Login", priority=0, kind="bug", assignee="ada", labels=("ui", "ui-old"), created_at=ago(days=1)
    ),
    a_bead(
        "gt-2",
        "Add export",
        priority=1,
        status="closed",
        closed_at=ago(hours=1),
        description="as CSV",
        created_at=ago(days=2),
    ),
    a_bead("gt-10", "Write docs", priority=1, parent="gt-e", notes="later", created_at=ago(days=3)),
    a_bead("gt-e", "Everything", priority=3, kind="epic", pinned=True, due_at=ago(days=1), created_at=ago(days=30)),
    a_bead("gt-g", "Gate", kind="gate", created_at=ago(days=4)),
    a_bead("gt-t", "Template", is_template=True, created_at=ago(days=5)),
    a_bead("gt-x", "Gone", status="tombstone", created_at=ago(days=6)),
]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({"hidden": frozenset({"closed", "tombstone"})}, "1 10 e"),
        ({"status": "closed,open"}, "1 2 10 e"),
        ({"status": "all"}, "1 2 10 e"),
        ({"templates": True, "gates": True}, "1 2 10 e g t x"),
        ({"kind": "gate"}, "g"),
        ({"priority": 1}, "2 10"),
        ({"priority_min": 1, "priority_max": 2}, "2 10 x"),
        ({"assignee": "ada"}, "1"),
        ({"no_assignee": True, "kind": "epic"}, "e"),
        ({"labels": ("ui", "ui-old")}, "1"),
        ({"label_pattern": "ui-*"}, "1"),
        ({"label_regex": "^u.$"}, "1"),
        ({"words": "LOGIN"}, "1"),
        ({"words": "csv"}, "2"),
        ({"title": "doc"}, "10"),
        ({"notes": "LATER"}, "10"),
        ({"ids": ("gt-1", "gt-2")}, "1 2"),
        ({"pinned": True}, "e"),
        ({"parent": "gt-e"}, "10"),
        ({"overdue": True}, "e"),
        ({"created": Span(after=ago(days=2, hours=1), before=ago(hours=1))}, "1 2"),
        ({"closed": Span(after=ago(hours=2))}, "2"),
        ({"empty_description": True, "no_labels": True, "hidden": frozenset({"tombstone"})}, "10 e"),
    ],
)
def test_filters_choose(wanted: dict[str, Any], ids: str) -> None:
    assert [bead.id for bead in chosen(BEADS, Filter(**wanted), NOW)] == [f"gt-{each}" for each in ids.split()]


def test_a_broken_label_expression_is_refused() -> None:
    with pytest.raises(BadInput, match="is no regular expression"):
        chosen(BEADS, Filter(label_regex="("), NOW)


@pytest.mark.parametrize(
    ("by", "ids"),
    [
        ("", "1 2 10 g t x e"),
        ("priority", "1 10 2 g t x e"),
        ("created", "1 2 10 g t x e"),
        ("id", "1 2 10 e g t x"),
        ("title", "2 e 1 g x t 10"),
    ],
)
def test_rows_come_in_the_order_asked_for(by: str, ids: str) -> None:
    assert [bead.id for bead in ordered(BEADS, by)] == [f"gt-{each}" for each in ids.split()]
    assert ordered(BEADS, by, reverse=True) == ordered(BEADS, by)[::-1]


def test_ids_are_ordered_as_people_count() -> None:
    assert sorted(["gt-10", "gt-9", "gt-a.10", "gt-a.2"], key=natural) == ["gt-9", "gt-10", "gt-a.2", "gt-a.10"]
    odd = ["gt-a.²", "gt-a.1", "gt-a." + "9" * 5000, "gt-1²2", "gt-a.٣", ""]
    assert sorted(odd, key=natural)[:3] == ["", "gt-1²2", "gt-a.1"]
    with pytest.raises(BadInput, match="invalid sort field 'size'"):
        ordered(BEADS, "size")


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("status=open AND priority<=1", "1 10"),
        ("status = open and not type=bug and not type=epic and not type=gate", "10 t"),
        ("priority=0 OR priority=3", "1 e"),
        ("(priority=0 or priority=3) and pinned=true", "e"),
        ("title=login", "1"),
        ("description=none AND type=task AND status=open", "10 t"),
        ("label=ui", "1"),
        ("label=none AND assignee=none AND type=epic", "e"),
        ("assignee!=none", "1"),
        ("id=gt-1*", "1 10"),
        ("created>2d", "1"),
        ("created<20d", "e"),
        ("closed>2h", "2"),
        ("parent=gt-e", "10"),
        ("pinned=true", "e"),
        ("notes='later'", "10"),
        ('title="Fix Login"', "1"),
    ],
)
def test_queries_choose(text: str, ids: str) -> None:
    holds = query_language.claim(query_language.parse(text), NOW)
    found = [bead.id for bead in BEADS if bead.state != "tombstone" and holds(bead)]
    assert found == [f"gt-{each}" for each in ids.split()]


def test_not_binds_closer_than_and_closer_than_or() -> None:
    tree = query_language.parse("not status=open and priority=1 or type=bug")
    assert query_language.spelled(tree) == "((NOT status=open AND priority=1) OR type=bug)"
    assert query_language.mentions(tree, "status") and not query_language.mentions(tree, "title")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("status=", "expected a value after status= at position 8"),
        ("colour=red", "unknown field 'colour' at position 1"),
        ("status open", "expected an operator (=, !=, <, <=, >, >=) at position 8"),
        ("(status=open", "expected ')' at position 13"),
        ("status=open priority=1", "unexpected 'priority' at position 13"),
        ("and", "unknown field 'and' at position 1"),
        ("title='half", "unexpected ''half' at position 7"),
        ("(" * 500, "nested too deeply"),
    ],
)
def test_a_query_that_cannot_be_read_names_the_place(text: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        query_language.parse(text)
    assert caught.value.message.startswith("parsing query: " + said)


@pytest.mark.parametrize("text", ["status>open", "priority=high", "created>never", "pinned=perhaps"])
def test_a_value_that_does_not_fit_its_field_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        query_language.claim(query_language.parse(text), NOW)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="abc=<>!()'\" \\andor not7d", max_size=40))
def test_any_text_is_a_query_or_refused(text: str) -> None:
    try:
        tree = query_language.parse(text)
    except BadInput:
        return
    query_language.parse(query_language.spelled(tree))
