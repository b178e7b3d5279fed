"""From the core's readings to cells: the one place that says in which columns and inks a thing is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from itertools import groupby
from typing import overload

from gastown_tui.core.model.times import moment
from gastown_tui.core.views.feed import FeedRow
from gastown_tui.core.views.home import AgentRow, ConvoyRow, MailRow, NeedRow
from gastown_tui.core.views.tones import Tone
from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.lines import Heading, Line, Row
from gastown_tui.widgets.pieces import Bar, Cell, Piece, cut

INK_OF: dict[Tone, str] = {
    Tone.INK: "ink",
    Tone.DIM: "dim",
    Tone.BRASS: "brass",
    Tone.WARM: "need",
    Tone.GOOD: "motion",
    Tone.AMBER: "caution",
    Tone.BLUE: "note",
}
"""The ink of every tone."""

AGENT_COLUMNS = (Column(1), Column(10), Column(8), Column(), Column(4, right=True, gap=0))
"""Glyph, name, state, what it is on, age."""

NEED_COLUMNS = (
    Column(1),
    Column(13),
    Column(10),
    Column(gap=2),
    Column(4, right=True, gap=2),
    Column(9, gap=2, needs=72),
    Column(32, gap=0, needs=110),
)
"""Glyph, who, how, the question, age, the bead, what can be done at once."""

CONVOY_COLUMNS = (
    Column(share=2),
    Column(at_most=12),
    Column(6, right=True),
    Column(8),
    Column(4, right=True, gap=0, needs=42),
)
"""Title, bar, done of total, state, age."""

MAIL_COLUMNS = (Column(1), Column(13), Column(), Column(4, right=True, gap=0))
"""Whether it is unread, from whom, subject, age."""

FEED_COLUMNS = (Column(8, needs=44), Column(12), Column(9), Column(gap=0))
"""Time of day, who, what, about what."""

_ACTIONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "asks": (("r", "reply", "reply"), ("a", "attach", "attach"), ("z", "snooze", "snooze")),
    "stuck": (("w", "why", "why"), ("n", "nudge", "nudge"), ("a", "attach", "attach")),
    "crashed": (("w", "why", "why"), ("a", "attach", "attach"), ("z", "snooze", "snooze")),
    "limited": (("n", "nudge", "nudge"), ("a", "attach", "attach"), ("z", "snooze", "snooze")),
    "escalation": (("e", "seen to", "ack"), ("r", "reply", "reply"), ("z", "snooze", "snooze")),
    "stranded": (("n", "nudge", "nudge"), ("a", "attach", "attach"), ("z", "snooze", "snooze")),
}
_OTHER_ACTIONS = (("w", "why", "why"), ("z", "snooze", "snooze"))
_MOST_ACTIONS = 4
_MOST_ANSWERS = 2


def agent_lines(rows: Sequence[AgentRow]) -> tuple[Line, ...]:
    """Agents under a heading per rig, in the order given; the key is the address."""
    lines: list[Line] = []
    for group, members in groupby(rows, key=lambda row: row.group):
        lines.append(Heading(group))
        lines.extend(agent_line(row) for row in members)
    return tuple(lines)


def agent_line(row: AgentRow) -> Row:
    """One agent; whoever needs a person stands out by weight as well as by ink."""
    ink = INK_OF[row.tone]
    loud = row.needs_you
    # A state of several words stands where the note would, when there is none.
    state, note = row.state, Piece(row.note, "ink" if loud else "dim")
    if not row.note and len(row.state) > AGENT_COLUMNS[2].width:
        state, note = "", Piece(row.state, ink)
    receipt = Piece(f"nudge {row.receipt} · ", "need" if row.receipt == "stranded" else "note")
    return Row(
        row.address,
        (
            Piece(row.glyph, f"{ink}-strong" if ink == "need" else ink),
            Piece(row.name, "strong" if loud else "ink"),
            Piece(state, ink),
            (receipt, note) if row.receipt else note,
            Piece(row.age, "dim"),
        ),
    )


def need_lines(rows: Sequence[NeedRow]) -> tuple[Line, ...]:
    """Who needs a person, in the order given; the key is what it is snoozed by."""
    return tuple(
        Row(
            row.key,
            (
                Piece(row.glyph, "need-strong"),
                Piece(row.who, "strong"),
                Piece(row.kind, "need"),
                _question(row),
                Piece(row.age, "dim"),
                Piece(row.bead_id, "note"),
                need_actions(row),
            ),
        )
        for row in rows
    )


def need_actions(row: NeedRow) -> tuple[Piece, ...]:
    """What can be done about it at once, as pieces to press.

    Acts are `answer:<choice>`, `reply`, `attach`, `why`, `nudge`, `ack` and `snooze`.
    """
    letters = _by_letter(row.choices)
    answers = [
        (choice[:1].lower() if letters else str(nth), choice, f"answer:{choice}")
        for nth, choice in enumerate(row.choices[:_MOST_ANSWERS], 1)
    ]
    pieces: list[Piece] = []
    for key, label, act in [*answers, *_ACTIONS.get(row.kind, _OTHER_ACTIONS)][:_MOST_ACTIONS]:
        pieces += [Piece(key, "brass", act), Piece(f" {cut(label, 10)}", "dim", act), Piece("  ")]
    return tuple(pieces[:-1])


def answer_keys(row: NeedRow) -> dict[str, str]:
    """The acts that answer a question, by key: its number, and its letter where that is `y` or `n`."""
    keys = {str(nth): f"answer:{choice}" for nth, choice in enumerate(row.choices[:9], 1)}
    if _by_letter(row.choices):
        keys |= {choice[:1].lower(): f"answer:{choice}" for choice in row.choices}
    return keys


def _by_letter(choices: Sequence[str]) -> bool:
    """Whether it is a question of yes or no; other first letters would get in the way of the room's own keys."""
    letters = [choice[:1].lower() for choice in choices]
    return bool(letters) and set(letters) <= {"y", "n"} and len(set(letters)) == len(letters)


