"""Setting the town going and putting it to rest: `start`, `shutdown`, `daemon status`."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import GastownError, ToolFailed
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import DEACON, MAYOR, Role, parts, session_name
from gastown_tui.core.model.ids import Address
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.model.town import Agent
from gastown_tui.core.ports import Hands, Recorded
from gastown_tui.core.rules import dispatch
from gastown_tui.core.verbs.declare import Arg, Receipt, verb
from gastown_tui.core.verbs.waking import rescue_ref, rest, wake

FIRST_BEAT_S = 15.0
"""How long a daemon may take until its first beat."""
DAEMON_END_S = 10.0
"""How long it may take to end by itself."""
GRACE_S = 3.0
_BOOT_S = 1.0
"""How long a daemon just started may take to hold its lock."""
_POLL_S = 0.05


# ---------------------------------------------------------------------------------------------- the daemon


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon last wrote of itself; the lock, not this file, says whether one runs."""

    pid: int
    incarnation: str
    count: int
    at: str


class Daemon(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon as it is found."""

    runs: bool
    pid: int = 0
    incarnation: str = ""
    beats: int = 0
    beat_at: str = ""
    note: str = ""


def lock_path(home: Path) -> Path:
    """The lock a daemon holds for as long as it lives."""
    return home / ".beads" / "local" / "daemon.lock"


def beat_path(home: Path) -> Path:
    """Where a daemon writes its beats, now and then."""
    return home / ".beads" / "local" / "daemon.json"


def find_daemon(hands: Hands) -> Daemon:
    """Whether a daemon runs, by its lock and its process; a stale record counts for nothing."""
    home = hands.ledger.home
    with hands.processes.alone(lock_path(home)) as is_free:
        pass
    own = hands.ledger.read().own.registers
    if is_free:
        note = "" if not own.daemon_pid else f"process {own.daemon_pid} ended without a word"
        return Daemon(runs=False, note=note)
    return _beating(hands) or Daemon(
        runs=True, pid=own.daemon_pid, incarnation=own.daemon_incarnation, note="has not beaten yet"
    )


def _beating(hands: Hands) -> Daemon | None:
    """The daemon that wrote the beat, while it lives. Asking does not touch its lock."""
    try:
        text = hands.files.read_text(beat_path(hands.ledger.home), limit_bytes=4096)
        beat = msgspec.json.decode(text.encode(), type=Beat)
    except (GastownError, msgspec.MsgspecError):
        return None
    fact = hands.processes.find(beat.pid)
    if fact is None or fact.incarnation != beat.incarnation:
        return None
    return Daemon(runs=True, pid=beat.pid, incarnation=beat.incarnation, beats=beat.count, beat_at=beat.at)


def ensure_daemon(hands: Hands) -> Daemon:
    """Wait for the daemon's first beat, and start one if none is there to beat.

    The lock of one that was just killed may outlive it for a moment, so the question is asked until there is a beat.

    Raises:
        ToolFailed: it did not come up in time; the end of its log is the hint.
    """
    deadline = hands.clock.monotonic() + FIRST_BEAT_S
    next_try = hands.clock.monotonic() + _BOOT_S
    while (found := _beating(hands)) is None:
        now = hands.clock.monotonic()
        if now > deadline:
            raise ToolFailed("the daemon did not come up", hint=_last_words(hands))
        if now > next_try and not find_daemon(hands).runs:
            _spawn_daemon(hands)
            next_try = now + 5 * _BOOT_S
        hands.clock.sleep(_POLL_S)
    return found


def _spawn_daemon(hands: Hands) -> int:
    home = hands.ledger.home
    argv = (sys.executable, "-m", "gastown_tui", "--batch", "daemon", "run")
    incarnation = f"deacon.{hands.mint.nonce():016x}"
    env = {"GT_ROLE": DEACON, "BD_ACTOR": DEACON, "GT_ROOT": str(home), "GT_SESSION": incarnation}
    return hands.processes.spawn_detached(argv, cwd=home, env=env, log=_log_path(home))


def _log_path(home: Path) -> Path:
    return home / "logs" / "daemon.log"


def _last_words(hands: Hands) -> str:
    log = _log_path(hands.ledger.home)
    try:
        lines = hands.files.read_text(log, limit_bytes=10_000_000).strip().splitlines()
    except GastownError:
        return f"its log is {log}"
    return f"{log} ends: {lines[-1][:200]}" if lines else f"{log} is empty"


class DaemonStatus(Receipt, frozen=True, kw_only=True):
    """How the daemon fares."""

    daemon: Daemon
    town_runs: bool
    now: datetime

    def text(self) -> str:
        """One line."""
        if not self.daemon.runs:
            then = "the town rests" if not self.town_runs else "gt start starts it"
            return f"no daemon runs ({', '.join(filter(None, (self.daemon.note, then)))})"
        beat = moment(self.daemon.beat_at)
        when = f"beat {self.daemon.beats}, {age_text(self.now - beat)} ago" if beat else self.daemon.note
        return f"process {self.daemon.pid} runs ({when})"

    def data(self) -> Any:
        """Facts and nothing derived."""
        return {**msgspec.to_builtins(self.daemon), "town_runs": self.town_runs}


@verb("daemon status", group="town", mutates=False)
def daemon_status(hands: Hands) -> DaemonStatus:
    """Say whether the daemon runs and when it last beat."""
    town = hands.ledger.read()
    return DaemonStatus(daemon=find_daemon(hands), town_runs=town.own.registers.is_running, now=hands.clock.now())


# ---------------------------------------------------------------------------------------------- start


class Started(Receipt, frozen=True, kw_only=True):
    """What runs now."""

    town: str
    daemon: Daemon
    was_running: bool = False
    mayor: str = ""
    """The mayor's session; empty when it has none."""
    mayor_reason: str = ""
    """Why it has none."""

    def text(self) -> str:
        """A line for the daemon and one for the mayor."""
        how = "runs already" if self.was_running else "started"
        lines = [f"{self.town} {how}: daemon is process {self.daemon.pid}"]
        if self.mayor:
            lines.append(f"mayor runs in session {self.mayor}")
        elif self.mayor_reason:
            lines.append(f"mayor not started: {self.mayor_reason}")
        return "\n".join(lines)


def begin(hands: Hands) -> Recorded:
    """Say that the town is to run and start its daemon if none does, without waiting for it."""

    def decide(town: Town) -> list[Entry]:
        return [] if town.own.registers.is_running else [Entry(e.TownStarted())]

    recorded = hands.ledger.record(decide, actor=hands.actor)
    if not find_daemon(hands).runs:
        _spawn_daemon(hands)
    return recorded


@verb(group="town")
def start(
    hands: Hands,
    *,
    no_mayor: Annotated[bool, Arg("start no session for the mayor")] = False,
) -> Started:
    """Set the town going: one daemon that wakes, delivers, merges and watches.

    Doing it again changes nothing. Work that a crash left behind is taken up again.

    Raises:
        ToolFailed: the daemon did not come up.
    """
    before = find_daemon(hands)
    recorded = begin(hands)
    daemon = ensure_daemon(hands)
    receipt = Started(
        town=recorded.town.name or hands.ledger.home.name,
        daemon=daemon,
        was_running=before.runs and before.incarnation == daemon.incarnation and not recorded.events,
    )
    if no_mayor or not recorded.town.settings.start_mayor:
        return receipt
    woken = wake(hands, MAYOR)
    return msgspec.structs.replace(receipt, mayor=woken.session, mayor_reason="" if woken.session else woken.reason)


# ---------------------------------------------------------------------------------------------- shutdown


class ShutDown(Receipt, frozen=True, kw_only=True):
    """What was put to rest."""

    daemon: str
    sessions: tuple[str, ...] = ()
    """Agents whose sessions ended."""
    rescued: dict[str, str] = msgspec.field(default_factory=dict)
    """The rescue ref by agent, for worktrees that held uncommitted work."""
    kept: tuple[str, ...] = ()
    """What could not be ended or saved, and why."""
    server: str = ""

    def text(self) -> str:
        """What ended, what was saved and what stayed."""
        ended = f"{len(self.sessions)} sessions ended" if self.sessions else "no sessions ran"
        lines = [f"The town rests: {self.daemon}, {ended}, {self.server}"]
        lines += [f"  saved {agent}: {ref}" for agent, ref in self.rescued.items()]
        return "\n".join(lines)

    def warnings(self) -> tuple[str, ...]:
        """What stayed."""
        return self.kept

    def code(self) -> int:
        """Failure when something stayed."""
        return int(bool(self.kept))


@verb(group="town")
def shutdown(
    hands: Hands,
    *,
    now: Annotated[bool, Arg("give nobody time to finish a thought")] = False,
    reason: Annotated[str, Arg("why, for the record", flags=("--reason", "-r"))] = "",
) -> ShutDown:
    """Put the town to rest: uncommitted work is saved first, then sessions and the daemon end.

    Hooks, worktrees and queues stay as they are; `gt start` goes on where this left off.
    """

    def decide(town: Town) -> list[Entry]:
        return [Entry(e.TownStopped(reason=reason))] if town.own.registers.is_running else []

    before = find_daemon(hands)
    recorded = hands.ledger.record(decide, actor=hands.actor)
    grace_s = 0.3 if now else GRACE_S
    kept: list[str] = []
    rescued = _rescue_all(hands, recorded.town, kept)
    daemon = _end_daemon(hands, before, grace_s, kept)
    sessions = _end_sessions(hands, grace_s, kept)
    return ShutDown(
        daemon=daemon, sessions=sessions, rescued=rescued, kept=tuple(kept), server=_close_server(hands, kept)
    )


def _rescue_all(hands: Hands, town: Town, kept: list[str]) -> dict[str, str]:
    """A rescue ref for every worktree with work that no commit holds."""
    rescued: dict[str, str] = {}
    for agent in town.agents():
        if not agent.worktree or parts(agent.address).role is not Role.POLECAT:
            continue
        try:
            if ref := _rescue(hands, agent):
                rescued[agent.address] = ref
        except GastownError as error:
            kept.append(f"the worktree of {agent.address} could not be saved, it stays as it is: {error.message}")
    return rescued


def _rescue(hands: Hands, agent: Agent) -> str:
    place = Path(agent.worktree)
    there = hands.worktrees.look(place)
    if not there.exists or not (there.changed or there.operation):
        return ""
    ref = rescue_ref(agent.address, dispatch.branch_bead(agent.branch), hands.clock.now())
    commit = hands.worktrees.rescue(place, ref)
    saved = e.WorktreeRescued(agent=agent.address, path=agent.worktree, ref=ref, commit=commit, reason="shutdown")
    hands.ledger.record(lambda _: [Entry(saved)], actor=hands.actor)
    return ref


def _end_daemon(hands: Hands, before: Daemon, grace_s: float, kept: list[str]) -> str:
    found = find_daemon(hands)
    if not found.runs:
        return "daemon ended" if before.runs else "no daemon ran"
    # It reads that the town rests and ends by itself; only one that hangs is signalled.
    deadline = hands.clock.monotonic() + (grace_s if grace_s < GRACE_S else DAEMON_END_S)
    while find_daemon(hands).runs:
        if hands.clock.monotonic() > deadline:
            if found.incarnation and hands.processes.terminate(found.pid, incarnation=found.incarnation):
                return "daemon ended"
            kept.append(f"the daemon, process {found.pid}, does not end")
            return "daemon hangs"
        hands.clock.sleep(_POLL_S)
    return "daemon ended"


def _end_sessions(hands: Hands, grace_s: float, kept: list[str]) -> tuple[str, ...]:
    """End every session of the town's own: workers first, the mayor last. Those it did not start are left alone."""
    town = hands.ledger.read()
    if trouble := hands.sessions.unavailable():
        kept += [f"the session of {agent.address} may still run: {trouble}" for agent in town.agents() if agent.session]
        return ()
    order = {Role.POLECAT: 0, Role.CREW: 1, Role.WITNESS: 2, Role.REFINERY: 3, Role.DEACON: 4, Role.MAYOR: 5}
    people = sorted(town.agents(), key=lambda agent: (order.get(parts(agent.address).role, 9), agent.address))
    ended: list[str] = []
    for agent in people:
        try:
            if rest(hands, agent.address, "the town was shut down", grace_s=grace_s).ended:
                ended.append(agent.address)
        except GastownError as error:
            kept.append(f"the session of {agent.address} does not end: {error.message}")
    return (*ended, *_end_strays(hands, people, grace_s, kept))


def _end_strays(hands: Hands, people: list[Agent], grace_s: float, kept: list[str]) -> list[str]:
    """Sessions the town started but never got to record."""
    known = {session_name(Address(agent.address)) for agent in people}
    ended: list[str] = []
    try:
        for fact in hands.sessions.all():
            if fact.incarnation and fact.name not in known:
                hands.sessions.stop(fact.name, incarnation=fact.incarnation, grace_s=grace_s)
                ended.append(fact.name)
    except GastownError as error:
        kept.append(f"tmux gave no answer: {error.message}")
    return ended


def _close_server(hands: Hands, kept: list[str]) -> str:
    if hands.sessions.unavailable():
        return "no tmux"
    try:
        foreign = [fact.name for fact in hands.sessions.all() if not fact.incarnation]
        if foreign:
            return f"tmux stays for {', '.join(foreign)}"
        hands.sessions.close_server()
    except GastownError as error:
        kept.append(f"the tmux server does not end: {error.message}")
        return "tmux stays"
    return "tmux closed"


def beat_text(beat: Beat) -> str:
    """A beat as it is written."""
    return msgspec.json.encode(beat).decode() + "\n"
