"""Finding home: the one town or `.beads` a command is about. Says what it looked for; never guesses another store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.model.ids import shown
from gastown_tui.core.world.regular import read_regular

_REDIRECT_LIMIT_BYTES = 4096


class HomeKind(StrEnum):
    """What was found."""

    TOWN = "town"
    LONE = "lone"
    """A `.beads` with no town around it."""


class Home(msgspec.Struct, frozen=True):
    """Where commands act.

    Attributes:
        kind: A town, or a lone `.beads`.
        root: The directory that holds `.beads`.
        ledger: The ledger bead commands mean here: a rig's name inside a rig, else the town's own.
        beads_dir: The root's `.beads`, wherever a redirect moved it.
    """

    kind: HomeKind
    root: Path
    ledger: str = ""
    beads_dir: Path = Path()

    @property
    def is_town(self) -> bool:
        """Whether there is a town around."""
        return self.kind is HomeKind.TOWN


def find_home(path: Path | None = None, *, env: Mapping[str, str], cwd: Path, db: Path | None = None) -> Home:
    """Find the home of a command.

    In order: the path given, `--db`, `BEADS_DIR`, `BEADS_DB`, `GT_ROOT`, `GT_TOWN_ROOT`, then upwards from `cwd`, and
    from the main checkout when `cwd` lies in a git worktree.

    Args:
        path: A town, a directory with `.beads`, or a `.beads` itself.
        env: The environment.
        cwd: Where the command was given.
        db: A `.beads`, or a file in one.

    Raises:
        NotFound: nothing there; the message says what was looked for and where.
    """
    for asked, what in ((path, ""), (db, "--db")):
        if asked is not None:
            return _named(cwd / asked, what)
    for name in ("BEADS_DIR", "BEADS_DB", "GT_ROOT", "GT_TOWN_ROOT"):
        if env.get(name):
            return _named(cwd / env[name], name)
    found = _upwards(_logical(cwd, env))
    if found is None and (main := _main_checkout(cwd)) is not None:
        found = _upwards(main)
    if found is None:
        raise NotFound(
            f"no .beads directory in {shown(str(cwd), 200)} or any directory above it",
            hint="bd init makes one here; gt install PATH makes a town",
        )
    return found


def is_town(directory: Path) -> bool:
    """Whether a directory is a town's root; a rig has the same folders beside its shared repository."""
    return (
        (directory / ".beads").is_dir()
        and (directory / "settings.toml").is_file()
        and (directory / "mayor").is_dir()
        and not (directory / ".repo.git").exists()
    )


def town_around(directory: Path) -> Path | None:
    """The innermost town a directory lies in."""
    return next((each for each in (directory, *directory.parents) if is_town(each)), None)


def follow_redirect(beads: Path) -> Path:
    """Where a `.beads` really lies: its `redirect` file is followed, once.

    Raises:
        BadInput: the redirect cannot be read.
        NotFound: it leads nowhere.
    """
    try:
        text = read_regular(beads / "redirect", _REDIRECT_LIMIT_BYTES).decode().strip()
    except (FileNotFoundError, NotADirectoryError):
        return beads
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadInput(f"{beads}/redirect cannot be read: {why}") from error
    if not text:
        return beads
    lines = [line.strip() for line in text.splitlines() if not line.lstrip().startswith("#")]
    try:
        target = (beads.parent / (lines[0] if lines else ".beads")).resolve()
        is_there = target.is_dir()
    except (OSError, ValueError) as error:
        raise BadInput(f"{beads}/redirect holds {shown(lines[0], 200)}, which is no path") from error
    if not is_there:
        raise NotFound(
            f"{beads}/redirect leads to {shown(str(target), 200)}, which is not there",
            hint="remove the redirect, or make the directory",
        )
    return target


def _named(asked: Path, what: str) -> Home:
    said = f" ({what})" if what else ""
    place = asked.resolve()
    if not place.exists():
        raise NotFound(f"there is nothing at {shown(str(asked), 200)}{said}")
    if place.is_file():
        place = place.parent
    if place.name == ".beads" or _looks_like_ledger(place):
        return _home(place, exact=True)
    if (place / ".beads").is_dir():
        return _home(place / ".beads", exact=True)
    town = town_around(place)
    if town is not None:
        return Home(HomeKind.TOWN, town, _rig_of(town, place), follow_redirect(town / ".beads"))
    raise NotFound(
        f"no .beads directory in {shown(str(asked), 200)}{said}",
        hint="bd init makes one; gt install PATH makes a town",
    )


def _upwards(start: Path) -> Home | None:
    for each in (start, *start.parents):
        if (each / ".beads").is_dir():
            return _home(each / ".beads", exact=False)
    return None


def _home(beads: Path, *, exact: bool) -> Home:
    """The home a `.beads` belongs to: the town around it when the town counts it among its own.

    Inside a rig's folder the rig's ledger rules unless `exact`: a worktree may carry a tracked `.beads` of its
    project, which is a copy on a branch and not the place to write to.
    """
    real = follow_redirect(beads)
    for place in dict.fromkeys((real.parent, beads.parent)):
        town = town_around(place)
        if town is None:
            continue
        own = follow_redirect(town / ".beads")
        if real == own:
            return Home(HomeKind.TOWN, town, _rig_of(town, beads.parent), own)
        rig = _rig_of(town, place)
        if rig and (not exact or real == follow_redirect(town / rig / ".beads")):
            return Home(HomeKind.TOWN, town, rig, own)
    return Home(HomeKind.LONE, real.parent if real.name == ".beads" else beads.parent, "", real)


def _rig_of(town: Path, place: Path) -> str:
    """The rig whose folder holds a place; empty at the town's own level."""
    try:
        parts = place.relative_to(town).parts
    except ValueError:
        return ""
    if parts and parts[0] not in {"mayor", "deacon"} and (town / parts[0] / ".beads").is_dir():
        return parts[0]
    return ""


def _looks_like_ledger(place: Path) -> bool:
    names = ("events.jsonl", "issues.jsonl", "beads.jsonl", "metadata.json")
    return not (place / ".beads").is_dir() and any((place / name).is_file() for name in names)


def _logical(cwd: Path, env: Mapping[str, str]) -> Path:
    """The directory as the shell spells it, when that is the same place: links into a town stay inside it."""
    said = env.get("PWD")
    try:
        if said and Path(said).is_absolute() and Path(said).samefile(cwd):
            return Path(said)
    except OSError:
        pass
    return cwd.resolve()


def _main_checkout(cwd: Path) -> Path | None:
    """The main checkout of the git worktree a directory lies in, read from git's own pointer files."""
    for each in (cwd, *cwd.parents):
        pointer = each / ".git"
        if not pointer.is_file():
            if pointer.is_dir():
                return None
            continue
        return next(_common_parents(each, pointer), None)
    return None


def _common_parents(worktree: Path, pointer: Path) -> Iterator[Path]:
    try:
        text = pointer.read_bytes()[:_REDIRECT_LIMIT_BYTES].decode()
        git_dir = (worktree / text.removeprefix("gitdir:").strip()).resolve()
        common = (git_dir / (git_dir / "commondir").read_text().strip()).resolve()
    except (OSError, UnicodeDecodeError):
        return
    if common.name == ".git":
        yield common.parent
