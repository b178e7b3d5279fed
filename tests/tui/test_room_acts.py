"""What a person does in the room and what becomes of it: the verbs of everywhere, by forms, keys and clicks."""

from __future__ import annotations

from typing import cast

import pytest
from msgspec import structs
from textual.pilot import Pilot
from textual.widgets import Input

from gastown_tui import remembered
from gastown_tui.app import GastownApp
from gastown_tui.core import events as e
from gastown_tui.core.errors import Conflict
from gastown_tui.core.model.ids import Address, EscalationId
from gastown_tui.core.model.town import Escalation
from gastown_tui.screens.ask import AskScreen
from gastown_tui.screens.home import HomeScreen
from gastown_tui.screens.letter import LetterScreen
from gastown_tui.screens.reading import ReadingScreen
from gastown_tui.screens.verb_form import VerbForm
from gastown_tui.widgets.lines import Row
from gastown_tui.widgets.row_list import RowList
from tests.fakes import CLAUDE, FakeTown, fake_town
from tests.rooms import a_pane, open_room, until
from tests.towns import a_bead, a_convoy, a_hook, a_mail, a_town, ago, an_agent
from tests.tui.stage import text_of

NUX, SLIT = "api/polecats/nux", "api/polecats/slit"


@pytest.fixture(name="fake")
def working_town() -> FakeTown:
    """Two workers, one of whom asks; two letters, a convoy, three beads."""
    asking = an_agent(
        NUX, "asking", bead_id="ap-1", session="polecat-api-nux", question="Which way?", choices=("yes", "no")
    )
    town = a_town(
        rigs={"api": "ap"},
        agents=[asking, SLIT],
        beads=[
            a_bead("ap-1", status="hooked", assignee=NUX),
            "ap-2",
            "ap-3",
            a_convoy("hq-cv-1", "ap-1", "ap-2", title="Auth system"),
        ],
        hooks=[a_hook(NUX, "ap-1")],
        mail=[a_mail("msg-1", "overseer", "The plan", sender="mayor"), a_mail("msg-2", "overseer", "Late", sender=NUX)],
    )
    fake = fake_town(town)
    a_pane(fake, NUX, "? Which way?", mode="dialog")
    return fake


def app_of(room: Pilot[int]) -> GastownApp:
    assert isinstance(room.app, GastownApp)
    return room.app


def told(room: Pilot[int]) -> str:
    return "\n".join(note.message for note in room.app._notifications)


def keys_of(rows: RowList) -> list[str]:
    return [line.key for line in rows.rows if isinstance(line, Row)]


async def form(room: Pilot[int]) -> VerbForm:
    await until(room, lambda: isinstance(room.app.screen, VerbForm))
    return cast(VerbForm, room.app.screen)


def complaint_at(sheet: VerbForm, field: str) -> str:
    """What is said to be wrong with a field."""
    words = sheet.query_one(f"#row-{field} .wrong")
    return " ".join(filter(None, (line.strip() for line in text_of(words)))) if words.display else ""


def words_on(sheet: VerbForm, part: str) -> str:
    return "\n".join(text_of(sheet.query_one(part)))


# ---------------------------------------------------------------------------------------------- forms


