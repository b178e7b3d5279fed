"""A ledger's own beginnings, and what of an adopted file is no bead."""

from __future__ import annotations

from gastown_tui.core.events.envelope import Fact


class LedgerCreated(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A ledger was set up."""

    wire = "ledger.created"
    prefix: str


class LedgerAdopted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A directory that held only an `issues.jsonl` became the starting state of this log."""

    wire = "ledger.adopted"
    lines: int
    sorted_by_id: bool = True
    """False: the file's own line order is kept (`BeadImported.position`)."""
    sha256: str = ""


class LineKept(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A line of an adopted file that is valid but no bead (header, memory): written back where it stood."""

    wire = "ledger.line_kept"
    line: str
    position: int


class LinesQuarantined(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Lines that could not be read were put aside."""

    wire = "ledger.lines_quarantined"
    file: str
    count: int
    first_line: int = 0
