"""Acts on rows and panes: open what a row stands for, go from pane to pane, filter, copy, zoom."""

from __future__ import annotations

from textual import on

from gastown_tui.acts.agents import AgentActs
from gastown_tui.acts.mail import MailActs
from gastown_tui.acts.places import PlaceActs
from gastown_tui.screens.place import Place


class RowActs(AgentActs, MailActs, PlaceActs):
    """What keys do to the row under the cursor."""

    # -------------------------------------------------------------------------------------------------- wanted

    @on(Place.Wanted)
    async def _wanted(self, message: Place.Wanted) -> None:
        act, _, more = message.act.partition(":")
        match act:
            case "open" if self.is_home:
                await self._open(more, message.subject)
            case "verb":
                await self.action_verb(message.subject)
            case "answer":
                self.answer(message.subject, more)
            case "snooze":
                self.snooze(message.subject)
            case "ack":
                self.acknowledge(message.subject)
            case "reply" | "nudge" | "attach" | "why":
                await self._on_need(message.subject, act)

    async def _on_need(self, key: str, act: str) -> None:
        need = self.home.need(key)
        if need is not None and need.address:
            self.home.select(need.address)
        await self.run_action("verb('nudge')" if act == "nudge" else act)

    async def _open(self, pane: str, key: str) -> None:
        match pane:
            case "mail":
                await self.read_letter(key)
            case "convoys":
                self.run_named("convoy status", {"convoy": key})
            case "feed":
                self._open_event(key)
            case "needs":
                await self._on_need(key, "reply")
            case _:
                self.action_peek()

    def _open_event(self, event_id: str) -> None:
        """From an event to its agent, else to its bead."""
        view = self.home.view
        row = next((row for row in view.feed if row.event_id == event_id), None) if view else None
        if row is None:
            return
        if row.agent and self.home.agent(row.agent):
            self.home.select(row.agent)
            self.home.go_to("agents")
        elif row.bead_id:
            self.open_bead(row.bead_id)
        else:
            self.say(f"{row.kind} {row.subject}")

    def action_archive(self) -> None:
        """Put away what is selected: messages, or escalations somebody sees to."""
        pane = self.home.focused_pane if self.is_home else ""
        lines = self.home.list_of(pane) if pane in {"mail", "needs"} else None
        chosen = (lines.marked or (lines.cursor_key,)) if lines is not None and lines.cursor_key else ()
        if lines is None or not chosen:
            return
        if pane == "mail":
            self.put_away(chosen)
        for key in chosen if pane == "needs" else ():
            self.acknowledge(key)
        lines.clear_marks()

    async def action_reply(self) -> None:
        """Answer what is selected: a message, a question, or the agent itself."""
        home = self.home
        if self.is_home and home.focused_pane == "mail":
            if home.focused_key:
                await self.read_letter(home.focused_key, answering=True)
            return
        await self.reply_to_agent(self.place.agent_meant())

    # -------------------------------------------------------------------------------------------------- panes

    def action_pane(self, number: int) -> None:
        """Go to a pane by its digit."""
        self.place.go_to_nth(number)

    def action_zoom(self) -> None:
        """The focused pane alone; again for all."""
        self.place.toggle_zoom()

    def action_filter(self) -> None:
        """Filter the focused list."""
        self.place.open_filter()

    def action_step_back(self) -> None:
        """Close what is open: the filter, the zoom, the place."""
        self.place.go_back()

    def action_copy(self) -> None:
        """Copy the id of the selected row."""
        key = self.place.focused_key
        if key:
            self.copy_to_clipboard(key)
            self.say(f"copied {key}")

    def action_theme(self) -> None:
        """Choose a theme."""
        self.search_themes()
