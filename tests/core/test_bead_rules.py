"""Deciding about beads: ids, filing, changing, closing, deleting, depending."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, GastownError, NotFound, Refused
from gastown_tui.core.events import Edge
from gastown_tui.core.fold import LedgerState, Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.rules import bead_deletion, edges, renaming
from gastown_tui.core.rules import beads as rules
from gastown_tui.core.rules.bead_ids import (
    depth_of,
    fresh_id,
    length_for,
    next_child,
    parse_explicit_id,
    prefix_from,
    prefix_of_ledger,
    resolve,
)
from gastown_tui.core.rules.edges import WantedEdge, parse_wanted
from gastown_tui.core.rules.several import on_each
from tests.towns import a_bead, a_hook, a_town, after, ago, facts


def a_lone(*beads: Bead | str) -> Town:
    return a_town(beads=beads, prefix="gt", is_town=False)


def refusal(kind: type[GastownError], act: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(kind) as caught:
        act(*args, **more)
    assert type(caught.value) is kind
    return caught.value.message


# ---------------------------------------------------------------------------------------------- names

IDS = a_lone("gt-a3f", "gt-a3f.1", "gt-b3f9", "other-x1y2", "gt-two-words")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gt-a3f", "gt-a3f"),
        ("a3f", "gt-a3f"),
        ("A3F.1", "gt-a3f.1"),
        ("b3", "gt-b3f9"),
        ("gt-b3", "gt-b3f9"),
        ("x1y", "other-x1y2"),
        ("two-w", "gt-two-words"),
        ("  gt-a3f ", "gt-a3f"),
    ],
)
def test_part_of_an_id_finds_the_one_bead_it_fits(typed: str, meant: str) -> None:
    assert resolve(IDS, typed).id == meant


def test_an_ambiguous_part_names_what_it_fits() -> None:
    said = refusal(BadInput, resolve, IDS, "3f")
    assert said == 'ambiguous ID "3f" matches 3 issues: [gt-a3f gt-a3f.1 gt-b3f9]'


@pytest.mark.parametrize("typed", ["nope", "gt-nope", "", "-", "\x1b[31m", "a" * 500])
def test_what_fits_nothing_is_not_found(typed: str) -> None:
    assert refusal(NotFound, resolve, IDS, typed).startswith('no issue found matching "')


def test_the_deleted_are_not_found() -> None:
    assert "no issue found" in refusal(NotFound, resolve, a_lone(a_bead("gt-a3f", status="tombstone")), "a3f")


def test_in_a_town_the_ledger_one_stands_in_comes_first() -> None:
    town = a_town(rigs={"api": "ap", "web": "we"}, beads=["ap-x1", "we-x1"])
    assert resolve(town, "x1", ledger="web").id == "we-x1"
    assert resolve(town, "ap-x1", ledger="web").id == "ap-x1"


@pytest.mark.parametrize(
    ("count", "length"), [(0, 3), (160, 3), (170, 4), (970, 4), (1_000, 5), (34_000, 6), (10**7, 8)]
)
def test_hashes_grow_with_the_ledger(count: int, length: int) -> None:
    assert length_for(count) == length


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**64), st.text(max_size=20))
def test_a_fresh_id_is_nobodys(nonce: int, title: str) -> None:
    state = LedgerState()
    for _ in range(30):
        bead_id = fresh_id(state, "gt", (title,), nonce)
        assert bead_id not in state.beads
        assert 6 <= len(bead_id) <= 9 and bead_id.startswith("gt-")
        state.beads[bead_id] = a_bead(bead_id)


def test_child_numbers_are_never_given_twice() -> None:
    town = a_lone("gt-a", "gt-a.1", "gt-a.4")
    town.own.registers.children[BeadId("gt-a")] = 6
    assert next_child(town.own, BeadId("gt-a")) == "gt-a.7"
    assert "maximum hierarchy depth (3)" in refusal(BadInput, next_child, town.own, BeadId("gt-a.1.1.1"))
    assert depth_of("my.project-abc.2.13") == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nodash", "invalid ID format 'nodash'"),
        ("../../etc-x", "invalid ID format"),
        ("gt-", "invalid ID format"),
        ("-gt-1", "invalid ID format"),
        ("gt-a b", "invalid ID format"),
        ("bd-12", "prefix mismatch: database uses 'gt-' but ID 'bd-12' doesn't match (use --force to override)"),
    ],
)
def test_an_id_asked_for_must_be_one_and_of_this_ledger(text: str, said: str) -> None:
    assert refusal(BadInput, parse_explicit_id, text, ("gt",)).startswith(said)


def test_further_prefixes_may_be_allowed_and_any_forced() -> None:
    assert parse_explicit_id("bd-12", ("gt", "bd")) == "bd-12"
    assert parse_explicit_id("xx-12", ("gt",), force=True) == "xx-12"
    said = refusal(BadInput, parse_explicit_id, "xx-12", ("gt", "bd"))
    assert "(allowed: bd) but ID 'xx-12' doesn't match any allowed prefix" in said


def test_a_ledger_without_a_prefix_takes_the_one_most_beads_have() -> None:
    town = a_lone("bd-a1b", "bd-a2b", "gt-a3b")
    town.own.registers.prefix = ""
    assert prefix_of_ledger(town.own) == "bd"
    assert [prefix_from(name) for name in ("My App!", "42", "beads", "-x-")] == ["My-App", "bd", "beads", "x"]


# ---------------------------------------------------------------------------------------------- filing


def filed(town: Town, **wanted: Any) -> Bead:
    record: dict[str, Any] = {"title": "Work"} | wanted
    bead_id, entries = rules.create(town, "", rules.NewBead(**record), actor="ada", nonce=7)
    return after(town, entries, actor="ada").bead(bead_id)


def test_a_bead_is_filed_with_what_was_asked_for() -> None:
    bead = filed(
        a_lone(),
        description="why",
        kind="bug",
        priority=0,
        assignee="max",
        labels=("b", "a", "b"),
        fields={"design": "how", "estimated_minutes": 0, "metadata": {"run": "true"}, "notes": ""},
    )
    assert (bead.title, bead.description, bead.kind, bead.priority, bead.assignee) == ("Work", "why", "bug", 0, "max")
    assert bead.labels == ("a", "b") and bead.created_by == "ada" and bead.state == "open"
    assert (bead.design, bead.estimated_minutes, bead.metadata, bead.notes) == ("how", 0, {"run": "true"}, None)


def test_a_child_takes_its_parents_next_number_and_hangs_below_it() -> None:
    bead = filed(a_lone("gt-a", "gt-a.1"), parent="gt-a")
    assert bead.id == "gt-a.2"
    assert [(edge.depends_on_id, edge.type) for edge in bead.needs] == [("gt-a", "parent-child")]


def test_a_dependency_on_an_epic_makes_a_child_unless_a_type_is_given() -> None:
    town = a_lone(a_bead("gt-e", kind="epic"), "gt-a")
    bead = filed(town, edges=(parse_wanted("gt-e"), parse_wanted("gt-a"), parse_wanted("external:lib:x")))
    assert {edge.depends_on_id: edge.type for edge in bead.needs} == {
        "gt-e": "parent-child",
        "gt-a": "blocks",
        "external:lib:x": "blocks",
    }
    assert filed(town, edges=(parse_wanted("blocks:gt-e"),)).needs[0].type == "blocks"


@pytest.mark.parametrize(
    ("wanted", "kind", "said"),
    [
        ({"title": ""}, BadInput, "validation failed: title is required"),
        ({"title": "x" * 501}, BadInput, "validation failed: title must be 500 characters or less (got 501)"),
        ({"title": "two\nlines"}, BadInput, "validation failed: title must be one line"),
        ({"title": "t", "parent": "gt-zz"}, NotFound, "parent issue gt-zz not found"),
        ({"title": "t", "explicit_id": "gt-a"}, Conflict, "issue gt-a already exists"),
        ({"title": "t", "explicit_id": "gt-dead"}, Conflict, "issue gt-dead was deleted"),
        ({"title": "t", "explicit_id": "gt-x", "parent": "gt-a"}, BadInput, "cannot specify both --id and --parent"),
        ({"title": "t", "edges": (WantedEdge("gt-zz"),)}, NotFound, 'no issue found matching "gt-zz"'),
        ({"title": "t", "labels": ("a\nb",)}, BadInput, "'a\\nb' cannot be a label"),
        (
            {"title": "t", "kind": "epic", "edges": (WantedEdge("gt-a", "parent-child"),)},
            BadInput,
            "invalid parent-child",
        ),
    ],
)
def test_what_cannot_be_filed_is_refused_whole(wanted: dict[str, Any], kind: type[GastownError], said: str) -> None:
    town = a_lone("gt-a", a_bead("gt-dead", status="tombstone"))
    assert refusal(kind, rules.create, town, "", rules.NewBead(**wanted), actor="ada", nonce=1).startswith(said)


@pytest.mark.parametrize("text", ["", ":gt-a", "blocks:", "external:lib", "external::x", "x" * 51 + ":gt-a"])
def test_a_dependency_must_be_spelled_right(text: str) -> None:
    with pytest.raises(BadInput):
        parse_wanted(text)


# ---------------------------------------------------------------------------------------------- changing


def changed(town: Town, bead_id: str, actor: str = "ada", **wanted: Any) -> Bead:
    entries = rules.change(town, town.bead(bead_id), rules.Change(**wanted), actor=actor)
    return after(town, entries, actor=actor).bead(bead_id)


def test_fields_are_set_and_cleared() -> None:
    town = a_lone(a_bead("gt-a", design="old", assignee="max"))
    bead = changed(town, "gt-a", fields={"title": "New", "design": None, "assignee": None, "estimated_minutes": 5})
    assert (bead.title, bead.design, bead.assignee, bead.estimated_minutes) == ("New", None, None, 5)


def test_what_is_as_wanted_already_makes_no_fact() -> None:
    town = a_lone(a_bead("gt-a", assignee="max", labels=("x",)))
    wanted = rules.Change(fields={"assignee": "max", "design": None}, status="open", add_labels=("x",), parent="")
    assert rules.change(town, town.bead("gt-a"), wanted, actor="ada") == ()


def test_labels_are_added_removed_and_replaced() -> None:
    town = a_lone(a_bead("gt-a", labels=("a", "b")))
    assert changed(town, "gt-a", add_labels=("c",), remove_labels=("a",)).labels == ("b", "c")
    assert changed(town, "gt-a", set_labels=("z",)).labels == ("z",)


def test_a_claim_has_one_winner_even_when_the_same_asks_again() -> None:
    town = a_lone("gt-a")
    claimed = changed(town, "gt-a", claim=True)
    assert (claimed.assignee, claimed.state) == ("ada", "in_progress")
    later = after(town, rules.change(town, town.bead("gt-a"), rules.Change(claim=True), actor="ada"), actor="ada")
    for rival in ("max", "ada"):
        said = refusal(Conflict, rules.change, later, later.bead("gt-a"), rules.Change(claim=True), actor=rival)
        assert said == "claiming gt-a: issue already claimed by ada"


def test_a_closed_bead_cannot_be_claimed() -> None:
    town = a_lone(a_bead("gt-a", status="closed"))
    assert "it is closed" in refusal(
        Refused, rules.change, town, town.bead("gt-a"), rules.Change(claim=True), actor="x"
    )


def test_a_bead_moves_below_another_parent_and_out_again() -> None:
    town = a_lone("gt-p", "gt-q", a_bead("gt-a", parent="gt-p"))
    assert [edge.depends_on_id for edge in changed(town, "gt-a", parent="gt-q").needs] == ["gt-q"]
    assert changed(town, "gt-a", parent="").needs == ()
    said = refusal(NotFound, rules.change, town, town.bead("gt-a"), rules.Change(parent="gt-zz"), actor="x")
    assert said == "parent issue gt-zz not found"


def test_templates_are_read_only() -> None:
    town = a_lone(a_bead("gt-t", is_template=True))
    bead = town.bead("gt-t")
    for act in (
        lambda: rules.change(town, bead, rules.Change(claim=True), actor="x"),
        lambda: rules.close(town, bead),
        lambda: rules.reopen(town, bead, actor="x"),
        lambda: rules.defer(town, bead),
    ):
        assert refusal(Refused, act).startswith("cannot modify template gt-t: templates are read-only")


# ---------------------------------------------------------------------------------------------- closing


def test_open_blockers_keep_a_bead_from_closing_unless_forced_or_closed_along() -> None:
    town = a_lone("gt-a", "gt-b", a_bead("gt-c", needs=["gt-a", "gt-b"]))
    bead = town.bead("gt-c")
    said = refusal(Refused, rules.close, town, bead)
    assert said == "cannot close gt-c: blocked by open issues [gt-a gt-b] (use --force to override)"
    assert rules.close(town, bead, force=True)
    assert rules.close(town, bead, along_with={BeadId("gt-a"), BeadId("gt-b")})


def test_closing_twice_and_opening_what_is_open_do_nothing() -> None:
    town = a_lone(a_bead("gt-a", status="closed"), "gt-b")
    assert rules.close(town, town.bead("gt-a")) == ()
    assert rules.reopen(town, town.bead("gt-b"), actor="ada") == ()


def test_pinned_beads_close_by_force_alone() -> None:
    town = a_lone(a_bead("gt-a", pinned=True))
    assert refusal(Refused, rules.close, town, town.bead("gt-a")) == (
        "cannot modify pinned issue gt-a (use --force to override)"
    )
    assert rules.close(town, town.bead("gt-a"), force=True)


def test_closing_lets_go_of_the_hook_a_bead_hangs_on() -> None:
    town = a_town(
        rigs={"api": "ap"}, beads=[a_bead("ap-1", status="hooked")], hooks=[a_hook("api/polecats/nux", "ap-1")]
    )
    entries = rules.close(town, town.bead("ap-1"))
    assert [type(fact) for fact in facts(entries)] == [e.BeadClosed, e.HookCleared]
    closed = after(town, entries)
    assert closed.bead("ap-1").state == "closed" and closed.hooks() == {}


def test_a_molecule_closes_with_its_last_step_and_a_plain_epic_does_not() -> None:
    for kind, expected in (("molecule", "closed"), ("epic", "open")):
        steps = a_bead("gt-1", parent="gt-m", status="closed"), a_bead("gt-2", parent="gt-m")
        town = a_lone(a_bead("gt-m", kind=kind), *steps)
        assert after(town, rules.close(town, town.bead("gt-2"))).bead("gt-m").state == expected


def test_several_steps_closed_at_once_close_their_molecule_once() -> None:
    town = a_lone(a_bead("gt-m", kind="molecule"), a_bead("gt-1", parent="gt-m"), a_bead("gt-2", parent="gt-m"))
    both = {BeadId("gt-1"), BeadId("gt-2")}
    outcome = on_each(
        [town.bead(each) for each in sorted(both)], lambda bead: rules.close(town, bead, along_with=both - {bead.id})
    )
    closings = [fact.bead_id for fact in facts(outcome.entries) if isinstance(fact, e.BeadClosed)]
    assert sorted(closings) == ["gt-1", "gt-2", "gt-m"]


def test_reopening_says_why_in_a_comment() -> None:
    town = a_lone(a_bead("gt-a", status="closed", closed_at=ago(hours=1), close_reason="Done"))
    bead = after(town, rules.reopen(town, town.bead("gt-a"), reason="not done", actor="ada")).bead("gt-a")
    assert (bead.state, bead.closed_at, bead.close_reason) == ("open", None, None)
    assert [comment.text for comment in bead.comments or ()] == ["not done"]


def test_deferring_and_taking_back() -> None:
    town = a_lone("gt-a")
    put_off = after(town, rules.defer(town, town.bead("gt-a"), until=ago(hours=-5)))
    assert (put_off.bead("gt-a").state, put_off.bead("gt-a").defer_until) == ("deferred", ago(hours=-5))
    back = after(put_off, rules.undefer(put_off, put_off.bead("gt-a"))).bead("gt-a")
    assert (back.state, back.defer_until) == ("open", None)
    assert rules.undefer(town, town.bead("gt-a")) == ()


# ---------------------------------------------------------------------------------------------- deleting


def test_deleting_leaves_a_tombstone_and_no_edge_or_mention() -> None:
    town = a_lone(
        a_bead("gt-a", needs=["gt-b"]),
        a_bead("gt-b", description="see gt-a, not gt-ab nor gt-a.1; (gt-a)"),
        a_bead("gt-c", needs=["gt-a"]),
    )
    plan = bead_deletion.plan_deletion(town, [BeadId("gt-a")])
    gone = after(town, bead_deletion.delete(town, plan, reason="twice"), actor="ada")
    assert gone.find("gt-a") is None
    dead = gone.own.beads[BeadId("gt-a")]
    assert (dead.status, dead.deleted_by, dead.delete_reason, dead.original_type) == (
        "tombstone",
        "ada",
        "twice",
        "task",
    )
    assert gone.bead("gt-b").description == "see [deleted:gt-a], not gt-ab nor gt-a.1; ([deleted:gt-a])"
    assert gone.bead("gt-c").needs == ()
    assert plan.orphans == ("gt-c",)


def test_a_cascade_takes_everything_that_depends() -> None:
    town = a_lone("gt-a", a_bead("gt-b", needs=["gt-a"]), a_bead("gt-c", parent="gt-b"), "gt-d")
    plan = bead_deletion.plan_deletion(town, [BeadId("gt-a")], cascade=True)
    assert {bead.id for bead in plan.beads} == {"gt-a", "gt-b", "gt-c"} and plan.orphans == ()


def test_what_is_not_there_cannot_be_deleted_and_what_is_hooked_is_refused() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["ap-1", "ap-2"], hooks=[a_hook("api/polecats/nux", "ap-1")])
    one, two = [BeadId("ap-9")], [BeadId("ap-9"), BeadId("ap-8")]
    assert refusal(NotFound, bead_deletion.plan_deletion, town, one) == "issue ap-9 not found"
    assert refusal(NotFound, bead_deletion.plan_deletion, town, two) == "issues not found: ap-9, ap-8"
    plan = bead_deletion.plan_deletion(town, [BeadId("ap-1")])
    assert "hook of api/polecats/nux" in refusal(Refused, bead_deletion.delete, town, plan)


# ---------------------------------------------------------------------------------------------- depending

CHAIN = a_lone(
    "gt-a", a_bead("gt-b", needs=["gt-a"]), a_bead("gt-c", needs=["gt-b"]), a_bead("gt-e", kind="epic"), "gt-e.1"
)


@pytest.mark.parametrize(
    ("one", "other", "type_", "kind", "said"),
    [
        ("gt-a", "gt-a", "blocks", BadInput, "issue cannot depend on itself"),
        ("gt-a", "gt-c", "blocks", Refused, "cannot add dependency: would create a cycle (gt-a → gt-c → ... → gt-a)"),
        ("gt-a", "gt-c", "related", Refused, "cannot add dependency: would create a cycle"),
        ("gt-b", "gt-a", "blocks", Conflict, "failed to add dependency: gt-b already depends on gt-a (blocks)"),
        ("gt-b", "gt-a", "related", Conflict, "failed to add dependency: gt-b already depends on gt-a (blocks)"),
        ("gt-e.1", "gt-e", "blocks", Refused, "cannot add dependency: gt-e.1 is already a child of gt-e."),
        ("gt-e", "gt-a", "parent-child", BadInput, "invalid parent-child dependency: parent (gt-e) cannot depend on"),
        ("gt-a", "gt-e", "", BadInput, "invalid dependency type"),
        ("gt-a", "gt-e", "x" * 51, BadInput, "invalid dependency type"),
    ],
)
def test_edges_that_make_no_sense_are_refused(
    one: str, other: str, type_: str, kind: type[GastownError], said: str
) -> None:
    assert refusal(kind, edges.add, CHAIN, CHAIN.bead(one), BeadId(other), type_).startswith(said)


def test_links_go_both_ways_and_may_close_a_ring() -> None:
    linked = after(CHAIN, edges.relate(CHAIN, CHAIN.bead("gt-a"), CHAIN.bead("gt-c")))
    assert edges.edge_between(linked.bead("gt-a"), "gt-c") and edges.edge_between(linked.bead("gt-c"), "gt-a")
    assert edges.relate(linked, linked.bead("gt-a"), linked.bead("gt-c")) == ()
    apart = after(linked, edges.unrelate(linked, linked.bead("gt-a"), linked.bead("gt-c")))
    assert [bead.needs for bead in (apart.bead("gt-a"), apart.bead("gt-c"))] == [(), CHAIN.bead("gt-c").needs]


def test_an_edge_that_is_not_there_cannot_be_removed() -> None:
    said = refusal(NotFound, edges.remove, CHAIN, CHAIN.bead("gt-a"), BeadId("gt-b"))
    assert said == "dependency from gt-a to gt-b does not exist"


def test_every_ring_is_found_once_and_links_are_none() -> None:
    link = Edge(depends_on_id=BeadId("gt-h"), dependency_type="relates-to")
    beads = [
        a_bead("gt-a", needs=["gt-b"]),
        a_bead("gt-b", needs=["gt-c"]),
        a_bead("gt-c", needs=["gt-a"]),
        a_bead("gt-d", needs=["gt-d", "gt-a"]),
        a_bead("gt-g", needs=[link]),
        a_bead("gt-h", needs=["gt-g"]),
    ]
    found = edges.cycles({bead.id: bead for bead in beads})
    assert [[bead.id for bead in ring] for ring in found] == [["gt-a", "gt-b", "gt-c"], ["gt-d"]]


def test_a_very_long_chain_is_walked() -> None:
    beads = [a_bead("gt-0"), *(a_bead(f"gt-{n}", needs=[f"gt-{n - 1}"]) for n in range(1, 5000))]
    town = a_lone(*beads)
    assert len(edges.cycle_path(town, BeadId("gt-0"), BeadId("gt-4999"))) == 5000
    assert edges.cycles({bead.id: bead for bead in beads}) == []


# ---------------------------------------------------------------------------------------------- renaming


def test_a_renamed_bead_keeps_everything_and_is_followed() -> None:
    town = a_lone(
        a_bead("gt-a", labels=("x",), description="I am gt-a", needs=["gt-d"]),
        a_bead("gt-b", needs=["gt-a"], description="after gt-a"),
        "gt-d",
    )
    renamed = after(town, renaming.rename(town, {BeadId("gt-a"): BeadId("gt-z")}, now=ago()))
    fresh = renamed.bead("gt-z")
    assert (fresh.labels, fresh.description, [edge.issue_id for edge in fresh.needs]) == (("x",), "I am gt-z", ["gt-z"])
    assert [edge.depends_on_id for edge in renamed.bead("gt-b").needs] == ["gt-z"]
    assert renamed.bead("gt-b").description == "after gt-z" and renamed.find("gt-a") is None
    assert (
        refusal(Conflict, renaming.rename, town, {BeadId("gt-a"): BeadId("gt-b")}, now="")
        == "issue gt-b already exists"
    )


def test_a_moved_bead_is_closed_where_it_was() -> None:
    town = a_town(rigs={"api": "ap"}, beads=["hq-1", a_bead("hq-2", needs=["hq-1"])])
    moved = after(town, renaming.move(town, town.bead("hq-1"), BeadId("ap-9"), "api", now=ago(), keep_open=False))
    assert moved.bead("hq-1").close_reason == "Moved to ap-9"
    assert moved.rig_of("ap-9") == "api" and moved.bead("ap-9").state == "open"
    assert [edge.depends_on_id for edge in moved.bead("hq-2").needs] == ["ap-9"]
