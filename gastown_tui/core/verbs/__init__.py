"""Acts: one function per thing a person or an agent may ask. Modules are imported when one of their words is used."""

from __future__ import annotations

from importlib import import_module

from gastown_tui.core.verbs.declare import Verb, declared, with_parameters

WORDS: dict[str, str] = {
    # work
    "sling": "work", "spawn": "work", "unsling": "work", "hook": "hook", "prime": "prime", "done": "exits",
    "handoff": "handoff", "polecat": "polecats", "polecat done": "exits", "ask": "exits", "answer": "exits",
    "worker": "worker",
    # convoys and talk
    "convoy": "convoys", "mail": "mail", "nudge": "talk", "broadcast": "talk", "escalate": "talk", "snooze": "talk",
    # agents
    "agents": "agents", "peek": "agents", "attach": "agents", "mayor": "agents", "deacon": "agents",
    "witness": "agents", "refinery": "agents", "crew attach": "agents", "crew at": "agents", "respawn": "agents",
    # merging
    "mq": "merging", "refinery run": ".patrols.refinery",
    # the town
    "install": "town", "rig": "rigs", "crew": "crews", "config": "config", "status": "status", "feed": "status",
    "start": "running", "shutdown": "running", "daemon": "running", "daemon run": ".patrols.daemon",
    "demo": "demo", "shims": "shims", "completion": "shims", "version": "shims", "verbs": "shims",
    # beads
    "bd": "beads",
    "bd create": "bd_create", "bd new": "bd_create", "bd q": "bd_create", "bd show": "bd_show", "bd view": "bd_show",
    "bd children": "bd_show", "bd list": "bd_list", "bd search": "bd_list", "bd count": "bd_count",
    "bd ready": "bd_ready", "bd blocked": "bd_ready", "bd update": "bd_update", "bd reopen": "bd_update",
    "bd defer": "bd_update", "bd undefer": "bd_update", "bd pin": "bd_update", "bd unpin": "bd_update",
    "bd delete": "bd_delete", "bd restore": "bd_delete", "bd close": "bd_close", "bd dep": "bd_dep",
    "bd relate": "bd_dep", "bd unrelate": "bd_dep", "bd duplicate": "bd_dep", "bd supersede": "bd_dep",
    "bd label": "bd_label", "bd comments": "bd_label", "bd comment": "bd_label", "bd note": "bd_label",
    "bd state": "bd_label", "bd set-state": "bd_label", "bd ship": "bd_label", "bd epic": "bd_epic",
    "bd swarm": "bd_epic", "bd status": "bd_report", "bd stats": "bd_report", "bd stale": "bd_report",
    "bd query": "bd_report", "bd init": "bd_setup", "bd where": "bd_setup", "bd info": "bd_setup",
    "bd version": "bd_setup", "bd types": "bd_setup", "bd config": "bd_setup", "bd kv": "bd_setup",
    "bd quickstart": "bd_pages", "bd onboard": "bd_pages", "bd human": "bd_pages", "bd thanks": "bd_pages",
    "bd prime": "bd_pages", "bd lint": "bd_care", "bd duplicates": "bd_care", "bd merge": "bd_care",
    "bd find-duplicates": "bd_care", "bd find-dups": "bd_care", "bd orphans": "bd_history", "bd doctor": "bd_doctor",
    "bd validate": "bd_doctor", "bd repair-deps": "bd_doctor", "bd detect-pollution": "bd_doctor",
    "bd compact": "bd_admin", "bd admin": "bd_admin", "bd cleanup": "bd_admin", "bd reset": "bd_admin",
    "bd migrate": "bd_doctor", "bd gate": "bd_gate",
    "bd graph": "bd_graph", "bd events": "bd_events", "bd eval": "bd_eval", "bd activity": "bd_activity",
    "bd edit": "bd_edit", "bd audit": "bd_audit", "bd repo": "bd_repo", "bd worktree": "bd_worktree",
    "bd setup": "bd_integrate", "bd preflight": "bd_preflight", "bd repair": "bd_conflicts",
    "bd resolve-conflicts": "bd_conflicts",
    "bd export": "bd_files", "bd import": "bd_files", "bd rename": "bd_rename", "bd rename-prefix": "bd_rename",
    "bd move": "bd_rename", "bd refile": "bd_rename", "bd sync": "bd_sync", "bd rebuild-projections": "bd_sync",
    "bd completion": "shims", "bd todo": "bd_roles", "bd agent": "bd_roles", "bd slot": "bd_roles",
    "bd merge-slot": "bd_roles", "bd daemon": "bd_older", "bd daemons": "bd_older",
    "bd federation": "bd_older", "bd jira": "bd_older", "bd linear": "bd_older", "bd gitlab": "bd_older",
    "bd hooks": "bd_hooks", "bd hook": "bd_older",
    "bd upgrade": "bd_older", "bd backend": "bd_older", "bd history": "bd_older", "bd diff": "bd_older",
    "bd branch": "bd_older", "bd vc": "bd_older", "bd mail": "bd_older",
    # molecules
    "bd formula": "bd_formula", "bd cook": "bd_formula", "bd mol": "bd_mol", "bd template": "bd_template",
    "bd wisp": "bd_wisp", "bd promote": "bd_wisp", "formula": "bd_formula", "cook": "bd_formula", "mol": "bd_mol",
    # the same for a whole town
    "doctor": "bd_doctor",
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


def records() -> list[Verb]:
    """All verbs, each once, by module order and name; their parameters, which cost most, are not read yet."""
    for module in MODULES:
        import_module(f".{module}", __name__)
    return list({record.name: record for record in declared().values()}.values())


def every() -> list[Verb]:
    """All verbs, each once, by module order and name."""
    return [with_parameters(record) for record in records()]


def starting_with(word: str) -> list[Verb]:
    """The verbs of a family such as `convoy` or `bd`."""
    for key in WORDS:
        if key.split(" ", 1)[0] == word:
            _import_for(key)
    return [record for name, record in declared().items() if name == record.name and name.split(" ", 1)[0] == word]
