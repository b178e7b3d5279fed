"""Runtime presets: those shipped, a town's own, and files that are not what they must be."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gastown_tui.core.errors import BadInput, NotFound, ToolFailed
from gastown_tui.core.world.runtimes import SHIPPED, SIZE_LIMIT, TomlRuntimes

PRESETS = ("amp", "auggie", "claude", "codex", "copilot", "cursor", "gemini", "opencode", "shell")


def write(directory: Path, name: str, content: str | bytes) -> TomlRuntimes:
    directory.mkdir(exist_ok=True)
    (directory / f"{name}.toml").write_bytes(content.encode() if isinstance(content, str) else content)
    return TomlRuntimes([directory])


def program(directory: Path, name: str) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_documents_runtimes_are_shipped() -> None:
    assert TomlRuntimes().names() == PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_every_shipped_preset_can_be_read_started_and_recognised(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtimes = TomlRuntimes()
    runtime = runtimes.find(name)
    assert (runtime.name, bool(runtime.title)) == (name, True)
    assert runtime.ready_patterns
    assert runtime.busy_patterns
    assert runtime.dialog_patterns
    assert runtime.needs_model == (name != "shell")
    if name != "shell":
        path = program(tmp_path / "bin", runtime.command)
        monkeypatch.setenv("PATH", str(path.parent))
        assert runtimes.argv(runtime)[0] == str(path)


def test_the_shell_worker_runs_on_the_interpreter_the_town_runs_on() -> None:
    runtimes = TomlRuntimes()
    expected = (sys.executable, "-P", "-m", "gastown_tui", "--batch", "worker", "run")
    assert runtimes.argv(runtimes.find("shell"), prompt="begin") == expected


def test_the_shell_worker_runs_no_module_of_the_tree_it_works_in(tmp_path: Path) -> None:
    """A project may hold a folder of our name, or of a package we use."""
    for name in ("gastown_tui", "msgspec", "click"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('the project was run')\n")
    runtimes = TomlRuntimes()
    argv = (*runtimes.argv(runtimes.find("shell"))[: -len(("worker", "run"))], "version")
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "resume", "prompt", "expected"),
    [
        ("claude", False, "", ("--dangerously-skip-permissions",)),
        ("claude", True, "go on; now", ("--dangerously-skip-permissions", "--continue", "go on; now")),
        ("gemini", False, "go", ("--approval-mode", "yolo", "--prompt-interactive", "go")),
        ("codex", True, "", ("--dangerously-bypass-approvals-and-sandbox", "resume", "--last")),
        ("claude", False, "-p x", ("--dangerously-skip-permissions", " -p x")),
        ("amp", False, "is typed later", ("--dangerously-allow-all", "--no-ide")),
    ],
)
def test_prompt_and_resuming_are_arguments_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, resume: bool, prompt: str, expected: tuple[str, ...]
) -> None:
    runtimes = TomlRuntimes()
    runtime = runtimes.find(name)
    path = program(tmp_path / "bin", runtime.command)
    monkeypatch.setenv("PATH", str(path.parent))
    assert runtimes.argv(runtime, prompt=prompt, resume=resume) == (str(path), *expected)


def test_a_missing_program_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    runtimes = TomlRuntimes()
    with pytest.raises(ToolFailed, match="runtime claude needs the program 'claude', which is not on PATH") as failed:
        runtimes.argv(runtimes.find("claude"))
    assert "\n" not in failed.value.message
    assert "--runtime" in failed.value.hint


def test_a_runtimes_own_path_is_where_its_program_is_looked_for(tmp_path: Path) -> None:
    path = program(tmp_path / "bin", "mine")
    runtimes = write(tmp_path / "runtimes", "mine", f'command = "mine"\nenv = {{ PATH = "{path.parent}" }}')
    assert runtimes.argv(runtimes.find("mine")) == (str(path),)


def test_a_towns_own_preset_wins_and_adds_to_the_shipped_ones(tmp_path: Path) -> None:
    write(tmp_path / "runtimes", "local", 'command = "local-model"')
    runtimes = write(tmp_path / "runtimes", "claude", 'command = "claude"\nargs = ["--careful"]')
    assert runtimes.names() == tuple(sorted((*PRESETS, "local")))
    assert runtimes.find("claude").args == ("--careful",)
    assert runtimes.find("local").command == "local-model"


def test_a_directory_that_is_not_there_adds_nothing(tmp_path: Path) -> None:
    assert TomlRuntimes([tmp_path / "nowhere"]).names() == PRESETS


@pytest.mark.parametrize("name", ["nonesuch", "", "../claude", "/etc/passwd", "claude.toml", "Claude", "-x"])
def test_an_unknown_runtime_is_answered_with_those_there_are(name: str) -> None:
    with pytest.raises(NotFound, match="there is no runtime") as failed:
        TomlRuntimes().find(name)
    assert all(preset in failed.value.hint for preset in PRESETS)


def test_files_whose_names_are_no_runtime_names_are_passed_over(tmp_path: Path) -> None:
    for name in ("-x", "Upper", "a b", "x" * 50):
        runtimes = write(tmp_path / "runtimes", name, 'command = "x"')
    assert runtimes.names() == PRESETS


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('command = "x"\nmodel = "y"', "unknown key 'model'"),
        ('name = "y"\ncommand = "x"', "unknown key 'name'"),
        ('title = "x"', "command"),
        ('command = ""', "command names no program"),
        ("command = 7", r"Expected `str`, got `int` - at `\$.command`"),
        ('command = "x"\nargs = "y"', r"at `\$.args`"),
        ('command = "x"\nready_patterns = ["("]', r"ready_patterns has '\(', which is no regular expression"),
        ('command = "x"\nbusy_patterns = [""]', "busy_patterns has a pattern that is empty"),
        (f'command = "x"\ndialog_patterns = ["{"a" * 401}"]', "dialog_patterns has a pattern .* longer than 400"),
        ('command = "x"\nsubmit_keys = ["Entre"]', "submit_keys has 'Entre', which is no key"),
        ('command = "x"\nclear_keys = ["u"]', "clear_keys has 'u', which is no key"),
        ('command = "x"\nprompt_args = ["--go"]', "prompt_args has no {prompt}"),
        ('command = "x"\nhooks = "other"', "hooks is 'other'"),
        ('command = "x"\nstart_timeout_s = 0', "start_timeout_s must be above 0"),
        ('command = "x"\nenv = { "A B" = "y" }', "env has 'A B'"),
        ("command = ", "is not TOML"),
        (b'command = "\xff"', "is not TOML"),
        ("a = " + "[" * 5000 + "]" * 5000, "is not TOML"),
        ("#" * (SIZE_LIMIT + 1), "is larger than 256 kB"),
    ],
)
def test_a_file_that_is_no_preset_is_named_with_what_is_wrong(
    tmp_path: Path, content: str | bytes, complaint: str
) -> None:
    runtimes = write(tmp_path / "runtimes", "mine", content)
    with pytest.raises(BadInput, match=complaint) as failed:
        runtimes.find("mine")
    assert str(tmp_path / "runtimes" / "mine.toml") in failed.value.message
    assert runtimes.find("claude").command == "claude"


def test_a_preset_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").mkdir()
    with pytest.raises(BadInput, match=r"mine\.toml cannot be read"):
        TomlRuntimes([tmp_path]).find("mine")


def test_shipped_patterns_begin_at_a_row_where_they_mark_an_input_line() -> None:
    for name in PRESETS:
        for pattern in TomlRuntimes([SHIPPED]).find(name).ready_patterns:
            assert pattern.startswith("^"), (name, pattern)
            assert not re.compile(pattern, re.MULTILINE).match("$ "), (name, pattern)
