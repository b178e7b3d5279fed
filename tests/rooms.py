"""A room over a town in memory: the whole app with real verbs, without files, tmux or time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from gastown_tui.app import GastownApp
from gastown_tui.core.events import Event
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import session_name
from gastown_tui.core.model.ids import Address
from gastown_tui.core.model.outside import Screen, SessionFact, SessionSpec
from gastown_tui.core.ports import Decide, Hands, Recorded
from gastown_tui.core.rules.keystrokes import KeyPress
from gastown_tui.mirror import Client
from gastown_tui.watch import Sources, Tail
from tests.fakes import HOME, FakeLedger, FakePane, FakeSessions, FakeTown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.pilot import Pilot

DEADLINE_S = 20.0


class RingingLedger:
    """Rings whenever something is recorded, as the files of a real ledger do."""

    def __init__(self, ledger: FakeLedger) -> None:
        self.ledger = ledger
        self.ring: Callable[[], object] = lambda: None
        self._record = ledger.record
        ledger.record = self.record  # type: ignore[method-assign]

    def record(self, decide: Decide, *, actor: str, ledgers: Sequence[str] = ("",)) -> Recorded:
        recorded = self._record(decide, actor=actor, ledgers=ledgers)
        self.ring()
        return recorded


class FakeTail:
    """Follows a ledger in memory."""

    def __init__(self, ledger: RingingLedger) -> None:
        self._ringing = ledger
        self._seen = len(ledger.ledger.events)

    def poll(self) -> tuple[tuple[Event, ...], Town]:
        events = tuple(self._ringing.ledger.events[self._seen :])
        self._seen += len(events)
        return events, self._ringing.ledger.read()

    def wake_on_change(self, callback: Callable[[], object]) -> Callable[[], None]:
        self._ringing.ring = callback
        return lambda: None


class FakeClient:
    """A lasting connection to sessions in memory."""

    def __init__(self, sessions: FakeSessions, everybody: list[FakeClient]) -> None:
        self._sessions = sessions
        self._everybody = everybody
        everybody.append(self)
        self._followed = ""
        self.connected = False
        self.forks = 1
        self.on_output: Callable[[str], None] | None = None
        self.on_change: Callable[[], None] | None = None
        self.commands: list[tuple[str, ...]] = []

    async def connect(self) -> None:
        self.connected = True

    async def close(self) -> None:
        self.connected = False

    async def command(self, *command: str) -> tuple[str, ...]:
        self.commands.append(command)
        return ()

    async def sessions(self) -> tuple[SessionFact, ...]:
        return self._sessions.all()

    async def capture(self, name: str, *, history_lines: int = 0, colours: bool = True) -> Screen:
        return self._sessions.capture(name, history_lines=history_lines, colours=colours)

    async def captures(
        self, names: Sequence[str], *, history_lines: int = 0, colours: bool = True
    ) -> dict[str, Screen]:
        return {name: self._sessions.capture(name) for name in names}

    async def follow(self, name: str) -> None:
        self._sessions.capture(name)
        self._followed = name

    async def send(self, name: str, press: KeyPress) -> None:
        if press.text:
            self._sessions.type_text(name, press.text)
        elif press.name:
            self._sessions.press(name, (press.name,))
        self._print()

    async def paste(self, name: str, text: str) -> None:
        self._sessions.paste(name, text)
        self._print()

    def _print(self) -> None:
        for client in self._everybody:
            if client.on_output is not None:
                client.on_output("%0")


class FakeSources(Sources):
    """Everything a watch sees, from memory."""

    def __init__(self, fake: FakeTown) -> None:
        self._fake = fake
        self._ledger = RingingLedger(fake.ledger)
        self.clients: list[FakeClient] = []

    def hands(self, path: Path | None) -> Hands:
        return self._fake.hands()

    def tail(self, hands: Hands) -> Tail:
        return FakeTail(self._ledger)

    def here(self) -> Path:
        return Path.home() / "projects"

    def used(self) -> tuple[float, float]:
        return 0.0, 0.0

    def client(self, hands: Hands, output: bool) -> Client:
        return FakeClient(self._fake.sessions, self.clients)


def room_on(fake: FakeTown) -> GastownApp:
    """The room on a town in memory, its clock on the wall in UTC."""
    return GastownApp(HOME, sources=FakeSources(fake), zone=UTC)


def a_pane(fake: FakeTown, address: str, *lines: str, mode: str = "idle") -> FakePane:
    """A living session of an agent, with something on its screen."""
    name = session_name(Address(address))
    spec = SessionSpec(name=name, cwd=HOME, argv=("worker",), env={"GT_SESSION": f"{name}.1", "GT_ROLE": address})
    pane = fake.sessions.panes[name] = FakePane(spec=spec, created=fake.clock.now(), mode=mode, shown=list(lines))
    return pane


@asynccontextmanager
async def open_room(fake: FakeTown, size: tuple[int, int] = (160, 42)) -> AsyncIterator[Pilot[int]]:
    """The room, open and with a first reading on the screen."""
    app = room_on(fake)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.home.view is not None)
        yield pilot


async def until(pilot: Pilot[int], come_true: Callable[[], object]) -> None:
    """Let the room go on until something is so."""
    deadline = time.monotonic() + DEADLINE_S
    while not come_true():
        said = [note.message for note in pilot.app._notifications]
        assert time.monotonic() < deadline, f"it did not come to be; {pilot.app.screen!r} is open, the room said {said}"
        await pilot.pause(0.01)
    await pilot.pause()
