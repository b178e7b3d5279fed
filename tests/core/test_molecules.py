"""Molecules: poured, gone on with, condensed, burned, distilled."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, GastownError, NotFound, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.formula import Proto, ProtoStep
from gastown_tui.core.model.ids import BeadId, RigName
from gastown_tui.core.rules import beads, dispatch, gates
from gastown_tui.core.rules.distilling import formula_text, proto_of, with_variables
from gastown_tui.core.rules.ending import Squashing, burn, squash
from gastown_tui.core.rules.formula_cooking import cook
from gastown_tui.core.rules.formula_reading import read_formula
from gastown_tui.core.rules.formula_sling import FormulaSling, sling_formula
from gastown_tui.core.rules.molecules import Anatomy, next_steps, progress, root_of, states, worklist
from gastown_tui.core.rules.pouring import Pouring, pour
from gastown_tui.core.views import molecules as shown
from tests.core.formula_texts import AUDIT, SHINY, cooked
from tests.towns import NOW, a_bead, a_hook, a_town, after, facts


def molecule(town: Town, proto: Proto | str, **wish: Any) -> tuple[Town, Bead, dict[str, BeadId]]:
    """The town with a molecule more, its root, and the beads of its steps."""
    found = cooked(proto) if isinstance(proto, str) else proto
    poured = pour(town, Pouring(proto=found, **wish), actor="mayor", nonce=7)
    town = after(town, poured.entries, actor="mayor")
    return town, town.bead(poured.root_id), poured.mapping


def close(town: Town, *bead_ids: str, reason: str = "Closed") -> Town:
    """The town once some beads are closed, in one transaction."""
    along = {BeadId(each) for each in bead_ids}
    entries = [
        entry
        for each in bead_ids
        for entry in beads.close(town, town.bead(each), reason=reason, along_with=along - {BeadId(each)})
    ]
    return after(town, entries)


def lone() -> Town:
    return a_town(prefix="gt", is_town=False)


# ---------------------------------------------------------------------------------------------- pouring


def test_every_step_is_a_bead_that_waits_for_what_the_formula_says() -> None:
    town, root, ids = molecule(lone(), SHINY)
    assert root.id.startswith("gt-mol-") and root.kind == "molecule" and root.source_formula == "shiny"
    steps = [town.bead(ids[name]) for name in ("design", "implement", "test", "submit")]
    assert [step.id for step in steps] == [f"{root.id}.{number}" for number in (1, 2, 3, 4)]
    assert [(edge.depends_on_id, edge.type) for edge in steps[2].needs] == [
        (root.id, "parent-child"),
        (steps[1].id, "blocks"),
    ]
    assert steps[0].metadata == {"step": "design"} and steps[0].source_location == "shiny.formula.toml:5"
    assert town.own.registers.molecules == {root.id: "shiny"}


def test_what_the_worker_reads_goes_along_and_every_other_field() -> None:
    town, root, ids = molecule(
        lone(),
        """
        formula = "x"
        [vars]
        who = "ada"
        [[steps]]
        id = "a"
        title = "Ask {{who}}"
        description = "why"
        notes = "n"
        design = "d"
        acceptance = "when"
        type = "bug"
        priority = 0
        labels = ["l"]
        assignee = "{{who}}"
        run = "make"
        ask = "Which?"
        choices = ["x", "y"]
        wait_for_nudge = true
        mail = { to = "mayor", subject = "s" }
        [steps.metadata]
        more = 1
        """,
    )
    step = town.bead(ids["a"])
    assert (step.title, step.description, step.notes, step.design, step.acceptance_criteria) == (
        "Ask ada", "why", "n", "d", "when",
    )  # fmt: skip
    assert (step.kind, step.priority, step.labels, step.assignee) == ("bug", 0, ("l",), "ada")
    assert step.metadata == {
        "run": "make", "ask": "Which?", "choices": ["x", "y"], "wait_for_nudge": True, "more": 1, "step": "a",
        "mail": {"to": "mayor", "subject": "s"},
    }  # fmt: skip
    assert root.setting("vars") == {"who": "ada"}


NESTED = """
formula = "x"
[[steps]]
id = "p"
[[steps.children]]
id = "q"
[[steps.children.children]]
id = "r"
[[steps.children.children.children]]
id = "s"
[[steps.children.children.children.children]]
id = "t"
[[steps]]
id = "last"
needs = ["p"]
"""


def test_steps_inside_steps_have_ids_below_them_as_deep_as_ids_go() -> None:
    town, root, ids = molecule(lone(), NESTED)
    assert [ids[name].removeprefix(root.id) for name in "pqrst"] == [".1", ".1.1", ".1.1.1", ".1.1.2", ".1.1.3"]
    parents = {name: town.bead(ids[name]).needs[0].depends_on_id for name in "pqrst"}
    assert parents == {"p": root.id, "q": ids["p"], "r": ids["q"], "s": ids["r"], "t": ids["s"]}
    assert [town.bead(ids[name]).kind for name in "pqrst"] == ["epic", "epic", "epic", "epic", "task"]
    assert [bead.id for bead in worklist(town, root)] == [ids["t"], ids["last"]]


def test_a_gate_is_a_bead_its_step_waits_for() -> None:
    town, root, ids = molecule(
        lone(), 'formula = "x"\n[[steps]]\nid = "a"\n[steps.gate]\ntype = "timer"\ntimeout = "2h"\n[[steps]]\nid = "b"'
    )
    [gate] = Anatomy(town, root).gates()
    assert gate.id == f"{root.id}.gate-a" and (gate.await_type, gate.timeout) == ("timer", 7200 * 10**9)
    assert [step.id for step in next_steps(town, root)] == [ids["b"]]
    assert states(town, Anatomy(town, root))[ids["a"]] == "blocked"
    assert [step.id for step in next_steps(close(town, gate.id), root)] == [ids["a"], ids["b"]]


@pytest.mark.parametrize("gate", ['type = "timer"', 'type = "timer"\ntimeout = "soon"'])
def test_a_timer_without_a_length_is_refused_with_its_place(gate: str) -> None:
    with pytest.raises(BadInput, match=r"x\.formula\.toml:3: "):
        molecule(lone(), f'formula = "x"\n[[steps]]\nid = "a"\n[steps.gate]\n{gate}')


def test_a_step_that_waits_for_children_waits_for_their_bringer_first() -> None:
    town, root, ids = molecule(
        lone(), 'formula = "x"\n[[steps]]\nid = "a"\n[[steps]]\nid = "b"\nneeds = ["a"]\nwaits_for = "all-children"'
    )
    waiting = town.bead(ids["b"])
    assert [(edge.type, edge.metadata) for edge in waiting.needs[1:]] == [("waits-for", '{"gate":"all-children"}')]
    assert waiting.labels == ("gate:all-children",)
    assert [step.id for step in next_steps(town, root)] == [ids["a"]]
    brought = e.BeadCreated(
        bead_id=BeadId(f"{ids['a']}.1"),
        title="Found on the way",
        dependencies=(e.Edge(depends_on_id=ids["a"], dependency_type="parent-child"),),
    )
    town = after(town, [e.Entry(brought)])
    assert [step.id for step in next_steps(town, root)] == [brought.bead_id]
    town = close(town, brought.bead_id)
    assert town.bead(ids["a"]).is_closed, "a step closes with the last of what it brought forth"
    assert [step.id for step in next_steps(town, root)] == [ids["b"]]


def test_a_molecule_is_poured_onto_a_bead_and_the_bead_carries_it() -> None:
    town = a_town(rigs={"api": "ap"}, beads=[a_bead("ap-1", "Add login", priority=1, metadata={"run": "x"})])
    town, root, _ = molecule(town, SHINY, bead_id="ap-1")
    assert root.id.startswith("ap-mol-") and root.title == "shiny: Add login" and root.priority == 1
    host = town.bead("ap-1")
    assert host.metadata == {"run": "x", "attached_molecule": root.id, "attached_formula": "shiny"}
    assert [bead.id for bead in worklist(town, host)] == [f"{root.id}.{number}" for number in (1, 2, 3, 4)]
    with pytest.raises(Conflict, match=f"ap-1 carries the molecule {root.id} already"):
        molecule(town, SHINY, bead_id="ap-1")


@pytest.mark.parametrize(
    ("bead", "kind", "said"),
    [
        (a_bead("gt-1", status="closed"), Refused, "is closed"),
        (a_bead("gt-1", kind="message"), Refused, "is a message, not work"),
        (a_bead("gt-1", kind="agent"), Refused, "is an agent, not work"),
        (a_bead("gt-1", metadata=[1]), Refused, "is no object"),
        (a_bead("gt-2"), NotFound, "there is no bead"),
    ],
)
def test_nothing_is_poured_onto_what_is_no_work(bead: Bead, kind: type[GastownError], said: str) -> None:
    with pytest.raises(kind, match=said):
        molecule(a_town(prefix="gt", is_town=False, beads=[bead]), SHINY, bead_id="gt-1")


def test_a_wisp_is_one_passing_bead_with_its_steps_written_out() -> None:
    town, root, ids = molecule(lone(), SHINY, phase="vapor", with_steps=False)
    assert root.ephemeral and root.id.startswith("gt-wisp-") and ids == {"shiny": root.id}
    assert root.description is not None
    assert root.description.splitlines()[2:] == [
        "1. design: Design", "Think about architecture", "",
        "2. implement: Implement (after design)", "", "3. test: Test (after implement)", "",
        "4. submit: Submit (after test)",
    ]  # fmt: skip
    town, root, ids = molecule(lone(), SHINY, phase="vapor")
    assert all(town.bead(each).ephemeral for each in ids.values()) and len(ids) == 5


def test_two_pourings_never_share_an_id() -> None:
    town, first, _ = molecule(lone(), SHINY)
    _, second, _ = molecule(town, SHINY)
    assert first.id != second.id


# ---------------------------------------------------------------------------------------------- going on


def test_a_molecule_goes_on_step_by_step_and_closes_with_its_last() -> None:
    town, root, ids = molecule(lone(), SHINY)
    entries: tuple[e.Entry, ...] = ()
    for number, name in enumerate(("design", "implement", "test", "submit"), 1):
        assert [step.id for step in next_steps(town, root)] == [ids[name]]
        entries = beads.close(town, town.bead(ids[name]))
        town = after(town, entries)
        assert e.MolStepCompleted(mol_id=root.id, step_id=ids[name]) in facts(entries)
        assert progress(town, Anatomy(town, root)).completed == number
    assert town.bead(root.id).is_closed and town.bead(root.id).close_reason == "all steps complete"
    assert facts(entries)[-1] == e.MolCompleted(mol_id=root.id)


def test_steps_that_hold_others_close_with_the_last_of_them() -> None:
    town, root, ids = molecule(lone(), NESTED)
    town = close(town, ids["t"])
    assert all(town.bead(ids[name]).is_closed for name in "pqrst")
    assert not town.bead(root.id).is_closed
    assert [step.id for step in next_steps(town, root)] == [ids["last"]]
    assert close(town, ids["last"]).bead(root.id).is_closed


def test_several_steps_closed_at_once_end_the_molecule_once() -> None:
    town, root, ids = molecule(lone(), SHINY)
    steps = [ids[name] for name in ("design", "implement", "test", "submit")]
    along = set(steps)
    entries = [entry for each in steps for entry in beads.close(town, town.bead(each), along_with=along - {each})]
    assert facts(entries).count(e.MolCompleted(mol_id=root.id)) == 1
    assert sum(isinstance(each, e.BeadClosed) and each.bead_id == root.id for each in facts(entries)) == 1
    assert after(town, entries).bead(root.id).is_closed


def test_a_step_somebody_may_not_close_keeps_the_molecule_open() -> None:
    town, root, ids = molecule(lone(), 'formula = "x"\n[[steps]]\nid = "a"\n[[steps]]\nid = "b"')
    town = after(town, [e.Entry(e.BeadUpdated(bead_id=ids["a"], changes={"pinned": True}))])
    with pytest.raises(Refused, match="pinned"):
        beads.close(town, town.bead(ids["a"]), along_with={ids["b"]})
    town = after(town, beads.close(town, town.bead(ids["b"]), along_with={ids["a"]}))
    assert not town.bead(root.id).is_closed


def test_a_molecule_on_a_hook_is_done_but_stays_open_until_it_is_handed_in() -> None:
    town = a_town(rigs={"api": "ap"})
    town, root, ids = molecule(town, 'formula = "x"\n[[steps]]\nid = "a"', ledger="api")
    hook = a_hook("api/polecats/slot0", root.id)
    town.ledgers["api"].registers.hooks[hook.agent] = hook
    entries = beads.close(town, town.bead(ids["a"]))
    assert e.MolCompleted(mol_id=root.id) in facts(entries)
    assert not after(town, entries).bead(root.id).is_closed


def test_a_molecule_in_a_molecule_closes_outwards() -> None:
    town, outer, ids = molecule(lone(), 'formula = "x"\n[[steps]]\nid = "a"\n[[steps]]\nid = "b"')
    town, inner, inner_ids = molecule(town, 'formula = "y"\n[[steps]]\nid = "c"', bead_id=ids["a"])
    assert root_of(town, town.bead(inner_ids["c"])) == inner
    town = close(town, ids["b"])
    entries = beads.close(town, town.bead(inner_ids["c"]))
    town = after(town, entries)
    assert town.bead(inner.id).is_closed and town.bead(ids["a"]).is_closed and town.bead(outer.id).is_closed
    assert [fact.mol_id for fact in facts(entries) if isinstance(fact, e.MolCompleted)] == [inner.id, outer.id]


OPEN_ENDED = """
formula = "x"
[[steps]]
id = "refine"
[steps.loop]
until = "step.output.verdict == 'good'"
max = 3
[[steps.loop.body]]
id = "try"
[[steps.loop.body]]
id = "check"
needs = ["try"]
[[steps]]
id = "end"
needs = ["refine"]
"""


def verdict(town: Town, bead_id: str, word: str) -> Town:
    known = town.bead(bead_id).metadata
    changes = {"metadata": {**known, "output": {"verdict": word}}}
    return after(town, [e.Entry(e.BeadUpdated(bead_id=BeadId(bead_id), changes=changes))])


def test_an_open_ended_loop_ends_when_its_condition_holds() -> None:
    town, root, ids = molecule(lone(), OPEN_ENDED)
    town = close(town, ids["refine.iter1.try"])
    town = verdict(town, ids["refine.iter1.check"], "poor")
    town = close(town, ids["refine.iter1.check"])
    assert [step.id for step in next_steps(town, root)] == [ids["refine.iter2.try"]]
    town = close(town, ids["refine.iter2.try"])
    town = verdict(town, ids["refine.iter2.check"], "good")
    entries = beads.close(town, town.bead(ids["refine.iter2.check"]))
    town = after(town, entries)
    skipped = [town.bead(ids[f"refine.iter3.{name}"]) for name in ("try", "check")]
    assert [step.close_reason for step in skipped] == ["skipped: refine ended after round 2"] * 2
    assert [step.id for step in next_steps(town, root)] == [ids["end"]]
    assert {fact.status for fact in facts(entries) if isinstance(fact, e.MolStepCompleted)} == {"closed", "skipped"}


def test_an_open_ended_loop_ends_after_its_last_round_at_the_latest() -> None:
    town, root, ids = molecule(lone(), OPEN_ENDED)
    for number in (1, 2, 3):
        town = close(town, ids[f"refine.iter{number}.try"])
        town = close(town, ids[f"refine.iter{number}.check"])
    assert [step.id for step in next_steps(town, root)] == [ids["end"]]


def test_a_condition_gate_opens_when_it_has_become_so() -> None:
    text = SHINY + '[[steps]]\nid = "party"\n[[compose.gate]]\nbefore = "party"\ncondition = "steps.complete >= 2"\n'
    town, root, ids = molecule(lone(), text)
    [gate] = Anatomy(town, root).gates()
    town = close(town, ids["design"])
    assert gates.judge(town, town.bead(gate.id), NOW).outcome == "pending"
    assert [step.id for step in next_steps(town, root)] == [ids["implement"]]
    town = close(town, ids["implement"])
    assert town.bead(gate.id).is_closed
    assert [step.id for step in next_steps(town, root)] == [ids["test"], ids["party"]]


def conditional() -> Proto:
    steps = (
        ProtoStep(id="try", title="Try", origin="x"),
        ProtoStep(id="mend", title="Mend", needs_failed=("try",), origin="x"),
        ProtoStep(id="end", title="End", needs=("mend",), origin="x"),
    )
    return Proto(name="x", steps=steps)


def test_a_step_for_a_failure_is_skipped_when_there_was_none() -> None:
    town, root, ids = molecule(lone(), conditional())
    town = close(town, ids["try"])
    assert town.bead(ids["mend"]).close_reason == f"skipped: {ids['try']} did not fail"
    assert [step.id for step in next_steps(town, root)] == [ids["end"]]


def test_a_step_for_a_failure_comes_when_there_was_one() -> None:
    town, root, ids = molecule(lone(), conditional())
    town = close(town, ids["try"], reason="failed: no luck")
    assert [step.id for step in next_steps(town, root)] == [ids["mend"]]


@st.composite
def protos(draw: st.DrawFn) -> Proto:
    """Steps that need some before them, some inside others."""
    count = draw(st.integers(1, 10))
    steps: list[ProtoStep] = []
    for number in range(count):
        earlier = [step.id for step in steps]
        parent = draw(st.sampled_from(["", *earlier])) if earlier else ""
        above = set()
        at = parent
        while at:
            above.add(at)
            at = next(step.parent for step in steps if step.id == at)
        free = [name for name in earlier if name not in above]
        needs = draw(st.lists(st.sampled_from(free), max_size=2, unique=True)) if free else []
        steps.append(ProtoStep(id=f"s{number}", title=f"S{number}", parent=parent, needs=tuple(needs), origin="x"))
    return Proto(name="x", steps=tuple(steps))


@given(protos(), st.randoms(use_true_random=False))
def test_any_molecule_comes_to_its_end_whoever_takes_which_ready_step(proto: Proto, chance: Any) -> None:
    from gastown_tui.core.rules.formula_cooking import circle_in

    if circle_in(proto.steps):
        return
    town, root, ids = molecule(lone(), proto)
    order = [bead.id for bead in worklist(town, root)]
    assert len(set(order)) == len(order)
    done: list[BeadId] = []
    while ready := next_steps(town, town.bead(root.id)):
        step = chance.choice(ready)
        assert step.id in order and step.id not in done, "completed steps stay completed"
        done.append(step.id)
        town = close(town, step.id)
    assert sorted(done) == sorted(order)
    assert town.bead(root.id).is_closed and all(town.bead(each).is_closed for each in ids.values())


@given(protos())
def test_the_worklist_never_puts_a_step_before_what_it_waits_for(proto: Proto) -> None:
    from gastown_tui.core.rules.formula_cooking import circle_in

    if circle_in(proto.steps):
        return
    town, root, _ = molecule(lone(), proto)
    for step in worklist(town, root):
        assert step.id in {each.id for each in next_steps(town, town.bead(root.id))}
        town = close(town, step.id)


# ---------------------------------------------------------------------------------------------- the end


def test_a_wisp_is_squashed_to_a_digest_and_its_steps_are_gone() -> None:
    town, root, ids = molecule(lone(), SHINY, phase="vapor")
    town = close(town, ids["design"], reason="thought it through")
    squashed = squash(town, Squashing(root_id=root.id), actor="ada", nonce=9)
    town = after(town, squashed.entries)
    digest = town.bead(squashed.digest_id)
    assert digest.is_closed and digest.title == "Digest: shiny"
    assert digest.description is not None and "1 of 4 steps were done" in digest.description
    assert "- Design (thought it through)" in digest.description
    assert town.bead(root.id).is_closed and not town.bead(root.id).ephemeral
    assert all(town.find(ids[name]) is None for name in ("design", "implement", "test", "submit"))
    assert digest.needs[0].depends_on_id == root.id


def test_a_molecule_keeps_its_steps_and_is_squashed_only_when_it_is_done() -> None:
    town, root, ids = molecule(lone(), SHINY)
    with pytest.raises(Refused, match="4 of 4 steps"):
        squash(town, Squashing(root_id=root.id), actor="ada", nonce=9)
    forced = squash(town, Squashing(root_id=root.id, force=True, summary="Enough"), actor="ada", nonce=9)
    town = after(town, forced.entries)
    assert town.bead(forced.digest_id).description == "Enough"
    assert town.bead(ids["test"]).close_reason == "abandoned: its molecule was squashed"
    assert forced.deleted == ()


def test_a_burned_molecule_leaves_nothing_and_its_bead_is_free_again() -> None:
    town = a_town(prefix="gt", is_town=False, beads=[a_bead("gt-1", metadata={"k": 1})])
    town, root, ids = molecule(town, SHINY + '[steps.gate]\ntype = "human"\n', bead_id="gt-1")
    burned = burn(town, root.id)
    town = after(town, burned.entries)
    assert set(burned.deleted) == {*ids.values(), f"{root.id}.gate-submit"}
    assert all(town.find(each) is None for each in burned.deleted)
    assert town.bead("gt-1").metadata == {"k": 1}
    assert facts(burned.entries)[-1] == e.MolAbandoned(mol_id=root.id, reason="burned")


def test_what_hangs_on_a_hook_is_not_burned() -> None:
    town = a_town(rigs={"api": "ap"})
    town, root, _ = molecule(town, SHINY, ledger="api")
    hook = a_hook("api/polecats/slot0", root.id)
    town.ledgers["api"].registers.hooks[hook.agent] = hook
    with pytest.raises(Refused, match="hangs on the hook of api/polecats/slot0"):
        burn(town, root.id)


def test_a_plain_bead_is_neither_squashed_nor_burned() -> None:
    town = a_town(prefix="gt", is_town=False, beads=["gt-1"])
    with pytest.raises(BadInput, match="gt-1 is a task, not a molecule"):
        burn(town, "gt-1")
    with pytest.raises(BadInput, match="not a molecule"):
        squash(town, Squashing(root_id=BeadId("gt-1")), actor="ada", nonce=1)


# ---------------------------------------------------------------------------------------------- distilling


def recooked(proto: Proto) -> Proto:
    """What a proto comes to once it was written out and read again."""
    text = formula_text(proto)
    return cook(proto.name, {proto.name: read_formula(text, f"{proto.name}.formula.toml")})


def test_a_molecule_distilled_and_poured_again_is_the_same_work() -> None:
    source = cooked('formula = "e"\nextends = ["shiny"]\n[compose]\naspects = ["security-audit"]', SHINY, AUDIT)
    town, root, _ = molecule(lone(), source)
    again = recooked(proto_of(town, root, name="again"))
    plain = [(step.id, step.title, step.description, step.needs, step.parent) for step in source.steps]
    assert [(step.id, step.title, step.description, step.needs, step.parent) for step in again.steps] == plain


def test_an_epic_filed_by_hand_becomes_a_formula() -> None:
    town = a_town(
        prefix="gt",
        is_town=False,
        beads=[
            a_bead("gt-e", "Release 1.2.3", kind="epic", description="Out with 1.2.3"),
            a_bead("gt-e.1", "Tag 1.2.3", parent="gt-e", metadata={"run": "git tag 1.2.3"}),
            a_bead("gt-e.2", 'Say "done"', parent="gt-e", needs=["gt-e.1"], description='a\n"""\nb\\'),
        ],
    )
    proto = with_variables(proto_of(town, town.bead("gt-e"), name="release"), {"version": "1.2.3"})
    again = recooked(proto)
    assert [(step.id, step.title, step.needs) for step in again.steps] == [
        ("tag-1-2-3", "Tag {{version}}", ()),
        ("say-done", 'Say "done"', ("tag-1-2-3",)),
    ]
    assert again.steps[0].metadata["run"] == "git tag {{version}}"
    assert again.steps[1].description == 'a\n"""\nb\\'
    assert again.vars["version"].default == "1.2.3"


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_survives_being_written_as_a_formula(title: str, body: str) -> None:
    if not title.strip() or "{" in title + body:
        return
    step = ProtoStep(id="a", title=title, description=body, metadata={"run": body, "k": {"x": body}}, origin="x")
    again = recooked(Proto(name="x", steps=(step,)))
    assert again.steps[0].title == title
    assert again.steps[0].description == body.strip()


