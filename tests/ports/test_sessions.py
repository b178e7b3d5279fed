"""Sessions against the real tmux, on a private server."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from gastown_tui.core.errors import BadInput, NotFound, TimedOut, ToolFailed
from gastown_tui.core.model.outside import SessionSpec
from gastown_tui.core.world.clock import SystemClock
from gastown_tui.core.world.tmux import TmuxSessions
from gastown_tui.core.world.tmux_run import clean_environment
from tests.ports.tmux_server import RAW_READER, Town, ended, eventually, private_town, processes_in

__all__ = ["private_town"]
pytestmark = pytest.mark.tmux


# ---------------------------------------------------------------------------------------------- starting


def test_a_started_session_is_found_with_its_facts(town: Town) -> None:
    fact = town.start("polecat-api-slot0", GT_SESSION="asg-1")
    assert town.sessions.find("polecat-api-slot0") == fact
    assert town.sessions.all() == (fact,)
    assert (fact.name, fact.dead, fact.exit_status, fact.incarnation) == ("polecat-api-slot0", False, None, "asg-1")
    assert (fact.width_cells, fact.height_cells, fact.attached) == (100, 30, 0)
    assert psutil.Process(fact.pid).environ()["GT_SESSION"] == "asg-1"
    assert Path(psutil.Process(fact.pid).cwd()) == town.directory
    assert town.sessions.socket.parent.stat().st_mode & 0o777 == 0o700


def test_without_a_server_there_are_no_sessions_and_no_process_is_spent_to_learn_it(town: Town) -> None:
    assert town.sessions.all() == ()
    assert town.sessions.find("mayor") is None
    town.sessions.stop("mayor")
    town.sessions.close_server()
    assert town.sessions.forks == 0
    with pytest.raises(NotFound, match="no session 'mayor'"):
        town.sessions.capture("mayor")


def test_starting_again_returns_the_living_session(town: Town) -> None:
    assert town.start("mayor", GT_SESSION="one") == town.start("mayor", GT_SESSION="two")


def test_of_two_that_start_one_session_at_once_both_get_the_same(town: Town) -> None:
    others = [Town(town.directory) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        facts = list(pool.map(lambda other: other.start("mayor"), others))
    assert {fact.pid for fact in facts} == {facts[0].pid}
    assert len(town.sessions.all()) == 1


DIES = """
import sys, time
print("no key for the model", flush=True)
time.sleep(0.05)
sys.exit(3)
"""
"""What is printed in the very last moment can be lost by tmux together with the terminal."""


def test_a_program_that_dies_at_once_is_reported_with_its_status_and_last_lines(town: Town) -> None:
    program = town.script("dies", DIES)
    with pytest.raises(ToolFailed, match=r"ended at once with status 3: no key for the model") as failed:
        town.start("mayor", *program)
    assert (failed.value.code, failed.value.stderr) == (3, "no key for the model")
    dead = town.sessions.find("mayor")
    assert dead is not None
    assert (dead.dead, dead.exit_status) == (True, 3)


def test_a_program_that_does_not_exist_is_reported(town: Town) -> None:
    for program, where in (("no-such-program", "on PATH"), ("./none", "there"), ("/none", "there")):
        with pytest.raises(ToolFailed, match=f"needs the program '{program}', which is not {where}"):
            town.start("mayor", program)
    assert not town.sessions.socket.exists()


def test_a_dead_pane_is_replaced_by_a_new_start(town: Town) -> None:
    with pytest.raises(ToolFailed):
        town.start("mayor", "false")
    fact = town.start("mayor", GT_SESSION="second")
    assert (fact.dead, fact.incarnation) == (False, "second")
    assert len(town.sessions.all()) == 1


def test_a_program_killed_by_a_signal_has_the_shells_status_for_it(town: Town) -> None:
    os.kill(town.start("mayor").pid, signal.SIGKILL)

    def status() -> int | None:
        fact = town.sessions.find("mayor")
        return fact.exit_status if fact and fact.dead else None

    assert eventually(status) == 128 + signal.SIGKILL


@pytest.mark.parametrize(
    "name", ["", "a.b", "-x", "a:b", "=foo", "%1", "$1", "a b", "a/b", "..", "é", "a\n", "x" * 121]
)
def test_names_tmux_would_take_for_something_else_are_refused_everywhere(town: Town, name: str) -> None:
    for act in (
        lambda: town.start(name),
        lambda: town.sessions.find(name),
        lambda: town.sessions.capture(name),
        lambda: town.sessions.type_text(name, "x"),
        lambda: town.sessions.press(name, ["Enter"]),
        lambda: town.sessions.paste(name, "x"),
        lambda: town.sessions.stop(name),
        lambda: town.sessions.attach_argv(name),
    ):
        with pytest.raises(BadInput, match="cannot name a session"):
            act()
    assert not town.sessions.socket.exists()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"argv": ()}, BadInput, "no program"),
        ({"argv": ("a\0b",)}, BadInput, "no program"),
        ({"env": {"A-B": "x"}}, BadInput, "cannot be an environment variable"),
        ({"env": {"A=B": "x"}}, BadInput, "cannot be an environment variable"),
        ({"env": {"GT_SESSION": "a:b"}}, BadInput, "cannot be a GT_SESSION"),
        ({"cwd": Path("/nowhere/at/all")}, NotFound, "no such directory"),
        ({"cwd": Path()}, NotFound, "no such directory"),
        ({"width_cells": 0}, BadInput, "cells large"),
    ],
)
def test_what_cannot_be_started_is_refused_before_anything_is(
    town: Town, changes: dict[str, object], error: type[Exception], message: str
) -> None:
    wanted: dict[str, object] = {"name": "mayor", "cwd": town.directory, "argv": ("true",), **changes}
    with pytest.raises(error, match=message):
        town.sessions.start(SessionSpec(**wanted))  # type: ignore[arg-type]
    assert not town.sessions.socket.exists()


ECHOES = """
import json, os, sys, time
with open(os.environ["OUT"], "w") as file:
    json.dump([sys.argv[1:], os.environ["ODD"]], file)
