"""What the town needs from outside, named for the need and not for the tool; bundled as `Hands`.

A module is loaded when somebody asks for one of its names: a headless command needs the bundle and few of the ports.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from gastown_tui.core.ports.hands import Hands

if TYPE_CHECKING:
    from gastown_tui.core.events import Entry
    from gastown_tui.core.model.outside import (
        MergeTrial,
        ProcessFact,
        RepositoryFact,
        Run,
        RunOutcome,
        Runtime,
        Screen,
        SessionFact,
        SessionSpec,
        TrialOutcome,
        WorktreeFact,
    )
    from gastown_tui.core.ports.carrier import Carrier, Standing, Theirs
    from gastown_tui.core.ports.chance import Clock, Mint
    from gastown_tui.core.ports.files import Files
    from gastown_tui.core.ports.ledger import Decide, Ledger, LineNote, LinesFound, Mend, Recorded, Verified
    from gastown_tui.core.ports.running import Commands, Processes, Terminal
    from gastown_tui.core.ports.runtimes import Runtimes
    from gastown_tui.core.ports.sessions import Sessions
    from gastown_tui.core.ports.worktrees import Worktrees

__all__ = [
    "Carrier", "Clock", "Commands", "Decide", "Entry", "Files", "Hands", "Ledger", "LineNote", "LinesFound", "Mend",
    "MergeTrial", "Mint", "ProcessFact", "Processes", "Recorded", "RepositoryFact", "Run", "RunOutcome", "Runtime",
    "Runtimes", "Screen", "SessionFact", "SessionSpec", "Sessions", "Standing", "Terminal", "Theirs",
    "TrialOutcome", "Verified", "WorktreeFact", "Worktrees",
]  # fmt: skip

_ROOMS = {
    "carrier": ("Carrier", "Standing", "Theirs"),
    "chance": ("Clock", "Mint"),
    "files": ("Files",),
    "ledger": ("Decide", "Ledger", "LineNote", "LinesFound", "Mend", "Recorded", "Verified"),
    "running": ("Commands", "Processes", "Terminal"),
    "runtimes": ("Runtimes",),
    "sessions": ("Sessions",),
    "worktrees": ("Worktrees",),
}
_WHERE = {name: f"{__name__}.{room}" for room, names in _ROOMS.items() for name in names}
_WHERE["Entry"] = "gastown_tui.core.events"


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_WHERE.get(name, "gastown_tui.core.model.outside")), name)
