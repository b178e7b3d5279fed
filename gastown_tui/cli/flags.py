"""From words on a command line to the arguments of a verb, in the flag syntax and the wording bd's clients know.

`--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, `--flag=false`, grouped shorts; flags and positional
words mix freely; `--` ends flags. Small and our own because agents wait for it thousands of times a day, and because
the wording of its errors is a contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gastown_tui.core.errors import BadInput
from gastown_tui.core.verbs.declare import Arg, Parameter, Verb

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def _global(name: str, kind: str, about: str, *flags: str, metavar: str = "", hidden: bool = False) -> Parameter:
    arg = Arg(about, flags=flags, metavar=metavar, hidden=hidden)
    default = False if kind == "bool" else ""
    return Parameter(name=name, kind=kind, is_option=True, is_many=False, is_required=False, default=default, arg=arg)


_OLD = ("no-db", "sandbox", "no-daemon", "no-auto-flush", "no-auto-import", "allow-stale", "profile")
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
    *(_global(flag, "bool", "Accepted for older scripts", f"--{flag}", hidden=True) for flag in _OLD),
    _global("dolt-auto-commit", "str", "Accepted for older scripts", "--dolt-auto-commit", hidden=True),
)
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
    options = [each for each in verb.parameters if each.is_option]
    by_flag = {flag: each for each in GLOBALS for flag in each.flags}
    by_flag |= {flag: each for each in options for flag in each.flags}
    is_raw = any(each.arg.raw for each in verb.parameters)
    try:
        words, found = _taken_apart(argv, by_flag, is_raw=is_raw)
        given = {each.name: _value(each, found.get(id(each), ())) for each in GLOBALS}
        if given["help"]:
            return Call({}, given)
        _require(options, found)
        arguments = {each.name: _value(each, found.get(id(each), ())) for each in options}
        arguments |= _bound([each for each in verb.parameters if not each.is_option], words)
    except BadInput as error:
        raise BadInput(error.message, hint=error.hint or f"usage: {usage}") from error
    return Call(arguments, given)


_Given = dict[int, list[str]]
"""What was typed for each option, by the identity of its record; a switch is given as true or false."""


def _taken_apart(argv: Sequence[str], by_flag: Mapping[str, Parameter], *, is_raw: bool) -> tuple[list[str], _Given]:
    words: list[str] = []
    found: _Given = {}
    tokens = iter(argv)
    for token in tokens:
        if token == "--":
            words += tokens
        elif not token.startswith("-") or token == "-":
            words.append(token)
            if is_raw:
                words += tokens
        elif is_raw and token.partition("=")[0] not in by_flag:
            words += [token, *tokens]
        elif token.startswith("--"):
            _long(token, tokens, by_flag, found)
        else:
            _shorts(token, tokens, by_flag, found)
    return words, found


def _long(token: str, tokens: Iterator[str], by_flag: Mapping[str, Parameter], found: _Given) -> None:
    name, equals, value = token.partition("=")
    each = by_flag.get(name)
    if each is None:
        raise BadInput(f"unknown flag: {name[:60]}", hint=_near(name, by_flag))
    typed = found.setdefault(id(each), [])
    if each.kind == "bool":
        typed.append(_truth(each, value) if equals else "true")
    else:
        typed.append(value if equals else _next(each, name, tokens))


def _shorts(token: str, tokens: Iterator[str], by_flag: Mapping[str, Parameter], found: _Given) -> None:
    """A group of short flags, the last of which may take a value, glued on or following."""
    for place, letter in enumerate(token[1:], 1):
        each = by_flag.get(f"-{letter}")
        if each is None:
            raise BadInput(f"unknown shorthand flag: '{letter}' in {token[:60]}")
        typed = found.setdefault(id(each), [])
        rest = token[place + 1 :]
        if each.kind != "bool":
            typed.append(rest.removeprefix("=") if rest else _next(each, f"-{letter}", tokens))
            return
        if rest.startswith("="):
            typed.append(_truth(each, rest[1:]))
            return
        typed.append("true")


def _next(each: Parameter, flag: str, tokens: Iterator[str]) -> str:
    if each.arg.optional_value:
        return each.arg.optional_value
    value = next(tokens, None)
    if value is None:
        said = flag if flag.startswith("--") else f"'{flag[1:]}' in {flag}"
        raise BadInput(f"flag needs an argument: {said}")
    return value


def _truth(each: Parameter, value: str) -> str:
    if value not in _TRUE | _FALSE:
        raise BadInput(
            f'invalid argument "{value[:60]}" for {_quoted(each)}: strconv.ParseBool: parsing "{value[:60]}": '
            "invalid syntax"
        )
    return "true" if value in _TRUE else "false"


def _near(name: str, by_flag: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, [flag for flag in by_flag if flag.startswith("--")], n=1)
    return f"did you mean {close[0]}?" if close else ""


def _require(options: Iterable[Parameter], found: _Given) -> None:
    missing = [each for each in options if each.is_required and id(each) not in found]
    if missing:
        names = ", ".join(f'"{each.flags[0].lstrip("-")}"' for each in missing)
        raise BadInput(f"required flag(s) {names} not set")


def _value(each: Parameter, typed: Sequence[str]) -> Any:
    """An option's value; of one given twice, the later."""
    if not typed:
        return (each.default or ()) if each.is_many and each.default is not None else each.default
    if each.is_many:
        pieces = [piece for text in typed for piece in (_split(text) if each.arg.split else (text,))]
        return tuple(_converted(each, piece) for piece in pieces)
    return typed[-1] == "true" if each.kind == "bool" else _converted(each, typed[-1])


