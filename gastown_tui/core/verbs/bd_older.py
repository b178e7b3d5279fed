"""Commands other programs call whose subject does not exist here: each answers what is true."""

from __future__ import annotations

import shlex
from typing import Annotated

from gastown_tui.core.errors import GastownError, NotFound
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.bd_setup import BD_VERSION
from gastown_tui.core.verbs.beads import Said, config
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, verb

_MAIL_S = 600.0
_TRACKERS = "bd import takes issues from a file; --external-ref names where one is tracked"
Rest = Annotated[tuple[str, ...], Arg("Accepted", hidden=True)]
Raw = Annotated[tuple[str, ...], Arg("Accepted", hidden=True, raw=True)]
Old = Annotated[bool, Arg("Accepted", hidden=True)]
OldText = Annotated[str, Arg("Accepted", hidden=True)]


@verb(
    "bd daemon",
    group="beads",
    needs=Needs.NOTHING,
    mutates=False,
    hidden=True,
    aliases=("bd daemons",),
    compact_errors=True,
)
def daemon(
    hands: Hands,
    words: Rest = (),
    *,
    start: Old = False,
    stop: Old = False,
    stop_all: Old = False,
    status: Old = False,
    health: Old = False,
    metrics: Old = False,
    interval: OldText = "",
    auto_commit: Old = False,
    auto_push: Old = False,
    auto_pull: Old = False,
    local: Old = False,
    log: OldText = "",
    foreground: Old = False,
    log_level: OldText = "",
    log_json: Old = False,
) -> Receipt:
    """Say that bd has no daemon and needs none."""
    del (
        status,
        health,
        metrics,
        interval,
        auto_commit,
        auto_push,
        auto_pull,
        local,
        log,
        foreground,
        log_level,
        log_json,
    )
    if words[:1] == ("list",):
        return Said(plain="No daemons", value=[])
    value = {"workspace": str(hands.cwd), "status": "not_running"}
    if start or stop or stop_all or words[:1] in {("start",), ("stop",), ("restart",), ("killall",)}:
        return Said(plain="", value=value)
    return Said(plain="No daemon is running; none is needed", value=value)


@verb("bd hook", group="beads", needs=Needs.NOTHING, mutates=False, hidden=True, compact_errors=True)
def hook(hands: Hands, words: Rest = ()) -> Receipt:
    """Accept to run a git hook; without a name, show what hangs on your own hook."""
    if not words:
        from gastown_tui.core.verbs.hook import hook as own_hook

        found: Receipt = own_hook(hands)
        return found
    from gastown_tui.core.verbs.bd_hooks import hooks_run

    return hooks_run(hands, words)


@verb("bd upgrade", group="beads", needs=Needs.NOTHING, mutates=False, hidden=True, compact_errors=True)
def upgrade(hands: Hands, words: Rest = ()) -> Receipt:
    """Say that nothing was upgraded."""
    if words[:1] == ("ack",):
        value = {"acknowledged": True, "current_version": BD_VERSION, "previous_version": BD_VERSION}
        return Said(plain=f"✓ bd {BD_VERSION}", value=value)
    return Said(plain=f"bd {BD_VERSION}", value={"upgraded": False, "current_version": BD_VERSION})


@verb("bd backend", group="beads", needs=Needs.NOTHING, mutates=False, hidden=True, compact_errors=True)
def backend(hands: Hands, words: Rest = ()) -> Receipt:
    """Name the backend there is."""
    return Said(plain="jsonl", value={"backend": "jsonl", "available": ["jsonl"]})


def _versioned(name: str) -> GastownError:
    return GastownError(
        f"{name} requires Dolt backend (current backend does not support versioning)",
        hint="bd events replay tells a bead's history",
    )


@verb("bd history", group="beads", needs=Needs.LEDGER, mutates=False, hidden=True, compact_errors=True)
def history(hands: Hands, words: Rest = ()) -> Receipt:
    """Say what tells a bead's history here."""
    if words:
        from gastown_tui.core.verbs.bd_events import replay

        return replay(hands, words[0])
    raise _versioned("history")


@verb("bd diff", group="beads", needs=Needs.LEDGER, mutates=False, hidden=True, compact_errors=True)
def diff(hands: Hands, words: Rest = ()) -> Receipt:
    """Say that there are no commits of the ledger to compare but git's."""
    raise _versioned("diff")


@verb("bd branch", group="beads", needs=Needs.LEDGER, mutates=False, hidden=True, compact_errors=True)
def branch(hands: Hands, words: Rest = ()) -> Receipt:
    """Say that the ledger has no branches but git's."""
    raise _versioned("branch")


@verb("bd vc", group="beads", needs=Needs.LEDGER, mutates=False, hidden=True, compact_errors=True)
def vc(hands: Hands, words: Raw = ()) -> Receipt:
    """Say that git keeps the versions."""
    raise _versioned("vc")


@verb("bd mail", group="beads", needs=Needs.NOTHING, mutates=False, hidden=True, compact_errors=True)
def mail(hands: Hands, words: Raw = ()) -> Receipt:
    """Pass mail commands on to the program that does mail: in a town its own `gt mail`."""
    delegate = hands.env.get("BEADS_MAIL_DELEGATE") or hands.env.get("BD_MAIL_DELEGATE") or _mailer(hands)
    if not delegate:
        hint = "bd config set mail.delegate PROGRAM, or work in a town, where it is gt mail"
        raise NotFound("no mail delegate configured", hint=hint)
    lines: list[str] = []
    command = f"{delegate} {shlex.join(words)}"
    done = hands.commands.run(command, cwd=hands.cwd, timeout_s=_MAIL_S, env=dict(hands.env), on_line=lines.append)
    return Said(plain="\n".join(lines), exit_code=done.code)


def _mailer(hands: Hands) -> str:
    try:
        said = config(hands).get("mail.delegate", "")
        is_town = hands.ledger.read().is_town
    except NotFound:
        return ""
    return said or (f"{shlex.quote(str(hands.ledger.home / 'bin' / 'gt'))} mail" if is_town else "")


def _elsewhere(name: str, what: str, hint: str) -> GastownError:
    return GastownError(f"{name} needs {what}, and this program calls no service on the network", hint=hint)


@verb("bd federation", group="beads", needs=Needs.NOTHING, mutates=False, hidden=True, compact_errors=True)
def federation(hands: Hands, words: Raw = ()) -> Receipt:
    """Say that ledgers meet through git, and not through peers."""
    raise _elsewhere("federation", "a database server on each side", "bd sync shares the ledger through git")


@verb("bd jira", group="beads", needs=Needs.NOTHING, mutates=False, hidden=True, compact_errors=True)
def jira(hands: Hands, words: Raw = ()) -> Receipt:
    """Say that Jira is not reached from here."""
    raise _elsewhere("jira", "Jira", _TRACKERS)


@verb("bd linear", group="beads", needs=Needs.NOTHING, mutates=False, hidden=True, compact_errors=True)
def linear(hands: Hands, words: Raw = ()) -> Receipt:
    """Say that Linear is not reached from here."""
    raise _elsewhere("linear", "Linear", _TRACKERS)


@verb("bd gitlab", group="beads", needs=Needs.NOTHING, mutates=False, hidden=True, compact_errors=True)
def gitlab(hands: Hands, words: Raw = ()) -> Receipt:
    """Say that GitLab is not reached from here."""
    raise _elsewhere("gitlab", "GitLab", _TRACKERS)
