"""The documents' own examples, typed as they stand there: `gt` and `bd` on the PATH, a shell, a real town."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gastown_tui.core.wiring import tmux_socket
from tests.end.documents_town import Town, filed
from tests.places import git
from tests.ports.tmux_server import eventually

pytestmark = [pytest.mark.tmux, pytest.mark.slow]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path)
    yield town
    town.close()


# ---------------------------------------------------------------------------------------------- cooking formulas

SHINY = """
    # .beads/formulas/shiny.formula.toml
    formula = "shiny"
    description = "Design before code, review before ship"
    [[steps]]
    id = "design"
    description = "Think about architecture"
    [[steps]]
    id = "implement"
    needs = ["design"]
    [[steps]]
    id = "test"
    needs = ["implement"]
    [[steps]]
    id = "submit"
    needs = ["test"]
    """


def test_using_formulas(town: Town) -> None:
    town.workers_are("patient")
    town.formula(SHINY)
    you = town.person.at(town.rig)
    assert "shiny" in you("bd formula list")
    assert "✓ Cooked proto: shiny" in you("bd cook shiny")
    poured = you("bd mol pour shiny --var feature=auth")
    root = poured.split("Root issue: ")[1].split()[0]
    assert root.startswith("gt-")
    assert "Auth feature" in you(f'gt convoy create "Auth feature" {root}')
    assert f"Spawned polecat-myproject-slot0, hooked {root}" in you(f"gt sling {root} myproject")
    assert "Auth feature" in you("gt convoy list")
    you("gt start --no-mayor")
    worker = town.polecat("slot0")
    for step in [each["id"] for each in you.json(f"bd mol show {root}")["issues"] if each["id"] != root]:
        worker(f"bd close {step} --continue")
    worker("gt done --review-only")
    eventually(lambda: you.json(f"bd show {root}")[0]["status"] == "closed", within_s=60)
    steps = you.json(f"bd mol show {root}")["issues"]
    assert [step["status"] for step in steps] == ["closed"] * 5
    eventually(lambda: "complete" in you("gt convoy list --all") or "landed" in you("gt convoy list --all"))


BEADS_RELEASE = """
    formula = "beads-release"
    description = "Version bump and release workflow"
    [[steps]]
    id = "bump-version"
    description = "Update version in version.go and CHANGELOG"
    [[steps]]
    id = "update-deps"
    needs = ["bump-version"]
    description = "Run go mod tidy, update go.sum"
    [[steps]]
    id = "run-tests"
    needs = ["update-deps"]
    description = "Full test suite, check for regressions"
    [[steps]]
    id = "build-binaries"
    needs = ["run-tests"]
    description = "Cross-compile for all platforms"
    [[steps]]
    id = "create-tag"
    needs = ["build-binaries"]
    description = "Git tag with version, push to origin"
    [[steps]]
    id = "publish-release"
    needs = ["create-tag"]
    description = "Create GitHub release with binaries"
    """


def test_a_release_goes_on_with_a_new_polecat_where_the_first_one_crashed(town: Town) -> None:
    town.workers_are("patient")
    town.formula(BEADS_RELEASE)
    you = town.person.at(town.rig)
    you("bd cook beads-release")
    root = you("bd mol pour beads-release").split("Root issue: ")[1].split()[0]
    you(f"gt sling {root} myproject")
    polecat = town.polecat("slot0")
    assert polecat("gt hook").splitlines()[0] == f"HOOKED: {root}"
    for step, title in ((1, "Update deps"), (2, "Run tests"), (3, "Build binaries")):
        assert title in polecat(f"bd close {root}.{step} --continue")
    pid = int(tmux(town, "list-panes -t polecat-myproject-slot0 -F '#{pane_pid}'"))
    os.kill(pid, signal.SIGKILL)
    again = town.polecat("slot0")
    assert f"next: {root}.4 Build binaries" in again("gt hook")
    assert "[x]" in again("gt prime") and "Cross-compile" in again(f"bd show {root}.4")
    for step in (4, 5, 6):
        again(f"bd close {root}.{step}")
    assert "every step is done" in again("gt hook")


def test_the_polecats_propulsion_loop(town: Town) -> None:
    town.workers_are("patient")
    town.formula(SHINY)
    you = town.person.at(town.rig)
    root = you("bd mol pour shiny").split("Root issue: ")[1].split()[0]
    you(f"gt sling {root} myproject")
    polecat = town.polecat("slot0")
    # 1. What's hooked?
    assert polecat("gt hook").splitlines()[0] == f"HOOKED: {root}"
    for step in (1, 2, 3, 4):
        # 2. Where am I in the molecule?  3. Execute current step
        assert f"{root}.{step}" in polecat("bd mol current")
        polecat(f"echo {step} > step{step}.txt && git add step{step}.txt && git commit --quiet -m 'Step {step}'")
        # 4. Close and advance  5. If more steps: GOTO 2
        told = polecat(f"bd close {root}.{step} --continue")
        assert (f"→ Now in progress: {root}.{step + 1}" in told) is (step < 4)
    # 6. Signal completion
    assert "merge request" in polecat("gt done")


def test_formula_composition(town: Town) -> None:
    town.formula(SHINY)
    town.formula(
        """
        # Extend an existing formula
        formula = "shiny-enterprise"
        extends = ["shiny"]
        [compose]
        aspects = ["security-audit"] # Add cross-cutting concerns
        """
    )
    you = town.person.at(town.rig)
    shown = you("bd formula show shiny-enterprise")
    ids = re.findall(r"^ +([a-z-]+): ", shown, flags=re.M)
    assert [name for name in ids if name in {"design", "implement", "test", "submit"}] == [
        "design", "implement", "test", "submit",
    ]  # fmt: skip
    assert len(ids) == 7 and ids[1].startswith("implement-") and ids[-2].startswith("submit-")
    assert "✓ Cooked proto: shiny-enterprise" in you("bd cook shiny-enterprise")


def test_the_third_documents_molecule_commands(town: Town) -> None:
    town.formula(SHINY)
    you = town.person.at(town.rig)
    bead = filed(you('bd create --title="Feature X" --type=feature --priority=2'))
    assert "✓ Cooked proto: shiny" in you("bd mol cook shiny")
    root = you(f"bd mol pour shiny {bead}").split("Root issue: ")[1].split()[0]
    wisp = you("bd mol wisp mol-witness-patrol").split("Root issue: ")[1].split()[0]
    assert f"{root}.1" in you("bd ready")
    assert f"Closed {root}.1" in you(f"bd close {root}.1")
    assert f"{root}.2" in you("bd ready")
    assert "Digest" in you(f"bd show {you(f'bd mol squash {wisp}').split('→ ')[1].split()[0]}")
    other = you("bd mol wisp mol-witness-patrol").split("Root issue: ")[1].split()[0]
    assert f"✓ Burned {other}" in you(f"bd mol burn {other}")
    assert "no issue found" in you(f"bd show {other}", fails=True)


# ---------------------------------------------------------------------------------------------- quick start examples


def test_example_1_create_and_assign_a_bug_fix(town: Town) -> None:
    town.workers_are("patient")
    mayor = town.mayor
    # 1. Mayor creates the bug
    bead = filed(mayor('bd create --title="Fix login timeout" --type=bug --priority=1'))
    # 2. Mayor assigns to a polecat
    assert f"Spawned polecat-myproject-slot0, hooked {bead}" in mayor(f"gt sling {bead} myproject")
    # 3. Polecat (in its session) checks hook and works
    polecat = town.polecat("slot0")
    assert polecat("gt hook").splitlines()[0] == f"HOOKED: {bead}"
    assert "Fix login timeout" in polecat(f"bd show {bead}")
    polecat("echo 'timeout 30' > login.txt && git add login.txt && git commit --quiet -m 'Wait longer'")
    # 4. Polecat signals completion
    assert "merge request" in polecat("gt polecat done")
    # 5. Witness validates, sends to Refinery  6. Refinery runs tests, merges
    town.person("gt start --no-mayor")
    eventually(lambda: mayor.json(f"bd show {bead}")[0]["status"] == "closed", within_s=60)
    assert git(town.folder / "repo.git", "show", "main:login.txt") == "timeout 30"


def test_example_2_dispatch_multiple_tasks(town: Town) -> None:
    town.workers_are("patient")
    mayor = town.mayor
    # Create an epic with subtasks
    epic = filed(mayor('bd create --title="Implement auth system" --type=epic --priority=1'))
    tasks = []
    for title in ("Add login endpoint", "Add logout endpoint", "Add session middleware"):
        tasks.append(filed(mayor(f'bd create --title="{title}" --type=task')))
        mayor(f"bd dep add {tasks[-1]} {epic}  # Task under epic")
    # Check what's ready to work
    ready = mayor("bd ready")
    assert all(task in ready for task in tasks)
    # Dispatch to different polecats
    for number, task in enumerate(tasks):
        assert f"Spawned polecat-myproject-slot{number}, hooked {task}" in mayor(f"gt sling {task} myproject")
    # Monitor progress
    listed = mayor("gt convoy list")
    assert all(title in listed for title in ("Add login endpoint", "Add logout endpoint", "Add session middleware"))


def test_hierarchical_ids(town: Town) -> None:
    you = town.person.at(town.rig)
    epic = filed(you('bd create --title="Epic" --type=epic'))
    task = filed(you(f'bd create --title="Task under epic" --parent {epic}'))
    sub = filed(you(f'bd create --title="Sub-task" --parent {task}'))
    assert (task, sub) == (f"{epic}.1", f"{epic}.1.1")


def test_example_3_handle_a_handoff(town: Town) -> None:
    town.workers_are("patient")
    bead = filed(town.mayor('bd create --title="Fix login timeout" --type=bug --priority=1'))
    town.mayor(f"gt sling {bead} myproject")
    polecat = town.polecat("slot0")
    text = "Fixed timeout but tests still failing on CI..."
    polecat(f'gt handoff -s "Login fix incomplete" -m "{text}"')
    # Previous session left work incomplete
    assert polecat("gt hook").splitlines()[0] == f"HOOKED: {bead}"
    # Check for handoff context
    inbox = polecat("gt mail inbox")
    assert "HANDOFF: Login fix incomplete" in inbox
    message = re.search(r"msg-\w+", inbox)
    assert message is not None
    assert text in polecat(f"gt mail read {message[0]}")
    # Continue the work
    assert "Fix login timeout" in polecat(f"bd show {bead}")
    # Session end checklist, as the mayor
    town.mayor('gt mail send mayor/ -s "🤝 HANDOFF: half done" -m "the rest is in gt-1"')
    assert "🤝 HANDOFF: half done" in town.mayor("gt mail inbox")


def test_example_4_watch_events_in_real_time(town: Town) -> None:
    # Terminal 1: Watch all events
    line = "tail -f .beads/feed.jsonl | jq ." if shutil.which("jq") else "tail -f .beads/feed.jsonl"
    screen, terminal = os.openpty()
    watching = subprocess.Popen(
        ["bash", "-c", line], cwd=town.root, env=town.person.env, stdout=terminal, start_new_session=True
    )
    os.set_blocking(screen, False)
    shown = b""

    def shows(*words: bytes) -> bool:
        nonlocal shown
        with suppress(BlockingIOError):
            shown += os.read(screen, 65536)
        return all(word in shown for word in words)

    try:
        # Terminal 2: Do some work
        town.person('bd create --title="Test event" --type=task')
        town.person('gt mail send witness -s "Test" -m "Hello"')
        # Terminal 1 shows
        eventually(lambda: shows(b'"bead.created"', b'"Test event"', b'"mail.sent"', b'"Hello"'))
    finally:
        os.killpg(watching.pid, signal.SIGTERM)
        watching.wait()
        os.close(screen)
        os.close(terminal)
    events = [json.loads(each) for each in (town.root / ".beads" / "feed.jsonl").read_text().splitlines()]
    kinds = {event["event_type"]: event["data"] for event in events}
    assert kinds["bead.created"]["bead_id"].startswith("hq-")
    assert kinds["mail.sent"]["to"] == ["myproject/witness"]


def tmux(town: Town, words: str) -> str:
    """`tmux` as typed in the documents, talking to the town's own server."""
    socket = tmux_socket(town.root)
    return town.person(f"tmux -S {socket} {words}", fails=True)


def test_example_5_debug_a_stuck_polecat(town: Town) -> None:
    town.workers_are("patient")
    bead = filed(town.mayor('bd create --title="Fix login timeout" --type=bug --priority=1'))
    town.mayor(f"gt sling {bead} myproject")
    # Check polecat status
    assert "slot0" in town.mayor("gt polecat list myproject")
    # Attach to see what's happening: the session is there, by that name, on the town's own server
    assert "polecat-myproject-slot0" in tmux(town, "list-sessions")
    # Check recent events for that agent
    town.polecat("slot0")("gt prime")
    assert "agent.working" in town.mayor("bd events list --actor=myproject/polecats/slot0 --since=30m")
    # If truly stuck, kill and respawn
    tmux(town, "kill-session -t polecat-myproject-slot0")
    assert "polecat-myproject-slot0" not in tmux(town, "list-sessions")
    again = town.mayor(f"gt sling {bead} myproject  # Re-assign work")
    assert f"{bead} was slung to myproject/polecats/slot0 already; polecat-myproject-slot0 goes on with it" in again
    assert "polecat-myproject-slot0" in tmux(town, "list-sessions")
