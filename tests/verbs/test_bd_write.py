"""Changing beads: update, close, reopen, defer, delete, labels, comments, dependencies, epics."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.verbs.bd import Bd

ISSUE_KEYS = {"id", "title", "status", "priority", "issue_type", "created_at", "updated_at"}

# ---------------------------------------------------------------------------------------------- update


def test_update_sets_fields_and_prints_the_known_line(bd: Bd) -> None:
    bead_id = bd.files("A")
    assert bd("update", bead_id, "--priority", "0").out == f"✓ Updated issue: {bead_id}\n"
    [bead] = bd.json(
        "update", bead_id.removeprefix("gt-"), "-s", "in_progress", "--title", "B", "-t", "bug", "-a", "max", "-d", "x",
        "--notes", "n", "-e", "5", "--due", "2030-01-01", "--add-label", "l1,l2", "--external-ref", "gh-1",
    )  # fmt: skip
    assert set(bead) >= ISSUE_KEYS and "dependencies" not in bead
    assert (bead["status"], bead["title"], bead["issue_type"], bead["assignee"]) == ("in_progress", "B", "bug", "max")
    assert (bead["priority"], bead["labels"], bead["estimated_minutes"]) == (0, ["l1", "l2"], 5)
    assert bead["started_at"] == bead["updated_at"]


def test_empty_values_clear_and_notes_append(bd: Bd) -> None:
    bead_id = bd.files("A", "-a", "max", "--notes", "one", "--due", "2030-01-01", "--defer", "2030-01-01")
    bd("update", bead_id, "--assignee", "", "--due=", "--defer", "", "--append-notes", "two")
    [bead] = bd.json("show", bead_id)
    assert bead["notes"] == "one\ntwo" and not {"assignee", "due_at", "defer_until"} & set(bead)


def test_several_are_updated_at_once(bd: Bd) -> None:
    ids = [bd.files("A"), bd.files("B")]
    assert [bead["priority"] for bead in bd.json("update", *ids, "-p", "4")] == [4, 4]
    assert bd.refuses("update", ids[0], "gt-nope", "-p", "1").code == 3


def test_without_an_id_the_last_one_touched_is_meant(bd: Bd) -> None:
    bd.files("A")
    last = bd.files("B")
    assert bd("update", "-p", "1").out == f"✓ Updated issue: {last}\n"
    assert bd("close").out == f"✓ Closed {last}: Closed\n"
    bd.files("C", "--actor", "somebody")
    assert bd("close").out == f"✓ Closed {last}: Closed\n"


def test_nothing_to_do_is_said_and_is_no_error(bd: Bd) -> None:
    bead_id = bd.files("A")
    assert bd("update", bead_id).out == "No updates specified\n"
    assert bd("update", bead_id, "--json").out == "No updates specified\n"


def test_a_claim_has_one_winner(bd: Bd) -> None:
    bead_id = bd.files("A")
    [bead] = bd.json("update", bead_id, "--claim")
    assert (bead["assignee"], bead["status"]) == ("ada", "in_progress")
    answer = bd.refuses("update", bead_id, "--claim", "--actor", "max")
    assert answer.code == 5 and answer.err.startswith(f"Error: claiming {bead_id}: issue already claimed by ada")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--status", "nearly"), 2, "invalid status: nearly"),
        (("--status", "tombstone"), 4, "cannot set status to tombstone directly; use 'bd delete' instead"),
        (("--type", "tsak"), 2, "validation failed: invalid issue type: tsak"),
        (("--priority", "urgent"), 2, 'invalid priority "urgent"'),
        (("--title", ""), 2, "validation failed: title is required"),
        (("--notes", "a", "--append-notes", "b"), 2, "cannot specify both --notes and --append-notes"),
        (("--ephemeral", "--persistent"), 2, "cannot specify both --ephemeral and --persistent flags"),
        (("--parent", "gt-zz"), 3, 'no issue found matching "gt-zz"'),
        (("--metadata", "nope"), 2, "invalid JSON in --metadata: must be valid JSON"),
    ],
)
def test_impossible_changes_are_refused_and_nothing_is_written(
    bd: Bd, words: tuple[str, ...], code: int, said: str
) -> None:
    answer = bd.refuses("update", bd.files("A"), *words)
    assert answer.code == code and answer.err.startswith(f"Error: {said}")


def test_configured_and_used_statuses_may_be_set(bd: Bd) -> None:
    bead_id = bd.files("A")
    bd("config", "set", "status.custom", "parked:wip,waiting")
    assert bd.json("update", bead_id, "-s", "parked")[0]["status"] == "parked"


def test_closing_by_update_sets_and_leaving_closed_clears(bd: Bd) -> None:
    bead_id = bd.files("A")
    [closed] = bd.json("update", bead_id, "-s", "closed", "--session", "s1")
    assert closed["closed_at"] and closed["closed_by_session"] == "s1"
    [opened] = bd.json("update", bead_id, "-s", "blocked")
    assert opened["status"] == "blocked" and "closed_at" not in opened


# ---------------------------------------------------------------------------------------------- close and on


def test_close_prints_the_reason_and_gives_an_array(bd: Bd) -> None:
    one, two = bd.files("A"), bd.files("B")
    assert bd("close", one, "-r", "Fixed").out == f"✓ Closed {one}: Fixed\n"
    [bead] = bd.json("close", two, "--reason", "Completed")
    assert (bead["status"], bead["close_reason"]) == ("closed", "Completed") and bead["closed_at"]
    assert bd("close", one).code == 0


def test_what_is_blocked_stays_open_unless_forced(bd: Bd) -> None:
    one = bd.files("A")
    two = bd.files("B", "--deps", one)
    answer = bd.refuses("close", two)
    assert answer.code == 4
    assert answer.err == f"Error: cannot close {two}: blocked by open issues [{one}] (use --force to override)\n"
    partly = bd.tries("close", bd.files("C"), two)
    assert partly.code == 4 and len(partly.lines) == 1 and "cannot close" in partly.err
    assert bd("close", two, "--force").code == 0
    three = bd.files("D", "--deps", one)
    assert len(bd.json("close", three, one)) == 2


def test_close_names_what_it_makes_ready(bd: Bd) -> None:
    one = bd.files("A")
    two = bd.files("B", "--deps", one)
    told = bd.json("close", one, "--suggest-next")
    assert [bead["id"] for bead in told["unblocked"]] == [two] and told["closed"][0]["id"] == one
    bd("reopen", one)
    assert bd("close", one, "--suggest-next").out.endswith(f'Newly unblocked:\n  • {two} "B" (P2)\n')


def test_close_goes_on_with_the_next_step(bd: Bd) -> None:
    root = bd.files("Molecule", "-t", "molecule")
    one, two, three = (bd.files(name, "--parent", root) for name in ("One", "Two", "Three"))
    bd("dep", "add", two, one)
    bd("dep", "add", three, two)
    told = bd.json("close", one, "--continue")
    assert told["continue"]["next_step"]["id"] == two and told["continue"]["auto_advanced"] is True
    assert told["continue"]["molecule_id"] == root and told["closed"][0]["id"] == one
    assert bd.json("show", two)[0]["status"] == "in_progress"
    told = bd.json("close", two, "--continue", "--no-auto")
    assert told["continue"]["next_step"]["id"] == three and told["continue"]["auto_advanced"] is False
    assert bd.json("close", three, "--continue")["continue"]["molecule_complete"] is True
    assert bd.json("show", root)[0]["close_reason"] == "all steps complete"


def test_close_can_claim_what_is_ready_next(bd: Bd) -> None:
    one = bd.files("A")
    two = bd.files("B", "--deps", one)
    assert bd.json("close", one, "--claim-next")["claimed"]["id"] == two
    assert bd.json("show", two)[0]["assignee"] == "ada"


def test_reopen_defer_pin(bd: Bd) -> None:
    one = bd.files("A")
    bd("close", one)
    assert bd("reopen", one, "-r", "not yet").out == f"↻ Reopened {one}: not yet\n"
    assert [each["text"] for each in bd.json("comments", one)] == ["not yet"]
    assert bd("defer", one, "--until", "2030-01-01").out == f"* Deferred {one}\n"
    assert bd.json("ready") == []
    assert bd("undefer", one).out == f"* Undeferred {one} (now open)\n"
    bd("pin", one)
    assert bd.json("ready") == [] and bd.refuses("close", one).code == 4
    bd("unpin", one)
    assert [bead["id"] for bead in bd.json("ready")] == [one]
    assert 'invalid --until format "x"' in bd.refuses("defer", one, "--until", "x").err


# ---------------------------------------------------------------------------------------------- delete


def test_delete_shows_first_and_does_it_when_forced(bd: Bd) -> None:
    one = bd.files("A")
    two = bd.files("B", "--deps", one, "--notes", f"after {one}")
    before = bd.bytes()
    preview = bd("delete", one).out
    assert "⚠️  DELETE PREVIEW" in preview and f"  {two} → {one} (inbound)" in preview
    assert preview.endswith(f"To proceed, run: bd delete {one} --force\n") and bd.bytes() == before
    assert bd.json("delete", one, "--force") == {"deleted": one, "dependencies_removed": 1, "references_updated": 1}
    assert bd.json("show", two)[0]["notes"] == f"after [deleted:{one}]"
    assert bd.refuses("show", one).code == 3 and bd.refuses("delete", one, "--force").code == 3
    assert "was deleted" in bd.refuses("create", "again", "--id", one).err


def test_deleting_many_counts_and_cascades(bd: Bd) -> None:
    one = bd.files("A", "-l", "x")
    two = bd.files("B", "--deps", one)
    (bd.home / "ids").write_text(f"# these\n{one}\n")
    answer = bd("delete", "--from-file", "ids", "--cascade", "--dry-run")
    assert "Would delete: 2 issues" in answer.out
    told = bd.json("delete", one, "--cascade", "--force")
    assert (told["deleted_count"], sorted(told["deleted"]), told["orphaned_issues"]) == (2, sorted([one, two]), None)


# ---------------------------------------------------------------------------------------------- labels, comments


def test_labels(bd: Bd) -> None:
    one, two = bd.files("A"), bd.files("B")
    assert bd("label", "add", one, two, "urgent").lines == [f"✓ Added label 'urgent' to {each}" for each in (one, two)]
    assert bd.json("label", "add", one, "ui") == [{"issue_id": one, "label": "ui", "status": "added"}]
    assert bd.json("label", "list", one) == ["ui", "urgent"]
    assert bd("label", "list", one).out == f"\n🏷 Labels for {one}:\n  - ui\n  - urgent\n\n"
    assert bd.json("label", "list-all") == [{"label": "ui", "count": 1}, {"label": "urgent", "count": 2}]
    assert bd("label", "remove", one, "ui").out == f"✓ Removed label 'ui' from {one}\n"
    assert bd("label", "remove", one, "ui").code == 0
    assert "'provides:' labels are reserved" in bd.refuses("label", "add", one, "provides:x").err
    assert "requires at least 2 arg(s), only received 1" in bd.refuses("label", "add", "urgent").err
    assert bd("label").out.startswith("Usage: bd label COMMAND")


def test_comments(bd: Bd) -> None:
    one = bd.files("A")
    assert bd("comments", one).out == f"No comments on {one}\n" and bd.json("comments", one) == []
    assert bd("comments", "add", one, "first", "words").out == f"Comment added to {one}\n"
    second = bd.json("comments", "add", one, "second", "--author", "max")
    assert (second["id"], second["author"], second["issue_id"]) == ("2", "max", one)
    (bd.home / "note").write_text("from a file\n")
    bd("comments", "add", one, "-f", "note")
    assert [each["text"] for each in bd.json("comments", one)] == ["first words", "second", "from a file"]
    assert bd("comments", one).out.startswith(f"\nComments on {one}:\n\n[ada] at 20")
    assert "comment text required (use -f to read from file)" in bd.refuses("comments", "add", one).err
    assert bd("comment", one, "older spelling").code == 0
    bd("note", one, "added")
    assert bd("note", one, "twice").out == f"✓ Note added to {one}\n"
    assert bd.json("show", one)[0]["notes"] == "added\ntwice"


def test_states_live_in_labels(bd: Bd) -> None:
    one = bd.files("A")
    assert bd("state", one, "health").out == "(no health state set)\n"
    told = bd.json("set-state", one, "health=poor", "--reason", "slow")
    assert (told["changed"], told["new_value"], told["old_value"]) == (True, "poor", None)
    assert bd.json("show", told["event_id"])[0]["issue_type"] == "event"
    assert bd.json("set-state", one, "health=good")["old_value"] == "poor"
    assert bd.json("state", one, "health")["value"] == "good"
    assert bd.json("state", "list", one)["states"] == {"health": "good"}
    assert bd("set-state", one, "health=good").out == "(no change: health already set to good)\n"
    assert 'invalid state format "x", expected <dimension>=<value>' in bd.refuses("set-state", one, "x").err


def test_shipping_a_capability(bd: Bd) -> None:
    one = bd.files("Search", "-l", "export:search")
    assert "is not closed (status: open)" in bd.refuses("ship", "search").err
    bd("close", one)
    assert bd.json("ship", "search")["status"] == "shipped"
    assert bd.json("ship", "search")["status"] == "already_shipped"
    assert "no issue found with label 'export:none'" in bd.refuses("ship", "none").err


# ---------------------------------------------------------------------------------------------- dependencies


def test_dependencies_are_added_in_every_spelling(bd: Bd) -> None:
    a, b, c, d, e = (bd.files(name) for name in "ABCDE")
    assert bd("dep", "add", a, b).out == f"✓ Added dependency: {a} depends on {b} (blocks)\n"
    assert bd.json("dep", "add", b, "--blocked-by", c) == {
        "depends_on_id": c,
        "issue_id": b,
        "status": "added",
        "type": "blocks",
    }
    assert bd.json("dep", d, "--blocks", c)["blocker_id"] == d
    assert bd.json("dep", "add", e, a, "-t", "discovered-from")["type"] == "discovered-from"
    assert bd.json("dep", "add", e, "external:lib:search")["depends_on_id"] == "external:lib:search"
    assert [bead["id"] for bead in bd.json("dep", "list", a)] == [b]
    assert [bead["id"] for bead in bd.json("dep", "list", a, "--direction", "up")] == [e]
    assert bd("dep", "remove", a, b).out == f"✓ Removed dependency: {a} no longer depends on {b}\n"
    assert f"dependency from {a} to {b} does not exist" in bd.refuses("dep", "rm", a, b).err
    assert bd("dep", "list", a).out == f"\n{a} has no dependencies\n"
    assert bd("dep").out.startswith("Say that a bead blocks another")


def test_a_task_under_an_epic_as_the_documents_do_it(bd: Bd) -> None:
    epic = bd.files("Implement auth system", "-t", "epic")
    tasks = [bd.files(f"Part {n}") for n in range(3)]
    for task in tasks:
        assert bd("dep", "add", task, epic).out == f"✓ Added dependency: {task} depends on {epic} (parent-child)\n"
    assert {bead["id"] for bead in bd.json("ready")} == {epic, *tasks}


@pytest.mark.parametrize(
    ("one", "other", "code", "said"),
    [
        ("gt-zz", "a", 3, 'resolving issue ID gt-zz: no issue found matching "gt-zz"'),
        ("a", "gt-zz", 3, 'resolving dependency ID gt-zz: no issue found matching "gt-zz"'),
        ("a", "a", 2, "issue cannot depend on itself"),
        ("a", "b", 4, "cannot add dependency: would create a cycle ("),
        ("b", "a", 5, "failed to add dependency: "),
        ("a", "external:lib", 2, "invalid external reference format: expected 'external:<project>:<capability>'"),
    ],
)
def test_dependencies_that_cannot_be(bd: Bd, one: str, other: str, code: int, said: str) -> None:
    ids = {"a": bd.files("A")}
    ids["b"] = bd.files("B", "--deps", ids["a"])
    answer = bd.refuses("dep", "add", ids.get(one, one), ids.get(other, other))
    assert answer.code == code and answer.err.startswith(f"Error: {said}")


def test_trees_show_each_bead_once_and_cycles_end(bd: Bd) -> None:
    a, b, c = (bd.files(name) for name in "ABC")
    for pair in ((a, b), (a, c), (b, c)):
        bd("dep", "add", *pair)
    nodes = bd.json("dep", "tree", a)
    assert [(node["id"], node["depth"], node["parent_id"]) for node in nodes] == [(a, 0, ""), (b, 1, a), (c, 1, a)]
    assert bd("dep", "tree", a).out.startswith(f"\n🌲 Dependency tree for {a}:\n\n{a}: A [P2] (open)\n├── {b}: B")
    assert len(bd.json("dep", "tree", a, "--show-all-paths")) == 4
    assert bd.json("dep", "tree", c, "--reverse", "-d", "1")[0]["id"] == c
    assert bd("dep", "tree", a, "--format", "mermaid").out.startswith("flowchart TD\n")
    assert bd("dep", "cycles").out == "\n✓ No dependency cycles detected\n\n" and bd.json("dep", "cycles") == []
    assert "--direction must be" in bd.refuses("dep", "tree", a, "--direction", "sideways").err
    assert "--max-depth must be >= 1" in bd.refuses("dep", "tree", a, "-d", "0").err


def test_links_duplicates_and_successors(bd: Bd) -> None:
    a, b, c = (bd.files(name) for name in "ABC")
    assert bd("dep", "relate", a, b).out == f"✓ Linked {a} ↔ {b}\n"
    assert bd.json("dep", "unrelate", a, b) == {"id1": a, "id2": b, "unrelated": True}
    assert bd.json("duplicate", a, "--of", b) == {"canonical": b, "duplicate": a, "status": "closed"}
    assert bd("supersede", b, "--with", c).out == f"✓ Marked {b} as superseded by {c} (closed)\n"
    assert bd.json("show", a)[0]["status"] == bd.json("show", b)[0]["status"] == "closed"
    assert 'required flag(s) "of" not set' in bd.refuses("duplicate", c).err
    assert "cannot mark an issue as a duplicate of itself" in bd.refuses("duplicate", c, "--of", c).err


# ---------------------------------------------------------------------------------------------- epics and swarms


def test_epics_close_when_all_is_done(bd: Bd) -> None:
    epic = bd.files("Epic", "-t", "epic")
    one, two = bd.files("A", "--parent", epic), bd.files("B", "--parent", epic)
    bd("close", one)
    [row] = bd.json("epic", "status")
    assert (row["total_children"], row["closed_children"], row["eligible_for_close"]) == (2, 1, False)
    assert "   Progress: 1/2 children closed (50%)" in bd("epic", "status").out
    assert bd("epic", "close-eligible").out == "No epics eligible for closure\n"
    bd("close", two)
    assert bd("epic", "close-eligible", "--dry-run").lines[0] == "Would close 1 epic(s):"
    assert bd.json("epic", "close-eligible") == {"closed": [epic], "count": 1}
    assert bd.json("show", epic)[0]["close_reason"] == "All children completed"


def test_a_swarm_sees_waves_and_progress(bd: Bd) -> None:
    epic = bd.files("Epic", "-t", "epic")
    one, two, three = (bd.files(name, "--parent", epic) for name in "ABC")
    bd("dep", "add", three, one)
    told = bd.json("swarm", "validate", epic)
    assert [sorted(front["issues"]) for front in told["ready_fronts"]] == [sorted([one, two]), [three]]
    assert (told["max_parallelism"], told["swarmable"]) == (2, True)
    swarm = bd.json("swarm", "create", epic, "--coordinator", "mayor")["swarm_id"]
    assert bd.refuses("swarm", "create", epic).code == 5
    bd("close", one)
    progress = bd.json("swarm", "status", swarm)
    assert (progress["epic_id"], len(progress["completed"]), progress["ready_count"]) == (epic, 1, 2)
    assert [row["id"] for row in bd.json("swarm", "list")["swarms"]] == [swarm]
    assert "is not an epic or molecule (type: task)" in bd.refuses("swarm", "validate", one).err


# ---------------------------------------------------------------------------------------------- many at once


def test_many_processes_file_and_claim_at_once(bd: Bd) -> None:
    """Every bead there once, every id different, one winner; the long fault tests do this a thousand times."""
    program = (
        "import sys; from gastown_tui.cli.build import run\n"
        "for n in range(5): run(['bd', 'create', f'B {sys.argv[1]} {n}', '-d', 'x', '--silent'], 'bd')\n"
        "sys.exit(run(['bd', 'update', sys.argv[2], '--claim', '--actor', f'w{sys.argv[1]}'], 'bd'))"
    )
    prize = bd.files("Prize")
    root = str(Path(__file__).parents[2])
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(number), prize],
            cwd=bd.home,
            env={**os.environ, "PYTHONPATH": root},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for number in range(6)
    ]
    codes = sorted(process.wait(timeout=120) for process in started)
    assert codes == [0, 5, 5, 5, 5, 5]
    assert len(bd.json("list", "--limit", "0")) == 31
