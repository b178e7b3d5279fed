"""What a fresh session is told: the first line it gets, its role's words, and the hooks of its program."""

from __future__ import annotations

import shlex
from pathlib import Path

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import Role, parts
from gastown_tui.core.model.ids import Address
from gastown_tui.core.model.town import Hook

PROMPTS = Path(__file__).resolve().parents[2] / "prompts"
"""The roles' words, shipped with the package."""


def compose(town: Town, address: Address, hook: Hook | None) -> str:
    """The first line of a session: who it is, what waits, and to begin with `gt prime`. One line."""
    who = parts(address)
    name = f" {who.name}" if who.name else ""
    where = f" (rig: {who.rig})" if who.rig else ""
    work = f"Work hangs on your hook: {hook.bead_id}, from {hook.dispatcher or 'the town'}." if hook else ""
    then = "then begin; nobody will tell you to." if hook else "then do what your role asks."
    words = [f"You are {who.role.value}{name}{where} in {town.name or 'this town'}.", work, f"Run `gt prime`, {then}"]
    return " ".join(word for word in words if word)


def role_words(role: Role) -> str:
    """What a role is for and how it is filled; program text, part of the package."""
    return (PROMPTS / f"{role.value}.md").read_text(encoding="utf-8").strip()


def claude_settings(gt: Path) -> str:
    """Hooks that prime a Claude session when it starts or forgets, and put its mail before it.

    Args:
        gt: The town's own `gt`, so that another program of that name is never run.
    """

    def runs(words: str) -> list[dict[str, object]]:
        return [{"hooks": [{"type": "command", "command": f"{shlex.quote(str(gt))} {words}"}]}]

    hooks = {
        "SessionStart": runs("prime --hook"),
        "PreCompact": runs("prime --hook"),
        "UserPromptSubmit": runs("mail check --inject"),
    }
    return msgspec.json.format(msgspec.json.encode({"hooks": hooks}), indent=2).decode() + "\n"
