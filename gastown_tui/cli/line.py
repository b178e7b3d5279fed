"""One typed line as a verb and its arguments, for whoever runs verbs without a process of their own."""

from __future__ import annotations

import shlex
from typing import Any

from gastown_tui.cli.flags import parse
from gastown_tui.cli.help import usage_line
from gastown_tui.core import verbs
from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.ids import shown
from gastown_tui.core.verbs.declare import Parameter, Verb

LONGEST_NAME = 3


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
