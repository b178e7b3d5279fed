"""A clock for somebody who never waits."""

from __future__ import annotations

from gastown_tui.core.world.clock import SystemClock


class Hasty(SystemClock):
    """The system's clock, without the waiting."""

    def sleep(self, seconds: float) -> None:
        """Not at all."""
