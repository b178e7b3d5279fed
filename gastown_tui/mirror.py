"""The room's view of agents' screens: one tmux connection for all of them, one more for the screen that is looked at.

Nothing here starts a process per look. What is typed into an agent goes out in the order it was typed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

import msgspec

from gastown_tui.core.errors import GastownError, NotFound
from gastown_tui.core.model.outside import Runtime, Screen, SessionFact
from gastown_tui.core.rules.health import Seen
from gastown_tui.core.rules.keystrokes import KeyPress, tmux_key
from gastown_tui.core.rules.screens import classify

SWEEP_S = 1.0
"""How often sessions are looked at when nothing announces a change."""
RETRY_S = 2.0
"""How often a screen that cannot be had is tried again."""
FRAME_S = 1 / 60
"""The fastest the focused screen is drawn."""
SMALLEST = (40, 10)
"""Columns and rows below which no session is made to fit a pane."""


class Client(Protocol):
    """What is needed of a lasting connection to tmux (`core.world.tmux_control.ControlClient`)."""

    on_output: Callable[[str], None] | None
    on_change: Callable[[], None] | None
    forks: int

    @property
    def connected(self) -> bool:
        """Whether there is a connection right now."""
        ...

    async def connect(self) -> None:
        """Attach to the server; a connection that stands is kept."""
        ...

    async def close(self) -> None:
        """Detach; no session is touched."""
        ...

    async def command(self, *command: str) -> tuple[str, ...]:
        """Give one command and return the lines it printed."""
        ...

    async def sessions(self) -> tuple[SessionFact, ...]:
        """Every session, in one look."""
        ...

    async def capture(self, name: str, *, history_lines: int = 0, colours: bool = True) -> Screen:
        """A session's screen, with scrollback above it."""
        ...

    async def captures(
        self, names: Sequence[str], *, history_lines: int = 0, colours: bool = True
    ) -> dict[str, Screen]:
        """Many screens in one go."""
        ...

    async def follow(self, name: str) -> None:
        """Be told when this session prints."""
        ...

    async def send(self, name: str, press: KeyPress) -> None:
        """Pass one key on."""
        ...

    async def paste(self, name: str, text: str) -> None:
        """Paste text."""
        ...


class Look(msgspec.Struct, frozen=True):
    """How the followed screen looks; without a screen, why there is none."""

    session: str
    screen: Screen | None
    why_not: str = ""


class _Recognised(msgspec.Struct, frozen=True):
    """What a screen was last recognised as."""

    activity: datetime
    """When its pane had last printed by then."""
    settled: bool
    """A second look at the same activity, a sweep later: nothing can have been missed."""
    kind: str
    notice: str = ""
    """What it asks or complains of."""


