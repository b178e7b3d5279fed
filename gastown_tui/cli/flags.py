"""From words on a command line to the arguments of a verb, in the flag syntax and the wording bd's clients know.

`--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, `--flag=false`, grouped shorts; flags and positional
words mix freely; `--` ends flags.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
from click.exceptions import BadOptionUsage, MissingParameter, NoSuchOption, UsageError

from gastown_tui.core.errors import BadInput
from gastown_tui.core.verbs.declare import Arg, Parameter, Verb

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_WORDS = "words"


def _global(name: str, kind: str, about: str, *flags: str, metavar: str = "", hidden: bool = False) -> Parameter:
    arg = Arg(about, flags=flags, metavar=metavar, hidden=hidden)
    default = False if kind == "bool" else ""
    return Parameter(name=name, kind=kind, is_option=True, is_many=False, is_required=False, default=default, arg=arg)


GLOBALS: tuple[Parameter, ...] = (
    _global("json", "bool", "Answer in JSON", "--json"),
    _global("actor", "str", "Who acts", "--actor", metavar="NAME"),
    _global("quiet", "bool", "Results and errors only", "--quiet", "-q"),
    _global("verbose", "bool", "More on standard error", "--verbose", "-v"),
    _global("town", "str", "Act on the town or .beads at this place", "--town", "-C", metavar="PATH"),
    _global("yes", "bool", "Do not ask", "--yes", "-y"),
    _global("db", "str", "Use the .beads this file lies in", "--db", metavar="PATH"),
    _global("readonly", "bool", "Refuse to change anything", "--readonly"),
    _global("unsafe_fs", "bool", "Write even where file locks cannot be trusted", "--unsafe-fs"),
    _global("lock_timeout", "str", "How long to wait for the ledger", "--lock-timeout", metavar="DURATION"),
    _global("help", "bool", "Show this page", "--help", "-h"),
    *(
        _global(flag.replace("-", "_"), "bool", "Accepted for older scripts; there is nothing to switch", f"--{flag}",
                hidden=True)
        for flag in ("no-db", "sandbox", "no-daemon", "no-auto-flush", "no-auto-import", "allow-stale", "profile")
    ),
    _global("dolt_auto_commit", "str", "Accepted for older scripts", "--dolt-auto-commit", hidden=True),
)  # fmt: skip
"""Options every verb takes, before or after its name."""


class Call:
    """A command line, taken apart.

    Attributes:
        arguments: For the verb, by parameter name.
        globals: Values of the options every verb takes.
    """

    __slots__ = ("arguments", "globals")

    def __init__(self, arguments: dict[str, Any], general: dict[str, Any]) -> None:
        self.arguments = arguments
        self.globals = general


def split_words(argv: Sequence[str], names: Iterable[str]) -> tuple[list[str], list[str], list[str]]:
    """Find a verb's name at the front of a command line, past any options every verb takes.

    Args:
        argv: The command line.
        names: Names of verbs and beginnings of them; the longest that fits wins.

    Returns:
        The words of the name, the options found among them, and the rest.
    """
    known = set(names)
    words: list[str] = []
    options: list[str] = []
    at = 0
    while at < len(argv):
        token = argv[at]
        if token.startswith("-") and token != "-":
            taken = _global_span(token)
            if not taken:
                break
            options += argv[at : at + taken]
            at += taken
        elif " ".join([*words, token]) in known:
            words.append(token)
            at += 1
        else:
            break
    return words, options, list(argv[at:])


def _global_span(token: str) -> int:
    """How many words an option every verb takes covers; 0 for others."""
    name, equals, _ = token.partition("=")
    for each in GLOBALS:
        if name in each.flags:
            return 1 if equals or each.kind == "bool" else 2
    return 0


def parse(verb: Verb, argv: Sequence[str], *, usage: str) -> Call:
    """Read a verb's arguments.

    Args:
        verb: With its parameters.
        argv: What follows its name.
        usage: Its usage line, for hints.

    Raises:
        BadInput: a word fits nowhere; the message names it.
    """
    own = {flag for each in verb.parameters if each.is_option for flag in each.flags}
    general = [_without(each, own) for each in GLOBALS]
    options = [each for each in verb.parameters if each.is_option]
    is_raw = any(each.arg.raw for each in verb.parameters)
    command = _Command(
        verb.name,
        params=[
            *(_option(each) for each in options),
            *(_option(each) for each in general if any(each.flags)),
            click.Argument([_WORDS], nargs=-1, type=click.UNPROCESSED),
        ],
        add_help_option=False,
        context_settings={"allow_interspersed_args": not is_raw, "ignore_unknown_options": is_raw},
    )
    try:
        found: dict[str, Any] = command.make_context(verb.name, list(argv)).params
    except UsageError as error:
        _refuse(error, usage)
    given = {each.name: found.pop(_spelled(each)) for each in general if any(each.flags)}
    given = {each.name: given.get(each.name, each.default) for each in GLOBALS}
    if given["help"]:
        return Call({}, given)
    _require(options, found, usage)
    words = found.pop(_WORDS)
    arguments = {each.name: _value(each, found[_spelled(each)]) for each in options}
    arguments |= _bound([each for each in verb.parameters if not each.is_option], words, usage)
    return Call(arguments, given)


def _without(each: Parameter, taken: set[str]) -> Parameter:
    from msgspec.structs import replace

    left = tuple(flag for flag in each.flags if flag not in taken)
    if not left:
        return replace(each, arg=replace(each.arg, flags=("",)))
    return replace(each, arg=replace(each.arg, flags=left)) if left != each.flags else each


def _spelled(each: Parameter) -> str:
    return f"p_{each.name}"


def _option(each: Parameter) -> click.Option:
    settings: dict[str, Any] = {"default": None, "type": click.UNPROCESSED}
    if each.kind == "bool":
        settings |= {"is_flag": True, "flag_value": True, "type": click.BOOL, "default": False}
    elif each.is_many:
        settings["multiple"] = True
    elif each.arg.optional_value:
        settings |= {"is_flag": False, "flag_value": each.arg.optional_value}
    return click.Option([_spelled(each), *each.flags], **settings)


class _Command(click.Command):
    """A click command that also takes `--flag=false` and `-n=value`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _normalised(args, self.params, all_words=not self.allow_interspersed_args))


