"""A shelf over a projected file that decodes a bead when it is asked for, and all of them only when all are needed."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.fold import BeadShelf
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.bead_line import decode_bead, decode_beads
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.outline import Outline, decode_outlines, outline_of
from gastown_tui.core.world.lines import Lines

_MANY = 256
"""More hits than this, and decoding everything at once is the shorter way."""


class LazyShelf(BeadShelf):
    """Beads of a file. What was asked for or changed is kept decoded and goes before the file's line.

    Attributes:
        unreadable: Lines that looked like beads and were none.
    """

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines: Lines | None = lines
        self._added: set[BeadId] = set()
        self._absent = ""
        """The id last looked for in vain: who files a new bead asks for it first."""
        self.unreadable: set[bytes] = set()

    @property
    def inode(self) -> int:
        """The file that is kept open for beads not yet asked for; 0 when there is none."""
        source = self._lines.source if self._lines is not None else b""
        return 0 if isinstance(source, bytes) else source.status.st_ino

    def follow(self, lines: Lines) -> None:
        """Go on with a file that holds everything this shelf does."""
        if self._lines is not None:
            self._lines = lines
            self._added.clear()

    def __getitem__(self, bead_id: BeadId) -> Bead:
        bead = self._seek(bead_id)
        if bead is None:
            raise KeyError(bead_id)
        return bead

    def get(self, key: BeadId, /, default: object = None) -> object:  # type: ignore[override]
        """A bead, or the default."""
        bead = self._seek(key)
        return default if bead is None else bead

    def _seek(self, bead_id: BeadId) -> Bead | None:
        bead = self._beads.get(bead_id)
        if bead is None and self._lines is not None and (span := self._lines.find(bead_id)) is not None:
            bead = self._read(self._lines.text(span))
            if bead is not None:
                self._beads[bead_id] = bead
        return bead

    def _read(self, line: bytes) -> Bead | None:
        try:
            return decode_bead(line)
        except BadInput:
            self.unreadable.add(line)
            return None

    def __setitem__(self, bead_id: BeadId, bead: Bead) -> None:
        if self._lines is not None and (bead_id == self._absent or bead_id not in self):
            self._added.add(bead_id)
            self._absent = ""
        super().__setitem__(bead_id, bead)

    def __delitem__(self, bead_id: BeadId) -> None:
        self._load()
        super().__delitem__(bead_id)

    def __contains__(self, bead_id: object) -> bool:
        if bead_id in self._beads:
            return True
        if self._lines is None or not isinstance(bead_id, str):
            return False
        if self._lines.find(bead_id) is not None:
            return True
        self._absent = bead_id
        return False

    def __iter__(self) -> Iterator[BeadId]:
        if self._lines is None:
            return super().__iter__()
        return iter([*(BeadId(name) for name in self._lines.names()), *sorted(self._added)])

    def __len__(self) -> int:
        return super().__len__() if self._lines is None else len(self._lines) + len(self._added)

    def all(self) -> list[Bead]:
        """Every bead, tombstones too, in no particular order."""
        self._load()
        return super().all()

    def outlines(self) -> list[Outline]:
        """Every bead in outline, in no particular order; nothing is decoded whole."""
        if self._lines is None:
            return super().outlines()
        collecting = gc.isenabled()
        gc.disable()
        try:
            found = decode_outlines(self._lines.data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return super().outlines()
        finally:
            if collecting:
                gc.enable()
        if not self._beads:
            return found
        changed = self._beads
        return [*(each for each in found if each.id not in changed), *map(outline_of, changed.values())]

    def dependents(self, bead_id: BeadId) -> tuple[tuple[BeadId, str], ...]:
        """Beads with an edge to this one, and the edge's type, by id."""
        candidates = self._mentioning(bead_id)
        if candidates is None:
            return super().dependents(bead_id)
        edges = {
            bead.id: edge.type for bead in candidates.values() for edge in bead.needs if edge.depends_on_id == bead_id
        }
        return tuple(sorted(edges.items()))

    def of_kind(self, kind: str) -> list[Bead]:
        """Every bead of a type, tombstones apart, by id."""
        candidates = None if kind == "task" else self._mentioning(kind)
        if candidates is None:
            return super().of_kind(kind)
        beads = (candidates[bead_id] for bead_id in sorted(candidates))
        return [bead for bead in beads if bead.kind == kind and bead.status != "tombstone"]

    def _mentioning(self, word: str) -> dict[BeadId, Bead] | None:
        """Beads whose line holds the word as a whole JSON string, and all changed ones; None once all are decoded."""
        if self._lines is None:
            return None
        token = msgspec.json.encode(word)
        spans = list(islice(self._lines.holding(token), _MANY + 1))
        if len(spans) > _MANY or b"\\" in token:
            self._load()
            return None
        found = (self._read(self._lines.text(span)) for span in spans)
        return {bead.id: bead for bead in found if bead is not None} | self._beads

    def _load(self) -> None:
        if self._lines is None:
            return
        data, self._lines = self._lines.data, None
        collecting = gc.isenabled()
        gc.disable()
        try:
            beads = {bead.id: bead for bead in self._decoded(data)}
            beads.update(self._beads)
            self._beads = beads
        finally:
            if collecting:
                gc.enable()
        self._added.clear()

    def _decoded(self, data: bytes) -> Iterable[Bead]:
        try:
            return decode_beads(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return filter(None, map(self._read, filter(None, data.split(b"\n"))))