time.sleep(600)
"""


def test_arguments_and_environment_reach_the_program_untouched_by_any_shell(town: Town) -> None:
    odd = ["$(touch pwned)", "`id`", "a;", "b\\;", ";", "#{pid}", "it's", 'say "x"', "-l", "é日🚀", "two\nlines", ""]
    program = town.script("echoes", ECHOES)
    out = town.directory / "out.json"
    town.start("mayor", *program, *odd, OUT=str(out), ODD="x;y;")
    assert json.loads(eventually(lambda: out.read_text() if out.exists() else "")) == [odd, "x;y;"]
    assert not (town.directory / "pwned").exists()


def test_a_lone_word_is_a_program_and_no_shell_command(town: Town) -> None:
    with pytest.raises(ToolFailed, match="needs the program 'sleep 600'"):
        town.start("mayor", "sleep 600")


def test_a_command_too_long_for_tmux_is_refused_in_words(town: Town) -> None:
    with pytest.raises(ToolFailed, match="no command that long") as failed:
        town.start("mayor", "sleep", "600", "x" * 20_000)
    assert failed.value.hint


# ---------------------------------------------------------------------------------------------- the server


def test_the_server_inherits_neither_our_locks_nor_who_we_are(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = town.directory / "lock"
    descriptor = os.open(lock, os.O_CREAT | os.O_RDWR)
    os.set_inheritable(descriptor, True)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    for variable in ("GT_SESSION", "GT_ROLE", "BD_ACTOR", "BEADS_DIR", "GIT_DIR", "TMUX", "CLAUDECODE"):
        monkeypatch.setenv(variable, "somebody")
    monkeypatch.setenv("KEPT", "yes")
    fact = town.start("mayor")
    server = psutil.Process(int(town.tmux("display-message", "-p", "#{pid}")[0]))
    for process in (server, psutil.Process(fact.pid)):
        held = {str(entry.readlink()) for entry in Path(f"/proc/{process.pid}/fd").iterdir()}
        assert held, "a process without descriptors would prove nothing"
        assert str(lock) not in held
        environment = process.environ()
        assert "somebody" not in environment.values()
        assert environment["KEPT"] == "yes"
    assert server.cwd() == "/"
    os.close(descriptor)


def test_a_program_gets_the_path_it_was_started_with_and_not_that_of_whoever_starts_it(town: Town) -> None:
    for name in ("mayor", "deacon"):
        fact = town.start(name, PATH=f"/towns/bin/of/{name}:/usr/bin:/bin")
        assert psutil.Process(fact.pid).environ()["PATH"] == f"/towns/bin/of/{name}:/usr/bin:/bin"


def test_secrets_reach_the_program_and_no_command_line(town: Town) -> None:
    values = {"API_KEY": "s3cr3t 'quoted' $HOME `id`\nsecond line", "OTHER": ""}
    waits = (sys.executable, "-c", "import time; print('waiting', flush=True); time.sleep(600)")
    fact = town.sessions.start(SessionSpec(name="mayor", cwd=town.directory, argv=waits, secrets=values))
    town.shows("mayor", "waiting")
    environment = psutil.Process(fact.pid).environ()
    assert {key: environment[key] for key in values} == values
    assert "taken" not in environment
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            assert not any("s3cr3t" in part for part in process.cmdline())
    assert not any("s3cr3t" in row for row in town.tmux("show-environment", "-t", "=mayor:"))
    assert not list(town.sessions.socket.parent.glob("env-*"))


def test_only_what_says_who_and_where_we_are_is_taken_out_of_an_environment() -> None:
    kept = {"PATH": "x", "ANTHROPIC_API_KEY": "k", "GIT_SSH_COMMAND": "s", "GTK_THEME": "t"}
    lost = {
        "GT_RIG": "r",
        "BD_ACTOR": "a",
        "TMUX_PANE": "%1",
        "GIT_AUTHOR_NAME": "n",
        "GIT_INDEX_FILE": "i",
        "CLAUDE_CODE_ENTRYPOINT": "cli",
    }
    assert clean_environment({**kept, **lost}) == kept


def test_a_killed_server_leaves_no_sessions_and_the_next_start_brings_it_back(town: Town) -> None:
    town.start("mayor")
    server = psutil.Process(int(town.tmux("display-message", "-p", "#{pid}")[0]))
    server.kill()
    eventually(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)
    assert town.sessions.socket.exists()
    assert town.sessions.all() == ()
    with pytest.raises(NotFound):
        town.sessions.press("mayor", ["Enter"])
    assert not town.start("mayor").dead


def test_a_server_that_hangs_is_an_error_and_not_an_empty_town(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.start("mayor")
    server = psutil.Process(int(town.tmux("display-message", "-p", "#{pid}")[0]))
    monkeypatch.setattr("gastown_tui.core.world.tmux_run.DEADLINE_S", 0.3)
    server.suspend()
    try:
        with pytest.raises(TimedOut, match="did not answer"):
            town.sessions.all()
    finally:
        server.resume()


def test_a_socket_nobody_listens_on_is_an_empty_town(town: Town) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(town.sessions.socket))
    assert town.sessions.all() == ()
    assert not town.start("mayor").dead


def test_a_path_too_long_for_a_socket_is_named(tmp_path: Path) -> None:
    deep = TmuxSessions(tmp_path / ("x" * 120) / "tmux.sock", SystemClock())
    assert re.search(r"bytes long, 100 are possible: move the town", deep.unavailable())
    assert deep.all() == ()
    with pytest.raises(ToolFailed, match="move the town to a shorter path"):
        deep.start(SessionSpec(name="mayor", cwd=tmp_path, argv=("true",)))


def test_a_directory_somebody_else_put_in_place_of_the_sockets_is_not_used(town: Town) -> None:
    shared, elsewhere = town.directory / "shared", town.directory / "elsewhere"
    shared.mkdir()
    shared.chmod(0o1777)
    elsewhere.mkdir()
    (shared / "gastown").symlink_to(elsewhere)
    sessions = TmuxSessions(shared / "gastown" / "tmux.sock", SystemClock())
    with pytest.raises(ToolFailed, match="is somebody else's"):
        sessions.start(SessionSpec(name="mayor", cwd=town.directory, argv=("true",)))
    assert list(elsewhere.iterdir()) == []


def test_a_socket_that_cannot_be_made_is_an_error_in_words(town: Town) -> None:
    (town.directory / "file").touch()
    sessions = TmuxSessions(town.directory / "file" / "tmux.sock", SystemClock())
    with pytest.raises(ToolFailed, match="no tmux socket can be made"):
        sessions.start(SessionSpec(name="mayor", cwd=town.directory, argv=("true",)))


def fake_tmux(directory: Path, says: str) -> str:
    directory.mkdir()
    (directory / "tmux").write_text(f"#!/bin/sh\necho '{says}'\n")
    (directory / "tmux").chmod(0o755)
    return str(directory)


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("tmux 2.9a", "tmux 2.9 is too old: 3.0 or newer is needed"),
        ("tmux 1.8", "tmux 1.8 is too old: 3.0 or newer is needed"),
        ("tmux 3.0", ""),
        ("tmux next-3.6", ""),
        ("tmux master", ""),
    ],
)
def test_the_version_decides_whether_tmux_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, why: str
) -> None:
    monkeypatch.setenv("PATH", fake_tmux(tmp_path / "bin", says))
    sessions = TmuxSessions(tmp_path / "s", SystemClock())
    assert [sessions.unavailable(), sessions.unavailable()] == [why, why]
    assert sessions.forks == 1
    if why:
        with pytest.raises(ToolFailed, match="too old"):
            sessions.start(SessionSpec(name="mayor", cwd=tmp_path, argv=("true",)))


def test_a_tmux_that_does_not_run_is_no_tmux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = tmp_path / "tmux"
    stub.write_text("#!/bin/sh\nexit 127\n")
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    sessions = TmuxSessions(tmp_path / "s", SystemClock())
    assert sessions.unavailable() == "tmux cannot be used: tmux -V ended with exit code 127"


def test_without_tmux_everything_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    sessions = TmuxSessions(tmp_path / "s", SystemClock())
    assert sessions.unavailable() == "tmux is not installed, or not on PATH"
    assert sessions.all() == ()
    with pytest.raises(ToolFailed, match="not installed"):
        sessions.start(SessionSpec(name="mayor", cwd=tmp_path, argv=("true",)))


DEAF = """
import signal, time
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""


