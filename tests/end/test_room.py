"""The room in a real terminal, driven by keys alone, over a real town with real workers."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gastown_tui.core.model.outside import SessionSpec
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs import mail, rigs, running
from gastown_tui.core.verbs.agents import attach
from gastown_tui.core.world.clock import SystemClock
from gastown_tui.core.world.tmux import TmuxSessions
from tests.places import a_real_town, a_repository, hands_at, surroundings
from tests.ports.tmux_server import eventually, processes_in

pytestmark = [pytest.mark.tmux, pytest.mark.slow]

ROOM = "room"


class Terminal:
    """A terminal with the room in it: what stands on it, and a keyboard."""

    def __init__(self, folder: Path, cwd: Path, *argv: str, **env: str) -> None:
        self.sessions = TmuxSessions(folder / "outer.sock", SystemClock())
        self._spec = SessionSpec(
            name=ROOM,
            cwd=cwd,
            argv=(sys.executable, "-m", "gastown_tui", *argv),
            env={
                "TERM": "tmux-256color",
                "XDG_STATE_HOME": str(folder / "state"),
                "XDG_CONFIG_HOME": str(folder / "config"),
                **env,
            },
            width_cells=160,
            height_cells=42,
        )

    def open(self) -> None:
        self.sessions.start(self._spec)

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.sessions.capture(ROOM).lines)

    def shows(self, *words: str) -> str:
        """Wait until all of it stands on the screen; the whole screen."""

        def look() -> str:
            text = self.text()
            return text if all(word in text for word in words) else ""

        return self._wait(look, f"{words} on the screen")

    def hides(self, word: str) -> None:
        self._wait(lambda: word not in self.text(), f"{word!r} gone from the screen")

    def row(self, *words: str) -> str:
        """Wait until one line has all of it; that line."""

        def look() -> str:
            lines = (line for line in self.text().split("\n") if all(word in line for word in words))
            return next(lines, "")

        return self._wait(look, f"{words} on one line")

    def _wait(self, look: Callable[[], str | bool], wanted: str) -> str:
        try:
            return str(eventually(look))
        except AssertionError as error:
            raise AssertionError(f"waited for {wanted}:\n{self.text()}") from error

    def press(self, *keys: str) -> None:
        for key in keys:
            if len(key) == 1 or " " in key:
                self.sessions.type_text(ROOM, key)
            else:
                self.sessions.press(ROOM, (key,))

    def type(self, text: str) -> None:
        self.sessions.type_text(ROOM, text)

    def ended(self) -> int | None:
        """Wait until the room has ended; its exit code."""
        fact = eventually(lambda: fact if (fact := self.sessions.find(ROOM)) and fact.dead else None)
        return None if fact is None else fact.exit_status


@pytest.fixture(name="folder")
def short_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a path short enough for sockets; no process of it is left."""
    monkeypatch.delenv("TMUX", raising=False)
    folder = Path(tempfile.mkdtemp(prefix="gtr-"))
    yield folder
    TmuxSessions(folder / "outer.sock", SystemClock()).close_server()
    if (folder / "town" / ".beads").exists():
        running.shutdown(hands_at(folder / "town"), now=True, reason="the test is over")
    for process in processes_in(folder):
        process.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(name="hands")
def small_town(folder: Path) -> Hands:
    """A town with one rig, whose mayor is a shell worker at its prompt, and two beads to sling."""
    origin = a_repository(folder / "repo", {"a.py": "print(1)\n"})
    hands = a_real_town(folder / "town")
    hands.files.set_setting(folder / "town" / "settings.toml", "runtime", "shell")
    hands = hands_at(folder / "town")
    rigs.rig_add(hands, "tally", str(origin), prefix="ta")
    attach(hands, "mayor")
    return hands


def file_bead(hands: Hands, title: str, run: str) -> str:
    from gastown_tui.core.verbs.bd_create import create

    return str(create(hands, title, rig="tally", metadata=f'{{"run": "{run}"}}', description="x").data()["id"])


