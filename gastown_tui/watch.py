"""The room's eyes: the ledger's files and the agents' screens, turned into messages for the app.

Everything that touches the ledger runs on one thread of its own, so a reading is never torn by a fold. What leaves
that thread is frozen. Nothing is read again while nothing changed and no age that is shown has grown.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
from textual.message import Message

from gastown_tui.core.errors import GastownError, NotFound
from gastown_tui.core.events import Event
from gastown_tui.core.fold import LedgerState, Town
from gastown_tui.core.model.address import session_name
from gastown_tui.core.model.ids import Address
from gastown_tui.core.model.outside import Runtime, Screen
from gastown_tui.core.model.times import moment
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.health import Seen
from gastown_tui.core.views.ages import Ages
from gastown_tui.core.views.feed import FeedRow, feed_row
from gastown_tui.core.views.home import HomeView, home_until
from gastown_tui.listening import Announcer, Listening
from gastown_tui.mirror import Client, Look, Mirror
from gastown_tui.ready import ReadyCount
from gastown_tui.remembered import at_home

T = TypeVar("T")

FEED_LINES = 1000
"""How many lines of the feed the room holds."""
NEWEST = 20
"""How many of them are looked through for one that comes twice."""
SWEEP_S = 2.0
"""How often the files are looked at when nothing announces a change."""
BURST_S = 0.04
"""Changes this close together are read as one."""
DUE_AT_MOST = timedelta(seconds=10)
"""How long a reading stands when nothing happens: silence turns into a verdict by itself."""
FIRST_LOOK_S = 0.4
"""How long the first reading waits for tmux; until it has answered, every state is unknown."""
WHO = frozenset({"GT_ROLE", "BD_ACTOR", "BEADS_ACTOR", "GIT_AUTHOR_NAME"})
"""Variables that tell who an agent's session is. In the room it is always the overseer who acts."""


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


class TypingRefused(Message):
    """What was typed could not be passed on to an agent."""

    def __init__(self, error: GastownError) -> None:
        super().__init__()
        self.error = error


class WatchFailed(Message):
    """The ledger could not be read."""

    def __init__(self, error: GastownError, *, opening: bool) -> None:
        super().__init__()
        self.error = error
        self.opening = opening
        """There is nothing to show yet."""


class Tail(Announcer, Protocol):
    """New events as they come (`core.world.tail.LedgerTail`)."""

    def poll(self) -> tuple[tuple[Event, ...], Town]:
        """Events since the last poll, and the town after them."""
        ...


class Sources:
    """Where a watch gets what it sees. Screenshots and tests bring their own.

    Args:
        opened: Hands that have read their ledger already; whoever asks for hands first gets these.
    """

    def __init__(self, opened: Hands | None = None) -> None:
        self._opened = opened

    def hands(self, path: Path | None) -> Hands:
        """Hands on the home around a path."""
        opened, self._opened = self._opened, None
        if opened is not None:
            return opened
        from gastown_tui.core.wiring import open_hands

        return open_hands(path, env={key: value for key, value in os.environ.items() if key not in WHO})

    def tail(self, hands: Hands) -> Tail:
        """The events of its ledgers."""
        from gastown_tui.core.world.tail import LedgerTail

        return LedgerTail(hands.ledger)

    def here(self) -> Path:
        """Where the room was opened."""
        return Path.cwd()

    def used(self) -> tuple[float, float]:
        """Seconds of processor this process has used, and seconds on a clock beside it."""
        return time.process_time(), time.monotonic()

    def client(self, hands: Hands, output: bool) -> Client:
        """A lasting connection to its tmux."""
        from gastown_tui.core.world.tmux_control import ControlClient

        return ControlClient(hands.sessions.socket, output=output)


class _Reading(msgspec.Struct, frozen=True):
    """What one look at the ledger gave."""

    view: HomeView | None
    """None when nothing can have changed."""
    lag_ms: float = 0.0
    is_news: bool = False
    """Something was recorded, whether or not it shows on the home screen."""


