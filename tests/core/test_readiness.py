"""Who is ready and who waits, against a second reading of the same rules written in SQL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import to_builtins
from msgspec.structs import replace

from gastown_tui.core.errors import BadInput
from gastown_tui.core.events import Edge
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.bead_line import decode_bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.outline import decode_outlines, outline_of
from gastown_tui.core.model.times import epoch_ns, stamp
from gastown_tui.core.rules.readiness import ReadyRequest, Standing, free, is_free, ready, waiting
from gastown_tui.core.rules.ready_order import Compat, Policy, parse_policy
from tests.ledgers import corpus
from tests.towns import NOW, a_bead, ago

ALL = ReadyRequest(limit=0)

# ------------------------------------------------------------------------------- the rules once more, in SQL

_OPEN = "('open','in_progress','blocked','deferred','hooked')"
_FAILED = " OR ".join(
    f"lower(coalesce(b.reason,'')) LIKE '%{word}%'"
    for word in (
        "failed", "rejected", "wontfix", "won''t fix", "canceled", "cancelled", "abandoned", "blocked", "error",
        "timeout", "aborted",
    )
)  # fmt: skip
_SQL = f"""
WITH RECURSIVE direct(id) AS (
  SELECT d.source FROM edges d JOIN beads b ON b.id = d.target WHERE d.type = 'blocks' AND b.status IN {_OPEN}
  UNION SELECT d.source FROM edges d WHERE d.type = 'blocks' AND d.target LIKE 'external:%'
  UNION SELECT d.source FROM edges d JOIN beads b ON b.id = d.target WHERE d.type = 'conditional-blocks'
    AND (b.status IN ('open','in_progress','blocked','deferred') OR (b.status = 'closed' AND NOT ({_FAILED})))
  UNION SELECT d.source FROM edges d WHERE d.type = 'waits-for' AND coalesce(d.gate,'') <> 'any-children'
    AND EXISTS (SELECT 1 FROM edges c JOIN beads b ON b.id = c.source WHERE c.type = 'parent-child'
      AND c.target IN (d.target, d.spawner) AND b.status NOT IN ('closed','tombstone'))
  UNION SELECT d.source FROM edges d WHERE d.type = 'waits-for' AND d.gate = 'any-children'
    AND NOT EXISTS (SELECT 1 FROM edges c JOIN beads b ON b.id = c.source WHERE c.type = 'parent-child'
      AND c.target IN (d.target, d.spawner) AND b.status IN ('closed','tombstone'))
),
blocked(id, depth) AS (
  SELECT id, 0 FROM direct
  UNION SELECT e.source, p.depth + 1 FROM edges e JOIN blocked p ON p.id = e.target
    WHERE e.type = 'parent-child' AND p.depth < 50
)
SELECT id FROM beads WHERE status = 'open' AND NOT pinned AND NOT ephemeral AND NOT template
  AND kind NOT IN ('merge-request','gate','molecule','message','agent','role','rig')
  AND id NOT LIKE '%-mol-%' AND id NOT LIKE '%-wisp-%'
  AND (defer_ns IS NULL OR defer_ns <= :now) AND id NOT IN (SELECT id FROM blocked)
ORDER BY CASE WHEN created_ns >= :recent THEN 0 ELSE 1 END,
  CASE WHEN created_ns >= :recent THEN priority ELSE 0 END, created_ns, id
"""
_BLOCKED_SQL = f"""
SELECT id FROM beads WHERE status IN {_OPEN} AND NOT pinned AND (status IN ('blocked','deferred')
  OR EXISTS (SELECT 1 FROM edges d LEFT JOIN beads b ON b.id = d.target WHERE d.source = beads.id
    AND d.type = 'blocks' AND (b.status IN {_OPEN} OR d.target LIKE 'external:%')))