def test_one_person_steers_a_town_by_keys_alone(folder: Path, hands: Hands) -> None:
    bead = file_bead(hands, "Say hello", "sleep 60")
    mail.mail_send(hands_at(folder / "town", actor="mayor"), ("overseer",), subject="The plan", body="Shall we begin?")
    room = Terminal(folder, folder, str(folder / "town"))
    room.open()
    room.row("mayor", "idle")

    # sling, and see it in the feed
    room.press("s")
    room.shows("ctrl-s do it")
    room.type(bead)
    room.press("Enter")
    room.type("tally")
    room.press("Enter", "C-s")
    room.row("slung", bead)
    room.row("slot0", "working", "Say hello")

    # peek at the mayor, and come back
    room.press("g", "g", "p")
    room.hides("Convoys")
    room.shows("gastown worker ▸")
    room.press("p")
    room.shows("Convoys")

    # nudge with own words; the receipt stands on the row
    room.press("n")
    room.shows("Ring an agent's doorbell")
    room.type("look at the plan")
    room.press("Enter")
    room.row("mayor", "nudge s")
    room.shows("heard: overseer: look at the plan")

    # type into it right here
    room.press("a")
    room.row("typing into mayor", "ctrl-] or F12 leaves")
    room.type("echo hello; echo 'q;u' $((40+2)) é")
    room.press("Enter")
    room.shows("hello", "q;u 42 é")
    room.press("C-]")
    room.hides("typing into")
    before = room.shows("sling", "Convoys", "Agents")

    # hand the whole terminal over, and find the room as it was
    room.press("A")
    room.hides("Convoys")
    room.shows("ctrl-b d goes back to the room")
    room.type("echo inside")
    room.press("Enter")
    room.shows("inside")
    room.press("C-b", "d")
    after = room.shows("sling", "Convoys", "Agents")
    assert [line for line in before.split("\n") if "▸" in line and "mayor" in line]
    assert [line for line in after.split("\n") if "▸" in line and "mayor" in line]

    # read and answer a letter
    room.press("3", "Enter")
    room.shows("Shall we begin?")
    room.press("r")
    room.type("so be it")
    room.press("Enter")
    eventually(lambda: [each for each in hands.ledger.read().own.mail.values() if each.body == "so be it"])
    eventually(
        lambda: all(each.read_by for each in hands.ledger.read().own.mail.values() if each.subject == "The plan")
    )
    room.shows("all read")

    # leave; agents live on
    room.press("q")
    assert room.ended() == 0
    assert {fact.name for fact in hands.sessions.all() if not fact.dead} == {"mayor", "polecat-tally-slot0"}


def test_outside_any_town_one_can_be_made_and_opened(folder: Path) -> None:
    (folder / "empty").mkdir()
    room = Terminal(folder, folder / "empty")
    room.open()
    room.shows("See the demo", "Create a town", "Open any .beads")
    room.press("j", "Enter")
    room.row("/empty/gt")
    room.press("C-u")
    room.type(str(folder / "town"))
    room.press("Enter")
    room.row("the town rests, start")
    room.row("mayor", "away", "no session")
    room.press("q")
    assert room.ended() == 0
    assert (folder / "town" / ".beads" / "events.jsonl").is_file()


def test_without_tmux_the_room_says_so_and_works(folder: Path) -> None:
    hands = a_real_town(folder / "town")
    binaries = folder / "bin"
    binaries.mkdir()
    (binaries / "git").symlink_to(shutil.which("git", path=os.defpath + ":" + surroundings()["PATH"]) or "/usr/bin/git")
    room = Terminal(folder, folder, str(folder / "town"), PATH=str(binaries))
    room.open()
    room.row("~ tmux is not installed")
    room.row("mayor", "no session")
    room.press("m")
    room.shows("Send a message")
    room.type("mayor")
    room.press("Enter")
    room.type("hello")
    room.press("C-s")
    eventually(lambda: hands.ledger.read().own.mail)
    room.hides("Send a message")
    room.press("q")
    assert room.ended() == 0


def test_what_cannot_be_opened_is_one_clear_line(folder: Path) -> None:
    (folder / "plain").mkdir()
    room = Terminal(folder, folder, str(folder / "plain"))
    room.open()
    assert room.ended() == 3
    text = "\n".join(room.sessions.capture(ROOM, history_lines=50).lines)
    assert "no .beads" in text
    assert "Hint:" in text
    assert "Traceback" not in text
