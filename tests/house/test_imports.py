"""Commands that agents call all day load nothing they do not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gastown_tui.core.events import BeadCreated, Entry, HookSet
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId
from gastown_tui.core.wiring import create_ledger, open_hands

SPARED = (
    "argparse", "asyncio", "click", "configparser", "csv", "difflib", "email", "hashlib", "http", "inspect", "json",
    "libtmux", "logging", "psutil", "random", "rich", "selectors", "shlex", "shutil", "socket", "subprocess",
    "tempfile", "textual", "tomlkit", "tomllib", "unicodedata", "watchdog",
)  # fmt: skip
"""What is never needed to read a ledger, or to write one bead to it."""
PROGRAM = """
import sys
from gastown_tui.__main__ import main
code = main(sys.argv[2:], prog=sys.argv[1])
print("loaded", *sorted(sys.modules))
sys.exit(code)
"""
READING = (("gt", "hook"), ("bd", "show", "gt-1"), ("bd", "show", "gt-1", "--json"), ("bd", "ready", "--json"))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A lone ledger with a bead on the mayor's hook."""
    create_ledger(tmp_path, "gt")
    facts = (
        BeadCreated(bead_id=BeadId("gt-1"), title="Mend the gate"),
        BeadCreated(bead_id=BeadId("gt-2"), title="Paint it"),
        HookSet(agent=Address("mayor"), ref_id=BeadId("gt-1"), assignment_id=AssignmentId("asg-1")),
    )
    hands = open_hands(tmp_path, env={}, cwd=tmp_path)
    hands.ledger.record(lambda _: [Entry(fact) for fact in facts], actor="overseer")
    return tmp_path


def loaded(place: Path, program: str, *words: str) -> tuple[str, set[str]]:
    """What a command prints, and the modules it leaves loaded."""
    call = [program, "--batch", *(["bd"] if program == "bd" else []), *words]
    done = subprocess.run(
        [sys.executable, "-S", "-c", _WITHOUT_SITE + PROGRAM, *call],
        capture_output=True,
        text=True,
        check=True,
        cwd=place,
        env={"BD_ACTOR": "mayor", "HOME": str(place)},
    )
    said, _, listed = done.stdout.rpartition("loaded ")
    modules = set(listed.split())
    assert "gastown_tui.__main__" in modules
    return said, modules


_WITHOUT_SITE = f"import sys; sys.path += {[each for each in sys.path if each]!r}\n"
"""What other packages start with every interpreter of this environment is no business of a command's."""


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_reading_loads_next_to_nothing(place: Path, words: tuple[str, ...]) -> None:
    said, modules = loaded(place, *words)
    assert "gt-1" in said or "gt-2" in said
    assert modules.intersection(SPARED) == set()
    assert _rooms(modules, "core.patrols") == set()
    assert _rooms(modules, "core.events") == {"envelope"}
    assert _rooms(modules, "core.fold") == {"apply", "shelf", "state", "town"}
    assert _rooms(modules, "core.world").isdisjoint({"projector", "projections", "adopt", "tmux", "git", "quarantine"})
    assert _rooms(modules, "core.verbs") <= {"beads", "declare", "hook", "bd_show", "bd_ready", "bead_filters"}


def test_filing_a_bead_loads_no_more_than_its_projections_need(place: Path) -> None:
    said, modules = loaded(place, "bd", "create", "Oil the hinges", "-d", "they squeak", "--silent")
    assert said.startswith("gt-")
    assert modules.intersection(SPARED) == set()
    assert _rooms(modules, "core.patrols") == set()
    assert _rooms(modules, "core.world").isdisjoint({"adopt", "tmux", "git", "quarantine"})


def test_the_version_is_told_without_opening_the_house(place: Path) -> None:
    said, modules = loaded(place, "gt", "--version")
    assert said.startswith("gastown-tui ")
    assert {each for each in modules if each.startswith("gastown_tui")} == {"gastown_tui", "gastown_tui.__main__"}


def _rooms(modules: set[str], room: str) -> set[str]:
    """The modules of one room among them, by their own names."""
    head = f"gastown_tui.{room}."
    return {each.removeprefix(head) for each in modules if each.startswith(head)}