def _normalised(args: list[str], params: Iterable[click.Parameter], *, all_words: bool) -> list[str]:
    takes_value: dict[str, bool] = {}
    for each in params:
        if isinstance(each, click.Option):
            takes_value |= dict.fromkeys(each.opts, not each.is_flag)
    normal: list[str] = []
    tokens = iter(args)
    for token in tokens:
        if token == "--" or (all_words and not token.startswith("-")):
            return [*normal, token, *tokens]
        name, equals, value = token.partition("=")
        if not token.startswith("-") or token == "-":
            normal.append(token)
        elif token.startswith("--"):
            if equals and takes_value.get(name) is False:
                normal += [name] if _truth(name, value) else []
            else:
                normal.append(token)
                if not equals and takes_value.get(name):
                    normal += [value for value in (next(tokens, None),) if value is not None]
        else:
            normal += _shorts(token, takes_value, tokens)
    return normal


def _shorts(token: str, takes_value: Mapping[str, bool], tokens: Iterable[str]) -> list[str]:
    """A group of short flags, the last of which may take a value, glued on or following."""
    for place, letter in enumerate(token[1:], 1):
        flag = f"-{letter}"
        if not takes_value.get(flag, False):
            continue
        glued = token[place + 1 :]
        head = [token[:place]] if place > 1 else []
        if glued:
            return [*head, flag, glued.removeprefix("=")]
        return [*head, flag, *(value for value in (next(iter(tokens), None),) if value is not None)]
    return [token]


def _truth(name: str, value: str) -> bool:
    if value not in _TRUE | _FALSE:
        raise BadInput(f'invalid argument "{value[:60]}" for "{name}" flag: strconv.ParseBool: parsing '
                       f'"{value[:60]}": invalid syntax')  # fmt: skip
    return value in _TRUE


