"""Cooking: parents, loops, expansions, branches, gates, aspects, and everything that stops it."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.model.formula import ProtoStep
from gastown_tui.core.rules.formula_cooking import circle_in, names_used, waiting_lists
from gastown_tui.core.rules.formula_texts import fill, fits, holds, span
from gastown_tui.core.rules.formula_vars import rendered, undeclared, values_for
from tests.core.formula_texts import AUDIT, SHINY, cooked, read, shape

CHAIN = {"design": (), "implement": ("design",), "test": ("implement",), "submit": ("test",)}


def test_the_documents_example_cooks_as_written() -> None:
    proto = cooked(SHINY)
    assert shape(proto) == CHAIN
    assert [step.title for step in proto.steps] == ["Design", "Implement", "Test", "Submit"]
    assert proto.steps[0].description == "Think about architecture"


# ---------------------------------------------------------------------------------------------- parents


def test_a_child_replaces_steps_in_place_and_adds_the_others() -> None:
    proto = cooked(
        """
        formula = "mine"
        extends = ["shiny"]
        [[steps]]
        id = "announce"
        needs = ["submit"]
        [[steps]]
        id = "implement"
        title = "Build it my way"
        needs = ["design"]
        """,
        SHINY,
    )
    assert shape(proto) == {**CHAIN, "announce": ("submit",)}
    assert [step.title for step in proto.steps if step.id == "implement"] == ["Build it my way"]
    assert proto.steps[1].origin == "mine.formula.toml:7" and proto.steps[2].origin == "shiny.formula.toml:13"
    assert proto.description == "Design before code"


def test_a_step_inside_another_is_replaced_where_it_stands() -> None:
    parent = """
        formula = "parent"
        [[steps]]
        id = "outer"
        [[steps.children]]
        id = "inner"
        [[steps]]
        id = "rounds"
        [steps.loop]
        count = 1
        [[steps.loop.body]]
        id = "turn"
        """
    child = """
        formula = "child"
        extends = "parent"
        [[steps]]
        id = "inner"
        title = "Mine"
        [[steps]]
        id = "turn"
        title = "Also mine"
        """
    proto = cooked(child, parent)
    assert [(step.id, step.title, step.parent) for step in proto.steps] == [
        ("outer", "Outer", ""),
        ("inner", "Mine", "outer"),
        ("rounds.iter1.turn", "Also mine", ""),
    ]


def test_several_parents_come_in_order_and_share_a_grandparent() -> None:
    left = 'formula = "left"\nextends = ["shiny"]\n[vars]\nv = "left"\n[[steps]]\nid = "l"'
    right = 'formula = "right"\nextends = ["shiny"]\n[vars]\nv = "right"\nw = "right"\n[[steps]]\nid = "r"'
    proto = cooked('formula = "both"\nextends = ["left", "right"]\n[[steps]]\nid = "own"', left, right, SHINY)
    assert list(shape(proto)) == [*CHAIN, "l", "r", "own"]
    assert {name: var.default for name, var in proto.vars.items()} == {"v": "left", "w": "right"}


def test_a_child_inherits_aspects_expansions_and_advice_and_adds_its_own() -> None:
    parent = 'formula = "parent"\nextends = ["shiny"]\n[compose]\naspects = ["security-audit"]'
    child = (
        'formula = "child"\nextends = ["parent"]\n[[compose.branch]]\nfrom = "design"\nsteps = ["x", "y"]\n'
        'join = "submit"\n[[steps]]\nid = "x"\n[[steps]]\nid = "y"'
    )
    found = shape(cooked(child, parent, SHINY, AUDIT))
    assert "implement-prescan" in found and found["x"] == ("design",) and found["y"] == ("design",)
    assert set(found["submit-prescan"]) == {"test", "x", "y"}


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (('formula = "a"\nextends = ["b"]', 'formula = "b"\nextends = ["a"]'), "circular extends: a -> b -> a"),
        (('formula = "a"\nextends = ["a"]',), "circular extends: a -> a"),
        (
            (
                'formula = "a"\nextends = ["b", "c"]',
                'formula = "b"\n[[steps]]\nid = "s"',
                'formula = "c"\n[[steps]]\nid = "s"\ntitle = "other"',
            ),
            "c.formula.toml:3: step 's' clashes with the one at b.formula.toml:3",
        ),
    ],
)
def test_parents_that_do_not_fit_are_refused(texts: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadInput) as told:
        cooked(*texts)
    assert said in told.value.message


def test_a_parent_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound, match=r"a\.formula\.toml:2: there is no formula 'nobody'"):
        cooked('formula = "a"\nextends = ["nobody"]')


# ---------------------------------------------------------------------------------------------- loops


def test_a_loop_goes_round_one_after_the_other() -> None:
    proto = cooked(
        """
        formula = "x"
        [[steps]]
        id = "before"
        [[steps]]
        id = "again"
        needs = ["before"]
        [steps.loop]
        count = 2
        var = "n"
        [[steps.loop.body]]
        id = "a"
        title = "A {n} of round {iteration}"
        run = "echo {n} ${n} {{n}}"
        [[steps.loop.body]]
        id = "b"
        needs = ["a"]
        [[steps]]
        id = "after"
        needs = ["again"]
        """
    )
    assert shape(proto) == {
        "before": (),
        "again.iter1.a": ("before",),
        "again.iter1.b": ("again.iter1.a",),
        "again.iter2.a": ("again.iter1.b",),
        "again.iter2.b": ("again.iter2.a",),
        "after": ("again.iter2.b",),
    }
    assert proto.steps[3].title == "A 2 of round 2"
    assert proto.steps[3].metadata["run"] == "echo 2 ${n} {{n}}"


def test_loops_inside_loops_keep_their_needs_apart() -> None:
    proto = cooked(
        """
        formula = "x"
        [[steps]]
        id = "outer"
        [steps.loop]
        count = 2
        var = "i"
        [[steps.loop.body]]
        id = "first"
        [[steps.loop.body]]
        id = "inner"
        needs = ["first"]
        [steps.loop.body.loop]
        range = "1..{i}"
        var = "j"
        [[steps.loop.body.loop.body]]
        id = "leaf"
        title = "{i}.{j}"
        needs = ["first"]
        """
    )
    assert [(step.id, step.title) for step in proto.steps if "leaf" in step.id] == [
        ("outer.iter1.inner.iter1.leaf", "1.1"),
        ("outer.iter2.inner.iter1.leaf", "2.1"),
        ("outer.iter2.inner.iter2.leaf", "2.2"),
    ]
    needs = shape(proto)["outer.iter2.inner.iter2.leaf"]
    assert set(needs) == {"outer.iter2.inner.iter1.leaf", "outer.iter2.first"}


def test_a_range_is_taken_from_variables_and_frozen_with_them() -> None:
    text = """
        formula = "x"
        [vars]
        n = 2
        [[steps]]
        id = "s"
        [steps.loop]
        range = "1..2^{n}-1"
        var = "k"
        [[steps.loop.body]]
        id = "t"
        """
    assert (len(cooked(text).steps), cooked(text).fixed) == (3, {"n": "2"})
    assert (len(cooked(text, n="3").steps), cooked(text, n="3").fixed) == (7, {"n": "3"})


def test_an_open_ended_loop_is_unrolled_as_often_as_it_may_go_and_marked() -> None:
    proto = cooked(
        """
        formula = "x"
        [[steps]]
        id = "refine"
        [steps.loop]
        until = "step.output.verdict == 'good'"
        max = 3
        [[steps.loop.body]]
        id = "try"
        """
    )
    assert [step.id for step in proto.steps] == [f"refine.iter{number}.try" for number in (1, 2, 3)]
    assert [(mark.number, mark.until) for step in proto.steps for mark in step.rounds] == [
        (number, "step.output.verdict == 'good'") for number in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("loop", "said"),
    [
        ('range = "5..1"', "ends before it begins: 5..1"),
        ('range = "one..two"', "is no range of whole numbers"),
        ('range = "1..{n}"', "needs a value for n"),
        ('range = "1-3"', "is no range"),
        ('range = "1..9^9^9"', "is no range of whole numbers"),
        ('range = "1..1/0"', "is no range of whole numbers"),
        ('range = "1..(2"', "is no range of whole numbers"),
        ("count = 0", "goes round 0 times"),
        ("count = 1000000", "more than 10000 steps"),
    ],
)
def test_a_loop_that_makes_no_sense_is_refused_with_its_place(loop: str, said: str) -> None:
    with pytest.raises(BadInput) as told:
        cooked(f'formula = "x"\n[[steps]]\nid = "s"\n[steps.loop]\n{loop}\n[[steps.loop.body]]\nid = "t"')
    assert told.value.message.startswith("x.formula.toml:3: ") and said in told.value.message


def test_loops_that_multiply_beyond_all_bounds_are_stopped_early() -> None:
    inner = (
        '[[steps.loop.body]]\nid = "a"\n[steps.loop.body.loop]\ncount = 9000\n[[steps.loop.body.loop.body]]\nid = "b"'
    )
    with pytest.raises(BadInput, match="more than 10000 steps"):
        cooked(f'formula = "x"\n[[steps]]\nid = "s"\n[steps.loop]\ncount = 9000\n{inner}')


@pytest.mark.parametrize(
    ("text", "found"),
    [("1..3", (1, 3)), ("0..2^3-1", (0, 7)), ("2*(1+2)..10", (6, 10)), ("-1..1", (-1, 1)), ("10-2-3..2^2^3", (5, 256))],
)
def test_ranges_are_worked_out(text: str, found: tuple[int, int]) -> None:
    numbers, _ = span(text, {})
    assert (numbers[0], numbers[-1]) == found


@given(st.text(max_size=30))
def test_any_range_is_numbers_or_refused(text: str) -> None:
    with suppress(BadInput):
        numbers, _ = span(text, {})
        assert len(numbers) > 0


# ---------------------------------------------------------------------------------------------- expansions

FIVE = """
formula = "passes"
type = "expansion"
[vars]
depth = "deep"
[[template]]
id = "{target}.draft"
title = "Draft: {target.title}"
[[template]]
id = "{target}.refine"
title = "Refine {depth}"
description = "{target.description}"
needs = ["{target}.draft"]
"""


@pytest.mark.parametrize(
    "how",
    [
        '[[compose.expand]]\ntarget = "implement"\nwith = "passes"',
        '[[compose.map]]\nselect = "impl*"\nwith = "passes"',
        '[[steps]]\nid = "implement"\nneeds = ["design"]\nexpand = "passes"',
    ],
)
def test_an_expansion_stands_in_the_place_of_its_step(how: str) -> None:
    proto = cooked(f'formula = "x"\nextends = ["shiny"]\n{how}', SHINY, FIVE)
    assert shape(proto) == {
        "design": (),
        "implement.draft": ("design",),
        "implement.refine": ("implement.draft",),
        "test": ("implement.refine",),
        "submit": ("test",),
    }
    assert [step.title for step in proto.steps[1:3]] == ["Draft: Implement", "Refine deep"]


def test_an_expansion_takes_over_what_was_said_of_its_step() -> None:
    proto = cooked(
        """
        formula = "x"
        [[steps]]
        id = "s"
        description = "why"
        condition = "{{wanted}}"
        priority = 0
        labels = ["l"]
        assignee = "max"
        expand = "passes"
        [steps.expand_vars]
        depth = "deeper"
        [steps.gate]
        type = "human"
        """,
        FIVE,
    )
    draft, refine = proto.steps
    assert refine.title == "Refine deeper" and refine.description == "why"
    assert {(step.conditions, step.priority, step.labels, step.assignee) for step in proto.steps} == {
        (("{{wanted}}",), 0, ("l",), "max")
    }
    assert len(draft.gates) == 1 and refine.gates == ()


def test_an_expansion_poured_by_itself_is_about_main() -> None:
    assert list(shape(cooked(FIVE))) == ["main.draft", "main.refine"]


@pytest.mark.parametrize(
    ("texts", "kind", "said"),
    [
        (
            ('formula = "x"\n[[steps]]\nid = "s"\nexpand = "nobody"',),
            NotFound,
            "x.formula.toml:3: step 's': there is no formula",
        ),
        (('formula = "x"\n[[steps]]\nid = "s"\nexpand = "shiny"', SHINY), BadInput, "shiny is of type workflow"),
        (
            (
                'formula = "x"\n[[steps]]\nid = "s"\nexpand = "e"',
                'formula = "e"\ntype = "expansion"\n[[template]]\nid = "{target}.a"\nexpand = "e"',
            ),
            BadInput,
            "expands more than 5 deep: e -> e",
        ),
        (
            ('formula = "x"\n[[steps]]\nid = "s"\n[[compose.expand]]\ntarget = "t"\nwith = "e"',),
            BadInput,
            "no step 't'",
        ),
        (('formula = "x"\n[[steps]]\nid = "s"\n[[compose.map]]\nselect = "t*"\nwith = "e"',), BadInput, "no step fits"),
        (
            (
                'formula = "x"\n[[steps]]\nid = "s"\n[[steps]]\nid = "t"\n[[compose.map]]\nselect = "*"\nwith = "e"',
                'formula = "e"\ntype = "expansion"\n[[template]]\nid = "same"',
            ),
            BadInput,
            "step 'same' clashes with the one at e.formula.toml:4",
        ),
        (
            (
                'formula = "x"\n[[steps]]\nid = "s"\nexpand = "e"',
                'formula = "e"\ntype = "expansion"\n[vars.v]\nrequired = true\n[[template]]\nid = "{target}.a"',
            ),
            BadInput,
            "e needs the variable v",
        ),
    ],
)
def test_expansions_that_cannot_be_made_are_refused(texts: tuple[str, ...], kind: type[Exception], said: str) -> None:
    with pytest.raises(kind) as told:
        cooked(*texts)
    assert said in str(told.value)


def test_expansions_that_multiply_are_stopped() -> None:
    levels = [
        f'formula = "e{level}"\ntype = "expansion"\n'
        + "\n".join(
            f'[[template]]\nid = "{{target}}.{n}"\n' + (f'expand = "e{level + 1}"' if level < 4 else "")
            for n in range(20)
        )
        for level in range(5)
    ]
    last = 'formula = "e4"\ntype = "expansion"\n[[template]]\nid = "{target}.end"'
    with pytest.raises(BadInput, match="more than 10000 steps"):
        cooked('formula = "x"\n[[steps]]\nid = "s"\nexpand = "e0"', *levels, last)


# ---------------------------------------------------------------------------------------------- aspects and advice


def test_shiny_enterprise_is_shiny_with_the_aspect_woven_in() -> None:
    proto = cooked(
        'formula = "shiny-enterprise"\nextends = ["shiny"]\n[compose]\naspects = ["security-audit"]', SHINY, AUDIT
    )
    assert shape(proto) == {
        "design": (),
        "implement-prescan": ("design",),
        "implement": ("implement-prescan",),
        "implement-postscan": ("implement",),
        "test": ("implement-postscan",),
        "submit-prescan": ("test",),
        "submit": ("submit-prescan",),
    }
    assert proto.steps[1].title == "Scan before Implement"


def test_several_steps_of_one_advice_come_one_after_the_other() -> None:
    advice = (
        'formula = "a"\ntype = "aspect"\n[[advice]]\ntarget = "implement"\n[[advice.before]]\nid = "b1"\n'
        '[[advice.before]]\nid = "b2"\n[[advice.after]]\nid = "a1"\n[[advice.after]]\nid = "a2"'
    )
    found = shape(cooked('formula = "x"\nextends = ["shiny"]\n[compose]\naspects = ["a"]', SHINY, advice))
    assert [found[name] for name in ("b1", "b2", "implement", "a1", "a2", "test")] == [
        ("design",), ("b1",), ("b2",), ("implement",), ("a1",), ("a2",),
    ]  # fmt: skip


def test_advice_may_bring_steps_with_children_and_loops() -> None:
    advice = (
        'formula = "a"\ntype = "aspect"\n[[advice]]\ntarget = "implement"\n[[advice.before]]\nid = "try"\n'
        '[advice.before.loop]\ncount = 2\n[[advice.before.loop.body]]\nid = "spike"\n'
        '[[advice.after]]\nid = "{step.id}-look"\n[[advice.after.children]]\nid = "{step.id}-style"\n'
        '[[advice.after]]\nid = "{step.id}-small"\nexpand = "pair"'
    )
    pair = 'formula = "pair"\n[[template]]\nid = "{target}.1"\n[[template]]\nid = "{target}.2"'
    proto = cooked('formula = "x"\nextends = ["shiny"]\n[compose]\naspects = ["a"]', SHINY, advice, pair)
    found = shape(proto)
    assert found["try.iter2.spike"] == ("try.iter1.spike",) and found["implement"] == ("try.iter2.spike",)
    assert found["implement-look"] == ("implement",) and found["implement-style"] == ()
    assert found["implement-small.1"] == found["implement-small.2"] == ("implement-look",)
    assert set(found["test"]) == {"implement-small.1", "implement-small.2"}
    assert {step.id: step.parent for step in proto.steps}["implement-style"] == "implement-look"


def test_advice_never_advises_what_it_brought() -> None:
    advice = 'formula = "a"\ntype = "aspect"\n[[advice]]\ntarget = "*"\n[advice.before]\nid = "{step.id}-look"'
    proto = cooked('formula = "x"\nextends = ["shiny"]\n[compose]\naspects = ["a"]', SHINY, advice)
    assert len(proto.steps) == 8 and not any(step.id.endswith("-look-look") for step in proto.steps)


@pytest.mark.parametrize(
    ("pointcut", "meant"),
    [
        ('glob = "impl*"', ["implement"]),
        ('type = "bug"', ["test"]),
        ('label = "risky"', ["submit"]),
        ('glob = "*"\ntype = "bug"', ["test"]),
    ],
)
def test_pointcuts_say_where_advice_without_a_target_goes(pointcut: str, meant: list[str]) -> None:
    base = SHINY.replace('id = "test"', 'id = "test"\ntype = "bug"').replace(
        'id = "submit"', 'id = "submit"\nlabels = ["risky"]'
    )
    advice = (
        f'formula = "a"\ntype = "aspect"\n[[pointcuts]]\n{pointcut}\n[[advice]]\n[advice.after]\nid = "{{step.id}}-x"'
    )
    proto = cooked('formula = "x"\nextends = ["shiny"]\n[compose]\naspects = ["a"]', base, advice)
    assert [step.id.removesuffix("-x") for step in proto.steps if step.id.endswith("-x")] == meant


def test_a_formula_may_advise_its_own_steps() -> None:
    assert list(shape(cooked(SHINY + '[[advice]]\ntarget = "test"\n[advice.before]\nid = "lint"\n'))) == [
        "design", "implement", "lint", "test", "submit",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ((SHINY + '[[advice]]\ntarget = "tset"\n[advice.before]\nid = "lint"',), "no step 'tset'"),
        (
            ('formula = "x"\n[[steps]]\nid = "s"\n[compose]\naspects = ["security-audit"]', AUDIT),
            "no step fits the advice of security-audit ('implement', 'submit')",
        ),
        ((SHINY + '[[advice]]\ntarget = "*"\n[advice.before]\nid = "lint"',), "step 'lint' clashes"),
        ((SHINY + '[[advice]]\ntarget = "test"\n',), "adds no step"),
        (('formula = "x"\n[[steps]]\nid = "s"\n[compose]\naspects = ["shiny"]', SHINY), "aspect is needed here"),
        ((AUDIT,), "is an aspect, made to be woven into other formulas"),
    ],
)
def test_advice_that_fits_nowhere_is_refused(texts: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadInput) as told:
        cooked(*texts)
    assert said in told.value.message


def test_analyses_of_an_aspect_run_side_by_side_when_it_is_poured_itself() -> None:
    text = (
        'formula = "a"\n[[aspects]]\nid = "speed"\nfocus = "How fast"\ndescription = "Look"\n[[aspects]]\nid = "size"'
    )
    proto = cooked(text)
    assert shape(proto) == {"speed": (), "size": ()}
    assert proto.steps[0].description == "How fast\n\nLook"


# ---------------------------------------------------------------------------------------------- branches and gates


def test_branches_run_side_by_side_and_are_joined() -> None:
    text = (
        'formula = "x"\n[[steps]]\nid = "a"\n[[steps]]\nid = "b"\n[[steps]]\nid = "c"\n[[steps]]\nid = "d"\n'
        '[[compose.branch]]\nfrom = "a"\nsteps = ["b", "c"]\njoin = "d"'
    )
    assert shape(cooked(text)) == {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}


def test_a_gate_by_rule_holds_its_step_back() -> None:
    text = SHINY + '[[compose.gate]]\nbefore = "submit"\ncondition = "steps.complete > 2"\n'
    [gate] = cooked(text).steps[-1].gates
    assert (gate.type, gate.id) == ("condition", "steps.complete > 2")


def test_rules_about_steps_that_are_not_there_are_refused() -> None:
    for rule in (
        '[[compose.gate]]\nbefore = "submti"\ncondition = "x"',
        '[[compose.branch]]\nfrom = "submti"\nsteps = ["test"]\njoin = "submit"',
    ):
        with pytest.raises(BadInput) as told:
            cooked(f"{SHINY}{rule}\n")
        assert "there is no step 'submti'" in told.value.message and told.value.hint == "is submit meant?"


# ---------------------------------------------------------------------------------------------- convoys

LEGS = """
formula = "review"
description = "Look at it from all sides"
[prompts]
base = "Review {{.leg.focus}} and write to {{.output.directory}}/{{.leg.id}}.md"
[output]
directory = "reviews"
[[legs]]
id = "speed"
title = "Speed"
focus = "how fast it is"
description = "Measure"
[[legs]]
id = "safety"
focus = "what breaks it"
[synthesis]
title = "Sum up"
description = "Read {{.output.directory}}"
[presets.quick]
legs = ["speed"]
"""


def test_the_legs_of_a_convoy_run_side_by_side_and_are_brought_together() -> None:
    proto = cooked(LEGS)
    assert shape(proto) == {"speed": (), "safety": (), "synthesis": ("speed", "safety")}
    speed, _, last = proto.steps
    assert speed.description == "how fast it is\n\nReview how fast it is and write to reviews/speed.md\n\nMeasure"
    assert (last.title, last.description) == ("Sum up", "Read reviews")
    assert [step.presets for step in proto.steps] == [("quick",), ("-",), ()]


def test_a_convoys_prompt_may_have_parts_that_hang_on_its_inputs() -> None:
    prompt = (
        "{{.formula_name}}: {{.leg.description}}{{if .context}} Mind {{.context}}.{{else}} Mind nothing.{{end}}"
        " Into {{.output_path}}"
    )
    legs = LEGS.replace('directory = "reviews"', 'directory = "reviews"\nleg_pattern = "{{.leg.id}}.md"')
    legs = legs.replace(
        'base = "Review {{.leg.focus}} and write to {{.output.directory}}/{{.leg.id}}.md"', f'base = "{prompt}"'
    )
    proto = cooked(legs + "[inputs.context]\nrequired = false\n")
    assert undeclared(proto) == ()
    for values, said in (
        ({"context": "the law"}, "Mind the law."),
        ({}, "Mind nothing."),
        ({"context": "no"}, "Mind nothing."),
    ):
        first = rendered(proto, values_for(proto, values))[0]
        assert first.description == f"how fast it is\n\nreview: Measure {said} Into reviews/speed.md"


def test_a_synthesis_of_legs_that_are_not_there_is_refused() -> None:
    with pytest.raises(BadInput, match="synthesis depends on 'sped'"):
        cooked(LEGS.replace('title = "Sum up"', 'title = "Sum up"\ndepends_on = ["sped"]'))


# ---------------------------------------------------------------------------------------------- the last checks


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            '[[steps]]\nid = "a"\nneeds = ["b"]\n[[steps]]\nid = "b"\nneeds = ["a"]',
            "toml:3: steps wait for one another: a -> b -> a",
        ),
        ('[[steps]]\nid = "a"\nneeds = ["a"]', "steps wait for one another: a -> a"),
        ('[[steps]]\nid = "p"\n[[steps.children]]\nid = "c"\nneeds = ["p"]', "steps wait for one another"),
        (
            '[[steps]]\nid = "p"\nneeds = ["q"]\n[[steps.children]]\nid = "c"\n[[steps]]\nid = "q"\nneeds = ["c"]',
            "steps wait for one another",
        ),
        (
            '[[steps]]\nid = "a"\n[[steps]]\nid = "b"\nneeds = ["aa"]',
            "toml:5: step 'b' needs 'aa', and no step is called so",
        ),
        ('[[steps]]\nid = "a"\ndepends_on = ["b"]', "needs 'b'"),
        ('[[steps]]\nid = "a"\nwaits_for = "children-of(b)"', "needs 'b'"),
        ('[[steps]]\nid = "a b"', "'a b' cannot be a step's id"),
        ('[[steps]]\nid = "{target}.a"', "cannot be a step's id"),
        ('[[steps]]\nid = "a"\ncondition = "maybe"', "toml:3: step 'a': 'maybe' is no condition"),
        ('[[steps]]\nid = "a"\ntitle = "' + "x" * 600 + '"', "the title must be 500 characters or less"),
        ('extends = ["y"]', "there is no formula"),
    ],
)
def test_what_cannot_be_poured_is_refused_with_its_place(body: str, said: str) -> None:
    with pytest.raises((BadInput, NotFound)) as told:
        cooked(f'formula = "x"\n{body}')
    assert said in str(told.value) and "\n" not in str(told.value)


def test_needs_and_depends_on_are_one_and_waiting_for_children_has_a_spawner() -> None:
    proto = cooked(
        'formula = "x"\n[[steps]]\nid = "a"\n[[steps]]\nid = "b"\n[[steps]]\nid = "c"\nneeds = ["b"]\n'
        'depends_on = ["a", "b"]\nwaits_for = "any-children"\n[[steps]]\nid = "d"\nwaits_for = "children-of(a)"'
    )
    assert proto.steps[2].needs == ("a", "b")
    assert [(step.waits_for, step.spawner) for step in proto.steps[2:]] == [
        ("any-children", "a"),
        ("all-children", "a"),
    ]


def test_cooking_the_same_twice_is_the_same() -> None:
    texts = ('formula = "e"\nextends = ["shiny"]\n[compose]\naspects = ["security-audit"]', SHINY, AUDIT)
    assert cooked(*texts) == cooked(*texts)


def test_a_formula_names_what_it_draws_in() -> None:
    formula = read(
        'formula = "x"\nextends = ["p"]\n[compose]\naspects = ["a"]\n[[compose.expand]]\ntarget = "s"\nwith = "e"\n'
        '[[steps]]\nid = "s"\nexpand = "f"\n[[steps.loop.body]]\nid = "t"\nexpand = "g"'
    )
    assert set(names_used(formula)) == {"p", "a", "e", "f", "g"}


@st.composite
def graphs(draw: st.DrawFn) -> list[ProtoStep]:
    """Steps that need any of the others."""
    names = [f"s{number}" for number in range(draw(st.integers(1, 8)))]
    return [
        ProtoStep(id=name, needs=tuple(draw(st.lists(st.sampled_from(names), max_size=3, unique=True))), origin="x")
        for name in names
    ]


@given(graphs())
def test_a_circle_is_found_exactly_when_some_step_never_gets_its_turn(steps: list[ProtoStep]) -> None:
    left = {step.id: set(step.needs) for step in steps}
    while free := [name for name, needs in left.items() if not needs]:
        left = {name: needs - set(free) for name, needs in left.items() if name not in free}
    circle = circle_in(steps)
    assert bool(circle) is bool(left)
    waits = waiting_lists(steps)
    assert all(second in waits[first] for first, second in pairwise((*circle, *circle[:1])))


# ---------------------------------------------------------------------------------------------- small languages


def test_placeholders_are_filled_and_shell_and_pouring_are_left_alone() -> None:
    assert fill("{a} {{a}} ${a} {b} {a}", {"a": "1"}) == "1 {{a}} ${a} {b} 1"
    assert fill("{x} {y}", {"x": "{y}", "y": "z"}) == "{y} z"


def test_patterns_mean_ids() -> None:
    assert fits("*.draft", "a.draft") and fits("impl*", "implement") and fits("*", "x") and fits("a", "a")
    assert not fits("a", "ab") and not fits("*.draft", "draft")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{v}}", True), ("!{{v}}", False), ("{{v}} == yes", True), ("{{v}} != yes", False), ("{{v}} == 'yes'", True),
        ("{{off}}", False), ("!{{off}}", True), ("{{zero}}", False), ("{{none}}", False), ('{{none}} == ""', True),
        ("{{none}} == x", False), ("{{none}} != x", True),
    ],
)  # fmt: skip
def test_conditions_of_steps(text: str, expected: bool) -> None:
    assert holds(text, {"v": "yes", "off": "OFF", "zero": "0"}) is expected
