"""What every act can reach: the town's eyes, the home screen, and words for the person."""

from __future__ import annotations

from gastown_tui.acts.in_turn import KeysInTurn
from gastown_tui.core.errors import GastownError
from gastown_tui.screens.home import HomeScreen
from gastown_tui.screens.place import Place
from gastown_tui.watch import Sources, TownWatch
from gastown_tui.widgets.live_pane import LivePane

COMPLAINT_S = 8.0
"""How long a complaint stays; it may have two lines."""


class Room(KeysInTurn):
    """The app as the acts know it."""

    watch_town: TownWatch
    sources: Sources

    @property
    def home(self) -> HomeScreen:
        """The home screen, wherever we are."""
        return next(screen for screen in self.screen_stack if isinstance(screen, HomeScreen))

    @property
    def is_open(self) -> bool:
        """Whether there is a home screen: not yet at the very first, and no longer while leaving."""
        return any(isinstance(screen, HomeScreen) for screen in self.screen_stack)

    @property
    def place(self) -> Place:
        """The place we are in, whatever lies over it."""
        return next(screen for screen in reversed(self.screen_stack) if isinstance(screen, Place))

    @property
    def live(self) -> LivePane:
        """The live pane."""
        return self.home.live

    @property
    def takes_keys(self) -> bool:
        """Whether keys are the room's: nothing lies over the place and nobody types into an agent."""
        return isinstance(self.screen, Place) and not self.live.typing

    @property
    def is_home(self) -> bool:
        """Whether the place we are in is the home screen."""
        return self.place is self.home

    def here(self, name: str) -> bool:
        """Whether the place we are in is the one of that name."""
        return name == self.place.NAME

    def come_home(self) -> HomeScreen:
        """Leave the place we are in for the home screen; what lies over it is closed."""
        while not isinstance(self.screen, HomeScreen):
            self.pop_screen()
        return self.home

    def say(self, text: str) -> None:
        """A word that passes."""
        self.notify(text, markup=False)

    def warn(self, text: str) -> None:
        """A word of warning."""
        self.notify(text, severity="warning", markup=False, timeout=COMPLAINT_S)

    def read(self, title: str, text: str) -> None:
        """A page to read and leave."""
        from gastown_tui.screens.reading import ReadingScreen

        self.push_screen(ReadingScreen(title, text))

    def complain(self, error: GastownError) -> None:
        """What went wrong, and what to do about it."""
        text = f"{error.message}\n{error.hint}" if error.hint else error.message
        self.notify(text, severity="error", markup=False, timeout=COMPLAINT_S)
