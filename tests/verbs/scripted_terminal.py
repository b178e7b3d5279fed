"""A terminal whose person types what the script says, when the script says."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gastown_tui.core.errors import GastownError

Turn = str | Callable[[], object] | None
"""A typed line; something that happens in the world while nobody types; or silence."""


class ScriptedTerminal:
    """The `Terminal` port for tests.

    Attributes:
        shown: Every line said and every prompt, in order.
        patience: How many looks may find nothing once the script is over.
        hangs_up: The terminal is gone once the script is over.
    """

    def __init__(self, script: Iterable[Turn] = (), *, patience: int = 50, hangs_up: bool = False) -> None:
        self._script = list(script)
        self.shown: list[str] = []
        self.patience = patience
        self.hangs_up = hangs_up

    def say(self, line: str) -> None:
        self.shown.append(line)

    def prompt(self, text: str) -> None:
        self.shown.append(text)

    def read_line(self, wait_s: float) -> str | None:
        if not self._script and self.hangs_up:
            raise EOFError
        if not self._script:
            self.patience -= 1
            if self.patience < 0:
                raise GastownError(f"nobody types any more, and it waits on: {self.shown[-3:]}")
            return None
        turn = self._script.pop(0)
        if callable(turn):
            turn()
            return None
        return turn
