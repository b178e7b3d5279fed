"""Places where agents run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from gastown_tui.core.model.outside import Screen, SessionFact, SessionSpec


class Sessions(Protocol):
    """Places where agents run, on the town's own tmux socket."""

    @property
    def socket(self) -> Path:
        """The town's tmux socket."""
        ...

    def unavailable(self) -> str:
        """Why sessions cannot be had (no tmux, too old); empty when they can."""
        ...

    def start(self, spec: SessionSpec) -> SessionFact:
        """Start a session, or return the living one of that name. A dead pane of that name is replaced.

        Raises:
            ToolFailed: tmux is missing or refused, or the program died at once.
        """
        ...

    def all(self) -> tuple[SessionFact, ...]:
        """Every session on the socket, in one look; empty when no server runs.

        Raises:
            ToolFailed: tmux answered nothing usable; the caller must treat every session as unknown.
        """
        ...

    def find(self, name: str) -> SessionFact | None:
        """One session by its exact name."""
        ...

    def capture(self, name: str, *, history_lines: int = 0, colours: bool = False) -> Screen:
        """The visible screen, with `history_lines` of scrollback above it.

        Raises:
            NotFound: there is no such session.
        """
        ...

    def type_text(self, name: str, text: str) -> None:
        """Type literal text, as if by hand. No Enter is added.

        Raises:
            NotFound: there is no such session.
        """
        ...

    def press(self, name: str, keys: Sequence[str]) -> None:
        """Press named keys (`Enter`, `C-c`, `Up`); unknown names are refused, never typed as text."""
        ...

    def paste(self, name: str, text: str) -> None:
        """Paste text through a buffer, bracketed when the program asked for brackets."""
        ...

    def stop(self, name: str, *, incarnation: str = "", grace_s: float = 5.0) -> None:
        """End a session and everything it started: TERM, `grace_s`, KILL. Gone already is fine.

        Args:
            name: Exact session name.
            incarnation: When given, a session started with another `GT_SESSION` is left alone.
            grace_s: How long processes have to end by themselves.
        """
        ...

    def close_server(self) -> None:
        """End the town's tmux server; only ever this town's own."""
        ...

    def attach_argv(self, name: str) -> tuple[str, ...]:
        """The command that hands a terminal to the session, from inside another tmux too."""
        ...

    def switch_argv(self, name: str) -> tuple[str, ...]:
        """The command that moves a terminal already inside the town's own server to the session."""
        ...
