"""What the place of beads costs with very many of them: its first useful frame, a key, a filter as it is typed.

`python bench/beads_room.py [--beads N ...] [--short]`

The room is opened on a ledger of nothing but beads, in a real terminal (a pane of a tmux of its own), and watched from
outside: a figure is the time from a key until what it leads to stands on the screen. A bare Textual app is measured in
the same rounds; a slow machine slows both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
from measured import system
from room import Terminal, _cursor, away_from, bare, beside, figure, showing, work_beside, worked

WORDS = ("login", "cache", "parser", "queue", "colours", "index", "ledger", "gate")
SETTLE_S = 1.5


def ledger(folder: Path, count: int) -> Path:
    """A project with an issues file of so many beads."""
    root = folder / f"project-{count}"
    (root / ".beads").mkdir(parents=True)
    with (root / ".beads" / "issues.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in _records(count))
    return root


def _records(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        day, hour = 1 + number % 28, number % 24
        stamp = f"2026-0{1 + number % 9}-{day:02d}T{hour:02d}:00:00Z"
        record: dict[str, Any] = {
            "id": f"hq-{number:05x}",
            "title": f"Look after the {WORDS[number % len(WORDS)]} of part {number}",
            "description": "Some words about why and how. " * (number % 8),
            "status": ("open", "open", "closed", "in_progress", "closed")[number % 5],
            "priority": number % 5,
            "issue_type": ("task", "bug", "feature")[number % 3],
            "created_at": stamp,
            "updated_at": stamp,
        }
        if record["status"] == "closed":
            record["closed_at"] = stamp
        if number > 10 and number % 4 == 0:
            edge = {"issue_id": record["id"], "depends_on_id": f"hq-{number // 2:05x}", "type": "blocks"}
            record["dependencies"] = [edge | {"created_at": stamp, "created_by": "bench"}]
        yield record


async def opened(terminal: Terminal, root: Path) -> float:
    """Start the room on it: seconds until the first bead stands on the screen."""
    return (await _opened(terminal, root))[0]


async def _opened(terminal: Terminal, root: Path) -> tuple[float, psutil.Process]:
    began, pid = await terminal.run([sys.executable, "-m", "gastown_tui", str(root)])
    return await terminal.until(lambda lines: _cursor(lines) > 0) - began, psutil.Process(pid)


async def first_frames(terminal: Terminal, root: Path, rounds: int) -> dict[str, Any]:
    """Spawn until the cursor stands on the most urgent bead, beside a bare app's first word."""
    ours, theirs, our_work, their_work = [], [], [], []
    for _ in range(rounds):
        async with bare(terminal) as (seconds, process):
            theirs.append(seconds)
            their_work.append(worked(process))
        seconds, process = await _opened(terminal, root)
        ours.append(seconds)
        our_work.append(worked(process))
        await terminal.end("q")
    return beside(ours, theirs) | work_beside(our_work, their_work)


async def bare_keys(terminal: Terminal, count: int) -> list[float]:
    """A key until a bare app shows that it was pressed."""
    async with bare(terminal):
        return [await _timed(terminal, "x", showing(f"bare {number}")) for number in range(1, count + 1)]


async def _timed(terminal: Terminal, key: str, seen: Callable[[tuple[str, ...]], Any]) -> float:
    began = time.perf_counter()
    await terminal.press(key)
    return await terminal.until(seen) - began


async def keys_to_paint(terminal: Terminal, count: int, theirs: list[float]) -> dict[str, Any]:
    """A key until the cursor is on another row, beside a bare app that counts keys."""
    times = []
    for number in range(count):
        here = _cursor(await terminal.lines())
        times.append(await _timed(terminal, "k" if number % 2 else "j", away_from(here)))
        await asyncio.sleep(0.02)
    return beside(times, theirs)


async def filters(terminal: Terminal, rounds: int) -> dict[str, Any]:
    """A letter typed into the filter until the number of beads that pass has changed."""
    times = []
    for _ in range(rounds):
        await terminal.press("/")
        await terminal.until(showing("words, state:"))
        for typed in ("q", "qu", "que", "queu"):
            before = _note(await terminal.lines())
            times.append(await _timed(terminal, typed[-1], _told_anew(before, typed)))
            await asyncio.sleep(0.05)
        await terminal.press("Escape")
        await terminal.until(lambda lines: "/q" not in _note(lines))
    return figure(times)


def _note(lines: tuple[str, ...]) -> str:
    return next((line for line in lines if " first" in line), "")


def _told_anew(before: str, typed: str) -> Callable[[tuple[str, ...]], bool]:
    return lambda lines: f"/{typed} " in _note(lines) and _note(lines) != before


async def boards(terminal: Terminal, rounds: int) -> dict[str, Any]:
    """A key until the board stands where the list stood."""
    times = []
    for _ in range(rounds):
        times.append(await _timed(terminal, "b", showing("In progress ")))
        await terminal.press("b")
        await terminal.until(showing("ready first"))
        await asyncio.sleep(0.3)
    return figure(times)


async def measured(folder: Path, count: int, *, short: bool) -> dict[str, Any]:
    """Every figure for so many beads."""
    root, terminal = ledger(folder, count), Terminal(folder)
    try:
        figures: dict[str, Any] = {"first frame": await first_frames(terminal, root, 2 if short else 7)}
        keys = 10 if short else 100
        theirs = await bare_keys(terminal, keys)
        await opened(terminal, root)
        await asyncio.sleep(SETTLE_S)
        figures["key to paint"] = await keys_to_paint(terminal, keys, theirs)
        figures["filter typed"] = await filters(terminal, 1 if short else 8)
        figures["to the board"] = await boards(terminal, 2 if short else 8)
        await terminal.end("q")
    finally:
        terminal.close()
    return figures


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="only see that it runs")
    parser.add_argument("--beads", type=int, nargs="*", default=[], help="how many; 10,000 and 100,000, or 500 short")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args()
    counts = options.beads or ([500] if options.short else [10_000, 100_000])
    machine = f"{os.cpu_count()} cores, {system()}, Python {platform.python_version()}"
    told: dict[str, Any] = {"machine": machine, "figures": {}}
    for count in counts:
        folder = Path(tempfile.mkdtemp(prefix="gtb-"))
        try:
            figures = asyncio.run(measured(folder, count, short=options.short))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        told["figures"][str(count)] = figures
        for name, values in figures.items():
            print(f"{count:>7} beads  {name:14} {json.dumps(values)}")
    if options.out:
        options.out.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
