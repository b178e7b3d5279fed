"""What happened lately, many edges at once, graphs for a browser, and what cannot be had here."""

from __future__ import annotations

import json
import os
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gastown_tui.cli.build import run
from gastown_tui.core.verbs.bd_activity import Activity, activity
from gastown_tui.core.wiring import open_hands
from tests.verbs.bd import Bd, bd_at


def test_activity_tells_what_happened_in_the_known_shape(bd: Bd) -> None:
    one = bd.files("A")
    bd("update", one, "--status", "in_progress")
    bd("comments", "add", one, "hello")
    bd("close", one, "-r", "done")
    rows = bd.json("activity")
    assert [(row["type"], row["symbol"]) for row in rows] == [
        *(("create", "+"), ("status", "→"), ("comment", "💬"), ("close", "✓")),
    ]
    assert (rows[1]["old_status"], rows[1]["new_status"], rows[1]["actor"]) == ("open", "in_progress", "ada")
    assert rows[0]["message"] == f"{one} created · A" and "issue" not in rows[0]
    assert bd.json("activity", "--details")[0]["issue"]["id"] == one
    assert bd("activity").lines[-1].endswith(f"✓ {one} closed: done · A")


def test_activity_is_narrowed(bd: Bd) -> None:
    epic = bd.files("E", "-t", "epic")
    child = bd.files("C", "--parent", epic)
    other = bd.files("O", "--deps", epic)
    bd("label", "add", bd.files("X"), "ui")
    assert [row["type"] for row in bd.json("activity", "--type", "update")] == ["update"]
    assert {row["issue_id"] for row in bd.json("activity", "--mol", epic)} == {epic, child, other}
    assert len(bd.json("activity", "--limit", "2")) == 2 and bd.json("activity", "--since", "-1h")
    assert "invalid --type 'odd'" in bd.refuses("activity", "--type", "odd").err


def test_activity_goes_on_as_things_happen(bd: Bd) -> None:
    hands = open_hands(None, actor="ada", env=dict(os.environ), cwd=bd.home)
    bd.files("A")
    followed = activity(hands, follow=True)
    assert isinstance(followed, Activity)
    lines = followed.follow(json=True)
    assert json.loads(next(lines))["type"] == "create"
    two = bd.files("B")
    assert [json.loads(line)["issue_id"] for line in islice(lines, 1)] == [two]


def test_many_edges_are_added_whole_or_not_at_all(bd: Bd) -> None:
    a, b, c = (bd.files(name) for name in "ABC")
    rows = [{"issue_id": a, "depends_on_id": b}, {"id": b, "blocked_by": c, "type": "related"}]
    (bd.home / "edges").write_text("\n".join(map(json.dumps, rows)))
    assert [each["type"] for each in bd.json("dep", "add", "--file", "edges")] == ["blocks", "related"]
    (bd.home / "ring").write_text(json.dumps({"issue_id": c, "depends_on_id": a}))
    assert f"would create a cycle ({c} → {a} → {b} → {c})" in bd.refuses("dep", "add", "--file", "ring").err
    d, e = bd.files("D"), bd.files("E")
    two = [{"issue_id": d, "depends_on_id": e}, {"issue_id": e, "depends_on_id": d}]
    (bd.home / "own").write_text("\n".join(map(json.dumps, two)))
    assert "would create a cycle" in bd.refuses("dep", "add", "--file", "own").err
    (bd.home / "bad").write_text(f"{json.dumps(rows[0])}\nnonsense")
    assert "line 2 is no edge" in bd.refuses("dep", "add", "--file", "bad").err
    assert "requires at least 1 arg(s), only received 0" in bd.refuses("dep", "add", "--type", "blocks").err


def test_a_graph_is_a_page_whole_in_itself(bd: Bd) -> None:
    one = bd.files("A <script>")
    two = bd.files("B", "--deps", one)
    page = bd("graph", two, "--html").out
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    drawing = page[page.index("<svg") : page.index("</svg>") + 6]
    root = ElementTree.fromstring(drawing)
    assert len(root.findall("g")) == 2 and len(root.findall("path")) == 1


@pytest.mark.parametrize(
    "words",
    [
        *(["jira", "sync"], ["linear", "status"], ["gitlab", "sync", "--pull"], ["federation", "add-peer", "x"]),
        ["find-duplicates", "--method", "ai"],
    ],
    ids=" ".join,
)
def test_what_needs_the_network_says_so_plainly(bd: Bd, words: list[str]) -> None:
    answer = bd.refuses(*words)
    assert answer.code == 1 and "network" in answer.err and len(answer.err.splitlines()) == 2


@pytest.mark.parametrize("words", [["history"], ["diff"], ["branch"], ["vc", "commit", "-m", "x"]], ids=" ".join)
def test_what_needs_another_backend_says_so(bd: Bd, words: list[str]) -> None:
    assert f"{words[0]} requires Dolt backend" in bd.refuses(*words).err


def test_a_daemon_is_neither_there_nor_needed(bare_bd: Bd) -> None:
    assert bare_bd.json("daemon", "status")["status"] == "not_running"
    assert bare_bd("daemon", "start", "--auto-commit", "--interval", "5s").out == ""
    assert bare_bd("daemon", "--stop").out == "" and bare_bd.json("daemons", "list") == []


def test_agents_get_the_labels_they_lack(bd: Bd) -> None:
    bd("config", "set", "types.custom", "agent")
    one = bd.files("Nux", "-t", "agent", "--agent-rig", "api")
    assert bd.json("agent", "backfill-labels", "--dry-run") == {"updated": 0, "dry_run": True, "beads": [one]}
    assert bd.json("agent", "backfill-labels")["updated"] == 1
    assert bd.json("label", "list", one) == ["gt:agent", "rig:api"]
    assert bd.json("agent", "backfill-labels")["updated"] == 0


def test_setting_up_can_be_silent_shared_or_private(bare_bd: Bd) -> None:
    answer = bare_bd("init", "-p", "gt", "--quiet", "--team")
    assert answer.out == "" and answer.err == ""
    assert bare_bd.json("config", "get", "sync.branch")["value"] == "beads-sync"
    assert "--server flag requires --backend dolt" in bare_bd.refuses("init", "--server", "--force").err


def test_mail_goes_to_whoever_does_mail(bd: Bd, monkeypatch: pytest.MonkeyPatch) -> None:
    bd("config", "set", "mail.delegate", "printf %s,")
    assert bd("mail", "send", "a b", "-s", "x; y").out == "send,a b,-s,x; y,\n"
    monkeypatch.setenv("BEADS_MAIL_DELEGATE", "false")
    assert bd.tries("mail", "inbox").code == 1


def test_in_a_town_mail_is_the_towns_own(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    bd = bd_at(tmp_path / "town", capsysbinary, monkeypatch)
    assert run(["install", str(tmp_path / "town" / "gt")], "gt") == 0
    monkeypatch.chdir(tmp_path / "town" / "gt")
    answer = bd.tries("mail", "inbox")
    assert answer.code == 0, answer.err
