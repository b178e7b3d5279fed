"""Typed ids and names, and the checks outside text must pass to become one."""

from __future__ import annotations

import re
from typing import NewType

from gastown_tui.core.errors import BadInput

BeadId = NewType("BeadId", str)
"""`prefix-hash`, or `prefix-hash.1.2` for children."""
EventId = NewType("EventId", str)
"""`evt-` and 26 characters that sort by time."""
MailId = NewType("MailId", str)
"""`msg-` and a short hash."""
NudgeId = NewType("NudgeId", str)
"""`ndg-` and a short hash."""
AssignmentId = NewType("AssignmentId", str)
"""`asg-` and 26 sortable characters; the fence every later act on a hook must name."""
EscalationId = NewType("EscalationId", str)
"""`esc-` and a short hash."""
Address = NewType("Address", str)
"""One agent, one spelling: `mayor`, `<rig>/witness`, `<rig>/polecats/<name>` (see `model.address`)."""
RigName = NewType("RigName", str)
"""Letters, digits and underscores, beginning with a letter."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
"""Rigs, crew and workers: safe as a path, a git branch part and a tmux target."""
PREFIX = r"[A-Za-z][A-Za-z0-9-]{0,19}"
"""A bead prefix without its trailing dash."""
BEAD_ID = re.compile(r"[A-Za-z][A-Za-z0-9_.]*(?:-[A-Za-z0-9_]+)+(?:\.[A-Za-z0-9_-]+)*", re.ASCII)
"""Every id shape seen in public ledgers (reference/beads.md section 2)."""

_NUMBER = re.compile(r"[0-9]{1,18}")
_PIECE = re.compile(r"[0-9]{1,18}|[^0-9]+")


def shown(text: str, limit: int = 60) -> str:
    """Outside text made safe to quote in a message: control characters escaped, long text cut."""
    safe = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return f"'{safe[: limit - 1]}…'" if len(safe) > limit else f"'{safe}'"


def parse_bead_id(text: str) -> BeadId:
    """Check that text has the shape of a bead id.

    Raises:
        BadInput: it has not.
    """
    if len(text) > 120 or not BEAD_ID.fullmatch(text):
        raise BadInput(f"{shown(text)} is not a bead id", hint="ids look like gt-4f2 or gt-4f2.1")
    return BeadId(text)


def numbered_child(text: str) -> tuple[BeadId, int] | None:
    """The parent and the number of a child such as `gt-a.2`; None for any other id, however odd."""
    parent, dot, number = text.rpartition(".")
    return (BeadId(parent), int(number)) if dot and _NUMBER.fullmatch(number) else None


def natural(bead_id: str) -> tuple[tuple[int, int, str], ...]:
    """A key under which ids stand as people count: `gt-9` before `gt-10`, `gt-a.2` before `gt-a.10`."""
    pieces = _PIECE.findall(bead_id)
    return tuple((0, int(piece), "") if "0" <= piece[0] <= "9" else (1, 0, piece) for piece in pieces)


def parse_name(text: str, what: str) -> str:
    """Check the name of a rig, crew member or worker.

    Args:
        text: The name as typed.
        what: The word for the thing, used in the message.

    Raises:
        BadInput: the name could be mistaken for a path, an option or a tmux target.
    """
    if not NAME.fullmatch(text):
        proposal = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_0123456789")
        hint = "use letters, digits and underscores, beginning with a letter"
        if proposal and NAME.fullmatch(proposal):
            hint += f", such as {proposal}"
        raise BadInput(f"{shown(text)} cannot name a {what}", hint=hint)
    return text


def parse_rig_name(text: str) -> RigName:
    """Check the name of a rig.

    Raises:
        BadInput: the name is not usable, or is a word the town keeps for itself.
    """
    name = parse_name(text, "rig")
    if name in {"mayor", "deacon", "overseer", "bin", "logs", "local", "events"}:
        raise BadInput(f"{shown(text)} cannot name a rig", hint="the town uses that word itself")
    return RigName(name)


def parse_prefix(text: str) -> str:
    """Check a bead prefix; a trailing dash is dropped.

    Raises:
        BadInput: it is not letters, digits and dashes beginning with a letter.
    """
    prefix = text.removesuffix("-")
    if not re.fullmatch(PREFIX, prefix) or prefix.endswith("-"):
        raise BadInput(f"{shown(text)} cannot be a bead prefix", hint="use up to 20 letters, digits and dashes")
    return prefix
