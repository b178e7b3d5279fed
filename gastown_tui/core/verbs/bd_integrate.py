"""Telling agents' programs how work is tracked here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.model.ids import shown
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import instructions
from gastown_tui.core.rules.bead_config import parse_key
from gastown_tui.core.rules.instructions import Recipe
from gastown_tui.core.verbs.beads import Said, beads_dir, config
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb

_OWN = "setup."


@verb("bd setup", group="beads", needs=Needs.NOTHING, compact_errors=True)
def setup(
    hands: Hands,
    recipe: Annotated[str, Arg("Which program: claude, cursor, codex, …; a path with --add")] = "",
    *,
    list: Annotated[bool, Arg("Name the programs that are known")] = False,
    print: Annotated[bool, Arg("Print the text")] = False,
    output: Annotated[
        Path | None, Arg("Write the text to a file", flags=("--output", "-o"), suggest=Suggest.PATH)
    ] = None,
    add: Annotated[str, Arg("Know another program by this name; its file is the argument", metavar="NAME")] = "",
    check: Annotated[bool, Arg("Only say whether it is told")] = False,
    remove: Annotated[bool, Arg("Take it away again")] = False,
    project: Annotated[bool, Arg("For this project alone")] = False,
    stealth: Annotated[bool, Arg("Nothing about git")] = False,
) -> Receipt:
    """Tell an agent's program how work is tracked here.

    By a rule, by a section of AGENTS.md, or by hooks that run bd prime.
    """
    if add:
        return _known(hands, add, recipe)
    recipes = {each.name: each for each in (*instructions.RECIPES, *_own(hands))}
    if output is not None or print:
        text = instructions.text_for(recipes.get(recipe, Recipe(name="", about="", path="")), stealth=stealth)
        if output is None:
            return Said(plain=text.rstrip("\n"))
        hands.files.write_text(hands.cwd / output, text)
        return Said(plain=f"✓ Wrote {output}", value={"output": str(output)})
    if list or not recipe:
        rows = [{"name": each.name, "description": each.about, "path": each.path} for each in recipes.values()]
        lines = [f"  {each.name:<10} {each.about} ({each.path})" for each in recipes.values()]
        return Said(plain="\n".join(["Known programs:", *lines, "", "bd setup NAME tells one of them"]), value=rows)
    found = recipes.get(recipe)
    if found is None:
        raise NotFound(f"unknown recipe {shown(recipe)}", hint=f"known: {', '.join(recipes)}")
    place = _place(hands, found, project=project)
    if check:
        return _checked(hands, found, place)
    return _removed(hands, found, place) if remove else _told(hands, found, place, stealth=stealth)


def _told(hands: Hands, recipe: Recipe, place: Path, *, stealth: bool) -> Said:
    there = _read(hands, place)
    text = instructions.text_for(recipe, stealth=stealth)
    if recipe.kind == "hooks":
        text = instructions.with_hooks(there, recipe.events, stealth=stealth)
    elif recipe.kind == "section":
        text = instructions.with_section(there, text)
    hands.files.write_text(place, text)
    value = {"recipe": recipe.name, "path": str(place), "installed": True}
    return Said(plain=f"✓ {recipe.name} integration installed\n  {place}", value=value)


def _removed(hands: Hands, recipe: Recipe, place: Path) -> Said:
    there = _read(hands, place)
    if not _is_told(recipe, there):
        return Said(
            plain=f"{recipe.name} integration is not installed", value={"recipe": recipe.name, "removed": False}
        )
    if recipe.kind == "hooks":
        hands.files.write_text(place, instructions.without_hooks(there))
    elif recipe.kind == "section":
        hands.files.write_text(place, instructions.without_section(there))
    else:
        hands.files.remove_tree(place, inside=place.parent)
    return Said(plain=f"✓ {recipe.name} integration removed", value={"recipe": recipe.name, "removed": True})


def _checked(hands: Hands, recipe: Recipe, place: Path) -> Said:
    is_told = _is_told(recipe, _read(hands, place))
    said = "✓ {} integration installed: {}" if is_told else "✗ {} integration not installed: {}"
    value = {"recipe": recipe.name, "path": str(place), "installed": is_told}
    return Said(plain=said.format(recipe.name, place), value=value, exit_code=0 if is_told else 1)


def _is_told(recipe: Recipe, there: str) -> bool:
    if recipe.kind == "hooks":
        return instructions.has_hooks(there, recipe.events)
    return instructions.BEGIN in there if recipe.kind == "section" else bool(there.strip())


def _known(hands: Hands, name: str, path: str) -> Said:
    from gastown_tui.core.verbs.bd_setup import write_setting

    if not path or path.startswith(("/", "~")) or ".." in Path(path).parts or not path.isprintable():
        raise BadInput("--add needs a path inside the project", hint="bd setup --add mine .mine/rules.md")
    write_setting(hands, parse_key(_OWN + name), path)
    return Said(plain=f"✓ Added {name}: {path}\n  bd setup {name} tells it", value={"recipe": name, "path": path})


def _own(hands: Hands) -> tuple[Recipe, ...]:
    try:
        settings = config(hands)
    except NotFound:
        return ()
    names = {key.removeprefix(_OWN): path for key, path in settings.items() if key.startswith(_OWN)}
    return tuple(Recipe(name=name, about="your own", path=path) for name, path in sorted(names.items()))


def _place(hands: Hands, recipe: Recipe, *, project: bool) -> Path:
    path = recipe.project_path if project and recipe.project_path else recipe.path
    if path.startswith("~/"):
        return Path(hands.env.get("HOME", "/nonexistent")) / path[2:]
    try:
        return beads_dir(hands).parent / path
    except NotFound:
        return hands.cwd / path


def _read(hands: Hands, place: Path) -> str:
    return hands.files.read_text(place) if hands.files.exists(place) else ""
