"""The deacon's daemon: one per town. It beats, wakes early when a ledger changes, and holds nothing that matters.

Whatever it does is derived from the ledger and the world with each beat, so it may be killed at any line; the next one
finishes what it began.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from gastown_tui.core import events as e
from gastown_tui.core.errors import Conflict, GastownError
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import RigName
from gastown_tui.core.model.times import stamp
from gastown_tui.core.patrols import refinery
from gastown_tui.core.patrols.reconciler import Reconciler
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import merging
from gastown_tui.core.verbs.declare import Receipt, verb
from gastown_tui.core.verbs.running import Beat, beat_path, beat_text, lock_path

SWEEP_S = 0.05
"""Between two looks at the sizes of the ledgers; what a change waits at most."""
WRITE_BEAT_S = 30.0
"""Between two notes of the beat: they cost a sync, and the lock is what tells that a daemon lives."""
LOCK_WAIT_S = 1.0
"""Whoever asks whether a daemon runs holds its lock for a moment."""
LEAVE_S = 5.0
"""How long a merge under way may take to end by itself when the daemon stops."""


class DaemonEnded(Receipt, frozen=True, kw_only=True):
    """Why a daemon ended."""

    reason: str
    beats: int

    def text(self) -> str:
        """One line."""
        return f"daemon ended after {self.beats} beats: {self.reason}"


@verb("daemon run", group="town", hidden=True)
def run(hands: Hands) -> DaemonEnded:
    """Run the town's mechanics in the foreground until the town rests or the process is told to end.

    Raises:
        Conflict: a daemon runs in this town already.
    """
    deadline = hands.clock.monotonic() + LOCK_WAIT_S
    while True:
        with hands.processes.alone(lock_path(hands.ledger.home)) as is_alone:
            if is_alone:
                return Daemon(hands).run()
        if hands.clock.monotonic() > deadline:
            raise Conflict("a daemon runs in this town already", hint="gt daemon status shows it")
        hands.clock.sleep(SWEEP_S / 2)


class Daemon:
    """One daemon's life."""

    def __init__(self, hands: Hands) -> None:
        self.hands = hands
        self.incarnation = hands.env.get("GT_SESSION", "")
        self._stop = threading.Event()
        self._why = ""
        self._beats = 0
        self._written_at = 0.0
        self._reconciler = Reconciler(hands)
        self._refineries: dict[RigName, threading.Thread] = {}
        self._logs: list[Path] = []
        self._beat_s = 1.0

    def run(self) -> DaemonEnded:
        """Beat until told to stop."""
        with self._signals():
            self._record(e.DaemonStarted(pid=os.getpid(), incarnation=self.incarnation))
            while not self._stop.is_set():
                before = self._sizes()
                self._beat()
                self._wait(before)
            self._leave()
            self._record(e.DaemonStopped(incarnation=self.incarnation, reason=self._why))
        return DaemonEnded(reason=self._why, beats=self._beats)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def stop(number: int, frame: FrameType | None) -> None:
            self._halt(signal.Signals(number).name)

        known = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        try:
            yield
        finally:
            for number, handler in known.items():
                signal.signal(number, handler)

    def _halt(self, why: str) -> None:
        self._why = self._why or why
        self._stop.set()

    # ------------------------------------------------------------------------------------------ a beat

    def _beat(self) -> None:
        try:
            town = self.hands.ledger.read()
            self._look_up(town)
            if not town.own.registers.is_running:
                self._halt("the town rests")
                return
            self._beats += 1
            self._note_beat()
            self._reconciler.beat()
            self._start_refineries(self.hands.ledger.read())
        except GastownError as error:
            self._complain(error.message)
        except Exception as error:
            self._complain(f"{type(error).__name__}: {error}")

    def _note_beat(self) -> None:
        now = self.hands.clock.monotonic()
        if self._beats > 1 and now - self._written_at < WRITE_BEAT_S:
            return
        self._written_at = now
        beat = Beat(pid=os.getpid(), incarnation=self.incarnation, count=self._beats, at=stamp(self.hands.clock.now()))
        self.hands.files.write_text(beat_path(self.hands.ledger.home), beat_text(beat))

    def _complain(self, text: str) -> None:
        """To the log: the ledger may be what fails."""
        sys.stderr.write(f"{stamp(self.hands.clock.now())} {text}\n")
        sys.stderr.flush()

    def _wait(self, before: list[int]) -> None:
        """Until the next beat is due, a ledger grew, or the end."""
        deadline = self.hands.clock.monotonic() + self._beat_s
        while self.hands.clock.monotonic() < deadline:
            if self._stop.wait(SWEEP_S) or self._sizes() != before:
                return

    def _look_up(self, town: Town) -> None:
        """What the waiting between beats needs to know."""
        home = self.hands.ledger.home
        self._beat_s = town.settings.daemon.beat_s
        self._logs = [home / name / ".beads" / "events.jsonl" for name in sorted(town.ledgers)]

    def _sizes(self) -> list[int]:
        """How long each ledger's log is: cheap enough to be asked twenty times a second."""
        return [each.stat().st_size if each.exists() else 0 for each in self._logs]

    # ------------------------------------------------------------------------------------------ merging

    def _start_refineries(self, town: Town) -> None:
        """A thread for each rig with a request to take up; a gate may take long, and nothing else should wait."""
        if not town.settings.daemon.refinery:
            return
        for rig in town.rigs():
            thread = self._refineries.get(rig)
            if thread is not None and thread.is_alive():
                continue
            if merging.next_turn(town, rig, self.hands.clock.now()).request is None:
                continue
            thread = threading.Thread(target=self._refine, args=(rig,), name=f"refinery-{rig}", daemon=True)
            self._refineries[rig] = thread
            thread.start()

    def _refine(self, rig: RigName) -> None:
        try:
            hands = self.hands.elsewhere(self.hands.ledger.home)
            while not self._stop.is_set():
                if refinery.turn(hands, rig).outcome is refinery.Outcome.NOTHING:
                    return
        except GastownError as error:
            self._complain(f"refinery of {rig}: {error.message}")
        except Exception as error:
            self._complain(f"refinery of {rig}: {type(error).__name__}: {error}")

    def _leave(self) -> None:
        """Let merges under way end; a gate that takes longer is ended and its request taken up by the next daemon."""
        deadline = self.hands.clock.monotonic() + LEAVE_S
        for thread in self._refineries.values():
            thread.join(max(0.0, deadline - self.hands.clock.monotonic()))
        still = [rig for rig, thread in self._refineries.items() if thread.is_alive()]
        if not still:
            return
        for request in self.hands.ledger.read().merges():
            rig = self.hands.ledger.read().rig_of(request.id)
            if request.state == "running" and rig is not None and rig in still:
                refinery.end_gate(self.hands, rig, request)

    def _record(self, fact: e.Fact) -> None:
        self.hands.ledger.record(lambda _: [Entry(fact)], actor=self.hands.actor)
