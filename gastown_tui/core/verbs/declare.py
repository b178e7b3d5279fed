"""One verb, one declaration: the record from which every front door builds itself.

A verb is a plain typed function. Its first parameter is `hands: Hands`; parameters before `*` are positional arguments,
those after it are options. Each is annotated `Annotated[type, Arg("what it is", …)]`. The decorator records the verb
and returns the function unchanged, so tests and patrols call it as ordinary Python.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from textwrap import dedent
from types import FunctionType, UnionType
from typing import Annotated, Any, NewType, ParamSpec, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

P = ParamSpec("P")
R = TypeVar("R")


class Needs(StrEnum):
    """What must be around for a verb to make sense."""

    NOTHING = "nothing"
    LEDGER = "ledger"
    """Any `.beads`, in a town or alone."""
    TOWN = "town"


class Suggest(StrEnum):
    """What a form or a shell completes a parameter with."""

    NOTHING = ""
    BEAD = "bead"
    READY = "ready bead"
    CONVOY = "convoy"
    AGENT = "agent"
    RIG = "rig"
    TARGET = "sling target"
    MAIL = "mail"
    RUNTIME = "runtime"
    MERGE = "merge request"
    FORMULA = "formula"
    PATH = "path"


class Arg(msgspec.Struct, frozen=True):
    """What a parameter is called outside and what is said about it."""

    about: str
    flags: tuple[str, ...] = ()
    """Spellings of an option, the main one first; empty: `--` and the parameter's name with dashes."""
    suggest: Suggest = Suggest.NOTHING
    choices: tuple[str, ...] = ()
    metavar: str = ""
    hidden: bool = False
    optional_value: str = ""
    """An option that may stand alone: the value it then has."""
    split: bool = False
    """A repeatable option whose values also split on commas."""
    asked: bool = False
    """An option people nearly always give, so a form stops at it."""
    long_text: bool = False
    """Deserves a text area in a form; `-` reads standard input."""
    raw: bool = False
    """Takes every remaining word, options too, untouched."""


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of a verb, ready for a parser, a form or a page."""

    name: str
    kind: str
    """`str int float bool path`."""
    is_option: bool
    is_many: bool
    is_required: bool
    default: Any = None
    arg: Arg

    @property
    def flags(self) -> tuple[str, ...]:
        """Every spelling of an option."""
        return self.arg.flags or ("--" + self.name.rstrip("_").replace("_", "-"),)


class Verb(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a person or an agent may ask of the town."""

    name: str
    """Words as typed: `sling`, `convoy create`, `bd list`."""
    run: Callable[..., Any]
    about: str
    """First line of the docstring, without its full stop."""
    detail: str = ""
    """The rest of the docstring before its sections."""
    group: str
    """Heading in help and docs: work, convoys, talk, agents, town, beads, merge, room."""
    keys: str = ""
    """Key in the room; empty: palette and command line only."""
    needs: Needs
    mutates: bool
    confirm: str = ""
    """The question asked before a destructive verb runs, in the room and on a terminal."""
    aliases: tuple[str, ...] = ()
    hidden: bool = False
    compact_errors: bool = False
    """Errors use the wording existing beads clients parse."""
    parameters: tuple[Parameter, ...]


class Receipt(msgspec.Struct, kw_only=True, frozen=True):
    """What a verb gives back: `text()` for people, `data()` for `--json`."""

    def text(self) -> str:
        """Plain lines for a terminal, without a final newline; empty prints nothing."""
        return ""

    def brief(self) -> str:
        """What is left of the text when only results are wanted."""
        return self.text()

    def data(self) -> Any:
        """Plain values for JSON."""
        return msgspec.to_builtins(self)

    def warnings(self) -> tuple[str, ...]:
        """Lines for standard error."""
        return ()

    def code(self) -> int:
        """The exit code; 0 unless the answer itself is `no`."""
        return 0

    def follow(self, *, json: bool) -> Iterator[str]:
        """Further lines as they come about, printed after the text for as long as somebody reads.

        Args:
            json: One JSON value a line is wanted.
        """
        return iter(())


