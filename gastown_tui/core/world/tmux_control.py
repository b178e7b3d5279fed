"""One lasting connection to tmux for a room that looks often: no process per look, an answer within a millisecond.

The client attaches to whatever session there is, never changes a session's size, and attaches to another one when its
own goes. Replies come in the order of the commands, so a queue of waiting futures is all the bookkeeping there is.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from gastown_tui.core.errors import GastownError, NotFound, TimedOut, ToolFailed
from gastown_tui.core.model.outside import Screen, SessionFact
from gastown_tui.core.rules.keystrokes import KeyPress
from gastown_tui.core.world.tmux_answers import CLIENTS, FACTS, failure, session_facts
from gastown_tui.core.world.tmux_rows import LOOK, screen
from gastown_tui.core.world.tmux_run import TmuxProgram, clean_environment
from gastown_tui.core.world.tmux_speech import key_names, pane_target, pastable, session_target, typable, wire_line
from gastown_tui.core.world.tmux_wire import ControlStream, Notice, Printed, Reply

PASTED_AT_ONCE = 16_000
"""Characters of a paste in one command."""
TYPED_AT_ONCE = 1000
REATTACHED_AT_MOST = 5
"""How often within `REATTACHED_WITHIN_S` a lost connection is made anew before that is given up."""
REATTACHED_WITHIN_S = 5.0

_ROSTER = frozenset(
    {
        "sessions-changed",
        "session-renamed",
        "window-add",
        "window-close",
        "unlinked-window-add",
        "unlinked-window-close",
    }
)

Command = Sequence[str]


class HungUp(ToolFailed):
    """The connection went away before tmux answered; whether it acted is not known."""


class ControlClient:
    """A control-mode client of the town's tmux server.

    Args:
        socket: The town's socket.
        output: Also be told when panes of the followed session print (`on_output`).
        deadline_s: How long one exchange may take.
        heartbeat_s: After how much silence tmux is asked whether it is still there.
    """

    def __init__(
        self, socket: Path, *, output: bool = False, deadline_s: float = 3.0, heartbeat_s: float = 5.0
    ) -> None:
        self.on_output: Callable[[str], None] | None = None
        """Called with the id of a pane that printed; look at it then, as often as you like."""
        self.on_change: Callable[[], None] | None = None
        """Called when sessions came, went or were renamed."""
        self.on_lost: Callable[[str], None] | None = None
        """Called with the reason when the connection is gone for good; `connect` tries again."""
        self.forks = 0
        """How many processes were started."""
        self._program = TmuxProgram(socket)
        self._output = output
        self._deadline_s = deadline_s
        self._heartbeat_s = heartbeat_s
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._waiting: deque[asyncio.Future[Reply]] = deque()
        self._greeting: asyncio.Future[Reply] | None = None
        self._connecting = asyncio.Lock()
        self._settled = asyncio.Event()
        self._settled.set()
        self._lost = "not connected yet"
        self._closing = False
        self._followed = ""
        self._heard_at = 0.0
        self._reattached: deque[float] = deque(maxlen=REATTACHED_AT_MOST)
        self._buffers = itertools.count()

    # ------------------------------------------------------------------------------------------ the connection

    @property
    def connected(self) -> bool:
        """Whether there is a connection right now."""
        return self._process is not None and not self._lost

    @property
    def lost(self) -> str:
        """Why there is no connection; empty when there is one."""
        return self._lost

    async def connect(self) -> None:
        """Attach to the server; a connection that stands is kept.

        Raises:
            NotFound: no server runs, or it has no session; try again once a session was started.
            ToolFailed: tmux is missing, too old, or refused.
        """
        async with self._connecting:
            await self._settled.wait()
            if not self.connected:
                self._closing = False
                await self._attach()

    async def close(self) -> None:
        """Detach; no session is touched."""
        self._closing = True
        self._lost = "closed"
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.gather(*(task for task in tasks if task is not asyncio.current_task()), return_exceptions=True)
        await self._reap()
        self._abandon("the connection to tmux was closed")
        self._settled.set()

    async def _attach(self) -> None:
        if not self._program.socket.exists():
            raise NotFound("no tmux server runs for this town yet")
        if why := await asyncio.to_thread(self._program.unavailable):
            raise ToolFailed(why)
        process = await asyncio.create_subprocess_exec(
            *self._program.argv("-C", "attach-session", "-E", *self._flags()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd="/",
            env=clean_environment(os.environ),
        )
        self.forks += 1
        self._process, self._waiting = process, deque()
        loop = asyncio.get_running_loop()
        self._greeting = loop.create_future()
        self._heard_at = loop.time()
        reading = asyncio.create_task(self._read(process))
        try:
            greeting = await self._in_time(self._greeting, 1)
            if not greeting.ok:
                raise failure("\n".join(greeting.rows))
        except BaseException:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await self._reap()
            raise
        self._lost = ""
        self._tasks = [reading, asyncio.create_task(self._beat())]
        if not self._program.is_since(3, 2) and not self._output:
            self._write([("refresh-client", "-F", "no-output")])

    def _flags(self) -> tuple[str, ...]:
        if not self._program.is_since(3, 2):
            return ()
        return ("-f", "ignore-size,pause-after=2" if self._output else "ignore-size,no-output")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        stream = ControlStream()
        while data := await process.stdout.read(1 << 16):
            self._heard_at = asyncio.get_running_loop().time()
            for said in stream.feed(data):
                self._hear(said)
        await self._hung_up(process)

    def _hear(self, said: Reply | Notice | Printed) -> None:
        match said:
            case Reply(own=False):
                if self._greeting is not None and not self._greeting.done():
                    self._greeting.set_result(said)
            case Reply():
                if self._waiting and not (future := self._waiting.popleft()).done():
                    future.set_result(said)
            case Printed(pane_ids):
                for pane_id in pane_ids if self.on_output else ():
                    self._tell(self.on_output, pane_id)
            case Notice("pause", pane_id):
                self._write([("refresh-client", "-A", f"{pane_id}:continue")])
                self._tell(self.on_output, pane_id)
            case Notice(word) if word in _ROSTER:
                self._tell(self.on_change)

    def _tell(self, callback: Callable[..., None] | None, *about: str) -> None:
        if callback is not None and not self._closing:
            callback(*about)

    async def _hung_up(self, process: asyncio.subprocess.Process) -> None:
        """The client has ended: its session is gone, or the server, or somebody detached it."""
        reason = await _last_words(process) or "tmux hung up"
        if self._greeting is not None and not self._greeting.done():
            self._greeting.set_exception(failure(reason))
            return
        if self._closing or self._lost:
            return
        self._settled.clear()
        for task in self._tasks[1:]:
            task.cancel()
        self._abandon(reason)
        try:
            await self._reap()
            await self._reattach(reason)
        except GastownError as error:
            self._give_up(str(error))
        finally:
            self._settled.set()

    async def _reattach(self, reason: str) -> None:
        now = asyncio.get_running_loop().time()
        if len(self._reattached) == REATTACHED_AT_MOST and now - self._reattached[0] < REATTACHED_WITHIN_S:
            raise ToolFailed(f"tmux hangs up again and again: {reason}")
        self._reattached.append(now)
        self._lost = reason
        await self._attach()
        if self._followed:
            self._write([("switch-client", "-t", session_target(self._followed))])
        self._tell(self.on_change)

    def _give_up(self, reason: str) -> None:
        self._lost = reason
        self._tell(self.on_lost, reason)

    def _abandon(self, reason: str) -> None:
        while self._waiting:
            if not (future := self._waiting.popleft()).done():
                future.set_exception(HungUp(f"tmux did not answer: {reason}"))

    async def _reap(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(1.0):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        # Without this the pipes stay open until they are collected, which may be after the loop has closed.
        process._transport.close()  # type: ignore[attr-defined]

    async def _beat(self) -> None:
        """Ask after each silence whether tmux is still there."""
        loop = asyncio.get_running_loop()
        while True:
            silence = loop.time() - self._heard_at
            if silence < self._heartbeat_s:
                await asyncio.sleep(self._heartbeat_s - silence)
                continue
            try:
                await self._exchange([("display-message", "-p", "ok")])
            except TimedOut:
                self._give_up(f"tmux has not answered for {loop.time() - self._heard_at:.0f} s")
                self._abandon(self._lost)
                self._tasks[0].cancel()
                await self._reap()
                return
            except GastownError:
                return

    # ------------------------------------------------------------------------------------------ commands

    async def command(self, *command: str) -> tuple[str, ...]:
        """Give one command and return the lines it printed. Arguments are plain text, quoted here.

        Raises:
            NotFound: it is about something that is not there.
            TimedOut: there was no answer in time.
            ToolFailed: tmux refused, or there is no connection (`HungUp` when it went meanwhile).
        """
        (reply,) = await self._exchange([command])
        return _accepted(reply, command)

    async def _exchange(self, commands: Sequence[Command]) -> list[Reply]:
        """Give commands in one go and wait for all replies."""
        await self._connected()
        futures = self._write(commands)
        return [await self._in_time(future, len(commands)) for future in futures]

    async def _look(self, commands: Sequence[Command]) -> list[Reply]:
        """Give commands that change nothing, once more if the connection went away under them."""
        try:
            return await self._exchange(commands)
        except HungUp:
            return await self._exchange(commands)

    async def _connected(self) -> None:
        if not self._settled.is_set():
            await asyncio.wait({waiter := asyncio.create_task(self._settled.wait())}, timeout=self._deadline_s)
            waiter.cancel()
        if not self.connected:
            raise ToolFailed(f"there is no connection to tmux: {self._lost or 'it is being made anew'}")

    def _write(self, commands: Sequence[Command]) -> list[asyncio.Future[Reply]]:
        assert self._process is not None
        assert self._process.stdin is not None
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in commands]
        for future in futures:
            future.add_done_callback(_noted)
        self._waiting.extend(futures)
        self._process.stdin.write("".join(map(wire_line, commands)).encode())
        return futures

    async def _in_time(self, future: asyncio.Future[Reply], share: int) -> Reply:
        try:
            async with asyncio.timeout(self._deadline_s + 0.01 * share):
                return await future
        except TimeoutError as error:
            raise TimedOut(f"tmux did not answer within {self._deadline_s:g} s") from error

    # ------------------------------------------------------------------------------------------ looking

    async def sessions(self) -> tuple[SessionFact, ...]:
        """Every session on the socket, in one look."""
        replies = await self._look([("list-panes", "-a", "-F", FACTS), ("list-clients", "-F", CLIENTS)])
        return session_facts([row for reply in replies for row in _accepted(reply, ("list-panes",))])

    async def capture(self, name: str, *, history_lines: int = 0, colours: bool = True) -> Screen:
        """The visible screen of a session, with `history_lines` of scrollback above it.

        Raises:
            NotFound: there is no such session.
        """
        look, rows = await self._look(_glance(name, history_lines))
        rows_seen = _accepted(rows, ("capture-pane",), name)
        return screen("".join(_accepted(look, ("display-message",), name)), rows_seen, colours=colours)

    async def captures(
        self, names: Sequence[str], *, history_lines: int = 0, colours: bool = True
    ) -> dict[str, Screen]:
        """Many screens in one go; sessions that are not there are left out."""
        replies = await self._look([command for name in names for command in _glance(name, history_lines)])
        return {
            name: screen("".join(look.rows), rows.rows, colours=colours)
            for name, look, rows in zip(names, replies[::2], replies[1::2], strict=True)
            if look.ok and rows.ok
        }

    async def follow(self, name: str) -> None:
        """Attach to another session; `on_output` is called for its panes from now on.

        Raises:
            NotFound: there is no such session.
        """
        command = ("switch-client", "-t", session_target(name))
        (reply,) = await self._look([command])
        _accepted(reply, command, name)
        self._followed = name

    # ------------------------------------------------------------------------------------------ typing

    async def send(self, name: str, press: KeyPress) -> None:
        """Pass one key on to a session."""
        if press.text:
            await self.send_text(name, press.text)
        elif press.name:
            await self.press(name, (press.name,))
        elif press.codes:
            await self._act(
                name, [("send-keys", "-t", pane_target(name), "-H", *(f"{code:02x}" for code in press.codes))]
            )

    async def send_text(self, name: str, text: str) -> None:
        """Type literal text. No Enter is added.

        Raises:
            NotFound: there is no such session.
            BadInput: the text has control characters.
        """
        target, text = pane_target(name), typable(text)
        parts = [text[start : start + TYPED_AT_ONCE] for start in range(0, len(text), TYPED_AT_ONCE)]
        await self._act(name, [("send-keys", "-t", target, "-l", "--", part) for part in parts])

    async def press(self, name: str, keys: Sequence[str]) -> None:
        """Press named keys; unknown names are refused, never typed as text.

        Raises:
            NotFound: there is no such session.
            BadInput: one is no key; none is pressed.
        """
        if keys:
            await self._act(name, [("send-keys", "-t", pane_target(name), "--", *key_names(keys))])

    async def paste(self, name: str, text: str) -> None:
        """Paste text, bracketed when the program asked for brackets; control characters are left out.

        Raises:
            NotFound: there is no such session.
        """
        target, content = pane_target(name), pastable(text)
        if not content:
            return
        buffer = f"gt-{os.getpid()}-{id(self)}-{next(self._buffers)}"
        await self._act(name, [("has-session", "-t", target)])
        parts = [content[start : start + PASTED_AT_ONCE] for start in range(0, len(content), PASTED_AT_ONCE)]
        growing = [("set-buffer", *(("-a",) if at else ()), "-b", buffer, "--", part) for at, part in enumerate(parts)]
        try:
            await self._act(name, [*growing, ("paste-buffer", "-d", "-p", "-r", "-b", buffer, "-t", target)])
        except NotFound:
            await self._exchange([("delete-buffer", "-b", buffer)])
            raise

    async def resize(self, name: str, width_cells: int, height_cells: int) -> None:
        """Give a session another size. Ask first who else looks at it (`SessionFact.attached`).

        Raises:
            NotFound: there is no such session.
        """
        size = ("-x", str(width_cells), "-y", str(height_cells))
        await self._act(name, [("resize-window", "-t", session_target(name), *size)])

    async def _act(self, name: str, commands: Sequence[Command]) -> None:
        for command, reply in zip(commands, await self._exchange(commands), strict=True):
            _accepted(reply, command, name)


def _noted(future: asyncio.Future[Reply]) -> None:
    """Failures reach whoever waits; nobody may be waiting any more."""
    if not future.cancelled():
        future.exception()


def _glance(name: str, history_lines: int) -> list[Command]:
    target = pane_target(name)
    above = ("-S", str(-history_lines)) if history_lines > 0 else ()
    return [("display-message", "-p", "-t", target, LOOK), ("capture-pane", "-p", "-e", "-t", target, *above)]


def _accepted(reply: Reply, command: Command, name: str = "") -> tuple[str, ...]:
    if not reply.ok:
        raise failure("\n".join(reply.rows), name, ("tmux", *command[:1]))
    return reply.rows


async def _last_words(process: asyncio.subprocess.Process) -> str:
    if process.stderr is None:
        return ""
    return (await process.stderr.read()).decode("utf-8", "replace").strip()