def test_closing_the_server_ends_every_process_and_removes_the_socket(town: Town) -> None:
    ignores = town.script("ignores", DEAF)
    town.start("deaf", *ignores)
    town.start("mayor")
    town.shows("deaf", "deaf")
    assert processes_in(town.directory)
    town.sessions.close_server()
    assert not town.sessions.socket.exists()
    eventually(lambda: not processes_in(town.directory))


# ---------------------------------------------------------------------------------------------- looking


def test_a_capture_shows_colours_only_when_asked_and_never_anything_else(town: Town) -> None:
    program = town.script(
        "paints",
        r"""
import sys, time
sys.stdout.write("\x1b[31mred\x1b[0m plain \x1b]0;title\x07\x1b]52;c;aGk=\x07")
sys.stdout.write("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\r\n")
sys.stdout.write("\x1b(0lqqk\x1b(B box\r\n")
sys.stdout.write("é日🚀\r\n")
sys.stdout.flush()
time.sleep(600)
""",
    )
    town.start("mayor", *program)
    town.shows("mayor", "日")
    bare = town.sessions.capture("mayor").lines
    painted = town.sessions.capture("mayor", colours=True).lines
    assert bare[:3] == ("red plain link", "┌──┐ box", "é日🚀")
    assert "\x1b[31mred\x1b[39m plain" in painted[0]
    assert re.sub(r"\x1b\[[0-9;:]*m", "", "\n".join(painted)) == "\n".join(bare)
    assert len(bare) == 30


