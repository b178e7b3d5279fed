"""The files that follow from the log: `issues.jsonl`, `messages.jsonl`, `feed.jsonl`, `.hook-*`, and the snapshot.

Each is a function of the events alone. Refreshing writes only what changed; rebuilding writes all; both end in the same
bytes. Order of writing: feed and hooks, then messages, issues and snapshot, the last announced by `local/snapshot.next`
before the first of them takes its place. So whoever reads finds a snapshot that fits the files, or knows why not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.fold import LedgerState
from gastown_tui.core.model.address import hook_file_name
from gastown_tui.core.world.disk import Staged, stage, stage_by, write_edited, write_whole
from gastown_tui.core.world.event_log import Position
from gastown_tui.core.world.feed import Feed
from gastown_tui.core.world.files import ProjectedFiles, status_of
from gastown_tui.core.world.issue_lines import Origins, assembled, changed_lines, edits_for, whole_file
from gastown_tui.core.world.lines import Lines, find_lead
from gastown_tui.core.world.mail_box import changed_mail, whole_mail
from gastown_tui.core.world.on_disk import OnDisk
from gastown_tui.core.world.snapshot import VERSION, Header, Stamp, stage_snapshot
from gastown_tui.core.world.sums import Sums, sums_after, sums_of

Replay = Callable[[], Iterator[tuple[e.Event, bytes]]]
_HOOKS = (e.HookSet, e.HookCleared)
_ORDERING = (e.LineKept, e.LedgerAdopted)
"""Facts that move lines of the issues file which no bead of theirs touches."""


class Projections:
    """Writes the projected files of one ledger. Needs the projector lock."""

    def __init__(self, files: ProjectedFiles) -> None:
        self._files = files
        self._feed = Feed(files.feed)
        self._origins = Origins(files.beads / "local" / "origins.jsonl")

    def refresh(self, state: LedgerState, position: Position, found: list[tuple[e.Event, bytes]]) -> None:
        """Bring the files up to a state folded further than they are.

        Args:
            state: The folded state. Its touched sets name at least what changed since the files were written.
            position: How far it is folded.
            found: The events between the files and the state.

        Raises:
            LookupError: there is no fitting snapshot to start from, or the lines have another order now; `rebuild`
                does without.
        """
        base = self._files.snapshot()
        if base is None or base.header.issues is None or self._feed.size() < base.header.feed_size:
            raise LookupError
        if any(isinstance(event.fact, _ORDERING) for event, _ in found):
            raise LookupError
        header = base.header
        feed_size = self._feed.append(found, header.feed_size)
        if any(isinstance(event.fact, _HOOKS) for event, _ in found):
            self._write_hooks(state)
        with ExitStack() as staged:
            messages, mail = self._staged_mail(state, header, staged)
            issues, beads = header.issues, None
            assert issues is not None
            if state.touched_beads:
                issues, beads = self._staged_beads(state, issues, staged)
            if beads is None and (status := status_of(self._files.issues)) is not None:
                issues = replace(issues, inode=status.st_ino, mtime_ns=status.st_mtime_ns)
            head = Header(version=VERSION, position=position, issues=issues, messages=messages, feed_size=feed_size)
            self._put(head, state, [mail, beads], staged)

    def rebuild(self, state: LedgerState, position: Position, replay: Replay) -> None:
        """Write all files anew from a state that was folded from the beginning; `replay` brings what the feed shows."""
        feed_size = self._feed.replace(replay())
        self._write_hooks(state)
        data, odd = whole_file(state)
        self._origins.replace(odd)
        self._sweep()
        with ExitStack() as staged:
            issues, beads = self._staged(self._files.issues, data, find_lead(data), staged)
            messages, mail = self._staged_whole_mail(state, staged)
            head = Header(version=VERSION, position=position, issues=issues, messages=messages, feed_size=feed_size)
            self._put(head, state, [mail, beads], staged)

    def _put(self, head: Header, state: LedgerState, files: Iterable[Staged | None], staged: ExitStack) -> None:
        announced = stage_snapshot(self._files.announced, head, state.registers)
        staged.callback(announced.discard)
        announced.commit()
        for file in files:
            if file is not None:
                file.commit()
        self._files.announced.replace(self._files.state)

    def _staged_beads(self, state: LedgerState, known: Stamp, staged: ExitStack) -> tuple[Stamp, Staged | None]:
        path, registers = self._files.issues, state.registers
        old = OnDisk(path)
        lines = Lines(old, known.lead, is_sorted=bool(known.lead) and registers.is_in_id_order)
        fresh = changed_lines(lines, state, state.touched_beads, self._origins)
        if not fresh:
            return known, None
        edits = edits_for(lines, fresh, registers)
        if edits is None:
            data = assembled(lines, fresh, registers)
            return self._staged(path, data, find_lead(data), staged)
        file = stage_by(path, lambda to: write_edited(to, old, edits), mode=old.status.st_mode & 0o777)
        staged.callback(file.discard)
        count = known.count + sum(start == end for start, end, _ in edits)
        return _stamp(file, sums_after(known.sums, edits, old), known.lead, count), file

    def _staged(self, path: Path, data: bytes, lead: bytes, staged: ExitStack) -> tuple[Stamp, Staged]:
        status = status_of(path)
        file = stage(path, data, mode=0o600 if status is None else status.st_mode & 0o777)
        staged.callback(file.discard)
        return _stamp(file, sums_of(data), lead, data.count(b"\n")), file

    def _staged_mail(self, state: LedgerState, header: Header, staged: ExitStack) -> tuple[Stamp | None, Staged | None]:
        known, status = header.messages, status_of(self._files.messages)
        is_ours = known is None if status is None else known is not None and known.fits(status)
        if not is_ours:
            return self._staged_whole_mail(state, staged)
        if not state.touched_mail:
            return known, None
        old = self._files.messages.read_bytes() if status is not None else b""
        return self._staged(self._files.messages, changed_mail(old, state.mail, state.touched_mail), b"", staged)

    def _staged_whole_mail(self, state: LedgerState, staged: ExitStack) -> tuple[Stamp | None, Staged | None]:
        if not state.mail and status_of(self._files.messages) is None:
            return None, None
        return self._staged(self._files.messages, whole_mail(state.mail.values()), b"", staged)

    def _write_hooks(self, state: LedgerState) -> None:
        wanted = {
            hook_file_name(agent): f"{hook.ref_type}:{hook.bead_id}\n".encode()
            for agent, hook in state.registers.hooks.items()
        }
        for path in self._files.beads.glob(".hook-*"):
            if path.name not in wanted and not path.name.endswith(".tmp"):
                path.unlink(missing_ok=True)
        for name, text in wanted.items():
            path = self._files.beads / name
            if not path.is_file() or path.read_bytes() != text:
                write_whole(path, text)

    def _sweep(self) -> None:
        """Remove what killed processes left half-written."""
        for folder in (self._files.beads, self._files.beads / "local"):
            for path in folder.glob(".*.tmp"):
                pid = path.name.rsplit(".", 2)[-2].partition("-")[0]
                try:
                    os.kill(int(pid, 16), 0)
                except ProcessLookupError:
                    path.unlink(missing_ok=True)
                except (ValueError, OSError):
                    continue


def _stamp(file: Staged, sums: Sums, lead: bytes, count: int) -> Stamp:
    status = file.status
    return Stamp(
        inode=status.st_ino, size=status.st_size, mtime_ns=status.st_mtime_ns, sums=sums, lead=lead, count=count
    )
