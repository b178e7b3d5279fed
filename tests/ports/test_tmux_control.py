"""The lasting connection against the real tmux, and the taking apart of what comes over it."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.core.errors import BadInput, NotFound, TimedOut, ToolFailed
from gastown_tui.core.rules.keystrokes import KeyPress, tmux_key
from gastown_tui.core.world.tmux_control import ControlClient
from gastown_tui.core.world.tmux_rows import coloured, screen
from gastown_tui.core.world.tmux_wire import ControlStream, Notice, Printed, Reply
from tests.ports.tmux_server import DEADLINE_S, RAW_READER, Town, make_tmux_old, private_town

__all__ = ["private_town"]


# ---------------------------------------------------------------------------------------------- the wire

SAID = (
    b"%begin 100 1 0\n%end 100 1 0\n%session-changed $0 mayor\n"
    b"%begin 101 2 1\n%end 7 7 1\n%begin 1 1 1\n%output %1 x\n\n\xe6\x97\xa5\n%end 101 2 1\n"
    b"%output %3 \\033[31m\n%output %4 x\n%output %3 y\n%extended-output %5 0 : z\n"
    b"%begin 102 3 1\ncan't find pane: nosuch\n%error 102 3 1\n%sessions-changed\n%exit\n"
)
UNDERSTOOD = [
    Reply(rows=(), ok=True, own=False),
    Notice("session-changed", "$0 mayor"),
    Reply(rows=("%end 7 7 1", "%begin 1 1 1", "%output %1 x", "", "日"), ok=True, own=True),
    Reply(rows=("can't find pane: nosuch",), ok=False, own=True),
    Notice("sessions-changed", ""),
    Notice("exit", ""),
]


def test_replies_end_where_they_say_and_not_where_their_rows_look_like_it() -> None:
    printed, *rest = ControlStream().feed(SAID)
    assert rest == UNDERSTOOD
    assert printed == Printed(("%3", "%4", "%5"))


@given(st.lists(st.integers(0, len(SAID)), max_size=30))
def test_it_does_not_matter_in_which_pieces_the_bytes_arrive(cuts: list[int]) -> None:
    stream = ControlStream()
    edges = [0, *sorted(cuts), len(SAID)]
    said = [part for start, end in itertools.pairwise(edges) for part in stream.feed(SAID[start:end])]
    assert [part for part in said if not isinstance(part, Printed)] == UNDERSTOOD


@given(st.lists(st.binary(max_size=40)))
def test_no_bytes_whatever_upset_the_stream(pieces: list[bytes]) -> None:
    stream = ControlStream()
    for piece in pieces:
        stream.feed(piece)


# ---------------------------------------------------------------------------------------------- rows


@pytest.mark.parametrize(
    ("row", "left"),
    [
        ("\x1b[1;38;5;208mx\x1b[0m é日🚀", "\x1b[1;38;5;208mx\x1b[0m é日🚀"),
        ("a\x1b[2Jb\x1b[10;10Hc\x1b[?25ld", "abcd"),
        ("a\x1b]52;c;aGk=\x07b\x1b]8;;x\x1b\\c", "abc"),
        ("a\x1b]0;never ends", "a"),
        ("a\x1bPtmux;\x1b\\b\x1b_x\x1b\\c", "abc"),
        ("a\x9b31mb\x00\x07\x08\x7fc", "a31mbc"),
        ("a\u202eb\u2028c\u2066d", "abcd"),
        ("\x1b[38;2;" + "1;" * 60 + "mx", "x"),
        ("a\x1b", "a"),
        ("a\x1b(0b", "ab"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
    ],
)
def test_only_colours_come_through(row: str, left: str) -> None:
    assert coloured(row) == left


@given(st.text(alphabet=st.sampled_from("\x1b[]0;:m\x07\\\x9bPX_^?$ a日\x0e\x0f\u202e")))
def test_nothing_that_acts_on_a_terminal_survives(row: str) -> None:
    left = coloured(row)
    assert coloured(left) == left
    for sequence in left.split("\x1b")[1:]:
        assert sequence[0] == "["
        assert "m" in sequence


def test_the_line_drawing_set_is_written_out_over_rows() -> None:
    seen = screen("0 0 1 0 5 3", ["\x0elq\x1b[31mk", "x\x0fx\x0ex\x0f", "lqk"], colours=True)
    assert seen.lines == ("┌─\x1b[31m┐", "│x│", "lqk")


# ---------------------------------------------------------------------------------------------- the connection

tmux = pytest.mark.tmux


async def eventually(look: Callable[[], object], *, within_s: float = DEADLINE_S) -> None:
    deadline = time.monotonic() + within_s
    while not look():
        assert time.monotonic() < deadline, "it did not come to be in time"
        await asyncio.sleep(0.01)


async def eventually_shows(client: ControlClient, name: str, text: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while text not in "\n".join((await client.capture(name, colours=False)).lines):
        assert time.monotonic() < deadline, f"{text!r} did not show"
        await asyncio.sleep(0.01)


@pytest.fixture(name="client")
async def private_client(town: Town) -> AsyncIterator[ControlClient]:
    """A client of the private server, not yet connected."""
    client = ControlClient(town.sessions.socket)
    yield client
    await client.close()


@pytest.fixture(name="listener")
async def private_listener(town: Town) -> AsyncIterator[ControlClient]:
    """A client that is told what prints."""
    client = ControlClient(town.sessions.socket, output=True)
    yield client
    await client.close()


def server(town: Town) -> psutil.Process:
    return psutil.Process(int(town.tmux("display-message", "-p", "#{pid}")[0]))


@tmux
async def test_without_a_server_it_says_so_and_connects_once_there_is_one(town: Town, client: ControlClient) -> None:
    with pytest.raises(NotFound, match="no tmux server runs"):
        await client.connect()
    assert (client.connected, client.forks) == (False, 0)
    with pytest.raises(ToolFailed, match="no connection to tmux"):
        await client.command("list-sessions")
    town.start("mayor")
    await client.connect()
    await client.connect()
    assert (client.connected, client.lost, client.forks) == (True, "", 1)


@tmux
async def test_a_server_without_a_listener_or_a_session_is_reported_as_no_server(
    town: Town, client: ControlClient
) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(town.sessions.socket))
    with pytest.raises(NotFound):
        await client.connect()
    town.sessions.socket.unlink()
    town.start("mayor")
    town.tmux("set-option", "-s", "exit-empty", "off")
    town.sessions.stop("mayor", grace_s=1)
    with pytest.raises(NotFound):
        await client.connect()
    assert not client.connected


@tmux
async def test_without_tmux_it_says_so(town: Town, client: ControlClient, monkeypatch: pytest.MonkeyPatch) -> None:
    town.sessions.socket.touch()
    with monkeypatch.context() as without:
        without.setenv("PATH", str(town.directory))
        with pytest.raises(ToolFailed, match="not installed"):
            await client.connect()
    town.sessions.socket.unlink()


@tmux
async def test_an_older_tmux_is_asked_in_its_own_way(
    town: Town, client: ControlClient, listener: ControlClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", make_tmux_old(town.directory / "bin"))
    fact = town.start("mayor", "cat", GT_SESSION="asg-1", ODD="a;$(id)")
    environment = psutil.Process(fact.pid).environ()
    assert (environment["GT_SESSION"], environment["ODD"], fact.incarnation) == ("asg-1", "a;$(id)", "asg-1")
    printed: list[str] = []
    client.on_output = printed.append
    await client.connect()
    await listener.connect()
    listener.on_output = printed.append
    await listener.follow("mayor")
    await client.send_text("mayor", "seen")
    await eventually(lambda: printed)
    assert (await client.capture("mayor", colours=False)).lines[0] == "seen"
    assert [fact.attached for fact in await client.sessions()] == [0]


@tmux
async def test_it_sees_what_the_headless_adapter_sees_without_another_process(
    town: Town, client: ControlClient
) -> None:
    painter = town.script(
        "paints", "print('\\x1b[31mred\\x1b[0m \\x1b(0qq\\x1b(B %end 1 1 1', flush=True)\nimport time\ntime.sleep(600)"
    )
    names = ["mayor", "polecat-api-slot0", "polecat-api-slot00"]
    for name in names:
        town.start(name, *painter, GT_SESSION="asg-1")
        town.shows(name, "red")
    await client.connect()
    for _ in range(5):
        assert await client.sessions() == town.sessions.all()
        assert list(await client.captures([*names, "nobody"])) == names
    seen = await client.captures(names)
    assert "\x1b[31mred\x1b[39m ── %end 1 1 1" in seen["mayor"].lines[0]
    assert seen == {name: town.sessions.capture(name, colours=True) for name in names}
    assert await client.capture("mayor", history_lines=5) == town.sessions.capture(
        "mayor", history_lines=5, colours=True
    )
    assert await client.capture("mayor", colours=False) == town.sessions.capture("mayor")
    assert client.forks == 1


@tmux
async def test_it_neither_counts_as_a_viewer_nor_changes_a_size(
    town: Town, client: ControlClient, listener: ControlClient
) -> None:
    before = town.start("mayor")
    await client.connect()
    await listener.connect()
    await listener.follow("mayor")
    await client.command("refresh-client", "-C", "20x10")
    (now,) = await client.sessions()
    assert (now.width_cells, now.height_cells, now.attached) == (before.width_cells, before.height_cells, 0)
    await client.resize("mayor", 70, 20)
    (now,) = await client.sessions()
    assert (now.width_cells, now.height_cells) == (70, 20)


@tmux
@pytest.mark.parametrize("name", ["", "a.b", "-x", "a:b", "=mayor", "%0", "$0"])
async def test_names_that_mean_something_else_to_tmux_are_refused(town: Town, client: ControlClient, name: str) -> None:
    town.start("mayor")
    await client.connect()
    acts: list[Callable[[], Awaitable[object]]] = [
        lambda: client.capture(name),
        lambda: client.captures([name]),
        lambda: client.follow(name),
        lambda: client.send_text(name, "x"),
        lambda: client.press(name, ["Enter"]),
        lambda: client.paste(name, "x"),
        lambda: client.resize(name, 10, 10),
    ]
    for act in acts:
        with pytest.raises(BadInput, match="cannot name a session"):
            await act()


@tmux
async def test_a_missing_session_is_missing_even_when_a_longer_name_would_do(town: Town, client: ControlClient) -> None:
    town.start("mayor2")
    await client.connect()
    acts: list[Callable[[], Awaitable[object]]] = [
        lambda: client.capture("mayor"),
        lambda: client.follow("mayor"),
        lambda: client.send_text("mayor", "x"),
        lambda: client.press("mayor", ["Enter"]),
        lambda: client.paste("mayor", "x"),
        lambda: client.resize("mayor", 10, 10),
    ]
    for act in acts:
        with pytest.raises(NotFound, match="no session 'mayor'"):
            await act()
    assert await client.captures(["mayor"]) == {}
    assert town.tmux("list-buffers") == []


@tmux
async def test_many_can_ask_at_once_and_each_gets_its_own_answer(town: Town, client: ControlClient) -> None:
    town.start("mayor")
    await client.connect()
    answers = await asyncio.gather(*(client.command("display-message", "-p", f"number {n}") for n in range(300)))
    assert answers == [(f"number {n}",) for n in range(300)]
    with pytest.raises(ToolFailed, match="unknown command"):
        await client.command("no-such-command")
    assert await client.command("display-message", "-p", "still here") == ("still here",)


@tmux
async def test_one_who_stops_waiting_does_not_shift_the_others_answers(town: Town, client: ControlClient) -> None:
    town.start("mayor")
    await client.connect()
    tasks = [asyncio.create_task(client.command("display-message", "-p", str(n))) for n in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [answer for answer in done if not isinstance(answer, BaseException)] == [(str(n),) for n in range(1, 20, 2)]


# ---------------------------------------------------------------------------------------------- bad days


@tmux
async def test_when_its_own_session_goes_it_attaches_to_another(town: Town, client: ControlClient) -> None:
    for name in ("one", "two", "three"):
        town.start(name)
    changes: list[str] = []
    lost: list[str] = []
    client.on_change = lambda: changes.append("changed")
    client.on_lost = lost.append
    await client.connect()
    for remaining in (("one", "two", "three"), ("one", "two"), ("one",)):
        await client.follow(remaining[-1])
        assert [fact.name for fact in await client.sessions()] == sorted(remaining)
        if len(remaining) > 1:
            town.sessions.stop(remaining[-1], grace_s=1)
            await eventually(lambda: client.connected)
            assert list(await client.captures(remaining)) == list(remaining[:-1])
    assert (lost, client.forks) == ([], 3)
    assert changes


@tmux
async def test_looks_that_are_under_way_when_the_session_goes_are_answered_by_the_next_connection(
    town: Town, client: ControlClient
) -> None:
    town.start("stays")
    for round_ in range(5):
        name = f"goes{round_}"
        town.start(name)
        await client.connect()
        await client.follow(name)
        killing = asyncio.create_task(asyncio.to_thread(town.tmux, "kill-session", "-t", f"={name}:"))
        while not killing.done():
            seen = await client.captures([name, "stays"])
            assert set(seen) <= {name, "stays"}
            assert "stays" in seen
        await killing
        with pytest.raises(NotFound):
            await client.capture(name)


@tmux
async def test_when_the_server_is_killed_it_tells_and_can_connect_to_the_next(
    town: Town, client: ControlClient
) -> None:
    town.start("mayor")
    lost: list[str] = []
    client.on_lost = lost.append
    await client.connect()
    server(town).kill()
    await eventually(lambda: lost)
    assert (client.connected, len(lost), bool(client.lost)) == (False, 1, True)
    with pytest.raises(ToolFailed, match="no connection to tmux"):
        await client.sessions()
    with pytest.raises(NotFound):
        await client.connect()
    await asyncio.to_thread(town.start, "mayor")
    await client.connect()
    assert [fact.name for fact in await client.sessions()] == ["mayor"]


@tmux
async def test_the_last_session_going_is_told_as_a_loss(town: Town, client: ControlClient) -> None:
    town.start("mayor")
    lost: list[str] = []
    client.on_lost = lost.append
    await client.connect()
    await asyncio.to_thread(town.sessions.stop, "mayor", grace_s=1)
    await eventually(lambda: lost)
    assert not client.connected


@tmux
async def test_a_server_that_hangs_is_noticed_by_deadline_and_by_heartbeat(town: Town) -> None:
    town.start("mayor")
    client = ControlClient(town.sessions.socket, heartbeat_s=0.3)
    lost: list[str] = []
    client.on_lost = lost.append
    await client.connect()
    hung = server(town)
    hung.suspend()
    client._deadline_s = 0.3
    try:
        with pytest.raises(TimedOut, match="did not answer"):
            await client.capture("mayor")
        await eventually(lambda: lost)
        assert "has not answered" in lost[0]
    finally:
        hung.resume()
    client._deadline_s = DEADLINE_S
    await client.connect()
    assert (await client.capture("mayor", colours=False)).lines[0] == "waiting"
    await client.close()


@tmux
async def test_a_quiet_connection_is_kept_alive(town: Town) -> None:
    town.start("mayor")
    client = ControlClient(town.sessions.socket, heartbeat_s=0.02)
    await client.connect()
    heard = client._heard_at
    await eventually(lambda: client._heard_at > heard + 0.1)
    assert (client.connected, client.forks) == (True, 1)
    await client.close()


@tmux
async def test_a_callback_that_fails_does_not_end_the_connection(town: Town, client: ControlClient) -> None:
    town.start("one")
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: failures.append(context["exception"]))
    error = ValueError("the room's own mistake")

    def fail() -> None:
        raise error

    client.on_change = fail
    await client.connect()
    await asyncio.to_thread(town.start, "two")
    await eventually(lambda: failures)
    assert set(failures) == {error}
    assert [fact.name for fact in await client.sessions()] == ["one", "two"]


@tmux
async def test_an_ended_programs_status_comes_to_be_known(town: Town, client: ControlClient) -> None:
    stays = town.start("stays")
    await client.connect()
    for n in range(8):
        os.kill(town.start(f"ends{n}").pid, signal.SIGKILL)
    statuses: list[int | None] = []
    deadline = time.monotonic() + DEADLINE_S
    while statuses != [128 + signal.SIGKILL] * 8:
        assert time.monotonic() < deadline, statuses
        statuses = [fact.exit_status for fact in await client.sessions() if fact.dead]
    assert not stays.dead


@tmux
async def test_closing_leaves_sessions_alone_and_no_process_behind(town: Town, client: ControlClient) -> None:
    town.start("mayor")
    await client.connect()
    process = client._process
    assert process is not None
    await client.close()
    await client.close()
    assert not psutil.pid_exists(process.pid)
    assert town.tmux("list-clients") == []
    assert [fact.name for fact in town.sessions.all()] == ["mayor"]
    with pytest.raises(ToolFailed):
        await client.command("list-sessions")
    await client.connect()
    assert client.connected


# ---------------------------------------------------------------------------------------------- following


@tmux
async def test_it_is_told_when_the_followed_pane_prints_and_no_other(town: Town, listener: ControlClient) -> None:
    facts = {name: town.start(name, "cat") for name in ("one", "two")}
    printed: list[str] = []
    await listener.connect()
    for name, other in (("one", "two"), ("two", "one")):
        await listener.follow(name)
        listener.on_output = printed.append
        printed.clear()
        await listener.send_text(other, "elsewhere")
        await listener.send_text(name, "here")
        await eventually(lambda: printed)
        await eventually_shows(listener, other, "elsewhere")
        assert set(printed) == {facts[name].pane_id}
        listener.on_output = None


@tmux
async def test_a_flood_of_output_is_followed_and_other_panes_stay_readable(town: Town, listener: ControlClient) -> None:
    town.start("calm")
    flood = town.start("flood", "yes", "a flood of words")
    printed: list[str] = []
    listener.on_output = printed.append
    await listener.connect()
    await listener.follow("flood")
    for _ in range(50):
        assert (await listener.capture("calm", colours=False)).lines[0] == "waiting"
    printed.clear()
    await eventually(lambda: len(printed) > 20)
    assert set(printed) == {flood.pane_id}
    await listener.press("flood", ["C-c"])
    await asyncio.to_thread(town.sessions.stop, "flood", grace_s=1)


# ---------------------------------------------------------------------------------------------- typing

TRICKY = "echo $((40+2)) \"q;u\" 'it''s' #{pane_id} ~ \\n \\101 -l é日🚀 👨‍👩‍👧 ;"


async def reading(town: Town, client: ControlClient, *more: str) -> Path:
    target = town.directory / "received"
    target.touch()
    town.start("mayor", *town.script("reader", RAW_READER), str(target), *more)
    town.shows("mayor", "reading")
    await client.connect()
    return target


async def arrives(received: Path, expected: bytes) -> None:
    await eventually(lambda: received.stat().st_size >= len(expected))
    assert received.read_bytes() == expected


@tmux
async def test_typed_text_arrives_as_it_is(town: Town, client: ControlClient) -> None:
    received = await reading(town, client)
    for text in (
        TRICKY,
        "-x",
        ";",
        "~",
        "~root/x",
        "$HOME",
        "{ }",
        "%if",
        "Enter",
        "'",
        '"',
        "\\",
        "x" * 2500 + ";",
        "",
    ):
        received.write_bytes(b"")
        await client.send_text("mayor", text)
        await arrives(received, text.encode())
    with pytest.raises(BadInput, match="control character"):
        await client.send_text("mayor", "two\nlines")


@tmux
async def test_keys_of_the_room_arrive_as_a_terminal_would_send_them(town: Town, client: ControlClient) -> None:
    received = await reading(town, client)
    for key, character, expected in (
        ("a", "a", b"a"),
        ("tilde", "~", b"~"),
        ("enter", "\r", b"\r"),
        ("shift+enter", None, b"\x1b\r"),
        ("alt+enter", None, b"\x1b\r"),
        ("ctrl+c", "\x03", b"\x03"),
        ("ctrl+@", "\x00", b"\x00"),
        ("ctrl+backslash", "\x1c", b"\x1c"),
        ("ctrl+slash", None, b"\x1f"),
        ("ctrl+backspace", None, b"\x08"),
        ("backspace", "\x7f", b"\x7f"),
        ("escape", "\x1b", b"\x1b"),
        ("tab", "\t", b"\t"),
        ("shift+tab", None, b"\x1b[Z"),
        ("up", None, b"\x1b[A"),
        ("ctrl+left", None, b"\x1b[1;5D"),
        ("alt+x", "x", b"\x1bx"),
        ("alt+full_stop", None, b"\x1b."),
        ("delete", None, b"\x1b[3~"),
        ("pageup", None, b"\x1b[5~"),
        ("f5", None, b"\x1b[15~"),
    ):
        press = tmux_key(key, character)
        assert isinstance(press, KeyPress), key
        received.write_bytes(b"")
        await client.send("mayor", press)
        await arrives(received, expected)


@tmux
async def test_a_name_that_is_no_key_is_refused_and_nothing_is_pressed(town: Town, client: ControlClient) -> None:
    received = await reading(town, client)
    for keys in (["Entre"], ["Enter", "hello"], ["S-Enter"], ["-X"]):
        with pytest.raises(BadInput, match="is no key"):
            await client.press("mayor", keys)
    await client.send_text("mayor", "after")
    await arrives(received, b"after")


@tmux
async def test_a_large_paste_arrives_whole_and_leaves_no_buffer(town: Town, client: ControlClient) -> None:
    received = await reading(town, client, "brackets")
    text = "".join(f"{n} {TRICKY}\n\t" for n in range(900))
    assert len(text.encode()) > 50_000
    await client.paste("mayor", text + "\x1b[201~\r\nend")
    await arrives(received, b"\x1b[200~" + text.encode() + b"[201~\nend\x1b[201~")
    assert town.tmux("list-buffers") == []
    assert os.environ.get("TMUX") is None
