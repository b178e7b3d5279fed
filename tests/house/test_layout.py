"""The house stands as its plan says."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "gastown_tui").rglob("*.py"))


def test_the_rooms_people_restyle_stand_at_the_top() -> None:
    for name in ("widgets", "styles"):
        link = ROOT / name
        assert link.is_symlink()
        assert link.resolve() == (ROOT / "gastown_tui" / name).resolve()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_belongs_in_it(source: Path) -> None:
    assert ast.get_docstring(ast.parse(source.read_text(encoding="utf-8")))


def test_no_room_has_a_name_that_says_nothing() -> None:
    banned = {"utils", "helpers", "common", "manager", "service", "base", "misc"}
    assert [path for path in SOURCES if path.stem in banned] == []


def test_no_shell_is_given_text_to_interpret() -> None:
    calls = [
        path
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "shell" and getattr(node.value, "value", False) is True
    ]
    assert calls == []


def test_the_headless_front_never_meets_the_room_or_libtmux() -> None:
    program = (
        "import sys; import gastown_tui.core.wiring, gastown_tui.cli.build; from gastown_tui.core import verbs; "
        "verbs.every(); print([name for name in ('textual', 'libtmux', 'rich', 'watchdog') if name in sys.modules])"
    )
    env = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == "[]"


def test_the_door_imports_next_to_nothing() -> None:
    program = (
        "import sys, __future__; before = set(sys.modules); import gastown_tui.__main__; "
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['gastown_tui', 'gastown_tui.__main__']"


def test_generated_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_imports_keep_to_the_layers() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(lint)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout
