"""One command line, from words to an exit code: find the verb, read its arguments, act, show."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gastown_tui.cli import exits
from gastown_tui.cli.flags import Call, parse, split_words
from gastown_tui.cli.help import family_page, usage_line, verb_page
from gastown_tui.cli.show import complain, show, show_error, show_text
from gastown_tui.core import verbs
from gastown_tui.core.errors import BadInput, GastownError, NotFound, Refused
from gastown_tui.core.model.ids import shown
from gastown_tui.core.verbs.declare import Handover, Needs, Verb, declared

if TYPE_CHECKING:
    from gastown_tui.core.ports import Hands

_GC_THRESHOLD = 200_000
"""A command lives shortly and makes few cycles: looking for them after every 700 records costs more than it frees."""
_kept: list[object] = []
"""The last answer. A process ends with it whole: taking a large one apart takes longer than giving it."""
_LONGEST_ACTOR = 200
_ACTORS = "it comes from --actor, BD_ACTOR, BEADS_ACTOR or GT_ROLE"
_TRUE = frozenset({"1", "true", "yes", "on"})


def run(argv: Sequence[str], prog: str) -> int:
    """Run one command line and return its exit code.

    Args:
        argv: The words after the program's name.
        prog: What the program was called as: `gt`, `bd`, or the whole spelling.
    """
    gc.set_threshold(_GC_THRESHOLD)
    json = "--json" in argv
    try:
        return _run(list(argv), prog)
    except GastownError as error:
        return _told(error, json=json)
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except BrokenPipeError:
        _let_go_of_output()
        return exits.OK
    except OSError as error:
        return _told(GastownError(f"{error.filename or 'the system'}: {error.strerror or error}"), json=json)
    except Exception as error:
        if os.environ.get("GT_TRACEBACK"):
            raise
        return _told(_unforeseen(error), json=json)


def _unforeseen(error: Exception) -> GastownError:
    """The last line of defence: a mistake of ours, told like any other."""
    said = " ".join(str(error).split())[:200]
    return GastownError(
        f"this should not have happened: {type(error).__name__}: {said}",
        hint="GT_TRACEBACK=1 before the command shows where; please report it",
    )


def _told(error: GastownError, *, json: bool) -> int:
    try:
        return show_error(error, json=json)
    except OSError:
        _let_go_of_output()
        return exits.code_of(error)


def _let_go_of_output() -> None:
    """Nobody reads any more: point the descriptor elsewhere, or the interpreter complains at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _run(argv: list[str], prog: str) -> int:
    words, options, rest = _named(argv)
    name = " ".join(words)
    verb = verbs.find(name) if words else None
    if words[-1:] == ["help"] or rest[:1] == ["help"]:
        return _help([*words, *rest], prog)
    if verb is None:
        return _family(name, [*options, *rest], prog)
    if not rest and any(each.is_required and not each.is_option for each in verb.parameters) and _below(verb):
        return _page(verb, prog)
    call = parse(verb, [*options, *rest], usage=usage_line(verb, prog))
    return _page(verb, prog) if call.globals["help"] else _act(verb, call)


def _below(verb: Verb) -> list[Verb]:
    """Verbs whose names begin with this one's."""
    family = verbs.starting_with(verb.name.split(" ")[0])
    return [each for each in family if each.name.startswith(f"{verb.name} ") and not each.hidden]


def _page(verb: Verb, prog: str) -> int:
    show_text(verb_page(verb, prog, _below(verb)))
    return exits.OK


def _named(argv: list[str]) -> tuple[list[str], list[str], list[str]]:
    """The verb's words, found without importing more than its own module."""
    known = {" ".join(key.split(" ")[:count]) for key in verbs.WORDS for count in (1, 2)}
    words, options, rest = split_words(argv, known)
    if not words:
        return words, options, rest
    verbs.find(" ".join(words))
    names = set(declared())
    names |= {" ".join(name.split(" ")[:count]) for name in names for count in range(1, name.count(" ") + 1)}
    longer, more, rest = split_words([*words, *rest], names | known)
    return longer, [*options, *more], rest


def _family(name: str, rest: list[str], prog: str) -> int:
    members = verbs.starting_with(name.split(" ")[0]) if name else []
    members = [each for each in members if each.name.startswith(f"{name} ")]
    words = [word for word in rest if not word.startswith("-")]
    if words or (name and not members):
        raise _unknown(name, words[0] if words else name, [each.name for each in members], prog)
    unknown = [word for word in rest if word.startswith("-") and not split_words([word], ())[1]]
    if unknown:
        raise BadInput(f"unknown flag: {unknown[0][:60]}", hint=f"{prog} --help lists what there is")
    show_text(family_page(name, members if name else verbs.every(), prog))
    return exits.OK


def _unknown(name: str, word: str, members: list[str], prog: str) -> BadInput:
    from difflib import get_close_matches

    at = name.count(" ") + 1 if name else 0
    candidates = {each.split(" ")[at] for each in (*members, *verbs.WORDS) if _extends(each, name)}
    close = get_close_matches(word, sorted(candidates), n=1)
    called = prog if not name or (prog == "bd" and name == "bd") else f"{prog} {name.removeprefix('bd ')}"
    said = "".join(c if c.isprintable() else "?" for c in word[:60])
    hint = f"did you mean {close[0]}?" if close else f"{called} --help lists what there is"
    return BadInput(f'unknown command "{said}" for "{called}"', hint=hint)


def _extends(candidate: str, name: str) -> bool:
    return candidate.startswith(f"{name} ") if name else True


