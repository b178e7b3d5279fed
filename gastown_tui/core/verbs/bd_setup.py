"""Setting up a ledger, and what it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

from gastown_tui.core.errors import BadInput, Conflict, NotFound
from gastown_tui.core.model.bead import TOWN_TYPES, TYPES, prefix_of
from gastown_tui.core.model.ids import parse_prefix, shown
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.bead_config import parse_key, read_config, set_in_config, unset_in_config, words_in
from gastown_tui.core.rules.bead_ids import prefix_from, prefix_of_ledger
from gastown_tui.core.verbs import lines_told
from gastown_tui.core.verbs.beads import Said, beads_dir, beads_here, config
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, verb

BD_VERSION = "0.49.6"
"""The generation of beads whose words and shapes are spoken here."""
_RULE = "=" * 27
_CORE_TYPES = {
    "task": "General work item",
    "bug": "Something that is broken",
    "feature": "New functionality",
    "epic": "Large work with children",
    "chore": "Maintenance work",
}
_KV = "kv."
_LOG, _LINES = "events.jsonl", "issues.jsonl"


@verb("bd init", group="beads", needs=Needs.NOTHING, compact_errors=True)
def init(
    hands: Hands,
    *,
    prefix: Annotated[str, Arg("Beginning of bead ids", flags=("--prefix", "-p"))] = "",
    stealth: Annotated[bool, Arg("Hide .beads from git, for yourself alone")] = False,
    branch: Annotated[str, Arg("Branch that bd sync uses", flags=("--branch", "-b"))] = "",
    force: Annotated[bool, Arg("Succeed when there is a ledger already")] = False,
    backend: Annotated[str, Arg("Accepted; there is one backend", hidden=True)] = "",
    from_jsonl: Annotated[bool, Arg("Accepted; an issues.jsonl is always taken up", hidden=True)] = False,
    skip_hooks: Annotated[bool, Arg("Accepted; no hooks are installed", hidden=True)] = False,
    skip_merge_driver: Annotated[bool, Arg("Accepted; git merges the log by union", hidden=True)] = False,
    setup_exclude: Annotated[bool, Arg("The same as --stealth", hidden=True)] = False,
    contributor: Annotated[bool, Arg("Keep what you file here out of the project: the same as --stealth")] = False,
    team: Annotated[bool, Arg("Share the ledger on a branch of its own: --branch beads-sync")] = False,
    server: Annotated[bool, Arg("Accepted to be refused: there is no server", hidden=True)] = False,
    quiet: Annotated[bool, Arg("Say nothing", flags=("--quiet", "-q"))] = False,
) -> Receipt:
    """Set up a `.beads` here: an append-only log, and the lines every beads program reads.

    A directory that already holds an `issues.jsonl` is taken up as it is.
    """
    del from_jsonl, skip_hooks, skip_merge_driver
    if backend not in {"", "sqlite", "jsonl", "dolt"}:
        raise BadInput(f"invalid backend '{backend[:40]}' (must be 'sqlite' or 'dolt')")
    if server:
        needed = "--server flag requires --backend dolt" if backend != "dolt" else "no database server is used here"
        raise BadInput(needed, hint="bd init makes files beside the code")
    branch = branch or ("beads-sync" if team else "")
    place = hands.cwd / ".beads"
    there = set(hands.files.names(place))
    if _LOG in there and not force:
        raise Conflict(
            f"Found existing database: {place / _LOG}: this workspace is already initialized",
            hint="it can be used as it is; --force makes this a success",
        )
    wanted = parse_prefix(prefix) if prefix else _prefix(hands, place, there)
    if not there:
        hands.files.create_ledger(hands.cwd, prefix=wanted)
    elif prefix or "config.yaml" not in there:
        _set(hands, place / "config.yaml", "issue-prefix", wanted)
    if branch:
        _set(hands, place / "config.yaml", "sync.branch", branch)
    # What travels on a branch apart is not to be committed to the one checked out by mistake.
    hidden = _hide(hands) if stealth or setup_exclude or contributor or branch else ""
    value = {"prefix": wanted, "path": str(place), "stealth": bool(hidden) and not branch}
    lines = [
        "",
        "✓ bd initialized successfully!",
        "",
        "  Backend: jsonl",
        f"  Database: {place / _LOG}",
        f"  Issue prefix: {wanted}",
        f"  Issues will be named: {wanted}-<hash> (e.g., {wanted}-a3f2dd)",
        *([f"  {hidden}"] if hidden else []),
        "",
        "Run bd quickstart to get started.",
        "",
    ]
    return Said(plain="" if quiet else "\n".join(lines), value=value)


def _prefix(hands: Hands, place: Path, there: set[str]) -> str:
    """What the configuration says, else what most beads there have, else the directory's name."""
    if "config.yaml" in there:
        settings = read_config(hands.files.read_text(place / "config.yaml"))
        said = settings.get("issue-prefix") or settings.get("issue_prefix")
        if said:
            return parse_prefix(said)
    if there:
        town = hands.elsewhere(hands.cwd).ledger.read()
        counts = Counter(prefix_of(bead.id) for bead in town.beads())
        if counts:
            return counts.most_common(1)[0][0]
    return prefix_from(hands.cwd.name)


