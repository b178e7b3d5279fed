"""Commands of gates and steps: run as written, ended on time, judged without blaming anybody wrongly."""

from __future__ import annotations

import shlex
import signal
import stat
import sys
import time
from pathlib import Path

import psutil
import pytest

from gastown_tui.core.errors import BadInput, ToolFailed
from gastown_tui.core.ports import Commands, Run, RunOutcome
from gastown_tui.core.world.commands import LOG_LIMIT_BYTES, TAIL_CHARACTERS, ShellCommands, judge

PYTHON = shlex.quote(sys.executable)
LONG = 60.0


def run(command: str, cwd: Path, timeout_s: float = LONG, **given: Path) -> Run:
    port: Commands = ShellCommands()
    return port.run(command, cwd=cwd, timeout_s=timeout_s, **given)  # type: ignore[arg-type]


def gone(pid: int) -> bool:
    """Whether a process has ended, waited for with a deadline; a zombie nobody reaps counts."""
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
    return False


# ------------------------------------------------------------------------------------------ verdicts


def test_exit_zero_passes_and_the_tail_is_what_was_printed(tmp_path: Path) -> None:
    done = run("pwd; echo to stderr >&2", tmp_path)
    assert (done.outcome, done.code, done.tail) == (RunOutcome.PASS, 0, f"{tmp_path}\nto stderr\n")
    assert (done.reason, done.duration_s > 0) == ("", True)


@pytest.mark.parametrize("command", ["exit 1", "exit 2", "false", "echo boom; exit 200", "exit 5"])
def test_any_other_exit_fails(tmp_path: Path, command: str) -> None:
    assert run(command, tmp_path).outcome is RunOutcome.FAIL


def not_runnable(tmp_path: Path) -> str:
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    return "./tool"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("no-such-tool-at-all --now", "missing"),
        ("exit 127", "could not be run"),
        ("exit 126", "could not be run"),
        ("kill -9 $$", "SIGKILL"),
        ("kill -TERM $$", "SIGTERM"),
        ("sh -c 'kill -KILL $$'; exit $?", "SIGKILL"),
        ("no-such-tool; exit 1", "missing"),
        ("{python} -m no_such_module_at_all", "missing"),
        ("{python} -c 'import os; os.write(2, b\"x: No space left on device\\n\"); os._exit(1)'", "room"),
        ("{python} -m pytest -q -p no:cacheprovider .", "no test"),
        ("{python} -m pytest -q -p no:cacheprovider missing.py", "no test"),
        ("{python} -m unittest discover", "no test"),
        ("{python} -m pytest -p no:cacheprovider . | cat", "no test"),
    ],
)
def test_a_command_that_never_got_to_judge_blames_nobody(tmp_path: Path, command: str, said: str) -> None:
    done = run(command.replace("{python}", PYTHON), tmp_path)
    assert done.outcome is RunOutcome.INFRASTRUCTURE, done
    assert said in done.reason


def test_a_file_that_may_not_be_run_is_infrastructure(tmp_path: Path) -> None:
    done = run(not_runnable(tmp_path), tmp_path)
    assert (done.outcome, done.code) == (RunOutcome.INFRASTRUCTURE, 126)


def test_make_reporting_a_missing_tool_is_infrastructure() -> None:
    told = "make: no-such-tool: No such file or directory\nmake: *** [Makefile:2: test] Error 127"
    assert judge("make test", 2, told)[0] is RunOutcome.INFRASTRUCTURE
    assert judge("make test", 2, "make: *** [Makefile:2: test] Error 1")[0] is RunOutcome.FAIL


@pytest.mark.parametrize(
    "number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL], ids=lambda n: n.name
)
def test_a_program_that_crashes_by_itself_fails(tmp_path: Path, number: signal.Signals) -> None:
    crash = f"ulimit -c 0; exec {PYTHON} -c 'import os; os.kill(os.getpid(), {int(number)})'"
    assert run(crash, tmp_path).outcome is RunOutcome.FAIL
    assert judge("x", 128 + number, "")[0] is RunOutcome.FAIL


@pytest.mark.parametrize(
    "told",
    [
        "ModuleNotFoundError: No module named 'app'",
        "AssertionError: 'command not found' != 'hello'",
        "E   FileNotFoundError: [Errno 2] No such file or directory: 'x'",
        "cat: missing.txt: No such file or directory",
        "bash: line 1: cd: nowhere: No such file or directory",
        "1 failed, 0 tests ran twice",
    ],
)
def test_a_failing_test_that_prints_such_words_still_fails(told: str) -> None:
    assert judge("pytest", 1, told + "\n1 failed in 0.1s")[0] is RunOutcome.FAIL


def test_a_passing_suite_after_an_empty_one_passes() -> None:
    told = "no tests ran in 0.01s\n" + "ok\n" * 10 + "12 passed in 0.30s"
    assert judge("pytest a; pytest b", 0, told)[0] is RunOutcome.PASS


def test_a_missing_directory_is_infrastructure_and_says_which(tmp_path: Path) -> None:
    done = run("true", tmp_path / "nowhere")
    assert (done.outcome, done.code) == (RunOutcome.INFRASTRUCTURE, -1)
    assert "nowhere is not a directory" in done.reason


@pytest.mark.parametrize("command", ["", "  \n", "echo a\0b"])
def test_no_command_is_bad_input(tmp_path: Path, command: str) -> None:
    with pytest.raises(BadInput):
        run(command, tmp_path)


# ------------------------------------------------------------------------------------------ ending on time


