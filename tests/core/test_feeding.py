"""Stranded work given to rigs by the deacon: what, in which order, and what never."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gastown_tui.core import events as e
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId, RigName
from gastown_tui.core.model.settings import ConvoySettings, RigSettings, Settings
from gastown_tui.core.rules.feeding import Stray, strays
from tests.towns import NOW, a_bead, a_convoy, a_hook, a_town, after, ago


def settings(*, feed: bool = True, capacity: int = 2) -> Settings:
    return Settings(convoys=ConvoySettings(feed=feed), rigs={RigName("api"): RigSettings(capacity=capacity)})


def stranded(*beads: Bead | str, convoy: str = "hq-cv-1", **options: Any) -> Town:
    """A town whose one convoy tracks all of some beads."""
    ids = [each if isinstance(each, str) else each.id for each in beads]
    everything = [*beads, a_convoy(convoy, *ids)]
    return a_town(rigs={"api": "ap", "web": "we"}, beads=everything, settings=settings(**options))


def fed(town: Town) -> list[str]:
    return [stray.bead_id for stray in strays(town, NOW)]


def test_ready_work_of_a_convoy_goes_to_its_rig() -> None:
    assert strays(stranded("ap-1"), NOW) == [Stray(BeadId("hq-cv-1"), BeadId("ap-1"), RigName("api"))]


def test_nothing_is_fed_unless_the_town_wants_it() -> None:
    assert fed(stranded("ap-1", feed=False)) == []


def test_no_rig_is_fed_beyond_its_room() -> None:
    assert fed(stranded("ap-1", "ap-2", "ap-3", "we-1")) == ["ap-1", "ap-2", "we-1"]
    town = stranded("ap-1", "ap-2", "ap-3")
    town.ledgers["api"].registers.hooks |= {(hook := a_hook("api/polecats/nux", "ap-9")).agent: hook}
    assert fed(town) == ["ap-1"]


def test_what_waits_in_line_comes_first() -> None:
    town = stranded("ap-1", "ap-2", capacity=1)
    town = after(town, [Entry(e.DispatchQueued(bead_id=BeadId("ap-2"), target="api"), "api")])
    assert fed(town) == []


def test_the_oldest_convoy_is_fed_first() -> None:
    convoys = [a_convoy("hq-cv-1", "ap-1"), a_convoy("hq-cv-2", "ap-2")]
    older = [{"created_at": ago(days=1)}, {"created_at": ago(days=2)}]
    aged = [msgspec.structs.replace(convoy, **when) for convoy, when in zip(convoys, older, strict=True)]
    town = a_town(rigs={"api": "ap"}, beads=["ap-1", "ap-2", *aged], settings=settings(capacity=1))
    assert fed(town) == ["ap-2"]


@pytest.mark.parametrize(
    "bead",
    [
        a_bead("ap-1", status="closed"),
        a_bead("ap-1", status="deferred"),
        a_bead("ap-1", status="in_progress"),
        a_bead("ap-1", status="blocked"),
        a_bead("ap-1", kind="epic"),
        a_bead("ap-1", kind="message"),
        a_bead("ap-1", needs=["ap-0"]),
        a_bead("ap-1", assignee="max"),
        a_bead("ap-1", pinned=True),
        a_bead("ap-1", defer_until="2100-01-01T00:00:00Z"),
        "hq-1",
    ],
    ids=lambda bead: bead if isinstance(bead, str) else f"{bead.status} {bead.kind} {bead.assignee}",
)
def test_what_is_no_work_to_begin_now_is_not_fed(bead: Bead | str) -> None:
    town = a_town(
        rigs={"api": "ap"},
        beads=["ap-0", bead, a_convoy("hq-cv-1", bead if isinstance(bead, str) else bead.id, "gone-1")],
        settings=settings(),
    )
    assert fed(town) == []


def test_a_worker_that_knows_the_work_may_get_it_again() -> None:
    assert fed(stranded(a_bead("ap-1", assignee="api/polecats/nux"))) == ["ap-1"]


def test_a_bead_of_two_convoys_is_fed_once_and_a_closed_convoy_feeds_nothing() -> None:
    two = [a_convoy("hq-cv-1", "ap-1"), a_convoy("hq-cv-2", "ap-1"), a_convoy("hq-cv-3", "ap-2", status="closed")]
    assert fed(a_town(rigs={"api": "ap"}, beads=["ap-1", "ap-2", *two], settings=settings())) == ["ap-1"]


def test_a_paused_rig_is_not_fed() -> None:
    town = after(stranded("ap-1", "we-1"), [Entry(e.RigPaused(rig=RigName("api"), reason="a flood"))])
    assert fed(town) == ["we-1"]
