"""Bells rung in real sessions: a scripted program that is idle, busy, asking, half-typed into or scrolled."""

from __future__ import annotations

import random
import shlex
from pathlib import Path

import pytest
from msgspec.structs import replace

from gastown_tui.core import events as e
from gastown_tui.core.model.ids import Address, NudgeId
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.nudges import queued
from gastown_tui.core.verbs.delivering import deliver, deliver_pending
from gastown_tui.core.world.clock import SystemClock
from tests.fakes import FakeLedger
from tests.ports.tmux_server import Town, eventually, private_town
from tests.verbs.towns_at_work import a_rig_with

pytestmark = pytest.mark.tmux
__all__ = ["private_town"]

SLOT0 = Address("api/polecats/slot0")
SESSION = "polecat-api-slot0"

PROGRAM = """
import os, select, sys, tty
where, log = sys.argv[1:3]
tty.setcbreak(0)
written = open(log, "a", buffering=1)
state, draft, drawn = "", "", None

def draw(line):
    global drawn
    if line != drawn:
        os.write(1, ("\\r\\x1b[K" + line).encode())
        drawn = line

while True:
    now = open(where).read().strip() or "idle"
    if now != state:
        draft = "git sta" if now == "half" else "" if state == "half" else draft
        state = now
    draw({"busy": "· at work", "dialog": "answer ▸ "}.get(state, "gastown worker ▸ " + draft))
    if not select.select([0], [], [], 0.01)[0]:
        continue
    for character in os.read(0, 4096).decode():
        if state in ("busy", "dialog", "half"):
            written.write(f"stray {state} {character!r}\\n")
        elif character == "\\n":
            written.write(f"line {draft}\\n")
            os.write(1, b"\\r\\n")
            drawn, draft = None, ""
        else:
            draft += character
"""


class Stage:
    """A program in a session, told what to be; and hands that ring its bell."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.state = town.directory / "state"
        self.log = town.directory / "log"
        self.be("idle")
        self.log.touch()
        at = a_rig_with("ap-1")
        ledger = FakeLedger(at.town, SystemClock())
        self.hands: Hands = replace(at.hands(), sessions=town.sessions, clock=SystemClock(), ledger=ledger)
        script = town.script("program", PROGRAM)
        town.start(SESSION, *script, str(self.state), str(self.log))
        town.shows(SESSION, "gastown worker ▸")

    def be(self, state: str) -> None:
        """Have the program be in that state."""
        self.state.write_text(state, encoding="utf-8")

    def shows(self, state: str) -> None:
        """Wait until the screen shows it."""
        last = {"busy": "· at work", "dialog": "answer ▸", "half": "gastown worker ▸ git sta"}
        wanted = last.get(state, "gastown worker ▸")

        def look() -> bool:
            rows = [line for line in self.town.sessions.capture(SESSION).lines if line.strip()]
            return bool(rows) and rows[-1].rstrip() == wanted

        eventually(look)

    def ring(self, number: int, text: str) -> NudgeId:
        """Queue one bell."""
        nudge_id = NudgeId(f"ndg-{number:04d}")
        bell = queued(SLOT0, text, nudge_id=nudge_id, sender="mayor")
        self.hands.ledger.record(lambda _: [bell], actor="mayor")
        return nudge_id

    def heard(self) -> list[str]:
        """What the program was sent, line by line, and whatever went astray."""
        return self.log.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def stage(town: Town) -> Stage:
    return Stage(town)


def test_bells_wait_for_an_idle_line_and_are_then_heard_once_each(stage: Stage) -> None:
    seed = random.Random(20)
    texts = []
    for number in range(12):
        state = seed.choice(["busy", "dialog", "half", "copy"])
        text = f"word {number} $(touch {shlex.quote(str(Path('/nowhere')))}) é 日本 " + "x" * seed.choice(
            [0, 5, 150, 400]
        )
        if state == "copy":
            stage.town.tmux("copy-mode", "-t", f"={SESSION}:")
        else:
            stage.be(state)
            stage.shows(state)
        nudge_id = stage.ring(number, text.strip())
        waiting = deliver(stage.hands, nudge_id)
        assert waiting.state == "queued", (state, waiting)
        assert waiting.reason
        if state == "copy":
            stage.town.tmux("send-keys", "-t", f"={SESSION}:", "-X", "cancel")
        stage.be("idle")
        stage.shows("idle")
        delivered = deliver(stage.hands, nudge_id, patience_s=10)
        assert delivered.state == "submitted", (state, delivered)
        texts.append(f"line # mayor: {text.strip()}")
    assert eventually(lambda: len(stage.heard()) == len(texts))
    assert stage.heard() == texts


def test_many_bells_at_once_never_run_into_each_other(stage: Stage) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for number in range(6):
        stage.ring(number, f"word {number}")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: deliver_pending(stage.hands, SLOT0), range(3)))
    deliver_pending(stage.hands, SLOT0)
    assert eventually(lambda: len(stage.heard()) >= 6)
    assert sorted(stage.heard()) == [f"line # mayor: word {number}" for number in range(6)]


def test_a_bell_half_delivered_by_one_who_died_is_finished_by_the_next(stage: Stage) -> None:
    nudge_id = stage.ring(1, "go on")
    stage.town.sessions.type_text(SESSION, "# mayor: go on")
    stage.town.shows(SESSION, "# mayor: go on")
    assert deliver(stage.hands, nudge_id).state == "submitted"
    assert eventually(stage.heard) == ["line # mayor: go on"]


def test_a_program_that_died_gets_nothing_and_its_successor_everything(stage: Stage) -> None:
    nudge_id = stage.ring(1, "go on")
    stage.town.sessions.stop(SESSION)
    assert deliver(stage.hands, nudge_id).reason == "it has no session"
    stage.town.start(SESSION, *stage.town.script("program", PROGRAM), str(stage.state), str(stage.log))
    stage.shows("idle")
    assert deliver(stage.hands, nudge_id, patience_s=10).state == "submitted"
    kinds = [event.event_type for event in stage.hands.ledger.recent(10) if isinstance(event.fact, e.NudgeSubmitted)]
    assert kinds == ["nudge.submitted"]
