"""Variables: given, checked and filled in, and commands that stay what their author wrote."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.formula import Proto
from gastown_tui.core.rules.formula_conditions import Situation, StepState, is_so
from gastown_tui.core.rules.formula_vars import parse_values, rendered, undeclared, values_for
from tests.core.formula_texts import cooked
from tests.core.test_formulas_cooking import LEGS

TEXT = """
formula = "x"
[vars.name]
required = true
[vars.size]
default = "small"
enum = ["small", "large"]
[vars.count]
type = "int"
default = 3
[vars.loud]
type = "bool"
default = false
[vars.version]
pattern = '^[0-9]+$'
default = "1"
[[steps]]
id = "a"
title = "Make {{name}} {{size}}"
run = "echo \\"{{name}}\\" {{count}}"
labels = ["size:{{size}}"]
[steps.metadata]
nested = { text = "{{name}}" }
[[steps]]
id = "b"
needs = ["a"]
condition = "{{loud}}"
[[steps]]
id = "c"
needs = ["b"]
"""


def poured(proto: Proto, **given_: str) -> dict[str, tuple[str, ...]]:
    return {step.id: step.needs for step in rendered(proto, values_for(proto, given_))}


def test_values_are_read_as_typed() -> None:
    assert parse_values(["a=1", "b=x=y", "a=2", "c="]) == {"a": "2", "b": "x=y", "c": ""}
    for bad in ("a", "=1", "a b=1", "1a=2", "a=" + "x" * 30_000):
        with pytest.raises(BadInput):
            parse_values([bad])


def test_defaults_stand_where_nothing_was_given() -> None:
    assert values_for(cooked(TEXT), {"name": "it"}) == {
        "name": "it", "size": "small", "count": "3", "loud": "false", "version": "1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "missing required variables: name"),
        ({"name": "x", "size": "huge"}, "size cannot be 'huge'"),
        ({"name": "x", "count": "many"}, "count cannot be 'many'"),
        ({"name": "x", "loud": "perhaps"}, "loud cannot be 'perhaps'"),
        ({"name": "x", "version": "v1"}, "version cannot be 'v1'"),
        ({"name": "x", "version": "1\n"}, "version cannot be '1\\n'"),
    ],
)
def test_values_that_will_not_do_are_refused(values: dict[str, str], said: str) -> None:
    with pytest.raises(BadInput) as told:
        values_for(cooked(TEXT), values)
    assert said in told.value.message and told.value.hint


def test_an_input_may_be_spared_by_another() -> None:
    proto = cooked(
        'formula = "x"\n[inputs.pr]\nrequired = true\nrequired_unless = ["files"]\n[inputs.files]\n[[legs]]\nid = "a"'
    )
    assert values_for(proto, {"files": "all"}) == {"files": "all"}
    with pytest.raises(BadInput, match="missing required variables: pr"):
        values_for(proto, {})


def test_a_value_frozen_by_a_loop_cannot_be_changed_when_pouring() -> None:
    text = (
        'formula = "x"\n[vars]\nn = 2\n[[steps]]\nid = "s"\n[steps.loop]\ncount = "{n}"\n[[steps.loop.body]]\nid = "t"'
    )
    assert len(cooked(text).steps) == 2
    with pytest.raises(BadInput, match="n was '2' when x was cooked"):
        values_for(cooked(text), {"n": "3"})
    assert values_for(cooked(text), {"n": "2"}) == {"n": "2"}


def test_texts_are_filled_in_everywhere_and_once() -> None:
    [step, *_] = rendered(cooked(TEXT), values_for(cooked(TEXT), {"name": "{{size}}"}))
    assert step.title == "Make {{size}} small"
    assert step.labels == ("size:small",)
    assert step.metadata["nested"] == {"text": "{{size}}"}


def test_a_step_that_is_left_out_leaves_its_order_behind() -> None:
    assert poured(cooked(TEXT), name="x") == {"a": (), "c": ("a",)}
    assert poured(cooked(TEXT), name="x", loud="true") == {"a": (), "b": ("a",), "c": ("b",)}


def test_what_is_in_a_step_that_is_left_out_is_left_out_with_it() -> None:
    proto = cooked(
        'formula = "x"\n[vars]\nv = "no"\n[[steps]]\nid = "p"\ncondition = "{{v}} == yes"\n'
        '[[steps.children]]\nid = "c"\n[[steps.children]]\nid = "d"\nneeds = ["c"]\n'
        '[[steps]]\nid = "e"\nneeds = ["d"]\nwaits_for = "children-of(p)"'
    )
    assert poured(proto) == {"e": ()}
    [only] = rendered(proto, values_for(proto, {}))
    assert (only.waits_for, only.spawner) == ("", "")
    assert list(poured(proto, v="yes")) == ["p", "c", "d", "e"]


def test_a_preset_chooses_among_legs() -> None:
    proto = cooked(LEGS)
    assert poured(proto, preset="quick") == {"speed": (), "synthesis": ("speed",)}
    assert poured(proto) == {"speed": (), "safety": (), "synthesis": ("speed", "safety")}
    with pytest.raises(BadInput, match="no preset 'slow'"):
        poured(proto, preset="slow")


def test_a_variable_nobody_gave_is_told_with_its_place() -> None:
    proto = cooked('formula = "x"\n[[steps]]\nid = "a"\ndescription = "{{who}} does it"')
    assert undeclared(proto) == ("x.formula.toml:3: step 'a': {{who}} is not declared in [vars]",)
    with pytest.raises(BadInput) as told:
        poured(proto)
    assert told.value.message == "x.formula.toml:3: step 'a': the variable who has no value"
    assert poured(proto, who="ada") == {"a": ()}


EVIL = [
    "plain", "two words", "a'b", 'a"b', "$(touch owned)", "`touch owned`", "; touch owned", "&& touch owned", "$HOME",
    "a\nb", "\\", "*", "'; touch owned; '", '"; touch owned; "', "${GT_VAR_name:-x}", "-n", "#x", "",
]  # fmt: skip


QUOTED = [
    'printf %s "<{{name}}>"',
    "printf %s '<{{name}}>'",
    """# isn't\nprintf %s "<"'{{name}}'\\> # don't""",
    """printf %s "$(printf %s '<'){{name}}>\"""",
    """printf 'a' >/dev/null; cat <<end | tr -d '\\t'\n\t<it isn't {{name}}>\nend""",
]