COUNTS = """
import time
for number in range(100):
    print("line", number)
print("ready> ", end="", flush=True)
time.sleep(600)
"""


def test_a_capture_tells_where_the_cursor_is_with_and_without_history(town: Town) -> None:
    program = town.script("counts", COUNTS)
    town.start("mayor", *program)
    town.shows("mayor", "ready>")
    seen = town.sessions.capture("mayor")
    assert (seen.lines[seen.cursor_y], seen.cursor_x) == ("ready>", 7)
    assert (seen.width_cells, seen.height_cells, len(seen.lines), seen.in_mode) == (100, 30, 30, False)
    longer = town.sessions.capture("mayor", history_lines=40)
    assert (len(longer.lines), longer.lines[longer.cursor_y]) == (70, "ready>")
    assert longer.lines[40:] == seen.lines
    whole = town.sessions.capture("mayor", history_lines=10_000)
    assert whole.lines[:2] == ("line 0", "line 1")


def test_a_scrolled_pane_is_known_to_be_in_a_mode(town: Town) -> None:
    town.start("mayor")
    town.tmux("copy-mode", "-t", "=mayor:")
    assert town.sessions.capture("mayor").in_mode


def test_a_pane_that_floods_its_screen_can_still_be_looked_at_and_stopped(town: Town) -> None:
    fact = town.start("flood", "yes", "a flood of words")
    town.shows("flood", "a flood of words")
    for _ in range(20):
        assert town.sessions.capture("flood", colours=True).lines[0] == "a flood of words"
    town.sessions.stop("flood", grace_s=2)
    assert ended(fact.pid)
    assert town.sessions.all() == ()


