"""Launchers `gt` and `bd`, shell completion, and the list of verbs."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from gastown_tui.core import verbs
from gastown_tui.core.errors import BadInput, GastownError, Refused
from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.beads import Said
from gastown_tui.core.verbs.declare import Arg, Needs, Parameter, Receipt, Suggest, Verb, verb, with_parameters
from gastown_tui.core.views.launchers import PROGRAMS, completion_script, is_ours, launcher_text

_SHELLS = ("bash", "zsh", "fish")
_SUGGESTIONS_LIMIT = 200


def write_launchers(hands: Hands, directory: Path) -> tuple[Path, ...]:
    """Write `gt` and `bd` into a directory, for the interpreter and the package that run now.

    Raises:
        Refused: a file of that name is there that no launcher wrote; nothing is written then.
    """
    files = [(directory / name, launcher(name, sys.executable)) for name in PROGRAMS]
    for place, _ in files:
        if hands.files.exists(place) and not _is_ours(hands, place):
            raise Refused(
                f"{place} is there already and is not one of ours",
                hint="choose another directory, or move that file away",
            )
    for place, text in files:
        hands.files.write_text(place, text, executable=True)
    return tuple(place for place, _ in files)


def launcher(name: str, python: str) -> str:
    """The script that runs a program's verbs with an interpreter and this very package."""
    return launcher_text(name, python=python, root=str(Path(__file__).parents[3]))


def _is_ours(hands: Hands, place: Path) -> bool:
    try:
        return is_ours(hands.files.read_text(place, limit_bytes=10_000))
    except GastownError:
        return False


@verb(group="town", needs=Needs.NOTHING)
def shims(
    hands: Hands, directory: Annotated[Path, Arg("Where to put them", metavar="DIR", suggest=Suggest.PATH)]
) -> Receipt:
    """Write the launchers `gt` and `bd` into a directory.

    They run this very interpreter and package. A file that no launcher wrote is never overwritten.
    """
    place = hands.cwd / directory
    if hands.files.exists(place) and not place.is_dir():
        raise BadInput(f"{place} is not a directory")
    written = write_launchers(hands, place)
    lines = [f"✓ {each}" for each in written]
    if str(place) not in hands.env.get("PATH", "").split(":"):
        lines.append(f"  Put it first on your PATH: export PATH={place}:$PATH")
    return Said(plain="\n".join(lines), value={"directory": str(place), "written": [str(each) for each in written]})


@verb(group="town", needs=Needs.NOTHING, mutates=False)
def version(hands: Hands) -> Receipt:
    """Say which version this is."""
    from gastown_tui import __version__

    return Said(plain=f"gastown-tui {__version__}", value={"version": __version__})


@verb("verbs", group="town", needs=Needs.NOTHING, mutates=False)
def verbs_(hands: Hands) -> Receipt:
    """List every verb, with its arguments for --json."""
    every = [each for each in verbs.every() if not each.hidden]
    width = max(len(each.name) for each in every)
    lines = [f"{each.name:<{width}}  {each.about}" for each in every]
    return Said(plain="\n".join(lines), value=[_described(each) for each in every])


def _described(each: Verb) -> dict[str, object]:
    return {
        "name": each.name,
        "about": each.about,
        "group": each.group,
        "keys": each.keys,
        "needs": each.needs.value,
        "mutates": each.mutates,
        "parameters": [
            {
                "name": parameter.name,
                "kind": parameter.kind,
                "about": parameter.arg.about,
                "flags": list(parameter.flags) if parameter.is_option else [],
                "required": parameter.is_required,
                "many": parameter.is_many,
                "choices": list(parameter.arg.choices),
            }
            for parameter in each.parameters
            if not parameter.arg.hidden
        ],
    }


@verb(group="town", needs=Needs.NOTHING, mutates=False, aliases=("bd completion",))
def completion(hands: Hands, shell: Annotated[str, Arg("bash, zsh or fish", choices=_SHELLS)]) -> Receipt:
    """Print a completion script: `source <(gt completion bash)`."""
    return Said(plain=completion_script(shell))


@verb("completion words", group="town", needs=Needs.NOTHING, mutates=False, hidden=True)
def words(
    hands: Hands, line: Annotated[tuple[str, ...], Arg("The line so far, its last word perhaps unfinished", raw=True)]
) -> Receipt:
    """Say what may follow on a command line; completion scripts ask."""
    *before, last = line[1:] or ("",)
    if line and line[0] == "bd":
        before = ["bd", *before]
    found = _following(hands, [word for word in before if word != "--batch"], last)
    fitting = sorted({each for each in found if each.startswith(last) and each == one_line(each)})
    return Said(plain="\n".join(fitting[:_SUGGESTIONS_LIMIT]))


def _following(hands: Hands, before: list[str], last: str) -> Iterable[str]:
    plain = [word for word in before if not word.startswith("-")]
    count = next((n for n in range(min(3, len(plain)), 0, -1) if verbs.find(" ".join(plain[:n])) is not None), 0)
    named = verbs.find(" ".join(plain[:count])) if count else None
    family = " ".join(plain)
    members = [each.name for each in verbs.starting_with(plain[0])] if plain else []
    deeper = [*members, *verbs.WORDS]
    at = len(plain)
    found = {
        name.split(" ")[at]
        for name in deeper
        if name.count(" ") >= at and (not family or name.startswith(f"{family} "))
    }
    if named is None:
        return found
    record = with_parameters(named)
    if last.startswith("-"):
        flags = [flag for each in record.parameters if each.is_option and not each.arg.hidden for flag in each.flags]
        return {*(flag for flag in flags if flag.startswith("--")), "--json", "--help"}
    return found | set(_values(hands, record, before, len(plain) - count))


def _values(hands: Hands, record: Verb, before: list[str], place: int) -> Iterable[str]:
    """What a parameter may be: its choices, or names the town knows."""
    options = [each for each in record.parameters if each.is_option and before and before[-1] in each.flags]
    positional = [each for each in record.parameters if not each.is_option]
    parameter: Parameter | None = None
    if options and options[0].kind != "bool":
        parameter = options[0]
    elif positional:
        parameter = positional[min(place, len(positional) - 1)]
    if parameter is None:
        return ()
    return parameter.arg.choices or _known(hands, parameter.arg.suggest)


def _known(hands: Hands, what: Suggest) -> Iterable[str]:
    try:
        if what is Suggest.RUNTIME:
            return hands.runtimes.names()
        town = hands.ledger.read()
        match what:
            case Suggest.BEAD | Suggest.READY:
                return [bead.id for bead in town.beads() if not bead.is_closed]
            case Suggest.CONVOY:
                return [bead.id for bead in town.convoys() if not bead.is_closed]
            case Suggest.AGENT:
                return [agent.address for agent in town.agents()]
            case Suggest.RIG:
                return town.rigs()
            case Suggest.TARGET:
                return [*town.rigs(), *(agent.address for agent in town.agents())]
            case Suggest.MAIL:
                return town.own.mail
            case Suggest.MERGE:
                return [merge.id for merge in town.merges() if merge.is_open]
    except GastownError:
        pass
    return ()