@pytest.mark.parametrize("run", QUOTED)
@pytest.mark.parametrize("value", EVIL)
def test_a_value_in_a_command_is_data_for_the_shell(value: str, run: str, tmp_path: Path) -> None:
    proto = cooked(f'formula = "x"\n[[steps]]\nid = "a"\nrun = {json.dumps(run)}')
    [step] = rendered(proto, {"name": value})
    argv = ["sh", "-c", step.metadata["run"]]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip("\n").replace("it isn't ", "") == f"<{value}>"
    assert list(tmp_path.iterdir()) == []


@given(st.text(st.characters(blacklist_characters="\0", codec="utf-8"), max_size=40))
def test_no_value_gets_out_of_its_quotes(value: str) -> None:
    proto = cooked('formula = "x"\n[[steps]]\nid = "a"\nrun = "printf %s {{name}}"')
    [step] = rendered(proto, {"name": value})
    given_, _, command = step.metadata["run"].rpartition("\n")
    assert command == "printf %s ${GT_VAR_name}"
    assert shlex.split(given_.removeprefix("GT_VAR_name=")) == [value]


# ---------------------------------------------------------------------------------------------- molecules under way

STEPS = {
    each.id: each
    for each in (
        StepState(id="a", status="complete", output={"verdict": "ok", "deep": {"n": 3}}),
        StepState(id="b", status="failed"),
        StepState(id="p", status="open"),
        StepState(id="c", status="complete", parent="p"),
        StepState(id="d.e", status="in_progress", parent="c"),
    )
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("step.status == 'complete'", True),
        ("step.status == 'closed'", True),
        ("step.status != complete", False),
        ("step.output.verdict == 'ok'", True),
        ("step.output.deep.n > 2", True),
        ("step.output.deep.n == '3'", True),
        ("step.output.nothing == 'ok'", False),
        ("step.output.nothing != 'ok'", True),
        ("steps.complete > 1", True),
        ("steps.complete == 2 and steps.failed == 1", True),
        ("steps.total < 5", False),
        ("children(p).all(status == 'complete')", True),
        ("descendants(p).all(status == 'complete')", False),
        ("descendants('p').count(status == 'complete') == 1", True),
        ("steps(b).any(status == 'failed')", True),
        ("steps(d.e).all(status == 'in_progress')", True),
        ("b.status == 'failed'", True),
        ("d.e.status == 'in_progress'", True),
        ("a.output.deep.n > 2 and b.output.deep.n != 3", True),
        ("nobody.status == 'complete'", False),
        ("children(step).any(status == 'complete')", False),
        ("steps(step).all(status == 'complete')", True),
        ("children(nobody).all(status == 'complete')", False),
        ("not steps(b).any(status == 'complete')", True),
        ("steps(b).any(status == 'complete') or step.status == 'complete'", True),
        ("(steps.complete > 5 || step.status == 'done') && !(steps.failed > 1)", True),
        ("file.exists('README.md')", False),
        ("env.CI == 'true'", False),
    ],
)
def test_conditions_about_a_molecule(text: str, expected: bool) -> None:
    assert is_so(text, Situation(STEPS, "a")) is expected


@pytest.mark.parametrize(
    "text",
    ["", "==", "step.status ==", "a b", "(a", "a)", "steps.all", "steps.all(", "file.gone('x')", "(" * 50 + "a", "a;b"],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="is no condition"):
        is_so(text, Situation(STEPS, "a"))


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    try:
        assert is_so(text, Situation(STEPS, "a")) in (True, False)
    except BadInput as refusal:
        assert "is no condition" in refusal.message