class TownWatch:
    """Looks at one town for one app.

    Args:
        path: Where to look for the town or the ledger; None is the current directory.
        tell: Takes the messages, on the loop's thread.
        sources: Where everything comes from.
    """

    def __init__(self, path: Path | None, tell: Callable[[Message], object], sources: Sources | None = None) -> None:
        self._path = path
        self._tell = tell
        self._sources = sources or Sources()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="town")
        self._changed = asyncio.Event()
        self._feed: deque[FeedRow] = deque(maxlen=FEED_LINES)
        self._ready = ReadyCount()
        self._daemon: tuple[datetime | None, int, bool | None] = (None, -1, None)
        self._due: datetime | None = None
        self._forced = True
        self._last: HomeView | None = None
        self._states: tuple[LedgerState, ...] = ()
        """The ledgers as they were last read; held, so that another one is told from them."""
        self._selected = ""
        self._acting: Hands | None = None
        self._acting_lock = threading.Lock()
        self._listening = Listening()
        self.hands: Hands | None = None
        self.mirror: Mirror | None = None
        self.handovers = 0
        """Processes started to hand the terminal over."""

    # -------------------------------------------------------------------------------------- the town's thread

    async def ask(self, question: Callable[[Hands, Town], T]) -> T:
        """Run a reading on the town's thread.

        Raises:
            NotFound: no town is open.
            GastownError: the ledger cannot be read.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(self._answer, question))

    def _answer(self, question: Callable[[Hands, Town], T]) -> T:
        if self.hands is None:
            raise NotFound("no town is open yet")
        return question(self.hands, self.hands.ledger.read())

    def hands_for_verbs(self) -> Hands:
        """Hands of their own for verbs, which run on other threads than the readings."""
        with self._acting_lock:
            if self._acting is None:
                self._acting = self._sources.hands(self._path)
            return self._acting

    def _open(self) -> bool:
        """Open the ledger; whether it is a town's."""
        hands = self._sources.hands(self._path)
        self._tail = self._sources.tail(hands)
        self.hands = hands
        _events, town = self._tail.poll()
        self._begin(hands, town)
        return town.is_town

    def _begin(self, hands: Hands, town: Town) -> None:
        """Take in what happened before we looked."""
        self._states = tuple(town.ledgers.values())
        self._feed.clear()
        for event in hands.ledger.recent(FEED_LINES):
            self._take_in(event)

    def _is_another(self, town: Town) -> bool:
        """Whether a ledger was read from its beginning, which brings no events: its log is new, or was exchanged."""
        states = tuple(town.ledgers.values())
        known = {id(state) for state in self._states}
        return any(id(state) not in known for state in states)

    def _take_in(self, event: Event) -> None:
        if (row := feed_row(event)) is not None and all(row.event_id != each.event_id for each in self._newest()):
            self._feed.appendleft(row)

    def _newest(self) -> Iterable[FeedRow]:
        """The rows among which an event may be that comes a second time, from the file and from the tail."""
        return islice(self._feed, NEWEST)

    def _read(self, *, forced: bool) -> _Reading:
        hands = self.hands
        assert hands is not None
        events, town = self._tail.poll()
        now = hands.clock.now()
        if self._is_another(town):
            self._begin(hands, town)
            events, forced = (), True
            self._ready.forget()
        if not (events or forced or (self._due is not None and now >= self._due)):
            return _Reading(None)
        for event in events:
            self._take_in(event)
        if self._last is not None or not town.is_town:
            self._ready.update(town, hands, events)
        ages = Ages(now)
        view = home_until(
            town,
            self._seen(town, hands, now),
            tuple(self._feed),
            ages,
            path=at_home(hands.ledger.home),
            ready=self._ready.count,
        )
        self._due = min(filter(None, (ages.until, self._ready.due, now + DUE_AT_MOST)))
        newest = _age_ms(events[-1], now) if events else None
        return _Reading(view, newest or 0.0, bool(events))

    def _seen(self, town: Town, hands: Hands, now: datetime) -> Seen:
        seen = self.mirror.seen if self.mirror is not None else Seen(sessions={})
        return msgspec.structs.replace(seen, daemon_alive=self._daemon_alive(town, hands, now))

    def _daemon_alive(self, town: Town, hands: Hands, now: datetime) -> bool | None:
        """Whether the daemon the ledger names still runs; looked up now and then, and when the ledger names another."""
        own = town.own.registers
        at, pid, alive = self._daemon
        if pid != own.daemon_pid or at is None or now - at >= DUE_AT_MOST:
            fact = hands.processes.find(own.daemon_pid) if own.daemon_pid else None
            alive = fact is not None and fact.incarnation == own.daemon_incarnation
            self._daemon = (now, own.daemon_pid, alive)
        return alive

    def _runtimes_now(self, hands: Hands, town: Town) -> Mapping[str, Runtime]:
        found: dict[str, Runtime] = {}
        for agent in town.agents():
            if agent.session and agent.runtime:
                with suppress(GastownError):
                    found[agent.session] = hands.runtimes.find(agent.runtime)
        return found

    # -------------------------------------------------------------------------------------- loops

    async def run(self) -> None:
        """Watch until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            is_town = await loop.run_in_executor(self._thread, self._open)
        except GastownError as error:
            self._tell(WatchFailed(error, opening=True))
            self._thread.shutdown(wait=False)
            return
        try:
            async with asyncio.TaskGroup() as tasks:
                if is_town:
                    self.mirror = self._make_mirror()
                    tasks.create_task(self.mirror.run())
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self.mirror.has_looked.wait(), FIRST_LOOK_S)
                tasks.create_task(self._follow_ledger())
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)
            await asyncio.shield(loop.run_in_executor(None, self._listening.end))

    def _make_mirror(self) -> Mirror:
        hands = self.hands
        assert hands is not None
        mirror = Mirror(
            lambda output: self._sources.client(hands, output),
            lambda: self.ask(self._runtimes_now),
            lambda: self.ask(lambda hands, town: hands.sessions.unavailable()),
        )
        mirror.on_seen = self._changed_outside
        mirror.on_look = self._looked
        mirror.on_refused = lambda _session, error: self._tell(TypingRefused(error))
        if self._selected:
            mirror.follow(session_name(Address(self._selected)))
        return mirror

    def _changed_outside(self) -> None:
        self._forced = True
        self._changed.set()

    async def _follow_ledger(self) -> None:
        loop = asyncio.get_running_loop()
        heard = partial(loop.call_soon_threadsafe, self._changed.set)
        while True:
            forced, self._forced = self._forced, False
            try:
                reading = await loop.run_in_executor(self._thread, partial(self._read, forced=forced))
            except GastownError as error:
                self._last, self._forced = None, True
                self._tell(WatchFailed(error, opening=False))
            else:
                self._announce(reading)
            if not self._listening.has_begun:
                # Not before the first reading was told, for this takes its time; what came in between is read now.
                await loop.run_in_executor(self._thread, self._listening.begin, self._tail, heard)
                self._changed.set()
            await asyncio.sleep(BURST_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), SWEEP_S)
            self._changed.clear()

    def _announce(self, reading: _Reading) -> None:
        if reading.view is None or (reading.view == self._last and not reading.is_news):
            return
        if self._last is None:
            # What the first frame could do without comes right behind it.
            self._changed_outside()
        self._last = reading.view
        self._tell(HomeChanged(reading.view, reading.lag_ms))

    # -------------------------------------------------------------------------------------- the selected agent

    def select(self, address: str) -> None:
        """Mirror another agent's screen."""
        self._selected = address
        if self.mirror is not None and address:
            self.mirror.follow(session_name(Address(address)))

    def _looked(self, look: Look) -> None:
        if self._selected and look.session == session_name(Address(self._selected)):
            self._tell(LookChanged(self._selected, look.screen, look.why_not))

    def has_session(self, address: str) -> bool:
        """Whether an agent had a living session when last looked."""
        sessions = (self.mirror.seen.sessions if self.mirror else None) or {}
        fact = sessions.get(session_name(Address(address)))
        return fact is not None and not fact.dead

    @property
    def forks(self) -> int:
        """Processes started since the room opened, beyond the two lasting connections."""
        return self.handovers + (self.mirror.forks if self.mirror is not None else 0)


def _age_ms(event: Event, now: datetime) -> float | None:
    at = moment(event.timestamp)
    return None if at is None else max(0.0, (now - at).total_seconds() * 1000)
