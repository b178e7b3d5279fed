"""What the person at the room waits for, and what the room costs while nothing happens, in a real tmux pane.

Times are told beside those of a bare Textual app measured in the same rounds; a slow machine slows both. `--short` is
for checking that everything still runs and shows the right thing.

    python bench/room.py [--short] [--agents N] [--beads N] [--out FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from measured import system

from gastown_tui.core import events as e
from gastown_tui.core.events import Entry
from gastown_tui.core.model.address import session_name
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId
from gastown_tui.core.model.outside import SessionSpec
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.keystrokes import KeyPress
from gastown_tui.core.verbs.town import install
from gastown_tui.core.wiring import open_hands
from gastown_tui.core.world.clock import SystemClock
from gastown_tui.core.world.tmux import TmuxSessions
from gastown_tui.core.world.tmux_control import ControlClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SIZE = (200, 50)
PANE = "bench"
DEADLINE_S = 30.0
SETTLE_S = 1.5
"""How long the room is left alone before it is measured."""
BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    count = 0
    def compose(self):
        yield Static("bare 0", id="word")
    def on_key(self, event):
        self.count += 1
        self.query_one("#word").update(f"bare {self.count}")
Bare().run()
"""
AGENT = "printf '$ '; while read -r line; do printf '$ '; done"
CHATTER = "n=0; while :; do n=$((n + 1)); echo $n xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; sleep 0.05; done"


# ---------------------------------------------------------------------------------------------- the town


def a_town(folder: Path, agents: int, beads: int) -> Hands:
    """A town with beads on its shelf and agents at work in real sessions."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("GT_", "BD_", "BEADS_", "TMUX"))}
    root = folder / "town"
    install(open_hands(env=env, cwd=folder), str(root), name="bench")
    hands = open_hands(root, env=env, cwd=root)
    hands.ledger.record(lambda _: [Entry(fact) for fact in _shelf(beads)], actor="overseer")
    for number in range(agents):
        _employ(hands, root, number)
    return hands


def _shelf(count: int) -> list[e.Fact]:
    facts: list[e.Fact] = []
    for number in range(count):
        bead_id = BeadId(f"hq-{number:05x}")
        text = "Some words about why and how. " * (number % 12)
        facts.append(e.BeadCreated(bead_id=bead_id, title=f"Work item {number}", description=text, priority=number % 5))
        if number % 2 and number > 2000:
            facts.append(e.BeadClosed(bead_id=bead_id, reason="done"))
    return facts


def agent_of(number: int) -> Address:
    """The worker with this number."""
    return Address(f"rig{number // 8}/polecats/slot{number % 8}")


def _employ(hands: Hands, root: Path, number: int) -> None:
    address, bead_id = agent_of(number), BeadId(f"hq-{number:05x}")
    name, incarnation = session_name(address), f"asg-{number:04x}_1"
    program = CHATTER if number % 3 == 2 and "--busy" in sys.argv else AGENT
    spec = SessionSpec(name=name, cwd=root, argv=("sh", "-c", program), env={"GT_SESSION": incarnation})
    hands.sessions.start(spec)
    facts: list[e.Fact] = [
        e.AgentRegistered(agent=address, runtime="shell"),
        e.HookSet(agent=address, ref_id=bead_id, assignment_id=AssignmentId(f"asg-{number:04x}")),
        e.AgentStarted(agent=address, session_name=name, incarnation=incarnation, runtime="shell", hooked_bead=bead_id),
        e.AgentWorking(agent=address, bead_id=bead_id, note=""),
    ]
    hands.ledger.record(lambda _: [Entry(fact) for fact in facts], actor=address)


# ---------------------------------------------------------------------------------------------- the terminal


class Terminal:
    """A pane of a tmux of our own in which programs run one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sessions = TmuxSessions(folder / "outer.sock", SystemClock())
        self.client = ControlClient(self.sessions.socket)

    async def run(self, argv: list[str]) -> tuple[float, int]:
        """Start a program; when that was, and its process."""
        env = {"TERM": "tmux-256color", "COLORTERM": "truecolor", "XDG_STATE_HOME": str(self.folder / "state")}
        # As installed: modules are compiled once, not at every start.
        env["PYTHONDONTWRITEBYTECODE"] = ""
        began = time.perf_counter()
        spec = SessionSpec(
            name=PANE, cwd=self.folder, argv=tuple(argv), env=env, width_cells=SIZE[0], height_cells=SIZE[1]
        )
        fact = await asyncio.get_running_loop().run_in_executor(None, self.sessions.start, spec)
        await self.client.connect()
        return began, fact.pid

    async def lines(self) -> tuple[str, ...]:
        """What stands on it."""
        return (await self.client.capture(PANE, colours=False)).lines

    async def until(self, seen: Callable[[tuple[str, ...]], Any]) -> float:
        """Look until it shows something; the moment it did."""
        deadline = time.perf_counter() + DEADLINE_S
        while True:
            lines = await self.lines()
            if seen(lines):
                return time.perf_counter()
            if time.perf_counter() > deadline:
                raise SystemExit("the room never showed it:\n" + "\n".join(line.rstrip() for line in lines))
            await asyncio.sleep(0.0005)

    async def press(self, *keys: str) -> None:
        """Press keys: names such as `Enter`, or text."""
        for key in keys:
            await self.client.send(PANE, KeyPress(text=key) if len(key) == 1 else KeyPress(name=key))

    async def end(self, *keys: str) -> None:
        """Leave the program that runs."""
        await self.press(*keys)
        deadline = time.perf_counter() + DEADLINE_S
        while (fact := self.sessions.find(PANE)) is not None and not fact.dead and time.perf_counter() < deadline:
            await asyncio.sleep(0.01)
        await self.client.close()
        self.sessions.stop(PANE, grace_s=1.0)

    def close(self) -> None:
        """Leave nothing behind."""
        self.sessions.close_server()


