"""Durable transactions a second, each synced before it counts: one writer, and thirty at once.

    python bench/append.py [--seconds 3] [--writers 1 30] [--threads]

Each writer is a process of its own that creates beads in one ledger; with --threads they share one process and one
ledger. Afterwards every acknowledged bead must be in the log, exactly once, and the projections must be what a rebuild
makes of it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from gastown_tui.core.events import BeadCreated, Entry
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.wiring import create_ledger, find_home
from gastown_tui.core.world.jsonl import JsonlLedger


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
    lines = (directory / ".beads/events.jsonl").read_bytes().splitlines()
    logged = [json.loads(line)["data"].get("bead_id") for line in lines]
    assert len(set(acknowledged)) == len(acknowledged)
    assert sorted(filter(None, logged)) == sorted(acknowledged), "the log does not hold what was acknowledged"
    before = (directory / ".beads/issues.jsonl").read_bytes()
    opened(directory).rebuild_projections()
    assert (directory / ".beads/issues.jsonl").read_bytes() == before, "rebuilding gave other bytes"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--writers", type=int, nargs="*", default=[1, 30])
    parser.add_argument("--threads", action="store_true")
    parser.add_argument("--worker", type=Path)
    parser.add_argument("--name", default="0")
    said = parser.parse_args()
    if said.worker:
        ledger = opened(said.worker)
        ledger.read()
        print("ready", flush=True)
        sys.stdin.readline()
        print("\n".join(write(ledger, said.name, said.seconds)))
        return
    rates: dict[int, float] = {}
    for writers in said.writers:
        with tempfile.TemporaryDirectory(prefix="gt-bench-") as name:
            directory = Path(name)
            create_ledger(directory, "gt")
            run = in_threads if said.threads else in_processes
            acknowledged = run(directory, writers, said.seconds)
            check(directory, acknowledged)
            rates[writers] = len(acknowledged) / said.seconds
            kind = "threads" if said.threads else "processes"
            print(f"{writers:3} {kind}: {rates[writers]:8.0f} durable transactions/s, {len(acknowledged)} kept")
    if len(rates) > 1:
        print(f"ratio {max(rates)}:{min(rates)} writers = {rates[max(rates)] / rates[min(rates)]:.2f}")


if __name__ == "__main__":
    main()
