"""Help pages, drawn from the same records the command lines are read by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gastown_tui.cli.flags import GLOBALS
from gastown_tui.core.verbs.declare import Parameter, Verb

if TYPE_CHECKING:
    from click import HelpFormatter

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
    page = _page()
    page.write_text(f"{verb.about}.")
    page.write_paragraph()
    page.write(f"Usage: {usage_line(verb, prog)}\n")
    if verb.aliases:
        page.write(f"Also:  {', '.join(dict.fromkeys(typed(alias, prog) for alias in verb.aliases))}\n")
    if verb.detail:
        page.write_paragraph()
        page.write_text(verb.detail.replace("`", ""))
    words = [each for each in verb.parameters if not each.is_option and not each.arg.hidden]
    options = [each for each in verb.parameters if each.is_option and not each.arg.hidden]
    own = {flag for each in options for flag in each.flags}
    general = [each for each in GLOBALS if not each.arg.hidden and not own & set(each.flags)]
    _table(page, "Arguments", ((metavar(each), _about(each)) for each in words))
    _table(page, "Options", ((_flags(each), _about(each)) for each in options))
    _table(page, "More", ((typed(each.name, prog), each.about) for each in further))
    _table(page, "Options every command takes", ((_flags(each), _about(each)) for each in general))
    return page.getvalue().rstrip("\n")


def family_page(words: str, verbs: Sequence[Verb], prog: str) -> str:
    """The verbs of a family, or of the whole program."""
    head = prog if not words or words == prog else typed(words, prog)
    page = _page()
    page.write(f"Usage: {head} COMMAND [ARGS]\n")
    groups: dict[str, list[Verb]] = {}
    for each in verbs:
        if not each.hidden:
            groups.setdefault(each.group, []).append(each)
    for group, members in groups.items():
        title = group.capitalize() if len(groups) > 1 else "Commands"
        _table(page, title, ((typed(each.name, prog), each.about) for each in members))
    page.write_paragraph()
    page.write(f"{head} COMMAND --help says more about one.")
    return page.getvalue()


def _page() -> HelpFormatter:
    from click import HelpFormatter

    return HelpFormatter(max_width=_WIDTH_LIMIT)


def _table(page: HelpFormatter, title: str, rows: Iterable[tuple[str, str]]) -> None:
    listed = list(rows)
    if listed:
        with page.section(title):
            page.write_dl(listed)


def _about(each: Parameter) -> str:
    choices = [choice for choice in each.arg.choices if choice]
    more = f" (one of {', '.join(choices)})" if choices else ""
    if each.is_option and each.default not in (None, "", (), False, 0):
        more += f" (default {each.default})"
    return each.arg.about.rstrip(".") + more


def _flags(each: Parameter) -> str:
    shorts = [flag for flag in each.flags if not flag.startswith("--")]
    longs = [flag for flag in each.flags if flag.startswith("--")]
    value = "" if each.kind == "bool" else f" {metavar(each)}"
    return ", ".join([*shorts, *longs]) + value
