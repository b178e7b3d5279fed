"""Keeping a ledger: setting up, settings, files in and out, other ids, checks, gates, graphs, events, git."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace

import pytest

from tests.places import a_repository, git
from tests.verbs.bd import Bd

LINE = (
    '{"id":"zz-1","title":"Imported","status":"open","priority":2,"issue_type":"task",'
    '"created_at":"2025-01-01T00:00:00Z","updated_at":"2025-01-01T00:00:00Z","future_field":{"a":1}}'
)

# ---------------------------------------------------------------------------------------------- setting up


def test_init_makes_a_ledger_and_says_so(bare_bd: Bd) -> None:
    answer = bare_bd("init")
    assert answer.out.startswith("\n✓ bd initialized successfully!\n\n  Backend: jsonl\n  Database: ")
    assert "  Issue prefix: project" in answer.lines
    assert bare_bd.files("A").startswith("project-")
    refused = bare_bd.refuses("init")
    assert refused.code == 5 and "this workspace is already initialized" in refused.err
    assert bare_bd("init", "--force").code == 0
    assert bare_bd.tries("init", "--prefix", "Not A Prefix!", "--force").code == 2


def test_init_takes_up_lines_that_are_there(bare_bd: Bd) -> None:
    (bare_bd.home / ".beads").mkdir()
    (bare_bd.home / ".beads" / "issues.jsonl").write_text(LINE + "\n")
    assert "  Issue prefix: zz" in bare_bd("init").lines
    assert bare_bd.files("More").startswith("zz-")
    assert bare_bd.json("list", "--sort", "title")[0]["id"] == "zz-1"


def test_a_bead_that_stands_there_thrice_is_told_by_its_lines_and_is_no_damage(bare_bd: Bd) -> None:
    (bare_bd.home / ".beads").mkdir()
    rows = [LINE.replace("2025-01-01", f"2025-01-0{day}") for day in (1, 2, 3)]
    (bare_bd.home / ".beads" / "issues.jsonl").write_text("\n".join(rows))
    assert [each["line"] for each in bare_bd.json("info")["lines"]["duplicates"]] == [1, 2]
    said = bare_bd("doctor").out
    assert "some beads are there more than once" in said and "cannot be read" not in said
    bare_bd("rebuild-projections")
    assert "put aside before: 0 quarantined, 2 duplicate" in bare_bd("doctor").out


def test_markers_git_left_in_the_log_are_named_with_what_takes_them_out(bare_bd: Bd) -> None:
    bare_bd("init", "--prefix", "x", "--quiet")
    bead = bare_bd.files("A")
    log = bare_bd.home / ".beads" / "events.jsonl"
    first, *rest = log.read_text().splitlines(keepends=True)
    log.write_text("".join([first, "<<<<<<< HEAD\n", *rest, "=======\n", ">>>>>>> theirs\n"]))
    said = bare_bd("doctor").out
    assert "a merge conflict marker" in said and "Fix: bd resolve-conflicts .beads/events.jsonl" in said
    bare_bd("resolve-conflicts", ".beads/events.jsonl")
    assert "✓ Log: 2 events" in bare_bd("doctor").out and bead in bare_bd("list").out


def test_words_about_conflict_markers_are_no_error(bare_bd: Bd) -> None:
    bare_bd("init", "--prefix", "x", "--quiet")
    bare_bd("create", "Explain", "--description", "git writes\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> theirs")
    assert "⚠ Git Conflicts: 1 beads" in bare_bd("doctor").out


def test_stealth_hides_the_ledger_from_git_alone(bare_bd: Bd) -> None:
    git(bare_bd.home, "init", "--quiet")
    bare_bd("init", "--stealth", "--quiet")
    assert git(bare_bd.home, "status", "--porcelain") == ""


def test_a_ledger_says_where_and_what_it_is(bd: Bd) -> None:
    bd.files("A")
    assert bd.json("where")["path"] == str(bd.home / ".beads") and bd.json("where")["prefix"] == "gt"
    told = bd.json("info", "--schema")
    assert (told["issue_count"], told["mode"], told["daemon_connected"]) == (1, "direct", False)
    assert told["schema"]["tables"] == ["issues", "dependencies", "labels", "config", "metadata"]
    assert bd("version").out.startswith("bd version 0.49.6 (gastown-tui ")
    assert bd.json("version")["version"] == "0.49.6"
    assert [each["name"] for each in bd.json("types")["core_types"]] == ["bug", "feature", "task", "epic", "chore"]


def test_lines_are_counted_with_their_numbers_before_and_after_they_are_put_aside(bare_bd: Bd) -> None:
    (bare_bd.home / ".beads").mkdir()
    older = LINE.replace("2025-01-01", "2024-01-01")
    header = '{"_schema":"beads-jsonl/1"}'
    rows = [header, LINE, "<<<<<<< HEAD", older, '{"id":"zz-2","title":"cut', "", ">>>>>>> theirs"]
    (bare_bd.home / ".beads" / "issues.jsonl").write_text("\n".join(rows))
    told = bare_bd.json("info")["lines"]
    assert (told["lines"], told["readable"], told["kept"]) == (6, 1, 1)
    assert [each["line"] for each in told["quarantined"]] == [3, 5, 7]
    assert told["duplicates"] == [{"line": 4, "reason": "an older version of zz-1"}]
    said = bare_bd("info").out
    assert "issues.jsonl: 6 lines: 1 readable, 1 of other kinds, 3 quarantined, 1 duplicate" in said
    assert "line 3 quarantined: a merge conflict marker" in said and "line 4 duplicate: an older version of" in said
    assert "3 quarantined, 1 duplicate" in bare_bd("doctor").out
    bare_bd("close", "zz-1")
    assert [each["line"] for each in bare_bd.json("info")["lines"]["put_aside"]] == [3, 4, 5, 7]
    assert "put aside before: 3 quarantined, 1 duplicate" in bare_bd("doctor").out
    said = bare_bd("doctor").out
    assert "⚠" not in said and "unreadable" not in said and "✓ Quarantine: put aside before: 3 quarantined" in said
    assert "Database" not in said
    (bare_bd.home / ".beads" / "dolt").mkdir()
    assert "a Dolt database (dolt/) lies beside issues.jsonl" in bare_bd("doctor").out


def test_settings_are_kept_beside_what_people_wrote(bd: Bd) -> None:
    file = bd.home / ".beads" / "config.yaml"
    file.write_text("# ours\n" + file.read_text())
    assert bd("config", "set", "status.custom", "parked, waiting").out == "Set status.custom = parked, waiting\n"
    assert bd("config", "get", "status.custom").out == "parked, waiting\n"
    assert bd("config", "get", "no.such").out == "no.such (not set)\n"
    assert bd.json("config", "get", "no.such") == {"key": "no.such", "value": ""}
    assert bd.json("config", "list")["issue_prefix"] == "gt"
    assert bd("config", "unset", "status.custom").code == 0
    assert file.read_text() == "# ours\nissue-prefix: gt\n"
    assert bd.refuses("config", "set", "bad key", "x").code == 2
    assert bd.json("config", "validate") == {"issues": [], "valid": True}


def test_small_things_are_remembered(bd: Bd) -> None:
    bd("kv", "set", "deploy", "on fridays: never")
    assert bd("kv", "get", "deploy").out == "on fridays: never\n"
    assert bd.json("kv", "list") == {"deploy": "on fridays: never"}
    bd("kv", "clear", "deploy")
    missing = bd.tries("kv", "get", "deploy")
    assert (missing.code, missing.err) == (1, "deploy (not set)\n")


def test_pages_need_no_ledger(bare_bd: Bd) -> None:
    for words in (("quickstart",), ("onboard",), ("human",), ("version",), ("--help",), ("completion", "bash")):
        assert bare_bd(*words).out
    assert bare_bd("prime").out == ""
    bare_bd("init")
    assert "bd ready" in bare_bd("prime").out
    (bare_bd.home / ".beads" / "PRIME.md").write_text("# Ours\n")
    assert bare_bd("prime").out == "# Ours\n" and "bd ready" in bare_bd("prime", "--export").out


# ---------------------------------------------------------------------------------------------- files


def test_an_export_holds_everything_one_bead_a_line(bd: Bd) -> None:
    one = bd.files("A <b>", "-l", "x")
    two = bd.files("B", "--deps", one)
    bd.files("Passing", "--ephemeral")
    bd("comments", "add", one, "said")
    bd("delete", two, "--force")
    records = [json.loads(line) for line in bd("export").lines]
    assert [record["id"] for record in records] == sorted([one, two])
    by_id = {record["id"]: record for record in records}
    assert by_id[one]["labels"] == ["x"] and by_id[one]["comments"][0]["text"] == "said"
    assert by_id[two]["status"] == "tombstone" and r"\u003cb\u003e" in bd("export").out
    assert json.loads(bd("export", "-o", "out.jsonl").err)["exported"] == 2
    (bd.home / "out.jsonl").write_text(LINE + "\n")
    refused = bd.tries("export", "-o", "out.jsonl")
    assert refused.code == 4 and "refusing to export stale database that would lose issues" in refused.err
    assert "format must be 'jsonl' or 'obsidian'" in bd.refuses("export", "-f", "xml").err


def test_an_import_takes_the_newer_of_two_and_keeps_unknown_fields(bd: Bd, monkeypatch: pytest.MonkeyPatch) -> None:
    (bd.home / "in.jsonl").write_text(f"{LINE}\n<<<<<<< HEAD\n{{broken\n\n")
    answer = bd("import", "-i", "in.jsonl")
    assert answer.err.splitlines() == [
        "Warning: parsing line 2: a git conflict marker",
        "Warning: parsing line 3: not JSON: JSON is malformed: object keys must be strings (byte 1)",
        "Import complete: 1 created, 0 updated",
    ]
    assert LINE in (bd.home / ".beads" / "issues.jsonl").read_text().splitlines()
    assert bd("import", "-i", "in.jsonl").err.endswith("Import complete: 0 created, 0 updated, 1 unchanged\n")
    newer = LINE.replace("Imported", "Newer").replace('"updated_at":"2025-01-01', '"updated_at":"2025-02-01')
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"")))
    (bd.home / "in2.jsonl").write_text(newer + "\n")
    assert "Dry-run mode: no changes made" in bd("import", "-i", "in2.jsonl", "--dry-run").err
    assert "1 skipped" in bd("import", "-i", "in2.jsonl", "--skip-existing").err
    assert bd("import", "-i", "in2.jsonl").err == "Import complete: 0 created, 1 updated\n"
    assert bd.json("show", "zz-1")[0]["title"] == "Newer"
    assert bd.refuses("import", "in.jsonl").err.startswith("Error: Unexpected argument(s): [in.jsonl]")
    assert bd.refuses("import", "-i", "in.jsonl", "--strict").code == 2
    assert bd.refuses("import", "-i", "gone.jsonl").code == 3


# ---------------------------------------------------------------------------------------------- other ids


def test_a_renamed_bead_is_followed(bd: Bd) -> None:
    one = bd.files("A", "--notes", "x")
    two = bd.files("B", "--deps", one)
    assert bd("rename", one, "gt-login").out == f"Renamed {one} -> gt-login\n"
    assert bd.json("show", "gt-login")[0]["notes"] == "x"
    assert bd.json("show", two)[0]["dependencies"][0]["id"] == "gt-login"
    assert "old and new IDs are the same" in bd.refuses("rename", two, two).err
    assert "already exists" in bd.refuses("rename", two, "gt-login").err
    assert 'invalid new ID format "x"' in bd.refuses("rename", two, "x").err
    assert "issue gt-zz not found" in bd.refuses("rename", "gt-zz", "gt-yy").err


def test_a_prefix_is_renamed_everywhere(bd: Bd) -> None:
    one = bd.files("A")
    two = bd.files("B", "--deps", one)
    before = bd.bytes()
    assert f"  {one} -> api-{one[3:]}" in bd("rename-prefix", "api", "--dry-run").lines and bd.bytes() == before
    told = bd("rename-prefix", "api-").lines
    assert told == ["Renaming 2 issues from prefix 'gt' to 'api'...", "✓ Successfully renamed prefix from gt to api"]
    [bead] = bd.json("show", f"api-{two[3:]}")
    assert bead["dependencies"][0]["id"] == f"api-{one[3:]}"
    assert bd.files("C").startswith("api-") and bd.json("where")["prefix"] == "api"
    assert "new prefix is the same as current prefix: api" in bd.refuses("rename-prefix", "api").err
    assert "prefix must start with a lowercase letter" in bd.refuses("rename-prefix", "9x").err
    assert "cannot move: no routes.jsonl found" in bd.refuses("move", one, "--to", "web").err


# ---------------------------------------------------------------------------------------------- order


def test_lint_names_missing_sections(bd: Bd) -> None:
    one = bd.files("A", "-t", "bug")
    told = bd.json("lint")
    assert told["results"][0]["missing"] == ["## Steps to Reproduce", "## Acceptance Criteria"]
    assert (told["total"], told["issues"]) == (2, 1)
    answer = bd.tries("lint")
    assert answer.code == 1 and answer.lines[0] == "Template warnings (1 issues, 2 warnings):"
    bd("update", one, "-d", "## Steps to Reproduce\n\n## Acceptance Criteria")
    assert bd("lint").out == "✓ No template warnings found (1 issues checked)\n"


def test_equal_beads_are_found_and_merged(bd: Bd) -> None:
    one, two = bd.files("Same"), bd.files("Same")
    three = bd.files("Waits", "--deps", two)
    told = bd.json("duplicates")
    keep = told["groups"][0]["suggested_target"]
    assert (told["duplicate_groups"], keep) == (1, two)
    bd("duplicates", "--auto-merge")
    assert bd.json("show", one)[0]["close_reason"] == f"Duplicate of {two}"
    assert bd.json("duplicates") == {"duplicate_groups": 0, "groups": []}
    assert bd("duplicates").out == "No duplicates found!\n"
    four = bd.files("Waits", "--notes", "other")
    bd("merge", four, "--into", three)
    assert bd.json("show", four)[0]["status"] == "closed"
    assert bd.json("find-duplicates", "--threshold", "0.3")["method"] == "mechanical"


def test_doctor_finds_loose_ends_and_repairs_them(bd: Bd) -> None:
    parent = bd.files("Parent", "-t", "epic")
    child = bd.files("Child", "--parent", parent)
    broken = {
        "id": "gt-loose",
        "title": "Loose",
        "status": "open",
        "priority": 2,
        "issue_type": "task",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "dependencies": [
            {"issue_id": "gt-loose", "depends_on_id": "gt-gone", "type": "blocks", "created_at": "2026-01-01T00:00:00Z"}
        ],
    }
    (bd.home / "in.jsonl").write_text(json.dumps(broken) + "\n")
    bd("import", "-i", "in.jsonl")
    told = bd.json("doctor")
    found = {check["name"]: check for check in told["checks"]}
    assert told["overall_ok"] is True and found["Orphaned Dependencies"]["detail"] == "gt-loose → gt-gone"
    assert bd.json("repair-deps")["orphans_found"] == 1
    assert bd.json("doctor", "--fix")["checks"][2]["status"] == "ok"
    assert bd.json("repair-deps", "--fix") == {"orphans_found": 0, "orphans": [], "fixed": 0}
    assert bd.json("show", child)[0]["parent"] == parent
    assert 'unknown check "x"' in bd.refuses("doctor", "--check", "x").err
    assert bd.json("validate", "--checks", "orphans")["checks"]


def test_left_overs_of_tests_are_found_and_deleted_only_when_told(bd: Bd) -> None:
    junk = bd("create", "test foo", "--silent").out.strip()
    told = bd.json("detect-pollution")
    assert told["polluted_count"] == 1 and told["issues"][0]["id"] == junk
    assert bd.refuses("detect-pollution", "--clean").code == 4
    bd("detect-pollution", "--clean", "--yes")
    assert bd.json("detect-pollution") == {"issues": [], "polluted_count": 0}
    assert bd.json("migrate", "--inspect")["current_state"]["issue_count"] == 0


def test_long_closed_texts_are_shortened_by_hand(bd: Bd) -> None:
    one = bd.files("A", "--design", "x" * 500)
    bd("close", one)
    assert bd.json("compact", "--stats")["tier1"] == {"candidates": 0, "total_size": 0}
    assert bd.refuses("compact", "--apply", "--id", one, "--summary", "short").code == 4
    assert bd.json("compact", "--apply", "--id", one, "--summary", "short", "--force")["saved"] > 400
    [bead] = bd.json("show", one)
    assert (bead["description"], bead["compaction_level"]) == ("short", 1) and "design" not in bead
    assert "must specify one mode" in bd.refuses("compact").err


# ---------------------------------------------------------------------------------------------- gates and graphs


def test_gates_hold_back_until_their_moment(bd: Bd) -> None:
    one, two = bd.files("A"), bd.files("B")
    human = bd.json("gate", "create", "Ask Ada", "--blocks", one)["id"]
    timer = bd.json("gate", "create", "--type", "timer", "--timeout", "0s", "--blocks", two)["id"]
    other = bd.json("gate", "create", "--type", "bead", "--await-id", one, "--blocks", two)["id"]
    assert [bead["id"] for bead in bd.json("ready")] == []
    assert {bead["id"] for bead in bd.json("gate", "list")} == {human, timer, other}
    assert bd("gate", "check", "--dry-run").lines[-1] == "Checked 3 gates: 1 resolved, 0 escalated, 0 errors"
    assert bd.json("gate", "check")["resolved"] == 1
    assert (
        bd("gate", "resolve", human, "-r", "she said yes").out == f"✓ Gate resolved: {human}\n  Reason: she said yes\n"
    )
    bd("close", one)
    assert bd.json("gate", "check") == {"checked": 1, "dry_run": False, "errors": 0, "escalated": 0, "resolved": 1}
    assert [bead["id"] for bead in bd.json("ready")] == [two]
    assert bd("gate", "add-waiter", human, "mayor").out == f"✓ Added waiter to gate {human}: mayor\n"
    assert bd("gate", "list").out == "No gates found.\n"
    assert f"{two} is not a gate issue (type=task)" in bd.refuses("gate", "show", two).err
    assert "gate not found: gt-zz" in bd.refuses("gate", "resolve", "gt-zz").err
    assert [bead["id"] for bead in bd.json("list")] == [two]


def test_a_graph_is_drawn_in_layers(bd: Bd) -> None:
    one = bd.files("First")
    two = bd.files("Second", "--deps", one)
    told = bd.json("graph", two)
    assert told["layout"]["Layers"] == [[one], [two]] and told["root"]["id"] == two
    assert told["layout"]["Nodes"][two]["DependsOn"] == [one]
    assert bd("graph", two, "--compact").lines[1:3] == ["LAYER 0 (ready)", f"  ○ {one} ● P2 First"]
    assert "┌" in bd("graph", "--all").out and bd("graph", one, "--dot").out.startswith("digraph")
    assert len(bd.json("graph", "--all")) == 1
    assert "issue ID required (or use --all for all open issues)" in bd.refuses("graph").err


# ---------------------------------------------------------------------------------------------- events and git


def test_events_tell_what_happened(bd: Bd) -> None:
    one = bd.files("A")
    bd("close", one, "--actor", "max")
    types = [event["event_type"] for event in bd.json("events", "list")]
    assert types == ["ledger.created", "bead.created", "bead.closed"]
    assert [event["actor"] for event in bd.json("events", "list", "--actor", "max", "--since", "30m")] == ["max"]
    assert [event["event_type"] for event in bd.json("events", "list", "--type", "bead.closed")] == ["bead.closed"]
    assert len(bd.json("events", "list", "--bead", one)) == 2 and bd.json("events", "list", "--bead", "gt-zz") == []
    assert bd("events", "tail", "-n", "1").lines[0].endswith(f"closed      {one} Closed")
    assert bd.json("events", "stats")["by_type"]["bead.closed"] == 1
    assert bd.refuses("events", "list", "--type", "no.such").code == 2


def test_sync_commits_pulls_and_pushes(bd: Bd) -> None:
    assert bd.refuses("sync").err.startswith("Error: not in a git repository\nHint: run 'git init'")
    assert bd("sync", "--flush-only").out == ""
    origin = a_repository(bd.home.parent / "origin", {"README": "x"})
    git(origin, "config", "receive.denyCurrentBranch", "ignore")
    clone = bd.home.parent / "clone"
    git(bd.home.parent, "clone", "--quiet", str(origin), str(clone))
    (bd.home / ".beads").rename(clone / ".beads")
    assert bd.tries("--town", str(clone), "sync", "--dry-run").lines[-1] == "✓ Dry run complete (no changes made)"
    answer = bd("--town", str(clone), "sync", "-m", "keep it; $(touch oops)")
    assert answer.lines[-1] == "✓ Sync complete"
    assert git(origin, "log", "-1", "--format=%s", "main") == "keep it; $(touch oops)"
    assert not list(clone.rglob("oops"))
    assert "Pending changes: none" in bd("--town", str(clone), "sync", "--status").out
    assert ".beads/events.jsonl" in git(origin, "ls-tree", "-r", "--name-only", "main")


def test_clones_that_both_wrote_end_up_the_same(bd: Bd) -> None:
    origin = a_repository(bd.home.parent / "origin", {"README": "x"})
    git(origin, "config", "receive.denyCurrentBranch", "ignore")
    one, two = bd.home.parent / "one", bd.home.parent / "two"
    git(bd.home.parent, "clone", "--quiet", str(origin), str(one))
    (bd.home / ".beads").rename(one / ".beads")
    bd("--town", str(one), "sync")
    git(bd.home.parent, "clone", "--quiet", str(origin), str(two))
    first = bd("--town", str(one), "create", "From one", "-d", "x", "--silent").out.strip()
    second = bd("--town", str(two), "create", "From two", "-d", "x", "--silent").out.strip()
    bd("--town", str(one), "sync")
    bd("--town", str(two), "sync")
    bd("--town", str(one), "sync")
    for place in (one, two):
        assert {bead["id"] for bead in bd.json("--town", str(place), "list")} == {first, second}
    assert (one / ".beads/issues.jsonl").read_bytes() == (two / ".beads/issues.jsonl").read_bytes()


def test_projections_are_made_anew_byte_for_byte(bd: Bd) -> None:
    for number in range(5):
        bd.files(f"Bead {number}")
    before = bd.bytes()
    (bd.home / ".beads" / "feed.jsonl").unlink()
    assert bd.json("rebuild-projections") == {"rebuilt": True, "beads": 5}
    assert bd.bytes() == before


def test_read_only_refuses_every_change(bd: Bd, monkeypatch: pytest.MonkeyPatch) -> None:
    one = bd.files("A")
    for words, operation in (
        (("create", "B"), "create"),
        (("update", one, "-p", "1"), "update"),
        (("dep", "add", one, one), "dep add"),
        (("label", "add", one, "x"), "label add"),
    ):
        answer = bd.refuses("--readonly", *words)
        assert answer.code == 4
        assert answer.err == f"Error: operation '{operation}' is not allowed in read-only mode\n"
    assert bd("list", "--readonly").lines
    monkeypatch.setenv("BD_READONLY", "true")
    assert bd.refuses("close", one).code == 4


def test_the_log_is_told_again_from_the_beginning(bd: Bd) -> None:
    one = bd.files("A")
    bd("update", one, "--claim")
    bd("close", one)
    story = bd.json("events", "replay", one)
    assert [step["event_type"] for step in story] == [
        "bead.created",
        "bead.assigned",
        "bead.status_changed",
        "bead.closed",
    ]
    assert story[-1]["changes"]["status"] == ["in_progress", "closed"]
    assert bd.json("events", "replay")["by_status"] == {"closed": 1}
    assert bd.json("events", "replay", "--at", "2020-01-01") == {"events": 0, "beads": 0, "by_status": {}}
    assert len(bd("events", "export").lines) == len(bd("events", "list", "--jsonl", "-n", "100").lines)
    assert json.loads(bd("events", "export").lines[0])["event_type"] == "ledger.created"
    assert bd.refuses("events", "replay", "gt-zz").code == 2


def test_work_is_judged_from_events(bd: Bd) -> None:
    one, two, three = bd.files("A"), bd.files("B"), bd.files("C")
    bd("close", one)
    bd("close", two, "-r", "Build failed")
    bd("delete", three, "--force")
    told = bd.json("eval", "completion")
    assert (told["done"], told["failed"], told["abandoned"], told["completion_rate"]) == (1, 1, 1, 0.3333)
    assert bd.json("eval", "throughput")["closed"] == 2
    assert bd.json("eval", "gupp")["hooked"] == bd.json("eval", "verify-accuracy")["gates_run"] == 0
    assert bd("eval", "report").out.startswith("# Evaluation\n")
    bd("eval", "report", "--output", "report.md", "--since", "1h")
    assert (bd.home / "report.md").read_text().startswith("# Evaluation\n")


def test_todos_are_tasks_plainly_listed(bd: Bd) -> None:
    assert bd("todo").out == "No TODOs found\n"
    one = bd.json("todo", "add", "call", "back", "-p", "1")["id"]
    assert bd("todo").lines == [f"  {one}  P1  open          call back", "Total: 1 TODOs"]
    assert bd.json("todo", "done", one) == {"closed": [one], "reason": "Completed"}
    assert [bead["id"] for bead in bd.json("todo", "list", "--all")] == [one]


def test_agents_and_their_slots_are_beads(bd: Bd) -> None:
    work = bd.files("Work")
    told = bd.json("agent", "state", "gt-agent-max", "working")
    assert (told["agent"], told["agent_state"]) == ("gt-agent-max", "working")
    assert bd.json("agent", "heartbeat", "gt-agent-max")["last_activity"]
    assert bd("slot", "set", "gt-agent-max", "hook", work).out == f"✓ Set gt-agent-max.hook = {work}\n"
    assert bd.json("slot", "show", "gt-agent-max")["slots"] == {"hook": work, "role": None}
    other = bd.files("Other")
    assert bd.refuses("slot", "set", "gt-agent-max", "hook", other).code == 5
    assert bd.json("slot", "clear", "gt-agent-max", "hook")["bead"] is None
    assert bd.json("agent", "show", "gt-agent-max")["agent_state"] == "working"
    assert 'invalid slot name "x"; valid slots: hook, role' in bd.refuses("slot", "clear", "gt-agent-max", "x").err
    assert 'invalid state "x"' in bd.refuses("agent", "state", "gt-agent-max", "x").err
    assert "is not an agent bead (type=task)" in bd.refuses("agent", "show", work).err


def test_the_merge_slot_has_one_holder_and_a_line(bd: Bd) -> None:
    assert bd.refuses("merge-slot", "check").code == 3
    assert bd.json("merge-slot", "create")["id"] == "gt-merge-slot"
    assert bd.json("merge-slot", "acquire") == {"id": "gt-merge-slot", "acquired": True, "holder": "ada"}
    assert bd.refuses("merge-slot", "acquire", "--holder", "max").code == 5
    waiting = bd.tries("merge-slot", "acquire", "--holder", "max", "--wait", "--json")
    assert (waiting.code, waiting.value["position"]) == (1, 1)
    assert bd.json("merge-slot", "release")["waiters"] == ["max"]
    assert bd.json("merge-slot", "acquire", "--holder", "max")["acquired"] is True
    assert bd.json("merge-slot", "check")["holder"] == "max"


def test_commands_without_a_subject_here_answer_what_is_true(bd: Bd) -> None:
    assert bd.json("daemon", "status")["status"] == "not_running" and bd.json("daemon", "list") == []
    assert bd("hooks", "run", "pre-commit", "x").out == ""
    assert bd.refuses("hooks", "install").err.startswith("Error: not in a git repository")
    assert bd("hook", "pre-commit").code == 0 and bd.json("upgrade", "status")["upgraded"] is False
    refused = bd.refuses("diff", "a", "b")
    assert "diff requires Dolt backend (current backend does not support versioning)" in refused.err
    assert "no mail delegate configured" in bd.refuses("mail", "inbox").err
    one = bd.files("A")
    assert bd("history", one).lines[0].endswith("status: - → open, priority: - → 2, title: - → A, issue_type: - → task")


def test_a_damaged_line_of_the_log_is_told_until_a_copy_of_it_is_safe(bd: Bd) -> None:
    bd.files("A")
    with (bd.home / ".beads" / "events.jsonl").open("a") as log:
        log.write("damage\n")
    assert "⚠ Log: " in bd("doctor").out
    bd.files("B")
    told = bd("doctor")
    assert "⚠" not in told.out and "1 damaged lines were put aside before" in told.out and told.err == ""


def test_projections_that_are_behind_are_told(bd: Bd) -> None:
    bd.files("A")
    issues = bd.home / ".beads" / "issues.jsonl"
    local = bd.home / ".beads" / "local"
    kept = {path: path.read_bytes() for path in (issues, local / "snapshot")}
    assert "Projections" not in bd("doctor").out
    bd.files("B")
    for path, data in kept.items():
        path.write_bytes(data)
    said = bd("doctor").out
    assert "⚠ Projections: " in said and str(issues) in said
    bd("rebuild-projections")
    assert "Projections" not in bd("doctor").out
