"""Readings of the core as rows, and the columns they stand in."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.core.model.ids import Address, BeadId, EventId, MailId
from gastown_tui.core.views.feed import FeedRow
from gastown_tui.core.views.home import AgentRow, ConvoyRow, MailRow, NeedRow
from gastown_tui.core.views.tones import Tone
from gastown_tui.widgets import rows
from gastown_tui.widgets.columns import Column, spread
from gastown_tui.widgets.inks import INKS
from gastown_tui.widgets.lines import Heading, Row
from gastown_tui.widgets.needs_you import NeedsYou
from gastown_tui.widgets.pieces import Piece, bar, fit, fit_pieces, pieces_of, width_of
from gastown_tui.widgets.row_list import RowList
from tests.tui.stage import Stage, heard, text_of


def an_agent(name: str, *, group: str = "api", **told: object) -> AgentRow:
    facts: dict[str, object] = {
        "glyph": "●",
        "state": "working",
        "tone": Tone.GOOD,
        "note": "gt-1 rate limiter 4/6",
        "age": "6s",
        "needs_you": False,
    }
    return AgentRow(address=Address(f"{group}/{name}"), group=group, name=name, **{**facts, **told})  # type: ignore[arg-type]


def a_need(kind: str, *, choices: tuple[str, ...] = (), text: str = "Run the migration?") -> NeedRow:
    return NeedRow(key=f"{kind}:nux", kind=kind, who="api/nux", text=text, age="2m", glyph="?", choices=choices)


def test_every_tone_has_an_ink() -> None:
    assert set(rows.INK_OF) == set(Tone)
    assert set(rows.INK_OF.values()) <= set(INKS)


def test_agents_stand_under_their_rig() -> None:
    lines = rows.agent_lines([an_agent("mayor", group="town"), an_agent("nux"), an_agent("rust")])
    assert [line.title if isinstance(line, Heading) else line.key for line in lines] == [
        "town",
        "town/mayor",
        "api",
        "api/nux",
        "api/rust",
    ]


async def test_a_roster_lines_up() -> None:
    roster = RowList(rows.AGENT_COLUMNS)
    asks = an_agent("nux", glyph="?", state="asks", tone=Tone.WARM, note="gt-4f2", age="2m", needs_you=True)
    async with Stage(roster).run_test(size=(50, 5)) as pilot:
        roster.set_rows(rows.agent_lines([asks, an_agent("slot1", receipt="typed")]))
        await pilot.pause()
        assert text_of(roster)[:3] == [
            " api ────────────────────────────────────────────",
            "▸ ? nux        asks     gt-4f2                 2m",
            "  ● slot1      working  nudge typed · gt-1…    6s",
        ]


def test_who_needs_you_differs_by_weight_and_not_by_ink_alone() -> None:
    loud = rows.agent_line(an_agent("nux", glyph="?", state="asks", tone=Tone.WARM, needs_you=True))
    calm = rows.agent_line(an_agent("nux"))
    assert loud.cells[1] == Piece("nux", "strong")
    assert calm.cells[1] == Piece("nux", "ink")


async def test_a_state_of_several_words_is_never_cut_while_there_is_room() -> None:
    roster = RowList(rows.AGENT_COLUMNS)
    async with Stage(roster).run_test(size=(50, 5)) as pilot:
        roster.set_rows(rows.agent_lines([an_agent("max", glyph="·", state="no session", tone=Tone.DIM, note="")]))
        await pilot.pause()
        assert "no session" in text_of(roster)[1]


@pytest.mark.parametrize(
    ("need", "offered"),
    [
        (a_need("asks", choices=("yes", "no")), "y yes  n no  r reply  a attach"),
        (a_need("asks", choices=("Yes, go", "Yes, later")), "1 Yes, go  2 Yes, later  r reply  a attach"),
        (a_need("asks", choices=("retry", "abort")), "1 retry  2 abort  r reply  a attach"),
        (a_need("asks"), "r reply  a attach  z snooze"),
        (a_need("stuck"), "w why  n nudge  a attach"),
        (a_need("escalation"), "e seen to  r reply  z snooze"),
        (a_need("something new"), "w why  z snooze"),
    ],
)
def test_each_kind_of_need_offers_what_settles_it(need: NeedRow, offered: str) -> None:
    assert "".join(piece.text for piece in rows.need_actions(need)) == offered


async def test_needs_carry_a_bar_and_can_be_answered_with_a_click() -> None:
    needs = NeedsYou()
    async with Stage(needs).run_test(size=(140, 8)) as pilot:
        needs.set_rows(rows.need_lines([a_need("asks", choices=("yes", "no")), a_need("stuck")]))
        await pilot.pause()
        shown = text_of(needs)
        assert needs.size.height == 2
        assert all(line.startswith("▌") for line in shown)
        assert "Run the migration? (yes/no)" in shown[0]
        await pilot.click(needs, offset=(shown[0].index("n no"), 0))
        await pilot.click(needs, offset=(shown[1].index("why"), 1))
        acted = [(said.key, said.act) for said in heard(pilot, RowList.Acted)]
        assert acted == [("asks:nux", "answer:no"), ("stuck:nux", "why")]


async def test_nobody_waiting_is_one_quiet_line() -> None:
    needs = NeedsYou(empty=(Piece("nobody needs you", "dim"),))
    async with Stage(needs).run_test(size=(60, 8)) as pilot:
        await pilot.pause()
        assert text_of(needs) == ["  nobody needs you"]


def test_a_bar_is_green_only_while_the_convoy_moves() -> None:
    def a_convoy(state: str) -> ConvoyRow:
        return ConvoyRow(convoy_id=BeadId("hq-1"), title="Auth", done=8, total=10, state=state, tone=Tone.DIM, age="1m")

    lines = rows.convoy_lines([a_convoy("active"), a_convoy("stale"), a_convoy("stuck"), a_convoy("landed")])
    inks = [pieces_of(line.cells[1], 10)[0].ink for line in lines if isinstance(line, Row)]
    assert inks == ["bar", "faint", "faint", "faint"]


def test_unread_mail_is_filled_and_urgent_mail_says_so() -> None:
    def a_mail(*, unread: bool, priority: str = "normal") -> MailRow:
        return MailRow(
            message_id=MailId("m1"), sender="mayor", subject="Plan", age="3m", unread=unread, priority=priority
        )

    new, old, urgent = rows.mail_lines(
        [a_mail(unread=True), a_mail(unread=False), a_mail(unread=True, priority="urgent")]
    )
    assert isinstance(new, Row) and isinstance(old, Row) and isinstance(urgent, Row)
    assert (new.cells[0], old.cells[0]) == (Piece("●", "brass"), Piece("○", "dim"))
    assert "".join(piece.text for piece in pieces_of(urgent.cells[2], 20)) == "urgent Plan"


def test_the_feed_shows_the_time_on_the_wall() -> None:
    event = FeedRow(
        event_id=EventId("e1"), at="2026-11-21T14:02:31Z", who="nux", word="asks", tone=Tone.WARM, subject="gt-4f2"
    )
    feed = rows.FeedLines([event], zone=UTC)
    assert len(feed) == 1
    assert feed[0] == Row("e1", (Piece("14:02:31", "dim"), Piece("nux", "dim"), Piece("asks", "need"), "gt-4f2"))


# ------------------------------------------------------------------------------------------------ cells and columns


@pytest.mark.parametrize(
    ("done", "total", "drawn"),
    [
        (0, 8, "········"),
        (8, 8, "████████"),
        (4, 8, "████····"),
        (1, 16, "▌·······"),
        (3, 16, "█▌······"),
        (1, 1000, "▏·······"),
        (999, 1000, "███████▉"),
        (0, 0, "········"),
        (9, 8, "████████"),
    ],
)
def test_a_bar_counts_in_eighths(done: int, total: int, drawn: str) -> None:
    assert "".join(piece.text for piece in bar(done, total, 8)) == drawn


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 60))
def test_a_bar_is_always_as_wide_as_its_column(done: int, total: int, width: int) -> None:
    assert sum(len(piece.text) for piece in bar(done, total, width)) == width


@given(st.text(max_size=40), st.integers(0, 30), st.booleans())
def test_a_cell_is_always_as_wide_as_its_column(text: str, width: int, right: bool) -> None:
    fitted = fit(text, width, right=right)
    assert width_of(fitted) == width
    assert "\n" not in fitted and "\x1b" not in fitted


@given(st.lists(st.text(max_size=12), max_size=5), st.integers(0, 30), st.booleans())
def test_several_pieces_are_together_as_wide_as_their_column(texts: list[str], width: int, right: bool) -> None:
    fitted = fit_pieces(tuple(Piece(text) for text in texts), width, right=right)
    assert sum(width_of(piece.text) for piece in fitted) == width


def test_what_was_left_out_is_told_by_an_ellipsis() -> None:
    assert fit("planning Payments", 10) == "planning…"[:9] + " "
    assert "".join(piece.text for piece in fit_pieces((Piece("question?"), Piece(" (y/n)")), 9)) == "question…"


def test_sharing_columns_divide_what_the_others_leave() -> None:
    columns = (Column(4), Column(share=2), Column(), Column(4, gap=0))
    assert [width for _, _, width in spread(columns, 43)] == [4, 21, 11, 4]


def test_a_limited_column_leaves_the_rest_to_the_others() -> None:
    assert [width for _, _, width in spread((Column(at_most=5), Column(gap=0)), 31)] == [5, 25]


def test_a_column_that_needs_more_room_is_left_out() -> None:
    columns = (Column(8, needs=40), Column(gap=0))
    assert [index for index, _, _ in spread(columns, 39)] == [1]
    assert [index for index, _, _ in spread(columns, 40)] == [0, 1]
