"""The headless front as a process: doors, streams, exit codes, launchers."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gastown_tui.cli.exits import CODES, code_of
from gastown_tui.core import errors, verbs
from gastown_tui.core.views.launchers import completion_script, is_ours, launcher_text
from tests.places import surroundings

ROOT = Path(__file__).parents[2]


def call(*words: str, cwd: Path, feed: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the package as a process."""
    return subprocess.run(
        [sys.executable, "-m", "gastown_tui", *words],
        cwd=cwd,
        env=surroundings(PYTHONPATH=str(ROOT), HOME=str(cwd), **more),
        input=feed,
        stdin=subprocess.DEVNULL if feed is None else None,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# ---------------------------------------------------------------------------------------------- doors


def test_the_version_is_said_by_every_door(tmp_path: Path) -> None:
    for line in ("--version", "-V", "--batch --version", "--batch version"):
        assert call(*line.split(), cwd=tmp_path).stdout.startswith("gastown-tui 0.")
    for line in ("--batch bd --version", "--batch bd version"):
        assert call(*line.split(), cwd=tmp_path).stdout.startswith("bd version 0.49.6 (gastown-tui ")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 1, "the control room needs a terminal"),
        (("nowhere",), 3, "there is nothing at 'nowhere'"),
        (("sling",), 3, "there is nothing at 'sling'"),
        (("a", "b"), 2, "'a b' is not a place"),
        (("--bogus",), 2, "'--bogus' is not a place"),
        (("dashboard", "--port", "8080"), 1, "the room in a browser is not built yet"),
        (("--batch", "dashboard"), 1, "the room in a browser is not built yet"),
        (("demo", "--bogus"), 2, "unknown flag: --bogus"),
        (("--batch", "no-such-verb"), 2, 'unknown command "no-such-verb" for "gastown-tui --batch"'),
        (("--batch", "bd", "creat"), 2, 'unknown command "creat" for "gastown-tui --batch bd"'),
        (("--batch", "bd", "list"), 3, "no beads database found"),
        (("--batch", "status"), 3, "no .beads directory in"),
        (("--batch", "-x"), 2, "unknown flag: -x"),
    ],
)
def test_a_door_that_stays_shut_says_why_in_one_line(
    tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    done = call(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    first, *rest = done.stderr.splitlines()
    assert first.startswith(f"Error: {said}") and len(rest) <= 1 and all(line.startswith("Hint: ") for line in rest)


def test_the_hint_names_the_verb_that_was_nearly_typed(tmp_path: Path) -> None:
    assert "Hint: did you mean create?" in call("--batch", "bd", "creat", cwd=tmp_path).stderr
    assert "Hint: gastown-tui --batch sling is the verb" in call("sling", cwd=tmp_path).stderr


def test_help_is_there_for_everything(tmp_path: Path) -> None:
    assert call("--help", cwd=tmp_path).stdout.startswith("Usage: gastown-tui [PATH]")
    whole = call("--batch", "--help", cwd=tmp_path).stdout
    assert "gastown-tui --batch sling" in whole and "gastown-tui --batch bd create" in whole
    page = call("--batch", "bd", "create", "--help", cwd=tmp_path)
    assert page.returncode == 0 and "-p, --priority TEXT" in page.stdout and "File a bead." in page.stdout
    assert call("--batch", "help", "bd", "create", cwd=tmp_path).stdout == page.stdout
    assert call("--batch", "bd", "help", "create", cwd=tmp_path).stdout == page.stdout
    assert call("--batch", "bd", "label", cwd=tmp_path).returncode == 0


def loaded_by(program: str) -> str:
    """The last line a program prints in an interpreter of its own."""
    env = surroundings(PYTHONPATH=str(ROOT))
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def test_the_front_loads_neither_the_room_nor_its_tools() -> None:
    program = (
        "import sys\nfrom gastown_tui.cli.build import run\nfrom gastown_tui.core import verbs, wiring\n"
        "verbs.every()\nrun(['bd', 'version'], 'bd')\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'textual', 'libtmux', 'watchdog', 'rich', 'tomlkit', 'psutil'}))"
    )
    assert loaded_by(program) == "[]"


def test_a_small_command_loads_only_its_own_module() -> None:
    program = (
        "import sys\nfrom gastown_tui.cli.build import run\nrun(['bd', 'version'], 'bd')\n"
        "print(sorted(name for name in sys.modules if 'verbs.bd_' in name), 'click' in sys.modules)"
    )
    assert loaded_by(program) == "['gastown_tui.core.verbs.bd_setup'] False"


# ---------------------------------------------------------------------------------------------- streams and codes


def test_results_and_everything_else_go_to_different_streams(tmp_path: Path) -> None:
    call("--batch", "bd", "init", "-p", "gt", cwd=tmp_path)
    done = call("--batch", "bd", "create", "A", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["title"] == "A" and "without description" in done.stderr
    failed = call("--batch", "bd", "show", "gt-zz", "--json", cwd=tmp_path)
    assert json.loads(failed.stdout) == {
        "error": 'no issue found matching "gt-zz"',
        "hint": "bd list shows what there is",
    }
    assert failed.stderr.splitlines()[0] == 'Error: no issue found matching "gt-zz"'


def test_options_stand_before_and_after_the_verb(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    call("--batch", "bd", "init", "-p", "gt", cwd=home)
    for words in (
        ("--json", "bd", "list", "--town", str(home)),
        ("-C", str(home), "bd", "--json", "list"),
        ("bd", "list", "--json", "--db", str(home / ".beads" / "beads.db")),
        (
            "bd",
            "list",
            "--json",
            "--no-daemon",
            "--no-auto-flush",
            "--sandbox",
            "--lock-timeout",
            "5s",
            "-C",
            str(home),
        ),
    ):
        assert call("--batch", *words, cwd=tmp_path).stdout == "[]\n", words
    assert call("--batch", "bd", "list", "--json", cwd=tmp_path, BEADS_DIR=str(home / ".beads")).stdout == "[]\n"
    assert call("--batch", "bd", "list", cwd=home, BD_JSON="true").stdout == "[]\n"


def test_the_wait_for_the_ledger_can_be_chosen(tmp_path: Path) -> None:
    call("--batch", "bd", "init", "-p", "gt", cwd=tmp_path)
    with (tmp_path / ".beads" / "local" / "lock").open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        busy = call("--batch", "bd", "q", "A", "--lock-timeout", "50ms", cwd=tmp_path)
    assert (busy.returncode, busy.stdout) == (5, "")
    assert call("--batch", "bd", "q", "A", "--lock-timeout", "0", "--unsafe-fs", cwd=tmp_path).returncode == 0
    assert call("--batch", "bd", "q", "A", cwd=tmp_path, BD_LOCK_TIMEOUT="soon").returncode == 2


def test_every_class_of_error_has_its_code() -> None:
    expected = {
        errors.BadInput("x"): 2,
        errors.NotFound("x"): 3,
        errors.Refused("x"): 4,
        errors.Conflict("x"): 5,
        errors.LedgerDamaged("x"): 1,
        errors.ToolFailed("x"): 1,
        errors.TimedOut("x"): 1,
    }
    assert {error: code_of(error) for error in expected} == expected and len(CODES) == 5


def test_a_reader_that_goes_away_is_no_trouble(tmp_path: Path) -> None:
    lines = "".join(
        f'{{"id":"gt-{n}","title":"{"long " * 40}","status":"open","priority":2,"created_at":"","updated_at":""}}\n'
        for n in range(3000)
    )
    (tmp_path / ".beads").mkdir()
    (tmp_path / ".beads" / "issues.jsonl").write_text(lines)
    command = f"{sys.executable} -m gastown_tui --batch bd list -n 0 | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        [shutil.which("bash") or "bash", "-c", command],
        cwd=tmp_path,
        env=surroundings(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == "" and done.stdout.splitlines()[-1] == "0"


def test_an_interrupt_leaves_no_traceback(tmp_path: Path) -> None:
    call("--batch", "bd", "init", "-p", "gt", cwd=tmp_path)
    call("--batch", "bd", "create", "A", cwd=tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "gastown_tui", "--batch", "bd", "events", "tail", "-f"],
        cwd=tmp_path,
        env=surroundings(PYTHONPATH=str(ROOT)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "")


def test_a_question_nobody_can_answer_is_a_refusal(tmp_path: Path) -> None:
    asking = [verb for verb in verbs.every() if verb.confirm]
    assert asking, "some verb asks before it acts"
    call("--batch", "install", "town", cwd=tmp_path)
    for verb in asking:
        needed = [each for each in verbs.find(verb.name).parameters if each.is_required]  # type: ignore[union-attr]
        arguments = [word for each in needed for word in ([each.flags[0], "x"] if each.is_option else ["x"])]
        done = call("--batch", *verb.name.split(" "), *arguments, cwd=tmp_path / "town")
        assert done.returncode == 4 and "Hint: --yes says yes" in done.stderr, verb.name


@pytest.mark.parametrize("name", ["\x1b]0;x\x07", "a" * 5000, "ü" * 300, "--" + "x" * 300])
def test_no_word_however_odd_reaches_the_terminal_raw(tmp_path: Path, name: str) -> None:
    done = call("--batch", "bd", name, cwd=tmp_path)
    assert done.returncode == 2 and "\x1b" not in done.stderr and len(done.stderr) < 500


# ---------------------------------------------------------------------------------------------- launchers


def test_launchers_run_this_interpreter_and_this_package(tmp_path: Path) -> None:
    done = call("--batch", "shims", "bin", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = json.loads(done.stdout)["written"]
    assert [Path(each).name for each in written] == ["gt", "bd"]
    env = surroundings(HOME=str(tmp_path))
    for name, said in (("gt", "gastown-tui 0."), ("bd", "bd version 0.49.6")):
        file = tmp_path / "bin" / name
        assert os.access(file, os.X_OK) and is_ours(file.read_text())
        answer = subprocess.run([file, "--version"], env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert answer.stdout.startswith(said)
    subprocess.run(
        [tmp_path / "bin" / "bd", "init", "-q"], env=env, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL
    )
    assert call("--batch", "shims", "bin", cwd=tmp_path).returncode == 0


def test_launchers_never_overwrite_what_they_did_not_write(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "bd").write_text("#!/bin/sh\necho theirs\n")
    done = call("--batch", "shims", "bin", cwd=tmp_path)
    assert done.returncode == 4 and "is there already and is not one of ours" in done.stderr
    assert sorted(each.name for each in (tmp_path / "bin").iterdir()) == ["bd"]
    (tmp_path / "file").write_text("")
    assert call("--batch", "shims", "file", cwd=tmp_path).returncode == 2


def test_a_launcher_works_from_a_path_no_shebang_can_hold(tmp_path: Path) -> None:
    deep = tmp_path / ("with space " * 3) / ("x" * 100)
    deep.mkdir(parents=True)
    (deep / "python").symlink_to(sys.executable)
    file = tmp_path / "gt"
    file.write_text(launcher_text("gt", python=str(deep / "python"), root=str(ROOT)))
    file.chmod(0o755)
    done = subprocess.run([file, "--version"], env=surroundings(), capture_output=True, text=True, check=False)
    assert done.stdout.startswith("gastown-tui 0."), done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_parse(shell: str, tmp_path: Path) -> None:
    script = completion_script(shell)
    assert "completion words" in script
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    file = tmp_path / "script"
    file.write_text(script)
    subprocess.run([str(shutil.which(shell)), "-n", str(file)], check=True)


def test_words_that_may_follow_are_offered(tmp_path: Path) -> None:
    call("--batch", "bd", "init", "-p", "gt", cwd=tmp_path)
    bead = call("--batch", "bd", "create", "A", "--silent", cwd=tmp_path).stdout.strip()

    def offered(*line: str) -> list[str]:
        return call("--batch", "completion", "words", "--", *line, cwd=tmp_path).stdout.split()

    assert "create" in offered("bd", "cr") and "sling" in offered("gt", "sl")
    assert offered("bd", "dep", "re") == ["relate", "remove"]
    assert "--priority" in offered("bd", "create", "--pri")
    assert offered("bd", "show", "gt") == [bead]
    assert offered("gt", "completion", "z") == ["zsh"]


def test_every_verb_is_listed_with_its_arguments(tmp_path: Path) -> None:
    listed = {each["name"]: each for each in json.loads(call("--batch", "verbs", "--json", cwd=tmp_path).stdout)}
    assert listed["bd create"]["group"] == "beads" and listed["sling"]["mutates"] is True
    assert {parameter["name"] for parameter in listed["bd close"]["parameters"]} >= {"ids", "reason", "force"}