def test_nothing_is_distilled_from_a_bead_without_children() -> None:
    town = a_town(prefix="gt", is_town=False, beads=["gt-1"])
    with pytest.raises(Refused, match="no steps"):
        proto_of(town, town.bead("gt-1"))


# ---------------------------------------------------------------------------------------------- slinging a formula


def slung(town: Town, wish: FormulaSling) -> tuple[Town, list[e.Fact]]:
    draws = dispatch.Draws(assignments=("asg-1",), nonces=(3,))  # type: ignore[arg-type]
    entries = sling_formula(town, wish, draws)
    return after(town, entries), facts(entries)


def wanted(proto: Proto, target: str, on: str = "") -> FormulaSling:
    request = dispatch.Request(bead_ids=(on,) if on else (), target=target, asker="mayor")  # type: ignore[arg-type]
    return FormulaSling(proto=proto, on=on, request=request, nonce=5)


def test_a_formula_slung_onto_a_bead_is_poured_and_the_bead_hooked_in_one_go() -> None:
    town = a_town(rigs={"api": "ap"}, beads=[a_bead("ap-1", "Add login")])
    proto = cooked(SHINY.replace('id = "design"', 'id = "design"\ntitle = "Design {{feature}} of {{issue}}"'))
    town, told = slung(town, wanted(proto, "api", "ap-1"))
    hook = town.holder("ap-1")
    assert hook is not None and hook.agent == "api/polecats/slot0" and hook.ref_type == "bead"
    assert worklist(town, town.bead("ap-1"))[0].title == "Design Add login of ap-1"
    assert [type(fact) for fact in told].index(e.MolCreated) < [type(fact) for fact in told].index(e.HookSet)
    _, again = slung(town, wanted(proto, "api", "ap-1"))
    assert again == [], "slinging it again changes nothing"
    with pytest.raises(Conflict, match="carries the molecule"):
        slung(town, wanted(cooked('formula = "other"\n[[steps]]\nid = "a"'), "api", "ap-1"))