def _question(row: NeedRow) -> Cell:
    if not row.choices:
        return row.text
    numbered = (f"{nth} {choice}" for nth, choice in enumerate(row.choices, 1))
    choices = "/".join(row.choices) if _by_letter(row.choices) else ", ".join(numbered)
    return (Piece(row.text), Piece(f" ({choices})", "brass"))


def convoy_lines(rows: Sequence[ConvoyRow]) -> tuple[Line, ...]:
    """Convoys in the order given; a bar is green only while the convoy moves."""
    return tuple(
        Row(
            row.convoy_id,
            (
                Piece(row.title, "dim" if row.state == "landed" else "ink"),
                Bar(row.done, row.total, "bar" if row.state in {"active", "complete"} else "faint"),
                Piece(f"{row.done}/{row.total}", "dim"),
                Piece(row.state, INK_OF[row.tone]),
                Piece(row.age, "dim"),
            ),
        )
        for row in rows
    )


def mail_lines(rows: Sequence[MailRow]) -> tuple[Line, ...]:
    """Messages in the order given; unread ones are filled, urgent ones say so."""
    lines = []
    for row in rows:
        ink = "ink" if row.unread else "dim"
        subject = Piece(row.subject, ink)
        urgent = row.unread and row.priority in {"urgent", "high"}
        lines.append(
            Row(
                row.message_id,
                (
                    Piece("●" if row.unread else "○", "brass" if row.unread else "dim"),
                    Piece(row.sender, ink),
                    (Piece(f"{row.priority} ", "caution"), subject) if urgent else subject,
                    Piece(row.age, "dim"),
                ),
            )
        )
    return tuple(lines)


class FeedLines(Sequence[Line]):
    """The feed's rows, made only when they come into the window; the key is the event's id."""

    def __init__(self, rows: Sequence[FeedRow], zone: tzinfo | None = None) -> None:
        self._rows = rows
        self._zone = zone
        """Where the clock on the wall hangs; None is this machine's zone."""

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | Sequence[Line]:
        if isinstance(index, slice):
            return FeedLines(self._rows[index], self._zone)
        row = self._rows[index]
        at = moment(row.at)
        clock = f"{at.astimezone(self._zone):%H:%M:%S}" if at else row.at[11:19]
        cells = (Piece(clock, "dim"), Piece(row.who, "dim"), Piece(row.word, INK_OF[row.tone]), row.subject)
        return Row(row.event_id, cells)
