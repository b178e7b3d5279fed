"""What the benches share: a ledger like those in use, processes measured in turn, and the page they are kept on."""

from __future__ import annotations

import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gastown_tui.core.views.launchers import launcher_text

ROOT = Path(__file__).parents[1]
BARE = "python -c pass"
IMPORTS = 'python -c "import click, msgspec"'


class Case:
    """One command, what it is compared with, and how its answer is judged.

    Attributes:
        argv: The command, or what makes the next one.
        budget: The highest ratio we promise; 0 where nothing is promised.
        prepare: What comes first and is not counted.
    """

    def __init__(
        self,
        name: str,
        argv: list[str] | Callable[[], list[str]],
        cwd: Path,
        base: str,
        budget: float,
        check: Callable[[str], bool],
        prepare: Callable[[], None] | None = None,
    ) -> None:
        self.name, self.cwd, self.base, self.budget, self.check, self.prepare = name, cwd, base, budget, check, prepare
        self.argv = argv
        self.seconds: list[float] = []
        self.cpu: list[float] = []


def bare(place: Path) -> list[Case]:
    """What everything is compared with."""
    python = sys.executable
    return [
        Case(BARE, [python, "-c", "pass"], place, BARE, 1.0, lambda _: True),
        Case(IMPORTS, [python, "-c", "import click, msgspec"], place, IMPORTS, 1.0, lambda _: True),
    ]


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


def has_id(bead_id: str) -> Callable[[str], bool]:
    """Judges an answer by the id of its first bead."""
    return lambda out: bool(json.loads(out)[0]["id"] == bead_id)


def answers(count: int) -> Callable[[str], bool]:
    """Judges an answer by how many beads it holds."""
    return lambda out: len(json.loads(out)) == count


def once(case: Case) -> None:
    """Run a case and keep its time, or stop with what it said."""
    left_out = ("BD_", "BEADS_", "GT_", "PYTHONDONTWRITEBYTECODE")
    env = {key: value for key, value in os.environ.items() if not key.startswith(left_out)}
    argv = case.argv if isinstance(case.argv, list) else case.argv()
    if case.prepare is not None:
        case.prepare()
    start, used = time.perf_counter(), _children_cpu()
    done = subprocess.run(argv, cwd=case.cwd, env=env, capture_output=True, text=True, check=False)
    case.seconds.append(time.perf_counter() - start)
    case.cpu.append(_children_cpu() - used)
    if done.returncode or not case.check(done.stdout):
        raise SystemExit(f"{case.name}: exit {done.returncode}\n{done.stdout[-500:]}\n{done.stderr[-500:]}")


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(found: list[Case], rounds: int) -> list[dict[str, Any]]:
    """Run every case once a round, in turn, after one round that does not count; medians and ratios."""
    for case in found:
        once(case)
        case.seconds.clear()
        case.cpu.clear()
    for _ in range(rounds):
        for case in found:
            once(case)
    return table(found)


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
                "within": not case.budget or ratio <= case.budget,
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
        "system": system(),
        "python": platform.python_version(),
        "click": version("click"),
        "msgspec": version("msgspec"),
        "load at the start": f"{os.getloadavg()[0]:.1f}",
    }


def system() -> str:
    """The system and its version, without what a machine's builder called it."""
    return f"{platform.system()} {platform.release().partition('-')[0]}"


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def keep(
    out: Path | None, title: str, file: str, rows: list[dict[str, Any]], about: dict[str, str], rounds: int
) -> None:
    """Print the figures, and write them as a page (.md) or as JSON."""
    for row in rows:
        mark = "" if row["case"] == row["against"] or not row["budget"] else "ok" if row["within"] else "OVER"
        promised = f"budget {row['budget']:.1f}x" if row["budget"] else ""
        print(f"{row['case']:<36} {row['ms']:>8.1f} ms  {row['ratio']:>5.2f}x ({row['cpu_ratio']:.2f}x processor) of "
              f"{row['against']:<36} {promised}  {mark}")  # fmt: skip
    if out:
        record = {"conditions": about, "rounds": rounds, "rows": rows}
        out.parent.mkdir(parents=True, exist_ok=True)
        is_page = out.suffix == ".md"
        out.write_text(page(title, file, rows, about, rounds) if is_page else json.dumps(record, indent=2) + "\n")


def page(title: str, file: str, rows: list[dict[str, Any]], about: dict[str, str], rounds: int) -> str:
    """The figures as a page to keep."""
    said = "; ".join(f"{name} {value}" for name, value in about.items())
    lines = [
        f"# {title}",
        "",
        f"Written by `bench/{file}`: medians of {rounds} rounds, every command once a round, in turn.",
        f"Measured with: {said}.",
        "",
        "| command | ms | processor ms | against | ratio | processor ratio | budget | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        mark = (
            ""
            if row["case"] == row["against"]
            else ""
            if not row["budget"]
            else "kept"
            if row["within"]
            else "not kept"
        )
        lines.append(
            f"| `{row['case']}` | {row['ms']} | {row['cpu_ms']} | `{row['against']}` | {row['ratio']:.2f} "
            f"| {row['cpu_ratio']:.2f} | {row['budget'] or ''} | {mark} |"
        )
    lines += ["", "Every round, in ms:", ""]
    lines += [f"- `{row['case']}`: {' '.join(str(each) for each in row['raw_ms'])}" for row in rows]
    return "\n".join(lines) + "\n"