def test_activity_moves_when_a_pane_prints(town: Town) -> None:
    fact = town.start("mayor", "cat")
    town.sessions.type_text("mayor", "hello")
    town.shows("mayor", "hello")

    def moved() -> bool:
        town.sessions.type_text("mayor", "x")
        now = town.sessions.find("mayor")
        return now is not None and now.activity > fact.activity >= now.created

    eventually(moved)


def test_the_agents_own_pane_is_meant_whatever_a_person_opens_beside_it(town: Town) -> None:
    fact = town.start("mayor", "cat")
    town.tmux("split-window", "-t", "=mayor:", "cat")
    town.tmux("new-window", "-t", "=mayor:", "cat")
    town.sessions.type_text("mayor", "for the agent")
    town.shows("mayor", "for the agent")
    now = town.sessions.find("mayor")
    assert now is not None
    assert (now.pid, now.pane_id) == (fact.pid, fact.pane_id)


# ---------------------------------------------------------------------------------------------- typing


def reader(town: Town, *more: str) -> Path:
    target = town.directory / "received"
    target.touch()
    town.start("mayor", *town.script("reader", RAW_READER), str(target), *more)
    town.shows("mayor", "reading")
    return target


def arrives(received: Path, expected: bytes) -> None:
    """The program in the pane got these bytes and no others."""
    eventually(lambda: received.stat().st_size >= len(expected))
    assert received.read_bytes() == expected


TRICKY = "echo $((40+2)) \"q;u\" 'it''s' #{pane_id} ~ \\n -l é日🚀 👨‍👩‍👧 ;"


def test_typed_text_arrives_as_it_is(town: Town) -> None:
    received = reader(town)
    for text in (TRICKY, "-x", ";", "\\;", "a;", "Enter", "C-c", "x" * 2500 + ";", ""):
        received.write_bytes(b"")
        town.sessions.type_text("mayor", text)
        arrives(received, text.encode())


@pytest.mark.parametrize("text", ["a\nb", "\x1b[A", "\x03", "\r", "\x7f", "\x9b31m", "\ud800"])
def test_control_characters_are_not_typed(town: Town, text: str) -> None:
    with pytest.raises(BadInput, match="control character"):
        town.sessions.type_text("mayor", text)


def test_pressed_keys_arrive_as_keys(town: Town) -> None:
    received = reader(town)
    town.sessions.press("mayor", ["Enter", "C-c", "Up", "M-;", "BTab", "Escape"])
    arrives(received, b"\r\x03\x1b[A\x1b;\x1b[Z\x1b")


@pytest.mark.parametrize("keys", [["Entre"], ["Enter", "hello"], ["-X"], ["S-Enter"], ["y"], [""]])
def test_a_name_that_is_no_key_is_refused_and_nothing_is_pressed(town: Town, keys: list[str]) -> None:
    received = reader(town)
    with pytest.raises(BadInput, match="is no key"):
        town.sessions.press("mayor", keys)
    town.sessions.type_text("mayor", "after")
    eventually(lambda: received.read_bytes() == b"after")


