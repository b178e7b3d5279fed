"""Living with others: any issues file opens, their edits are taken up, damage is put aside and said."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.core import events as e
from gastown_tui.core.model.ids import BeadId
from tests.ledgers import (
    corpus,
    created,
    everything,
    examples,
    foreign_lines,
    lone,
    projected,
    put,
    reopened,
    temporary,
    with_issues,
)

place = contextmanager(temporary)


def line(bead_id: str, title: str = "t", updated: str = "2026-01-01T00:00:00Z", **more: object) -> str:
    """A line as bd writes it."""
    record = {"id": bead_id, "title": title, "status": "open", "priority": 1, "issue_type": "task"}
    return json.dumps(record | {"created_at": updated, "updated_at": updated} | more, separators=(",", ":"))


def issues(directory: Path) -> list[str]:
    return (directory / ".beads/issues.jsonl").read_bytes().decode().split("\n")[:-1]


def rewrite(directory: Path, *lines: str) -> None:
    """Somebody else writes the issues file."""
    (directory / ".beads/issues.jsonl").write_text("".join(each + "\n" for each in lines))


# ------------------------------------------------------------------------------------------------ real files

REAL = pytest.mark.parametrize(
    "file",
    corpus() or [pytest.param(None, marks=pytest.mark.skip("no real ledgers beside the project"))],
    ids=lambda file: getattr(file, "name", "none"),
)


@REAL
def test_a_real_file_opens_with_every_bead_and_not_a_byte_changes(tmp_path: Path, file: Path) -> None:
    data = file.read_bytes()
    ids = {json.loads(text)["id"] for text in data.splitlines() if text.startswith(b"{")}
    with_issues(tmp_path, data)
    before = everything(tmp_path)
    assert set(reopened(tmp_path).read().own.beads) == ids
    assert {bead.id for bead in reopened(tmp_path).read().own.beads.all()} == ids
    assert everything(tmp_path) == before


@REAL
def test_closing_one_bead_of_a_real_file_changes_its_line_alone(tmp_path: Path, file: Path) -> None:
    with_issues(tmp_path, file.read_bytes())
    ledger = reopened(tmp_path)
    bead = next(bead for bead in ledger.read().beads() if not bead.is_closed)
    before = [each for each in issues(tmp_path) if each.startswith("{")]
    put(ledger, e.BeadClosed(bead_id=bead.id))
    after = issues(tmp_path)
    assert len(set(after)) == len(after)
    fresh = [each for each in after if each not in set(before)]
    assert [json.loads(each)["id"] for each in fresh] == [bead.id]
    assert json.loads(fresh[0])["status"] == "closed"
    if len(before) == len(after):
        assert [old for old, new in zip(before, after, strict=True) if old != new] == [
            old for old in before if json.loads(old)["id"] == bead.id
        ]
    shutil.rmtree(tmp_path / ".beads/local")
    content = projected(tmp_path / ".beads")
    reopened(tmp_path).rebuild_projections()
    assert projected(tmp_path / ".beads") == content


# -------------------------------------------------------------------------------------------------- adoption


@examples()
@given(lines=st.lists(foreign_lines(), max_size=6), ending=st.sampled_from(["\n", ""]), bom=st.booleans())
def test_every_untouched_line_of_an_adopted_file_keeps_its_bytes(lines: list[str], ending: str, bom: bool) -> None:
    with place() as directory:
        data = ("\n".join(lines) + ending if lines else "").encode()
        beads = with_issues(directory, b"\xef\xbb\xbf" * bom + data)
        put(reopened(directory), created("new-1"))
        kept = (beads / "issues.jsonl").read_bytes().split(b"\n")
        for bead in reopened(directory).read().beads():
            if bead.id != "new-1":
                assert sum(each.decode() in lines for each in kept if f'"{bead.id}"'.encode() in each) == 1


def test_an_adopted_file_that_was_not_sorted_keeps_its_order_and_new_beads_follow(tmp_path: Path) -> None:
    rows = [line("gt-9"), '{"_type":"memory","key":"k","value":"v"}', line("gt-1"), line("gt-5")]
    with_issues(tmp_path, "".join(row + "\n" for row in rows).encode())
    put(reopened(tmp_path), created("gt-3"), created("gt-2"))
    put(reopened(tmp_path), e.BeadClosed(bead_id=BeadId("gt-1")))
    after = issues(tmp_path)
    assert after[:2] == rows[:2] and after[3] == rows[3]
    assert [json.loads(each).get("id") for each in after] == ["gt-9", None, "gt-1", "gt-5", "gt-2", "gt-3"]


def test_a_header_line_stays_on_top(tmp_path: Path) -> None:
    header = '{"_schema":"beads-jsonl/1","_sort":"stable-v1"}'
    with_issues(tmp_path, f"{header}\n{line('gt-2')}\n".encode())
    put(reopened(tmp_path), created("gt-1"))
    assert issues(tmp_path)[0] == header
    assert [json.loads(each)["id"] for each in issues(tmp_path)[1:]] == ["gt-1", "gt-2"]


def test_lines_that_end_in_cr_lf_keep_it_and_new_ones_do_not(tmp_path: Path) -> None:
    with_issues(tmp_path, f"{line('gt-1')}\r\n{line('gt-2')}\r\n".encode())
    put(reopened(tmp_path), created("gt-3"), e.BeadClosed(bead_id=BeadId("gt-1")))
    assert [each.endswith("\r") for each in issues(tmp_path)] == [True, True, False]


@pytest.mark.parametrize(
    ("config", "ids", "prefix"),
    [
        ("issue-prefix: api\n", ["gt-1"], "api"),
        ("# comment\nissue_prefix: 'web'\n", ["gt-1"], "web"),
        ("", ["gt-1", "gt-2", "hq-1"], "gt"),
        ("", ["my_app-mol-a1b", "my_app-mol-x7z"], "my_app"),
        ("", [], "project"),
    ],
)
def test_the_prefix_of_new_beads_is_found(tmp_path: Path, config: str, ids: list[str], prefix: str) -> None:
    directory = tmp_path / "project"
    beads = with_issues(directory, "".join(line(each) + "\n" for each in ids).encode())
    (beads / "config.yaml").write_text(config)
    assert reopened(directory).read().own.registers.prefix == prefix
    put(reopened(directory), created(f"{prefix}-9"))
    assert reopened(directory).read().own.registers.prefix == prefix


def test_child_numbers_go_on_where_an_adopted_file_left_off(tmp_path: Path) -> None:
    with_issues(tmp_path, f"{line('gt-1.7')}\n{line('gt-1.2')}\n".encode())
    assert reopened(tmp_path).read().own.registers.children == {"gt-1": 7}
    put(reopened(tmp_path), created("gt-2"))
    assert reopened(tmp_path).read().own.registers.children == {"gt-1": 7}


@pytest.mark.parametrize(
    "metadata", ['{"jsonl_export":"beads.jsonl"}', "{}", "not json", '{"jsonl_export":"../x.jsonl"}']
)
def test_a_file_of_another_name_is_found_and_written_back_to(tmp_path: Path, metadata: str) -> None:
    beads = with_issues(tmp_path, f"{line('bd-1')}\n".encode(), "beads.jsonl")
    (beads / "metadata.json").write_text(metadata)
    put(reopened(tmp_path), created("bd-2"))
    assert (beads / "beads.jsonl").read_text().count("\n") == 2
    assert not (beads / "issues.jsonl").exists()


def test_a_linked_file_stays_a_link(tmp_path: Path) -> None:
    beads = with_issues(tmp_path / "here", b"")
    real = tmp_path / "shared.jsonl"
    real.write_text(line("gt-1") + "\n")
    (beads / "issues.jsonl").unlink()
    (beads / "issues.jsonl").symlink_to(real)
    put(reopened(tmp_path / "here"), created("gt-2"))
    assert (beads / "issues.jsonl").is_symlink()
    assert real.read_text().count("\n") == 2


# ---------------------------------------------------------------------------------------------------- damage

DAMAGE = {
    "a conflict": ["<<<<<<< HEAD", "=======", ">>>>>>> theirs"],
    "a cut line": ['{"id":"gt-7","title":"cut'],
    "a bare path": ["/home/me/beads"],
    "zero bytes": ["\x00\x00\x00"],
    "a number": ["17"],
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_put_aside_and_said_and_the_rest_is_read(tmp_path: Path, kind: str) -> None:
    good, bad = [line("gt-1"), line("gt-2")], DAMAGE[kind]
    beads = with_issues(tmp_path, "".join(each + "\n" for each in [good[0], *bad, good[1]]).encode())
    ledger = reopened(tmp_path)
    assert set(ledger.read().own.beads) == {"gt-1", "gt-2"}
    (said,) = ledger.warnings()
    count = "1 line" if len(bad) == 1 else f"{len(bad)} lines"
    assert f"{count} left out" in said and "line 2" in said
    put(ledger, created("gt-3"))
    assert issues(tmp_path)[:2] == good
    aside = [json.loads(each)["text"] for each in (beads / "local/quarantine/issues.jsonl").read_text().splitlines()]
    assert aside == bad
    assert reopened(tmp_path).read().own.registers.quarantined == len(bad)
    assert reopened(tmp_path).warnings() == ()


def test_glued_lines_are_taken_apart(tmp_path: Path) -> None:
    with_issues(tmp_path, f"{line('gt-1')}{line('gt-2')}\n{line('gt-3')}\n".encode())
    ledger = reopened(tmp_path)
    assert set(ledger.read().own.beads) == {"gt-1", "gt-2", "gt-3"}
    assert "several records on one line" in ledger.warnings()[0]
    put(ledger, e.BeadClosed(bead_id=BeadId("gt-3")))
    assert issues(tmp_path)[:2] == [line("gt-1"), line("gt-2")]


def test_of_a_bead_that_is_there_twice_the_newest_wins_and_the_other_is_put_aside(tmp_path: Path) -> None:
    old, new = line("gt-1", "old", "2026-01-01T00:00:00Z"), line("gt-1", "new", "2026-01-01T00:00:00.5+00:00")
    for directory, order in ((tmp_path / "a", [old, new]), (tmp_path / "b", [new, old])):
        beads = with_issues(directory, "".join(each + "\n" for each in order).encode())
        assert reopened(directory).read().bead("gt-1").title == "new"
        put(reopened(directory), created("gt-2"))
        assert issues(directory)[0] == new
        assert json.loads((beads / "local/quarantine/issues.jsonl").read_text())["text"] == old


def test_a_line_that_is_no_text_is_kept_as_bytes(tmp_path: Path) -> None:
    beads = with_issues(tmp_path, b'{"id":"gt-1","title":"\xff\xfe"}\n' + line("gt-2").encode() + b"\n")
    put(reopened(tmp_path), created("gt-3"))
    aside = json.loads((beads / "local/quarantine/issues.jsonl").read_text())
    assert "text" not in aside and aside["base64"]


# --------------------------------------------------------------------------------------------- outside edits


def test_a_line_somebody_else_changed_is_seen_at_once_and_recorded_with_the_next_write(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"), created("gt-2"))
    one, two = issues(tmp_path)
    later = "2999-01-01T00:00:00Z"
    changed = json.dumps(json.loads(one) | {"title": "by hand", "updated_at": later, "x": 1}, separators=(",", ":"))
    rewrite(tmp_path, changed, two, line("gt-9"))
    before = everything(tmp_path)
    town = reopened(tmp_path).read()
    assert town.bead("gt-1").title == "by hand" and town.bead("gt-9")
    assert everything(tmp_path) == before
    put(reopened(tmp_path), created("gt-5"))
    assert issues(tmp_path)[0] == changed and issues(tmp_path)[-1] == line("gt-9")
    names = [event.event_type for event in reopened(tmp_path).recent(3)]
    assert names == ["bead.imported", "bead.imported", "bead.created"]


def test_a_process_that_lives_on_sees_others_edits_too(tmp_path: Path) -> None:
    ledger = lone(tmp_path)
    put(ledger, created("gt-1"))
    ours = issues(tmp_path)
    rewrite(tmp_path, *ours, line("gt-9"))
    assert ledger.read().bead("gt-9")
    rewrite(tmp_path, *ours)
    assert ledger.read().find("gt-9") is None
    rewrite(tmp_path, *ours, line("gt-9"))
    put(ledger, created("gt-5"))
    assert reopened(tmp_path).read().bead("gt-9")


def test_a_line_that_is_gone_was_not_deleted(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"), created("gt-2"))
    both = issues(tmp_path)
    rewrite(tmp_path, both[1])
    assert reopened(tmp_path).read().bead("gt-1")
    put(reopened(tmp_path), created("gt-3"))
    assert issues(tmp_path)[:2] == both


def test_an_older_line_changes_nothing_and_is_not_recorded(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1", "ours"))
    rewrite(tmp_path, line("gt-1", "stale", "2020-01-01T00:00:00Z"))
    assert reopened(tmp_path).read().bead("gt-1").title == "ours"
    put(reopened(tmp_path), created("gt-2"))
    assert b"bead.imported" not in (tmp_path / ".beads/events.jsonl").read_bytes()
    assert json.loads(issues(tmp_path)[0])["title"] == "ours"


def test_an_older_projection_brought_back_by_git_is_nobodys_edit(tmp_path: Path) -> None:
    ledger = lone(tmp_path)
    put(ledger, created("gt-1", "first"))
    older = issues(tmp_path)
    put(ledger, e.BeadUpdated(bead_id=BeadId("gt-1"), changes={"title": "second"}))
    for forgotten in (False, True):
        rewrite(tmp_path, *older)
        if forgotten:
            shutil.rmtree(tmp_path / ".beads/local")
        assert reopened(tmp_path).read().bead("gt-1").title == "second"
        put(reopened(tmp_path), e.BeadNoted(bead_id=BeadId("gt-1"), text="n"))
        assert json.loads(issues(tmp_path)[0])["title"] == "second"
    assert b"bead.imported" not in (tmp_path / ".beads/events.jsonl").read_bytes()


def test_a_tombstone_is_not_brought_back_by_an_edit(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"), e.BeadDeleted(bead_id=BeadId("gt-1")))
    rewrite(tmp_path, line("gt-1", "alive", "2999-01-01T00:00:00Z"))
    assert reopened(tmp_path).read().find("gt-1") is None
    put(reopened(tmp_path), created("gt-2"))
    assert json.loads(issues(tmp_path)[0])["status"] == "tombstone"


def test_a_file_written_anew_with_the_same_content_is_no_edit(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"))
    rewrite(tmp_path, *issues(tmp_path))
    put(reopened(tmp_path), created("gt-2"))
    assert b"bead.imported" not in (tmp_path / ".beads/events.jsonl").read_bytes()
    assert len(issues(tmp_path)) == 2


def test_conflict_markers_in_our_own_file_are_healed_from_the_log(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"), created("gt-2"))
    ours = issues(tmp_path)
    theirs = line("gt-1", "x", "2020-01-01T00:00:00Z")
    rewrite(tmp_path, "<<<<<<< HEAD", ours[0], "=======", theirs, ">>>>>>> b", ours[1])
    ledger = reopened(tmp_path)
    assert len(ledger.read().own.beads.all()) == 2
    assert "merge conflict markers" in ledger.warnings()[0]
    put(ledger, created("gt-3"))
    assert issues(tmp_path)[:2] == ours


def test_a_fresh_clone_has_no_local_files_and_reads_the_same(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    put(lone(tmp_path / "one"), created("gt-1"), e.BeadClosed(bead_id=BeadId("gt-1")))
    two = tmp_path / "two"
    shutil.copytree(tmp_path / "one", two, ignore=shutil.ignore_patterns("local", "feed.jsonl", ".hook-*"))
    before = everything(two)
    assert reopened(two).read().bead("gt-1").is_closed
    assert everything(two) == before
    put(reopened(two), created("gt-2"))
    assert issues(two)[0] == issues(tmp_path / "one")[0]
    assert b"bead.imported" not in (two / ".beads/events.jsonl").read_bytes()
