"""Beginning: make a town, open one, or build the demo and take it away again."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work

from gastown_tui import remembered
from gastown_tui.acts.verbs import VerbActs, filled
from gastown_tui.core import verbs
from gastown_tui.core.errors import GastownError

if TYPE_CHECKING:
    from gastown_tui.screens.first_run import FirstRunScreen

BUILDING = "Building the demo town: a repository, a plan, four workers and a daemon …"


class FirstRunActs(VerbActs):
    """What can be done where no town is open."""

    after: ExitStack
    """What is to be done once the terminal is given back."""
    is_demo = False
    """Whether the town is the demo's: nothing is remembered of it."""
    _opened: FirstRunScreen | None = None

    def show_first_run(self, why: GastownError) -> None:
        """Offer what can be done instead."""
        self.push_screen(self._first_run(_in_words(why)))

    def _first_run(self, why: str) -> FirstRunScreen:
        from gastown_tui.screens.first_run import FirstRunScreen

        recent = [(str(path), path.name, remembered.at_home(path)) for path in remembered.recent()]
        self._opened = FirstRunScreen(why, remembered.at_home(self.sources.here()), recent)
        return self._opened

    def open_town(self, path: Path) -> None:
        """Look at another town from now on."""
        raise NotImplementedError

    def on_first_run_screen_wanted(self, message: FirstRunScreen.Wanted) -> None:
        """Begin the way the person chose."""
        match message.act:
            case "demo":
                self.start_demo()
            case "install":
                self._install(Path(message.path).expanduser())
            case "open":
                self._open_if_there(Path(message.path).expanduser())

    @property
    def _first(self) -> FirstRunScreen | None:
        return self._opened if self._opened is not None and self.screen is self._opened else None

    def _install(self, path: Path) -> None:
        verb = verbs.find("install")
        if verb is not None:
            self.run_verb(
                verb, filled(verb, {"path": str(path)}), then=lambda _receipt: self.open_town(path), failed=self._sorry
            )

    @work(thread=True, exit_on_error=False)
    def _open_if_there(self, path: Path) -> None:
        try:
            self.sources.hands(path).ledger.read()
        except GastownError as error:
            self.call_from_thread(self._sorry, error)
        else:
            self.call_from_thread(self.open_town, path)

    def _sorry(self, error: GastownError) -> None:
        if self._first is None:
            self.complain(error)
            return
        self._first.choose_again()
        self._first.complain(f"{error.message}\n{error.hint}")

    # -------------------------------------------------------------------------------------------------- the demo

    def start_demo(self) -> None:
        """Build the demo town and open it."""
        if self._first is None:
            self.push_screen(self._first_run(""))
        self.call_after_refresh(self._say_building)
        self._build_demo()

    def _say_building(self) -> None:
        if self._first is not None:
            self._first.wait(BUILDING)

    @work(thread=True, exit_on_error=False, group="demo")
    def _build_demo(self) -> None:
        from gastown_tui.core.verbs.demo_town import demo_town

        building = ExitStack()
        try:
            town = building.enter_context(demo_town(self.sources.hands(None)))
        except GastownError as error:
            self.call_from_thread(self._sorry, error)
            return
        self.after.push(building.pop_all())
        self.call_from_thread(self._open_demo, town.root)

    def _open_demo(self, root: Path) -> None:
        self.is_demo = True
        self.open_town(root)


def _in_words(why: GastownError) -> str:
    return f"{why.message[:1].upper()}{why.message[1:]}."
