"""Agents' programs are told how work is tracked, and what should hold before work is handed over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.places import git
from tests.verbs.bd import Bd


@pytest.fixture
def home(bd: Bd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The person's own directory."""
    place = tmp_path / "person"
    place.mkdir()
    monkeypatch.setenv("HOME", str(place))
    return place


def test_a_rule_is_a_file_of_its_own(bd: Bd, home: Path) -> None:
    rule = bd.home / ".cursor" / "rules" / "beads.mdc"
    assert bd.tries("setup", "cursor", "--check").code == 1
    assert bd("setup", "cursor").out.startswith("✓ cursor integration installed\n")
    assert rule.read_text().startswith("---\n") and "bd prime" in rule.read_text()
    assert bd.json("setup", "cursor", "--check")["installed"] is True
    bd("setup", "cursor", "--stealth")
    assert "bd sync" not in rule.read_text()
    assert bd.json("setup", "cursor", "--remove")["removed"] is True and not rule.exists()
    assert bd.json("setup", "cursor", "--remove")["removed"] is False


def test_a_section_leaves_the_rest_of_the_page_alone(bd: Bd, home: Path) -> None:
    page = bd.home / "AGENTS.md"
    page.write_text("# Ours\n\nBe kind.\n")
    bd("setup", "codex")
    first = page.read_text()
    assert first.startswith("# Ours\n\nBe kind.\n\n<!-- BEGIN BEADS INTEGRATION -->\n")
    bd("setup", "factory")
    assert page.read_text() == first
    bd("setup", "codex", "--remove")
    assert page.read_text() == "# Ours\n\nBe kind.\n"


def test_hooks_join_those_that_are_there(bd: Bd, home: Path) -> None:
    settings = home / ".claude" / "settings.json"
    settings.parent.mkdir()
    other = {"matcher": "", "hooks": [{"type": "command", "command": "mine"}]}
    settings.write_text(json.dumps({"model": "x", "hooks": {"SessionStart": [other]}}))
    bd("setup", "claude")
    bd("setup", "claude", "--stealth")
    told = json.loads(settings.read_text())
    assert told["model"] == "x" and set(told["hooks"]) == {"SessionStart", "PreCompact"}
    assert [each["hooks"][0]["command"] for each in told["hooks"]["SessionStart"]] == ["mine", "bd prime --stealth"]
    assert bd("setup", "claude", "--check").code == 0
    bd("setup", "claude", "--project")
    assert (bd.home / ".claude" / "settings.local.json").exists()
    bd("setup", "claude", "--remove")
    assert json.loads(settings.read_text()) == {"model": "x", "hooks": {"SessionStart": [other]}}


@pytest.mark.parametrize("text", ["[]", "{ broken", '{"hooks": []}', '{"hooks": {"SessionStart": 3}}'])
def test_settings_that_cannot_be_read_are_left_alone(bd: Bd, home: Path, text: str) -> None:
    settings = home / ".gemini" / "settings.json"
    settings.parent.mkdir()
    settings.write_text(text)
    assert bd.refuses("setup", "gemini").code == 2 and settings.read_text() == text


def test_further_programs_can_be_made_known(bd: Bd, home: Path) -> None:
    assert {"claude", "cursor", "codex"} <= {row["name"] for row in bd.json("setup", "--list")}
    bd("setup", "--add", "mine", ".mine/rules.md")
    bd("setup", "mine")
    assert "bd ready" in (bd.home / ".mine" / "rules.md").read_text()
    assert "unknown recipe 'none'" in bd.refuses("setup", "none").err
    assert bd.refuses("setup", "--add", "mine", "../out.md").code == 2
    assert bd("setup", "--print").out.startswith("## Work tracking")
    bd("setup", "-o", "RULES.md")
    assert "bd prime" in (bd.home / "RULES.md").read_text()


def test_what_should_hold_before_work_is_handed_over(bd: Bd) -> None:
    git(bd.home, "init", "-q", "-b", "main")
    bd("config", "set", "preflight.tests", "test -e done")
    assert "[ ] tests: test -e done" in bd("preflight").out
    one = bd.files("A")
    bd("update", one, "--claim")
    answer = bd.tries("preflight", "--check", "--json")
    told = {row["name"]: row["passed"] for row in answer.value["checks"]}
    assert answer.code == 1 and answer.value["passed"] is False
    assert told == {"Work finished": False, "Ledger sound": True, "Ledger committed": False, "tests": False}
    bd("close", one)
    (bd.home / "done").write_text("")
    git(bd.home, "add", ".")
    git(bd.home, "commit", "-q", "-m", "All")
    assert bd.json("preflight", "--check")["summary"] == "4 of 4 checks passed"


def test_where_only_results_are_wanted_steps_are_left_out(bd: Bd) -> None:
    git(bd.home, "init", "-q", "-b", "main")
    bd.files("A")
    assert bd("sync").out.startswith("→ Committing ")
    bd.files("B")
    assert bd("sync", "-q").out == "✓ Sync complete\n"
    assert bd("sync", "--import-only", "-q").out == "✓ Import complete\n"


def test_a_ledger_git_cannot_look_at_is_not_called_committed(bd: Bd) -> None:
    git(bd.home, "init", "-q", "-b", "main")
    (bd.home / ".git/index").write_text("no index")
    told = {
        row["name"]: (row["passed"], row["output"])
        for row in bd.tries("preflight", "--check", "--json").value["checks"]
    }
    assert told["Ledger committed"] == (False, "it is not, or git cannot tell: bd sync")
