"""Hands that die: the process is gone in the middle of the chosen act, before or after its effect.

Run as a program it is a worker that really is killed: `python -m tests.end.mortal '{"home": …, "env": {…}, "at": N}'`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Set
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from gastown_tui.core.ports import Hands

ACTS = frozenset({"record", "fetch", "trial", "land", "run", "open", "commit_all", "push", "rescue", "remove", "stop"})
"""What leaves a trace outside the process."""


class Killed(BaseException):
    """The process is gone. Nothing that catches errors may catch it."""


class Death:
    """When to die: before or after the n-th act, 0 being before the first."""

    def __init__(self, at: int, *, is_real: bool = False) -> None:
        self.at = at
        self.passed = 0
        self.where = ""
        self._is_real = is_real

    def may_come(self, where: str) -> None:
        """Die here, if it is time."""
        if self.passed == self.at:
            self.where = where
            self.passed += 1
            if self._is_real:
                os.write(2, where.encode())
                os.kill(os.getpid(), signal.SIGKILL)
            raise Killed(where)
        self.passed += 1


class _Mortal:
    def __init__(self, inner: Any, death: Death, acts: Set[str]) -> None:
        self._inner = inner
        self._death = death
        self._acts = acts

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if name not in self._acts:
            return value

        def act(*args: Any, **more: Any) -> Any:
            self._death.may_come(f"before {name}")
            done = value(*args, **more)
            self._death.may_come(f"after {name}")
            return done

        return act


def mortal(hands: Hands, at: int, *, acts: Set[str] = ACTS, is_real: bool = False) -> tuple[Hands, Death]:
    """Hands whose process dies at the chosen point of its acts.

    Args:
        hands: The hands.
        at: Which point.
        acts: Which acts have points before and after them.
        is_real: The process really is killed; else `Killed` is raised.
    """
    death = Death(at, is_real=is_real)
    made: dict[str, Any] = {
        name: _Mortal(getattr(hands, name), death, acts) for name in ("ledger", "worktrees", "commands", "sessions")
    }
    return replace(hands, **made), death


def _live_and_die(home: str, env: dict[str, str], at: int) -> None:
    from gastown_tui.core.model.ids import Address
    from gastown_tui.core.verbs.worker import Worker
    from tests.end.hasty import Hasty
    from tests.places import hands_at
    from tests.verbs.scripted_terminal import ScriptedTerminal

    hands, _ = mortal(replace(hands_at(Path(home), **env), clock=Hasty()), at, acts={"record"}, is_real=True)
    Worker(hands, Address(env["GT_ROLE"]), ScriptedTerminal()).live()


if __name__ == "__main__":
    _live_and_die(**json.loads(sys.argv[1]))
