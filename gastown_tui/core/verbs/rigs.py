"""`gt rig`: the projects of a town."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, GastownError
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import Role, parts
from gastown_tui.core.model.ids import Address, RigName
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import rigs as rules
from gastown_tui.core.rules.rigs import Guess, NewRig
from gastown_tui.core.verbs import town as founding
from gastown_tui.core.verbs.declare import Arg, Receipt, Suggest, verb

_TRACKED_LIMIT_BYTES = 256_000_000

# ---------------------------------------------------------------------------------------------- adding


class Added(Receipt, frozen=True, kw_only=True):
    """A rig that joined."""

    name: str
    prefix: str
    url: str
    default_branch: str
    path: str
    gate: str = ""
    guessed: str = ""
    """What gave the gate away; empty when it was named."""
    beads: int = 0
    """How many beads the project brought along."""

    def text(self) -> str:
        """What joined, how its work is checked, and what comes next."""
        brought = f", with {self.beads} beads of its own" if self.beads else ""
        lines = [f"Added rig {self.name} at {self.path}: beads {self.prefix}-, branch {self.default_branch}{brought}"]
        if self.guessed:
            lines.append(f"  gate: {self.gate} (guessed: {self.guessed}); gt config set gate CMD --rig {self.name}")
        elif self.gate:
            lines.append(f"  gate: {self.gate}")
        lines.append(
            f'  bd create "What is to be done" --rig {self.name}   files work, gt sling ID {self.name} gives it out'
        )
        return "\n".join(lines)

    def data(self) -> Any:
        """The rig's record."""
        return msgspec.to_builtins(self)

    def warnings(self) -> tuple[str, ...]:
        """A rig nobody gates says so."""
        if self.gate:
            return ()
        return (f"no gate: nothing is checked before merging; gt config set gate CMD --rig {self.name} sets one",)


@verb("rig add", group="town")
def rig_add(
    hands: Hands,
    name: Annotated[str, Arg("what the rig is called")],
    url: Annotated[str, Arg("URL or path of its git repository", suggest=Suggest.PATH)] = "",
    *,
    remote: Annotated[str, Arg("the same, as an option", metavar="URL")] = "",
    prefix: Annotated[str, Arg("prefix of its beads; made from the name when left out")] = "",
    branch: Annotated[str, Arg("branch that work starts from and lands on")] = "",
    gate: Annotated[str, Arg("command that must pass on every merged result", metavar="CMD")] = "",
) -> Added:
    """Add a project to the town.

    Raises:
        BadInput: a name, prefix or URL is not usable, or the repository has no commits.
        Conflict: the name, the prefix or the folder is taken.
        ToolFailed: the repository could not be fetched; nothing is left behind.
    """
    town = hands.ledger.read()
    try:
        rig = rules.check_new_name(town, name)
    except Conflict:
        _finish(hands, town, name)
        raise
    source = _source(hands, url, remote)
    if prefix:
        rules.check_prefix(town, prefix)
    lock = hands.ledger.home / ".beads" / "local" / "locks" / "rigs"
    with hands.processes.alone(lock) as mine:
        if not mine:
            raise Conflict("another rig is being added right now", hint="try again in a moment")
        return _add(hands, rig, source, prefix, branch, gate)


def _source(hands: Hands, url: str, remote: str) -> str:
    """The one repository named; a path counts from where the command was given."""
    if url and remote and url != remote:
        raise BadInput("two repositories are named", hint="leave out --remote or the second word")
    source = url or remote
    if not source:
        raise BadInput("which repository?", hint="gt rig add NAME URL-or-path")
    here = hands.cwd / Path(source)
    is_path = "://" not in source and not source.startswith("-") and hands.files.exists(here)
    return str(here.resolve()) if is_path else source


def _add(hands: Hands, rig: RigName, source: str, prefix: str, branch: str, gate: str) -> Added:
    folder = hands.ledger.home / rig
    was_there = hands.files.exists(folder)
    bare = folder / ".repo.git"
    if was_there and not hands.files.exists(bare) and not _is_unbegun(hands, folder):
        raise Conflict(f"{folder} is in the way", hint="move it somewhere else, or choose another name")
    try:
        hands.files.make_directory(folder / "mayor")
        fact = hands.worktrees.add_repository(source, bare, branch=branch)
        if was_there:
            hands.worktrees.fetch(bare)
        reference = folder / "mayor" / "rig"
        hands.worktrees.clone(bare, reference, branch=fact.default_branch)
        chosen = _prefix(hands, rig, prefix, folder / ".beads", reference / ".beads")
        has_settings = hands.files.exists(folder / "settings.toml")
        guess = Guess(gate) if gate or has_settings else _guess(hands, reference)
        _furnish(hands, folder, chosen, guess.command, reference / ".beads")
        new = NewRig(name=rig, prefix=chosen, url=_shown_url(source), default_branch=fact.default_branch)
        recorded = hands.ledger.record(lambda town: rules.join(town, new), actor=hands.actor)
    except BaseException:
        if not was_there and rig not in hands.ledger.read().rigs():
            clear(hands, folder)
        raise
    founding.write_routes(hands.files, hands.ledger.home, recorded.town)
    town = _adopt(hands, rig, chosen)
    return Added(
        name=rig,
        prefix=chosen,
        url=new.url,
        default_branch=new.default_branch,
        path=str(folder),
        gate=town.settings.rig(rig).gate,
        guessed=guess.because,
        beads=len(town.ledgers[rig].beads) if rig in town.ledgers else 0,
    )


