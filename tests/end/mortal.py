"""Hands that die: the process is gone in the middle of the chosen act, before or after its effect."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from gastown_tui.core.ports import Hands

ACTS = frozenset({"record", "fetch", "trial", "land", "run", "open", "commit_all", "push", "rescue", "remove", "stop"})
"""What leaves a trace outside the process."""


class Killed(BaseException):
    """The process is gone. Nothing that catches errors may catch it."""


class Death:
    """When to die: before or after the n-th act, 0 being before the first."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.passed = 0
        self.where = ""

    def may_come(self, where: str) -> None:
        """Die here, if it is time."""
        if self.passed == self.at:
            self.where = where
            self.passed += 1
            raise Killed(where)
        self.passed += 1


class _Mortal:
    def __init__(self, inner: Any, death: Death) -> None:
        self._inner = inner
        self._death = death

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if name not in ACTS:
            return value

        def act(*args: Any, **more: Any) -> Any:
            self._death.may_come(f"before {name}")
            done = value(*args, **more)
            self._death.may_come(f"after {name}")
            return done

        return act


def mortal(hands: Hands, at: int) -> tuple[Hands, Death]:
    """Hands whose process dies at the chosen point of its acts."""
    death = Death(at)
    made: dict[str, Any] = {
        name: _Mortal(getattr(hands, name), death) for name in ("ledger", "worktrees", "commands", "sessions")
    }
    return replace(hands, **made), death