def test_a_large_paste_arrives_whole(town: Town) -> None:
    received = reader(town)
    text = "".join(f"{n} {TRICKY}\n\t" for n in range(900))
    assert len(text.encode()) > 50_000
    town.sessions.paste("mayor", text)
    arrives(received, text.encode())
    assert town.tmux("list-buffers") == []


def test_a_paste_is_bracketed_when_the_program_asked_and_cannot_break_out(town: Town) -> None:
    received = reader(town, "brackets")
    town.sessions.paste("mayor", "one\r\ntwo\x1b[201~\x03rm -rf\x9b31m")
    town.sessions.paste("mayor", "\x1b")
    arrives(received, b"\x1b[200~one\ntwo[201~rm -rf31m\x1b[201~")


def test_what_is_sent_to_a_missing_session_is_an_error_and_leaves_nothing(town: Town) -> None:
    town.start("mayor2")
    for act in (
        lambda: town.sessions.type_text("mayor", "x"),
        lambda: town.sessions.press("mayor", ["Enter"]),
        lambda: town.sessions.paste("mayor", "x"),
        lambda: town.sessions.capture("mayor"),
    ):
        with pytest.raises(NotFound, match="no session 'mayor'"):
            act()
    assert town.tmux("list-buffers") == []


# ---------------------------------------------------------------------------------------------- ending


FAMILY = """
import subprocess, sys, time
wait = [sys.executable, "-c", "import time; time.sleep(600)", sys.argv[1]]
orphan = "import subprocess, sys; subprocess.Popen(sys.argv[1:], start_new_session=True)"
deaf = "import signal, time\\nfor s in (1, 15): signal.signal(s, signal.SIG_IGN)\\ntime.sleep(600)"
subprocess.Popen(wait)
subprocess.Popen(wait, start_new_session=True)
subprocess.Popen([sys.executable, "-c", orphan, *wait])
subprocess.Popen(wait, env={})
subprocess.Popen([sys.executable, "-c", deaf, sys.argv[1]])
print("all there", flush=True)
time.sleep(600)
"""
"""A child, one in its own terminal session, an orphan there, one that forgot its name, a deaf one, and their parent."""


def family(mark: str) -> list[psutil.Process]:
    """Living processes of the family, the parent included."""
    return [process for process in processes_in(Path(mark)) if words(process)[:1] == [sys.executable]]


def sleepers(mark: str) -> list[psutil.Process]:
    """Those of them that do nothing but wait."""
    said = [(process, words(process)) for process in family(mark)]
    return [process for process, line in said if line[1:2] == ["-c"] and "import subprocess" not in line[2]]


def words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_stopping_ends_children_grandchildren_and_those_that_left_the_terminal(town: Town) -> None:
    mark = str(town.directory / "family")
    town.start("mayor", *town.script("family", FAMILY), mark, GT_SESSION="asg-7")
    town.shows("mayor", "all there")
    eventually(lambda: len(sleepers(mark)) == 5)
    town.sessions.stop("mayor", incarnation="asg-7", grace_s=0.3)
    assert family(mark) == []
    assert town.sessions.find("mayor") is None


def test_stopping_leaves_every_other_session_and_process_alone(town: Town) -> None:
    ours = town.start("mayor", GT_SESSION="asg-1")
    decoys = [town.start(name, GT_SESSION=f"asg-1{name}") for name in ("mayor2", "mayor-x", "may", "Mayor")]
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "mayor"])
    borrower = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env={"GT_SESSION": "asg-11"})
    try:
        town.sessions.stop("mayor", grace_s=2)
        town.sessions.stop("mayor", grace_s=2)
        town.sessions.stop("mayor", incarnation="asg-1", grace_s=2)
        assert ended(ours.pid)
        assert {fact.pid for fact in town.sessions.all()} == {fact.pid for fact in decoys}
        assert (stranger.poll(), borrower.poll()) == (None, None)
    finally:
        for process in (stranger, borrower):
            process.kill()
            process.wait()


def test_a_session_of_another_incarnation_is_left_alone(town: Town) -> None:
    fact = town.start("mayor", GT_SESSION="new")
    town.sessions.stop("mayor", incarnation="old", grace_s=0)
    assert town.sessions.find("mayor") == fact


