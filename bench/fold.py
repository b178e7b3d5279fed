"""How fast a log is folded, and how much memory beads take.

    python bench/fold.py [--events 1000000] [--beads 100000] [--short] [--out FILE.md]

The log is a mix of what a busy town writes. Rates are of processor time, and given beside what plain
decoding of the same lines costs (`json.loads`), so that a slow or busy machine shows in both.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from measured import conditions

from gastown_tui.core import events as e
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.bead_line import encode_bead
from gastown_tui.core.model.ids import Address, BeadId
from gastown_tui.core.wiring import create_ledger, find_home
from gastown_tui.core.world.envelope import encode_event
from gastown_tui.core.world.jsonl import JsonlLedger
from gastown_tui.core.world.mint import EventMint

_MIX: tuple[Callable[[BeadId, Address], e.Fact], ...] = (
    lambda bead, agent: e.BeadCreated(bead_id=bead, title="Do the thing", description="Why and how. " * 10),
    lambda bead, agent: e.BeadUpdated(bead_id=bead, changes={"priority": 1, "notes": "looked at"}),
    lambda bead, agent: e.BeadAssigned(bead_id=bead, assignee=agent),
    lambda bead, agent: e.AgentStarted(agent=agent, session_name="s", incarnation="i", hooked_bead=bead),
    lambda bead, agent: e.BeadStatusChanged(bead_id=bead, from_status="open", to_status="in_progress"),
    lambda bead, agent: e.AgentWorking(agent=agent, bead_id=bead, note="at it"),
    lambda bead, agent: e.BeadNoted(bead_id=bead, text="half-way"),
    lambda bead, agent: e.AgentWorking(agent=agent, bead_id=bead, note="nearly"),
    lambda bead, agent: e.BeadClosed(bead_id=bead, reason="done"),
    lambda bead, agent: e.AgentIdle(agent=agent),
)


def lines(count: int) -> Iterator[bytes]:
    """A log of a town with thirty workers, ten events to a bead."""
    mint = EventMint()
    for number in range(count):
        bead, agent = BeadId(f"gt-{number // 10:06x}"), Address(f"api/polecats/slot{number // 10 % 30}")
        fact = _MIX[number % 10](bead, agent)
        event_id = mint.event_id(1_767_700_000_000 + number)
        yield encode_event(
            e.Event(
                event_id=event_id,
                event_type=fact.wire,
                timestamp="2026-01-06T12:00:00.000Z",
                actor=agent,
                tx=event_id,
                fact=fact,
            )
        )


def fold(directory: Path, count: int) -> str:
    shutil.rmtree(directory)
    directory.mkdir()
    create_ledger(directory, "gt")
    log = directory / ".beads/events.jsonl"
    with log.open("wb") as file:
        file.writelines(lines(count))
    data = log.read_bytes().splitlines()
    gc.disable()
    start = time.process_time()
    for line in data:
        json.loads(line)
    plain = time.process_time() - start
    gc.enable()
    del data
    (directory / ".beads/local/snapshot").unlink()
    ledger = JsonlLedger(find_home(directory, env={}, cwd=directory))
    start = time.process_time()
    town = ledger.read()
    took = time.process_time() - start
    assert len(town.own.beads) == -(-count // 10)
    assert sum(bead.is_closed for bead in town.beads()) == count // 10 + (count % 10 == 9)
    return (
        f"fold {count:,} events ({log.stat().st_size / 1e6:.0f} MB): {count / took:,.0f}/s, in {took / plain:.2f} "
        f"times what json.loads alone takes ({count / plain:,.0f}/s)"
    )


def memory(directory: Path, count: int) -> str:
    beads = directory / ".beads"
    beads.mkdir(parents=True)
    with (beads / "issues.jsonl").open("wb") as file:
        for number in range(count):
            at = "2026-01-06T12:00:00.123456Z"
            bead = Bead(
                id=BeadId(f"gt-{number:06x}"),
                title=f"Work item number {number}",
                description="Some words about why and how. " * 10,
                status="open",
                priority=2,
                issue_type="task",
                created_at=at,
                updated_at=at,
                labels=("a", "b"),
            )
            file.write(encode_bead(bead) + b"\n")
    ledger = JsonlLedger(find_home(directory, env={}, cwd=directory))
    before = resident()
    start = time.process_time()
    town = ledger.read()
    found = len(town.own.beads.all())
    took = time.process_time() - start
    gc.collect()
    assert found == count
    per_bead = (resident() - before) / count
    on_disk = (beads / "issues.jsonl").stat().st_size / count
    return (
        f"{count:,} beads: {took * 1000:.0f} ms to have them all, {per_bead:.0f} bytes resident each "
        f"({on_disk:.0f} on disk)"
    )


def resident() -> int:
    """Bytes of memory this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--beads", type=int, default=100_000)
    parser.add_argument("--short", action="store_true", help="only check that everything still runs and is right")
    parser.add_argument("--out", type=Path, help="also write the figures here, as a page")
    said = parser.parse_args()
    about = conditions()
    with tempfile.TemporaryDirectory(prefix="gt-bench-") as name:
        found = [memory(Path(name) / "memory", 1_000 if said.short else said.beads)]
        (Path(name) / "fold").mkdir()
        found += [
            fold(Path(name) / "fold", 10_000 if said.short else said.events) for _ in range(1 if said.short else 3)
        ]
    about["load at the end"] = f"{os.getloadavg()[0]:.1f}"
    print("\n".join(found))
    if said.out:
        measured = "; ".join(f"{name} {value}" for name, value in about.items())
        head = ["# Folding, and memory", "", "Written by `bench/fold.py`.", f"Measured with: {measured}.", ""]
        said.out.write_text("\n".join([*head, *(f"- {line}" for line in found)]) + "\n")


if __name__ == "__main__":
    main()
