"""One ledger directory: its log, its folded state, its projections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from gastown_tui.core.errors import BadInput, GastownError
from gastown_tui.core.events import BeadImported, Event, LedgerAdopted
from gastown_tui.core.fold import LedgerState, apply
from gastown_tui.core.model.address import hook_file_name
from gastown_tui.core.model.bead_line import decode_bead, encode_bead
from gastown_tui.core.model.ids import EventId
from gastown_tui.core.world.disk import make_private, write_whole
from gastown_tui.core.world.durable import Durable
from gastown_tui.core.world.envelope import Damaged, decode_event, encode_event
from gastown_tui.core.world.lock import FileLock
from gastown_tui.core.world.log import Appender, LogFile, in_words


class Store:
    """One ledger directory."""

    def __init__(self, beads: Path, name: str) -> None:
        self.beads = beads
        self.name = name
        self.local = beads / "local"
        self.state = LedgerState()
        self._log = LogFile(beads / "events.jsonl")
        self._appender = Appender(beads / "events.jsonl")
        self._durable = Durable(self.local)
        self._events: list[Event] = []
        self._written: tuple[int, int] | None = None
        self._is_adopted = False

    @property
    def last_event(self) -> EventId:
        """The newest event folded."""
        return self.state.registers.last_event

    def recent(self, limit: int) -> list[Event]:
        """The newest events."""
        return self._events[-limit:]

    def read(self) -> LedgerState:
        """Fold what is new."""
        if not self.beads.is_dir():
            raise GastownError(f"{self.beads} is gone")
        chunk = self._log.fresh()
        if chunk.is_replaced:
            self._events = []
            self.state = LedgerState()
        if not chunk.data:
            if not self._log.cursor.offset and not self._is_adopted:
                self._overlay()
            return self.state
        if self._is_adopted and not self._events:
            self.state = LedgerState()
        fresh = []
        for line in chunk.data.splitlines():
            try:
                event = decode_event(line)
            except Damaged:
                continue
            if event is not None:
                fresh.append(event)
        if self._events and fresh and fresh[0].event_id <= self._events[-1].event_id:
            fresh = self._events + fresh
            self._events, self.state = [], LedgerState()
        known = {each.event_id for each in self._events}
        for event in sorted(fresh, key=lambda event: event.event_id):
            if event.event_id not in known:
                known.add(event.event_id)
                apply(self.state, event)
                self._events.append(event)
        return self.state

    @contextmanager
    def writing(self, wait_s: float) -> Iterator[None]:
        """Hold the lock."""
        make_private(self.local)
        self._durable.refuse_after_failure()
        try:
            with FileLock(self.local / "lock").hold(wait_s):
                self._appender.seal()
                yield
        except OSError as error:
            raise in_words(error, self.beads) from error

    def adopt(self, stamped: Callable[..., Any], mint: Any) -> None:
        """Record the starting state."""
        if not self._is_adopted or self._events or not len(self.state.beads):
            return
        from gastown_tui.core.events import Entry, LedgerCreated

        lines = self._issue_lines()
        entries = [Entry(LedgerCreated(prefix=self.state.registers.prefix)), Entry(LedgerAdopted(lines=len(lines)))]
        entries += [Entry(BeadImported(bead_id=bead_id, line=line)) for bead_id, line in lines]
        self.append([event for _, event in stamped(entries, "")])
        self.read()

    def append(self, events: list[Event]) -> None:
        """Append under the lock."""
        if events:
            inode, before, after = self._appender.append(b"".join(encode_event(event) for event in events))
            self._durable.forget_beyond(inode, before)
            self._written = (inode, after)

    def settle(self) -> None:
        """Make durable, refresh projections."""
        if self._written:
            self._durable.reach(self._appender.path, inode=self._written[0], offset=self._written[1])
            self._written = None
            with FileLock(self.local / "projector").hold(10):
                self.read()
                self._project()

    def _issue_lines(self) -> list[tuple[Any, str]]:
        path = self.beads / "issues.jsonl"
        if not path.exists():
            return []
        lines = []
        for line in path.read_text().splitlines():
            try:
                lines.append((decode_bead(line).id, line))
            except BadInput:
                continue
        return lines

    def _overlay(self) -> None:
        from gastown_tui.core.model.bead import prefix_of

        self._is_adopted = True
        counts: dict[str, int] = {}
        for _, line in self._issue_lines():
            bead = decode_bead(line)
            self.state.beads[bead.id] = bead
            counts[prefix_of(bead.id)] = counts.get(prefix_of(bead.id), 0) + 1
        self.state.registers.prefix = max(counts, key=counts.__getitem__, default="bd")

    def _project(self) -> None:
        beads = sorted(self.state.beads.all(), key=lambda bead: bead.id)
        write_whole(self.beads / "issues.jsonl", b"".join(encode_bead(bead) + b"\n" for bead in beads))
        mail = self.state.mail
        if mail:
            write_whole(
                self.beads / "messages.jsonl", b"".join(msgspec.json.encode(mail[k]) + b"\n" for k in sorted(mail))
            )
        hooks = {hook_file_name(agent): hook for agent, hook in self.state.registers.hooks.items()}
        for path in self.beads.glob(".hook-*"):
            if path.name not in hooks:
                path.unlink()
        for name, hook in hooks.items():
            write_whole(self.beads / name, f"{hook.ref_type}:{hook.bead_id}\n".encode())
