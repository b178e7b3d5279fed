"""The control room: one screen over one town. Keys, clicks and words all end in `run_verb`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from textual import on, work
from textual.app import App, SuspendNotSupported
from textual.binding import BindingType

from gastown_tui import keys, themes
from gastown_tui.cli.line import read_line, write_line
from gastown_tui.core import verbs
from gastown_tui.core.errors import GastownError
from gastown_tui.core.fold import Town
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.agents import Handover
from gastown_tui.core.verbs.declare import Receipt, Suggest, Verb
from gastown_tui.core.views.bead_text import whole
from gastown_tui.core.views.home import StatusView
from gastown_tui.core.views.letter import letter_text
from gastown_tui.core.views.suggestions import Suggestion, suggestions
from gastown_tui.core.views.why import why_text
from gastown_tui.palette import VerbProvider
from gastown_tui.screens.ask import AskScreen
from gastown_tui.screens.command_line import CommandLine
from gastown_tui.screens.help import HelpScreen
from gastown_tui.screens.home import PANES, HomeScreen
from gastown_tui.screens.letter import LetterScreen
from gastown_tui.screens.reading import ReadingScreen
from gastown_tui.screens.verb_form import VerbForm
from gastown_tui.watch import HomeChanged, LookChanged, TownWatch, WatchFailed
from gastown_tui.widgets.live_pane import LivePane
from gastown_tui.widgets.one_line import Part
from gastown_tui.widgets.pieces import Piece

STYLES = Path(__file__).parent / "styles"
SNOOZE = "15m"


class GastownApp(App[int]):
    """The room on one town."""

    TITLE = "gastown"
    CSS_PATH: ClassVar[Any] = [
        STYLES / "town.tcss",
        STYLES / "widgets.tcss",
        STYLES / "home.tcss",
        STYLES / "modal.tcss",
    ]
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings()]
    COMMANDS: ClassVar[set[Any]] = {VerbProvider}
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(self, path: Path | None) -> None:
        super().__init__()
        for theme in themes.THEMES:
            self.register_theme(theme)
        self.theme = os.environ.get("GASTOWN_THEME") or themes.THEMES[0].name
        self.ansi_theme_dark = self.ansi_theme_light = themes.LIVE_PALETTE
        self.watch_town = TownWatch(path, self.post_message)
        self._clock = ""
        self._status: StatusView | None = None
        self._lag_ms = 0.0
        self._past: list[str] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The room's roles under whichever theme is on."""
        return themes.room_variables(self.current_theme)

    @property
    def home(self) -> HomeScreen:
        """The home screen, wherever we are."""
        return next(screen for screen in self.screen_stack if isinstance(screen, HomeScreen))

    def on_mount(self) -> None:
        """Show the frame at once; everything else comes as it is read."""
        self.push_screen(HomeScreen())
        self.run_worker(self.watch_town.run(), name="watch", exclusive=True)
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        for binding in keys.bindings(keys.verb_keys()):
            self._bindings.key_to_bindings.setdefault(binding.key, []).append(binding)
        self.home.show_hints()
        self.set_interval(1.0, self._tick)
        self._tick()

    # -------------------------------------------------------------------------------------------------- what is seen

    @on(HomeChanged)
    def _home_changed(self, message: HomeChanged) -> None:
        self._status = message.view.status
        self._lag_ms = message.lag_ms or self._lag_ms
        self.home.show(message.view)
        self._show_status()

    @on(LookChanged)
    def _look_changed(self, message: LookChanged) -> None:
        self.home.show_look(message.address, message.look, message.why_not)

    @on(WatchFailed)
    def _watch_failed(self, message: WatchFailed) -> None:
        self.exit(1, message=f"Error: {message.error}\nHint: {message.error.hint}".removesuffix("\nHint: "))

    @on(HomeScreen.AgentSelected)
    def _agent_selected(self, message: HomeScreen.AgentSelected) -> None:
        self.watch_town.select(message.address)

    @on(HomeScreen.BeadSelected)
    async def _bead_selected(self, message: HomeScreen.BeadSelected) -> None:
        def page(hands: Hands, town: Town) -> tuple[str, str]:
            bead = town.find(message.bead_id)
            return (bead.title, whole(town, bead, time=_day)) if bead else ("", "no longer there")

        title, text = await self.watch_town.ask(page)
        self.home.show_bead(message.bead_id, title, text)

    def _tick(self) -> None:
        self._clock = datetime.now().astimezone().strftime("%H:%M:%S")
        self._show_status()

    def _show_status(self) -> None:
        status = self._status
        if status is None:
            return
        left = [Part((Piece(status.name, "brass-strong"), Piece(f" {status.path}", "dim")))]
        left.append(Part((Piece("● ", "motion"), Piece(str(status.working)), Piece(" working", "dim")), gap=4))
        left.append(Part((Piece("○ ", "dim"), Piece(str(status.idle)), Piece(" idle", "dim")), rank=4))
        if status.need:
            left.append(Part((Piece("! ", "need-strong"), Piece(f"{status.need} need you", "need"))))
        else:
            left.append(Part((Piece("nobody needs you", "dim"),), rank=5))
        for nth, (word, count) in enumerate(
            (("queue", status.queue), ("waiting", status.waiting), ("mail", status.mail))
        ):
            if count or word == "mail":
                left.append(Part((Piece(f"{word} ", "dim"), Piece(str(count))), rank=6 + nth))
        if status.rests:
            left.append(Part((Piece("the town rests: gt start", "caution"),), rank=2))
        elif status.trouble:
            left.append(Part((Piece(status.trouble, "caution"),), rank=2))
        right = [
            Part((Piece(f"forks {self.watch_town.forks}", "dim"),), rank=11),
            Part((Piece(f"lag {self._lag_ms:.0f} ms", "dim"),), rank=10),
            Part((Piece(self._clock, "dim"),), rank=9),
        ]
        self.home.show_status(left, right)

    # -------------------------------------------------------------------------------------------------- verbs

    def run_verb(self, verb: Verb, arguments: dict[str, Any]) -> None:
        """Run a verb on a thread; its answer becomes a toast, or a page when it is long."""
        self._run(verb, arguments)

    @work(thread=True, exit_on_error=False)
    def _run(self, verb: Verb, arguments: dict[str, Any]) -> None:
        hands = self.watch_town.hands_for_verbs()
        try:
            receipt = verb.run(hands, **arguments)
        except GastownError as error:
            self.call_from_thread(self._complain, error)
            return
        except (TypeError, ValueError) as error:
            self.call_from_thread(self._complain, GastownError(f"{verb.name}: {error}"))
            return
        self.call_from_thread(self._tell, verb, receipt)

    def _complain(self, error: GastownError) -> None:
        text = f"{error.message}\n{error.hint}" if error.hint else error.message
        self.notify(text, severity="error", markup=False, timeout=8)

    def _tell(self, verb: Verb, receipt: Receipt | None) -> None:
        if isinstance(receipt, Handover):
            self.run_worker(self._hand_over(receipt.argv), exclusive=True, group="attach")
            return
        text = receipt.text() if receipt is not None else ""
        for warning in receipt.warnings() if receipt is not None else ():
            self.notify(warning, severity="warning", markup=False)
        if text.count("\n") > 2 or (not verb.mutates and text):
            self.push_screen(ReadingScreen(verb.name, text))
        elif text:
            self.notify(text, markup=False)

    def action_verb(self, name: str) -> None:
        """Open a verb's form with what the room already knows filled in."""
        verb = verbs.find(name)
        if verb is None:
            self.notify(f"no verb is called {name}", severity="error", markup=False)
            return
        self._open_form(verb, self._known(verb))

    def _open_form(self, verb: Verb, preset: dict[str, Any]) -> None:
        if not any(not each.arg.hidden for each in verb.parameters):
            self.run_verb(verb, {})
            return

        def done(arguments: dict[str, Any] | None) -> None:
            if arguments is not None:
                self._ask_then_run(verb, arguments)

        self.push_screen(VerbForm(verb, preset, self._offer, write_line), done)

    def _ask_then_run(self, verb: Verb, arguments: dict[str, Any]) -> None:
        if not verb.confirm:
            self.run_verb(verb, arguments)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_verb(verb, arguments)

        self.push_screen(AskScreen(verb.confirm, write_line(verb, arguments)), answered)

    async def _offer(self, kind: Suggest, typed: str) -> tuple[Suggestion, ...]:
        if kind is Suggest.RUNTIME:
            return await self.watch_town.ask(
                lambda hands, town: tuple(Suggestion(name) for name in hands.runtimes.names() if typed in name)
            )
        return await self.watch_town.ask(lambda hands, town: suggestions(town, kind.value, typed))

    def _known(self, verb: Verb) -> dict[str, Any]:
        """What the selection says about a verb's parameters: the first agent, bead, convoy or message it takes."""
        home = self.home
        pane, key = home.focused_pane, home.focused_key
        agent = home.agent(home.selected)
        known: dict[Suggest, str] = {}
        if agent is not None and pane in {"agents", "live", "needs"}:
            known = {Suggest.AGENT: agent.address, Suggest.BEAD: agent.bead_id}
            if agent.group != "town":
                known[Suggest.TARGET] = agent.group if agent.bead_id else agent.address
                known[Suggest.RIG] = agent.group
        elif pane == "convoys":
            known = {Suggest.CONVOY: key}
        elif pane == "mail":
            known = {Suggest.MAIL: key}
        elif pane == "beads":
            known = {Suggest.BEAD: key, Suggest.READY: key}
        preset: dict[str, Any] = {}
        for each in verb.parameters:
            value = known.pop(each.arg.suggest, "") if not each.is_option else ""
            if value:
                preset[each.name] = (value,) if each.is_many else value
        return preset

    # -------------------------------------------------------------------------------------------------- acts on rows

    @on(HomeScreen.Wanted)
    def _wanted(self, message: HomeScreen.Wanted) -> None:
        act, _, more = message.act.partition(":")
        match act:
            case "open":
                self._open_row(more, message.subject)
            case "verb":
                self.action_verb(message.subject)
            case "answer":
                self._answer(message.subject, more)
            case "ack":
                self._acknowledge(message.subject)
            case "snooze":
                self._snooze(message.subject)
            case "nudge":
                self._on_need(message.subject, lambda: self.action_verb("nudge"))
            case "reply" | "attach" | "why":
                self._on_need(message.subject, getattr(self, f"action_{act}"))
            case _:
                self.bell()

    def _on_need(self, key: str, act: Callable[[], object]) -> None:
        need = self.home.need(key)
        if need is not None and need.address:
            self.home.select(need.address)
        act()

    def _open_row(self, pane: str, key: str) -> None:
        match pane:
            case "mail":
                self._read_letter(key, answering=False)
            case "convoys":
                self._run_named("convoy status", convoy=key)
            case "feed":
                row = (
                    next((row for row in self.home.view.feed if row.event_id == key), None) if self.home.view else None
                )
                if row and row.agent and self.home.agent(row.agent):
                    self.home.select(row.agent)
                    self.home.go_to("agents")
                elif row and row.bead_id:
                    self._run_named("bd show", ids=(row.bead_id,))
            case "needs":
                self._on_need(key, self.action_reply)
            case "beads":
                self._run_named("bd show", ids=(key,))
            case _:
                self.action_peek()

    def _run_named(self, name: str, /, **by_kind: Any) -> None:
        """Run a verb by name; arguments go to the parameters of those names, or to the first positional one."""
        verb = verbs.find(name)
        if verb is None:
            self.notify(f"{name} is not built", severity="warning", markup=False)
            return
        arguments = {each.name: each.default for each in verb.parameters}
        free = [each for each in verb.parameters if not each.is_option]
        for parameter, value in by_kind.items():
            target = parameter if parameter in arguments else free.pop(0).name
            each = next(one for one in verb.parameters if one.name == target)
            arguments[target] = (value,) if each.is_many and not isinstance(value, tuple) else value
            if not each.is_many and isinstance(value, tuple):
                arguments[target] = value[0]
        self.run_verb(verb, arguments)

    def _answer(self, need_key: str, choice: str) -> None:
        need = self.home.need(need_key)
        if need is not None and need.address:
            self._run_named("answer", agent=need.address, text=choice)

    def _acknowledge(self, need_key: str) -> None:
        need = self.home.need(need_key)
        if need is not None and need.escalation_id:
            self._run_named("escalate", ack=need.escalation_id)

    def _snooze(self, need_key: str) -> None:
        if need_key:
            self._run_named("snooze", subject=need_key, span=SNOOZE)

    @work
    async def _read_letter(self, message_id: str, *, answering: bool) -> None:
        subject, text = await self.watch_town.ask(lambda hands, town: letter_text(town, message_id, hands.clock.now()))
        self._run_silently("mail read", message_id)
        chosen = await self.push_screen_wait(LetterScreen(subject, text, answering=answering))
        if chosen is None:
            return
        act, words = chosen
        if act == "reply":
            self._run_named("mail reply", message=message_id, text=words)
        else:
            self._run_named("mail archive", messages=message_id)

    def _run_silently(self, name: str, subject: str) -> None:
        verb = verbs.find(name)
        if verb is not None:
            first = next(each.name for each in verb.parameters if not each.is_option)
            arguments = {each.name: each.default for each in verb.parameters} | {first: subject}
            self._run_quietly(verb, arguments)

    @work(thread=True, exit_on_error=False)
    def _run_quietly(self, verb: Verb, arguments: dict[str, Any]) -> None:
        try:
            verb.run(self.watch_town.hands_for_verbs(), **arguments)
        except GastownError as error:
            self.call_from_thread(self._complain, error)

    # -------------------------------------------------------------------------------------------------- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While keys go to an agent, or a sheet is open, the room's own keys rest."""
        if action not in OWN_ACTIONS:
            return True
        return isinstance(self.screen, HomeScreen) and not self.query_live().typing

    def query_live(self) -> LivePane:
        """The live pane."""
        return self.home.query_one("#live", LivePane)

    def action_next(self) -> None:
        """Go to the next thing that needs the person."""
        needs = self.home.list_of("needs")
        if self.home.view is None or not self.home.view.needs:
            self.notify("nobody needs you", markup=False)
            return
        if needs.has_focus:
            before = needs.cursor_key
            needs.action_down()
            if needs.cursor_key == before:
                needs.action_top()
        needs.focus()
        need = self.home.need(needs.cursor_key)
        if need is not None and need.address:
            self.home.select(need.address)

    def action_peek(self) -> None:
        """The selected agent's screen as large as the room; again to go back."""
        self.home.go_to("live")
        self.action_zoom()

    def action_zoom(self) -> None:
        """The focused pane alone; again for all."""
        self.home.toggle_zoom()

    def action_pane(self, number: int) -> None:
        """Go to a pane by its digit; on a question with choices, digits answer it."""
        if self.home.focused_pane == "needs":
            need = self.home.need(self.home.focused_key)
            if need is not None and 0 < number <= len(need.choices):
                self._answer(need.key, need.choices[number - 1])
                return
        self.home.go_to(PANES[number - 1])

    def action_beads(self) -> None:
        """Beads where the agents stand; again for the agents."""
        shown = not self.home.shows_beads
        self.watch_town.show_beads(shown)
        self.home.go_to("beads" if shown else "agents")

    def action_attach(self) -> None:
        """Type into the selected agent's screen in place."""
        if not self.home.selected:
            self.notify("no agent is selected", markup=False)
            return
        if not self.watch_town.has_session(self.home.selected):
            self._run_named("attach", agent=self.home.selected, no_terminal=True)
            return
        self.home.go_to("live")
        self.query_live().typing = True

    def action_attach_full(self) -> None:
        """Hand the whole terminal over, and come back to the very place."""
        if self.home.selected:
            self._run_named("attach", agent=self.home.selected)

    async def _hand_over(self, argv: tuple[str, ...]) -> None:
        env = {key: value for key, value in os.environ.items() if key not in {"TMUX", "TMUX_PANE"}}
        if "switch-client" in argv:
            self.watch_town.handovers += 1
            process = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.PIPE)
            _out, complaint = await process.communicate()
            if process.returncode:
                self.notify(complaint.decode(errors="replace").strip(), severity="error", markup=False)
            return
        try:
            with self.suspend():
                process = await asyncio.create_subprocess_exec(*argv, env=env)
                await process.wait()
        except SuspendNotSupported:
            self.notify("this terminal cannot be handed over; a attaches in place", severity="warning", markup=False)
        self.refresh(layout=True)

    def action_reply(self) -> None:
        """Answer what is selected: a message, or an agent's question."""
        home = self.home
        if home.focused_pane == "mail" and home.focused_key:
            self._read_letter(home.focused_key, answering=True)
        else:
            verb = verbs.find("answer")
            if verb is not None and home.selected:
                first = next(each.name for each in verb.parameters if not each.is_option)
                self._open_form(verb, {first: home.selected})

    @work
    async def action_why(self) -> None:
        """Show the evidence behind the selected agent's status."""
        address = self.home.selected
        if address:
            seen = self.watch_town.seen
            text = await self.watch_town.ask(lambda hands, town: why_text(town, address, seen, hands.clock.now()))
            self.push_screen(ReadingScreen(f"why {address}", text))

    def action_snooze(self) -> None:
        """Hide the selected row of Needs you for a while."""
        self._snooze(self.home.list_of("needs").cursor_key)

    def action_filter(self) -> None:
        """Filter the focused list."""
        self.home.open_filter()

    def action_command(self) -> None:
        """Type any verb."""

        def typed(line: str | None) -> None:
            if line is None:
                return
            self._past.append(line)
            try:
                verb, arguments = read_line(line)
            except GastownError as error:
                self._complain(error)
                return
            self._ask_then_run(verb, arguments)

        names = sorted(verb.name for verb in verbs.every() if not verb.hidden)
        self.push_screen(CommandLine(names, self._past), typed)

    def action_palette(self) -> None:
        """Find a verb."""
        self.action_command_palette()

    def action_help(self) -> None:
        """Every key and verb."""

        def chosen(name: str | None) -> None:
            if name:
                self.action_verb(name)

        every = [verb for verb in verbs.every() if not verb.hidden]
        self.push_screen(HelpScreen(every), chosen)

    def action_copy(self) -> None:
        """Copy the id of the selected row."""
        key = self.home.focused_key
        if key:
            self.copy_to_clipboard(key)
            self.notify(f"copied {key}", markup=False)

    def action_step_back(self) -> None:
        """Close what is open: the filter, the zoom."""
        self.home.go_back()

    def action_theme(self) -> None:
        """Choose a theme."""
        self.search_themes()

    def action_quit_room(self) -> None:
        """Leave; agents live on."""
        self.exit(0)

    # -------------------------------------------------------------------------------------- the agent's screen

    @on(LivePane.Typed)
    async def _typed(self, message: LivePane.Typed) -> None:
        await self._to_agent(self.watch_town.type_key(self.home.selected, message.key, message.character))

    @on(LivePane.Pasted)
    async def _pasted(self, message: LivePane.Pasted) -> None:
        await self._to_agent(self.watch_town.paste(self.home.selected, message.text))

    async def _to_agent(self, sending: Awaitable[None]) -> None:
        try:
            await sending
        except GastownError as error:
            self.query_live().leave()
            self._complain(error)

    @on(LivePane.Left)
    def _left(self) -> None:
        self.home.came_back()

    @on(LivePane.HistoryWanted)
    async def _history_wanted(self, message: LivePane.HistoryWanted) -> None:
        try:
            message.pane.show_history(await self.watch_town.history(self.home.selected, message.lines))
        except GastownError as error:
            self._complain(error)


def _day(text: str) -> str:
    return text[:16].replace("T", " ")


OWN_ACTIONS = frozenset(each.action.partition("(")[0] for each in keys.ROOM_KEYS if "." not in each.action) | {"verb"}
"""Actions that belong to the home screen and must not fire from under a sheet or while typing into an agent."""


def run_room(path: Path | None, *, demo: bool = False) -> int:
    """Open the room on the town or ledger around a path and stay until the person leaves.

    Args:
        path: The town, a directory with `.beads`, or None for the current directory.
        demo: The town is the demo's; the title says so.
    """
    app = GastownApp(path)
    if demo:
        app.title = "gastown demo"
    return app.run() or 0
