"""Fresh ids: sortable where order matters, short where people type them."""

from __future__ import annotations

import os
from functools import lru_cache

from gastown_tui.core.model.ids import AssignmentId, EscalationId, EventId, MailId, NudgeId
from gastown_tui.core.ports import Clock

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: the order of its characters is the order of their bytes."""
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_CHARACTERS = (_ALPHABET * 8).encode()
"""A character for every byte, each as often as the others."""
_MS_CHARS, _COUNT_CHARS, _CHANCE_CHARS = 10, 4, 12
_COUNT_LIMIT = 32**_COUNT_CHARS
_MS_LIMIT = 32**_MS_CHARS // 2
"""An id dated beyond the year 19000 is nonsense; following it would use the alphabet up."""
SORTABLE_CHARS = _MS_CHARS + _COUNT_CHARS + _CHANCE_CHARS
"""Length of the sortable part of an id."""


def base32(number: int, width: int) -> str:
    """A number in the sortable alphabet, left-padded; higher digits than fit are dropped."""
    digits = []
    for _ in range((width + 1) // 2):
        digits.append(_PAIRS[number & 1023])
        number >>= 10
    return "".join(reversed(digits))[-width:]


def number(text: str) -> int:
    """The number that sortable text stands for.

    Raises:
        ValueError: a character is not of the alphabet.
    """
    value = 0
    for character in text:
        value = value << 5 | _ALPHABET.index(character)
    return value


def _chance(chars: int) -> str:
    return os.urandom(chars).translate(_CHARACTERS).decode()


def is_event_id(text: str) -> bool:
    """Whether an id is of the shape this ledger issues."""
    return len(text) == 4 + SORTABLE_CHARS and text.startswith("evt-") and not text[4:].strip(_ALPHABET)


def sortable(ms: int, count: int) -> str:
    """26 characters that sort by time, then count, then chance."""
    return _base32_of_ms(ms) + base32(count, _COUNT_CHARS) + _chance(_CHANCE_CHARS)


@lru_cache(maxsize=1)
def _base32_of_ms(ms: int) -> str:
    return base32(ms, _MS_CHARS)


class EventMint:
    """A hybrid logical clock: every id it issues is above every id it has seen, whatever the wall clock does."""

    def __init__(self) -> None:
        self._ms = 0
        self._count = 0

    def see(self, event_id: str) -> None:
        """Learn of an id issued elsewhere, or of anything that sorts as one does."""
        stem = event_id[4 : 4 + _MS_CHARS + _COUNT_CHARS]
        if event_id.startswith("evt-") and len(stem) == _MS_CHARS + _COUNT_CHARS and not stem.strip(_ALPHABET):
            ms = number(event_id[4 : 4 + _MS_CHARS])
            count = number(event_id[4 + _MS_CHARS : 4 + _MS_CHARS + _COUNT_CHARS])
            if ms < _MS_LIMIT:
                self._ms, self._count = max((self._ms, self._count), (ms, count))

    @staticmethod
    def ms_of(event_id: str) -> int:
        """When an id was issued, in milliseconds since 1970; 0 for ids of another shape."""
        return number(event_id[4 : 4 + _MS_CHARS]) if is_event_id(event_id) else 0

    def event_id(self, now_ms: int) -> EventId:
        """The next id."""
        if now_ms > self._ms:
            self._ms, self._count = now_ms, 0
        elif self._count + 1 < _COUNT_LIMIT:
            self._count += 1
        else:
            self._ms, self._count = self._ms + 1, 0
        return EventId("evt-" + sortable(self._ms, self._count))


class RandomMint:
    """Ids from the operating system's randomness."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = ""

    def mail_id(self) -> MailId:
        """A fresh mail id."""
        return MailId("msg-" + _chance(8))

    def nudge_id(self) -> NudgeId:
        """A fresh nudge id."""
        return NudgeId("ndg-" + _chance(8))

    def assignment_id(self) -> AssignmentId:
        """A fresh assignment id; sorts after every earlier one of this process and this clock."""
        ms = int(self._clock.now().timestamp() * 1000)
        stem = self._last[:-_CHANCE_CHARS]
        fresh = base32(ms, _MS_CHARS) + base32(0, _COUNT_CHARS)
        if fresh <= stem:
            fresh = base32(number(stem) + 1, _MS_CHARS + _COUNT_CHARS)
        self._last = fresh + _chance(_CHANCE_CHARS)
        return AssignmentId("asg-" + self._last)

    def escalation_id(self) -> EscalationId:
        """A fresh escalation id."""
        return EscalationId("esc-" + _chance(8))

    def nonce(self) -> int:
        """A random 64-bit number."""
        return int.from_bytes(os.urandom(8), "big")
