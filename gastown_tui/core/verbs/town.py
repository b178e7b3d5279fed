"""`gt install`: founding a town."""

from __future__ import annotations

import json
from pathlib import Path
from shlex import quote
from typing import Annotated, Any

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, GastownError, Refused, ToolFailed
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import DEACON, MAYOR, OVERSEER
from gastown_tui.core.model.ids import parse_prefix, shown
from gastown_tui.core.model.outside import RunOutcome
from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Files, Hands
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb

FOLDERS = ("mayor", "deacon", "bin", "logs")
"""What a town's own folder holds besides its ledger, its settings and its rigs."""
_NAME_LIMIT = 60
_LOCK = "founding.lock"
_IGNORED = """\
/bin/
/logs/
/*/.repo.git/
/*/mayor/rig/
/*/refinery/rig/
/*/crew/*/
/*/polecats/*/
/*/.rescue/
"""


class Installed(Receipt, frozen=True, kw_only=True):
    """A founded town."""

    name: str
    path: str
    prefix: str
    repaired: bool = False
    """It stood already; what was missing was added."""

    def text(self) -> str:
        """Where it is and what comes next."""
        what = "Repaired" if self.repaired else "Installed"
        place = quote(self.path)
        return "\n".join(
            [
                f"{what} town {self.name} at {self.path}",
                f"  cd {place}",
                "  gt rig add NAME URL        adds a project",
                "  gt start                   sets it going",
                f"  export PATH={place}/bin:$PATH   puts gt and bd within reach",
            ]
        )

    def data(self) -> Any:
        """The town's name and place."""
        return {"name": self.name, "path": self.path, "prefix": self.prefix, "repaired": self.repaired}


@verb(group="town", needs=Needs.NOTHING)
def install(
    hands: Hands,
    path: Annotated[str, Arg("where; the current directory when left out", suggest=Suggest.PATH)] = "",
    *,
    name: Annotated[str, Arg("what the town is called; its folder's name when left out", flags=("--name", "-n"))] = "",
    owner: Annotated[str, Arg("mail address of its overseer", metavar="EMAIL")] = "",
    prefix: Annotated[str, Arg("prefix of the town's own beads")] = "hq",
    git: Annotated[bool, Arg("put the town's folder under git")] = False,
    force: Annotated[bool, Arg("add what is missing to a town that stands already", flags=("--force", "-f"))] = False,
) -> Installed:
    """Found a town: the folder in which rigs, agents and their ledger live.

    Raises:
        BadInput: a name, prefix or path is not usable.
        Conflict: a town or something in its way is there.
        Refused: the place lies in another town.
    """
    root = _root(hands, path)
    parse_prefix(prefix)
    stands = is_town(hands, root)
    _check_place(hands, root, stands=stands, force=force)
    called = _checked_name(name or root.name)
    if git and (trouble := hands.worktrees.unavailable()):
        raise ToolFailed(trouble)
    made = [] if stands else _first_missing(hands, root)
    hands.files.make_directory(root / "logs")
    with hands.processes.alone(root / "logs" / _LOCK) as mine:
        if not mine or is_town(hands, root) is not stands:
            raise Conflict(f"somebody else is founding a town at {root}", hint="gt status there shows it")
        try:
            installed = _found(hands, root, called, parse_prefix(prefix), owner, stands=stands)
            if git:
                _put_under_git(hands, root)
        except BaseException:
            _take_back(hands, made)
            raise
    return installed


def is_town(hands: Hands, directory: Path) -> bool:
    """Whether a town stands in a directory; a rig has the same folders beside its shared repository."""
    there = hands.files.exists
    marks = all(there(directory / each) for each in (".beads", "settings.toml", "mayor"))
    return marks and not there(directory / ".repo.git")


# ---------------------------------------------------------------------------------------------- may it stand there


def _root(hands: Hands, path: str) -> Path:
    try:
        return (hands.cwd / Path(path or ".").expanduser()).resolve()
    except (RuntimeError, OSError, ValueError) as error:
        raise BadInput(f"{shown(path)} is not a usable path") from error


def _checked_name(name: str) -> str:
    clean = one_line(name)
    if not clean or len(clean) > _NAME_LIMIT or clean != name:
        raise BadInput(
            f"{shown(name)} cannot name a town", hint=f"--name gives it one: one line, at most {_NAME_LIMIT} characters"
        )
    return clean