def test_a_command_that_takes_too_long_is_stopped_with_all_it_started(tmp_path: Path) -> None:
    script = (
        "echo $$ > leader; sleep 600 & echo $! > child; setsid sh -c 'echo $$ > stray; exec sleep 600' & "
        "while [ ! -s stray ]; do :; done; echo ready; wait"
    )
    done = run(script, tmp_path, 3.0)
    assert (done.outcome, done.code, done.tail) == (RunOutcome.INFRASTRUCTURE, 124, "ready\n")
    assert done.reason == "it took longer than 3 s and was stopped"
    assert all(gone(int((tmp_path / name).read_text())) for name in ("leader", "child", "stray"))


def test_a_command_that_ignores_requests_to_end_is_killed(tmp_path: Path) -> None:
    done = run("trap '' TERM; echo $$ > leader; while :; do :; done", tmp_path, 0.3)
    assert done.outcome is RunOutcome.INFRASTRUCTURE
    assert gone(int((tmp_path / "leader").read_text()))


def test_a_command_may_use_the_time_it_has_left_to_tidy_up(tmp_path: Path) -> None:
    script = "trap 'echo tidied; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    done = run(script, tmp_path, 1.0)
    assert (done.outcome, done.code) == (RunOutcome.INFRASTRUCTURE, 124)
    assert done.tail.startswith("ready\n")
    assert done.tail.endswith("tidied\n")


def test_processes_left_in_the_background_end_with_the_command(tmp_path: Path) -> None:
    done = run("sleep 600 & echo $! > child; echo done", tmp_path)
    assert (done.outcome, done.tail) == (RunOutcome.PASS, "done\n")
    assert done.duration_s < LONG / 2
    assert gone(int((tmp_path / "child").read_text()))


def test_a_command_that_closes_its_output_is_still_waited_for(tmp_path: Path) -> None:
    done = run("exec >&- 2>&-; sleep 0.3; exit 3", tmp_path)
    assert (done.outcome, done.code) == (RunOutcome.FAIL, 3)


def test_a_command_gets_no_input_and_cannot_ask(tmp_path: Path) -> None:
    assert run("read answer && echo got $answer || echo nobody there", tmp_path).tail == "nobody there\n"


# ------------------------------------------------------------------------------------------ what is kept


def test_the_tail_is_bounded_and_plain(tmp_path: Path) -> None:
    done = run(r"seq 1 20000; printf '\033[31mred\033[0m \033]0;title\007end\r\n10%%\r20%%\n'", tmp_path)
    assert len(done.tail) == TAIL_CHARACTERS
    assert done.tail.endswith("20000\nred end\n10%\n20%\n")


def test_bytes_that_are_no_text_are_shown_somehow(tmp_path: Path) -> None:
    assert run(r"printf 'a\377\000b\n'", tmp_path).tail.startswith("a")


def test_the_log_holds_everything_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "gate.log"
    run("seq 1 20000", tmp_path, log=log)
    assert log.read_text() == "".join(f"{n}\n" for n in range(1, 20001))
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_runaway_log_is_capped_and_says_so(tmp_path: Path) -> None:
    log = tmp_path / "gate.log"
    done = run("yes | head -c 12000000; echo the end", tmp_path, log=log)
    assert done.tail.endswith("the end\n")
    assert LOG_LIMIT_BYTES <= log.stat().st_size < LOG_LIMIT_BYTES + 100
    assert log.read_bytes().endswith(b"it reached 10 MB]\n")


def test_a_log_that_cannot_be_written_is_told_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(ToolFailed, match="cannot be written"):
        run("touch ran", tmp_path, log=tmp_path / "logs" / "gate.log")
    assert not (tmp_path / "ran").exists()


def test_lines_are_passed_on_as_they_come(tmp_path: Path) -> None:
    heard: list[str] = []

    def hear(line: str) -> None:
        heard.append(line)
        if line == "ask":
            (tmp_path / "answer").touch()

    script = (
        r"printf '\033[1mbold\033[0m\r\n\n50%%\r60%%\nask\n'; while [ ! -e answer ]; do :; done; printf 'no newline'"
    )
    done = ShellCommands().run(script, cwd=tmp_path, timeout_s=LONG, on_line=hear)
    assert heard == ["bold", "", "50%", "60%", "ask", "no newline"]
    assert done.outcome is RunOutcome.PASS


def test_a_listener_that_gives_up_ends_the_command(tmp_path: Path) -> None:
    def stop(line: str) -> None:
        raise KeyboardInterrupt(line)

    with pytest.raises(KeyboardInterrupt):
        ShellCommands().run("echo $$ > leader; cat leader; exec sleep 600", cwd=tmp_path, timeout_s=LONG, on_line=stop)
    assert gone(int((tmp_path / "leader").read_text()))


# ------------------------------------------------------------------------------------------ the environment


def test_only_what_tools_need_is_passed_on(tmp_path: Path) -> None:
    outside = {"PATH": "/usr/bin:/bin", "LC_CTYPE": "C.UTF-8", "XDG_CACHE_HOME": "/c", "GIT_DIR": "/x", "TMUX": "y"}
    commands = ShellCommands(outside | {"GITHUB_TOKEN": "secret", "LD_PRELOAD": "z.so", "GT_ACTOR": "me"})
    done = commands.run("env", cwd=tmp_path, timeout_s=LONG, env={"GT_ACTOR": "api/polecats/slot0", "TERM": "xterm"})
    names = {line.partition("=")[0] for line in done.tail.splitlines()}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == {"PATH", "LC_CTYPE", "XDG_CACHE_HOME", "GT_ACTOR", "TERM"}
    assert "GT_ACTOR=api/polecats/slot0" in done.tail
    assert "TERM=xterm" in done.tail


def test_the_command_leads_a_session_of_its_own(tmp_path: Path) -> None:
    ask = f"exec {PYTHON} -c 'import os; print(os.getpid() == os.getsid(0) == os.getpgid(0))'"
    assert run(ask, tmp_path).tail == "True\n"
