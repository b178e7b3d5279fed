"""The one small tree of errors the town raises; every front door maps it to words and an exit code."""

from __future__ import annotations


class GastownError(Exception):
    """Something a person can be told in one line.

    Attributes:
        message: What happened, and to what.
        hint: What to do next; empty when there is nothing useful to say.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """The message alone; fronts decide where the hint goes."""
        return self.message


class BadInput(GastownError):
    """An argument, a name or a file from outside is not of the form it must have. Nothing was written."""


class NotFound(GastownError):
    """The named thing does not exist."""


class Refused(GastownError):
    """A rule of the town forbids the act."""


class Conflict(GastownError):
    """Somebody else holds what was asked for, or the world moved on."""


class LedgerDamaged(GastownError):
    """The ledger cannot be written or trusted until `doctor` has looked at it."""


class ToolFailed(GastownError):
    """A program outside (git, tmux, a runtime) failed or is missing.

    Attributes:
        argv: What was run.
        code: Its exit code; -1 when it could not be started.
        stderr: The end of what it complained about.
    """

    def __init__(
        self, message: str, *, hint: str = "", argv: tuple[str, ...] = (), code: int = -1, stderr: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.argv = argv
        self.code = code
        self.stderr = stderr


class TimedOut(ToolFailed):
    """A program or a wait took longer than it was given."""