def _check_place(hands: Hands, root: Path, *, stands: bool, force: bool) -> None:
    """Refuse a place before anything is written."""
    around = next((each for each in root.parents if is_town(hands, each)), None)
    if around is not None:
        raise Refused(f"{root} lies inside the town at {around}", hint="towns do not nest; choose another folder")
    if stands:
        if not force:
            raise Conflict(f"there is a town at {root} already", hint="--force adds what is missing to it")
        return
    names = hands.files.names(root)
    if ".beads" in names:
        raise Conflict(
            f"{root} has a ledger of its own, .beads", hint="choose an empty folder, then gt rig add NAME on this one"
        )
    taken = [each for each in (*FOLDERS, "settings.toml") if each in names]
    if "logs" in taken and set(hands.files.names(root / "logs")) <= {_LOCK}:
        taken.remove("logs")
    if taken and not (force and "settings.toml" in taken):
        hint = (
            "--force goes on with a founding that broke off" if "settings.toml" in taken else "choose an empty folder"
        )
        raise Conflict(f"{root} holds {', '.join(taken)} already", hint=hint)
    if inner := next((each for each in names if is_town(hands, root / each)), None):
        raise Refused(f"there is a town inside {root}: {inner}", hint="towns do not nest; choose another folder")


# ---------------------------------------------------------------------------------------------- founding


def _found(hands: Hands, root: Path, name: str, prefix: str, owner: str, *, stands: bool) -> Installed:
    from gastown_tui.core.verbs import shims

    files = hands.files
    if not stands:
        # Settings come first and the ledger last: a founding killed in between is known for ours and can be repeated.
        files.write_text(root / "settings.toml", _settings(name, prefix))
    for each in FOLDERS:
        files.make_directory(root / each)
    shims.write_launchers(hands, root / "bin")
    if not stands:
        files.create_ledger(root, prefix=prefix)
    recorded = hands.elsewhere(root).ledger.record(lambda town: _facts(town, name, owner), actor=OVERSEER)
    write_routes(files, root, recorded.town)
    own = recorded.town.own.registers
    return Installed(name=own.town_name or name, path=str(root), prefix=own.prefix or prefix, repaired=stands)


def _facts(town: Town, name: str, owner: str) -> tuple[Entry, ...]:
    """What founding records; a town that stands gets only what it lacks."""
    known = {agent.address for agent in town.agents()}
    founded = () if town.own.registers.town_name else (Entry(e.TownInstalled(name=name, owner=owner)),)
    agents = (Entry(e.AgentRegistered(agent=each)) for each in (MAYOR, DEACON) if each not in known)
    return (*founded, *agents)


def write_routes(files: Files, root: Path, town: Town) -> None:
    """Write `routes.jsonl`: which prefix lives where, for other programs that read ledgers."""
    own = town.own.registers.prefix or town.settings.prefix
    places = {f"{own}-": ".", f"{own}-cv-": ".", **{f"{rig.prefix}-": str(rig.name) for rig in town.rigs().values()}}
    text = "".join(json.dumps({"prefix": each, "path": place}) + "\n" for each, place in places.items())
    files.write_text(root / ".beads" / "routes.jsonl", text)


def _settings(name: str, prefix: str) -> str:
    return "\n".join(
        [
            "# gt config list shows every setting; gt config set KEY VALUE changes one.",
            f"name = {json.dumps(name, ensure_ascii=False)}",
            f"prefix = {json.dumps(prefix)}",
            "",
        ]
    )


def _put_under_git(hands: Hands, root: Path) -> None:
    if not hands.files.exists(root / ".gitignore"):
        hands.files.write_text(root / ".gitignore", _IGNORED)
    if hands.files.exists(root / ".git"):
        return
    run = hands.commands.run("git init --quiet", cwd=root, timeout_s=60)
    if run.outcome is not RunOutcome.PASS:
        raise ToolFailed(f"git init failed in {root}", hint=one_line(run.tail, 200), code=run.code)


# ---------------------------------------------------------------------------------------------- taking back


def _first_missing(hands: Hands, root: Path) -> list[Path]:
    """What founding is going to make: the topmost missing folder, or the pieces inside one that is there."""
    if not hands.files.exists(root):
        return [[each for each in (root, *root.parents) if not hands.files.exists(each)][-1]]
    pieces = (*FOLDERS, ".beads", "settings.toml", ".gitignore", ".git")
    return [root / each for each in pieces if not hands.files.exists(root / each)]


def _take_back(hands: Hands, made: list[Path]) -> None:
    for each in made:
        try:
            hands.files.remove_tree(each, inside=each.parent)
        except (GastownError, OSError):
            continue