def _is_unbegun(hands: Hands, folder: Path) -> bool:
    """Whether a folder holds no more than an adding leaves there that was killed at its very beginning."""
    names = {name for name in hands.files.names(folder) if not name.startswith("..repo.git.half-")}
    return names <= {"mayor"} and not hands.files.names(folder / "mayor")


def _finish(hands: Hands, town: Town, name: str) -> None:
    """What an adding still has to do that was killed once the rig was on record."""
    known = next((rig for rig in town.rigs().values() if rig.name == name and rig.name in town.ledgers), None)
    if known is not None:
        founding.write_routes(hands.files, hands.ledger.home, _adopt(hands, known.name, known.prefix))


def _prefix(hands: Hands, rig: RigName, asked: str, *ledgers: Path) -> str:
    """The prefix of a rig: that of a ledger it brings along, else the one asked for, else one made from its name."""
    town = hands.ledger.read()
    told = ((_text(hands, each / "config.yaml"), _text(hands, each / "issues.jsonl")) for each in ledgers)
    own = next(filter(None, (rules.tracked_prefix(config, issues) for config, issues in told)), "")
    if own and asked and own != asked.removesuffix("-"):
        raise BadInput(
            f"the project's beads have the prefix {own}- already, not {asked.removesuffix('-')}-",
            hint=f"leave out --prefix, or say --prefix {own}",
        )
    if own or asked:
        return rules.check_prefix(town, own or asked)
    return rules.derive_prefix(rig, town.prefixes())


def _guess(hands: Hands, reference: Path) -> Guess:
    there = set(hands.files.names(reference))
    return rules.guess_gate({name: _text(hands, reference / name) for name in rules.READ_FOR_GUESS if name in there})


def _text(hands: Hands, file: Path) -> str:
    """A file of the project; nothing when it is missing, too long or no text."""
    try:
        return hands.files.read_text(file, limit_bytes=_TRACKED_LIMIT_BYTES)
    except GastownError:
        return ""


def _furnish(hands: Hands, folder: Path, prefix: str, gate: str, tracked: Path) -> None:
    """A rig's folders, ledger and settings; what stands there from before stays."""
    for each in ("refinery", "witness", "crew", "polecats"):
        hands.files.make_directory(folder / each)
    if not hands.files.names(folder / ".beads"):
        _make_ledger(hands, folder, prefix, tracked)
    settings = folder / "settings.toml"
    if not hands.files.exists(settings):
        hands.files.write_text(settings, "# gt config list --rig shows every setting of this rig.\n")
    if gate:
        hands.files.set_setting(settings, "gate", gate)


def _make_ledger(hands: Hands, folder: Path, prefix: str, tracked: Path) -> None:
    """A ledger of the rig's own; the beads a project tracks in its repository are where it begins."""
    if not (issues := _text(hands, tracked / "issues.jsonl")).strip():
        hands.files.create_ledger(folder, prefix=prefix)
        return
    hands.files.write_text(folder / ".beads" / "issues.jsonl", issues)
    if config := _text(hands, tracked / "config.yaml"):
        hands.files.write_text(folder / ".beads" / "config.yaml", config)


def _adopt(hands: Hands, rig: RigName, prefix: str) -> Town:
    """Make the rig's ledger the first time its own, with the prefix it is known by."""

    def decide(town: Town) -> tuple[Entry, ...]:
        named = town.ledgers[rig].registers.prefix == prefix
        return () if named else (Entry(e.LedgerCreated(prefix=prefix), rig),)

    return hands.ledger.record(decide, actor=hands.actor, ledgers=("", rig)).town


def clear(hands: Hands, folder: Path) -> None:
    """Remove a folder that was begun and not finished; what cannot be removed stays."""
    try:
        hands.files.remove_tree(folder, inside=hands.ledger.home)
    except (GastownError, OSError):
        return


def _shown_url(source: str) -> str:
    """A URL without the password in it: the ledger is no place for secrets."""
    scheme, sep, rest = source.partition("://")
    user, at, host = rest.partition("@") if "/" not in rest.partition("@")[0] else ("", "", rest)
    return f"{scheme}{sep}{user.partition(':')[0]}{at}{host}" if sep else source


# ---------------------------------------------------------------------------------------------- the others


class RigRow(msgspec.Struct, frozen=True, kw_only=True):
    """One rig of the town."""

    name: str
    prefix: str
    default_branch: str
    url: str
    gate: str
    paused: str
    working: int
    capacity: int
    waiting: int
    queue: int
    open_beads: int
    path: str


