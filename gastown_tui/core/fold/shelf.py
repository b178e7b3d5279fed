"""The shelf of beads of one ledger, with the two questions everybody asks answered from an index."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from operator import attrgetter
from typing import TypeVar, overload

from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.outline import Outline, outline_of

_T = TypeVar("_T")
_BY_ID = attrgetter("id")


class BeadShelf(MutableMapping[BeadId, Bead]):
    """Beads by id. Indexes are built when first asked for and kept up from then on.

    Attributes:
        origins: Lines as another program wrote them, by bead; their spelling is kept when the bead is written back.
    """

    def __init__(self) -> None:
        self.origins: dict[BeadId, str] = {}
        self._beads: dict[BeadId, Bead] = {}
        self._dependents: dict[BeadId, dict[BeadId, str]] | None = None
        self._kinds: dict[str, set[BeadId]] | None = None

    def __getitem__(self, bead_id: BeadId) -> Bead:
        return self._beads[bead_id]

    def __setitem__(self, bead_id: BeadId, bead: Bead) -> None:
        if self._dependents is None and self._kinds is None:
            self._beads[bead_id] = bead
            return
        self._unindex(self._beads.get(bead_id))
        self._beads[bead_id] = bead
        self._index(bead)

    def __delitem__(self, bead_id: BeadId) -> None:
        self._unindex(self._beads.pop(bead_id))

    def __iter__(self) -> Iterator[BeadId]:
        return iter(self._beads)

    def __len__(self) -> int:
        return len(self._beads)

    def __contains__(self, bead_id: object) -> bool:
        return bead_id in self._beads

    @overload
    def get(self, key: BeadId, /) -> Bead | None: ...
    @overload
    def get(self, key: BeadId, /, default: Bead | _T) -> Bead | _T: ...
    def get(self, key: BeadId, /, default: object = None) -> object:
        """A bead, or the default; the fold asks for one with every event, so it does not go the long way."""
        return self._beads.get(key, default)

    def all(self) -> list[Bead]:
        """Every bead, tombstones too, in no particular order."""
        return list(self._beads.values())

    def outlines(self) -> list[Outline]:
        """Every bead in outline, in no particular order; cheaper than all of them whole where they are on disk."""
        return [outline_of(bead) for bead in self.all()]

    def dependents(self, bead_id: BeadId) -> tuple[tuple[BeadId, str], ...]:
        """Beads with an edge to this one, and the edge's type, by id."""
        if self._dependents is None:
            self._dependents = {}
            for bead in self.all():
                self._index_edges(bead)
        return tuple(sorted(self._dependents.get(bead_id, {}).items()))

    def of_kind(self, kind: str) -> list[Bead]:
        """Every bead of a type, tombstones apart, by id."""
        if self._kinds is None:
            self._kinds = {}
            for bead in self.all():
                self._kinds.setdefault(bead.kind, set()).add(bead.id)
        beads = (self[bead_id] for bead_id in self._kinds.get(kind, ()))
        return sorted((bead for bead in beads if bead.status != "tombstone"), key=_BY_ID)

    def _index(self, bead: Bead) -> None:
        if self._dependents is not None:
            self._index_edges(bead)
        if self._kinds is not None:
            self._kinds.setdefault(bead.kind, set()).add(bead.id)

    def _index_edges(self, bead: Bead) -> None:
        assert self._dependents is not None
        for edge in bead.needs:
            self._dependents.setdefault(edge.depends_on_id, {})[bead.id] = edge.type

    def _unindex(self, bead: Bead | None) -> None:
        if bead is None:
            return
        if self._dependents is not None:
            for edge in bead.needs:
                self._dependents.get(edge.depends_on_id, {}).pop(bead.id, None)
        if self._kinds is not None:
            self._kinds.get(bead.kind, set()).discard(bead.id)
