"""A lasting control-mode connection to the town's tmux server: attaching, staying attached, commands and replies.

The client attaches to whatever session there is, never changes a session's size, and attaches to another one when its
own goes. Replies come in the order of the commands, so a queue of waiting futures is all the bookkeeping there is.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from gastown_tui.core.errors import GastownError, NotFound, TimedOut, ToolFailed
from gastown_tui.core.world.tmux_answers import failure
from gastown_tui.core.world.tmux_run import TmuxProgram, clean_environment
from gastown_tui.core.world.tmux_speech import session_target, wire_line
from gastown_tui.core.world.tmux_wire import ControlStream, Notice, Printed, Reply

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


class ControlLink:
    """A control-mode client, as far as its connection goes.

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
        self._flags: tuple[str, ...] = ("-f", "ignore-size,pause-after=2" if output else "ignore-size,no-output")
        """Emptied by a tmux before 3.2, which attaches without flags and is asked for the same afterwards."""
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
        self._exit_reason = ""
        self._heard_at = 0.0
        self._reattached: deque[float] = deque(maxlen=REATTACHED_AT_MOST)

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
        try:
            reading = await self._greeted()
        except ToolFailed as error:
            if not self._flags or not re.search(r"usage:|unknown (?:option|flag)", error.message):
                raise
            self._flags = ()
            reading = await self._greeted()
        if reading.done():
            await self._reap()
            raise HungUp("tmux hung up as soon as it had answered")
        self._lost = ""
        self._tasks = [reading, asyncio.create_task(self._beat())]
        if not self._flags and not self._output:
            self.write([("refresh-client", "-F", "no-output")])

    async def _greeted(self) -> asyncio.Task[None]:
        """Start a client and wait until tmux has let it in; the task that hears it from then on."""
        self._exit_reason = ""
        self._process, self._waiting = await self._spawned(), deque()
        loop = asyncio.get_running_loop()
        self._greeting = awaited = loop.create_future()
        self._heard_at = loop.time()
        reading = asyncio.create_task(self._read(self._process, awaited))
        try:
            greeting = await self._in_time(awaited, 1)
            if not greeting.ok:
                raise failure("\n".join(greeting.rows))
        except BaseException:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await self._reap()
            raise
        return reading

    async def _spawned(self) -> asyncio.subprocess.Process:
        self.forks += 1
        try:
            return await asyncio.create_subprocess_exec(
                *self._program.argv("-C", "attach-session", "-E", *self._flags),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd="/",
                env=clean_environment(os.environ),
            )
        except FileNotFoundError as error:
            raise ToolFailed("tmux is not installed, or not on PATH") from error
        except OSError as error:
            raise ToolFailed(f"tmux could not be run: {error.strerror}") from error

    async def _read(self, process: asyncio.subprocess.Process, greeting: asyncio.Future[Reply]) -> None:
        """Hear tmux out until it hangs up, and then see to that."""
        assert process.stdout is not None
        stream = ControlStream()
        while data := await process.stdout.read(1 << 16):
            self._heard_at = asyncio.get_running_loop().time()
            for said in stream.feed(data):
                self._hear(said)
        reason = await _last_words(process) or self._exit_reason or "tmux hung up"
        if greeting.done():
            await self._hung_up(reason)
        else:
            greeting.set_exception(failure(reason))

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
                self.write([("refresh-client", "-A", f"{pane_id}:continue")])
                self._tell(self.on_output, pane_id)
            case Notice("exit", reason):
                self._exit_reason = f"tmux hung up: {reason}" if reason else "tmux hung up without a reason"
            case Notice(word) if word in _ROSTER:
                self._tell(self.on_change)

    def _tell(self, callback: Callable[..., None] | None, *about: str) -> None:
        """Call back from the loop, so that a callback that fails does not end the reading."""
        if callback is not None and not self._closing:
            asyncio.get_running_loop().call_soon(callback, *about)

    async def _hung_up(self, reason: str) -> None:
        """The client has ended: its session is gone, or the server, or somebody detached it."""
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
            self.write([("switch-client", "-t", session_target(self._followed))])
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
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await process.wait()
        # The server holds copies of the client's pipes, so a server that hangs keeps them open; and left to be
        # collected they could outlive the loop.
        process._transport.close()  # type: ignore[attr-defined]
        await process.wait()

    async def _beat(self) -> None:
        """Ask after each silence whether tmux is still there."""
        loop = asyncio.get_running_loop()
        while True:
            silence = loop.time() - self._heard_at
            if silence < self._heartbeat_s:
                await asyncio.sleep(self._heartbeat_s - silence)
                continue
            try:
                await self.exchange([("display-message", "-p", "ok")])
            except TimedOut:
                self._lost = f"tmux has not answered for {loop.time() - self._heard_at:.0f} s"
                self._tasks[0].cancel()
                self._abandon(self._lost)
                await self._reap()
                self._give_up(self._lost)
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
        (reply,) = await self.exchange([command])
        return accepted(reply, command)

    async def exchange(self, commands: Sequence[Command]) -> list[Reply]:
        """Give commands in one go and wait for all replies."""
        await self._connected()
        futures = self.write(commands)
        return [await self._in_time(future, len(commands)) for future in futures]

    async def look(self, commands: Sequence[Command]) -> list[Reply]:
        """Give commands that change nothing, once more if the connection went away under them."""
        try:
            return await self.exchange(commands)
        except HungUp:
            return await self.exchange(commands)

    async def _connected(self) -> None:
        if not self._settled.is_set():
            await asyncio.wait({waiter := asyncio.create_task(self._settled.wait())}, timeout=self._deadline_s)
            waiter.cancel()
        if not self.connected:
            raise ToolFailed(f"there is no connection to tmux: {self._lost or 'it is being made anew'}")

    def write(self, commands: Sequence[Command]) -> list[asyncio.Future[Reply]]:
        """Give commands without waiting; the replies come in this order, or `HungUp` when there is no connection."""
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Reply]] = [loop.create_future() for _ in commands]
        for future in futures:
            future.add_done_callback(_noted)
        self._waiting.extend(futures)
        if self._process is None or self._process.stdin is None:
            self._abandon(self._lost)
        else:
            self._process.stdin.write("".join(map(wire_line, commands)).encode())
        return futures

    async def _in_time(self, future: asyncio.Future[Reply], share: int) -> Reply:
        try:
            async with asyncio.timeout(self._deadline_s + 0.01 * share):
                return await future
        except TimeoutError as error:
            raise TimedOut(f"tmux did not answer within {self._deadline_s:g} s") from error


def accepted(reply: Reply, command: Command, name: str = "") -> tuple[str, ...]:
    """The rows of a reply.

    Raises:
        NotFound: the session or server is not there.
        ToolFailed: tmux refused the command.
    """
    if not reply.ok:
        raise failure("\n".join(reply.rows), name, ("tmux", *command[:1]))
    return reply.rows


def _noted(future: asyncio.Future[Reply]) -> None:
    """Failures reach whoever waits; nobody may be waiting any more."""
    if not future.cancelled():
        future.exception()


async def _last_words(process: asyncio.subprocess.Process) -> str:
    if process.stderr is None:
        return ""
    return (await process.stderr.read()).decode("utf-8", "replace").strip()
