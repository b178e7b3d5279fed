"""Formula files: what they may say, and what is said when they say it wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.core.errors import BadInput
from gastown_tui.core.rules.formula_reading import problems, read_formula, read_raw, unknown_keys
from gastown_tui.core.rules.formulas import (
    file_names,
    is_formula_name,
    name_in,
    parse_formula_name,
    proto_text,
    read_proto,
)
from tests.core.formula_texts import AUDIT, SHINY, cooked, read

BUILT_IN = sorted((Path(__file__).parents[2] / "gastown_tui" / "formulas").glob("*.formula.toml"))
EXPECTED = {
    "shiny", "shiny-enterprise", "security-audit", "beads-release", "mol-polecat-work", "mol-witness-patrol",
    "mol-refinery-patrol", "mol-deacon-patrol", "verified", "hanoi",
}  # fmt: skip


def test_every_step_knows_the_line_it_was_written_on() -> None:
    formula = read(SHINY)
    assert [(step.id, step.origin) for step in formula.steps] == [
        ("design", "shiny.formula.toml:5"),
        ("implement", "shiny.formula.toml:9"),
        ("test", "shiny.formula.toml:13"),
        ("submit", "shiny.formula.toml:17"),
    ]


def test_an_id_in_a_text_of_several_lines_is_no_step() -> None:
    formula = read(
        '''
        formula = "x"
        [[steps]]
        id = "first"
        description = """
        id = "second"
        """
        [[steps]]
        id = "second"
        '''
    )
    assert [step.origin for step in formula.steps] == ["x.formula.toml:3", "x.formula.toml:8"]


def test_json_says_the_same_as_toml() -> None:
    text = '{\n "formula": "x",\n "steps": [\n  {"id": "a", "needs": []},\n  {"id": "b", "needs": ["a"]}\n ]\n}'
    formula = read_formula(text, "x.formula.json")
    assert [(step.id, step.needs, step.origin) for step in formula.steps] == [
        ("a", (), "x.formula.json:4"),
        ("b", ("a",), "x.formula.json:5"),
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SHINY, "workflow"),
        (AUDIT.replace('type = "aspect"\n', ""), "aspect"),
        ('formula = "x"\n[[template]]\nid = "{target}.a"', "expansion"),
        ('formula = "x"\n[[legs]]\nid = "a"', "convoy"),
        ('formula = "x"\nextends = ["shiny"]', "workflow"),
    ],
)
def test_a_formula_without_a_type_is_what_its_parts_say(text: str, kind: str) -> None:
    assert read(text).kind == kind


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("formula = \n", "x.formula.toml:1: not TOML"),
        ('formula = "x"\nsteps = 3\n', "x.formula.toml: key steps: expected array, got int"),
        ("[[steps]]\nid = 'a'\n", "x.formula.toml: the key formula is missing"),
        ("formula = 3\n", "x.formula.toml: key formula: expected str, got int"),
        ('formula = "../x"\n', "cannot name a formula"),
        ('formula = "x"\n[[steps]]\nid = "a"\npriority = "high"\n', "x.formula.toml:3: step 'a' key priority"),
        ('formula = "x"\n[[steps]]\nid = "a"\n[[steps.children]]\nid = 7\n', "x.formula.toml:5: step '7' key id"),
        ('formula = "x"\nversion = "2.0"\n', "key version: expected int, got str"),
        ('formula = "x"\na = ' + "[" * 60 + "]" * 60, "nested too deep"),
        ('formula = "x"\na = ' + "[" * 5000 + "]" * 5000, "nested too deep"),
        ('formula = "x"\ndescription = "' + "a" * 1_000_000 + '"', "longer than 1000000 bytes"),
    ],
)
def test_what_is_no_formula_is_told_by_file_and_line(text: str, said: str) -> None:
    with pytest.raises(BadInput) as told:
        read_formula(text, "x.formula.toml")
    assert said in told.value.message and "\n" not in told.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "x.formula.json:1: not JSON"),
        ("[]", "a formula is a table of keys"),
        ("[" * 100_000, "nested too deep"),
        ('{"formula": "x", "steps": [{"id": "a"}, {"id": "b", "needs": "a"}]}', "step 'b' key needs"),
    ],
)
def test_json_that_is_no_formula_is_told_likewise(text: str, said: str) -> None:
    with pytest.raises(BadInput) as told:
        read_formula(text, "x.formula.json")
    assert said in told.value.message


@given(st.text() | st.binary().map(lambda data: data.decode("utf-8", "replace")))
def test_no_text_does_anything_but_be_read_or_refused(text: str) -> None:
    for file in ("x.formula.toml", "x.formula.json"):
        try:
            problems(read_formula(text, file))
        except BadInput as refusal:
            assert file in refusal.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            '[[steps]]\nid = "a"\n[[steps]]\nid = "a"',
            "toml:5: step 'a' is there already, at x.formula.toml:3",
        ),
        ('[[steps]]\ntitle = "no id"', "a step has no id"),
        ('[[steps]]\nid = "a"\npriority = 9', "priority must be between 0 and 4 (got 9)"),
        ('type = "recipe"', "type 'recipe' is none of"),
        ('phase = "plasma"', "phase 'plasma' is neither"),
        ("version = -1", "version -1 is below 1"),
        ("", "it has no steps"),
        ('[vars.v]\nrequired = true\ndefault = "x"', "is required and has a default"),
        ('[vars.v]\ndefault = "x"\nenum = ["y"]', "the default 'x' is not one of its enum"),
        ('[vars.v]\npattern = "("', "the pattern is no regular expression"),
        ('[vars."a b"]\ndefault = "x"', "is not a word"),
        ('[[steps]]\nid = "a"\nwaits_for = "everybody"', "waits_for is all-children"),
        ('[[steps]]\nid = "a"\nexpand = "e"\n[[steps.children]]\nid = "b"', "both expand and children"),
        ('[[steps]]\nid = "a"\n[steps.gate]\ntype = "moon"', "gate type 'moon' is none of"),
        ('[[steps]]\nid = "a"\n[steps.loop]\ncount = 2\nrange = "1..2"', "a loop has one of count, range and until"),
        ('[[steps]]\nid = "a"\n[steps.loop]\nuntil = "x"', "a loop with until needs max"),
        ('[[steps]]\nid = "a"\n[steps.loop]\ncount = 2', "the loop has no body"),
        ('[[steps]]\nid = "a"\n[steps.on_complete]\nbond = "x"', "on_complete needs both for_each and bond"),
        ('[[steps]]\nid = "a"\n[steps.on_complete]\nbond = "x"\nfor_each = "y"', "for_each begins with output."),
    ],
)
def test_everything_that_is_wrong_with_a_file_is_listed(body: str, said: str) -> None:
    formula = read_formula(f'formula = "x"\n{body}\n', "x.formula.toml")
    assert any(said in each for each in problems(formula))


def test_several_problems_are_all_listed() -> None:
    formula = read('formula = "x"\nphase = "ice"\n[[steps]]\nid = "a"\npriority = 7\n[[steps]]\nid = "a"')
    assert len(problems(formula)) == 3


def test_misspelt_keys_are_remarked_on_with_the_line_of_their_step() -> None:
    text = 'formula = "x"\ndecription = "d"\n[[steps]]\nid = "a"\nneed = ["b"]\n[steps.gate]\nkind = "human"\n'
    found = unknown_keys(read_raw(text, "x.formula.toml"), "x.formula.toml")
    assert found[0] == "x.formula.toml: nobody reads the key 'decription'; is description meant?"
    assert found[1] == "x.formula.toml:4: nobody reads the key 'need'; is needs meant?"
    assert "'kind'" in found[2]


def test_names_are_safe_as_file_names() -> None:
    assert parse_formula_name("shiny@4") == ("shiny", 4)
    for bad in ("", "../x", "a/b", "a..b", "-x", "x@", "x@new", "a b", "x\ny", "é", "x" * 90):
        assert not is_formula_name(bad)
    assert file_names("work") == (
        "work.formula.toml", "work.formula.json", "mol-work.formula.toml", "mol-work.formula.json",
    )  # fmt: skip
    assert file_names("mol-work") == ("mol-work.formula.toml", "mol-work.formula.json")
    assert (name_in("shiny.formula.toml"), name_in("shiny.toml"), name_in(".formula.toml")) == ("shiny", "", "")


def test_a_proto_reads_as_it_was_written() -> None:
    proto = cooked(SHINY)
    assert read_proto(proto_text(proto), "shiny.json") == proto
    assert proto_text(proto) == proto_text(cooked(SHINY))
    for bad in ("", "{}", "[]", '{"formula": 3}', "{" * 10_000):
        with pytest.raises(BadInput, match=r"shiny\.json holds no proto"):
            read_proto(bad, "shiny.json")


# ---------------------------------------------------------------------------------------------- what is shipped


def test_the_shipped_formulas_are_those_the_documents_name() -> None:
    assert {file.name.removesuffix(".formula.toml") for file in BUILT_IN} == EXPECTED


@pytest.mark.parametrize("file", BUILT_IN, ids=lambda file: file.name)
def test_a_shipped_formula_is_sound_and_every_step_says_what_to_do(file: Path) -> None:
    text = file.read_text()
    formula = read_formula(text, file.name)
    assert formula.formula == file.name.removesuffix(".formula.toml")
    assert problems(formula) == () and unknown_keys(read_raw(text, file.name), file.name) == ()
    assert len(formula.description) > 40
    others = {each.formula: each for each in (read_formula(other.read_text(), other.name) for other in BUILT_IN)}
    if formula.kind == "aspect":
        return
    from gastown_tui.core.rules.formula_cooking import cook
    from gastown_tui.core.rules.formula_vars import undeclared

    proto = cook(formula.formula, others)
    assert undeclared(proto) == ()
    assert all(len(step.description) > 40 for step in proto.steps)


@pytest.mark.parametrize("name", ["mol-witness-patrol", "mol-refinery-patrol", "mol-deacon-patrol"])
def test_patrols_are_made_for_wisps(name: str) -> None:
    [file] = [each for each in BUILT_IN if each.name == f"{name}.formula.toml"]
    assert read_formula(file.read_text(), file.name).phase == "vapor"