def _hide(hands: Hands) -> str:
    """Put `.beads` into git's private exclude file; say so."""
    exclude = hands.cwd / ".git" / "info" / "exclude"
    if not hands.files.exists(hands.cwd / ".git" / "info"):
        return "No git repository here to hide it from"
    text = hands.files.read_text(exclude) if hands.files.exists(exclude) else ""
    if ".beads/" not in text.splitlines():
        end = "" if not text or text.endswith("\n") else "\n"
        hands.files.write_text(exclude, f"{text}{end}.beads/\n")
    return "Hidden from git by .git/info/exclude"


@verb("bd where", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def where(hands: Hands) -> Receipt:
    """Say which `.beads` is meant here."""
    place = beads_dir(hands)
    prefix = _own_prefix(hands)
    database = place / _LOG
    value: dict[str, Any] = {"path": str(place), "prefix": prefix}
    lines = [str(place)]
    if (source := _redirected_from(hands, place)) is not None:
        value = {"path": str(place), "redirected_from": str(source), "prefix": prefix}
        lines.append(f"  (via redirect from {source})")
    lines.append(f"  prefix: {prefix}")
    if hands.files.exists(database):
        value["database_path"] = str(database)
        lines.append(f"  database: {database}")
    return Said(plain="\n".join(lines), value=value)


def _redirected_from(hands: Hands, place: Path) -> Path | None:
    """The nearest `.beads` above that is only a signpost to the one in use."""
    for directory in (hands.cwd, *hands.cwd.parents):
        beads = directory / ".beads"
        if beads == place:
            return None
        if hands.files.exists(beads / "redirect"):
            return beads
    return None


@verb("bd info", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def info(
    hands: Hands,
    *,
    schema: Annotated[bool, Arg("What records are made of")] = False,
    whats_new: Annotated[bool, Arg("What changed lately")] = False,
    thanks: Annotated[bool, Arg("Accepted", hidden=True)] = False,
) -> Receipt:
    """Say what ledger this is and how much it holds."""
    del thanks
    if whats_new:
        told = {"current_version": BD_VERSION, "recent_changes": []}
        return Said(plain=f"bd {BD_VERSION}: see CHANGELOG.md", value=told)
    town = hands.ledger.read()
    beads = [bead for bead in beads_here(hands, town) if bead.status != "tombstone"]
    database = str(beads_dir(hands) / _LOG)
    found = hands.ledger.inspect(hands.ledger.here)
    value: dict[str, Any] = {
        "config": {"issue_prefix": _own_prefix(hands)} | config(hands),
        "daemon_connected": False,
        "database_path": database,
        "issue_count": len(beads),
        "lines": lines_told.as_value(found),
        "mode": "direct",
    }
    if schema:
        value["schema"] = {
            "config": value["config"],
            "detected_prefix": _own_prefix(hands),
            "sample_issue_ids": [bead.id for bead in beads[:3]],
            "schema_version": BD_VERSION,
            "tables": ["issues", "dependencies", "labels", "config", "metadata"],
        }
    lines = ["", "Beads Database Information", _RULE, f"Database: {database}", "Mode: direct", "Daemon Status: none"]
    lines += [f"Issue Count: {len(beads)}", f"{found.file.name}: {lines_told.as_text(found)[0]}"]
    return Said(plain="\n".join([*lines, *lines_told.as_text(found)[1:], ""]), value=value)


@verb("bd version", group="beads", needs=Needs.NOTHING, mutates=False, compact_errors=True)
def version(hands: Hands, *, daemon: Annotated[bool, Arg("The daemon's", hidden=True)] = False) -> Receipt:
    """Say which generation of bd is spoken, and by what."""
    from gastown_tui import __version__

    if daemon:
        raise NotFound("daemon is not running", hint="there is none, and none is needed")
    build = f"gastown-tui {__version__}"
    return Said(plain=f"bd version {BD_VERSION} ({build})", value={"version": BD_VERSION, "build": build})


@verb("bd types", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def types(hands: Hands) -> Receipt:
    """List the types beads may have."""
    custom = list(words_in(config(hands), "types.custom"))
    lines = ["Core types:", *(f"  {name:<10} {_CORE_TYPES[name]}" for name in TYPES), "", "The town's own types:"]
    lines += [f"  {name}" for name in TOWN_TYPES]
    lines += ["", "Custom types:", *(f"  {name}" for name in custom)] if custom else []
    value: dict[str, Any] = {"core_types": [{"name": name, "description": _CORE_TYPES[name]} for name in TYPES]}
    return Said(plain="\n".join(lines), value=value | ({"custom_types": custom} if custom else {}))


# ---------------------------------------------------------------------------------------------- configuration


@verb("bd config get", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def config_get(hands: Hands, key: Annotated[str, Arg("Such as status.custom")]) -> Receipt:
    """Read a setting."""
    value = _settings(hands).get(parse_key(key), "")
    return Said(plain=value or f"{key} (not set)", value={"key": key, "value": value})


@verb("bd config set", group="beads", needs=Needs.LEDGER, compact_errors=True)
def config_set(
    hands: Hands, key: Annotated[str, Arg("Such as status.custom")], value: Annotated[str, Arg("Its new value")]
) -> Receipt:
    """Change a setting."""
    parse_key(key)
    if key in {"issue_prefix", "issue-prefix"}:
        key, value = "issue-prefix", parse_prefix(value)
    _set(hands, beads_dir(hands) / "config.yaml", key, value)
    return Said(plain=f"Set {key} = {value}", value={"key": key, "value": value})


@verb("bd config unset", group="beads", needs=Needs.LEDGER, compact_errors=True)
def config_unset(hands: Hands, key: Annotated[str, Arg("Such as status.custom")]) -> Receipt:
    """Take a setting back to its default."""
    _unset(hands, parse_key(key))
    return Said(plain=f"Unset {key}", value={"key": key})


@verb("bd config list", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def config_list(hands: Hands) -> Receipt:
    """List the settings."""
    settings = {key: value for key, value in sorted(_settings(hands).items()) if not key.startswith(_KV)}
    lines = ["", "Configuration:", *(f"  {key} = {value}" for key, value in settings.items())]
    return Said(plain="\n".join(lines) if settings else "No configuration set", value=settings)


@verb("bd config validate", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def config_validate(hands: Hands) -> Receipt:
    """Check the settings that sync depends on."""
    settings = config(hands)
    issues: list[str] = []
    branch = settings.get("sync.branch", "")
    if branch and (branch.startswith("-") or any(c in branch for c in " ~^:?*[\\") or ".." in branch):
        issues.append(f"sync.branch: {shown(branch)} is not a branch name")
    lines = [f"✗ {each}" for each in issues] or ["✓ All sync-related configuration is valid"]
    value = {"issues": issues, "valid": not issues}
    return Said(plain="\n".join(lines), value=value, exit_code=1 if issues else 0)


@verb("bd kv set", group="beads", needs=Needs.LEDGER, compact_errors=True)
def kv_set(hands: Hands, key: Annotated[str, Arg("A name")], value: Annotated[str, Arg("What to remember")]) -> Receipt:
    """Remember a value under a name."""
    _set(hands, beads_dir(hands) / "config.yaml", _KV + parse_key(key), value)
    return Said(plain=f"Set {key} = {value}", value={"key": key, "value": value})


@verb("bd kv get", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def kv_get(hands: Hands, key: Annotated[str, Arg("A name")]) -> Receipt:
    """Recall a value."""
    found = config(hands).get(_KV + parse_key(key))
    value = {"key": key, "value": found or "", "found": found is not None}
    complaints = (f"{key} (not set)",) if found is None else ()
    return Said(plain=found or "", value=value, complaints=complaints, exit_code=0 if found is not None else 1)


@verb("bd kv clear", group="beads", needs=Needs.LEDGER, compact_errors=True)
def kv_clear(hands: Hands, key: Annotated[str, Arg("A name")]) -> Receipt:
    """Forget a value."""
    _unset(hands, _KV + parse_key(key))
    return Said(plain=f"Cleared {key}", value={"key": key, "deleted": "true"})


@verb("bd kv list", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def kv_list(hands: Hands) -> Receipt:
    """List what is remembered."""
    found = {key.removeprefix(_KV): value for key, value in sorted(config(hands).items()) if key.startswith(_KV)}
    lines = [f"{key} = {value}" for key, value in found.items()]
    return Said(plain="\n".join(lines) or "No key-value pairs set", value=found)


def _settings(hands: Hands) -> dict[str, str]:
    """The settings, with the prefix that is in force under the name older programs ask for."""
    return {"issue_prefix": _own_prefix(hands)} | config(hands)


def _own_prefix(hands: Hands) -> str:
    said = config(hands)
    state = hands.ledger.read().ledgers[hands.ledger.here]
    named = said.get("issue-prefix") or said.get("issue_prefix") or ""
    return named.rstrip("-") or prefix_of_ledger(state)


def write_setting(hands: Hands, key: str, value: str) -> None:
    """Change a key of the ledger's `config.yaml`."""
    _set(hands, beads_dir(hands) / "config.yaml", key, value)


def _set(hands: Hands, file: Path, key: str, value: str) -> None:
    text = hands.files.read_text(file) if hands.files.exists(file) else ""
    hands.files.write_text(file, set_in_config(text, key, value))


def _unset(hands: Hands, key: str) -> None:
    file = beads_dir(hands) / "config.yaml"
    if hands.files.exists(file):
        hands.files.write_text(file, unset_in_config(hands.files.read_text(file), key))