@asynccontextmanager
async def room(terminal: Terminal, root: Path) -> AsyncIterator[tuple[float, psutil.Process]]:
    """The room, open on the town: how many seconds until it showed the right status, and its process."""
    began, pid = await terminal.run([sys.executable, "-m", "gastown_tui", str(root)])
    shown = await terminal.until(lambda lines: any("slot0" in line and "working" in line for line in lines))
    try:
        yield shown - began, psutil.Process(pid)
    finally:
        await terminal.end("q")


@asynccontextmanager
async def bare(terminal: Terminal) -> AsyncIterator[tuple[float, psutil.Process]]:
    """A bare Textual app: how many seconds until it showed anything, and its process."""
    began, pid = await terminal.run([sys.executable, "-c", BARE])
    shown = await terminal.until(lambda lines: any("bare 0" in line for line in lines))
    try:
        yield shown - began, psutil.Process(pid)
    finally:
        await terminal.end("C-q")


# ---------------------------------------------------------------------------------------------- measuring


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]


def figure(values: list[float]) -> dict[str, float]:
    """Seconds as milliseconds: the median, the 95th percentile, the worst."""
    return {
        "median_ms": round(1000 * statistics.median(values), 1),
        "p95_ms": round(1000 * p95(values), 1),
        "max_ms": round(1000 * max(values), 1),
    }


def showing(word: str) -> Callable[[tuple[str, ...]], bool]:
    """Whether a word is on the screen."""
    return lambda lines: any(word in line for line in lines)


def away_from(row: int) -> Callable[[tuple[str, ...]], bool]:
    """Whether the cursor is on another row."""
    return lambda lines: _cursor(lines) not in (row, -1)


def _cursor(lines: tuple[str, ...]) -> int:
    return next((row for row, line in enumerate(lines) if "▸" in line), -1)


async def first_frames(terminal: Terminal, root: Path, rounds: int) -> dict[str, Any]:
    """Spawn until a known agent's right status is on the screen, beside a bare app's first word."""
    ours, theirs, our_work, their_work = [], [], [], []
    for _ in range(rounds):
        async with bare(terminal) as (seconds, process):
            theirs.append(seconds)
            their_work.append(worked(process))
        async with room(terminal, root) as (seconds, process):
            ours.append(seconds)
            our_work.append(worked(process))
    return beside(ours, theirs) | work_beside(our_work, their_work)


def worked(process: psutil.Process) -> float:
    """Seconds of processor a process has used itself, by its own clock: what other programs do changes it little."""
    return time.clock_gettime((~process.pid << 3) | 2)


def beside(ours: list[float], theirs: list[float]) -> dict[str, Any]:
    """Seconds of the room beside those of a bare app."""
    ratio = round(statistics.median(ours) / statistics.median(theirs), 2)
    return {"room": figure(ours), "bare": figure(theirs), "ratio": ratio}


def work_beside(ours: list[float], theirs: list[float]) -> dict[str, Any]:
    """The least processor time of the room and of a bare app, in milliseconds."""
    least, bare_least = min(ours), min(theirs)
    return {"work_ms": [round(1000 * least), round(1000 * bare_least)], "work_ratio": round(least / bare_least, 2)}


async def keys_to_paint(terminal: Terminal, root: Path, count: int) -> dict[str, Any]:
    """A key until the cursor is on another row, beside a bare app that counts keys."""
    theirs, ours = [], []
    async with bare(terminal):
        for number in range(1, count + 1):
            began = time.perf_counter()
            await terminal.press("x")
            theirs.append(await terminal.until(showing(f"bare {number}")) - began)
    async with room(terminal, root):
        await asyncio.sleep(SETTLE_S)
        for number in range(count):
            here = _cursor(await terminal.lines())
            began = time.perf_counter()
            await terminal.press("k" if number % 2 else "j")
            ours.append(await terminal.until(away_from(here)) - began)
            await asyncio.sleep(0.02)
    return {"room": figure(ours), "bare": figure(theirs), "ratio": round(p95(ours) / p95(theirs), 2)}


