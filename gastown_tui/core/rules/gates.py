"""Gates: beads that wait for a moment, for another bead, for something to be true, or for a person."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.times import epoch_ns, stamp
from gastown_tui.core.rules.advancing import gate_is_open

KINDS = ("gh", "gh:run", "gh:pr", "timer", "bead", "human", "mail", "condition", "all")


class Verdict(msgspec.Struct, frozen=True):
    """What became of a gate.

    Attributes:
        outcome: `resolved`, `pending` or `elsewhere`: nobody here can tell.
        why: In words.
    """

    outcome: str
    why: str


def judge(town: Town, gate: Bead, now: datetime) -> Verdict:
    """Whether a gate is done waiting, as far as the ledger and the clock can tell."""
    kind = gate.await_type or "human"
    if kind == "timer":
        return _timer(gate, now)
    if kind == "bead":
        return _bead(town, gate)
    if kind == "condition":
        return _condition(town, gate)
    if kind.startswith("gh"):
        return Verdict("elsewhere", f"{kind} {gate.await_id or ''} is decided on GitHub".replace("  ", " "))
    return Verdict("pending", f"waits for a person: bd gate resolve {gate.id}")


def _timer(gate: Bead, now: datetime) -> Verdict:
    start = epoch_ns(gate.created_at)
    if start is None or gate.timeout is None:
        return Verdict("pending", "the timer has no length")
    left = start + gate.timeout - (epoch_ns(stamp(now)) or 0)
    return Verdict("resolved", "the timer ran out") if left <= 0 else Verdict("pending", f"{left // 10**9}s left")


def _bead(town: Town, gate: Bead) -> Verdict:
    name = (gate.await_id or "").rpartition(":")[2]
    target = town.find(name)
    if target is None:
        return Verdict("pending", f"there is no bead {name or '(none named)'}")
    if target.is_closed:
        return Verdict("resolved", f"{name} is closed")
    return Verdict("pending", f"{name} is {target.state}")


def _condition(town: Town, gate: Bead) -> Verdict:
    try:
        is_open = gate_is_open(town, gate)
    except BadInput as error:
        return Verdict("pending", error.message)
    return Verdict("resolved" if is_open else "pending", f"{gate.await_id} is {'' if is_open else 'not '}so")


def parse_timeout(text: str) -> int:
    """A length of time such as 30s, 15m, 2h or 1d, in nanoseconds.

    Raises:
        BadInput: it is none.
    """
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    number, unit = text[:-1], text[-1:]
    if not number.isdigit() or unit not in units or len(number) > 8:
        raise BadInput(f'invalid --timeout "{text[:40]}"', hint="such as 30s, 15m, 2h or 1d")
    return int(number) * units[unit] * 1_000_000_000