def _help(words: list[str], prog: str) -> int:
    asked, _, rest = _named([word for word in words if word != "help" and not word.startswith("-")])
    verb = verbs.find(" ".join(asked)) if asked and not rest else None
    if verb is None:
        return _family(" ".join(asked), rest, prog)
    return _page(verb, prog)


def _act(verb: Verb, call: Call) -> int:
    given = call.globals
    is_json = given["json"] or (verb.compact_errors and os.environ.get("BD_JSON", "").lower() in _TRUE)
    is_readonly = given["readonly"] or os.environ.get("BD_READONLY", "").lower() in _TRUE
    hands: Hands | None = None
    try:
        hands = _hands(verb, given, is_readonly=is_readonly)
        _allow(verb, is_readonly=is_readonly)
        arguments = {each.name: _filled(each.arg.long_text, call.arguments[each.name]) for each in verb.parameters}
        if verb.confirm and not given["yes"]:
            _confirm(verb)
        receipt = verb.run(hands, **arguments)
        _kept[:] = [receipt]
    except GastownError as error:
        code = show_error(error, json=is_json)
        _warn(hands, given)
        return code
    _warn(hands, given)
    if not is_json:
        hand_over(receipt)
    return show(receipt, json=is_json, quiet=given["quiet"])


def _warn(hands: Hands | None, given: dict[str, Any]) -> None:
    """Say what could not be read on the way; that is never left out silently."""
    if hands is not None and not given["quiet"]:
        for line in hands.ledger.warnings():
            complain(f"Warning: {line}")


def hand_over(receipt: object) -> None:
    """Become the program that a verb hands the terminal to; comes back for every other receipt."""
    if not isinstance(receipt, Handover):
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise GastownError("there is no terminal to hand over", hint="gt peek AGENT shows its screen without one")
    if os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        said = f"its screen cannot be drawn on TERM={os.environ.get('TERM', '')}"
        raise GastownError(said, hint="gt peek AGENT shows it line by line")
    os.execvp(receipt.argv[0], receipt.argv)


def _hands(verb: Verb, given: dict[str, Any], *, is_readonly: bool) -> Hands:
    from gastown_tui.core.wiring import open_hands

    actor = given["actor"]
    cwd = _cwd()
    env = {**os.environ, "BD_JSON": "true"} if given["json"] else os.environ
    hands = open_hands(
        Path(given["town"]) if given["town"] else None,
        actor=actor or None,
        env=env,
        cwd=cwd,
        db=_database(cwd, given["db"]) if given["db"] else None,
        is_readonly=is_readonly,
        unsafe_fs=given["unsafe_fs"],
        **_patience(given["lock_timeout"] or os.environ.get("BD_LOCK_TIMEOUT", "")),
    )
    if len(hands.actor) > _LONGEST_ACTOR or not hands.actor.isprintable():
        raise BadInput(f"the actor must be one line of at most {_LONGEST_ACTOR} printable characters", hint=_ACTORS)
    if verb.needs is Needs.TOWN and not hands.ledger.read().is_town:
        raise NotFound(
            f"there is no town around {hands.ledger.home}", hint="gt install PATH makes one; --town PATH names one"
        )
    if verb.needs is Needs.LEDGER and verb.compact_errors:
        _require_ledger(hands)
    return hands


def _patience(text: str) -> dict[str, float]:
    """How long to wait for the ledger's lock, when somebody said: `500ms`, `30s`, `2m`, or seconds."""
    if not text:
        return {}
    for unit, seconds in (("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("", 1.0)):
        number = text.removesuffix(unit)
        if text.endswith(unit) and number.isdecimal() and len(number) < 8:
            return {"lock_wait_s": int(number) * seconds}
    raise BadInput(f"--lock-timeout {shown(text)} is not a duration", hint="such as 500ms, 30s or 2m")


def _database(cwd: Path, text: str) -> Path:
    """What `--db` names; a database file need not be there, for its directory is what is meant."""
    place = cwd / text
    return place.parent if place.suffix and not place.exists() else place


def _cwd() -> Path:
    try:
        cwd = Path.cwd()
    except FileNotFoundError as error:
        raise NotFound("the directory this was called from is gone", hint="cd to one that exists") from error
    try:
        str(cwd).encode()
    except UnicodeEncodeError as error:
        raise BadInput(f"the name of this directory is not UTF-8 text: {shown(str(cwd), 200)}") from error
    return cwd


def _require_ledger(hands: Hands) -> None:
    try:
        _ = hands.ledger.home
    except NotFound as error:
        raise NotFound(f"no beads database found: {error.message}", hint=error.hint) from error


def _allow(verb: Verb, *, is_readonly: bool) -> None:
    if is_readonly and verb.mutates:
        raise Refused(f"operation '{verb.name.removeprefix('bd ')}' is not allowed in read-only mode")


def _filled(is_long: bool, value: Any) -> Any:
    """The text itself, where `-` asked for standard input."""
    if not is_long or value != "-":
        return value
    data = sys.stdin.buffer.read()
    try:
        return data.decode().rstrip("\n")
    except UnicodeDecodeError as error:
        raise BadInput(f"standard input is not UTF-8 text: {error.reason} at byte {error.start}") from error


def _confirm(verb: Verb) -> None:
    question = f"{verb.confirm.rstrip('?')}?"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(f"{verb.name} asks first: {question}", hint="--yes says yes")
    import click

    try:
        said = click.confirm(question, err=True)
    except click.Abort as error:
        raise KeyboardInterrupt from error
    if not said:
        raise Refused(f"{verb.name} was not confirmed; nothing was done")
