"""What is wrong with a formula is told by file, line and step."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.rules.formula_cooking import cook
from gastown_tui.core.rules.formula_lines import Lines
from gastown_tui.core.rules.formula_reading import problems, read_formula
from gastown_tui.core.rules.pouring import Pouring, pour
from tests.core.formula_texts import cooked
from tests.towns import a_town

PAIR = 'formula = "pair"\n[[template]]\nid = "{target}.1"\n[[template]]\nid = "{target}.2"\n'
ENDLESS = 'formula = "endless"\ntype = "expansion"\n[[template]]\nid = "{target}.x"\nexpand = "endless"\n'
SAME = 'formula = "same"\ntype = "expansion"\n[[template]]\nid = "again"\n'
ROUND = 'formula = "round"\nextends = ["x"]\n'

MISTAKES = {
    "cycle": (
        '[[steps]]\nid = "a"\nneeds = ["c"]\n[[steps]]\nid = "b"\nneeds = ["a"]\n[[steps]]\nid = "c"\nneeds = ["b"]',
        "x.formula.toml:3: steps wait for one another: a -> c -> b -> a",
    ),
    "cycle of parents": ('version = 1\nextends = ["round"]', "x.formula.toml:3: circular extends: x -> round -> x"),
    "unknown need": (
        '[[steps]]\nid = "design"\n[[steps]]\nid = "build"\nneeds = ["desing"]',
        "x.formula.toml:5: step 'build' needs 'desing', and no step is called so, is design meant?",
    ),
    "unknown parent": ('version = 1\nextends = ["nobody"]', "x.formula.toml:3: there is no formula 'nobody'"),
    "unknown expansion": (
        '[[steps]]\nid = "a"\nexpand = "nobody"',
        "x.formula.toml:3: step 'a': there is no formula 'nobody'",
    ),
    "unknown aspect": (
        '[[steps]]\nid = "a"\n[compose]\naspects = ["nobody"]',
        "x.formula.toml:5: there is no formula 'nobody'",
    ),
    "unknown target": (
        '[[steps]]\nid = "a"\n[[compose.expand]]\ntarget = "b"\nwith = "pair"',
        "x.formula.toml:4: compose.expand: there is no step 'b'",
    ),
    "unknown map": (
        '[[steps]]\nid = "a"\n[[compose.expand]]\ntarget = "a"\nwith = "pair"\n[[compose.map]]\nselect = "z*"\n'
        'with = "pair"',
        "x.formula.toml:7: compose.map: no step fits 'z*'",
    ),
    "unknown branch": (
        '[[steps]]\nid = "a"\n[[compose.branch]]\nfrom = "a"\nsteps = ["b"]\njoin = "a"',
        "x.formula.toml:4: compose.branch: there is no step 'b'",
    ),
    "unknown gate": (
        '[[steps]]\nid = "a"\n[[compose.gate]]\nbefore = "b"\ncondition = "steps.complete > 1"',
        "x.formula.toml:4: compose.gate: there is no step 'b'",
    ),
    "unknown advice": (
        '[[steps]]\nid = "a"\n[[advice]]\ntarget = "b"\n[advice.before]\nid = "c"',
        "x.formula.toml:4: advice: there is no step 'b'",
    ),
    "advice without id": (
        '[[steps]]\nid = "a"\n[[advice]]\ntarget = "a"\n[advice.before]\ntitle = "c"',
        "x.formula.toml:6: a step has no id",
    ),
    "condition of a gate": (
        '[[steps]]\nid = "a"\n[[compose.gate]]\nbefore = "a"\ncondition = "who knows"',
        "x.formula.toml:4: compose.gate: 'who knows' is no condition",
    ),
    "condition about nobody": (
        '[[steps]]\nid = "a"\n[steps.gate]\ntype = "condition"\nid = "tests.status == \'complete\'"',
        "x.formula.toml:3: step 'a': the condition 'tests.status == 'complete'' is about 'tests', "
        "and no step is called so",
    ),
    "end of a loop": (
        '[[steps]]\nid = "a"\n[steps.loop]\nuntil = "maybe so"\nmax = 2\n[[steps.loop.body]]\nid = "b"',
        "x.formula.toml:8: step 'a.iter1.b': 'maybe so' is no condition",
    ),
    "clashing ids": (
        '[[steps]]\nid = "a"\n[[steps]]\nid = "b"\n[[steps.children]]\nid = "a"',
        "x.formula.toml:7: step 'a' is there already, at x.formula.toml:3",
    ),
    "clashing templates": (
        '[[steps]]\nid = "a"\n[[steps]]\nid = "b"\n[[compose.map]]\nselect = "*"\nwith = "same"',
        "same.formula.toml:4: step 'again' clashes with the one at same.formula.toml:4",
    ),
    "runaway expansion": (
        '[[steps]]\nid = "a"\nexpand = "endless"',
        "endless.formula.toml:4: step 'a.x.x.x.x.x' expands more than 5 deep: endless -> endless",
    ),
    "runaway loop": (
        '[[steps]]\nid = "a"\n[steps.loop]\ncount = 200\n[[steps.loop.body]]\nid = "b"\n[steps.loop.body.loop]\n'
        'count = 200\n[[steps.loop.body.loop.body]]\nid = "c"',
        "x.formula.toml:11: step 'a.iter50.b.iter150.c' is one of more than 10000 steps",
    ),
    "range without a value": (
        '[vars.n]\nrequired = true\n[[steps]]\nid = "a"\n[steps.loop]\nrange = "1..{n}"\n[[steps.loop.body]]\nid = "b"',
        "x.formula.toml:5: step 'a': the range '1..{n}' needs a value for n",
    ),
    "children of nobody": (
        '[[steps]]\nid = "a"\n[[steps]]\nid = "b"\nwaits_for = "all-children"',
        "x.formula.toml:5: step 'b' waits for children, and nothing says whose",
    ),
    "no rounds": (
        '[[steps]]\nid = "a"\n[steps.loop]\ncount = 0\n[[steps.loop.body]]\nid = "b"',
        "x.formula.toml:3: step 'a': the loop goes round 0 times",
    ),
    "expansion without a name": (
        '[[steps]]\nid = "a"\n[[compose.expand]]\ntarget = "a"',
        "x.formula.toml:4: compose.expand needs a target, and with names the expansion",
    ),
    "branch without an end": (
        '[[steps]]\nid = "a"\n[[compose.branch]]\nfrom = "a"',
        "x.formula.toml:4: compose.branch needs from, steps and join",
    ),
    "variable": ('[[steps]]\nid = "a"\n[vars.v]\npattern = "("', "x.formula.toml:4: variable 'v': the pattern"),
    "default": (
        '[[steps]]\nid = "a"\n[vars]\nw = "1"\nv = { default = "x", enum = ["y"] }',
        "x.formula.toml:6: variable 'v': the default 'x' is not one of its enum",
    ),
    "synthesis": (
        '[[legs]]\nid = "a"\n[synthesis]\ndepends_on = ["b"]',
        "x.formula.toml:4: synthesis depends on 'b', and no leg is called so",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_where_it_was_made(mistake: str) -> None:
    body, said = MISTAKES[mistake]
    with pytest.raises((BadInput, NotFound)) as told:
        cooked(f'formula = "x"\n{body}', PAIR, ENDLESS, SAME, ROUND)
    assert told.value.message.startswith(said)


MISSING = (
    'formula = "x"\n[vars.who]\nrequired = true\n[vars.kind]\nenum = ["a", "b"]\ndefault = "a"\n[[steps]]\nid = "s"\n'
)


@pytest.mark.parametrize(
    ("text", "given", "said"),
    [
        (MISSING, {}, "missing required variables: who (x.formula.toml:2)"),
        (MISSING, {"who": "max", "kind": "c"}, "x.formula.toml:4: kind cannot be 'c'"),
        (
            MISSING + 'title = "Ask {{whom}}"',
            {"who": "max"},
            "x.formula.toml:8: step 's': the variable whom has no value",
        ),
        (
            MISSING + '[steps.gate]\ntype = "timer"\ntimeout = "{{who}}"',
            {"who": "soon"},
            "x.formula.toml:8: the gate of step s: invalid duration",
        ),
        (
            MISSING + '[steps.gate]\ntype = "condition"\nid = "{{who}}"',
            {"who": "max ("},
            "x.formula.toml:8: step 's': 'max (' is no condition",
        ),
    ],
)
def test_what_is_missing_when_a_formula_is_poured_is_told_likewise(text: str, given: dict[str, str], said: str) -> None:
    with pytest.raises(BadInput) as told:
        pour(a_town(is_town=False), Pouring(proto=cooked(text), given=given), actor="mayor", nonce=1)
    assert told.value.message.startswith(said)


def test_json_is_told_by_line_as_well() -> None:
    text = json.dumps(
        {
            "formula": "x",
            "vars": {"v": {"required": True, "default": "x"}},
            "steps": [{"id": "a", "needs": ["b"]}, {"title": "t", "id": "c", "children": [{"id": "a"}]}],
        },
        indent=1,
    )
    lines = text.splitlines()
    of_v, first, second = (lines.index(each) + 1 for each in ('  "v": {', '   "id": "a",', '     "id": "a"'))
    assert problems(read_formula(text, "x.formula.json")) == (
        f"x.formula.json:{of_v}: variable 'v' is required and has a default; it can be one of them",
        f"x.formula.json:{second}: step 'a' is there already, at x.formula.json:{first}",
    )


def test_tables_dotted_keys_and_texts_of_several_lines_do_not_confuse_the_lines() -> None:
    text = (
        'formula = "x"\ncompose.aspects = ["a"]\ndescription = """\n[[steps]]\nid = "no"\n"""\n'
        'steps = [\n  { id = "one" },\n]\n[ vars . "v" ]  # about v\ndefault = "]"\n'
    )
    lines = Lines(text, is_json=False)
    assert [lines.at(path) for path in (("compose", "aspects"), ("steps", 0, "id"), ("vars", "v"), ("nothing",))] == [
        2, 7, 10, 0,
    ]  # fmt: skip


@given(st.text(st.sampled_from("[]{}\"'=.,:# \n\\abc"), max_size=80))
def test_no_text_confuses_the_lines(text: str) -> None:
    for is_json in (False, True):
        assert Lines(text, is_json=is_json).at(("steps", 0, "id")) <= text.count("\n") + 1


def test_the_first_mistake_stops_the_cooking_and_the_others_are_counted() -> None:
    formula = read_formula('formula = "x"\nphase = "ice"\n[[steps]]\nid = "a"\npriority = 9\n', "x.formula.toml")
    with pytest.raises(BadInput, match="1 more: bd formula validate x lists them"):
        cook("x", {"x": formula})
