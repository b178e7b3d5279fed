"""Filing beads, and what is said about it."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.verbs.bd import Bd

KEYS = ["id", "title", "status", "priority", "issue_type", "owner", "created_at", "created_by", "updated_at"]


def test_a_bead_is_filed_as_the_documents_spell_it(bd: Bd) -> None:
    answer = bd("create", "--title=Fix login timeout", "--type=bug", "--priority=1")
    bead_id = answer.lines[0].removeprefix("✓ Created issue: ")
    assert answer.lines[1:] == ["  Title: Fix login timeout", "  Priority: P1", "  Status: open"]
    assert answer.err.splitlines()[0] == "⚠ Creating issue without description."
    [bead] = bd.json("show", bead_id)
    assert (bead["id"], bead["title"], bead["issue_type"], bead["priority"]) == (bead_id, "Fix login timeout", "bug", 1)
    assert bead_id.startswith("gt-") and len(bead_id) == 6


def test_json_is_one_object_with_the_known_keys_in_order(bd: Bd) -> None:
    answer = bd("create", "Plain", "--json")
    assert list(answer.value) == KEYS
    assert answer.out.startswith('{\n  "id": "gt-') and answer.out.endswith("\n}\n")
    assert (answer.value["created_by"], answer.value["owner"]) == ("ada", "person@example.invalid")
    assert answer.value["created_at"].endswith("Z") and answer.value["updated_at"] == answer.value["created_at"]


def test_every_field_can_be_given(bd: Bd) -> None:
    other = bd.files("Other")
    epic = bd.files("Epic", "-t", "epic")
    bead = bd.json(
        "create", "Whole", "-d", "why <&>", "--design", "how", "--acceptance", "when", "--notes", "else", "-p", "P0",
        "-t", "enhancement", "-a", "max", "-l", "b,a", "-l", "c", "--external-ref", "gh-9", "--spec-id", "S1",
        "-e", "30",
        "--due", "2030-01-01", "--defer", "2031-01-01T10:00:00Z", "--metadata", '{"run": "true"}',
        "--deps", f"{other},discovered-from:{epic}",
    )  # fmt: skip
    [shown] = bd.json("show", bead["id"])
    expected = {
        "description": "why <&>",
        "design": "how",
        "acceptance_criteria": "when",
        "notes": "else",
        "priority": 0,
        "issue_type": "feature",
        "assignee": "max",
        "external_ref": "gh-9",
        "spec_id": "S1",
        "estimated_minutes": 30,
        "due_at": "2030-01-01T00:00:00.000Z",
        "defer_until": "2031-01-01T10:00:00.000Z",
        "metadata": {"run": "true"},
    }
    assert {key: shown[key] for key in expected} == expected
    assert shown["labels"] == ["a", "b", "c"]
    assert {each["id"]: each["dependency_type"] for each in shown["dependencies"]} == {
        other: "blocks",
        epic: "discovered-from",
    }


def test_angles_and_ampersands_are_escaped_and_other_letters_are_not(bd: Bd) -> None:
    answer = bd("create", "a<b>&ü€ 日本", "--json")
    assert r"a\u003cb\u003e\u0026ü€ 日本" in answer.out
    assert answer.value["title"] == "a<b>&ü€ 日本"


def test_a_child_takes_the_next_number_of_its_parent(bd: Bd) -> None:
    parent = bd.files("Parent", "-t", "epic")
    assert [bd.files(name, "--parent", parent) for name in ("One", "Two")] == [f"{parent}.1", f"{parent}.2"]
    assert bd.json("show", f"{parent}.1")[0]["parent"] == parent


def test_a_dependency_on_an_epic_makes_a_child(bd: Bd) -> None:
    epic = bd.files("Epic", "-t", "epic")
    assert bd.json("show", bd.files("Task", "--deps", epic))[0]["parent"] == epic


def test_waiting_for_children_keeps_its_gate(bd: Bd) -> None:
    spawner = bd.files("Spawner")
    waiter = bd.files("Waiter", "--waits-for", spawner, "--waits-for-gate", "any-children")
    [bead] = bd.json("list", "--id", waiter)
    assert bead["dependencies"][0]["metadata"] == '{"gate":"any-children"}'
    assert bead["dependencies"][0]["type"] == "waits-for"


def test_the_description_may_come_from_a_file_or_from_standard_input(bd: Bd, monkeypatch: pytest.MonkeyPatch) -> None:
    (bd.home / "why.md").write_text("line one\nline two\n")
    assert bd.json("show", bd.files_without("A", "--body-file", "why.md"))[0]["description"] == "line one\nline two"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("piped ü".encode())))
    assert bd.json("show", bd.files_without("B", "-d", "-"))[0]["description"] == "piped ü"


def test_silent_prints_the_id_alone_and_q_prints_it_even_as_json(bd: Bd) -> None:
    assert len(bd("create", "Quiet", "--silent").out.splitlines()) == 1
    answer = bd("q", "a", "few", "words", "-p", "0", "--json")
    assert bd.json("show", answer.out.strip())[0]["title"] == "a few words"


def test_a_rehearsal_files_nothing(bd: Bd) -> None:
    before = bd.bytes()
    answer = bd("create", "Maybe", "-d", "x", "-l", "a,b", "-a", "max", "--dry-run")
    assert answer.lines[0] == "⚠ [DRY RUN] Would create issue:"
    assert answer.lines[1:4] == ["  ID: (will be generated)", "  Title: Maybe", "  Type: task"]
    assert "  Labels: a, b" in answer.lines and "  Assignee: max" in answer.lines
    assert bd.json("create", "Maybe", "--dry-run")["id"] == ""
    assert bd.bytes() == before


def test_markdown_files_many_at_once(bd: Bd) -> None:
    (bd.home / "plan.md").write_text("## One\nwhy\n### Priority\n0\n\n## Two\n### Type\nbug\n")
    answer = bd("create", "-f", "plan.md")
    assert answer.lines[0] == "✓ Created 2 issues from plan.md:"
    assert [bead["title"] for bead in bd.json("list")] == ["One", "Two"]
    assert bd.refuses("create", "-f", "../plan.md").code == 2
    assert "--dry-run is not supported with --file flag" in bd.refuses("create", "-f", "plan.md", "--dry-run").err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "title required (or use --file to create from markdown)"),
        (("",), 2, "title required (or use --file to create from markdown)"),
        (("x" * 501,), 2, "validation failed: title must be 500 characters or less (got 501)"),
        (("A", "--title", "B"), 2, "cannot specify different titles as both positional argument and --title flag"),
        (("A", "-p", "high"), 2, 'invalid priority "high" (expected 0-4 or P0-P4, not words like high/medium/low)'),
        (("A", "-t", "tsak"), 2, "validation failed: invalid issue type: tsak"),
        (("A", "--parent", "gt-zz"), 3, "parent issue gt-zz not found"),
        (("A", "--deps", "gt-zz"), 3, 'no issue found matching "gt-zz"'),
        (("A", "--id", "nodash"), 2, "invalid ID format 'nodash'"),
        (("A", "--id", "xx-1"), 2, "prefix mismatch: database uses 'gt-' but ID 'xx-1' doesn't match"),
        (("A", "--id", "gt-1", "--parent", "gt-2"), 2, "cannot specify both --id and --parent flags"),
        (("A", "-e", "-5"), 2, "estimate must be a non-negative number of minutes"),
        (
            ("A", "--due", "soonish"),
            2,
            'invalid --due format "soonish". Examples: +6h, tomorrow, next monday, 2025-01-15',
        ),
        (("A", "--metadata", "{"), 2, "invalid JSON in --metadata: must be valid JSON"),
        (("A", "--mol-type", "x"), 2, 'invalid mol-type "x" (must be swarm, patrol, or work)'),
        (("A", "--waits-for", "gt-1", "--waits-for-gate", "x"), 2, "invalid --waits-for-gate value 'x'"),
        (("A", "--agent-rig", "r"), 2, "--agent-rig flag requires --type=agent"),
        (("A", "--rig", "nowhere"), 3, "cannot use --rig: this town has no rig or prefix 'nowhere'"),
        (("A", "B"), 2, "accepts at most 1 arg(s), received 2"),
        (("A", "--validate"), 2, "missing required sections for task: ## Acceptance Criteria"),
        (("A", "--body-file", "gone.md"), 2, "reading body file: failed to open file: "),
        (("two\nlines",), 2, "validation failed: title must be one line"),
    ],
)
def test_what_cannot_be_filed_is_refused_and_nothing_is_written(
    bd: Bd, words: tuple[str, ...], code: int, said: str
) -> None:
    answer = bd.refuses("create", *words)
    assert (answer.code, answer.out) == (code, "")
    assert answer.err.startswith(f"Error: {said}")


def test_an_error_is_json_too_when_json_was_asked_for(bd: Bd) -> None:
    answer = bd.refuses("create", "A", "-p", "9", "--json")
    assert answer.value["error"].startswith('invalid priority "9"')
    assert answer.err.startswith('Error: invalid priority "9"')


def test_warnings_go_to_standard_error_and_can_be_hushed(bd: Bd) -> None:
    assert "without description" in bd("create", "A").err
    assert bd("create", "A", "-q").err == ""
    assert bd("create", "A", "-d", "why").err == ""
    assert "'Test' prefix" in bd("create", "Test this", "-d", "why").err
    assert bd("create", "A", "--json").value["title"] == "A"


def test_the_configuration_can_ask_for_more(bd: Bd) -> None:
    bd("config", "set", "create.require-description", "true")
    assert "description is required" in bd.refuses("create", "A").err
    bd("config", "set", "create.require-description", "false")
    bd("config", "set", "types.custom", "spike,probe")
    assert bd.json("create", "A", "-t", "probe")["issue_type"] == "probe"
    bd("config", "set", "allowed_prefixes", "xx, yy")
    assert bd.json("create", "A", "--id", "yy-77")["id"] == "yy-77"
    bd("config", "set", "validation.on-create", "warn")
    assert "missing recommended sections" in bd("create", "A", "-d", "x").err


def test_a_bead_belongs_to_the_person_git_knows(bd: Bd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GIT_AUTHOR_EMAIL", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "owner" not in bd.json("create", "A", "-d", "x")
    (tmp_path / ".gitconfig").write_text("[core]\n  email = no\n[user]\n  name = Ada\n  email = ada@home\n")
    assert bd.json("create", "B", "-d", "x")["owner"] == "ada@home"
    (bd.home / ".git").mkdir()
    (bd.home / ".git" / "config").write_text('[User]\n\tEmail = "ada@work"\n')
    assert bd.json("create", "C", "-d", "x")["owner"] == "ada@work"
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "said@once")
    assert bd.json("create", "D", "-d", "x")["owner"] == "said@once"


def test_a_past_deferral_is_remarked_on(bd: Bd) -> None:
    answer = bd("create", "A", "-d", "x", "--defer", "2020-01-01")
    assert answer.err.startswith('! Defer date "2020-01-01 00:00" is in the past.')


def test_a_type_the_file_already_has_may_be_used_again(bare_bd: Bd) -> None:
    line = '{"id":"zz-1","title":"T","status":"open","priority":2,"issue_type":"investigation","created_at":"2025-01-01T00:00:00Z","updated_at":"2025-01-01T00:00:00Z"}\n'  # noqa: E501
    (bare_bd.home / ".beads").mkdir()
    (bare_bd.home / ".beads" / "issues.jsonl").write_text(line)
    assert bare_bd.json("create", "More", "-t", "investigation")["issue_type"] == "investigation"
    assert bare_bd.json("show", "zz-1")[0]["title"] == "T"


def test_without_a_ledger_the_answer_says_what_was_looked_for(bare_bd: Bd) -> None:
    answer = bare_bd.refuses("create", "A")
    assert answer.code == 3 and answer.err.startswith("Error: no beads database found")


def test_json_files_many_at_once(bd: Bd) -> None:
    epic = bd.files("Epic", "-t", "epic")
    first = {"title": "First", "type": "bug", "priority": "P1", "labels": "ui, core", "parent": epic, "estimate": 30}
    second = {"title": "Second", "issue_type": "feat", "priority": 0, "dependencies": [epic], "due_at": "2030-01-02"}
    third = {"title": "Third", "parent": epic, "deps": [{"depends_on_id": epic, "type": "related"}], "acceptance": "A"}
    (bd.home / "many.json").write_text(json.dumps([first, second, third]))
    answer = bd.json("create", "--file", "many.json")
    assert [bead["id"] for bead in answer if "." in bead["id"]] == [f"{epic}.1", f"{epic}.2"]
    one, two, three = answer
    assert (one["issue_type"], one["priority"], one["labels"], one["estimated_minutes"]) == (
        *("bug", 1, ["core", "ui"], 30),
    )
    assert (two["issue_type"], two["priority"], two["due_at"]) == ("feature", 0, "2030-01-02T00:00:00.000Z")
    assert bd.json("show", two["id"])[0]["parent"] == epic and three["acceptance_criteria"] == "A"


def test_json_may_be_an_object_or_a_bead_a_line(bd: Bd) -> None:
    (bd.home / "a.json").write_text('{"issues": [{"title": "A", "id": "gt-own1"}]}')
    assert bd("create", "-f", "a.json").out == "✓ Created 1 issues from a.json:\n  gt-own1: A [P2, task]\n"
    (bd.home / "b.jsonl").write_text('{"title": "B"}\n\n{"title": "C", "metadata": {"team": "red"}}\n')
    assert [bead["title"] for bead in bd.json("create", "-f", "b.jsonl")] == ["B", "C"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "the file holds 0 issues"),
        ("nonsense", "line 1 is not JSON"),
        ('"text"', "the JSON holds no issues"),
        ('[{"title": "A"}, {"name": "B"}]', "issue 2 cannot be read: Object contains unknown field `name`"),
        ('[{"title": "A"}, {}]', "issue 2 cannot be read: Object missing required field `title`"),
        ('[{"title": "A", "priority": 9}]', 'issue 1 cannot be read: invalid priority "9"'),
        ('[{"title": "A", "estimate": -1}]', "estimate must be a non-negative number of minutes"),
        ('[{"title": "A", "dependencies": [{}]}]', "a dependency names no depends_on_id"),
        ('[{"title": "A", "dependencies": ["gt-none"]}]', 'no issue found matching "gt-none"'),
        ('[{"title": "A", "status": "closed"}]', "cannot be filed closed"),
        ('[{"title": "A", "status": "odd"}]', "invalid status: odd"),
        ('[{"title": "A", "due_at": "soon"}]', 'invalid --due format "soon"'),
        ('[{"title": "A", "id": "gt-x1"}, {"title": "B", "id": "gt-x1"}]', "issue gt-x1 is to be filed twice"),
        ('{"nodes": []}', "the file holds a plan of beads and edges"),
    ],
)
def test_json_that_cannot_be_filed_is_refused_whole(bd: Bd, text: str, said: str) -> None:
    (bd.home / "many.json").write_text(text)
    assert said in bd.refuses("create", "-f", "many.json").err


def test_a_plan_files_many_beads_and_their_edges_or_none(bd: Bd) -> None:
    there = bd.files("There already")
    plan = {
        "nodes": [
            {"key": "e", "title": "Epic", "type": "epic"},
            {"key": "a", "title": "A", "parent_key": "e", "labels": ["x"], "metadata": {"run": "true"}},
            {"key": "b", "title": "B", "parent_key": "e"},
        ],
        "edges": [{"from_key": "b", "to_key": "a"}, {"from_key": "a", "to_id": there, "type": "discovered-from"}],
    }
    (bd.home / "plan.json").write_text(json.dumps(plan))
    assert bd("create", "--graph", "plan.json", "--dry-run").lines[0] == "⚠ [DRY RUN] Would create 3 issues:"
    ids = bd.json("create", "--graph", "plan.json")["ids"]
    [a], [b] = bd.json("show", ids["a"]), bd.json("show", ids["b"])
    assert a["parent"] == b["parent"] == ids["e"] and a["metadata"] == {"run": "true"}
    assert {each["id"]: each["dependency_type"] for each in a["dependencies"]} == {
        there: "discovered-from",
        ids["e"]: "parent-child",
    }
    assert ids["a"] in {each["id"] for each in b["dependencies"]}


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ("{", "the plan cannot be read: "),
        ('{"nodes":[]}', "a plan has 1 to 10000 nodes, not 0"),
        ('{"nodes":[{"key":"a"}]}', "the plan cannot be read: Object missing required field `title`"),
        ('{"nodes":[{"key":"a","title":"A"},{"key":"a","title":"B"}]}', "the plan names 'a' twice"),
        ('{"nodes":[{"key":"a","title":"A","priority":9}]}', "node 'a': priority must be between 0 and 4 (got 9)"),
        ('{"nodes":[{"key":"a","title":"A","parent_key":"z"}]}', "node 'a': its parent 'z' is no node of the plan"),
        ('{"nodes":[{"key":"a","title":"A"}],"edges":[{"from_key":"a"}]}', "an edge of the plan names ''"),
        (
            '{"nodes":[{"key":"a","title":"A"},{"key":"b","title":"B"}],'
            '"edges":[{"from_key":"a","to_key":"b"},{"from_key":"b","to_key":"a"}]}',
            "the plan has a cycle among a, b",
        ),
    ],
)
def test_a_plan_that_cannot_be_is_refused_whole(bd: Bd, plan: str, said: str) -> None:
    (bd.home / "plan.json").write_text(plan)
    answer = bd.refuses("create", "--graph", "plan.json")
    assert answer.code == 2 and answer.err.startswith(f"Error: {said}")
