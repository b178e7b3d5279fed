"""Where the two generations of rules differ, case by case: what 0.49 hands out, and what 1.0 does."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise

import pytest

from gastown_tui.core.errors import BadInput
from gastown_tui.core.events import Edge
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.rules.readiness import ReadyRequest, Standing, ready
from gastown_tui.core.rules.ready_order import Compat, Policy, parse_compat
from tests.towns import NOW, a_bead, ago

A, B, P = "gt-a", "gt-b", "gt-p"


def _blocked_by(status: str, reason: str | None = None, type_: str = "blocks") -> list[Bead]:
    edge = Edge(depends_on_id=BeadId(A), dependency_type=type_)
    return [a_bead(A, status=status, close_reason=reason), a_bead(B, needs=[edge])]


def _waits(gate: str, *children: str, spawner: str = "") -> list[Bead]:
    told = {"gate": gate} | ({"spawner_id": spawner} if spawner else {})
    edge = Edge(depends_on_id=BeadId(P), dependency_type="waits-for", metadata=json.dumps(told))
    family = [a_bead(f"{P}.{n}", status=status, parent=spawner or P) for n, status in enumerate(children)]
    return [a_bead(P, status="in_progress"), a_bead(B, needs=[edge]), *family]


def _below_closed(status: str) -> list[Bead]:
    """B below a parent that is over and that something blocks."""
    return [a_bead(A), a_bead(P, status=status, needs=[A]), a_bead(B, parent=P)]


def _chain(length: int) -> list[Bead]:
    """B so many generations below something blocked."""
    names = [f"gt-g{n}" for n in range(length)]
    line = [a_bead(name, kind="epic", parent=above) for above, name in pairwise(names)]
    return [a_bead(A), a_bead(names[0], needs=[A]), *line, a_bead(B, parent=names[-1])]


TABLE: list[tuple[str, Callable[[], list[Bead]], bool, bool]] = [
    # what, beads, is B ready in 0.49, in 1.0
    ("blocks: open", lambda: _blocked_by("open"), False, False),
    ("blocks: in_progress", lambda: _blocked_by("in_progress"), False, False),
    ("blocks: blocked", lambda: _blocked_by("blocked"), False, False),
    ("blocks: deferred", lambda: _blocked_by("deferred"), False, False),
    ("blocks: hooked", lambda: _blocked_by("hooked"), False, False),
    ("blocks: a status of one's own", lambda: _blocked_by("in_review"), True, False),
    ("blocks: pinned", lambda: _blocked_by("pinned"), True, True),
    ("blocks: closed", lambda: _blocked_by("closed"), True, True),
    ("blocks: tombstone", lambda: _blocked_by("tombstone"), True, True),
    ("conditional: open", lambda: _blocked_by("open", type_="conditional-blocks"), False, False),
    ("conditional: hooked", lambda: _blocked_by("hooked", type_="conditional-blocks"), True, False),
    ("conditional: closed as done", lambda: _blocked_by("closed", "Done", "conditional-blocks"), False, True),
    ("conditional: closed as failed", lambda: _blocked_by("closed", "It FAILED", "conditional-blocks"), True, True),
    ("conditional: closed, no reason", lambda: _blocked_by("closed", None, "conditional-blocks"), False, True),
    ("waits for all: one open", lambda: _waits("all-children", "closed", "open"), False, False),
    ("waits for all: none there", lambda: _waits("all-children"), True, True),
    ("waits for any: one closed", lambda: _waits("any-children", "closed", "open"), True, True),
    ("waits for any: none closed", lambda: _waits("any-children", "open"), False, False),
    ("waits for any: none there", lambda: _waits("any-children"), False, True),
    ("waits for the spawner's children", lambda: _waits("all-children", "open", spawner="gt-s"), False, True),
    ("below what is blocked", lambda: _below_closed("open"), False, False),
    ("below what is closed though blocked", lambda: _below_closed("closed"), False, True),
    ("below what is pinned though blocked", lambda: _below_closed("pinned"), False, True),
    ("fifty generations down", lambda: _chain(50), False, False),
    ("sixty generations down", lambda: _chain(60), True, False),
    ("put off", lambda: [a_bead(B, defer_until=ago(hours=-2))], False, False),
    ("below what is put off", lambda: [a_bead(P, defer_until=ago(hours=-2)), a_bead(B, parent=P)], True, False),
    ("below what was put off", lambda: [a_bead(P, defer_until=ago(hours=2)), a_bead(B, parent=P)], True, True),
    ("of no type that is work", lambda: [a_bead(B, kind="gate")], False, False),
]


@pytest.mark.parametrize(("what", "beads", "earlier", "later"), TABLE, ids=[row[0] for row in TABLE])
def test_each_generation_hands_out_what_its_rules_say(
    what: str, beads: Callable[[], list[Bead]], earlier: bool, later: bool
) -> None:
    for compat, expected in ((Compat.JSONL, earlier), (Compat.LATER, later)):
        found = {each.id for each in ready(Standing(beads(), compat=compat), ReadyRequest(limit=0), NOW)}
        assert (BeadId(B) in found) is expected, f"{what}, by {compat.value}"


def test_the_table_tells_the_generations_apart() -> None:
    assert sum(earlier is not later for _, _, earlier, later in TABLE) >= 10


def test_ids_of_workflow_steps_are_left_out_by_the_earlier_rules_alone() -> None:
    beads = [a_bead("gt-mol-x1"), a_bead("gt-b")]
    assert [each.id for each in ready(Standing(beads), ReadyRequest(), NOW)] == ["gt-b"]
    assert len(ready(Standing(beads, compat=Compat.LATER), ReadyRequest(), NOW)) == 2


def test_a_status_called_active_is_handed_out_by_the_later_rules_alone() -> None:
    beads, request = [a_bead("gt-a", status="triage")], ReadyRequest(further_statuses=("triage",))
    assert ready(Standing(beads), request, NOW) == []
    assert len(ready(Standing(beads, compat=Compat.LATER), request, NOW)) == 1


def test_children_by_id_alone_are_below_their_parent_by_the_later_rules() -> None:
    beads, request = [a_bead("gt-p"), a_bead("gt-p.1")], ReadyRequest(under=BeadId("gt-p"))
    assert ready(Standing(beads), request, NOW) == []
    assert [each.id for each in ready(Standing(beads, compat=Compat.LATER), request, NOW)] == ["gt-p.1"]


@pytest.mark.parametrize(
    ("policy", "earlier", "later"),
    [
        (Policy.PRIORITY, ["gt-u", "gt-o", "gt-n"], ["gt-u", "gt-n", "gt-o"]),
        (Policy.OLDEST, ["gt-o", "gt-n", "gt-u"], ["gt-o", "gt-n", "gt-u"]),
        (Policy.HYBRID, ["gt-u", "gt-n", "gt-o"], ["gt-u", "gt-n", "gt-o"]),
    ],
)
def test_equal_priorities_go_oldest_first_or_newest_first(policy: Policy, earlier: list[str], later: list[str]) -> None:
    beads = [
        a_bead("gt-o", created_at=ago(days=9)),
        a_bead("gt-n", created_at=ago(hours=3)),
        a_bead("gt-u", priority=0, created_at=ago(hours=1)),
    ]
    request = ReadyRequest(policy=policy)
    assert [each.id for each in ready(Standing(beads), request, NOW)] == earlier
    assert [each.id for each in ready(Standing(beads, compat=Compat.LATER), request, NOW)] == later


def test_no_other_generation_is_known() -> None:
    assert parse_compat("1.0") is Compat.LATER
    with pytest.raises(BadInput, match="no rules of generation"):
        parse_compat("0.9")
