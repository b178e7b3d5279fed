"""Completion, sourced by the shells that are here, for words, flags and ids."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gastown_tui.cli.build import run
from tests.verbs.bd import Bd


@pytest.fixture
def programs(bd: Bd, tmp_path: Path) -> Path:
    """A directory with the launchers `gt` and `bd`."""
    place = tmp_path / "programs"
    assert run(["shims", str(place)], "gt") == 0
    return place


def _says(shell: str, text: str, programs: Path, home: Path) -> list[str]:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not here")
    env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    argv = {"bash": [found, "--norc", "-c"], "zsh": [found, "-f", "-c"], "fish": [found, "--no-config", "-c"]}[shell]
    done = subprocess.run([*argv, text], cwd=home, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _completed(shell: str, words: list[str], programs: Path, home: Path) -> list[str]:
    if shell == "fish":
        asked = " ".join(words)
        lines = _says(shell, f"bd completion fish | source; complete -C '{asked}'", programs, home)
        return [line.split("\t")[0] for line in lines]
    quoted = " ".join(f"'{word}'" for word in words)
    if shell == "bash":
        return _says(
            shell,
            f"source <(bd completion bash); COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; "
            f"[[ $(complete -p bd) == *_gastown_tui* ]] || exit 1; _gastown_tui; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            programs,
            home,
        )
    # Outside its line editor zsh has no compadd: ours prints the array it is given the name of.
    return _says(
        shell,
        "autoload -Uz compinit; compinit -u -D; source <(bd completion zsh); "
        "[[ $_comps[bd] == _gastown_tui ]] || exit 1; compadd() { print -l -- ${(P)2} }; "
        f"words=({quoted}); CURRENT={len(words)}; _gastown_tui",
        programs,
        home,
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_flags_and_ids(shell: str, bd: Bd, programs: Path) -> None:
    one, two = bd.files("A", "--id", "gt-abc1"), bd.files("B", "--id", "gt-abc2")
    assert _completed(shell, ["bd", "cre"], programs, bd.home) == ["create"]
    assert set(_completed(shell, ["bd", "dep", ""], programs, bd.home)) >= {"add", "remove", "tree", "cycles"}
    assert "--priority-min" in _completed(shell, ["bd", "list", "--prio"], programs, bd.home)
    assert _completed(shell, ["bd", "show", "gt-ab"], programs, bd.home) == [one, two]


def test_each_script_reads_without_a_shell(bd: Bd) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "completion words" in bd("completion", shell).out
    assert "one of bash, zsh, fish" in bd.refuses("completion", "powershell").err
