"""The bundle every verb is handed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from gastown_tui.core.ports.carrier import Carrier
    from gastown_tui.core.ports.chance import Clock, Mint
    from gastown_tui.core.ports.files import Files
    from gastown_tui.core.ports.ledger import Ledger
    from gastown_tui.core.ports.running import Commands, Processes, Terminal
    from gastown_tui.core.ports.runtimes import Runtimes
    from gastown_tui.core.ports.sessions import Sessions
    from gastown_tui.core.ports.worktrees import Worktrees


def _nowhere(home: Path) -> Hands:
    raise NotImplementedError(f"these hands reach nowhere else, {home} included")


class Hands(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a verb may act with."""

    ledger: Ledger
    sessions: Sessions
    worktrees: Worktrees
    commands: Commands
    processes: Processes
    files: Files
    runtimes: Runtimes
    clock: Clock
    mint: Mint
    actor: str
    """Who acts: an address, or a plain name in a ledger without a town."""
    env: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The part of the environment verbs may read (GT_*, BD_*, BEADS_*, TMUX)."""
    cwd: Path = Path()
    terminal: Terminal | None = None
    """None where nobody sits before one."""
    carrier: Carrier | None = None
    """None where there is no git to reach."""
    elsewhere: Callable[[Path], Hands] = _nowhere
    """Hands on the town or ledger at another place, or fresh ones on this one for another thread."""