def _split(text: str) -> list[str]:
    if '"' not in text:
        return [piece.strip() for piece in text.split(",") if piece.strip()]
    import csv

    try:
        return [piece.strip() for piece in next(csv.reader([text]), []) if piece.strip()]
    except csv.Error as error:
        raise BadInput(f"{text[:60]!r} is not a comma-separated list: {error}") from error


def _converted(each: Parameter, text: str) -> Any:
    if each.arg.choices and text not in each.arg.choices:
        listed = ", ".join(choice for choice in each.arg.choices if choice)
        raise BadInput(f'invalid argument "{text[:60]}" for {_quoted(each)}', hint=f"one of {listed}")
    if each.kind in {"int", "float"}:
        return _number(each, text)
    _check_text(each, text)
    if each.kind == "path":
        from pathlib import Path

        return Path(text)
    return text


def _check_text(each: Parameter, text: str) -> None:
    if "\0" in text:
        raise BadInput(f"{_quoted(each)} holds a NUL character")
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(f"{_quoted(each)} is not UTF-8 text: invalid byte at character {error.start}") from error


def _number(each: Parameter, text: str) -> float:
    call, read = ("ParseInt", int) if each.kind == "int" else ("ParseFloat", float)
    try:
        return read(text)
    except ValueError as error:
        raise BadInput(
            f'invalid argument "{text[:60]}" for {_quoted(each)}: strconv.{call}: parsing "{text[:60]}": invalid syntax'
        ) from error


def _quoted(each: Parameter) -> str:
    if not each.is_option:
        return f'"{each.name}"'
    shorts = [flag for flag in each.flags if not flag.startswith("--")]
    longs = [flag for flag in each.flags if flag.startswith("--")]
    return f'"{", ".join([*shorts[:1], *longs[:1]])}" flag'


def _bound(parameters: Sequence[Parameter], words: Sequence[str]) -> dict[str, Any]:
    """Positional words by parameter name; a repeatable parameter takes what the others leave."""
    many = next((each for each in parameters if each.is_many), None)
    _check_count(len(words), sum(each.is_required for each in parameters), None if many else len(parameters))
    place = len(parameters) if many is None else parameters.index(many)
    behind = parameters[place + 1 :]
    rest = list(words)
    bound: dict[str, Any] = {}
    for each in parameters[:place]:
        bound[each.name] = _converted(each, rest.pop(0)) if rest else each.default
    if many is not None:
        tail = rest[len(rest) - len(behind) :] if behind else []
        bound[many.name] = tuple(_converted(many, word) for word in rest[: len(rest) - len(behind)])
        bound |= {each.name: _converted(each, word) for each, word in zip(behind, tail, strict=True)}
    return bound


def _check_count(given: int, least: int, most: int | None) -> None:
    if most is None:
        if given < least:
            raise BadInput(f"requires at least {least} arg(s), only received {given}")
    elif not least <= given <= most:
        if least == most:
            raise BadInput(f"accepts {least} arg(s), received {given}")
        wanted = f"at most {most}" if least == 0 else f"between {least} and {most}"
        raise BadInput(f"accepts {wanted} arg(s), received {given}")
