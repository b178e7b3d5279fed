"""The demo plays a whole town to the end, through kills, and leaves nothing behind, however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gastown_tui.core.verbs import demo_plan
from tests.places import surroundings
from tests.ports.tmux_server import eventually, processes_in

pytestmark = [pytest.mark.tmux, pytest.mark.slow]
PLAY_S = 240.0
"""Far beyond the demo's own deadline: machines that run tests are busy."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where the demo's temporary folders go; nothing may be left there, nor run there."""
    folder = tmp_path / "t"
    folder.mkdir()
    yield folder
    eventually(lambda: not processes_in(folder) and not list(folder.iterdir()), within_s=PLAY_S)


def begin(place: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        (sys.executable, "-m", "gastown_tui", "demo", "--batch", "--json", *words),
        cwd=place.parent, env=surroundings(TMPDIR=str(place)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def play(place: Path, *words: str) -> dict[str, Any]:
    playing = begin(place, *words)
    out, err = playing.communicate(timeout=PLAY_S)
    assert playing.returncode == 0, (out, err)
    played: dict[str, Any] = json.loads(out)
    return played


def check(played: dict[str, Any]) -> None:
    assert played["ok"] is True
    assert [each["status"] for each in played["convoys"]] == ["landed", "landed"]
    assert all(each["done"] == each["total"] > 0 and each["id"] and each["title"] for each in played["convoys"])
    assert sum(each["total"] for each in played["convoys"]) == len(demo_plan.PLAN) >= 8
    merged = played["merged"]
    assert len({each["bead"] for each in merged}) == len(merged) == len(demo_plan.PLAN)
    assert {(each["branch"], each["gate"]) for each in merged} == {("main", "pass")}
    assert len({each["commit"] for each in merged}) == len(merged)
    polecats = [each for each in played["agents"] if "/polecats/" in each["address"]]
    assert len(polecats) >= demo_plan.CAPACITY
    assert {each["runtime"] for each in polecats} == {"shell"}
    assert any(each["from"] == "overseer" and each["subject"].startswith("Answer:") for each in played["mail"])


def test_a_town_lands_two_convoys(place: Path) -> None:
    played = play(place)
    check(played)
    assert played["kills"] == {}


def test_killed_workers_and_a_killed_daemon_change_nothing_about_the_outcome(place: Path) -> None:
    played = play(place, "--kill-workers", "--kill-daemon")
    check(played)
    assert len(played["kills"]["workers"]) >= demo_plan.CAPACITY
    assert played["kills"]["daemon"] > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_demo_leaves_nothing_behind(place: Path, number: signal.Signals) -> None:
    playing = begin(place)
    eventually(lambda: list(place.glob("*/town/tally/polecats/*")), within_s=PLAY_S)
    os.kill(playing.pid, number)
    playing.communicate(timeout=PLAY_S)
    assert playing.returncode != 0
