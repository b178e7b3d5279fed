"""What an agent waits for when it calls the headless front: whole processes, as ratios to a bare interpreter.

Each round runs every command once, in turn, so that a slow moment of the machine hits all of them; the median of the
rounds counts, and beside the time waited stands the processor time, which a busy machine disturbs less. `--short` only
checks that everything still runs and answers rightly. Otherwise the exit code is 1 when a budget is not kept.

    python bench/headless.py [--short] [--rounds N] [--out FILE.md|FILE.json]
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gastown_tui.core.events import Entry, HookSet
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId
from gastown_tui.core.views.launchers import launcher_text
from gastown_tui.core.wiring import open_hands

ROOT = Path(__file__).parents[1]
BARE = "python -c pass"
IMPORTS = 'python -c "import click, msgspec"'


class Case:
    """One command, what it is compared with, and how its answer is judged."""

    def __init__(
        self, name: str, argv: list[str], cwd: Path, base: str, budget: float, check: Callable[[str], bool]
    ) -> None:
        self.name, self.argv, self.cwd, self.base, self.budget, self.check = name, argv, cwd, base, budget, check
        self.seconds: list[float] = []
        self.cpu: list[float] = []


def lines_of(count: int) -> Iterator[str]:
    """Beads as other programs write them: many closed, chains of blockers, epics with children, texts of all sizes.

    Sorted by id, as exports are.
    """
    for _, line in sorted(_beads(count)):
        yield line


def _beads(count: int) -> Iterator[tuple[str, str]]:
    chance = random.Random(7)
    for number in range(count):
        bead: dict[str, Any] = {
            "id": f"gt-{number:x}",
            "title": f"Work item number {number}",
            "description": "Some words about why and how. " * chance.randint(0, 12),
            "status": chance.choice(("open", "open", "in_progress", "closed", "closed")),
            "priority": chance.randint(0, 4),
            "issue_type": "epic" if number % 50 == 0 else chance.choice(("task", "bug", "feature")),
            "created_at": f"2025-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}T10:00:00.{number:06}Z",
            "updated_at": "2026-01-02T03:04:05.678901-08:00",
        }
        if bead["status"] == "closed":
            bead |= {"closed_at": "2026-01-02T03:04:05.678901-08:00", "close_reason": "Closed"}
        bead = {key: value for key, value in bead.items() if value != ""}
        edges = [(number - number % 50, "parent-child")] if number % 50 else []
        edges += [(chance.randrange(number), "blocks")] if number and chance.random() < 0.3 else []
        if edges:
            bead["dependencies"] = [
                {
                    "issue_id": bead["id"],
                    "depends_on_id": f"gt-{other:x}",
                    "type": kind,
                    "created_at": bead["created_at"],
                }
                for other, kind in dict(edges).items()
            ]
        yield bead["id"], json.dumps(bead, separators=(",", ":"))


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


def launchers(place: Path) -> tuple[Path, Path]:
    """`gt` and `bd` for this interpreter and this checkout."""
    place.mkdir()
    made = []
    for name in ("gt", "bd"):
        file = place / name
        file.write_text(launcher_text(name, python=sys.executable, root=str(ROOT)))
        file.chmod(0o755)
        made.append(file)
    return made[0], made[1]


def cases(place: Path, sizes: tuple[int, ...]) -> list[Case]:
    """Every command measured."""
    gt, bd = launchers(place / "bin")
    python = sys.executable
    homes = {size: ledger(place / f"beads-{size}", size, bd) for size in sizes}
    middle = homes[10_000] if 10_000 in homes else homes[sizes[0]]
    town = town_at_work(place / "town", 10_000 if 10_000 in homes else sizes[0], gt, bd)
    found = [
        Case(BARE, [python, "-c", "pass"], place, BARE, 1.0, lambda _: True),
        Case(IMPORTS, [python, "-c", "import click, msgspec"], place, IMPORTS, 1.0, lambda _: True),
        Case("gt --version", [str(gt), "--version"], place, BARE, 1.5, lambda out: out.startswith("gastown-tui ")),
        Case("gt hook", [str(gt), "hook", "--actor", "mayor"], town, IMPORTS, 1.5, lambda out: "HOOKED: gt-2a" in out),
        Case("bd show", [str(bd), "show", "gt-2a", "--json"], middle, IMPORTS, 1.5, _has_id("gt-2a")),
    ]
    for size, budget in ((1_000, 2.0), (10_000, 2.0), (100_000, 6.0)):
        if size in homes:
            argv = [str(bd), "ready", "--json"]
            found.append(
                Case(f"bd ready {size:,}", argv, homes[size], IMPORTS, budget, lambda out: len(json.loads(out)) == 10)
            )
    found.append(
        Case("bd list", [str(bd), "list", "--json"], middle, IMPORTS, 2.5, lambda out: len(json.loads(out)) == 50)
    )
    argv = [str(bd), "create", "Measured", "-d", "by the bench", "--silent"]
    found.append(Case("bd create", argv, middle, "bd show", 2.0, lambda out: out.startswith("gt-")))
    return found


def _has_id(bead_id: str) -> Callable[[str], bool]:
    return lambda out: bool(json.loads(out)[0]["id"] == bead_id)


def once(case: Case) -> None:
    """Run a case and keep its time, or stop with what it said."""
    left_out = ("BD_", "BEADS_", "GT_", "PYTHONDONTWRITEBYTECODE")
    env = {key: value for key, value in os.environ.items() if not key.startswith(left_out)}
    start, used = time.perf_counter(), _children_cpu()
    done = subprocess.run(case.argv, cwd=case.cwd, env=env, capture_output=True, text=True, check=False)
    case.seconds.append(time.perf_counter() - start)
    case.cpu.append(_children_cpu() - used)
    if done.returncode or not case.check(done.stdout):
        raise SystemExit(f"{case.name}: exit {done.returncode}\n{done.stdout[-500:]}\n{done.stderr[-500:]}")


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def table(found: list[Case]) -> list[dict[str, Any]]:
    """Medians and ratios."""
    median = {case.name: statistics.median(case.seconds) for case in found}
    cpu = {case.name: statistics.median(case.cpu) for case in found}
    rows = []
    for case in found:
        ratio = median[case.name] / median[case.base]
        rows.append(
            {
                "case": case.name,
                "ms": round(median[case.name] * 1000, 1),
                "against": case.base,
                "ratio": round(ratio, 2),
                "cpu_ms": round(cpu[case.name] * 1000, 1),
                "cpu_ratio": round(cpu[case.name] / cpu[case.base], 2),
                "budget": case.budget,
                "within": ratio <= case.budget,
                "raw_ms": [round(each * 1000, 1) for each in case.seconds],
            }
        )
    return rows


def conditions() -> dict[str, str]:
    """Where and with what it was measured."""
    cpus = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0")
    return {
        "processor": f"{cpus[0] if cpus else platform.machine()}, {os.cpu_count()} cores",
        "memory": f"{int(memory) / 2**20:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "click": version("click"),
        "msgspec": version("msgspec"),
        "load at the start": f"{os.getloadavg()[0]:.1f}",
    }


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def page(rows: list[dict[str, Any]], about: dict[str, str], rounds: int) -> str:
    """The figures as a page to keep."""
    said = "; ".join(f"{name} {value}" for name, value in about.items())
    lines = [
        "# Headless start",
        "",
        f"Written by `bench/headless.py`: medians of {rounds} rounds, every command once a round, in turn.",
        f"Measured with: {said}.",
        "",
        "| command | ms | processor ms | against | ratio | processor ratio | budget | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        mark = "" if row["case"] == row["against"] else "kept" if row["within"] else "not kept"
        lines.append(
            f"| `{row['case']}` | {row['ms']} | {row['cpu_ms']} | `{row['against']}` | {row['ratio']:.2f} "
            f"| {row['cpu_ratio']:.2f} | {row['budget']:.1f} | {mark} |"
        )
    lines += ["", "Every round, in ms:", ""]
    lines += [f"- `{row['case']}`: {' '.join(str(each) for each in row['raw_ms'])}" for row in rows]
    return "\n".join(lines) + "\n"


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
        for case in found:
            once(case)
            case.seconds.clear()
            case.cpu.clear()
        for _ in range(rounds):
            for case in found:
                once(case)
    about["load at the end"] = f"{os.getloadavg()[0]:.1f}"
    rows = table(found)
    for row in rows:
        mark = "" if row["case"] == row["against"] else "ok" if row["within"] else "OVER"
        print(f"{row['case']:<36} {row['ms']:>8.1f} ms  {row['ratio']:>5.2f}x ({row['cpu_ratio']:.2f}x processor) of "
              f"{row['against']:<36} budget {row['budget']:.1f}x  {mark}")  # fmt: skip
    if options.out:
        record = {"conditions": about, "rounds": rounds, "rows": rows}
        is_page = options.out.suffix == ".md"
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(page(rows, about, rounds) if is_page else json.dumps(record, indent=2) + "\n")
    return 0 if options.short or all(row["within"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