ORDER BY priority, created_ns, id
"""


class Oracle:
    """The beads in tables."""

    def __init__(self, beads: Iterable[Bead]) -> None:
        self.db = sqlite3.connect(":memory:")
        self.db.execute(
            "CREATE TABLE beads(id PRIMARY KEY, status, kind, priority, reason, pinned, ephemeral, template, "
            "created_ns, defer_ns)"
        )
        self.db.execute("CREATE TABLE edges(source, target, type, gate, spawner)")
        for bead in beads:
            self.db.execute(
                "INSERT INTO beads VALUES(?,?,?,?,?,?,?,?,?,?)",
                (
                    bead.id, bead.status or "open", bead.issue_type or "task", bead.priority, bead.close_reason,
                    bool(bead.pinned), bool(bead.ephemeral), bool(bead.is_template), epoch_ns(bead.created_at) or 0,
                    epoch_ns(bead.defer_until),
                ),
            )  # fmt: skip
            for edge in bead.dependencies or ():
                told = json.loads(edge.metadata) if edge.metadata else {}
                row = (bead.id, edge.depends_on_id, edge.type, told.get("gate"), told.get("spawner_id"))
                self.db.execute("INSERT INTO edges VALUES(?,?,?,?,?)", row)

    def ready(self) -> list[str]:
        now = epoch_ns(stamp(NOW))
        recent = epoch_ns(stamp(NOW - timedelta(hours=48)))
        return [row[0] for row in self.db.execute(_SQL, {"now": now, "recent": recent})]

    def blocked(self) -> list[str]:
        return [row[0] for row in self.db.execute(_BLOCKED_SQL)]


# ------------------------------------------------------------------------------- one rule at a time


def ready_ids(*beads: Bead, compat: Compat = Compat.JSONL) -> list[str]:
    return [bead.id for bead in ready(Standing(beads, compat=compat), ALL, NOW)]


@pytest.mark.parametrize("status", ["open", "in_progress", "blocked", "deferred", "hooked"])
def test_an_unfinished_blocker_blocks(status: str) -> None:
    assert "gt-b" not in ready_ids(a_bead("gt-a", status=status), a_bead("gt-b", needs=["gt-a"]))


@pytest.mark.parametrize("status", ["closed", "pinned", "tombstone", "some_custom"])
def test_what_is_over_or_unknown_blocks_nothing(status: str) -> None:
    assert "gt-b" in ready_ids(a_bead("gt-a", status=status), a_bead("gt-b", needs=["gt-a"]))


def test_in_the_later_rules_an_unknown_status_blocks() -> None:
    beads = a_bead("gt-a", status="some_custom"), a_bead("gt-b", needs=["gt-a"])
    assert "gt-b" not in ready_ids(*beads, compat=Compat.LATER)


def test_a_blocker_that_is_not_there_blocks_nothing() -> None:
    assert ready_ids(a_bead("gt-b", needs=["gt-gone"])) == ["gt-b"]


def test_an_outside_need_blocks_until_somebody_provides_it() -> None:
    waits = a_bead("gt-b", needs=["external:lib:search"])
    assert ready_ids(waits) == []
    provided = a_bead("gt-a", status="closed", labels=("provides:search",))
    assert ready_ids(provided, waits) == ["gt-b"]


def test_an_open_epic_never_blocks_its_children_but_what_blocks_it_does() -> None:
    child = a_bead("gt-c", parent="gt-e")
    assert "gt-c" in ready_ids(a_bead("gt-e", kind="epic"), child)
    assert ready_ids(a_bead("gt-a"), a_bead("gt-e", kind="epic", needs=["gt-a"]), child) == ["gt-a"]


def test_blockage_passes_down_every_generation() -> None:
    chain = [a_bead("gt-0", needs=["gt-x"]), *(a_bead(f"gt-{n}", parent=f"gt-{n - 1}") for n in range(1, 40))]
    assert ready_ids(a_bead("gt-x"), *chain) == ["gt-x"]


def test_a_ring_of_parents_ends() -> None:
    ring = a_bead("gt-a", parent="gt-b", needs=["gt-x"]), a_bead("gt-b", parent="gt-a")
    assert ready_ids(a_bead("gt-x"), *ring) == ["gt-x"]


@pytest.mark.parametrize(
    ("status", "reason", "blocks"),
    [("open", None, True), ("closed", "Done", True), ("closed", "Build FAILED twice", False), ("hooked", None, False)],
)
def test_a_conditional_blocker_lets_go_only_when_it_fails(status: str, reason: str | None, blocks: bool) -> None:
    edge = Edge(depends_on_id=BeadId("gt-a"), dependency_type="conditional-blocks")
    found = ready_ids(a_bead("gt-a", status=status, close_reason=reason), a_bead("gt-b", needs=[edge]))
    assert ("gt-b" in found) is not blocks


@pytest.mark.parametrize(
    ("gate", "children", "waits"),
    [
        ("all-children", ["closed", "open"], True),
        ("all-children", ["closed", "closed"], False),
        ("all-children", [], False),
        ("any-children", ["closed", "open"], False),
        ("any-children", ["open"], True),
        ("any-children", [], True),
    ],
)
def test_waiting_for_children(gate: str, children: list[str], waits: bool) -> None:
    edge = Edge(depends_on_id=BeadId("gt-p"), dependency_type="waits-for", metadata=json.dumps({"gate": gate}))
    family = [a_bead(f"gt-p.{n}", status=status, parent="gt-p") for n, status in enumerate(children)]
    found = ready_ids(a_bead("gt-p", status="in_progress"), a_bead("gt-w", needs=[edge]), *family)
    assert ("gt-w" not in found) is waits


def test_deferral_ends_at_its_moment() -> None:
    early, late = a_bead("gt-a", defer_until=ago(hours=1)), a_bead("gt-b", defer_until=ago(hours=-1))
    assert ready_ids(early, late) == ["gt-a"]
    assert [each.id for each in free(Standing([early, late]), NOW, include_deferred=True)] == ["gt-a", "gt-b"]


@pytest.mark.parametrize("kind", ["merge-request", "gate", "molecule", "message", "agent", "role", "rig"])
def test_what_is_no_work_is_handed_out_only_by_name(kind: str) -> None:
    bead = a_bead("gt-a", kind=kind)
    assert ready_ids(bead) == []
    assert [each.id for each in ready(Standing([bead]), ReadyRequest(kind=kind), NOW)] == ["gt-a"]


def test_steps_of_workflows_are_left_out_by_their_ids() -> None:
    assert ready_ids(a_bead("gt-mol-a1"), a_bead("gt-wisp-b2"), a_bead("gt-molten")) == ["gt-molten"]


@pytest.mark.parametrize("flag", ["pinned", "ephemeral", "is_template"])
def test_pinned_passing_and_template_beads_are_never_handed_out(flag: str) -> None:
    bead = replace(a_bead("gt-a"), **{flag: True})
    assert ready_ids(bead) == []
    assert not is_free(bead, Standing([bead]), NOW)


# ------------------------------------------------------------------------------- order and filters

A_WEEK = [
    a_bead("gt-old", priority=0, created_at=ago(days=7)),
    a_bead("gt-older", priority=4, created_at=ago(days=9)),
    a_bead("gt-late", priority=3, created_at=ago(hours=2)),
    a_bead("gt-later", priority=1, created_at=ago(hours=1)),
]


@pytest.mark.parametrize(
    ("policy", "order"),
    [
        (Policy.HYBRID, ["gt-later", "gt-late", "gt-older", "gt-old"]),
        (Policy.PRIORITY, ["gt-old", "gt-later", "gt-late", "gt-older"]),
        (Policy.OLDEST, ["gt-older", "gt-old", "gt-late", "gt-later"]),
    ],
)
def test_policies_order_work(policy: Policy, order: list[str]) -> None:
    for limit in (0, 1, 2, 3, 4, 5):
        request = ReadyRequest(policy=policy, limit=limit)
        found = [bead.id for bead in ready(Standing(A_WEEK), request, NOW)]
        assert found == (order[:limit] if limit else order)


def test_equal_age_is_settled_by_zone_then_fraction_then_id() -> None:
    stamps = {
        "gt-d": "2026-01-01T10:00:00.123456789Z",
        "gt-c": "2026-01-01T02:00:00.123456788-08:00",
        "gt-b": "2026-01-01T10:00:00.1Z",
        "gt-a": "2026-01-01T10:00:00Z",
        "gt-e": "2026-01-01T10:00:00Z",
    }
    beads = [a_bead(bead_id, created_at=at) for bead_id, at in stamps.items()]
    found = [bead.id for bead in ready(Standing(beads), ReadyRequest(policy=Policy.OLDEST, limit=0), NOW)]
    assert found == ["gt-a", "gt-e", "gt-b", "gt-c", "gt-d"]


def test_filters_narrow_what_is_handed_out() -> None:
    beads = [
        a_bead("gt-a", assignee="ada", labels=("x", "y"), priority=1),
        a_bead("gt-b", labels=("x",), priority=2),
        a_bead("gt-c", kind="bug", mol_type="swarm", priority=2),
        a_bead("gt-e", kind="epic", priority=3),
        a_bead("gt-f", parent="gt-e", priority=3),
        a_bead("gt-g", parent="gt-f", priority=3),
    ]

    def found(**wanted: object) -> set[str]:
        return {bead.id for bead in ready(Standing(beads), ReadyRequest(limit=0, **wanted), NOW)}  # type: ignore[arg-type]

    assert found(assignee="ada") == {"gt-a"}
    assert found(unassigned=True, assignee="ada") == {"gt-b", "gt-c", "gt-e", "gt-f", "gt-g"}
    assert found(labels=("x", "y")) == {"gt-a"}
    assert found(labels_any=("y", "z")) == {"gt-a"}
    assert found(kind="bug") == {"gt-c"}
    assert found(mol_type="swarm") == {"gt-c"}
    assert found(priority=2) == {"gt-b", "gt-c"}
    assert found(under=BeadId("gt-e")) == {"gt-f", "gt-g"}


def test_what_waits_names_its_direct_blockers_only() -> None:
    beads = [
        a_bead("gt-a"),
        a_bead("gt-b", needs=["gt-a", "gt-z"], priority=1),
        a_bead("gt-c", parent="gt-b"),
        a_bead("gt-d", status="deferred", priority=0),
        a_bead("gt-z", status="closed", needs=["gt-a"]),
    ]
    assert [(bead.id, blockers) for bead, blockers in waiting(Standing(beads))] == [("gt-d", ()), ("gt-b", ("gt-a",))]


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(BadInput, match=r"invalid sort policy 'loud'\. Valid values: hybrid, priority, oldest"):
        parse_policy("loud")


# ------------------------------------------------------------------------------- against the second reading

_EDGES = st.sampled_from(
    ["blocks", "blocks", "parent-child", "parent-child", "waits-for", "conditional-blocks", "related"]
)
_STATUS = st.sampled_from(
    ["open", "open", "open", "in_progress", "closed", "blocked", "deferred", "hooked", "tombstone"]
)


@st.composite
def ledgers(draw: st.DrawFn) -> list[Bead]:
    """Small ledgers with every kind of edge, loops and loose ends among them."""
    count = draw(st.integers(1, 12))
    beads = []
    for number in range(count):
        edges = {}
        for _ in range(draw(st.integers(0, 3))):
            target = f"gt-{draw(st.integers(0, count + 1))}"
            gate = draw(
                st.sampled_from([None, '{"gate":"any-children"}', '{"gate":"all-children","spawner_id":"gt-1"}'])
            )
            type_ = draw(_EDGES)
            metadata = gate if type_ == "waits-for" else None
            edges[target] = Edge(depends_on_id=BeadId(target), dependency_type=type_, metadata=metadata)
        beads.append(
            a_bead(
                f"gt-{number}",
                status=draw(_STATUS),
                kind=draw(st.sampled_from(["task", "bug", "epic", "gate"])),
                needs=edges.values(),
                priority=draw(st.integers(0, 4)),
                created_at=ago(hours=draw(st.integers(0, 100))),
                close_reason=draw(st.sampled_from([None, "Done", "Cancelled"])),
                defer_until=draw(st.sampled_from([None, ago(hours=1), ago(hours=-1)])),
                pinned=draw(st.sampled_from([None, None, True])),
            )
        )
    return beads


@settings(max_examples=300, deadline=None)
@given(ledgers())
def test_any_ledger_reads_the_same_in_sql(beads: list[Bead]) -> None:
    oracle = Oracle(beads)
    standing = Standing(beads)
    assert [bead.id for bead in ready(standing, ALL, NOW)] == oracle.ready()
    assert [bead.id for bead, _ in waiting(standing)] == oracle.blocked()


@settings(max_examples=100, deadline=None)
@given(ledgers(), st.integers(1, 5))
def test_the_first_few_are_the_first_of_all(beads: list[Bead], limit: int) -> None:
    standing = Standing(beads)
    for policy in Policy:
        whole = ready(standing, ReadyRequest(limit=0, policy=policy), NOW)
        assert ready(standing, ReadyRequest(limit=limit, policy=policy), NOW) == whole[:limit]


@pytest.mark.skipif(not corpus(), reason="the corpus of public ledgers is not here")
@pytest.mark.parametrize("file", corpus(), ids=lambda file: file.name)
def test_real_ledgers_read_the_same_in_sql_and_in_outline(file: Path) -> None:
    beads: dict[str, Bead] = {}
    for line in file.read_bytes().splitlines():
        try:
            bead = decode_bead(line)
        except BadInput:
            continue
        beads[bead.id] = bead
    oracle = Oracle(beads.values())
    standing = Standing(beads.values())
    assert [bead.id for bead in ready(standing, ALL, NOW)] == oracle.ready()
    assert [bead.id for bead, _ in waiting(standing)] == oracle.blocked()
    sketched = Standing([outline_of(bead) for bead in beads.values()])
    assert [outline.id for outline in ready(sketched, ALL, NOW)] == oracle.ready()


@pytest.mark.parametrize("status", ["", "open", "closed", "tombstone", "a-word-of-their-own"])
@pytest.mark.parametrize("kind", ["bug", "merge-request", "spell"])
@pytest.mark.parametrize("edge", ["blocks", "haunts"])
def test_an_outline_says_what_the_bead_says(status: str, kind: str, edge: str) -> None:
    said = f'"status":"{status}",' if status else ""
    line = (
        f'{{"id":"gt-a","title":"T",{said}"priority":1,"issue_type":"{kind}","created_at":"2026-01-01T00:00:00Z",'
        '"updated_at":"","labels":["x"],"dependencies":[{"issue_id":"gt-a","depends_on_id":"gt-b",'
        f'"type":"{edge}","created_at":""}}],"unknown":1}}\n'
    ).encode()
    other = b'{"id":"gt-b","title":"T","priority":1,"created_at":"","updated_at":"","status":"open"}\n'
    whole = [decode_bead(line), decode_bead(other)]
    assert to_builtins(decode_outlines(line + other)) == to_builtins([outline_of(bead) for bead in whole])
