"""What a workflow costs: a formula of 500 steps cooked, poured, looked at and gone on with, as whole processes.

The formula is made of everything formulas are made of: a parent, a loop, expansions, an aspect and gates. Times stand
beside `python -c "import click, msgspec"`, which is what any command here costs before it does anything; the median of
the rounds counts. `--short` only checks that everything still runs and that the work done is right.

    python bench/formulas.py [--short] [--rounds N] [--steps N] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measured import system

from gastown_tui.core.rules.formula_cooking import cook
from gastown_tui.core.rules.formula_reading import read_formula
from gastown_tui.core.views.launchers import launcher_text

ROOT = Path(__file__).parents[1]
IMPORTS = 'python -c "import click, msgspec"'


def formulas(steps: int) -> dict[str, str]:
    """The texts of a formula that cooks to so many steps, and of those it draws in."""
    turns = (steps - 12) // 4
    big = f"""
formula = "big"
description = "A workflow of {steps} steps"
extends = ["frame"]
[vars.who]
default = "ada"
[[steps]]
id = "rounds"
needs = ["first"]
[steps.loop]
count = {turns}
var = "n"
[[steps.loop.body]]
id = "plan"
title = "Plan {{n}} for {{{{who}}}}"
description = "Think before round {{n}}."
[[steps.loop.body]]
id = "do"
needs = ["plan"]
expand = "pair"
[[steps.loop.body]]
id = "note"
needs = ["do"]
run = "echo {{n}} \\"{{{{who}}}}\\""
[compose]
aspects = ["watched"]
"""
    rest = steps - 4 * turns - 4
    frame = 'formula = "frame"\n[[steps]]\nid = "first"\n[[steps]]\nid = "last"\nneeds = ["rounds"]\n'
    frame += "".join(f'[[steps]]\nid = "side{number}"\nneeds = ["first"]\n' for number in range(rest))
    pair = 'formula = "pair"\ntype = "expansion"\n[[template]]\nid = "{target}.a"\n[[template]]\nid = "{target}.b"\n'
    pair += 'needs = ["{target}.a"]\n'
    watched = 'formula = "watched"\ntype = "aspect"\n[[advice]]\ntarget = "first"\n[advice.before]\nid = "look"\n'
    watched += '[[advice]]\ntarget = "last"\n[advice.after]\nid = "sum-up"\n'
    return {"big": big, "frame": frame, "pair": pair, "watched": watched}


class Stage:
    """A ledger with the formulas in it, and the `bd` that works on it."""

    def __init__(self, folder: Path, steps: int) -> None:
        self.home = folder / "project"
        self.steps = steps
        self.bd = folder / "bd"
        self.bd.write_text(launcher_text("bd", python=sys.executable, root=str(ROOT)))
        self.bd.chmod(0o755)
        self.home.mkdir()
        self.env = {key: value for key, value in os.environ.items() if not key.startswith(("BD_", "BEADS_", "GT_"))}
        self.env |= {"HOME": str(folder), "BD_ACTOR": "bench"}
        self.run("init", "--prefix", "gt")
        place = self.home / ".beads" / "formulas"
        place.mkdir()
        for name, text in formulas(steps).items():
            (place / f"{name}.formula.toml").write_text(text)

    def run(self, *words: str) -> str:
        """What `bd` answers."""
        done = subprocess.run(
            [self.bd, *words], cwd=self.home, env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"bd {' '.join(words)}: exit {done.returncode}\n{done.stderr[-500:]}")
        return done.stdout

    def round(self) -> dict[str, float]:
        """One round of a workflow, each command timed, each answer judged."""
        seconds: dict[str, float] = {}

        def timed(name: str, *words: str) -> str:
            start = time.perf_counter()
            out = self.run(*words)
            seconds[name] = time.perf_counter() - start
            return out

        (self.home / ".beads" / "protos" / "big.json").unlink(missing_ok=True)
        cooked = json.loads(timed("bd cook", "cook", "big", "--json"))
        poured = json.loads(timed("bd mol pour", "mol", "pour", "big", "--json"))
        root = poured["new_epic_id"]
        current = json.loads(timed("bd mol current", "mol", "current", root, "--json"))
        first = next(step["issue"]["id"] for step in current[0]["steps"] if step["status"] == "ready")
        closed = json.loads(timed("bd close --continue", "close", first, "--continue", "--json"))
        counts = (len(cooked["steps"]), poured["created"], current[0]["total"])
        if counts != (self.steps, self.steps + 1, self.steps) or not closed["continue"]["auto_advanced"]:
            raise SystemExit(f"the work done is not right: {counts}")
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import click, msgspec"], check=True)
        seconds[IMPORTS] = time.perf_counter() - start
        seconds["read and cook, in process"] = cooked_in_process(self.steps)
        return seconds


def cooked_in_process(steps: int) -> float:
    """Seconds to read and cook the texts, without files or a process."""
    start = time.perf_counter()
    found = {name: read_formula(text, f"{name}.formula.toml") for name, text in formulas(steps).items()}
    proto = cook("big", found)
    seconds = time.perf_counter() - start
    if len(proto.steps) != steps:
        raise SystemExit(f"cooked to {len(proto.steps)} steps instead of {steps}")
    return seconds


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="one small round; nothing is judged but answers")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--out", type=Path, help="also write the figures here, as JSON")
    options = parser.parse_args()
    steps = 50 if options.short else options.steps
    with tempfile.TemporaryDirectory(prefix="gastown-bench-") as folder:
        stage = Stage(Path(folder), steps)
        stage.round()
        rounds = [stage.round() for _ in range(1 if options.short else options.rounds)]
    base = statistics.median(each[IMPORTS] for each in rounds)
    rows: list[dict[str, Any]] = []
    for name in rounds[0]:
        raw = [each[name] for each in rounds]
        median = statistics.median(raw)
        row = {"case": name, "ms": round(median * 1000, 1), "ratio": round(median / base, 2)}
        rows.append(row | {"raw_ms": [round(each * 1000, 1) for each in raw]})
        print(f"{name:<36} {median * 1000:>8.1f} ms  {median / base:>6.2f}x of {IMPORTS}")
    if options.out:
        record = {
            "python": platform.python_version(),
            "machine": system(),
            "cpus": os.cpu_count(),
            "steps": steps,
            "rows": rows,
        }
        options.out.write_text(json.dumps(record, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
