"""What beads commands cost as a ledger grows, and what adopting somebody else's file costs.

Whole processes with a warm cache, on ledgers adopted from an export; each round runs every command once, in turn. Reads
and writes are measured on exports sorted by id, as programs write them, and on one in the order of its making.

    python bench/ledger.py [--short] [--rounds N] [--out FILE.md|FILE.json]
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from measured import IMPORTS, ROOT, Case, answers, bare, conditions, has_id, keep, launchers, lines_of, measure

ADOPTED = 10_000


def export(file: Path, count: int, *, is_sorted: bool = True) -> None:
    """A file with so many beads."""
    found = list(lines_of(count))
    if not is_sorted:
        random.Random(11).shuffle(found)
    file.parent.mkdir(parents=True)
    file.write_text("".join(f"{line}\n" for line in found))


def in_use(place: Path, count: int, bd: Path, *, is_sorted: bool = True) -> Path:
    """A ledger that was adopted and written to once."""
    export(place / ".beads" / "issues.jsonl", count, is_sorted=is_sorted)
    subprocess.run([bd, "update", "gt-1", "--append-notes", "begun"], cwd=place, check=True, stdout=subprocess.DEVNULL)
    return place


def open_beads(home: Path) -> Iterator[str]:
    """Beads nobody has begun, by id; without those the other commands name."""
    for line in (home / ".beads" / "issues.jsonl").read_text().splitlines():
        bead = json.loads(line)
        if bead["status"] == "open" and bead["id"] not in ("gt-1", "gt-2a"):
            yield bead["id"]


def on(home: Path, name: str, bd: str) -> list[Case]:
    """Every command on one ledger; those that write change a bead not changed before."""
    waiting = open_beads(home)
    close: Callable[[], list[str]] = lambda: [bd, "close", next(waiting), "--force", "--json"]  # noqa: E731
    return [
        Case(f"bd ready, {name}", [bd, "ready", "--json"], home, IMPORTS, 0, answers(10)),
        Case(f"bd list, {name}", [bd, "list", "--json"], home, IMPORTS, 0, answers(50)),
        Case(f"bd show, {name}", [bd, "show", "gt-2a", "--json"], home, IMPORTS, 0, has_id("gt-2a")),
        Case(f"bd create, {name}", [bd, "create", "Measured", "-d", "x", "--json"], home, IMPORTS, 0, _is_created),
        Case(f"bd close, {name}", close, home, IMPORTS, 0, lambda out: '"closed"' in out),
    ]


def _is_created(out: str) -> bool:
    return '"Measured"' in out


def adoption(place: Path, bd: str, count: int) -> list[Case]:
    """The first command anybody runs on a foreign file."""
    source = place / "foreign" / "issues.jsonl"
    export(source, count)
    home = place / "fresh"

    def again() -> None:
        shutil.rmtree(home, ignore_errors=True)
        (home / ".beads").mkdir(parents=True)
        shutil.copy(source, home / ".beads")

    again()
    name = f"{count:,} foreign beads"
    return [
        Case(f"first bd list, {name}", [bd, "list", "--json"], home, IMPORTS, 0, answers(50), again),
        Case(f"first bd show, {name}", [bd, "show", "gt-2a", "--json"], home, IMPORTS, 0, has_id("gt-2a"), again),
        Case(f"first bd create, {name}", [bd, "create", "Measured", "--json"], home, IMPORTS, 0, _is_created, again),
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="one round on small ledgers; only answers are judged")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path, help="also write the figures here, as a page (.md) or as JSON")
    options = parser.parse_args()
    rounds, sizes = (1, (1_000,)) if options.short else (options.rounds, (1_000, 10_000, 100_000))
    about = conditions()
    compileall.compile_dir(str(ROOT / "gastown_tui"), quiet=1)
    with tempfile.TemporaryDirectory(prefix="gastown-bench-") as folder:
        place = Path(folder)
        bd = launchers(place / "bin")[1]
        found = bare(place)
        for size in sizes:
            found += on(in_use(place / str(size), size, bd), f"{size:,}", str(bd))
        for size in sizes[1:]:
            home = in_use(place / f"{size}-unsorted", size, bd, is_sorted=False)
            found += on(home, f"{size:,} unsorted", str(bd))
        found += adoption(place, str(bd), 1_000 if options.short else ADOPTED)
        rows = measure(found, rounds)
    about["load at the end"] = f"{os.getloadavg()[0]:.1f}"
    keep(options.out, "Commands as a ledger grows", "ledger.py", rows, about, rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
