"""A town as the documents set one up, and the shells of those who type in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

from gastown_tui.core.verbs.shims import write_launchers
from gastown_tui.core.wiring import tmux_socket
from tests.places import a_repository, git, hands_at, surroundings
from tests.ports.tmux_server import eventually, processes_in

PATIENT = """
title = "A program that waits"
command = "cat"
ready_patterns = ['^$']
busy_patterns = []
dialog_patterns = []
start_timeout_s = 20.0
needs_model = false
"""
"""Stands for an agent whose part is played by the test."""


class Terminal:
    """A person's or an agent's shell."""

    def __init__(self, cwd: Path, env: dict[str, str]) -> None:
        self.cwd = cwd
        self.env = env

    def __call__(self, line: str, *, fails: bool = False) -> str:
        """Type a line; what it printed on both streams."""
        done = subprocess.run(
            ["bash", "-c", line], cwd=self.cwd, env=self.env, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip
        assert fails or done.returncode == 0, f"$ {line}\n{done.stdout}"
        return done.stdout

    def json(self, line: str) -> Any:
        """Type a line and read its JSON."""
        done = subprocess.run(
            ["bash", "-c", f"{line} --json 2>/dev/null"], cwd=self.cwd, env=self.env, capture_output=True, check=True
        )
        return json.loads(done.stdout)

    def at(self, cwd: Path, **env: str) -> Terminal:
        """The same person elsewhere, or somebody else."""
        return Terminal(cwd, self.env | env)


def person_with_commands(folder: Path) -> Terminal:
    """Somebody at home in a folder, with `gt` and `bd` on the PATH."""
    binaries = folder / "bin"
    write_launchers(hands_at(folder), binaries)
    path = os.pathsep.join([str(binaries), str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return Terminal(folder, surroundings(PATH=path, HOME=str(folder), PYTHONDONTWRITEBYTECODE="1"))


class Town:
    """A town with the documents' project in it, and the terminals around it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = a_repository(folder / "you" / "repo", {"login.txt": "timeout 1\n"})
        git(folder, "clone", "--quiet", "--bare", str(self.source), str(folder / "repo.git"))
        self.person = person_with_commands(folder)
        self.root = folder / "gt"
        self.person("gt install ~/gt")
        self.person = self.person.at(self.root)
        self.person(f"gt rig add myproject {folder}/repo.git --prefix gt")
        self.person("gt config set daemon.beat_s 0.2")
        self.rig = self.root / "myproject"
        (self.root / "runtimes").mkdir()
        (self.root / "runtimes" / "patient.toml").write_text(PATIENT)
        self.mayor = self.person.at(self.rig, GT_ROLE="mayor", BD_ACTOR="mayor")

    def workers_are(self, runtime: str) -> None:
        """Which program plays the workers."""
        self.person(f"gt config set runtime {runtime}")

    def polecat(self, name: str) -> Terminal:
        """The inside of a worker's session."""
        address = f"myproject/polecats/{name}"
        who = {"GT_ROLE": address, "BD_ACTOR": address, "GT_RIG": "myproject", "GT_ROOT": str(self.root)}
        return self.person.at(self.rig / "polecats" / name, BEADS_DIR=str(self.rig / ".beads"), **who)

    def formula(self, text: str) -> None:
        """A formula put where its first line says."""
        text = dedent(text).lstrip("\n")
        name = text.split('formula = "', 1)[1].split('"', 1)[0]
        place = self.rig / ".beads" / "formulas"
        place.mkdir(exist_ok=True)
        (place / f"{name}.formula.toml").write_text(text)

    def close(self) -> None:
        """Put it to rest; nothing of it may go on running."""
        self.person("gt shutdown --now --yes", fails=True)
        socket = tmux_socket(self.root)
        if socket.exists():
            subprocess.run(["tmux", "-S", str(socket), "kill-server"], check=False, capture_output=True)
        eventually(lambda: not processes_in(self.folder), within_s=60)


def filed(printed: str) -> str:
    """The id of the bead a `bd create` filed."""
    found = re.search(r"Created issue: (\S+)", printed)
    assert found is not None, printed
    return found[1]
