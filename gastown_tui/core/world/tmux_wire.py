"""The lines of tmux's control mode, taken apart. Pure.

A reply stands between `%begin time number flags` and `%end` or `%error` with the same time and number, for its rows
may look like anything. Bit 0 of the flags marks replies to what we asked. Notices stand outside of replies only.
"""

from __future__ import annotations

import msgspec


class Reply(msgspec.Struct, frozen=True):
    """The answer to one command."""

    rows: tuple[str, ...]
    ok: bool
    own: bool
    """It answers something we asked; the first one, to attaching, does not."""


class Notice(msgspec.Struct, frozen=True):
    """Something tmux says unasked, such as `sessions-changed`."""

    word: str
    rest: str


class Printed(msgspec.Struct, frozen=True):
    """Panes of the attached session that printed; what they printed is not kept."""

    pane_ids: tuple[str, ...]


class ControlStream:
    """Bytes in any pieces in, replies and notices out."""

    def __init__(self) -> None:
        self._rest = b""
        self._heading: list[bytes] = []
        self._rows: list[bytes] = []

    def feed(self, data: bytes) -> list[Reply | Notice | Printed]:
        """Take in some bytes; return what they complete, in order, panes that printed first and once each."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        printed: dict[bytes, None] = {}
        said: list[Reply | Notice | Printed] = []
        for line in lines:
            if self._heading:
                if reply := self._continued(line):
                    said.append(reply)
            elif line.startswith((b"%output ", b"%extended-output ")):
                printed[line.split(b" ", 2)[1]] = None
            elif line.startswith(b"%begin "):
                self._heading = line.split()[1:]
            elif line.startswith(b"%"):
                word, _, rest = line[1:].decode("utf-8", "replace").partition(" ")
                said.append(Notice(word, rest))
        return [Printed(tuple(pane.decode() for pane in printed)), *said] if printed else said

    def _continued(self, line: bytes) -> Reply | None:
        if not line.startswith((b"%end ", b"%error ")) or line.split()[1:3] != self._heading[:2]:
            self._rows.append(line)
            return None
        flags = self._heading[2] if len(self._heading) > 2 else b"1"
        reply = Reply(
            rows=tuple(row.decode("utf-8", "replace") for row in self._rows),
            ok=line.startswith(b"%end"),
            own=flags.isdigit() and bool(int(flags) & 1),
        )
        self._heading, self._rows = [], []
        return reply
