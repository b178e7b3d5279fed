"""Real towns and real repositories in a temporary folder."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.town import install
from gastown_tui.core.wiring import open_hands

_LEFT_OUT = ("GT_", "BD_", "BEADS_", "GIT_", "TMUX", "GASTOWN_")
_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A Person",
    "GIT_AUTHOR_EMAIL": "person@example.invalid",
    "GIT_COMMITTER_NAME": "A Person",
    "GIT_COMMITTER_EMAIL": "person@example.invalid",
}


def surroundings(**more: str) -> dict[str, str]:
    """An environment in which nobody stands in a town, with git's own settings left out."""
    return {key: value for key, value in os.environ.items() if not key.startswith(_LEFT_OUT)} | _GIT | more


def git(cwd: Path, *words: str) -> str:
    """What git says there."""
    done = subprocess.run(["git", *words], cwd=cwd, env=surroundings(), capture_output=True, text=True, check=True)
    return done.stdout.strip()


def a_repository(path: Path, files: Mapping[str, str] | None = None) -> Path:
    """A repository with one commit on `main`; without files it has no commit at all."""
    path.mkdir(parents=True)
    git(path, "init", "--quiet", "--initial-branch=main")
    for name, text in (files or {}).items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    if files:
        git(path, "add", "--all", "--force")
        git(path, "commit", "--quiet", "--message", "Begin")
    return path


def hands_at(cwd: Path, *, actor: str | None = None, **env: str) -> Hands:
    """Hands on whatever home lies around a folder."""
    return open_hands(actor=actor, env=surroundings(**env), cwd=cwd)


def a_real_town(root: Path, **options: str) -> Hands:
    """A fresh town, seen by its overseer from its root."""
    root.parent.mkdir(parents=True, exist_ok=True)
    install(hands_at(root.parent), str(root), **options)  # type: ignore[arg-type]
    return hands_at(root)
