"""Acts on the overseer's mail: read it, answer it, put it away."""

from __future__ import annotations

from gastown_tui.acts.verbs import VerbActs
from gastown_tui.core.errors import GastownError
from gastown_tui.core.views.letter import letter_text


class MailActs(VerbActs):
    """What keys do to messages."""

    async def read_letter(self, message_id: str, *, answering: bool = False) -> None:
        """Show a message with its thread; it counts as read from then on."""
        try:
            subject, text = await self.watch_town.ask(
                lambda hands, town: letter_text(town, message_id, hands.clock.now())
            )
        except GastownError as error:
            self.complain(error)
            return

        from gastown_tui.screens.letter import LetterScreen

        def done(chosen: tuple[str, str] | None) -> None:
            if chosen is None:
                return
            act, words = chosen
            if act == "reply":
                self.run_named("mail reply", {"message": message_id, "text": words})
            else:
                self.put_away((message_id,))

        self.run_named("mail read", {"message": message_id}, then=lambda _receipt: None)
        await self.push_screen(LetterScreen(subject, text, answering=answering), done)

    def put_away(self, messages: tuple[str, ...]) -> None:
        """Archive messages."""
        self.run_named("mail archive", {"messages": messages}, then=lambda _receipt: self.say(_put_away(messages)))


def _put_away(messages: tuple[str, ...]) -> str:
    return "put away" if len(messages) == 1 else f"{len(messages)} messages put away"
