"""What is said about a new bead that could be better."""

from __future__ import annotations

from collections.abc import Mapping

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import epoch_ns, stamp
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import beads as rules
from gastown_tui.core.rules.bead_sections import missing_sections

_NO_DESCRIPTION = (
    "⚠ Creating issue without description.",
    "  Issues without descriptions lack context for future work.",
    '  Consider adding --description="Why this issue exists and what needs to be done"',
)
_TEST_TITLE = (
    "⚠ Creating issue with 'Test' prefix in production database.",
    "  For testing, use a ledger of its own: bd init in a scratch directory",
)


def complaints_of(wanted: rules.NewBead, settings: Mapping[str, str], *, validate: bool) -> tuple[str, ...]:
    """What its text lacks, as lines for standard error.

    Raises:
        BadInput: what it lacks is asked for, by the command line or by the configuration.
    """
    if not wanted.description and settings.get("create.require-description") == "true":
        raise BadInput("description is required (set create.require-description: false in config.yaml to disable)")
    missing = missing_sections(wanted.kind, wanted.description, wanted.fields.get("acceptance_criteria") and
                               f"Acceptance Criteria\n{wanted.fields['acceptance_criteria']}")  # fmt: skip
    rule = settings.get("validation.on-create", "none")
    told = [f"  - {heading} ({hint})" for heading, hint in missing]
    if missing and (validate or rule == "error"):
        listed = "; ".join(f"{heading} ({hint})" for heading, hint in missing)
        raise BadInput(f"missing required sections for {wanted.kind}: {listed}")
    found: tuple[str, ...] = ()
    if missing and rule == "warn":
        found += (f"Warning: missing recommended sections for {wanted.kind}:", *told)
    if wanted.title.lower().startswith("test"):
        found += _TEST_TITLE
    elif not wanted.description and "test" not in wanted.title.lower():
        found += _NO_DESCRIPTION
    return found


def past(hands: Hands, wanted: rules.NewBead, said: str) -> tuple[str, ...]:
    """That a deferral has run out already."""
    until = epoch_ns(wanted.fields.get("defer_until") or None)
    if until is None or until > (epoch_ns(stamp(hands.clock.now())) or 0):
        return ()
    shown = str(wanted.fields["defer_until"])[:16].replace("T", " ")
    return (
        f'! Defer date "{shown}" is in the past. Issue will appear in bd ready immediately.',
        f"  Did you mean a future date? You said {one_line(said, 40)}.",
    )
