"""Durable transactions a second, each synced before it counts: one writer, and thirty at once.

    python bench/append.py [--seconds 3] [--writers 1 30] [--short] [--out FILE.md]

Writers are threads that share one process and one ledger, and then processes of their own. Before and after each run a
bare loop of one write and one `fdatasync` shows what the disk allows at that moment, and a second one what it allows
when fifteen records share a sync. Afterwards every acknowledged bead must be in the log, exactly once, and the
projections must be what a rebuild makes of it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from measured import conditions

from gastown_tui.core.events import BeadCreated, Entry
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.wiring import create_ledger, find_home
from gastown_tui.core.world.jsonl import JsonlLedger

RECORD = b"x" * 350 + b"\n"


def opened(directory: Path) -> JsonlLedger:
    return JsonlLedger(find_home(directory, env={}, cwd=directory), lock_wait_s=60)


def write(ledger: JsonlLedger, name: str, seconds: float) -> list[str]:
    """Create beads until the time is up; return those that were acknowledged."""
    done: list[str] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        bead_id = BeadId(f"gt-{name}x{len(done)}")
        ledger.record(lambda _, bead_id=bead_id: [Entry(BeadCreated(bead_id=bead_id, title="A bead"))], actor=name)  # type: ignore[misc]
        done.append(bead_id)
    return done


def in_processes(directory: Path, writers: int, seconds: float) -> list[str]:
    command = [sys.executable, __file__, "--worker", str(directory), "--seconds", str(seconds)]
    processes = [
        subprocess.Popen([*command, "--name", str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for n in range(writers)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [line for process in processes for line in process.communicate()[0].split()]


def in_threads(directory: Path, writers: int, seconds: float) -> list[str]:
    ledger, done = opened(directory), list[list[str]]()
    threads = [threading.Thread(target=lambda n=n: done.append(write(ledger, str(n), seconds))) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [bead_id for each in done for bead_id in each]


def check(directory: Path, acknowledged: list[str]) -> None:
    """Nothing lost, nothing twice, nothing torn."""
    files = [*sorted((directory / ".beads/events").glob("*.jsonl")), directory / ".beads/events.jsonl"]
    lines = b"".join(file.read_bytes() for file in files).splitlines()
    logged = [json.loads(line)["data"].get("bead_id") for line in lines]
    assert len(set(acknowledged)) == len(acknowledged)
    assert sorted(filter(None, logged)) == sorted(acknowledged), "the log does not hold what was acknowledged"
    before = (directory / ".beads/issues.jsonl").read_bytes()
    opened(directory).rebuild_projections()
    assert (directory / ".beads/issues.jsonl").read_bytes() == before, "rebuilding gave other bytes"


def bare_syncs(directory: Path, seconds: float, records: int = 1) -> float:
    """How many syncs a second a loop gets that does nothing but append so many records and sync them."""
    descriptor = os.open(directory / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    done, end = 0, time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            os.write(descriptor, RECORD * records)
            getattr(os, "fdatasync", os.fsync)(descriptor)
            done += 1
    finally:
        os.close(descriptor)
    return done / seconds


def measured(kind: str, writers: int, seconds: float) -> dict[str, Any]:
    """One run, with what the disk allowed just before and just after."""
    with tempfile.TemporaryDirectory(prefix="gt-bench-") as name:
        directory = Path(name)
        create_ledger(directory, "gt")
        before = bare_syncs(directory, seconds / 3)
        used = time.process_time()
        run = in_threads if kind == "threads" else in_processes
        acknowledged = run(directory, writers, seconds)
        used = time.process_time() - used
        after = bare_syncs(directory, seconds / 3)
        shared = bare_syncs(directory, seconds / 3, 15) * 15
        check(directory, acknowledged)
    rate = len(acknowledged) / seconds
    bare = (before + after) / 2
    return {
        "kind": kind, "writers": writers, "rate": rate, "bare": bare, "shared": shared, "ratio": rate / bare,
        "cpu": used / seconds if kind == "threads" else None,
    }  # fmt: skip


def page(rows: list[dict[str, Any]], about: dict[str, str], seconds: float) -> str:
    """The figures as a page to keep."""
    said = "; ".join(f"{name} {value}" for name, value in about.items())
    lines = [
        "# Durable transactions",
        "",
        f"Written by `bench/append.py`: {seconds:g} s a run, a bead a transaction, each on the disk before it counts.",
        f"Measured with: {said}.",
        "",
        "`bare` is a loop of one write and one `fdatasync` just before and after the run, `fifteen a sync` the same",
        "with fifteen records to a sync: what the disk allowed meanwhile. `processors` is what one process used.",
        "",
        "| writers | transactions/s | bare syncs/s | ratio | fifteen a sync, records/s | processors |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['writers']} {row['kind']} | {row['rate']:,.0f} | {row['bare']:,.0f} | {row['ratio']:.2f} "
        f"| {row['shared']:,.0f} | {'' if row['cpu'] is None else format(row['cpu'], '.2f')} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--writers", type=int, nargs="*", default=[1, 30])
    parser.add_argument("--short", action="store_true", help="only check that everything still runs and is right")
    parser.add_argument("--out", type=Path, help="also write the figures here, as a page")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--name", default="0", help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.worker:
        ledger = opened(said.worker)
        ledger.read()
        print("ready", flush=True)
        sys.stdin.readline()
        print("\n".join(write(ledger, said.name, said.seconds)))
        return
    seconds, counts = (0.3, [1, 4]) if said.short else (said.seconds, said.writers)
    about, rows = conditions(), []
    for kind in ("threads", "processes"):
        for writers in counts:
            row = measured(kind, writers, seconds)
            rows.append(row)
            print(f"{writers:3} {kind}: {row['rate']:8.0f} durable transactions/s, {row['ratio']:5.2f} of the "
                  f"{row['bare']:.0f} bare syncs/s; fifteen a sync: {row['shared']:.0f} records/s")  # fmt: skip
    about["load at the end"] = f"{os.getloadavg()[0]:.1f}"
    if said.out:
        said.out.write_text(page(rows, about, seconds))


if __name__ == "__main__":
    main()