class Mirror:
    """Looks at one town's sessions.

    Args:
        client: Makes a connection; `True` asks for one that tells when panes print.
        runtimes: The program that runs in each session, as far as the town knows.
        unavailable: Why there can be no sessions at all (no tmux, too old); empty when there can.
    """

    def __init__(
        self,
        client: Callable[[bool], Client],
        runtimes: Callable[[], Awaitable[Mapping[str, Runtime]]],
        unavailable: Callable[[], Awaitable[str]],
    ) -> None:
        self._make = client
        self._runtimes = runtimes
        self._unavailable = unavailable
        self._roster: Client | None = None
        self._focus: Client | None = None
        self._focus_on = ""
        self._held_at = 0
        """How many processes the roster's connection had cost when it was last attached where it lasts."""
        self._followed = ""
        self._recognised: dict[str, _Recognised] = {}
        self._roster_changed = asyncio.Event()
        self._printed = asyncio.Event()
        self._typed: deque[tuple[str, KeyPress | str]] = deque()
        self._has_typed = asyncio.Event()
        self._shown: Look | None = None
        self.seen = Seen(sessions=None, trouble="tmux was not asked yet")
        """The last look at all sessions."""
        self.has_looked = asyncio.Event()
        """Set once there was a look at all."""
        self.on_seen: Callable[[], object] = lambda: None
        """Called when sessions or what they show differ in kind from the last look."""
        self.on_look: Callable[[Look], object] = lambda look: None
        """Called when the followed screen looks different."""
        self.on_refused: Callable[[str, GastownError], object] = lambda session, error: None
        """Called when what was typed could not be passed on."""

    @property
    def forks(self) -> int:
        """Processes started beyond the two lasting connections."""
        return sum(max(client.forks - 1, 0) for client in (self._roster, self._focus) if client is not None)

    async def run(self) -> None:
        """Look until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch_sessions())
                tasks.create_task(self._watch_followed())
                tasks.create_task(self._pass_on())
        finally:
            for client in (self._roster, self._focus):
                if client is not None:
                    await client.close()

    # -------------------------------------------------------------------------------------- all sessions

    async def _watch_sessions(self) -> None:
        while True:
            self._roster_changed.clear()
            before, self.seen = self.seen, await self._sweep()
            self.has_looked.set()
            if _kinds(before) != _kinds(self.seen):
                self._printed.set()
                self.on_seen()
            await self._hold_on()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._roster_changed.wait(), SWEEP_S)

    async def _hold_on(self) -> None:
        """Attach where it lasts: a connection goes with its session, and a new one costs a process.

        As a rule the session that has been there longest goes last.
        """
        client, sessions = self._roster, [fact for fact in (self.seen.sessions or {}).values() if not fact.dead]
        if client is None or not sessions or client.forks == self._held_at:
            return
        oldest = min(sessions, key=lambda fact: (fact.created, fact.name))
        self._held_at = client.forks
        with suppress(GastownError):
            await client.follow(oldest.name)

    async def _sweep(self) -> Seen:
        try:
            client = await self._for_roster()
            sessions = {fact.name: fact for fact in await client.sessions()}
            await self._recognise(client, sessions)
        except NotFound:
            return await self._no_server()
        except GastownError as lost:
            return Seen(sessions=None, trouble=lost.message)
        known = self._recognised.items()
        return Seen(
            sessions=sessions,
            screens={name: each.kind for name, each in known},
            notices={name: each.notice for name, each in known if each.notice},
        )

    async def _no_server(self) -> Seen:
        """There is no tmux to ask: because nobody runs one, or because the town itself is gone."""
        try:
            return Seen(sessions={}, trouble=await self._unavailable())
        except GastownError as lost:
            return Seen(sessions=None, trouble=lost.message)

    async def _for_roster(self) -> Client:
        if self._roster is None:
            self._roster = self._make(False)
            self._roster.on_change = self._roster_changed.set
        await self._roster.connect()
        return self._roster

    async def _recognise(self, client: Client, sessions: Mapping[str, SessionFact]) -> None:
        """Look again at every screen that printed since it was last recognised."""
        self._recognised = {name: each for name, each in self._recognised.items() if name in sessions}
        moved = [fact for fact in sessions.values() if self._has_moved(fact)]
        if not moved:
            return
        runtimes = await self._runtimes()
        screens = await client.captures([fact.name for fact in moved if fact.name in runtimes], colours=True)
        for fact in moved:
            known, screen = self._recognised.get(fact.name), screens.get(fact.name)
            state = classify(screen, runtimes[fact.name], dead=fact.dead) if screen is not None else None
            settled = known is not None and known.activity == fact.activity
            said = (state.name, state.notice) if state is not None else ("", "")
            self._recognised[fact.name] = _Recognised(fact.activity, settled, *said)

    def _has_moved(self, fact: SessionFact) -> bool:
        """Tmux tells when a pane last printed by the second, so a first look may have come too early."""
        known = self._recognised.get(fact.name)
        return known is None or known.activity != fact.activity or not known.settled

    async def look_again(self) -> None:
        """Look at the sessions now and take in what there is."""
        self.seen = await self._sweep()
        self._printed.set()
        self.on_seen()

    # -------------------------------------------------------------------------------------- one screen

    def follow(self, session: str) -> None:
        """Show another session's screen from now on."""
        self._followed, self._shown = session, None
        self._printed.set()

    async def _watch_followed(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._printed.wait(), RETRY_S)
            self._printed.clear()
            if not self._followed:
                continue
            look = await self._look(self._followed)
            if look != self._shown and look.session == self._followed:
                self._shown = look
                self.on_look(look)
                await asyncio.sleep(FRAME_S)

    async def _look(self, session: str) -> Look:
        try:
            client = await self._for_focus(session)
            return Look(session, await client.capture(session, colours=True))
        except NotFound:
            return Look(session, None, self.seen.trouble or "no session")
        except GastownError as lost:
            return Look(session, None, lost.message)

    async def _for_focus(self, session: str) -> Client:
        if self._focus is None:
            self._focus = self._make(True)
            self._focus.on_output = lambda _pane: self._printed.set()
        if not self._focus.connected:
            self._focus_on = ""
        await self._focus.connect()
        if self._focus_on != session:
            self._focus_on = ""
            await self._focus.follow(session)
            self._focus_on = session
        return self._focus

    async def history(self, session: str, lines: int) -> tuple[str, ...]:
        """The scrollback above a screen, and the screen."""
        client = await self._for_roster()
        return (await client.capture(session, history_lines=lines, colours=True)).lines

    # -------------------------------------------------------------------------------------- typing

    def type_key(self, session: str, key: str, character: str | None) -> None:
        """Pass a key on; keys no terminal program would understand are dropped."""
        press = tmux_key(key, character)
        if press is not None:
            self._send(session, press)

    def paste(self, session: str, text: str) -> None:
        """Paste text."""
        self._send(session, text)

    def _send(self, session: str, what: KeyPress | str) -> None:
        self._typed.append((session, what))
        self._has_typed.set()

    async def _pass_on(self) -> None:
        while True:
            await self._has_typed.wait()
            self._has_typed.clear()
            while self._typed:
                session, what = self._typed.popleft()
                try:
                    client = await self._for_roster()
                    if isinstance(what, str):
                        await client.paste(session, what)
                    else:
                        await client.send(session, self._with_what_follows(session, what))
                except GastownError as error:
                    self._typed.clear()
                    self.on_refused(session, error)

    def _with_what_follows(self, session: str, press: KeyPress) -> KeyPress:
        """Characters typed faster than tmux takes them go out together."""
        text = press.text
        while text and self._typed:
            into, what = self._typed[0]
            if into != session or isinstance(what, str) or not what.text:
                break
            text += what.text
            self._typed.popleft()
        return KeyPress(text=text) if text else press

    async def fit(self, session: str, columns: int, rows: int) -> tuple[int, int]:
        """Make a session as large as a pane, unless somebody else looks at it; its size before, or (0, 0)."""
        fact = (self.seen.sessions or {}).get(session)
        wanted = (max(columns, SMALLEST[0]), max(rows, SMALLEST[1]))
        if fact is None or fact.attached or wanted == (fact.width_cells, fact.height_cells):
            return 0, 0
        await self._resize(session, *wanted)
        return fact.width_cells, fact.height_cells

    async def give_back(self, session: str, size: tuple[int, int]) -> None:
        """Give a session the size it had, unless somebody looks at it by now."""
        await self.look_again()
        fact = (self.seen.sessions or {}).get(session)
        if fact is not None and not fact.attached and all(size):
            await self._resize(session, *size)

    async def _resize(self, session: str, columns: int, rows: int) -> None:
        with suppress(GastownError):
            client = await self._for_roster()
            await client.command("resize-window", "-t", f"={session}:", "-x", str(columns), "-y", str(rows))


def _kinds(seen: Seen) -> object:
    """What of a look changes a reading: who lives and what screens show, not when they last printed."""
    if not seen.sessions:
        return seen.sessions, seen.trouble
    return {
        name: (fact.pid, fact.dead, fact.attached, seen.screens.get(name), seen.notices.get(name))
        for name, fact in seen.sessions.items()
    }
