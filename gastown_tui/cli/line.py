"""One typed line as a verb and its arguments, for whoever runs verbs without a process of their own."""

from __future__ import annotations

import shlex
from typing import Any

import msgspec

from gastown_tui.cli.flags import parse
from gastown_tui.cli.help import usage_line
from gastown_tui.core import verbs
from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.ids import shown
from gastown_tui.core.verbs.declare import Parameter, Verb

LONGEST_NAME = 4


def read_line(line: str) -> tuple[Verb, dict[str, Any]]:
    """Read a line as typed after `gt`; a leading `gt` is allowed.

    Raises:
        BadInput: no verb has that name, or its arguments are not of its form.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise BadInput(f"{shown(line)}: {error}", hint="close the quotation") from error
    if words[:1] == ["gt"]:
        words = words[1:]
    for count in range(min(LONGEST_NAME, len(words)), 0, -1):
        verb = verbs.find(" ".join(words[:count]))
        if verb is not None:
            return verb, parse(verb, words[count:], usage=usage_line(verb, "gt")).arguments
    raise BadInput(f"no verb is called {shown(line.strip())}", hint="? lists every verb")


def write_line(verb: Verb, arguments: dict[str, Any]) -> str:
    """The line that `read_line` reads as these arguments."""
    words = ["gt", *verb.name.split(" ")]
    options: list[str] = []
    for each in verb.parameters:
        value = arguments.get(each.name)
        if value is None or value == each.default or value == "":
            continue
        if each.is_option:
            options += _spelled(each, value)
        else:
            words += [shlex.quote(str(item)) for item in (value if each.is_many else (value,))]
    return " ".join([*words, *options])


def _spelled(each: Parameter, value: Any) -> list[str]:
    flag = each.flags[0]
    if each.kind == "bool":
        return [flag if value else f"{flag}=false"]
    return [part for item in (value if each.is_many else (value,)) for part in (flag, shlex.quote(str(item)))]


# ---------------------------------------------------------------------------------------------- completion


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the word at the end of a line stands for."""

    typed: str
    """The word as far as it was typed."""
    words: tuple[tuple[str, str], ...] = ()
    """Words it could become, each with what it is, where the verb itself tells."""
    parameter: Parameter | None = None
    """The parameter it is a value of, otherwise."""
    given: int = 0
    """How many values stand before it on the line."""


def word_at_end(line: str) -> Wanted:
    """What could stand at the end of a line as typed after `gt`: a part of a verb's name, an option, a value."""
    *before, typed = line.removeprefix("gt ").split(" ")
    before = [word for word in before if word]
    verb, rest = _verb_in(before)
    longer = _next_words(before, typed)
    if verb is None:
        return Wanted(typed=typed, words=longer)
    options = {flag: each for each in verb.parameters if each.is_option and not each.arg.hidden for flag in each.flags}
    if typed.startswith("-"):
        said = tuple((flag, each.arg.about) for flag, each in options.items() if flag.startswith(typed))
        return Wanted(typed=typed, words=said)
    if rest and (option := options.get(rest[-1])) is not None and option.kind != "bool":
        return Wanted(typed=typed, parameter=option)
    values = _values(rest, options)
    places = [each for each in verb.parameters if not each.is_option]
    if longer and not values and not rest:
        return Wanted(typed=typed, words=longer)
    if values < len(places):
        return Wanted(typed=typed, parameter=places[values], given=values)
    is_many = bool(places) and places[-1].is_many
    return Wanted(typed=typed, parameter=places[-1] if is_many else None, given=values)


def _verb_in(words: list[str]) -> tuple[Verb | None, list[str]]:
    for count in range(min(LONGEST_NAME, len(words)), 0, -1):
        verb = verbs.find(" ".join(words[:count]))
        if verb is not None:
            return verb, words[count:]
    return None, []


def _next_words(before: list[str], typed: str) -> tuple[tuple[str, str], ...]:
    """Words that lead on to a verb."""
    found: dict[str, str] = {}
    for verb in verbs.records():
        name = verb.name.split(" ")
        if not verb.hidden and name[: len(before)] == before and len(name) > len(before):
            word, is_whole = name[len(before)], len(name) == len(before) + 1
            if word.startswith(typed) and (is_whole or word not in found):
                found[word] = verb.about if is_whole else "…"
    return tuple(sorted(found.items()))


def _values(words: list[str], options: dict[str, Parameter]) -> int:
    """How many of the words are values of no option."""
    count, skip = 0, False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            each = options.get(word)
            skip = each is not None and each.kind != "bool"
        else:
            count += 1
    return count
