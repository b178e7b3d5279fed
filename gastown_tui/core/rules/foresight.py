"""A town as it will be once a bead is filed, for rules that go on with that bead in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator

from gastown_tui.core.events import BeadCreated
from gastown_tui.core.fold import BeadShelf, LedgerState, Town
from gastown_tui.core.model.bead import Bead, Dependency
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.outline import Outline, outline_of


def foreseen(town: Town, fact: BeadCreated, ledger: str) -> Town:
    """The town with one bead more. Only to be read; the town given stays as it is."""
    bead = Bead(
        id=fact.bead_id,
        title=fact.title,
        description=fact.description,
        status=fact.status,
        priority=fact.priority,
        issue_type=fact.issue_type,
        assignee=fact.assignee,
        created_at="",
        updated_at="",
        dependencies=tuple(
            Dependency(issue_id=fact.bead_id, depends_on_id=edge.depends_on_id, type=edge.dependency_type)
            for edge in fact.dependencies
        )
        or None,
    )
    state = town.ledgers[ledger]
    fuller = LedgerState(_Fuller(state.beads, bead), state.mail, state.registers)
    return Town({**town.ledgers, ledger: fuller}, town.settings, is_town=town.is_town)


class _Fuller(BeadShelf):
    """A shelf and one bead that does not stand on it yet."""

    def __init__(self, inner: BeadShelf, bead: Bead) -> None:
        super().__init__()
        self._inner = inner
        self._bead = bead

    def __getitem__(self, bead_id: BeadId) -> Bead:
        return self._bead if bead_id == self._bead.id else self._inner[bead_id]

    def get(self, key: BeadId, /, default: object = None) -> object:  # type: ignore[override]
        """A bead, or the default."""
        return self._bead if key == self._bead.id else self._inner.get(key, default)

    def __iter__(self) -> Iterator[BeadId]:
        yield from self._inner
        yield self._bead.id

    def __len__(self) -> int:
        return len(self._inner) + 1

    def __contains__(self, bead_id: object) -> bool:
        return bead_id == self._bead.id or bead_id in self._inner

    def all(self) -> list[Bead]:
        """Every bead, tombstones too, in no particular order."""
        return [*self._inner.all(), self._bead]

    def outlines(self) -> list[Outline]:
        """Every bead in outline."""
        return [*self._inner.outlines(), outline_of(self._bead)]

    def dependents(self, bead_id: BeadId) -> tuple[tuple[BeadId, str], ...]:
        """Beads with an edge to this one, and the edge's type, by id."""
        mine = [(self._bead.id, edge.type) for edge in self._bead.needs if edge.depends_on_id == bead_id]
        return tuple(sorted([*self._inner.dependents(bead_id), *mine]))

    def of_kind(self, kind: str) -> list[Bead]:
        """Every bead of a type, tombstones apart, by id."""
        found = [*self._inner.of_kind(kind), *([self._bead] if self._bead.kind == kind else [])]
        return sorted(found, key=lambda bead: bead.id)
