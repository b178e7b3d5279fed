"""Exit codes: what a script can tell from them, from the class of the error alone."""

from __future__ import annotations

from gastown_tui.core.errors import BadInput, Conflict, GastownError, NotFound, Refused

OK = 0
FAILED = 1
BAD_INPUT = 2
NOT_FOUND = 3
REFUSED = 4
CONFLICT = 5
INTERRUPTED = 130

CODES: tuple[tuple[type[GastownError], int], ...] = (
    (BadInput, BAD_INPUT),
    (NotFound, NOT_FOUND),
    (Refused, REFUSED),
    (Conflict, CONFLICT),
    (GastownError, FAILED),
)
"""The first class an error belongs to gives its code."""


def code_of(error: GastownError) -> int:
    """The exit code of an error."""
    return next(code for kind, code in CODES if isinstance(error, kind))