def test_a_formula_slung_by_itself_is_work_of_its_rig() -> None:
    town, told = slung(a_town(rigs={"api": "ap"}), wanted(cooked(SHINY), "api"))
    [hung] = [fact for fact in told if isinstance(fact, e.HookSet)]
    assert hung.ref_type == "mol" and hung.ref_id.startswith("ap-mol-")
    assert town.ledger_of(hung.ref_id) == "api" and town.bead(hung.ref_id).state == "hooked"
    convoys = [fact for fact in told if isinstance(fact, e.BeadCreated) and fact.issue_type == "convoy"]
    assert [edge.depends_on_id for edge in convoys[0].dependencies] == [hung.ref_id]


def test_a_formula_beyond_the_rigs_capacity_is_poured_and_waits() -> None:
    from gastown_tui.core.model.settings import RigSettings, Settings

    settings = Settings(rigs={RigName("api"): RigSettings(capacity=0)})
    town, told = slung(a_town(rigs={"api": "ap"}, settings=settings), wanted(cooked(SHINY), "api"))
    [waits] = [fact for fact in told if isinstance(fact, e.DispatchQueued)]
    assert town.bead(waits.bead_id).kind == "molecule"


# ---------------------------------------------------------------------------------------------- views


def test_steps_that_can_run_side_by_side_are_found() -> None:
    text = (
        'formula = "x"\n[[steps]]\nid = "a"\n[[steps]]\nid = "b"\n[[steps]]\nid = "c"\n[[steps]]\nid = "d"\n'
        '[[compose.branch]]\nfrom = "a"\nsteps = ["b", "c"]\njoin = "d"'
    )
    assert shown.waves(cooked(text).steps) == [["a"], ["b", "c"], ["d"]]


def test_a_molecules_card_says_how_far_it_is() -> None:
    town, root, ids = molecule(lone(), SHINY)
    town = close(town, ids["design"])
    card = shown.card(town, town.bead(root.id))
    assert (card.completed, card.total, card.ready, card.next_step_id) == (1, 4, 1, ids["implement"])
    assert shown.card_lines([card])[0].split() == [root.id, "█████░░░░░░░░░░░░░░░", "1/4", "open", "shiny"]


def test_the_pace_of_a_molecule_tells_how_long_the_rest_takes() -> None:
    done = [a_bead(f"gt-{n}", status="closed", closed_at=f"2026-01-06T1{n}:00:00Z") for n in range(3)]
    assert shown.pace([*done, a_bead("gt-9")]) == (1.0, 1.0)
    assert shown.pace([*done[:1], a_bead("gt-9")]) is None
