"""Rigs and their people: names, prefixes, gates, and what joining, pausing and leaving leave behind."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import Role, parts
from gastown_tui.core.model.bead import prefix_of
from gastown_tui.core.model.ids import Address, RigName, parse_name, parse_prefix, parse_rig_name, shown
from gastown_tui.core.model.text import one_line

RESERVED = frozenset({"crew", "polecats", "witness", "refinery", "town", "rig", "runtimes", "settings"})
"""Words that addresses and folders use themselves."""
_COMPOUNDS = ("town", "ville", "port", "place", "land", "field", "wood", "ford")
_SLOT = re.compile(r"slot\d+")
_CONFIG_PREFIX = re.compile(r"""^\s*issue[-_]prefix\s*:\s*["']?([A-Za-z][A-Za-z0-9-]*)""", re.MULTILINE)
_ID = re.compile(r'"id"\s*:\s*"([^"\\]+)"')
_REASON_LIMIT = 200

# ---------------------------------------------------------------------------------------------- names and prefixes


def check_new_name(town: Town, text: str) -> RigName:
    """A name for a new rig.

    Raises:
        BadInput: it is not usable, or a word the town needs.
        Conflict: there is such a rig.
    """
    name = parse_rig_name(text)
    if name.lower() in RESERVED:
        raise BadInput(f"{shown(text)} cannot name a rig", hint="addresses use that word themselves")
    for known in town.rigs():
        if known.lower() == name.lower():
            raise Conflict(f"this town has a rig {known} already", hint="gt rig list shows it")
    return name


def check_prefix(town: Town, text: str, *, but: str = "") -> str:
    """A prefix no other ledger of the town uses, not even in other letter case.

    Args:
        town: Where it must be unique.
        text: As typed, with or without its dash.
        but: A rig whose own prefix does not count.

    Raises:
        BadInput: it is no prefix, or the town keeps it for its convoys.
        Conflict: another ledger has it.
    """
    prefix = parse_prefix(text)
    own = town.own.registers.prefix or town.settings.prefix
    if prefix.lower() == f"{own}-cv".lower():
        raise BadInput(f"{prefix}- is kept for the town's convoys", hint="choose another prefix")
    for known, ledger in town.prefixes().items():
        if known.lower() == prefix.lower() and (ledger != but or not ledger):
            whose = f"rig {ledger}" if ledger else "the town itself"
            raise Conflict(f"the prefix {prefix}- belongs to {whose}", hint="--prefix gives the rig another one")
    return prefix


def derive_prefix(name: str, taken: Collection[str]) -> str:
    """A short prefix made from a rig's name that nobody has: initials, else its first letters, as few as it takes."""
    lower = name.lower()
    words = [word for word in re.split(r"_+", re.sub(r"_(py|go|js|rs)$", "", lower)) if word]
    first = words[0] if words else lower
    head = next((first.removesuffix(tail) for tail in _COMPOUNDS if first.endswith(tail) and first != tail), "")
    if len(words) > 1:
        candidates = ["".join(word[0] for word in words)]
    elif head:
        candidates = [head[0] + first[len(head)]]
    else:
        candidates = []
    letters = "".join(words) or lower
    candidates += [letters] if len(letters) <= 3 else [letters[:size] for size in range(2, min(len(letters), 12) + 1)]
    candidates += [f"{letters[:10]}{number}" for number in range(2, 1000)]
    avoided = {each.lower() for each in taken}
    return next(each for each in candidates if each not in avoided and each[0].isalpha())


def tracked_prefix(config: str, issues: str) -> str:
    """The prefix of a project's own tracked ledger: as configured, else the one most of its beads have; "" for none."""
    if configured := _CONFIG_PREFIX.search(config):
        return configured[1].rstrip("-")
    counts = Counter(prefix_of(match[1]) for line in issues.splitlines() if (match := _ID.search(line)))
    return counts.most_common(1)[0][0] if counts else ""


# ---------------------------------------------------------------------------------------------- gates


class Guess(msgspec.Struct, frozen=True):
    """A command that probably tests a project, and what gives it away."""

    command: str = ""
    because: str = ""


READ_FOR_GUESS = (
    "Makefile", "makefile", "GNUmakefile", "package.json", "Cargo.toml", "go.mod", "pytest.ini", "pyproject.toml",
    "tox.ini", "setup.cfg", "conftest.py",
)  # fmt: skip
"""Files at the top of a project that `guess_gate` wants to see."""


