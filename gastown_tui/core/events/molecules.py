"""Molecules and their steps."""

from __future__ import annotations

from gastown_tui.core.events.envelope import Fact
from gastown_tui.core.model.ids import BeadId


class MolCreated(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A molecule was poured: its root and every step are beads."""

    wire = "mol.created"
    mol_id: BeadId
    formula: str
    bead_id: str = ""


class MolStepStarted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A step was taken up."""

    wire = "mol.step_started"
    mol_id: BeadId
    step_id: BeadId


class MolStepCompleted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A step is done, and stays done."""

    wire = "mol.step_completed"
    mol_id: BeadId
    step_id: BeadId
    status: str = "closed"


class MolCompleted(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """Every step is done, or the molecule was condensed."""

    wire = "mol.completed"
    mol_id: BeadId
    summary: str = ""


class MolAbandoned(Fact, frozen=True, omit_defaults=True, kw_only=True):
    """A molecule was burned or given up."""

    wire = "mol.abandoned"
    mol_id: BeadId
    reason: str = ""
