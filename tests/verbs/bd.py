"""`bd` as a program calls it, without the process: words in, exit code and both streams out, on a real ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gastown_tui.cli.build import run
from tests.places import surroundings


class Answer:
    """What one command said."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def value(self) -> Any:
        """The answer read as JSON."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """The answer's lines that say something."""
        return [line for line in self.out.splitlines() if line.strip()]


class Bd:
    """The program, in one directory, as one person."""

    def __init__(self, home: Path, capture: pytest.CaptureFixture[bytes], patch: pytest.MonkeyPatch) -> None:
        self.home = home
        self._capture = capture
        for name in (
            "BEADS_DIR",
            "BEADS_DB",
            "GT_ROOT",
            "GT_TOWN_ROOT",
            "GT_ROLE",
            "GT_RIG",
            "BEADS_ACTOR",
            "BD_JSON",
            "CLAUDE_CODE",
        ):
            patch.delenv(name, raising=False)
        patch.setenv("BD_ACTOR", "ada")
        for name, value in surroundings().items():
            if name.startswith("GIT_"):
                patch.setenv(name, value)
        patch.setenv("PWD", str(home))
        patch.setenv("TZ", "UTC")
        patch.chdir(home)

    def __call__(self, *words: str, fails: bool = False) -> Answer:
        """Run a command; one that fails must be expected to."""
        answer = self.tries(*words)
        assert fails or answer.code == 0, f"bd {' '.join(words)}: {answer.err}"
        return answer

    def tries(self, *words: str) -> Answer:
        """Run a command that may fail."""
        self._capture.readouterr()
        code = run(["bd", *words], "bd")
        out, err = self._capture.readouterr()
        return Answer(code, out.decode(), err.decode())

    def json(self, *words: str) -> Any:
        """Run a command and read its JSON."""
        return self(*words, "--json").value

    def files(self, title: str, *words: str) -> str:
        """File a bead and give back its id."""
        return self("create", title, "-d", "because", "--silent", *words).out.strip()

    def files_without(self, title: str, *words: str) -> str:
        """File a bead whose description comes from elsewhere."""
        return self("create", title, "--silent", *words).out.strip()

    def refuses(self, *words: str) -> Answer:
        """Run a command that must fail in one line and leave every tracked file as it was."""
        before = self.bytes()
        answer = self.tries(*words)
        assert answer.code != 0, answer.out
        said = answer.err.splitlines()
        assert said[0].startswith("Error: ") and len([line for line in said if line.startswith("Error: ")]) == 1
        assert self.bytes() == before
        return answer

    def bytes(self) -> dict[str, bytes]:
        """Every file of the ledger that others see."""
        beads = self.home / ".beads"
        return {each.name: each.read_bytes() for each in sorted(beads.glob("*")) if each.is_file()}


def bd_at(home: Path, capture: pytest.CaptureFixture[bytes], patch: pytest.MonkeyPatch) -> Bd:
    """A program in a directory that has no ledger yet."""
    home.mkdir(exist_ok=True)
    return Bd(home, capture, patch)
