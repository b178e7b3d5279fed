"""The lines that tell an agent's program how work is tracked, and the files programs read them from."""

from __future__ import annotations

from typing import Any

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.ids import shown

BEGIN, END = "<!-- BEGIN BEADS INTEGRATION -->", "<!-- END BEADS INTEGRATION -->"
_COMMAND = "bd prime"

TEXT = """## Work tracking

This project tracks its work with bd. Run `bd prime` for the workflow.

- `bd ready`: what can be started
- `bd create "Title" -t task -p 2`: file what you find
- `bd update ID --claim`: take it
- `bd close ID --reason "…"`: done
- `bd sync`: commit and share the ledger before you stop"""


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How one program is told."""

    name: str
    about: str
    path: str
    """Relative to the project; `~` is the person's own directory."""
    kind: str = "page"
    """`page`: a file of its own; `section`: a part of a file of many; `hooks`: commands in a settings file."""
    events: tuple[str, ...] = ()
    """For hooks: when `bd prime` is run."""
    project_path: str = ""
    """For hooks: where they go when they are for this project alone."""
    head: str = ""
    """Lines the program wants before the text."""


RECIPES: tuple[Recipe, ...] = (
    Recipe(
        name="claude",
        about="Claude Code: hooks that run bd prime",
        path="~/.claude/settings.json",
        kind="hooks",
        events=("SessionStart", "PreCompact"),
        project_path=".claude/settings.local.json",
    ),
    Recipe(
        name="gemini",
        about="Gemini CLI: hooks that run bd prime",
        path="~/.gemini/settings.json",
        kind="hooks",
        events=("SessionStart", "PreCompress"),
        project_path=".gemini/settings.json",
    ),
    Recipe(
        name="cursor",
        about="Cursor: a rule",
        path=".cursor/rules/beads.mdc",
        head="---\ndescription: How work is tracked here\nalwaysApply: true\n---\n\n",
    ),
    Recipe(name="windsurf", about="Windsurf: a rule", path=".windsurf/rules/beads.md"),
    Recipe(name="cody", about="Cody: a rule", path=".cody/rules/beads.md"),
    Recipe(name="kilocode", about="Kilo Code: a rule", path=".kilocode/rules/beads.md"),
    Recipe(name="aider", about="Aider: a page to read in", path=".aider/BEADS.md"),
    Recipe(name="codex", about="Codex: a section of AGENTS.md", path="AGENTS.md", kind="section"),
    Recipe(name="factory", about="Factory: a section of AGENTS.md", path="AGENTS.md", kind="section"),
)


def text_for(recipe: Recipe, *, stealth: bool = False) -> str:
    """What a page holds; `stealth` leaves git out."""
    lines = [line for line in TEXT.splitlines() if not (stealth and "bd sync" in line)]
    return f"{recipe.head}{chr(10).join(lines)}\n"


def with_section(page: str, text: str) -> str:
    """A page with our section, in the place of the one that is there or at its end."""
    section = f"{BEGIN}\n{text.rstrip()}\n{END}"
    before, found, rest = page.partition(BEGIN)
    if found:
        _, ended, after = rest.partition(END)
        return f"{before}{section}{after if ended else chr(10)}"
    return f"{page.rstrip()}\n\n{section}\n" if page.strip() else f"{section}\n"


def without_section(page: str) -> str:
    """A page without our section."""
    before, found, rest = page.partition(BEGIN)
    after = rest.partition(END)[2] if found else ""
    return f"{before.rstrip()}\n{after}".strip("\n") + "\n" if (before + after).strip() else ""


def with_hooks(settings: str, events: tuple[str, ...], *, stealth: bool = False) -> str:
    """A settings file in which each event runs `bd prime`; what else it holds stays.

    Raises:
        BadInput: it is not a JSON object, or its hooks are no lists.
    """
    record = _settings(settings)
    hooks = _hooks_of(record)
    for event in events:
        entries = [each for each in hooks.get(event, []) if not _is_ours(each)]
        command = f"{_COMMAND} --stealth" if stealth else _COMMAND
        hooks[event] = [*entries, {"matcher": "", "hooks": [{"type": "command", "command": command}]}]
    return _as_text(record | {"hooks": hooks})


def without_hooks(settings: str) -> str:
    """A settings file without ours."""
    record = _settings(settings)
    hooks = {event: [each for each in entries if not _is_ours(each)] for event, entries in _hooks_of(record).items()}
    kept = {event: entries for event, entries in hooks.items() if entries}
    record.pop("hooks", None)
    return _as_text(record | ({"hooks": kept} if kept else {}))


def has_hooks(settings: str, events: tuple[str, ...]) -> bool:
    """Whether every event runs `bd prime`."""
    hooks = _hooks_of(_settings(settings))
    return all(any(_is_ours(each) for each in hooks.get(event, [])) for event in events)


def _settings(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any]) if text.strip() else {}
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(
            f"the settings file is not a JSON object: {error}", hint="mend it first; it was left alone"
        ) from error


def _hooks_of(record: dict[str, Any]) -> dict[str, list[Any]]:
    hooks = record.get("hooks", {})
    if not isinstance(hooks, dict) or not all(isinstance(entries, list) for entries in hooks.values()):
        raise BadInput(f"the hooks of the settings file are {shown(str(type(hooks).__name__))}, not lists by event")
    return dict(hooks)


def _is_ours(entry: Any) -> bool:
    commands = entry.get("hooks", []) if isinstance(entry, dict) else []
    return any(isinstance(each, dict) and str(each.get("command", "")).startswith(_COMMAND) for each in commands)


def _as_text(record: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(record), indent=2).decode() + "\n"
