"""One lasting connection to tmux for a room that looks often: no process per look, an answer within a millisecond."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

from gastown_tui.core.errors import NotFound
from gastown_tui.core.model.outside import Screen, SessionFact
from gastown_tui.core.rules.keystrokes import KeyPress
from gastown_tui.core.world.tmux_answers import CLIENTS, FACTS, REMINDER, session_facts, unreaped
from gastown_tui.core.world.tmux_link import Command, ControlLink, accepted
from gastown_tui.core.world.tmux_rows import LOOK, screen
from gastown_tui.core.world.tmux_speech import key_names, pane_target, pastable, session_target, typable

PASTED_AT_ONCE = 16_000
"""Characters of a paste in one command."""
TYPED_AT_ONCE = 1000


class ControlClient(ControlLink):
    """A client that looks at all sessions and types into them.

    Args:
        socket: The town's socket.
        output: Also be told when panes of the followed session print (`on_output`).
        deadline_s: How long one exchange may take.
        heartbeat_s: After how much silence tmux is asked whether it is still there.
    """

    def __init__(
        self, socket: Path, *, output: bool = False, deadline_s: float = 3.0, heartbeat_s: float = 5.0
    ) -> None:
        super().__init__(socket, output=output, deadline_s=deadline_s, heartbeat_s=heartbeat_s)
        self._buffers = itertools.count()
        self._reminded: set[str] = set()

    # ------------------------------------------------------------------------------------------ looking

    async def sessions(self) -> tuple[SessionFact, ...]:
        """Every session on the socket, in one look."""
        replies = await self.look([("list-panes", "-a", "-F", FACTS), ("list-clients", "-F", CLIENTS)])
        facts = session_facts([row for reply in replies for row in accepted(reply, ("list-panes",))])
        if unreaped(facts, self._reminded):
            self.write([REMINDER])
        return facts

    async def capture(self, name: str, *, history_lines: int = 0, colours: bool = True) -> Screen:
        """The visible screen of a session, with `history_lines` of scrollback above it.

        Raises:
            NotFound: there is no such session.
        """
        look, rows = await self.look(_glance(name, history_lines))
        rows_seen = accepted(rows, ("capture-pane",), name)
        return screen("".join(accepted(look, ("display-message",), name)), rows_seen, colours=colours)

    async def captures(
        self, names: Sequence[str], *, history_lines: int = 0, colours: bool = True
    ) -> dict[str, Screen]:
        """Many screens in one go; sessions that are not there are left out."""
        replies = await self.look([command for name in names for command in _glance(name, history_lines)])
        return {
            name: screen("".join(look.rows), rows.rows, colours=colours)
            for name, look, rows in zip(names, replies[::2], replies[1::2], strict=True)
            if look.ok and rows.ok
        }

    async def follow(self, name: str) -> None:
        """Attach to another session; `on_output` is called for its panes from now on.

        Raises:
            NotFound: there is no such session.
        """
        command = ("switch-client", "-t", session_target(name))
        (reply,) = await self.look([command])
        accepted(reply, command, name)
        self._followed = name

    # ------------------------------------------------------------------------------------------ typing

    async def send(self, name: str, press: KeyPress) -> None:
        """Pass one key on to a session."""
        if press.text:
            await self.send_text(name, press.text)
        elif press.name:
            await self.press(name, (press.name,))
        elif press.codes:
            await self._act(
                name, [("send-keys", "-t", pane_target(name), "-H", *(f"{code:02x}" for code in press.codes))]
            )

    async def send_text(self, name: str, text: str) -> None:
        """Type literal text. No Enter is added.

        Raises:
            NotFound: there is no such session.
            BadInput: the text has control characters.
        """
        target, text = pane_target(name), typable(text)
        parts = [text[start : start + TYPED_AT_ONCE] for start in range(0, len(text), TYPED_AT_ONCE)]
        await self._act(name, [("send-keys", "-t", target, "-l", "--", part) for part in parts])

    async def press(self, name: str, keys: Sequence[str]) -> None:
        """Press named keys; unknown names are refused, never typed as text.

        Raises:
            NotFound: there is no such session.
            BadInput: one is no key; none is pressed.
        """
        if keys:
            await self._act(name, [("send-keys", "-t", pane_target(name), "--", *key_names(keys))])

    async def paste(self, name: str, text: str) -> None:
        """Paste text, bracketed when the program asked for brackets; control characters are left out.

        Raises:
            NotFound: there is no such session.
        """
        target, content = pane_target(name), pastable(text)
        if not content:
            return
        buffer = f"gt-{os.getpid()}-{id(self)}-{next(self._buffers)}"
        await self._act(name, [("has-session", "-t", target)])
        parts = [content[start : start + PASTED_AT_ONCE] for start in range(0, len(content), PASTED_AT_ONCE)]
        growing = [("set-buffer", *(("-a",) if at else ()), "-b", buffer, "--", part) for at, part in enumerate(parts)]
        try:
            await self._act(name, [*growing, ("paste-buffer", "-d", "-p", "-r", "-b", buffer, "-t", target)])
        except NotFound:
            await self.exchange([("delete-buffer", "-b", buffer)])
            raise

    async def resize(self, name: str, width_cells: int, height_cells: int) -> None:
        """Give a session another size. Ask first who else looks at it (`SessionFact.attached`).

        Raises:
            NotFound: there is no such session.
        """
        size = ("-x", str(width_cells), "-y", str(height_cells))
        await self._act(name, [("resize-window", "-t", session_target(name), *size)])

    async def _act(self, name: str, commands: Sequence[Command]) -> None:
        for command, reply in zip(commands, await self.exchange(commands), strict=True):
            accepted(reply, command, name)


def _glance(name: str, history_lines: int) -> list[Command]:
    target = pane_target(name)
    above = ("-S", str(-history_lines)) if history_lines > 0 else ()
    return [("display-message", "-p", "-t", target, LOOK), ("capture-pane", "-p", "-e", "-t", target, *above)]
