"""Ages as text, and until when they hold: what shows ages need not be read again before."""

from __future__ import annotations

from datetime import datetime, timedelta

from gastown_tui.core.model.times import age_text, moment

_UNITS_S = ((86_400, 86_400), (3600, 3600), (60, 60), (0, 1))
"""From how many seconds on an age is told in units of how many."""


class Ages:
    """The ages of one reading.

    Attributes:
        now: The moment of the reading.
        until: When the first of the ages told so far reads differently; None when none was told.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.until: datetime | None = None

    def text(self, then: str | None) -> str:
        """The age of a stamp in one short word."""
        at = moment(then)
        if at is None:
            return age_text(None)
        age = self.now - at
        turn = at + timedelta(seconds=_turn_s(max(0.0, age.total_seconds())))
        self.until = turn if self.until is None else min(self.until, turn)
        return age_text(age)


def _turn_s(seconds: float) -> int:
    """The age at which an age of so many seconds reads differently."""
    unit = next(unit for least, unit in _UNITS_S if seconds >= least)
    return (int(seconds) // unit + 1) * unit
