"""Git hooks that keep a ledger's files in step with what git does to them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

from gastown_tui.core.errors import BadInput, GastownError, Refused
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.bd_setup import BD_VERSION
from gastown_tui.core.verbs.beads import Said, beads_dir
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, verb
from gastown_tui.core.views.git_hooks import HOOKS, hook_text, is_hook_of_ours

_LIMIT_BYTES = 200_000


@verb("bd hooks list", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def hooks_list(hands: Hands) -> Receipt:
    """Say which of the ledger's git hooks are installed."""
    folder, prefix = _folder(hands)
    rows: list[dict[str, Any]] = []
    for name in HOOKS:
        text = _text(hands, folder / name)
        is_ours = is_hook_of_ours(text)
        version = BD_VERSION if is_ours else ""
        outdated = is_ours and text != _wanted(name, prefix)
        rows.append({"Name": name, "Installed": is_ours, "Version": version, "IsShim": False, "Outdated": outdated})
    marks = {(True, False): "installed", (True, True): "installed, outdated"}
    lines = [f"  {row['Name']}: {marks.get((row['Installed'], row['Outdated']), 'not installed')}" for row in rows]
    return Said(plain="\n".join(["Git hooks status:", *lines]), value={"hooks": rows})


@verb("bd hooks install", group="beads", needs=Needs.LEDGER, compact_errors=True)
def hooks_install(
    hands: Hands,
    *,
    force: Annotated[bool, Arg("Put ours in the place of the project's own, which is kept aside")] = False,
    chain: Annotated[bool, Arg("Run the project's own first; the default")] = False,
    shared: Annotated[bool, Arg("Not to be had: hooks name this machine's program", hidden=True)] = False,
    beads: Annotated[bool, Arg("Not to be had: hooks name this machine's program", hidden=True)] = False,
) -> Receipt:
    """Have git bring the ledger's files up before a commit, and take up what a merge or a checkout brought.

    Without them the next command does the same. A hook of the project's own runs first and may refuse as before.
    """
    if shared or beads:
        raise BadInput("hooks are installed for one clone", hint="bd hooks install in each clone")
    if force and chain:
        raise BadInput("--force and --chain exclude each other")
    folder, prefix = _folder(hands)
    chained = False
    for name in HOOKS:
        text = _text(hands, folder / name)
        if text and not is_hook_of_ours(text):
            aside = folder / f"{name}.{'backup' if force else 'old'}"
            if hands.files.exists(aside):
                raise Refused(f"{aside} is there already", hint="move it away first")
            hands.files.write_text(aside, text, executable=True)
            chained = chained or not force
        hands.files.write_text(folder / name, _wanted(name, prefix), executable=True)
    message = f"Git hooks installed in {folder}"
    value = {"chained": chained, "message": message, "shared": False, "success": True}
    lines = ["✓ Git hooks installed successfully", "", "Installed hooks:", *(f"  - {name}" for name in HOOKS)]
    return Said(plain="\n".join([*lines, *(["The project's own hooks run first."] if chained else [])]), value=value)


@verb("bd hooks uninstall", group="beads", needs=Needs.LEDGER, compact_errors=True)
def hooks_uninstall(hands: Hands) -> Receipt:
    """Take the ledger's git hooks away and put the project's own back."""
    folder, _ = _folder(hands)
    removed = [name for name in HOOKS if is_hook_of_ours(_text(hands, folder / name))]
    for name in removed:
        hands.files.remove_tree(folder / name, inside=folder)
        for aside in (folder / f"{name}.old", folder / f"{name}.backup"):
            if own := _text(hands, aside):
                hands.files.write_text(folder / name, own, executable=True)
                hands.files.remove_tree(aside, inside=folder)
    message = "Git hooks uninstalled" if removed else "no hooks were installed"
    return Said(plain=f"✓ {message[0].upper()}{message[1:]}", value={"message": message, "success": True})


@verb("bd hooks run", group="beads", needs=Needs.NOTHING, hidden=True, compact_errors=True)
def hooks_run(hands: Hands, words: Annotated[tuple[str, ...], Arg("The hook, and what git told it")] = ()) -> Receipt:
    """Do what a git hook is there for. Never fails: git goes on."""
    try:
        if words and words[0] in HOOKS:
            hands.ledger.settle()
    except GastownError as error:
        return Said(complaints=(f"Warning: {error.message}",), value={})
    return Said(value={})


def _folder(hands: Hands) -> tuple[Path, str]:
    if hands.carrier is None:
        raise Refused("there is no git here")
    return hands.carrier.hooks(beads_dir(hands))


def _wanted(name: str, prefix: str) -> str:
    return hook_text(name, python=sys.executable, root=str(Path(__file__).parents[3]), prefix=prefix)


def _text(hands: Hands, place: Path) -> str:
    if not hands.files.exists(place):
        return ""
    return hands.files.read_text(place, limit_bytes=_LIMIT_BYTES)
