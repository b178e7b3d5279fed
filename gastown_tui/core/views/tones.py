"""The few tones a word may have. Widgets turn them into theme colours; every tone comes with a glyph or a word."""

from __future__ import annotations

from enum import StrEnum


class Tone(StrEnum):
    """How loud a piece of text is."""

    INK = "ink"
    """Names and whatever the eye should find."""
    DIM = "dim"
    """A step back: ages, notes, things at rest."""
    BRASS = "brass"
    """What can be pressed, or has just been set going."""
    WARM = "warm"
    """Needs a person. Nothing else is ever warm."""
    GOOD = "good"
    """Motion and success."""
    AMBER = "amber"
    """Going stale."""
    BLUE = "blue"
    """Ids and messages."""
