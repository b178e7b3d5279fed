"""Rows marked to be acted on together, one by one or by range."""

from __future__ import annotations

from collections.abc import Iterable


class Marks:
    """The marked keys, and the range that is being marked."""

    def __init__(self) -> None:
        self.keys: frozenset[str] = frozenset()
        self.range_from = ""
        """Where the running range began; empty when none is running."""
        self._before: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether there is anything to let go of."""
        return bool(self.keys or self.range_from)

    def toggle(self, key: str) -> None:
        """Mark or unmark one row."""
        self.keys ^= {key}

    def start_range(self, key: str) -> None:
        """From here on, `stretch` decides what is marked besides what already was."""
        self.range_from, self._before = key, self.keys
        self.keys |= {key}

    def stretch(self, keys: Iterable[str]) -> None:
        """The range covers these rows now."""
        self.keys = self._before | frozenset(keys)

    def end_range(self) -> None:
        """Keep what the range covers."""
        self.range_from = ""

    def let_go(self) -> None:
        """Drop the running range; without one, drop all marks."""
        self.keys = self._before if self.range_from else frozenset()
        self.range_from = ""

    def clear(self) -> None:
        """Drop everything."""
        self.keys, self.range_from = frozenset(), ""