async def events_to_screen(terminal: Terminal, root: Path, hands: Hands, count: int) -> dict[str, Any]:
    """A marked event is recorded until its mark is on the screen."""
    times = []
    async with room(terminal, root):
        await asyncio.sleep(SETTLE_S)
        for number in range(count):
            mark = f"mark{number:04d}"
            fact = e.AgentWorking(agent=agent_of(0), bead_id=BeadId("hq-00000"), note=mark)
            began = time.perf_counter()
            recording = asyncio.get_running_loop().run_in_executor(None, _record, hands, fact)
            times.append(await terminal.until(showing(mark)) - began)
            await recording
            await asyncio.sleep(0.05)
    return {"room": figure(times)}


def _record(hands: Hands, fact: e.Fact) -> None:
    hands.ledger.record(lambda _: [Entry(fact)], actor=agent_of(0))


async def echoes(terminal: Terminal, root: Path, count: int) -> dict[str, Any]:
    """A key typed into the embedded pane until its echo shows."""
    times = []
    async with room(terminal, root):
        await asyncio.sleep(SETTLE_S)
        await terminal.press("G", "a")
        await terminal.until(showing("typing into"))
        await terminal.until(showing("$ "))
        typed = ""
        for number in range(count):
            letter = "abcdefghij"[number % 10]
            typed += letter
            began = time.perf_counter()
            await terminal.press(letter)
            times.append(await terminal.until(showing(f"$ {typed}")) - began)
            if len(typed) == 40:
                await terminal.press("Enter")
                typed = ""
            await asyncio.sleep(0.02)
        await terminal.press("F12")
        await terminal.until(lambda lines: not showing("typing into")(lines))
    return {"room": figure(times)}


async def idle(terminal: Terminal, root: Path, seconds: float) -> dict[str, Any]:
    """What the room uses while nothing happens, its children included."""
    printed = terminal.folder / "printed"
    async with room(terminal, root) as (_seconds, process):
        await asyncio.sleep(3.0 if seconds < 10 else 75.0)
        await terminal.client.command("pipe-pane", "-t", f"={PANE}:", f"cat > {printed}")
        before, forked = _used(process), _reaped(process)
        began = time.monotonic()
        await terminal.client.close()
        await asyncio.sleep(seconds)
        used, spent = _used(process) - before, time.monotonic() - began
        forks = _reaped(process) - forked
        rss = process.memory_info().rss
        await terminal.client.connect()
    size = printed.stat().st_size if printed.exists() else 0
    return {
        "cpu_percent": round(100 * used / spent, 2),
        "reaped_children": forks,
        "bytes_per_s": round(size / spent),
        "rss_mb": round(rss / 1e6, 1),
        "seconds": round(spent),
    }


def _used(process: psutil.Process) -> float:
    """Seconds of processor of a process and its children, living and reaped."""
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.Error):
            times = each.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _reaped(process: psutil.Process) -> int:
    """Page faults of children that have ended: it grows by hundreds with every process started and ended."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2].split()
    return int(fields[8])


# ---------------------------------------------------------------------------------------------- the run


BUDGETS = {
    "first frame": "500 / 700 / 1000 ms at 30 / 300 / 1000 agents",
    "key to paint": "p95 30 ms",
    "event to screen": "p95 100 ms at 30 agents, 250 ms at 1000",
    "typing echo": "p95 40 ms",
    "idle": "0.5 % CPU, 0 processes, 1 kB/s, 110 MB",
}


async def measured(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Every figure."""
    hands = a_town(folder, options.agents, options.beads)
    root, terminal = folder / "town", Terminal(folder)
    short = options.short
    benches: dict[str, Callable[[], Awaitable[dict[str, Any]]]] = {
        "first frame": lambda: first_frames(terminal, root, 2 if short else 9),
        "key to paint": lambda: keys_to_paint(terminal, root, 10 if short else 100),
        "event to screen": lambda: events_to_screen(terminal, root, hands, 5 if short else 60),
        "typing echo": lambda: echoes(terminal, root, 5 if short else 80),
        "idle": lambda: idle(terminal, root, 3.0 if short else 120.0),
    }
    try:
        return {name: await bench() for name, bench in benches.items() if not options.only or name in options.only}
    finally:
        terminal.close()
        hands.sessions.close_server()


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="only see that it runs")
    parser.add_argument("--agents", type=int, default=0, help="how many agents; 30, or 4 in the short form")
    parser.add_argument("--beads", type=int, default=0, help="how many beads; 10,000, or 300 in the short form")
    parser.add_argument("--busy", action="store_true", help="a third of the agents print 20 lines a second")
    parser.add_argument("--only", nargs="*", default=[], choices=tuple(BUDGETS), metavar="NAME", help="these figures")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args()
    options.agents = options.agents or (4 if options.short else 30)
    options.beads = options.beads or (300 if options.short else 10_000)
    folder, before = Path(tempfile.mkdtemp(prefix="gtb-")), os.getloadavg()[0]
    try:
        figures = asyncio.run(measured(options, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    machine = f"{os.cpu_count()} cores, {system()}, Python {platform.python_version()}"
    load = [round(each, 1) for each in (before, os.getloadavg()[0])]
    sizes = {"agents": options.agents, "beads": options.beads}
    told = {"machine": machine, "load": load, **sizes, "figures": figures}
    for name, values in figures.items():
        print(f"{name:16} {json.dumps(values)}   budget {BUDGETS[name]}")
    if options.out:
        options.out.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
