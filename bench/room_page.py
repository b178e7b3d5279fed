"""One page of what `bench/room.py --out` measured, at several sizes of town.

python bench/room_page.py FILE... > bench/results/room.md
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from room import BUDGETS

HEAD = """# The room

Written by `bench/room_page.py` from runs of `bench/room.py`: a real tmux, a real ledger, sessions of shells for agents.
Times are milliseconds: median, 95th percentile, worst. Where a bare Textual app was measured in the same rounds, it
stands beside them; the ratio tells more than either when the machine had other things to do. `processor` is the least
processor time either used until its first frame, which other programs change little.
"""


def rows(run: dict[str, Any]) -> list[str]:
    """The lines of one run."""
    size = f"{run['agents']} / {run['beads']:,}"
    load = " to ".join(str(each) for each in run.get("load", ()))
    return [
        f"| {size} | {name} | {_spelled(values)} | {_bare(values)} | {BUDGETS[name]} | {load} |"
        for name, values in run["figures"].items()
    ]


def _spelled(values: dict[str, Any]) -> str:
    ours = values.get("room")
    if ours is None:
        return ", ".join(f"{name} {value}" for name, value in values.items())
    return f"{ours['median_ms']} / {ours['p95_ms']} / {ours['max_ms']}"


def _bare(values: dict[str, Any]) -> str:
    theirs = values.get("bare")
    if not theirs:
        return ""
    told = f"{theirs['median_ms']} / {theirs['p95_ms']}; ratio {values['ratio']}"
    if work := values.get("work_ms"):
        told += f"; processor {work[0]} to {work[1]}, ratio {values['work_ratio']}"
    return told


def page(runs: list[dict[str, Any]]) -> str:
    """All runs in one table."""
    machines = dict.fromkeys(run["machine"] for run in runs)
    lines = [HEAD, "Machine: " + "; ".join(machines) + ".", ""]
    lines += ["| agents / beads | what | room | bare | budget | load |", "|---|---|---|---|---|---|"]
    for run in runs:
        lines += rows(run)
    return "\n".join(lines)


if __name__ == "__main__":
    print(page([json.loads(Path(each).read_text(encoding="utf-8")) for each in sys.argv[1:]]))