def guess_gate(files: Mapping[str, str]) -> Guess:
    """How a project is probably tested, from the files at its top; empty when nothing says so."""
    for name in ("Makefile", "makefile", "GNUmakefile"):
        if re.search(r"^test\s*:(?!=)", files.get(name, ""), re.MULTILINE):
            return Guess("make test", f"{name} has a test target")
    if _has_test_script(files.get("package.json", "")):
        return Guess("npm test", "package.json has a test script")
    if "Cargo.toml" in files:
        return Guess("cargo test", "there is a Cargo.toml")
    if "go.mod" in files:
        return Guess("go test ./...", "there is a go.mod")
    for name, sign in (("pyproject.toml", "[tool.pytest"), ("tox.ini", "[pytest]"), ("setup.cfg", "[tool:pytest]")):
        if sign in files.get(name, ""):
            return Guess("pytest -q", f"{name} configures pytest")
    for name in ("pytest.ini", "conftest.py"):
        if name in files:
            return Guess("pytest -q", f"there is a {name}")
    return Guess()


def _has_test_script(text: str) -> bool:
    try:
        script = json.loads(text)["scripts"]["test"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    return isinstance(script, str) and bool(script.strip()) and "no test specified" not in script


# ---------------------------------------------------------------------------------------------- joining and leaving


class NewRig(msgspec.Struct, frozen=True, kw_only=True):
    """A project about to join."""

    name: str
    prefix: str
    url: str
    default_branch: str


def join(town: Town, rig: NewRig) -> tuple[Entry, ...]:
    """Register a rig with its witness and refinery.

    Raises:
        BadInput: the name or prefix is not usable.
        Conflict: one of them is taken.
    """
    name = check_new_name(town, rig.name)
    prefix = check_prefix(town, rig.prefix)
    added = e.RigAdded(rig=name, prefix=prefix, url=rig.url, default_branch=rig.default_branch)
    standing = (e.AgentRegistered(agent=Address(f"{name}/{role}")) for role in ("witness", "refinery"))
    return (Entry(added), *map(Entry, standing))


def leave(town: Town, text: str, *, force: bool = False) -> tuple[Entry, ...]:
    """Take a rig out of the town: its agents retire, its folder and everything in it stay.

    Raises:
        NotFound: there is no such rig.
        Refused: work of it is under way and `force` was not said.
    """
    name = town.rig(text).name
    held = [hook for hook in town.hooks().values() if _is_of(hook.agent, name)]
    merges = [merge for merge in town.merges() if merge.is_open and _is_of(merge.worker, name)]
    if (held or merges) and not force:
        what = [f"{hook.bead_id} hangs on the hook of {hook.agent}" for hook in held]
        what += [f"{merge.bead_id} is in the merge queue" for merge in merges]
        more = f", and {len(what) - 3} more" if len(what) > 3 else ""
        raise Refused(f"{name} is at work: {', '.join(what[:3])}{more}", hint="--force takes it out all the same")
    agents = [agent for agent in town.agents() if _is_of(agent.address, name)]
    retired = (Entry(e.AgentRetired(agent=agent.address, reason="its rig left the town")) for agent in agents)
    return (*retired, Entry(e.RigRemoved(rig=name)))


def pause(town: Town, text: str, reason: str = "") -> tuple[Entry, ...]:
    """Dispatch nothing more to a rig; what runs goes on. Paused already with that reason is fine.

    Raises:
        NotFound: there is no such rig.
    """
    rig = town.rig(text)
    why = one_line(reason, _REASON_LIMIT)
    if rig.paused and why in {"", rig.paused}:
        return ()
    return (Entry(e.RigPaused(rig=rig.name, reason=why)),)


def resume(town: Town, text: str) -> tuple[Entry, ...]:
    """Dispatch to a rig again. Not paused is fine.

    Raises:
        NotFound: there is no such rig.
    """
    rig = town.rig(text)
    return (Entry(e.RigResumed(rig=rig.name)),) if rig.paused else ()


def _is_of(address: Address, rig: RigName) -> bool:
    return address.startswith(f"{rig}/")


# ---------------------------------------------------------------------------------------------- crew


def check_crew_name(town: Town, rig: RigName, text: str) -> Address:
    """An address for a new crew member.

    Raises:
        BadInput: the name is not usable.
        Conflict: somebody of the rig is called so.
    """
    name = parse_name(text, "crew member")
    if name.lower() in RESERVED | {"mayor", "deacon", "overseer", "human"} or _SLOT.fullmatch(name):
        raise BadInput(f"{shown(text)} cannot name a crew member", hint="name them by what they do, such as frontend")
    for agent in town.agents():
        who = parts(agent.address)
        if who.rig == rig and who.name.lower() == name.lower():
            what = "a crew member" if who.role is Role.CREW else "a polecat"
            raise Conflict(
                f"{rig} has {what} called {who.name} already", hint=f"{agent.address} works in {agent.worktree}"
            )
    return Address(f"{rig}/crew/{name}")


def enlist(town: Town, address: Address, worktree: str) -> tuple[Entry, ...]:
    """Register a crew member.

    Raises:
        Conflict: somebody else took the name meanwhile.
    """
    who = parts(address)
    check_crew_name(town, town.rig(who.rig).name, who.name)
    return (Entry(e.AgentRegistered(agent=address, worktree=worktree)),)
