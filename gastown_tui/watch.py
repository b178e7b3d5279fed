"""The room's eyes: the ledger's files and one tmux connection, turned into messages for the app.

Everything that touches the ledger runs on one thread of its own, so a reading is never torn by a fold. What leaves
that thread is frozen.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from textual.message import Message

from gastown_tui.core.errors import GastownError, NotFound
from gastown_tui.core.events import Event
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import session_name
from gastown_tui.core.model.ids import Address
from gastown_tui.core.model.outside import Screen, SessionFact
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.health import Seen
from gastown_tui.core.rules.keystrokes import tmux_key
from gastown_tui.core.rules.screens import classify
from gastown_tui.core.views.feed import FeedRow, feed_row
from gastown_tui.core.views.home import HomeView, home
from gastown_tui.core.views.shelf import BeadRow, bead_rows
from gastown_tui.core.wiring import open_hands
from gastown_tui.core.world.tail import LedgerTail
from gastown_tui.core.world.tmux_control import ControlClient

T = TypeVar("T")

FEED_LINES = 1000
"""How many lines of the feed the room holds."""
SWEEP_S = 1.0
"""How often files and sessions are looked at when nothing announces a change."""
BURST_S = 0.04
"""Changes this close together are read as one."""
SHELF_AGE = timedelta(minutes=1)
"""How old the ages in the list of beads may grow."""
FRAME_S = 1 / 30
"""The fastest the focused pane is drawn."""


class HomeChanged(Message):
    """The home screen reads differently."""

    def __init__(self, view: HomeView, lag_ms: float) -> None:
        super().__init__()
        self.view = view
        self.lag_ms = lag_ms
        """From the newest event's stamp, as far as it was news, to this reading."""

    def can_replace(self, message: Message) -> bool:
        """Only the last reading matters."""
        return isinstance(message, HomeChanged)


class LookChanged(Message):
    """The selected agent's screen looks different."""

    def __init__(self, address: str, look: Screen | None, why_not: str = "") -> None:
        super().__init__()
        self.address = address
        self.look = look
        self.why_not = why_not

    def can_replace(self, message: Message) -> bool:
        """Only the last look matters."""
        return isinstance(message, LookChanged) and message.address == self.address


class WatchFailed(Message):
    """The ledger could not be read."""

    def __init__(self, error: GastownError) -> None:
        super().__init__()
        self.error = error


