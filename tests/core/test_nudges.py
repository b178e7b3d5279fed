"""Doorbells: the table of what to do next, and where a text stands on a screen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.ids import Address, NudgeId
from gastown_tui.core.model.outside import Screen
from gastown_tui.core.model.settings import HealthSettings
from gastown_tui.core.model.town import Nudge
from gastown_tui.core.rules import nudges
from gastown_tui.core.rules.nudges import Look, Place, Step, decide, place
from gastown_tui.core.rules.screens import ScreenKind, classify
from tests.fakes import CLAUDE, SHELL
from tests.towns import NOW, ago

SETTINGS = HealthSettings()
K = ScreenKind


def a_nudge(state: str = "queued", **fields: Any) -> Nudge:
    record: dict[str, Any] = {
        "id": NudgeId("ndg-1"),
        "agent": Address("api/polecats/slot0"),
        "text": "look at the gate",
        "sender": "mayor",
        "queued_at": ago(seconds=30),
        "since": ago(seconds=20),
    }
    return Nudge(state=state, **record | fields)


TABLE = [
    # state, screen, place, pressed -> step
    ("queued", K.IDLE, Place.NOWHERE, False, Step.TYPE),
    ("queued", K.IDLE, Place.ABOVE, False, Step.TYPE),
    ("queued", K.BUSY, Place.NOWHERE, False, Step.WAIT),
    ("queued", K.DIALOG, Place.NOWHERE, False, Step.WAIT),
    ("queued", K.HALF_TYPED, Place.NOWHERE, False, Step.WAIT),
    ("queued", K.HALF_TYPED, Place.ABOVE, False, Step.WAIT),
    ("queued", K.HALF_TYPED, Place.LINE, False, Step.SUBMIT),
    ("queued", K.COPY_MODE, Place.NOWHERE, False, Step.WAIT),
    ("queued", K.COPY_MODE, Place.LINE, False, Step.WAIT),
    ("queued", K.DIALOG, Place.LINE, False, Step.WAIT),
    ("queued", K.DEAD, Place.NOWHERE, False, Step.WAIT),
    ("queued", K.UNKNOWN, Place.NOWHERE, False, Step.WAIT),
    ("typed", K.HALF_TYPED, Place.LINE, False, Step.SUBMIT),
    ("typed", K.UNKNOWN, Place.LINE, False, Step.SUBMIT),
    ("typed", K.HALF_TYPED, Place.LINE, True, Step.SUBMIT),
    ("typed", K.DIALOG, Place.LINE, False, Step.WAIT),
    ("typed", K.COPY_MODE, Place.LINE, False, Step.WAIT),
    ("typed", K.IDLE, Place.ABOVE, False, Step.SENT),
    ("typed", K.BUSY, Place.ABOVE, False, Step.SENT),
    ("typed", K.HALF_TYPED, Place.ABOVE, False, Step.SENT),
    ("typed", K.IDLE, Place.NOWHERE, True, Step.SENT),
    ("typed", K.BUSY, Place.NOWHERE, True, Step.SENT),
    ("typed", K.HALF_TYPED, Place.NOWHERE, True, Step.WAIT),
    ("typed", K.IDLE, Place.NOWHERE, False, Step.TYPE),
    ("typed", K.BUSY, Place.NOWHERE, False, Step.WAIT),
    ("typed", K.HALF_TYPED, Place.NOWHERE, False, Step.WAIT),
    ("typed", K.DEAD, Place.NOWHERE, False, Step.WAIT),
    ("typed", K.DEAD, Place.ABOVE, True, Step.WAIT),
    ("typed", K.UNKNOWN, Place.NOWHERE, True, Step.WAIT),
    ("submitted", K.BUSY, Place.ABOVE, False, Step.SEEN),
    ("submitted", K.IDLE, Place.ABOVE, False, Step.WAIT),
    ("submitted", K.DEAD, Place.NOWHERE, False, Step.WAIT),
]


@pytest.mark.parametrize(("state", "kind", "where", "pressed", "step"), TABLE)
def test_each_row_of_the_table(state: str, kind: ScreenKind, where: Place, pressed: bool, step: Step) -> None:
    look = Look(kind=kind, place=where, began=NOW - timedelta(hours=1), pressed=pressed)
    assert decide(a_nudge(state), look, NOW, SETTINGS).step is step


@pytest.mark.parametrize("kind", list(K))
@pytest.mark.parametrize("where", list(Place))
@pytest.mark.parametrize("state", ["queued", "typed", "submitted"])
@pytest.mark.parametrize("pressed", [False, True])
def test_nothing_is_ever_typed_but_into_an_idle_line(state: str, kind: K, where: Place, pressed: bool) -> None:
    look = Look(kind=kind, place=where, began=NOW - timedelta(hours=1), pressed=pressed)
    if decide(a_nudge(state), look, NOW, SETTINGS).step is Step.TYPE:
        assert kind is K.IDLE


@pytest.mark.parametrize("kind", list(K))
@pytest.mark.parametrize("where", list(Place))
def test_keys_are_pressed_only_on_a_line_that_holds_our_text(kind: K, where: Place) -> None:
    for state in ("queued", "typed", "submitted"):
        if decide(a_nudge(state), Look(kind=kind, place=where), NOW, SETTINGS).step is Step.SUBMIT:
            assert where is Place.LINE
            assert kind not in {K.DIALOG, K.COPY_MODE, K.DEAD}


def test_every_wait_says_why() -> None:
    for kind in K:
        move = decide(a_nudge(), Look(kind=kind), NOW, SETTINGS)
        assert move.step is Step.TYPE or move.reason


def test_trouble_with_looking_is_waited_out_and_named() -> None:
    for state in ("queued", "typed"):
        move = decide(a_nudge(state), Look(kind=K.UNKNOWN, trouble="it has no session"), NOW, SETTINGS)
        assert (move.step, move.reason) == (Step.WAIT, "it has no session")


def test_what_could_not_be_delivered_for_long_is_stranded_in_plain_sight() -> None:
    old = a_nudge(queued_at=ago(seconds=SETTINGS.nudge_strand_s + 1))
    move = decide(old, Look(kind=K.BUSY), NOW, SETTINGS)
    assert move.step is Step.STRAND
    assert "busy" in move.reason


def test_an_old_nudge_is_still_typed_when_the_line_is_idle_at_last() -> None:
    old = a_nudge(queued_at=ago(seconds=SETTINGS.nudge_strand_s + 1))
    assert decide(old, Look(kind=K.IDLE), NOW, SETTINGS).step is Step.TYPE


def test_a_text_that_died_with_its_session_is_typed_again_in_the_new_one() -> None:
    look = Look(kind=K.IDLE, place=Place.NOWHERE, began=NOW - timedelta(seconds=5))
    assert decide(a_nudge("typed"), look, NOW, SETTINGS).step is Step.TYPE
    busy = Look(kind=K.BUSY, place=Place.ABOVE, began=NOW - timedelta(seconds=5))
    assert decide(a_nudge("typed"), busy, NOW, SETTINGS).step is Step.WAIT


def test_an_event_of_the_agents_own_shows_that_it_saw_it() -> None:
    move = decide(a_nudge("submitted"), Look(kind=K.IDLE, acted=True), NOW, SETTINGS)
    assert move.step is Step.SEEN
    assert move.reason


# ---------------------------------------------------------------------------------------------- on the screen


def shell(*lines: str, cursor: int | None = None) -> Screen:
    last = len(lines) - 1 if cursor is None else cursor
    return Screen(lines=lines, cursor_x=len(lines[last]), cursor_y=last, width_cells=40, height_cells=20)


SAID = "# mayor: look at the gate"
PLACES = [
    (shell("gastown worker ▸ "), Place.NOWHERE),
    (shell(f"gastown worker ▸ {SAID}"), Place.LINE),
    (shell(f"gastown worker ▸ {SAID}", "gastown worker ▸ "), Place.ABOVE),
    (shell(f"gastown worker ▸ {SAID}", "· at work"), Place.ABOVE),
    (shell(f"gastown worker ▸ {SAID}", f"gastown worker ▸ {SAID}"), Place.LINE),
    (shell(f"gastown worker ▸ {SAID}", "gastown worker ▸ ls -l"), Place.ABOVE),
    (shell(f"gastown worker ▸ {SAID} and more"), Place.NOWHERE),
    (shell("gastown worker ▸ # mayor: look a"), Place.NOWHERE),
    (shell("gastown worker ▸ # mayor: look at", "the gate"), Place.LINE),
    (shell("gastown worker ▸ # mayor: look at", "the gate", "gastown worker ▸ "), Place.ABOVE),
]


@pytest.mark.parametrize(("screen", "where"), PLACES)
def test_a_text_is_found_where_it_stands(screen: Screen, where: Place) -> None:
    assert place(screen, SAID, classify(screen, SHELL)) is where


def test_a_text_is_found_inside_a_frame_it_wraps_in() -> None:
    screen = Screen(
        lines=(
            "● Done.",
            "╭──────────────────────────────╮",
            "│ ❯ [mayor] look at the        │",
            "│   gate                       │",
            "╰──────────────────────────────╯",
            "  ? for shortcuts",
        ),
        cursor_x=8,
        cursor_y=3,
        cursor_visible=True,
        width_cells=32,
        height_cells=6,
    )
    framed = CLAUDE.__class__(name="c", command="c", ready_patterns=(r"^[│|]?\s?[❯>](?=\s|$)",))
    state = classify(screen, framed)
    assert state.kind is K.HALF_TYPED
    assert place(screen, "[mayor] look at the gate", state) is Place.LINE


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_a_bell_is_one_printable_line(text: str) -> None:
    try:
        line = nudges.bell(text)
    except BadInput:
        return
    assert line.strip()
    assert "\n" not in line
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in line)


@pytest.mark.parametrize("text", ["", "  ", "\n\n", "\x1b[31m\x1b[0m", "\x00\x07"])
def test_a_bell_without_words_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="needs words"):
        nudges.bell(text)


def test_a_worker_that_runs_what_it_reads_is_given_a_comment() -> None:
    nudge = a_nudge(text="$(rm -rf /)")
    assert nudges.spoken(nudge, to_model=False).startswith("# ")
    assert nudges.spoken(nudge, to_model=True) == "[mayor] $(rm -rf /)"


def test_a_bell_never_begins_with_what_a_program_takes_for_a_command() -> None:
    for text in ("/clear", "!rm -rf /", "#remember", "-x"):
        assert nudges.spoken(a_nudge(text=text), to_model=True)[0] == "["