async def test_sling_offers_real_beads_and_targets_and_hooks_what_was_chosen(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("s")
        sheet = await form(room)
        offers = sheet.query_one("#offers", RowList)
        await room.press(*"ap-2")
        await until(room, lambda: keys_of(offers) == ["ap-2"])
        await room.press("enter", *"api/polecats/s", "enter")
        await until(room, lambda: isinstance(room.app.screen, HomeScreen))
        assert fake.ledger.facts(e.HookSet)[0].ref_id == "ap-2"  # type: ignore[attr-defined]
        await until(room, lambda: any(row.word == "slung" for row in app_of(room).home.view.feed))  # type: ignore[union-attr]


async def test_enter_takes_what_the_typed_letters_begin(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("s")
        sheet = await form(room)
        await room.press(*"ap-", "enter")
        assert sheet.query_one("#field-words", Input).value.strip() == "ap-2"


async def test_arrows_choose_among_the_offers(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("s")
        sheet = await form(room)
        await until(room, lambda: len(keys_of(sheet.query_one("#offers", RowList))) == 2)
        await room.press("down", "down", "enter")
        assert sheet.query_one("#field-words", Input).value.strip() == "ap-3"


async def test_the_form_spells_the_exact_command(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("s")
        sheet = await form(room)
        await room.press(*"ap-2", "enter", *"api", "tab", *"be kind")
        await room.pause()
        assert text_of(sheet.query_one("#spelled"))[0] == "gt sling ap-2 --to api --args 'be kind'"


async def test_enter_stops_only_where_something_is_missing(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        app_of(room).home.select(SLIT)
        await room.press("n")
        sheet = await form(room)
        assert sheet.query_one("#field-agent", Input).value == SLIT
        assert sheet.focused is sheet.query_one("#field-text")
        await room.press(*"hello", "enter")
        await until(room, lambda: isinstance(room.app.screen, HomeScreen))
        assert fake.ledger.facts(e.NudgeQueued)[0].text == "hello"  # type: ignore[attr-defined]


async def test_whom_the_room_guessed_is_looked_at_before_anything_happens(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        app_of(room).home.select(SLIT)
        await room.press("s")
        sheet = await form(room)
        assert sheet.query_one("#field-to", Input).value == SLIT
        await room.press(*"ap-2", "enter")
        assert sheet.focused is sheet.query_one("#field-to")
        await room.press("enter")
        await until(room, lambda: fake.ledger.facts(e.HookSet))
        assert fake.ledger.facts(e.HookSet)[0].agent == SLIT  # type: ignore[attr-defined]


async def test_options_wait_behind_a_key_and_enter_does_not_walk_through_them(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("s")
        sheet = await form(room)
        assert not sheet.query_one("#row-force").display
        await room.press("ctrl+o")
        assert sheet.query_one("#row-force").display
        await room.press(*"ap-2", "enter", *"api", "enter")
        await until(room, lambda: fake.ledger.facts(e.HookSet))


async def test_a_form_says_what_would_happen_before_it_does(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("s")
        sheet = await form(room)
        await room.press(*"ap-2", "enter", *SLIT)
        await until(room, lambda: words_on(sheet, "#rehearsed") == f"Would hook ap-2 on {SLIT}")
        assert words_on(sheet, "#spelled") == f"gt sling ap-2 --to {SLIT}"
        assert fake.ledger.events == []
        await room.press("ctrl+y")
        assert room.app.clipboard == f"gt sling ap-2 --to {SLIT}"


async def test_a_form_says_what_would_go_wrong(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("s")
        sheet = await form(room)
        await room.press(*"ap-77 ")
        await until(room, lambda: "ap-77" in words_on(sheet, "#rehearsed"))


async def test_a_value_stands_beside_what_it_means(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("s")
        sheet = await form(room)
        await room.press(*"ap-2")
        await until(room, lambda: "open" in words_on(sheet, "#row-words .means"))


async def test_long_words_have_several_lines(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("m")
        await form(room)
        await room.press(*"A plan", "enter", *"more", "ctrl+j", *"less", "up", "x", "enter")
        await until(room, lambda: fake.ledger.facts(e.MailSent))
        assert fake.ledger.facts(e.MailSent)[0].body == "morex\nless"  # type: ignore[attr-defined]


async def test_a_form_never_waits_for_standard_input(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("n")
        sheet = await form(room)
        await room.press("minus", "enter")
        await until(room, lambda: "no standard input" in complaint_at(sheet, "text"))
        assert fake.ledger.events == []


async def test_a_refused_verb_keeps_the_form_and_says_why(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("s")
        sheet = await form(room)
        await room.press(*"ap-77 ", "tab", *"api", "ctrl+s")
        await until(room, lambda: "ap-77" in complaint_at(sheet, "words"))
        assert room.app.screen is sheet
        assert sheet.focused is sheet.query_one("#field-words")
        await room.press("escape")
        assert isinstance(room.app.screen, HomeScreen)
        assert fake.ledger.events == []


async def test_a_missing_argument_is_asked_for_and_nothing_runs(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("m")
        sheet = await form(room)
        await room.press("ctrl+s")
        await room.pause()
        assert complaint_at(sheet, "subject") == "subject is missing"
        assert sheet.focused is sheet.query_one("#field-subject")
        assert fake.ledger.events == []


async def test_marked_beads_are_slung_together(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        app = app_of(room)
        await room.press("b")
        await until(room, lambda: app.place.NAME == "beads" and len(app.place.list_of("beads").rows) == 3)
        app.place.list_of("beads").move_to("ap-2")
        await room.press("space", "space", "s")
        sheet = await form(room)
        assert sheet.query_one("#field-words", Input).value == "ap-2 ap-3"


async def test_a_destructive_verb_asks_and_only_a_capital_y_says_yes(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("colon", *"rig remove api", "enter")
        await until(room, lambda: isinstance(room.app.screen, AskScreen))
        assert "gt rig remove api" in " ".join(text_of(room.app.screen.query_one("#spelled")))
        await room.press("y", "enter")
        await until(room, lambda: room.app.clipboard == "gt rig remove api")
        assert isinstance(room.app.screen, AskScreen)
        await room.press("n")
        await until(room, lambda: isinstance(room.app.screen, HomeScreen))
        assert fake.ledger.events == []
        await room.press("colon", *"rig remove api", "enter")
        await until(room, lambda: isinstance(room.app.screen, AskScreen))
        await room.press("Y")
        await until(room, lambda: fake.ledger.events or told(room))
        assert fake.ledger.facts(e.RigRemoved) or told(room)


async def test_a_verb_that_stumbles_does_not_take_the_room_along(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        fake.ledger.broken = Conflict("the ledger is locked by process 7", hint="wait a moment")
        await room.press("n")
        await form(room)
        await room.press(*"hello", "ctrl+s")
        complaint = room.app.screen.query_one("#complaint")
        await until(room, lambda: text_of(complaint)[:2] == ["the ledger is locked by process 7", "wait a moment"])
        assert room.app.is_running


# ---------------------------------------------------------------------------------------------- the command line


async def test_a_typed_line_runs_the_same_verb(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("colon", *"gt agents", "enter")
        await until(room, lambda: isinstance(room.app.screen, ReadingScreen) or told(room))
        assert told(room) == ""
        await room.press("escape", "colon", *"dance", "enter")
        await until(room, lambda: "no verb is called 'dance'" in told(room))


async def test_tab_completes_verbs_and_ids(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("colon", *"convoy sta")
        line = room.app.screen.query_one("#line", Input)
        offers = room.app.screen.query_one("#offers", RowList)
        await until(room, lambda: keys_of(offers) == ["status"])
        await room.press("tab")
        assert line.value == "convoy status "
        await room.press("h")
        await until(room, lambda: keys_of(offers) == ["hq-cv-1"])
        await room.press("tab")
        assert line.value == "convoy status hq-cv-1 "
        await room.press("enter")
        await until(room, lambda: isinstance(room.app.screen, ReadingScreen))


async def test_lines_are_recalled_also_the_next_time(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("colon", *"agents", "enter")
        await until(room, lambda: isinstance(room.app.screen, ReadingScreen))
    assert remembered.lines() == ["agents"]
    async with open_room(fake) as room:
        await until(room, lambda: app_of(room).past)
        await room.press("colon", "up")
        assert room.app.screen.query_one("#line", Input).value == "agents"
        await room.press("down")
        assert room.app.screen.query_one("#line", Input).value == ""


# ---------------------------------------------------------------------------------------------- who needs you


async def test_next_goes_to_the_most_urgent_and_shows_its_screen(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        app = app_of(room)
        await room.press("full_stop")
        await until(room, lambda: app.home.selected == NUX)
        assert app.home.focused_pane == "needs"
        await until(room, lambda: "Which way?" in " ".join(text_of(app.live)))


@pytest.mark.parametrize(("key", "answer"), [("1", "yes"), ("2", "no"), ("y", "yes"), ("n", "no")])
async def test_a_question_is_answered_by_a_digit_or_its_letter(fake: FakeTown, key: str, answer: str) -> None:
    async with open_room(fake) as room:
        await room.press("full_stop", key)
        await until(room, lambda: fake.ledger.facts(e.AgentAnswered))
        assert fake.ledger.facts(e.AgentAnswered)[0].answer == answer  # type: ignore[attr-defined]
        assert isinstance(room.app.screen, HomeScreen)


async def test_a_question_is_answered_in_words(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("full_stop", "r")
        sheet = await form(room)
        assert sheet.verb.name == "answer"
        await room.press(*"ask slit", "enter")
        await until(room, lambda: fake.ledger.facts(e.AgentAnswered))
        assert fake.ledger.facts(e.AgentAnswered)[0].answer == "ask slit"  # type: ignore[attr-defined]


async def test_a_digit_elsewhere_answers_nothing(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("2")
        assert app_of(room).home.focused_pane == "convoys"
        assert fake.ledger.events == []


async def test_a_snoozed_row_goes_away(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        home = app_of(room).home
        await room.press("full_stop", "z")
        await until(room, lambda: not home.view.needs)  # type: ignore[union-attr]
        assert fake.ledger.facts(e.Snoozed)
        assert home.focused_pane == "agents"


async def test_an_agent_whose_provider_makes_it_wait_says_until_when() -> None:
    limited = an_agent(SLIT, "working", bead_id="ap-1", session="polecat-api-slit", runtime="claude")
    fake = fake_town(a_town(rigs={"api": "ap"}, agents=[limited], beads=["ap-1"], hooks=[a_hook(SLIT, "ap-1")]))
    fake.runtimes.presets["claude"] = structs.replace(CLAUDE, limit_patterns=("^You.ve hit your .*limit.*",))
    a_pane(fake, SLIT, "You've hit your session limit · resets 3pm")
    async with open_room(fake) as room:
        home = app_of(room).home
        await until(room, lambda: home.view and home.view.needs)
        line = text_of(home.needs)[0]
        assert "slit" in line
        assert "limited" in line
        assert "You've hit your session limit · resets 3pm" in line


async def test_the_question_on_a_screen_stands_in_needs_you() -> None:
    asking = an_agent(SLIT, "working", bead_id="ap-1", session="polecat-api-slit", runtime="claude")
    fake = fake_town(a_town(rigs={"api": "ap"}, agents=[asking], beads=["ap-1"], hooks=[a_hook(SLIT, "ap-1")]))
    a_pane(fake, SLIT, "? Drop the table?", mode="dialog")
    async with open_room(fake) as room:
        home = app_of(room).home
        await until(room, lambda: home.view and home.view.needs)
        assert "Drop the table?" in text_of(home.needs)[0]


async def test_an_escalation_goes_once_somebody_sees_to_it(fake: FakeTown) -> None:
    own = fake.town.own.registers
    own.agents[Address(NUX)] = an_agent(NUX)
    own.escalations[EscalationId("esc-1")] = Escalation(
        id=EscalationId("esc-1"), severity="high", text="Unclear license", raised_at=ago(minutes=2)
    )
    async with open_room(fake) as room:
        await room.press("full_stop", "e")
        await until(room, lambda: not app_of(room).home.view.needs)  # type: ignore[union-attr]
        assert fake.ledger.facts(e.EscalationAcknowledged)


async def test_why_shows_the_evidence(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("full_stop", "w")
        await until(room, lambda: isinstance(room.app.screen, ReadingScreen))
        assert "Which way?" in "\n".join(text_of(room.app.screen.query_one("Page Static")))


# ---------------------------------------------------------------------------------------------- nudges


async def test_a_nudge_leaves_its_receipt_on_the_row(fake: FakeTown) -> None:
    pane = a_pane(fake, "mayor")
    fake.town.own.registers.agents[Address("mayor")] = an_agent("mayor", session="mayor", runtime="shell")
    async with open_room(fake) as room:
        app = app_of(room)
        app.home.select("mayor")
        await room.press("n")
        await form(room)
        await room.press(*"look at the plan", "enter")
        await until(room, lambda: pane.sent)
        assert "look at the plan" in pane.sent[0]
        await until(room, lambda: app.home.agent("mayor").receipt in {"submitted", "seen"})  # type: ignore[union-attr]
        assert any("nudge submitted" in line for line in text_of(app.home.list_of("agents")))


# ---------------------------------------------------------------------------------------------- mail


async def test_reading_a_letter_marks_it_read_and_a_reply_goes_back(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("3", "enter")
        await until(room, lambda: isinstance(room.app.screen, LetterScreen))
        await until(room, lambda: fake.ledger.facts(e.MailRead))
        await room.press("r", *"so be it", "enter")
        await until(room, lambda: fake.ledger.facts(e.MailSent))
        sent = fake.ledger.facts(e.MailSent)[0]
        assert (sent.body, sent.thread_id) == ("so be it", fake.ledger.facts(e.MailRead)[0].message_id)  # type: ignore[attr-defined]
        await until(room, lambda: app_of(room).home.view.status.mail == 1)  # type: ignore[union-attr]


async def test_escape_leaves_the_answer_before_the_letter(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("3", "enter")
        await until(room, lambda: isinstance(room.app.screen, LetterScreen))
        await room.press("r", *"hm", "escape")
        assert isinstance(room.app.screen, LetterScreen)
        await room.press("escape")
        assert isinstance(room.app.screen, HomeScreen)
        assert not fake.ledger.facts(e.MailSent)


async def test_marked_letters_are_put_away_together(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("3", "space", "space", "e")
        await until(room, lambda: not app_of(room).home.view.mail)  # type: ignore[union-attr]
        assert app_of(room).home.list_of("mail").marked == ()


# ---------------------------------------------------------------------------------------------- rows and panes


async def test_a_convoy_opens_as_a_page(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("2", "enter")
        await until(room, lambda: isinstance(room.app.screen, ReadingScreen))
        assert "Auth system" in "\n".join(text_of(room.app.screen.query_one("Page Static")))


async def test_an_event_leads_to_its_agent(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        app = app_of(room)
        fake.ledger.record(lambda _: [e.Entry(e.AgentWorking(agent=Address(SLIT), note="busy"))], actor=SLIT)
        await until(room, lambda: keys_of(app.home.list_of("feed")))
        await room.press("4", "enter")
        await until(room, lambda: app.home.selected == SLIT)
        assert app.home.focused_pane == "agents"


async def test_a_filter_narrows_and_escape_drops_it(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        agents = app_of(room).home.list_of("agents")
        await room.press("slash", *"state:asks", "enter")
        assert keys_of(agents) == [NUX]
        assert app_of(room).home.section("agents").header.note == "1 of 6 · /state:asks"
        assert agents.has_focus
        await room.press("escape")
        assert len(keys_of(agents)) == 6
        await room.press("slash", *"!rig:api", "escape")
        assert len(keys_of(agents)) == 6


async def test_zoom_and_peek_come_back_to_where_they_began(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        home = app_of(room).home
        await room.press("3", "plus")
        assert home.has_class("-zoom-mail")
        await room.press("plus")
        assert not home.has_class("-zoomed")
        await room.press("p")
        assert home.has_class("-zoom-live")
        assert home.focused_pane == "live"
        await room.press("p")
        assert (home.focused_pane, home.has_class("-zoomed")) == ("mail", False)


async def test_copying_takes_the_id_of_the_row(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("2", "y")
        assert room.app.clipboard == "hq-cv-1"


async def test_a_click_on_an_inline_answer_gives_it(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        needs = app_of(room).home.list_of("needs")
        line = text_of(needs)[0]
        await room.click(needs, offset=(line.index(" n no") + 1, 0))
        await until(room, lambda: fake.ledger.facts(e.AgentAnswered))
        assert fake.ledger.facts(e.AgentAnswered)[0].answer == "no"  # type: ignore[attr-defined]


async def test_hints_can_be_clicked(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        hints = room.app.screen.query_one("#keys")
        await room.click(hints, offset=(text_of(hints)[0].index("sling"), 0))
        await form(room)
        keys = room.app.screen.query_one("#sheet-keys")
        await room.click(keys, offset=(text_of(keys)[0].index("back"), 0))
        assert isinstance(room.app.screen, HomeScreen)


async def test_a_click_beside_a_sheet_closes_it(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("s")
        await form(room)
        await room.click(offset=(1, 1))
        assert isinstance(room.app.screen, HomeScreen)


async def test_an_empty_list_offers_the_verb_that_fills_it() -> None:
    async with open_room(fake_town()) as room:
        await room.press("2", "enter")
        assert (await form(room)).verb.name == "convoy create"


async def test_leaving_touches_no_agent(fake: FakeTown) -> None:
    async with open_room(fake) as room:
        await room.press("q")
        await room.pause()
    assert room.app.return_value == 0
    assert list(fake.sessions.panes) == ["polecat-api-nux"]
    assert fake.ledger.events == []
