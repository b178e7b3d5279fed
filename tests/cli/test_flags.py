"""Reading a command line: the flag syntax, the counts, and the exact words of every complaint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest

from gastown_tui.cli.flags import Call, parse, split_words
from gastown_tui.core.errors import BadInput
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.declare import Arg, Needs, Parameter, Receipt, Verb, with_parameters


def everything(
    hands: Hands,
    first: Annotated[str, Arg("a word")],
    more: Annotated[tuple[str, ...], Arg("words")] = (),
    *,
    title: Annotated[str | None, Arg("text", flags=("--title", "-t"))] = None,
    limit: Annotated[int | None, Arg("a number", flags=("--limit", "-n"))] = None,
    share: Annotated[float, Arg("a part")] = 0.5,
    force: Annotated[bool, Arg("a switch", flags=("--force", "-f"))] = False,
    long: Annotated[bool, Arg("a switch", flags=("--long", "-l"))] = False,
    label: Annotated[tuple[str, ...], Arg("split", flags=("--label", "-L"), split=True)] = (),
    note: Annotated[tuple[str, ...], Arg("whole")] = (),
    file: Annotated[Path | None, Arg("a place")] = None,
    kind: Annotated[str, Arg("chosen", choices=("a", "b"))] = "a",
    notify: Annotated[str, Arg("may stand alone", optional_value="mayor")] = "",
) -> Receipt:
    """Take everything."""
    return Receipt()


def a_verb(run: Any) -> Verb:
    record = Verb(
        name="do", run=run, about="Do", group="test", needs=Needs.NOTHING, mutates=False, parameters=()
    )  # fmt: skip
    return with_parameters(record)


VERB = a_verb(everything)


def read(*argv: str) -> Call:
    return parse(VERB, argv, usage="gt do FIRST")


def refused(*argv: str) -> str:
    with pytest.raises(BadInput) as caught:
        read(*argv)
    return caught.value.message


@pytest.mark.parametrize(
    "argv",
    [
        ("x", "--title", "A b"),
        ("x", "--title=A b"),
        ("x", "-t", "A b"),
        ("x", "-tA b"),
        ("x", "-t=A b"),
        ("-t", "A b", "x"),
        ("-t", "A b", "--", "x"),
        ("x", "-ft", "A b"),
    ],
)
def test_an_option_may_be_spelled_in_every_way(argv: tuple[str, ...]) -> None:
    assert read(*argv).arguments["title"] == "A b"


def test_a_value_may_look_like_an_option() -> None:
    assert read("x", "--title", "--json").arguments["title"] == "--json"
    assert read("x", "--title", "--json").globals["json"] is False


def test_an_empty_value_is_a_value() -> None:
    assert read("x", "--title=").arguments["title"] == ""
    assert read("x", "--title", "").arguments["title"] == ""
    assert read("x").arguments["title"] is None


def test_switches_may_be_grouped_and_given_a_truth() -> None:
    both = read("x", "-fl").arguments
    assert both["force"] is both["long"] is True
    assert read("x", "--force=false").arguments["force"] is False
    assert read("x", "--force", "--force=0").arguments["force"] is False
    assert read("x", "-f=false").arguments["force"] is False


def test_the_last_of_several_values_counts() -> None:
    assert read("x", "-n", "3", "--limit=4").arguments["limit"] == 4


def test_repeatable_options_add_up_and_some_split_on_commas() -> None:
    assert read("x", "-L", "a,b", "--label", 'c,"d,e"').arguments["label"] == ("a", "b", "c", "d,e")
    assert read("x", "--note", "a,b", "--note", "c").arguments["note"] == ("a,b", "c")


def test_words_and_options_mix_and_two_dashes_end_options() -> None:
    call = read("one", "-f", "two", "--", "-t", "three")
    assert call.arguments["first"] == "one"
    assert call.arguments["more"] == ("two", "-t", "three")


def test_an_option_that_may_stand_alone_takes_its_value_only_when_glued() -> None:
    assert read("x", "--notify", "y").arguments["notify"] == "mayor"
    assert read("x", "--notify=me").arguments["notify"] == "me"


def test_values_become_what_the_verb_asks_for() -> None:
    found = read("x", "-n=7", "--share", "0.25", "--file", "a/b").arguments
    assert (found["limit"], found["share"], found["file"]) == (7, 0.25, Path("a/b"))


def test_options_every_verb_takes_may_stand_anywhere() -> None:
    call = read("--json", "x", "--actor=me", "-q")
    assert (call.globals["json"], call.globals["actor"], call.globals["quiet"]) == (True, "me", True)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("x", "--bogus"), "unknown flag: --bogus"),
        (("x", "--titel=a"), "unknown flag: --titel"),
        (("x", "-x"), "unknown shorthand flag: 'x' in -x"),
        (("x", "-fx"), "unknown shorthand flag: 'x' in -fx"),
        (("x", "--title"), "flag needs an argument: --title"),
        (("x", "-n"), "flag needs an argument: 'n' in -n"),
        (
            ("x", "--limit", "ten"),
            'invalid argument "ten" for "-n, --limit" flag: strconv.ParseInt: parsing "ten": invalid syntax',
        ),
        (
            ("x", "--share=half"),
            'invalid argument "half" for "--share" flag: strconv.ParseFloat: parsing "half": invalid syntax',
        ),
        (
            ("x", "--force=perhaps"),
            'invalid argument "perhaps" for "-f, --force" flag: strconv.ParseBool: parsing "perhaps": invalid syntax',
        ),
        (("x", "--kind", "c"), 'invalid argument "c" for "--kind" flag'),
        ((), "requires at least 1 arg(s), only received 0"),
        (("x", "--title", "a\0b"), '"-t, --title" flag holds a NUL character'),
    ],
)
def test_what_fits_nowhere_is_refused_in_the_known_words(argv: tuple[str, ...], said: str) -> None:
    assert refused(*argv) == said


def test_a_near_miss_is_named() -> None:
    with pytest.raises(BadInput) as caught:
        read("x", "--limi", "3")
    assert caught.value.hint == "did you mean --limit?"


def one(hands: Hands, a: Annotated[str, Arg("a")]) -> Receipt:
    """Take one."""
    return Receipt()


def none(hands: Hands) -> Receipt:
    """Take none."""
    return Receipt()


def perhaps(hands: Hands, a: Annotated[str, Arg("a")], b: Annotated[str, Arg("b")] = "") -> Receipt:
    """Take one or two."""
    return Receipt()


def last(hands: Hands, ids: Annotated[tuple[str, ...], Arg("ids")], label: Annotated[str, Arg("label")]) -> Receipt:
    """Take many and one."""
    return Receipt()


def raw(hands: Hands, line: Annotated[tuple[str, ...], Arg("rest", raw=True)]) -> Receipt:
    """Take the rest."""
    return Receipt()


def required(hands: Hands, *, of: Annotated[str, Arg("of")]) -> Receipt:
    """Need an option."""
    return Receipt()


@pytest.mark.parametrize(
    ("run", "argv", "said"),
    [
        (one, (), "accepts 1 arg(s), received 0"),
        (one, ("a", "b"), "accepts 1 arg(s), received 2"),
        (none, ("a",), "accepts 0 arg(s), received 1"),
        (perhaps, (), "accepts between 1 and 2 arg(s), received 0"),
        (last, ("a",), "requires at least 2 arg(s), only received 1"),
        (required, (), 'required flag(s) "of" not set'),
    ],
)
def test_counts_are_named_as_clients_know_them(run: Any, argv: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(a_verb(run), argv, usage="")
    assert caught.value.message == said


def test_the_word_behind_many_words_is_the_last() -> None:
    assert parse(a_verb(last), ("a", "b", "urgent"), usage="").arguments == {"ids": ("a", "b"), "label": "urgent"}


def test_a_verb_that_takes_the_rest_takes_options_too() -> None:
    call = parse(a_verb(raw), ("--json", "run", "--all", "-x", "--json"), usage="")
    assert call.arguments == {"line": ("run", "--all", "-x", "--json")}
    assert call.globals["json"] is True


def test_the_longest_name_that_fits_is_the_verb() -> None:
    names = {"bd", "bd dep", "bd dep add"}
    assert split_words(["bd", "dep", "add", "a"], names) == (["bd", "dep", "add"], [], ["a"])
    assert split_words(["bd", "dep", "a"], names) == (["bd", "dep"], [], ["a"])
    assert split_words(["--json", "bd", "--actor", "dep", "dep", "add"], names) == (
        ["bd", "dep", "add"],
        ["--json", "--actor", "dep"],
        [],
    )


def test_parameters_carry_what_the_signature_says() -> None:
    by_name: dict[str, Parameter] = {each.name: each for each in VERB.parameters}
    assert by_name["first"].is_required and not by_name["first"].is_option
    assert by_name["more"].is_many and by_name["limit"].kind == "int"
