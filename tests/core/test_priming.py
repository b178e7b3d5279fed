"""In what state an agent wakes, and what its waking leaves in the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import Address
from gastown_tui.core.rules import priming
from gastown_tui.core.rules.priming import Waking
from gastown_tui.core.views import hook_card
from tests.towns import a_bead, a_hook, a_mail, a_town, after, ago, an_agent, facts

SLOT0 = Address("api/polecats/slot0")


def a_town_with(*, hooked: bool = True, starts: int = 1, bead_id: str = "ap-1", **more: Any) -> Town:
    return a_town(
        rigs={"api": "ap"},
        agents=[an_agent(SLOT0, "started", bead_id=bead_id, starts=starts)],
        beads=[a_bead("ap-1", "Fix login", status="hooked" if hooked else "open")],
        hooks=[a_hook(SLOT0, "ap-1")] if hooked else [],
        **more,
    )


def a_note(**fields: Any) -> Any:
    return a_mail("msg-1", str(SLOT0), "HANDOFF: login", type="handoff", sender=str(SLOT0), **fields)


@pytest.mark.parametrize(
    ("town", "state"),
    [
        (a_town_with(hooked=False), Waking.NORMAL),
        (a_town_with(), Waking.AUTONOMOUS),
        (a_town_with(starts=0), Waking.AUTONOMOUS),
        (a_town_with(starts=2), Waking.CRASH_RECOVERY),
        (a_town_with(starts=4, bead_id="ap-0"), Waking.AUTONOMOUS),
        (a_town_with(mail=[a_note()]), Waking.HANDOFF),
        (a_town_with(starts=3, mail=[a_note()]), Waking.HANDOFF),
        (a_town_with(mail=[a_note(bead_id="ap-1")]), Waking.HANDOFF),
        (a_town_with(mail=[a_note(bead_id="ap-0")]), Waking.AUTONOMOUS),
        (a_town_with(mail=[a_note(delivered_to=(SLOT0,))]), Waking.AUTONOMOUS),
        (a_town_with(mail=[a_note(read_by=(SLOT0,))]), Waking.AUTONOMOUS),
        (a_town_with(mail=[a_note(archived_by=(SLOT0,))]), Waking.AUTONOMOUS),
        (a_town_with(hooked=False, mail=[a_note()]), Waking.HANDOFF),
    ],
)
def test_the_state_of_waking(town: Town, state: Waking) -> None:
    assert priming.waking(town, SLOT0) is state


def test_a_note_is_shown_again_to_whoever_continues_the_same_work() -> None:
    town = a_town_with(mail=[a_note(bead_id="ap-1", delivered_to=(SLOT0,))])
    note = priming.handoff_note(town, SLOT0)
    assert note is not None
    assert note.id == "msg-1"


def test_the_newest_note_counts() -> None:
    older = a_mail("msg-0", str(SLOT0), "HANDOFF", type="handoff", timestamp=ago(hours=3))
    note = priming.handoff_note(a_town_with(mail=[older, a_note()]), SLOT0)
    assert note is not None
    assert note.id == "msg-1"


def test_waking_leaves_that_the_hook_was_checked_and_the_work_taken_up() -> None:
    town = a_town_with(mail=[a_note()])
    left = facts(priming.remember(town, SLOT0, [town.mail("msg-1")]))
    assert e.HookChecked(agent=SLOT0, found=True) in left
    assert any(isinstance(fact, e.MailDelivered) for fact in left)
    assert any(isinstance(fact, e.AgentWorking) for fact in left)
    now = after(town, priming.remember(town, SLOT0, [town.mail("msg-1")]), actor=SLOT0)
    assert priming.waking(now, SLOT0) is Waking.AUTONOMOUS


def test_waking_twice_says_only_once_that_work_was_taken_up() -> None:
    town = a_town_with()
    now = after(town, priming.remember(town, SLOT0, []), actor=SLOT0)
    assert not any(isinstance(fact, e.AgentWorking) for fact in facts(priming.remember(now, SLOT0, [])))


@pytest.mark.parametrize("state", list(Waking))
def test_work_on_the_hook_always_ends_in_begin(state: Waking) -> None:
    assert "begin now" in priming.closing_lines(state, SLOT0, has_work=True)[-1]
    assert "begin" not in " ".join(priming.closing_lines(state, SLOT0, has_work=False))


def test_a_hand_off_is_not_repeated() -> None:
    assert any("Do not hand off again" in line for line in priming.closing_lines(Waking.HANDOFF, SLOT0, has_work=True))


# ---------------------------------------------------------------------------------------------- the card


def molecule() -> Town:
    return a_town(
        rigs={"api": "ap"},
        agents=[str(SLOT0)],
        beads=[
            a_bead("ap-1", "Login", status="hooked", description="Make it \x1b[31mwork\x1b[0m."),
            a_bead("ap-1.1", "Design", parent="ap-1", status="closed"),
            a_bead("ap-1.2", "Build", parent="ap-1", needs=["ap-1.1"], metadata={"run": "make"}),
            a_bead("ap-1.3", "Test", parent="ap-1", needs=["ap-1.2"]),
        ],
        hooks=[a_hook(SLOT0, "ap-1", args="keep it small", dispatcher="mayor")],
    )


def test_the_next_step_is_the_first_that_waits_for_nothing() -> None:
    card = hook_card.card(molecule(), SLOT0)
    assert card is not None
    assert [step.bead_id for step in card.steps] == ["ap-1.1", "ap-1.2", "ap-1.3"]
    assert card.next_step is not None
    assert (card.next_step.bead_id, card.next_step.run) == ("ap-1.2", "make")
    assert card.steps[2].waits_for == ("ap-1.2",)


def test_the_short_card_is_the_documents_wording_and_what_was_said() -> None:
    card = hook_card.card(molecule(), SLOT0)
    assert card is not None
    lines = hook_card.short_lines(card)
    assert lines[0] == "HOOKED: ap-1"
    assert "  args: keep it small" in lines
    assert "  steps: 1 of 3 done" in lines
    assert lines[-1].startswith("  next: ap-1.2 Build")


def test_nothing_in_a_bead_can_speak_to_the_terminal() -> None:
    card = hook_card.card(molecule(), SLOT0)
    assert card is not None
    text = "\n".join(hook_card.long_lines(card))
    assert "Make it work." in text
    assert "\x1b" not in text


def test_interrupted_work_is_shown_as_hooked() -> None:
    town = a_town(rigs={"api": "ap"}, beads=[a_bead("ap-1", status="in_progress", assignee="api/crew/max")])
    card = hook_card.card(town, Address("api/crew/max"))
    assert card is not None
    assert card.interrupted
    assert hook_card.card(town, SLOT0) is None


def test_work_whose_steps_are_all_done_is_to_be_finished() -> None:
    town = a_town(
        rigs={"api": "ap"},
        beads=[a_bead("ap-1", status="hooked"), a_bead("ap-1.1", parent="ap-1", status="closed")],
        hooks=[a_hook(SLOT0, "ap-1")],
    )
    card = hook_card.card(town, SLOT0)
    assert card is not None
    assert "gt done" in hook_card.next_words(card)
