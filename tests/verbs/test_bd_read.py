"""Looking at beads: show, list, search, count, ready, blocked, status, stale, query."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ledgers import corpus
from tests.verbs.bd import Bd

LINKED = {"id", "title", "status", "priority", "issue_type", "created_at", "updated_at", "dependency_type"}


@pytest.fixture
def family(bd: Bd) -> dict[str, str]:
    """An epic with two children, one of which waits for the other, and a bug that has nothing to do with them."""
    epic = bd.files("Build the thing", "-t", "epic", "-p", "1")
    one = bd.files("First part", "--deps", epic, "-l", "ui,core", "-a", "max")
    two = bd.files("Second part", "--deps", f"{epic},{one}", "-p", "0")
    bug = bd.files("Fix crash", "-t", "bug", "-p", "3", "--notes", "only on Tuesdays")
    return {"epic": epic, "one": one, "two": two, "bug": bug}


# ---------------------------------------------------------------------------------------------- show


def test_show_gives_a_bead_and_its_neighbours(bd: Bd, family: dict[str, str]) -> None:
    bd("comments", "add", family["two"], "half done")
    [bead] = bd.json("show", family["two"])
    assert [(each["id"], each["dependency_type"]) for each in bead["dependencies"]] == [
        (family["epic"], "parent-child"),
        (family["one"], "blocks"),
    ]
    assert bead["parent"] == family["epic"] and bead["comments"][0]["text"] == "half done"
    assert list(bead)[-3:] == ["dependencies", "comments", "parent"]
    [epic] = bd.json("show", family["epic"])
    assert {each["id"] for each in epic["dependents"]} == {family["one"], family["two"]}
    assert all(set(each) >= LINKED for each in epic["dependents"])


def test_show_prints_a_page_in_the_known_order(bd: Bd, family: dict[str, str]) -> None:
    page = bd("show", family["two"]).out
    assert page.startswith(f"\n○ {family['two']} · Second part   [● P0 · OPEN]\nOwner: ada · Type: task\nCreated: ")
    wanted = [
        "DESCRIPTION\nbecause",
        "PARENT\n",
        f"  ↑ ○ {family['epic']}: (EPIC) Build the thing ● P1",
        "DEPENDS ON\n",
    ]
    places = [page.index(each) for each in wanted]
    assert places == sorted(places) and page.endswith("\n\n")


def test_show_takes_several_and_parts_of_ids(bd: Bd, family: dict[str, str]) -> None:
    part = family["bug"].removeprefix("gt-")
    assert [bead["id"] for bead in bd.json("show", part, family["one"])] == [family["bug"], family["one"]]
    assert "─" * 60 in bd("show", part, family["one"]).out
    assert bd("show", family["bug"], "--short").out == f"○ {family['bug']} ● P3 [bug] Fix crash\n"
    assert bd.json("show", "--id", family["bug"])[0]["id"] == family["bug"]


def test_show_names_what_is_not_there_and_fails(bd: Bd, family: dict[str, str]) -> None:
    answer = bd.refuses("show", "gt-nope", "--json")
    assert answer.code == 3 and answer.value == {
        "error": 'no issue found matching "gt-nope"',
        "hint": "bd list shows what there is",
    }
    partly = bd.tries("show", "gt-nope", family["bug"], "--json")
    assert partly.code == 3 and [bead["id"] for bead in partly.value] == [family["bug"]]
    assert partly.err == 'Error: no issue found matching "gt-nope"\n'
    assert bd.refuses("show").err.startswith(
        "Error: at least one issue ID is required (use positional args or --id flag)"
    )


def test_edges_of_every_type_are_named(bd: Bd, family: dict[str, str]) -> None:
    bd("dep", "relate", family["bug"], family["one"])
    for edge in (*bd.json("show", family["bug"])[0]["dependencies"], *bd.json("dep", "list", family["bug"])):
        assert (edge["id"], edge["dependency_type"]) == (family["one"], "relates-to")


def test_children_and_references(bd: Bd, family: dict[str, str]) -> None:
    told = bd.json("show", family["epic"], "--children")
    assert {each["id"] for each in told[family["epic"]]} == {family["one"], family["two"]}
    assert bd.json("show", family["bug"], "--refs") == {family["bug"]: None}
    assert f"↳ Children of {family['epic']} (2):" in bd("show", family["epic"], "--children").out
    assert {bead["id"] for bead in bd.json("children", family["epic"])} == {family["one"], family["two"]}


def test_control_sequences_never_reach_the_screen(bd: Bd) -> None:
    bead_id = bd.files("Nice", "--notes", "\x1b]0;owned\x07plain\x1b[31m")
    assert "\x1b" not in bd("show", bead_id).out and "plain" in bd("show", bead_id).out


# ---------------------------------------------------------------------------------------------- list


def test_list_hides_what_is_over_and_orders_by_priority(bd: Bd, family: dict[str, str]) -> None:
    bd("close", family["bug"])
    assert [bead["id"] for bead in bd.json("list")] == [family["two"], family["epic"], family["one"]]
    assert [bead["id"] for bead in bd.json("list", "--status", "closed")] == [family["bug"]]
    assert len(bd.json("list", "--all")) == 4
    bd("delete", family["bug"], "--force")
    assert [bead["status"] for bead in bd.json("list", "--all", "--limit", "0")].count("tombstone") == 1
    assert len(bd.json("list")) == 3


def test_list_rows_carry_counts_and_edges_that_read_as_beads(bd: Bd, family: dict[str, str]) -> None:
    rows = {bead["id"]: bead for bead in bd.json("list")}
    row = rows[family["two"]]
    assert (row["dependency_count"], row["dependent_count"], row["comment_count"]) == (2, 0, 0)
    assert rows[family["one"]]["dependent_count"] == 1
    for edge in row["dependencies"]:
        assert set(edge) >= LINKED | {"issue_id", "depends_on_id", "type"}
    assert bd.json("list", "--assignee", "nobody") == []


def test_list_prints_a_line_each(bd: Bd, family: dict[str, str]) -> None:
    lines = bd("list").out.splitlines()
    assert lines[0] == f"○ {family['two']} [● P0] [task] - Second part (blocked by: {family['epic']}, {family['one']})"
    assert lines[2] == (
        f"○ {family['one']} [● P2] [task] @max [core ui] - First part "
        f"(blocked by: {family['epic']}, blocks: {family['two']})"
    )
    assert bd("list", "--assignee", "nobody").out == ""
    assert bd("list", "--long", "--id", family["bug"]).out.startswith("\nFound 1 issues:\n\n")


def test_list_draws_trees(bd: Bd, family: dict[str, str]) -> None:
    drawn = bd("list", "--parent", family["epic"], "--tree").out
    assert f"○ {family['epic']} ● P1 [epic] Build the thing\n├── " in drawn
    assert "Total: 3 issues (3 open, 0 in progress)" in drawn
    assert f"{family['two']} {family['one']}" in bd("list", "--format", "digraph").out.splitlines()
    assert bd("list", "--format", "dot").out.startswith("digraph dependencies {")


def test_a_cut_list_says_so(bd: Bd, family: dict[str, str]) -> None:
    answer = bd("list", "-n", "2")
    assert len(answer.lines) == 2 and "Showing 2 issues (use --limit 0 for all)" in answer.err
    assert bd("list", "-n", "0").err == ""


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("--label", "ui", "--label", "core"), ["one"]),
        (("--label-any", "ui,x"), ["one"]),
        (("--priority", "P3"), ["bug"]),
        (("--priority-max", "1"), ["two", "epic"]),
        (("-t", "bug"), ["bug"]),
        (("--title", "PART"), ["two", "one"]),
        (("--notes-contains", "tuesday"), ["bug"]),
        (("--no-assignee", "--no-labels", "--sort", "title"), ["epic", "bug", "two"]),
        (("--parent", "@epic", "--sort", "title"), ["one", "two"]),
        (("--created-after", "1d ago"), None),
        (("--created-after", "yesterday", "--sort", "priority", "-r"), ["bug", "one", "epic", "two"]),
        (("--ready",), ["two", "epic", "one", "bug"]),
    ],
)
def test_list_filters(bd: Bd, family: dict[str, str], words: tuple[str, ...], names: list[str] | None) -> None:
    typed = [family[word[1:]] if word.startswith("@") else word for word in words]
    if names is None:
        assert bd.refuses("list", *typed).err.startswith("Error: parsing --created-after: cannot parse time expression")
        return
    assert [bead["id"] for bead in bd.json("list", *typed)] == [family[name] for name in names]


def test_contradictions_and_strangers_are_refused(bd: Bd) -> None:
    assert "--pinned and --no-pinned are mutually exclusive" in bd.refuses("list", "--pinned", "--no-pinned").err
    assert "parent issue 'gt-zz' not found" in bd.refuses("list", "--parent", "gt-zz").err
    assert "invalid sort field 'size'" in bd.refuses("list", "--sort", "size").err
    assert "unknown flag: --colour" in bd.refuses("list", "--colour").err
    assert "--limit must not be negative" in bd.refuses("list", "-n", "-1").err


@pytest.mark.skipif(not corpus(), reason="the corpus of public ledgers is not here")
@pytest.mark.parametrize("file", corpus(), ids=lambda file: file.name)
def test_a_real_ledger_is_listed_whole_and_reading_changes_no_byte(bare_bd: Bd, file: Any) -> None:
    (bare_bd.home / ".beads").mkdir()
    copy = bare_bd.home / ".beads" / "issues.jsonl"
    copy.write_bytes(file.read_bytes())
    rows = bare_bd.json("list", "--all", "--limit", "0")
    assert len({row["id"] for row in rows}) == len(rows) > 0
    assert all(row["created_at"] and row["status"] and row["issue_type"] for row in rows)
    for words in (
        ("ready",),
        ("blocked",),
        ("stats",),
        ("count", "--by-type"),
        ("epic", "status"),
        ("lint",),
        ("doctor",),
    ):
        bare_bd.tries(*words, "--json")
        said = bare_bd.tries(*words).err
        assert all(line.startswith("Warning: ") and "lines left out" in line for line in said.splitlines())
    assert bare_bd.bytes() == {"issues.jsonl": file.read_bytes()}


# ---------------------------------------------------------------------------------------------- the rest


def test_search_looks_in_titles_descriptions_and_ids(bd: Bd, family: dict[str, str]) -> None:
    bd("close", family["bug"])
    assert [bead["id"] for bead in bd.json("search", "CRASH")] == [family["bug"]]
    assert len(bd.json("search", "because")) == 4
    assert bd("search", "fix", "crash").lines[0] == "Found 1 issues matching 'fix crash':"
    assert bd("search", "nothing").out == "No issues found matching 'nothing'\n"
    assert bd.json("search", "nothing") == []
    assert "search query is required" in bd.refuses("search").err


def test_counting_whole_and_in_groups(bd: Bd, family: dict[str, str]) -> None:
    bd("close", family["bug"])
    assert bd("count").out == "4\n" and bd.json("count") == {"count": 4}
    assert bd.json("count", "--by-status") == {
        "total": 4,
        "groups": [{"group": "closed", "count": 1}, {"group": "open", "count": 3}],
    }
    assert bd("count", "--by-label").out == "Total: 4\n\n(no labels): 3\ncore: 1\nui: 1\n"
    assert bd.json("count", "--by-priority")["groups"][0] == {"group": "P0", "count": 1}
    assert "only one --by-* flag can be specified" in bd.refuses("count", "--by-type", "--by-status").err


def test_ready_numbers_what_can_be_started(bd: Bd, family: dict[str, str]) -> None:
    answer = bd("ready")
    assert answer.out.startswith("\n📋 Ready work (3 issues with no blockers):\n\n1. [● P1] [epic] ")
    assert answer.out.endswith("\n\n")
    rows = bd.json("ready")
    assert [row["id"] for row in rows] == [family["epic"], family["one"], family["bug"]]
    assert [row["dependent_count"] for row in rows] == [2, 1, 0] and "dependencies" not in rows[1]
    assert [row["id"] for row in bd.json("ready", "-t", "bug", "--sort", "oldest")] == [family["bug"]]
    assert [row["id"] for row in bd.json("ready", "--parent", family["epic"])] == [family["one"]]
    assert "invalid sort policy 'x'. Valid values: hybrid, priority, oldest" in bd.refuses("ready", "--sort", "x").err


def test_ready_says_when_there_is_nothing(bd: Bd) -> None:
    assert bd("ready").out == "\n✨ No open issues\n\n" and bd.json("ready") == []
    bd("update", bd.files("A"), "--status", "in_progress")
    assert bd("ready").out == "\n✨ No ready work found (all issues have blocking dependencies)\n\n"


def test_claiming_takes_the_first_that_is_nobodys(bd: Bd, family: dict[str, str]) -> None:
    assert bd.json("ready", "--claim", "-t", "task") == []
    [taken] = bd.json("ready", "--claim")
    assert (taken["id"], taken["assignee"], taken["status"]) == (family["epic"], "ada", "in_progress")
    [then] = bd.json("ready", "--claim")
    assert then["id"] == family["bug"] and bd.json("ready", "--claim") == []


def test_blocked_names_the_blockers(bd: Bd, family: dict[str, str]) -> None:
    [row] = bd.json("blocked")
    assert (row["id"], row["blocked_by_count"], row["blocked_by"]) == (family["two"], 1, [family["one"]])
    assert "labels" not in row and "dependencies" not in row
    assert f"  Blocked by 1 open dependencies: [{family['one']}]" in bd("blocked").out
    bd("close", family["one"])
    assert bd.json("blocked") == [] and bd("blocked").out == "\n✨ No blocked issues\n\n"


def test_statistics_count_everything(bd: Bd, family: dict[str, str]) -> None:
    bd("close", family["bug"])
    told = bd.json("stats")
    summary = told["summary"]
    assert (summary["total_issues"], summary["open_issues"], summary["closed_issues"]) == (4, 3, 1)
    assert (summary["blocked_issues"], summary["ready_issues"], summary["tombstone_issues"]) == (1, 2, 0)
    assert isinstance(summary["average_lead_time_hours"], float)
    assert told["recent_activity"]["issues_created"] == 4
    assert "recent_activity" not in bd.json("status", "--no-activity")
    assert "  Total Issues:           4\n" in bd("status").out


def test_nothing_fresh_is_stale(bd: Bd, family: dict[str, str]) -> None:
    assert bd.json("stale") == [] and bd("stale").out == "\n✨ No stale issues found (all active)\n\n"
    assert len(bd.json("stale", "--days", "0")) == 4
    assert (
        "invalid status 'x'. Valid values: open, in_progress, blocked, deferred" in bd.refuses("stale", "-s", "x").err
    )


def test_queries_hide_the_closed_unless_asked(bd: Bd, family: dict[str, str]) -> None:
    bd("close", family["bug"])
    assert [bead["id"] for bead in bd.json("query", "priority<=1 AND type!=epic")] == [family["two"]]
    assert bd.json("query", "type=bug") == []
    assert len(bd.json("query", "type=bug", "--all")) == len(bd.json("query", "type=bug AND status=closed")) == 1
    assert bd("query", "type=bug").out == "No issues found matching query: type=bug\n"
    assert (
        bd("query", "not type=bug and priority=1", "--parse-only").out
        == "Parsed query: (NOT type=bug AND priority=1)\n"
    )
    assert bd.refuses("query", "colour=red").err.startswith("Error: parsing query: unknown field 'colour'")
    assert bd.refuses("query").err.startswith("Error: query expression is required")
