"""Help pages, drawn from the same records the commands are built from."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Sequence

from gastown_tui.cli.flags import GLOBALS
from gastown_tui.core.verbs.declare import Parameter, Verb

_WIDTH_LIMIT = 110


def usage_line(verb: Verb, prog: str) -> str:
    """How a verb is typed."""
    pieces = [typed(verb.name, prog)]
    for each in verb.parameters:
        if each.is_option:
            continue
        word = metavar(each) + ("..." if each.is_many else "")
        pieces.append(word if each.is_required else f"[{word}]")
    if any(each.is_option and not each.arg.hidden for each in verb.parameters):
        pieces.append("[options]")
    return " ".join(pieces)


def typed(name: str, prog: str) -> str:
    """A verb's name as the program it was called by spells it."""
    return f"{prog} {name.removeprefix('bd ')}" if prog == "bd" else f"{prog} {name}"


def metavar(each: Parameter) -> str:
    """The word that stands for a value."""
    if each.arg.metavar:
        return each.arg.metavar
    if not each.is_option:
        return each.name.rstrip("_").replace("_", "-").upper()
    return {"int": "N", "float": "N", "path": "PATH"}.get(each.kind, "TEXT")


def verb_page(verb: Verb, prog: str, further: Sequence[Verb] = ()) -> str:
    """Everything about one verb.

    Args:
        verb: With its parameters.
        prog: What the program was called as.
        further: Verbs whose names begin with this one's.
    """
    lines = [f"{verb.about}.", "", f"Usage: {usage_line(verb, prog)}"]
    if verb.aliases:
        lines.append(f"Also:  {', '.join(typed(alias, prog) for alias in verb.aliases)}")
    if verb.detail:
        lines += ["", *_wrapped(verb.detail)]
    words = [each for each in verb.parameters if not each.is_option and not each.arg.hidden]
    options = [each for each in verb.parameters if each.is_option and not each.arg.hidden]
    if words:
        lines += ["", "Arguments:", *_table((metavar(each), _about(each)) for each in words)]
    if options:
        lines += ["", "Options:", *_table((_flags(each), _about(each)) for each in options)]
    if further:
        lines += ["", "More:", *_table((typed(each.name, prog), each.about) for each in further)]
    own = {flag for each in options for flag in each.flags}
    general = [each for each in GLOBALS if not each.arg.hidden and not own & set(each.flags)]
    lines += ["", "Options every command takes:", *_table((_flags(each), _about(each)) for each in general)]
    return "\n".join(lines)


def family_page(words: str, verbs: Sequence[Verb], prog: str) -> str:
    """The verbs of a family, or of the whole program."""
    head = typed(words, prog) if words else prog
    lines = [f"Usage: {head} COMMAND [ARGS]"]
    groups: dict[str, list[Verb]] = {}
    for each in verbs:
        if not each.hidden:
            groups.setdefault(each.group, []).append(each)
    for group, members in groups.items():
        lines += ["", f"{group.capitalize()}:" if len(groups) > 1 else "Commands:"]
        lines += _table((typed(each.name, prog), each.about) for each in members)
    return "\n".join([*lines, "", f"{head} COMMAND --help says more about one."])


def _about(each: Parameter) -> str:
    more = f" (one of {', '.join(each.arg.choices)})" if each.arg.choices else ""
    if each.is_option and each.default not in (None, "", (), False, 0):
        more += f" (default {each.default})"
    return each.arg.about.rstrip(".") + more


def _flags(each: Parameter) -> str:
    shorts = [flag for flag in each.flags if not flag.startswith("--")]
    longs = [flag for flag in each.flags if flag.startswith("--")]
    value = "" if each.kind == "bool" else f" {metavar(each)}"
    return ", ".join([*shorts, *longs]) + value


def _table(rows: Iterable[tuple[str, str]]) -> list[str]:
    listed = list(rows)
    width = min(max((len(left) for left, _ in listed), default=0), 34)
    room = max(30, min(shutil.get_terminal_size().columns, _WIDTH_LIMIT) - width - 4)
    lines: list[str] = []
    for left, right in listed:
        wrapped = textwrap.wrap(right, room) or [""]
        if len(left) > width:
            lines.append(f"  {left}")
        else:
            lines.append(f"  {left:<{width}}  {wrapped.pop(0)}".rstrip())
        lines += [f"  {'':<{width}}  {each}" for each in wrapped]
    return lines


def _wrapped(text: str) -> list[str]:
    width = min(shutil.get_terminal_size().columns, _WIDTH_LIMIT)
    lines: list[str] = []
    for paragraph in text.split("\n\n"):
        plain = paragraph.replace("`", "")
        lines += [*textwrap.wrap(plain, width), ""]
    return lines[:-1]
