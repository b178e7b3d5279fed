"""What tmux's answers mean: complaints, versions, and the facts of sessions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from gastown_tui.core.errors import GastownError, NotFound, ToolFailed
from gastown_tui.core.model.ids import shown
from gastown_tui.core.model.outside import SessionFact
from gastown_tui.core.model.text import plain

_VERSION = re.compile(r"(\d+)\.(\d+)")


def version(text: str) -> tuple[int, int] | None:
    """The version in `tmux -V`'s answer; None for builds that have no number."""
    found = _VERSION.search(text)
    return (int(found[1]), int(found[2])) if found else None


def failure(message: str, name: str = "", argv: tuple[str, ...] = (), code: int = -1) -> GastownError:
    """What a complaint of tmux means."""
    line = message.strip().splitlines()[-1].strip() if message.strip() else "tmux said nothing"
    if is_absent(line) or is_serverless(line):
        return NotFound(f"there is no session {shown(name)}" if name else line)
    if "too long" in line:
        return ToolFailed(
            f"tmux takes no command that long: {line}",
            hint="shorten the prompt or the environment",
            argv=argv,
            code=code,
        )
    return ToolFailed(f"tmux failed: {plain(line)}", argv=argv, code=code, stderr=message[-2000:])


def is_absent(message: str) -> bool:
    """Whether the thing named is not there."""
    return "can't find" in message or "session not found" in message or "no such session" in message


def is_serverless(message: str) -> bool:
    """Whether no server runs on the socket, none is left by now, or it has no session."""
    return any(
        sign in message
        for sign in (
            "no server running",
            "No such file or directory",
            "Connection refused",
            "server exited",
            "lost server",
            "no sessions",
            "no current target",
        )
    )


_FACT_FIELDS = (
    "pid",
    "pane_pid",
    "pane_dead",
    "pane_dead_status",
    "pane_dead_signal",
    "session_created",
    "window_activity",
    "pane_width",
    "pane_height",
    "window_index",
    "pane_index",
    "pane_id",
    "session_id",
    "@gt_incarnation",
    "session_name",
    "pane_current_command",
)
FACTS = "P:" + ":".join(f"#{{{field}}}" for field in _FACT_FIELDS)
"""The `list-panes` format `panes` reads. Only the last field may hold a colon."""
CLIENTS = "C:#{client_control_mode}:#{client_session}"
"""The `list-clients` format `session_facts` reads."""


class Pane(msgspec.Struct, frozen=True, kw_only=True):
    """One pane of the server."""

    fact: SessionFact
    server_pid: int
    session_id: str
    place: tuple[int, int]
    """Window and pane index."""


def panes(lines: Iterable[str]) -> tuple[Pane, ...]:
    """The panes in answers to `FACTS`; other lines are passed over.

    Raises:
        ToolFailed: a line is not of the form asked for.
    """
    return tuple(_pane(line) for line in lines if line.startswith("P:"))


def _pane(line: str) -> Pane:
    fields: dict[str, str] = dict(zip(_FACT_FIELDS, line[2:].split(":", len(_FACT_FIELDS) - 1), strict=False))
    try:
        fact = SessionFact(
            name=fields["session_name"],
            pane_id=fields["pane_id"],
            pid=int(fields["pane_pid"] or 0),
            dead=fields["pane_dead"] == "1",
            exit_status=_exit_status(fields),
            created=_moment(fields["session_created"]),
            activity=_moment(fields["window_activity"]),
            command=plain(fields["pane_current_command"]),
            width_cells=int(fields["pane_width"]),
            height_cells=int(fields["pane_height"]),
            incarnation=fields["@gt_incarnation"],
        )
        place = int(fields["window_index"]), int(fields["pane_index"])
        server_pid = int(fields["pid"])
    except (KeyError, ValueError) as error:
        raise ToolFailed(f"tmux answered {shown(line)}, which is no description of a pane") from error
    return Pane(fact=fact, server_pid=server_pid, session_id=fields["session_id"], place=place)


def _exit_status(fields: Mapping[str, str]) -> int | None:
    if fields["pane_dead"] != "1":
        return None
    if fields["pane_dead_signal"]:
        return 128 + int(fields["pane_dead_signal"])
    return int(fields["pane_dead_status"]) if fields["pane_dead_status"] else None


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def session_facts(lines: Sequence[str]) -> tuple[SessionFact, ...]:
    """One fact for each session in answers to `FACTS` and `CLIENTS`, by name.

    A session's fact is that of its first pane. Control clients do not count as terminals that show it.
    """
    attached: dict[str, int] = {}
    for line in lines:
        if line.startswith("C:0:"):
            name = line.removeprefix("C:0:")
            attached[name] = attached.get(name, 0) + 1
    first: dict[str, Pane] = {}
    for pane in sorted(panes(lines), key=lambda pane: pane.place):
        first.setdefault(pane.fact.name, pane)
    return tuple(msgspec.structs.replace(first[name].fact, attached=attached.get(name, 0)) for name in sorted(first))


REMINDER = ("run-shell", "-b", "true")
"""Makes the server collect the ended processes it has missed.

A tmux built with utempter loses the signal of a child's end when it comes while the login record of its terminal is
taken back; the next such signal makes up for it.
"""


def unreaped(facts: Iterable[SessionFact], reminded: set[str]) -> bool:
    """Whether a session has ended without a status, for the first time: then the server is due a reminder.

    Args:
        facts: What is true now.
        reminded: Ids of panes there was a reminder for; added to.
    """
    missed = {fact.pane_id for fact in facts if fact.dead and fact.exit_status is None} - reminded
    reminded |= missed
    return bool(missed)
