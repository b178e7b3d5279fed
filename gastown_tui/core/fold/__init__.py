"""state = fold(events): the only place where state changes."""

from gastown_tui.core.fold.apply import apply, fold
from gastown_tui.core.fold.shelf import BeadShelf
from gastown_tui.core.fold.state import LedgerState, Registers
from gastown_tui.core.fold.town import Town

__all__ = ["BeadShelf", "LedgerState", "Registers", "Town", "apply", "fold"]
