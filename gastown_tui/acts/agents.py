"""Acts on the selected agent: look at it, type into it, go to it, answer it, ask why it is as it is."""

from __future__ import annotations

import asyncio
import os

from textual import on, work
from textual.app import SuspendNotSupported

from gastown_tui.acts.verbs import VerbActs
from gastown_tui.core import verbs
from gastown_tui.core.errors import GastownError
from gastown_tui.core.model.address import session_name
from gastown_tui.core.model.ids import Address
from gastown_tui.core.views.why import why_text
from gastown_tui.screens.home import HomeScreen
from gastown_tui.watch import LookChanged, TypingRefused
from gastown_tui.widgets.live_pane import LivePane

SNOOZE = "15m"
COME_BACK = "ctrl-b d goes back to the room"
COME_BACK_FROM_INSIDE = "ctrl-b ctrl-b d goes back to the room"
"""Where the room itself runs in a tmux, which takes the first ctrl-b for its own."""
COME_BACK_FROM_CLIENT = "ctrl-b L goes back to the room"
HINT_MS = "4000"
ESCAPE_AGAIN_S = 2.0
"""Escape interrupts most agents, so it is passed on only when it is pressed twice within this time."""


class AgentActs(VerbActs):
    """What keys do to the selected agent."""

    typing_into = ""
    """Address of the agent that keys go to; empty when they are the room's."""
    _size_before: tuple[int, int] = (0, 0)
    _escaped_at = float("-inf")

    # -------------------------------------------------------------------------------------------------- looking

    @on(HomeScreen.AgentSelected)
    def _agent_selected(self, message: HomeScreen.AgentSelected) -> None:
        self.watch_town.select(message.address)

    @on(LookChanged)
    def _look_changed(self, message: LookChanged) -> None:
        if message.look is None and message.address == self.typing_into:
            self.live.leave()
            self.warn(f"{message.address}: {message.why_not}")
        self.home.show_look(message.address, message.look, message.why_not)

    def action_next(self) -> None:
        """Go to the next thing that needs the person."""
        if self.home.view is None or not self.home.view.needs:
            self.say("nobody needs you")
            return
        home = self.come_home()
        needs = home.list_of("needs")
        if needs.has_focus:
            before = needs.cursor_key
            needs.action_down()
            if needs.cursor_key == before:
                needs.action_top()
        home.go_to("needs")
        need = home.need(needs.cursor_key)
        if need is not None and need.address:
            home.select(need.address)

    def action_peek(self) -> None:
        """The selected agent's screen as large as the room; again to go back."""
        address = self.place.agent_meant()
        if not self.is_home and address:
            self.come_home().select(address)
        self.come_home().toggle_peek()

    @work
    async def action_why(self) -> None:
        """Show the evidence behind the selected agent's status."""
        address = self.place.agent_meant()
        if not address:
            self.say("no agent is selected")
            return
        mirror = self.watch_town.mirror
        if mirror is None:
            return
        try:
            text = await self.watch_town.ask(
                lambda hands, town: why_text(town, address, mirror.seen, hands.clock.now())
            )
        except GastownError as error:
            self.complain(error)
            return
        self.read(f"why {address}", text)

    # -------------------------------------------------------------------------------------------------- answering

    def answer(self, need_key: str, choice: str) -> None:
        """Give an agent's question one of its answers."""
        need = self.home.need(need_key)
        if need is not None and need.address:
            self.run_named("answer", {"agent": need.address, "text": choice})

    async def reply_to_agent(self, address: str) -> None:
        """Say something to an agent: the answer when it asks, else a nudge."""
        row = self.home.agent(address)
        verb = verbs.find("answer" if row is not None and row.state == "asks" else "nudge")
        if verb is not None and address:
            await self.open_form(verb, {"agent": address})

    def acknowledge(self, need_key: str) -> None:
        """Say that an escalation is seen to."""
        need = self.home.need(need_key)
        if need is not None and need.escalation_id:
            self.run_named("escalate ack", {"escalation": need.escalation_id})

    def action_snooze(self) -> None:
        """Hide rows of Needs you for a while: the marked ones, or the one under the cursor."""
        needs = self.come_home().list_of("needs")
        for key in needs.marked or ((needs.cursor_key,) if needs.cursor_key else ()):
            self.snooze(key)
        needs.clear_marks()

    def snooze(self, need_key: str) -> None:
        """Hide one row of Needs you for a while."""
        self.run_named("snooze", {"subject": need_key, "duration": SNOOZE})

    # -------------------------------------------------------------------------------------------------- typing into it

    def action_attach(self) -> None:
        """Type into the selected agent's screen in place; an agent without a session is started first."""
        address = self.place.agent_meant()
        if not address:
            self.say("no agent is selected")
            return
        if not self.is_home:
            self.come_home().select(address)
        if self.watch_town.has_session(address):
            self._type_into(address)
        else:
            self.say(f"starting {address} …")
            self.run_named("attach", {"agent": address}, then=lambda _receipt: self._type_into_new(address))

    @work
    async def _type_into_new(self, address: str) -> None:
        mirror = self.watch_town.mirror
        if mirror is not None:
            await mirror.look_again()
        if self.takes_keys and self.is_home and self.home.selected == address:
            self._type_into(address)

    def _type_into(self, address: str) -> None:
        self.home.come_to_live()
        self.typing_into = address
        self.live.typing = True
        self.home.show_hints()
        self.call_after_refresh(self._fit, address)

    async def _fit(self, address: str) -> None:
        """While nobody else looks at it, its screen is as large as the pane it is typed into."""
        mirror, pane = self.watch_town.mirror, self.live
        if mirror is None:
            return
        size = await mirror.fit(session_name(Address(address)), pane.size.width, pane.size.height - 1)
        if self._size_before == (0, 0):
            self._size_before = size

    @on(LivePane.Typed)
    def _typed_key(self, message: LivePane.Typed) -> None:
        mirror = self.watch_town.mirror
        if not self.typing_into or mirror is None or not self._is_meant(message.key):
            return
        mirror.type_key(session_name(Address(self.typing_into)), message.key, message.character)

    def _is_meant(self, key: str) -> bool:
        """Whether a key is meant for the agent: all but a first Escape."""
        now, before = asyncio.get_running_loop().time(), self._escaped_at
        self._escaped_at = float("-inf")
        if key != "escape" or now - before < ESCAPE_AGAIN_S:
            return True
        self._escaped_at = now
        self.say("esc again is passed on to the agent; ctrl-] or F12 leaves")
        return False

    @on(LivePane.Pasted)
    def _pasted(self, message: LivePane.Pasted) -> None:
        if self.typing_into and (mirror := self.watch_town.mirror):
            mirror.paste(session_name(Address(self.typing_into)), message.text)

    @on(LivePane.Resized)
    async def _pane_resized(self) -> None:
        if self.typing_into:
            await self._fit(self.typing_into)

    @on(TypingRefused)
    def _typing_refused(self, message: TypingRefused) -> None:
        self.live.leave()
        self.complain(message.error)

    @on(LivePane.Left)
    async def _left(self) -> None:
        address, self.typing_into = self.typing_into, ""
        size, self._size_before = self._size_before, (0, 0)
        self.home.come_back()
        self.home.show_hints()
        if address and all(size) and (mirror := self.watch_town.mirror):
            await mirror.give_back(session_name(Address(address)), size)

    @on(LivePane.HistoryWanted)
    async def _history_wanted(self, message: LivePane.HistoryWanted) -> None:
        mirror, address = self.watch_town.mirror, self.home.selected
        if mirror is None or not address:
            message.pane.show_history(())
            return
        try:
            message.pane.show_history(await mirror.history(session_name(Address(address)), message.lines))
        except GastownError as error:
            self.complain(error)

    # -------------------------------------------------------------------------------------------------- going there

    def action_attach_full(self) -> None:
        """Hand the whole terminal to the selected agent, and come back to the very place."""
        if address := self.place.agent_meant():
            self.run_named("attach", {"agent": address})
        else:
            self.say("no agent is selected")

    def hand_over(self, argv: tuple[str, ...], session: str) -> None:
        """Give the terminal to another program until it ends."""
        self._hand_over(argv, session)

    @work(exclusive=True, group="attach")
    async def _hand_over(self, argv: tuple[str, ...], session: str) -> None:
        self.watch_town.handovers += 1
        if "switch-client" in argv:
            await self._switch((*argv, ";", "display-message", "-d", HINT_MS, COME_BACK_FROM_CLIENT))
            return
        env = {key: value for key, value in os.environ.items() if key not in {"TMUX", "TMUX_PANE"}}
        mirror, before = self.watch_town.mirror, (0, 0)
        if mirror is not None:
            before = await mirror.fit(session, self.size.width, self.size.height)
        try:
            with self.suspend():
                hint = COME_BACK_FROM_INSIDE if "TMUX" in os.environ else COME_BACK
                process = await asyncio.create_subprocess_exec(
                    *argv, ";", "display-message", "-d", HINT_MS, hint, env=env
                )
                await process.wait()
        except SuspendNotSupported:
            self.warn("this terminal cannot be handed over; a types into the agent in place")
        except OSError as error:
            self.complain(GastownError(f"{argv[0]} could not be run: {error.strerror}"))
        self.refresh(layout=True)
        if mirror is not None and all(before):
            await mirror.give_back(session, before)

    async def _switch(self, argv: tuple[str, ...]) -> None:
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        _out, complaint = await process.communicate()
        if process.returncode:
            self.complain(GastownError(complaint.decode(errors="replace").strip() or "tmux did not switch over"))