class Handover(Receipt, frozen=True, kw_only=True):
    """The terminal goes to another program: the front that got this replaces itself by `argv`."""

    argv: tuple[str, ...]
    session: str = ""
    started: bool = False


_VERBS: dict[str, Verb] = {}


def verb(
    name: str = "",
    *,
    group: str,
    keys: str = "",
    needs: Needs = Needs.TOWN,
    mutates: bool = True,
    confirm: str = "",
    aliases: tuple[str, ...] = (),
    hidden: bool = False,
    compact_errors: bool = False,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare a function as a verb and return it unchanged.

    Raises:
        TypeError: it has no docstring, an undeclared parameter, or a name, alias or key that is taken.
    """

    def declare(run: Callable[P, R]) -> Callable[P, R]:
        words = name or run.__name__.rstrip("_").replace("_", " ")
        about, _, rest = _unindented(run.__doc__ or "").partition("\n\n")
        if not about:
            raise TypeError(f"verb {words!r} has no docstring")
        record = Verb(
            name=words,
            run=run,
            about=" ".join(about.split()).removesuffix("."),
            detail=f"\n{rest}".partition("\nRaises:")[0].partition("\nArgs:")[0].strip(),
            group=group,
            keys=keys,
            needs=needs,
            mutates=mutates,
            confirm=confirm,
            aliases=aliases,
            hidden=hidden,
            compact_errors=compact_errors,
            parameters=(),
        )
        for taken in (words, *aliases):
            if taken in _VERBS:
                raise TypeError(f"verb name {taken!r} is taken")
        if keys and any(other.keys == keys for other in _VERBS.values()):
            raise TypeError(f"key {keys!r} of verb {words!r} is taken")
        for spelling in (words, *aliases):
            _VERBS[spelling] = record
        return run

    return declare


def declared() -> dict[str, Verb]:
    """Every verb declared by the modules imported so far, by name and alias; parameters not yet read."""
    return _VERBS


def with_parameters(record: Verb) -> Verb:
    """The verb with its parameters read from the function's signature; costly enough to be done on demand."""
    if record.parameters:
        return record
    module = sys.modules[record.run.__module__]
    hints = get_type_hints(record.run, vars(module), include_extras=True)
    # Read from the code itself: `inspect` takes longer to load than all the events there are.
    run = cast(FunctionType, record.run)
    names = run.__code__.co_varnames[: run.__code__.co_argcount + run.__code__.co_kwonlyargcount]
    places, options = names[: run.__code__.co_argcount], names[run.__code__.co_argcount :]
    last = run.__defaults__ or ()
    defaults = {**dict(zip(places[len(places) - len(last) :], last, strict=True)), **(run.__kwdefaults__ or {})}
    parameters = tuple(
        _parameter(record.name, name, hints.get(name), defaults, is_option=name in options)
        for name in names
        if name != "hands"
    )
    return msgspec.structs.replace(record, parameters=parameters)


def _parameter(verb_name: str, name: str, hint: Any, defaults: dict[str, Any], *, is_option: bool) -> Parameter:
    arg = next((extra for extra in get_args(hint)[1:] if isinstance(extra, Arg)), None)
    if get_origin(hint) is not Annotated or arg is None:
        raise TypeError(f"parameter {name!r} of verb {verb_name!r} says nothing about itself")
    kind, is_many = _kind(get_args(hint)[0])
    return Parameter(
        name=name,
        kind=kind,
        is_option=is_option,
        is_many=is_many,
        is_required=name not in defaults,
        default=defaults.get(name),
        arg=arg,
    )


def _unindented(docstring: str) -> str:
    first, _, rest = docstring.strip().partition("\n")
    return f"{first}\n{dedent(rest)}".strip()


def _kind(annotation: Any) -> tuple[str, bool]:
    while isinstance(annotation, NewType):
        annotation = annotation.__supertype__
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return _kind(next(member for member in get_args(annotation) if member is not type(None)))
    if origin is tuple:
        return _kind(get_args(annotation)[0])[0], True
    names = {str: "str", int: "int", float: "float", bool: "bool"}
    return names.get(annotation, "path" if getattr(annotation, "__name__", "") == "Path" else "str"), False
