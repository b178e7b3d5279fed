"""Git worktrees that share the ledger of the repository they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from gastown_tui.core.errors import BadInput, Conflict, NotFound, Refused, ToolFailed
from gastown_tui.core.model.ids import shown
from gastown_tui.core.model.outside import RunOutcome
from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.beads import Said, beads_dir
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, verb

_TIMEOUT_S = 120.0
_RESCUE = "refs/rescue/worktree"
_HIDE_REDIRECT = (
    'file="$(git rev-parse --path-format=absolute --git-common-dir)/info/exclude"; mkdir -p "${file%/*}"; '
    'grep -qxF "/.beads/redirect" "$file" 2>/dev/null || echo "/.beads/redirect" >> "$file"'
)
"""Git's private list of what is never tracked; the redirect belongs to one machine."""
Name = Annotated[str, Arg("Its name, or the path to it", metavar="NAME")]


@verb("bd worktree create", group="beads", needs=Needs.LEDGER, compact_errors=True)
def create(
    hands: Hands, name: Name, *, branch: Annotated[str, Arg("Its branch; otherwise called like it")] = ""
) -> Receipt:
    """Make a worktree whose `.beads` leads to this ledger."""
    _check(name, "name")
    _check(branch or Path(name).name, "branch")
    path, target = hands.cwd / name, beads_dir(hands)
    if hands.files.exists(path):
        raise Conflict(f"{path} is there already")
    branch = branch or Path(name).name
    _git(
        hands,
        'if git show-ref --verify --quiet "refs/heads/$BD_BRANCH"; then git worktree add -q "$BD_PATH" "$BD_BRANCH"; '
        'else git worktree add -q -b "$BD_BRANCH" "$BD_PATH"; fi',
        BD_BRANCH=branch,
        BD_PATH=str(path),
    )
    hands.files.write_text(path / ".beads" / "redirect", f"{target}\n")
    _git(hands, _HIDE_REDIRECT)
    value = {"branch": branch, "path": str(path), "redirect_to": str(target)}
    lines = [f"✓ Created worktree: {path}", f"  Branch: {branch}", f"  Redirects to: {target}"]
    return Said(plain="\n".join(lines), value=value)


@verb("bd worktree list", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def list_(hands: Hands) -> Receipt:
    """List the worktrees and where their beads are kept."""
    rows = [_row(hands, each, is_main=place == 0) for place, each in enumerate(_worktrees(hands))]
    lines = [f"{row['name']:<20}  {row['branch']:<20}  {row['beads_state']:<8}  {row['path']}".rstrip() for row in rows]
    return Said(plain="\n".join(lines), value=rows)


@verb("bd worktree remove", group="beads", needs=Needs.LEDGER, compact_errors=True)
def remove(
    hands: Hands,
    name: Name,
    *,
    force: Annotated[bool, Arg("Even with work that is not committed; it is kept under a ref first")] = False,
) -> Receipt:
    """Remove a worktree. What it holds is kept under a ref of the repository first, whatever its state."""
    found = _worktrees(hands)
    each = _named(hands, found[1:], name)
    path = Path(each["path"])
    fact = hands.worktrees.look(path)
    if (fact.changed or fact.operation) and not force:
        raise Refused(f"{path} holds changes that are not committed", hint="--force removes it all the same")
    kept = hands.worktrees.rescue(path, f"{_RESCUE}/{path.name}")
    _git(hands, 'git worktree remove --force "$BD_PATH"', BD_PATH=str(path))
    more = f"\n  Its work is kept in {_RESCUE}/{path.name} ({kept[:12]})" if kept else ""
    return Said(plain=f"✓ Removed worktree: {path}{more}", value={"removed": str(path)})


@verb("bd worktree info", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def info(hands: Hands) -> Receipt:
    """Say whether this directory is a worktree, and where its beads are kept."""
    try:
        top = _git(hands, "git rev-parse --path-format=absolute --show-toplevel", cwd=hands.cwd)[0]
    except ToolFailed:
        return Said(plain="Not in a worktree: there is no git repository here", value={"is_worktree": False})
    found = _worktrees(hands, cwd=hands.cwd)
    if Path(top).resolve() == Path(found[0]["path"]).resolve():
        return Said(plain="Not in a worktree: this is the main repository", value={"is_worktree": False})
    row = _row(hands, next(each for each in found if each["path"] == top), is_main=False)
    value: dict[str, Any] = {
        "is_worktree": True,
        "path": top,
        "name": row["name"],
        "branch": row["branch"],
        "main_repo": found[0]["path"],
        "beads_redirected": row["beads_state"] == "redirect",
    }
    value |= {"beads_target": row["redirect_to"]} if "redirect_to" in row else {}
    lines = [
        f"Worktree: {top}",
        f"  Branch: {row['branch']}",
        f"  Main: {found[0]['path']}",
        f"  Beads: {row['beads_state']}",
    ]
    return Said(plain="\n".join(lines), value=value)


def _check(text: str, what: str) -> None:
    if not text or text.startswith("-") or not text.isprintable() or ".." in text.split("/"):
        raise BadInput(f"{shown(text)} cannot be the {what} of a worktree")


def _named(hands: Hands, found: list[dict[str, str]], name: str) -> dict[str, str]:
    place = (hands.cwd / name).resolve()
    for each in found:
        if name == Path(each["path"]).name or Path(each["path"]).resolve() == place:
            return each
    raise NotFound(f"there is no worktree {shown(name)}", hint="bd worktree list names them")


def _worktrees(hands: Hands, *, cwd: Path | None = None) -> list[dict[str, str]]:
    """Path and branch of each, the main one first."""
    found: list[dict[str, str]] = []
    for line in _git(hands, "git worktree list --porcelain", cwd=cwd):
        key, _, value = line.partition(" ")
        if key == "worktree":
            found.append({"path": value, "branch": "(detached)"})
        elif key == "branch" and found:
            found[-1]["branch"] = value.removeprefix("refs/heads/")
        elif key == "bare" and found:
            found[-1]["branch"] = "(bare)"
    return found


def _row(hands: Hands, each: dict[str, str], *, is_main: bool) -> dict[str, Any]:
    beads = Path(each["path"]) / ".beads"
    row: dict[str, Any] = {"name": Path(each["path"]).name, "path": each["path"], "branch": each["branch"]}
    row |= {"is_main": is_main, "beads_state": "shared" if hands.files.exists(beads) else "none"}
    if hands.files.exists(beads / "redirect"):
        row |= {"beads_state": "redirect", "redirect_to": hands.files.read_text(beads / "redirect").strip()}
    return row


def _git(hands: Hands, command: str, *, cwd: Path | None = None, **env: str) -> list[str]:
    """What fixed git commands print; values go by environment."""
    lines: list[str] = []
    home = hands.ledger.home / hands.ledger.here if cwd is None else cwd
    done = hands.commands.run(command, cwd=home, timeout_s=_TIMEOUT_S, env=env, on_line=lines.append)
    if done.outcome is not RunOutcome.PASS:
        said = one_line(done.tail, 200) or done.reason
        raise ToolFailed(f"git failed: {said}", code=done.code, stderr=done.tail)
    return lines
