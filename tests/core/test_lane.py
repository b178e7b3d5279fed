"""The merge lane as people read it."""

from __future__ import annotations

from typing import Any

from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId, RigName
from gastown_tui.core.model.settings import RigSettings, Settings
from gastown_tui.core.model.town import MergeRequest
from gastown_tui.core.views.lane import lane, lane_text, row, row_text
from tests.towns import NOW, a_bead, a_town, ago

API = RigName("api")


def request(number: int, state: str = "queued", **more: Any) -> MergeRequest:
    record: dict[str, Any] = {"queued_at": ago(minutes=20 - number), "since": ago(minutes=20 - number)} | more
    return MergeRequest(
        id=BeadId(f"ap-mr{number}"),
        bead_id=BeadId(f"ap-{number}"),
        branch=f"polecat/nux/ap-{number}",
        target="main",
        commit="c" * 40,
        worker=Address("api/polecats/nux"),
        assignment_id=AssignmentId(f"asg-{number}"),
        state=state,
        **record,
    )


def a_lane(*requests: MergeRequest, gate: str = "make test") -> Town:
    beads = [a_bead(each.bead_id, f"Work {each.bead_id}") for each in requests]
    settings = Settings(rigs={API: RigSettings(gate=gate)})
    return a_town(rigs={"api": "ap"}, beads=beads, merges=requests, settings=settings)


def test_what_is_in_line_has_a_place_and_what_is_aside_has_none() -> None:
    town = a_lane(request(1, "held"), request(2), request(3, "running"), request(4, "returned"), request(5, "merged"))
    rows = lane(town, API, NOW).rows
    assert [(each.place, each.id) for each in rows] == [(1, "ap-mr3"), (2, "ap-mr2"), (0, "ap-mr1"), (0, "ap-mr4")]


def test_what_is_over_comes_last_and_newest_first_when_asked_for() -> None:
    town = a_lane(request(1, "merged"), request(2, "rejected", since=ago(minutes=1)), request(3))
    rows = lane(town, API, NOW, closed=True).rows
    assert [each.id for each in rows] == ["ap-mr3", "ap-mr2", "ap-mr1"]


def test_a_lane_says_why_nothing_is_taken_up() -> None:
    assert lane(a_lane(request(1, "held")), API, NOW).note == "nothing waits"
    assert lane(a_lane(request(1)), API, NOW).note == ""


def test_the_text_lines_up_and_tells_state_without_colour() -> None:
    town = a_lane(request(1, "running"), request(2, "held", detail="release day"), request(12, priority=0))
    text = lane_text([lane(town, API, NOW)], NOW)
    assert text == "\n".join(
        [
            "api  gate: make test",
            "  1  ● running  ap-mr1   P2  ap-1   api/polecats/nux  19m  Work ap-1",
            "  2  ○ queued   ap-mr12  P0  ap-12  api/polecats/nux  8m   Work ap-12",
            "     ‖ held     ap-mr2   P2  ap-2   api/polecats/nux  18m  release day",
        ]
    )


def test_a_rig_without_a_gate_says_so() -> None:
    assert "no gate: results land unjudged" in lane_text([lane(a_lane(gate=""), API, NOW)], NOW)


def test_one_request_in_full() -> None:
    merged = request(1, "merged", merge_commit="m" * 40, merge_tree="t" * 40, gate="pass", strikes=1)
    text = row_text(row(a_lane(merged), "ap-1", NOW), NOW)
    assert text.splitlines() == [
        "ap-mr1",
        "  state     ✓ merged",
        "  bead      ap-1 Work ap-1",
        "  worker    api/polecats/nux",
        "  branch    polecat/nux/ap-1 → main",
        "  commit    cccccccccccc",
        "  priority  P2",
        "  queued    19m ago",
        "  gate      pass",
        "  returned  1×",
        "  merged as mmmmmmmmmmmm (tree tttttttttttt)",
    ]


def test_control_sequences_in_titles_and_details_never_reach_a_screen() -> None:
    nasty = request(1, detail="conflict: \x1b[31mred\x1b]0;title\x07")
    town = a_lane(nasty)
    town.ledgers["api"].beads[BeadId("ap-1")] = a_bead("ap-1", "\x1b]52;c;aGk=\x07hi")
    text = lane_text([lane(town, API, NOW)], NOW) + row_text(row(town, "ap-1", NOW), NOW)
    assert text.replace("\n", "").isprintable()
