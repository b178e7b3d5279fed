"""Gates: beads that wait for a moment, for another bead, for something to be true, or for a person."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime
from typing import Any

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
        outcome: `resolved`, `pending`, `failed` (it will never open by itself) or `elsewhere`: only GitHub can tell.
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
        return _on_github(gate, kind)
    return Verdict("pending", f"waits for a person: bd gate resolve {gate.id}")


def _on_github(gate: Bead, kind: str) -> Verdict:
    number = (gate.await_id or "").lstrip("#")
    if number.isdecimal():
        return Verdict("elsewhere", f"{kind} {number} is decided on GitHub")
    what = f"no run of {gate.await_id} is known yet" if gate.await_id else "no run is known yet"
    return Verdict("pending", f"{what}: bd gate discover" if kind == "gh:run" else "it names no pull request")


def judge_run(answer: str) -> Verdict:
    """What `gh run view --json status,conclusion,name` says about a run.

    Raises:
        BadInput: it says something else.
    """
    told = _told(answer)
    name, status, ending = (str(told.get(key) or "") for key in ("name", "status", "conclusion"))
    if status != "completed":
        return Verdict("pending", f"workflow '{name}' is {status or 'unknown'}")
    if ending == "success":
        return Verdict("resolved", f"workflow '{name}' succeeded")
    return Verdict("failed", f"workflow '{name}' ended in {ending or 'nothing'}")


def judge_pull_request(answer: str) -> Verdict:
    """What `gh pr view --json state,title` says about a pull request.

    Raises:
        BadInput: it says something else.
    """
    told = _told(answer)
    state, title = str(told.get("state") or ""), str(told.get("title") or "")
    if state == "MERGED":
        return Verdict("resolved", f"PR '{title}' was merged")
    if state == "CLOSED":
        return Verdict("failed", f"PR '{title}' was closed without merging")
    return Verdict("pending", f"PR '{title}' is {state.lower() or 'unknown'}")


def _told(answer: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(answer, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(f"gh answered something else than asked for: {error}") from error


class Workflow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One run of a workflow, as `gh run list` tells it."""

    database_id: int
    workflow_name: str = ""
    name: str = ""
    head_branch: str = ""
    created_at: str = ""
    status: str = ""


def read_runs(answer: str) -> list[Workflow]:
    """What `gh run list --json …` says, newest first.

    Raises:
        BadInput: it says something else.
    """
    try:
        runs = msgspec.json.decode(answer, type=list[Workflow])
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(f"gh answered something else than asked for: {error}") from error
    return sorted(runs, key=lambda run: -(epoch_ns(run.created_at) or 0))


def run_for(gate: Bead, runs: Iterable[Workflow], taken: Container[str], *, not_before: int) -> Workflow | None:
    """The newest run a gate may wait for: of the workflow it names, young enough, and no other gate's."""
    wanted = (gate.await_id or "").strip().lower()
    for run in runs:
        names = {run.workflow_name.lower(), run.name.lower()}
        if wanted and wanted.removesuffix(".yml").removesuffix(".yaml") not in names:
            continue
        if str(run.database_id) not in taken and (epoch_ns(run.created_at) or 0) >= not_before:
            return run
    return None


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
    if not number.isdecimal() or unit not in units or len(number) > 8:
        raise BadInput(f'invalid duration "{text[:40]}"', hint="such as 30s, 15m, 2h or 1d")
    return int(number) * units[unit] * 1_000_000_000
