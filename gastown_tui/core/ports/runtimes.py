"""The agent programs."""

from __future__ import annotations

from typing import Protocol

from gastown_tui.core.model.outside import Runtime


class Runtimes(Protocol):
    """The agent programs this town knows."""

    def names(self) -> tuple[str, ...]:
        """All presets, shipped and the town's own, sorted."""
        ...

    def find(self, name: str) -> Runtime:
        """One preset by name.

        Raises:
            NotFound: there is none; the hint lists those there are.
        """
        ...

    def argv(self, runtime: Runtime, *, prompt: str = "", resume: bool = False) -> tuple[str, ...]:
        """The command line to start it.

        Raises:
            ToolFailed: the program is not installed; one line says which and where it was looked for.
        """
        ...
