"""Ending what a session started, all of it and nothing else.

A process belongs to a session when it descends from its pane, shares its terminal session, or carries its `GT_SESSION`
on this server, however far it has wandered. One that carries another never does. Names are not looked at.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

    from gastown_tui.core.ports import Clock

_POLL_S = 0.02
_REAP_S = 1.0
"""How long killed processes have to vanish."""


def belonging(socket: Path, panes: Mapping[int, int], incarnations: Collection[str]) -> list[psutil.Process]:
    """The processes of sessions; never this one, nor the tmux server.

    Args:
        socket: The server's.
        panes: First processes of their panes, and the tmux server each is a child of. Those that were seen to end must
            not be given: their ids may be anybody's by now.
        incarnations: Their `GT_SESSION`s. For one that has none only descent and terminal session tell.
    """
    import psutil

    named = frozenset(incarnations) - {""}
    firsts = {pid for pid, server in panes.items() if _parent(pid) == server}
    found = {process.pid: process for process in psutil.process_iter() if _is_of(process, socket, firsts, named)}
    for pid in firsts:
        for process in _descendants(pid):
            if _carried(process, socket) in {"", None, *named}:
                found[process.pid] = process
    spared = {os.getpid(), 1, *panes.values()}
    return [process for pid, process in found.items() if pid not in spared]


def end(processes: Iterable[psutil.Process], clock: Clock, *, grace_s: float) -> list[psutil.Process]:
    """TERM, up to `grace_s`, KILL; return those that are still there. Recycled process ids are never signalled."""
    living = _signalled(processes, "terminate")
    living = _awaited(living, clock, grace_s)
    living = _signalled(living, "kill")
    return _awaited(living, clock, _REAP_S)


def _is_of(process: psutil.Process, socket: Path, firsts: Collection[int], named: Collection[str]) -> bool:
    carried = _carried(process, socket)
    if carried:
        return carried in named
    try:
        return os.getsid(process.pid) in firsts
    except OSError:
        return False


def _parent(pid: int) -> int:
    """The parent of a process; 0 when it is gone."""
    import psutil

    try:
        return psutil.Process(pid).ppid()
    except psutil.Error:
        return 0


def _carried(process: psutil.Process, socket: Path) -> str | None:
    """Its `GT_SESSION`, empty when it has none, None when that cannot be read; one of another server is marked so."""
    import psutil

    try:
        environment = process.environ()
    except (psutil.Error, OSError):
        return None
    carried = environment.get("GT_SESSION", "")
    there = environment.get("TMUX", "").split(",")[0]
    return f"{carried} of {there}" if carried and there not in {"", str(socket)} else carried


def _descendants(pid: int) -> list[psutil.Process]:
    import psutil

    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def _signalled(processes: Iterable[psutil.Process], how: str) -> list[psutil.Process]:
    import psutil

    living: list[psutil.Process] = []
    for process in processes:
        try:
            getattr(process, how)()
        except psutil.NoSuchProcess:
            continue
        except psutil.AccessDenied:
            pass
        living.append(process)
    return living


def _awaited(processes: list[psutil.Process], clock: Clock, seconds: float) -> list[psutil.Process]:
    deadline = clock.monotonic() + seconds
    while (processes := [process for process in processes if _lives(process)]) and clock.monotonic() < deadline:
        clock.sleep(_POLL_S)
    return processes


def _lives(process: psutil.Process) -> bool:
    import psutil

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