def _refuse(error: UsageError, usage: str) -> NoReturn:
    if isinstance(error, NoSuchOption):
        name = error.option_name
        close = f"did you mean {' or '.join(error.possibilities)}? " if error.possibilities else ""
        if name.startswith("--"):
            raise BadInput(f"unknown flag: {name[:60]}", hint=f"{close}usage: {usage}") from error
        raise BadInput(f"unknown shorthand flag: '{name[-1]}' in {name[:60]}", hint=f"usage: {usage}") from error
    if isinstance(error, BadOptionUsage):
        raise BadInput(f"flag needs an argument: {error.option_name}", hint=f"usage: {usage}") from error
    if isinstance(error, MissingParameter):
        raise BadInput(error.format_message(), hint=f"usage: {usage}") from error
    raise BadInput(error.format_message().rstrip("."), hint=f"usage: {usage}") from error


def _require(options: Iterable[Parameter], found: Mapping[str, Any], usage: str) -> None:
    missing = [each for each in options if each.is_required and found[_spelled(each)] in (None, ())]
    if missing:
        names = ", ".join(f'"{each.flags[0].lstrip("-")}"' for each in missing)
        raise BadInput(f"required flag(s) {names} not set", hint=f"usage: {usage}")


def _value(each: Parameter, given: Any) -> Any:
    if each.is_many:
        pieces = [piece for value in given for piece in (_split(value) if each.arg.split else (value,))]
        return tuple(_converted(each, piece) for piece in pieces) if pieces else (each.default or ())
    if given is None:
        return each.default
    return bool(given) if each.kind == "bool" else _converted(each, given)


def _split(text: str) -> list[str]:
    try:
        pieces = next(csv.reader([text]), [])
    except csv.Error as error:
        raise BadInput(f"{text[:60]!r} is not a comma-separated list: {error}") from error
    return [piece.strip() for piece in pieces if piece.strip()]


def _converted(each: Parameter, text: str) -> Any:
    if each.arg.choices and text not in each.arg.choices:
        raise BadInput(
            f'invalid argument "{text[:60]}" for {_quoted(each)}', hint=f"one of {', '.join(each.arg.choices)}"
        )
    if each.kind in {"int", "float"}:
        try:
            return int(text) if each.kind == "int" else float(text)
        except ValueError as error:
            call = "ParseInt" if each.kind == "int" else "ParseFloat"
            raise BadInput(
                f'invalid argument "{text[:60]}" for {_quoted(each)}: strconv.{call}: parsing "{text[:60]}": '
                "invalid syntax"
            ) from error
    if "\0" in text:
        raise BadInput(f"{_quoted(each)} holds a NUL character")
    return Path(text) if each.kind == "path" else text


def _quoted(each: Parameter) -> str:
    if not each.is_option:
        return f'"{each.name}"'
    shorts = [flag for flag in each.flags if not flag.startswith("--")]
    longs = [flag for flag in each.flags if flag.startswith("--")]
    return f'"{", ".join([*shorts[:1], *longs[:1]])}" flag'


def _bound(parameters: Sequence[Parameter], words: Sequence[str], usage: str) -> dict[str, Any]:
    """Positional words by parameter name; a repeatable parameter takes what the others leave."""
    least = sum(each.is_required for each in parameters)
    many = next((each for each in parameters if each.is_many), None)
    _check_count(len(words), least, None if many is not None else len(parameters), usage)
    bound: dict[str, Any] = {}
    rest = list(words)
    if many is not None:
        place = parameters.index(many)
        behind = len(parameters) - place - 1
        for each in parameters[:place]:
            bound[each.name] = _converted(each, rest.pop(0)) if rest else each.default
        tail = rest[len(rest) - behind :] if behind else []
        rest = rest[: len(rest) - behind] if behind else rest
        bound[many.name] = tuple(_converted(many, word) for word in rest)
        bound |= {each.name: _converted(each, word) for each, word in zip(parameters[place + 1 :], tail, strict=True)}
        return bound
    for each in parameters:
        bound[each.name] = _converted(each, rest.pop(0)) if rest else each.default
    return bound


def _check_count(given: int, least: int, most: int | None, usage: str) -> None:
    hint = f"usage: {usage}"
    if most is None:
        if given < least:
            raise BadInput(f"requires at least {least} arg(s), only received {given}", hint=hint)
    elif not least <= given <= most:
        if least == most:
            raise BadInput(f"accepts {least} arg(s), received {given}", hint=hint)
        wanted = f"at most {most}" if least == 0 else f"between {least} and {most}"
        raise BadInput(f"accepts {wanted} arg(s), received {given}", hint=hint)
