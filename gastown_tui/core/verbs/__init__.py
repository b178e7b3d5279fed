"""Acts: one function per thing a person or an agent may ask. Modules are imported when one of their words is used."""

from __future__ import annotations

from importlib import import_module

from gastown_tui.core.verbs.declare import Verb, declared, with_parameters

WORDS: dict[str, str] = {
    # work
    "sling": "work", "spawn": "work", "unsling": "work", "hook": "hook", "prime": "prime", "done": "exits",
    "handoff": "exits", "polecat": "polecats", "ask": "exits", "answer": "exits", "worker": "worker",
    # convoys and talk
    "convoy": "convoys", "mail": "mail", "nudge": "talk", "broadcast": "talk", "escalate": "talk", "snooze": "talk",
    # agents
    "agents": "agents", "peek": "agents", "attach": "agents", "mayor": "agents", "deacon": "agents",
    "witness": "agents", "refinery": "agents",
    # merging
    "mq": "merging", "refinery run": ".patrols.refinery",
    # the town
    "install": "town", "rig": "rigs", "crew": "rigs", "config": "config", "status": "status", "feed": "status",
    "start": "running", "shutdown": "running", "daemon": "running", "daemon run": ".patrols.daemon",
    "demo": "demo", "shims": "shims", "completion": "shims", "version": "shims", "verbs": "shims",
    # beads
    "bd": "beads",
}  # fmt: skip
"""First words of verbs (or first two, for a family spread over modules) and the module that declares them.

A leading dot leads out of this room: loops without a person live in `core/patrols` and are declared there.
"""

MODULES: tuple[str, ...] = tuple(dict.fromkeys(WORDS.values()))
"""Every module of verbs, in the order help lists them."""


def _import_for(words: str) -> None:
    pieces = words.split(" ")
    module = WORDS.get(" ".join(pieces[:2])) or WORDS.get(pieces[0])
    if module is not None:
        import_module(f".{module}", __name__)


def find(words: str) -> Verb | None:
    """A verb by its name or alias, importing only the module it lives in."""
    _import_for(words)
    record = declared().get(words)
    return None if record is None else with_parameters(record)


def every() -> list[Verb]:
    """All verbs, each once, by module order and name."""
    for module in MODULES:
        import_module(f".{module}", __name__)
    unique = {record.name: record for record in declared().values()}
    return [with_parameters(record) for record in unique.values()]


def starting_with(word: str) -> list[Verb]:
    """The verbs of a family such as `convoy` or `bd`."""
    for key in WORDS:
        if key.split(" ", 1)[0] == word:
            _import_for(key)
    return [record for name, record in declared().items() if name == record.name and name.split(" ", 1)[0] == word]