def test_leftovers_of_a_session_that_is_gone_are_ended_by_their_incarnation(town: Town) -> None:
    mark = str(town.directory / "family")
    town.start("mayor", *town.script("family", FAMILY), mark, GT_SESSION="asg-8")
    town.shows("mayor", "all there")
    eventually(lambda: len(sleepers(mark)) == 5)
    town.tmux("kill-session", "-t", "=mayor:")
    eventually(lambda: town.sessions.find("mayor") is None)
    assert family(mark)
    town.sessions.stop("mayor", incarnation="asg-8", grace_s=0.2)
    assert family(mark) == []


NESTED = """
import subprocess, sys, time
wait = [sys.executable, "-c", "import time; time.sleep(600)", sys.argv[1]]
subprocess.Popen(wait, env={"GT_SESSION": "other"}, start_new_session=True)
print("there", flush=True)
time.sleep(600)
"""


def test_the_same_incarnation_on_another_server_is_somebody_else(town: Town) -> None:
    other = Town(Path(tempfile.mkdtemp(prefix="gt-")))
    try:
        town.start("mayor", GT_SESSION="asg-9")
        theirs = other.start("mayor", GT_SESSION="asg-9")
        town.sessions.stop("mayor", grace_s=1)
        town.sessions.stop("mayor", incarnation="asg-9", grace_s=1)
        assert town.sessions.all() == ()
        assert other.sessions.find("mayor") == theirs
    finally:
        other.close()


def test_a_nested_town_inside_a_session_is_not_ours_to_end(town: Town) -> None:
    mark = str(town.directory / "nested")
    nested = town.script("nested", NESTED)
    town.start("mayor", *nested, mark, GT_SESSION="ours")
    town.shows("mayor", "there")
    town.sessions.stop("mayor", grace_s=1)
    (survivor,) = sleepers(mark)
    assert survivor.environ()["GT_SESSION"] == "other"
    survivor.kill()


POLITE = """
import pathlib, signal, sys, time
def leave(*_):
    time.sleep(0.2)
    pathlib.Path(sys.argv[1]).write_text("saved")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("up", flush=True)
while True:
    time.sleep(1)
"""


def test_a_program_that_ends_itself_on_being_asked_is_not_killed(town: Town) -> None:
    note = town.directory / "note"
    polite = town.script("polite", POLITE)
    town.start("mayor", *polite, str(note))
    town.shows("mayor", "up")
    town.sessions.stop("mayor", grace_s=10)
    assert note.read_text() == "saved"


# ---------------------------------------------------------------------------------------------- viewers


@contextmanager
def viewer(town: Town, name: str, columns: int, rows: int) -> Iterator[None]:
    """A person's terminal of some size attached to a session."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "TMUX": "/elsewhere,1,0"}
    process = subprocess.Popen(
        town.sessions.attach_argv(name),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        start_new_session=True,
    )
    os.close(slave)
    reader = threading.Thread(target=drain, args=(master,))
    reader.start()
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)
        reader.join()
        os.close(master)


def drain(terminal: int) -> None:
    """Read what a terminal is shown until it is closed, or its writer would wait for ever."""
    with suppress(OSError):
        while os.read(terminal, 65536):
            pass


@pytest.mark.parametrize(("columns", "rows"), [(40, 10), (180, 60)])
def test_a_viewers_terminal_never_changes_a_sessions_size(town: Town, columns: int, rows: int) -> None:
    def watched(terminals: int) -> bool:
        fact = town.sessions.find("mayor")
        assert fact is not None
        assert (fact.width_cells, fact.height_cells) == (100, 30)
        return fact.attached == terminals

    town.start("mayor")
    with viewer(town, "mayor", columns, rows):
        eventually(lambda: watched(1))
    eventually(lambda: watched(0))


def test_an_onlooker_sees_the_same_sessions(town: Town) -> None:
    import libtmux

    town.start("mayor", GT_SESSION="asg-1")
    town.start("deacon")
    server = libtmux.Server(socket_path=str(town.sessions.socket))
    assert sorted(str(session.session_name) for session in server.sessions) == ["deacon", "mayor"]
    assert [fact.name for fact in town.sessions.all()] == ["deacon", "mayor"]
