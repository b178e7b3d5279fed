"""What an agent waits for when it calls the headless front: whole processes, as ratios to a bare interpreter.

Each round runs every command once, in turn, so that a slow moment of the machine hits all of them; the median of the
rounds counts, and beside the time waited stands the processor time, which a busy machine disturbs less. `--short` only
checks that everything still runs and answers rightly. Otherwise the exit code is 1 when a budget is not kept.

    python bench/headless.py [--short] [--rounds N] [--out FILE.md|FILE.json]
"""

from __future__ import annotations

import argparse
import compileall
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measured import BARE, IMPORTS, ROOT, Case, answers, bare, conditions, has_id, keep, launchers, lines_of, measure

from gastown_tui.core.events import Entry, HookSet
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId
from gastown_tui.core.wiring import open_hands


def ledger(place: Path, count: int, bd: Path) -> Path:
    """A directory whose ledger holds so many beads and has its projections."""
    (place / ".beads").mkdir(parents=True, exist_ok=True)
    (place / ".beads" / "issues.jsonl").write_text("".join(f"{line}\n" for line in lines_of(count)))
    subprocess.run([bd, "update", "gt-1", "--append-notes", "begun"], cwd=place, check=True, stdout=subprocess.DEVNULL)
    return place


def town_at_work(place: Path, count: int, gt: Path, bd: Path) -> Path:
    """A town with so many beads, one of them on the mayor's hook; nobody is woken for it."""
    subprocess.run([gt, "install", place], check=True, stdout=subprocess.DEVNULL)
    ledger(place, count, bd)
    hung = HookSet(agent=Address("mayor"), ref_id=BeadId("gt-2a"), assignment_id=AssignmentId("asg-measured"))
    open_hands(place, env={}, cwd=place).ledger.record(lambda _: [Entry(hung)], actor="overseer")
    return place


def cases(place: Path, sizes: tuple[int, ...]) -> list[Case]:
    """Every command measured."""
    gt, bd = launchers(place / "bin")
    homes = {size: ledger(place / f"beads-{size}", size, bd) for size in sizes}
    middle = homes[10_000] if 10_000 in homes else homes[sizes[0]]
    town = town_at_work(place / "town", 10_000 if 10_000 in homes else sizes[0], gt, bd)
    found = [
        *bare(place),
        Case("gt --version", [str(gt), "--version"], place, BARE, 1.5, lambda out: out.startswith("gastown-tui ")),
        Case("gt hook", [str(gt), "hook", "--actor", "mayor"], town, IMPORTS, 1.5, lambda out: "HOOKED: gt-2a" in out),
        Case("bd show", [str(bd), "show", "gt-2a", "--json"], middle, IMPORTS, 1.5, has_id("gt-2a")),
    ]
    for size, budget in ((1_000, 2.0), (10_000, 2.0), (100_000, 6.0)):
        if size in homes:
            argv = [str(bd), "ready", "--json"]
            found.append(Case(f"bd ready {size:,}", argv, homes[size], IMPORTS, budget, answers(10)))
    found.append(Case("bd list", [str(bd), "list", "--json"], middle, IMPORTS, 2.5, answers(50)))
    argv = [str(bd), "create", "Measured", "-d", "by the bench", "--silent"]
    found.append(Case("bd create", argv, middle, "bd show", 2.0, lambda out: out.startswith("gt-")))
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--short", action="store_true", help="one round on small ledgers; nothing is judged but answers"
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, help="also write the figures here, as a page (.md) or as JSON")
    options = parser.parse_args()
    rounds = 1 if options.short else options.rounds
    about = conditions()
    sizes = (1_000,) if options.short else (1_000, 10_000, 100_000)
    compileall.compile_dir(str(ROOT / "gastown_tui"), quiet=1)
    with tempfile.TemporaryDirectory(prefix="gastown-bench-") as folder:
        found = cases(Path(folder), sizes)
        rows = measure(found, rounds)
    about["load at the end"] = f"{os.getloadavg()[0]:.1f}"
    keep(options.out, "Headless start", "headless.py", rows, about, rounds)
    return 0 if options.short or all(row["within"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
