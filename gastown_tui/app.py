"""The control room: one app over one town. It shows what the watch sees; what the person asks for is in `acts`."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from contextlib import ExitStack, suppress
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from textual import events, on, work
from textual.binding import BindingType
from textual.worker import Worker

from gastown_tui import keys, remembered, themes
from gastown_tui.acts.beads import BeadActs
from gastown_tui.acts.first_run import FirstRunActs
from gastown_tui.acts.formulas import FormulaActs
from gastown_tui.acts.rows import RowActs
from gastown_tui.core.errors import NotFound
from gastown_tui.core.views.home import StatusView
from gastown_tui.palette import VerbProvider
from gastown_tui.screens.home import HomeScreen
from gastown_tui.screens.place import Place
from gastown_tui.watch import HomeChanged, Sources, TownWatch, WatchFailed
from gastown_tui.widgets.cost_line import RoomCost
from gastown_tui.widgets.live_pane import LivePane
from gastown_tui.widgets.one_line import OneLine

STYLES = Path(__file__).parent / "styles"
SHEETS = ("town", "widgets", "place", "home", "modal", "first_run")
"""The style sheets of the first moments; places bring their own (`CSS_PATH`) when they are first opened."""
TICK_S = 1.0
SETTLE_S = 1.5
"""When the rest is made ready if no town has been read by then."""
COST_TICKS = 5
"""Over how many ticks our own use of the processor is averaged."""
CALM_TICKS = 20
"""After how many ticks without an event or a key the clock leaves the seconds out."""


class GastownApp(BeadActs, RowActs, FirstRunActs, FormulaActs):
    """The room on one town.

    Args:
        path: The town, a directory with `.beads`, or None for the current directory.
        sources: Where the watch gets what it sees.
        zone: Where the clock on the wall hangs; None is this machine's zone.
    """

    TITLE = "gastown"
    CSS_PATH: ClassVar[Any] = [STYLES / f"{name}.tcss" for name in SHEETS]
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings()]
    COMMANDS: ClassVar[set[Any]] = {VerbProvider}
    COMMAND_PALETTE_BINDING = "ctrl+p"

    _ticks = 0
    _stirred_at = 0
    _unknown_since = ""
    _is_settled = False
    _knows_verbs = False

    def __init__(self, path: Path | None, *, sources: Sources | None = None, zone: tzinfo | None = None) -> None:
        super().__init__()
        for theme in themes.THEMES:
            self.register_theme(theme)
        # Set before the theme, and quietly: each would have every style sheet parsed once more.
        self.set_reactive(GastownApp.ansi_theme_dark, themes.LIVE_PALETTE)
        self.set_reactive(GastownApp.ansi_theme_light, themes.LIVE_PALETTE)
        self.theme = themes.chosen(os.environ.get("GASTOWN_THEME", "") or remembered.theme(), self.available_themes)
        self.sources = sources or Sources()
        self.zone = zone
        self.watch_town = TownWatch(path, self.post_message, self.sources)
        self.past = []
        self.after = ExitStack()
        self.starts_demo = False
        self._watching: Worker[None] | None = None
        self._status = StatusView(name="gastown", path="", is_town=False)
        self._cost = RoomCost()
        self._places = {}
        self.undone = []
        self._hurry = asyncio.Event()
        self._used = (0.0, 0.0)
        self._changed_keys: dict[str, str] = {}
        self._pressed_early: list[str] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The room's roles under whichever theme is on."""
        return themes.room_variables(self.current_theme)

    def watch_theme(self, name: str) -> None:
        """Keep what was chosen for the next time."""
        if self._ticks:
            remembered.remember_theme(name)

    def on_mount(self) -> None:
        """Show the room; what is in it comes as it is read."""
        self.push_screen(HomeScreen(self.zone))
        self.set_timer(SETTLE_S, self._settle)
        for name in (signal.SIGTERM, signal.SIGHUP):
            with suppress(NotImplementedError, RuntimeError, ValueError):
                asyncio.get_running_loop().add_signal_handler(name, self.exit, 0)
        if self.starts_demo:
            self.start_demo()
        else:
            self._watch()

    def _watch(self) -> None:
        self._watching = self.run_worker(self.watch_town.run(), name="watch", group="watch", exclusive=True)

    @work(group="settle")
    async def _settle(self) -> None:
        """What the first frame could do without: verbs' keys, people's own keys, the clock, lines typed before."""
        if self._is_settled:
            return
        self._is_settled = True
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        verb_keys = await asyncio.get_running_loop().run_in_executor(None, keys.verb_keys)
        for each in keys.bindings(verb_keys):
            self._bindings.key_to_bindings.setdefault(each.key, []).append(each)
        self._changed_keys, wrong = keys.load(keys.keys_file())
        if self._changed_keys:
            self.set_keymap(self._changed_keys)
        if wrong:
            self.warn(wrong)
        self.past[:] = remembered.lines()
        self.place.show_keys(self.key_table())
        self._knows_verbs = True
        for key in self._pressed_early:
            await self._check_bindings(key)
        self.set_interval(TICK_S, self._tick)
        self._tick()

    def key_table(self) -> tuple[keys.RoomKey, ...]:
        """Every key as it stands."""
        return keys.key_rows(self._changed_keys)

    def open_town(self, path: Path) -> None:
        """Look at another town from now on."""
        if self._watching is not None:
            self._watching.cancel()
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.forget_places()
        self.undone.clear()
        self.watch_town = TownWatch(path, self.post_message, self.sources)
        self.push_screen(HomeScreen(self.zone))
        self.home.show_keys(self.key_table())
        self._watch()

    # -------------------------------------------------------------------------------------------------- what is seen

    @on(HomeChanged)
    def _home_changed(self, message: HomeChanged) -> None:
        if not self.is_open:
            return
        if self.home.view is None:
            self.call_after_refresh(self._settle)
            if not self.is_demo:
                remembered.open_next_time(self.watch_town.hands.ledger.home if self.watch_town.hands else None)
        self._status, self._unknown_since = message.view.status, ""
        if not self.is_home:
            self.place.read_again(at_once=False)
        if message.lag_ms:
            self._stirred_at = self._ticks
            self._cost = msgspec.structs.replace(self._cost, lag_ms=message.lag_ms)
        is_first = self.home.view is None
        self.home.show(message.view)
        if is_first and not message.view.is_town:
            self.action_place("home")
        self._show_status()

    @on(WatchFailed)
    def _watch_failed(self, message: WatchFailed) -> None:
        if message.opening and isinstance(message.error, NotFound):
            self.show_first_run(message.error)
        elif message.opening:
            self.exit(1, message="\n".join(_told(message.error.message, message.error.hint)))
        else:
            self._unknown_since = self._unknown_since or self._clock()[:5]
            trouble = f"unknown since {self._unknown_since}: {message.error.message}"
            self._status = msgspec.structs.replace(self._status, trouble=trouble)
            self._show_status()

    @on(Place.Opened)
    def _place_opened(self, message: Place.Opened) -> None:
        if self._knows_verbs:
            message.place.show_keys(self.key_table())
        self._show_status()

    def _tick(self) -> None:
        if not self.is_open:
            return
        self._ticks += 1
        if self._ticks % COST_TICKS == 1:
            self._count_cost()
            self._show_status()
        elif self.home.view is not None:
            self.place.show_clock(self._clock())

    @property
    def _is_calm(self) -> bool:
        """Nothing has happened for a while: the clock then shows minutes, and nothing is painted every second."""
        return self._ticks - self._stirred_at > CALM_TICKS

    def _count_cost(self) -> None:
        used, now = self.sources.used()
        before_used, before = self._used
        self._used = (used, now)
        if before:
            percent = 100 * (used - before_used) / max(now - before, 0.001)
            self._cost = msgspec.structs.replace(self._cost, cpu_percent=percent, forks=self.watch_town.forks)

    def _clock(self) -> str:
        hands = self.watch_town.hands
        now = hands.clock.now() if hands is not None else datetime.now().astimezone()
        return f"{now.astimezone(self.zone):{'%H:%M' if self._is_calm else '%H:%M:%S'}}"

    def _show_status(self) -> None:
        if self.home.view is not None:
            self.place.show_status(self._status, clock=self._clock(), cost=self._cost)

    # -------------------------------------------------------------------------------------------------- keys

    async def on_event(self, event: events.Event) -> None:
        """Whoever presses a key or moves the mouse sees the seconds again."""
        if isinstance(event, events.InputEvent):
            self._stirred_at = self._ticks
        await super().on_event(event)

    def on_key(self, event: events.Key) -> None:
        """Keys of verbs that were pressed before the verbs were there do what they do a moment later."""
        if not self._knows_verbs and self.takes_keys:
            self._pressed_early.append(event.key)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While keys go to an agent, or something lies over the room, the room's own keys rest."""
        return self.takes_keys if action in OWN_ACTIONS else True

    @on(OneLine.Pressed)
    @on(LivePane.Pressed)
    async def _pressed(self, message: OneLine.Pressed | LivePane.Pressed) -> None:
        await self.run_action(message.act)

    async def action_quit(self) -> None:
        """Leave; agents live on."""
        self.exit(0)


OWN_ACTIONS = frozenset(
    each.action.partition("(")[0] for each in (*keys.ROOM_KEYS, *keys.PLACE_KEYS) if "." not in each.action
) | {"verb", "command_palette", "help_quit"}
"""Actions that belong to the places of the room and must not fire from under a sheet or while typing into an agent."""


def _told(message: str, hint: str) -> list[str]:
    return [f"Error: {message}", *([f"Hint: {hint}"] if hint else [])]


def run_room(path: Path | None, *, demo: bool = False) -> int:
    """Open the room on the town or ledger around a path and stay until the person leaves.

    Args:
        path: The town, a directory with `.beads`, or None for the current directory.
        demo: Build the demo town first, unless a path is given, and take it away afterwards.

    Raises:
        NotFound: there is no town and no `.beads` at the path.
    """
    opened = Sources().hands(path) if path is not None else None
    if opened is not None:
        opened.ledger.read()
    app = GastownApp(path, sources=Sources(opened))
    if demo:
        app.title = "gastown demo"
        app.starts_demo = path is None
    with app.after:
        return app.run() or 0
