"""Convoys: what they track, the one word for how they fare, and when they land."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, GastownError, NotFound, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId
from gastown_tui.core.model.settings import ConvoySettings, Settings
from gastown_tui.core.model.town import Agent, MergeRequest
from gastown_tui.core.rules import convoys
from gastown_tui.core.rules.convoys import NewConvoy
from gastown_tui.core.rules.progress import Card, Traffic, convoy_card, tracked_ids
from gastown_tui.core.views.convoys import bar, convoy_views
from tests.towns import NOW, a_bead, a_convoy, a_hook, a_town, after, ago, an_agent, facts

CV = BeadId("hq-cv-aaaaa")
WORKER = "api/polecats/slot0"


def town_with(*beads: Bead | str, agents: Iterable[Agent | str] = (), **more: object) -> Town:
    return a_town(beads=beads, agents=agents, rigs={"api": "ap", "web": "we"}, **more)  # type: ignore[arg-type]


def card(town: Town, convoy_id: str = CV) -> Card:
    return convoy_card(town, town.bead(convoy_id), NOW)


def working(age_s: float, *, bead_id: str = "ap-1") -> Town:
    """A convoy of one bead whose worker moved that long ago."""
    worker = an_agent(WORKER, "working", since=ago(seconds=age_s), bead_id=bead_id)
    return town_with(
        a_bead("ap-1", status="hooked", assignee=WORKER),
        a_convoy(CV, "ap-1"),
        agents=[worker],
        hooks=[a_hook(WORKER, "ap-1", since=ago(hours=1))],
    )


# ---------------------------------------------------------------------------------------------- how far


@pytest.mark.parametrize(
    ("age_s", "word"),
    [
        (-30, "active"),
        (0, "active"),
        (59.9, "active"),
        (60, "stale"),
        (299.9, "stale"),
        (300, "stuck"),
        (9000, "stuck"),
    ],
)
def test_the_word_follows_the_age_of_the_workers_newest_activity(age_s: float, word: str) -> None:
    assert card(working(age_s)).indicator == word


def test_the_thresholds_are_settings() -> None:
    town = working(100)
    town.settings = Settings(convoys=ConvoySettings(active_s=200, stale_s=400))
    assert card(town).indicator == "active"


def test_anything_the_worker_records_counts_as_activity() -> None:
    town = after(working(9000), [e.Entry(e.BeadNoted(bead_id=BeadId("ap-1"), text="on it"), "api")], actor=WORKER)
    assert card(town).indicator == "active"


def test_a_busy_worker_elsewhere_does_not_make_a_convoy_look_active() -> None:
    other = an_agent("api/polecats/slot1", "working", since=ago(seconds=1))
    town = town_with("ap-1", "ap-2", a_convoy(CV, "ap-1"), agents=[other], hooks=[a_hook(other.address, "ap-2")])
    assert card(town).indicator == "waiting"


def test_a_fresh_sling_is_activity_before_the_worker_has_said_a_word() -> None:
    town = town_with(
        a_bead("ap-1", status="hooked", assignee=WORKER),
        a_convoy(CV, "ap-1"),
        hooks=[a_hook(WORKER, "ap-1", since=ago())],
    )
    assert card(town).indicator == "active"


def test_work_in_the_merge_queue_moves_with_its_merge_request() -> None:
    merge = MergeRequest(
        id=BeadId("ap-mr"), bead_id=BeadId("ap-1"), branch="b", target="main", commit="c", worker=Address(WORKER),
        assignment_id=AssignmentId("asg-1"), queued_at=ago(hours=1), since=ago(seconds=5), state="running",
    )  # fmt: skip
    town = town_with(a_bead("ap-1", status="in_progress", assignee=WORKER), a_convoy(CV, "ap-1"), merges=[merge])
    assert card(town).indicator == "active"
    assert card(town).tracked[0].review == "running"


def test_a_convoy_nobody_works_on_waits() -> None:
    assert card(town_with("ap-1", a_convoy(CV, "ap-1"))).indicator == "waiting"


def test_a_convoy_is_complete_when_every_bead_is_closed_and_it_has_one() -> None:
    town = town_with(a_bead("ap-1", status="closed"), a_bead("we-1", status="tombstone"), a_convoy(CV, "ap-1", "we-1"))
    assert (card(town).indicator, card(town).done, card(town).total) == ("complete", 2, 2)


def test_an_empty_convoy_is_a_state_of_its_own() -> None:
    assert card(town_with(a_convoy(CV))).indicator == "empty"


def test_ids_no_ledger_has_are_shown_and_keep_the_convoy_open() -> None:
    town = town_with(a_bead("ap-1", status="closed"), a_convoy(CV, "ap-1", "ap-gone", "zz-1"))
    seen = card(town)
    assert (seen.indicator, seen.done, seen.total, seen.unknown) == ("unknown", 1, 3, 2)
    assert convoys.landings(town, NOW) == ()


def test_a_closed_convoy_with_open_beads_does_not_claim_to_be_complete() -> None:
    assert card(town_with("ap-1", a_convoy(CV, "ap-1", status="closed"))).indicator == "closed"


def test_ids_that_older_files_spell_as_external_are_read_as_the_bead() -> None:
    town = town_with("ap-1", a_convoy(CV, "external:ap-1:ap-1", "ap-1"))
    assert tracked_ids(town.bead(CV)) == ("ap-1",)


# ---------------------------------------------------------------------------------------------- making


def create(town: Town, *words: str, **more: object) -> Town:
    wish = NewConvoy(words=words, convoy_id=CV, **more)  # type: ignore[arg-type]
    return after(town, convoys.create(town, wish), actor="mayor")


def test_a_convoy_tracks_beads_of_several_rigs_once_each() -> None:
    town = create(town_with("ap-1", "we-1"), "Feature X", "ap-1", "we-1", "ap-1")
    convoy = town.bead(CV)
    assert (convoy.title, convoy.kind, tracked_ids(convoy)) == ("Feature X", "convoy", ("ap-1", "we-1"))
    assert convoy.created_by == "mayor"


def test_a_convoy_may_be_empty() -> None:
    assert card(create(town_with(), "Later")).indicator == "empty"


def test_without_a_title_the_first_bead_gives_it() -> None:
    town = create(town_with(a_bead("ap-1", "Login form"), "ap-2"), "ap-1", "ap-2")
    assert (town.bead(CV).title, len(tracked_ids(town.bead(CV)))) == ("Login form", 2)


def test_a_title_may_look_like_an_id_of_nowhere() -> None:
    assert create(town_with("ap-1"), "auth-system", "ap-1").bead(CV).title == "auth-system"


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        (("Feature X", "ap-9", "ap-1", "ap-8"), NotFound, "ap-9, ap-8"),
        (("ap-9",), NotFound, "ap-9"),
        (("Feature", "X", "ap-1"), BadInput, "'X'"),
        (("X", "../ap-1"), BadInput, "'../ap-1'"),
        ((), BadInput, "title"),
        (("   ",), BadInput, "title"),
        (("--help",), BadInput, "option"),
        (("x" * 201,), BadInput, "longer"),
        (("X", "hq-cv-other"), Refused, "itself a convoy"),
    ],
)
def test_a_bad_request_is_refused_by_name(words: tuple[str, ...], error: type[GastownError], says: str) -> None:
    town = town_with("ap-1", a_convoy("hq-cv-other"))
    with pytest.raises(error, match=says):
        convoys.create(town, NewConvoy(words=words, convoy_id=CV))


def test_a_title_is_stored_as_one_plain_line() -> None:
    assert create(town_with(), "Ship\n it\x1b[2J").bead(CV).title == "Ship it"


def test_an_epic_brings_its_leaves() -> None:
    town = town_with(
        a_bead("ap-e", "Auth", kind="epic"),
        a_bead("ap-e.1", parent="ap-e", kind="epic"),
        a_bead("ap-e.1.1", parent="ap-e.1"),
        a_bead("ap-e.2", parent="ap-e", status="closed"),
        "ap-x",
    )
    convoy = create(town, from_epic="ap-e").bead(CV)
    assert (convoy.title, set(tracked_ids(convoy))) == ("Auth", {"ap-e.1.1", "ap-e.2"})


def test_an_epic_without_children_or_in_a_circle_ends_in_a_refusal() -> None:
    with pytest.raises(Refused):
        create(town_with(a_bead("ap-e", kind="epic")), from_epic="ap-e")
    with pytest.raises(Refused):
        create(town_with(a_bead("ap-a", parent="ap-b"), a_bead("ap-b", parent="ap-a")), from_epic="ap-a")


def test_fresh_ids_avoid_those_there_are() -> None:
    town = town_with()
    first = convoys.convoy_id(town, 12345)
    assert convoys.convoy_id(town_with(a_convoy(first)), 12345) != first
    assert convoys.convoy_id(town, 12345, {first}) != first
    assert len(first) == len("hq-cv-") + 5


# ---------------------------------------------------------------------------------------------- on a sling


def test_a_sling_of_an_untracked_bead_makes_a_convoy_for_it() -> None:
    town = town_with(a_bead("ap-1", "Fix login"))
    town = after(town, convoys.auto_convoy(town, "ap-1", convoy_id=CV, owner="mayor"))
    assert town.bead(CV).title == "Work: Fix login"
    assert convoys.auto_convoy(town, "ap-1", convoy_id=BeadId("hq-cv-bbbbb")) == ()


def test_a_closed_convoy_does_not_count_as_tracking() -> None:
    town = town_with("ap-1", a_convoy("hq-cv-old", "ap-1", status="closed"))
    assert convoys.auto_convoy(town, "ap-1", convoy_id=CV) != ()


# ---------------------------------------------------------------------------------------------- changing


def test_adding_twice_tracks_once() -> None:
    town = town_with("ap-1", "ap-2", a_convoy(CV, "ap-1"))
    entries = convoys.add(town, town.bead(CV), ("ap-1", "ap-2"))
    assert tracked_ids(after(town, entries).bead(CV)) == ("ap-1", "ap-2")
    assert len(entries) == 1


def test_adding_to_a_landed_convoy_sets_it_rolling_again_and_it_can_land_once_more() -> None:
    town = town_with(a_bead("ap-1", status="closed"), a_bead("ap-2", status="closed"), a_convoy(CV, "ap-1"))
    landed = after(town, convoys.landings(town, NOW))
    assert landed.bead(CV).is_closed
    rolling = after(landed, convoys.add(landed, landed.bead(CV), ("ap-2",)))
    assert not rolling.bead(CV).is_closed
    assert after(rolling, convoys.landings(rolling, NOW)).bead(CV).is_closed


def test_an_unknown_id_can_be_taken_out_and_the_convoy_lands() -> None:
    town = town_with(a_bead("ap-1", status="closed"), a_convoy(CV, "ap-1", "zz-1"))
    town = after(town, convoys.remove(town, town.bead(CV), ("zz-1",)))
    assert card(town).indicator == "complete"
    with pytest.raises(NotFound):
        convoys.remove(town, town.bead(CV), ("zz-1",))


# ---------------------------------------------------------------------------------------------- landing


def test_a_convoy_lands_when_its_last_bead_closes_and_tells_who_waits() -> None:
    town = create(
        town_with("ap-1", "we-1"), "Feature X", "ap-1", "we-1", notify=(Address("overseer"), Address("mayor"))
    )
    half = after(town, [e.Entry(e.BeadClosed(bead_id=BeadId("ap-1")), "api")])
    assert convoys.landings(half, NOW) == ()
    done = after(half, [e.Entry(e.BeadClosed(bead_id=BeadId("we-1")), "web")])
    landed = after(done, convoys.landings(done, NOW), actor="deacon")
    (mail,) = landed.own.mail.values()
    assert landed.bead(CV).is_closed
    assert (mail.to, mail.sender, mail.subject) == (("overseer", "mayor"), "deacon", "Convoy landed: Feature X")
    assert "ap-1" in mail.body
    assert convoys.landings(landed, NOW) == ()


def test_submitting_is_not_landing() -> None:
    town = town_with(a_bead("ap-1", status="in_progress"), a_convoy(CV, "ap-1"))
    assert convoys.landings(town, NOW) == ()


def test_an_empty_convoy_never_lands_by_itself() -> None:
    assert convoys.landings(town_with(a_convoy(CV)), NOW) == ()


def test_nobody_is_told_twice_or_without_asking() -> None:
    town = town_with(a_bead("ap-1", status="closed"), a_convoy(CV, "ap-1"))
    assert facts(convoys.landings(town, NOW)) == [e.ConvoyLanded(convoy_id=CV)]


def test_an_unfinished_convoy_closes_and_lands_only_by_force() -> None:
    town = town_with("ap-1", a_convoy(CV, "ap-1"))
    convoy = town.bead(CV)
    for act in (convoys.close, convoys.land):
        with pytest.raises(Refused, match="ap-1 not closed"):
            act(town, convoy, NOW)
    assert after(town, convoys.close(town, convoy, NOW, force=True)).bead(CV).close_reason == "closed at 0 of 1"
    forced = facts(convoys.land(town, convoy, NOW, force=True))
    assert forced == [e.ConvoyLanded(convoy_id=CV, forced=True)]


def test_closing_what_is_closed_changes_nothing() -> None:
    town = town_with(a_convoy(CV, status="closed"))
    assert convoys.close(town, town.bead(CV), NOW) == ()
    assert convoys.land(town, town.bead(CV), NOW) == ()


# ---------------------------------------------------------------------------------------------- finding


def test_a_convoy_is_found_by_id_number_end_or_title() -> None:
    town = town_with(
        a_convoy(CV, title="Second", created_at=ago(hours=1)),
        a_convoy("hq-cv-bbbbb", title="First", created_at=ago(hours=2)),
    )
    assert convoys.find(town, CV).id == CV
    assert convoys.find(town, "1").title == "First"
    assert convoys.find(town, "2").title == "Second"
    assert convoys.find(town, "bbbbb").title == "First"
    assert convoys.find(town, "Second").id == CV


@pytest.mark.parametrize("text", ["0", "3", "hq-cv-zzzzz", "", "nope", "9" * 30])
def test_an_unknown_convoy_is_an_error(text: str) -> None:
    with pytest.raises(NotFound):
        convoys.find(town_with(a_convoy(CV)), text)


def test_a_bead_that_is_no_convoy_is_refused_as_one() -> None:
    with pytest.raises(BadInput, match="not a convoy"):
        convoys.find(town_with("ap-1"), "ap-1")


def test_stranded_work_is_ready_and_nobody_has_it() -> None:
    town = town_with(
        "ap-1", "ap-2", a_bead("ap-3", needs=["ap-1"]), a_bead("ap-4", status="in_progress"),
        a_convoy(CV, "ap-1", "ap-2", "ap-3", "ap-4"), a_convoy("hq-cv-bbbbb", "ap-4"),
        hooks=[a_hook(WORKER, "ap-2")],
    )  # fmt: skip
    ((convoy, free),) = convoys.stranded(town, NOW)
    assert (convoy.id, [bead.id for bead in free]) == (CV, ["ap-1"])


# ---------------------------------------------------------------------------------------------- shown


def test_a_bar_is_full_only_when_everything_is_done() -> None:
    ids = [f"ap-{n}" for n in range(30)]
    most = town_with(*(a_bead(each, status="closed") for each in ids[1:]), ids[0], a_convoy(CV, *ids))
    assert bar(card(most)) == "▇" * 9 + "▁"
    every = town_with(*(a_bead(each, status="closed") for each in ids), a_convoy(CV, *ids))
    assert bar(card(every)) == "▇" * 10
    assert bar(card(town_with(a_convoy(CV)))) == "▁" * 10


def test_a_hostile_title_stays_on_its_line() -> None:
    hostile = "a\x1b[2J\nb\x07"
    town = town_with(a_bead("ap-1", hostile, assignee="x\ny"), a_convoy(CV, "ap-1", title=hostile))
    (view,) = convoy_views(town, NOW)
    assert view.line().isprintable()
    assert all(line.isprintable() for line in view.tree().split("\n"))
    assert len(view.tree().split("\n")) == 2


def test_open_convoys_are_numbered_and_closed_ones_follow_the_newest_first() -> None:
    town = town_with(
        a_convoy("hq-cv-2", created_at=ago(hours=1)),
        a_convoy("hq-cv-1", created_at=ago(hours=2)),
        a_convoy("hq-cv-3", status="closed", closed_at=ago(hours=3)),
        a_convoy("hq-cv-4", status="closed", closed_at=ago(hours=1)),
    )
    views = convoy_views(town, NOW, closed=True)
    assert [(view.number, view.id) for view in views] == [
        (1, "hq-cv-1"),
        (2, "hq-cv-2"),
        (0, "hq-cv-4"),
        (0, "hq-cv-3"),
    ]
    assert views[0].data()["completed"] == views[0].data()["done"] == 0


def test_reading_many_convoys_at_once_says_the_same_as_reading_each() -> None:
    town = working(100)
    assert convoy_card(town, town.bead(CV), NOW, Traffic(town)) == card(town)