class Rigs(Receipt, frozen=True, kw_only=True):
    """The rigs of the town."""

    rows: tuple[RigRow, ...]

    def text(self) -> str:
        """One line a rig."""
        if not self.rows:
            return "No rigs yet: gt rig add NAME URL adds one."
        width = max(len(row.name) for row in self.rows)
        prefixes = max(len(row.prefix) for row in self.rows) + 1
        return "\n".join(
            f"{row.name:<{width}}  {row.prefix + '-':<{prefixes}}  {row.working}/{row.capacity} working  "
            f"{row.open_beads} open  {row.queue} merging  "
            + (f"paused: {row.paused}" if row.paused else f"gate: {row.gate or 'none'}")
            for row in self.rows
        )

    def data(self) -> Any:
        """A list of records."""
        return msgspec.to_builtins(self.rows)


@verb("rig list", group="town", mutates=False)
def rig_list(hands: Hands) -> Rigs:
    """List the town's rigs."""
    town = hands.ledger.read()
    return Rigs(rows=tuple(_row(hands, town, name) for name in town.rigs()))


def _row(hands: Hands, town: Town, name: RigName) -> RigRow:
    rig, settings = town.rig(name), town.settings.rig(name)
    state = town.ledgers.get(name)
    beads = state.beads.all() if state else []
    return RigRow(
        name=name,
        prefix=rig.prefix,
        default_branch=settings.target or rig.default_branch,
        url=rig.url,
        gate=settings.gate,
        paused=rig.paused,
        working=sum(_works_for(agent, name) for agent in town.hooks()),
        capacity=settings.capacity,
        waiting=sum(each.target.split("/")[0] == name for each in town.dispatches()),
        queue=sum(merge.is_open for merge in (state.registers.merges.values() if state else ())),
        open_beads=sum(not bead.is_closed and bead.kind != "merge-request" for bead in beads),
        path=str(hands.ledger.home / name),
    )


def _works_for(address: Address, rig: RigName) -> bool:
    who = parts(address)
    return who.rig == rig and who.role is Role.POLECAT


class Changed(Receipt, frozen=True, kw_only=True):
    """A rig after the act."""

    said: str
    name: str
    changed: bool = True
    path: str = ""

    def text(self) -> str:
        """One line."""
        return self.said

    def data(self) -> Any:
        """Name, whether anything changed, and where it lies."""
        return {"name": self.name, "changed": self.changed} | ({"path": self.path} if self.path else {})


@verb("rig remove", group="town", confirm="Take the rig out of the town (its folder stays)?")
def rig_remove(
    hands: Hands,
    name: Annotated[str, Arg("the rig", suggest=Suggest.RIG)],
    *,
    force: Annotated[bool, Arg("even while work of it is under way", flags=("--force", "-f"))] = False,
) -> Changed:
    """Take a rig out of the town; its folder, its work and its beads stay where they are.

    Raises:
        NotFound: there is no such rig.
        Refused: work of it is under way and `--force` was not said.
    """
    from gastown_tui.core.verbs import waking

    town = hands.ledger.read()
    rig = town.rig(name).name
    ledgers = ("", rig) if rig in town.ledgers else ("",)
    running = [agent for agent in town.agents() if agent.session and parts(agent.address).rig == rig]
    recorded = hands.ledger.record(lambda now: rules.leave(now, rig, force=force), actor=hands.actor, ledgers=ledgers)
    for agent in running:
        waking.rest(hands, agent.address, "its rig left the town", incarnation=agent.incarnation)
    founding.write_routes(hands.files, hands.ledger.home, hands.ledger.read())
    folder = hands.ledger.home / rig
    retired = sum(isinstance(event.fact, e.AgentRetired) for event in recorded.events)
    said = f"Took rig {rig} out of the town ({retired} agents retired). Its folder stays: {folder}\n"
    said += f"  gt rig add {rig} URL takes it in again as it is"
    return Changed(said=said, name=rig, path=str(folder))


@verb("rig pause", group="town")
def rig_pause(
    hands: Hands,
    name: Annotated[str, Arg("the rig", suggest=Suggest.RIG)],
    *,
    reason: Annotated[str, Arg("why, for whoever asks", flags=("--reason", "-r"))] = "",
) -> Changed:
    """Give out no more work of a rig; what runs goes on."""
    recorded = hands.ledger.record(lambda town: rules.pause(town, name, reason), actor=hands.actor)
    why = recorded.town.rig(name).paused
    changed = bool(recorded.events)
    said = f"{'Paused' if changed else 'Paused already:'} {name}" + (f": {why}" if why != "paused" else "")
    return Changed(said=said, name=name, changed=changed)


@verb("rig resume", group="town")
def rig_resume(hands: Hands, name: Annotated[str, Arg("the rig", suggest=Suggest.RIG)]) -> Changed:
    """Give out work of a rig again."""
    changed = bool(hands.ledger.record(lambda town: rules.resume(town, name), actor=hands.actor).events)
    return Changed(said=f"Resumed {name}" if changed else f"{name} was not paused", name=name, changed=changed)