class TownWatch:
    """Looks at one town for one app."""

    def __init__(self, path: Path | None, tell: Callable[[Message], object]) -> None:
        self._path = path
        self._tell = tell
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="town")
        self._changed = asyncio.Event()
        self._looked = asyncio.Event()
        self._roster_changed = asyncio.Event()
        self._feed: deque[FeedRow] = deque(maxlen=FEED_LINES)
        self._seen = Seen(sessions={})
        self._screens: dict[str, tuple[datetime, str]] = {}
        self._daemon_alive: bool | None = None
        self._selected = ""
        self._shown: tuple[str, Screen | None] = ("", None)
        self._last: HomeView | None = None
        self._mirror: ControlClient | None = None
        self._focus: ControlClient | None = None
        self.shows_beads = False
        self._shelved_at: datetime | None = None
        self._shelved: tuple[BeadRow, ...] = ()
        self._acting: Hands | None = None
        self.hands: Hands | None = None
        self.handovers = 0
        """Processes started to hand the terminal over."""

    # -------------------------------------------------------------------------------------- the town's thread

    async def ask(self, question: Callable[[Hands, Town], T]) -> T:
        """Run a reading on the town's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(self._answer, question))

    def hands_for_verbs(self) -> Hands:
        """Hands of their own for verbs, which run on other threads than the readings."""
        if self._acting is None:
            self._acting = open_hands(self._path)
        return self._acting

    @property
    def seen(self) -> Seen:
        """The last look at sessions and screens."""
        return self._seen

    def has_session(self, address: str) -> bool:
        """Whether an agent had a session when last looked."""
        return session_name(Address(address)) in (self._seen.sessions or {})

    def _answer(self, question: Callable[[Hands, Town], T]) -> T:
        assert self.hands is not None
        return question(self.hands, self.hands.ledger.read())

    def _open(self) -> None:
        self.hands = open_hands(self._path)
        self._tail = LedgerTail(self.hands.ledger)
        for event in self.hands.ledger.recent(FEED_LINES):
            self._take_in(event)

    def _take_in(self, event: Event) -> None:
        if (row := feed_row(event)) is not None:
            self._feed.appendleft(row)

    def _read(self) -> tuple[HomeView, float]:
        assert self.hands is not None
        events, town = self._tail.poll()
        for event in events:
            self._take_in(event)
        now = self.hands.clock.now()
        pid = town.own.registers.daemon_pid
        self._daemon_alive = bool(pid and Path(f"/proc/{pid}").exists()) if Path("/proc").exists() else None
        view = home(
            town,
            self._seen,
            tuple(self._feed),
            now,
            path=_at_home(self.hands.ledger.home),
            daemon_alive=self._daemon_alive,
            beads=self._shelf(town, now, changed=bool(events)),
        )
        lag_ms = 0.0
        if events and (newest := _age_ms(events[-1], now)) is not None:
            lag_ms = newest
        return view, lag_ms

    def _shelf(self, town: Town, now: datetime, *, changed: bool) -> tuple[BeadRow, ...]:
        """The beads, read again when something happened or their ages have grown old."""
        if not (self.shows_beads or not town.is_town):
            return ()
        if changed or self._shelved_at is None or now - self._shelved_at > SHELF_AGE:
            self._shelved_at, self._shelved = now, bead_rows(town, now)
        return self._shelved

    def show_beads(self, shown: bool) -> None:
        """Read the shelf too, or no longer."""
        self.shows_beads = shown
        self._shelved_at = None
        self._changed.set()

    # -------------------------------------------------------------------------------------------------- loops

    async def run(self) -> None:
        """Watch until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._open)
        except GastownError as error:
            self._tell(WatchFailed(error))
            return
        stop = self._tail.wake_on_change(lambda: loop.call_soon_threadsafe(self._changed.set))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow_ledger())
                tasks.create_task(self._follow_sessions())
                tasks.create_task(self._follow_selected())
        finally:
            stop()
            for client in (self._mirror, self._focus):
                if client is not None:
                    await client.close()
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def _follow_ledger(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                view, lag_ms = await loop.run_in_executor(self._thread, self._read)
            except GastownError as error:
                self._tell(WatchFailed(error))
            else:
                if view != self._last:
                    self._last = view
                    self._tell(HomeChanged(view, lag_ms))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), SWEEP_S)
                await asyncio.sleep(BURST_S)
            self._changed.clear()

    async def _follow_sessions(self) -> None:
        assert self.hands is not None
        while True:
            try:
                client = await self._connected()
                sessions = {fact.name: fact for fact in await client.sessions()}
                changed = await self._recognise(client, sessions)
                if changed or self._seen.sessions is None or _shape(self._seen.sessions) != _shape(sessions):
                    self._changed.set()
                screens = {name: kind for name, (_at, kind) in self._screens.items()}
                self._seen = Seen(sessions=sessions, screens=screens)
            except GastownError as lost:
                seen = Seen(sessions={}) if isinstance(lost, NotFound) else Seen(sessions=None, trouble=lost.message)
                if seen != self._seen:
                    self._seen = seen
                    self._changed.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._roster_changed.wait(), SWEEP_S)
            self._roster_changed.clear()

    async def _connected(self) -> ControlClient:
        assert self.hands is not None
        if self._mirror is None:
            self._mirror = ControlClient(self.hands.sessions.socket)
            self._mirror.on_change = self._roster_changed.set
        await self._mirror.connect()
        return self._mirror

    async def _following(self, name: str) -> ControlClient:
        assert self.hands is not None
        if self._focus is None:
            self._focus = ControlClient(self.hands.sessions.socket, output=True)
            self._focus.on_output = lambda _pane: self._looked.set()
        await self._focus.connect()
        await self._focus.follow(name)
        return self._focus

    @property
    def forks(self) -> int:
        """Processes started since the room opened, beyond the two lasting connections."""
        clients = [client for client in (self._mirror, self._focus) if client is not None]
        return self.handovers + sum(max(client.forks - 1, 0) for client in clients)

    async def _recognise(self, client: ControlClient, sessions: dict[str, SessionFact]) -> bool:
        """Look again at every screen that moved since it was last recognised."""
        assert self.hands is not None
        moved = [fact for fact in sessions.values() if self._screens.get(fact.name, (None, ""))[0] != fact.activity]
        if not moved:
            return False
        runtimes = await self.ask(lambda hands, town: {a.session: a.runtime for a in town.agents() if a.session})
        looks = await client.captures([fact.name for fact in moved], colours=True)
        changed = False
        for fact in moved:
            look = looks.get(fact.name)
            name = runtimes.get(fact.name)
            kind = ""
            if look is not None and name:
                runtime = self.hands.runtimes.find(name)
                kind = classify(look, runtime, dead=fact.dead).kind.value
            changed = changed or self._screens.get(fact.name, (None, ""))[1] != kind
            self._screens[fact.name] = (fact.activity, kind)
        return changed

    # -------------------------------------------------------------------------------------- the selected agent

    def select(self, address: str) -> None:
        """Mirror another agent's screen."""
        self._selected = address
        self._shown = ("", None)
        self._looked.set()

    async def _follow_selected(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._looked.wait(), SWEEP_S)
            self._looked.clear()
            address = self._selected
            if not address:
                continue
            name = session_name(Address(address))
            try:
                client = await self._following(name)
                look = await client.capture(name, colours=True)
            except GastownError as lost:
                self._tell(LookChanged(address, None, "no session" if isinstance(lost, NotFound) else lost.message))
                continue
            if (address, look) != self._shown:
                self._shown = (address, look)
                self._tell(LookChanged(address, look))
            await asyncio.sleep(FRAME_S)

    async def history(self, address: str, lines: int) -> tuple[str, ...]:
        """The scrollback above an agent's screen, and the screen."""
        client = await self._connected()
        look = await client.capture(session_name(Address(address)), history_lines=lines, colours=True)
        return look.lines

    async def type_key(self, address: str, key: str, character: str | None) -> None:
        """Pass a key on to an agent."""
        press = tmux_key(key, character)
        if press is None:
            return
        client = await self._connected()
        await client.send(session_name(Address(address)), press)
        self._looked.set()

    async def paste(self, address: str, text: str) -> None:
        """Paste text into an agent's screen."""
        client = await self._connected()
        await client.paste(session_name(Address(address)), text)
        self._looked.set()


def _shape(sessions: object) -> object:
    """What of the sessions changes a reading: who lives, not when it last printed."""
    return (
        {name: (fact.pid, fact.dead, fact.attached) for name, fact in sessions.items()}
        if isinstance(sessions, dict)
        else None
    )


def _age_ms(event: Event, now: datetime) -> float | None:
    from gastown_tui.core.model.times import moment

    at = moment(event.timestamp)
    return None if at is None else max(0.0, (now - at).total_seconds() * 1000)


def _at_home(path: Path) -> str:
    """A folder as a person writes it."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except ValueError:
        return str(path)
